"""A page on which a computation is stepped through, forward and backward, one operation at a time.

The page is one file that needs no network. Python takes the snapshot, folds it and lets Graphviz
place the boxes of each view; ``step.js`` goes through the steps. It adds up the adjoints in the order
of the engine, from the same floats, so each gradient on the page is the engine's to the last bit.

    >>> from autograd import Value
    >>> w, x = Value(0.5, "w"), Value(3.0, "x")
    >>> step((w * x - 1) ** 2)
    <Stepper of pow1: 3 operations forward, 1 + 4 steps backward>
"""

from __future__ import annotations

import functools
import html
import importlib.resources
import json
import math
import os
import tempfile
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograd import errors
from autograd._recorded import twin_of
from autograd._structures import is_value
from autograd.errors import PictureError
from autograd.graph import Node, Snapshot
from autograd.primitives import PRIMITIVES, Primitive
from autograd.view import layout
from autograd.view.drawing import write_whole
from autograd.view.folding import VIEWS, Box, Folded, fold

__all__ = ["Stepper", "step"]

#: The most operands of a graph on a page: a browser has to hold them all, whatever is folded.
MOST_OPERANDS = 300_000

#: A page opens with the first view that has no more boxes than this: more cannot be read at once.
_READABLE = 60
_NEAR = 120

#: The height of the frame in a notebook, in pixels.
_HEIGHT = 640

_ENDINGS = (".html", ".htm")
_LABELS = {"full": "Values", "sum": "Sums", "neuron": "Neurons", "layer": "Layers", "near": "Near the root"}


def step(
    root: Any,
    names: Mapping[str, Any] | None = None,
    *,
    view: str = "auto",
    max_values: int | None = 1500,
    max_edges: int | None = 3000,
    timeout: float = 20.0,
    title: str | None = None,
) -> Stepper:
    """Return a page on which the computation of a Value, and its backward sweep, are stepped through.

    Parameters
    ----------
    root : Value
        What was computed; the sweep starts there.
    names : mapping of str to Value, optional
        What to call nodes, in place of their own names.
    view : str
        The view that the page opens with: "full", "sum", "neuron", "layer" or "near"; "auto" takes one that can be
        read. The page switches between all views that are within the limits.
    max_values, max_edges : int or None
        A view of more boxes, or more arrows, is left out; None is no limit.
    timeout : float
        The seconds that Graphviz may take for a view.
    title : str, optional
        The title of the page; by default the name of the root.

    Raises
    ------
    TypeError, ValueError
        The root is not a Value; there is no such view.
    PictureError
        The graph is too large for a page, or the view that was asked for is beyond the limits.

    Notes
    -----
    The page shows one sweep, from gradients of zero. Nothing that happens to the graph later changes it.
    """
    if view not in (*VIEWS, "auto"):
        raise errors.not_a_choice("step", "view", (*VIEWS, "auto"), view)
    operands = _count(root)
    if operands > MOST_OPERANDS:
        raise PictureError(
            f"step: expected at most {MOST_OPERANDS:,} operands to step through, got {operands:,}: step through a "
            "part, such as the loss of one sample or a node on the way, or ask explain for the paths"
        )
    snapshot = Snapshot(root, names=names)
    views = _views(
        snapshot,
        math.inf if max_values is None else max_values,
        math.inf if max_edges is None else max_edges,
        view,
    )
    return Stepper(snapshot, views, view, timeout, title)


class Stepper:
    """A page on which a computation is stepped through; a notebook shows it in a frame.

    Attributes
    ----------
    html : str
        The page: one file with all that it needs. Graphviz draws when it is first asked for, and PictureError is
        raised if it is not there or takes too long.
    """

    def __init__(
        self, snapshot: Snapshot, views: list[Folded], view: str, timeout: float, title: str | None = None
    ) -> None:
        self._snapshot, self._views, self._view, self._timeout = snapshot, views, view, timeout
        self._root = snapshot.nodes[snapshot.roots[0]].id
        self._title = self._root if title is None else title

    @functools.cached_property
    def html(self) -> str:  # noqa: D102  (the docstring of the class has it)
        page, style, script = (_part(name) for name in ("step.html", "step.css", "step.js"))
        # The graph comes last: nothing that the user named is looked through for the place of another part.
        page = page.replace("/*css*/", style, 1).replace("/*js*/", script, 1)
        return page.replace("/*graph*/", _as_json(self._graph()), 1)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file whose name ends in .html: all of it or nothing.

        Raises
        ------
        ValueError
            The name of the file ends in something else.
        """
        if Path(path).suffix.lower() not in _ENDINGS:
            raise ValueError(f"save: expected a name that ends in {' or '.join(_ENDINGS)}, got {os.fspath(path)!r}")
        write_whole(path, self.html.encode())

    def open(self) -> None:
        """Show the page in a browser, from a temporary file."""
        page = self.html
        with tempfile.NamedTemporaryFile("w", suffix=".html", delete=False, encoding="utf-8") as file:
            file.write(page)
        if not webbrowser.open(Path(file.name).as_uri()):
            raise PictureError(f"open: expected a browser, found none; open the file yourself: {file.name}")

    def __repr__(self) -> str:
        forward = sum(node.op != "" for node in self._snapshot.nodes)
        backward = _edges_of_the_sweep(self._snapshot)
        return (
            f"<Stepper of {layout.shown(self._root)}: {forward:,} operation{'s' * (forward != 1)} forward, "
            f"1 + {backward:,} steps backward>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return a frame for notebooks, and a text where there can be none."""
        try:
            page = self.html
        except Exception as error:  # whatever it is, the reader is not shown the inside of a display hook
            return {"text/plain": f"{self!r}\n(no page: {layout.shown(str(error))})"}
        style = f"width: 100%; height: {_HEIGHT}px; border: 1px solid #8c959f; border-radius: 8px"
        title, page = html.escape(f"Step through {layout.shown(self._title)}"), html.escape(page)
        frame = f'<iframe srcdoc="{page}" sandbox="allow-scripts" title="{title}" style="{style}"></iframe>'
        return {"text/html": frame, "text/plain": f"{self!r}\nAs a page: .open() or .save('step.html')"}

    def _graph(self) -> dict[str, Any]:
        """Return all that the page has to know."""
        layout.check("json0")
        drawn, failed = [], {}
        for folded in self._views:
            try:
                drawn.append(_placed(self._snapshot, folded, self._timeout))
            except PictureError as error:
                if folded.view == self._view:
                    raise
                failed[_LABELS[folded.view]] = error
        if not drawn:
            raise next(iter(failed.values()))
        names = [view["name"] for view in drawn]
        readable = [view["name"] for view in drawn if len(view["boxes"]) <= _READABLE]
        start = self._view if self._view in names else (readable or names[-1:])[0]
        return {
            "title": layout.shown(self._title),
            "views": drawn,
            "missing": list(failed),
            "start": names.index(start),
            **_nodes(self._snapshot),
        }


def _count(root: Any) -> int:
    """Return how many operands there are behind a root; a snapshot of too many would take long."""
    if not is_value(root):
        raise errors.not_a_value("step", root)
    return sum(len(value.operands) for value in twin_of(root).ancestors(root))


# ---- views -------------------------------------------------------------------------------------------


def _views(snapshot: Snapshot, most_boxes: float, most_edges: float, asked: str) -> list[Folded]:
    """Return the views within the limits, the finest first; each has fewer boxes than the one before."""
    found: list[Folded] = []
    fewest = math.inf
    # What is known without folding, which takes its time: a sum folds additions only, and modules have parameters.
    least: dict[str, float] = {"full": len(snapshot.nodes), "sum": sum(node.op != "add" for node in snapshot.nodes)}
    if all(node.kind != "parameter" for node in snapshot.nodes):
        least["neuron"] = least["layer"] = math.inf
    for view in VIEWS[:-1]:
        if view != asked and least.get(view, 0) > most_boxes:
            continue
        folded = fold(snapshot, view)
        fits = len(folded.boxes) <= most_boxes and len(folded.edges) <= most_edges
        if view == asked and not fits:
            raise PictureError(
                f"step: expected the view {view!r} to have at most {most_boxes:,} boxes and {most_edges:,} arrows, got "
                f"{len(folded.boxes):,} and {len(folded.edges):,}: leave the view to 'auto', or raise max_values and "
                "max_edges, and perhaps timeout"
            )
        has_modules = view in {"full", "sum"} or any(box.kind == "module" for box in folded.boxes)
        if view == asked or (fits and has_modules and len(folded.boxes) < fewest):
            found.append(folded)
        fewest = min(fewest, len(folded.boxes))
    if asked == "near" or not found:
        found.append(fold(snapshot, "near", max_boxes=int(min(_NEAR, most_boxes))))
    return found


def _placed(snapshot: Snapshot, folded: Folded, timeout: float) -> dict[str, Any]:
    """Return the boxes and arrows of a view where Graphviz puts them, in points from the upper left."""
    sizes = [_size(snapshot, box) for box in folded.boxes]
    lines = ["digraph {", "rankdir=LR nodesep=0.25 ranksep=1.05", 'node [shape=box fixedsize=true label=""]']
    lines.append("edge [dir=none]")
    lines += [f"{i} [width={w / 72:.4f} height={h / 72:.4f}]" for i, (w, h) in enumerate(sizes)]
    lines += [f"{edge.source} -> {edge.target} [id={i}]" for i, edge in enumerate(folded.edges)]
    drawn = json.loads(layout.draw("\n".join([*lines, "}"]), "json0", timeout))
    _, _, width, height = map(float, drawn["bb"].split(","))
    corners: list[Any] = [None] * len(sizes)
    for found in drawn["objects"]:
        i = int(found["name"])
        x, y = map(float, found["pos"].split(","))
        w, h = sizes[i]
        corners[i] = [round(x - w / 2, 1), round(height - y - h / 2, 1), w, h]
    curves = [""] * len(folded.edges)
    for found in drawn.get("edges", ()):
        points = [f"{float(x):.1f},{height - float(y):.1f}" for x, y in (p.split(",") for p in found["pos"].split())]
        curves[int(found["id"])] = f"M{points[0]}C{' '.join(points[1:])}"
    box_of = [0] * len(snapshot.nodes)
    for i, box in enumerate(folded.boxes):
        for place in box.nodes:
            box_of[place] = i
    firsts = _firsts(snapshot.nodes)
    edge_of = [-1] * firsts[-1]
    for i, edge in enumerate(folded.edges):
        for place, slot in edge.uses:
            edge_of[firsts[place] + slot] = i
    return {
        "name": folded.view,
        "label": _LABELS[folded.view],
        "size": [round(width, 1), round(height, 1)],
        "boxes": [
            [layout.shown(box.title), box.kind, *corner, list(box.outputs)]
            for box, corner in zip(folded.boxes, corners, strict=True)
        ],
        "curves": curves,
        "boxOf": box_of,
        "edgeOf": edge_of,
    }


def _size(snapshot: Snapshot, box: Box) -> tuple[int, int]:
    """Return the width and the height of a box, in points: room for its title and its numbers."""
    if box.kind == "constant":
        return 62, 26
    op = snapshot.nodes[box.nodes[-1]].op if box.kind in {"computed", "sum"} else ""
    width = min(240, max(118, 30 + 8 * (len(box.title) + len(op))))
    return width, 60 if len(box.nodes) == 1 else 68


# ---- the graph as data -------------------------------------------------------------------------------


def _nodes(snapshot: Snapshot) -> dict[str, Any]:
    """Return the nodes column by column; those of the operands have all operands in one row."""
    nodes = snapshot.nodes
    # An own primitive may have the name of one of the table, but it has no row.
    kinds = dict.fromkeys((node.op, node.row is None) for node in nodes if node.op)
    ops = {kind: i for i, kind in enumerate(kinds)}
    return {
        "root": snapshot.roots[0],
        "values": snapshot.n_values,
        "ids": [layout.shown(node.id) for node in nodes],
        "kinds": [node.kind for node in nodes],
        "ops": [ops.get((node.op, node.row is None), -1) for node in nodes],
        "table": [_op(op, None if is_own else PRIMITIVES[op]) for op, is_own in ops],
        "data": [_number(node.data) for node in nodes],
        "arity": [len(node.operands) for node in nodes],
        "operands": [operand for node in nodes for operand in node.operands],
        "partials": [_number(partial) for node in nodes for partial in node.partials],
        "lines": [node.line and layout.shown(node.line) for node in nodes] if any(node.line for node in nodes) else [],
    }


def _op(name: str, row: Primitive | None) -> dict[str, Any]:
    """Return what a primitive is called, its operands, and the formulas of its partials as textbooks have them."""
    if row is None:
        return {"name": name, "symbol": "", "operands": (), "partials": (), "columns": False}
    partials = row.textbook[1:] or row.partials
    return {
        "name": name, "symbol": row.symbol, "operands": row.operands, "partials": partials, "columns": row.columns,
    }  # fmt: skip


def _firsts(nodes: list[Node]) -> list[int]:
    """Return where the operands of each node begin in one row of all, and where they end."""
    firsts = [0]
    for node in nodes:
        firsts.append(firsts[-1] + len(node.operands))
    return firsts


def _edges_of_the_sweep(snapshot: Snapshot) -> int:
    """Return how many products a sweep from the root adds up."""
    reached = zip(snapshot.nodes, snapshot.adjoints(), strict=True)
    return sum(partial is not None for node, a in reached if a is not None for partial in node.partials)


def _number(x: float | None) -> float | str | None:
    """Return a number that JSON has, to the last bit; as a word what it does not have."""
    if x is None or math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def _as_json(graph: Mapping[str, Any]) -> str:
    """Return data as JSON that means nothing to HTML: no character of it begins a tag or an entity."""
    text = json.dumps(graph, separators=(",", ":"), allow_nan=False)  # and ASCII
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


# ---- files -------------------------------------------------------------------------------------------


def _part(name: str) -> str:
    return importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
