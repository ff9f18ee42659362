"""The standard `math` module for floats and Values alike: ``import autograd.math as math``.

Every function of `math` that takes reals is here under its name, with its constants, and does on
plain numbers what it does there. With a Value among the operands it records one node and returns it.
Functions that are constant around almost every point, such as `floor`, return ints as in `math`.

    >>> import autograd.math as math
    >>> from autograd import Value
    >>> math.erf(0.5) == math.erf(Value(0.5)).data
    True
    >>> math.dot([Value(2.0), Value(3.0)], [10.0, 1.0]).partials
    (10.0, 1.0)

The functions beyond `math` are those of `autograd.primitives.PRIMITIVES` that are not operators, and
a few that are made of them. A function of NumPy serves an array of Values through the methods of the
same names.
"""

from __future__ import annotations

import math as _math

from autograd import _backend, _modes, errors
from autograd._structures import number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from autograd._engine import *


e, inf, nan, pi, tau = _math.e, _math.inf, _math.nan, _math.pi, _math.tau

#: What is constant around almost every point, of the number that a Value holds.
_CONSTANT = ("ceil", "floor", "isfinite", "isinf", "isnan", "isclose", "trunc", "ulp")

#: What has integers for operands, as it is.
_INTEGER = [name for name in ("comb", "factorial", "gcd", "isqrt", "lcm", "perm") if hasattr(_math, name)]


def _of_numbers(name: str) -> Callable[..., Any]:
    plain = getattr(_math, name)

    def function(*operands: Any, **options: Any) -> Any:
        return plain(*[number_of(x) for x in operands], **{key: number_of(x) for key, x in options.items()})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Return math.{name} of the numbers that Values hold: no derivative passes through."
    return function


globals().update({name: getattr(_backend, name) for name in _backend.FUNCTIONS})
globals().update({name: _of_numbers(name) for name in _CONSTANT})
globals().update({name: getattr(_math, name) for name in _INTEGER})


# ---- where `math` calls it otherwise -------------------------------------------------------------------


def fabs(x: Any) -> Any:
    """Return the absolute value as a float or Value."""
    return abs(x) if type(x) is _backend.Value else _math.fabs(x)


def log(x: Any, *base: Any) -> Any:  # type: ignore[no-redef]
    """Return the natural logarithm, or that to a base: ``log(x) / log(base)``."""
    if not base:
        return _backend.log(x) if type(x) is not int else _of_int("log", x)
    if len(base) > 1:
        raise errors.wrong_count("log", 2, 1 + len(base))
    return _divided(log(x), log(base[0]))


def log2(x: Any) -> Any:  # type: ignore[no-redef]
    """Return the logarithm to base 2; of an int of any size."""
    return _backend.log2(x) if type(x) is not int else _of_int("log2", x)


def log10(x: Any) -> Any:  # type: ignore[no-redef]
    """Return the logarithm to base 10; of an int of any size."""
    return _backend.log10(x) if type(x) is not int else _of_int("log10", x)


def _of_int(name: str, x: int) -> Any:
    """Return a logarithm, of an int beyond all floats too."""
    return getattr(_math if x.bit_length() > 1000 else _backend, name)(x)


def _divided(x: Any, y: Any) -> Any:
    """Return x / y, of floats under `ieee` too."""
    if _modes.in_force() & _modes.IEEE and type(x) is type(y) is float:
        return (_backend.Value(x) / y).data
    return x / y


def pow(x: Any, y: Any) -> Any:  # noqa: A001
    """Return x to the power y; unlike ``x ** y`` it raises ValueError for 0 to a negative power."""
    if type(x) is not _backend.Value and type(y) is not _backend.Value:
        return (_backend.Value(x) ** y).data if _modes.in_force() & _modes.IEEE else _math.pow(x, y)
    try:
        return x**y
    except ZeroDivisionError as error:
        raise errors.DomainError(str(error)) from None


def dist(p: Sequence[Any], q: Sequence[Any]) -> Any:
    """Return the distance of two points."""
    p, q = tuple(p), tuple(q)
    if len(p) != len(q):
        raise errors.unequal_columns("dist", (len(p), len(q)))
    return _backend.hypot(*[a - b for a, b in zip(p, q, strict=True)])


def prod(factors: Iterable[Any], *, start: Any = 1) -> Any:
    """Return the product of all factors, from left to right."""
    product = start
    for factor in factors:
        product = product * factor
    return product


def ldexp(x: Any, n: int) -> Any:  # type: ignore[no-redef]
    """Return x times 2 to the whole number n."""
    if not isinstance(n, int):
        raise errors.not_an_integer("ldexp", n)
    return _backend.ldexp(x, n)


def frexp(x: Any) -> tuple[Any, int]:
    """Return (m, n) with x = m * 2**n and 0.5 <= abs(m) < 1, or (x, 0) where there are none."""
    m, n = _math.frexp(number_of(x))
    return (_backend.ldexp(x, -n) if type(x) is _backend.Value else m), n


def modf(x: Any) -> tuple[Any, float]:
    """Return the fraction of x, which has its slope, and its whole part, a plain float."""
    fraction, whole = _math.modf(number_of(x))
    if type(x) is not _backend.Value:
        return fraction, whole
    return (fraction if _math.isinf(x.data) else _backend.fmod(x, 1.0)), whole


def nextafter(x: Any, y: Any, **steps: int) -> Any:
    """Return the next float after x in the direction of y: x plus a constant."""
    if type(x) is not _backend.Value:
        return _math.nextafter(x, number_of(y), **steps)
    after = _math.nextafter(x.data, number_of(y), **steps)
    moved = x + (after - x.data) if _math.isfinite(x.data) else x
    return moved if repr(moved.data) == repr(after) else after  # from inf, or 0.0 to -0.0


# ---- beyond `math` -------------------------------------------------------------------------------------


def logaddexp(x: Any, y: Any) -> Any:
    """Return log(exp(x) + exp(y)), without overflow."""
    return _backend.logsumexp((x, y))


def mean(terms: Iterable[Any]) -> Any:
    """Return the sum of the terms over their number; ValueError if there are none."""
    column = list(terms)
    if not column:
        raise errors.nothing("mean")
    return _backend.sum(column) / len(column)


def softmax(terms: Iterable[Any]) -> list[Any]:
    """Return exp(x) over the sum of all exp(x), for each x, without overflow."""
    column = list(terms)
    top = max(map(number_of, column), default=0.0)
    powers = [_backend.exp(x - top) for x in column]
    total = _backend.sum(powers)
    return [power / total for power in powers]


#: What ``from autograd.math import *`` brings: all but `sum`, which is not the builtin of that name.
__all__ = sorted({name for name in dir(_math) if not name.startswith("_")} | {*_backend.FUNCTIONS} - {"sum"})
__all__ += ["logaddexp", "mean", "softmax"]
