"""Special functions that the C library and `math` lack, on floats.

`_special.h` holds the same functions in C, and the two agree on every bit: the same operations in
the same order, the same functions of the C library. Nothing here raises; what has no value is a
NaN, and what is too large is an infinity.

This file imports nothing of the package.
"""

from __future__ import annotations

import math

__all__ = ["digamma", "erfinv", "erfinv_slope", "exp_of_minus_square", "polygamma"]

# ---- exact products and powers of two ------------------------------------------------------------


def _sum_error(x: float, y: float) -> float:
    """Return x + y - fl(x + y), exactly: Knuth's TwoSum, The Art of Computer Programming 2, 4.2.2, theorem B."""
    total = x + y
    added = total - x
    return (x - (total - added)) + (y - added)


def _product_error(x: float, y: float) -> float:
    """Return x*y - fl(x*y), exactly: Dekker's product with Veltkamp's splitting.

    Neither factor may be above 2**996; of a product below 2**-969 the error itself is rounded.

    Dekker, A floating-point technique for extending the available precision, Numerische Mathematik
    18 (1971), 224-242, https://doi.org/10.1007/BF01397083.
    """
    product = x * y
    shifted = 134217729.0 * x  # 2**27 + 1
    x_high = shifted - (shifted - x)
    x_low = x - x_high
    shifted = 134217729.0 * y
    y_high = shifted - (shifted - y)
    y_low = y - y_high
    return x_low * y_low - (((product - x_high * y_high) - x_low * y_high) - x_high * y_low)


def _scale(x: float, power: int) -> float:
    """Return x * 2**power, rounded once, for x > 0."""
    exponent = math.frexp(x)[1]
    if exponent + power > 1024:
        return math.inf
    return math.ldexp(x, power)


# ---- polygamma -------------------------------------------------------------------------------------

#: B_2, B_4, ..., B_24: https://oeis.org/A027641 over https://oeis.org/A027642.
_BERNOULLI = (
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
    854513.0 / 138.0,
    -236364091.0 / 2730.0,
)
#: The positive zero of digamma, as a sum of two floats: https://oeis.org/A030169.
_ZERO, _ZERO_LOW = 1.4616321449683622, 9.549995429965697e-17
#: What math.pi lacks.
_PI_LOW = 1.2246467991473532e-16
#: Beyond this order, coefficients overflow that are multiplied by 0 at x = -1/2.
_MOST_ORDER = 149.0
#: From x = 10 + n on, the asymptotic series of polygamma(n, x) is good to the last bit.
_ASYMPTOTIC = 10.0


def _digamma_of_positive(x: float) -> float:
    """Return digamma(x) for x > 0.

    Far out this is the asymptotic series, https://dlmf.nist.gov/5.11.E2. Elsewhere everything is
    relative to the zero z of digamma, so that nothing cancels near it: by
    https://dlmf.nist.gov/5.7.E6,

        digamma(x) = sum over k of (x - z) / ((z + k) (x + k)),

    where all terms have one sign; the sum from k = 10 on is digamma(x + 10) - digamma(z + 10), whose
    asymptotic series are subtracted term by term.
    """
    if x >= _ASYMPTOTIC:
        reciprocal = 1.0 / (x * x)
        series = 0.0
        for k in range(8, 0, -1):
            series = (series + _BERNOULLI[k - 1] / (2.0 * k)) * reciprocal
        return math.log(x) - (0.5 / x + series)
    if x < 1e-18:
        return -1.0 / x  # rounded once, and inf if it must, which the sum below could not take
    distance = (x - _ZERO) - _ZERO_LOW
    end = x + _ASYMPTOTIC
    end_of_zero = _ZERO + _ASYMPTOTIC
    u = 1.0 / (end * end)
    v = 1.0 / (end_of_zero * end_of_zero)
    # Horner's scheme for the polynomial p at v, and for its divided difference (p(u) - p(v)) / (u - v).
    polynomial = 0.0
    difference = 0.0
    for k in range(8, 0, -1):
        difference = difference * u + polynomial
        polynomial = polynomial * v + _BERNOULLI[k - 1] / (2.0 * k)
    difference = difference * u + polynomial
    total = math.log1p(distance / end_of_zero)
    low = distance * (0.5 / (end * end_of_zero) + (end + end_of_zero) * u * v * difference)
    for k in range(9, -1, -1):
        term = distance / (_ZERO + k) / (x + k)
        low += _sum_error(total, term)
        total += term
    return total + low


def _factorial_over_power(n: int, m: int, x: float, factor: float, factor_low: float) -> float:
    """Return n! / x**m * (factor + factor_low); of mantissas alone, so that nothing overflows on the way."""
    mantissa, exponent = math.frexp(x)
    power = 1.0
    power_low = 0.0
    for _ in range(m):
        power_low = power_low * (2.0 * mantissa) + _product_error(power, 2.0 * mantissa)
        power *= 2.0 * mantissa
    factorial = 1.0
    for k in range(2, n + 1):
        factorial *= k
    factorial, shift = math.frexp(factorial)
    ratio = factorial / power
    ratio_low = (((factorial - ratio * power) - _product_error(ratio, power)) - ratio * power_low) / power
    product = ratio * factor
    product_low = _product_error(ratio, factor) + (ratio * factor_low + ratio_low * factor)
    return _scale(product + product_low, shift - (exponent - 1) * m)


def _asymptotic_excess(n: int, x: float) -> float:
    """Return |polygamma(n, x)| * x**n / (n - 1)! - 1 for x >= 10 + n.

    https://dlmf.nist.gov/5.15.E9: n/(2x) + the sum over k of B_2k n (n + 1) ... (n + 2k - 1) / (2k)! / x**2k.
    """
    series = 0.0
    term = 0.5 * n * (n + 1) / x / x
    for k in range(1, 13):
        series += _BERNOULLI[k - 1] * term
        term = term * ((n + 2 * k) / x) * ((n + 2 * k + 1) / x) / ((2 * k + 1) * (2 * k + 2))
    return 0.5 * n / x + series


def _polygamma_of_positive(n: int, x: float) -> float:
    """Return polygamma(n, x) for x > 0.

    Far out this is the asymptotic series. Elsewhere it is the sum of n! / (x + k)**(n + 1) over k that
    https://dlmf.nist.gov/5.15.E5 gives, relative to its first term, and ended by the asymptotic series.
    """
    if n == 0:
        return _digamma_of_positive(x)
    sign = 1.0 if n % 2 else -1.0
    if x >= _ASYMPTOTIC + n:
        excess = _asymptotic_excess(n, x)
        factor = 1.0 + excess
        return sign * _factorial_over_power(n - 1, n, x, factor, excess - (factor - 1.0))
    shifts = math.ceil(2.0 * _ASYMPTOTIC + n - x)
    end = x + shifts
    # In (x / (x + k))**(n + 1), logarithms keep the rounding of a quotient from being raised to a power.
    total = math.exp(-(n + 1) * math.log1p(shifts / x)) * (end / n)
    low = total * _asymptotic_excess(n, end)
    for k in range(shifts - 1, -1, -1):
        term = math.exp(-(n + 1) * math.log1p(k / x))
        low += _sum_error(total, term)
        total += term
    return sign * _factorial_over_power(n, n + 1, x, total, low)


def _derivative_of_cotangent(n: int, x: float) -> float:
    """Return d**n/dx**n pi cot(pi*x) for an even n and 0.4 < |x| <= 0.5.

    By d/dx cot(pi*x) = -pi (1 + c**2), where c = cot(pi*x), it is pi**(n+1) times a polynomial in c: c itself
    for n = 0, and with each order p turns into -(1 + c**2) p'. All its coefficients are positive for an even n.
    """
    rest = 0.5 - abs(x)
    angle = math.pi * rest
    angle_low = _product_error(math.pi, rest) + _PI_LOW * rest
    cotangent = math.tan(angle)
    square = cotangent * cotangent
    cotangent += (1.0 + square) * angle_low
    coefficients = [0.0, 1.0] + [0.0] * (n + 2)
    factor = math.pi
    factor_low = _PI_LOW
    for order in range(1, n + 1):
        factor_low = factor_low * math.pi + (_product_error(factor, math.pi) + factor * _PI_LOW)
        factor *= math.pi
        coefficients[0] = coefficients[1]
        for j in range(1 + order % 2, order + 2, 2):
            coefficients[j] = (j + 1) * coefficients[j + 1] + (j - 1) * coefficients[j - 1]
    polynomial = coefficients[n + 1]
    for j in range(n - 1, 0, -2):
        polynomial = polynomial * square + coefficients[j]
    return math.copysign((factor * polynomial + factor_low * polynomial) * cotangent, x)


def _polygamma_of_negative(n: int, x: float) -> float:
    """Return polygamma(n, x) for x < 0 that is no whole number.

    By https://dlmf.nist.gov/5.15.E6, it is polygamma(n, 1 - x) - d**n/dx**n pi cot(pi*x) for an even n, and
    the opposite for an odd one. The derivative is found from the same formula at the signed distance from
    the nearest pole, and from https://dlmf.nist.gov/5.15.E5, so the term of that pole stands alone and exact;
    but not near the zero that it has for an even n half-way between two poles.
    """
    fraction = x - round(x)
    size = abs(fraction)
    mirrored = _polygamma_of_positive(n, 1.0 - x)
    if n % 2 == 0 and size > 0.4:
        return mirrored - _derivative_of_cotangent(n, fraction)
    pole = _factorial_over_power(n, n + 1, size, 1.0, 0.0)
    above = _polygamma_of_positive(n, 1.0 + fraction)
    below = _polygamma_of_positive(n, 1.0 - fraction) - mirrored
    if n % 2:
        return pole + (above + below)
    return (above - below) - math.copysign(pole, fraction)


def polygamma(n: float, x: float) -> float:
    """Return the n-th derivative of digamma, the logarithmic derivative of the gamma function.

    Parameters
    ----------
    n : float
        A whole number from 0 to 149. Anything else gives NaN.
    x : float
        Any number. The poles are 0, -1, -2...: there the result is inf for odd n, and NaN for even n,
        as the two sides differ in sign.

    Returns
    -------
    float
        For n <= 10: where x > 0, within 2.5 ulp, also near the zero of digamma. Where x < 0, within 8 ulp; for an
        even n in units of the largest of the result, polygamma(n, 1 - x) and 1, because the function has zeros.
    """
    if not (0.0 <= n <= _MOST_ORDER and n == math.floor(n)) or math.isnan(x) or x == -math.inf:
        return math.nan
    order = int(n)
    odd = order % 2 == 1
    if x == math.inf:
        return x if order == 0 else math.copysign(0.0, 1.0 if odd else -1.0)
    if x <= 0.0:
        if x == math.floor(x):
            return math.inf if odd else math.nan
        return _polygamma_of_negative(order, x)
    return _polygamma_of_positive(order, x)


def digamma(x: float) -> float:
    """Return the logarithmic derivative of the gamma function: polygamma(0, x)."""
    return polygamma(0.0, x)


# ---- the error function ----------------------------------------------------------------------------

_SQRT_PI = 1.772453850905516
#: 2/sqrt(pi) and sqrt(pi)/2, each as a sum of two floats.
_SLOPE_OF_ERF, _SLOPE_OF_ERF_LOW = 1.1283791670955126, 1.533545961316588e-17
_SLOPE_OF_ERFINV, _SLOPE_OF_ERFINV_LOW = 0.886226925452758, -3.8332932499128993e-17
#: exp(-64), and the part of it that the float lacks, in proportion.
_EXP_OF_MINUS_64, _EXP_OF_MINUS_64_LOW = 1.603810890548638e-28, -4.5898960187045644e-17


def exp_of_minus_square(x: float) -> float:
    """Return exp(-x*x) within 1.5 ulp, as it does not lose the rounding error of x*x."""
    if abs(x) > 28.0:
        return 0.0
    square = x * x
    error = _product_error(x, x)
    if square > 708.0:
        # The result may be subnormal: only the last product may round it.
        power = math.exp(64.0 - square)
        return (power - power * (error - _EXP_OF_MINUS_64_LOW)) * _EXP_OF_MINUS_64
    power = math.exp(-square)
    return power - power * error


#: 1 / ((2k + 1) k!) for k = 1, 2, ...: https://oeis.org/A007680.
_ERF_SERIES = (
    1.0 / 3.0,
    1.0 / 10.0,
    1.0 / 42.0,
    1.0 / 216.0,
    1.0 / 1320.0,
    1.0 / 9360.0,
    1.0 / 75600.0,
    1.0 / 685440.0,
    1.0 / 6894720.0,
    1.0 / 76204800.0,
    1.0 / 918086400.0,
    1.0 / 11975040000.0,
    1.0 / 168129561600.0,
)


def _erfinv_of_middle(x: float) -> float:
    """Return erfinv(x) for 0 <= x <= 1/2.

    Three terms of its Maclaurin series, https://dlmf.nist.gov/7.17.E2, then two steps of Halley's
    method. Their residual erf(y) - x comes from the Maclaurin series of erf,
    https://dlmf.nist.gov/7.6.E1, with its first term exact, so it is much better than erf.
    """
    if x < 1e-9:
        return x * _SLOPE_OF_ERFINV + x * _SLOPE_OF_ERFINV_LOW
    t = 0.25 * math.pi * x * x
    y = _SLOPE_OF_ERFINV * x * (1.0 + t * (1.0 / 3.0 + t * (7.0 / 30.0)))
    for _ in range(2):
        square = y * y
        series = 0.0
        for k in range(12, -1, -1):
            series = (_ERF_SERIES[k] - series) * square
        first = _SLOPE_OF_ERF * y
        first_low = _product_error(_SLOPE_OF_ERF, y) + _SLOPE_OF_ERF_LOW * y
        residual = ((first - x) - first * series) + first_low
        newton = residual / (_SLOPE_OF_ERF * math.exp(-square))
        y -= newton / (1.0 + newton * y)
    return y


def _erfinv_of_tail(w: float) -> float:
    """Return erfinv(1 - w) for 0 < w < 1/2: the y with erfc(y) = w.

    Winitzki's formula, to about 1 in 500, then two steps of Halley's method for log(erfc(y)) = log(w),
    in which log(erfc) is nearly a parabola.

    Winitzki, A handy approximation for the error function and its inverse (2008), with a = 0.147.
    """
    half = 0.5 * math.log(w * (2.0 - w))
    t = 2.0 / (math.pi * 0.147) + half
    y = math.sqrt(math.sqrt(t * t - 2.0 * half / 0.147) - t)
    for _ in range(2):
        tail = math.erfc(y)
        slope = _SLOPE_OF_ERF * math.exp(-y * y) / tail
        newton = math.log1p((tail - w) / w) / slope
        y += newton / (1.0 + newton * (0.5 * slope - y))
    return y


def erfinv(x: float) -> float:
    """Return the y with erf(y) = x, within 2 ulp: an infinity for |x| = 1, NaN for |x| > 1."""
    size = abs(x)
    if size <= 0.5:
        y = _erfinv_of_middle(size)
    elif size < 1.0:
        y = _erfinv_of_tail(1.0 - size)
    else:
        y = math.inf if size == 1.0 else math.nan
    return math.copysign(y, x)


#: 1/(4 sqrt(pi)), and exp(-k*k/4) / (2 sqrt(pi)) for k = 1, 2, ...; and what the first one lacks.
_TRAPEZOID = (
    0.14104739588693907,
    0.2196956447338612,
    0.10377687435514868,
    0.029732572305907343,
    0.005166746338523013,
    0.0005445710575881774,
    3.4813262986686966e-05,
    1.3498566943461957e-06,
    3.1745586679666396e-08,
    4.528264739771725e-10,
    3.917716632754334e-12,
    2.0558290113157305e-14,
    6.543253098123162e-17,
    1.263145000765663e-19,
)
_TRAPEZOID_LOW = 1.916932451645735e-18


def erfinv_slope(x: float, y: float) -> float:
    """Return the derivative of erfinv at x, where y = erfinv(x), within 3 ulp.

    For |x| > 1/2 the textbook's sqrt(pi)/2 exp(y*y) would multiply the rounding of y. By erfc(y) = 1 - x it is
    also sqrt(pi)/2 exp(y*y) erfc(y) / (1 - x), which hardly depends on y. As https://dlmf.nist.gov/7.7.E1 has
    it, exp(y*y) erfc(y) is an integral from -inf to inf, of exp(-t*t) y / (y*y + t*t) / pi; the trapezoidal rule
    with step 1/2 makes a sum of positive terms of it, exact but for the residue at the pole.

    Matta and Reichel, Uniform computation of the error function and other related functions,
    Mathematics of Computation 25 (1971), 339-344.
    """
    size = abs(x)
    y = abs(y)
    if size == 1.0:
        return math.inf
    if size <= 0.5 and y < 0.5:
        return _SLOPE_OF_ERFINV * math.exp(y * y)
    if not (0.5 < size < 1.0 and 0.4 < y < 6.0):
        return math.nan  # no x has this y
    w = 1.0 - size
    square = y * y
    total = 0.0
    low = _TRAPEZOID_LOW - _SQRT_PI * y * math.exp(square) / math.expm1(4.0 * math.pi * y)
    for k in range(13, -1, -1):
        term = _TRAPEZOID[k] * (square / (square + 0.25 * (k * k)))
        low += _sum_error(total, term)
        total += term
    product = y * w
    slope = total / product
    return slope + slope * (low / total - _product_error(y, w) / product)
