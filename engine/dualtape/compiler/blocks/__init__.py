"""Programs in blocks of points: found, turned into tile programs, written as kernels and run."""

from dualtape.compiler.blocks.run import planned as planned
