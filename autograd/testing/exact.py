"""The rows of the table of primitives in exact arithmetic.

The value of a row, and its partials, by the formulas that a textbook prints (the columns `textbook`,
or `value` and `partials` where these are the same), in any arithmetic that has the functions of the
formula language. Two are here: balls, which are numbers with proved bounds of their errors (Arb,
through python-flint), and mpmath's floating-point numbers of any precision.

This file knows nothing of graphs.
"""

from __future__ import annotations

import ast
import copy
import functools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
from flint import acb, arb, arb_series, ctx

from autograd._formula import FUNCTIONS, IEEE, compile_function, names_in, parse
from autograd.primitives import PRIMITIVES, Primitive

__all__ = ["BALLS", "MPMATH", "Arithmetic", "Ball", "Column", "UndecidedError", "columns_of", "is_kinked"]


class UndecidedError(ArithmeticError):
    """What has to be known is not: a ball holds numbers on both sides of a comparison."""


class Ball:
    """A real number known to lie in an interval; comparisons that it cannot decide raise `UndecidedError`."""

    __slots__ = ("arb",)

    arb: arb

    def __init__(self, number: Any) -> None:
        self.arb = number.arb if type(number) is Ball else arb(number)

    def __repr__(self) -> str:
        return f"Ball({self.arb})"

    def __add__(self, other: Any) -> Ball:
        return _of(self.arb + _arb(other))

    def __sub__(self, other: Any) -> Ball:
        return _of(self.arb - _arb(other))

    def __mul__(self, other: Any) -> Ball:
        return _of(self.arb * _arb(other))

    def __truediv__(self, other: Any) -> Ball:
        return _of(self.arb / _arb(other))

    def __radd__(self, other: Any) -> Ball:
        return _of(_arb(other) + self.arb)

    def __rsub__(self, other: Any) -> Ball:
        return _of(_arb(other) - self.arb)

    def __rmul__(self, other: Any) -> Ball:
        return _of(_arb(other) * self.arb)

    def __rtruediv__(self, other: Any) -> Ball:
        return _of(_arb(other) / self.arb)

    def __pow__(self, other: Any) -> Ball:
        return _of(self.arb ** _arb(other))

    def __neg__(self) -> Ball:
        return _of(-self.arb)

    def __abs__(self) -> Ball:
        return _of(abs(self.arb))

    def __lt__(self, other: Any) -> bool:
        return _decided(self.arb < _arb(other), self.arb >= _arb(other))

    def __le__(self, other: Any) -> bool:
        return _decided(self.arb <= _arb(other), self.arb > _arb(other))

    def __gt__(self, other: Any) -> bool:
        return _decided(self.arb > _arb(other), self.arb <= _arb(other))

    def __ge__(self, other: Any) -> bool:
        return _decided(self.arb >= _arb(other), self.arb < _arb(other))

    def __eq__(self, other: object) -> bool:
        return _decided(self.arb == _arb(other), self.arb != _arb(other))

    __hash__ = None  # type: ignore[assignment]


def _arb(x: Any) -> arb:
    return x.arb if type(x) is Ball else x


def _of(number: arb) -> Ball:
    ball: Ball = object.__new__(Ball)
    ball.arb = number
    return ball


def _decided(yes: bool, no: bool) -> bool:
    if yes or no:
        return yes
    raise UndecidedError


# ---- the formula language ----------------------------------------------------------------------------


class Column(list[Any]):
    """The numbers of one operand of a primitive that takes any number of them."""

    def __mul__(self, other: Any) -> Column:
        return Column(map(operator.mul, self, other))


def _over_columns(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of numbers that serves columns of them, too."""

    def of_either(*operands: Any) -> Any:
        return Column(map(function, *operands)) if type(operands[0]) is Column else function(*operands)

    return of_either


def _language(own: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return the functions of the formula language over numbers that bring `own` functions.

    These numbers know no sign of zero.
    """
    exp, floor, log, sqrt = (own[name] for name in ("exp", "floor", "log", "sqrt"))

    def copysign(x: Any, y: Any) -> Any:
        return abs(x) if y >= 0 else -abs(x)

    def remainder(x: Any, y: Any) -> Any:
        quotient = x / y
        nearest = floor(quotient + 0.5)
        odd = floor(nearest / 2) * 2 != nearest
        return x - y * (nearest - 1 if odd and nearest - quotient == 0.5 else nearest)

    def total(column: Sequence[Any]) -> Any:
        return functools.reduce(operator.add, column, 0.0)

    power: Callable[..., Any] = own.get("pow", operator.pow)
    language: dict[str, Callable[..., Any]] = {
        **own,
        "abs": abs,
        "cbrt": lambda x: copysign(exp(log(abs(x)) / 3), x) if x != 0 else x,
        "copysign": copysign,
        "divide": operator.truediv,
        "erfinv_slope": lambda x, out: sqrt(own["atan"](1)) * exp(out * out),
        "exp2": lambda x: exp(x * log(2)),
        "exp_of_minus_square": lambda x: exp(-x * x),
        "fma": lambda x, y, z: x * y + z,
        "fmod": lambda x, y: x - y * copysign(floor(abs(x / y)), x / y),
        "ldexp": lambda x, n: x * (power(2, n) if floor(n) == n else math.nan),
        "log10": lambda x: log(x) / log(10),
        "log2": lambda x: log(x) / log(2),
        "pow": power,
        "remainder": remainder,
    }
    over_columns = {name: _over_columns(function) for name, function in language.items()}
    return over_columns | {
        "fsum": total,
        "hypot": lambda column: sqrt(total(column * column)),
        "max": max,
        "sum": total,
        "sumprod": lambda x, y: total(x * y),
    }


def _of_balls(function: Callable[..., arb]) -> Callable[..., Ball]:
    return lambda *operands: _of(function(*[arb(_arb(x)) for x in operands]))


def _power(x: arb, y: arb) -> arb:
    if x != 0 or not (y.is_exact() and y.is_integer() and 0 <= y < 1000):
        return x**y
    power, n = arb(1), int(y.unique_fmpz() or 0)  # Arb has no power of a ball that holds 0
    while n:
        power, x, n = power * x if n % 2 else power, x * x, n // 2
    return power


def _floor(x: arb) -> arb:
    if (floor := x.floor()).is_exact():
        return floor
    raise UndecidedError


def _polygamma(n: arb, x: arb) -> arb:
    """Return polygamma(n, x); left of 0 by reflection, where Arb would go in steps of one."""
    if x > 0 and 0 <= n <= 150 and n.is_integer():
        return acb(x).polygamma(acb(n)).real
    if not (x < 1 and 0 <= n <= 150 and n.is_integer()):
        return arb("nan")
    order = int(n.unique_fmpz() or 0)
    cap, ctx.cap = ctx.cap, order + 2  # the greatest length of all series
    try:
        slopes = arb_series([x, 1], prec=order + 1).cot_pi()
    finally:
        ctx.cap = cap
    reflected: arb = (-1) ** order * _polygamma(n, 1 - x) - arb.pi() * slopes[order] * n.fac()
    return reflected


def _lgamma(x: arb) -> arb:
    return x.lgamma() if x > 0 else (arb.pi() / abs(x.sin_pi())).log() - (1 - x).lgamma()


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """Numbers of any precision, and the formula language over them.

    Attributes
    ----------
    number : callable
        Makes a number of a float.
    functions : mapping of str to callable
        The functions of the language.
    pi : callable
        Returns pi, to the precision at work.
    workprec : callable
        Returns a ``with`` block of another precision, given its number of bits.
    """

    number: Callable[[Any], Any]
    functions: Mapping[str, Callable[..., Any]]
    pi: Callable[[], Any]
    workprec: Callable[[int], Any]

    def value(self, row: Primitive, operands: Sequence[Any]) -> Any:
        """Return the value of a row at numbers of this arithmetic; columns stand one after another."""
        parts = columns_of(row, operands) if row.columns else operands
        return self.number(self._compiled(row.name, 0)(*parts, None, self.pi())[0])

    def partial(self, row: Primitive, i: int, operands: Sequence[Any], out: Any) -> Any:
        """Return the partial by the i-th operand, where there is an edge and no kink; `out` is the value there."""
        height = len(operands) // len(row.operands)
        column, row_of_columns = divmod(i, height)
        return self.number(self._compiled(row.name, 1 + column)(*operands[row_of_columns::height], out, self.pi())[0])

    def is_flat(self, row: Primitive, i: int, operands: Sequence[Any], constants: Sequence[bool]) -> bool:
        """Return whether the value does not depend on the i-th operand, given which operands are constants."""
        height = len(operands) // len(row.operands)
        column, row_of_columns = divmod(i, height)
        names = zip(row.operands, constants[row_of_columns::height], strict=True)
        held = tuple([name for name, is_constant in names if is_constant])
        flat: bool = self._compiled_flat(row.name, column, held)(*operands[row_of_columns::height])[0]
        return flat

    @functools.cache  # noqa: B019  (there are two arithmetics, for good)
    def _compiled_flat(self, name: str, column: int, constants: tuple[str, ...]) -> Callable[..., tuple[bool]]:
        row = PRIMITIVES[name]
        formula = _WithFloor().visit(copy.deepcopy(parse(row.flat[column] if row.flat else "False")))
        return compile_function(name, row.operands, [(formula, None)], row.let, constants, self.functions)

    @functools.cache  # noqa: B019
    def _compiled(self, name: str, k: int) -> Callable[..., tuple[Any]]:
        row = PRIMITIVES[name]
        formula = _WithFloor().visit(copy.deepcopy(parse((row.textbook or (row.value, *row.partials))[k])))
        parameters = [*row.operands, "out", "pi"]
        return compile_function(name, parameters, [(formula, None)], row.let, functions=self.functions)


class _WithFloor(ast.NodeTransformer):
    """Write // and %, which these numbers lack, with floor."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        floor = ast.Call(ast.Name("floor"), [ast.BinOp(node.left, ast.Div(), node.right)], [])
        match node.op:
            case ast.FloorDiv():
                return floor
            case ast.Mod():
                return ast.BinOp(node.left, ast.Sub(), ast.BinOp(node.right, ast.Mult(), floor))
        return node


def columns_of(row: Primitive, operands: Sequence[Any]) -> list[Column]:
    """Return the operands of a primitive of columns, column by column."""
    height = len(operands) // len(row.operands)
    return [Column(operands[k * height : (k + 1) * height]) for k in range(len(row.operands))]


def is_kinked(
    row: Primitive, i: int, operands: Sequence[Any], moves: Sequence[bool], arithmetic: Arithmetic | None = None
) -> bool:
    """Return whether the value has no one slope by the i-th operand there, so that a convention holds.

    `moves` tells which operands are variables: a kink is none if it takes the others to get away from it. Where
    a kink's slopes are NaN for some operands only, the others have ordinary slopes there. The operands are floats,
    or numbers of an arithmetic.
    """
    height = len(operands) // len(row.operands)
    for kink, (holds, columns) in zip(row.kinks, _kinks(row.name, arithmetic), strict=True):
        taken = [slope.strip() for slope in kink.taken.split(";")[0].split(",")]
        is_ordinary = "nan" in taken and i // height < len(taken) and taken[i // height] != "nan"
        is_movable = any(moves[k] for column in columns for k in range(column * height, (column + 1) * height))
        if is_movable and not is_ordinary and all(holds(*operands[k::height])[0] for k in range(height)):
            return True
    return False


@functools.cache
def _kinks(name: str, arithmetic: Arithmetic | None) -> list[tuple[Callable[..., tuple[bool]], list[int]]]:
    """Return, for each kink of a row, whether it holds at some operands, and which columns it speaks of."""
    row = PRIMITIVES[name]
    functions = IEEE if arithmetic is None else arithmetic.functions
    trees = [_WithFloor().visit(copy.deepcopy(parse(kink.at))) if arithmetic else parse(kink.at) for kink in row.kinks]
    return [
        (
            compile_function(name, row.operands, [(tree, None)], {}, functions=functions),
            [k for k, operand in enumerate(row.operands) if operand in names_in(tree)],
        )
        for tree in trees
    ]


_BY_ARB: dict[str, Callable[..., arb]] = {
    **{name: operator.methodcaller(name) for name in FUNCTIONS if hasattr(arb, name)},
    "atan2": arb.atan2, "floor": _floor, "lgamma": _lgamma, "polygamma": _polygamma, "pow": _power,
}  # fmt: skip
BALLS = Arithmetic(
    Ball, _language({name: _of_balls(function) for name, function in _BY_ARB.items()}), arb.pi, ctx.workprec
)
_BY_MPMATH = {name: getattr(mpmath, name) for name in FUNCTIONS if hasattr(mpmath, name)} | {
    "lgamma": lambda x: mpmath.re(mpmath.loggamma(x)),
    "polygamma": mpmath.psi,
}
MPMATH = Arithmetic(mpmath.mpf, _language(_BY_MPMATH), lambda: +mpmath.pi, mpmath.workprec)
