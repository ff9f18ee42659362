"""What an engine promises, proved on one program at a time.

`prove` runs a program on an engine (a twin, or a changed copy of one), and takes every promise of the
engine in turn: what it raises, what it records, its sweeps backward and forward, what they leave alone, and the
recorded sweep of the second order. `sweep` does that for the programs of one operation, at the points where
formulas break. Both end in a report:

    >>> from autograd import engine
    >>> from autograd.primitives import PRIMITIVES
    >>> from autograd.testing.programs import Instruction, Leaf, Program
    >>> program = Program((Leaf(0.5),), (Instruction("tanh", (0,)), Instruction("mul", (0, 1))))
    >>> print(prove(engine, program))
    conformance: PASS (...)
    >>> print(sweep(engine, PRIMITIVES["exp"]))
    sweep of exp: PASS (...)

What is right is never taken from the engine: numbers are proved by `certify`, sums by the equations of adjoints and
tangents, derivatives of derivatives by intervals.
"""

from __future__ import annotations

import copy
import itertools
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from flint import arb, ctx

from autograd import _modes, _recorded
from autograd import engine as reference
from autograd._kernels import KERNELS
from autograd._structures import is_value, is_variable, number_of
from autograd._wording import by_convention, height, node_in_words
from autograd.primitives import Primitive
from autograd.testing.certificate import certify, has_negative_zero, is_sum, reached, rounded_sum, same
from autograd.testing.enclosures import NotEnclosedError, Replay
from autograd.testing.exact import BALLS, Ball, UndecidedError, is_kinked
from autograd.testing.programs import Instruction, Leaf, Program
from autograd.testing.verdicts import Finding, Report, Verdict, exactly, plain, table

__all__ = ["points", "prove", "sweep"]

_SEED, _SEEDS = 0.75, (1.0, -3.0)  # not 1, which would hide a seed that is ignored or used twice
_FEW = 16  # nodes, of a graph that is copied and differentiated twice
_BITS = 128  # of the intervals of second derivatives
_STEP = 1200  # binary places of the step of an exact slope, which jumps over no kink: floats have 1074


def prove(engine: ModuleType, program: Program, order: int = 2) -> Report:
    """Check on one program everything that an engine promises.

    Parameters
    ----------
    engine : module
        What brings `Value`, the functions and the sweeps, as `autograd.engine` does.
    program : Program
        The modes in force, such as `autograd.ieee`, hold when it runs.
    order : int
        Up to which order: 2 differentiates the gradients of small programs, too.

    Returns
    -------
    Report
        FAIL: a finding for each promise that is broken. UNDECIDED: see `certify`. Else PASS.
    """
    proof = _Proof(engine, program, order)
    try:
        proof.everything()
    except Exception as error:
        proof.fail(f"{type(error).__name__} where nothing may be raised", ("error", plain(error)))
    return Report("conformance", proof.checked, tuple(proof.findings))


class _Proof:
    """The findings so far, about one engine and one program."""

    def __init__(self, engine: ModuleType, program: Program, order: int) -> None:
        self.engine, self.program, self.order = engine, program, order
        self.checked = 0
        self.findings: list[Finding] = []

    def fail(self, what: str, *rows: tuple[str, str], node: Any = None) -> None:
        shown = [("node", node_in_words(node)), *rows] if node is not None else rows
        self.findings.append(Finding(Verdict.FAIL, what, table(shown) if shown else (), node))

    def compare(self, what: str, nodes: Iterable[Any], expected: Iterable[Any], found: Iterable[Any]) -> None:
        """Compare numbers of nodes to the last bit, every NaN alike; None is a number, too."""
        for node, x, y in zip(nodes, expected, found, strict=True):
            self.checked += 1
            if x is not y and (x is None or y is None or not same(x, y)):
                self.fail(what, ("expected", _shown(x)), ("got", _shown(y)), node=node)

    # ---- the plan ------------------------------------------------------------------------------------

    def everything(self) -> None:
        results, errors = self.program.run(self.engine)
        self.outcomes(results, errors)
        if self.findings:  # it is another program, so nothing else can be expected of it
            return
        self.values = [x for x in results if type(x) is self.engine.Value]
        if not self.values:
            return
        self.root = self.values[-1]
        self.nodes = self.engine.ancestors(self.root)
        self.recording(results, errors)
        self.order_of_nodes()
        recorded = [(node.data, node.partials) for node in self.nodes]
        self.backward()
        self.tangents()
        self.several_roots()
        if len(self.nodes) <= _FEW:
            self.copies()
        if self.order > 1 and len(self.nodes) <= _FEW and not self.findings:
            self.second_order()
        for node, (data, partials) in zip(self.nodes, recorded, strict=True):
            self.compare("a sweep changes the data of a node", [node], [data], [node.data])
            self.compare("a sweep changes a partial", [node] * len(partials), partials, node.partials)

    # ---- recording -----------------------------------------------------------------------------------

    def outcomes(self, results: list[Any], errors: dict[int, str]) -> None:
        """Compare with floats, and with the reference twin: what raises, and what comes out."""
        self.checked += 1
        if self.engine is not reference and errors != (expected := self.program.run(reference).errors):
            place = next(i for i in {**errors, **expected} if errors.get(i) != expected.get(i))
            rows = [("expected", plain(expected.get(place))), ("got", plain(errors.get(place)))]
            self.fail(f"{self.program.instructions[place].op}: other errors than those of the reference twin", *rows)
        if _modes.in_force() & _modes.IEEE:  # there operators of floats go on raising
            return
        leaves = tuple([leaf._replace(kind="number") for leaf in self.program.leaves])
        on_floats, raised = replace(self.program, leaves=leaves).run(self.engine)
        if raised.keys() != errors.keys():
            place = min(raised.keys() ^ errors.keys())
            rows = [("on floats", plain(raised.get(place))), ("on Values", plain(errors.get(place)))]
            self.fail(f"{self.program.instructions[place].op} raises on one kind of number only", *rows)
            return
        what = "the value is not that of the same program on floats"
        self.compare(what, results, map(float, on_floats), (float(number_of(x)) for x in results))

    def recording(self, results: list[Any], errors: Mapping[int, str]) -> None:
        """Check which results are recorded, and that nothing was swept yet."""
        kinds = [leaf.kind for leaf in self.program.leaves]
        expected = [{"value": "", "constant": "constant"}.get(kind) for kind in kinds]
        varies = [kind == "value" for kind in kinds]
        done = [step for place, step in enumerate(self.program.instructions) if place not in errors]
        for at, step in enumerate(done, len(kinds)):
            operands = step.operands(at)
            varies.append(any(varies[x] for x in operands))
            plainly = None if all(expected[x] is None for x in operands) else "constant"
            expected.append(step.op if varies[at] else plainly)
        for x, op in zip(results, expected, strict=True):
            self.checked += 1
            found = x.op if type(x) is self.engine.Value else None
            if found != op:
                self.fail("the result is of another kind", ("expected op", repr(op)), ("got", repr(found)))
        self.compare("a new node has a grad", self.values, itertools.repeat(0.0, len(self.values)), _grads(self.values))

    def order_of_nodes(self) -> None:
        """Check that `ancestors` has every Value behind the root, each after its operands."""
        self.checked += 1
        seen: set[Any] = set()
        for node in self.nodes:
            if any(type(x) is self.engine.Value and x not in seen for x in node.operands):
                self.fail("ancestors: a node comes before its operands, or without them", node=node)
            seen.add(node)
        if len(seen) != len(self.nodes) or self.nodes[-1] is not self.root:
            self.fail("ancestors: a node comes twice, or the root is not the last")

    # ---- sweeps --------------------------------------------------------------------------------------

    def backward(self) -> None:
        """Sweep from the root, prove the adjoints, and sweep again."""
        root, nodes = self.root, self.nodes
        root.backward(_SEED)
        self.compare("the adjoint of the root is not the seed", [root], [_SEED], [root.grad])
        if self.findings:
            return
        found = certify(root)
        self.checked += found.checked
        self.findings += found.findings
        first = _grads(nodes)
        root.backward(_SEED)
        doubled = [grad if node.op else grad + grad for node, grad in zip(nodes, first, strict=True)]
        what = "a second sweep does not double the grad of a leaf, or changes that of a computed node"
        self.compare(what, nodes, doubled, _grads(nodes))
        self.adjoints(dict(zip(nodes, first, strict=True)))
        for node in nodes:
            node.zero_grad()
        self.compare("zero_grad leaves a grad", nodes, [0.0] * len(nodes), _grads(nodes))

    def adjoints(self, first: Mapping[Any, float]) -> None:
        """Check that `adjoints` finds the same, whatever the leaves hold by now, and leaves every grad alone."""
        before = _grads(self.values)
        behind = set(reached(self.root))
        expected = [first.get(node) if node in behind else None for node in self.values]
        leaves = [node for node in self.nodes if not node.op]
        numbers = [leaf.data for leaf in leaves]
        for what, moved in (("the adjoints are not those of the sweep", 0.0), ("a leaf changed a gradient", 1.0)):
            for leaf, number in zip(leaves, numbers, strict=True):
                leaf.data = number + moved
            found = self.engine.adjoints({self.root: _SEED}, self.values)
            self.compare(what, self.values, (_positive(x) for x in expected), (_positive(x) for x in found))
        for leaf, number in zip(leaves, numbers, strict=True):
            leaf.data = number
        self.compare("adjoints changes a grad", self.values, before, _grads(self.values))

    def tangents(self) -> None:
        """Sweep forward, and check that each tangent is the sum of partial times tangent over the edges."""
        seeds = {leaf: 0.5 + i for i, leaf in enumerate(node for node in self.nodes if not node.op)}
        found = self.engine.tangents(seeds, self.nodes)
        tangent = dict(zip(self.nodes, found, strict=True))
        for node, x in tangent.items():
            edges = zip(node.parents, node.partials, strict=True)
            terms = [partial * tangent[parent] for parent, partial in edges if tangent[parent] is not None]
            expected = seeds.get(node) if not node.op or not terms else None
            if expected is None and terms and x is not None:
                self.sum("the tangent", node, x, terms)
            else:
                self.compare("the tangent is not the seed, or is one of what does not move", [node], [expected], [x])
        of_root = tangent[self.root]
        one = [0.0 if of_root is None else of_root]
        self.compare("tangent is not what tangents finds", [self.root], one, [self.root.tangent(seeds)])

    def several_roots(self) -> None:
        """Sweep from two roots at once, and check the equations of the adjoints."""
        others = [x for x in self.values[:-1] if x.op != "constant"]
        seeds = dict(zip([self.root, *others[-1:]], _SEEDS, strict=False))
        self.engine.backward(seeds)
        nodes = list(dict.fromkeys(node for root in seeds for node in reached(root)))
        terms = {node: [seeds[node]] if node in seeds else [] for node in nodes}
        for node in nodes:
            for parent, partial in zip(node.parents, node.partials, strict=True):
                terms[parent].append(node.grad * partial)
        for node in nodes:
            self.sum("the adjoint in a sweep from several roots", node, node.grad, terms[node])
            node.zero_grad()

    def sum(self, what: str, node: Any, found: float, terms: Sequence[float]) -> None:
        """Check that a number is the sum of these terms, but for the rounding on the way."""
        self.checked += 1
        if len(terms) == 1 and found == terms[0]:
            return
        if is_sum(found, terms) is False:  # not None: it may overflow, depending on the order
            rows = (("expected", exactly(rounded_sum(terms)[0])), ("got", exactly(found)))
            self.fail(f"{what} is not the sum over its edges", *rows, node=node)

    def copies(self) -> None:
        """Check that a deep copy has the same numbers, and a life of its own."""
        self.root.backward(_SEED)
        before = _grads(self.nodes)
        root = copy.deepcopy(self.root)
        nodes = self.engine.ancestors(root)
        self.compare("a copy has other data", self.nodes, (x.data for x in self.nodes), (x.data for x in nodes))
        self.compare("a copy has another grad", self.nodes, before, _grads(nodes))
        for node in nodes:
            node.zero_grad()
        root.backward(_SEED)
        self.compare("a copy has another gradient", self.nodes, before, _grads(nodes))
        root.backward(2 * _SEED)
        self.compare("a sweep of a copy changes a grad of the original", self.nodes, before, _grads(self.nodes))
        for node in self.nodes:
            node.zero_grad()

    # ---- the second order ----------------------------------------------------------------------------

    def second_order(self) -> None:
        """Check the recorded sweeps: their derivatives, the graphs of these, and the second derivatives."""
        variables = [node for node in self.nodes if not node.op]
        if not variables or self.root.op == "constant":
            return
        numbers = self.engine.adjoints({self.root: 1.0}, variables)
        backward = _recorded.adjoints({self.root: 1.0}, variables)
        forward = [_recorded.tangents({x: 1.0}, [self.root])[0] for x in variables]
        proved = _replayed(self.root)
        for x, number, *found in zip(variables, numbers, backward, forward, strict=True):
            for derivative in found:
                self.recorded(x, number, derivative, proved.adjoints.get(x, arb(0)) if proved else None)
        self.certify_each(backward)
        replays = [_replayed(derivative) for derivative in backward]
        if proved and all(replay or not is_variable(g) for replay, g in zip(replays, backward, strict=True)):
            self.curvature(variables, replays)

    def recorded(self, x: Any, number: float | None, derivative: Any, proved: arb | None) -> None:
        """Compare a derivative of a recorded sweep with that of the sweep of floats; they may be rounded otherwise."""
        self.checked += 1
        if number is None or derivative is None:
            if number is not derivative:
                self.fail("a recorded sweep has other edges", node=x)
            return
        again = float(number_of(derivative))
        if number == again or (math.isnan(number) and math.isnan(again)) or proved is None:
            return
        replay = _replayed(derivative)
        ball = replay.values[derivative].arb if replay else arb("+/- inf") if is_variable(derivative) else arb(again)
        if not _overlap(ball, proved):
            rows = (("sweep", exactly(number)), ("recorded sweep", exactly(again)))
            self.fail("the derivative of a recorded sweep is another one", *rows, node=x)

    def certify_each(self, derivatives: Iterable[Any]) -> None:
        """Certify the graphs of derivatives."""
        for derivative in derivatives:
            if is_variable(derivative) and derivative.op:
                nodes = reached(derivative)
                for node in nodes:
                    node.zero_grad()
                derivative.backward()
                found = certify(derivative)
                self.checked += found.checked
                self.findings += [finding for finding in found.findings if finding.verdict is Verdict.FAIL]
                for node in nodes:
                    node.zero_grad()

    def curvature(self, variables: Sequence[Any], replays: Sequence[Replay | None]) -> None:
        """Compare second derivatives with the exact slopes of the gradient; so they are symmetric, too."""
        for j, y in enumerate(variables):
            slopes = _slopes_of_gradient(self.nodes, variables, y)
            for i, (replay, slope) in enumerate(zip(replays, slopes, strict=True)):
                self.checked += 1
                ball = replay.adjoints.get(y, arb(0)) if replay else arb(0)
                if slope.is_finite() and not _overlap(ball, slope):
                    rows = (("exact", str(slope)), ("recorded", str(ball)))
                    self.fail(f"the second derivative by the leaves {i} and {j} is wrong", *rows, node=self.root)


def _replayed(root: Any) -> Replay | None:
    """Return the graph of a root in balls, or None if there is no proof, or no graph."""
    if not is_variable(root):
        return None
    try:
        with ctx.workprec(_BITS), _modes.ieee():
            return Replay(root)
    except NotEnclosedError:
        return None


def _overlap(recorded: arb, proved: arb) -> bool:
    """Return whether a ball of a recorded sweep holds a proved number, but for constants in formulas of partials.

    These, such as log(2), are floats and no operations; their errors are like those of the products with them.
    """
    return bool((recorded + arb(0, 8 * recorded.rad() + abs(recorded).upper() * 2.0**-50)).overlaps(proved))


def _slopes_of_gradient(nodes: Sequence[Any], variables: Sequence[Any], moved: Any) -> list[arb]:
    """Return the exact derivatives by one leaf of the gradient by each; NaN at a kink or a jump."""
    step = max(1.0, abs(moved.data)) * arb(2) ** -_STEP
    try:
        with ctx.workprec(3 * _STEP):
            found = [_exact_gradient(nodes, {moved: side}) for side in (-step, arb(0), step)]
            return [_slope([gradient.get(x, arb(0)) for gradient in found], step) for x in variables]
    except UndecidedError:
        return [arb("nan")] * len(variables)


def _slope(numbers: Sequence[arb], step: arb) -> arb:
    """Return the slope of three numbers, a step apart, or NaN where it is not the same on both sides."""
    low, middle, high = numbers
    slope, bend = (high - low) / (2 * step), (high - 2 * middle + low) / step
    allowed = abs(slope).upper() * 2.0**-60 + 5e-324
    return slope + arb(0, allowed) if abs(bend) <= allowed else arb("nan")


def _exact_gradient(nodes: Sequence[Any], steps: Mapping[Any, arb]) -> dict[Any, arb]:
    """Return the adjoints of the last of these nodes in exact arithmetic, with some leaves moved."""
    values: dict[Any, Ball] = {}
    edges: dict[Any, list[tuple[Any, arb]]] = {}
    for node in nodes:
        if not node.operands:
            values[node] = Ball(arb(node.data) + steps.get(node, arb(0)))
            continue
        kernel, numbers = KERNELS[node.op], tuple([number_of(x) for x in node.operands])
        by_operand = enumerate(by_convention(kernel, node.operands, numbers)[1])
        sources = [i for i, partial in by_operand if partial is not None]
        flat = kernel.row.flat or ["False"] * len(numbers)  # of what never matters, as n in ldexp, the number serves
        operands = [
            values[x] if is_value(x) and flat[i // height(kernel, numbers)] != "True" else Ball(numbers[i])
            for i, x in enumerate(node.operands)
        ]
        values[node] = BALLS.value(kernel.row, operands)
        moves = [is_variable(x) for x in node.operands]
        if has_negative_zero(numbers) or any(is_kinked(kernel.row, i, numbers, moves) for i in sources):
            raise UndecidedError
        edges[node] = [(node.operands[i], BALLS.partial(kernel.row, i, operands, values[node]).arb) for i in sources]
    adjoint = {nodes[-1]: arb(1)}
    for node in reversed(nodes):
        for parent, partial in edges.get(node, ()) if node in adjoint else ():
            adjoint[parent] = adjoint.get(parent, arb(0)) + adjoint[node] * partial
    return adjoint


def _grads(nodes: Iterable[Any]) -> list[float]:
    return [node.grad for node in nodes]


def _positive(x: float | None) -> float | None:
    """Return a number without the sign of a zero, which a sum that starts at 0 has not."""
    return x if x is None else x + 0.0


def _shown(x: float | None) -> str:
    return "None" if x is None else exactly(x)


# ---- one operation, everywhere -------------------------------------------------------------------------

_ROUNDS = 40  # of points beside the hard ones, for one operand
_HEIGHT = 2  # rows of the columns, of a primitive that has columns
_KINDS = ("value", "number", "constant")


def sweep(engine: ModuleType, row: Primitive) -> Report:
    """Check a row of the table of primitives at its hard points and over all binades.

    Parameters
    ----------
    engine : module
        What brings `Value`, the functions and the sweeps, as `autograd.engine` does.
    row : Primitive
        The row.

    Returns
    -------
    Report
        The findings of `prove` for each program that applies the row once: to Values, to every mixture of
        Values and plain numbers or constants, and to the same Value repeatedly; in blocks of `autograd.ieee`, and
        where it may raise.
    """
    reports = [prove(engine, program, order=1) for point in points(row) for program in _repeated(row, point)]
    with _modes.ieee():
        reports += [prove(engine, program, order=1) for point in points(row) for program in _mixed(row, point)]
    findings = [finding for report in reports for finding in report.findings]
    return Report(f"sweep of {row.name}", sum(report.checked for report in reports), tuple(findings))


def _mixed(row: Primitive, point: Sequence[float]) -> Iterator[Program]:
    """Yield the programs of one operation at a point: some operands are Values, the others of one other kind."""
    count = len(point)
    instruction = Instruction(row.name, tuple(reversed(range(count))))
    for k, are_values in enumerate(itertools.product((True, False), repeat=count)):
        if any(are_values):
            other = _KINDS[1 + k % 2]
            kinds = ["value" if is_value else other for is_value in are_values]
            yield Program(tuple(map(Leaf, point, kinds)), (instruction,))


def _repeated(row: Primitive, point: Sequence[float]) -> Iterator[Program]:
    """Yield the programs of one operation of Values, and of one Value if all operands are equal."""
    count = len(point)
    yield Program(tuple(map(Leaf, point)), (Instruction(row.name, tuple(reversed(range(count)))),))
    if count > 1 and len(set(point)) == 1:
        yield Program((Leaf(point[0]),), (Instruction(row.name, (0,) * count),))


def points(row: Primitive) -> Iterator[tuple[float, ...]]:
    """Yield operands of a row: its hard points and their neighbours, and numbers of several kinds.

    The kinds: from the range that matters most, up to 40, of all binades, from 2**-30 to 2**10, whole, mixed of
    these, equal, subnormal, and near a hard point. The same ones come up each time.
    """
    height = _HEIGHT if row.columns else 1
    hard = [tuple(map(float, point)) for point in row.hard_points]
    if row.columns:
        hard = [sum(zip(*rows, strict=True), ()) for rows in itertools.product(hard, repeat=height)]
    for point in hard:
        yield point
        for side in itertools.product((-math.inf, math.inf), repeat=len(point)):
            yield tuple(map(math.nextafter, point, side))
    rng = random.Random(row.name)
    spans = [span for span in row.samples[: len(row.operands)] for _ in range(height)]
    finite = [point for point in hard if all(map(math.isfinite, point))]

    def binade(low: int, high: int) -> float:
        return rng.choice((-1.0, 1.0)) * math.ldexp(rng.uniform(0.5, 1.0), rng.randint(low, high))

    for _ in range(_ROUNDS // len(spans)):
        tame = [rng.uniform(*span) for span in spans]
        usual = [rng.uniform(-40.0, 40.0) for _ in spans]
        wild, small = [binade(-1073, 1024) for _ in spans], [binade(-30, 10) for _ in spans]
        whole = [float(rng.choice((round(x), rng.randint(-4, 4)))) for x in tame]
        near = [x + (abs(x) or 1.0) * binade(-52, -1) for x in rng.choice(finite)]
        mixed = [rng.choice(numbers) for numbers in zip(tame, wild, small, whole, strict=True)]
        least = [binade(-1073, -1020), *tame[1:]]
        equal = [small[0]] * len(spans)
        yield from map(tuple, (tame, usual, wild, small, whole, mixed, equal, least, near))
