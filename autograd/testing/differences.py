"""Derivatives of black boxes from values alone, with an estimate of their error.

    >>> import math
    >>> slope = derivative(math.exp, 1.0)
    >>> abs(slope.value - math.e) <= slope.error < 1e-9
    True
    >>> derivative(abs, 0.0).kind
    'kink'

How it works: pairs of points, at distances that shrink by sixteen, show over what distance the function is like a low
polynomial. There it is interpolated at Chebyshev nodes: the last coefficients of the polynomial show what it leaves out
and how great the function's noise is, and the distance is corrected by them. Where nothing converges, the two sides are
looked at one by one.

It is evidence, never proof, for a function can do as it likes between the points where it was called: a gradient that
agrees is consistent, one that does not is suspect. Where a function is regular over a distance but for a hundredth of
its slope, what is finer counts as noise: the steps that a solver's tolerance leaves do, but so do ripples and dense
poles, whose own slope, which is that of the function after all, is not seen then.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

__all__ = ["MOST_CALLS", "Estimate", "derivative", "gradient"]

MOST_CALLS = 76  # of the function, for one derivative
_RATIO = 16.0  # of the distances of neighbouring pairs
_NODES, _SIDE_NODES = 12, 8  # of a fit around the point, and of one on a side of it
_FARTHEST, _NEAREST = 0.18, 2.0**-44  # distances of pairs, as parts of the point
_SMOOTH = 1e-2  # what is irregular by less, as a part of the slopes, is smooth enough to fit
_CREDIBLE = 0.03  # an error beyond this part of the slopes leaves no digit
_PRECISE = 1e-13  # an error below this part of the slopes need not be made smaller
_EPSILON = 2.0**-52

_REASONS = {
    "": "",
    "kink": "the slopes of the two sides differ",
    "jump": "the value jumps",
    "edge": "the function is defined on one side only, and this is the slope there",
    "noisy": "no digit of the slope can be told from noise",
    "not finite": "the point, the value or the slope is not finite",
}


class Estimate(NamedTuple):
    """A derivative, found from values.

    Attributes
    ----------
    value : float
        The derivative; NaN where there is no one derivative.
    error : float
        How far the derivative may be from `value`, by all that was seen; inf where nothing is known.
    kind : str
        Empty where the derivative is known; else "kink", "jump", "edge", "noisy" or "not finite".
    left, right : float
        The slopes of the sides, where they had to be looked at; else NaN.
    calls : int
        How often the function was called.
    """

    value: float
    error: float
    kind: str = ""
    left: float = math.nan
    right: float = math.nan
    calls: int = 0

    @property
    def reason(self) -> str:
        """The kind in words."""
        return _REASONS[self.kind]


def derivative(f: Callable[[float], Any], x: float) -> Estimate:
    """Return the derivative of a function of one number, and how far it may be off.

    Parameters
    ----------
    f : callable
        Takes a float; returns what `float` accepts, such as a NumPy scalar. Where it raises ValueError
        or ArithmeticError at another point than `x`, it is not defined there; all else propagates.
    x : float
        The point.

    Returns
    -------
    Estimate
        A number to compare with. What agrees with it is consistent, and not proved.
    """
    return _Neighbourhood(f, float(x)).estimate()


def gradient(f: Callable[[list[float]], Any], point: Sequence[float]) -> list[Estimate]:
    """Return the derivative of a function of a list of floats by each of them."""
    numbers = [float(x) for x in point]

    def by(i: int) -> Estimate:
        return derivative(lambda x: f([*numbers[:i], x, *numbers[i + 1 :]]), numbers[i])

    return [by(i) for i in range(len(numbers))]


class _Pair(NamedTuple):
    """A function at one distance to both sides of a point, less its value there."""

    steps: tuple[float, float]  # to the left, to the right
    rises: tuple[float, float]

    @property
    def slopes(self) -> tuple[float, float]:
        """The slopes of the secants from the point."""
        return self.rises[0] / self.steps[0], self.rises[1] / self.steps[1]


class _Level(NamedTuple):
    """How regular a function is over a distance: how much its slopes differ there, and how great they are."""

    distance: float
    difference: float
    scale: float


class _Fit(NamedTuple):
    """A polynomial through a function at the Chebyshev nodes of an interval."""

    slope: float  # at the point
    error: float  # of the slope
    gap: float  # between the polynomial and the function at the point
    tail: float  # the greatest of the last coefficients: what is left out, or noise
    rounding: float  # what the last bits of the values bring into a coefficient
    scale: float  # of the slopes that matter

    @property
    def is_credible(self) -> bool:
        """Whether the first digit of the slope is known."""
        return self.error <= _CREDIBLE * self.scale


class _Side(NamedTuple):
    """A function to one side of a point."""

    slope: float  # infinite where it is vertical, NaN where it cannot be told
    error: float
    jumps: bool = False


class _Neighbourhood:
    """A function around a point, and how often it was called."""

    def __init__(self, f: Callable[[float], Any], x: float) -> None:
        self.f = f
        self.x = x
        self.calls = 1
        self.here = float(f(x))
        self.pairs: list[_Pair] = []  # the farthest comes first

    def estimate(self) -> Estimate:
        """Return the derivative: from all around the point if that can be, else from its sides."""
        if not (math.isfinite(self.x) and math.isfinite(self.here)):
            return Estimate(math.nan, math.inf, "not finite", calls=self.calls)
        sides_first = MOST_CALLS - 2 * _SIDE_NODES
        fit = self.fitted(0, _reach(self.levels(sides_first - _NODES), order=2), sides_first)
        if fit and fit.is_credible:
            return Estimate(fit.slope, fit.error, calls=self.calls)
        deque(self.levels(MOST_CALLS - 4 * _SIDE_NODES), maxlen=0)
        half = (MOST_CALLS - self.calls) // 2  # so that a side which is hard to fit leaves as much to the other
        left = self.side(-1, self.calls + half)
        right = self.side(1, MOST_CALLS)
        return _joined(left, right)._replace(calls=self.calls)

    def rise(self, step: float) -> float:
        """Return how much greater the function is one step away; NaN where it is not defined."""
        at = self.x + step
        if not math.isfinite(at):
            return math.nan
        self.calls += 1
        try:
            return float(self.f(at)) - self.here
        except (ValueError, ArithmeticError):
            return math.nan

    def step(self, step: float) -> float:
        """Return the step that will really be made, which is one between floats."""
        return (self.x + step) - self.x

    # ---- how far to go -----------------------------------------------------------------------------

    def levels(self, most_calls: int) -> Iterator[_Level]:
        """Take pairs, from far to near, and yield how regular the function is around the point."""
        while self.calls + 2 <= most_calls:
            distance = min(_FARTHEST * max(abs(self.x), 1.0), sys.float_info.max) / _RATIO ** len(self.pairs)
            if distance < _NEAREST * abs(self.x):
                return
            steps = self.step(-distance), self.step(distance)
            self.pairs.append(_Pair(steps, (self.rise(steps[0]), self.rise(steps[1]))))
            if len(self.pairs) > 1:
                yield _level_around(*self.pairs[-2:])

    def side_levels(self, side: int) -> Iterator[_Level]:
        """Yield how regular the function is to one side, its value at the point left aside."""
        points = [(pair.steps[side > 0], pair.rises[side > 0]) for pair in self.pairs]
        for far, middle, near in zip(points, points[1:], points[2:], strict=False):
            slope, finer = _secant(far, middle), _secant(middle, near)
            yield _Level(abs(far[0]), abs(slope - finer), abs(slope))

    # ---- polynomials -------------------------------------------------------------------------------

    def fitted(self, side: int, distance: float, most_calls: int) -> _Fit | None:
        """Return the best fit over distances that are corrected by what each fit shows."""
        nodes = _SIDE_NODES if side else _NODES
        best, wall = None, math.inf
        while distance and self.calls + nodes <= most_calls:
            fit = self.fit(side, distance)
            if fit is None:
                wall = distance
                distance /= 4
                continue
            if best is None or fit.error < best.error:
                best = fit
            if fit.tail > 4 * fit.rounding:
                distance *= 0.8 * max((fit.rounding / fit.tail) ** (1 / nodes), 1 / 64)
            elif fit.error > _PRECISE * fit.scale and 3 * distance < wall:
                distance *= 3
            else:
                break
        return best

    def fit(self, side: int, distance: float) -> _Fit | None:
        """Interpolate over a distance to both sides or to one; return None where the function is not defined."""
        nodes = _SIDE_NODES if side else _NODES
        half = distance / 2 if side else distance
        angles = [math.pi * (i + 0.5) / nodes for i in range(nodes)]
        steps = [self.step(side * half + half * math.cos(angle)) for angle in angles]
        if len({0.0, *steps}) <= nodes:  # floats lie too far apart
            return None
        rises = [self.rise(step) for step in steps]
        if not all(map(math.isfinite, rises)):
            return None
        # Less a line, the values are small, and it matters little that the nodes are rounded.
        line = _secant((steps[0], rises[0]), (steps[-1], rises[-1]))
        rests = [rise - line * step for rise, step in zip(rises, steps, strict=True)]
        terms = range(nodes)
        coefficients = [_dot(rests, [math.cos(j * angle) for angle in angles]) * (2 if j else 1) / nodes for j in terms]
        # The Chebyshev polynomials and their slopes in the middle, or at the end that is the point.
        values = [(-side) ** j if side else (1, 0, -1, 0)[j % 4] for j in terms]
        slopes = [((-side) ** (j + 1) * j * j if side else (0, j, 0, -j)[j % 4]) / half for j in terms]
        gap = _dot(coefficients, values)
        tail = max(map(abs, coefficients[-3:] if side else [*coefficients[-4:], gap]))
        # A constant may hide what was rounded away inside, and a slope that is as nothing beside the function is none.
        size = max(abs(self.here), 0.0 if any(rises) else 1.0)
        rounding = _EPSILON * max(map(abs, rises)) + _EPSILON * size + 5e-324
        secants = [1e-6 * size / max(abs(self.x), 1.0), 1e-300]
        secants += [abs(_secant(*ends)) for ends in itertools.pairwise(zip(steps, rises, strict=True))]
        for pair in self.pairs:  # where slopes vanish at the point, there are those farther off to compare with
            secants += [
                abs(slope) * min(distance / pair.steps[1], 1.0) for slope in pair.slopes if math.isfinite(slope)
            ]
        slope = line + _dot(coefficients, slopes)
        error = (3 * tail + rounding) * sum(map(abs, slopes))
        if not (math.isfinite(slope) and math.isfinite(error)):  # the values are near the greatest float
            return None
        return _Fit(slope, error, gap, tail, rounding, max(secants))

    # ---- one side ----------------------------------------------------------------------------------

    def side(self, side: int, most_calls: int) -> _Side | None:
        """Return what is known of one side of the point; None where the function is not defined there."""
        rises = [pair.rises[side > 0] for pair in self.pairs[-4:]]
        if not all(map(math.isfinite, rises[-2:])):
            return None
        if all(near and 1.5 < far / near < _RATIO / 1.5 for far, near in itertools.pairwise(rises)):
            return _Side(math.copysign(math.inf, side * rises[-1]), math.inf)
        fit = self.fitted(side, _reach(self.side_levels(side), order=1), most_calls)
        if fit is None or not fit.is_credible:
            return _Side(math.nan, math.inf)
        gap = abs(fit.gap) - _SIDE_NODES * (3 * fit.tail + fit.rounding)
        # A kink near by leaves a gap as well, but nearer still there is none.
        return _Side(
            fit.slope, fit.error, jumps=abs(rises[-1]) > gap / 2 > 4 * abs(fit.slope * self.pairs[-1].steps[side > 0])
        )


def _dot(xs: Sequence[float], ys: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(xs, ys, strict=True))


def _secant(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (one[1] - other[1]) / (one[0] - other[0])


def _level_around(far: _Pair, near: _Pair) -> _Level:
    """Return how much the slopes over two distances differ, but for what curvature explains."""
    (far_left, far_right), (near_left, near_right) = far.slopes, near.slopes
    bend, expected = far_right - far_left, _RATIO * (near_right - near_left)
    difference = abs(far_left + far_right - near_left - near_right) / 2 + abs(bend - expected) / _RATIO
    return _Level(far.steps[1], difference, max(map(abs, far.slopes)))


def _reach(levels: Iterable[_Level], order: int) -> float:
    """Return the distance to fit over first, or 0.0 where the function is regular over none.

    Differences shrink with that power of the distance. Slopes count a sixteenth in the next level, so that
    there is something to compare with where they vanish.
    """
    least, found, scale = _CREDIBLE, 0.0, 0.0
    for level in levels:
        if not math.isfinite(level.difference):
            continue
        scale = max(scale / _RATIO, level.scale)
        part = level.difference / scale if scale else 0.0
        if part <= least:
            least, found = part, level.distance
        if part <= _SMOOTH:
            break
    return found * min((_CREDIBLE / least) ** (1 / order), 4.0) if least else found * 4.0


def _joined(left: _Side | None, right: _Side | None) -> Estimate:
    """Return what the two sides of a point say together."""
    sides = [side for side in (left, right) if side]
    slopes = left.slope if left else math.nan, right.slope if right else math.nan
    first, last = (sides[0].slope, sides[-1].slope) if sides else (math.nan, math.nan)
    if not sides or math.isinf(first) or math.isinf(last):
        return Estimate(first if first == last else math.nan, math.inf, "not finite", *slopes)
    if any(side.jumps for side in sides):
        return Estimate(math.nan, math.inf, "jump", *slopes)
    if math.isnan(first) or math.isnan(last):
        return Estimate(math.nan, math.inf, "noisy", *slopes)
    error = max(side.error for side in sides)
    if len(sides) == 1:
        return Estimate(first, error, "edge", *slopes)
    if abs(first - last) > sum(side.error for side in sides):
        return Estimate(math.nan, error, "kink", *slopes)
    return Estimate((first + last) / 2, error, "", *slopes)
