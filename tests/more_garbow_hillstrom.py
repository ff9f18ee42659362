"""The 35 test problems of Moré, Garbow and Hillstrom: minimise a sum of squares of residuals.

J. J. Moré, B. S. Garbow, K. E. Hillstrom, Testing unconstrained optimization software, ACM Transactions on
Mathematical Software 7 (1981) 17-41. Numbers, names, starting points and minima are those of the paper.

The residuals are programs of a list `x` and of a namespace `math`, which is `math` for floats, `autograd.math` for
Values, `mpmath` for long numbers. Constants are floats in each of them, so that all compute the same function.
"""

import math as floats
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Residuals = Callable[[Sequence[Any], Any], list[Any]]


@dataclass(frozen=True)
class Problem:
    """A problem: n variables, m residuals, where to start, and the sum of squares at each minimum.

    The minima are printed in the paper to six digits, which are followed by others. Where the paper adds minima that
    are only approached far out, they are left out.
    """

    number: int
    residuals: Residuals
    m: int
    x0: tuple[float, ...]
    minima: tuple[float, ...]

    @property
    def name(self) -> str:
        return self.residuals.__name__

    @property
    def n(self) -> int:
        return len(self.x0)

    def sum_of_squares(self, x: Sequence[Any], math: Any) -> Any:
        return sum(r * r for r in self.residuals(x, math))


PROBLEMS: list[Problem] = []


def problem(number: int, m: int, x0: Sequence[float], *minima: float) -> Callable[[Residuals], Residuals]:
    """Add a problem to the list."""

    def add(residuals: Residuals) -> Residuals:
        PROBLEMS.append(Problem(number, residuals, m, tuple(map(float, x0)), minima))
        return residuals

    return add


# ---- two variables -----------------------------------------------------------------------------------


@problem(1, 2, (-1.2, 1), 0)
def rosenbrock(x, math):
    """Rosenbrock."""
    return [10 * (x[1] - x[0] ** 2), 1 - x[0]]


@problem(2, 2, (0.5, -2), 0, 48.9842)
def freudenstein_and_roth(x, math):
    """Freudenstein and Roth."""
    return [-13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1], -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]]


@problem(3, 2, (0, 1), 0)
def powell_badly_scaled(x, math):
    """Powell, badly scaled."""
    return [1e4 * x[0] * x[1] - 1, math.exp(-x[0]) + math.exp(-x[1]) - 1.0001]


@problem(4, 3, (1, 1), 0)
def brown_badly_scaled(x, math):
    """Brown, badly scaled."""
    return [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2]


@problem(5, 3, (1, 1), 0)
def beale(x, math):
    """Beale."""
    return [y - x[0] * (1 - x[1] ** i) for i, y in enumerate((1.5, 2.25, 2.625), 1)]


@problem(6, 10, (0.3, 0.4), 124.362)
def jennrich_and_sampson(x, math):
    """Jennrich and Sampson."""
    return [2 + 2 * i - (math.exp(i * x[0]) + math.exp(i * x[1])) for i in range(1, 11)]


# ---- three variables ---------------------------------------------------------------------------------


@problem(7, 3, (-1, 0, 0), 0)
def helical_valley(x, math):
    """Helical valley."""
    turns = math.atan(x[1] / x[0]) / (2 * floats.pi) + (0.5 if x[0] < 0 else 0)
    return [10 * (x[2] - 10 * turns), 10 * (math.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]]


BARD = (0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39)


@problem(8, 15, (1, 1, 1), 8.21487e-3)
def bard(x, math):
    """Bard."""
    return [y - (x[0] + u / ((16 - u) * x[1] + min(u, 16 - u) * x[2])) for u, y in enumerate(BARD, 1)]


GAUSSIAN = (0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989)


@problem(9, 15, (0.4, 1, 0), 1.12793e-8)
def gaussian(x, math):
    """Gaussian."""
    y = (*GAUSSIAN, *GAUSSIAN[-2::-1])
    return [x[0] * math.exp(-x[1] * ((8 - i) / 2 - x[2]) ** 2 / 2) - y[i - 1] for i in range(1, 16)]


MEYER = (34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872)


@problem(10, 16, (0.02, 4000, 250), 87.9458)
def meyer(x, math):
    """Meyer."""
    return [x[0] * math.exp(x[1] / (45 + 5 * i + x[2])) - y for i, y in enumerate(MEYER, 1)]


@problem(11, 99, (5, 2.5, 0.15), 0)
def gulf(x, math):
    """Gulf research and development."""
    # The paper prints |y m i x2| for |y - x2|: only with the latter is its minimiser (50, 25, 1.5) one.
    t = [i / 100 for i in range(1, 100)]
    y = [25 + (-50 * floats.log(s)) ** (2 / 3) for s in t]
    return [math.exp(-(abs(b - x[1]) ** x[2]) / x[0]) - s for b, s in zip(y, t, strict=True)]


@problem(12, 10, (0, 10, 20), 0)
def box_three_dimensional(x, math):
    """Box, three-dimensional."""
    return [
        math.exp(-t * x[0]) - math.exp(-t * x[1]) - x[2] * (floats.exp(-t) - floats.exp(-10 * t))
        for t in (i / 10 for i in range(1, 11))
    ]


# ---- four variables ----------------------------------------------------------------------------------


@problem(13, 4, (3, -1, 0, 1), 0)
def powell_singular(x, math):
    """Powell, singular."""
    return [
        x[0] + 10 * x[1],
        5**0.5 * (x[2] - x[3]),
        (x[1] - 2 * x[2]) ** 2,
        10**0.5 * (x[0] - x[3]) ** 2,
    ]


@problem(14, 6, (-3, -1, -3, -1), 0)
def wood(x, math):
    """Wood."""
    return [
        10 * (x[1] - x[0] ** 2),
        1 - x[0],
        90**0.5 * (x[3] - x[2] ** 2),
        1 - x[2],
        10**0.5 * (x[1] + x[3] - 2),
        (x[1] - x[3]) / 10**0.5,
    ]


KOWALIK = {
    4.0: 0.1957, 2.0: 0.1947, 1.0: 0.1735, 0.5: 0.1600, 0.25: 0.0844, 0.167: 0.0627, 0.125: 0.0456, 0.1: 0.0342,
    0.0833: 0.0323, 0.0714: 0.0235, 0.0625: 0.0246,
}  # fmt: skip


@problem(15, 11, (0.25, 0.39, 0.415, 0.39), 3.07505e-4)
def kowalik_and_osborne(x, math):
    """Kowalik and Osborne."""
    return [y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3]) for u, y in KOWALIK.items()]


@problem(16, 20, (25, 5, -5, -1), 85822.2)
def brown_and_dennis(x, math):
    """Brown and Dennis."""
    return [
        (x[0] + t * x[1] - floats.exp(t)) ** 2 + (x[2] + x[3] * floats.sin(t) - floats.cos(t)) ** 2
        for t in (i / 5 for i in range(1, 21))
    ]


# ---- five to eleven variables ------------------------------------------------------------------------

OSBORNE_1 = (
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603,
    0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411,
    0.406,
)  # fmt: skip


@problem(17, 33, (0.5, 1.5, -1, 0.01, 0.02), 5.46489e-5)
def osborne_1(x, math):
    """Osborne 1."""
    return [
        y - (x[0] + x[1] * math.exp(-10 * i * x[3]) + x[2] * math.exp(-10 * i * x[4])) for i, y in enumerate(OSBORNE_1)
    ]


@problem(18, 13, (1, 2, 1, 1, 1, 1), 0, 5.65565e-3)
def biggs_exp6(x, math):
    """Biggs EXP6."""

    def y(t):
        return floats.exp(-t) - 5 * floats.exp(-10 * t) + 3 * floats.exp(-4 * t)

    return [
        x[2] * math.exp(-t * x[0]) - x[3] * math.exp(-t * x[1]) + x[5] * math.exp(-t * x[4]) - y(t)
        for t in (i / 10 for i in range(1, 14))
    ]


OSBORNE_2 = (
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606,
    0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423,
    0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668,
    0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098,
    0.054,
)  # fmt: skip


@problem(19, 65, (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5), 4.01377e-2)
def osborne_2(x, math):
    """Osborne 2."""

    def bump(t, height, width, centre):
        return height * math.exp(-((t - centre) ** 2) * width)

    return [
        y - (x[0] * math.exp(-t * x[4]) + bump(t, x[1], x[5], x[8]) + bump(t, x[2], x[6], x[9]) + bump(t, x[3], x[7], x[10]))
        for t, y in ((i / 10, y) for i, y in enumerate(OSBORNE_2))
    ]  # fmt: skip


# ---- any number of variables -------------------------------------------------------------------------


@problem(20, 31, (0,) * 6, 2.28767e-3)
def watson(x, math):
    """Watson."""

    def residual(t):
        slope = sum(j * x[j] * t ** (j - 1) for j in range(1, len(x)))
        return slope - sum(x[j] * t**j for j in range(len(x))) ** 2 - 1

    return [*(residual(i / 29) for i in range(1, 30)), x[0], x[1] - x[0] ** 2 - 1]


@problem(21, 10, (-1.2, 1) * 5, 0)
def extended_rosenbrock(x, math):
    """Rosenbrock, extended."""
    return [r for i in range(0, len(x), 2) for r in rosenbrock(x[i : i + 2], math)]


@problem(22, 8, (3, -1, 0, 1) * 2, 0)
def extended_powell_singular(x, math):
    """Powell, singular, extended."""
    return [r for i in range(0, len(x), 4) for r in powell_singular(x[i : i + 4], math)]


@problem(23, 5, (1, 2, 3, 4), 2.24997e-5)
def penalty_1(x, math):
    """Penalty I."""
    return [*(1e-5**0.5 * (y - 1) for y in x), sum(y**2 for y in x) - 0.25]


@problem(24, 8, (0.5,) * 4, 9.37629e-6)
def penalty_2(x, math):
    """Penalty II."""
    n, a = len(x), 1e-5**0.5
    return [
        x[0] - 0.2,
        *(
            a * (math.exp(x[i] / 10) + math.exp(x[i - 1] / 10) - (floats.exp((i + 1) / 10) + floats.exp(i / 10)))
            for i in range(1, n)
        ),
        *(a * (math.exp(x[i] / 10) - floats.exp(-0.1)) for i in range(1, n)),
        sum((n - j) * x[j] ** 2 for j in range(n)) - 1,
    ]


@problem(25, 8, [1 - j / 6 for j in range(1, 7)], 0)
def variably_dimensioned(x, math):
    """Variably dimensioned."""
    moment = sum(j * (y - 1) for j, y in enumerate(x, 1))
    return [*(y - 1 for y in x), moment, moment**2]


@problem(26, 5, (1 / 5,) * 5, 0)
def trigonometric(x, math):
    """Trigonometric."""
    total = sum(math.cos(y) for y in x)
    return [len(x) - total + i * (1 - math.cos(y)) - math.sin(y) for i, y in enumerate(x, 1)]


@problem(27, 5, (0.5,) * 5, 0)
def brown_almost_linear(x, math):
    """Brown, almost linear."""
    total = sum(x)
    return [*(y + total - (len(x) + 1) for y in x[:-1]), floats.prod(x) - 1]


def _grid(n):
    """Return the points between 0 and 1 of the discrete equations."""
    return [i / (n + 1) for i in range(1, n + 1)]


@problem(28, 8, [t * (t - 1) for t in _grid(8)], 0)
def discrete_boundary_value(x, math):
    """Discrete boundary value."""
    h, padded = 1 / (len(x) + 1), [0, *x, 0]
    return [
        2 * y - padded[i] - padded[i + 2] + h**2 * (y + t + 1) ** 3 / 2
        for i, (y, t) in enumerate(zip(x, _grid(len(x)), strict=True))
    ]


@problem(29, 8, [t * (t - 1) for t in _grid(8)], 0)
def discrete_integral_equation(x, math):
    """Discrete integral equation."""
    n, t = len(x), _grid(len(x))
    cubes = [(y + s + 1) ** 3 for y, s in zip(x, t, strict=True)]
    return [
        x[i]
        + ((1 - t[i]) * sum(t[j] * cubes[j] for j in range(i + 1)) + t[i] * sum((1 - t[j]) * cubes[j] for j in range(i + 1, n)))
        / (2 * (n + 1))
        for i in range(n)
    ]  # fmt: skip


@problem(30, 8, (-1,) * 8, 0)
def broyden_tridiagonal(x, math):
    """Broyden, tridiagonal."""
    padded = [0, *x, 0]
    return [(3 - 2 * y) * y - padded[i] - 2 * padded[i + 2] + 1 for i, y in enumerate(x)]


@problem(31, 8, (-1,) * 8, 0)
def broyden_banded(x, math):
    """Broyden, banded."""
    return [
        y * (2 + 5 * y**2) + 1 - sum(x[j] * (1 + x[j]) for j in range(max(0, i - 5), min(len(x), i + 2)) if j != i)
        for i, y in enumerate(x)
    ]


@problem(32, 10, (1,) * 5, 5)
def linear_full_rank(x, math):
    """Linear, full rank."""
    m, total = 10, sum(x)
    return [(x[i] if i < len(x) else 0) - 2 / m * total - 1 for i in range(m)]


@problem(33, 10, (1,) * 5, 2.14285)
def linear_rank_1(x, math):
    """Linear, rank 1."""
    total = sum(j * y for j, y in enumerate(x, 1))
    return [i * total - 1 for i in range(1, 11)]


@problem(34, 10, (1,) * 5, 3.64705)
def linear_rank_1_with_zero_columns_and_rows(x, math):
    """Linear, rank 1, with zero columns and rows."""
    total = sum(j * y for j, y in enumerate(x[1:-1], 2))
    return [*(i * total - 1 for i in range(9)), -1]


@problem(35, 8, _grid(8), 3.51687e-3)
def chebyquad(x, math):
    """Chebyquad."""
    n = len(x)
    z = [2 * y - 1 for y in x]
    chebyshev = [[1] * n, z]
    for _ in range(2, n + 1):
        chebyshev.append([2 * a * b - c for a, b, c in zip(z, chebyshev[-1], chebyshev[-2], strict=True)])
    return [sum(chebyshev[i]) / n + (1 / (i**2 - 1) if i % 2 == 0 else 0) for i in range(1, n + 1)]
