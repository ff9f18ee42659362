"""Programs written for micrograd 0.1.0 run here with nothing but their import lines changed."""

import random

import pytest

from autograd import Value
from nn import MLP, Layer, Neuron

IMPORTS = """
from autograd import Value
from nn import Neuron, Layer, MLP
"""

DEMO = (
    IMPORTS
    + """
import random
import numpy as np

random.seed(1337)
angle = np.linspace(0, np.pi, 10)
outer = np.c_[np.cos(angle), np.sin(angle)]
inner = np.c_[1 - np.cos(angle), 0.5 - np.sin(angle)]
X = np.vstack([outer, inner])
y = np.array([-1] * 10 + [1] * 10)

model = MLP(2, [8, 8, 1])

def loss():
    inputs = [list(map(Value, row)) for row in X]
    scores = list(map(model, inputs))
    losses = [(1 + -yi*scorei).relu() for yi, scorei in zip(y, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    alpha = 1e-4
    reg_loss = alpha * sum((p*p for p in model.parameters()))
    total_loss = data_loss + reg_loss
    accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores)]
    return total_loss, sum(accuracy) / len(accuracy)

history = []
for k in range(60):
    total_loss, acc = loss()
    model.zero_grad()
    total_loss.backward()
    learning_rate = 1.0 - 0.9*k/60
    for p in model.parameters():
        p.data -= learning_rate * p.grad
    history.append((total_loss.data, acc))
"""
)


def test_expression_of_the_readme():
    """An expression of every operator gives the numbers that micrograd's README prints."""
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert (f"{g.data:.4f}", f"{a.grad:.4f}", f"{b.grad:.4f}") == ("24.7041", "138.8338", "645.5773")


def test_demo_learns_the_moons():
    """The training loop of the demo, with its max-margin loss and its L2 term, fits two moons."""
    names = {}
    exec(DEMO, names)
    (first, _), (last, accuracy) = names["history"][0], names["history"][-1]
    assert last < first / 10
    assert accuracy == 1.0


def test_demo_repeats_with_its_seed():
    """``random.seed`` governs the initial weights, and the global state moves on."""
    random.seed(1337)
    first, second = MLP(2, [3, 1]), MLP(2, [3, 1])
    random.seed(1337)
    again = MLP(2, [3, 1])
    data = [[p.data for p in model.parameters()] for model in (first, second, again)]
    assert data[0] == data[2] != data[1]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Neuron(2), "ReLUNeuron(2)"),
        (Neuron(16, nonlin=False), "LinearNeuron(16)"),
        (Neuron(3, False), "LinearNeuron(3)"),
        (Layer(2, 2, nonlin=False), "Layer of [LinearNeuron(2), LinearNeuron(2)]"),
        (MLP(2, [1, 1]), "MLP of [Layer of [ReLUNeuron(2)], Layer of [LinearNeuron(1)]]"),
        (MLP(nin=1, nouts=[1]), "MLP of [Layer of [LinearNeuron(1)]]"),
        (Neuron(2, activation="tanh"), "TanhNeuron(2)"),
    ],
)
def test_repr(model, expected):
    """A model is described as micrograd describes it."""
    assert repr(model) == expected


def test_attributes():
    """The attributes have micrograd's names: w, b, nonlin, neurons, layers."""
    model = MLP(2, [16, 16, 1])
    assert [len(layer.neurons) for layer in model.layers] == [16, 16, 1]
    assert [layer.neurons[0].nonlin for layer in model.layers] == [True, True, False]
    assert [len(layer.neurons[0].w) for layer in model.layers] == [2, 16, 16]
    assert model.layers[0].neurons[0].b.data == 0.0
    assert len(model.parameters()) == 337


def test_one_output_is_bare():
    """A layer of one neuron returns the Value itself, a wider one a list."""
    assert type(MLP(2, [3, 1])([1.0, 2.0])) is Value
    assert type(Layer(2, 1)([Value(1.0), 2])) is Value
    assert [type(v) for v in Layer(2, 2)([1.0, 2.0])] == [Value, Value]
