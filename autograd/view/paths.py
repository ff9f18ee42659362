"""All paths between two nodes of a snapshot: how many there are, their sum, and the largest of them.

A derivative is a sum over all paths of the product of the partials along each (case 2 of the chain
rule, made of cases 1). There may be more paths than atoms, so they are counted and added up as the
sweep does it, node by node, and only the largest are listed.

    >>> from autograd import Value
    >>> x = Value(1.0, "x")
    >>> y = x
    >>> for _ in range(200):
    ...     y = y + y
    >>> taken = Snapshot(y)
    >>> paths = Paths(taken, taken.place(y), taken.place(x))
    >>> paths.count == 2**200, paths.total == 2.0**200, len(paths.largest(3)[0].edges)
    (True, True, 200)
"""

from __future__ import annotations

import functools
import heapq
import math
from typing import Any, NamedTuple

from autograd.graph import Snapshot

__all__ = ["MOST_COUNTED", "Path", "Paths"]

#: More paths than this are not counted: the numbers themselves would fill the memory.
MOST_COUNTED = 10**1000


class Path(NamedTuple):
    """A way from a node down to what it was computed from.

    Attributes
    ----------
    edges : tuple of (int, int)
        Each edge, from above: the position of the node, and which of its operands comes next.
    product : float
        The product of their partials, multiplied from above.
    """

    edges: tuple[tuple[int, int], ...]
    product: float


class Paths:
    """The paths from one node of a snapshot down to another.

    Parameters
    ----------
    snapshot : Snapshot
    above, below : int
        The positions of the node that is differentiated, and of that by which.

    Attributes
    ----------
    nodes : list of int
        The nodes on any path, in recording order: `below` first and `above` last; empty if there is no path.
    edges : list of (int, int)
        The edges on any path, by node and operand, in the order of the backward sweep.
    total : float
        d above / d below, to the last bit as the engine's sweep finds it.
    size : float
        The sum of the absolute products: where it is much larger than the total, paths cancel.

    Notes
    -----
    Everything takes time in proportion to the edges behind `above`.
    """

    def __init__(self, snapshot: Snapshot, above: int, below: int) -> None:
        self.snapshot, self.above, self.below = snapshot, above, below
        nodes = snapshot.nodes
        leads_down = [False] * (above + 1)
        if below <= above:
            leads_down[below] = True
        for place in range(below + 1, above + 1):
            node = nodes[place]
            for operand, partial in zip(node.operands, node.partials, strict=True):
                if partial is not None and leads_down[operand]:
                    leads_down[place] = True
                    break
        adjoint: dict[int, float] = {above: 1.0} if leads_down[above] else {}
        sizes = dict(adjoint)
        self.edges: list[tuple[int, int]] = []
        for place in range(above, below, -1):
            if place in adjoint:
                node = nodes[place]
                for slot, (operand, partial) in enumerate(zip(node.operands, node.partials, strict=True)):
                    if partial is not None and leads_down[operand]:
                        self.edges.append((place, slot))
                        adjoint[operand] = adjoint.get(operand, 0.0) + adjoint[place] * partial
                        sizes[operand] = sizes.get(operand, 0.0) + abs(sizes[place] * partial)
        self.nodes = sorted(adjoint)
        self.total = adjoint.get(below, 0.0)
        self.size = sizes.get(below, 0.0)

    @functools.cached_property
    def count(self) -> int | float:
        """How many paths there are; inf if there are more than `MOST_COUNTED`."""
        counts: dict[int, int | float] = {self.above: 1} if self.nodes else {}
        for place, slot in self.edges:
            operand = self.snapshot.nodes[place].operands[slot]
            found = counts.get(operand, 0) + counts[place]
            counts[operand] = found if found <= MOST_COUNTED else math.inf
        return counts.get(self.below, 0)

    def largest(self, most: int) -> list[Path]:
        """Return the paths with the largest absolute products, the largest first; NaN counts as the largest."""
        best: dict[int, list[Any]] = {self.above: [(0.0, 1.0, None, None)]} if self.nodes else {}
        for place, slot in self.edges:
            operand, partial = self.snapshot.nodes[place].operands[slot], self.snapshot.nodes[place].partials[slot]
            assert partial is not None
            ways = best.setdefault(operand, [])
            for before in best[place]:
                product = before[1] * partial
                ways.append((_rank(product), product, (place, slot), before))
            if len(ways) > most:
                best[operand] = heapq.nsmallest(most, ways, key=lambda way: way[0])
        return [Path(_edges(way), way[1]) for way in sorted(best.get(self.below, []), key=lambda way: way[0])][:most]


def _rank(product: float) -> float:
    return -math.inf if math.isnan(product) else -abs(product)


def _edges(way: Any) -> tuple[tuple[int, int], ...]:
    found = []
    while way[2] is not None:
        found.append(way[2])
        way = way[3]
    return tuple(reversed(found))
