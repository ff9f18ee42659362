"""Gradients you can prove: certificates, enclosures, strategies, and tests of one's own gradients."""

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd.testing.battery import check_primitive
    from autograd.testing.certificate import certify
    from autograd.testing.decorator import grad_test
    from autograd.testing.differences import Estimate, derivative
    from autograd.testing.enclosures import Enclosure, Interval, enclosure, true_grad
    from autograd.testing.gradcheck import assert_same, check_grad
    from autograd.testing.machine import EngineMachine
    from autograd.testing.programs import Program
    from autograd.testing.verdicts import GradientError, Report, Verdict

__all__ = [
    "Enclosure",
    "EngineMachine",
    "Estimate",
    "GradientError",
    "Interval",
    "Program",
    "Report",
    "Verdict",
    "assert_same",
    "certify",
    "check_grad",
    "check_primitive",
    "derivative",
    "enclosure",
    "grad_test",
    "true_grad",
]

#: What is loaded when it is first asked for, by the module it is in: hypothesis, mpmath and python-flint take a second.
_LATER = {
    name: module
    for module, names in {
        "battery": "check_primitive",
        "certificate": "certify",
        "decorator": "grad_test",
        "differences": "Estimate derivative",
        "enclosures": "Enclosure Interval enclosure true_grad",
        "gradcheck": "assert_same check_grad",
        "machine": "EngineMachine",
        "programs": "Program",
        "verdicts": "GradientError Report Verdict",
    }.items()
    for name in names.split()
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'autograd.testing' has no attribute {name!r}")
    globals()[name] = getattr(importlib.import_module(f"autograd.testing.{_LATER[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
