"""Activations: the functions f that make a network more than one straight line.

Each is a plain Python function of a Value, and so may yours be: ``Neuron(2, activation=lambda z: z * z)``.

    >>> from autograd import Value
    >>> z = Value(0.0)
    >>> ACTIVATIONS["silu"](z).backward()
    >>> z.grad
    0.5
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import Value, math
from nn._words import known

#: What an activation is given as: a name, or a function of a Value.
Activation = str | Callable[[Any], Any]


def _leaky_relu(z: Value) -> Value:
    r""":math:`z` if positive, else :math:`z / 100`, so that no unit dies."""
    leaky: Value = math.where(z > 0, z, 0.01 * z)
    return leaky


def _elu(z: Value) -> Any:
    r""":math:`z` if positive, else :math:`e^z - 1`: smooth at 0. Clevert, Unterthiner and Hochreiter, ICLR 2016."""
    return z if z > 0 else math.expm1(z)


def _gelu(z: Value) -> Value:
    r""":math:`z \Phi(z)`, with erfc, so that nothing cancels at negative z. Hendrycks and Gimpel, arXiv:1606.08415."""
    return 0.5 * z * math.erfc(z * -math.sqrt(0.5))


#: The activations by name.
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda z: z,
    "relu": math.relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "silu": lambda z: z * math.sigmoid(z),
    "softplus": math.softplus,
    "sigmoid": math.sigmoid,
    "tanh": math.tanh,
    "sin": math.sin,
}


def function_of(where: str, activation: Activation) -> Callable[[Any], Any]:
    """Return the function that an activation is, or raise an error that lists the names."""
    if callable(activation):
        return activation
    return ACTIVATIONS.get(activation) or ACTIVATIONS[known(where, "an activation", activation, ACTIVATIONS)]


def name_of(activation: Activation) -> str:
    """Return what to call an activation."""
    return activation if isinstance(activation, str) else getattr(activation, "__name__", repr(activation))
