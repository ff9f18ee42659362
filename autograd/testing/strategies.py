"""Hypothesis strategies: numbers where formulas break, programs, and functions.

    >>> from hypothesis import given
    >>> @given(programs())
    ... def test_a_sweep_ends(program):
    ...     program.root().backward()
    >>> test_a_sweep_ends()

Whatever fails shrinks to the fewest instructions and the simplest numbers that still fail.
"""

from __future__ import annotations

import functools
import math
import random
import struct
from collections.abc import Iterable, Sequence

from hypothesis import strategies as st

from autograd.primitives import PRIMITIVES, Primitive
from autograd.testing.programs import OPS, TAME, Function, Instruction, Leaf, Program, arity

__all__ = ["functions", "programs", "reals"]


# ---- numbers -------------------------------------------------------------------------------------------


@functools.cache
def reals(primitive: str | None = None) -> st.SearchStrategy[float]:
    """Return a strategy for floats, of several kinds.

    Small whole numbers come first, then numbers from -10 to 10, those where the formula of some
    primitive breaks and their neighbours, any floats, infinities and NaN among them, and floats of
    all magnitudes alike. They shrink to 0, 1 and other small whole numbers.

    Parameters
    ----------
    primitive : str, optional
        The name of a primitive: its own hard points, and the ranges that matter most to it, come up
        more often.
    """
    rows = [_row(primitive)] if primitive else list(PRIMITIVES.values())
    ranges = rows[0].samples[: len(rows[0].operands)] if primitive else ()
    hard = _with_neighbours(x for row in rows for point in row.hard_points for x in point)
    return st.one_of(
        st.sampled_from([1.0, 0.0, -1.0, 2.0, -2.0, 3.0, -3.0]),
        st.floats(-10, 10),
        *[st.floats(*span) for span in ranges],
        st.integers(0, len(hard) - 1).map(hard.__getitem__),  # sampled_from would print them all in every report
        st.floats(),
        st.binary(min_size=8, max_size=8).map(_of_bits),
    )


def _row(name: str) -> Primitive:
    if name not in PRIMITIVES:
        raise ValueError(f"strategies: expected the name of a primitive, such as 'add', got {name!r}")
    return PRIMITIVES[name]


def _of_bits(eight: bytes) -> float:
    return struct.unpack(">d", eight)[0]  # type: ignore[no-any-return]


def _with_neighbours(points: Iterable[float]) -> list[float]:
    """Return the distinct numbers, then the floats beside them."""
    distinct = {float(x).hex(): float(x) for x in points}
    beside = [math.nextafter(x, end) for x in distinct.values() for end in (-math.inf, math.inf)]
    return list((distinct | {x.hex(): x for x in beside}).values())


# ---- programs ------------------------------------------------------------------------------------------

_REACH = 8  # how far back an operand may stand

#: How often an instruction is applied, for each byte: nearly always once. So a tenth of all programs have a chain of
#: tens of nodes, and one in fifty has one that is deeper than recursion goes.
_TIMES = (*[1] * 195, *[2, 4, 8, 12, 16, 20, 25, 30, 40, 50, 60, 80, 100] * 4, *[1200] * 6, *[2000] * 3)

_PALETTES = 64  # how many subsets of the operations to choose from


@functools.cache
def _palettes(ops: tuple[str, ...]) -> list[list[str]]:
    """Return, for each choice of the operations to do without, the operation that each byte stands for.

    A bug often needs many uses of few operations, which programs that use all of them alike do not
    have (Groce et al., Swarm testing, 2012). Whatever is banned, the other operations keep their bytes; so a
    program can shrink until nothing is banned, as in the first choice.
    """
    chance = random.Random(0)
    found = []
    for banned in range(_PALETTES):
        allowed = chance.sample(ops, chance.randint(1, len(ops))) if banned else ops
        every = [ops[i * len(ops) // 256] for i in range(256)]
        found.append([op if op in allowed else chance.choice(allowed) for op in every])
    return found


def programs(
    ops: Sequence[str] = OPS,
    inputs: tuple[int, int] = (1, 3),
    size: tuple[int, int] = (1, 12),
    long: bool = True,
    constants: bool = True,
) -> st.SearchStrategy[Program]:
    """Return a strategy for programs.

    Each example does without some of the operations, chosen at random. Operands are recent results, so
    that they are often repeated and shared.

    Parameters
    ----------
    ops : sequence of str, optional
        The names of the primitives to use, the simplest first.
    inputs : tuple of two int, optional
        The least and the greatest number of Values to start from.
    size : tuple of two int, optional
        The least and the greatest number of instructions.
    long : bool, optional
        Whether some programs have long chains of one operation: a tenth has one of tens of nodes, and one in
        fifty has one of 1,200 or more.
    constants : bool, optional
        Whether floats, ints and constant Values may come up beside the inputs.
    """
    palettes = _palettes(tuple(ops))
    operands = {op: arity(_row(op).name) for op in ops}
    tame = frozenset(TAME) if long else frozenset()

    def instruction(palette: Sequence[str], code: bytes) -> Instruction:
        op = palette[code[0]]
        back = (code[2] % _REACH, code[3] % _REACH, code[2] // _REACH % _REACH, code[3] // _REACH % _REACH)
        return Instruction(op, back[: operands[op]], _TIMES[code[1]] if op in tame else 1)

    def program(drawn: tuple[int, list[bytes], list[float], list[Leaf | float]]) -> Program:
        which, codes, numbers, others = drawn
        leaves = [x if isinstance(x, Leaf) else Leaf(x, "number") for x in others] + [Leaf(x) for x in numbers]
        return Program(tuple(leaves), tuple([instruction(palettes[which], code) for code in codes]))

    # Drawing costs by the number of choices, so an instruction is one: four bytes, all of them equally likely.
    return st.tuples(
        st.integers(0, _PALETTES - 1),
        st.lists(st.binary(min_size=4, max_size=4), min_size=size[0], max_size=size[1]),
        st.lists(reals(), min_size=inputs[0], max_size=inputs[1]),
        st.lists(_others(), max_size=2 if constants else 0),
    ).map(program)


@functools.cache
def _others() -> st.SearchStrategy[Leaf | float]:
    """Return a strategy for the leaves that are no inputs: plain numbers, and constants."""
    constants = reals().map(lambda number: Leaf(number, "constant"))
    return st.one_of(st.integers(-100, 100), reals(), constants)


def functions(arity: int = 1, ops: Sequence[str] = OPS) -> st.SearchStrategy[Function]:
    """Return a strategy for functions of `arity` numbers, floats and Values alike.

    At ``f.program.inputs`` such a function does not raise.

    Parameters
    ----------
    arity : int, optional
        How many numbers they take.
    ops : sequence of str, optional
        The names of the primitives that they are made of.
    """
    return programs(ops, inputs=(arity, arity)).map(Program.as_function)
