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
from autograd._backend import BACKEND, Value, ancestors, backward
from autograd._modes import ieee, no_grad, record_lines
from autograd.errors import BackendMismatchError, DomainError, GraphError, PictureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd.arrays import lift, lower
    from autograd.diagnosis import diagnose
    from autograd.functional import grad, gradient, hessian, hvp, jacobian, jvp, value_and_grad, vjp
    from autograd.graph import Snapshot
    from autograd.implicit import argmin, fixed_point, root
    from autograd.kinks import margins
    from autograd.optimize import scipy_objective
    from autograd.own import preaccumulate, primitive
    from autograd.sparse import sparse_hessian, sparse_jacobian
    from autograd.view.blame import Blame, blame
    from autograd.view.draw import draw
    from autograd.view.drawing import Drawing
    from autograd.view.explain import Explanation, explain
    from autograd.view.step import Stepper, step

__all__ = [
    "BACKEND",
    "BackendMismatchError",
    "Blame",
    "DomainError",
    "Drawing",
    "Explanation",
    "GraphError",
    "PictureError",
    "Snapshot",
    "Stepper",
    "Value",
    "ancestors",
    "argmin",
    "backward",
    "blame",
    "diagnose",
    "draw",
    "explain",
    "fixed_point",
    "grad",
    "gradient",
    "hessian",
    "hvp",
    "ieee",
    "jacobian",
    "jvp",
    "lift",
    "lower",
    "margins",
    "math",
    "no_grad",
    "preaccumulate",
    "primitive",
    "record_lines",
    "root",
    "scipy_objective",
    "sparse_hessian",
    "sparse_jacobian",
    "step",
    "value_and_grad",
    "vjp",
]
__version__ = "0.1.0"

#: What is loaded when it is first asked for, by the module it is in.
_LATER = {
    name: module
    for module, names in {
        "arrays": "lift lower",
        "diagnosis": "diagnose",
        "graph": "Snapshot",
        "functional": "grad gradient hessian hvp jacobian jvp value_and_grad vjp",
        "implicit": "argmin fixed_point root",
        "kinks": "margins",
        "optimize": "scipy_objective",
        "own": "preaccumulate primitive",
        "sparse": "sparse_hessian sparse_jacobian",
        "view.blame": "Blame blame",
        "view.draw": "draw",
        "view.drawing": "Drawing",
        "view.explain": "Explanation explain",
        "view.step": "Stepper step",
    }.items()
    for name in names.split()
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    globals()[name] = getattr(importlib.import_module(f"autograd.{_LATER[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
