"""The child process: it runs one engine, takes requests as lines of JSON from stdin, and answers on stdout."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
from typing import Any

from benchmarks import duels, probes
from benchmarks.duels import Duel
from benchmarks.engines import ENGINES
from benchmarks.programs import PROGRAMS
from benchmarks.training import Network


class Worker:
    """What can be asked of an engine; the methods without an underscore are the requests."""

    def __init__(self, key: str) -> None:
        self._engine = ENGINES[key]
        self._adapter = self._engine.adapter()
        self._duels: dict[str, Duel] = {}

    def versions(self) -> dict[str, str]:
        """Return the versions of the packages of the engine."""
        names = [package.split("==")[0] for package in self._engine.packages]
        return {name: importlib.metadata.version(name) for name in names}

    def prepare(self, task: str, kind: str, network: dict[str, Any] | None = None) -> dict[str, Any]:
        """Set up a duel and return its first result.

        Parameters
        ----------
        task : str
            A name for the duel: that of a program or of a network if it is the duel of one.
        kind : {"program", "network", "micrograd", "our Values", "our Values and nn"}
            Of what the duel is; the last three are those of `duels.of_demo`.
        network : dict, optional
            The fields of a Network.
        """
        # micrograd sweeps by recursion, as deep as the graph.
        sys.setrecursionlimit(10**7)
        if kind == "program":
            duel = duels.of_program(self._adapter, next(p for p in PROGRAMS if p.name == task))
        elif kind == "network":
            duel = duels.of_network(task, Network(**network))
        else:
            duel = duels.of_demo(kind, Network(**network))
        self._duels[task] = duel
        return duel.prepare()

    def time(self, task: str) -> dict[str, float]:
        """Return the seconds of a run of both sides of a duel."""
        return self._duels[task].time()

    def probe(self, name: str, recursion: bool = True, **sizes: Any) -> Any:
        """Return what a probe finds, with the recursion limit lifted or left as it is."""
        if recursion:
            sys.setrecursionlimit(10**8)
        return getattr(probes, name)(self._adapter, **sizes)


def serve(key: str) -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    worker = Worker(key)
    for line in sys.stdin:
        request, options = json.loads(line)
        try:
            answer = {"answer": getattr(worker, request)(**options)}
        except Exception as error:  # the parent decides what it means
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
