r"""How near a computation came to where derivatives change: kinks, jumps and the edges of domains.

A graph keeps every number of a computation, so the program is not run again: its primitives alone
are computed anew, on both sides of such a point. No `grad` changes.

    >>> from autograd import Value, margins
    >>> x = Value(0.0, name="x")
    >>> print(*margins(abs(x - 1e-9)), sep="\n")
    abs(x = -1e-09) = 1e-09: kink at x == 0, 1e-09 away
      by x: partial -1.0 | 1.0, taken -1.0; d root -1.0 | 1.0

This file serves both twins: it uses what is public in them.
"""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from autograd import _modes
from autograd._formula import IEEE, evaluate, names_in, negate, parse
from autograd._kernels import Kernel
from autograd._structures import is_variable, number_of
from autograd._wording import (
    MOST_OPERANDS,
    height,
    kernel_of,
    label,
    node_in_words,
    positions_of_parents,
    results,
    sweep,
)

__all__ = ["Margin", "Side", "margins"]


# ---- what is found -----------------------------------------------------------------------------------


class Side(NamedTuple):
    """A primitive on one side of a kink.

    Attributes
    ----------
    value : float
        Its result.
    partials : tuple of float or None
        The partial by each operand, 0.0 where the result does not depend on it; None for constants.
    derivatives : tuple of float or None
        The partials times the adjoint: what the node would contribute to the derivatives of the root.
    """

    value: float
    partials: tuple[float | None, ...]
    derivatives: tuple[float | None, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Margin:
    """How close a node is to a point where its derivatives change; print it to read it.

    Attributes
    ----------
    node : Value
        The node.
    kind : str
        "kink", where a slope jumps; "jump", where the value does; "edge", where the domain ends.
    at : str
        The condition, in the names of the operands.
    moves : dict of int to float
        The number that each operand, by its position, would have there.
    distance : float
        How far that is, in units of the operand; for several operands, the length of the way.
    relative : float
        The distance over the greater of the numbers here and there: 1.0 if one of them is zero.
    taken : tuple of float or None
        The partial by each operand that was recorded, 0.0 where there is no edge; None for constants.
    left, right : Side
        The primitive just below and just above: with a hair's breadth taken from, or added to, the
        operand that moves. Where several move, they pass on the straight line from where they are,
        and `right` is the side they come from.
    """

    node: Any
    kind: str
    at: str
    moves: dict[int, float]
    distance: float
    relative: float
    taken: tuple[float | None, ...]
    left: Side
    right: Side

    def __repr__(self) -> str:
        return "\n".join(_margin_in_words(self))


# ---- margins -----------------------------------------------------------------------------------------


def margins(root: Any, within: float = math.inf) -> list[Margin]:
    """List the kinks, jumps and edges of domains that the nodes behind a root are close to.

    Parameters
    ----------
    root : Value
        The result whose derivatives are in question.
    within : float
        The greatest distance to list, in units of the operands.

    Returns
    -------
    list of Margin
        The closest first. For each node on which the root depends: the places in the table of
        primitives where its partials or its value change, where the operands that are Values
        could move to, and the partials on both sides.

    Notes
    -----
    Branches of Python code, such as ``if x > 0``, leave no trace in the graph, and a comparison as
    the condition of `where` is recorded as true or false: how close they were is not known. An
    own primitive does not say where its kinks are. The numbers of leaves are those they hold now.

    Examples
    --------
    >>> from autograd import Value, margins, math
    >>> a, b = Value(2.0, name="a"), Value(2.5, name="b")
    >>> (closest,) = margins(3.0 * math.maximum(a, b))
    >>> closest
    maximum('a' = 2.0, 'b' = 2.5) = 2.5: kink at x == y, 0.5 away
      by 'a': partial 0.0 | 1.0, taken 0.0; d root 0.0 | 3.0
      by 'b': partial 1.0 | 0.0, taken 1.0; d root 3.0 | 0.0
    >>> closest.distance, closest.relative, closest.right.derivatives
    (0.5, 0.2, (3.0, 0.0))
    """
    _, adjoint = sweep(root, "margins")
    found: list[Margin] = []
    with _modes.ieee():
        for node, derivative in adjoint.items():
            kernel = kernel_of(node)
            if kernel is not None and (kernel.row.kinks or kernel.row.domain):
                found += _margins(_Here(node, kernel), derivative, within)
    return sorted(found, key=lambda margin: margin.distance)


def _margins(here: _Here, adjoint: float, within: float) -> Iterator[Margin]:
    seen = set()
    for at, moves, outside in (*_kinks(here), *_edges(here)):
        distance = math.hypot(*[there - here.numbers[i] for i, there in moves.items()])
        key = frozenset(moves.items())
        if not distance <= within or math.isinf(distance) or key in seen:
            continue
        below, there, above, steps = here.around(moves)
        left, right = _side(here, below, adjoint), _side(here, above, adjoint)
        if outside is not None:
            kind = "edge"
            changes = any(evaluate(outside, here.names(numbers), IEEE) for numbers in (below, there, above))
        else:
            kind = "jump" if _jumps(left, right, steps) else "kink"
            changes = kind == "jump" or any(x != y for x, y in zip(left.partials, right.partials, strict=True))
        if changes:
            seen.add(key)
            scale = max(math.hypot(*moves.values()), math.hypot(*[here.numbers[i] for i in moves]))
            relative = distance / scale if scale else 0.0
            yield Margin(here.node, kind, at, moves, distance, relative, here.taken(), left, right)


_Numbers: TypeAlias = tuple[float, ...]


class _Here:
    """The operands of a node, as the formulas of its row see them."""

    def __init__(self, node: Any, kernel: Kernel) -> None:
        self.node, self.kernel, self.row = node, kernel, kernel.row
        self.numbers = tuple([number_of(x) for x in node.operands])
        self.moves = [is_variable(x) for x in node.operands]
        names, count, length = kernel.row.operands, len(self.numbers), height(kernel, self.numbers)
        #: The positions of the operands of each row of columns; there is one row if there are no columns.
        self.rows = [dict(zip(names, range(i, count, length), strict=True)) for i in range(length)]

    def names(self, numbers: Sequence[float]) -> dict[str, float]:
        return {name: numbers[i] for name, i in self.rows[0].items()}

    def taken(self) -> tuple[float | None, ...]:
        taken = [0.0 if moves else None for moves in self.moves]
        for i, partial in zip(positions_of_parents(self.node), self.node.partials, strict=True):
            taken[i] = partial
        return tuple(taken)

    def around(self, moves: dict[int, float]) -> tuple[_Numbers, _Numbers, _Numbers, dict[int, float]]:
        """Return the operands just below a place, there, and just above, and the steps between them."""
        if len(moves) == 1:
            ((moved, number),) = moves.items()
            twins = [i for i, x in enumerate(self.node.operands) if x is self.node.operands[moved]]
            there = dict.fromkeys(twins, number)  # the same Value twice moves twice
            steps = dict.fromkeys(twins, 2.0 * math.ulp(number))
        else:
            way = {i: self.numbers[i] - number for i, number in moves.items()}
            longest = max(map(abs, way.values()))
            size = max(2.0**-1000, 2.0 * math.ulp(max(map(abs, moves.values()))))
            there = moves
            steps = {i: x / longest * size if longest else size for i, x in way.items()}
        below, above = ({i: x + sign * steps[i] for i, x in there.items()} for sign in (-1.0, 1.0))
        return self.put(below), self.put(there), self.put(above), steps

    def put(self, numbers: Mapping[int, float]) -> _Numbers:
        return tuple([numbers.get(i, x) for i, x in enumerate(self.numbers)])


def _side(here: _Here, numbers: _Numbers, adjoint: float) -> Side:
    """Return the value and the partials at some operands, as the engine would record them."""
    kernel = here.kernel
    out, *shared = results(kernel, numbers)
    undefined = math.isnan(out) and kernel.is_undefined(numbers)
    partials: list[float | None] = [None] * len(numbers)
    derivatives = list(partials)
    for positions in here.rows:
        operands = [numbers[i] for i in positions.values()]
        constants = tuple([name for name, i in positions.items() if not here.moves[i]])
        slopes = kernel.partials(constants)(*operands, out, *shared) if not undefined else [math.nan] * len(operands)
        for i, slope in zip(positions.values(), slopes, strict=True):
            if here.moves[i]:
                partials[i] = 0.0 if slope is None else slope
                derivatives[i] = 0.0 if slope is None else adjoint * slope
    return Side(out, tuple(partials), tuple(derivatives))


def _jumps(left: Side, right: Side, steps: Mapping[int, float]) -> bool:
    """Return whether the values differ by more than the slopes and the rounding account for."""
    rises = [abs(sum([(side.partials[i] or 0.0) * step for i, step in steps.items()])) for side in (left, right)]
    return abs(right.value - left.value) > 4.0 * (max(rises) + math.ulp(right.value) + math.ulp(left.value))


# ---- where kinks and edges are: the conditions of the table, solved for one operand ------------------

#: A condition in words, the numbers that operands would have there, and, of a domain, when they are outside.
_Place: TypeAlias = tuple[str, dict[int, float], ast.expr | None]

#: With these, an equality with a floor is solved for the next whole number instead of the last.
_CEILING = {**IEEE, "floor": lambda x: IEEE["floor"](x) + 1.0}


def _kinks(here: _Here) -> Iterator[_Place]:
    """Yield where the equalities of a kink hold: all those of an ``and`` at once, and in all rows of columns."""
    for kink in here.row.kinks:
        for alternative in _terms(parse(kink.at), ast.Or):
            atoms = _terms(alternative, ast.And)
            moves: dict[int, float] = {}
            if all(_meet(here, positions, atoms, moves) for positions in here.rows) and moves:
                yield ast.unparse(alternative), moves, None


def _meet(here: _Here, positions: dict[str, int], atoms: list[ast.expr], moves: dict[int, float]) -> bool:
    """Move the operands of one row to meet the equalities; return whether the other conditions hold there."""
    names = {name: here.numbers[i] for name, i in positions.items()}
    there = dict(names)
    movable = [name for name, i in positions.items() if here.moves[i]]
    others = []
    for atom in atoms:
        is_equality = isinstance(atom, ast.Compare) and isinstance(atom.ops[0], ast.Eq)
        solved = _solve(atom, names, movable, IEEE) if is_equality else None
        if solved is None:  # such as an equality of constants, which has to hold as it is
            others.append(atom)
        else:
            name, number = solved
            moves[positions[name]] = there[name] = number
    return all(evaluate(atom, there, IEEE) for atom in others)


def _edges(here: _Here) -> Iterator[_Place]:
    """Yield where the two sides of a comparison in a domain are equal, and the domain may end."""
    depends = set(here.node.parents)
    for domain in here.row.domain:  # of one row: primitives of columns have none
        (positions,) = here.rows
        movable = [name for name, i in positions.items() if here.node.operands[i] in depends]
        inside = parse(domain.inside)
        comparisons = [atom for atom in ast.walk(inside) if isinstance(atom, ast.Compare)]
        for atom, functions in itertools.product(comparisons, (IEEE, _CEILING)):
            solved = _solve(atom, here.names(here.numbers), movable, functions)
            if solved is not None:
                yield domain.expected, {positions[solved[0]]: solved[1]}, negate(inside)


def _solve(
    atom: Any, names: Mapping[str, float], movable: Sequence[str], functions: Mapping[str, Callable[..., Any]]
) -> tuple[str, float] | None:
    """Return an operand that can move, and the number at which the two sides of a comparison are equal."""
    sides = [atom.left, atom.comparators[0]]
    for side, other in (sides, reversed(sides)):
        if isinstance(side, ast.Name) and side.id in movable:
            return side.id, float(evaluate(other, names, functions))
    name = next((name for name in movable if name in names_in(atom)), None)
    if name is None:
        return None

    def gap(x: float) -> float:
        left, right = [float(evaluate(side, {**names, name: x}, functions)) for side in sides]
        return left - right

    step = gap(names[name])  # both sides have slopes of 0 or 1, up to the sign
    return name, min(names[name] - step, names[name] + step, key=lambda x: abs(gap(x)))


def _terms(tree: ast.expr, junction: type[ast.boolop]) -> list[ast.expr]:
    return tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, junction) else [tree]


# ---- words -------------------------------------------------------------------------------------------


def _margin_in_words(margin: Margin) -> Iterator[str]:
    yield f"{node_in_words(margin.node)}: {margin.kind} at {margin.at}, {margin.distance!r} away"
    by = [i for i, partial in enumerate(margin.taken) if partial is not None]
    for i in by[:MOST_OPERANDS]:
        left, right = margin.left, margin.right
        yield (
            f"  by {label(margin.node, i)}: partial {left.partials[i]!r} | {right.partials[i]!r},"
            f" taken {margin.taken[i]!r}; d root {left.derivatives[i]!r} | {right.derivatives[i]!r}"
        )
    if len(by) > MOST_OPERANDS:
        yield f"  by {len(by) - MOST_OPERANDS} more"
    if margin.kind == "jump":
        yield f"  the value jumps: {margin.left.value!r} | {margin.right.value!r}"
