"""Words of error messages."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def known(where: str, what: str, got: object, names: Collection[str]) -> str:
    """Return a name that is one of these, or raise a ValueError that lists them, with the closest match."""
    if isinstance(got, str) and got in names:
        return got
    close = difflib.get_close_matches(str(got), names, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"{where}: expected {what} of {', '.join(names)}, got {got!r}{hint}")
