"""The worst errors seen: how far each primitive's value and partials were off, in ulps, and where.

`autograd.testing.certify` enters what it measured into every open ledger:

    >>> with opened() as book:
    ...     for ledger in OPEN:
    ...         ledger.add("exp", "value", ulps=0.7, budget=1.0, operands=(2.5,))
    >>> print(book.table())
    primitive  of     ulps  budget  points  operands
    exp        value  0.7   1.0     1       0x1.4000000000000p+1

While none is open, `OPEN` is an empty list, and nothing is collected.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import NamedTuple

__all__ = ["OPEN", "Entry", "Ledger", "opened"]


class Entry(NamedTuple):
    """The greatest error of one number of a primitive.

    Attributes
    ----------
    primitive : str
        The name of the primitive.
    of : str
        Which of its numbers: "value", or the name of the operand that the partial is by.
    ulps : float
        The greatest error, in units in the last place.
    budget : float
        The error that the primitive's row allows, in the same units.
    operands : tuple of float
        Where it was found.
    points : int
        How many points were measured.
    """

    primitive: str
    of: str
    ulps: float
    budget: float
    operands: tuple[float, ...]
    points: int = 1

    def merged(self, other: Entry) -> Entry:
        """Return the greater of two errors, over the points of both."""
        greater = other if other.ulps > self.ulps else self
        return greater._replace(points=self.points + other.points)

    def cells(self) -> tuple[str, ...]:
        """Return the entry as `HEADER` names its parts; floats that tell bits apart are written in hex."""
        names = (ascii(self.primitive)[1:-1], ascii(self.of)[1:-1])
        where = " ".join(x.hex() for x in self.operands)
        return (*names, f"{self.ulps:.6g}", str(self.budget), str(self.points), where)


HEADER = ("primitive", "of", "ulps", "budget", "points", "operands")


class Ledger:
    """The worst errors of each primitive that was measured while the ledger was open."""

    def __init__(self) -> None:
        self._worst: dict[tuple[str, str], Entry] = {}

    def add(self, primitive: str, of: str, ulps: float, budget: float, operands: Sequence[float]) -> None:
        """Enter the error of one number at one point."""
        self.merge([Entry(primitive, of, ulps, budget, tuple(operands))])

    def merge(self, entries: Iterable[Entry]) -> None:
        """Enter what another ledger holds."""
        for entry in entries:
            key = entry.primitive, entry.of
            known = self._worst.get(key)
            self._worst[key] = known.merged(entry) if known else entry

    @property
    def worst(self) -> list[Entry]:
        """The greatest errors, by the names of the primitives; the value of each comes first."""
        return sorted(self._worst.values(), key=lambda entry: (entry.primitive, entry.of != "value", entry.of))

    def table(self) -> str:
        """Return the ledger as lines of text."""
        rows = [HEADER, *(entry.cells() for entry in self.worst)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        return "\n".join(lines)

    def write(self, path: str | PathLike[str]) -> None:
        """Write the ledger as a CSV file."""
        with open(path, "w", encoding="ascii", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([HEADER, *(entry.cells() for entry in self.worst)])


#: The ledgers that are open: whoever measures an error adds it to each of them.
OPEN: list[Ledger] = []


@contextmanager
def opened() -> Iterator[Ledger]:
    """Open a new ledger for a block; several may be open at a time, and each sees all that is measured."""
    book = Ledger()
    OPEN.append(book)
    try:
        yield book
    finally:
        OPEN.remove(book)
