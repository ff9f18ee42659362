"""Certify the gradients of random programs on both twins, and count the verdicts.

    python tools/prove.py 10000         what CI runs: half a minute
    python tools/prove.py 1000000       an hour on two cores

Programs are those of `autograd.testing.strategies.programs`, half of them in a block of `autograd.ieee`. Each is run
and swept on the reference twin and certified; then on the C twin, where every bit of every value, partial and adjoint
has to be the same: so the certificate is that of both. The exit code is 1 if there is an alarm, or
if more than a twentieth is undecided.
"""

import importlib
import math
import multiprocessing
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from autograd import _modes  # noqa: E402
from autograd.testing import Verdict, certify  # noqa: E402
from autograd.testing.strategies import programs  # noqa: E402

CHUNK = 2500  # programs that a process draws at a time
MOST_UNDECIDED = 0.05
SHOWN = 5  # alarms to print


def bits(nodes: list[Any]) -> bytes:
    """Return every value, adjoint and partial of some nodes, to the last bit."""
    numbers = [number for node in nodes for number in (node.data, node.grad, *node.partials)]
    return struct.pack(f"{len(numbers)}d", *[math.nan if math.isnan(number) else number for number in numbers])


def chunk(number: int) -> tuple[Counter[str], list[str]]:
    """Certify some programs; return what was found how often, and the alarms in words."""
    counts: Counter[str] = Counter()
    alarms = []
    twins = [importlib.import_module("autograd.engine"), importlib.import_module("autograd._engine")]

    @seed(number)
    @settings(
        max_examples=CHUNK,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(programs(), st.booleans())
    def prove(program: Any, is_ieee: bool) -> None:
        counts["programs"] += 1
        found = []
        for twin in twins:
            with _modes.Mode(_modes.IEEE, on=is_ieee):
                root = program.root(twin)
            if root is None:
                counts["without a root"] += 1
                return
            root.backward(0.75)
            found.append(bits(twin.ancestors(root)))
            if twin is twins[0]:
                report = certify(root)
        counts[report.verdict] += 1
        counts["numbers"] += report.checked
        counts["twins differ"] += found[0] != found[1]
        if report.verdict is Verdict.FAIL or found[0] != found[1]:
            with _modes.Mode(_modes.IEEE, on=is_ieee):
                alarms.append(f"{report}\n{program}\n")

    prove()
    return counts, alarms


def main(arguments: list[str]) -> int:
    """Certify as many programs as were asked for, in all processors."""
    count = int(arguments[0]) if arguments else 10_000
    total: Counter[str] = Counter()
    start = time.perf_counter()
    shown = 0
    with multiprocessing.Pool() as pool:
        for counts, alarms in pool.imap_unordered(chunk, range(-(-count // CHUNK))):
            total += counts
            for alarm in alarms[: SHOWN - shown]:
                print(alarm, flush=True)
                shown += 1
            if total["programs"] // 100_000 != (total["programs"] - counts["programs"]) // 100_000:
                print(f"{total['programs']} programs, {total[Verdict.FAIL]} alarms", flush=True)
    judged = sum(total[verdict] for verdict in Verdict)
    for what in ("programs", "without a root", *Verdict, "twins differ", "numbers"):
        print(f"{what:>15}: {total[what]:>12,}")
    print(f"{'seconds':>15}: {time.perf_counter() - start:>12,.0f}")
    alarmed = total[Verdict.FAIL] or total["twins differ"]
    return int(bool(alarmed) or total[Verdict.UNDECIDED] > MOST_UNDECIDED * judged)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
