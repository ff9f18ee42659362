"""Pictures of graphs with Graphviz: a network as neurons and weights, and a computation as the Values it is made of.

>>> from nn import MLP
>>> picture = network(MLP(2, [2, 1], rng=0), ["height", "weight"], ["healthy"])
>>> picture.source.count("tooltip")                 # of 2 * 2 + 2 weights
6
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd import Value, ancestors
from nn._writing import write_whole
from nn.layers import MLP

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

#: What can be drawn with Graphviz; dot and gv are its own text.
FORMATS = ("svg", "png", "pdf")
TEXTS = ("dot", "gv")

#: How long drawing may take, in seconds: some thousands of edges take this long, and more take for ever.
TIMEOUT = 60

# Blue and vermillion of Okabe and Ito, which the colour-blind tell apart; negative edges are dashed as well.
_POSITIVE, _NEGATIVE = "#0072B2", "#D55E00"

#: The code points that XML, and so SVG, cannot hold.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: A child process, so that it can be stopped.
_PYGRAPHVIZ = (
    "import sys, pygraphviz; g = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode());"
    "sys.stdout.buffer.write(g.draw(format=sys.argv[1], prog='dot'))"
)


class PictureError(RuntimeError):
    """A picture that cannot be drawn here; the text says what to do."""


def network(model: MLP, inputs: Sequence[str], outputs: Sequence[str]) -> graphviz.Digraph:
    """Return the picture of a network: a node for each neuron, an edge for each weight.

    The wider an edge, the larger its weight; blue ones are positive, dashed vermillion ones negative.

    Parameters
    ----------
    model : MLP
        The network.
    inputs, outputs : sequence of str
        What its inputs and outputs are called.
    """
    picture = _new()
    picture.attr(ranksep="1.5", nodesep="0.15", splines="line")
    picture.attr("edge", arrowhead="none", tailport="e", headport="w")
    for k, name in enumerate(inputs):
        picture.node(f"x{k}", _label(name))
    largest = max((abs(w.data) for layer in model.layers for n in layer.neurons for w in n.w), default=0.0) or 1.0
    sources = [f"x{k}" for k in range(len(inputs))]
    _in_order(picture, sources)
    for i, layer in enumerate(model.layers):
        nodes = [f"layers{i}_{j}" for j in range(len(layer.neurons))]
        last = i == len(model.layers) - 1
        for j, neuron in enumerate(layer.neurons):
            f = neuron.activation if isinstance(neuron.activation, str) else neuron.activation.__name__
            lines = [*([outputs[j]] if last else []), f, f"b = {neuron.b.data:.3g}"]
            picture.node(nodes[j], _label(*lines), style="rounded")
            for source, w in zip(sources, neuron.w, strict=True):
                positive = w.data >= 0
                picture.edge(
                    source,
                    nodes[j],
                    color=_POSITIVE if positive else _NEGATIVE,
                    style="solid" if positive else "dashed",
                    penwidth=f"{0.3 + 3.7 * abs(w.data) / largest:.2f}",
                    tooltip=f"{w.name} = {w.data:.4g}",
                )
        _in_order(picture, nodes)
        sources = nodes
    return picture


def _in_order(picture: graphviz.Digraph, nodes: Sequence[str]) -> None:
    """Put nodes below one another, in this order."""
    with picture.subgraph() as column:
        column.attr(rank="same")
        for above, below in itertools.pairwise(nodes):
            column.edge(above, below, style="invis", tailport="s", headport="n")


def computation(root: Value) -> graphviz.Digraph:
    """Return the picture of all that a Value was computed from: an edge for each operand, in order.

    Inputs and parameters are boxes, constants are dashed, results are rounded.

    Parameters
    ----------
    root : Value
        What was computed, after its backward sweep.
    """
    picture = _new()
    nodes = ancestors(root)
    place = {id(node): f"v{k}" for k, node in enumerate(nodes)}
    for node in nodes:
        here = place[id(node)]
        head = [part for part in (node.name, node.op) if part]
        lines = [*head, f"data {node.data:.4g}", f"grad {node.grad:.4g}"]
        picture.node(here, _label(*lines), style="rounded" if node.op else "")
        for slot, operand in enumerate(node.operands if node.op else ()):
            source = place.get(id(operand))
            if source is None:
                source = f"{here}_{slot}"
                picture.node(source, _label(f"{getattr(operand, 'data', operand):.4g}"), style="dashed")
            picture.edge(source, here)
    return picture


def check(path: str | os.PathLike[str]) -> None:
    """Raise an error if a picture could not be saved to this path, whatever it is of."""
    kind = _kind(path)
    if kind not in TEXTS and not _engine(kind):
        text = Path(path).with_suffix(".dot").name
        raise PictureError(
            f"{path}: expected Graphviz to draw with, found neither dot nor pygraphviz: apt-get install graphviz, "
            f'brew install graphviz, or pip install "chainrule[dot]"; or save its text, which needs neither: {text}'
        )


def save(picture: graphviz.Digraph, path: str | os.PathLike[str]) -> None:
    """Write a picture to a file: svg, png or pdf, drawn by Graphviz, or dot, which is its text.

    Raises
    ------
    ValueError
        The name of the file ends in something else.
    PictureError
        There is no Graphviz here, or it failed, or it took more than a minute.
    """
    check(path)
    kind, source = _kind(path), picture.source.encode()
    if kind in TEXTS:
        write_whole(path, source)
        return
    n_edges = picture.source.count("->")
    try:
        done = subprocess.run(_engine(kind), input=source, capture_output=True, check=False, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise PictureError(
            f"{path}: drawing {n_edges} edges took more than {TIMEOUT} s; smaller graphs can be drawn"
        ) from None
    if done.returncode or not done.stdout:
        raise PictureError(f"{path}: Graphviz failed: {done.stderr.decode(errors='replace').strip()}")
    write_whole(path, done.stdout)


def _kind(path: str | os.PathLike[str]) -> str:
    kind = Path(path).suffix.removeprefix(".").lower()
    if kind not in (*FORMATS, *TEXTS):
        raise ValueError(f"{path}: expected a name that ends in .{', .'.join((*FORMATS, TEXTS[0]))}, got {kind!r}")
    return kind


def _engine(kind: str) -> list[str]:
    """Return the command that draws what it reads, empty if there is none."""
    if dot := shutil.which("dot"):
        return [dot, f"-T{kind}"]
    return [sys.executable, "-c", _PYGRAPHVIZ, kind] if importlib.util.find_spec("pygraphviz") else []


def _new() -> Any:
    import graphviz  # noqa: PLC0415  (only for pictures)

    nodes = {"shape": "box", "fontname": "Helvetica", "fontsize": "11", "height": "0.3", "margin": "0.08,0.04"}
    return graphviz.Digraph(graph_attr={"rankdir": "LR"}, node_attr=nodes, edge_attr={"arrowsize": "0.6"})


def _label(*lines: str) -> Any:
    r"""Return lines as a label of a box that shows just them, whatever is in them.

    Graphviz decodes entities such as &amp; and sequences such as \N, and what XML cannot hold breaks an SVG.
    """
    import graphviz  # noqa: PLC0415

    plain = [_NOT_XML.sub("\ufffd", line).replace("&", "&amp;").replace("\\", "\\\\") for line in lines]
    # A text of its own type, which the package does not take for markup, though it be <like this>.
    return graphviz.nohtml(r"\n".join(line.replace("\n", r"\n") for line in plain))
