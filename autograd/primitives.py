"""The table of primitives: every operation the engine can record, one row each.

A row is all that is known about a primitive. Both twins, the methods of Value, `autograd.math`, the
documentation of conventions and the tests read it, so **adding a primitive is adding one row** and
running ``python tools/regen.py`` (and, for a function that the formula language lacks, one entry in
`autograd._formula.FUNCTIONS`). There is no logic here.

How to read a row
-----------------
name, operands
    What the primitive is called, and its operands in order. The formulas name them.
value
    The result. The engine calls it `out`; the partials may use it.
partials
    d out / d operand, one for each operand, in the form that stays accurate where the textbook's
    does not: 1 - tanh(x)**2 has no correct digit left at x = 20. They never raise once the value
    was found, and they may be infinite, as the slope of sqrt is at 0.
textbook
    The same value and partials as a textbook prints them, where that differs: for people to read.
    A test proves that both forms are the same function.
let
    Sub-formulas that several formulas of the row share.
domain
    What the operands must satisfy, in what words to say so, and what floats raise outside it.
    A NaN is outside no domain; it passes through.
overflows
    True where a result too large for a float raises OverflowError, as in `math`, rather than
    becoming inf, as in arithmetic.
flat
    Structural zeros, one for each operand: when this holds, the result does not depend on the
    operand near this point, or not on the side whose slope we take at a kink. No edge is recorded,
    so no inf or nan can come back along it. A partial that merely computes to 0.0 is an ordinary
    number.
kinks
    Where there is no one derivative, which of the possible slopes we take, and why.
fold
    True for a primitive of any number of operands: `value` is one step of a sum that starts from
    ``out = 0.0`` and runs through the columns of operands from left to right.
symbol
    The operator in Python's syntax; functions have none.
ulps
    Bounds of the error of the value and of each partial, in units in the last place, at the stored
    operands; a test measures both against mpmath. Of a fold, they hold for each operation of a
    step; the sum itself may cancel.
samples, hard_points
    For tests: the range of each operand that matters most, and the points where formulas break.
source
    Where a formula that is not plain calculus comes from.

The language of the formulas is described in `autograd._formula`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["PRIMITIVES", "Domain", "Kink", "Primitive"]

inf, nan = float("inf"), float("nan")


class Domain(NamedTuple):
    """A condition on the operands: the formula, how to say it, and what floats raise outside."""

    inside: str
    expected: str
    raises: str = "ValueError"


class Kink(NamedTuple):
    """A place where the derivative jumps: where, the slopes taken there, and the reason."""

    at: str
    taken: str
    reason: str


class Primitive(NamedTuple):
    """One row of the table; the module's docstring explains the columns."""

    name: str
    operands: tuple[str, ...]
    value: str
    partials: tuple[str, ...]
    ulps: tuple[float, float]
    textbook: tuple[str, ...] = ()
    let: Mapping[str, str] = {}
    domain: tuple[Domain, ...] = ()
    overflows: bool = False
    flat: tuple[str, ...] = ()
    kinks: tuple[Kink, ...] = ()
    fold: bool = False
    symbol: str = ""
    samples: tuple[tuple[float, float], ...] = ((-10.0, 10.0), (-10.0, 10.0))
    hard_points: tuple[tuple[float, ...], ...] = ()
    source: str = ""


X, XY = ("x",), ("x", "y")
FINITE = Domain("abs(x) < inf", "a finite x")
NONZERO = Domain("y != 0", "y != 0", "ZeroDivisionError")

#: The conventions of kinks, by rule: https://en.wikipedia.org/wiki/Subderivative
LEAST = "of all slopes between those of the two sides, the least"
BRANCH = "the slope of the branch that holds the point"

# A float below this (the least normal number) has lost digits, so nothing may be built from it:
# 2.2250738585072014e-308. The largest float is 1.7976931348623157e308.

PRIMITIVES: dict[str, Primitive] = {row.name: row for row in (
    # ---- arithmetic ------------------------------------------------------------------------------
    Primitive("add", XY, "x + y", ("1", "1"), symbol="+", ulps=(0.5, 0.0),
        hard_points=((1e308, 1e308), (inf, -inf), (0.0, -0.0), (1.0, 1e-17), (nan, 1.0))),
    Primitive("sub", XY, "x - y", ("1", "-1"), symbol="-", ulps=(0.5, 0.0),
        hard_points=((1e308, -1e308), (inf, inf), (0.0, 0.0), (1.0, 1.0 - 2**-53))),
    Primitive("mul", XY, "x * y", ("y", "x"), symbol="*", ulps=(0.5, 0.0),
        flat=("constant(y) and y == 0", "constant(x) and x == 0"),
        hard_points=((1e200, 1e200), (1e-200, 1e-200), (0.0, inf), (0.0, -0.0), (nan, 0.0))),
    Primitive("truediv", XY, "x / y",
        ("1 / y",
         "where(abs(out) < 2.2250738585072014e-308 and x != 0, -x / (y * y), -out / y)"),
        textbook=("x / y", "1 / y", "-x / y**2"), symbol="/", domain=(NONZERO,),
        flat=("False", "constant(x) and x == 0"), ulps=(0.5, 2.0),
        hard_points=((1.0, 1e-200), (1e-320, 1e-3), (1e-320, 1e-10), (1e200, 1e-200), (0.0, 1e-200),
                     (1e-5, 1e308), (5e-324, 3.0), (inf, 2.0), (2.0, inf), (1.0, -0.0))),
    Primitive("floordiv", XY, "x // y", ("0", "0"), symbol="//", domain=(NONZERO,),
        flat=("True", "True"), ulps=(2.0, 0.0),
        kinks=(Kink("x % y == 0", "0, 0", BRANCH),),
        hard_points=((6.0, 2.0), (-6.0, 2.0), (-1e-20, 3.0), (1.0, 0.1), (5.0, inf), (-5.0, inf),
                     (inf, 2.0), (0.0, -2.0), (-0.0, 2.0), (-1.2919262120640072e-268, -3.2067815336841776e-284))),
    Primitive("mod", XY, "x % y", ("1", "-(x // y)"), symbol="%", domain=(NONZERO,),
        flat=("False", "x // y == 0 and x != 0"), ulps=(0.5, 2.0),
        kinks=(Kink("x % y == 0", "1, -(x // y)", BRANCH),),
        hard_points=((6.0, 2.0), (-6.0, 4.0), (-1e-20, 3.0), (1.0, 0.1), (5.0, inf), (-5.0, inf),
                     (inf, 2.0), (0.0, -2.0), (-0.0, 2.0), (1e300, 7.0))),
    Primitive("pow", XY, "x ** y",
        # y * x**y / x, multiplied and divided in the order that stays within the floats. Where x**y has
        # lost digits, y - 1 is exact for 0 < y < 4; else two factors x**(y/2) have not lost any.
        ("where(y == 0, 0, where(y == 1, 1, where(y == 2, 2 * x, where(x == 0, where(y > 1, 0, y * inf),"
         " where(abs(x) == inf or abs(y) == inf, y * x ** (y - 1),"
         " where(abs(out) < 2.2250738585072014e-308, where(y > 0 and y < 4, y * x ** (y - 1),"
         " copysign(1, out) * copysign(1, x) * ((y * abs(x) ** (y / 2)) * (abs(x) ** (y / 2) / abs(x)))),"
         " where(abs(y * out) >= 2.2250738585072014e-308 and abs(y * out) < inf, (y * out) / x,"
         " (y / x) * out)))))))",
         "where(x <= 0, nan, where(abs(out) < 2.2250738585072014e-308 and x < inf,"
         " (x ** (y / 2) * log(x)) * x ** (y / 2), out * log(x)))"),
        textbook=("x ** y", "y * x ** (y - 1)", "x ** y * log(x)"), symbol="**",
        domain=(Domain("x != 0 or y >= 0 or y == -inf", "x != 0 where y < 0", "ZeroDivisionError"),
                Domain("x >= 0 or x == -inf or y <= floor(y)", "an integer y where x < 0")),
        overflows=True, flat=("constant(y) and y == 0", "(constant(x) and x == 1) or (x == 0 and y > 0)"),
        ulps=(1.0, 4.0),
        samples=((0.0, 10.0), (-10.0, 10.0)),
        kinks=(Kink("x == 0 and y == 0", "0, nan", "0**y jumps at y = 0, so it has no slope"),
               Kink("x < 0", "y x**(y - 1), nan", "x**y is not real for y near an integer")),
        hard_points=((0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (0.0, 2.0), (-0.0, 3.0), (-2.0, 2.0),
                     (-2.0, 3.0), (1e-200, 2.0), (1e-200, 3.0), (1e-100, 4.0), (-1e-100, 3.5 - 0.5),
                     (5e-324, -1e-300), (1e-310, 1.0), (1e-320, 1.05), (1 + 2**-52, -3.2e18),
                     (2.0, -1060.0), (1e300, 1.0), (inf, 2.0), (inf, 0.5), (inf, -1.0), (-inf, 3.0),
                     (2.0, inf), (0.5, inf), (nan, 0.0), (1.0, nan), (-8.0, 2.0), (0.0, -inf),
                     (1e150, 2.05), (10.0, -0.1), (1e-310, 0.5), (5.2631271154e-314, 0.014810884940109847),
                     (5e-324, 1.95), (1.5e-323, 1.93), (1e-320, 1.94), (5e-324, 1.99), (0.48, 1000.0),
                     (-1e-170, 3.0), (-1e-63, 5.0), (-1e-100, 4.0), (1e-310, -1e-300),
                     (1e-10, 1e-310), (2.0, 0.0), (1.0, 3.0))),
    Primitive("neg", X, "-x", ("-1",), symbol="-", ulps=(0.0, 0.0), hard_points=((0.0,), (-0.0,), (inf,))),
    Primitive("pos", X, "x", ("1",), symbol="+", ulps=(0.0, 0.0), hard_points=((-0.0,), (nan,))),
    Primitive("abs", X, "abs(x)", ("where(x > 0, 1, where(x < 0, -1, where(x == 0, 0, nan)))",),
        textbook=("abs(x)", "x / abs(x)"), symbol="abs",
        ulps=(0.0, 0.0), kinks=(Kink("x == 0", "0", LEAST),),
        hard_points=((0.0,), (-0.0,), (5e-324,), (-5e-324,), (-inf,), (nan,))),
    # ---- exponentials and logarithms ---------------------------------------------------------------
    Primitive("exp", X, "exp(x)", ("out",), textbook=("exp(x)", "exp(x)"), overflows=True,
        ulps=(1.0, 1.0), samples=((-745.0, 709.7),),
        hard_points=((0.0,), (709.78,), (709.79,), (-745.1,), (-745.2,), (-708.4,), (1e-17,), (-inf,),
                     (inf,), (nan,))),
    Primitive("expm1", X, "expm1(x)", ("exp(x)",), overflows=True, ulps=(1.0, 1.0),
        samples=((-745.0, 709.7),),
        hard_points=((0.0,), (-0.0,), (-40.0,), (1e-300,), (709.78,), (710.0,), (-746.0,), (-inf,))),
    Primitive("log", X, "log(x)", ("1 / x",), domain=(Domain("x > 0", "x > 0"),),
        ulps=(1.0, 1.0), samples=((0.0, 10.0),),
        hard_points=((1.0,), (5e-324,), (1e-310,), (1.0 - 2**-53,), (1.0 + 2**-52,), (inf,), (0.0,),
                     (-1.0,), (nan,))),
    Primitive("log1p", X, "log1p(x)", ("1 / (1 + x)",), domain=(Domain("x > -1", "x > -1"),),
        ulps=(1.0, 2.0), samples=((-1.0, 10.0),),
        hard_points=((0.0,), (-0.0,), (1e-300,), (-1.0 + 2**-53,), (-0.5,), (inf,), (-1.0,))),
    Primitive("sqrt", X, "sqrt(x)", ("where(out == 0, inf, 0.5 / out)",),
        textbook=("sqrt(x)", "1 / (2 * sqrt(x))"), domain=(Domain("x >= 0", "x >= 0"),),
        ulps=(0.5, 2.0), samples=((0.0, 10.0),),
        hard_points=((0.0,), (-0.0,), (5e-324,), (1e-310,), (inf,), (-1.0,), (nan,))),
    # ---- trigonometric and hyperbolic --------------------------------------------------------------
    Primitive("sin", X, "sin(x)", ("cos(x)",), domain=(FINITE,), ulps=(1.0, 1.0),
        hard_points=((0.0,), (-0.0,), (1.5707963267948966,), (3.141592653589793,), (1e22,), (inf,))),
    Primitive("cos", X, "cos(x)", ("-sin(x)",), domain=(FINITE,), ulps=(1.0, 1.0),
        hard_points=((0.0,), (1.5707963267948966,), (3.141592653589793,), (1e22,), (-inf,))),
    Primitive("tan", X, "tan(x)", ("1 + out * out",), textbook=("tan(x)", "1 + tan(x)**2"),
        domain=(FINITE,), ulps=(1.0, 3.0),
        hard_points=((0.0,), (1.5707963267948966,), (3.141592653589793,), (1e22,), (inf,))),
    Primitive("tanh", X, "tanh(x)", ("4 * e / ((1 + e) * (1 + e))",), let={"e": "exp(-2 * abs(x))"},
        textbook=("tanh(x)", "1 - tanh(x)**2"), ulps=(2.5, 4.0),
        hard_points=((0.0,), (-0.0,), (5.968823670437168,), (20.0,), (-20.0,), (354.0,), (372.0,), (1e-300,),
                     (inf,), (nan,))),
    # ---- the units of neural networks --------------------------------------------------------------
    Primitive("sigmoid", X, "where(x >= 0, 1 / (1 + e), e / (1 + e))", ("e / ((1 + e) * (1 + e))",),
        let={"e": "exp(-abs(x))"},
        textbook=("1 / (1 + exp(-x))", "exp(-x) / (1 + exp(-x))**2"), ulps=(3.0, 4.0),
        hard_points=((0.0,), (-0.0,), (36.8,), (40.0,), (-40.0,), (709.0,), (745.0,), (-745.0,), (-inf,),
                     (inf,), (nan,))),
    Primitive("relu", X, "where(x > 0, x, where(x <= 0, 0, x))", ("where(x > 0, 1, nan)",),
        textbook=("where(x > 0, x, 0)", "where(x > 0, 1, 0)"), flat=("x <= 0",), ulps=(0.0, 0.0),
        kinks=(Kink("x == 0", "0", LEAST),),
        hard_points=((0.0,), (-0.0,), (5e-324,), (-5e-324,), (inf,), (-inf,), (nan,))),
    Primitive("softplus", X, "where(x > 0, x, 0) + log1p(e)", ("where(x >= 0, 1, e) / (1 + e)",),
        let={"e": "exp(-abs(x))"},
        textbook=("log1p(exp(x))", "1 / (1 + exp(-x))"), ulps=(2.0, 3.0),
        hard_points=((0.0,), (36.8,), (1000.0,), (-1000.0,), (-745.0,), (inf,), (-inf,), (nan,)),
        source="Maechler, Accurately computing log(1 - exp(-|a|)), assessed by the Rmpfr package (2012)"),
    # ---- choices -----------------------------------------------------------------------------------
    Primitive("maximum", XY, "where(x > y, x, where(y > x, y, where(x == y, x, nan)))",
        ("where(x > y, 1, where(x == y, 0.5, nan))", "where(y > x, 1, where(x == y, 0.5, nan))"),
        textbook=("where(x > y, x, y)", "where(x > y, 1, 0)", "where(x > y, 0, 1)"),
        flat=("y > x or (x == y and constant(y))", "x > y or (x == y and constant(x))"), ulps=(0.0, 0.0),
        kinks=(Kink("x == y", "1/2, 1/2; 0 where the other is a constant", LEAST),),
        hard_points=((1.0, 1.0), (0.0, -0.0), (nan, 1.0), (1.0, nan), (inf, inf), (2.0, 1.0))),
    Primitive("minimum", XY, "where(x < y, x, where(y < x, y, where(x == y, x, nan)))",
        ("where(x < y, 1, where(x == y, 0.5, nan))", "where(y < x, 1, where(x == y, 0.5, nan))"),
        textbook=("where(x < y, x, y)", "where(x < y, 1, 0)", "where(x < y, 0, 1)"),
        flat=("y < x or (x == y and constant(y))", "x < y or (x == y and constant(x))"), ulps=(0.0, 0.0),
        kinks=(Kink("x == y", "1/2, 1/2; 0 where the other is a constant", LEAST),),
        hard_points=((1.0, 1.0), (0.0, -0.0), (nan, 1.0), (1.0, nan), (inf, inf), (2.0, 1.0))),
    Primitive("where", ("condition", "x", "y"), "where(condition != 0, x, y)", ("0", "1", "1"),
        flat=("True", "condition == 0", "condition != 0"), ulps=(0.0, 0.0),
        samples=((0.0, 1.0), (-10.0, 10.0), (-10.0, 10.0)),
        hard_points=((1.0, 2.0, inf), (0.0, nan, 3.0), (0.0, 2.0, -0.0))),
    # ---- sums of any length ------------------------------------------------------------------------
    Primitive("sum", X, "out + x", ("1",), fold=True, ulps=(0.5, 0.0),
        hard_points=((1e308,), (-0.0,), (inf,), (nan,))),
    Primitive("dot", XY, "out + x * y", ("y", "x"), fold=True, ulps=(0.5, 0.0),
        flat=("constant(y) and y == 0", "constant(x) and x == 0"),
        hard_points=((0.0, inf), (1e200, 1e200), (-0.0, 1.0), (nan, 1.0))),
)}  # fmt: skip
