"""The certificate: it passes what is right, and finds every number that is not, at its node."""

import math
from itertools import starmap

import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from autograd import GraphError, ieee, no_grad, primitive, record_lines
from autograd import engine as reference
from autograd._formula import FUNCTIONS
from autograd.primitives import PRIMITIVES
from autograd.testing import Verdict, certify
from autograd.testing.certificate import is_sum
from autograd.testing.conformance import prove
from autograd.testing.exact import BALLS, MPMATH, Ball, UndecidedError, is_kinked
from autograd.testing.ledger import opened
from autograd.testing.programs import Instruction, Leaf, Program
from autograd.testing.strategies import programs


def changed(engine, node, **parts):
    """Return a copy of a node in which some parts are others."""
    parts = {"data": node.data, "operands": node.operands, "parents": node.parents, "partials": node.partials} | parts
    return engine.restore(parts["data"], 0.0, "", node.op, parts["operands"], parts["parents"], parts["partials"])


def swept(root, seed=1.0):
    """Return a root after a sweep."""
    root.backward(seed)
    return root


@given(program=programs(), seed=st.floats(0.1, 10))
def test_right_graphs_pass(engine, program, seed):
    """Whatever the program: conventions at its kinks, overflows and infinities included."""
    root = program.root(engine)
    if root is not None:
        assert str(certify(swept(root, seed)).or_raise(undecided=True)).count("PASS") == 1


@given(program=programs())
def test_right_graphs_pass_where_floats_would_raise(engine, program):
    """With inf and NaN in the place of exceptions, too."""
    with ieee():
        root = program.root(engine)
    if root is not None:
        assert certify(swept(root)).or_raise().verdict in {Verdict.PASS, Verdict.UNDECIDED}


@given(x=st.floats(0.1, 3), steps=st.sampled_from([-20, -6, 6, 20]))
def test_a_wrong_partial_is_found_at_its_node(engine, x, steps):
    """One of a few units in the last place, in the midst of a graph."""
    a = engine.Value(x, "a")
    right = a.tanh()
    (partial,) = right.partials
    wrong = changed(engine, right, partials=(partial + steps * math.ulp(partial),))
    report = certify(swept((wrong * 3.0 + a).exp()))
    (finding,) = report.findings
    assert (finding.verdict, finding.node) == (Verdict.FAIL, wrong)
    assert finding.what.startswith("tanh: the partial by 'a' is ")
    assert "ulp from the exact one, 4 allowed" in finding.what
    assert any(x.hex() in line for line in finding.details)


@given(x=st.floats(0.1, 3))
def test_a_wrong_value_is_found_at_its_node(engine, x):
    """And nowhere else: those after it are right at the number that they were given."""
    a = engine.Value(x)
    right = a.exp()
    wrong = changed(engine, right, data=right.data * (1 + 1e-15), partials=(right.data * (1 + 1e-15),))
    report = certify(swept(wrong.sin() * a))
    assert [finding.what.split(" is ")[0] for finding in report.findings] == ["exp: the value", "exp: the partial by x"]
    assert {finding.node for finding in report.findings} == {wrong}


def test_a_lost_path_is_found_at_the_node_that_lacks_it(engine):
    """The adjoint has to be the whole sum."""
    x = engine.Value(3.0, "x")
    square = x * x
    root = swept(square * square + square)
    for node, wrong in ((square, square.grad - 1.0), (x, x.grad / 2.0)):
        right, node.grad = node.grad, wrong
        (finding, *_) = certify(root).findings
        assert finding.verdict is Verdict.FAIL
        assert "is not the sum of adjoint * partial over its edges" in finding.what
        node.grad = right
    assert certify(root).verdict is Verdict.PASS


def test_grads_that_add_up_are_told_from_lost_ones(engine):
    """After a second sweep of the same leaves the report says what to do."""
    x = engine.Value(3.0)
    y = x * x
    y.backward()
    y.backward()
    (finding,) = certify(y).findings
    assert "zero_grad()" in finding.details[-1]


def test_edges_are_those_of_the_table(engine):
    """One that should not be there, one that is missing, and one to another node."""
    x, y = engine.Value(-2.0, "x"), engine.Value(1.0, "y")
    relu, product = engine.relu(x), x * y
    for wrong in (
        changed(engine, relu, parents=(x,), partials=(0.0,)),
        changed(engine, product, parents=(x,), partials=(1.0,)),
        changed(engine, engine.where(x, x, y), parents=(y,), partials=(1.0,)),
    ):
        finding = certify(swept(wrong + x)).findings[0]
        assert (finding.verdict, finding.node) == (Verdict.FAIL, wrong)
        assert "expected other edges" in finding.what


def test_a_repeated_operand_without_influence(engine):
    """The condition of `where` may be the very Value that it chooses."""
    x = engine.Value(2.0)
    assert certify(swept(engine.where(x, x, 1.0))).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("name", "operands", "wrong"),
    [("abs", (0.0,), 1.0), ("maximum", (1.0, 1.0), 1.0), ("sqrt", (0.0,), 1e308), ("pow", (0.0, 2.0), 1e-300)],
)
def test_conventions_hold_at_kinks(engine, name, operands, wrong):
    """The slope that the table takes passes, any other fails."""
    values = [engine.Value(x) for x in operands]
    node = {"abs": abs, "pow": pow}.get(name, getattr(engine, name, None))(*values)
    assert certify(swept(node)).verdict is Verdict.PASS
    bad = changed(engine, node, partials=(wrong, *node.partials[1:]))
    assert certify(swept(bad)).verdict is Verdict.FAIL


def test_own_primitives_are_undecided(engine):
    """The table knows nothing of them; the report says what does."""
    bell = primitive(lambda x: math.exp(-x * x), lambda x, out: -2 * x * out, name="bell")
    x = engine.Value(0.5)
    (finding,) = certify(swept(bell(x) * x)).findings
    assert finding.verdict is Verdict.UNDECIDED
    assert "check_primitive" in finding.what


def test_constants_are_leaves(engine):
    """What no derivative passes through has nothing to certify."""
    x = engine.Value(2.0)
    with no_grad():
        c = x * 3.0
    assert certify(swept(x * c)).verdict is Verdict.PASS
    assert certify(swept(x)).checked == 0


def test_only_swept_graphs_have_certificates(engine):
    """Else there would be nothing but zeros to pass."""
    with pytest.raises(GraphError, match=r"^certify: expected a graph after a sweep.* call backward\(\)"):
        certify(engine.Value(2.0) * 3.0)
    with pytest.raises(TypeError, match=r"^certify: expected a Value"):
        certify(2.0)


def test_sums_may_round_but_not_more(engine):
    """A long sum that cancels is allowed the rounding of each term."""
    xs = [engine.Value(x) for x in (1e16, 1.0, -1e16, 1.0, 3.3)]
    total = engine.sum(xs)
    assert total.data != 5.3
    assert certify(swept(total)).verdict is Verdict.PASS
    for x in xs:
        x.zero_grad()
    assert certify(swept(changed(engine, total, data=total.data + 20.0))).verdict is Verdict.FAIL


HOSTILE = ["\x1b[31mred\x1b[0m", "\x9b2J", "a\nFAIL: b", "\u202egnp", "\x07\x08\r", "<b>&", "\ud800"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_cannot_reach_a_terminal(engine, name):
    """Names, sources and names of own primitives come out as printable ASCII, on their own line."""
    x = engine.Value(2.0, name)
    with record_lines():
        right = engine.exp(x)
    wrong = changed(engine, right, partials=(1.0,))
    wrong.name = name
    own = engine.restore(4.0, 0.0, name, type("Own", (), {"name": name})(), (wrong,), (wrong,), (4.0,))
    root = swept(own * x)
    x.grad = 5.0
    text = str(certify(root))
    assert all(" " <= character <= "~" for character in text.replace("\n", ""))
    assert [line[:9] for line in text.splitlines() if not line.startswith("  ")] == [
        "FAIL: exp",
        "FAIL: the",
        "UNDECIDED",
        "certifica",
    ]


def test_the_ledger_has_the_worst_errors(engine):
    """Of every certificate in the block."""
    with opened() as book:
        for x in (0.5, 1.5):
            certify(swept(engine.tanh(engine.Value(x))))
    assert [(entry.primitive, entry.of, entry.points) for entry in book.worst] == [
        ("tanh", "value", 2),
        ("tanh", "x", 2),
    ]
    assert all(0.0 <= entry.ulps <= entry.budget for entry in book.worst)


# ---- exact arithmetic --------------------------------------------------------------------------------


def test_every_function_of_the_language_has_an_exact_one():
    """Of balls and of mpmath's numbers; a primitive with a new function needs them."""
    assert FUNCTIONS.keys() <= BALLS.functions.keys()
    assert FUNCTIONS.keys() <= MPMATH.functions.keys()


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1))
def test_balls_decide_only_what_they_know(x, y, radius):
    """A comparison of balls that overlap raises; one of others is that of their middles."""
    ball, other = Ball(arb(x, radius)), Ball(y)
    if radius and abs(x - y) <= radius:
        for comparison in (lambda: ball < other, lambda: ball >= other, lambda: ball == other):
            with pytest.raises(UndecidedError):
                comparison()
    elif abs(x - y) > 2 * radius:
        assert ((ball < other), (ball <= other), (ball > other), (ball == other)) == (x < y, x <= y, x > y, x == y)


def test_kinks_are_those_of_the_table():
    """Where a convention has a slope for one operand and none for another, the first is an ordinary one."""

    def kinked(name, operands, moves=(True, True, True)):
        return [is_kinked(PRIMITIVES[name], i, operands, moves) for i in range(len(operands))]

    assert kinked("abs", [0.0]) == [True]
    assert kinked("abs", [1e-300]) == [False]
    assert kinked("pow", [-2.0, 2.0]) == [False, True]
    assert kinked("polygamma", [1.0, 2.0]) == [True, False]
    assert kinked("hypot", [0.0, 0.0]) == [True, True]
    assert kinked("hypot", [0.0, 1.0]) == [False, False]
    assert kinked("where", [0.0, 1.0, 2.0]) == [True, True, True]
    assert kinked("where", [0.0, 1.0, 2.0], (False, True, True)) == [False, False, False]


# ---- what certificates found ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "operands"),
    [("hypot", (1.0, 1e308, 1.7e308)), ("hypot", (1e-100, 1.7e308, 1.7e308)), ("pow", (-1.2e124, 3.0)), ("pow", (1e200, 1.6)),
     ("pow", (1.5, 1751.0)), ("pow", (-1.7976931348623157e308, 1.5283740966025108e16)), ("pow", (0.5, -1030.0)),
     ("exp2", (1024.0,)), ("exp2", (1024.5,))],
)  # fmt: skip
def test_slopes_beside_an_overflow(engine, name, operands):
    """A value may be too large for a float while its slopes are not."""
    with ieee():
        values = [engine.Value(x) for x in operands]
        node = (pow if name == "pow" else getattr(engine, name))(*values)
    assert math.isinf(node.data)
    assert certify(swept(node)).or_raise(undecided=True)


def test_a_slope_of_remainder_beside_an_overflow(engine):
    """The quotient is 2, though the dividend less the remainder is too large for a float."""
    assert certify(swept(engine.remainder(engine.Value(-1.7e308), engine.Value(1e308)))).verdict is Verdict.PASS


def test_orders_of_polygamma_beyond_its_reach_are_refused(engine):
    """They gave NaN; orders within it are exact, far beyond those that Arb's series have by default."""
    with pytest.raises(ValueError, match="a whole n from 0 to 148"):
        engine.polygamma(149, engine.Value(149.0))
    for n, x in ((78.0, -0.3), (78.0, -6e-35), (148.0, 0.5), (11.0, -2.5)):
        with ieee():
            assert certify(swept(engine.polygamma(n, engine.Value(x)))).verdict is Verdict.PASS


GREAT = st.floats(1e307, 1.7e308) | st.floats(-1.7e308, -1e307)


@given(terms=st.lists(GREAT | st.floats(), min_size=1), change=st.floats(1e-3, 2))
def test_a_sum_of_great_numbers(terms, change):
    """What overflows on the way is undecided; what does not is judged as every other sum."""
    found = math.nan if any(map(math.isnan, terms)) else 0.0
    for term in terms:
        found += term
    if all(map(math.isfinite, terms)) and not math.isfinite(found):
        assert is_sum(found, terms) is None
    else:
        assert is_sum(found, terms) is not False
    if math.isfinite(found):
        wrong = found * (1 - change) if abs(found) > 1e300 else found + 1e300
        assert is_sum(wrong, terms) is False


def test_a_derivative_of_great_numbers_that_cancel(engine):
    """The graph of a derivative has edges whose sum is small, though the sum of their sizes overflows."""
    x = Leaf(2.0)
    steps = [("logsumexp", (1, 0, 1, 1)), ("logsumexp", (0, 0, 0, 0)), ("xlogy", (3, 3)), ("mul", (0, 1))]
    program = Program((x, Leaf(1e308, "number")), tuple(starmap(Instruction, [*steps, ("logsumexp", (0, 0, 0, 0))])))
    assert prove(engine, program).verdict is Verdict.PASS


# ---- graphs that only look right -----------------------------------------------------------------------


def test_leaves_have_no_edges():
    """A derivative that came back along them would be lost."""
    x = reference.Value(2.0)  # the C twin does not make such a leaf
    wrong = reference.restore(5.0, 0.0, "", "", (x,), (x,), (3.0,))
    (finding, *_) = certify(swept(wrong * 2.0)).findings
    assert (finding.verdict, finding.node) == (Verdict.FAIL, wrong)


def test_operands_without_influence_are_checked(engine):
    """A wrong number on the branch that was not taken may have decided which was."""
    x = engine.Value(2.0)
    wrong = changed(engine, x * 3.0, data=1.0)
    for root in (engine.maximum(wrong, x), engine.where(wrong, x, 1.0)):
        finding = certify(swept(root)).findings[0]
        assert (finding.verdict, finding.node) == (Verdict.FAIL, wrong)


def test_operands_of_another_number_fail(engine):
    """A product of one, a dot product of three."""
    x = engine.Value(2.0)
    for op, operands in (("mul", (x,)), ("dot", (x, 1.0, 2.0)), ("sin", (x, 1.0)), ("fma", (x, 1.0))):
        node = engine.restore(2.0, 0.0, "", op, operands, (x,), (1.0,))
        finding = certify(swept(node)).findings[0]
        assert finding.what.startswith(f"{op}: expected ")


def test_a_leaf_assigned_after_recording_is_hinted_at(engine):
    """The graph kept its partials, and the leaf did not keep its number."""
    x = engine.Value(2.0)
    root = swept(engine.exp(x))
    x.data = 3.0
    assert "if a leaf was assigned after recording" in str(certify(root))
