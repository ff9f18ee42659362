"""Checkpoints: all that a training needs to go on as if it had never stopped, as a JSON file.

JSON holds floats to the last bit, and nothing that could run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nn._writing import write_whole
from nn.init import Generator

FORMAT = "chainrule.checkpoint.1"

_KEYS = {"parameters", "best", "optimizer", "generator", "history"}


class CheckpointError(ValueError):
    """A file that a training cannot go on from; the text says why."""


def write(path: str | os.PathLike[str], setting: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Write a checkpoint, all of it or nothing: one that was there stays until the end.

    Parameters
    ----------
    path : path
        Where to.
    setting : mapping
        What must be the same when training goes on.
    state : mapping
        What changes while training.
    """
    write_whole(path, json.dumps({"format": FORMAT, "setting": setting, "state": state}, allow_nan=False).encode())


def read(path: str | os.PathLike[str] | None, setting: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a checkpoint, which must have been written in the same setting."""
    try:
        found = json.loads(Path(str(path)).read_bytes())
    except OSError as error:
        raise CheckpointError(f"{path}: expected a checkpoint: {error.strerror}") from None
    except ValueError as error:
        raise CheckpointError(f"{path}: expected a checkpoint, got no JSON: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("state", {}).keys() != _KEYS:
        raise CheckpointError(f"{path}: expected a checkpoint of format {FORMAT!r}, got something else")
    if found["setting"] != setting:
        raise CheckpointError(f"{path}: expected a checkpoint of {dict(setting)}, got one of {found['setting']}")
    state: dict[str, Any] = found["state"]
    return state


def state_of(source: Generator) -> Any:
    """Return where a generator stands, as JSON can hold it."""
    try:
        return source.getstate()  # type: ignore[attr-defined]
    except AttributeError:
        raise CheckpointError(f"expected a random.Random, whose state can be kept, got {source!r}") from None


def restore(source: Generator, state: Any) -> None:
    """Put a generator where it stood."""
    version, numbers, following = state
    source.setstate((version, tuple(numbers), following))  # type: ignore[attr-defined]
