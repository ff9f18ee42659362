"""Training is PyTorch's, number by number: `tools/trajectories.py` writes what PyTorch found, with the same settings."""

import inspect
import json
from dataclasses import replace
from pathlib import Path

import pytest
from trajectories import CASES, STEPS, TOLERANCE, Trajectory, ours

from nn import schedules
from nn.optim import OPTIMIZERS

PYTORCH = json.loads(Path(__file__).with_name("trajectories.json").read_text(encoding="utf-8"))


def deviation(case):
    """Return how far one of our runs is from PyTorch's: in the losses that the file keeps, and in the weights."""
    run = ours(case)
    assert len(run.losses) == STEPS
    kept = [*run.losses[:: PYTORCH["every"]], run.losses[-1]]
    return Trajectory(kept, run.weights).deviation(Trajectory(*PYTORCH["trajectories"][case.name]))


def test_nothing_is_left_out():
    """Every optimiser and schedule is in a case, as every activation and loss is; and PyTorch ran every case."""
    public = {name for name, member in inspect.getmembers(schedules, inspect.isfunction) if name[0] != "_"}
    assert {case.schedule[0] for case in CASES.values() if case.schedule} == public
    assert {case.optimizer for case in CASES.values()} == set(OPTIMIZERS)
    assert CASES.keys() == PYTORCH["trajectories"].keys(), "run python tools/trajectories.py"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_training_is_that_of_pytorch(case):
    """The losses of 200 steps, and the weights after them, are PyTorch's to 12 digits."""
    assert max(deviation(case)) <= TOLERANCE


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_small_mistake_is_seen(case):
    """A learning rate that is off in the tenth digit is enough to fail: the runs are long, and nothing hides in them."""
    wrong = replace(case, learning_rate=case.learning_rate * (1 + 1e-9))
    assert min(deviation(wrong)) > TOLERANCE
