"""The two sweeps once more, recorded: their results are Values, to be differentiated again.

The engine's sweeps multiply and add the partials that each node holds as numbers. Here the partials
are computed anew, from the formulas of the table or by the rule of a user's own primitive, as
Values: then an adjoint is a Value too, with a graph of its own. Higher derivatives of any order
follow from that, and so does any nesting, because the variables of each level are different nodes.

This file serves both twins: it uses what is public in them.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from autograd import _modes, errors
from autograd._formula import IEEE, evaluate
from autograd._kernels import KERNELS
from autograd._structures import is_value, is_variable, number_of

__all__ = ["adjoints", "edges", "tangents", "twin_of"]


def twin_of(value: Any) -> ModuleType:
    """Return the module of the engine that a Value belongs to."""
    return sys.modules[type(value).__module__]


def adjoints(seeds: Mapping[Any, Any], sources: Sequence[Any]) -> list[Any]:
    """Sweep backward from several roots.

    Parameters
    ----------
    seeds : mapping of Value to Value or float
        The adjoint of each root; there is at least one.
    sources : sequence of Value
        Whose adjoints to return, leaves or computed nodes.

    Returns
    -------
    list of Value, float or None
        One for each source; None where no root depends on it.
    """
    order = twin_of(next(iter(seeds))).between(list(seeds), sources)
    on_path = set(order)
    adjoint = dict(seeds)
    with _modes.recording(), _modes.ieee():
        for node in reversed(order):
            if not node.operands:
                continue
            for parent, partial in edges(node):
                if parent in on_path:
                    term = _times(adjoint[node], partial)
                    adjoint[parent] = adjoint[parent] + term if parent in adjoint else term
    return [adjoint.get(source) for source in sources]


def tangents(seeds: Mapping[Any, Any], roots: Sequence[Any]) -> list[Any]:
    """Sweep forward.

    Parameters
    ----------
    seeds : mapping of Value to Value or float
        The tangents of the sources, leaves or computed nodes; there is at least one.
    roots : sequence of Value
        Whose tangents to return.

    Returns
    -------
    list of Value, float or None
        One for each root; None where it depends on no source.
    """
    tangent = dict(seeds)
    with _modes.recording(), _modes.ieee():
        for node in twin_of(next(iter(seeds))).between(roots, list(seeds)):
            if node in seeds:
                continue
            for parent, partial in edges(node):
                if parent in tangent:
                    term = _times(partial, tangent[parent])
                    tangent[node] = tangent[node] + term if node in tangent else term
    return [tangent.get(root) for root in roots]


def _times(x: Any, y: Any) -> Any:
    """Multiply without recording a factor of one."""
    if type(x) is float and x == 1.0:
        return y
    return x if type(y) is float and y == 1.0 else x * y


# ---- partials as Values ------------------------------------------------------------------------------


def edges(node: Any) -> list[tuple[Any, Any]]:
    """Return the parents of a node, each with the partial by it as a Value or a float."""
    operands = node.operands
    ops = [x.op if is_value(x) else "constant" for x in operands]  # a plain number counts as a constant
    partials: Sequence[Any]
    if node.primitive is not None:
        partials = node.primitive.partials_as_values(operands, node)
    else:
        if "" in ops:
            _check_unchanged(node)
        twin, kernel, constants = twin_of(node), KERNELS[node.op], [op == "constant" for op in ops]
        if math.isnan(node.data) and kernel.is_undefined(tuple(map(number_of, operands))):
            nowhere = math.nan * twin.sum([x for x in operands if is_variable(x)])  # of any order
            partials = [nowhere] * len(operands)
        elif kernel.row.columns:
            length = len(operands) // len(kernel.row.operands)
            rows = [operands[i::length] for i in range(length)]
            shared = _shared(node, rows)
            rules = [_rule(twin, node.op, tuple(constants[i::length])) for i in range(length)]
            by_row = [rule(*row, node, *shared) for rule, row in zip(rules, rows, strict=True)]
            partials = [partial for column in zip(*by_row, strict=True) for partial in column]
        else:
            partials = _rule(twin, node.op, tuple(constants))(*operands, node)
    found = zip(operands, partials, ops, strict=True)
    return [(x, partial) for x, partial, op in found if partial is not None and op != "constant"]


def _shared(node: Any, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Return the sub-formulas over all rows of columns that partials need: a number for max, a Value for sum."""
    kernel, twin = KERNELS[node.op], twin_of(node)
    found: dict[str, Any] = {}
    for key, (name, tree) in kernel.shared_by_smooth.items():
        names = [dict(zip(kernel.row.operands, row, strict=True)) | found for row in rows]
        terms = [evaluate(tree, scope, _arithmetic(twin)) for scope in names]
        found[key] = max(map(number_of, terms)) if name == "max" else twin.sum(terms)
    return list(found.values())


@functools.cache
def _rule(twin: ModuleType, op: str, are_constant: tuple[bool, ...]) -> Callable[..., tuple[Any, ...]]:
    """Return the function that computes the partials, where some operands are constants."""
    names = zip(KERNELS[op].row.operands, are_constant, strict=True)
    return KERNELS[op].differentiable_partials(tuple([x for x, is_constant in names if is_constant]), _arithmetic(twin))


@functools.cache
def _arithmetic(twin: ModuleType) -> dict[str, Callable[..., Any]]:
    """Return the functions of the formula language, on Values and floats, without exceptions."""

    def divide(x: Any, y: Any) -> Any:
        return x / y if is_value(x) or is_value(y) else IEEE["divide"](x, y)

    def power(x: Any, y: Any) -> Any:
        return x**y if is_value(x) or is_value(y) else IEEE["pow"](x, y)

    def floor(x: Any) -> float:  # no derivative passes through
        return float(IEEE["floor"](number_of(x)))

    functions = {name: getattr(twin, name) for name in twin.__all__ if name in KERNELS}
    return {**functions, "abs": abs, "floor": floor, "divide": divide, "pow": power}


def _check_unchanged(node: Any) -> None:
    """Raise if a leaf was changed since the node was computed from it: its partials are of the old number."""
    kernel = KERNELS[node.op]
    numbers = [number_of(x) for x in node.operands]
    if kernel.row.columns:
        length = len(numbers) // len(kernel.row.operands)
        columns = [numbers[i : i + length] for i in range(0, len(numbers), length)]
        now = kernel.value_of_columns(*columns)[0]
    else:
        now = kernel.value(*numbers)
    if now != node.data and not (math.isnan(now) and math.isnan(node.data)):
        raise errors.leaf_changed(node.op, node.data, now)
