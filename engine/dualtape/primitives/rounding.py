"""Functions that are constant almost everywhere: their derivative is zero by statement."""

import numpy as np

from dualtape.core.example import Example, Reals
from dualtape.core.expression import by_type, call, x, y
from dualtape.core.lowering import Reinterpretation
from dualtape.core.primitive import NonDifferentiable, infer_elementwise

_ONE = (Example((Reals((2, 3)),)), Example((Reals(()),)), Example((Reals((0, 3)),)))

sign = NonDifferentiable(
    name="sign",
    numpy=np.sign,
    lowering=by_type(call("dt_sign", x), (x > 0) - (x < 0)),
    infer=infer_elementwise("sign"),
    examples=_ONE,
)

floor = NonDifferentiable(
    name="floor", numpy=np.floor, lowering=call("dt_floor", x), infer=infer_elementwise("floor"), examples=_ONE
)

ceil = NonDifferentiable(
    name="ceil", numpy=np.ceil, lowering=call("dt_ceil", x), infer=infer_elementwise("ceil"), examples=_ONE
)

# Halves go to the even neighbour, as in NumPy.
round = NonDifferentiable(
    name="round", numpy=np.rint, lowering=call("dt_round", x), infer=infer_elementwise("round"), examples=_ONE
)

stop_gradient: NonDifferentiable = NonDifferentiable(
    name="stop_gradient",
    numpy=lambda x: x,
    lowering=Reinterpretation(),
    infer=infer_elementwise("stop_gradient"),
    batch=lambda size, x: stop_gradient(x),
    examples=_ONE,
    # The function that it is: that its derivative is cut is for a check to find.
    continued=lambda x: x,
    written="ops.stop_gradient({0})",
)

floor_divide = NonDifferentiable(
    name="floor_divide",
    numpy=np.floor_divide,
    lowering=by_type(call("dt_floor_divide", x, y), call("dt_integer_floor_divide", x, y)),
    infer=infer_elementwise("floor_divide"),
    examples=(Example((Reals((2, 3)), Reals((3,), 0.5, 2.0))),),
)
