"""KaTeX, as notebooks and forges use it, accepts every formula of an explanation, and strictly."""

import json
import os
import re
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import programs, random_root
from test_explain import HOSTILE, network

from autograd import Value, engine, math
from autograd.own import primitive
from autograd.primitives import PRIMITIVES
from autograd.testing.programs import apply
from autograd.view.explain import explain
from autograd.view.writing import latex

CURE = "npm install katex, and set KATEX=node_modules/katex, the folder of the package"

#: Reads a formula as JSON from each line, and answers with what is wrong with it, or an empty string.
SCRIPT = """
const katex = require(process.env.KATEX || "katex");
const options = {throwOnError: true, strict: "error", displayMode: true};
let rest = "";
process.stdin.on("data", chunk => {
  const lines = (rest + chunk).split("\\n");
  rest = lines.pop();
  for (const line of lines) {
    let wrong = "";
    try { katex.renderToString(JSON.parse(line), options); } catch (error) { wrong = String(error) || "error"; }
    process.stdout.write(JSON.stringify(wrong) + "\\n");
  }
});
"""


class KaTeX:
    """A process that typesets formulas, one after the other."""

    def __init__(self, process):
        self.process = process

    def __call__(self, formula):
        """Return what KaTeX has against a formula: an empty string if it is well."""
        self.process.stdin.write(json.dumps(formula) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def missing(why):
    """Skip, or fail where nothing may be left out."""
    if os.environ.get("CI"):
        pytest.fail(f"{why}: {CURE}")
    pytest.skip(f"{why}: {CURE}")


@pytest.fixture(scope="module")
def katex():
    """Return KaTeX in a process of node's."""
    node = shutil.which("node")
    if node is None:
        missing("node is not installed")
    environment = dict(os.environ)
    if environment.get("KATEX"):
        environment["KATEX"] = os.path.abspath(environment["KATEX"])
    process = subprocess.Popen(
        [node, "-e", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        encoding="utf-8", env=environment,
    )  # fmt: skip
    with process:
        try:
            process.stdin.write('"x"\n')
            process.stdin.flush()
            is_there = process.stdout.readline() == '""\n'
        except BrokenPipeError:
            is_there = False
        if not is_there:
            missing("KaTeX is not installed")
        yield KaTeX(process)


def formulas(found):
    """Return all LaTeX of an explanation: that of its own, and the blocks in its Markdown."""
    return [found.latex, *re.findall(r"^\$\$\n(.*?)\n\$\$$", found.markdown, flags=re.DOTALL | re.MULTILINE)]


def test_katex_is_strict(katex):
    """What is no LaTeX is refused here: so that what is accepted means something."""
    for wrong in (r"\frac{1}", r"\text{😀}", "权", r"\nonsense", "a_b_c", r"\text{a_b}"):
        assert katex(wrong)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names(katex, name):
    """Whatever a name is, in every place where names go."""
    x = Value(0.5, name)
    y = math.sin(x) * x
    y.name = name
    z = math.dot([x, y, y], [y, x, 2.0])
    for found in (explain(z, x), explain(y, x), explain(y, Value(0.0, name))):
        for formula in formulas(found):
            assert not katex(formula)


@given(name=st.text(min_size=1, max_size=30))
@settings(max_examples=300)
def test_any_name(katex, name):
    """Any text is accepted, in a fraction too."""
    assert not katex(rf"\frac{{\partial {latex(name)}}}{{\partial {{{latex(name)}}}^{{(1)}}}} = {{{latex(name)}}}^2")


def test_every_character(katex):
    """Each code point of the first plane, some hundred at a time."""
    step = 50
    for first in range(1, 0x10000, step):
        name = "".join(map(chr, range(first, first + step)))
        assert not katex(latex(name)), hex(first)


def test_names_as_in_textbooks():
    """A letter with an index is set as one; all others upright, letter by letter."""
    assert [latex(name) for name in ("x", "w12", "δ3", "net", "a_1", "x^2")] == [
        "x", "w_{12}", "δ_{3}", r"\text{net}", r"\text{a}\_\text{1}", r"\text{x}\wedge \text{2}",
    ]  # fmt: skip
    assert latex("\x1b😀") == r"\backslash \text{x1b}\backslash \text{U0001f600}"


@pytest.mark.parametrize("op", PRIMITIVES)
def test_every_primitive(katex, op):
    """The formulas of each row of the table, by each operand, at ordinary points and at hard ones."""
    row = PRIMITIVES[op]
    samples = [
        tuple(low + (high - low) * part for low, high in row.samples[: len(row.operands)]) for part in (0.4, 0.7)
    ]
    seen = 0
    for point in (*samples, *row.hard_points):
        leaves = [Value(x, name) for x, name in zip(point, row.operands, strict=True)]
        columns = 2 if row.columns else 1
        try:
            root = apply(engine_of(leaves), op, [x for leaf in leaves for x in [leaf] * columns])
        except (ValueError, ArithmeticError, TypeError):
            continue
        for leaf in leaves:
            for formula in formulas(explain(root, leaf)):
                assert not katex(formula)
                seen += 1
    assert seen


def engine_of(values):
    """Return the twin that Values belong to."""
    from autograd._recorded import twin_of

    return twin_of(values[0])


@given(program=programs, most=st.integers(1, 5))
@settings(max_examples=60)
def test_random_programs(katex, program, most):
    """Explanations of random programs, with all of the oldest leaf's paths or the largest."""
    root = random_root(engine, program, floats_raise=False)
    for formula in formulas(explain(root, engine.ancestors(root)[0], max_paths=most)):
        assert not katex(formula)


def test_long_and_deep(katex):
    """KaTeX expands 1000 macros in a formula: cut as they are, explanations stay far below."""
    x = y = Value(0.5, "a_name_of_some_length")
    for _ in range(300):
        y = math.tanh(y) * 1.5 - 0.001 * y
    model = [math.dot([y, x, Value(1.0, f"p_{k}")], [x, y, 2.0]) for k in range(100)]
    root = math.sum(model)
    chain = x
    for _ in range(1000):
        chain = math.sin(chain)
    for found in (
        explain(root, x),
        explain(chain, x),
        explain(chain, x, max_factors=1000),
        explain(y, x, max_paths=30, max_factors=30),
    ):
        for formula in formulas(found):
            assert not katex(formula)


def test_own_primitives_and_the_worked_example(katex):
    """What has no row in the table, and the network of the textbooks."""
    own = primitive(lambda x: x * x, lambda x, out: 2.0 * x, name="own_1")
    x = Value(0.5, "x")
    cost, weights, _ = network(engine_of([x]))
    for found in (explain(own(x), x), *[explain(cost, w) for w in weights]):
        for formula in formulas(found):
            assert not katex(formula)
