"""The programs of the speed comparison, each written once, for floats and for the numbers of any engine.

A program takes its inputs, floats or an engine's numbers, and a namespace with the functions of `math` it
calls; it returns one number. Nothing in it knows about derivatives: that is the point.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Program:
    """One program and its inputs.

    Attributes
    ----------
    name : str
        A short name.
    run : callable
        Takes the inputs and the functions of `math`; returns the result.
    inputs : list of float
        By which the gradient is taken.
    operations : int
        How many elementary operations one run takes.
    in_mean : bool
        Whether it is one of the five whose geometric mean is given.
    """

    name: str
    run: Callable[[Sequence[Any], Any], Any]
    inputs: list[float]
    operations: int
    in_mean: bool = True


def rosenbrock(xs: Sequence[Any], math: Any) -> Any:
    """Return Rosenbrock's function of many variables."""
    total = 0.0
    for a, b in zip(xs, xs[1:]):  # noqa: B905, RUF007  (as people write it)
        total = total + 100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2
    return total


_FAN_IN = 16
_rng = random.Random(1)
_ROWS = [[_rng.uniform(-1, 1) for _ in range(_FAN_IN)] for _ in range(500)]


def neurons(parameters: Sequence[Any], math: Any) -> Any:
    """Return the sum of 500 tanh neurons of 16 inputs: a bias and weights for all, and each with inputs of its own."""
    bias, *weights = parameters
    total = 0.0
    for row in _ROWS:
        activation = bias
        for w, x in zip(weights, row):  # noqa: B905
            activation = activation + w * x
        total = total + math.tanh(activation)
    return total


def layer(parameters: Sequence[Any], math: Any) -> Any:
    """Return the sum of 500 tanh neurons with weights of their own, so that every second operation reads a new leaf."""
    total = 0.0
    for start in range(0, len(parameters), _FAN_IN + 1):
        bias, *weights = parameters[start : start + _FAN_IN + 1]
        activation = bias
        for w, x in zip(weights, _ROWS[0]):  # noqa: B905
            activation = activation + w * x
        total = total + math.tanh(activation)
    return total


def black_scholes(inputs: Sequence[Any], math: Any) -> Any:
    """Return the price of a European call."""
    spot, strike, rate, volatility, years = inputs
    spread = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    d2 = d1 - spread
    in_the_money = 0.5 * (1.0 + math.erf(d1 * 0.7071067811865476))
    exercised = 0.5 * (1.0 + math.erf(d2 * 0.7071067811865476))
    return spot * in_the_money - strike * math.exp(-rate * years) * exercised


_STEPS, _STEP = 1000, 0.01


def lotka_volterra(inputs: Sequence[Any], math: Any) -> Any:
    """Return the predators and prey that are left after 1000 steps of Runge and Kutta's fourth order."""
    a, b, c, d = inputs
    x, y = 10.0, 5.0
    h, half, sixth = _STEP, _STEP / 2, _STEP / 6
    for _ in range(_STEPS):
        kx1, ky1 = x * (a - b * y), y * (d * x - c)
        x2, y2 = x + half * kx1, y + half * ky1
        kx2, ky2 = x2 * (a - b * y2), y2 * (d * x2 - c)
        x3, y3 = x + half * kx2, y + half * ky2
        kx3, ky3 = x3 * (a - b * y3), y3 * (d * x3 - c)
        x4, y4 = x + h * kx3, y + h * ky3
        kx4, ky4 = x4 * (a - b * y4), y4 * (d * x4 - c)
        x = x + sixth * (kx1 + 2.0 * kx2 + 2.0 * kx3 + kx4)
        y = y + sixth * (ky1 + 2.0 * ky2 + 2.0 * ky3 + ky4)
    return x + y


_PATHS = [[_rng.gauss(0, 1) for _ in range(50)] for _ in range(100)]


def asian_option(inputs: Sequence[Any], math: Any) -> Any:
    """Return the price of an Asian call, from 100 simulated paths of 50 steps."""
    spot, strike, rate, volatility, years = inputs
    dt = years / 50
    drift = (rate - 0.5 * volatility * volatility) * dt
    diffusion = volatility * math.sqrt(dt)
    payoffs = 0.0
    for path in _PATHS:
        price, total = spot, 0.0
        for z in path:
            price = price * math.exp(drift + diffusion * z)
            total = total + price
        average = total / 50
        if average > strike:
            payoffs = payoffs + (average - strike)
    return math.exp(-rate * years) * payoffs / 100


def _program(run: Callable[[Sequence[Any], Any], Any], inputs: list[float], in_mean: bool = True) -> Program:
    return Program(run.__name__, run, inputs, _count(run, inputs), in_mean)


def _count(run: Callable[[Sequence[Any], Any], Any], inputs: list[float]) -> int:
    """Return how many operations a program does, by running it on floats that count."""
    done = 0

    class Counting(float):
        pass

    def counted(plain: Callable[..., float]) -> Callable[..., Counting]:
        def operation(*operands: float) -> Counting:
            nonlocal done
            done += 1
            return Counting(plain(*map(float, operands)))

        return operation

    for name in ("add", "sub", "mul", "truediv", "pow", "neg", "radd", "rsub", "rmul", "rtruediv", "rpow"):
        setattr(Counting, f"__{name}__", counted(getattr(float, f"__{name}__")))
    functions = {name: counted(getattr(math, name)) for name in ("exp", "log", "sqrt", "tanh", "erf")}
    run([Counting(x) for x in inputs], type("Functions", (), {k: staticmethod(f) for k, f in functions.items()}))
    return done


PROGRAMS = [
    _program(rosenbrock, [0.001 * i for i in range(2000)]),
    _program(neurons, [_rng.uniform(-1, 1) for _ in range(_FAN_IN + 1)]),
    _program(black_scholes, [100.0, 105.0, 0.02, 0.25, 0.75]),
    _program(lotka_volterra, [1.1, 0.4, 0.4, 0.1]),
    _program(asian_option, [100.0, 100.0, 0.03, 0.2, 1.0]),
    _program(layer, [_rng.uniform(-1, 1) for _ in range(500 * (_FAN_IN + 1))], in_mean=False),
]
