"""MindSpore's functions of functions: dualtape's, which give the programs' functions MindSpore's tensors."""

from __future__ import annotations

import dualtape as dt
from dualtape.mindspore.common.tensor import for_programs, transformation
from dualtape.mindspore.ops.tables import Functions

_AT_THE_TOP = (
    "grad", "value_and_grad", "jvp", "vjp", "jacfwd", "jacrev", "hessian", "hvp", "vmap", "linearize", "checkpoint",
)  # fmt: skip
_IN_OPS = ("jet", "derivative", "cond", "while_loop", "scan", "fori_loop")

TRANSFORMS: Functions = {name: transformation(getattr(dt, name)) for name in _AT_THE_TOP}
TRANSFORMS |= {name: transformation(getattr(dt.ops, name)) for name in _IN_OPS}
TRANSFORMS["get_grad"] = for_programs(dt.get_grad)
