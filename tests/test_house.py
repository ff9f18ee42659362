"""The rules of the house: generated files, direction of imports, what an import costs, types."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import HAS_C

import autograd
from autograd.primitives import PRIMITIVES

ROOT = Path(__file__).resolve().parent.parent

#: The floors of the house: a file imports only from lower floors (and from its own floor's neighbours never).
FLOORS = {
    "autograd": {
        "errors": 0, "_modes": 0, "_special": 0, "_formula": 1, "primitives": 1, "_copying": 1, "_floats": 1,
        "_structures": 2, "_kernels": 2, "_bindings": 3, "_recorded": 3, "engine": 4, "_engine": 4, "_backend": 5,
        "math": 6, "functional": 6, "_wording": 6, "own": 7, "sparse": 7, "diagnosis": 7, "kinks": 7, "graph": 7, "optimize": 8,
        "implicit": 8, "arrays": 8, "__init__": 9,
    },
    "nn": {
        "_vectors": 0, "_words": 0, "_writing": 0, "module": 0, "schedules": 0, "activations": 1, "init": 1, "losses": 1,
        "optim": 1, "data": 1, "checkpoints": 2, "datasets": 2, "summary": 2, "train": 3, "fitting": 4, "layers": 5,
        "estimators": 6, "files": 6, "picture": 6, "plot": 6, "tables": 7, "testing": 8, "__init__": 8, "cli": 9,
        "__main__": 10,
    },
    "autograd/view": {
        "folding": 0, "layout": 0, "paths": 0, "writing": 0, "blame": 1, "drawing": 1, "facts": 1, "remarks": 1, "explain": 2,
        "source": 2, "step": 2, "draw": 3, "__init__": 4,
    },
    "autograd/testing": {
        "differences": 0, "exact": 0, "faults": 0, "ledger": 0, "programs": 0, "verdicts": 1, "calls": 2,
        "certificate": 2, "evidence": 2, "strategies": 2, "registration": 3, "enclosures": 3, "battery": 3, "conformance": 4,
        "gradcheck": 4, "decorator": 5, "machine": 5, "pytest_plugin": 5, "write": 5, "__main__": 6, "__init__": 7,
    },
}  # fmt: skip
FILES = [path for folder in FLOORS for path in sorted(ROOT.glob(f"{folder}/*.py"))]


def imports(path):
    """Return (module, at the top level or not) for each import of a file, `if TYPE_CHECKING` aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test) == "TYPE_CHECKING"
        for node in ast.walk(test)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downwards(path):
    """Every file has a floor, and imports only from lower ones; each package only from those under it."""
    package = str(path.parent.relative_to(ROOT))
    floors = FLOORS[package]
    for module in imports(path):
        parts = module.split(".")
        if parts[: package.count("/") + 1] == package.split("/"):
            target = next((part for part in parts[package.count("/") + 1 :] if part in floors), "__init__")
            assert floors[target] < floors[path.stem], module
        elif package == "nn" and parts[0] == "autograd":
            assert (parts[1:] or ["math"])[0] in autograd.__all__, f"{module} is not public"
        else:
            assert parts[0] != "nn", module
            assert package == "autograd/testing" or parts[:2] != ["autograd", "testing"], module


def test_regenerating_changes_nothing():
    """The committed kernels, stub and page of conventions are those of the table."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        regen = importlib.import_module("regen")
    finally:
        sys.path.pop(0)
    for path, text in regen.generated().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale: run python tools/regen.py"


@pytest.mark.skipif(not HAS_C, reason="the C twin was not built")
def test_the_compiled_twin_is_of_this_table():
    """A C twin built before the table changed would be found here: build it again."""
    from autograd import _engine, engine

    assert _engine.__all__ == engine.__all__
    for row in PRIMITIVES.values():
        if not row.symbol:
            assert getattr(_engine, row.name).__doc__ == getattr(engine, row.name).__doc__
    for owner in ("Value", "ancestors", "restore"):
        assert inspect.getdoc(getattr(_engine, owner)) == inspect.getdoc(getattr(engine, owner))
    for method in ("backward", "tangent", "zero_grad"):
        assert inspect.getdoc(getattr(_engine.Value, method)) == inspect.getdoc(getattr(engine.Value, method))
        assert str(inspect.signature(getattr(_engine.Value, method))).split("=")[0].startswith("(self, /")
    assert _engine.Value.__module__ == "autograd._engine"
    assert engine.Value.__module__ == "autograd.engine"


def run(code, **environment):
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, text=True, cwd=ROOT, check=False, env={"PATH": "", "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("pure", ["0", "1"])
@pytest.mark.parametrize("package", ["autograd", "autograd.testing", "autograd.testing.faults", "nn"])
def test_import_pulls_in_no_third_party_module(package, pure):
    """Only the standard library and ourselves."""
    code = f"import sys; before = set(sys.modules); import {package}, json; print(json.dumps(sorted(set(sys.modules) - before)))"
    loaded = json.loads(run(code, AUTOGRAD_PURE_PYTHON=pure))
    roots = {name.split(".")[0] for name in loaded}
    assert roots <= set(sys.stdlib_module_names) | {"autograd", "nn"}


def test_environment_picks_the_twin():
    """AUTOGRAD_PURE_PYTHON=1 forces the Python twin; autograd.BACKEND says which it is."""
    code = "import autograd; print(autograd.BACKEND, autograd.Value.__module__)"
    assert run(code, AUTOGRAD_PURE_PYTHON="1").split() == ["python", "autograd.engine"]
    if HAS_C:
        assert run(code).split() == ["c", "autograd._engine"]
        assert run(code, AUTOGRAD_PURE_PYTHON="0").split() == ["c", "autograd._engine"]


@pytest.mark.parametrize("package", ["autograd", "autograd.testing", "autograd.view", "nn"])
def test_every_module_imports_alone(package):
    """No circular import hides behind the order of another import."""
    for module in pkgutil.iter_modules([str(ROOT / package.replace(".", "/"))], f"{package}."):
        if not module.name.endswith("__main__"):
            run(f"import {module.name}")


def test_version_is_the_same_everywhere():
    """pyproject.toml, the package and the change log agree."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert autograd.__version__ == version
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)


def test_architecture_names_every_room():
    """ARCHITECTURE.md speaks of every file of both packages."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    missing = [
        p.name
        for p in [
            *ROOT.glob("autograd/*"),
            *ROOT.glob("autograd/testing/*"),
            *ROOT.glob("autograd/view/*"),
            *ROOT.glob("nn/*.py"),
        ]
        if p.suffix in {".py", ".c", ".h", ".pyi"} and p.name not in text
    ]
    assert missing == []
