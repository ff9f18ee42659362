"""no_grad, ieee, record_lines, detach: local to a context, and gone when their blocks end, however they end."""

import asyncio
import contextvars
import inspect
import math
import pickle
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import GraphError, Value, _modes, grad, hessian, ieee, no_grad, record_lines
from autograd.primitives import PRIMITIVES


def in_force():
    """Return the bits of the modes."""
    return _modes.in_force()


def test_no_grad_records_nothing(engine):
    """The same numbers, as constants without operands, through which no derivative passes."""
    x = engine.Value(2.0)
    with no_grad():
        y = engine.exp(x * x) + engine.dot([x, 1.0], [x, 2.0])
        assert (y.op, y.operands, y.data) == ("constant", (), math.exp(4.0) + 6.0)
        assert engine.exp(1.0) == math.exp(1.0)
    z = y * x
    assert [parent is x for parent in z.parents] == [True]
    assert z.operands[0] is y
    z.backward()
    assert (x.grad, y.grad) == (y.data, 0.0)


def test_detach_makes_a_constant(engine):
    """A constant has the data and the name, counts as a plain number, and keeps nothing alive."""
    x = engine.Value(3.0, name="x")
    c = (x * x).detach()
    assert (c.data, c.op, c.operands, x.detach().name) == (9.0, "constant", (), "x")
    y = c * x + x**c
    y.backward()
    assert x.grad == 9.0 + 9.0 * 3.0**8
    assert (c * c).op == "constant"
    assert engine.ancestors(c * x)[0].op == ""
    for change in (lambda: setattr(c, "data", 1.0), lambda: y.tangent({c: 1.0})):
        with pytest.raises(GraphError, match="expected a leaf, got a constant"):
            change()
    again = pickle.loads(pickle.dumps(y))
    assert [node.op for node in engine.ancestors(again)] == [node.op for node in engine.ancestors(y)]


def test_a_constant_is_a_plain_number_to_every_primitive(engine):
    """Constants and floats give the same edges, partials and structural zeros."""
    rng = random.Random(0)
    for row in PRIMITIVES.values():
        if row.columns or row.symbol or len(row.operands) < 2:
            continue
        for _ in range(20):
            numbers = [float(rng.randint(0, 3)) for _ in row.operands]
            index = rng.randrange(len(numbers))

            def node(constant, row=row, numbers=numbers, index=index):
                operands = [engine.Value(x) if i == index else constant(x) for i, x in enumerate(numbers)]
                try:
                    return getattr(engine, row.name)(*operands)
                except (ValueError, ArithmeticError) as error:
                    return str(error)

            plain, held = node(float), node(lambda x: engine.Value(x).detach())
            if type(plain) is str:
                assert held == plain
            else:
                assert repr((plain.data, plain.partials)) == repr((held.data, held.partials))


def test_ieee_gives_numbers_where_floats_raise(engine):
    """For operations on Values and for functions of floats; outside the block they raise again."""
    x = engine.Value(0.0)
    with ieee():
        y = 1 / x
        assert (y.data, engine.log(0.0), engine.exp(x + 1000.0).data) == (math.inf, -math.inf, math.inf)
    y.backward()
    assert x.grad == -math.inf
    with pytest.raises(ZeroDivisionError):
        1 / x
    with pytest.raises(OverflowError):
        engine.fsum([1e308, 1e308])
    with ieee():
        assert engine.fsum([1e308, 1e308]) == math.inf
        assert math.isnan(engine.fsum([math.inf, engine.Value(-math.inf)]).data)


def test_lines_are_those_of_the_caller(engine):
    """Each node made in the block names the line that made it, whatever layers of ours lie between."""
    x = engine.Value(2.0)
    before = x * x
    with record_lines():
        here = inspect.currentframe().f_lineno
        leaf = engine.Value(1.0)
        y = x * x
        z = engine.sum([y, engine.exp(x)])
        slope = grad(lambda v: v * v)(z)
    assert [before.line, x.line] == ["", ""]
    assert leaf.line == f"{__file__}:{here + 1}"
    assert y.line == f"{__file__}:{here + 2}"
    assert [z.line, z.operands[1].line] == [f"{__file__}:{here + 3}"] * 2
    assert slope.line == f"{__file__}:{here + 4}"
    assert (y + 1).line == ""
    y.backward()
    assert x.grad == 4.0
    with record_lines():
        assert y.__copy__().line.startswith(__file__)


@given(st.lists(st.tuples(st.sampled_from(["open", "close"]), st.integers(0, 9)), max_size=20))
def test_blocks_may_end_in_any_order(steps):
    """As blocks in suspended generators do: what is in force is what the blocks still open say."""
    blocks, bits = [], [(_modes.PLAIN, True), (_modes.IEEE, True), (_modes.LINES, True), (_modes.PLAIN, False)]
    for step, k in steps:
        if step == "open":
            blocks.append((_modes.Mode(*bits[k % 4]), *bits[k % 4]))
            blocks[-1][0].__enter__()
        elif blocks:
            blocks.pop(k % len(blocks))[0].__exit__(None, None, None)
        expected = 0
        for _, bit, on in blocks:
            expected = expected | bit if on else expected & ~bit
        assert in_force() == expected
    while blocks:
        blocks.pop()[0].__exit__(None, None, None)
    assert in_force() == 0


def test_a_generator_leaves_no_mode_behind():
    """Interleaved, closed early, or dropped."""

    def numbers(mode):
        with mode():
            yield 1
            yield 2

    first, second = numbers(no_grad), numbers(ieee)
    next(first)
    next(second)
    first.close()
    assert in_force() == _modes.IEEE
    del second
    assert in_force() == 0


def test_exceptions_end_blocks():
    """Of the block itself, and of a transform in it."""
    with pytest.raises(KeyError), no_grad(), ieee():
        raise KeyError
    with pytest.raises(ZeroDivisionError), no_grad():
        grad(lambda x: x / 0)(1.0)
    assert in_force() == 0


def test_modes_are_local_to_threads_and_tasks():
    """A block in one thread or task says nothing to the others."""
    seen = {}

    def look():
        seen["thread"] = in_force()
        with ieee():
            seen["inside"] = in_force()

    with no_grad():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert in_force() == _modes.PLAIN
    assert seen == {"thread": 0, "inside": _modes.IEEE}

    async def task(mode, ready, go):
        with mode():
            ready.set()
            await go.wait()
            return in_force()

    async def both():
        events = [asyncio.Event() for _ in range(4)]
        one = asyncio.create_task(task(no_grad, events[0], events[1]))
        two = asyncio.create_task(task(ieee, events[2], events[3]))
        await asyncio.gather(events[0].wait(), events[2].wait())
        events[1].set()
        events[3].set()
        return [await one, await two, in_force()]

    assert asyncio.run(both()) == [_modes.PLAIN, _modes.IEEE, 0]


def test_modes_decorate_functions():
    """A decorated function runs in a block of its own, even if it calls itself; one that is suspended cannot."""

    @no_grad()
    def depth(n):
        return in_force() if n == 0 else depth(n - 1)

    assert depth(3) == _modes.PLAIN
    assert in_force() == 0

    def generator():
        yield 1

    with pytest.raises(TypeError, match=r"expected a function that runs to its end when called, got .*generator"):
        no_grad()(generator)
    block = no_grad()
    with block, pytest.raises(RuntimeError, match="one that is open already"):
        block.__enter__()


def test_several_roots_in_one_sweep(engine):
    """The gradient of the sum of roots times seeds; a root may lie behind another."""
    x, y = engine.Value(2.0), engine.Value(3.0)
    h = x * y
    out = h * h
    engine.backward({out: 1.0, h: 10.0, x: 0.5})
    assert (x.grad, y.grad, h.grad, out.grad) == (0.5 + 3.0 * 22.0, 2.0 * 22.0, 22.0, 1.0)
    engine.backward({})
    for bad, text in ((5, "backward: expected a mapping of roots to numbers, got 5"), ({1: 2.0}, "backward: expected a Value"),
                      ({x: "a"}, "seed: expected a real number")):  # fmt: skip
        with pytest.raises(TypeError, match=text):
            engine.backward(bad)


def test_blocks_that_are_over_are_forgotten():
    """Once no context can refer to a block, programs run as if there never had been one."""
    x = Value(2.0)
    with no_grad():
        assert len(_modes.entered) == 1
        x * x
    assert hessian(lambda v: v**3)(2.0) == 12.0
    suspended = _in_a_block(x)
    next(suspended)
    del suspended
    assert _modes.entered == []
    with no_grad():
        elsewhere = contextvars.copy_context()
    assert len(_modes.entered) == 1  # the copy refers to it, closed as it is
    del elsewhere
    assert _modes.entered == []


def _in_a_block(x):
    with no_grad():
        yield x * x
