"""The rows of the table of primitives as Python functions of floats, for the reference twin.

This file knows nothing of Values. The C twin has the same functions, printed in C from the same
rows by tools/regen.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from autograd import errors
from autograd._formula import compile_function, negate, parse
from autograd.primitives import Primitive

__all__ = ["Kernel", "describe"]


class Kernel:
    """A row of the table of primitives, compiled to functions of floats."""

    def __init__(self, row: Primitive) -> None:
        self.row = row

    @functools.cached_property
    def _value(self) -> Callable[..., tuple[float]]:
        parameters = ["out", *self.row.operands] if self.row.fold else self.row.operands
        return compile_function(self.row.name, parameters, [(parse(self.row.value), None)], self.row.let)

    def value(self, *numbers: float) -> float:
        """Return the value, or raise what floats raise, in our words; of a fold, take one step from `out`."""
        try:
            return self._value(*numbers)[0]
        except (ValueError, ArithmeticError):
            pass  # and raise below, where the exception of math is no longer the context
        raise self._error(numbers)

    @functools.cache  # noqa: B019  (kernels live as long as the program)
    def partials(self, constants: tuple[str, ...]) -> Callable[..., tuple[float | None, ...]]:
        """Return the function of (operands, out) that gives the partial by each operand.

        It gives None for a structural zero, and for the operands that are plain numbers, which
        `constants` names.
        """
        flats = self.row.flat or ["False"] * len(self.row.operands)
        rows = zip(self.row.operands, self.row.partials, flats, strict=True)
        formulas = [(parse(partial), parse("True" if name in constants else flat)) for name, partial, flat in rows]
        return compile_function(self.row.name, [*self.row.operands, "out"], formulas, self.row.let, constants)

    @functools.cached_property
    def _violated(self) -> Callable[..., tuple[bool, ...]]:
        outside = [(negate(parse(domain.inside)), None) for domain in self.row.domain]
        return compile_function(self.row.name, self.row.operands, outside, self.row.let)

    def _error(self, numbers: tuple[float, ...]) -> Exception:
        row = self.row
        violated = self._violated(*numbers)
        if True in violated:
            domain = row.domain[violated.index(True)]
            return errors.outside_domain(row.name, domain.expected, domain.raises, row.operands, numbers)
        return errors.too_large(row.name, row.operands, numbers)


def describe(row: Primitive) -> str:
    """Return the docstring of a primitive's function, the same in both twins."""
    value = (row.textbook or (row.value,))[0]
    what = f"the sum of {value.removeprefix('out + ')} over the columns" if row.fold else value
    return f"Return {what}; record it if there is a Value among the operands."
