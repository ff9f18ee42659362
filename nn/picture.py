"""The picture of a network: its neurons, and an edge for each weight.

Computations are drawn by `autograd.draw`.

>>> from nn import MLP
>>> picture = network(MLP(2, [2, 1], rng=0), ["height", "weight"], ["healthy"])
>>> picture.source.count("penwidth")                # of 2 * 2 + 2 weights
6
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from autograd import Drawing
from nn.activations import name_of
from nn.layers import MLP

#: How long drawing may take, in seconds: some thousands of edges take this long, and more take for ever.
TIMEOUT = 60.0

# Blue, vermillion and red of autograd's pictures; dashes and dots tell the same.
_POSITIVE, _NEGATIVE, _NOT_FINITE = ("#0072b2", "solid"), ("#b34700", "dashed"), ("#a40e26", "dotted")
_WIDEST = 4.0

_HEAD = """digraph {
  graph [rankdir=LR ranksep=1.5 nodesep=0.15 splines=line pad=0.25 bgcolor="#ffffff"]
  node [shape=box fontname="Helvetica,Arial,sans-serif" fontsize=11 height=0.3 margin="0.08,0.04"]
  edge [arrowhead=none tailport=e headport=w]"""


def network(model: MLP, inputs: Sequence[str], outputs: Sequence[str]) -> Drawing:
    """Return the picture of a network: a node for each neuron, an edge for each weight.

    The wider an edge, the larger its weight; blue ones are positive, dashed vermillion ones negative, dotted red ones
    NaN or infinite.

    Parameters
    ----------
    model : MLP
        The network.
    inputs, outputs : sequence of str
        What its inputs and outputs are called.

    Raises
    ------
    ValueError
        There are more or fewer names than inputs or outputs.
    """
    first, last = model.layers[0].neurons[0], model.layers[-1]
    for what, names, count in (("inputs", inputs, len(first.w)), ("outputs", outputs, len(last.neurons))):
        if len(names) != count:
            raise ValueError(f"network: expected names of {count} {what}, got {len(names)}")
    lines = [_HEAD, *_lines(model, inputs, outputs), "}\n"]
    return Drawing("\n".join(lines), str(model.summary()), view="neuron", timeout=TIMEOUT)


def _lines(model: MLP, inputs: Sequence[str], outputs: Sequence[str]) -> Iterator[str]:
    """Yield the nodes and edges of a network, layer by layer, in the DOT language."""
    weights = [abs(w.data) for layer in model.layers for neuron in layer.neurons for w in neuron.w]
    largest = max(filter(math.isfinite, weights), default=0.0) or 1.0
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
                colour, style, width = _looks(w.data, largest)
                tooltip = Drawing.tooltip(f"{w.name} = {w.data:.4g}")
                yield f'  {source} -> {node} [color="{colour}" style={style} penwidth={width:.2f} tooltip={tooltip}]'
        yield from _in_order(nodes)
        sources = nodes


def _looks(weight: float, largest: float) -> tuple[str, str, float]:
    """Return the colour, the style and the width of an edge."""
    if not math.isfinite(weight):
        return *_NOT_FINITE, _WIDEST
    return *(_POSITIVE if weight >= 0 else _NEGATIVE), 0.3 + (_WIDEST - 0.3) * (abs(weight) / largest)


def _in_order(nodes: Sequence[str]) -> Iterator[str]:
    """Yield what puts nodes below one another, in this order."""
    if len(nodes) > 1:
        yield f"  {{ rank=same; {' -> '.join(nodes)} [style=invis tailport=s headport=n] }}"
