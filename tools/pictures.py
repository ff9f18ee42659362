"""Draw the pictures of the README: python tools/pictures.py.

Beside each SVG lies the text that Graphviz drew it from, which a test compares with what the library makes now.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"

sys.path.insert(0, str(ROOT))

from autograd import Drawing, Value, draw, math, step  # noqa: E402
from nn import MLP, datasets, mean, softmax_cross_entropy  # noqa: E402


def expression() -> Drawing:
    """Return the first example of the README, with all local derivatives."""
    x, y = Value(1.5, "x"), Value(0.5, "y")
    z = math.exp(-x * y) + math.sin(x) / y
    z.name = "z"
    z.backward()
    return draw(z, partials=True, title="z = exp(-x y) + sin(x) / y")


def network() -> tuple[Value, Value]:
    """Return the cost of a network of two inputs, two hidden and two output units, and its first weight."""
    i = [Value(0.05, "i1"), Value(0.10, "i2")]
    w = [Value(weight / 100, f"w{k}") for k, weight in enumerate((15, 20, 25, 30, 40, 45, 50, 55), 1)]
    b = [Value(0.35, "b1"), Value(0.60, "b2")]

    def unit(name: str, weights: list[Value], inputs: list[Value], bias: Value) -> Value:
        z = math.dot([*weights, bias], [*inputs, 1.0])
        a: Value = math.sigmoid(z)
        z.name, a.name = f"z_{name}", name
        return a

    h = [unit("h1", w[0:2], i, b[0]), unit("h2", w[2:4], i, b[0])]
    o = [unit("o1", w[4:6], h, b[1]), unit("o2", w[6:8], h, b[1])]
    cost = ((o[0] - 0.01) ** 2 + (o[1] - 0.99) ** 2) / 2
    cost.name = "J"
    cost.backward()
    return cost, w[0]


def two_paths() -> Drawing:
    """Return that network with all paths from its cost to its first weight."""
    cost, weight = network()
    return draw(cost, highlight=(cost, weight), partials=True, title="Two paths from J to w1")


def neurons() -> Drawing:
    """Return a network of ten neurons, over the hundred samples of a batch."""
    table: Any = datasets.moons(n=100)
    model = MLP(2, [4, 4, 2], activation="tanh", rng=1)
    cost: Any = mean([softmax_cross_entropy(model(x), y) for x, y in zip(table.features, table.targets, strict=True)])
    cost.name = "cost"
    cost.backward()
    return draw(cost, view="neuron", title="A batch of 100 samples, by neurons")


PICTURES = {"expression": expression, "two-paths": two_paths, "neurons": neurons}


def stepper(path: Path) -> None:
    """Write a picture of the stepper, where the second of two products arrives at h1."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  (for this picture alone)

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_content(step(network()[0]).html)
        page.evaluate("stepper.seek(stepper.turn)")
        while page.locator("text=h1.grad +=").count() == 0 or page.locator("text=2 of 2").count() == 0:
            page.keyboard.press("ArrowRight")
        page.wait_for_timeout(1000)
        page.screenshot(path=path)
        browser.close()


def main() -> None:
    """Write every picture."""
    FOLDER.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        for ending in ("dot", "svg"):
            picture().save(FOLDER / f"{name}.{ending}")
    stepper(FOLDER / "stepper.png")


if __name__ == "__main__":
    main()
