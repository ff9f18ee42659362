"""Tables: what is read of a file, and models that take its rows."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd.testing import Verdict, certify
from nn import files
from nn.data import Cells, DataError, Table, frame_cells, learnable, read_cells, read_table
from nn.files import ModelFileError
from nn.layers import MLP
from nn.tables import Column, InterruptedFit, TableModel
from nn.testing import datasets

ROOT = Path(__file__).resolve().parent.parent


def read(tmp_path, text, target="y", **options):
    """Read a table from a text."""
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_table(path, target, **options)


# ---- reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "targets", "classes"),
    [
        (["b", "a", "b"], [1, 0, 1], ["a", "b"]),
        (["10", "9", "-1", "9"], [2, 1, 0, 1], ["-1", "9", "10"]),
        (["True", "False", "True"], [1, 0, 1], ["False", "True"]),
        (["1", "2b", "1"], [0, 1, 0], ["1", "2b"]),
        (["None", "b", "None"], [0, 1, 0], ["None", "b"]),
        (["1.5", "2", "1"], [1.5, 2.0, 1.0], None),
        (["3", "1", "2"], [3.0, 1.0, 2.0], None),
        ([str(n) for n in [*range(21), 0]], [float(n) for n in [*range(21), 0]], None),
        ([str(n) for n in [*range(20), 0]], [*range(20), 0], [str(n) for n in range(20)]),
    ],
)
def test_target_decides_the_task(tmp_path, cells, targets, classes):
    """Words are classes, and so are up to 20 whole numbers of which some occur twice; other numbers are numbers."""
    rows = "".join(f"{k},{cell}\n" for k, cell in enumerate(cells))
    table = read(tmp_path, f"x,y\n{rows}")
    assert (table.targets, table.class_names) == (targets, classes)
    assert table.task == ("regression" if classes is None else "classification")


def test_task_can_be_chosen(tmp_path):
    """Whole numbers are amounts, and fractions classes, where that is said."""
    text = "x,y\n1,1\n2,2\n3,1\n"
    assert read(tmp_path, text, task="regression").targets == [1.0, 2.0, 1.0]
    assert read(tmp_path, text.replace("1\n", "0.5\n"), task="classification").class_names == ["0.5", "2"]


def test_table_is_read_exactly(tmp_path):
    """Cells are the floats that Python reads; a byte-order mark, blank lines and blanks do no harm."""
    text = b'\xef\xbb\xbfa, y ,"b,c"\r\n0.1,u,1e-320\r\n\r\n 2 ,v,123456789.123456789\r\n,,\r\n3,u,4'
    expected = Table([[0.1, 1e-320], [2.0, 123456789.123456789], [3.0, 4.0]], [0, 1, 0], ["a", "b,c"], "y", ["u", "v"])
    assert read(tmp_path, text) == expected


@given(column=st.lists(st.floats(-1e150, 1e150), min_size=3, max_size=8), parquet=st.booleans())
def test_table_round_trip(tmp_path_factory, column, parquet):
    """Every float comes back to the last bit, from a CSV and from a Parquet file, by whatever name."""
    path = tmp_path_factory.mktemp("table") / "t"
    frame = pd.DataFrame({"x": column, "y": [k % 2 for k in range(len(column))]})
    frame.to_parquet(path) if parquet else frame.to_csv(path, index=False)
    table = read_table(path, "y")
    assert [row[0].hex() for row in table.features] == [x.hex() for x in column]
    assert table.class_names == ["0", "1"]


def test_columns_of_words_are_categories(tmp_path):
    """Words are kept; a number among more words is a word, and one that is said to be a name."""
    text = "a,b,c,y\nx,A1,1,0.5\ny,B2,2,0.25\nx,7,1,1\n"
    table = read(tmp_path, text, categorical=["c"])
    assert table.features == [["x", "A1", "1"], ["y", "B2", "2"], ["x", "7", "1"]]


def test_a_frame_is_a_table():
    """Numbers of every type, words, categories, truth values and dates; what is missing is an empty cell."""
    frame = pd.DataFrame(
        {
            "f": np.array([0.1, np.nan, 2.0], np.float32),
            "i": pd.array([1, None, 3], dtype="Int64"),
            "b": [True, False, True],
            "c": pd.Categorical(["u", None, "v"]),
            5: pd.to_datetime(["2020-01-01"] * 3),
        }
    )
    cells = frame_cells(frame)
    assert cells.columns == {
        "f": [float(np.float32(0.1)), "", 2.0],
        "i": [1.0, "", 3.0],
        "b": ["True", "False", "True"],
        "c": ["u", "", "v"],
        "5": ["2020-01-01 00:00:00"] * 3,
    }
    assert cells.place("f", 1) == "column 'f', row 2"


def test_numbers_that_are_names_agree_in_all_files(tmp_path):
    """A postcode is the same word as a whole number in a frame, a float with gaps beside it, and a text."""
    path = tmp_path / "t.parquet"
    pd.DataFrame({"x": [10115.0, 20095.0, 10115.0], "y": [1.5, 2.5, 3.5]}).to_parquet(path)
    options = {"categorical": ["x"]}
    text = read(tmp_path, "x,y\n10115,1.5\n20095,2.5\n10115,3.5\n", **options)
    assert read_table(path, "y", **options).features == text.features == [["10115"], ["20095"], ["10115"]]


@pytest.mark.parametrize(
    ("column", "classes"),
    [
        ([1.0, 2.0, 1.0], ["1", "2"]),
        ([1.0, -0.0, 1.0], ["0", "1"]),
        ([0.5, 1.0, 1.0], None),
        ([1, 2, 2], ["1", "2"]),
        (["1.0", "1", "2.00"], ["1", "2"]),
        (["007", "7", "7"], ["007", "7"]),
    ],
)
def test_numbers_are_the_same_words_in_all_files(tmp_path, column, classes):
    """Whether there is a decimal point is the choice of who wrote the file, and tells nothing of the task."""
    frame = pd.DataFrame({"x": column, "z": [0.5, 1.5, 2.5], "y": column})
    text = read(tmp_path, frame.to_csv(index=False), categorical=["x"])
    table = learnable(frame_cells(frame), "y", categorical=["x"])
    assert (text.class_names, [*text.targets], text.features) == (table.class_names, [*table.targets], table.features)
    assert text.class_names == classes


@given(data=st.data())
def test_lines_are_those_of_the_file(data, tmp_path_factory):
    """Cells of several lines, in any row and with any line break, leave the line of an error as an editor shows it."""
    ends = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    words = data.draw(st.lists(st.sampled_from(["a", "a\nb", "c\n", "\na\n\n"]), min_size=3, max_size=8))
    k = data.draw(st.integers(0, len(words) - 1))
    rows = ["x,y", *(f'{"bad" if i == k else i},"{word}"' for i, word in enumerate(words))]
    text = "\n".join(rows).replace("\n", ends)
    line = 1 + text[: text.index("bad")].count(ends)
    with pytest.raises(DataError, match=f": column 'x', line {line}: expected a number"):
        read(tmp_path_factory.mktemp("lines"), text)


@pytest.mark.parametrize(("start", "line"), [("", 3), ('"a\nb",1\n', 5), ('"a\r\nb\r\n",1\r\n\r\n', 7)])
def test_the_line_of_a_row_that_is_too_long(tmp_path, start, line):
    """It is that of the file, too."""
    with pytest.raises(DataError, match=f"Expected 2 fields in line {line}, saw 3$"):
        read(tmp_path, f"x,y\n{start}2,3\n1,2,3\n")


MISSING = "a,b,y\n1,u,0.5\n,v,1\n3,,2\nNA,w,3\n5,None,4\n6,u,\n7,u,5\n"


def test_missing_cells_are_told(tmp_path):
    """An error by default: which columns, how many, where, and what to do."""
    with pytest.raises(DataError) as caught:
        read(tmp_path, MISSING)
    assert str(caught.value) == (
        f"{tmp_path / 't.csv'}: expected no missing cells, got 2 in column 'a', line 3 and below, 1 in column 'b', line 4,"
        " 1 in column 'y', line 7; fill them in, leave out the rows (--drop-missing) or the columns (--ignore)"
    )


def test_rows_with_missing_cells_can_be_dropped(tmp_path):
    """And it is said how many; None is a word among words, and NA no number."""
    table = read(tmp_path, MISSING, drop_missing=True)
    assert table.features == [[1.0, "u"], [5.0, "None"], [7.0, "u"]]
    assert table.notes == ["4 of 7 rows were dropped: cells are missing in 'a', 'b', 'y'"]
    table = read(tmp_path, MISSING, drop_missing=True, ignored=["a"])
    assert (len(table.features), table.feature_names, table.ignored) == (5, ["b"], ["a"])


def test_a_column_that_tells_nothing_is_noted(tmp_path):
    """A constant is no error, and no secret."""
    assert read(tmp_path, "x,y\n1,0.5\n1,2\n").notes == ["column 'x' is 1.0 in every row: it tells nothing"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, ": expected a header and rows of data, got an empty file"),
        ("\n\n", {}, ": expected a header and rows of data, got an empty file"),
        ("x,y\n", {}, ": expected rows of data below the header, got none"),
        ("x,y\n\n\n", {}, ": expected rows of data below the header, got none"),
        ("x,y\n1,a\n", {}, ": expected two rows of data or more, got 1"),
        ("x,y\n1,a\n", {"target": None},
         ": expected the column to predict as the target, got none; the columns are 'x', 'y'"),
        ("x,price\n1,2\n", {"target": "prize"},
         ": expected a target among the columns, got 'prize'; did you mean 'price'? the columns are 'x', 'price'"),
        ("x,y\n1,2\n", {"target": "t"}, ": expected a target among the columns, got 't'; the columns are 'x', 'y'"),
        ("x,y\n1,2\n", {"ignored": ["z"]}, ": expected a column among the columns, got 'z'; the columns are 'x', 'y'"),
        ("x,y\n1,2\n", {"ignored": ["y"]}, ": expected a target that is not ignored, got 'y'"),
        ("x,y\n1,2\n", {"ignored": ["x"]}, ": expected a column beside the target 'y', got none"),
        ("y\n1\n2\n", {}, ": expected a column beside the target 'y', got none"),
        ("x,x,y\n1,2,3\n", {}, ": line 1: expected a name for each column, got 'x' twice"),
        ("x,,y\n1,2,3\n", {}, ": line 1: expected a name for each column, got none for column 2"),
        (",x,y\n0,1,2\n", {}, ": line 1: expected a name for each column, got none for column 1; "
         "if it counts the rows, leave it out (pandas: index=False)"),
        ("x;y\n1;2\n", {}, ": line 1: expected columns separated by commas, got one column with ';' in its name"),
        ("x,y\n1,a\n2,b\n\ntwo,b\n", {},
         ": column 'x', line 5: expected a number, as in 2 other rows, got 'two'; "
         "correct it, or if the column holds names rather than amounts: --categorical 'x'"),
        ("x,y\n1_0,a\n2,b\n3,b\n", {},
         ": column 'x', line 2: expected a number, as in 2 other rows, got '1_0'; "
         "correct it, or if the column holds names rather than amounts: --categorical 'x'"),
        ("x,y\n-inf,a\n2,b\n", {}, ": column 'x', line 2: expected a finite number, got '-inf'"),
        ("x,y\n1e999,a\n2,b\n", {}, ": column 'x', line 2: expected a finite number, got '1e999'"),
        ("x,y\n1,a\n-2e150,b\n", {}, ": column 'x', line 3: expected a number within 1e150 of 0, got '-2e150'"),
        ("x,y\n,a\n,b\n", {}, ": column 'x': expected data, got empty cells only; leave it out: --ignore 'x'"),
        ("x,z,y\n,1,a\n1,,b\n", {"drop_missing": True},
         ": expected rows without missing cells, got none; leave columns out: --ignore"),
        ("x,y\n1,1.5\n2,inf\n", {}, ": column 'y', line 3: expected a finite number, got 'inf'"),
        ("x,y\n1,a\n2,a\n", {}, ": column 'y': expected two classes or more, got 'a' in every row"),
        ("x,y\n1,5\n2,5\n", {}, ": column 'y': expected two classes or more, got '5' in every row"),
        ("x,y\n1,1.5\n2,1.5\n", {}, ": column 'y': expected a target that varies, got 1.5 in every row"),
        ("x,y\n1,a\n2,b\n", {}, ": column 'y': expected classes of two rows or more, got another one in each of 2 rows; "
         "if they are amounts: --task regression"),
        ("x,y\n1,a\n2,b\n", {"task": "regression"}, ": column 'y', line 2: expected a finite number, got 'a'"),
        ("x,y\n" + "".join(f"1,{n}\n" for n in range(30)) + "1,3O\n", {},
         ": column 'y', line 32: expected a finite number, got '3O'"),
        ("x,y\n" + "".join(f"n{n},{n}\n" for n in range(101)), {},
         ": column 'x': expected at most 100 different words, got 101 in 101 rows; "
         "if they name the rows, leave the column out: --ignore 'x'"),
        ("x,y\n1,a\n2,b,c\n", {},
         ": expected a table in UTF-8, separated by commas: Expected 2 fields in line 3, saw 3"),
        ("x,y\n\x00\x01,2\n", {}, ": expected a table in UTF-8, separated by commas, got a binary file"),
        (b"PAR1 and no more", {}, ": expected a Parquet file: "),
    ],
)  # fmt: skip
def test_table_refuses(tmp_path, text, options, message):
    """Whatever is wrong with a file is said with its column and line."""
    with pytest.raises(DataError) as caught:
        read(tmp_path, text, **options)
    assert str(caught.value).startswith(f"{tmp_path / 't.csv'}{message}")
    assert str(caught.value).endswith(message) or "Parquet" in message


def test_table_refuses_what_is_no_text(tmp_path):
    """A binary file, a directory and a missing file are no tables."""
    with pytest.raises(DataError, match=r"expected a table in UTF-8, separated by commas: .*0xff"):
        read(tmp_path, b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"none\.csv: No such file or directory"):
        read_cells(tmp_path / "none.csv")
    with pytest.raises(DataError, match="Is a directory"):
        read_cells(tmp_path)


def test_no_permission(monkeypatch):
    """A file that may not be read is said to be one."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(DataError, match=r"^t\.csv: Permission denied$"):
        read_cells("t.csv")


# ---- models ----------------------------------------------------------------------------------------


def mixed(n=40):
    """Return a table of numbers and words whose target depends on both."""
    towns = ["Rome", "Oslo", "Köln"]
    rows = [[float(k % 7), towns[k % 3], math.sin(k)] for k in range(n)]
    return Table(rows, [a + 5.0 * (town == "Oslo") for a, town, _ in rows], ["a", "town", "c"], "y", None)


@pytest.fixture(scope="module")
def model():
    """Return a model of the mixed table."""
    return TableModel.fit(mixed(), hidden=[8], activation="tanh", epochs=100, random_state=0)


FAST = {"hidden": [2], "epochs": 1, "random_state": 0}


def bits(numbers):
    """Return numbers so that they compare bit by bit."""
    return [[float(x).hex() for x in row] for row in numbers]


@settings(max_examples=30)
@given(table=datasets())
def test_predictions_are_the_same_after_a_round_trip(table, tmp_path_factory):
    """A model that was saved and loaded says the same of every row, to the last bit."""
    assume(max(table.targets) - min(table.targets) > 1e-9)
    path = tmp_path_factory.mktemp("models") / "m"
    trained = TableModel.fit(table, validation=None, **FAST)
    trained.save(path)
    loaded = TableModel.load(path)
    assert bits(loaded.outputs(table)) == bits(trained.outputs(table))
    assert loaded.predict(table) == trained.predict(table)
    if table.class_names is not None:
        assert bits(loaded.predict_proba(table)) == bits(trained.predict_proba(table))
    assert loaded.scores(table) == trained.scores(table)
    for name in ("columns", "mean", "scale", "target", "class_names", "ignored", "history"):
        assert getattr(loaded, name) == getattr(trained, name)


def test_another_process_predicts_the_same(model, tmp_path):
    """A fresh interpreter says the same of every row, to the last bit."""
    path = tmp_path / "m"
    model.save(path)
    code = f"from nn.tables import TableModel; print(TableModel.load({str(path)!r}).predict([[1.5, 'Köln', -0.1]]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == f"{model.predict([[1.5, 'Köln', -0.1]])}\n"


def test_words_are_learnt_from(model):
    """What depends on a word is found."""
    assert model.score(mixed()) > 0.9
    assert model.input_names == ["a", "town = Köln", "town = Oslo", "town = Rome", "c"]
    assert model.predict([[3.0, "Oslo", 0.0]])[0] - model.predict([[3.0, "Rome", 0.0]])[0] == pytest.approx(5, abs=1)


def test_scaling_sees_the_rows_to_learn_from_alone():
    """Rows to test on have no part in means and scales, but their categories are known."""
    table = mixed(9)
    trained = TableModel.fit(table, [0, 3, 6], **FAST)
    assert trained.mean == [3.0, 0.0, 0.0, 1.0, pytest.approx(sum(math.sin(k) for k in (0, 3, 6)) / 3)]
    assert len(trained.predict(table)) == 9


@given(order=st.permutations(["a", "town", "c", "y"]), kind=st.sampled_from(["frame", "cells", "rows"]))
def test_columns_are_found_by_name(order, kind, model):
    """The order of columns does not matter, the target may be there, and a frame, cells and rows are one."""
    cells = mixed().cells()
    shuffled = {name: cells.columns[name] for name in order}
    rows = {
        "frame": pd.DataFrame(shuffled),
        "cells": Cells(shuffled, "row", cells.numbers),
        "rows": mixed().features,
    }[kind]
    assert model.predict(rows) == model.predict(mixed())


def test_class_names_are_predicted():
    """Classes are called as in the table, and a class that no row to learn from has is not among them."""
    table = Table([[0.0], [1.0], [2.0], [3.0]], [0, 2, 0, 2], ["x"], "y", ["a", "b", "c"])
    trained = TableModel.fit(table, hidden=[4], epochs=200, random_state=0)
    assert trained.class_names == ["a", "c"]
    assert set(trained.predict([[0.0], [3.0]])) <= {"a", "c"}
    assert [sum(p) for p in trained.predict_proba([[0.0], [9.0]])] == pytest.approx([1, 1])


def test_the_loss_of_rows_is_a_certified_graph(model):
    """It is the loss that is reported, and its gradients are proved."""
    loss = model.loss(mixed(3))
    loss.backward()
    assert certify(loss).verdict is Verdict.PASS
    assert loss.data == pytest.approx(model.scores(mixed(3))["loss"], rel=1e-12)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1.0], "town": ["Rome"]}, "expected the columns 'a', 'town', 'c', got no 'c'"),
        ({"a": [1.0], "town": ["Rome"], "c": [0.0], "d": [1], "e": [1]},
         "expected the columns 'a', 'town', 'c', got 'd', 'e' too: leave out what was not learnt from"),
        ({"a": [1.0, 1.0], "town": ["Rome", "Olso"], "c": [0.0, 0.0]},
         "column 'town', row 2: expected a category of Köln, Oslo, Rome, got 'Olso'; did you mean 'Oslo'?"),
        ({"a": [1.0], "town": [None], "c": [0.0]}, "column 'town', row 1: expected a word, got an empty cell"),
        ({"a": ["one"], "town": ["Rome"], "c": [0.0]}, "column 'a', row 1: expected a finite number, got 'one'"),
        ({"a": [None], "town": ["Rome"], "c": [0.0]}, "column 'a', row 1: expected a finite number, got an empty cell"),
        ({"a": [math.inf], "town": ["Rome"], "c": [0.0]}, "column 'a', row 1: expected a finite number, got inf"),
        ({"a": [1e151], "town": ["Rome"], "c": [0.0]},
         "column 'a', row 1: expected a number within 1e150 of 0, got 1e+151"),
    ],
)  # fmt: skip
def test_predict_refuses(model, columns, message):
    """Whatever is wrong with rows to predict for is said with its column and row."""
    with pytest.raises(DataError) as caught:
        model.predict(pd.DataFrame(columns))
    assert str(caught.value) == message


def test_predict_refuses_rows_of_another_length(model):
    """Bare rows have the cells that were learnt from."""
    with pytest.raises(DataError, match=r"^row 2: expected 3 cells, 'a', 'town', 'c', got 2$"):
        model.predict([[1.0, "Rome", 0.0], [1.0, "Rome"]])
    with pytest.raises(ValueError, match="expected a model that tells classes apart, got a regression"):
        model.predict_proba([[1.0, "Rome", 0.0]])
    with pytest.raises(DataError, match=r"expected the target 'y' among the columns, got 'a', 'town', 'c'"):
        model.scores(pd.DataFrame({"a": [1.0], "town": ["Rome"], "c": [0.0]}))


def test_numbers_far_away_are_refused():
    """A number whose distance in scales is no float is said to be one, rather than predicted for."""
    table = Table([[0.0], [1e-160], [0.0]], [1.0, 2.0, 3.0], ["x"], "y", None)
    trained = TableModel.fit(table, **FAST)
    with pytest.raises(
        DataError, match=r"^column 'x', row 1: expected a number nearer to those trained on, got 1e\+150"
    ):
        trained.predict([[1e150]])


def test_ignored_columns_may_be_there():
    """A column that was left out in training may be in the file, or not."""
    cells = Cells({"id": ["p", "q", "r"], "x": ["1", "2", "3"], "y": ["1.5", "2.5", "3"]}, "line", [2, 3, 4])
    trained = TableModel.fit(learnable(cells, "y", ignored=["id"]), **FAST)
    assert trained.predict(cells) == trained.predict([[1.0], [2.0], [3.0]])


def test_an_interrupt_brings_the_best_model():
    """After an epoch or more; before that there is none."""

    def interrupt(at):
        def stop(history):
            if history.epochs == at:
                raise KeyboardInterrupt

        return TableModel.fit(mixed(), hidden=[3], epochs=9, random_state=0, callbacks=[stop])

    with pytest.raises(InterruptedFit) as caught:
        interrupt(at=4)
    assert caught.value.model.history.epochs == 4
    assert math.isfinite(caught.value.model.score(mixed()))

    class Interrupting(str):
        def __hash__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as bare:
        TableModel.fit(mixed(), activation=Interrupting("tanh"), random_state=0)
    assert type(bare.value) is KeyboardInterrupt


def state_of(model, tmp_path):
    """Return what a model keeps in a file, as `nn.files` gives it."""
    model.save(tmp_path / "m")
    return files.read(tmp_path / "m").preprocessing


@pytest.mark.parametrize(
    "change",
    [
        {"columns": []},
        {"columns": [{"name": "a"}]},
        {"columns": 3},
        {"mean": [0.0]},
        {"mean": ["x"] * 5},
        {"scale": [1.0, 1.0, 0.0, 1.0, 1.0]},
        {"scale": [1.0, 1.0, -1.0, 1.0, 1.0]},
        {"mean": [10**400] * 5},  # which JSON holds, and a float does not
        {"target": None},
        {"target": {"name": "y", "class_names": ["a", "b"], "mean": 0.0, "scale": 1.0}},
        {"target": {"name": "y", "class_names": None, "mean": 0.0, "scale": 0.0}},
        {"target": {"name": "y", "class_names": [1], "mean": 0.0, "scale": 1.0}},
        {"ignored": None},
        {"ignored": "ab"},
        {"scale": ["1", "1", "1", "1", "1"]},
        {"scale": [True, 1.0, 1.0, 1.0, 1.0]},
        {"columns": [{"name": name, "categories": None} for name in "aacde"]},
        {"columns": [{"name": name, "categories": None} for name in "yacde"]},  # the target is y
        {"columns": [{"name": name, "categories": None} for name in [1, "b", "c", "d", "e"]]},
        {"columns": [{"name": "a", "categories": ["u", "v", "w", "x", "u"]}]},
        {"columns": [{"name": "a", "categories": "uvwxy"}]},
        {"columns": [{"name": n, "categories": None} for n in "abcde"] + [{"name": "f", "categories": []}]},
        {"target": {"name": 3, "class_names": None, "mean": 0.0, "scale": 1.0}},
        {"target": {"name": "y", "class_names": None, "mean": "0", "scale": 1.0}},
        {"target": {"name": "y", "class_names": None, "mean": 0.0, "scale": [1.0] * 100_000}},
    ],
)
def test_load_refuses_parts_that_do_not_fit(model, tmp_path, change):
    """A file whose checksum is right, and whose columns are not, is no model."""
    state = state_of(model, tmp_path) | change
    files.save(model.network, tmp_path / "m", preprocessing=state)
    with pytest.raises(ModelFileError, match=r"m: expected the columns and the scaling of a table: ") as caught:
        TableModel.load(tmp_path / "m")
    assert len(str(caught.value)) < 500 + len(str(tmp_path))


@pytest.mark.parametrize("names", [["p", "p"], "pq", ["p", 1]])
@pytest.mark.parametrize("loss", ["softmax_cross_entropy", None])
def test_load_refuses_classes_that_are_not_two(tmp_path, names, loss):
    """Classes are a list of texts that differ, and with such a list the file loads."""
    model = TableModel.fit(Table([[0.0], [1.0]] * 2, [0, 1] * 2, ["x"], "y", ["p", "q"]), validation=None, **FAST)
    state = state_of(model, tmp_path)
    model.network.loss = loss
    files.save(model.network, tmp_path / "m", preprocessing=state)
    assert TableModel.load(tmp_path / "m").class_names == ["p", "q"]
    files.save(
        model.network, tmp_path / "m", preprocessing=state | {"target": state["target"] | {"class_names": names}}
    )
    with pytest.raises(ModelFileError, match="m: expected the columns and the scaling of a table: "):
        TableModel.load(tmp_path / "m")


@pytest.mark.parametrize("loss", ["hinge", "binary_cross_entropy", "huber", "softmax_cross_entropy"])
@pytest.mark.parametrize("classes", [None, ["p", "q"]])
def test_load_refuses_a_loss_of_another_task(tmp_path, loss, classes):
    """What a network was fitted with decides what its outputs mean."""
    table = Table([[0.0], [1.0]] * 2, [0, 1] * 2, ["x"], "y", classes)
    state = state_of(TableModel.fit(table, validation=None, **FAST), tmp_path)
    network = files.read(tmp_path / "m").model
    network.loss = loss
    files.save(network, tmp_path / "m", preprocessing=state)
    if loss == ("softmax_cross_entropy" if classes else "huber"):
        assert TableModel.load(tmp_path / "m").network.loss == loss
    else:
        with pytest.raises(ModelFileError, match=f"expected a loss for a .*, got '{loss}'"):
            TableModel.load(tmp_path / "m")


@pytest.mark.parametrize(
    "change",
    [
        {"best_epoch": 99},
        {"best_epoch": -1},
        {"best_epoch": "x"},
        {"best_epoch": 1.0},
        {"best_epoch": True},
        {"loss": 5},
        {"loss": [[1]]},
        {"loss": []},
        {"loss": "abc"},
        {"validation_loss": [1.0]},
        {"validation_loss": None},
        {"learning_rate": [10**400] * 3},
        {"stopped": 3},
        {"more": 1},
    ],
)
def test_load_refuses_a_history_that_never_was(model, tmp_path, change):
    """A picture of it would be of nothing."""
    state = state_of(model, tmp_path)
    history = {"loss": [3.0, 2.0, 1.0], "validation_loss": [3.0, 2.0, 1], "learning_rate": [0.1] * 3, "best_epoch": 3}
    files.save(model.network, tmp_path / "m", preprocessing=state, history=history)
    assert TableModel.load(tmp_path / "m").history.best_epoch == 3
    files.save(model.network, tmp_path / "m", preprocessing=state, history=history | change)
    with pytest.raises(ModelFileError, match="m: expected the columns and the scaling of a table: "):
        TableModel.load(tmp_path / "m")


@given(weight=st.floats(1e300, 1e308), x=st.floats(1e9, 1e100))
def test_what_overflows_is_said_with_its_row(model, weight, x):
    """Neither an output nor a prediction is infinite."""
    network = MLP(1, [1], rng=0)
    network.load_vector([weight, 0.0])
    large = TableModel(network, [Column("x")], [0.0], [1.0], "y", None)
    with pytest.raises(DataError, match="row 2: expected a finite output of the network, got inf"):
        large.predict([[0.0], [x]])
    network.load_vector([1.0, 0.0])
    large = TableModel(network, [Column("x")], [0.0], [1.0], "y", None, target_scale=weight)
    with pytest.raises(DataError, match="row 2: expected a finite prediction, got inf"):
        large.predict([[0.0], [x]])


def test_load_refuses_a_bare_network(tmp_path):
    """A network without a table cannot predict for a table."""
    files.save(MLP(1, [1]), tmp_path / "m")
    with pytest.raises(ModelFileError, match=r"expected a model of a table, got a bare network: nn\.load reads it"):
        TableModel.load(tmp_path / "m")
