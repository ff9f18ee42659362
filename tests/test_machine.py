"""The life cycle of both twins as a state machine; and that the machine finds engines which are wrong."""

import inspect
import sys
import types

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import autograd
from autograd import _structures
from autograd import engine as python_twin
from autograd.testing.machine import EngineMachine


def run(module, **options):
    """Run the machine of an engine."""
    machine = type("Machine", (EngineMachine,), {"engine": module})
    run_state_machine_as_test(machine, settings=settings(stateful_step_count=40, **options))


def test_the_life_cycle(engine):
    """Whatever is done, in whatever order, every node is as the model says."""
    run(engine, max_examples=60)


def test_the_engine_in_use_is_tested_by_default():
    """`EngineMachine.TestCase` needs no subclass of the machine."""
    assert EngineMachine.engine.Value is autograd.Value
    assert EngineMachine.TestCase().runTest


# ---- engines that are wrong ----------------------------------------------------------------------------

PUBLISH = 'deque(map(setattr, adjoint, itertools.repeat("_grad"), found), maxlen=0)'
ACCUMULATE = "[a if node._op else node._grad + a for"
COPY = "return restore(self._data, self._grad, self._name, op, self._operands"

#: By what is wrong: a piece of `engine.py`, and what stands there instead.
MUTANTS = {
    "computed nodes accumulate": (ACCUMULATE, "[node._grad + a for"),
    "leaves do not accumulate": (ACCUMULATE, "[a for"),
    "a sweep publishes one grad after the other": (PUBLISH, "for node, a in zip(adjoint, found):\n        node._grad = a"),
    "oldest first": ("for node in reversed(order):", "for node in order:"),
    "the seed is ignored": ("backward({self: seed})", "backward({self: 1.0})"),
    "adjoints() publishes": ('wanted = _values(nodes, "gradient")', 'wanted = _values(nodes, "gradient")\n    backward(seeds)'),
    "a copy has no grad": (COPY, "return restore(self._data, 0.0, self._name, op, self._operands"),
    "a copy is the node itself": (COPY, "return self or restore(self._data, self._grad, self._name, op, self._operands"),
    "deepcopy is shallow": ("copied: Value = _copying.deepcopy(self, memo)", "copied: Value = self.__copy__()"),
    "results can be assigned": ('if self._op:\n            raise errors.not_a_leaf("data"', 'if self._op == "constant":\n            raise errors.not_a_leaf("data"'),
    "graphs never die": ("    node._serial = next(_clock)\n", "    node._serial = next(_clock)\n    globals()[node._serial] = node\n"),
    "an error after the old grads are gone": ("    adjoint = _sweep_backward(seeds)\n    found", "    for node in seeds:\n        node._grad = 0.0\n    adjoint = _sweep_backward(seeds)\n    found"),
    "partials of leaves as they are now": ("adjoint[node] * partial\n", "adjoint[node] * (parent._data if node._operands == (parent, parent) else partial)\n"),
    "zero_grad goes too far": ("        self._grad = 0.0\n", "        for node in ancestors(self):\n            node._grad = 0.0\n"),
    "a constant is a leaf": ('self._name, "constant", (), (), ())', 'self._name, "", (), (), ())'),
    "no_grad is not looked at": ("return not (_modes.entered and _modes.in_force() & _modes.PLAIN) and any(", "return any("),
}  # fmt: skip


def mutant(monkeypatch, old, new):
    """Return the Python twin with another piece of source in one place."""
    source = inspect.getsource(python_twin)
    assert source.count(old) == 1
    module = types.ModuleType("autograd.engine")
    monkeypatch.setitem(sys.modules, "autograd.engine", module)  # where pickles and copies find it
    exec(compile(source.replace(old, new), "<mutant>", "exec"), vars(module))
    monkeypatch.setitem(_structures.twins, module.Value, module)
    return module


@pytest.mark.parametrize("what", MUTANTS)
def test_engines_that_are_wrong_are_found(monkeypatch, what):
    """Each of them breaks one rule of the life cycle."""
    module = mutant(monkeypatch, *MUTANTS[what])
    with pytest.raises(AssertionError, match="expected"):
        run(module, max_examples=1000, phases=[Phase.generate], report_multiple_bugs=False)


def test_a_copy_of_the_engine_that_is_right_passes(monkeypatch):
    """What is found in the mutants is not that they are copies."""
    run(mutant(monkeypatch, "Make a node, and with", "Make a node and with"), max_examples=20)
