"""Pick the twin: the C one where it was built, the Python one otherwise or by request.

Set ``AUTOGRAD_PURE_PYTHON=1`` in the environment to have the Python twin. Both can be imported side
by side, as `autograd.engine` and `autograd._engine`, but their Values do not mix.
"""

import importlib
import importlib.util
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd._engine import *

_WANTS_PYTHON = os.environ.get("AUTOGRAD_PURE_PYTHON", "") not in {"", "0"}
_HAS_C = importlib.util.find_spec("autograd._engine") is not None

#: Which twin `Value` comes from: "c", or "python" where the C twin was not built or not wanted.
BACKEND = "c" if _HAS_C and not _WANTS_PYTHON else "python"

# A C twin that was built but does not load is an error to be seen, not a reason to be slow.
_twin = importlib.import_module("autograd._engine" if BACKEND == "c" else "autograd.engine")
__all__ = ["BACKEND", *_twin.__all__]
globals().update({name: getattr(_twin, name) for name in _twin.__all__})
