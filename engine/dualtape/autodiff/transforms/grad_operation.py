"""`GradOperation`: MindSpore's older form of `grad`, told by flags what to return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.autodiff.transforms.request import Weights, require_bools, require_callable
from dualtape.autodiff.transforms.reverse import value_and_grad
from dualtape.functions.creation import zeros_like
from dualtape.tensor import Tensor


class GradOperation:
    """Makes gradient functions.

    Parameters
    ----------
    get_all
        Gradients by all Tensor inputs, as a tuple; by the first one, bare, otherwise.
    get_by_list
        Gradients by ``weights``; alone, or paired with those by all inputs.
    sens_param
        Take the cotangent of the output as an additional last argument.

    Examples
    --------
    >>> import dualtape as dt
    >>> gradient = dt.ops.GradOperation(get_all=True)(lambda x, y: x * y)
    >>> gradient(dt.Tensor(2.0), dt.Tensor(3.0))
    (Tensor(shape=[], dtype=Float32, value= 3), Tensor(shape=[], dtype=Float32, value= 2))
    """

    def __init__(self, get_all: bool = False, get_by_list: bool = False, sens_param: bool = False) -> None:
        require_bools("GradOperation", get_all=get_all, get_by_list=get_by_list, sens_param=sens_param)
        self.get_all = get_all
        self.get_by_list = get_by_list
        self.sens_param = sens_param

    def __call__(self, fn: Callable[..., Any], weights: Weights = None) -> Callable[..., Any]:
        """The gradient function of ``fn``; without ``weights``, those of a Cell are its trainable parameters."""
        both = self.value_and_gradients(fn, weights)

        def after_grad(*args: Any, **kwargs: Any) -> Any:
            return both(*args, **kwargs)[1]

        return after_grad

    def value_and_gradients(self, fn: Callable[..., Any], weights: Weights = None) -> Callable[..., tuple[Any, Any]]:
        """A function that returns what ``fn`` returns beside the gradients."""
        require_callable("GradOperation", fn)
        if self.get_by_list and weights is None:
            weights = list(fn.trainable_params()) if hasattr(fn, "trainable_params") else []
        if not self.get_by_list:
            weights = None

        def evaluate(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
            own = args[:-1] if self.sens_param and "sens" not in kwargs else args
            values = [*own, *(value for name, value in kwargs.items() if name != "sens")]
            tensors = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
            if not self.get_all:
                tensors = [] if self.get_by_list or not tensors else [0]
            # Among all inputs an integer one, which has no derivative, keeps its place with zeros.
            floats = tuple(i for i in tensors if not self.get_all or values[i].dtype.is_inexact)
            if weights is None and not floats:
                rest = {name: value for name, value in kwargs.items() if name != "sens"}
                by_position: Any
                value, by_position, by_weight = fn(*own, **rest), (), ()
            else:
                request = value_and_grad(fn, floats or None, weights, sens_param=self.sens_param)
                value, gradients = request(*args, **kwargs)
                both = bool(floats) and weights is not None
                by_position, by_weight = gradients if both else (gradients, ()) if floats else ((), gradients)
            remaining = iter((by_position,) if len(floats) == 1 else by_position)
            by_input = tuple(next(remaining) if i in floats else zeros_like(values[i]) for i in tensors)
            if not self.get_all:
                return value, by_weight if self.get_by_list else (by_input[0] if by_input else ())
            return value, (by_input, by_weight) if self.get_by_list else by_input

        return evaluate
