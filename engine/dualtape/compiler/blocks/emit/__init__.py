"""Kernels: the source of a tile program."""

from dualtape.compiler.blocks.emit.accumulators import Entry as Entry
from dualtape.compiler.blocks.emit.kernel import BlockKernel as BlockKernel
from dualtape.compiler.blocks.emit.kernel import CompiledRegion as CompiledRegion
from dualtape.compiler.blocks.emit.kernel import block_kernel as block_kernel
from dualtape.compiler.blocks.emit.kernel import compile_region as compile_region
