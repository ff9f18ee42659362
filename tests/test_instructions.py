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

#: For each kind of operation: ceilings of instructions to record it, to sweep it and to free it.
CEILINGS = {
    "y = y * x": (67, 74, 75),  # (61, 67, 68)
    "y = 0.5 * y": (78, 64, 68),  # (71, 58, 62)
    "y = y - 2": (82, 64, 68),  # (74, 58, 62)
    "y = tanh(y)": (80, 58, 62),  # (73, 52, 56)
    "y = y.tanh()": (68, 58, 62),  # (62, 52, 56)
    "leaves.append(Value(0.5))": (66, 1, 42),  # (60, 0, 38)
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


def instructions(operation, length, phases, folder):
    """Return how many instructions the extension took for a number of operations, in so many of the three phases."""
    counts = folder / "counts"
    code = PROGRAM.format(operation=operation, length=length, phases=phases)
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


@pytest.mark.skipif(not HAS_C, reason="the C twin was not built")
@pytest.mark.parametrize("operation", CEILINGS)
def test_instructions_for_each_operation(operation, tmp_path):
    """Recording, sweeping and freeing stay below their ceilings."""
    if not shutil.which("valgrind"):
        pytest.skip("counting instructions needs valgrind, which is not installed")
    few, many = 500, 2500
    base = instructions(operation, few, 1, tmp_path)
    so_far = [0.0]
    for phases in 1, 2, 3:
        more = instructions(operation, many, phases, tmp_path) - base
        so_far.append(more / (many - few))
    # From the second phase on, the base lacks what the few operations take there.
    record = so_far[1]
    sweep, free = ((so_far[i + 1] - so_far[i]) * (many - few) / many for i in (1, 2))
    assert [record, sweep, free] <= list(CEILINGS[operation]), (record, sweep, free)
