"""Derivatives of functions: `grad` and its relatives, to be called on plain numbers.

    >>> from autograd import grad, math
    >>> grad(math.tanh)(0.5)
    0.7864477329659275
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p: p["a"] * math.exp(p["b"]))({"a": 2.0, "b": 0.0})
    {'a': 1.0, 'b': 2.0}

Names and the order of arguments are JAX's. An argument is a number or a nested list, tuple, dict or
NumPy array of numbers, and its derivative has the same structure. The functions are plain Python;
they may call these transforms in turn, to any depth, and use Values from outside: where a result
depends on such a Value it is a Value itself, and can be differentiated again.

The transforms are pure: no `grad` of any Value changes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from autograd import _modes, _recorded, errors
from autograd._backend import Value
from autograd._recorded import twin_of
from autograd._structures import (
    assemble,
    flatten,
    flatten_like,
    has_values,
    is_value,
    is_variable,
    map_values,
    number_of,
    twins,
)

__all__ = ["grad", "gradient", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Argnums: TypeAlias = int | Sequence[int]
Function: TypeAlias = Callable[..., Any]


# ---- the transforms ----------------------------------------------------------------------------------


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the gradient of `f`.

    Parameters
    ----------
    f : callable
        Returns one number; with `has_aux`, a pair of it and anything else.
    argnums : int or sequence of int
        Which positional arguments to differentiate by.
    has_aux : bool
        Whether `f` returns such a pair; then the gradient comes paired with the other, too.

    Returns
    -------
    callable
        Takes the arguments of `f`. Its result has the structure of the argument, or is a tuple of
        such where `argnums` is a sequence.

    Notes
    -----
    Takes one call of `f` and one sweep, whatever the number of variables.
    """
    places = _Places("grad", argnums)

    @functools.wraps(f, updated=())
    def gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        call = _Call("grad", f, places[len(args)], has_aux, args, kwargs)
        found = call.value_and_gradient()[1]
        return (found, *call.aux) if has_aux else found

    return gradient_of_f


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the value of `f` and its gradient: see `grad`.

    With `has_aux` the result is ``((value, aux), gradient)``.
    """
    places = _Places("value_and_grad", argnums)

    @functools.wraps(f, updated=())
    def value_and_gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        call = _Call("value_and_grad", f, places[len(args)], has_aux, args, kwargs)
        value, found = call.value_and_gradient()
        return ((value, *call.aux) if has_aux else value), found

    return value_and_gradient_of_f


def vjp(f: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Compute `f` and return its value with the function that pulls adjoints back.

    Parameters
    ----------
    f : callable
        Returns a structure of numbers.
    *primals : structures of numbers
        Its arguments, all of which are differentiated by.
    has_aux : bool
        Whether `f` returns a pair of the structure and anything else, which is returned as a third.

    Returns
    -------
    value : structure of numbers
    pullback : callable
        Takes an adjoint for each number of the value, in its structure, and returns the tuple of
        adjoints of the primals: the product of the adjoint, as a row, with the Jacobian.
    """
    call = _Call("vjp", f, slice(None), has_aux, primals, {})
    outs, rebuild = flatten(call.out, "vjp")

    def pullback(adjoint: Any) -> Any:
        numbers = flatten_like(call.out, adjoint, "vjp", "adjoints")
        seeds: dict[Any, Any] = {}
        for out, number in zip(outs, numbers, strict=True):
            if is_value(out):
                seeds[out] = seeds[out] + number if out in seeds else number
        return call.rebuild(call.adjoints(seeds))

    return rebuild(call.results(outs, call.is_recorded(outs))), pullback, *call.aux


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> tuple[Any, ...]:
    """Compute `f` and its derivative in one direction, by one forward sweep.

    Parameters
    ----------
    f : callable
        Returns a structure of numbers.
    primals, tangents : sequences of structures of numbers
        Its arguments, and how fast each of them moves.
    has_aux : bool
        Whether `f` returns a pair of the structure and anything else, which is returned as a third.

    Returns
    -------
    value, tangent : structures of numbers
        The tangent is the product of the Jacobian with the direction, as a column.
    """
    if not isinstance(primals, (tuple, list)):
        raise errors.not_arguments("jvp", primals)
    call = _Call("jvp", f, slice(None), has_aux, tuple(primals), {})
    direction = flatten_like(tuple(primals), tangents, "jvp", "tangents")
    outs, rebuild = flatten(call.out, "jvp")
    is_recorded = call.is_recorded(outs)
    found = call.tangents(dict(zip(call.variables, direction, strict=True)), outs, is_recorded)
    return rebuild(call.results(outs, is_recorded)), rebuild(found), *call.aux


def jacobian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the Jacobian of `f`.

    Parameters
    ----------
    f : callable
        Returns a structure of numbers.
    argnums, has_aux
        As for `grad`.

    Returns
    -------
    callable
        Its result has the structure of the value, and in the place of each number the structure of
        the argument; in the place of an array, the structure of the argument with arrays in the place of
        its numbers: for two arrays, one of shape ``value.shape + argument.shape``.

    Notes
    -----
    Takes one call of `f`, and as many sweeps as there are numbers in the value (backward) or in the
    argument (forward), whichever are fewer.
    """
    places = _Places("jacobian", argnums)

    @functools.wraps(f, updated=())
    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        call = _Call("jacobian", f, places[len(args)], has_aux, args, kwargs)
        outs, _ = flatten(call.out, "jacobian")
        if len(outs) <= len(call.variables):
            rows = [[0.0 if x is None else x for x in row] for row in call.rows(outs)]
        else:
            is_recorded = call.is_recorded(outs)
            columns = [call.tangents({variable: 1.0}, outs, is_recorded) for variable in call.variables]
            rows = [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in outs]
        found = assemble(call.out, iter(rows), call.rebuild, len(call.variables))
        return (found, *call.aux) if has_aux else found

    return jacobian_of_f


def hessian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the matrix of second derivatives of `f`.

    Parameters
    ----------
    f, argnums, has_aux
        As for `grad`.

    Returns
    -------
    callable
        Its result has the structure of the argument twice over: for an array, an array of shape
        ``argument.shape + argument.shape``. It is symmetric to the last bit, because each pair of
        variables is computed once.

    Notes
    -----
    Takes one call of `f`, one recorded sweep, and one sweep of that for each variable. See
    `sparse_hessian` for many variables.
    """
    places = _Places("hessian", argnums)

    @functools.wraps(f, updated=())
    def hessian_of_f(*args: Any, **kwargs: Any) -> Any:
        call = _Call("hessian", f, places[len(args)], has_aux, args, kwargs)
        rows = call.rows(call.gradient_as_values())
        for i, row in enumerate(rows):
            for j in range(i + 1):  # the two differ by rounding, and there may be a path for one alone
                entry = row[j] if row[j] is not None else rows[j][i]
                row[j] = rows[j][i] = 0.0 if entry is None else entry
        found = assemble(call.argument, iter(rows), call.rebuild, len(rows))
        return (found, *call.aux) if has_aux else found

    return hessian_of_f


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Return the product of the Hessian of `f` with a vector, without the Hessian.

    Parameters
    ----------
    f : callable
        Returns one number.
    primals, tangents : sequences of structures of numbers
        Its arguments, and the vector, in the same structure.

    Returns
    -------
    tuple of structures of numbers
        One for each argument.

    Notes
    -----
    Takes one call of `f`, one recorded sweep, and one sweep of that, whatever the number of variables.
    """
    if not isinstance(primals, (tuple, list)):
        raise errors.not_arguments("hvp", primals)
    call = _Call("hvp", f, slice(None), False, tuple(primals), {})
    vector = flatten_like(tuple(primals), tangents, "hvp", "tangents")
    first = call.gradient_as_values()
    pairs = [(g, v) for g, v in zip(first, vector, strict=True) if is_value(g)]
    if not pairs:
        return call.rebuild([0.0] * len(vector))
    with _modes.recording():
        slope = twin_of(pairs[0][0]).dot([g for g, _ in pairs], [v for _, v in pairs])
    return call.rebuild(call.adjoints({slope: 1.0}))


def gradient(root: Value, sources: Sequence[Value], create_graph: bool = False) -> list[Any]:
    """Return the derivatives of a Value that is computed already, by some of the Values it depends on.

    Parameters
    ----------
    root : Value
        What to differentiate.
    sources : sequence of Value
        What to differentiate by: leaves or computed nodes.
    create_graph : bool
        Whether to record the sweep: then the derivatives are Values, to be differentiated again.

    Returns
    -------
    list of float, or of Value and float
        One for each source; None where `root` does not depend on it, which is not the same as 0.0.
    """
    engine = None if create_graph else twins.get(type(root))
    if engine is None:
        sources = list(sources)
        for value in (root, *sources):
            if not is_value(value):
                raise errors.not_a_value("gradient", value)
        if create_graph:
            return _recorded.adjoints({root: 1.0}, sources)
        engine = twins[type(root)]
    found: list[Any] = engine.adjoints(root, sources)
    return found


# ---- one call of a function --------------------------------------------------------------------------


class _Places(dict[int, Any]):
    """Where the arguments to differentiate by stand, by the number of arguments: an index, else a slice or a list."""

    def __init__(self, where: str, argnums: Argnums) -> None:
        self.where = where
        self.argnums = argnums

    def __missing__(self, count: int) -> Any:
        is_single = hasattr(self.argnums, "__index__")
        indices: list[Any] = [self.argnums] if is_single else list(self.argnums)  # type: ignore[arg-type]
        found: dict[int, None] = {}
        for index in indices:
            if not hasattr(index, "__index__") or not -count <= index < count or index % count in found:
                raise errors.no_such_argument(self.where, index, count)
            found[int(index) % count] = None
        places = list(found)
        run = slice(places[0], places[0] + len(places)) if places else slice(0)
        self[count] = places[0] if is_single else run if list(range(count))[run] == places else places
        return self[count]


class _Call:
    """One call of a function on variables of its own, and what there is after it.

    Attributes
    ----------
    argument : structure of numbers
        The argument to differentiate by, or the tuple of them.
    variables : list of Value
        A new one for each number in it.
    rebuild : callable
        Puts derivatives by them together in the structure of the argument.
    is_nested : bool
        Whether a number in it was a Value already, so that the derivatives must be Values.
    out : object
        What the function returned.
    aux : list
        Empty, or what came with the value.
    """

    __slots__ = ("argument", "aux", "is_nested", "out", "rebuild", "variables", "where")

    def __init__(
        self, where: str, f: Function, places: Any, has_aux: bool, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        self.where = where
        self.argument = args[places] if type(places) is not list else tuple([args[place] for place in places])
        leaves, self.rebuild = flatten(self.argument, where)
        self.is_nested = False
        try:
            self.variables = list(map(Value, leaves))
        except TypeError:  # there are Values among them
            leaf = next((type(x) for x in leaves if is_value(x)), Value)
            with _modes.recording():  # a new node for each, so that levels of nesting cannot be confused
                self.variables = [+x if is_variable(x) else leaf(number_of(x)) for x in leaves]
            self.is_nested = any(map(is_variable, leaves))
        given, moved = list(args), self.rebuild(self.variables)
        if type(places) is not list:
            given[places] = moved
        else:
            for place, x in zip(places, moved, strict=True):
                given[place] = x
        with _modes.recording():
            self.out = f(*given, **kwargs)
        self.aux: list[Any] = []
        if has_aux:
            if not isinstance(self.out, tuple) or len(self.out) != 2:
                raise errors.no_aux(where, self.out)
            self.out, aux = self.out
            self.aux.append(map_values(lambda value: self.results([value], self.is_recorded([value]))[0], aux))

    # ---- results ---------------------------------------------------------------------------------------

    def is_recorded(self, outs: Iterable[Any]) -> bool:
        """Return whether recording is on and some of the results depend on Values from before the call."""
        roots = list(filter(is_value, outs))
        if not roots or _modes.in_force() & _modes.PLAIN:
            return False
        return self.is_nested or not twin_of(roots[0]).is_closed(roots, self.variables)

    def results(self, outs: Sequence[Any], are_recorded: bool) -> list[Any]:
        """Return results of the function: numbers, but for those that somebody may differentiate further."""
        return [out if are_recorded and self.is_recorded([out]) else number_of(out) for out in outs]

    def _one_number(self) -> Any:
        out = self.out
        if is_value(out) or type(out) in {int, float, bool}:
            return out
        leaves, _ = flatten(out, self.where) if not isinstance(out, (list, tuple, dict)) else ([], None)
        if len(leaves) != 1:
            raise errors.not_one_number(self.where, out)
        return leaves[0]

    # ---- derivatives: floats if they can be, else Values -----------------------------------------------

    def value_and_gradient(self) -> tuple[Any, Any]:
        """Return the one number that the function returned, and its derivatives by the argument."""
        out = self.out
        if not is_value(out):
            out = self._one_number()
            if not is_value(out):
                return out, self.rebuild([0.0] * len(self.variables))
        may_be_recorded = not _modes.in_force() & _modes.PLAIN
        if not self.is_nested and may_be_recorded:
            closed = twin_of(out).closed_adjoints(out, self.variables)
            if closed is not None:
                return out.data, self.rebuild(closed)
        found = self._sweep({out: 1.0}, may_be_recorded)
        return out if may_be_recorded else out.data, self.rebuild([0.0 if x is None else x for x in found])

    def gradient_as_values(self) -> list[Any]:
        """Return the same derivatives, to be differentiated again."""
        out = self._one_number()
        found = self._sweep({out: 1.0}, is_recorded=True) if is_value(out) else [0.0] * len(self.variables)
        return [0.0 if x is None else x for x in found]

    def adjoints(self, seeds: Mapping[Any, Any]) -> list[Any]:
        """Return the derivatives of the seeded roots by the variables."""
        if not seeds:
            return [0.0] * len(self.variables)
        found = self._sweep(seeds, has_values(seeds.values()) or self.is_recorded(seeds))
        return [0.0 if x is None else x for x in found]

    def rows(self, outs: Sequence[Any]) -> list[list[Any]]:
        """Return the derivatives of each result by the variables, None where it does not depend on one."""
        are_recorded = self.is_recorded(outs)
        nothing = [None] * len(self.variables)
        return [
            self._sweep({out: 1.0}, are_recorded and self.is_recorded([out])) if is_value(out) else nothing.copy()
            for out in outs
        ]

    def _sweep(self, seeds: Mapping[Any, Any], is_recorded: bool) -> list[Any]:
        if not self.variables:
            return []
        if is_recorded:
            return _recorded.adjoints(seeds, self.variables)
        found: list[Any] = twin_of(next(iter(seeds))).adjoints(seeds, self.variables)
        return found

    def tangents(self, seeds: Mapping[Any, Any], outs: Sequence[Any], are_recorded: bool) -> list[Any]:
        """Return the derivatives of the results in the direction of the seeds."""
        roots = list(filter(is_value, outs))
        if not seeds or not roots:
            return [0.0] * len(outs)
        if are_recorded or has_values(seeds.values()):
            found = _recorded.tangents(seeds, roots)
        elif self.is_nested:  # under no_grad: the variables are not leaves, and only those can be seeded
            found = [number_of(x) for x in _recorded.tangents(seeds, roots)]
        else:
            found = twin_of(roots[0]).tangents(seeds, roots)
        by_root = iter(found)
        numbers = [next(by_root) if is_value(out) else 0.0 for out in outs]
        return [0.0 if x is None else x for x in numbers]
