r"""Losses: how wrong the outputs are for one sample, as one number; and their mean over samples.

All of them work on Values, and on floats when only the number is wanted. A bare number is a vector
of one, so the single output of a network goes in as it comes out.

    >>> half_squared_error([0.5, 2.0], [1.0, 0.0])      # (0.5**2 + 2**2) / 2
    2.125
"""

from __future__ import annotations

import operator
from collections.abc import Iterable

from autograd import math
from nn._vectors import Scalar, Vector, as_list


def squared_error(outputs: Vector, targets: Vector) -> Scalar:
    r"""Return :math:`\sum_k (\hat y_k - y_k)^2`.

    Parameters
    ----------
    outputs, targets : sequence of float or Value, of equal length 1 or more
        What the network says, and what it should say.
    """
    return _squares("squared_error", outputs, targets)[0]


def half_squared_error(outputs: Vector, targets: Vector) -> Scalar:
    r"""Return :math:`\frac12 \sum_k (\hat y_k - y_k)^2`, whose derivatives are just the errors.

    Parameters
    ----------
    outputs, targets : sequence of float or Value, of equal length 1 or more
        What the network says, and what it should say.
    """
    return _squares("half_squared_error", outputs, targets)[0] / 2


def mean_squared_error(outputs: Vector, targets: Vector) -> Scalar:
    r"""Return :math:`\frac1n \sum_k (\hat y_k - y_k)^2`.

    Parameters
    ----------
    outputs, targets : sequence of float or Value, of equal length n, 1 or more
        What the network says, and what it should say.
    """
    total, n = _squares("mean_squared_error", outputs, targets)
    return total / n


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


def _squares(where: str, outputs: Vector, targets: Vector) -> tuple[Scalar, int]:
    """Return the sum of squared errors and the number of them."""
    out, wanted = as_list(outputs), as_list(targets)
    if len(out) != len(wanted) or not out:
        raise ValueError(f"{where}: expected as many outputs as targets, got {len(out)} and {len(wanted)}")
    errors = [o - t for o, t in zip(out, wanted, strict=True)]
    return math.dot(errors, errors), len(errors)


def _logits(where: str, logits: Vector) -> tuple[list[Scalar], int]:
    """Return the logits and the index of the largest."""
    z = as_list(logits)
    if len(z) < 2:
        raise ValueError(f"{where}: expected two logits or more, got {len(z)}")
    return z, max(range(len(z)), key=z.__getitem__)
