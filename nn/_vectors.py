"""Vectors of scalars: what goes into a network, comes out of it and goes into a loss."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autograd import Value

Scalar = Value | float
Vector = Sequence[Scalar] | Scalar


def as_list(vector: Vector) -> list[Scalar]:
    """Return the numbers of a vector, to be read only; a bare number is a vector of one.

    A layer of one neuron returns its Value bare, and whatever takes a vector takes that too.
    """
    if isinstance(vector, list):  # the usual case
        return vector
    return [*vector] if isinstance(vector, Iterable) else [vector]
