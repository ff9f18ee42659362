"""Bad input: every message says what was expected, what was got, and where."""

import decimal
import fractions
import gc
import importlib
import math
import operator
import struct
import sys

import pytest
from conftest import HAS_C

import autograd
from autograd import errors


class Ugly:
    """An object whose repr fails."""

    def __repr__(self):
        raise ValueError


CASES = [
    # what is done with a module, a leaf x = Value(2.0) and a node y = x * 3; the error; its text
    (lambda e, x, y: e.Value("a"), TypeError, "Value: expected a real number, got 'a' (str)"),
    (lambda e, x, y: e.Value(None), TypeError, "Value: expected a real number, got None (NoneType)"),
    (lambda e, x, y: e.Value(1j), TypeError, "Value: expected a real number, got 1j (complex)"),
    (lambda e, x, y: e.Value(x), TypeError, "Value: expected a real number, got a Value; use it as it is, or its .data"),
    (lambda e, x, y: e.Value([0] * 99), TypeError, f"Value: expected a real number, got {str([0] * 99)[:60]}... (list)"),
    (lambda e, x, y: e.Value(10**400), OverflowError, "int too large to convert to float"),
    (lambda e, x, y: e.Value(1, name=3), TypeError, "name: expected a str, got 3 (int)"),
    (lambda e, x, y: x + "a", TypeError, "Value + str: expected a Value or a real number, got 'a' (str)"),
    (lambda e, x, y: "a" + x, TypeError, "str + Value: expected a Value or a real number, got 'a' (str)"),
    (lambda e, x, y: x * [1], TypeError, "Value * list: expected a Value or a real number, got [1] (list)"),
    (lambda e, x, y: x**None, TypeError, "Value ** NoneType: expected a Value or a real number, got None (NoneType)"),
    (lambda e, x, y: 1j / x, TypeError, "complex / Value: expected a Value or a real number, got 1j (complex)"),
    (lambda e, x, y: x % 2j, TypeError, "Value % complex: expected a Value or a real number, got 2j (complex)"),
    (lambda e, x, y: divmod(x, "a"), TypeError, "Value // str: expected a Value or a real number, got 'a' (str)"),
    (lambda e, x, y: x * decimal.Decimal(2), TypeError, "unsupported operand type(s) for *: 'Value' and 'decimal.Decimal'"),
    (lambda e, x, y: x < "a", TypeError, "'<' not supported between instances of 'float' and 'str'"),
    (lambda e, x, y: pow(x, 2, 5), TypeError, "pow: expected 2 operands, got 3"),
    (lambda e, x, y: pow(2, x, 3), TypeError, "unsupported operand type(s) for ** or pow(): 'int', 'Value', 'int'"),
    (lambda e, x, y: pow(2, 3, x), TypeError, "unsupported operand type(s) for ** or pow(): 'int', 'int', 'Value'"),
    (lambda e, x, y: x.__format__(5), TypeError, "__format__() argument must be str, not int"),
    (lambda e, x, y: setattr(x, "data", 10**400), OverflowError, "int too large to convert to float"),
    (lambda e, x, y: setattr(x, "name", Ugly()), TypeError, "name: expected a str, got an object that cannot be shown (Ugly)"),
    (lambda e, x, y: y.tangent([[0] * 9] * 9), TypeError, "tangent: expected a mapping of leaves to numbers, "
     f"got {str([[0] * 9] * 9)[:60]}... (list)"),
    (lambda e, x, y: e.ancestors(5), TypeError, "ancestors: expected a Value, got 5 (int)"),
    (lambda e, x, y: float(x), TypeError, "float: expected a plain number, got a Value, whose derivatives would be lost; "
     "use its .data, or the function of the same name in autograd.math"),
    (lambda e, x, y: math.exp(x), TypeError, "float: expected a plain number, got a Value, whose derivatives would be lost; "
     "use its .data, or the function of the same name in autograd.math"),
    (lambda e, x, y: setattr(y, "data", 1), errors.GraphError, "data: expected a leaf, got the result of 'mul'; "
     "take the leaves it was computed from, and compute it again"),
    (lambda e, x, y: setattr(x, "data", "a"), TypeError, "data: expected a real number, got 'a' (str)"),
    (lambda e, x, y: setattr(x, "grad", None), TypeError, "grad: expected a real number, got None (NoneType)"),
    (lambda e, x, y: setattr(x, "name", None), TypeError, "name: expected a str, got None (NoneType)"),
    (lambda e, x, y: setattr(x, "op", "add"), AttributeError, "property 'op' of 'Value' object has no setter"),
    (lambda e, x, y: setattr(x, "parents", ()), AttributeError, "property 'parents' of 'Value' object has no setter"),
    (lambda e, x, y: delattr(x, "data"), AttributeError, "property 'data' of 'Value' object has no deleter"),
    (lambda e, x, y: delattr(x, "operands"), AttributeError, "property 'operands' of 'Value' object has no deleter"),
    (lambda e, x, y: setattr(x, "label", 1), AttributeError, "'Value' object has no attribute 'label'"),
    (lambda e, x, y: y.backward("a"), TypeError, "seed: expected a real number, got 'a' (str)"),
    (lambda e, x, y: y.tangent({x: "a"}), TypeError, "seed: expected a real number, got 'a' (str)"),
    (lambda e, x, y: y.tangent({y: 1}), errors.GraphError, "tangent: expected a leaf, got the result of 'mul'; "
     "take the leaves it was computed from, and compute it again"),
    (lambda e, x, y: y.tangent({3: 1}), TypeError, "tangent: expected a Value, got 3 (int)"),
    (lambda e, x, y: y.tangent([x]), TypeError, "tangent: expected a mapping of leaves to numbers, got [Value(data=2.0, grad=0.0)] (list)"),
    (lambda e, x, y: e.exp(), TypeError, "exp: expected 1 operand, got 0"),
    (lambda e, x, y: e.maximum(x), TypeError, "maximum: expected 2 operands, got 1"),
    (lambda e, x, y: x.exp(2), TypeError, "exp: expected 1 operand, got 2"),
    (lambda e, x, y: e.exp([x]), TypeError, "exp: expected a Value or a real number, got [Value(data=2.0, grad=0.0)] (list)"),
    (lambda e, x, y: e.sum(3), TypeError, "'int' object is not iterable"),
    (lambda e, x, y: e.sum([x, "a"]), TypeError, "sum: expected a Value or a real number, got 'a' (str)"),
    (lambda e, x, y: e.dot([x], [1, 2]), ValueError, "dot: expected columns of equal length, got 1 and 2"),
    (lambda e, x, y: e.dot([x]), TypeError, "dot: expected 2 operands, got 1"),
    (lambda e, x, y: 1 / (x - 2), ZeroDivisionError, "truediv: expected y != 0, got x = 1.0, y = 0.0"),
    (lambda e, x, y: x % 0, ZeroDivisionError, "mod: expected y != 0, got x = 2.0, y = 0.0"),
    (lambda e, x, y: (x - 2) ** -1, ZeroDivisionError, "pow: expected x != 0 where y < 0, got x = 0.0, y = -1.0"),
    (lambda e, x, y: (-x) ** 0.5, errors.DomainError, "pow: expected an integer y where x < 0, got x = -2.0, y = 0.5"),
    (lambda e, x, y: x**5000, OverflowError, "pow: expected a result that fits a float, got x = 2.0, y = 5000.0"),
    (lambda e, x, y: (-x).log(), errors.DomainError, "log: expected x > 0, got x = -2.0"),
    (lambda e, x, y: (1000 * x).exp(), OverflowError, "exp: expected a result that fits a float, got x = 2000.0"),
    (lambda e, x, y: e.sin(x / 1e-320), errors.DomainError, "sin: expected a finite x, got x = inf"),
    (lambda e, x, y: int(x * math.nan), ValueError, "cannot convert float NaN to integer"),
    (lambda e, x, y: x[0], TypeError, "'Value' object is not subscriptable"),
    (lambda e, x, y: type("Sub", (e.Value,), {}), TypeError, "type 'Value' is not an acceptable base type"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "kind", "text"), CASES)
def test_bad_input(engine, act, kind, text):
    """Both twins raise the same exception, with the same text."""
    x = engine.Value(2.0)
    with pytest.raises(kind) as caught:
        act(engine, x, x * 3)
    got = str(caught.value).removesuffix(" and no __dict__ for setting new attributes")  # since Python 3.13
    assert (type(caught.value), got) == (kind, text)


def test_values_of_two_twins_do_not_mix():
    """Mixing is an error, in either order, never a detached number."""
    c = pytest.importorskip("autograd._engine", reason="the C twin was not built")
    from autograd import engine as python

    for a, b in [(c.Value(1.0), python.Value(2.0)), (python.Value(1.0), c.Value(2.0))]:
        for act in (operator.add, operator.pow, operator.mod):
            with pytest.raises(errors.BackendMismatchError, match="expected Values of one twin"):
                act(a, b)
    with pytest.raises(errors.BackendMismatchError):
        c.exp(python.Value(1.0))
    with pytest.raises(errors.BackendMismatchError):
        python.dot([c.Value(1.0)], [1.0])


@pytest.mark.skipif(not HAS_C, reason="the C twin was not built")
def test_values_of_two_instances_of_the_module_do_not_mix():
    """A module imported anew has its own clock, so its nodes must not meet those of the first."""
    first = importlib.import_module("autograd._engine")
    del sys.modules["autograd._engine"]
    try:
        second = importlib.import_module("autograd._engine")
        a, b = first.Value(2.0), second.Value(3.0)
        for x, y in [(a, b), (b, a)]:
            with pytest.raises(errors.BackendMismatchError, match="expected Values of one twin"):
                x * y
        with pytest.raises(errors.BackendMismatchError):
            second.dot([a], [b])
        assert a < b
    finally:
        sys.modules["autograd._engine"] = autograd._engine = first


def test_a_failed_assignment_changes_nothing(engine):
    """Data and grad stay as they were."""
    x = engine.Value(3.0)
    x.grad = 4.0
    for attribute in ("data", "grad"):
        with pytest.raises(OverflowError):
            setattr(x, attribute, 10**400)
    assert (x.data, x.grad) == (3.0, 4.0)
    x.__init__(7.0)
    assert x.data == 3.0


def test_primals_are_read_when_all_operands_are(engine):
    """What runs while operands are read may still change a leaf; value and partials agree all the same."""
    x = engine.Value(2.0)

    class Sneaky(float):
        def __float__(self):
            x.data = 100.0
            return 3.0

    def falling():
        for _ in range(3):
            yield x
            x.data -= 1.0

    product = x * Sneaky()
    assert (product.data, product.partials) == (300.0, (3.0,))
    x.data = 2.0
    assert engine.sum(falling()).data == -3.0
    x.data = 2.0
    assert engine.dot([x], [Sneaky()]).data == 300.0
    x.data = 2.0
    assert engine.maximum(x, Sneaky()).data == 100.0


def test_nothing_half_made_is_seen_from_an_iterator(engine):
    """An operand's iterator may look at every object there is."""

    def look():
        for x in gc.get_objects():
            if type(x) is tuple and len(x) < 4:
                list(x)
        yield 1.0

    assert engine.dot(look(), look()) == 1.0


def test_a_signalling_nan_is_a_nan(engine):
    """1**nan is 1 and nan**0 is 1, whatever the bits of the NaN."""
    (signalling,) = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000001))
    assert (engine.Value(1.0) ** signalling).data == 1.0
    assert (engine.Value(signalling) ** 0.0).data == 1.0


@pytest.mark.parametrize("number", [3, True, 2.5, fractions.Fraction(1, 4)])
def test_real_numbers_of_every_kind(engine, number):
    """Ints, bools, floats and fractions are operands on either side, and data."""
    x = engine.Value(2.0)
    assert (x + number).data == 2.0 + float(number)
    assert (number - x).data == float(number) - 2.0
    assert engine.Value(number).data == float(number)
    assert engine.maximum(number, x).data == max(float(number), 2.0)
    assert (x > number) == (number < 2.0)


def test_numpy_scalars_and_arrays(engine):
    """NumPy's scalars are numbers; its arrays apply operators to each element."""
    np = pytest.importorskip("numpy")
    x = engine.Value(2.0)
    for scalar in (np.float64(3), np.float32(3), np.int64(3)):
        for result in (x * scalar, scalar * x, scalar - x, x**scalar):
            assert type(result) is engine.Value
        assert (scalar / x).data == 1.5
    assert engine.where(np.bool_(True), x, 0.0).parents == (x,)
    for result in (x * np.array([1.0, 2.0]), np.array([1.0, 2.0]) * x):
        assert [v.data for v in result] == [2.0, 4.0]
    assert (np.array([x, x]) @ np.array([x, 3.0])).data == 10.0


def test_behaves_as_the_float_it_holds(engine):
    """Comparisons, truth, formatting, rounding and conversion to int are those of the float."""
    for number in (-2.5, -0.0, 0.5, 1.5, 7.0, 1e300):
        x = engine.Value(number)
        assert (bool(x), int(x), round(x), round(x, 1)) == (bool(number), int(number), round(number), round(number, 1))
        assert (math.floor(x), math.ceil(x), math.trunc(x)) == (
            math.floor(number),
            math.ceil(number),
            math.trunc(number),
        )
        assert (f"{x:.3f}", f"{x:>12.2e}", f"{x}") == (f"{number:.3f}", f"{number:>12.2e}", repr(x))
        for other in (-2.5, 0, 1, 1.5, fractions.Fraction(3, 2), 10**30):
            for compare in (operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge):
                assert compare(x, other) == compare(number, other)
                assert compare(other, x) == compare(other, number)
    assert engine.Value(math.nan) != engine.Value(math.nan)
    assert engine.Value(1.0) != "a"
    assert repr(engine.Value(1.0, "w")) == "Value(data=1.0, grad=0.0, name='w')"
    assert divmod(engine.Value(7.0), 2)[1].data == 1.0
    assert divmod(7, engine.Value(2.0))[0].data == 3.0


def test_exceptions_are_what_their_users_catch():
    """The tree drawn in autograd.errors."""
    assert issubclass(autograd.DomainError, ValueError)
    assert issubclass(autograd.GraphError, RuntimeError)
    assert issubclass(autograd.BackendMismatchError, TypeError)
