"""Layers, losses, descent, training, tables and model files."""

import copy
import json
import pickle
import random
import statistics
import subprocess
import sys
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import nn
from autograd import GraphError, Value, math
from autograd.testing import Verdict, certify, check_grad, grad_test
from nn import MLP, SGD, Layer, Module, Neuron
from nn.data import DataError, Table, iris, read_csv
from nn.files import ModelFileError, load, save
from nn.init import generator, glorot_uniform, he_uniform
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
            lambda: MLP(2, [1], activation="tahn"),
            ValueError,
            "MLP: expected an activation of linear, relu, sigmoid, tanh, got 'tahn'; did you mean 'tanh'?",
        ),
        (
            lambda: Neuron(2, activation="gauss"),
            ValueError,
            "Neuron: expected an activation of linear, relu, sigmoid, tanh, got 'gauss'",
        ),
        (
            lambda: Neuron(2, "tanh"),
            TypeError,
            "Neuron: expected nonlin True or False, got 'tanh'; name it: activation=...",
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
    he = [w for _ in range(n // 4) for w in he_uniform(4, rng)]
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


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
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


INPUTS = [[0.0], [1.0], [2.0], [3.0]]
TARGETS = [1.0, 3.0, 5.0, 7.0]


def fit(batch_size=None, learning_rate=0.1, epochs=200, on_epoch=None, seed=0):
    """Fit a line, and return the model and the history."""
    model = MLP(1, [1], rng=0)
    history = nn.train(model, INPUTS, TARGETS, loss=nn.half_squared_error, epochs=epochs, rng=seed,
                       optimizer=SGD(model.parameters(), learning_rate), batch_size=batch_size,
                       on_epoch=on_epoch)  # fmt: skip
    return model, history


@pytest.mark.parametrize("batch_size", [None, 3, 1])
def test_training_finds_the_line(batch_size):
    """Full-batch, mini-batch and one-sample descent all find y = 2 x + 1."""
    model, history = fit(batch_size)
    assert [p.data for p in model.parameters()] == pytest.approx([2.0, 1.0], abs=0.01)
    assert len(history) == 200
    assert history[-1] < 1e-4 < history[0]


def test_training_repeats_with_its_seed():
    """The same seed gives the same numbers to the last bit; another draws other batches."""
    first, again, other = fit(1)[1], fit(1)[1], fit(1, seed=1)[1]
    assert first == again != other


def test_training_reports_each_epoch():
    """`on_epoch` sees what is returned, and the first loss is that of the untrained model."""
    seen = []
    _, history = fit(epochs=3, on_epoch=lambda epoch, loss: seen.append((epoch, loss)))
    untrained = MLP(1, [1], rng=0)
    assert seen == list(enumerate(history, start=1))
    losses = [nn.half_squared_error(untrained(x), y) for x, y in zip(INPUTS, TARGETS, strict=True)]
    assert history[0] == nn.mean(losses).data


def test_training_takes_arrays():
    """Inputs and targets may be arrays of NumPy."""
    model = MLP(1, [1], rng=0)
    history = nn.train(model, np.array(INPUTS), np.array(TARGETS), loss=nn.half_squared_error,
                       optimizer=SGD(model.parameters(), 0.1), epochs=200)  # fmt: skip
    assert history == fit()[1]


def test_training_stops_when_the_loss_is_not_finite():
    """A step too long ends in an error that names the epoch and the cure."""
    text = r"^train: expected a finite loss, got inf in epoch \d+; try a learning rate smaller than 10.0$"
    with pytest.raises(FloatingPointError, match=text):
        fit(learning_rate=10.0, epochs=1000)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"targets": [1.0]}, "train: expected as many inputs as targets, got 4 and 1"),
        ({"inputs": [], "targets": []}, "train: expected as many inputs as targets, got 0 and 0"),
        ({"epochs": 0}, "train: expected epochs >= 1, got 0"),
        ({"batch_size": 0}, "train: expected batch_size >= 1 or None, got 0"),
    ],
)
def test_errors_of_training(options, text):
    """Every mistake is answered by one line that says what was expected."""
    model = MLP(1, [1], rng=0)
    given_ = {"inputs": INPUTS, "targets": TARGETS, "epochs": 1} | options
    with pytest.raises(ValueError, match=r"^train: ") as caught:
        nn.train(model, loss=nn.half_squared_error, optimizer=SGD(model.parameters(), 0.1), **given_)
    assert str(caught.value) == text


# ---- model files -----------------------------------------------------------------------------------


@given(sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4), data=st.data())
def test_files_round_trip(sizes, data, tmp_path_factory):
    """What is loaded is what was saved, to the last bit, the sign of zero included."""
    path = tmp_path_factory.mktemp("files") / "model.safetensors"
    names = st.sampled_from(["linear", "relu", "sigmoid", "tanh"])
    model = MLP(sizes[0], sizes[1:], activation=data.draw(names), output=data.draw(names), rng=0)
    for p in model.parameters():
        p.data = data.draw(st.floats(allow_nan=False))
    notes = {"mean": [0.1, 1e-300, -0.0], "names": ["é", ""]}
    save(model, path, preprocessing=notes)
    state = random.getstate()
    loaded, preprocessing = load(path)
    assert random.getstate() == state
    assert [p.data.hex() for p in loaded.parameters()] == [p.data.hex() for p in model.parameters()]
    assert [p.name for p in loaded.parameters()] == [p.name for p in model.parameters()]
    if len(sizes) > 2:
        assert repr(loaded) == repr(model)
    assert preprocessing == notes


def test_file_is_readable_by_others(tmp_path):
    """The tensors have plain names and shapes, and the metadata says what they mean."""
    path = tmp_path / "model.safetensors"
    model = MLP(4, [8, 3], activation="tanh", rng=0)
    save(model, path)
    tensors = load_file(path)
    assert {name: (t.shape, t.dtype) for name, t in tensors.items()} == {
        "layers.0.weight": ((8, 4), np.float64),
        "layers.0.bias": ((8,), np.float64),
        "layers.1.weight": ((3, 8), np.float64),
        "layers.1.bias": ((3,), np.float64),
    }
    assert tensors["layers.1.weight"][2, 7] == model.layers[1].neurons[2].w[7].data
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    architecture = {"nin": 4, "nouts": [8, 3], "activation": "tanh", "output": "linear"}
    assert {key: json.loads(metadata[key]) for key in ("architecture", "preprocessing")} == {
        "architecture": architecture,
        "preprocessing": {},
    }
    assert (metadata["format"], metadata["version"]) == ("chainrule.mlp", "1")


def test_save_is_all_or_nothing(tmp_path, monkeypatch):
    """A failure leaves the file that was there, and nothing beside it."""
    path = tmp_path / "model.safetensors"
    save(MLP(1, [1], rng=0), path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(MLP(1, [1], rng=1), path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]
    assert path.read_bytes() == before


def test_save_refuses_what_it_could_not_load(tmp_path):
    """A network that MLP does not make, or notes that JSON does not hold, are not written."""
    model = MLP(1, [2, 1], rng=0)
    model.layers[0].neurons[1] = Neuron(1, activation="tanh")
    with pytest.raises(ValueError, match="expected one activation for all hidden layers"):
        save(model, tmp_path / "a")
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        save(MLP(1, [1]), tmp_path / "b", preprocessing={"mean": float("nan")})
    assert list(tmp_path.iterdir()) == []


GOOD = {
    "format": "chainrule.mlp",
    "version": "1",
    "architecture": '{"nin": 1, "nouts": [1], "activation": "tanh", "output": "linear"}',
    "preprocessing": "{}",
}
TENSORS = {"layers.0.weight": np.zeros((1, 1)), "layers.0.bias": np.zeros(1)}


def test_a_file_made_by_hand_loads(tmp_path):
    """The tensors and metadata that the next test damages are right."""
    save_file(TENSORS, tmp_path / "m", GOOD)
    assert repr(load(tmp_path / "m")[0]) == "MLP of [Layer of [LinearNeuron(1)]]"


@pytest.mark.parametrize(
    ("tensors", "metadata", "text"),
    [
        (TENSORS, None, "expected the format 'chainrule.mlp', got None"),
        (TENSORS, {"format": "pt"}, "expected the format 'chainrule.mlp', got 'pt'"),
        (TENSORS, GOOD | {"version": "2"}, "expected version '1', got '2'"),
        (TENSORS, GOOD | {"architecture": "{"}, "expected a JSON object as architecture, got '{'"),
        (TENSORS, GOOD | {"architecture": "[]"}, "expected a JSON object as architecture, got '[]'"),
        (TENSORS, GOOD | {"architecture": "{}"}, "expected nin and nouts in the architecture, got {}"),
        (TENSORS, GOOD | {"preprocessing": "?"}, "expected a JSON object as preprocessing, got '?'"),
        (TENSORS, GOOD | {"architecture": '{"nin": 1, "nouts": 1}'}, "expected nin and nouts in"),
        (TENSORS, GOOD | {"architecture": '{"nin": 1, "nouts": [1000000000]}'}, "expected float64 of shapes"),
        (TENSORS, GOOD | {"architecture": GOOD["architecture"].replace("tanh", "t")}, "got 't'"),
        (TENSORS, GOOD | {"architecture": '{"nin": 1, "nouts": [1], "x": 1}'}, "unexpected keyword"),
        ({}, GOOD | {"architecture": '{"nin": 1, "nouts": []}'}, "expected the size of one layer"),
        ({}, GOOD, "expected float64 of shapes {'layers.0.weight': (1, 1), 'layers.0.bias': (1,)}, got {}"),
        (TENSORS | {"layers.0.bias": np.zeros(2)}, GOOD, "expected float64 of shapes"),
        (TENSORS | {"layers.1.bias": np.zeros(2)}, GOOD, "expected float64 of shapes"),
        (TENSORS | {"layers.0.bias": np.zeros(1, np.float32)}, GOOD, "expected float64 of shapes"),
    ],
)
def test_load_refuses_other_files(tmp_path, tensors, metadata, text):
    """A file of another program or a damaged one is refused, with its path and the reason."""
    path = tmp_path / "m.safetensors"
    save_file(tensors, path, metadata)
    with pytest.raises(ModelFileError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert text in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x00\x00\x00\x00\x00\x00\x00{       "])
def test_load_refuses_what_is_no_safetensors(tmp_path, content):
    """A file of another format is refused."""
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="expected a safetensors file: "):
        load(path)


def test_load_refuses_a_missing_file(tmp_path):
    """A file that is not there is refused, and so is a directory."""
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ModelFileError, match="expected a safetensors file: "):
            load(path)


# ---- tables ----------------------------------------------------------------------------------------


def read(tmp_path, text, target="y"):
    """Read a table from a text."""
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_csv(path, target)


def test_iris():
    """The bundled table has 150 flowers of three species."""
    table = iris()
    assert (len(table.features), len(table.features[0]), len(table.targets)) == (150, 4, 150)
    assert table.class_names == ["setosa", "versicolor", "virginica"]
    assert table.feature_names[0] == "sepal length (cm)"


@pytest.mark.parametrize(
    ("cells", "targets", "classes"),
    [
        (["b", "a", "b"], [1, 0, 1], ["a", "b"]),
        (["10", "9", "-1"], [2, 1, 0], ["-1", "9", "10"]),
        (["True", "False", "True"], [1, 0, 1], ["False", "True"]),
        (["1", "2b", "1"], [0, 1, 0], ["1", "2b"]),
        (["1.5", "2", "1"], [1.5, 2.0, 1.0], None),
        ([str(n) for n in range(21)], [float(n) for n in range(21)], None),
        ([str(n) for n in range(20)], list(range(20)), [str(n) for n in range(20)]),
    ],
)
def test_target_decides_the_task(tmp_path, cells, targets, classes):
    """Words and up to 20 whole numbers are classes, other numbers are numbers."""
    rows = "".join(f"{k},{cell}\n" for k, cell in enumerate(cells))
    table = read(tmp_path, f"x,y\n{rows}")
    assert (table.targets, table.class_names) == (targets, classes)


def test_table_is_read_exactly(tmp_path):
    """Cells are the floats that Python reads; a byte-order mark, blank lines and blanks do no harm."""
    text = b'\xef\xbb\xbfa, y ,"b,c"\r\n0.1,u,1e-320\r\n\r\n 2 ,v,123456789.123456789\r\n,,\r\n'
    expected = Table([[0.1, 1e-320], [2.0, 123456789.123456789]], [0, 1], ["a", "b,c"], "y", ["u", "v"])
    assert read(tmp_path, text) == expected


@given(column=st.lists(st.floats(-1e150, 1e150), min_size=2, max_size=8))
def test_table_round_trip(tmp_path_factory, column):
    """Every float comes back to the last bit."""
    rows = "".join(f"{x!r},{k % 2}\n" for k, x in enumerate(column))
    table = read(tmp_path_factory.mktemp("table"), f"x,y\n{rows}")
    assert [row[0].hex() for row in table.features] == [x.hex() for x in column]


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("", "y", ": expected a header and rows of data, got an empty file"),
        ("x,y\n", "y", ": expected rows of data below the header, got none"),
        ("x,y\n\n\n", "y", ": expected rows of data below the header, got none"),
        ("x,y\n1,a\n", None,
         ": expected the column to predict as the target, got none; the columns are 'x', 'y'"),
        ("x,price\n1,2\n", "prize",
         ": expected a target among the columns, got 'prize'; did you mean 'price'? the columns are 'x', 'price'"),
        ("x,y\n1,2\n", "target", ": expected a target among the columns, got 'target'; the columns are 'x', 'y'"),
        ("y\n1\n2\n", "y", ": expected a column beside the target 'y', got none"),
        ("x,x,y\n1,2,3\n", "y", ", line 1: expected a name for each column, got 'x' twice"),
        ("x,,y\n1,2,3\n", "y", ", line 1: expected a name for each column, got none for column 2"),
        ("x,y\n1,a\n\ntwo,b\n", "y", ": column 'x', line 4: expected a finite number, got 'two'"),
        ("x,y\n1,a\n,b\n", "y", ": column 'x', line 3: expected a finite number, got an empty cell"),
        ("x,y\n1,a\nnan,b\n", "y", ": column 'x', line 3: expected a finite number, got 'nan'"),
        ("x,y\n-inf,a\n2,b\n", "y", ": column 'x', line 2: expected a finite number, got '-inf'"),
        ("x,y\n1e999,a\n2,b\n", "y", ": column 'x', line 2: expected a finite number, got '1e999'"),
        ("x,y\n1,a\n-2e150,b\n", "y", ": column 'x', line 3: expected a number within 1e150 of 0, got '-2e150'"),
        ("x,y\n1,a\n2\n", "y", ": column 'y', line 3: expected a target, got an empty cell"),
        ("x,y\n1,1.5\n2,inf\n", "y", ": column 'y', line 3: expected a finite number, got 'inf'"),
        ("x,y\n1,a\n2,a\n", "y", ": column 'y': expected two classes or more, got 'a' in every row"),
        ("x,y\n" + "".join(f"1,{n}\n" for n in range(30)) + "1,3O\n", "y",
         ": column 'y', line 32: expected a finite number, got '3O'"),
        ("x,y\n1,a\n2,b,c\n", "y",
         ": expected a table in UTF-8, separated by commas: Expected 2 fields in line 3, saw 3"),
    ],
)  # fmt: skip
def test_table_refuses(tmp_path, text, target, message):
    """Whatever is wrong with a file is said with its column and line."""
    with pytest.raises(DataError) as caught:
        read(tmp_path, text, target)
    assert str(caught.value) == f"{tmp_path / 't.csv'}{message}"


def test_table_refuses_what_is_no_text(tmp_path):
    """A binary file, a directory and a missing file are no tables."""
    with pytest.raises(DataError, match=r"expected a table in UTF-8, separated by commas: .*0xff"):
        read(tmp_path, b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"none\.csv: No such file or directory"):
        read_csv(tmp_path / "none.csv", "y")
    with pytest.raises(DataError, match="Is a directory"):
        read_csv(tmp_path, "y")
