"""Learning-rate schedules: by what the learning rate is multiplied in each epoch, counted from 0.

A schedule is a function of the epoch, and so may yours be.

    >>> from nn import schedules
    >>> halved = schedules.step_decay(every=10, factor=0.5)
    >>> [halved(epoch) for epoch in (0, 9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]
"""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def step_decay(every: int, factor: float) -> Schedule:
    """Return a schedule that multiplies the rate by a factor, > 0, after every so many epochs."""
    if every < 1 or not factor > 0:
        raise ValueError(f"step_decay: expected every >= 1 and factor > 0, got {every!r} and {factor!r}")
    return lambda epoch: factor ** (epoch // every)


def exponential_decay(factor: float) -> Schedule:
    """Return a schedule that multiplies the rate by a factor, > 0, after each epoch."""
    return step_decay(1, factor)


def inverse_decay(rate: float) -> Schedule:
    """Return the schedule 1 / (1 + rate * epoch): its sum diverges, that of its squares does not."""
    if not rate >= 0:
        raise ValueError(f"inverse_decay: expected a rate >= 0, got {rate!r}")
    return lambda epoch: 1 / (1 + rate * epoch)


def cosine_decay(epochs: int, least: float = 0.0) -> Schedule:
    """Return half a wave of the cosine, from 1 down to `least` at the epoch `epochs`, and `least` from there on.

    Source: Loshchilov and Hutter, SGDR: Stochastic gradient descent with warm restarts, ICLR 2017.
    """
    if epochs < 1 or not 0 <= least <= 1:
        raise ValueError(f"cosine_decay: expected epochs >= 1 and least from 0 to 1, got {epochs!r} and {least!r}")
    return lambda epoch: least + (1 - least) * (1 + math.cos(math.pi * min(epoch, epochs) / epochs)) / 2


def warm_up(epochs: int, then: Schedule = lambda epoch: 1.0) -> Schedule:
    """Return a schedule that rises to 1 over the first epochs, and goes on with another one."""
    if epochs < 1:
        raise ValueError(f"warm_up: expected epochs >= 1, got {epochs!r}")
    return lambda epoch: (epoch + 1) / (epochs + 1) if epoch < epochs else then(epoch - epochs)


#: The schedules that a word can stand for, given how many epochs there are.
SCHEDULES: dict[str, Callable[[int], Schedule]] = {
    "constant": lambda epochs: lambda epoch: 1.0,
    "cosine": cosine_decay,
}
