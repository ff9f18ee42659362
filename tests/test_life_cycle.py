"""The life of a graph: recording, sweeping again, changing leaves, sharing, dying."""

import copy
import gc
import math
import pickle
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import bits, nodes_of, programs

from autograd import record_lines

small = st.floats(-4, 4)


def test_second_backward_doubles_leaves_and_keeps_inner_nodes(engine):
    """Leaves accumulate exactly; a computed node has the adjoint of the last sweep."""
    x = engine.Value(3.0)
    square = x * x
    y = square * square + x
    y.backward()
    once = x.grad
    y.backward()
    assert (x.grad, square.grad, y.grad) == (2 * once, 18.0, 1.0)


@given(program=programs)
def test_second_backward_doubles_every_leaf(engine, program):
    """The doubling is exact in any program, and inner nodes do not change."""
    nodes = nodes_of(engine, program.run(engine).results)
    nodes[-1].backward()
    once = [(node.op, node.grad) for node in nodes]
    nodes[-1].backward()
    assert [bits(node.grad) for node in nodes] == [bits(g if op else g + g) for op, g in once]


def test_two_uses_of_a_node_are_two_paths(engine):
    """The node of x * x has two operands, two parents and two partials."""
    x = engine.Value(3.0)
    y = x * x
    assert (y.operands, y.parents, y.partials) == ((x, x), (x, x), (3.0, 3.0))
    y.backward()
    assert x.grad == 6.0


def test_diamond_in_the_order_that_breaks_a_depth_first_sweep(engine):
    """Every path counts once in b = a + a; c = b + b."""
    a = engine.Value(5.0)
    b = a + a
    c = b + b
    c.backward()
    assert (a.grad, b.grad, c.grad) == (4.0, 2.0, 1.0)


def test_equal_numbers_are_distinct_nodes(engine):
    """Nodes are told apart by identity, never by what they hold."""
    x, y = engine.Value(2.0), engine.Value(2.0)
    assert x == y
    (3 * x + 5 * y).backward()
    assert (x.grad, y.grad) == (3.0, 5.0)
    assert len({x, y}) == 2


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x + 3, 1.0),
        (lambda x: 3 + x, 1.0),
        (lambda x: x - 3, 1.0),
        (lambda x: 3 - x, -1.0),
        (lambda x: x * 3, 3.0),
        (lambda x: 3 * x, 3.0),
        (lambda x: x / 4, 0.25),
        (lambda x: 4 / x, -1.0),
        (lambda x: x**3, 12.0),
        (lambda x: 3**x, 9 * math.log(3)),
        (lambda x: x % 3, 1.0),
        (lambda x: 3 % x, -1.0),
        (lambda x: x // 3, 0.0),
        (lambda x: 3 // x, 0.0),
    ],
)
def test_constants_on_either_side(engine, f, expected):
    """A number beside a Value is an operand, and no parent."""
    x = engine.Value(2.0)
    y = f(x)
    y.backward()
    assert x.grad == expected
    assert len(y.operands) == 2
    assert set(y.parents) <= {x}


def test_two_roots_share_a_graph(engine):
    """Leaves add up over roots; a shared node has the adjoint by the last root."""
    x = engine.Value(3.0)
    shared = x * x
    first, second = 2 * shared, 5 * shared
    first.backward()
    assert (shared.grad, x.grad) == (2.0, 12.0)
    second.backward()
    assert (shared.grad, x.grad) == (5.0, 12.0 + 30.0)


def test_seed_scales_and_zero_grad_clears(engine):
    """The seed is the root's own adjoint."""
    x = engine.Value(3.0)
    y = x * x
    y.backward(0.5)
    assert (y.grad, x.grad) == (0.5, 3.0)
    x.zero_grad()
    assert x.grad == 0.0
    y.backward(seed=2)
    assert x.grad == 12.0


def test_sweeping_a_leaf_reaches_itself(engine):
    """Its derivative by itself is 1, and it accumulates as on any leaf."""
    x = engine.Value(3.0)
    x.backward()
    x.backward(2.0)
    assert (x.grad, x.tangent({x: 5.0}), x.tangent({})) == (3.0, 5.0, 0.0)


def test_a_leaf_changed_after_recording_leaves_the_gradient_right(engine):
    """Partials are taken when the node is recorded."""
    x = engine.Value(3.0)
    y = x * x
    x.data = 5.0
    y.backward()
    assert (y.data, x.grad) == (9.0, 6.0)


@given(program=programs)
def test_forward_sweep_agrees_with_backward_sweep(engine, program):
    """The tangent along one leaf is that leaf's adjoint, up to the rounding of their sums.

    Both sweeps multiply the same partials. Compared where every number stays tame.
    """
    root = program.root(engine)
    nodes = engine.ancestors(root)
    if not all(1e-30 < abs(p) < 1e30 or p == 0.0 for node in nodes for p in node.partials):
        return
    root.backward()
    # Both sums run over the same paths; the sum of their absolute values bounds what rounding can do.
    size = dict.fromkeys(nodes, 0.0)
    size[root] = 1.0
    for node in reversed(nodes):
        for parent, partial in zip(node.parents, node.partials, strict=True):
            size[parent] += size[node] * abs(partial)
    for leaf in [node for node in nodes if not node.op]:
        assert root.tangent({leaf: 1.0}) == pytest.approx(leaf.grad, rel=0, abs=(64 + len(nodes)) * 2**-52 * size[leaf])


def test_operand_without_influence_is_no_parent(engine):
    """What the result does not depend on gets no edge, so no inf or nan comes back from there."""
    x = engine.Value(0.0)
    root = x.sqrt()
    chosen = engine.where(x > 0, root, 2 * x)
    assert (len(chosen.operands), chosen.parents) == (3, (chosen.operands[2],))
    chosen.backward()
    assert x.grad == 2.0
    assert (0.0 * root).parents == ()
    assert engine.relu(engine.Value(-1.0)).parents == ()
    assert (root**0).parents == ()


def test_forward_sweep_leaves_unmoved_leaves_alone(engine):
    """A leaf that no seed moves has no tangent, so no inf or nan can come from its partials."""
    a, b = engine.Value(0.0), engine.Value(2.0)
    y = a.sqrt() + b * b
    assert y.tangent({b: 1.0}) == 4.0
    assert y.tangent({a: 1.0}) == math.inf
    assert math.isnan(y.tangent({a: 0.0}))
    assert y.tangent({}) == 0.0


def test_in_place_operators_rebind(engine):
    """`+=` makes a new node; the old one stays in the graph."""
    x = engine.Value(2.0)
    y = x
    y += 3
    y *= y
    y.backward()
    assert (x.data, y.data, x.grad) == (2.0, 25.0, 10.0)


@pytest.mark.parametrize("seed", range(3))
def test_results_are_reproducible_to_the_last_bit(engine, seed):
    """Adjoints accumulate in reverse recording order, whatever the shape of the graph."""
    import random

    def gradient():
        rng = random.Random(seed)
        xs = [engine.Value(rng.uniform(0.5, 2.0)) for _ in range(5)]
        nodes = list(xs)
        for _ in range(200):
            a, b = rng.choices(nodes, k=2)
            nodes.append(rng.choice([lambda: a + b, lambda: a * b, lambda: (a - b).tanh()])())
        engine.sum(node.tanh() for node in nodes).backward()
        return [x.grad for x in xs]

    assert gradient() == gradient()


def test_copies(engine):
    """A copy has the same operands; a deep copy the same history, shared where it was shared."""
    x = engine.Value(2.0, "x")
    hidden = engine.where(x > 3, x.exp(), x * x)
    y, z = hidden + 1, hidden * x
    z.backward()
    shallow = copy.copy(z)
    assert (shallow.operands, shallow.partials, shallow.grad, shallow.name) == (z.operands, z.partials, 1.0, "")
    for y2, z2, x2 in (copy.deepcopy((y, z, x)), pickle.loads(pickle.dumps((y, z, x)))):
        assert x2 is not x
        assert (x2.name, x2.grad, z2.operands[1] is x2) == ("x", x.grad, True)
        assert z2.operands[0].parents == z2.operands[0].operands[2:]  # the branch not taken is still no parent
        x2.zero_grad()
        y2.backward()
        z2.backward()
        assert x2.grad == 4.0 + 12.0
    y2, z2 = copy.deepcopy([y, z])
    assert y2.operands[0] is z2.operands[0]


# ---- death -----------------------------------------------------------------------------------------


def _busy(engine):
    """Exercise everything that makes or sweeps nodes."""
    xs = [engine.Value(0.1 * i, f"x{i}") for i in range(8)]
    y = engine.dot(xs, [*xs[1:], 1.0])
    for x in xs:
        y = (y + x.tanh()) * 0.5 - x / 3 + 2**x + abs(-x) + engine.where(x > 0, x, 1.0) % 7
    y.backward()
    y.tangent({xs[0]: 1})
    for bad in (lambda: y / 0, lambda: y + "a", lambda: (y - y).log(), lambda: float(y), lambda: setattr(y, "data", 1)):
        # pytest.raises would keep tracebacks alive in cycles of its own.
        try:
            bad()
        except (TypeError, ValueError, ZeroDivisionError, RuntimeError):
            continue
        raise AssertionError("expected an error")
    return y


def test_no_cycles_and_no_leaks(engine):
    """With the collector off, repeated runs come to leave the number of allocated blocks as it was."""

    def once():
        y = _busy(engine)
        copy.deepcopy(y).backward()
        pickle.loads(pickle.dumps(y)).backward()
        engine.ancestors(copy.copy(y))

    gc.collect()
    gc.disable()
    growth = []
    try:
        for _ in range(20):
            before = sys.getallocatedblocks()
            for _ in range(50):
                once()
            growth.append(sys.getallocatedblocks() - before)
    finally:
        gc.enable()
    # The interpreter's free lists fill up in the first rounds; a leak would come back in every round.
    assert min(growth) <= 0


def test_a_dead_graph_frees_what_only_it_held(engine):
    """A node dies with its last name, at once."""
    x = engine.Value(1.0)
    count = sys.getrefcount(x)
    y = (x * x).exp()
    assert sys.getrefcount(x) > count
    del y
    assert sys.getrefcount(x) == count


def test_a_collection_in_a_sweep_changes_nothing(engine):
    """Even if something dies in it that sweeps the same nodes."""
    x = engine.Value(2.0)
    y = x * x * 3.0

    class Sweeper:
        def __init__(self):
            self.cycle = self

        def __del__(self):
            z = engine.exp(x)
            engine.adjoints({z + y: 1.0}, [x])

    threshold = gc.get_threshold()
    gc.set_threshold(1, 1, 1)
    try:
        for _ in range(200):
            Sweeper()
            assert engine.adjoints({y: 1.0}, [x]) == [12.0]
            assert engine.tangents({x: 1.0}, [y]) == [12.0]
    finally:
        gc.set_threshold(*threshold)
        gc.collect()


def test_what_dies_in_the_end_of_an_own_primitive_dies_at_once(engine):
    """Python code that runs while a graph is being freed sees graphs of its own freed as ever."""
    x = engine.Value(2.0)
    seen = []

    class Last:
        name = "last"

        def __del__(self):
            before = sys.getrefcount(x)
            y = (x * x).exp() + x
            y.backward()
            more = sys.getrefcount(x) > before
            del y
            seen.append((more, sys.getrefcount(x) == before))

    node = engine.restore(4.0, 0.0, "", Last(), (x,), (x,), (4.0,)) * x + x
    node.name = "root"
    del node
    gc.collect()
    assert seen == [(True, True)]


def test_a_name_that_goes_while_it_is_copied(engine):
    """Recording a line runs Python code, which may rename the very node that is being copied."""
    x = engine.Value(2.0, "".join(["old ", "name"]))

    def rename(frame, event, _):
        if event == "call" and frame.f_code.co_name == "caller":
            x.name = "".join(["new ", "name"])

    for copied in (lambda: x.detach(), lambda: copy.copy(x), lambda: (x * 1.0).detach()):
        x.name = "".join(["old ", "name"])
        with record_lines():
            old = sys.getprofile()
            sys.setprofile(rename)
            try:
                name = copied().name
            finally:
                sys.setprofile(old)
        assert name in {"old name", "new name", ""}


def test_an_own_primitive_may_be_false(engine):
    """A copy keeps it."""

    class Empty:
        name = "empty"

        def __len__(self):
            return 0

    x = engine.Value(2.0)
    node = engine.restore(4.0, 0.0, "", Empty(), (x,), (x,), (4.0,))
    for copied in (copy.copy(node), copy.deepcopy(node)):
        assert (copied.op, type(copied.primitive)) == ("empty", Empty)
