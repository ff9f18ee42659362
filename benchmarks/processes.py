"""Child processes that run the engines, from the side of the parent."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.engines import Engine
from benchmarks.environments import interpreter

ROOT = Path(__file__).resolve().parent.parent

# Ours comes first in its own process and last in a peer's, where `autograd` may be somebody else's.
START = """
import sys
sys.path.insert(int(sys.argv[1]), sys.argv[2])
from benchmarks import worker
worker.serve(sys.argv[3])
"""
LAST = 10**6


class EngineError(Exception):
    """An engine could not do what it was asked; the text says why."""


class Child:
    """A process that runs one engine, as a context manager.

    Parameters
    ----------
    engine : Engine
        Which one.
    """

    def __init__(self, engine: Engine) -> None:
        python = str(interpreter(engine))
        place = str(LAST if engine.packages else 0)
        self.engine = engine
        self._process = subprocess.Popen(
            [python, "-P", "-c", START, place, str(ROOT), engine.key],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment(engine),
        )  # fmt: skip

    def ask(self, request: str, *, timeout: float | None = None, **options: Any) -> Any:
        """Return the answer to a request.

        Parameters
        ----------
        request : str
            A method of `worker.Worker`; further options are its arguments.
        timeout : float, optional
            How many seconds to wait.

        Raises
        ------
        EngineError
            If the engine raises, dies or takes longer.
        """
        assert self._process.stdin
        assert self._process.stdout
        try:
            print(json.dumps([request, options]), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise EngineError(self._death()) from None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(timeout):
                raise EngineError(f"takes more than {timeout:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise EngineError(self._death())
        answer = json.loads(line)
        if "error" in answer:
            raise EngineError(answer["error"].splitlines()[0])
        return answer["answer"]

    def _death(self) -> str:
        code = self._process.wait()
        return f"killed by signal {-code}" if code < 0 else f"exited with status {code}"

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


def environment(engine: Engine) -> dict[str, str]:
    """Return the environment variables of a child: one thread, no GPU, and the twin that was asked for."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "AUTOGRAD"))}
    threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
    return {**kept, **threads, "JAX_PLATFORMS": "cpu", "AUTOGRAD_PURE_PYTHON": "0" if engine.key == "c" else "1"}
