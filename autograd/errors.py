"""The exceptions of the engine, and the texts that both twins raise.

::

    ValueError
    +-- DomainError          an operand outside the domain of a primitive
    RuntimeError
    +-- GraphError           a use that the recorded graph does not allow
    +-- PictureError         a picture that cannot be drawn here
    TypeError
    +-- BackendMismatchError Values of the two twins in one expression

Every text says what was expected, what was got and where, on one line. The C twin calls the same
functions on its error paths, so the texts of the twins cannot drift apart. This file knows
nothing of Values or of the table of primitives.
"""

from __future__ import annotations

__all__ = ["BackendMismatchError", "DomainError", "GraphError", "PictureError"]

_TWINS = ("autograd.engine", "autograd._engine")
_LONGEST_REPR = 60


class DomainError(ValueError):
    """An operand lies outside the domain of a primitive, such as ``log(-1.0)``."""


class GraphError(RuntimeError):
    """The recorded graph does not allow this, such as assigning ``data`` to a computed node."""


class PictureError(RuntimeError):
    """A picture that cannot be drawn here; the text says what to do."""


class BackendMismatchError(TypeError):
    """A Value of the Python twin met a Value of the C twin."""


def not_a_number(where: str, got: object) -> TypeError:
    """Return the error for an operand that is neither a Value nor a real number."""
    if _is_of_the_other_twin(got):
        if where == "Value":
            return TypeError("Value: expected a real number, got a Value; use it as it is, or its .data")
        if where in {"data", "grad", "seed"}:
            return TypeError(f"{where}: expected a real number, got a Value; use its .data")
        return BackendMismatchError(
            f"{where}: expected Values of one twin, got one of {type(got).__module__} as well; "
            "take Value from autograd throughout"
        )
    expected = "a real number" if where in {"Value", "data", "grad", "seed"} else "a Value or a real number"
    return TypeError(f"{where}: expected {expected}, got {_shown(got)}")


def _is_of_the_other_twin(got: object) -> bool:
    return type(got).__name__ == "Value" and type(got).__module__ in _TWINS


def defer_or_refuse(where: str, got: object) -> object:
    """Return NotImplemented, so that a foreign operand may try; raise if it is sure to fail.

    Built-in types and the other twin's Value know nothing of a Value. Any other type, an array or a
    user's class, may bring the reflected operator.
    """
    if type(got).__module__ in {"builtins", *_TWINS}:
        raise not_a_number(where, got)
    return NotImplemented


def wrong_count(primitive: str, expected: int, got: int) -> TypeError:
    """Return the error for a primitive called with too few or too many operands."""
    return TypeError(f"{primitive}: expected {expected} operand{'s' * (expected > 1)}, got {got}")


def unequal_columns(primitive: str, lengths: tuple[int, ...]) -> ValueError:
    """Return the error for columns of operands that do not pair up."""
    return ValueError(f"{primitive}: expected columns of equal length, got {' and '.join(map(str, lengths))}")


def not_an_integer(where: str, got: object) -> TypeError:
    """Return the error for an operand that has to be an int."""
    return TypeError(f"{where}: expected an int, got {_shown(got)}")


def nothing(where: str) -> ValueError:
    """Return the error for a function of one number or more that was given none."""
    return ValueError(f"{where}: expected one number or more, got none")


def no_roots() -> ValueError:
    """Return the error for a graph to look at that was given no result."""
    return ValueError("root: expected one Value or more to look at, got none")


def not_a_choice(where: str, what: str, expected: tuple[str, ...], got: object) -> ValueError:
    """Return the error for an option that is none of its choices."""
    return ValueError(f"{where}: expected {what} to be {' or '.join(map(repr, expected))}, got {_shown(got)}")


def not_a_name(got: object) -> TypeError:
    """Return the error for a name that is not a string."""
    return TypeError(f"name: expected a str, got {_shown(got)}")


def not_seeds(where: str, got: object) -> TypeError:
    """Return the error for the seeds of a sweep that are no mapping."""
    what = {"backward": "roots", "tangent": "leaves"}[where]
    return TypeError(f"{where}: expected a mapping of {what} to numbers, got {_shown(got)}")


def not_a_value(where: str, got: object) -> TypeError:
    """Return the error for something that had to be a node of a graph."""
    if _is_of_the_other_twin(got):
        return not_a_number(where, got)
    return TypeError(f"{where}: expected a Value, got {_shown(got)}")


def outside_domain(
    primitive: str, expected: str, raises: str, names: tuple[str, ...], numbers: tuple[float, ...]
) -> Exception:
    """Return the error for operands outside a primitive's domain, of the type that floats raise."""
    kind = ZeroDivisionError if raises == "ZeroDivisionError" else DomainError
    return kind(f"{primitive}: expected {expected}, got {_listed(names, numbers)}")


def too_large(primitive: str, names: tuple[str, ...], numbers: tuple[float, ...]) -> OverflowError:
    """Return the error for a result beyond the largest float."""
    return OverflowError(f"{primitive}: expected a result that fits a float, got {_listed(names, numbers)}")


def not_a_leaf(where: str, op: str) -> GraphError:
    """Return the error for treating a computed node as a leaf: assigning its data, seeding it."""
    if op == "constant":
        return GraphError(
            f"{where}: expected a leaf, got a constant, as detach and no_grad make them; make a new Value of its data"
        )
    return GraphError(
        f"{where}: expected a leaf, got the result of {op!r}; "
        "take the leaves it was computed from, and compute it again"
    )


def leaf_changed(op: str, recorded: float, now: float) -> GraphError:
    """Return the error for recording a sweep of nodes whose leaves have other numbers by now."""
    return GraphError(
        f"{op}: expected the leaves as they were when {recorded!r} was computed, got others, of which it would be "
        f"{now!r}; differentiate before changing them, or compute it again"
    )


def not_a_structure(where: str, got: object) -> TypeError:
    """Return the error for an argument, or a result, that is no structure of numbers."""
    return TypeError(f"{where}: expected a number, or lists, tuples, dicts or arrays of numbers, got {_shown(got)}")


def not_one_number(where: str, got: object) -> TypeError:
    """Return the error for a function that returns several numbers where one is differentiated."""
    return TypeError(
        f"{where}: expected a function that returns one number, got {_shown(got)}; use jacobian, or return their sum"
    )


def no_such_argument(where: str, index: object, count: int) -> TypeError:
    """Return the error for an index among `argnums` that is no positional argument."""
    return TypeError(f"{where}: expected argnums among {count} positional arguments, got {_shown(index)}")


def no_aux(where: str, got: object) -> TypeError:
    """Return the error for a function that returns no pair although `has_aux` says so."""
    return TypeError(f"{where}: expected a function that returns a pair (has_aux=True), got {_shown(got)}")


def not_arguments(where: str, got: object) -> TypeError:
    """Return the error for the arguments of a function that do not come as a tuple of them."""
    return TypeError(f"{where}: expected a tuple of the function's arguments, got {_shown(got)}")


def unequal_structures(where: str, what: str, expected: object, got: object) -> ValueError:
    """Return the error for a structure that has to match another and does not."""
    return ValueError(f"{where}: expected {what} in the structure of {_shown(expected)}, got {_shown(got)}")


def unequal_lengths(where: str, what: str, expected: int, got: int) -> ValueError:
    """Return the error for a structure with another number of numbers than it has to match."""
    return ValueError(f"{where}: expected {what} for {expected} numbers, got {got}")


def not_a_float() -> TypeError:
    """Return the error for ``float(value)``, which would lose the graph without a word."""
    return TypeError(
        "float: expected a plain number, got a Value, whose derivatives would be lost; "
        "use its .data, or the function of the same name in autograd.math"
    )


def _shown(got: object) -> str:
    """Return what an object looks like, in one short line, and its type."""
    try:
        text = " ".join(repr(got).split())
    except Exception:  # a repr of the user's, or of an int with too many digits
        text = "an object that cannot be shown"
    text = "".join([c if c.isprintable() else ascii(c)[1:-1] for c in text])  # nothing of it commands a terminal
    return f"{text[:_LONGEST_REPR]}{'...' * (len(text) > _LONGEST_REPR)} ({type(got).__name__})"


def _listed(names: tuple[str, ...], numbers: tuple[float, ...]) -> str:
    return ", ".join([f"{name} = {number!r}" for name, number in zip(names, numbers, strict=True)])


def not_plain_numbers(where: str, dense: str) -> TypeError:
    """Return the error for Values among the arguments of a function whose results are plain numbers."""
    return TypeError(
        f"{where}: expected plain numbers, got Values among them, whose derivatives would be lost; use {dense}"
    )


def not_its_own_variables(where: str, dense: str) -> GraphError:
    """Return the error for a function of other Values, too, whose derivatives would be lost."""
    return GraphError(
        f"{where}: expected a function of its own variables alone, got one that depends on other Values as well; "
        f"use {dense}, or take their .data or .detach()"
    )


def not_installed(where: str, module: str, extra: str) -> ImportError:
    """Return the error for an optional package that is needed now and is not there."""
    return ImportError(f'{where}: expected {module} to be installed; pip install "chainrule[{extra}]"', name=module)


def not_a_function(where: str, what: str, got: object) -> TypeError:
    """Return the error for something that had to be called."""
    return TypeError(f"{where}: expected {what} to be a function, got {_shown(got)}")


def not_a_primitive_name(got: object) -> ValueError:
    """Return the error for the name of an own primitive that is no identifier, or taken."""
    return ValueError(
        f"primitive: expected a name that is an identifier and not that of a primitive of autograd, got {_shown(got)}; "
        "choose one with name="
    )


def not_a_real_result(where: str, what: str, got: object) -> TypeError:
    """Return the error for a user's function that had to return a plain number, and did not."""
    return TypeError(f"{where}: expected {what} to return a real number, got {_shown(got)}")


def not_partials(where: str, expected: int, got: object) -> TypeError:
    """Return the error for the partials of an own primitive that are not one for each operand."""
    return TypeError(
        f"{where}: expected the partials to return {expected} number{'s' * (expected > 1)}, one for each operand "
        f"(None where the result does not depend on it), got {_shown(got)}"
    )


def raised_in(where: str, what: str, numbers: tuple[object, ...]) -> str:
    """Return the note on an exception from a user's function: whose it is, and of which operands."""
    return f"{where}: raised by {what} at {', '.join(map(repr, numbers))}"


def partials_not_differentiable(where: str, error: Exception) -> GraphError:
    """Return the error for a higher derivative through an own primitive whose partials are of floats only."""
    return GraphError(
        f"{where}: expected partials that can be computed of Values, to differentiate them again, got "
        f"{_shown(error)}; write them in autograd.math and own primitives, or give such a function as higher="
    )


def depends_on_others(where: str, cure: str) -> GraphError:
    """Return the error for a function that is recorded as one node and uses Values that are no operands."""
    return GraphError(
        f"{where}: expected a function of its arguments alone, got one that depends on another Value as well, "
        f"whose derivative would be lost; {cure}, or use its .data or .detach()"
    )


def operand_changed(op: str, recorded: float, now: float) -> GraphError:
    """Return the error for recording a sweep of a node whose operand has another number by now."""
    return GraphError(
        f"{op}: expected the operands as they were when it was recorded, {recorded!r}, got {now!r}; "
        "differentiate before changing leaves, or compute it again"
    )


def singular(where: str, x: list[float]) -> DomainError:
    """Return the error for equations that do not determine their unknowns, not even to first order."""
    return DomainError(
        f"{where}: expected equations whose matrix of derivatives by x is invertible, got a singular one "
        f"at x = {_row(x)}"
    )


def not_converged(where: str, x: list[float]) -> RuntimeError:
    """Return the error for a solver of ours that found no solution."""
    return RuntimeError(
        f"{where}: expected to converge, got no further than x = {_row(x)}; start elsewhere, or pass a solver"
    )


def _row(numbers: list[float]) -> str:
    text = ", ".join(map(repr, numbers))
    return f"{text[:_LONGEST_REPR]}{'...' * (len(text) > _LONGEST_REPR)}"
