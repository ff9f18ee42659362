"""Tasks: what turns the columns of a table into numbers to train on, and outputs into a score.

Networks learn fastest where all numbers are of about the same size, so columns are scaled to mean 0
and deviation 1. The scaling is found from the rows to train on alone; the rows to test on must not
be known before. Scaling and scores are scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nn.losses import half_squared_error, softmax_cross_entropy

_NEEDED_FOR_R2 = 2


class Scaler:
    """Scale columns to mean 0 and deviation 1.

    Parameters
    ----------
    rows : list of list of float
        What to find mean and deviation from.

    Attributes
    ----------
    state : dict
        The mean and the scale of each column, as lists: what a model file needs.
    """

    def __init__(self, rows: Sequence[Sequence[float]]) -> None:
        from sklearn.preprocessing import (  # type: ignore[import-untyped]  # noqa: PLC0415
            StandardScaler,
        )

        self._scaler = StandardScaler().fit(rows)
        self.state = {"mean": self._scaler.mean_.tolist(), "scale": self._scaler.scale_.tolist()}

    def scale(self, rows: Sequence[Sequence[float]]) -> list[list[float]]:
        """Return the rows scaled."""
        scaled: list[list[float]] = self._scaler.transform(rows).tolist()
        return scaled

    def unscale(self, rows: Sequence[Sequence[float]]) -> list[list[float]]:
        """Return scaled rows as they were."""
        unscaled: list[list[float]] = self._scaler.inverse_transform(rows).tolist()
        return unscaled


class Classification:
    """Tell classes apart: one logit for each, the largest wins.

    Parameters
    ----------
    class_names : list of str
        The classes, two or more.
    """

    loss: Callable[[Any, Any], Any] = staticmethod(softmax_cross_entropy)

    def __init__(self, class_names: list[str]) -> None:
        self.n_outputs = len(class_names)
        self.state: dict[str, Any] = {"class_names": class_names}

    def encode(self, targets: Sequence[float]) -> Sequence[float]:
        """Return the targets as the loss takes them."""
        return targets

    def score(self, outputs: Sequence[Any], targets: Sequence[float]) -> str:
        """Return the accuracy, in words."""
        from sklearn.metrics import accuracy_score  # type: ignore[import-untyped]  # noqa: PLC0415

        predicted = [max(range(len(logits)), key=logits.__getitem__) for logits in outputs]
        return f"accuracy {accuracy_score(targets, predicted):.4f}"


class Regression:
    """Predict a number, which is scaled while training.

    Parameters
    ----------
    targets : list of float
        The targets to train on.
    """

    loss: Callable[[Any, Any], Any] = staticmethod(half_squared_error)
    n_outputs = 1

    def __init__(self, targets: Sequence[float]) -> None:
        self._scaler = Scaler([[y] for y in targets])
        self.state: dict[str, Any] = {"target": self._scaler.state}

    def encode(self, targets: Sequence[float]) -> Sequence[float]:
        """Return the targets as the loss takes them."""
        return [y for (y,) in self._scaler.scale([[y] for y in targets])]

    def score(self, outputs: Sequence[Any], targets: Sequence[float]) -> str:
        """Return the error, in units of the target, and the part of its variance explained."""
        from sklearn.metrics import r2_score, root_mean_squared_error  # noqa: PLC0415

        predicted = [y for (y,) in self._scaler.unscale([[out.data] for out in outputs])]
        text = f"RMSE {root_mean_squared_error(targets, predicted):.4g}"
        if len(targets) >= _NEEDED_FOR_R2:
            text += f", R^2 {r2_score(targets, predicted):.4f}"
        return text


Task = Classification | Regression
