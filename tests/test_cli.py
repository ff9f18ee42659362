"""The command line: runs on real tables, and an answer to every bad input."""

import math
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nn import cli, load

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def run(tmp_path, capsys):
    """Return a function that runs the command, and returns its exit code, stdout and stderr."""

    def run(*arguments, output="model.safetensors"):
        try:
            code = cli.main(["train", *map(str, arguments), "--output", str(tmp_path / output)])
        except SystemExit as stop:  # argparse's way to refuse
            code = stop.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def table(tmp_path):
    """Return a function that writes a CSV file and returns its path."""

    def write(text):
        path = tmp_path / "table.csv"
        path.write_text(text)
        return path

    return write


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


def test_iris(run, tmp_path):
    """Without a file it learns Iris, and tells the species of unseen flowers apart."""
    code, out, err = run()
    assert code == 0
    assert out.splitlines()[:4] == [
        "data: Iris, 150 rows, 4 columns",
        "target: species, classification, 3 classes",
        "split: 120 rows to train on, 30 to test on",
        "network: 4 -> 8 -> 3, 67 parameters",
    ]
    accuracy = dict(re.findall(r"^(\w+): loss [\d.]+, accuracy ([\d.]+)$", out, re.MULTILINE))
    assert float(accuracy["test"]) >= 0.93
    assert float(accuracy["train"]) >= 0.93
    assert out.splitlines()[-1] == f"saved: {tmp_path / 'model.safetensors'}"
    assert "training: 100%" in err
    assert re.search(r"100/100 .*loss=0\.\d{4}", err)


def test_saved_model_answers_as_the_trained_one(run, tmp_path):
    """A loaded model and its preprocessing tell a setosa when they see one."""
    run("--epochs", 5)
    model, preprocessing = load(tmp_path / "model.safetensors")
    assert preprocessing["class_names"] == ["setosa", "versicolor", "virginica"]
    assert preprocessing["feature_names"][0] == "sepal length (cm)"
    scaling = preprocessing["features"]
    flower = [5.0, 3.4, 1.5, 0.2]
    x = [(v - m) / s for v, m, s in zip(flower, scaling["mean"], scaling["scale"], strict=True)]
    logits = model(x)
    assert max(range(3), key=logits.__getitem__) == 0


def test_classification_of_a_file(run, table):
    """A column of words is told apart."""
    code, out, _ = run(table(circle_table()), "--target", "where", "--learning-rate", 0.5, "--epochs", 40)
    assert code == 0
    assert "target: where, classification, 2 classes" in out
    assert float(re.search(r"^test: .*accuracy ([\d.]+)", out, re.MULTILINE)[1]) >= 0.8


def test_regression_of_a_file(run, table, tmp_path):
    """A column of numbers is predicted; the error is in its own units."""
    code, out, _ = run(table(line_table()), "--target", "y", "--hidden", "--epochs", 30)
    assert code == 0
    assert "target: y, regression" in out
    rmse, r2 = map(float, re.search(r"^test: .*RMSE (\S+), R\^2 (\S+)$", out, re.MULTILINE).groups())
    assert rmse < 0.1
    assert r2 > 0.9999
    model, preprocessing = load(tmp_path / "model.safetensors")
    assert repr(model) == "MLP of [Layer of [LinearNeuron(2)]]"
    assert set(preprocessing["target"]) == {"mean", "scale"}


def test_scaling_sees_the_training_rows_alone(run, table, tmp_path):
    """Rows to test on have no part in mean and deviation."""
    rows = [(float(x), x % 2) for x in range(10)]
    path = table("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows))
    _, out, _ = run(path, "--target", "y", "--epochs", 1, "--test-size", 0.5)
    assert "split: 5 rows to train on, 5 to test on" in out
    mean = load(tmp_path / "model.safetensors")[1]["features"]["mean"][0]
    assert mean != sum(x for x, _ in rows) / 10
    assert mean * 5 == pytest.approx(round(mean * 5), abs=1e-12)


def test_a_run_repeats_with_its_seed(run):
    """The same seed gives the same output; another gives another."""
    first, again, other = (run("--epochs", 1, "--seed", seed)[1] for seed in (3, 3, 4))
    assert first == again != other


def test_a_class_with_one_row_is_not_shared_out(run, table):
    """Where a class has one row, the split says so and is at random."""
    path = table("x,y\n" + "".join(f"{x},{'a' if x else 'b'}\n" for x in range(10)))
    code, out, _ = run(path, "--target", "y", "--epochs", 1)
    assert code == 0
    assert "note: too few rows of a class to share them out evenly; splitting at random" in out


def test_one_row_to_test_on_has_no_r2(run, table):
    """A variance takes two rows."""
    code, out, _ = run(table("x,y\n1,1.5\n2,2.5\n3,3.5\n"), "--target", "y", "--epochs", 1)
    assert code == 0
    assert re.search(r"^test: loss \S+, RMSE \S+$", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("", ["--target", "y"], "expected a header and rows of data, got an empty file"),
        ("x,y\n1,a\n", [], "expected the column to predict as the target, got none; the columns are 'x', 'y'"),
        ("x,y\n1,a\n", ["--target", "z"], "expected a target among the columns, got 'z'"),
        ("x,y\n1,a\n?,b\n", ["--target", "y"], "column 'x', line 3: expected a finite number, got '?'"),
        ("x,y\n1,1.5\n", ["--target", "y"], "expected rows to train on beside those to test on, got 1 in all"),
        ("x,y\n1,1.5\n2,2.5\n", ["--target", "y", "--test-size", "0.9"], "got 2 in all"),
        (line_table(), ["--target", "y", "--learning-rate", "1e9"], "try a learning rate smaller than 1000000000.0"),
        (line_table(), ["--target", "y", "--learning-rate", "1e300", "--epochs", "1", "--batch-size", "99"],
         "expected a finite loss on the train rows, got "),
    ],
)  # fmt: skip
def test_bad_tables(run, table, tmp_path, text, arguments, message):
    """Bad input is answered by one line, and no model is saved."""
    code, _, err = run(table(text), *arguments)
    assert code == 2
    last = err.splitlines()[-1]
    assert last.startswith("error: ")
    assert message in last
    assert not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.csv", "--target", "y"], "error: none.csv: No such file or directory"),
        (["--target", "y"], "error: --target: expected a FILE to find the column in, got none"),
        (["--epochs", "0"], "error: argument --epochs: expected a whole number of 1 or more, got '0'"),
        (["--hidden", "8", "x"], "error: argument --hidden: expected a whole number of 1 or more, got 'x'"),
        (["--batch-size", "1.5"], "error: argument --batch-size: expected a whole number of 1 or more, got '1.5'"),
        (["--learning-rate", "nan"], "error: argument --learning-rate: expected a finite number above 0, got 'nan'"),
        (["--test-size", "1"], "error: argument --test-size: expected a number between 0 and 1, got '1'"),
        (["--seed", "-1"], "error: argument --seed: expected a whole number from 0 to 2**32 - 1, got '-1'"),
        (["--activation", "x"], "error: argument --activation: invalid choice: 'x'"),
    ],
)
def test_bad_options(run, arguments, message):
    """An option that makes no sense is refused before any work."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("output", "message"),
    [("none/model", "expected a directory to save in, got no "), ("", "expected a file to save to, got a directory")],
)
def test_bad_output(run, output, message):
    """A place that cannot be saved to is refused before any work."""
    code, out, err = run(output=output)
    assert (code, out) == (2, "")
    assert message in err


def test_interrupt(run, monkeypatch, tmp_path):
    """Ctrl-C ends the run with a line and the customary code, and saves nothing."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "train", interrupted)
    code, _, err = run()
    assert code == 130
    assert err.endswith("\ninterrupted: no model was saved\n")
    assert list(tmp_path.iterdir()) == []


def test_missing_packages(run, monkeypatch):
    """Without the extra packages it says how to get them."""
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    code, _, err = run()
    assert code == 2
    assert err == 'error: sklearn.datasets is not installed; pip install "chainrule[train]"\n'


def test_as_a_program():
    """``python -m nn`` runs it, and without a command says what there is."""

    def program(*arguments):
        command = [sys.executable, "-m", "nn", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    done = program("train", "none.csv", "--target", "y")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: none.csv: No such file or directory\n"
    done = program()
    assert done.returncode == 2
    assert "error: the following arguments are required: COMMAND" in done.stderr
