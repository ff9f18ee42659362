"""A property test of a gradient from the function alone.

>>> from hypothesis import strategies as st
>>> from autograd import math
>>> from autograd.testing import grad_test
>>> @grad_test(st.floats(-5, 5), st.floats(0.1, 10))
... def test_damped_wave(x, y):
...     return math.exp(-x * x / y) * math.cos(x)
>>> test_damped_wave()
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from hypothesis import event, given, reject

from autograd.testing.gradcheck import check_grad

__all__ = ["grad_test"]

_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


def grad_test(
    *strategies: Any, order: int = 1, gradient: Callable[..., Any] | None = None, **by_name: Any
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Return a decorator that makes a function of numbers a property test of its gradient.

    Parameters
    ----------
    *strategies, **by_name : Hypothesis strategies
        For the arguments, as `hypothesis.given` takes them. By all others, such as ``self`` and pytest's fixtures,
        it is not differentiated.
    order, gradient
        See `check_grad`.

    Notes
    -----
    Points at which the function raises ValueError or ArithmeticError are passed over.
    `hypothesis.settings`, `example` and `seed` go on top. The verdicts are events: ``--hypothesis-show-statistics``
    tells how many points were undecided.
    """
    if not strategies and not by_name:
        raise TypeError(
            "grad_test: expected a strategy for each argument, got none; write @grad_test(st.floats(-10, 10))"
        )

    def decorate(f: Callable[..., Any]) -> Callable[..., None]:
        signature = inspect.signature(f)
        drawn = {*list(signature.parameters)[len(signature.parameters) - len(strategies) :], *by_name}

        @functools.wraps(f)
        def test(*args: Any, **kwargs: Any) -> None:
            given_ = signature.bind(*args, **kwargs).arguments
            names = [name for name in given_ if name in drawn]

            @functools.wraps(f)
            def on(*numbers: Any) -> Any:
                return f(**{**given_, **dict(zip(names, numbers, strict=True))})

            on.__signature__ = signature.replace(  # type: ignore[attr-defined]
                parameters=[signature.parameters[name].replace(kind=_POSITIONAL) for name in names]
            )
            point = [given_[name] for name in names]
            try:
                on(*point)
            except (ValueError, ArithmeticError):
                reject()
            event(f"gradient: {check_grad(on, *point, order=order, gradient=gradient).verdict}")

        of_strategies: Any = given(*strategies, **by_name)
        property_test: Callable[..., None] = of_strategies(test)
        return property_test

    return decorate
