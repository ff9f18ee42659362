"""The command: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import importlib.util
import time
from pathlib import Path

from benchmarks import measure, report
from benchmarks.engines import ENGINES, OURS
from benchmarks.environments import interpreter
from benchmarks.measure import PYTHON, C

HERE = Path(__file__).resolve().parent

DESCRIPTION = """\
example: python -m benchmarks --quick

Measure what a gradient costs, with our two twins and with other engines. The full run makes an environment for each of
the others on its first start (a few GB), takes a quarter of an hour or more, and writes benchmarks/RESULTS.md and its
plots. Measure on a machine that does nothing else.
"""

ROUNDS = 15
SIZES = [10**k for k in range(2, 8)]
DEPTHS = [10**k for k in range(3, 8)]
DEPTH_SECONDS = 60.0
IN_CACHE = 1000  # operations
MILLION = 10**6
#: How many operations the memory of an engine is measured on, if not on a million: it is slow.
FEWER = {"jax": 10**5}


def quick() -> None:
    """Print the tables of ours."""
    print(report.price(measure.programs(OURS, 7), 7))
    accounts = {engine.name: [measure.memory(engine, n)] for engine, n in [(C, MILLION), (PYTHON, 10**5)]}
    print("\n" + report.memory(accounts))
    print("\n" + report.growth(measure.phases(C, SIZES[:5], 3, MILLION), C.name))
    print("\n" + report.sweeps(measure.sweeps(OURS, IN_CACHE, 3, 0.2), IN_CACHE))
    print("\n" + report.imports(measure.imports(OURS, 5)))


def full(huge: bool) -> None:
    """Measure everything, and write the page and its plots."""
    from benchmarks import plots  # noqa: PLC0415  (matplotlib, which the quick run does without)

    engines = list(ENGINES.values())
    for engine in engines:
        interpreter(engine)
    programs = measure.programs(engines, ROUNDS)
    phases = measure.phases(C, SIZES, 5, MILLION)
    graphs = measure.reuse(C, MILLION, graphs=10, rounds=5)
    sweeps = measure.sweeps(OURS, IN_CACHE, 7, 0.3)
    networks = measure.networks(engines, ROUNDS)
    imports = measure.imports(engines, ROUNDS)
    accounts = {engine.name: [measure.memory(engine, FEWER.get(engine.key, MILLION))] for engine in engines}
    accounts[C.name] += [measure.memory(C, n) for n in [10**7, *[10**8] * huge]]
    depths = {engine.name: measure.depth(engine, DEPTHS, DEPTH_SECONDS) for engine in engines}
    plots.ratios(programs, HERE / "ratios.svg")
    plots.growth(phases, HERE / "growth.svg")
    sections = [
        report.price(programs, ROUNDS, "![Price of a gradient by engine and program](ratios.svg)"),
        report.memory(accounts),
        report.growth(phases, C.name, "![Time per operation by the size of the graph](growth.svg)"),
        report.reuse(graphs, MILLION, C.name),
        report.sweeps(sweeps, IN_CACHE),
        report.training(networks, ROUNDS),
        report.demo(networks),
        report.depths(depths, DEPTHS, DEPTH_SECONDS),
        report.imports(imports),
    ]
    command = "python -m benchmarks" + " --huge" * huge
    text = report.page(command, measure.versions(engines), sections)
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    measure.say("wrote benchmarks/RESULTS.md")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="print the tables of ours alone, in a minute; write nothing"
    )
    parser.add_argument(
        "--huge", action="store_true", help="measure a graph of 10^8 operations too, which takes 12 GiB"
    )
    options = parser.parse_args()
    if options.quick and options.huge:
        parser.error("expected --quick or --huge, got both")
    if not Path("/proc/self/clear_refs").exists():
        raise SystemExit("benchmarks: expected Linux, whose /proc tells the memory of a process")
    if importlib.util.find_spec("autograd._engine") is None:
        raise SystemExit("benchmarks: expected the C twin; build it with: pip install -e .")
    missing = [name for name in ("matplotlib", "sklearn") if importlib.util.find_spec(name) is None]
    if missing and not options.quick:
        raise SystemExit(f"benchmarks: expected {' and '.join(missing)}; install: pip install -e '.[train]'")
    start = time.perf_counter()
    if options.quick:
        quick()
    else:
        full(options.huge)
    measure.say(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
