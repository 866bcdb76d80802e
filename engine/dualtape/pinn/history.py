"""The losses of a training run, term by term."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np


class History:
    """One row for each step: its total loss, and what each term added to it.

    Attributes
    ----------
    names
        The terms.
    stages
        Pairs of a stage's name and the number of its rows, in order.
    weights
        What each term is multiplied by at the end, if that is known.

    Examples
    --------
    >>> history = History(["equation", "initial"])
    >>> history.append([2.0, 0.5])
    >>> print(history)
       step       total    equation     initial
          1   2.500e+00   2.000e+00   5.000e-01
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.stages: list[tuple[str, int]] = []
        self.weights: dict[str, float] = {}
        self._rows: list[np.ndarray] = []

    def begin(self, stage: str) -> None:
        """A stage of that name begins."""
        self.stages.append((stage, 0))

    @property
    def steps(self) -> int:
        """How many steps the present stage has taken."""
        return self.stages[-1][1] if self.stages else len(self)

    @property
    def last(self) -> float:
        """The loss at the last step."""
        return float(self._rows[-1].sum())

    def append(self, terms: np.ndarray | Sequence[float]) -> None:
        """Add a step by its weighted terms."""
        self._rows.append(np.asarray(terms, np.float64))
        if self.stages:
            name, steps = self.stages[-1]
            self.stages[-1] = (name, steps + 1)

    def extend(self, other: History) -> None:
        """Add the rows of another one with the same terms; its stages are not taken."""
        self._rows.extend(other._rows)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def terms(self) -> np.ndarray:
        """All terms, of shape (steps, number of terms)."""
        return np.array(self._rows).reshape(len(self._rows), len(self.names))

    @property
    def total(self) -> np.ndarray:
        """The loss at each step."""
        return np.asarray(self.terms.sum(axis=1))

    @property
    def of_stage(self) -> np.ndarray:
        """The loss at each step of the present stage."""
        return np.array([row.sum() for row in self._rows[len(self) - self.steps :]])

    def __getitem__(self, name: str) -> np.ndarray:
        """One term at each step, by name; ``history["total"]`` is the loss."""
        return self.total if name == "total" else self.terms[:, self.names.index(name)]

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return f"<pre>{html.escape(str(self))}</pre>"

    def __str__(self) -> str:
        """A table of about ten steps, and the weights at the end."""
        if not self._rows:
            return "no steps yet"
        widths = [max(10, len(name)) for name in self.names]
        header = [f"{'step':>7}", f"{'total':>10}", *(f"{n:>{w}}" for n, w in zip(self.names, widths, strict=True))]
        lines = ["  ".join(header)]
        for i in np.unique(np.linspace(0, len(self) - 1, 10).astype(int)):
            values = zip(self._rows[i], widths, strict=True)
            row = [f"{i + 1:>7}", f"{self._rows[i].sum():>10.3e}", *(f"{value:>{w}.3e}" for value, w in values)]
            lines.append("  ".join(row))
        if set(self.weights) == set(self.names):
            each = (f"{self.weights[name]:>{w}.3g}" for name, w in zip(self.names, widths, strict=True))
            lines.append("  ".join([f"{'weights':>7}", " " * 10, *each]))
        return "\n".join(lines)
