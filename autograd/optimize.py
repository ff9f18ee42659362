"""What SciPy's optimisers ask of a function, from one recording of it for each point.

    >>> from autograd.optimize import scipy_objective
    >>> rosenbrock = scipy_objective(lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)
    >>> rosenbrock.fun([1.0, 2.0])
    100.0
    >>> rosenbrock.jac([1.0, 2.0]).tolist()
    [-400.0, 200.0]
    >>> rosenbrock.calls
    1

With SciPy: ``minimize(o.fun, x0, jac=o.jac, hess=o.hess)``, with ``hessp=o.hessp`` for many variables,
or ``minimize(o.value_and_grad, x0, jac=True)``; and ``least_squares(o.fun, x0, jac=o.jac)`` for a
function that returns several residuals.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from autograd import _recorded
from autograd._recorded import twin_of
from autograd._structures import flatten, is_value, load
from autograd.sparse import hessian_matrix, jacobian_matrix, one_number, record

__all__ = ["ScipyObjective", "scipy_objective"]

_KEPT = 2  # calls of the function


def scipy_objective(f: Callable[..., Any], sparse: bool = False) -> ScipyObjective:
    """Return the function `f` and its derivatives as `scipy.optimize` takes them.

    Parameters
    ----------
    f : callable
        Takes a list of numbers, and whatever SciPy passes on as `args`; returns one number, or a
        structure of several. Plain Python code that runs on Values.
    sparse : bool
        Whether matrices of derivatives are `scipy.sparse.csr_array` rather than arrays.

    Notes
    -----
    The last two calls of `f` are kept with their graphs: that of the point where a solver stands, and
    that of the one it tries. So `fun`, `jac` and `hess` at the same point take one call together.
    Therefore `f` has to be a function of `x` and `args` alone; other objects as `args`, even equal
    ones, make a new call.
    """
    return ScipyObjective(f, sparse)


class ScipyObjective:
    """A function and its derivatives as SciPy's optimisers take them; see `scipy_objective`.

    Attributes
    ----------
    calls : int
        How often the function itself was called so far.
    """

    def __init__(self, f: Callable[..., Any], sparse: bool = False) -> None:
        self.calls = 0
        self._f = f
        self._sparse = sparse
        self._runs: dict[tuple[Any, ...], _Run] = {}  # by the point; the last used comes last

    def fun(self, x: Any, *args: Any) -> Any:
        """Return the value: a float, or an array of shape (m,)."""
        return self._value(self._at(x, args))

    def jac(self, x: Any, *args: Any) -> Any:
        """Return the gradient, of shape (n,), or the Jacobian, of shape (m, n)."""
        return self._jacobian(self._at(x, args))

    def value_and_grad(self, x: Any, *args: Any) -> tuple[Any, Any]:
        """Return the value and the gradient."""
        run = self._at(x, args)
        return self._value(run), self._jacobian(run)

    def hess(self, x: Any, *args: Any) -> Any:
        """Return the matrix of second derivatives, of shape (n, n), of a function that returns one number."""
        run = self._at(x, args)
        matrix = hessian_matrix(one_number("scipy_objective", run.out), run.variables)
        return matrix if self._sparse else matrix.toarray()

    def hessp(self, x: Any, p: Any, *args: Any) -> Any:
        """Return the product of the matrix of second derivatives with a vector, without the matrix."""
        run = self._at(x, args)
        one_number("scipy_objective", run.out)
        vector = self._array(p).ravel().tolist()
        seeds: dict[Any, float] = {}
        for i, slope in run.gradient.items():
            seeds[slope] = seeds.get(slope, 0.0) + vector[i]
        return self._array(run.adjoints(seeds))

    def _value(self, run: _Run) -> Any:
        numbers = [out.data if is_value(out) else float(out) for out in run.outs]
        return numbers[0] if run.is_scalar else self._array(numbers)

    def _jacobian(self, run: _Run) -> Any:
        if run.is_scalar:
            return self._array(run.jacobian()[0])
        return jacobian_matrix(run.outs, run.variables) if self._sparse else self._array(run.jacobian())

    def _at(self, x: Any, args: tuple[Any, ...]) -> _Run:
        """Return the call of the function at a point, which is made unless it is kept."""
        numbers = self._array(x).ravel()
        point = (numbers.tobytes(), *map(id, args))
        run = self._runs.pop(point, None)
        if run is None:
            if len(self._runs) == _KEPT:
                del self._runs[next(iter(self._runs))]
            self.calls += 1
            run = _Run(*record("scipy_objective", "grad", self._f, numbers.tolist(), args), args)
        self._runs[point] = run
        return run

    @functools.cached_property
    def _array(self) -> Callable[[Any], Any]:
        """What makes an array of floats, of anything like one."""
        return functools.partial(load("numpy", "scipy_objective").array, dtype=float)


class _Run:
    """One call of a function: its variables, and its result with the graph behind it."""

    def __init__(self, variables: list[Any], out: Any, args: tuple[Any, ...]) -> None:
        self.variables = variables
        self.out = out
        self.args = args  # kept alive, so that no other objects can have their ids
        self.outs, _ = flatten(out, "scipy_objective")
        self.is_scalar = not isinstance(out, (list, tuple, Mapping)) and getattr(out, "shape", ()) == ()

    def jacobian(self) -> list[list[float]]:
        """Return the Jacobian, by backward or by forward sweeps, whichever are fewer."""
        if len(self.outs) <= len(self.variables):
            return [self.adjoints({out: 1.0} if is_value(out) else {}) for out in self.outs]
        roots = [out for out in self.outs if is_value(out)]
        columns = [
            dict(zip(roots, twin_of(x).tangents({x: 1.0}, roots), strict=True)) if roots else {} for x in self.variables
        ]
        return [[column[out] or 0.0 if is_value(out) else 0.0 for column in columns] for out in self.outs]

    @functools.cached_property
    def gradient(self) -> dict[int, Any]:
        """The gradient as Values, to be differentiated again, by the number of the variable."""
        if not is_value(self.out):
            return {}
        found = _recorded.adjoints({self.out: 1.0}, self.variables)
        return {i: slope for i, slope in enumerate(found) if is_value(slope)}

    def adjoints(self, seeds: Mapping[Any, float]) -> list[float]:
        """Return the adjoints of the variables, by one sweep; 0.0 where no root depends on one."""
        if not seeds:
            return [0.0] * len(self.variables)
        return [adjoint or 0.0 for adjoint in twin_of(next(iter(seeds))).adjoints(seeds, self.variables)]
