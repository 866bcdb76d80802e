"""Many examples at once: values with one further leading axis that their users do not see.

Operations that broadcast anyway only need their inputs aligned; the others state in the catalogue how they treat one
more leading axis.
"""

from __future__ import annotations

from typing import Any

from dualtape.core.interpreter import Level, bind
from dualtape.core.primitive import Primitive
from dualtape.dtypes import DType
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.movement import reshape
from dualtape.tensor import Tensor


class Batched(Tensor):
    """One example that stands for all of them; its primal has them along the first axis."""

    __slots__ = ("dtype", "level", "primal")

    dtype: DType
    level: BatchLevel
    primal: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape[1:]

    def __str__(self) -> str:
        return f"{self.level.size} examples:\n{self.primal}"

    def __repr__(self) -> str:
        return f"Batched({self.primal!r})"


class BatchLevel(Level):
    """The interpreter that runs every operation once for all examples."""

    title = "a vmap"

    def __init__(self, size: int) -> None:
        self.size = size

    def batched(self, primal: Tensor) -> Batched:
        """The value whose examples lie along the first axis of ``primal``."""
        value = Batched.__new__(Batched)
        value.level = self
        value.primal = primal
        value.dtype = primal.dtype
        return value

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        if primitive.batch is None:
            return self.batched(bind(primitive, self._aligned(inputs), params))
        return self.batched(primitive.batch(self.size, *(self.all_examples(x) for x in inputs), **params))

    def all_examples(self, x: Any) -> Any:
        """``x`` with its examples along the first axis; a value that is the same for all is repeated."""
        if getattr(x, "level", None) is self:
            return x.primal
        if not isinstance(self.lower(x), Tensor):
            return x
        return broadcast_to(x, shape=(self.size, *x.shape))

    def _aligned(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Inputs whose own axes line up from the right behind the examples' axis."""
        rank = max(len(x.shape) for x in inputs if isinstance(x, Tensor))

        def align(x: Any) -> Any:
            if getattr(x, "level", None) is not self:
                return self.lower(x)
            missing = rank - len(x.shape)
            shape = x.primal.shape
            return reshape(x.primal, shape=(shape[0], *(1,) * missing, *shape[1:])) if missing else x.primal

        return tuple(map(align, inputs))
