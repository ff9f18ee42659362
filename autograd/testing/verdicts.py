"""What a check of gradients finds: verdicts, findings, reports, and their words.

A proof can PASS or FAIL; finite differences can only find a gradient CONSISTENT or SUSPECT; and where
neither has an answer the verdict is UNDECIDED, with the reason. Everything in a report that comes from
a user, such as names and source lines, is shown as Python literals, so that no control character of
theirs gets to a terminal.

This file knows nothing of how gradients are checked.
"""

from __future__ import annotations

import linecache
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from autograd._structures import is_value, number_of
from autograd._wording import label, node_in_words
from autograd.testing.ledger import Entry

__all__ = ["Finding", "GradientError", "Report", "Verdict", "describe_node", "exactly", "plain", "table"]


class Verdict(StrEnum):
    """What a check found, from the best to the worst."""

    PASS = "PASS"
    CONSISTENT = "CONSISTENT"
    UNDECIDED = "UNDECIDED"
    SUSPECT = "SUSPECT"
    FAIL = "FAIL"


_SEVERITY = {verdict: severity for severity, verdict in enumerate(Verdict)}


class GradientError(AssertionError):
    """A gradient is wrong, or suspect; `report` has the findings.

    Attributes
    ----------
    report : Report
    """

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


class Finding(NamedTuple):
    """One thing that a check found.

    Attributes
    ----------
    verdict : Verdict
    what : str
        What is wrong, or why it is not decided, in one line.
    details : tuple of str
        The numbers behind it, a line each.
    node : Value or None
        The node it is about.
    """

    verdict: Verdict
    what: str
    details: tuple[str, ...] = ()
    node: Any = None


@dataclass(frozen=True)
class Report:
    """The findings of a check; print it to read them.

    Attributes
    ----------
    subject : str
        What was checked.
    checked : int
        How many numbers were.
    findings : tuple of Finding
        What did not pass, or passed on the word of finite differences only; the worst first.
    worst : tuple of Entry
        For each primitive, and its value or the partial by an operand, the greatest error in ulps.
    """

    subject: str
    checked: int
    findings: tuple[Finding, ...] = ()
    worst: tuple[Entry, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        by_severity = sorted(self.findings, key=lambda finding: -_SEVERITY[finding.verdict])
        object.__setattr__(self, "findings", tuple(by_severity))

    @property
    def verdict(self) -> Verdict:
        """The worst verdict among the findings; PASS without any."""
        return self.findings[0].verdict if self.findings else Verdict.PASS

    def or_raise(self, *, undecided: bool = False) -> Report:
        """Return the report, or raise it as a `GradientError` if something is wrong or suspect.

        Parameters
        ----------
        undecided : bool
            Whether to raise for what is undecided, too.
        """
        worst = Verdict.UNDECIDED if undecided else Verdict.SUSPECT
        if _SEVERITY[self.verdict] >= _SEVERITY[worst]:
            raise GradientError(self)
        return self

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        most = 3
        for finding in self.findings[:most]:
            yield f"{finding.verdict}: {finding.what}"
            yield from (f"  {line}" for line in finding.details)
        if len(self.findings) > most:
            yield f"... and {len(self.findings) - most} more findings"
        number = f"{self.checked} number{'s' * (self.checked != 1)} checked"
        counts = [(v, sum(finding.verdict is v for finding in self.findings)) for v in reversed(Verdict)]
        found = ", ".join(f"{count} {verdict}" for verdict, count in counts if count)
        yield f"{self.subject}: {found or Verdict.PASS} ({number})"


# ---- words -------------------------------------------------------------------------------------------


def plain(text: object) -> str:
    """Return text of a user's with everything but printable ASCII escaped."""
    return ascii(str(text))[1:-1]


def exactly(x: float) -> str:
    """Return a float as people read it, and as machines do."""
    return f"{x!r} ({x.hex()})" if math.isfinite(x) else repr(x)


def table(rows: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return lines of names and what they stand for, in two columns."""
    width = max(len(name) for name, _ in rows)
    return tuple(f"{name:<{width}}  {text}" for name, text in rows)


def describe_node(node: Any) -> list[tuple[str, str]]:
    """Return what there is to say of a node, as rows of a table: itself, its line, its operands to the last bit."""
    rows = [("node", node_in_words(node))]
    if node.line:
        path, _, number = node.line.rpartition(":")
        rows.append(("source", plain(linecache.getline(path, int(number)).strip())))
    most = 6
    for i, x in enumerate(node.operands[:most]):
        kind = "" if is_value(x) else ", a plain number"
        rows.append((f"  {label(node, i)}", f"{exactly(number_of(x))}{kind}"))
    if len(node.operands) > most:
        rows.append(("  ...", f"{len(node.operands) - most} more operands"))
    return rows
