"""The steps of a scan: one after the other, in segments, or written once as a body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt
from typing import Any, NamedTuple

from dualtape.autodiff.transforms import checkpoint
from dualtape.control.bodies import close, close_body, sharing
from dualtape.control.flat import Flat, described, flat, require_same
from dualtape.control.scanning import Scan
from dualtape.control.structured import row_spec, value_spec
from dualtape.core.interpreter import apply
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.errors import ArgumentTypeError
from dualtape.functions.shape import concat, stack
from dualtape.primitives.movement import cut, reshape
from dualtape.tensor import Tensor


class Steps(NamedTuple):
    """What a scan does to a first carry, row by row; ``named`` is the user's own function, and ``title`` its loop."""

    f: Callable[..., Any]
    named: Callable[..., Any]
    first: Flat
    rows: Flat
    device: Device
    title: str

    def one_by_one(self, length: int) -> tuple[Any, Any]:
        """The last carry, and the stacks of outputs."""
        carry, rows = self.first, self.rows
        outputs: list[Flat] = []
        for i in range(length):
            row = rows.filled([reshape(_rows(x, i, 1), shape=x.shape[1:]) for x in rows.tensors])
            carry, y = self._step(carry.filled(carry.tensors), row)
            if outputs:
                what = f"the output of {described(self.named)} of `{self.title}`"
                require_same(outputs[0], y, what, "its first output")
            outputs.append(y)
        if not outputs:
            return carry.filled(carry.tensors), self._no_outputs()
        stacks = [stack(list(values)) for values in zip(*(y.tensors for y in outputs), strict=True)]
        return carry.filled(carry.tensors), outputs[0].filled(stacks)

    def in_segments(self, length: int) -> tuple[Any, Any]:
        """The same, in about sqrt(length) segments, of which a tape remembers the starts only."""
        size = isqrt(length - 1) + 1
        carry, rows = self.first, self.rows
        pieces: list[Flat] = []
        for start in range(0, length, size):
            count = min(size, length - start)

            def segment(carry: Any, part: Any, count: int = count) -> Any:
                steps = self._replace(first=flat(carry, self.device), rows=flat(part, self.device))
                return steps.one_by_one(count)

            part = rows.filled([_rows(x, start, count) for x in rows.tensors])
            last, ys = checkpoint(segment)(carry.filled(carry.tensors), part)
            carry = flat(last, self.device)
            pieces.append(flat(ys, self.device))
        joined = [concat(parts, 0) for parts in zip(*(piece.tensors for piece in pieces), strict=True)]
        return carry.filled(carry.tensors), pieces[0].filled(joined)

    def written(self, length: int) -> tuple[Any, Any]:
        """The same, as one equation of the program that is being written."""
        outputs: list[Flat] = []

        def run(*tensors: Any) -> list[Any]:
            carry, y = self._step(*self._apart(tensors))
            outputs.append(y)
            return [*carry.tensors, *y.tensors]

        (body,), captured = sharing(close_body(self.title, run, self._specs(), self.device))
        n = len(self.first.tensors)
        found = apply(Scan(body, len(captured), n, length), [*captured, *self.first.tensors, *self.rows.tensors])
        return self.first.filled(found[:n]), outputs[0].filled(found[n:])

    def _no_outputs(self) -> Any:
        """Stacks of no rows, of the shapes that a step would give."""
        found: list[Flat] = []

        def run(*tensors: Any) -> list[Any]:
            found.append(self._step(*self._apart(tensors))[1])
            return []

        close(run, self._specs(), self.device)
        (y,) = found
        return y.filled([Tensor(0, dtype=x.dtype, shape=(0, *x.shape), device=self.device) for x in y.tensors])

    def _step(self, carry: Any, row: Any) -> tuple[Flat, Flat]:
        found = self.f(carry, row)
        name = f"{described(self.named)} of `{self.title}`"
        if not isinstance(found, tuple) or len(found) != 2:
            kind = f"a tuple of {len(found)}" if isinstance(found, tuple) else type(found).__name__
            raise ArgumentTypeError(f"{name} must return a pair (carry, output), got {kind}")
        after, y = flat(found[0], self.device), flat(found[1], self.device)
        require_same(self.first, after, f"the carry that {name} returns", "`init`")
        return after, y

    def _specs(self) -> list[Spec]:
        return [*map(value_spec, self.first.tensors), *map(row_spec, self.rows.tensors)]

    def _apart(self, tensors: Sequence[Any]) -> tuple[Any, Any]:
        n = len(self.first.tensors)
        return self.first.filled(tensors[:n]), self.rows.filled(tensors[n:])


def _rows(x: Tensor, start: int, count: int) -> Tensor:
    shape = x.shape
    zeros = (0,) * (len(shape) - 1)
    return cut(x, starts=(start, *zeros), sizes=(count, *shape[1:]), steps=(1,) * len(shape))
