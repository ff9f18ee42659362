"""Initial weights: small and random, and larger the fewer of them a neuron has.

Were all weights equal, all neurons of a layer would have equal gradients and stay equal for ever.
Were they too large or too small, activations and gradients would grow or vanish from layer to
layer. The two rules here keep the variance about the same through all layers, both ways.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, MutableSequence
from typing import Any, Protocol, runtime_checkable

from nn._words import known


@runtime_checkable
class Generator(Protocol):
    """A source of random numbers, such as a random.Random or the module random itself."""

    def uniform(self, a: float, b: float, /) -> float:
        """Return a number between a and b."""
        ...

    def shuffle(self, x: MutableSequence[Any], /) -> None:
        """Put a list into random order."""
        ...


def generator(rng: int | Generator | None) -> Generator:
    """Return the source of random numbers that `rng` stands for.

    Parameters
    ----------
    rng : None, int or random.Random
        None is the module `random`, which ``random.seed`` governs; an int is the seed of a new
        source; any other source is itself.
    """
    if rng is None:
        return random
    if isinstance(rng, int):
        return random.Random(rng)
    if not isinstance(rng, Generator):
        raise TypeError(f"rng: expected None, an int or a random.Random, got {rng!r}")
    return rng


#: What draws the weights of one neuron, given its number of inputs, that of neurons in its layer, and a generator.
Initialiser = Callable[[int, int, Generator], list[float]]


def glorot_uniform(n_in: int, n_out: int, rng: Generator) -> list[float]:
    r"""Draw weights uniform in :math:`\pm\sqrt{6 / (n_{in} + n_{out})}`: for sigmoid, tanh and linear.

    Parameters
    ----------
    n_in : int
        The number of weights to draw.
    n_out : int
        The number of neurons in the layer.
    rng : Generator
        Where they come from.

    Notes
    -----
    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural
    networks, AISTATS 2010, equation 16.
    """
    return _uniform(math.sqrt(6 / (n_in + n_out)), n_in, rng)


def he_uniform(n_in: int, n_out: int, rng: Generator) -> list[float]:
    r"""Draw weights uniform in :math:`\pm\sqrt{6 / n_{in}}`: for relu and its kind, which halve the variance.

    Notes
    -----
    Source: He, Zhang, Ren and Sun, Delving deep into rectifiers, ICCV 2015, equation 10: a variance
    of 2 / n_in, which is that of this uniform distribution.
    """
    return _uniform(math.sqrt(6 / n_in), n_in, rng)


def uniform(limit: float) -> Initialiser:
    r"""Return what draws weights uniform in :math:`\pm limit`, whatever the size of the layer."""
    return lambda n_in, n_out, rng: _uniform(limit, n_in, rng)


def constant(number: float) -> Initialiser:
    """Return what makes all weights one number. All neurons of a layer stay equal then: see above."""
    return lambda n_in, n_out, rng: [float(number)] * n_in


#: The initialisers by name. Micrograd's is "uniform", and that of PyTorch's linear layers "fan_in".
INITIALISERS: dict[str, Initialiser] = {
    "glorot_uniform": glorot_uniform,
    "he_uniform": he_uniform,
    "fan_in": lambda n_in, n_out, rng: _uniform(1 / math.sqrt(n_in), n_in, rng),
    "uniform": uniform(1.0),
    "zeros": constant(0.0),
}

#: The activations that are zero, or nearly, for half of their inputs.
_HALVING = ("relu", "leaky_relu", "elu", "gelu", "silu")


def initialiser(where: str, init: str | Initialiser | None, activation: object) -> Initialiser:
    """Return the initialiser that `init` stands for; None is the one that suits the activation."""
    if init is None:
        return he_uniform if activation in _HALVING else glorot_uniform
    return init if callable(init) else INITIALISERS[known(where, "an initialiser", init, INITIALISERS)]


def _uniform(limit: float, count: int, rng: Generator) -> list[float]:
    return [rng.uniform(-limit, limit) for _ in range(count)]
