"""What `jit` makes of a function, for people: its programs, its kernels, how it runs and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dualtape.compiler.program import Program
from dualtape.devices.device import Device

if TYPE_CHECKING:
    from dualtape.compiler.cost import Cost


@dataclass(frozen=True)
class Lowered:
    """A traced function; it prints as its program before and after all passes.

    Attributes
    ----------
    program
        As written down.
    optimised
        After all passes.
    source
        The OpenCL C that it runs; empty where it runs operation by operation.
    explanation
        How it runs, and why.
    device
        Where its inputs and results are.
    """

    program: Program
    optimised: Program
    source: str
    explanation: str
    device: Device

    def __str__(self) -> str:
        return f"as traced:\n{self.program}\n\nafter all passes:\n{self.optimised}\n\nit {self.explanation}"

    def kernels(self) -> str:
        """The OpenCL C that it runs; empty where it runs operation by operation.

        Examples
        --------
        >>> import dualtape as dt
        >>> dt.jit(lambda x: x + x, device="host").lower(dt.Tensor(1.0)).kernels()
        ''
        """
        return self.source

    def cost(self) -> Cost:
        """Operations, bytes and the least time of the optimised program; it prints as a table.

        Examples
        --------
        >>> import dualtape as dt
        >>> a = dt.ops.ones((8, 8))
        >>> dt.jit(lambda a, b: a @ b).lower(a, a).cost().flops
        1024
        """
        from dualtape.compiler.cost import cost_of

        return cost_of(self.optimised, self.device)
