"""Figures as tables on a terminal and as plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def table(corner: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    lines = [(corner, *columns), *((name, *cells) for name, cells in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(_aligned(i, cell, widths[i]) for i, cell in enumerate(line)) for line in lines)


def _aligned(column: int, cell: str, width: int) -> str:
    return cell.rjust(width) if column else cell.ljust(width)


def write_lines(path: str, figures: Sequence[dict[str, Any]]) -> None:
    Path(path).write_text("".join(json.dumps(figure) + "\n" for figure in figures), encoding="utf-8")


def bars(path: str, groups: Sequence[str], heights: Mapping[str, Sequence[float | None]], label: str) -> None:
    """A group of bars for each workload, one bar for each engine; None leaves a bar out."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(max(6.0, 1.2 * len(groups)), 4))
    width = 0.8 / len(heights)
    for i, (name, values) in enumerate(heights.items()):
        known = [(j, v) for j, v in enumerate(values) if v is not None]
        axes.bar([j + (i + 0.5) * width - 0.4 for j, _ in known], [v for _, v in known], width, label=name)
    axes.set_xticks(range(len(groups)), groups, rotation=20, ha="right")
    _finish(axes, label)
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def curves(path: str, panels: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], label: str) -> None:
    """A panel for each quantity that grows, with a curve for each engine."""
    import matplotlib.pyplot as plt

    figure, found = plt.subplots(1, len(panels), figsize=(4.5 * len(panels), 4), squeeze=False)
    for axes, (title, series) in zip(found[0], panels.items(), strict=True):
        for name, pairs in series.items():
            axes.plot([x for x, _ in pairs], [y for _, y in pairs], marker="o", label=name)
        values = sorted({x for pairs in series.values() for x, _ in pairs})
        axes.set_xscale("log")
        axes.set_xticks(values, [f"{x:g}" for x in values])
        axes.minorticks_off()
        axes.set_xlabel(title)
        _finish(axes, label)
        axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def _finish(axes: Any, label: str) -> None:
    axes.set_yscale("log")
    axes.set_ylabel(label)
    axes.grid(True, axis="y", alpha=0.3)
