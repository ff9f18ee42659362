"""What Hypothesis calls when it is imported: it learns how to make a Value.

Hypothesis may be in the midst of its own import then, so nothing of it is imported here but in the function.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["register"]


def register() -> None:
    """Tell Hypothesis how to make a Value of either twin, so that ``st.from_type(Value)`` works."""
    from hypothesis import strategies as st  # noqa: PLC0415

    for twin in ("autograd.engine", "autograd._engine"):
        try:
            value = importlib.import_module(twin).Value
        except ModuleNotFoundError:  # the C twin was not built
            continue
        st.register_type_strategy(value, _values)


def _values(kind: type[Any]) -> Any:
    """Return the strategy for Values; only now, as that module may be what imports Hypothesis."""
    return importlib.import_module("autograd.testing.strategies").reals().map(kind)
