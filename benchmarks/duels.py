"""Duels: two callables of no arguments, timed in turn in one process, so that what disturbs one disturbs the other."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import Any
from unittest import mock

from benchmarks import training
from benchmarks.engines import Adapter
from benchmarks.programs import Program
from benchmarks.training import Network

BASE_SECONDS, TIMED_SECONDS = 0.005, 0.02  # the least that one turn of each takes


@dataclass
class Duel:
    """What is timed, and what it is compared with.

    Attributes
    ----------
    base : callable
        Most often a program on plain floats.
    timed : callable
        Returns a value and its gradient.
    """

    base: Callable[[], Any]
    timed: Callable[[], tuple[float, list[float]]]
    base_runs: int = 1
    timed_runs: int = 1

    def prepare(self) -> dict[str, Any]:
        """Run both, and settle how many runs make a turn.

        Returns
        -------
        dict
            "value" and "gradient" of the first run, and the "seconds" that a run takes.
        """
        start = time.perf_counter()
        value, gradient = self.timed()
        seconds = time.perf_counter() - start
        if seconds < 1:  # else the first run, which warms up, is good enough for an estimate
            seconds = _seconds(self.timed, 1)
        self.timed_runs = max(1, math.ceil(TIMED_SECONDS / seconds))
        self.base()
        self.base_runs = max(1, math.ceil(BASE_SECONDS / _seconds(self.base, 1)))
        return {"value": value, "gradient": gradient, "seconds": seconds}

    def time(self) -> dict[str, float]:
        """Return the seconds of a run of each; the base's are the mean of a turn before and one after."""
        before = _seconds(self.base, self.base_runs)
        timed = _seconds(self.timed, self.timed_runs)
        after = _seconds(self.base, self.base_runs)
        return {"base": (before + after) / 2, "timed": timed}


def _seconds(run: Callable[[], Any], runs: int) -> float:
    start = time.perf_counter()
    for _ in range(runs):
        run()
    return (time.perf_counter() - start) / runs


def of_program(adapter: Adapter, program: Program) -> Duel:
    """Return the duel of a program on an engine with the same on plain floats."""
    # The interpreter specialises bytecode to the types it sees; each side has its own copy to specialise.
    plain = FunctionType(program.run.__code__.replace(), program.run.__globals__)
    return Duel(partial(plain, program.inputs, math), partial(adapter.gradient, program.run, program.inputs))


def of_network(name: str, network: Network) -> Duel:
    """Return the duel of a training step with `nn` with the forward pass on plain floats."""
    return Duel(training.forward(name, network), training.with_nn(name, network))


def of_demo(on: str, network: Network) -> Duel:
    """Return the duel of a step of micrograd's demo with the forward pass on plain floats.

    Parameters
    ----------
    on : {"micrograd", "our Values", "our Values and nn"}
        Whose Values and networks the demo uses: micrograd's, our Values in micrograd's networks, or ours alone.
    network : Network
        That of `training.moons`.
    """
    from micrograd import engine  # noqa: PLC0415  (only in its environment)
    from micrograd import nn as networks  # noqa: PLC0415

    import nn  # noqa: PLC0415
    from autograd import Value  # noqa: PLC0415

    plain = training.forward("moons", network)
    if on == "micrograd":
        return Duel(plain, training.demo(network, engine.Value, networks.MLP))
    if on == "our Values and nn":
        return Duel(plain, training.demo(network, Value, nn.MLP))
    with mock.patch.object(networks, "Value", Value):
        return Duel(plain, training.demo(network, Value, networks.MLP))
