"""The training loop: forward, backward, step. Read it, then write your own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from nn.init import Generator, generator
from nn.losses import mean
from nn.optim import SGD


def train(
    model: Callable[[Any], Any],
    inputs: Sequence[Any],
    targets: Sequence[Any],
    *,
    loss: Callable[[Any, Any], Any],
    optimizer: SGD,
    epochs: int,
    batch_size: int | None = None,
    rng: int | Generator | None = None,
    on_epoch: Callable[[int, float], object] | None = None,
) -> list[float]:
    """Train a model by gradient descent.

    Parameters
    ----------
    model : callable
        Takes one of the inputs and returns what `loss` takes.
    inputs, targets : sequence, of equal length n, 1 or more
        The samples: ``targets[i]`` is what the model should say to ``inputs[i]``.
    loss : callable
        Takes the model's output and the target, and returns a Value.
    optimizer : SGD
        Holds the parameters and updates them.
    epochs : int
        How many times to go through all samples, 1 or more.
    batch_size : int, optional
        How many samples to find the gradient from. None is all of them: gradient descent, in the
        order given. A few is mini-batch SGD, and 1 is one-sample SGD: the gradient is rougher and
        costs less, so there are more steps. Batches are drawn anew in each epoch; the last one
        holds what is left.
    rng : None, int or random.Random
        What draws the batches; None is the module `random`, and an int is a seed.
    on_epoch : callable, optional
        Called after each epoch with its number, from 1, and its mean loss.

    Returns
    -------
    list of float, length epochs
        The mean loss over the samples of each epoch, each taken just before the step it led to.

    Raises
    ------
    FloatingPointError
        The loss is no longer finite. The parameters are those that made it so.

    Examples
    --------
    >>> from nn import MLP, half_squared_error
    >>> xor = {(0.0, 0.0): 0.0, (0.0, 1.0): 1.0, (1.0, 0.0): 1.0, (1.0, 1.0): 0.0}
    >>> model = MLP(2, [3, 1], activation="tanh", rng=1)
    >>> optimizer = SGD(model.parameters(), learning_rate=0.3)
    >>> history = train(model, list(xor), list(xor.values()), loss=half_squared_error,
    ...                 optimizer=optimizer, epochs=300, batch_size=1, rng=1)
    >>> [round(model(x).data) for x in xor]
    [0, 1, 1, 0]
    """
    n = len(inputs)
    if n != len(targets) or n == 0:
        raise ValueError(f"train: expected as many inputs as targets, got {n} and {len(targets)}")
    if epochs < 1:
        raise ValueError(f"train: expected epochs >= 1, got {epochs!r}")
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"train: expected batch_size >= 1 or None, got {batch_size!r}")
    source = generator(rng)
    order = list(range(n))
    size = n if batch_size is None else batch_size
    history = []
    for epoch in range(1, epochs + 1):
        if batch_size is not None:
            source.shuffle(order)
        total = 0.0
        for start in range(0, n, size):
            batch = order[start : start + size]
            optimizer.zero_grad()
            cost: Any = mean([loss(model(inputs[i]), targets[i]) for i in batch])
            if not math.isfinite(cost.data):
                raise FloatingPointError(
                    f"train: expected a finite loss, got {cost.data!r} in epoch {epoch}; "
                    f"try a learning rate smaller than {optimizer.learning_rate!r}"
                )
            cost.backward()
            optimizer.step()
            total += cost.data * len(batch)
        history.append(total / n)
        if on_epoch is not None:
            on_epoch(epoch, history[-1])
    return history
