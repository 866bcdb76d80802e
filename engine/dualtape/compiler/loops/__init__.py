"""Equations as kernels of loops, with no round trip to the host between them."""

from dualtape.compiler.loops.building import NestBuilder as NestBuilder
from dualtape.compiler.loops.cutting import is_spread as is_spread
from dualtape.compiler.loops.kernels import LoopKernel as LoopKernel
from dualtape.compiler.loops.kernels import Place as Place
from dualtape.compiler.loops.kernels import loop_kernels as loop_kernels
from dualtape.compiler.loops.nest import Nest as Nest
from dualtape.compiler.loops.nest import NotLoops as NotLoops
from dualtape.compiler.loops.nest import Source as Source
from dualtape.compiler.loops.nest import whole as whole
from dualtape.compiler.loops.spread import spread_kernel as spread_kernel
