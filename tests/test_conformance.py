"""Both twins keep every promise: on random programs, and for each row of the table at its hard points."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import _modes, errors
from autograd.primitives import PRIMITIVES
from autograd.testing import strategies
from autograd.testing.conformance import points, prove, sweep
from autograd.testing.programs import Instruction, Leaf, Program
from autograd.testing.verdicts import Verdict

SQUARE = Program((Leaf(3.0),), (Instruction("mul", (0, 0)),))


@settings(max_examples=300)
@given(strategies.programs(), st.booleans())
def test_an_engine_keeps_its_promises(engine, program, ieee):
    """Nothing of a random program is wrong; `tools/prove.py` takes more programs."""
    with _modes.Mode(_modes.IEEE, on=ieee):
        prove(engine, program).or_raise()


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=lambda row: row.name)
def test_a_row_keeps_its_promises(engine, row):
    """A row is right where formulas break, for every mixture of Values, constants and plain numbers."""
    report = sweep(engine, row).or_raise()
    assert report.checked > 1000


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=lambda row: row.name)
def test_the_points_of_a_row_are_many_and_always_the_same(row):
    """They hold the hard points of the table, exponents of all sizes and both signs."""
    found = list(points(row))
    assert str(found) == str(list(points(row)))
    exponents = {math.frexp(x)[1] for point in found for x in point if math.isfinite(x)}
    assert min(exponents) < -800
    assert max(exponents) > 800
    assert {math.copysign(1.0, x) for point in found for x in point} == {1.0, -1.0}
    if not row.columns:
        assert {str(tuple(map(float, point))) for point in row.hard_points} <= set(map(str, found))


def test_a_negative_zero_has_a_sign(engine):
    """What exact arithmetic takes for 0 turns the sign of a slope, and is no alarm."""
    program = Program((Leaf(1.0), Leaf(-0.0, "number")), (Instruction("copysign", (1, 0)), Instruction("exp", (0,))))
    assert prove(engine, program).verdict is Verdict.PASS


def test_a_report_says_how_much_was_checked(engine):
    """A report of one operation that is right says so."""
    report = prove(engine, SQUARE)
    assert report.verdict is Verdict.PASS
    assert report.checked > 30
    assert str(report).startswith("conformance: PASS (")


def test_the_second_order_can_be_left_out(engine):
    """An order of 1 checks less."""
    assert prove(engine, SQUARE, order=1).checked < prove(engine, SQUARE, order=2).checked


def test_whatever_an_engine_raises_is_a_finding(engine, monkeypatch):
    """An exception within a sweep does not end the proof, but is its finding."""

    def failing(seeds, nodes):
        raise errors.GraphError("no sweep today\x1b[2J")

    monkeypatch.setattr(engine, "adjoints", failing)
    report = prove(engine, SQUARE)
    assert report.verdict is Verdict.FAIL
    assert "GraphError where nothing may be raised" in str(report)
    assert "\x1b" not in str(report)


def test_a_program_without_values_has_nothing_to_sweep(engine):
    """Plain numbers are compared with floats, and that is all."""
    program = Program((Leaf(2.0, "number"),), (Instruction("exp", (0,)),))
    assert prove(engine, program).verdict is Verdict.PASS
