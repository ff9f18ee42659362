"""Interrupts and failed allocations at every point: work is done as a whole, or not at all.

A key press can stop a program between any two opcodes, and any allocation of memory can fail. The two
drivers here try every such point in turn. They run a **trial** over and over, a generator function
that prepares fresh state, yields the work to be disturbed, and asserts what has to hold whatever
happened. What the work raises comes out of the ``yield``, as from a call.

>>> import contextlib
>>> from autograd.testing import faults
>>> class Account:
...     def __init__(self):
...         self.balance, self.history = 100, []
...
...     def withdraw(self, amount):
...         self.balance -= amount
...         self.history.append(amount)
>>> def trial():
...     account = Account()
...     with contextlib.suppress(KeyboardInterrupt):
...         yield lambda: account.withdraw(30)
...     assert account.balance + sum(account.history) == 100
>>> try:
...     faults.every_opcode(trial)
... except AssertionError as torn:
...     print(*torn.__notes__)
interrupted before opcode ..., LOAD_FAST... at <doctest ...>:7 in withdraw

This file uses the standard library only and knows nothing of graphs: it serves any code.
"""

from __future__ import annotations

import contextlib
import dis
import gc
import importlib
import inspect
import itertools
import operator
import sys
from collections.abc import Callable, Generator, Iterator
from types import CodeType, FrameType
from typing import Any, TypeAlias

__all__ = ["every_allocation", "every_opcode", "interrupt"]

Work: TypeAlias = Callable[[], object]
Trial: TypeAlias = Callable[[], Generator[Work, None, object]]


def every_opcode(trial: Trial, *, exception: type[BaseException] = KeyboardInterrupt) -> int:
    """Run a trial undisturbed, and then with its work interrupted before each opcode in turn.

    Parameters
    ----------
    trial : generator function
        Prepares, yields the work, a callable without arguments, and asserts. The exception comes out of its
        ``yield``, unless the work keeps it.
    exception : exception type, optional
        What to raise.

    Returns
    -------
    int
        How many points there were: the opcodes of all Python functions that the work runs. C code has none.

    Raises
    ------
    BaseException
        What the trial raises, with a note that tells the opcode and the line of source.

    Notes
    -----
    Takes time in proportion to the square of the number of opcodes: for a thousand of them, a second. The cyclic
    garbage collector rests while the work runs. A trace function, of a debugger or of coverage, is put back.
    """
    return _at_every_point("every_opcode", trial, lambda k: _Interrupt(k, exception))


def every_allocation(trial: Trial) -> int:
    """Run a trial undisturbed, and then with each allocation of memory in its work failing in turn.

    Parameters
    ----------
    trial : generator function
        As for `every_opcode`. Out of its ``yield`` comes MemoryError, or what the work makes of it: some functions of
        the interpreter do without the memory, and some report its lack as a SystemError.

    Returns
    -------
    int
        How many points there were: the allocations by the interpreter's allocators.

    Raises
    ------
    ImportError
        If this interpreter lacks the module of its own tests that makes allocations fail.
    BaseException
        What the trial raises, with a note that tells the allocation and, where it was noticed, the line of source.
    """
    try:
        allocator = importlib.import_module("_testcapi")
    except ImportError as error:
        raise ImportError(
            "every_allocation: expected a CPython with its test modules, got one without _testcapi; install them "
            "(where a system packages them apart, the package of Python's test suite), or use a build from python.org"
        ) from error
    return _at_every_point("every_allocation", trial, lambda k: _Failure(k, allocator))


def interrupt(work: Work, k: int, *, exception: type[BaseException] = KeyboardInterrupt) -> None:
    """Call `work` and raise before its k-th opcode, counted from 1; let it be if it has fewer."""
    with _without_collections():
        _Interrupt(k, exception)(work)


def _at_every_point(where: str, trial: Trial, make: Callable[[int], _Interrupt | _Failure]) -> int:
    """Run a trial with a fault at the first, second, ... point, while its work has one; return their number."""
    _run(where, trial, operator.call)  # what is loaded or cached once does not count
    for k in itertools.count(1):
        fault = make(k)
        try:
            _run(where, trial, fault)
        except BaseException as error:
            if fault.note:
                error.add_note(fault.note)
            raise
        if not fault.note:
            break
    return k - 1


def _run(where: str, trial: Trial, call: Callable[[Work], object]) -> None:
    """Run a trial once, its work called by `call`."""
    steps = trial()
    work = next(steps, None) if inspect.isgenerator(steps) else None
    if not callable(work):
        raise _not_a_trial(where, trial)
    try:
        try:
            with _without_collections():
                call(work)
        except BaseException as error:
            steps.throw(error)
        else:
            next(steps)
    except StopIteration:
        return
    except KeyboardInterrupt as error:  # it would end the whole run of tests
        raise RuntimeError(
            f"{where}: expected a trial that takes the interrupt, got KeyboardInterrupt out of it; "
            "yield in a block of contextlib.suppress(KeyboardInterrupt)"
        ) from error
    raise _not_a_trial(where, trial)


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Let the garbage collector rest: its callbacks are not what is disturbed."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _not_a_trial(where: str, got: object) -> TypeError:
    return TypeError(f"{where}: expected a generator function that yields one callable, the work, got {got!a}")


class _Interrupt:
    """Calls something and raises before its k-th opcode; `note` then tells where that was."""

    def __init__(self, k: int, exception: type[BaseException]) -> None:
        self.note = ""
        self._k = k
        self._exception = exception

    def __call__(self, work: Work) -> None:
        left = self._k

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal left
            frame.f_trace_opcodes = True
            if event == "opcode":
                left -= 1
                if left == 0:
                    opcode = dis.opname[frame.f_code.co_code[frame.f_lasti]]
                    place = _place(frame.f_code, frame.f_lineno)
                    self.note = f"interrupted before opcode {self._k}, {opcode} {place}"
                    raise self._exception
            return trace

        tracer = sys.gettrace()
        sys._getframe().f_trace_opcodes = True  # Python 3.12 looks at this only when tracing starts
        sys.settrace(trace)
        try:
            work()
        finally:
            sys.settrace(tracer)
            left = 0  # a generator that lives on may still call trace


class _Failure:
    """Calls something while its k-th allocation fails; `note` then tells which, and where it was noticed."""

    def __init__(self, k: int, allocator: Any) -> None:
        self.note = ""
        self._k = k
        self._allocator = allocator

    def __call__(self, work: Work) -> None:
        tracer = sys.gettrace()
        sys.settrace(None)  # it would need memory itself
        self._allocator.set_nomemory(self._k - 1, self._k)
        try:
            work()
        except BaseException as error:
            if self._is_past():
                self.note = f"allocation {self._k} failed{_noticed(error)}"
            raise
        else:
            if self._is_past():
                self.note = f"allocation {self._k} failed, and nothing was raised"
        finally:
            self._allocator.remove_mem_hooks()
            sys.settrace(tracer)

    def _is_past(self) -> bool:
        """Return whether the allocation that fails is past; otherwise it is one of the next k, which are made here."""
        try:
            for _ in range(self._k):
                object()
        except MemoryError:
            return False
        return True


def _noticed(error: BaseException) -> str:
    """Return the place that raised an error, if that is in Python code which `_Failure` called."""
    last = error.__traceback__ and error.__traceback__.tb_next
    while last and last.tb_next:
        last = last.tb_next
    return f" {_place(last.tb_frame.f_code, last.tb_lineno)}" if last else ""


def _place(code: CodeType, line: int) -> str:
    return f"at {ascii(code.co_filename)[1:-1]}:{line} in {ascii(code.co_name)[1:-1]}"
