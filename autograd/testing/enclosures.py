"""Proved intervals for values and gradients, and the true ones to any precision.

A recorded graph is computed again in an arithmetic that knows its errors: each number becomes a ball
(Arb, through python-flint) that holds what exact arithmetic would give, and what any engine gives whose
primitives keep the budgets of the table. So the balls of the gradient hold the true gradient, and the
computed one too, if the engine is right.

    >>> from autograd import math
    >>> from autograd.testing import enclosure
    >>> print(enclosure(lambda x, y: math.exp(-x * y) + math.sin(x) / y, 1.5, 0.5))
    enclosure of <lambda>: PASS
           computed              error at most  right digits  condition
    value  2.4673565259491235    1.3e-15        15
    d/dx   -0.09470887303510153  2.6e-16        14            0.058
    d/dy   -4.6985297755277395   4.4e-15        15            0.95
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import mpmath
from flint import arb, ctx

from autograd import _modes, errors
from autograd._kernels import KERNELS, Kernel
from autograd._recorded import twin_of
from autograd._structures import is_value, is_variable, number_of
from autograd._wording import by_convention, node_in_words
from autograd.primitives import Primitive
from autograd.testing.calls import Call, name_of
from autograd.testing.certificate import budget, rounding_of_sum
from autograd.testing.exact import BALLS, Ball, UndecidedError, is_kinked
from autograd.testing.verdicts import Verdict, plain

__all__ = ["Enclosure", "Interval", "NotEnclosedError", "Replay", "enclosed", "enclosure", "true_grad"]

T = TypeVar("T")
_ROUNDING, _LEAST = 2.0**-53, 5e-324
_CORRECTLY_ROUNDED = 0.5  # ulp
#: Bits of the balls; where formulas cancel, more of them keep the balls narrow.
_PRECISIONS = (128, 1024, 4096)
_ACCURATE = 60  # bits of a ball, beyond which a higher precision cannot help: those of its operands are fewer


# ---- what is found -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """A number, and an interval that holds the true one.

    Attributes
    ----------
    computed : float
        What the engine found.
    low, high : float
        The ends of the interval, rounded outwards.
    condition : float
        Of a derivative: by how many relative units the value changes for one of this input; NaN where one of
        them is 0.
    """

    computed: float
    low: float
    high: float
    condition: float = math.nan

    @property
    def error(self) -> float:
        """The greatest possible distance of the computed number from the true one."""
        if not math.isfinite(self.computed):
            return math.inf
        return max(self.high - self.computed, self.computed - self.low)

    @property
    def digits(self) -> int:
        """How many significant decimal digits of the computed number can be trusted."""
        if self.error <= 0.0:
            return 17
        if not self.error < abs(self.computed):
            return 0
        return min(17, math.floor(-math.log10(self.error / abs(self.computed))))


@dataclass(frozen=True)
class Enclosure:
    """Proved intervals for a value and its gradient; print it to read it.

    Attributes
    ----------
    verdict : Verdict
        PASS; UNDECIDED where there is no proof, with the reason, and the intervals are all numbers; FAIL where
        a computed number is outside its interval.
    reason : str
        Why it is undecided, or which number failed; else empty.
    value : Interval
    gradient : Interval, or the structure of them that the argument has, or the tuple of these
    intervals : tuple of Interval
        The value's, then those of the gradient one after another.
    """

    verdict: Verdict
    reason: str
    value: Interval
    gradient: Any
    intervals: tuple[Interval, ...]
    _lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self._lines)


# ---- enclosures --------------------------------------------------------------------------------------


def enclosure(f: Callable[..., Any], *args: Any) -> Enclosure:
    """Compute a function and its gradient, and intervals that are proved to hold the true ones.

    Parameters
    ----------
    f : callable
        Returns one number.
    *args : structures of numbers
        Its arguments: numbers, or nested lists, tuples, dicts and NumPy arrays of them, taken as exact.

    Returns
    -------
    Enclosure

    Notes
    -----
    The proof is of the operations that were recorded: of a branch of Python code, such as ``if x > 0``, it
    knows the side that was taken. It rests on the budgets of the table of primitives, which are measured
    (docs/accuracy.md), and on Arb. Takes some 50 microseconds a node.

    Undecided are programs whose intervals hold a kink, a jump or the end of a domain; whose numbers
    overflow; and own primitives, of which the table knows nothing.
    """
    call = Call("enclosure", f, args)
    return enclosed(call, name_of(f))


def enclosed(call: Call, name: str) -> Enclosure:
    """Return the enclosure of the graph of a call."""
    root, variables = call.root, call.variables
    computed = [0.0] * len(variables)
    balls: list[Any] = [arb(0)] * len(variables)
    value, reason, verdict = arb(number_of(root)), "", Verdict.PASS
    if not math.isfinite(number_of(root)):
        verdict, reason = Verdict.UNDECIDED, f"not finite: the value is {number_of(root)!r}"
        value, balls = arb("+/- inf"), [arb("+/- inf")] * len(variables)
    elif is_value(root):
        computed = [x or 0.0 for x in twin_of(root).adjoints({root: 1.0}, variables)]
        try:
            with ctx.workprec(_PRECISIONS[0]), _modes.ieee():
                found = Replay(root)
                value, balls = found.values[root].arb, [found.adjoints.get(x, arb(0)) for x in variables]
        except NotEnclosedError as error:
            verdict, reason = Verdict.UNDECIDED, str(error)
            value, balls = arb("+/- inf"), [arb("+/- inf")] * len(variables)
    out = float(number_of(root))
    intervals = [
        _interval(number, ball, x / out * number if x and number and out else math.nan)
        for number, ball, x in zip(computed, balls, call.numbers, strict=True)
    ]
    of_value = _interval(out, value)
    names = ["value", *(f"d/d{name}" for name in call.names)]
    for name_of_number, ball, interval in zip(names, [value, *balls], [of_value, *intervals], strict=True):
        if not ball.contains(arb(interval.computed)) and verdict is Verdict.PASS:
            verdict, reason = Verdict.FAIL, f"the computed {name_of_number} is outside its interval"
    lines = (f"enclosure of {name}: {verdict}{f': {reason}' if reason else ''}", *_table(names, [of_value, *intervals]))
    return Enclosure(verdict, reason, of_value, call.rebuild(intervals), (of_value, *intervals), lines)


def _interval(computed: float, ball: arb, condition: float = math.nan) -> Interval:
    low, high = (
        math.nextafter(float(end), side) for end, side in ((ball.lower(), -math.inf), (ball.upper(), math.inf))
    )
    if ball.rad() == 0 and arb(computed) == ball:
        low = high = computed
    return Interval(computed, low, high, condition)


def _table(names: Sequence[str], intervals: Sequence[Interval]) -> Iterator[str]:
    rows = [("", "computed", "error at most", "right digits", "condition")]
    for name, x in zip(names, intervals, strict=True):
        condition = "" if math.isnan(x.condition) else f"{abs(x.condition):.2g}"
        rows.append((name, repr(x.computed), f"{x.error:.1e}", str(x.digits), condition))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


class NotEnclosedError(ArithmeticError):
    """There is no proof; the text says why."""


class Replay:
    """A graph in balls, that hold the true numbers and those that any engine within the budgets computes.

    Attributes
    ----------
    values : dict of Value to Ball
    adjoints : dict of Value to arb
        Of the nodes that the root depends on.

    Raises
    ------
    NotEnclosedError
        Where there is no proof; the text says why.
    """

    def __init__(self, root: Any) -> None:
        order = twin_of(root).ancestors(root)
        self.values: dict[Any, Ball] = {}
        self.partials: dict[Any, list[tuple[Any, arb]]] = {}
        for node in order:
            if not math.isfinite(node.data):
                raise NotEnclosedError(f"not finite: {node_in_words(node)}")
            if not node.op or node.op == "constant":
                self.values[node] = Ball(node.data)
            else:
                self._node(node)
        self.adjoints: dict[Any, arb] = {root: arb(1)}
        for node in reversed(order):
            for parent, partial in self.partials.get(node, ()) if node in self.adjoints else ():
                term = _rounded(self.adjoints[node] * partial)
                self.adjoints[parent] = _rounded(self.adjoints[parent] + term) if parent in self.adjoints else term

    def _node(self, node: Any) -> None:
        kernel = KERNELS.get(node.op)
        if kernel is None or node.primitive is not None:
            raise NotEnclosedError(f"{plain(node.op)} is an own primitive, of which the table knows no formula")
        row = kernel.row
        numbers = tuple([number_of(x) for x in node.operands])
        operands = [self.values[x] if is_value(x) else Ball(x) for x in node.operands]
        moves = [is_variable(x) for x in node.operands]
        for i, is_moving in enumerate(moves):
            if is_moving and is_kinked(row, i, numbers, moves):
                raise NotEnclosedError(f"a kink: {node_in_words(node)}")
        exact = _narrow(node, lambda: BALLS.value(row, operands))
        self.values[node] = Ball(_widened(exact.arb, row, 0, operands))
        constants = [not is_moving for is_moving in moves]
        edges = []
        for i, recorded in enumerate(by_convention(kernel, node.operands, numbers)[1]):
            if constants[i]:
                continue
            is_flat = _decided(node, BALLS.is_flat, row, i, operands, constants)
            if is_flat != (recorded is None):
                raise NotEnclosedError(_kink_within(node))
            if not is_flat:
                slope = _narrow(node, BALLS.partial, row, i, operands, exact)
                edges.append((node.operands[i], _widened(slope.arb, row, 1 + i, operands)))
        self.partials[node] = edges


def _kink_within(node: Any) -> str:
    return f"a kink, a jump or the end of a domain is within the bounds of errors: {node_in_words(node)}"


def _decided(node: Any, question: Callable[..., T], *operands: Any) -> T:
    try:
        return question(*operands)
    except UndecidedError:
        raise NotEnclosedError(_kink_within(node)) from None


def _narrow(node: Any, function: Callable[..., Ball], *operands: Any) -> Ball:
    """Return a ball, computed with more bits if that makes it narrower."""
    narrowest = None
    for bits in _PRECISIONS:
        with ctx.workprec(bits):
            ball = _decided(node, function, *operands)
        if ball.arb.is_finite() and (narrowest is None or ball.arb.rad() < narrowest.arb.rad()):
            narrowest = ball
        if ball.arb.is_finite() and ball.arb.rel_accuracy_bits() > _ACCURATE:
            break
    if narrowest is None:
        raise NotEnclosedError(_kink_within(node))
    return narrowest


def _widened(exact: arb, row: Primitive, k: int, operands: Sequence[Ball]) -> arb:
    """Return a ball with the numbers of any engine that keeps the budget of a row: of its value for k = 0."""
    if row.ulps[min(k, 1)] <= _CORRECTLY_ROUNDED and not row.columns and _is_float(exact):
        return exact
    size = _greatest(exact)
    allowed = arb(budget(row, k, operands)) * math.ulp(max(size, 1.0) if row.mixed else size)
    if k == 0:
        allowed = allowed.max(arb(rounding_of_sum(row, [_greatest(x.arb) for x in operands])))
    return exact + arb(0, allowed)


def _rounded(exact: arb) -> arb:
    return exact if _is_float(exact) else exact + arb(0, _greatest(exact) * _ROUNDING + _LEAST)


def _is_float(exact: arb) -> bool:
    """Return whether a ball is one float: whatever is rounded correctly is not rounded there."""
    return bool(exact.is_exact() and arb(float(exact)) == exact)


def _greatest(ball: arb) -> float:
    """Return the greatest absolute value in a ball."""
    size = math.nextafter(float(ball.abs_upper()), math.inf)
    if size == math.inf:
        raise NotEnclosedError("numbers within the bounds of errors are beyond the floats")
    return size


# ---- the truth ---------------------------------------------------------------------------------------

_TRUE = 64  # bits of a derivative that are known when it is returned
_MOST_BITS = 2**15
_NOTHING = 4000  # a sum this many bits smaller than its terms is 0


def true_grad(f: Callable[..., Any], *args: Any) -> Any:
    """Compute the gradient that exact arithmetic would give.

    Parameters
    ----------
    f : callable
        Returns one number.
    *args : structures of numbers
        Its arguments, taken as exact.

    Returns
    -------
    mpmath.mpf, or the structure of them that the argument has, or the tuple of these
        Good to 60 bits or more, which is proved: the precision of balls is doubled until they are that narrow.

    Raises
    ------
    DomainError
        Where the gradient is not finite, or no precision tells on which side of a kink it is; and where it goes
        through an own primitive, of which the table knows no formula.

    Notes
    -----
    The operations are those that were recorded: a branch of Python code is the side that was taken. At a kink
    of a primitive, where the exact numbers and not only their floats are there, its convention holds.
    """
    call = Call("true_grad", f, args)
    if not is_value(call.root):
        return call.rebuild([mpmath.mpf(0)] * len(call.variables))
    order = twin_of(call.root).ancestors(call.root)
    where, precision = call.root, 128
    while precision <= _MOST_BITS:
        with ctx.workprec(precision), _modes.ieee():
            try:
                adjoints, sizes = _true_adjoints(order)
                found = [_settled(adjoints.get(x, arb(0)), sizes.get(x, arb(0))) for x in call.variables]
            except _UnsettledError as error:
                where, found = error.args[0], [None]
        if None not in found:
            with mpmath.workprec(precision):
                return call.rebuild([mpmath.mpf(tuple(map(int, ball.man_exp()))) for ball in found if ball is not None])
        precision *= 2
    raise errors.DomainError(
        f"true_grad: expected a finite gradient that {_MOST_BITS} bits settle, got none at {node_in_words(where)}"
    )


class _UnsettledError(ArithmeticError):
    """A precision is too low; the node is the argument."""


def _settled(ball: arb, size: arb) -> arb | None:
    """Return the middle of a ball if it is narrow enough, 0 if it is nothing beside the terms it is the sum of."""
    if ball.is_exact() or ball.rel_accuracy_bits() >= _TRUE:
        return ball.mid()
    return arb(0) if abs(ball) <= size * arb(2) ** -_NOTHING else None


def _true_adjoints(order: Sequence[Any]) -> tuple[dict[Any, arb], dict[Any, arb]]:
    """Return the adjoints at the precision at work, and the sums of the absolute values of their terms."""
    values: dict[Any, Ball] = {}
    edges: dict[Any, list[tuple[Any, arb]]] = {}
    for node in order:
        if not node.op or node.op == "constant":
            values[node] = Ball(node.data)
            continue
        kernel = KERNELS.get(node.op)
        if kernel is None or node.primitive is not None:
            raise errors.DomainError(f"true_grad: expected primitives of the table, got {node_in_words(node)}")
        operands = [values[x] if is_value(x) else Ball(x) for x in node.operands]
        try:
            values[node] = BALLS.value(kernel.row, operands)
            edges[node] = _true_edges(node, kernel, operands, values[node])
        except UndecidedError:
            raise _UnsettledError(node) from None
        if not all(ball.is_finite() for ball in (values[node].arb, *(partial for _, partial in edges[node]))):
            raise _UnsettledError(node)
    adjoint, size = {order[-1]: arb(1)}, {order[-1]: arb(1)}
    for node in reversed(order):
        for parent, partial in edges.get(node, ()) if node in adjoint else ():
            adjoint[parent] = adjoint.get(parent, arb(0)) + adjoint[node] * partial
            size[parent] = size.get(parent, arb(0)) + size[node] * abs(partial)
    return adjoint, size


def _true_edges(node: Any, kernel: Kernel, operands: Sequence[Ball], out: Ball) -> list[tuple[Any, arb]]:
    row, moves = kernel.row, [is_variable(x) for x in node.operands]
    constants = [not is_moving for is_moving in moves]
    edges = []
    for i, x in enumerate(node.operands):
        if not moves[i]:
            continue
        if is_kinked(row, i, operands, moves, BALLS):
            taken = by_convention(kernel, node.operands, tuple(map(number_of, node.operands)))[1][i]
            edges.append((x, arb(0.0 if taken is None else taken)))
        elif not BALLS.is_flat(row, i, operands, constants):
            edges.append((x, BALLS.partial(row, i, operands, out).arb))
    return edges
