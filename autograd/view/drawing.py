"""Drawing: a text in the language of Graphviz, and the picture it is of.

The picture has the colours of the text, which are those of `LIGHT` or `DARK`. With the theme "auto"
they are those of `LIGHT`, and a style in the SVG puts those of `DARK` in their places where the viewer
prefers dark pages. Blue and orange are those of Okabe and Ito, which the colour-blind tell apart, darker on
white so that texts have a contrast of 4.5; no colour says what shape or words do not say as well.
"""

from __future__ import annotations

import errno
import functools
import html
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import errors
from autograd.errors import PictureError
from autograd.view import layout

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

__all__ = ["DARK", "LIGHT", "THEMES", "Colours", "Drawing", "write_whole"]

THEMES = ("auto", "light", "dark")

_FORMATS = ("svg", "png", "pdf")
_TEXTS = ("dot", "gv")
_LONGEST_LINE = 400


class Colours(NamedTuple):
    """The colours of a picture, all different from one another.

    Attributes
    ----------
    paper : str
        Behind everything.
    ink, muted, data, grad, alarm, path, faint : str
        Of texts: titles, words, primals, adjoints, what is not finite, paths, and what is not on them (on paper only).
    line, pale : str
        Of arrows and borders, and of those that matter less.
    input, parameter, computed, root, module, bad : str
        What boxes are filled with, by what they are; `bad` is of those with something that is not finite.
    of_input, of_parameter, of_root, of_module : str
        Of their borders.
    """

    paper: str
    ink: str
    muted: str
    data: str
    grad: str
    alarm: str
    path: str
    faint: str
    line: str
    pale: str
    input: str
    parameter: str
    computed: str
    root: str
    module: str
    bad: str
    of_input: str
    of_parameter: str
    of_root: str
    of_module: str


LIGHT = Colours(
    paper="#ffffff", ink="#1f2328", muted="#59636e", data="#0072b2", grad="#b34700", alarm="#a40e26", path="#9a4b78",
    faint="#6b7480", line="#7d8894", pale="#ccd3da", input="#eef4fa", parameter="#ebf6f1", computed="#f7f8fa",
    root="#fff6dc", module="#f3f0fa", bad="#ffeeec", of_input="#4f7ea3", of_parameter="#2f8064", of_root="#94711f",
    of_module="#7a68ad",
)  # fmt: skip
DARK = Colours(
    paper="#22272e", ink="#e6edf3", muted="#adbac7", data="#6cbdec", grad="#f0ad2e", alarm="#ffb3ad", path="#e39ac3",
    faint="#8d98a5", line="#768390", pale="#444c56", input="#25313f", parameter="#20372f", computed="#2b313a",
    root="#3d3620", module="#322e42", bad="#5a2028", of_input="#6a9cc4", of_parameter="#4fa98a", of_root="#c29b3f",
    of_module="#9d8bd0",
)  # fmt: skip


class Drawing:
    """A picture of a graph. Notebooks show it, terminals show its text form, and `save` writes a file.

    Parameters
    ----------
    source : str
        The graph in the DOT language; `label` and `tooltip` write texts in it that are shown as they are.
    text : str
        What to show where there are no pictures.
    view : str
        How it is folded.
    notes : sequence of str
        What there is to say of it, such as what was folded.
    theme : str
        "light", "dark", or "auto": as the viewer prefers it, of a source in light colours.
    timeout : float
        The seconds that Graphviz may take.

    Attributes
    ----------
    source, text, view, notes
        As above.
    """

    def __init__(
        self,
        source: str,
        text: str = "",
        *,
        view: str = "full",
        notes: Sequence[str] = (),
        theme: str = "auto",
        timeout: float = 20.0,
    ) -> None:
        if theme not in THEMES:
            raise errors.not_a_choice("draw", "theme", THEMES, theme)
        if not (isinstance(timeout, int | float) and timeout > 0):
            raise ValueError(f"draw: expected a timeout of more than 0 seconds, got {timeout!r}")
        self.source, self.text, self.view, self.notes = source, text, view, tuple(notes)
        self._theme, self._timeout = theme, timeout

    @functools.cached_property
    def svg(self) -> str:
        """The picture as an SVG element, which scales to the width that it is given.

        Raises
        ------
        PictureError
            There is no Graphviz here, it failed, or it took too long.
        """
        drawn = layout.draw(self.source, "svg", self._timeout).decode(errors="replace")
        return _tidied(drawn, " ".join(self.notes), self._theme == "auto")

    @property
    def graphviz(self) -> graphviz.Source:
        """The source as an object of the package graphviz, to `view`, to `unflatten`, or to render with its options."""
        import graphviz  # noqa: PLC0415  (only where it is asked for)

        return graphviz.Source(self.source)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file that ends in svg, png or pdf, or its source to one that ends in dot or gv.

        What was there stays until all is written.

        Raises
        ------
        ValueError
            The name ends in something else.
        PictureError
            There is no Graphviz here, it failed, or it took too long.
        """
        kind = _kind(path)
        try:
            if kind in _TEXTS:
                content = self.source.encode()
            elif kind == "svg":
                content = self.svg.encode()
            else:
                content = layout.draw(self.source, kind, self._timeout)
        except PictureError as error:
            raise PictureError(f"{os.fspath(path)}: {error}") from None
        write_whole(path, content)

    @staticmethod
    def check(path: str | os.PathLike[str]) -> None:
        """Raise the error that `save` would raise for any drawing: of the name, or as there is no Graphviz here."""
        kind = _kind(path)
        if kind not in _TEXTS:
            try:
                layout.check(kind)
            except PictureError as error:
                raise PictureError(f"{os.fspath(path)}: {error}") from None

    @staticmethod
    def label(*lines: str) -> str:
        """Return lines as a quoted label for a source, cut if very long; what cannot be seen stands as an escape."""
        return layout.label(*map(_of_bearable_length, lines))

    @staticmethod
    def tooltip(*lines: str) -> str:
        """Return lines as a quoted tooltip for a source, cut if very long; what cannot be seen stands as an escape."""
        return layout.tooltip("\n".join(map(_of_bearable_length, lines)))

    def __repr__(self) -> str:
        """Return the text form."""
        return self.text or f"Drawing({self.source.count('->'):,} arrows)"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the picture and its text for a notebook; the text alone, and why, if it cannot be drawn."""
        try:
            return {"image/svg+xml": _on_a_page(self.svg), "text/plain": repr(self)}
        except Exception as error:  # whatever it is, the reader is not shown the inside of a display hook
            return {"text/plain": f"{self!r}\n(no picture: {layout.shown(str(error))})"}


def _of_bearable_length(line: str) -> str:
    """Return a line as it is shown: dot reads texts of 16 kB at most, and a character may take five bytes."""
    return layout.short(line, _LONGEST_LINE)


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file, all of it or nothing: one that was there stays until the end. A link stays, and leads to it."""
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():  # a device would be replaced
        raise FileExistsError(errno.EEXIST, "expected a file to write to, got a directory or a device", str(target))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "expected a directory to save in, got none", str(target.parent))
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _kind(path: str | os.PathLike[str]) -> str:
    kind = Path(path).suffix.removeprefix(".").lower()
    if kind not in (*_FORMATS, *_TEXTS):
        endings = ", ".join(f".{kind}" for kind in (*_FORMATS, *_TEXTS))
        raise ValueError(f"{os.fspath(path)}: expected a name that ends in {endings}, got {kind!r}")
    return kind


# ---- what Graphviz draws, for a page -----------------------------------------------------------------
#
# In what it writes every quote, < and & of a text is an entity, so these patterns find markup only.

_NOT_SHOWN = re.compile(r"<!--.*?-->\n?|<title>[^<]*</title>\n?", re.DOTALL)
_TOOLTIP = re.compile(r'<g id="a_([^"]*)"><a xlink:title="([^"]*)">\n(.*?)</a>\n</g>\n', re.DOTALL)
_SIZE = re.compile(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"')

_WIDTH_OF_A_PAGE, _SMALLEST_SCALE = 640.0, 0.5  # in points


def _tidied(svg: str, words: str, follows: bool) -> str:
    """Return a drawn SVG as an element that fits its page: with tooltips that browsers show, no ids, and a style."""
    size = _SIZE.search(svg)
    if size is None:
        raise PictureError(f"Graphviz failed: expected an SVG, got '{layout.short(svg.strip(), 60)}'")
    svg = _TOOLTIP.sub(_as_title, _NOT_SHOWN.sub("", svg[size.end() :]))
    svg = re.sub(r'<g id="[^"]*"', "<g", svg).replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    spoken = f' role="img" aria-label="{html.escape(layout.shown(words))}"' if words else ""
    theme = ' class="chainrule-auto"' if follows else ""
    svg = f'{size[0]} style="max-width:100%;height:auto"{theme}{spoken}{svg}'
    end = svg.index(">") + 1
    return svg[:end] + (_STYLE if follows else "") + svg[end:]


def _on_a_page(svg: str) -> str:
    """Return an SVG made smaller to fit the page of a notebook, as far as it stays readable.

    Notebooks on the web show it as an image, whose own width no style reaches.
    """

    def smaller(size: re.Match[str]) -> str:
        width, height = map(float, size.groups())
        scale = min(1.0, max(_WIDTH_OF_A_PAGE / width, _SMALLEST_SCALE))
        return f'<svg width="{scale * width:.0f}pt" height="{scale * height:.0f}pt"'

    return _SIZE.sub(smaller, svg, count=1)


def _as_title(found: re.Match[str]) -> str:
    of_label = found[1].endswith("label")  # an arrow's label has the tooltip once more
    return found[3] if of_label else f"<title>{found[2]}</title>\n{found[3]}"


def _style() -> str:
    rules = [
        f'.chainrule-auto [{what}="{light}"]{{{what}:{dark}}}'
        for light, dark in [*zip(LIGHT, DARK, strict=True), ("black", DARK.ink)]
        for what in ("fill", "stroke")
    ]
    plain = f".chainrule-auto text:not([fill]){{fill:{DARK.ink}}}"
    return f"\n<style>@media (prefers-color-scheme:dark){{{plain}{''.join(rules)}}}</style>"


_STYLE = _style()
