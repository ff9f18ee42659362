"""Arguments and results as structures of numbers: nested lists, tuples, dicts and NumPy arrays.

A structure is taken apart into the flat list of its numbers, and a flat list is put together again
in the same structure: so gradients come back in the shape of the arguments. This file knows
nothing of graphs. NumPy is used where an array is given, and never loaded otherwise.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from autograd import errors
from autograd._floats import is_real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

__all__ = ["assemble", "flatten", "flatten_like", "is_value", "is_variable", "load", "map_values", "number_of"]


def is_value(x: object) -> bool:
    """Return whether x is a Value, of either twin."""
    return type(x).__name__ == "Value" and type(x).__module__ in {"autograd.engine", "autograd._engine"}


def is_variable(x: Any) -> bool:
    """Return whether a derivative passes through x: it is a Value and no constant."""
    return is_value(x) and x.op != "constant"


def number_of(x: Any) -> float:
    """Return the number that an operand holds: a Value's data, or the operand itself."""
    number: float = x.data if is_value(x) else x
    return number


def load(module: str, where: str) -> Any:
    """Import a module of an optional package: NumPy or SciPy."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise errors.not_installed(where, module.partition(".")[0], "sparse") from error


def flatten(structure: Any, where: str) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """Take a structure apart.

    Parameters
    ----------
    structure : number, Value, list, tuple, dict, numpy.ndarray, or any nesting of them
        What to take apart.
    where : str
        For the message if there is something else in it.

    Returns
    -------
    leaves : list
        Its numbers and Values, from left to right.
    rebuild : callable
        Puts as many leaves together again. A leaf may be a structure itself: so the rows of a
        Jacobian are put together.
    """
    if is_value(structure) or is_real(structure):
        return [structure], lambda leaves: leaves[0]
    if isinstance(structure, (list, tuple)):
        return _flatten_items(structure, where, lambda items: _like(structure, items))
    if isinstance(structure, Mapping):
        keys = list(structure)
        return _flatten_items(structure.values(), where, lambda items: dict(zip(keys, items, strict=True)))
    if hasattr(structure, "__array__") and hasattr(structure, "ravel"):
        return _flatten_array(structure, where)
    raise errors.not_a_structure(where, structure)


def _like(structure: Sequence[Any], items: list[Any]) -> Any:
    if hasattr(structure, "_fields"):  # a named tuple takes its fields one by one
        return type(structure)(*items)
    return items if isinstance(structure, list) else tuple(items)


def _flatten_items(
    items: Any, where: str, put_together: Callable[[list[Any]], Any]
) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    parts = [flatten(item, where) for item in items]

    def rebuild(leaves: Sequence[Any]) -> Any:
        rest: Iterator[Any] = iter(leaves)
        return put_together([part([next(rest) for _ in mine]) for mine, part in parts])

    return [leaf for mine, _ in parts for leaf in mine], rebuild


def _flatten_array(array: Any, where: str) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    import numpy as np  # noqa: PLC0415  (there is an array, so it is loaded already)

    shape = array.shape
    leaves = array.ravel().tolist()
    for leaf in leaves:
        if not is_value(leaf) and not is_real(leaf):
            raise errors.not_a_structure(where, leaf)

    def rebuild(leaves: Sequence[Any]) -> Any:
        built = np.array(list(leaves)) if leaves else np.zeros(0)
        return np.moveaxis(built, 0, -1).reshape(built.shape[1:] + shape)

    return leaves, rebuild


def flatten_like(template: Any, structure: Any, where: str, what: str) -> list[Any]:
    """Return the numbers of a structure in the order of a template, whose structure it has to have."""
    if is_value(template) or is_real(template):
        if is_value(structure) or is_real(structure):
            return [structure]
    elif isinstance(template, (list, tuple)):
        if isinstance(structure, (list, tuple)) and len(structure) == len(template):
            pairs = zip(template, structure, strict=True)
            return [x for part, like in pairs for x in flatten_like(part, like, where, what)]
    elif isinstance(template, Mapping):
        if isinstance(structure, Mapping) and structure.keys() == template.keys():
            return [x for key in template for x in flatten_like(template[key], structure[key], where, what)]
    elif getattr(structure, "shape", None) == template.shape:
        return flatten(structure, where)[0]
    raise errors.unequal_structures(where, what, template, structure)


def assemble(outer: Any, rows: Iterator[list[Any]], rebuild: Callable[[Sequence[Any]], Any], length: int) -> Any:
    """Put a matrix together in the structure of its rows, and in each place that of its columns.

    Parameters
    ----------
    outer : structure of numbers
        There is a row for each of its numbers. An array of them makes arrays, of its shape and that of the
        columns.
    rows : iterator of list
        The rows.
    rebuild : callable
        Puts numbers, or arrays of them, together in the structure of the columns.
    length : int
        The number of columns.
    """
    if is_value(outer) or is_real(outer):
        return rebuild(next(rows))
    if isinstance(outer, (list, tuple)):
        return _like(outer, [assemble(item, rows, rebuild, length) for item in outer])
    if isinstance(outer, Mapping):
        return {key: assemble(item, rows, rebuild, length) for key, item in outer.items()}
    import numpy as np  # noqa: PLC0415

    mine = np.array([next(rows) for _ in range(outer.size)]).reshape(*outer.shape, length)
    return rebuild([mine[..., k] for k in range(length)])


def map_values(function: Callable[[Any], Any], structure: Any) -> Any:
    """Return a structure with a function applied to its Values; anything unknown stays as it is."""
    if is_value(structure):
        return function(structure)
    if isinstance(structure, (list, tuple)):
        return _like(structure, [map_values(function, item) for item in structure])
    if isinstance(structure, dict):
        return {key: map_values(function, item) for key, item in structure.items()}
    if getattr(getattr(structure, "dtype", None), "kind", "") == "O":
        leaves, rebuild = flatten(structure, "array")
        return rebuild([map_values(function, leaf) for leaf in leaves])
    return structure
