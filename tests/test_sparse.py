"""Sparse Jacobians and Hessians: the numbers are those of the dense ones, the pattern is that of the graph."""

import math
import sys
from fractions import Fraction

import numpy as np
import pytest
from conftest import TWINS
from hypothesis import assume, given
from hypothesis import strategies as st
from programs import bits, programs

import autograd
from autograd import GraphError, grad, hessian, ieee, jacobian, no_grad, sparse, sparse_hessian, sparse_jacobian
from autograd.primitives import PRIMITIVES
from autograd.testing.programs import Instruction, Leaf, Program, apply, arity

EPS = Fraction(2) ** -53  # the relative error of one rounding


def pattern(matrix):
    """Return the places of the entries of a sparse matrix, row by row."""
    coordinates = matrix.tocoo()
    return sorted(zip(*(part.tolist() for part in coordinates.coords), strict=True))


def same(a, b):
    """Return whether matrices are the same, NaNs alike and zeros alike."""
    return np.array_equal(np.array(a, dtype=float), np.array(b, dtype=float), equal_nan=True)


def function_of(engine, program):
    """Return a random program as a function of the numbers that enter as Values, and these; it returns all results."""
    return lambda values: program.run(engine, values).results, list(program.inputs)


def last(f):
    """Return the function that returns the last of the numbers that another returns."""
    return lambda values: f(values)[-1]


# ---- the numbers of a Hessian ------------------------------------------------------------------------


def rosenbrock(x):
    """Return the chained function of Rosenbrock."""
    return sum([100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1)])


def test_rosenbrock_of_1000_variables(calculus):
    """2,998 entries, those on the diagonal and beside it, and each is what calculus says, exactly."""
    n = 1000
    x = [float(i % 5 - 2) for i in range(n)]  # whole numbers, so that nothing rounds
    found = sparse_hessian(rosenbrock)(x)
    assert (found.nnz, found.shape, found.format, found.dtype) == (2998, (n, n), "csr", float)
    assert found.has_sorted_indices
    expected = np.zeros((n, n))
    for i in range(n - 1):
        expected[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        expected[i + 1, i + 1] += 200
        expected[i, i + 1] = expected[i + 1, i] = -400 * x[i]
    assert same(found.toarray(), expected)


class Jet:
    """A whole number with its gradient and Hessian, computed forwards: nothing rounds."""

    def __init__(self, value, gradient, matrix):
        self.value, self.gradient, self.matrix = value, gradient, matrix

    @staticmethod
    def constant(value, n):
        return Jet(value, np.full(n, 0, object), np.full((n, n), 0, object))

    def __add__(self, other):
        return Jet(self.value + other.value, self.gradient + other.gradient, self.matrix + other.matrix)

    def __mul__(self, other):
        outer = np.outer(self.gradient, other.gradient)
        matrix = self.value * other.matrix + other.value * self.matrix + outer + outer.T
        return Jet(self.value * other.value, self.value * other.gradient + other.value * self.gradient, matrix)

    def times(self, number):
        return self * Jet.constant(number, len(self.gradient))


#: Primitives that do not round whole numbers, as what they do to jets: the last operand is -1, or 1 for a majorant.
EXACT = {
    "add": lambda x, y, minus: x + y,
    "sub": lambda x, y, minus: x + y.times(minus),
    "mul": lambda x, y, minus: x * y,
    "neg": lambda x, minus: x.times(minus),
    "pos": lambda x, minus: x,
    "abs": lambda x, minus: x.times(0 if x.value == 0 else minus if x.value < 0 else 1),
    "fma": lambda x, y, z, minus: x * y + z,
    "sum": lambda a, b, c, d, minus: a + b + c + d,
    "fsum": lambda a, b, c, d, minus: a + b + c + d,
    "dot": lambda a, b, c, d, minus: a * c + b * d,
    "sumprod": lambda a, b, c, d, minus: a * c + b * d,
}
whole_programs = st.builds(
    Program,
    st.lists(st.builds(Leaf, st.integers(-3, 3).map(float), st.sampled_from(["value", "value", "number"])), min_size=1, max_size=5),
    st.lists(
        st.tuples(st.sampled_from(sorted(EXACT)), st.tuples(*[st.integers(0, 7)] * 4)).map(
            lambda drawn: Instruction(drawn[0], drawn[1][: arity(drawn[0])])
        ),
        min_size=1, max_size=10,
    ),
)  # fmt: skip


def jet_of(program, minus):
    """Return the jet of a program's last result; with minus = 1 that of a majorant: no number in it is less than 1."""
    position = iter(range(len(program.inputs)))
    results = []
    for number, kind in program.leaves:
        jet = Jet.constant(int(number) if minus < 0 else max(abs(int(number)), 1), len(program.inputs))
        if kind == "value":
            jet.gradient[next(position)] = 1
        results.append(jet)
    for instruction in program.instructions:
        results.append(EXACT[instruction.op](*[results[at] for at in instruction.operands(len(results))], minus))
    return results[-1]


@given(whole_programs)
def test_hessian_of_whole_numbers_is_exact(calculus, program):
    """Of random programs in which nothing rounds, sparse and dense second derivatives are the true ones."""
    most = jet_of(program, 1)
    assume(max(most.value, *most.gradient, *most.matrix.ravel(), 0) < 2**53)
    f, x = function_of(calculus, program)
    true = jet_of(program, -1).matrix
    assert same(sparse_hessian(last(f))(x).toarray(), true)
    assert same(hessian(last(f))(x), true) or not x


@pytest.mark.parametrize("op", PRIMITIVES)
def test_second_partials_of_each_primitive(calculus, op):
    """Of each row of the table alone, at its samples and hard points: equal to the dense ones to the last bit.

    Where a primitive is flat in one operand, but not its slope by the other, the dense ones depend on the
    order of the variables; we take the one that is not zero.
    """
    row, count = PRIMITIVES[op], arity(op)
    samples = [[low + (high - low) * part for low, high in row.samples] for part in (0.15, 0.4, 0.8)]
    for point in [*samples, *row.hard_points]:
        x = [point[i % len(row.operands)] for i in range(count)]

        def f(values):
            return apply(calculus, op, values)

        with ieee():
            found = sparse_hessian(f)(x).toarray()
            other_order = np.array(hessian(lambda values: f(values[::-1]))(x[::-1]))[::-1, ::-1]
            assert same(found, hessian(f)(x)) or same(found, other_order)
            once, twice = (h(lambda values: f(values * count))([x[0]]) for h in (sparse_hessian, hessian))
            assert same(once.toarray(), twice)


def local(node):
    """Return the edges of a node and its second partials, as fractions."""
    edges = [(x, Fraction(partial)) for x, partial in zip(node.parents, node.partials, strict=True)]
    return edges, [(x, y, Fraction(second)) for x, y, second in sparse._second_partials(node)] if node.operands else []


def calm(node):
    """Return whether no product of a few of the node's numbers can overflow or lose digits."""
    numbers = [*node.partials, *([second for *_, second in sparse._second_partials(node)] if node.operands else [])]
    return all(x == 0 or 1e-9 < abs(x) < 1e9 for x in numbers)


def exact_hessian(order, variables, size=lambda x: x):
    """Return the Hessian of the last node as a sum over nodes: adjoint * second partials * tangents * tangents."""
    n = len(variables)
    tangent = {node: np.full(n, Fraction(0)) for node in order}
    for i, x in enumerate(variables):
        if x in tangent:
            tangent[x][i] = Fraction(1)
    for node in order:
        for x, partial in local(node)[0]:
            tangent[node] = tangent[node] + size(partial) * tangent[x]
    adjoint = dict.fromkeys(order, Fraction(0)) | {order[-1]: Fraction(1)}
    matrix = np.full((n, n), Fraction(0))
    for node in reversed(order):
        edges, seconds = local(node)
        for x, y, second in seconds:
            outer = np.outer(tangent[x], tangent[y])
            matrix = matrix + adjoint[node] * size(second) * (outer if x is y else outer + outer.T)
        for x, partial in edges:
            adjoint[x] += adjoint[node] * size(partial)
    return matrix


@given(programs)
def test_hessian_of_random_programs(calculus, program):
    """It is the sum of products of the nodes' first and second partials, within the bound on its rounding errors.

    A term of the sum is touched once at each node on its way: multiplied, and then added to others, which come
    from the pairs of edges of that node. So its relative error is at most one rounding for each of these.
    """
    f, x = function_of(calculus, program)
    with ieee():
        variables, results = sparse.record("test", "hessian", f, x)
        roots = [node for node in results if type(node) is calculus.Value and node.operands]
        orders = [calculus.ancestors(root) for root in roots]
        orders = [order for order in orders if len(order) <= 16 and all(map(calm, order))]
        assume(orders)
        found = sparse.hessian_matrix(orders[-1][-1], variables).toarray()
        exact, terms = (exact_hessian(orders[-1], variables, size) for size in (lambda x: x, abs))
    roundings = sum((len(node.operands) + 2) ** 2 for node in orders[-1])
    error = abs(np.vectorize(Fraction, otypes=[object])(found) - exact)
    assert (error <= 2 * roundings * EPS * terms).all()
    assert same(found, found.T)


# ---- the numbers of a Jacobian -------------------------------------------------------------------------


@given(programs)
def test_jacobian_of_random_programs(calculus, program):
    """Its numbers are those of the dense one, and an entry is stored exactly where there is a path."""
    f, x = function_of(calculus, program)
    with ieee():
        for count in (len(x), len(x) + 1):  # backward, forward
            found = sparse_jacobian(lambda values: f(values)[-count:])(x)
            assert same(found.toarray(), jacobian(lambda values: f(values)[-count:])(x))
            variables, results = sparse.record("test", "jacobian", f, x)
        paths = [
            (i, j)
            for i, out in enumerate(results[-count:])
            if type(out) is calculus.Value
            for j, adjoint in enumerate(calculus.adjoints({out: 1.0}, variables))
            if adjoint is not None
        ]
    assert pattern(found) == paths


def test_jacobian_by_either_sweep(calculus):
    """With more results than variables and with fewer; results that are variables, numbers, or the same twice."""
    f = lambda x: [x[0] * x[1], 7.0, x[2], x[2], x[1] / x[2]]  # noqa: E731
    expected = [[3.0, 2.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.25, -0.1875]]
    entries = [(0, 0), (0, 1), (2, 2), (3, 2), (4, 1), (4, 2)]
    forward = sparse_jacobian(f)([2.0, 3.0, 4.0])
    assert (forward.toarray().tolist(), pattern(forward)) == (expected, entries)
    backward = sparse_jacobian(lambda x: f(x[:3]))([2.0, 3.0, 4.0, 5.0, 6.0])
    assert (backward.toarray()[:, :3].tolist(), pattern(backward)) == (expected, entries)
    assert forward.has_sorted_indices
    assert backward.has_sorted_indices


# ---- the pattern ---------------------------------------------------------------------------------------


@given(programs)
def test_no_nonzero_is_missing(calculus, program):
    """Where a random program's Hessian has no entry, the dense one is exactly zero."""
    f, x = function_of(calculus, program)
    assume(len(program.instructions) < 7)
    with ieee():
        entries = set(pattern(sparse_hessian(last(f))(x)))
        dense = hessian(last(f))(x)
    assert all(dense[i][j] == 0.0 or (i, j) in entries for i in range(len(x)) for j in range(len(x)))


def test_zeros_of_numbers_and_zeros_of_the_graph(calculus):
    """An entry that comes out as 0.0 is stored; what no path can reach is not, whatever the numbers are."""
    where = calculus.where
    cases = [
        (lambda x: x[0] * x[1] - x[0] * x[1], [(0, 1), (1, 0)]),
        (lambda x: x[0] ** 3 + x[1] ** 2, [(0, 0), (1, 1)]),
        (lambda x: x[0] * (x[1] * x[1]), [(0, 1), (1, 0), (1, 1)]),
        (lambda x: 5.0 * x[0] - x[1] / 3 + calculus.sum(x), []),
        (lambda x: where(True, x[0], x[0] * x[1]), []),
        (lambda x: 0.0 * (x[0] * x[1]), []),
        (lambda x: x[0] ** 0 + x[1] // 2.0, []),
        (lambda x: calculus.maximum(x[0] * x[0], x[1] * x[1]), [(1, 1)]),
        (lambda x: (x[0] + x[1]).detach() * x[0], []),
        (lambda x: x[0], []),
        (lambda x: 3.0, []),
    ]
    for f, entries in cases:
        assert pattern(sparse_hessian(f)([0.0, 2.0])) == entries


def test_a_flat_operand_can_bend_the_slope_by_another(calculus):
    """0**y is 0 whatever y > 0 is; yet its slope by the base depends on y, and that is not lost."""
    found = sparse_hessian(lambda x: x[0] ** x[1])([0.0, 1.0]).toarray()
    assert math.isnan(found[0, 1])
    assert math.isnan(found[1, 0])


def test_hub(calculus):
    """One variable that meets all others: an arrow, and no more."""
    n = 50
    found = sparse_hessian(lambda x: calculus.dot(x[1:], [x[0]] * (n - 1)) + calculus.sum([v**2 for v in x]))([1.0] * n)
    assert pattern(found) == sorted(
        {(0, i) for i in range(n)} | {(i, 0) for i in range(n)} | {(i, i) for i in range(n)}
    )


def broyden(x):
    """Return the residuals of Broyden's tridiagonal system."""
    padded = [0.0, *x, 0.0]
    return [(3 - 2 * b) * b - a - 2 * c + 1 for a, b, c in zip(padded, padded[1:], padded[2:], strict=False)]


@pytest.mark.parametrize(
    "transform",
    [
        sparse_hessian(rosenbrock),
        sparse_hessian(lambda x: sum([r * r for r in broyden(x)])),
        sparse_jacobian(broyden),
        sparse_jacobian(lambda x: [*broyden(x), 0.0]),
    ],
    ids=["rosenbrock", "broyden", "backward", "forward"],
)
def test_cost_is_linear(calculus, transform):
    """Each variable more of a banded problem costs the same number of calls, of Python and to C."""

    def calls(n):
        count = 0

        def count_calls(frame, event, argument):
            nonlocal count
            count += event in {"call", "c_call"} and frame.f_code.co_filename == sparse.__file__

        sys.setprofile(count_calls)
        try:
            transform([0.5] * n)
        finally:
            sys.setprofile(None)
        return count

    calls(20)  # compiles the formulas
    assert calls(120) - calls(80) == calls(80) - calls(40)


# ---- both twins ------------------------------------------------------------------------------------------


def transcript(engine, program, monkeypatch):
    """Return all that there is in the sparse matrices of a random program."""
    monkeypatch.setattr(sparse, "Value", engine.Value)
    f, x = function_of(engine, program)
    with ieee():
        matrices = [sparse_hessian(last(f))(x), sparse_jacobian(f)(x), sparse_jacobian(lambda v: f(v)[-1:])(x)]
    return [(m.indptr.tolist(), m.indices.tolist(), [bits(number) for number in m.data.tolist()]) for m in matrices]


@pytest.mark.skipif(len(TWINS) < 2, reason="the C twin was not built")
@given(programs)
def test_twins_agree(monkeypatch, program):
    """On every entry and every bit of the matrices of random programs."""
    from autograd import _engine, engine

    assert transcript(_engine, program, monkeypatch) == transcript(engine, program, monkeypatch)


# ---- arguments and errors --------------------------------------------------------------------------------


def test_arguments(calculus):
    """Any structure counts in its order; other arguments are passed on."""
    f = lambda p, factor, power=1: factor * p["a"] * p["b"][1] ** power  # noqa: E731
    found = sparse_hessian(f)({"a": 2.0, "b": (1, 5.0)}, 10.0, power=2)
    assert found.toarray().tolist() == [[0.0, 0.0, 100.0], [0.0, 0.0, 0.0], [100.0, 0.0, 40.0]]
    array = np.arange(4.0).reshape(2, 2)
    assert sparse_jacobian(lambda x: 2 * x.T)(array).toarray().tolist() == jacobian(lambda x: 2 * x.T)(array).reshape(4, 4).tolist()  # fmt: skip
    assert sparse_hessian(lambda x: 1.0)([]).shape == (0, 0)
    assert sparse_jacobian(lambda x: [1.0, 2.0])([]).shape == (2, 0)
    assert sparse_jacobian(lambda x: [])([1.0]).shape == (0, 1)
    assert sparse_hessian(rosenbrock).__name__ == "rosenbrock"


def test_only_plain_numbers(calculus):
    """Values among the arguments, or from elsewhere, would lose their derivatives: refused, with the cure."""
    outside = calculus.Value(2.0)
    for transform, dense in ((sparse_hessian, "hessian"), (sparse_jacobian, "jacobian")):
        with pytest.raises(TypeError, match=f"sparse_{dense}: expected plain numbers.*; use {dense}"):
            transform(lambda x: x[0])([outside])
        with pytest.raises(GraphError, match=f"sparse_{dense}: .*depends on other Values.*; use {dense}"):
            transform(lambda x: x[0] * outside)([1.0])
        with pytest.raises(TypeError, match=f"sparse_{dense}: expected plain numbers"):
            grad(lambda y: transform(lambda x: x[0] * y)([y])[0, 0])(1.0)
        assert transform(lambda x: x[0] * outside.detach())([1.0]).shape == (1, 1)
    with no_grad():
        assert sparse_hessian(lambda x: outside * x[0] ** 2)([1.0]).toarray() == 4.0
        assert sparse_jacobian(lambda x: [outside * x[0] ** 2])([1.0]).toarray() == 4.0


def test_one_number(calculus):
    """A Hessian is of one number, be it in an array."""
    assert sparse_hessian(lambda x: np.array([x[0] ** 2]))([1.0]).toarray() == 2.0
    for several in (lambda x: [x[0]], lambda x: x, lambda x: np.array(x)):
        with pytest.raises(TypeError, match="sparse_hessian: expected a function that returns one number"):
            sparse_hessian(several)([1.0, 2.0])
    with pytest.raises(TypeError, match="sparse_jacobian: expected a number, or lists"):
        sparse_jacobian(lambda x: "text")([1.0])


def test_a_leaf_that_the_function_changes(calculus):
    """A function that assigns to its variables would have second partials at another point: refused."""

    def f(x):
        out = x[0] ** 3
        x[0].data = 5.0
        return out

    with pytest.raises(GraphError, match="pow: expected the leaves as they were"):
        sparse_hessian(f)([1.0])


def test_a_primitive_that_has_no_second_partials(calculus):
    """The message names it."""
    cube = autograd.primitive(lambda x: x**3, partials=lambda x, out: 3 * math.pow(x, 2), name="cube")
    with pytest.raises(GraphError, match="cube: "):
        sparse_hessian(lambda x: cube(x[0]))([1.0])


def test_scipy_is_missing(monkeypatch):
    """The message says how to install it."""
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    for transform in (sparse_hessian, sparse_jacobian):
        with pytest.raises(ImportError, match=r'scipy to be installed; pip install "chainrule\[sparse\]"'):
            transform(lambda x: x[0])([1.0])
