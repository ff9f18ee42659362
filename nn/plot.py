"""Pictures of a training and of what came of it, with matplotlib.

Each function draws on the Axes that it is given, or on those of a new figure, and returns them: titles, labels and
limits are yours to change. Nothing is shown, saved or closed.

    >>> from matplotlib.figure import Figure                # without a screen; in a notebook no `ax` is needed
    >>> from nn import MLP, datasets, plot
    >>> table = datasets.moons(40)
    >>> model = MLP(2, [4, 1], activation="tanh", rng=0)
    >>> history = model.fit(table.features, table.targets, loss="binary_cross_entropy", epochs=5, rng=0)
    >>> ax = plot.loss(history, ax=Figure().subplots())
    >>> ax.get_xlabel(), len(ax.lines[0].get_xdata())
    ('epoch', 5)
    >>> ax.figure.savefig("loss.png")                                                       # doctest: +SKIP

The colours are those of Okabe and Ito, Color universal design, 2008, which the colour-blind can tell apart; and
whatever a colour tells, a dash, a marker or a word tells as well.
"""

from __future__ import annotations

import math
import statistics
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

try:
    import matplotlib as mpl
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap, to_rgb
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator, NullFormatter
except ModuleNotFoundError as missing:
    cure = 'pip install "chainrule[train]"'
    raise ModuleNotFoundError(
        f"nn.plot: expected matplotlib and NumPy, got no {missing.name}; {cure}", name=missing.name
    ) from None

from autograd import Value, no_grad
from autograd import math as ad_math
from nn._vectors import as_list
from nn.activations import function_of
from nn.fitting import Learner
from nn.train import History

Array = np.ndarray[Any, Any]

__all__ = ["boundary", "confusion", "fit", "gradients", "loss", "weights"]

_BLUE, _VERMILLION, _INK, _PAPER = "#0072B2", "#D55E00", "#222222", "#FFFFFF"

#: Of the classes, so that neighbours differ in grey, too. There is one marker less: a pair of both repeats late.
_COLOURS = (_BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9", _VERMILLION, "#F0E442", "#999999")
_MARKERS = "os^DvPX"

#: The losses of numbers: what is trained with them predicts the class whose number is nearest.
_OF_NUMBERS = ("half_squared_error", "squared_error", "mean_squared_error", "mean_absolute_error", "huber")
_MOST_CLASSES = 20

#: From which probability on the winner of a decision is sure.
_SURE = 0.9


def loss(history: History, ax: Axes | None = None, log: bool = True) -> Axes:
    """Draw the loss of each epoch, that of validation too if there is one, and mark the best epoch.

    Parameters
    ----------
    history : History
        What `fit` or `train` returned, of one epoch or more.
    ax : Axes, optional
        Where to draw.
    log : bool
        Whether the axis of the loss is logarithmic. It is linear in any case where a loss is 0 or less.
    """
    if not history.epochs:
        raise ValueError("plot.loss: expected a history of one epoch or more, got none")
    ax = _axes(ax)
    epochs = range(1, history.epochs + 1)
    marker = "." if history.epochs == 1 else ""
    ax.plot(epochs, history.loss, color=_BLUE, marker=marker, label="training")
    if history.validation_loss:
        ax.plot(epochs, history.validation_loss, color=_VERMILLION, linestyle="--", marker=marker, label="validation")
    if history.best_epoch:
        best = history.monitored[history.best_epoch - 1]
        label = f"best: {best:.3g} in epoch {history.best_epoch}"
        ax.plot([history.best_epoch], [best], "o", color=_INK, markerfacecolor="none", markersize=8, label=label)
    losses = [*history.loss, *history.validation_loss]
    if log and min(losses) > 0:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("{x:.3g}" if max(losses) < 10 * min(losses) else NullFormatter())
    _whole_numbers(ax.xaxis)
    ax.set_xlabel("epoch")
    ax.set_ylabel("mean loss of a sample")
    ax.legend(frameon=False)
    return ax


def boundary(
    model: Any,
    X: Any,
    y: Any,
    *,
    columns: tuple[int | str, int | str] | None = None,
    labels: Sequence[str] | None = None,
    steps: int = 80,
    ax: Axes | None = None,
) -> Axes:
    """Draw which class a model predicts where, over two columns, and the rows on top.

    The colour is that of the class, and the deeper, the more probable it is. Solid lines part the classes; between
    dashed ones, where the model knows probabilities, the class is less than 90 % sure.

    Parameters
    ----------
    model : MLP after a fit, or a classifier of scikit-learn
        A network that was fitted with a loss of numbers and has one output predicts the class whose number is nearest.
    X : list, array or frame of n rows
        The inputs. Of a frame, columns keep their names.
    y : list, array or series of length n
        The class of each row, as the model knows it.
    columns : pair of int or str, optional
        Which columns to draw, by index or, of a frame, by name: needed where there are more than two. The picture
        is a slice then, with the others at their medians, while the rows are where they are.
    labels : sequence of str, optional
        The names of the classes, in the order of the model.
    steps : int
        How fine the picture is: the model predicts for steps times steps points.
    ax : Axes, optional
        Where to draw.
    """
    rows, targets = _matrix("boundary", X), _column(y)
    _same_length("boundary", rows, targets)
    names = [str(name) for name in X.columns] if hasattr(X, "columns") else None
    i, j = _pair(rows.shape[1], columns, names)
    across, along = (_span(rows[:, k], steps) for k in (i, j))
    grid = np.tile(np.median(rows, axis=0), (steps * steps, 1))
    grid[:, i], grid[:, j] = (points.ravel() for points in np.meshgrid(across, along))
    classes, scores, probable = _scores(model, X, grid, targets)
    for row, target in enumerate(targets):
        if target not in classes:
            raise ValueError(f"plot.boundary: y[{row}]: expected one of the classes {classes}, got {target!r}")
    if labels is None:
        labels = [str(c) for c in classes]
    elif len(labels) != len(classes):
        raise ValueError(f"plot.boundary: expected {len(classes)} labels, one for each class, got {len(labels)}")

    ax = _axes(ax)
    top = scores.max(axis=1)
    depth = (top - 1 / len(classes)) / (1 - 1 / len(classes)) if probable else np.ones(len(grid))
    tints = np.array([to_rgb(_COLOURS[k % len(_COLOURS)]) for k in range(len(classes))])
    strength = (0.06 + 0.32 * depth)[:, None]
    image = 1 - strength * (1 - tints[scores.argmax(axis=1)])
    half = (across[1] - across[0]) / 2, (along[1] - along[0]) / 2
    edges = (across[0] - half[0], across[-1] + half[0], along[0] - half[1], along[-1] + half[1])
    ax.imshow(
        image.reshape(steps, steps, 3), extent=edges, origin="lower", aspect="auto", interpolation="bilinear", zorder=0
    )
    keys = []
    for k in range(len(classes)):
        lead = scores[:, k] - np.delete(scores, k, axis=1).max(axis=1)
        if _contour(ax, across, along, lead, 0.0, "solid", 1.4):
            keys = [Line2D([], [], color=_INK, linewidth=1.4, label="boundary")]
    if probable and _contour(ax, across, along, top, _SURE, "dashed", 0.8):
        keys.append(Line2D([], [], color=_INK, linewidth=0.8, linestyle="dashed", label=f"{_SURE:.0%} sure"))
    points = []
    for k, (c, label) in enumerate(zip(classes, labels, strict=True)):
        of_class = rows[[target == c for target in targets]]
        style: dict[str, Any] = {"color": _COLOURS[k % len(_COLOURS)], "marker": _MARKERS[k % len(_MARKERS)]}
        points.append(
            ax.scatter(
                of_class[:, i], of_class[:, j], s=22, edgecolors=_INK, linewidths=0.6, label=_plain(label), **style
            )
        )
    ax.set_xlim(across[0], across[-1])
    ax.set_ylim(along[0], along[-1])
    others = rows.shape[1] - 2
    slice_of = f"\n({others} other column{'s' * (others > 1)} at the median)" if others else ""
    ax.set_xlabel((_plain(names[i]) if names else f"column {i}") + slice_of)
    ax.set_ylabel(_plain(names[j]) if names else f"column {j}")
    _key_above(ax, [*points, *keys])
    return ax


def fit(model: Any, X: Any, y: Any, ax: Axes | None = None) -> Axes:
    """Draw the rows of a table with one input, and the curve that a model predicts.

    Parameters
    ----------
    model : MLP or a regressor of scikit-learn
        What predicts a number from one.
    X : list, array or frame of n rows with one column
        The inputs; bare numbers will do.
    y : list, array or series of length n
        The targets.
    ax : Axes, optional
        Where to draw.
    """
    rows, targets = _matrix("fit", X), _column(y)
    if rows.shape[1] != 1:
        raise ValueError(f"plot.fit: expected one input for each row, got {rows.shape[1]}")
    _same_length("fit", rows, targets)
    xs = np.linspace(rows.min(), rows.max(), 300)
    curve = np.array(model.predict(_like(X, xs[:, None])), dtype=float).reshape(len(xs), -1)
    if curve.shape[1] != 1:
        raise ValueError(f"plot.fit: expected a model of one output, got {curve.shape[1]}")
    ax = _axes(ax)
    ax.scatter(rows[:, 0], targets, s=16, color=_INK, alpha=0.6, linewidths=0, label="data")
    ax.plot(xs, curve[:, 0], color=_BLUE, linewidth=2, label="prediction")
    ax.set_xlabel(_plain(str(X.columns[0])) if hasattr(X, "columns") else "input")
    ax.set_ylabel(_plain(str(getattr(y, "name", None) or "target")))
    ax.legend(frameon=False)
    return ax


def weights(model: Any, X: Any = None, ax: Iterable[Axes] | Axes | None = None) -> Array:
    """Draw a histogram of the weights of each layer, with their median size; small ticks are the biases.

    Parameters
    ----------
    model : MLP
        The network.
    X : list, array or frame of rows, optional
        With these inputs it is said how many units are dead: a unit is where the slope of its activation is 0 for
        every row. Nothing goes back through it then, and neither it nor what is behind it can learn from these rows.
    ax : sequence of Axes, optional
        Where to draw: one for each layer.

    Returns
    -------
    array of Axes
        One for each layer.
    """
    dead = _dead_units("weights", model, X)
    each = [[w.data for neuron in layer.neurons for w in neuron.w] for layer in model.layers]
    limit = max(abs(w) for layer in each for w in layer) or 1.0
    bins = np.linspace(-limit, limit, 32)
    axes = _axes_of_layers("weights", model, ax)
    for i, (layer, ax_i) in enumerate(zip(model.layers, axes, strict=True)):
        ax_i.hist(each[i], bins=bins, color=_BLUE)
        biases = [neuron.b.data for neuron in layer.neurons]
        ax_i.plot(biases, [0.0] * len(biases), "|", color=_INK, markersize=12, label="biases", clip_on=False)
        median = statistics.median(map(abs, each[i]))
        _title(ax_i, i, layer, dead[i], f"{len(each[i])} weights, median |w| {median:.2g}")
        ax_i.set_ylabel("weights")
    axes[0].legend(frameon=False)
    axes[-1].set_xlabel("weight w")
    return axes


def gradients(model: Any, X: Any = None, ax: Iterable[Axes] | Axes | None = None) -> Array:
    """Draw a histogram of the size of the gradients of each layer, with their median; the axis is logarithmic.

    What counts is how the layers compare: where the first ones have gradients that are smaller by powers of ten,
    they learn later by as much.

    Parameters
    ----------
    model : MLP
        The network, after a backward sweep: that of the last step of a `fit`, or one of your own.
    X, ax
        As in `weights`.

    Returns
    -------
    array of Axes
        One for each layer.
    """
    dead = _dead_units("gradients", model, X)
    each = [[abs(parameter.grad) for parameter in layer.parameters()] for layer in model.layers]
    powers = [[math.log10(g) for g in layer if 0 < g < math.inf] for layer in each]
    if not any(powers):
        raise ValueError("plot.gradients: expected gradients, got none but 0: call backward() on a loss first")
    bins = np.linspace(min(map(min, filter(None, powers))) - 0.25, max(map(max, filter(None, powers))) + 0.25, 31)
    axes = _axes_of_layers("gradients", model, ax)
    for i, (layer, ax_i) in enumerate(zip(model.layers, axes, strict=True)):
        # Powers on a linear axis rather than sizes on a logarithmic one, which the ends of the range of floats break.
        ax_i.hist(powers[i], bins=bins, color=_BLUE)
        ax_i.xaxis.set_major_formatter(lambda power, _: f"$10^{{{power:g}}}$")
        finite = [g for g in each[i] if math.isfinite(g)]
        median = statistics.median_low(finite or [0.0])
        text = f"{len(each[i])} parameters"
        if median:
            ax_i.axvline(math.log10(median), color=_INK, linestyle="--", linewidth=1.2)
            text += f", median |g| {median:.2g} (dashed)"
        text += f", {finite.count(0.0)} of them 0" if 0.0 in finite else ""
        text += f", {len(each[i]) - len(finite)} not finite" if len(finite) < len(each[i]) else ""
        _title(ax_i, i, layer, dead[i], text)
        ax_i.set_ylabel("parameters")
    axes[-1].set_xlabel("size of the gradient, |g|")
    return axes


def confusion(y: Any, predicted: Any, labels: Sequence[Any] | None = None, ax: Axes | None = None) -> Axes:
    """Draw how many rows of each class were taken for which; empty cells are 0.

    A row of the picture is a true class, and the shade is the share of that class: what is dark off the diagonal is
    what goes wrong.

    Parameters
    ----------
    y, predicted : list, array or series of equal length, 1 or more
        The true classes, and those that a model predicts.
    labels : sequence, optional
        The classes in the order to show; or their names, where `y` has indices. By default all that occur, sorted.
    ax : Axes, optional
        Where to draw.
    """
    truth, guesses = _column(y), _column(predicted)
    if len(truth) != len(guesses) or not truth:
        got = f"{len(truth)} and {len(guesses)}"
        raise ValueError(f"plot.confusion: expected as many classes as predictions, and one or more, got {got}")
    found = {*truth, *guesses}
    if labels is None:
        try:
            labels = sorted(found)
        except TypeError as error:
            raise TypeError(f"plot.confusion: expected classes of one kind: {error}") from None
    classes = [*labels] if found & {*labels} else list(range(len(labels)))
    strange = next((c for c in [*truth, *guesses] if c not in classes), None)
    if strange is not None:
        raise ValueError(f"plot.confusion: expected classes among the labels {[*labels]}, got {strange!r}")
    place = {c: k for k, c in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    for t, g in zip(truth, guesses, strict=True):
        counts[place[t], place[g]] += 1
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    ax = _axes(ax)
    shades = LinearSegmentedColormap.from_list("shares", [_PAPER, _BLUE, "#003A5C"])
    ax.imshow(shares, cmap=shades, vmin=0.0, vmax=1.0)
    for t, g in np.argwhere(counts):
        ink = max(("#000000", _PAPER), key=lambda ink: _contrast(ink, shades(shares[t, g])))
        ax.text(g, t, str(counts[t, g]), ha="center", va="center", color=ink)
    names = [_plain(str(label)) for label in labels]
    slanted: dict[str, Any] = (
        {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if sum(map(len, names)) > 40 else {}
    )
    ax.set_xticks(range(len(names)), names, **slanted)
    ax.set_yticks(range(len(names)), names)
    ax.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
    ax.set_yticks(np.arange(len(names) - 1) + 0.5, minor=True)
    ax.grid(which="minor", color="#D8D8D8", linewidth=0.8)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set(visible=True, color="#D8D8D8")
    right = int(np.trace(counts))
    ax.set_title(f"{right} of {len(truth)} right, {right / len(truth):.1%}", fontsize="medium")
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    return ax


# ---- what is drawn on --------------------------------------------------------------------------------------


def _pyplot() -> Any:
    """Return the module of figures that notebooks show. To import it decides on a screen, so it comes late."""
    import matplotlib.pyplot as plt  # noqa: PLC0415

    return plt


def _axes(ax: Axes | None) -> Axes:
    """Return the Axes to draw on: those given, or those of a new figure."""
    new: Axes = _pyplot().subplots(layout="constrained")[1] if ax is None else ax
    new.spines[["top", "right"]].set_visible(False)
    return new


def _axes_of_layers(where: str, model: Any, ax: Iterable[Axes] | Axes | None) -> Array:
    """Return an array of Axes, one for each layer: those given, or those of a new figure."""
    n = len(model.layers)
    if ax is None:
        size = (mpl.rcParams["figure.figsize"][0], 0.5 + 1.9 * n)
        ax = _pyplot().subplots(n, figsize=size, sharex=True, squeeze=False, layout="constrained")[1]
    axes = np.asarray(ax, dtype=object).ravel()
    if len(axes) != n:
        raise ValueError(f"plot.{where}: expected {n} Axes, one for each layer, got {len(axes)}")
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        _whole_numbers(each.yaxis)
    return axes


def _title(ax: Axes, i: int, layer: Any, dead: str, text: str) -> None:
    """Say on top of the histogram of a layer what it is, and its figures."""
    kinds = {n.activation if isinstance(n.activation, str) else n.activation.__name__ for n in layer.neurons}
    n = len(layer.neurons)
    units = f"{n} {', '.join(sorted(kinds))} unit{'s' * (n > 1)}"
    ax.set_title(f"layers[{i}]: {units}{dead}\n{text}", loc="left", fontsize="small", linespacing=1.3)


def _plain(name: str) -> str:
    """Return a name so that it is drawn as it is: a dollar begins no formula, and what no file can hold is U+FFFD."""
    legal = "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cn", "Cs") else c for c in name)
    return legal.replace("$", r"\$")


def _whole_numbers(axis: Any) -> None:
    axis.set_major_locator(MaxNLocator(integer=True, nbins="auto", steps=[1, 2, 5, 10], min_n_ticks=1))


def _key_above(ax: Axes, handles: list[Any]) -> None:
    """Put the key above the picture, where it covers nothing."""
    ax.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=min(len(handles), 5), frameon=False,
        handletextpad=0.4, columnspacing=1.2, borderaxespad=0.2,
    )  # fmt: skip


def _contour(ax: Axes, across: Array, along: Array, field: Array, level: float, style: str, width: float) -> bool:
    """Draw where a field has a level, if it does anywhere, and return whether it does."""
    found = bool(field.min() < level < field.max())
    if found:
        z = field.reshape(len(along), len(across))
        ax.contour(across, along, z, levels=[level], colors=_INK, linestyles=style, linewidths=width)
    return found


def _contrast(ink: Any, ground: Any) -> float:
    """Return the contrast of two colours, from 1 to 21, by the Web Content Accessibility Guidelines 2.2."""

    def luminance(colour: Any) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return math.fsum(f * c for f, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted([luminance(ink), luminance(ground)])
    return (high + 0.05) / (low + 0.05)


# ---- what is drawn -----------------------------------------------------------------------------------------


def _matrix(where: str, X: Any) -> Array:
    """Return rows of finite numbers as an array."""
    try:
        rows = np.asarray(X, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"plot.{where}: X: expected rows of numbers, all of one length: {error}") from None
    if rows.ndim not in (1, 2) or not rows.size:
        raise ValueError(f"plot.{where}: X: expected rows of numbers, one or more, got shape {rows.shape}")
    rows = rows.reshape(len(rows), -1)  # bare numbers are rows of one
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        i, k = bad[0]
        raise ValueError(f"plot.{where}: X[{i}][{k}]: expected a finite number, got {float(rows[i, k])!r}")
    return rows


def _column(y: Any) -> list[Any]:
    """Return targets as a list, whatever they came in."""
    targets: list[Any] = np.asarray(y, dtype=object).ravel().tolist()
    return targets


def _same_length(where: str, rows: Array, targets: list[Any]) -> None:
    if len(rows) != len(targets):
        raise ValueError(f"plot.{where}: expected a target for each of {len(rows)} rows, got {len(targets)}")


def _like(X: Any, rows: Array) -> Any:
    """Return rows as a frame with the columns of X, if that is one: what was fitted to names asks for them."""
    return type(X)(rows, columns=X.columns) if hasattr(X, "columns") else rows


def _pair(width: int, columns: tuple[int | str, int | str] | None, names: list[str] | None) -> tuple[int, int]:
    """Return the indices of the two columns to draw."""
    known = ", ".join(f"{k}: {name!r}" for k, name in enumerate(names)) if names else f"0 to {width - 1}"
    if width < 2:
        raise ValueError(f"plot.boundary: expected two columns or more, got {width}")
    if columns is None and width > 2:
        raise ValueError(f"plot.boundary: expected columns=(i, j), two of the {width} columns to draw, of {known}")
    pair = (0, 1) if columns is None else tuple(columns)
    found = [names.index(c) if names and c in names else c for c in pair]
    if len({*found}) != 2 or len(found) != 2 or not all(isinstance(k, int) and 0 <= k < width for k in found):
        raise ValueError(f"plot.boundary: expected columns to be two different ones of {known}, got {columns!r}")
    return found[0], found[1]  # type: ignore[return-value]  # they are ints


def _span(column: Array, steps: int) -> Array:
    """Return evenly spaced points over the range of a column, and a little more on both sides."""
    if steps < 2:
        raise ValueError(f"plot.boundary: expected steps >= 2, got {steps!r}")
    low, high = column.min(), column.max()
    margin = 0.08 * (high - low) or 0.5
    return np.linspace(low - margin, high + margin, steps)


def _scores(model: Any, X: Any, grid: Array, targets: list[Any]) -> tuple[list[Any], Array, bool]:
    """Return the classes, the score of each at each point, and whether scores are probabilities. The largest wins."""
    if isinstance(model, Learner):
        return _scores_of_network(model, grid.tolist(), targets)
    if not (hasattr(model, "classes_") and hasattr(model, "predict")):
        what = "an MLP after a fit, or a fitted classifier of scikit-learn"
        raise TypeError(f"plot.boundary: expected {what}, got {type(model).__name__} without classes_")
    points = _like(X, grid)
    classes = np.asarray(model.classes_).tolist()
    if hasattr(model, "predict_proba"):
        return classes, np.asarray(model.predict_proba(points)), True
    if hasattr(model, "decision_function"):
        margin = np.asarray(model.decision_function(points))
        if margin.ndim == 1:
            return classes, np.stack([-margin, margin], axis=1), False
        if margin.shape[1] == len(classes):
            return classes, margin, False
    return classes, (np.asarray(model.predict(points))[:, None] == np.asarray(model.classes_)).astype(float), False


def _scores_of_network(model: Learner, points: list[list[float]], targets: list[Any]) -> tuple[list[Any], Array, bool]:
    if model.loss in ("softmax_cross_entropy", "binary_cross_entropy"):
        p = np.array(model.predict_proba(points))
        return list(range(p.shape[1])), p, True
    out = np.array(model.outputs(points))
    if model.loss == "hinge":
        return [-1, 1], np.hstack([-out, out]), False
    classes = sorted({*targets})
    if model.loss not in _OF_NUMBERS:
        cure = 'name the one it was trained with: model.loss = "softmax_cross_entropy"'
        raise ValueError(
            f"plot.boundary: expected a network after a fit with a loss by name, got {model.loss!r}; {cure}"
        )
    if out.shape[1] != 1 or not 2 <= len(classes) <= _MOST_CLASSES:
        expected = f"one output and 2 to {_MOST_CLASSES} classes, as the loss is {model.loss}"
        raise ValueError(f"plot.boundary: expected {expected}, got {out.shape[1]} and {len(classes)}")
    return classes, -abs(out - np.array(classes, dtype=float)), False


def _dead_units(where: str, model: Any, X: Any) -> list[str]:
    """Return what to say of each layer where rows are given: how many units have slope 0 for all of them."""
    if not hasattr(model, "layers"):
        hint = "; its network is `model_`, after a fit" if hasattr(model, "get_params") else ""
        raise TypeError(f"plot.{where}: expected an MLP, got {type(model).__name__}{hint}")
    if X is None:
        return [""] * len(model.layers)
    rows = _matrix(where, X).tolist()
    if len(rows[0]) != model.nin:
        raise ValueError(f"plot.{where}: X: expected {model.nin} inputs for each row, got {len(rows[0])}")
    alive = [[False] * len(layer.neurons) for layer in model.layers]
    for row in rows:
        x = row
        for layer, lives in zip(model.layers, alive, strict=True):
            for k, neuron in enumerate(layer.neurons):
                lives[k] = lives[k] or _slope(neuron, x) != 0
            with no_grad():
                x = [a.data if isinstance(a, Value) else a for a in as_list(layer(x))]
    return [f", {lives.count(False)} of them dead" for lives in alive]


def _slope(neuron: Any, x: list[float]) -> float:
    """Return the derivative of a neuron's activation where its weighted sum is for an input."""
    z = Value(ad_math.dot([w.data for w in [*neuron.w, neuron.b]], [*x, 1.0]))
    a = function_of("plot", neuron.activation)(z)
    if isinstance(a, Value):  # a constant has no slope
        a.backward()
    return z.grad
