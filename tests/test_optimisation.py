"""The problems of Moré, Garbow and Hillstrom: their derivatives are right, and SciPy minimises with them.

What is right is said by mpmath: differences of 80 digits of the same programs. How far rounding may take floats from
that is said by an error analysis that runs along the program: a `Jet` carries a number, its gradient and its
Hessian, and for every entry of these a `Term` that knows how large the rounding errors behind it can be.
"""

import functools
import importlib
import itertools
import math
import random
import sys
from types import SimpleNamespace
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
from conftest import TWINS
from more_garbow_hillstrom import PROBLEMS
from scipy.optimize import least_squares, minimize

import autograd
from autograd import grad, hessian, scipy_objective

problems = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)


# ---- how large rounding errors can be ----------------------------------------------------------------


class Term(NamedTuple):
    """Numbers (arrays of them), sums of the absolute values of all products in them, and bounds of their errors.

    The errors are in units of the relative error of one rounding, to first order. They are bounded with the sizes
    instead of the numbers, so that the bounds do not depend on what cancels on the way.
    """

    number: Any
    size: Any
    error: Any

    def __add__(self, other):
        size = self.size + other.size
        return Term(self.number + other.number, size, self.error + other.error + size)

    def __mul__(self, other):
        size = self.size * other.size
        return Term(self.number * other.number, size, self.size * other.error + self.error * other.size + size)


class Jet:
    """A number, its gradient and its Hessian, computed forwards."""

    KERNEL = 8  # roundings that a value or partial of a primitive is worth: 4 ulp, each of up to 2 roundings

    def __init__(self, value, gradient, hessian):
        self.value = value._replace(size=abs(value.number))  # a number is rounded as it is, whatever cancelled in it
        self.gradient = gradient
        self.hessian = hessian

    @staticmethod
    def variables(x):
        zero = np.zeros((len(x), len(x)))
        unit = np.eye(len(x))
        return [
            Jet(Term(y, abs(y), 0.0), Term(unit[i], unit[i], zero[i]), Term(zero, zero, zero)) for i, y in enumerate(x)
        ]

    def through(self, *derivatives):
        """Return f(self), of f and its first three derivatives here."""
        error = self.value.error
        f, first, second = (
            Term(d, abs(d), abs(slope) * error + self.KERNEL * abs(d)) for d, slope in itertools.pairwise(derivatives)
        )
        return Jet(f, first * self.gradient, first * self.hessian + second * _outer(self.gradient, self.gradient))

    def __add__(self, other):
        if not isinstance(other, Jet):
            return Jet(self.value + Term(other, abs(other), 0.0), self.gradient, self.hessian)
        return Jet(self.value + other.value, self.gradient + other.gradient, self.hessian + other.hessian)

    def __mul__(self, other):
        if not isinstance(other, Jet):
            factor = Term(other, abs(other), 0.0)
            return Jet(self.value * factor, self.gradient * factor, self.hessian * factor)
        return Jet(
            self.value * other.value,
            self.value * other.gradient + self.gradient * other.value,
            (self.value * other.hessian + self.hessian * other.value)
            + (_outer(self.gradient, other.gradient) + _outer(other.gradient, self.gradient)),
        )

    def __pow__(self, exponent):
        if isinstance(exponent, Jet):
            return _exp(exponent * _log(self))
        falling = [math.prod(exponent - i for i in range(order)) for order in range(4)]
        x = self.value.number
        return self.through(*(c * x ** (exponent - order) if c else 0.0 for order, c in enumerate(falling)))

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * other**-1.0

    def __rtruediv__(self, other):
        return self**-1.0 * other

    def __abs__(self):
        return -self if self < 0 else self

    def __lt__(self, other):
        return self.value.number < other


def _outer(a, b):
    return Term(*(column[:, None] for column in a)) * b


def _exp(x):
    return x.through(*[math.exp(x.value.number)] * 4)


def _log(x):
    y = x.value.number
    return x.through(math.log(y), 1 / y, -1 / y**2, 2 / y**3)


def _sin(x):
    s, c = math.sin(x.value.number), math.cos(x.value.number)
    return x.through(s, c, -s, -c)


def _cos(x):
    s, c = math.sin(x.value.number), math.cos(x.value.number)
    return x.through(c, -s, -c, s)


def _atan(x):
    y = x.value.number
    w = 1 + y * y
    return x.through(math.atan(y), 1 / w, -2 * y / w**2, (6 * y * y - 2) / w**3)


ON_JETS = SimpleNamespace(exp=_exp, sin=_sin, cos=_cos, atan=_atan, sqrt=lambda x: x**0.5)


# ---- the derivatives ---------------------------------------------------------------------------------

DIGITS = 80
STEP = mpmath.mpf(10) ** -20  # so that what the step and what the digits cost are both 40 digits


def exact(problem, x):
    """Return the gradient and the Hessian by central differences, and what these are unsure of."""
    n = len(x)
    with mpmath.workdps(DIGITS):

        def moved(sign, *directions):
            y = [mpmath.mpf(number) for number in x]
            for i in directions:
                y[i] += sign * STEP
            return problem.sum_of_squares(y, mpmath)

        here, up, down = moved(0), [moved(1, i) for i in range(n)], [moved(-1, i) for i in range(n)]
        gradient = [(a - b) / (2 * STEP) for a, b in zip(up, down, strict=True)]
        bends = [a + b - 2 * here for a, b in zip(up, down, strict=True)]
        hessian = [[bends[i] / STEP**2] * n for i in range(n)]
        for i, j in itertools.combinations(range(n), 2):
            both = moved(1, i, j) + moved(-1, i, j) - 2 * here
            hessian[i][j] = hessian[j][i] = (both - bends[i] - bends[j]) / (2 * STEP**2)
        return gradient, hessian, here * mpmath.mpf(10) ** -30


@functools.cache
def proofs(problem):
    """Return, for the start and two points near it: the point, its exact derivatives, and the error analysis."""
    rng = random.Random(problem.number)
    near = [tuple(y + 0.1 * (abs(y) + 0.1) * rng.uniform(-1, 1) for y in problem.x0) for _ in range(2)]
    return [(x, exact(problem, x), problem.sum_of_squares(Jet.variables(x), ON_JETS)) for x in (problem.x0, *near)]


def worst(got, expected, errors, unsure):
    """Return the greatest error of numbers, in units of its bound.

    A backward sweep adds the same products as the error analysis, but in another order, so that roundings fall
    on other products than there: hence a bound of two roundings, which is one epsilon, for each one counted.
    """
    bounds = [float(unsure) + sys.float_info.epsilon * float(error) for error in errors]
    off = [float(abs(mpmath.mpf(a) - b)) for a, b in zip(got, expected, strict=True)]
    return max(a / b if b else math.inf if a else 0.0 for a, b in zip(off, bounds, strict=True))


@functools.cache
def derivatives(twin, problem):
    """Return the gradient and the Hessian that a twin finds at each point of the proofs."""
    engine = importlib.import_module(twin)

    def f(y):
        return problem.sum_of_squares(y, engine)

    def number(y):
        return y.data if isinstance(y, engine.Value) else y

    found = []
    for x, *_ in proofs(problem):
        variables = [engine.Value(y) for y in x]
        found.append(
            ([number(y) for y in grad(f)(variables)], [[number(y) for y in row] for row in hessian(f)(variables)])
        )
    return found


@problems
def test_gradient_and_hessian(engine, problem):
    """They are those of mpmath within the bound on rounding errors."""
    for (first, second), (_, exactly, jet) in zip(derivatives(engine.__name__, problem), proofs(problem), strict=True):
        gradient, matrix, unsure = exactly
        assert worst(first, gradient, jet.gradient.error, unsure) <= 1
        assert worst(sum(second, []), sum(matrix, []), jet.hessian.error.ravel(), unsure) <= 1


@problems
def test_hessian_is_symmetric(engine, problem):
    """To the last bit."""
    for _, second in derivatives(engine.__name__, problem):
        assert second == [list(column) for column in zip(*second, strict=True)]


@problems
def test_twins_agree(problem):
    """Gradients and Hessians are equal to the last bit."""
    assert len({repr(derivatives(twin, problem)) for twin in TWINS}) == 1


@problems
def test_arrays_and_lists(problem):
    """The derivatives by an array are arrays of the derivatives by a list of the same numbers."""

    def f(y):
        return problem.sum_of_squares(y, autograd.math)

    for x, *_ in proofs(problem):
        assert grad(f)(np.array(x)).tolist() == grad(f)(list(x))
        assert hessian(f)(np.array(x)).tolist() == hessian(f)(list(x))


# ---- SciPy with our derivatives and without ------------------------------------------------------------


class Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return self.function(x)


def is_minimum(problem, found):
    """Return whether a sum of squares is one of the known minima: to six digits, or less than 1e-10 where it is 0."""
    return any(abs(found - minimum) < (1e-5 * minimum or 1e-10) for minimum in problem.minima)


def sum_of_squares(problem):
    """Return the function to minimise, for Values and for SciPy's own differences."""
    ours = Counted(lambda x: problem.sum_of_squares(x, autograd.math))
    plain = Counted(lambda x: problem.sum_of_squares(x.tolist(), math))
    return ours, plain


def residuals(problem):
    """Return the residuals, for Values and for SciPy's own differences."""
    ours = Counted(lambda x: problem.residuals(x, autograd.math))
    plain = Counted(lambda x: problem.residuals(x.tolist(), math))
    return ours, plain


BFGS = {"method": "BFGS", "options": {"gtol": 1e-8, "maxiter": 5000}}
LM = {"method": "lm", "xtol": 1e-12, "ftol": 1e-12, "gtol": 1e-12, "max_nfev": 5000}


@problems
def test_bfgs(problem):
    """With the exact gradient it finds the minimum of every problem, in fewer calls than without.

    Without it, it needs more calls even where it gives up far from the minimum.
    """
    ours, plain = sum_of_squares(problem)
    found = minimize(scipy_objective(ours).value_and_grad, problem.x0, jac=True, **BFGS)
    minimize(plain, problem.x0, **BFGS)
    assert is_minimum(problem, found.fun)
    assert ours.calls < plain.calls


@problems
def test_newton(problem):
    """With the exact Hessian, too, a method finds the minimum of every problem."""
    ours, _ = sum_of_squares(problem)
    objective = scipy_objective(ours)
    options = {"gtol": 1e-8, "maxiter": 5000}
    for second in (
        {"method": "trust-exact", "hess": objective.hess},
        {"method": "trust-krylov", "hessp": objective.hessp},
    ):
        found = minimize(objective.fun, problem.x0, jac=objective.jac, options=options, **second)
        assert is_minimum(problem, found.fun)


@problems
def test_least_squares(problem):
    """With the exact Jacobian MINPACK's method finds the minimum of every problem, in fewer calls than without."""
    ours, plain = residuals(problem)
    objective = scipy_objective(ours)
    found = least_squares(objective.fun, problem.x0, jac=objective.jac, **LM)
    least_squares(plain, problem.x0, **LM)
    assert len(found.fun) == problem.m
    assert is_minimum(problem, 2 * found.cost)
    assert ours.calls < plain.calls
