"""What went wrong: numbers that are not finite, and gradients that never arrive.

A graph keeps every number of a computation, so all this is read from it afterwards; nothing is run
again, and no `grad` changes.

    >>> from autograd import Value, diagnose, math
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

This file serves both twins: it uses what is public in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autograd import _modes, errors
from autograd._formula import IEEE, evaluate, parse
from autograd._kernels import KERNELS
from autograd._structures import is_value, is_variable, number_of
from autograd._wording import (
    chain_in_words,
    height,
    kernel_of,
    label,
    node_in_words,
    positions_of_parents,
    quoted,
    results,
    sweep,
)

__all__ = ["BadAdjoint", "BadValue", "Diagnosis", "Unreached", "diagnose"]


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
    order, adjoint = sweep(root, "diagnose")
    first, nan = _bad_adjoints(root, order, adjoint)
    unreached, zero = _variables(root, order, adjoint, variables if variables is not None else ())
    return Diagnosis(root, _bad_value(root, order), first, nan, unreached, zero)


# ---- values ------------------------------------------------------------------------------------------


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
    bad = [x for x in node.operands if not math.isfinite(number_of(x))]
    if math.isnan(node.data):
        bad = [x for x in bad if math.isnan(number_of(x))] or bad
    parents = set(node.parents)
    # What the result does not depend on, such as a branch not taken, is to blame only if nothing else is.
    passed_on = [x for x in bad if is_value(x) and x in parents]
    given = [x for x in bad if not is_variable(x)]
    return [x for x in passed_on or given or bad if is_value(x)]


def _cause(node: Any) -> str:
    if not node.op or node.op == "constant":
        return node.op or "leaf"
    numbers = tuple([number_of(x) for x in node.operands])
    if _plain_culprit(node) is not None:
        return "operand"
    kernel = kernel_of(node)
    if kernel is None:
        return "undefined"
    with _modes.ieee():
        now = results(kernel, numbers)[0]
    if now != node.data and not (math.isnan(now) and math.isnan(node.data)):
        return "changed"
    if kernel.is_undefined(numbers):
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
            operand, partial = positions_of_parents(node)[edge], node.partials[edge]
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


# ---- words -------------------------------------------------------------------------------------------

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
        yield f"values: {found.value.node.data!r} arose in {node_in_words(found.value.node)}"
        yield f"  {_cause_of_value_in_words(found.value)}"
        if math.isfinite(found.root.data):
            yield f"  the root is finite all the same: {found.root.data!r}"
        yield from chain_in_words(found.value.chain)
    if found.adjoint is None:
        yield "adjoints: all finite"
    for how, adjoint in (("arose", found.adjoint), ("followed", found.nan)):
        if adjoint is not None:
            operand = label(adjoint.node, adjoint.operand)
            yield f"adjoints: {adjoint.total!r} {how} at the operand {operand} of {node_in_words(adjoint.node)}"
            product = adjoint.adjoint * adjoint.partial
            factors = f"{adjoint.adjoint!r} (adjoint) * {adjoint.partial!r} (partial)"
            yield f"  {factors} = {product!r}: {_cause_of_adjoint_in_words(adjoint)}"
            yield from chain_in_words(adjoint.chain)
    for lost in found.unreached:
        yield f"{quoted(lost.name)}: no gradient: {_cause_of_no_gradient_in_words(lost)}"
    for name in found.zero:
        yield f"{quoted(name)}: the gradient is zero: paths lead there, and their sum is 0.0"
    culprits = [x.node for x in (found.value, found.adjoint, found.nan, *found.unreached) if x and x.node is not None]
    if culprits and not any(node.line for node in culprits):
        yield "source lines: none recorded; compute in a block of `with autograd.record_lines():`"


def _cause_of_value_in_words(found: BadValue) -> str:
    node = found.node
    if found.cause == "operand":
        i = _plain_culprit(node)
        assert i is not None
        return f"its operand {label(node, i)} = {node.operands[i]!r} is a plain number"
    if found.cause == "domain":
        expected = " and ".join([domain.expected for domain in KERNELS[node.op].row.domain])
        return f"its operands are finite, but outside the domain: expected {expected}"
    return _CAUSES_OF_VALUES[found.cause]


def _cause_of_adjoint_in_words(found: BadAdjoint) -> str:
    if found.cause != "partial":
        return _CAUSES_OF_ADJOINTS[found.cause].format(before=found.before)
    node, kernel = found.node, kernel_of(found.node)
    formula, reasons = "", []
    if kernel is not None:
        row, length = kernel.row, height(kernel, node.operands)
        column, first = divmod(found.operand, length)
        formula = f", {(row.textbook[1:] or row.partials)[column]},"
        names = dict(zip(row.operands, map(number_of, node.operands[first::length]), strict=True))
        reasons = [kink.reason for kink in row.kinks if evaluate(parse(kink.at), names, IEEE)]
    if not math.isfinite(node.data):
        reasons.append("the value is not finite either")
    because = "".join([f"; {reason}" for reason in reasons])
    return f"the partial by {label(node, found.operand)}{formula} is {found.partial!r} there{because}"


def _cause_of_no_gradient_in_words(found: Unreached) -> str:
    if found.cause == "detached":
        return f"{_CAUSES_OF_NO_GRADIENT[found.cause]}: {node_in_words(found.node)}"
    if found.cause != "flat":
        return _CAUSES_OF_NO_GRADIENT[found.cause]
    node, kernel = found.node, kernel_of(found.node)
    assert found.operand is not None
    where = ": its own primitive gives no partial by it"
    if kernel is not None:
        formula = kernel.row.flat[found.operand // height(kernel, node.operands)]
        where = ", but for jumps" if formula == "True" else f": {formula}"
    return f"every path is cut, the last by {node_in_words(node)}, which is flat in {label(node, found.operand)}{where}"
