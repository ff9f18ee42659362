"""Sparse matrices of derivatives: the entries that the graph connects, and no others.

    >>> from autograd.sparse import sparse_hessian
    >>> hessian = sparse_hessian(lambda x: x[0] * x[1] + x[2] ** 3)([2.0, 3.0, 5.0])
    >>> hessian.nnz
    3
    >>> hessian.toarray().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 30.0]]

An entry is stored if the graph has a path for it, even where its number comes out as 0.0. Where no
path leads, it is zero whatever the numbers are, and is not stored. The matrices are those of
SciPy, of plain numbers: SciPy is loaded when the first one is made.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from autograd import _modes, _recorded, errors
from autograd._backend import Value
from autograd._formula import names_in, parse
from autograd._recorded import twin_of
from autograd._structures import flatten, has_values, is_value, is_variable, load
from autograd.primitives import PRIMITIVES

__all__ = ["hessian_matrix", "jacobian_matrix", "one_number", "record", "sparse_hessian", "sparse_jacobian"]

Function: TypeAlias = Callable[..., Any]
Rows: TypeAlias = dict[Any, dict[int, float]]  # a sparse matrix: the entries of each row by their column


# ---- the transforms ----------------------------------------------------------------------------------


def sparse_hessian(f: Function) -> Function:
    """Return the function that computes the matrix of second derivatives of `f`, stored sparsely.

    Parameters
    ----------
    f : callable
        Returns one number. It is differentiated by its first argument, a structure of numbers such
        as a list or an array.

    Returns
    -------
    callable
        Takes the arguments of `f`, and returns a `scipy.sparse.csr_array` with a row and a column for
        each number of the first one, in their order. It is symmetric to the last bit.

    Raises
    ------
    ImportError
        Where SciPy is not installed.
    TypeError
        If there are Values in the first argument.
    GraphError
        If `f` depends on Values from elsewhere. `autograd.hessian` serves both.

    Notes
    -----
    Takes one call of `f` and one sweep, in which each pair of variables that meet in a primitive is
    followed back to the variables behind it (edge pushing): the time is linear in the size of the
    graph as long as no node has many such partners. Gower and Mello, A new framework for the
    computation of Hessians, Optimization Methods and Software 27(2), 2012.
    """

    @functools.wraps(f, updated=())
    def sparse_hessian_of_f(x: Any, *args: Any, **kwargs: Any) -> Any:
        variables, out = record("sparse_hessian", "hessian", f, x, args, kwargs)
        return hessian_matrix(one_number("sparse_hessian", out), variables)

    return sparse_hessian_of_f


def sparse_jacobian(f: Function) -> Function:
    """Return the function that computes the Jacobian of `f`, stored sparsely.

    Parameters
    ----------
    f : callable
        Returns a structure of numbers. It is differentiated by its first argument, another one.

    Returns
    -------
    callable
        Takes the arguments of `f`, and returns a `scipy.sparse.csr_array` with a row for each number
        of the value and a column for each number of the first argument, in their order. Its
        numbers are those of `autograd.jacobian` to the last bit.

    Raises
    ------
    ImportError, TypeError, GraphError
        As `sparse_hessian`; `autograd.jacobian` serves Values.

    Notes
    -----
    Takes one call of `f` and one sweep that carries at each node its derivatives by the variables it
    depends on (forward) or those of the results that depend on it (backward), where there are fewer
    variables than results, or not. So the time is proportional to the edges of the graph times the
    entries that are carried along each.
    """

    @functools.wraps(f, updated=())
    def sparse_jacobian_of_f(x: Any, *args: Any, **kwargs: Any) -> Any:
        variables, out = record("sparse_jacobian", "jacobian", f, x, args, kwargs)
        return jacobian_matrix(flatten(out, "sparse_jacobian")[0], variables)

    return sparse_jacobian_of_f


def record(
    where: str, dense: str, f: Function, x: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
) -> tuple[list[Any], Any]:
    """Call `f` on variables in the place of the numbers of `x`; return the variables and the result.

    Parameters
    ----------
    where, dense : str
        Who asks, and what to use instead where plain numbers do not do, for the messages.
    """
    numbers, rebuild = flatten(x, where)
    if has_values(numbers):
        raise errors.not_plain_numbers(where, dense)
    variables = list(map(Value, numbers))
    with _modes.recording():
        out = f(rebuild(variables), *args, **(kwargs or {}))
    roots = list(filter(is_value, flatten(out, where)[0]))
    if roots and not _modes.in_force() & _modes.PLAIN and not twin_of(roots[0]).is_closed(roots, variables):
        raise errors.not_its_own_variables(where, dense)
    return variables, out


def one_number(where: str, out: Any) -> Any:
    """Return the number or Value that a function returned, or raise if it returned several."""
    leaves, _ = flatten(out, where)
    if isinstance(out, (list, tuple, Mapping)) or len(leaves) != 1:
        raise errors.not_one_number(where, out)
    return leaves[0]


# ---- matrices ----------------------------------------------------------------------------------------


def _matrix(entries: Sequence[tuple[int, int, float]], shape: tuple[int, int]) -> Any:
    """Return the sparse matrix of these entries, sorted, with those that are 0.0."""
    sparse, np = load("scipy.sparse", "autograd.sparse"), load("numpy", "autograd.sparse")
    rows, columns, numbers = zip(*entries, strict=True) if entries else ((), (), ())
    order = np.lexsort((columns, rows))
    starts = np.searchsorted(np.array(rows, dtype=int)[order], np.arange(shape[0] + 1))
    triple = np.array(numbers, dtype=float)[order], np.array(columns, dtype=int)[order], starts
    return sparse.csr_array(triple, shape=shape)


# ---- the Jacobian: a sparse row or column at each node -------------------------------------------------


def jacobian_matrix(outs: Sequence[Any], variables: Sequence[Any]) -> Any:
    """Return the derivatives of results, which are Values or numbers, by their variables."""
    roots = {i: out for i, out in enumerate(outs) if is_value(out)}
    order = twin_of(next(iter(roots.values()))).between(roots.values(), variables) if roots else []
    if len(outs) <= len(variables):
        adjoints = _adjoints(roots, order)
        entries = [(i, j, a) for j, x in enumerate(variables) for i, a in adjoints.get(x, {}).items()]
    else:
        tangents = _tangents(variables, order)
        entries = [(i, j, t) for i, out in roots.items() for j, t in tangents.get(out, {}).items()]
    return _matrix(entries, (len(outs), len(variables)))


def _adjoints(roots: Mapping[int, Any], order: Sequence[Any]) -> Rows:
    """Return the adjoints of each leaf for all roots that depend on it, by the number of the root."""
    adjoints: Rows = defaultdict(dict)
    for i, root in roots.items():
        adjoints[root][i] = 1.0
    for node in reversed(order):
        if not node.parents:
            continue
        mine = adjoints.pop(node)
        for parent, partial in zip(node.parents, node.partials, strict=True):
            row = adjoints[parent]
            for i, adjoint in mine.items():
                row[i] = row.get(i, 0.0) + adjoint * partial
    return adjoints


def _tangents(variables: Sequence[Any], order: Sequence[Any]) -> Rows:
    """Return the tangents of each node for all variables that it depends on, by their number."""
    tangents: Rows = {x: {j: 1.0} for j, x in enumerate(variables)}
    for node in order:
        for parent, partial in zip(node.parents, node.partials, strict=True):
            if parent in tangents:
                row = tangents.setdefault(node, {})
                for j, tangent in tangents[parent].items():
                    row[j] = row.get(j, 0.0) + partial * tangent
    return tangents


# ---- the Hessian: edge pushing -------------------------------------------------------------------------


def hessian_matrix(out: Any, variables: Sequence[Any]) -> Any:
    """Return the second derivatives of a result, which is a Value or a number, by its variables."""
    size = len(variables)
    if not is_value(out):
        return _matrix([], (size, size))
    order = twin_of(out).ancestors(out)  # behind all operands: a flat one may still have a mixed derivative
    position = {node: i for i, node in enumerate(order)}
    weights = _push_edges(order, position)
    number = {position[x]: i for i, x in enumerate(variables) if x in position}
    lower = [(number[k], number[j], weight) for k in number for j, weight in weights.get(k, {}).items() if j in number]
    return _matrix(lower + [(j, i, weight) for i, j, weight in lower if i != j], (size, size))


def _push_edges(order: Sequence[Any], position: Mapping[Any, int]) -> Rows:
    """Return the second derivatives of the last node by each pair of leaves, in the row of the younger.

    At any time in the sweep, the last node is seen as a function of the nodes not yet visited. Its first
    derivatives by them are `adjoint`; its second ones are `weights`, those of each unordered pair once.
    To visit a node is to express it by its parents.
    """
    adjoint: list[float | None] = [None] * len(order)
    adjoint[-1] = 1.0
    weights: Rows = defaultdict(dict)

    def add(j: int, k: int, weight: float) -> None:
        if j < k:
            j, k = k, j
        row = weights[j]
        row[k] = row.get(k, 0.0) + weight

    with _modes.recording(), _modes.ieee():
        for i in range(len(order) - 1, -1, -1):
            node = order[i]
            if not node.operands:  # a leaf or a constant
                continue
            edges = [(position[parent], partial) for parent, partial in zip(node.parents, node.partials, strict=True)]
            if i in weights:
                _push(i, weights.pop(i), edges, add)
            bar = adjoint[i]
            if bar is None:
                continue
            for x, y, curvature in _second_partials(node):
                add(position[x], position[y], bar * curvature)
            for j, partial in edges:
                adjoint[j] = (adjoint[j] or 0.0) + bar * partial
    return weights


def _push(
    i: int, weights: Mapping[int, float], edges: Sequence[tuple[int, float]], add: Callable[[int, int, float], None]
) -> None:
    """Express the second derivatives by node `i` and its partners by its parents and those partners.

    Each pair of edges is there in both orders, so where both end at one node they count twice.
    """
    for partner, weight in weights.items():
        if partner != i:
            for j, partial in edges:
                term = weight * partial
                add(j, partner, 2.0 * term if j == partner else term)
            continue
        for a, (j, partial) in enumerate(edges):
            term = weight * partial
            add(j, j, term * partial)
            for k, other in edges[:a]:
                add(j, k, 2.0 * term * other if j == k else term * other)


# ---- second partials -----------------------------------------------------------------------------------


def _second_partials(node: Any) -> list[tuple[Any, Any, float]]:
    """Return the second partials of a node by each unordered pair of operands, but for structural zeros."""
    products = _products(node.op) if node.primitive is None else None
    if products is None:
        return _differentiated(node)
    operands = node.operands
    found = []
    for s, t in products:
        length = len(operands) // len(PRIMITIVES[node.op].operands)
        for x, y in zip(operands[s * length :][:length], operands[t * length :][:length], strict=True):
            if is_variable(x) and is_variable(y):
                found.append((x, y, 2.0 if x is y else 1.0))
    return found


@functools.cache
def _products(op: str) -> list[tuple[int, int]] | None:
    """Return the pairs of operands in whose product a primitive is linear, or None if it is not that simple.

    It is if each partial is a number or another operand, wherever the operands are: add, mul, dot.
    """
    row = PRIMITIVES[op]
    if row.domain:
        return None
    pairs = set()
    for s, formula in enumerate(row.smooth or row.partials):
        if formula in row.operands and formula != row.operands[s]:
            t = row.operands.index(formula)
            pairs.add((min(s, t), max(s, t)))
        elif names_in(parse(formula)):
            return None
    return sorted(pairs)


def _differentiated(node: Any) -> list[tuple[Any, Any, float]]:
    """Return the second partials of a node by differentiating its partials, on a copy of it that has leaves."""
    twin = twin_of(node)
    leaves = {x: twin.Value(x.data) for x in node.operands if is_variable(x)}
    operands = tuple([leaves[x] if is_variable(x) else x for x in node.operands])
    parents = tuple([leaves[x] for x in node.parents])
    copy = twin.restore(node.data, 0.0, "", node.primitive or node.op, operands, parents, node.partials)
    partials: defaultdict[Any, dict[Any, float]] = defaultdict(dict)
    for leaf, partial in _recorded.edges(copy):
        if is_value(partial):
            partials[leaf][partial] = partials[leaf].get(partial, 0.0) + 1.0
    rows = {
        i: twin.adjoints(partials[leaf], leaves.values()) for i, leaf in enumerate(leaves.values()) if leaf in partials
    }
    variables = list(leaves)
    return [
        (variables[i], variables[j], second)
        for i, row in rows.items()
        for j, second in enumerate(row)
        if second is not None and (j <= i or j not in rows or rows[j][i] is None)
    ]
