"""The pytest plugin: the ledger of worst errors over a test run, and a fixture for both twins.

``pytest --grad-ledger`` collects what `autograd.testing.certify` and `autograd.testing.check_grad` measure in all
tests, and ends with a table of the greatest error of each primitive; ``--grad-ledger=FILE.csv`` writes it to a file
too. Under pytest-xdist the ledgers of all workers are put together.

pytest loads this file wherever the package is installed, so it imports next to nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from autograd.testing import ledger

_PLUGIN = "autograd-ledger"
_TWINS = {
    name: module
    for name, module in {"python": "autograd.engine", "c": "autograd._engine"}.items()
    if importlib.util.find_spec(module)
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--grad-ledger``."""
    parser.getgroup("autograd").addoption(
        "--grad-ledger",
        nargs="?",
        const="",
        metavar="FILE.csv",
        help="show the worst error of each primitive in ulps, and write it to a file",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Open a ledger for the session, if one was asked for."""
    file = config.getoption("--grad-ledger")
    if file is None:
        return
    path = config.invocation_params.dir / file if file else None
    if path and path.suffix != ".csv":  # such as a test file that follows the option, which must not be overwritten
        raise pytest.UsageError(
            f"--grad-ledger: expected a file that ends in .csv, got {file!a}; without a file, put the option last"
        )
    if path and not path.parent.is_dir():
        raise pytest.UsageError(f"--grad-ledger: expected a file in a directory that exists, got {file!a}")
    config.pluginmanager.register(_Session(path), _PLUGIN)


class _Session:
    """A ledger that is open while the tests run, in this process and in those of pytest-xdist."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.stack = ExitStack()
        self.book = self.stack.enter_context(ledger.opened())

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send what a worker found to the process that started it."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_PLUGIN] = [tuple(entry) for entry in self.book.worst]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker found."""
        sent = getattr(node, "workeroutput", {}).get(_PLUGIN, [])  # a worker that crashed sends nothing
        self.book.merge(ledger.Entry(*entry) for entry in sent)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, and write the file."""
        terminalreporter.section("worst errors in ulps")
        terminalreporter.write_line(self.book.table() if self.book.worst else "nothing was measured")
        if self.path:
            self.book.write(self.path)
            terminalreporter.write_line(f"written to {str(self.path)!a}")

    def pytest_unconfigure(self) -> None:
        """Close the ledger."""
        self.stack.close()


@pytest.fixture(params=list(_TWINS.values()), ids=list(_TWINS), scope="session")
def grad_engine(request: pytest.FixtureRequest) -> ModuleType:
    """Return the module of one twin: a test that takes it runs once with each that is there."""
    return importlib.import_module(request.param)
