r"""Losses: how wrong the outputs are for one sample, as one number; and their mean over samples.

All of them work on Values, and on floats when only the number is wanted. A bare number is a vector
of one, so the single output of a network goes in as it comes out.

    >>> half_squared_error([0.5, 2.0], [1.0, 0.0])      # (0.5**2 + 2**2) / 2
    2.125
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from autograd import Value, math
from nn._vectors import Scalar, Vector, as_list


def squared_error(outputs: Vector, targets: Vector) -> Scalar:
    r"""Return :math:`\sum_k (\hat y_k - y_k)^2`.

    Parameters
    ----------
    outputs, targets : sequence of float or Value, of equal length 1 or more
        What the network says, and what it should say.
    """
    errors = _errors("squared_error", outputs, targets)
    return math.dot(errors, errors)


def half_squared_error(outputs: Vector, targets: Vector) -> Scalar:
    r"""Return :math:`\frac12 \sum_k (\hat y_k - y_k)^2`, whose derivatives are just the errors.

    Parameters
    ----------
    outputs, targets : sequence of float or Value, of equal length 1 or more
        What the network says, and what it should say.
    """
    errors = _errors("half_squared_error", outputs, targets)
    return math.dot(errors, errors) / 2


def mean_squared_error(outputs: Vector, targets: Vector) -> Scalar:
    r"""Return :math:`\frac1n \sum_k (\hat y_k - y_k)^2`.

    Parameters
    ----------
    outputs, targets : sequence of float or Value, of equal length n, 1 or more
        What the network says, and what it should say.
    """
    errors = _errors("mean_squared_error", outputs, targets)
    return math.dot(errors, errors) / len(errors)


def mean_absolute_error(outputs: Vector, targets: Vector) -> Scalar:
    r"""Return :math:`\frac1n \sum_k |\hat y_k - y_k|`, which outliers pull at no more than others.

    Parameters
    ----------
    outputs, targets : sequence of float or Value, of equal length n, 1 or more
        What the network says, and what it should say.
    """
    errors = _errors("mean_absolute_error", outputs, targets)
    return math.sum([abs(e) for e in errors]) / len(errors)


def huber(outputs: Vector, targets: Vector, delta: float = 1.0) -> Scalar:
    r"""Return the mean of :math:`\frac12 e^2` for errors within delta, of :math:`\delta(|e| - \frac12\delta)` beyond.

    Parameters
    ----------
    outputs, targets : sequence of float or Value, of equal length, 1 or more
        What the network says, and what it should say.
    delta : float, > 0
        From where on errors count by their size rather than by their square.

    Notes
    -----
    Source: Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35, 1964.
    """
    if not delta > 0:
        raise ValueError(f"huber: expected delta > 0, got {delta!r}")
    errors = _errors("huber", outputs, targets)
    return math.sum([e * e / 2 if abs(e) <= delta else delta * (abs(e) - delta / 2) for e in errors]) / len(errors)


def hinge(outputs: Vector, label: float) -> Scalar:
    r"""Return :math:`\max(0, 1 - y z)`: zero once the output z is on the side of the label y, and by 1 or more.

    Parameters
    ----------
    outputs : float or Value, or a sequence of one
        The score z.
    label : {-1, 1}
        The class y.
    """
    (z,) = _single("hinge", outputs)
    if label not in (-1, 1):
        raise ValueError(f"hinge: expected a label of -1 or 1, got {label!r}")
    loss: Scalar = math.relu(1 - label * z)
    return loss


def binary_cross_entropy(outputs: Vector, label: float) -> Scalar:
    r"""Return :math:`-y \log p - (1 - y) \log(1 - p)` for :math:`p = 1 / (1 + e^{-z})`, given the logit z.

    Parameters
    ----------
    outputs : float or Value, or a sequence of one
        The logit z, finite.
    label : float, 0 to 1
        The probability y of class 1: mostly 0 or 1.

    Notes
    -----
    Computed as :math:`y\, s(-z) + (1 - y)\, s(z)` with softplus s, where nothing overflows or cancels.
    """
    (z,) = _single("binary_cross_entropy", outputs)
    if not 0 <= label <= 1:
        raise ValueError(f"binary_cross_entropy: expected a label from 0 to 1, got {label!r}")
    if label in (0, 1):
        certain: Scalar = math.softplus(-z if label else z)
        return certain
    return label * math.softplus(-z) + (1 - label) * math.softplus(z)


def softmax(logits: Vector) -> list[Scalar]:
    r"""Return the probabilities :math:`p_k = e^{z_k} / \sum_j e^{z_j}`.

    Parameters
    ----------
    logits : sequence of float or Value, length 2 or more
        The scores z of the classes, each finite.

    Returns
    -------
    list of float or Value, of the same length
        They sum up to 1.

    Examples
    --------
    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    z, _ = _logits("softmax", logits)
    probabilities: list[Scalar] = math.softmax(z)
    return probabilities


def softmax_cross_entropy(logits: Vector, label: int) -> Scalar:
    r"""Return :math:`-\log p_{label}` for the probabilities of `softmax`.

    Parameters
    ----------
    logits : sequence of float or Value, length n, 2 or more
        The scores z of the classes, each finite.
    label : int
        The index of the true class, 0 to n - 1.

    Notes
    -----
    With m the class of the largest logit, it is computed as
    :math:`(z_m - z_{label}) + \log(1 + \sum_{j \ne m} e^{z_j - z_m})`. Nothing overflows, as no
    exponent is positive. Nothing cancels, as both terms are 0 or more and `log1p` sees the small
    probabilities alone: a loss of 1e-300 is found to all its digits, and so is its gradient.
    About 2 n nodes.

    Examples
    --------
    >>> print(f"{softmax_cross_entropy([50.0, 0.0], 0):.15e}")      # log(1 + exp(-50))
    1.928749847963918e-22
    """
    z, top = _logits("softmax_cross_entropy", logits)
    label = operator.index(label)
    if not 0 <= label < len(z):
        raise ValueError(f"softmax_cross_entropy: expected a label from 0 to {len(z) - 1}, got {label}")
    rest = math.log1p(math.sum([math.exp(z[k] - z[top]) for k in range(len(z)) if k != top]))
    return rest if label == top else (z[top] - z[label]) + rest


def mean(losses: Iterable[Scalar]) -> Scalar:
    r"""Return :math:`\frac1n \sum_i J_i`, the cost of n samples, of which there is one or more."""
    average: Scalar = math.mean(losses)
    return average


def l1_penalty(parameters: Iterable[Value], strength: float) -> Value:
    r"""Return :math:`\lambda \sum |w|`, to be added to a cost: it pulls weights that do not help to just 0."""
    return strength * math.sum([abs(w) for w in parameters])


def l2_penalty(parameters: Iterable[Value], strength: float) -> Value:
    r"""Return :math:`\frac\lambda2 \sum w^2`, to be added to a cost: it keeps weights small."""
    weights = [*parameters]
    return strength / 2 * math.dot(weights, weights)


#: The losses of one sample by name: what each takes is the network's output and the target.
LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    loss.__name__: loss
    for loss in (
        half_squared_error,
        squared_error,
        mean_squared_error,
        mean_absolute_error,
        huber,
        hinge,
        binary_cross_entropy,
        softmax_cross_entropy,
    )
}


def _errors(where: str, outputs: Vector, targets: Vector) -> list[Value]:
    """Return how far each output is off; of floats these are floats, which have the same operators."""
    out, wanted = as_list(outputs), as_list(targets)
    if len(out) != len(wanted) or not out:
        raise ValueError(f"{where}: expected as many outputs as targets, got {len(out)} and {len(wanted)}")
    errors: list[Any] = [o - t for o, t in zip(out, wanted, strict=True)]
    return errors


def _single(where: str, outputs: Vector) -> list[Value]:
    """Return the single output as a list of one."""
    out: list[Any] = as_list(outputs)
    if len(out) != 1:
        raise ValueError(f"{where}: expected a single output, got {len(out)}")
    return out


def _logits(where: str, logits: Vector) -> tuple[list[Scalar], int]:
    """Return the logits and the index of the largest."""
    z = as_list(logits)
    if len(z) < 2:
        raise ValueError(f"{where}: expected two logits or more, got {len(z)}")
    return z, max(range(len(z)), key=z.__getitem__)
