"""What the parent measures: it asks children, in rounds, so that what slows the machine down hits all of them alike."""

from __future__ import annotations

import dataclasses
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks.engines import ENGINES, Engine
from benchmarks.environments import interpreter
from benchmarks.processes import ROOT, Child, EngineError, environment
from benchmarks.programs import PROGRAMS
from benchmarks.training import NETWORKS

TOLERANCE = 1e-12  # of a value or derivative, relative to the greater of itself and 1
SLOW_SECONDS, SLOW_ROUNDS = 1.0, 3  # a run that takes longer takes part in the first few rounds only


class Spread(NamedTuple):
    """The quartiles of some samples."""

    low: float
    median: float
    high: float


def spread(samples: Sequence[float]) -> Spread:
    """Return the quartiles of one sample or more."""
    if len(samples) == 1:
        return Spread(samples[0], samples[0], samples[0])
    return Spread(*statistics.quantiles(samples, n=4, method="inclusive"))


def say(text: str) -> None:
    """Tell the user how far it is."""
    print(text, file=sys.stderr, flush=True)


# ---- duels -----------------------------------------------------------------------------------------


@dataclass
class Lane:
    """One engine on one task, and the times of both sides of the duel, round by round.

    Attributes
    ----------
    row, task : str
        Where its figure stands in a table.
    child : Child
        The process.
    options : dict
        The options of the request `prepare`.
    base, timed : list of float
        Seconds of a run.
    error : float
        The greatest difference of the value and the derivatives from those of the first lane of the task.
    reason : str
        Why there are no times, if there are none.
    """

    row: str
    task: str
    child: Child
    options: dict[str, Any]
    base: list[float] = field(default_factory=list)
    timed: list[float] = field(default_factory=list)
    error: float = 0.0
    reason: str = ""

    @property
    def ratio(self) -> Spread:
        """The time of the timed side in multiples of the base's."""
        return spread([timed / base for timed, base in zip(self.timed, self.base, strict=True)])


def race(lanes: Sequence[Lane], rounds: int) -> None:
    """Time lanes in rounds.

    Before a time counts, value and gradient must be those of the first lane of the task.
    """
    references: dict[str, dict[str, Any]] = {}
    slow: set[int] = set()
    for lane in lanes:
        say(f"checking {lane.row} on {lane.task}")
        try:
            found = lane.child.ask("prepare", task=lane.task, **lane.options)
        except EngineError as error:
            lane.reason = str(error)
            continue
        lane.error = difference(found, references.setdefault(lane.task, found))
        if not lane.error <= TOLERANCE:
            lane.reason = f"WRONG: value or gradient differs by {lane.error:.1e} from that of {lanes[0].row}"
            say(f"{lane.row} on {lane.task}: {lane.reason}")
        if found["seconds"] > SLOW_SECONDS:
            slow.add(id(lane))
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for lane in lanes:
            if not lane.reason and (number < SLOW_ROUNDS or id(lane) not in slow):
                try:
                    times = lane.child.ask("time", task=lane.task)
                except EngineError as error:
                    lane.base, lane.timed, lane.reason = [], [], str(error)
                    continue
                lane.base.append(times["base"])
                lane.timed.append(times["timed"])


def difference(found: dict[str, Any], expected: dict[str, Any]) -> float:
    """Return the greatest error of a value or derivative, relative to the greater of itself and 1; NaN if one is."""
    numbers, exact = [found["value"], *found["gradient"]], [expected["value"], *expected["gradient"]]
    errors = [abs(x - y) / max(1.0, abs(y)) for x, y in zip(numbers, exact, strict=True)]
    return math.nan if any(map(math.isnan, errors)) else max(errors)


def programs(engines: Iterable[Engine], rounds: int, names: Sequence[str] = ()) -> list[Lane]:
    """Time the programs, or those with some names, on engines, the first of which is the reference."""
    with ExitStack() as stack:
        children = [stack.enter_context(Child(engine)) for engine in engines]
        lanes = [
            Lane(child.engine.name, program.name, child, {"kind": "program"})
            for program in PROGRAMS
            if not names or program.name in names
            for child in children
        ]
        race(lanes, rounds)
    return lanes


def networks(engines: Iterable[Engine], rounds: int) -> list[Lane]:
    """Time training steps with `nn` on our twins, and micrograd's demo where micrograd is among the engines."""
    with ExitStack() as stack:

        def lane(row: str, task: str, engine: Engine, kind: str) -> Lane:
            return Lane(row, task, stack.enter_context(Child(engine)), {"kind": kind, "network": data[task]})

        data = {task: dataclasses.asdict(make()) for task, make in NETWORKS.items()}
        lanes = []
        for engine in engines:
            if not engine.packages:
                lanes += [lane(engine.name, task, engine, "network") for task in data]
            elif engine.key == "micrograd":
                lanes += [
                    lane(kind, "moons", engine, kind) for kind in ("micrograd", "our Values", "our Values and nn")
                ]
        lanes.sort(key=lambda lane: list(data).index(lane.task))
        race(lanes, rounds)
    return lanes


# ---- probes ----------------------------------------------------------------------------------------


def probe(engine: Engine, name: str, **options: Any) -> Any:
    """Return what a probe finds in a process of its own."""
    with Child(engine) as child:
        return child.ask("probe", name=name, **options)


def memory(engine: Engine, operations: int) -> dict[str, Any]:
    """Return the account of `probes.memory` with the number of "operations", or the "reason" why there is none."""
    say(f"memory of {engine.name}, {operations:,} operations")
    try:
        return {"operations": operations, **probe(engine, "memory", operations=operations)}
    except EngineError as error:
        return {"operations": operations, "reason": str(error)}


class Depth(NamedTuple):
    """The longest chain that was recorded, swept and freed, and what stopped the next one, if anything did."""

    survived: int
    reason: str


def depth(engine: Engine, sizes: Sequence[int], limit: float) -> Depth:
    """Try chains of growing length, with the settings that the interpreter comes with.

    Parameters
    ----------
    engine : Engine
    sizes : sequence of int
        Growing.
    limit : float
        The seconds that a chain may take. One that would take longer, by the time of the last, is not tried.
    """
    say(f"depth of {engine.name}")
    survived, seconds = 0, 0.0
    for size in sizes:
        if survived and seconds * size / survived > limit:
            return Depth(survived, f"time: at this pace it would take over {limit:.0f} s")
        with Child(engine) as child:
            child.ask("versions")  # the import is not counted
            try:
                seconds = child.ask("probe", name="depth", recursion=False, timeout=limit, operations=size)
            except EngineError as error:
                return Depth(survived, str(error))
        survived = size
    return Depth(survived, "")


def phases(engine: Engine, sizes: Sequence[int], rounds: int, together: int) -> dict[int, tuple[Spread, ...]]:
    """Return the nanoseconds per operation for recording, sweeping and freeing graphs, by their size.

    Each size has a process of its own in each round. The first graph of a process is left out: it meets fresh memory.

    Parameters
    ----------
    engine : Engine
    sizes : sequence of int
        Operations of a graph.
    rounds : int
    together : int
        How many operations the graphs of a process have in all, at least.
    """
    found: dict[int, list[list[float]]] = {size: [] for size in sizes}
    for number in range(rounds):
        say(f"cost by size, round {number + 1} of {rounds}")
        for size in sizes:
            _, *rest = probe(engine, "phases", operations=size, graphs=2 + together // size)
            found[size].append([statistics.fmean(phase) for phase in zip(*rest, strict=True)])
    return {size: tuple(spread(phase) for phase in zip(*samples, strict=True)) for size, samples in found.items()}


def reuse(engine: Engine, operations: int, graphs: int, rounds: int) -> list[tuple[Spread, ...]]:
    """Return the nanoseconds per operation of the phases of one graph after another, in a process for each round."""
    say("one graph after another")
    processes = [probe(engine, "phases", operations=operations, graphs=graphs) for _ in range(rounds)]
    return [tuple(spread(phase) for phase in zip(*graph, strict=True)) for graph in zip(*processes, strict=True)]


def sweeps(engines: Sequence[Engine], operations: int, rounds: int, seconds: float) -> dict[str, Spread]:
    """Return the nanoseconds per edge of sweeping one graph again and again, for each engine."""
    found: dict[str, list[float]] = {engine.name: [] for engine in engines}
    for number in range(rounds):
        say(f"sweep alone, round {number + 1} of {rounds}")
        for engine in engines:
            found[engine.name].append(probe(engine, "sweep", operations=operations, seconds=seconds))
    return {name: spread(samples) for name, samples in found.items()}


def imports(engines: Sequence[Engine], rounds: int) -> dict[str, Spread]:
    """Return the milliseconds that the import takes, beyond those of starting Python."""
    found: dict[str, list[float]] = {engine.name: [] for engine in engines}
    for number in range(rounds + 1):
        say(f"import times, round {number} of {rounds}")
        for engine in engines:
            seconds = _start(engine, f"import {engine.imports}") - _start(engine, "pass")
            if number:  # the first brings the files into memory
                found[engine.name].append(seconds * 1e3)
    return {name: spread(samples) for name, samples in found.items()}


def _start(engine: Engine, code: str) -> float:
    path = "" if engine.packages else f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    start = time.perf_counter()
    subprocess.run([str(interpreter(engine)), "-P", "-c", path + code], check=True, env=environment(engine))
    return time.perf_counter() - start


def versions(engines: Iterable[Engine]) -> dict[str, str]:
    """Return the versions of what the engines are made of."""
    found: dict[str, str] = {}
    for engine in engines:
        with Child(engine) as child:
            found |= child.ask("versions")
    return found


C, PYTHON = ENGINES["c"], ENGINES["python"]
