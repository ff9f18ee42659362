"""The command line: runs on real tables, and an answer to every bad input."""

import csv
import json
import math
import random
import re
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from autograd.view import layout
from nn import MLP, cli, picture
from nn.data import Table
from nn.datasets import DATASETS
from nn.files import read, save
from nn.tables import TableModel

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def nn(tmp_path, capsys, monkeypatch):
    """Return a function that runs the command in an empty directory, and returns its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = cli.main([*map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def program(*arguments, **options):
    """Start the command line in a process of its own."""
    command = [sys.executable, "-m", "nn", *map(str, arguments)]
    environment = {"PATH": "", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **pipes, **options)


def write(text, name="table.csv"):
    """Write a CSV file and return its name."""
    Path(name).write_text(text, encoding="utf-8")
    return name


def line_table(n=60):
    """Return a table of y = 100 x1 - 50 x2 + 7 as CSV."""
    rng = random.Random(0)
    rows = [(rng.uniform(0, 1), rng.uniform(0, 1000)) for _ in range(n)]
    return "x1,x2,y\n" + "".join(f"{a},{b},{100 * a - 0.05 * b + 7}\n" for a, b in rows)


def circle_table(n=60):
    """Return a table of points, in or out of a circle, as CSV."""
    rng = random.Random(0)
    rows = [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(n)]
    return "side,up,where\n" + "".join(f"{a},{b},{'in' if math.hypot(a, b) < 0.8 else 'out'}\n" for a, b in rows)


def homes_table(n=60):
    """Return a table with words as CSV."""
    rng = random.Random(0)
    rows = [(k, rng.uniform(30, 90), rng.choice(["Rome", "Oslo"])) for k in range(n)]
    return "id,area,town,price\n" + "".join(f"h{k},{a},{t},{a * (3 if t == 'Rome' else 5)}\n" for k, a, t in rows)


# ---- train -----------------------------------------------------------------------------------------


def test_iris(nn):
    """Without a file it learns Iris, and tells the species of unseen flowers apart."""
    code, out, err = nn("train")
    assert code == 0
    lines = out.splitlines()
    assert lines[:3] == [
        "data: iris, 150 rows, 4 columns",
        "target: species, classification, 3 classes",
        "split: 120 rows to train on, 30 to test on",
    ]
    assert re.fullmatch(r"network: 4 -> .* -> 3, \d+ parameters", lines[3])
    accuracy = dict(re.findall(r"^(\w+): loss [\d.]+, accuracy ([\d.]+)$", out, re.MULTILINE))
    assert float(accuracy["test"]) >= 0.93
    assert float(accuracy["train"]) >= 0.93
    assert lines[-1] == "saved: model.safetensors"
    assert re.search(r"^note: training took \d+\.\d s\n$", err, re.MULTILINE)


@pytest.mark.parametrize(("name", "score", "least"), [("wine", "accuracy", 0.93), ("diabetes", "r2", 0.40)])
def test_data_sets_by_name(nn, name, score, least):
    """The built-in data sets are learnt with the options as they are."""
    code, out, _ = nn("train", name, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["test"][score] >= least
    assert facts["data"] == name


def test_digits(nn):
    """One handwritten digit in twenty is mistaken at most."""
    assert json.loads(nn("train", "digits", "--json")[1])["test"]["accuracy"] >= 0.95


def test_classification_of_a_file(nn):
    """A column of words is told apart."""
    code, out, _ = nn("train", write(circle_table()), "--target", "where", "--epochs", 200)
    assert code == 0
    assert "target: where, classification, 2 classes" in out.splitlines()
    assert float(re.search(r"^test: .*accuracy ([\d.]+)", out, re.MULTILINE)[1]) >= 0.8


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_regression_of_a_file(nn, kind):
    """A column of numbers is predicted; the error is in its own units."""
    file = write(line_table())
    if kind == "parquet":
        pd.read_csv(file).to_parquet("table.parquet")
        file = "table.parquet"
    code, out, _ = nn("train", file, "--target", "y", "--hidden", 0, "--l2", 0, "--learning-rate", 0.1)
    assert code == 0
    assert "target: y, regression" in out.splitlines()
    rmse, r2 = map(float, re.search(r"^test: .*RMSE (\S+), R\^2 (\S+)$", out, re.MULTILINE).groups())
    assert rmse < 1
    assert r2 > 0.999
    assert repr(read("model.safetensors").model) == "MLP of [Layer of [LinearNeuron(2)]]"


def test_words_are_columns_too(nn):
    """Categories are said, and what names the rows can be ignored."""
    code, out, _ = nn(
        "train", write(homes_table()), "--target", "price", "--ignore", "id", "--epochs", 2, "--hidden", "3,2"
    )
    assert code == 0
    assert "columns: 1 of numbers; of words: town (2 categories)" in out.splitlines()
    assert "network: 3 -> 3 -> 2 -> 1, 23 parameters" in out.splitlines()
    code, out, _ = nn("train", "table.csv", "--target", "town", "--ignore", "id", "--epochs", 2)
    assert (code, "target: town, classification, 2 classes" in out.splitlines()) == (0, True)


def test_whole_numbers_are_classes_and_that_is_said(nn):
    """With the option that takes them as amounts."""
    text = "x,y\n" + "".join(f"{k},{k % 3}\n" for k in range(30))
    _, out, _ = nn("train", write(text), "--target", "y", "--epochs", 1)
    assert "target: y, classification, 3 classes of whole numbers (if they are amounts: --task regression)" in out
    _, out, _ = nn("train", "table.csv", "--target", "y", "--epochs", 1, "--task", "regression")
    assert "target: y, regression\n" in out


def test_missing_cells_can_be_dropped(nn):
    """Rows that lack cells are an error, or are left out and counted."""
    file = write(line_table().replace("x1,x2,y\n", "x1,x2,y\n,1,2\n"))
    code, out, err = nn("train", file, "--target", "y", "--epochs", 1)
    assert (code, out) == (2, "")
    assert "expected no missing cells, got 1 in column 'x1', line 2; fill them in" in err
    code, out, err = nn("train", file, "--target", "y", "--epochs", 1, "--drop-missing")
    assert code == 0
    assert "note: 1 of 61 rows were dropped: cells are missing in 'x1'\n" in err
    assert "data: table.csv, 60 rows, 2 columns\n" in out


def test_a_run_repeats_with_its_seed(nn):
    """The same seed gives the same output and the same file; another gives another."""
    runs = []
    for seed in (3, 3, 4):
        out = nn("train", "--epochs", 1, "--seed", seed)[1]
        runs.append((out, read("model.safetensors").model.parameter_vector()))
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[2][0]
    assert runs[0][1] != runs[2][1]


def test_json(nn):
    """One object on stdout and nothing else; --quiet leaves nothing on stderr."""
    code, out, err = nn("train", "moons", "--epochs", 2, "--json", "--quiet")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert (facts["rows"], facts["classes"], facts["split"]) == (200, ["upper", "lower"], {"train": 160, "test": 40})
    assert facts["epochs"] == 2
    assert facts["saved"] == "model.safetensors"


@pytest.mark.parametrize("seed", range(5))
def test_a_class_with_one_row_is_trained_on(nn, seed):
    """It cannot be shared out, and that is said; the others are."""
    file = write(
        "x,y\n" + "".join(f"{x},{'abb'[min(x, 2)]}\n" for x in range(10)) + "".join(f"{x},c\n" for x in range(9))
    )
    code, _, err = nn("train", file, "--target", "y", "--epochs", 1, "--seed", seed)
    assert code == 0
    assert "note: class 'a' has one row: it is trained on, never tested\n" in err
    assert TableModel.load("model.safetensors").class_names == ["a", "b", "c"]


@pytest.mark.parametrize("seed", range(5))
def test_no_class_is_left_to_the_test(nn, seed):
    """Where there are too few rows to share out, each class has one to train on."""
    file = write("x,y\n" + "".join(f"{x},{'abcde'[x // 2]}\n" for x in range(10)))
    code, _, err = nn("train", file, "--target", "y", "--epochs", 1, "--seed", seed)
    assert code == 0
    assert "note: too few rows to share out each class evenly" in err
    assert TableModel.load("model.safetensors").class_names == list("abcde")


@pytest.mark.parametrize("share", [0.2, 0.7, 0.8, 0.9, 0.95])
def test_a_rare_class_is_trained_on(nn, share):
    """Even shares of two rows may be none, and then one is moved."""
    file = write("x,y\n" + "".join(f"{k},{name}\n" for name in "ab" for k in range(60)) + "1,c\n2,c\n")
    code, out, _ = nn("train", file, "--target", "y", "--epochs", 1, "--test-size", share, "--validation", 0)
    assert code == 0
    assert TableModel.load("model.safetensors").class_names == ["a", "b", "c"]
    counts = re.search(r"^split: (\d+) rows to train on, (\d+) to test on$", out, re.MULTILINE).groups()
    assert sum(map(int, counts)) == 122


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6])
def test_classes_that_leave_nothing_to_draw(nn, share):
    """All rows but one of each class are tested on, where as many are asked for."""
    file = write("x,y\n" + "".join(f"{k},{max(k, 1)}.5\n" for k in range(10)))
    arguments = ["--target", "y", "--task", "classification", "--epochs", 1, "--validation", 0]
    code, out, err = nn("train", file, *arguments, "--test-size", share)
    assert code == 0
    assert "split: 9 rows to train on, 1 to test on\n" in out
    assert "note: too few rows to share out each class evenly" in err


def test_nothing_held_out(nn):
    """Four rows are for training, all of them."""
    code, out, _ = nn("train", "xor", "--test-size", 0, "--validation", 0, "--epochs", 300, "--seed", 1)
    assert code == 0
    assert "split: 4 rows to train on, 0 to test on\n" in out
    assert re.search(r"^train: .*accuracy 1\.0000$", out, re.MULTILINE)
    assert "test:" not in out


def test_one_row_to_test_on_has_no_r2(nn):
    """A variance takes two rows."""
    code, out, _ = nn("train", write("x,y\n1,1.5\n2,2.5\n3,3.5\n"), "--target", "y", "--epochs", 1)
    assert code == 0
    assert re.search(r"^test: loss \S+, RMSE \S+$", out, re.MULTILINE)


def test_a_large_table_starts(nn):
    """100,000 rows of 5 columns are read, split and trained on; the interrupt in the first epoch says so."""
    rng = random.Random(0)
    rows = ([rng.random() for _ in range(5)] for _ in range(100_000))
    file = write("a,b,c,d,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))
    code, out, _ = nn(
        "train", file, "--target", "y", "--epochs", 1, "--batch-size", "all", "--hidden", 0, "--test-size", 0
    )
    assert code == 0
    assert "data: table.csv, 100,000 rows, 4 columns" in out


# ---- what is wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("", ["--target", "y"], "table.csv: expected a header and rows of data, got an empty file"),
        ("x,y\n1,a\n2,b\n", [], "expected the column to predict as the target, got none; the columns are 'x', 'y'"),
        ("x,y\n1,a\n", ["--target", "z"], "table.csv: expected a target among the columns, got 'z'"),
        ("x,y\n1,a\n2,a\n?x,b\n", ["--target", "y"], "column 'x', line 4: expected a number, as in 2 other rows"),
        ("x,y\n1,1.5\n", ["--target", "y"], "table.csv: expected two rows of data or more, got 1"),
        ("x,y\n1,1.5\n2,2.5\n", ["--target", "y"], "expected two rows to train on or more, beside those to test on, got 1 of 2"),
        ("x,y\n1,1.5\n2,1.5\n", ["--target", "y"], "column 'y': expected a target that varies, got 1.5 in every row"),
    ],
)  # fmt: skip
def test_bad_tables(nn, text, arguments, message):
    """Bad input is answered by one line, and no model is saved."""
    code, _, err = nn("train", write(text), *arguments)
    assert code == 2
    last = err.splitlines()[-1]
    assert last.startswith("error: ")
    assert message in last
    assert not Path("model.safetensors").exists()


def test_a_learning_rate_that_diverges(nn):
    """It fails at the step, and names the node and a rate to try."""
    code, _, err = nn("train", write(line_table()), "--target", "y", "--optimizer", "sgd", "--learning-rate", "1e200")
    assert code == 1
    assert re.search(r"^error: train: expected .* at step \d+ \(epoch \d+\).*: try 1e\+199$", err, re.MULTILINE)
    assert not Path("model.safetensors").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.csv", "--target", "y"], "error: none.csv: No such file or directory"),
        (["."], "error: .: Is a directory"),
        (["irs"], "error: irs: expected a file, or a data set of xor, moons, circles, spirals, iris, digits, wine, "
         "diabetes, got 'irs'; did you mean 'iris'?"),
        (["iris", "--target", "y"], "error: iris: expected a target among the columns, got 'y'"),
        (["--epochs", "0"], "error: argument --epochs: expected a whole number of 1 or more, got '0'"),
        (["--hidden", "8,x"], "error: argument --hidden: expected whole numbers of 1 or more, such as 16,8, or 0, got '8,x'"),
        (["--batch-size", "1.5"], "error: argument --batch-size: expected a whole number of 1 or more, got '1.5'"),
        (["--learning-rate", "nan"], "error: argument --learning-rate: expected a finite number above 0, got 'nan'"),
        (["--l2", "-1"], "error: argument --l2: expected a finite number of 0 or more, got '-1'"),
        (["--test-size", "1"], "error: argument --test-size: expected 0, or a number between 0 and 1, got '1'"),
        (["--seed", "-1"], "error: argument --seed: expected a whole number from 0 to 2**32 - 1, got '-1'"),
        (["--activation", "tahn"], "got 'tahn'; did you mean 'tanh'?"),
        (["--optimizer", "adma"], "error: argument --optimizer: expected one of sgd, adam, got 'adma'; did you mean 'adam'?"),
        (["--loss", "hubr"], "got 'hubr'; did you mean 'huber'?"),
        (["--task", "regresion"], "got 'regresion'; did you mean 'regression'?"),
        (["iris", "moons"], "error: unrecognized arguments: moons"),
        (["-o", "none/model"], "error: none/model: expected a directory to save in, got no 'none'"),
        (["-o", "."], "error: .: expected a file to save to, got a directory"),
        (["-o", "/dev/null"], "error: /dev/null: expected a file to save to, got a device"),
        (["-o", "-"], "error: --output -: expected a file to save to, got stdout, which only `predict` writes to"),
        (["-o", "x" * 300], ": expected a place to save to: File name too long"),
    ],
)  # fmt: skip
def test_bad_options(nn, tmp_path, arguments, message):
    """An option that makes no sense is refused before any work."""
    code, out, err = nn("train", *arguments)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_loss_of_another_task(nn):
    """Losses of numbers are not for classes."""
    code, _, err = nn("train", "moons", "--loss", "huber")
    assert code == 2
    assert "error: MLPClassifier: expected a loss of softmax_cross_entropy, got 'huber'" in err


def test_losses_of_numbers(nn):
    """The loss that is made small is the one that is told."""
    code, out, _ = nn("train", "diabetes", "--loss", "mean_absolute_error", "--epochs", 3, "--json")
    assert code == 0
    model = TableModel.load("model.safetensors")
    assert model.network.loss == "mean_absolute_error"
    table = DATASETS["diabetes"]()
    errors = [abs(y - p) for y, p in zip(table.targets, model.predict(table), strict=True)]
    assert model.scores(table)["loss"] == pytest.approx(sum(errors) / len(errors) / model.target_scale, rel=1e-12)
    assert json.loads(out)["test"]["loss"] > 0


def test_missing_packages(nn, monkeypatch):
    """Without the extra packages it says how to get them."""
    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    code, _, err = nn("train", "moons")
    assert code == 1
    assert err.endswith('is not installed; pip install "chainrule[train]"\n')


# ---- interrupts and pipes ------------------------------------------------------------------------------


#: The command line, which says on stderr when 20 epochs are over.
TELLING = """
import sys
from nn import cli
from nn.tables import TableModel

def fit(*arguments, original=TableModel.fit, **options):
    def tell(history):
        if history.epochs == 20:
            print("20 epochs", file=sys.stderr, flush=True)
    return original(*arguments, callbacks=[tell], **options)

TableModel.fit = fit
sys.exit(cli.main(sys.argv[1:]))
"""


def test_interrupt_keeps_the_best_model(tmp_path):
    """Ctrl-C, as a real signal from outside, ends with a model that predicts, a line that says so, and the code 130."""
    path = tmp_path / "m"
    arguments = ["train", "moons", "--epochs", "1000000", "--patience", "1000000", "-o", path]
    run = subprocess.Popen(
        [sys.executable, "-c", TELLING, *arguments], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert run.stderr.readline() == "20 epochs\n"
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    said = re.fullmatch(rf"\ninterrupted: saved the best model so far, that of epoch (\d+) of (\d+): {path}\n", err)
    best, epochs = map(int, said.groups())
    model = TableModel.load(path)
    assert (model.history.best_epoch, model.history.epochs, model.history.stopped) == (best, epochs, "")
    assert epochs >= 20
    assert model.score(DATASETS["moons"]()) > 0.8


def test_interrupt_before_the_first_epoch(nn, monkeypatch, tmp_path):
    """There is nothing to keep, and nothing is saved."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["nn.train"], "_batches", interrupted)
    code, _, err = nn("train", "moons")
    assert (code, err) == (130, "\ninterrupted: nothing was saved\n")
    assert list(tmp_path.iterdir()) == []


def test_interrupt_after_training(nn, monkeypatch):
    """What was trained is saved, whatever was left to do."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(TableModel, "scores", interrupted)
    code, _, err = nn("train", "moons", "--epochs", 1)
    assert (code, err) == (130, "\ninterrupted: saved the trained model: model.safetensors\n")
    assert TableModel.load("model.safetensors").history.epochs == 1


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "No space left on device")])
def test_a_trained_model_is_kept_whatever_follows(nn, monkeypatch, error):
    """Printing may fail, and the model is there."""
    say = cli._Report.say

    def fail(report, text, **facts):
        if text.startswith("network"):
            raise error
        say(report, text, **facts)

    monkeypatch.setattr(cli._Report, "say", fail)
    code, _, err = nn("train", "moons", "--epochs", 1, "--quiet")
    assert (code, err) == (1, "error: [Errno 28] No space left on device\n" if error.errno else "")
    assert TableModel.load("model.safetensors").history.epochs == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")
def test_a_full_disk(tmp_path):
    """One line, and the model is saved."""
    command = [sys.executable, "-m", "nn", "train", "moons", "--epochs", "1", "--quiet"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command,
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
        )
    assert (done.returncode, done.stderr) == (1, "error: [Errno 28] No space left on device\n")
    assert TableModel.load(tmp_path / "model.safetensors").history.epochs == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["datasets"], 1),
        (["train", "moons", "--epochs", "1", "--quiet"], 1),
        (["train", "--help"], 0),  # argparse prints, and does not look whether it could
    ],
)
def test_a_closed_pipe(tmp_path, arguments, code):
    """Whoever reads stdout may stop reading: no traceback, and no complaint at the exit."""
    with program(*arguments, cwd=tmp_path) as run:
        run.stdout.close()
        assert (run.stderr.read(), run.wait(timeout=60)) == ("", code)
    assert (tmp_path / "model.safetensors").exists() == ("--quiet" in arguments)  # what was asked for is done


def test_as_a_program(tmp_path):
    """``python -m nn`` runs it, and without a command says what there is."""
    run = program("train", "none.csv", "--target", "y", cwd=tmp_path)
    assert run.communicate() == ("", "error: none.csv: No such file or directory\n")
    assert run.returncode == 2
    run = program(cwd=tmp_path)
    assert "error: the following arguments are required: COMMAND" in run.communicate()[1]
    assert run.returncode == 2


@pytest.mark.parametrize("command", ["", "train", "predict", "summary", "plot", "graph", "datasets"])
def test_every_help_begins_with_an_example(nn, command):
    """One that the parser takes."""
    code, out, _ = nn(*command.split(), "--help")
    assert code == 0
    assert out.startswith("example:\n  python -m nn ")
    example = out.splitlines()[1].split()[3:]
    assert cli._parser().parse_args(example).run
    assert command in [*example, ""]


# ---- predict, summary, datasets -------------------------------------------------------------------------


@pytest.fixture
def moons(nn):
    """Return a model of the moons."""
    nn("train", "moons", "-o", "moons.safetensors")
    return "moons.safetensors"


def test_predict(nn):
    """A CSV of the target's column; the columns of the file in any order, from a file, stdin or a data set."""
    nn("train", write(homes_table()), "--target", "price", "--ignore", "id", "--epochs", 5)
    write("town,area\nRome,50\nOslo,70.5\n", "new.csv")
    code, out, err = nn("predict", "model.safetensors", "new.csv")
    assert (code, err) == (0, "")
    found = [float(y) for y in out.split()[1:]]
    assert out.startswith("price\n")
    assert found == TableModel.load("model.safetensors").predict([[50.0, "Rome"], [70.5, "Oslo"]])
    assert nn("predict", "model.safetensors", "new.csv", "-o", "answers.csv")[1] == ""
    assert Path("answers.csv").read_text() == out
    assert json.loads(nn("predict", "model.safetensors", "new.csv", "--json")[1]) == {
        "target": "price",
        "predictions": found,
    }
    code, _, err = nn("predict", "model.safetensors", "table.csv")
    assert (code, err) == (0, "note: the target 'price' is among the columns of table.csv; it is not used\n")


def test_links_stay(nn, moons):
    """What is saved to a link is where it leads, whether that was there or not."""
    Path("there").mkdir()
    for name in ("old", "new"):
        Path(name).symlink_to(Path("there", name))
    Path("there/old").write_text("?")
    for name in ("old", "new"):
        assert nn("train", "moons", "--epochs", 1, "-o", name)[0] == 0
        assert Path(name).is_symlink()
        assert TableModel.load(Path("there", name)).history.epochs == 1
    assert [path.name for path in Path("there").iterdir()] in (["old", "new"], ["new", "old"])
    Path("lost").symlink_to("none/model")
    code, _, err = nn("train", "moons", "-o", "lost")
    assert (code, "error: lost: expected a directory to save in, got no " in err) == (2, True)


def test_a_dash_is_stdout(nn, moons):
    """For what predict says; the others save to files alone, and no device is one."""
    file = write("x1,x2\n0,1\n1,-0.5\n")
    assert nn("predict", moons, file, "-o", "-") == nn("predict", moons, file) == (0, "curve\nupper\nlower\n", "")
    for command in ("plot", "graph"):
        code, out, err = nn(command, moons, "-o", "-")
        assert (code, out) == (2, "")
        assert "error: --output -: expected a file to save to, got stdout" in err
    for path in ("/dev/null", "/dev/full"):
        assert "expected a file to save to, got a device" in nn("predict", moons, file, "-o", path)[2]
    assert not Path("-").exists()


def test_json_of_saved_predictions(nn, moons):
    """What is saved is said on stdout, as by the other commands, and is JSON too."""
    code, out, _ = nn("predict", moons, "moons", "--json", "-o", "p.json")
    assert (code, json.loads(out)) == (0, {"rows": 200, "saved": "p.json"})
    assert len(json.loads(Path("p.json").read_text())["predictions"]) == 200


@pytest.mark.parametrize("name", ["w\x1b[2J", "v\x9b2J", "\x07"])
def test_no_name_commands_the_terminal(nn, name):
    """Names of columns, classes, files and options are shown with escapes; what is piped is as it is."""
    text = circle_table().replace("side", name).replace(",in\n", f",{name}\n")
    shown = name.encode("unicode_escape").decode()
    said = nn("train", write(text, f"{name}.csv"), "--target", "where", "--epochs", 1, "--ignore", "up")
    assert said[0] == 0
    said += nn("summary", "model.safetensors") + nn("summary", "model.safetensors", "--json")
    said += nn("train", f"none{name}.csv") + nn("train", f"--{name}")
    said += nn("predict", "model.safetensors", f"{name}.csv", "-o", "p.csv")
    assert all(c.isprintable() or c == "\n" for part in said if isinstance(part, str) for c in part)
    assert f"  {shown}\n" in said[4]
    assert list(json.loads(said[7])["columns"]) == [name]
    out = nn("predict", "model.safetensors", f"{name}.csv")[1]
    assert out == Path("p.csv").read_text(encoding="utf-8")
    assert set(out.split("\n")) <= {"where", "out", name, ""}


def test_predictions_on_a_terminal_are_escaped(nn, monkeypatch):
    """There they are looked at; elsewhere they are data."""
    nn("train", write(circle_table().replace(",in\n", ",i\x1bn\n")), "--target", "where", "--epochs", 50)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "i\\x1bn\n" in nn("predict", "model.safetensors", "table.csv")[1]


@pytest.mark.parametrize(
    ("redirection", "arguments", "code", "message"),
    [
        (">&-", "datasets", 1, "error: expected a stdout to print to, got a closed one; > /dev/null prints nothing\n"),
        ("2>&-", "datasets --json", 0, ""),
        ("2>&-", "train none.csv", 2, ""),
        ("<&-", "train -", 2, "error: -: expected a table on stdin, got none: it is closed\n"),
    ],
)
def test_closed_streams(redirection, arguments, code, message):
    """They are no traceback, and what belongs to stderr is not on stdout."""
    command = f'"{sys.executable}" -m nn {arguments} {redirection}'
    done = subprocess.run(command, check=False, shell=True, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (code, message)
    if "--json" in arguments:
        assert list(json.loads(done.stdout)) == list(DATASETS)
    else:
        assert done.stdout == ""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_narrow_encodings(tmp_path, encoding):
    """What an encoding lacks is escaped on stdout; a file is UTF-8 always."""
    (tmp_path / "t.csv").write_text("größe,ж\n" + "".join(f"{k},日{k % 2}\n" for k in range(20)), encoding="utf-8")
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}

    def run(*arguments):
        command = [sys.executable, "-m", "nn", *arguments]
        return subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment, check=True)

    assert rb"target: \u0436, classification" in run("train", "t.csv", "--target", "ж", "--epochs", "1").stdout
    assert rb"\u65e5" in run("predict", "model.safetensors", "t.csv").stdout
    run("predict", "model.safetensors", "t.csv", "-o", "p.csv")
    assert (tmp_path / "p.csv").read_text(encoding="utf-8").startswith("ж\n日")


def test_quiet_is_quiet(nn):
    """Many classes are no news, and nothing of scikit-learn is heard."""
    file = write("x,y\n" + "".join(f"{k},c{k % 30}\n" for k in range(60)))
    assert nn("train", file, "--target", "y", "--epochs", 1, "--quiet", "--validation", 0)[::2] == (0, "")


def test_predictions_that_overflow(nn):
    """No number is Infinity, which JSON does not have: the row is named."""
    nn("train", write("x,y\n" + "".join(f"{k},{k}.5\n" for k in range(20))), "--target", "y", "--epochs", 1)
    found = read("model.safetensors")
    found.preprocessing["target"] |= {"mean": 1e308, "scale": 1e308}
    found.model.layers[-1].neurons[0].b.data = 5.0
    save(found.model, "model.safetensors", preprocessing=found.preprocessing, history=found.history)
    for more in ([], ["--json"]):
        code, out, err = nn("predict", "model.safetensors", "table.csv", *more)
        assert (code, out) == (2, "")
        assert "error: table.csv: line 2: expected a finite prediction, got inf" in err


def test_predict_from_stdin(nn, moons, tmp_path):
    """A dash is stdin."""
    run = program("predict", moons, "-", cwd=tmp_path, stdin=subprocess.PIPE)
    assert run.communicate("x1,x2\n0,1\n1,-0.5\n") == ("curve\nupper\nlower\n", "")


def test_predict_probabilities(nn, moons):
    """A column for each class; they are those of the model, to the last bit."""
    code, out, _ = nn("predict", moons, "moons", "--proba")
    rows = list(csv.reader(out.splitlines()))
    assert (code, rows[0]) == (0, ["curve", "p(upper)", "p(lower)"])
    model = TableModel.load(moons)
    table = DATASETS["moons"]()
    assert [[float(p) for p in row[1:]] for row in rows[1:]] == model.predict_proba(table)
    assert [row[0] for row in rows[1:]] == model.predict(table)
    facts = json.loads(nn("predict", moons, "moons", "--proba", "--json")[1])
    assert facts["probabilities"] == model.predict_proba(table)
    assert facts["classes"] == ["upper", "lower"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "x1,x2,x3\n1,2,3\n",
            "new.csv: expected the columns 'x1', 'x2', got 'x3' too: leave out what was not learnt from",
        ),
        ("x1\n1\n", "new.csv: expected the columns 'x1', 'x2', got no 'x2'"),
        ("x1,x2\n1,2\n1,\n", "new.csv: column 'x2', line 3: expected a finite number, got an empty cell"),
        ("x1,x2\n", "new.csv: expected rows of data below the header, got none"),
    ],
)
def test_predict_refuses(nn, moons, text, message):
    """What does not fit the model is named, with its file."""
    assert nn("predict", moons, write(text, "new.csv")) == (2, "", f"error: {message}\n")


@pytest.mark.parametrize(
    "command", [["predict", "x", "iris"], ["summary", "x"], ["plot", "x", "-o", "p.png"], ["graph", "x", "-o", "p.dot"]]
)
def test_a_file_that_is_no_model(nn, command):
    """Every command says that it is none."""
    Path("x").write_text("no model")
    code, out, err = nn(*command)
    assert (code, out) == (2, "")
    assert err.startswith("error: x: expected a safetensors file: ")


def test_summary(nn, moons):
    """What it predicts, from what, and how it was trained; of a bare network its layers."""
    code, out, _ = nn("summary", moons)
    assert code == 0
    assert out.startswith("target: curve, classification: upper, lower\ncolumns: 2\n  x1\n  x2\ntraining: ")
    assert out.endswith(f"{TableModel.load(moons).network.summary()}\n")
    facts = json.loads(nn("summary", moons, "--json")[1])
    assert facts["columns"] == {"x1": None, "x2": None}
    assert facts["parameters"] == len(read(moons).model.parameters())
    save(MLP(2, [1], rng=0), "bare")
    assert nn("summary", "bare")[1] == f"{MLP(2, [1], rng=0).summary()}\n"


def test_datasets(nn):
    """Every data set has a line."""
    code, out, _ = nn("datasets")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(DATASETS)
    assert json.loads(nn("datasets", "--json")[1])["iris"] == {
        "rows": 150, "columns": 4, "target": "species", "task": "classification",
    }  # fmt: skip


# ---- pictures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--kind", "weights"],
        ["--kind", "weights", "moons"],
        ["--kind", "gradients", "moons"],
        ["--kind", "boundary", "moons"],
        ["--kind", "confusion", "moons"],
    ],
)
def test_plot(nn, moons, arguments):
    """Every kind makes a picture."""
    assert nn("plot", moons, *arguments, "-o", "p.png")[:2] == (0, "saved: p.png\n")
    assert Path("p.png").read_bytes().startswith(b"\x89PNG")


def test_plot_of_a_line(nn):
    """One number from one: the curve of the model."""
    nn("train", write("x,y\n" + "".join(f"{k},{k * k}.5\n" for k in range(30))), "--target", "y", "--epochs", 3)
    assert nn("plot", "model.safetensors", "table.csv", "--kind", "fit", "-o", "p.svg")[0] == 0
    assert ET.parse("p.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kind", "boundary", "-o", "p.png"], "--kind boundary: expected a FILE with rows to draw, got none"),
        (
            ["moons", "--kind", "fit", "-o", "p.png"],
            "--kind fit: expected a model that predicts a number, got a classification",
        ),
        (["--kind", "los", "-o", "p.png"], "got 'los'; did you mean 'loss'?"),
        (["-o", "p.xyz"], "Format 'xyz' is not supported"),
        (["-o", "none/p.png"], "none/p.png: expected a directory to save in, got no 'none'"),
    ],
)
def test_bad_plots(nn, moons, arguments, message):
    """What cannot be drawn is refused."""
    code, out, err = nn("plot", moons, *arguments)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]


def test_graph_of_a_network(nn, moons):
    """An edge for each weight, dashed where it is negative; the text needs no Graphviz."""
    assert nn("graph", moons, "-o", "net.dot")[:2] == (0, "saved: net.dot\n")
    text = Path("net.dot").read_text()
    weights = [w.data for layer in read(moons).model.layers for neuron in layer.neurons for w in neuron.w]
    assert text.count("style=solid") == sum(w >= 0 for w in weights)
    assert text.count("style=dashed") == sum(w < 0 for w in weights)
    assert all(name in text for name in ("x1", "x2", "upper", "lower"))


def test_graph_of_a_loss(nn, moons):
    """Folded if it is large; which row is an option."""
    assert nn("graph", moons, "moons", "-o", "row.dot")[0] == 0
    first = Path("row.dot").read_text()
    assert nn("graph", moons, "moons", "--row", 2, "-o", "row.dot")[0] == 0
    assert Path("row.dot").read_text() != first
    assert all(f"<b>{name}</b>" in first for name in ("x1", "x2", "layers[0].neurons[0]"))
    code, _, err = nn("graph", moons, "moons", "--row", 201, "-o", "row.dot")
    assert (code, err) == (2, "error: --row: expected one of the 200 rows of moons, got 201\n")


def test_no_graphviz(nn, moons, monkeypatch):
    """An error that lists the cures, before the work."""
    monkeypatch.setattr(shutil, "which", lambda *_: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    code, out, err = nn("graph", moons, "-o", "net.svg")
    assert (code, out) == (1, "")
    assert err == (
        "error: net.svg: expected Graphviz to draw with, found neither dot nor pygraphviz: apt-get install graphviz, "
        'brew install graphviz, or pip install "chainrule[dot]"; '
        "or take its text, .source or a file that ends in .dot, which needs neither\n"
    )
    assert nn("graph", moons, "-o", "net.gif")[0] == 2


def test_graphviz_is_run(nn, moons, monkeypatch):
    """It is given the text, what it draws is saved, and what it complains of is said."""

    def stray_dot(script):
        Path("dot").write_text(f"#!/bin/sh\n{script}\n")
        Path("dot").chmod(0o755)

    monkeypatch.setenv("PATH", str(Path.cwd()))
    stray_dot("exec /bin/cat")
    assert nn("graph", moons, "-o", "net.pdf")[0] == 0
    nn("graph", moons, "-o", "net.dot")
    assert Path("net.pdf").read_text() == Path("net.dot").read_text()
    stray_dot("echo no ink >&2; exit 1")
    assert nn("graph", moons, "-o", "net.svg")[::2] == (
        1, f"error: net.svg: Graphviz failed: no ink ({Path.cwd()}/dot)\n",
    )  # fmt: skip
    stray_dot("exec /bin/sleep 600")
    monkeypatch.setattr(picture, "TIMEOUT", 0.2)
    code, _, err = nn("graph", moons, "-o", "net.svg")
    assert code == 1
    assert "edges within 0.2 s, and it did not" in err


@settings(max_examples=5, phases=[Phase.generate])  # shrinking would draw for minutes
@given(names=st.lists(st.text(st.characters(codec=None), min_size=1, max_size=8), min_size=10, max_size=30))
def test_labels_show_just_what_they_are(names):
    """Whatever columns are called, that is what a reader sees, and an escape where there is nothing to see."""
    model = MLP(len(names), [1], rng=0)
    shown = [
        text.text.replace("\xa0", " ")
        for text in ET.fromstring(picture.network(model, names, ["y"]).svg).iter()
        if text.tag.endswith("}text")
    ]
    expected = [*names, "y", "linear", "b = 0"]
    assert sorted(shown) == sorted(layout.shown(name).replace("\xa0", " ") for name in expected)


def test_what_is_not_finite_is_dotted():
    """And the others keep their widths; names are as many as inputs and outputs, and as long as they like."""
    model = MLP(2, [2], rng=0)
    model.layers[0].neurons[0].w[0].data, model.layers[0].neurons[0].w[1].data = math.nan, -math.inf
    drawn = picture.network(model, ["a", 10**5 * "&"], ["y", "z"])
    widths = re.findall(r"style=(\w+) penwidth=([\d.]+) ", drawn.source)
    assert widths[:2] == [("dotted", "4.00")] * 2
    assert sorted(width for _, width in widths[2:])[1] == "4.00"
    assert drawn.svg.startswith("<svg")
    with pytest.raises(ValueError, match=r"^network: expected names of 2 inputs, got 1$"):
        picture.network(model, ["a"], ["y", "z"])
    with pytest.raises(ValueError, match=r"^network: expected names of 2 outputs, got 3$"):
        picture.network(model, ["a", "b"], ["x", "y", "z"])


def test_words_are_inputs_of_their_own(nn):
    """A category is an input with a name; markup in it is text."""
    assert 'x0 [label="<a>"]' in picture.network(MLP(1, [1], rng=0), ["<a>"], ["y"]).source  # rather than markup
    rows = [["<b>&\\N", 0.0], ["b", 1.0]] * 2
    model = TableModel.fit(Table(rows, [0, 1, 0, 1], ["w", "x"], "y", ["u", "v"]), epochs=1, hidden=[1], random_state=0)
    drawn = picture.network(model.network, model.input_names, ["u", "v"]).source
    assert r'label="w = <b>&amp;\\N"' in drawn
