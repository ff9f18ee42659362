"""The command line: train a network on a table, predict, look at it.

Results go to stdout, progress and notes to stderr. Tables, splits, scaling and metrics are those of pandas and
scikit-learn; what learns is ours.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from autograd import Drawing, PictureError, Value, draw
from nn import files, picture
from nn._words import known
from nn._writing import write_whole
from nn.activations import ACTIVATIONS
from nn.data import TASKS, Cells, DataError, Table, learnable, read_cells, read_table
from nn.datasets import DATASETS
from nn.losses import LOSSES
from nn.optim import OPTIMIZERS
from nn.schedules import SCHEDULES
from nn.tables import InterruptedFit, TableModel

if TYPE_CHECKING:
    import pandas as pd

OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

#: The options that are the estimator's, which has their defaults.
_LEARNING = (
    "hidden", "activation", "loss", "optimizer", "learning_rate", "schedule", "l2", "epochs", "batch_size",
    "validation", "patience",
)  # fmt: skip

KINDS = ("loss", "boundary", "fit", "weights", "gradients", "confusion")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``python -m nn``; None takes it from `sys.argv`.

    Returns
    -------
    int
        0; 1 after a run that failed; 2 after a message about bad input; 130 after an interrupt.
    """
    if sys.stderr is None:  # closed, and print would take stdout
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (to the end of the process)
    if sys.stdout is None:
        return _fail(FAILED, "expected a stdout to print to, got a closed one; > /dev/null prints nothing")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what the encoding lacks
    try:
        code = _run(arguments)
    except BrokenPipeError:  # whoever read stdout has enough
        code = FAILED
    try:
        sys.stdout.flush()
    except OSError:  # Python would try once more at its exit, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or FAILED
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = _parser().parse_args(arguments)
        report = _Report(options.json, options.quiet)
        options.run(options, report)
        report.end()
        sys.stdout.flush()
    except SystemExit as stop:  # argparse has said why
        return int(stop.code or OK)
    except KeyboardInterrupt as stop:
        print(f"\ninterrupted: {_shown(str(stop)) or 'nothing was saved'}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except ModuleNotFoundError as missing:
        return _fail(FAILED, f'{missing.name} is not installed; pip install "chainrule[train]"')
    except ValueError as error:  # of a table, a model file, an option
        return _fail(BAD_INPUT, str(error))
    except (ArithmeticError, OSError, PictureError) as error:
        return _fail(FAILED, str(error))
    return OK


def _fail(code: int, message: str) -> int:
    print(f"error: {_shown(message)}", file=sys.stderr)
    return code


def _shown(text: str) -> str:
    """Return a text as a terminal may have it: what is not printable, such as its own commands, as an escape."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def _json(facts: dict[str, Any]) -> str:
    """Return facts as one line of JSON, which a terminal may have too."""
    text = json.dumps(facts, ensure_ascii=False, allow_nan=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


class _Report:
    """What a command has to say: lines of results, or with --json all of them as one object at the end."""

    def __init__(self, as_json: bool, quiet: bool) -> None:
        self.as_json, self.quiet = as_json, quiet
        self.facts: dict[str, Any] = {}
        self.unheard: OSError | None = None

    def say(self, text: str, **facts: Any) -> None:
        """Give a line of results, and the facts in it by name. If that fails, it is for the end: work goes on."""
        self.facts |= facts
        if self.as_json or self.unheard:
            return
        try:
            print(_shown(text))
        except OSError as error:
            self.unheard = error

    def note(self, text: str) -> None:
        if not self.quiet:
            print(f"note: {_shown(text)}", file=sys.stderr)

    def end(self) -> None:
        if self.unheard:
            raise self.unheard
        if self.as_json:
            print(_json(self.facts))


# ---- options ---------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """A parser whose help begins with an example."""

    example = ""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Return what was understood, a FILE behind the options too, which argparse does not look for there."""
        found, rest = super().parse_known_args(args, namespace)
        if len(rest) == 1 and getattr(found, "file", "") is None and (rest[0] == "-" or not rest[0].startswith("-")):
            found.file = rest.pop()
        return found, rest

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the options, and end."""
        super().error(_shown(message))

    def format_help(self) -> str:
        """Return the help, an example first."""
        return f"example:\n  {self.example}\n\n{super().format_help()}"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m nn", description="Neural networks of scalars: train, predict, look.")
    parser.example = "python -m nn train flowers.csv --target species"
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(run: Callable[..., None], name: str, example: str, description: str) -> Callable[..., Any]:
        child = commands.add_parser(name, help=description, description=f"{description[0].upper()}{description[1:]}.")
        child.example = f"python -m nn {name} {example}".rstrip()
        child.set_defaults(run=run)
        child.add_argument("--json", action="store_true", help="print results as one JSON object")
        child.add_argument("--quiet", action="store_true", help="no progress and no notes on stderr")
        return child.add_argument

    model = {"metavar": "MODEL", "type": Path, "help": "a file that `train` saved"}
    sets = ", ".join(DATASETS)

    add = command(_train, "train", "flowers.csv --target species", "train a network on a table, and save it")
    add(
        "file",
        nargs="?",
        metavar="FILE",
        help=f"CSV or Parquet, - is stdin; or one of {sets} (default: iris)",
    )
    add("--target", metavar="COLUMN", help="the column of FILE to predict")
    add(
        "--task",
        type=_of("task", TASKS),
        metavar="TASK",
        help=f"{' or '.join(TASKS)} (default: what the target asks for)",
    )
    add(
        "--categorical",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column whose numbers are names; repeatable",
    )
    add("--ignore", action="append", default=[], metavar="COLUMN", help="a column to leave out; repeatable")
    add("--drop-missing", action="store_true", help="leave out rows with missing cells")
    add("--test-size", type=_share, default=0.2, metavar="F", help="part of the rows to test on (default: 0.2)")
    add("--seed", type=_seed, default=0, metavar="N", help="of split, weights and batches (default: 0)")
    add(
        "--output",
        "-o",
        type=Path,
        default=Path("model.safetensors"),
        metavar="FILE",
        help="where to save (default: %(default)s)",
    )
    for name, kind, metavar, text in (
        ("hidden", _sizes, "N,N", "sizes of hidden layers, such as 16,8; 0 is none"),
        ("activation", _of("activation", ACTIVATIONS), "NAME", f"of the hidden layers: {', '.join(ACTIVATIONS)}"),
        (
            "loss",
            _of("loss", LOSSES),
            "NAME",
            "what is made small: for numbers, half_squared_error or another; see nn.losses",
        ),
        ("optimizer", _of("optimizer", OPTIMIZERS), "NAME", " or ".join(OPTIMIZERS)),
        ("learning-rate", _positive, "ETA", "length of a step"),
        ("schedule", _of("schedule", SCHEDULES), "NAME", f"of the learning rate: {' or '.join(SCHEDULES)}"),
        ("l2", _not_negative, "STRENGTH", "of the penalty on large weights"),
        ("epochs", _count, "N", "passes through the rows"),
        ("batch-size", _batch, "N", "rows for each step, or all"),
        ("validation", _validation, "F", "part of the rows to train on that judges epochs instead; 0 is none"),
        ("patience", _count, "N", "stop after so many epochs without a better one, and take the best"),
    ):
        add(f"--{name}", type=kind, metavar=metavar, default=argparse.SUPPRESS, help=text)

    commands.choices["train"].epilog = "What is not given is as in nn.MLPClassifier and nn.MLPRegressor."

    add = command(_predict, "predict", "model.safetensors new.csv -o answers.csv", "predict the target of a table")
    add("model", **model)
    add("file", metavar="FILE", help=f"CSV or Parquet with the columns trained on, - is stdin; or one of {sets}")
    add("--proba", action="store_true", help="the probability of each class, too")
    add("--output", "-o", type=Path, metavar="FILE", help="where to save (default: -, stdout)")

    add = command(_summary, "summary", "model.safetensors", "say what a model is: columns, layers, training")
    add("model", **model)

    add = command(
        _plot, "plot", "model.safetensors --kind loss -o loss.png", "draw the training or the answers of a model"
    )
    add("model", **model)
    add("file", nargs="?", metavar="FILE", help="the rows to draw: all but loss and weights take some, with the target")
    add("--kind", type=_of("kind", KINDS), default="loss", metavar="KIND", help=f"{', '.join(KINDS)} (default: loss)")
    add("--columns", nargs=2, metavar="COLUMN", help="the two columns of a boundary, where there are more")
    add("--output", "-o", type=Path, required=True, metavar="FILE", help="where to save: .png, .svg, .pdf")

    add = command(_graph, "graph", "model.safetensors -o net.svg", "draw the network, or the loss of a row, as a graph")
    add("model", **model)
    add("file", nargs="?", metavar="FILE", help="rows with the target: draws how the loss of one is computed")
    add("--row", type=_count, default=1, metavar="N", help="which row of FILE (default: 1, the first)")
    add("--output", "-o", type=Path, required=True, metavar="FILE", help="where to save: .svg, .png, .pdf, .dot")

    command(_datasets, "datasets", "", "list the built-in data sets")
    return parser


def _option(convert: Callable[[str], Any], accepts: Callable[[Any], bool], expected: str) -> Callable[[str], Any]:
    """Return the conversion of an option that says what it expected."""

    def converted(text: str) -> Any:
        try:
            found = convert(text)
        except ValueError:
            found = None
        if found is None or not accepts(found):
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
        return found

    return converted


def _of(what: str, names: Sequence[str] | dict[str, Any]) -> Callable[[str], str]:
    """Return the conversion of an option that is one of some names, and says which is closest."""

    def converted(text: str) -> str:
        try:
            return known(what, "one", text, names)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix(f"{what}: ")) from None

    return converted


_count = _option(int, lambda n: n >= 1, "a whole number of 1 or more")
_seed = _option(int, lambda n: 0 <= n < 2**32, "a whole number from 0 to 2**32 - 1")
_positive = _option(float, lambda x: 0 < x < math.inf, "a finite number above 0")
_not_negative = _option(float, lambda x: 0 <= x < math.inf, "a finite number of 0 or more")
_share = _option(float, lambda x: 0 <= x < 1, "0, or a number between 0 and 1")
_sizes = _option(
    lambda text: [] if text == "0" else [*map(int, text.split(","))],
    lambda sizes: all(n >= 1 for n in sizes),
    "whole numbers of 1 or more, such as 16,8, or 0",
)


def _batch(text: str) -> int | None:
    return None if text == "all" else _count(text)


def _validation(text: str) -> float | None:
    return _share(text) or None


# ---- input and output --------------------------------------------------------------------------------------


def _check_output(path: Path) -> None:
    """Refuse a place that cannot be saved to before the work rather than after."""
    if str(path) == "-":
        raise DataError("--output -: expected a file to save to, got stdout, which only `predict` writes to")
    try:
        if path.is_dir():
            raise DataError(f"{path}: expected a file to save to, got a directory")
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: expected a file to save to, got a device")
        place = Path(os.path.realpath(path))  # links stay
        if not place.parent.is_dir():
            parent = path.parent if place == Path(os.path.abspath(path)) else place.parent
            raise DataError(f"{path}: expected a directory to save in, got no {str(parent)!r}")
        probe = place.with_name(f"{place.name}.{os.getpid()}.part")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DataError(f"{path}: expected a place to save to: {error.strerror}") from None


def _check_file(name: str) -> None:
    """Refuse what is neither a file nor a data set, with the data set that it may be."""
    if name != "-" and not Path(name).exists() and not Path(name).suffix:
        known(name, "a file, or a data set", name, DATASETS)


def _cells(name: str) -> Cells:
    """Return the cells of a file or of a data set."""
    if name in DATASETS:
        return DATASETS[name]().cells()
    _check_file(name)
    return read_cells(name)


@contextmanager
def _about(name: object) -> Iterator[None]:
    """Begin what is wrong with a table with its name."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{name}: {error}") from None


def _frame(model: TableModel, cells: Cells) -> pd.DataFrame:
    """Return the columns that a model predicts from, all of numbers, as a frame."""
    import pandas as pd  # noqa: PLC0415  (slow to load, and an extra)

    named = [column.name for column in model.columns if column.categories is not None]
    if named:
        raise DataError(f"expected columns of numbers for this picture, got words in {', '.join(map(repr, named))}")
    columns = [column.inputs(cells)[0] for column in model.columns]
    return pd.DataFrame(dict(zip((column.name for column in model.columns), columns, strict=True)))


# ---- train -------------------------------------------------------------------------------------------------


def _train(options: argparse.Namespace, report: _Report) -> None:
    _check_output(options.output)
    options.file = options.file or "iris"
    table = _table(options)
    _say_table(options, table, report)
    train_rows, test_rows = _split(table, options.test_size, options.seed, report)
    given = {name: value for name, value in vars(options).items() if name in _LEARNING}
    progress = False if options.quiet else None  # None: if stderr is a terminal
    start = time.perf_counter()
    try:
        model = TableModel.fit(table, train_rows, random_state=options.seed, progress=progress, **given)
    except InterruptedFit as stop:
        stop.model.save(options.output)
        history = stop.model.history
        best = f"saved the best model so far, that of epoch {history.best_epoch} of {history.epochs}"
        raise KeyboardInterrupt(f"{best}: {options.output}") from None
    model.save(options.output)  # before all else, as printing and scoring may fail
    seconds = time.perf_counter() - start
    try:
        _say_training(model, seconds, report)
        for name, rows in (("train", train_rows), ("test", test_rows)):
            if rows:
                scores = model.scores(table.cells().only(rows))
                report.say(f"{name}: {_words(scores)}", **{name: scores})
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"saved the trained model: {options.output}") from None
    report.say(f"saved: {options.output}", saved=str(options.output))
    report.note(f"training took {seconds:.1f} s")


def _say_training(model: TableModel, seconds: float, report: _Report) -> None:
    history, sizes = model.history, [model.network.nin, *(len(layer.neurons) for layer in model.network.layers)]
    count = len(model.network.parameters())
    report.say(f"network: {' -> '.join(map(str, sizes))}, {count:,} parameters", sizes=sizes, parameters=count)
    if history.stopped == "patience":
        report.note(f"stopped after epoch {history.epochs}; the best was epoch {history.best_epoch}")
    report.facts |= {"epochs": history.epochs, "seconds": round(seconds, 3)}


def _words(scores: dict[str, float]) -> str:
    forms = {"loss": "loss {:.4f}", "accuracy": "accuracy {:.4f}", "rmse": "RMSE {:.4g}", "r2": "R^2 {:.4f}"}
    return ", ".join(forms[name].format(score) for name, score in scores.items())


def _table(options: argparse.Namespace) -> Table:
    """Return the table to learn from."""
    choices = {
        "task": options.task,
        "categorical": options.categorical,
        "ignored": options.ignore,
        "drop_missing": options.drop_missing,
    }
    if options.file not in DATASETS:
        _check_file(options.file)
        return read_table(options.file, options.target, **choices)
    table = DATASETS[options.file]()
    if options.target is None and not any(choices.values()):
        return table
    with _about(options.file):
        return learnable(table.cells(), options.target or table.target_name, **choices)


def _say_table(options: argparse.Namespace, table: Table, report: _Report) -> None:
    n, names = len(table.features), table.feature_names
    name = "stdin" if options.file == "-" else options.file
    report.say(f"data: {name}, {n:,} rows, {len(names)} columns", data=name, rows=n, columns=names)
    of_words = {
        name: len({row[k] for row in table.features})
        for k, name in enumerate(names)
        if isinstance(table.features[0][k], str)
    }
    if of_words:
        each = ", ".join(f"{name} ({count} categories)" for name, count in of_words.items())
        report.say(f"columns: {len(names) - len(of_words)} of numbers; of words: {each}", categories=of_words)
    text = f"target: {table.target_name}, {table.task}"
    classes = table.class_names
    if classes is not None:
        text += f", {len(classes)} classes"
        whole = all(label.removeprefix("-").isdecimal() for label in classes)
        if whole and options.task is None and options.file not in DATASETS:
            text += " of whole numbers (if they are amounts: --task regression)"
    report.say(text, target=table.target_name, task=table.task, classes=classes)
    for note in table.notes:
        report.note(note)


def _split(table: Table, test_size: float, seed: int, report: _Report) -> tuple[list[int], list[int]]:
    """Return the rows to train on and to test on, classes or sizes of the target shared out evenly if possible.

    No class is left to the rows to test on alone, as nothing could be learnt of it.
    """
    from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]  # noqa: PLC0415

    n = len(table.features)
    n_test = math.ceil(test_size * n)
    if n - n_test < 2:
        got = f"{n - n_test} of {n}; --test-size 0 tests on none"
        raise DataError(f"expected two rows to train on or more, beside those to test on, got {got}")
    groups = _groups(table, min(n_test, n - n_test))
    counts = Counter(groups)
    kept = [i for i, group in enumerate(groups) if counts[group] == 1 and n_test]
    for i in kept:
        report.note(
            f"class {table.cells().columns[table.target_name][i]!r} has one row: it is trained on, never tested"
        )
    even = len(counts) - len(kept) <= min(n_test, n - len(kept) - n_test)
    if not even and n_test:
        report.note(
            "too few rows to share out each class evenly: the split is random, but for one row of each to train on"
        )
        kept = [groups.index(group) for group in counts]
        n_test = min(n_test, n - len(kept))
    others = sorted({*range(n)} - {*kept})
    train_rows, test_rows = others, []
    if n_test == len(others):
        train_rows, test_rows = [], others
    elif n_test:
        stratify = [groups[i] for i in others] if even else None
        train_rows, test_rows = train_test_split(others, test_size=n_test, random_state=seed, stratify=stratify)
    train_rows = [*train_rows, *kept]
    # Even shares of a few rows may be none to train on.
    lacking = {groups[i] for i in test_rows} - {groups[i] for i in train_rows}
    moved = [next(i for i in test_rows if groups[i] == group) for group in sorted(lacking)]
    train_rows, test_rows = [*train_rows, *moved], [i for i in test_rows if i not in moved]
    text = f"split: {len(train_rows):,} rows to train on, {len(test_rows):,} to test on"
    report.say(text, split={"train": len(train_rows), "test": len(test_rows)})
    return train_rows, test_rows


def _groups(table: Table, most: int) -> list[int]:
    """Return what is shared out evenly: the classes, or numbers by their rank in up to ten groups of equal size."""
    if table.class_names is not None:
        return [int(k) for k in table.targets]
    n = len(table.targets)
    count = min(10, max(most, 1))
    groups = [0] * n
    for rank, i in enumerate(sorted(range(n), key=table.targets.__getitem__)):
        groups[i] = rank * count // n
    return groups


# ---- predict, summary, datasets ----------------------------------------------------------------------------


def _predict(options: argparse.Namespace, report: _Report) -> None:
    to_stdout = options.output is None or str(options.output) == "-"
    if not to_stdout:
        _check_output(options.output)
    model = TableModel.load(options.model)
    cells = _cells(options.file)
    if model.target in cells.columns:
        report.note(f"the target {model.target!r} is among the columns of {options.file}; it is not used")
    with _about(options.file):
        predicted = model.predict(cells)
        probabilities = model.predict_proba(cells) if options.proba else []
    if options.json:
        facts: dict[str, Any] = {"target": model.target, "predictions": predicted}
        facts |= {"classes": model.class_names, "probabilities": probabilities} if options.proba else {}
        text = _json(facts) + "\n"
    else:
        columns = [model.target, *(f"p({name})" for name in model.class_names or () if options.proba)]
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([y, *p] for y, p in zip(predicted, probabilities or [[]] * len(predicted), strict=True))
        text = lines.getvalue()
    if to_stdout:
        report.as_json = False  # all is said
        sys.stdout.write(_shown(text) if sys.stdout.isatty() else text)
    else:
        write_whole(options.output, text.encode())
        report.facts |= {"rows": len(predicted), "saved": str(options.output)}
        report.note(f"saved {len(predicted):,} predictions: {options.output}")


def _summary(options: argparse.Namespace, report: _Report) -> None:
    found = files.read(options.model)
    summary = found.model.summary()
    facts = {"parameters": summary.parameters, "nodes": summary.nodes, "multiplications": summary.multiplications}
    if found.preprocessing:
        model = TableModel.load(options.model)
        classes, history = model.class_names, model.history
        text = f"target: {model.target}, {model.task}" + (f": {', '.join(classes)}" if classes else "")
        report.say(text, target=model.target, task=model.task, classes=classes)
        columns = {column.name: column.categories for column in model.columns}
        report.say(f"columns: {len(columns)}", columns=columns)
        for name, categories in columns.items():
            report.say(f"  {name}" + (f": {', '.join(categories)}" if categories else ""))
        best = history.monitored[history.best_epoch - 1] if history.best_epoch else math.nan
        text = f"training: {history.epochs} epochs, the best was {history.best_epoch}, loss {best:.4g}"
        report.say(text, epochs=history.epochs, best_epoch=history.best_epoch)
    report.say(str(summary), **facts)


def _datasets(options: argparse.Namespace, report: _Report) -> None:
    del options
    for name, make in DATASETS.items():
        table = make()
        rows, columns = len(table.features), len(table.feature_names)
        kind = f"{len(table.class_names)} classes" if table.class_names else "a number"
        facts = {"rows": rows, "columns": columns, "target": table.target_name, "task": table.task}
        report.say(f"{name:10}{rows:>5,} rows {columns:>3} columns   {table.target_name}: {kind}", **{name: facts})


# ---- plot and graph ----------------------------------------------------------------------------------------


def _plot(options: argparse.Namespace, report: _Report) -> None:
    import matplotlib as mpl  # noqa: PLC0415  (slow to load, and an extra)

    mpl.use("Agg")  # no screen is needed
    import matplotlib.pyplot as plt  # noqa: PLC0415

    from nn import plot  # noqa: PLC0415

    _check_output(options.output)
    model = TableModel.load(options.model)
    kind = options.kind
    if options.file is None:
        if kind not in ("loss", "weights"):
            raise DataError(f"--kind {kind}: expected a FILE with rows to draw, got none")
        axes = plot.loss(model.history) if kind == "loss" else plot.weights(model.network)
    else:
        cells = _cells(options.file)
        with _about(options.file):
            axes = _plot_rows(kind, model, cells, options.columns)
    content = io.BytesIO()
    figure = getattr(axes, "flat", [axes])[0].figure
    try:
        figure.savefig(content, format=options.output.suffix.removeprefix(".") or "png")
    finally:
        plt.close(figure)
    write_whole(options.output, content.getvalue())
    report.say(f"saved: {options.output}", saved=str(options.output))


def _plot_rows(kind: str, model: TableModel, cells: Cells, columns: Sequence[str] | None) -> Any:
    """Return the Axes of a picture of rows."""
    from nn import plot  # noqa: PLC0415

    if kind in ("boundary", "confusion") and model.class_names is None:
        raise DataError(f"--kind {kind}: expected a model that tells classes apart, got a regression")
    if kind == "fit" and model.class_names is not None:
        raise DataError("--kind fit: expected a model that predicts a number, got a classification")
    match kind:
        case "loss":
            return plot.loss(model.history)
        case "weights":
            return plot.weights(model.network, model.inputs(cells))
        case "gradients":
            model.loss(cells).backward()
            return plot.gradients(model.network, model.inputs(cells))
        case "confusion":
            return plot.confusion(model.targets(cells), model.predict(cells), labels=model.class_names)
        case "fit":
            return plot.fit(model, _frame(model, cells), model.targets(cells))
        case _:
            pair = None if columns is None else (columns[0], columns[1])
            return plot.boundary(model, _frame(model, cells), model.targets(cells), columns=pair)


def _graph(options: argparse.Namespace, report: _Report) -> None:
    _check_output(options.output)
    Drawing.check(options.output)
    model = TableModel.load(options.model)
    if options.file is None:
        drawing = picture.network(model.network, model.input_names, model.class_names or [model.target])
    else:
        cells = _cells(options.file)
        if options.row > len(cells):
            raise DataError(f"--row: expected one of the {len(cells)} rows of {options.file}, got {options.row}")
        with _about(options.file):
            loss: Value = model.loss(cells.only([options.row - 1]))
        loss.backward()
        drawing = draw(loss, timeout=picture.TIMEOUT)
    drawing.save(options.output)
    report.say(f"saved: {options.output}", saved=str(options.output))
