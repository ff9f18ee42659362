"""Primitives of the user's own: a whole computation recorded as one node.

`primitive` makes one of any function of numbers, in whatever language, and of its partials.
`preaccumulate` makes one of a program on Values, and finds the partials itself.

    >>> from autograd import Value, math
    >>> from autograd.own import primitive
    >>> @primitive(partials=lambda x, out: -2 * x * out)
    ... def bell(x):
    ...     return math.exp(-x * x)
    >>> x = Value(0.5)
    >>> y = bell(x)
    >>> y.op, y.operands == (x,), y.partials
    ('bell', True, (-0.7788007830714049,))

A node with a primitive of this kind has it as its attribute `primitive`. All that the engine asks of
it are its `name` and `partials_as_values`, for sweeps that are recorded.
"""

from __future__ import annotations

import functools
import math
import sys
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias, overload

from autograd import _modes, _recorded, errors
from autograd._floats import is_real, real
from autograd._recorded import twin_of
from autograd._structures import flatten, is_value, is_variable, map_values, number_of
from autograd.primitives import PRIMITIVES

__all__ = [
    "OwnPrimitive",
    "SubProgram",
    "as_operands",
    "check_unchanged",
    "is_recorded",
    "preaccumulate",
    "primitive",
    "put_values",
    "real_result",
    "record",
    "unrecorded",
    "values_in",
]

Function: TypeAlias = Callable[..., Any]


# ---- by its partials ---------------------------------------------------------------------------------


@overload
def primitive(
    value: Function, partials: Function, *, higher: Function | None = ..., name: str = ...
) -> OwnPrimitive: ...
@overload
def primitive(
    *, partials: Function, higher: Function | None = ..., name: str = ...
) -> Callable[[Function], OwnPrimitive]: ...
def primitive(
    value: Function | None = None, partials: Function | None = None, *, higher: Function | None = None, name: str = ""
) -> Any:
    """Return a function that is recorded as one node, given its value and its partials.

    Parameters
    ----------
    value : callable
        ``value(*operands)`` returns the value, a number. It may do anything, such as calling NumPy, SciPy
        or C: it is given plain floats, any number of them, and has to depend on nothing else.
    partials : callable
        ``partials(*operands, out)`` returns the derivative of the value by each operand, where `out`
        is the value: a sequence of numbers, or the number itself if there is one operand. None
        says that the value does not depend on an operand near this point, so that there is no edge;
        a NaN, that the derivative is not known. It is not called where nothing is recorded.
    higher : callable, optional
        The same as `partials`, to be called with Values where the derivative will be differentiated
        again. Not needed if `partials` itself can be: if it consists of operators, functions of
        `autograd.math` and other own primitives.
    name : str, optional
        The `op` of the nodes; by default the name of `value`.

    Returns
    -------
    OwnPrimitive
        To be called with numbers or Values. Without `value`, a decorator of it.

    Notes
    -----
    An own primitive, and so a graph with its nodes, can be pickled if `name` is its name in the module
    that called `primitive`: as functions are, it is pickled by reference.
    """
    module = sys._getframe(1).f_globals.get("__name__")

    def decorate(value: Any) -> OwnPrimitive:
        for what, function in (("value", value), ("partials", partials), ("higher", higher or partials)):
            if not callable(function):
                raise errors.not_a_function("primitive", what, function)
        label = name or getattr(value, "__name__", "")
        if not _is_free(label):
            raise errors.not_a_primitive_name(label)
        return OwnPrimitive(value, partials, higher or partials, label, module)

    return decorate if value is None else decorate(value)


def _is_free(name: Any) -> bool:
    """Return whether a name can be given to an own primitive without being taken for something else."""
    return isinstance(name, str) and name.isidentifier() and name not in PRIMITIVES and name != "constant"


class OwnPrimitive:
    """A function that is recorded as one node: see `primitive`, which makes it.

    Attributes
    ----------
    name : str
        The `op` of its nodes.
    value, partials, higher : callable
        What `primitive` was given.
    """

    name: str
    value: Function
    partials: Function
    higher: Function

    def __init__(self, value: Function, partials: Any, higher: Any, name: str, module: Any) -> None:
        vars(self).update(value=value, partials=partials, higher=higher, name=name)
        vars(self).update(__module__=module, __doc__=value.__doc__)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self!r} cannot be changed: nodes that were recorded with it hold it")

    def __repr__(self) -> str:
        return f"<own primitive {self.name} of {self.__module__}>"

    def __reduce__(self) -> str:
        return self.name

    def __call__(self, *operands: Any) -> Any:
        """Return the value; record it if there is a Value among the operands."""
        operands = as_operands(self.name, operands)
        numbers = tuple(map(number_of, operands))
        out = self._value(numbers)
        if not is_recorded(operands):
            return unrecorded(out, operands)
        partials = self._checked(self._call("partials", (*numbers, out)), len(operands))
        slopes = [None if x is None else real_result(self.name, "the partials", x) for x in partials]
        return record(self, out, operands, slopes)

    def partials_as_values(self, operands: Sequence[Any], out: Any) -> list[Any]:
        """Return the partials of a node as Values and floats, None for structural zeros."""
        if any(is_value(x) and not x.op for x in operands):
            now = self._value(tuple(map(number_of, operands)))
            if not _is_same(now, out.data):
                raise errors.leaf_changed(self.name, out.data, now)
        try:
            found = self.higher(*operands, out)
        except Exception as error:
            raise errors.partials_not_differentiable(self.name, error) from error
        return self._checked(found, len(operands))

    def _value(self, numbers: tuple[float, ...]) -> float:
        return real_result(self.name, "the value", self._call("value", numbers))

    def _call(self, what: str, numbers: tuple[float, ...]) -> Any:
        try:
            return getattr(self, what)(*numbers)
        except Exception as error:
            error.add_note(errors.raised_in(self.name, f"the {what}", numbers))
            raise

    def _checked(self, found: Any, count: int) -> list[Any]:
        """Return what a function of the user's returned as the list of partials, one for each operand."""
        if found is None or is_value(found) or is_real(found):
            partials = [found]
        else:
            try:
                partials = list(found)
            except TypeError:  # no sequence
                partials = []
        if len(partials) != count or not all(x is None or is_value(x) or is_real(x) for x in partials):
            raise errors.not_partials(self.name, count, found)
        return partials


# ---- by its graph ------------------------------------------------------------------------------------


def preaccumulate(f: Function) -> SubProgram:
    """Return a function that computes `f`, and records each of its results as one node.

    The graph of `f` itself lives only during the call: its derivatives are found at once, by a sweep for
    each result, and recorded as the partials of the node. This saves memory where `f` takes many
    operations on few variables, such as one step of a simulation.

    Parameters
    ----------
    f : callable
        Returns a number or a structure of numbers: nested lists, tuples, dicts, NumPy arrays. It
        has to depend on no other Values than those among its arguments, or in the structures of
        these, and to do the same whenever it is called.

    Returns
    -------
    SubProgram
        Takes the arguments of `f`, and returns what `f` returns. Where there is no Value among the
        arguments, nothing is recorded.

    Notes
    -----
    To differentiate the derivatives again, `f` is called once more for each result, and recorded.
    """
    return SubProgram(f)


class SubProgram:
    """A function whose results are recorded as one node each: see `preaccumulate`, which makes it."""

    name: str
    __wrapped__: Function

    def __init__(self, f: Function) -> None:
        if not callable(f):
            raise errors.not_a_function("preaccumulate", "f", f)
        functools.update_wrapper(self, f)
        label = getattr(f, "__name__", "")
        self.name = label if _is_free(label) else "preaccumulate"

    def __repr__(self) -> str:
        return f"<preaccumulated {self.__wrapped__!r}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        name = getattr(self, "__qualname__", "")
        is_decorated = name and getattr(sys.modules.get(self.__module__), name, None) is self
        return name if is_decorated else (preaccumulate, (self.__wrapped__,))

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns, each number of it as one node."""
        operands = as_operands(self.name, values_in((args, kwargs)))
        if not is_recorded(operands):
            return self.__wrapped__(*args, **kwargs)
        twin = twin_of(operands[0])
        variables = [twin.Value(x.data) if is_variable(x) else x for x in operands]
        outs, rebuild = self.outs(put_values((args, kwargs), variables))
        if not twin.is_closed(filter(is_value, outs), filter(is_variable, variables)):
            raise errors.depends_on_others(self.name, "pass it as an argument")
        arguments = map_values(lambda x: x.detach(), (args, kwargs))

        def collapsed(position: int, out: Any) -> Any:
            if not is_variable(out):
                return out
            result = _Result(self.name, self, arguments, position)
            return record(result, out.data, operands, twin.adjoints({out: 1.0}, variables))

        return rebuild([collapsed(position, out) for position, out in enumerate(outs)])

    def outs(self, arguments: Any) -> tuple[list[Any], Function]:
        """Call the function; return the numbers of its result, and what puts them together again."""
        args, kwargs = arguments
        return flatten(self.__wrapped__(*args, **kwargs), self.name)


class _Result(NamedTuple):
    """The primitive of a node: one number of the result of a sub-program."""

    name: str
    program: SubProgram
    arguments: Any  # with constants in the place of the operands, that hold their numbers when it was recorded
    position: int

    def partials_as_values(self, operands: Sequence[Any], out: Any) -> list[Any]:
        check_unchanged(self.name, self.arguments, operands)
        variables = [+x if is_variable(x) else x for x in operands]
        outs, _ = self.program.outs(put_values(self.arguments, variables))
        return _recorded.adjoints({outs[self.position]: 1.0}, variables)


# ---- what nodes of one's own have in common ----------------------------------------------------------


def is_recorded(operands: Sequence[Any]) -> bool:
    """Return whether an operation with these operands is to be recorded."""
    return any(map(is_variable, operands)) and not _modes.in_force() & _modes.PLAIN


def as_operands(where: str, operands: Sequence[Any]) -> tuple[Any, ...]:
    """Return operands as Values of one twin and floats, or raise."""
    kinds = {type(x): None for x in operands if is_value(x)}
    first = next(iter(kinds), None)
    return tuple([x if type(x) is first else real(x, where) for x in operands])


def record(primitive: Any, out: float, operands: Sequence[Any], partials: Iterable[float | None]) -> Any:
    """Make the node of an own primitive, with an edge for each partial by a variable."""
    edges = [(x, p) for x, p in zip(operands, partials, strict=True) if p is not None and is_variable(x)]
    parents, slopes = tuple([x for x, _ in edges]), tuple([p for _, p in edges])
    return _twin_among(operands).restore(out, 0.0, "", primitive, tuple(operands), parents, slopes)


def unrecorded(out: float, operands: Sequence[Any]) -> Any:
    """Return a result that is not recorded: a number, or a constant if there was a Value."""
    if not any(map(is_value, operands)):
        return out
    return _twin_among(operands).restore(out, 0.0, "", "constant", (), (), ())


def _twin_among(operands: Sequence[Any]) -> types.ModuleType:
    return twin_of(next(filter(is_value, operands)))


def real_result(where: str, what: str, x: Any) -> float:
    """Return what a function of the user's returned as a float, or raise if it is no plain number."""
    if not is_real(x):
        raise errors.not_a_real_result(where, what, x)
    return float(x)


def values_in(structure: Any) -> list[Any]:
    """Return the Values in a structure, in order."""
    found: list[Any] = []
    map_values(found.append, structure)
    return found


def put_values(structure: Any, values: Iterable[Any]) -> Any:
    """Return a structure with these in the place of its Values, in order."""
    rest = iter(values)
    return map_values(lambda _: next(rest), structure)


def check_unchanged(where: str, recorded: Any, operands: Sequence[Any]) -> None:
    """Raise if operands have other numbers than the constants that took their places when they were recorded."""
    for before, now in zip(values_in(recorded), operands, strict=True):
        if not _is_same(before.data, now.data):
            raise errors.operand_changed(where, before.data, now.data)


def _is_same(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))
