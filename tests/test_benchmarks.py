"""The benchmarks: programs are the same on every number, gradients are right, tables say what was measured."""

import importlib.util
import math
import re
import subprocess
import sys
from pathlib import Path

import mpmath as mp
import pytest

import autograd.math
from autograd import Value
from autograd.testing import Verdict, certify
from benchmarks import engines, measure, report, training
from benchmarks.measure import Depth, Lane, Spread
from benchmarks.processes import EngineError
from benchmarks.programs import PROGRAMS
from nn import MLP

ROOT = Path(__file__).resolve().parent.parent
HAS_C = importlib.util.find_spec("autograd._engine") is not None
BUILT = [engine for engine in engines.OURS if HAS_C or engine.key != "c"]

programs = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)


@programs
def test_gradients_that_are_timed_are_certified(program):
    """Node by node, on the inputs of the comparison."""
    variables = [Value(x) for x in program.inputs]
    root = program.run(variables, autograd.math)
    root.backward()
    assert certify(root).verdict is Verdict.PASS


@programs
def test_program_has_the_bits_of_floats(engine, program):
    """A program does on Values what it does on floats."""
    value, gradient = engines.ours(engine.__name__).gradient(program.run, program.inputs)
    assert value == program.run(program.inputs, math)
    assert len(gradient) == len(program.inputs)


@pytest.mark.skipif(not HAS_C, reason="the C twin was not built")
@programs
def test_program_has_one_gradient(program):
    """Both twins give every derivative of a program the same bits."""
    c, python = [
        engines.ours(f"autograd.{twin}").gradient(program.run, program.inputs) for twin in ("_engine", "engine")
    ]
    assert c == python


@programs
def test_gradient_is_that_of_differences(program):
    """Derivatives agree with differences of 60 digits, by the first, the last and another input."""
    _, gradient = engines.ours("autograd.engine").gradient(program.run, program.inputs)
    last = len(program.inputs) - 1
    with mp.workdps(60):
        step = mp.mpf(10) ** -20
        for k in {0, last // 3, last}:

            def at(moved, k=k):
                return program.run([mp.mpf(x) + moved * (i == k) for i, x in enumerate(program.inputs)], mp)

            slope = (at(step) - at(-step)) / (2 * step)
            assert abs(gradient[k] - slope) <= 1e-12 * max(1, abs(slope))


# ---- networks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", training.NETWORKS)
def test_training_step_has_the_loss_of_floats(name):
    """The loss of a step with `nn` is that of the forward pass on floats, and steps lower it."""
    network = training.NETWORKS[name]()
    step = training.with_nn(name, network)
    (first, gradient), *_, (last, _) = [step() for _ in range(4)]
    assert first == pytest.approx(training.forward(name, network)(), rel=1e-12)
    assert len(gradient) == len(network.weights)
    assert last < first


def test_demo_is_the_step_of_nn():
    """Micrograd's demo and the step with `nn` have one loss and one gradient."""
    network = training.moons()
    value, gradient = training.demo(network, Value, MLP)()
    expected = dict(zip(("value", "gradient"), training.with_nn("moons", network)(), strict=True))
    assert measure.difference({"value": value, "gradient": gradient}, expected) <= measure.TOLERANCE


# ---- children --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lanes():
    """Return one round of the quick run's duels, on the shortest program."""
    return measure.programs(BUILT, 1, ["black_scholes"])


def test_duels_give_a_table(lanes):
    """Each engine has a line with its ratio, and no reason to miss."""
    text = report.price(lanes, 1)
    for lane in lanes:
        assert (lane.reason, lane.error, len(lane.timed), len(lane.base)) == ("", 0.0, 1, 1)
        (line,) = [line for line in text.splitlines() if line.startswith(f"| {lane.row} |")]
        assert f"| {report.figure(lane.ratio)} |" in line
    assert "What did not run" not in text


def test_networks_give_a_table():
    """The training steps have their lines."""
    found = measure.networks(BUILT[:1], 1)
    assert [(lane.task, lane.reason) for lane in found] == [(task, "") for task in training.NETWORKS]
    text = report.training(found, 1)
    assert len(re.findall(rf"^\| {BUILT[0].name} \| [\d.,]+ \(", text, re.M)) == 2


def test_probes_give_tables():
    """Cost by size, sweeps, import times and depth are positive numbers in tables."""
    engine = BUILT[0]
    phases = measure.phases(engine, [100, 1000], rounds=1, together=2000)
    assert all(spread.low > 0 for spreads in phases.values() for spread in spreads)
    assert report.growth(phases, engine.name).count("\n| 1") == 2
    graphs = measure.reuse(engine, 100, graphs=3, rounds=2)
    assert "\n| 3 | " in report.reuse(graphs, 100, engine.name)
    sweeps = measure.sweeps(BUILT, 100, rounds=2, seconds=0.01)
    assert all(spread.low > 0 for spread in sweeps.values())
    assert engine.name in report.sweeps(sweeps, 100)
    imports = measure.imports([engine], rounds=1)
    assert engine.name in report.imports(imports)
    assert measure.depth(engine, [100, 1000], 60.0) == Depth(1000, "")
    assert measure.depth(engine, [100, 10**7], 0.0) == Depth(0, "takes more than 0 s")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux alone tells the memory of a process")
def test_memory_gives_a_table():
    """A node takes more than two pointers and less than a page of memory; the table's page names the machine."""
    engine, operations = BUILT[0], 200_000
    account = measure.memory(engine, operations)
    assert 16 * operations < account["recorded"] <= account["swept"] < 4096 * operations
    assert account["peak"] >= account["before"] + account["swept"]
    text = report.page("command", {"package": "1.0"}, [report.memory({engine.name: [account]})])
    assert "| 200,000 |" in text
    assert "package 1.0" in text
    assert "$" not in text


def test_failures_are_told():
    """What an engine cannot do has its reason in the tables, instead of a figure."""
    engine = BUILT[0]
    account = measure.memory(engine, -1.5)
    assert account["reason"].startswith("TypeError: ")
    assert account["reason"] in report.memory({engine.name: [{**account, "operations": 1}]})
    depths = {engine.name: Depth(1000, "RecursionError: too deep"), "other": Depth(0, "killed by signal 11")}
    text = report.depths(depths, [10, 1000], 60)
    assert "| engine | 1,000 | RecursionError: too deep |".replace("engine", engine.name) in text
    assert "| other | none | killed by signal 11 |" in text


class Stub:
    """A child with set answers."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def ask(self, request, **options):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_wrong_gradients_have_no_times():
    """A time counts if the gradient is that of the first engine, in every derivative; NaN is never right."""
    right = {"value": 1.0, "gradient": [1.0, 1e6], "seconds": 0.1}
    times = {"base": 1.0, "timed": 2.0}
    close = {**right, "gradient": [1.0 + 1e-13, 1e6 + 1e-7]}
    wrong = [{**right, "value": 2.0}, {**right, "gradient": [1.0 + 1e-11, 1e6]}, {**right, "gradient": [1.0, math.nan]}]
    children = [Stub(right, times), Stub(close, times), *map(Stub, wrong), Stub(EngineError("no erf"))]
    lanes = [Lane(f"engine {i}", "black_scholes", child, {}) for i, child in enumerate(children)]
    measure.race(lanes, 1)
    assert [lane.timed for lane in lanes] == [[2.0], [2.0], [], [], [], []]
    assert [lane.reason[:5] for lane in lanes] == ["", "", "WRONG", "WRONG", "WRONG", "no er"]
    assert "\n* engine 5, black_scholes: no erf" in report.price(lanes, 1)
    assert report.mean_ratio(lanes[:2]) == pytest.approx(2.0)
    assert report.mean_ratio(lanes) is None


def test_slow_runs_take_part_in_few_rounds():
    """A run of more than a second is timed in the first rounds alone; one that dies loses its times."""
    times = {"base": 1.0, "timed": 2.0}
    fast, slow = [{"value": 1.0, "gradient": [1.0], "seconds": seconds} for seconds in (0.1, 2.0)]
    children = [
        Stub(fast, *[times] * 5),
        Stub(slow, *[times] * 3),
        Stub(fast, times, EngineError("killed by signal 9")),
    ]
    lanes = [Lane("engine", "task", child, {}) for child in children]
    measure.race(lanes, 5)
    assert [len(lane.timed) for lane in lanes] == [5, 3, 0]
    assert lanes[2].reason == "killed by signal 9"


@pytest.mark.parametrize(
    ("x", "text"),
    [(0.0, "0"), (1.0, "1.00"), (2.4251, "2.43"), (31.849, "31.8"), (0.012345, "0.0123"), (12345.6, "12,346")],
)
def test_numbers_have_three_digits(x, text):
    """Figures are written with three significant digits, without exponents."""
    assert report.number(x) == text


def test_spread_is_the_quartiles():
    """The figure of samples is their median, with the quartiles; one sample is all three."""
    assert measure.spread([4.0, 1.0, 2.0, 3.0, 5.0]) == Spread(2.0, 3.0, 4.0)
    assert measure.spread([7.0]) == Spread(7.0, 7.0, 7.0)


def test_plots_are_drawn(tmp_path, lanes):
    """Both plots come out as SVG, the same for the same figures."""
    from benchmarks import plots

    for name in ("one", "two"):
        plots.ratios(lanes, tmp_path / f"ratios-{name}.svg")
        plots.growth({100: [Spread(1, 2, 3)] * 3, 1000: [Spread(1, 2, 3)] * 3}, tmp_path / f"growth-{name}.svg")
    for plot in ("ratios", "growth"):
        one, two = [(tmp_path / f"{plot}-{name}.svg").read_text(encoding="utf-8") for name in ("one", "two")]
        assert one == two
        assert "</svg>" in one


def test_command_line():
    """The help begins with an example; options that contradict each other are refused."""
    command = [sys.executable, "-m", "benchmarks"]
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "example: python -m benchmarks --quick" in shown.stdout
    refused = subprocess.run([*command, "--quick", "--huge"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (refused.returncode, "expected --quick or --huge, got both" in refused.stderr) == (2, True)
