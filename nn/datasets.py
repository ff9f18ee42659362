"""Data sets for lessons: four that are made here, of points in a plane, and four of scikit-learn's.

All are a `Table`, so that they are used like a file of your own.

    >>> table = moons(100, noise=0.1)
    >>> len(table.features), table.feature_names, table.class_names
    (100, ['x1', 'x2'], ['upper', 'lower'])
    >>> table == moons(100, noise=0.1, rng=0)               # an int is a seed: the same points in every run
    True
    >>> for name, make in DATASETS.items():
    ...     table = make()
    ...     task = "regression" if table.class_names is None else f"{len(table.class_names)} classes"
    ...     print(f"{name:9}{len(table.features):5} rows {len(table.feature_names):3} columns, {task}")
    xor          4 rows   2 columns, 2 classes
    moons      200 rows   2 columns, 2 classes
    circles    200 rows   2 columns, 2 classes
    spirals    200 rows   2 columns, 2 classes
    iris       150 rows   4 columns, 3 classes
    digits    1797 rows  64 columns, 10 classes
    wine       178 rows  13 columns, 3 classes
    diabetes   442 rows  10 columns, regression
"""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral
from typing import Any

from nn.data import Table
from nn.init import Generator, generator

#: A curve: the point that lies at a share of it, from 0 to 1.
_Curve = Callable[[float], tuple[float, float]]


def xor() -> Table:
    """Return the four rows of "one or the other, but not both": no straight line parts the two classes."""
    rows = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    return Table(rows, [0, 1, 1, 0], ["x1", "x2"], "xor", ["0", "1"])


def moons(n: int = 200, noise: float = 0.1, rng: int | Generator | None = 0) -> Table:
    """Return two half circles of radius 1, each with an end inside the other.

    Parameters
    ----------
    n : int
        The number of rows, 2 or more: half of them for each class, and the odd one for the first.
    noise : float, >= 0
        The standard deviation of what is added to each coordinate; 0 leaves the points on the curves.
    rng : int, random.Random or None
        What draws the noise and the order of the rows, see `nn.init.generator`.
    """

    def upper(share: float) -> tuple[float, float]:
        return math.cos(math.pi * share), math.sin(math.pi * share)

    def lower(share: float) -> tuple[float, float]:
        return 1 - math.cos(math.pi * share), 0.5 - math.sin(math.pi * share)

    return _on_curves("moons", {"upper": upper, "lower": lower}, n, noise, rng)


def circles(n: int = 200, noise: float = 0.05, ratio: float = 0.5, rng: int | Generator | None = 0) -> Table:
    """Return a circle of radius 1, and a smaller one inside.

    Parameters
    ----------
    n, noise, rng
        As in `moons`.
    ratio : float, above 0 and below 1
        The radius of the inner circle.
    """
    if not 0 < ratio < 1:
        raise ValueError(f"circles: expected a ratio above 0 and below 1, got {ratio!r}")

    def circle(radius: float) -> _Curve:
        return lambda share: (radius * math.cos(math.tau * share), radius * math.sin(math.tau * share))

    return _on_curves("circles", {"outer": circle(1.0), "inner": circle(ratio)}, n, noise, rng)


def spirals(n: int = 200, noise: float = 0.02, turns: float = 1.5, rng: int | Generator | None = 0) -> Table:
    """Return two spirals that wind about each other, from near the origin to a distance of 1.

    Parameters
    ----------
    n, noise, rng
        As in `moons`.
    turns : float, > 0
        How often each goes round: the more, the harder.

    Notes
    -----
    A classic of the field, from Lang and Witbrock, Learning to tell two spirals apart, Proceedings of the 1988
    Connectionist Models Summer School. Theirs have three turns.
    """
    if not 0 < turns < math.inf:
        raise ValueError(f"spirals: expected a finite number of turns > 0, got {turns!r}")

    def spiral(start: float) -> _Curve:
        def point(share: float) -> tuple[float, float]:
            angle = start + math.tau * turns * share
            return share * math.cos(angle), share * math.sin(angle)

        return point

    return _on_curves("spirals", {"first": spiral(0.0), "second": spiral(math.pi)}, n, noise, rng)


def iris() -> Table:
    """Return Fisher's 150 Iris flowers of three species: four lengths in cm."""
    return _bundled("iris", "species")


def digits() -> Table:
    """Return 1,797 handwritten digits: 8 times 8 pixels, from 0 to 16."""
    return _bundled("digits", "digit")


def wine() -> Table:
    """Return 178 Italian wines of three growers: thirteen measurements of chemistry and colour."""
    return _bundled("wine", "grower")


def diabetes() -> Table:
    """Return 442 patients with diabetes, and how far the disease went on in a year, as a number from 25 to 346.

    The ten columns are in their own units, such as years and kg/m^2; scikit-learn by default has them scaled.
    """
    return _bundled("diabetes", "progression", scaled=False)


#: The data sets by name; each is made without arguments.
DATASETS: dict[str, Callable[[], Table]] = {
    make.__name__: make for make in (xor, moons, circles, spirals, iris, digits, wine, diabetes)
}


def _on_curves(where: str, curves: dict[str, _Curve], n: int, noise: float, rng: int | Generator | None) -> Table:
    """Return points that are evenly spread over curves, one for each class, with noise, in random order."""
    if not isinstance(n, Integral) or n < len(curves):
        raise ValueError(f"{where}: expected n to be a whole number, {len(curves)} or more, got {n!r}")
    if not 0 <= noise < math.inf:
        raise ValueError(f"{where}: expected a finite noise >= 0, got {noise!r}")
    source = generator(rng)
    rows = []
    for label, curve in enumerate(curves.values()):
        count = len(range(label, n, len(curves)))
        # The middles of equal pieces: no point twice where a curve closes, none where two of them meet.
        for x1, x2 in [curve((k + 0.5) / count) for k in range(count)]:
            rows.append(([x1 + noise * _normal(source), x2 + noise * _normal(source)], label))
    source.shuffle(rows)
    return Table([point for point, _ in rows], [label for _, label in rows], ["x1", "x2"], "curve", list(curves))


def _normal(source: Generator) -> float:
    """Return a number of mean 0 and deviation 1.

    Source: Box and Muller, A note on the generation of random normal deviates, Annals of Mathematical Statistics
    29, 1958. All it needs of a generator is `uniform`; the least float keeps 0 from the logarithm.
    """
    radius = math.sqrt(-2 * math.log(source.uniform(math.ulp(0.0), 1.0)))
    return radius * math.cos(source.uniform(0.0, math.tau))


def _bundled(name: str, target_name: str, **options: Any) -> Table:
    """Return a data set that comes with scikit-learn."""
    try:
        import sklearn.datasets as bundled  # type: ignore[import-untyped]  # noqa: PLC0415  (slow to load, an extra)
    except ModuleNotFoundError as missing:
        cure = 'pip install "chainrule[train]"'
        raise ModuleNotFoundError(f"{name}: expected scikit-learn, got none; {cure}", name=missing.name) from None
    bunch = getattr(bundled, f"load_{name}")(**options)
    classes = None if "target_names" not in bunch else [str(label) for label in bunch.target_names]
    return Table(bunch.data.tolist(), bunch.target.tolist(), [*map(str, bunch.feature_names)], target_name, classes)
