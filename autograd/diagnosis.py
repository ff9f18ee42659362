r"""What went wrong, or nearly: non-finite numbers, gradients that never arrive, kinks close by.

A graph keeps every number of a computation, so all this is read from it afterwards; nothing is run
again, and no `grad` changes.

    >>> from autograd import Value, diagnose, margins, math
    >>> x = Value(0.0, name="x")
    >>> diagnose(math.sqrt(x * x), {"x": x})
    values: all finite
    adjoints: inf arose at the operand x of sqrt(x = 0.0) = 0.0
      1.0 (adjoint) * inf (partial) = inf: the partial by x, 1 / (2 * sqrt(x)), is inf there
      the chain to the root:
        mul('x' = 0.0, 'x' = 0.0) = 0.0
        sqrt(x = 0.0) = 0.0
    adjoints: nan followed at the operand 'x' of mul('x' = 0.0, 'x' = 0.0) = 0.0
      inf (adjoint) * 0.0 (partial) = nan: zero times infinity has no value; take a form without it
      the chain to the root:
        leaf 'x' = 0.0
        mul('x' = 0.0, 'x' = 0.0) = 0.0
        sqrt(x = 0.0) = 0.0
    source lines: none recorded; compute in a block of `with autograd.record_lines():`
    >>> print(*margins(abs(x - 1e-9)), sep="\n")
    abs(x = -1e-09) = 1e-09: kink at x == 0, 1e-09 away
      by x: partial -1.0 | 1.0, taken -1.0; d root -1.0 | 1.0

This file serves both twins: it uses what is public in them.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from autograd import _modes, errors
from autograd._formula import IEEE, evaluate, names_in, negate, parse
from autograd._kernels import KERNELS, Kernel
from autograd._recorded import twin_of
from autograd._structures import is_value
from autograd.primitives import Primitive

__all__ = ["BadAdjoint", "BadValue", "Diagnosis", "Margin", "Side", "Unreached", "diagnose", "margins"]


# ---- what is found -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class BadValue:
    """Where a value that is not finite came into a graph.

    Attributes
    ----------
    node : Value
        The first node that holds such a number, before it passed on to others.
    cause : str
        How it arose: "leaf" or "constant", given from outside; "operand", a plain number among the
        operands; of finite operands, "domain", outside the domain, "overflow", too large for a
        float, or "undefined", for another reason; "changed" where a leaf among the operands has
        another number by now, so that the one that led here is lost.
    chain : tuple of Value
        The nodes on a shortest path from it to the root, both included.
    """

    node: Any
    cause: str
    chain: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class BadAdjoint:
    """The edge on which an adjoint ceased to be finite, or became NaN.

    Attributes
    ----------
    node : Value
        The node whose adjoint was passed on.
    operand : int
        The position of the operand that received it.
    adjoint, partial : float
        The two factors: d root / d node, and d node / d operand.
    before, total : float
        The adjoint of the operand before their product was added, and after.
    cause : str
        "partial", which is itself infinite or NaN; "zero times infinity"; "overflow" of the product
        of finite factors; "overflow of the sum"; "inf - inf", from two paths.
    chain : tuple of Value
        The operand, the node, and so on by a shortest path to the root.
    """

    node: Any
    operand: int
    adjoint: float
    partial: float
    before: float
    total: float
    cause: str
    chain: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Unreached:
    """A variable that no path of derivatives leads to.

    Attributes
    ----------
    name : str
        What the variable is called.
    variable : Value
        The variable.
    cause : str
        "absent", the root was not computed from it; "detached", nor was it, but from a constant of
        its name; "constant", it is one itself; "flat", each path meets an operand on which a
        primitive does not depend around this point.
    node : Value or None
        The constant of its name, or the youngest node that cuts a path.
    operand : int or None
        The position of the flat operand in that node.
    """

    name: str
    variable: Any
    cause: str
    node: Any = None
    operand: int | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis:
    """What `diagnose` found; print it to read it.

    Attributes
    ----------
    root : Value
        The node that was diagnosed.
    value : BadValue or None
        The first value that is not finite.
    adjoint : BadAdjoint or None
        The first adjoint that is not finite, in the order of the backward sweep.
    nan : BadAdjoint or None
        The first adjoint that is NaN, where the one before was infinite.
    unreached : tuple of Unreached
        The variables without a gradient.
    zero : tuple of str
        The names of those that have one, and it is zero.
    """

    root: Any
    value: BadValue | None
    adjoint: BadAdjoint | None
    nan: BadAdjoint | None
    unreached: tuple[Unreached, ...]
    zero: tuple[str, ...]

    def __repr__(self) -> str:
        return "\n".join(_diagnosis_in_words(self))


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


# ---- diagnose ----------------------------------------------------------------------------------------


def diagnose(root: Any, variables: Mapping[str, Any] | Iterable[Any] | None = None) -> Diagnosis:
    """Tell where values and adjoints ceased to be finite, and which variables got no gradient.

    Parameters
    ----------
    root : Value
        The result to look into, such as a loss.
    variables : mapping of str to Value, or iterable of Value, optional
        Which variables should have a gradient.

    Returns
    -------
    Diagnosis
        Its text says it all; its attributes are for programs.

    Notes
    -----
    Where the root is not finite, the value reported is one from which such numbers pass all the way
    to the root; a branch that `where` left aside is not blamed. The numbers of leaves are those
    they hold now: diagnose before an optimiser changes them.

    Takes time and memory in proportion to the number of nodes, whatever the depth.

    Examples
    --------
    >>> from autograd import Value, diagnose, ieee, math
    >>> p, q = Value(1000.0, name="p"), Value(2.0, name="q")
    >>> with ieee():
    ...     loss = math.exp(p) - math.relu(-q)
    >>> diagnose(loss, [p, q, Value(1.0, name="r")])
    values: inf arose in exp('p' = 1000.0) = inf
      its operands are finite: the result is too large for a float
      the chain to the root:
        exp('p' = 1000.0) = inf
        sub(x = inf, y = 0.0) = inf
    adjoints: inf arose at the operand 'p' of exp('p' = 1000.0) = inf
      1.0 (adjoint) * inf (partial) = inf: the partial by 'p', exp(x), is inf there; the value is not finite either
      the chain to the root:
        leaf 'p' = 1000.0
        exp('p' = 1000.0) = inf
        sub(x = inf, y = 0.0) = inf
    'q': no gradient: every path is cut, the last by relu(x = -2.0) = 0.0, which is flat in x: x <= 0
    'r': no gradient: the root was not computed from it, or only from its number (.data, detach, no_grad, int)
    source lines: none recorded; compute in a block of `with autograd.record_lines():`
    """
    order, adjoint = _sweep(root, "diagnose")
    first, nan = _bad_adjoints(root, order, adjoint)
    unreached, zero = _variables(root, order, adjoint, variables if variables is not None else ())
    return Diagnosis(root, _bad_value(root, order), first, nan, unreached, zero)


def _sweep(root: Any, where: str) -> tuple[list[Any], dict[Any, float]]:
    """Return what the root was computed from, in recording order, and the adjoints of what it depends on."""
    if not is_value(root):
        raise errors.not_a_value(where, root)
    twin = twin_of(root)
    order = twin.ancestors(root)
    found = zip(order, twin.adjoints({root: 1.0}, order), strict=True)
    return order, {node: adjoint for node, adjoint in found if adjoint is not None}


def _bad_value(root: Any, order: list[Any]) -> BadValue | None:
    first = next((node for node in order if not math.isfinite(node.data)), None)
    if first is None:
        return None
    if math.isfinite(root.data):
        towards = _paths(root, _operands)
    else:
        towards = _paths(root, _culprits)
        first = next(node for node in order if node in towards)
    return BadValue(first, _cause(first), _chain(towards, first))


def _operands(node: Any) -> list[Any]:
    return [x for x in node.operands if is_value(x)]


def _culprits(node: Any) -> list[Any]:
    """Return the operands from which a number that is not finite came: they are not finite themselves."""
    bad = [x for x in node.operands if not math.isfinite(_number(x))]
    if math.isnan(node.data):
        bad = [x for x in bad if math.isnan(_number(x))] or bad
    parents = set(node.parents)
    # What the result does not depend on, such as a branch not taken, is to blame only if nothing else is.
    blamed = [x for x in bad if is_value(x) and x in parents] or [x for x in bad if not _is_variable(x)] or bad
    return [x for x in blamed if is_value(x)]


def _cause(node: Any) -> str:
    if not node.op or node.op == "constant":
        return node.op or "leaf"
    numbers = [_number(x) for x in node.operands]
    if _plain_culprit(node) is not None:
        return "operand"
    kernel = _kernel(node)
    if kernel is None:
        return "undefined"
    with _modes.ieee():
        now = _results(kernel, numbers)[0]
    if now != node.data and not (math.isnan(now) and math.isnan(node.data)):
        return "changed"
    if not kernel.row.columns and kernel.is_undefined(tuple(numbers)):
        return "domain"
    return "overflow" if math.isinf(node.data) else "undefined"


def _plain_culprit(node: Any) -> int | None:
    """Return the position of the first plain number among the operands that is not finite."""
    bad = [i for i, x in enumerate(node.operands) if not is_value(x) and not math.isfinite(x)]
    return bad[0] if bad else None


def _paths(root: Any, sources: Callable[[Any], Iterable[Any]]) -> dict[Any, Any]:
    """Return, for each node that the sources lead to from the root, the next on a shortest path back to it."""
    towards = {root: None}
    reached = [root]
    for node in reached:  # grows while it is read
        for source in sources(node):
            if source not in towards:
                towards[source] = node
                reached.append(source)
    return towards


def _chain(towards: Mapping[Any, Any], start: Any) -> tuple[Any, ...]:
    chain = [start]
    while (node := towards[chain[-1]]) is not None:
        chain.append(node)
    return tuple(chain)


# ---- adjoints ----------------------------------------------------------------------------------------


def _bad_adjoints(
    root: Any, order: list[Any], adjoint: Mapping[Any, float]
) -> tuple[BadAdjoint | None, BadAdjoint | None]:
    """Return the first adjoint that is not finite, and the first that is NaN if that was infinite."""
    if all(map(math.isfinite, adjoint.values())):
        return None, None
    towards = _paths(root, lambda node: node.parents)
    first = None
    for node, edge, before, total in _spoilt(order, adjoint):
        if first is None or math.isnan(total):
            operand, partial = _positions(node)[edge], node.partials[edge]
            cause = _cause_of_adjoint(adjoint[node], partial, total)
            chain = (node.operands[operand], *_chain(towards, node))
            found = BadAdjoint(node, operand, adjoint[node], partial, before, total, cause, chain)
            if math.isnan(total):
                return (first, found) if first is not None else (found, None)
            first = found
    return first, None


def _spoilt(order: list[Any], adjoint: Mapping[Any, float]) -> Iterator[tuple[Any, int, float, float]]:
    """Sweep once more, and yield each edge at which an adjoint ceases to be finite, or becomes NaN."""
    sums: dict[Any, float] = {}
    for node in reversed(order):
        if node not in adjoint:
            continue
        for edge, (parent, partial) in enumerate(zip(node.parents, node.partials, strict=True)):
            if math.isfinite(adjoint[parent]):
                continue
            before = sums.get(parent, 0.0)
            total = sums[parent] = before + adjoint[node] * partial
            if math.isnan(total) > math.isnan(before) or math.isfinite(total) < math.isfinite(before):
                yield node, edge, before, total


def _positions(node: Any) -> list[int]:
    """Return the position among the operands of the parent on each edge."""
    operands = enumerate(node.operands)
    return [next(i for i, x in operands if x is parent) for parent in node.parents]


def _cause_of_adjoint(adjoint: float, partial: float, total: float) -> str:
    product = adjoint * partial
    if math.isnan(product):
        return "partial" if math.isnan(partial) else "zero times infinity"
    if math.isnan(total):
        return "inf - inf"
    if math.isinf(partial):
        return "partial"
    return "overflow" if math.isinf(product) else "overflow of the sum"


# ---- variables ---------------------------------------------------------------------------------------


def _variables(
    root: Any, order: list[Any], adjoint: Mapping[Any, float], variables: Mapping[str, Any] | Iterable[Any]
) -> tuple[tuple[Unreached, ...], tuple[str, ...]]:
    named = _named(variables)
    for _, variable in named:
        if type(variable) is not type(root):
            raise errors.not_a_value("diagnose", variable)
    lost = [(name, variable) for name, variable in named if variable not in adjoint]
    constants = {node.name: node for node in order if node.op == "constant" and node.name} if lost else {}
    cuts = _cuts(order, adjoint) if lost else {}
    unreached = []
    for name, variable in lost:
        if variable.op == "constant":
            unreached.append(Unreached(name, variable, "constant"))
        elif variable in cuts:
            unreached.append(Unreached(name, variable, "flat", *cuts[variable]))
        elif variable.name in constants:
            unreached.append(Unreached(name, variable, "detached", constants[variable.name]))
        else:
            unreached.append(Unreached(name, variable, "absent"))
    return tuple(unreached), tuple([name for name, variable in named if adjoint.get(variable) == 0.0])


def _named(variables: Mapping[str, Any] | Iterable[Any]) -> list[tuple[str, Any]]:
    if isinstance(variables, Mapping):
        return [(str(name), variable) for name, variable in variables.items()]
    return [(getattr(x, "name", "") or f"variables[{i}]", x) for i, x in enumerate(variables)]


def _cuts(order: list[Any], adjoint: Mapping[Any, float]) -> dict[Any, tuple[Any, int]]:
    """Return, for each node that the root was computed from and does not depend on, the youngest cut on its way."""
    cuts: dict[Any, tuple[Any, int]] = {}
    for node in reversed(order):
        for i, x in enumerate(node.operands):
            if is_value(x) and x not in adjoint and x not in cuts:
                cuts[x] = (node, i) if node in adjoint else cuts[node]
    return cuts


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
    _, adjoint = _sweep(root, "margins")
    found: list[Margin] = []
    with _modes.ieee():
        for node, number in adjoint.items():
            kernel = _kernel(node)
            if kernel is not None and (kernel.row.kinks or kernel.row.domain):
                found += _margins(node, kernel, number, within)
    return sorted(found, key=lambda margin: margin.distance)


def _margins(node: Any, kernel: Kernel, adjoint: float, within: float) -> Iterator[Margin]:
    here = _Here(node, kernel.row)
    seen = set()
    for at, moves, outside in (*_kinks(here), *_edges(here)):
        distance = math.hypot(*[there - here.numbers[i] for i, there in moves.items()])
        key = frozenset(moves.items())
        if not distance <= within or math.isinf(distance) or key in seen:
            continue
        below, there, above, steps = here.around(moves)
        left, right = _side(here, kernel, below, adjoint), _side(here, kernel, above, adjoint)
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
            yield Margin(node, kind, at, moves, distance, relative, here.taken(), left, right)


Numbers: TypeAlias = tuple[float, ...]


class _Here:
    """The operands of a node, as the formulas of its row see them."""

    def __init__(self, node: Any, row: Primitive) -> None:
        self.node, self.row = node, row
        self.numbers = tuple([_number(x) for x in node.operands])
        self.moves = [_is_variable(x) for x in node.operands]
        length = len(self.numbers) // len(row.operands)
        #: The positions of the operands of each row of columns; there is one row if there are no columns.
        self.rows = [dict(zip(row.operands, range(i, len(self.numbers), length), strict=True)) for i in range(length)]

    def names(self, numbers: Sequence[float]) -> dict[str, float]:
        return {name: numbers[i] for name, i in self.rows[0].items()}

    def constants(self, positions: Mapping[str, int]) -> tuple[str, ...]:
        return tuple([name for name, i in positions.items() if not self.moves[i]])

    def taken(self) -> tuple[float | None, ...]:
        taken = [0.0 if moves else None for moves in self.moves]
        for i, partial in zip(_positions(self.node), self.node.partials, strict=True):
            taken[i] = partial
        return tuple(taken)

    def around(self, moves: dict[int, float]) -> tuple[Numbers, Numbers, Numbers, dict[int, float]]:
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

    def put(self, numbers: Mapping[int, float]) -> Numbers:
        return tuple([numbers.get(i, x) for i, x in enumerate(self.numbers)])


def _side(here: _Here, kernel: Kernel, numbers: tuple[float, ...], adjoint: float) -> Side:
    """Return the value and the partials at some operands, as the engine would record them."""
    out, *shared = _results(kernel, numbers)
    undefined = math.isnan(out) and not kernel.row.columns and kernel.is_undefined(numbers)
    partials: list[float | None] = [None] * len(numbers)
    derivatives = list(partials)
    for positions in here.rows:
        operands = [numbers[i] for i in positions.values()]
        found = kernel.partials(here.constants(positions))(*operands, out, *shared) if not undefined else operands
        for i, partial in zip(positions.values(), found, strict=True):
            if here.moves[i]:
                slope = math.nan if undefined else partial
                partials[i] = 0.0 if slope is None else slope
                derivatives[i] = 0.0 if slope is None else adjoint * slope
    return Side(out, tuple(partials), tuple(derivatives))


def _results(kernel: Kernel, numbers: Sequence[float]) -> tuple[float, ...]:
    """Return the value, and the sub-formulas over all rows of a primitive of columns."""
    count = len(kernel.row.operands)
    if not kernel.row.columns:
        return (kernel.value(*numbers),)
    length = len(numbers) // count
    return kernel.value_of_columns(*[list(numbers[i * length : (i + 1) * length]) for i in range(count)])


def _jumps(left: Side, right: Side, steps: Mapping[int, float]) -> bool:
    """Return whether the values differ by more than the slopes and the rounding account for."""
    rises = [abs(sum([(side.partials[i] or 0.0) * step for i, step in steps.items()])) for side in (left, right)]
    return abs(right.value - left.value) > 4.0 * (max(rises) + math.ulp(right.value) + math.ulp(left.value))


# ---- where kinks and edges are: the conditions of the table, solved for one operand ------------------------

#: A condition in words, the numbers that operands would have there, and, of a domain, when they are outside.
_Place: TypeAlias = tuple[str, dict[int, float], ast.expr | None]

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
        for atom in ast.walk(inside):
            for functions in (IEEE, _CEILING) if isinstance(atom, ast.Compare) else ():
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


# ---- nodes -------------------------------------------------------------------------------------------


def _number(x: Any) -> float:
    return x.data if is_value(x) else x  # type: ignore[no-any-return]


def _is_variable(x: Any) -> bool:
    return is_value(x) and x.op != "constant"


def _kernel(node: Any) -> Kernel | None:
    """Return the kernel of a node's primitive; None for a leaf, a constant and an own primitive."""
    return KERNELS.get(node.op) if node.primitive is None else None


# ---- words -------------------------------------------------------------------------------------------
#
# Names, lines and own primitives are the user's: they are shown as Python literals, so that no control
# character of theirs gets to a terminal.

_LONGEST_NAME = 60
_MOST_OPERANDS = 6
_MOST_NODES = 8

_CAUSES_OF_VALUES = {
    "leaf": "the leaf was given this number",
    "constant": "it is a constant, as detach and no_grad make them: what it was computed from is not recorded",
    "overflow": "its operands are finite: the result is too large for a float",
    "undefined": "its operands are finite, the result is not",
    "changed": "a leaf among its operands has changed since: the number that led to this is lost",
}

_CAUSES_OF_ADJOINTS = {
    "zero times infinity": "zero times infinity has no value; take a form without it",
    "overflow": "the product is too large for a float",
    "overflow of the sum": "with the {before!r} of other paths, the sum is too large for a float",
    "inf - inf": "with the {before!r} of other paths, the sum has no value",
}

_CAUSES_OF_NO_GRADIENT = {
    "absent": "the root was not computed from it, or only from its number (.data, detach, no_grad, int)",
    "detached": "the root was computed from a constant of its name, as detach makes them",
    "constant": "it is a constant, as detach and no_grad make them",
}


def _diagnosis_in_words(found: Diagnosis) -> Iterator[str]:
    if found.value is None:
        yield "values: all finite"
    else:
        yield f"values: {found.value.node.data!r} arose in {_node(found.value.node)}"
        yield f"  {_cause_of_value_in_words(found.value)}"
        if math.isfinite(found.root.data):
            yield f"  the root is finite all the same: {found.root.data!r}"
        yield from _chain_in_words(found.value.chain)
    if found.adjoint is None:
        yield "adjoints: all finite"
    for how, adjoint in (("arose", found.adjoint), ("followed", found.nan)):
        if adjoint is not None:
            operand = _label(adjoint.node, adjoint.operand)
            yield f"adjoints: {adjoint.total!r} {how} at the operand {operand} of {_node(adjoint.node)}"
            product = adjoint.adjoint * adjoint.partial
            factors = f"{adjoint.adjoint!r} (adjoint) * {adjoint.partial!r} (partial)"
            yield f"  {factors} = {product!r}: {_cause_of_adjoint_in_words(adjoint)}"
            yield from _chain_in_words(adjoint.chain)
    for lost in found.unreached:
        yield f"{_quoted(lost.name)}: no gradient: {_cause_of_no_gradient_in_words(lost)}"
    for name in found.zero:
        yield f"{_quoted(name)}: the gradient is zero: paths lead there, and their sum is 0.0"
    culprits = [x.node for x in (found.value, found.adjoint, found.nan, *found.unreached) if x and x.node is not None]
    if culprits and not any(node.line for node in culprits):
        yield "source lines: none recorded; compute in a block of `with autograd.record_lines():`"


def _cause_of_value_in_words(found: BadValue) -> str:
    node = found.node
    if found.cause == "operand":
        i = _plain_culprit(node)
        assert i is not None
        return f"its operand {_label(node, i)} = {node.operands[i]!r} is a plain number"
    if found.cause == "domain":
        expected = " and ".join([domain.expected for domain in KERNELS[node.op].row.domain])
        return f"its operands are finite, but outside the domain: expected {expected}"
    return _CAUSES_OF_VALUES[found.cause]


def _cause_of_adjoint_in_words(found: BadAdjoint) -> str:
    if found.cause != "partial":
        return _CAUSES_OF_ADJOINTS[found.cause].format(before=found.before)
    node, kernel = found.node, _kernel(found.node)
    formula, reasons = "", []
    if kernel is not None:
        row = kernel.row
        row_of_operand = found.operand % (len(node.operands) // len(row.operands))
        column = found.operand // (len(node.operands) // len(row.operands))
        formula = f", {(row.textbook[1:] or row.partials)[column]},"
        names = {name: _number(node.operands[i]) for name, i in _Here(node, row).rows[row_of_operand].items()}
        reasons = [kink.reason for kink in row.kinks if evaluate(parse(kink.at), names, IEEE)]
    if not math.isfinite(node.data):
        reasons.append("the value is not finite either")
    because = "".join([f"; {reason}" for reason in reasons])
    return f"the partial by {_label(node, found.operand)}{formula} is {found.partial!r} there{because}"


def _cause_of_no_gradient_in_words(found: Unreached) -> str:
    if found.cause == "detached":
        return f"{_CAUSES_OF_NO_GRADIENT[found.cause]}: {_node(found.node)}"
    if found.cause != "flat":
        return _CAUSES_OF_NO_GRADIENT[found.cause]
    node, kernel = found.node, _kernel(found.node)
    assert found.operand is not None
    where = ": its own primitive gives no partial by it"
    if kernel is not None:
        formula = kernel.row.flat[found.operand // (len(node.operands) // len(kernel.row.operands))]
        where = ", but for jumps" if formula == "True" else f": {formula}"
    return f"every path is cut, the last by {_node(node)}, which is flat in {_label(node, found.operand)}{where}"


def _margin_in_words(margin: Margin) -> Iterator[str]:
    yield f"{_node(margin.node)}: {margin.kind} at {margin.at}, {margin.distance!r} away"
    by = [i for i, partial in enumerate(margin.taken) if partial is not None]
    for i in by[:_MOST_OPERANDS]:
        left, right = margin.left, margin.right
        yield (
            f"  by {_label(margin.node, i)}: partial {left.partials[i]!r} | {right.partials[i]!r},"
            f" taken {margin.taken[i]!r}; d root {left.derivatives[i]!r} | {right.derivatives[i]!r}"
        )
    if len(by) > _MOST_OPERANDS:
        yield f"  by {len(by) - _MOST_OPERANDS} more"
    if margin.kind == "jump":
        yield f"  the value jumps: {margin.left.value!r} | {margin.right.value!r}"


def _chain_in_words(chain: tuple[Any, ...]) -> Iterator[str]:
    if len(chain) == 1:
        return
    yield "  the chain to the root:"
    half = _MOST_NODES // 2
    short = [*chain[:half], None, *chain[-half:]] if len(chain) > _MOST_NODES else chain
    for node in short:
        yield f"    {_node(node)}" if node is not None else f"    ... {len(chain) - _MOST_NODES} more"


def _node(node: Any) -> str:
    """Return a node with its operands, its number, its name and its line."""
    name = f" {_quoted(node.name)}" if node.name else ""
    line = f" at {_plain(node.line)}" if node.line else ""
    if not node.op or node.op == "constant":
        return f"{node.op or 'leaf'}{name} = {node.data!r}{line}"
    count = len(node.operands)
    shown = [f"{_label(node, i)} = {_number(node.operands[i])!r}" for i in range(min(count, _MOST_OPERANDS))]
    more = [f"and {count - _MOST_OPERANDS} more"] if count > _MOST_OPERANDS else []
    return f"{_plain(node.op)}({', '.join(shown + more)}) = {node.data!r}{name}{line}"


def _label(node: Any, i: int) -> str:
    """Return what an operand is called: by its own name, or by that of its place."""
    x, kernel = node.operands[i], _kernel(node)
    if is_value(x) and x.name:
        return _quoted(x.name)
    if kernel is None:
        return f"operand {i}"
    names = kernel.row.operands
    length = len(node.operands) // len(names)
    return f"{names[i // length]}[{i % length}]" if kernel.row.columns else names[i]


def _quoted(text: str) -> str:
    return ascii(text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "...")


def _plain(text: str) -> str:
    return ascii(text)[1:-1]
