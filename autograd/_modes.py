"""The modes of recording: `no_grad`, `ieee` and `record_lines`, each for as long as a ``with`` block lasts.

A mode holds in one context (`contextvars`): another thread, or another asyncio task, has its own.
Blocks may end in any order, as those in suspended generators do: the modes in force are those of
the blocks that are still open, the youngest first, not what some block found when it began.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

__all__ = [
    "IEEE",
    "LINES",
    "PLAIN",
    "Mode",
    "caller",
    "entered",
    "ieee",
    "in_force",
    "no_grad",
    "record_lines",
    "recording",
    "state",
]

#: The bits of the modes. None of them is set where programs run as usual.
PLAIN, IEEE, LINES = 1, 2, 4

#: What holds in this context: the bits in force, then the blocks that set them, the youngest last. One
#: variable for both, so that an exception can never leave one without the other.
state: contextvars.ContextVar[tuple[Any, ...]] = contextvars.ContextVar("autograd._modes.state", default=(0,))

#: An element for each block that began and that some context may still refer to. While there is none, no mode is in
#: force in any context, and an engine need not look up `state`.
entered: list[None] = []


def in_force() -> int:
    """Return the bits in force in this context."""
    bits: int = state.get()[0]
    return bits


_CO_SUSPENDS = 0x20 | 0x80 | 0x200  # the flags of generators, coroutines and asynchronous generators


class Mode(contextlib.ContextDecorator):
    """A ``with`` block, or the decorator of a function, that sets or clears one bit.

    Parameters
    ----------
    bit : int
        Which one.
    on : bool, optional
        Whether to set or to clear it.
    """

    _is_counted = False  # also where __init__ ran out of memory

    def __init__(self, bit: int, on: bool = True) -> None:
        self._bit = bit
        self._on = on
        self._is_open = False

    def __call__(self, function: Any) -> Any:
        if getattr(function, "__code__", Mode.__call__.__code__).co_flags & _CO_SUSPENDS:
            raise TypeError(
                f"with: expected a function that runs to its end when called, got {function.__qualname__}; "
                "open the block inside it"
            )
        return super().__call__(function)

    def _recreate_cm(self) -> Mode:  # each call of a decorated function is a block of its own
        return Mode(self._bit, self._on)

    def __enter__(self) -> None:
        if self._is_open:
            raise RuntimeError("with: expected a new block, got one that is open already; make one for each use")
        if not self._is_counted:
            entered.append(None)
            self._is_counted = True
        self._is_open = True
        try:
            state.set(_resolved([*state.get()[1:], self]))
        except BaseException:
            self._is_open = False
            raise

    def __exit__(self, *exception: Any) -> None:
        self._is_open = False
        state.set(_resolved(state.get()[1:]))

    def __del__(self, forget: Callable[[], None] = entered.pop) -> None:  # no context refers to it any more
        if self._is_counted:
            forget()


def _resolved(modes: Iterable[Mode]) -> tuple[Any, ...]:
    """Return the bits that blocks set, and those of them that are open still."""
    bits, still = 0, []
    for mode in modes:
        if mode._is_open:
            bits = bits | mode._bit if mode._on else bits & ~mode._bit
            still.append(mode)
    return (bits, *still)


_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def caller() -> str:
    """Return the line of the user's source that runs now, the youngest outside this package: file:number."""
    frame = sys._getframe()
    while frame.f_back and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def no_grad() -> Mode:
    """Return a block, or decorator, in which operations compute their values and record nothing.

    Their results are Values all the same, of `op` "constant": no derivative passes through them.
    """
    return Mode(PLAIN)


def recording() -> Mode | contextlib.nullcontext[None]:
    """Return a block in which operations are recorded, whatever the blocks around it say."""
    return Mode(PLAIN, on=False) if len(state.get()) > 1 else _NO_BLOCK


_NO_BLOCK = contextlib.nullcontext()  # where there is none around it, either: a program that runs as usual pays nothing


def ieee() -> Mode:
    """Return a block, or decorator, in which operations give inf and NaN where floats raise.

    So NumPy does: ``log(0.0)`` is -inf, ``1 / 0.0`` inf, ``exp(1000.0)`` inf and ``sqrt(-1.0)`` NaN.
    It holds for operations on Values and for the functions of `autograd.math`.
    """
    return Mode(IEEE)


def record_lines() -> Mode:
    """Return a block, or decorator, in which each node remembers the line of source that made it.

    Recording takes some ten times longer in it. `Value.line` tells the line.
    """
    return Mode(LINES)
