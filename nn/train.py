"""The training loop: forward, backward, step. Read it, then write your own."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from autograd import Value, diagnose, ieee, no_grad
from nn import checkpoints
from nn.init import Generator, generator
from nn.losses import mean
from nn.optim import Optimizer, clip_gradients
from nn.schedules import Schedule


@dataclass
class History:
    """What happened in each epoch.

    Attributes
    ----------
    loss : list of float
        The mean loss over the samples, each taken just before the step it led to; penalties are left out.
    validation_loss : list of float
        The mean loss over the samples held out, after the epoch; empty where there are none.
    learning_rate : list of float
        The length of steps.
    best_epoch : int
        The epoch, counted from 1, with the least validation loss, or loss where there is no validation; 0 before
        the first.
    stopped : str
        Why training ended: "all epochs", "patience", "callback", or "" while it goes on.
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    best_epoch: int = 0
    stopped: str = ""

    @property
    def epochs(self) -> int:
        """How many epochs are over."""
        return len(self.loss)

    @property
    def monitored(self) -> list[float]:
        """The losses that tell which epoch is best: those of validation, if there are any."""
        return self.validation_loss or self.loss


def train(
    model: Callable[[Any], Any],
    inputs: Sequence[Any],
    targets: Sequence[Any],
    *,
    loss: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    rng: int | Generator | None = None,
    schedule: Schedule | None = None,
    penalty: Callable[[], Any] | None = None,
    clip: float | None = None,
    validation: tuple[Sequence[Any], Sequence[Any]] | None = None,
    patience: int | None = None,
    callbacks: Iterable[Callable[[History], object]] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
) -> History:
    """Train a model by gradient descent.

    Parameters
    ----------
    model : callable
        Takes one of the inputs and returns what `loss` takes.
    inputs, targets : sequence, of equal length n, 1 or more
        The samples: ``targets[i]`` is what the model should say to ``inputs[i]``.
    loss : callable
        Takes the model's output and the target, and returns a Value.
    optimizer : Optimizer
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
    schedule : callable, optional
        Takes the epoch, from 0, and returns the factor of the learning rate in it; see `nn.schedules`.
    penalty : callable, optional
        Returns what is added to the cost of each batch, such as an `l2_penalty` of the parameters.
    clip : float, optional
        The greatest length of the gradient; see `clip_gradients`.
    validation : (inputs, targets), optional
        Samples to judge by, never to learn from.
    patience : int, optional
        Stop after so many epochs without a better one, and take the best epoch's parameters. Better is a smaller
        validation loss. Where there is no validation it is a smaller loss: of all samples at once, and then the
        parameters are those before the step; or the mean over the batches, while they changed.
    callbacks : iterable of callable
        Each is called after each epoch with the `History` so far; what it returns, if true, stops the training.
    checkpoint : path, optional
        Where to write all that is needed to go on, after each epoch.
    resume : bool
        Go on from the checkpoint: the result is what it had been without the break, to the last bit. Samples, batch
        size, loss and optimizer must be the same; the learning rate is that of the checkpoint.

    Returns
    -------
    History
        The losses, and why it ended.

    Raises
    ------
    CheckpointError
        There is no checkpoint to resume from, it is damaged, or it is one of another training.
    FloatingPointError
        The loss is no longer finite: the text names the first node that is not, and a learning rate to try. After
        this and any other exception, an interrupt too, the parameters are those of the best epoch so far.

    Examples
    --------
    >>> from nn import MLP, SGD, half_squared_error
    >>> xor = {(0.0, 0.0): 0.0, (0.0, 1.0): 1.0, (1.0, 0.0): 1.0, (1.0, 1.0): 0.0}
    >>> model = MLP(2, [3, 1], activation="tanh", rng=1)
    >>> optimizer = SGD(model.parameters(), learning_rate=0.3)
    >>> history = train(model, list(xor), list(xor.values()), loss=half_squared_error,
    ...                 optimizer=optimizer, epochs=300, batch_size=1, rng=1)
    >>> history.epochs, [round(model(x).data) for x in xor]
    (300, [0, 1, 1, 0])
    """
    n = len(inputs)
    if n != len(targets) or n == 0:
        raise ValueError(f"train: expected as many inputs as targets, got {n} and {len(targets)}")
    for name, number in (("epochs", epochs), ("batch_size", batch_size), ("patience", patience)):
        if number is not None and (not hasattr(number, "__index__") or number < 1):
            raise ValueError(f"train: expected {name} to be a whole number of 1 or more, got {number!r}")
    if resume and checkpoint is None:
        raise ValueError("train: expected a checkpoint to resume from, got none")
    run = _Run(model, loss, optimizer, penalty, clip)
    run.source, history = generator(rng), run.history
    setting = {"batch_size": batch_size, "optimizer": repr(optimizer), "loss": getattr(loss, "__name__", repr(loss))}
    if checkpoint is not None:
        setting |= {"samples": checkpoints.digest(inputs, targets), "validation": checkpoints.digest(*validation or ())}
    if resume:
        run.load_state_dict(checkpoints.read(checkpoint, setting))
    rate = optimizer.learning_rate
    try:
        while not history.stopped:
            if history.epochs >= epochs:
                history.stopped = "all epochs"
            elif patience is not None and history.epochs - history.best_epoch >= patience:
                history.stopped = "patience"
            else:
                factor = schedule(history.epochs) if schedule else 1.0
                if not 0 <= factor < math.inf:
                    raise ValueError(f"train: expected a schedule to return a finite factor >= 0, got {factor!r}")
                optimizer.learning_rate = rate * factor
                before = run.parameters()
                batches = _batches(n, batch_size, run.source)
                total = math.fsum(len(batch) * run.step(inputs, targets, batch) for batch in batches)
                # The loss of all samples at once is that of the parameters before the step, and tells of no others.
                run.end_of_epoch(total / n, validation, before if batch_size is None and validation is None else None)
                optimizer.learning_rate = rate
                if checkpoint is not None:
                    checkpoints.write(checkpoint, setting, run.state_dict())
                answers = [callback(history) for callback in callbacks]  # all are called, whatever the first says
                if any(answers):
                    history.stopped = "callback"
        if patience is not None:
            run.put_best()
    except BaseException:
        run.put_best()
        raise
    finally:
        optimizer.learning_rate = rate
    return history


class _Run:
    """A training under way: everything that changes in it."""

    source: Generator

    def __init__(
        self,
        model: Callable[[Any], Any],
        loss: Callable[[Any, Any], Any],
        optimizer: Optimizer,
        penalty: Callable[[], Any] | None,
        clip: float | None,
    ) -> None:
        self.model, self.loss, self.optimizer, self.penalty, self.clip = model, loss, optimizer, penalty, clip
        self.history = History()
        self.best = self.parameters()

    def parameters(self) -> list[float]:
        """Return the numbers of all parameters."""
        return [parameter.data for parameter in self.optimizer.parameters]

    def step(self, inputs: Sequence[Any], targets: Sequence[Any], batch: Sequence[int]) -> float:
        """Make one step by the gradient of a batch, and return its mean loss before."""
        self.optimizer.zero_grad()
        loss = self.finite(lambda: mean([self.loss(self.model(inputs[i]), targets[i]) for i in batch]))
        penalty = self.penalty
        cost = loss if penalty is None else self.finite(lambda: loss + penalty())
        cost.backward()
        if self.clip is not None:
            clip_gradients(self.optimizer.parameters, self.clip)
        self.optimizer.step()
        number: float = loss.data
        return number

    def end_of_epoch(
        self,
        loss: float,
        validation: tuple[Sequence[Any], Sequence[Any]] | None,
        parameters: list[float] | None,
    ) -> None:
        """Add an epoch to the history, and remember the parameters that the loss is of, if it is the best."""
        if not all(map(math.isfinite, self.parameters())):
            raise self.diverged("expected finite parameters, got others")
        judged = [] if validation is None else [self.validate(*validation)]
        history = self.history
        history.validation_loss += judged
        history.learning_rate.append(self.optimizer.learning_rate)
        history.loss.append(loss)
        if not history.best_epoch or history.monitored[-1] < history.monitored[history.best_epoch - 1]:
            self.best = self.parameters() if parameters is None else parameters
            history.best_epoch = history.epochs

    def validate(self, inputs: Sequence[Any], targets: Sequence[Any]) -> float:
        """Return the mean loss over samples, without recording graphs."""

        def cost() -> Any:
            return mean([self.loss(self.model(x), target) for x, target in zip(inputs, targets, strict=True)])

        try:
            with no_grad():
                found = float(getattr(cost(), "data", math.nan))
        except (ArithmeticError, ValueError):
            found = math.nan
        return found if math.isfinite(found) else float(self.finite(cost).data)

    def put_best(self) -> None:
        """Give the parameters the numbers of the best epoch."""
        for parameter, number in zip(self.optimizer.parameters, self.best, strict=True):
            parameter.data = number

    def finite(self, cost: Callable[[], Any]) -> Any:
        """Return a Value, or raise an error that says where it ceased to be finite, and what to try."""
        try:
            found = cost()
        except (ArithmeticError, ValueError):  # a result that no float can hold, or a mistake of another kind
            with ieee():
                found = cost()
        if not isinstance(found, Value):
            raise TypeError(f"train: expected the loss to return a Value, which depends on the outputs, got {found!r}")
        if math.isfinite(found.data):
            return found
        with ieee():
            where = str(diagnose(cost())).splitlines()[0].removeprefix("values: ")
        raise self.diverged(f"expected a finite loss, got {found.data!r}", f": {where}")

    def diverged(self, what: str, where: str = "") -> FloatingPointError:
        """Return the error that says at which step a number ceased to be finite, and what to try."""
        rate, step = self.optimizer.learning_rate, self.optimizer.steps + 1
        cure = f"the learning rate {rate:g} may be too large: try {rate / 10:g}"
        return FloatingPointError(f"train: {what} at step {step} (epoch {self.history.epochs + 1}){where}; {cure}")

    # ---- checkpoints -------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes, as JSON can hold it."""
        return {
            "parameters": self.parameters(),
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "generator": checkpoints.state_of(self.source),
            "history": asdict(self.history),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`."""
        for parameter, number in zip(self.optimizer.parameters, state["parameters"], strict=True):
            parameter.data = number
        self.best = state["best"]
        self.optimizer.load_state_dict(state["optimizer"])
        checkpoints.restore(self.source, state["generator"])
        vars(self.history).update(state["history"], stopped="")


def _batches(n: int, size: int | None, source: Generator) -> Iterator[list[int]]:
    """Yield the indices of the samples of each batch of an epoch."""
    order = list(range(n))
    if size is None:
        yield order
        return
    source.shuffle(order)
    for start in range(0, n, size):
        yield order[start : start + size]
