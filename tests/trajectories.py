"""Training runs that we and PyTorch make alike: networks, data, settings, and our side of the comparison.

`tools/trajectories.py` makes PyTorch's side, and keeps it in `trajectories.json`, so that the tests need no PyTorch.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from nn import MLP, mean, schedules, train
from nn.activations import ACTIVATIONS
from nn.losses import LOSSES, l1_penalty, l2_penalty
from nn.optim import OPTIMIZERS

TOLERANCE = 1e-12
STEPS = 200
SAMPLES, INPUTS = 10, 3
HIDDEN = [4, 3]
SEED = 1
#: The learning rate where the usual one would let rounding errors grow, or bring losses near to 0.
CALM = 0.005


@dataclass(frozen=True)
class Case:
    """A training run."""

    name: str
    activation: str = "tanh"
    loss: str = "half_squared_error"
    optimizer: str = "sgd"
    options: dict[str, Any] = field(default_factory=dict)  # of the optimiser
    learning_rate: float = 0.02
    batch_size: int | None = 3  # the last batch of an epoch has one sample
    penalty: str = ""
    strength: float = 0.02  # of the penalty
    clip: float | None = None
    schedule: tuple[Any, ...] = ()  # the name of what makes it, and its arguments

    @property
    def sizes(self) -> list[int]:
        """The number of units in each layer, the inputs first."""
        return [INPUTS, *HIDDEN, 1 if self.loss in ("hinge", "binary_cross_entropy") else 3]

    @property
    def epochs(self) -> int:
        """How many epochs have 200 steps."""
        return STEPS // math.ceil(SAMPLES / (self.batch_size or SAMPLES))


class Trajectory(NamedTuple):
    """What happened in a training run."""

    losses: list[float]  # of each step, just before it, with the penalty
    weights: list[float]  # after the last step, as in `Module.parameter_vector`

    def deviation(self, expected: "Trajectory") -> tuple[float, float]:
        """Return how far it is off: the greatest relative error of a loss, and of the weights as one vector."""
        losses = max(
            abs(loss - right) / (abs(right) or math.ulp(0)) if loss != right else 0.0
            for loss, right in zip(self.losses, expected.losses, strict=True)
        )
        return losses, math.dist(self.weights, expected.weights) / math.hypot(*expected.weights)


def _optimizers() -> Iterator[Case]:
    """Yield every optimiser, with and without weight decay."""
    for case in (
        Case("SGD"),
        Case("momentum", options={"momentum": 0.9}, learning_rate=CALM),
        Case("Nesterov", options={"momentum": 0.9, "nesterov": True}, learning_rate=CALM),
        Case("Adam", optimizer="adam"),
        Case("Adam of other settings", optimizer="adam", options={"betas": (0.8, 0.95), "epsilon": 1e-4}),
    ):
        yield case
        yield replace(case, name=f"{case.name} with weight decay", options={**case.options, "weight_decay": 0.05})


CASES = {
    case.name: case
    for case in (
        *_optimizers(),
        Case("full batch", batch_size=None),
        Case("one sample", batch_size=1),
        *(Case(f"activation: {name}", activation=name) for name in ACTIVATIONS),
        *(Case(f"loss: {name}", loss=name, learning_rate=CALM if name == "hinge" else 0.02) for name in LOSSES),
        *(Case(f"{name} penalty", penalty=name) for name in ("L1", "L2")),
        Case("clipped always", clip=0.1),
        Case("clipped at times", clip=3.0),
        *(
            Case(f"schedule: {schedule[0]}", schedule=schedule)
            for schedule in (
                ("step_decay", 15, 0.5),
                ("exponential_decay", 0.95),
                ("inverse_decay", 0.1),
                ("cosine_decay", 50, 0.1),
                ("warm_up", 10),
            )
        ),
        Case(
            "all together",
            options={"momentum": 0.9, "nesterov": True, "weight_decay": 0.05},
            learning_rate=CALM,
            penalty="L1",
            clip=3.0,
            schedule=("exponential_decay", 0.95),
        ),
    )
}


def start(case: Case) -> list[float]:
    """Return the weights to begin with, biases too: in general position, so that no kink is hit."""
    rng = random.Random(SEED)
    count = sum((n_in + 1) * n_out for n_in, n_out in zip(case.sizes, case.sizes[1:], strict=False))
    return [rng.uniform(-1, 1) for _ in range(count)]


def data(case: Case) -> tuple[list[list[float]], list[Any]]:
    """Return inputs and targets: noise, so that no loss comes near to 0, where relative errors mean nothing."""
    rng = random.Random(SEED)
    inputs = [[rng.gauss(0, 1) for _ in range(INPUTS)] for _ in range(SAMPLES)]
    target: Callable[[], Any] = {
        "hinge": lambda: rng.choice([-1, 1]),
        "binary_cross_entropy": lambda: rng.choice([0.0, 0.25, 1.0]),
        "softmax_cross_entropy": lambda: rng.randrange(3),
    }.get(case.loss, lambda: [rng.gauss(0, 2) for _ in range(3)])
    return inputs, [target() for _ in inputs]


def batches(case: Case) -> Iterator[list[int]]:
    """Yield the samples of each step: shuffled in each epoch, in the order given if they are all in one batch."""
    rng = random.Random(SEED)
    for _ in range(case.epochs):
        order = list(range(SAMPLES))
        if case.batch_size:
            rng.shuffle(order)
        size = case.batch_size or SAMPLES
        yield from (order[first : first + size] for first in range(0, SAMPLES, size))


def ours(case: Case) -> Trajectory:
    """Train one of our networks by our training loop, and write down what happens."""
    losses: list[float] = []
    penalties: list[float] = []

    def recorded(function: Callable[..., Any], numbers: list[float]) -> Callable[..., Any]:
        def recording(*arguments: Any) -> Any:
            value = function(*arguments)
            numbers.append(value.data)
            return value

        return recording

    model = MLP(case.sizes[0], case.sizes[1:], activation=case.activation)
    model.load_vector(start(case))
    parameters = model.parameters()
    penalty = {"L1": l1_penalty, "L2": l2_penalty}.get(case.penalty)
    train(
        model,
        *data(case),
        loss=recorded(LOSSES[case.loss], losses),
        optimizer=OPTIMIZERS[case.optimizer](parameters, case.learning_rate, **case.options),
        epochs=case.epochs,
        batch_size=case.batch_size,
        rng=SEED,
        schedule=getattr(schedules, case.schedule[0])(*case.schedule[1:]) if case.schedule else None,
        penalty=recorded(lambda: penalty(parameters, case.strength), penalties) if penalty else None,
        clip=case.clip,
    )
    samples = iter(losses)
    costs = [mean([next(samples) for _ in batch]) for batch in batches(case)]
    if penalty:
        costs = [cost + number for cost, number in zip(costs, penalties, strict=True)]
    return Trajectory(costs, model.parameter_vector())
