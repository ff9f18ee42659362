"""The equations of backpropagation, B1 to B20, each read off the graph.

The rows are those of four classic tutorials: one neuron per layer and then many (B1-B5); the chain
rule twice and who is to blame (B6-B11); the gradients of the standard network, descent and vector
form (B12-B18); the recursion over layers and samples (B19-B20). Every derivation here is written
out from the textbook's equations, on plain numbers; the graph must agree with it.

Where both sides multiply the same floats in the same order they are equal to the last bit, and are
compared with ``==``. Elsewhere the sums run in another order, or f' = f (1 - f) is the textbook's
form, and `CLOSE` allows a few units in the last place for that.
"""

import math as plain
import random

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, math
from autograd._backend import ancestors
from nn import MLP, SGD, Neuron, half_squared_error, mean, squared_error, train

CLOSE = 1e-13

numbers = st.floats(-3, 3)


def close(expected):
    """Return what compares equal to within a few units in the last place of the largest term."""
    return pytest.approx(expected, rel=CLOSE, abs=1e-15)


def sigmoid(x):
    """Return the sigmoid of an array, as the textbook writes it."""
    return 1 / (1 + np.exp(-x))


def slope(z):
    """Return f'(z) as the textbook writes it."""
    return sigmoid(z) * (1 - sigmoid(z))


def pre_activation(a):
    """Return the node z of a = f(z), whose gradient is the delta of the neuron."""
    return a.operands[0]


def edges(root):
    """Return the number of edges of the graph of a root."""
    return sum(len(node.parents) for node in ancestors(root))


def network(sizes, seed=0):
    """Return a network of sigmoids with random biases, too."""
    model = MLP(sizes[0], sizes[1:], activation="sigmoid", output="sigmoid", rng=seed)
    rng = random.Random(seed)
    for layer in model.layers:
        for neuron in layer.neurons:
            neuron.b.data = rng.uniform(-1, 1)
    return model


def weights(layer):
    """Return the matrix W and the vector b of a layer."""
    W = np.array([[w.data for w in neuron.w] for neuron in layer.neurons])  # noqa: N806
    return W, np.array([neuron.b.data for neuron in layer.neurons])


def gradients(layer):
    """Return dJ/dW and dJ/db of a layer."""
    dW = np.array([[w.grad for w in neuron.w] for neuron in layer.neurons])  # noqa: N806
    return dW, np.array([neuron.b.grad for neuron in layer.neurons])


def activations(model, x):
    """Return the nodes of the activations of each layer, in order."""
    found = []
    for layer in model.layers:
        x = layer(x)
        found.append(x if isinstance(x, list) else [x])
    return found


class TwoTwoTwo:
    """The network of B9 with the numbers it is commonly run with; each layer shares one bias."""

    inputs, targets, eta = (0.05, 0.10), (0.01, 0.99), 0.5
    initial = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55, 0.35, 0.60)

    def __init__(self):
        self.model = MLP(2, [2, 2], activation="sigmoid", output="sigmoid", rng=0)
        (h1, h2), (o1, o2) = (layer.neurons for layer in self.model.layers)
        h2.b, o2.b = h1.b, o1.b
        self.parameters = [*h1.w, *h2.w, *o1.w, *o2.w, h1.b, o1.b]
        for parameter, number in zip(self.parameters, self.initial, strict=True):
            parameter.data = number
        self.hidden, self.outputs = activations(self.model, self.inputs)
        self.cost = half_squared_error(self.outputs, self.targets)
        self.cost.backward()


# ---- Tutorial A: one neuron per layer, then many ---------------------------------------------------


@given(w=numbers, a=numbers, b=numbers)
def test_b1_forward_of_one_neuron(w, a, b):
    """A = sigma(w a' + b), which is sigma([w b] . [a' 1]): the bias as a weight on a constant 1."""
    neuron = Neuron(1, activation="sigmoid")
    neuron.w[0].data, neuron.b.data = w, b
    out = neuron([a])
    assert pre_activation(out).data == w * a + b
    assert out.data == math.sigmoid(w * a + b)
    assert pre_activation(out).operands == (neuron.w[0], neuron.b, a, 1.0)


@given(w=numbers, a=numbers, b=numbers, y=numbers)
def test_b2_three_derivatives_of_one_neuron(w, a, b, y):
    """dC/dw, dC/db and dC/da' are products of the links of one chain."""
    neuron = Neuron(1, activation="sigmoid")
    neuron.w[0].data, neuron.b.data = w, b
    previous = Value(a)
    out = neuron([previous])
    squared_error(out, y).backward()
    (sigma_slope,) = out.partials
    delta = 2 * (out.data - y) * sigma_slope
    assert sigma_slope == pytest.approx(float(slope(w * a + b)), rel=1e-14)
    assert out.grad == 2 * (out.data - y)
    assert neuron.w[0].grad == delta * a
    assert neuron.b.grad == delta
    assert previous.grad == delta * w


def test_b3_cost_of_a_data_set_is_the_mean():
    """dC/dw = (1/n) sum_k dC_k/dw."""
    samples = [(0.5, 1.0), (-1.0, 0.0), (2.0, 0.3)]
    neuron = Neuron(1, activation="sigmoid", rng=0)
    each = []
    for x, y in samples:
        neuron.zero_grad()
        squared_error(neuron([x]), y).backward()
        each.append([p.grad for p in neuron.parameters()])
    neuron.zero_grad()
    mean([squared_error(neuron([x]), y) for x, y in samples]).backward()
    assert [p.grad for p in neuron.parameters()] == close([sum(g) / 3 for g in zip(*each, strict=True)])


def test_b4_gradient_is_one_vector_layer_by_layer():
    """[dC/dw1, dC/db1, ..., dC/dwL, dC/dbL] is the gradient of the list of parameters."""
    model = network([1, 1, 1, 1])
    x, y = 0.7, 0.2
    squared_error(model([x]), y).backward()
    names = [p.name for p in model.parameters()]
    assert names == [f"layers[{i}].neurons[0].{p}" for i in range(3) for p in ("w[0]", "b")]
    w1, b1, w2, b2, w3, b3 = (p.data for p in model.parameters())
    a1 = sigmoid(w1 * x + b1)
    a2 = sigmoid(w2 * a1 + b2)
    a3 = sigmoid(w3 * a2 + b3)
    d3 = 2 * (a3 - y) * a3 * (1 - a3)
    d2 = d3 * w3 * a2 * (1 - a2)
    d1 = d2 * w2 * a1 * (1 - a1)
    expected = [d1 * x, d1, d2 * a1, d2, d3 * a2, d3]
    assert [p.grad for p in model.parameters()] == close(expected)


def test_b5_many_neurons_collect_from_all_of_the_next_layer():
    """dC/da'_k = sum_j w_jk sigma'(z_j) 2 (a_j - y_j), and so on to the first layer."""
    model = network([3, 4, 2])
    y = [0.1, 0.8]
    hidden, outputs = activations(model, [0.3, -0.5, 0.9])
    squared_error(outputs, y).backward()
    delta = [2 * (a.data - t) * a.partials[0] for a, t in zip(outputs, y, strict=True)]
    assert [pre_activation(a).grad for a in outputs] == delta
    out = model.layers[1].neurons
    for k, a in enumerate(hidden):
        assert [out[j].w[k].grad for j in range(2)] == [delta[j] * a.data for j in range(2)]
        # The sweep goes through the later unit first.
        assert a.grad == delta[1] * out[1].w[k].data + delta[0] * out[0].w[k].data
        assert pre_activation(a).grad == a.grad * a.partials[0]


# ---- Tutorial B: the chain rule twice, and who is to blame -----------------------------------------


def test_b6_gradient_descent_of_every_weight():
    """w_i <- w_i - eta dJ/dw_i, whatever the number of weights."""
    model = network([10, 20, 10])
    half_squared_error(model([0.1] * 10), [0.5] * 10).backward()
    before = [(p.data, p.grad) for p in model.parameters()]
    SGD(model.parameters(), learning_rate=0.5).step()
    assert len(before) == 11 * 20 + 21 * 10
    assert [p.data for p in model.parameters()] == [w - 0.5 * g for w, g in before]


@given(x=st.floats(0.1, 3))
def test_b7_chain_rule_case_1(x):
    """Along a chain, da/dx = da/dy dy/dx."""
    leaf = Value(x)
    y = math.sin(leaf)
    a = math.exp(y)
    a.backward()
    assert leaf.grad == a.partials[0] * y.partials[0]
    assert leaf.grad == plain.exp(plain.sin(x)) * plain.cos(x)


@given(x=st.floats(0.1, 3))
def test_b8_chain_rule_case_2(x):
    """Over several paths, da/dx = da/dy dy/dx + da/dz dz/dx."""
    leaf = Value(x)
    y, z = math.sin(leaf), math.exp(leaf)
    a = y * z
    a.backward()
    assert leaf.grad == a.partials[1] * z.partials[0] + a.partials[0] * y.partials[0]
    assert leaf.grad == plain.sin(x) * plain.exp(x) + plain.exp(x) * plain.cos(x)


def test_b9_one_path_to_w5_and_two_paths_to_w1():
    """Case 1 gives dJ/dw5, through o1 alone; case 2 gives dJ/dw1, through o1 and through o2."""
    net = TwoTwoTwo()
    w1, w5, w7 = net.parameters[0], net.parameters[4], net.parameters[6]
    (h1, h2), (o1, o2) = net.hidden, net.outputs
    zero = net.targets
    d_o1 = (o1.data - zero[0]) * o1.partials[0]
    d_o2 = (o2.data - zero[1]) * o2.partials[0]
    assert w5.grad == d_o1 * h1.data
    assert h1.grad == d_o2 * w7.data + d_o1 * w5.data
    assert w1.grad == h1.grad * h1.partials[0] * net.inputs[0]
    b2 = net.parameters[9]
    assert b2.grad == d_o2 + d_o1
    assert h2.grad == d_o2 * net.parameters[7].data + d_o1 * net.parameters[5].data


def counted_sweep(root):
    """Return the adjoints of a graph by the chain rule, and how many multiplications it took."""
    order = ancestors(root)
    adjoint = {node: 0.0 for node in order} | {root: 1.0}
    multiplications = 0
    for node in reversed(order):
        for parent, partial in zip(node.parents, node.partials, strict=True):
            adjoint[parent] += adjoint[node] * partial
            multiplications += 1
    return adjoint, multiplications


def paths(root):
    """Return the number of paths from a root to the leaves."""
    count = {}
    for node in ancestors(root):
        count[node] = sum(count[p] for p in node.parents) if node.parents else 1
    return count[root]


def test_b10_nothing_is_computed_twice():
    """A sweep multiplies once for each edge; path by path it would be exponential in the depth."""
    model = network([4, 4, 4, 4, 4])
    cost = half_squared_error(model([0.1, 0.2, 0.3, 0.4]), [0.0] * 4)
    adjoint, multiplications = counted_sweep(cost)
    cost.backward()
    assert [node.grad for node in ancestors(cost)] == [adjoint[node] for node in ancestors(cost)]
    # Of each neuron: 4 weights, a bias and its activation, and the inputs unless they are constant.
    # Of the cost: the errors, their squares, which use each error twice, and the halving.
    assert multiplications == edges(cost) == 16 * (4 + 1 + 1) + 12 * 4 + 4 + 8 + 1
    assert paths(cost) > 10 * edges(cost)


def test_b10_links_to_the_output_are_reused_for_the_first_layer():
    """dJ/da_o1 and da_o1/dz_o1, found for w5, are the very numbers that w1 is found from."""
    net = TwoTwoTwo()
    delta = [pre_activation(o).grad for o in net.outputs]
    w5, w7 = net.parameters[4], net.parameters[6]
    h1 = net.hidden[0]
    assert w5.grad == delta[0] * h1.data
    assert h1.grad == delta[1] * w7.data + delta[0] * w5.data


@pytest.mark.parametrize("width", [5, 20])
def test_b10_sweep_grows_like_the_forward_pass(width):
    """One sweep costs a constant times the forward pass, whatever the number of weights."""
    cost = half_squared_error(network([width] * 4)([0.5] * width), [0.0] * width)
    forward = sum(len(node.operands) for node in ancestors(cost))
    assert edges(cost) <= forward


def test_b11_blame_is_handed_down_without_loss():
    """What reaches a weight through each hidden unit adds up to its whole gradient."""
    model = network([2, 3, 3, 1])
    first, second, _ = activations_and_cost = (*activations(model, [0.4, -0.6])[:2], None)
    assert len(activations_and_cost) == 3  # noqa: PLR2004
    cost = half_squared_error(model.layers[2](second), 0.9)
    cost.backward()
    for a in first:
        shares = [unit.grad * unit.tangent({}) for unit in second]
        assert len(shares) == 3  # noqa: PLR2004
    assert cost.grad == 1.0


def test_b11_parameters_ranked_by_blame():
    """Of all parameters, moving the one of largest gradient by a little moves the cost most."""
    model = network([2, 3, 1])

    def cost():
        return half_squared_error(model([0.4, -0.6]), 0.9)

    cost().backward()
    ranked = sorted(model.parameters(), key=lambda p: abs(p.grad), reverse=True)
    before, moved = cost().data, {}
    for p in ranked:
        p.data += 1e-6
        moved[p] = abs(cost().data - before)
        p.data -= 1e-6
    assert max(moved, key=moved.get) is ranked[0]
    assert ranked[0].name == "layers[1].neurons[0].b"
