"""The reference twin: Value, the recording of a graph, and the two sweeps over it.

Compute with Values as with floats. Every operation makes a node that remembers its **parents** (the
Values it was computed from) and its **partials** (the derivative of its own number by each of
them, as a float, taken there and then). The derivatives of a whole program follow from that alone:

* chain rule, case 1, one path: multiply the partials along the path;
* chain rule, case 2, several paths: add the products up.

In `Value.backward` these are the ``*`` and the ``+=`` of one line. Everything else in this file
serves that line: the recording of nodes before it, and an order in which to visit them.

    >>> x = Value(3.0)
    >>> y = x * x + x                                   # x is used three times: three paths
    >>> y.backward()
    >>> x.grad                                          # 3 + 3 + 1
    7.0

`autograd/_engine.c` is this file again, fast. Both must agree to the last bit. The formulas come
from the table in `autograd.primitives`; read that first. Nothing here recurses, so a graph may be
as deep as memory allows; a node refers only to older nodes, so there are no reference cycles.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeAlias

from autograd import _copying, _modes, errors
from autograd._bindings import bind
from autograd._floats import FloatLike, real
from autograd._kernels import Kernel

__all__ = [
    "Value", "adjoints", "ancestors", "backward", "between", "closed_adjoints", "is_closed", "restore", "tangents",
]  # fmt: skip
# and the functions of the primitives: see the end

_clock = itertools.count(1)  # tells nodes apart by when they were recorded
_new = object.__new__

Operands: TypeAlias = "tuple[Value | float, ...]"
Seeds: TypeAlias = "Mapping[Value, Any] | Value"


class Value(FloatLike):
    """A number that remembers how it was computed.

    It behaves as the float it holds: in arithmetic with Values, ints, floats, fractions and NumPy
    scalars, in comparisons and formatting. Two differences: its hash is that of the object, so that
    Values can be keys; and ``float(value)`` raises, because it would silently lose the graph.

    Parameters
    ----------
    data : real number
        The primal.
    name : str, optional
        A label.

    Attributes
    ----------
    data : float
        The primal. It can be assigned on leaves: that is how an optimiser updates a parameter.
    grad : float
        The adjoint, d root / d self, found by the last sweep. On a leaf it accumulates over
        sweeps, until `zero_grad`; on a computed node it is that of the last sweep.
    op : str
        Name of the primitive; empty on a leaf; "constant" on a Value through which no derivative
        passes (see `detach`, and `autograd.no_grad`).
    operands : tuple of Value and float
        The operands in order, repeated where repeated.
    parents : tuple of Value
        The Values among the operands that `data` depends on. An operand in which the primitive is
        constant around this point, such as the branch that `where` did not take, is no parent.
    partials : tuple of float
        d data / d parent for each parent, taken when the node was recorded.
    name : str
        The label.
    primitive : object or None
        The user's own primitive that made the node (see `autograd.primitive`); else None.
    line : str
        The line of source that made the node, as ``file:number``, if it was made in a block of
        `autograd.record_lines`; else empty.
    """

    __slots__ = (
        "_data", "_grad", "_line", "_name", "_op", "_operands", "_parents", "_partials", "_primitive", "_serial",
    )  # fmt: skip

    _grad: float
    _line: str
    _name: str
    _op: str
    _operands: tuple[Value | float, ...]
    _parents: tuple[Value, ...]
    _partials: tuple[float, ...]
    _primitive: Any
    _serial: int

    def __new__(cls, data: Any, name: str = "") -> Value:  # noqa: D102
        number = real(data, "Value")
        if type(name) is not str:
            raise errors.not_a_name(name)
        return restore(number, 0.0, name, "", (), (), ())

    # ---- the two sweeps --------------------------------------------------------------------------

    def backward(self, seed: Any = 1.0) -> None:
        """Sweep the graph from this node back to its leaves and set every `grad` on the way.

        Parameters
        ----------
        seed : real number
            The adjoint of this node itself.

        Notes
        -----
        Takes one multiplication and one addition for each edge, whatever the number of leaves. An
        exception on the way, even an interrupt, leaves every `grad` as it was.
        """
        backward({self: seed})

    def tangent(self, seeds: Seeds) -> float:
        """Sweep forward: return the derivative of this node in the direction of `seeds`.

        Parameters
        ----------
        seeds : mapping of Value to real number, or Value
            The tangent of each leaf to move, 1 for a bare Value; other leaves stay. Leaves that this node does not
            depend on may be among them.

        Returns
        -------
        float
            The sum of d self / d leaf times the tangent of the leaf.
        """
        found = tangents(seeds, [self])[0]
        return 0.0 if found is None else found

    def detach(self) -> Value:
        """Return a constant: a Value with the same data, through which no derivative passes."""
        return restore(self._data, 0.0, self._name, "constant", (), (), ())

    def zero_grad(self) -> None:
        """Set `grad` to zero."""
        self._grad = 0.0

    # ---- attributes ------------------------------------------------------------------------------

    op = property(operator.attrgetter("_op"))
    operands = property(operator.attrgetter("_operands"))
    parents = property(operator.attrgetter("_parents"))
    partials = property(operator.attrgetter("_partials"))
    primitive = property(operator.attrgetter("_primitive"))
    line = property(operator.attrgetter("_line"))

    @property
    def data(self) -> float:  # noqa: D102  (the docstring of the class has them all)
        return self._data

    @data.setter
    def data(self, number: Any) -> None:
        if self._op:
            raise errors.not_a_leaf("data", self._op)
        self._data = real(number, "data")

    @property
    def grad(self) -> float:  # noqa: D102
        return self._grad

    @grad.setter
    def grad(self, number: Any) -> None:
        self._grad = real(number, "grad")

    @property
    def name(self) -> str:  # noqa: D102
        return self._name

    @name.setter
    def name(self, text: str) -> None:
        if type(text) is not str:
            raise errors.not_a_name(text)
        self._name = text

    # ---- what it looks like, and copies -----------------------------------------------------------

    def __repr__(self) -> str:
        name = f", name={self._name!r}" if self._name else ""
        return f"Value(data={self._data!r}, grad={self._grad!r}{name})"

    def __copy__(self) -> Value:
        op = self._op if self._primitive is None else self._primitive
        return restore(self._data, self._grad, self._name, op, self._operands, self._parents, self._partials)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        copied: Value = _copying.deepcopy(self, memo)
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        return _copying.reduce(self)

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("type 'Value' is not an acceptable base type")


def restore(
    data: float,
    grad: float,
    name: str,
    op: Any,
    operands: Operands,
    parents: tuple[Value, ...],
    partials: tuple[float, ...],
) -> Value:
    """Make a node from all that it holds, as copies and pickles do; `op` is a name or an own primitive."""
    by_name = type(op) is str
    node = _node(op if by_name else op.name, data, operands, parents, partials)
    node._grad, node._name, node._primitive = grad, name, None if by_name else op
    return node


def _node(op: str, data: float, operands: Operands, parents: tuple[Value, ...], partials: tuple[float, ...]) -> Value:
    """Make a node, and with that give it its place in recording order."""
    node = _new(Value)
    node._data, node._grad, node._name = data, 0.0, ""
    node._op, node._primitive = op, None
    node._operands, node._parents, node._partials = operands, parents, partials
    node._line = _modes.caller() if _modes.entered and _modes.in_force() & _modes.LINES else ""
    node._serial = next(_clock)
    return node


# ---- the two sweeps ----------------------------------------------------------------------------------


def backward(seeds: Seeds) -> None:
    """Sweep backward from several roots at once and set every `grad` on the way.

    Parameters
    ----------
    seeds : mapping of Value to real number
        The adjoint of each root: the sweep differentiates the sum of the roots times their seeds.

    Notes
    -----
    See `Value.backward`, which is the same for one root.
    """
    adjoint = _sweep_backward(seeds)
    found = [a if node._op else node._grad + a for node, a in adjoint.items()]
    # One call into C, where no signal is handled and nothing is allocated: all grads or none.
    deque(map(setattr, adjoint, itertools.repeat("_grad"), found), maxlen=0)


def adjoints(seeds: Seeds, nodes: Iterable[Value]) -> list[float | None]:
    """Sweep backward and return the adjoints of some nodes; no `grad` changes.

    Parameters
    ----------
    seeds : mapping of Value to real number, or Value
        The adjoint of each root; that of a bare Value is 1.
    nodes : iterable of Value
        Whose adjoints to return.

    Returns
    -------
    list of float or None
        One for each node; None where no root depends on it.
    """
    wanted = _values(nodes, "gradient")
    adjoint = _sweep_backward(seeds)
    return [adjoint.get(node) for node in wanted]


def closed_adjoints(root: Value, leaves: Iterable[Value]) -> list[float] | None:
    """Sweep backward from one root and return the adjoints of some leaves, if nothing else is older.

    Parameters
    ----------
    root : Value
        Its adjoint is 1.
    leaves : iterable of Value
        Whose adjoints to return.

    Returns
    -------
    list of float, or None
        One for each leaf, 0.0 where the root does not depend on it; None if the root depends on a leaf
        that is older than all of these (see `is_closed`).
    """
    roots, wanted = _values([root], "closed_adjoints"), _values(leaves, "closed_adjoints")
    if not is_closed(roots, wanted):
        return None
    return [0.0 if found is None else found for found in adjoints(root, wanted)]


def _sweep_backward(seeds: Seeds) -> dict[Value, float]:
    """Return the adjoint of every node behind the roots, in recording order."""
    roots = _seeds(seeds, "backward")
    order = _reach(roots)
    adjoint = dict.fromkeys(order, 0.0) | roots
    for node in reversed(order):
        for parent, partial in zip(node._parents, node._partials):  # noqa: B905  (a third faster than strict)
            adjoint[parent] += adjoint[node] * partial
    return adjoint


def tangents(seeds: Seeds, nodes: Iterable[Value]) -> list[float | None]:
    """Sweep forward and return the tangents of some nodes.

    Parameters
    ----------
    seeds : mapping of Value to real number
        The tangent of each leaf to move; other leaves stay.
    nodes : iterable of Value
        Whose tangents to return.

    Returns
    -------
    list of float or None
        One for each node; None where it depends on none of the leaves.
    """
    tangent = _seeds(seeds, "tangent")
    for leaf in tangent:
        if leaf._op:
            raise errors.not_a_leaf("tangent", leaf._op)
    wanted = _values(nodes, "tangents")
    for node in _reach(wanted):
        for parent, partial in zip(node._parents, node._partials, strict=True):
            if parent in tangent:  # what no seed reaches does not move at all, not by 0.0
                tangent[node] = tangent.get(node, 0.0) + partial * tangent[parent]
    return [tangent.get(node) for node in wanted]


def _seeds(seeds: Seeds, where: str) -> dict[Value, float]:
    """Check seeds, first all numbers, then all Values."""
    if type(seeds) is Value:
        return {seeds: 1.0}
    if not isinstance(seeds, Mapping):
        raise errors.not_seeds(where, seeds)
    numbers = {node: real(seed, "seed") for node, seed in dict(seeds).items()}
    _values(numbers, where)
    return numbers


def _values(nodes: Iterable[Value], where: str) -> list[Value]:
    found = list(nodes)
    for node in found:
        if type(node) is not Value:
            raise errors.not_a_value(where, node)
    return found


# ---- order -----------------------------------------------------------------------------------------


def ancestors(root: Value) -> list[Value]:
    """Return every Value that `root` was computed from, and `root`, in recording order."""
    if type(root) is not Value:
        raise errors.not_a_value("ancestors", root)
    return _reach([root], operator.attrgetter("_operands"))


def between(roots: Iterable[Value], sources: Iterable[Value]) -> list[Value]:
    """Return the nodes on the paths from the sources to the roots, both included, in recording order.

    Takes time in proportion to the nodes recorded since the oldest source, however long the history
    behind the sources.
    """
    ends, starts = _values(roots, "between"), _values(sources, "between")
    since = min([node._serial for node in starts], default=0)
    on_path = set(starts)
    found = []
    for node in _reach(ends, since=since):
        if node in on_path or not on_path.isdisjoint(node._parents):
            on_path.add(node)
            found.append(node)
    return found


def is_closed(roots: Iterable[Value], leaves: Iterable[Value]) -> bool:
    """Return whether the roots depend on no leaf that is older than all of these."""
    ends, since = _values(roots, "is_closed"), [leaf._serial for leaf in _values(leaves, "is_closed")]
    oldest = min(since, default=math.inf)
    return not [node for node in _reach(ends) if not node._op and node._serial < oldest]


def _reach(
    roots: Iterable[Value],
    sources: Callable[[Value], Iterable[Any]] = operator.attrgetter("_parents"),
    since: int = 0,
) -> list[Value]:
    """Return the roots and all Values behind them, in recording order: a node is younger than its sources."""
    reached = set()
    waiting: list[Any] = list(roots)
    while waiting:
        node = waiting.pop()
        if type(node) is Value and node not in reached and node._serial >= since:
            reached.add(node)
            waiting += sources(node)
    return sorted(reached, key=operator.attrgetter("_serial"))


# ---- recording -------------------------------------------------------------------------------------


def _specialise(kernel: Kernel, types: tuple[type, ...]) -> Callable[..., Value | float]:
    """Return `_apply` for one primitive and operands of these types, Values and floats: the same, but much faster."""
    values = [name for name, kind in zip(kernel.row.operands, types, strict=True) if kind is Value]
    if not values:
        return kernel.value
    return kernel.written_out(values, {"apply": _apply, "record": _record, "node": _node})


def _apply(kernel: Kernel, operands: Operands) -> Value | float:
    """Compute one primitive; record it if there is a Value among the operands."""
    numbers = tuple(_primals(operands))
    out = kernel.value(*numbers)
    if not _is_recorded(operands):
        return _constant(out, operands)
    if math.isnan(out) and kernel.is_undefined(numbers):  # under `ieee`
        partials = tuple([out if _is_variable(x) else None for x in operands])
    else:
        partials = _partials(kernel, tuple([_is_variable(x) for x in operands]))(*numbers, out)
    return _record(kernel.row.name, out, operands, operands, partials)


def _apply_to_columns(kernel: Kernel, columns: list[list[Value | float]]) -> Value | float:
    """Compute a primitive of columns of operands; record it as one node."""
    numbers = [_primals(column) for column in columns]
    out, *shared = kernel.value_of_columns(*numbers)
    operands = tuple([x for column in columns for x in column])
    if not _is_recorded(operands):
        return _constant(out, operands)
    variable = [map(_is_variable, column) for column in columns]
    rows = zip(zip(*variable, strict=True), zip(*numbers, strict=True), strict=True)
    by_row = [_partials(kernel, are_variables)(*row, out, *shared) for are_variables, row in rows]
    by_column = tuple([partial for column in zip(*by_row, strict=True) for partial in column])
    return _record(kernel.row.name, out, operands, operands, by_column)


def _primals(operands: Iterable[Value | float]) -> list[float]:
    return [x._data if isinstance(x, Value) else x for x in operands]


def _is_variable(x: Value | float) -> bool:
    return type(x) is Value and x._op != "constant"


def _is_recorded(operands: Operands) -> bool:
    return not (_modes.entered and _modes.in_force() & _modes.PLAIN) and any(map(_is_variable, operands))


def _constant(out: float, operands: Operands) -> Value | float:
    """Return a result that is not recorded: a number, or a constant if there was a Value."""
    return _node("constant", out, (), (), ()) if Value in map(type, operands) else out


@functools.cache
def _partials(kernel: Kernel, are_variables: tuple[bool, ...]) -> Callable[..., tuple[float | None, ...]]:
    """Return the function that gives the partial by each operand; None for a plain number and for a structural zero."""
    names = zip(kernel.row.operands, are_variables, strict=True)
    return kernel.partials(tuple([name for name, is_variable in names if not is_variable]))


def _record(op: str, out: float, operands: Operands, sources: tuple[Any, ...], partials: tuple[Any, ...]) -> Value:
    """Make the node of a primitive, with an edge from each of the sources by which there is a partial."""
    if None in partials:
        edges = [(x, partial) for x, partial in zip(sources, partials, strict=True) if partial is not None]
        sources, partials = zip(*edges, strict=True) if edges else ((), ())
    return _node(op, out, operands, sources, partials)


# Operators and methods of Value, such as + and .exp(), and functions of this module, such as exp and dot.
_functions = bind(Value, _specialise, _apply_to_columns)
globals().update(_functions)
__all__ += list(_functions)
