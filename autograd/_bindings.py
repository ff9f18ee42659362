"""The primitives as operators, methods and functions: how the arguments of a call are read.

What is then done with them, computing and recording, is the engine's, which brings its Value and
its two ways of applying a primitive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from autograd import errors
from autograd._floats import convertible, is_real
from autograd._kernels import KERNELS, Kernel, describe
from autograd.primitives import Primitive

__all__ = ["bind", "methods"]

Specialise: TypeAlias = Callable[[Kernel, tuple[type[Any], ...]], Callable[..., Any]]

MOST_OPERANDS_OF_METHODS = 2


def bind(
    value_type: type[Any],
    specialise: Specialise,
    apply_to_columns: Callable[[Kernel, list[list[Any]]], Any],
) -> dict[str, Callable[..., Any]]:
    """Give a Value type the operators and methods of all primitives.

    Parameters
    ----------
    value_type : type
        The type of the engine's Values.
    specialise : callable
        Returns, for a primitive and the types of some operands, each of them Value or float, what computes and
        records the primitive of such operands.
    apply_to_columns : callable
        Computes and records a primitive of columns of operands, each of them a Value or a float.

    Returns
    -------
    dict of str to callable
        The functions of the primitives that are not operators, by name.
    """
    functions = {}
    for kernel in KERNELS.values():
        row = kernel.row
        if row.symbol and len(row.operands) > 1:
            forward, reflected = _operators(kernel, value_type, specialise)
            setattr(value_type, f"__{row.name}__", forward)
            setattr(value_type, f"__r{row.name}__", reflected)
            continue
        if row.columns:
            function = _function_of_columns(kernel, value_type, apply_to_columns)
        else:
            make = _function_of_one if len(row.operands) == 1 else _function
            function = make(kernel, value_type, specialise)
        if row.symbol:
            setattr(value_type, f"__{row.name}__", function)
        else:
            functions[row.name] = function
        for name in methods(row):
            setattr(value_type, name, function)
    return functions


def methods(row: Primitive) -> list[str]:
    """Return the names under which a function is a method of Value, with self as the first operand."""
    few = not row.columns and len(row.operands) <= MOST_OPERANDS_OF_METHODS
    by_name = not row.symbol and (few or row.spread)
    return [row.name] * by_name + [row.numpy] * bool(row.numpy)


def _operand(x: Any, name: str, value_type: type[Any], where: str) -> Any:
    """Return an operand as a Value or a float; a condition may be anything that is true or false."""
    if type(x) is value_type:
        return x
    return float(bool(x)) if name == "condition" else convertible(x, where)


class _WhenNeeded(dict[Any, Callable[..., Any]]):
    """What applies a primitive, by the types of its operands: made when it is first needed."""

    def __init__(self, make: Callable[[Any], Callable[..., Any]]) -> None:
        self._make = make

    def __missing__(self, types: Any) -> Callable[..., Any]:
        apply = self[types] = self._make(types)
        return apply


def _function(kernel: Kernel, value_type: type[Any], specialise: Specialise) -> Callable[..., Any]:
    row = kernel.row
    apply = _WhenNeeded(lambda types: specialise(kernel, types))

    def function(*operands: Any) -> Any:
        if len(operands) != len(row.operands):
            raise errors.wrong_count(row.name, len(row.operands), len(operands))
        named = zip(operands, row.operands, strict=True)
        converted = [_operand(x, name, value_type, row.name) for x, name in named]
        return apply[tuple([type(x) for x in converted])](*converted)

    return _named(function, kernel)


def _function_of_one(kernel: Kernel, value_type: type[Any], specialise: Specialise) -> Callable[..., Any]:
    row = kernel.row
    apply = _WhenNeeded(lambda kind: specialise(kernel, (kind,)))

    def function(*operands: Any) -> Any:
        if len(operands) != 1:
            raise errors.wrong_count(row.name, 1, len(operands))
        (x,) = operands
        if type(x) is not value_type and type(x) is not float:
            x = convertible(x, row.name)
        return apply[type(x)](x)

    return _named(function, kernel)


def _function_of_columns(kernel: Kernel, value_type: type[Any], apply: Callable[..., Any]) -> Callable[..., Any]:
    row = kernel.row

    def function(*columns: Any) -> Any:
        if row.spread:
            columns = (columns,)
        if len(columns) != len(row.operands):
            raise errors.wrong_count(row.name, len(row.operands), len(columns))
        lists = [[_operand(x, "", value_type, row.name) for x in column] for column in columns]
        if len({len(column) for column in lists}) > 1:
            raise errors.unequal_columns(row.name, tuple(map(len, lists)))
        return apply(kernel, lists)

    return _named(function, kernel)


def _named(function: Callable[..., Any], kernel: Kernel) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = kernel.row.name
    function.__module__ = "autograd.engine"
    function.__doc__ = describe(kernel.row)
    return function


def _operators(
    kernel: Kernel, value_type: type[Any], specialise: Specialise
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the methods of a binary operator: with the Value on the left, and on the right."""
    symbol = kernel.row.symbol
    apply_to_right = _WhenNeeded(lambda kind: specialise(kernel, (value_type, kind)))
    apply_to_left = _WhenNeeded(lambda kind: specialise(kernel, (kind, value_type)))

    def forward(self: Any, other: Any, modulus: None = None) -> Any:
        if modulus is not None:
            raise errors.wrong_count("pow", 2, 3)
        if type(other) is not value_type and type(other) is not float:
            if not is_real(other):
                return errors.defer_or_refuse(f"Value {symbol} {type(other).__name__}", other)
            other = float(other)
        return apply_to_right[type(other)](self, other)

    def reflected(self: Any, other: Any) -> Any:
        if type(other) is not value_type and type(other) is not float:
            if not is_real(other):
                return errors.defer_or_refuse(f"{type(other).__name__} {symbol} Value", other)
            other = float(other)
        return apply_to_left[type(other)](other, self)

    return forward, reflected
