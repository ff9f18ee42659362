"""Checkpoints: all that a training needs to go on as if it had never stopped, as a JSON file.

JSON holds floats to the last bit, and nothing that could run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nn._writing import write_whole
from nn.init import Generator

FORMAT = "chainrule.checkpoint.1"


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
    content = {"format": FORMAT, "setting": dict(setting), "state": dict(state)}
    write_whole(path, json.dumps(content | {"sha256": digest(content)}, allow_nan=False).encode())


def read(path: str | os.PathLike[str] | None, setting: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a checkpoint, which must have been written in the same setting."""
    try:
        found = json.loads(Path(str(path)).read_bytes())
    except OSError as error:
        raise CheckpointError(f"{path}: expected a checkpoint: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: expected a checkpoint, got no JSON: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise CheckpointError(f"{path}: expected a checkpoint of format {FORMAT!r}, got something else")
    if found.pop("sha256", None) != digest(found):
        raise CheckpointError(f"{path}: expected the checksum of what it holds, got another: the file is damaged")
    other = [name for name in setting if found["setting"].get(name) != setting[name]]
    if other:
        wanted, got = ({name: source.get(name) for name in other} for source in (setting, found["setting"]))
        raise CheckpointError(f"{path}: expected a checkpoint of the same training, with {wanted}, got {got}")
    state: dict[str, Any] = found["state"]
    return state


def digest(*things: Any) -> str:
    """Return a SHA-256 of what things look like: NumPy's arrays as lists, and JSON's lists as tuples."""

    def plain(thing: Any) -> Any:
        thing = thing.tolist() if hasattr(thing, "tolist") else thing
        if isinstance(thing, Mapping):
            return [(key, plain(thing[key])) for key in sorted(thing)]
        return [plain(item) for item in thing] if isinstance(thing, list | tuple) else thing

    return hashlib.sha256(repr(plain(things)).encode()).hexdigest()


def state_of(source: Generator) -> Any:
    """Return where a generator stands, as JSON can hold it."""
    try:
        return source.getstate()  # type: ignore[attr-defined]
    except (AttributeError, NotImplementedError):
        raise CheckpointError(f"expected a random.Random, whose state can be kept, got {source!r}") from None


def restore(source: Generator, state: Any) -> None:
    """Put a generator where it stood."""
    version, numbers, following = state
    source.setstate((version, tuple(numbers), following))  # type: ignore[attr-defined]
