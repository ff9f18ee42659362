r"""The chain rule written out for two nodes of a graph, with its numbers: as a textbook derives it.

    >>> from autograd import Value, explain
    >>> w, x = Value(0.5, "w"), Value(3.0, "x")
    >>> z = w * x
    >>> z.name = "z"
    >>> print(explain(z**2, w))
    d pow1 / d w = 9
    ================
    <BLANKLINE>
    There is one path from w to pow1, so this is case 1 of the chain rule: a chain. Multiply the
    partials along it. A partial, by one operand alone, has the sign ∂; a derivative, over all paths,
    has d.
    <BLANKLINE>
    Here
    <BLANKLINE>
      w    = 0.5
      x    = 3
      z    = w * x = 1.5
      pow1 = z ** 2 = 2.25
    <BLANKLINE>
      d pow1/d w = ∂pow1/∂z · ∂z/∂w
                 = (2 * z) · x
                 = 3 · 3
                 = 9
    <BLANKLINE>
    Check: w.grad is 0. No backward sweep was run from pow1, or its gradients were cleared.

What is said is made once, as a list of paragraphs, items and formulas; `autograd.view.writing` prints it in
each script.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from autograd import errors
from autograd._formula import FUNCTIONS, IEEE, evaluate, names_in, parse
from autograd._structures import is_value
from autograd.graph import Node, Snapshot
from autograd.view.paths import MOST_COUNTED, Path, Paths, rank
from autograd.view.remarks import Remarks, height, is_plain, scope
from autograd.view.writing import (
    Block,
    Code,
    Formula,
    Items,
    Paragraph,
    Row,
    Shown,
    Term,
    as_latex,
    as_markdown,
    as_text,
    call,
    factor,
    formula,
    in_product,
    joined,
    mention,
    number,
    of_derivative,
    of_name,
    of_number,
    of_partial,
)

__all__ = ["Chain", "Explanation", "explain"]

_MOST_DEFINED = 24
_MOST_STEPS = 6
_MOST_LISTED = 3
_WIDEST_DEFINITION = 50
_MOST_TERMS = 6
_SIGNS = " A partial, by one operand alone, has the sign ∂; a derivative, over all paths, has d."


class Chain(NamedTuple):
    """A path, in names.

    Attributes
    ----------
    nodes : tuple of str
        The ids of its nodes, from the one that is differentiated down to the one by which.
    partials : tuple of float
        The partial on each edge between them.
    product : float
        The product of the partials, multiplied from the left.
    share : float
        The absolute product over the sum of those of all paths: its share of responsibility. It is NaN where that sum
        is zero or not finite.
    """

    nodes: tuple[str, ...]
    partials: tuple[float, ...]
    product: float
    share: float


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(Shown):
    """What `explain` found; print it, or let a notebook show it.

    Attributes
    ----------
    paths : tuple of Chain
        The paths, the largest first: all, or the `max_paths` largest.
    total : float
        d y / d x, to the last bit as a backward sweep from y finds it.
    n_paths : int or float
        How many paths there are, exactly; inf if there are more than 10^1000.
    n_edges : int
        The edges on all paths: a sweep does one multiplication for each.
    """

    paths: tuple[Chain, ...]
    total: float
    n_paths: int | float
    n_edges: int
    _blocks: tuple[Block, ...] = field(compare=False)

    @functools.cached_property
    def text(self) -> str:
        """The derivation for a terminal."""
        return as_text(self._blocks)

    @functools.cached_property
    def markdown(self) -> str:
        """The derivation for a notebook or a forge, its formulas in LaTeX between double dollars."""
        return as_markdown(self._blocks)

    @functools.cached_property
    def latex(self) -> str:
        """The formulas of the derivation as one ``aligned`` environment, to be put in display mode."""
        return as_latex(self._blocks)


def explain(
    y: Any, x: Any, names: Mapping[str, Any] | None = None, max_paths: int = 8, max_factors: int = 12
) -> Explanation:
    """Derive d y / d x by the chain rule, path by path, with numbers.

    Parameters
    ----------
    y, x : Value
        What to differentiate, and by what: a leaf or a computed node.
    names : mapping of str to Value, optional
        What to call nodes, in place of their own names: ``model.named_parameters()``, for example.
    max_paths : int
        Up to so many paths are written out, each. Of more, the largest are listed, after the form in which a
        sweep finds their sum: node by node.
    max_factors : int
        Up to so many factors of a path are written out; those in its midst are taken together.

    Returns
    -------
    Explanation
        Its ``text``, ``markdown`` and ``latex`` say it all; its other attributes are for programs.

    Raises
    ------
    TypeError
        `y` or `x` is not a Value, or they belong to different twins.
    ValueError
        `max_paths` is below 1, or `max_factors` below 2.

    Notes
    -----
    Takes time and memory in proportion to the graph behind `y`, whatever the number of paths. The formulas are those
    of the table of primitives; the partials are those that were recorded.
    """
    for value in (y, x):
        if not is_value(value) or type(value) is not type(y):
            raise errors.not_a_value("explain", value)
    for what, least, given in (("max_paths", 1, max_paths), ("max_factors", 2, max_factors)):
        if type(given) is not int or given < least:
            raise ValueError(f"explain: expected {what} to be an int, {least} or more, got {given!r}")
    snapshot = Snapshot(y, names=names)
    above, below = snapshot.roots[0], snapshot.place(x)
    if below is None:
        label = next((name for name, value in (names or {}).items() if value is x), x.name)
        return _absent(snapshot, Snapshot(y, x, names=names), x, label)
    paths = Paths(snapshot, above, below)
    return _Derivation(snapshot, paths, max_factors).explanation(max_paths)


def _nothing(above: str, below: str, because: Sequence[str]) -> Explanation:
    heading = Paragraph(("d ", mention(above), " / d ", mention(below), " = 0"), is_heading=True)
    zero = Formula((Row(of_derivative(above, below), (of_number(0.0),)),))
    return Explanation((), 0.0, 0, 0, (heading, zero, Paragraph(("0, because ", *because))))


def _absent(behind_y: Snapshot, both: Snapshot, x: Any, label: str) -> Explanation:
    """Say why y, which was not computed from x, does not depend on it."""
    above, below = [both.nodes[root] for root in both.roots]
    namesakes = [node.kind for node in behind_y.nodes if node.id == label]
    y_shown, x_shown = mention(above.id), mention(below.id)
    because = [y_shown, " was not computed from ", x_shown, ", or only from its number (.data, detach, no_grad, int)."]
    if "constant" in {above.kind, below.kind}:
        held = y_shown if above.kind == "constant" else x_shown
        because = [held, " is a constant, as detach and no_grad make them."]
    elif Paths(both, both.roots[1], both.roots[0]).nodes:
        because = [y_shown, " was not computed from ", x_shown, ": it is the other way round."]
    elif namesakes == ["constant"]:
        because = [y_shown, " was computed from a constant of the name ", mention(label), ", as detach makes them."]
    elif namesakes:
        because = [y_shown, " was computed from another Value of the name ", mention(label), "."]
    return _nothing(above.id, below.id, because)


# ---- the derivation ----------------------------------------------------------------------------------


class _Factor(NamedTuple):
    """An edge of a path, or several taken together: in symbols, by its formula, and as a number."""

    symbol: Term
    formula: Term
    number: Term
    remark: Sequence[str] = ()


class _Derivation:
    """What is said about the paths between two nodes, block by block."""

    def __init__(self, snapshot: Snapshot, paths: Paths, max_factors: int) -> None:
        self.snapshot, self.paths, self.max_factors = snapshot, paths, max_factors
        self.nodes = snapshot.nodes
        self.above, self.below = self.nodes[paths.above], self.nodes[paths.below]
        self.edges_shown: dict[tuple[int, int], None] = {}
        self.mentioned: dict[int, None] = {}

    def explanation(self, max_paths: int) -> Explanation:
        paths = self.paths
        largest = paths.largest(max_paths)
        if not largest:
            blocks = self._no_path()
        elif paths.above == paths.below:
            blocks = [self._heading(), Paragraph((mention(self.above.id), " by itself: there is nothing to multiply."))]
        else:
            derived = self._paths(largest) if paths.count <= max_paths else self._steps(largest)
            definitions = self._definitions()
            introduction, *derived = derived
            blocks = [self._heading(), introduction, *definitions, *derived, *self._remarks().blocks()]
        blocks.append(Paragraph(("Check: ", *self._remarks().check())))
        chains = tuple([self._chain(path) for path in largest])
        return Explanation(chains, paths.total, paths.count, len(paths.edges), tuple(blocks))

    def _remarks(self) -> Remarks:
        return Remarks(self.paths, self.edges_shown)

    def _no_path(self) -> list[Block]:
        if self.below.kind == "constant":
            because: Sequence[str] = (mention(self.below.id), " is a constant, as detach and no_grad make them.")
            return list(_nothing(self.above.id, self.below.id, because)._blocks)
        blocks = _nothing(self.above.id, self.below.id, ("every path between them is cut:",))._blocks
        return [*blocks, Items(self._remarks().flats())]

    def _chain(self, path: Path) -> Chain:
        nodes = [self.nodes[place] for place, _ in path.edges]
        partials = [node.partials[slot] for node, (_, slot) in zip(nodes, path.edges, strict=True)]
        ids = (*[node.id for node in nodes], self.below.id)
        return Chain(ids, tuple(partials), path.product, self._share(path))  # type: ignore[arg-type]

    def _share(self, path: Path) -> float:
        return abs(path.product) / self.paths.size if 0.0 < self.paths.size < math.inf else math.nan

    def _heading(self) -> Paragraph:
        d = ("d ", mention(self.above.id), " / d ", mention(self.below.id))
        return Paragraph((*d, f" = {number(self.paths.total)}"), is_heading=True)

    # ---- all paths, one by one ------------------------------------------------------------------------

    def _paths(self, largest: Sequence[Path]) -> list[Block]:
        above, below = mention(self.above.id), mention(self.below.id)
        whole = of_derivative(self.above.id, self.below.id)
        if len(largest) == 1:
            case_1 = Paragraph((
                "There is one path from ", below, " to ", above, ", so this is case 1 of the chain rule: a chain. "
                "Multiply the partials along it.", _SIGNS,
            ))  # fmt: skip
            return [case_1, *self._product(whole, largest[0])]
        blocks: list[Block] = [Paragraph((
            f"There are {len(largest)} paths from ", below, " to ", above, ", so this is case 2 of the chain rule: "
            "several paths. Multiply the partials along each (case 1), then add the products up.", _SIGNS,
        ))]  # fmt: skip
        labels = []
        for i, path in enumerate(largest, 1):
            label = Term(f"path {i}", rf"\text{{path {i}}}", 6)
            labels.append(label)
            share = f" (share {_percent(self._share(path))})" if math.isfinite(self._share(path)) else ""
            blocks.append(Paragraph((f"Path {i}{share}: ", *self._along(path))))
            blocks += self._product(label, path)
        products = [of_number(path.product) for path in largest]
        rows = (Row(whole, labels, "+"), Row(None, products, "+"), Row(None, [of_number(self.paths.total)]))
        return [*blocks, Paragraph(("The sum over all paths:",)), Formula(rows)]

    def _along(self, path: Path) -> Iterator[str]:
        """Yield a path in words, from below, cut in its midst if it is long."""
        ids = [self.below.id, *[self.nodes[place].id for place, _ in reversed(path.edges)]]
        half = self.max_factors // 2 + 1
        cut = len(ids) - 2 * half
        for i, name in enumerate(ids):
            if cut <= 0 or not half <= i < half + cut:
                yield from (" → " * (i > 0), mention(name))
            elif i == half:
                yield f" → ({cut:,} more)"

    def _product(self, left: Term, path: Path) -> list[Block]:
        factors = self._cut(self._factors(path.edges))
        rows = [Row(left, [x.symbol for x in factors])]
        rows.append(Row(None, [in_product(x.formula) if len(factors) > 1 else x.formula for x in factors]))
        if [x.number.text for x in factors] != [x.formula.text for x in factors]:
            rows.append(Row(None, [factor(x.number) for x in factors] if len(factors) > 1 else [factors[0].number]))
        if len(factors) > 1:
            rows.append(Row(None, [of_number(path.product)]))
        remarks = [x.remark for x in factors if x.remark]
        return [Formula(rows), *([Items(remarks)] if remarks else [])]

    def _factors(self, edges: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
        """Return the runs of a path that make one factor each: additions, if no other path goes through them alone."""
        runs: list[list[tuple[int, int]]] = []
        for is_sum, group in itertools.groupby(edges, lambda edge: _is_addition(self.nodes[edge[0]])):
            run = list(group)
            runs += [run] if is_sum and self._is_one_path(run) else [[edge] for edge in run]
        return runs

    def _is_one_path(self, run: Sequence[tuple[int, int]]) -> bool:
        """Return whether additions in a row are the one path through additions from their first node to their last."""
        lowest = self.nodes[run[-1][0]].operands[run[-1][1]]
        on_run = {lowest, *[place for place, _ in run[1:]]}
        waiting, met = [run[0][0]], 0
        seen = set(waiting)
        for place in waiting:
            for operand in self.nodes[place].operands:
                met += operand in on_run
                if operand > lowest and operand not in seen and _is_addition(self.nodes[operand]):
                    seen.add(operand)
                    waiting.append(operand)
            if met > len(run):
                return False
        return True

    def _cut(self, runs: list[list[tuple[int, int]]]) -> list[_Factor]:
        most = self.max_factors
        if len(runs) <= most:
            return [self._factor(run) for run in runs]
        head, tail = most // 2, most - most // 2
        midst = [edge for run in runs[head:-tail] for edge in run]
        product = math.prod(self._partial(edge) for edge in midst)
        dots = Term("...", r"\cdots", 3)
        count = len(runs) - most
        words = (f"... stands for {count:,} more factor{'s' * (count > 1)}, with the product {number(product)}.",)
        more = _Factor(dots, dots, of_number(product), words)
        return [*[self._factor(run) for run in runs[:head]], more, *[self._factor(run) for run in runs[-tail:]]]

    def _factor(self, run: Sequence[tuple[int, int]]) -> _Factor:
        if len(run) == 1:
            return _Factor(self._symbol(run[0]), self._formula(run[0]), of_number(self._partial(run[0])))
        self.edges_shown[run[0]] = None
        symbol, one = of_partial(self.nodes[run[0][0]].id, self._operand(run[-1]).id), of_number(1.0)
        return _Factor(symbol, one, one, (Code(symbol.text), f" stands for {len(run):,} additions, each times 1."))

    # ---- one edge -------------------------------------------------------------------------------------

    def _operand(self, edge: tuple[int, int]) -> Node:
        return self.nodes[self.nodes[edge[0]].operands[edge[1]]]

    def _partial(self, edge: tuple[int, int]) -> float:
        partial = self.nodes[edge[0]].partials[edge[1]]
        assert partial is not None
        return partial

    def _symbol(self, edge: tuple[int, int]) -> Term:
        node, slot = self.nodes[edge[0]], edge[1]
        operand = node.operands[slot]
        place = node.operands[: slot + 1].count(operand) if node.operands.count(operand) > 1 else 0
        return of_partial(node.id, self.nodes[operand].id, place)

    def _formula(self, edge: tuple[int, int]) -> Term:
        """Return the formula of a partial; or its number where the formula does not hold, as at a kink."""
        node, partial = self.nodes[edge[0]], self._partial(edge)
        self.edges_shown[edge] = None
        if node.row is None:
            return of_number(partial)
        column, names, numbers = scope(self.nodes, node, edge[1])
        tree = parse((node.row.textbook[1:] or node.row.partials)[column])
        try:
            value = evaluate(tree, numbers, IEEE)
            both_are_nan = math.isnan(value) and math.isnan(partial)
            holds = both_are_nan or math.isclose(value, partial, rel_tol=1e-6, abs_tol=1e-9)
        except (ArithmeticError, ValueError):
            holds = False
        if not holds:
            return of_number(partial)
        rows = height(node)
        for i, name in enumerate(node.row.operands):
            if name in names_in(tree) and isinstance(names[name], str):
                self.mentioned[node.operands[i * rows + edge[1] % rows]] = None
        return formula(tree, names, numbers)

    # ---- too many paths to write out ------------------------------------------------------------------

    def _steps(self, largest: Sequence[Path]) -> list[Block]:
        above, below = mention(self.above.id), mention(self.below.id)
        blocks: list[Block] = [Paragraph((
            f"There are {_count(self.paths.count)} paths from ", below, " to ", above, ", so this is case 2 of the "
            "chain rule: several paths. A sweep does not list them. It goes from node to node, and adds up at each "
            "what comes back from the nodes that use it: one multiplication for each of the "
            f"{len(self.paths.edges):,} edges on the paths, whatever their number.", _SIGNS,
        ))]  # fmt: skip
        waiting = [self.paths.below]
        seen = set(waiting)
        for place in waiting:
            if len(blocks) > _MOST_STEPS:
                break
            edges = self.paths.edges_to[place]
            blocks.append(Formula(self._step(place, edges)))
            for user, _ in self._largest_terms(edges):
                if user != self.paths.above and user not in seen:
                    seen.add(user)
                    waiting.append(user)
        rest = len(self.paths.edges_to) - (len(blocks) - 1)
        if rest:
            words = f"... and so on, for {rest:,} more node{'s' * (rest > 1)} on the paths, up to d "
            blocks.append(Paragraph((words, above, " / d ", above, " = 1.")))
        shown = largest[:_MOST_LISTED]
        blocks.append(Paragraph((f"The {len(shown)} largest paths, with their shares of the sum of all sizes:",)))
        blocks.append(Items([
            (f"{_percent(self._share(path))}: {number(path.product)} along ", *self._along(path)) for path in shown
        ]))  # fmt: skip
        return blocks

    def _largest_terms(self, edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the edges with the largest terms, in the order of the sweep."""
        if len(edges) <= _MOST_TERMS:
            return list(edges)
        by_size = sorted(edges, key=lambda edge: rank(self.paths.adjoints[edge[0]] * self._partial(edge)))
        largest = set(by_size[:_MOST_TERMS])
        return [edge for edge in edges if edge in largest]

    def _step(self, place: int, edges: Sequence[tuple[int, int]]) -> list[Row]:
        shown = self._largest_terms(edges)
        left = of_derivative(self.above.id, self.nodes[place].id)
        symbols, numbers = [], []
        for edge in shown:
            self.edges_shown[edge] = None
            outer, inner = of_derivative(self.above.id, self.nodes[edge[0]].id), self._symbol(edge)
            adjoint, partial = of_number(self.paths.adjoints[edge[0]]), of_number(self._partial(edge))
            if edge[0] == self.paths.above:
                symbols.append(inner)
                numbers.append(partial)
            else:
                symbols.append(_times(outer, inner))
                numbers.append(_times(adjoint, factor(partial)))
        if len(shown) < len(edges):
            written = set(shown)
            rest = [self.paths.adjoints[edge[0]] * self._partial(edge) for edge in edges if edge not in written]
            symbols.append(_more(len(rest)))
            numbers.append(of_number(sum(rest)))
        total = of_number(self.paths.adjoints[place])
        rows = [Row(left, symbols, "+"), Row(None, numbers, "+")]
        return [*rows, Row(None, [total])] if [total] != numbers else rows

    # ---- what the names mean --------------------------------------------------------------------------

    def _definitions(self) -> list[Block]:
        """Return the lines that say how the nodes shown were computed, and what the others among them are."""
        computed = sorted({place for place, _ in self.edges_shown})
        definitions = {place: self._definition(place) for place in computed[:_MOST_DEFINED]}
        given = sorted(place for place in {*self.mentioned, self.paths.below} if place not in set(computed))
        places = sorted([*definitions, *given[: max(0, _MOST_DEFINED - len(definitions))]])
        rows = []
        for place in places:
            node = self.nodes[place]
            terms = [definitions[place]] if place in definitions else []
            line = f"at {ascii(node.line)[1:-1]}" if node.line else ""
            rows.append(Row(of_name(node.id), [*terms, of_number(node.data)], "=", line))
        rest = len(computed) + len(given) - len(places)
        more = [Paragraph((f"... and {rest:,} more node{'s' * (rest > 1)}.",))] if rest else []
        return [Paragraph(("Here",)), Formula(rows), *more]

    def _definition(self, place: int) -> Term:
        node = self.nodes[place]
        if node.row is None:
            return call(node.op, self._fitting((node, i) for i in range(len(node.operands))))
        if _is_addition(node):
            return joined(self._fitting(self._summands(node)), "+")
        if node.row.symbol or (node.op in FUNCTIONS and not node.row.columns):
            _, names, numbers = scope(self.nodes, node, 0)
            for operand in node.operands:
                if not is_plain(node, self.nodes[operand]):
                    self.mentioned[operand] = None
            return formula(parse(node.row.value), names, numbers)
        slots = ((node, i) for i in range(height(node) if node.row.columns else len(node.operands)))
        if node.op in {"dot", "sumprod", "sum", "fsum"}:
            return joined(self._fitting(slots), "+")
        return call(node.op, self._fitting(slots))

    def _summands(self, node: Node) -> Iterator[tuple[Node, int]]:
        """Yield the operands of a sum from the left, with those of other sums among them that are not shown."""
        shown = {place for place, _ in self.edges_shown}
        waiting = [(node, 1), (node, 0)]
        opened = 1
        while waiting:
            user, slot = waiting.pop()
            operand = self.nodes[user.operands[slot]]
            if _is_addition(operand) and user.operands[slot] not in shown and opened < _MOST_TERMS:
                waiting += [(operand, 1), (operand, 0)]
                opened += 1
            else:
                yield user, slot

    def _fitting(self, slots: Iterable[tuple[Node, int]]) -> list[Term]:
        """Return operands, of a product of columns by pairs, up to a width; then how many more there are."""
        terms: list[Term] = []
        rest = width = 0
        for node, slot in slots:
            if not rest and (not terms or width + len(self.nodes[node.operands[slot]].id) < _WIDEST_DEFINITION):
                term = self._operand_term(node, slot)
                if node.op in {"dot", "sumprod"} and node.row is not None:
                    term = _times(factor(term), factor(self._operand_term(node, height(node) + slot)))
                terms.append(term)
                width += term.width + 3
            else:
                rest += 1
        return [*terms, _more(rest)] if rest else terms

    def _operand_term(self, node: Node, slot: int) -> Term:
        operand = self.nodes[node.operands[slot]]
        if is_plain(node, operand):
            return of_number(operand.data)
        self.mentioned[node.operands[slot]] = None
        return of_name(operand.id)


def _is_addition(node: Node) -> bool:
    return node.op == "add" and node.row is not None


def _more(count: int) -> Term:
    return Term(f"({count:,} more)", rf"\text{{({count:,} more)}}", 12)


def _percent(share: float) -> str:
    return "less than 0.1%" if 0.0 < share < 0.001 else f"{share:.1%}"


def _times(x: Term, y: Term) -> Term:
    return joined([x, y], "·")


def _count(count: float) -> str:
    """Return a number of paths in words, however large."""
    if isinstance(count, float):
        return f"more than 10^{len(str(MOST_COUNTED)) - 1}"
    if count < 10**15:
        return f"{count:,}"
    about = f"about {Decimal(count):.2e}".replace("e+", "e")
    return f"2^{count.bit_length() - 1} ({about})" if count.bit_count() == 1 else about
