"""Training steps of small networks: with `nn`, with micrograd's own demo, and forward alone on plain floats."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Step: TypeAlias = Callable[[], tuple[float, list[float]]]

LEARNING_RATE = 0.1  # the last of micrograd's demo
DECAY = 1e-4  # the factor of its L2 term


@dataclass(frozen=True)
class Network:
    """A network and the rows it is trained on; plain data, so that it can be sent to another process.

    Attributes
    ----------
    sizes : list of int
        The number of inputs and that of the neurons in each layer; the last layer is linear, the others are ReLU.
    weights : list of float
        The initial parameters, for each neuron the weights and then the bias.
    rows : list of list of float
        The inputs of one step.
    targets : list of int
        What the network should say: -1 or 1, or the number of a class.
    """

    sizes: list[int]
    weights: list[float]
    rows: list[list[float]]
    targets: list[int]

    def layers(self) -> list[list[tuple[list[float], float]]]:
        """Return the weights and the bias of each neuron, by layer."""
        rest = iter(self.weights)
        return [
            [([next(rest) for _ in range(fan_in)], next(rest)) for _ in range(neurons)]
            for fan_in, neurons in itertools.pairwise(self.sizes)
        ]


def _network(sizes: list[int], rows: list[list[float]], targets: list[int]) -> Network:
    """Return a network with the initial weights of micrograd, scaled down where there are many inputs."""
    rng = random.Random(1337)
    weights: list[float] = []
    for fan_in, neurons in itertools.pairwise(sizes):
        scale = min(1.0, 4 / fan_in)
        for _ in range(neurons):
            weights += [*(rng.uniform(-scale, scale) for _ in range(fan_in)), 0.0]
    return Network(sizes, weights, rows, targets)


def moons() -> Network:
    """Return the network of micrograd's demo, 2-16-16-1, and its 100 rows."""
    from sklearn.datasets import make_moons  # noqa: PLC0415

    rows, classes = make_moons(n_samples=100, noise=0.1, random_state=1337)
    return _network([2, 16, 16, 1], rows.tolist(), [2 * int(k) - 1 for k in classes])


def digits() -> Network:
    """Return a network of 64-32-10 and a batch of 32 handwritten digits."""
    from sklearn.datasets import load_digits  # noqa: PLC0415

    rows, classes = load_digits(return_X_y=True)
    return _network([64, 32, 10], (rows[:32] / 16).tolist(), classes[:32].tolist())


NETWORKS = {"moons": moons, "digits": digits}


# ---- forward alone, on plain floats ----------------------------------------------------------------


def _outputs(layers: list[list[tuple[list[float], float]]], row: list[float]) -> list[float]:
    *hidden, last = layers
    for layer in hidden:
        row = [max(0.0, sum([w * x for w, x in zip(ws, row)], bias)) for ws, bias in layer]  # noqa: B905
    return [sum([w * x for w, x in zip(ws, row)], bias) for ws, bias in last]  # noqa: B905


def forward(name: str, network: Network) -> Callable[[], float]:
    """Return what computes the loss of a network on floats."""
    layers = network.layers()

    def moons() -> float:
        margins = [
            max(0.0, 1 - target * _outputs(layers, row)[0])
            for row, target in zip(network.rows, network.targets, strict=True)
        ]
        return sum(margins) / len(margins) + DECAY * sum([w * w for w in network.weights])

    def digits() -> float:
        total = 0.0
        for row, label in zip(network.rows, network.targets, strict=True):
            logits = _outputs(layers, row)
            top = max(logits)
            total += top - logits[label] + math.log(sum([math.exp(z - top) for z in logits]))
        return total / len(network.rows)

    return {"moons": moons, "digits": digits}[name]


# ---- with nn ---------------------------------------------------------------------------------------


def with_nn(name: str, network: Network) -> Step:
    """Return a training step with `nn`: forward, sweep, update; it returns the loss and its gradient."""
    from autograd import math as functions  # noqa: PLC0415
    from nn import MLP, SGD, mean, softmax_cross_entropy  # noqa: PLC0415

    model = MLP(network.sizes[0], network.sizes[1:])
    parameters = model.parameters()
    _assign(parameters, network.weights)
    optimizer = SGD(parameters, learning_rate=LEARNING_RATE)
    rows, targets = network.rows, network.targets

    def moons() -> Any:
        margins = mean(functions.relu(1 - target * model(row)) for row, target in zip(rows, targets, strict=True))
        return margins + DECAY * functions.dot(parameters, parameters)

    def digits() -> Any:
        return mean(softmax_cross_entropy(model(row), label) for row, label in zip(rows, targets, strict=True))

    loss_of = {"moons": moons, "digits": digits}[name]

    def step() -> tuple[float, list[float]]:
        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.data, [p.grad for p in parameters]

    return step


# ---- micrograd's demo, on any engine with its names -------------------------------------------------


def demo(network: Network, variable: Callable[[float], Any], mlp: Callable[[int, list[int]], Any]) -> Step:
    """Return one step of micrograd's demo as its notebook has it, for a class of Values and one of networks."""
    model = mlp(network.sizes[0], network.sizes[1:])
    _assign(model.parameters(), network.weights)

    def step() -> tuple[float, list[float]]:
        inputs = [list(map(variable, row)) for row in network.rows]
        scores = list(map(model, inputs))
        losses = [(1 + -y * score).relu() for y, score in zip(network.targets, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = DECAY * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        model.zero_grad()
        total_loss.backward()
        for p in model.parameters():
            p.data -= LEARNING_RATE * p.grad
        return total_loss.data, [p.grad for p in model.parameters()]

    return step


def _assign(parameters: Sequence[Any], weights: list[float]) -> None:
    for parameter, weight in zip(parameters, weights, strict=True):
        parameter.data = weight
