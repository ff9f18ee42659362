"""NumPy arrays of Values: `lift` makes them, `lower` takes the numbers out again.

An array of Values is an ordinary array of dtype object. NumPy's arithmetic, `numpy.sum`, ``@`` and its
functions (`numpy.exp`, `numpy.arctan2`) work on it, each element through the operator or the method
of the same name. (A function of two arrays calls the method of the first one's elements, and a plain
float has none: lift both.)

    >>> import numpy as np
    >>> from autograd import lift, lower
    >>> x = lift(np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> y = np.sum(np.exp(x) * x)
    >>> y.backward()
    >>> lower(x, "grad").round(3)                       # exp(x) * (1 + x)
    array([[  5.437,  22.167],
           [ 80.342, 272.991]])

NumPy is loaded when a function here is called.
"""

from __future__ import annotations

import operator
from typing import Any

from autograd import errors
from autograd._backend import Value
from autograd._structures import is_value, load

__all__ = ["lift", "lower"]


def lift(array: Any) -> Any:
    """Return an array of Values.

    Parameters
    ----------
    array : array_like of real numbers, of any shape
        The numbers; a Value among them stays as it is.

    Returns
    -------
    numpy.ndarray
        Of the same shape and of dtype object: a new leaf for each number.
    """
    np = load("numpy", "lift")
    numbers = np.asarray(array, dtype=object)
    values = [x if is_value(x) else Value(x) for x in numbers.ravel().tolist()]
    return np.fromiter(values, dtype=object, count=len(values)).reshape(numbers.shape)


def lower(array: Any, attribute: str = "data") -> Any:
    """Return the numbers in an array of Values.

    Parameters
    ----------
    array : array_like of Values and numbers, of any shape
        What `lift` made, or what NumPy computed from it.
    attribute : {"data", "grad"}
        Which number of each Value to take. A plain number has itself for data, and 0.0 for grad.

    Returns
    -------
    numpy.ndarray
        Of the same shape and of dtype float.
    """
    np = load("numpy", "lower")
    if attribute not in {"data", "grad"}:
        raise errors.not_a_choice("lower", "attribute", ("data", "grad"), attribute)
    values = np.asarray(array, dtype=object)
    read = operator.attrgetter(attribute)
    numbers = [read(x) if is_value(x) else x if attribute == "data" else 0.0 for x in values.ravel().tolist()]
    return np.fromiter(numbers, dtype=float, count=len(numbers)).reshape(values.shape)
