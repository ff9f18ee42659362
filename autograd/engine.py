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

import itertools
import operator
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, TypeAlias

from autograd import _copying, errors
from autograd._bindings import bind
from autograd._floats import FloatLike, real
from autograd._kernels import Kernel

__all__ = ["Value", "ancestors", "restore"]  # and the functions of the primitives: see the end

_clock = itertools.count(1)  # tells nodes apart by when they were recorded


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
        Name of the primitive; empty on a leaf.
    operands : tuple of Value and float
        The operands in order, repeated where repeated.
    parents : tuple of Value
        The Values among the operands that `data` depends on. An operand in which the primitive is
        constant around this point, such as the branch that `where` did not take, is no parent.
    partials : tuple of float
        d data / d parent for each parent, taken when the node was recorded.
    name : str
        The label.
    """

    __slots__ = ("_data", "_grad", "_name", "_op", "_operands", "_parents", "_partials", "_serial")

    _grad: float
    _name: str
    _op: str
    _operands: tuple[Value | float, ...]
    _parents: tuple[Value, ...]
    _partials: tuple[float, ...]
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
        order = _reach(self, "_parents")
        adjoint = dict.fromkeys(order, 0.0)
        adjoint[self] = real(seed, "seed")
        for node in reversed(order):
            for parent, partial in zip(node.parents, node.partials, strict=True):
                adjoint[parent] += adjoint[node] * partial
        found = [a if node._op else node._grad + a for node, a in adjoint.items()]
        # One call into C, where no signal is handled and nothing is allocated: all grads or none.
        deque(map(setattr, order, itertools.repeat("_grad"), found), maxlen=0)

    def tangent(self, seeds: Mapping[Value, Any]) -> float:
        """Sweep forward: return the derivative of this node in the direction of `seeds`.

        Parameters
        ----------
        seeds : mapping of Value to real number
            The tangent of each leaf to move; other leaves stay. Leaves that this node does not
            depend on may be among them.

        Returns
        -------
        float
            The sum of d self / d leaf times the tangent of the leaf.
        """
        if not isinstance(seeds, Mapping):
            raise errors.not_seeds(seeds)
        tangent = {leaf: real(seed, "seed") for leaf, seed in dict(seeds).items()}
        for leaf in tangent:
            if type(leaf) is not Value:
                raise errors.not_a_number("tangent", leaf)
            if leaf._op:
                raise errors.not_a_leaf("tangent", leaf._op)
        for node in _reach(self, "_parents"):
            for parent, partial in zip(node.parents, node.partials, strict=True):
                if parent in tangent:  # what no seed reaches does not move at all, not by 0.0
                    tangent[node] = tangent.get(node, 0.0) + partial * tangent[parent]
        return tangent.get(self, 0.0)

    def zero_grad(self) -> None:
        """Set `grad` to zero."""
        self._grad = 0.0

    # ---- attributes ------------------------------------------------------------------------------

    op = property(operator.attrgetter("_op"))
    operands = property(operator.attrgetter("_operands"))
    parents = property(operator.attrgetter("_parents"))
    partials = property(operator.attrgetter("_partials"))

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
        return restore(self._data, self._grad, self._name, self._op, self._operands, self._parents, self._partials)

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
    op: str,
    operands: tuple[Value | float, ...],
    parents: tuple[Value, ...],
    partials: tuple[float, ...],
) -> Value:
    """Make a node from all that it holds, as copies and pickles do."""
    node = object.__new__(Value)
    node._data, node._grad, node._name, node._op = data, grad, name, op
    node._operands, node._parents, node._partials = operands, parents, partials
    node._serial = next(_clock)
    return node


# ---- order -----------------------------------------------------------------------------------------


def ancestors(root: Value) -> list[Value]:
    """Return every Value that `root` was computed from, and `root`, in recording order."""
    if type(root) is not Value:
        raise errors.not_a_number("ancestors", root)
    return _reach(root, "_operands")


def _reach(root: Value, sources: str) -> list[Value]:
    """Return `root` and all Values behind it, by their operands or by their parents alone."""
    reached = [root]
    seen = {root}
    for node in reached:  # grows while it is read
        for source in getattr(node, sources):
            if type(source) is Value and source not in seen:
                seen.add(source)
                reached.append(source)
    reached.sort(key=operator.attrgetter("_serial"))  # a node is younger than its operands
    return reached


# ---- recording -------------------------------------------------------------------------------------

Operands: TypeAlias = tuple[Value | float, ...]


def _apply(kernel: Kernel, operands: Operands) -> Value | float:
    """Compute one primitive; record it if there is a Value among the operands."""
    numbers = _primals(operands)
    out = kernel.value(*numbers)
    return _record(kernel, out, operands, _partials(kernel, operands, numbers, out))


def _fold(kernel: Kernel, columns: list[list[Value | float]]) -> Value | float:
    """Compute a primitive of columns of operands, from left to right; record it as one node."""
    rows = list(zip(*columns, strict=True))
    terms = [_primals(row) for row in rows]
    out = 0.0
    for numbers in terms:
        out = kernel.value(out, *numbers)
    by_row = [_partials(kernel, row, numbers, out) for row, numbers in zip(rows, terms, strict=True)]
    by_column = [partial for column in zip(*by_row, strict=True) for partial in column]
    return _record(kernel, out, tuple([x for column in columns for x in column]), by_column)


def _primals(operands: Operands) -> tuple[float, ...]:
    return tuple([x._data if isinstance(x, Value) else x for x in operands])


def _partials(kernel: Kernel, operands: Operands, numbers: tuple[float, ...], out: float) -> tuple[float | None, ...]:
    """Return the partial by each operand; None for a plain number, and for a structural zero."""
    names = zip(kernel.row.operands, operands, strict=True)
    constants = tuple([name for name, x in names if type(x) is not Value])
    return kernel.partials(constants)(*numbers, out)


def _record(kernel: Kernel, out: float, operands: Operands, partials: Iterable[float | None]) -> Value | float:
    """Make the node of a primitive, with an edge for each partial; without a Value, return the number."""
    if Value not in map(type, operands):
        return out
    edges = [(x, partial) for x, partial in zip(operands, partials, strict=True) if partial is not None]
    parents, slopes = zip(*edges, strict=True) if edges else ((), ())
    return restore(out, 0.0, "", kernel.row.name, operands, parents, slopes)


# Operators and methods of Value, such as + and .exp(), and functions of this module, such as exp and dot.
_functions = bind(Value, _apply, _fold)
globals().update(_functions)
__all__ += list(_functions)
