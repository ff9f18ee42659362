"""The full battery of checks for a user's own primitive.

>>> from autograd import math, primitive
>>> from autograd.testing import check_primitive
>>> bell = primitive(lambda x: math.exp(-x * x), lambda x, out: -2 * x * out, name="bell")
>>> print(check_primitive(bell))
CONSISTENT: bell: the partial by operand 0 agrees with finite differences (at 60 of 60 points)
  operand 0  2.0665311091502883 (0x1.08841764fbc9cp+1)
  given      -0.057755757611988645 (-0x1.d9229a432c998p-5)
  found      -0.05775575761198... +- ..., by finite differences (... calls)
check_primitive of bell: 1 CONSISTENT (240 numbers checked)
"""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from autograd import _recorded
from autograd._backend import Value
from autograd._structures import is_value, number_of
from autograd.errors import GraphError
from autograd.own import OwnPrimitive
from autograd.testing.evidence import both, by_one, judged
from autograd.testing.verdicts import Finding, Report, Verdict, exactly, plain, table

__all__ = ["Battery", "check_primitive"]

_DRAWN = 60  # points, where none are given
_OUTSIDE = (ValueError, ArithmeticError)


def check_primitive(primitive: OwnPrimitive, points: Iterable[Sequence[float]] | None = None) -> Report:
    """Check a primitive of one's own at many points.

    Parameters
    ----------
    primitive : OwnPrimitive
        What `autograd.primitive` returned.
    points : iterable of sequences of float, optional
        Where to check it: its operands. By default 60 points, of numbers from -3 to 3, whole ones, from 0 to 1, and
        of all sizes from 0.001 to 20; those among them where the value does not raise.

    Returns
    -------
    Report
        CONSISTENT: everywhere the value is the same when computed again, and on Values as on floats; the
        partials are computed wherever the value is, agree with finite differences of it, and an operand
        without an edge has no influence; the partials as Values are the same numbers, and their derivatives
        agree with finite differences of the partials. At a kink, the slope lies between those of the sides: UNDECIDED.

    Raises
    ------
    GradientError
        Where that is not so: the report has one finding for each kind of fault, with the point where it is worst.
    """
    if not isinstance(primitive, OwnPrimitive):
        raise TypeError(f"check_primitive: expected what autograd.primitive returns, got {plain(repr(primitive))}")
    check = Battery(primitive)
    for point in _points(primitive) if points is None else points:
        check.at([float(number_of(x)) for x in point])
    return check.report().or_raise()


def _points(primitive: OwnPrimitive) -> Iterator[list[float]]:
    parameters = inspect.signature(primitive.value).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise TypeError(
            f"check_primitive: expected points, for {primitive.name} takes any number of operands; "
            "pass points=[(1.0, 2.0), ...]"
        )
    count = sum(p.default is p.empty and p.kind is not p.KEYWORD_ONLY for p in parameters)
    rng = random.Random(0)
    draws = (
        lambda: rng.uniform(-3.0, 3.0),
        lambda: float(rng.randint(-3, 3)),
        lambda: rng.uniform(0.0, 1.0),
        lambda: rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-3.0, 1.3),
    )
    for k in range(_DRAWN):
        yield [draws[k % len(draws)]() for _ in range(count)]


class Battery:
    """The findings so far, by the kind of fault; of each kind the first is kept, and how many there were."""

    def __init__(self, primitive: OwnPrimitive) -> None:
        self.primitive = primitive
        self.points = self.outside = self.checked = 0
        self.found: dict[tuple[Verdict, str], tuple[tuple[str, ...], int]] = {}

    def add(self, verdict: Verdict, what: str, *rows: tuple[str, str]) -> None:
        """Count a finding."""
        details, count = self.found.get((verdict, what), (table(rows), 0))
        self.found[verdict, what] = (details, count + 1)

    def report(self) -> Report:
        """Return what was found at all points."""
        name = plain(self.primitive.name)
        if not self.points:
            raise ValueError(
                f"check_primitive: expected points at which {name} has a value, got {self.outside} where it raises; "
                "pass points=[...] inside its domain"
            )
        return Report(f"check_primitive of {name}", self.checked, tuple(self.findings()))

    def findings(self) -> list[Finding]:
        """Return one finding for each kind of fault."""
        return [
            Finding(verdict, f"{plain(self.primitive.name)}: {what} (at {count} of {self.points} points)", details)
            for (verdict, what), (details, count) in self.found.items()
        ]

    def at(self, numbers: list[float]) -> None:
        """Check the primitive at one point."""
        try:
            out = self.value(numbers)
        except _OUTSIDE:
            self.outside += 1
            return
        self.points += 1
        operands = [(f"operand {i}", exactly(x)) for i, x in enumerate(numbers)]
        self.checked += 1
        if not _same(again := self.value(numbers), out):
            what = "the value is not the same when it is computed again"
            self.add(Verdict.FAIL, what, *operands, ("first", exactly(out)), ("again", exactly(again)))
            return
        values = [Value(x) for x in numbers]
        try:
            node = self.primitive(*values)
        except Exception as error:
            what = f"the partials raise {type(error).__name__} where there is a value"
            self.add(Verdict.FAIL, what, *operands, ("error", plain(error)))
            return
        partials = self.partials(numbers)
        for i, partial in enumerate(partials):
            self.slope(i, numbers, partial, operands)
        self.higher(node, values, partials, operands)

    def value(self, numbers: Sequence[float]) -> float:
        """Return the value of the primitive, as a black box."""
        return float(self.primitive.value(*numbers))

    def partials(self, numbers: Sequence[float]) -> list[float | None]:
        """Return the partial by each operand, None where there is no edge."""
        values = [Value(x) for x in numbers]
        node = self.primitive(*values)
        edges = dict(zip(node.parents, node.partials, strict=True))
        return [edges.get(x) for x in values]

    def slope(self, i: int, numbers: list[float], partial: float | None, operands: list[tuple[str, str]]) -> None:
        """Compare a partial with finite differences of the value."""
        self.checked += 1
        slope = 0.0 if partial is None else partial
        if math.isnan(slope):
            self.add(Verdict.UNDECIDED, f"the partial by operand {i} is NaN, not known", *operands)
            return
        estimate = by_one(self.value, numbers, i)
        verdict, what = judged(slope, estimate)
        subject = f"the partial by operand {i}" if partial is not None else f"no edge to operand {i}: a slope of 0"
        self.add(verdict, f"{subject} {what}", *operands, *both(slope, estimate))

    def higher(
        self, node: Any, values: Sequence[Any], partials: Sequence[float | None], operands: list[tuple[str, str]]
    ) -> None:
        """Compare the partials as Values with those of floats, and their derivatives with finite differences."""
        try:
            found = self.primitive.partials_as_values(values, node)
        except GraphError as error:
            self.add(Verdict.UNDECIDED, "no derivatives of higher order", *operands, ("error", plain(error)))
            return
        for i, (partial, higher) in enumerate(zip(partials, found, strict=True)):
            self.checked += 1
            number = None if higher is None else float(number_of(higher))
            if (partial is None) != (number is None) or not _close(partial or 0.0, number or 0.0):
                rows = [("of floats", repr(partial)), ("of Values", repr(number))]
                self.add(Verdict.SUSPECT, f"the partial by operand {i} is another number on Values", *operands, *rows)
            elif higher is not None:
                self.second(i, higher, values, operands)

    def second(self, i: int, partial: Any, values: Sequence[Any], operands: list[tuple[str, str]]) -> None:
        """Compare the derivatives of a partial with finite differences of it."""
        numbers = [x.data for x in values]
        found = _recorded.adjoints({partial: 1.0}, values) if is_value(partial) else [None] * len(values)
        slopes = [0.0 if x is None else float(number_of(x)) for x in found]

        def first(moved: Sequence[float]) -> float:
            return self.partials(moved)[i] or 0.0

        for j, slope in enumerate(slopes):
            self.checked += 1
            estimate = by_one(first, numbers, j)
            verdict, what = judged(slope, estimate)
            if verdict is Verdict.SUSPECT:
                subject = f"the derivative by operand {j} of the partial by operand {i}"
                self.add(verdict, f"{subject} {what}", *operands, *both(slope, estimate))


def _same(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))


def _close(x: float, y: float) -> bool:
    """Return whether two ways of computing a number agree, up to rounding."""
    return _same(x, y) or abs(x - y) <= 1e-9 * max(abs(x), abs(y))
