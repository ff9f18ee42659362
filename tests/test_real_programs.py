"""Whole programs run on Values once `import math` is swapped, and each of their derivatives is proved.

The programs are those of real_programs.py. Each has a proof here: its Jacobian by another road than the chain
rule along its own steps (a formula of the trade, the implicit function theorem, linear algebra), in 50 digits.
What was computed may differ from it by what rounding can explain and no more; how much that is, the graph tells.
"""

import difflib
import functools
import itertools
import json
import operator
import os
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from mpmath import mp, mpf
from programs import bits

import autograd
from autograd._backend import ancestors
from autograd.primitives import PRIMITIVES
from autograd.testing import Verdict, certify

HERE = Path(__file__).parent
SOURCE = (HERE / "real_programs.py").read_text(encoding="utf-8")
SWAPPED = SOURCE.replace("\nimport math\n", "\nimport autograd.math as math\n")
DIGITS = 50
ULP = sys.float_info.epsilon  # the greatest unit in the last place, relative to the number

#: Name of a program -> its arguments, of which all floats are variables, and the proof of its Jacobian.
PROOFS = {}


def proof(*arguments):
    """Register a proof under the name of its program, with the arguments to run both with."""

    def register(jacobian):
        PROOFS[jacobian.__name__] = arguments, jacobian
        return jacobian

    return register


# ---- running -----------------------------------------------------------------------------------------


def load(source, **names):
    """Return the module that a source text makes, with some names defined beforehand."""
    module = ModuleType("real_programs")
    vars(module).update(names)
    exec(compile(source, "real_programs.py", "exec"), vars(module))
    return module


def on_floats():
    """Return the programs as they are.

    Since Python 3.12 `sum` corrects its rounding errors where all terms are floats. On anything else it adds from
    left to right, and so it must here if the numbers are to be the same.
    """
    return load(SOURCE, sum=lambda terms: functools.reduce(operator.add, terms, 0))


def lift(argument, make):
    """Return an argument with `make` applied to every variable in it."""
    if isinstance(argument, (list, tuple)):
        return type(argument)([lift(part, make) for part in argument])
    return make(argument) if isinstance(argument, (float, mpf)) else argument


def outputs(module, name, arguments):
    """Run a program and return its results as a list."""
    result = getattr(module, name)(*arguments)
    return list(result) if isinstance(result, (list, tuple)) else [result]


def on_values(name):
    """Run a program with the import swapped; return its results and the variables."""
    variables = []

    def variable(number):
        variables.append(autograd.Value(number))
        return variables[-1]

    return outputs(load(SWAPPED), name, lift(PROOFS[name][0], variable)), variables


def gradient(result, variables):
    """Return the derivatives of a result, which is a plain float where a program took no Value on its way."""
    for variable in variables:
        variable.zero_grad()
    if isinstance(result, autograd.Value):
        result.backward()
    return [variable.grad for variable in variables]


def run_all():
    """Return the values and the Jacobian of each program, computed by the default twin."""
    found = {}
    for name in PROOFS:
        results, variables = on_values(name)
        values = [x.data if isinstance(x, autograd.Value) else x for x in results]
        found[name] = values, [gradient(x, variables) for x in results]
    return found


@functools.cache
def computed(engine):
    """Return what `run_all` finds on a twin: in a process of its own, unless it is the default twin."""
    if engine.Value is autograd.Value:
        return run_all()
    code = "import json, test_real_programs; print(json.dumps(test_real_programs.run_all()))"
    path = os.pathsep.join([str(HERE), str(HERE.parent)])
    environment = {"PYTHONPATH": path, "AUTOGRAD_PURE_PYTHON": str(int(engine.__name__ == "autograd.engine"))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ---- how far rounding can go -------------------------------------------------------------------------


def rounding_bound(result):
    """Return how far rounding can have moved the number that a Value holds, to first order.

    Each node behind it was off by the error of its primitive (the column `ulps` of the table), and by that of the
    plain numbers among its operands, which the program may have rounded before; its adjoint carries that on.
    """
    nodes = ancestors(result)
    bound = mpf(0)
    for node, adjoint in zip(nodes, autograd.gradient(result, nodes), strict=True):
        if node.op and adjoint is not None:
            row = PRIMITIVES[node.op]
            plain = [abs(x) for x in node.operands if type(x) is not autograd.Value]
            moved = sum(plain) if node.op in {"add", "sub"} else len(plain) * abs(node.data)
            size = max(1.0, abs(node.data)) if row.mixed else abs(node.data)
            bound += abs(mpf(adjoint)) * (row.ulps[0] * size + moved) * ULP
    return bound


def gradient_bounds(result, variables):
    """Return the rounding bound of each derivative, from the graph of its own computation."""
    if not isinstance(result, autograd.Value):
        return [mpf(0)] * len(variables)
    derivatives = autograd.gradient(result, variables, create_graph=True)
    return [rounding_bound(x) if isinstance(x, autograd.Value) else mpf(0) for x in derivatives]


@functools.cache
def proved(name):
    """Return for each result of a program its exact derivatives, each with its bound."""
    arguments, jacobian = PROOFS[name]
    results, variables = on_values(name)
    with mp.workdps(DIGITS):
        exact = jacobian(*lift(arguments, mpf))
        bounds = [gradient_bounds(result, variables) for result in results]
        return [list(zip(*rows, strict=True)) for rows in zip(exact, bounds, strict=True)]


# ---- tools of the proofs -----------------------------------------------------------------------------


def directions(arguments):
    """Return for each variable the arguments' differentials if it moves at speed 1, and nothing else does."""
    count = itertools.count()
    place = lift(arguments, lambda _: mpf(next(count)))
    return [lift(place, lambda number, i=i: mpf(number == i)) for i in range(next(count))]


def by_differentials(differential):
    """Return the Jacobian whose columns are the differentials of the results in the direction of each variable."""

    @functools.wraps(differential)
    def jacobian(*arguments):
        columns = [differential(*arguments, d) for d in directions(arguments)]
        return [list(row) for row in zip(*columns, strict=True)]

    return jacobian


def density(x):
    """Return the density of the standard normal distribution."""
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def dot(a, b):
    """Return the scalar product."""
    return mp.fsum(x * y for x, y in zip(a, b, strict=True))


def combine(*terms):
    """Return the sum of vectors, each given with its factor."""
    return [mp.fsum(factor * vector[i] for factor, vector in terms) for i in range(len(terms[0][1]))]


# ---- the proofs --------------------------------------------------------------------------------------


@proof(42.0, 40.0, 0.1, 0.2, 0.5)
def black_scholes(spot, strike, rate, volatility, maturity):
    """Return the Greeks: https://en.wikipedia.org/wiki/Greeks_(finance)#Formulas_for_European_option_Greeks."""
    root = mp.sqrt(maturity)
    d1 = (mp.log(spot / strike) + (rate + volatility**2 / 2) * maturity) / (volatility * root)
    d2 = d1 - volatility * root
    discount = mp.exp(-rate * maturity)
    delta, dual_delta = mp.ncdf(d1), -discount * mp.ncdf(d2)
    rho = strike * maturity * discount * mp.ncdf(d2)
    vega = spot * density(d1) * root
    minus_theta = spot * density(d1) * volatility / (2 * root) + rate * strike * discount * mp.ncdf(d2)
    return [[delta, dual_delta, rho, vega, minus_theta]]


@proof(100.0, 95.0, 0.03, 0.25, 0.75, 30, 6, 2024)
def asian_option(spot, strike, rate, volatility, maturity, paths, dates, seed):
    """Pathwise: a price is spot * exp((rate - volatility**2 / 2) * t + volatility * w), with w of sqrt(maturity)."""
    generator = random.Random(seed)
    discount = mp.exp(-rate * maturity) / paths
    worth, row = mpf(0), [mpf(0)] * 5
    for _ in range(paths):
        walk = list(itertools.accumulate(mpf(generator.gauss(0.0, 1.0)) for _ in range(dates)))
        times = [maturity * (k + 1) / dates for k in range(dates)]
        brownian = [mp.sqrt(maturity / dates) * w for w in walk]
        drift = rate - volatility**2 / 2
        prices = [spot * mp.exp(drift * t + volatility * w) for t, w in zip(times, brownian, strict=True)]
        mean = mp.fsum(prices) / dates
        if mean <= strike:
            continue
        worth += discount * (mean - strike)
        by_price = [
            [1 / spot] * dates,
            [mpf(0)] * dates,
            times,
            [w - volatility * t for t, w in zip(times, brownian, strict=True)],
            [(drift * t + volatility * w / 2) / maturity for t, w in zip(times, brownian, strict=True)],
        ]
        row = [x + discount * dot(prices, rates) / dates for x, rates in zip(row, by_price, strict=True)]
        row[1] -= discount
    row[2] -= maturity * worth
    row[4] -= rate * worth
    return [row]


@proof([-1000.0, 300.0, 420.0, -50.0, 680.0])
def internal_rate_of_return(cash_flows):
    """Apply the implicit function theorem to the sum of cash / growth**year."""
    growth = mp.findroot(lambda g: mp.fsum(cash / g**year for year, cash in enumerate(cash_flows)), 1)
    slope = -mp.fsum(year * cash / growth ** (year + 1) for year, cash in enumerate(cash_flows))
    return [[-(growth**-year) / slope for year in range(len(cash_flows))]]


@proof(10.0, 5.0, 1.1, 0.4, 0.1, 0.4, 0.1, 25)
def lotka_volterra(prey, predators, birth, predation, growth, death, dt, steps):
    """Integrate the variational equations with the same method, which commutes with differentiation."""

    def slopes(state):
        (x, *dx), (y, *dy) = state
        eaten, deaths = birth - predation * y, growth * x - death
        forced_x = [0, 0, x, -x * y, 0, 0, x * eaten / dt]
        forced_y = [0, 0, 0, 0, x * y, -y, y * deaths / dt]
        return (
            [dt * x * eaten, *[dt * (eaten * a - predation * x * b + f) for a, b, f in zip(dx, dy, forced_x, strict=True)]],
            [dt * y * deaths, *[dt * (growth * y * a + deaths * b + f) for a, b, f in zip(dx, dy, forced_y, strict=True)]],
        )  # fmt: skip

    def after(state, factor, slope):
        return [combine((1, s), (factor, k)) for s, k in zip(state, slope, strict=True)]

    half, state = mpf(1) / 2, [[mpf(x) for x in row] for row in ([prey, 1, *[0] * 6], [predators, 0, 1, *[0] * 5])]
    for _ in range(steps):
        a = slopes(state)
        b = slopes(after(state, half, a))
        c = slopes(after(state, half, b))
        d = slopes(after(state, 1, c))
        for k, weight in ((a, 1), (b, 2), (c, 2), (d, 1)):
            state = after(state, mpf(weight) / 6, k)
    return [row[1:] for row in state]


@proof(1.5, 0.6, 2.0)
def planet(semi_major_axis, eccentricity, mean_anomaly):
    """Differentiate Kepler's equation implicitly: the textbook's derivatives by the elements of an orbit."""
    anomaly = mp.findroot(lambda x: x - eccentricity * mp.sin(x) - mean_anomaly, mean_anomaly)
    ratio = 1 - eccentricity * mp.cos(anomaly)
    shape = mp.sqrt(1 - eccentricity**2)
    cosine, sine = (mp.cos(anomaly) - eccentricity) / ratio, shape * mp.sin(anomaly) / ratio  # of the true anomaly
    return [
        [ratio, -semi_major_axis * cosine, semi_major_axis * eccentricity * sine / shape],
        [mpf(0), sine * (2 + eccentricity * cosine) / shape**2, shape / ratio**2],
    ]


@proof(0.8, 9.81, 70.0)
def pendulum_period(length, gravity, amplitude):
    """Differentiate the complete elliptic integral K: https://dlmf.nist.gov/19.4.E1."""
    half = mp.radians(amplitude) / 2
    m = mp.sin(half) ** 2
    k, e = mp.ellipk(m), mp.ellipe(m)
    unit = 4 * mp.sqrt(length / gravity)
    by_m = (e - (1 - m) * k) / (2 * m * (1 - m))
    return [[unit * k / (2 * length), -unit * k / (2 * gravity), unit * by_m * mp.sin(2 * half) / 2 * mp.pi / 180]]


@proof(0.45, 0.35, 0.7, 1.1, -0.05, 0.08)
@by_differentials
def move_hand(upper, fore, shoulder, elbow, dx, dy, d):
    """Apply the inverse function theorem: hand(upper, fore, joints) must move by as much as the target does."""

    def hand(shoulder, elbow):
        x, y = upper * mp.cos(shoulder), upper * mp.sin(shoulder)
        u, v = fore * mp.cos(shoulder + elbow), fore * mp.sin(shoulder + elbow)
        by_joints = mp.matrix([[-y - v, -v], [x + u, u]])
        by_links = mp.matrix([[x / upper, u / fore], [y / upper, v / fore]])
        return mp.matrix([x + u, y + v]), by_joints, by_links

    before, joints_before, links_before = hand(shoulder, elbow)
    target = before + mp.matrix([dx, dy])
    start = (shoulder, elbow)
    after = mp.findroot(lambda a, b: list(hand(a, b)[0] - target), start)
    _, joints_after, links_after = hand(*after)
    links, joints, step = (mp.matrix(d[i : i + 2]) for i in (0, 2, 4))
    return list(mp.lu_solve(joints_after, joints_before * joints + (links_before - links_after) * links + step))


@proof([0.0, 0.7, 1.9, 2.6, 4.1], [1.2, -0.3, 0.8, 2.0, 1.1], 2.2)
@by_differentials
def spline(xs, ys, x, d):
    """Differentiate the linear system a m = b of the second derivatives: a dm = db - da m."""
    dxs, dys, dx = d
    n = len(xs)
    width, dwidth = ([q - p for p, q in itertools.pairwise(z)] for z in (xs, dxs))
    slope = [(q - p) / h for (p, q), h in zip(itertools.pairwise(ys), width, strict=True)]
    dslope = [
        (q - p - s * dh) / h for (p, q), h, dh, s in zip(itertools.pairwise(dys), width, dwidth, slope, strict=True)
    ]

    def system(width):
        a = mp.eye(n)
        for i in range(1, n - 1):
            a[i, i - 1], a[i, i], a[i, i + 1] = width[i - 1] / 6, (width[i - 1] + width[i]) / 3, width[i] / 6
        return a

    def jumps(slope):
        return mp.matrix([0, *[q - p for p, q in itertools.pairwise(slope)], 0])

    a, da = system(width), system(dwidth)
    da[0, 0] = da[n - 1, n - 1] = 0
    m = mp.lu_solve(a, jumps(slope))
    dm = mp.lu_solve(a, jumps(dslope) - da * m)
    i = max(i for i in range(n - 1) if xs[i] <= x)
    # Taylor's series around the left end of the piece: y + c t + m t**2 / 2 + k t**3 / 6.
    h, dh, t, dt = width[i], dwidth[i], x - xs[i], dx - dxs[i]
    k = (m[i + 1] - m[i]) / h
    dk = (dm[i + 1] - dm[i] - k * dh) / h
    c = slope[i] - h * (2 * m[i] + m[i + 1]) / 6
    dc = dslope[i] - dh * (2 * m[i] + m[i + 1]) / 6 - h * (2 * dm[i] + dm[i + 1]) / 6
    return [dys[i] + dc * t + dm[i] * t**2 / 2 + dk * t**3 / 6 + (c + m[i] * t + k * t**2 / 2) * dt]


@proof([[1.0, 3.0, 2.0], [2.5, 2.0, 4.0], [0.5, 1.0, 3.5]], 1.3, 0.4)
def terrain(heights, x, y):
    """Share the height among four corners by area; within a cell the gradient is linear in u and in v."""
    p, q, r, s = heights[1][0], heights[1][1], heights[2][0], heights[2][1]
    u, v = x - 1, y
    corner = p - q - r + s
    east, north = r - p + v * corner, q - p + u * corner
    steepness = mp.hypot(east, north)
    unit = 180 / mp.pi / (1 + steepness**2)

    def by_corner(e, n):
        return unit * (east * e + north * n) / steepness

    height_row = [0, 0, 0, (1 - u) * (1 - v), (1 - u) * v, 0, u * (1 - v), u * v, 0, east, north]
    steep_row = [
        0, 0, 0, by_corner(v - 1, u - 1), by_corner(-v, 1 - u), 0, by_corner(1 - v, -u), by_corner(v, u), 0,
        by_corner(0, corner), by_corner(corner, 0),
    ]  # fmt: skip
    return [height_row, steep_row]


@proof(48.2, 16.4, 35.7, 139.7)
def great_circle(latitude1, longitude1, latitude2, longitude2):
    """Spherical trigonometry: what a step north or east at one end does to the side and to the angle."""
    degree = mp.pi / 180
    phi1, phi2, east = latitude1 * degree, latitude2 * degree, (longitude2 - longitude1) * degree
    side = mp.acos(mp.sin(phi1) * mp.sin(phi2) + mp.cos(phi1) * mp.cos(phi2) * mp.cos(east))
    sine1, sine2 = (mp.sin(east) * mp.cos(phi) / mp.sin(side) for phi in (phi2, phi1))  # of the courses at both ends
    cosine1 = (mp.sin(phi2) - mp.cos(side) * mp.sin(phi1)) / (mp.sin(side) * mp.cos(phi1))
    cosine2 = (mp.cos(side) * mp.sin(phi2) - mp.sin(phi1)) / (mp.sin(side) * mp.cos(phi2))
    turn = mp.cos(phi2) * cosine2 / mp.sin(side)
    along = mp.cos(phi1) * sine1
    distance_row = [-cosine1, -along, cosine2, along]
    course_row = [sine1 / mp.tan(side), -turn, -sine2 / mp.sin(side), turn]
    return [[6371 * degree * x for x in distance_row], course_row]


@proof(1.5, [0.3, -0.2, 5.0], 1.25, [-4.0, 3.0, 1.0], 0.15, [(0, 0), (-1, 1), (0, -1), (2, 2)])
@by_differentials
def render(focal_length, centre, radius, lamp, ambient, pixels, d):
    """Move the point along its ray so that it stays on the sphere; brightness is the cosine of the lamp's angle."""
    dfocal, dcentre, dradius, dlamp, dambient, _ = d

    def turned(vector, dvector):
        length = mp.sqrt(dot(vector, vector))
        unit = [x / length for x in vector]
        return unit, combine((1 / length, dvector), (-dot(unit, dvector) / length, unit))

    picture = []
    for px, py in pixels:
        ray, dray = turned([mpf(px), mpf(py), focal_length], [mpf(0), mpf(0), dfocal])
        inside = dot(ray, centre) ** 2 - dot(centre, centre) + radius**2
        if inside < 0:
            picture.append(mpf(0))
            continue
        t = dot(ray, centre) - mp.sqrt(inside)
        normal = combine((t / radius, ray), (-1 / radius, centre))
        dt = (dot(normal, dcentre) + dradius - t * dot(normal, dray)) / dot(normal, ray)
        dpoint = combine((dt, ray), (t, dray))
        dnormal = combine((1 / radius, dpoint), (-1 / radius, dcentre), (-dradius / radius, normal))
        to_lamp, dto_lamp = turned(combine((1, lamp), (-t, ray)), combine((1, dlamp), (-1, dpoint)))
        cosine, dcosine = dot(normal, to_lamp), dot(dnormal, to_lamp) + dot(normal, dto_lamp)
        picture.append(dambient * (1 - cosine) + (1 - ambient) * dcosine if cosine > 0 else dambient)
    return picture


@proof([0.5, 1.2], [[0.4, 0.1], [0.1, 0.3]], 0.25, 0.2, 0.95, 0.15)
@by_differentials
def kalman_step(mean, covariance, dt, jitter, measured, noise, d):
    """Use the information form, p1 = (p**-1 + h h' / noise)**-1 and m1 = p1 (p**-1 m + h measured / noise)."""
    dmean, dcovariance, ddt, djitter, dmeasured, dnoise = d
    motion, dmotion = mp.matrix([[1, dt], [0, 1]]), mp.matrix([[0, ddt], [0, 0]])
    shape = mp.matrix([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    dshape = mp.matrix([[dt**2, dt], [dt, 1]]) * ddt
    p, dp, m, dm = (mp.matrix(x) for x in (covariance, dcovariance, mean, dmean))
    moved = dmotion * p * motion.T + motion * p * dmotion.T
    dp = motion * dp * motion.T + moved + djitter * shape + jitter * dshape
    dm = motion * dm + dmotion * m
    p, m = motion * p * motion.T + jitter * shape, motion * m
    h = mp.matrix([1, 0])
    precision = p**-1
    dprecision = -precision * dp * precision
    p1 = (precision + h * h.T / noise) ** -1
    dp1 = -p1 * (dprecision - h * h.T * dnoise / noise**2) * p1
    evidence = precision * m + h * measured / noise
    devidence = dprecision * m + precision * dm + h * (dmeasured / noise - measured * dnoise / noise**2)
    dm1 = dp1 * evidence + p1 * devidence
    variance, dvariance = p[0, 0] + noise, dp[0, 0] + dnoise
    score = (measured - m[0]) / variance
    dlikelihood = (score**2 - 1 / variance) * dvariance / 2 - score * (dmeasured - dm[0])
    return [dm1[0], dm1[1], dp1[0, 0], dp1[0, 1], dp1[1, 1], dlikelihood]


@proof(
    [-0.5, -1.2, -2.4],
    [[-0.2, -2.3, -2.5], [-1.6, -0.4, -2.0], [-2.2, -1.4, -0.5]],
    [[-0.3, -1.5, -3.2], [-1.2, -0.8, -1.4], [-3.0, -1.7, -0.3]],
    [0, 0, 1, 2, 1, 2, 2, 0, 0, 1, 1, 0, 2, 2, 2, 1, 0, 0, 1, 2],
)
def hidden_markov(log_initial, log_transition, log_emission, observations):
    """Count the expected starts, transitions and emissions (Fisher's identity), by forward-backward."""
    initial, transition, emission = (lift(x, mp.exp) for x in (log_initial, log_transition, log_emission))
    states, last = range(len(initial)), len(observations) - 1
    forward = [[initial[i] * emission[i][observations[0]] for i in states]]
    for seen in observations[1:]:
        forward.append([emission[j][seen] * dot(forward[-1], [row[j] for row in transition]) for j in states])
    backward = [[mpf(1)] * len(initial)]
    for seen in reversed(observations[1:]):
        arriving = [emission[j][seen] * backward[0][j] for j in states]
        backward.insert(0, [dot(transition[i], arriving) for i in states])
    likelihood = mp.fsum(forward[-1])
    visits = [[a * b / likelihood for a, b in zip(*ab, strict=True)] for ab in zip(forward, backward, strict=True)]
    starts = visits[0]
    moves = [
        transition[i][j] / likelihood
        * mp.fsum(forward[t][i] * emission[j][observations[t + 1]] * backward[t + 1][j] for t in range(last))
        for i in states
        for j in states
    ]  # fmt: skip
    emissions = [
        mp.fsum(visit[i] for visit, seen in zip(visits, observations, strict=True) if seen == symbol)
        for i in states
        for symbol in range(len(emission[i]))
    ]
    return [[*starts, *moves, *emissions]]


@proof([0.0, 0.8, 1.7, 3.1], [0.3, 1.1, 0.6, -0.9], 1.2, 0.9, 0.3)
@by_differentials
def gaussian_process(xs, ys, length_scale, amplitude, noise, d):
    """Evaluate equation 5.9 of Rasmussen and Williams, Gaussian Processes for Machine Learning."""
    dxs, dys, dlength, damplitude, dnoise = d
    n = range(len(xs))
    apart = mp.matrix([[(xs[i] - xs[j]) / length_scale for j in n] for i in n])
    shape = apart.apply(lambda r: mp.exp(-r * r / 2))
    covariance = amplitude**2 * shape + noise**2 * mp.eye(len(xs))
    moved = mp.matrix([
        [
            2 * amplitude * damplitude * shape[i, j] + 2 * noise * dnoise * (i == j)
            - amplitude**2 * shape[i, j] * apart[i, j] * (dxs[i] - dxs[j] - apart[i, j] * dlength) / length_scale
            for j in n
        ]
        for i in n
    ])  # fmt: skip
    inverse = covariance**-1
    weights = inverse * mp.matrix(ys)
    product = (weights * weights.T - inverse) * moved
    return [sum(product[i, i] for i in n) / 2 - (weights.T * mp.matrix(dys))[0]]


@proof([2.1, -0.4, 0.9, 1.3, 7.5], 1.0, 0.8, 3.5)
def student_t(data, location, scale, freedom):
    """Return the score function, with the digamma function for the degrees of freedom."""
    count = len(data)
    z = [(x - location) / scale for x in data]
    pull = [(freedom + 1) * t / (freedom + t**2) for t in z]
    by_scale = (mp.fsum(p * t for p, t in zip(pull, z, strict=True)) - count) / scale
    constant = mp.digamma((freedom + 1) / 2) - mp.digamma(freedom / 2) - 1 / freedom
    by_freedom = (
        count * constant / 2
        + mp.fsum(p * t / freedom - mp.log1p(t**2 / freedom) for p, t in zip(pull, z, strict=True)) / 2
    )
    return [[*[-p / scale for p in pull], mp.fsum(pull) / scale, by_scale, by_freedom]]


# ---- the tests ---------------------------------------------------------------------------------------

every_program = pytest.mark.parametrize("name", PROOFS)


def test_only_the_import_of_math_is_swapped():
    """One line of the programs changes, and nothing else."""
    changed = [line for line in difflib.ndiff(SOURCE.splitlines(), SWAPPED.splitlines()) if line[0] in "+-"]
    assert changed == ["- import math", "+ import autograd.math as math"]


@every_program
def test_values_are_those_of_floats(engine, name):
    """Bit for bit what the program computes on floats."""
    arguments, _ = PROOFS[name]
    values, _ = computed(engine)[name]
    assert [bits(x) for x in values] == [bits(x) for x in outputs(on_floats(), name, arguments)]


@every_program
def test_derivatives_are_proved(engine, name):
    """Each entry of the Jacobian is the exact one up to rounding, and that bound leaves no room for a mistake."""
    _, jacobian = computed(engine)[name]
    for row, certificates in zip(jacobian, proved(name), strict=True):
        size = max(abs(exact) for exact, _ in certificates)
        for got, (exact, bound) in zip(row, certificates, strict=True):
            assert abs(got - exact) <= bound <= 1e-11 * size


@every_program
def test_every_number_is_certified(name):
    """Of each graph of each program, node by node; the programs' own branches are at no kink."""
    results, variables = on_values(name)
    for result in results:
        if isinstance(result, autograd.Value):
            gradient(result, variables)
            assert certify(result).or_raise().verdict is Verdict.PASS


def test_twins_agree(engine):
    """Values and Jacobians of all programs, bit for bit."""
    assert json.dumps(computed(engine)) == json.dumps(run_all())
