"""SGD: step downhill, against the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterable

from autograd import Value


class SGD:
    r"""Stochastic gradient descent, :math:`w \leftarrow w - \eta \, \partial J / \partial w`.

    What makes it stochastic is the caller, who finds the gradient from a few samples only.

    Parameters
    ----------
    parameters : iterable of Value
        The leaves to update. One that is listed twice is updated once.
    learning_rate : float, > 0 and finite
        The factor :math:`\eta`. It can be assigned between steps.

    Examples
    --------
    >>> w = Value(3.0)
    >>> optimizer = SGD([w], learning_rate=0.1)
    >>> for _ in range(50):
    ...     optimizer.zero_grad()
    ...     ((w - 1) ** 2).backward()
    ...     optimizer.step()
    >>> print(f"{w.data:.4f}")
    1.0000
    """

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        # Without repeats, as a shared parameter has one gradient, which holds all its uses.
        self.parameters = list(dict.fromkeys(parameters))
        if not self.parameters:
            raise ValueError("SGD: expected one parameter or more, got none")
        if not 0 < learning_rate < math.inf:
            raise ValueError(f"SGD: expected a finite learning_rate > 0, got {learning_rate!r}")
        self.learning_rate = learning_rate

    def zero_grad(self) -> None:
        """Set every gradient to zero, as the next sweep adds to it."""
        for parameter in self.parameters:
            parameter.zero_grad()

    def step(self) -> None:
        """Move every parameter against its gradient."""
        for parameter in self.parameters:
            parameter.data -= self.learning_rate * parameter.grad
