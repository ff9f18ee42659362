"""Training: the loop, its history, early stopping, checkpoints; fit, predict and score."""

import json
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, math
from nn import MLP, SGD, Adam, CheckpointError, clip_gradients, schedules
from nn.fitting import _held_out
from nn.optim import OPTIMIZERS
from nn.testing import datasets, models

INPUTS = [[0.0], [1.0], [2.0], [3.0]]
TARGETS = [1.0, 3.0, 5.0, 7.0]


def line(seed=0, learning_rate=0.1, epochs=200, **options):
    """Train a line, and return the model and the history."""
    model = MLP(1, [1], rng=0)
    settings = {"optimizer": SGD(model.parameters(), learning_rate), "loss": nn.half_squared_error, "rng": seed}
    return model, nn.train(model, INPUTS, TARGETS, **(settings | {"epochs": epochs} | options))


# ---- the loop --------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [None, 3, 1])
def test_training_finds_the_line(batch_size):
    """Full-batch, mini-batch and one-sample descent all find y = 2 x + 1."""
    model, history = line(batch_size=batch_size)
    assert model.parameter_vector() == pytest.approx([2.0, 1.0], abs=0.01)
    assert history.epochs == len(history.loss) == 200
    assert history.loss[-1] < 1e-4 < history.loss[0]
    assert history.stopped == "all epochs"


def test_training_repeats_with_its_seed():
    """The same seed gives the same numbers to the last bit; another draws other batches."""
    first, again, other = (line(seed, batch_size=1)[1] for seed in (0, 0, 1))
    assert first == again != other


def test_callbacks_see_each_epoch_and_can_stop():
    """They get the history so far; the first loss is that of the untrained model."""
    seen = []
    _, history = line(callbacks=[lambda history: seen.append(history.loss[-1]), lambda history: history.epochs == 3])
    losses = [nn.half_squared_error(MLP(1, [1], rng=0)(x), y) for x, y in zip(INPUTS, TARGETS, strict=True)]
    assert seen == history.loss
    assert (len(seen), history.stopped) == (3, "callback")
    assert history.loss[0] == nn.mean(losses).data


def test_training_takes_arrays():
    """Inputs and targets may be arrays of NumPy."""
    model = MLP(1, [1], rng=0)
    history = nn.train(model, np.array(INPUTS), np.array(TARGETS), loss=nn.half_squared_error,
                       optimizer=SGD(model.parameters(), 0.1), epochs=200)  # fmt: skip
    assert history == line()[1]


@given(schedule=st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5))
def test_schedules_are_followed(schedule):
    """The rate of an epoch is the optimizer's times the factor; afterwards it is what it was."""
    model = MLP(1, [1], rng=0)
    optimizer = SGD(model.parameters(), 0.1)
    history = nn.train(model, INPUTS, TARGETS, loss=nn.half_squared_error, optimizer=optimizer, epochs=5,
                       schedule=lambda epoch: schedule[epoch])  # fmt: skip
    assert history.learning_rate == [0.1 * factor for factor in schedule]
    assert optimizer.learning_rate == 0.1


def test_a_penalty_is_part_of_the_cost():
    """Its gradient is added to that of the mean loss; the history has the loss alone, to compare with validation."""
    model = MLP(1, [1], rng=0)
    parameters, before = model.parameters(), model.parameter_vector()
    history = nn.train(model, INPUTS, TARGETS, loss=lambda out, target: 0.0 * out, epochs=1,
                       optimizer=SGD(parameters, 0.1), penalty=lambda: nn.l2_penalty(parameters, 2.0))  # fmt: skip
    assert history.loss == [0.0]
    assert model.parameter_vector() == pytest.approx([w - 0.1 * 2.0 * w for w in before])


def test_patience_takes_the_best_parameters():
    """Training stops when the validation loss has not fallen for so long, and goes back to where it was least."""
    seen = []
    model = MLP(1, [1], rng=0)
    validation = ([[1.0]], [-5.0])  # which training leads away from, after a while
    history = nn.train(
        model, INPUTS, TARGETS, loss=nn.half_squared_error, optimizer=SGD(model.parameters(), 0.01), epochs=500,
        validation=validation, patience=7, callbacks=[lambda history: seen.append(model.parameter_vector())],
    )  # fmt: skip
    best = min(range(len(seen)), key=history.validation_loss.__getitem__)
    assert history.stopped == "patience"
    assert history.best_epoch == best + 1 == history.epochs - 7
    assert model.parameter_vector() == seen[best]
    assert nn.half_squared_error(model([1.0]), -5.0).data == history.validation_loss[best]


def test_the_best_parameters_without_validation():
    """The loss of all samples at once is that of the parameters before the step: these are taken."""
    model = MLP(1, [1], rng=0)
    history = nn.train(model, INPUTS, TARGETS, loss=nn.half_squared_error, epochs=500, patience=3,
                       optimizer=SGD(model.parameters(), 0.9, momentum=0.9))  # fmt: skip
    cost = nn.mean([nn.half_squared_error(model(x), y) for x, y in zip(INPUTS, TARGETS, strict=True)])
    assert cost.data == min(history.loss)
    before = model.parameter_vector()
    with pytest.raises(FloatingPointError):
        nn.train(model, [[1e3]], [5.0], loss=nn.half_squared_error, optimizer=SGD(model.parameters(), 1.0), epochs=999)
    assert model.parameter_vector() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_exception_leaves_the_best_parameters(error):
    """An interrupt in the midst of an epoch costs that epoch, and nothing else."""
    seen = []
    model = MLP(1, [1], rng=0)

    def loss(out, target):
        if len(seen) == 3 and target == TARGETS[2]:
            raise error
        return nn.half_squared_error(out, target)

    with pytest.raises(error):
        nn.train(model, INPUTS, TARGETS, loss=loss, optimizer=SGD(model.parameters(), 0.01), epochs=9, batch_size=1,
                 rng=0, callbacks=[lambda history: seen.append(model.parameter_vector())])  # fmt: skip
    assert model.parameter_vector() == seen[-1]


def test_divergence_is_explained():
    """A step too long ends in an error with the step, the first number that is not finite, and a rate to try."""
    text = (
        r"^train: expected a finite loss, got inf at step \d+ \(epoch \d+\): inf arose in dot\(.*"
        r"the learning rate 10 may be too large: try 1$"
    )
    with pytest.raises(FloatingPointError, match=text):
        line(learning_rate=10.0, epochs=1000)


def test_divergence_where_a_float_would_raise():
    """An overflow that raises is explained like one that does not; a mistake of another kind keeps its own error."""
    model = MLP(1, [1], rng=0)
    options = {"optimizer": SGD(model.parameters(), 300.0), "epochs": 50}
    with pytest.raises(FloatingPointError, match=r"at step 2 \(epoch 2\): inf arose in exp\(.*try 30$"):
        nn.train(model, INPUTS, TARGETS, loss=lambda out, target: math.exp((out - target) ** 2 / 50), **options)
    with pytest.raises(ValueError, match=r"^Neuron: expected 1 inputs, got 2$"):
        nn.train(model, [[1.0, 2.0]], [1.0], loss=nn.half_squared_error, **options)


def test_the_last_step_may_diverge_too():
    """Parameters that are not finite are found before they are used."""
    model = MLP(1, [1], rng=0)
    before = model.parameter_vector()
    with pytest.raises(FloatingPointError, match=r"^train: expected finite parameters, got others at step"):
        nn.train(model, [[1e200]], [0.0], loss=lambda out, target: out - target, optimizer=SGD(model.parameters(), 1e300),
                 epochs=1)  # fmt: skip
    assert model.parameter_vector() == before


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"targets": [1.0]}, "train: expected as many inputs as targets, got 4 and 1"),
        ({"inputs": [], "targets": []}, "train: expected as many inputs as targets, got 0 and 0"),
        ({"epochs": 0}, "train: expected epochs to be a whole number of 1 or more, got 0"),
        ({"epochs": 2.5}, "train: expected epochs to be a whole number of 1 or more, got 2.5"),
        ({"batch_size": 0}, "train: expected batch_size to be a whole number of 1 or more, got 0"),
        ({"patience": 0}, "train: expected patience to be a whole number of 1 or more, got 0"),
        ({"schedule": lambda epoch: -1.0}, "train: expected a schedule to return a finite factor >= 0, got -1.0"),
        ({"resume": True}, "train: expected a checkpoint to resume from, got none"),
    ],
)
def test_errors_of_training(options, text):
    """Every mistake is answered by one line that says what was expected."""
    model = MLP(1, [1], rng=0)
    given_ = {"inputs": INPUTS, "targets": TARGETS, "epochs": 1} | options
    with pytest.raises(ValueError, match=r"^train: ") as caught:
        nn.train(model, loss=nn.half_squared_error, optimizer=SGD(model.parameters(), 0.1), **given_)
    assert str(caught.value) == text


# ---- optimizers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
@given(gradients=st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=6), cut=st.integers(1, 5))
def test_an_optimizer_goes_on_from_its_state(name, gradients, cut):
    """Steps that are interrupted by saving and loading lead to the same place, by way of JSON."""
    options = {"momentum": 0.9} if name == "sgd" else {}

    def walk(gradients, start, state=None):
        w = Value(start)
        optimizer = OPTIMIZERS[name]([w], 0.1, **options)
        if state:
            optimizer.load_state_dict(json.loads(state))
        for gradient in gradients:
            w.grad = gradient
            optimizer.step()
        return w.data, json.dumps(optimizer.state_dict())

    middle, state = walk(gradients[:cut], 1.0)
    assert walk(gradients[cut:], middle, state) == walk(gradients, 1.0)


@given(gradient=st.floats(1e-3, 1e3), sign=st.sampled_from([-1.0, 1.0]))
def test_the_first_step_of_adam_is_the_learning_rate(gradient, sign):
    """Whatever the size of the gradient."""
    w = Value(1.0)
    optimizer = Adam([w], 0.01)
    w.grad = sign * gradient
    optimizer.step()
    assert w.data == pytest.approx(1.0 - sign * 0.01, rel=1e-6)


@given(gradients=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5), norm=st.floats(1e-3, 1e3))
def test_clipping_keeps_the_direction(gradients, norm):
    """A long gradient gets the norm that is allowed, a short one stays as it is; a parameter listed twice counts once."""
    leaves = [Value(0.0) for _ in gradients]
    for leaf, gradient in zip(leaves, gradients, strict=True):
        leaf.grad = gradient
    length = clip_gradients([*leaves, *leaves], norm)
    assert length == pytest.approx(np.linalg.norm(gradients))
    factor = min(1.0, norm / length) if length else 1.0
    assert [leaf.grad for leaf in leaves] == pytest.approx([factor * gradient for gradient in gradients])


def test_gradients_beyond_floats_are_refused():
    """They would clip to 0, or stop Adam for ever."""
    w = Value(1.0)
    w.grad = math.inf
    with pytest.raises(FloatingPointError, match="expected a gradient of finite length, got inf"):
        clip_gradients([w], 1.0)
    w.grad = 1e200
    with pytest.raises(FloatingPointError, match="Adam: expected gradients whose squares are finite"):
        Adam([w]).step()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda w: SGD(w, 0.1, momentum=1.0), "SGD: expected momentum >= 0 and below 1, got 1.0"),
        (lambda w: SGD(w, 0.1, nesterov=True), "SGD: expected a momentum for nesterov, got 0"),
        (lambda w: SGD(w, 0.1, weight_decay=-1.0), "SGD: expected weight_decay >= 0 and below inf, got -1.0"),
        (lambda w: Adam(w, betas=(0.9, 1.0)), "Adam: expected betas[1] >= 0 and below 1, got 1.0"),
        (lambda w: Adam(w, epsilon=0.0), "Adam: expected a finite epsilon > 0, got 0.0"),
        (lambda w: clip_gradients(w, 0.0), "clip_gradients: expected a norm > 0, got 0.0"),
        (lambda w: Adam(w).load_state_dict({"learning_rate": 0.1, "steps": 1, "average": [], "average_square": [1.0]}),
         "Adam: expected 1 numbers as average, got 0"),
    ],
)  # fmt: skip
def test_errors_of_optimizers(make, text):
    """Every mistake is answered by one line that says what was expected."""
    with pytest.raises(ValueError, match=r"expected") as caught:
        make([Value(1.0)])
    assert str(caught.value) == text


def test_schedules():
    """Their factors are those of their formulas."""
    cosine = schedules.cosine_decay(10, least=0.1)
    assert [cosine(0), cosine(5), cosine(10), cosine(99)] == pytest.approx([1.0, 0.55, 0.1, 0.1])
    assert [schedules.exponential_decay(0.5)(k) for k in range(3)] == [1.0, 0.5, 0.25]
    assert [schedules.inverse_decay(0.5)(k) for k in (0, 2)] == [1.0, 0.5]
    warm = schedules.warm_up(3, schedules.step_decay(1, 0.5))
    assert [warm(k) for k in range(5)] == [0.25, 0.5, 0.75, 1.0, 0.5]


# ---- checkpoints -----------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [lambda p: SGD(p, 0.05, momentum=0.9), Adam])
@pytest.mark.parametrize("cut", [1, 7, 19])
def test_a_resumed_training_is_the_same_to_the_last_bit(tmp_path, optimizer, cut):
    """Weights, losses, batches and the best epoch are those of a training without a break."""
    path = tmp_path / "checkpoint.json"
    whole, broken = MLP(1, [3, 1], rng=0), MLP(1, [3, 1], rng=0)
    settings = {"loss": nn.half_squared_error, "batch_size": 3, "validation": ([[1.5]], [4.0]),
                "schedule": schedules.cosine_decay(20)}  # fmt: skip

    def go(model, epochs, rng, **options):
        return nn.train(model, INPUTS, TARGETS, optimizer=optimizer(model.parameters()), epochs=epochs, rng=rng,
                        **settings, **options)  # fmt: skip

    expected = go(whole, 20, rng=5)
    go(broken, cut, rng=5, checkpoint=path)
    for parameter in broken.parameters():  # all that matters is in the file
        parameter.data = 0.0
    found = go(broken, 20, rng=99, checkpoint=path, resume=True)
    assert found == expected
    assert broken.parameter_vector() == whole.parameter_vector()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "expected a checkpoint: No such file or directory"),
        (b"no json", "expected a checkpoint, got no JSON"),
        (b"[]", "expected a checkpoint of format 'chainrule.checkpoint.1', got something else"),
        (b"[" * 100_000, "expected a checkpoint, got no JSON"),
        (b'{"format": "chainrule.checkpoint.1", "state": null}', "expected the checksum of what it holds, got another"),
    ],
)
def test_a_file_that_is_no_checkpoint(tmp_path, content, text):
    """It is refused, with the reason."""
    path = tmp_path / "checkpoint.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        line(checkpoint=path, resume=True)
    assert str(caught.value).startswith(f"{path}: ")
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"batch_size": 2}, "with {'batch_size': 2}, got {'batch_size': None}"),
        ({"loss": nn.squared_error}, "with {'loss': 'squared_error'}, got {'loss': 'half_squared_error'}"),
        ({"validation": (INPUTS, TARGETS)}, "with {'validation': "),
        ({"optimizer": Adam([Value(0.0)])}, "with {'optimizer': 'Adam(1 parameters, "),
    ],
)
def test_a_checkpoint_of_another_training(tmp_path, change, text):
    """It is refused, and what differs is told."""
    path = tmp_path / "checkpoint.json"
    line(epochs=1, checkpoint=path)
    with pytest.raises(CheckpointError) as caught:
        line(checkpoint=path, resume=True, **change)
    assert str(caught.value).startswith(f"{path}: expected a checkpoint of the same training, ")
    assert text in str(caught.value)


def test_a_checkpoint_of_other_samples(tmp_path):
    """It is refused, whether they are given or drawn."""
    path = tmp_path / "checkpoint.json"
    y = [a * b for a, b in ROWS]
    MLP(2, [1], rng=0).fit(ROWS, y, epochs=1, validation=0.2, rng=0, checkpoint=path)
    for rows, seed in ((ROWS, 1), (ROWS[::-1], 0)):
        with pytest.raises(CheckpointError, match=r"with \{'samples': "):
            MLP(2, [1], rng=0).fit(rows, y, epochs=2, validation=0.2, rng=seed, checkpoint=path, resume=True)
    history = MLP(2, [1], rng=0).fit(ROWS, y, epochs=2, validation=0.2, rng=0, checkpoint=path, resume=True)
    assert history == MLP(2, [1], rng=0).fit(ROWS, y, epochs=2, validation=0.2, rng=0)


@given(position=st.floats(0, 1, exclude_max=True), byte=st.integers(1, 255))
def test_a_damaged_checkpoint(tmp_path_factory, position, byte):
    """Whatever byte is changed, a training never goes on from something else."""
    path = tmp_path_factory.mktemp("checkpoints") / "checkpoint.json"
    expected = line(epochs=1, checkpoint=path)[1]
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] ^= byte
    path.write_bytes(content)
    try:
        found = line(epochs=1, checkpoint=path, resume=True)[1]
    except CheckpointError:
        return
    assert found == expected  # a space between two numbers, say


# ---- fit, predict, score ---------------------------------------------------------------------------

ROWS = [[x / 4, y / 4] for x in range(-4, 5) for y in range(-4, 5)]


@given(model=models(nin=2, nout=2), table=datasets(columns=2))
def test_predictions_are_those_of_the_graph(model, table):
    """Nothing is recorded, and every bit is the same."""
    expected = [[out.data for out in model(row)] for row in table.features]
    assert model.outputs(table.features) == model.predict(table.features) == expected
    assert model.outputs(np.array(table.features)) == model.outputs(pd.DataFrame(table.features)) == expected


def test_fit_repeats_with_its_seed():
    """Lists, arrays and frames train alike, to the last bit."""
    y = [a * b for a, b in ROWS]
    kinds = [(ROWS, y), (np.array(ROWS), np.array(y)), (pd.DataFrame(ROWS), pd.Series(y)), (ROWS, [[t] for t in y])]
    found = []
    for inputs, targets in kinds:
        model = MLP(2, [4, 1], activation="tanh", rng=0)
        history = model.fit(inputs, targets, epochs=3, rng=1, validation=0.25)
        found.append((history, model.parameter_vector()))
    assert all(one == found[0] for one in found)
    assert len(found[0][0].validation_loss) == 3


@pytest.mark.parametrize(
    ("loss", "nout", "labels"),
    [("softmax_cross_entropy", 2, (0, 1)), ("binary_cross_entropy", 1, (0, 1)), ("hinge", 1, (-1, 1))],
)
def test_classes(loss, nout, labels):
    """A loss of classes makes predictions labels, and the score their accuracy."""
    y = [labels[a * b > 0] for a, b in ROWS]
    model = MLP(2, [8, nout], activation="tanh", rng=0)
    model.fit(ROWS, y, loss=getattr(nn, loss), epochs=150, rng=0)
    assert model.loss == loss
    predicted = model.predict(ROWS)
    assert set(predicted) == set(labels)
    assert model.score(ROWS, y) == sum(p == t for p, t in zip(predicted, y, strict=True)) / len(y) > 0.9
    if loss == "hinge":
        with pytest.raises(
            ValueError, match=r"^predict_proba: expected a network that was fitted with a cross-entropy"
        ):
            model.predict_proba(ROWS)
    else:
        for p, row in zip(predicted, model.predict_proba(ROWS), strict=True):
            assert sum(row) == pytest.approx(1.0)
            assert row[p] == max(row)


def test_score_of_numbers():
    """R^2 is 1 for all that is right, 0 for the mean, and the mean of the columns where there are several."""
    model = MLP(1, [2], rng=0)
    for neuron, (w, b) in zip(model.layers[0].neurons, [(2.0, 1.0), (0.0, 1.5)], strict=True):
        neuron.w[0].data, neuron.b.data = w, b
    assert model.score([0.0, 1.0, 2.0, 3.0], [[1.0, 0.0], [3.0, 1.0], [5.0, 2.0], [7.0, 3.0]]) == 0.5


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_one_row_is_learnt_from(seed):
    """What is held out to judge by leaves a row of each class; labels may be floats, as in a column of pandas'."""
    X, y = [[float(k)] for k in range(10)], [0.0] * 6 + [1.0] * 3 + [2.0]
    model = MLP(1, [3], rng=0)
    model.fit(X, y, loss="softmax_cross_entropy", epochs=1, validation=0.8, rng=seed)
    kept = _held_out(X, y, 0.8, random.Random(seed), y)[1]
    assert {*kept} == {0.0, 1.0, 2.0}
    assert len(kept) == 3
    with pytest.raises(ValueError, match=r"fit: y\[9\]: expected a label, a whole number from 0 to 1, got 2.0"):
        MLP(1, [2], rng=0).fit(X, y, loss="softmax_cross_entropy")


def test_a_loss_of_ones_own_has_to_depend_on_the_outputs():
    """A float is refused."""
    with pytest.raises(TypeError, match=r"expected the loss to return a Value, which depends on the outputs, got 0.5"):
        MLP(2, [1], rng=0).fit(ROWS, [0.0] * len(ROWS), loss=lambda out, target: 0.5)
    with pytest.raises(TypeError, match="expected the name of an optimizer, or an Optimizer"):
        MLP(2, [1], rng=0).fit(ROWS, [0.0] * len(ROWS), optimizer=SGD)


def test_options_of_fit():
    """Penalties, clipping, an optimizer of one's own and a schedule by name reach the loop."""
    y = [a for a, _ in ROWS]
    plain, shrunk = MLP(2, [1], rng=0), MLP(2, [1], rng=0)
    plain.fit(ROWS, y, epochs=20, rng=0)
    shrunk.fit(ROWS, y, epochs=20, rng=0, l1=0.1, l2=0.1)
    assert sum(map(abs, shrunk.parameter_vector())) < 0.9 * sum(map(abs, plain.parameter_vector()))
    still = MLP(2, [1], rng=0)
    before = still.parameter_vector()
    history = still.fit(ROWS, y, epochs=2, optimizer=SGD(still.parameters(), 1.0), clip=1e-9, schedule="cosine", rng=0)
    assert still.parameter_vector() == pytest.approx(before, abs=1e-7)
    assert history.learning_rate == [1.0, 0.5]


def test_progress_is_quiet_where_there_is_no_terminal(capsys):
    """Unless it is asked for; it goes to stderr."""
    model = MLP(2, [1], rng=0)
    model.fit(ROWS, [a for a, _ in ROWS], epochs=2, rng=0)
    assert capsys.readouterr() == ("", "")
    model.fit(ROWS, [a for a, _ in ROWS], epochs=2, rng=0, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "training: 100%" in err


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"X": [[1.0, 2.0], [3.0]]}, "fit: X[1]: expected 2 inputs, got 1"),
        ({"X": [[1.0, 2.0], [3.0, float("nan")]]}, "fit: X[1][1]: expected a finite number, got nan"),
        ({"X": [[1.0, 2.0], [3.0, "a"]]}, "fit: X[1][1]: expected a finite number, got 'a'"),
        ({"X": [[1.0, 2.0]]}, "fit: expected as many rows as targets, and one or more, got 1 and 2"),
        ({"loss": "mean_square_error"},
         "fit: expected a loss of half_squared_error, squared_error, mean_squared_error, mean_absolute_error, huber,"
         " hinge, binary_cross_entropy, softmax_cross_entropy, got 'mean_square_error'; did you mean 'mean_squared_error'?"),
        ({"optimizer": "adams"}, "fit: expected an optimizer of sgd, adam, got 'adams'; did you mean 'adam'?"),
        ({"l2": -1.0}, "fit: expected a finite l2 >= 0, got -1.0"),
        ({"l1": float("nan")}, "fit: expected a finite l1 >= 0, got nan"),
        ({"schedule": "cos"}, "fit: expected a schedule of constant, cosine, got 'cos'; did you mean 'cosine'?"),
        ({"validation": 1.0}, "fit: expected validation to be a part of the rows, above 0 and below 1, got 1.0 of 2"),
        ({"y": [1, float("nan")]}, "fit: y[1]: expected a finite number, got nan"),
        ({"y": [1, "a"], "loss": "binary_cross_entropy"}, "fit: y[1]: expected a finite number, got 'a'"),
        ({"optimizer": SGD([Value(1.0)], 0.1)},
         "fit: expected an optimizer of parameters of this network, got one of others"),
        ({"validation": ([], [])},
         "fit: validation: expected as many rows as targets, and one or more, got 0 and 0"),
        ({"optimizer": SGD([Value(1.0)], 0.1), "learning_rate": 0.1},
         "fit: expected the learning rate in the optimizer, got another one beside it"),
        ({"loss": "softmax_cross_entropy"}, "fit: y[0]: expected a label, a whole number from 0 to 0, got 1"),
    ],
)  # fmt: skip
def test_errors_of_fit(change, text):
    """Every mistake is answered by one line that says what was expected."""
    model = MLP(2, [1], rng=random.Random(0))
    with pytest.raises(ValueError, match=r"expected") as caught:
        model.fit(**({"X": [[1.0, 2.0], [3.0, 4.0]], "y": [1, 0], "epochs": 1} | change))
    assert str(caught.value) == text
