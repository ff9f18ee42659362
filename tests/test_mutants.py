"""The toolkit finds every wrong engine of `mutants.py`, and nothing wrong with an unchanged one."""

import functools
import re
import sys
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from mutants import MUTANTS, UNCHANGED

from autograd import _recorded, _structures
from autograd import engine as python_twin
from autograd._kernels import KERNELS
from autograd.primitives import PRIMITIVES
from autograd.testing import strategies
from autograd.testing.conformance import prove, sweep
from autograd.testing.verdicts import Verdict

PAGE = Path(__file__).resolve().parent.parent / "docs" / "mutants.md"
EXAMPLES = 1000


@functools.cache
def programs():
    """Return random programs, always the same."""
    found = []

    @settings(max_examples=EXAMPLES, phases=[Phase.generate])
    @given(strategies.programs())
    def collect(program):
        found.append(program)

    collect()
    return found


def is_killed(engine, row=""):
    """Return whether the sweep of a row, random programs, or else the sweep of all rows find something wrong."""
    if row and sweep(engine, PRIMITIVES[row]).verdict is Verdict.FAIL:
        return True
    if any(prove(engine, program).verdict is Verdict.FAIL for program in programs()):
        return True
    return any(sweep(engine, other).verdict is Verdict.FAIL for other in PRIMITIVES.values())


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_mutant_is_killed(mutant):
    """What is wrong is found, by the sweep of its row or within 1,000 random programs."""
    with mutant.engine() as engine:
        assert is_killed(engine, "" if mutant.recorded else mutant.row), mutant.wrong


def test_an_unchanged_engine_is_killed_by_nothing():
    """A copy that is made as the mutants are, with nothing wrong, passes."""
    with UNCHANGED.engine() as engine:
        assert not is_killed(engine)


@pytest.mark.parametrize("mutant", [*MUTANTS[::25], *(mutant for mutant in MUTANTS if mutant.recorded)], ids=str)
def test_nothing_of_a_mutant_is_left(mutant):
    """After its block, and within it, the real engines are what they were."""
    sweeps, kernels = (_recorded.adjoints, _recorded.tangents), dict(KERNELS)
    with mutant.engine() as engine:
        assert engine.Value is not python_twin.Value
        assert _structures.is_value(engine.Value(1.0))
        assert _recorded.twin_of(engine.Value(1.0)) is engine
        assert {name: KERNELS[name] for name in kernels} == kernels
    assert engine.Value not in _structures.twins
    assert engine.__name__ not in sys.modules
    assert (_recorded.adjoints, _recorded.tangents) == sweeps


def test_mutants_have_names_of_their_own():
    """There are enough of them, and each is another one."""
    assert len({mutant.name for mutant in MUTANTS}) == len({mutant.wrong for mutant in MUTANTS}) == len(MUTANTS) >= 60


def test_the_page_lists_the_mutants():
    """docs/mutants.md has them all, in their order; else run tools/mutants.py."""
    listed = re.findall(r"^\| (.+?) \| `(\w+)` \| (.+?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [(mutant.group, mutant.name, mutant.wrong.replace("|", "\\|")) for mutant in MUTANTS]
