"""Files that are written as a whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file, all of it or nothing: one that was there stays until the end. A link stays, and leads to it."""
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file() and not path.is_dir():  # it would be replaced
        raise FileExistsError(errno.EEXIST, "expected a file to write to, got a device", str(path))
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
