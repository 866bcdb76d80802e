"""MindSpore's classes of loops: `ops.WhileLoop()`, `ops.ForiLoop()`, `ops.Scan()`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dualtape import pytree
from dualtape.autodiff.transforms import require_callable
from dualtape.control.loops import fori_loop, scan, while_loop
from dualtape.errors import ArgumentTypeError
from dualtape.functions.shape import stack
from dualtape.tensor import Tensor

__all__ = ["ForiLoop", "Scan", "WhileLoop"]


class WhileLoop:
    """``WhileLoop()(cond_func, loop_func, init_val)``: see :func:`dualtape.ops.while_loop`."""

    def __call__(self, cond_func: Callable[[Any], Any], loop_func: Callable[[Any], Any], init_val: Any) -> Any:
        return while_loop(cond_func, loop_func, init_val)


class ForiLoop:
    """``ForiLoop()(lower, upper, loop_func, init_val, unroll=True)``.

    With ``unroll``, and bounds that are numbers, it is Python's ``for`` inside `jit` too, and the index a Python int;
    otherwise :func:`dualtape.ops.fori_loop`.
    """

    def __call__(
        self, lower: Any, upper: Any, loop_func: Callable[[Any, Any], Any], init_val: Any, unroll: bool = True
    ) -> Any:
        _require_bool("ForiLoop", unroll)
        require_callable("ForiLoop", loop_func)
        if not unroll or isinstance(lower, Tensor) or isinstance(upper, Tensor):
            return fori_loop(lower, upper, loop_func, init_val)
        for i in range(lower, upper):
            init_val = loop_func(i, init_val)
        return init_val


class Scan:
    """``Scan()(loop_func, init, xs, length=None, unroll=True)``: a scan along a tuple or list.

    The outputs are a list. With ``unroll`` it is Python's ``for`` inside `jit` too; otherwise
    :func:`dualtape.ops.scan` along the stacked elements.

    Examples
    --------
    >>> from dualtape import ops
    >>> ops.Scan()(lambda total, x: (total + x, total + x), 0, [1, 2, 3, 4])
    (10, [1, 3, 6, 10])
    """

    def __call__(
        self,
        loop_func: Callable[[Any, Any], Any],
        init: Any,
        xs: tuple[Any, ...] | list[Any] | None,
        length: int | None = None,
        unroll: bool = True,
    ) -> tuple[Any, list[Any]]:
        _require_bool("Scan", unroll)
        require_callable("Scan", loop_func)
        if xs is not None and not isinstance(xs, (tuple, list)):
            raise ArgumentTypeError(f"`xs` of `Scan` must be a tuple, a list or None, got {type(xs).__name__}")
        if xs is None and (isinstance(length, bool) or not isinstance(length, int)):
            raise ArgumentTypeError(f"`length` of `Scan` without `xs` must be an int, got {type(length).__name__}")
        elements = [None] * (length or 0) if xs is None else list(xs)
        if unroll:
            outputs = []
            for x in elements:
                pair = loop_func(init, x)
                if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                    kind = type(pair).__name__
                    raise ArgumentTypeError(f"`loop_func` of `Scan` must return a pair (carry, output), got {kind}")
                init = pair[0]
                outputs.append(pair[1])
            return init, outputs
        rows = None if xs is None else stack([x if isinstance(x, Tensor) else Tensor(x) for x in elements])
        last, stacked = scan(loop_func, init, rows, len(elements))
        of_step = lambda x, i: x[i] if isinstance(x, Tensor) else x
        return last, [pytree.map(partial(of_step, i=i), stacked) for i in range(len(elements))]


def _require_bool(name: str, unroll: Any) -> None:
    if not isinstance(unroll, bool):
        raise ArgumentTypeError(f"`unroll` of `{name}` must be a bool, got {type(unroll).__name__}")
