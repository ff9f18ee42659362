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
smooth
    The partials once more, in a form to differentiate again: one formula, of primitives, where
    `partials` cut a function into pieces that only agree in their values, or would form inf - inf at
    an end of the domain. Absent where the partials themselves serve.
smooth_let
    Sub-formulas for `smooth` alone. In them what ``max`` finds counts as a plain number.
let
    Sub-formulas that several formulas of the row share; they may use `out`.
domain
    What the operands must satisfy, in what words to say so, what floats raise outside it, and the
    value there under `autograd.ieee`. A NaN is outside no domain; it passes through. (In Python the value's
    formula must raise outside, or not be finite, to be found out.)
overflows
    Where a result too large for a float raises OverflowError, as in `math`, rather than becoming
    inf, as in arithmetic: its value under `autograd.ieee`.
flat
    Structural zeros, one for each operand: when this holds, the result does not depend on the
    operand near this point, or not on the side whose slope we take at a kink. No edge is recorded,
    so no inf or nan can come back along it. A partial that merely computes to 0.0 is an ordinary
    number.
kinks
    Where there is no one derivative, which of the possible slopes we take, and why.
columns
    True for a primitive of any number of operands: they are rows of one or two columns. Sub-formulas
    such as ``sum(x * y)`` run over all rows, from left to right; partials are those of one row.
spread
    True for such a primitive that is called with its operands one by one, as `math.hypot` is.
numpy
    The name of the function in NumPy where it is another: a method of Value serves `numpy` functions
    of arrays of Values.
symbol
    The operator in Python's syntax; functions have none.
ulps
    Bounds of the error of the value and of each partial, in units in the last place, at the stored
    operands; docs/accuracy.md has what was measured against mpmath. Of columns, they hold for each
    operation; a sum itself may cancel.
mixed
    True where the bounds are in units in the last place of max(1, abs(exact)): near its zeros the
    function has fewer correct digits.
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
    """A condition on the operands: the formula, how to say it, and what there is outside."""

    inside: str
    expected: str
    ieee: str = "nan"
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
    smooth: tuple[str, ...] = ()
    smooth_let: Mapping[str, str] = {}
    let: Mapping[str, str] = {}
    domain: tuple[Domain, ...] = ()
    overflows: str = ""
    flat: tuple[str, ...] = ()
    kinks: tuple[Kink, ...] = ()
    columns: bool = False
    spread: bool = False
    symbol: str = ""
    numpy: str = ""
    mixed: bool = False
    samples: tuple[tuple[float, float], ...] = ((-10.0, 10.0), (-10.0, 10.0))
    hard_points: tuple[tuple[float, ...], ...] = ()
    source: str = ""


X, XY = ("x",), ("x", "y")
FINITE = Domain("abs(x) < inf", "a finite x")

#: The conventions of kinks, by rule: https://en.wikipedia.org/wiki/Subderivative
LEAST = "of all slopes between those of the two sides, the least"
BRANCH = "the slope of the branch that holds the point"

# A float below this (the least normal number) has lost digits, so nothing may be built from it:
# 2.2250738585072014e-308. The largest float is 1.7976931348623157e308.
# 4.149515568880993e180 is 2**600, to lift numbers that small out of danger.

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
        textbook=("x / y", "1 / y", "-x / y**2"), symbol="/",
        domain=(Domain("y != 0", "y != 0", "where(x == 0, nan, x * copysign(inf, y))", "ZeroDivisionError"),),
        flat=("False", "constant(x) and x == 0"), ulps=(0.5, 2.0),
        hard_points=((1.0, 1e-200), (1e-320, 1e-3), (1e-320, 1e-10), (1e200, 1e-200), (0.0, 1e-200),
                     (1e-5, 1e308), (5e-324, 3.0), (inf, 2.0), (2.0, inf), (1.0, -0.0), (0.0, 0.0))),
    Primitive("floordiv", XY, "x // y", ("0", "0"), symbol="//",
        domain=(Domain("y != 0", "y != 0", "where(x == 0, nan, x * copysign(inf, y))", "ZeroDivisionError"),),
        flat=("True", "True"), ulps=(2.0, 0.0),
        kinks=(Kink("remainder(x, y) == 0", "0, 0", BRANCH),),
        hard_points=((6.0, 2.0), (-6.0, 2.0), (-1e-20, 3.0), (1.0, 0.1), (5.0, inf), (-5.0, inf),
                     (inf, 2.0), (0.0, -2.0), (-0.0, 2.0), (-1.2919262120640072e-268, -3.2067815336841776e-284))),
    Primitive("mod", XY, "x % y", ("1", "-(x // y)"), symbol="%",
        domain=(Domain("y != 0", "y != 0", raises="ZeroDivisionError"),),
        flat=("False", "x // y == 0 and x != 0"), ulps=(0.5, 2.0),
        kinks=(Kink("remainder(x, y) == 0", "1, -(x // y)", BRANCH),),
        hard_points=((6.0, 2.0), (-6.0, 4.0), (-1e-20, 3.0), (1.0, 0.1), (5.0, inf), (-5.0, inf),
                     (inf, 2.0), (0.0, -2.0), (-0.0, 2.0), (1e300, 7.0))),
    Primitive("pow", XY, "x ** y",
        # y * x**y / x, multiplied and divided in the order that stays within the floats. Where x**y is too large
        # y - 1 is exact (or all is too large); where it has lost digits, y - 1 is exact for 0 < y < 4, and else two
        # factors x**(y/2) have not lost any.
        ("where(y == 0, 0, where(y == 1, 1, where(y == 2, 2 * x, where(x == 0, where(y > 1, 0, y * x ** (y - 1)),"
         " where(abs(x) == inf or abs(y) == inf or (abs(out) == inf and abs(y) < 9e15), y * x ** (y - 1),"
         " where(abs(out) < 2.2250738585072014e-308, where(y > 0 and y < 4, y * x ** (y - 1),"
         " copysign(1, out) * copysign(1, x) * ((y * abs(x) ** (y / 2)) * (abs(x) ** (y / 2) / abs(x)))),"
         " where(abs(y * out) >= 2.2250738585072014e-308 and abs(y * out) < inf, (y * out) / x,"
         " (y / x) * out)))))))",
         "where(x <= 0, nan, where((abs(out) < 2.2250738585072014e-308 or out == inf) and x < inf,"
         " (x ** (y / 2) * log(x)) * x ** (y / 2), out * log(x)))"),
        textbook=("x ** y", "y * x ** (y - 1)", "x ** y * log(x)"), symbol="**",
        smooth=("where(x == 0 and y == 0, 0,"  # where y - 1 is rounded, the power log(x) times more
                " where((y - 1 + 1 == y and y - (y - 1) == 1) or abs(out) < 2.2250738585072014e-308 or abs(out) == inf,"
                " y * x ** (y - 1), y / x * out))",
                "where(x <= 0, nan, out * log(x))"),
        domain=(Domain("x != 0 or y >= 0 or y == -inf", "x != 0 where y < 0",
                       "where(y % 2 == 1, copysign(inf, x), inf)", "ZeroDivisionError"),
                Domain("x >= 0 or x == -inf or y <= floor(y)", "an integer y where x < 0")),
        overflows="where(x < 0 and y % 2 == 1, -inf, inf)",
        flat=("constant(y) and y == 0", "(constant(x) and x == 1) or (x == 0 and y > 0)"),
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
                     (1e-10, 1e-310), (2.0, 0.0), (1.0, 3.0), (0.0, -1.0), (-0.0, -1.0), (-8.0, 1 / 3),
                     (-10.0, 309.0), (10.0, 309.0))),
    Primitive("neg", X, "-x", ("-1",), symbol="-", ulps=(0.0, 0.0), hard_points=((0.0,), (-0.0,), (inf,))),
    Primitive("pos", X, "x", ("1",), symbol="+", ulps=(0.0, 0.0), hard_points=((-0.0,), (nan,))),
    Primitive("abs", X, "abs(x)", ("where(x > 0, 1, where(x < 0, -1, where(x == 0, 0, nan)))",),
        textbook=("abs(x)", "x / abs(x)"), symbol="abs", numpy="fabs",
        ulps=(0.0, 0.0), kinks=(Kink("x == 0", "0", LEAST),),
        hard_points=((0.0,), (-0.0,), (5e-324,), (-5e-324,), (-inf,), (nan,))),
    Primitive("fma", ("x", "y", "z"), "fma(x, y, z)", ("y", "x", "1"), ulps=(0.5, 0.0),
        textbook=("x * y + z", "y", "x", "1"), overflows="x * copysign(inf, y)",
        domain=(Domain("(abs(x) < inf and abs(y) < inf) or x * y + z == x * y + z or x != x or y != y or z != z",
                       "no inf * 0 and no inf - inf"),),
        flat=("constant(y) and y == 0", "constant(x) and x == 0", "False"),
        samples=((-10.0, 10.0), (-10.0, 10.0), (-10.0, 10.0)),
        hard_points=((0.1, 10.0, -1.0), (1e308, 10.0, 0.0), (inf, 0.0, 1.0), (inf, 1.0, -inf), (1e-200, 1e-200, 0.0),
                     (1e-200, -1e-200, 0.0), (0.0, -1.0, 0.0), (nan, 0.0, 1.0), (1e308, 10.0, -1e308))),
    # ---- exponentials and logarithms ---------------------------------------------------------------
    Primitive("exp", X, "exp(x)", ("out",), textbook=("exp(x)", "exp(x)"), overflows="inf",
        ulps=(1.0, 1.0), samples=((-745.0, 709.7),),
        hard_points=((0.0,), (709.78,), (709.79,), (-745.1,), (-745.2,), (-708.4,), (1e-17,), (-inf,),
                     (inf,), (nan,))),
    Primitive("exp2", X, "exp2(x)",
        ("where(out < inf, out * 0.6931471805599453, exp2(x - 1) * 1.3862943611198906)",),
        textbook=("exp2(x)", "exp2(x) * log(2)"), overflows="inf", ulps=(1.0, 2.0), samples=((-1074.0, 1024.0),),
        hard_points=((0.0,), (1023.9999999999999,), (1024.0,), (-1074.0,), (-1075.0,), (-1022.5,), (-inf,), (inf,))),
    Primitive("expm1", X, "expm1(x)", ("exp(x)",), overflows="inf", ulps=(1.0, 1.0),
        samples=((-745.0, 709.7),),
        hard_points=((0.0,), (-0.0,), (-40.0,), (1e-300,), (709.78,), (710.0,), (-746.0,), (-inf,))),
    Primitive("log", X, "log(x)", ("1 / x",), domain=(Domain("x > 0", "x > 0", "where(x == 0, -inf, nan)"),),
        ulps=(1.0, 1.0), samples=((0.0, 10.0),),
        hard_points=((1.0,), (5e-324,), (1e-310,), (1.0 - 2**-53,), (1.0 + 2**-52,), (inf,), (0.0,),
                     (-0.0,), (-1.0,), (nan,))),
    Primitive("log2", X, "log2(x)", ("1.4426950408889634 / x",), textbook=("log2(x)", "1 / (x * log(2))"),
        domain=(Domain("x > 0", "x > 0", "where(x == 0, -inf, nan)"),),
        ulps=(1.0, 2.0), samples=((0.0, 10.0),),
        hard_points=((1.0,), (5e-324,), (8.0,), (1.0 - 2**-53,), (inf,), (0.0,), (-1.0,), (nan,))),
    Primitive("log10", X, "log10(x)", ("0.4342944819032518 / x",), textbook=("log10(x)", "1 / (x * log(10))"),
        domain=(Domain("x > 0", "x > 0", "where(x == 0, -inf, nan)"),),
        ulps=(2.0, 2.0), samples=((0.0, 10.0),),
        hard_points=((1.0,), (5e-324,), (1000.0,), (1.0 - 2**-53,), (inf,), (0.0,), (-1.0,), (nan,))),
    Primitive("log1p", X, "log1p(x)", ("1 / (1 + x)",),
        domain=(Domain("x > -1", "x > -1", "where(x == -1, -inf, nan)"),),
        ulps=(1.0, 2.0), samples=((-1.0, 10.0),),
        hard_points=((0.0,), (-0.0,), (1e-300,), (-1.0 + 2**-53,), (-0.5,), (inf,), (-1.0,), (-2.0,))),
    Primitive("sqrt", X, "sqrt(x)", ("0.5 / (out + 0)",),  # -0 + 0 is 0: the slope is that of the inside
        textbook=("sqrt(x)", "1 / (2 * sqrt(x))"), domain=(Domain("x >= 0", "x >= 0"),),
        ulps=(0.5, 2.0), samples=((0.0, 10.0),),
        hard_points=((0.0,), (-0.0,), (5e-324,), (1e-310,), (inf,), (-1.0,), (nan,))),
    # cbrt itself is 3 ulp off. r = y**3 - x, computed exactly from halves of y and y**2 (Dekker, A floating-point
    # technique for extending the available precision, 1971), tells by how much; 2**100 and 2**-100 keep y**3 normal.
    Primitive("cbrt", X, "cbrt(x)",
        ("where(x == 0, inf, where(abs(x) == inf, 0, (1 + 2 * (r / q) / 3) / (3 * out * out)))",),
        let={"s": "where(abs(x) < 1e-200, 1.2676506002282294e30, where(abs(x) > 1e200, 7.888609052210118e-31, 1))",
             "y": "out * s", "p": "y * y",
             "h": "134217729 * y - (134217729 * y - y)", "l": "y - h", "e": "((h * h - p) + 2 * h * l) + l * l",
             "g": "134217729 * p - (134217729 * p - p)", "k": "p - g", "q": "p * y",
             "f": "((g * h - q) + g * l + k * h) + k * l", "r": "((q - x * s * s * s) + f) + e * y"},
        textbook=("cbrt(x)", "1 / (3 * cbrt(x)**2)"), smooth=("1 / (3 * out * out)",), ulps=(4.0, 3.0),
        hard_points=((0.0,), (-0.0,), (1.0,), (-8.0,), (5e-324,), (-1e-310,), (1e308,), (inf,), (-inf,), (nan,))),
    Primitive("xlogy", XY, "where(x == 0 and y >= 0, 0, x * log(y))",
        ("log(y)", "where(x == 0 and y == 0, 0, x / y)"), textbook=("x * log(y)", "log(y)", "x / y"),
        domain=(Domain("y > 0 or (x == 0 and y == 0)", "y > 0, or y = 0 where x = 0", "where(y == 0, x * -inf, nan)"),),
        flat=("False", "constant(x) and x == 0"), ulps=(2.0, 1.0), samples=((-10.0, 10.0), (0.0, 10.0)),
        hard_points=((0.0, 0.0), (0.0, 2.0), (1.0, 0.0), (1e-300, 5e-324), (2.0, 1.0), (0.0, nan), (1.0, -1.0),
                     (0.0, inf), (inf, 1.0))),
    # ---- trigonometric and hyperbolic --------------------------------------------------------------
    Primitive("sin", X, "sin(x)", ("cos(x)",), domain=(FINITE,), ulps=(1.0, 1.0),
        hard_points=((0.0,), (-0.0,), (1.5707963267948966,), (3.141592653589793,), (1e22,), (inf,))),
    Primitive("cos", X, "cos(x)", ("-sin(x)",), domain=(FINITE,), ulps=(1.0, 1.0),
        hard_points=((0.0,), (1.5707963267948966,), (3.141592653589793,), (1e22,), (-inf,))),
    Primitive("tan", X, "tan(x)", ("1 + out * out",), textbook=("tan(x)", "1 + tan(x)**2"),
        domain=(FINITE,), ulps=(1.0, 3.0),
        hard_points=((0.0,), (1.5707963267948966,), (3.141592653589793,), (1e22,), (inf,))),
    Primitive("asin", X, "asin(x)", ("1 / sqrt((1 - x) * (1 + x))",),
        smooth=("where(abs(x) == 1, (1 - x * x) ** -0.5, 1 / sqrt((1 - x) * (1 + x)))",),
        textbook=("asin(x)", "1 / sqrt(1 - x**2)"),
        domain=(Domain("x >= -1 and x <= 1", "-1 <= x <= 1"),), ulps=(1.0, 2.5), numpy="arcsin", samples=((-1.0, 1.0),),
        hard_points=((0.0,), (-0.0,), (1.0,), (-1.0,), (1.0 - 2**-53,), (1e-300,), (1.5,), (nan,))),
    Primitive("acos", X, "acos(x)", ("-1 / sqrt((1 - x) * (1 + x))",),
        smooth=("where(abs(x) == 1, -(1 - x * x) ** -0.5, -1 / sqrt((1 - x) * (1 + x)))",),
        textbook=("acos(x)", "-1 / sqrt(1 - x**2)"),
        domain=(Domain("x >= -1 and x <= 1", "-1 <= x <= 1"),), ulps=(1.0, 2.5), numpy="arccos", samples=((-1.0, 1.0),),
        hard_points=((0.0,), (1.0,), (-1.0,), (1.0 - 2**-53,), (1e-300,), (-1.5,), (nan,))),
    Primitive("atan", X, "atan(x)", ("where(abs(x) > 1e9, (1 / x) / x, 1 / (1 + x * x))",),
        textbook=("atan(x)", "1 / (1 + x**2)"), ulps=(1.0, 2.5), numpy="arctan",
        hard_points=((0.0,), (-0.0,), (1.0,), (1e8,), (1e160,), (-1e308,), (inf,), (nan,))),
    Primitive("atan2", ("y", "x"), "atan2(y, x)",
        # With the smaller over the greater, nothing overflows; a quotient that has lost digits is not used.
        ("where(abs(x) >= abs(y), w, v)", "-where(abs(x) >= abs(y), v, w)"),
        let={"g": "where(abs(x) >= abs(y), x, y)", "l": "where(abs(x) >= abs(y), y, x)", "r": "l / g", "t": "1 + r * r",
             "w": "where(abs(g) > 1, 0.25 / ((0.25 * g) * t), 1 / (g * t))",
             "v": "where(abs(r) < 2.2250738585072014e-308 and r != 0, l / (g * g), (r / t) / g)"},
        textbook=("atan2(y, x)", "x / (x**2 + y**2)", "-y / (x**2 + y**2)"),
        ulps=(1.0, 4.0), numpy="arctan2",
        kinks=(Kink("x == 0 and y == 0", "nan, nan", "the slope depends on the direction, without a limit"),),
        hard_points=((0.0, 1.0), (0.0, 0.0), (-0.0, -1.0), (1.0, 0.0), (-1.0, -0.0), (1e-200, 1e-200), (1e200, 1e200),
                     (1e-320, 1e-5), (1e-5, 1e-320), (1e308, 1.7e308), (5e-324, 5e-324), (1.0, inf), (inf, inf),
                     (nan, 1.0))),
    Primitive("sinh", X, "sinh(x)", ("cosh(x)",), overflows="copysign(inf, x)", ulps=(2.0, 2.0),
        hard_points=((0.0,), (-0.0,), (1e-300,), (710.4,), (-710.4,), (711.0,), (-711.0,), (inf,), (-inf,), (nan,))),
    Primitive("cosh", X, "cosh(x)", ("sinh(x)",), overflows="inf", ulps=(2.0, 2.0),
        hard_points=((0.0,), (1e-300,), (710.4,), (-710.4,), (711.0,), (-inf,), (nan,))),
    Primitive("tanh", X, "tanh(x)", ("4 * e / ((1 + e) * (1 + e))",), let={"e": "exp(-2 * where(x < 0, -x, x))"},
        textbook=("tanh(x)", "1 - tanh(x)**2"), ulps=(2.5, 4.0),
        hard_points=((0.0,), (-0.0,), (5.968823670437168,), (20.0,), (-20.0,), (354.0,), (372.0,), (1e-300,),
                     (inf,), (nan,))),
    Primitive("asinh", X, "asinh(x)", ("where(abs(x) > 1e9, 1 / abs(x), 1 / sqrt(1 + x * x))",),
        textbook=("asinh(x)", "1 / sqrt(1 + x**2)"), ulps=(2.0, 2.5), numpy="arcsinh",
        hard_points=((0.0,), (-0.0,), (1e8,), (1e200,), (-1e308,), (inf,), (nan,))),
    Primitive("acosh", X, "acosh(x)", ("1 / sqrt(x - 1) / sqrt(x + 1)",),
        smooth=("where(x == 1, (x * x - 1) ** -0.5, 1 / sqrt(x - 1) / sqrt(x + 1))",),
        textbook=("acosh(x)", "1 / sqrt(x**2 - 1)"),
        domain=(Domain("x >= 1", "x >= 1"),), ulps=(3.0, 3.0), numpy="arccosh", samples=((1.0, 10.0),),
        hard_points=((1.0,), (1.0 + 2**-52,), (1e200,), (1e308,), (0.5,), (inf,), (nan,))),
    Primitive("atanh", X, "atanh(x)", ("1 / ((1 - x) * (1 + x))",),
        smooth=("where(abs(x) == 1, 1 / (1 - x * x), 1 / ((1 - x) * (1 + x)))",),
        textbook=("atanh(x)", "1 / (1 - x**2)"),
        domain=(Domain("x > -1 and x < 1", "-1 < x < 1", "where(x == 1, inf, where(x == -1, -inf, nan))"),),
        ulps=(2.0, 2.5), numpy="arctanh", samples=((-1.0, 1.0),),
        hard_points=((0.0,), (-0.0,), (1.0,), (-1.0,), (1.0 - 2**-53,), (1e-300,), (2.0,), (nan,))),
    Primitive("degrees", X, "x * 57.29577951308232", ("57.29577951308232",), ulps=(1.5, 0.5),
        textbook=("180 * x / pi", "180 / pi"), numpy="rad2deg",
        hard_points=((0.0,), (-0.0,), (1e308,), (inf,), (nan,))),
    Primitive("radians", X, "x * 0.017453292519943295", ("0.017453292519943295",), ulps=(1.5, 0.5),
        textbook=("x * pi / 180", "pi / 180"), numpy="deg2rad",
        hard_points=((0.0,), (-0.0,), (5e-324,), (inf,), (nan,))),
    # ---- special functions -------------------------------------------------------------------------
    Primitive("erf", X, "erf(x)", ("1.1283791670955126 * exp_of_minus_square(x)",),
        textbook=("erf(x)", "2 / sqrt(pi) * exp(-x**2)"), smooth=("1.1283791670955126 * exp(-(x * x))",),
        ulps=(1.5, 4.0), samples=((-6.0, 6.0),),
        hard_points=((0.0,), (-0.0,), (6.0,), (-6.0,), (26.5,), (27.2,), (1e-300,), (1e200,), (inf,), (nan,))),
    Primitive("erfc", X, "erfc(x)", ("-1.1283791670955126 * exp_of_minus_square(x)",),
        textbook=("erfc(x)", "-2 / sqrt(pi) * exp(-x**2)"), smooth=("-1.1283791670955126 * exp(-(x * x))",),
        ulps=(4.0, 4.0), samples=((-6.0, 27.0),),
        hard_points=((0.0,), (-6.0,), (6.0,), (26.5,), (27.0,), (27.3,), (1e-300,), (-1e200,), (inf,), (nan,))),
    Primitive("erfinv", X, "erfinv(x)", ("erfinv_slope(x, out)",),
        textbook=("erfinv(x)", "sqrt(pi) / 2 * exp(erfinv(x)**2)"), smooth=("0.886226925452758 * exp(out * out)",),
        domain=(Domain("x > -1 and x < 1", "-1 < x < 1", "where(x == 1, inf, where(x == -1, -inf, nan))"),),
        ulps=(3.0, 3.0), samples=((-1.0, 1.0),),
        hard_points=((0.0,), (-0.0,), (0.5,), (-0.5,), (1.0 - 2**-53,), (-1.0 + 2**-53,), (1e-300,), (1.0,), (2.0,))),
    Primitive("gamma", X, "gamma(x)", ("out * digamma(x)",), textbook=("gamma(x)", "gamma(x) * digamma(x)"),
        domain=(Domain("x > 0 or x > floor(x)", "an x that is no negative integer nor zero",
                       "where(x == 0, copysign(inf, x), nan)"),),
        overflows="where(x < 0 and floor(x) % 2 == 1, -inf, inf)", ulps=(10.0, 7.0), samples=((-20.0, 171.0),),
        mixed=True,
        hard_points=((0.5,), (1.0,), (1.4616321449683622,), (2.0,), (171.6,), (172.0,), (-0.5,), (-170.5,), (-184.5,),
                     (1e-300,), (-1e-309,), (0.0,), (-0.0,), (-1.0,), (-inf,), (inf,), (nan,))),
    Primitive("lgamma", X, "lgamma(x)", ("digamma(x)",), textbook=("lgamma(x)", "digamma(x)"),
        domain=(Domain("x > 0 or x == -inf or x > floor(x)", "an x that is no negative integer nor zero", "inf"),),
        overflows="inf", ulps=(12.0, 40.0), samples=((-20.0, 171.0),), mixed=True,
        hard_points=((0.5,), (1.0,), (1.4616321449683622,), (2.0,), (1e300,), (1e307,), (-0.5,), (-170.5,),
                     (1e-300,), (0.0,), (-0.0,), (-1.0,), (-inf,), (inf,), (nan,))),
    # At a negative x it is the difference of two greater numbers: there its errors are those of log(-x).
    Primitive("digamma", X, "digamma(x)", ("polygamma(1, x)",),
        domain=(Domain("x > 0 or x > floor(x)", "an x that is no negative integer nor zero"),),
        ulps=(40.0, 4.0), samples=((-20.0, 20.0),), mixed=True,
        hard_points=((0.5,), (1.0,), (1.4616321449683622,), (10.0,), (1e300,), (5e-324,), (-0.5,), (-170.5,),
                     (0.0,), (-1.0,), (inf,), (nan,))),
    Primitive("polygamma", ("n", "x"), "where(n <= 148, polygamma(n, x), nan)", ("nan", "polygamma(n + 1, x)"),
        textbook=("polygamma(n, x)", "nan", "polygamma(n + 1, x)"),
        domain=(Domain("n >= 0 and n <= 148 and n <= floor(n)", "a whole n from 0 to 148"),
                Domain("x > 0 or x > floor(x)", "an x that is no negative integer nor zero", "polygamma(n, x)")),
        ulps=(40.0, 40.0), samples=((0.0, 5.0), (-20.0, 20.0)), mixed=True,
        kinks=(Kink("n == floor(n)", "nan, ...", "defined for whole n alone, so it has no slope in n"),),
        hard_points=((0.0, 0.5), (1.0, 1.0), (2.0, 1e-100), (3.0, 1e10), (1.0, -0.5), (1.0, 0.0), (2.0, -1.0),
                     (0.5, 1.0), (-1.0, 1.0), (1.0, inf), (1.0, nan))),
    # ---- the units of neural networks --------------------------------------------------------------
    # Both pieces of e give the same sigmoid, so it can be differentiated again at 0; with abs(x) it could not.
    Primitive("sigmoid", X, "where(x >= 0, 1 / (1 + e), e / (1 + e))", ("e / ((1 + e) * (1 + e))",),
        let={"e": "exp(-where(x < 0, -x, x))"},
        textbook=("1 / (1 + exp(-x))", "out * (1 - out)"), ulps=(3.0, 4.0),
        hard_points=((0.0,), (-0.0,), (36.8,), (40.0,), (-40.0,), (709.0,), (745.0,), (-745.0,), (-inf,),
                     (inf,), (nan,))),
    Primitive("relu", X, "where(x > 0, x, where(x <= 0, 0, x))", ("where(x > 0, 1, nan)",),
        textbook=("where(x > 0, x, 0)", "where(x > 0, 1, 0)"), flat=("x <= 0",), ulps=(0.0, 0.0),
        kinks=(Kink("x == 0", "0", LEAST),),
        hard_points=((0.0,), (-0.0,), (5e-324,), (-5e-324,), (inf,), (-inf,), (nan,))),
    Primitive("softplus", X, "where(x > 0, x, 0) + log1p(e)", ("where(x >= 0, 1, e) / (1 + e)",),
        let={"e": "exp(-where(x < 0, -x, x))"},
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
    Primitive("clip", ("x", "low", "high"), "where(x > high or low > high, high, where(x < low, low, x))",
        ("where(x == x, 1, nan)", "1", "1"),
        textbook=("where(x > high or low > high, high, where(x < low, low, x))", "where(x < low or x > high, 0, 1)",
                  "where(x < low and low <= high, 1, 0)", "where(x > high or low > high, 1, 0)"),
        flat=("x < low or x > high or low >= high", "not (x < low) or low > high",
              "not (x > high or low > high or (low == high and x == high))"),
        ulps=(0.0, 0.0), samples=((-10.0, 10.0), (-5.0, 0.0), (0.0, 5.0)),
        kinks=(Kink("x == low or x == high", "1, 0, 0; 0, 0, 1 where low == high",
                    "the least would hold a parameter at its bound for ever"),),
        hard_points=((0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (2.0, 0.0, 1.0), (-1.0, 0.0, 1.0), (0.5, 0.5, 0.5),
                     (0.5, 2.0, 1.0), (nan, 0.0, 1.0), (0.5, nan, 1.0), (inf, -inf, inf))),
    Primitive("where", ("condition", "x", "y"), "where(condition != 0, x, y)", ("0", "1", "1"),
        flat=("True", "condition == 0", "condition != 0"), ulps=(0.0, 0.0),
        samples=((0.0, 1.0), (-10.0, 10.0), (-10.0, 10.0)), kinks=(Kink("condition == 0", "0, 0, 1", BRANCH),),
        hard_points=((1.0, 2.0, inf), (0.0, nan, 3.0), (0.0, 2.0, -0.0))),
    # ---- signs, remainders and powers of two -------------------------------------------------------
    Primitive("sign", X, "where(x > 0, 1, where(x < 0, -1, where(x == 0, 0, nan)))", ("0",), flat=("True",),
        ulps=(0.0, 0.0), kinks=(Kink("x == 0", "0", BRANCH),),
        hard_points=((0.0,), (-0.0,), (5e-324,), (-inf,), (nan,))),
    Primitive("copysign", XY, "copysign(x, y)",
        ("where(x == 0, 0, where(x == x, copysign(1, x) * copysign(1, y), nan))", "0"),
        flat=("False", "True"), ulps=(0.0, 0.0), kinks=(Kink("x == 0", "0, 0", LEAST), Kink("y == 0", "0", BRANCH)),
        hard_points=((1.0, -0.0), (0.0, -1.0), (-0.0, 0.0), (-2.0, 3.0), (inf, -1.0), (nan, 1.0), (1.0, nan))),
    Primitive("fmod", XY, "fmod(x, y)", ("1", "-(x - out) / y"),
        domain=(Domain("y != 0 or x != x", "y != 0"), Domain("abs(x) < inf or y != y", "a finite x")),
        flat=("False", "abs(x) < abs(y)"), ulps=(0.0, 2.0),
        kinks=(Kink("remainder(x, y) == 0 and x != 0", "1, -(x - fmod(x, y)) / y", BRANCH),),
        hard_points=((6.0, 2.0), (-6.0, 4.0), (-7.0, 4.0), (1.0, 0.1), (5.0, inf), (inf, 2.0), (-0.0, 2.0),
                     (1e300, 7.0), (1.0, 0.0), (nan, 0.0), (5e-324, 1e308))),
    Primitive("remainder", XY, "remainder(x, y)",
        ("1", "where(abs(x) > 1e300, -(0.5 * x - 0.5 * out) / (0.5 * y), -(x - out) / y)"),
        domain=(Domain("y != 0 or x != x", "y != 0"), Domain("abs(x) < inf or y != y", "a finite x")),
        flat=("False", "abs(x) < 0.5 * abs(y)"), ulps=(0.0, 2.0),
        kinks=(Kink("abs(remainder(x, y)) == abs(y) / 2", "1, -(x - remainder(x, y)) / y", BRANCH),),
        textbook=("remainder(x, y)", "1", "-(x - out) / y"),
        hard_points=((6.0, 2.0), (5.0, 2.0), (7.0, 2.0), (-6.0, 4.0), (1.0, 0.1), (5.0, inf), (inf, 2.0), (-0.0, 2.0),
                     (1e300, 7.0), (1.0, 0.0), (nan, 0.0), (-1.7e308, 1e308))),
    Primitive("ldexp", ("x", "n"), "ldexp(x, n)", ("2 ** n", "0"), smooth=("2 ** floor(n)", "0"),
        flat=("False", "True"),
        domain=(Domain("n <= floor(n)", "a whole n"),), overflows="copysign(inf, x)", ulps=(0.5, 0.5),
        samples=((-10.0, 10.0), (-20.0, 20.0)),
        hard_points=((1.0, 3.0), (1.0, 1024.0), (-1.0, 1024.0), (1.0, -1075.0), (1.5, -1074.0), (5e-324, 2000.0),
                     (0.0, 5000.0), (inf, -5000.0), (nan, 1.0), (1.0, 0.5))),
    # ---- sums and norms of any length --------------------------------------------------------------
    Primitive("sum", X, "total", ("1",), columns=True, let={"total": "sum(x)"}, ulps=(0.5, 0.0),
        hard_points=((1e308,), (-0.0,), (inf,), (nan,))),
    Primitive("dot", XY, "total", ("y", "x"), columns=True, let={"total": "sum(x * y)"}, ulps=(0.5, 0.0),
        flat=("constant(y) and y == 0", "constant(x) and x == 0"),
        hard_points=((0.0, inf), (1e200, 1e200), (-0.0, 1.0), (nan, 1.0))),
    Primitive("fsum", X, "fsum(x)", ("1",), columns=True, overflows="sum(x)", ulps=(0.5, 0.0),
        hard_points=((1e308,), (-0.0,), (inf,), (nan,))),
    Primitive("sumprod", XY, "sumprod(x, y)", ("y", "x"), columns=True, overflows="sum(x * y)", ulps=(0.5, 0.0),
        flat=("constant(y) and y == 0", "constant(x) and x == 0"),
        hard_points=((0.0, inf), (1e200, 1e200), (-0.0, 1.0), (nan, 1.0))),
    # Where the length has lost digits, or is beyond the floats, that of the operands times 2**600 or 2**-600 serves.
    Primitive("hypot", X, "hypot(x)",
        ("where(out == 0, 0, where(out < 1.026e-289, lifted / sqrt(small), where(out == inf, lowered / sqrt(large),"
         " x / out)))",),
        let={"lifted": "where(abs(x) < 1e-280, x * 4.149515568880993e180, 0)", "small": "sum(lifted * lifted)",
             "lowered": "x * 2.409919865102884e-181", "large": "sum(lowered * lowered)"},
        textbook=("hypot(x)", "x / out"), smooth=("where(out == 0, 0, x / out)",),
        columns=True, spread=True, ulps=(1.0, 3.0),
        kinks=(Kink("x == 0", "0", LEAST),),
        hard_points=((0.0,), (1e200,), (1e-200,), (5e-324,), (-0.0,), (inf,), (nan,))),
    Primitive("logsumexp", X,
        "where(top == -inf, top, top + where(ties == 1, log1p(rest), log(ties + rest)))",
        ("where(d == 0, 1, exp(d) * (1 + lost)) / (ties + rest)",),
        # d = x - top, and what its rounding has lost (Knuth, The Art of Computer Programming, vol. 2, 4.2.2).
        let={"top": "max(x)", "d": "where(x == top, 0, x - top)",
             "lost": "where(d == 0 or d == -inf, 0, (x - (d - (d - x))) - (top + (d - x)))",
             "ties": "sum(where(x == top, 1, 0))", "rest": "sum(where(x == top, 0, exp(d) * (1 + lost)))"},
        textbook=("log(sum(exp(x)))", "exp(x - out)"), columns=True, flat=("x == -inf",),
        smooth=("exp(x - top) / mass",), smooth_let={"mass": "sum(exp(x - top))"}, ulps=(2.0, 4.0), mixed=True,
        hard_points=((0.0,), (-inf,), (inf,), (1000.0,), (-1000.0,), (nan,))),
)}  # fmt: skip
