"""Pictures of graphs: boxes for Values, an arrow for each operand, and on arrows the local derivatives.

>>> from autograd import Value
>>> x = Value(3.0, "x")
>>> y = x * x
>>> y.backward()
>>> picture = draw(y)
>>> picture.source.count("->")                      # one for each operand
2
>>> picture
x                 data 3  grad 6
mul1 = mul(x, x)  data 9  grad 1
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from autograd.graph import Snapshot
from autograd.view import layout
from autograd.view.drawing import Drawing
from autograd.view.facts import Facts, counted, facts, listed
from autograd.view.folding import Box, Folded, fold
from autograd.view.paths import Paths
from autograd.view.source import LONGEST_NAME, source

__all__ = ["Drawing", "draw"]

_MOST_LINES = 60
_LONGEST_OPERANDS = 45


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

    A box of several nodes shows the least and the largest of its results that are used outside, and the sum of their
    gradients as "Σ grad": how fast the roots change if all these results grow alike, if none depends on another. Of a
    neuron these are its activations over all samples. "Each used 100 times" counts the operands inside the box.

    Parameters
    ----------
    *roots : Value
        What was computed, after its backward sweep if gradients are to be seen.
    names : mapping of str to Value, optional
        What to call nodes, in place of their own names: ``model.named_parameters()``, for example.
    view : str
        "full": each node is a box; "sum": additions of additions are one; "neuron" and "layer": all that belongs to
        one is a box, over all samples; "near": what is nearest to the roots; "auto": the first within the limits.
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
        The limits of "auto" and "near", 1 or more; "near" has two boxes at least. None is no limit.
    timeout : float
        The seconds that Graphviz may take, more than 0.

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
    digits = int(operator.index(digits))
    if not 1 <= digits <= 17:
        raise ValueError(f"draw: expected 1 to 17 digits, got {digits}")
    for option, limit in (("max_boxes", max_boxes), ("max_edges", max_edges)):
        if limit is not None and operator.index(limit) < 1:
            raise ValueError(f"draw: expected {option} to be 1 or more, or None, got {limit}")

    def number(x: float) -> str:
        return f"{x:.{digits}g}"

    snapshot = Snapshot(*roots, names=names)
    paths = None if highlight is None else _paths(snapshot, highlight)
    folded = fold(snapshot, view, max_boxes, max_edges)
    notes = _notes(snapshot, folded, partials)
    if paths is not None:
        notes.append(_words_of_paths(snapshot, paths, number))
    title = "" if title is None else str(title)
    about = [facts(snapshot, box, number) for box in folded.boxes]
    text = _text(snapshot, folded, about, [title, *notes], number)
    dot = source(snapshot, folded, about, title, notes, paths, number if partials else None, dark=theme == "dark")
    return Drawing(dot, text, view=folded.view, notes=notes, theme=theme, timeout=timeout)


def _paths(snapshot: Snapshot, highlight: Any) -> Paths:
    if not isinstance(highlight, tuple | list):
        raise TypeError(f"draw: expected highlight to be two Values, above and below, got {type(highlight).__name__}")
    if len(highlight) != 2:
        raise TypeError(f"draw: expected highlight to be two Values, above and below, got {len(highlight)}")
    places = []
    for which, value in zip(("above", "below"), highlight, strict=True):
        place = snapshot.place(value)
        if place is None:
            raise ValueError(
                f"draw: expected to highlight Values that the roots were computed from, got another one: {which}"
            )
        places.append(place)
    return Paths(snapshot, *places)


# ---- words -------------------------------------------------------------------------------------------


def _notes(snapshot: Snapshot, folded: Folded, partials: bool) -> list[str]:
    """Return what was folded, and what numbers on arrows are."""
    notes = []
    n_boxes, n_nodes = len(folded.boxes), len(snapshot.nodes)
    if n_boxes < n_nodes:
        numbers = n_nodes - snapshot.n_values
        plain = f" and {counted(numbers, 'plain number')}" if numbers else ""
        arrows = sum([len(node.operands) for node in snapshot.nodes])
        more = "larger max_boxes and max_edges show more of the rest; " if folded.view == "near" else ""
        notes.append(
            f'{counted(snapshot.n_values, "value")}{plain} drawn as {counted(n_boxes, "box")} (view="{folded.view}")'
        )
        notes.append(f'{more}view="full" draws each, with {counted(arrows, "arrow")}')
    most = max((len(edge.uses) for edge in folded.edges), default=1)
    if most > 1:
        notes.append(f"an arrow may stand for several operands: up to {most:,}")
    if partials:
        notes.append("on arrows: the derivative of the head by the tail")
    return notes


def _words_of_paths(snapshot: Snapshot, paths: Paths, number: Callable[[float], str]) -> str:
    above, below = (layout.short(snapshot.nodes[i].id, LONGEST_NAME) for i in (paths.above, paths.below))
    derivative = f"d {above} / d {below} = {number(paths.total)}"
    count = paths.count
    if not count:
        other_way = Paths(snapshot, paths.below, paths.above).count
        hint = f" (from {below} to {above} there is one: the root comes first)" if other_way else ""
        return f"no path: {derivative}{hint}"
    if count == 1:
        return f"1 path: {derivative}"
    many = f"{count:,}" if count < 10**15 else f"about {Decimal(count):.1e}"
    return f"{'more than 10^1000' if count == math.inf else many} paths, whose products add up to {derivative}"


def _text(
    snapshot: Snapshot, folded: Folded, about: list[Facts], words: list[str], number: Callable[[float], str]
) -> str:
    """Return a table with a line for each box: what it is, its data and its grad; below a title, and above notes."""
    called = [_called(snapshot, box, number) for box in folded.boxes]
    operands: dict[int, list[tuple[int, str]]] = {}
    for edge in folded.edges:
        slots = [slot for _, slot in edge.uses] if len(folded.boxes[edge.target].nodes) == 1 else [0]
        operands.setdefault(edge.target, []).extend([(slot, called[edge.source]) for slot in slots])
    lines = []
    for place, (box, said) in enumerate(zip(folded.boxes, about, strict=True)):
        if box.kind == "constant" and box.nodes[0] not in snapshot.roots:
            continue  # it stands in the line of its user
        head = layout.short(box.title, LONGEST_NAME)
        if place in operands:
            behind = [name for _, name in sorted(operands[place], key=operator.itemgetter(0))]
            op = snapshot.nodes[box.nodes[-1]].op if len(box.nodes) == 1 or box.kind == "sum" else ""
            names = listed(behind, _LONGEST_OPERANDS)
            head += f" = {layout.short(op, LONGEST_NAME)}({names})" if op else f" <- {names}"
        numbers = [f"{row.word} {row.number}" for row in said.rows]
        lines.append([head, *numbers, *[""] * (2 - len(numbers)), ", ".join(said.remarks)])
    if len(lines) > _MOST_LINES:
        half = _MOST_LINES // 2
        lines = [*lines[:half], [f"... {len(lines) - 2 * half:,} more"], *lines[-half:]]
    widths = [max((len(line[k]) for line in lines if len(line) > k), default=0) for k in range(4)]
    table = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    title, *notes = words
    return "\n".join([*([layout.shown(title)] if title else []), *table, *(f"({note})" for note in notes)])


def _called(snapshot: Snapshot, box: Box, number: Callable[[float], str]) -> str:
    """Return what a box is called where it is an operand."""
    data = snapshot.nodes[box.nodes[-1]].data
    return number(data) if box.kind == "constant" else layout.short(box.title, LONGEST_NAME)
