"""Environments of the peers, one for each, made once: HIPS autograd shares our import name."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.engines import Engine

FOLDER = Path(__file__).resolve().parent / ".environments"


def interpreter(engine: Engine) -> Path:
    """Return the Python that runs an engine; make its environment if it is missing or has other versions."""
    if not engine.packages:
        return Path(sys.executable)
    folder = FOLDER / f"{engine.key}-{sys.implementation.cache_tag}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made = folder / "made"  # written last, so that what was interrupted is made again
    wanted = "\n".join(engine.packages)
    if not made.exists() or made.read_text(encoding="utf-8") != wanted:
        print(f"making the environment of {engine.name}: {', '.join(engine.packages)}", file=sys.stderr, flush=True)
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
        venv.create(folder, clear=True, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *engine.packages]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"benchmarks: cannot install {engine.name}: {done.stderr.strip()}")
        made.write_text(wanted, encoding="utf-8")
    return python
