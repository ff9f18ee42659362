"""scipy_objective: what SciPy's optimisers take, from one call of the function for each point."""

import itertools
import math
import sys

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from programs import programs
from scipy.optimize import least_squares, minimize

import autograd.math
from autograd import GraphError, grad, hessian, hvp, ieee, jacobian, no_grad, scipy_objective


def rosenbrock(x, scale=100.0):
    """Return the chained function of Rosenbrock."""
    return sum([scale * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)])


def residuals(x, scale=10.0):
    """Return the terms of which `rosenbrock` is the sum of squares, and one that is always 0."""
    pairs = list(itertools.pairwise(x))
    return [*[scale * (b - a * a) for a, b in pairs], *[1 - a for a, _ in pairs], 0.0]


START = np.array([1.2, 0.8, 1.1, 1.3])
NEAR = np.array([1.1, 1.2, 1.45, 2.1])  # where the Hessian is positive definite
SOLUTION = np.ones(4)


# ---- values and derivatives ----------------------------------------------------------------------------


def test_one_number(calculus):
    """Float, gradient, Hessian and its products are those of the transforms."""
    objective = scipy_objective(rosenbrock)
    value = objective.fun(START)
    assert (type(value), value) == (float, rosenbrock(START.tolist()))
    assert objective.jac(START).tolist() == grad(rosenbrock)(START.tolist())
    value_again, gradient = objective.value_and_grad(START)
    assert (value_again, gradient.tolist()) == (value, grad(rosenbrock)(START.tolist()))
    whole = np.array([1.0, -2.0, 3.0, 2.0])  # nothing rounds
    assert objective.hess(whole).tolist() == hessian(rosenbrock)(whole.tolist())
    assert objective.hessp(whole, START).tolist() == pytest.approx(hvp(rosenbrock, [whole], [START])[0].tolist())
    for i, unit in enumerate(np.eye(4)):
        assert objective.hessp(whole, unit).tolist() == objective.hess(whole)[i].tolist()


def test_several_numbers(calculus):
    """Arrays of residuals and their Jacobian, with more results than variables and with fewer."""
    for f in (residuals, lambda x: residuals(x)[:3], lambda x: tuple(residuals(x))):
        objective = scipy_objective(f)
        values, matrix = objective.value_and_grad(START)
        assert values.tolist() == list(f(START.tolist()))
        assert matrix.tolist() == list(map(list, jacobian(f)(START.tolist())))
    array = scipy_objective(lambda x: np.array(residuals(x)))
    assert (
        array.jac(START).tolist()
        == jacobian(lambda x: np.array(residuals(x)))(START).tolist()
        == scipy_objective(residuals).jac(START).tolist()
    )
    assert scipy_objective(lambda x: [x[0]]).jac([2.0]).tolist() == [[1.0]]
    assert scipy_objective(lambda x: x[0]).jac([2.0]).tolist() == [1.0]


@given(programs)
def test_jacobian_of_random_programs(calculus, program):
    """It is that of the transform, to the last bit, dense and sparse."""
    numbers = list(program.inputs)

    def f(values, count):
        return program.run(calculus, values).results[-count:]

    for count in (len(numbers), len(numbers) + 1):
        with ieee():
            expected = np.array(jacobian(f)(numbers, count), dtype=float)
            for sparse in (False, True):
                found = scipy_objective(f, sparse=sparse).jac(numbers, count)
                assert np.array_equal(found.toarray() if sparse else found, expected, equal_nan=True)


def test_what_does_not_depend_on_x(calculus):
    """Derivatives of a constant are zeros, of the right shapes."""
    objective = scipy_objective(lambda x: 5)
    assert (type(objective.fun(START)), objective.fun(START)) == (float, 5.0)
    assert objective.jac(START).tolist() == objective.hessp(START, START).tolist() == [0.0] * 4
    assert objective.hess(START).tolist() == np.zeros((4, 4)).tolist()
    assert scipy_objective(lambda x: [1.0] * 5).jac(START).tolist() == np.zeros((5, 4)).tolist()


def test_sparse(calculus):
    """Matrices are sparse if asked for; gradients and products never are."""
    objective = scipy_objective(rosenbrock, sparse=True)
    matrix = objective.hess(START)
    assert isinstance(matrix, scipy.sparse.csr_array)
    assert matrix.nnz == 10
    assert matrix.toarray().tolist() == scipy_objective(rosenbrock).hess(START).tolist()
    assert objective.jac(START).tolist() == grad(rosenbrock)(START.tolist())
    assert isinstance(objective.hessp(START, START), np.ndarray)
    rows = scipy_objective(residuals, sparse=True).jac(START)
    assert isinstance(rows, scipy.sparse.csr_array)
    assert (rows.nnz, rows.toarray().tolist()) == (9, jacobian(residuals)(START.tolist()))


def test_twins_agree(monkeypatch):
    """On every bit of what SciPy is given."""
    found = []
    for twin in ("autograd.engine", "autograd._engine"):
        engine = pytest.importorskip(twin)
        monkeypatch.setattr("autograd.sparse.Value", engine.Value)
        one, several = scipy_objective(rosenbrock), scipy_objective(residuals)
        results = (one.fun(START), one.jac(START), one.hess(START), one.hessp(START, START), several.jac(START))
        found.append([np.asarray(result).tobytes() for result in results])
    assert found[0] == found[-1]


# ---- how often the function runs -------------------------------------------------------------------------


def test_one_call_for_each_point(calculus):
    """Whatever is asked of it; points are told apart by their numbers, not by the array that holds them."""
    objective = scipy_objective(rosenbrock)
    x = START.copy()
    for _ in range(2):
        for ask in (objective.fun, objective.jac, objective.hess, objective.value_and_grad):
            ask(x.copy())
        objective.hessp(x, x)
    assert objective.calls == 1
    x[0] = 3.0
    assert objective.fun(x) == rosenbrock(x.tolist())
    assert objective.calls == 2
    assert objective.jac(START).tolist() == grad(rosenbrock)(START.tolist())
    assert objective.calls == 2  # two points are kept
    factor = 2.0
    for _ in range(2):
        assert objective.fun(START, factor) == rosenbrock(START.tolist(), factor)
    assert objective.calls == 3
    assert objective.fun(x) == rosenbrock(x.tolist())
    assert objective.calls == 4


def test_results_are_the_callers(calculus):
    """What SciPy does to an array changes nothing of what is kept."""
    one, several = scipy_objective(rosenbrock), scipy_objective(residuals)
    for ask in (one.jac, one.hess, several.fun, several.jac):
        first = ask(START)
        kept = first.copy()
        first[...] = math.nan
        assert ask(START).tolist() == kept.tolist()


def test_an_error_of_the_function(calculus):
    """It comes through, and the point at which it arose is not taken for one that was computed."""
    objective = scipy_objective(lambda x: autograd.math.log(x[0].data) * x[0])
    assert objective.fun([1.0]) == 0.0
    for _ in range(2):
        with pytest.raises(ValueError, match=r"log|math domain"):
            objective.fun([-1.0])
    assert objective.fun([1.0]) == 0.0
    assert objective.calls == 3


def test_under_no_grad(calculus):
    """Derivatives are found all the same."""
    with no_grad():
        assert scipy_objective(rosenbrock).jac(START).tolist() == grad(rosenbrock)(START.tolist())


# ---- SciPy -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP"])
def test_methods_with_gradients(method):
    """Each finds the minimum, and calls the function no oftener than SciPy says."""
    objective = scipy_objective(rosenbrock)
    found = minimize(objective.fun, START, jac=objective.jac, method=method)
    assert found.x == pytest.approx(SOLUTION, abs=1e-2)
    assert objective.calls <= found.nfev
    pair = scipy_objective(rosenbrock)
    again = minimize(pair.value_and_grad, START, jac=True, method=method)
    assert again.x.tolist() == found.x.tolist()
    assert pair.calls == objective.calls


@pytest.mark.parametrize(
    ("method", "second", "sparse"),
    [
        *[(method, "hess", False) for method in ("Newton-CG", "trust-ncg", "trust-krylov", "trust-exact", "dogleg")],
        *[(method, "hessp", False) for method in ("Newton-CG", "trust-ncg", "trust-krylov", "trust-constr")],
        *[("trust-constr", "hess", sparse) for sparse in (False, True)],
    ],
)
def test_methods_with_second_derivatives(method, second, sparse):
    """Each finds the minimum, by the matrix, by products with it and, where it can, by a sparse matrix."""
    objective = scipy_objective(rosenbrock, sparse=sparse)
    derivatives = {"jac": objective.jac, second: getattr(objective, second)}
    found = minimize(objective.fun, NEAR, method=method, **derivatives)
    assert found.x == pytest.approx(SOLUTION, abs=1e-3)
    assert objective.calls <= found.nfev


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares(method, sparse):
    """Each method finds the minimum, with a dense and with a sparse Jacobian."""
    objective = scipy_objective(residuals, sparse=sparse and method != "lm")
    found = least_squares(objective.fun, START, jac=objective.jac, method=method)
    assert found.x == pytest.approx(SOLUTION, abs=1e-6)
    assert objective.calls <= found.nfev + 1


def test_arguments():
    """SciPy's `args` are passed on."""
    objective, terms = scipy_objective(rosenbrock), scipy_objective(residuals)
    found = minimize(objective.fun, START, args=(1.0,), jac=objective.jac, hess=objective.hess, method="trust-exact")
    assert found.fun < 1e-10
    assert objective.calls <= found.nfev
    assert objective.hess(SOLUTION, 1.0).tolist() == hessian(rosenbrock)(SOLUTION, 1.0).tolist()
    assert objective.hessp(SOLUTION, START, 1.0) == pytest.approx(objective.hess(SOLUTION, 1.0) @ START)
    assert least_squares(terms.fun, START, jac=terms.jac, args=(1.0,)).cost < 1e-12


def test_large_least_squares_problem():
    """Broyden's tridiagonal system in 2,000 variables is solved in a few calls, as its Jacobian is sparse."""

    def broyden(x):
        padded = [0.0, *x, 0.0]
        return [(3 - 2 * b) * b - a - 2 * c + 1 for a, b, c in zip(padded, padded[1:], padded[2:], strict=False)]

    objective = scipy_objective(broyden, sparse=True)
    found = least_squares(objective.fun, -np.ones(2000), jac=objective.jac)
    assert found.cost < 1e-12
    assert objective.calls < 20


# ---- errors ----------------------------------------------------------------------------------------------


def test_second_derivatives_are_of_one_number(calculus):
    """Several residuals have no Hessian."""
    objective = scipy_objective(residuals)
    for ask in (objective.hess, lambda x: objective.hessp(x, x)):
        with pytest.raises(TypeError, match="scipy_objective: expected a function that returns one number"):
            ask(START)


def test_only_plain_numbers(calculus):
    """Values, as points or inside the function, would lose their derivatives: refused."""
    outside = calculus.Value(2.0)
    with pytest.raises(GraphError, match=r"scipy_objective: .*depends on other Values.*detach"):
        scipy_objective(lambda x: x[0] * outside).fun(START)
    with pytest.raises(TypeError, match="got a Value"):
        scipy_objective(rosenbrock).fun([outside, 1.0])
    assert scipy_objective(lambda x: x[0] * outside.detach()).fun(START) == 2.4


def test_what_is_missing(monkeypatch):
    """The message says how to install it."""
    for module, ask in (("numpy", lambda o: o.fun([1.0])), ("scipy.sparse", lambda o: o.hess([1.0]))):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            with pytest.raises(ImportError, match=r'to be installed; pip install "chainrule\[sparse\]"'):
                ask(scipy_objective(lambda x: x[0]))
