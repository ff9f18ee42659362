"""check_grad, assert_same, check_primitive, grad_test: the right verdict, and words to act on."""

import ctypes
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, no_grad, preaccumulate, primitive
from autograd import math as agm
from autograd.testing import GradientError, Verdict, assert_same, check_grad, check_primitive, enclosure, grad_test
from autograd.testing.strategies import programs

# ---- programs ----------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(program=programs(inputs=(1, 2), long=False))
def test_right_programs_are_never_suspect(program):
    """At any point of any program, kinks and ends of domains included."""
    f = program.as_function()
    report = check_grad(f, *f.program.inputs)
    assert report.verdict in {Verdict.PASS, Verdict.UNDECIDED}


@given(x=st.floats(-3, 3), y=st.floats(0.1, 3), order=st.integers(1, 3))
def test_a_smooth_program_is_proved(x, y, order):
    """Its derivatives of higher order as well."""
    report = check_grad(lambda p: agm.exp(-p[0] * p[1]) / p[1] + agm.sin(p[0]), [x, y], order=order)
    assert report.verdict is Verdict.PASS
    assert report.checked > 10 * order


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * (x.data if isinstance(x, Value) else x),
        lambda x: x * Value(x).detach() if not isinstance(x, Value) else x * x.detach(),
        lambda x: float(x.data if isinstance(x, Value) else x) ** 2,
        lambda x: x * constant(x),
        lambda xs: sum(x * getattr(x, "data", x) for x in [xs] * 20),
    ],
    ids=["data", "detach", "float", "no_grad", "many"],
)
def test_a_derivative_that_was_lost_on_the_way_is_suspect(f):
    """The graph is right, and it is not the function."""
    with pytest.raises(GradientError, match=r"SUSPECT: the recorded graph is right, but the function moves otherwise"):
        check_grad(f, 3.0)


def constant(x):
    """Compute without recording."""
    with no_grad():
        return x * 1.0


def test_many_inputs_are_looked_at_together():
    """In a few directions; a derivative that is lost at one input shows in them."""
    xs = [0.1 * i for i in range(40)]
    assert check_grad(lambda v: sum(x * x for x in v), xs).verdict is Verdict.PASS
    lossy = lambda v: sum(x * (getattr(x, "data", x) if i == 7 else x) for i, x in enumerate(v))  # noqa: E731
    with pytest.raises(GradientError, match="along direction 0"):
        check_grad(lossy, xs)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: 1e6 + x * getattr(x, "data", x), 1.0),
        (lambda x: 1 + (x.detach() if isinstance(x, Value) else x), 1e-6),
        (lambda xs: sum(xs) * 1e3 + 1e-2 * getattr(xs[3], "data", xs[3]), [1.0] * 17),
    ],
)
def test_a_small_part_of_a_derivative_is_missed(f, x):
    """Beside a large value, near 0, and among many inputs."""
    with pytest.raises(GradientError, match=r"SUSPECT: the recorded graph is right, but"):
        check_grad(f, x)


def test_ten_thousand_inputs():
    """They take neither the time nor the memory of their square."""
    assert check_grad(lambda v: sum(x * x for x in v), [1e-3 * i for i in range(10_000)]).verdict is Verdict.PASS


def test_a_function_may_end_as_it_likes():
    """An assertion, or an index, beyond the last point is the end of its domain."""

    def inside(x):
        assert 0 <= x <= 1
        return x * x

    assert check_grad(inside, 1.0).verdict is Verdict.PASS


def test_orders_are_checked():
    """Nothing is proved of order 0, and a gradient by hand has no second derivatives."""
    for options in ({"order": 0}, {"order": 2, "gradient": abs}):
        with pytest.raises(ValueError, match=r"^check_grad: expected an order of 1 or more"):
            check_grad(abs, 1.0, **options)


def test_another_number_on_values_is_seen_where_there_is_no_proof():
    """At a kink, and behind an own primitive."""
    own = primitive(lambda x: x * x, lambda x, out: 2 * x, name="own")
    for f in (
        lambda x: own(x) if isinstance(x, Value) else 1000.0,
        lambda x: agm.maximum(x, x * 1.0) + (0 if isinstance(x, Value) else 7),
    ):
        with pytest.raises(GradientError, match="FAIL: the function computes another number"):
            check_grad(f, 3.0)


def test_another_program_on_values_is_wrong():
    """A branch on the type of the number."""
    with pytest.raises(GradientError, match=r"FAIL: the function computes another number on Values than on floats"):
        check_grad(lambda x: x * x if isinstance(x, float) else x * x * x, 2.0)


def test_an_exception_on_one_kind_of_number_only_is_wrong():
    """What floats raise Values raise, and nothing else."""

    def only_floats(x):
        if isinstance(x, float):
            raise ValueError("\x1b[31mno floats")
        return x * x

    with pytest.raises(GradientError, match=r"raises on one kind of number only") as caught:
        check_grad(only_floats, 2.0)
    assert r"ValueError: \x1b[31mno floats" in str(caught.value)
    with pytest.raises(ValueError, match=r"^log: expected x > 0"):
        check_grad(agm.log, -1.0)


def test_a_function_that_takes_no_values_needs_a_gradient():
    """The error says which ways there are."""
    with pytest.raises(TypeError) as caught:
        check_grad(math.lgamma, 2.0)
    assert "gradient=" in caught.value.__notes__[-1]


def test_a_kink_is_undecided_and_shown_from_both_sides():
    """What was computed is a convention; the report has the slopes of the sides."""
    report = check_grad(lambda x: abs(x) + 3 * x, 0.0)
    assert report.verdict is Verdict.UNDECIDED
    assert "at a kink, x == 0: there is no one gradient" in str(report)
    assert "d root -1.0 | 1.0" in str(report)
    assert check_grad(lambda x: 0.0 * abs(x) + 3 * x, 0.0).verdict is Verdict.PASS


def test_structures_of_arguments():
    """Lists, dicts, arrays; a gradient by hand has the same structure."""
    p = {"w": np.array([1.0, 2.0]), "b": [3.0]}
    f = lambda p: p["w"][0] * p["w"][1] * p["b"][0]  # noqa: E731
    assert check_grad(f, p).verdict is Verdict.PASS
    by_hand = lambda p: {"w": np.array([6.0, 3.0]), "b": [2.0]}  # noqa: E731
    assert check_grad(f, p, gradient=by_hand).verdict is Verdict.CONSISTENT
    with pytest.raises(GradientError, match=r"the derivative by p\['b'\]\[0\] does not agree"):
        check_grad(f, p, gradient=lambda p: {"w": np.array([6.0, 3.0]), "b": [2.5]})


# ---- black boxes -------------------------------------------------------------------------------------


def solve(a):
    """Return the root of x**3 + a*x = 1, by Newton's method on floats."""
    x = 1.0
    for _ in range(50):
        x -= (x**3 + a * x - 1) / (3 * x * x + a)
    return x


@given(a=st.floats(0.1, 5))
def test_own_primitives_are_compared_with_finite_differences(a):
    """Of a solver: consistent, and never proved; a factor is named."""
    right = primitive(solve, lambda a, x: -x / (3 * x * x + a), name="solve")
    assert check_grad(lambda a: right(a) * a, a).verdict is Verdict.CONSISTENT
    for factor, guess in ((-1.0, "its sign is wrong"), (2.0, "it is twice that"), (0.0, "it is 0")):
        wrong = primitive(solve, lambda a, x, c=factor: -c * x / (3 * x * x + a), name="solve")
        with pytest.raises(GradientError, match=f"SUSPECT: the derivative by 'a' of solve does not agree.*: {guess}"):
            check_grad(lambda a, wrong=wrong: wrong(a) * a, a)


def test_an_edge_that_is_missing_is_suspect():
    """None says that an operand has no influence."""
    wrong = primitive(lambda x, y: x * y, lambda x, y, out: (y, None), name="product")
    with pytest.raises(GradientError, match="the derivative by 'y' of product does not agree"):
        check_grad(lambda x, y: wrong(x, y), 2.0, 3.0)


def test_sub_programs_are_compared_as_a_whole():
    """They bring no value to call again; the function does."""
    f = preaccumulate(lambda x: agm.sin(x) * x)
    assert check_grad(lambda x: f(x) + x, 0.5).verdict is Verdict.CONSISTENT


def test_an_own_primitive_of_the_same_value_twice():
    """Its partials are those by each place."""
    own = primitive(lambda a, b: 3 * b, lambda a, b, out: (None, 3.0), name="second_of_two")
    assert check_grad(lambda x: own(x, x), 1.5).verdict is Verdict.CONSISTENT


def test_second_derivatives_of_own_primitives():
    """They are compared with finite differences of the partials, where they are asked for."""
    right = primitive(lambda a: a**3, lambda a, out: 3 * a * a, name="cube")
    wrong = primitive(lambda a: a**3, lambda a, out: 3 * a * a, higher=lambda a, out: 3.0 * a.data * a, name="cube")
    lost = primitive(lambda a: a**3, lambda a, out: 3 * getattr(a, "data", a) ** 2, name="cube")
    assert check_grad(lambda x: right(x), 1.5, order=2).verdict is Verdict.CONSISTENT
    for f in (wrong, lost):
        assert check_grad(lambda x, f=f: f(x), 1.5).verdict is Verdict.CONSISTENT
        with pytest.raises(GradientError, match="the derivative by operand 0 of the partial by operand 0"):
            check_grad(lambda x, f=f: f(x), 1.5, order=2)


def test_what_is_drowned_in_noise_is_undecided():
    """A claim that finite differences cannot see is not confirmed by them."""
    assert check_grad(lambda x: 1e12 + x, 0.3, gradient=lambda x: -5.0).verdict is Verdict.UNDECIDED


def test_gradients_by_hand_of_c_and_numpy():
    """Any function of floats will do."""
    cosh = ctypes.CDLL(None).cosh
    cosh.restype, cosh.argtypes = ctypes.c_double, [ctypes.c_double]
    assert check_grad(cosh, 0.5, gradient=math.sinh).verdict is Verdict.CONSISTENT
    with pytest.raises(GradientError, match="its sign is wrong"):
        check_grad(cosh, 0.5, gradient=lambda x: -math.sinh(x))
    x = np.linspace(0.5, 2.0, 4)
    norm = lambda x: np.sqrt(np.sum(x * x))  # noqa: E731
    assert check_grad(norm, x, gradient=lambda x: x / norm(x)).verdict is Verdict.CONSISTENT


def test_a_gradient_by_hand_at_a_kink():
    """Between the slopes of the sides it is undecided, elsewhere suspect."""
    for slope in (-1.0, 0.0, 0.3, 1.0):
        assert check_grad(abs, 0.0, gradient=lambda x, slope=slope: slope).verdict is Verdict.UNDECIDED
    with pytest.raises(GradientError, match="not between the slopes of its sides"):
        check_grad(abs, 0.0, gradient=lambda x: 1.5)


# ---- assert_same -------------------------------------------------------------------------------------


@given(x=st.floats(-20, 20))
def test_two_spellings_are_the_same(x):
    """Up to rounding, which the proved intervals bound; not bit by bit."""
    f, g = (lambda x: agm.log(1 + agm.exp(x))), (lambda x: agm.softplus(x))
    assert_same(f, g, x)
    assert_same(f, f, x, bits=True)


def test_other_functions_are_not_the_same():
    """However little they differ, if it is more than rounding."""
    with pytest.raises(GradientError, match=r"FAIL: the value differs"):
        assert_same(lambda x: agm.exp(x), lambda x: agm.exp(x) + 1e-13, 1.0)
    with pytest.raises(GradientError, match=r"FAIL: the derivative by x differs"):
        assert_same(lambda x: x * x, lambda x: 4.0 + 0.0 * x, 2.0)
    with pytest.raises(GradientError, match=r"FAIL: the derivative by x differs"):
        assert_same(lambda x: agm.log(1 + agm.exp(x)), lambda x: agm.softplus(x), 1.3, bits=True)
    with pytest.raises(GradientError, match=r"one of the functions raises"):
        assert_same(lambda x: agm.log(x), lambda x: x, -1.0)
    assert_same(lambda x: agm.log(x), lambda x: agm.log(2 * x), -1.0)


def test_signs_of_zero_are_bits():
    """And no difference otherwise."""
    assert_same(lambda x: 0.0 * x, lambda x: -0.0 * x, 1.0)
    with pytest.raises(GradientError, match="FAIL: the value differs"):
        assert_same(lambda x: 0.0 * x, lambda x: -0.0 * x, 1.0, bits=True)


def test_what_has_no_digits_is_not_the_same():
    """An interval as wide as all numbers overlaps with everything."""
    with pytest.raises(GradientError, match=r"UNDECIDED: the value differs"):
        assert_same(lambda x: ((x + 1e100) - 1e100) ** 2, lambda x: x**2, 1.0)


def test_what_cannot_be_decided_is_not_the_same():
    """At a kink there are no proved intervals; equal bits will do."""
    with pytest.raises(GradientError, match=r"UNDECIDED: the derivative by x differs, and there is no proof"):
        assert_same(lambda x: abs(x), lambda x: agm.relu(x) * 2 - x, 0.0)
    assert_same(lambda x: abs(x), lambda x: abs(x), 0.0)


# ---- check_primitive ---------------------------------------------------------------------------------

RIGHT = {
    "bell": (lambda x: math.exp(-x * x), lambda x, out: -2 * x * out),
    "root": (math.sqrt, lambda x, out: 0.5 / out if out else math.inf),
    "product": (lambda x, y: x * y, lambda x, y, out: (y, x)),
    "step": (lambda x: float(x > 0.123456), lambda x, out: None),
    "hinge": (lambda x: max(x, 0.0), lambda x, out: agm.where(x > 0, 1.0, 0.0)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_primitives_pass_the_battery(name):
    """At all points where they have a value."""
    report = check_primitive(primitive(*RIGHT[name], name=name))
    assert report.verdict in {Verdict.CONSISTENT, Verdict.UNDECIDED}
    assert "CONSISTENT" in str(report)


counter = itertools.count()

WRONG = {
    "opposite": (lambda x: math.exp(-x), lambda x, out: out, None, "does not agree with finite differences: its sign is wrong"),
    "swapped": (lambda x, y: x / y, lambda x, y, out: (-x / (y * y), 1 / y), None, "the partial by operand 0 does not agree"),
    "cut": (lambda x, y: x * y, lambda x, y, out: (y, None), None, "no edge to operand 1: a slope of 0 does not agree"),
    "raising": (math.sqrt, lambda x, out: 0.5 / out, None, "the partials raise ZeroDivisionError where there is a value"),
    "moody": (lambda x: x + next(counter), lambda x, out: 1.0, None, "the value is not the same when it is computed again"),
    "higher": (math.sin, lambda x, out: math.cos(x), lambda x, out: agm.cos(x) + 1, "is another number on Values"),
    "second": (math.sin, lambda x, out: math.cos(x), lambda x, out: agm.cos(x.data) + 0 * x, "the derivative by operand 0 of the partial"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_primitives_do_not_pass_the_battery(name):
    """Each for its own reason, with the operands at which it shows."""
    value, partials, higher, words = WRONG[name]
    with pytest.raises(GradientError) as caught:
        check_primitive(primitive(value, partials, higher=higher, name=name))
    text = str(caught.value)
    assert f"{name}: " in text
    assert words in text
    assert "operand 0  " in text


def test_the_battery_wants_a_primitive_and_points():
    """The error says what to pass."""
    with pytest.raises(TypeError, match=r"^check_primitive: expected what autograd.primitive returns"):
        check_primitive(math.sin)
    total = primitive(lambda *xs: sum(xs), lambda *xs: [1.0] * (len(xs) - 1), name="total")
    with pytest.raises(TypeError, match=r"^check_primitive: expected points, .* pass points="):
        check_primitive(total)
    assert check_primitive(total, [(1.0, 2.0, 3.0)]).verdict is Verdict.CONSISTENT
    with pytest.raises(ValueError, match=r"^check_primitive: expected points at which far has a value, got 60"):
        check_primitive(primitive(lambda x: math.acosh(x + 1e3), lambda x, out: 1.0, name="far"), [(-2e3,)] * 60)


# ---- grad_test ---------------------------------------------------------------------------------------


@grad_test(st.floats(-5, 5), st.floats(0.1, 10), order=2)
def test_damped_wave(x, y):
    """A property test is the function, decorated."""
    return agm.exp(-x * x / y) * agm.cos(x)


@grad_test(x=st.floats(-2, 2))
def test_points_outside_the_domain_are_passed_over(x):
    """As by assume."""
    return agm.log(x)


class TestMethods:
    """Property tests of gradients as methods, with keyword-only arguments and fixtures."""

    @grad_test(x=st.floats(0.1, 2))
    def test_a_method(self, *, x):
        """By itself nothing is differentiated."""
        return x**x

    @grad_test(x=st.floats(0.1, 2))
    def test_with_a_fixture(self, engine, x):
        """What was not drawn is passed as it is."""
        assert engine.Value
        return agm.log(x)


def test_grad_test_does_not_hide_errors():
    """Those of a gradient by hand are no end of a domain."""

    @settings(max_examples=5, derandomize=True, database=None)
    @grad_test(st.floats(1, 2), gradient=lambda x: 1 / 0)
    def square(x):
        return x * x

    with pytest.raises(ZeroDivisionError):
        square()


def test_grad_test_finds_what_is_wrong():
    """And shows the point."""

    @settings(max_examples=20, derandomize=True, database=None)
    @grad_test(st.floats(1, 2), gradient=lambda x: 3.0)
    def square(x):
        return x * x

    with pytest.raises(GradientError, match="SUSPECT"):
        square()
    with pytest.raises(TypeError, match=r"^grad_test: expected a strategy for each argument"):
        grad_test()


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\nb", "\u202e"])
def test_names_of_functions_cannot_reach_a_terminal(name):
    """Nor those of arguments, whatever shows them."""

    class Key:
        def __repr__(self):
            return name

    text = str(enclosure(lambda p: next(iter(p.values())) * 2.0, {Key(): 1.0}))
    assert all(" " <= character <= "~" for character in text.replace("\n", ""))
    with pytest.raises(TypeError) as refused:
        check_primitive(Key())
    assert "\x1b" not in str(refused.value)

    def f(p):
        return p[name] * getattr(p[name], "data", p[name])

    f.__qualname__ = name
    with pytest.raises(GradientError) as caught:
        check_grad(f, {name: 2.0})
    assert all(" " <= character <= "~" for character in str(caught.value).replace("\n", ""))
