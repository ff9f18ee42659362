"""Which nodes of a snapshot are drawn as one box: each by itself, sums, neurons, layers, or all that is far away.

A picture of more than some hundred boxes cannot be read, and Graphviz takes minutes for some thousand
edges. So the views fold more and more:

full
    Each node is a box.
sum
    Additions of which only another addition makes use are one box with it.
neuron
    All that belongs to one neuron is a box, over all calls: the samples of a batch lie on one another.
layer
    The same of whole layers.
near
    What is nearest to the roots, node by node, and one box for everything behind.

What belongs to a neuron is read off the names of its parameters, which are the way to them:
``layers[0].neurons[2].w[1]`` belongs to ``layers[0].neurons[2]``, and that to ``layers[0]``. A
computed node belongs to the neuron whose parameters it is computed from, together with something
else, and so does a sum of such nodes. The activation is what is computed from that sum and nothing
else, up to what the weights of other neurons multiply; behind the last weights it is one node.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from autograd import errors
from autograd.graph import Node, Snapshot, owner

__all__ = ["VIEWS", "Box", "Edge", "Folded", "fold", "modules"]

VIEWS = ("full", "sum", "neuron", "layer", "near")

#: The key of what is far away.
_REST = -1


class Box(NamedTuple):
    """What is drawn as one.

    Attributes
    ----------
    title : str
        The id of the node, the name of the module or of the inputs, or what the rest is.
    kind : str
        The kind of the node; or "sum", "module", "inputs" or "rest".
    nodes : tuple of int
        The positions of its nodes in the snapshot, in recording order.
    outputs : tuple of int
        Those of them that are roots, or operands of nodes outside.
    """

    title: str
    kind: str
    nodes: tuple[int, ...]
    outputs: tuple[int, ...]


class Edge(NamedTuple):
    """An arrow from one box to another.

    Attributes
    ----------
    source, target : int
        The positions of the boxes.
    uses : tuple of (int, int)
        What it stands for: the node in the target and which of its operands.
    """

    source: int
    target: int
    uses: tuple[tuple[int, int], ...]


class Folded(NamedTuple):
    """A snapshot in boxes; an operand is an arrow, except inside a box."""

    view: str
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def fold(snapshot: Snapshot, view: str = "auto", max_boxes: int | None = 200, max_edges: int | None = 2000) -> Folded:
    """Return a snapshot in boxes.

    Parameters
    ----------
    snapshot : Snapshot
    view : str
        "full", "sum", "neuron", "layer" or "near"; "auto" is the first of them within the limits, of neurons and
        layers if there are any.
    max_boxes, max_edges : int or None
        The limits of "auto" and "near". None is no limit.

    Notes
    -----
    Takes time in proportion to the operands.
    """
    if view not in (*VIEWS, "auto"):
        raise errors.not_a_choice("draw", "view", (*VIEWS, "auto"), view)
    boxes = len(snapshot.nodes) + 1 if max_boxes is None else max_boxes
    edges = math.inf if max_edges is None else max_edges
    if view == "auto":
        has_modules = any(node.kind == "parameter" for node in snapshot.nodes)
        for candidate in VIEWS[:-1] if has_modules else VIEWS[:2]:
            keys = _keys(snapshot, candidate)
            if len(set(keys)) <= boxes:
                folded = _grouped(snapshot, candidate, keys)
                if len(folded.edges) <= edges:
                    return folded
    elif view != "near":
        return _grouped(snapshot, view, _keys(snapshot, view))
    return _near(snapshot, boxes, edges)


def modules(snapshot: Snapshot) -> list[str]:
    """Return the module that each node belongs to, such as ``layers[0].neurons[2]``; '' for those of none."""
    nodes = snapshot.nodes
    users = Counter(operand for node in nodes for operand in set(node.operands))
    found: list[str] = []
    behind: list[str] = []  # the one module that a node is computed from, whether it belongs to it or not
    fed: list[int] = []  # what weights multiply
    is_activation: set[int] = set()
    for place, node in enumerate(nodes):
        if node.kind == "parameter":
            found.append(owner(node.id))
            behind.append("")
            continue
        operands = set(node.operands)
        others = [i for i in operands if nodes[i].kind != "parameter" and (nodes[i].op or not _is_exponent(node))]
        parameters = {found[i] for i in operands if nodes[i].kind == "parameter"}
        owners = parameters or {found[i] for i in operands}
        of_one = len(owners) == 1 and bool(others)  # or it is a penalty
        if of_one and parameters:
            fed.extend(others)
        elif of_one:
            of_one = is_activation.isdisjoint(operands)
            if len(operands) == 1:
                of_one = of_one and users[others[0]] == 1
                is_activation.add(place)
        found.append(owners.pop() if of_one else "")
        sources = {behind[i] for i in operands if nodes[i].op}
        behind.append(found[place] or (sources.pop() if len(sources) == 1 and not parameters else ""))
    while fed:
        place = fed.pop()
        if not found[place] and behind[place]:
            found[place] = behind[place]
            fed.extend(i for i in nodes[place].operands if nodes[i].op)
    return found


def _is_exponent(node: Node) -> bool:
    """Return whether a plain number in a node is an exponent, rather than the input of a weight."""
    return node.op == "pow"


# ---- views -------------------------------------------------------------------------------------------


def _keys(snapshot: Snapshot, view: str) -> Sequence[Hashable]:
    """Return for each node what it has in common with those in its box."""
    match view:
        case "full":
            return range(len(snapshot.nodes))
        case "sum":
            return _sums(snapshot)
        case "neuron":
            return _by_module(snapshot, modules(snapshot), one_by_one=True)
        case _:
            return _by_module(snapshot, [owner(path) or path for path in modules(snapshot)], one_by_one=False)


def _sums(snapshot: Snapshot) -> list[int]:
    """Return for each node the sum that it is a part of, or itself."""
    users = Counter(operand for node in snapshot.nodes for operand in node.operands)
    keys = list(range(len(snapshot.nodes)))
    for place in range(len(keys) - 1, -1, -1):
        node = snapshot.nodes[place]
        if _is_addition(node):
            for operand in node.operands:
                if _is_addition(snapshot.nodes[operand]) and users[operand] == 1 and operand not in snapshot.roots:
                    keys[operand] = keys[place]
    return keys


def _is_addition(node: Node) -> bool:
    return node.op == "add" and node.row is not None


def _by_module(snapshot: Snapshot, paths: list[str], one_by_one: bool) -> list[Hashable]:
    """Return the module of each node; for others what they are: inputs of modules, or operations between them.

    The inputs of a layer are one by one, each over all samples, or all together.
    """
    nodes = snapshot.nodes
    keys: list[Hashable] = [("module", path) if path else None for path in paths]
    for place, stage in _stages(snapshot, paths).items():
        keys[place] = ("rest", stage)
    users: dict[int, dict[Hashable, None]] = {}  # of what no weight multiplies
    for place, node in enumerate(nodes):
        for slot, operand in enumerate(node.operands):
            if nodes[operand].op or paths[operand]:
                continue
            weight = _weight_of(snapshot, node, slot) if paths[place] else ""
            if weight.endswith("]"):
                index, layer = weight[weight.index("[") :], owner(paths[place])
                keys[operand] = ("inputs", index, layer) if one_by_one else ("inputs", "", paths[place])
            else:
                users.setdefault(operand, {})[keys[place]] = None
    for place, boxes in users.items():
        if keys[place] is None:  # in the box that it goes to, such as the 1 of a bias and a target, if that is one
            keys[place] = next(iter(boxes)) if len(boxes) == 1 else ("inputs", "", tuple(boxes))
    return [("rest", 0) if key is None else key for key in keys]


def _stages(snapshot: Snapshot, paths: list[str]) -> dict[int, int]:
    """Return for each operation between modules how many boxes lie behind it.

    Those of one stage are one box; so the boxes have cycles only if the modules themselves have.
    """
    nodes = snapshot.nodes
    units: list[int | str] = [path or place for place, path in enumerate(paths)]
    users: dict[int | str, list[int | str]] = {}
    missing = dict.fromkeys(units, 0)
    for place, node in enumerate(nodes):
        for operand in node.operands:
            if units[operand] != units[place]:
                users.setdefault(units[operand], []).append(units[place])
                missing[units[place]] += 1
    ready = [unit for unit, count in missing.items() if not count]
    stage = dict.fromkeys(units, 0)
    for unit in ready:
        is_operation = isinstance(unit, int) and nodes[unit].op != ""
        for user in users.get(unit, ()):
            another_box = isinstance(unit, str) or (is_operation and isinstance(user, str))
            stage[user] = max(stage[user], stage[unit] + another_box)
            missing[user] -= 1
            if not missing[user]:
                ready.append(user)
    return {place: stage[place] for place, node in enumerate(nodes) if node.op and not paths[place]}


def _weight_of(snapshot: Snapshot, node: Node, slot: int) -> str:
    """Return the last step of the name of the parameter that an operand is multiplied by, such as ``w[1]``."""
    half = len(node.operands) // 2
    other = node.operands[(slot + half) % len(node.operands)]  # in both mul(w, x) and dot(w..., x...)
    partner = snapshot.nodes[other]
    return partner.id.rpartition(".")[2] if partner.kind == "parameter" else ""


def _near(snapshot: Snapshot, boxes: int, edges: float) -> Folded:
    """Return as much of what is nearest to the roots as the limits allow: a root and a box for the rest at least."""
    folded = _grouped(snapshot, "near", _nearest(snapshot, boxes))
    while len(folded.edges) > edges and boxes > 1:
        folded = _grouped(snapshot, "near", _nearest(snapshot, boxes), one_by_one=False)
        boxes //= 2
    return folded


def _nearest(snapshot: Snapshot, most: int) -> list[int]:
    """Return the nodes nearest to the roots as themselves, and `_REST` for the others."""
    near = dict.fromkeys(snapshot.roots[: max(1, most - 1)])
    waiting = list(near)
    for place in waiting:
        for operand in snapshot.nodes[place].operands:
            if operand not in near and len(near) < most - 1:
                near[operand] = None
                waiting.append(operand)
    return [place if place in near else _REST for place in range(len(snapshot.nodes))]


# ---- boxes -------------------------------------------------------------------------------------------


def _grouped(snapshot: Snapshot, view: str, keys: Sequence[Hashable], one_by_one: bool = True) -> Folded:
    """Return a box for each key, in order of their last nodes, and an edge for each pair of boxes.

    Or, if wanted and not between modules or from the rest, for each operand.
    """
    members: dict[Hashable, list[int]] = {}
    for place, key in enumerate(keys):
        members.setdefault(key, []).append(place)
    in_order = sorted(members, key=lambda key: members[key][-1])
    position = {key: i for i, key in enumerate(in_order)}
    where = [position[key] for key in keys]
    rest = position.get(_REST)
    one_by_one = one_by_one and view in {"full", "sum", "near"}
    edges: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    outputs = set(snapshot.roots)
    for place, node in enumerate(snapshot.nodes):
        target = where[place]
        for slot, operand in enumerate(node.operands):
            source = where[operand]
            if source != target:
                outputs.add(operand)
                apart = (place, slot) if one_by_one and rest not in {source, target} else ()
                edges.setdefault((source, target, *apart), []).append((place, slot))
    boxes = tuple([_box(snapshot, key, members[key], outputs) for key in in_order])
    return Folded(view, boxes, tuple([Edge(key[0], key[1], tuple(uses)) for key, uses in edges.items()]))


def _box(snapshot: Snapshot, key: Hashable, members: list[int], outputs: set[int]) -> Box:
    shown = tuple([i for i in members if i in outputs])
    last = snapshot.nodes[members[-1]]
    if isinstance(key, int):
        if key == _REST:
            return Box("the rest", "rest", tuple(members), shown)
        return Box(last.id, "sum" if len(members) > 1 else last.kind, tuple(members), shown)
    assert isinstance(key, tuple)
    kind, what = key[:2]
    return Box(_title(snapshot, kind, what, members), kind, tuple(members), shown)


def _title(snapshot: Snapshot, kind: str, what: str, members: Sequence[int]) -> str:
    if kind == "module":
        return what
    if kind == "inputs":
        named = len(members) == 1 and snapshot.nodes[members[0]].kind == "input"
        return snapshot.nodes[members[0]].id if named else f"input{what}" if what else "inputs"
    inside = set(members)
    roots = [snapshot.nodes[i].id for i in snapshot.roots if i in inside]
    return ", ".join(roots) or f"{sum(snapshot.nodes[i].op != '' for i in members):,} operations"
