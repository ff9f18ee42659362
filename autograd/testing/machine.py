"""The life cycle of graphs as a state machine: whatever is done, in whatever order, every node is as it has to be.

`EngineMachine` lets Hypothesis record, sweep, change, copy, pickle, forget, nest, fail and interrupt, and
after each step compares every node that lives with the `Model` below, bit for bit. The model *is* the life
cycle, and shares nothing with the engine; so it is the place to learn what a graph does.

    class TestMyEngine(EngineMachine.TestCase):
        settings = settings(max_examples=1000)

runs it under pytest or unittest. Another engine, with the functions of `autograd.engine`, is tested by a
subclass whose attribute `engine` is its module.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import itertools
import math
import operator
import pickle
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, ClassVar, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import autograd
from autograd.testing.faults import interrupt

__all__ = ["EngineMachine", "Model", "Record"]

# ---- the model ---------------------------------------------------------------------------------------

_clock = itertools.count(1).__next__


@dataclass(eq=False)
class Record:
    """What a node has to hold; `serial` is its place in recording order."""

    op: str
    data: float
    operands: tuple[Record | float, ...] = ()
    parents: tuple[Record, ...] = ()
    partials: tuple[float, ...] = ()
    name: str = ""
    grad: float = 0.0
    serial: int = field(default_factory=_clock)


class Model:
    """The life cycle, by its definitions.

    Attributes
    ----------
    records : bool
        Whether operations are recorded: not in a block of `autograd.no_grad`.
    """

    records = True

    def apply(self, op: str, operands: Sequence[Record | float]) -> Record | float:
        """Record an operation: the value, and an edge to each variable on which it depends here."""
        numbers = [x.data if isinstance(x, Record) else x for x in operands]
        fixed = [not isinstance(x, Record) or x.op == "constant" for x in operands]
        data, partials = compute(op, numbers, fixed)
        if not any(isinstance(x, Record) for x in operands):
            return data
        if all(fixed) or not self.records:
            return Record("constant", data)
        edges = [(x, p) for x, p, fix in zip(operands, partials, fixed, strict=True) if not fix and p is not None]
        parents = tuple([x for x, _ in edges if isinstance(x, Record)])
        return Record(op, data, tuple(operands), parents, tuple([partial for _, partial in edges]))

    def adjoints(self, seeds: Mapping[Record, float]) -> dict[Record, float]:
        """Sweep backward: the adjoint of a node is its seed, and adjoint times partial along each edge to it."""
        adjoints: dict[Record, float] = {}
        for node in reversed(behind(seeds, "parents")):
            adjoint = seeds.get(node, 0.0)
            for result, of_result in adjoints.items():  # all that is younger, the youngest first
                for parent, partial in zip(result.parents, result.partials, strict=True):
                    if parent is node:
                        adjoint += of_result * partial
            adjoints[node] = adjoint
        return adjoints

    def backward(self, seeds: Mapping[Record, float]) -> None:
        """Set grads: on a leaf they accumulate, on a computed node they are those of the last sweep."""
        for node, adjoint in self.adjoints(seeds).items():
            node.grad = adjoint if node.op else node.grad + adjoint

    def tangent(self, seeds: Mapping[Record, float], root: Record) -> float:
        """Sweep forward: the tangent of a node is partial times tangent along each edge from what moves."""
        tangents = dict(seeds)
        for node in behind([root], "parents"):
            for parent, partial in zip(node.parents, node.partials, strict=True):
                if parent in tangents:
                    tangents[node] = tangents.get(node, 0.0) + partial * tangents[parent]
        return tangents.get(root, 0.0)

    def copies(self, roots: Iterable[Record], shares: Callable[[Record], bool]) -> list[Record]:
        """Copy the whole history of each root; the copies share the nodes for which `shares` says so."""
        made: dict[Record, Record] = {}
        copied = []
        for root in roots:
            made = {old: new for old, new in made.items() if shares(old)}
            for node in behind([root], "operands"):
                if node not in made:
                    operands = tuple([made[x] if isinstance(x, Record) else x for x in node.operands])
                    parents = tuple([made[parent] for parent in node.parents])
                    made[node] = replace(node, operands=operands, parents=parents, serial=_clock())
            copied.append(made[root])
        return copied


def behind(roots: Iterable[Record], through: str) -> list[Record]:
    """Return the roots and all that they were computed from, in recording order."""
    found, waiting = set(), list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += [x for x in getattr(node, through) if isinstance(x, Record)]
    return sorted(found, key=operator.attrgetter("serial"))


def compute(op: str, numbers: list[float], fixed: list[bool]) -> tuple[float, list[float | None]]:
    """Return the value of an operation and its partials: None where it does not depend on an operand."""
    match op, numbers:
        case "add", [x, y]:
            return x + y, [1.0, 1.0]
        case "sub", [x, y]:
            return x - y, [1.0, -1.0]
        case "mul", [x, y]:
            return x * y, [_factor(y, fixed[1]), _factor(x, fixed[0])]
        case "truediv", [x, y]:
            out = x / y
            tiny = abs(out) < sys.float_info.min and x != 0  # it has lost digits
            by_y = _divided(-x, y * y) if tiny else -out / y
            return out, [1 / y, None if fixed[0] and x == 0 else by_y]
        case "neg", [x]:
            return -x, [-1.0]
        case "abs", [x]:
            return abs(x), [math.nan if math.isnan(x) else float((x > 0) - (x < 0))]
        case "relu", [x]:
            return (0.0, [None]) if x <= 0 else (x, [1.0 if x > 0 else math.nan])
        case "maximum", [x, y]:
            if x == y:
                return x, [None if fixed[1] else 0.5, None if fixed[0] else 0.5]
            if math.isnan(x) or math.isnan(y):
                return math.nan, [math.nan, math.nan]
            return max(x, y), [1.0 if x > y else None, 1.0 if y > x else None]
        case "where", [condition, x, y]:
            return (x, [None, 1.0, None]) if condition != 0 else (y, [None, None, 1.0])
        case "sum", _:
            return _total(numbers), [1.0] * len(numbers)
        case _:  # dot
            half = len(numbers) // 2
            xs, ys = numbers[:half], numbers[half:]
            partials = [_factor(factor, fix) for factor, fix in zip(ys + xs, fixed[half:] + fixed[:half], strict=True)]
            return _total([x * y for x, y in zip(xs, ys, strict=True)]), partials


def _factor(other: float, is_fixed: bool) -> float | None:
    """Return the partial of a product: there is none if the other factor is zero for good."""
    return None if is_fixed and other == 0 else other


def _total(terms: list[float]) -> float:
    total = 0.0
    for term in terms:  # the sum() of some interpreters rounds in another way
        total += term
    return total


def _divided(x: float, y: float) -> float:
    return x / y if y else math.copysign(math.inf, x)  # y underflowed, and is no negative zero


# ---- the machine -------------------------------------------------------------------------------------

Call: TypeAlias = Callable[..., Any]

#: The operations by name: how many operands they are given, and how an engine is asked for them.
OPERATIONS: dict[str, tuple[int, Call]] = {
    "add": (2, lambda engine, x, y: x + y),
    "sub": (2, lambda engine, x, y: x - y),
    "mul": (2, lambda engine, x, y: x * y),
    "truediv": (2, lambda engine, x, y: x / y),
    "neg": (1, lambda engine, x: -x),
    "abs": (1, lambda engine, x: abs(x)),
    "relu": (1, lambda engine, x: engine.relu(x)),
    "maximum": (2, lambda engine, x, y: engine.maximum(x, y)),
    "where": (3, lambda engine, condition, x, y: engine.where(condition, x, y)),
    "sum": (3, lambda engine, *xs: engine.sum(xs)),
    "dot": (4, lambda engine, a, b, c, d: engine.dot([a, b], [c, d])),
}

#: What has to be refused, by the exception.
MISTAKES: list[tuple[type[Exception], Call]] = [
    (TypeError, lambda engine, x, y: x + "a"),
    (TypeError, lambda engine, x, y: engine.dot([x, y], [y, "a"])),
    (TypeError, lambda engine, x, y: engine.backward({x: 1.0, y: "a"})),
    (TypeError, lambda engine, x, y: engine.backward({x: 1.0, "a": 1.0})),
    (TypeError, lambda engine, x, y: setattr(x, "name", 1)),
    (TypeError, lambda engine, x, y: setattr(x, "grad", "a")),
    (ValueError, lambda engine, x, y: engine.dot([x], [x, y])),
    (ValueError, lambda engine, x, y: autograd.grad(lambda t: t * y + engine.log(-1.0))(x)),
    (ZeroDivisionError, lambda engine, x, y: (x + y) / 0),
    (autograd.GraphError, lambda engine, x, y: y.tangent({x + y: 1.0})),
    (autograd.GraphError, lambda engine, x, y: setattr(x + y, "data", 1.0)),
]

COPIES = ["detach", "copy", "deepcopy", "pickle"]
seeds = st.integers(-3, 3).map(float) | st.floats(-4, 4)
numbers = seeds | st.sampled_from([0.5, 1 / 3, 1e-5, 1e5, 1e200, -0.0, math.inf, math.nan])
#: A kept node, by how many were kept after it (modulo their number): so steps can be left out of a failing run.
places = st.integers(0, 7)
operands = st.integers(0, 1) | st.integers(0, 3) | places | numbers
#: An operation, and four operands, of which it takes as many as it needs.
operations = st.tuples(st.sampled_from(list(OPERATIONS)), st.lists(operands, min_size=4, max_size=4))


class EngineMachine(RuleBasedStateMachine):
    """Does what can be done with the nodes of an engine, in any order, and compares each of them with the model.

    Attributes
    ----------
    engine : module
        The engine to test: by default the twin that `autograd.Value` belongs to.
    kept : list of (Value, Record)
        The nodes to which there is a reference, with what they have to hold. There is always one.
    """

    engine: ClassVar[ModuleType] = sys.modules[autograd.Value.__module__]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.block: Any = None
        self.kept: list[tuple[Any, Record]] = []
        self.leaf(1.0, "")

    def teardown(self) -> None:
        """Leave the block of no_grad."""
        if self.block:
            self.block.__exit__(None, None, None)
            self.block = None

    # ---- building --------------------------------------------------------------------------------------

    @rule(number=numbers, name=st.sampled_from(["", "w"]))
    def leaf(self, number: float, name: str) -> None:
        """Make a leaf."""
        self.kept.append((self.engine.Value(number, name), Record("", number, name=name)))

    @initialize(leaves=st.lists(seeds, max_size=2), steps=st.lists(operations, min_size=1, max_size=12))
    def start(self, leaves: list[float], steps: list[tuple[str, list[float]]]) -> None:
        """Begin with a graph."""
        for number in leaves:
            self.leaf(number, "")
        self.apply(steps)

    @rule(steps=st.lists(operations, min_size=1, max_size=4))
    def apply(self, steps: list[tuple[str, list[float]]]) -> None:
        """Apply primitives to nodes and numbers; where floats raise, they raise too."""
        for op, given in steps:
            count, call = OPERATIONS[op]
            pairs = [self._at(x) if isinstance(x, int) else (x, x) for x in given[:count]]
            if op == "where" and isinstance(given[0], float):
                pairs[0] = (given[0] != 0, float(given[0] != 0))
            nodes, records = zip(*pairs, strict=True)
            try:
                expected = self.model.apply(op, records)
            except ZeroDivisionError:
                self._refuses(ZeroDivisionError, functools.partial(call, self.engine, *nodes))
                continue
            found = call(self.engine, *nodes)
            if isinstance(expected, Record):
                self.kept.append((found, expected))
            else:
                _compare(op, expected, found)

    @rule(steps=st.lists(operations, min_size=1, max_size=4))
    def no_grad(self, steps: list[tuple[str, list[float]]]) -> None:
        """Enter a block in which nothing is recorded, and apply primitives; or leave it."""
        if self.block:
            self.teardown()
            self.model.records = True
        else:
            self.block = autograd.no_grad()
            self.block.__enter__()
            self.model.records = False
            self.apply(steps)

    # ---- sweeping --------------------------------------------------------------------------------------

    @rule(seeds=st.dictionaries(places, seeds, min_size=1, max_size=3))
    def backward(self, seeds: dict[int, float]) -> None:
        """Sweep from one root or several."""
        nodes, records = self._seeds(seeds)
        if len(nodes) == 1:
            [(node, seed)] = nodes.items()
            node.backward(seed)
        else:
            self.engine.backward(nodes)
        self.model.backward(records)

    @rule(place=places, seed=seeds, first=st.integers(1, 20), stride=st.integers(1, 20))
    def backward_interrupted(self, place: int, seed: float, first: int, stride: int) -> None:
        """Stop a sweep again and again, some opcodes later each time, until it sets the grads: all of them at once."""
        node, record = self._at(place)
        nodes = list(self._pairs())
        old = repr([x.grad for x in nodes])
        for k in itertools.count(first, stride):
            with contextlib.suppress(KeyboardInterrupt):
                interrupt(lambda: node.backward(seed), k)
                break
            if repr([x.grad for x in nodes]) != old:
                break
        self.model.backward({record: seed})

    @rule(place=places, tangents=st.lists(seeds, max_size=4))
    def tangent(self, place: int, tangents: list[float]) -> None:
        """Sweep forward from the youngest leaves, and change nothing."""
        node, record = self._at(place)
        moved = [(*pair, tangent) for pair, tangent in zip(self._leaves(), tangents, strict=False)]
        nodes = {leaf: tangent for leaf, _, tangent in moved}
        records = {leaf: tangent for _, leaf, tangent in moved}
        found = self._leaving_nothing(lambda: node.tangent(nodes))
        _compare("tangent", self.model.tangent(records, record), found)

    @rule(place=places, number=numbers)
    def grad_within(self, place: int, number: float) -> None:
        """Differentiate within the program, by a variable of its own: what is outside can vary, and does not change."""
        node, record = self._at(place)
        varies = not self.block and any(not x.op for x in behind([record], "parents"))

        def within() -> tuple[float, list[float]]:
            found = autograd.grad(lambda t: t * node)(self.engine.Value(number).detach())
            return (found.data, self.engine.adjoints(found, [node])) if varies else (found, [])

        first, second = self._leaving_nothing(within)
        _compare("derivative", record.data + 0.0, first + 0.0)  # a zero may have either sign
        _compare("derivative of the derivative", [1.0] * varies, second)

    # ---- changing --------------------------------------------------------------------------------------

    @rule(place=places)
    def zero_grad(self, place: int) -> None:
        """Set a grad to zero."""
        node, record = self._at(place)
        node.zero_grad()
        record.grad = 0.0

    @rule(numbers=st.lists(numbers, max_size=8))
    def assign(self, numbers: list[float]) -> None:
        """Give leaves other data, as an optimiser does: what was computed from them stays as it is."""
        for (node, record), number in zip(self._leaves(), numbers, strict=False):
            node.data = record.data = number

    @rule(place=places, other=places, mistake=st.sampled_from(MISTAKES))
    def mistake(self, place: int, other: int, mistake: tuple[type[Exception], Call]) -> None:
        """Do what has to be refused: nothing changes."""
        error, call = mistake
        x, y = self._at(place)[0], self._at(other)[0]
        self._refuses(error, lambda: call(self.engine, x, y))

    # ---- copying and forgetting ------------------------------------------------------------------------

    @rule(several=st.lists(places, min_size=1, max_size=3), how=st.sampled_from(COPIES))
    def copies(self, several: list[int], how: str) -> None:
        """Copy nodes: as constants, alone, with their histories, or with histories that share only leaves."""
        pairs = [self.kept[index] for index in dict.fromkeys(map(self._index, several))]
        nodes, records = [node for node, _ in pairs], [record for _, record in pairs]
        match how:
            case "detach":
                copies = [node.detach() for node in nodes]
                expected = [Record("constant", record.data, name=record.name) for record in records]
            case "copy":
                copies = [copy.copy(node) for node in nodes]
                expected = [replace(record, serial=_clock()) for record in records]
            case "deepcopy":
                copies = copy.deepcopy(nodes)
                expected = self.model.copies(records, shares=lambda node: True)
            case _:
                copies = pickle.loads(pickle.dumps(nodes))
                expected = self.model.copies(records, shares=lambda node: not node.op)
        self.kept += zip(copies, expected, strict=True)

    @precondition(lambda self: len(self.kept) > 1)
    @rule(place=places)
    def forget(self, place: int) -> None:
        """Drop a node. It dies, if nothing was computed from it, and with it all that only it held, at once."""
        index = self._index(place)
        forgotten, rest = self.kept[index][1], [*self.kept[:index], *self.kept[index + 1 :]]
        living = behind([record for _, record in rest], "operands")
        dying = set(behind([forgotten], "operands")).difference(living)
        shared = {id(record.operands) for record in living}  # an engine may keep one tuple for a node and its copy
        perhaps = {x for record in dying for x in record.operands}
        surely = {x for record in dying if id(record.operands) not in shared for x in record.operands}
        before = [sys.getrefcount(node) for node, _ in rest]
        del self.kept[index]
        fewer = [sys.getrefcount(node) < count for (node, _), count in zip(rest, before, strict=True)]
        expected = [x in surely or (x in perhaps and lost) for (_, x), lost in zip(rest, fewer, strict=True)]
        _compare("whether kept nodes lose a result", expected, fewer)

    # ---- what has to hold ------------------------------------------------------------------------------

    @invariant()
    def every_node_is_as_it_has_to_be(self) -> None:
        """Compare all nodes that live with the model."""
        pairs = self._pairs()
        for node, record in pairs.items():
            where = f" of a node of op {record.op!r}"
            _compare("op" + where, record.op, node.op)
            _compare("name" + where, record.name, node.name)
            _compare("data" + where, record.data, node.data)
            _compare("grad" + where, record.grad, node.grad)
            _compare("parents" + where, [x.serial for x in record.parents], [pairs[x].serial for x in node.parents])
            _compare("partials" + where, record.partials, node.partials)

    @invariant()
    def every_sweep_would_be_right(self) -> None:
        """Sweep from each node that is kept, without a change to any."""
        nodes = [node for node, _ in self.kept]
        found = self._leaving_nothing(lambda: [self.engine.adjoints(node, nodes) for node in nodes])
        for (_, record), adjoints in zip(self.kept, found, strict=True):
            expected = self.model.adjoints({record: 1.0})
            _compare(f"adjoints behind {record.op!r}", [expected.get(x) for _, x in self.kept], adjoints)

    def _pairs(self) -> dict[Any, Record]:
        """Return the records of all nodes that live: of those that are kept, and of all behind them."""
        pairs: dict[Any, Record] = {}
        waiting = list(self.kept)
        while waiting:
            node, record = waiting.pop()
            if node in pairs:
                _compare("serial", record.serial, pairs[node].serial)
                continue
            pairs[node] = record
            _compare(f"count of operands of {record.op!r}", len(record.operands), len(node.operands))
            for x, expected in zip(node.operands, record.operands, strict=True):
                if isinstance(expected, Record):
                    _compare("whether an operand is a Value", True, type(x) is self.engine.Value)
                    waiting.append((x, expected))
                else:
                    _compare(f"operand of {record.op!r}", expected, x)
        _compare("count of nodes", len(set(pairs.values())), len(pairs))
        return pairs

    # ---- helpers ---------------------------------------------------------------------------------------

    def _index(self, place: int) -> int:
        return len(self.kept) - 1 - place % len(self.kept)

    def _at(self, place: int) -> tuple[Any, Record]:
        return self.kept[self._index(place)]

    def _leaves(self) -> list[tuple[Any, Record]]:
        return [(node, record) for node, record in reversed(self.kept) if not record.op]

    def _seeds(self, seeds: Mapping[int, float]) -> tuple[dict[Any, float], dict[Record, float]]:
        by_index = {self._index(place): seed for place, seed in seeds.items()}
        pairs = [(*self.kept[index], seed) for index, seed in by_index.items()]
        return {node: seed for node, _, seed in pairs}, {record: seed for _, record, seed in pairs}

    def _leaving_nothing(self, work: Callable[[], Any]) -> Any:
        """Return what some work returns, after which there are as many references to each node as before."""
        before = [sys.getrefcount(node) for node, _ in self.kept]
        found = work()
        _compare("references", before, [sys.getrefcount(node) for node, _ in self.kept])
        return found

    def _refuses(self, error: type[Exception], work: Callable[[], object]) -> None:
        def refused() -> bool:
            try:
                work()
            except error:
                return True
            return False

        _compare(f"whether there is a {error.__name__}", True, self._leaving_nothing(refused))


def _compare(what: str, expected: object, found: object) -> None:
    """Compare numbers, or lists of them, by what they look like: to the last bit, every NaN alike."""
    if ascii(expected) != ascii(found):
        raise AssertionError(f"{what}: expected {expected!a}, got {found!a}")
