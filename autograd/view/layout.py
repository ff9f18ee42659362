r"""Graphviz: what it can draw here, how long it may take, and texts that it shows as they are.

`dot` on the PATH is used if there is one; else pygraphviz, which brings a Graphviz of its own, in a
child process: so that it can be stopped, and a crash of it is not ours.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys

from autograd.errors import PictureError

__all__ = ["FORMATS", "check", "draw", "html", "label", "quoted", "short", "shown", "tooltip", "xml_text"]

#: What can be drawn, and positions as JSON.
FORMATS = ("svg", "png", "pdf", "json0")

#: The code points that XML, and so SVG, cannot hold.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})

_EDGE = re.compile(r"^ *\w+ -> \w+", re.MULTILINE)

_LONGEST_WAIT = 1e6  # seconds; the system cannot wait for more than 2^31 milliseconds
_LONGEST_COMPLAINT = 400

_PYGRAPHVIZ = (
    "import sys, pygraphviz; g = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode());"
    "sys.stdout.buffer.write(g.draw(format=sys.argv[1], prog='dot'))"
)


def draw(source: str, form: str, timeout: float) -> bytes:
    """Return what Graphviz makes of a text in its language.

    Parameters
    ----------
    source : str
        A graph in the DOT language.
    form : str
        "svg", "png", "pdf", or "json0": the positions of all.
    timeout : float
        The seconds that it may take: some thousand edges take many, and some ten thousand take for ever.

    Raises
    ------
    PictureError
        There is no Graphviz here, it failed, or it took too long.
    """
    check(form)
    command = _command(form)
    try:
        code, drawn, said = _run(command, source.encode(), min(timeout, _LONGEST_WAIT))
    except OSError as error:
        raise PictureError(f"Graphviz failed: expected {command[0]} to be a program: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise PictureError(
            f"expected Graphviz to draw {len(_EDGE.findall(source)):,} edges within {timeout:g} s, and it did not: "
            'fold more, such as by view="neuron", draw a part of it, or give it a longer timeout'
        ) from None
    if code or not drawn:
        complaint = short(said.decode(errors="replace").strip(), _LONGEST_COMPLAINT) or "it drew nothing"
        raise PictureError(f"Graphviz failed: {complaint} ({command[0]})")
    return drawn


def _run(command: list[str], given: bytes, timeout: float) -> tuple[int, bytes, bytes]:
    """Run a program, and return its exit code, what it wrote, and its complaints; whatever happens, it is gone then."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            drawn, said = process.communicate(given, timeout)
        except BaseException:
            process.kill()
            process.wait()  # where `subprocess.run` leaves a zombie if the user interrupts it
            raise
    return process.returncode, drawn, said


def check(form: str) -> None:
    """Raise an error if there is no Graphviz here to draw with."""
    if not _command(form):
        raise PictureError(
            "expected Graphviz to draw with, found neither dot nor pygraphviz: apt-get install graphviz, "
            'brew install graphviz, or pip install "chainrule[dot]"; '
            "or take its text, .source or a file that ends in .dot, which needs neither"
        )


def _command(form: str) -> list[str]:
    """Return the command that draws what it reads, empty if there is none."""
    if dot := shutil.which("dot"):
        return [dot, f"-T{form}"]
    return [sys.executable, "-P", "-c", _PYGRAPHVIZ, form] if importlib.util.find_spec("pygraphviz") else []


def xml_text(text: str) -> str:
    """Return a text without what XML cannot hold: U+FFFD stands in its place."""
    return _NOT_XML.sub("\ufffd", text)


def label(*lines: str) -> str:
    r"""Return lines as a quoted label of a box that shows just them, whatever is in them.

    Graphviz decodes entities such as ``&amp;`` and sequences such as ``\N``.
    """
    plain = [xml_text(line).replace("&", "&amp;").replace("\\", "\\\\") for line in lines]
    return quoted(r"\n".join(line.replace("\r", " ").replace("\n", r"\n") for line in plain))


def html(text: str) -> str:
    r"""Return a text as it has to stand between the tags of a label ``<...>``.

    Graphviz reads sequences such as ``\N`` there too.
    """
    markup = xml_text(text).translate(_MARKUP).replace("\\", "\\\\")
    rest = markup.lstrip("]")  # which dot 2.43 does not read where a text begins with it
    return "&#93;" * (len(markup) - len(rest)) + rest


def tooltip(text: str) -> str:
    r"""Return a text as a quoted tooltip, in which Graphviz reads sequences such as ``\N`` twice."""
    return quoted(xml_text(text).replace("&", "&amp;").replace("\\", "\\" * 4).replace("\n", "&#10;"))


def shown(text: str) -> str:
    r"""Return a text with an escape in place of what cannot be seen or commands a terminal: ``\n``, ``\x1b``."""
    return text if text.isprintable() else "".join([c if c.isprintable() else ascii(c)[1:-1] for c in text])


def short(text: str, longest: int) -> str:
    """Return a text as `shown`, without its middle if it is long."""
    text, half = shown(text), longest // 2
    return text if len(text) <= longest else f"{text[:half]}…{text[-half + 1 :]}"


def quoted(text: str) -> str:
    """Return a text between quotes, as the DOT language has it."""
    return '"' + text.replace('"', r"\"") + '"'
