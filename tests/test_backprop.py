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

from autograd import Value, ancestors, math
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
    W = np.array([[w.data for w in neuron.w] for neuron in layer.neurons])
    return W, np.array([neuron.b.data for neuron in layer.neurons])


def gradients(layer):
    """Return dJ/dW and dJ/db of a layer."""
    dW = np.array([[w.grad for w in neuron.w] for neuron in layer.neurons])
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
    t1, t2 = net.targets
    d_o1 = (o1.data - t1) * o1.partials[0]
    d_o2 = (o2.data - t2) * o2.partials[0]
    assert w5.grad == d_o1 * h1.data
    assert h1.grad == d_o2 * w7.data + d_o1 * w5.data
    assert w1.grad == h1.grad * h1.partials[0] * net.inputs[0]
    b2 = net.parameters[9]
    assert b2.grad == d_o2 + d_o1
    assert h2.grad == d_o2 * net.parameters[7].data + d_o1 * net.parameters[5].data


def counted_sweep(root):
    """Return the adjoints of a graph by the chain rule, and how many multiplications it took."""
    order = ancestors(root)
    adjoint = dict.fromkeys(order, 0.0) | {root: 1.0}
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
    """What reaches a parameter through each unit of a layer adds up to its whole gradient."""
    model = network([2, 3, 4, 1])
    _, units, (out,) = activations(model, [0.4, -0.6])
    half_squared_error(out, 0.9).backward()
    for p in model.layers[0].parameters():
        shares = [unit.grad * unit.tangent({p: 1.0}) for unit in units]
        assert p.grad == close(sum(shares))
        assert p.grad != 0.0


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


# ---- Tutorial C: every parameter of the standard network, descent, vector form ---------------------


@given(x=st.floats(-30, 30))
def test_b12_sigmoid_and_its_derivative(x):
    """F(x) = 1 / (1 + exp(-x)) and f' = f (1 - f), to 4 ulps where the textbook's form loses digits."""
    z = Value(x)
    f = math.sigmoid(z)
    with mp.workdps(50):
        exact = 1 / (1 + mp.exp(-mp.mpf(x)))
        assert float(abs(f.data - exact) / exact) <= 3 * 2**-52
        exact_slope = exact * (1 - exact)
        assert float(abs(f.partials[0] - exact_slope) / exact_slope) <= 4 * 2**-52


def test_b13_losses_of_a_sample():
    """E = 1/2 sum_k (a_k - y_k)^2 is half of the loss, and its derivative is the bare error."""
    outputs, targets = [Value(0.75), Value(-0.5)], [1.0, 0.5]
    assert squared_error(outputs, targets).data == 0.25**2 + 1.0
    error = half_squared_error(outputs, targets)
    assert error.data == (0.25**2 + 1.0) / 2
    error.backward()
    assert [out.grad for out in outputs] == [-0.25, -1.0]


def test_b14_output_weights():
    """dE/dW_ks = (a_k - y_k) a_k (1 - a_k) h_s; of the bias, the same without h_s."""
    model, y = network([3, 4, 2]), [0.1, 0.8]
    hidden, outputs = activations(model, [0.3, -0.5, 0.9])
    half_squared_error(outputs, y).backward()
    for neuron, a, t in zip(model.layers[1].neurons, outputs, y, strict=True):
        delta = (a.data - t) * a.data * (1 - a.data)
        assert [w.grad for w in neuron.w] == close([delta * h.data for h in hidden])
        assert neuron.b.grad == close(delta)


def test_b15_hidden_weights():
    """dE/dV_sd = [sum_k (a_k - y_k) a_k (1 - a_k) W_ks] h_s (1 - h_s) x_d; the bias without x_d."""
    model, x, y = network([3, 4, 2]), [0.3, -0.5, 0.9], [0.1, 0.8]
    hidden, outputs = activations(model, x)
    half_squared_error(outputs, y).backward()
    deltas = [(a.data - t) * a.data * (1 - a.data) for a, t in zip(outputs, y, strict=True)]
    for s, (neuron, h) in enumerate(zip(model.layers[0].neurons, hidden, strict=True)):
        total = sum(d * out.w[s].data for d, out in zip(deltas, model.layers[1].neurons, strict=True))
        delta = total * h.data * (1 - h.data)
        assert [w.grad for w in neuron.w] == close([delta * feature for feature in x])
        assert neuron.b.grad == close(delta)


def test_b16_training_by_gradient_descent():
    """Initialise, forward, errors backwards, update, until done."""
    net = TwoTwoTwo()
    optimizer = SGD(net.parameters, net.eta)
    costs = []
    while not costs or costs[-1] > 1e-3:
        optimizer.zero_grad()
        cost = half_squared_error(net.model(net.inputs), net.targets)
        cost.backward()
        optimizer.step()
        costs.append(cost.data)
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > 0.29
    assert len(costs) < 2000


def samples(n, seed=0):
    """Return n inputs of two numbers and a target for each."""
    rng = random.Random(seed)
    inputs = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(n)]
    return inputs, [[0.9 if x1 * x2 > 0 else 0.1] for x1, x2 in inputs]


def gradient(model, inputs, targets):
    """Return the gradient of the mean error of some samples, as one array."""
    model.zero_grad()
    mean([half_squared_error(model(x), y) for x, y in zip(inputs, targets, strict=True)]).backward()
    return np.array([p.grad for p in model.parameters()])


@pytest.mark.parametrize("m", [1, 4, 12])
def test_b17_batches_agree_with_the_full_gradient_on_average(m):
    """The mean over the batches of the gradient of each is the gradient of all samples."""
    model = network([2, 3, 1])
    inputs, targets = samples(12)
    full = gradient(model, inputs, targets)
    batches = [gradient(model, inputs[i : i + m], targets[i : i + m]) for i in range(0, 12, m)]
    assert np.mean(batches, axis=0) == close(full)
    assert m == len(inputs) or not np.allclose(batches[0], full, rtol=0.01)


class CountedSGD(SGD):
    """Descent that counts its steps and remembers the gradient of each."""

    def __init__(self, parameters, learning_rate):
        super().__init__(parameters, learning_rate)
        self.seen = []

    def step(self):
        self.seen.append([p.grad for p in self.parameters])
        super().step()


@pytest.mark.parametrize(("batch_size", "steps"), [(None, 1), (12, 1), (5, 3), (4, 3), (1, 12)])
def test_b17_steps_of_an_epoch(batch_size, steps):
    """Full-batch descent takes one step for an epoch, mini-batch SGD several, one-sample SGD n."""
    model = network([2, 3, 1])
    inputs, targets = samples(12)
    full = gradient(model, inputs, targets)
    optimizer = CountedSGD(model.parameters(), 1e-300)  # stays where it is
    train(model, inputs, targets, loss=half_squared_error, optimizer=optimizer, epochs=1,
          batch_size=batch_size, rng=0)  # fmt: skip
    assert len(optimizer.seen) == steps
    if batch_size != 5:
        assert np.mean(optimizer.seen, axis=0) == close(full)


def test_b17_rougher_gradients_of_smaller_batches():
    """The fewer samples there are in a batch, the further its gradient is from that of all."""
    model = network([2, 3, 1])
    inputs, targets = samples(64)
    full = gradient(model, inputs, targets)

    def distance(m):
        batches = [gradient(model, inputs[i : i + m], targets[i : i + m]) for i in range(0, 64, m)]
        return np.sqrt(np.mean([np.sum((g - full) ** 2) for g in batches]))

    assert distance(1) > distance(4) > distance(16) > distance(64) == 0.0


def test_b18_vector_form():
    """The deltas and gradients on the graph are those of the recursion over whole layers."""
    model, x, y = network([3, 5, 4, 2]), np.array([0.3, -0.5, 0.9]), np.array([0.1, 0.8])
    nodes = activations(model, x)
    cost = half_squared_error(nodes[-1], y)
    cost.backward()

    layers = [weights(layer) for layer in model.layers]
    a, z = [x], []
    for W, b in layers:
        z.append(W @ a[-1] + b)
        a.append(sigmoid(z[-1]))
    delta = [(a[-1] - y) * slope(z[-1])]
    for (W, _), z_l in zip(layers[:0:-1], z[-2::-1], strict=True):
        delta.insert(0, W.T @ delta[0] * slope(z_l))

    for i, layer in enumerate(model.layers):
        assert model.deltas(cost)[i] == [[pre_activation(node).grad for node in nodes[i]]]
        assert model.deltas(cost)[i][0] == close(delta[i])
        dW, db = gradients(layer)
        assert dW == close(np.outer(delta[i], a[i]))
        assert db == close(delta[i])


# ---- Tutorial D: recursion over layers and samples -------------------------------------------------


def test_b19_forward_with_the_bias_as_a_weight():
    """z^(2) = w^(1) [x 1], a^(2) = g(z^(2)), and so on: the operands of z are [w b] and [x 1]."""
    model, x = network([3, 4, 2]), [0.3, -0.5, 0.9]
    a = np.array(x)
    for layer, nodes in zip(model.layers, activations(model, x), strict=True):
        W, b = weights(layer)
        z = np.column_stack([W, b]) @ np.append(a, 1.0)
        for neuron, node in zip(layer.neurons, nodes, strict=True):
            operands = pre_activation(node).operands
            assert operands[: len(operands) // 2] == (*neuron.w, neuron.b)
            assert operands[-1] == 1.0
        assert [pre_activation(node).data for node in nodes] == close(z)
        a = sigmoid(z)
        assert [node.data for node in nodes] == close(a)


def test_b20_gradient_accumulated_over_samples():
    """D = (1/m) sum_i delta^(l+1) (a^(l))^T is the gradient of the mean cost, and leads downhill."""
    model, m = network([3, 4, 2]), 7
    rng = np.random.default_rng(0)
    X, Y = rng.uniform(-1, 1, (m, 3)), rng.uniform(0, 1, (m, 2))
    (W1, b1), (W2, b2) = (weights(layer) for layer in model.layers)
    D1, D2, J, deltas = np.zeros((4, 4)), np.zeros((2, 5)), 0.0, ([], [])
    for x, y in zip(X, Y, strict=True):
        z2 = W1 @ x + b1
        z3 = W2 @ sigmoid(z2) + b2
        a1, a2, a3 = np.append(x, 1.0), np.append(sigmoid(z2), 1.0), sigmoid(z3)
        delta3 = (a3 - y) * slope(z3)
        delta2 = W2.T @ delta3 * slope(z2)
        deltas[0].append(delta2 / m)
        deltas[1].append(delta3 / m)
        D1 += np.outer(delta2, a1) / m
        D2 += np.outer(delta3, a2) / m
        J += np.sum((a3 - y) ** 2) / (2 * m)

    cost = mean([half_squared_error(model(x), y) for x, y in zip(X, Y, strict=True)])
    cost.backward()
    assert cost.data == close(J)
    for layer, D in zip(model.layers, (D1, D2), strict=True):
        assert np.column_stack(gradients(layer)) == close(D)
    for found, expected in zip(model.deltas(cost), deltas, strict=True):  # by sample, and the mean has 1/m
        assert np.array(found) == close(np.array(expected))

    SGD(model.parameters(), learning_rate=0.5).step()
    assert mean([half_squared_error(model(x), y) for x, y in zip(X, Y, strict=True)]) < cost


# ---- the worked example ----------------------------------------------------------------------------


def textbook():
    """Derive the worked example from the textbook's equations, at 50 digits.

    The numbers of the network are taken as the floats they are stored as. Returns the activations
    h1, h2, o1, o2, the cost, and the ten gradients and updated parameters in the order of
    `TwoTwoTwo.parameters`.
    """
    i1, i2 = map(mp.mpf, TwoTwoTwo.inputs)
    t1, t2 = map(mp.mpf, TwoTwoTwo.targets)
    w1, w2, w3, w4, w5, w6, w7, w8, b1, b2 = initial = list(map(mp.mpf, TwoTwoTwo.initial))
    h1, h2 = (1 / (1 + mp.exp(-z)) for z in (w1 * i1 + w2 * i2 + b1, w3 * i1 + w4 * i2 + b1))
    o1, o2 = (1 / (1 + mp.exp(-z)) for z in (w5 * h1 + w6 * h2 + b2, w7 * h1 + w8 * h2 + b2))
    cost = ((t1 - o1) ** 2 + (t2 - o2) ** 2) / 2
    d1, d2 = (o1 - t1) * o1 * (1 - o1), (o2 - t2) * o2 * (1 - o2)
    e1 = (d1 * w5 + d2 * w7) * h1 * (1 - h1)
    e2 = (d1 * w6 + d2 * w8) * h2 * (1 - h2)
    gradient = [e1 * i1, e1 * i2, e2 * i1, e2 * i2, d1 * h1, d1 * h2, d2 * h1, d2 * h2, e1 + e2, d1 + d2]
    updated = [w - mp.mpf(TwoTwoTwo.eta) * g for w, g in zip(initial, gradient, strict=True)]
    return [h1, h2, o1, o2], cost, gradient, updated


def ulps(actual, exact):
    """Return the distance in units in the last place of the exact number."""
    return float(abs(actual - exact) / plain.ulp(float(exact)))


def test_worked_example_to_the_last_digits():
    """All numbers are those derived independently at 50 digits, to a relative error of 1e-15.

    In units in the last place: outputs, cost and updated parameters are within 1, that is, one of
    the two floats next to the exact number. Each gradient is within 4, after a chain of a dozen
    rounded operations.
    """
    net = TwoTwoTwo()
    found = [a.data for a in (*net.hidden, *net.outputs)]
    found_gradient = [p.grad for p in net.parameters]
    SGD(net.parameters, net.eta).step()
    found_updated = [p.data for p in net.parameters]
    with mp.workdps(50):
        outputs, cost, gradient, updated = textbook()
        near = [*zip(found, outputs, strict=True), (net.cost.data, cost), *zip(found_updated, updated, strict=True)]
        assert [ulps(actual, exact) <= 1 for actual, exact in near] == [True] * 15
        far = list(zip(found_gradient, gradient, strict=True))
        assert [ulps(actual, exact) <= 4 for actual, exact in far] == [True] * 10
        assert max(float(abs((actual - exact) / exact)) for actual, exact in near + far) <= 1e-15


def test_worked_example_as_it_is_usually_printed():
    """The digits that a reader finds when doing it by hand."""
    net = TwoTwoTwo()
    assert [f"{a.data:.9f}" for a in net.outputs] == ["0.751365070", "0.772928465"]
    assert f"{net.cost.data:.9f}" == "0.298371109"
    assert f"{net.parameters[4].grad:.9f}" == "0.082167041"
    assert f"{net.parameters[0].grad:.9f}" == "0.000438568"
    SGD(net.parameters, net.eta).step()
    assert [f"{p.data:.9f}" for p in net.parameters[:8]] == [
        "0.149780716", "0.199561432", "0.249751144", "0.299502287",
        "0.358916480", "0.408666186", "0.511301270", "0.561370121",
    ]  # fmt: skip
