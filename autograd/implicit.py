"""The derivative of what a solver returns, by the equations that the answer solves.

    >>> from autograd import grad, hessian
    >>> from autograd.implicit import argmin, root
    >>> def cube_root(p):
    ...     return root(lambda x, p: x**3 - p, 1.0, p)
    >>> cube_root(8.0), grad(cube_root)(8.0)
    (2.0, 0.08333333333333333)
    >>> def ridge(p):
    ...     return argmin(lambda x, p: (x - 3.0) ** 2 + p * x**2, 0.0, p)
    >>> f"{ridge(2.0):.6f} {hessian(ridge)(2.0):.6f}"               # 3 / (1 + p), 6 / (1 + p)**3
    '1.000000 0.222222'

Where g(x, p) = 0 defines x as a function of p, its derivative is -(dg/dx)**-1 dg/dp: the implicit
function theorem. So it does not matter how x was found. The solver runs on plain floats and leaves no
trace; each number of its answer is recorded as one node, whose operands are the Values among the
parameters. Griewank and Walther, Evaluating Derivatives, 2nd ed., 2008, chapter 15.

The derivatives are those of the exact solution, taken at the answer as the solver returned it. They
are as accurate as the answer, which is not improved.
"""

from __future__ import annotations

import functools
import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from autograd import _recorded, errors
from autograd._recorded import twin_of
from autograd._structures import flatten, is_value, is_variable, map_values, number_of
from autograd.functional import grad, hessian, jacobian, value_and_grad
from autograd.own import (
    as_operands,
    check_unchanged,
    is_recorded,
    put_values,
    real_result,
    record,
    unrecorded,
    values_in,
)

__all__ = ["argmin", "fixed_point", "root"]

Function: TypeAlias = Callable[..., Any]
Solver: TypeAlias = Callable[[Function, Any], Any]


# ---- the three kinds of equations --------------------------------------------------------------------


def root(g: Function, x0: Any, params: Any, solver: Solver | None = None) -> Any:
    """Return x with ``g(x, params) == 0``, as a differentiable function of the parameters.

    Parameters
    ----------
    g : callable
        Takes x and the parameters, and returns as many numbers as there are in x. It has to be
        differentiable, as any function of scalar code on Values is, and to depend on no other Values.
    x0 : number or structure of numbers
        Where the solver starts. Its numbers alone count, no derivative goes through them.
    params : any structure
        Whatever `g` needs. The Values in it, at any depth of lists, tuples, dicts and arrays, are what
        the solution is differentiated by.
    solver : callable, optional
        ``solver(function, x0)`` returns the solution, where ``function(x)`` is `g` of plain numbers. Both
        x may have any structure, such as that of an array, with numbers in the order of those in
        x0; `g` gets it in the structure of x0. So a solver can be, for instance,
        ``lambda function, x0: scipy.optimize.root(function, x0).x``. What it returns is believed.
        By default Newton's method, with steps halved until they help.

    Returns
    -------
    number, Value, or structure of them
        In the structure of x0; plain numbers where there is no Value among the parameters.

    Raises
    ------
    RuntimeError
        If the default solver does not converge.
    DomainError
        If the matrix of derivatives of `g` by x is singular at the solution: then the solution is no
        differentiable function of the parameters.
    GraphError
        If `g` depends on Values that are not among the parameters, whose derivatives would be lost.

    Notes
    -----
    Recording takes one call of `g`, a sweep for each of its n numbers, and the solution of a dense
    system of n equations. A derivative that is differentiated again takes as much for each number of
    x, on Values.
    """
    return _solution(_Problem("root", g, _as_it_is), x0, params, solver or _newton)


def fixed_point(h: Function, x0: Any, params: Any, solver: Solver | None = None) -> Any:
    """Return x with ``x == h(x, params)``, as a differentiable function of the parameters.

    Parameters
    ----------
    h : callable
        Takes x and the parameters, and returns the next x.
    x0, params
        As for `root`.
    solver : callable, optional
        ``solver(function, x0)`` returns the solution, where ``function(x)`` is `h` of plain numbers. By
        default x is replaced by ``function(x)`` until it does not change any more, which takes
        the longer the weaker the map contracts.

    Returns
    -------
    number, Value, or structure of them
        In the structure of x0.

    Raises
    ------
    RuntimeError, DomainError, GraphError
        As `root`, for the equation ``h(x, params) - x == 0``.
    """
    return _solution(_Problem("fixed_point", h, _displacement), x0, params, solver or _repeat)


def argmin(f: Function, x0: Any, params: Any, solver: Solver | None = None) -> Any:
    """Return the x that minimises ``f(x, params)``, as a differentiable function of the parameters.

    Parameters
    ----------
    f : callable
        Takes x and the parameters, and returns one number. It is differentiated twice.
    x0, params
        As for `root`.
    solver : callable, optional
        ``solver(function, x0)`` returns the minimum's x, where ``function(x)`` is `f` of plain numbers:
        for instance ``lambda function, x0: scipy.optimize.minimize(function, x0,
        jac=autograd.grad(function), tol=1e-12).x``. By default Newton's method, kept going downhill.

    Returns
    -------
    number, Value, or structure of them
        In the structure of x0.

    Raises
    ------
    RuntimeError, DomainError, GraphError
        As `root`, for the equation that the gradient by x is zero.

    Notes
    -----
    The derivative of the minimum itself, ``f(argmin(f, x0, p), p)``, needs no derivative of x, as the
    gradient by x is zero there; to find it is cheaper with ``.detach()`` on the solution. Its second
    derivative does need that of x.
    """
    return _solution(_Problem("argmin", f, _slope), x0, params, solver or _descent)


def _as_it_is(g: Function, x: Any, params: Any) -> Any:
    return g(x, params)


def _displacement(h: Function, x: Any, params: Any) -> list[Any]:
    before, _ = flatten(x, "fixed_point")
    return list(map(operator.sub, _flat("fixed_point", "an image", h(x, params), len(before)), before))


def _slope(f: Function, x: Any, params: Any) -> Any:
    return grad(f)(x, params)


# ---- solution and derivative -------------------------------------------------------------------------


class _Problem(NamedTuple):
    """Equations, and their solution once it is found: plain data, so that graphs can be pickled."""

    name: str
    function: Function  # the user's
    equations: Function  # of the function, x and the parameters: what has to be zero
    parameters: Any = None  # with constants in the place of Values, that hold their numbers
    x: Any = None  # the solution, of floats
    slopes: Sequence[Sequence[float | None]] = ()  # of each number of the solution by each operand

    def residuals(self, xs: Sequence[Any], operands: Sequence[Any]) -> list[Any]:
        """Return the numbers that have to be zero, where Values or floats stand for x and the operands."""
        x, parameters = flatten(self.x, self.name)[1](xs), put_values(self.parameters, operands)
        return _flat(self.name, "equations", self.equations(self.function, x, parameters), len(xs))

    def nodes(self, operands: Sequence[Any]) -> list[Any]:
        """Return a new node for each number of the solution."""
        numbers = flatten(self.x, self.name)[0]
        return [
            record(_Unknown(self.name, self, i), number, operands, slopes)
            for i, (number, slopes) in enumerate(zip(numbers, self.slopes, strict=True))
        ]


class _Unknown(NamedTuple):
    """The primitive of a node: one number of a solution."""

    name: str
    problem: _Problem
    position: int

    def partials_as_values(self, operands: Sequence[Any], out: Any) -> list[Any]:
        """Return its derivatives by the operands as functions of these and of the whole solution."""
        check_unchanged(self.name, self.problem.parameters, operands)
        # A node refers to no other of its age: the other unknowns are made again, this one is at hand.
        nodes = self.problem.nodes(operands)
        nodes[self.position] = out
        xs = [+x for x in nodes]
        ps = [+p if is_variable(p) else p for p in operands]
        rows = _rows(self.problem.residuals(xs, ps), [*xs, *ps], _recorded.adjoints)
        return _slopes(self.problem, rows, [self.position])[0]


def _solution(problem: _Problem, x0: Any, params: Any, solver: Solver) -> Any:
    """Solve the equations, and record the solution."""
    name = problem.name
    plain = map_values(_data, params)
    start, rebuild = flatten(map_values(_data, x0), name)

    def function(x: Any) -> Any:
        numbers = _flat(name, "a point", x, len(start))
        out = problem.function(rebuild(numbers), plain)
        # A solver may differentiate the function, and so call it with Values.
        return out if any(map(is_value, numbers)) else map_values(functools.partial(_closed, name), out)

    found = _flat(name, "a solution", solver(function, rebuild([float(x) for x in start])), len(start))
    numbers = [real_result(name, "the solver", number) for number in found]
    operands = as_operands(name, values_in(params))
    if not is_recorded(operands):
        return rebuild([unrecorded(number, operands) for number in numbers])
    constants = map_values(lambda value: value.detach(), params)
    problem = problem._replace(parameters=constants, x=rebuild(numbers))
    return rebuild(problem._replace(slopes=_slopes_now(problem, numbers, operands)).nodes(operands))


def _flat(where: str, what: str, structure: Any, count: int) -> list[Any]:
    """Return the numbers in a structure, as many as there have to be."""
    found, _ = flatten(structure, where)
    if len(found) != count:
        raise errors.unequal_lengths(where, what, count, len(found))
    return found


def _data(value: Any) -> float:
    data: float = value.data
    return data


def _closed(where: str, out: Any) -> float:
    """Return the number of a Value that depends on none: any that it does depend on was not given to us."""
    if not twin_of(out).is_closed([out], []):
        raise errors.depends_on_others(where, "put it among the params")
    return _data(out)


def _slopes_now(problem: _Problem, numbers: Sequence[float], operands: Sequence[Any]) -> list[list[Any]]:
    """Return the derivatives of all unknowns by the operands, as floats."""
    twin = twin_of(operands[0])
    xs = [twin.Value(x) for x in numbers]
    ps = [twin.Value(p.data) if is_variable(p) else p for p in operands]
    residuals = problem.residuals(xs, ps)
    if not twin.is_closed(filter(is_value, residuals), filter(is_variable, [*xs, *ps])):
        raise errors.depends_on_others(problem.name, "put it among the params")
    return _slopes(problem, _rows(residuals, [*xs, *ps], twin.adjoints), range(len(xs)))


def _rows(residuals: Sequence[Any], variables: Sequence[Any], adjoints: Function) -> list[list[Any]]:
    """Return the derivatives of each residual; None where it does not depend on a variable."""
    return [adjoints({r: 1.0}, variables) if is_value(r) else [None] * len(variables) for r in residuals]


def _slopes(problem: _Problem, rows: Sequence[Sequence[Any]], wanted: Sequence[int]) -> list[list[Any]]:
    """Return the derivatives of the wanted unknowns by the operands, from the rows of (dg/dx, dg/dp).

    A row of (dg/dx)**-1 solves the transposed system, so those of the other unknowns are not needed.
    """
    n = len(rows)
    transposed = [[0.0 if row[j] is None else row[j] for row in rows] for j in range(n)]
    units = [[float(j == i) for j in range(n)] for i in wanted]
    numbers = flatten(problem.x, problem.name)[0]
    inverse = _solve(problem.name, transposed, units, numbers)
    columns = list(zip(*[row[n:] for row in rows], strict=True))
    return [[_minus_product(row, column) for column in columns] for row in inverse]


def _minus_product(row: Sequence[Any], column: Sequence[Any]) -> Any:
    terms = [x * y for x, y in zip(row, column, strict=True) if y is not None]
    return -functools.reduce(operator.add, terms) if terms else None


# ---- linear equations --------------------------------------------------------------------------------


def _solve(
    where: str, matrix: Sequence[Sequence[Any]], columns: Sequence[Sequence[float]], x: Sequence[float]
) -> list[list[Any]]:
    """Solve ``matrix @ y == column`` for each column, in floats or in Values.

    Gaussian elimination. A row is scaled, for the choice of pivots only, by its largest entry. What is
    left where all terms of a pivot cancel is rounding, and the matrix singular.
    """
    n = len(matrix)
    rows = []
    for i, entries in enumerate(matrix):
        sizes = [abs(number_of(entry)) for entry in entries]  # of the terms behind each entry
        rows.append(([*entries, *[column[i] for column in columns]], sizes, max(sizes) or 1.0))
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(number_of(rows[i][0][k])) / rows[i][2])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        top, top_sizes, _ = rows[k]
        if not abs(number_of(top[k])) > n * sys.float_info.epsilon * top_sizes[k]:
            raise errors.singular(where, list(x))
        for row, sizes, _ in rows[k + 1 :]:
            factor = row[k] / top[k]
            row[k + 1 :] = [a - factor * b for a, b in zip(row[k + 1 :], top[k + 1 :], strict=True)]
            sizes[:] = [a + abs(number_of(factor)) * b for a, b in zip(sizes, top_sizes, strict=True)]
    triangle = [row[:n] for row, _, _ in rows]
    return [_back_substituted(triangle, [row[n + c] for row, _, _ in rows]) for c in range(len(columns))]


def _back_substituted(triangle: Sequence[Sequence[Any]], column: Sequence[Any]) -> list[Any]:
    found: list[Any] = []  # from the last unknown to the first
    for k, (row, entry) in enumerate(zip(reversed(triangle), reversed(column), strict=True)):
        products = map(operator.mul, reversed(row), found)  # of the k that are found
        found.append(functools.reduce(operator.sub, products, entry) / row[len(row) - 1 - k])
    return found[::-1]


# ---- the default solvers -----------------------------------------------------------------------------

_NEWTON_STEPS = 100
_MOST_HALVINGS = 60
_NEAR = 1e-4  # where a Newton step is this short, relative to x or 1, its own model is good
_SOLVED = 1e-8  # where it is this short, and rounding lets no shorter one help, there is a solution

_REPETITIONS = 10_000
_PATIENCE = 100  # repetitions without a new smallest change
_STILL = 1e-12  # where changes are this small, relative to x or 1, and get no smaller, they are rounding


def _newton(function: Function, x0: Any) -> Any:
    """Solve ``function(x) == 0`` by Newton's method on the norm of the residual."""
    x, rebuild = flatten(x0, "root")

    def residuals(x: Sequence[Any]) -> list[Any]:
        return _flat("root", "equations", function(rebuild(x)), len(x))

    def evaluate(x: list[float]) -> tuple[float, float, list[float]]:
        found = [float(residual) for residual in residuals(x)]
        norm = math.hypot(*found)
        return norm, norm, found

    def step(x: list[float], found: list[float]) -> tuple[list[float], bool]:
        if not any(found):
            return found, True
        return _solve("root", jacobian(residuals)(x), [found], x)[0], True

    return rebuild(_stepwise("root", x, evaluate, step))


def _descent(function: Function, x0: Any) -> Any:
    """Minimise by Newton's method, with the Hessian shifted where it is not positive definite."""
    x, rebuild = flatten(x0, "argmin")
    function(x0)  # of plain numbers: raises if it depends on other Values

    def value(x: Sequence[Any]) -> Any:
        return function(rebuild(x))

    def evaluate(x: list[float]) -> tuple[float, float, list[float]]:
        height, slope = value_and_grad(value)(x)
        return height, math.hypot(*slope), slope

    def step(x: list[float], slope: list[float]) -> tuple[list[float], bool]:
        curvature = hessian(value)(x)
        size = max([abs(entry) for row in curvature for entry in row], default=0.0) or 1.0
        shift, smallest = 0.0, 1e-8 * size
        while not _is_positive(curvature, shift):
            shift = max(10.0 * shift, smallest)
        shifted = [[c + shift * (i == j) for j, c in enumerate(row)] for i, row in enumerate(curvature)]
        # A flat minimum has a singular Hessian; where a larger shift is needed, there is no minimum.
        return _solve("argmin", shifted, [slope], x)[0], shift <= smallest

    return rebuild(_stepwise("argmin", x, evaluate, step))


def _is_positive(matrix: Sequence[Sequence[float]], shift: float) -> bool:
    """Return whether a symmetric matrix plus a multiple of the identity is positive definite: by its pivots."""
    rows = [list(row) for row in matrix]
    for k in range(len(rows)):
        pivot = rows[k][k] = rows[k][k] + shift
        if pivot <= 0.0:
            return False
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / pivot
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return True


def _stepwise(name: str, x: list[float], evaluate: Function, step: Function) -> list[float]:
    """Take Newton's steps, each halved until it improves x, until rounding lets none improve it.

    Parameters
    ----------
    evaluate : callable
        Of x: two merits, smaller where x is better, to judge long steps and short ones by, and what
        `step` needs. The value of a function to minimise is too flat to judge short steps by.
    step : callable
        Of x and that: what to subtract from x, and whether it leads to a solution at all.
    """
    here = evaluate(x)
    for _ in range(_NEWTON_STEPS):
        change, is_sound = step(x, here[2])
        size = max(map(abs, change), default=0.0) / max([1.0, *map(abs, x)])
        better = _halved(x, here, change, evaluate, is_sound and size <= _NEAR)
        if better is None:
            break
        x, here = better
    if is_sound and size <= _SOLVED:
        return x
    raise errors.not_converged(name, x)


def _halved(x: list[float], here: Any, change: Sequence[float], evaluate: Function, is_near: bool) -> Any:
    """Return a better x and what there is, on the way of the change; None if there is none."""
    for halvings in range(_MOST_HALVINGS):
        trial = [a - b * 0.5**halvings for a, b in zip(x, change, strict=True)]
        if trial == x:
            break
        try:
            there = evaluate(trial)
        except (ValueError, ArithmeticError):  # outside the domain
            continue
        if there[is_near] < here[is_near]:
            return trial, there
    return None


def _repeat(function: Function, x0: Any) -> Any:
    """Replace x by ``function(x)`` until the changes get no smaller."""
    x, rebuild = flatten(x0, "fixed_point")
    least, since = math.inf, 0
    for _ in range(_REPETITIONS):
        image = _flat("fixed_point", "an image", function(rebuild(x)), len(x))
        change = max([abs(a - b) for a, b in zip(image, x, strict=True)], default=0.0)
        least, since = (change, 0) if change < least else (least, since + 1)
        x = image
        if change == 0.0 or (since >= _PATIENCE and change <= _STILL * max([1.0, *map(abs, x)]) < math.inf):
            return rebuild(x)
    raise errors.not_converged("fixed_point", x)
