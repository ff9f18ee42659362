"""Random programs as lists of instructions, and their transcripts: what every number came out as.

An instruction names an operation and its operands by how far back they stand in the list of
results so far, counted modulo its length. So any instruction can be dropped and what is left is still
a program: Hypothesis shrinks a failure to the few instructions that matter.
"""

import math
import operator
import struct
from collections.abc import Callable
from types import ModuleType
from typing import Any

from hypothesis import strategies as st

from autograd.primitives import PRIMITIVES

FOLDS = [row.name for row in PRIMITIVES.values() if row.fold]
FUNCTIONS = [row.name for row in PRIMITIVES.values() if not row.symbol and not row.fold]
OPERATORS = [row.name for row in PRIMITIVES.values() if row.symbol]
HARD = sorted({x for row in PRIMITIVES.values() for point in row.hard_points for x in point if not math.isnan(x)})


def arity(op: str) -> int:
    """Return how many operands an operation of a program reads: for a fold, terms of its columns."""
    return 4 if op in FOLDS else len(PRIMITIVES[op].operands)


reals = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-10, 10),
    st.sampled_from(HARD),
    st.floats(),
    st.tuples(st.floats(0.5, 1.0, exclude_max=True), st.integers(-1073, 1024), st.sampled_from([-1.0, 1.0])).map(
        lambda drawn: math.copysign(math.ldexp(drawn[0], drawn[1]), drawn[2])
    ),
)
#: A number, and whether it enters as a Value, as a float, or (if it can) as an int.
leaves = st.lists(st.tuples(reals, st.sampled_from(["value", "value", "float", "int"])), min_size=1, max_size=4)
OPS = [*OPERATORS, *FUNCTIONS, *FOLDS]
REACH = 8  # how far back an operand may stand


def _instruction(code: int) -> tuple[str, tuple[int, ...]]:
    """Read an instruction from one integer: drawing one is much faster than drawing five."""
    code, *back = code // REACH**4, *(code // REACH**i % REACH for i in range(4))
    return OPS[code], tuple(back)


instructions = st.lists(st.integers(0, len(OPS) * REACH**4 - 1).map(_instruction), min_size=1, max_size=12)
programs = st.tuples(leaves, instructions)


def bits(x: float) -> str:
    """Return the bits of a float, with every NaN alike."""
    return "nan" if math.isnan(x) else struct.pack(">d", x).hex()


def _call(engine: ModuleType, op: str) -> Callable[..., Any]:
    if op in OPERATORS:
        return getattr(operator, op)  # type: ignore[no-any-return]
    function = getattr(engine, op)
    if op not in FOLDS:
        return function  # type: ignore[no-any-return]
    if len(PRIMITIVES[op].operands) == 1:
        return lambda *xs: function(xs)
    return lambda a, b, c, d: function([a, b], [c, d])


def run(engine: ModuleType, program: tuple[list[Any], list[Any]]) -> tuple[list[Any], list[str]]:
    """Run a program and return its results (Values and floats) and the errors on the way."""
    drawn, code = program
    results: list[Any] = []
    errors = []
    for number, kind in drawn:
        whole = kind == "int" and abs(number) < 1e6
        results.append(engine.Value(number) if kind == "value" else int(number) if whole else number)
    for op, back in code:
        operands = [results[-1 - b % len(results)] for b in back[: arity(op)]]
        try:
            result = _call(engine, op)(*operands)
            # Arithmetic of plain numbers gives ints too, and complex ones, which end here.
            results.append(result if type(result) is engine.Value else float(result))
        except (ArithmeticError, ValueError, TypeError) as error:
            errors.append(f"{type(error).__name__}: {error}")
    return results, errors


def transcript(engine: ModuleType, program: tuple[list[Any], list[Any]]) -> list[Any]:
    """Run and sweep a program, and return all that could be observed on the way."""
    results, errors = run(engine, program)
    nodes = [x for x in results if type(x) is engine.Value]
    position = {node: i for i, node in enumerate(nodes)}
    seen: list[Any] = [errors, [bits(float(x)) for x in results if type(x) is not engine.Value]]
    for node in nodes:
        seen.append((
            node.op,
            bits(node.data),
            [f"%{position[x]}" if type(x) is engine.Value else bits(x) for x in node.operands],
            [position[x] for x in node.parents],
            [bits(x) for x in node.partials],
        ))  # fmt: skip
    for root in nodes[-2:]:
        root.backward(0.75)
        seen.append([bits(node.grad) for node in nodes])
    seeds = {node: 0.5 + i for i, node in enumerate(nodes) if not node.op}
    seen += [bits(root.tangent(seeds)) for root in nodes[-2:]]
    return seen
