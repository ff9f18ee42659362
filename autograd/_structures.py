"""Arguments and results as structures of numbers: nested lists, tuples, dicts and NumPy arrays.

A structure is taken apart into the flat list of its numbers, and a flat list is put together again
in the same structure: so gradients come back in the shape of the arguments. This file knows
nothing of graphs. NumPy is used where an array is given, and never loaded otherwise.
"""

from __future__ import annotations

import importlib
import operator
import sys
from collections.abc import Mapping

from autograd import errors
from autograd._floats import is_real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import ModuleType
    from typing import Any

__all__ = [
    "assemble",
    "flatten",
    "flatten_like",
    "has_values",
    "is_value",
    "is_variable",
    "load",
    "map_values",
    "number_of",
    "twins",
]


def is_value(x: object) -> bool:
    """Return whether x is a Value, of either twin."""
    return type(x) in twins or (type(x) is not float and _is_value(type(x)))


def has_values(items: Iterable[object]) -> bool:
    """Return whether there is a Value among these."""
    return any(map(_is_value, set(map(type, items)) - _NUMBERS))


#: Types that can be told at once; those of Values, since they were first met, with the engines they belong to.
_NUMBERS = {float, int}
twins: dict[type, ModuleType] = {}


def _is_value(kind: type) -> bool:
    if kind.__name__ != "Value" or kind.__module__ not in {"autograd.engine", "autograd._engine"}:
        return False
    twins[kind] = sys.modules[kind.__module__]
    return True


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
    put_together: Callable[[Iterable[Any]], Any]
    if isinstance(structure, (list, tuple)):
        items, put_together = list(structure), _maker_of(structure)
    elif is_value(structure) or is_real(structure):
        return [structure], _first
    elif isinstance(structure, Mapping):
        keys, items = list(structure), list(structure.values())
        put_together = lambda items: dict(zip(keys, items, strict=True))  # noqa: E731
    elif hasattr(structure, "__array__") and hasattr(structure, "ravel"):
        return _flatten_array(structure, where)
    else:
        raise errors.not_a_structure(where, structure)
    if _are_leaves(items):
        return items, put_together
    leaves: list[Any] = []
    parts = []
    for item in items:
        mine, part = flatten(item, where)
        parts.append((slice(len(leaves), len(leaves) + len(mine)), part))
        leaves += mine
    return leaves, lambda leaves: put_together([part(leaves[place]) for place, part in parts])


_first = operator.itemgetter(0)


def _maker_of(structure: Sequence[Any]) -> Callable[[Iterable[Any]], Any]:
    """Return what makes such a list or tuple of its items."""
    if type(structure) is list or type(structure) is tuple:
        return type(structure)
    if hasattr(structure, "_fields"):  # a named tuple takes its fields one by one
        return lambda items: type(structure)(*items)
    return list if isinstance(structure, list) else tuple


def _are_leaves(items: Sequence[Any]) -> bool:
    """Return whether all these are numbers or Values, if their types, which are few, tell so at once."""
    if _NUMBERS.issuperset(map(type, items)):
        return True
    return all(issubclass(kind, (float, int)) or _is_value(kind) for kind in set(map(type, items)))


def _flatten_array(array: Any, where: str) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    import numpy as np  # noqa: PLC0415  (there is an array, so it is loaded already)

    shape = array.shape
    leaves = array.ravel().tolist()
    for leaf in [] if _are_leaves(leaves) else leaves:
        if not is_value(leaf) and not is_real(leaf):
            raise errors.not_a_structure(where, leaf)

    def rebuild(leaves: Sequence[Any]) -> Any:
        if has_values(leaves):  # so that NumPy does not look for sequences in each of them
            built = np.fromiter(leaves, dtype=object, count=len(leaves))
        else:
            built = np.array(list(leaves)) if leaves else np.zeros(0)
        return np.moveaxis(built, 0, -1).reshape(built.shape[1:] + shape)

    return leaves, rebuild


def flatten_like(template: Any, structure: Any, where: str, what: str) -> list[Any]:
    """Return the numbers of a structure in the order of a template, whose structure it has to have."""
    if isinstance(template, (list, tuple)):
        if isinstance(structure, (list, tuple)) and len(structure) == len(template):
            if _are_leaves(template) and _are_leaves(structure):
                return list(structure)
            pairs = zip(template, structure, strict=True)
            return [x for part, like in pairs for x in flatten_like(part, like, where, what)]
    elif is_value(template) or is_real(template):
        if is_value(structure) or is_real(structure):
            return [structure]
    elif isinstance(template, Mapping):
        if isinstance(structure, Mapping) and structure.keys() == template.keys():
            mine, others = [template[key] for key in template], [structure[key] for key in template]
            return flatten_like(mine, others, where, what)
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
    if isinstance(outer, (list, tuple)):
        return _maker_of(outer)([assemble(item, rows, rebuild, length) for item in outer])
    if is_value(outer) or is_real(outer):
        return rebuild(next(rows))
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
        return _maker_of(structure)([map_values(function, item) for item in structure])
    if isinstance(structure, dict):
        return {key: map_values(function, item) for key, item in structure.items()}
    if getattr(getattr(structure, "dtype", None), "kind", "") == "O":
        leaves, rebuild = flatten(structure, "array")
        return rebuild([map_values(function, leaf) for leaf in leaves])
    return structure
