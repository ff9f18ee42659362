"""Depth, interrupts and failed allocations: nothing recurses, nothing tears, nothing leaks."""

import _thread
import contextlib
import copy
import functools
import gc
import operator
import pickle
import signal
import sys
import threading

import pytest
from conftest import HAS_C

from autograd import record_lines
from autograd.testing.faults import every_allocation, every_opcode

MILLION = 1_000_000


def in_small_stack(work, kib):
    """Run `work` in a thread with a stack of so many KiB and pass on what it returns or raises."""
    outcome = []

    def target():
        try:
            outcome.append((work(), None))
        except BaseException as error:
            outcome.append((None, error))

    old = threading.stack_size(kib * 1024)
    try:
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(old)
    result, error = outcome[0]
    if error:
        raise error
    return result


def chain(engine):
    """Return a leaf and the end of a chain of a million nodes."""
    x = y = engine.Value(1.0)
    for _ in range(MILLION):
        y = y + 1.0
    return x, y


def fan(engine):
    """Return a leaf and the sum of a million nodes made of it."""
    x = engine.Value(1.0)
    return x, engine.sum([x * 1.0 for _ in range(MILLION)])


@pytest.mark.parametrize(("build", "slope"), [(chain, 1.0), (fan, float(MILLION))])
def test_a_million_nodes_in_a_small_stack(engine, build, slope):
    """Build, sweep both ways, print, copy, pickle and free a graph 10^6 deep or wide."""

    def work():
        x, y = build(engine)
        y.backward()
        assert x.grad == slope
        assert y.tangent({x: 2.0}) == 2 * slope
        assert repr(y) == f"Value(data={y.data!r}, grad=1.0)"
        assert len(engine.ancestors(y)) > MILLION
        twin = copy.deepcopy(y)
        twin.backward()
        del twin
        again = pickle.loads(pickle.dumps(y))
        again.backward()
        leaf = engine.ancestors(again)[0]
        assert (leaf.grad, again.data) == (2 * slope, y.data)
        del leaf, again, y
        return sys.getrefcount(x)

    gc.disable()  # it would look at the millions of objects over and over
    try:
        # Since 3.13 the interpreter itself recurses some thousand deep when it frees a chain of Python objects.
        by_python = engine.__name__ == "autograd.engine" and sys.version_info >= (3, 13)
        assert in_small_stack(work, 4096 if by_python else 256) == 2
    finally:
        gc.enable()


# ---- interrupts ------------------------------------------------------------------------------------


def net(engine):
    """Return some leaves and a root over several shared nodes."""
    xs = [engine.Value(0.3 * i - 0.5) for i in range(4)]
    h = [engine.tanh(engine.dot(xs, xs[i:] + xs[:i])) for i in range(4)]
    y = engine.sum(a * b for a in h for b in h) + xs[0]
    y.backward()  # so that the grads are not all zero before
    return xs, h, y


@pytest.mark.parametrize("sweep", ["backward", "tangent"])
def test_interrupt_at_every_opcode_of_the_python_sweep(sweep):
    """Whatever the opcode, all grads are the old ones, or (once they are out) all are the new ones."""
    from autograd import engine

    xs, h, y = net(engine)
    nodes = [*xs, *h, y]
    old = [node.grad for node in nodes]
    work = y.backward if sweep == "backward" else lambda: y.tangent({xs[0]: 1.0})
    work()
    new = [node.grad for node in nodes]
    states = []

    def trial():
        for node, grad in zip(nodes, old, strict=True):
            node.grad = grad
        with contextlib.suppress(KeyboardInterrupt):
            yield work
        states.append([node.grad for node in nodes])
        assert states[-1] in (old, new)

    assert every_opcode(trial) > 300
    # Once new, always new: the grads come out in one step, near the very end.
    interrupted = states[1:-1]
    assert interrupted == sorted(interrupted, key=lambda state: state != old)
    if sweep == "backward":
        assert interrupted.count(new) < 10
        assert states[-1] == new


def test_interrupt_by_a_signal(engine):
    """A sweep stopped by a signal has changed nothing, and the next one is right.

    A timer lets the signal come again until the k-th time it is handled, which stops the Python twin
    anywhere. The C twin looks for no signals in a sweep: they are handled when all grads are set.
    """
    calls = stop = 0
    sweeping = False

    def handler(_signal, _frame):
        nonlocal calls
        if not sweeping:  # a last signal that came too late
            return
        calls += 1
        if calls >= stop:
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, 20e-6)

    x = engine.Value(1.0)
    y = x
    for _ in range(1_500):
        y = y + 1.0
    with handling(handler):
        for stop in range(1, 40):  # noqa: B007  (the handler reads it)
            calls = 0
            sweeping = True
            try:
                backward_with_a_signal(y)
                sweeping = False
            except KeyboardInterrupt:
                sweeping = False
                if x.grad == 0.0:
                    assert y.grad == 0.0
                    continue
            break  # the sweep ended before the k-th signal
    if engine.__name__ == "autograd._engine":
        assert stop == 1
    elif x.grad == 0.0:
        y.backward()
    assert (x.grad, y.grad) == (1.0, 1.0)


@contextlib.contextmanager
def handling(handler):
    """Call `handler` for the signal of a timer."""
    old_handler = signal.signal(signal.SIGALRM, handler)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old_handler)


def backward_with_a_signal(root):
    """Sweep with a signal pending from the start."""
    # map calls both without an opcode between.
    list(map(operator.call, [functools.partial(_thread.interrupt_main, signal.SIGALRM), root.backward]))


def test_a_sweep_in_a_signal_handler_does_not_disturb_the_one_outside(engine):
    """Nor the other way about, though both sweep the same nodes."""
    x = engine.Value(2.0)
    y = shared = x * x
    for _ in range(3000):  # several blocks of nodes
        y = y + 1.0
    seen = []

    def handler(_signal, _frame):
        seen.append((engine.adjoints({shared * 3.0: 1.0, y: 10.0}, [x]), x.grad, x.tangent({x: 1.0}) + y.data))

    with handling(handler):
        for _ in range(3):
            backward_with_a_signal(y)
    assert (x.grad, y.grad, shared.grad) == (12.0, 1.0, 1.0)
    assert [adjoints for adjoints, _, _ in seen] == [[12.0 + 40.0]] * 3
    assert [grad for _, grad, _ in seen] in ([0.0, 4.0, 8.0], [4.0, 8.0, 12.0])


# ---- failed allocations ----------------------------------------------------------------------------


#: What a failed allocation raises: pickle words a failed import in its own way, and some functions of the
#: standard math module report that they could not even make their exception.
NO_MEMORY = (MemoryError, pickle.PicklingError, SystemError)


def scenarios(engine):
    """Return, by name, things to do with a graph while memory runs out."""
    xs, h, y = net(engine)
    return {
        "sweep": (y.backward, [*xs, *h, y]),
        "tangent": (lambda: y.tangent({xs[0]: 1.0}), [*xs, *h, y]),
        "record": (lambda: (xs[0] * 2 + y).exp() / xs[1] - 3, [*xs, *h, y]),
        "fold": (lambda: engine.dot(xs, [*xs[1:], 1.0]), [*xs, *h, y]),
        "copy": (lambda: copy.deepcopy(y), [*xs, *h, y]),
        "pickle": (lambda: pickle.loads(pickle.dumps(y)), [*xs, *h, y]),
        "inspect": (lambda: (repr(y), y.operands, y.parents, y.partials, engine.ancestors(y)), [*xs, *h, y]),
        "domain": (lambda: engine.log(xs[0] * 0 - 1), [*xs, *h, y]),
        "refuse": (lambda: y + "a", [*xs, *h, y]),
        "leaf": (lambda: engine.Value(3.0, "name"), [*xs, *h, y]),
    }


@pytest.mark.parametrize(
    "name", ["sweep", "tangent", "record", "fold", "copy", "pickle", "inspect", "domain", "refuse", "leaf"]
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the interpreter's own
def test_failed_allocation_at_every_allocation(engine, name):
    """Grads are the old ones where an error came out, and those of the work where it was done all the same."""
    work, nodes = scenarios(engine)[name]
    usual = {"domain": ValueError, "refuse": TypeError}.get(name, ())
    old = [node.grad for node in nodes]
    with contextlib.suppress(usual):
        work()
    new = [node.grad for node in nodes]

    def trial():
        for node, grad in zip(nodes, old, strict=True):
            node.grad = grad
        expected = new
        try:
            yield work
        except NO_MEMORY:
            expected = old
        except usual:
            pass
        assert [node.grad for node in nodes] == expected

    count = every_allocation(trial)
    # The C twin allocates nothing to sweep, and the memory of nodes from the system.
    assert count > 0 or (name in {"leaf", "sweep", "record"} and engine.__name__ == "autograd._engine")


class Own:
    """Stands for a primitive of a user's own."""

    name = "own"


@pytest.mark.skipif(not HAS_C, reason="the C twin was not built")
def test_failed_allocations_leak_nothing():
    """Each function of the C twin gives back all it had when an allocation fails.

    They are called from C with arguments made before, because the interpreter itself loses blocks
    when, say, a list display fails; for the same reason the Python twin cannot be measured.
    """
    from autograd import _engine

    xs, _, y = net(_engine)
    works = [
        y.backward,
        functools.partial(y.tangent, {xs[0]: 1.0}),
        functools.partial(operator.mul, y, 2),
        functools.partial(operator.truediv, 1, y),
        functools.partial(operator.add, y, "a"),
        functools.partial(operator.truediv, y, 0),
        functools.partial(_engine.exp, y),
        functools.partial(_engine.log, -1.0),
        functools.partial(_engine.where, True, y, 1.0),
        functools.partial(_engine.dot, xs, [*xs[1:], 1.0]),
        functools.partial(_engine.sum, [*xs, "a"]),
        functools.partial(_engine.dot, xs, [1.0]),
        functools.partial(_engine.ancestors, y),
        functools.partial(_engine.backward, {y: 1.0, xs[0]: 2.0}),
        functools.partial(_engine.adjoints, {y: 1.0}, xs),
        functools.partial(_engine.tangents, {xs[0]: 1.0}, [y]),
        functools.partial(_engine.between, [y], xs),
        functools.partial(_engine.is_closed, [y], xs),
        functools.partial(_engine.gamma, xs[0]),
        functools.partial(_engine.gamma, -1.0),
        functools.partial(_engine.hypot, *xs),
        functools.partial(_engine.fsum, [*xs, 1.0]),
        functools.partial(_engine.fsum, [1e308, 1e308]),
        functools.partial(_engine.logsumexp, xs),
        functools.partial(xs[0].hypot, *xs),
        functools.partial(xs[0].atan2, xs[0]),
        y.detach,
        functools.partial(_engine.restore, 1.0, 0.0, "", Own(), (xs[0], 2.0), (xs[0],), (2.0,)),
        functools.partial(_engine.Value, 3.0, "name"),
        functools.partial(_engine.Value, "a"),
        functools.partial(_engine.restore, 1.0, 0.0, "n", "mul", (xs[0], 2.0), (xs[0],), (2.0,)),
        functools.partial(_engine.restore, 1.0, 0.0, "n", "mul", (xs[0], 2.0), (xs[1],), (2.0,)),
        y.__copy__,
        *[
            functools.partial(getattr, y, name)
            for name in ("data", "grad", "name", "op", "operands", "parents", "partials", "primitive", "line")
        ],
        functools.partial(repr, y),
        functools.partial(format, y, ".3f"),
        functools.partial(round, y, 2),
        functools.partial(divmod, y, 2),
        functools.partial(operator.lt, y, 3),
    ]
    for work in works:
        assert least_growth(work) <= 0, work
    with record_lines():
        for work in works[2], works[-1], y.__copy__:
            assert least_growth(work) <= 0, work


def least_growth(work):
    """Return how many blocks of memory a round of work with failing allocations keeps.

    Caches fill up in the first rounds; a leak would come back in every round.
    """

    def trial():
        with contextlib.suppress(Exception):
            yield work

    growth = []
    for _ in range(12):
        before = sys.getallocatedblocks()
        for _ in range(20):
            every_allocation(trial)
        growth.append(sys.getallocatedblocks() - before)
    return min(growth)
