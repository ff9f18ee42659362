"""What the boxes of a picture say: the numbers of one node or of many, and how much there is in them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from autograd.graph import Node, Snapshot
from autograd.view.folding import Box

__all__ = ["Facts", "Row", "counted", "facts", "listed"]

_MOST_NAMES = 3


class Row(NamedTuple):
    """A number in a box: what it is, how it reads, and which colour of `Colours` it has."""

    word: str
    number: str
    colour: str


class Facts(NamedTuple):
    """What a box says.

    Attributes
    ----------
    op : str
        The primitive, if the title does not tell it.
    rows : list of Row
        The numbers.
    remarks : list of str
        How much there is in it, and what is wrong inside.
    tooltip : list of str
        All of it, with all digits.
    finite : bool
        Whether all numbers in it are.
    """

    op: str
    rows: list[Row]
    remarks: list[str]
    tooltip: list[str]
    finite: bool


def facts(snapshot: Snapshot, box: Box, number: Callable[[float], str]) -> Facts:
    """Return what a box says, with numbers as a function writes them."""
    nodes = [snapshot.nodes[i] for i in box.nodes]
    rows = _rows(snapshot, box, number)
    finite = all(math.isfinite(node.data) and math.isfinite(node.grad) for node in nodes)
    if len(nodes) == 1:
        (node,) = nodes
        op = "" if _is_made_of(node.id, node.op) else node.op
        return Facts(op, rows, [], _all_of(snapshot, node), finite)
    remarks = [_amount(snapshot, box, nodes)]
    if not finite and all(row.colour != "alarm" for row in rows):
        remarks.append("nan or inf inside")
    inside = set(box.outputs)
    roots = [f"with the root {snapshot.nodes[i].id}" for i in snapshot.roots if i in inside]
    return Facts("", rows, remarks, [box.title, *remarks, *roots[:_MOST_NAMES]], finite)


def _rows(snapshot: Snapshot, box: Box, number: Callable[[float], str]) -> list[Row]:
    """Return the numbers of the one result, or the range of several and the sum of their gradients."""
    shown = [snapshot.nodes[i] for i in box.outputs or box.nodes[-1:]]
    if box.kind != "inputs":  # parameters and plain numbers inside are not what it computes
        shown = [node for node in shown if node.op] or shown
    data = [node.data for node in shown]
    odd = [x for x in data if not math.isfinite(x)]
    rows = [_row("data", "data", number, *(odd[:1] or (min(data), max(data))))]
    if any(node.kind != "constant" for node in shown):
        if not snapshot.is_swept:
            rows.append(Row("grad", "—", "grad"))
        elif len(shown) == 1:
            rows.append(_row("grad", "grad", number, shown[0].grad))
        else:
            rows.append(_row("Σ grad", "grad", number, _total([node.grad for node in shown])))
    return rows


def _row(word: str, colour: str, number: Callable[[float], str], *range_: float) -> Row:
    finite = all(map(math.isfinite, range_))
    return Row(word, " … ".join(dict.fromkeys(map(number, range_))), colour if finite else "alarm")


def _total(numbers: Sequence[float]) -> float:
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):  # of infinities, or on the way
        return sum(numbers)


def _amount(snapshot: Snapshot, box: Box, nodes: Sequence[Node]) -> str:
    """Return how much there is in a box of several nodes."""
    match box.kind:
        case "sum":
            return f"a sum of {sum(len(node.operands) for node in nodes) - len(nodes) + 1:,}"
        case "inputs":  # a plain number is a node for each of its uses
            return counted(len({node.data for node in nodes}), "different number")
        case "module":
            parameters = [i for i in box.nodes if snapshot.nodes[i].kind == "parameter"]
            uses = Counter([operand for node in nodes for operand in node.operands])
            fewest, most = (f([uses[i] for i in parameters], default=1) for f in (min, max))
            often = f"{fewest:,} times" if fewest == most else f"{fewest:,} to {most:,} times"
            used = f", each used {often}" if most > 1 else ""
            return counted(len(parameters), "parameter") + used
        case _:
            kinds = Counter([node.kind for node in nodes])
            names = {"computed": "operation", "parameter": "parameter", "input": "input", "constant": "constant"}
            return ", ".join([counted(kinds[kind], name) for kind, name in names.items() if kinds[kind]])  # type: ignore[index]


def _all_of(snapshot: Snapshot, node: Node) -> list[str]:
    """Return a node with its operands, such as ``z = add(x, y)``, and its numbers."""
    operands = listed([snapshot.nodes[i].id for i in node.operands])
    lines = [f"{node.id} = {node.op}({operands})" if node.op else f"{node.id} ({node.kind})", f"data {node.data!r}"]
    if snapshot.is_swept and node.kind != "constant":
        lines.append(f"grad {node.grad!r}")
    return [*lines, node.line] if node.line else lines


def _is_made_of(name: str, op: str) -> bool:
    """Return whether a name is a primitive and a counter, and so tells the primitive."""
    return name.startswith(op) and name.removeprefix(op).removeprefix("_").isdecimal()


def counted(n: int, what: str) -> str:
    """Return how many there are, such as "2 boxes"."""
    return f"{n:,} {what}{'' if n == 1 else 'es' if what.endswith('x') else 's'}"


def listed(names: Sequence[str], longest: float = math.inf) -> str:
    """Return names with commas between them: one at least, three at most, and how many more."""
    most = min(_MOST_NAMES, len(names))
    while most > 1 and sum(map(len, names[:most])) > longest:
        most -= 1
    more = [f"... {len(names) - most:,} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])
