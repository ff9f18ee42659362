"""The plots of `RESULTS.md`."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import ticker
from matplotlib.figure import Figure

from benchmarks.measure import Lane, Spread
from benchmarks.report import PHASES, by_row, mean_ratio, number

# Okabe and Ito's colours, which the colour-blind can tell apart; markers say the same.
STYLES = [("#0072B2", "o"), ("#E69F00", "s"), ("#009E73", "D"), ("#CC79A7", "^"), ("#56B4E9", "v")]
INK, PALE = "#222222", "#DDDDDD"

SETTINGS = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "svg.hashsalt": "chainrule",  # the same figures make the same file
}


def ratios(lanes: Sequence[Lane], path: Path) -> None:
    """Draw the price of a gradient by engine, a mark for each program, on a logarithmic scale."""
    rows = {row: [lane for lane in own if lane.timed] for row, own in by_row(lanes).items()}
    middle = {row: statistics.geometric_mean([lane.ratio.median for lane in own]) for row, own in rows.items() if own}
    order = sorted(middle, key=middle.__getitem__, reverse=True)
    tasks = list(dict.fromkeys(lane.task for lane in lanes))
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(9, 1.4 + 0.42 * len(order)), layout="constrained", facecolor="white")
        axes = figure.subplots()
        axes.set_xscale("log")
        for y, row in enumerate(order):
            axes.axhline(y, color=PALE, linewidth=0.8, zorder=0)
            mean = mean_ratio(by_row(lanes)[row])
            if mean is not None:
                axes.plot([mean, mean], [y - 0.33, y + 0.33], color=INK, linewidth=2, zorder=2)
            axes.annotate(
                number(mean) if mean is not None else "-", (1.01, y), xycoords=("axes fraction", "data"), va="center"
            )
        for task, (colour, marker) in zip(tasks, STYLES, strict=False):
            points = [
                (lane.ratio.median, order.index(row)) for row, own in rows.items() for lane in own if lane.task == task
            ]
            axes.scatter(
                *zip(*points, strict=True), c=colour, marker=marker, s=38, label=task.replace("_", " "),
                edgecolors="white", linewidths=0.6, zorder=3,
            )  # fmt: skip
        axes.axvline(1, color=INK, linewidth=1, linestyle=":", zorder=1)
        axes.annotate("plain floats", (1.05, 0.02), xycoords=("data", "axes fraction"))
        axes.plot([], [], color=INK, linewidth=2, label="geometric mean")
        axes.set_yticks(range(len(order)), order)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:,.0f}"))
        axes.set_xlim(left=0.8)
        axes.set_xlabel("time of value and gradient, in multiples of the program on plain floats")
        figure.legend(loc="outside upper center", ncols=6, frameon=False, handletextpad=0.3, columnspacing=1.2)
        figure.savefig(path, metadata={"Date": None})


def growth(found: Mapping[int, Sequence[Spread]], path: Path) -> None:
    """Draw the time per operation of each phase by the size of the graph."""
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(7, 3.6), layout="constrained", facecolor="white")
        axes = figure.subplots()
        sizes = list(found)
        for k, (phase, (colour, marker)) in enumerate(zip(PHASES, STYLES, strict=False)):
            spreads = [phases[k] for phases in found.values()]
            axes.fill_between(sizes, [s.low for s in spreads], [s.high for s in spreads], color=colour, alpha=0.2)
            axes.plot(sizes, [s.median for s in spreads], color=colour, marker=marker, label=phase)
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", color=PALE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_xlabel("operations of the graph")
        axes.set_ylabel("ns per operation")
        axes.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
        figure.savefig(path, metadata={"Date": None})
