"""The special functions that `math` lacks: accuracy against mpmath, poles and ends, and that nothing raises."""

import math
import random
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import bits

from autograd import _special as special

inf, nan = math.inf, math.nan
LEAST_NORMAL = 2.0**-1022


def near(*points):
    """Return each point and its three neighbours on either side."""
    found = []
    for x in points:
        found.append(x)
        for end in (-inf, inf):
            neighbour = x
            for _ in range(3):
                neighbour = math.nextafter(neighbour, end)
                found.append(neighbour)
    return found


def binades(rng, low=-1074, high=1023, step=9):
    """Return a positive float from each step-th binade."""
    return [math.ldexp(rng.uniform(1, 2), e) for e in range(low, high + 1, step)]


def ulps(got, exact, at_least=0.0):
    """Return the error in units in the last place of the exact number, or of `at_least` if that is larger."""
    rounded = float(exact)
    if math.isinf(rounded) or not math.isfinite(got):
        return 0.0 if got == rounded else inf
    return float(abs(mpmath.mpf(got) - exact) / math.ulp(max(abs(rounded), at_least)))


# ---- what the functions are made of --------------------------------------------------------------------

moderate = st.floats(2.0**-400, 2.0**400) | st.floats(-(2.0**400), -(2.0**-400))


@given(moderate, moderate)
def test_rounding_errors_are_exact(x, y):
    """A sum or product and its error are together the exact sum or product."""
    assert Fraction(x) + Fraction(y) == Fraction(x + y) + Fraction(special._sum_error(x, y))
    assert Fraction(x) * Fraction(y) == Fraction(x * y) + Fraction(special._product_error(x, y))


@given(st.floats(0.0, 4.0, exclude_min=True), st.integers(-200_000, 200_000))
def test_scaling_overflows_to_infinity(x, power):
    """A float times a power of two, rounded once, or inf."""
    try:
        expected = math.ldexp(x, power)
    except OverflowError:
        expected = inf
    assert special._scale(x, power) == expected


def test_constants():
    """Every number in the file is what its name says, to the last bit."""
    with mpmath.workdps(60):
        root = mpmath.sqrt(mpmath.pi)
        pairs = [
            (mpmath.findroot(mpmath.digamma, 1.46), special._ZERO, special._ZERO_LOW),
            (+mpmath.pi, math.pi, special._PI_LOW),
            (2 / root, special._SLOPE_OF_ERF, special._SLOPE_OF_ERF_LOW),
            (root / 2, special._SLOPE_OF_ERFINV, special._SLOPE_OF_ERFINV_LOW),
            (1 / (4 * root), special._TRAPEZOID[0], special._TRAPEZOID_LOW),
        ]
        for exact, high, low in pairs:
            assert (float(exact), float(exact - high)) == (high, low)
        small = mpmath.exp(-64)
        assert float(small) == special._EXP_OF_MINUS_64
        assert float((small - special._EXP_OF_MINUS_64) / small) == special._EXP_OF_MINUS_64_LOW
        assert float(root) == special._SQRT_PI
        for k, got in enumerate(special._TRAPEZOID[1:], 1):
            assert got == float(mpmath.exp(-mpmath.mpf(k * k) / 4) / (2 * root))
        for k, got in enumerate(special._BERNOULLI, 1):
            assert got == float(mpmath.bernoulli(2 * k))
        for k, got in enumerate(special._ERF_SERIES, 1):
            assert got == float(Fraction(1, (2 * k + 1) * math.factorial(k)))


# ---- polygamma -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 10])
def test_polygamma_where_x_is_positive(n):
    """Within 2.5 ulp over all binades, where the methods change, and where they are worst."""
    rng = random.Random(n)
    points = binades(rng) + [rng.uniform(0, 12 + n) for _ in range(200)]
    points += near(1e-18, 0.5, 1.0, 2.0, 10.0, 10.0 + n, 11.0 + n, LEAST_NORMAL, 1e308, 1e-300, 2e-323)
    with mpmath.workdps(50):
        worst = max((ulps(special.polygamma(float(n), x), mpmath.polygamma(n, mpmath.mpf(x))), x) for x in points)
    assert worst <= (2.5, inf)


def test_digamma_is_accurate_near_its_zero():
    """The relative error stays below 2.5 ulp, at the floats around the zero as well."""
    rng = random.Random(0)
    zero = special._ZERO
    points = near(zero) + [zero + rng.choice((-1, 1)) * d for d in binades(rng, -52, -2, 1) * 8]
    with mpmath.workdps(60):
        worst = max((ulps(special.digamma(x), mpmath.digamma(mpmath.mpf(x))), x) for x in points)
    assert worst <= (2.5, inf)
    assert special.digamma(zero) < 0 < special.digamma(math.nextafter(zero, 2))


def exact_polygamma(n, x):
    """Return polygamma(n, x); for x < 0 by the reflection, whose right side has the period 1."""
    x = mpmath.mpf(x)
    if x > 0:
        return mpmath.polygamma(n, x)
    part = x - mpmath.nint(x)
    part, rest = (part, 1 - part) if part > 0 else (1 + part, -part)
    return mpmath.polygamma(n, part) - (-1) ** n * (mpmath.polygamma(n, rest) - mpmath.polygamma(n, 1 - x))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 10])
def test_polygamma_where_x_is_negative(n):
    """Within 8 ulp for an odd n; for an even one, which has zeros, in units of the terms of the reflection."""
    rng = random.Random(n)
    points = [-rng.uniform(0, 10) for _ in range(150)] + [-math.exp(rng.uniform(2, 12)) for _ in range(50)]
    for distance in binades(rng, -40, -2, 1):
        pole = rng.randint(0, 30)
        points += [-pole - distance, -1 - pole + distance, -0.5 - pole + distance, -0.5 - pole - distance]
    points += near(-0.5, -0.4, -0.6, -1.4, -1.5, -2.6, -20.5, -(2.0**40) - 0.5) + [-d for d in binades(rng, -1074, -2)]
    worst = (0.0, 0.0)
    with mpmath.workdps(60):
        for x in points:
            got = special.polygamma(float(n), x)
            unit = 0.0 if n % 2 else max(1.0, abs(special.polygamma(float(n), 1 - x)))
            worst = max(worst, (ulps(got, exact_polygamma(n, x), unit), x))
    assert worst <= (8.0, inf)


@pytest.mark.parametrize("n", [20, 63, 148, 149])
def test_polygamma_of_high_order(n):
    """Large factorials neither overflow on the way nor cost more than 7 bits."""
    rng = random.Random(n)
    points = [rng.uniform(0.5, 2 * n) for _ in range(20)] + [rng.uniform(-9, 0) for _ in range(20)] + [1e3, 1e5]
    with mpmath.workdps(200):
        for x in points:
            exact = exact_polygamma(n, x)
            unit = 0.0 if x > 0 else abs(special.polygamma(float(n), 1 - x))
            assert ulps(special.polygamma(float(n), x), exact, unit) <= 128, x


@pytest.mark.parametrize(
    ("n", "x", "expected"),
    [
        *[(n, x, inf if n % 2 else nan) for n in range(6) for x in (0.0, -0.0, -1.0, -2.0, -(2.0**52), -1e308)],
        *[(n, -inf, nan) for n in range(6)],
        *[(n, nan, nan) for n in range(6)],
        *[(n, inf, 0.0 if n % 2 else -0.0) for n in range(1, 6)],
        (0, inf, inf), (0, 5e-324, -inf), (0, -5e-324, inf), (1, 5e-324, inf), (1, -5e-324, inf),
        (2, 5e-324, -inf), (2, -5e-324, inf), (2, 1e308, -0.0), (3, 1e308, 0.0), (-0.0, inf, inf),
        *[(n, 1.0, nan) for n in (-1, 0.5, 150, 1e300, inf, -inf, nan)],
    ],
)  # fmt: skip
def test_polygamma_at_poles_and_ends(n, x, expected):
    """At a pole inf where both sides agree; the limit at inf, with its sign; else NaN."""
    assert bits(special.polygamma(float(n), x)) == bits(expected)


# ---- the error function --------------------------------------------------------------------------------


def erfinv_points():
    """Return points of (-1, 1): all binades from 0 and from 1, uniform ones, and the places where methods change."""
    rng = random.Random(1)
    points = binades(rng, -1074, -2, 5) + [1 - w for w in binades(rng, -52, -2, 1) * 8]
    points += [rng.uniform(0, 1) for _ in range(400)] + [rng.uniform(0.5, 0.8) for _ in range(200)]
    points += [x for x in near(5e-324, LEAST_NORMAL, 1e-9, 0.5, 1.0) if 0 < x < 1]
    return [rng.choice((-1, 1)) * x for x in points]


def exact_erfinv(x):
    """Return erfinv(x) as one step of Newton's method from the float, which is as good as 30 digits."""
    y = mpmath.mpf(special.erfinv(x))
    return y - (mpmath.erf(y) - x) * mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(y * y)


def test_erfinv():
    """Within 2 ulp, at subnormal numbers and next to 1 as well."""
    with mpmath.workdps(60):
        worst = max((ulps(special.erfinv(x), exact_erfinv(x)), x) for x in erfinv_points())
    assert worst <= (2.0, inf)


def test_erfinv_agrees_with_mpmath():
    """The one step of Newton's method by which the accuracy is measured starts near enough."""
    with mpmath.workdps(60):
        for x in (1e-300, 1e-9, 0.25, 0.5, -0.75, 1 - 2.0**-53):
            assert mpmath.almosteq(exact_erfinv(x), mpmath.erfinv(x), 1e-29)


def test_erfinv_slope():
    """Within 3 ulp of the derivative at x itself, not at the x of the rounded y."""
    with mpmath.workdps(60):
        worst = (0.0, 0.0)
        for x in erfinv_points():
            exact = mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(exact_erfinv(x) ** 2)
            worst = max(worst, (ulps(special.erfinv_slope(x, special.erfinv(x)), exact), x))
    assert worst <= (3.0, inf)


def test_exp_of_minus_square():
    """Within 1.5 ulp; where the result is subnormal, it is rounded once."""
    rng = random.Random(2)
    points = binades(rng, -1074, 1023, 20) + [rng.uniform(0, 28) for _ in range(500)]
    points += [rng.uniform(26.6, 27.3) for _ in range(500)] + near(26.6082, 27.2972, 28.0, math.sqrt(708.0))
    with mpmath.workdps(40):
        for x in points:
            exact = mpmath.exp(-(mpmath.mpf(x) ** 2)) if x < 100 else mpmath.mpf(0)
            bound = 1.5 if exact > LEAST_NORMAL / 64 else 0.55
            assert ulps(special.exp_of_minus_square(x), exact) <= bound, x


@given(st.floats())
def test_error_functions_are_odd_or_even(x):
    """The sign of x changes the sign of erfinv alone, that of 0 included."""
    y = special.erfinv(x)
    assert repr(special.erfinv(-x)) == repr(-y) if not math.isnan(y) else math.isnan(special.erfinv(-x))
    assert bits(special.erfinv_slope(-x, -y)) == bits(special.erfinv_slope(x, y))
    assert bits(special.exp_of_minus_square(-x)) == bits(special.exp_of_minus_square(x))


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [(1.0, inf, inf), (-1.0, -inf, inf), (0.0, 0.0, 0.886226925452758), (-0.0, -0.0, 0.886226925452758)]
    + [(x, nan, nan) for x in (nan, inf, -inf, 2.0, math.nextafter(1, 2), -math.nextafter(1, 2))],
)
def test_erfinv_at_ends(x, value, slope):
    """Infinite at -1 and 1, NaN outside, and a zero keeps its sign."""
    assert bits(special.erfinv(x)) == bits(value)
    assert bits(special.erfinv_slope(x, value)) == bits(slope)


# ---- all of them ---------------------------------------------------------------------------------------


@given(st.floats(), st.floats() | st.integers(-2, 160).map(float))
def test_nothing_raises(x, y):
    """Whatever the floats, a float comes back; and of a NaN a NaN."""
    for name in special.__all__:
        function = getattr(special, name)
        got = function(y, x) if name == "polygamma" else function(x, y) if name == "erfinv_slope" else function(x)
        assert type(got) is float
        assert not math.isnan(x) or math.isnan(got)
