"""Derivatives of order 1 to 4 of every unary primitive, against mpmath."""

import math
import random

import mpmath
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from autograd import _recorded
from autograd import engine as reference
from autograd._structures import number_of
from autograd.primitives import PRIMITIVES

UNARY = [row for row in PRIMITIVES.values() if len(row.operands) == 1 and not row.columns]
ORDERS = 4

#: The primitives that mpmath has under another name, or not at all.
EXACT = {
    "abs": abs,
    "neg": lambda x: -x,
    "pos": lambda x: +x,
    "digamma": lambda x: mpmath.psi(0, x),
    "lgamma": lambda x: mpmath.log(abs(mpmath.gamma(x))),
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    # The rows have the degree as a float, which is the constant that is differentiated.
    "degrees": lambda x: x * mpmath.mpf(57.29577951308232),
    "radians": lambda x: x * mpmath.mpf(0.017453292519943295),
}


def points(row):
    """Return points of a row's range, some of them near 0, and hard points that lie on no kink."""
    rng = random.Random(row.name)
    low, high = (max(-30.0, row.samples[0][0]), min(30.0, row.samples[0][1]))
    drawn = [rng.uniform(low, high) for _ in range(8)] + [
        rng.uniform(-1, 1) * 10 ** rng.uniform(-6, 0) for _ in range(6)
    ]
    drawn += [x for (x,) in row.hard_points if math.isfinite(x) and abs(x) < 1e4]
    return [x for x in drawn if low <= x <= high and (x == 0 or abs(x) > 1e-20)]


#: Below this, exact derivatives of values take mpmath too long.
LEAST = 1e-40


def reference_value(row, x):
    """Return the value as a float."""
    return {"neg": lambda v: -v, "pos": lambda v: +v, "abs": abs}.get(row.name, getattr(reference, row.name, None))(
        x
    ) or 1.0


def is_smooth(row, x):
    """Return whether the function has derivatives of all orders at a point, inside its domain."""
    if row.name in {"abs", "relu", "sign", "cbrt", "sqrt"} and x == 0:
        return False
    if row.name in {"asin", "acos", "atanh", "erfinv"} and abs(x) == 1:
        return False
    return row.name != "acosh" or x > 1


def taylor(function, x):
    """Return the exact Taylor coefficients, from differences whose step is far below the point and the value."""
    with mpmath.workdps(30):
        value = abs(function(mpmath.mpf(x)))
        smallest = min(y for y in (abs(mpmath.mpf(x)), value, mpmath.mpf(1)) if y)
        digits = 60 + 5 * int(-mpmath.log10(smallest))
    with mpmath.workdps(digits):
        return mpmath.taylor(function, mpmath.mpf(x), ORDERS)


def derivatives(x, name):
    """Return the derivatives of order 1 to 4, each with a bound on its error.

    The bound is proved, to first order: an error of each node, within its budget in the table,
    reaches the result times the adjoint of the node.
    """
    leaf = reference.Value(x)
    result = {"neg": lambda v: -v, "pos": lambda v: +v, "abs": abs}.get(name, getattr(reference, name, None))(leaf)
    found = []
    for _ in range(ORDERS):
        result = _recorded.adjoints({result: 1.0}, [leaf])[0] if type(result) is reference.Value else None
        result = 0.0 if result is None else result
        bound = 0.0
        if type(result) is reference.Value:
            nodes = reference.ancestors(result)
            for node, adjoint in zip(nodes, reference.adjoints({result: 1.0}, nodes), strict=True):
                if node.op and adjoint is not None:
                    budget = PRIMITIVES[node.op]
                    size = max(1.0, abs(node.data)) if budget.mixed else abs(node.data)
                    bound += abs(adjoint) * max(budget.ulps[0], 0.5) * math.ulp(size)
            result_number = result.data
        else:
            result_number = result
        # The constants in the formulas, such as log(2), are rounded too: half an ulp of the result each.
        found.append((result_number, bound + 4 * math.ulp(result_number)))
    return found


@pytest.mark.parametrize("row", UNARY, ids=lambda row: row.name)
def test_derivatives_of_order_1_to_4(row):
    """At points of its range, near 0 and at hard points: within the proved bound of the exact derivative."""
    function = EXACT.get(row.name, getattr(mpmath, row.name, None))
    checked = 0
    for x in points(row):
        if not is_smooth(row, x):
            continue
        try:
            found = derivatives(x, row.name)
        except (ValueError, OverflowError):
            continue
        if abs(reference_value(row, x)) < LEAST:
            continue
        exact = taylor(function, x)
        for order, (got, bound) in enumerate(found, 1):
            expected = exact[order] * math.factorial(order)
            assert abs(got - expected) <= 1.01 * bound, (x, order, got, float(expected), bound)
            checked += 1
    assert checked >= 20


@given(st.floats(1e-300, 1e300), st.floats(-6, 6))
@example(583968.0, -3.1241393610698)  # the recorded sweep was off by 26 ulps, as y - 1 was rounded
def test_the_derivative_of_a_power_in_a_recorded_sweep(x, y):
    """It is as good as that of a sweep of floats, for any constant exponent."""
    with mpmath.workdps(50):
        exact = y * mpmath.mpf(x) ** (mpmath.mpf(y) - 1)
    value = mpmath.mpf(x) ** y
    assume(1e-290 < abs(exact) < 1e290 and 1e-290 < value < 1e290)
    leaf = reference.Value(x)
    (found,) = _recorded.adjoints({leaf**y: 1.0}, [leaf])
    assert abs(float(number_of(found)) - exact) <= 4 * math.ulp(float(exact))


@pytest.mark.parametrize("y", [2.0**53 + 2, 2.0**53 + 4, -(2.0**53) - 4, 2.0**60])
def test_the_derivative_of_a_power_too_high_to_be_odd(y):
    """The exponent is even, and the one below it has no float: the sign must not be lost."""
    leaf = reference.Value(-1.0)
    (found,) = _recorded.adjoints({leaf**y: 1.0}, [leaf])
    assert float(number_of(found)) == -y
