"""Copy and pickle graphs of any depth: shared by the twins.

The copy module and pickle recurse from an object into what it holds, and a chain of a thousand
operations would already exhaust the stack. So a graph is flattened first: its leaves, and a
program of one row for each computed node, in recording order, whose operands are positions.
This file uses only the public attributes of a Value and two functions of its twin.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Value: TypeAlias = Any  # of either twin

__all__ = ["deepcopy", "rebuild", "reduce"]


def reduce(root: Value) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return what pickle needs to make `root` and all that it was computed from.

    Leaves are pickled as objects of their own, so that two roots, or a root and a list of
    parameters, pickled together share their leaves again. Computed nodes that two roots share
    are made once for each root: pickle roots, not lists of all nodes, which would be quadratic.
    (`copy.deepcopy` shares computed nodes too.)
    """
    twin = sys.modules[type(root).__module__]
    if not root.op:
        return twin.restore, (root.data, root.grad, root.name, "", (), (), ())
    nodes = twin.ancestors(root)
    leaves = [node for node in nodes if not node.op]
    computed = [node for node in nodes if node.op]
    position = {node: index for index, node in enumerate([*leaves, *computed])}
    program = [
        (
            node.data,
            node.grad,
            node.name,
            node.op if node.primitive is None else node.primitive,
            # A position stands for a Value, a float for itself.
            tuple([position[x] if x.__class__ is root.__class__ else x for x in node.operands]),
            tuple([position[parent] for parent in node.parents]),
            node.partials,
        )
        for node in computed
    ]
    return rebuild, (twin.restore, leaves, program)


def rebuild(restore: Callable[..., Value], leaves: list[Value], program: list[Any]) -> Value:
    """Make the nodes of a flattened graph and return the last, its root."""
    nodes = list(leaves)
    for data, grad, name, op, operands, parents, partials in program:
        nodes.append(
            restore(
                data,
                grad,
                name,
                op,
                tuple([nodes[x] if type(x) is int else x for x in operands]),
                tuple([nodes[parent] for parent in parents]),
                partials,
            )
        )
    return nodes[-1]


def deepcopy(root: Value, memo: dict[int, Any]) -> Value:
    """Copy `root` and all that it was computed from, except what `memo` holds already."""
    twin = sys.modules[type(root).__module__]
    for node in twin.ancestors(root):
        if id(node) not in memo:
            memo[id(node)] = twin.restore(
                node.data,
                node.grad,
                node.name,
                node.op if node.primitive is None else node.primitive,
                tuple([memo[id(x)] if x.__class__ is root.__class__ else x for x in node.operands]),
                tuple([memo[id(parent)] for parent in node.parents]),
                node.partials,
            )
    return memo[id(root)]
