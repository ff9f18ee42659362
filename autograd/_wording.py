"""Nodes in words: operands, chains to the root, and the names that the user gave.

Beside the words stands what `diagnose` and `margins` both ask of a graph before they have
something to say. This file serves both twins: it uses what is public in them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from autograd import _modes, errors
from autograd._kernels import KERNELS, Kernel
from autograd._recorded import twin_of
from autograd._structures import is_value, is_variable, number_of

__all__ = [
    "MOST_OPERANDS",
    "by_convention",
    "chain_in_words",
    "height",
    "kernel_of",
    "label",
    "node_in_words",
    "positions_of_parents",
    "quoted",
    "results",
    "sweep",
]


# ---- nodes -------------------------------------------------------------------------------------------


def sweep(root: Any, where: str) -> tuple[list[Any], dict[Any, float]]:
    """Return what the root was computed from, in recording order, and the adjoints of what it depends on."""
    if not is_value(root):
        raise errors.not_a_value(where, root)
    twin = twin_of(root)
    order = twin.ancestors(root)
    found = zip(order, twin.adjoints({root: 1.0}, order), strict=True)
    return order, {node: adjoint for node, adjoint in found if adjoint is not None}


def positions_of_parents(node: Any) -> list[int]:
    """Return the position among the operands of the parent on each edge."""
    kernel, variables = kernel_of(node), [x for x in node.operands if is_variable(x)]
    if kernel is not None and len(set(variables)) < len(variables):  # of a repeated operand, some places may be flat
        with _modes.ieee():
            _, partials = by_convention(kernel, node.operands, tuple(map(number_of, node.operands)))
        edges = [i for i, partial in enumerate(partials) if partial is not None]
        if [id(node.operands[i]) for i in edges] == list(map(id, node.parents)):
            return edges
    operands = enumerate(node.operands)
    return [next(i for i, x in operands if x is parent) for parent in node.parents]


def kernel_of(node: Any) -> Kernel | None:
    """Return the kernel of a node's primitive; None for a leaf, a constant and an own primitive."""
    return KERNELS.get(node.op) if node.primitive is None else None


def height(kernel: Kernel, operands: Sequence[Any]) -> int:
    """Return how many rows the columns of operands have; one where there are no columns."""
    return len(operands) // len(kernel.row.operands)


def results(kernel: Kernel, numbers: Sequence[float]) -> tuple[float, ...]:
    """Return the value, and the sub-formulas over all rows of a primitive of columns."""
    if not kernel.row.columns:
        return (kernel.value(*numbers),)
    length = height(kernel, numbers)
    return kernel.value_of_columns(*[list(numbers[i : i + length]) for i in range(0, len(numbers), length)])


def by_convention(
    kernel: Kernel, operands: Sequence[Any], numbers: tuple[float, ...]
) -> tuple[float, list[float | None]]:
    """Return the value and the partials as the table has them; None where there is no edge."""
    out, *shared = results(kernel, numbers)
    partials: list[float | None] = [None] * len(numbers)
    if not kernel.row.columns and math.isnan(out) and kernel.is_undefined(numbers):
        return out, [out if is_variable(x) else None for x in operands]
    rows = height(kernel, numbers)
    for first in range(rows):
        places = range(first, len(numbers), rows)
        constants = [name for name, i in zip(kernel.row.operands, places, strict=True) if not is_variable(operands[i])]
        if len(constants) < len(places):
            found = kernel.partials(tuple(constants))(*[numbers[i] for i in places], out, *shared)
            for i, partial in zip(places, found, strict=True):
                partials[i] = partial
    return out, partials


# ---- words -------------------------------------------------------------------------------------------
#
# Names, lines and own primitives are the user's: they are shown as Python literals, so that no control
# character of theirs gets to a terminal.

MOST_OPERANDS = 6
_MOST_NODES = 8
_LONGEST_NAME = 60


def chain_in_words(chain: tuple[Any, ...]) -> Iterator[str]:
    """Yield the lines that show a chain of nodes to the root, if it has more than one."""
    if len(chain) == 1:
        return
    yield "  the chain to the root:"
    half = _MOST_NODES // 2
    short = [*chain[:half], None, *chain[-half:]] if len(chain) > _MOST_NODES else chain
    for node in short:
        yield f"    {node_in_words(node)}" if node is not None else f"    ... {len(chain) - _MOST_NODES} more"


def node_in_words(node: Any) -> str:
    """Return a node with its operands, its number, its name and its line."""
    name = f" {quoted(node.name)}" if node.name else ""
    line = f" at {_plain(node.line)}" if node.line else ""
    if not node.op or node.op == "constant":
        return f"{node.op or 'leaf'}{name} = {node.data!r}{line}"
    shown = [f"{label(node, i)} = {number_of(x)!r}" for i, x in enumerate(node.operands[:MOST_OPERANDS])]
    if len(node.operands) > MOST_OPERANDS:
        shown.append(f"and {len(node.operands) - MOST_OPERANDS} more")
    return f"{_plain(node.op)}({', '.join(shown)}) = {node.data!r}{name}{line}"


def label(node: Any, i: int) -> str:
    """Return what an operand is called: by its own name, or by that of its place."""
    x, kernel = node.operands[i], kernel_of(node)
    if is_value(x) and x.name:
        return quoted(x.name)
    if kernel is None:
        return f"operand {i}"
    column, row = divmod(i, max(1, height(kernel, node.operands)))
    if column >= len(kernel.row.operands):  # more of them than the primitive has
        return f"operand {i}"
    name = kernel.row.operands[column]
    return f"{name}[{row}]" if kernel.row.columns else name


def quoted(text: str) -> str:
    """Return a name as a literal, cut short if it is long."""
    return ascii(text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "...")


def _plain(text: str) -> str:
    return ascii(text)[1:-1]
