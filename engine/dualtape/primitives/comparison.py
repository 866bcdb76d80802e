"""Comparisons and logic, and that of the bits of integers; they look at primal values only."""

from typing import Any

import numpy as np

from dualtape.core.example import Example, Flags, Indices, Reals
from dualtape.core.expression import bits, by_type, call, x, y
from dualtape.primitives.declaring import piecewise_constant, predicate

_COMPARED = (Example((Reals((2, 3)), Reals((3,)))), Example((Reals(()), Reals(()))))
_NUMBERS = (Example((Reals((2, 3)),)),)
_INTEGERS = (Example((Indices((2, 3), 9), Indices((3,), 9))),)
_FLAGS = (Example((Flags((2, 3)), Flags((3,)))),)


def _tie(x: Any, y: Any, z: Any) -> Any:
    # Near by it may come out otherwise, and what is chosen with it.
    return x == y


equal = predicate("equal", numpy=np.equal, opencl=x == y, examples=_COMPARED, kink=_tie)
not_equal = predicate("not_equal", numpy=np.not_equal, opencl=x != y, examples=_COMPARED, kink=_tie)
less = predicate("less", numpy=np.less, opencl=x < y, examples=_COMPARED, kink=_tie)
less_equal = predicate("less_equal", numpy=np.less_equal, opencl=x <= y, examples=_COMPARED, kink=_tie)
greater = predicate("greater", numpy=np.greater, opencl=x > y, examples=_COMPARED, kink=_tie)
greater_equal = predicate("greater_equal", numpy=np.greater_equal, opencl=x >= y, examples=_COMPARED, kink=_tie)

logical_and = predicate("logical_and", numpy=np.logical_and, opencl=x & y, examples=_FLAGS)
logical_or = predicate("logical_or", numpy=np.logical_or, opencl=x | y, examples=_FLAGS)
logical_xor = predicate("logical_xor", numpy=np.logical_xor, opencl=x != y, examples=_FLAGS)
logical_not = predicate("logical_not", numpy=np.logical_not, opencl=~x, examples=(Example((Flags((2, 3)),)),))

isnan = predicate("isnan", numpy=np.isnan, opencl=by_type(x != x, 0), examples=_NUMBERS)
isfinite = predicate("isfinite", numpy=np.isfinite, opencl=by_type(x - x == 0, 1), examples=_NUMBERS)

# Of integers; shifted out of their width, all bits are those that come in.
bitwise_and = piecewise_constant("bitwise_and", numpy=np.bitwise_and, opencl=bits("&", x, y), examples=_INTEGERS)
bitwise_or = piecewise_constant("bitwise_or", numpy=np.bitwise_or, opencl=bits("|", x, y), examples=_INTEGERS)
bitwise_xor = piecewise_constant("bitwise_xor", numpy=np.bitwise_xor, opencl=bits("^", x, y), examples=_INTEGERS)
bitwise_not = piecewise_constant(
    "bitwise_not", numpy=np.bitwise_not, opencl=bits("~", x), examples=(Example((Indices((2, 3), 9),)),)
)
left_shift = piecewise_constant(
    "left_shift", numpy=np.left_shift, opencl=by_type(x, call("dt_integer_left_shift", x, y)), examples=_INTEGERS
)
right_shift = piecewise_constant(
    "right_shift", numpy=np.right_shift, opencl=by_type(x, call("dt_integer_right_shift", x, y)), examples=_INTEGERS
)
