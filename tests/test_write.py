"""Property tests written for a user's function: they pass for a right gradient, fail for a wrong one, and read well."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from autograd.testing import write
from autograd.testing.__main__ import main
from autograd.testing.write import TargetError, property_test

ROOT = Path(__file__).resolve().parent.parent
PREAMBLE = """
from __future__ import annotations
from collections.abc import Sequence
from typing import Optional
from autograd import math, Value
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a function that makes a module of the user's, and returns its name."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def module(text):
        name = f"user_{tmp_path.name}_{len(made)}"
        (tmp_path / f"{name}.py").write_text(PREAMBLE + textwrap.dedent(text))
        made.append(name)
        return name

    yield module
    for name in made:
        sys.modules.pop(name, None)


def run(text):
    """Run a written test in this process, and let what it raises out."""
    names = {}
    exec(compile(text, "written", "exec"), names)
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    test()


FUNCTIONS = {
    "annotated": ("def f(x: float, y: float) -> float: return x * y", ["x=st.floats(-10.0, 10.0)", "check_grad(f, x, y)"]),
    "guessed": ("def f(x, y): return x * y", ["@given(x=st.floats(-10.0, 10.0), y=st.floats(-10.0, 10.0))"]),
    "values": ("def f(x: Value, y: Optional[float]): return x + y", ["x=st.floats(-10.0, 10.0), y=st.floats("]),
    "positive": ("def f(p, q): return p * math.log(p / q)", ["p=st.floats(0.1, 10.0), q=st.floats(0.1, 10.0)", "at 100%"]),
    "inside": ("def f(x): return math.atanh(x)", ["x=st.floats(-0.9, 0.9)"]),
    "beyond one": ("def f(x): return math.acosh(x)", ["x=st.floats(1.1, 10.0)"]),
    "a pole": ("def f(x): return 1 / x", ["st.floats(-10.0, 10.0)", "reject()", "(ValueError, ArithmeticError)"]),
    "half a plane": ("def f(x, y): return math.sqrt(x - y)", ["x=st.floats(1.1, 10.0), y=st.floats(-0.9, 0.9)", "at 100%"]),
    "an int": ("def f(x: float, n: int): return x**n", ["n=st.integers(1, 5)", "check_grad(lambda x: f(x, n), x)", "by n"]),
    "an int by default": ("def f(x, n=2, up=True): return x**n if up else x", ["n=st.integers(1, 5)", "up=st.booleans()"]),
    "a list": ("def f(x: list[float]): return sum(a * a for a in x)", ["st.lists(st.floats(-10.0, 10.0), min_size=1, max_size=5)"]),
    "a guessed list": ("def f(p):\n  a, b, c = p\n  return a * b + c", ["min_size=3, max_size=3"]),
    "equal lists": ("def f(a, b: Sequence[float]): return sum(x * y for x, y in zip(a, b, strict=True))", ["min_size=2, max_size=2"]),
    "a list of pairs": ("def f(x: list[tuple[float, float]]): return sum(a * b for a, b in x)", ["st.lists(st.tuples(st.floats("]),
    "a matrix": ("def f(x: list[list[float]]): return sum(map(sum, x))", ["st.lists(st.lists(st.floats("]),
    "a default": ("def f(x, w={'a': 1.0, 'b': [2.0]}): return x * w['a'] * w['b'][0]", ['"a": st.floats(', "st.tuples(st.floats(-10.0, 10.0)).map(list)"]),
    "any number": ("def f(*xs, scale: float = 2.0): return scale * sum(xs)", ["check_grad(lambda scale, *xs: f(*xs, scale=scale), scale, *xs)"]),
    "options": ("def f(x, name='a', y=1.0, key=None, **rest): return x * y", ["f(x, y=y)", "def test_gradient_of_f(x, y)"]),
    "a name of ours": ("def given(x, given_): return x * given_", ["import given as given__", "check_grad(given__, x, given_)"]),
    "an import for type checkers": ("def f(x: Missing, n: int): return x * n", ["x=st.floats(-10.0, 10.0)"]),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_written_tests_pass(module, source, expected):
    """What is written says what was found, and passes for a function that is right."""
    name = "given" if "def given" in source else "f"
    text = property_test(f"{module(source)}:{name}")
    for part in expected:
        assert part in " ".join(text.split())
    run(text)


def test_written_tests_fail_where_the_gradient_is_wrong(module):
    """A function that is another one on Values than on floats is found out."""
    text = property_test(f"{module('def f(x): return x * x if isinstance(x, float) else x * x.data')}:f")
    with pytest.raises(AssertionError, match="check_grad of f"):
        run(text)


def test_written_tests_are_clean(module, tmp_path):
    """What is written passes ruff, and no line but one of a long strategy is longer than 88 characters."""
    paths = []
    for i, (source, _) in enumerate(FUNCTIONS.values()):
        name = "given" if "def given" in source else "f"
        paths.append(tmp_path / f"test_{i}.py")
        paths[-1].write_text(property_test(f"{module(source)}:{name}"))
        for line in paths[-1].read_text().splitlines():
            assert len(line) <= 88 or "st." in line
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E4,E7,E9,F,W,D1,UP,B"]
    done = subprocess.run([*ruff, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_command_line(module, tmp_path):
    """The file that the command writes is one that pytest runs."""
    name = module("def f(x): return math.log(x)")
    environment = {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "autograd.testing", "write", f"{name}:f"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment)
    assert done.stderr == ""
    (tmp_path / "test_f.py").write_text(done.stdout)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_f.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert "1 passed" in done.stdout, done.stdout


BAD = {
    "os": "expected MODULE:FUNCTION, such as mymodel.losses:huber, got 'os'",
    "os:": "expected MODULE:FUNCTION",
    "os.:path": "expected MODULE:FUNCTION",
    ".os:path": "expected MODULE:FUNCTION",
    "os:f()": "expected MODULE:FUNCTION",
    "a b:c": "expected MODULE:FUNCTION",
    "math:class": "expected MODULE:FUNCTION",
    "\x1b[31mred:f": r"got '\x1b[31mred:f'",
    "no_such_module:f": "expected a module that can be imported from here, got 'no_such_module'",
    "no_such_package.module:f": "expected a module that can be imported from here",
    "USER:missing": "expected a function in 'USER', got 'missing'",
    "USER:hubber": "got 'hubber'; did you mean 'huber'?",
    "USER:number": "expected a function in 'USER', got 'number'",
    "USER:pair": "expected a function that returns one number when it is called with numbers, got a tuple",
    "USER:text": "got AttributeError: \"'float' object has no attribute 'upper'\"",
    "USER:escapes": "got KeyError: "+ascii(repr(chr(27) + "[31m")),
    "USER:never": "got ValueError, ArithmeticError or no finite number at each of 100 points",
    "USER:nothing": "expected a function of one real number or more, got none; annotate them as float",
    "USER:whole": "expected a function of one real number or more, got none; annotate them as float",
    "BROKEN:f": "importing 'BROKEN' failed: ZeroDivisionError: 'division by zero'",
    "LACKING:f": "failed: ModuleNotFoundError: \"No module named 'no_such_module'\"",
}  # fmt: skip
USER = """
def huber(x): return x
number = 3
def pair(x): return x, x
def text(x): return x.upper()
def escapes(x): raise KeyError(chr(27) + '[31m')
def never(x): return math.log(-1 - x * x)
def nothing(): return 1.0
def whole(n: int): return n
"""


@pytest.mark.parametrize(("target", "message"), BAD.items())
def test_bad_targets(module, capsys, target, message):
    """Every error is one line that says what was expected, and no control character gets through."""
    names = {"USER": USER, "BROKEN": "1 / 0", "LACKING": "import no_such_module"}
    for each, source in names.items():
        if target.startswith(each):
            name = module(source)
            target, message = target.replace(each, name), message.replace(each, name)
    assert main(["write", target]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert err[:-1].isprintable()


def test_it_is_a_library_too(module):
    """From Python the error is an exception."""
    with pytest.raises(TargetError, match="did you mean 'huber'"):
        property_test(f"{module(USER)}:hubert")


def test_usage(capsys):
    """Without a command it says what there is."""
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_ranges_are_tried_from_the_widest_on():
    """The first range holds all others, so that narrowing is what its name says."""
    (low, high), *others = write.SPANS
    assert all(low <= each[0] < each[1] <= high for each in others)
