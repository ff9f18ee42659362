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
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from autograd import _modes, _recorded, errors
from autograd._backend import Value
from autograd._recorded import twin_of
from autograd._structures import assemble, flatten, flatten_like, is_value, is_variable, map_values, number_of

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

    @functools.wraps(f, updated=())
    def gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        (_, *aux), found = _value_and_grad("grad", f, argnums, has_aux, args, kwargs)
        return (found, *aux) if has_aux else found

    return gradient_of_f


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the value of `f` and its gradient: see `grad`.

    With `has_aux` the result is ``((value, aux), gradient)``.
    """

    @functools.wraps(f, updated=())
    def value_and_gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        value, found = _value_and_grad("value_and_grad", f, argnums, has_aux, args, kwargs)
        return (value if has_aux else value[0]), found

    return value_and_gradient_of_f


def _value_and_grad(
    where: str, f: Function, argnums: Argnums, has_aux: bool, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], Any]:
    call = _call(where, f, argnums, has_aux, args, kwargs)
    out = _one_number(where, call.out)
    found = _adjoints(call, {out: 1.0} if is_value(out) else {})
    return (*call.results([out]), *call.aux), call.rebuild(found)


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
    call = _call("vjp", f, range(len(primals)), has_aux, primals, {})
    outs, rebuild = flatten(call.out, "vjp")

    def pullback(adjoint: Any) -> Any:
        numbers = flatten_like(call.out, adjoint, "vjp", "adjoints")
        seeds: dict[Any, Any] = {}
        for out, number in zip(outs, numbers, strict=True):
            if is_value(out):
                seeds[out] = seeds[out] + number if out in seeds else number
        return call.rebuild(_adjoints(call, seeds))

    return rebuild(call.results(outs)), pullback, *call.aux


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
    call = _call("jvp", f, range(len(primals)), has_aux, tuple(primals), {})
    direction = flatten_like(tuple(primals), tangents, "jvp", "tangents")
    outs, rebuild = flatten(call.out, "jvp")
    found = _tangents(call, dict(zip(call.variables, direction, strict=True)), outs)
    return rebuild(call.results(outs)), rebuild(found), *call.aux


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

    @functools.wraps(f, updated=())
    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        call = _call("jacobian", f, argnums, has_aux, args, kwargs)
        outs, _ = flatten(call.out, "jacobian")
        if len(outs) <= len(call.variables):
            rows = [_adjoints(call, {out: 1.0} if is_value(out) else {}) for out in outs]
        else:
            columns = [_tangents(call, {variable: 1.0}, outs) for variable in call.variables]
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

    @functools.wraps(f, updated=())
    def hessian_of_f(*args: Any, **kwargs: Any) -> Any:
        call = _call("hessian", f, argnums, has_aux, args, kwargs)
        first = _gradient_as_values("hessian", call)
        rows = [_adjoints_or_none(call, {g: 1.0} if is_value(g) else {}) for g in first]
        n = range(len(rows))
        full = [[_entry(rows[max(i, j)][min(i, j)], rows[min(i, j)][max(i, j)]) for j in n] for i in n]
        outer = call.arguments[0] if hasattr(argnums, "__index__") else call.arguments
        found = assemble(outer, iter(full), call.rebuild, len(full))
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
    call = _call("hvp", f, range(len(primals)), False, tuple(primals), {})
    vector = flatten_like(tuple(primals), tangents, "hvp", "tangents")
    first = _gradient_as_values("hvp", call)
    pairs = [(g, v) for g, v in zip(first, vector, strict=True) if is_value(g)]
    if not pairs:
        return call.rebuild([0.0] * len(vector))
    with _modes.recording():
        slope = twin_of(pairs[0][0]).dot([g for g, _ in pairs], [v for _, v in pairs])
    return call.rebuild(_adjoints(call, {slope: 1.0}))


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
    sources = list(sources)
    for value in (root, *sources):
        if not is_value(value):
            raise errors.not_a_value("gradient", value)
    if create_graph:
        return _recorded.adjoints({root: 1.0}, sources)
    found: list[Any] = twin_of(root).adjoints({root: 1.0}, sources)
    return found


# ---- one call of a function --------------------------------------------------------------------------


class _Call(NamedTuple):
    """What there is after one call of a function on variables of its own."""

    variables: list[Any]  # a Value for each number of the arguments to differentiate by
    arguments: tuple[Any, ...]  # these arguments
    rebuild: Callable[[Sequence[Any]], Any]  # derivatives by them, in the structure of the arguments
    out: Any
    aux: Sequence[Any]  # empty, or what came with the value
    is_nested: bool  # whether an argument was a Value already, so that the derivatives must be Values

    def results(self, outs: Sequence[Any]) -> list[Any]:
        """Return results of the function: numbers, but for those that somebody may differentiate further."""
        values = list(filter(is_value, outs))
        if values and self._is_recorded(values):
            return [number_of(out) if is_value(out) and not self._is_recorded([out]) else out for out in outs]
        return [number_of(out) for out in outs]

    def _is_recorded(self, roots: Sequence[Any]) -> bool:
        """Return whether recording is on and the roots depend on Values from before the call."""
        if _modes.in_force() & _modes.PLAIN:
            return False
        return self.is_nested or not twin_of(roots[0]).is_closed(roots, self.variables)


def _call(
    where: str, f: Function, argnums: Argnums, has_aux: bool, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> _Call:
    is_single = hasattr(argnums, "__index__")
    indices: list[Any] = [argnums] if is_single else list(argnums)  # type: ignore[arg-type]
    for k, index in enumerate(indices):
        if not hasattr(index, "__index__") or not -len(args) <= index < len(args) or index % len(args) in indices[:k]:
            raise errors.no_such_argument(where, index, len(args))
        indices[k] = index % len(args)
    parts = [flatten(args[index], where) for index in indices]
    numbers = [number for leaves, _ in parts for number in leaves]
    given = list(args)
    leaf = next((type(x) for x in numbers if is_value(x)), Value)
    with _modes.recording():
        # A new node for each number, so that levels of nesting cannot be confused.
        variables = [+x if is_variable(x) else leaf(number_of(x)) for x in numbers]
        rest = iter(variables)
        for index, (leaves, rebuild) in zip(indices, parts, strict=True):
            given[index] = rebuild([next(rest) for _ in leaves])
        out = f(*given, **kwargs)
    other: tuple[Any, ...] = ()
    if has_aux:
        if not isinstance(out, tuple) or len(out) != 2:
            raise errors.no_aux(where, out)
        out, other = out[0], out[1:]

    def put_together(derivatives: Sequence[Any]) -> Any:
        rest = iter(derivatives)
        built = tuple([rebuild([next(rest) for _ in leaves]) for leaves, rebuild in parts])
        return built[0] if is_single else built

    selected = tuple([args[index] for index in indices])
    call = _Call(variables, selected, put_together, out, other, any(map(is_variable, numbers)))
    return call._replace(aux=[map_values(lambda value: call.results([value])[0], x) for x in other])


def _one_number(where: str, out: Any) -> Any:
    if is_value(out) or type(out) in {int, float, bool}:
        return out
    leaves, _ = flatten(out, where) if not isinstance(out, (list, tuple, dict)) else ([], None)
    if len(leaves) != 1:
        raise errors.not_one_number(where, out)
    return leaves[0]


def _adjoints(call: _Call, seeds: Mapping[Any, Any]) -> list[Any]:
    """Return the derivatives of the seeded roots by the variables: floats if they can be, else Values."""
    return [0.0 if x is None else x for x in _adjoints_or_none(call, seeds)]


def _adjoints_or_none(call: _Call, seeds: Mapping[Any, Any]) -> list[Any]:
    """Return the same, with None for the variables on which no root depends."""
    if not seeds or not call.variables:
        return [None] * len(call.variables)
    roots = list(seeds)
    if any(map(is_value, seeds.values())) or call._is_recorded(roots):
        return _recorded.adjoints(seeds, call.variables)
    found: list[Any] = twin_of(roots[0]).adjoints(seeds, call.variables)
    return found


def _entry(below: Any, above: Any) -> Any:
    """Return one of two mixed derivatives, which differ by rounding; there may be a path for one alone."""
    return below if below is not None else above if above is not None else 0.0


def _tangents(call: _Call, seeds: Mapping[Any, Any], outs: Sequence[Any]) -> list[Any]:
    """Return the derivatives of the results in the direction of the seeds."""
    roots = [out for out in outs if is_value(out)]
    if not seeds or not roots:
        return [0.0] * len(outs)
    if any(map(is_value, seeds.values())) or call._is_recorded(roots):
        found = _recorded.tangents(seeds, roots)
    elif call.is_nested:  # under no_grad: the variables are not leaves, and only those can be seeded
        found = [x.data if is_value(x) else x for x in _recorded.tangents(seeds, roots)]
    else:
        found = twin_of(roots[0]).tangents(seeds, roots)
    by_root = iter(found)
    numbers = [next(by_root) if is_value(out) else 0.0 for out in outs]
    return [0.0 if x is None else x for x in numbers]


def _gradient_as_values(where: str, call: _Call) -> list[Any]:
    out = _one_number(where, call.out)
    if not is_value(out):
        return [0.0] * len(call.variables)
    return [0.0 if x is None else x for x in _recorded.adjoints({out: 1.0}, call.variables)]
