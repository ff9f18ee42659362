"""The classic traps of automatic differentiation, each by name."""

import math

import pytest

from autograd import grad, gradient, hessian, ieee, jacobian

inf, nan = math.inf, math.nan


def slope(calculus, f, *at):
    """Return the gradient of f as a tuple."""
    return grad(f, argnums=tuple(range(len(at))))(*at)


def test_perturbation_confusion(calculus):
    """D(x -> x * D(y -> x + y)(1))(1) = 1."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0


def test_where_not_taken(calculus):
    """The branch that is not taken has no edge, even where its slope is infinite."""
    f = lambda x: calculus.where(x > 0, calculus.sqrt(x), 0.0)  # noqa: E731
    assert grad(f)(0.0) == 0.0
    assert grad(grad(f))(0.0) == 0.0


def test_double_where(calculus):
    """Where the other branch would raise, the inner where keeps it from it; nothing comes back from there."""
    f = lambda x: calculus.where(x > 0, calculus.log(calculus.where(x > 0, x, 1.0)), -x)  # noqa: E731
    assert [grad(f)(x) for x in (2.0, 0.0, -3.0)] == [0.5, -1.0, -1.0]


def test_constant_factor_zero(calculus):
    """0 times something with an infinite slope."""
    assert grad(lambda x: 0.0 * calculus.sqrt(x))(0.0) == 0.0


def test_numerical_zero_is_honest(calculus):
    """sqrt(x * x) at 0 is 0 times inf: not a number, and not a wrong one."""
    assert math.isnan(grad(lambda x: calculus.sqrt(x * x))(0.0))
    assert grad(abs)(0.0) == 0.0


def test_square_of_a_root(calculus):
    """(sqrt x)**2 at 0: 2 * 0 * inf, which nobody may call 0."""
    assert math.isnan(grad(lambda x: calculus.sqrt(x) ** 2)(0.0))


def test_norm_far_out(calculus):
    """hypot(1e200, 1e200), whose squares overflow, and 1e-200, whose squares vanish."""
    for size in (1e200, 1e-200, 5e-324):
        got = slope(calculus, calculus.hypot, size, size)
        assert got == pytest.approx((math.sqrt(0.5),) * 2, rel=4 * 2**-52)


def test_norm_at_the_origin(calculus):
    """The least of all slopes of a cone at its tip."""
    assert slope(calculus, calculus.hypot, 0.0, 0.0) == (0.0, 0.0)
    assert hessian(lambda v: calculus.hypot(*v))([0.0, 0.0]) == [[0.0, 0.0], [0.0, 0.0]]


def test_angle_near_the_origin(calculus):
    """atan2(1e-200, 1e-200): the squares vanish, the slope is 5e199."""
    assert slope(calculus, calculus.atan2, 1e-200, 1e-200) == (5e199, -5e199)
    assert all(map(math.isnan, slope(calculus, calculus.atan2, 0.0, 0.0)))


def test_x_to_the_x(calculus):
    """x**x = exp(x log x), and its derivatives."""
    f = lambda x: x**x  # noqa: E731
    assert grad(f)(2.0) == pytest.approx(4 * (1 + math.log(2)), rel=1e-15)
    assert grad(grad(f))(2.0) == pytest.approx(4 * (1 + math.log(2)) ** 2 + 2, rel=1e-15)
    assert grad(f)(1.0) == 1.0
    h = hessian(lambda v: v[0] ** v[1])([2.0, 3.0])
    assert h[0][1] == h[1][0] == pytest.approx(4 + 12 * math.log(2), rel=1e-15)


def test_zero_to_the_x(calculus):
    """0**x is 0 for all x > 0, whatever the logarithm of 0."""
    assert grad(lambda x: 0.0**x)(2.0) == 0.0
    assert slope(calculus, lambda b, x: b**x, 0.0, 2.0) == (0.0, 0.0)
    assert slope(calculus, lambda b, x: b**x, 0.0, 1.0) == (1.0, 0.0)


def test_negative_base(calculus):
    """(-2)**2 has a slope in the base; in the exponent it has none, and a plain 2 asks for none."""
    assert grad(lambda b: b**2)(-2.0) == -4.0
    assert grad(grad(grad(lambda b: b**3)))(-2.0) == 6.0
    by_base, by_exponent = slope(calculus, lambda b, x: b**x, -2.0, 2.0)
    assert by_base == -4.0
    assert math.isnan(by_exponent)


def test_powers_at_zero(calculus):
    """x**n at 0 has its n-th derivative n! and all others 0."""
    for n in range(5):
        f = lambda x, n=n: x**n  # noqa: E731
        for order in range(1, 6):
            f = grad(f)
            assert f(0.0) == (math.factorial(n) if order == n else 0.0)


def test_saturated_units(calculus):
    """Tanh and sigmoid far out have small slopes, not zero ones."""
    assert grad(calculus.tanh)(20.0) == pytest.approx(4 * math.exp(-40), rel=1e-15)
    assert grad(calculus.tanh)(-300.0) == pytest.approx(4 * math.exp(-600), rel=1e-15)
    assert grad(calculus.sigmoid)(40.0) == pytest.approx(math.exp(-40), rel=1e-15)
    assert grad(grad(calculus.sigmoid))(-700.0) == pytest.approx(math.exp(-700), rel=1e-15)


def test_smooth_units_at_zero(calculus):
    """Formulas in pieces that meet at 0 have all their derivatives there."""
    third = grad(grad(grad(calculus.tanh)))(0.0)
    assert third == -2.0
    assert grad(grad(grad(calculus.sigmoid)))(0.0) == -0.125
    assert grad(grad(grad(grad(calculus.softplus))))(0.0) == -0.125


def test_log_of_a_sum_of_nothing(calculus):
    """Logsumexp of -inf alone is -inf, and depends on nothing: hidden Markov models need that."""
    assert grad(calculus.logsumexp)([-inf, -inf]) == [0.0, 0.0]
    assert grad(calculus.logsumexp)([-inf, 1.0]) == [0.0, 1.0]
    assert grad(calculus.logsumexp)([1000.0, 1000.0]) == [0.5, 0.5]
    for top in (0.0, 1e15, 1e17, -1e300):
        xs = [calculus.Value(top), calculus.Value(top)]
        first = gradient(calculus.logsumexp(xs), xs, create_graph=True)
        assert [x.data for x in first] == [0.5, 0.5]
        assert gradient(first[0], xs) == [0.25, -0.25]


def test_root_of_minus_zero(calculus):
    """The slope of sqrt at -0.0 is that of the inside: +inf."""
    assert grad(calculus.sqrt)(-0.0) == inf
    assert math.copysign(1, calculus.sqrt(calculus.Value(-0.0)).data) == -1.0


def test_ties_of_maximum(calculus):
    """Two equal operands share; against a constant the least slope is 0; NaN comes from either side."""
    assert slope(calculus, calculus.maximum, 1.0, 1.0) == (0.5, 0.5)
    assert grad(lambda x: calculus.maximum(x, 1.0))(1.0) == 0.0
    assert all(map(math.isnan, slope(calculus, calculus.maximum, nan, 1.0)))
    assert all(map(math.isnan, slope(calculus, calculus.maximum, 1.0, nan)))


def test_squares_and_products_agree(calculus):
    """Two spellings of one function have one derivative."""
    spellings = [
        (lambda x: x * x, lambda x: x**2),
        (calculus.sqrt, lambda x: x**0.5),
        (lambda x: 1 / x, lambda x: x**-1),
        (lambda x: calculus.maximum(x, 0.0), calculus.relu),
        (lambda x: calculus.maximum(x, -x), abs),
        (lambda x: x - x // 2.0 * 2.0, lambda x: x % 2.0),
    ]
    for f, g in spellings:
        for x in (0.3, 1.7, 4.0):
            assert grad(f)(x) == pytest.approx(grad(g)(x), rel=4 * 2**-52)
            assert grad(grad(f))(x) == pytest.approx(grad(grad(g))(x), rel=8 * 2**-52)


def test_division_by_tiny(calculus):
    """1 / 1e-200 has a value; its slope is beyond the floats, and that raises nothing."""
    assert grad(lambda x: 1 / x)(1e-200) == -inf
    with ieee():
        assert grad(lambda x: 1 / x)(0.0) == -inf


def test_variable_used_many_times(calculus):
    """Every use adds its path: x * x, diamonds, and a chain of doublings."""

    def doubled(x):
        for _ in range(40):
            x = x + x
        return x

    assert grad(doubled)(1.0) == 2.0**40
    assert jacobian(lambda x: [x * x * x, x + x + x])(2.0) == [12.0, 3.0]
