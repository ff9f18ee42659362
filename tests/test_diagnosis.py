"""What `diagnose` finds of numbers that are not finite and of gradients that never arrive."""

import importlib
import itertools
import math

import pytest
from conftest import HAS_C, TWINS
from hypothesis import given, settings
from programs import bits, programs, random_root

from autograd import errors, ieee, no_grad, record_lines
from autograd.diagnosis import diagnose

inf, nan = math.inf, math.nan
DEEP = 10**5


class Own:
    """A user's own primitive, as far as a diagnosis looks at it."""

    def __init__(self, name):
        self.name = name


def one_primitive(engine, primitive, data, operands, partials):
    """Return a node of an own primitive with an edge for each operand that is a Value."""
    parents = tuple([x for x in operands if type(x) is engine.Value])
    return engine.restore(data, 0.0, "", primitive, operands, parents, partials)


def summary(found):
    """Return where a value or an adjoint arose, and why: the primitive, the number and the cause."""
    if found is None:
        return None
    return found.node.op, repr(getattr(found, "total", found.node.data)), found.cause


def ops(found):
    """Return the primitives on a chain."""
    return [node.op for node in found.chain]


# ---- values ------------------------------------------------------------------------------------------


def test_a_sound_graph(engine):
    """Where there is nothing to report, two lines say so."""
    x = engine.Value(2.0)
    assert str(diagnose(x * x + 1.0, [x])) == "values: all finite\nadjoints: all finite"
    assert str(diagnose(x)) == str(diagnose(x.detach())) == "values: all finite\nadjoints: all finite"


VALUES = [
    # a program of a module and a leaf x = 1000; the primitive, its number and the cause; the chain to the root
    (lambda e, x: (1e200 * x) * (1e200 * x) + 1.0, ("mul", "inf", "overflow"), ["mul", "add"]),
    (lambda e, x: 2.0 * e.exp(x), ("exp", "inf", "overflow"), ["exp", "mul"]),
    (lambda e, x: e.sum([1e308 * (x - 999.0)] * 2), ("sum", "inf", "overflow"), ["sum"]),
    (lambda e, x: 2.0 * e.log(x - 1000.0), ("log", "-inf", "domain"), ["log", "mul"]),
    (lambda e, x: -(1.0 / (x * 0)), ("truediv", "inf", "domain"), ["truediv", "neg"]),
    (lambda e, x: (-x) ** 0.5, ("pow", "nan", "domain"), ["pow"]),
    (lambda e, x: (e.exp(x) - e.exp(x)) + x, ("exp", "inf", "overflow"), ["exp", "sub", "add"]),
    (lambda e, x: e.exp(x) * 0.0, ("exp", "inf", "overflow"), ["exp", "mul"]),
    (lambda e, x: e.exp(x) // 2.0, ("exp", "inf", "overflow"), ["exp", "floordiv"]),
    (lambda e, x: x * e.Value(nan), ("", "nan", "leaf"), ["", "mul"]),
    (lambda e, x: x * e.Value(-inf).detach(), ("constant", "-inf", "constant"), ["constant", "mul"]),
    (lambda e, x: abs(x * inf), ("mul", "inf", "operand"), ["mul", "abs"]),
    (lambda e, x: e.dot([x, 1.0], [1.0, nan]), ("dot", "nan", "operand"), ["dot"]),
    # The first in recording order is in a branch that was left aside, or in a smaller term: not to blame.
    (lambda e, x: e.where(True, e.Value(nan) * (y := e.exp(x)), y) * 0 + e.where(x > 0, y, e.log(-x)),
     ("", "nan", "leaf"), ["", "mul", "where", "mul", "add"]),
    (lambda e, x: e.where(x > 0, e.log(-x), e.log(x - 1000.0)), ("log", "nan", "domain"), ["log", "where"]),
    (lambda e, x: e.where(x < 0, e.log(-x), e.exp(x)), ("exp", "inf", "overflow"), ["exp", "where"]),
    (lambda e, x: e.where(x < 0, e.log(-x), inf), ("where", "inf", "operand"), ["where"]),
    (lambda e, x: e.maximum(e.log(x - 1000.0), e.exp(x)), ("exp", "inf", "overflow"), ["exp", "maximum"]),
    (lambda e, x: e.exp(x) + e.log(-x), ("log", "nan", "domain"), ["log", "add"]),
]  # fmt: skip


@pytest.mark.parametrize(("program", "expected", "chain"), VALUES)
def test_where_a_value_ceased_to_be_finite(engine, program, expected, chain):
    """The node, the number, the cause, and the way to the root."""
    with ieee():
        found = diagnose(program(engine, engine.Value(1000.0)))
    assert (summary(found.value), ops(found.value)) == (expected, chain)


def test_an_infinity_that_does_not_reach_the_root(engine):
    """It is reported, with its way to where it was taken in, and the root is said to be finite."""
    with ieee():
        found = diagnose(1.0 / (1.0 + engine.exp(engine.Value(1000.0))))
    assert (found.root.data, ops(found.value)) == (0.0, ["exp", "add", "truediv"])
    assert "the root is finite all the same: 0.0" in str(found)


def test_a_leaf_that_has_changed(engine):
    """The number that led to an infinity is lost, and the text does not pretend to know it."""
    x = engine.Value(1e200)
    y = x * x
    x.data = 1.0
    assert summary(diagnose(y).value) == ("mul", "inf", "changed")


def test_an_own_primitive(engine):
    """A primitive that is no row of the table is named; no more is known of it."""
    x = engine.Value(2.0)
    found = diagnose(one_primitive(engine, Own("spring"), inf, (x, 3.0), (nan,)))
    assert (summary(found.value), summary(found.adjoint)) == (
        ("spring", "inf", "undefined"),
        ("spring", "nan", "partial"),
    )
    assert "spring(operand 0 = 2.0, operand 1 = 3.0) = inf" in str(found)


# ---- adjoints ----------------------------------------------------------------------------------------

ADJOINTS = [
    # a program of a module and a leaf x = 0; the first bad adjoint, and the first NaN that followed
    (lambda e, x: e.sqrt(x * x), ("sqrt", "inf", "partial"), ("mul", "nan", "zero times infinity")),
    (lambda e, x: e.sqrt(x), ("sqrt", "inf", "partial"), None),
    (lambda e, x: x * e.sqrt(x), ("sqrt", "nan", "zero times infinity"), None),
    (lambda e, x: e.sqrt(x) - e.sqrt(x), ("sqrt", "-inf", "partial"), ("sqrt", "nan", "inf - inf")),
    (lambda e, x: (x * 1e200) * 1e200, ("mul", "inf", "overflow"), None),
    (lambda e, x: 1.7e308 * x - -1.7e308 * x, ("mul", "inf", "overflow of the sum"), None),
    (lambda e, x: (x - 2.0) ** e.Value(2.0), ("pow", "nan", "partial"), None),
    (lambda e, x: e.atan2(x, x * 1.0), ("atan2", "nan", "partial"), None),
    (lambda e, x: e.hypot(x, x) + e.where(x > 0, e.sqrt(x), 0.0) + 0.0 * e.sqrt(x), None, None),
]


@pytest.mark.parametrize(("program", "first", "followed"), ADJOINTS)
def test_where_an_adjoint_ceased_to_be_finite(engine, program, first, followed):
    """The edge on which it happened, apart from those it passed on to; no value is to blame."""
    x = engine.Value(0.0)
    found = diagnose(program(engine, x))
    assert found.value is None
    assert (summary(found.adjoint), summary(found.nan)) == (first, followed)
    assert x.grad == 0.0
    for bad in filter(None, (found.adjoint, found.nan)):
        assert bad.chain[0] is bad.node.operands[bad.operand]
        assert bad.chain[1] is bad.node


def test_the_numbers_of_a_bad_edge(engine):
    """They are those of the sweep: both factors, and the sum before and after."""
    x = engine.Value(0.0, name="x")
    found = diagnose(x - 3.0 * engine.sqrt(x))
    edge = found.adjoint
    assert (edge.operand, edge.adjoint, edge.partial, edge.before, edge.total) == (0, -3.0, inf, 1.0, -inf)
    assert "-3.0 (adjoint) * inf (partial) = -inf: the partial by 'x', 1 / (2 * sqrt(x)), is inf there" in str(found)


def test_the_reason_of_the_convention(engine):
    """Where the table says why there is no slope, so does the diagnosis."""
    x, y = engine.Value(-2.0), engine.Value(2.0)
    assert "is nan there; x**y is not real for y near an integer" in str(diagnose(x**y))
    assert "the slope depends on the direction" in str(diagnose(engine.atan2(x * 0.0, y * 0.0)))


def test_an_operand_that_stands_twice(engine):
    """Of several places of one Value, the one with the bad edge is named."""
    x = engine.Value(0.0)
    assert diagnose(engine.dot([1.0, x, x], [1.0, 1e-300, inf])).adjoint.operand == 2


# ---- variables ---------------------------------------------------------------------------------------

CUTS = [
    # a program of a module and a leaf q = -2; the primitive and the operand that are flat; what the text says
    (lambda e, q: e.relu(q * 2.0), ("relu", 0), "x <= 0"),
    (lambda e, q: e.where(True, 1.0, q), ("where", 2), "condition != 0"),
    (lambda e, q: e.where(q, e.Value(1.0), 2.0), ("where", 0), "but for jumps"),
    (lambda e, q: q // 2.0, ("floordiv", 0), "but for jumps"),
    (lambda e, q: 0.0 * e.exp(q), ("mul", 1), "constant(x) and x == 0"),
    (lambda e, q: e.maximum(q, 0.0), ("maximum", 0), "y > x"),
    (lambda e, q: e.dot([1.0, e.sin(q)], [5.0, 0.0]), ("dot", 1), "constant(y) and y == 0"),
    (lambda e, q: q**0, ("pow", 0), "constant(y) and y == 0"),
]


@pytest.mark.parametrize(("program", "where", "words"), CUTS)
def test_a_path_that_is_cut(engine, program, where, words):
    """The variable is in the graph, no path of derivatives leads to it, and the cut is named."""
    p, q = engine.Value(1.0), engine.Value(-2.0)
    root = p * 3.0 + program(engine, q)
    (lost,) = diagnose(root, {"p": p, "q": q}).unreached
    assert (lost.name, lost.cause, (lost.node.op, lost.operand)) == ("q", "flat", where)
    assert words in str(diagnose(root, {"q": q}))


def test_the_youngest_of_several_cuts_is_named(engine):
    """What lies before it, on the way from the variable, does not matter."""
    q = engine.Value(-2.0)
    inner = engine.relu(q)
    root = engine.Value(1.0) + engine.where(False, inner * 2.0, 5.0)
    (lost,) = diagnose(root, [q]).unreached
    assert (lost.name, lost.node.op, lost.operand) == ("variables[0]", "where", 1)


def test_unreached_is_not_zero(engine):
    """A gradient that is zero, one that never was, and the ways to lose it: each has its word."""
    x, absent, detached = engine.Value(0.0, "x"), engine.Value(1.0, "absent"), engine.Value(1.0, "detached")
    constant = engine.Value(1.0).detach()
    used = x * x + x * detached.detach() + x * constant - x * 2.0
    with no_grad():
        plain = absent * 2.0
    found = diagnose(used + plain, {"x": x, "absent": absent, "detached": detached, "constant": constant})
    assert [(lost.name, lost.cause) for lost in found.unreached] == [
        ("absent", "absent"), ("detached", "detached"), ("constant", "constant"),
    ]  # fmt: skip
    assert found.zero == ("x",)
    assert "'x': the gradient is zero" in str(found)
    assert "'absent': no gradient: the root was not computed from it" in str(found)
    assert diagnose(used + plain).zero == diagnose(used + plain).unreached == ()


def test_the_root_is_a_variable(engine):
    """It reaches itself, a constant too."""
    x = engine.Value(1.0)
    assert diagnose(x, [x]).unreached == diagnose(x.detach(), [x.detach()]).zero == ()


def test_bad_input(engine):
    """What is no Value, or no Value of this twin, is refused."""
    x = engine.Value(1.0)
    for act in (lambda: diagnose(3.0), lambda: diagnose(x, [3.0])):
        with pytest.raises(TypeError, match=r"diagnose: expected a Value, got 3\.0 \(float\)"):
            act()


@pytest.mark.skipif(not HAS_C, reason="the C twin was not built")
def test_variables_of_the_other_twin():
    """They could never be reached, so they are refused."""
    from autograd import _engine, engine

    with pytest.raises(errors.BackendMismatchError):
        diagnose(engine.Value(1.0), [_engine.Value(1.0)])


# ---- words -------------------------------------------------------------------------------------------


def test_lines_of_source(engine):
    """Nodes that were made in a block of record_lines tell where; else the text says how to know."""
    x = engine.Value(0.0)
    assert "with autograd.record_lines():" in str(diagnose(engine.sqrt(x)))
    with record_lines():
        y = engine.sqrt(x)
    assert y.line.startswith(__file__)
    text = str(diagnose(y))
    assert f"sqrt(x = 0.0) = 0.0 at {y.line}" in text
    assert "record_lines" not in text


HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07",
    "a\nvalues: all finite",
    "\u202egnp.exe",
    "\x9b31m",
    "\x00",
    "'\"\\",
    "é",
    "n" * 10**5,
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_of_the_users_reaches_a_terminal_raw(engine, name):
    """Names, own primitives and files may hold anything: the text is printable ASCII and keeps its lines."""
    scope = {"x": engine.Value(0.0, name), "nan": engine.Value(nan, name), "sqrt": engine.sqrt}
    with record_lines():
        exec(compile("y = sqrt(x) * sqrt(x) + nan", f"<{name}>".replace("\x00", ""), "exec"), scope)
    root = abs(one_primitive(engine, Own(name), scope["y"].data, (scope["y"], scope["x"]), (inf, 1.0)))
    root.name = name
    plain = engine.Value(-1.0, name)
    text = str(diagnose(root, {name: root, f"{name}!": plain}))
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert text.count("\n") == str(diagnose(root, {"x": root, "x!": plain})).count("\n")
    assert name not in text or name.isprintable()


def test_texts_stay_short(engine):
    """Of many operands and many nodes, only the first and the last are shown."""
    xs = [engine.Value(float(i)) for i in range(1000)]
    text = str(diagnose(engine.sum([*xs, inf])))
    assert "sum(x[0] = 0.0, x[1] = 1.0, x[2] = 2.0, x[3] = 3.0, x[4] = 4.0, x[5] = 5.0, and 995 more) = inf" in text
    assert "its operand x[1000] = inf is a plain number" in text


def test_a_deep_graph(engine):
    """Nothing recurses, and a chain of any length is cut short in the text."""
    x = engine.Value(0.0, name="x")
    y = abs(engine.sqrt(x)) + engine.Value(nan)
    for _ in range(DEEP):
        y = y + 1.0
    found = diagnose(y, [x])
    assert len(found.value.chain) == DEEP + 2
    assert (found.adjoint.node.op, len(found.adjoint.chain)) == ("sqrt", DEEP + 4)
    assert found.nan is None
    assert len(str(found)) < 3000


# ---- random programs ---------------------------------------------------------------------------------


def leads_to_root(chain, root):
    """Return whether a chain goes from operand to result, down to the root."""
    steps = itertools.pairwise(chain)
    return chain[-1] is root and all(any(x is below for x in above.operands) for below, above in steps)


@pytest.mark.parametrize("floats_raise", [True, False])
@given(program=programs)
@settings(max_examples=300)
def test_a_diagnosis_of_random_programs(engine, floats_raise, program):
    """It finds a value or adjoint that is not finite if and only if there is one, and sorts all variables."""
    root = random_root(engine, program, floats_raise)
    if root is None:
        return
    nodes = engine.ancestors(root)
    adjoints = dict(zip(nodes, engine.adjoints({root: 1.0}, nodes), strict=True))
    found = diagnose(root, nodes)
    assert str(found).isascii()
    assert (found.value is None) == all(math.isfinite(node.data) for node in nodes)
    reached = [adjoint for adjoint in adjoints.values() if adjoint is not None]
    assert (found.adjoint is None) == all(map(math.isfinite, reached))
    bad = [x for x in (found.adjoint, found.nan) if x]
    assert any(math.isnan(x.total) for x in bad) == any(map(math.isnan, reached))
    for x in bad:
        assert leads_to_root(x.chain, root)
        edges = zip(x.node.parents, x.node.partials, strict=True)
        assert any(parent is x.chain[0] and bits(partial) == bits(x.partial) for parent, partial in edges)
    if found.adjoint:
        assert math.isfinite(found.adjoint.adjoint)
        assert math.isfinite(found.adjoint.before)
    if found.value:
        assert leads_to_root(found.value.chain, root)
        if not math.isfinite(root.data):
            assert not any(math.isfinite(node.data) for node in found.value.chain)
    assert [lost.variable for lost in found.unreached] == [node for node in nodes if adjoints[node] is None]
    assert all(lost.cause in {"flat", "constant"} for lost in found.unreached)
    assert len(found.zero) == reached.count(0.0)


@pytest.mark.skipif(not HAS_C, reason="the C twin was not built")
@given(program=programs)
@settings(max_examples=200)
def test_the_twins_say_the_same(program):
    """A diagnosis of a program reads alike, to the last digit."""
    said = []
    for twin in TWINS:
        root = random_root(importlib.import_module(twin), program, floats_raise=False)
        said.append(root is None or str(diagnose(root, {"root": root})))
    assert said[0] == said[-1]
