"""The text that Graphviz draws a folded snapshot from: boxes, arrows, colours and captions."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from autograd.graph import Snapshot, owner
from autograd.view import layout
from autograd.view.drawing import DARK, LIGHT, Drawing
from autograd.view.facts import Facts
from autograd.view.folding import Box, Edge, Folded
from autograd.view.paths import Paths

__all__ = ["LONGEST_NAME", "source"]

LONGEST_NAME = 30

_FONT = "Helvetica,Arial,sans-serif"
_LONGEST_TITLE = 300
_WIDTH_OF_TITLES, _WIDTH_OF_NOTES = 64, 96  # in letters

#: What is the same whichever operand comes first. Of primitives of columns, the rows may come in any order.
_COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum"})


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


def source(
    snapshot: Snapshot,
    folded: Folded,
    facts: Sequence[Facts],
    title: str,
    notes: Sequence[str],
    paths: Paths | None,
    number: Callable[[float], str] | None,
    dark: bool,
) -> str:
    """Return the graph in the DOT language.

    Parameters
    ----------
    snapshot, folded
        What is drawn, and as which boxes.
    facts : sequence of Facts
        What the boxes say.
    title, notes : str, sequence of str
        What stands above; the last note is that of the paths, if there are some to show.
    paths : Paths or None
        What to show the paths of.
    number : callable, optional
        Writes the derivatives on the arrows; without it there are none.
    dark : bool
        Whether the colours are those of `DARK`.
    """
    return _Source(snapshot, folded, paths, number, dark).whole(facts, title, notes)


class _Source:
    def __init__(
        self,
        snapshot: Snapshot,
        folded: Folded,
        paths: Paths | None,
        number: Callable[[float], str] | None,
        dark: bool,
    ) -> None:
        self.snapshot, self.folded, self.paths, self.number = snapshot, folded, paths, number
        self._roots = frozenset(snapshot.roots)
        self._nodes_on_paths = frozenset(paths.nodes if paths else ())
        self._edges_on_paths = frozenset(paths.edges if paths else ())
        self._colours = (DARK if dark else LIGHT)._asdict()

    def whole(self, facts: Sequence[Facts], title: str, notes: Sequence[str]) -> str:
        """Return all of it."""
        ports = " tailport=e headport=w" if self.folded.view == "neuron" else ""
        return "\n".join(
            [
                "digraph {",
                f"  graph [{self._graph(title, notes)}]",
                f'  node [shape=box fontname="{_FONT}" fontsize=11 margin="0.1,0.05" width=0.2 height=0.2]',
                f'  edge [fontname="{_FONT}" fontsize=9 arrowsize=0.6{ports} {self._colour(fontcolor="muted")}]',
                *(f"  b{i} [{self._box(box, facts[i])}]" for i, box in enumerate(self.folded.boxes)),
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

    def _font(self, text: str, colour: str, size: int | None = None) -> str:
        """Return markup in a colour."""
        points = f'point-size="{size}" ' if size else ""
        return f"<font {points}{self._colour(color=colour)}>{text}</font>"

    def _graph(self, title: str, notes: Sequence[str]) -> str:
        sep = "ranksep=1.1 nodesep=0.15" if self.folded.view == "neuron" else "ranksep=0.45 nodesep=0.2"
        attributes = f'rankdir=LR {sep} pad=0.25 fontname="{_FONT}" '
        short = layout.short(title, _LONGEST_TITLE)
        titles = textwrap.wrap(short, _WIDTH_OF_TITLES) if len(short) > _WIDTH_OF_TITLES else [short] if short else []
        lines = [self._font(f"<b>{layout.html(line)}</b>", "ink", 15) for line in titles]
        for note in notes:
            colour = "path" if self.paths and note is notes[-1] else "muted"
            lines += [self._font(layout.html(line), colour, 10) for line in textwrap.wrap(note, _WIDTH_OF_NOTES)]
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

    def _box(self, box: Box, facts: Facts) -> str:
        fill, line, style, penwidth = _LOOKS[box.kind]
        is_root = not self._roots.isdisjoint(box.nodes)
        is_on_path = not self._nodes_on_paths.isdisjoint(box.nodes)
        is_faint = bool(self.paths) and not is_on_path and facts.finite  # what is not finite is seen everywhere
        if not facts.finite:
            fill, line = "bad", "alarm"
        elif is_faint:
            fill, line = "paper", "pale"
        elif is_root:
            fill, line = "root", "of_root"
        if is_on_path:
            line, penwidth = "path", 2.6
        attributes = [
            f"label={self._label(box, facts, is_faint)}",
            f'style="{style}"',
            self._colour(fillcolor=fill, color=line),
            f"tooltip={Drawing.tooltip(*facts.tooltip)}",
        ]
        if penwidth != 1.0:
            attributes.append(f"penwidth={penwidth}")
        if is_root:
            attributes.append("peripheries=2")
        if box.kind == "constant":
            colour = self._colour(fontcolor="faint" if is_faint else "muted")
            attributes.append(f'fontsize=9 margin="0.06,0.03" {colour}')
        return " ".join(attributes)

    def _label(self, box: Box, facts: Facts, is_faint: bool) -> str:
        if box.kind == "constant":
            return Drawing.label(facts.rows[0].number)

        def font(text: str, colour: str) -> str:
            return self._font(text, "faint" if is_faint else colour)

        def plain(text: str) -> str:
            return layout.html(layout.short(text, LONGEST_NAME))

        title = font(f"<b>{plain(box.title)}</b>", "ink")
        if facts.op:
            title += font(f"&#160;= {plain(facts.op)}", "muted")
        lines = [title]
        lines += [font(row.word, "muted") + font(f"&#160; {row.number}", row.colour) for row in facts.rows]
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
            about.append(self._font(layout.html(layout.shown(slot)), "faint" if self.paths else "muted", 8))
        if self.number and len(partials) == 1 and passes:
            about.append(self._font(self.number(passes[0]), words))
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
