"""One fixture for both twins, and the sizes of the property tests."""

import importlib
import importlib.util
import os
import sys
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

import autograd

HAS_C = importlib.util.find_spec("autograd._engine") is not None
TWINS = ["autograd.engine", *(["autograd._engine"] if HAS_C else [])]

if os.environ.get("CI") and not HAS_C:
    raise pytest.UsageError("the C twin was not built; CI tests both twins")

# The examples that failed are the interesting ones; what they cost in time is not.
settings.register_profile(
    "chainrule",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    database=None,
)
settings.load_profile("chainrule")


def pytest_report_header() -> str:
    """Say which twins are tested, and which one `autograd.Value` is."""
    missing = "" if HAS_C else " (the C twin was not built)"
    return f"chainrule: twins {', '.join(TWINS)}{missing}; autograd.Value is the {autograd.BACKEND} twin"


@pytest.fixture(params=TWINS, ids=lambda name: "c" if name.endswith("_engine") else "python", scope="session")
def engine(request: pytest.FixtureRequest) -> ModuleType:
    """Return the module of one twin."""
    return importlib.import_module(request.param)


@pytest.fixture
def calculus(engine: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module of one twin, of which the transforms make their variables in this test."""
    for name in ("functional", "arrays", "own", "implicit", "sparse", "optimize", "testing.calls", "testing.battery"):
        if f"autograd.{name}" in sys.modules:
            monkeypatch.setattr(f"autograd.{name}.Value", engine.Value, raising=False)
    return engine
