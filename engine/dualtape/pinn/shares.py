"""A share of all points: some rows of each term, weighed so that losses of shares add up to the loss of all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import dualtape as dt
from dualtape.pinn.objective import WEIGHTS, Batch, Objective
from dualtape.pinn.work import weighed

Rows = Callable[[int], slice]
"""Of so many rows, those of a share."""


def chosen_rows(rows_of: Rows, count: int) -> tuple[slice, int]:
    """The rows of a share, and how many of them count: one that has none takes one that does not, for kernels' sake."""
    rows = rows_of(count)
    counted = rows.stop - rows.start
    return (rows, counted) if counted else (slice(0, 1), 0)


def share_of(objective: Objective, batches: list[Batch], rows_of: Rows, takes_whole_terms: bool) -> list[Batch]:
    """The rows of a share of each term.

    The mean over all rows of a term is the sum over shares of the mean over theirs, times their part of the rows; these
    parts are weights of the rows. Terms whose residuals depend on many points at once, as integrals do, are in every
    share, and count in one.
    """
    parts, weights = [], []
    shapes = zip(batches, objective.terms, objective.weight_shapes(batches), strict=True)
    for batch, term, (count, residuals) in shapes:
        before = np.asarray(batch[WEIGHTS]) if WEIGHTS in batch else np.ones((count, residuals))
        if term.condition.rows is not None:
            parts.append(batch)
            weights.append(before * float(takes_whole_terms))
            continue
        rows, counted = chosen_rows(rows_of, count)
        chosen = np.arange(count)[rows]
        # Partners stand in the second half.
        places = np.concatenate([chosen, chosen + count]) if term.condition.paired else chosen
        arrays = {name: np.asarray(x)[places] for name, x in batch.items() if name != WEIGHTS}
        parts.append({name: dt.Tensor(x, device=batch[name].device) for name, x in arrays.items()})
        weights.append(before[rows] * (counted / count))
    return weighed(parts, weights)
