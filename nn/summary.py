"""The summary of a network: its layers, its parameters, and what a sweep through it costs."""

from __future__ import annotations

from typing import Any

from autograd import Value, ancestors, math
from nn.activations import name_of


class Summary:
    """A table in text, of at most 80 columns.

    Parameters
    ----------
    model : MLP
        The network.

    Attributes
    ----------
    parameters, nodes, multiplications : int
        How many parameters there are; how many nodes one row of inputs records; and how many edges: a backward sweep
        multiplies once for each.
    """

    def __init__(self, model: Any) -> None:
        inputs: list[Any] = [0.5] * model.nin
        self.lines = [f"{'layer':<12}{'units':>7}  {'activation':<14}{'parameters':>12}{'nodes for a row':>18}"]
        self.parameters = self.nodes = self.multiplications = 0
        for i, layer in enumerate(model.layers):
            units, parameters = len(layer.neurons), len(layer.parameters())
            out = layer(inputs)
            graph = ancestors(math.sum(out if isinstance(out, list) else [out]))[:-1]
            computed = [node for node in graph if node.op]
            names = {name_of(neuron.activation) for neuron in layer.neurons}
            row = f"{units:>7}  {', '.join(sorted(names)):<14}{parameters:>12,}{len(computed):>18,}"
            self.lines.append(f"{f'layers[{i}]':<12}{row}")
            self.parameters += parameters
            self.nodes += len(computed)
            self.multiplications += sum(len(node.parents) for node in computed)
            inputs = [Value(0.5) for _ in range(units)]  # unlike those of the first layer, they have edges
        self.lines += [
            f"{model.nin} inputs, {self.parameters:,} parameters, {self.nodes:,} nodes for a row",
            f"a backward sweep of a row: {self.multiplications:,} multiplications, one for each edge",
        ]

    def __repr__(self) -> str:
        """Return the table."""
        return "\n".join(self.lines)
