"""Programs as data: they run, are cut down and printed faithfully; what is drawn is diverse and shrinks well."""

import collections
import contextlib
import importlib
import io
import math
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TWINS
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from programs import bits, programs

import autograd
from autograd import Value, grad, hessian, ieee
from autograd._modes import IEEE, Mode
from autograd.primitives import PRIMITIVES
from autograd.testing.programs import OPS, TAME, Function, Instruction, Leaf, Program, arity
from autograd.testing.registration import register
from autograd.testing.strategies import functions, reals
from autograd.testing.strategies import programs as programs_of
from nn import testing as nn_testing
from nn.activations import ACTIVATIONS

inf, nan = math.inf, math.nan


def gradients(root, leaves):
    """Sweep back from a root, and return the bits of the leaves' derivatives."""
    root.backward()
    return [bits(leaf.grad) for leaf in leaves]


def run_script(source):
    """Run a script; return its names and what it printed."""
    names, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "<program>", "exec"), names)
    return names, printed.getvalue()


# ---- programs ------------------------------------------------------------------------------------------


@given(programs, st.booleans())
def test_what_is_left_of_a_program_is_what_the_root_depends_on(engine, program, floats_raise):
    """Nothing of it raises, nothing of it can be spared, and the root and its derivatives are the same."""
    with Mode(IEEE, on=not floats_raise):
        pruned = program.pruned(engine)
        (results, errors), root = pruned.run(engine), program.root(engine)
        assert pruned.pruned(engine) == pruned
        assert len(program) == len(pruned) == sum(instruction.times for instruction in pruned.instructions)
    assert not errors
    assert results[-1].op == root.op
    assert bits(results[-1].data) == bits(root.data)
    used = {at for i, each in enumerate(pruned.instructions) for at in each.operands(len(pruned.leaves) + i)}
    assert used == set(range(len(results) - 1))
    order, same = engine.ancestors(root), engine.ancestors(results[-1])
    assert gradients(root, order) == gradients(results[-1], same)


@given(programs, st.data())
def test_a_program_without_some_instructions_is_a_program(engine, program, data):
    """It runs, and its leaves are there."""
    some = data.draw(st.lists(st.sampled_from(program.instructions), unique_by=id))
    less = Program(program.leaves, tuple([each for each in program.instructions if each in some]))
    results, errors = less.run(engine)
    assert len(results) + len(errors) == len(less.leaves) + len(less.instructions)


def test_a_program_by_hand(engine):
    """Results stand in order, operands are counted back, an operation that raises leaves nothing but its words."""
    program = Program(
        (Leaf(2, "number"), Leaf(3.0, "constant"), Leaf(0.5)),
        (
            Instruction("mul", (0, 2)),  # 0.5 * 2
            Instruction("log", (1,)),  # log(0.5), as 2 results stand before it
            Instruction("truediv", (0, 0)),
            Instruction("acosh", (3,)),  # of 0.5: raises
            Instruction("neg", (0,), 3),
            Instruction("dot", (0, 1, 2, 3)),
            Instruction("add", (8, 7)),  # 8 results stand before it, so 8 steps back lead to the last again
        ),
    )
    results, errors = program.run(engine)
    log = math.log(0.5)
    assert errors == {3: "DomainError: acosh: expected x >= 1, got x = 0.5"}
    assert results == [2, 3.0, 0.5, 1.0, log, 1.0, -1.0, 1.0 - log, 1.0 - log + 2]
    assert [x.op for x in results[1:8]] == ["constant", "", "mul", "log", "truediv", "neg", "dot"]
    assert results[7].operands == (results[6], results[5], results[4], results[3])
    assert program.inputs == (0.5,)
    assert program.root(engine) == results[-1]


def test_programs_without_a_value(engine):
    """The root is None, and the script prints the last number."""
    program = Program((Leaf(7, "number"), Leaf(-2, "number")), (Instruction("floordiv", (1, 0)),))
    assert program.root(engine) is None
    assert program.run(engine).results == [7, -2, -4.0]
    assert run_script(program.source())[1] == "-4.0\n"
    assert (len(program), bool(Program(program.leaves, ()))) == (1, True)


# ---- as Python -----------------------------------------------------------------------------------------


@given(programs, st.booleans())
def test_the_script_of_a_program_rebuilds_it(program, floats_raise):
    """Every bit of the root and of the derivatives, with nothing but the public names."""
    with Mode(IEEE, on=not floats_raise):
        source, pruned = program.source(), program.pruned()
        results, _ = pruned.run()
    names, printed = run_script(source)
    assert source.isascii()
    inputs = [x for x, leaf in zip(results, pruned.leaves, strict=False) if leaf.kind == "value"]
    last = source.splitlines()[-2 if inputs else -1].removeprefix("print(").removesuffix(".backward()").rstrip(")")
    assert bits(names[last].data) == bits(results[-1].data)
    if inputs:
        found = gradients(results[-1], inputs)
        assert [bits(names[f"x{i}"].grad) for i in range(1, len(inputs) + 1)] == found
        assert printed.split() == [repr(x.grad) for x in inputs]


@pytest.mark.parametrize("op", OPS)
def test_each_primitive_as_python(op):
    """In every mixture of Values and plain numbers, at hard points too."""
    row = PRIMITIVES[op]
    for point in [(1.5, 2.0, 3.0, 4.0), (2, -3, 1, 1), (-0.0, 1e-320, -inf, nan), *row.hard_points]:
        for mask in range(2 ** arity(op)):
            kinds = ["value" if mask >> i & 1 else "number" for i in range(arity(op))]
            leaves = tuple([Leaf(point[i % len(point)], kind) for i, kind in enumerate(kinds)])
            program = Program(leaves, (Instruction(op, tuple(range(arity(op)))[::-1]),))
            with ieee():
                results, errors = program.run()
                source = program.source()
            if errors:
                continue
            found, expected = run_script(source)[0]["y1"], results[-1]
            assert type(found) is type(expected)
            if type(expected) is Value:
                assert [bits(x) for x in found.partials] == [bits(x) for x in expected.partials]
                found, expected = found.data, expected.data
            assert bits(found) == bits(expected)


def test_what_a_script_looks_like():
    """Short numbers in decimal, others by their bits, repeated operations as a loop; in a block of `ieee` so."""
    program = Program(
        (Leaf(-2.5, "number"), Leaf(1e-3, "constant"), Leaf(1 / 3)),
        (
            Instruction("pow", (2, 1)),
            Instruction("tanh", (0,), 1200),
            Instruction("log", (0,)),
            Instruction("add", (0, 4)),
            Instruction("mul", (0, 3)),
        ),
    )
    assert repr(program) == "from autograd import Value, math\n\n" + "\n".join([
        'x1 = Value(float.fromhex("0x1.5555555555555p-2"))',
        "y1 = math.tanh(x1)",
        "for _ in range(1199):",
        "    y1 = math.tanh(y1)",
        "y2 = math.log(y1)",
        "y3 = y2 + (-2.5)",
        "y4 = y3 * x1",
        "y4.backward()",
        "print(x1.grad)",
    ])  # fmt: skip
    assert len(program) == 1203
    edge = Program((Leaf(inf, "number"), Leaf(0.0)), (Instruction("log", (0,)), Instruction("mul", (0, 2))))
    with ieee():
        assert edge.source() == "from autograd import Value, ieee, math\n\n" + "\n".join([
            "with ieee():",
            "    x1 = Value(0.0)",
            "    y1 = math.log(x1)",
            "    y2 = y1 * math.inf",
            "y2.backward()",
            "print(x1.grad)",
        ])  # fmt: skip


@given(programs)
def test_a_report_shows_the_script(program):
    """Hypothesis prints a failing program so, and a failing function as a function."""
    from hypothesis.vendor.pretty import pretty

    assert pretty(program).strip() == program.source() == repr(program)
    function = program.as_function()
    assert pretty(function).strip() == repr(function)


# ---- functions -----------------------------------------------------------------------------------------


@given(programs)
def test_a_function_takes_floats_and_values_alike(engine, program):
    """The same bits of both, and of Values the derivatives too; it is what its text says."""
    f = program.as_function(engine)
    x = list(f.program.inputs)
    assert x == list(program.inputs) or any(map(math.isnan, x))
    values = [engine.Value(number) for number in x]
    y = f(*values)
    number = f(*x)
    assert type(number) is float
    assert bits(number) == bits(y.data)
    assert y in f.program.run(engine, values).results or math.isnan(number)
    if engine.Value is Value:
        names, _ = run_script(f"from autograd import math\n\n{f!r}")
        again = [Value(number) for number in x]
        assert gradients(names["f"](*again), again) == gradients(y, values)


def test_the_root_of_a_program_of_inputs_alone():
    """Its function returns the last of them."""
    f = Program((Leaf(1.0), Leaf(2.0)), ()).as_function()
    assert f(5.0, 7.0) == 7.0
    assert repr(f) == "def f(x1, x2):\n    return x2"


def test_a_function_raises_what_its_operations_raise():
    """Unlike a program; and it says how many numbers it takes."""
    f = Program((Leaf(4.0),), (Instruction("sqrt", (0,)),)).as_function()
    assert f(9.0) == 3.0
    for outside in (-1.0, Value(-1.0)):
        with pytest.raises(ValueError, match=r"sqrt|math domain"):
            f(outside)
    with pytest.raises(TypeError, match="Program: expected 1 operand, got 2"):
        f(1.0, 2.0)


@settings(max_examples=100)
@given(functions(2))
def test_functions_of_some_numbers(f):
    """They can be differentiated twice."""
    assert type(f) is Function
    x, y = f.program.inputs
    with ieee():
        first = grad(lambda at: f(*at))([x, y])
        second = hessian(lambda at: f(*at))([x, y])
    assert (len(first), len(second), len(second[0])) == (2, 2, 2)


# ---- what is drawn ---------------------------------------------------------------------------------------


def drawn_from(strategy, count):
    """Return some examples of a strategy, always the same ones."""
    examples = []

    @settings(max_examples=count, phases=[Phase.generate])
    @given(strategy)
    def collect(example):
        examples.append(example)

    collect()
    return examples


def test_programs_are_diverse():
    """All operations come up, about alike; so do long chains, repeats, constants, and programs of few operations."""
    examples = drawn_from(programs, 2000)
    every = [instruction for program in examples for instruction in program.instructions]
    ops = collections.Counter(instruction.op for instruction in every)
    assert set(ops) == set(OPS)
    assert max(ops.values()) < 4 * len(every) / len(OPS)
    assert min(ops.values()) > len(every) / len(OPS) / 4

    def part(predicate):
        return sum(map(predicate, examples)) / len(examples)

    assert 0.05 < part(lambda p: any(10 <= each.times <= 100 for each in p.instructions)) < 0.2
    assert 0.005 < part(lambda p: any(each.times >= 1200 for each in p.instructions)) < 0.05
    assert part(lambda p: any(len({*each.back}) < len(each.back) for each in p.instructions)) > 0.1
    assert part(lambda p: 3 * len({each.op for each in p.instructions}) <= len(p.instructions)) > 0.03
    assert part(lambda p: len(p) > 0) > 0.9
    kinds = collections.Counter((leaf.kind, type(leaf.number)) for program in examples for leaf in program.leaves)
    assert set(kinds) == {("value", float), ("constant", float), ("number", float), ("number", int)}
    assert {len(program.inputs) for program in examples} == {1, 2, 3}


@given(programs_of(ops=("mul", "sin"), inputs=(2, 2), size=(3, 4), long=False, constants=False))
def test_programs_as_ordered(program):
    """Operations, inputs and sizes are those that were asked for."""
    assert {each.op for each in program.instructions} <= {"mul", "sin"}
    assert [leaf.kind for leaf in program.leaves] == ["value", "value"]
    assert 3 <= len(program.instructions) <= 4
    assert all(each.times == 1 for each in program.instructions)


@pytest.mark.parametrize("op", TAME)
def test_tame_operations_never_raise_in_a_chain(op):
    """From any finite number, and under 2,000 of them every number stays finite."""
    for number in (0.0, -0.0, 5e-324, 1.0, -1.0, 3.5, 1e308, -1e308, sys.float_info.max):
        (_, y), errors = Program((Leaf(number),), (Instruction(op, (0,), 2000),)).run()
        assert not errors
        assert math.isfinite(y.data)


@pytest.mark.parametrize("op", [None, "tanh", "pow"])
def test_reals_come_in_kinds(op):
    """Whole numbers, hard points and their neighbours, all magnitudes, infinities and NaN."""
    found = drawn_from(reals(op), 3000)
    assert {0.0, 1.0, -1.0, 2.0} <= set(found)
    assert {inf, -inf} <= set(found)
    assert any(map(math.isnan, found))
    exponents = {math.frexp(x)[1] // 256 for x in found if math.isfinite(x)}
    assert exponents == set(range(-5, 5))
    if op:
        points = [x for point in PRIMITIVES[op].hard_points for x in point if math.isfinite(x) and x]
        assert sum(x in found for x in points) > 0.9 * len(points)
        assert (
            sum(math.nextafter(x, inf) in found or math.nextafter(x, -inf) in found for x in points) > len(points) / 2
        )


def test_values_by_their_type():
    """As Hypothesis draws them once it has called our entry point."""
    register()
    for twin in TWINS:
        kind = importlib.import_module(twin).Value
        assert type(find(st.from_type(kind), lambda x: True)) is kind
        assert find(st.from_type(list[kind]), lambda xs: len(xs) > 1) == [1.0, 1.0]


def test_unknown_primitives():
    """They are told at once, not when something is drawn."""
    for act in (lambda: reals("tahn"), lambda: programs_of(ops=["add", "tahn"])):
        with pytest.raises(ValueError, match="expected the name of a primitive, such as 'add', got 'tahn'"):
            act()


def test_programs_need_nothing_but_the_engine():
    """Running and printing them loads neither Hypothesis nor any other third party."""
    code = "import sys, autograd.testing.programs; print({'hypothesis', 'mpmath', 'flint', 'numpy'} & set(sys.modules))"
    root = Path(autograd.__file__).parent.parent
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert found.stdout == "set()\n"


# ---- how failures shrink ---------------------------------------------------------------------------------


def minimal(predicate):
    """Return the simplest program of which a predicate of its nodes holds."""
    # What is drawn depends on the modules that are loaded, too: there must be enough for all orders of tests.
    calm = settings(max_examples=30_000, suppress_health_check=list(HealthCheck))
    return find(
        programs,
        lambda program: predicate(nodes_behind(program)),
        settings=calm,
        random=random.Random(0),
    )


def nodes_behind(program):
    """Return the nodes behind a program's root."""
    return importlib.import_module(autograd.Value.__module__).ancestors(program.root())


def test_nearly_all_failures_shrink_to_one_operation():
    """If each primitive in turn were wrong wherever its value is finite, most reports would show it alone."""
    ops = OPS[:: 2 if os.environ.get("CI") else 5]
    found = {op: minimal(lambda nodes: any(x.op == op and math.isfinite(x.data) for x in nodes)) for op in ops}
    sizes = {op: len(program.instructions) for op, program in found.items()}
    more = {op: size for op, size in sizes.items() if size > 1}
    assert len(more) <= len(ops) / 10, more
    assert max(sizes.values()) <= 4, more


def test_other_failures_shrink_too():
    """What needs a repeated operand, or a chain deeper than 1,000, needs one instruction; what needs two, two."""
    twice = minimal(lambda nodes: any(len(set(map(id, x.operands))) < len(x.operands) for x in nodes))
    assert (twice.leaves, twice.instructions) == ((Leaf(1.0),), (Instruction("add", (0, 0)),))
    deep = minimal(lambda nodes: len(nodes) > 1000)
    assert (deep.leaves, deep.instructions[0].back, deep.instructions[0].times) == ((Leaf(1.0),), (0,), 1200)
    assert len(deep.instructions) == 1
    two = minimal(lambda nodes: {"exp", "tanh"} <= {x.op for x in nodes})
    assert sorted(each.op for each in two.instructions) == ["exp", "tanh"]


def test_numbers_shrink_to_small_whole_ones():
    """One, zero, and then other small whole numbers."""
    assert find(reals(), lambda x: True) == 1.0
    assert find(reals(), lambda x: x != 1.0) == 0.0
    assert find(reals(), lambda x: x < -2.5) == -3.0
    assert find(reals(), lambda x: x > 3.0) == 4.0


# ---- networks and tables ---------------------------------------------------------------------------------


@given(st.integers(1, 4), st.sampled_from(["regression", "classification"]), st.data())
def test_networks_and_tables_fit(columns, task, data):
    """A network of as many inputs as there are columns takes every row; targets are numbers or classes."""
    table = data.draw(nn_testing.datasets(columns, task))
    model = data.draw(nn_testing.models(nin=columns, nout=2))
    assert len(table.features) == len(table.targets)
    assert all(len(model(row)) == 2 for row in table.features)
    assert len(table.feature_names) == columns
    if task == "classification":
        assert set(table.targets) <= set(range(len(table.class_names)))
    else:
        assert table.class_names is None
        assert all(type(y) is float and abs(y) <= 10 for y in table.targets)


def test_tables_have_what_breaks_statistics():
    """Single rows, equal rows with unequal targets, constant columns of unequal rows, a class without a row."""
    examples = drawn_from(nn_testing.datasets(), 300)
    columns = [list(zip(*table.features, strict=True)) for table in examples]
    assert any(len(table.features) == 1 for table in examples)
    pairs = [{*zip(map(tuple, table.features), table.targets, strict=True)} for table in examples]
    assert any(len({row for row, _ in pair}) < len(pair) for pair in pairs)
    assert any(len({len(set(column)) == 1 for column in table}) == 2 for table in columns)
    assert any(table.class_names and len(set(table.targets)) < len(table.class_names) for table in examples)
    assert {len(table.feature_names) for table in examples} == {1, 2, 3, 4}


def test_networks_are_small_and_of_all_kinds():
    """Their weights come from a seed, so that a report can be repeated."""
    examples = drawn_from(nn_testing.models(), 200)
    assert {len(model.layers) for model in examples} == {1, 2, 3}
    assert {model.layers[-1].neurons[0].activation for model in examples} == set(ACTIVATIONS)
    assert max(len(model.parameters()) for model in examples) <= 3 * (4 * 3)


def test_hypothesis_knows_values_by_itself():
    """Through the entry point of the installed package: nobody has to import `autograd.testing`."""
    code = """
from hypothesis import given, strategies as st
from autograd import Value
@given(st.from_type(Value))
def test(x):
    assert type(x) is Value
test()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
