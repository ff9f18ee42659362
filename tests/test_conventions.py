"""Every cell of the table of conventions, for every kind of operand, in both twins, at orders 1 and 2.

The numbers here are written out by hand: they are the specification, and the table of primitives
has to meet it.
"""

import contextlib
import itertools
import math
import operator

import mpmath
import pytest
from programs import bits

from autograd import _recorded, ieee
from autograd.primitives import PRIMITIVES

inf, nan = math.inf, math.nan
NONE = None  # no edge: a structural zero
ANY = object()  # a number that is no convention: other tests measure it
HALF = mpmath.sqrt(0.5)

#: (function, operands, value or exception, first partials, second derivatives by the same operand).
#: A first partial is None where there is no edge. Second derivatives stand for the diagonal of the
#: Hessian; None where the first derivative does not depend on the operand, or is no Value.
CELLS = [
    # ---- square roots, powers
    ("sqrt", [0.0], 0.0, [inf], [-inf]),
    ("sqrt", [-0.0], -0.0, [inf], [-inf]),
    ("sqrt", [-1.0], ValueError, [nan], [nan]),
    ("pow", [0.0, 0.0], 1.0, [0.0, nan], [None, None]),
    ("pow", [0.0, 0.5], 0.0, [inf, NONE], [-inf, NONE]),
    ("pow", [0.0, 1.0], 0.0, [1.0, NONE], [0.0, NONE]),
    ("pow", [0.0, 2.0], 0.0, [0.0, NONE], [2.0, NONE]),
    ("pow", [0.0, 3.0], 0.0, [0.0, NONE], [0.0, NONE]),
    ("pow", [0.0, -1.0], ZeroDivisionError, [-inf, nan], [inf, None]),
    ("pow", [-2.0, 2.0], 4.0, [-4.0, nan], [2.0, None]),
    ("pow", [-2.0, 3.0], -8.0, [12.0, nan], [-12.0, None]),
    ("pow", [-8.0, 1 / 3], ValueError, [nan, nan], [nan, nan]),
    ("pow", [10.0, 400.0], OverflowError, [inf, inf], [inf, inf]),
    # ---- kinks
    ("abs", [0.0], 0.0, [0.0], [None]),
    ("abs", [-0.0], 0.0, [0.0], [None]),
    ("relu", [0.0], 0.0, [NONE], [NONE]),
    ("relu", [-1.0], 0.0, [NONE], [NONE]),
    ("relu", [nan], nan, [nan], [None]),
    ("maximum", [1.0, 1.0], 1.0, [0.5, 0.5], [None, None]),
    ("maximum", [nan, 1.0], nan, [nan, nan], [None, None]),
    ("maximum", [1.0, nan], nan, [nan, nan], [None, None]),
    ("maximum", [2.0, 1.0], 2.0, [1.0, NONE], [None, NONE]),
    ("minimum", [1.0, 1.0], 1.0, [0.5, 0.5], [None, None]),
    ("minimum", [2.0, 1.0], 1.0, [NONE, 1.0], [NONE, None]),
    ("clip", [0.0, 0.0, 1.0], 0.0, [1.0, NONE, NONE], [None, NONE, NONE]),
    ("clip", [1.0, 0.0, 1.0], 1.0, [1.0, NONE, NONE], [None, NONE, NONE]),
    ("clip", [2.0, 0.0, 1.0], 1.0, [NONE, NONE, 1.0], [NONE, NONE, None]),
    ("clip", [-2.0, 0.0, 1.0], 0.0, [NONE, 1.0, NONE], [NONE, None, NONE]),
    ("clip", [0.5, 0.5, 0.5], 0.5, [NONE, NONE, 1.0], [NONE, NONE, None]),
    ("clip", [nan, 0.0, 1.0], nan, [nan, NONE, NONE], [None, NONE, NONE]),
    ("where", [1.0, 2.0, inf], 2.0, [NONE, 1.0, NONE], [NONE, None, NONE]),
    ("where", [0.0, nan, 3.0], 3.0, [NONE, NONE, 1.0], [NONE, NONE, None]),
    # ---- the length of a vector, and its angle
    ("hypot", [0.0, 0.0], 0.0, [0.0, 0.0], [None, None]),
    ("hypot", [1e200, 1e200], math.hypot(1e200, 1e200), [HALF] * 2, [HALF / 2 / mpmath.mpf(1e200)] * 2),
    ("hypot", [1e308, 1.5e308], math.inf, [1 / mpmath.sqrt(3.25), 1.5 / mpmath.sqrt(3.25)], [ANY, ANY]),
    ("hypot", [1e-200, 1e-200], math.hypot(1e-200, 1e-200), [HALF] * 2, [HALF / 2 / mpmath.mpf(1e-200)] * 2),
    ("atan2", [0.0, 0.0], 0.0, [nan, nan], [nan, nan]),
    ("atan2", [1e-200, 1e-200], math.pi / 4, [5e199, -5e199], [ANY, ANY]),
    ("atan2", [1e200, 1e200], math.pi / 4, [5e-201, -5e-201], [-0.0, 0.0]),
    # ---- logarithms, exponentials and their inverses
    ("log", [0.0], ValueError, [inf], [-inf]),
    ("log", [-1.0], ValueError, [nan], [nan]),
    ("log1p", [-1.0], ValueError, [inf], [-inf]),
    ("log2", [0.0], ValueError, [inf], [-inf]),
    ("log10", [0.0], ValueError, [inf], [-inf]),
    ("exp", [710.0], OverflowError, [inf], [inf]),
    ("exp2", [1024.0], OverflowError, [1.2460659279417838e308], [8.6370708474465935e307]),
    ("expm1", [-40.0], math.expm1(-40.0), [math.exp(-40.0)], [math.exp(-40.0)]),
    ("expm1", [710.0], OverflowError, [inf], [inf]),
    ("sinh", [-711.0], OverflowError, [inf], [-inf]),
    ("cosh", [-711.0], OverflowError, [-inf], [inf]),
    # ---- division
    ("truediv", [1.0, 0.0], ZeroDivisionError, [inf, -inf], [None, inf]),
    ("truediv", [0.0, 0.0], ZeroDivisionError, [nan, nan], [nan, nan]),
    ("truediv", [1.0, 1e-200], 1e200, [1e200, -inf], [None, inf]),
    ("mod", [6.0, 2.0], 0.0, [1.0, -3.0], [None, None]),
    ("mod", [1.0, 0.0], ZeroDivisionError, [nan, nan], [nan, nan]),
    ("floordiv", [7.0, 2.0], 3.0, [NONE, NONE], [NONE, NONE]),
    ("fmod", [-7.0, 4.0], -3.0, [1.0, 1.0], [None, 0.0]),
    ("remainder", [7.0, 4.0], -1.0, [1.0, -2.0], [None, 0.0]),
    # ---- the ends of domains
    ("asin", [1.0], math.asin(1.0), [inf], [inf]),
    ("asin", [-1.0], math.asin(-1.0), [inf], [-inf]),
    ("acos", [1.0], 0.0, [-inf], [-inf]),
    ("asin", [2.0], ValueError, [nan], [nan]),
    ("acosh", [1.0], 0.0, [inf], [-inf]),
    ("acosh", [1e200], math.acosh(1e200), [1e-200], [-0.0]),
    ("asinh", [1e200], math.asinh(1e200), [1e-200], [-0.0]),
    ("atanh", [1.0], ValueError, [inf], [inf]),
    ("atanh", [2.0], ValueError, [nan], [nan]),
    # ---- far out
    ("tan", [math.pi / 2], math.tan(math.pi / 2), [mpmath.mpf(math.tan(math.pi / 2)) ** 2 + 1], [ANY]),
    ("tanh", [20.0], math.tanh(20.0), [4 * mpmath.exp(-40)], [-8 * mpmath.exp(-40)]),
    ("sigmoid", [40.0], 1.0, [mpmath.exp(-40)], [-mpmath.exp(-40)]),
    ("sigmoid", [-40.0], ANY, [mpmath.exp(-40)], [mpmath.exp(-40)]),
    ("softplus", [1000.0], 1000.0, [1.0], [0.0]),
    ("softplus", [-1000.0], 0.0, [0.0], [0.0]),
    ("softplus", [-740.0], math.exp(-740.0), [math.exp(-740.0)], [math.exp(-740.0)]),
    ("erf", [6.0], math.erf(6.0), [2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-36)], [ANY]),
    ("erfc", [27.0], math.erfc(27.0), [-2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-729)], [ANY]),
    # ---- poles
    ("lgamma", [0.0], ValueError, [nan], [nan]),
    ("lgamma", [-1.0], ValueError, [nan], [nan]),
    ("gamma", [0.0], ValueError, [nan], [nan]),
    ("gamma", [-1.0], ValueError, [nan], [nan]),
    ("digamma", [0.0], ValueError, [nan], [nan]),
    # ---- sums over exponentials, x log y
    ("logsumexp", [-inf, -inf], -inf, [NONE, NONE], [NONE, NONE]),
    ("logsumexp", [inf, 0.0], inf, [1.0, 0.0], [nan, nan]),
    ("logsumexp", [inf, inf], inf, [0.5, 0.5], [nan, nan]),
    ("logsumexp", [0.0, -inf], 0.0, [1.0, NONE], [0.0, NONE]),
    ("xlogy", [0.0, 0.0], 0.0, [-inf, 0.0], [None, None]),
    ("xlogy", [0.0, 2.0], 0.0, [math.log(2.0), 0.0], [None, -0.0]),
    ("xlogy", [1.0, 0.0], ValueError, [-inf, inf], [None, -inf]),
    # ---- steps and signs
    ("sign", [0.0], 0.0, [NONE], [NONE]),
    ("copysign", [0.0, -1.0], -0.0, [0.0, NONE], [None, NONE]),
    ("copysign", [2.0, -1.0], -2.0, [-1.0, NONE], [None, NONE]),
    ("ldexp", [1.5, 2.0], 6.0, [4.0, NONE], [None, NONE]),
    # ---- IEEE as it is
    ("mul", [inf, 0.0], nan, [0.0, inf], [None, None]),
    ("mul", [0.0, 3.0], 0.0, [3.0, 0.0], [None, None]),
]

#: The same with plain numbers among the operands, marked by a tuple: these change the convention.
MIXED = [
    ("pow", [0.0, (0.0,)], 1.0, [NONE], [NONE]),
    ("pow", [inf, (0.0,)], 1.0, [NONE], [NONE]),
    ("pow", [nan, (0.0,)], 1.0, [NONE], [NONE]),
    ("pow", [-2.0, (2.0,)], 4.0, [-4.0], [2.0]),
    ("pow", [(1.0,), 3.0], 1.0, [NONE], [NONE]),
    ("pow", [(0.0,), 2.0], 0.0, [NONE], [NONE]),
    ("maximum", [1.0, (1.0,)], 1.0, [NONE], [NONE]),
    ("minimum", [(1.0,), 1.0], 1.0, [NONE], [NONE]),
    ("mul", [(0.0,), 3.0], 0.0, [NONE], [NONE]),
    ("mul", [(0.0,), inf], nan, [NONE], [NONE]),
    ("truediv", [(0.0,), 2.0], 0.0, [NONE], [NONE]),
    ("xlogy", [(0.0,), 0.0], 0.0, [NONE], [NONE]),
    ("truediv", [(1.0,), 0.0], ZeroDivisionError, [-inf], [inf]),
]


def call(engine, name, operands):
    """Apply a primitive to Values and floats."""
    row = PRIMITIVES[name]
    if row.symbol:
        return getattr(operator, name)(*operands)
    one_column = row.columns and not row.spread
    return getattr(engine, name)(operands) if one_column else getattr(engine, name)(*operands)


def same(got, expected):
    """Return whether a number is the expected one: to the last bit if that is a float, to 4 ulp if it is exact."""
    if expected is ANY:
        return True
    if got is None or expected is None:
        return got is expected
    if isinstance(expected, mpmath.mpf):
        return abs(got - expected) <= 4 * math.ulp(got)
    return bits(got) == bits(expected) or (got == expected == 0)


def observed(engine, name, operands):
    """Return the value, the partials (None for no edge), and the second derivatives by each Value among the operands."""
    node = call(engine, name, operands)
    values = [x for x in operands if type(x) is engine.Value]
    taken = dict(zip(map(id, node.parents), node.partials, strict=True))
    first = [taken.get(id(x)) for x in values]
    second = []
    for x, derivative in zip(values, _recorded.adjoints({node: 1.0}, values), strict=True):
        assert (derivative is None) == (taken.get(id(x)) is None)
        is_node = type(derivative) is engine.Value
        second.append(engine.adjoints({derivative: 1.0}, [x])[0] if is_node else None)
    return node.data, first, second


def kinds(operands):
    """Return every way to have some operands as Values and the others as plain numbers."""
    mixes = itertools.product((True, False), repeat=len(operands))
    return [mix for mix in mixes if any(mix)]


@pytest.mark.parametrize(("name", "operands", "value", "first", "second"), CELLS)
def test_conventions_of_values(engine, name, operands, value, first, second):
    """With Values for all operands: the value or the exception, each partial, each second derivative."""
    values = [engine.Value(x) for x in operands]
    raises = isinstance(value, type)
    if raises:
        with pytest.raises(value):
            call(engine, name, values)
    with ieee() if raises else contextlib.nullcontext():
        got, partials, again = observed(engine, name, values)
    if not raises:
        assert same(got, value)
    assert all(map(same, partials, first)), (partials, first)
    assert all(map(same, again, second)), (again, second)


@pytest.mark.parametrize(("name", "operands", "value", "first", "second"), MIXED)
def test_conventions_where_a_plain_number_makes_a_difference(engine, name, operands, value, first, second):
    """A plain number cannot move, so the result may not depend on the other operand at all."""
    mixed = [x[0] if isinstance(x, tuple) else engine.Value(x) for x in operands]
    raises = isinstance(value, type)
    if raises:
        with pytest.raises(value):
            call(engine, name, mixed)
    with ieee() if raises else contextlib.nullcontext():
        got, partials, again = observed(engine, name, mixed)
    assert raises or same(got, value)
    assert all(map(same, partials, first)), (partials, first)
    assert all(map(same, again, second)), (again, second)


@pytest.mark.parametrize(("name", "operands", "value", "first", "second"), CELLS)
def test_a_plain_operand_changes_no_other_cell(engine, name, operands, value, first, second):
    """Any mix of Values, constants and plain numbers: the same value or exception, and the same partials.

    But for the structural zeros that a plain number brings, which are listed in MIXED.
    """
    del second
    for mix in kinds(operands):
        for plain in (float, lambda x: engine.Value(x).detach()):
            mixed = [engine.Value(x) if kind else plain(x) for x, kind in zip(operands, mix, strict=True)]
            if isinstance(value, type):
                with pytest.raises(value):
                    call(engine, name, mixed)
            with ieee() if isinstance(value, type) else contextlib.nullcontext():
                node = call(engine, name, mixed)
            if not isinstance(value, type):
                assert same(node.data, value)
            taken = dict(zip(map(id, node.parents), node.partials, strict=True))
            for x, kind, expected in zip(mixed, mix, first, strict=True):
                got = taken.get(id(x)) if kind else None
                assert not kind or got is None or same(got, expected), (mix, got, expected)
                assert kind or id(x) not in taken


def test_every_primitive_with_a_kink_or_a_domain_has_a_cell():
    """A row that says something about hard points is tested at one."""
    tested = {name for name, *_ in [*CELLS, *MIXED]}
    missing = [
        row.name for row in PRIMITIVES.values() if (row.kinks or row.domain or row.overflows) and row.name not in tested
    ]
    assert set(missing) <= {"fma", "fsum", "sumprod", "sin", "cos", "erfinv", "polygamma"}  # their own tests have them
