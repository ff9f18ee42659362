r"""The formula language of the table of primitives: parse, compile, evaluate, print.

A formula is an expression in a small subset of Python's own syntax::

    numbers      2   0.5   inf   nan
    names        the operands of the row, `out` for its result, the names bound by its `let`
    operators    + - * / // % **   unary -
    conditions   < <= > >= == !=   and or not   constant(x): x is a plain number, not a Value
    functions    the keys of FUNCTIONS, and where(condition, a, b), which evaluates one side only
    over columns sum(formula) and max(formula), from 0.0 and from -inf, one row after another

Because a formula is data, one text serves every reader of the table: it becomes a Python function
(`compile_function`), a C expression (`to_c`), LaTeX (`to_latex`), and a value in any arithmetic
that brings the functions: mpmath numbers, intervals, Values (`evaluate`).

This file knows nothing of the rows themselves, nor of Values.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd import _special

__all__ = [
    "AGGREGATES",
    "FUNCTIONS",
    "IEEE",
    "RAISING",
    "FormulaError",
    "aggregate",
    "compile_columns",
    "compile_function",
    "define",
    "evaluate",
    "names_in",
    "negate",
    "parse",
    "to_c",
    "to_latex",
    "to_python",
]


def _floor(x: float) -> float:
    """Return the floor as C does: a float, also of an infinity or a NaN."""
    return float(math.floor(x)) if math.isfinite(x) else x


def _ldexp(x: float, n: float) -> float:
    """Return x times two to the n, where n is a whole number, given as a float."""
    if not math.isfinite(n):
        return x * float(IEEE["pow"](2.0, n))
    return math.ldexp(x, int(n)) if n == math.floor(n) else math.nan


def _exact(terms: Iterable[tuple[float, ...]]) -> float:
    """Return the sum of the products of each row, rounded once."""
    from fractions import Fraction  # noqa: PLC0415  (only where `math` lacks the function)

    rows = list(terms)
    beyond = [row for row in rows if not all(map(math.isfinite, row))]
    rounded: float = sum([math.prod(row) for row in beyond or rows], -0.0)
    if beyond:  # beside an infinity, what is finite counts for nothing
        return rounded
    exact = sum(math.prod(map(Fraction, row)) for row in rows)
    return float(exact) if exact else 0.0 if rounded else rounded  # with the sign that zeros add up to


#: `math.fma` came with Python 3.13, `math.sumprod` with 3.12.
_fma: Callable[..., float] = getattr(math, "fma", lambda x, y, z: _exact([(x, y), (z, 1.0)]))
_sumprod: Callable[..., float] = getattr(math, "sumprod", lambda p, q: _exact(zip(p, q, strict=True)) + 0.0)

#: Function of the language -> how Python, C and LaTeX spell it. Where the C spelling is empty, CPython
#: has an algorithm of its own, and the C twin calls Python's function.
FUNCTIONS: dict[str, tuple[Callable[..., float], str, str]] = {
    "abs": (abs, "fabs", r"\lvert {} \rvert"),
    "acos": (math.acos, "acos", r"\arccos\left({}\right)"),
    "acosh": (math.acosh, "acosh", r"\operatorname{{arcosh}}\left({}\right)"),
    "asin": (math.asin, "asin", r"\arcsin\left({}\right)"),
    "asinh": (math.asinh, "asinh", r"\operatorname{{arsinh}}\left({}\right)"),
    "atan": (math.atan, "atan", r"\arctan\left({}\right)"),
    "atan2": (math.atan2, "atan2", r"\operatorname{{atan2}}\left({}, {}\right)"),
    "atanh": (math.atanh, "atanh", r"\operatorname{{artanh}}\left({}\right)"),
    "cbrt": (math.cbrt, "cbrt", r"\sqrt[3]{{{}}}"),
    "copysign": (math.copysign, "copysign", r"\operatorname{{copysign}}\left({}, {}\right)"),
    "cos": (math.cos, "cos", r"\cos\left({}\right)"),
    "cosh": (math.cosh, "cosh", r"\cosh\left({}\right)"),
    "digamma": (_special.digamma, "digamma", r"\psi\left({}\right)"),
    "erf": (math.erf, "erf", r"\operatorname{{erf}}\left({}\right)"),
    "erfc": (math.erfc, "erfc", r"\operatorname{{erfc}}\left({}\right)"),
    "erfinv": (_special.erfinv, "erfinv", r"\operatorname{{erf}}^{{-1}}\left({}\right)"),
    "erfinv_slope": (_special.erfinv_slope, "erfinv_slope", r"{}, {}"),
    "exp": (math.exp, "exp", r"e^{{{}}}"),
    "exp2": (math.exp2, "exp2", r"2^{{{}}}"),
    "exp_of_minus_square": (_special.exp_of_minus_square, "exp_of_minus_square", r"e^{{-{}^2}}"),
    "expm1": (math.expm1, "expm1", r"e^{{{}}} - 1"),
    "floor": (_floor, "floor", r"\left\lfloor {} \right\rfloor"),
    "fma": (_fma, "fma", r"\operatorname{{fma}}\left({}, {}, {}\right)"),
    "fmod": (math.fmod, "fmod", r"\operatorname{{fmod}}\left({}, {}\right)"),
    "fsum": (math.fsum, "", r"\sum {}"),
    "gamma": (math.gamma, "", r"\Gamma\left({}\right)"),
    "hypot": (lambda column: math.hypot(*column), "", r"\sqrt{{\sum {}^2}}"),
    "ldexp": (_ldexp, "float_ldexp", r"{} \cdot 2^{{{}}}"),
    "lgamma": (math.lgamma, "", r"\ln \lvert \Gamma\left({}\right) \rvert"),
    "log": (math.log, "log", r"\ln\left({}\right)"),
    "log10": (math.log10, "log10", r"\log_{{10}}\left({}\right)"),
    "log1p": (math.log1p, "log1p", r"\ln\left(1 + {}\right)"),
    "log2": (math.log2, "log2", r"\log_2\left({}\right)"),
    "polygamma": (_special.polygamma, "polygamma", r"\psi^{{({})}}\left({}\right)"),
    "remainder": (math.remainder, "remainder", r"\operatorname{{remainder}}\left({}, {}\right)"),
    "sin": (math.sin, "sin", r"\sin\left({}\right)"),
    "sinh": (math.sinh, "sinh", r"\sinh\left({}\right)"),
    "sqrt": (math.sqrt, "sqrt", r"\sqrt{{{}}}"),
    "sumprod": (_sumprod, "", r"\sum {} \cdot {}"),
    "tan": (math.tan, "tan", r"\tan\left({}\right)"),
    "tanh": (math.tanh, "tanh", r"\tanh\left({}\right)"),
}

#: What runs over all rows of the columns of operands: its start, one step in Python, one step in C, LaTeX.
AGGREGATES = {
    "sum": ("0.0", "{0} + {1}", "{0} + {1}", r"\sum {}"),
    # A NaN is greater than everything, and stays.
    "max": ("-inf", "({1} if {1} > {0} or {1} != {1} else {0})", "{1} > {0} || isnan({1}) ? {1} : {0}", r"\max {}"),
}

# Operator -> (spelling in Python, spelling in C, the function it means, LaTeX, binding strength).
# math.pow is the pow of C: unlike Python's ** it never returns a complex number.
_OPERATORS: dict[type[ast.AST], tuple[str, str, Callable[..., Any], str, int]] = {
    ast.Add: ("({} + {})", "({} + {})", operator.add, "{} + {}", 1),
    ast.Sub: ("({} - {})", "({} - {})", operator.sub, "{} - {}", 1),
    ast.Mult: ("({} * {})", "({} * {})", operator.mul, r"{} \cdot {}", 2),
    ast.Div: ("divide({}, {})", "({} / {})", operator.truediv, r"\frac{{{}}}{{{}}}", 4),
    ast.FloorDiv: (
        "({} // {})",
        "float_floordiv({}, {})",
        operator.floordiv,
        r"\left\lfloor \frac{{{}}}{{{}}} \right\rfloor",
        4,
    ),
    ast.Mod: ("({} % {})", "float_mod({}, {})", operator.mod, r"{} \bmod {}", 2),
    ast.Pow: ("pow({}, {})", "float_pow({}, {})", math.pow, "{{{}}}^{{{}}}", 3),
    ast.USub: ("(-{})", "(-{})", operator.neg, "-{}", 2),
    ast.Not: ("(not {})", "(!{})", operator.not_, r"\lnot {}", 2),
    ast.And: (" and ", " && ", all, r" \land ", 0),
    ast.Or: (" or ", " || ", any, r" \lor ", 0),
    ast.Lt: ("({} < {})", "({} < {})", operator.lt, "{} < {}", 0),
    ast.LtE: ("({} <= {})", "({} <= {})", operator.le, r"{} \le {}", 0),
    ast.Gt: ("({} > {})", "({} > {})", operator.gt, "{} > {}", 0),
    ast.GtE: ("({} >= {})", "({} >= {})", operator.ge, r"{} \ge {}", 0),
    ast.Eq: ("({} == {})", "({} == {})", operator.eq, "{} = {}", 0),
    ast.NotEq: ("({} != {})", "({} != {})", operator.ne, r"{} \ne {}", 0),
}
_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
_NUMBERS = {"inf": math.inf, "nan": math.nan, "pi": math.pi}
_ATOM = 5  # binding strength of what never needs brackets


# ---- IEEE arithmetic in Python ---------------------------------------------------------------------


def _divide(x: float, y: float) -> float:
    if y != 0.0:
        return x / y
    return math.nan if x == 0.0 or math.isnan(x) else math.copysign(math.inf, x) * math.copysign(1.0, y)


def _power(x: float, y: float) -> float:
    odd = x < 0.0 and math.fmod(y, 2.0) != 0.0 if math.isfinite(y) else False
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if odd else math.inf
    except ValueError:  # 0 to a negative power, or the root of a negative number
        if x != 0.0:
            return math.nan
        return math.copysign(math.inf, x) if math.fmod(y, 2.0) in {1.0, -1.0} else math.inf


def _sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def _log(x: float) -> float:
    return math.log(x) if x > 0.0 else -math.inf if x == 0.0 else math.nan


def _total(function: Callable[..., float]) -> Callable[..., float]:
    """Return a function of `math` as C has it: inf or NaN where Python raises."""

    def total(*operands: float) -> float:
        try:
            return function(*operands)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return total


#: The functions of the language that never raise, as partials need them; `divide` and `pow` are operators.
IEEE: dict[str, Callable[..., Any]] = {name: _total(function) for name, (function, _, _) in FUNCTIONS.items()}
IEEE.update(divide=_divide, log=_log, pow=_power, sinh=_sinh)
#: The functions of the language as `math` has them: they raise where there is no value.
RAISING: dict[str, Callable[..., Any]] = {name: function for name, (function, _, _) in FUNCTIONS.items()} | {
    "divide": operator.truediv,
    "pow": math.pow,
}


class FormulaError(ValueError):
    """A formula that the language does not have."""


@functools.cache
def parse(formula: str) -> ast.expr:
    """Parse a formula and check that it stays within the language.

    Raises
    ------
    FormulaError
        Naming the formula and the part that the language does not have.
    """
    try:
        tree = ast.parse(formula, mode="eval").body
    except SyntaxError as error:
        raise FormulaError(f"formula: expected an expression, got {formula!r}") from error
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                known = name in FUNCTIONS or name in AGGREGATES or name in {"where", "constant"}
            case ast.Compare():
                known = len(node.ops) == 1
            case ast.Constant():
                known = type(node.value) in {bool, int, float}
            case _:
                known = type(node) in _OPERATORS or isinstance(
                    node, ast.BinOp | ast.UnaryOp | ast.BoolOp | ast.Name | ast.Load
                )
        if not known:
            raise FormulaError(
                f"formula: expected only what the language has, got {ast.unparse(node)!r} in {formula!r}"
            )
    return tree


def negate(tree: ast.expr) -> ast.expr:
    """Return the opposite of a condition, with every comparison turned round.

    Unlike ``not``, the opposite of ``x > 0`` is false for a NaN, as ``x > 0`` itself is: a NaN
    operand lies outside no domain.
    """
    match tree:
        case ast.Compare(left=left, ops=[comparison], comparators=comparators):
            return ast.Compare(left=left, ops=[_OPPOSITES[type(comparison)]()], comparators=comparators)
        case ast.BoolOp(op=junction, values=values):
            opposite = ast.Or() if isinstance(junction, ast.And) else ast.And()
            return ast.BoolOp(op=opposite, values=[negate(value) for value in values])
    raise FormulaError(f"negate: expected a condition, got {ast.unparse(tree)!r}")


def compile_function(
    name: str,
    parameters: Iterable[str],
    results: Iterable[tuple[ast.expr, ast.expr | None]],
    let: Mapping[str, str],
    constants: Iterable[str] = (),
    functions: Mapping[str, Callable[..., Any]] = RAISING,
) -> Callable[..., tuple[Any, ...]]:
    """Compile formulas to one Python function that returns a tuple of their values.

    Parameters
    ----------
    name : str
        Name of the function, for tracebacks.
    parameters : iterable of str
        Names the formulas use, in the order of the call.
    results : iterable of (tree, tree or None)
        What to return: a formula, and a condition under which to return None instead of it.
    let : mapping of str to str
        Sub-formulas that several results share. They are computed first, if any result uses them.
    constants : iterable of str
        The operands for which ``constant(operand)`` is true.
    functions : mapping of str to callable
        The functions of the language, with ``divide`` and ``pow`` for two of its operators: those of
        `math`, which raise; or `IEEE`, which never do; or functions of other numbers.
    """
    lines, printed = to_python(results, let, constants)
    return define(name, parameters, [*lines, f"return ({', '.join(printed)},)" if printed else "return ()"], functions)


def to_python(
    results: Iterable[tuple[ast.expr, ast.expr | None]], let: Mapping[str, str], constants: Iterable[str] = ()
) -> tuple[list[str], list[str]]:
    """Print formulas in Python: the assignments to the names in `let` that they need, and their expressions.

    The parameters are those of `compile_function`.
    """
    held = frozenset(constants)
    printed = []
    used: set[str] = set()
    for tree, absent in results:
        text = _to_python(tree, held)
        unless = "False" if absent is None else _to_python(absent, held)
        printed.append(text if unless == "False" else f"(None if {unless} else {text})")
        used |= names_in(tree) | (names_in(absent) if absent else set())
    return [f"{key} = {_to_python(parse(let[key]), held)}" for key in _needed(let, used)], printed


def compile_columns(
    name: str, columns: Iterable[str], value: ast.expr, let: Mapping[str, str], shared: Iterable[str]
) -> Callable[..., tuple[float, ...]]:
    """Compile the value of a primitive of columns to a Python function of lists of floats.

    It returns the value, then those of the sub-formulas in `let` that run over all rows, which
    `shared` names.
    """
    operands = list(columns)
    rows = f"for {', '.join(operands)}, in zip({', '.join(f'{x}_column' for x in operands)}):"
    lines = []
    for key in shared:
        name_of_aggregate, tree = aggregate(let[key])
        start, step, _, _ = AGGREGATES[name_of_aggregate]
        earlier = {k: let[k] for k in list(let)[: list(let).index(key)] if k not in shared}
        lines += [f"{key} = {start}", rows]
        lines += [f"    {k} = {_to_python(parse(let[k]), frozenset())}" for k in _needed(earlier, names_in(tree))]
        lines += [f"    term = {_to_python(tree, frozenset())}", f"    {key} = {step.format(key, 'term')}"]
    lines += [f"{x} = {x}_column" for x in operands]  # for a function of whole columns
    lines += [f"return ({', '.join([_to_python(value, frozenset()), *shared])},)"]
    return define(name, [f"{x}_column" for x in operands], lines, RAISING)


def aggregate(formula: str) -> tuple[str, ast.expr]:
    """Take apart what runs over all rows of columns: ``sum`` or ``max``, and what of."""
    match parse(formula):
        case ast.Call(func=ast.Name(id=name), args=[tree]) if name in AGGREGATES:
            return name, tree
    raise FormulaError(f"formula: expected sum(...) or max(...), got {formula!r}")


def define(
    name: str, parameters: Iterable[str], lines: Iterable[str], functions: Mapping[str, Any]
) -> Callable[..., Any]:
    """Define the Python function that consists of these lines; `functions` are the names they may use."""
    source = "\n    ".join([f"def {name}_formula({', '.join(parameters)}):", *lines])
    scope: dict[str, Any] = {**functions, **_NUMBERS}
    # A file of this package by its name, so that record_lines looks for the user's line further out.
    exec(compile(source, f"{__file__}:<{name}>", "exec"), scope)
    return scope[f"{name}_formula"]  # type: ignore[no-any-return]


def _needed(let: Mapping[str, str], used: set[str]) -> list[str]:
    """Return the sub-formulas that a formula with these names needs, in order."""
    needed = set(used)
    for key in reversed(list(let)):  # an entry may use those before it
        if key in needed:
            needed |= names_in(parse(let[key]))
    return [key for key in let if key in needed]


def names_in(tree: ast.expr) -> set[str]:
    """Return the names in a formula, those of its functions included."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _to_python(tree: ast.expr, constants: frozenset[str]) -> str:
    def show(node: ast.expr) -> str:
        return _to_python(node, constants)

    match tree:
        case ast.Call(func=ast.Name(id="where"), args=[condition, yes, no]):
            return f"({show(yes)} if {show(condition)} else {show(no)})"
        case ast.Call(func=ast.Name(id="constant"), args=[ast.Name(id=name)]):
            return str(name in constants)
        case ast.BoolOp(op=ast.And(), values=values) if "False" in map(show, values):
            return "False"
    return _spell(tree, 0, show)


def to_c(tree: ast.expr, operands: tuple[str, ...] = ()) -> str:
    """Print a formula as a C expression of doubles.

    ``constant(x)`` tests the bit of ``x`` in a mask named ``constant``; `operands` gives the order
    of the bits. Every operation keeps its brackets, so that C associates as Python does.
    """

    def show(node: ast.expr) -> str:
        return to_c(node, operands)

    match tree:
        case ast.Call(func=ast.Name(id="where"), args=[condition, yes, no]):
            return f"({show(condition)} ? {show(yes)} : {show(no)})"
        case ast.Call(func=ast.Name(id="constant"), args=[ast.Name(id=name)]):
            return f"(constant & {1 << operands.index(name)}u)"
        case ast.Name(id="inf"):
            return "INFINITY"
        case ast.Name(id="nan"):
            return "NAN"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return f"{FUNCTIONS[name][1]}({', '.join(map(show, arguments))})"
    return _spell(tree, 1, show)


def _spell(tree: ast.expr, language: int, show: Callable[[ast.expr], str]) -> str:
    """Print what Python (language 0) and C (language 1) spell alike but for the operators."""
    match tree:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=bool() as truth):
            return ("True", "1")[language] if truth else ("False", "0")[language]
        case ast.Constant(value=int() | float() as number):
            return repr(float(number))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return f"{name}({', '.join(map(show, arguments))})"
        case ast.BoolOp(op=junction, values=values):
            return f"({str(_OPERATORS[type(junction)][language]).join(map(show, values))})"
    operation, operands = _operation(tree)
    return str(_OPERATORS[operation][language]).format(*map(show, operands))


def _operation(tree: ast.expr) -> tuple[type[ast.AST], list[ast.expr]]:
    match tree:
        case ast.BinOp(left=left, op=operation, right=right):
            return type(operation), [left, right]
        case ast.UnaryOp(op=operation, operand=operand):
            return type(operation), [operand]
        case ast.Compare(left=left, ops=[operation], comparators=[right]):
            return type(operation), [left, right]
    raise FormulaError(f"formula: expected an operation, got {ast.unparse(tree)!r}")


def to_latex(tree: ast.expr, names: Mapping[str, str] | None = None) -> str:
    """Print a formula as LaTeX, with the fewest brackets that keep its meaning.

    Parameters
    ----------
    tree : parsed formula
    names : mapping of str to str, optional
        LaTeX for the names in the formula, where it is not the name itself.
    """
    return _latex(tree, names or {})[0]


def _latex(tree: ast.expr, names: Mapping[str, str]) -> tuple[str, int]:
    """Return the LaTeX of a formula and how strongly it binds."""

    def show(node: ast.expr, least: int = 0) -> str:
        text, strength = _latex(node, names)
        return text if strength >= least else rf"\left({text}\right)"

    match tree:
        case ast.Name(id="inf"):
            return r"\infty", _ATOM
        case ast.Name(id="nan"):
            return r"\mathrm{NaN}", _ATOM
        case ast.Name(id=name):
            return names.get(name, name), _ATOM
        case ast.Constant(value=number):
            return repr(number), _ATOM
        case ast.Call(func=ast.Name(id="where"), args=[condition, yes, no]):
            return (
                rf"\begin{{cases}} {show(yes)} & \text{{if }} {show(condition)} \\"
                rf" {show(no)} & \text{{otherwise}} \end{{cases}}",
                _ATOM,
            )
        case ast.Call(func=ast.Name(id="constant"), args=[operand]):
            return rf"{show(operand)} \text{{ is constant}}", 0
        case ast.Call(func=ast.Name(id=name), args=[operand]) if name in AGGREGATES:
            return AGGREGATES[name][3].format(show(operand, 2)), 2
        case ast.Call(func=ast.Name(id=name), args=arguments):
            strength = 1 if name == "expm1" else _ATOM
            return FUNCTIONS[name][2].format(*map(show, arguments)), strength
        case ast.BoolOp(op=junction, values=values):
            return _OPERATORS[type(junction)][3].join(show(value) for value in values), 0
    operation, operands = _operation(tree)
    _, _, _, template, strength = _OPERATORS[operation]
    if operation in {ast.Div, ast.FloorDiv}:
        return template.format(*map(show, operands)), strength
    if operation is ast.Pow:
        return template.format(show(operands[0], _ATOM), show(operands[1])), strength
    # The right operand of - and of a product needs brackets where it binds no stronger.
    least = [strength] + [strength + (operation is not ast.Add)] * (len(operands) - 1)
    return template.format(*map(show, operands, least)), strength


def evaluate(
    tree: ast.expr,
    names: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
    constants: frozenset[str] = frozenset(),
) -> Any:
    """Evaluate a formula in any arithmetic.

    Parameters
    ----------
    tree : parsed formula
    names : mapping
        Numbers of the arithmetic, for the names in the formula (``inf`` and ``nan`` among them
        where the formula has them).
    functions : mapping
        The functions of the language in that arithmetic. ``pow``, where present, stands for
        ``**``; the other operators are those of the numbers themselves.
    constants : set of str
        The operands for which ``constant(operand)`` is true.
    """

    def value(node: ast.expr) -> Any:
        return evaluate(node, names, functions, constants)

    match tree:
        case ast.Call(func=ast.Name(id="where"), args=[condition, yes, no]):
            return value(yes) if value(condition) else value(no)
        case ast.Call(func=ast.Name(id="constant"), args=[ast.Name(id=name)]):
            return name in constants
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return functions[name](*map(value, arguments))
        case ast.Name(id=name):
            return names[name] if name in names else _NUMBERS[name]
        case ast.Constant(value=number):
            return number
        case ast.BoolOp(op=junction, values=values):
            # A generator, so that `and` and `or` stop where they do in Python and in C.
            return _OPERATORS[type(junction)][2](value(node) for node in values)
    operation, operands = _operation(tree)
    if operation is ast.Pow and "pow" in functions:
        return functions["pow"](*map(value, operands))
    return _OPERATORS[operation][2](*map(value, operands))
