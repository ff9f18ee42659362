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
        matrix = [[bends[i] / STEP**2] * n for i in range(n)]
        for i, j in itertools.combinations(range(n), 2):
            both = moved(1, i, j) + moved(-1, i, j) - 2 * here
            matrix[i][j] = matrix[j][i] = (both - bends[i] - bends[j]) / (2 * STEP**2)
        return gradient, matrix, here * mpmath.mpf(10) ** -30


@functools.cache
def proofs(problem):
    """Return, for the start and two points near it: the point, its exact derivatives, and the error analysis."""
    rng = random.Random(problem.number)
    near = [tuple(y + 0.1 * (abs(y) + 0.1) * rng.uniform(-1, 1) for y in problem.x0) for _ in range(2)]
    return [(x, exact(problem, x), problem.sum_of_squares(Jet.variables(x), ON_JETS)) for x in (problem.x0, *near)]


def within(got, expected, errors, unsure):
    """Return whether numbers are as near to the expected ones as rounding allows.

    A backward sweep adds the same products as the error analysis, but in another order, so that roundings fall
    on other products than there: hence a bound of two roundings, which is one epsilon, for each one counted.
    """
    return all(
        abs(mpmath.mpf(a) - b) <= unsure + sys.float_info.epsilon * float(error)
        for a, b, error in zip(got, expected, errors, strict=True)
    )


def flat(matrix):
    """Return the entries of a matrix, row by row."""
    return list(itertools.chain.from_iterable(matrix))


@problems
def test_gradient_and_hessian(calculus, problem):
    """They are those of mpmath within the bound on rounding errors, and the Hessian is symmetric to the last bit.

    So are what SciPy is given, which is found in another way.
    """

    def f(x):
        return problem.sum_of_squares(x, calculus)

    objective = scipy_objective(f)
    for x, (gradient, matrix, unsure), jet in proofs(problem):
        for first, second in (
            (grad(f)(list(x)), hessian(f)(list(x))),
            (objective.jac(x).tolist(), objective.hess(x).tolist()),
        ):
            assert within(first, gradient, jet.gradient.error, unsure)
            assert within(flat(second), flat(matrix), flat(jet.hessian.error), unsure)
            assert second == [list(column) for column in zip(*second, strict=True)]


@problems
def test_twins_agree(problem):
    """On the gradient and the Hessian by their own Values, to the last bit."""

    def derivatives(twin):
        engine = importlib.import_module(twin)

        def f(x):
            return problem.sum_of_squares(x, engine)

        variables = [[engine.Value(y) for y in x] for x, *_ in proofs(problem)]
        return repr([(grad(f)(x), hessian(f)(x)) for x in variables])

    assert len(set(map(derivatives, TWINS))) == 1


@problems
def test_arrays_and_lists(problem):
    """The derivatives by an array are arrays of the derivatives by a list of the same numbers."""

    def f(x):
        return problem.sum_of_squares(x, autograd.math)

    x = problem.x0
    assert grad(f)(np.array(x)).tolist() == grad(f)(list(x))
    assert hessian(f)(np.array(x)).tolist() == hessian(f)(list(x))


# ---- SciPy with our derivatives and without ------------------------------------------------------------


class Calls:
    """The residuals of a problem, and the sum of their squares, as functions that note what each call came to."""

    def __init__(self, problem, math):
        self.problem = problem
        self.math = math
        self.sums = []

    def residuals(self, x):
        found = self.problem.residuals(x, self.math)
        numbers = [r.data if isinstance(r, autograd.Value) else r for r in found]
        self.sums.append(sum(r * r for r in numbers))
        return found

    def sum_of_squares(self, x):
        return sum(r * r for r in self.residuals(x))

    def before_minimum(self):
        """Return how many calls it took to come to a minimum; infinitely many if none did.

        How long a method goes on from there, where the values differ by rounding alone, says nothing.
        """
        return next((i for i, found in enumerate(self.sums, 1) if is_minimum(self.problem, found)), math.inf)


def is_minimum(problem, found):
    """Return whether a sum of squares is one of the known minima: to six digits, or below 1e-10 where that is 0."""
    return any(abs(found - minimum) < (one_digit(minimum) or 1e-10) for minimum in problem.minima)


def one_digit(minimum):
    """Return what the sixth digit of a minimum counts."""
    return minimum and 10.0 ** (math.floor(math.log10(minimum)) - 5)


#: A step that was much too long makes SciPy's own arithmetic overflow, after which it takes a shorter one.
overflows = pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")

BFGS = {"method": "BFGS", "options": {"gtol": 1e-8, "maxiter": 5000}}
NEWTON = {**BFGS, "method": "trust-exact"}
LEAST_SQUARES = {"xtol": 1e-12, "ftol": 1e-12, "gtol": 1e-12, "max_nfev": 5000}


@overflows
@problems
def test_bfgs(problem):
    """With the exact gradient it finds the minimum of every problem, in fewer calls than with differences.

    With differences it never comes to the minimum of the badly scaled ones.
    """
    ours, plain = Calls(problem, autograd.math), Calls(problem, math)
    found = minimize(scipy_objective(ours.sum_of_squares).value_and_grad, problem.x0, jac=True, **BFGS)
    minimize(lambda x: plain.sum_of_squares(x.tolist()), problem.x0, **BFGS)
    assert is_minimum(problem, found.fun)
    assert ours.before_minimum() < plain.before_minimum()


@overflows
@problems
def test_trust_region(problem):
    """With the exact Hessian a Newton method finds the minimum of every problem, too."""
    objective = scipy_objective(Calls(problem, autograd.math).sum_of_squares)
    found = minimize(objective.fun, problem.x0, jac=objective.jac, hess=objective.hess, **NEWTON)
    assert is_minimum(problem, found.fun)


@overflows
@problems
def test_least_squares(problem):
    """With the exact Jacobian it finds the minimum of every problem, in fewer calls than with differences."""
    ours, plain = Calls(problem, autograd.math), Calls(problem, math)
    objective = scipy_objective(ours.residuals)
    found = least_squares(objective.fun, problem.x0, jac=objective.jac, **LEAST_SQUARES)
    least_squares(lambda x: plain.residuals(x.tolist()), problem.x0, **LEAST_SQUARES)
    assert len(found.fun) == problem.m
    assert is_minimum(problem, 2 * found.cost)
    assert ours.before_minimum() < plain.before_minimum()


def test_second_minima():
    """Those listed that lie elsewhere: one far from the start, one where two of the exponentials are the same."""
    freudenstein, biggs = PROBLEMS[1], PROBLEMS[17]
    far = scipy_objective(lambda x: freudenstein.residuals(x, autograd.math))
    assert least_squares(far.fun, (6, 5), jac=far.jac, **LEAST_SQUARES).cost < 1e-20

    same = scipy_objective(lambda x: biggs.residuals([*x, x[0], x[2]], autograd.math))
    found = 2 * least_squares(same.fun, biggs.x0[:4], jac=same.jac, **LEAST_SQUARES).cost
    assert abs(found - biggs.minima[1]) < one_digit(biggs.minima[1])
