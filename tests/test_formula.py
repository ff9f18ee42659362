"""The formula language: what it has, what it refuses, and its printers."""

import fractions
import math

import pytest

from autograd._formula import FormulaError, compile_function, evaluate, negate, parse, to_c, to_latex


@pytest.mark.parametrize(
    "formula",
    [
        "x +",
        "x.y",
        "f(x)",
        "[x]",
        "x if y else z",
        "lambda: x",
        "exp(x=1)",
        "0 < x < 1",
        "'a'",
        "x @ y",
        "x; y",
        "__import__('os')",
    ],
)
def test_only_the_language(formula):
    """Anything else in Python's syntax is refused when the table is read."""
    with pytest.raises(FormulaError, match="formula: expected "):
        parse(formula)


@pytest.mark.parametrize(
    ("formula", "c", "latex"),
    [
        ("1 / (2 * x)", "(1.0 / (2.0 * x))", r"\frac{1}{2 \cdot x}"),
        ("x - (y - 1)", "(x - (y - 1.0))", r"x - \left(y - 1\right)"),
        ("(x - y) - 1", "((x - y) - 1.0)", "x - y - 1"),
        ("-(x + y) * 2", "((-(x + y)) * 2.0)", r"-\left(x + y\right) \cdot 2"),
        ("x ** (y - 1)", "float_pow(x, (y - 1.0))", "{x}^{y - 1}"),
        ("(-x) ** 2", "float_pow((-x), 2.0)", r"{\left(-x\right)}^{2}"),
        ("exp(-abs(x))", "exp((-fabs(x)))", r"e^{-\lvert x \rvert}"),
        ("x // y % 2", "float_mod(float_floordiv(x, y), 2.0)", r"\left\lfloor \frac{x}{y} \right\rfloor \bmod 2"),
        (
            "where(x > 0 and not x > 1, x, inf)",
            "(((x > 0.0) && (!(x > 1.0))) ? x : INFINITY)",
            r"\begin{cases} x & \text{if } x > 0 \land \lnot \left(x > 1\right) \\ \infty & \text{otherwise} \end{cases}",
        ),
        ("constant(y) and y == 0 or True", "(((constant & 2u) && (y == 0.0)) || 1)", None),
        (
            "constant(y) and y != nan",
            "((constant & 2u) && (y != NAN))",
            r"y \text{ is constant} \land y \ne \mathrm{NaN}",
        ),
    ],
)
def test_printers(formula, c, latex):
    """C keeps every bracket; LaTeX only those that matter."""
    assert to_c(parse(formula), ("x", "y")) == c
    if latex:
        assert to_latex(parse(formula)) == latex


def test_latex_of_other_names():
    """A name may be printed as something else."""
    assert to_latex(parse("x * out"), {"out": "y_1"}) == r"x \cdot y_1"


def test_evaluation_in_any_arithmetic():
    """Numbers and functions are what the caller brings; `constant` is what the caller says."""
    names = {"x": fractions.Fraction(1, 3), "y": fractions.Fraction(2)}
    assert evaluate(parse("x / y + 1"), names, {}) == fractions.Fraction(7, 6)
    assert evaluate(parse("where(constant(x), x, y)"), names, {}, frozenset({"x"})) == names["x"]
    assert evaluate(parse("where(constant(x), x, y)"), names, {}) == names["y"]
    assert evaluate(parse("x ** y"), names, {"pow": lambda x, y: (x, y)}) == (names["x"], names["y"])
    assert evaluate(parse("exp(x)"), names, {"exp": str}) == "1/3"
    assert evaluate(parse("x < inf"), names, {}) is True


def test_negation_leaves_nan_outside_nothing():
    """The opposite of a condition holds where it fails, except for a NaN."""
    inside = parse("x > 0 or (y <= 1 and x != y)")
    for x in (-1.0, 0.0, 1.0, 2.0):
        for y in (0.0, 1.0, 2.0):
            names = {"x": x, "y": y}
            assert evaluate(negate(inside), names, {}) == (not evaluate(inside, names, {}))
    assert evaluate(negate(parse("x > 0")), {"x": math.nan}, {}) is False
    with pytest.raises(FormulaError):
        negate(parse("x + 1"))


def test_compiled_function_shares_and_skips():
    """`let` is computed once, only if used; None stands for what is absent; `constant` is known."""
    results = [(parse("e + e"), None), (parse("x"), parse("constant(y)")), (parse("y"), parse("constant(x)"))]
    function = compile_function("f", ["x", "y"], results, {"e": "x * 2", "unused": "1 / 0"}, ["y"])
    assert function(3.0, 5.0) == (12.0, None, 5.0)
    assert compile_function("g", ["x"], [], {})(1.0) == ()
    chained = compile_function("h", ["x"], [(parse("x"), parse("b > 5"))], {"a": "x * 2", "b": "a + 1"})
    assert (chained(1.0), chained(3.0)) == ((1.0,), (None,))
