"""Tables to learn from: CSV and Parquet files, and frames of pandas.

A file is read as cells first, so that whatever is wrong with it is reported by column and line. What its columns are
is found from the cells: numbers, or words, which are categories. Where that is in doubt, and where a cell is missing,
it is said, not guessed.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any, BinaryIO

from nn._words import known

if TYPE_CHECKING:
    import pandas as pd

#: A number, or text as it was written; "" is a missing cell.
Cell = str | float

#: Whole numbers with more distinct values than this are amounts rather than classes.
MOST_CLASSES = 20

#: A column with more distinct words than this names its rows, rather than kinds of them.
MOST_CATEGORIES = 100

#: Numbers beyond this have squares too large for a float, and so no standard deviation.
LARGEST = 1e150

_LINE_BREAK = re.compile("\r\n|\r|\n")

#: A whole number, as programs write it that take all numbers for floats.
_WHOLE = re.compile(r"-?\d+\.0+")

#: What stands for a missing cell among numbers, in any case. Among words it is a word: None may be a category.
_ABSENT = {"", "na", "n/a", "#n/a", "nan", "null", "none", "?"}

TASKS = ("classification", "regression")


class DataError(ValueError):
    """A table that cannot be learnt from, or predicted for; the text says why and where."""


@dataclass(frozen=True)
class Table:
    """Rows of cells, and what to say to each.

    Attributes
    ----------
    features : list of list of float or str, n_rows times n_columns
        The inputs: a column has numbers only, all finite, at most 1e150 in magnitude where they come from a file, or
        words only, which are categories.
    targets : sequence of int or of float, length n_rows
        The index of the class in `class_names`, or the number to predict.
    feature_names : list of str, length n_columns
        The columns of `features`.
    target_name : str
        The column of `targets`.
    class_names : list of str or None
        The classes, two or more, in order; None where the target is a number.
    ignored : list of str
        Columns of the file that were left out.
    notes : list of str
        What was noticed while reading, in sentences.
    """

    features: Sequence[Sequence[Cell]]
    targets: Sequence[float]
    feature_names: list[str]
    target_name: str
    class_names: list[str] | None
    ignored: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def task(self) -> str:
        """What there is to do: "classification" or "regression"."""
        return "regression" if self.class_names is None else "classification"

    def cells(self) -> Cells:
        """Return the table as it would be read from a file."""
        columns: dict[str, list[Cell]] = {
            name: [row[k] for row in self.features] for k, name in enumerate(self.feature_names)
        }
        names = self.class_names
        columns[self.target_name] = [*self.targets] if names is None else [names[int(k)] for k in self.targets]
        return Cells(columns, "row", range(1, len(self.features) + 1))


@dataclass(frozen=True)
class Cells:
    """A table as it was read.

    Attributes
    ----------
    columns : dict of str to list of str or float
        The cells of each column, by its name.
    unit : str
        What rows are counted in: "line" of a text, the header being line 1, or "row".
    numbers : sequence of int
        Which line or row each is.
    """

    columns: dict[str, list[Cell]]
    unit: str
    numbers: Sequence[int]

    def __len__(self) -> int:
        return len(self.numbers)

    def place(self, name: str, i: int) -> str:
        """Return the words for a cell of a column."""
        return f"column {name!r}, {self.unit} {self.numbers[i]}"

    def only(self, rows: Iterable[int]) -> Cells:
        """Return some of the rows."""
        kept = list(rows)
        columns = {name: [cells[i] for i in kept] for name, cells in self.columns.items()}
        return Cells(columns, self.unit, [self.numbers[i] for i in kept])


# ---- reading ---------------------------------------------------------------------------------------------


def read_cells(path: str | os.PathLike[str]) -> Cells:
    """Read a CSV or a Parquet file.

    Parameters
    ----------
    path : path
        A text in UTF-8, separated by commas, whose first line names the columns; or a Parquet file. "-" is stdin.

    Returns
    -------
    Cells
        Lines that are blank altogether are left out.

    Raises
    ------
    DataError
        The file cannot be read, it is no table, or it has no rows.
    """
    if str(path) == "-" and sys.stdin is None:
        raise DataError("-: expected a table on stdin, got none: it is closed")
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as file:
                content = file.read()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    try:
        if content.startswith(b"PAR1") or str(path).endswith(".parquet"):
            cells = frame_cells(_parquet(io.BytesIO(content)))
        else:
            cells = _csv(content)
        if not len(cells):
            raise DataError("expected rows of data below the header, got none")
        return cells
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def frame_cells(frame: pd.DataFrame) -> Cells:
    """Return the cells of a frame; its index is no column."""
    _check_names([str(name) for name in frame.columns], "")
    columns = {str(name): _frame_column(frame[name]) for name in frame.columns}
    return Cells(columns, "row", range(1, len(frame) + 1))


def _frame_column(column: pd.Series[Any]) -> list[Cell]:
    def cell(thing: Any) -> Cell:
        if isinstance(thing, int | float) and not isinstance(thing, bool):
            return float(thing)
        return str(thing).strip()

    empty = column.isna().tolist()
    return ["" if missing else cell(thing) for thing, missing in zip(column.tolist(), empty, strict=True)]


def _parquet(file: BinaryIO) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  (slow to load, and an extra)

    try:
        return pd.read_parquet(file)
    except ImportError:
        raise DataError('reading Parquet takes pyarrow: pip install "chainrule[parquet]"') from None
    except (OSError, ValueError) as error:
        raise DataError(f"expected a Parquet file: {error}") from None


def _csv(content: bytes) -> Cells:
    import pandas as pd  # noqa: PLC0415  (slow to load, and an extra)

    wanted = "expected a table in UTF-8, separated by commas"
    try:
        text = content.decode("utf-8-sig")
        if "\0" in text:
            raise DataError(f"{wanted}, got a binary file")
        cells = pd.read_csv(io.StringIO(text), header=None, dtype=str, keep_default_na=False, skip_blank_lines=False)
    except pd.errors.EmptyDataError:
        raise DataError("expected a header and rows of data, got an empty file") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        # Of pandas it is the row, which is another line after cells of several.
        reason = re.sub(r"(?<= in line )\d+", lambda row: str(_line(text, int(row[0]))), reason)
        raise DataError(f"{wanted}: {reason}") from None
    # A line that is too short ends in missing cells.
    cells = cells.fillna("")
    lines = _first_lines(cells) if '"' in text else range(1, len(cells) + 1)
    cells = cells.map(str.strip)
    names: list[str] = cells.iloc[0].tolist()
    _check_names(names, "line 1: ")
    rows = cells.iloc[1:]
    rows = rows[(rows != "").any(axis=1)]
    return Cells({name: rows[k].tolist() for k, name in enumerate(names)}, "line", [lines[i] for i in rows.index])


def _line(text: str, row: int) -> int:
    """Return the line of a text that a row begins in, both counted from 1."""
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        for _ in islice(rows, row - 1):
            pass
    except csv.Error:
        return row
    return rows.line_num + 1


def _first_lines(cells: pd.DataFrame) -> list[int]:
    """Return the line of a text that each row begins in: a quoted cell may have several."""
    lengths = [1 + sum(len(_LINE_BREAK.findall(cell)) for cell in row) for row in cells.itertuples(index=False)]
    return [*accumulate(lengths[:-1], initial=1)]


def _check_names(names: list[str], where: str) -> None:
    for column, name in enumerate(names, start=1):
        if not name:
            cure = "; if it counts the rows, leave it out (pandas: index=False)" if column == 1 else ""
            raise DataError(f"{where}expected a name for each column, got none for column {column}{cure}")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise DataError(f"{where}expected a name for each column, got {twice!r} twice")
    separator = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), None)
    if separator is not None:
        raise DataError(f"{where}expected columns separated by commas, got one column with {separator!r} in its name")


# ---- columns ---------------------------------------------------------------------------------------------


def numbers(name: str, cells: Cells) -> list[float]:
    """Return the cells of a column as numbers, finite and at most 1e150 in magnitude."""
    plain = _plain_numbers(cells.columns[name])
    if plain is not None:
        return plain
    found = []
    for i, cell in enumerate(cells.columns[name]):
        number = _number(cell)
        if number is None or not math.isfinite(number):
            got = "an empty cell" if cell == "" else repr(cell)
            raise DataError(f"{cells.place(name, i)}: expected a finite number, got {got}")
        if abs(number) > LARGEST:
            raise DataError(f"{cells.place(name, i)}: expected a number within 1e150 of 0, got {cell!r}")
        found.append(number)
    return found


def words(name: str, cells: Cells, categories: Sequence[str] | None = None) -> list[str]:
    """Return the cells of a column as words, which must be of these categories, if there are any given."""
    found = [_word(cell) for cell in cells.columns[name]]
    allowed = None if categories is None else set(categories)
    for i, word in enumerate(found):
        if not word:
            raise DataError(f"{cells.place(name, i)}: expected a word, got an empty cell")
        if categories is not None and allowed is not None and word not in allowed:
            try:
                known(cells.place(name, i), "a category", word, categories)
            except ValueError as error:
                raise DataError(str(error)) from None
    return found


def _plain_numbers(column: Sequence[Cell]) -> list[float] | None:
    """Return a column of numbers in which nothing is wrong, and None for any other: fast, as most are of this kind."""
    try:
        found = [*map(float, column)]
    except (TypeError, ValueError):
        return None
    fine = all(-LARGEST <= number <= LARGEST for number in found)
    return found if fine and not any(isinstance(cell, str) and "_" in cell for cell in column) else None


def _number(cell: Cell) -> float | None:
    """Return the number that a cell is, or None."""
    if isinstance(cell, str) and "_" in cell:  # which Python takes for a number, and nobody else
        return None
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def _word(cell: Cell) -> str:
    """Return a cell as text; a whole number has no decimal point, whatever a frame or a file made of it."""
    number = _number(cell) if isinstance(cell, float) or _WHOLE.fullmatch(str(cell)) else None
    return str(int(number)) if number is not None and number.is_integer() else str(cell)


def _absent(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.lower() in _ABSENT


def _strange(column: Sequence[Cell]) -> list[int]:
    """Return which cells are neither numbers nor missing."""
    return [i for i, cell in enumerate(column) if not _absent(cell) and _number(cell) is None]


def _is_words(name: str, cells: Cells) -> bool:
    """Return whether a column is one of words rather than of numbers; few words among numbers are a mistake."""
    column = cells.columns[name]
    if _plain_numbers(column) is not None:
        return False
    strange = _strange(column)
    n_numbers = sum(not _absent(cell) for cell in column) - len(strange)
    if 0 < len(strange) <= n_numbers:
        expected = f"expected a number, as in {n_numbers} other rows, got {column[strange[0]]!r}"
        cure = f"correct it, or if the column holds names rather than amounts: --categorical {name!r}"
        raise DataError(f"{cells.place(name, strange[0])}: {expected}; {cure}")
    return n_numbers == 0 or bool(strange)


# ---- learning --------------------------------------------------------------------------------------------


def read_table(
    path: str | os.PathLike[str],
    target: str | None,
    *,
    task: str | None = None,
    categorical: Sequence[str] = (),
    ignored: Sequence[str] = (),
    drop_missing: bool = False,
) -> Table:
    """Read a CSV or a Parquet file to learn from.

    Parameters
    ----------
    path : path
        As in `read_cells`.
    target, task, categorical, ignored, drop_missing
        As in `learnable`.

    Raises
    ------
    DataError
        The file cannot be read, there is nothing to learn in it, or a cell is not what it should be.
    """
    cells = read_cells(path)
    try:
        return learnable(cells, target, task=task, categorical=categorical, ignored=ignored, drop_missing=drop_missing)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def learnable(
    cells: Cells,
    target: str | None,
    *,
    task: str | None = None,
    categorical: Sequence[str] = (),
    ignored: Sequence[str] = (),
    drop_missing: bool = False,
) -> Table:
    """Return the table that cells make: what its columns are, and what there is to learn.

    Parameters
    ----------
    cells : Cells
        What was read.
    target : str or None
        The column to predict; None raises an error that lists the columns.
    task : {"classification", "regression"}, optional
        What to learn. By default a target of words, or of whole numbers with at most 20 distinct values, becomes
        classes; one of other numbers stays as it is.
    categorical : sequence of str
        Columns whose numbers are names, such as postcodes.
    ignored : sequence of str
        Columns to leave out.
    drop_missing : bool
        Whether to leave out rows with missing cells, which are an error otherwise.

    Raises
    ------
    DataError
        There is nothing to learn, or a cell is not what it should be.
    """
    names = list(cells.columns)
    if target is None:
        raise DataError(f"expected the column to predict as the target, got none; {_choice(names)}")
    for what, name in [("a target", target), *(("a column", name) for name in (*categorical, *ignored))]:
        _check_column(what, name, names)
    if target in ignored:
        raise DataError(f"expected a target that is not ignored, got {target!r}")
    features = [name for name in names if name != target and name not in ignored]
    if not features:
        raise DataError(f"expected a column beside the target {target!r}, got none")
    cells, notes = _complete(cells, [*features, target], categorical, drop_missing)
    if len(cells) < 2:
        raise DataError(f"expected two rows of data or more, got {len(cells)}")
    columns: list[list[Any]] = []
    for name in features:
        is_words = name in categorical or _is_words(name, cells)
        columns.append(_categories(name, cells) if is_words else numbers(name, cells))
        if len(set(columns[-1])) == 1:
            notes.append(f"column {name!r} is {columns[-1][0]!r} in every row: it tells nothing")
    targets, class_names = _targets(target, cells, task or _task(target, cells))
    rows = [list(row) for row in zip(*columns, strict=True)]
    return Table(rows, targets, features, target, class_names, list(ignored), notes)


def _choice(names: list[str]) -> str:
    return f"the columns are {', '.join(map(repr, names))}"


def _check_column(what: str, name: str, names: list[str]) -> None:
    import difflib  # noqa: PLC0415  (only for this message)

    if name not in names:
        close = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise DataError(f"expected {what} among the columns, got {name!r}; {hint}{_choice(names)}")


def _complete(
    cells: Cells, names: list[str], categorical: Sequence[str], drop_missing: bool
) -> tuple[Cells, list[str]]:
    """Return the rows that have all cells, and notes of those that have not."""
    missing: dict[str, list[int]] = {}
    for name in names:
        column = cells.columns[name]
        if _plain_numbers(column) is not None:
            continue
        if all(cell == "" for cell in column):
            raise DataError(f"column {name!r}: expected data, got empty cells only; leave it out: --ignore {name!r}")
        gaps = [i for i, cell in enumerate(column) if _absent(cell)]
        if gaps and (name in categorical or _strange(column) or len(gaps) == len(column)):  # NA is a word among words
            gaps = [i for i in gaps if column[i] == ""]
        if gaps:
            missing[name] = gaps
    if not missing:
        return cells, []
    if not drop_missing:
        each = [f"{len(gaps)} in {cells.place(name, gaps[0])}" for name, gaps in missing.items()]
        each = [text + (" and below" if text[:2] != "1 " else "") for text in each]
        raise DataError(
            f"expected no missing cells, got {', '.join(each)}; fill them in, "
            "leave out the rows (--drop-missing) or the columns (--ignore)"
        )
    gone = {i for gaps in missing.values() for i in gaps}
    if len(gone) == len(cells):
        raise DataError("expected rows without missing cells, got none; leave columns out: --ignore")
    columns = ", ".join(map(repr, missing))
    note = f"{len(gone)} of {len(cells)} rows were dropped: cells are missing in {columns}"
    return cells.only(i for i in range(len(cells)) if i not in gone), [note]


def _categories(name: str, cells: Cells) -> list[str]:
    found = words(name, cells)
    count = len(set(found))
    if count > MOST_CATEGORIES:
        raise DataError(
            f"column {name!r}: expected at most {MOST_CATEGORIES} different words, got {count} in {len(found)} rows; "
            f"if they name the rows, leave the column out: --ignore {name!r}"
        )
    return found


def _task(name: str, cells: Cells) -> str:
    """Return what a target asks for: classes, where it has words, or whole numbers few enough and more than once."""
    distinct = {*map(_word, cells.columns[name])}
    n_words = sum(_number(cell) is None for cell in distinct)
    if n_words == 0:
        few = len(distinct) <= MOST_CLASSES and len(distinct) < len(cells)
        whole = all(word.removeprefix("-").isdecimal() for word in distinct)
        return "classification" if few and whole else "regression"
    # Many numbers and a word: numbers, so that the word is reported.
    return "regression" if n_words < len(distinct) and len(distinct) > MOST_CLASSES else "classification"


def _targets(name: str, cells: Cells, task: str) -> tuple[Sequence[float], list[str] | None]:
    """Return the targets, and the names of the classes if they are classes."""
    if task == "regression":
        found = numbers(name, cells)
        if len(set(found)) == 1:
            raise DataError(f"column {name!r}: expected a target that varies, got {found[0]!r} in every row")
        return found, None
    labels = words(name, cells)
    counts = Counter(labels)
    if len(counts) == 1:
        raise DataError(f"column {name!r}: expected two classes or more, got {labels[0]!r} in every row")
    if max(counts.values()) == 1:
        raise DataError(
            f"column {name!r}: expected classes of two rows or more, got another one in each of {len(labels)} rows; "
            "if they are amounts: --task regression"
        )
    in_order = all(_number(label) is not None for label in counts)
    classes = sorted(counts, key=float if in_order else None)
    index = {label: k for k, label in enumerate(classes)}
    return [index[label] for label in labels], classes
