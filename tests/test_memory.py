"""Where nodes live: they come and go in any order, in any number, and their memory is used again or given back."""

import gc
import importlib.util
import subprocess
import sys
import textwrap
import weakref
from pathlib import Path

import pytest
from conftest import HAS_C
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import programs, transcript

from autograd import engine as python_twin

needs_c = pytest.mark.skipif(not HAS_C, reason="the C twin was not built")

steps = st.lists(
    st.tuples(
        st.sampled_from(["leaf", "add", "mul", "burst", "drop", "sweep", "name", "copy", "large"]), st.integers(0, 99)
    )
)


def live(engine, steps):
    """Let nodes come and go, and return all that can be seen of those that stay, at each sweep."""
    kept = [engine.Value(1.5)]
    seen = []
    for what, k in steps:
        x, y = kept[k % len(kept)], kept[-1 - k // 2 % len(kept)]
        match what:
            case "leaf":
                kept.append(engine.Value(0.25 * k, f"leaf {k}"))
            case "add":
                kept.append(x + y)
            case "mul":
                kept.append(x * 0.5 * y)
            case "burst":  # more than a block of nodes, of which a few stay
                kept += [x * i + y for i in range(900)][:: 100 + k]
            case "drop":
                del kept[k % len(kept)]
                kept = kept or [engine.Value(2.0)]
            case "name":
                x.name = f"named {k}"
            case "copy":
                kept.append(x.__copy__())
            case "large":  # as large as some blocks
                kept.append(engine.sum([x] * (3800 + 10 * k) + [y]))
            case "sweep":
                x.backward(0.5)
                old = engine.ancestors(x)
                seen.append([(n.name, n.op, n.data, n.grad, len(n.operands)) for n in [*kept, *old]])
                seen.append([old.index(n) if n in set(old) else None for n in kept])
                seen.append(len(engine.between([x], kept[:2])))
                for node in kept:
                    node.zero_grad()
    return repr(seen)


@needs_c
@settings(max_examples=60)
@given(steps)
def test_nodes_come_and_go(steps):
    """Whatever lives and dies between them, nodes stay what they are, in the order in which they were recorded."""
    from autograd import _engine

    steps = [*steps, ("sweep", 0), ("sweep", 7)]
    assert live(_engine, steps) == live(python_twin, steps)


@pytest.mark.parametrize("count", [2, 3900, 4100, 65_534, 65_535, 65_536, 70_000])
def test_nodes_of_any_number_of_operands(engine, count):
    """The number of operands is not limited by where nodes live; neighbours stay in order."""
    xs = [engine.Value(float(i)) for i in range(count)]
    before = xs[0] * 3.0
    y = engine.sum([*xs[1:], before])
    y.name = "total"
    z = y * y + before
    z.backward()
    assert (len(y.operands), len(y.parents), y.partials[-1], y.name) == (count, count, 1.0, "total")
    assert [x.grad for x in xs[:2]] == [3.0 * (2.0 * y.data + 1.0), 2.0 * y.data]
    assert engine.ancestors(z)[-4:] == [before, y, z.operands[0], z]
    assert z.__copy__().operands[0].operands[0].parents == y.parents


def test_names_of_nodes_that_die(engine):
    """Each computed node has its own name, and takes it along."""
    x = engine.Value(1.0)
    nodes = [x * i for i in range(300)]
    for i, node in enumerate(nodes):
        node.name = "again"
        node.name = f"node {i}"
    del nodes[::2]
    assert [node.name for node in nodes] == [f"node {i}" for i in range(1, 300, 2)]
    assert (nodes[0] + 1.0).name == ""


def test_a_computed_node_has_a_value_among_its_operands(engine):
    """Nodes hold sources, and by them the module that frees them: `restore` makes no others."""
    if engine is python_twin:
        assert engine.restore(6.0, 0.0, "", "mul", (2.0, 3.0), (), ()).data == 6.0  # restored nodes are not checked
        return
    with pytest.raises(ValueError, match="expected operands with a Value"):
        engine.restore(6.0, 0.0, "", "mul", (2.0, 3.0), (), ())


# ---- another instance of the module --------------------------------------------------------------------


def second_instance():
    """Import the C twin once more, as a further interpreter would."""
    from autograd import _engine

    spec = importlib.util.spec_from_file_location("autograd._engine", _engine.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs_c
@settings(max_examples=300)
@given(program=programs, ieee=st.booleans())
def test_a_second_instance_of_the_module_is_a_twin_too(program, ieee):
    """The first instance is found faster, and that is all."""
    from autograd import _engine

    twin = second_instance()
    sys.modules["autograd._engine"] = twin
    try:
        found = transcript(twin, program, ieee)
    finally:
        sys.modules["autograd._engine"] = _engine
    assert found == transcript(_engine, program, ieee)


@needs_c
def test_values_of_two_instances_do_not_mix():
    """Each refuses those of the other, from either side."""
    from autograd import _engine

    x, y = _engine.Value(1.0), second_instance().Value(2.0)
    for mix in (lambda: x + y, lambda: y + x, lambda: x * y, lambda: y - x, lambda: _engine.exp(y)):
        with pytest.raises(TypeError, match="Value"):
            mix()


@needs_c
@pytest.mark.parametrize("last", ["leaf", "node", "none"])
def test_an_instance_dies_with_its_last_value(last):
    """Neither the module nor its type is kept by the memory of dead nodes."""
    twin = second_instance()
    x = twin.Value(2.0)
    y = (x * x + 1.0).exp()
    kept = {"leaf": x, "node": y, "none": None}[last]
    alive = weakref.ref(twin.Value)
    del twin, x, y
    gc.collect()
    assert (alive() is not None) == (kept is not None)
    if last == "node":
        kept.backward()
        assert kept.operands[0].grad == kept.data
    del kept
    gc.collect()
    assert alive() is None


# ---- memory of the system ------------------------------------------------------------------------------

PRELUDE = """
    import resource
    from autograd import _engine as engine

    def resident():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))

    def chain(length):
        y = x
        for _ in range(length):
            y = y * x
        return y

    x = engine.Value(1.0)
    chain(1000)
    before = resident()
"""


def in_a_process(work):
    """Run Python code after PRELUDE in a process of its own and return what it prints."""
    code = textwrap.dedent(PRELUDE) + textwrap.dedent(work)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()]


linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


@needs_c
@linux
def test_system_memory_is_given_back():
    """A process that built 400 MiB of nodes does not keep them; and one more graph takes no more than the first."""
    peak, after, again = in_a_process("""
        y = chain(5_000_000)
        peak = resident() - before
        del y
        after = resident() - before
        for _ in range(3):
            chain(500_000)
        print(peak, after, resident() - before)
    """)
    assert peak > 350
    assert after < 150
    assert again <= after + 10


@needs_c
@linux
def test_system_memory_is_not_pinned_by_long_lived_values():
    """Of each of 100 graphs of 10,000 nodes, a leaf, a constant and a small node stay."""
    (growth,) = in_a_process("""
        kept = []
        for _ in range(100):
            y = chain(10_000)
            leaf = engine.Value(2.0)
            kept += [leaf, y.detach(), leaf * 2.0]
            del y
        print(resident() - before)
    """)
    assert growth < 20


@needs_c
@linux
def test_system_memory_that_one_kept_node_pins_is_a_block():
    """Of each of 500 graphs of 2,000 nodes, one small computed node stays: it keeps 32 KiB at most, and its neighbours."""
    (growth,) = in_a_process("""
        kept = []
        for _ in range(500):
            y = chain(1000)
            kept.append(x * 2.0)
            chain(1000)
            del y
        print(resident() - before)
    """)
    assert growth < 500 * 36 / 1024 + 4


@needs_c
@linux
def test_system_memory_that_runs_out():
    """It raises MemoryError, the graph so far is whole, and when it is gone there is memory again."""
    in_a_process("""
        resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
        for _ in range(3):
            y, length = x, 0
            try:
                while True:
                    y = y * x
                    length += 1
            except MemoryError:
                pass
            assert length > 2_000_000, length
            x.zero_grad()
            y.backward()
            assert x.grad == length + 1, (x.grad, length)
            try:
                engine.sum([x] * 50_000_000)
            except MemoryError:
                pass
            else:
                raise AssertionError("expected MemoryError")
            del y
    """)
