"""Transcripts of random programs: what every number came out as, to be compared between the twins."""

import math
import struct
from types import ModuleType
from typing import Any

from autograd import _modes, _recorded
from autograd.primitives import PRIMITIVES
from autograd.testing import strategies
from autograd.testing.programs import Program

COLUMNS = [row.name for row in PRIMITIVES.values() if row.columns]

programs = strategies.programs()


def bits(x: float) -> str:
    """Return the bits of a float, with every NaN alike."""
    return "nan" if math.isnan(x) else struct.pack(">d", x).hex()


def nodes_of(engine: ModuleType, results: list[Any]) -> list[Any]:
    """Return all Values behind some results, each before those that were computed from it."""
    values = [x for x in results if type(x) is engine.Value]
    return list(dict.fromkeys(node for value in values for node in engine.ancestors(value)))


def random_root(engine: ModuleType, program: Program, floats_raise: bool) -> Any:
    """Return the last Value of a random program."""
    with _modes.Mode(_modes.IEEE, on=not floats_raise):
        return program.root(engine)


def transcript(engine: ModuleType, program: Program, ieee: bool = False) -> list[Any]:
    """Run and sweep a program, and return all that could be observed on the way."""
    with _modes.Mode(_modes.IEEE, on=ieee):
        results, errors = program.run(engine)
    nodes = nodes_of(engine, results)
    position = {node: i for i, node in enumerate(nodes)}
    seen: list[Any] = [errors, [bits(float(x)) for x in results if type(x) is not engine.Value]]
    for node in nodes:
        seen.append((
            node.op,
            bits(node.data),
            [f"%{position[x]}" if type(x) is engine.Value else bits(x) for x in node.operands],
            [position[x] for x in node.parents],
            [bits(x) for x in node.partials],
        ))  # fmt: skip
    roots = [x for x in results if type(x) is engine.Value][-2:]
    for root in roots:
        root.backward(0.75)
        seen.append([bits(node.grad) for node in nodes])
    leaves = [node for node in nodes if not node.op]
    seeds = {leaf: 0.5 + i for i, leaf in enumerate(leaves)}
    seen += [bits(root.tangent(seeds)) for root in roots]
    seen.append([x if x is None else bits(x) for x in engine.tangents(seeds, nodes)])
    several = {root: 0.5 + i for i, root in enumerate(roots)}
    seen.append([x if x is None else bits(x) for x in engine.adjoints(several, nodes)])
    engine.backward(several)
    seen.append([bits(node.grad) for node in nodes])
    seen.append([position[node] for node in engine.between(roots, nodes[1:])])
    seen.append([engine.is_closed(roots, leaves[i:]) for i in range(2)])
    if roots and len(nodes) < MOST_NODES_TWICE:
        seen.append(_second_order(engine, roots[-1], leaves))
    return seen


MOST_NODES_TWICE = 200  # a recorded sweep is a longer program


def _second_order(engine: ModuleType, root: Any, leaves: list[Any]) -> list[Any]:
    first = _recorded.adjoints({root: 1.0}, leaves)
    found: list[Any] = []
    for derivative in first:
        if type(derivative) is engine.Value:
            second = engine.adjoints({derivative: 1.0}, leaves)
            found.append([bits(derivative.data), *[x if x is None else bits(x) for x in second]])
        else:
            found.append(derivative if derivative is None else bits(derivative))
    return found
