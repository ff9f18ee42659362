r"""Names, numbers, formulas and short documents, in three scripts: terminal text, Markdown and LaTeX.

Names are the user's: whatever is in them is shown as text, and acts as nothing in any script.

    >>> print(plain("w1"), plain("a b"), code("a`b"), latex("w1"), latex("net_h1"))
    w1 'a b' ``'a`b'`` w_{1} \text{net}\_\text{h1}
"""

from __future__ import annotations

import abc
import ast
import copy
import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from autograd._formula import IEEE, evaluate, to_latex
from autograd._wording import quoted

__all__ = [
    "Block",
    "Code",
    "Formula",
    "Items",
    "Paragraph",
    "Row",
    "Shown",
    "Term",
    "as_latex",
    "as_markdown",
    "as_text",
    "call",
    "code",
    "factor",
    "formula",
    "in_product",
    "joined",
    "latex",
    "mention",
    "number",
    "of_derivative",
    "of_name",
    "of_number",
    "of_partial",
    "plain",
]

_COLUMNS = 98
_LONGEST = 60
_DIGITS = 6

# ---- names -------------------------------------------------------------------------------------------

_BARE = re.compile(r"[^\W\d][\w.\[\]#]*")
_WORD = re.compile("[A-Za-z]{2,}")
_SYMBOL = re.compile(r"([A-Za-z\u0391-\u03a1\u03a3-\u03a9\u03b1-\u03c9])([0-9]*)")

#: What LaTeX's text mode shows as it is, in any of pdfLaTeX, MathJax and KaTeX ...
_TEXT = re.compile(
    r"[ A-Za-z0-9.,;:!?()\[\]+*/=@|'\"-]|"
    # ... and the scripts that KaTeX has, even where it is strict.
    "[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u04ff\u0530-\u058f\u0900-\u10ff\u3000-\u30ff\u4e00-\u9faf\uac00-\ud7af]"
)
#: The others of ASCII, in math mode: there MathJax needs no extension for them.
_MATH = {"\\": r"\backslash ", "<": r"\lt ", ">": r"\gt ", "~": r"\sim ", "^": r"\wedge ", "`": r"\grave{} "}
_MATH |= {character: f"\\{character}" for character in "#$%&_{}"}


def plain(name: str) -> str:
    """Return a name for a terminal: a short plain word as it is, anything else as a literal in ASCII."""
    return name if _BARE.fullmatch(name) and name.isprintable() and len(name) <= _LONGEST else quoted(name)


def code(name: str) -> str:
    """Return a name for Markdown: as code, in which no markup counts, neither HTML nor formulas."""
    return _fenced(plain(name))


def _fenced(text: str) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " * (text[:1] == "`" or text[-1:] == "`")
    return f"{fence}{space}{text}{space}{fence}"


def latex(name: str) -> str:
    """Return a name for LaTeX's math mode; characters that it may lack are written as in a Python literal."""
    if symbol := _SYMBOL.fullmatch(name):
        return symbol[1] + (f"_{{{symbol[2]}}}" if symbol[2] else "")
    short = name if len(name) <= _LONGEST else name[:_LONGEST] + "..."
    shown = "".join(c if c in _MATH or _is_text(c) else ascii(c)[1:-1] for c in short)
    runs = re.split(r"([\\<>~^`#$%&_{}])", shown)
    return "".join(_MATH.get(run, rf"\text{{{run}}}") for run in runs if run)


def _is_text(character: str) -> bool:
    return bool(_TEXT.fullmatch(character)) and character.isprintable()


# ---- numbers -----------------------------------------------------------------------------------------


def number(x: float) -> str:
    """Return a number with six digits."""
    return f"{x:.{_DIGITS}g}"


def _latex_number(x: float) -> str:
    if math.isnan(x):
        return r"\mathrm{NaN}"
    if math.isinf(x):
        return r"\infty" if x > 0 else r"-\infty"
    digits, _, exponent = number(x).partition("e")
    return rf"{digits} \times 10^{{{int(exponent)}}}" if exponent else digits


# ---- terms -------------------------------------------------------------------------------------------


class Term(NamedTuple):
    """A piece of a formula: as text, in LaTeX, its width in letters, and the operation that it is."""

    text: str
    latex: str
    width: int
    operation: type[ast.AST] | None = None


def mention(name: str) -> Code:
    """Return a name for running text."""
    return Code(plain(name))


def of_name(name: str) -> Term:
    """Return a name as a term."""
    return Term(plain(name), latex(name), len(name))


def of_number(x: float) -> Term:
    """Return a number as a term."""
    return Term(number(x), _latex_number(x), len(number(x)))


def factor(term: Term) -> Term:
    """Return a term in brackets if it is negative, to stand in a product."""
    return _bracketed(term) if term.text.startswith("-") else term


def in_product(term: Term) -> Term:
    """Return a formula in brackets if it would not be one factor of a product without."""
    if term.operation in {ast.Add, ast.Sub, ast.USub, ast.Mod}:
        return _bracketed(term)
    if term.operation in {ast.Div, ast.FloorDiv, ast.Mult}:  # where LaTeX needs no brackets
        return Term(f"({term.text})", term.latex, term.width + 2)
    return factor(term)


def joined(terms: Sequence[Term], joint: str) -> Term:
    """Return a product or a sum as one term."""
    text, tex = terms[0].text, terms[0].latex
    for term in terms[1:]:
        sign, rest = _signed(joint, term)
        text += f" {sign} {rest.text}"
        tex += f" {_LATEX_JOINTS[sign]} {rest.latex}"
    return Term(text, tex, sum(x.width + 3 for x in terms))


def _signed(joint: str, term: Term) -> tuple[str, Term]:
    """Return what stands between a term and those before it, and the rest of the term: a sum of -a is a difference."""
    if joint == "+" and term.text.startswith("-"):
        return "-", Term(term.text[1:], term.latex.removeprefix("-"), term.width - 1)
    return joint, term


def _bracketed(term: Term) -> Term:
    return Term(f"({term.text})", rf"\left({term.latex}\right)", term.width + 2)


def of_derivative(above: str, below: str) -> Term:
    """Return d above / d below: over all paths between them."""
    a, b = plain(above), plain(below)
    # A thin space keeps the d and a name of several letters apart.
    x, y = [latex(name) if _SYMBOL.fullmatch(name) else rf"\,{latex(name)}" for name in (above, below)]
    return Term(f"d {a}/d {b}", rf"\frac{{\mathrm{{d}} {x}}}{{\mathrm{{d}} {y}}}", max(len(a), len(b)) + 2)


def of_partial(above: str, below: str, place: int = 0) -> Term:
    """Return the partial of a node by an operand; `place` tells apart the places where the operand stands."""
    text, superscript = (f"({place})", f"^{{({place})}}") if place else ("", "")
    a, b = plain(above), plain(below) + text
    return Term(f"∂{a}/∂{b}", rf"\frac{{\partial {latex(above)}}}{{\partial {{{latex(below)}}}{superscript}}}",
                max(len(a), len(b)) + 2)  # fmt: skip


def call(function: str, operands: Sequence[Term]) -> Term:
    """Return a function of some operands."""
    text = f"{plain(function)}({', '.join(x.text for x in operands)})"
    inside = ", ".join(x.latex for x in operands)
    called = rf"\operatorname{{{function}}}" if _WORD.fullmatch(function) else latex(function)
    return Term(text, rf"{called}\left({inside}\right)", len(text))


def formula(tree: ast.expr, names: Mapping[str, str | float], numbers: Mapping[str, float]) -> Term:
    """Return a formula of the table with the names, and the plain numbers, that it has in a graph.

    Parameters
    ----------
    tree : parsed formula
    names : mapping of str to str or float
        What to put for each name in the formula: a name, or a number.
    numbers : mapping of str to float
        The numbers at which to decide its conditions: of ``where``, the branch that is taken is shown.
    """
    written = _Numbers()
    shown = written.visit(_Filled(names, numbers).visit(copy.deepcopy(tree)))  # the transformers work in place
    in_latex = {slot: latex(name) for slot, name in names.items() if isinstance(name, str)}
    tex = to_latex(shown, {"pi": r"\pi", **in_latex, **written.latex})
    text = _with_names(copy.deepcopy(shown), names)
    return Term(text, tex, len(text), type(shown.op) if isinstance(shown, (ast.BinOp, ast.UnaryOp)) else None)


def _with_names(tree: ast.expr, names: Mapping[str, str | float]) -> str:
    class Named(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.expr:
            return ast.Call(func=node.func, args=[self.visit(x) for x in node.args], keywords=[])

        def visit_Name(self, node: ast.Name) -> ast.expr:
            name = names.get(node.id)
            return ast.Name(id=plain(name)) if isinstance(name, str) else node

    return ast.unparse(Named().visit(tree))


class _Filled(ast.NodeTransformer):
    """Put numbers for some names, take the branches that hold, and leave out factors and powers of one."""

    def __init__(self, names: Mapping[str, str | float], numbers: Mapping[str, float]) -> None:
        self.names, self.numbers = names, numbers

    def visit_Name(self, node: ast.Name) -> ast.expr:
        given = self.names.get(node.id)
        return ast.Constant(value=given) if isinstance(given, float) else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        if node.func.id == "where":
            condition, yes, no = node.args
            branch: ast.expr = self.visit(yes if evaluate(condition, self.numbers, IEEE) else no)
            return branch
        return ast.Call(func=node.func, args=[self.visit(x) for x in node.args], keywords=[])

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.left, ast.Name) and isinstance(node.right, ast.Name):
            return ast.BinOp(left=left, op=node.op, right=right)  # what the user wrote, as in x * 1
        match node.op, left, right:
            case (ast.Add() | ast.Sub()) as sign, ast.Constant(value=float() as a), ast.Constant(value=int() as b):
                return ast.Constant(value=a - b if isinstance(sign, ast.Sub) else a + b)
            case ast.Pow(), _, ast.Constant(value=0):
                return ast.Constant(value=1)
            case ast.Mult(), ast.Constant(value=1), other:
                return other  # type: ignore[no-any-return]
            case ((ast.Mult() | ast.Pow()), other, ast.Constant(value=1)):
                return other  # type: ignore[no-any-return]
        return ast.BinOp(left=left, op=node.op, right=right)


class _Numbers(ast.NodeTransformer):
    """Put names for constants: how they are written."""

    def __init__(self) -> None:
        self.latex: dict[str, str] = {}

    def visit_Call(self, node: ast.Call) -> ast.expr:
        return ast.Call(func=node.func, args=[self.visit(x) for x in node.args], keywords=[])

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        match node.op, right:
            case ast.Add() | ast.Sub() | ast.Mult() | ast.Mod(), ast.UnaryOp(operand=ast.Name(id=written)):
                if written in self.latex:
                    self.latex[f"(-{written})"] = rf"\left(-{self.latex[written]}\right)"
                    right = ast.Name(id=f"(-{written})")
        return ast.BinOp(left=left, op=node.op, right=right)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        assert isinstance(node.value, (int, float))
        x = abs(float(node.value))
        self.latex[number(x)] = _latex_number(x)
        name = ast.Name(id=number(x))
        is_negative = math.copysign(1.0, node.value) < 0 and not math.isnan(node.value)
        return ast.UnaryOp(op=ast.USub(), operand=name) if is_negative else name


# ---- documents ---------------------------------------------------------------------------------------


class Shown(abc.ABC):
    """What a terminal shows as text, and a notebook as Markdown."""

    @property
    @abc.abstractmethod
    def text(self) -> str:
        """What a terminal shows."""

    @property
    @abc.abstractmethod
    def markdown(self) -> str:
        """What a notebook or a forge shows."""

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.markdown

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/markdown": self.markdown, "text/plain": self.text}


class Code(str):
    """A name or a formula in running text, as a terminal shows it; in Markdown it is code."""


Words: TypeAlias = Sequence[str]


class Paragraph(NamedTuple):
    """Running text: words, with code among them."""

    words: Words
    is_heading: bool = False


class Items(NamedTuple):
    """A list of running texts."""

    items: Sequence[Words]


class Row(NamedTuple):
    """A line of a derivation: what is equal to a product or a sum of terms; `left` is None for one more "="."""

    left: Term | None
    terms: Sequence[Term]
    joint: str = "·"
    note: str = ""


class Formula(NamedTuple):
    """Lines of a derivation."""

    rows: Sequence[Row]


Block: TypeAlias = Paragraph | Items | Formula


def as_text(blocks: Iterable[Block]) -> str:
    """Return a document for a terminal, at most 100 columns wide but for long names."""
    parts = []
    for block in blocks:
        match block:
            case Paragraph(words, is_heading):
                text = _filled(words, "")
                parts.append(f"{text}\n{'=' * len(text)}" if is_heading and len(text) <= _COLUMNS else text)
            case Items(items):
                parts.append("\n".join([_filled(words, "- ") for words in items]))
            case Formula(rows):
                parts.append("\n".join(_rows_as_text(rows)))
    return "\n\n".join(parts)


def _filled(words: Words, mark: str) -> str:
    text = "".join(x.replace(" ", "\0") if isinstance(x, Code) else x for x in words)  # no line ends in a name
    return textwrap.fill(text, _COLUMNS, initial_indent=mark, subsequent_indent=" " * len(mark),
                         break_long_words=False, break_on_hyphens=False).replace("\0", " ")  # fmt: skip


_WIDEST_LEFT = 40


def _rows_as_text(rows: Sequence[Row]) -> list[str]:
    lines = []
    widths = [len(row.left.text) for row in rows if row.left is not None]
    indent = max([width for width in widths if width <= _WIDEST_LEFT], default=4)
    for row in rows:
        left = row.left.text if row.left is not None else ""
        if len(left) > indent:
            lines.append(f"  {left}")
            left = ""
        line = f"  {left:{indent}} ="
        for i, term in enumerate(row.terms):
            sign, rest = _signed(row.joint, term) if i else ("", term)
            piece = f"{sign} {rest.text}" if i else rest.text
            if i and len(line) + 1 + len(piece) > _COLUMNS:
                lines.append(line)
                line = " " * (indent + 4)
            line += f" {piece}"
        if row.note:
            if len(line) + 3 + len(row.note) > _COLUMNS:
                lines.append(line)
                line = " " * (indent + 4)
            line += f"   {row.note}"
        lines.append(line)
    return lines


def as_latex(blocks: Iterable[Block]) -> str:
    """Return the formulas of a document, in math mode, as one environment."""
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Formula):
            if lines:
                lines[-1] += r" \\[1.5ex]"
            lines += _rows_as_latex(block.rows)
    return "\n".join([r"\begin{aligned}", *lines, r"\end{aligned}"])


_LATEX_JOINTS = {"·": r"\cdot", "+": "+", "=": "=", "-": "-"}
_WIDEST_ROW = 84


def _rows_as_latex(rows: Sequence[Row]) -> list[str]:
    lines = []
    for row in rows:
        line = f"{row.left.latex if row.left is not None else ''} &="
        width = 0
        for i, term in enumerate(row.terms):
            if i and width + term.width > _WIDEST_ROW:
                lines.append(line)
                line, width = r"&\quad", 0
            sign, rest = _signed(row.joint, term) if i else ("", term)
            line += f" {_LATEX_JOINTS[sign]} {rest.latex}" if i else f" {rest.latex}"
            width += term.width + 3
        lines.append(line + (rf" \qquad {latex(row.note)}" if row.note else ""))
    return [*(line + r" \\" for line in lines[:-1]), lines[-1]]


def as_markdown(blocks: Iterable[Block]) -> str:
    """Return a document for a notebook or a forge: names are code, formulas are LaTeX between double dollars."""
    parts = []
    for block in blocks:
        match block:
            case Paragraph(words, is_heading):
                text = _words_as_markdown(words)
                parts.append(f"**{text}**" if is_heading else text)
            case Items(items):
                parts.append("\n".join(f"- {_words_as_markdown(words)}" for words in items))
            case Formula():
                parts.append(f"$$\n{as_latex([block])}\n$$")
    return "\n\n".join(parts)


def _words_as_markdown(words: Words) -> str:
    return "".join(_fenced(x) if isinstance(x, Code) else x.translate(_ESCAPES) for x in words)


_ESCAPES = {ord(character): f"\\{character}" for character in "\\`*_{}[]<>#|$~&"}
