"""Every row of the table: its value, its partials, its domain, its conventions; tests/test_accuracy.py has its errors."""

import functools
import itertools
import math
import operator
import random
import re
from fractions import Fraction

import mpmath
import pytest
from accuracy import MPMATH, points
from conftest import TWINS
from programs import COLUMNS, bits

from autograd._formula import FUNCTIONS, IEEE, evaluate, names_in, negate, parse
from autograd.primitives import PRIMITIVES

ROWS = [row for row in PRIMITIVES.values() if not row.columns]
by_name = {"argvalues": ROWS, "ids": lambda row: row.name}

EXACT = MPMATH.functions
FLOATS = {name: function for name, (function, _, _) in FUNCTIONS.items()} | {"pow": math.pow}

#: The same functions as floats have them: what the value of each primitive must equal, bit for bit.
PLAIN = {
    **{row.name: getattr(operator, row.name) for row in ROWS if row.symbol},
    **{row.name: getattr(math, row.name) for row in ROWS if hasattr(math, row.name) and not row.symbol},
}
del PLAIN["ldexp"]  # it takes an int: tests/test_math.py calls it


def call(engine, row, operands):
    """Apply a primitive to Values and floats."""
    function = getattr(operator, row.name) if row.symbol else getattr(engine, row.name)
    return function(*operands)


def inside(row, operands):
    """Return whether operands lie in the domain of a row."""
    names = dict(zip(row.operands, operands, strict=True))
    return all(evaluate(parse(domain.inside), names, FLOATS) for domain in row.domain)


def outside(row, operands):
    """Return whether operands lie outside the domain of a row; a NaN lies outside of nothing."""
    names = dict(zip(row.operands, operands, strict=True))
    return any(evaluate(negate(parse(domain.inside)), names, IEEE) for domain in row.domain)


def names_of(row, operands, functions):
    """Return what the formulas of a row may name: operands, shared sub-formulas and the result."""
    names = dict(zip(row.operands, operands, strict=True), pi=mpmath.pi)
    for key, formula in row.let.items():
        if "out" not in names and any(
            name == "out" or (name in row.let and name not in names) for name in names_in(parse(formula))
        ):
            names["out"] = evaluate(parse(row.value), names, functions)
        names[key] = evaluate(parse(formula), names, functions)
    names.setdefault("out", evaluate(parse(row.value), names, functions))
    return names


def drawn(row, rng):
    """Return operands of a row's range, of 50 digits; whole numbers where it asks for such."""
    numbers = [mpmath.mpf(rng.uniform(*span)) / 3 + mpmath.mpf(1) / 7 for span in row.samples[: len(row.operands)]]
    return [mpmath.nint(x) if name == "n" else x for name, x in zip(row.operands, numbers, strict=True)]


def digits_of(row, exact):
    """Return how many digits formulas agree in: all, but for constants that are rounded to a float."""
    formulas = " ".join([row.value, *row.partials, *row.let.values()])
    return 15 if re.search(r"\d\.\d{15}|\d\.\d{14}", formulas) else exact


# ---- the value ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in PLAIN], ids=lambda row: row.name)
def test_value_and_exception_are_those_of_floats(engine, row):
    """Bit for bit what Python computes on floats, and an exception exactly where floats raise one."""
    for operands in points(row, 300):
        try:
            expected = PLAIN[row.name](*operands)
        except (ValueError, ArithmeticError) as error:
            expected = type(error)
        if row.name == "pow" and not inside(row, operands) and operands[0] < 0:
            expected = ValueError  # the one difference on purpose: floats turn complex here
        try:
            got = call(engine, row, [engine.Value(x) for x in operands]).data
        except (ValueError, ArithmeticError) as error:
            got = next(kind for kind in (ZeroDivisionError, OverflowError, ValueError) if isinstance(error, kind))
        if isinstance(expected, float) and isinstance(got, float):
            assert (operands, bits(got)) == (operands, bits(expected))
        else:
            assert (operands, got) == (operands, expected)


@pytest.mark.parametrize("row", **by_name)
def test_domain_column_says_where_it_raises(engine, row):
    """Outside the domain, and there alone, a DomainError or ZeroDivisionError that says what was expected."""
    for operands in points(row, 100):
        values = [engine.Value(x) for x in operands]
        if not outside(row, operands):
            try:
                call(engine, row, values)
            except OverflowError as error:
                assert row.overflows
                assert str(error).startswith(
                    f"{row.name}: expected a result that fits a float, got {row.operands[0]} = "
                )
            continue
        with pytest.raises((ValueError, ZeroDivisionError)) as caught:
            call(engine, row, values)
        assert f"{row.name}: expected " in str(caught.value)
        assert f", got {row.operands[0]} = {operands[0]!r}" in str(caught.value)
        assert type(caught.value).__name__ in {"DomainError", "ZeroDivisionError"}


# ---- the calculus ------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", **by_name)
def test_partials_are_the_derivatives_of_the_value(row):
    """At 60 digits, each partial's formula equals the numerical derivative of the value's formula."""
    rng = random.Random(row.name)
    checked = 0
    with mpmath.workdps(60):
        for _ in range(60):
            operands = drawn(row, rng)
            if (
                row.name in {"mod", "floordiv"}
                and abs(operands[0] / operands[1] - mpmath.nint(operands[0] / operands[1])) < 0.01
            ):
                continue  # too near a jump for a difference quotient
            if not inside(row, operands):
                continue
            names = names_of(row, operands, EXACT)

            def value_at(i, x, operands=operands):
                moved = [*operands[:i], x, *operands[i + 1 :]]
                return evaluate(parse(row.value), names_of(row, moved, EXACT), EXACT)

            for i, partial in enumerate(row.partials):
                if row.operands[i] in {"condition", "n"}:
                    continue
                h = mpmath.mpf(10) ** -15
                numeric = (value_at(i, operands[i] + h) - value_at(i, operands[i] - h)) / (2 * h)
                flat = row.flat and evaluate(parse(row.flat[i]), names, EXACT)
                exact = 0 if flat else evaluate(parse(partial), names, EXACT)
                if mpmath.isnan(exact):
                    continue  # no slope here: the table's kinks say so
                assert abs(numeric - exact) <= mpmath.mpf(10) ** -digits_of(row, 22) * max(1, abs(exact) ** 3)
                checked += 1
    assert checked >= 20


@pytest.mark.parametrize("row", [row for row in ROWS if row.textbook], ids=lambda row: row.name)
def test_textbook_form_is_the_same_function(row):
    """What we print for people equals what we compute."""
    rng = random.Random(row.name)
    with mpmath.workdps(80):
        for _ in range(50):
            operands = [mpmath.mpf(rng.uniform(*row.samples[i])) for i in range(len(row.operands))]
            operands = [min(max(x, -30), 30) for x in operands]
            if not inside(row, operands):
                continue
            names = names_of(row, operands, EXACT)
            accurate = [row.value, *row.partials]
            for i, (textbook, formula) in enumerate(zip(row.textbook, accurate, strict=True)):
                flat = i and row.flat and evaluate(parse(row.flat[i - 1]), names, EXACT)
                expected = 0 if flat else evaluate(parse(formula), names, EXACT)
                got = evaluate(parse(textbook), names, EXACT)
                assert abs(got - expected) <= mpmath.mpf(10) ** -digits_of(row, 50) * max(1, abs(expected))


@pytest.mark.parametrize("row", **by_name)
def test_partials_never_raise_and_are_nan_only_with_reason(engine, row):
    """Once the value was found the sweep goes through, at any operands and any mix of Values and floats."""
    for operands in points(row, 60):
        for kinds in itertools.product((True, False), repeat=len(operands)):
            if not any(kinds):
                continue
            mixed = [engine.Value(x) if kind else x for x, kind in zip(operands, kinds, strict=True)]
            try:
                node = call(engine, row, mixed)
            except (ValueError, ArithmeticError):
                continue
            node.backward()
            tame = all(map(math.isfinite, operands)) and math.isfinite(node.data)
            if tame and not any("nan" in kink.taken for kink in row.kinks):
                assert not any(map(math.isnan, node.partials)), operands


# ---- conventions -------------------------------------------------------------------------------------

inf, nan = math.inf, math.nan
HARD = [
    # primitive, operands (a float in a tuple is a constant), value, gradients; None: no edge
    ("sqrt", [0.0], 0.0, [inf]),
    ("sqrt", [-0.0], -0.0, [inf]),
    ("pow", [0.0, (0.0,)], 1.0, [None]),
    ("pow", [inf, (0.0,)], 1.0, [None]),
    ("pow", [nan, (0.0,)], 1.0, [None]),
    ("pow", [0.0, 2.0], 0.0, [0.0, None]),
    ("pow", [0.0, 1.0], 0.0, [1.0, None]),
    ("pow", [0.0, 0.5], 0.0, [inf, None]),
    ("pow", [0.0, 0.0], 1.0, [0.0, nan]),
    ("pow", [nan, 0.0], 1.0, [0.0, nan]),
    ("pow", [1.0, 3.0], 1.0, [3.0, 0.0]),
    ("pow", [(1.0,), 3.0], 1.0, [None]),
    ("pow", [-2.0, 2.0], 4.0, [-4.0, nan]),
    ("pow", [-2.0, (2.0,)], 4.0, [-4.0]),
    ("abs", [0.0], 0.0, [0.0]),
    ("abs", [-0.0], 0.0, [0.0]),
    ("abs", [nan], nan, [nan]),
    ("relu", [0.0], 0.0, [None]),
    ("relu", [nan], nan, [nan]),
    ("maximum", [1.0, 1.0], 1.0, [0.5, 0.5]),
    ("maximum", [1.0, (1.0,)], 1.0, [None]),
    ("maximum", [nan, 1.0], nan, [nan, nan]),
    ("maximum", [1.0, nan], nan, [nan, nan]),
    ("minimum", [1.0, 1.0], 1.0, [0.5, 0.5]),
    ("minimum", [(1.0,), 1.0], 1.0, [None]),
    ("truediv", [(1.0,), 1e-200], 1e200, [-inf]),
    ("expm1", [-40.0], math.expm1(-40.0), [math.exp(-40.0)]),
    ("tan", [math.pi / 2], math.tan(math.pi / 2), [1 + math.tan(math.pi / 2) ** 2]),
    ("tanh", [20.0], math.tanh(20.0), [4 * math.exp(-40) / (1 + math.exp(-40)) ** 2]),
    ("sigmoid", [40.0], 1.0, [math.exp(-40) / (1 + math.exp(-40)) ** 2]),
    ("softplus", [1000.0], 1000.0, [1.0]),
    ("softplus", [-1000.0], 0.0, [0.0]),
    ("softplus", [-740.0], math.exp(-740), [math.exp(-740)]),
    ("mod", [6.0, 2.0], 0.0, [1.0, -3.0]),
    ("floordiv", [7.0, 2.0], 3.0, [None, None]),
    ("mul", [(0.0,), 3.0], 0.0, [None]),
    ("mul", [0.0, 3.0], 0.0, [3.0, 0.0]),
    ("where", [(1.0,), 2.0, 3.0], 2.0, [1.0, None]),
    ("where", [(0.0,), 2.0, 3.0], 3.0, [None, 1.0]),
]


@pytest.mark.parametrize(("name", "operands", "value", "gradients"), HARD)
def test_conventions_at_hard_points(engine, name, operands, value, gradients):
    """The published table of conventions, cell by cell."""
    mixed = [x[0] if isinstance(x, tuple) else engine.Value(x) for x in operands]
    node = call(engine, PRIMITIVES[name], mixed)
    assert bits(node.data) == bits(value)
    taken = {id(parent): partial for parent, partial in zip(node.parents, node.partials, strict=True)}
    values = [x for x in mixed if type(x) is engine.Value]
    got = [taken.get(id(x)) for x in values]
    assert [g if g is None else bits(g) for g in got] == [g if g is None else bits(g) for g in gradients]


#: What columns of floats come to, and the derivative by the terms of each row, in 50 digits.
OF_COLUMNS = {
    "sum": (lambda x: functools.reduce(operator.add, x, 0.0), lambda out, x: [1]),
    "dot": (lambda x, y: functools.reduce(lambda out, row: out + row[0] * row[1], zip(x, y, strict=True), 0.0),
            lambda out, x, y: [y, x]),
    "fsum": (math.fsum, lambda out, x: [1]),
    "sumprod": (lambda x, y: float(sum(map(operator.mul, map(Fraction, x), map(Fraction, y)))), lambda out, x, y: [y, x]),
    "hypot": (lambda x: math.hypot(*x), lambda out, x: [x / out]),
    "logsumexp": (lambda x: float(mpmath.log(mpmath.fsum(map(mpmath.exp, x)))) if x else -math.inf,
                  lambda out, x: [mpmath.exp(x - out)]),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("length", [0, 1, 2, 7, 100])
def test_columns(engine, name, length):
    """Values are those of a plain loop, or of `math`; partials those of each row; all of it is one node."""
    row = PRIMITIVES[name]
    rng = random.Random(f"{name} {length}")
    spread = 2 if name == "logsumexp" else 20
    columns = [[rng.uniform(-1, 1) * 10 ** rng.randint(-spread, spread) for _ in range(length)] for _ in row.operands]
    given = lambda columns: columns[0] if row.spread else columns  # noqa: E731
    value, partials = OF_COLUMNS[name]
    with mpmath.workdps(50):
        exact = [[mpmath.mpf(x) for x in column] for column in columns]
        expected = value(*(exact if name == "logsumexp" else columns))
        function = getattr(engine, name)
        # math.sumprod of Python 3.12 and later is off by less than one rounding at times.
        places = 1 if name in {"logsumexp", "sumprod"} else 0
        assert function(*given(columns)) == pytest.approx(expected, abs=places * math.ulp(expected), rel=0)
        if not length:
            return
        values = [[engine.Value(x) for x in column] for column in columns]
        node = function(*given(values))
        assert bits(node.data) == bits(function(*given(columns)))
        assert node.parents == tuple(itertools.chain(*values))
        out = {"hypot": lambda: mpmath.sqrt(mpmath.fsum(x * x for x in exact[0])),
               "logsumexp": lambda: mpmath.log(mpmath.fsum(map(mpmath.exp, exact[0])))}.get(name, lambda: None)()  # fmt: skip
        slopes = [[float(p) for p in partials(out, *terms)] for terms in zip(*exact, strict=True)]
        for got, slope in zip(node.partials, itertools.chain(*zip(*slopes, strict=True)), strict=True):
            assert abs(got - slope) <= row.ulps[1] * math.ulp(slope)


@pytest.mark.parametrize("row", [row for row in ROWS if not row.symbol], ids=lambda row: row.name)
def test_functions_of_floats_return_floats(engine, row):
    """Without a Value among the operands nothing is recorded, and the number is the same."""
    for operands in points(row, 20):
        try:
            expected = call(engine, row, [engine.Value(x) for x in operands]).data
        except (ValueError, ArithmeticError) as error:
            with pytest.raises(type(error)) as caught:
                call(engine, row, operands)
            assert str(caught.value) == str(error)
            continue
        got = call(engine, row, operands)
        assert (type(got), bits(got)) == (float, bits(expected))


def test_every_twin_has_every_primitive():
    """Methods, functions and operators come from the table, in both twins."""
    import importlib

    for name in TWINS:
        engine = importlib.import_module(name)
        for row in PRIMITIVES.values():
            if row.symbol:
                assert hasattr(engine.Value, f"__{row.name}__")
            else:
                assert row.name in engine.__all__
                assert getattr(engine, row.name).__name__ == row.name
