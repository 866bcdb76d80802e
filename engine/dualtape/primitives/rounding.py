"""Functions that are constant almost everywhere: their derivative is zero by statement."""

import numpy as np

from dualtape.core.example import Example, Reals
from dualtape.core.expression import by_type, call, x, y
from dualtape.core.lowering import Reinterpretation
from dualtape.core.primitive import NonDifferentiable
from dualtape.primitives.declaring import ONE_INPUT, infer_elementwise, piecewise_constant

sign = piecewise_constant(
    "sign", numpy=np.sign, opencl=by_type(call("dt_sign", x), (x > 0) - (x < 0)), kink=lambda x, y: x == 0
)
floor = piecewise_constant("floor", numpy=np.floor, opencl=call("dt_floor", x), kink=lambda x, y: x == y)
ceil = piecewise_constant("ceil", numpy=np.ceil, opencl=call("dt_ceil", x), kink=lambda x, y: x == y)

# Halves go to the even neighbour, as in NumPy.
round = piecewise_constant("round", numpy=np.rint, opencl=call("dt_round", x), kink=lambda x, y: np.abs(x - y) == 0.5)

stop_gradient: NonDifferentiable = NonDifferentiable(
    name="stop_gradient",
    numpy=lambda x: x,
    lowering=Reinterpretation(),
    infer=infer_elementwise("stop_gradient"),
    batch=lambda size, x: stop_gradient(x),
    examples=ONE_INPUT,
    # The function that it is: that its derivative is cut is for a check to find.
    continued=lambda x: x,
    written="ops.stop_gradient({0})",
)

floor_divide = piecewise_constant(
    "floor_divide",
    numpy=np.floor_divide,
    opencl=by_type(call("dt_floor_divide", x, y), call("dt_integer_floor_divide", x, y)),
    examples=(Example((Reals((2, 3)), Reals((3,), 0.5, 2.0))),),
    kink=lambda x, y, z: np.mod(x, y) == 0,
)
