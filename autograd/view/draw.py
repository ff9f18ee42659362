"""Pictures of graphs: boxes for Values, an arrow for each operand, and on arrows the local derivatives.

>>> from autograd import Value
>>> x = Value(3.0, "x")
>>> y = x * x
>>> y.backward()
>>> picture = draw(y)
>>> picture.source.count("->")                      # one for each operand
2
>>> picture
x                data 3  grad 6
mul1 = mul(x, x) data 9  grad 1
"""

from __future__ import annotations

import math
import operator
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from autograd.graph import Node, Snapshot, owner
from autograd.view import layout
from autograd.view.drawing import DARK, LIGHT, Drawing
from autograd.view.folding import Box, Edge, Folded, fold
from autograd.view.paths import Paths

__all__ = ["Drawing", "draw"]

_FONT = "Helvetica,Arial,sans-serif"
_LONGEST_NAME = 30
_LONGEST_NOTE = 96
_LONGEST_LINE = 72
_MOST_LINES = 60
_MOST_OPERANDS = 3

#: What is the same whichever operand comes first. Of primitives of columns, the rows may come in any order.
_COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum"})


def draw(
    *roots: Any,
    names: Mapping[str, Any] | None = None,
    view: str = "auto",
    partials: bool = False,
    highlight: tuple[Any, Any] | None = None,
    theme: str = "auto",
    digits: int = 4,
    title: str | None = None,
    max_boxes: int | None = 200,
    max_edges: int | None = 2000,
    timeout: float = 20.0,
) -> Drawing:
    """Return the picture of all that some Values were computed from.

    An input has a plain border, a parameter a bold one, a constant a dashed one, a root a double one; what was computed
    has round corners. An arrow goes from each operand to its result; dashed where no derivative passes.

    Parameters
    ----------
    *roots : Value
        What was computed, after its backward sweep if gradients are to be seen.
    names : mapping of str to Value, optional
        What to call nodes, in place of their own names: ``model.named_parameters()``, for example.
    view : str
        "full": each node is a box; "sum": additions of additions are one; "neuron" and "layer": all that belongs to
        one is a box, over all samples; "near": what is nearest to the roots; "auto": the first that is not too large.
    partials : bool
        Whether to write on each arrow the derivative of its head by its tail.
    highlight : (Value, Value), optional
        `above` and `below`: shows all paths from the first down to the second, and the sum of their products.
    theme : str
        "light", "dark", or "auto": as the viewer's system prefers it, where the format can follow; an SVG can.
    digits : int
        How many significant digits numbers have, 1 to 17.
    title : str, optional
        What to write above.
    max_boxes, max_edges : int or None
        How large a picture "auto" may choose; `max_boxes` also limits "near". None is no limit.
    timeout : float
        The seconds that Graphviz may take.

    Raises
    ------
    TypeError
        A root, or one of `highlight`, is not a Value.
    ValueError
        There is no root, or an option is none of its choices.

    Notes
    -----
    What is drawn stays as it was when this was called. Graphviz runs when the picture is first looked at or saved;
    if it cannot, `Drawing.svg` and `Drawing.save` raise `PictureError`, and a notebook shows the text form.
    """
    if not 1 <= operator.index(digits) <= 17:
        raise ValueError(f"draw: expected 1 to 17 digits, got {digits}")
    snapshot = Snapshot(*roots, names=names)
    paths = None if highlight is None else _paths(snapshot, highlight)
    folded = fold(snapshot, view, max_boxes, max_edges)
    picture = _Picture(snapshot, folded, paths, partials, digits, title)
    source = picture.source(dark=theme == "dark")
    return Drawing(source, picture.text(), view=folded.view, notes=picture.notes, theme=theme, timeout=timeout)


def _paths(snapshot: Snapshot, highlight: Any) -> Paths:
    if not isinstance(highlight, tuple | list) or len(highlight) != 2:
        raise TypeError(f"draw: expected highlight to be two Values, above and below, got {type(highlight).__name__}")
    places = []
    for value in highlight:
        place = snapshot.place(value)
        if place is None:
            raise ValueError("draw: expected to highlight Values that the roots were computed from, got another one")
        places.append(place)
    return Paths(snapshot, *places)


class _Looks(NamedTuple):
    """What a box of a kind looks like: the names of its colours in `Colours`, its style, the width of its border."""

    fill: str
    line: str
    style: str = "filled"
    penwidth: float = 1.0


_LOOKS = {
    "input": _Looks("input", "of_input"),
    "inputs": _Looks("input", "of_input"),
    "parameter": _Looks("parameter", "of_parameter", penwidth=2.6),
    "constant": _Looks("paper", "line", "filled,dashed"),
    "computed": _Looks("computed", "line", "filled,rounded"),
    "sum": _Looks("computed", "line", "filled,rounded"),
    "module": _Looks("module", "of_module", "filled,rounded"),
    "rest": _Looks("paper", "line", "filled,rounded"),
}


class _Row(NamedTuple):
    """A number in a box: what it is, how it reads, which colour it has, and whether it is finite."""

    word: str
    number: str
    colour: str
    finite: bool = True


class _Facts(NamedTuple):
    """What a box says: its title, the primitive if the title does not tell it, numbers, remarks, and all of it."""

    title: str
    op: str
    rows: list[_Row]
    remarks: list[str]
    tooltip: list[str]
    finite: bool


class _Picture:
    """A folded snapshot with the numbers to show, as a source for Graphviz and as text."""

    def __init__(
        self,
        snapshot: Snapshot,
        folded: Folded,
        paths: Paths | None,
        partials: bool,
        digits: int,
        title: str | None,
    ) -> None:
        self.snapshot, self.folded, self.paths = snapshot, folded, paths
        self._partials, self._digits, self._title = partials, digits, title
        self._roots = frozenset(snapshot.roots)
        self._swept = snapshot.is_swept
        self._facts = [self._facts_of(box) for box in folded.boxes]
        self._nodes_on_paths = frozenset(paths.nodes if paths else ())
        self._edges_on_paths = frozenset(paths.edges if paths else ())
        self.notes = self._notes()

    # ---- numbers -----------------------------------------------------------------------------------------

    def _number(self, x: float) -> str:
        return f"{x:.{self._digits}g}"

    def _row(self, word: str, colour: str, *numbers: float) -> _Row:
        finite = all(map(math.isfinite, numbers))
        few = dict.fromkeys(map(self._number, numbers))
        return _Row(word, " … ".join(few), colour if finite else "alarm", finite)

    def _facts_of(self, box: Box) -> _Facts:
        nodes = [self.snapshot.nodes[i] for i in box.nodes]
        last = nodes[-1]
        remarks = [] if len(nodes) == 1 else self._remarks(box, nodes)
        rows = self._rows(box, nodes)
        finite = all(map(math.isfinite, (x for node in nodes for x in (node.data, node.grad))))
        if not finite and all(row.finite for row in rows):
            remarks.append("nan or inf inside")
        op = last.op if len(nodes) == 1 and not _is_made_of(last.id, last.op) else ""
        if len(nodes) == 1:
            tooltip = [_line_of(self.snapshot, last), f"data {last.data!r}"]
            tooltip += [f"grad {last.grad!r}"] if self._swept and last.kind != "constant" else []
            tooltip += [last.line] if last.line else []
        else:
            roots = [self.snapshot.nodes[i].id for i in box.nodes if i in self._roots]
            tooltip = [box.title, *remarks, *(f"with the root {name}" for name in roots[:_MOST_OPERANDS])]
        return _Facts(box.title, op, rows, remarks, tooltip, finite)

    def _rows(self, box: Box, nodes: list[Node]) -> list[_Row]:
        """Return the rows of numbers: of the one result, or the range of several and the sum of their gradients."""
        shown = [self.snapshot.nodes[i] for i in box.outputs]
        if box.kind != "inputs":  # parameters and plain numbers inside are not what it computes
            shown = [node for node in shown if node.op] or shown
        shown = shown or nodes[-1:]
        data = [node.data for node in shown]
        odd = [x for x in data if not math.isfinite(x)]
        rows = [self._row("data", "data", *(odd[:1] or (min(data), max(data))))]
        if any(node.kind != "constant" for node in shown):
            if not self._swept:
                rows.append(_Row("grad", "—", "grad"))
            elif len(shown) == 1:
                rows.append(self._row("grad", "grad", shown[0].grad))
            else:
                rows.append(self._row("Σ grad", "grad", math.fsum(_summable([node.grad for node in shown]))))
        return rows

    def _remarks(self, box: Box, nodes: list[Node]) -> list[str]:
        """Return how much is in a box of several nodes."""
        operations = sum(node.op != "" for node in nodes)
        parameters = [i for i in box.nodes if self.snapshot.nodes[i].kind == "parameter"]
        match box.kind:
            case "sum":
                terms = sum(len(node.operands) for node in nodes) - len(nodes) + 1
                return [f"a sum of {terms:,}"]
            case "inputs":
                return [f"{len(nodes):,} numbers"]
            case "module":
                inside = frozenset(parameters)
                uses = dict.fromkeys(parameters, 0)
                for node in nodes:
                    for operand in node.operands:
                        if operand in inside:
                            uses[operand] += 1
                calls = set(uses.values())
                called = f", called {calls.pop():,} times" if len(calls) == 1 and calls != {1} else ""
                return [_counted(len(parameters), "parameter") + called]
            case _:
                counted = [_counted(operations, "operation")]
                if parameters:
                    counted.append(_counted(len(parameters), "parameter"))
                return [", ".join(counted)]

    # ---- words -------------------------------------------------------------------------------------------

    def _notes(self) -> tuple[str, ...]:
        notes = []
        snapshot, folded = self.snapshot, self.folded
        n_boxes, n_nodes = len(folded.boxes), len(snapshot.nodes)
        if n_boxes < n_nodes:
            numbers = n_nodes - snapshot.n_values
            plain = f" and {_counted(numbers, 'plain number')}" if numbers else ""
            arrows = sum(len(node.operands) for node in snapshot.nodes)
            notes.append(
                f"{_counted(snapshot.n_values, 'value')}{plain} drawn as {_counted(n_boxes, 'box')} "
                f'(view="{folded.view}")'
            )
            more = "max_boxes=... draws more one by one, " if folded.view == "near" else ""
            notes.append(f'{more}view="full" draws each, with {_counted(arrows, "arrow")}')
        widest = max((len(edge.uses) for edge in folded.edges), default=1)
        if widest > 1:
            notes.append(f"an arrow stands for all operands between two boxes, the widest for {widest:,}")
        if self._partials:
            notes.append("on arrows: the derivative of the head by the tail")
        if self.paths is not None:
            notes.append(self._words_of_paths(self.paths))
        return tuple(notes)

    def _words_of_paths(self, paths: Paths) -> str:
        above, below = (layout.shown(_cut(self.snapshot.nodes[i].id)) for i in (paths.above, paths.below))
        derivative = f"d {above} / d {below} = {self._number(paths.total)}"
        count = paths.count
        if not count:
            other_way = Paths(self.snapshot, paths.below, paths.above).count
            hint = f" (from {below} to {above} there is one: the root comes first)" if other_way else ""
            return f"no path: {derivative}{hint}"
        if count == 1:
            return f"1 path: {derivative}"
        many = f"{count:,}" if count < 10**15 else "more than 10^1000" if count == math.inf else _power(count)
        return f"{many} paths, whose products add up to {derivative}"

    def text(self) -> str:
        """Return a table with a line for each box: what it is, its data and its grad."""
        operands: dict[int, list[str]] = {}
        for edge in self.folded.edges:
            source = self.folded.boxes[edge.source]
            operands.setdefault(edge.target, []).append(self._called(source))
        lines = []
        for place, (box, facts) in enumerate(zip(self.folded.boxes, self._facts, strict=True)):
            node = self.snapshot.nodes[box.nodes[-1]]
            if box.kind == "constant" and box.nodes[0] not in self._roots:
                continue  # it stands in the line of its user
            head = layout.shown(_cut(facts.title))
            if place in operands:
                op = node.op if len(box.nodes) == 1 or box.kind == "sum" else ""
                listed = _listed(operands[place])
                head += f" = {layout.shown(op)}({listed})" if op else f" <- {listed}"
            head = _cut(head, _LONGEST_LINE)
            lines.append([head, *(f"{row.word} {row.number}" for row in facts.rows), *facts.remarks])
        if len(lines) > _MOST_LINES:
            half = _MOST_LINES // 2
            lines = [*lines[:half], [f"... {len(lines) - 2 * half:,} more"], *lines[-half:]]
        widths = [max((len(line[k]) for line in lines if len(line) > k), default=0) for k in range(4)]
        table = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        title = [layout.shown(self._title)] if self._title else []
        return "\n".join([*title, *table, *(f"({note})" for note in self.notes)])

    def _called(self, box: Box) -> str:
        node = self.snapshot.nodes[box.nodes[-1]]
        return self._number(node.data) if box.kind == "constant" else layout.shown(_cut(box.title))

    # ---- the source --------------------------------------------------------------------------------------

    def source(self, dark: bool) -> str:
        """Return the graph in the DOT language."""
        self._colours = (DARK if dark else LIGHT)._asdict()
        ports = " tailport=e headport=w" if self.folded.view == "neuron" else ""
        return "\n".join(
            [
                "digraph {",
                f"  graph [{self._whole()}]",
                f'  node [shape=box fontname="{_FONT}" fontsize=11 margin="0.1,0.05" width=0.2 height=0.2]',
                f'  edge [fontname="{_FONT}" fontsize=9 arrowsize=0.6{ports} {self._colour(fontcolor="muted")}]',
                *(f"  b{i} [{self._box(box, self._facts[i])}]" for i, box in enumerate(self.folded.boxes)),
                *(f"  b{edge.source} -> b{edge.target} [{self._arrow(edge)}]" for edge in self._in_order()),
                *self._columns(),
                "}\n",
            ]
        )

    def _in_order(self) -> list[Edge]:
        """Return the arrows, those of paths last: they are drawn over the others."""
        return sorted(self.folded.edges, key=lambda edge: not self._edges_on_paths.isdisjoint(edge.uses))

    def _colour(self, **what: str) -> str:
        return " ".join([f'{attribute}="{self._colours[name]}"' for attribute, name in what.items()])

    def _whole(self) -> str:
        sep = "ranksep=1.1 nodesep=0.15" if self.folded.view == "neuron" else "ranksep=0.45 nodesep=0.2"
        attributes = f'rankdir=LR {sep} pad=0.25 fontname="{_FONT}" '
        lines = []
        if self._title:
            text = f"<b>{layout.html(layout.shown(self._title))}</b>"
            lines.append(f'<font point-size="15" {self._colour(color="ink")}>{text}</font>')
        for note in self.notes:
            colour = "path" if self.paths and note is self.notes[-1] else "muted"
            lines += [
                f'<font point-size="10" {self._colour(color=colour)}>{layout.html(line)}</font>'
                for line in textwrap.wrap(note, _LONGEST_NOTE)
            ]
        if lines:
            attributes += f"labelloc=t labeljust=l label={_html_label([*lines, '&#160;'])} "
        return attributes + self._colour(bgcolor="paper")

    def _columns(self) -> Iterator[str]:
        """Yield what puts the neurons of a layer, and its inputs, below one another in their order."""
        if self.folded.view != "neuron":
            return
        columns: dict[tuple[str, str], list[int]] = {}
        for i, box in enumerate(self.folded.boxes):
            if box.kind in {"module", "inputs"}:
                columns.setdefault((box.kind, owner(box.title)), []).append(i)
        where = {i: column for column, boxes in columns.items() for i in boxes}
        for edge in self.folded.edges:  # what depends on one another cannot stand in one column
            if edge.source in where and where[edge.source] == where.get(edge.target):
                columns.pop(where[edge.source], None)
        for boxes in columns.values():
            if len(boxes) > 1:
                chain = " -> ".join(f"b{i}" for i in boxes)
                yield f"  {{ rank=same; {chain} [style=invis tailport=s headport=n] }}"

    def _box(self, box: Box, facts: _Facts) -> str:
        looks = _LOOKS[box.kind]
        is_root = not self._roots.isdisjoint(box.nodes)
        fill, line, penwidth = (
            ("root", "of_root", looks.penwidth) if is_root else (looks.fill, looks.line, looks.penwidth)
        )
        if not facts.finite:
            fill, line = "bad", "alarm"
        faint = False
        if self.paths:
            faint = self._nodes_on_paths.isdisjoint(box.nodes)
            if faint:
                fill, line = ("paper", "pale") if facts.finite else (fill, line)
            else:
                line, penwidth = "path", 2.6
        if not facts.finite:
            faint = False  # what is not finite is seen everywhere
        attributes = [
            f"label={self._label(box, facts, faint)}",
            f'style="{looks.style}"',
            self._colour(fillcolor=fill, color=line),
            f"tooltip={Drawing.tooltip(*facts.tooltip)}",
        ]
        if penwidth != 1.0:
            attributes.append(f"penwidth={penwidth}")
        if is_root:
            attributes.append("peripheries=2")
        if box.kind == "constant":
            attributes.append(f'fontsize=9 margin="0.06,0.03" {self._colour(fontcolor="faint" if faint else "muted")}')
        return " ".join(attributes)

    def _label(self, box: Box, facts: _Facts, faint: bool) -> str:
        if box.kind == "constant":
            return Drawing.label(facts.rows[0].number)

        def font(text: str, colour: str) -> str:
            return f"<font {self._colour(color='faint' if faint else colour)}>{text}</font>"

        def plain(text: str) -> str:
            return layout.html(layout.shown(text))

        title = font(f"<b>{plain(_cut(facts.title))}</b>", "ink")
        if facts.op:
            title += font(f"&#160;= {plain(_cut(facts.op))}", "muted")
        lines = [title]
        lines += [font(row.word, "muted") + font(f"&#160; {plain(row.number)}", row.colour) for row in facts.rows]
        lines += [font(remark, "muted" if facts.finite else "alarm") for remark in facts.remarks]
        return _html_label(lines)

    def _arrow(self, edge: Edge) -> str:
        nodes = self.snapshot.nodes
        partials = [nodes[place].partials[slot] for place, slot in edge.uses]
        passes = [partial for partial in partials if partial is not None]
        colour, width, style = ("line", 1.0, "solid") if passes else ("pale", 1.0, "dashed")
        words = "grad"
        if any(not math.isfinite(partial) for partial in passes):
            colour = words = "alarm"
        if len(edge.uses) > 1:
            width += math.log10(len(edge.uses))
        if self.paths:
            if self._edges_on_paths.isdisjoint(edge.uses):
                colour, words = ("pale", "faint") if colour == "line" else (colour, words)
            else:
                colour, words, width = "path", "path", width + 1.6
        attributes = [self._colour(color=colour)]
        if style != "solid":
            attributes.append(f"style={style}")
        if width != 1.0:
            attributes.append(f"penwidth={width:.3g}")
        about = []
        if slot := self._slot(edge):
            text = layout.html(layout.shown(slot))
            about.append(f'<font point-size="8" {self._colour(color="faint" if self.paths else "muted")}>{text}</font>')
        if self._partials and len(partials) == 1 and passes:
            about.append(f"<font {self._colour(color=words)}>{self._number(passes[0])}</font>")
        if about:
            attributes.append(f"label=<{'&#160;'.join(about)}>")
        attributes.append(f"tooltip={Drawing.tooltip(*self._tooltip(edge, partials))}")
        return " ".join(attributes)

    def _slot(self, edge: Edge) -> str:
        """Return which operand an arrow stands for, if that matters: of a - b, but not of a + b."""
        target = self.folded.boxes[edge.target]
        place, slot = edge.uses[0]
        node = self.snapshot.nodes[place]
        if len(target.nodes) > 1 or len(node.operands) == 1 or node.op in _COMMUTATIVE:
            return ""
        if node.row is not None and node.row.columns:
            return ""  # rows may come in any order; the tooltip tells them
        if node.row is not None and node.row.symbol:
            return ("left", "right")[slot]
        return node.slots[slot]

    def _tooltip(self, edge: Edge, partials: list[float | None]) -> list[str]:
        if len(edge.uses) > 1:
            return [f"{len(edge.uses):,} operands"]
        place, slot = edge.uses[0]
        node = self.snapshot.nodes[place]
        operand = self.snapshot.nodes[node.operands[slot]]
        found = "none: no derivative passes" if partials[0] is None else repr(partials[0])
        return [f"d {node.id} / d {operand.id} = {found}"]


def _html_label(lines: list[str]) -> str:
    """Return lines of markup as a label, flush left."""
    rows = "".join(f'<tr><td align="left">{line}</td></tr>' for line in lines)
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{rows}</table>>'


def _is_made_of(name: str, op: str) -> bool:
    """Return whether a name is a primitive and a counter, and so tells the primitive."""
    return name.removeprefix(op).isdecimal() if name.startswith(op) else False


def _line_of(snapshot: Snapshot, node: Node) -> str:
    """Return a node with its operands, such as ``z = add(x, y)``."""
    if not node.op:
        return f"{node.id} ({node.kind})"
    return f"{node.id} = {node.op}({_listed([snapshot.nodes[i].id for i in node.operands])})"


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_OPERANDS
    return ", ".join([*names[:_MOST_OPERANDS], *([f"... {more:,} more"] if more > 0 else [])])


def _cut(text: str, longest: int = _LONGEST_NAME) -> str:
    """Return a text without its middle if it is long."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]}…{text[-half + 1 :]}"


def _counted(n: int, what: str) -> str:
    plural = {"box": "boxes"}.get(what, f"{what}s")
    return f"{n:,} {what if n == 1 else plural}"


def _power(count: int | float) -> str:
    """Return about how large a whole number is, though it is larger than a float."""
    digits = str(count)
    return f"about {digits[0]}.{digits[1]}e+{len(digits) - 1}"


def _summable(numbers: list[float]) -> list[float]:
    """Return the numbers, or one that says what their sum is, where `math.fsum` would raise."""
    try:
        math.fsum(numbers)
    except (OverflowError, ValueError):
        return [sum(numbers)]
    return numbers
