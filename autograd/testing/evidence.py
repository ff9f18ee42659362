"""What finite differences of a black box say of a derivative that somebody gave: evidence, never proof."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from autograd.testing.differences import Estimate, derivative
from autograd.testing.verdicts import Finding, Verdict, exactly, table

__all__ = ["both", "by_one", "compared", "judged"]

_SLACK = 2.0  # errors of an estimate that a derivative may be off


def by_one(at: Callable[[Sequence[float]], float], numbers: Sequence[float], i: int) -> Estimate:
    """Return the derivative of a black box by the i-th number."""
    return derivative(lambda x: at([*numbers[:i], x, *numbers[i + 1 :]]), numbers[i])


def compared(
    names: Sequence[str],
    at: Callable[[Sequence[float]], float],
    numbers: Sequence[float],
    given: Sequence[float],
    positions: Sequence[int] | None = None,
    rows: Sequence[tuple[str, str]] = (),
) -> Iterator[Finding]:
    """Yield what finite differences of a black box say of each derivative that was given."""
    for name, i, slope in zip(names, positions or range(len(numbers)), given, strict=True):
        estimate = by_one(at, numbers, i)
        verdict, what = judged(slope, estimate)
        yield Finding(verdict, f"the derivative by {name} {what}", table([*rows, *both(slope, estimate)]))


def judged(slope: float, estimate: Estimate) -> tuple[Verdict, str]:
    """Return what an estimate says of a derivative: the verdict, and why, as the end of a sentence."""
    if estimate.kind == "kink":
        low, high = sorted((estimate.left, estimate.right))
        room = _SLACK * estimate.error if math.isfinite(estimate.error) else 1e-6 * max(abs(low), abs(high))
        if low - room <= slope <= high + room:
            return (
                Verdict.UNDECIDED,
                "is at a kink, where there is no one slope; the one given is between those of the sides",
            )
        return Verdict.SUSPECT, "is at a kink, and not between the slopes of its sides"
    if estimate.kind in {"", "edge"}:
        if slope and estimate.error > max(abs(slope), abs(estimate.value)):
            return Verdict.UNDECIDED, "cannot be told by finite differences: their error is greater than it"
        if abs(slope - estimate.value) <= _SLACK * estimate.error:
            return Verdict.CONSISTENT, "agrees with finite differences"
        return Verdict.SUSPECT, f"does not agree with finite differences{_ratio(slope, estimate)}"
    return Verdict.UNDECIDED, f"cannot be told by finite differences: {estimate.reason}"


def _ratio(slope: float, estimate: Estimate) -> str:
    """Return a guess of what is wrong, where a derivative is wrong by a plain factor."""
    for factor, guess in {-1.0: "its sign is wrong", 2.0: "it is twice that", 0.5: "it is half of that"}.items():
        if abs(slope - factor * estimate.value) <= 2.0 * abs(factor) * estimate.error:
            return f": {guess}"
    return ": it is 0" if slope == 0.0 else ""


def both(slope: float, estimate: Estimate) -> list[tuple[str, str]]:
    """Return the derivative that was given beside the one that was found, as rows of a table."""
    rows = [("given", exactly(slope))]
    how = f"by finite differences ({estimate.calls} calls)"
    if estimate.kind in {"", "edge"}:
        rows.append(("found", f"{estimate.value!r} +- {estimate.error:.1e}, {how}"))
    if estimate.kind == "kink":
        rows.append(("sides", f"{estimate.left!r} | {estimate.right!r}, {how}"))
    return rows
