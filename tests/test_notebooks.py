"""The notebooks run on both twins, and what they say is what is committed.

``python tests/test_notebooks.py`` runs them and writes their outputs anew.
"""

import copy
import os
import re
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
REFRESH = "if that is as it should be, run: python tests/test_notebooks.py"
#: All that a notebook says beside its cells: nothing of who ran it, and where.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def executed(notebook, scratch, pure_python=False):
    """Return a copy of a notebook with the outputs of a fresh kernel, which leaves its files in a scratch directory."""
    made = copy.deepcopy(notebook)
    client = NotebookClient(made, kernel_name="python3", coalesce_streams=True, record_timing=False, timeout=60)
    client.resources["metadata"] = {"path": str(scratch)}
    variables = {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(scratch), "AUTOGRAD_PURE_PYTHON": str(int(pure_python))}
    client.execute(env=os.environ | variables)
    made.metadata = nbformat.from_dict(METADATA)
    return made


def said(cell):
    """Return what a cell put out: texts, by stream or kind; of a picture and of a page, that there is one."""
    found = []
    for output in cell.get("outputs", []):
        texts = {output.name: output.text} if output.output_type == "stream" else output.data
        found += [
            (kind, "" if kind.startswith("image/") or kind == "text/html" else texts[kind]) for kind in sorted(texts)
        ]
    return found


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    """Return a notebook as it is committed."""
    return nbformat.read(request.param, as_version=4)


def test_a_notebook_says_what_is_committed(notebook, engine, tmp_path):
    """A fresh kernel, on either twin, runs every cell, and the outputs are those in the file."""
    again = executed(notebook, tmp_path, pure_python=engine.__name__ == "autograd.engine")
    for cell, committed in zip(again.cells, notebook.cells, strict=True):
        assert said(committed) == said(cell), f"cell {cell.id}: the outputs differ; {REFRESH}"


def test_a_notebook_is_tidy(notebook):
    """Cells are numbered as they ran, have names of their own, and nothing tells of the machine or went wrong."""
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert notebook.metadata == METADATA, REFRESH
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), REFRESH
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", cell.id) and not cell.metadata for cell in notebook.cells)
    texts = [entry for cell in code for entry in said(cell)]
    assert not [text for kind, text in texts if kind == "stderr" or re.search(r"/\w+/|ipykernel|0x[0-9a-f]{8,}>", text)]


def test_the_readme_lists_the_notebooks():
    """`notebooks/README.md` has a link to each."""
    page = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS] == re.findall(r"\]\(([^)]+\.ipynb)\)", page)


if __name__ == "__main__":
    for path in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as scratch:
            nbformat.write(executed(nbformat.read(path, as_version=4), scratch), path)
