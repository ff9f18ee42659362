"""Pictures: what is drawn is what there is, on the Axes that were given, in colours that can be read."""

import itertools
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from autograd import Value
from nn import MLP, SGD, History, MLPClassifier, MLPRegressor, Module, mean_squared_error, plot, train

mpl.use("Agg")

ROOT = Path(__file__).resolve().parent.parent
BLOB = [[-2.0, -1.0], [-1.5, -2.0], [-1.0, -1.5], [1.0, 1.5], [1.5, 2.0], [2.0, 1.0]]
SIDES = [0, 0, 0, 1, 1, 1]

few = settings(max_examples=20)
fewer = settings(max_examples=8)  # of pictures with many bars
losses = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20)


@pytest.fixture(autouse=True)
def nothing_is_shown(monkeypatch):
    """No picture calls `show`, and none leaves a figure open that is not its own."""

    def show(*args, **kwargs):
        raise AssertionError("show was called")

    monkeypatch.setattr(plt, "show", show)
    monkeypatch.setattr(Figure, "show", show)
    yield
    plt.close("all")


def axes(n=None):
    """Return the Axes of a figure that pyplot does not know."""
    return Figure().subplots() if n is None else Figure().subplots(n, squeeze=False)[:, 0]


def logistic(w1=1.0, w2=1.0, b=0.0):
    """Return a network whose boundary is the line w1 x1 + w2 x2 + b = 0."""
    model = MLP(2, [1], rng=0)
    model.load_vector([w1, w2, b])
    model.loss = "binary_cross_entropy"
    return model


def legend(ax):
    """Return the words of the key."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def image(ax):
    """Return the only image."""
    (found,) = ax.get_images()
    return found


def points(ax):
    """Return the points of each class."""
    return {
        c.get_label(): c.get_offsets().tolist()
        for c in ax.collections
        if hasattr(c, "get_sizes") and len(c.get_sizes())
    }


# ---- where it is drawn -----------------------------------------------------------------------------


def swept():
    """Return a network of two layers after a sweep."""
    model = MLP(2, [3, 1], activation="tanh", rng=0)
    (model([1.0, -1.0]) ** 2).backward()
    return model


DRAWN = {
    "loss": (lambda **ax: plot.loss(History([2.0, 1.0], [], [0.1, 0.1], 2), **ax), None),
    "boundary": (lambda **ax: plot.boundary(logistic(), BLOB, SIDES, steps=5, **ax), None),
    "fit": (lambda **ax: plot.fit(MLP(1, [1], rng=0), [0.0, 1.0], [1.0, 2.0], **ax), None),
    "weights": (lambda **ax: plot.weights(swept(), **ax), 2),
    "gradients": (lambda **ax: plot.gradients(swept(), **ax), 2),
    "confusion": (lambda **ax: plot.confusion([0, 1], [0, 0], **ax), None),
}


@pytest.mark.parametrize("name", plot.__all__)
def test_axes_that_are_given_are_used(name):
    """The Axes that come back are those given, and pyplot knows of no new figure."""
    draw, n = DRAWN[name]
    ax = axes(n)
    returned = draw(ax=ax)
    assert returned is ax if n is None else returned.tolist() == ax.tolist()
    assert plt.get_fignums() == []
    assert all(each.get_xlabel() or n for each in np.ravel(ax))


@pytest.mark.parametrize("name", plot.__all__)
def test_without_axes_there_is_a_new_figure(name):
    """Each call makes one figure, which stays for its user to show or save."""
    draw, n = DRAWN[name]
    returned = draw()
    assert len(plt.get_fignums()) == 1
    assert isinstance(returned, Axes) if n is None else (returned.shape == (n,) and isinstance(returned[0], Axes))
    draw()
    assert len(plt.get_fignums()) == 2


@pytest.mark.parametrize("name", plot.__all__)
def test_pictures_can_be_rendered(name, tmp_path):
    """Saving one works, without a warning, and repeats to the last bit."""
    draw, n = DRAWN[name]
    files = [tmp_path / "one.png", tmp_path / "two.png"]
    for file in files:
        np.ravel(draw(ax=axes(n)))[0].figure.savefig(file, metadata={"Software": None})
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("name", plot.__all__)
def test_axes_are_labelled(name):
    """The outer axes say what they are."""
    draw, n = DRAWN[name]
    drawn = np.ravel(draw(ax=axes(n)))
    assert drawn[-1].get_xlabel()
    assert all(ax.get_ylabel() for ax in drawn)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot.loss(History()),
        lambda: plot.boundary(logistic(), BLOB, SIDES[:-1]),
        lambda: plot.boundary(logistic(), BLOB, [7] * 6, steps=5),
        lambda: plot.fit(MLP(1, [2], rng=0), [1.0, 2.0], [1.0, 2.0]),
        lambda: plot.weights(MLP(2, [1], rng=0), [[1.0]]),
        lambda: plot.gradients(MLP(2, [1], rng=0)),
        lambda: plot.confusion([0, 1], [0]),
    ],
)
def test_an_error_leaves_no_empty_figure(draw):
    """What is wrong is found before a figure is made, which a notebook would show."""
    with pytest.raises(ValueError, match=r"^plot\."):
        draw()
    assert plt.get_fignums() == []


NAMES = ["$_$", "price $^$", r"a\$b", "5 $", "$a$ $", "\x07", "a\x00\x1b", "\uffff", "a < b & c -- d", "é"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["svg", "png"])
def test_names_are_drawn_as_they_are(name, form, tmp_path):
    """Whatever a class, a column or a target is called, there is a picture of it, and an SVG is sound."""
    frame = pd.DataFrame(BLOB, columns=[name, "b"])
    model = MLP(1, [1], rng=0)
    drawn = [
        plot.boundary(logistic(), frame, SIDES, labels=[name, "c"], steps=5, ax=axes()),
        plot.boundary(logistic(), frame[["b", name]].rename(columns={"b": "c"}), SIDES, steps=5, ax=axes()),
        plot.confusion([name, "c"], ["c", name], ax=axes()),
        plot.fit(model, frame[[name]], pd.Series([1.0] * 6, name=name), ax=axes()),
    ]
    for ax in drawn:
        ax.figure.savefig(tmp_path / f"p.{form}")
        if form == "svg":
            ET.parse(tmp_path / "p.svg")


def test_half_a_character_is_drawn(tmp_path):
    """A class may be called so in a file of JSON."""
    ax = plot.confusion(["\ud800", "c"], ["c", "\ud800"], ax=axes())
    ax.figure.savefig(tmp_path / "p.svg")
    assert "\ufffd" in [label.get_text() for label in ax.get_xticklabels()]


def test_names_are_read_as_they_are(tmp_path):
    """A dollar is a dollar, and not the escape that it takes."""
    with mpl.rc_context({"svg.fonttype": "none"}):
        ax = plot.fit(MLP(1, [1], rng=0), pd.DataFrame({"$_$": [0.0, 1.0]}), pd.Series([1, 2], name="a $"), ax=axes())
        ax.figure.savefig(tmp_path / "p.svg")
    words = {text.text for text in ET.parse(tmp_path / "p.svg").iter("{http://www.w3.org/2000/svg}text")}
    assert {"$_$", "a $"} <= words


# ---- colours ---------------------------------------------------------------------------------------


def contrast(one, two):
    """Return the contrast of two colours by the Web Content Accessibility Guidelines."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return sum(f * c for f, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted([luminance(one), luminance(two)])
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_known_pairs():
    """Black on white is 21, and the guidelines' grey of 4.54 is found."""
    assert plot._contrast("black", "white") == pytest.approx(21)
    assert plot._contrast("#767676", "white") == pytest.approx(4.54, abs=0.01)


@few
@given(right=st.integers(0, 200), wrong=st.integers(0, 200))
def test_numbers_in_cells_can_be_read(right, wrong):
    """The number in each cell of a confusion matrix has a contrast of 4.5 or more with its shade."""
    y, predicted = [0] * (right + wrong + 1), [0] * right + [1] * (wrong + 1)
    ax = plot.confusion(y, predicted, ax=axes())
    shades = image(ax)
    for text in ax.texts:
        g, t = text.get_position()
        assert contrast(text.get_color(), shades.cmap(shades.norm(shades.get_array()[t, g]))) >= 4.5


def test_classes_differ_without_colour():
    """Fifty classes have different pairs of colour and marker, and neighbours different markers."""
    pairs = [(plot._COLOURS[k % len(plot._COLOURS)], plot._MARKERS[k % len(plot._MARKERS)]) for k in range(50)]
    assert len(set(pairs)) == 50
    assert all(one[1] != two[1] for one, two in itertools.pairwise(pairs))


# ---- loss ------------------------------------------------------------------------------------------


@few
@given(training=losses, data=st.data())
def test_loss_draws_the_history(training, data):
    """There is a point for each epoch, counted from 1, and a ring around the best one."""
    n = len(training)
    validation = data.draw(st.one_of(st.just([]), st.lists(st.floats(1e-6, 1e6), min_size=n, max_size=n)))
    monitored = validation or training
    history = History(training, validation, [0.1] * n, 1 + monitored.index(min(monitored)))
    ax = plot.loss(history, ax=axes())
    lines = [(line.get_label(), line.get_xdata().tolist(), line.get_ydata().tolist()) for line in ax.lines]
    epochs = list(range(1, n + 1))
    best = f"best: {min(monitored):.3g} in epoch {history.best_epoch}"
    expected = [("training", epochs, training), ("validation", epochs, validation)][: 1 + bool(validation)]
    assert lines == [*expected, (best, [history.best_epoch], [min(monitored)])]
    assert legend(ax) == [label for label, _, _ in lines]
    assert ax.get_yscale() == "log"


def test_lines_of_the_losses_differ_without_colour():
    """One is solid, the other dashed."""
    ax = plot.loss(History([2.0, 1.0], [2.0, 1.5], [0.1, 0.1], 2), ax=axes())
    assert [line.get_linestyle() for line in ax.lines[:2]] == ["-", "--"]


@pytest.mark.parametrize(("losses", "log", "scale"), [
    ([1.0, 0.5], True, "log"), ([1.0, 0.5], False, "linear"), ([1.0, 0.0], True, "linear"), ([1.0, -0.5], True, "linear"),
])  # fmt: skip
def test_loss_has_a_logarithmic_axis_where_it_can(losses, log, scale):
    """No loss is left out: where one has no logarithm, the axis is linear."""
    ax = plot.loss(History(losses, [], [0.1, 0.1], 2), axes(), log)
    assert ax.get_yscale() == scale


@pytest.mark.parametrize(("losses", "labels"), [
    ([0.6, 0.5, 0.4], ["0.4", "0.5", "0.6"]), ([10.0, 1.0, 0.01], ["0.01", "0.1", "1", "10"]), ([0.105, 0.101], ["0.101", "0.105"]),
])  # fmt: skip
def test_ticks_of_the_loss_are_plain_numbers(losses, labels):
    """Whether the losses span much or little, ticks are decimal numbers, and there are some."""
    ax = plot.loss(History(losses, [], [0.1] * len(losses), 1), ax=axes())
    ax.figure.draw_without_rendering()
    low, high = ax.get_ylim()
    ticks = [*ax.yaxis.get_major_ticks(), *ax.yaxis.get_minor_ticks()]
    seen = {tick.label1.get_text() for tick in ticks if low <= tick.get_loc() <= high}
    assert set(labels) <= seen
    assert all(re.fullmatch(r"|[0-9.]+", text) for text in seen)


def test_loss_of_one_epoch_can_be_seen():
    """A line of one point is invisible, so there is a marker, at a whole number."""
    ax = plot.loss(History([1.0], [], [0.1], 1), ax=axes())
    ax.figure.draw_without_rendering()
    assert ax.lines[0].get_marker() == "."
    low, high = ax.get_xlim()
    assert [x for x in ax.get_xticks() if low <= x <= high] == [1.0]


def test_loss_of_no_epoch_is_refused():
    """There is nothing to draw."""
    with pytest.raises(ValueError, match=r"^plot\.loss: expected a history of one epoch or more, got none$"):
        plot.loss(History())
    assert plt.get_fignums() == []


# ---- boundary --------------------------------------------------------------------------------------


@few
@given(angle=st.floats(0, math.tau), b=st.floats(-0.5, 0.5))
def test_boundary_is_where_the_classes_tie(angle, b):
    """The solid line is the line of the network, the dashed ones where the logit is that of 90 %."""
    w1, w2 = 3 * math.cos(angle), 3 * math.sin(angle)
    ax = plot.boundary(logistic(w1, w2, b), BLOB, SIDES, steps=21, ax=axes())
    levels = {
        c.get_linestyle()[0][1] is None: c.get_paths()
        for c in ax.collections
        if not len(getattr(c, "get_sizes", list)())
    }
    for solid, paths in levels.items():
        for x1, x2 in np.concatenate([path.vertices for path in paths]):
            z = w1 * x1 + w2 * x2 + b
            # Between the points of the grid the probability is interpolated, which the logit is not.
            assert abs(z) < 0.3 if solid else abs(abs(z) - math.log(9)) < 0.5
    assert True in levels


def test_boundary_colours_what_the_model_predicts():
    """Each pixel is nearer to the colour of its class than any other, and deeper where it is more probable."""
    ax = plot.boundary(logistic(4.0, 0.0), BLOB, SIDES, steps=11, ax=axes())
    pixels = np.asarray(image(ax).get_array())
    tint = [np.array(to_rgb(colour)) for colour in plot._COLOURS[:2]]
    towards = [((1 - pixels) @ (1 - t)) / np.linalg.norm(1 - t) / np.linalg.norm(1 - pixels, axis=2) for t in tint]
    winner = np.argmax(towards, axis=0)
    assert (winner[:, :5] == 0).all()
    assert (winner[:, 6:] == 1).all()
    depth = np.linalg.norm(1 - pixels, axis=2)[5]
    assert (np.diff(depth[:6]) < 0).all()
    assert (np.diff(depth[6:]) > 0).all()


def test_boundary_draws_the_rows():
    """The points of each class are where they are, with a marker of their own, in a key with its name."""
    ax = plot.boundary(logistic(), BLOB, SIDES, labels=["left", "right"], steps=5, ax=axes())
    assert points(ax) == {"left": BLOB[:3], "right": BLOB[3:]}
    assert legend(ax) == ["left", "right", "boundary", "90% sure"]
    (low, high), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert all(low < x1 < high and bottom < x2 < top for x1, x2 in BLOB)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("column 0", "column 1")


def test_boundary_records_nothing():
    """Gradients of the network stay as they were."""
    model = logistic()
    model.parameters()[0].grad = 7.0
    plot.boundary(model, BLOB, SIDES, steps=5, ax=axes())
    assert model.gradient_vector() == [7.0, 0.0, 0.0]


def softmax_network():
    """Return a network with an output for each of three classes."""
    model = MLP(2, [3], rng=0)
    model.fit(BLOB, [0, 0, 1, 1, 2, 2], loss="softmax_cross_entropy", epochs=200, learning_rate=0.1, rng=0)
    return model, [0, 0, 1, 1, 2, 2]


def hinge_network():
    """Return a network with a margin, and classes of -1 and 1."""
    model = MLP(2, [1], rng=0)
    model.fit(BLOB, [-1, -1, -1, 1, 1, 1], loss="hinge", epochs=50, rng=0)
    return model, [-1, -1, -1, 1, 1, 1]


def numbers_network():
    """Return a network that learnt the numbers of two classes by least squares."""
    model = MLP(2, [1], rng=0)
    model.fit(BLOB, SIDES, loss="mean_squared_error", epochs=50, rng=0)
    return model, SIDES


def estimator():
    """Return our own estimator, with classes that are words."""
    return MLPClassifier([], epochs=20, random_state=0).fit(BLOB, list("aaabbb")), list("aaabbb")


def margins():
    """Return a model of scikit-learn with one margin."""
    from sklearn.svm import SVC

    return SVC(kernel="linear").fit(BLOB, [0, 0, 1, 1, 1, 1]), [0, 0, 1, 1, 1, 1]


def many_margins():
    """Return a model of scikit-learn with a margin for each class."""
    from sklearn.linear_model import RidgeClassifier

    return RidgeClassifier().fit(BLOB, list("aabbcc")), list("aabbcc")


def one_against_one():
    """Return a model of scikit-learn with a margin for each pair of classes."""
    from sklearn.svm import SVC

    points = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 2
    return SVC(decision_function_shape="ovo").fit(points, [0, 1, 2, 3] * 2), [0, 1, 2, 3] * 2


def pipeline():
    """Return our own estimator in a pipeline."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), MLPClassifier([], epochs=20, random_state=0)).fit(BLOB, SIDES), SIDES


MODELS = [
    softmax_network, hinge_network, numbers_network, estimator, margins, many_margins, one_against_one, pipeline,
]  # fmt: skip


@pytest.mark.parametrize("make", MODELS)
def test_boundary_agrees_with_predictions(make):
    """Whatever the model, the colour of a region is that of the class which the model predicts there."""
    model, y = make()
    X = BLOB if len(y) == 6 else [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 2
    ax = plot.boundary(model, X, y, steps=15, ax=axes())
    classes = sorted(set(y))
    pixels = np.asarray(image(ax).get_array())
    xs, ys = np.linspace(*ax.get_xlim(), 15), np.linspace(*ax.get_ylim(), 15)
    grid = [[a, b] for b in ys for a in xs]
    predicted = np.array(model.predict(grid))
    if make is numbers_network:
        predicted = (predicted > 0.5).astype(int)
    tints = np.array([1 - np.array(to_rgb(plot._COLOURS[k])) for k in range(len(classes))])
    shown = ((1 - pixels.reshape(-1, 3)) @ (tints / np.linalg.norm(tints, axis=1)[:, None]).T).argmax(axis=1)
    assert np.array(classes)[shown].tolist() == predicted.tolist()
    assert sorted(points(ax)) == [str(c) for c in classes]
    assert ("90% sure" in legend(ax)) <= hasattr(model, "predict_proba")


def test_boundary_of_a_frame():
    """Columns have their names, and a model that was fitted to names is asked by them: nothing warns."""
    X = pd.DataFrame(BLOB, columns=["width", "height"])
    model = MLPClassifier([], epochs=5, random_state=0).fit(X, SIDES)
    ax = plot.boundary(model, X, pd.Series(SIDES), steps=5, ax=axes())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("width", "height")


def test_boundary_of_more_columns_is_a_slice():
    """The two to draw are chosen by index or name; the others are at their medians, and the label says so."""
    X = pd.DataFrame([[*row, 5.0 * i] for i, row in enumerate(BLOB)], columns=["a", "b", "c"])
    model = MLP(3, [1], rng=0)
    model.load_vector([1.0, 1.0, 1.0, -12.5])  # at the median of c, 12.5, the boundary is a + b = 0
    model.loss = "binary_cross_entropy"
    for columns in ((0, 1), ("a", "b"), ("a", 1)):
        ax = plot.boundary(model, X, SIDES, columns=columns, steps=9, ax=axes())
        assert ax.get_xlabel() == "a\n(1 other column at the median)"
        assert ax.get_ylabel() == "b"
        assert points(ax) == {"0": BLOB[:3], "1": BLOB[3:]}
        solid = next(c for c in ax.collections if not len(getattr(c, "get_sizes", list)()))
        assert np.concatenate([path.vertices for path in solid.get_paths()]).sum(axis=1) == pytest.approx(0, abs=1e-9)
    ax = plot.boundary(model, X, SIDES, columns=("c", "a"), steps=5, ax=axes())
    assert points(ax)["0"] == [[5.0 * i, BLOB[i][0]] for i in range(3)]


def test_boundary_of_one_class_everywhere():
    """Where there is no boundary, none is drawn, and the key does not speak of it."""
    ax = plot.boundary(logistic(0.0, 0.0, 9.0), BLOB, SIDES, steps=5, ax=axes())
    assert legend(ax) == ["0", "1"]


def test_boundary_of_constant_columns():
    """Rows that are all alike are drawn, too."""
    ax = plot.boundary(logistic(), [[1.0, 2.0]] * 2, [0, 1], steps=5, ax=axes())
    assert ax.get_xlim() == (0.5, 1.5)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"X": [[*row, 0.0] for row in BLOB]}, ValueError,
         "plot.boundary: expected columns=(i, j), two of the 3 columns to draw, of 0 to 2"),
        ({"X": pd.DataFrame([[*row, 0.0] for row in BLOB], columns=list("abc"))}, ValueError,
         "plot.boundary: expected columns=(i, j), two of the 3 columns to draw, of 0: 'a', 1: 'b', 2: 'c'"),
        ({"X": [row[:1] for row in BLOB]}, ValueError, "plot.boundary: expected two columns or more, got 1"),
        ({"columns": (0, 2)}, ValueError,
         "plot.boundary: expected columns to be two different ones of 0 to 1, got (0, 2)"),
        ({"columns": (1, 1)}, ValueError,
         "plot.boundary: expected columns to be two different ones of 0 to 1, got (1, 1)"),
        ({"columns": ("a", "b")}, ValueError,
         "plot.boundary: expected columns to be two different ones of 0 to 1, got ('a', 'b')"),
        ({"y": SIDES[:-1]}, ValueError, "plot.boundary: expected a target for each of 6 rows, got 5"),
        ({"y": [0, 0, 0, 1, 1, 7]}, ValueError, "plot.boundary: y[5]: expected one of the classes [0, 1], got 7"),
        ({"labels": ["a"]}, ValueError, "plot.boundary: expected 2 labels, one for each class, got 1"),
        ({"steps": 1}, ValueError, "plot.boundary: expected steps >= 2, got 1"),
        ({"X": [[0.0, math.nan]] * 6}, ValueError, "plot.boundary: X[0][1]: expected a finite number, got nan"),
        ({"X": []}, ValueError, "plot.boundary: X: expected rows of numbers, one or more, got shape (0,)"),
        ({"model": MLP(2, [1], rng=0)}, ValueError,
         "plot.boundary: expected a network after a fit with a loss by name, got None; "
         'name the one it was trained with: model.loss = "softmax_cross_entropy"'),
        ({"model": MLPClassifier()}, TypeError,
         "plot.boundary: expected an MLP after a fit, or a fitted classifier of scikit-learn, "
         "got MLPClassifier without classes_"),
        ({"model": MLPRegressor([], epochs=1, random_state=0).fit(BLOB, SIDES)}, TypeError,
         "plot.boundary: expected an MLP after a fit, or a fitted classifier of scikit-learn, "
         "got MLPRegressor without classes_"),
    ],
)  # fmt: skip
def test_errors_of_boundary(options, error, text):
    """Each says what to do; of too many columns, how to choose two."""
    given = {"model": logistic(), "X": BLOB, "y": SIDES, "ax": axes()} | options
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        plot.boundary(given.pop("model"), given.pop("X"), given.pop("y"), **given)


def test_boundary_refuses_a_regression():
    """Many different targets are numbers rather than classes."""
    model, _ = numbers_network()
    text = "expected one output and 2 to 20 classes, as the loss is mean_squared_error, got 1 and 30"
    with pytest.raises(ValueError, match=text):
        plot.boundary(model, BLOB * 5, list(range(30)), steps=5)


def test_boundary_refuses_words():
    """What are no numbers is said, and where."""
    with pytest.raises(ValueError, match=r"^plot\.boundary: X: expected rows of numbers, all of one length: "):
        plot.boundary(logistic(), [["a", "b"]] * 6, SIDES)


# ---- fit -------------------------------------------------------------------------------------------


@few
@given(xs=st.lists(st.floats(-5, 5), min_size=2, max_size=8), slope=st.floats(-3, 3))
def test_fit_draws_data_and_curve(xs, slope):
    """The points are the data, and the curve is what the model predicts, over the range of the data."""
    model = MLP(1, [1], rng=0)
    model.load_vector([slope, 0.5])
    ys = [x * x for x in xs]
    ax = plot.fit(model, xs, ys, ax=axes())
    assert points(ax) == {"data": [[x, y] for x, y in zip(xs, ys, strict=True)]}
    (curve,) = ax.lines
    x, y = curve.get_xdata(), curve.get_ydata()
    assert (x[0], x[-1]) == (min(xs), max(xs))
    assert y.tolist() == model.predict(x)
    assert legend(ax) == ["data", "prediction"]


def test_fit_of_a_frame():
    """The axes have the names of the column and the series; an estimator is asked by them."""
    X, y = pd.DataFrame({"speed in m/s": [0.0, 1.0, 2.0]}), pd.Series([0.0, 1.0, 4.0], name="way in m")
    model = MLPRegressor([], epochs=5, random_state=0).fit(X, y)
    ax = plot.fit(model, X, y, ax=axes())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("speed in m/s", "way in m")
    assert ax.lines[0].get_ydata()[0] == model.predict(X)[0]


@pytest.mark.parametrize(
    ("model", "X", "y", "text"),
    [
        (MLP(2, [1], rng=0), BLOB, SIDES, "plot.fit: expected one input for each row, got 2"),
        (MLP(1, [2], rng=0), [1.0, 2.0], [1.0, 2.0], "plot.fit: expected a model of one output, got 2"),
        (MLP(1, [1], rng=0), [1.0, 2.0], [1.0], "plot.fit: expected a target for each of 2 rows, got 1"),
        (MLP(1, [1], rng=0), [1.0, math.inf], [1.0, 2.0], "plot.fit: X[1][0]: expected a finite number, got inf"),
    ],
)
def test_errors_of_fit(model, X, y, text):
    """One input, one output, as many targets as rows."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        plot.fit(model, X, y, ax=axes())


# ---- weights and gradients -------------------------------------------------------------------------


def bars(ax):
    """Return how many things the bars of a histogram count."""
    return sum(int(bar.get_height()) for bar in ax.patches)


@fewer
@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3), seed=st.integers(0, 99))
def test_weights_counts_each_weight(sizes, seed):
    """There is a histogram for each layer, and in it every weight once; the ticks are the biases."""
    model = MLP(2, sizes, activation="tanh", rng=seed)
    model.layers[0].neurons[0].b.data = 0.25
    drawn = plot.weights(model, ax=axes(len(sizes)))
    for i, (layer, ax) in enumerate(zip(model.layers, drawn, strict=True)):
        weights = [w.data for neuron in layer.neurons for w in neuron.w]
        assert bars(ax) == len(weights)
        assert list(ax.lines[0].get_xdata()) == [neuron.b.data for neuron in layer.neurons]
        kind = "tanh" if i < len(sizes) - 1 else "linear"
        units = f"{sizes[i]} {kind} unit{'s' if sizes[i] > 1 else ''}"
        median = f"{float(np.median(np.abs(weights))):.2g}"
        assert ax.get_title("left") == f"layers[{i}]: {units}\n{len(weights)} weights, median |w| {median}"


def test_weights_that_are_all_zero():
    """There is a range to draw in even then."""
    (ax,) = plot.weights(MLP(2, [3], init="zeros"), ax=axes())
    assert bars(ax) == 6


def test_gradients_counts_each_parameter():
    """Bars count what is not 0, the title says what is, and the dashed line is at the median."""
    model = MLP(2, [2, 1], activation="tanh", rng=0)
    for parameter, g in zip(model.parameters(), [1e-4, -1e-3, 1e-2, 0.0, 0.0, 1e-3, 0.1, 1.0, math.nan], strict=True):
        parameter.grad = g
    first, last = plot.gradients(model, ax=axes(2))
    assert (bars(first), bars(last)) == (4, 2)
    assert first.get_title("left") == ("layers[0]: 2 tanh units\n6 parameters, median |g| 0.0001 (dashed), 2 of them 0")
    assert last.get_title("left") == ("layers[1]: 1 linear unit\n3 parameters, median |g| 0.1 (dashed), 1 not finite")
    assert [line.get_xdata()[0] for line in (first.lines[0], last.lines[0])] == pytest.approx([-4.0, -1.0])


@fewer
@given(
    gradients=st.lists(st.floats(), min_size=3, max_size=3).filter(lambda gs: any(g and math.isfinite(g) for g in gs))
)
def test_gradients_of_any_size(gradients):
    """From the least float to the greatest, each finite one that is not 0 is in a bar."""
    model = MLP(2, [1], rng=0)
    for parameter, g in zip(model.parameters(), gradients, strict=True):
        parameter.grad = g
    (ax,) = plot.gradients(model, ax=axes())
    assert bars(ax) == sum(bool(g) and math.isfinite(g) for g in gradients)


def test_gradients_that_are_powers_have_such_ticks():
    """The axis is labelled with powers of ten."""
    (ax,) = plot.gradients(MLP_with([1e-6, 1.0, 1.0]), ax=axes())
    ax.figure.draw_without_rendering()
    assert "$10^{-6}$" in [text.get_text() for text in ax.get_xticklabels()]


def MLP_with(gradients):  # noqa: N802
    """Return a network of one neuron with these gradients."""
    model = MLP(len(gradients) - 1, [1], rng=0)
    for parameter, g in zip(model.parameters(), gradients, strict=True):
        parameter.grad = g
    return model


def test_gradients_without_a_sweep_are_refused():
    """Nothing but 0 is most often a sweep that was forgotten."""
    text = "plot.gradients: expected gradients, got none but 0: call backward() on a loss first"
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        plot.gradients(MLP(2, [1], rng=0), ax=axes())


def dying(biases):
    """Return a relu layer whose units have weight 1 and these biases, before a linear unit."""
    model = MLP(1, [len(biases), 1], rng=0)
    for neuron, b in zip(model.layers[0].neurons, biases, strict=True):
        neuron.w[0].data, neuron.b.data = 1.0, b
    model.parameters()[0].grad = 1.0
    return model


@pytest.mark.parametrize("draw", [plot.weights, plot.gradients])
@pytest.mark.parametrize(("rows", "dead"), [
    ([[1.0]], 2), ([[1.0], [2.5]], 1), ([[1.0], [2.5], [3.5]], 0), ([[-1.0]], 4), ([[3.0]], 1),
])  # fmt: skip
def test_dead_units(draw, rows, dead):
    """A unit is dead if the slope of its activation is 0 for every row; at the kink of relu it is."""
    first, last = draw(dying([0.5, 0.0, -2.0, -3.0]), rows, ax=axes(2))
    assert first.get_title("left").startswith(f"layers[0]: 4 relu units, {dead} of them dead\n")
    assert last.get_title("left").startswith("layers[1]: 1 linear unit, 0 of them dead\n")


@pytest.mark.parametrize(
    ("activation", "dead"),
    [("leaky_relu", 0), ("tanh", 0), (lambda z: 1.0 + 0 * z, 2), (lambda z: 1.0, 2), (lambda z: z.relu(), 1)],
)
def test_dead_units_of_other_activations(activation, dead):
    """It is the slope that counts, so leaky units live, and constant functions do not."""
    model = MLP(1, [2, 1], activation=activation, rng=0)
    model.load_vector([1.0, 0.0, 1.0, -5.0, 1.0, 1.0, 0.0])
    drawn = plot.weights(model, [[1.0], [2.0]], ax=axes(2))
    assert f", {dead} of them dead\n" in drawn[0].get_title("left")


def test_dead_units_behind_dead_units():
    """The second layer is judged by what the first one says to it."""
    model = MLP(1, [1, 1, 1], rng=0)
    model.load_vector([1.0, -9.0, 1.0, -0.5, 1.0, 0.0])  # relu(x - 9), relu(h - 0.5)
    titles = [ax.get_title("left") for ax in plot.weights(model, [[1.0]], ax=axes(3))]
    assert ["1 of them dead" in title for title in titles] == [True, True, False]
    titles = [ax.get_title("left") for ax in plot.weights(model, [[10.0]], ax=axes(3))]
    assert ["1 of them dead" in title for title in titles] == [False, False, False]


@fewer
@given(
    seed=st.integers(0, 999), rows=st.lists(st.lists(st.floats(-3, 3), min_size=2, max_size=2), min_size=1, max_size=4)
)
def test_dead_units_have_no_gradient(seed, rows):
    """After a sweep over the rows, a dead unit has a gradient of just 0, whatever the loss."""
    model = MLP(2, [4, 1], rng=seed)
    title = plot.weights(model, rows, ax=axes(2))[0].get_title("left")
    for row in rows:
        model(row).backward()
    # The output is linear with weights that are not 0, so that the bias of a living unit gets a gradient from each row.
    alive = [
        max(math.fsum([w.data * x for w, x in zip(n.w, row, strict=True)]) for row in rows) > 0
        for n in model.layers[0].neurons
    ]
    assert f", {alive.count(False)} of them dead" in title
    assert all(n.b.grad == 0 for n, lives in zip(model.layers[0].neurons, alive, strict=True) if not lives)


def test_dead_units_leave_no_gradients():
    """Looking changes nothing."""
    model = dying([0.5, 0.0])
    before = model.gradient_vector()
    plot.weights(model, [[1.0]], ax=axes(2))
    assert model.gradient_vector() == before


class Line(Module):
    """A module without layers."""

    def __init__(self):
        self.slope = Value(1.0)


@pytest.mark.parametrize("draw", [plot.weights, plot.gradients])
@pytest.mark.parametrize(
    ("model", "options", "error", "text"),
    [
        (Line(), {}, TypeError, "expected an MLP, got Line"),
        (MLPRegressor(), {}, TypeError, "expected an MLP, got MLPRegressor; its network is `model_`, after a fit"),
        (dying([1.0]), {"ax": axes(3)}, ValueError, "expected 2 Axes, one for each layer, got 3"),
        (dying([1.0]), {"ax": axes()}, ValueError, "expected 2 Axes, one for each layer, got 1"),
        (dying([1.0]), {"X": BLOB}, ValueError, "X: expected 1 inputs for each row, got 2"),
    ],
)
def test_errors_of_histograms(draw, model, options, error, text):
    """What has no layers, and Axes or rows that do not fit."""
    with pytest.raises(error, match=f"^{re.escape(f'plot.{draw.__name__}: {text}')}$"):
        draw(model, **options)
    assert plt.get_fignums() == []


# ---- confusion -------------------------------------------------------------------------------------


@few
@given(pairs=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30))
def test_confusion_counts(pairs):
    """The number in row t and column g is how many of class t were taken for g; none is written for 0."""
    y, predicted = zip(*pairs, strict=True)
    ax = plot.confusion(list(y), np.array(predicted), ax=axes())
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names == [text.get_text() for text in ax.get_xticklabels()] == sorted({*y, *predicted})
    written = {(names[t.get_position()[1]], names[t.get_position()[0]]): int(t.get_text()) for t in ax.texts}
    assert written == {pair: pairs.count(pair) for pair in set(pairs)}
    shares = image(ax).get_array()
    for t, name in enumerate(names):
        assert shares[t].sum() == pytest.approx(1.0 if name in y else 0.0)
    right = sum(a == b for a, b in pairs)
    assert ax.get_title() == f"{right} of {len(pairs)} right, {right / len(pairs):.1%}"


@pytest.mark.parametrize(
    ("y", "predicted", "labels", "names", "diagonal"),
    [
        ([0, 2], [0, 2], ["a", "b", "c"], ["a", "b", "c"], [1, 0, 1]),  # names of indices
        ([0, 2], [0, 2], [2, 1, 0], ["2", "1", "0"], [1, 0, 1]),  # classes in an order
        (["x", "y"], ["x", "x"], ["y", "x", "z"], ["y", "x", "z"], [0, 1, 0]),
        (pd.Series([1, 1, 0]), [1, 1, 0], None, ["0", "1"], [1, 2]),
        ([[1], [0]], [1.0, 0.0], ["no", "yes"], ["no", "yes"], [1, 1]),
    ],
)
def test_labels_of_confusion(y, predicted, labels, names, diagonal):
    """Labels are the classes themselves in an order, or names of the indices 0, 1, ..."""
    ax = plot.confusion(y, predicted, labels, ax=axes())
    assert [text.get_text() for text in ax.get_yticklabels()] == names
    written = {t.get_position(): int(t.get_text()) for t in ax.texts}
    assert [written.get((k, k), 0) for k in range(len(names))] == diagonal


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (([0, 1], [0]), "plot.confusion: expected as many classes as predictions, and one or more, got 2 and 1"),
        (([], []), "plot.confusion: expected as many classes as predictions, and one or more, got 0 and 0"),
        (([0, 2], [0, 1], ["a", "b"]), "plot.confusion: expected classes among the labels ['a', 'b'], got 2"),
        ((["a", "c"], ["a", "b"], ["a", "b"]), "plot.confusion: expected classes among the labels ['a', 'b'], got 'c'"),
    ],
)
def test_errors_of_confusion(arguments, text):
    """Lists that do not belong together, and classes without a label."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        plot.confusion(*arguments, ax=axes())


def test_confusion_refuses_classes_of_two_kinds():
    """Names on one side and indices on the other are a slip."""
    with pytest.raises(TypeError, match=r"^plot\.confusion: expected classes of one kind: "):
        plot.confusion(["a", "b"], [0, 1], ax=axes())


# ---- all together ----------------------------------------------------------------------------------


def test_a_training_in_pictures():
    """What `train` returns and leaves is what the pictures take."""
    model = MLP(1, [3, 1], activation="tanh", rng=0)
    xs = [0.0, 0.5, 1.0]
    optimizer = SGD(model.parameters(), 0.1)
    history = train(model, xs, [0.0, 0.25, 1.0], loss=mean_squared_error, optimizer=optimizer, epochs=3)
    assert len(plot.loss(history, ax=axes()).lines) == 2
    assert sum(map(bars, plot.gradients(model, xs, ax=axes(2)))) == 10


def test_without_matplotlib():
    """The error says what to install, and `import nn` does without."""
    code = "import sys; sys.modules['matplotlib'] = None; import nn; nn.plot"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    cure = 'nn.plot: expected matplotlib and NumPy, got no matplotlib; pip install "chainrule[train]"'
    assert done.stderr.splitlines()[-1] == f"ModuleNotFoundError: {cure}"
