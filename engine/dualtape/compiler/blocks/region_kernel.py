"""From a region to its kernel: the stages of the tile program, once with plain products and once without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from dualtape.compiler.blocks.emit import BlockKernel, block_kernel
from dualtape.compiler.blocks.find import Region
from dualtape.compiler.blocks.target import Target
from dualtape.compiler.blocks.tile import with_plain_products


@dataclass(frozen=True)
class CompiledRegion:
    """A region, and the kernel that runs it.

    Attributes
    ----------
    strict
        The kernel for when a NaN comes out of ``kernel``, whose products are plain ones; None where they need not be.
    """

    region: Region
    target: Target
    kernel: BlockKernel
    strict: Callable[[], BlockKernel] | None


def compile_region(region: Region, target: Target) -> CompiledRegion:
    """Write the kernel of ``region`` for ``target``, with plain products if that is possible."""

    @cache
    def strict() -> BlockKernel:
        return block_kernel(region, target)

    plain = with_plain_products(region.operations)
    if plain is None:
        return CompiledRegion(region, target, strict(), None)
    kernel = block_kernel(replace(region, operations=plain), target)
    return CompiledRegion(region, target, kernel, strict)
