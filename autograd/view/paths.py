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
from typing import NamedTuple, TypeAlias

from autograd.graph import Snapshot

__all__ = ["MOST_COUNTED", "Path", "Paths", "rank"]

#: More paths than this are not counted: the numbers themselves would fill the memory.
MOST_COUNTED = 10**1000


class Path(NamedTuple):
    """Edges from a node down to one that it was computed from.

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
    adjoints : dict of int to float
        d above / d node for each of the nodes.
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
        self.nodes, self.adjoints = sorted(adjoint), adjoint
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

    @functools.cached_property
    def edges_to(self) -> dict[int, list[tuple[int, int]]]:
        """The edges on any path that end in each node, in the order of the backward sweep."""
        found: dict[int, list[tuple[int, int]]] = {}
        for edge in self.edges:
            found.setdefault(self.snapshot.nodes[edge[0]].operands[edge[1]], []).append(edge)
        return found

    def largest(self, most: int) -> list[Path]:
        """Return the paths with the largest absolute products, the largest first; NaN counts as the largest.

        Sizes are compared as sums of logarithms, so that no product overflows on the way; of paths whose sizes differ
        by rounding errors alone, either may be left out.
        """
        if not self.nodes:
            return []
        if self.count == 1:  # the edges of a chain, or of a node and itself, are its one path
            return [Path(tuple(self.edges), self._product(self.edges))][:most]
        size, first, gap = self._best()
        # A path is the best one but for its detours: edges other than the last one of the best path to their node. So
        # all paths are found from larger ones, each from one: by one more detour, above the last.
        waiting: list[tuple[float, int, _Detours]] = [(-size[self.below], 0, None)]
        found: list[Path] = []
        made = 0
        while waiting and len(found) < most:
            negative, _, detours = heapq.heappop(waiting)
            up = _climb(detours)
            start = self.below if detours is None else detours[0][0]
            path: list[tuple[int, int]] = []
            longer: list[tuple[float, int, _Detours]] = []
            wanted = most - len(found) - 1
            bound = heapq.nsmallest(wanted, waiting)[-1][0] if 0 < wanted <= len(waiting) else math.inf
            place, is_new = self.below, detours is None
            while place != self.above:
                best = first[place]
                if is_new and wanted and negative + gap.get(place, math.inf) < bound:
                    for edge in self.edges_to[place]:
                        smaller = negative + (size[place] - (size[edge[0]] + self._size(edge)))
                        if edge != best and smaller < bound:
                            made += 1
                            longer.append((smaller, made, (edge, place, detours)))
                    if len(longer) > 2 * wanted:
                        longer = heapq.nsmallest(wanted, longer)
                        bound = longer[-1][0]
                edge = up.get(place, best)
                path.append(edge)
                place = edge[0]
                is_new = is_new or place == start
            for item in heapq.nsmallest(wanted, longer):
                heapq.heappush(waiting, item)
            path.reverse()
            found.append(Path(tuple(path), self._product(path)))
        return sorted(found, key=lambda path: rank(path.product))

    def _best(self) -> tuple[dict[int, float], dict[int, tuple[int, int]], dict[int, float]]:
        """Return for each node the size of the largest path from above, its last edge, and what the next best loses."""
        nodes, size = self.snapshot.nodes, {self.above: 0.0}
        first: dict[int, tuple[int, int]] = {}
        gap: dict[int, float] = {}
        for edge in self.edges:
            operand, reached = nodes[edge[0]].operands[edge[1]], size[edge[0]] + self._size(edge)
            if operand not in first:
                size[operand], first[operand] = reached, edge
            elif reached > size[operand]:
                gap[operand] = reached - size[operand]
                size[operand], first[operand] = reached, edge
            else:
                gap[operand] = min(gap.get(operand, math.inf), size[operand] - reached)
        return size, first, gap

    def _size(self, edge: tuple[int, int]) -> float:
        """Return the logarithm of a partial, or a number far beyond all sums of them."""
        partial = self.snapshot.nodes[edge[0]].partials[edge[1]]
        assert partial is not None
        if partial in {1.0, -1.0}:
            return 0.0
        if math.isfinite(partial):
            return math.log2(abs(partial)) if partial else -_BEYOND
        return _BEYOND * (2.0 if math.isnan(partial) else 1.0)

    def _product(self, path: list[tuple[int, int]]) -> float:
        nodes, product = self.snapshot.nodes, 1.0
        for place, slot in path:
            product *= nodes[place].partials[slot]  # type: ignore[operator]
        return product


#: The logarithm that stands for an infinite partial.
_BEYOND = 2.0**60

#: The detours of a path: the last of them, the node below it, and those before.
_Detours: TypeAlias = "tuple[tuple[int, int], int, _Detours] | None"


def _climb(detours: _Detours) -> dict[int, tuple[int, int]]:
    """Return which edge to take from the nodes where a path leaves the best one."""
    up = {}
    while detours is not None:
        edge, place, detours = detours
        up[place] = edge
    return up


def rank(product: float) -> float:
    """Return what to sort products by, for the largest to come first: NaN counts as the largest."""
    return -math.inf if math.isnan(product) else -abs(product)
