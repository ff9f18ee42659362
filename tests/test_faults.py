"""The drivers of faults find what is torn, pass what is whole, and leave nothing behind."""

import ast
import contextlib
import dis
import gc
import inspect
import sys
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.testing.faults import every_allocation, every_opcode, interrupt


class Momentum:
    """An optimiser of two parameters."""

    def __init__(self):
        self.state = ([1.0, 2.0], [0.5, 0.25])
        self.grads = [3.0, -1.0]

    def copy(self):
        return [list(numbers) for numbers in self.state]

    def step_torn(self):
        parameters, velocities = self.state
        velocities[:] = [0.9 * v + grad for v, grad in zip(velocities, self.grads, strict=True)]
        parameters[:] = [p - 0.01 * v for p, v in zip(parameters, velocities, strict=True)]

    def step_whole(self):
        velocities = [0.9 * v + grad for v, grad in zip(self.state[1], self.grads, strict=True)]
        self.state = ([p - 0.01 * v for p, v in zip(self.state[0], velocities, strict=True)], velocities)

    def step_restored(self):
        old = self.copy()
        try:
            self.step_torn()
        except BaseException:
            self.state = old
            raise


def trial_of(step, error):
    """Return the trial that a step is taken as a whole or not at all."""
    done = Momentum()
    step(done)

    def trial():
        momentum = Momentum()
        before, after = momentum.copy(), done.copy()
        with contextlib.suppress(error):
            yield lambda: step(momentum)
        assert momentum.copy() in (before, after), "torn"

    return trial


both = pytest.mark.parametrize(
    ("driver", "error"), [(every_opcode, KeyboardInterrupt), (every_allocation, MemoryError)], ids=lambda x: x.__name__
)


@both
@pytest.mark.parametrize("step", [Momentum.step_whole, Momentum.step_restored], ids=lambda step: step.__name__)
def test_an_atomic_step_passes(driver, error, step):
    """Whether it computes first and publishes at once, or puts the old state back."""
    assert driver(trial_of(step, error)) >= 6


@both
def test_a_torn_step_is_found_and_its_line_told(driver, error):
    """The note tells the point, the file and the line; the assertion is the trial's own."""
    with pytest.raises(AssertionError, match="torn") as caught:
        driver(trial_of(Momentum.step_torn, error))
    (note,) = caught.value.__notes__
    first = Momentum.step_torn.__code__.co_firstlineno
    assert note.startswith("interrupted before opcode " if driver is every_opcode else "allocation ")
    assert any(f" at {__file__}:{first + i} in " in note for i in (2, 3)), note


def test_every_opcode_is_interrupted_once():
    """The points are the opcodes in the order in which they run, in callees too; C code has none."""

    def straight(x):
        return (x + 1) * x

    seen = []

    def trial():
        try:
            yield lambda: straight(2)
        except KeyboardInterrupt as error:
            frames = traceback.walk_tb(error.__traceback__)
            seen.extend(frame.f_lasti for frame, _ in frames if frame.f_code is straight.__code__)

    count = every_opcode(trial)
    offsets = [instruction.offset for instruction in dis.get_instructions(straight)]
    assert seen == offsets[-len(seen) :]
    assert len(seen) in (len(offsets), len(offsets) - 1)  # the first tells only that the function begins
    assert count > len(seen)
    assert every_opcode(lambda: asserting_nothing(lambda: None)) == len(list(dis.get_instructions(lambda: None))) - 1
    assert every_opcode(lambda: asserting_nothing([3, 1, 2].sort)) == 0


def test_every_allocation_fails_once():
    """Work that allocates one object has one point, work that allocates nothing none."""
    assert every_allocation(lambda: asserting_nothing(object, MemoryError)) == 1
    assert every_allocation(lambda: asserting_nothing([3, 1, 2].reverse, MemoryError)) == 0


def asserting_nothing(work, error=KeyboardInterrupt):
    """Yield the work, and assert nothing."""
    with contextlib.suppress(error):
        yield work


@given(st.integers(1, 60))
def test_interrupt_stops_where_it_is_told(k):
    """The k-th opcode is the first that is not run; where there are fewer, the work is done."""
    done = []

    def work():
        for i in range(3):
            done.append(i)

    def count_opcodes():
        def trial():
            done.clear()
            with contextlib.suppress(KeyboardInterrupt):
                yield work

        return every_opcode(trial)

    total = count_opcodes()
    done.clear()
    try:
        interrupt(work, k)
        stopped = False
    except KeyboardInterrupt:
        stopped = True
    assert stopped == (k <= total)
    assert done == [0, 1, 2][: len(done)]
    assert stopped or done == [0, 1, 2]


def test_another_exception_may_be_raised():
    """It comes out of the yield."""
    seen = []

    def trial():
        try:
            yield lambda: seen.append(1)
        except TimeoutError:
            seen.append(2)

    assert every_opcode(trial, exception=TimeoutError) == seen.count(2) > 0


@both
def test_a_fault_that_the_work_keeps_is_a_point_all_the_same(driver, error):
    """The drivers count faults, not exceptions that come out."""
    kept = []

    def work():
        try:
            return [float(i) for i in range(300, 310)]
        except error:
            kept.append(1)

    def trial():
        with contextlib.suppress(error):
            yield work

    assert driver(trial) >= len(kept) > 3


@both
def test_an_error_of_the_work_itself_comes_out_undisturbed(driver, error):
    """It reaches the trial, and without a note, because nothing had been disturbed."""

    def trial():
        with contextlib.suppress(error):
            yield lambda: 1 // 0

    with pytest.raises(ZeroDivisionError) as caught:
        driver(trial)
    assert not hasattr(caught.value, "__notes__")


@both
def test_what_is_no_trial_is_refused(driver, error):
    """One callable is to be yielded, once."""

    def twice():
        with contextlib.suppress(error):
            yield int
        yield int

    def nothing():
        yield from ()

    for bad in (lambda: 3, lambda: (x for x in [1]), nothing, twice):
        with pytest.raises(TypeError, match=f"{driver.__name__}: expected a generator function that yields one"):
            driver(bad)


def test_a_trial_that_lets_the_interrupt_through_is_told_the_cure():
    """KeyboardInterrupt itself would end the whole run of tests."""

    def trial():
        yield lambda: len([])

    with pytest.raises(RuntimeError, match=r"contextlib\.suppress"):
        every_opcode(trial)


def test_names_in_notes_are_plain_ascii():
    """A file's name cannot bring escapes to a terminal."""
    scope = {}
    exec(compile("def work():\n    return [1]", "evil\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}", "exec"), scope)

    def trial():
        try:
            yield scope["work"]
        except KeyboardInterrupt:
            raise AssertionError from None

    with pytest.raises(AssertionError) as caught:
        every_opcode(trial)
    (note,) = caught.value.__notes__
    assert note.isascii()
    assert note.isprintable()
    assert r"evil\x1b[31m\u202e:2" in note or r"evil\x1b[31m\u202e:1" in note


def test_without_the_test_modules_of_the_interpreter(monkeypatch):
    """The error tells the cure, before anything runs."""
    monkeypatch.setitem(sys.modules, "_testcapi", None)
    with pytest.raises(ImportError, match="test modules"):
        every_allocation(pytest.fail)


# ---- what is left behind -----------------------------------------------------------------------------


@pytest.mark.parametrize("collects", [True, False])
@pytest.mark.parametrize("fails", [True, False])
@both
def test_nothing_is_left_behind(driver, error, fails, collects):
    """The trace function and the collector are as they were, and memory is found, also when the trial fails."""

    def tracer(_frame, _event, _argument):
        return None

    def trial():
        with contextlib.suppress(error):
            yield lambda: [float(i) for i in range(300, 310)]
        assert sys.gettrace() is tracer
        assert not fails or driver is every_allocation

    old = sys.gettrace()
    (gc.enable if collects else gc.disable)()
    sys.settrace(tracer)
    try:
        with contextlib.suppress(AssertionError):
            driver(trial)
        left = sys.gettrace(), gc.isenabled(), [object() for _ in range(100_000)][:0]
    finally:
        sys.settrace(old)
        gc.enable()
    assert left == (tracer, collects, [])


def test_a_generator_that_outlives_the_work_is_interrupted_no_more():
    """Though its frame still has the trace function, and another tracer keeps tracing on."""
    survivors = []

    def numbers():
        yield from range(100)

    def trial():
        survivor = numbers()
        with contextlib.suppress(TimeoutError):
            yield lambda: next(survivor)
        survivors.append(survivor)

    def tracer(_frame, _event, _argument):
        return None  # the frame keeps the trace function it has

    old = sys.gettrace()
    sys.settrace(tracer)
    try:
        every_opcode(trial, exception=TimeoutError)
        found = [list(survivor) for survivor in survivors]
    finally:
        sys.settrace(old)
    assert found[-1] == list(range(1, 100))


def test_it_needs_the_standard_library_only():
    """The file can be used, or copied, by itself."""
    from autograd.testing import faults

    tree = list(ast.walk(ast.parse(inspect.getsource(faults))))
    names = {alias.name for node in tree if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in tree if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
