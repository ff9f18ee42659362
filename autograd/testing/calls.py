"""One call of the function under test: its variables, what they are called, and its graph."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autograd import _modes, errors
from autograd._backend import Value
from autograd._structures import flatten, is_value, number_of
from autograd.testing.verdicts import plain

__all__ = ["Call", "name_of"]


class Call:
    """A call of a function with a Value, named as the parameter is, in the place of each number.

    Parameters
    ----------
    where : str
        For the message if there is something else than numbers.
    f : callable
        Returns one number.
    args : tuple of structures of numbers
        Its arguments.

    Attributes
    ----------
    numbers : list of float
        Those of the arguments.
    variables : list of Value
        A new one for each.
    names : list of str
        What they are called.
    root : Value or float
        What the function returned; a number if it does not depend on the variables.
    """

    def __init__(self, where: str, f: Callable[..., Any], args: tuple[Any, ...]) -> None:
        leaves, self._rebuild = flatten(args, where)
        self.numbers = [float(number_of(x)) for x in leaves]
        self.names = self.names_of(f, args)
        self.variables = list(map(Value, self.numbers, self.names))
        with _modes.recording(), _modes.record_lines():
            out = f(*self._rebuild(self.variables))
        if not is_value(out):
            outs = flatten(out, where)[0] if not isinstance(out, (list, tuple, dict)) else []
            if len(outs) != 1:
                raise errors.not_one_number(where, out)
            (out,) = outs
        self.root = out

    @staticmethod
    def names_of(f: Callable[..., Any], args: tuple[Any, ...]) -> list[str]:
        """Return what the numbers in the arguments of a function are called, such as ``x`` or ``p['a'][0]``."""
        return list(itertools.chain(*map(_paths, args, _parameters(f, len(args)))))

    def rebuild(self, numbers: Sequence[Any]) -> Any:
        """Put what belongs to the numbers together in the structure of the one argument, or of the tuple of them."""
        built = self._rebuild(numbers)
        return built[0] if len(built) == 1 else built


def name_of(f: Callable[..., Any]) -> str:
    """Return what a function is called, in printable characters."""
    return plain(getattr(f, "__qualname__", None) or type(f).__name__)


def _parameters(f: Callable[..., Any], count: int) -> list[str]:
    """Return the names of positional parameters; of as many as there are."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # a function of C, say
        parameters = {}.values()
    names = [plain(p.name) for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    return [*names, *(f"args[{i}]" for i in range(len(names), count))][:count]


def _paths(structure: Any, name: str) -> Iterator[str]:
    """Yield what the numbers in a structure are called."""
    if isinstance(structure, (list, tuple)):
        for i, item in enumerate(structure):
            yield from _paths(item, f"{name}[{i}]")
    elif isinstance(structure, Mapping):
        for key, item in structure.items():
            yield from _paths(item, f"{name}[{plain(repr(key))}]")
    elif getattr(structure, "shape", ()):
        for index in itertools.product(*map(range, structure.shape)):
            yield f"{name}[{', '.join(map(str, index))}]"
    else:
        yield name
