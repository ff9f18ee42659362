"""Derivatives of solutions: against closed forms, the same function in full, and 50 digits."""

import copy
import itertools
import math
import pickle
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from conftest import HAS_C
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from programs import bits
from scipy import optimize

import autograd
from autograd import DomainError, GraphError, functional, grad, hessian, jacobian, jvp, no_grad, value_and_grad
from autograd.implicit import argmin, fixed_point, root
from autograd.sparse import sparse_hessian
from autograd.testing import Verdict, check_grad

EPS = 2.0**-52


@pytest.fixture(autouse=True)
def _digits():
    with mp.workdps(50):
        yield


def bracketed(function, bracket):
    """Solve one equation by SciPy, which knows nothing of Values."""
    return optimize.brentq(function, *bracket, xtol=1e-15, rtol=4 * EPS)


def in_fifty_digits(residual, parameters):
    """Return the first and second derivatives of a solution by all parameters, in 50 digits, from its own definition."""

    def solution(*p):
        return mpmath.findroot(lambda x: residual(x, *p), start)

    start = mpf(1)
    start = solution(*parameters)
    unit = lambda *orders: tuple(sum(order == i for order in orders) for i in range(len(parameters)))  # noqa: E731
    count = range(len(parameters))
    first = [mpmath.diff(solution, parameters, unit(i)) for i in count]
    return first, [[mpmath.diff(solution, parameters, unit(i, j)) for j in count] for i in count]


# ---- one equation ------------------------------------------------------------------------------------


def kepler(x, p):
    """Return what is zero where x is the eccentric anomaly for the eccentricity and the mean anomaly."""
    e, m = p
    return x - e * (autograd.math.sin(x) if isinstance(x, float) else x.sin()) - m


@given(e=st.floats(0.0, 0.75), m=st.floats(0.1, 3.0))
def test_solutions_move_as_their_derivatives_say(e, m):
    """Finite differences of the solver's own answer are consistent with the theorem."""

    def anomaly(e, m):
        return root(kepler, 1.0, (e, m))

    assert check_grad(lambda e, m: anomaly(e, m), e, m).verdict is Verdict.CONSISTENT


@given(e=st.floats(0.0, 0.75), m=st.floats(0.1, 3.0))
def test_kepler(calculus, e, m):
    """First and second derivatives of E - e sin E = M in closed form; four of each, by Newton's method."""
    f = lambda p: root(kepler, p[1], p)  # noqa: E731
    x, first = value_and_grad(f)([e, m])
    second = hessian(f)([e, m])
    assert x == pytest.approx(float(mpmath.findroot(lambda x: x - e * mpmath.sin(x) - m, x)), rel=4 * EPS / (1 - e))
    s, c = math.sin(x), math.cos(x)
    d = 1 - e * c
    assert first == pytest.approx([s / d, 1 / d], rel=16 * EPS / (1 - e))
    by_em = c / d**2 - e * s * s / d**3
    expected = [[2 * s * c / d**2 - e * s**3 / d**3, by_em], [by_em, -e * s / d**3]]
    for found, row in zip(second, expected, strict=True):
        assert found == pytest.approx(row, rel=0, abs=100 * EPS / (1 - e) ** 3)


@given(p=st.floats(0.01, 100.0))
def test_square_root(calculus, p):
    """Derivatives of order 1 to 4 of the root of x x = p."""
    f = lambda p: root(lambda x, p: x * x - p, 1.0, p)  # noqa: E731
    assert f(p) == pytest.approx(math.sqrt(p), rel=2 * EPS)
    factor = 1.0
    for order in range(1, 5):
        f, factor = grad(f), factor * (1.5 - order)
        assert f(p) == pytest.approx(factor * p ** (0.5 - order), rel=32 * 4**order * EPS)


def test_mixed_modes_and_nesting(calculus):
    """A solution within a solution, and the forward sweep: the root of order six by two roots."""
    cube = lambda q: root(lambda x, p: x**3 - p, 1.0, q)  # noqa: E731
    inner = lambda p: root(lambda x, q: x * x - cube(q), 1.0, p)  # noqa: E731
    p, expected = 5.0, 5.0 ** (1 / 6)
    assert inner(p) == pytest.approx(expected, rel=8 * EPS)
    slope, bend = expected / p / 6, -5 * expected / p**2 / 36
    assert grad(inner)(p) == pytest.approx(slope, rel=64 * EPS)
    assert grad(grad(inner))(p) == pytest.approx(bend, rel=256 * EPS)
    assert jvp(inner, (p,), (2.0,))[1] == pytest.approx(2 * slope, rel=64 * EPS)
    assert jvp(grad(inner), (p,), (2.0,))[1] == pytest.approx(2 * bend, rel=256 * EPS)
    assert grad(lambda p: jvp(inner, (p,), (2.0,))[1])(p) == pytest.approx(2 * bend, rel=256 * EPS)


def black_scholes(engine, volatility, spot, strike, rate, years):
    """Return the price of a call."""
    spread = volatility * engine.sqrt(years)
    up = (engine.log(spot / strike) + (rate + volatility * volatility / 2.0) * years) / spread
    normal = lambda z: 0.5 * engine.erfc(-z / math.sqrt(2.0))  # noqa: E731
    return spot * normal(up) - strike * engine.exp(-rate * years) * normal(up - spread)


def test_implied_volatility_by_brent(calculus):
    """Calibration by SciPy's solver: one over vega, minus delta over vega, and all second derivatives by mpmath."""
    terms = [100.0, 110.0, 0.03, 0.5]
    price = black_scholes(calculus, 0.25, *terms)

    def implied(p):
        quote, *rest = p
        return root(
            lambda volatility, p: black_scholes(calculus, volatility, *p[1:]) - p[0],
            0.5, [quote, *rest], solver=lambda f, x0: bracketed(f, (0.01, 2.0)),
        )  # fmt: skip

    first, second = in_fifty_digits(
        lambda v, quote, s, k, r, t: s * mpmath.ncdf(up := (mpmath.log(s / k) + (r + v * v / 2) * t) / v / mpmath.sqrt(t))
        - k * mpmath.exp(-r * t) * mpmath.ncdf(up - v * mpmath.sqrt(t)) - quote,
        [price, *terms],
    )  # fmt: skip
    found = grad(implied)([price, *terms])
    assert implied([price, *terms]) == pytest.approx(0.25, rel=1e-13)
    assert found == pytest.approx([float(x) for x in first], rel=1e-12)
    vega = grad(lambda v: black_scholes(calculus, v, *terms))(0.25)
    assert found[0] == pytest.approx(1.0 / vega, rel=1e-12)
    scale = max(abs(float(x)) for row in second for x in row)
    for row, expected in zip(hessian(implied)([price, *terms]), second, strict=True):
        assert row == pytest.approx([float(x) for x in expected], rel=1e-10, abs=1e-12 * scale)


@given(p=st.floats(0.1, 0.9))
def test_fixed_point_of_cosine(calculus, p):
    """The x that is p cos x: two derivatives in closed form, by plain iteration and by Newton's method."""
    image = lambda x, p: p * calculus.cos(x)  # noqa: E731
    by_root = lambda p: root(lambda x, p: image(x, p) - x, 1.0, p)  # noqa: E731
    f = lambda p: fixed_point(image, 1.0, p)  # noqa: E731
    x = by_root(p)
    assert f(p) == pytest.approx(x, rel=32 * EPS)
    s, c = math.sin(x), math.cos(x)
    slope = c / (1 + p * s)
    bend = slope * (-s - s) / (1 + p * s) - p * c * slope**2 / (1 + p * s)
    for g in (f, by_root):
        assert grad(g)(p) == pytest.approx(slope, rel=128 * EPS)
        assert grad(grad(g))(p) == pytest.approx(bend, rel=512 * EPS)


# ---- several equations -------------------------------------------------------------------------------


def in_full(p):
    """Solve x x + y y = p, x y = q for x > y > 0 by a formula."""
    plus, minus = (p[0] + 2.0 * p[1]) ** 0.5, (p[0] - 2.0 * p[1]) ** 0.5
    return [(plus + minus) / 2.0, (plus - minus) / 2.0]


def implicitly(p, **options):
    """Solve the same from the equations."""
    return root(lambda x, p: [x[0] * x[0] + x[1] * x[1] - p[0], x[0] * x[1] - p[1]], [2.0, 0.5], p, **options)


@given(q=st.floats(0.1, 3.0), excess=st.floats(0.5, 5.0))
@settings(max_examples=30)
def test_two_equations(calculus, q, excess):
    """Jacobian, Hessian and third derivatives of a system are those of its solution in full."""
    p = [2.0 * q + excess, q]
    hard = (1.0 + p[0] / excess) ** 2
    assert implicitly(p) == pytest.approx(in_full(p), rel=16 * hard * EPS)
    for found, expected in zip(jacobian(implicitly)(p), jacobian(in_full)(p), strict=True):
        assert found == pytest.approx(expected, rel=64 * hard * EPS)

    def product(f):
        return lambda p: math.prod([*f(p), f(p)[1]])

    for found, expected in zip(hessian(product(implicitly))(p), hessian(product(in_full))(p), strict=True):
        assert found == pytest.approx(expected, rel=1e-10, abs=1e-11 * hard)
    third = lambda f: hessian(lambda p: grad(lambda t: product(f)([p[0], t]))(p[1]))(p)  # noqa: E731
    for found, expected in zip(third(implicitly), third(in_full), strict=True):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * hard**2)


def test_sparse_hessian_through_a_solution(calculus):
    """The sparse second derivatives are the dense ones."""
    f = lambda p: math.prod(implicitly(p)) * implicitly(p)[1] + p[0]  # noqa: E731
    assert sparse_hessian(f)([5.0, 1.5]).toarray() == pytest.approx(np.array(hessian(f)([5.0, 1.5])), rel=1e-13)


whole = st.integers(-4, 4)


@given(matrix=st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(whole, min_size=n, max_size=n), min_size=n, max_size=n)),
       exponents=st.lists(st.integers(-300, 300), min_size=8, max_size=8))  # fmt: skip
def test_linear_systems_exactly(engine, matrix, exponents):
    """A x = b with A of whole numbers: the slopes by b are the inverse, and a singular A is found out.

    Units change nothing: rows and columns are scaled by powers of two.
    """
    n = len(matrix)
    rows, columns = exponents[:4], exponents[4:]
    scaled = [[math.ldexp(a, rows[i] + columns[j]) for j, a in enumerate(row)] for i, row in enumerate(matrix)]
    b = [engine.Value(0.0) for _ in range(n)]

    def solve():
        equations = lambda x, b: [engine.dot(row, x) - y for row, y in zip(scaled, b, strict=True)]  # noqa: E731
        return root(equations, [0.0] * n, b, solver=lambda f, x0: x0)

    inverse = inverted(matrix)
    if inverse is None:
        with pytest.raises(
            DomainError, match=r"^root: expected equations whose matrix of derivatives by x is invertible"
        ):
            solve()
        return
    found = [
        [math.ldexp(slope, rows[j] + columns[i]) for j, slope in enumerate(x.partials)] for i, x in enumerate(solve())
    ]
    size = max(abs(x) for row in inverse for x in row)
    for mine, exact in zip(found, inverse, strict=True):
        assert mine == pytest.approx([float(x) for x in exact], rel=0, abs=2000 * EPS * float(size))


def inverted(matrix):
    """Return the inverse of a matrix of whole numbers in fractions, or None."""
    n = len(matrix)
    rows = [[*map(Fraction, row), *[Fraction(i == j) for j in range(n)]] for i, row in enumerate(matrix)]
    for k in range(n):
        pivot = next((row for row in rows[k:] if row[k]), None)
        if pivot is None:
            return None
        rows.remove(pivot)
        rows.insert(k, [a / pivot[k] for a in pivot])
        rows = [
            row if i == k else [a - row[k] * b for a, b in zip(row, rows[k], strict=True)] for i, row in enumerate(rows)
        ]
    return [row[n:] for row in rows]


@given(st.lists(st.floats(-2, 2), min_size=12, max_size=12))
@settings(max_examples=30)
def test_second_derivatives_of_a_linear_system(calculus, numbers):
    """By the entries of a 3 by 3 matrix and of the right side, against the solution by Cramer's rule."""

    def matrix(p):
        return [[p[3 * i + j] + 4.0 * (i == j) for j in range(3)] for i in range(3)]

    def determinant(m):
        signs = ((0, 1, 2, 1.0), (1, 2, 0, 1.0), (2, 0, 1, 1.0), (2, 1, 0, -1.0), (1, 0, 2, -1.0), (0, 2, 1, -1.0))
        return sum(sign * m[0][i] * m[1][j] * m[2][k] for i, j, k, sign in signs)

    def by_cramer(p):
        m, b = matrix(p), p[9:]
        first = determinant([[b[i], *m[i][1:]] for i in range(3)]) / determinant(m)
        return first * first

    def by_root(p):
        equations = lambda x, p: [calculus.dot(row, x) - y for row, y in zip(matrix(p), p[9:], strict=True)]  # noqa: E731
        first, *_ = root(equations, [0.0] * 3, p)
        return first * first

    assume(abs(np.linalg.det(matrix(numbers))) > 4.0)
    assert grad(by_root)(numbers) == pytest.approx(grad(by_cramer)(numbers), rel=1e-10, abs=1e-10)
    for found, expected in zip(hessian(by_root)(numbers), hessian(by_cramer)(numbers), strict=True):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


# ---- minima ------------------------------------------------------------------------------------------

TIMES = [0.0, 1.0, 2.0, 3.5]


def squares(x, p):
    """Return the sum of squares of a line's errors, with a penalty: p is the data, then the penalty."""
    *data, penalty = p
    return sum((x[0] + x[1] * t - y) ** 2 for t, y in zip(TIMES, data, strict=True)) + penalty * x[1] * x[1]


def line(p):
    """Return the line that minimises it, from the normal equations."""
    *data, penalty = p
    n, t, tt = len(TIMES), sum(TIMES), sum(t * t for t in TIMES) + penalty
    y, ty = sum(data), sum(t * y for t, y in zip(TIMES, data, strict=True))
    determinant = n * tt - t * t
    return [(tt * y - t * ty) / determinant, (n * ty - t * y) / determinant]


@given(data=st.lists(st.floats(-5, 5), min_size=4, max_size=4), penalty=st.floats(0.0, 10.0))
@settings(max_examples=30)
def test_least_squares(calculus, data, penalty):
    """A fitted line, its Jacobian by the data and the penalty, and the Hessian of its square, are those of the formula."""
    fit = lambda p: argmin(squares, [0.0, 0.0], p)  # noqa: E731
    p = [*data, penalty]
    assert fit(p) == pytest.approx(line(p), rel=1e-13, abs=1e-13)
    for found, expected in zip(jacobian(fit)(p), jacobian(line)(p), strict=True):
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)

    def energy(fit):
        return lambda p: math.prod(fit(p)) + fit(p)[1] ** 2

    for found, expected in zip(hessian(energy(fit))(p), hessian(energy(line))(p), strict=True):
        assert found == pytest.approx(expected, rel=1e-11, abs=1e-11)


def test_any_solver_serves(calculus):
    """SciPy's minimisers and root finders, with lists or arrays, with our derivatives or without."""
    p = [1.0, 2.0, 1.5, 4.0, 0.5]
    expected = jacobian(line)(p)
    newton = lambda f, x0: optimize.minimize(f, x0, jac=grad(f), hess=hessian(f), method="trust-exact", tol=1e-12).x  # noqa: E731
    bfgs = lambda f, x0: optimize.minimize(f, x0, jac=grad(f), tol=1e-13).x  # noqa: E731
    for solver, x0 in itertools.product((newton, bfgs), ([0.0, 0.0], np.zeros(2))):
        found = jacobian(lambda p: list(argmin(squares, x0, p, solver=solver)))(p)
        for row, exact in zip(found, expected, strict=True):
            assert row == pytest.approx(exact, rel=1e-10)
    hybrid = lambda f, x0: optimize.root(f, x0, jac=jacobian(f), tol=1e-13).x  # noqa: E731
    for found, exact in zip(jacobian(lambda p: implicitly(p, solver=hybrid))([5.0, 1.5]), jacobian(in_full)([5.0, 1.5]), strict=True):  # fmt: skip
        assert found == pytest.approx(exact, rel=1e-11)
    steffensen = lambda f, x0: optimize.fixed_point(f, x0, xtol=1e-14)  # noqa: E731
    f = lambda p, **options: fixed_point(lambda x, p: p * calculus.cos(x), 1.0, p, **options)  # noqa: E731
    assert grad(lambda p: f(p, solver=lambda h, x0: float(steffensen(h, x0))))(0.5) == pytest.approx(
        grad(f)(0.5), rel=1e-13
    )


def test_the_envelope_theorem(calculus):
    """The slope of a minimum needs no slope of x; its second derivative does."""
    f = lambda x, p: (x - p) ** 2 + 0.1 * x**4 + p * x  # noqa: E731
    through = lambda p: f(argmin(f, 0.0, p), p)  # noqa: E731
    past = lambda p: f(argmin(f, 0.0, p.detach()), p)  # noqa: E731
    assert grad(through)(1.5) == pytest.approx(grad(past)(1.5), rel=1e-14)
    assert abs(grad(grad(through))(1.5) - grad(grad(past))(1.5)) > 0.1
    h = 1e-4
    difference = (grad(through)(1.5 + h) - grad(through)(1.5 - h)) / (2 * h)
    assert grad(grad(through))(1.5) == pytest.approx(difference, rel=1e-7)


# ---- what is recorded --------------------------------------------------------------------------------


def test_one_node_for_each_unknown(engine):
    """However many steps the solver took; the operands are the Values among the parameters, wherever they stand."""
    a, b, c = engine.Value(6.0), engine.Value(2.0), engine.Value(3.0).detach()
    params = {"a": a, "rest": (b, [c, 1.0], np.array([7, 8])), "text": "as it is"}

    def g(x, p):
        assert p["text"] == "as it is"
        return {"u": x["u"] * x["u"] - p["a"], "v": (x["v"][0] - p["rest"][0] * p["rest"][1][0] * x["u"],)}

    x = root(g, {"u": 1.0, "v": [0.0]}, params)
    u, v = x["u"], x["v"][0]
    assert (u.op, u.operands, u.parents) == ("root", (a, b, c), (a, b))
    assert [u.data, v.data] == pytest.approx([6**0.5, 6 * 6**0.5])
    assert set(engine.ancestors(v)) == {a, b, c, v}
    v.backward()
    assert (a.grad, b.grad) == (pytest.approx(3 / 6**0.5), pytest.approx(3 * 6**0.5))


def test_structural_zeros(engine):
    """A parameter that no equation depends on gets no edge."""
    a, b = engine.Value(4.0), engine.Value(0.0)
    x = root(lambda x, p: x * x - p[0] - engine.where(p[0] > 0.0, 0.0, 1.0 / (p[1] + 1.0)), 1.0, [a, b.sqrt()])
    assert x.parents == (a,)
    x.backward()
    assert (a.grad, b.grad) == (0.25, 0.0)


def test_plain_numbers_give_plain_numbers(engine):
    """In the structure of the start; and constants under no_grad, or of constants."""
    assert implicitly([5.0, 1.5]) == pytest.approx(in_full([5.0, 1.5]))
    assert all(type(x) is float for x in implicitly([5, 2]))
    assert type(implicitly(np.array([5, 2]))) is list
    x = fixed_point(lambda x, p: 0.5 * x + p, np.zeros(2), np.array([1.0, 2.0]))
    assert (type(x), x.tolist()) == (np.ndarray, [2.0, 4.0])
    assert root(lambda x, p: [], [], engine.Value(1.0)) == []
    p = engine.Value(4.0)
    with no_grad():
        x = root(lambda x, p: x * x - p, 1.0, p)
    assert (x.data, x.op) == (2.0, "constant")
    assert root(lambda x, p: x * x - p, 1.0, p.detach()).op == "constant"
    assert root(lambda x, p: x * x - p, engine.Value(1.0), p).operands == (p,)


def test_graphs_with_solutions_can_be_copied(engine):
    """Shallow, deep and by pickle, if the function of the equations has a name: recorded sweeps work on."""
    p = [engine.Value(0.5), engine.Value(1.0)]
    x = root(kepler, 1.0, p)
    first = autograd.gradient(x, p, create_graph=True)
    assert copy.copy(x).partials == x.partials
    for x2, p2 in (copy.deepcopy((x, p)), pickle.loads(pickle.dumps((x, p)))):
        found = autograd.gradient(x2, p2, create_graph=True)
        assert [g.data for g in found] == [g.data for g in first]
        assert autograd.gradient(found[0], p2) == autograd.gradient(first[0], p)


@pytest.mark.skipif(not HAS_C, reason="the C twin was not built")
@given(e=st.floats(0.0, 0.9), m=st.floats(-3.0, 3.0), q=st.floats(0.1, 3.0))
@settings(max_examples=30)
def test_the_twins_agree_to_the_last_bit(e, m, q):
    """Solutions and their derivatives of two orders, by each of the default solvers."""
    from autograd import _engine, engine

    def transcript(twin, patch):
        patch.setattr(functional, "Value", twin.Value)
        functions = [
            (lambda p: root(kepler, p[1], p), [e, m]),
            (lambda p: implicitly(p)[0] * 2.0, [2.0 * q + 1.0, q]),
            (lambda p: fixed_point(lambda x, p: p[0] * twin.sin(x) + p[1], 0.0, p), [e, m]),
            (lambda p: argmin(squares, [0.0, 0.0], p)[1] ** 2, [e, m, q, 1.0, 0.5]),
        ]
        found = []
        for f, p in functions:
            value, first = value_and_grad(f)(p)
            found.append([bits(x) for x in (value, *first, *itertools.chain(*hessian(f)(p)))])
        return found

    with pytest.MonkeyPatch.context() as patch:
        assert transcript(_engine, patch) == transcript(engine, patch)


# ---- the default solvers -----------------------------------------------------------------------------


@given(scale=st.floats(1e-6, 1e6), power=st.sampled_from([1, 3, 5]))
def test_newton_goes_on_until_rounding_stops_it(engine, scale, power):
    """The answer is as good as floats allow, whatever its size."""
    x = root(lambda x, p: x**power + x * p ** (power - 1) - 2.0 * p**power, 10.0, scale)
    assert x == pytest.approx(scale, rel=8 * EPS)


def test_newton_stays_in_the_domain(calculus):
    """Steps that leave it are halved."""
    assert root(lambda x, p: calculus.log(x) + p, 3.0, 2.0) == pytest.approx(math.exp(-2.0), rel=4 * EPS)
    assert root(lambda x, p: calculus.atan2(x, 1.0) - p, 5.0, 0.5) == pytest.approx(math.tan(0.5), rel=4 * EPS)


def test_descent_finds_the_bottom_of_the_valley(engine):
    """Rosenbrock's function from where its Hessian is not positive definite; flat minima; a quartic well."""
    rosenbrock = lambda x, p: (p - x[0]) ** 2 + 100.0 * (x[1] - x[0] * x[0]) ** 2  # noqa: E731
    for start in ([-1.2, 1.0], [0.0, 5.0], [3.0, -2.0]):
        assert argmin(rosenbrock, start, 1.0) == pytest.approx([1.0, 1.0], rel=1e-13)
    assert argmin(lambda x, p: (x * x - p) ** 2, 0.1, 4.0) == pytest.approx(2.0, rel=1e-14)
    assert argmin(lambda x, p: x**4, 1.0, None) == pytest.approx(0.0, abs=1e-7)
    assert argmin(lambda x, p: (x - p) ** 2 + 1e9, 0.0, 3.0) == 3.0


def test_slow_and_rotating_iterations_are_finished(engine):
    """The changes have to stop shrinking for good, not for once."""
    turn, shrink = 0.3, 0.97
    c, s = shrink * math.cos(turn), shrink * math.sin(turn)
    h = lambda x, p: [p + c * x[0] - s * x[1], p + s * x[0] + c * x[1]]  # noqa: E731
    exact = root(lambda x, p: [a - b for a, b in zip(h(x, p), x, strict=True)], [0.0, 0.0], 1.0)
    assert fixed_point(h, [0.0, 0.0], 1.0) == pytest.approx(exact, rel=100 * EPS)


@pytest.mark.parametrize(
    ("solve", "f", "x0"),
    [
        (root, lambda x, p: x * x + 1.0, 0.5),
        (root, lambda x, p: math.nan * x, 0.5),
        (argmin, lambda x, p: x**3 - x, -5.0),
        (argmin, lambda x, p: x[0] * x[0] - x[1] * x[1], [0.0, 0.0]),
        (argmin, lambda x, p: 2.0 * x, 0.0),
        (fixed_point, lambda x, p: 2.0 * x, 1.0),
        (fixed_point, lambda x, p: -x, 1.0),
        (fixed_point, lambda x, p: x + 1e-9, 0.0),
    ],
)
def test_no_solution_is_no_answer(engine, solve, f, x0):
    """What has no root, no minimum or no limit is refused, with how far it got."""
    with pytest.raises((RuntimeError, DomainError), match=rf"^{solve.__name__}: expected .* x = "):
        solve(f, x0, None)


# ---- what is refused ---------------------------------------------------------------------------------

SOLVERS = [root, fixed_point, argmin]
EQUATIONS = {
    root: lambda x, a: x * x - a * a,
    fixed_point: lambda x, a: 0.5 * x + 0.5 * a,
    argmin: lambda x, a: (x - a) ** 2,
}


@pytest.mark.parametrize("solve", SOLVERS, ids=lambda f: f.__name__)
def test_values_from_elsewhere_are_not_lost(calculus, solve):
    """A Value that the equations depend on has to be a parameter, whichever solver runs."""

    def curious(function, x0):
        function(x0)
        return 3.0

    outside, f = calculus.Value(3.0), EQUATIONS[solve]
    for params in (calculus.Value(1.0), 1.0):
        for solver in (None, curious):
            with pytest.raises(GraphError, match=rf"^{solve.__name__}: expected a function of its .* among the params"):
                solve(lambda x, p: f(x, p * outside), 2.0, params, solver=solver)
    with pytest.raises(GraphError, match="among the params"):  # even if the solver never asks
        solve(lambda x, p: f(x, p * outside), 2.0, calculus.Value(1.0), solver=lambda function, x0: 3.0)
    assert solve(lambda x, p: f(x, p * outside.detach()), 2.0, 1.0) == pytest.approx(3.0)
    with no_grad():
        assert solve(lambda x, p: f(x, p * outside), 2.0, 1.0) == pytest.approx(3.0)


def test_equations_and_unknowns_have_to_match(engine):
    """As many of the ones as of the others; solutions of plain numbers."""
    p = engine.Value(2.0)
    given_up = lambda function, x0: x0  # noqa: E731
    for solver in (None, given_up):
        with pytest.raises(ValueError, match=r"^root: expected equations for 2 numbers, got 3"):
            root(lambda x, p: [p, x[0], x[1]], [0.0, 0.0], p, solver=solver)
        with pytest.raises(ValueError, match=r"^fixed_point: expected an image for 2 numbers, got 1"):
            fixed_point(lambda x, p: [p * x[0]], [0.0, 0.0], p, solver=solver)
    with pytest.raises(ValueError, match=r"^root: expected a solution for 1 numbers, got 2"):
        root(lambda x, p: x - p, 0.0, p, solver=lambda function, x0: [1.0, 2.0])
    with pytest.raises(TypeError, match=r"^root: expected the solver to return a real number, got Value"):
        root(lambda x, p: x - p, 0.0, p, solver=lambda function, x0: p)
    with pytest.raises(TypeError, match=r"^root: expected a number, or lists"):
        root(lambda x, p: x - p, "start", p)


def test_a_solution_without_derivative(engine):
    """A double root, dependent equations, a flat minimum: computed, but not differentiable."""
    p = engine.Value(0.0)
    for solve, f, x0 in (
        (root, lambda x, p: x * x * x - p, 0.0),
        (root, lambda x, p: [x[0] + 2.0 * x[1] - p, 2.0 * x[0] + 4.0 * x[1] - 2.0 * p], [0.0, 0.0]),
        (argmin, lambda x, p: x**4 + 0.0 * p, 0.0),
        (fixed_point, lambda x, p: x + p, 0.0),
    ):
        found = solve(f, x0, 0.0)
        assert found == x0
        with pytest.raises(DomainError, match=rf"^{solve.__name__}: expected equations whose matrix .* at x = 0.0"):
            solve(f, x0, p)


def test_a_changed_parameter_is_noticed(engine):
    """The slopes of a recorded sweep are those of now, and the solution that of then."""
    p = engine.Value(4.0)
    x = root(lambda x, p: x * x - p, 1.0, p)
    p.data = 9.0
    x.backward()
    assert p.grad == 0.25
    with pytest.raises(GraphError, match=r"^root: expected the operands as they were .* 4\.0, got 9\.0"):
        autograd.gradient(x, [p], create_graph=True)
