"""Modules, layers, activations, losses and the step of an optimizer."""

import copy
import pickle
import random
import statistics
import subprocess
import sys
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import nn
from autograd import GraphError, Value, ancestors, math
from autograd.testing import Verdict, certify, check_grad, grad_test
from nn import MLP, SGD, Layer, Module, Neuron
from nn.activations import ACTIVATIONS
from nn.init import INITIALISERS, constant, generator, glorot_uniform, he_uniform, uniform
from nn.testing import datasets, models

ROOT = Path(__file__).resolve().parent.parent

finite = st.floats(-1e6, 1e6)
vectors = st.lists(finite, min_size=2, max_size=6)


# ---- modules and layers ----------------------------------------------------------------------------


def test_public_names():
    """Every public name is there, and none is missing from the list."""
    assert sorted(nn.__all__) == sorted(set(nn.__all__))
    assert [name for name in nn.__all__ if not hasattr(nn, name)] == []


def test_import_is_light():
    """``import nn`` loads none of the packages of the extras."""
    heavy = "{'numpy', 'pandas', 'sklearn', 'tqdm', 'safetensors', 'matplotlib'}"
    code = f"import sys, nn; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_module_clears_gradients():
    """`zero_grad` reaches every parameter; a bare module has none."""
    model = MLP(2, [3, 2], activation="tanh", rng=0)
    math.sum(model([1.0, 2.0])).backward()
    assert all(p.grad != 0 for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 17
    assert Module().parameters() == []


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid", "tanh"])
@given(x=st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_neuron_is_two_nodes(activation, x):
    """A neuron is one dot node and one node of its activation, none if it is linear."""
    neuron = Neuron(3, activation=activation, rng=0)
    z = math.dot([*neuron.w, neuron.b], [*x, 1.0])
    out = neuron(x)
    if activation == "linear":
        assert (out.op, out.data) == ("dot", z.data)
    else:
        assert (out.op, out.operands[0].op) == (activation, "dot")
        assert out.data == getattr(math, activation)(z.data)


def test_activations_of_a_network():
    """The hidden layers have one activation, the output another, linear by default."""
    model = MLP(2, [3, 4, 1], activation="tanh", output="sigmoid")
    assert [layer.neurons[0].activation for layer in model.layers] == ["tanh", "tanh", "sigmoid"]
    assert [layer.neurons[0].activation for layer in MLP(2, [3, 1]).layers] == ["relu", "linear"]


def test_single_hidden_neuron():
    """A layer of one neuron returns a bare Value, and the next layer takes it."""
    model = MLP(1, [1, 1, 2], activation="tanh", rng=0)
    w, v, u0, u1 = (p.data for p in model.parameters()[::2])
    inner = math.dot([v, 0.0], [math.tanh(math.dot([w, 0.0], [0.5, 1.0])), 1.0])
    assert [out.data for out in model(0.5)] == [u0 * math.tanh(inner), u1 * math.tanh(inner)]
    assert [out.data for out in model(Value(0.5))] == [out.data for out in model([0.5])]


@pytest.mark.parametrize("x", [(1, 2), np.array([1, 2]), np.float32([1, 2]), [Value(1), True + 1]])
def test_inputs_of_every_kind(x):
    """Inputs are any sequence of real numbers or Values."""
    model = MLP(2, [2, 1], rng=0)
    assert model(x).data == model([1.0, 2.0]).data


def test_parameter_names_lead_to_them():
    """The name of a parameter is the expression that finds it in the model."""
    model = MLP(2, [3, 2])
    found = [eval(f"model.{p.name}", {"model": model}) for p in model.parameters()]
    assert list(map(id, found)) == list(map(id, model.parameters()))
    assert [p.name for p in Layer(1, 2).parameters()][2:] == ["neurons[1].w[0]", "neurons[1].b"]
    assert [p.name for p in Neuron(2).parameters()] == ["w[0]", "w[1]", "b"]


def test_models_can_be_copied():
    """A deep copy and a pickle are networks of their own with the same numbers."""
    model = MLP(2, [3, 1], rng=0)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin([1.0, 2.0]).data == model([1.0, 2.0]).data
        twin.parameters()[0].data = 9.0
        assert model.parameters()[0].data != 9.0


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Neuron(3)([1.0, 2.0]), ValueError, "Neuron: expected 3 inputs, got 2"),
        (lambda: MLP(3, [2, 1])([1.0] * 4), ValueError, "Neuron: expected 3 inputs, got 4"),
        (lambda: Neuron(3)(1.0), ValueError, "Neuron: expected 3 inputs, got 1"),
        (lambda: Neuron(0), ValueError, "Neuron: expected sizes of 1 or more, got 0"),
        (lambda: Layer(2, -1), ValueError, "Layer: expected sizes of 1 or more, got -1"),
        (lambda: MLP(2, [3, 0]), ValueError, "MLP: expected sizes of 1 or more, got 0"),
        (lambda: MLP(2, [2.5]), TypeError, "MLP: expected sizes that are whole numbers, got 2.5"),
        (lambda: MLP(2, 3), TypeError, "MLP: expected a list of layer sizes, got 3"),
        (lambda: MLP(2, []), ValueError, "MLP: expected the size of one layer or more, got none"),
        (
            lambda: MLP(2, [3, 1], activation="tahn"),
            ValueError,
            "MLP: expected an activation of linear, relu, leaky_relu, elu, gelu, silu, softplus, sigmoid, tanh, sin,"
            " got 'tahn'; did you mean 'tanh'?",
        ),
        (
            lambda: Neuron(2, init="he"),
            ValueError,
            "Neuron: expected an initialiser of glorot_uniform, he_uniform, fan_in, uniform, zeros, got 'he'",
        ),
        (
            lambda: Neuron(2, "tanh"),
            TypeError,
            "Neuron: expected nonlin True or False, got 'tanh'; name it: activation=...",
        ),
        (
            lambda: MLP(2, [3, 1], activation=["tanh", "relu"]),
            ValueError,
            "MLP: expected one activation or 1, one for each hidden layer, got 2",
        ),
        (lambda: MLP(2, [1], rng="0"), TypeError, "rng: expected None, an int or a random.Random, got '0'"),
    ],
)
def test_errors_of_layers(make, error, text):
    """Every mistake is answered by one line that says what was expected."""
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == text


# ---- initial weights -------------------------------------------------------------------------------


def test_seeds():
    """An int is a seed, a Random is drawn from, and None is the module random."""
    by_seed, by_source = (MLP(2, [3, 1], rng=rng) for rng in (5, random.Random(5)))
    assert [p.data for p in by_seed.parameters()] == [p.data for p in by_source.parameters()]
    state = random.getstate()
    MLP(2, [3, 1], rng=5)
    assert random.getstate() == state
    assert generator(None) is random


def test_initial_weights_have_the_variance_of_the_papers():
    """Glorot: 2 / (n_in + n_out); He: 2 / n_in. The variance of a sample of n varies by sqrt(0.8 / n)."""
    n, rng = 20_000, random.Random(0)
    glorot = [w for _ in range(n // 4) for w in glorot_uniform(4, 6, rng)]
    he = [w for _ in range(n // 4) for w in he_uniform(4, 6, rng)]
    assert statistics.pvariance(glorot) == pytest.approx(2 / 10, rel=5 * (0.8 / n) ** 0.5)
    assert statistics.pvariance(he) == pytest.approx(2 / 4, rel=5 * (0.8 / n) ** 0.5)
    assert max(map(abs, glorot)) <= (6 / 10) ** 0.5
    assert max(map(abs, he)) <= (6 / 4) ** 0.5


@pytest.mark.parametrize(("activation", "limit"), [("tanh", 0.1), ("linear", 0.1), ("sigmoid", 0.1), ("relu", 0.2)])
def test_initial_weights_of_a_layer(activation, limit):
    """The largest of 150 * 450 weights is just below the limit of the activation's rule; biases are 0."""
    layer = Layer(150, 450, activation=activation, rng=0)
    largest = max(abs(w.data) for neuron in layer.neurons for w in neuron.w)
    assert limit * 0.999 < largest <= limit
    assert {neuron.b.data for neuron in layer.neurons} == {0.0}


def test_initialisers_by_name_and_by_function():
    """Constants are constant, uniform ones stay within their limit, and a function of one's own is asked for each neuron."""
    seen = []

    def own(n_in, n_out, rng):
        seen.append((n_in, n_out))
        return [0.25] * n_in

    def weights(init):
        return [
            w.data for layer in MLP(4, [5, 2], init=init, rng=0).layers for neuron in layer.neurons for w in neuron.w
        ]

    assert set(weights(own)) == {0.25}
    assert seen == [(4, 5)] * 5 + [(5, 2)] * 2
    assert set(weights("zeros")) == {0.0}
    assert set(weights(constant(0.5))) == {0.5}
    assert 0.2 < max(map(abs, weights(uniform(0.3)))) <= 0.3
    assert 0.6 < max(map(abs, weights("uniform"))) <= 1.0
    assert max(map(abs, weights("fan_in")[:20])) <= 0.5 < max(map(abs, weights("he_uniform")[:20]))
    for name, init in INITIALISERS.items():
        assert weights(name) == weights(init)


# ---- activations -----------------------------------------------------------------------------------

SLOPES = {
    "linear": lambda z: mp.mpf(1),
    "relu": lambda z: mp.mpf(z > 0),
    "leaky_relu": lambda z: mp.mpf(1) if z > 0 else mp.mpf(0.01),
    "elu": lambda z: mp.mpf(1) if z > 0 else mp.exp(z),
    "gelu": lambda z: mp.ncdf(z) + z * mp.npdf(z),
    "silu": lambda z: (1 + z / (1 + mp.exp(z))) / (1 + mp.exp(-z)),
    "softplus": lambda z: 1 / (1 + mp.exp(-z)),
    "sigmoid": lambda z: 1 / (2 + mp.exp(z) + mp.exp(-z)),
    "tanh": lambda z: mp.sech(z) ** 2,
    "sin": mp.cos,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(x=st.floats(-30, 30))
@example(0.0)
@example(-700.0)
@example(700.0)
def test_slopes_of_activations(name, x):
    """They are those of the formulas in the books, found with fifty digits."""
    z = Value(x)
    ACTIVATIONS[name](z * 1).backward()
    with mp.workdps(50):
        slope = SLOPES[name](mp.mpf(x))
    # A sum of two terms that cancel, as in gelu and silu, is exact to its size only.
    assert abs(z.grad - slope) <= 1e-15 * max(abs(slope), 1.0 if name in {"gelu", "silu"} else 0.0) + 1e-300


def test_activations_of_ones_own():
    """A function of a Value is an activation, one for all hidden layers or one for each."""
    model = MLP(2, [3, 3, 1], activation=[lambda z: z * z, "sin"], output="softplus", rng=0)
    assert [layer.neurons[0].activation for layer in model.layers][1:] == ["sin", "softplus"]
    z = model.layers[0].neurons[0]([1.0, 2.0]).operands[0]
    assert model.layers[0].neurons[0]([1.0, 2.0]).data == z.data * z.data


# ---- modules ---------------------------------------------------------------------------------------


def test_parameters_of_any_structure():
    """Lists, tuples, dicts and modules are looked through, in order; what occurs twice counts once."""

    class Tied(Module):
        def __init__(self):
            self.layer = Layer(2, 2, rng=0)
            self.gains = {"a": Value(1.0), "b": (Value(2.0), 3.0)}
            self.again = self.layer
            self.last = Value(4.0)
            self.last_again = self.last

    tied = Tied()
    tied.layer.owner = tied  # a circle
    tied.bends = np.array([Value(5.0), Value(6.0)])
    names = ["layer.neurons[0].w[0]", "layer.neurons[0].w[1]", "layer.neurons[0].b"]
    names += [name.replace("[0].", "[1].", 1) for name in names] + [
        "gains['a']",
        "gains['b'][0]",
        "last",
        "bends[0]",
        "bends[1]",
    ]
    assert list(tied.named_parameters()) == names
    for name, parameter in tied.named_parameters().items():
        assert eval(f"tied.{name}", {"tied": tied}) is parameter


@given(model=models(), data=st.data())
def test_states_and_vectors(model, data):
    """What a state or a vector holds comes back to the last bit, in the same order."""
    state, vector = model.state_dict(), model.parameter_vector()
    assert list(state.values()) == vector == [p.data for p in model.parameters()]
    numbers = data.draw(st.lists(finite, min_size=len(vector), max_size=len(vector)))
    model.load_vector(numbers)
    assert model.parameter_vector() == numbers
    model.load_state_dict(state)
    assert model.parameter_vector() == vector
    for parameter, number in zip(model.parameters(), numbers, strict=True):
        parameter.grad = number
    assert model.gradient_vector() == numbers


def test_states_that_do_not_fit():
    """Names that are missing or too many are told, and nothing is changed."""
    model = Neuron(1, rng=0)
    before = model.parameter_vector()
    with pytest.raises(KeyError, match=r"load_state_dict: the state lacks 'b'"):
        model.load_state_dict({"w[0]": 2.0})
    with pytest.raises(KeyError, match=r"load_state_dict: the Neuron has no 'c'"):
        model.load_state_dict({"w[0]": 2.0, "b": 1.0, "c": 0.0})
    with pytest.raises(ValueError, match=r"^load_vector: expected 2 numbers, got 1$"):
        model.load_vector([1.0])
    assert model.parameter_vector() == before


def test_deltas_of_neurons_that_share_their_bias():
    """Each unit has its place in the row, as in the textbook's network with one bias for each layer."""
    model = MLP(2, [3, 1], activation="tanh", rng=0)
    hidden = model.layers[0].neurons
    for neuron in hidden[1:]:
        neuron.b = hidden[0].b
    loss = nn.half_squared_error(model([0.4, -0.6]), 0.9)
    loss.backward()
    (row,), _ = model.deltas(loss)
    assert [neuron.w[0].grad for neuron in hidden] == [delta * 0.4 for delta in row]
    assert hidden[0].b.grad == sum(reversed(row))


def test_deltas_of_calls_that_matter():
    """There is a row for each call that leads to the root; a unit that does not lead there has the delta 0."""
    model = MLP(2, [3, 2], activation="tanh", rng=0)
    first, second, _third = (model([x, 1.0]) for x in (0.0, 1.0, 2.0))
    loss = first[0] + second[0] * second[1]
    loss.backward()
    hidden, output = model.deltas(loss)
    assert (len(hidden), len(output)) == (2, 2)
    assert output == [[1.0, 0.0], [second[1].data, second[0].data]]
    picked = [model([x, 1.0])[k] for x, k in ((0.0, 0), (1.0, 1), (2.0, 0), (3.0, 1))]
    assert [[z is not None for z in row] for row in model.layers[1].pre_activations(nn.mean(picked))] == [
        [True, False], [False, True], [True, False], [False, True]
    ]  # fmt: skip
    (z, *_), _ = model.layers[0].pre_activations(loss)
    assert z.op == "dot"
    assert hidden[0][0] == z.grad
    assert model.layers[1].pre_activations(loss)[0][1] is None


def test_summary():
    """It counts parameters, nodes and edges as they are."""
    model = MLP(3, [4, 2], activation="gelu", rng=0)
    found = model.summary()
    row = [0.1, 0.2, 0.3]
    graph = ancestors(math.sum(model(row)))[:-1]
    computed = [node for node in graph if node.op]
    assert found.parameters == len(model.parameters())
    assert found.nodes == len(computed)
    assert found.multiplications == sum(len(node.parents) for node in computed)
    assert max(map(len, str(found).splitlines())) <= 80
    assert "gelu" in str(found)


# ---- losses ----------------------------------------------------------------------------------------


@given(model=models(nin=2, nout=3), table=datasets(columns=2, task="classification"))
def test_gradients_of_networks_are_certified(model, table):
    """Every number of the mean loss of any network over any table, at kinks as the conventions have it."""
    rows = zip(table.features, table.targets, strict=True)
    loss = nn.mean(nn.softmax_cross_entropy(model(x), label) for x, label in rows)
    loss.backward()
    assert certify(loss).verdict is Verdict.PASS


@grad_test(vectors, st.integers(0, 1), order=2)
def test_cross_entropy_is_proved(logits, label):
    """Its first and second derivatives, for any logits."""
    return nn.softmax_cross_entropy(logits, int(label))


@given(outputs=vectors, shift=st.floats(-3, 3))
def test_half_squared_error_is_proved(outputs, shift):
    """Its gradient by the outputs, whatever the targets."""
    targets = [x + shift for x in outputs]
    assert check_grad(lambda y: nn.half_squared_error(y, targets), outputs).verdict is Verdict.PASS


@given(pairs=st.lists(st.tuples(finite, finite), min_size=1, max_size=6))
def test_squared_errors(pairs):
    """The three squared errors differ by a factor, and agree on floats and Values."""
    outputs, targets = ([p[k] for p in pairs] for k in (0, 1))
    total = nn.squared_error(outputs, targets)
    assert total == pytest.approx(sum((o - t) ** 2 for o, t in pairs), rel=1e-14)
    assert nn.half_squared_error(outputs, targets) == total / 2
    assert nn.mean_squared_error(outputs, targets) == total / len(pairs)
    leaves = [Value(o) for o in outputs]
    loss = nn.half_squared_error(leaves, targets)
    loss.backward()
    assert loss.data == total / 2
    assert [leaf.grad for leaf in leaves] == [o - t for o, t in pairs]


def test_losses_take_bare_numbers():
    """A bare number is a vector of one."""
    assert nn.squared_error(3.0, 1.0) == 4.0
    assert nn.half_squared_error(Value(3.0), [1.0]).data == 2.0
    assert nn.mean([Value(1.0), 2.0, 6]).data == 3.0


def exact_softmax(logits):
    """Return the probabilities at 50 digits more than the smallest of them needs."""
    exps = [mp.exp(mp.mpf(z)) for z in logits]
    return [e / sum(exps) for e in exps]


@given(logits=st.lists(st.floats(-300, 300), min_size=2, max_size=6), data=st.data())
def test_softmax_cross_entropy_is_accurate(logits, data):
    """Value and gradient have a relative error of a few ulps; z_j - z_m rounds, which exp magnifies.

    A difference of magnitude d is off by d * 2**-53 and so is the exponential, relatively. The
    gradient of the largest logit is 1 minus the other probabilities if it is not the label's; at
    least 1/n is left of the 1, so that this is off by n units.
    """
    label = data.draw(st.integers(0, len(logits) - 1))
    leaves = [Value(z) for z in logits]
    loss = nn.softmax_cross_entropy(leaves, label)
    loss.backward()
    spread = max(logits) - min(logits)
    tolerance = (spread + 10 * len(logits)) * 2**-53
    with mp.workdps(400):
        p = exact_softmax(logits)
        exact = [q - (k == label) for k, q in enumerate(p)]
        # 1 - p to all its digits, where the label has nearly all of the probability
        exact[label] = -mp.fsum(q for k, q in enumerate(p) if k != label)
        assert float(abs(loss.data + mp.log(p[label])) / -mp.log(p[label])) <= tolerance
        for leaf, number in zip(leaves, exact, strict=True):
            assert float(abs(leaf.grad - number) / abs(number)) <= tolerance


@given(logits=vectors)
def test_softmax(logits):
    """Probabilities are those of the cross-entropy, add up to 1 and agree on floats and Values."""
    p = nn.softmax(logits)
    assert sum(p) == pytest.approx(1.0, rel=1e-15 * len(p))
    assert [getattr(q, "data", q) for q in nn.softmax(list(map(Value, logits)))] == p
    best = p.index(max(p))
    assert nn.softmax_cross_entropy(logits, best) == pytest.approx(-np.log(p[best]), rel=1e-15, abs=1e-15)


@pytest.mark.parametrize(
    ("logits", "label", "loss", "gradient"),
    [
        ([1000.0, 0.0], 1, 1000.0, [1.0, -1.0]),
        ([-1e308, 0.0], 1, 0.0, [0.0, 0.0]),
        ([50.0, 0.0], 0, 1.9287498479639178e-22, [-1.9287498479639178e-22, 1.9287498479639178e-22]),
        ([7.0, 7.0], 0, 0.6931471805599453, [-0.5, 0.5]),
    ],
)
def test_softmax_cross_entropy_at_extremes(logits, label, loss, gradient):
    """Nothing overflows and nothing is lost for a label that is certain, right or wrong."""
    leaves = [Value(z) for z in logits]
    found = nn.softmax_cross_entropy(leaves, label)
    found.backward()
    assert found.data == loss
    assert [leaf.grad for leaf in leaves] == gradient


@grad_test(st.floats(-700, 700), st.floats(0, 1), order=2)
def test_binary_cross_entropy_is_proved(z, label):
    """Its gradients are certified."""
    return nn.binary_cross_entropy(z, label)


@given(z=st.floats(-700, 700), label=st.sampled_from([0, 1, 0.25]))
def test_binary_cross_entropy_is_accurate(z, label):
    """It is exact to a few units in the last place, however sure the network is."""
    with mp.workdps(700):
        p = 1 / (1 + mp.exp(-mp.mpf(z)))
        exact = -label * mp.log(p) - (1 - label) * mp.log(1 - p)
        assert abs(nn.binary_cross_entropy(z, label) - exact) <= 1e-15 * exact + 1e-320


@given(pairs=st.lists(st.tuples(finite, finite), min_size=1, max_size=6), delta=st.floats(0.1, 1e6))
def test_losses_of_errors(pairs, delta):
    """Absolute and Huber's errors are what their formulas say."""
    outputs, targets = zip(*pairs, strict=True)
    errors = [abs(o - t) for o, t in pairs]
    n = len(pairs)
    assert nn.mean_absolute_error(outputs, targets) == pytest.approx(sum(errors) / n)
    quadratic = [e * e / 2 if e <= delta else delta * (e - delta / 2) for e in errors]
    assert nn.huber(outputs, targets, delta) == pytest.approx(sum(quadratic) / n)
    assert float(nn.huber(outputs, targets, 1e9)) * n == pytest.approx(nn.half_squared_error(outputs, targets))


def test_hinge():
    """It is 0 where a score is right by 1 or more, and rises by 1 from there."""
    z = Value(0.25)
    loss = nn.hinge(z, -1)
    loss.backward()
    assert (loss.data, z.grad) == (1.25, 1.0)
    assert (nn.hinge([1.5], 1), nn.hinge(0.5, 1)) == (0.0, 0.5)


@given(weights=st.lists(finite, min_size=1, max_size=6), strength=st.floats(0, 10))
def test_penalties(weights, strength):
    """Their slopes are strength * sign(w) and strength * w."""
    for penalty, slope in ((nn.l1_penalty, lambda w: (w > 0) - (w < 0)), (nn.l2_penalty, lambda w: w)):
        leaves = [Value(w) for w in weights]
        penalty(leaves, strength).backward()
        assert [leaf.grad for leaf in leaves] == pytest.approx([strength * slope(w) for w in weights])


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.hinge(1.0, 0), ValueError, "hinge: expected a label of -1 or 1, got 0"),
        (lambda: nn.hinge([1.0, 2.0], 1), ValueError, "hinge: expected a single output, got 2"),
        (lambda: nn.binary_cross_entropy(1.0, 2), ValueError,
         "binary_cross_entropy: expected a label from 0 to 1, got 2"),
        (lambda: nn.huber([1.0], [1.0], -1.0), ValueError, "huber: expected delta > 0, got -1.0"),
        (lambda: nn.huber([], []), ValueError, "huber: expected as many outputs as targets, got 0 and 0"),
        (lambda: nn.squared_error([1.0], [1.0, 2.0]), ValueError,
         "squared_error: expected as many outputs as targets, got 1 and 2"),
        (lambda: nn.half_squared_error([], []), ValueError,
         "half_squared_error: expected as many outputs as targets, got 0 and 0"),
        (lambda: nn.mean_squared_error([1.0], []), ValueError,
         "mean_squared_error: expected as many outputs as targets, got 1 and 0"),
        (lambda: nn.softmax([1.0]), ValueError, "softmax: expected two logits or more, got 1"),
        (lambda: nn.softmax_cross_entropy(Value(1.0), 0), ValueError,
         "softmax_cross_entropy: expected two logits or more, got 1"),
        (lambda: nn.softmax_cross_entropy([1.0, 2.0], 2), ValueError,
         "softmax_cross_entropy: expected a label from 0 to 1, got 2"),
        (lambda: nn.softmax_cross_entropy([1.0, 2.0], -1), ValueError,
         "softmax_cross_entropy: expected a label from 0 to 1, got -1"),
        (lambda: nn.softmax_cross_entropy([1.0, 2.0], 1.0), TypeError,
         "'float' object cannot be interpreted as an integer"),
        (lambda: nn.mean([]), ValueError, "mean: expected one number or more, got none"),
    ],
)  # fmt: skip
def test_errors_of_losses(make, error, text):
    """Every mistake is answered by one line that says what was expected."""
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == text


# ---- descent and training --------------------------------------------------------------------------


@given(data=finite, grad=finite, rate=st.floats(1e-9, 10))
def test_sgd_step(data, grad, rate):
    """A step is w - eta g, once for a parameter that is listed twice."""
    w = Value(data)
    w.grad = grad
    optimizer = SGD([w, w], rate)
    optimizer.step()
    assert w.data == data - rate * grad
    optimizer.zero_grad()
    assert w.grad == 0.0


@pytest.mark.parametrize("rate", [0, -0.1, float("inf"), float("nan")])
def test_sgd_refuses_a_learning_rate(rate):
    """A learning rate is positive and finite."""
    with pytest.raises(ValueError, match=r"^SGD: expected a finite learning_rate > 0, got"):
        SGD([Value(1.0)], rate)


def test_sgd_refuses_parameters():
    """There are parameters, and they are leaves."""
    with pytest.raises(ValueError, match=r"^SGD: expected one parameter or more, got none$"):
        SGD([], 0.1)
    with pytest.raises(GraphError, match="expected a leaf"):
        SGD([Value(1.0) * 2], 0.1).step()
