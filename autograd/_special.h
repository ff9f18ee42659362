/* The C twin of autograd/_special.py: the same special functions, to the last bit.
 *
 * Read _special.py first: it has the reasons and the sources. The functions and constants stand here in its
 * order and under its names, without the underscore.
 */

/* ---- exact products and powers of two -------------------------------------------------------- */

static double
sum_error(double x, double y)
{
    double total = x + y;
    double added = total - x;
    return (x - (total - added)) + (y - added);
}

static double
product_error(double x, double y)
{
    double product = x * y;
    double shifted = 134217729.0 * x; /* 2**27 + 1 */
    double x_high = shifted - (shifted - x);
    double x_low = x - x_high;
    shifted = 134217729.0 * y;
    double y_high = shifted - (shifted - y);
    double y_low = y - y_high;
    return x_low * y_low - (((product - x_high * y_high) - x_low * y_high) - x_high * y_low);
}

static double
scale(double x, int power)
{
    int exponent;
    (void)frexp(x, &exponent);
    if (exponent + power > 1024) {
        return INFINITY;
    }
    return ldexp(x, power);
}

/* ---- polygamma ------------------------------------------------------------------------------- */

static const double BERNOULLI[] = {
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
};
static const double ZERO = 1.4616321449683622, ZERO_LOW = 9.549995429965697e-17;
static const double PI = 3.141592653589793, PI_LOW = 1.2246467991473532e-16;
#define MOST_ORDER 149
static const double ASYMPTOTIC = 10.0;

static double
digamma_of_positive(double x)
{
    if (x >= ASYMPTOTIC) {
        double reciprocal = 1.0 / (x * x);
        double series = 0.0;
        for (int k = 8; k > 0; k--) {
            series = (series + BERNOULLI[k - 1] / (2.0 * k)) * reciprocal;
        }
        return log(x) - (0.5 / x + series);
    }
    if (x < 1e-18) {
        return -1.0 / x;
    }
    double distance = (x - ZERO) - ZERO_LOW;
    double end = x + ASYMPTOTIC;
    double end_of_zero = ZERO + ASYMPTOTIC;
    double u = 1.0 / (end * end);
    double v = 1.0 / (end_of_zero * end_of_zero);
    double polynomial = 0.0;
    double difference = 0.0;
    for (int k = 8; k > 0; k--) {
        difference = difference * u + polynomial;
        polynomial = polynomial * v + BERNOULLI[k - 1] / (2.0 * k);
    }
    difference = difference * u + polynomial;
    double total = log1p(distance / end_of_zero);
    double low = distance * (0.5 / (end * end_of_zero) + (end + end_of_zero) * u * v * difference);
    for (int k = 9; k >= 0; k--) {
        double term = distance / (ZERO + k) / (x + k);
        low += sum_error(total, term);
        total += term;
    }
    return total + low;
}

static double
factorial_over_power(int n, int m, double x, double factor, double factor_low)
{
    int exponent, shift;
    double mantissa = frexp(x, &exponent);
    double power = 1.0;
    double power_low = 0.0;
    for (int k = 0; k < m; k++) {
        power_low = power_low * (2.0 * mantissa) + product_error(power, 2.0 * mantissa);
        power *= 2.0 * mantissa;
    }
    double factorial = 1.0;
    for (int k = 2; k <= n; k++) {
        factorial *= k;
    }
    factorial = frexp(factorial, &shift);
    double ratio = factorial / power;
    double ratio_low = (((factorial - ratio * power) - product_error(ratio, power)) - ratio * power_low) / power;
    double product = ratio * factor;
    double product_low = product_error(ratio, factor) + (ratio * factor_low + ratio_low * factor);
    return scale(product + product_low, shift - (exponent - 1) * m);
}

static double
asymptotic_excess(int n, double x)
{
    double series = 0.0;
    double term = 0.5 * n * (n + 1) / x / x;
    for (int k = 1; k <= 12; k++) {
        series += BERNOULLI[k - 1] * term;
        term = term * ((n + 2 * k) / x) * ((n + 2 * k + 1) / x) / ((2 * k + 1) * (2 * k + 2));
    }
    return 0.5 * n / x + series;
}

static double
polygamma_of_positive(int n, double x)
{
    if (n == 0) {
        return digamma_of_positive(x);
    }
    double sign = n % 2 ? 1.0 : -1.0;
    if (x >= ASYMPTOTIC + n) {
        double excess = asymptotic_excess(n, x);
        double factor = 1.0 + excess;
        return sign * factorial_over_power(n - 1, n, x, factor, excess - (factor - 1.0));
    }
    int shifts = (int)ceil(2.0 * ASYMPTOTIC + n - x);
    double end = x + shifts;
    double total = exp(-(n + 1) * log1p(shifts / x)) * (end / n);
    double low = total * asymptotic_excess(n, end);
    for (int k = shifts - 1; k >= 0; k--) {
        double term = exp(-(n + 1) * log1p(k / x));
        low += sum_error(total, term);
        total += term;
    }
    return sign * factorial_over_power(n, n + 1, x, total, low);
}

static double
derivative_of_cotangent(int n, double x)
{
    double rest = 0.5 - fabs(x);
    double angle = PI * rest;
    double angle_low = product_error(PI, rest) + PI_LOW * rest;
    double cotangent = tan(angle);
    double square = cotangent * cotangent;
    cotangent += (1.0 + square) * angle_low;
    double coefficients[MOST_ORDER + 4] = {0.0, 1.0};
    double factor = PI;
    double factor_low = PI_LOW;
    for (int order = 1; order <= n; order++) {
        factor_low = factor_low * PI + (product_error(factor, PI) + factor * PI_LOW);
        factor *= PI;
        coefficients[0] = coefficients[1];
        for (int j = 1 + order % 2; j < order + 2; j += 2) {
            coefficients[j] = (j + 1) * coefficients[j + 1] + (j - 1) * coefficients[j - 1];
        }
    }
    double polynomial = coefficients[n + 1];
    for (int j = n - 1; j > 0; j -= 2) {
        polynomial = polynomial * square + coefficients[j];
    }
    return copysign((factor * polynomial + factor_low * polynomial) * cotangent, x);
}

static double
polygamma_of_negative(int n, double x)
{
    double fraction = x - rint(x);
    double size = fabs(fraction);
    double mirrored = polygamma_of_positive(n, 1.0 - x);
    if (n % 2 == 0 && size > 0.4) {
        return mirrored - derivative_of_cotangent(n, fraction);
    }
    double pole = factorial_over_power(n, n + 1, size, 1.0, 0.0);
    double above = polygamma_of_positive(n, 1.0 + fraction);
    double below = polygamma_of_positive(n, 1.0 - fraction) - mirrored;
    if (n % 2) {
        return pole + (above + below);
    }
    return (above - below) - copysign(pole, fraction);
}

static double
polygamma(double n, double x)
{
    if (!(0.0 <= n && n <= MOST_ORDER && n == floor(n)) || isnan(x) || x == -INFINITY) {
        return NAN;
    }
    int order = (int)n;
    int odd = order % 2 == 1;
    if (x == INFINITY) {
        return order == 0 ? x : copysign(0.0, odd ? 1.0 : -1.0);
    }
    if (x <= 0.0) {
        if (x == floor(x)) {
            return odd ? INFINITY : NAN;
        }
        return polygamma_of_negative(order, x);
    }
    return polygamma_of_positive(order, x);
}

static double
digamma(double x)
{
    return polygamma(0.0, x);
}

/* ---- the error function ---------------------------------------------------------------------- */

static const double SQRT_PI = 1.772453850905516;
static const double SLOPE_OF_ERF = 1.1283791670955126, SLOPE_OF_ERF_LOW = 1.533545961316588e-17;
static const double SLOPE_OF_ERFINV = 0.886226925452758, SLOPE_OF_ERFINV_LOW = -3.8332932499128993e-17;
static const double EXP_OF_MINUS_64 = 1.603810890548638e-28, EXP_OF_MINUS_64_LOW = -4.5898960187045644e-17;

static double
exp_of_minus_square(double x)
{
    if (fabs(x) > 28.0) {
        return 0.0;
    }
    double square = x * x;
    double error = product_error(x, x);
    if (square > 708.0) {
        double power = exp(64.0 - square);
        return (power - power * (error - EXP_OF_MINUS_64_LOW)) * EXP_OF_MINUS_64;
    }
    double power = exp(-square);
    return power - power * error;
}

static const double ERF_SERIES[] = {
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
};

static double
erfinv_of_middle(double x)
{
    if (x < 1e-9) {
        return x * SLOPE_OF_ERFINV + x * SLOPE_OF_ERFINV_LOW;
    }
    double t = 0.25 * PI * x * x;
    double y = SLOPE_OF_ERFINV * x * (1.0 + t * (1.0 / 3.0 + t * (7.0 / 30.0)));
    for (int step = 0; step < 2; step++) {
        double square = y * y;
        double series = 0.0;
        for (int k = 12; k >= 0; k--) {
            series = (ERF_SERIES[k] - series) * square;
        }
        double first = SLOPE_OF_ERF * y;
        double first_low = product_error(SLOPE_OF_ERF, y) + SLOPE_OF_ERF_LOW * y;
        double residual = ((first - x) - first * series) + first_low;
        double newton = residual / (SLOPE_OF_ERF * exp(-square));
        y -= newton / (1.0 + newton * y);
    }
    return y;
}

static double
erfinv_of_tail(double w)
{
    double half = 0.5 * log(w * (2.0 - w));
    double t = 2.0 / (PI * 0.147) + half;
    double y = sqrt(sqrt(t * t - 2.0 * half / 0.147) - t);
    for (int step = 0; step < 2; step++) {
        double tail = erfc(y);
        double slope = SLOPE_OF_ERF * exp(-y * y) / tail;
        double newton = log1p((tail - w) / w) / slope;
        y += newton / (1.0 + newton * (0.5 * slope - y));
    }
    return y;
}

static double
erfinv(double x)
{
    double size = fabs(x);
    double y;
    if (size <= 0.5) {
        y = erfinv_of_middle(size);
    }
    else if (size < 1.0) {
        y = erfinv_of_tail(1.0 - size);
    }
    else {
        y = size == 1.0 ? INFINITY : NAN;
    }
    return copysign(y, x);
}

static const double TRAPEZOID[] = {
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
};
static const double TRAPEZOID_LOW = 1.916932451645735e-18;

static double
erfinv_slope(double x, double y)
{
    double size = fabs(x);
    y = fabs(y);
    if (size == 1.0) {
        return INFINITY;
    }
    if (size <= 0.5 && y < 0.5) {
        return SLOPE_OF_ERFINV * exp(y * y);
    }
    if (!(0.5 < size && size < 1.0 && 0.4 < y && y < 6.0)) {
        return NAN; /* no x has this y */
    }
    double w = 1.0 - size;
    double square = y * y;
    double total = 0.0;
    double low = TRAPEZOID_LOW - SQRT_PI * y * exp(square) / expm1(4.0 * PI * y);
    for (int k = 13; k >= 0; k--) {
        double term = TRAPEZOID[k] * (square / (square + 0.25 * (k * k)));
        low += sum_error(total, term);
        total += term;
    }
    double product = y * w;
    double slope = total / product;
    return slope + slope * (low / total - product_error(y, w) / product);
}
