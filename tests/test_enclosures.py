"""Enclosures hold the computed and the true numbers; true gradients are true."""

import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import DomainError, grad, primitive
from autograd.primitives import PRIMITIVES
from autograd.testing import Verdict, enclosure, true_grad
from autograd.testing.exact import MPMATH
from autograd.testing.strategies import programs

TAME = ("add", "sub", "mul", "truediv", "neg", "sin", "cos", "tanh", "atan", "asinh", "erf", "sigmoid", "hypot", "dot")


@given(program=programs(inputs=(2, 2), long=False))
def test_intervals_hold_the_computed_and_the_true_numbers(calculus, program):
    """In any program: those of any engine within the budgets, and the exact ones."""
    f = program.as_function(calculus)
    found = enclosure(f, *f.program.inputs)
    assert found.verdict is not Verdict.FAIL, found
    if found.verdict is Verdict.UNDECIDED:
        return
    true = true_grad(f, *f.program.inputs)
    computed = grad(f, argnums=(0, 1))(*f.program.inputs)
    for interval, exact, number in zip(found.gradient, true, computed, strict=True):
        assert interval.computed == number
        assert interval.low <= number <= interval.high
        assert mpmath.mpf(interval.low) <= exact <= mpmath.mpf(interval.high)


def by_mpmath(engine, root, leaves):
    """Return the derivatives of a graph by some leaves, in a second arithmetic."""
    order = engine.ancestors(root)
    numbers, adjoint = {}, dict.fromkeys(order, mpmath.mpf(0))
    adjoint[root] = mpmath.mpf(1)
    for node in order:
        operands = [numbers[x] if type(x) is engine.Value else mpmath.mpf(x) for x in node.operands]
        numbers[node] = MPMATH.value(PRIMITIVES[node.op], operands) if node.op else mpmath.mpf(node.data)
    for node in reversed(order):
        operands = [numbers[x] if type(x) is engine.Value else mpmath.mpf(x) for x in node.operands]
        for i, x in enumerate(node.operands):
            if type(x) is engine.Value:
                adjoint[x] += adjoint[node] * MPMATH.partial(PRIMITIVES[node.op], i, operands, numbers[node])
    return [adjoint.get(leaf, mpmath.mpf(0)) for leaf in leaves]


@given(program=programs(ops=TAME, inputs=(2, 2), long=False, constants=False))
def test_mpmath_finds_the_same_true_gradients(calculus, program):
    """Balls are one arithmetic, numbers of 1,000 bits another."""
    f = program.as_function(calculus)
    leaves = [calculus.Value(x) for x in f.program.inputs]
    root = f(*leaves)
    assume(all(1e-9 < abs(node.data) < 1e9 for node in calculus.ancestors(root)))
    with mpmath.workprec(1000):
        for exact, other in zip(true_grad(f, *f.program.inputs), by_mpmath(calculus, root, leaves), strict=True):
            assert abs(exact - other) <= mpmath.ldexp(abs(other), -60) + mpmath.ldexp(1, -800)


@given(x=st.floats(-3, 3), y=st.floats(0.1, 3))
def test_intervals_of_tame_programs_are_narrow(calculus, x, y):
    """Nearly all digits of a computed gradient can be trusted, and its interval says so."""
    found = enclosure(lambda x, y: calculus.exp(-x * y) + calculus.sin(x) / y + x, x, y)
    assert found.verdict is Verdict.PASS
    assert found.gradient[1].error <= 40 * math.ulp(1 + abs(x) * math.exp(-x * y) + 1 / y**2)


def test_digits_and_condition_numbers(calculus):
    """Of a difference that loses ten digits; its condition number says that it would."""
    found = enclosure(lambda x: calculus.log(x) - 1.0, math.e * (1 + 1e-10))
    assert found.value.digits in {5, 6}
    assert found.gradient.digits >= 15
    assert found.gradient.condition == pytest.approx(1e10, rel=1e-4)
    assert (found.value.low, found.value.high) != (found.value.computed, found.value.computed)


def test_what_is_exact_has_no_width(calculus):
    """Whole numbers, say: all 17 digits are right."""
    found = enclosure(lambda x: x - 3.0, 5.0)
    assert (found.gradient.error, found.gradient.digits) == (0.0, 17)


@pytest.mark.parametrize(
    ("f", "x", "word"),
    [
        (lambda m, x: abs(x), 0.0, "kink"),
        (lambda m, x: m.relu(x), 0.0, "kink"),
        (lambda m, x: m.relu((x - 0.3) + (0.3 - x)), 0.1, "kink"),
        (lambda m, x: m.maximum(x * 3, 0.3), 0.1, "kink"),
        (lambda m, x: m.fmod(x * 10, 1.0), 0.3, "kink"),
        (lambda m, x: m.sqrt(x), 0.0, "domain"),
        (lambda m, x: m.acos(m.cos(x)), 0.0, "domain"),
        (lambda m, x: m.where(x * 0.1 - 0.03, x, 2 * x), 0.3, "kink"),
        (lambda m, x: (x * 1e200) * 1e200, 1.0, "not finite"),
        (lambda m, x: bell(x), 1.0, "own primitive"),
    ],
)
def test_there_is_no_proof_at_a_kink(calculus, f, x, word):
    """Nor where the rounding of an operand may have crossed one; the reason names the node."""
    found = enclosure(lambda x: f(calculus, x), x)
    assert found.verdict is Verdict.UNDECIDED
    assert word in found.reason
    assert (found.gradient.low, found.gradient.high, found.gradient.digits) == (-math.inf, math.inf, 0)
    assert ": UNDECIDED: " in str(found).splitlines()[0]


bell = primitive(lambda x: math.exp(-x * x), lambda x, out: -2 * x * out, name="bell")


def test_a_partial_beyond_its_budget_is_outside_its_interval(calculus, monkeypatch):
    """A computed gradient that no engine within the budgets could find is proved wrong."""
    f = lambda x: calculus.tanh(x) * 2.0  # noqa: E731
    wrong = lambda seeds, nodes: [grad(f)(0.5) * (1 + 1e-13)]  # noqa: E731
    engine = type("Engine", (), {"adjoints": staticmethod(wrong), "ancestors": staticmethod(calculus.ancestors)})
    monkeypatch.setattr("autograd.testing.enclosures.twin_of", lambda value: engine)
    found = enclosure(f, 0.5)
    assert (found.verdict, found.reason) == (Verdict.FAIL, "the computed d/dx is outside its interval")


def test_structures_of_arguments(calculus):
    """Intervals come back in the structure of the argument, and are called as it is."""
    found = enclosure(lambda p: p["a"][0] * p["a"][1] + sum(p["b"]), {"a": [2.0, 3.0], "b": np.array([1.0, 4.0])})
    assert [x.computed for x in found.gradient["a"]] == [3.0, 2.0]
    assert [x.computed for x in found.gradient["b"]] == [1.0, 1.0]
    assert [line.split()[0] for line in str(found).splitlines()[2:]] == [
        "value",
        "d/dp['a'][0]",
        "d/dp['a'][1]",
        "d/dp['b'][0]",
        "d/dp['b'][1]",
    ]


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda m, x: m.tanh(x), 20.0, lambda x: mpmath.sech(x) ** 2),
        (lambda m, x: m.sin(x) ** 2 + m.cos(x) ** 2, 0.7, lambda x: mpmath.mpf(0)),
        (lambda m, x: (x + 1e16) - 1e16, 0.1, lambda x: mpmath.mpf(1)),
        (lambda m, x: ((x + 1e100) - 1e100) ** 2, 1.0, lambda x: mpmath.mpf(2)),
        (lambda m, x: (1 - m.cos(x)) ** 2, 1e-60, lambda x: 2 * (1 - mpmath.cos(x)) * mpmath.sin(x)),
        (lambda m, x: abs((x + 1e-17) - 1), 1.0, lambda x: mpmath.mpf(1)),
        (lambda m, x: m.maximum((x + 1e-17) * 3, 3 + (x - 1) * 5), 1.0, lambda x: mpmath.mpf(3)),
        (lambda m, x: m.exp(m.log(x)), 3.0, lambda x: mpmath.mpf(1)),
        (
            lambda m, x: m.erf(x) - m.erf(x + 1e-12),
            1.0,
            lambda x: 2 / mpmath.sqrt(mpmath.pi) * (mpmath.exp(-x * x) - mpmath.exp(-((x + mpmath.mpf(1e-12)) ** 2))),
        ),
        (lambda m, x: abs(x), 0.0, lambda x: mpmath.mpf(0)),
    ],
)
def test_true_gradients(calculus, f, x, expected):
    """To sixty bits, however much cancels on the way."""
    with mpmath.workprec(1000):
        exact = expected(mpmath.mpf(x))
        assert abs(true_grad(lambda x: f(calculus, x), x) - exact) <= mpmath.ldexp(abs(exact), -60)


def test_true_gradients_refuse_what_is_not_finite(calculus):
    """And own primitives."""
    for f, x in ((lambda x: calculus.sqrt(x), 0.0), (bell, 1.0), (lambda x: x * math.inf, 1.0)):
        with pytest.raises(DomainError, match=r"^true_grad: expected "):
            true_grad(f, x)
    assert true_grad(lambda x: 3.0, 1.0) == 0


@given(x=st.floats(-5, 5), y=st.floats(-5, 5))
def test_nested_intervals(calculus, x, y):
    """Interval arithmetic is right at its ends: low and high are floats around what balls hold."""
    assume(x != y)
    found = enclosure(lambda a, b: (a - b) * (a + b), x, y)
    exact = Fraction(x) ** 2 - Fraction(y) ** 2
    assert Fraction(found.value.low) <= exact <= Fraction(found.value.high)
    for interval, number in zip(
        found.gradient, itertools.starmap(lambda s, n: 2 * s * Fraction(n), ((1, x), (-1, y))), strict=True
    ):
        assert Fraction(interval.low) <= number <= Fraction(interval.high)
