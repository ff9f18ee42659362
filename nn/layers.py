"""Neuron, Layer, MLP: a network is nothing but these few lines over the engine.

A neuron computes ``z = w . x + b`` and ``a = f(z)``: two nodes of the graph. After a backward
sweep ``z.grad`` is what textbooks call the delta of the neuron, and the gradients of its parameters
follow from it in one multiplication: ``w[k].grad = delta * x[k]`` and ``b.grad = delta``.

    >>> from autograd import Value
    >>> neuron = Neuron(2, activation="tanh", rng=0)
    >>> a = neuron([1.0, -2.0])
    >>> a.backward()
    >>> z = a.operands[0]
    >>> [w.grad for w in neuron.w] == [z.grad * 1.0, z.grad * -2.0], neuron.b.grad == z.grad
    (True, True)

Constructors, attributes and calls are those of micrograd 0.1.0; what is new is keyword-only.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable

from autograd import Value, math
from nn._vectors import Vector, as_list
from nn.init import Generator, generator, glorot_uniform, he_uniform
from nn.module import Module

#: The activations f of a neuron, by name.
ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "linear": lambda z: z,
    "relu": math.relu,
    "sigmoid": math.sigmoid,
    "tanh": math.tanh,
}


class Neuron(Module):
    """A weighted sum of the inputs and a bias, put through an activation.

    Parameters
    ----------
    nin : int
        The number of inputs, 1 or more.
    nonlin : bool
        False makes the neuron linear, whatever `activation` says.
    activation : {"relu", "tanh", "sigmoid", "linear"}
        The activation of a neuron that is not linear.
    rng : None, int or random.Random
        Where the initial weights come from; None is the module `random`.
    nout : int
        The number of neurons in its layer, which the size of the initial weights depends on.

    Attributes
    ----------
    w : list of Value, length nin
        The weights: He's for relu and Glorot's otherwise, see `nn.init`.
    b : Value
        The bias, initially 0.
    activation : str
        The activation in use.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: str = "relu",
        rng: int | Generator | None = None,
        nout: int = 1,
    ) -> None:
        if nonlin not in (True, False):
            raise TypeError(f"Neuron: expected nonlin True or False, got {nonlin!r}; name it: activation=...")
        nin, nout = _size("Neuron", nin), _size("Neuron", nout)
        source = generator(rng)
        self.activation = _known("Neuron", activation) if nonlin else "linear"
        weights = he_uniform(nin, source) if self.activation == "relu" else glorot_uniform(nin, nout, source)
        self.w = [Value(weight, f"w[{k}]") for k, weight in enumerate(weights)]
        self.b = Value(0.0, "b")

    @property
    def nonlin(self) -> bool:
        """Whether the activation is anything but linear."""
        return self.activation != "linear"

    def __call__(self, x: Vector) -> Value:
        """Return the activation ``f(w . x + b)``.

        Parameters
        ----------
        x : sequence of float or Value, length nin
            The inputs; where nin is 1, a bare number too.
        """
        inputs = as_list(x)
        if len(inputs) != len(self.w):
            raise ValueError(f"Neuron: expected {len(self.w)} inputs, got {len(inputs)}")
        # The bias is one more weight, on an input that is always 1: so z is a single node.
        z = math.dot([*self.w, self.b], [*inputs, 1.0])
        return ACTIVATIONS[self.activation](z)

    def parameters(self) -> list[Value]:
        """Return the weights, then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        """Return the activation and the number of inputs, such as ``ReLUNeuron(2)``."""
        kind = {"relu": "ReLU"}.get(self.activation, self.activation.capitalize())
        return f"{kind}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons side by side, which all see the same inputs.

    Parameters
    ----------
    nin : int
        The number of inputs, 1 or more.
    nout : int
        The number of neurons, 1 or more.
    nonlin, activation, rng
        As in `Neuron`.

    Attributes
    ----------
    neurons : list of Neuron, length nout
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: str = "relu",
        rng: int | Generator | None = None,
    ) -> None:
        nin, nout = _size("Layer", nin), _size("Layer", nout)
        source = generator(rng)
        self.neurons = [Neuron(nin, nonlin, activation=activation, rng=source, nout=nout) for _ in range(nout)]
        for j, neuron in enumerate(self.neurons):
            _prefix(f"neurons[{j}]", neuron)

    def __call__(self, x: Vector) -> Value | list[Value]:
        """Return the activation of each neuron; of a single one, bare rather than in a list.

        Parameters
        ----------
        x : sequence of float or Value, length nin
            The inputs; where nin is 1, a bare number too.
        """
        inputs = as_list(x)
        out = [neuron(inputs) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        """Return the parameters of each neuron in turn."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        """Return the list of neurons."""
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """A multi-layer perceptron: layers one after the other.

    Parameters
    ----------
    nin : int
        The number of inputs, 1 or more.
    nouts : sequence of int
        The number of neurons in each layer; the last is the output.
    activation : {"relu", "tanh", "sigmoid", "linear"}
        The activation of the hidden layers.
    output : {"relu", "tanh", "sigmoid", "linear"}
        The activation of the last layer.
    rng : None, int or random.Random
        Where the initial weights come from; None is the module `random`, which ``random.seed``
        governs, and an int is a seed.

    Attributes
    ----------
    layers : list of Layer

    Examples
    --------
    >>> model = MLP(4, [8, 3], activation="tanh", rng=0)
    >>> len(model.parameters())                         # (4 + 1) * 8 + (8 + 1) * 3
    67
    >>> model.parameters()[-1].name                     # where to find it: model.layers[1]...
    'layers[1].neurons[2].b'
    >>> MLP(2, [2, 1])
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]
    """

    def __init__(
        self,
        nin: int,
        nouts: Iterable[int],
        *,
        activation: str = "relu",
        output: str = "linear",
        rng: int | Generator | None = None,
    ) -> None:
        if not isinstance(nouts, Iterable):
            raise TypeError(f"MLP: expected a list of layer sizes, got {nouts!r}")
        sizes = [_size("MLP", size) for size in (nin, *nouts)]
        if len(sizes) == 1:
            raise ValueError("MLP: expected the size of one layer or more, got none")
        hidden, last = _known("MLP", activation), _known("MLP", output)
        source = generator(rng)
        activations = [hidden] * (len(sizes) - 2) + [last]
        self.layers = [
            Layer(n_in, n_out, activation=name, rng=source)
            for n_in, n_out, name in zip(sizes, sizes[1:], activations, strict=False)
        ]
        for i, layer in enumerate(self.layers):
            _prefix(f"layers[{i}]", layer)

    def __call__(self, x: Vector) -> Value | list[Value]:
        """Return the outputs of the last layer; a single one bare rather than in a list.

        Parameters
        ----------
        x : sequence of float or Value, length nin
            The inputs; where nin is 1, a bare number too.
        """
        for layer in self.layers:
            x = layer(x)
        return x  # type: ignore[return-value]  # there is a layer, so x is what it returned

    def parameters(self) -> list[Value]:
        """Return the parameters of each layer in turn, from the input to the output."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        """Return the list of layers."""
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def _prefix(path: str, module: Module) -> None:
    for parameter in module.parameters():
        parameter.name = f"{path}.{parameter.name}"


def _size(where: str, size: int) -> int:
    try:
        number = operator.index(size)
    except TypeError:
        raise TypeError(f"{where}: expected sizes that are whole numbers, got {size!r}") from None
    if number < 1:
        raise ValueError(f"{where}: expected sizes of 1 or more, got {size!r}")
    return number


def _known(where: str, activation: str) -> str:
    if activation in ACTIVATIONS:
        return activation
    import difflib  # noqa: PLC0415  (only for this message)

    close = difflib.get_close_matches(str(activation), ACTIVATIONS, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"{where}: expected an activation of {', '.join(ACTIVATIONS)}, got {activation!r}{hint}")
