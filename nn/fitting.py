"""Learner: fit, predict and score, for whoever wants the result rather than the loop.

Everything here is a few lines around `nn.train`. Inputs and targets are lists, NumPy arrays or pandas frames;
what comes back is lists of plain numbers.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any

from autograd import math as ad_math
from autograd import no_grad
from nn._vectors import as_list
from nn._words import known
from nn.init import Generator, generator
from nn.losses import LOSSES, l1_penalty, l2_penalty, softmax
from nn.module import Module
from nn.optim import OPTIMIZERS, Optimizer
from nn.schedules import SCHEDULES, Schedule
from nn.train import History, train

#: What a step is long by default.
LEARNING_RATES = {"sgd": 0.1, "adam": 0.01}

#: What the outputs of a network that was trained with a loss predict; outputs predict themselves otherwise.
_DECISIONS: dict[object, Callable[[list[float]], Any]] = {
    "softmax_cross_entropy": lambda out: max(range(len(out)), key=out.__getitem__),
    "binary_cross_entropy": lambda out: int(out[0] > 0),
    "hinge": lambda out: 1 if out[0] > 0 else -1,
}


def _itself(out: list[float]) -> Any:
    return out if len(out) > 1 else out[0]


class Learner(Module):
    """A network that takes rows of numbers, with the practical methods.

    Attributes
    ----------
    loss : str, callable or None
        The loss of the last `fit`, by name if it has one: it decides what outputs mean.
    """

    loss: str | Callable[[Any, Any], Any] | None = None

    @property
    def nin(self) -> int:
        """The number of inputs."""
        raise NotImplementedError

    @property
    def nout(self) -> int:
        """The number of outputs."""
        raise NotImplementedError

    def __call__(self, x: Any) -> Any:
        """Return the outputs for one row of inputs."""
        raise NotImplementedError

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        loss: str | Callable[[Any, Any], Any] = "mean_squared_error",
        optimizer: str | Optimizer = "adam",
        learning_rate: float | None = None,
        epochs: int = 100,
        batch_size: int | None = 16,
        validation: float | tuple[Any, Any] | None = None,
        patience: int | None = None,
        schedule: str | Schedule = "constant",
        l1: float = 0.0,
        l2: float = 0.0,
        clip: float | None = None,
        rng: int | Generator | None = None,
        callbacks: Iterable[Callable[[History], object]] = (),
        progress: bool | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> History:
        """Train on rows of numbers.

        Parameters
        ----------
        X : list, array or frame of n rows, n >= 1
            The inputs, each finite. Of one input, bare numbers will do.
        y : list, array or series of length n
            The targets: numbers or rows of numbers; or class labels, as the loss takes them.
        loss : str or callable
            A name in `nn.losses`, or any function of the outputs and the target that returns a Value.
        optimizer : "adam", "sgd" or Optimizer
            An Optimizer brings its learning rate, and goes on from where it is.
        learning_rate : float, optional
            The length of a step. By default 0.01 for "adam" and 0.1 for "sgd".
        epochs, patience, clip, callbacks, checkpoint, resume
            As in `nn.train`.
        batch_size : int or None
            The number of rows of a step; 1 is one-sample SGD, None is all rows: gradient descent.
        validation : float or (X, y), optional
            The rows to judge by: a part of the rows, drawn at random and held out, or others.
        schedule : "constant", "cosine" or callable
            How the learning rate changes; see `nn.schedules`.
        l1, l2 : float
            Strengths of penalties on the parameters, see `nn.losses`.
        rng : None, int or random.Random
            What draws validation rows and batches: with a seed, training repeats to the last bit.
        progress : bool, optional
            Whether to show a progress bar on stderr; by default if that is a terminal and tqdm is installed.

        Returns
        -------
        History
            The losses of each epoch.

        Raises
        ------
        ValueError, TypeError
            The data, or an option, is not what it should be; the text names the row.
        FloatingPointError
            The loss ceased to be finite; see `nn.train`.

        Examples
        --------
        >>> from nn import MLP
        >>> model = MLP(1, [8, 1], activation="tanh", rng=0)
        >>> X = [i / 10 for i in range(40)]
        >>> history = model.fit(X, [x * x for x in X], epochs=200, rng=0)
        >>> model.score(X, [x * x for x in X]) > 0.99
        True
        """
        function = loss if callable(loss) else LOSSES[known("fit", "a loss", loss, LOSSES)]
        name_of_loss = next((name for name, other in LOSSES.items() if other is function), None)
        rows, targets = self._samples("fit", X, y, name_of_loss)
        source = generator(rng)
        judge = None
        if isinstance(validation, tuple | list):
            judge = self._samples("fit: validation", *validation, name_of_loss)
        elif validation is not None:
            labels = targets if name_of_loss in _DECISIONS else None
            rows, targets, judge = _held_out(rows, targets, validation, source, labels)
        parameters = self.parameters()
        if isinstance(optimizer, str):
            name = known("fit", "an optimizer", optimizer, OPTIMIZERS)
            rate = LEARNING_RATES[name] if learning_rate is None else learning_rate
            optimizer = OPTIMIZERS[name](parameters, rate)
        elif not isinstance(optimizer, Optimizer):
            raise TypeError(f"fit: expected the name of an optimizer, or an Optimizer, got {optimizer!r}")
        elif learning_rate is not None:
            raise ValueError("fit: expected the learning rate in the optimizer, got another one beside it")
        elif not {*parameters} & {*optimizer.parameters}:
            raise ValueError("fit: expected an optimizer of parameters of this network, got one of others")
        if isinstance(schedule, str):
            schedule = SCHEDULES[known("fit", "a schedule", schedule, SCHEDULES)](epochs)
        for name, strength in (("l1", l1), ("l2", l2)):
            if not 0 <= strength < math.inf:
                raise ValueError(f"fit: expected a finite {name} >= 0, got {strength!r}")

        def penalty() -> Any:
            parts = [(l1_penalty, l1), (l2_penalty, l2)]
            return ad_math.sum([part(parameters, strength) for part, strength in parts if strength])

        self.loss = name_of_loss or loss
        with _progress(epochs, progress) as show:
            return train(
                self,
                rows,
                targets,
                loss=function,
                optimizer=optimizer,
                epochs=epochs,
                batch_size=batch_size,
                rng=source,
                schedule=schedule,
                penalty=penalty if l1 or l2 else None,
                clip=clip,
                validation=judge,
                patience=patience,
                callbacks=[show, *callbacks],
                checkpoint=checkpoint,
                resume=resume,
            )

    # ---- what it says ------------------------------------------------------------------------------------

    def outputs(self, X: Any) -> list[list[float]]:
        """Return the outputs for each row, as numbers; nothing is recorded."""
        with no_grad():
            out: list[list[Any]] = [as_list(self(row)) for row in self._rows("outputs", X)]
        return [[number.data for number in row] for row in out]

    def predict(self, X: Any) -> list[Any]:
        """Return what the network predicts for each row.

        After a `fit` with a loss of classes these are labels, as that loss takes them. Otherwise they are the
        outputs: a number for each row where there is one output, else a list.
        """
        decide = _DECISIONS.get(self.loss, _itself)
        return [decide(out) for out in self.outputs(X)]

    def predict_proba(self, X: Any) -> list[list[float]]:
        """Return the probability of each class for each row, after a `fit` with a cross-entropy."""
        if self.loss == "softmax_cross_entropy":
            return [softmax(out) for out in self.outputs(X)]  # type: ignore[misc]  # floats in, floats out
        if self.loss == "binary_cross_entropy":
            return [[ad_math.sigmoid(-z), ad_math.sigmoid(z)] for (z,) in self.outputs(X)]
        raise ValueError(f"predict_proba: expected a network that was fitted with a cross-entropy, got {self.loss!r}")

    def score(self, X: Any, y: Any) -> float:
        """Return how good predictions are: the accuracy of labels, or else R^2, the part of the variance explained."""
        loss = self.loss if isinstance(self.loss, str) else None
        rows, targets = self._samples("score", X, y, loss)
        predicted = self.predict(rows)
        if self.loss in _DECISIONS:
            return sum(bool(p == t) for p, t in zip(predicted, targets, strict=True)) / len(targets)
        found, wanted = [as_list(p) for p in predicted], [as_list(t) for t in targets]
        for i, t in enumerate(wanted):
            if len(t) != self.nout:
                raise ValueError(f"score: y[{i}]: expected {self.nout} numbers, got {len(t)}")
        columns = list(zip(zip(*found, strict=True), zip(*wanted, strict=True), strict=True))
        return math.fsum(_r_squared(*column) for column in columns) / len(columns)

    def _samples(self, where: str, X: Any, y: Any, loss: str | None) -> tuple[list[list[float]], list[Any]]:
        """Return rows, and targets as a loss takes them; of a loss of one's own they are left as they are."""
        rows, targets = self._rows(where, X), _targets(y)
        if len(rows) != len(targets) or not rows:
            counts = f"{len(rows)} and {len(targets)}"
            raise ValueError(f"{where}: expected as many rows as targets, and one or more, got {counts}")
        if loss == "softmax_cross_entropy":
            return rows, [_label(f"{where}: y[{i}]", t, self.nout) for i, t in enumerate(targets)]
        if loss is not None:
            targets = [
                [_number(f"{where}: y[{i}]", x) for x in t] if isinstance(t, list) else _number(f"{where}: y[{i}]", t)
                for i, t in enumerate(targets)
            ]
        return rows, targets

    def _rows(self, where: str, X: Any) -> list[list[float]]:
        rows = []
        for i, row in enumerate(map(as_list, _plain(X))):
            if len(row) != self.nin:
                raise ValueError(f"{where}: X[{i}]: expected {self.nin} inputs, got {len(row)}")
            rows.append([_number(f"{where}: X[{i}][{k}]", x) for k, x in enumerate(row)])
        return rows


def _number(where: str, x: Any) -> float:
    if not (isinstance(x, Real) and math.isfinite(x)):
        raise ValueError(f"{where}: expected a finite number, got {x!r}")
    return float(x)


def _label(where: str, target: Any, n: int) -> int:
    """Return the index of a class, which may be a float, as in a column of pandas'."""
    number = float(target) if isinstance(target, Real) else math.nan
    if not (number.is_integer() and 0 <= number < n):
        raise ValueError(f"{where}: expected a label, a whole number from 0 to {n - 1}, got {target!r}")
    return int(number)


def _plain(numbers: Any) -> list[Any]:
    """Return a list, an array or a frame as a list."""
    for convert in ("to_numpy", "tolist"):
        numbers = getattr(numbers, convert, lambda numbers=numbers: numbers)()
    return list(numbers)


def _targets(y: Any) -> list[Any]:
    return [row[0] if isinstance(row, list) and len(row) == 1 else row for row in _plain(y)]


def _held_out(
    rows: list[Any], targets: list[Any], part: float, source: Generator, labels: list[Any] | None
) -> tuple[Any, Any, Any]:
    """Return the rows and targets to learn from, and those to judge by; of each label one row at least is kept."""
    n = len(rows)
    count = math.ceil(part * n)
    if not 0 < part < 1 or count == n:
        raise ValueError(f"fit: expected validation to be a part of the rows, above 0 and below 1, got {part!r} of {n}")
    order = list(range(n))
    source.shuffle(order)
    left = Counter(labels)
    held: list[int] = []
    for i in order:
        if len(held) < count and (labels is None or left[labels[i]] > 1):
            held.append(i)
            left.subtract(labels and [labels[i]])
    if not held:
        cure = "validation=None (on the command line --validation 0) learns from all rows"
        raise ValueError(f"fit: expected rows to hold out for validation, got {n} of as many classes; {cure}")
    held.sort()
    kept = sorted({*order} - {*held})
    judge = [rows[i] for i in held], [targets[i] for i in held]
    return [rows[i] for i in kept], [targets[i] for i in kept], judge


def _r_squared(predicted: Sequence[float], targets: Sequence[float]) -> float:
    mean = math.fsum(targets) / len(targets)
    total = math.fsum((t - mean) ** 2 for t in targets)
    rest = math.fsum((t - p) ** 2 for p, t in zip(predicted, targets, strict=True))
    return 1 - rest / total if total else float(rest == 0.0)


@contextmanager
def _progress(epochs: int, wanted: bool | None) -> Iterator[Callable[[History], None]]:
    """Show a progress bar; what is yielded moves it on."""
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]  # noqa: PLC0415  (an extra)
    except ModuleNotFoundError:
        if wanted:
            raise
        wanted = False
    if wanted is False:
        yield lambda history: None
        return
    with tqdm(total=epochs, desc="training", unit="epoch", disable=None if wanted is None else False) as bar:

        def show(history: History) -> None:
            bar.set_postfix(loss=f"{history.monitored[-1]:.4g}", refresh=False)
            bar.update(history.epochs - bar.n)

        yield show
