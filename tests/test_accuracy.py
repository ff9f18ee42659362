"""The errors of every row stay within its budget, and the ledger of the greatest ones is true."""

import importlib
import math
import sys
from pathlib import Path

import accuracy
import pytest
from accuracy import MEASURED, MPMATH, error_in_ulps, exact, measure, points, results
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from autograd.primitives import PRIMITIVES

TOOLS = Path(__file__).resolve().parent.parent / "tools"
by_row = {"argvalues": MEASURED.values(), "ids": lambda row: row.name}


@pytest.fixture(scope="module")
def ledger():
    """Return the module that writes the ledger."""
    sys.path.insert(0, str(TOOLS))
    try:
        return importlib.import_module("ledger")
    finally:
        sys.path.remove(str(TOOLS))


@pytest.mark.parametrize("row", **by_row)
def test_value_and_partials_are_within_their_budgets(row):
    """At hard points and their neighbours, in the range that matters and over all binades."""
    worst = measure(row, points(row, 100))
    assert worst[0].points >= 50
    for found, budget in zip(worst, [row.ulps[0]] + [row.ulps[1]] * (len(worst) - 1), strict=True):
        assert found.ulps <= budget, found


def test_ledger_has_every_row(ledger):
    """And nothing else: a row that is added, renamed or dropped has to be measured."""
    assert list(dict.fromkeys(figure.name for figure in ledger.read())) == list(MEASURED)
    assert set(PRIMITIVES) - set(MEASURED) == {"sum", "dot"}


@pytest.mark.parametrize("row", **by_row)
def test_ledger_is_within_the_budgets_and_true(row, ledger):
    """Where the ledger found its greatest errors, mpmath finds the same, to the last printed digit.

    The functions of another C library have other errors, within the budgets all the same.
    """
    here = ledger.PLATFORM in ledger.PAGE.read_text(encoding="utf-8")
    for figure in ledger.read():
        if figure.name != row.name:
            continue
        k = ledger.quantities(row).index(figure.of)
        assert figure.worst.ulps <= figure.budget
        if at := figure.worst.at:
            found = error_in_ulps(results(row, at)[k], exact(row, at, k, MPMATH), row.mixed)
            assert found <= figure.budget
            assert not here or f"{found:.2f}" == f"{figure.worst.ulps:.2f}", figure


def test_measuring_finds_a_wrong_partial(monkeypatch):
    """One that is a few units off, one that is NaN, and one that is no edge, each in one corner alone."""
    row = MEASURED["sin"]
    for wrong in (lambda x: x + 5 * math.ulp(x), lambda x: math.nan, lambda x: 0.0):

        def planted(row, operands, wrong=wrong):
            value, partial = results(row, operands)
            return [value, wrong(partial) if 9 < operands[0] < 10 else partial]

        monkeypatch.setattr(accuracy, "results", planted)
        worst = measure(row, [(x / 8,) for x in range(80)])
        assert worst[0].ulps < 1
        assert worst[1].ulps > 4
        assert 9 < worst[1].at[0] < 10


@given(st.floats(2.0**-1070, 2.0**1020), st.integers(0, 9))
def test_error_counts_units_of_the_exact_number(x, steps):
    """However great or small it is."""
    unit = math.ulp(x)
    assert error_in_ulps(x + steps * unit, arb(x)) == steps
    assert error_in_ulps(-x - steps * unit, arb(-x)) == steps
    assert error_in_ulps(x + steps * unit, arb(x), mixed=True) == min(steps, steps * unit / math.ulp(1.0))


def test_overflow_is_the_number_after_the_greatest_float():
    """So one unit too far is one unit, not infinitely many; a NaN is."""
    greatest = sys.float_info.max
    assert error_in_ulps(math.inf, arb(greatest)) == 1
    assert error_in_ulps(greatest, arb(2) ** 2000) == 1
    assert error_in_ulps(math.inf, arb(2) ** 2000) == 0
    assert error_in_ulps(-math.inf, arb(1)) > 1e300
    assert error_in_ulps(math.nan, arb(1)) == math.inf
