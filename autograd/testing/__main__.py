"""``python -m autograd.testing``: the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from autograd.testing.write import TargetError, property_test

BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``python -m autograd.testing``; None takes it from `sys.argv`.

    Returns
    -------
    int
        0; 2 after a message about bad input.
    """
    parser = argparse.ArgumentParser(prog="python -m autograd.testing", description="Tests of gradients.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    command = commands.add_parser(
        "write",
        help="write a property test of a function's gradient to the standard output",
        description="Write a property test of a function's gradient to the standard output.",
    )
    command.add_argument("function", metavar="MODULE:FUNCTION", help="what to test, such as mymodel.losses:huber")
    try:
        text = property_test(parser.parse_args(arguments).function)
    except TargetError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
