"""Views: which nodes are one box, for networks of every making."""

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import programs, random_root

from autograd import Snapshot, Value, math
from autograd.graph import owner
from autograd.view.folding import VIEWS, fold, modules
from nn import MLP, Layer, l2_penalty, mean, softmax_cross_entropy, squared_error
from nn.activations import ACTIVATIONS


def assert_sound(snapshot, folded):
    """Check that every node is in one box, and every operand on one arrow or inside a box."""
    where = {}
    for i, box in enumerate(folded.boxes):
        assert box.nodes
        assert list(box.nodes) == sorted(box.nodes)
        assert set(box.outputs) <= set(box.nodes)
        where.update(dict.fromkeys(box.nodes, i))
    assert sum(len(box.nodes) for box in folded.boxes) == len(where) == len(snapshot.nodes)
    assert [box.nodes[-1] for box in folded.boxes] == sorted(box.nodes[-1] for box in folded.boxes)
    uses = Counter(use for edge in folded.edges for use in edge.uses)
    expected = Counter()
    used_outside = set(snapshot.roots)
    for place, node in enumerate(snapshot.nodes):
        for slot, operand in enumerate(node.operands):
            if where[operand] != where[place]:
                expected[place, slot] = 1
                used_outside.add(operand)
    assert uses == expected
    for edge in folded.edges:
        assert edge.source != edge.target
        for place, slot in edge.uses:
            assert (where[snapshot.nodes[place].operands[slot]], where[place]) == (edge.source, edge.target)
    assert used_outside == {i for box in folded.boxes for i in box.outputs}


def has_cycle(folded):
    """Return whether the boxes depend on one another in a circle."""
    arrows = {(edge.source, edge.target) for edge in folded.edges}
    missing = Counter(target for _, target in arrows)
    ready = [i for i in range(len(folded.boxes)) if not missing[i]]
    for i in ready:
        for source, target in arrows:
            if source == i:
                missing[target] -= 1
                if not missing[target]:
                    ready.append(target)
    return len(ready) < len(folded.boxes)


def shape(folded):
    """Return the boxes by title, with what they are computed from."""
    titles = [box.title for box in folded.boxes]
    found = {title: set() for title in titles}
    for edge in folded.edges:
        found[titles[edge.target]].add(titles[edge.source])
    return found


class Unit:
    """A neuron as micrograd has it: a product and a sum for each weight."""

    def __init__(self, nin, rng, path):
        self.w = [Value(rng.uniform(-1, 1), f"{path}w[{k}]" if path is not None else "") for k in range(nin)]
        self.b = Value(0.1, f"{path}b" if path is not None else "")

    def __call__(self, x, f=math.tanh):
        return f(sum((w * xk for w, xk in zip(self.w, x, strict=True)), self.b))


def micrograd(sizes, named=True):
    """Return layers of such neurons."""
    rng = random.Random(0)
    path = "layers[{}].neurons[{}].".format
    return [
        [Unit(nin, rng, path(i, j) if named else None) for j in range(nout)]
        for i, (nin, nout) in enumerate(itertools.pairwise(sizes))
    ]


LAYERS = {
    "input[0]": set(),
    "input[1]": set(),
    "layers[0].neurons[0]": {"input[0]", "input[1]"},
    "layers[0].neurons[1]": {"input[0]", "input[1]"},
    "layers[1].neurons[0]": {"layers[0].neurons[0]", "layers[0].neurons[1]"},
    "cost": {"layers[1].neurons[0]"},
}


@pytest.mark.parametrize("penalty", ["none", "power", "product", "dot"])
@pytest.mark.parametrize("inputs", [float, Value])
def test_neurons_made_by_hand(inputs, penalty):
    """A box each over a batch; a penalty is not a part of the neurons, and makes no circle."""
    layers = micrograd([2, 2, 1])
    parameters = [p for layer in layers for unit in layer for p in (*unit.w, unit.b)]
    losses = []
    for k in range(4):
        h = [inputs(0.1 * k), inputs(1.0 - k)]
        for layer in layers:
            h = [unit(h) for unit in layer]
        losses.append((h[0] - 0.5) ** 2)
    cost = sum(losses) / 4
    match penalty:
        case "power":
            cost = cost + 0.1 * sum(p**2 for p in parameters)
        case "product":
            cost = cost + 0.1 * sum(p * p for p in parameters)
        case "dot":
            cost = cost + l2_penalty(parameters, 0.1)
    cost.name = "cost"
    taken = Snapshot(cost)
    folded = fold(taken, "neuron")
    assert_sound(taken, folded)
    assert not has_cycle(folded)
    titles = shape(folded)
    assert set(LAYERS) <= set(titles)
    assert all(titles[title] == behind for title, behind in LAYERS.items() if title != "cost")
    calls = {box.title: sum(taken.nodes[i].op == "tanh" for i in box.nodes) for box in folded.boxes}
    assert [calls[title] for title in LAYERS] == [0, 0, 4, 4, 4, 0]
    rest = [box for box in folded.boxes if box.kind == "rest"]
    assert sum(taken.nodes[i].op in {"pow", "sub"} for box in rest for i in box.nodes) == 8 + 9 * (penalty == "power")


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_of_several_nodes(activation):
    """What the next weights multiply belongs to the neuron, whatever it is composed of."""
    model = MLP(2, [2, 1], activation=activation, rng=1)
    cost = mean([squared_error(model([0.3, k - 0.7]), 0.5) for k in range(3)])
    cost.name = "cost"
    taken = Snapshot(cost)
    folded = fold(taken, "neuron")
    assert_sound(taken, folded)
    assert shape(folded) == LAYERS
    assert shape(fold(taken, "layer")) == {
        "inputs": set(), "layers[0]": {"inputs"}, "layers[1]": {"layers[0]"}, "cost": {"layers[1]"},
    }  # fmt: skip


def test_names_from_outside():
    """Parameters without names are those of the mapping; and a layer alone is its own."""
    layers = micrograd([2, 2, 1], named=False)
    named = {
        f"layers[{i}].neurons[{j}].{what}": p
        for i, layer in enumerate(layers)
        for j, unit in enumerate(layer)
        for what, p in [*((f"w[{k}]", w) for k, w in enumerate(unit.w)), ("b", unit.b)]
    }
    h = [0.1, 0.2]
    for layer in layers:
        h = [unit(h) for unit in layer]
    cost = (h[0] - 1.0) ** 2
    assert shape(fold(Snapshot(cost, names={**named, "cost": cost}), "neuron")) == LAYERS
    assert {box.kind for box in fold(Snapshot(cost), "neuron").boxes} == {"rest"}
    a = Layer(2, 2, activation="tanh", rng=0)([1.0, 2.0])
    assert set(shape(fold(Snapshot(*a), "neuron"))) == {"neurons[0]", "neurons[1]", "input[0]", "input[1]"}
    assert set(shape(fold(Snapshot(*a), "layer"))) == {"neurons[0]", "neurons[1]", "inputs"}


def test_residual_connections():
    """What goes round a layer meets it in a box of operations."""
    first, second, last = Layer(2, 2, rng=0), Layer(2, 2, rng=1), Layer(2, 1, rng=2)
    names = {
        f"{path}.{n}": p
        for path, m in zip("abc", (first, second, last), strict=True)
        for n, p in m.named_parameters().items()
    }
    h = first([1.0, 2.0])
    g = [x + y for x, y in zip(h, second(h), strict=True)]
    y = last(g)
    taken = Snapshot(y, names=names)
    folded = fold(taken, "neuron")
    assert_sound(taken, folded)
    assert not has_cycle(folded)
    assert shape(folded)["2 operations"] == {f"{m}.neurons[{j}]" for m in "ab" for j in (0, 1)}
    assert shape(folded)["c.neurons[0]"] == {"2 operations"}


@settings(max_examples=40)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    activation=st.sampled_from([*ACTIVATIONS]),
    kind=st.sampled_from(["squares", "classes", "logits"]),
    n=st.integers(1, 4),
    penalty=st.booleans(),
    as_values=st.booleans(),
    scaled=st.booleans(),
)
def test_feed_forward_networks_have_no_circles(sizes, activation, kind, n, penalty, as_values, scaled):
    """In any view by modules; and every neuron is a box."""
    nin, *nouts = sizes
    model = MLP(nin, nouts, activation=activation, rng=0)
    number = Value if as_values else float
    losses = []
    for k in range(n):
        x = [number(0.3 * k - 0.1 * i) for i in range(nin)]
        x = [xi / 2 for xi in x] if scaled else x
        y = model(x)
        out = y if isinstance(y, list) else [y]
        match kind:
            case "classes" if len(out) > 1:
                losses.append(softmax_cross_entropy(out, k % len(out)))
            case "logits":
                losses.append(math.sum([math.softplus(z) - 0.5 * z for z in out]))
            case _:
                losses.append(squared_error(out, [0.3] * len(out)))
    cost = mean(losses) + (l2_penalty(model.parameters(), 0.1) if penalty else 0.0)
    taken = Snapshot(cost, *losses)
    found = modules(taken)
    assert all(found[i] == owner(node.id) for i, node in enumerate(taken.nodes) if node.kind == "parameter")
    for view in VIEWS:
        folded = fold(taken, view, max_boxes=7)
        assert_sound(taken, folded)
        if view != "near":
            assert not has_cycle(folded)
    neurons = [box.title for box in fold(taken, "neuron").boxes if box.kind == "module"]
    assert sorted(neurons) == sorted(f"layers[{i}].neurons[{j}]" for i, width in enumerate(nouts) for j in range(width))


@given(
    program=programs,
    seed=st.integers(0, 2**16),
    names=st.lists(st.sampled_from(["a.b", "a.c[0]", "a.b.c", ".", "a.", ".b", "x"]), max_size=6),
)
def test_any_program_folds(engine, program, seed, names):
    """Whatever its names say: each view has all of it, and the least folded ones have no circles."""
    root = random_root(engine, program, seed)
    leaves = [node for node in engine.ancestors(root) if not node.op]
    taken = Snapshot(root, *leaves[:1], names=dict(zip(names, leaves, strict=False)))
    for view in VIEWS:
        folded = fold(taken, view, max_boxes=5)
        assert_sound(taken, folded)
        if view in {"full", "sum"}:
            assert all(edge.source < edge.target for edge in folded.edges)
        if view == "near":
            assert len(folded.boxes) <= 5


def test_the_choice():
    """The first view within both limits; neurons only where there are some; the rest is near."""
    x = Value(0.5, "x")
    chain = x
    for _ in range(50):
        chain = math.sin(chain)
    total = x
    for _ in range(50):
        total = total + x
    model = MLP(2, [4, 1], rng=0)
    y = mean([squared_error(model([0.1 * k, 0.5]), 0.0) for k in range(5)])
    assert fold(Snapshot(chain)).view == "full"
    assert fold(Snapshot(chain), max_boxes=None, max_edges=None).view == "full"
    assert fold(Snapshot(chain), max_boxes=10).view == "near"
    assert len(fold(Snapshot(chain), max_boxes=10).boxes) == 10
    assert fold(Snapshot(total), max_boxes=10).view == "sum"
    assert fold(Snapshot(total), max_edges=10).view == "near"
    assert len(fold(Snapshot(total), max_edges=10).edges) <= 10
    assert fold(Snapshot(y), max_boxes=10).view == "neuron"
    assert fold(Snapshot(y), max_boxes=10, max_edges=8).view == "layer"
    assert fold(Snapshot(y), max_boxes=3).view == "near"
    with pytest.raises(ValueError, match=r"^draw: expected view to be 'full' or .* or 'auto', got 'neurons'"):
        fold(Snapshot(x), "neurons")


@settings(max_examples=40)
@given(
    n=st.integers(1, 40), repeats=st.integers(1, 40), roots=st.integers(1, 30),
    boxes=st.integers(2, 30), edges=st.integers(1, 60), view=st.sampled_from(["auto", "near"]),
)  # fmt: skip
def test_near_is_never_too_large(n, repeats, roots, boxes, edges, view):
    """However many operands or roots there are: arrows between two boxes are one, and more is in the rest."""
    leaves = [Value(1.0) for _ in range(n)]
    sums = [math.sum(leaves * repeats) for _ in range(roots)]
    taken = Snapshot(*sums)
    folded = fold(taken, view, boxes, edges)
    assert_sound(taken, folded)
    assert len(folded.boxes) <= boxes
    assert len(folded.edges) <= max(2, edges)  # there may be roots in the rest, too


def test_recurrent_networks_are_folded_too():
    """Calls in a row make a circle of boxes, and that is drawn."""
    layer = Layer(2, 1, activation="tanh", rng=0)
    names = {f"cell.{name}": p for name, p in layer.named_parameters().items()}
    h = Value(0.0, "h0")
    for k in range(3):
        h = 2.0 * layer([float(k), h]) + 1.0
    taken = Snapshot(h, names=names)
    folded = fold(taken, "neuron")
    assert_sound(taken, folded)
    assert "cell.neurons[0]" in shape(folded)
