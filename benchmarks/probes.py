"""Probes of one engine, each for a process of its own: memory, depth, the cost of a graph by its size, a sweep alone.

All of them record the same program, of as many operations as they like: the recurrence y = y * a + b, in which every
operation takes two variables and adds one node to a single chain.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.engines import Adapter

INPUTS = [1.0, 0.5, 1.0]
WARM_UP = 1000


def recurrence(inputs: Sequence[Any], math: Any, operations: int) -> Any:
    """Return y after `operations` operations, an even number, of y = y * a + b; it tends to b / (1 - a)."""
    y, a, b = inputs
    for _ in range(operations // 2):
        y = y * a + b
    return y


def _record(adapter: Adapter, operations: int) -> Callable[[], Any]:
    return adapter.record(partial(recurrence, operations=operations), INPUTS)


def memory(adapter: Adapter, operations: int) -> dict[str, float]:
    """Return how the memory of this process grows and shrinks while one graph is recorded, swept and freed.

    Returns
    -------
    dict
        In bytes: resident "before" and "after", the "peak"; the growth of the peak until the graph was "recorded", and
        until it was "swept". In "seconds": all three phases.
    """
    _record(adapter, WARM_UP)()
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is from now on
    before = _status("VmRSS")
    start = time.perf_counter()
    graph = _record(adapter, operations)
    recorded = _status("VmHWM")
    graph()
    swept = _status("VmHWM")
    del graph
    return {
        "seconds": time.perf_counter() - start,
        "before": before,
        "after": _status("VmRSS"),
        "peak": _status("VmHWM"),
        "recorded": recorded - before,
        "swept": swept - before,
    }


def _status(field: str) -> int:
    """Return a field of Linux's account of this process, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def depth(adapter: Adapter, operations: int) -> float:
    """Record, sweep and free one chain; return the seconds it took, if the process lives to tell."""
    start = time.perf_counter()
    _record(adapter, operations)()
    gc.collect()
    return time.perf_counter() - start


def phases(adapter: Adapter, operations: int, graphs: int) -> list[tuple[float, float, float]]:
    """Return the nanoseconds per operation that recording, sweeping and freeing take, for one graph after another."""
    found = []
    for _ in range(graphs):
        start = time.perf_counter()
        graph = _record(adapter, operations)
        recorded = time.perf_counter()
        graph()
        swept = time.perf_counter()
        del graph
        freed = time.perf_counter()
        times = (recorded - start, swept - recorded, freed - swept)
        found.append(tuple(seconds / operations * 1e9 for seconds in times))
    return found


def sweep(adapter: Adapter, operations: int, seconds: float) -> float:
    """Return the nanoseconds per edge of sweeping one graph again and again; an operation has two edges."""
    graph = _record(adapter, operations)
    graph()
    sweeps, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        graph()
        sweeps += 1
    return elapsed / sweeps / (2 * operations) * 1e9
