"""The engines: for each an adapter, written as its own users would write a fast gradient of scalar eager code.

Peers are imported when their adapter is asked for: each lives in an environment of its own.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias

Run: TypeAlias = Callable[[Sequence[Any], Any], Any]


class Adapter(NamedTuple):
    """How an engine differentiates a program.

    Attributes
    ----------
    gradient : callable
        Takes a program's `run` and its inputs; returns the value and the list of derivatives, as floats.
    record : callable
        Takes the same; returns the sweep of the recorded graph, a callable that keeps the graph alive.
    """

    gradient: Callable[[Run, Sequence[float]], tuple[float, list[float]]]
    record: Callable[[Run, Sequence[float]], Callable[[], object]]


def ours(twin: str) -> Adapter:
    """Return the adapter of one of our twins."""
    from autograd import gradient as derivatives

    engine = importlib.import_module(twin)
    # `autograd.math` is that of the C twin here; the other has most of the functions itself.
    functions = importlib.import_module("autograd.math") if twin == "autograd._engine" else engine
    variable = engine.Value

    def gradient(run: Run, inputs: Sequence[float]) -> tuple[float, list[float]]:
        leaves = list(map(variable, inputs))
        out = run(leaves, functions)
        return out.data, derivatives(out, leaves)

    def record(run: Run, inputs: Sequence[float]) -> Callable[[], object]:
        return run([variable(x) for x in inputs], functions).backward

    return Adapter(gradient, record)


def xad() -> Adapter:
    """Return the adapter of xad, whose users keep one tape for all gradients."""
    from xad import math as functions
    from xad.adj_1st import Real, Tape

    kept = Tape()

    def on(tape: Tape, run: Run, inputs: Sequence[float]) -> tuple[Real, list[Real]]:
        leaves = [Real(x) for x in inputs]
        tape.registerInputs(leaves)
        tape.newRecording()
        out = run(leaves, functions)
        tape.registerOutput(out)
        out.derivative = 1.0
        return out, leaves

    def gradient(run: Run, inputs: Sequence[float]) -> tuple[float, list[float]]:
        with kept:
            kept.clearAll()
            out, leaves = on(kept, run, inputs)
            kept.computeAdjoints()
            return out.value, [leaf.derivative for leaf in leaves]

    def record(run: Run, inputs: Sequence[float]) -> Callable[[], object]:
        with Tape() as tape:
            on(tape, run, inputs)
        return tape.computeAdjoints

    return Adapter(gradient, record)


def micrograd() -> Adapter:
    """Return the adapter of micrograd, with the functions and the comparison it lacks added in its own manner."""
    from micrograd.engine import Value

    def function(name: str, plain: Callable[[float], float], slope: Callable[[float, float], float]) -> Any:
        def apply(x: Value) -> Value:
            out = Value(plain(x.data), (x,), name)

            def _backward() -> None:
                x.grad += slope(x.data, out.data) * out.grad

            out._backward = _backward
            return out

        return apply

    functions = SimpleNamespace(
        exp=function("exp", math.exp, lambda _, out: out),
        log=function("log", math.log, lambda x, _: 1 / x),
        sqrt=function("sqrt", math.sqrt, lambda _, out: 0.5 / out),
        tanh=function("tanh", math.tanh, lambda _, out: 1 - out * out),
        erf=function("erf", math.erf, lambda x, _: 2 / math.sqrt(math.pi) * math.exp(-x * x)),
    )
    Value.__gt__ = lambda self, other: self.data > other.data

    def gradient(run: Run, inputs: Sequence[float]) -> tuple[float, list[float]]:
        leaves = [Value(x) for x in inputs]
        out = run(leaves, functions)
        out.backward()
        return out.data, [leaf.grad for leaf in leaves]

    def record(run: Run, inputs: Sequence[float]) -> Callable[[], object]:
        return run([Value(x) for x in inputs], functions).backward

    return Adapter(gradient, record)


def torch() -> Adapter:
    """Return the adapter of PyTorch, on tensors of no dimension."""
    import torch as functions

    functions.set_num_threads(1)
    variable = partial(functions.tensor, dtype=functions.float64, requires_grad=True)

    def gradient(run: Run, inputs: Sequence[float]) -> tuple[float, list[float]]:
        leaves = [variable(x) for x in inputs]
        out = run(leaves, functions)
        out.backward()
        return out.item(), [leaf.grad.item() for leaf in leaves]

    def record(run: Run, inputs: Sequence[float]) -> Callable[[], object]:
        return run([variable(x) for x in inputs], functions).backward

    return Adapter(gradient, record)


def hips() -> Adapter:
    """Return the adapter of HIPS autograd, which is faster on an array of inputs than on a list."""
    import numpy as np
    from autograd.scipy.special import erf

    from autograd import make_vjp, value_and_grad
    from autograd import numpy as anp

    functions = SimpleNamespace(exp=anp.exp, log=anp.log, sqrt=anp.sqrt, tanh=anp.tanh, erf=erf)

    def gradient(run: Run, inputs: Sequence[float]) -> tuple[float, list[float]]:
        value, found = value_and_grad(lambda xs: run(xs, functions))(np.array(inputs))
        return float(value), found.tolist()

    def record(run: Run, inputs: Sequence[float]) -> Callable[[], object]:
        vjp, _ = make_vjp(lambda xs: run(xs, functions))(np.array(inputs))
        return partial(vjp, 1.0)

    return Adapter(gradient, record)


def mygrad() -> Adapter:
    """Return the adapter of mygrad, on tensors of no dimension."""
    import mygrad as functions

    def gradient(run: Run, inputs: Sequence[float]) -> tuple[float, list[float]]:
        leaves = [functions.tensor(x) for x in inputs]
        out = run(leaves, functions)
        out.backward()
        return out.item(), [leaf.grad.item() for leaf in leaves]

    def record(run: Run, inputs: Sequence[float]) -> Callable[[], object]:
        return run([functions.tensor(x) for x in inputs], functions).backward

    return Adapter(gradient, record)


def casadi() -> Adapter:
    """Return the adapter of CasADi: the expression is built of SX symbols, differentiated, and evaluated once."""
    import casadi as functions

    def record(run: Run, inputs: Sequence[float]) -> Callable[[], Any]:
        symbols = [functions.SX.sym("x") for _ in inputs]
        out = run(symbols, functions)

        def sweep() -> Any:
            x = functions.vertcat(*symbols)
            return functions.Function("f", [x], [out, functions.gradient(out, x)])(inputs)

        return sweep

    def gradient(run: Run, inputs: Sequence[float]) -> tuple[float, list[float]]:
        value, found = record(run, inputs)()
        return float(value), found.full().ravel().tolist()

    return Adapter(gradient, record)


def jax() -> Adapter:
    """Return the adapter of JAX, eager as the others are: nothing is compiled ahead."""
    import jax as module
    from jax import numpy as jnp

    module.config.update("jax_enable_x64", True)
    functions = SimpleNamespace(exp=jnp.exp, log=jnp.log, sqrt=jnp.sqrt, tanh=jnp.tanh, erf=module.scipy.special.erf)

    def gradient(run: Run, inputs: Sequence[float]) -> tuple[float, list[float]]:
        value, found = module.value_and_grad(lambda xs: run(xs, functions))(list(inputs))
        return float(value), [float(x) for x in found]

    def record(run: Run, inputs: Sequence[float]) -> Callable[[], object]:
        out, vjp = module.vjp(lambda xs: run(xs, functions), list(inputs))
        return partial(vjp, jnp.ones_like(out))

    return Adapter(gradient, record)


@dataclass(frozen=True)
class Engine:
    """An engine and where to find it.

    Attributes
    ----------
    key : str
        A short name without spaces.
    name : str
        What tables call it.
    adapter : callable
        Imports the engine and returns its adapter.
    imports : str
        The module whose import is timed.
    packages : tuple of str
        What pip installs into its environment; none for ours, which runs in the interpreter that asks.
    """

    key: str
    name: str
    adapter: Callable[[], Adapter]
    imports: str
    packages: tuple[str, ...] = ()


ENGINES = {
    engine.key: engine
    for engine in [
        Engine("c", "chainrule, C", partial(ours, "autograd._engine"), "autograd"),
        Engine("python", "chainrule, Python", partial(ours, "autograd.engine"), "autograd"),
        Engine("xad", "xad", xad, "xad.adj_1st", ("xad==1.5.2",)),
        Engine("micrograd", "micrograd", micrograd, "micrograd.engine", ("micrograd==0.1.0",)),
        Engine("torch", "PyTorch", torch, "torch", ("torch==2.13.0", "numpy==2.4.6")),
        Engine("hips", "HIPS autograd", hips, "autograd.numpy", ("autograd==1.9.1", "numpy==2.4.6", "scipy==1.17.1")),
        Engine("mygrad", "mygrad", mygrad, "mygrad", ("mygrad==2.5.0", "numpy==2.4.6")),
        Engine("casadi", "CasADi SX", casadi, "casadi", ("casadi==3.8.2", "numpy==2.4.6")),
        Engine("jax", "JAX", jax, "jax", ("jax==0.10.2", "jaxlib==0.10.2", "numpy==2.4.6", "scipy==1.17.1")),
    ]
}
OURS = [engine for engine in ENGINES.values() if not engine.packages]
PEERS = [engine for engine in ENGINES.values() if engine.packages]
