"""A ready property test of the gradient of a user's function, as text.

``python -m autograd.testing write MODULE:FUNCTION > test_it.py`` finds what the parameters are, from annotations,
defaults and calls on floats, and over what ranges the function is defined, and writes that down as strategies. It is a
start: a person is to read it, and to widen the ranges.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import itertools
import keyword
import math
import random
import textwrap
import types
import typing
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["TargetError", "property_test"]

Function = Callable[..., Any]
Span = tuple[float, float]

#: Where to try a number: everywhere, and where functions such as log, acosh and atanh are defined.
SPANS: tuple[Span, ...] = ((-10.0, 10.0), (0.1, 10.0), (-0.9, 0.9), (0.1, 0.9), (1.1, 10.0), (-10.0, -0.1))
_TRIES = 100
_NEARLY_ALL = 0.9  # a function that is defined at so many points of a range need not be kept to a smaller one
_LONGEST = 5
_WIDTH = 88  # of lines, as formatters have it
_UNDEFINED = (ValueError, ArithmeticError)
_NAMES = {"given", "reject", "st", "check_grad"}


class TargetError(Exception):
    """There is no such function, or none that numbers can be passed to; the text says how to go on."""


def property_test(target: str) -> str:
    """Return the text of a test file for a function.

    Parameters
    ----------
    target : str
        ``MODULE:FUNCTION``; the module is imported, and the function called.

    Raises
    ------
    TargetError
        The message says what was expected and what was got.
    """
    module, name, function = _found(target)
    return _text(module, name, _tried(function))


# ---- the function --------------------------------------------------------------------------------


def _found(target: str) -> tuple[str, str, Function]:
    module_name, _, name = target.partition(":")
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in [*module_name.split("."), name]):
        raise TargetError(f"expected MODULE:FUNCTION, such as mymodel.losses:huber, got {target!a}")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise TargetError(f"importing {module_name!a} failed: {_in_words(error)}") from error
        raise TargetError(f"expected a module that can be imported from here, got {module_name!a}") from error
    except Exception as error:
        raise TargetError(f"importing {module_name!a} failed: {_in_words(error)}") from error
    function = getattr(module, name, None)
    if not callable(function):
        functions = [each for each, what in vars(module).items() if callable(what) and each.isidentifier()]
        near = difflib.get_close_matches(name, functions, n=1)
        cure = f"; did you mean {near[0]!a}?" if near else ""
        raise TargetError(f"expected a function in {module_name!a}, got {name!a}{cure}")
    return module_name, name, function


def _in_words(error: BaseException) -> str:
    text = ascii(str(error))
    return f"{type(error).__name__}: {text if len(text) <= 100 else text[:97] + '...'}"


# ---- its parameters ------------------------------------------------------------------------------
#
# A template says what a parameter takes: "real", "int" or "bool"; Many of a template; or a tuple, list or dict
# of templates.


class Many(NamedTuple):
    """A list of any length, within limits."""

    item: Any
    least: int = 2
    most: int = 3


@dataclass
class Parameter:
    """A parameter that the test passes something to, and the range that its numbers are drawn from."""

    name: str
    templates: list[Any]  # what it may take; after the trials, there is one
    prefix: str = ""  # "*", or "name=" for what is passed by keyword
    span: Span = SPANS[0]

    @property
    def template(self) -> Any:
        """What it takes."""
        return self.templates[0]

    @property
    def is_real(self) -> bool:
        """Whether the function is to be differentiated by it."""
        return _has_reals(self.template)


def _has_reals(template: Any) -> bool:
    match template:
        case str():
            return template == "real"
        case Many():
            return _has_reals(template.item)
        case dict():
            return any(map(_has_reals, template.values()))
        case _:
            return any(map(_has_reals, template))


def _parameters(function: Function) -> list[Parameter]:
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError) as error:
        raise TargetError("expected a function whose parameters Python knows; wrap it in one of your own") from error
    with suppress(Exception):  # of a name in an annotation that only type checkers import
        signature = inspect.signature(function, eval_str=True)
    found, by_keyword = [], False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        templates = _templates(parameter)
        if not templates or (by_keyword and parameter.kind in {parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL}):
            by_keyword = True  # this one keeps its default, so those after it need their names
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            found.append(Parameter(parameter.name, [Many(template) for template in templates], "*"))
        else:
            keyword_only = by_keyword or parameter.kind is parameter.KEYWORD_ONLY
            found.append(Parameter(parameter.name, templates, f"{parameter.name}=" if keyword_only else ""))
    return found


def _templates(parameter: inspect.Parameter) -> list[Any]:
    """Return what a parameter may take: what is annotated, else what its default is like, else a guess to be tried."""
    annotated = _of_annotation(parameter.annotation)
    if annotated is not None:
        return [annotated]
    if parameter.default is not parameter.empty:
        like = _of_default(parameter.default)
        return [] if like is None else [like]
    return ["real"] if parameter.kind is parameter.VAR_POSITIONAL else ["real", Many("real")]


def _of_annotation(annotation: Any) -> Any:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in (bool, int):
        return annotation.__name__
    if annotation is float or getattr(annotation, "__name__", "") == "Value":
        return "real"
    if origin in {typing.Union, types.UnionType}:
        return next((found for found in map(_of_annotation, inner) if found is not None), None)
    if origin is tuple and inner and inner[-1] is not ...:
        found = tuple(map(_of_annotation, inner))
        return None if None in found else found
    kind = origin or annotation
    if kind is tuple or (inspect.isclass(kind) and kind is not object and issubclass(list, kind)):
        item = _of_annotation(inner[0]) if inner else "real"
        return None if item is None else Many(item)
    return None


def _of_default(default: Any) -> Any:
    match default:
        case bool() | int():
            return type(default).__name__
        case float():
            return "real"
        case list() | tuple() if default:
            found = [_of_default(item) for item in default]
            return None if None in found else type(default)(found)
        case dict() if default:
            entries = {key: _of_default(item) for key, item in default.items()}
            return entries if all(isinstance(key, str) for key in entries) and None not in entries.values() else None
    return None


def _strategy(template: Any, span: Span) -> str:
    """Return the Hypothesis strategy of a template as Python."""
    match template:
        case "real":
            return f"st.floats({span[0]}, {span[1]})"
        case "int":
            return "st.integers(1, 5)"
        case "bool":
            return "st.booleans()"
        case Many():
            item = _strategy(template.item, span)
            return f"st.lists({item}, min_size={template.least}, max_size={template.most})"
        case dict():
            entries = ", ".join(f"{_quoted(key)}: {_strategy(item, span)}" for key, item in template.items())
            return f"st.fixed_dictionaries({{{entries}}})"
        case _:
            items = f"st.tuples({', '.join(_strategy(item, span) for item in template)})"
            return f"{items}.map(list)" if isinstance(template, list) else items


def _quoted(text: str) -> str:
    quoted = ascii(text)
    return f'"{quoted[1:-1]}"' if '"' not in quoted and quoted[0] == "'" else quoted


def _drawn(template: Any, span: Span, rng: random.Random) -> Any:
    """Return an example of a template: numbers from anywhere in the range, or round ones, where functions break."""
    match template:
        case "real":
            round_ones = [x for x in (0.0, 1.0, -1.0, 2.0, *span) if span[0] <= x <= span[1]]
            return rng.choice(round_ones) if rng.random() < 1 / 4 else rng.uniform(*span)
        case "int":
            return rng.randint(1, 5)
        case "bool":
            return rng.random() < 1 / 2
        case Many():
            return [_drawn(template.item, span, rng) for _ in range(rng.randint(template.least, template.most))]
        case dict():
            return {key: _drawn(item, span, rng) for key, item in template.items()}
        case _:
            return type(template)(_drawn(item, span, rng) for item in template)


# ---- trials --------------------------------------------------------------------------------------


class Found(NamedTuple):
    """What the trials showed."""

    parameters: list[Parameter]
    share: float  # of the points tried at which the function is defined
    at_first: float  # the same with all numbers from the widest range


class _RefusedError(Exception):
    """The function cannot be called like that."""


def _tried(function: Function) -> Found:
    """Find out what can be passed to a function, and where it is defined."""
    parameters = _parameters(function)
    if not any(_has_reals(template) for parameter in parameters for template in parameter.templates):
        raise TargetError("expected a function of one real number or more, got none; annotate them as float")
    refusals = []
    for templates in itertools.product(*(parameter.templates for parameter in parameters)):
        for parameter, template in zip(parameters, templates, strict=True):
            parameter.templates = [template]
        try:
            _fit_lengths(function, parameters)
            at_first = _share(function, parameters)
            if at_first < _NEARLY_ALL:
                _narrow(function, parameters)
            share = _share(function, parameters)
        except _RefusedError as refused:
            refusals.append(str(refused))
            continue
        if share:
            return Found(parameters, share, at_first)
        refusals.append(f"ValueError, ArithmeticError or no finite number at each of {_TRIES} points")
    raise TargetError(f"expected a function that returns one number when it is called with numbers, got {refusals[0]}")


def _share(function: Function, parameters: list[Parameter]) -> float:
    """Return the share of points at which the function is defined."""
    rng = random.Random(0)
    return sum(_is_defined(function, parameters, rng) for _ in range(_TRIES)) / _TRIES


def _is_defined(function: Function, parameters: list[Parameter], rng: random.Random) -> bool:
    positional: list[Any] = []
    by_keyword = {}
    for parameter in parameters:
        drawn = _drawn(parameter.template, parameter.span, rng)
        if parameter.prefix == "*":
            positional += drawn
        elif parameter.prefix:
            by_keyword[parameter.name] = drawn
        else:
            positional.append(drawn)
    try:
        out = function(*positional, **by_keyword)
    except _UNDEFINED:
        return False
    except Exception as error:
        raise _RefusedError(_in_words(error)) from error
    try:
        return math.isfinite(out)
    except TypeError as error:
        raise _RefusedError(f"a {type(out).__name__}") from error


def _fit_lengths(function: Function, parameters: list[Parameter]) -> None:
    """Give lists the lengths that the function takes: as many as it can, but one for all if they must be equal."""
    lists = [parameter for parameter in parameters if isinstance(parameter.template, Many)]

    def share(least: int, most: int) -> float:
        for parameter in lists:
            parameter.templates = [parameter.template._replace(least=least, most=most)]
        return _share(function, parameters)

    if not lists:
        return
    shares, refused = {}, None
    for length in range(1, _LONGEST + 1):
        try:
            shares[length] = share(length, length)
        except _RefusedError as error:
            refused = error
    taken = [length for length, defined in shares.items() if defined]
    if not taken:
        raise refused or _RefusedError("ValueError, ArithmeticError or no finite number with lists of any length")
    one = taken[min(1, len(taken) - 1)]
    try:
        equally_good = share(taken[0], taken[-1]) > shares[one] - 0.1
    except _RefusedError:
        equally_good = False
    if not equally_good:
        share(one, one)


def _narrow(function: Function, parameters: list[Parameter]) -> None:
    """Give each parameter the range with which the function is defined most often; of equals, the first.

    Twice, for the best range of one may depend on that of those after it, as in ``log(x / y)``.
    """
    for parameter in parameters * 2:
        if parameter.is_real:
            shares = {}
            for parameter.span in SPANS:
                shares[parameter.span] = _share(function, parameters)
            parameter.span = max(SPANS, key=shares.__getitem__)


# ---- the text ------------------------------------------------------------------------------------


def _text(module: str, name: str, found: Found) -> str:
    local = name
    if local.lower().startswith("test"):  # pytest would take the import for a test
        local = f"function_{local}"
    while local in _NAMES or any(local == parameter.name for parameter in found.parameters):
        local += "_"
    call = f"{local}({', '.join(parameter.prefix + parameter.name for parameter in found.parameters)})"
    reals = [parameter for parameter in found.parameters if parameter.is_real]
    variables = [parameter.name for parameter in reals if parameter.prefix != "*"]
    variables += [f"*{parameter.name}" for parameter in reals if parameter.prefix == "*"]
    is_plain = variables == [f"{parameter.prefix}{parameter.name}" for parameter in found.parameters]
    under_test = local if is_plain else f"lambda {', '.join(variables)}: {call}"
    strategies = [f"{each.name}={_strategy(each.template, each.span)}" for each in found.parameters]
    names = [parameter.name for parameter in found.parameters]
    guard = f"""
        try:
            {call}
        except (ValueError, ArithmeticError):
            reject()  # not defined here
    """
    lines = [
        f'"""The gradient of {name}, tested at points that Hypothesis draws."""',
        "",
        "from autograd.testing import check_grad",
        "from hypothesis import given, reject",
        "from hypothesis import strategies as st",
        "",
        f"from {module} import {name}{f' as {local}' if local != name else ''}",
        "",
        "",
        *(f"# {line}" for line in textwrap.wrap(_comment(found), _WIDTH - 2)),
        *_called("@given", strategies, ""),
        f"def test_gradient_of_{name}({', '.join(names)}):",
        f'    """The gradient of {name} is right wherever it is drawn."""',
        *textwrap.indent(textwrap.dedent(guard), "    ").strip("\n").splitlines(),
        *_called("check_grad", [under_test, *variables], "    "),
    ]
    return "\n".join(lines) + "\n"


def _called(name: str, arguments: list[str], indent: str) -> Iterator[str]:
    """Yield a call as a formatter would lay it out."""
    line = f"{indent}{name}({', '.join(arguments)})"
    inner = f"{indent}    {', '.join(arguments)}"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{indent}{name}("
    if len(inner) <= _WIDTH:
        yield inner
    else:
        yield from (f"{indent}    {argument}," for argument in arguments)
    yield f"{indent})"


def _comment(found: Found) -> str:
    """Say in words what the trials showed."""
    low, high = SPANS[0]
    words = [f"Over {low} to {high} it was defined at {found.at_first:.0%} of the points that were tried."]
    narrowed = [parameter for parameter in found.parameters if parameter.span != SPANS[0]]
    if narrowed:
        ranges = ", ".join(
            f"{parameter.name} from {parameter.span[0]} to {parameter.span[1]}" for parameter in narrowed
        )
        words.append(f"With {ranges} it was defined at {found.share:.0%}.")
    whole = [parameter.name for parameter in found.parameters if not parameter.is_real]
    if whole:
        words.append(f"It is not differentiated by {' and '.join(whole)}.")
    return " ".join(words)
