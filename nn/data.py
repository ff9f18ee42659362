"""Tables to learn from: the bundled Iris flowers, or a CSV file of one's own.

A file is read as text first, so that whatever is wrong with it is reported by column and line.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: Whole numbers with more distinct values than this are amounts rather than classes.
MOST_CLASSES = 20

#: Numbers beyond this have squares too large for a float, and so no standard deviation.
LARGEST = 1e150


class DataError(ValueError):
    """A table that cannot be learnt from; the text says why and where."""


@dataclass(frozen=True)
class Table:
    """Rows of numbers, and what to say to each.

    Attributes
    ----------
    features : list of list of float, n_rows times n_columns
        The inputs, all finite, at most 1e150 in magnitude where they come from a file.
    targets : sequence of int or of float, length n_rows
        The index of the class in `class_names`, or the number to predict.
    feature_names : list of str, length n_columns
        The columns of `features`.
    target_name : str
        The column of `targets`.
    class_names : list of str or None
        The classes, two or more, in order; None where the target is a number.
    """

    features: list[list[float]]
    targets: Sequence[float]
    feature_names: list[str]
    target_name: str
    class_names: list[str] | None


def iris() -> Table:
    """Return Fisher's 150 Iris flowers of three species, which scikit-learn bundles."""
    from sklearn.datasets import load_iris  # type: ignore[import-untyped]  # noqa: PLC0415

    bunch = load_iris()
    return Table(
        bunch.data.tolist(),
        bunch.target.tolist(),
        list(bunch.feature_names),
        "species",
        bunch.target_names.tolist(),
    )


def read_csv(path: str | os.PathLike[str], target: str | None) -> Table:
    """Read a CSV file whose first line names the columns.

    Parameters
    ----------
    path : path
        A text file in UTF-8, separated by commas.
    target : str or None
        The column to predict; None raises an error that lists the columns.

    Returns
    -------
    Table
        A target of words, or of whole numbers with at most 20 distinct values, becomes classes; one
        of other numbers stays as it is. Lines that are blank altogether are left out.

    Raises
    ------
    DataError
        The file cannot be read, there is nothing to learn in it, or a cell is not what it should
        be. Lines are rows of the table, the header being line 1.
    """
    cells = _cells(path)
    names = _header(path, cells)
    if target not in names:
        raise DataError(f"{path}: {_no_target(target, names)}")
    if len(names) == 1:
        raise DataError(f"{path}: expected a column beside the target {target!r}, got none")
    rows = cells.iloc[1:]
    rows = rows[(rows != "").any(axis=1)]
    if rows.empty:
        raise DataError(f"{path}: expected rows of data below the header, got none")
    columns = {name: rows[k].tolist() for k, name in enumerate(names)}
    lines = [index + 1 for index in rows.index]
    labels = columns.pop(target)
    try:
        features = [_numbers(name, column, lines) for name, column in columns.items()]
        targets, class_names = _targets(target, labels, lines)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    return Table(
        [list(row) for row in zip(*features, strict=True)],
        targets,
        list(columns),
        target,
        class_names,
    )


def _cells(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return every cell of the file as text, stripped; the header is row 0."""
    import pandas as pd  # noqa: PLC0415  (slow to load, and an extra)

    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            cells = pd.read_csv(file, header=None, dtype=str, keep_default_na=False, skip_blank_lines=False)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    except pd.errors.EmptyDataError:
        raise DataError(f"{path}: expected a header and rows of data, got an empty file") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise DataError(f"{path}: expected a table in UTF-8, separated by commas: {reason}") from None
    # A line that is too short ends in missing cells, which are empty cells here.
    return cells.fillna("").map(str.strip)


def _header(path: str | os.PathLike[str], cells: pd.DataFrame) -> list[str]:
    names: list[str] = cells.iloc[0].tolist()
    for column, name in enumerate(names, start=1):
        if not name:
            raise DataError(f"{path}, line 1: expected a name for each column, got none for column {column}")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{path}, line 1: expected a name for each column, got {twice!r} twice")
    return names


def _no_target(target: str | None, names: list[str]) -> str:
    import difflib  # noqa: PLC0415  (only for this message)

    choice = f"the columns are {', '.join(map(repr, names))}"
    if target is None:
        return f"expected the column to predict as the target, got none; {choice}"
    close = difflib.get_close_matches(target, names, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"expected a target among the columns, got {target!r}; {hint}{choice}"


def _numbers(name: str, cells: Sequence[str], lines: Sequence[int]) -> list[float]:
    """Return the cells of a column as finite numbers."""
    numbers = []
    for cell, line in zip(cells, lines, strict=True):
        number = _number(cell)
        if number is None or not math.isfinite(number):
            got = repr(cell) if cell else "an empty cell"
            raise DataError(f"column {name!r}, line {line}: expected a finite number, got {got}")
        if abs(number) > LARGEST:
            raise DataError(f"column {name!r}, line {line}: expected a number within 1e150 of 0, got {cell!r}")
        numbers.append(number)
    return numbers


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _targets(name: str, cells: Sequence[str], lines: Sequence[int]) -> tuple[Sequence[float], list[str] | None]:
    """Return the targets, and the names of the classes if they are classes."""
    for cell, line in zip(cells, lines, strict=True):
        if not cell:
            raise DataError(f"column {name!r}, line {line}: expected a target, got an empty cell")
    classes = _classes(cells)
    if classes is None:
        return _numbers(name, cells, lines), None
    if len(classes) == 1:
        raise DataError(f"column {name!r}: expected two classes or more, got {cells[0]!r} in every row")
    index = {cell: k for k, cell in enumerate(classes)}
    return [index[cell] for cell in cells], classes


def _classes(cells: Sequence[str]) -> list[str] | None:
    """Return the distinct cells in order, or None if they are numbers rather than classes."""
    distinct = set(cells)
    numeric = [cell for cell in distinct if _number(cell) is not None]
    if not numeric:
        return sorted(distinct)
    if len(distinct) > MOST_CLASSES:  # numbers; a stray word among them is to be reported
        return None
    key: Any = float if all(map(_is_whole, distinct)) else None
    if key is None and len(numeric) == len(distinct):
        return None
    return sorted(distinct, key=key)


def _is_whole(cell: str) -> bool:
    return cell.removeprefix("-").isdecimal()
