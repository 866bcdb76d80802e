"""Programs in blocks of points: found, turned into tile programs, written as kernels and run."""

from dualtape.compiler.blocks.emit import compile_region as compile_region
from dualtape.compiler.blocks.find import NotBlockable as NotBlockable
from dualtape.compiler.blocks.find import choose_division as choose_division
from dualtape.compiler.blocks.planning import Guarded as Guarded
from dualtape.compiler.blocks.planning import NothingToFuse as NothingToFuse
from dualtape.compiler.blocks.planning import plan_blocks as plan_blocks
from dualtape.compiler.blocks.planning import plan_loops as plan_loops
from dualtape.compiler.blocks.policy import choose_device as choose_device
from dualtape.compiler.blocks.policy import start_device as start_device
