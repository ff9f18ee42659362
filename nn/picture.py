"""The picture of a network: its neurons, and an edge for each weight.

Computations are drawn by `autograd.draw`.

>>> from nn import MLP
>>> picture = network(MLP(2, [2, 1], rng=0), ["height", "weight"], ["healthy"])
>>> picture.source.count("penwidth")                # of 2 * 2 + 2 weights
6
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd import Drawing
from nn.activations import name_of
from nn.layers import MLP

#: How long drawing may take, in seconds: some thousands of edges take this long, and more take for ever.
TIMEOUT = 60.0

# Blue and vermillion of autograd's pictures, which the colour-blind tell apart; negative edges are dashed as well.
_POSITIVE, _NEGATIVE = "#0072b2", "#b34700"

_HEAD = """digraph {
  graph [rankdir=LR ranksep=1.5 nodesep=0.15 splines=line pad=0.25 bgcolor="#ffffff"]
  node [shape=box fontname="Helvetica,Arial,sans-serif" fontsize=11 height=0.3 margin="0.08,0.04"]
  edge [arrowhead=none tailport=e headport=w]"""


def network(model: MLP, inputs: Sequence[str], outputs: Sequence[str]) -> Drawing:
    """Return the picture of a network: a node for each neuron, an edge for each weight.

    The wider an edge, the larger its weight; blue ones are positive, dashed vermillion ones negative.

    Parameters
    ----------
    model : MLP
        The network.
    inputs, outputs : sequence of str
        What its inputs and outputs are called.
    """
    lines = [_HEAD, *_lines(model, inputs, outputs), "}\n"]
    return Drawing("\n".join(lines), str(model.summary()), view="neuron", timeout=TIMEOUT)


def _lines(model: MLP, inputs: Sequence[str], outputs: Sequence[str]) -> Iterator[str]:
    """Yield the nodes and edges of a network, layer by layer, in the DOT language."""
    largest = max((abs(w.data) for layer in model.layers for n in layer.neurons for w in n.w), default=0.0) or 1.0
    sources = [f"x{k}" for k in range(len(inputs))]
    for source, name in zip(sources, inputs, strict=True):
        yield f"  {source} [label={Drawing.label(name)}]"
    yield from _in_order(sources)
    for i, layer in enumerate(model.layers):
        nodes = [f"layers{i}_{j}" for j in range(len(layer.neurons))]
        is_last = i == len(model.layers) - 1
        for j, (node, neuron) in enumerate(zip(nodes, layer.neurons, strict=True)):
            about = [*([outputs[j]] if is_last else []), name_of(neuron.activation), f"b = {neuron.b.data:.3g}"]
            yield f"  {node} [label={Drawing.label(*about)} style=rounded]"
            for source, w in zip(sources, neuron.w, strict=True):
                looks = f'color="{_POSITIVE}" style=solid' if w.data >= 0 else f'color="{_NEGATIVE}" style=dashed'
                width = 0.3 + 3.7 * abs(w.data) / largest
                tooltip = Drawing.tooltip(f"{w.name} = {w.data:.4g}")
                yield f"  {source} -> {node} [{looks} penwidth={width:.2f} tooltip={tooltip}]"
        yield from _in_order(nodes)
        sources = nodes


def _in_order(nodes: Sequence[str]) -> Iterator[str]:
    """Yield what puts nodes below one another, in this order."""
    if len(nodes) > 1:
        yield f"  {{ rank=same; {' -> '.join(nodes)} [style=invis tailport=s headport=n] }}"
