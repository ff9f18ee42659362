"""Own primitives and sub-programs: what they record, every order, and what they refuse."""

import copy
import ctypes
import math
import operator
import pickle
from typing import NamedTuple

import numpy as np
import pytest
from conftest import HAS_C
from hypothesis import given
from hypothesis import strategies as st
from programs import bits
from scipy import special

import autograd.math
from autograd import BackendMismatchError, GraphError, grad, hessian, jacobian, jvp, no_grad, record_lines
from autograd.own import preaccumulate, primitive
from autograd.sparse import sparse_hessian
from autograd.testing import Verdict, check_primitive

# Bessel functions of SciPy, that differentiate each other: j0' = -j1 and j1' = j0 - j1 / x.
j0 = primitive(special.j0, lambda x, out: -j1(x))
j1 = primitive(special.j1, lambda x, out: j0(x) - out / x)


@primitive(partials=lambda x, y, out: (y, x))
def product(x, y):
    """Multiply."""
    return x * y


@preaccumulate
def spiral(x, y):
    """Return two numbers of two."""
    return [x * x * y + 3.0 * x, (x - y) * y]


def plain_spiral(x, y):
    """Return the same, recorded in full."""
    return [x * x * y + 3.0 * x, (x - y) * y]


wrapped_spiral = preaccumulate(plain_spiral)

reals = st.floats(-10, 10).filter(lambda x: abs(x) > 1e-3)


# ---- primitive: recording ----------------------------------------------------------------------------


def test_one_node_is_recorded(engine):
    """With the value and the partials of the user's functions, and all that a node of the table has."""
    x, y = engine.Value(3.0), engine.Value(5.0)
    out = product(x, y)
    assert (out.data, out.op, out.primitive, out.operands) == (15.0, "product", product, (x, y))
    assert (out.parents, out.partials) == ((x, y), (5.0, 3.0))
    (out * out).backward()
    assert (x.grad, y.grad) == (150.0, 90.0)
    assert out.tangent({x: 1.0, y: 10.0}) == 35.0


def test_numbers_give_a_float(engine):
    """Without a Value nothing is recorded, and no partials are computed."""
    never = primitive(lambda x: x * x, lambda x, out: pytest.fail("partials of plain numbers"), name="square")
    for x in (2, 2.0, True + True, np.float64(2.0)):
        assert (type(never(x)), never(x)) == (float, 4.0)
    assert product(2, 3) == 6.0


def test_numbers_and_constants_get_no_edge(engine):
    """A plain number becomes a float among the operands; a constant is an operand and no parent."""
    x, c = engine.Value(3.0), engine.Value(5.0).detach()
    for other in (5, c):
        out = product(x, other)
        assert (out.operands, out.parents, out.partials) == ((x, other), (x,), (5.0,))
        assert type(out.operands[1]) is (engine.Value if other is c else float)
    assert product(c, c).op == product(c, 2.0).op == "constant"


def test_nothing_is_recorded_under_no_grad(engine):
    """The result is a constant, as that of any operation there."""
    x = engine.Value(3.0)
    with no_grad():
        out = product(x, x)
        plain = product(3.0, 3.0)
    assert (out.data, out.op, out.operands) == (9.0, "constant", ())
    assert type(plain) is float


def test_one_operand_twice(engine):
    """There is an edge for each use."""
    x = engine.Value(3.0)
    out = product(x, x)
    assert (out.parents, out.partials) == ((x, x), (3.0, 3.0))
    assert grad(grad(lambda x: product(x, x) * x))(3.0) == 18.0


def test_structural_zeros(engine):
    """None means no edge, so an inf further back does not come through as NaN."""
    step = primitive(
        lambda x, y: y if x > 0.0 else 0.0, lambda x, y, out: (None, 1.0 if x > 0.0 else None), name="step"
    )
    x, y = engine.Value(-1.0), engine.Value(0.0)
    assert step(x, y.sqrt()).parents == ()
    assert step(-x, y).parents == (y,)
    y.zero_grad()
    (step(x, y.sqrt()) + y).backward()
    assert y.grad == 1.0
    constant = primitive(lambda x: 1.0, lambda x, out: None, name="constantly")
    assert constant(x).parents == ()


def test_unknown_partials_are_nan(engine):
    """A NaN is a partial: it matters where its operand is a variable, and there alone."""
    bessel = primitive(
        special.jv, lambda n, x, out: (math.nan, 0.5 * (special.jv(n - 1, x) - special.jv(n + 1, x))), name="bessel"
    )
    x, n = engine.Value(1.5), engine.Value(2.0)
    assert bessel(2, x).partials == (pytest.approx(special.jvp(2, 1.5), rel=1e-14),)
    assert math.isnan(bessel(n, x).partials[0])


def test_any_language():
    """A function of C is called with floats as they are."""
    cosh = ctypes.CDLL(None).cosh
    cosh.restype, cosh.argtypes = ctypes.c_double, [ctypes.c_double]
    mine = primitive(cosh, lambda x, out: math.sinh(x), higher=lambda x, out: autograd.math.sinh(x), name="c_cosh")
    assert grad(mine)(0.5) == math.sinh(0.5)
    assert grad(grad(mine))(0.5) == math.cosh(0.5)


def test_a_node_remembers_the_line_that_called_it(engine):
    """Not one of this package."""
    with record_lines():
        out = product(engine.Value(1.0), 2.0)
    assert out.line.startswith(__file__)


@pytest.mark.parametrize(
    ("own", "points"),
    [(j0, [(0.5,), (2.0,), (7.0,), (19.0,)]), (j1, [(0.5,), (2.0,), (7.0,), (19.0,)]), (product, None)],
    ids=lambda own: getattr(own, "name", ""),
)
def test_the_battery_finds_nothing(own, points):
    """The primitives of these tests are consistent with finite differences, to second order."""
    assert check_primitive(own, points).verdict is Verdict.CONSISTENT


# ---- primitive: orders -------------------------------------------------------------------------------


@given(x=st.floats(0.5, 20.0))
def test_own_primitives_differentiate_each_other(calculus, x):
    """Four derivatives of the Bessel function against SciPy's."""
    f = j0
    for order in range(1, 5):
        f = grad(f)
        assert f(x) == pytest.approx(special.jvp(0, x, order), rel=1e-11, abs=1e-13)


def test_the_value_may_be_used_by_the_partials_of_higher_order(calculus):
    """Where the partials are a formula of `out`, it is a node there."""
    mine = primitive(math.tanh, lambda x, out: 1.0 - out * out, name="my_tanh")
    f, g = mine, calculus.tanh
    for _ in range(4):
        f, g = grad(f), grad(g)
        assert f(0.3) == pytest.approx(g(0.3), rel=1e-14)


def test_a_rule_for_higher_orders(calculus):
    """`higher` serves where the partials are of floats only."""
    higher = lambda x, out: calculus.cos(x)  # noqa: E731
    mine = primitive(math.sin, lambda x, out: math.cos(x), higher=higher, name="my_sine")
    assert grad(mine)(0.5) == math.cos(0.5)
    assert grad(grad(mine))(0.5) == -math.sin(0.5)
    assert grad(grad(grad(mine)))(0.5) == -math.cos(0.5)


@given(x=reals, y=reals)
def test_all_transforms_see_through_own_primitives(calculus, x, y):
    """Hessians, dense and sparse, and the forward sweep are those of the same function in operators."""

    def own(v):
        return product(product(v[0], v[1]), v[0]) + product(v[1], 3.0)

    def plain(v):
        return v[0] * v[1] * v[0] + v[1] * 3.0

    assert hessian(own)([x, y]) == hessian(plain)([x, y])
    assert (sparse_hessian(own)([x, y]) != sparse_hessian(plain)([x, y])).nnz == 0
    assert jvp(own, ([x, y],), ([1.0, 2.0],)) == jvp(plain, ([x, y],), ([1.0, 2.0],))
    nested = lambda f: jvp(grad(f), ([x, y],), ([1.0, 2.0],))[1]  # noqa: E731
    assert nested(own) == nested(plain)


def test_a_higher_derivative_needs_partials_on_values(engine):
    """The first derivative works; the second says what to give."""
    mine = primitive(math.sin, lambda x, out: math.cos(x), name="my_sine")
    assert grad(mine)(0.5) == math.cos(0.5)
    with pytest.raises(GraphError, match=r"^my_sine: expected partials that can be computed of Values.* higher=$"):
        grad(grad(mine))(0.5)


def test_a_changed_leaf_is_noticed(engine):
    """A recorded sweep takes the partials anew, of the numbers of now: they must be those of then."""
    for function in (lambda x: product(x, x), lambda x: spiral(x, 2.0)[0]):
        x = engine.Value(3.0)
        y = function(x)
        x.data = 4.0
        with pytest.raises(GraphError, match="differentiate before changing"):
            autograd.gradient(y, [x], create_graph=True)
    x = engine.Value(math.nan)
    assert math.isnan(autograd.gradient(product(x, x), [x], create_graph=True)[0].data)


# ---- primitive: what it refuses ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "partials",
    [2.0, (1.0,), (1.0, 2.0, 3.0), (1.0, "a"), ("ab"), None, (1.0, 1j), (1.0, [2.0]), np.array(1.0), object()],
)
def test_partials_are_one_number_for_each_operand(engine, partials):
    """Any other thing is an error that names the primitive."""
    mine = primitive(lambda x, y: x, lambda x, y, out: partials, name="mine")
    with pytest.raises(TypeError, match=r"^mine: expected the partials to return 2 numbers, one for each operand"):
        mine(engine.Value(1.0), 2.0)


@pytest.mark.parametrize("partials", [(1.0, 2.0), [1, np.float32(2.0)], np.array([1.0, 2.0])])
def test_partials_come_in_any_sequence(engine, partials):
    """Tuples, lists, arrays; of any kind of real number."""
    mine = primitive(lambda x, y: x, lambda x, y, out: partials, name="mine")
    assert mine(engine.Value(1.0), engine.Value(2.0)).partials == (1.0, 2.0)


def test_a_value_from_elsewhere_is_refused(engine):
    """A function that returns a Value has used one that is no operand: its derivative would be lost."""
    outside = engine.Value(2.0)
    mine = primitive(lambda x: x * outside, lambda x, out: 2.0, name="mine")
    for x in (1.0, engine.Value(1.0)):
        with pytest.raises(TypeError, match=r"^mine: expected the value to return a real number, got Value"):
            mine(x)
    mine = primitive(lambda x: 2.0 * x, lambda x, out: outside, name="mine")
    with pytest.raises(TypeError, match=r"^mine: expected the partials to return a real number, got Value"):
        mine(engine.Value(1.0))
    with pytest.raises(TypeError, match=r"^mine: expected the value to return a real number, got 'a' \(str\)"):
        primitive(lambda x: "a", lambda x, out: 1.0, name="mine")(1.0)


def test_exceptions_keep_their_type_and_say_whose_they_are(engine):
    """A note on the exception names the primitive, the function and the operands."""
    root = primitive(math.sqrt, lambda x, out: 0.5 / out, name="my_sqrt")
    with pytest.raises(ValueError, match="math domain error") as caught:
        root(engine.Value(-1.0))
    assert caught.value.__notes__ == ["my_sqrt: raised by the value at -1.0"]
    with pytest.raises(ZeroDivisionError) as caught:
        root(engine.Value(0.0))
    assert caught.value.__notes__ == ["my_sqrt: raised by the partials at 0.0, 0.0"]
    with pytest.raises(TypeError) as caught:
        product(engine.Value(0.0))
    assert caught.value.__notes__ == ["product: raised by the value at 0.0"]


def test_operands_are_numbers(engine):
    """Strings, arrays and the Values of two twins at once are refused."""
    for bad in ("a", [1.0], np.zeros(2), None):
        with pytest.raises(TypeError, match=r"^product: expected a Value or a real number"):
            product(engine.Value(1.0), bad)


@pytest.mark.skipif(not HAS_C, reason="the C twin was not built")
def test_the_twins_do_not_mix():
    """An own primitive serves both twins, not both at once."""
    from autograd import _engine, engine

    for function in (product, spiral):
        with pytest.raises(BackendMismatchError):
            function(engine.Value(1.0), _engine.Value(1.0))


@pytest.mark.parametrize("name", ["<lambda>", "two words", "", "sin", "constant", "mul", "1st", 5])
def test_names_are_identifiers_of_their_own(name):
    """A name that stands for something else already would deceive all who read the graph."""
    with pytest.raises(ValueError, match=r"^primitive: expected a name that is an identifier"):
        primitive(lambda x: x, lambda x, out: 1.0, name=name)


@pytest.mark.parametrize("functions", [(3.0, abs), (abs, 3.0), (abs, None)])
def test_functions_are_functions(functions):
    """What cannot be called is refused at once."""
    with pytest.raises(TypeError, match=r"^primitive: expected .* to be a function"):
        primitive(*functions, name="mine")
    with pytest.raises(TypeError, match=r"^preaccumulate: expected f to be a function"):
        preaccumulate(3.0)


def test_an_own_primitive_is_frozen():
    """It looks like what it is, keeps the docstring, and does not change."""
    assert repr(product) == f"<own primitive product of {__name__}>"
    assert (product.__doc__, product.__module__, product.name) == ("Multiply.", __name__, "product")
    with pytest.raises(AttributeError, match="cannot be changed"):
        product.name = "other"


# ---- copies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [lambda x, y: product(x, y) * x, lambda x, y: j0(x) * y, lambda x, y: spiral(x, y)[0], lambda x, y: wrapped_spiral(x, y=y)[1]],
    ids=["primitive", "scipy", "decorated", "wrapped"],
)  # fmt: skip
def test_graphs_with_own_nodes_can_be_copied(engine, function):
    """Shallow, deep and by pickle: the copies sweep to the same numbers, recorded sweeps too."""
    x, y = engine.Value(1.5), engine.Value(-0.5)
    out = function(x, y)
    expected = [g.data for g in autograd.gradient(out, [x, y], create_graph=True)]
    assert copy.copy(out).partials == out.partials
    for out2, x2, y2 in (copy.deepcopy((out, x, y)), pickle.loads(pickle.dumps((out, x, y)))):
        found = autograd.gradient(out2, [x2, y2], create_graph=True)
        assert [g.data for g in found] == expected
        assert autograd.gradient(found[0], [x2]) == autograd.gradient(
            autograd.gradient(out, [x], create_graph=True)[0], [x]
        )


# ---- preaccumulate -----------------------------------------------------------------------------------


class State(NamedTuple):
    """A structure of arguments and results."""

    position: float
    speed: float


def simulate(engine, state, stiffness, steps):
    """Integrate a stiffening spring: many operations on three variables."""
    x, v = state
    for _ in range(steps):
        v = v - 0.01 * stiffness * x * engine.cosh(0.1 * x)
        x = x + 0.01 * v
    return State(x, v)


def nodes_behind(engine, *roots):
    """Return how many nodes the roots keep alive."""
    return len({node for root in roots for node in engine.ancestors(root)})


def test_memory_does_not_grow_with_the_sub_program(engine):
    """A thousand steps of some eight nodes leave one node for each result, and the gradient is the same."""
    step = preaccumulate(lambda *args: simulate(engine, *args, steps=10))
    variables = [engine.Value(x) for x in (1.0, 0.5, 3.0)]
    x, v, stiffness = variables
    collapsed = full = State(x, v)
    for _ in range(100):
        collapsed, full = step(collapsed, stiffness), simulate(engine, full, stiffness, steps=10)
    assert nodes_behind(engine, *collapsed) == 3 + 2 * 100
    assert nodes_behind(engine, *full) > 8000
    assert collapsed == full
    for one, other in zip(collapsed, full, strict=True):
        assert engine.adjoints({one: 1.0}, variables) == pytest.approx(
            engine.adjoints({other: 1.0}, variables), rel=1e-12
        )


@given(
    start=st.tuples(reals, reals),
    code=st.lists(st.tuples(st.sampled_from(["add", "sub", "mul", "truediv", "atan2"]), st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=8),
)  # fmt: skip
def test_a_sub_program_alone_has_the_partials_of_its_sweep(engine, start, code):
    """Collapsing a whole program changes no bit of its value, nor of its gradient."""

    def program(x, y):
        results = [x, y]
        for op, i, j in code:
            a, b = results[i % len(results)], results[j % len(results)]
            results.append(a.atan2(b) if op == "atan2" else getattr(operator, op)(a, b if b != 0.0 else y))
        return results[-1]

    full, collapsed = [engine.Value(x) for x in start], [engine.Value(x) for x in start]
    expected, found = program(*full), preaccumulate(program)(*collapsed)
    expected.backward()
    found.backward()
    assert bits(found.data) == bits(expected.data)
    assert [bits(x.grad) for x in collapsed] == [bits(x.grad) for x in full]
    assert [x in found.parents for x in collapsed] == [x in engine.between([expected], full) for x in full]


@given(x=reals, y=reals)
def test_higher_orders_of_a_sub_program(calculus, x, y):
    """Its partials are differentiated again by recording it anew, to any order and in any nesting."""

    def f(outs):
        return outs[0] * outs[1] - calculus.sin(outs[0])

    own = lambda v: f(spiral(*v))  # noqa: E731
    plain = lambda v: f(plain_spiral(*v))  # noqa: E731
    assert hessian(own)([x, y]) == [pytest.approx(row, rel=1e-9, abs=1e-9) for row in hessian(plain)([x, y])]
    assert sparse_hessian(own)([x, y]).toarray() == pytest.approx(np.array(hessian(plain)([x, y])), rel=1e-9, abs=1e-9)
    third = lambda f: grad(grad(grad(lambda a: f([a, y]))))(x)  # noqa: E731
    assert third(own) == pytest.approx(third(plain), rel=1e-9, abs=1e-6)
    mixed = lambda f: jvp(grad(f), ([x, y],), ([1.0, 2.0],))[1]  # noqa: E731
    assert mixed(own) == pytest.approx(mixed(plain), rel=1e-9, abs=1e-9)
    again = preaccumulate(preaccumulate(plain_spiral))
    assert jacobian(lambda v: again(*v))([x, y]) == jacobian(lambda v: plain_spiral(*v))([x, y])
    inside = preaccumulate(lambda a: grad(lambda b: a * a * b * b)(a))
    assert grad(grad(inside))(x) == pytest.approx(12.0 * x, rel=1e-14)


def test_one_operand_in_two_places(calculus):
    """Each place has its own edge."""
    x = calculus.Value(3.0)
    assert spiral(x, x)[0].partials == (21.0, 9.0)
    assert grad(grad(lambda x: spiral(x, x)[0]))(2.0) == 12.0


def test_structures_and_other_arguments(engine):
    """Values are found in lists, dicts, named tuples, arrays and keywords; all else is passed as it is."""

    @preaccumulate
    def f(state, table, array, *, mode, n, scale):
        assert (mode, n, type(n), type(state), type(array)) == ("fast", 2, int, State, np.ndarray)
        return {"a": state.speed * table["k"][0] ** n, "b": array * scale, "c": "constant" and 7.0}

    speed, k, array, scale = (engine.Value(x) for x in (2.0, 3.0, 5.0, 7.0))
    out = f(State(1, speed), {"k": [k]}, np.array([array, 1.0]), mode="fast", n=2, scale=scale)
    assert (list(out), out["c"], out["b"].shape) == (["a", "b", "c"], 7.0, (2,))
    assert out["a"].operands == (speed, k, array, scale)
    assert dict(zip(out["a"].parents, out["a"].partials, strict=True)) == {speed: 9.0, k: 12.0}
    assert dict(zip(out["b"][0].parents, out["b"][0].partials, strict=True)) == {array: 7.0, scale: 5.0}
    assert (out["a"].op, out["a"].primitive.name) == ("f", "f")
    gradient = autograd.gradient(out["a"], [speed, k, array], create_graph=True)
    assert (gradient[0].data, gradient[1].data, gradient[2]) == (9.0, 12.0, None)
    assert autograd.gradient(gradient[1], [speed, k]) == [6.0, 4.0]


def test_plain_numbers_are_only_computed(engine):
    """No node, and the very result of the function; under no_grad, what the function gives there."""
    assert spiral(2, 3) == [18.0, -3]
    with no_grad():
        assert [out.op for out in spiral(engine.Value(2.0), 3.0)] == ["constant", "constant"]
    assert spiral(engine.Value(2.0).detach(), 3.0)[0].op == "constant"
    mixed = spiral(engine.Value(2.0), engine.Value(3.0).detach())
    assert [len(out.parents) for out in mixed] == [1, 1]


def test_derivatives_by_values_from_elsewhere_are_not_lost(engine):
    """A Value that the function knows, and we do not, is refused where its derivative would be lost."""
    outside, x = engine.Value(5.0), engine.Value(2.0)
    f = preaccumulate(lambda x: x * outside)
    with pytest.raises(
        GraphError, match=r"^preaccumulate: expected a function of its arguments alone.* as an argument"
    ):
        f(x)
    assert f(2.0).parents == (outside,)  # nothing is collapsed here, and nothing lost
    outside = outside.detach()
    assert f(x).partials == (5.0,)
    with pytest.raises(GraphError, match=r"^preaccumulate: "):
        grad(lambda a: preaccumulate(lambda b: a * b)(a))(1.0)


def test_a_method_can_be_a_sub_program(engine):
    """The decorator binds as a function does."""

    class Model:
        rate = 3.0

        @preaccumulate
        def step(self, x):
            return self.rate * x * x

    x = engine.Value(2.0)
    out = Model().step(x)
    assert (out.op, out.operands, out.partials) == ("step", (x,), (12.0,))
    assert Model.step.__wrapped__.__name__ == "step"
    assert repr(spiral).startswith("<preaccumulated <function spiral")
