"""Comparisons and logic; they look at primal values only, and give bools."""

import numpy as np

from dualtape.core.example import Example, Flags, Reals
from dualtape.core.lowering import Expression
from dualtape.core.primitive import predicate

_PAIR = (Example((Reals((2, 3)), Reals((3,)))), Example((Reals(()), Reals(()))))
_FLAGS = (Example((Flags((2, 3)), Flags((3,)))),)

equal = predicate("equal", numpy=np.equal, opencl=Expression("x == y"), examples=_PAIR)
not_equal = predicate("not_equal", numpy=np.not_equal, opencl=Expression("x != y"), examples=_PAIR)
less = predicate("less", numpy=np.less, opencl=Expression("x < y"), examples=_PAIR)
less_equal = predicate("less_equal", numpy=np.less_equal, opencl=Expression("x <= y"), examples=_PAIR)
greater = predicate("greater", numpy=np.greater, opencl=Expression("x > y"), examples=_PAIR)
greater_equal = predicate("greater_equal", numpy=np.greater_equal, opencl=Expression("x >= y"), examples=_PAIR)

logical_and = predicate("logical_and", numpy=np.logical_and, opencl=Expression("x && y"), examples=_FLAGS)
logical_or = predicate("logical_or", numpy=np.logical_or, opencl=Expression("x || y"), examples=_FLAGS)
logical_xor = predicate("logical_xor", numpy=np.logical_xor, opencl=Expression("x != y"), examples=_FLAGS)
logical_not = predicate(
    "logical_not", numpy=np.logical_not, opencl=Expression("!x"), examples=(Example((Flags((2, 3)),)),)
)

isnan = predicate(
    "isnan", numpy=np.isnan, opencl=Expression("x != x", integer="0"), examples=(Example((Reals((2, 3)),)),)
)
isfinite = predicate(
    "isfinite",
    numpy=np.isfinite,
    opencl=Expression("(x - x) == (T)0", integer="1"),
    examples=(Example((Reals((2, 3)),)),),
)
