"""Programs as data: lists of instructions, which can be run on either twin, cut down, and printed as Python.

An instruction names a primitive, and its operands by how far back they stand in the list of results so
far, counted modulo its length. So any instruction can be dropped and what is left is still a program:
that is how a failure shrinks to the few instructions that matter.

    >>> program = Program((Leaf(0.5),), (Instruction("tanh", (0,)), Instruction("mul", (0, 1))))
    >>> program
    from autograd import Value, math
    <BLANKLINE>
    x1 = Value(0.5)
    y1 = math.tanh(x1)
    y2 = y1 * x1
    y2.backward()
    print(x1.grad)
    >>> f = program.as_function()
    >>> f(0.5) == program.root().data
    True
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from autograd import _backend, _modes, errors
from autograd.primitives import PRIMITIVES

__all__ = ["OPS", "TAME", "Function", "Instruction", "Leaf", "Program", "Run", "apply", "arity"]

_OPERATORS = [row.name for row in PRIMITIVES.values() if row.symbol]
_COLUMNS = [row.name for row in PRIMITIVES.values() if row.columns]
_FUNCTIONS = [row.name for row in PRIMITIVES.values() if not row.symbol and not row.columns]

#: The primitives, the simple ones first: operators, functions, and those of columns.
OPS = (*_OPERATORS, *_FUNCTIONS, *_COLUMNS)

#: Primitives of one operand that can be applied to their own result any number of times: nothing raises or overflows.
TAME = ("neg", "pos", "sin", "cos", "atan", "tanh", "asinh", "erf", "sigmoid", "softplus")

#: What an operation may raise; the program goes on without it.
ERRORS = (ArithmeticError, ValueError, TypeError)


class Leaf(NamedTuple):
    """A number that a program starts from.

    Attributes
    ----------
    number : float or int
        The number.
    kind : {"value", "constant", "number"}
        Whether it enters as a Value, as a Value through which no derivative passes, or as it is.
    """

    number: float
    kind: str = "value"


class Instruction(NamedTuple):
    """One step of a program.

    Attributes
    ----------
    op : str
        The name of the primitive.
    back : tuple of int
        The operands, by how many results lie between each of them and this one; of a primitive of
        columns, column by column.
    times : int
        How often a primitive of one operand is applied, to its own result from the second time on.
    """

    op: str
    back: tuple[int, ...]
    times: int = 1

    def operands(self, count: int) -> list[int]:
        """Return the positions of the operands among `count` results so far."""
        return [count - 1 - steps % count for steps in self.back]


class Run(NamedTuple):
    """What came of a program.

    Attributes
    ----------
    results : list of Value and float
        The leaves, then the result of each instruction that did not raise.
    errors : dict of int to str
        The exception, in words, of each instruction that did raise, by its place among them.
    """

    results: list[Any]
    errors: dict[int, str]


def arity(op: str) -> int:
    """Return how many operands a random program gives to an operation: four to one of columns."""
    return 4 if PRIMITIVES[op].columns else len(PRIMITIVES[op].operands)


def apply(engine: Any, op: str, operands: Sequence[Any]) -> Any:
    """Compute one primitive.

    Parameters
    ----------
    engine : module
        A twin: it brings the functions; operators are those of Python.
    op : str
        The name of the primitive.
    operands : sequence of Value and float
        The operands; of a primitive of columns, column by column.
    """
    row = PRIMITIVES[op]
    if row.symbol:
        return getattr(operator, op)(*operands)
    function = getattr(engine, op)
    return function(*(_columns(op, operands) if row.columns and not row.spread else operands))


def _columns(op: str, operands: Sequence[Any]) -> list[Sequence[Any]]:
    length = len(operands) // len(PRIMITIVES[op].operands)
    return [operands[first : first + length] for first in range(0, len(operands), length)]


@dataclass(frozen=True, slots=True, repr=False)
class Program:
    """Leaves, and instructions that compute from them; its root is the last Value.

    Parameters
    ----------
    leaves : tuple of Leaf
        What it starts from, one or more.
    instructions : tuple of Instruction
        What it does. An instruction that raises is left out, and those after it count without it.
    """

    leaves: tuple[Leaf, ...]
    instructions: tuple[Instruction, ...]

    def run(self, engine: Any = _backend, inputs: Iterable[Any] | None = None) -> Run:
        """Run the program.

        Parameters
        ----------
        engine : module, optional
            What brings `Value` and the functions: a twin, or a changed copy of one.
        inputs : iterable of numbers or Values, optional
            What to take for the leaves of kind "value"; without it, new Values of their numbers.
        """
        results = self._start(engine, map(engine.Value, self.inputs) if inputs is None else inputs)
        failed = {}
        for place, instruction in enumerate(self.instructions):
            try:
                results.append(_step(engine, instruction, results))
            except ERRORS as error:
                failed[place] = f"{type(error).__name__}: {error}"
        return Run(results, failed)

    def _start(self, engine: Any, inputs: Iterable[Any]) -> list[Any]:
        """Return what the leaves are."""
        given = list(inputs)
        if len(given) != len(self.inputs):
            raise errors.wrong_count("Program", len(self.inputs), len(given))
        rest = iter(given)
        leaves: list[Any] = []
        for number, kind in self.leaves:
            if kind == "value":
                leaves.append(next(rest))
            else:
                leaves.append(engine.Value(number).detach() if kind == "constant" else number)
        return leaves

    @property
    def inputs(self) -> tuple[float, ...]:
        """The numbers of the leaves of kind "value": where the function of this program was drawn."""
        return tuple([number for number, kind in self.leaves if kind == "value"])

    def root(self, engine: Any = _backend) -> Any:
        """Run the program and return the last Value, or None if there is none."""
        results = self.run(engine).results
        return next((x for x in reversed(results) if type(x) is engine.Value), None)

    def pruned(self, engine: Any = _backend) -> Program:
        """Return the program of what the root depends on, which is then its last result; none of it raises.

        The modes in force, such as `autograd.ieee`, say what raises.
        """
        return self._pruned(engine, keep_inputs=False)

    def _pruned(self, engine: Any, keep_inputs: bool) -> Program:
        results, failed = self.run(engine)
        count = len(self.leaves)
        done = [instruction for place, instruction in enumerate(self.instructions) if place not in failed]
        operands = {at: instruction.operands(at) for at, instruction in enumerate(done, count)}
        values = [at for at, x in enumerate(results) if type(x) is engine.Value]
        root = values[-1] if values else len(results) - 1
        needed = {root}
        if keep_inputs:
            needed.update(at for at, leaf in enumerate(self.leaves) if leaf.kind == "value")
        for at in range(root, count - 1, -1):
            if at in needed:
                needed.update(operands[at])
        place = {at: new for new, at in enumerate(sorted(needed))}
        return Program(
            tuple([leaf for at, leaf in enumerate(self.leaves) if at in needed]),
            tuple([
                instruction._replace(back=tuple([place[at] - 1 - place[x] for x in operands[at]]))
                for at, instruction in enumerate(done, count)
                if at in needed
            ]),
        )  # fmt: skip

    def __len__(self) -> int:
        """Return the number of operations that the root depends on."""
        return sum(instruction.times for instruction in self.pruned().instructions)

    def __bool__(self) -> bool:
        """Return True: a program of no operation is a program."""
        return True

    def as_function(self, engine: Any = _backend) -> Function:
        """Return the root as a function of the leaves of kind "value"; constants are plain numbers in it."""
        plain = [leaf._replace(kind="number") if leaf.kind == "constant" else leaf for leaf in self.leaves]
        return Function(replace(self, leaves=tuple(plain))._pruned(engine, keep_inputs=True), engine)

    # ---- as Python ---------------------------------------------------------------------------------

    def source(self) -> str:
        """Return a script that makes the root, sweeps back from it and prints the derivatives.

        In a block of `autograd.ieee` it is that of the program as it runs there.
        """
        program = self.pruned()
        names = _names(program)
        values = {"value": "Value({})", "constant": "Value({}).detach()"}
        lines = [
            f"{name} = {values[leaf.kind].format(_literal(leaf.number))}"
            for name, leaf in zip(names, program.leaves, strict=False)
            if leaf.kind in values
        ]
        lines += _statements(program, names)
        head = "from autograd import Value, math"
        if _modes.in_force() & _modes.IEEE:
            head = "from autograd import Value, ieee, math"
            lines = ["with ieee():", *[f"    {line}" for line in lines]]
        gradients = [f"{name}.grad" for name in names if name.startswith("x")]
        tail = [f"{names[-1]}.backward()", f"print({', '.join(gradients)})"] if gradients else [f"print({names[-1]})"]
        return "\n".join([head, "", *lines, *tail])

    __repr__ = source

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        _print_as_python(self, printer)


def _step(engine: Any, instruction: Instruction, results: Sequence[Any]) -> Any:
    """Return the result of an instruction after these results."""
    result = apply(engine, instruction.op, [results[at] for at in instruction.operands(len(results))])
    for _ in range(instruction.times - 1):
        result = apply(engine, instruction.op, [result])
    # Arithmetic of plain numbers gives ints too, which become floats, and complex ones, which end here.
    return result if type(result) is engine.Value else float(result)


class Function:
    """A program as a function of its inputs: of floats, of Values, or of both.

    Unlike the program it raises what an operation raises.

    Parameters
    ----------
    program : Program
        The last result is what the function returns, and no instruction raises at the inputs.
    engine : module
        The twin whose Values it takes.
    """

    def __init__(self, program: Program, engine: Any = _backend) -> None:
        self.program = program
        self._engine = engine

    def __call__(self, *inputs: Any) -> Any:
        """Return the value at these inputs."""
        results = self.program._start(self._engine, inputs)
        for instruction in self.program.instructions:
            results.append(_step(self._engine, instruction, results))
        return results[-1]

    def __repr__(self) -> str:
        """Return the function as Python."""
        names = _names(self.program)
        lines = [*_statements(self.program, names), f"return {names[-1]}"]
        head = f"def f({', '.join(name for name in names if name.startswith('x'))}):"
        return "\n    ".join([head, *lines])

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        _print_as_python(self, printer)


# ---- a program as lines of Python ----------------------------------------------------------------------


def _print_as_python(found: Program | Function, printer: Any) -> None:
    """Print it in a report of Hypothesis, which would print how it was drawn."""
    printer.text(f"\n{found!r}\n")


def _names(program: Program) -> list[str]:
    """Return what each result is called: x1, x2... are the Values to start from, c1... constants, y1... computed."""
    names: list[str] = []
    count = {"value": 0, "constant": 0}
    for number, kind in program.leaves:
        if kind == "number":
            names.append(_literal(number))
        else:
            count[kind] += 1
            names.append(f"{'x' if kind == 'value' else 'c'}{count[kind]}")
    return names + [f"y{i}" for i in range(1, len(program.instructions) + 1)]


def _statements(program: Program, names: Sequence[str]) -> list[str]:
    """Return a line for each instruction, and two more where it is repeated."""
    results = program.run().results
    types = [type(x) for x in results]
    lines = []
    for at, instruction in enumerate(program.instructions, len(program.leaves)):
        operands = instruction.operands(at)
        name = names[at]
        text = _expression(instruction.op, [names[x] for x in operands], [types[x] for x in operands])
        lines.append(f"{name} = {text}")
        if instruction.times > 1:
            again = _expression(instruction.op, [name], [types[at]])
            lines += [f"for _ in range({instruction.times - 1}):", f"    {name} = {again}"]
    return lines


def _expression(op: str, operands: Sequence[str], types: Sequence[type]) -> str:
    """Return one primitive of some operands, of these types, as Python."""
    row = PRIMITIVES[op]
    if row.symbol:
        text = _operator(row.symbol, operands)
        return f"float({text})" if set(types) == {int} else text
    if op == "ldexp":  # that of math takes an int alone, as Python's does; the method takes what the engine takes
        x, n = operands
        plain = [kind in {int, float} for kind in types]
        method = f"{f'Value({x}).detach()' if plain[0] else x}.ldexp({n})"
        return f"{method}.data" if all(plain) else method
    if row.columns and not row.spread:
        operands = [f"[{', '.join(column)}]" for column in _columns(op, operands)]
    return f"math.{op}({', '.join(operands)})"


def _operator(symbol: str, operands: Sequence[str]) -> str:
    if symbol == "abs":
        return f"abs({operands[0]})"
    guarded = [f"({text})" if text.startswith("-") else text for text in operands]
    return f"{symbol}{guarded[0]}" if len(guarded) == 1 else f" {symbol} ".join(guarded)


_LONGEST = 8  # a decimal of more characters says less than the bits do


def _literal(number: float) -> str:
    """Return a number as Python: in decimal where that is short, else by its bits."""
    if math.isfinite(number):
        text = repr(number)
        return text if len(text) <= _LONGEST or type(number) is int else f'float.fromhex("{number.hex()}")'
    return "math.nan" if math.isnan(number) else "math.inf" if number > 0 else "-math.inf"
