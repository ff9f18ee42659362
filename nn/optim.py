"""Optimisers: how to step downhill, given the gradient.

All take the same three lines: clear the gradients, sweep, step.

    >>> w = Value(3.0)
    >>> optimizer = SGD([w], learning_rate=0.1)
    >>> for _ in range(50):
    ...     optimizer.zero_grad()
    ...     ((w - 1) ** 2).backward()
    ...     optimizer.step()
    >>> print(f"{w.data:.4f}")
    1.0000
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from autograd import Value


class Optimizer:
    """The base of optimisers: the parameters, and what is remembered of each from step to step.

    Parameters
    ----------
    parameters : iterable of Value
        The leaves to update. One that is listed twice is updated once.
    learning_rate : float, > 0 and finite
        The length of a step. It can be assigned between steps.
    weight_decay : float, >= 0
        This times the parameter is added to its gradient, as an L2 penalty would.
    """

    #: The numbers that are remembered of each parameter, by name; all begin at 0.
    memory: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Value], learning_rate: float, *, weight_decay: float = 0.0) -> None:
        # Without repeats, as a shared parameter has one gradient, which holds all its uses.
        self.parameters = list(dict.fromkeys(parameters))
        if not self.parameters:
            raise ValueError(f"{self._name}: expected one parameter or more, got none")
        if not 0 < learning_rate < math.inf:
            raise ValueError(f"{self._name}: expected a finite learning_rate > 0, got {learning_rate!r}")
        self.learning_rate = learning_rate
        self.weight_decay = self._in_range("weight_decay", weight_decay, math.inf)
        self.steps = 0
        for name in self.memory:
            setattr(self, name, [0.0] * len(self.parameters))

    def zero_grad(self) -> None:
        """Set every gradient to zero, as the next sweep adds to it."""
        for parameter in self.parameters:
            parameter.zero_grad()

    def step(self) -> None:
        """Move every parameter against its gradient."""
        self.steps += 1
        gradients = [parameter.grad + self.weight_decay * parameter.data for parameter in self.parameters]
        for parameter, direction in zip(self.parameters, self.directions(gradients), strict=True):
            parameter.data -= self.learning_rate * direction

    def directions(self, gradients: list[float]) -> list[float]:
        """Return where each parameter should go, to be subtracted, given the gradients."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Return the name and the options, without what changes from step to step."""
        changing = {"parameters", "learning_rate", "steps", *self.memory}
        options = [f"{name}={option!r}" for name, option in vars(self).items() if name not in changing]
        return f"{self._name}({len(self.parameters)} parameters, {', '.join(options)})"

    def state_dict(self) -> dict[str, Any]:
        """Return all that changes from step to step, as JSON can hold it."""
        return {"learning_rate": self.learning_rate, "steps": self.steps} | {
            name: [*getattr(self, name)] for name in self.memory
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`."""
        expected = {"learning_rate", "steps", *self.memory}
        if state.keys() != expected:
            raise KeyError(f"{self._name}: expected the state to have {sorted(expected)}, got {sorted(state)}")
        for name in self.memory:
            if len(state[name]) != len(self.parameters):
                got = f"{len(self.parameters)} numbers as {name}, got {len(state[name])}"
                raise ValueError(f"{self._name}: expected {got}")
        for name, number in state.items():
            setattr(self, name, [*number] if name in self.memory else number)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _in_range(self, name: str, number: float, end: float) -> float:
        """Return a number, which has to be 0 or more and below the end."""
        if not 0 <= number < end:
            raise ValueError(f"{self._name}: expected {name} >= 0 and below {end:g}, got {number!r}")
        return number


class SGD(Optimizer):
    r"""Stochastic gradient descent, :math:`w \leftarrow w - \eta \, \partial J / \partial w`.

    What makes it stochastic is the caller, who finds the gradient from a few samples only.

    Parameters
    ----------
    parameters, learning_rate, weight_decay
        As in `Optimizer`.
    momentum : float, 0 or more and below 1
        How much of the last step is made again: :math:`v \leftarrow \mu v + \partial J / \partial w`, and v is
        the direction.
    nesterov : bool
        Whether to look ahead by that step first.

    Notes
    -----
    Sources: Polyak, Some methods of speeding up the convergence of iteration methods, 1964; Sutskever, Martens,
    Dahl and Hinton, On the importance of initialization and momentum in deep learning, ICML 2013, for Nesterov's.
    The learning rate is outside of v, as in PyTorch.
    """

    memory = ("velocity",)
    velocity: list[float]

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate, weight_decay=weight_decay)
        self.momentum, self.nesterov = self._in_range("momentum", momentum, 1.0), nesterov
        if nesterov and not momentum:
            raise ValueError("SGD: expected a momentum for nesterov, got 0")

    def directions(self, gradients: list[float]) -> list[float]:
        """Return the velocities, or, with Nesterov's momentum, those that come after them."""
        mu = self.momentum
        self.velocity = [mu * v + g for v, g in zip(self.velocity, gradients, strict=True)]
        if not self.nesterov:
            return self.velocity
        return [g + mu * v for v, g in zip(self.velocity, gradients, strict=True)]


class Adam(Optimizer):
    r"""Adam: steps of about the learning rate for each parameter, whatever the size of its gradients.

    Parameters
    ----------
    parameters, learning_rate, weight_decay
        As in `Optimizer`.
    betas : (float, float), each 0 or more and below 1
        How slowly the averages of the gradient and of its square forget.
    epsilon : float, > 0
        What keeps steps finite where gradients vanish.

    Notes
    -----
    Source: Kingma and Ba, Adam: A method for stochastic optimization, ICLR 2015, algorithm 1.
    """

    memory = ("average", "average_square")
    average: list[float]
    average_square: list[float]

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate, weight_decay=weight_decay)
        self.betas = (self._in_range("betas[0]", betas[0], 1.0), self._in_range("betas[1]", betas[1], 1.0))
        if not 0 < epsilon < math.inf:
            raise ValueError(f"Adam: expected a finite epsilon > 0, got {epsilon!r}")
        self.epsilon = epsilon

    def directions(self, gradients: list[float]) -> list[float]:
        """Return the average gradients over the roots of the average squares, both without their bias to 0."""
        first, second = self.betas
        self.average = [first * m + (1 - first) * g for m, g in zip(self.average, gradients, strict=True)]
        squares = zip(self.average_square, gradients, strict=True)
        self.average_square = [second * v + (1 - second) * g * g for v, g in squares]
        if math.isinf(sum(self.average_square)):  # all steps would be 0 from here on
            raise FloatingPointError("Adam: expected gradients whose squares are finite, got others; clip them")
        rise, fall = 1 - first**self.steps, 1 - second**self.steps
        averages = zip(self.average, self.average_square, strict=True)
        return [m / rise / (math.sqrt(v / fall) + self.epsilon) for m, v in averages]


#: The optimisers by name.
OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam}


def clip_gradients(parameters: Iterable[Value], norm: float) -> float:
    """Scale the gradients of parameters down so that, as one vector, they are no longer than `norm`.

    Parameters
    ----------
    parameters : iterable of Value
        Leaves, after a sweep.
    norm : float, > 0
        The greatest length, by the Euclidean norm.

    Returns
    -------
    float
        The length before.

    Notes
    -----
    Source: Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, ICML 2013.
    """
    if not norm > 0:
        raise ValueError(f"clip_gradients: expected a norm > 0, got {norm!r}")
    clipped = list(dict.fromkeys(parameters))
    length = math.hypot(*[parameter.grad for parameter in clipped])
    if not math.isfinite(length):
        raise FloatingPointError(f"clip_gradients: expected a gradient of finite length, got {length!r}")
    if length > norm:
        for parameter in clipped:
            parameter.grad *= norm / length
    return length
