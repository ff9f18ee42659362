"""Data sets for lessons: points on curves, and the tables that scikit-learn brings."""

import math
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import MLP, datasets
from nn.data import Table
from nn.datasets import DATASETS, circles, moons, spirals

ROOT = Path(__file__).resolve().parent.parent

MADE = {"moons": moons, "circles": circles, "spirals": spirals}
made = st.sampled_from(sorted(MADE))
counts = st.integers(2, 60)
noises = st.floats(0.0, 2.0)
seeds = st.integers(0, 2**32)


@pytest.mark.parametrize("name", DATASETS)
def test_a_data_set_is_a_whole_table(name):
    """Rows are of one length, with a name for each column, and targets are finite numbers or indices of classes."""
    table = DATASETS[name]()
    assert isinstance(table, Table)
    assert len(table.features) == len(table.targets)
    assert {len(row) for row in table.features} == {len(table.feature_names)}
    assert len(set(table.feature_names)) == len(table.feature_names)
    numbers = [x for row in table.features for x in row]
    assert {type(x) for x in numbers} == {float}
    assert all(map(math.isfinite, numbers))
    assert {type(column) for column in [*table.feature_names, table.target_name]} == {str}
    if table.class_names is None:
        assert {type(y) for y in table.targets} == {float}
    else:
        assert {type(y) for y in table.targets} == {int}
        assert set(table.targets) == set(range(len(table.class_names)))
        assert {type(label) for label in table.class_names} == {str}


@pytest.mark.parametrize("name", DATASETS)
def test_a_data_set_is_the_same_in_every_run(name):
    """By name alone there is nothing random, whatever `random` was seeded with, and tables share no rows."""
    random.seed(1)
    one = DATASETS[name]()
    random.seed(2)
    two = DATASETS[name]()
    assert one == two
    two.features[0][0] += 1.0
    assert one != two


def test_names():
    """Each is found under the name of its function."""
    assert all(getattr(datasets, name) is make for name, make in DATASETS.items())


def test_xor():
    """The target is 1 where just one of the two is."""
    table = datasets.xor()
    assert [(*row, y) for row, y in zip(table.features, table.targets, strict=True)] == [
        (0.0, 0.0, 0), (0.0, 1.0, 1), (1.0, 0.0, 1), (1.0, 1.0, 0),
    ]  # fmt: skip


@given(name=made, n=counts, noise=noises, seed=seeds)
def test_classes_are_balanced(name, n, noise, seed):
    """There are n points, half of each class, and the odd one is of the first."""
    table = MADE[name](n, noise, rng=seed)
    assert len(table.features) == n
    assert Counter(table.targets) == {0: n - n // 2, 1: n // 2}


@given(name=made, n=counts, noise=noises, seed=seeds)
def test_a_seed_decides_all(name, n, noise, seed):
    """An int, a generator that it seeded, and the module `random` seeded by it: all give the same table."""
    table = MADE[name](n, noise, rng=seed)
    assert table == MADE[name](n, noise, rng=seed)
    assert table == MADE[name](n, noise, rng=random.Random(seed))
    random.seed(seed)
    assert table == MADE[name](n, noise, rng=None)


@pytest.mark.parametrize("name", MADE)
def test_another_seed_is_another_table(name):
    """The noise and the order of the rows are drawn: without noise, the order alone."""
    assert MADE[name](50, 0.1, rng=1) != MADE[name](50, 0.1, rng=2)
    one, two = MADE[name](50, 0.0, rng=1), MADE[name](50, 0.0, rng=2)
    assert one != two
    assert sorted(one.features) == sorted(two.features)
    assert one.targets != sorted(one.targets)


def near(x):
    """Return what is equal to a number up to the rounding of a few operations."""
    return pytest.approx(x, rel=1e-14, abs=1e-14)


@given(n=counts, seed=seeds)
def test_moons_lie_on_half_circles(n, seed):
    """Without noise the upper moon is above its centre, the lower below, each at a distance of 1."""
    table = moons(n, 0.0, rng=seed)
    for (x1, x2), label in zip(table.features, table.targets, strict=True):
        centre, side = ((0.0, 0.0), 1) if label == 0 else ((1.0, 0.5), -1)
        assert math.dist((x1, x2), centre) == near(1.0)
        assert side * (x2 - centre[1]) > 0


@given(n=counts, ratio=st.floats(0.01, 0.99), seed=seeds)
def test_circles_lie_on_circles(n, ratio, seed):
    """Without noise the distances to the origin are 1 and the ratio, and no point occurs twice."""
    table = circles(n, 0.0, ratio, rng=seed)
    for point, label in zip(table.features, table.targets, strict=True):
        assert math.hypot(*point) == near(ratio if label else 1.0)
    assert len(set(map(tuple, table.features))) == n


@given(n=counts, turns=st.floats(0.1, 4.0), seed=seeds)
def test_spirals_lie_on_spirals(n, turns, seed):
    """Without noise the angle grows with the distance, and the second spiral is the first turned by half a turn."""
    table = spirals(n, 0.0, turns, rng=seed)
    for (x1, x2), label in zip(table.features, table.targets, strict=True):
        share = math.hypot(x1, x2)
        angle = math.tau * turns * share + math.pi * label
        assert 0 < share < 1
        assert math.dist((x1, x2), (share * math.cos(angle), share * math.sin(angle))) == near(0.0)


@pytest.mark.parametrize("name", MADE)
def test_noise_is_the_standard_deviation(name):
    """Over many points, what is added has mean 0 and the deviation that was asked for, in both coordinates."""
    n, noise = 4000, 0.25
    with_noise, without = MADE[name](n, noise, rng=3), MADE[name](n, 0.0, rng=3)
    # The orders differ, as noise takes numbers from the generator; sums do not depend on them.
    for axis in (0, 1):
        noisy, plain = ([row[axis] for row in table.features] for table in (with_noise, without))
        mean = math.fsum(noisy) / n - math.fsum(plain) / n
        variance = math.fsum(x * x for x in noisy) / n - math.fsum(x * x for x in plain) / n
        assert abs(mean) < 4 * noise / math.sqrt(n)
        assert abs(variance - noise**2) < 0.02


def test_noise_stays_finite_at_the_ends_of_uniform():
    """A generator may return either end of the range."""

    class Ends:
        def __init__(self, end):
            self.end = end

        def uniform(self, a, b):
            return (a, b)[self.end]

        def shuffle(self, x):
            pass

    for end in (0, 1):
        assert all(math.isfinite(x) for row in moons(4, 1.0, rng=Ends(end)).features for x in row)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: moons(1), "moons: expected n to be a whole number, 2 or more, got 1"),
        (lambda: circles(2.5), "circles: expected n to be a whole number, 2 or more, got 2.5"),
        (lambda: spirals(10, -0.1), "spirals: expected a finite noise >= 0, got -0.1"),
        (lambda: moons(10, math.inf), "moons: expected a finite noise >= 0, got inf"),
        (lambda: moons(10, math.nan), "moons: expected a finite noise >= 0, got nan"),
        (lambda: circles(10, 0.1, 1.0), "circles: expected a ratio above 0 and below 1, got 1.0"),
        (lambda: spirals(10, 0.1, 0.0), "spirals: expected a finite number of turns > 0, got 0.0"),
    ],
)
def test_errors(make, text):
    """What cannot be made says what was expected, and what was got."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        make()


def test_a_bad_source_of_random_numbers_is_refused():
    """As everywhere: None, an int or a random.Random."""
    with pytest.raises(TypeError, match=r"^rng: expected None, an int or a random\.Random, got 'seed'"):
        moons(10, rng="seed")


@pytest.mark.parametrize(
    ("name", "rows", "columns", "first", "classes"),
    [
        ("iris", 150, 4, "sepal length (cm)", ["setosa", "versicolor", "virginica"]),
        ("digits", 1797, 64, "pixel_0_0", list("0123456789")),
        ("wine", 178, 13, "alcohol", ["class_0", "class_1", "class_2"]),
        ("diabetes", 442, 10, "age", None),
    ],
)
def test_tables_of_scikit_learn(name, rows, columns, first, classes):
    """They have the rows, columns and classes that they are known for."""
    table = DATASETS[name]()
    assert (len(table.features), len(table.feature_names)) == (rows, columns)
    assert (table.feature_names[0], table.class_names) == (first, classes)


def test_diabetes_is_in_units():
    """Ages are in years: the columns are not those that scikit-learn scales by default."""
    table = datasets.diabetes()
    ages = [row[0] for row in table.features]
    assert (min(ages), max(ages), min(table.targets), max(table.targets)) == (19.0, 79.0, 25.0, 346.0)


def test_a_network_learns_the_moons():
    """A table goes into `fit` as it is."""
    table = moons(100, noise=0.05, rng=1)
    model = MLP(2, [8, 8, 1], activation="tanh", rng=0)
    options = {"loss": "binary_cross_entropy", "learning_rate": 0.05, "rng": 0}
    model.fit(table.features, table.targets, epochs=40, **options)
    assert model.score(table.features, table.targets) == 1.0


def test_import_is_light():
    """Points on curves need the standard library only."""
    code = "import sys, nn; nn.datasets.moons(); print(sorted({'numpy', 'sklearn', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_without_scikit_learn(monkeypatch):
    """The tables of scikit-learn say what to install."""
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError) as error:
        datasets.iris()
    assert str(error.value) == 'iris: expected scikit-learn, got none; pip install "chainrule[train]"'
    assert error.value.name == "sklearn.datasets"
