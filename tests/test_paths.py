"""Paths between two nodes: their number, their sum and the largest, against all of them one by one."""

import functools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import bits, programs, random_root

from autograd.graph import Snapshot
from autograd.view.paths import MOST_COUNTED, Paths

MOST_LISTED = 500
inf = math.inf


def between(root, x):
    """Return the paths from a root to a node."""
    taken = Snapshot(root)
    return Paths(taken, taken.place(root), taken.place(x))


def one_by_one(paths, most=MOST_LISTED):
    """Return the edges of every path, found by walking; None if there are too many."""
    nodes = paths.snapshot.nodes
    found, waiting, steps = [], [(paths.above, ())], 0
    while waiting:
        place, edges = waiting.pop()
        steps += 1
        if len(found) > most or steps > 50 * most:
            return None
        if place == paths.below:
            found.append(edges)
        for slot, (operand, partial) in enumerate(zip(nodes[place].operands, nodes[place].partials, strict=True)):
            if partial is not None and operand >= paths.below:
                waiting.append((operand, (*edges, (place, slot))))
    return found


def product_of(paths, edges):
    """Return the product of the partials along some edges, from the left."""
    return functools.reduce(lambda product, edge: product * paths.snapshot.nodes[edge[0]].partials[edge[1]], edges, 1.0)


@given(program=programs, pick=st.integers(0, 10**6), most=st.sampled_from([1, 3, 8]))
@settings(max_examples=100)
def test_all_is_as_walking_finds_it(engine, program, pick, most):
    """The count is exact, the sum is the engine's to the last bit, and the largest paths are the largest."""
    root = random_root(engine, program, floats_raise=False)
    if type(root) is not engine.Value:
        return
    values = engine.ancestors(root)
    x = values[pick % len(values)]
    paths = between(root, x)
    (adjoint,) = engine.adjoints({root: 1.0}, [x])
    assert bits(paths.total) == bits(0.0 if adjoint is None else adjoint)
    assert (paths.count == 0) == (adjoint is None) == (not paths.nodes)
    listed = one_by_one(paths)
    largest = paths.largest(most)
    assert len(largest) == min(most, paths.count)
    assert len({path.edges for path in largest}) == len(largest)
    for path in largest:
        assert bits(path.product) == bits(product_of(paths, path.edges))
    if listed is None:
        assert paths.count > MOST_LISTED or len(paths.nodes) > 50
        return
    assert paths.count == len(listed)
    assert {path.edges for path in largest} <= set(listed)
    assert set(paths.edges) == {edge for edges in listed for edge in edges}
    products = [product_of(paths, edges) for edges in listed]
    sizes = sorted(map(abs, products), reverse=True)
    partials = [abs(paths.snapshot.nodes[place].partials[slot]) for place, slot in paths.edges]
    if all(2.0**-60 < p < 2.0**60 for p in partials) and all(2.0**-900 < size < 2.0**900 for size in sizes):
        # Each of the terms is rounded once for each edge that it passes, and once for each addition: at most as often as
        # there are edges; so is each of the products here. fsum adds without an error.
        bound = 4 * (len(paths.edges) + 1) * 2.0**-53 * math.fsum(sizes)
        assert abs(math.fsum(products) - paths.total) <= bound
        assert abs(math.fsum(sizes) - paths.size) <= bound
        for path, size in zip(largest, sizes, strict=False):
            assert math.isclose(abs(path.product), size, rel_tol=1e-9)


def test_powers_of_two(engine):
    """2^200 paths are counted, added up and ranked as quickly as one."""
    x = engine.Value(1.0)
    y = x
    for _ in range(200):
        y = y + y
    paths = between(y, x)
    assert (paths.count, paths.total, paths.size) == (2**200, 2.0**200, 2.0**200)
    assert len(paths.edges) == 400
    assert [path.product for path in paths.largest(5)] == [1.0] * 5


def test_too_many_to_count(engine):
    """Beyond MOST_COUNTED the count is infinite, and the rest is as it was."""
    x = engine.Value(1.0)
    y = x
    for _ in range(3400):
        y = 0.5 * y + 0.5 * y
    paths = between(y, x)
    assert paths.count == inf > MOST_COUNTED
    assert paths.total == 1.0
    assert len(paths.largest(3)) == 3


def test_the_largest_of_very_many(engine):
    """Of 2^60 paths with distinct products the 4 largest are known: the least steps aside."""
    x = engine.Value(1.0)
    y = x
    for i in range(60):
        y = engine.dot([y, y], [1.0, 1.0 - (i + 1) / 1000])
    found = [path.product for path in between(y, x).largest(4)]
    assert found == pytest.approx([1.0, 0.999, 0.998, 0.999 * 0.998], rel=1e-12)  # two steps aside, rather than 0.997


def test_zero_infinite_and_nan(engine):
    """Partials of no ordinary size are ranked too: NaN, then infinite, then all others, zero last."""
    x = engine.Value(2.0)
    nodes = [engine.dot([x], [number]) for number in (3.0, inf, engine.Value(0.0), -7.0, 1e-320, math.nan)]
    found = [path.product for path in between(engine.sum(nodes), x).largest(6)]
    assert [bits(p) for p in found] == [bits(p) for p in (math.nan, inf, -7.0, 3.0, 1e-320, 0.0)]


def test_no_path_and_the_empty_path(engine):
    """A node has one path to itself, of no edges; and none to what it does not depend on."""
    x, y = engine.Value(-1.0), engine.Value(2.0)
    z = engine.relu(x) * y
    paths = between(z, z)
    assert (paths.count, paths.total, paths.size, paths.edges, paths.nodes) == (1, 1.0, 1.0, [], [paths.above])
    assert paths.largest(3) == [((), 1.0)]
    none = between(z, x)
    assert (none.count, none.total, none.size, none.edges, none.nodes, none.largest(3)) == (0, 0.0, 0.0, [], [], [])
    above = Paths(none.snapshot, none.below, none.above)  # the wrong way round
    assert (above.count, above.total) == (0, 0.0)


def test_repeated_operands_are_paths_of_their_own(engine):
    """The square x * x has two paths."""
    x = engine.Value(3.0)
    paths = between(x * x, x)
    assert [path.edges for path in paths.largest(5)] == [((1, 0),), ((1, 1),)]
    assert paths.total == 6.0


def test_adjoints(engine):
    """The adjoint of each node on the way is that of a sweep."""
    x = engine.Value(0.7)
    values = [x, y := x * x, z := engine.sin(y) * x]
    paths = between(z, x)
    assert [paths.adjoints[paths.snapshot.place(v)] for v in values] == engine.adjoints({z: 1.0}, values)
