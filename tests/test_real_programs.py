"""Whole programs run on Values once `import math` is swapped, and each of their derivatives is proved.

The programs are those of real_programs.py. Each has a proof here: its Jacobian by another road than the chain
rule over its own steps (a formula of the trade, the implicit function theorem, linear algebra), in 50 digits.
Computed and proved must differ by no more than rounding can explain, which the graph itself tells.
"""

import functools
import importlib
import json
import operator
import os
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import mpmath
import pytest
from mpmath import mp, mpf
from programs import bits

import autograd
from autograd import _backend
from autograd._formula import evaluate, parse
from autograd.primitives import PRIMITIVES

HERE = Path(__file__).parent
SOURCE = (HERE / "real_programs.py").read_text(encoding="utf-8")
SWAPPED = SOURCE.replace("\nimport math\n", "\nimport autograd.math as math\n")

#: Name of a program -> its arguments, of which all floats are differentiated, and its proof.
PROOFS = {}


def proof(*arguments):
    """Register a proof under the name of its program, with the arguments to run both with."""

    def register(jacobian):
        PROOFS[jacobian.__name__] = arguments, jacobian
        return jacobian

    return register


# ---- running -----------------------------------------------------------------------------------------


def load(source, **names):
    """Return the module that a source text makes, with some names defined beforehand."""
    module = ModuleType("real_programs")
    vars(module).update(names)
    exec(compile(source, "real_programs.py", "exec"), vars(module))
    return module


def lift(argument, make):
    """Return an argument with `make` applied to all floats in it."""
    if isinstance(argument, (list, tuple)):
        return type(argument)(lift(part, make) for part in argument)
    return make(argument) if isinstance(argument, float) else argument


def outputs(module, name, arguments):
    """Run a program and return its results as a list."""
    result = getattr(module, name)(*arguments)
    return list(result) if isinstance(result, (list, tuple)) else [result]


def on_values(name):
    """Run a program with the import swapped; return its results and the leaves they were computed from."""
    leaves = []

    def leaf(number):
        leaves.append(autograd.Value(number))
        return leaves[-1]

    results = outputs(load(SWAPPED), name, lift(PROOFS[name][0], leaf))
    return [x if isinstance(x, autograd.Value) else autograd.Value(x) for x in results], leaves


def gradient(root, leaves):
    """Return the adjoint of each leaf."""
    for leaf in leaves:
        leaf.zero_grad()
    root.backward()
    return [leaf.grad for leaf in leaves]


def run_all():
    """Return the values and the Jacobian of each program, computed by the default twin."""
    found = {}
    for name in PROOFS:
        roots, leaves = on_values(name)
        found[name] = [root.data for root in roots], [gradient(root, leaves) for root in roots]
    return found


@functools.cache
def computed(engine):
    """Return what `run_all` finds on a twin, in a process of its own unless it is the default twin."""
    if engine.Value is autograd.Value:
        return run_all()
    code = "import json, test_real_programs; print(json.dumps(test_real_programs.run_all()))"
    path = os.pathsep.join([str(HERE), str(HERE.parent)])
    environment = {"PYTHONPATH": path, "AUTOGRAD_PURE_PYTHON": str(int(engine.__name__ == "autograd.engine"))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | environment
    )
    assert done.returncode == 0, done.stderr
    return {name: tuple(found) for name, found in json.loads(done.stdout).items()}


# ---- how far rounding can go -------------------------------------------------------------------------


def rounding_bound(root):
    """Return how far rounding can have moved the number of a node, to first order.

    Each node adds its adjoint times its own error: that of its primitive (see the column `ulps` of the table) and
    that of the plain numbers among its operands, which the program may have rounded before.
    """
    root.backward()
    bound = mpf(0)
    for node in _backend.ancestors(root):
        if node.op:
            plain = [abs(x) for x in node.operands if type(x) is not autograd.Value]
            moved = sum(plain) if node.op in {"add", "sub"} else len(plain) * abs(node.data)
            error = PRIMITIVES[node.op].ulps[0] * ulp(node.data) + ulp(moved)
            bound += abs(mpf(node.grad)) * error
    return bound
