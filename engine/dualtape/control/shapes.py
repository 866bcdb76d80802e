"""The shapes and element types of what a function returns, without its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape import pytree
from dualtape.compiler.jit import common_device, filled, flattened, is_inside
from dualtape.control.bodies import close_unset
from dualtape.core.interpreter import value_of
from dualtape.core.spec import Spec
from dualtape.tensor import Tensor


def eval_shape(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What ``fn`` would return, with a ``Spec(shape, dtype)`` in the place of each tensor.

    The function is traced as by :func:`jit`: it runs once on tensors whose numbers are not known. So nothing is
    computed but what depends on none of them. Parameters that it sets keep their values.

    Parameters
    ----------
    fn
        A function that ``jit`` would take.
    *args, **kwargs
        Its arguments: tensors, arrays and whatever else, in nested containers.

    Raises
    ------
    TracingError
        If the function asks for the numbers of a tensor.

    Examples
    --------
    >>> import dualtape as dt
    >>> found = dt.eval_shape(lambda x, y: {"product": x @ y, "order": 2}, dt.ops.ones((500, 3)), dt.ops.ones((3, 4)))
    >>> print(found["product"].shape, found["product"].dtype, found["order"])
    (500, 4) Float32 2
    """
    leaves, structure = flattened(args, kwargs)
    tensors = [x for x in leaves if isinstance(x, Tensor)]
    specs, place = [Spec(x.shape, x.dtype) for x in tensors], common_device(tensors)
    found: Any = None

    def traced(*values: Tensor) -> list[Any]:
        nonlocal found
        inner_args, inner_kwargs = filled(leaves, structure, values)
        found = _specs(fn(*inner_args, **inner_kwargs))
        return []

    if is_inside(tensors):
        close_unset(traced, specs, place)
    else:
        # Imported when something is traced, as by `jit`.
        from dualtape.compiler.program import trace_program

        trace_program(traced, specs, place)
    return found


def _specs(values: Any) -> Any:
    leaves, structure = pytree.flatten(values)
    known = map(value_of, leaves)
    return pytree.unflatten(structure, [Spec(x.shape, x.dtype) if isinstance(x, Tensor) else x for x in known])
