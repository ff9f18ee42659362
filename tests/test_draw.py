"""Pictures of graphs: what they say, that Graphviz draws just that, and what happens where it cannot."""

import importlib
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
from conftest import HAS_C
from graphviz import Source
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from programs import programs, random_root

import autograd
from autograd import Drawing, PictureError, Snapshot, Value, draw
from autograd.graph import owner
from autograd.view import layout
from autograd.view.drawing import DARK, LIGHT
from autograd.view.facts import facts
from autograd.view.folding import VIEWS, fold
from nn import MLP, l2_penalty, mean, softmax_cross_entropy

ROOT = Path(__file__).resolve().parent.parent
SVG = "{http://www.w3.org/2000/svg}"

HOSTILE = [
    "a|b", "<b>", "{x}", '"', "'", "\\", "a\\", "\\N", "\\G", "\\n", "\\\\", "&amp;", "&lt;b&gt;", "&#65;", "&", "]]>", "<!-- -->",
    "</text><script>alert(1)</script>", '" onload="x', "<a href='x'>", "\x00", "\x1b[31m", "\ud800", "\t", "a\nb", "\r", "a  b", " ",
    " x ", "数字", "\u202eabc", "e\u0301", "😀", "%s", "$x$", "b0", "->", "]; b9 [label=x", "]>", "]", "]]", "[", "a]", " ]", "&]", "]&", "<]]>", "<>", "chainrule-auto", "#2",
]  # fmt: skip


@pytest.fixture(params=["dot", "pygraphviz"])
def graphviz(request, monkeypatch):
    """Leave one of the two ways to draw."""
    if request.param == "pygraphviz":
        monkeypatch.setenv("PATH", "")
    assert ("dot" in layout._command("svg")[0]) == (request.param == "dot")
    return request.param


def expression(engine):
    """Return x, y and z = exp(-x y) + sin(x) / y after a sweep."""
    x, y = engine.Value(1.5, "x"), engine.Value(0.5, "y")
    z = engine.exp(-x * y) + engine.sin(x) / y
    z.name = "z"
    z.backward()
    return x, y, z


def batch(n=3, sizes=(3, 2)):
    """Return a network and its cost over some samples, after a sweep."""
    model = MLP(2, sizes, activation="tanh", rng=0)
    cost = mean([softmax_cross_entropy(model([0.1 * k, 0.3 - 0.2 * k]), k % 2) for k in range(n)])
    cost.name = "cost"
    cost.backward()
    return model, cost


def boxes(source):
    """Return the attributes of each box by its id."""
    return dict(re.findall(r"^  (b\d+) \[(.*)\]$", source, re.MULTILINE))


def arrows(source):
    """Return (from, to, attributes) for each arrow."""
    return re.findall(r"^  (b\d+) -> (b\d+) \[(.*)\]$", source, re.MULTILINE)


def texts(svg):
    """Return the texts of each group of an SVG element, with plain spaces."""
    groups = ET.fromstring(svg).iter(f"{SVG}g")
    return [[(text.text or "").replace("\xa0", " ") for text in group.findall(f"{SVG}text")] for group in groups]


# ---- what it says ------------------------------------------------------------------------------------


def test_the_source_is_the_same_everywhere(engine):
    """On both twins and in each run it is that of the committed picture."""
    _, _, z = expression(engine)
    picture = draw(z, partials=True, title="z = exp(-x y) + sin(x) / y")
    assert picture.source == (ROOT / "docs/pictures/expression.dot").read_text(encoding="utf-8")


def test_the_pictures_of_the_readme_are_fresh(monkeypatch):
    """The committed texts are what the library makes."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    pictures = importlib.import_module("pictures")
    for name, picture in pictures.PICTURES.items():
        text = (pictures.FOLDER / f"{name}.dot").read_text(encoding="utf-8")
        assert picture().source == text, f"{name} is stale: run python tools/pictures.py"
        assert ET.parse(pictures.FOLDER / f"{name}.svg").getroot().get("viewBox")


def test_a_box_says_what_it_is(engine):
    """Kinds have shapes of their own; before a sweep no gradient is claimed, and constants have none."""
    w, x = engine.Value(0.5, "net.w"), engine.Value(3.0, "x")
    y = w * x - 1.25
    before = boxes(draw(y, names={"out": y}).source)
    by_name = {re.search(r"<b>(.*?)</b>", box)[1]: box for box in before.values() if "<b>" in box}
    assert set(by_name) == {"net.w", "x", "mul1", "out"}
    assert 'style="filled"' in by_name["x"]
    assert "penwidth" not in by_name["x"]
    assert 'style="filled" ' in by_name["net.w"]
    assert "penwidth=2.6" in by_name["net.w"]
    assert 'style="filled,rounded"' in by_name["mul1"]
    assert "peripheries=2" in by_name["out"]
    assert "&#160;= sub" in by_name["out"]
    assert "= mul" not in by_name["mul1"].split(" style=")[0]
    assert all("—" in box for box in by_name.values())
    (constant,) = [box for box in before.values() if "dashed" in box]
    assert 'label="1.25"' in constant
    assert "grad" not in constant
    y.backward()
    assert "—" not in draw(y).source


def test_every_operand_has_an_arrow(engine):
    """X * x has two; what differs by order is told."""
    x, y = engine.Value(3.0, "x"), engine.Value(2.0, "y")
    square = arrows(draw(x * x).source)
    assert len(square) == 2
    assert not any("label=" in rest for _, _, rest in square)
    for result, expected in (
        (y - x, ["right", "left"]),
        (x / y, ["left", "right"]),
        (x + y, []),
        (engine.atan2(y, x), ["x", "y"]),
    ):
        found = [re.search(r'">(\w+)</font>', rest) for _, _, rest in arrows(draw(result).source)]
        assert sorted(match[1] for match in found if match) == sorted(expected)
    tips = [re.search(r'tooltip="(.*?)"', rest)[1] for _, _, rest in arrows(draw(y - x).source)]
    assert tips == ["d sub1 / d y = 1.0", "d sub1 / d x = -1.0"]


def test_partials_are_on_the_arrows(engine):
    """The number for each arrow; dashed, without one, where none passes."""
    x = engine.Value(3.0, "x")
    source = draw(x * 5.0, partials=True).source
    with_x, with_5 = arrows(source)
    assert ">5</font>" in with_x[2]
    assert "dashed" not in with_x[2]
    assert "style=dashed" in with_5[2]
    assert "<font" not in with_5[2]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_seen(engine, bad):
    """In red and in words, even inside of a box of many, and where paths are shown."""
    with autograd.ieee():
        x, a, b = engine.Value(1.0, "x"), engine.Value(bad, "a"), engine.Value(2.0, "b")
        y = x * b + 0.0 * engine.tanh(a * b)
        y.backward()
    looks = {
        re.search(r"<b>(.*?)</b>", box)[1]: box
        for box in boxes(draw(y, highlight=(y, x)).source).values()
        if "<b>" in box
    }
    assert LIGHT.bad in looks["a"]
    assert f"{bad:g}</font>" in looks["a"]
    assert (LIGHT.bad in looks["b"]) != math.isfinite(b.grad)
    with autograd.ieee():
        total = x + 1.0
        for term in (engine.Value(bad) - engine.Value(bad), 2.0):
            total = total + term
    folded = draw(engine.minimum(total, 5.0), view="near", max_boxes=2)
    rest = boxes(folded.source)["b0"]
    assert LIGHT.bad in rest
    assert "nan" in rest


def test_numbers_have_the_digits_asked_for(engine):
    """Significant ones; more than a float has are refused."""
    y = engine.Value(1 / 3, "y") * 1.0
    assert "0.33<" in draw(y, digits=2).source
    assert "0.33333333333333331<" in draw(y, digits=17).source
    assert draw(y, digits=True).source == draw(y, digits=1).source
    for digits in (0, 18):
        with pytest.raises(ValueError, match=r"^draw: expected 1 to 17 digits, got"):
            draw(y, digits=digits)
    with pytest.raises(TypeError):
        draw(y, digits=2.5)


@pytest.mark.parametrize(
    ("option", "bad", "message"),
    [
        ("max_boxes", 0, "expected max_boxes to be 1 or more, or None, got 0"),
        ("max_edges", -1, "expected max_edges to be 1 or more, or None, got -1"),
        ("timeout", 0, "expected a timeout of more than 0 seconds, got 0"),
        ("timeout", math.nan, "expected a timeout of more than 0 seconds, got nan"),
        ("timeout", None, "expected a timeout of more than 0 seconds, got None"),
    ],
)
def test_bad_limits(option, bad, message):
    """They are refused when the picture is asked for, not when it is looked at."""
    with pytest.raises(ValueError, match=f"^draw: {message}$"):
        draw(Value(1.0, "x"), **{option: bad})


@pytest.mark.parametrize("timeout", [math.inf, 1e300, 10])
def test_any_longer_time_will_do(timeout):
    """More than the system can wait for, too."""
    assert draw(Value(1.0, "x"), timeout=timeout).svg.startswith("<svg")


def test_long_names_are_cut_and_whole_in_the_tooltip():
    """In the middle, so that both ends are seen."""
    name = "first" + "x" * 100 + "last"
    picture = draw(Value(1.0, name) + 1.0)
    box = boxes(picture.source)["b0"]
    assert re.search(r"<b>first[x]*…[x]*last</b>", box)
    assert f'tooltip="{name} (input)' in box


@pytest.mark.parametrize("letter", ["x", "&", "\\", '"', "<", "😀", "\U000e0001", "\n"])
def test_names_of_any_length(letter):
    """Graphviz reads no text of more than 16 kB, and is given none."""
    name = 10**5 * letter
    x = Value(1.0, name)
    y = x * Value(1.0, f"{name}.w")
    y.name = f"{name}y"
    picture = draw(y, title=name, highlight=(y, x))
    assert len(ET.fromstring(picture.svg).findall(f".//{SVG}polygon")) >= 3
    assert max(map(len, str(picture).splitlines()[-3:])) < 200
    assert "<svg" in Drawing(f"digraph {{ a [label={Drawing.label(name)}] }}").svg


def test_the_title(engine):
    """It is a text like all others."""
    picture = draw(engine.Value(1.0, "x"), title="<b>&\\N")
    assert "<b>&lt;b&gt;&amp;\\\\N</b>" in picture.source
    assert "<b>&\\N" in str(picture)
    lines = re.findall(r"<b>([a-z ]{2,})</b>", draw(engine.Value(1.0, "x"), title="long words " * 20).source)
    assert " ".join(lines) == ("long words " * 20).strip()
    assert max(map(len, lines)) <= 64


# ---- paths -------------------------------------------------------------------------------------------


def test_paths_are_thick(engine):
    """All that is on one, and nothing else; the sum is in the notes."""
    x, y, z = expression(engine)
    picture = draw(z, highlight=(z, x))
    on = {
        re.search(r"<b>(.*?)</b>", box)[1] for box in boxes(picture.source).values() if f'color="{LIGHT.path}"' in box
    }
    assert on == {"x", "neg1", "mul1", "exp1", "sin1", "truediv1", "z"}
    assert sum(LIGHT.path in rest for _, _, rest in arrows(picture.source)) == 7
    assert picture.notes == (f"2 paths, whose products add up to d z / d x = {x.grad:.4g}",)
    assert draw(z, highlight=(z, z)).notes == ("1 path: d z / d z = 1",)
    assert draw(z, highlight=(x, y)).notes == ("no path: d x / d y = 0",)
    assert draw(z, highlight=(x, z)).notes == (
        "no path: d x / d z = 0 (from z to x there is one: the root comes first)",
    )


def test_paths_through_boxes_of_many():
    """A box is on a path if one of its nodes is."""
    model, cost = batch()
    w = model.layers[0].neurons[1].w[0]
    picture = draw(cost, view="neuron", highlight=(cost, w))
    on = {
        re.search(r"<b>(.*?)</b>", box)[1] for box in boxes(picture.source).values() if f'color="{LIGHT.path}"' in box
    }
    assert on == {"layers[0].neurons[1]", "layers[1].neurons[0]", "layers[1].neurons[1]", "cost"}
    assert f"d cost / d layers[0].neurons[1].w[0] = {w.grad:.4g}" in picture.notes[-1]


@pytest.mark.parametrize(
    ("doublings", "expected"),
    [(20, "1,048,576 paths"), (200, "about 1.6e+60 paths"), (4000, "more than 10^1000 paths")],
)
def test_more_paths_than_can_be_counted(doublings, expected):
    """They are added up all the same."""
    x = y = Value(1.0, "x")
    for _ in range(doublings):
        with autograd.ieee():
            y = y + y
    assert expected in draw(y, view="near", max_boxes=5, highlight=(y, x)).notes[-1]


def test_bad_highlights(engine):
    """Two Values of this graph."""
    x, _, z = expression(engine)
    for bad in (z, (z,), (z, x, x), "zx"):
        with pytest.raises(
            TypeError, match=r"^(draw: expected highlight to be two Values|Snapshot.place: expected a Value)"
        ):
            draw(z, highlight=bad)
    with pytest.raises(TypeError, match="expected a Value, got"):
        draw(z, highlight=(z, 1.0))
    with pytest.raises(ValueError, match="expected to highlight Values that the roots were computed from"):
        draw(z, highlight=(z, engine.Value(1.0)))


# ---- what is folded ----------------------------------------------------------------------------------


def test_folded_boxes_say_what_they_hold():
    """How many parameters, and how often they are used; one result, or the range of several and the sum of their gradients."""
    model, cost = batch(3)
    neuron = model.layers[0].neurons[0]
    picture = draw(cost, view="neuron")
    a = [node.data for node in Snapshot(cost).nodes if node.op == "tanh"][:: len(model.layers[0].neurons)]
    assert re.search(
        rf"^layers\[0\].neurons\[0\] <- input\[0\], input\[1\] +data {min(a):.4g} … {max(a):.4g} +Σ grad \S+ +3 parameters, each used 3 times$",
        picture.text, re.MULTILINE,
    )  # fmt: skip
    taken = Snapshot(cost)
    numbers = len(taken.nodes) - taken.n_values
    assert picture.notes[0] == f'{taken.n_values} values and {numbers} plain numbers drawn as 8 boxes (view="neuron")'
    assert picture.notes[1].startswith('view="full" draws each, with ')
    assert picture.view == "neuron"
    one = neuron([0.1, 0.3])
    one.backward()
    (line,) = [line for line in draw(one, view="neuron").text.splitlines() if line.startswith("layers")]
    assert re.search(rf"  data {one.data:.4g}  grad 1  3 parameters$", line)


def ancestors(root):
    """Return what a Value of either twin was computed from, and itself."""
    return importlib.import_module(type(root).__module__).ancestors(root)


def counted(n, word):
    """Return a number and a word as a picture has them."""
    return f"{n:,} {word}{'s' * (n != 1)}"


def assert_true(root, picture, folded, taken):
    """Check every number that folded boxes and notes say against the graph itself."""
    values = {taken.place(value): value for value in ancestors(root)}
    numbers = sum(not isinstance(x, type(root)) for value in values.values() for x in value.operands)
    arrows = sum(len(value.operands) for value in values.values() if value.op != "constant")
    if len(folded.boxes) < len(values) + numbers:
        plain = f" and {counted(numbers, 'plain number')}" if numbers else ""
        n = len(folded.boxes)
        assert picture.notes[0] == (
            f'{counted(len(values), "value")}{plain} drawn as {n:,} box{"es" * (n != 1)} (view="{folded.view}")'
        )
        assert picture.notes[1].endswith(f'view="full" draws each, with {counted(arrows, "arrow")}')
    else:
        assert not any("drawn as" in note for note in picture.notes)
    most = max((len(edge.uses) for edge in folded.edges), default=1)
    stated = [int(note.rpartition(" ")[2].replace(",", "")) for note in picture.notes if "up to" in note]
    assert stated == [most] * (most > 1)
    for box in folded.boxes:
        if len(box.nodes) > 1:
            assert_true_of_box(root, values, box, facts(taken, box, repr))


def assert_true_of_box(root, values, box, said):
    """Check what a box of several nodes says."""
    inside = {values[i]: None for i in box.nodes if i in values}
    outside = [value for value in values.values() if value not in inside]
    used_outside = {id(x) for value in outside for x in value.operands}  # two Values may be equal
    uses = Counter(x for value in inside for x in value.operands if isinstance(x, type(root)))
    results = [value for value in inside if value is root or id(value) in used_outside]
    numbers = len(box.nodes) - len(inside)
    leaves = Counter("parameter" if owner(value.name) else "input" for value in inside if not value.op)
    computed = sum(value.op not in {"", "constant"} for value in inside)
    match box.kind:
        case "sum":
            assert said.remarks[0] == f"a sum of {sum(len(v.operands) for v in inside) - len(inside) + 1}"
        case "module":
            used = {uses[value] for value in inside if owner(value.name) and not value.op}
            words = said.remarks[0].partition(", each used ")[2]
            assert said.remarks[0].startswith(counted(leaves["parameter"], "parameter"))
            assert [int(n.replace(",", "")) for n in re.findall(r"[\d,]+", words)] == (
                sorted({min(used), max(used)}) if max(used) > 1 else []
            )
        case "rest":
            amounts = dict(reversed(part.split(" ")) for part in said.remarks[0].split(", "))
            amounts = {word.removesuffix("s"): int(n.replace(",", "")) for word, n in amounts.items()}
            constants = numbers + sum(value.op == "constant" for value in inside)
            expected = {"operation": computed, **leaves, "constant": constants}
            assert amounts == {word: n for word, n in expected.items() if n}
    if box.kind != "inputs":
        results = [value for value in results if value.op] or results
    if results and (not numbers or results[0].op):  # or plain numbers are among them
        rows = {row.word: row.number for row in said.rows}
        data = [value.data for value in results]
        if all(map(math.isfinite, data)):
            assert rows["data"].split(" … ") in ([repr(min(data)), repr(max(data))], [repr(min(data))])
        else:
            assert rows["data"] in {repr(x) for x in data if not math.isfinite(x)}
        grads = [value.grad for value in results]
        if "Σ grad" in rows and all(abs(grad) < 1e290 for grad in grads):
            assert rows["Σ grad"] == repr(math.fsum(grads))
        elif len(results) == 1 and results[0].op != "constant":
            assert rows["grad"] in {repr(grads[0]), "—"}


@settings(max_examples=60)
@given(program=programs, view=st.sampled_from(VIEWS), limit=st.integers(1, 9), is_swept=st.booleans())
def test_all_that_is_said_of_programs_is_true(engine, program, view, limit, is_swept):
    """Of any graph in any view: values, plain numbers, boxes, arrows, ranges and sums."""
    root = random_root(engine, program, floats_raise=False)
    if is_swept:
        with autograd.ieee():
            root.backward()
    taken = Snapshot(root)
    assert_true(root, draw(root, view=view, max_boxes=limit), fold(taken, view, limit), taken)


@settings(max_examples=25)
@given(
    n=st.integers(1, 4), sizes=st.lists(st.integers(1, 3), min_size=1, max_size=3), view=st.sampled_from(VIEWS),
    penalty=st.booleans(), as_values=st.booleans(), twice=st.booleans(), limit=st.integers(1, 30),
)  # fmt: skip
def test_all_that_is_said_of_networks_is_true(n, sizes, view, penalty, as_values, twice, limit):
    """Inputs shared or not, weights used twice or in a penalty."""
    model = MLP(2, sizes, activation="tanh", rng=0)
    rows = [[Value(0.1 * k) if as_values else 0.1 * k, 0.3] for k in range(n)]
    outputs = [model(row) for row in rows for _ in range(1 + twice)]
    cost = mean([y[0] if isinstance(y, list) else y for y in outputs])
    cost = cost + l2_penalty(model.parameters(), 0.1) if penalty else cost * 1.0
    cost.backward()
    taken = Snapshot(cost)
    assert_true(cost, draw(cost, view=view, max_boxes=limit), fold(taken, view, limit), taken)


def test_what_comes_in_is_counted_once():
    """A plain number that four neurons read is one number, though a node for each of them."""
    model = MLP(2, [4, 1], activation="tanh", rng=0)
    cost = mean([model([0.1 * k, 0.5]) for k in range(5)])
    lines = draw(cost, view="neuron").text.splitlines()
    (first,) = [line for line in lines if line.startswith("input[0]")]
    (second,) = [line for line in lines if line.startswith("input[1]")]
    assert re.search(r"data 0 … 0.4 +5 different numbers$", first)
    assert re.search(r"data 0.5 +1 different number$", second)


def test_a_full_picture_hides_nothing(engine):
    """So it has no notes; of sums it says how many terms."""
    xs = [engine.Value(float(k), f"x{k}") for k in range(5)]
    total = xs[0] + xs[1] + xs[2] + (xs[3] + xs[4])
    assert draw(total).notes == ()
    picture = draw(total, view="sum")
    assert "a sum of 5" in picture.text
    assert len(boxes(picture.source)) == 6
    assert picture.notes[0] == '9 values drawn as 6 boxes (view="sum")'


def test_deep_graphs_are_drawn_near_the_root(engine):
    """A picture comes out, and it says what is not on it."""
    y = engine.Value(1.0, "x")
    n = 10**6 if engine.__name__.endswith("_engine") else 10**5
    for _ in range(n):
        y = engine.sin(y)
    picture = draw(y, max_boxes=20)
    assert picture.view == "near"
    assert f"{n + 1:,} values drawn as 20 boxes" in picture.notes[0]
    assert f"{n - 19:,} operations, 1 input" in picture.source
    assert sum(len(group) > 0 for group in texts(picture.svg)) == 21


def test_the_text_is_a_table(engine):
    """A line for each box, constants in the line of their users, no more lines than a page has."""
    _, _, z = expression(engine)
    assert (
        repr(draw(z))
        == draw(z).text
        == """\
x                            data 1.5     grad -0.09471
y                            data 0.5     grad -4.699
neg1 = neg(x)                data -1.5    grad 0.2362
mul1 = mul(neg1, y)          data -0.75   grad 0.4724
exp1 = exp(mul1)             data 0.4724  grad 1
sin1 = sin(x)                data 0.9975  grad 2
truediv1 = truediv(sin1, y)  data 1.995   grad 1
z = add(exp1, truediv1)      data 2.467   grad 1"""
    )
    assert draw(z * 2.0).text.splitlines()[-1].startswith("mul2 = mul(z, 2)")
    near = draw(z - 2.0, view="near", max_boxes=4).text
    assert "sub1 = sub(z, 2)" in near
    assert "z = add(the rest, the rest)" in near
    with autograd.ieee():
        bad = engine.tanh(engine.Value(math.inf, "a") * 2.0) + 1.0
    near = draw(bad, view="near", max_boxes=2).text
    assert re.search(r"^the rest +data 1 +grad — +2 operations, 1 input, 2 constants, nan or inf inside$", near, re.M)
    y = z
    for _ in range(100):
        y = engine.sin(y)
    lines = draw(y).text.splitlines()
    assert len(lines) == 61
    assert lines[30] == "... 48 more"


@given(names=st.lists(st.text(st.characters(codec=None), min_size=1, max_size=80), min_size=1, max_size=5))
def test_terminals_are_not_commanded(names):
    """Whatever names hold, only what is printable comes out."""
    values = [Value(1.0, name) for name in names]
    total = sum(values)
    text = str(draw(total, title=names[0], highlight=(total, values[0])))
    assert all(c.isprintable() or c == "\n" for c in text)
    assert len(text.splitlines()) <= 2 * len(set(values)) + 3


# ---- colours -----------------------------------------------------------------------------------------


def luminance(colour):
    """Return the relative luminance of a colour, as the WCAG define it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Return the contrast of two colours, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def gallery(theme):
    """Yield sources in which every kind of box, arrow and caption occurs."""
    model, cost = batch(2)
    w = model.layers[0].neurons[0].w[0]
    views = ("full", "sum", "neuron", "layer", "near")
    for view in views:
        yield draw(cost, view=view, theme=theme, partials=True, title="t").source
    with autograd.ieee():
        bad = cost * Value(math.inf, "inf") + Value(1.0) / 7.0
        bad.backward()
    for view in views:
        for highlight in (None, (bad, w), (cost, bad)):
            yield draw(bad, view=view, theme=theme, highlight=highlight, partials=True, title="t").source


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_have_contrast(theme):
    """4.5 at least, of every text on what it stands on, in both themes; and a dark picture has no light colour."""
    colours = LIGHT if theme == "light" else DARK
    pairs = set()
    for source in gallery(theme):
        for line in source.splitlines():
            fill = re.search(r'fillcolor="(#\w+)"', line)
            behind = fill[1] if fill else colours.paper
            pairs.update((text, behind) for text in re.findall(r'(?:<font[^>]* color|fontcolor)="(#\w+)"', line))
        assert set(re.findall(r"#[0-9a-f]{6}", source)) <= set(colours)
    assert {colours.faint, colours.alarm, colours.path, colours.grad, colours.data} <= {text for text, _ in pairs}
    assert len({behind for _, behind in pairs}) > 5
    assert {pair: contrast(*pair) for pair in pairs if contrast(*pair) < 4.5} == {}


def test_each_colour_has_one_place():
    """So the style of an SVG that follows its viewer can put the dark one in the place of each."""
    assert len(set(LIGHT)) == len(LIGHT)
    svg = draw(Value(1.0, "x") * 2.0).svg
    style = re.search(r"<style>(.*?)</style>", svg, re.DOTALL)[1]
    assert "prefers-color-scheme:dark" in style
    for light, dark in zip(LIGHT, DARK, strict=True):
        assert f'[fill="{light}"]{{fill:{dark}}}' in style
    used = set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg.replace(style, ""))) - {"none", "transparent"}
    assert used <= set(LIGHT)
    assert "<style>" not in draw(Value(1.0), theme="light").svg
    dark = draw(Value(1.0), theme="dark").svg
    assert "<style>" not in dark
    assert DARK.paper in dark
    with pytest.raises(ValueError, match=r"^draw: expected theme to be 'auto' or 'light' or 'dark', got 'blue'"):
        draw(Value(1.0), theme="blue")


# ---- what Graphviz draws -----------------------------------------------------------------------------


def drawn_with(names):
    """Return a picture in which each name is that of a leaf and of a result, and the numbers of its parts."""
    values = [Value(1.0, name) for name in names]
    total = autograd.math.sum([2.0 * value for value in values])
    total.backward()
    svg = draw(total, title=names[0], view="full", partials=True, highlight=(total, values[0])).svg
    root = ET.fromstring(svg)
    parts = Counter((element.tag, *sorted(element.keys())) for element in root.iter())
    return root, parts, svg


def assert_literal(names):
    """Check that names stand in a picture as texts and tooltips, and as nothing else."""
    plain = [f"n.{k}" if owner(name) else f"n{k}" for k, name in enumerate(names)]  # parameters look otherwise
    root, parts, svg = drawn_with(names)
    assert parts == drawn_with(plain)[1]
    assert not re.search(r"\b0x[0-9a-f]{6,}|<!--|xlink|\bid=", re.sub(r">[^<]*<", "><", svg))
    found = Counter(text for group in texts(svg) for text in group)
    titles = [(title.text or "").replace("\xa0", " ") for title in root.iter(f"{SVG}title")]
    for name in dict.fromkeys(names):
        shown = layout.shown(name).replace("\xa0", " ")
        assert found[shown] or len(name) > 30, (name, found)
        assert any(re.match(rf"{re.escape(shown)} \((input|parameter)\)", title) for title in titles), (name, titles)


def test_hostile_names_are_shown(graphviz):
    """As they are, and what cannot be seen as an escape; no element and no attribute comes of them."""
    assert_literal(HOSTILE)


@settings(max_examples=6, phases=[Phase.generate])  # shrinking would draw for minutes
@given(
    names=st.lists(st.text(st.characters(codec=None), min_size=1, max_size=4), min_size=20, max_size=40, unique=True)
)
@pytest.mark.parametrize("graphviz", ["dot", "pygraphviz"], indirect=True)
def test_any_name_is_shown(graphviz, names):
    """Of whatever code points."""
    assert_literal(names)


def test_the_svg_fits_its_page(graphviz):
    """It scales, begins with its element and says aloud what it is of."""
    _, cost = batch()
    picture = draw(cost, view="neuron")
    root = ET.fromstring(picture.svg)
    assert picture.svg.startswith("<svg ")
    assert root.get("viewBox")
    assert root.get("style") == "max-width:100%;height:auto"
    assert root.get("aria-label") == " ".join(picture.notes)
    groups = [group[0].text for group in root.iter(f"{SVG}g") if group.find(f"{SVG}title") is not None]
    assert any(title.startswith("layers[0].neurons[0]\n3 parameters, each used 3 times") for title in groups)
    assert "3 operands" in groups


@pytest.mark.parametrize(
    ("ending", "start"),
    [("svg", b"<svg "), ("PNG", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"digraph"), ("gv", b"digraph")],
)
def test_save(graphviz, tmp_path, ending, start):
    """What the name ends in is what is written."""
    path = tmp_path / f"picture.{ending}"
    draw(Value(1.0, "x") * 2.0).save(path)
    assert path.read_bytes().startswith(start)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_files_are_whole(tmp_path, monkeypatch):
    """What was there stays if anything goes wrong; other names are refused."""
    picture = draw(Value(1.0, "x") * 2.0)
    path = tmp_path / "picture.dot"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            picture.save(path)
    assert path.read_text() == "old"
    assert [*tmp_path.iterdir()] == [path]
    for name in ("picture", "picture.gif", "svg", ".svg"):
        with pytest.raises(ValueError, match=r"expected a name that ends in .svg, .png, .pdf, .dot, .gv, got"):
            picture.save(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"expected a directory to save in, got none: '.*none'"):
        picture.save(tmp_path / "none" / "p.dot")
    with pytest.raises(FileExistsError, match="a directory or a device"):
        picture.save(_directory(tmp_path / "d.dot"))


def _directory(path):
    path.mkdir()
    return path


# ---- where it cannot ---------------------------------------------------------------------------------


def stray_dot(folder, monkeypatch, script):
    """Put a program that is called dot, and is none of Graphviz, on the PATH."""
    path = folder / "dot"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_no_graphviz(monkeypatch, tmp_path):
    """An error with the cures; a notebook shows the text, and why there is no picture."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    picture = draw(Value(1.0, "x") * 2.0)
    cures = "expected Graphviz to draw with, found neither dot nor pygraphviz: apt-get install graphviz"
    with pytest.raises(PictureError, match=f"^{cures}"):
        _ = picture.svg
    with pytest.raises(PictureError, match=rf"p\.png: {cures}"):
        picture.save(tmp_path / "p.png")
    picture.save(tmp_path / "p.dot")
    shown = picture._repr_mimebundle_()
    assert set(shown) == {"text/plain"}
    assert shown["text/plain"].startswith(f"{picture.text}\n(no picture: {cures}")
    for name in ("p.svg", "p.png"):
        with pytest.raises(PictureError, match=cures):
            Drawing.check(tmp_path / name)
    Drawing.check(tmp_path / "p.dot")


def test_the_package_graphviz_takes_over():
    """What it is given is the source, character by character but for the last line end, which it sees to."""
    picture = draw(Value(1.0, "a\\ <b>") * 2.0)
    taken = picture.graphviz
    assert isinstance(taken, Source)
    assert taken.source.rstrip("\n") == picture.source.rstrip("\n")


def test_notebooks_show_both():
    """The picture, and the text for where pictures are stripped."""
    picture = draw(Value(1.0, "x") * 2.0)
    shown = picture._repr_mimebundle_(include=None, exclude=None)
    assert set(shown) == {"image/svg+xml", "text/plain"}
    assert shown["text/plain"] == picture.text
    width, height = map(float, re.findall(r'(?:width|height)="([\d.]+)pt"', picture.svg))
    assert f'width="{width:.0f}pt" height="{height:.0f}pt"' in shown["image/svg+xml"]


@pytest.mark.parametrize("length", [6, 15])
def test_wide_pictures_fit_the_page_of_a_notebook(length):
    """They are made smaller, in both directions alike, but not so small that they cannot be read."""
    y = Value(1.0, "x")
    for _ in range(length):
        y = y.tanh()
    picture = draw(y)
    sizes = [
        [float(points) for points in re.findall(r'(?:width|height)="([\d.]+)pt"', svg)]
        for svg in (picture.svg, picture._repr_mimebundle_()["image/svg+xml"])
    ]
    (width, height), (shown_width, shown_height) = sizes
    assert width > 640
    assert shown_width == max(640, round(0.5 * width))
    assert shown_height / height == pytest.approx(shown_width / width, rel=0.02)
    assert (shown_width == 640) == (length == 6)


@pytest.mark.parametrize("error", [PictureError, RuntimeError, MemoryError, UnicodeDecodeError])
def test_notebooks_never_see_an_error(monkeypatch, error):
    """Whatever it is, but for the reader's own interrupt."""
    raised = error("utf-8", b"x", 0, 1, "bad") if error is UnicodeDecodeError else error("\x1b[31m")

    def fail(*_):
        raise raised

    monkeypatch.setattr(layout, "draw", fail)
    shown = draw(Value(1.0, "x"))._repr_mimebundle_()["text/plain"]
    assert "no picture" in shown
    assert "\x1b" not in shown
    raised = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        draw(Value(1.0, "x"))._repr_mimebundle_()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'no ink \x1b[31m' >&2; exit 3", r"^Graphviz failed: no ink \\x1b\[31m \(.*dot\)$"),
        ("exit 0", "^Graphviz failed: it drew nothing"),
        ("echo Usage: dot", "^Graphviz failed: expected an SVG, got 'Usage: dot"),
        ("printf '\\377\\376'", "^Graphviz failed: expected an SVG"),
        ("echo '<svg></svg>'", "^Graphviz failed: expected an SVG, got '<svg></svg>'$"),
        (
            "while :; do echo nonsense; done | /usr/bin/head -c 1000000 >&2; exit 1",
            r"^Graphviz failed: .{400} \(.*dot\)$",
        ),
    ],
)
def test_a_stray_dot(tmp_path, monkeypatch, script, message):
    """Another program of that name is an error that names it."""
    stray_dot(tmp_path, monkeypatch, script)
    with pytest.raises(PictureError, match=message):
        _ = draw(Value(1.0, "x")).svg


def test_a_dot_that_is_no_program(tmp_path, monkeypatch):
    """What the system says of it is said."""
    (tmp_path / "dot").write_bytes(b"\x7fELF nonsense")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PictureError, match=r"^Graphviz failed: expected .*dot to be a program: "):
        _ = draw(Value(1.0, "x")).svg


def test_too_slow(tmp_path, monkeypatch):
    """The error says how to fold more; nothing is left running, and nothing of the dead remains."""
    stray_dot(tmp_path, monkeypatch, f"echo $$ > {tmp_path}/pid; exec /bin/sleep 600")
    with pytest.raises(PictureError, match=r'expected Graphviz to draw 2 edges within 1 s, .* view="neuron"'):
        _ = draw(Value(1.0, "x") * 2.0, timeout=1).svg
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_an_interrupt_leaves_nothing(tmp_path):
    """Neither the program that draws, nor a dead child."""
    stray = tmp_path / "dot"
    # It reads what it is given first: an interrupt while it is being started is the standard library's affair.
    stray.write_text("#!/bin/sh\n/bin/cat > /dev/null; kill -INT $PPID; exec /bin/sleep 600\n")
    stray.chmod(0o755)
    code = (
        "import os, signal, autograd\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try: autograd.draw(autograd.Value(1.0)).svg\n"
        "except KeyboardInterrupt: print('interrupted')\n"
        "try: os.waitpid(-1, os.WNOHANG)\n"
        "except ChildProcessError: print('nothing left')\n"
    )
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("interrupted\nnothing left\n", "")


def test_too_many_edges(graphviz):
    """A view that is asked for is tried, and given up in time."""
    _, cost = batch(30, (8, 8, 2))
    picture = draw(cost, view="full", timeout=0.5)
    with pytest.raises(PictureError, match=r"expected Graphviz to draw [\d,]+ edges within 0.5 s"):
        _ = picture.svg
    assert draw(cost).view == "neuron"


def test_modules_are_not_taken_from_the_directory(tmp_path, monkeypatch):
    """A file of the user's that is called as pygraphviz is does not run."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    Path("pygraphviz.py").write_text("raise SystemExit('mine')")
    assert draw(Value(1.0, "x")).svg.startswith("<svg")


@pytest.mark.skipif(not HAS_C, reason="the C twin was not built")
def test_twins_do_not_mix():
    """As everywhere."""
    c, python = (importlib.import_module(f"autograd.{name}") for name in ("_engine", "engine"))
    with pytest.raises(TypeError, match="expected Values of one twin"):
        draw(c.Value(1.0), python.Value(1.0))


def test_nothing_is_loaded_before_it_is_used():
    """Drawing needs none of the packages of Graphviz in this process."""
    assert "pygraphviz" not in sys.modules
