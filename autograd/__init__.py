"""Differentiate ordinary scalar Python code, and see every number of it.

>>> from autograd import Value
>>> x = Value(3.0)
>>> y = x**2 + 1 / x
>>> y.backward()
>>> print(f"{x.grad:.4f}")          # 2 x - 1 / x**2
5.8889
"""

import importlib

from autograd import math
from autograd._backend import BACKEND, Value, backward
from autograd._modes import ieee, no_grad, record_lines
from autograd.errors import BackendMismatchError, DomainError, GraphError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd.arrays import lift, lower
    from autograd.functional import grad, gradient, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = [
    "BACKEND",
    "BackendMismatchError",
    "DomainError",
    "GraphError",
    "Value",
    "backward",
    "grad",
    "gradient",
    "hessian",
    "hvp",
    "ieee",
    "jacobian",
    "jvp",
    "lift",
    "lower",
    "math",
    "no_grad",
    "record_lines",
    "value_and_grad",
    "vjp",
]
__version__ = "0.1.0"

#: What is loaded when it is first asked for, and where it is.
_LATER = {
    **dict.fromkeys(
        ("grad", "gradient", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"), "autograd.functional"
    ),
    **dict.fromkeys(("lift", "lower"), "autograd.arrays"),
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    globals()[name] = getattr(importlib.import_module(_LATER[name]), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
