"""TableModel: a network with all that stands between it and a table: columns, categories, scaling, class names.

    >>> from nn.datasets import iris
    >>> model = TableModel.fit(iris(), epochs=30, random_state=0)
    >>> model.predict([[5.0, 3.4, 1.5, 0.2]])
    ['setosa']

It predicts from files and frames by the names of their columns, in any order, and what it says is the same to the
last bit after `save` and `load`.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self, cast

from autograd import Value
from nn import files
from nn.data import Cell, Cells, DataError, Table, frame_cells, numbers, words
from nn.files import ModelFileError
from nn.layers import MLP
from nn.losses import LOSSES, mean, softmax
from nn.train import History

if TYPE_CHECKING:
    import pandas as pd


#: The losses of a network by its task; others are of two classes and one output, which no table has.
_LOSSES = {
    "classification": {"softmax_cross_entropy"},
    "regression": {*LOSSES} - {"softmax_cross_entropy", "binary_cross_entropy", "hinge"},
}


class InterruptedFit(KeyboardInterrupt):
    """Ctrl-C while training, after one epoch or more.

    Attributes
    ----------
    model : TableModel
        The best so far.
    """

    def __init__(self, model: TableModel) -> None:
        super().__init__()
        self.model = model


@dataclass(frozen=True)
class Column:
    """A column of a table: of numbers, which are one input of the network, or of words.

    Words have one input for each category, which is 1 where the word is that category, and else 0.

    Attributes
    ----------
    name : str
        Its name.
    categories : list of str or None
        The words that occur, in order; None is a column of numbers.
    """

    name: str
    categories: list[str] | None = None

    def inputs(self, cells: Cells) -> list[list[float]]:
        """Return the inputs of the network for a column of cells: a list for each input."""
        if self.categories is None:
            return [numbers(self.name, cells)]
        found = words(self.name, cells, self.categories)
        return [[float(word == category) for word in found] for category in self.categories]


@dataclass(frozen=True, eq=False)
class TableModel:
    """A network that takes the rows of a table.

    Attributes
    ----------
    network : MLP
        What predicts.
    columns : list of Column
        What it predicts from.
    mean, scale : list of float
        What is subtracted from each input of the network, and what it is divided by then, > 0.
    target : str
        The column that it predicts.
    class_names : list of str or None
        The classes, in the order of the outputs; None where the target is a number.
    target_mean, target_scale : float
        The number predicted is the output times the scale, > 0, plus the mean.
    ignored : list of str
        Columns that may be there and are not used.
    history : History
        How it was trained.
    """

    network: MLP
    columns: list[Column]
    mean: list[float]
    scale: list[float]
    target: str
    class_names: list[str] | None
    target_mean: float = 0.0
    target_scale: float = 1.0
    ignored: list[str] = field(default_factory=list)
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        width = sum(1 if column.categories is None else len(column.categories) for column in self.columns)
        n_outputs = 1 if self.class_names is None else len(self.class_names)
        sizes = (len(self.mean), len(self.scale), self.network.nin, len(self.network.layers[-1].neurons))
        if sizes != (width, width, width, n_outputs):
            raise ValueError(
                f"expected {width} inputs and {n_outputs} outputs, got means, scales, inputs, outputs {sizes}"
            )
        names = [column.name for column in self.columns]
        each = {"columns and target": [*names, self.target], "classes": self.class_names or []}
        each |= {f"categories of {c.name!r}": c.categories or [] for c in self.columns}
        for what, named in each.items():
            if len({*named}) < len(named):
                raise ValueError(f"expected {what} of different names, got {_listed(named)}")
        if any(column.categories == [] for column in self.columns):
            raise ValueError("expected a category or more in each column of words, got none")
        loss = self.network.loss
        if isinstance(loss, str) and loss not in _LOSSES[self.task]:
            raise ValueError(f"expected a loss for a {self.task}, got {loss!r}")
        if not all(map(math.isfinite, (*self.mean, *self.scale, self.target_mean, self.target_scale))):
            raise ValueError("expected means and scales that are finite")
        if not all(scale > 0 for scale in (*self.scale, self.target_scale)):
            raise ValueError("expected scales > 0")

    @classmethod
    def fit(cls, table: Table, rows: Iterable[int] | None = None, **options: Any) -> Self:
        """Train a network on a table.

        Parameters
        ----------
        table : Table
            The rows, and what to say to each.
        rows : iterable of int, optional
            The rows to learn from; by default all. Scaling is found from these alone, since nothing must be known of
            the others; which categories there are, from the whole table.
        **options
            Those of `MLPClassifier` or `MLPRegressor`.

        Raises
        ------
        InterruptedFit
            Ctrl-C after one epoch or more: it brings the model.
        FloatingPointError
            The loss is no longer finite; see `nn.train.train`.
        """
        from nn.estimators import MLPClassifier, MLPRegressor  # noqa: PLC0415  (brings scikit-learn)

        columns = [_column(name, [row[k] for row in table.features]) for k, name in enumerate(table.feature_names)]
        cells = table.cells()
        inputs = list(zip(*(part for column in columns for part in column.inputs(cells)), strict=True))
        rows = range(len(inputs)) if rows is None else list(rows)
        seen: list[History] = []
        callbacks = [seen.append, *options.pop("callbacks", ())]
        estimator = (MLPRegressor if table.class_names is None else MLPClassifier)(callbacks=callbacks, **options)

        def model() -> Any:
            learned = getattr(estimator, "target_scaler_", None)
            names = None if table.class_names is None else [table.class_names[k] for k in estimator.classes_]
            return cls(
                estimator.model_,
                columns,
                estimator.scaler_.mean_.tolist(),
                estimator.scaler_.scale_.tolist(),
                table.target_name,
                names,
                learned.mean_.item() if learned else 0.0,
                learned.scale_.item() if learned else 1.0,
                table.ignored,
                seen[-1],
            )

        try:
            with _many_classes():
                estimator.fit([inputs[i] for i in rows], [table.targets[i] for i in rows])
        except KeyboardInterrupt:
            if seen:
                raise InterruptedFit(model()) from None
            raise
        fitted: Self = model()
        return fitted

    # ---- what it says ------------------------------------------------------------------------------------

    @property
    def task(self) -> str:
        """What it does: "classification" or "regression"."""
        return "regression" if self.class_names is None else "classification"

    @property
    def classes_(self) -> list[str]:
        """The classes, as scikit-learn calls them: for what draws any classifier."""
        return self.class_names or []

    @property
    def input_names(self) -> list[str]:
        """What the inputs of the network are called: by columns, and by categories such as ``city = Paris``."""
        names = []
        for column in self.columns:
            names += [f"{column.name} = {c}" for c in column.categories] if column.categories else [column.name]
        return names

    def inputs(self, rows: Cells | pd.DataFrame | Sequence[Sequence[Cell]]) -> list[list[float]]:
        """Return what the network is given for each row: numbers and categories, scaled.

        Parameters
        ----------
        rows : Cells, pandas.DataFrame, or sequence of rows
            What `nn.data.read_cells` returns, or a frame: columns are found by their names, in any order. Bare rows
            have the cells of `columns`, in that order.

        Raises
        ------
        DataError
            A column is missing or was not there in training, or a cell is not what its column holds.
        """
        cells = self._cells(rows)
        inputs = [part for column in self.columns for part in column.inputs(cells)]
        scaled = [
            [(x - mean) / scale for x in part] for part, mean, scale in zip(inputs, self.mean, self.scale, strict=True)
        ]
        names = [column.name for column in self.columns for _ in column.categories or [""]]
        for name, part in zip(names, scaled, strict=True):
            for i, x in enumerate(part):
                if not math.isfinite(x):
                    raise DataError(
                        f"{cells.place(name, i)}: expected a number nearer to those trained on, "
                        f"got {cells.columns[name][i]!r}"
                    )
        return [list(row) for row in zip(*scaled, strict=True)]

    def outputs(self, rows: Any) -> list[list[float]]:
        """Return the outputs of the network for each row: a logit for each class, or the scaled number."""
        cells = self._cells(rows)
        found = self.network.outputs(self.inputs(cells))
        _check_finite("output of the network", found, cells)
        return found

    def predict(self, rows: Any) -> list[Any]:
        """Return the class or the number for each row; see `inputs`."""
        cells = self._cells(rows)
        return self._decisions(self.outputs(cells), cells)

    def predict_proba(self, rows: Any) -> list[list[float]]:
        """Return the probability of each class, in the order of `class_names`, for each row; see `inputs`."""
        if self.class_names is None:
            raise ValueError("predict_proba: expected a model that tells classes apart, got a regression")
        return [softmax(out) for out in self.outputs(rows)]  # type: ignore[misc]  # floats in, floats out

    def score(self, rows: Cells | Table | pd.DataFrame) -> float:
        """Return how good predictions are: the accuracy of classes, or R^2, the part of the variance explained."""
        return self.scores(rows)["accuracy" if self.class_names else "r2"]

    def scores(self, rows: Cells | Table | pd.DataFrame) -> dict[str, float]:
        """Return the mean loss, and the accuracy, or the root mean square error and R^2.

        R^2 takes two rows, and is left out for one; so is a loss of your own, after `load`. Metrics are scikit-learn's.
        """
        from sklearn import metrics  # type: ignore[import-untyped]  # noqa: PLC0415  (slow to load, and an extra)

        cells = self._cells(rows)
        targets, out = self.targets(cells), self.outputs(cells)
        predicted = self._decisions(out, cells)
        found: dict[str, float] = {}
        if self.network.loss is not None:
            loss = self._mean_loss([z if len(z) > 1 else z[0] for z in out], cells)
            found["loss"] = float(getattr(loss, "data", loss))
        if self.class_names is None:
            found["rmse"] = float(metrics.root_mean_squared_error(targets, predicted))
            return found | ({"r2": float(metrics.r2_score(targets, predicted))} if len(targets) > 1 else {})
        with _many_classes():
            return found | {"accuracy": float(metrics.accuracy_score(targets, predicted))}

    def loss(self, rows: Cells | Table | pd.DataFrame) -> Value:
        """Return the mean loss of rows as a Value, to sweep back from; its graph ends in inputs that have names.

        The gradients of the parameters, which training leaves behind, are set to zero.
        """
        self.network.zero_grad()
        cells = self._cells(rows)
        inputs = [[Value(x, name) for x, name in zip(row, self.input_names, strict=True)] for row in self.inputs(cells)]
        return cast(Value, self._mean_loss([self.network(x) for x in inputs], cells))  # of Values, so a Value

    def _mean_loss(self, outputs: Sequence[Any], cells: Cells) -> Any:
        """Return the mean loss that outputs have by the targets of these cells."""
        loss, targets = self.network.loss, self.targets(cells)
        if loss is None:
            raise ValueError("loss: expected a loss by name, got one of your own, which a file does not keep")
        function = LOSSES[loss] if isinstance(loss, str) else loss
        if self.class_names is None:
            scaled = [(y - self.target_mean) / self.target_scale for y in targets]
        else:
            scaled = [self.class_names.index(y) for y in targets]
        return mean([function(out, y) for out, y in zip(outputs, scaled, strict=True)])

    def targets(self, rows: Cells | Table | pd.DataFrame) -> list[Any]:
        """Return what is in the target's column, as `predict` says it: classes it knows, or numbers."""
        cells = self._cells(rows)
        if self.target not in cells.columns:
            raise DataError(f"expected the target {self.target!r} among the columns, got {_listed(cells.columns)}")
        return numbers(self.target, cells) if self.class_names is None else words(self.target, cells, self.class_names)

    def _decisions(self, outputs: list[list[float]], cells: Cells) -> list[Any]:
        names = self.class_names
        if names is None:
            found = [z * self.target_scale + self.target_mean for (z,) in outputs]
            _check_finite("prediction", [[y] for y in found], cells)
            return found
        return [names[max(range(len(out)), key=out.__getitem__)] for out in outputs]

    def _cells(self, rows: Any) -> Cells:
        """Return rows of any kind as cells, with all columns that are needed and no others."""
        names = [column.name for column in self.columns]
        if isinstance(rows, Table):
            cells = rows.cells()
        elif isinstance(rows, Cells):
            cells = rows
        elif hasattr(rows, "columns"):
            cells = frame_cells(rows)
        else:
            for i, row in enumerate(rows, start=1):
                if len(row) != len(names):
                    raise DataError(f"row {i}: expected {len(names)} cells, {_listed(names)}, got {len(row)}")
            cells = Cells(
                {name: [row[k] for row in rows] for k, name in enumerate(names)}, "row", range(1, len(rows) + 1)
            )
        lacking = [name for name in names if name not in cells.columns]
        if lacking:
            raise DataError(f"expected the columns {_listed(names)}, got no {_listed(lacking)}")
        extra = [name for name in cells.columns if name not in {*names, self.target, *self.ignored}]
        if extra:
            raise DataError(
                f"expected the columns {_listed(names)}, got {_listed(extra)} too: leave out what was not learnt from"
            )
        return cells

    # ---- files -------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, all of it or nothing; see `nn.files`."""
        target = {"name": self.target, "class_names": self.class_names}
        state = {
            "columns": [asdict(column) for column in self.columns],
            "mean": self.mean,
            "scale": self.scale,
            "target": target | {"mean": self.target_mean, "scale": self.target_scale},
            "ignored": self.ignored,
        }
        files.save(self.network, path, preprocessing=state, history=asdict(self.history))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        ModelFileError
            The file is damaged, or it holds no model of a table.
        """
        found = files.read(path)
        if not found.preprocessing:
            raise ModelFileError(f"{path}: expected a model of a table, got a bare network: nn.load reads it")
        try:
            return cls._from(found)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"{path}: expected the columns and the scaling of a table: {repr(error)[:300]}"
            ) from None

    @classmethod
    def _from(cls, found: files.ModelFile) -> Self:
        state = found.preprocessing
        target = state["target"]
        classes = target["class_names"]
        names = _texts([column["name"] for column in state["columns"]])
        categories = [column["categories"] for column in state["columns"]]
        (name,), (mean, scale) = _texts([target["name"]]), _floats([target["mean"], target["scale"]])
        return cls(
            found.model,
            [Column(n, None if c is None else _texts(c)) for n, c in zip(names, categories, strict=True)],
            _floats(state["mean"]),
            _floats(state["scale"]),
            name,
            None if classes is None else _texts(classes),
            mean,
            scale,
            _texts(state["ignored"]),
            _history(**found.history),
        )


@contextmanager
def _many_classes() -> Iterator[None]:
    """Let scikit-learn not doubt that a target of many values is one of classes: `nn.data` has decided so."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        yield


def _column(name: str, cells: Sequence[Cell]) -> Column:
    return Column(name, sorted({*map(str, cells)}) if any(isinstance(cell, str) for cell in cells) else None)


def _check_finite(what: str, numbers: Sequence[Sequence[float]], cells: Cells) -> None:
    for i, row in enumerate(numbers):
        strange = next((x for x in row if not math.isfinite(x)), None)
        if strange is not None:
            place = f"{cells.unit} {cells.numbers[i]}"
            raise DataError(
                f"{place}: expected a finite {what}, got {strange!r}: are its numbers like those trained on?"
            )


# ---- parts of a file -----------------------------------------------------------------------------------------


def _texts(items: object) -> list[str]:
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise TypeError(f"expected a list of texts, got {items!r}")
    return [*items]


def _floats(items: object) -> list[float]:
    if not isinstance(items, list) or not all(type(item) in (int, float) for item in items):
        raise TypeError(f"expected a list of numbers, got {items!r}")
    found = [*map(float, items)]
    if not all(map(math.isfinite, found)):
        raise ValueError(f"expected finite numbers, got {items!r}")
    return found


def _history(**parts: Any) -> History:
    """Return the history of a training that may have been."""
    history = History(**parts)
    losses, validation, rates = map(_floats, (history.loss, history.validation_loss, history.learning_rate))
    if len(validation) not in (0, len(losses)) or len(rates) != len(losses):
        raise ValueError(f"expected losses and rates of as many epochs, got {parts!r}")
    if type(history.best_epoch) is not int or not 0 <= history.best_epoch <= len(losses):
        raise ValueError(f"expected a best epoch of 0 to {len(losses)}, got {history.best_epoch!r}")
    return History(losses, validation, rates, history.best_epoch, *_texts([history.stopped]))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
