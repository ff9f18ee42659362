/* placeholder */
static double polygamma(double n, double x) { (void)n; (void)x; return NAN; }
static double digamma(double x) { (void)x; return NAN; }
static double erfinv(double x) { (void)x; return NAN; }
static double erfinv_slope(double x, double y) { (void)x; (void)y; return NAN; }
static double exp_of_minus_square(double x) { return exp(-x*x); }
