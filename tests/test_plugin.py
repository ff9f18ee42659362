"""The pytest plugin, in pytest runs of its own: what it prints, what it writes, what it leaves alone."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import TWINS
from hypothesis import given
from hypothesis import strategies as st

from autograd.testing import ledger, pytest_plugin
from autograd.testing.ledger import Entry, Ledger

pytest_plugins = "pytester"

ROOT = Path(__file__).resolve().parent.parent
MEASURING = """
    import pytest
    from autograd.testing import ledger

    @pytest.mark.parametrize("ulps", [0.25, 1.5, 0.75])
    def test_measured(ulps):
        for book in ledger.OPEN:
            book.add("exp", "value", ulps=ulps, budget=1.0, operands=(ulps + 0.1,))
            book.add("exp", "x", ulps=1 - ulps / 2, budget=2.0, operands=(ulps,))
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Return a function that runs pytest on the text of a test file, in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(text, *options):
        pytester.makepyfile(text)
        return pytester.runpytest_subprocess("-p", "autograd.testing.pytest_plugin", "-p", "no:cacheprovider", *options)

    return run


def test_the_table_and_the_file(run, pytester):
    """The worst of all tests is printed at the end, and written to the file with hex floats."""
    result = run(MEASURING, "--grad-ledger=worst.csv")
    result.assert_outcomes(passed=3)
    result.stdout.re_match_lines([
        r"=+ worst errors in ulps =+",
        r"primitive +of +ulps +budget +points +operands",
        rf"exp +value +1\.5 +1\.0 +3 +{re.escape((1.5 + 0.1).hex())}$",
        rf"exp +x +0\.875 +2\.0 +3 +{re.escape(0.25.hex())}$",
    ])  # fmt: skip
    with open(pytester.path / "worst.csv", newline="") as file:
        header, value, partial = csv.reader(file)
    assert header == ["primitive", "of", "ulps", "budget", "points", "operands"]
    assert value == ["exp", "value", "1.5", "1.0", "3", (1.5 + 0.1).hex()]
    assert [float.fromhex(x) for x in partial[5].split()] == [0.25]


def test_nothing_is_collected_unless_asked_for(run):
    """Without the option no ledger is open, and nothing is printed."""
    result = run("from autograd.testing import ledger\ndef test_closed(): assert ledger.OPEN == []")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*ulps*")


def test_without_a_file(run, pytester):
    """The option alone prints, and writes nothing."""
    result = run("def test_empty(): pass", "test_without_a_file.py", "--grad-ledger")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*worst errors in ulps*", "nothing was measured"])
    assert list(pytester.path.glob("*.csv")) == []


def test_no_such_directory(run):
    """A place that cannot be written to is refused before the tests run."""
    result = run("def test_empty(): pass", "--grad-ledger=missing/worst.csv")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--grad-ledger: expected a file in a directory that exists, got 'missing/worst.csv'"])


def test_a_test_file_is_not_overwritten(run, pytester):
    """A test file that follows the option is not taken for the file to write."""
    result = run("def test_empty(): pass", "--grad-ledger", "test_a_test_file_is_not_overwritten.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*expected a file that ends in .csv, got 'test_a*; without a file, put the option last"]
    )
    assert "def test_empty" in (pytester.path / "test_a_test_file_is_not_overwritten.py").read_text()


def test_the_ledger_of_a_failed_run(run):
    """Tests that fail do not keep the table from being printed."""
    result = run(MEASURING + "\n    def test_fails(): assert False", "--grad-ledger")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.re_match_lines([r"exp +value +1\.5"])


def test_the_fixture_gives_every_twin(run):
    """A test that takes the fixture runs once with each twin that is there."""
    result = run(
        """
        def test_square(grad_engine):
            x = grad_engine.Value(3.0)
            (x * x).backward()
            assert x.grad == 6.0
            print("twin", grad_engine.__name__)
        """,
        "-s",
    )
    result.assert_outcomes(passed=len(TWINS))
    assert sorted(re.findall(r"twin (\S+)", result.stdout.str())) == sorted(TWINS)


def test_workers_send_what_they_found():
    """Under pytest-xdist the table is that of all workers; one that crashed sends nothing."""
    sent = []
    for ulps in (0.5, 2.0):
        worker = pytest_plugin._Session(None)
        worker.book.add("exp", "value", ulps, 1.0, (ulps,))
        sent.append(SimpleNamespace(workeroutput={}))
        worker.pytest_sessionfinish(SimpleNamespace(config=sent[-1]))
        worker.pytest_unconfigure()
    assert ledger.OPEN == []
    controller = pytest_plugin._Session(None)
    controller.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace()))
    for node in [*sent, SimpleNamespace()]:
        controller.pytest_testnodedown(node)
    controller.pytest_unconfigure()
    assert controller.book.worst == [Entry("exp", "value", 2.0, 1.0, (2.0,), points=2)]


def test_loading_it_costs_next_to_nothing():
    """It is loaded into every test run of whoever installs the package: no heavy module may come along."""
    code = (
        "import sys, json, pytest; before = set(sys.modules); import autograd.testing.pytest_plugin;"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    loaded = json.loads(done.stdout)
    assert {name.split(".")[0] for name in loaded} <= {"autograd", *sys.stdlib_module_names}
    assert [name for name in loaded if name.startswith("autograd.testing.")] == [
        "autograd.testing.ledger",
        "autograd.testing.pytest_plugin",
    ]


# ---- the ledger ----------------------------------------------------------------------------------

entries = st.builds(
    Entry,
    st.sampled_from(["exp", "mul"]),
    st.sampled_from(["value", "x", "y"]),
    st.floats(0, 10) | st.just(float("inf")),
    st.just(1.0),
    st.tuples(st.floats(allow_nan=False)),
)


@given(st.lists(entries), st.integers(0, 20))
def test_worst_of_all_points(points, split):
    """A ledger holds the greatest error of each number, and ledgers put together hold that of all."""
    whole, left, right = Ledger(), Ledger(), Ledger()
    for book, some in ((whole, points), (left, points[:split]), (right, points[split:])):
        for entry in some:
            book.add(*entry[:5])
    left.merge(right.worst)
    assert left.worst == whole.worst
    assert sum(entry.points for entry in whole.worst) == len(points)
    for entry in whole.worst:
        same = [point for point in points if point[:2] == entry[:2]]
        assert entry.ulps == max(point.ulps for point in same)
        assert entry.operands in [point.operands for point in same if point.ulps == entry.ulps]


def test_ledgers_open_and_close():
    """Each open ledger sees what is measured while it is open, also when a block ends with an error."""
    assert ledger.OPEN == []
    with ledger.opened() as outer:
        with pytest.raises(ZeroDivisionError), ledger.opened() as inner:
            print(1 / ([outer, inner] != ledger.OPEN))
        assert [outer] == ledger.OPEN
    assert ledger.OPEN == []


@given(st.text())
def test_names_cannot_reach_the_terminal_raw(name):
    """A primitive of the user's own may be called anything: what is printed and written is ASCII on one line."""
    book = Ledger()
    book.add(name, "value", 1.0, 1.0, (1.0,))
    lines = book.table().splitlines()
    assert len(lines) == 2
    assert all(" " <= character <= "~" for line in lines for character in line)
