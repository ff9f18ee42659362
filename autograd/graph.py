"""A snapshot of a graph: a plain copy of all that is known about each node, with names to speak of them.

Pictures, the stepper and explanations read snapshots and nothing else. So what they show does not
change when gradients are cleared or leaves are assigned later, and it can be tested without drawing.

    >>> from autograd import Value
    >>> w, x = Value(0.5, "w"), Value(3.0, "x")
    >>> taken = Snapshot((w * x - 1) ** 2)
    >>> for node in taken.nodes:
    ...     print(f"{node.id:6} {node.kind:9} {node.data:5} {[taken.nodes[i].id for i in node.operands]}")
    w      input       0.5 []
    x      input       3.0 []
    mul1   computed    1.5 ['w', 'x']
    sub1.y constant    1.0 []
    sub1   computed    0.5 ['mul1', 'sub1.y']
    pow1.y constant    2.0 []
    pow1   computed   0.25 ['sub1', 'pow1.y']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from autograd import errors
from autograd._kernels import Kernel
from autograd._recorded import twin_of
from autograd._structures import is_value
from autograd._wording import height, kernel_of, positions_of_parents
from autograd.primitives import Primitive

__all__ = ["Kind", "Node", "Snapshot", "owner"]

Kind: TypeAlias = Literal["input", "parameter", "constant", "computed"]


class Node(NamedTuple):
    """A node of a snapshot.

    Attributes
    ----------
    id : str
        What to call it, unlike all others: the user's name, else the primitive and a counter; a plain number is called
        by the place where it is an operand.
    kind : str
        "input", or "parameter", for a leaf (a parameter is one whose name is the way to it in a module, such as
        ``layers[0].neurons[2].w[1]``); "constant" for a plain number and for a Value through which no derivative
        passes; "computed".
    op : str
        The primitive; empty on leaves and plain numbers.
    data, grad : float
        The primal, and the adjoint that the last sweep left there (0.0 if none did).
    operands : tuple of int
        The positions of the operands in the snapshot, in order, repeated where repeated.
    partials : tuple of float or None
        d node / d operand for each operand; None where there is no edge: a constant, or an operand without influence.
    slots : tuple of str
        What the formula of the primitive calls each operand.
    row : Primitive or None
        The row of the table; None on what is not computed, and for the user's own primitives.
    line : str
        The line of source that made it, if `autograd.record_lines` was on.
    """

    id: str
    kind: Kind
    op: str
    data: float
    grad: float
    operands: tuple[int, ...] = ()
    partials: tuple[float | None, ...] = ()
    slots: tuple[str, ...] = ()
    row: Primitive | None = None
    line: str = ""


class Snapshot:
    """All that some roots were computed from, in recording order: each node after its operands.

    Parameters
    ----------
    *roots : Value
        One or more, of one graph or several.
    names : mapping of str to Value, optional
        What to call nodes, in place of their own names: ``model.named_parameters()``, for example.

    Attributes
    ----------
    nodes : list of Node
        A Value is one node; a plain number is a node for each place where it is an operand, just before its user.
    roots : tuple of int
        The positions of the roots.
    n_values : int
        How many nodes are Values rather than plain numbers.

    Raises
    ------
    TypeError
        A root is not a Value, or they belong to different twins; a name is not a str, or not that of a Value.
    ValueError
        There is no root.

    Notes
    -----
    Takes time and memory in proportion to the operands. The same program gives the same snapshot in each run, and on
    both twins.
    """

    def __init__(self, *roots: Any, names: Mapping[str, Any] | None = None) -> None:
        self.nodes: list[Node] = []
        self._place: dict[Any, int] = {}
        values = _behind(roots)
        called = _names_by_value({} if names is None else names)
        labels = [called.get(value) or value.name for value in values] if called else [value.name for value in values]
        unique = _Ids(labels)
        for value, label in zip(values, labels, strict=True):
            self._copy(value, label, unique)
        self.roots = tuple(dict.fromkeys(self._place[root] for root in roots))
        self.n_values = len(values)

    def _copy(self, value: Any, label: str, unique: _Ids) -> None:
        op, place = value.op, self._place
        name = unique.named(label) if label else unique.counted(op or "leaf")
        if not op or op == "constant":
            kind: Kind = "constant" if op else "parameter" if owner(label) else "input"
            node = Node(name, kind, "", value.data, value.grad, line=value.line)
        else:
            operands, partials = value.operands, value.partials
            kernel = kernel_of(value)
            slots = _slots(kernel, operands)
            places, variables = [], []
            for i, x in enumerate(operands):
                if type(x) is type(value):
                    places.append(place[x])
                    if x.op != "constant":
                        variables.append(i)
                else:
                    places.append(len(self.nodes))
                    self.nodes.append(Node(unique.named(f"{name}.{slots[i]}"), "constant", "", x, 0.0))
            if len(partials) < len(operands):
                edges = variables if len(partials) == len(variables) else positions_of_parents(value)
                by_slot = dict(zip(edges, partials, strict=True))
                partials = tuple([by_slot.get(i) for i in range(len(operands))])
            row = kernel.row if kernel else None
            node = Node(name, "computed", op, value.data, value.grad, tuple(places), partials, slots, row, value.line)
        place[value] = len(self.nodes)
        self.nodes.append(node)

    def place(self, value: Any) -> int | None:
        """Return the position of a Value; None if no root was computed from it."""
        if not is_value(value):
            raise errors.not_a_value("Snapshot.place", value)
        return self._place.get(value)

    @property
    def is_swept(self) -> bool:
        """Whether a backward sweep from a root has left its seed there."""
        return any(self.nodes[root].grad != 0.0 for root in self.roots)

    def adjoints(self) -> list[float | None]:
        """Return d (sum of the roots) / d node for each node, to the last bit as the engine would find it.

        None stands where no root depends on the node.
        """
        found: list[float | None] = [None] * len(self.nodes)
        for root in self.roots:
            found[root] = 1.0
        for place in range(len(self.nodes) - 1, -1, -1):
            adjoint, node = found[place], self.nodes[place]
            if adjoint is not None:
                for operand, partial in zip(node.operands, node.partials, strict=True):
                    if partial is not None:
                        found[operand] = (found[operand] or 0.0) + adjoint * partial
        return found


def owner(name: str) -> str:
    """Return the module that a parameter of this name belongs to: the way to it but for the last step; or ''."""
    return name.rpartition(".")[0]


class _Ids:
    """Ids that are unlike one another: no made one is a name that the user gave."""

    def __init__(self, names: list[str]) -> None:
        self._names, self._taken = set(names), set[str]()
        self._last: dict[str, int] = {}

    def named(self, name: str) -> str:
        """Return the name itself; from the second time on with a number behind it."""
        if name in self._taken:
            return self._numbered(f"{name}#", 2)
        self._taken.add(name)
        return name

    def counted(self, op: str) -> str:
        """Return the primitive with the next number behind it; log2 and 1 make log2_1, as log and 21 make log21."""
        return self._numbered(f"{op}_" if op[-1].isdigit() else op, 1)

    def _numbered(self, stem: str, first: int) -> str:
        number = self._last.get(stem, first - 1) + 1
        while (made := f"{stem}{number}") in self._names or made in self._taken:
            number += 1
        self._last[stem] = number
        self._taken.add(made)
        return made


def _names_by_value(names: Mapping[str, Any]) -> dict[Any, str]:
    """Return what to call each of some Values."""
    if not isinstance(names, Mapping):
        raise TypeError(f"names: expected a mapping of names to Values, got {names!r:.60}")
    for name, value in names.items():
        if not isinstance(name, str):
            raise TypeError(f"names: expected names as str, with their Values, got {name!r:.60} as a name")
        if not is_value(value):
            raise errors.not_a_value(f"names[{name!r}]", value)
    return {value: name for name, value in names.items()}


def _behind(roots: tuple[Any, ...]) -> list[Any]:
    """Return the roots and all Values that they were computed from, in recording order."""
    if not roots:
        raise errors.no_roots()
    for root in roots:
        if not is_value(root):
            raise errors.not_a_value("root", root)
    twin = twin_of(roots[0])
    if len(set(roots)) == 1:
        found: list[Any] = twin.ancestors(roots[0])
        return found
    for root in roots:
        if twin_of(root) is not twin:
            raise errors.not_a_value("root", root)
    # One more node on top of them, for as long as the walk takes.
    return list(twin.ancestors(twin.restore(0.0, 0.0, "", "sum", roots, (), ())))[:-1]


_SLOTS: dict[tuple[str, int], tuple[str, ...]] = {}


def _slots(kernel: Kernel | None, operands: Sequence[Any]) -> tuple[str, ...]:
    """Return what the formula calls each operand of a node; an own primitive's have numbers."""
    key = (kernel.row.name if kernel else "", len(operands))
    if key not in _SLOTS:
        if kernel is None:
            names = [f"{i}" for i in range(len(operands))]
        elif kernel.row.columns:
            rows = height(kernel, operands)
            names = [f"{column}[{i}]" for column in kernel.row.operands for i in range(rows)]
        else:
            names = list(kernel.row.operands)
        _SLOTS[key] = tuple(names)
    return _SLOTS[key]
