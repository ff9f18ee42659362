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

from autograd import _modes, _recorded
from autograd.primitives import PRIMITIVES

COLUMNS = [row.name for row in PRIMITIVES.values() if row.columns]
FUNCTIONS = [row.name for row in PRIMITIVES.values() if not row.symbol and not row.columns]
OPERATORS = [row.name for row in PRIMITIVES.values() if row.symbol]
HARD = sorted({x for row in PRIMITIVES.values() for point in row.hard_points for x in point if not math.isnan(x)})


def arity(op: str) -> int:
    """Return how many operands an operation of a program reads: for a fold, terms of its columns."""
    return 4 if op in COLUMNS else len(PRIMITIVES[op].operands)


reals = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-10, 10),
    st.sampled_from(HARD),
    st.floats(),
    st.tuples(st.floats(0.5, 1.0, exclude_max=True), st.integers(-1073, 1024), st.sampled_from([-1.0, 1.0])).map(
        lambda drawn: math.copysign(math.ldexp(drawn[0], drawn[1]), drawn[2])
    ),
)
#: A number, and whether it enters as a Value, as a constant, as a float, or (if it can) as an int.
kinds = st.sampled_from(["value", "value", "value", "constant", "float", "int"])
leaves = st.lists(st.tuples(reals, kinds), min_size=1, max_size=4)
OPS = [*OPERATORS, *FUNCTIONS, *COLUMNS]
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
    if op not in COLUMNS:
        return function  # type: ignore[no-any-return]
    if PRIMITIVES[op].spread:
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
        value = (
            engine.Value(number) if kind == "value" else engine.Value(number).detach() if kind == "constant" else None
        )
        results.append(value if value is not None else int(number) if whole else number)
    for op, back in code:
        operands = [results[-1 - b % len(results)] for b in back[: arity(op)]]
        try:
            result = _call(engine, op)(*operands)
            # Arithmetic of plain numbers gives ints too, and complex ones, which end here.
            results.append(result if type(result) is engine.Value else float(result))
        except (ArithmeticError, ValueError, TypeError) as error:
            errors.append(f"{type(error).__name__}: {error}")
    return results, errors


def random_root(engine: ModuleType, program: tuple[list[Any], list[Any]], floats_raise: bool) -> Any:
    """Return the last Value of a random program."""
    with _modes.Mode(_modes.IEEE, on=not floats_raise):
        results, _ = run(engine, program)
    return next((x for x in reversed(results) if type(x) is engine.Value), None)


def transcript(engine: ModuleType, program: tuple[list[Any], list[Any]], ieee: bool = False) -> list[Any]:
    """Run and sweep a program, and return all that could be observed on the way."""
    with _modes.Mode(_modes.IEEE, on=ieee):
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
    roots = nodes[-2:]
    for root in roots:
        root.backward(0.75)
        seen.append([bits(node.grad) for node in nodes])
    leaves = [node for node in nodes if not node.op]
    seeds = {leaf: 0.5 + i for i, leaf in enumerate(leaves)}
    seen += [bits(root.tangent(seeds)) for root in roots]
    seen.append([x if x is None else bits(x) for x in engine.tangents(seeds, nodes)])
    several = {root: 0.5 + i for i, root in enumerate(roots)}
    seen.append([x if x is None else bits(x) for x in engine.adjoints(several, nodes)])
    engine.backward(several)
    seen.append([bits(node.grad) for node in nodes])
    seen.append([position[node] for node in engine.between(roots, nodes[1:])])
    seen.append([engine.is_closed(roots, leaves[i:]) for i in range(2)])
    if roots and len(program[1]) < MOST_INSTRUCTIONS_TWICE:
        seen.append(_second_order(engine, roots[-1], leaves))
    return seen


MOST_INSTRUCTIONS_TWICE = 6  # a recorded sweep is a longer program


def _second_order(engine: ModuleType, root: Any, leaves: list[Any]) -> list[Any]:
    first = _recorded.adjoints({root: 1.0}, leaves)
    found: list[Any] = []
    for derivative in first:
        if type(derivative) is engine.Value:
            second = engine.adjoints({derivative: 1.0}, leaves)
            found.append([bits(derivative.data), *[x if x is None else bits(x) for x in second]])
        else:
            found.append(derivative if derivative is None else bits(derivative))
    return found
