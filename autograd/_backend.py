"""Pick the twin: the C one where it was built, the Python one otherwise or by request.

Set ``AUTOGRAD_PURE_PYTHON=1`` in the environment to have the Python twin. Both can be imported side
by side, as `autograd.engine` and `autograd._engine`, but their Values do not mix.
"""

import importlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd._engine import *

#: Which twin `Value` comes from: "c", or "python" where the C twin was not built or not wanted.
BACKEND = "python"

if os.environ.get("AUTOGRAD_PURE_PYTHON", "") in {"", "0"}:
    try:
        _twin = importlib.import_module("autograd._engine")
        BACKEND = "c"
    except ModuleNotFoundError as error:
        if error.name != "autograd._engine":  # built, but broken: to be seen, not to be slow
            raise
if BACKEND == "python":
    _twin = importlib.import_module("autograd.engine")

#: The functions of the primitives that are not operators.
FUNCTIONS = [name for name in _twin.__all__ if name not in {
    "Value", "adjoints", "ancestors", "backward", "between", "is_closed", "restore", "tangents"
}]  # fmt: skip

__all__ = ["BACKEND", "FUNCTIONS", *_twin.__all__]
globals().update({name: getattr(_twin, name) for name in _twin.__all__})
