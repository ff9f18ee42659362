"""What the C twin costs, in instructions: repeatable, where time is not. So it cannot become slower by accident.

Counted are the instructions inside the extension, for each operation of a chain; not those of the interpreter or
of libm. The ceilings stand a tenth above what gcc 12 needed for x86-64 when they were set, in brackets.
"""

import re
import shutil
import subprocess
import sys

import pytest
from conftest import HAS_C

needs_c = pytest.mark.skipif(not HAS_C, reason="the C twin was not built")

#: For each kind of operation: ceilings of instructions to record it, to sweep it and to free it.
CEILINGS = {
    "y = y * x": (64, 63, 57),  # (58, 57, 51)
    "y = 0.5 * y": (74, 52, 50),  # (67, 47, 45)
    "y = y - 2": (77, 51, 50),  # (70, 46, 45)
    "y = tanh(y)": (89, 46, 43),  # (81, 41, 39)
    "y = y.tanh()": (82, 46, 43),  # (75, 41, 39)
    "leaves.append(Value(0.5))": (78, 1, 46),  # (71, 0, 41)
}

PROGRAM = """
import gc, os
from autograd._engine import Value, tanh

gc.disable()
x = y = Value(0.25)
leaves = []
for _ in range({length}):
    {operation}
if {phases} > 1:
    y.backward()
if {phases} > 2:
    del y, leaves
os._exit(0)  # without the end of the interpreter, which would free the rest
"""


def instructions(code, folder):
    """Return how many instructions the extension took for a program."""
    counts = folder / "counts"
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = counts.read_text()
    (extension,) = [number for number, path in re.findall(r"^c?ob=(\(\d+\)) (.+)$", text, re.M) if "_engine" in path]
    total, inside, is_of_a_call = 0, False, False
    for line in text.splitlines():
        if line.startswith("ob="):
            inside = line[3:].split()[0] == extension
        elif line.startswith("calls="):
            is_of_a_call = True  # the next line counts what was called
        elif re.match(r"[-+*0-9]", line):
            total += int(line.split()[1]) if inside and not is_of_a_call else 0
            is_of_a_call = False
    return total


@pytest.fixture(autouse=True)
def valgrind():
    """Skip where it is missing."""
    if not shutil.which("valgrind"):
        pytest.skip("counting instructions needs valgrind, which is not installed")


@needs_c
@pytest.mark.parametrize("operation", CEILINGS)
def test_instructions_for_each_operation(operation, tmp_path):
    """Recording, sweeping and freeing stay below their ceilings."""
    few, many = 500, 2500

    def count(length, phases):
        return instructions(PROGRAM.format(operation=operation, length=length, phases=phases), tmp_path)

    base = count(few, 1)
    so_far = [0.0]
    for phases in 1, 2, 3:
        more = count(many, phases) - base
        so_far.append(more / (many - few))
    # From the second phase on, the base lacks what the few operations take there.
    record = so_far[1]
    sweep, free = ((so_far[i + 1] - so_far[i]) * (many - few) / many for i in (1, 2))
    for found, ceiling in zip((record, sweep, free), CEILINGS[operation], strict=True):
        assert found <= ceiling, (record, sweep, free)


BETWEEN = """
import os
from autograd._engine import Value

x = y = Value(0.25)
old = x * 2.0
for _ in range({length}):
    y = y * 1.5
z = old * x
for _ in range({sweeps}):
    z.backward()
os._exit(0)
"""


@needs_c
def test_a_sweep_does_not_pay_for_what_lives_between(tmp_path):
    """The nodes that it does not reach cost nothing, however many were recorded between those that it does."""
    few, many = (
        instructions(BETWEEN.format(length=length, sweeps=100), tmp_path)
        - instructions(BETWEEN.format(length=length, sweeps=0), tmp_path)
        for length in (10, 100_000)
    )
    assert many < 1.5 * few
