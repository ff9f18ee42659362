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
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import Value, ancestors, math
from nn._vectors import Scalar, Vector, as_list
from nn.activations import ACTIVATIONS, Activation, function_of, name_of
from nn.fitting import Learner
from nn.init import Generator, Initialiser, generator, initialiser
from nn.module import Module
from nn.summary import Summary


class Neuron(Module):
    """A weighted sum of the inputs and a bias, put through an activation.

    Parameters
    ----------
    nin : int
        The number of inputs, 1 or more.
    nonlin : bool
        False makes the neuron linear, whatever `activation` says.
    activation : str or callable
        The activation of a neuron that is not linear: a name in `nn.activations`, such as "relu", "tanh",
        "sigmoid" or "linear", or any function of a Value.
    init : None, str or callable
        What draws the initial weights: a name or a function of `nn.init`. None is He's for relu and its kind
        and Glorot's otherwise.
    rng : None, int or random.Random
        Where the initial weights come from; None is the module `random`.
    nout : int
        The number of neurons in its layer, which the size of the initial weights depends on.

    Attributes
    ----------
    w : list of Value, length nin
        The weights.
    b : Value
        The bias, initially 0.
    activation : str or callable
        The activation in use.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        init: str | Initialiser | None = None,
        rng: int | Generator | None = None,
        nout: int = 1,
    ) -> None:
        if nonlin not in (True, False):
            raise TypeError(f"Neuron: expected nonlin True or False, got {nonlin!r}; name it: activation=...")
        nin, nout = _size("Neuron", nin), _size("Neuron", nout)
        self.activation = activation if nonlin else "linear"
        function_of("Neuron", self.activation)  # which raises if there is none
        weights = initialiser("Neuron", init, self.activation)(nin, nout, generator(rng))
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
        f: Any = ACTIVATIONS.get(self.activation, self.activation)  # type: ignore[arg-type]  # a name or a function
        a: Value = f(z)
        return a

    def __repr__(self) -> str:
        """Return the activation and the number of inputs, such as ``ReLUNeuron(2)``."""
        name = name_of(self.activation)
        kind = {"relu": "ReLU"}.get(name, name.capitalize())
        return f"{kind}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons side by side, which all see the same inputs.

    Parameters
    ----------
    nin : int
        The number of inputs, 1 or more.
    nout : int
        The number of neurons, 1 or more.
    nonlin, activation, init, rng
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
        activation: Activation = "relu",
        init: str | Initialiser | None = None,
        rng: int | Generator | None = None,
    ) -> None:
        nin, nout = _size("Layer", nin), _size("Layer", nout)
        options: dict[str, Any] = {"activation": activation, "init": init, "rng": generator(rng), "nout": nout}
        self.neurons = [Neuron(nin, nonlin, **options) for _ in range(nout)]
        _name(self)

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

    def pre_activations(self, root: Value) -> list[list[Value]]:
        """Return the nodes z of this layer in a graph: a row for each time that the layer was called, in order.

        Parameters
        ----------
        root : Value
            What was computed with the layer, such as a loss of one sample or the mean over many.

        Returns
        -------
        list of list of Value, n_calls times nout
            After a backward sweep from `root` the `grad` of each is the delta of the textbooks, dJ/dz. A call is
            left out if nothing of it leads to the root; a unit that does not lead there is None in its row.
        """
        # By all of its parameters, as neurons may share some of them.
        place: dict[Any, int] = {(*neuron.w, neuron.b): j for j, neuron in enumerate(self.neurons)}
        nin = len(self.neurons[0].w)
        rows: list[list[Any]] = []
        last = len(self.neurons)
        before: tuple[Scalar, ...] = ()
        for node in ancestors(root):
            if node.op != "dot" or len(operands := node.operands) != 2 * (nin + 1):
                continue
            parameters, inputs = operands[: nin + 1], operands[nin + 1 :]
            if parameters in place:
                j = place[parameters]
                # The units of one call are recorded one after the other, and see the same inputs.
                if j <= last or not all(map(_is_same, inputs, before)):
                    rows.append([None] * len(self.neurons))
                rows[-1][j], last, before = node, j, inputs
        return rows

    def deltas(self, root: Value) -> list[list[float]]:
        """Return dJ/dz of each unit, a row for each call of the layer, after a backward sweep from J = `root`."""
        return [[0.0 if z is None else z.grad for z in row] for row in self.pre_activations(root)]

    def __repr__(self) -> str:
        """Return the list of neurons."""
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Learner):
    """A multi-layer perceptron: layers one after the other.

    Parameters
    ----------
    nin : int
        The number of inputs, 1 or more.
    nouts : sequence of int
        The number of neurons in each layer; the last is the output.
    activation : str, callable, or a sequence of these
        The activation of the hidden layers, see `nn.activations`; a sequence has one for each of them.
    output : str or callable
        The activation of the last layer.
    init : None, str or callable
        What draws the initial weights, see `nn.init`; None is what suits each layer's activation.
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
        activation: Activation | Sequence[Activation] = "relu",
        output: Activation = "linear",
        init: str | Initialiser | None = None,
        rng: int | Generator | None = None,
    ) -> None:
        if not isinstance(nouts, Iterable):
            raise TypeError(f"MLP: expected a list of layer sizes, got {nouts!r}")
        sizes = [_size("MLP", size) for size in (nin, *nouts)]
        if len(sizes) == 1:
            raise ValueError("MLP: expected the size of one layer or more, got none")
        hidden = len(sizes) - 2
        is_sequence = isinstance(activation, Iterable) and not isinstance(activation, str)
        each: list[Any] = [*activation] if is_sequence else [activation] * hidden  # type: ignore[misc]
        if len(each) != hidden:
            raise ValueError(f"MLP: expected one activation or {hidden}, one for each hidden layer, got {len(each)}")
        for f in (*each, output):
            function_of("MLP", f)
        source = generator(rng)
        self.layers = [
            Layer(n_in, n_out, activation=f, init=init, rng=source)
            for n_in, n_out, f in zip(sizes, sizes[1:], [*each, output], strict=False)
        ]
        _name(self)

    @property
    def nin(self) -> int:
        """The number of inputs."""
        return len(self.layers[0].neurons[0].w)

    @property
    def nout(self) -> int:
        """The number of outputs."""
        return len(self.layers[-1].neurons)

    def summary(self) -> Summary:
        """Return a table of the layers, and of what a sweep costs; print it to read it."""
        return Summary(self)

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

    def deltas(self, root: Value) -> list[list[list[float]]]:
        """Return dJ/dz after a backward sweep from J = `root`: by layer, then by sample, then by unit.

        Examples
        --------
        >>> model = MLP(2, [3, 1], activation="tanh", rng=0)
        >>> loss = model([1.0, -1.0]) ** 2
        >>> loss.backward()
        >>> first, last = model.deltas(loss)
        >>> len(first), len(first[0]), last[0] == [model.layers[1].neurons[0].b.grad]
        (1, 3, True)
        """
        return [layer.deltas(root) for layer in self.layers]

    def __repr__(self) -> str:
        """Return the list of layers."""
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def _name(module: Module) -> None:
    """Name each parameter by the way to it, so that graphs and messages say which one it is."""
    for name, parameter in module.named_parameters().items():
        parameter.name = name


def _is_same(x: Scalar, y: Scalar) -> bool:
    """Return whether two inputs are the same Value, or equal numbers."""
    return x is y or not (isinstance(x, Value) or isinstance(y, Value) or x != y)


def _size(where: str, size: int) -> int:
    try:
        number = operator.index(size)
    except TypeError:
        raise TypeError(f"{where}: expected sizes that are whole numbers, got {size!r}") from None
    if number < 1:
        raise ValueError(f"{where}: expected sizes of 1 or more, got {size!r}")
    return number
