"""Hypothesis strategies for networks and tables, to test what is built on `nn`.

>>> from hypothesis import given
>>> from nn.testing import datasets, models
>>> @given(models(nin=2), datasets(columns=2))
... def test_a_network_takes_every_row(model, table):
...     for row in table.features:
...         model(row)
>>> test_a_network_takes_every_row()
"""

from __future__ import annotations

from typing import Literal

from hypothesis import strategies as st

from nn.activations import ACTIVATIONS
from nn.data import Table
from nn.layers import MLP

__all__ = ["datasets", "models"]

_MOST_COLUMNS = 4
_CLASSES = ("a", "b", "c")


def models(nin: int | None = None, nout: int | None = None) -> st.SearchStrategy[MLP]:
    """Return a strategy for small networks: up to two hidden layers, any activations, weights by a seed.

    Parameters
    ----------
    nin, nout : int, optional
        How many inputs and outputs they have; without it, one to three.
    """
    few = st.integers(1, 3)
    activations = st.sampled_from(sorted(ACTIVATIONS))
    outputs = few if nout is None else st.just(nout)
    return st.builds(
        MLP,
        few if nin is None else st.just(nin),
        st.tuples(st.lists(few, max_size=2), outputs).map(lambda sizes: [*sizes[0], sizes[1]]),
        activation=activations,
        output=activations,
        rng=st.integers(0, 2**32 - 1),
    )


@st.composite
def datasets(
    draw: st.DrawFn, columns: int | None = None, task: Literal["regression", "classification"] | None = None
) -> Table:
    """Return a strategy for tables of one to a few rows.

    Rows are often equal, with equal targets or not; columns, that of the targets too, are often
    constant; and a class may have no row. All numbers are within 10 of 0.

    Parameters
    ----------
    columns : int, optional
        How many features there are; without it, one to four.
    task : {"regression", "classification"}, optional
        Whether the targets are numbers or classes; without it, either.
    """
    most = columns or _MOST_COLUMNS
    width = columns or draw(st.integers(1, most))
    numbers = st.one_of(st.sampled_from([0.0, 1.0, -1.0]), st.floats(-10.0, 10.0))
    classes = draw(st.booleans()) if task is None else task == "classification"
    target = st.integers(0, len(_CLASSES) - 1) if classes else numbers
    # Some cells, and the targets of the rows that have these cells.
    groups = st.tuples(st.lists(numbers, min_size=most, max_size=most), st.lists(target, min_size=1, max_size=3))
    drawn = draw(st.lists(groups, min_size=1, max_size=5))
    rows = [[*cells[:width], target] for cells, targets in drawn for target in targets]
    constant = draw(st.sets(st.integers(0, width)))
    rows = [[x if k not in constant else rows[0][k] for k, x in enumerate(row)] for row in rows]
    return Table(
        [row[:-1] for row in rows],
        [row[-1] for row in rows],
        [f"x{k}" for k in range(1, width + 1)],
        "y",
        list(_CLASSES) if classes else None,
    )
