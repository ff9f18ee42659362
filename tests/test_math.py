"""`autograd.math` is the standard `math`, for Values too."""

import math
import random
import sys
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from programs import bits

import autograd.math as amath
from autograd import DomainError, Value, grad, ieee, jacobian

CONSTANTS = {"e", "inf", "nan", "pi", "tau"}
INTEGERS = {"comb", "factorial", "gcd", "isqrt", "lcm", "perm"}
NAMES = sorted(name for name in dir(math) if not name.startswith("_"))

#: How to call what takes something else than one real number.
CALLS = {
    "atan2": 2, "copysign": 2, "dist": "points", "fmod": 2, "fsum": "column", "hypot": 3, "isclose": 2, "ldexp": "int",
    "nextafter": 2, "pow": 2, "prod": "column", "remainder": 2, "sumprod": "points", "fma": 3, "log": 1,
    "fmax": 2, "fmin": 2,
}  # fmt: skip


def arguments(name, numbers):
    """Return three numbers in the shape that a function takes them."""
    x, y, z = numbers
    kind = CALLS.get(name, 1)
    return {1: (x,), 2: (x, y), 3: (x, y, z), "points": ([x, y], [z, 1.0]), "column": ([x, y, z],), "int": (x, 3)}[kind]


def outcome(function, *operands):
    """Return the result of a call down to its bits and types, or the type of its exception."""
    try:
        result = function(*operands)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        return next(k for k in (ZeroDivisionError, OverflowError, ValueError) if isinstance(error, k))
    parts = result if isinstance(result, tuple) else (result,)
    parts = [x.data if isinstance(x, Value) else x for x in parts]
    return [(type(x), bits(x) if isinstance(x, float) else x) for x in parts]


def draws(seed):
    """Return triples of floats: tame, over all binades, hard."""
    rng = random.Random(seed)
    hard = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, math.inf, -math.inf, math.nan, 5e-324, 1e308, -1e308, 3.0, 710.0, 1e-310]
    for _ in range(150):
        yield [rng.uniform(-3, 3) for _ in range(3)]
        yield [rng.choice((-1, 1)) * math.ldexp(rng.uniform(0.5, 1), rng.randint(-1073, 1024)) for _ in range(3)]
        yield rng.choices(hard, k=3)


def test_every_name_of_math_is_here():
    """Functions of reals, functions of integers, constants: whatever this Python's `math` has."""
    assert [name for name in NAMES if not hasattr(amath, name)] == []
    for name in CONSTANTS:
        assert getattr(amath, name) is getattr(math, name)
    for name in INTEGERS:
        assert getattr(amath, name) is getattr(math, name)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in CONSTANTS | INTEGERS])
def test_same_bits_as_math(name):
    """On floats and on Values: the same number, type and kind of exception as in `math`, at every point."""
    ours, plain = getattr(amath, name), getattr(math, name)
    for numbers in draws(name):
        operands = arguments(name, numbers)
        lifted = arguments(name, [Value(x) for x in numbers])
        expected = outcome(plain, *operands)
        assert outcome(ours, *operands) == expected, operands
        assert outcome(ours, *lifted) == expected, operands


def test_results_of_values_are_values_or_constant():
    """What depends on the operand smoothly is a Value; what is constant around it is an int, a bool or a float."""
    v = Value(0.75)
    for name in NAMES:
        if name in CONSTANTS | INTEGERS:
            continue
        result = getattr(amath, name)(*arguments(name, [v + 0.5 if name == "acosh" else v, v, v]))
        if name in {"ceil", "floor", "trunc"}:
            assert type(result) is int
        elif name.startswith("is"):
            assert type(result) is bool
        elif name == "ulp":
            assert type(result) is float
        elif name in {"frexp", "modf"}:
            assert type(result[0]) is Value
            assert type(result[1]) in {int, float}
        else:
            assert type(result) is Value, name


def test_whatever_turns_into_a_float():
    """As in `math`: decimals, fractions, NumPy's scalars and arrays of one number; and no strings."""
    for x in (Decimal("0.5"), Fraction(1, 2), True, np.bool_(True), np.float32(0.5), np.int64(1), np.array(0.5)):
        for name in ("exp", "sqrt", "atan", "erf", "log"):
            assert getattr(amath, name)(x) == getattr(math, name)(x)
        assert amath.atan2(x, 2.0) == math.atan2(x, 2.0)
        assert amath.atan2(Value(1.0), x).data == math.atan2(1.0, x)
    for bad in ("1", None, 1j, [1.0]):
        with pytest.raises(TypeError, match="exp: expected a Value or a real number"):
            amath.exp(bad)


def test_logarithms_of_huge_ints():
    """As in math, they take ints that no float can hold."""
    for name in ("log", "log2", "log10"):
        assert getattr(amath, name)(10**400) == getattr(math, name)(10**400)
    assert amath.log(8, 2) == math.log(8, 2)
    assert grad(lambda x: amath.log(x, 2))(8.0) == pytest.approx(1 / (8 * math.log(2)), rel=1e-15)
    with pytest.raises(TypeError, match="log: expected 2 operands, got 3"):
        amath.log(1.0, 2.0, 3.0)


def test_parts_of_a_number():
    """frexp, modf, ldexp and nextafter carry derivatives where they have them."""
    x = Value(-10.75)
    m, n = amath.frexp(x)
    fraction, whole = amath.modf(x)
    after = amath.nextafter(x, 0.0)
    assert (m.data, n, fraction.data, whole, after.data) == (-0.671875, 4, -0.75, -10.0, math.nextafter(-10.75, 0.0))
    assert jacobian(lambda x: [amath.frexp(x)[0], amath.modf(x)[0], amath.ldexp(x, 3), amath.nextafter(x, 0.0)])(
        -10.75
    ) == [0.0625, 1.0, 8.0, 1.0]
    assert amath.modf(Value(math.inf)) == math.modf(math.inf)
    with pytest.raises(TypeError, match=r"ldexp: expected an int, got 2\.0"):
        amath.ldexp(x, 2.0)


def test_pow_of_math():
    """It raises ValueError where the operator raises ZeroDivisionError, and never turns complex."""
    with pytest.raises(DomainError):
        amath.pow(Value(0.0), -1.0)
    with pytest.raises(ValueError, match="math domain error"):
        amath.pow(-8.0, 1 / 3)
    with ieee():
        assert amath.pow(0.0, -1.0) == math.inf
        assert amath.log(0.0) == -math.inf
        assert amath.exp(1000.0) == math.inf


def test_beyond_math():
    """Means, softmax, sums of exponentials, and the units of networks."""
    xs = [1.0, -2.0, 3.5]
    assert amath.mean(xs) == sum(xs) / 3
    assert grad(amath.mean)(xs) == [1 / 3] * 3
    with pytest.raises(ValueError, match="mean: expected one number or more, got none"):
        amath.mean([])
    p = amath.softmax(xs)
    assert sum(p) == pytest.approx(1.0, rel=1e-15)
    assert grad(amath.logsumexp)(xs) == pytest.approx(p, rel=1e-15)
    j = jacobian(amath.softmax)(xs)
    for i in range(3):
        for k in range(3):
            assert j[i][k] == pytest.approx(p[i] * ((i == k) - p[k]), abs=1e-16)
    assert amath.softmax([1000.0, 0.0]) == [1.0, 0.0]
    assert amath.logaddexp(1000.0, 1000.0) == 1000.0 + math.log(2)
    assert amath.xlogy(0.0, 0.0) == 0.0
    assert amath.sign(-3.0) == -1.0
    assert amath.clip(5.0, 0.0, 1.0) == 1.0
    assert amath.prod([2.0, 3.0], start=Value(2.0)).data == 12.0
    assert grad(amath.prod)([0.0, 2.0, 3.0]) == [6.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="dist: expected columns of equal length, got 1 and 2"):
        amath.dist([Value(1.0)], [1.0, 2.0])


def test_logsumexp_keeps_all_digits():
    """Its derivatives are within 4 ulp although the differences of the operands are rounded."""
    rng = random.Random(1)
    for _ in range(200):
        xs = [rng.uniform(-300, 300) for _ in range(4)]
        got = grad(amath.logsumexp)(xs)
        with mpmath.workdps(50):
            powers = [mpmath.exp(mpmath.mpf(x)) for x in xs]
            for g, power in zip(got, powers, strict=True):
                assert abs(g - power / sum(powers)) <= 4 * math.ulp(g)


def test_star_import_spares_the_builtins():
    """``from autograd.math import *`` brings what `math` has and more, but leaves `sum` alone."""
    scope = {}
    exec("from autograd.math import *", scope)
    assert set(NAMES) <= set(scope)
    assert not {"sum", "errors", "annotations"} & set(scope)
    assert {"softmax", "sigmoid", "logsumexp"} <= set(scope)


def test_ieee_holds_for_logarithms_of_ints():
    """Of zero and of negative ints, and to base 1."""
    with ieee():
        assert (amath.log(0), amath.log2(0)) == (-math.inf, -math.inf)
        assert math.isnan(amath.log10(-1))
        assert amath.log(10.0, 1.0) == math.inf


def test_sums_of_exact_rows():
    """Fma and sumprod, where this Python's `math` lacks them, are rounded once as well."""
    assert amath.fma(0.1, 10.0, -1.0) == 2**-54
    assert amath.sumprod([1e16, 1.0, -1e16], [1.0, 1.0, 1.0]) == 1.0
    assert grad(lambda x: amath.fma(x, 3.0, 1.0))(2.0) == 3.0
    assert amath.fsum([1e16, 1.0, -1e16]) == 1.0
    with pytest.raises(OverflowError):
        amath.fma(1e308, 10.0, 0.0)
    assert amath.fma(-1e308, -1e308, -math.inf) == -math.inf
    assert sys.float_info.max == amath.fma(sys.float_info.max, 1.0, 0.0)
