"""The rows of the table of primitives as Python functions of floats, for the reference twin.

This file knows nothing of Values, but for the text of `Kernel.written_out`. The C twin has the same
functions, printed in C from the same rows by tools/regen.py.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autograd import _modes, errors
from autograd._formula import (
    AGGREGATES,
    IEEE,
    RAISING,
    aggregate,
    compile_columns,
    compile_function,
    define,
    names_in,
    negate,
    parse,
    to_python,
)
from autograd.primitives import PRIMITIVES, Primitive

__all__ = ["KERNELS", "Kernel", "describe", "shared"]


def shared(row: Primitive) -> tuple[str, ...]:
    """Return the sub-formulas of a row that run over all rows of its columns."""
    return tuple([key for key, formula in row.let.items() if formula.partition("(")[0] in AGGREGATES])


class Kernel:
    """A row of the table of primitives, compiled to functions of floats."""

    def __init__(self, row: Primitive) -> None:
        self.row = row

    # ---- the value ---------------------------------------------------------------------------------

    @functools.cached_property
    def _value(self) -> Callable[..., tuple[float]]:
        row = self.row
        return compile_function(row.name, row.operands, [(parse(row.value), None)], row.let)

    def value(self, *numbers: float) -> float:
        """Return the value, or raise what floats raise, in our words."""
        try:
            out = self._value(*numbers)[0]
            if out - out == 0.0 or not self._outside(numbers):
                return out
        except (ValueError, ArithmeticError):
            pass  # and go on below, where the exception of math is no longer the context
        row = self.row
        violated = self._outside(numbers)
        if _modes.in_force() & _modes.IEEE:
            return self._exceptional[violated](*numbers)[0]
        if not violated:
            raise errors.too_large(row.name, row.operands, numbers)
        domain = row.domain[violated - 1]
        raise errors.outside_domain(row.name, domain.expected, domain.raises, row.operands, numbers)

    @functools.cached_property
    def _columns(self) -> Callable[..., tuple[float, ...]]:
        row = self.row
        return compile_columns(row.name, row.operands, parse(row.value), row.let, shared(row))

    @functools.cached_property
    def _columns_beyond(self) -> Callable[..., tuple[float, ...]]:
        row = self.row
        let = {"beyond": row.overflows}
        return compile_columns(row.name, row.operands, parse("beyond"), let, ("beyond",))

    def value_of_columns(self, *columns: list[float]) -> tuple[float, ...]:
        """Return the value of columns of operands, then the sub-formulas that run over all rows."""
        try:
            return self._columns(*columns)
        except (ValueError, ArithmeticError):  # of a function of math: its words are plain
            if not _modes.in_force() & _modes.IEEE:
                raise
        return self._columns_beyond(*columns)[:1]

    # ---- the domain --------------------------------------------------------------------------------

    def is_undefined(self, numbers: tuple[float, ...]) -> bool:
        """Return whether there is no value here, not even an infinite one: then there is no slope."""
        return bool(self.row.domain and self._outside(numbers))

    def _outside(self, numbers: tuple[float, ...]) -> int:
        """Return the number of the first domain that the operands violate, counted from 1, or 0."""
        violated = self._violated(*numbers)
        return violated.index(True) + 1 if True in violated else 0

    @functools.cached_property
    def _violated(self) -> Callable[..., tuple[bool, ...]]:
        outside = [(negate(parse(domain.inside)), None) for domain in self.row.domain]
        return compile_function(self.row.name, self.row.operands, outside, self.row.let, functions=IEEE)

    @functools.cached_property
    def _exceptional(self) -> list[Callable[..., tuple[float]]]:
        """The value under `ieee`: of a result too large, then outside each domain."""
        row = self.row
        formulas = [row.overflows or "nan", *[domain.ieee for domain in row.domain]]
        return [
            compile_function(row.name, row.operands, [(parse(formula), None)], row.let, functions=IEEE)
            for formula in formulas
        ]

    # ---- the partials ------------------------------------------------------------------------------

    @functools.cache  # noqa: B019  (kernels live as long as the program)
    def partials(self, constants: tuple[str, ...]) -> Callable[..., tuple[float | None, ...]]:
        """Return the function of (operands, out, shared sub-formulas) that gives the partial by each operand.

        It gives None for a structural zero, and for the operands that are plain numbers, which
        `constants` names.
        """
        return self._compile_partials(self.row.partials, constants, IEEE)

    def differentiable_partials(
        self, constants: tuple[str, ...], functions: Mapping[str, Callable[..., Any]]
    ) -> Callable[..., tuple[Any, ...]]:
        """Return the function of (operands, out) that gives the partials in another arithmetic, of Values."""
        return self._compile_partials(self.row.smooth or self.row.partials, constants, functions)

    @functools.cached_property
    def shared_by_smooth(self) -> dict[str, tuple[str, Any]]:
        """The sub-formulas over all rows that `smooth` needs, in order: the aggregate, and what of."""
        row = self.row
        let = {key: row.let[key] for key in shared(row)} | dict(row.smooth_let)
        needed = set().union(*[names_in(parse(formula)) for formula in row.smooth])
        for key in reversed(list(let)):
            if key in needed:
                needed |= names_in(aggregate(let[key])[1])
        return {key: aggregate(let[key]) for key in let if key in needed}

    def _compile_partials(
        self, partials: Iterable[str], constants: tuple[str, ...], functions: Mapping[str, Callable[..., Any]]
    ) -> Callable[..., tuple[Any, ...]]:
        row = self.row
        edges = [
            (partial, parse("True") if name in constants else flat)
            for name, (partial, flat) in zip(row.operands, self._edges(partials), strict=True)
        ]
        over_rows = shared(row)
        parameters = [*row.operands, "out", *(over_rows if functions is IEEE else self.shared_by_smooth)]
        let = {key: formula for key, formula in row.let.items() if key not in over_rows}
        return compile_function(row.name, parameters, edges, let, constants, functions)

    def _edges(self, partials: Iterable[str]) -> list[tuple[ast.expr, ast.expr]]:
        """Return the formulas of each operand: the partial, and when there is no edge."""
        flats = self.row.flat or ["False"] * len(self.row.operands)
        return [(parse(partial), parse(flat)) for partial, flat in zip(partials, flats, strict=True)]

    # ---- the usual case ----------------------------------------------------------------------------

    def written_out(self, values: Sequence[str], engine: Mapping[str, Any]) -> Callable[..., Any]:
        """Return the engine's `apply`, written out for this primitive and for operands of known types.

        `values` names those that are Values; the others are floats. `engine` has the functions that the text uses:
        `apply`; `node`, which makes a node; and `record`, which makes one without the edges whose partial is None.
        For ``x * 2.0`` the text is::

            def mul(x_value, y):
                operands = (x_value, y)
                if not (x_value._op == 'constant' or entered and in_force() & PLAIN):
                    try:
                        x = x_value._data
                        out = (x * y)
                        partials = (y,)
                    except (ValueError, ArithmeticError):
                        out = nan
                    if out - out == 0.0:
                        parents = (x_value,)
                        return node('mul', out, operands, parents, partials)
                return apply(kernel, operands)

        This takes a sixth of the time of `apply`, to which it leaves what is less usual: constants, blocks in which
        nothing is recorded, and what is not finite or outside the domain.
        """
        row = self.row
        let = list(row.let.items())
        uses_out = ["out" in names_in(parse(formula)) for _, formula in let]
        let.insert([*uses_out, True].index(True), ("out", row.value))
        constants = [name for name in row.operands if name not in values]
        edges = [edge for name, edge in zip(row.operands, self._edges(row.partials), strict=True) if name in values]
        assignments, (_, *partials) = to_python([(parse("out"), None), *edges], dict(let), constants)

        operands = [f"{x}_value" if x in values else x for x in row.operands]
        parents = [f"{x}_value" for x in values]
        unusual = " or ".join([*[f"{x}._op == 'constant'" for x in parents], "entered and in_force() & PLAIN"])
        record = "record" if any("None" in partial for partial in partials) else "node"
        lines = [
            f"operands = {_tuple(operands)}",
            f"if not ({unusual}):",
            "    try:",
            *[f"        {x} = {x}_value._data" for x in values],
            *[f"        {assignment}" for assignment in assignments],
            f"        partials = {_tuple(partials)}",
            "    except (ValueError, ArithmeticError):",
            "        out = nan",
            "    if out - out == 0.0:",
            f"        parents = {'operands' if parents == operands else _tuple(parents)}",
            f"        return {record}({row.name!r}, out, operands, parents, partials)",
            "return apply(kernel, operands)",
        ]
        modes = {"entered": _modes.entered, "in_force": _modes.in_force, "PLAIN": _modes.PLAIN}
        return define(row.name, operands, lines, {**RAISING, **modes, **engine, "kernel": self})


def _tuple(printed: Iterable[str]) -> str:
    return f"({', '.join(printed)},)"


#: The kernel of each row of the table.
KERNELS = {row.name: Kernel(row) for row in PRIMITIVES.values()}


def describe(row: Primitive) -> str:
    """Return the docstring of a primitive's function, the same in both twins."""
    value = (row.textbook or (row.let.get(row.value, row.value),))[0]
    what = f"{value} over the columns" if row.columns else value
    return f"Return {what}; record it if there is a Value among the operands."
