"""Checks of a gradient at a point: the one call for users.

    >>> from autograd import math
    >>> from autograd.testing import check_grad
    >>> print(check_grad(lambda x, y: math.exp(-x * y) / y, 1.5, 0.5))
    check_grad of <lambda>: PASS (16 numbers checked)

What was recorded is proved, by a certificate. What was not, an own primitive or a function of NumPy with
a gradient written by hand, is compared with finite differences, which can only find it consistent or
suspect.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd import _recorded, errors
from autograd._recorded import twin_of
from autograd._structures import flatten, flatten_like, is_value, is_variable, number_of
from autograd._wording import kernel_of, label, results
from autograd.kinks import margins
from autograd.own import OwnPrimitive
from autograd.testing.battery import Battery
from autograd.testing.calls import Call, name_of
from autograd.testing.certificate import certify, reached, same
from autograd.testing.enclosures import enclosed
from autograd.testing.evidence import compared
from autograd.testing.verdicts import Finding, Report, Verdict, describe_node, exactly, plain, table

__all__ = ["assert_same", "check_grad"]

Function = Callable[..., Any]
_ROUNDING = 1e-12  # part of a number, that another order of a sum may make, where there is no proved bound
#: What floats and Values raise outside the domain of a function.
_OUTSIDE = (ValueError, ArithmeticError)


# ---- check_grad --------------------------------------------------------------------------------------


def check_grad(f: Function, *args: Any, gradient: Function | None = None, order: int = 1) -> Report:
    """Check the gradient of a function at a point.

    Parameters
    ----------
    f : callable
        Returns one number. Without `gradient` it has to take Values, and do the same on them as on floats.
    *args : structures of numbers
        The point: numbers, or nested lists, tuples, dicts and NumPy arrays of them.
    gradient : callable, optional
        A gradient written by hand, of an `f` that may do anything on floats: call NumPy, C or a solver. It takes
        the same arguments and returns the structure of the one, or a tuple of structures.
    order : int
        Up to which order to check derivatives: 2 certifies the graph of each derivative, too.

    Returns
    -------
    Report
        PASS: proved by a certificate (see `certify`), and `f` computes the same number on floats.
        CONSISTENT: the same, but for own primitives, or a gradient by hand, which agree with finite differences.
        UNDECIDED: the point is at a kink, where the gradient is a convention, or there is no telling.

    Raises
    ------
    GradientError
        FAIL: proved wrong. SUSPECT: finite differences do not agree; also where the graph is right but
        `f` changes otherwise than it says, because it uses ``.data``, ``detach`` or a random number.
    ValueError, ArithmeticError
        Where `f` has no value, on floats and Values alike.
    """
    if order < 1 or (order > 1 and gradient is not None):
        raise ValueError(f"check_grad: expected an order of 1 or more, and of 1 for a gradient by hand, got {order}")
    subject = f"check_grad of {name_of(f)}"
    leaves, rebuild = flatten(args, "check_grad")
    numbers = [float(number_of(x)) for x in leaves]

    def at(numbers: Sequence[float]) -> float:
        try:
            return _one_number(f(*rebuild(numbers)))
        except TypeError as error:
            if "complex" in str(error):  # a power of a negative number: Values raise there
                raise ValueError(*error.args) from error
            raise

    on_floats, refused = _outcome(lambda: at(numbers))
    if gradient is not None:
        if refused is not None:
            raise refused
        given = flatten_like(args if len(args) > 1 else args[0], gradient(*rebuild(numbers)), "check_grad", "gradient")
        found = list(compared(Call.names_of(f, args), at, numbers, [float(x) for x in given]))
        return Report(subject, len(numbers), tuple(found)).or_raise()
    call, refused_too = _outcome(lambda: _call(f, args))
    if refused is not None or refused_too is not None:
        if refused is not None and isinstance(refused_too, type(refused)):
            raise refused_too
        on_values = _in_words(refused_too, call and call.root)
        outcomes = [("on floats", _in_words(refused, on_floats)), ("on Values", on_values)]
        what = "the function raises on one kind of number only"
        return Report(subject, 1, (Finding(Verdict.FAIL, what, table(outcomes)),)).or_raise()
    reports = [_fidelity(on_floats, call), *_certificates(at, call, order)]
    findings = [finding for report in reports for finding in report.findings]
    if all(finding.verdict is Verdict.CONSISTENT for finding in findings):
        findings += _evidence(at, call)
    worst = tuple(entry for report in reports for entry in report.worst)
    return Report(subject, sum(report.checked for report in reports), tuple(findings), worst).or_raise()


def _call(f: Function, args: tuple[Any, ...]) -> Call:
    try:
        return Call("check_grad", f, args)
    except TypeError as error:
        error.add_note(
            "check_grad: expected a function that takes Values as it takes floats; if it calls NumPy, C or a solver, "
            "pass the gradient you wrote as gradient=, or make it an autograd.primitive"
        )
        raise


def _outcome(compute: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return compute(), None
    except _OUTSIDE as error:
        return None, error


def _in_words(error: Exception | None, out: Any) -> str:
    return exactly(float(number_of(out))) if error is None else plain(f"{type(error).__name__}: {error}")


def _one_number(out: Any) -> float:
    """Return what a function returned as a float: a number, or an array of one."""
    if isinstance(out, complex):
        raise ValueError("expected a real number, got a complex one")
    if isinstance(out, (list, tuple, dict)) or len(flatten(out, "check_grad")[0]) != 1:
        raise errors.not_one_number("check_grad", out)
    return float(number_of(flatten(out, "check_grad")[0][0]))


def _fidelity(on_floats: float, call: Call) -> Report:
    """Check that the recorded program is the program: it computes the number that it computes on floats."""
    recorded = float(number_of(call.root))
    if recorded != on_floats and not (math.isnan(recorded) and math.isnan(on_floats)):
        # Sums of floats may be rounded otherwise, such as those of the builtin sum.
        value = enclosed(call, "").value
        is_rounding = value.low <= on_floats <= value.high and math.isfinite(value.error)
        if not is_rounding and not math.isclose(on_floats, recorded, rel_tol=_ROUNDING):
            rows = [("on floats", exactly(on_floats)), ("on Values", exactly(recorded))]
            what = "the function computes another number on Values than on floats"
            return Report("value", 1, (Finding(Verdict.FAIL, what, table(rows)),))
    return Report("value", 1)


def _certificates(at: Callable[[Sequence[float]], float], call: Call, order: int) -> Iterator[Report]:
    """Yield the reports of the graph of a call, and of those of its derivatives."""
    roots = [call.root]
    for level in range(order):
        roots = [root for root in roots if is_value(root) and root.op]
        for root in roots:
            for node in reached(root):
                node.zero_grad()
            root.backward()
            found = certify(root)
            own = [finding for finding in found.findings if getattr(finding.node, "primitive", None) is not None]
            rest = tuple(finding for finding in found.findings if finding not in own)
            yield Report(found.subject, found.checked, rest, found.worst)
            if level == 0:
                yield _kinks(root)
                yield from (_own_node(f.node, order) for f in own if isinstance(f.node.primitive, OwnPrimitive))
                if not all(isinstance(f.node.primitive, OwnPrimitive) for f in own):
                    yield _as_a_whole(at, call)
        if level + 1 < order:
            roots = [g for root in roots for g in _recorded.adjoints({root: 1.0}, call.variables)]


def _as_a_whole(at: Callable[[Sequence[float]], float], call: Call) -> Report:
    """Compare the gradient with finite differences, where a node brings no value to call again."""
    adjoints = [x or 0.0 for x in twin_of(call.root).adjoints(call.root, call.variables)]
    return Report("differences", len(adjoints), tuple(compared(call.names, at, call.numbers, adjoints)))


_PLACES = {"kink": "a kink", "jump": "a jump", "edge": "the end of a domain"}


def _kinks(root: Any) -> Report:
    """Report the kinks at which the gradient is a convention."""
    found = [
        Finding(
            Verdict.UNDECIDED,
            f"at {_PLACES[margin.kind]}, {margin.at}: there is no one gradient, and the one computed is a convention",
            tuple(str(margin).splitlines()),
            margin.node,
        )
        for margin in margins(root, within=0.0)
        if margin.left.derivatives != margin.right.derivatives
    ]
    return Report("kinks", 0, tuple(found))


def _own_node(node: Any, order: int) -> Report:
    """Compare an own primitive with finite differences, where a node of it stands."""
    numbers = [float(number_of(x)) for x in node.operands]
    battery = Battery(node.primitive)
    partials = battery.partials(numbers)
    moved = [i for i, x in enumerate(node.operands) if is_variable(x)]
    names = [f"{label(node, i)} of {plain(node.op)}" for i in moved]
    slopes = [partials[i] or 0.0 for i in moved]
    found = [f._replace(node=node) for f in compared(names, battery.value, numbers, slopes, moved, describe_node(node))]
    if order > 1:
        battery.at(numbers)
        found += [f for f in battery.findings() if f.verdict is not Verdict.CONSISTENT]
    return Report(node.op, len(moved), tuple(found))


# ---- is the graph the function? --------------------------------------------------------------------

_STEPS = (2.0**-20, -(2.0**-20), 2.0**-24, -(2.0**-24))  # parts of a number, or of 1 where it is 0
_SAME, _LOST = 0.1, 1e-6  # parts of a slope: how much slopes over these steps may differ, and what counts as lost
_NOISE = 1e-8  # part of a number: what its rounding can do to a slope over the least of these steps
_MOST_BY_ONE = 16  # inputs to move one by one; more are moved together, three times


def _evidence(at: Callable[[Sequence[float]], float], call: Call) -> Iterator[Finding]:
    """Yield what speaks against a graph that was proved: the function moves otherwise than its graph says.

    The graph is computed again at points near by. If it is the function, the numbers are the same, but for rounding
    and for branches that come into play there. If they drift apart in proportion to the distance, over two
    distances to both sides, a derivative was lost on the way.
    """
    rng, count = random.Random(0), len(call.numbers)
    if count > _MOST_BY_ONE:
        directions = [(f"direction {k}", [rng.choice((-1.0, 1.0)) for _ in range(count)]) for k in range(3)]
    else:
        directions = [(name, [float(i == k) for k in range(count)]) for i, name in enumerate(call.names)]
    order = twin_of(call.root).ancestors(call.root) if is_value(call.root) else []
    adjoints = twin_of(call.root).adjoints(call.root, call.variables) if order else [0.0] * count
    for name, direction in directions:
        sizes = [d * (abs(x) or 1.0) for d, x in zip(direction, call.numbers, strict=True)]
        try:
            drifts = [_drift(at, call, order, sizes, step) for step in _STEPS]
        except Exception:
            continue
        slope = math.fsum(a * size for a, size in zip(adjoints, sizes, strict=True) if a)
        lost = drifts[-1]
        is_linear = all(abs(drift - lost) <= _SAME * abs(lost) for drift in drifts)
        if math.isfinite(lost) and is_linear and abs(lost) > max(_LOST * abs(slope), _NOISE * abs(at(call.numbers))):
            unit = sum(map(abs, sizes)) if count <= _MOST_BY_ONE else 1.0
            what = f"the recorded graph is right, but the function moves otherwise along {name}"
            hint = "does it use .data, float(...), detach, no_grad, a random number, or a state of its own?"
            rows = [("given", repr(slope / unit)), ("found", f"about {(slope + lost) / unit:.6g}"), ("hint", hint)]
            yield Finding(Verdict.SUSPECT, what, table(rows))


def _drift(
    at: Callable[[Sequence[float]], float], call: Call, order: Sequence[Any], sizes: Sequence[float], step: float
) -> float:
    """Return by how much a function differs from its graph at a point near by, over the step to it."""
    moved = [x + size * step for x, size in zip(call.numbers, sizes, strict=True)]
    numbers = dict(zip(call.variables, moved, strict=True))
    for node in order:
        if node not in numbers:
            operands = [numbers[x] if is_value(x) else x for x in node.operands]
            kernel = kernel_of(node)
            if kernel is not None:
                numbers[node] = results(kernel, operands)[0]
            else:
                numbers[node] = float(node.primitive.value(*operands)) if node.primitive is not None else node.data
    return (at(moved) - numbers.get(call.root, number_of(call.root))) / step


_VAGUE = 1e-3  # part of a number, beyond which its interval says nothing


# ---- assert_same -------------------------------------------------------------------------------------


def assert_same(f: Function, g: Function, *args: Any, bits: bool = False) -> Report:
    """Assert that two functions have the same value and the same gradient at a point.

    Parameters
    ----------
    f, g : callable
        Return one number each, and take Values.
    *args : structures of numbers
        The point.
    bits : bool
        Whether every bit has to be the same; else the proved intervals of each number have to overlap, so that
        rounding may differ and nothing else.

    Returns
    -------
    Report

    Raises
    ------
    GradientError
        Where a number differs, where only one of the functions raises, and where there are no proved
        intervals (see `enclosure`) and the numbers are not equal bit for bit.
    """
    subject = f"{name_of(f)} and {name_of(g)}"
    call_f, refused_f = _outcome(lambda: Call("assert_same", f, args))
    call_g, refused_g = _outcome(lambda: Call("assert_same", g, args))
    if refused_f is not None or refused_g is not None:
        on_f, on_g = _in_words(refused_f, call_f and call_f.root), _in_words(refused_g, call_g and call_g.root)
        outcomes = table([(name_of(f), on_f), (name_of(g), on_g)])
        fault = Finding(Verdict.FAIL, "one of the functions raises, or each something else", outcomes)
        return Report(subject, 1, () if type(refused_f) is type(refused_g) else (fault,)).or_raise()
    findings: list[Finding] = []
    pairs = list(zip(enclosed(call_f, "").intervals, enclosed(call_g, "").intervals, strict=True))
    for name, (x, y) in zip(["value", *(f"derivative by {name}" for name in call_f.names)], pairs, strict=True):
        if same(x.computed, y.computed) or (x.computed == y.computed and not bits):
            continue
        rows = table([(name_of(f), exactly(x.computed)), (name_of(g), exactly(y.computed))])
        if bits or x.high < y.low or y.high < x.low:
            findings.append(Finding(Verdict.FAIL, f"the {name} differs", rows))
        elif max(x.error, y.error) > _VAGUE * max(1.0, abs(x.computed), abs(y.computed)):
            what = f"the {name} differs, and there is no proof of how far off it may be"
            findings.append(Finding(Verdict.UNDECIDED, what, rows))
    return Report(subject, len(pairs), tuple(findings)).or_raise(undecided=True)
