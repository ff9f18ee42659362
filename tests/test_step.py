"""The stepper, in a real browser: it needs no network, computes what the engine does, and shows names as they are."""

import html
import itertools
import json
import math
import os
import random
import re
import struct
import webbrowser
from pathlib import Path

import pytest
from browser import Page, chromium
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from programs import bits, random_root

import autograd
from autograd import PictureError, Snapshot, Value, step
from autograd.testing import strategies
from autograd.view import layout
from autograd.view import step as stepping
from autograd.view.folding import fold
from autograd.view.paths import Paths
from nn import MLP, half_squared_error, mean

FOLDER = Path(autograd.__file__).parent / "view"

# A page takes a third of a second, so what fails is not made smaller.
few = settings(max_examples=8, phases=[Phase.explicit, Phase.generate])

#: Names that break labels: of Graphviz, of HTML, of JSON in HTML, of scripts, and of ours.
HOSTILE = [
    "a|b", "<b>bold</b>", "{x}", '"quoted"', "it's", "\\N", "\\", "trailing\\", "</text><script>alert(1)</script>",
    "</script><script>alert(2)</script>", "<!--<script>", "-->", "]]>", "&amp;", "&lt;", "a&b", "<img src=x onerror=alert(3)>",
    "javascript:alert(4)", "${alert(5)}", "`", "\u0000nul", "\u001b[31mred", "\ud800", "\u2028line\u2029", "\u202eright to left",
    "line\nbreak", "tab\there", "  spaces  ", "\u4e2d\u6587", "e\u0301", "/*graph*/", "/*js*/", "__proto__", "constructor", "toString", "x" * 300, "\u2069\u202e", "\u05d0",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    """Yield a browser for all tests of this file."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def tab(browser):
    """Return a page for tests that open many files."""
    found = Page(browser)
    yield found
    found.close()


@pytest.fixture
def show(browser, tmp_path):
    """Return a function that opens the page of a stepper; at the end nothing may have gone wrong on any."""
    opened = []

    def show(stepper, **options):
        path = tmp_path / f"{len(opened)}.html"
        stepper.save(path)
        opened.append(Page(browser, **options))
        return opened[-1].show(path)

    yield show
    for page in opened:
        page.check()
        page.close()


HEX = """x => { const view = new DataView(new ArrayBuffer(8)); view.setFloat64(0, x);
    return Number.isNaN(x) ? "nan" : view.getBigUint64(0).toString(16).padStart(16, "0"); }"""


def plain(text):
    """Return a text with the signs of a keyboard."""
    return text.replace("\u2212", "-").replace("\u00d7", "*")


def grads(page):
    """Return the gradients on the page, bit by bit."""
    return page.evaluate(f"stepper.grads.map({HEX})")


def named(root, **names):
    """Name Values, and return the root."""
    for name, value in names.items():
        value.name = name
    return root


def network(samples=1, sizes=(2, 3, 1)):
    """Return the mean loss of a small network over some samples."""
    model = MLP(sizes[0], sizes[1:], activation="tanh", rng=0)
    losses = [half_squared_error(model([0.5 + i] * sizes[0]), [0.3] * sizes[-1]) for i in range(samples)]
    loss = mean(losses) if samples > 1 else losses[0]
    loss.name = "loss"
    return loss


def example():
    """Return a root with several paths to a leaf, and a square among them."""
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    c = a * b + a * a
    return named(c * a + 1 / b, c=c, L=(root := c * a + 1 / b)) and root


def replayed(snapshot, position):
    """Return the gradients after so many steps, bit by bit."""
    found = [0.0] * len(snapshot.nodes)
    left = position - sum(node.op != "" for node in snapshot.nodes)
    adjoints = snapshot.adjoints()
    if left > 0:
        found[snapshot.roots[0]] = 1.0
        left -= 1
    for place in reversed(range(len(snapshot.nodes))):
        node = snapshot.nodes[place]
        for operand, partial in zip(node.operands, node.partials, strict=True):
            if adjoints[place] is not None and partial is not None and left > 0:
                found[operand] += found[place] * partial
                left -= 1
    return [bits(x) for x in found]


# ---- the numbers ---------------------------------------------------------------------------------------


@few
@given(program=strategies.programs(size=(1, 40), long=False), seed=st.integers(0, 2**32))
def test_the_gradients_are_the_engines(tab, engine, tmp_path_factory, program, seed):
    """Bit for bit, infinities and NaN among them; steps can be taken back, and a leap is all steps on the way."""
    root = random_root(engine, program, floats_raise=False)
    snapshot = Snapshot(root)
    path = tmp_path_factory.mktemp("step") / "page.html"
    step(root).save(path)
    page = tab.show(path)
    length = page.evaluate("stepper.length")
    page.keyboard.press("End")
    expected = [bits(adjoint or 0.0) for adjoint in snapshot.adjoints()]
    assert grads(page) == expected
    values = engine.ancestors(root)
    for value, adjoint in zip(values, engine.adjoints({root: 1.0}, values), strict=True):
        assert expected[snapshot.place(value)] == bits(adjoint or 0.0)
    rng = random.Random(seed)
    positions = [rng.randint(0, length) for _ in range(6)]
    found = page.evaluate(f"to => to.map(k => {{ stepper.seek(k); return stepper.grads.map({HEX}); }})", positions)
    assert found == [replayed(snapshot, position) for position in positions]
    page.keyboard.press("Home")
    assert set(grads(page)) == {bits(0.0)}
    check_paths(page, snapshot, expected)
    tab.check()


PATHS = f"""places => places.map(place => {{
    const bits = {HEX}, found = stepper.paths(stepper.root, place);
    return {{ total: bits(found.total), count: String(found.count), paths: found.largest.map(x => [x.arcs, bits(x.product)]) }};
}})"""


def check_paths(page, snapshot, expected):
    """From the root to each leaf the paths are those of Python, and their total is the gradient."""
    (root,), nodes = snapshot.roots, snapshot.nodes
    firsts = list(itertools.accumulate([len(node.operands) for node in nodes], initial=0))
    leaves = [i for i, node in enumerate(nodes) if node.kind == "input"]
    for leaf, found in zip(leaves, page.evaluate(PATHS, leaves), strict=True):
        paths = Paths(snapshot, root, leaf)
        assert found["total"] == bits(paths.total) == expected[leaf]
        assert found["count"] == str(paths.count)
        listed = paths.largest(20)
        if paths.count <= 20:
            arcs = [[[firsts[i] + slot for i, slot in path.edges], bits(path.product)] for path in listed]
            assert sorted(found["paths"]) == sorted(arcs)
        elif all(
            partial and math.isfinite(partial) for i, slot in paths.edges for partial in [nodes[i].partials[slot]]
        ):
            sizes = [abs(struct.unpack(">d", bytes.fromhex(product))[0]) for _, product in found["paths"]]
            assert sizes == pytest.approx([abs(path.product) for path in listed], rel=1e-9)


def test_more_paths_than_atoms(show):
    """They are counted and added up all the same; of too many to count the page says so."""
    x = y = Value(1.0, "x")
    for _ in range(200):
        y = y + y
    page = show(step(y))
    assert page.evaluate("stepper.paths(200, 0).count.toString()") == str(2**200)
    assert page.evaluate("stepper.paths(200, 0).total") == 2.0**200
    y = x
    for _ in range(4000):
        y = y * 0.5 + y * 0.25
    page = show(step(y, max_values=100))
    assert page.evaluate("stepper.paths(stepper.ids.length - 1, 0).count") == math.inf


# ---- what it says --------------------------------------------------------------------------------------


def test_a_square_has_two_paths(show):
    """Each use of an operand is an arrow and a path."""
    x = Value(3.0, "x")
    page = show(step(named(x * x, y=(y := x * x)) and y))
    page.keyboard.press("End")
    assert page.locator("#lines path").count() == 2
    page.get_by_role("option", name=re.compile("^x,")).click()
    page.get_by_role("option", name=re.compile("^y,")).click()
    assert page.locator("#paths h2").inner_text() == "d y / d x"
    assert page.locator("#paths .total").inner_text() == "Total 6"
    assert page.locator("ol.paths li").count() == 2
    assert "2 paths, case 2" in page.locator("#paths").inner_text()
    assert "to the last bit" in page.locator("#paths").inner_text()


def test_each_step_in_words(show):
    """An operation with its numbers; the seed; then one product for each use, and which case of the chain rule it is."""
    x = Value(3.0, "x")
    u = x * -2.0
    y = u * u
    u.name, y.name = "u", "y"
    page = show(step(y))
    now, status = page.locator("#now"), page.get_by_role("status")
    assert "Nothing is computed yet" in now.inner_text()
    said = []
    for _ in range(page.evaluate("stepper.length")):
        page.keyboard.press("ArrowRight")
        said.append(plain(status.inner_text()))
    assert said == [
        "Step 1 of 6. Forward: u = x * -2 = -6.",
        "Step 2 of 6. Forward: y = u * u = 36.",
        "Step 3 of 6. Backward: the seed, y.grad = 1.",
        "Step 4 of 6. Backward: u.grad 0 plus y.grad 1 times -6 is -6.",
        "Step 5 of 6. Backward: u.grad -6 plus y.grad 1 times -6 is -12.",
        "Step 6 of 6. Backward: x.grad 0 plus u.grad -12 times -2 is 24.",
    ]
    text = plain(now.inner_text())
    assert "x.grad += u.grad * ∂u/∂x" in text
    assert "0 += -12 * -2 → 24" in text
    assert "Case 1" in text
    assert "The sweep is over" in text
    page.keyboard.press("ArrowLeft")
    assert "u.grad += y.grad * ∂y/∂u" in plain(now.inner_text())
    assert "Case 2" in plain(now.inner_text())
    assert "product 2 of 2" in plain(now.inner_text())
    assert page.locator("#lit path.grad").count() == 1


def test_local_derivatives_are_written_in_the_names_of_the_graph(show):
    """The formulas of the table with the operands that are there; a slot is nobody's name, so none is left."""
    x, y = Value(0.5, "y"), Value(2.0, "x")  # the names that the table has, the wrong way round
    w = [Value(1.0, "w1"), Value(3.0, "w2")]
    parts = {
        "product": x * y,
        "power": x**-2.0,
        "squashed": autograd.math.sigmoid(x),
        "angle": autograd.math.atan2(x, y),
        "row": autograd.math.dot(w, [x, -4.0]),
        "all": autograd.math.logsumexp(w),
    }
    for name, part in parts.items():
        part.name = name
    page = show(step(autograd.math.sum(parts.values())))
    page.keyboard.press("End")
    found = {}
    for name in parts:
        page.get_by_role("option", name=re.compile(f"^{name},")).hover()
        rows = page.locator("#node table").nth(1).locator("tr").all_inner_texts()[1:]
        found[name] = [plain(row).split("\t")[-1].rpartition(" = ")[0] for row in rows]
    assert found == {
        "product": ["x", "y"],
        "power": ["(-2) * y ** ((-2) - 1)", ""],
        "squashed": ["squashed * (1 - squashed)"],
        "angle": ["x / (x**2 + y**2)", "-y / (x**2 + y**2)"],
        "row": ["y", "", "w1", ""],
        "all": ["exp(w1 - all)", "exp(w2 - all)"],
    }


def test_what_a_value_shows(show):
    """Its local derivatives, and its gradient as a sum over its uses, as far as the sweep has come."""
    root = example()
    snapshot = Snapshot(root)
    page = show(step(root))
    page.keyboard.press("b")
    page.get_by_role("option", name=re.compile("^a,")).hover()
    assert page.locator("#node h2").first.inner_text().startswith("a")
    assert "grad = sum over 4 uses" in page.locator("#node").inner_text()
    assert page.locator("#node tr.later").count() == 4
    page.keyboard.press("End")
    assert page.locator("#node tr.later").count() == 0
    a = next(node for node in snapshot.nodes if node.id == "a")
    total = snapshot.adjoints()[snapshot.nodes.index(a)]
    assert float(plain(page.locator("#node tr.sum td").last.inner_text())) == pytest.approx(total, rel=1e-3)
    page.get_by_role("option", name=re.compile("^c,")).hover()
    assert "Local derivatives" in page.locator("#node").inner_text()
    assert page.locator("#chips span").count() == 2


def test_a_path_alone(show):
    """Choosing one of the paths in the list leaves the others pale; once more brings them back."""
    page = show(step(example()))
    page.get_by_role("option", name=re.compile("^a,")).click()
    page.locator("#tab-paths").click()
    page.get_by_role("button", name="Paths to").click()
    everything = page.locator("#lines path.on-path").count()
    first = page.locator("ol.paths button").first
    arrows = first.inner_text().split("\n")[0].count("→")
    first.click()
    assert page.locator("#lines path.on-path").count() == arrows < everything
    assert first.get_attribute("aria-pressed") == "true"
    first.click()
    assert page.locator("#lines path.on-path").count() == everything
    page.keyboard.press("Escape")
    assert page.locator("#lines path.on-path").count() == 0


def test_no_path(show):
    """Where the one does not depend on the other, the page says so."""
    page = show(step(example()))
    page.get_by_role("option", name=re.compile("^a,")).click()
    page.get_by_role("option", name=re.compile("^b,")).click()
    assert "the derivative is 0" in page.locator("#paths").inner_text()


def test_one_path(show):
    """It is case 1; and its product, if it is one number, is not written twice."""
    page = show(step(2.0 * Value(3.0, "x")))
    for label in ("x,", "mul1,"):
        page.get_by_role("option", name=re.compile(f"^{label}")).click()
    assert "1 path, case 1" in page.locator("#paths").inner_text()
    assert page.locator("ol.paths .formula").inner_text() == "2"


def test_what_is_flat_has_no_derivative(show):
    """No edge is recorded there: no step, no path, and the page says why."""
    page = show(step(autograd.math.maximum(Value(1.0, "u"), Value(2.0, "w"))))
    assert page.evaluate("stepper.length - stepper.turn") == 2
    page.get_by_role("option", name=re.compile("^maximum1,")).hover()
    assert "none: a constant, or the operation is flat here" in page.locator("#node").inner_text()
    for label in ("u,", "maximum1,"):
        page.get_by_role("option", name=re.compile(f"^{label}")).click()
    assert "the derivative is 0" in page.locator("#paths").inner_text()


def test_numbers(show):
    """Four digits, in the notation that takes less room."""
    numbers = {
        0.0: "0", -2.0: "-2", 1e7: "1e7", 1.5e-5: "1.5e-5", 5e-324: "4.941e-324", -1e308: "-1e308", 0.00012345: "0.0001234",
        123456.7: "1.235e5", math.inf: "inf", -math.inf: "-inf", math.nan: "NaN",
    }  # fmt: skip
    with autograd.ieee():
        page = show(step(autograd.math.sum([Value(number) * 1.0 for number in numbers])))
    boxes = page.get_by_role("option", name=re.compile("^mul"))
    labels = "boxes => boxes.map(box => box.getAttribute('aria-label').split(', ')[2])"
    assert boxes.evaluate_all(labels) == ["data not computed yet"] * len(numbers)
    page.keyboard.press("b")
    assert list(map(plain, boxes.evaluate_all(labels))) == [f"data {text}" for text in numbers.values()]


# ---- names ---------------------------------------------------------------------------------------------


def page_of_names(names):
    """Return a stepper of a sum of Values with these names."""
    values = [Value(float(i), name) for i, name in enumerate(names)]
    return step(autograd.math.sum(values), title=names[0])


def check_names(page, stepper):
    """Every name is on the page as text, with escapes for what cannot be seen, and has added nothing to it."""
    ids = [layout.shown(node.id) for node in stepper._snapshot.nodes]
    assert page.evaluate("stepper.ids") == ids
    page.locator("#tab-all").click()
    shown = page.evaluate("[...document.querySelectorAll('#rows .name')].map(name => name.textContent)")
    assert shown == [name if len(name) <= 60 else f"{name[:30]}…{name[-30:]}" for name in ids]
    labels = page.evaluate("[...document.querySelectorAll('.box')].map(box => box.getAttribute('aria-label'))")
    for name in ids:
        assert any(label.startswith(f"{name}, ") for label in labels)
    assert page.evaluate("document.querySelectorAll('script').length") == 2
    allowed = "header, main, svg, defs, marker, path, g, div, section, aside, button, input, select, option, label"
    allowed += ", h1, h2, small, bdi, span, p, b, i, ul, li, ol, dl, dt, dd, kbd, table, thead, tbody, tr, th, td, dialog, form, script"
    assert page.evaluate("sel => [...document.body.querySelectorAll('*')].every(x => x.matches(sel))", allowed)


def test_hostile_names_are_text(show):
    """Whatever is in a name: no element, no dialog, no script comes of it."""
    stepper = page_of_names(HOSTILE)
    page = show(stepper)
    page.keyboard.press("End")
    check_names(page, stepper)
    assert page.title() == "a|b: step through backpropagation"
    page.locator("#search").fill("<script>")
    assert page.locator("#rows tr").count() == 3


def test_what_is_around_a_name_keeps_its_place(show):
    """A name that is written from right to left, or commands it, does not turn a formula around."""
    page = show(step(Value(2.0, "\u05d0\u05d1") * Value(3.0, "\u202ex")))
    page.keyboard.press("ArrowRight")
    assert page.locator("#now .formula").first.inner_text() == "mul1 = \u2068\u05d0\u05d1\u2069 \u00d7 \\u202ex"


@settings(few, max_examples=6)
@given(names=st.lists(st.text(min_size=1, max_size=30), min_size=3, max_size=60, unique=True))
def test_any_names_are_text(tab, tmp_path_factory, names):
    """The same of any text."""
    stepper = page_of_names(names)
    path = tmp_path_factory.mktemp("names") / "page.html"
    stepper.save(path)
    check_names(tab.show(path), stepper)
    tab.check()


def test_titles_are_text_in_the_frame():
    """In a notebook the title of the frame is an attribute, of what can be saved and seen."""
    stepper = step(Value(1.0, "x") * Value(2.0, "\ud800"), title='"><script>alert(1)</script>\ud800\u202e')
    frame = stepper._repr_mimebundle_()["text/html"]
    assert frame.count("<") == 2
    assert re.findall(r"<(/?\w+)", frame) == ["iframe", "/iframe"]
    assert frame.isascii()
    assert repr(step(Value(1.0, "\x1b[31m") * 2.0, title="any")).isprintable()


# ---- by keyboard, and to be heard and seen ---------------------------------------------------------------


def position(page):
    """Return how many steps are done."""
    return page.evaluate("stepper.position")


def test_stepping_by_keyboard(show):
    """On and back, by steps and by boxes; to the ends; and playing."""
    page = show(step(network()))
    turn, length = page.evaluate("[stepper.turn, stepper.length]")
    for keys, expected in (
        (["ArrowRight", "ArrowRight", "ArrowLeft"], 1),
        (["b"], turn),
        (["Shift+ArrowRight", "Shift+ArrowRight"], turn + 2),
        (["Shift+ArrowRight"], turn + 4),  # both partials of the square
        (["Shift+ArrowLeft"], turn + 2),
        (["End", "ArrowRight"], length),
        (["Home", "ArrowLeft"], 0),
    ):
        for key in keys:
            page.keyboard.press(key)
        assert position(page) == expected, keys
    page.clock.install()
    page.keyboard.press("Space")
    page.clock.run_for(2 * 600)
    assert position(page) == 2
    page.keyboard.press("Space")
    page.clock.run_for(2 * 600)
    assert position(page) == 2
    page.locator("#play").focus()
    page.keyboard.press("Space")  # the button's own
    page.clock.run_for(600)
    assert position(page) == 3
    assert page.locator("#play").inner_text() == "Pause"
    page.clock.run_for(600 * length)
    assert position(page) == length
    assert page.locator("#play").inner_text() == "Play"


def test_walking_and_picking_by_keyboard(show):
    """From box to box, along the arrows; Enter picks; Esc picks none."""

    def label():
        return page.evaluate("document.activeElement.getAttribute('aria-label')")

    page = show(step(network()))
    press = page.keyboard.press
    while page.evaluate("!document.activeElement.matches('.box')"):
        press("Tab")
    seen = set()
    while label() not in seen:
        seen.add(label())
        press("p")
    first = label()
    press("Enter")
    assert page.locator(".box[aria-selected=true]").count() == 1
    press("ArrowUp")
    assert label().startswith("dot")
    press("ArrowDown")
    assert label() == first
    while not label().startswith("loss"):
        press("ArrowUp")
    press("Enter")
    assert page.locator("#paths .total").is_visible()
    press("Escape")
    assert page.locator(".box[aria-selected=true]").count() == 0


def test_views_and_help_by_keyboard(show):
    """Other keys do nothing while the help is open, and tabs have their own."""
    page = show(step(network()))
    press = page.keyboard.press
    boxes = page.locator(".box").count()
    press("v")
    assert page.locator(".box").count() < boxes
    press("g")
    assert page.locator("#grain").input_value() == "box"
    world = page.locator("#world")
    before = world.get_attribute("style")
    press("+")
    assert world.get_attribute("style") != before
    press("?")
    assert page.locator("#keys").is_visible()
    press("ArrowRight")
    press("Escape")
    assert not page.locator("#keys").is_visible()
    page.locator("#tab-node").focus()
    press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-paths"
    assert position(page) == 0


def test_one_box_is_in_the_order_of_tabs(show):
    """The focus roves: Tab enters the graph at one box, and leaves it."""
    page = show(step(network()))
    assert page.locator(".box[tabindex='0']").count() == 1
    page.keyboard.press("End")
    for _ in range(3):
        page.locator(".box").nth(2).focus()
        page.keyboard.press("n")
        assert page.locator(".box[tabindex='0']").count() == 1


INSIDE = """selector => { const stage = document.getElementById("stage").getBoundingClientRect();
    return [...document.querySelectorAll(selector)].map(element => { const r = element.getBoundingClientRect();
        return r.left >= stage.left && r.top >= stage.top && r.right <= stage.right && r.bottom <= stage.bottom; }); }"""


def test_what_has_the_focus_is_seen(show):
    """Tab and letters bring a box into the window, and nothing but the picture moves."""
    page = show(step(network()), viewport={"width": 860, "height": 640})
    page.evaluate("document.querySelector('.box.root').scrollIntoView()")
    assert page.evaluate("[document.getElementById('stage').scrollLeft, document.documentElement.scrollTop]") == [0, 0]
    page.keyboard.press("b")
    assert page.evaluate(INSIDE, ".box[tabindex='0']") == [False]
    page.locator("#time").focus()
    page.keyboard.press("Tab")
    for _ in range(len(page.locator(".box").all())):
        assert page.evaluate("document.activeElement.matches('.box')")
        assert page.evaluate(INSIDE, ":focus") == [True]
        page.keyboard.press("n")


def test_nobody_is_trapped(show):
    """Tab goes through all controls, each with an outline, to the end of the page; the slider keeps its own arrows."""
    page = show(step(network()))
    page.keyboard.press("b")
    seen = []
    while not seen or seen[-1] != "BODY":
        page.keyboard.press("Tab")
        tag, outline = page.evaluate(
            "[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline == "solid" or tag == "BODY"
        seen.append(tag)
        assert len(seen) < 60
    assert {"BUTTON", "SELECT", "INPUT", "DIV"} <= set(seen)
    page.locator("#time").focus()
    before = position(page)
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "time"
    assert position(page) == before + 1


def test_what_is_heard(show):
    """Roles, names and states, and one live region."""
    page = show(step(example()))
    page.keyboard.press("b")
    heard = page.locator("body").aria_snapshot()
    for text in (
        'heading "L 8 values, 18 steps" [level=1]', 'group "Steps"', 'button "One step on"', 'slider "Step"',
        'listbox "Values, in the order of their computation"', 'option "a, input, data 2, grad 0"',
        'tab "Value" [selected]', 'tabpanel "Value"', "status: ",
    ):  # fmt: skip
        assert text in heard, text
    assert page.locator("#time").get_attribute("aria-valuetext") == "6 of 18, forward"


CONTRAST = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map((x) => x / 255).map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest("script, option:not(.box)") || element.disabled) continue;
    let ground = element;
    while (ground && (rgb(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
    let opacity = 1;
    for (let e = element; e; e = e.parentElement) opacity *= Number(getComputedStyle(e).opacity);
    const a = light(rgb(getComputedStyle(element).color)), b = light(rgb(getComputedStyle(ground || document.body).backgroundColor));
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) * (opacity < 1 ? 0 : 1), element.textContent.slice(0, 30), element.className]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(show, scheme):
    """Contrast is 4.5 or more in both schemes, with all that there may be on the page (WCAG 2.2, 1.4.3)."""
    x = Value(0.5, "x")
    page = show(step(network()), color_scheme=scheme)
    page.evaluate("stepper.seek(3)")
    looks = [page.evaluate(CONTRAST)]
    page.evaluate("stepper.seek(stepper.turn + 4)")
    looks.append(page.evaluate(CONTRAST))
    page.evaluate("document.querySelectorAll('.box')[0].click(); document.querySelector('.box.root').click()")
    page.evaluate("document.querySelector('ol.paths button').click()")
    looks.append(page.evaluate(CONTRAST))
    page.keyboard.press("?")
    looks.append(page.evaluate(CONTRAST))
    with autograd.ieee():
        page = show(step(1 / (x - 0.5) * (x - 0.5)), color_scheme=scheme)
    page.keyboard.press("End")
    assert page.locator(".bad").count() > 0
    looks.append(page.evaluate(CONTRAST))
    assert all(len(look) > 20 for look in looks)
    assert min(min(look) for look in looks)[0] >= 4.5, min(min(look) for look in looks)


def test_nothing_moves_for_those_who_asked(show):
    """With reduced motion the window jumps to where it goes, and nothing is animated."""
    page = show(step(network()))
    for motion, seconds in (("reduce", "0s"), ("no-preference", "0.25s")):
        page.emulate_media(reduced_motion=motion)
        page.keyboard.press("+")
        assert page.evaluate("getComputedStyle(document.getElementById('world')).transitionDuration") == seconds
        assert page.evaluate("document.getAnimations().every(x => x.transitionProperty === 'transform')")


def test_in_the_readers_colours(show):
    """Where tints and shadows are gone, outlines tell what is at work."""
    page = show(step(example()), forced_colors="active")
    page.evaluate("stepper.seek(stepper.turn + 2)")
    outlines = "boxes => boxes.map(box => getComputedStyle(box).outlineStyle)"
    assert page.locator(".active-grad, .source").evaluate_all(outlines) == ["solid", "dashed"]


@pytest.mark.parametrize("size", [(860, 640), (1280, 800), (640, 400), (420, 800), (320, 256)])
def test_room(show, size):
    """What is at work is in the window and can be read; whatever does not fit can be scrolled to (WCAG 2.2, 1.4.10)."""
    width, height = size
    page = show(step(example()), viewport={"width": width, "height": height})
    if size in {(860, 640), (1280, 800)}:
        assert set(page.evaluate(INSIDE, ".box")) == {True}
    for k in range(page.evaluate("stepper.length")):
        page.evaluate("k => stepper.seek(k + 1)", k)
        assert True in page.evaluate(INSIDE, ".active-data, .active-grad")
    assert page.evaluate("new DOMMatrix(getComputedStyle(document.getElementById('world')).transform).a") >= 0.75
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#node button").last.scroll_into_view_if_needed()
    page.locator("#node button").last.click(timeout=2000)


def test_long_names_stay_in_the_panel(show):
    """They are broken, wherever they stand, and shortened where there are many."""
    x = Value(2.0, "x" * 300)
    page = show(step((y := x * x) * x, names={"y" * 300: y}, title="t" * 300))
    page.keyboard.press("End")
    page.evaluate("document.querySelectorAll('.box')[0].click(); document.querySelector('.box.root').click()")
    for tab in ("node", "paths", "all"):
        page.locator(f"#tab-{tab}").click()
        sides = (
            "[...document.querySelectorAll('aside, aside *')].every(x => x.getBoundingClientRect().right <= innerWidth)"
        )
        assert page.evaluate(sides), tab


COVERED = """() => [...document.querySelectorAll("#chips span")].filter(chip => { const a = chip.getBoundingClientRect();
    return [...document.querySelectorAll(".box")].some(box => { const b = box.getBoundingClientRect();
        return a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1; }); }).length"""


def test_products_cover_no_box(show):
    """The two factors on an arrow stand between the boxes of its ends."""
    page = show(step(network()), viewport={"width": 1280, "height": 800})
    first, last = page.evaluate("[stepper.turn + 2, stepper.length]")
    products = 0
    for k in range(first, last + 1):
        page.evaluate("k => stepper.seek(k)", k)
        products += page.locator("#chips span").count()
        assert page.evaluate(COVERED) == 0, k
    assert products == last + 1 - first


# ---- views ---------------------------------------------------------------------------------------------


def test_views_of_a_network(show):
    """Python has placed the boxes of each view; the page changes between them, and stands at the same step."""
    root = network(samples=4)
    page = show(step(root))
    assert page.locator("#views button").all_inner_texts() == ["Values", "Neurons", "Layers"]
    page.evaluate("stepper.seek(stepper.turn + 30)")
    before = grads(page)
    for label, boxes in (("Neurons", 7), ("Layers", 4)):
        page.get_by_role("button", name=label).click()
        assert page.locator(".box").count() == boxes
        assert grads(page) == before
        assert page.locator(".box.active-grad").count() == 1
    page.get_by_role("option", name=re.compile(r"^layers\[0\]")).click()
    assert "values in one box" in page.locator("#node").inner_text()
    page.keyboard.press("End")
    assert grads(page) == [bits(adjoint or 0.0) for adjoint in Snapshot(root).adjoints()]


def test_a_box_at_a_time(show):
    """A step of a whole box ends where another box is at work, and goes back as far."""
    page = show(step(network(), view="layer"))
    page.select_option("#grain", "box")
    positions = [0]
    while positions[-1] < page.evaluate("stepper.length"):
        page.locator("#next").click()
        positions.append(page.evaluate("stepper.position"))
    assert 5 < len(positions) < page.evaluate("stepper.length") / 2
    for position in reversed(positions[:-1]):
        page.locator("#back").click()
        assert page.evaluate("stepper.position") == position


def test_what_is_too_much_is_folded():
    """A view beyond the limits is left out; one that was asked for raises an error with the cure."""
    root = network(samples=4)

    def labels(**options):
        return [folded.view for folded in step(root, **options)._views]

    assert labels() == ["full", "neuron", "layer"]
    assert labels(max_values=20) == ["neuron", "layer"]
    assert labels(max_edges=3) == ["layer"]
    assert labels(max_values=2) == ["near"]
    assert labels(view="near")[-1] == "near"
    assert labels(max_values=None, max_edges=None) == ["full", "neuron", "layer"]
    with pytest.raises(PictureError, match="raise max_values and max_edges"):
        step(root, view="full", max_values=20)


def test_what_cannot_fit_is_not_folded(monkeypatch):
    """Folding takes most of the time of a large graph."""
    folded = []
    monkeypatch.setattr(stepping, "fold", lambda *args, **options: folded.append(args[1]) or fold(*args, **options))
    y = Value(0.5, "x")
    for _ in range(200):
        y = y * 0.5
    step(y, max_values=100)
    assert folded == ["near"]
    folded.clear()
    step(network(), max_values=10)
    assert folded == ["neuron", "layer"]


def test_dashes_of_few_arrows_only(show):
    """Those of a thousand long arrows take a browser half a second to paint."""
    for count, dashes in ((3, "6px, 4px"), (401, "none")):
        page = show(step(autograd.math.sum([Value(float(i)) for i in range(count)])))
        page.keyboard.press("End")
        arrow = page.locator("#lines path.grad").first
        assert arrow.evaluate("arrow => getComputedStyle(arrow).strokeDasharray") == dashes
        assert page.locator("#lit path").evaluate("arrow => getComputedStyle(arrow).strokeDasharray") == "8px, 5px"


def test_deep_chains(show):
    """10,000 operations fold to what is near the root; a million are too many for a page, and it is said why."""
    y = Value(0.5, "x")
    for _ in range(10**4):
        y = y + 1.0
    page = show(step(y))
    assert page.locator(".box").count() == 120
    page.keyboard.press("End")
    assert page.evaluate("stepper.grads[0]") == 1.0
    for _ in range(10**6):
        y = -y
    with pytest.raises(PictureError, match="step through a part"):
        step(y)


def test_1500_values(show):
    """The largest page in full."""
    x = Value(0.7, "x")
    values = [autograd.math.sin(x * (i + 1.0)) for i in range(500)]
    root = autograd.math.sum(values)
    page = show(step(root, view="full", max_values=2100))
    assert page.locator(".box").count() == len(Snapshot(root).nodes) > 1500
    page.keyboard.press("End")
    assert page.evaluate("stepper.grads[0]") == Snapshot(root).adjoints()[0]


# ---- in other pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("flatten", [False, True])
def test_in_a_sandboxed_frame(tab, tmp_path, flatten):
    """As notebooks show it; some join the lines of what they put into an attribute."""
    root = example()
    frame = step(root)._repr_mimebundle_()["text/html"]
    path = tmp_path / "host.html"
    path.write_text(
        f"<!DOCTYPE html><title>host</title>{frame.replace(chr(10), ' ') if flatten else frame}", encoding="utf-8"
    )
    assert 'sandbox="allow-scripts"' in frame
    page = tab.show(path)
    inside = page.frame_locator("iframe")
    inside.locator("#end").click()
    (_, child) = page.frames
    assert child.evaluate(f"stepper.grads.map({HEX})") == [bits(a or 0.0) for a in Snapshot(root).adjoints()]
    assert inside.locator(".box").first.is_visible()
    assert child.evaluate("document.getElementById('world').style.transform") != ""
    tab.check()


def test_the_page_is_strict():
    """Comments that survive joined lines, no code in attributes, no code from text, nothing from elsewhere."""
    parts = {name: (FOLDER / name).read_text(encoding="utf-8") for name in ("step.html", "step.css", "step.js")}
    for text in parts.values():
        assert "//" not in text
        assert not re.search(
            r"\son\w+=|eval\(|innerHTML|insertAdjacent|outerHTML|document\.write|Storage|url\((?!#)", text
        )
    page = step(Value(1.0) * 2.0).html
    assert "default-src 'none'" in page
    assert html.unescape(page).count("</script>") == 2
    data = re.search(r'<script type="application/json" id="graph">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data[1])["root"] == 2


# ---- files and errors ------------------------------------------------------------------------------------


def test_save_writes_all_or_nothing(tmp_path, monkeypatch):
    """The file that was there stays if the new one cannot be put in its place."""
    stepper = step(example())
    path = tmp_path / "page.HTM"
    stepper.save(path)
    assert path.read_text(encoding="utf-8") == stepper.html
    with pytest.raises(ValueError, match=r"ends in \.html or \.htm, got .*page\.svg"):
        stepper.save(tmp_path / "page.svg")

    def fail(*args):
        raise OSError("no")

    monkeypatch.setattr(os, "replace", fail)
    other = step(Value(1.0) * 2.0)
    with pytest.raises(OSError, match="no"):
        other.save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["page.HTM"]
    assert path.read_text(encoding="utf-8") == stepper.html


def test_open_shows_a_file(monkeypatch):
    """The browser gets a file that is there; if there is no browser, the error names the file."""
    stepper, opened = step(example()), []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or len(opened) == 1)
    stepper.open()
    with pytest.raises(PictureError, match="open the file yourself: "):
        stepper.open()
    for url in opened:
        file = Path(url.removeprefix("file://"))
        assert file.read_text(encoding="utf-8") == stepper.html
        file.unlink()


def test_without_graphviz(monkeypatch):
    """A notebook shows a text with the reason; the page itself raises it."""
    monkeypatch.setattr(layout, "_command", lambda form: [])
    stepper = step(example())
    shown = stepper._repr_mimebundle_()
    assert list(shown) == ["text/plain"]
    assert "apt-get install graphviz" in shown["text/plain"]
    with pytest.raises(PictureError, match="apt-get install graphviz"):
        stepper.save("never.html")


def test_a_notebook_shows_no_traceback(monkeypatch):
    """Whatever Graphviz answers, there is a text."""
    monkeypatch.setattr(layout, "draw", lambda *args: b"not JSON\n")
    stepper = step(example())
    shown = stepper._repr_mimebundle_()
    assert list(shown) == ["text/plain"]
    assert shown["text/plain"].startswith(f"{stepper!r}\n(no page: ")


def test_by_pygraphviz(show, monkeypatch):
    """Without dot its positions are used: each box and each arrow has one."""
    monkeypatch.setattr(layout.shutil, "which", lambda name: None)
    page = show(step(network()))
    assert page.locator(".box").count() > 20
    assert page.evaluate("[...document.querySelectorAll('#lines path')].every(path => path.getTotalLength() > 20)")


def test_a_view_that_takes_too_long_is_left_out(show, monkeypatch):
    """The others are shown, and the page says what is missing; if none is left, or it was asked for, the error stays."""
    draw = layout.draw
    monkeypatch.setattr(
        layout, "draw", lambda source, form, timeout: draw(source, form, timeout if source.count("->") < 15 else 0.0)
    )
    root = network()
    page = show(step(root))
    assert '"label":"Values"' not in step(root).html
    assert '"label":"Neurons"' in step(root).html
    assert page.locator("#size").inner_text().endswith("steps; Graphviz could not lay out: Values")
    with pytest.raises(PictureError, match="timeout"):
        step(root, view="full").html  # noqa: B018
    with pytest.raises(PictureError, match="timeout"):
        step(autograd.math.sum([Value(1.0) for _ in range(20)])).html  # noqa: B018


def test_it_stays_as_it_was(engine):
    """The page is of the graph as it was, whatever is assigned later; both twins give the same page."""
    x = engine.Value(3.0, "x")
    root = x * x
    stepper = step(root, names={"square": root})
    x.data, x.name = 5.0, "other"
    assert repr(stepper) == "<Stepper of square: 1 operation forward, 1 + 2 steps backward>"
    assert '"data":[3.0,9.0]' in stepper.html
    assert '"ids":["x","square"]' in stepper.html


def test_not_values():
    """Errors say what was expected."""
    with pytest.raises(TypeError, match=r"step: expected a Value, got 3\.0"):
        step(3.0)
    with pytest.raises(ValueError, match="expected view to be 'full' or"):
        step(Value(1.0), view="neurons")


def test_a_leaf_alone(show):
    """A root that was not computed has one step, the seed."""
    page = show(step(Value(1.0, "x")))
    page.keyboard.press("End")
    assert page.evaluate("[stepper.length, stepper.grads]") == [1, [1.0]]
