"""What counts as a real number, and how a Value behaves as the float it holds.

This file knows nothing of graphs: the methods here use a number and give a number, and no derivative
is lost by that, because each of them is constant around almost every point, or a comparison.
"""

from __future__ import annotations

import math
import operator

from autograd import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

__all__ = ["FloatLike", "convertible", "is_real", "real"]


def is_real(x: object) -> bool:
    """Return whether x is a real number: an int, a float, a fraction, a NumPy scalar; not a Value."""
    if isinstance(x, (float, int)):
        return True
    import numbers  # noqa: PLC0415  (rarely needed, and it takes time to load)

    return isinstance(x, numbers.Real)


def real(x: Any, where: str) -> float:
    """Return a real number as a float; `where` is for the message if it is none."""
    if is_real(x):
        return float(x)
    raise errors.not_a_number(where, x)


def convertible(x: Any, where: str) -> float:
    """Return what turns into a float as the functions of `math` take it: a decimal, an array of one number."""
    if is_real(x) or not hasattr(type(x), "__float__") or type(x).__name__ == "Value":
        return real(x, where)
    return float(x)


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[FloatLike, Any], Any]:
    """Return the method that compares by value: the one place where Values steer a program."""
    return lambda self, other: compare(self._data, other._data if type(other) is type(self) else other)


class FloatLike:
    """What a Value has in common with the float in its `_data`."""

    __slots__ = ()
    _data: float

    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __eq__ = _comparison(operator.eq)
    __ne__ = _comparison(operator.ne)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)
    # Equal numbers are still different variables, so that a Value can be a key.
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return self._data != 0.0

    def __float__(self) -> NoReturn:
        raise errors.not_a_float()

    def __int__(self) -> int:
        return int(self._data)

    def __trunc__(self) -> int:
        return math.trunc(self._data)

    def __floor__(self) -> int:
        return math.floor(self._data)

    def __ceil__(self) -> int:
        return math.ceil(self._data)

    def __round__(self, digits: int | None = None) -> int | float:
        return round(self._data, digits)

    def is_integer(self) -> bool:
        return self._data.is_integer()

    def conjugate(self) -> FloatLike:
        """Return the Value itself, as a float does: NumPy's products of vectors ask for it."""
        return self

    def rint(self) -> float:
        """Return the nearest whole number, for `numpy.rint`."""
        return float(round(self._data)) if math.isfinite(self._data) else self._data

    def __format__(self, spec: str) -> str:
        return repr(self) if type(spec) is str and not spec else self._data.__format__(spec)

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self
