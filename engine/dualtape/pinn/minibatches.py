"""Some of the points at each step: mini-batches, in which each point has its turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import dualtape as dt
from dualtape.pinn.objective import WEIGHTS, Batch, Objective

# Beside the seeds of points, (seed, draws, ...): a stream of its own.
_STREAM = 0x6D696E69


class MiniBatches:
    """Parts of the batches of all terms, as large a share of each as of the equations.

    Terms whose residuals depend on many points at once, as integrals do, are taken whole.

    Parameters
    ----------
    whole
        The points and data of each term.
    size
        How many points of the equations there are in one.
    """

    def __init__(self, whole: Sequence[Batch], objective: Objective, size: int, seed: int) -> None:
        self.whole = whole
        self._seed = seed
        rows = [shape[0] for shape in objective.weight_shapes(whole)]
        share = min(size / rows[0], 1.0)
        self._rows = rows
        self._sizes = [
            count if term.condition.rows is not None else max(1, round(share * count))
            for count, term in zip(rows, objective.terms, strict=True)
        ]
        self._pairs = [term.condition.paired for term in objective.terms]
        self._arrays = [{name: x.asnumpy() for name, x in batch.items()} for batch in whole]

    def of_step(self, step: int) -> list[Batch]:
        """Those of a step: the same ones for the same step and seed, so that a run can go on."""
        return [
            self._part(term, step) if self._sizes[term] < self._rows[term] else x for term, x in enumerate(self.whole)
        ]

    def _part(self, term: int, step: int) -> Batch:
        rows, size = self._rows[term], self._sizes[term]
        places = np.arange(step * size, (step + 1) * size)
        turns = {
            turn: np.random.default_rng((_STREAM, self._seed, term, int(turn))).permutation(rows)
            for turn in np.unique(places // rows)
        }
        chosen = np.array([turns[place // rows][place % rows] for place in places])
        found = {}
        for name, array in self._arrays[term].items():
            # Partners stand in the second half.
            both = self._pairs[term] and name != WEIGHTS
            taken = array[np.concatenate([chosen, chosen + rows])] if both else array[chosen]
            found[name] = dt.Tensor(taken, device=self.whole[term][name].device)
        return found
