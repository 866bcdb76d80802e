"""What a kernel would compute, on the host and with the same bits: for what is run once, and not worth building it.

Comparisons and choices are exact, and one sum, difference or product is rounded by NumPy as by a kernel. Two of them
a compiler may contract to one, and quotients and functions have bounds of their own: those are left to kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualtape.core.expression import Argument, Expression, Literal, OperatorCall

_ROUNDED: dict[str, Callable[..., Any]] = {"+": np.add, "-": np.subtract, "*": np.multiply}
_EXACT: dict[str, Callable[..., Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "&&": np.logical_and,
    "||": np.logical_or,
    "!": np.logical_not,
    "?": np.where,
}


def is_rounded_once(expression: Expression) -> bool:
    """Whether NumPy computes of floats the same bits as a kernel (but a NaN's)."""
    calls = [node for node in expression.nodes() if isinstance(node, OperatorCall)]
    others = [node for node in expression.nodes() if not isinstance(node, (OperatorCall, Argument, Literal))]
    if others or not all(node.symbol in _ROUNDED | _EXACT for node in calls):
        return False
    return sum(len(node.operands) == 2 and node.symbol in _ROUNDED for node in calls) <= 1


def on_host_arrays(expression: Expression, inputs: Sequence[np.ndarray]) -> Any:
    """What an expression gives of arrays of floats, all of one type."""
    match expression:
        case Argument(position=position):
            return inputs[position]
        case Literal(value=value):
            return inputs[0].dtype.type(value)
        case OperatorCall(symbol="-", operands=(operand,)):
            return np.negative(on_host_arrays(operand, inputs))
        case OperatorCall(symbol=symbol, operands=operands):
            return (_ROUNDED | _EXACT)[symbol](*(on_host_arrays(operand, inputs) for operand in operands))
    raise AssertionError(f"`{expression}` has no value on the host")
