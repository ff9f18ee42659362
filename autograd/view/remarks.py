r"""What is said beside a derivation: which sides of kinks were taken, where paths are cut, what `grad` holds.

A remark is a running text: words, with names among them.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from autograd import _modes
from autograd._formula import IEEE, evaluate, names_in, parse
from autograd._kernels import KERNELS
from autograd._wording import results
from autograd.graph import Node
from autograd.primitives import Kink
from autograd.view.paths import Paths
from autograd.view.writing import Block, Code, Items, Paragraph, formula, mention, number, plain

__all__ = ["Remarks", "height", "is_plain", "scope"]

_MOST_REMARKS = 5


class Remarks:
    """The remarks on the paths between two nodes.

    Parameters
    ----------
    paths : Paths
    edges : iterable of (int, int)
        The edges that the derivation shows, by node and operand.
    """

    def __init__(self, paths: Paths, edges: Iterable[tuple[int, int]]) -> None:
        self.paths, self.nodes, self.edges = paths, paths.snapshot.nodes, list(edges)
        self.above, self.below = self.nodes[paths.above], self.nodes[paths.below]

    def blocks(self) -> list[Block]:
        """Return the remarks, if there are any."""
        paths = self.paths
        remarks = (self._repeated(), self._kinks(), self._own(), self._changed())
        items = [item for kind in remarks for item in _few(kind)] + self.flats()
        if not math.isfinite(paths.total):
            items.append((f"The result is {number(paths.total)}: autograd.diagnose tells where that arose.",))
        elif paths.size > 1e3 * abs(paths.total):
            items.append((
                f"The paths cancel: their sizes add up to {number(paths.size)}, their sum is {number(paths.total)}.",
            ))  # fmt: skip
        return [Paragraph(("Notes:",)), Items(items)] if items else []

    def _repeated(self) -> Iterator[Sequence[str]]:
        """Yield one remark on the operands that are marked (1), (2), and so on."""
        found: dict[tuple[int, int], None] = {}
        for place, slot in self.edges:
            operand = self.nodes[place].operands[slot]
            if self.nodes[place].operands.count(operand) > 1:
                found[operand, place] = None
        if found:
            listed: list[str] = []
            for operand, place in list(found)[:_MOST_REMARKS]:
                listed += [", "] * bool(listed) + [
                    mention(self.nodes[operand].id),
                    " in ",
                    mention(self.nodes[place].id),
                ]
            rest = f", and {len(found) - _MOST_REMARKS:,} more" if len(found) > _MOST_REMARKS else ""
            yield ("(1), (2) and so on tell apart the places of an operand that stands there several times: ",
                   *listed, rest, ".")  # fmt: skip

    def _own(self) -> Iterator[Sequence[str]]:
        for op in dict.fromkeys(self.nodes[place].op for place, _ in self.edges if self.nodes[place].row is None):
            yield (mention(op), " is a primitive of your own: of its partials only the numbers are known.")

    def _kinks(self) -> Iterator[Sequence[str]]:
        for place in dict.fromkeys(place for place, _ in self.edges):
            node = self.nodes[place]
            if node.row is not None and not node.row.columns:
                _, names, numbers = scope(self.nodes, node, 0)
                for kink in node.row.kinks:
                    for at in _alternatives(parse(kink.at)):
                        yield from _kink_in_words(node, kink, at, names, numbers)

    def _changed(self) -> Iterator[Sequence[str]]:
        for place in dict.fromkeys(place for place, _ in self.edges):
            node = self.nodes[place]
            if node.row is not None and any(self.nodes[i].kind in {"input", "parameter"} for i in node.operands):
                with _modes.ieee():
                    now = results(KERNELS[node.op], [self.nodes[i].data for i in node.operands])[0]
                if now != node.data and not (math.isnan(now) and math.isnan(node.data)):
                    yield ("A leaf among the operands of ", mention(node.id), " was assigned since: that gives "
                           f"{number(now)} now. The numbers of the derivation are those of then.")  # fmt: skip

    def _cuts(self) -> list[tuple[int, int]]:
        """Return the operands without an edge on the paths from below to above, where no derivative passes."""
        first, last = self.paths.below, self.paths.above
        leads = {first}
        for place in range(first + 1, last + 1):
            if not leads.isdisjoint(self.nodes[place].operands):
                leads.add(place)
        reached, cuts = {last}, []
        for place in range(last, first, -1):
            if place in reached and place in leads:
                node = self.nodes[place]
                for slot, (operand, partial) in enumerate(zip(node.operands, node.partials, strict=True)):
                    if partial is not None:
                        reached.add(operand)
                    elif operand in leads:
                        cuts.append((place, slot))
        return cuts

    def flats(self) -> list[Sequence[str]]:
        """Return remarks on where no derivative passes: on the first such places, as there may be very many."""
        cuts = self._cuts()
        rest = len(cuts) - _MOST_REMARKS
        return [*map(self._flat, cuts[:_MOST_REMARKS]), *([_more_remarks(rest)] if rest > 0 else [])]

    def _flat(self, edge: tuple[int, int]) -> Sequence[str]:
        node = self.nodes[edge[0]]
        operand = self.nodes[node.operands[edge[1]]]
        head = ("No derivative passes through ", mention(node.id), f" = {number(node.data)} to ", mention(operand.id),
                f" = {number(operand.data)}")  # fmt: skip
        if node.row is None:
            return (*head, ": its own primitive gives no partial by it.")
        column, names, numbers = scope(self.nodes, node, edge[1])
        if node.row.flat[column] == "True":
            return (*head, ", in which it is flat but for jumps.")
        rows = height(node)
        operands = [self.nodes[i] for i in node.operands[edge[1] % rows :: rows]]
        given = [name for name, x in zip(node.row.operands, operands, strict=True) if x.kind == "constant"]
        return (*head, ", in which it is flat", *_why_flat(parse(node.row.flat[column]), names, numbers, given), ".")

    def check(self) -> Sequence[str]:
        """Return in words whether `grad` is the derivative, and if not, why."""
        above, total = mention(self.above.id), self.paths.total
        seed, found = self.above.grad, self.below.grad
        whose = Code(f"{plain(self.below.id)}.grad")
        it_is = (whose, f" is {number(found)}. ")
        if found == total or (math.isnan(found) and math.isnan(total)):
            return (whose, " is the same number, to the last bit." if total else " is 0 as well.")
        if self.paths.above != self.paths.below:
            if seed == 0.0 and found == 0.0:
                return (*it_is, "No backward sweep was run from ", above, ", or its gradients were cleared.")
            if seed == 0.0:
                return (*it_is, "It is not of a sweep from ", above, ": none was run, or its gradients were cleared.")
            if found == 0.0:
                return (*it_is, "It was cleared after the sweep, or what was added since makes 0.")
            if seed != 1.0 and math.isclose(found, seed * total, rel_tol=1e-9):
                return (*it_is, f"That is {number(seed)} times as much, since the sweep gave ", above,
                        f" the adjoint {number(seed)}: as its seed, or on the way from another root.")  # fmt: skip
        times = found / total if total else math.nan
        if not self.below.op and 1.5 < times < 1e6 and math.isclose(times, round(times), rel_tol=1e-9):
            return (*it_is, f"That is {round(times):,} times as much, as {round(times):,} sweeps without zero_grad "
                    "leave it: on a leaf, grad adds up.")  # fmt: skip
        if self.below.op:
            return (*it_is, "It differs: the last sweep was another.")
        return (*it_is, "It differs: on a leaf, grad adds up over sweeps, also from other roots.")


def scope(nodes: Sequence[Node], node: Node, slot: int) -> tuple[int, dict[str, str | float], dict[str, float]]:
    """Return the column of an operand, and what the names in the formulas of its row stand for."""
    assert node.row is not None
    rows = height(node)
    column, row = divmod(slot, rows)
    names: dict[str, str | float] = {"out": node.id}
    numbers = {"out": node.data}
    for i, name in enumerate(node.row.operands):
        operand = nodes[node.operands[i * rows + row]]
        numbers[name] = operand.data
        names[name] = operand.data if is_plain(node, operand) else operand.id
    return column, names, numbers


def height(node: Node) -> int:
    """Return how many rows the columns of operands have; of an own primitive, how many operands it has."""
    if node.row is None:
        return len(node.operands)
    return len(node.operands) // len(node.row.operands)


def is_plain(node: Node, operand: Node) -> bool:
    """Return whether an operand is a plain number, and so is called by its place."""
    return operand.kind == "constant" and operand.id.startswith(f"{node.id}.")


def _few(items: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    found = list(items)
    rest = len(found) - _MOST_REMARKS
    return [*found[:_MOST_REMARKS], *([_more_remarks(rest)] if rest > 0 else [])]


def _more_remarks(count: int) -> Sequence[str]:
    return (f"... and {count:,} more of that kind.",)


def _alternatives(tree: ast.expr) -> list[ast.expr]:
    return tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.Or) else [tree]


def _is_about_nodes(condition: ast.expr, names: Mapping[str, str | float]) -> bool:
    """Return whether a condition is on nodes, rather than on plain numbers alone."""
    return any(isinstance(names.get(name), str) for name in names_in(condition))


def _why_flat(
    condition: ast.expr, names: Mapping[str, str | float], numbers: Mapping[str, float], constants: Sequence[str]
) -> Sequence[str]:
    """Return in words what holds of a condition under which a primitive is flat."""
    for at in _alternatives(condition):
        if evaluate(at, numbers, IEEE, frozenset(constants)):
            parts = at.values if isinstance(at, ast.BoolOp) else [at]
            shown = [
                formula(x, names, numbers).text
                for x in parts if not isinstance(x, ast.Call) and _is_about_nodes(x, names)
            ]  # fmt: skip
            if shown:
                return (": ", Code(" and ".join(shown)))
            return (f": an operand is the constant {number(next(numbers[x] for x in constants if x in names_in(at)))}",)
    return ()


def _kink_in_words(
    node: Node, kink: Kink, at: ast.expr, names: Mapping[str, str | float], numbers: Mapping[str, float]
) -> Iterator[Sequence[str]]:
    """Yield what to say of a kink: on which side of it an operand is, or that it is there."""
    is_a_point = isinstance(at, ast.BoolOp) or (isinstance(at, ast.Compare) and isinstance(at.ops[0], ast.Eq))
    if not is_a_point or not _is_about_nodes(at, names):
        return
    if evaluate(at, numbers, IEEE):
        where = Code(formula(at, names, numbers).text)
        yield (mention(node.id), " is at a kink, ", where, ": by convention its partials are ", Code(kink.taken),
               f" there ({kink.reason}).")  # fmt: skip
        return
    match at:
        case ast.Compare(left=ast.Name() as left, ops=[ast.Eq()], comparators=[ast.Name() | ast.Constant() as right]):
            x, edge = (left, right) if isinstance(names[left.id], str) else (right, left)
            a, b = (float(evaluate(side, numbers, IEEE)) for side in (x, edge))
            if a < b or a > b:
                called, limit = (formula(side, names, numbers).text for side in (x, edge))
                side = "above" if a > b else "below"
                yield (mention(node.id), " has a kink at ", Code(f"{called} == {limit}"), "; ",
                       Code(called), f" = {number(a)} is {side} it.")  # fmt: skip
