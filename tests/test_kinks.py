"""What `margins` finds of kinks, jumps and edges of domains."""

import ast
import importlib
import math
from types import SimpleNamespace

import pytest
from conftest import HAS_C, TWINS
from hypothesis import given, settings
from programs import bits, programs, random_root

from autograd import ieee
from autograd._formula import parse
from autograd._wording import positions_of_parents
from autograd.kinks import margins
from autograd.primitives import PRIMITIVES
from autograd.testing.programs import apply

inf, nan = math.inf, math.nan
DEEP = 10**5


def slopes(partials):
    """Return the partials that are not zero, to be compared bit for bit."""
    return [bits(partial) for partial in partials if partial]


# ---- where they are ----------------------------------------------------------------------------------

MARGINS = [
    # one primitive of x = Value(a) and y = Value(b): a, b, the closest margin; the number of x or y there;
    # the partials below and above
    (lambda e, x, y: abs(x), 3.0, 0.0, "kink", {0: 0.0}, (-1.0,), (1.0,)),
    (lambda e, x, y: e.relu(x), -1e-9, 0.0, "kink", {0: 0.0}, (0.0,), (1.0,)),
    (lambda e, x, y: e.sign(x), -0.5, 0.0, "jump", {0: 0.0}, (0.0,), (0.0,)),
    (lambda e, x, y: e.maximum(x, y), 2.0, 2.5, "kink", {0: 2.5}, (0.0, 1.0), (1.0, 0.0)),
    (lambda e, x, y: e.maximum(x, y), 2.0, 2.0, "kink", {0: 2.0}, (0.0, 1.0), (1.0, 0.0)),
    (lambda e, x, y: e.minimum(3.0, y), 0.0, 1.0, "kink", {1: 3.0}, (None, 1.0), (None, 0.0)),
    (lambda e, x, y: e.clip(x, 0.0, 5.0), 0.1, 0.0, "kink", {0: 0.0}, (0.0, None, None), (1.0, None, None)),
    (lambda e, x, y: e.clip(x, -5.0, y), 1.9, 2.0, "kink", {0: 2.0}, (1.0, None, 0.0), (0.0, None, 1.0)),
    (lambda e, x, y: x // 2.0, 6.25, 0.0, "jump", {0: 6.0}, (0.0, None), (0.0, None)),
    (lambda e, x, y: x // 2.0, 5.75, 0.0, "jump", {0: 6.0}, (0.0, None), (0.0, None)),
    (lambda e, x, y: x % y, 5.75, 2.0, "jump", {0: 6.0}, (1.0, -2.0), (1.0, -3.0)),
    (lambda e, x, y: x % y, -5.75, 2.0, "jump", {0: -6.0}, (1.0, 4.0), (1.0, 3.0)),
    (lambda e, x, y: e.fmod(x, y), 6.25, 2.0, "jump", {0: 6.0}, (1.0, -2.0), (1.0, -3.0)),
    (lambda e, x, y: e.fmod(x, 2.0), -1.75, 0.0, "jump", {0: -2.0}, (1.0, None), (1.0, None)),
    (lambda e, x, y: e.remainder(x, y), 4.75, 2.0, "jump", {0: 5.0}, (1.0, -2.0), (1.0, -3.0)),
    (lambda e, x, y: e.remainder(x, 2.0), 5.25, 0.0, "jump", {0: 5.0}, (1.0, None), (1.0, None)),
    (lambda e, x, y: e.copysign(x, y), 3.0, 0.5, "jump", {1: 0.0}, (-1.0, 0.0), (1.0, 0.0)),
    (lambda e, x, y: e.copysign(x, -1.0), 3.0, 0.5, "kink", {0: 0.0}, (1.0, None), (-1.0, None)),
    (lambda e, x, y: e.hypot(x, y), 3.0, 4.0, "kink", {0: 0.0, 1: 0.0}, (-0.6, -0.8), (0.6, 0.8)),
    (lambda e, x, y: e.sqrt(x), 0.25, 0.0, "edge", {0: 0.0}, (nan,), (0.5 / math.sqrt(1e-323),)),
    (lambda e, x, y: e.log(x), 0.25, 0.0, "edge", {0: 0.0}, (nan,), (inf,)),
    (lambda e, x, y: e.log1p(x), -0.75, 0.0, "edge", {0: -1.0}, (nan,), (2.0**51,)),
    (lambda e, x, y: e.asin(x), 0.75, 0.0, "edge", {0: 1.0}, (1 / math.sqrt(2.0**-51 * (2 - 2.0**-51)),), (nan,)),
    (lambda e, x, y: e.atanh(x), -0.75, 0.0, "edge", {0: -1.0}, (nan,), (2.0**50,)),
    (lambda e, x, y: e.acosh(x), 1.25, 0.0, "edge", {0: 1.0}, (nan,), (2.0**25.5 / math.sqrt(2.0),)),
    (lambda e, x, y: 1.0 / y, 0.0, -0.25, "edge", {1: 0.0}, (None, -inf), (None, -inf)),
    (lambda e, x, y: x**0.5, 0.25, 0.0, "edge", {0: 0.0}, (nan, None), (0.5 * 1e-323**-0.5, None)),
    (lambda e, x, y: e.gamma(x), -0.9, 0.0, "edge", {0: -1.0}, (2.0**102,), (2.0**102,)),
    (lambda e, x, y: e.lgamma(x), -1.1, 0.0, "edge", {0: -1.0}, (2.0**51,), (-(2.0**51),)),
    (lambda e, x, y: e.polygamma(1, x), 0.25, 0.0, "edge", {1: 0.0}, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("program", "a", "b", "kind", "moves", "below", "above"), MARGINS)
def test_the_closest_margin(engine, program, a, b, kind, moves, below, above):
    """Its kind, where it is, how far, and the partials on both sides; the root is three times the node."""
    node = program(engine, engine.Value(a), engine.Value(b))
    closest = margins(3.0 * node)[0]
    assert (closest.node, closest.kind) == (node, kind)
    numbers = [x.data if type(x) is engine.Value else x for x in node.operands]
    way = math.hypot(*[numbers[i] - there for i, there in closest.moves.items()])
    assert closest.distance == way
    assert closest.relative == pytest.approx(
        way / max(math.hypot(*closest.moves.values()), math.hypot(*[numbers[i] for i in closest.moves])) if way else 0.0
    )
    assert closest.moves == moves
    assert slopes(closest.taken) == slopes(node.partials)
    for side, expected in ((closest.left, below), (closest.right, above)):
        if expected is not None:
            assert [x is None for x in side.partials] == [x is None for x in expected]
            assert [x or 0.0 for x in side.partials] == pytest.approx(
                [x or 0.0 for x in expected], rel=1e-12, nan_ok=True
            )
        assert slopes(side.derivatives) == slopes([3.0 * partial for partial in side.partials if partial is not None])


NO_MARGINS = [
    lambda e, x: e.exp(x) * x + 1.0,  # smooth
    lambda e, x: x**2 + x**3.0 + x**0,  # whole powers have no edge at 0
    lambda e, x: e.maximum(x, x) + e.clip(x, x, x),  # both operands move together
    lambda e, x: e.hypot(x, 1.0) + e.atan2(1.0, x),  # a constant keeps off the origin
    lambda e, x: e.where(x > 0, x, 2.0 * x) + (x if x > 0 else 0.0),  # a comparison is recorded as true or false
    lambda e, x: 0.0 * abs(x) + e.where(True, x, e.log(x)),  # the root does not depend on them
    lambda e, x: e.maximum(x, inf) + e.clip(x, -inf, inf) + e.sin(x),  # infinitely far
    lambda e, x: abs(x.detach()) * x + e.log(x.detach()) * x,  # constants
    lambda e, x: e.restore(
        1.0, 0.0, "", SimpleNamespace(name="abs"), (x,), (x,), (1.0,)
    ),  # an own primitive of a name of the table
    lambda e, x: e.ldexp(x, e.Value(3.0)),  # no edge, no margin
    lambda e, x: e.sum([x, x]) * e.logsumexp([x, 1.0]),
]


@pytest.mark.parametrize("program", NO_MARGINS)
def test_no_margin_where_nothing_flips(engine, program):
    """Only what changes a value or a partial on the way to the root counts."""
    assert margins(program(engine, engine.Value(1.5))) == []


def test_isolated_points(engine):
    """Where several operands have to meet a condition at once, they pass it on a straight line."""
    y, x = engine.Value(3e-9), engine.Value(4e-9)
    angle, *_ = margins(engine.atan2(y, x))
    assert (angle.kind, angle.moves, angle.distance) == ("jump", {0: 0.0, 1: 0.0}, math.hypot(3e-9, 4e-9))
    assert angle.right.value - angle.left.value == pytest.approx(math.pi)
    assert min(map(abs, angle.right.partials)) > 1e300
    (here,) = margins(engine.hypot(x * 0.0, y * 0.0))
    assert (here.distance, here.relative, here.taken) == (0.0, 0.0, (0.0, 0.0))
    assert here.right.partials == pytest.approx((math.sqrt(0.5),) * 2)


def test_a_power_near_its_edges(engine):
    """A variable exponent of a negative number, and 0 to the power 0, have no slope."""
    whole, *_ = margins(engine.Value(-2.0) ** engine.Value(2.0))
    assert (whole.kind, whole.moves, whole.distance) == ("edge", {1: 2.0}, 0.0)
    assert {tuple(found.moves) for found in margins(engine.Value(0.5) ** engine.Value(0.25))} == {(0,), (0, 1)}


def test_margins_are_sorted_and_limited(engine):
    """The closest come first, and none beyond the limit; at a kink itself the distance is 0."""
    x = engine.Value(1.0)
    root = abs(x - 1.0) + abs(x - 3.0) + engine.relu(x) + engine.log(x + 2.0)
    assert [found.distance for found in margins(root)] == [0.0, 1.0, 2.0, 3.0]
    assert [found.distance for found in margins(root, within=1.0)] == [0.0, 1.0]
    assert margins(root, within=-1.0) == []


def test_a_structural_zero_is_not_multiplied(engine):
    """Below its kink relu passes nothing on, not even of an infinite adjoint."""
    (_, kink) = margins(engine.sqrt(engine.relu(engine.Value(-1e-9))))
    assert (kink.node.op, kink.left.derivatives, kink.right.derivatives) == ("relu", (0.0,), (inf,))


def test_operands_that_stay_keep_their_sign_of_zero(engine):
    """Only what moves is stepped: -0.0 is not rounded to 0.0."""
    low = engine.minimum(engine.Value(-1.0), engine.Value(-0.0))
    assert math.copysign(1.0, margins(low)[0].right.value) == -1.0


def test_kinks_of_the_table_can_be_solved():
    """Each has an equality, or names a region as a condition."""
    for row in PRIMITIVES.values():
        for kink in row.kinks:
            assert {type(node) for node in ast.walk(parse(kink.at))} & {ast.Compare}, row.name


def test_bad_input():
    """What is no Value has no margins."""
    with pytest.raises(TypeError, match=r"margins: expected a Value, got 3\.0 \(float\)"):
        margins(3.0)


def test_a_deep_graph(engine):
    """Nothing recurses."""
    x = engine.Value(0.0)
    y = abs(engine.sqrt(x))
    for _ in range(DEEP):
        y = y + 1.0
    assert [margin.node.op for margin in margins(y)] == ["sqrt", "abs"]


# ---- words -------------------------------------------------------------------------------------------


def test_a_margin_reads_well(engine):
    """One line says where, one for each operand says what changes, and one more if the value jumps."""
    relu = str(margins(engine.relu(engine.Value(1.0, name="x")))[0])
    assert relu == (
        "relu('x' = 1.0) = 1.0: kink at x == 0, 1.0 away\n  by 'x': partial 0.0 | 1.0, taken 1.0; d root 0.0 | 1.0"
    )
    assert "  the value jumps: 2.0 | 3.0" in str(margins(engine.Value(6.5) // 2.0)[0])


def test_texts_stay_short(engine):
    """Of many operands, only the first are shown."""
    assert "  by 994 more" in str(margins(engine.hypot(*map(engine.Value, range(1000))))[0])


def test_nothing_of_the_users_reaches_a_terminal_raw(engine):
    """A name may hold anything: the text is printable ASCII and keeps its lines."""
    (margin,) = margins(engine.relu(engine.Value(-1.0, "\x1b[2J\n\u202e")))
    first, second = str(margin).split("\n")
    assert r"'\x1b[2J\n\u202e'" in first
    assert r"'\x1b[2J\n\u202e'" in second


# ---- random programs ---------------------------------------------------------------------------------


def operands(engine, node):
    """Return the operands of a node that can move."""
    return [x for x in node.operands if type(x) is engine.Value and x.op != "constant"]


@pytest.mark.parametrize("floats_raise", [True, False])
@given(program=programs)
@settings(max_examples=300)
def test_margins_of_random_programs(engine, floats_raise, program):
    """They are sorted and finite, and the partials taken are those recorded."""
    root = random_root(engine, program, floats_raise)
    if root is None:
        return
    found = margins(root)
    distances = [margin.distance for margin in found]
    assert distances == sorted(distances)
    assert all(0.0 <= distance < inf for distance in distances)
    for margin in found:
        assert str(margin).isascii()
        assert slopes(margin.taken) == slopes(margin.node.partials)


@given(program=programs)
@settings(max_examples=300)
def test_sides_are_as_recorded_there(engine, program):
    """Computed anew with an operand just below or above a kink, a node has the value and the partials of that side."""
    root = random_root(engine, program, floats_raise=False)
    if root is None:
        return
    for margin in margins(root):
        node = margin.node
        if len(margin.moves) > 1 or PRIMITIVES[node.op].columns:
            continue
        ((moved, there),) = margin.moves.items()
        for side, sign in ((margin.left, -2.0), (margin.right, 2.0)):
            moving = node.operands[moved]
            nearby = engine.Value(there + sign * math.ulp(there))
            fresh = {x: nearby if x is moving else engine.Value(x.data) for x in operands(engine, node)}
            with ieee():
                again = apply(engine, node.op, [fresh.get(x, x) for x in node.operands])
            assert bits(again.data) == bits(side.value)
            assert slopes(again.partials) == slopes(side.partials)


@pytest.mark.skipif(not HAS_C, reason="the C twin was not built")
@given(program=programs)
@settings(max_examples=200)
def test_the_twins_say_the_same(program):
    """The margins of a program read alike, to the last digit."""
    said = []
    for twin in TWINS:
        root = random_root(importlib.import_module(twin), program, floats_raise=False)
        said.append(root is None or str(margins(root)))
    assert said[0] == said[-1]


def test_the_place_of_a_repeated_operand(engine):
    """Where one Value is several operands, an edge is at the place that has influence."""
    x, y = engine.Value(2.0), engine.Value(-1.0)
    assert positions_of_parents(engine.where(x, x, y)) == [1]
    assert positions_of_parents(engine.where(y, x, y)) == [1]
    assert positions_of_parents(engine.clip(x, x, 3.0)) == [0]
    assert positions_of_parents(x * x) == [0, 1]
    assert positions_of_parents(engine.where(engine.Value(0.0), x, x)) == [2]
