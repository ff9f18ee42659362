r"""Who is to blame: parameters, neurons and layers, ranked by their share of responsibility for a result.

    >>> from autograd import Value, blame
    >>> w, b = Value(2.0, "w"), Value(1.0, "b")
    >>> print(blame((w * 3.0 + b - 5.0) ** 2))
    who is to blame for pow1 = 4
    <BLANKLINE>
    parameter  data  adjoint  share                   to first order
    w             2       12  75.0%  ###############             -24
    b             1        4  25.0%  #####                        -4
    <BLANKLINE>
    share: |adjoint| over the sum of all, 16. to first order: -data * adjoint, what setting it to 0
    adds to pow1.

The gradient hands the responsibility for an error down from the output to whatever it was computed from.
"""

from __future__ import annotations

import functools
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograd import errors
from autograd._structures import is_value
from autograd.graph import Snapshot, owner
from autograd.view.writing import Shown, code, number, plain

__all__ = ["Blame", "Group", "Share", "blame"]

_MOST_LINES = 20
_BAR = 20


class Share(NamedTuple):
    """A parameter and its part in a result.

    Attributes
    ----------
    name : str
        What it is called.
    data : float
        Its number.
    adjoint : float
        d root / d parameter: how much the root grows for each unit that the parameter does. 0.0 if the root does not
        depend on it.
    share : float
        The absolute adjoint over the sum of those of all parameters: its share of responsibility. It is NaN where
        that sum is zero or not finite.
    removal : float
        -data * adjoint: what setting the parameter to zero adds to the root, to first order.
    """

    name: str
    data: float
    adjoint: float
    share: float
    removal: float


class Group(NamedTuple):
    """The parameters of a neuron, a layer or another module, together.

    Attributes
    ----------
    name : str
        The way to the module, such as ``layers[0].neurons[2]``.
    n_parameters : int
        How many of the parameters belong to it.
    size : float
        The sum of their absolute adjoints.
    share : float
        That over the sum of all.
    """

    name: str
    n_parameters: int
    size: float
    share: float


@dataclass(frozen=True, eq=False, repr=False)
class Blame(Shown):
    """What `blame` found; print it, or let a notebook show it.

    Attributes
    ----------
    root : str
        The id of the root.
    value : float
        Its number.
    rows : tuple of Share
        The parameters, the most responsible first.
    groups : tuple of Group
        The modules that they belong to, the outermost first, and of one depth the most responsible first.
    size : float
        The sum of all absolute adjoints.
    """

    root: str
    value: float
    rows: tuple[Share, ...]
    groups: tuple[Group, ...]
    size: float
    _snapshot: Snapshot
    _places: frozenset[int]

    def flow(self, node: Any) -> float:
        """Return how much of the sensitivity of the root flows through a node.

        Parameters
        ----------
        node : Value
            A parameter, or a node on a path to some.

        Returns
        -------
        float
            Of the absolute products of partials over all paths from the root to the parameters, the part that goes
            through the node: 1.0 for the root itself, 0.0 for what no path meets. The flows through nodes of which
            each path meets exactly one add up to 1. It is NaN where the products add
            up to zero, or to more than a float holds.
        """
        place = self._snapshot.place(node)
        above, below = self._sizes
        whole = below[self._snapshot.roots[0]]
        if not 0.0 < whole < math.inf:
            return math.nan
        return 0.0 if place is None else above[place] * (below[place] / whole)

    @functools.cached_property
    def _sizes(self) -> tuple[list[float], list[float]]:
        """The sums of absolute products over all paths from the root to each node, and from each to the parameters."""
        nodes = self._snapshot.nodes
        below = [float(place in self._places) for place in range(len(nodes))]
        above = [0.0] * len(nodes)
        above[self._snapshot.roots[0]] = 1.0
        for place, node in enumerate(nodes):
            for operand, partial in zip(node.operands, node.partials, strict=True):
                if partial is not None and below[operand]:
                    below[place] += abs(partial) * below[operand]
        for place in range(len(nodes) - 1, -1, -1):
            for operand, partial in zip(nodes[place].operands, nodes[place].partials, strict=True):
                if partial is not None and above[place]:
                    above[operand] += above[place] * abs(partial)
        return above, below

    @functools.cached_property
    def text(self) -> str:
        """The tables for a terminal."""
        lines = [f"who is to blame for {plain(self.root)} = {number(self.value)}"]
        for header, rows, rest in self._tables(plain):
            cells = [
                header,
                *[(name, *others, f"{share:.1%}", _bar(share), last) for name, *others, share, last in rows],
            ]
            widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
            lines += ["", *(_line(row, widths) for row in cells), *rest]
        return "\n".join([*lines, "", *textwrap.wrap(self._legend(plain(self.root)), 98)])

    @functools.cached_property
    def markdown(self) -> str:
        """The tables for a notebook or a forge."""
        lines = [f"**Who is to blame for {code(self.root)} = {number(self.value)}**"]
        for header, rows, rest in self._tables(code):
            head = [column for column in header if column]
            cells = [head, *[(name, *others, f"{share:.1%}", last) for name, *others, share, last in rows]]
            first, *others = [[cell.replace("|", "\\|") for cell in row[: len(head)]] for row in cells]
            table = [first, ["---", *["---:"] * (len(head) - 1)], *others]
            lines += ["", *[f"| {' | '.join(row)} |" for row in table]]
            lines += ["", *rest] if rest else []
        return "\n".join([*lines, "", self._legend(code(self.root)).replace("|", "\\|")])

    def _tables(self, shown: Callable[[str], str]) -> Iterator[tuple[tuple[str, ...], list[Any], list[str]]]:
        """Yield each table: its header, its rows with the share as a number, and a line on what was left out."""
        depths = sorted({group.name.count(".") for group in self.groups})
        for depth in depths:
            groups = [group for group in self.groups if group.name.count(".") == depth]
            rows = [(shown(g.name), f"{g.n_parameters:,}", number(g.size), g.share, "") for g in groups[:_MOST_LINES]]
            yield ("module", "parameters", "sum |adjoint|", "share", "", ""), rows, _rest(len(groups))
        singles = [
            (shown(row.name), number(row.data), number(row.adjoint), row.share, number(row.removal))
            for row in self.rows[:_MOST_LINES]
        ]
        yield ("parameter", "data", "adjoint", "share", "", "to first order"), singles, _rest(len(self.rows))

    def _legend(self, root: str) -> str:
        return (
            f"share: |adjoint| over the sum of all, {number(self.size)}. to first order: -data * adjoint, what setting "
            f"it to 0 adds to {root}."
        )


def _bar(share: float) -> str:
    return "#" * round(_BAR * share) if math.isfinite(share) else ""


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return a row of a table: names and bars stand to the left, numbers to the right."""
    padded = [
        cell.ljust(width) if i in {0, 4} else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _rest(count: int) -> list[str]:
    return [f"... and {count - _MOST_LINES:,} more"] if count > _MOST_LINES else []


def blame(
    root: Any, parameters: Mapping[str, Any] | Iterable[Any] | None = None, names: Mapping[str, Any] | None = None
) -> Blame:
    """Rank parameters, and the neurons and layers they belong to, by their responsibility for a result.

    Parameters
    ----------
    root : Value
        The result, such as a loss.
    parameters : mapping of str to Value, or iterable of Value, optional
        Whom to rank: ``model.named_parameters()``, for example. By default, the leaves whose names are ways to them in
        a module, such as ``layers[0].neurons[2].w[1]``; if there are none, all leaves that the root depends on.
    names : mapping of str to Value, optional
        What to call nodes, in place of their own names.

    Returns
    -------
    Blame
        Its text says it all; ``rows``, ``groups`` and ``flow(node)`` are for programs.

    Raises
    ------
    TypeError
        The root or a parameter is not a Value, or they belong to different twins.

    Notes
    -----
    The responsibility of a parameter is the size of d root / d parameter. It says how much the root changes with a
    small change of it, not how much of the root is due to it: that is what ``removal`` estimates. No sweep has to
    be run before, and no `grad` changes.

    Takes time and memory in proportion to the graph behind the root.
    """
    called = dict(names or {})
    given = None
    if isinstance(parameters, Mapping):
        called |= parameters
        given = list(parameters.values())
    elif parameters is not None:
        given = list(parameters)
    for value in (root, *(given or ())):
        if not is_value(value) or type(value) is not type(root):
            raise errors.not_a_value("blame", value)
    snapshot = Snapshot(root, names=called)
    adjoints = snapshot.adjoints()
    if given is None:
        leaves = [i for i, node in enumerate(snapshot.nodes) if node.kind in {"input", "parameter"}]
        leaves = [i for i in leaves if adjoints[i] is not None]
        places = [i for i in leaves if snapshot.nodes[i].kind == "parameter"] or leaves
        found = [(snapshot.nodes[i].id, snapshot.nodes[i].data, adjoints[i] or 0.0) for i in places]
    else:
        labels = {value: name for name, value in called.items()}
        at = {value: snapshot.place(value) for value in dict.fromkeys(given)}
        places = [i for i in at.values() if i is not None]
        found = [
            (labels.get(x) or x.name or f"parameters[{k}]", x.data, 0.0)
            if i is None else (snapshot.nodes[i].id, x.data, adjoints[i] or 0.0)
            for k, (x, i) in enumerate(at.items())
        ]  # fmt: skip
    size = sum(abs(adjoint) for _, _, adjoint in found)
    unit = size if 0.0 < size < math.inf else math.nan
    rows = [Share(name, data, adjoint, abs(adjoint) / unit, 0.0 - data * adjoint) for name, data, adjoint in found]
    rows.sort(key=lambda row: -math.inf if math.isnan(row.adjoint) else -abs(row.adjoint))
    root_node = snapshot.nodes[snapshot.roots[0]]
    return Blame(root_node.id, root_node.data, tuple(rows), _groups(rows, unit), size, snapshot, frozenset(places))


def _groups(rows: Iterable[Share], unit: float) -> tuple[Group, ...]:
    members: dict[str, list[float]] = {}
    for row in rows:
        name = row.name
        while name := owner(name):
            members.setdefault(name, []).append(abs(row.adjoint))
    groups = [Group(name, len(sizes), sum(sizes), sum(sizes) / unit) for name, sizes in members.items()]
    return tuple(sorted(groups, key=lambda group: (group.name.count("."), -group.size, group.name)))
