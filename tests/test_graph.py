"""What a snapshot of a graph holds: ids, operands and partials, the same on both twins, and for ever."""

import math
import threading

import pytest
from conftest import HAS_C, TWINS
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import bits, programs, random_root

from autograd.graph import Node, Snapshot, owner
from autograd.own import primitive
from autograd.primitives import PRIMITIVES
from autograd.testing.programs import apply

DEEP = 10**5


def written(snapshot):
    """Return a snapshot as a list of lines."""
    lines = []
    for node in snapshot.nodes:
        operands = [
            f"{slot}={snapshot.nodes[i].id}:{None if partial is None else bits(partial)}"
            for slot, i, partial in zip(node.slots, node.operands, node.partials, strict=True)
        ]
        lines.append(" ".join([node.id, node.kind, node.op or "-", bits(node.data), bits(node.grad), *operands]))
    return lines


# ---- what it holds -----------------------------------------------------------------------------------


def test_golden(engine):
    """Ids, kinds, numbers, operands in order and partials, of a graph with one of each."""
    w, x = engine.Value(0.5, "layers[0].w[1]"), engine.Value(-2.0, "x")
    held = engine.Value(4.0, "held").detach()
    z = engine.dot([w, x, w], [1.0, x, held])
    loss = engine.relu(z) + engine.relu(-z) - z / 2 + engine.Value(1.0)
    loss.name = "loss"
    loss.backward()
    shown = [
        f"{node.id:14} {node.kind:9} {node.data:5} {node.grad:5} "
        + " ".join(f"{slot}={taken.nodes[i].id}:{p}" for slot, i, p in zip(node.slots, node.operands, node.partials, strict=True))
        for taken in [Snapshot(loss)]
        for node in taken.nodes
    ]  # fmt: skip
    assert (
        "\n".join(line.rstrip() for line in shown)
        == """\
layers[0].w[1] parameter   0.5   2.5
x              input      -2.0  -2.0
held           constant    4.0   0.0
dot1.y[0]      constant    1.0   0.0
dot1           computed    6.5   0.5 x[0]=layers[0].w[1]:1.0 x[1]=x:-2.0 x[2]=layers[0].w[1]:4.0 y[0]=dot1.y[0]:None y[1]=x:-2.0 y[2]=held:None
relu1          computed    6.5   1.0 x=dot1:1.0
neg1           computed   -6.5   0.0 x=dot1:-1.0
relu2          computed    0.0   1.0 x=neg1:None
add1           computed    6.5   1.0 x=relu1:1.0 y=relu2:1.0
truediv1.y     constant    2.0   0.0
truediv1       computed   3.25  -1.0 x=dot1:0.5 y=truediv1.y:None
sub1           computed   3.25   1.0 x=add1:1.0 y=truediv1:-1.0
leaf1          input       1.0   1.0
loss           computed   4.25   1.0 x=sub1:1.0 y=leaf1:1.0"""
    )


@given(program=programs)
@settings(max_examples=60)
def test_the_twins_and_all_runs_agree(program):
    """The same program gives the same snapshot on each twin, and again in the same process."""
    import importlib

    engines = [importlib.import_module(name) for name in TWINS]
    roots = [random_root(engine, program, floats_raise=False) for engine in [*engines, engines[0]]]
    if roots[0] is not None and all(type(root).__name__ == "Value" for root in roots):
        first, *others = [written(Snapshot(root)) for root in roots]
        assert all(other == first for other in others)
    assert HAS_C or len(engines) == 1


@given(program=programs)
@settings(max_examples=60)
def test_operands_partials_and_adjoints(engine, program):
    """Each edge is at the right operand, whatever is flat or repeated; the adjoints are those of a sweep."""
    root = random_root(engine, program, floats_raise=False)
    if type(root) is not engine.Value:
        return
    root.backward()
    taken = Snapshot(root)
    values = engine.ancestors(root)
    assert taken.n_values == len(values)
    for value in values:
        node = taken.nodes[taken.place(value)]
        if not value.op or value.op == "constant":
            continue
        assert [bits(taken.nodes[i].data) for i in node.operands] == [
            bits(x.data if type(x) is engine.Value else x) for x in value.operands
        ]
        edges = [(i, p) for i, p in zip(node.operands, node.partials, strict=True) if p is not None]
        assert [i for i, _ in edges] == [taken.place(parent) for parent in value.parents]
        assert [bits(p) for _, p in edges] == [bits(p) for p in value.partials]
        assert len(node.operands) == len(node.partials) == len(node.slots)
        assert all(taken.nodes[i].op or taken.nodes[i].kind != "computed" for i in node.operands)
    found = taken.adjoints()
    for value, adjoint in zip(values, engine.adjoints({root: 1.0}, values), strict=True):
        mine = found[taken.place(value)]
        assert (mine is None) == (adjoint is None)
        assert mine is None or bits(mine) == bits(adjoint)


@pytest.mark.parametrize(
    ("op", "make", "partials"),
    [
        ("maximum", lambda e, x: e.maximum(x, x), (0.5, 0.5)),
        ("clip", lambda e, x: e.clip(x, x, 5.0), (1.0, None, None)),
        ("where", lambda e, x: e.where(x, x, x), (None, 1.0, None)),
        ("pow", lambda e, x: (x - 2.0) ** x, (0.0, None)),
        ("dot", lambda e, x: e.dot([x, 0.0], [2.0, x]), (2.0, None, None, None)),
    ],
)
def test_flat_places_of_repeated_operands(engine, op, make, partials):
    """An operand that stands several times has its edges where the primitive depends on it."""
    root = make(engine, engine.Value(2.0, "x"))
    (node,) = [node for node in Snapshot(root).nodes if node.op == op]
    assert node.partials == partials


def test_every_primitive_has_slots(engine):
    """Each operand of each row of the table is called as the formulas call it."""
    for row in PRIMITIVES.values():
        numbers = next((p for p in row.hard_points if all(map(math.isfinite, p))), None)
        samples = [1.0 if low < 1.0 < high else (low + high) / 2 for low, high in row.samples[: len(row.operands)]]
        for point in (samples, numbers):
            try:
                root = apply(engine, row.name, [engine.Value(x) for x in point])
            except (ValueError, ArithmeticError):
                continue
            slots = Snapshot(root).nodes[-1].slots
            assert [slot.split("[")[0] for slot in slots] == list(row.operands)
            break
        else:
            raise AssertionError(row.name)


def test_own_primitives(engine):
    """The operands of a primitive of the user's own have numbers; one without an edge has no partial."""

    @primitive(partials=lambda x, y, z, out: (3.0, None, 4.0))
    def mine(x, y, z):
        return x + y + z

    x = engine.Value(1.0, "x")
    node = Snapshot(mine(x, x, 2.0)).nodes[-1]
    assert (node.id, node.op, node.row, node.slots) == ("mine1", "mine", None, ("0", "1", "2"))
    assert node.partials == (3.0, None, None)


# ---- several roots, and errors -----------------------------------------------------------------------


def test_several_roots(engine):
    """All that any root was computed from is there once; a root given twice is one."""
    x = engine.Value(3.0, "x")
    y, z, other = x * x, x + 1.0, engine.Value(1.0, "other")
    taken = Snapshot(z, other, y, z)
    assert [node.id for node in taken.nodes] == ["x", "mul1", "add1.y", "add1", "other"]
    assert [taken.nodes[i].id for i in taken.roots] == ["add1", "other", "mul1"]
    assert taken.n_values == 4
    assert taken.adjoints() == [7.0, 1.0, None, 1.0, 1.0]
    assert taken.place(engine.Value(0.0)) is None
    assert not taken.is_swept
    engine.backward({z: 2.0})
    assert Snapshot(z, y).is_swept


def test_errors(engine):
    """What is no Value is said so."""
    with pytest.raises(ValueError, match="root: expected one Value or more"):
        Snapshot()
    with pytest.raises(TypeError, match=r"root: expected a Value, got 1\.0"):
        Snapshot(1.0)
    with pytest.raises(TypeError, match="root: expected a Value, got 'x'"):
        Snapshot(engine.Value(1.0), "x")
    with pytest.raises(TypeError, match=r"Snapshot\.place: expected a Value"):
        Snapshot(engine.Value(1.0)).place(1.0)


# ---- ids ---------------------------------------------------------------------------------------------

names = st.one_of(
    st.sampled_from(["", "x", "x#2", "x#3", "add1", "add2", "add1.y", "leaf1", "constant1", "add1#2", "mul1.x", "a.b"]),
    st.text(max_size=5),
)


@given(labels=st.lists(names, min_size=1, max_size=8), constant=st.booleans())
def test_ids_are_unlike_one_another(engine, labels, constant):
    """Whatever the names, even those that look like made ids: the first node of a name is called so."""
    nodes = [engine.Value(1.0, label) for label in labels]
    if constant:
        nodes[0] = nodes[0].detach()
    total = engine.Value(0.0)
    for i, node in enumerate(nodes):
        total = total + node * 2.0
        total.name = labels[-1 - i]
    ids = [node.id for node in Snapshot(total).nodes]
    assert len(set(ids)) == len(ids)
    assert {label for label in labels if label} <= set(ids)


def test_made_ids_leave_names_alone(engine):
    """A made id is never a name of the user's, even of a later node."""
    x = engine.Value(1.0, "leaf1")
    y = -(x + engine.Value(2.0))
    z = y + x
    z.name, y.name = "add1", "add1.y"
    assert [node.id for node in Snapshot(z * z).nodes] == ["leaf1", "leaf2", "add2", "add1.y", "add1", "mul1"]


def test_made_ids_end_in_one_number(engine):
    """The 1st log2 is not called as the 21st log is."""
    x = engine.Value(2.0, "x")
    assert [node.id for node in Snapshot(engine.log2(x) + engine.log(x)).nodes] == ["x", "log2_1", "log1", "add1"]


def test_names_given(engine):
    """Names given stand in place of the Values' own; a way in a module makes a parameter."""
    x, y = engine.Value(1.0, "x"), engine.Value(2.0)
    taken = Snapshot(x * y, names={"net.b": x, "second": y})
    assert [(node.id, node.kind) for node in taken.nodes] == [
        ("net.b", "parameter"), ("second", "input"), ("mul1", "computed"),
    ]  # fmt: skip
    assert owner("layers[0].neurons[2].w[1]") == "layers[0].neurons[2]"
    assert owner("w") == ""


# ---- a copy, at any depth ----------------------------------------------------------------------------


def test_nothing_changes_later(engine):
    """What was taken stays, whatever happens to gradients, leaves and names."""
    x = engine.Value(2.0, "x")
    y = x * x
    y.backward()
    taken = Snapshot(y)
    before = written(taken)
    x.zero_grad()
    x.data, x.name, y.name = 5.0, "other", "y"
    y.backward(3.0)
    assert written(taken) == before
    assert isinstance(taken.nodes[0], Node)
    assert taken.nodes[0].grad == 4.0


def test_deep_graphs(engine):
    """A chain of 10^5 in a thread with a small stack: nothing recurses."""
    found = []

    def work():
        x = engine.Value(0.5, "x")
        y = x
        for _ in range(DEEP):
            y = -y
        taken = Snapshot(y)
        found.append((len(taken.nodes), taken.nodes[-1].id, taken.adjoints()[0]))

    before = threading.stack_size(1024 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert found == [(DEEP + 1, f"neg{DEEP}", 1.0)]
