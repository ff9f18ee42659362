"""Programs of several trades, written for floats and the `math` module by people who want numbers, not derivatives."""

import bisect
import itertools
import math
import random
from dataclasses import dataclass

# ---- finance -----------------------------------------------------------------------------------------


def normal_cdf(x):
    """Return the probability that a standard normal variable is below x."""
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def black_scholes(spot, strike, rate, volatility, maturity):
    """Return the price of a European call."""
    deviation = volatility * math.sqrt(maturity)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility**2) * maturity) / deviation
    d2 = d1 - deviation
    return spot * normal_cdf(d1) - strike * math.exp(-rate * maturity) * normal_cdf(d2)


def asian_option(spot, strike, rate, volatility, maturity, paths, dates, seed):
    """Return the price of a call on the mean price over some dates, by Monte Carlo."""
    generator = random.Random(seed)
    dt = maturity / dates
    drift = (rate - 0.5 * volatility**2) * dt
    deviation = volatility * math.sqrt(dt)
    payoffs = []
    for _ in range(paths):
        price = spot
        prices = []
        for _ in range(dates):
            price *= math.exp(drift + deviation * generator.gauss(0.0, 1.0))
            prices.append(price)
        payoffs.append(max(sum(prices) / dates - strike, 0.0))
    return math.exp(-rate * maturity) * sum(payoffs) / paths


def internal_rate_of_return(cash_flows, low=-0.9, high=1.0):
    """Return the interest rate at which yearly cash flows are worth nothing today.

    By Newton's method, kept between two rates of which the worth has opposite signs.
    """
    rate = high
    for _ in range(100):
        worth = 0.0
        slope = 0.0
        for year, cash in enumerate(cash_flows):
            worth += cash * math.pow(1.0 + rate, -year)
            slope -= year * cash * math.pow(1.0 + rate, -year - 1)
        if worth > 0.0:
            low = rate
        else:
            high = rate
        step = -worth / slope
        if low <= rate + step <= high:
            rate += step
        else:
            rate = 0.5 * (low + high)
        if abs(step) < 1e-12:
            return rate
    raise ValueError("no rate found")


# ---- mechanics ---------------------------------------------------------------------------------------


def lotka_volterra(prey, predators, birth, predation, growth, death, dt, steps):
    """Return both populations after some steps of the classical Runge-Kutta method."""

    def slopes(x, y):
        return birth * x - predation * x * y, growth * x * y - death * y

    x, y = prey, predators
    for _ in range(steps):
        ax, ay = slopes(x, y)
        bx, by = slopes(x + dt / 2 * ax, y + dt / 2 * ay)
        cx, cy = slopes(x + dt / 2 * bx, y + dt / 2 * by)
        dx, dy = slopes(x + dt * cx, y + dt * cy)
        x += dt / 6 * (ax + 2 * bx + 2 * cx + dx)
        y += dt / 6 * (ay + 2 * by + 2 * cy + dy)
    return x, y


def planet(semi_major_axis, eccentricity, mean_anomaly):
    """Return the distance of a planet from its sun, and its true anomaly."""
    if not 0.0 <= eccentricity < 1.0:
        raise ValueError("the orbit is not closed")
    # Kepler's equation by Newton's method.
    anomaly = mean_anomaly if eccentricity < 0.8 else math.pi
    while True:
        error = anomaly - eccentricity * math.sin(anomaly) - mean_anomaly
        step = error / (1 - eccentricity * math.cos(anomaly))
        anomaly -= step
        if abs(step) < 1e-12:
            break
    distance = semi_major_axis * (1 - eccentricity * math.cos(anomaly))
    opposite = math.sqrt(1 + eccentricity) * math.sin(anomaly / 2)
    adjacent = math.sqrt(1 - eccentricity) * math.cos(anomaly / 2)
    return distance, 2 * math.atan2(opposite, adjacent)


def pendulum_period(length, gravity, amplitude):
    """Return the period of a pendulum of any amplitude, in degrees, by the arithmetic-geometric mean."""
    a, b = 1.0, math.cos(math.radians(amplitude) / 2)
    while not math.isclose(a, b, rel_tol=1e-12):
        a, b = (a + b) / 2, math.sqrt(a * b)
    return math.tau * math.sqrt(length / gravity) / ((a + b) / 2)


@dataclass
class TwoLinkArm:
    """A robot's arm in the plane, with a shoulder and an elbow."""

    upper: float
    fore: float

    def hand(self, shoulder, elbow):
        """Return where the hand is."""
        return (
            self.upper * math.cos(shoulder) + self.fore * math.cos(shoulder + elbow),
            self.upper * math.sin(shoulder) + self.fore * math.sin(shoulder + elbow),
        )

    def joints(self, x, y):
        """Return the angles that bring the hand to a point; out of reach, the arm stretches towards it."""
        cosine = (math.hypot(x, y) ** 2 - self.upper**2 - self.fore**2) / (2 * self.upper * self.fore)
        elbow = math.acos(max(-1.0, min(1.0, cosine)))
        bend = math.atan2(self.fore * math.sin(elbow), self.upper + self.fore * math.cos(elbow))
        return math.atan2(y, x) - bend, elbow


def move_hand(upper, fore, shoulder, elbow, dx, dy):
    """Return the angles of the joints after the hand has moved by dx and dy."""
    arm = TwoLinkArm(upper, fore)
    x, y = arm.hand(shoulder, elbow)
    return arm.joints(x + dx, y + dy)


# ---- curves and surfaces -----------------------------------------------------------------------------


class NaturalSpline:
    """The smoothest curve through points: a cubic between neighbours, straight at both ends."""

    def __init__(self, xs, ys):
        if any(a >= b for a, b in itertools.pairwise(xs)):
            raise ValueError("the points are not in order")
        self.xs, self.ys = xs, ys
        widths = [b - a for a, b in itertools.pairwise(xs)]
        slopes = [(b - a) / h for (a, b), h in zip(itertools.pairwise(ys), widths, strict=True)]
        # The second derivatives solve a tridiagonal system: eliminate, then substitute backwards.
        n = len(xs)
        self.bends = [0.0] * n
        upper, right = [0.0] * n, [0.0] * n
        for i in range(1, n - 1):
            pivot = 2 * (widths[i - 1] + widths[i]) - widths[i - 1] * upper[i - 1]
            upper[i] = widths[i] / pivot
            right[i] = (6 * (slopes[i] - slopes[i - 1]) - widths[i - 1] * right[i - 1]) / pivot
        for i in reversed(range(1, n - 1)):
            self.bends[i] = right[i] - upper[i] * self.bends[i + 1]

    def __call__(self, x):
        i = min(max(bisect.bisect_right(self.xs, x) - 1, 0), len(self.xs) - 2)
        h = self.xs[i + 1] - self.xs[i]
        a = (self.xs[i + 1] - x) / h
        b = (x - self.xs[i]) / h
        bend = (a**3 - a) * self.bends[i] + (b**3 - b) * self.bends[i + 1]
        return a * self.ys[i] + b * self.ys[i + 1] + bend * h**2 / 6


def spline(xs, ys, x):
    """Return the height at x of the natural spline through points."""
    return NaturalSpline(xs, ys)(x)


def terrain(heights, x, y):
    """Return height and steepness, in degrees, at a point of a map that has the heights on a grid."""
    i = min(max(math.floor(x), 0), len(heights) - 2)
    j = min(max(math.floor(y), 0), len(heights[0]) - 2)
    u, v = x - i, y - j
    (p, q), (r, s) = (row[j : j + 2] for row in heights[i : i + 2])
    height = (1 - u) * ((1 - v) * p + v * q) + u * ((1 - v) * r + v * s)
    east = (1 - v) * (r - p) + v * (s - q)
    north = (1 - u) * (q - p) + u * (s - r)
    return height, math.degrees(math.atan(math.hypot(east, north)))


def great_circle(latitude1, longitude1, latitude2, longitude2):
    """Return the distance in km between two places on Earth, and the course at the first, in degrees."""
    phi1, phi2 = math.radians(latitude1), math.radians(latitude2)
    east = math.radians(longitude2 - longitude1)
    haversine = math.sin((phi2 - phi1) / 2) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(east / 2) ** 2
    course = math.atan2(
        math.sin(east) * math.cos(phi2),
        math.cos(phi1) * math.sin(phi2) - math.sin(phi1) * math.cos(phi2) * math.cos(east),
    )
    return 2 * 6371.0 * math.asin(math.sqrt(haversine)), math.degrees(course) % 360


@dataclass(frozen=True)
class Vector:
    """A vector in space."""

    x: float
    y: float
    z: float

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other):
        return Vector(self.x - other.x, self.y - other.y, self.z - other.z)

    def __mul__(self, factor):
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    def dot(self, other):
        """Return the scalar product."""
        return self.x * other.x + self.y * other.y + self.z * other.z

    def unit(self):
        """Return the vector of length 1 in the same direction."""
        return self * (1.0 / math.hypot(self.x, self.y, self.z))


def render(focal_length, centre, radius, lamp, ambient, pixels):
    """Return the brightness of pixels in a picture of a matt sphere, seen from the origin along z."""
    centre, lamp = Vector(*centre), Vector(*lamp)
    picture = []
    for px, py in pixels:
        ray = Vector(px, py, focal_length).unit()
        along = ray.dot(centre)
        discriminant = along**2 - centre.dot(centre) + radius**2
        if discriminant < 0.0:
            picture.append(0.0)
            continue
        point = ray * (along - math.sqrt(discriminant))
        normal = (point - centre) * (1.0 / radius)
        diffuse = max(normal.dot((lamp - point).unit()), 0.0)
        picture.append(ambient + (1.0 - ambient) * diffuse)
    return picture


# ---- statistics --------------------------------------------------------------------------------------


def matmul(a, b):
    """Return the product of two matrices, which are lists of rows."""
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in zip(*b, strict=True)] for row in a]


def transpose(a):
    """Return a matrix with rows for columns."""
    return [list(column) for column in zip(*a, strict=True)]


@dataclass
class Track:
    """What is known of position and speed: the mean (a column) and the covariance."""

    mean: list
    covariance: list

    def predict(self, dt, noise):
        """Return what is known after a time without measurements."""
        motion = [[1.0, dt], [0.0, 1.0]]
        jitter = [[noise * dt**3 / 3, noise * dt**2 / 2], [noise * dt**2 / 2, noise * dt]]
        spread = matmul(matmul(motion, self.covariance), transpose(motion))
        covariance = [[p + q for p, q in zip(*rows, strict=True)] for rows in zip(spread, jitter, strict=True)]
        return Track(matmul(motion, self.mean), covariance)

    def update(self, measured, noise):
        """Return what is known after the position was measured, and the log-likelihood of the measurement."""
        surprise = measured - self.mean[0][0]
        variance = self.covariance[0][0] + noise
        gain = [row[0] / variance for row in self.covariance]
        mean = [[m + k * surprise] for (m,), k in zip(self.mean, gain, strict=True)]
        covariance = [
            [p - k * top for p, top in zip(row, self.covariance[0], strict=True)]
            for row, k in zip(self.covariance, gain, strict=True)
        ]
        return Track(mean, covariance), -0.5 * (math.log(2 * math.pi * variance) + surprise**2 / variance)


def kalman_step(mean, covariance, dt, jitter, measured, noise):
    """Return position, speed, their three (co)variances and the log-likelihood after one step of the filter."""
    track = Track([[m] for m in mean], covariance).predict(dt, jitter)
    track, likelihood = track.update(measured, noise)
    (position,), (speed,) = track.mean
    (a, b), (_, d) = track.covariance
    return position, speed, a, b, d, likelihood


def log_sum_exp(terms):
    """Return log(sum(exp(term))) without overflow."""
    top = max(terms)
    return top + math.log(math.fsum(math.exp(term - top) for term in terms))


def hidden_markov(log_initial, log_transition, log_emission, observations):
    """Return the log-likelihood of observations under a hidden Markov model, by the forward algorithm."""
    states = range(len(log_initial))
    forward = [log_initial[i] + log_emission[i][observations[0]] for i in states]
    for seen in observations[1:]:
        forward = [
            log_sum_exp([forward[i] + log_transition[i][j] for i in states]) + log_emission[j][seen] for j in states
        ]
    return log_sum_exp(forward)


def gaussian_process(xs, ys, length_scale, amplitude, noise):
    """Return the log-likelihood of points under a Gaussian process, by Cholesky's method."""
    n = len(xs)
    lower = [[0.0] * n for _ in range(n)]
    white = [0.0] * n
    for i in range(n):
        for j in range(i + 1):
            rest = amplitude**2 * math.exp(-0.5 * ((xs[i] - xs[j]) / length_scale) ** 2)
            if i == j:
                rest += noise**2
            for k in range(j):
                rest -= lower[i][k] * lower[j][k]
            lower[i][j] = math.sqrt(rest) if i == j else rest / lower[j][j]
        white[i] = (ys[i] - math.fsum(lower[i][k] * white[k] for k in range(i))) / lower[i][i]
    determinant = math.prod(lower[i][i] for i in range(n)) ** 2
    return -0.5 * (math.fsum(w**2 for w in white) + math.log(determinant) + n * math.log(2 * math.pi))


def student_t(data, location, scale, freedom):
    """Return the log-likelihood of data under Student's t distribution."""
    constant = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(math.pi * freedom) / 2
    total = 0.0
    for x in data:
        z = (x - location) / scale
        total += constant - math.log(scale) - (freedom + 1) / 2 * math.log1p(z**2 / freedom)
    return total
