"""The local certificate: a proof that every number of a swept graph is right.

The adjoints of a graph satisfy one equation for each node: the adjoint is the seed, or the sum over
the edges to the node's consumers of adjoint times partial. If every value, every partial and every
one of these sums is right to a few units in the last place *at the numbers stored in the graph*, the
gradient as a whole is that of a program whose operations are perturbed by no more than that: there is
nothing else that could go wrong (Griewank, Kulshreshtha and Walther, On the numerical stability of
algorithmic differentiation, Computing 94, 2012). So no tolerance has to be chosen, no condition number
enters, and what is wrong is found at the node that is wrong.

    >>> from autograd import Value, math
    >>> from autograd.testing import certify
    >>> x = Value(0.5, name="x")
    >>> y = math.tanh(x) * x
    >>> y.backward()
    >>> print(certify(y))
    certificate of 3 nodes: PASS (7 numbers checked)

This file serves both twins, and engines made of them: it uses what is public in a Value.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from flint import arb, ctx

from autograd import _modes, errors
from autograd._formula import IEEE, aggregate, evaluate
from autograd._kernels import KERNELS, Kernel
from autograd._structures import is_value, is_variable, number_of
from autograd._wording import by_convention, height, label, node_in_words, quoted
from autograd.primitives import Primitive
from autograd.testing.exact import BALLS, Ball, UndecidedError, is_kinked
from autograd.testing.ledger import OPEN, Ledger
from autograd.testing.programs import Instruction, Leaf, Program
from autograd.testing.verdicts import Finding, Report, Verdict, describe_node, exactly, plain, table

__all__ = ["budget", "certify", "has_negative_zero", "is_sum", "reached", "rounded_sum", "rounding_of_sum", "same"]

#: Bits to compute exact numbers with, until they are known well enough.
_PRECISIONS = (128, 512, 2400, 10_000)
_BEYOND = arb(2) ** 1024  # the number after the greatest float: what an overflow stands for
_ROUNDING, _LEAST = 2.0**-53, 5e-324


def certify(root: Any) -> Report:
    """Check every number of a swept graph against exact arithmetic.

    Parameters
    ----------
    root : Value
        Where the last sweep of the graph started, by ``root.backward(seed)``; the leaves' grads were zero before.

    Returns
    -------
    Report
        PASS: each value and each partial is the exact one of its primitive at the stored operands, within
        the budget of the table of primitives; operands without influence have no edge; each adjoint is
        the sum over its edges, up to the rounding of that sum. At kinks and at what is not finite, the numbers
        are those of the table's conventions.
        FAIL: a finding for each number that is not. UNDECIDED: there are own primitives, of which the table
        knows nothing, or sums that overflow on the way.

    Notes
    -----
    Takes time in proportion to the graph, some 50 microseconds a node; exact arithmetic is that of
    python-flint. A leaf's `data` must not have been assigned since the graph was recorded.

    That the graph is the program, and not another one, is not its subject: see `check_grad`.
    """
    if not is_value(root):
        raise errors.not_a_value("certify", root)
    nodes = reached(root)
    if root.op and root.grad == 0.0 and not any(node.grad for node in nodes):
        raise errors.GraphError("certify: expected a graph after a sweep, got one whose grads are 0; call backward()")
    check = _Check()
    with _modes.ieee():
        for node in _behind(root):
            check.node(node)
    check.adjoints(root, nodes)
    worst = tuple(check.ledger.worst)
    for ledger in OPEN:
        ledger.merge(worst)
    return Report(f"certificate of {len(nodes)} nodes", check.checked, tuple(check.findings), worst)


def reached(root: Any) -> list[Any]:
    """Return the nodes that a root depends on, and the root."""
    return _walk(root, lambda node: node.parents)


def _behind(root: Any) -> list[Any]:
    """Return the nodes that a root was computed from, those without influence included, and the root."""
    return _walk(root, lambda node: filter(is_value, (*node.operands, *node.parents)))


def _walk(root: Any, sources: Callable[[Any], Iterable[Any]]) -> list[Any]:
    found, waiting = {root: None}, [root]
    while waiting:
        for source in sources(waiting.pop()):
            if source not in found:
                found[source] = None
                waiting.append(source)
    return list(found)


def budget(row: Primitive, k: int, operands: Sequence[Any]) -> float:
    """Return the allowed error in ulps of a row's value, for k = 0, or of its partials.

    Of a primitive of columns the table's is that of two rows, and it grows with each.
    """
    return row.ulps[min(k, 1)] * max(1.0, len(operands) // len(row.operands) / 2 if row.columns else 1.0)


class _Check:
    """The findings so far."""

    def __init__(self) -> None:
        self.checked = 0
        self.findings: list[Finding] = []
        self.ledger = Ledger()

    def fail(self, node: Any, what: str, *rows: tuple[str, str]) -> None:
        self.findings.append(Finding(Verdict.FAIL, what, table([*describe_node(node), *rows]), node))

    def fail_alone(self, node: Any, what: str, *rows: tuple[str, str]) -> None:
        """Report a fault of one node, with the program of one operation that has it again."""
        with _modes.Mode(_modes.IEEE, on=not math.isfinite(node.data)):
            again = [line for line in _program_of(node).source().splitlines() if line]
        self.fail(node, what, *rows, *zip(["again", *[""] * len(again)], again, strict=False))

    def undecided(self, node: Any, what: str) -> None:
        self.findings.append(Finding(Verdict.UNDECIDED, what, table(describe_node(node)), node))

    # ---- values and partials -------------------------------------------------------------------------

    def node(self, node: Any) -> None:
        operands = node.operands
        if not node.op or node.op == "constant":
            if operands or node.parents or node.partials:
                self.fail(node, f"{node.op or 'a leaf'}: expected no operands and no edges")
            return
        kernel = KERNELS.get(node.op)
        if kernel is None or node.primitive is not None:
            cure = "check_grad compares it with finite differences, check_primitive takes it to the hard points"
            self.undecided(node, f"{plain(node.op)}: an own primitive, of which the table knows no formula; {cure}")
            return
        row, width = kernel.row, len(kernel.row.operands)
        if (len(operands) != width and not row.columns) or not operands or len(operands) % width:
            self.fail(node, f"{row.name}: expected {width} operand{'s' * (width > 1)}, got {len(operands)}")
            return
        numbers = tuple([number_of(x) for x in operands])
        out, partials = by_convention(kernel, operands, numbers)
        edges = {i: partial for i, partial in enumerate(partials) if partial is not None}
        recorded = node.partials
        if len(recorded) != len(edges) or list(map(id, node.parents)) != [id(operands[i]) for i in edges]:
            found = ", ".join(node_in_words(parent) for parent in node.parents) or "none"
            wanted = ", ".join(label(node, i) for i in edges) or "none"
            self.fail_alone(node, f"{row.name}: expected other edges", ("edges to", found), ("expected", wanted))
            return
        moves = [is_variable(x) for x in operands]
        claims = {0: (node.data, out)}
        claims |= {1 + i: pair for i, pair in zip(edges, zip(recorded, edges.values(), strict=True), strict=True)}
        for k, ulps, exact in _errors(kernel, numbers, moves, claims):
            self.checked += 1
            if ulps is None:
                if not same(*claims[k]):
                    got, expected = map(exactly, claims[k])
                    rows = (("recorded", got), ("expected", expected))
                    self.fail_alone(node, f"{_what(node, row, k)} is not that of the conventions", *rows)
                continue
            allowed = budget(row, k, numbers)
            column = row.operands[(k - 1) // height(kernel, numbers)] if k else "value"
            self.ledger.add(row.name, column, ulps, allowed, numbers)
            if ulps > allowed and not (k == 0 and abs(exact - node.data) <= rounding_of_sum(row, numbers)):
                unit = " (of max(1, exact))" if row.mixed else ""
                fault = f"{_what(node, row, k)} is {_count(ulps)} ulp{unit} from the exact one, {allowed:g} allowed"
                got = exactly(claims[k][0])
                self.fail_alone(node, fault, ("recorded", got), ("exact", _decimal(exact)), *_hint(operands))

    # ---- adjoints ------------------------------------------------------------------------------------

    def adjoints(self, root: Any, nodes: list[Any]) -> None:
        terms: dict[Any, list[float]] = {node: [] for node in nodes}
        for node in nodes:
            for parent, partial in zip(node.parents, node.partials, strict=False):
                terms[parent].append(node.grad * partial)
        del terms[root]  # its adjoint is the seed
        for node, products in terms.items():
            self.checked += 1
            right = is_sum(node.grad, products)
            if right is None:
                self.undecided(node, "the adjoint is a sum that may overflow on the way, depending on its order")
            elif not right:
                who = quoted(node.name) if node.name else (plain(node.op) or "a leaf")
                edges = f"the sum over {len(products)} edge{'s' * (len(products) != 1)}"
                rows = [("adjoint", exactly(node.grad)), ("expected", f"{exactly(rounded_sum(products)[0])}, {edges}")]
                if not node.op:
                    rows.append(("hint", "grads of leaves add up over sweeps: call zero_grad() before backward()"))
                self.fail(node, f"the adjoint of {who} is not the sum of adjoint * partial over its edges", *rows)


# ---- exact numbers -----------------------------------------------------------------------------------


def _errors(
    kernel: Kernel, numbers: tuple[float, ...], moves: Sequence[bool], claims: dict[int, tuple[float, float]]
) -> Iterator[tuple[int, float | None, Any]]:
    """Yield the key of each claim, its error in ulps, and the exact number.

    A claim is a number as recorded, and as the conventions have it: the value of the row under the key 0, the
    partial by operand i under 1 + i. Where there is no one exact number the error is None.
    """
    row = kernel.row
    is_defined = all(map(math.isfinite, numbers)) and not (row.domain and kernel.is_undefined(numbers))
    waiting = {k: None for k in claims if is_defined and not (k and is_kinked(row, k - 1, numbers, moves))}
    conventional = {k: None for k in claims if k not in waiting}
    for bits in _PRECISIONS if waiting else ():
        with ctx.workprec(bits):
            for k, exact in _exact(row, numbers, list(waiting)):
                got, expected = claims[k]
                if not exact.is_finite():
                    if not math.isfinite(expected):  # such as the slope of sqrt at 0
                        conventional[k] = waiting.pop(k)
                    continue
                error, allowed = _error(got, exact, row.mixed), budget(row, k, numbers)
                if error > allowed and same(got, expected) and _is_beyond_exactness(row, numbers, got):
                    conventional[k] = waiting.pop(k)
                elif error <= allowed or error > allowed:  # else the ball is too wide to tell
                    del waiting[k]
                    yield k, float(error), exact
        if not waiting:
            break
    yield from ((k, None, None) for k in (*conventional, *waiting))


def _exact(row: Primitive, numbers: Sequence[float], keys: Sequence[int]) -> list[tuple[int, arb]]:
    """Return the exact numbers with these keys, as far as the precision at work decides them."""
    operands, found = [Ball(x) for x in numbers], []
    try:
        out = BALLS.value(row, operands)
    except UndecidedError:
        return []
    for k in keys:
        try:
            found.append((k, (BALLS.partial(row, k - 1, operands, out) if k else out).arb))
        except UndecidedError:
            continue
    return found


def _error(got: float, exact: arb, mixed: bool) -> arb:
    """Return how many units in the last place of an exact number, or of 1 if that is greater, a float is off."""
    if math.isnan(got):
        return arb("inf")
    if abs(exact) >= _BEYOND:
        exact = _BEYOND * exact.sgn()
    near = min(abs(float(exact)), sys.float_info.max)
    at = arb(got) if math.isfinite(got) else _BEYOND * math.copysign(1.0, got)
    return abs(at - exact) / math.ulp(max(near, 1.0) if mixed else near)


def _is_beyond_exactness(row: Primitive, numbers: Sequence[float], got: float) -> bool:
    """Return whether a number may differ from the exact one: by the sign of a zero, or by an overflow on the way."""
    return has_negative_zero(numbers) or (row.columns and not math.isfinite(got))


def has_negative_zero(numbers: Sequence[float]) -> bool:
    """Return whether there is a -0.0 among floats, which exact arithmetic takes for 0."""
    return any(x == 0.0 and math.copysign(1.0, x) < 0.0 for x in numbers)


def rounding_of_sum(row: Primitive, numbers: Sequence[float]) -> float:
    """Return by how much the value of a row may differ if it is a sum that is rounded term by term; else 0."""
    if row.value not in row.let:
        return 0.0
    _, term = aggregate(row.let[row.value])
    rows = len(numbers) // len(row.operands)
    names = [dict(zip(row.operands, numbers[i::rows], strict=True)) for i in range(rows)]
    return rounded_sum([evaluate(term, operands, IEEE) for operands in names])[1]


def rounded_sum(terms: Sequence[float]) -> tuple[float, float]:
    """Return the sum of products, rounded once, and by how much it may differ when it is rounded all the way.

    That is infinite where terms are, and where their sum may overflow on the way, depending on its order.
    """
    if not all(map(math.isfinite, terms)):
        return sum(terms), math.inf
    try:
        size = math.fsum(map(abs, terms))
    except OverflowError:
        return math.fsum(map(_lower, terms)) / _lower(1.0), math.inf
    return math.fsum(terms), (len(terms) + 2) * (_ROUNDING * size * (1 + 1e-9) + _LEAST)


def is_sum(found: float, terms: Sequence[float]) -> bool | None:
    """Return whether a number is the sum of products, but for rounding; None if they may overflow on the way."""
    expected, allowed = rounded_sum(terms)
    if allowed < math.inf:
        return abs(found - expected) <= allowed
    finite = list(filter(math.isfinite, terms))
    if not math.isfinite(found) and rounded_sum(finite)[1] == math.inf:
        return None
    return same(found, expected) if len(finite) < len(terms) else is_sum(_lower(found), list(map(_lower, terms)))


def _lower(x: float) -> float:
    """Return a number so much smaller that sums of millions do not overflow; of great terms no bit is lost."""
    return math.ldexp(x, -64)


def same(x: float, y: float) -> bool:
    """Return whether two floats are the same number, with the same sign of zero; every NaN is."""
    return (x == y and math.copysign(1.0, x) == math.copysign(1.0, y)) or (math.isnan(x) and math.isnan(y))


# ---- words -------------------------------------------------------------------------------------------


def _program_of(node: Any) -> Program:
    """Return the program that makes one node of leaves with the numbers of its operands."""
    places = {id(x) if is_value(x) else (i,): x for i, x in enumerate(node.operands)}  # a Value is one leaf
    kinds = [("value" if is_variable(x) else "constant") if is_value(x) else "number" for x in places.values()]
    leaves = tuple([Leaf(float(number_of(x)), kind) for x, kind in zip(places.values(), kinds, strict=True)])
    order = list(places)
    back = [len(order) - 1 - order.index(id(x) if is_value(x) else (i,)) for i, x in enumerate(node.operands)]
    return Program(leaves, (Instruction(node.op, tuple(back)),))


def _what(node: Any, row: Primitive, k: int) -> str:
    return f"{row.name}: the {f'partial by {label(node, k - 1)}' if k else 'value'}"


def _hint(operands: Sequence[Any]) -> list[tuple[str, str]]:
    """Return what else may be the reason, where an operand is a leaf, whose number can change."""
    if not any(is_value(x) and not x.op for x in operands):
        return []
    return [("hint", "if a leaf was assigned after recording, then certify before, or compute it again")]


def _decimal(exact: arb) -> str:
    digits: str = exact.mid().str(20, radius=False)
    return digits


def _count(ulps: float) -> str:
    return f"{ulps:,.1f}" if ulps < 1e6 else f"{ulps:.1e}"
