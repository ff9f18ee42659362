"""Wrong engines: what the toolkit has to find, each a fresh copy of the reference twin with one thing wrong.

A mutant is data: a row of the table with other formulas, or lines of `autograd/engine.py`, or of the
recorded sweep, that are replaced. Each is a bug that some engine had, or could have. Nothing of a mutant gets
into the real engines: it has a module, a type of Values and kernels of its own, for as long as its block lasts.
"""

import contextlib
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from autograd import _bindings, _recorded, _structures, engine
from autograd._kernels import KERNELS, Kernel
from autograd.primitives import PRIMITIVES, Domain

FLOAT32 = "(536870913 * ({0}) - (536870913 * ({0}) - ({0})))"  # rounds to 24 bits, by Dekker's splitting


@dataclass(frozen=True)
class Mutant:
    """A wrong engine.

    Attributes
    ----------
    group, name : str
        The kind of bug, and what the mutant is called.
    wrong : str
        What is wrong, in one line.
    row : str
        The primitive whose row is changed; empty where lines are.
    columns : mapping
        The columns of the row, with their new contents.
    lines : tuple of (str, str)
        Lines that occur once in the source, and what stands there instead.
    recorded : bool
        Whether it is the recorded sweep that is changed, not the engine.
    """

    group: str
    name: str
    wrong: str
    row: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[tuple[str, str], ...] = ()
    recorded: bool = False

    def __str__(self) -> str:
        return self.name

    @contextlib.contextmanager
    def engine(self) -> Iterator[ModuleType]:
        """Make the engine, for as long as a block lasts."""
        kernels = dict(KERNELS)
        if self.row:
            kernels[self.row] = Kernel(PRIMITIVES[self.row]._replace(**self.columns))
        changes = self.lines
        with contextlib.ExitStack() as stack:
            if self.recorded:
                wrong = _copied(_recorded, f"recorded_{self.name}", changes)
                wrong.KERNELS = kernels
                for sweep in ("adjoints", "tangents"):
                    stack.enter_context(mock.patch.object(_recorded, sweep, getattr(wrong, sweep)))
                kernels, changes = KERNELS, ()
            yield stack.enter_context(_installed(self.name, changes, kernels))


@contextlib.contextmanager
def _installed(name: str, lines: tuple[tuple[str, str], ...], kernels: Mapping[str, Kernel]) -> Iterator[ModuleType]:
    """Yield a copy of the reference twin that the rest of the package takes for an engine."""
    bind = types.FunctionType(_bindings.bind.__code__, {**vars(_bindings), "KERNELS": kernels})
    binding = ("from autograd._bindings import bind\n", "")
    made = _copied(engine, f"mutant_{name}", (binding, *lines), bind=bind, KERNELS=kernels)
    sys.modules[made.__name__] = _structures.twins[made.Value] = made
    try:
        yield made
    finally:
        del sys.modules[made.__name__], _structures.twins[made.Value]


def _copied(module: ModuleType, name: str, lines: tuple[tuple[str, str], ...], **names: Any) -> ModuleType:
    """Return a copy of a module, run from its source with some lines replaced."""
    source = Path(module.__file__).read_text(encoding="utf-8")
    for old, new in lines:
        assert source.count(old) == 1, f"{name}: expected this once in {module.__name__}: {old}"
        source = source.replace(old, new)
    made = ModuleType(name.replace(" ", "_"))
    vars(made).update(names)
    exec(compile(source, module.__file__, "exec"), vars(made))
    return made


def _table(group: str, *mutants: tuple[str, str, str, dict[str, Any]]) -> list[Mutant]:
    return [Mutant(group, name, wrong, row, columns) for name, row, wrong, columns in mutants]


def _partials(*partials: str) -> dict[str, Any]:
    return {"partials": partials}


FORMULAS = _table(
    "wrong formula of a partial",
    ("sin_sign", "sin", "sin' = -cos", _partials("-cos(x)")),
    ("cos_sign", "cos", "cos' = sin", _partials("sin(x)")),
    ("sub_sign", "sub", "d(x - y)/dy = 1", _partials("1", "1")),
    ("truediv_sign", "truediv", "d(x / y)/dy = x / y**2", _partials("1 / y", "out / y")),
    ("erfc_sign", "erfc", "erfc' = erf'", _partials("1.1283791670955126 * exp_of_minus_square(x)")),
    ("exp2_factor", "exp2", "exp2' without log(2)", _partials("out")),
    ("log10_factor", "log10", "log10' without 1 / log(10)", _partials("1 / x")),
    ("sqrt_factor", "sqrt", "sqrt' = 1 / sqrt", _partials("1 / (out + 0)")),
    ("erf_factor", "erf", "erf' without 2 / sqrt(pi)", _partials("exp_of_minus_square(x)")),
    ("degrees_inverse", "degrees", "degrees' = pi / 180", _partials("0.017453292519943295")),
    ("sum_half", "sum", "the slope of a sum is 1/2", _partials("0.5")),
    ("mul_operand", "mul", "d(x * y)/dx = x", _partials("x", "x")),
    ("fma_swapped", "fma", "the partials of x * y + z by x and y are swapped", _partials("x", "y", "1")),
    ("dot_swapped", "dot", "the partials of a product are swapped", _partials("x", "y")),
    ("atan2_swapped", "atan2", "the partials of atan2 are swapped", _partials(*PRIMITIVES["atan2"].partials[::-1])),
    ("sub_swapped", "sub", "y - x in the place of x - y, with the partials of y - x",
     {"value": "y - x", "partials": ("-1", "1")}),
    ("pow_exponent", "pow", "d(x**y)/dx = y x**y", _partials("y * x ** y", PRIMITIVES["pow"].partials[1])),
    ("pow_log", "pow", "d(x**y)/dy without log(x)", _partials(PRIMITIVES["pow"].partials[0], "out")),
    ("tan_term", "tan", "tan' = tan**2, without 1", _partials("out * out")),
    ("lgamma_term", "lgamma", "lgamma' = log(x), the first term of digamma", _partials("log(x)")),
    ("mod_term", "mod", "d(x % y)/dy = 0", _partials("1", "0")),
    ("atan_square", "atan", "atan' = 1 / (1 + abs(x))", _partials("1 / (1 + abs(x))")),
    ("gamma_factor", "gamma", "gamma' = digamma", _partials("digamma(x)")),
    ("polygamma_order", "polygamma", "the derivative of polygamma(n, x) is itself", _partials("nan", "out")),
    ("hypot_sign", "hypot", "hypot' without the sign of the operand", _partials("abs(x) / out")),
    ("logsumexp_mass", "logsumexp", "softmax without its denominator", _partials("exp(d)")),
    ("sigmoid_offset", "sigmoid", "sigmoid' + 1e-8", _partials("e / ((1 + e) * (1 + e)) + 1e-8")),
    ("fsum_offset", "fsum", "the slope of a sum is 1 + 1e-8", _partials("1.00000001")),
)  # fmt: skip

CANCELLING = _table(
    "right on paper, wrong in floats",
    ("tanh_from_out", "tanh", "tanh' = 1 - tanh**2", _partials("1 - out * out")),
    ("sigmoid_from_out", "sigmoid", "sigmoid' = y (1 - y)", _partials("out * (1 - out)")),
    ("expm1_from_out", "expm1", "expm1' = y + 1", _partials("out + 1")),
    ("asinh_squared", "asinh", "asinh' = 1 / sqrt(x**2 + 1), where x**2 overflows", _partials("1 / sqrt(1 + x * x)")),
    ("acosh_squared", "acosh", "acosh' = 1 / sqrt(x**2 - 1)", _partials("1 / sqrt(x * x - 1)")),
    ("atanh_squared", "atanh", "atanh' = 1 / (1 - x**2)", _partials("1 / (1 - x * x)")),
    ("asin_squared", "asin", "asin' = 1 / sqrt(1 - x**2)", _partials("1 / sqrt(1 - x * x)")),
    ("atan2_squared", "atan2", "atan2' through x**2 + y**2", _partials("x / (x * x + y * y)", "-y / (x * x + y * y)")),
    ("truediv_squared", "truediv", "d(x / y)/dy = -x / y**2, where y**2 overflows", _partials("1 / y", "-x / (y * y)")),
    ("truediv_reuse", "truediv", "d(x / y)/dy = -out / y, where out is subnormal", _partials("1 / y", "-out / y")),
    ("pow_reuse", "pow", "d(x**y)/dx = y out / x", _partials("y * out / x", PRIMITIVES["pow"].partials[1])),
    ("cbrt_reuse", "cbrt", "cbrt' inherits the error of cbrt", _partials("1 / (3 * out * out)")),
    ("erf_square", "erf", "erf' with the rounding of x**2", _partials("1.1283791670955126 * exp(-(x * x))")),
    ("hypot_squared", "hypot", "hypot = sqrt(sum of squares)",
     {"value": "sqrt(squares)", "let": {"squares": "sum(x * x)"}, "partials": ("where(out == 0, 0, x / out)",)}),
    ("softplus_naive", "softplus", "softplus = log(1 + exp(x))", {"value": "log(1 + exp(x))"}),
    ("sigmoid_naive", "sigmoid", "sigmoid = 1 / (1 + exp(-x)), which overflows", {"value": "1 / (1 + exp(-x))"}),
    ("log1p_naive", "log1p", "log1p = log(1 + x)", {"value": "log(1 + x)"}),
    ("expm1_naive", "expm1", "expm1 = exp(x) - 1", {"value": "exp(x) - 1"}),
    ("erfc_naive", "erfc", "erfc = 1 - erf", {"value": "1 - erf(x)"}),
    ("sinh_naive", "sinh", "sinh = (exp(x) - exp(-x)) / 2", {"value": "(exp(x) - exp(-x)) / 2"}),
    ("logsumexp_unshifted", "logsumexp", "logsumexp = log(sum(exp(x)))",
     {"value": "log(mass)", "let": {"mass": "sum(exp(x))"}, "partials": ("exp(x) / mass",)}),
)  # fmt: skip

HACKS = _table(
    "epsilons, clipped tails, single precision",
    ("log_epsilon", "log", "log' = 1 / (x + 1e-12)", _partials("1 / (x + 1e-12)")),
    ("truediv_epsilon", "truediv", "d(x / y)/dx = 1 / (y + 1e-12)",
     _partials("1 / (y + 1e-12)", PRIMITIVES["truediv"].partials[1])),
    ("sqrt_epsilon", "sqrt", "sqrt' = 1 / (2 sqrt + 1e-8)", _partials("0.5 / (out + 1e-8)")),
    ("sqrt_clamped", "sqrt", "sqrt' is at most 5,000", _partials("0.5 / where(out < 1e-4, 1e-4, out)")),
    ("hypot_epsilon", "hypot", "hypot' = x / (hypot + 1e-12)", _partials("x / (out + 1e-12)")),
    ("abs_smoothed", "abs", "abs' = x / sqrt(x**2 + 1e-12)", _partials("x / sqrt(x * x + 1e-12)")),
    ("sigmoid_clipped", "sigmoid", "sigmoid of a number clipped to -30 and 30",
     {"let": {"e": "exp(-where(abs(x) < 30, where(x < 0, -x, x), 30))"}}),
    ("softplus_threshold", "softplus", "softplus(x) = x beyond 20",
     {"value": "where(x > 20, x, where(x > 0, x, 0) + log1p(e))"}),
    ("softplus_slope", "softplus", "softplus' = 1 beyond 20", _partials("where(x > 20, 1, where(x >= 0, 1, e) / (1 + e))")),
    ("tanh_saturated", "tanh", "tanh' = 0 beyond 20", _partials("where(abs(x) > 20, 0, 4 * e / ((1 + e) * (1 + e)))")),
    ("exp_clipped", "exp", "exp of a number clipped to 700", {"value": "exp(where(x > 700, 700, x))"}),
    ("exp_float32", "exp", "exp' in single precision", _partials(FLOAT32.format("out"))),
    ("mul_float32", "mul", "d(x * y)/dx in single precision", _partials(FLOAT32.format("y"), "x")),
    ("sin_float32", "sin", "sin in single precision", {"value": FLOAT32.format("sin(x)")}),
    ("log2_float32", "log2", "log2' with 1 / log(2) in single precision", _partials("1.4426950216293335 / x")),
)  # fmt: skip

CONVENTIONS = _table(
    "kinks, edges and domains",
    ("relu_at_zero", "relu", "relu'(0) = 1", {"partials": ("where(x >= 0, 1, nan)",), "flat": ("x < 0",)}),
    ("abs_at_zero", "abs", "abs'(0) = 1", _partials("where(x >= 0, 1, where(x < 0, -1, nan))")),
    ("maximum_both", "maximum", "both operands of a tie have slope 1",
     _partials("where(x >= y, 1, nan)", "where(y >= x, 1, nan)")),
    ("minimum_neither", "minimum", "both operands of a tie have slope 0",
     _partials("where(x < y, 1, where(x == y, 0, nan))", "where(y < x, 1, where(x == y, 0, nan))")),
    ("maximum_constant", "maximum", "a tie with a constant has slope 1/2", {"flat": ("y > x", "x > y")}),
    ("clip_open", "clip", "the slope at a bound of clip is 0",
     {"flat": ("x <= low or x >= high or low >= high", *PRIMITIVES["clip"].flat[1:])}),
    ("hypot_at_zero", "hypot", "hypot'(0, 0) is NaN", _partials("x / out")),
    ("atan2_at_zero", "atan2", "atan2'(0, 0) is 0",
     _partials(*[f"where(x == 0 and y == 0, 0, {partial})" for partial in PRIMITIVES["atan2"].partials])),
    ("pow_at_zero", "pow", "d(x**y)/dy = 0 for x < 0, where it is not known",
     _partials(PRIMITIVES["pow"].partials[0], "where(x <= 0, 0, out * log(x))")),
    ("where_edge", "where", "the branch not taken has an edge of 0.0",
     {"partials": ("0", "where(condition != 0, 1, 0)", "where(condition != 0, 0, 1)"), "flat": ("True", "False", "False")}),
    ("relu_edge", "relu", "below 0 relu has an edge of 0.0",
     {"partials": ("where(x > 0, 1, where(x <= 0, 0, nan))",), "flat": ()}),
    ("mul_edge", "mul", "x * 0.0 has an edge of 0.0", {"flat": ()}),
    ("floordiv_edge", "floordiv", "x // y has an edge of 0.0", {"flat": ("False", "True")}),
    ("mod_edge", "mod", "x % y has no edge to y", {"flat": ("False", "True")}),
    ("pow_edge", "pow", "x ** y has no edge to y", {"flat": (PRIMITIVES["pow"].flat[0], "True")}),
    ("mod_truncated", "mod", "% as C has it: the sign of x", {"value": "fmod(x, y)"}),
    ("fmod_floored", "fmod", "fmod as Python's %: the sign of y", {"value": "x % y"}),
    ("maximum_nan", "maximum", "the maximum of 1 and NaN is 1", {"value": "where(y > x, y, x)"}),
    ("log_exception", "log", "log(0) raises ZeroDivisionError",
     {"domain": (Domain("x > 0", "x > 0", "where(x == 0, -inf, nan)", "ZeroDivisionError"),)}),
    ("sqrt_silent", "sqrt", "sqrt(-1) is NaN where floats raise",
     {"value": "where(x < 0, nan, sqrt(where(x < 0, 0, x)))", "domain": ()}),
    ("truediv_silent", "truediv", "1 / 0 is inf where floats raise",
     {"value": "where(y == 0, copysign(inf, x), x / where(y == 0, 1, y))", "domain": ()}),
)  # fmt: skip


def _lines(group: str, *mutants: tuple[Any, ...]) -> list[Mutant]:
    return [Mutant(group, name, wrong, lines=tuple(changes)) for name, wrong, *changes in mutants]


_ADD = "            adjoint[parent] += adjoint[node] * partial\n"
_LOOP = "    for node in reversed(order):\n"
_PUBLISHED = "found = [a if node._op else node._grad + a for node, a in adjoint.items()]"
_SORTED = 'return sorted(reached, key=operator.attrgetter("_serial"))'
_START = "adjoint = dict.fromkeys(order, 0.0) | roots"
_PRESENT = """\
def _present(node):
    kernel = KERNELS.get(node._op)
    if kernel is None or kernel.row.columns:
        return node._partials
    flags = tuple([_is_variable(x) for x in node._operands])
    found = _partials(kernel, flags)(*_primals(node._operands), node._data)
    return [partial for partial in found if partial is not None]


"""

SWEEPS = _lines(
    "sweeps",
    ("overwritten", "adjoints are overwritten, not added up", (_ADD, _ADD.replace("+=", "="))),
    ("repeated_once", "x * x counts x once",
     ("zip(node._parents, node._partials):  # noqa: B905  (a third faster than strict)",
      "dict(zip(node._parents, node._partials)).items():")),
    ("visited_by_equality", "of two nodes with equal data one is visited",
     ("    reached = set()\n    waiting: list[Any] = list(roots)",
      "    class Equal(list):\n        add = list.append\n    reached = Equal()\n    waiting: list[Any] = list(roots)")),
    ("depth_first", "a node is visited before all that was computed from it",
     ("    reached = set()\n    waiting: list[Any] = list(roots)",
      "    class Found(dict):\n        def add(self, node): self[node] = None\n"
      "    reached = Found()\n    waiting: list[Any] = list(roots)\n    sorted = lambda found, key: list(found)[::-1]")),
    ("twelve_deep", "the sweep ends after 12 nodes", (_LOOP, "    for node in list(reversed(order))[:12]:\n")),
    ("thousand_deep", "the sweep ends after 1,000 nodes", (_LOOP, "    for node in list(reversed(order))[:1000]:\n")),
    ("recursive", "the graph is walked by recursion",
     ("    reached = set()\n    waiting: list[Any] = list(roots)",
      "    reached = set()\n"
      "    def visit(node):\n"
      "        if type(node) is Value and node not in reached and node._serial >= since:\n"
      "            reached.add(node)\n"
      "            for x in sources(node): visit(x)\n"
      "    for root in roots: visit(root)\n"
      "    waiting = []")),
    ("tiny_dropped", "adjoints below 1e-30 count as 0",
     (_ADD, f"            if abs(adjoint[node]) < 1e-30: continue\n{_ADD}")),
    ("clipped", "adjoints are clipped to 1e6",
     (_ADD, "            adjoint[parent] += max(-1e6, min(1e6, adjoint[node] * partial))\n")),
    ("float32_adjoints", "adjoints are stored in single precision",
     (_PUBLISHED, "import ctypes\n    found = [ctypes.c_float(a).value if node._op else node._grad + a"
                  " for node, a in adjoint.items()]")),
    ("zero_times_inf", "0 times an infinite partial counts as 0",
     (_ADD, f"            if adjoint[node] == 0.0: continue\n{_ADD}")),
    ("seed_ignored", "the seed is taken for 1",
     ('real(seed, "seed") for node', 'real(seed, "seed") and 1.0 for node')),
    ("seed_twice", "the seed is applied twice",
     (_START, "adjoint = dict.fromkeys(order, 0.0) | {root: seed * seed for root, seed in roots.items()}")),
    ("root_not_set", "the root's own grad is not set",
     (f"    {_PUBLISHED}", f"    adjoint = {{node: a for node, a in adjoint.items() if node not in seeds}}\n    {_PUBLISHED}")),
    ("first_root_only", "of several roots only the first is swept",
     ('roots = _seeds(seeds, "backward")', 'roots = dict(list(_seeds(seeds, "backward").items())[:1])')),
    ("root_behind_root", "the seed of a root replaces what comes from another root",
     (_LOOP, f"{_LOOP}        adjoint[node] = roots.get(node, adjoint[node])\n")),
    ("leaves_replaced", "grads of leaves do not add up over sweeps",
     (_PUBLISHED, "found = list(adjoint.values())")),
    ("nodes_accumulate", "grads of computed nodes add up over sweeps",
     (_PUBLISHED, "found = [node._grad + a for node, a in adjoint.items()]")),
    ("stale", "adjoints start from those of the last sweep",
     (_START, "adjoint = {node: node._grad if node._op else 0.0 for node in order} | roots")),
    ("partials_of_now", "partials are computed at the sweep, of the data of leaves by then",
     ("def _sweep_backward", f"{_PRESENT}def _sweep_backward"),
     ("zip(node._parents, node._partials):", "zip(node._parents, _present(node)):")),
    ("adjoints_publish", "`adjoints` sets grads",
     ("    return [adjoint.get(node) for node in wanted]\n",
      "    for node, a in adjoint.items(): node._grad = a\n    return [adjoint.get(node) for node in wanted]\n")),
    ("adjoints_zero", "`adjoints` gives 0.0 where no root depends on a node",
     ("[adjoint.get(node) for node in wanted]", "[adjoint.get(node, 0.0) for node in wanted]")),
    ("tangents_one_parent", "`tangents` looks at the first parent alone",
     ("            if parent in tangent:  #", "            if parent is node._parents[0] and parent in tangent:  #")),
    ("tangents_overwritten", "`tangents` overwrites, and does not add up",
     ("tangent.get(node, 0.0) + partial * tangent[parent]", "partial * tangent[parent]")),
    ("tangents_zero", "`tangents` gives 0.0 to what does not move",
     ("[tangent.get(node) for node in wanted]", "[tangent.get(node, 0.0) for node in wanted]")),
)  # fmt: skip

RECORDING = _lines(
    "recording and the life of nodes",
    ("detach_connected", "detach returns the Value itself",
     ('return restore(self._data, 0.0, self._name, "constant", (), (), ())', "return self")),
    ("constants_vary", "constants get edges", ('return type(x) is Value and x._op != "constant"', "return type(x) is Value")),
    ("edges_shifted", "after an operand without an edge, partials go with the wrong operands",
     ("sources, partials = zip(*edges, strict=True) if edges else ((), ())",
      "partials = tuple([partial for _, partial in edges]); sources = sources[: len(partials)]")),
    ("undefined_slope", "log(-1) under ieee is NaN with the slope -1",
     ("if math.isnan(out) and kernel.is_undefined(numbers):  # under `ieee`", "if False:")),
    ("operands_changed", "the result of an operation on a computed node is stored in that, too",
     ("    node._operands, node._parents, node._partials = operands, parents, partials\n",
      "    node._operands, node._parents, node._partials = operands, parents, partials\n"
      "    if op and operands and type(operands[0]) is Value and operands[0]._op:\n"
      "        operands[0]._data = data\n")),
    ("new_nodes_have_grads", "a new node has the grad of its first operand",
     ("    node._line = _modes.caller()", "    node._grad = operands[0]._data if operands and type(operands[0]) is Value"
      " else 0.0\n    node._line = _modes.caller()")),
    ("zero_grad_of_leaves", "zero_grad leaves grads of computed nodes",
     ("        self._grad = 0.0\n\n    # ---- attributes", "        self._grad = self._grad if self._op else 0.0\n\n    # ---- attributes")),
    ("copies_share_leaves", "a deep copy shares its leaves with the original",
     ("copied: Value = _copying.deepcopy(self, memo)",
      'memo.update({id(x): x for x in _reach([self], operator.attrgetter("_operands")) if not x._op})\n'
      "        copied: Value = _copying.deepcopy(self, memo)")),
    ("copies_are_shared", "a deep copy is the node itself",
     ("copied: Value = _copying.deepcopy(self, memo)", "copied: Value = self")),
    ("ancestors_of_edges", "`ancestors` leaves out operands without edges",
     ('return _reach([root], operator.attrgetter("_operands"))', "return _reach([root])")),
)  # fmt: skip

HIGHER = [
    Mutant("the recorded sweep", "recorded_overwritten", "recorded adjoints are overwritten, not added up", recorded=True,
           lines=(("adjoint[parent] = adjoint[parent] + term if parent in adjoint else term", "adjoint[parent] = term"),)),
    Mutant("the recorded sweep", "recorded_numbers", "partials enter the recorded sweep as numbers: second derivatives are lost",
           recorded=True, lines=(("    found = zip(operands, partials, ops, strict=True)\n",
                                  "    partials = [x if x is None else number_of(x) for x in partials]\n"
                                  "    found = zip(operands, partials, ops, strict=True)\n"),)),
    Mutant("the recorded sweep", "recorded_tangents", "recorded tangents are overwritten, not added up", recorded=True,
           lines=(("tangent[node] = tangent[node] + term if node in tangent else term", "tangent[node] = term"),)),
    Mutant("the recorded sweep", "recorded_pow", "the smooth slope of x**y by y without log(x)", "pow",
           {"smooth": (PRIMITIVES["pow"].smooth[0], "where(x <= 0, nan, out)")}, recorded=True),
    Mutant("the recorded sweep", "recorded_erf", "the smooth slope of erf without 2 / sqrt(pi)", "erf",
           {"smooth": ("exp(-(x * x))",)}, recorded=True),
    Mutant("the recorded sweep", "recorded_hypot", "the smooth slope of hypot is its square", "hypot",
           {"smooth": ("where(out == 0, 0, x * x / (out * out))",)}, recorded=True),
]  # fmt: skip

MUTANTS = [*FORMULAS, *CANCELLING, *HACKS, *CONVENTIONS, *SWEEPS, *RECORDING, *HIGHER]

#: The copy of the reference twin that is made as mutants are, with nothing wrong.
UNCHANGED = Mutant("none", "unchanged", "nothing")
