"""The transforms: structures, nesting, every order, forward against reverse."""

import collections
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from programs import programs

from autograd import GraphError, grad, gradient, hessian, hvp, ieee, jacobian, jvp, no_grad, value_and_grad, vjp

Point = collections.namedtuple("Point", "x y")


def cube(x):
    """Return a polynomial whose derivatives everyone knows."""
    return x * x * x


# ---- one number -------------------------------------------------------------------------------------------


def test_gradient_of_a_number_is_a_float(calculus):
    """Plain numbers in, plain numbers out: ints, floats, fractions, NumPy scalars."""
    for x in (2, 2.0, Fraction(2), np.float64(2.0), True + True):
        got = grad(cube)(x)
        assert (type(got), got) == (float, 12.0)
    assert value_and_grad(cube)(2.0) == (8.0, 12.0)
    assert grad(lambda x: 5.0)(2.0) == 0.0
    assert grad(lambda x: x)(2.0) == 1.0


@pytest.mark.parametrize("order", range(1, 7))
def test_any_order(calculus, order):
    """The n-th derivative of x**6 and of exp."""
    f, g = (lambda x: x**6), calculus.exp
    for _ in range(order):
        f, g = grad(f), grad(g)
    assert f(2.0) == math.perm(6, order) * 2.0 ** (6 - order)
    assert g(0.5) == pytest.approx(math.exp(0.5), rel=1e-15)


def test_no_perturbation_confusion(calculus):
    """D(x -> x D(y -> x + y)(1))(1) is 1, in every mix of forward and backward."""
    forward = lambda f: lambda x: jvp(f, (x,), (1.0,))[1]  # noqa: E731
    for outer in (grad, forward):
        for inner in (grad, forward):
            assert type(outer(lambda x: x * inner(lambda y: x * y * y)(3.0))(2.0)) is float
            assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0
            assert outer(lambda x: x * inner(lambda y: x * y * y)(3.0))(2.0) == 24.0
            assert outer(lambda x: inner(lambda y: x * y)(x))(7.0) == 1.0
            assert outer(lambda x: inner(lambda y: y * y * x)(x * x))(2.0) == 24.0


@given(st.lists(st.sampled_from([grad, "forward"]), min_size=1, max_size=4), st.floats(0.5, 2.0))
def test_modes_nest_in_any_order(calculus, modes, x):
    """Any sequence of forward and backward gives the derivative of that order."""
    f = lambda x: calculus.sin(x) * x  # noqa: E731
    n = len(modes)
    forward = lambda f: lambda x: jvp(f, (x,), (1.0,))[1]  # noqa: E731
    for mode in modes:
        f = grad(f) if mode is grad else forward(f)
    exact = x * math.sin(x + n * math.pi / 2) - n * math.cos(x + n * math.pi / 2)
    assert f(x) == pytest.approx(exact, abs=64 * 2**-53 * (abs(x) + n + 1))


def test_values_from_outside_stay_in_the_graph(calculus):
    """A derivative that depends on a Value of the caller is a Value, and can be differentiated by it."""
    w = calculus.Value(3.0)
    slope = grad(lambda x: w * w * x)(5.0)
    assert slope.data == 9.0
    slope.backward()
    assert w.grad == 6.0
    assert grad(lambda x: w.detach() * x)(5.0) == 3.0
    with no_grad():
        assert type(grad(lambda x: w * w * x)(5.0)) is float
    x = calculus.Value(2.0)
    first = grad(cube)(x)
    first.backward()
    assert (first.data, x.grad) == (12.0, 12.0)


def test_transforms_change_no_grad(calculus):
    """They are pure, and what a function does to Values of its own is its own affair."""
    w = calculus.Value(3.0)
    w.grad = 0.5
    grad(lambda x: w * x)(5.0)
    hessian(lambda x: w * x * x)(5.0)
    assert w.grad == 0.5


# ---- structures -------------------------------------------------------------------------------------------


def test_structures_come_back(calculus):
    """Lists, tuples, named tuples, dicts and arrays, in any nesting, keep their types and shapes."""
    at = {"a": [1.0, (2.0, 3.0)], "b": Point(4.0, 5), "c": np.array([[6.0], [7.0]]), "d": 8.0}
    f = lambda s: s["a"][1][0] * s["b"].y + s["c"][1, 0] * s["d"] + s["a"][0]  # noqa: E731
    got = grad(f)(at)
    assert got["a"] == [1.0, (5.0, 0.0)]
    assert (type(got["b"]), got["b"]) == (Point, (0.0, 2.0))
    assert (got["c"].dtype, got["c"].tolist(), got["d"]) == (np.float64, [[0.0], [8.0]], 7.0)
    assert grad(lambda xs: 1.0)([]) == []
    assert grad(lambda a: np.sum(a * a))(np.zeros((0, 3))).shape == (0, 3)


def test_argnums_and_aux(calculus):
    """By one argument, by several, by the last; with something else returned beside the number."""
    f = lambda x, y, k=1.0: (x * y * k, {"sum": x + y})  # noqa: E731
    assert grad(f, argnums=1, has_aux=True)(2.0, 3.0, k=2.0) == (4.0, {"sum": 5.0})
    assert grad(f, argnums=(0, 1), has_aux=True)(2.0, 3.0) == ((3.0, 2.0), {"sum": 5.0})
    assert value_and_grad(f, argnums=-1, has_aux=True)(2.0, 3.0) == ((6.0, {"sum": 5.0}), 2.0)
    assert jacobian(f, has_aux=True)(2.0, 3.0) == (3.0, {"sum": 5.0})
    assert hessian(f, argnums=(0, 1), has_aux=True)(2.0, 3.0) == (((0.0, 1.0), (1.0, 0.0)), {"sum": 5.0})
    assert vjp(f, 2.0, 3.0, has_aux=True)[2] == {"sum": 5.0}
    assert jvp(f, (2.0, 3.0), (1.0, 0.0), has_aux=True) == (6.0, 3.0, {"sum": 5.0})


def test_jacobians_have_the_shape_of_both(calculus):
    """Wide ones by the backward sweep, tall ones by the forward sweep: the same numbers in the same shape."""
    wide = lambda v: [v[0] * v[1], v[2]]  # noqa: E731
    assert jacobian(wide)([2.0, 3.0, 4.0]) == [[3.0, 2.0, 0.0], [0.0, 0.0, 1.0]]
    tall = lambda v: {"p": v[0] * v[1], "q": (v[0], 1.0, calculus.sin(v[1]))}  # noqa: E731
    got = jacobian(tall)((2.0, 0.0))
    assert got == {"p": (0.0, 2.0), "q": ((1.0, 0.0), (0.0, 0.0), (0.0, 1.0))}
    array = np.arange(6.0).reshape(2, 3)
    got = jacobian(lambda a: a @ a.T)(array)
    assert got.shape == (2, 2, 2, 3)
    assert np.array_equal(got[0, 1, 1], array[0])
    assert jacobian(lambda x, y: [x * y], argnums=(0, 1))(2.0, 3.0) == [(3.0, 2.0)]


def test_jacobians_by_several_arrays(calculus):
    """Each part has the shape of the value and that of its argument; rows of dicts keep to arrays of numbers."""
    a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0])
    by_a, by_b = jacobian(lambda a, b: a * b[0] * b[1], argnums=(0, 1))(a, b)
    assert (by_a.shape, by_b.shape) == ((3, 3), (3, 2))
    assert np.array_equal(by_a, 20.0 * np.eye(3))
    assert np.array_equal(by_b, np.outer(a, [5.0, 4.0]))
    got = jacobian(lambda p: p["a"] * p["s"])({"a": a, "s": 2.0})
    assert np.array_equal(got["a"], 2.0 * np.eye(3))
    assert np.array_equal(got["s"], a)
    matrix = np.arange(6.0).reshape(2, 3)
    assert hessian(lambda m: np.sum(m * m))(matrix).shape == (2, 3, 2, 3)
    (aa, ab), (ba, bb) = hessian(lambda a, b: np.sum(a) * np.sum(b * b), argnums=(0, 1))(a, b)
    assert [x.shape for x in (aa, ab, ba, bb)] == [(3, 3), (3, 2), (2, 3), (2, 2)]
    assert np.array_equal(ab, ba.T)
    assert np.array_equal(ab[0], 2 * b)


def test_directions_go_by_name_and_shape(calculus):
    """A tangent is taken by the key of its number, in whatever order it comes, and has to have its shape."""
    product = lambda p: p["a"] * p["b"]  # noqa: E731
    assert jvp(product, ({"a": 1.0, "b": 2.0},), ({"b": 1.0, "a": 0.0},)) == (2.0, 1.0)
    with pytest.raises(ValueError, match="jvp: expected tangents in the structure of"):
        jvp(np.sum, (np.zeros((3, 2)),), (np.zeros((2, 3)),))
    with pytest.raises(ValueError, match="jvp: expected tangents in the structure of"):
        jvp(product, ({"a": 1.0, "b": 2.0},), ({"a": 1.0, "c": 2.0},))


def test_constants_as_arguments(calculus):
    """A constant counts as the number it holds: the derivative is taken there, and is a number."""
    at = calculus.Value(3.0).detach()
    assert [type(x) for x in (grad(cube)(at), jvp(cube, (at,), (1.0,))[1], hessian(cube)(at))] == [float] * 3
    assert (grad(cube)(at), jvp(cube, (at,), (1.0,)), hessian(cube)(at)) == (27.0, (27.0, 27.0), 18.0)


def test_what_comes_beside_the_value_keeps_its_derivatives(calculus):
    """By Values from outside; numbers otherwise."""
    inner = lambda a: grad(lambda x: (a * x * x, a * x), has_aux=True)(2.0)[1]  # noqa: E731
    assert (inner(3.0), grad(inner)(3.0)) == (6.0, 2.0)
    assert grad(lambda a: vjp(lambda x: (x * x, a * x), 2.0, has_aux=True)[2])(3.0) == 2.0


def test_hessian_vector_product(calculus):
    """Equal to the Hessian times the vector."""
    f = lambda x, y: x[0] ** 2 * y + calculus.sin(x[1] * y)  # noqa: E731
    at, along = ([1.5, 0.5], 2.0), ([1.0, -1.0], 0.5)
    h = hessian(f, argnums=(0, 1))(*at)
    flat = lambda s: [*s[0], s[1]]  # noqa: E731
    matrix = [flat(row) for row in [*h[0], h[1]]]
    expected = [sum(a * b for a, b in zip(row, flat(along), strict=True)) for row in matrix]
    assert flat(hvp(f, at, along)) == pytest.approx(expected, rel=1e-14)
    assert hvp(lambda x: 3.0 * x, (2.0,), (1.0,)) == (0.0,)


# ---- forward against reverse, Hessians ----------------------------------------------------------------------


def graph_of(engine, program):
    """Return the leaves and the last node of a random program whose derivatives are ordinary numbers."""
    root = program.root(engine)
    assume(root.op not in {"", "constant"})
    order = engine.ancestors(root)
    numbers = [abs(p) for node in order for p in node.partials]
    assume(all(p == 0 or 1e-20 < p < 1e20 for p in numbers) and len(order) < 12)
    return [node for node in order if not node.op], order


@given(programs)
def test_forward_equals_reverse(engine, program):
    """Both sum the same products over all paths: they differ by rounding alone, whose bound is proved.

    Either sweep makes at most two roundings for each edge. So each is within gamma(2 E) of the exact
    sum of products of the stored partials, times the sum of their absolute values.
    """
    leaves, order = graph_of(engine, program)
    assume(leaves)
    direction = {leaf: 0.5 + i for i, leaf in enumerate(leaves)}
    forward = engine.tangents(direction, [order[-1]])[0] or 0.0
    found = engine.adjoints({order[-1]: 1.0}, leaves)
    terms = [(a or 0.0) * t for a, t in zip(found, direction.values(), strict=True)]
    edges = sum(len(node.partials) for node in order) + len(leaves)
    total = {leaf: Fraction(t) for leaf, t in direction.items()}
    size = {leaf: abs(t) for leaf, t in total.items()}
    for node in order:
        for parent, partial in zip(node.parents, node.partials, strict=True):
            total[node] = total.get(node, 0) + Fraction(partial) * total.get(parent, 0)
            size[node] = size.get(node, 0) + abs(Fraction(partial)) * size.get(parent, 0)
    rounding = Fraction(2 * edges, 2**53 - 2 * edges) * size.get(order[-1], 0)
    exact = total.get(order[-1], 0)
    assert abs(Fraction(forward) - exact) <= rounding
    assert abs(sum(map(Fraction, terms)) - exact) <= rounding


@given(programs)
def test_hessians_are_symmetric_to_the_last_bit(calculus, program):
    """Of random programs as functions of their leaves."""
    assume(len(program.instructions) < 7)
    with ieee():
        matrix = hessian(lambda values: program.run(calculus, values).results[-1])(list(program.inputs))
    for i, row in enumerate(matrix):
        for j, entry in enumerate(row):
            assert entry == matrix[j][i] or (math.isnan(entry) and math.isnan(matrix[j][i]))


def test_a_mixed_derivative_may_have_one_path_alone(calculus):
    """Then it is that one, in whatever order the variables come."""
    for f in (lambda x, y: x**y, calculus.xlogy):
        there = hessian(lambda v, f=f: f(v[0], v[1]))([0.0, 0.0 if f is calculus.xlogy else 1.0])
        back = hessian(lambda v, f=f: f(v[1], v[0]))([0.0 if f is calculus.xlogy else 1.0, 0.0])
        assert repr(there[0][1]) == repr(there[1][0]) == repr(back[0][1]) == repr(back[1][0])
    assert hessian(lambda v: calculus.ldexp(v[0], v[1]))([1.5, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]


def test_gradient_of_what_is_computed_already(engine):
    """By leaves and by computed nodes; None where there is no path, which is not 0.0."""
    x, y, z = map(engine.Value, (2.0, 3.0, 4.0))
    h = x * y
    out = h * h + 0.0 * z
    assert gradient(out, [x, h, y, z]) == [36.0, 12.0, 24.0, None]
    assert gradient(out, (v for v in (x, h))) == [36.0, 12.0]
    first = gradient(out, [h], create_graph=True)[0]
    assert gradient(first, [x, y]) == [6.0, 4.0]
    assert [x.grad, h.grad] == [0.0, 0.0]
    assert gradient(x.detach() * y, [x]) == [None]


def test_recorded_sweep_notices_a_leaf_that_changed(engine):
    """The partials in a node are of the old number; new ones would be of the new."""
    x = engine.Value(2.0)
    y = engine.exp(x * x)
    x.data = 3.0
    assert gradient(y, [x])[0] == math.exp(4.0) * 4.0
    with pytest.raises(GraphError, match=r"mul: expected the leaves as they were when 4\.0 was computed"):
        gradient(y, [x], create_graph=True)


# ---- bad input ----------------------------------------------------------------------------------------------

BAD = [
    (lambda: grad(lambda x: [x, x])(1.0), TypeError, "grad: expected a function that returns one number"),
    (lambda: grad(lambda x: "a")(1.0), TypeError, "grad: expected a number, or lists"),
    (lambda: grad(cube)("a"), TypeError, "grad: expected a number, or lists"),
    (lambda: grad(cube)([1.0, None]), TypeError, "grad: expected a number, or lists"),
    (lambda: grad(cube, argnums=1)(1.0), TypeError, "grad: expected argnums among 1 positional arguments, got 1"),
    (lambda: grad(lambda x, y: x * y, argnums=(0, -2))(1.0, 2.0), TypeError, "grad: expected argnums among 2"),
    (lambda: grad(cube, argnums="x")(1.0), TypeError, "grad: expected argnums among 1 positional arguments"),
    (lambda: grad(cube, has_aux=True)(1.0), TypeError, "grad: expected a function that returns a pair"),
    (lambda: jvp(cube, 1.0, 1.0), TypeError, "jvp: expected a tuple of the function's arguments, got 1.0 (float)"),
    (lambda: hvp(cube, 1.0, 1.0), TypeError, "hvp: expected a tuple of the function's arguments, got 1.0 (float)"),
    (
        lambda: jvp(cube, (1.0,), (1.0, 2.0)),
        ValueError,
        "jvp: expected tangents in the structure of (1.0,) (tuple), got (1.0, 2.0)",
    ),
    (
        lambda: vjp(cube, 1.0)[1]([1.0, 2.0]),
        ValueError,
        "vjp: expected adjoints in the structure of Value(data=1.0, grad=0.0) (Value), got [1.0, 2.0]",
    ),
    (lambda: hvp(cube, (1.0,), ()), ValueError, "hvp: expected tangents in the structure of (1.0,) (tuple), got ()"),
    (lambda: gradient(1.0, []), TypeError, "gradient: expected a Value, got 1.0"),
    (lambda: grad(cube)(np.array(["a"])), TypeError, "grad: expected a number, or lists"),
]


@pytest.mark.parametrize(("work", "kind", "text"), BAD, ids=range(len(BAD)))
def test_bad_input_is_told(work, kind, text):
    """What was expected, what was got, where."""
    with pytest.raises(kind) as caught:
        work()
    assert text in str(caught.value)


def test_exceptions_of_the_function_pass_through(calculus):
    """And leave no mode behind."""
    with pytest.raises(ZeroDivisionError):
        grad(lambda x: x / 0)(1.0)
    x = calculus.Value(1.0)
    assert (x * x).op == "mul"
