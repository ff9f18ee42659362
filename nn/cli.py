"""The command line: train a network on a table, say how good it is, save it.

Tables, splits, scaling and metrics are those of pandas and scikit-learn; what learns is ours.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nn.data import DataError, Table, iris, read_csv
from nn.files import save
from nn.layers import ACTIVATIONS, MLP
from nn.losses import mean
from nn.optim import SGD
from nn.tasks import Classification, Regression, Scaler, Task
from nn.train import train

BAD_INPUT, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``python -m nn``; None takes it from `sys.argv`.

    Returns
    -------
    int
        0; 2 after a message about bad input; 130 after an interrupt.
    """
    options = _parser().parse_args(arguments)
    try:
        _train(options)
    except KeyboardInterrupt:
        print("\ninterrupted: no model was saved", file=sys.stderr)
        return INTERRUPTED
    except ModuleNotFoundError as missing:
        return _fail(f'{missing.name} is not installed; pip install "chainrule[train]"')
    except (DataError, ArithmeticError, OSError) as error:
        return _fail(str(error))
    return 0


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return BAD_INPUT


# ---- options -------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nn", description="Neural networks of scalars.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    command = commands.add_parser(
        "train",
        help="train a network on a table",
        description="Train a multi-layer perceptron on a table, and save it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = command.add_argument
    add("file", nargs="?", metavar="FILE", help="a CSV file; without one, Iris")
    add("--target", metavar="COLUMN", help="the column of FILE to predict")
    add("--hidden", nargs="*", type=_count, default=[8], metavar="N", help="sizes of hidden layers")
    add("--activation", choices=list(ACTIVATIONS), default="tanh", help="of the hidden layers")
    add("--epochs", type=_count, default=100, metavar="N", help="passes through the rows")
    add("--batch-size", type=_count, default=16, metavar="N", help="rows for each step")
    add("--learning-rate", type=_positive, default=0.1, metavar="ETA", help="length of a step")
    add("--test-size", type=_fraction, default=0.2, metavar="F", help="part of the rows to test on")
    add("--seed", type=_seed, default=0, metavar="N", help="of split, weights and batches")
    add("--output", type=Path, default="model.safetensors", metavar="FILE", help="where to save")
    return parser


def _option(convert: Callable[[str], float], accepts: Callable[[Any], bool], expected: str) -> Callable[[str], Any]:
    """Return the conversion of an option that says what it expected."""

    def converted(text: str) -> Any:
        try:
            number = convert(text)
        except ValueError:
            number = math.nan
        if not accepts(number):
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
        return number

    return converted


_count = _option(int, lambda n: n >= 1, "a whole number of 1 or more")
_seed = _option(int, lambda n: 0 <= n < 2**32, "a whole number from 0 to 2**32 - 1")
_positive = _option(float, lambda x: 0 < x < math.inf, "a finite number above 0")
_fraction = _option(float, lambda x: 0 < x < 1, "a number between 0 and 1")


# ---- the command ---------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> None:
    _check_output(options.output)
    table = _read(options.file, options.target)
    train_rows, test_rows = _split(table, options.test_size, options.seed)
    scaler = Scaler([table.features[i] for i in train_rows])
    task: Task
    if table.class_names is None:
        task = Regression([table.targets[i] for i in train_rows])
    else:
        task = Classification(table.class_names)
    sizes = [len(table.feature_names), *options.hidden, task.n_outputs]
    rng = random.Random(options.seed)
    model = MLP(sizes[0], sizes[1:], activation=options.activation, rng=rng)
    print(f"network: {' -> '.join(map(str, sizes))}, {len(model.parameters())} parameters")

    inputs, targets = scaler.scale(table.features), task.encode(table.targets)
    with _progress(options.epochs) as show:
        train(
            model,
            [inputs[i] for i in train_rows],
            [targets[i] for i in train_rows],
            loss=task.loss,
            optimizer=SGD(model.parameters(), options.learning_rate),
            epochs=options.epochs,
            batch_size=options.batch_size,
            rng=rng,
            on_epoch=show,
        )
    for name, rows in (("train", train_rows), ("test", test_rows)):
        outputs = [model(inputs[i]) for i in rows]
        loss: Any = mean([task.loss(out, targets[i]) for out, i in zip(outputs, rows, strict=True)])
        if not math.isfinite(loss.data):
            raise FloatingPointError(
                f"expected a finite loss on the {name} rows, got {loss.data!r}; "
                f"try a learning rate smaller than {options.learning_rate!r}"
            )
        print(f"{name}: loss {loss:.4f}, {task.score(outputs, [table.targets[i] for i in rows])}")
    names = {"feature_names": table.feature_names, "target_name": table.target_name}
    save(model, options.output, preprocessing={**names, "features": scaler.state, **task.state})
    print(f"saved: {options.output}")


def _check_output(path: Path) -> None:
    """Refuse a place that cannot be saved to before the work rather than after."""
    if path.is_dir():
        raise DataError(f"{path}: expected a file to save to, got a directory")
    if not path.parent.is_dir():
        raise DataError(f"{path}: expected a directory to save in, got no {str(path.parent)!r}")


def _read(file: str | None, target: str | None) -> Table:
    if file is None and target is not None:
        raise DataError("--target: expected a FILE to find the column in, got none")
    table = iris() if file is None else read_csv(file, target)
    classes = table.class_names
    kind = f"classification, {len(classes)} classes" if classes else "regression"
    print(f"data: {file or 'Iris'}, {len(table.features)} rows, {len(table.feature_names)} columns")
    print(f"target: {table.target_name}, {kind}")
    return table


def _split(table: Table, test_size: float, seed: int) -> tuple[list[int], list[int]]:
    """Return the rows to train on and to test on, each class shared out evenly if possible."""
    from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]  # noqa: PLC0415

    n = len(table.features)
    n_test = math.ceil(test_size * n)
    if n_test == n:
        raise DataError(f"expected rows to train on beside those to test on, got {n} in all")
    counts = Counter(table.targets) if table.class_names else None
    if counts and (min(counts.values()) == 1 or len(counts) > min(n_test, n - n_test)):
        print("note: too few rows of a class to share them out evenly; splitting at random")
        counts = None
    train_rows, test_rows = train_test_split(
        list(range(n)),
        test_size=n_test,
        random_state=seed,
        stratify=table.targets if counts else None,
    )
    print(f"split: {len(train_rows)} rows to train on, {len(test_rows)} to test on")
    return train_rows, test_rows


@contextmanager
def _progress(epochs: int) -> Iterator[Callable[[int, float], object]]:
    """Show a progress bar; what is yielded moves it on, given the number and loss of an epoch."""
    from tqdm import tqdm  # type: ignore[import-untyped]  # noqa: PLC0415

    with tqdm(total=epochs, desc="training", unit="epoch") as bar:

        def show(_epoch: int, loss: float) -> None:
            bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            bar.update()

        yield show
