"""NumPy arrays of Values: arithmetic, functions, sums and products."""

import numpy as np
import pytest

from autograd import lift, lower

ONE = {
    "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh "
    "degrees radians rad2deg deg2rad fabs absolute sign square reciprocal negative positive conjugate"
}
TWO = "arctan2 hypot maximum minimum fmod power mod floor_divide add subtract multiply divide fmax fmin"
WHOLE = "floor ceil trunc rint"


def numbers(*shape):
    """Return numbers between 0 and 1."""
    return np.random.default_rng(0).uniform(0.1, 0.9, shape)


@pytest.mark.parametrize("name", " ".join(ONE).split())
def test_functions_of_one_array(calculus, name):
    """The numbers are NumPy's to 4 ulp, and every element is a node."""
    x = numbers(2, 3)
    y = getattr(np, name)(lift(x))
    assert y.shape == (2, 3)
    np.testing.assert_array_max_ulp(lower(y), getattr(np, name)(x), 4)


@pytest.mark.parametrize("name", TWO.split())
def test_functions_of_two_arrays(calculus, name):
    """Arrays of Values on both sides; operators take plain arrays on either side."""
    x, y = numbers(4), numbers(2, 4)[1] + 1
    expected = getattr(np, name)(x, y)
    mixes = [(lift(x), lift(y))]
    if name not in {"arctan2", "hypot", "fmod"}:
        mixes += [(lift(x), y), (x, lift(y))]
    for a, b in mixes:
        np.testing.assert_array_max_ulp(lower(getattr(np, name)(a, b)), expected, 4)


@pytest.mark.parametrize("name", [*WHOLE.split(), "isfinite"])
def test_whole_numbers(calculus, name):
    """What is constant around almost every point gives plain numbers."""
    x = numbers(3) * 10
    if name == "isfinite":  # NumPy has no such function of objects: it says so
        with pytest.raises(TypeError, match="isfinite"):
            np.isfinite(lift(x))
        return
    assert getattr(np, name)(lift(x)).astype(float).tolist() == getattr(np, name)(x).tolist()


def test_scalars_and_arrays_mix(calculus):
    """A NumPy scalar or array on either side of a Value, in every operator."""
    v, a = calculus.Value(2.0), np.array([1.0, 4.0])
    for got in (np.float64(3.0) * v, v * np.float64(3.0), np.float32(3.0) * v, np.int64(3) * v):
        assert (type(got), got.data) == (calculus.Value, 6.0)
    for got, expected in (
        (a * v, a * 2), (v * a, a * 2), (a - v, a - 2), (v - a, 2 - a), (a / v, a / 2), (v / a, 2 / a),
        (a**v, a**2), (v**a, 2**a), (a // v, a // 2), (v % a, 2 % a),
    ):  # fmt: skip
        assert lower(got).tolist() == expected.tolist()


def test_sums_and_products(calculus):
    """sum, mean, dot, @ and norms, forward and back."""
    m, x = numbers(3, 4), numbers(4)
    lifted, vector = lift(m), lift(x)
    out = np.sum((lifted @ vector) ** 2) + np.linalg.norm(vector) + np.mean(lifted) + np.dot(vector, x) + np.var(vector)
    out.backward()
    by_m = 2 * np.outer(m @ x, x) + 1 / 12
    by_x = 2 * m.T @ (m @ x) + x / np.linalg.norm(x) + x + 2 * (x - x.mean()) / 4
    np.testing.assert_allclose(lower(lifted, "grad"), by_m, rtol=1e-14)
    np.testing.assert_allclose(lower(vector, "grad"), by_x, rtol=1e-13)


def test_lift_and_lower(calculus):
    """Any shape, also none and empty; Values stay as they are; numbers keep their bits."""
    v = calculus.Value(3.0)
    for array in (np.float64(2.5), np.zeros((0, 2)), np.arange(8.0).reshape(2, 2, 2), [1, v, 2.5]):
        lifted = lift(array)
        assert (lifted.dtype, lifted.shape) == (object, np.shape(array))
        assert lower(lifted).dtype == float
    assert lift([v, 1.0])[0] is v
    assert lower([v, 1.5]).tolist() == [3.0, 1.5]
    (v * v).backward()
    assert lower([v, 1.5], "grad").tolist() == [6.0, 0.0]
    with pytest.raises(ValueError, match="lower: expected attribute to be 'data' or 'grad', got 'name'"):
        lower([v], "name")
    with pytest.raises(TypeError, match="Value: expected a real number, got 'a'"):
        lift(["a"])
