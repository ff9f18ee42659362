"""How far the numbers of a primitive are from the exact ones: where to look, what is exact, the error in ulp.

The exact value of a row is that of its value's formula, in ball arithmetic (Arb) whose precision
rises until the ball is far smaller than a unit in the last place. The exact partial is the slope of
that same formula between points 2**-200 apart, so that a wrong partial cannot hide behind its own
formula. mpmath is a second arithmetic, to confirm with.
"""

import ast
import functools
import itertools
import math
import operator
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from flint import arb, ctx

from autograd import engine
from autograd._formula import names_in, parse
from autograd.primitives import PRIMITIVES, Primitive
from autograd.testing.exact import BALLS, MPMATH, Arithmetic, Ball

__all__ = ["BALLS", "MPMATH", "error_in_ulps", "exact", "measure", "points", "results"]

#: The rows to measure. Plain sums are left out: each of their operations is one of floats, and the errors add up.
MEASURED = {row.name: row for row in PRIMITIVES.values() if not (row.columns and row.value in row.let)}
LENGTH = 2  # of the columns, where a row has columns


def arity(row: Primitive) -> int:
    """Return how many operands a row is measured with."""
    return len(row.operands) * (LENGTH if row.columns else 1)


# ---- where to look -----------------------------------------------------------------------------------


def points(row: Primitive, count: int, seed: int = 0, reach: int = 1) -> Iterator[tuple[float, ...]]:
    """Yield operands of a row: its hard points with all neighbours within `reach` floats, then `count` of each kind.

    The kinds: in the range that matters most, over all binades, from 2**-30 to 2**10, whole numbers,
    mixtures of these, equal or nearly equal, subnormal, and at all distances from a hard point.
    """
    rng = random.Random(f"{row.name} {seed}")
    spans = [span for span in row.samples[: len(row.operands)] for _ in range(arity(row) // len(row.operands))]
    hard = [tuple(map(float, point)) for point in row.hard_points]
    if row.columns:
        hard = [sum(zip(*rows, strict=True), ()) for rows in itertools.product(hard, repeat=LENGTH)]
    finite = [point for point in hard if all(map(math.isfinite, point))]
    for point in hard:
        for steps in itertools.product(range(-reach, reach + 1), repeat=len(point)):
            yield tuple(map(_neighbour, point, steps))

    def binades(low: int, high: int) -> list[float]:
        return [rng.choice((-1, 1)) * math.ldexp(rng.uniform(0.5, 1), rng.randint(low, high)) for _ in spans]

    def mixture(*kinds: list[float]) -> list[float]:
        return [rng.choice(drawn) for drawn in zip(*kinds, strict=True)]

    for _ in range(count):
        tame = [rng.uniform(*span) for span in spans]
        wild = binades(-1073, 1024)
        small = binades(-30, 10)
        whole = [float(rng.choice((round(x), rng.randint(-4, 4)))) for x in tame]
        equal = [rng.choice((-1, 1)) * _neighbour(wild[0], rng.randint(-2, 2)) for _ in spans]
        least = [*binades(-1073, -1020)[:1], *tame[1:]]
        near = [x + (abs(x) or 1) * d for x, d in zip(rng.choice(finite or [tame]), binades(-52, -1), strict=True)]
        kinds = [tame, wild, small, whole, mixture(tame, wild), mixture(small, wild), mixture(tame, whole)]
        yield from map(tuple, [*kinds, equal, least, near])


def _neighbour(x: float, steps: int) -> float:
    for _ in range(abs(steps)):
        x = math.nextafter(x, math.copysign(math.inf, steps))
    return x


def everywhere(row: Primitive, seed: int = 0) -> Iterator[tuple[float, ...]]:
    """Yield the operands of one round of a full measurement.

    The first round, that of seed 0, has the wider neighbourhoods of the hard points and, for a function
    of one operand, every binade with both signs.
    """
    yield from points(row, 10_000 if arity(row) > 1 else 4_000, seed, reach=1 if seed else 3)
    if arity(row) > 1 or seed:
        return
    rng = random.Random(row.name)
    for exponent, sign in itertools.product(range(-1074, 1024), (-1.0, 1.0)):
        for mantissa in (1.0, 1 + 2**-52, 1.5, 2 - 2**-52, *(rng.uniform(1, 2) for _ in range(4))):
            yield (sign * math.ldexp(mantissa, exponent),)


# ---- the exact value and the exact slopes ------------------------------------------------------------


def value(row: Primitive, operands: Sequence[Any], arithmetic: Arithmetic) -> arb:
    """Return the value of a row by its definition; NaN where that is no real number."""
    try:
        exact = arithmetic.value(row, operands)
    except (ValueError, ArithmeticError, TypeError):  # a complex number is a TypeError
        return arb("nan")
    return exact.arb if isinstance(exact, Ball) else arb(exact)


@functools.cache
def _jumps(name: str) -> bool:
    row = PRIMITIVES[name]
    tree = parse(next(iter(row.textbook), row.value))
    operators = {type(node) for node in ast.walk(tree)}
    return not (
        operators.isdisjoint({ast.FloorDiv, ast.Mod}) and names_in(tree).isdisjoint({"floor", "fmod", "remainder"})
    )


def _step(row: Primitive, x: float) -> tuple[float, int]:
    """Return the step of a difference quotient at x, as a number and an exponent of two.

    It is small beside x and 1, and beside the distance of the jumps of a quotient's floor.
    """
    if x == 0:
        return 1.0, -3000
    return min(abs(x), 1.0), -2400 if _jumps(row.name) else -200


def slope(row: Primitive, operands: Sequence[float], i: int, arithmetic: Arithmetic) -> arb:
    """Return the slope of the value by the i-th operand; NaN where it has no one finite slope.

    The mean of the slopes to both sides is the slope in the middle, up to the square of a step that is
    far below the last place of any float.
    """
    size, exponent = _step(row, operands[i])
    low, middle, high = (list(map(arithmetic.number, operands)) for _ in range(3))
    low[i] -= size * arithmetic.number(2) ** exponent
    high[i] += size * arithmetic.number(2) ** exponent
    before, here, after = (value(row, point, arithmetic) for point in (low, middle, high))
    step = size * arb(2) ** exponent
    left, right = (here - before) / step, (after - here) / step
    mean = (left + right) / 2
    vertical = operands[i] == 0 and abs(mean) > arb(2) ** 1500
    return arb("nan") if vertical or abs(left - right) > _last_place(mean) * 2.0**-30 else mean


def _last_place(number: arb) -> arb:
    """Return about a unit in the last place, were there no greatest float."""
    return abs(number) * 2.0**-53 + 5e-324


def exact(row: Primitive, operands: Sequence[float], k: int, second: Arithmetic | None = None) -> arb | None:
    """Return the value of a row for k = 0, else its slope by the k-th operand; None where there is none.

    It is true to 2**-60 units in the last place. `second` is an arithmetic to find it in anew, at the
    precision that ball arithmetic proved to be enough.
    """

    def found(arithmetic: Arithmetic) -> arb:
        if k:
            return slope(row, operands, k - 1, arithmetic)
        return value(row, list(map(arithmetic.number, operands)), arithmetic)

    exponents = [math.frexp(x)[1] for x in operands]
    enough = 200 + max(0, *exponents) - min(0, *exponents) - (_step(row, operands[k - 1])[1] if k else 0)
    for bits in (enough, 2 * enough, 4 * enough):
        with ctx.workprec(bits):
            ball = found(BALLS)
            if ball.is_finite() and ball.rad() < _last_place(ball) * 2.0**-60:
                if second is None:
                    return ball.mid()
                with second.workprec(bits):
                    return found(second).mid()
    return None


# ---- the error ---------------------------------------------------------------------------------------

BEYOND = arb(2) ** 1024  # the number after the greatest float: what an overflow stands for


def error_in_ulps(got: float, number: arb, mixed: bool = False) -> float:
    """Return how many units in the last place a float is off an exact number, or of 1 if that is greater and `mixed`."""
    if math.isnan(got):
        return math.inf
    with ctx.workprec(2**14):
        near, far = (x if abs(x) < BEYOND else BEYOND * x.sgn() for x in (arb(got), number))
        nearest = min(abs(float(far)), sys.float_info.max)
        return float(abs(near - far) / math.ulp(max(nearest, 1.0) if mixed else nearest))


def results(row: Primitive, operands: Sequence[float]) -> list[float]:
    """Return the value and the partials of the reference twin, or nothing where it raises.

    The partial by an operand that is no parent is 0. The twins are equal bit for bit, so measuring one
    is measuring both.
    """
    values = list(map(engine.Value, operands))
    function = getattr(operator if row.symbol else engine, row.name)
    length = len(operands) // len(row.operands)
    columns = [values[first : first + length] for first in range(0, len(operands), length)]
    try:
        node = function(*columns) if row.columns and not row.spread else function(*values)
    except (ValueError, ArithmeticError):
        return []
    partials = dict(zip(map(id, node.parents), node.partials, strict=True))
    return [node.data, *(partials.get(id(x), 0.0) for x in values)]


class Worst(NamedTuple):
    """The greatest error over some points: how many there were, how great it is, and where."""

    points: int = 0
    ulps: float = 0.0
    at: tuple[float, ...] = ()

    def merged(self, other: "Worst") -> "Worst":
        """Return the greatest error over the points of both."""
        greater = other if other.ulps > self.ulps else self
        return Worst(self.points + other.points, greater.ulps, greater.at)


def measure(row: Primitive, where: Iterable[tuple[float, ...]]) -> list[Worst]:
    """Return the greatest error of the value and of each partial over some operands.

    Not counted are points where the primitive raises, and partials where the value has no one slope:
    these are conventions, and have their own tests.
    """
    worst = [Worst()] * (1 + arity(row))
    for drawn in where:
        operands = tuple(x + 0.0 for x in drawn)  # exact numbers know no sign of zero
        if not all(map(math.isfinite, operands)):
            continue
        for k, got in enumerate(results(row, operands)):
            number = exact(row, operands, k)
            if number is not None:
                worst[k] = worst[k].merged(Worst(1, error_in_ulps(got, number, row.mixed), operands))
    return worst
