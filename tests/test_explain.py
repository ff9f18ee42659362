"""Explanations of derivatives: case 1 and case 2 of the chain rule, with numbers that are the engine's."""

import math
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import bits, programs, random_root

import autograd.math
from autograd import record_lines
from autograd._formula import IEEE, evaluate, parse
from autograd.graph import Snapshot
from autograd.own import primitive
from autograd.view.blame import blame
from autograd.view.explain import explain
from autograd.view.writing import Formula
from nn import MLP

DEEP = 10**5
inf = math.inf
WEIGHTS = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]


def network(engine):
    """Return the worked example: its cost, weights, and the pre-activations and activations by name."""
    w = [engine.Value(number, f"w{k}") for k, number in enumerate(WEIGHTS, 1)]
    b1, b2 = engine.Value(0.35, "b1"), engine.Value(0.60, "b2")
    nodes = {}

    def unit(name, weights, inputs, bias):
        z = weights[0] * inputs[0] + weights[1] * inputs[1] + bias
        a = engine.sigmoid(z)
        z.name, a.name = f"z_{name}", name
        nodes[z.name], nodes[name] = z, a
        return a

    hidden = [unit("h1", w[0:2], (0.05, 0.10), b1), unit("h2", w[2:4], (0.05, 0.10), b1)]
    o1, o2 = unit("o1", w[4:6], hidden, b2), unit("o2", w[6:8], hidden, b2)
    cost = 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2
    cost.name = "J"
    return cost, w, nodes


# ---- the derivation ----------------------------------------------------------------------------------


def test_the_readme_shows_what_is_said():
    """The example there, line by line."""
    x = autograd.Value(0.5, name="x")
    y = autograd.math.sin(x) * autograd.math.exp(-x)
    y.name = "y"
    y.backward()
    readme = Path(__file__).resolve().parent.parent / "README.md"
    assert f"```text\n{explain(y, x)}\n```" in readme.read_text(encoding="utf-8")


def test_case_1_golden(engine):
    """B7, B9: dJ/dw5 goes through o1 alone: one path, a product."""
    cost, w, _ = network(engine)
    cost.backward()
    assert (
        explain(cost, w[4]).text
        == """\
d J / d w5 = 0.082167
=====================

There is one path from w5 to J, so this is case 1 of the chain rule: a chain. Multiply the
partials along it. A partial, by one operand alone, has the sign ∂; a derivative, over all paths,
has d.

Here

  w5    = 0.4
  b2    = 0.6
  h1    = 0.59327
  mul5  = w5 * h1 = 0.237308
  mul6  = 0.268598
  z_o1  = mul5 + mul6 + b2 = 1.10591
  o1    = sigmoid(z_o1) = 0.751365
  sub1  = 0.01 - o1 = -0.741365
  pow1  = sub1 ** 2 = 0.549622
  mul9  = 0.5 * pow1 = 0.274811
  mul10 = 0.02356
  J     = mul9 + mul10 = 0.298371

  d J/d w5 = ∂J/∂mul9 · ∂mul9/∂pow1 · ∂pow1/∂sub1 · ∂sub1/∂o1 · ∂o1/∂z_o1 · ∂z_o1/∂mul5
             · ∂mul5/∂w5
           = 1 · 0.5 · (2 * sub1) · (-1) · (o1 * (1 - o1)) · 1 · h1
           = 1 · 0.5 · (-1.48273) · (-1) · 0.186816 · 1 · 0.59327
           = 0.082167

- ∂z_o1/∂mul5 stands for 2 additions, each times 1.

Check: w5.grad is the same number, to the last bit."""
    )


def test_case_2(engine):
    """B8, B9: dJ/dw1 is a sum over two paths, through o1 and through o2."""
    cost, w, nodes = network(engine)
    cost.backward()
    found = explain(cost, w[0])
    assert (found.n_paths, found.total) == (2, w[0].grad)
    assert [[name for name in path.nodes if name in {"w1", "h1", "o1", "o2", "J"}] for path in found.paths] == [
        ["J", "o1", "h1", "w1"], ["J", "o2", "h1", "w1"],
    ]  # fmt: skip
    assert found.total == pytest.approx(sum(path.product for path in found.paths), rel=1e-15)
    assert sum(path.share for path in found.paths) == pytest.approx(1.0)
    assert "case 2 of the chain rule: several paths" in found.text
    assert (
        """\
  d J/d w1 = path 1 + path 2
           = 0.000668396 - 0.000229828
           = 0.000438568
"""
        in found.text
    )
    through = explain(cost, nodes["h1"])  # a computed node
    assert through.total == nodes["h1"].grad
    assert "h1.grad is the same number, to the last bit." in through.text


def test_readme(engine):
    """Two paths of exp(-x * y) + sin(x) / y, with the formulas of the table filled in."""
    x, y = engine.Value(1.5, "x"), engine.Value(0.5, "y")
    z = engine.exp(-x * y) + engine.sin(x) / y
    text = explain(z, x, names={"z": z}).text
    assert "= 1 · exp(mul1) · y · (-1)" in text
    assert "= 1 · (1 / y) · cos(x)" in text
    assert "d z/d x = path 1 + path 2" in text


@given(program=programs, pick=st.integers(0, 10**6), most=st.integers(1, 5))
@settings(max_examples=60)
def test_random_programs(engine, program, pick, most):
    """The total is the engine's to the last bit, and all three scripts come out, bounded and printable."""
    root = random_root(engine, program, floats_raise=False)
    if type(root) is not engine.Value:
        return
    values = engine.ancestors(root)
    x = values[pick % len(values)]
    found = explain(root, x, max_paths=most)
    (adjoint,) = engine.adjoints({root: 1.0}, [x])
    assert bits(found.total) == bits(0.0 if adjoint is None else adjoint)
    assert len(found.paths) == min(most, found.n_paths)
    for path in found.paths:
        assert len(path.nodes) == len(path.partials) + 1
        assert bits(math.prod(path.partials)) == bits(path.product)
    for text in (found.text, found.markdown, found.latex):
        assert len(text) < 60_000
        assert all(line.isprintable() for line in text.split("\n"))
    assert max(map(len, found.text.split("\n"))) <= 100
    root.backward()
    check = explain(root, x, max_paths=most).text
    assert "the same number, to the last bit" in check or " is 0 as well" in check


def test_many_paths(engine):
    """2^200 paths are counted, not listed: the form of the sweep, and one multiplication for each edge."""
    x = engine.Value(1.0, "x")
    y = x
    for _ in range(200):
        y = y + y
    found = explain(y, x)
    assert (found.n_paths, found.total, found.n_edges, len(found.paths)) == (2**200, 2.0**200, 400, 8)
    text = re.sub(r"\s+", " ", found.text)
    assert "There are 2^200 (about 1.61e60) paths from x to add200" in text
    assert "one multiplication for each of the 400 edges" in text
    assert "d add200/d x = d add200/d add1 · ∂add1/∂x(1) + d add200/d add1 · ∂add1/∂x(2)" in text
    assert "and so on, for 194 more nodes on the paths" in text
    for _ in range(3300):
        y = y + y * 0.5
    assert "There are more than 10^1000 paths" in explain(y, x).text


@pytest.mark.parametrize(
    ("count", "words"), [(9, "There are 9 paths"), (1500, "There are 1,500 paths"), (1024, "There are 1,024 paths")]
)
def test_numbers_of_paths(engine, count, words):
    """A fan has a path for each node; its sum is cut, and what was left out is said."""
    x = engine.Value(1.0, "x")
    found = explain(engine.sum([x * (1.0 + k) for k in range(count)]), x)
    assert words in found.text
    assert f"({count - 6:,} more)" in found.text
    assert found.total == count * (count + 1) / 2


def test_long_paths_are_cut(engine):
    """Additions in a row are one factor; beyond max_factors the midst is one, with its product."""
    x = engine.Value(0.5, "x")
    y = x
    for _ in range(8):
        y = y + 1.0
    for _ in range(40):
        y = engine.tanh(y)
    text = explain(y, x, max_factors=4).text
    assert "∂add8/∂x stands for 8 additions, each times 1." in text
    (more, product) = re.search(r"\.\.\. stands for (\d+) more factors, with the product (\S+)\.", text).groups()
    numbers = re.search(r"= [0-9.e-]+ · [0-9.e-]+ · (\S+) · [0-9.e-]+ · 1\n", text)
    assert int(more) == 37
    assert numbers[1] == product


# ---- no path, kinks and other remarks ----------------------------------------------------------------


def test_no_dependency(engine):
    """It is 0, and the text says why."""
    x, y = engine.Value(-1.0, "x"), engine.Value(2.0, "y")
    root = engine.relu(x) * y
    found = explain(root, x)
    assert (found.total, found.n_paths, found.paths) == (0.0, 0, ())
    assert "0, because every path between them is cut" in found.text
    assert "No derivative passes through relu1 = 0 to x = -1, in which it is flat: x <= 0." in found.text
    assert "but for jumps" in explain(x // y, x).text
    absent = explain(root, engine.Value(1.0, "z"))
    assert "0, because mul1 was not computed from z, or only from its number" in absent.text
    held = y.detach()
    for root in (x * held, x * 1.0):
        assert "0, because y is a constant, as detach and no_grad make them." in explain(root, held).text
    detached = explain(x.detach() * y, x)
    assert "0, because mul1 was computed from a constant of the name x, as detach makes them." in detached.text
    assert "$$" in absent.markdown
    assert absent.latex.startswith(r"\begin{aligned}")


def test_a_node_by_itself(engine):
    """D y / d y is 1."""
    y = engine.Value(2.0, "y") * 3.0
    found = explain(y, y)
    assert (found.total, found.n_paths, found.paths[0].nodes) == (1.0, 1, ("mul1",))
    assert "nothing to multiply" in found.text


def test_kinks(engine):
    """Which side of a kink was taken, and at the kink itself which slope, and why."""
    x = engine.Value(0.25, "x")
    assert "relu1 has a kink at x == 0; x = 0.25 is above it." in explain(engine.relu(x), x).text
    zero = engine.Value(0.0, "zero")
    text = re.sub(r"\s+", " ", explain(abs(zero), zero).text)
    assert "abs1 is at a kink, zero == 0: by convention its partials are 0 there (of all slopes" in text
    tie = explain(engine.maximum(x, x), x)
    assert tie.total == 1.0
    assert "= 0.5" in tie.text
    assert "kink" not in explain(engine.where(True, x, 1.0), x).text


def test_own_primitives(engine):
    """Of a primitive of the user's own the partials are known as numbers."""

    @primitive(partials=lambda x, out: -2 * x * out)
    def bell(x):
        return math.exp(-x * x)

    x = engine.Value(0.5, "x")
    text = explain(3.0 * bell(x), x).text
    assert "bell1 = bell(x) = 0.778801" in text
    assert "= 3 · (-0.778801)" in text
    assert "bell is a primitive of your own" in text


def test_lines_of_source(engine):
    """Where a node was made stands beside its definition."""
    x = engine.Value(0.5, "x")
    with record_lines():
        y = x * x
    assert f"at {y.line}" in explain(y, x).text.replace("\n" + " " * 9, " ")


def test_cancellation_and_what_is_not_finite(engine):
    """Paths that cancel are said to; so is a result that is no number."""
    x = engine.Value(2.0, "x")
    text = explain(1e8 * x - 99999999.0 * x, x).text
    assert "The paths cancel: their sizes add up to 2e+08, their sum is 1." in text
    x.data = 0.0
    found = explain(engine.sqrt(x * x), x)
    assert math.isnan(found.total)
    assert "The result is nan: autograd.diagnose tells where that arose." in found.text
    assert "= inf · x\n" in found.text
    assert all(map(math.isnan, [path.product for path in found.paths]))


CHECKS = [
    (lambda x, y: None, "No backward sweep was run from z, or its gradients were cleared."),
    (lambda x, y: y.backward(), "x.grad is the same number, to the last bit."),
    (lambda x, y: [y.backward() for _ in range(3)], "as 3 sweeps without zero_grad leave it"),
    (lambda x, y: y.backward(2.0), "since the sweep gave z the adjoint 2"),
    (lambda x, y: (2.0 * y).backward(), "since the sweep gave z the adjoint 2"),
    (lambda x, y: (y.backward(), x.zero_grad()), "It was cleared after the sweep, or what was added since makes 0."),
    (lambda x, y: (x * 5.0).backward(), "It is not of a sweep from z"),
    (lambda x, y: (y.backward(), (x * 0.37).backward()), "on a leaf, grad adds up over sweeps, also from other roots"),
]


@pytest.mark.parametrize(("sweep", "words"), CHECKS)
def test_the_check_against_grad(engine, sweep, words):
    """Whether grad is the derivative, and if not, why."""
    x = engine.Value(1.5, "x")
    z = engine.sin(x) * x
    z.name = "z"
    sweep(x, z)
    assert words in re.sub(r"\s+", " ", explain(z, x).text)


def test_the_check_of_a_computed_node(engine):
    """On a computed node grad is that of the last sweep."""
    x = engine.Value(1.5, "x")
    y = engine.sin(x)
    z = y * y
    z.backward()
    (y * 0.3).backward()
    assert "It differs: the last sweep was another." in explain(z, y).text


def test_what_changed_since(engine):
    """The partials are those that were recorded, whatever the leaf holds now."""
    x = engine.Value(1.5, "x")
    z = x * x
    x.data = 7.0
    found = explain(z, x)
    text = re.sub(r"\s+", " ", found.text)
    assert found.total == 3.0
    assert "= 1.5 " in text
    assert "A leaf among the operands of mul1 was assigned since: that gives 49 now." in text
    assert "was assigned since" not in explain(x * x, x).text


def test_errors(engine):
    """What was expected, and what was got."""
    x = engine.Value(1.0)
    with pytest.raises(TypeError, match=r"explain: expected a Value, got 1\.0"):
        explain(x, 1.0)
    with pytest.raises(TypeError, match=r"explain: expected a Value, got 'y'"):
        explain("y", x)
    with pytest.raises(ValueError, match="expected max_paths to be an int, 1 or more, got 0"):
        explain(x, x, max_paths=0)
    with pytest.raises(ValueError, match="expected max_factors to be an int, 2 or more, got 'a'"):
        explain(x, x, max_factors="a")


def test_display(engine):
    """Terminals get the text, notebooks the Markdown and the text."""
    x = engine.Value(1.0, "x")
    for found in (explain(x * x, x), blame(x * x)):
        assert str(found) == repr(found) == found.text
        assert found._repr_markdown_() == found.markdown
        assert found._repr_mimebundle_() == {"text/markdown": found.markdown, "text/plain": found.text}


def test_a_partial_is_not_the_derivative(engine):
    """D z / d x is over all paths; ∂z/∂x is that of one operand: they differ, and so do their signs."""
    x = engine.Value(1.5, "x")
    z = x * engine.sin(x)
    z.name = "z"
    found = explain(z, x)
    assert "path 1 = ∂z/∂x\n" in found.text
    assert "d z/d x = path 1 + path 2\n" in found.text
    assert r"\frac{\mathrm{d} z}{\mathrm{d} x} &= \text{path 1} + \text{path 2}" in found.latex


def test_additions_are_taken_together_only_where_they_are_one_path(engine):
    """X + x + x has three paths: no partial of the sum by x alone is 1."""
    x = engine.Value(1.5, "x")
    for root in (x + x + x, (x + 1.0) + (x + 2.0), (x + 1.0) + x):
        text = explain(root, x).text
        assert "stands for" not in text
        assert text.count("\n\n  path ") == explain(root, x).n_paths
    y = engine.Value(2.0, "y")
    text = explain(engine.atan2(x, y) + engine.fma(x, y, x), x).text
    assert "path 2 = ∂add1/∂fma1 · ∂fma1/∂x(2)\n         = 1 · 1\n" in text
    assert "∂add2/∂x stands for 2 additions, each times 1." in explain(x + y + 2.0, x).text


def test_shares_beside_infinite_sizes(engine):
    """Beside an infinite product no share is told: it would be 0% or NaN."""
    x = engine.Value(1.5, "x")
    found = explain(x * math.inf + x * 2.0, x)
    assert all(math.isnan(path.share) for path in found.paths)
    assert "share" not in found.text
    assert "mul1 = x * inf = inf" in found.text


def test_numbers_in_formulas(engine):
    """Negative numbers stand in brackets where they have to, and a factor of 1 that the user wrote stays."""
    x = engine.Value(1.5, "x")
    found = explain((x - (-2.0)) * (-3.0) + x * 1.0 + x**1.0 + (-2.0) ** (x * 0.0 + 2.0), x)
    for shown in ("sub1 = x - (-2) = 3.5", "mul1 = sub1 * (-3) = -10.5", "mul2 = x * 1 = 1.5", "pow1 = x ** 1 = 1.5"):
        assert shown in re.sub(" +", " ", found.text)
    assert r"x - \left(-2\right)" in found.latex
    assert "x ** 0" not in found.text
    inverse = explain(x**-2.0, x)
    assert "= -2 * x ** (-3)\n" in inverse.text
    assert r"\left(-3\right)" not in inverse.latex
    assert "polygamma(2, x)" in explain(engine.polygamma(1, x), x).text
    assert "infinity" not in explain(x * -math.inf, x).text
    assert "x * (-inf)" in explain(x * -math.inf, x).text


def test_functions_in_latex(engine):
    """A function is set as a mathematician does, not letter by letter."""
    x, y = engine.Value(0.5, "x"), engine.Value(2.0, "y")
    for root, shown in (
        (engine.sin(x), r"\sin\left(x\right)"), (engine.exp(x), "e^{x}"), (engine.sqrt(x), r"\sqrt{x}"),
        (engine.log(x), r"\ln\left(x\right)"), (engine.sigmoid(x), r"\operatorname{sigmoid}\left(x\right)"),
        (engine.logsumexp([x, y]), r"\operatorname{logsumexp}\left(x, y\right)"), (abs(x), r"\lvert x \rvert"),
    ):  # fmt: skip
        assert f"{shown} = " in explain(root, x).latex


def test_why_a_primitive_is_flat(engine):
    """Of all reasons that there are, the one that holds here."""
    x = engine.Value(1.5, "x")
    for root, why in (
        (engine.clip(x, 0.0, 1.0), "flat: x > 1."), (engine.maximum(x, 1.5), "flat: x == 1.5."),
        (x * 0.0, "flat: an operand is the constant 0."), (x**0.0, "flat: an operand is the constant 0."),
        (x * engine.Value(0.0, "held").detach(), "flat: held == 0."), (engine.sign(x), "flat but for jumps."),
    ):  # fmt: skip
        assert why in re.sub(r"\s+", " ", explain(root, x).text)


def test_kinks_of_nodes_alone(engine):
    """The plain number may stand first; a plain number by itself is at no kink."""
    x = engine.Value(1.5, "x")
    assert "maximum1 has a kink at x == 0; x = 1.5 is above it." in explain(engine.maximum(0.0, x), x).text
    assert "kink" not in explain(engine.polygamma(1, x), x).text


def test_why_there_is_no_path(engine):
    """The wrong way round, another Value of the same name, and a name that none has."""
    x, y = engine.Value(1.5, "x"), engine.Value(2.0, "y")
    root = x * y
    assert "x was not computed from mul1: it is the other way round." in explain(x, root).text
    assert "mul1 was computed from another Value of the name x." in explain(root, engine.Value(1.0, "x")).text
    assert "mul1 was not computed from leaf1, or only" in explain(root, engine.Value(1.0)).text
    assert "mul1 was not computed from mul2, or only" in explain(root, x * y).text
    assert "0, because x#2 is a constant, as detach" in explain(x.detach(), x).text


def test_the_check_of_a_node_against_itself(engine):
    """There grad is whatever sweeps made it; no seed explains it."""
    x = engine.Value(1.5, "x")
    (x * 0.37).backward()
    text = re.sub(r"\s+", " ", explain(x, x).text)
    assert "x.grad is 0.37. It differs: on a leaf, grad adds up over sweeps, also from other roots." in text


def test_names_that_are_no_names(engine):
    """What was expected of names, and what was got."""
    x = engine.Value(1.5, "x")
    for names, words in (
        ({"w": [1]}, r"names\['w'\]: expected a Value, got \[1\]"), ({1: x}, "expected names as str.*got 1 as a name"),
        ([("a", x)], "expected a mapping of names to Values, got"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=words):
            explain(x * 2.0, x, names=names)
    with pytest.raises(TypeError, match=r"names\['w'\]: expected a Value, got 3\.0"):
        blame(x, names={"w": 3.0})


def test_names_keep_their_spaces(engine):
    """A name is not broken at the end of a line."""
    x = engine.Value(1.5, "a  b " * 10)
    text = explain(engine.sin(x) * engine.cos(x), x).text
    assert text.count(repr(x.name)) >= 6
    assert re.search(r"[^\n]{0,20}a  b *\n", text) is None


@given(program=programs, pick=st.integers(0, 10**6))
@settings(max_examples=60)
def test_formulas_give_their_numbers(engine, program, pick):
    """In each product, the line of formulas evaluates to the line of numbers, with the numbers that nodes have."""
    root = random_root(engine, program, floats_raise=False)
    if type(root) is not engine.Value:
        return
    values = engine.ancestors(root)
    taken = Snapshot(root)
    scope = {node.id: node.data for node in taken.nodes}
    found = explain(root, values[pick % len(values)], max_paths=6, max_factors=10**6)
    for block in found._blocks:
        rows = block.rows if isinstance(block, Formula) else ()
        if len(rows) > 2 and rows[0].joint == "·" and len(rows[1].terms) == len(rows[2].terms):
            for shown, partial in zip(rows[1].terms, rows[2].terms, strict=True):
                value = evaluate(parse(shown.text), {**scope, "inf": inf, "nan": math.nan}, IEEE)
                assert value == pytest.approx(float(partial.text.strip("()")), rel=1e-5, abs=1e-8, nan_ok=True)


HOSTILE = [
    "a|b", "<b>x</b>", "</text><script>alert(1)</script>", "{x}", "'\"", "\\N", "x\\", "&amp;", "\x00", "\x1b[31m", "\ud800",
    "$x$", "`code`", "``", "*b* _i_", "[a](javascript:x)", "![i](x)", "# h", "- l", "a\n\nb", "\u202egnp", "权重", "😀", "x" * 500,
    "\\input{x}", "%", "~^", "  ", "1", "3.5", "a\u0301", "$$", "\\end{aligned}", "a\tb",
]  # fmt: skip


@given(name=st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=20)))
@settings(max_examples=100)
def test_names_act_as_nothing(engine, name):
    """Whatever is in a name, it is shown: no control character, markup, HTML or formula of its own."""
    x = engine.Value(1.5, name)
    y = engine.sin(x) * x
    y.name = name
    for found in (explain(y, x), blame(y, [x])):
        assert all(line.isprintable() for line in found.text.split("\n"))
        assert all(line.isprintable() for line in found.markdown.split("\n"))
        outside = re.sub(r"^\$\$\n.*?\n\$\$$", "", found.markdown, flags=re.DOTALL | re.MULTILINE)
        outside = re.sub(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", outside)  # code, as CommonMark has it
        assert not re.search(r"(?<!\\)[<>$`]|script|javascript", outside)
        inside = re.findall(r"^\$\$\n(.*?)\n\$\$$", found.markdown, flags=re.DOTALL | re.MULTILINE)
        assert all("$" not in part.replace(r"\$", "") and "<" not in part for part in inside)


def test_deep_graphs(engine):
    """A chain of 10^5 in a thread with a small stack: the text is bounded, and nothing recurses."""
    found = []

    def work():
        x = engine.Value(0.5, "x")
        y = x
        for _ in range(DEEP):
            y = y + y
        found.append(explain(y, x))

    before = threading.stack_size(1024 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert found[0].n_paths == math.inf
    assert found[0].n_edges == 2 * DEEP
    assert len(found[0].text) < 10_000
    assert len(found[0].latex) < 20_000


# ---- blame -------------------------------------------------------------------------------------------


def test_blame_of_the_worked_example(engine):
    """B11: the parameters by their share of responsibility; the shares add up to 1."""
    cost, w, nodes = network(engine)
    found = blame(cost)
    cost.backward()
    assert [row.name for row in found.rows[:3]] == ["b2", "w6", "w5"]
    assert {row.name: row.adjoint for row in found.rows if row.name in {"w1", "w5"}} == {
        "w1": w[0].grad,
        "w5": w[4].grad,
    }
    assert math.fsum(row.share for row in found.rows) == pytest.approx(1.0)
    assert [row.share for row in found.rows] == sorted([row.share for row in found.rows], reverse=True)
    assert found.rows[0].removal == -0.6 * found.rows[0].adjoint
    assert found.size == math.fsum(map(abs, [row.adjoint for row in found.rows]))
    assert found.flow(cost) == pytest.approx(1.0)
    assert found.flow(nodes["o1"]) + found.flow(nodes["o2"]) == pytest.approx(1.0)  # all paths meet one of them
    assert found.flow(engine.Value(0.0)) == 0.0


def test_flow_is_a_share_of_all_paths(engine):
    """The flow through a node is what explain finds of the paths through it."""
    cost, _, nodes = network(engine)
    leaves = [node for node in engine.ancestors(cost) if not node.op]
    found = blame(cost)
    for name in ("h1", "o2"):
        paths = [path for leaf in leaves for path in explain(cost, leaf, max_paths=10).paths]
        through = math.fsum(abs(path.product) for path in paths if name in path.nodes)
        assert found.flow(nodes[name]) == pytest.approx(through / math.fsum(abs(path.product) for path in paths))


def test_blame_of_a_network():
    """Neurons and layers are groups of the parameters whose names lead to them."""
    model = MLP(2, [3, 2, 1], activation="tanh", rng=0)
    loss = (model([1.0, -2.0]) - 1.0) ** 2
    found = blame(loss)
    assert {row.name for row in found.rows} == {parameter.name for parameter in model.parameters()}
    layers = [group for group in found.groups if "." not in group.name]
    assert {group.name: group.n_parameters for group in layers} == {"layers[0]": 9, "layers[1]": 8, "layers[2]": 3}
    assert math.fsum(group.share for group in layers) == pytest.approx(1.0)
    neurons = [group for group in found.groups if "." in group.name]
    assert math.fsum(group.share for group in neurons) == pytest.approx(1.0)
    assert len(neurons) == 6
    assert "layers[1].neurons[0]" in found.text
    assert max(map(len, found.text.split("\n"))) <= 100
    named = blame(loss, dict(model.named_parameters()))
    assert [row[1:] for row in named.rows] == [row[1:] for row in found.rows]


def test_blame_of_given_parameters(engine):
    """Whom to rank can be given; what the root does not depend on has the adjoint 0."""
    x, y, z = engine.Value(2.0, "x"), engine.Value(3.0, "y"), engine.Value(4.0)
    found = blame(x * y, [z, x])
    assert [(row.name, row.adjoint, row.share) for row in found.rows] == [("x", 3.0, 1.0), ("parameters[0]", 0.0, 0.0)]
    assert [row.name for row in blame(x * y, {"a": x, "b": z}).rows] == ["a", "b"]
    nothing = blame(x * y, [z])
    assert math.isnan(nothing.rows[0].share)
    assert math.isnan(nothing.flow(x))
    assert "nan%" in nothing.text
    with pytest.raises(TypeError, match=r"blame: expected a Value, got 1\.0"):
        blame(x, [1.0])


def test_blame_in_markdown(engine):
    """Each row of a table has as many cells as its header, whatever is in a name."""
    leaves = [engine.Value(1.0, f"layer[{k}].a|b`c") for k in range(3)]
    for table in re.findall(r"(?:^\|.*\|$\n?)+", blame(engine.sum(leaves), names={}).markdown, flags=re.MULTILINE):
        header, rule, *rows = [re.split(r"(?<!\\)\|", line) for line in table.strip().split("\n")]
        assert {len(row) for row in (rule, *rows)} == {len(header)}
        assert header[1:-1]
        assert all(re.fullmatch("-+:?", cell.strip()) for cell in rule[1:-1])


def test_blame_of_many(engine):
    """Of very many parameters the first are shown, and how many more there are."""
    leaves = [engine.Value(1.0, f"p{k}") for k in range(100)]
    found = blame(engine.dot(leaves, [float(k) for k in range(1, 101)]))
    assert len(found.rows) == 100
    assert "... and 80 more" in found.text
    assert found.text.index("p99") < found.text.index("p98")


def test_names_of_math_functions():
    """The module of functions and its operators give the same derivation."""
    from autograd import Value

    x = Value(0.5, "x")
    assert explain(autograd.math.exp(x), x).text == explain(x.exp(), x).text
