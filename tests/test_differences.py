"""Finite differences: the true derivative lies within the stated error, and what has none is told by its kind."""

import itertools
import math
import operator
import random
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from autograd.primitives import PRIMITIVES
from autograd.testing import differences
from autograd.testing.differences import MOST_CALLS, derivative, gradient

#: Rows of smooth functions, or of pieces that are.
ROWS = [row for row in PRIMITIVES.values() if not row.columns and row.name not in {"where", "polygamma", "ldexp"}]
SMOOTH = ["exp", "log", "sin", "cos", "tanh", "sqrt", "atan", "log1p", "expm1", "sigmoid", "softplus", "erf", "asinh",
          "cosh", "sinh", "tan", "cbrt"]  # fmt: skip
ROUNDING = 1e-14  # of the true derivative, where that is a product of many


def is_within(estimate, truth):
    """Return whether the true derivative lies within the stated error."""
    return abs(estimate.value - truth) <= estimate.error + ROUNDING * abs(truth)


def of_the_table(engine, rng, count):
    """Yield functions of one number that are primitives with their other operands fixed, points and derivatives."""
    for row in ROWS:
        function = getattr(operator if row.symbol else engine, row.name)
        for _ in range(count):
            point = [rng.uniform(*span) for span in row.samples[: len(row.operands)]]
            for i, x in enumerate(point):

                def f(x, function=function, point=point, i=i):
                    return function(*map(engine.Value, [*point[:i], x, *point[i + 1 :]])).data

                values = list(map(engine.Value, point))
                try:
                    node = function(*values)
                except (ValueError, ArithmeticError):
                    continue
                yield f, x, dict(zip(node.parents, node.partials, strict=True)).get(values[i], 0.0)


def programs(engine, rng, count):
    """Yield programs of up to five smooth functions and operators, points and derivatives."""
    for _ in range(count):
        steps = [(rng.choice(SMOOTH), rng.choice("+-*/ "), rng.uniform(-3, 3)) for _ in range(rng.randint(1, 5))]

        def f(x, steps=steps):
            y = x
            for name, symbol, c in steps:
                y = getattr(engine, name)(y)
                match symbol:
                    case "+":
                        y = y + c * x
                    case "-":
                        y = c - y
                    case "*":
                        y = y * x
                    case "/":
                        y = y / (x * x + c * c)
            return y

        yield from recorded(engine, f, rng.uniform(-5, 5))


def scales(engine, rng, count):
    """Yield functions of numbers of all sizes, some of them with a scale of their own."""
    for _ in range(count):
        name, factor = rng.choice(SMOOTH), rng.choice((1.0, 10 ** rng.uniform(-8, 8)))
        x = rng.choice((-1, 1)) * 10 ** rng.uniform(-8, 8)
        yield from recorded(engine, lambda x, name=name, factor=factor: getattr(engine, name)(factor * x), x)


def recorded(engine, f, x):
    """Yield a function of floats with its point and derivative there, if it has one."""
    leaf = engine.Value(x)
    try:
        root = f(leaf)
    except (ValueError, ArithmeticError):
        return
    root.backward()
    if math.isfinite(leaf.grad):
        yield lambda x: f(engine.Value(x)).data, x, leaf.grad


def solvers(rng, count):
    """Yield solutions of y**3 + y = c by bisection to a tolerance, as functions of c, points and derivatives."""

    def solve(c, tolerance):
        low, high = 0.0, 4.0
        while high - low > tolerance:
            middle = (low + high) / 2
            low, high = (middle, high) if middle**3 + middle < c else (low, middle)
        return (low + high) / 2

    for _ in range(count):
        c, tolerance = rng.uniform(0.5, 5), 10 ** rng.uniform(-10, -7)
        yield lambda c, tolerance=tolerance: solve(c, tolerance), c, 1 / (3 * solve(c, 1e-14) ** 2 + 1)


def corpus(engine):
    """Yield all functions to be judged by."""
    rng = random.Random(0)
    yield "primitives", list(of_the_table(engine, rng, 15))
    yield "programs", list(programs(engine, rng, 1500))
    yield "scales", list(scales(engine, rng, 1000))
    yield "solvers", list(solvers(rng, 200))


def test_the_true_derivative_lies_within_the_error(engine):
    """Of all that it claims to know, 99.9 % is true; it knows nearly all, and to nine digits where there is no noise."""
    known, wrong, unknown = 0, [], Counter()
    for name, cases in corpus(engine):
        errors = []
        for f, x, truth in cases:
            estimate = derivative(f, x)
            assert estimate.calls <= MOST_CALLS
            if estimate.kind:
                unknown[estimate.kind] += 1
                continue
            known += 1
            if not is_within(estimate, truth):
                wrong.append((name, x, truth, estimate))
            elif truth:
                errors.append(abs(estimate.value - truth) / abs(truth))
        assert sorted(errors)[len(errors) // 2] < (1e-6 if name == "solvers" else 1e-9), name
    assert known > 2500
    assert unknown.total() < known / 100, unknown
    assert len(wrong) < known / 1000, wrong


@given(st.floats(-2, 2), st.integers(2, 6), st.randoms(use_true_random=False))
def test_gradient_of_many_numbers(first, n, rng):
    """The gradient of Rosenbrock's function, by each of its numbers."""
    point = [first, *(rng.uniform(-2, 2) for _ in range(n - 1))]

    def rosenbrock(x):
        return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))

    for i, estimate in enumerate(gradient(rosenbrock, point)):
        x = point[i]
        truth = 200 * (x - point[i - 1] ** 2) if i else 0.0
        truth += -400 * x * (point[i + 1] - x * x) - 2 * (1 - x) if i < n - 1 else 0.0
        assert estimate.kind == ""
        assert is_within(estimate, truth)
        assert estimate.error < 1e-8


@pytest.mark.parametrize("distance", [0.0, 1e-9, -1e-9, 1e-3, -1e-3])
@example(2.9375, 1.0, 1.0)  # the first fit to the right reached too far
@example(2.25, 0.5168481512923004, -1.5)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-2, 2))
def test_kinks(distance, a, b, at):
    """At a kink both slopes are found; beside it the derivative, or both slopes where noise hides which side it is."""
    assume(abs(b) > 0.2 * abs(a) and abs(b) > 0.01)
    x = at + distance
    estimate = derivative(lambda x: math.sin(a * x) + b * abs(x - at), x)
    smooth = a * math.cos(a * x)
    left, right = smooth - b, smooth + b
    if estimate.kind == "":
        assert x != at
        assert is_within(estimate, right if x > at else left)
    else:
        assert estimate.kind == "kink"
        assert abs(distance) < 1e-6
        assert abs(estimate.left - left) <= estimate.error + 1e-8
        assert abs(estimate.right - right) <= estimate.error + 1e-8


@given(st.floats(-10, 10), st.floats(-5, 5))
def test_a_jump_is_no_kink(at, height):
    """Where the value jumps there is no derivative, and the slopes of the sides are told."""
    assume(abs(height) > 0.1)
    estimate = derivative(lambda x: 2 * (x - at) + (height if x >= at else 0.0), at)
    assert estimate.kind == "jump"
    assert math.isnan(estimate.value)
    assert estimate.left == pytest.approx(2, abs=1e-6)
    assert estimate.right == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize(
    ("f", "x", "kind", "value"),
    [
        (abs, 0.0, "kink", math.nan),
        (lambda x: max(x, 0.0), 0.0, "kink", math.nan),
        (lambda x: max(x, 2 * x - 1), 1.0, "kink", math.nan),
        (math.floor, 2.0, "jump", math.nan),
        (math.floor, 250.0, "jump", math.nan),
        (lambda x: 1.0 if x == 2 else 0.0, 2.0, "jump", math.nan),
        (math.floor, 2.5, "", 0.0),
        (math.floor, 250.5, "", 0.0),
        (math.sqrt, 0.0, "not finite", math.inf),
        (math.cbrt, 0.0, "not finite", math.inf),
        (math.acos, 1.0, "not finite", -math.inf),
        (lambda x: math.inf, 1.0, "not finite", math.nan),
        (lambda x: 7.0 if x == 1 else math.nan, 1.0, "not finite", math.nan),
        (lambda x: x * math.sin(1 / x) if x else 0.0, 0.0, "noisy", math.nan),
        (lambda x: x + 1 + 0 * math.sqrt(x), 0.0, "edge", 1.0),
        (lambda x: 3 * x if x <= 1 else 1 / 0, 1.0, "edge", 3.0),
        (lambda x: 5.0, 3.0, "", 0.0),
        (lambda x: 0.0, 0.0, "", 0.0),
        (lambda x: x**8, 0.0, "", 0.0),
        (lambda x: x, sys.float_info.max, "edge", 1.0),
        (lambda x: x, 5e-324, "", 1.0),
        (math.log, 1e-8, "", 1e8),
        (lambda x: math.sin(1e8 * x), 1.0, "", 1e8 * math.cos(1e8)),
    ],
)  # fmt: skip
def test_kinds(f, x, kind, value):
    """Kinks, jumps, edges, steep places and flat ones are told apart."""
    estimate = derivative(f, x)
    assert estimate.kind == kind
    assert bool(estimate.reason) == bool(kind)
    assert estimate.calls <= MOST_CALLS
    if math.isfinite(value):
        assert is_within(estimate, value)
        assert math.isfinite(estimate.error)
    else:
        assert estimate.value == value or (math.isnan(estimate.value) and math.isnan(value))


def test_every_kind_has_a_reason():
    """A kind without words could not be reported."""
    kinds = {"", "kink", "jump", "edge", "noisy", "not finite"}
    assert set(differences._REASONS) == kinds


@given(st.floats(-12, 0), st.floats(-3, 3), st.integers(0, 2**32))
def test_noise_widens_the_error(exponent, x, seed):
    """Random noise of any size is found out: the truth is within the error, or nothing is claimed."""
    rng = random.Random(seed)
    noise = 10**exponent
    estimate = derivative(lambda x: math.sin(x) + noise * rng.uniform(-1, 1), x)
    if estimate.kind:
        assert estimate.kind != "edge"
        assert noise > 1e-9
    else:
        assert estimate.error > noise / 10
        assert abs(estimate.value - math.cos(x)) <= estimate.error


@given(
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(sorted(PRIMITIVES)), st.floats(allow_nan=False)
)
def test_at_any_float(engine, x, name, other):
    """At any point of any primitive there is an answer: its kind is one of those, and its calls are counted."""
    row = PRIMITIVES[name]
    assume(not row.columns)
    function = getattr(operator if row.symbol else engine, name)
    calls = []

    def f(x):
        calls.append(x)
        return function(*map(engine.Value, [x, other, other][: len(row.operands)])).data

    try:
        f(x)
    except (ValueError, ArithmeticError):
        with pytest.raises((ValueError, ArithmeticError)):
            derivative(f, x)
        return
    calls.clear()
    estimate = derivative(f, x)
    assert estimate.calls == len(calls) <= MOST_CALLS
    assert estimate.kind in differences._REASONS
    assert math.isfinite(estimate.value) == math.isfinite(estimate.error) or estimate.kind == "kink"


def test_more_noise_than_function():
    """Where there is nothing but noise, no digit is claimed."""
    rng = random.Random(1)
    assert derivative(lambda x: rng.random(), 1.0).kind == "noisy"


@pytest.mark.parametrize("lifted", [np.float64, np.array, np.float32, int])
def test_results_of_any_kind_of_number(lifted):
    """What float() accepts is a result: NumPy's scalars, arrays without dimensions, ints."""
    estimate = derivative(lambda x: lifted(round(3 * x)), 0.4)
    assert (estimate.value, estimate.kind) == (0.0, "")


def test_the_users_errors_are_the_users():
    """Anything but being undefined elsewhere propagates, and so does any error at the point itself."""
    with pytest.raises(KeyError):
        derivative(lambda x: {}["missing"], 1.0)
    with pytest.raises(KeyError):
        derivative(lambda x: x if x == 1.0 else {}["missing"], 1.0)
    with pytest.raises(ValueError, match=r"domain|nonnegative"):
        derivative(math.sqrt, -1.0)


def test_the_gradient_leaves_the_point_alone():
    """Each function call gets a list of its own, of floats."""
    point = (1, 2)
    seen = []
    first, second = gradient(lambda x: seen.append(x) or x[0] * x[1], point)
    assert (round(first.value, 9), round(second.value, 9)) == (2, 1)
    assert all(type(x) is list and set(map(type, x)) == {float} for x in seen)
    assert len({id(x) for x in seen}) == len(seen) == first.calls + second.calls


@pytest.mark.parametrize("x", [1e308, -1.7976931348623157e308, 5e-324, 1e-310])
def test_the_ends_of_the_floats(x):
    """There is nothing beyond them to step to; an answer comes all the same."""
    for f in (lambda x: x, abs, lambda x: 0.5 * x):
        found = derivative(f, x)
        assert found.kind or abs(found.value - f(math.copysign(1.0, x)) / math.copysign(1.0, x)) <= found.error


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan])
def test_there_is_no_difference_at_infinity(x):
    """Nor around a NaN, whatever the value."""
    for f in (lambda x: 2.0, lambda x: x):
        assert derivative(f, x).kind == "not finite"
