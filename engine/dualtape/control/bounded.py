"""A loop that ends by itself, but after so many steps at most: so it has a gradient inside `jit`, too.

Backwards it runs again twice. First it keeps the carry at the start of every few steps, in rows of which there are
enough for the most that it may take; then it walks back over those that it took, each block of few steps pulled back as
a scan. What this costs follows from the steps that were taken, the memory from those that were allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from math import isqrt
from typing import Any

from dualtape.autodiff.levels import pulled_through
from dualtape.compiler.program import Trace, evaluate
from dualtape.control.bodies import Mask, moving
from dualtape.control.flat import device_of, flat
from dualtape.control.loops import While, scan, while_loop, written_while
from dualtape.core.composite import Cotangents, PullBack, Values, spread
from dualtape.core.interpreter import apply
from dualtape.functions.creation import arange, zeros_like
from dualtape.functions.elementwise import logical_and
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.comparison import equal
from dualtape.primitives.gathering import take
from dualtape.primitives.movement import reshape
from dualtape.primitives.selection import where
from dualtape.views import is_observed


def bounded_while_loop(cond_fn: Callable[[Any], Any], body_fn: Callable[[Any], Any], init: Any, max_steps: int) -> Any:
    """As :func:`~dualtape.control.loops.while_loop`, and with reverse mode inside `jit`.

    ``cond_fn`` must see to it that there are ``max_steps`` steps at most: the loop does not count them.

    It is for a bound far above what is mostly taken, as that of an integrator: the gradient costs what the taken steps
    cost. `while_loop` with ``max_steps`` is a scan of all of them, which may be part of a kernel; it is for a bound
    that is near, as that of an iteration at each point.
    """
    if not is_observed():
        return while_loop(cond_fn, body_fn, init)
    device = device_of(init)
    loop = lambda condition, body, consts: BoundedWhile(condition, body, consts, max_steps)
    return written_while(cond_fn, body_fn, flat(init, device), device, loop)


@dataclass(frozen=True)
class BoundedWhile(While):
    """A loop of at most ``most`` steps."""

    most: int = 0

    def write(self, trace: Trace, inputs: Values) -> list[Any]:
        """As any `while_loop`: how many steps there may be matters to derivatives alone."""
        params = {"condition": self.condition, "body": self.body, "consts": self.consts, "most": None}
        return list(trace.write(self.kind, inputs, params, lambda **given: BoundedWhile(**given | {"most": self.most})))

    def in_pieces(self, inputs: Values) -> list[Any] | None:
        return None

    def pull_back(self, inputs: Values, watched: Mask) -> tuple[list[Any], PullBack]:
        """Cotangents of the carry go back block by block; those of the constants add up."""
        consts, carry = list(inputs[: self.consts]), list(inputs[self.consts :])
        active = self._active(watched)
        by_const, by_carry = active[: self.consts], active[self.consts :]

        def pull(cotangents: Cotangents) -> Cotangents:
            starts, blocks = self._starts(consts, carry)
            pairs = compress(zip(carry, cotangents, strict=True), by_carry)
            arrived = [zeros_like(x) if ct is None else ct for x, ct in pairs]

            def back(state: Any) -> Any:
                arrived, sums, i = state
                at = [take(rows, i - 1, axis=0) for rows in starts]
                seeds = spread(by_carry, arrived)
                found = pulled_through(self._block, [*consts, *at], active, seeds)
                known = [zeros_like(x) if ct is None else ct for x, ct in zip([*consts, *at], found, strict=True)]
                added = compress(known[: self.consts], by_const)
                sums = [x + y for x, y in zip(sums, added, strict=True)]
                return list(compress(known[self.consts :], by_carry)), sums, i - 1

            first = (arrived, [zeros_like(x) for x in compress(consts, by_const)], blocks)
            arrived, sums, _ = while_loop(lambda state: state[2] > 0, back, first)
            found = [*spread(by_const, sums), *spread(by_carry, arrived)]
            return [x if w else None for x, w in zip(found, watched, strict=True)]

        return apply(self, inputs), pull

    @property
    def _few(self) -> int:
        """The steps of a block."""
        return max(4, isqrt(self.most) // 8)

    def _goes_on(self, fixed: Sequence[Any], carry: Sequence[Any]) -> Any:
        return evaluate(self.condition, [*fixed, *carry])[0]

    def _starts(self, consts: list[Any], carry: list[Any]) -> tuple[list[Any], Any]:
        """The carry at the start of each block, as rows, and how many blocks there are."""
        count = -(-self.most // self._few)
        places = arange(count).to(carry[0].device)

        def step(state: Any) -> Any:
            return evaluate(self.body, [*consts, *state[0]]), state[1] + 1

        def block(state: Any) -> Any:
            carry, rows, i = state
            here = equal(places, i)
            kept = [where(_column(here, x), x, row) for x, row in zip(carry, rows, strict=True)]
            inside = lambda state: logical_and(state[1] < self._few, self._goes_on(consts, state[0]))
            return while_loop(inside, step, (carry, 0))[0], kept, i + 1

        rows = [broadcast_to(x, shape=(count, *x.shape)) for x in carry]
        _, starts, blocks = while_loop(lambda state: self._goes_on(consts, state[0]), block, (carry, rows, 0))
        return starts, blocks

    def _block(self, values: Values) -> list[Any]:
        """The carry after a few steps, or as many as there are left."""
        fixed, carry = values[: self.consts], list(values[self.consts :])

        def step(carry: list[Any], _: None) -> tuple[list[Any], tuple[()]]:
            going = self._goes_on(fixed, carry)
            moved = evaluate(self.body, [*fixed, *carry])
            return [where(going, x, y) for x, y in zip(moved, carry, strict=True)], ()

        found: list[Any] = scan(step, carry, None, length=self._few)[0]
        return found

    def _active(self, watched: Mask) -> list[bool]:
        """Which inputs of the body get cotangents: those that are watched, and the carry that depends on them."""
        active = list(watched)
        while True:
            moves = moving(self.body, active)
            grown = [*active[: self.consts], *(a or b for a, b in zip(active[self.consts :], moves, strict=True))]
            if grown == active:
                return active
            active = grown


def _column(here: Any, x: Any) -> Any:
    return reshape(here, shape=(*here.shape, *(1,) * len(x.shape)))
