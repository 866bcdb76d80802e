"""Ways to run a function inside of something that changes no value: loops, conditions, checkpoints, examples, threads.

Each takes a function from tensors to a tuple of tensors, and which of its arguments are passed on; the others are
closed over, whatever they are: values of open transformations, Parameters, constants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from threading import Thread
from typing import Any

import dualtape as dt
from dualtape import nn, ops

Function = Callable[..., tuple[dt.Tensor, ...]]
Wrapper = Callable[[Function, Sequence[bool]], Function]


def _closing(run: Callable[[Function, list[Any]], tuple[dt.Tensor, ...]]) -> Wrapper:
    """A wrapper of ``run``, which calls a function of the arguments that are passed on."""

    def wrapper(g: Function, passed: Sequence[bool]) -> Function:
        def wrapped(*args: Any) -> tuple[dt.Tensor, ...]:
            def inner(*some: Any) -> tuple[dt.Tensor, ...]:
                rest = iter(some)
                return g(*(next(rest) if p else x for x, p in zip(args, passed, strict=True)))

            return tuple(run(inner, list(compress(args, passed))))

        return wrapped

    return wrapper


def _zeros(g: Function, given: list[Any]) -> tuple[dt.Tensor, ...]:
    return tuple(ops.zeros_like(y) for y in g(*given))


def _last(stacks: Any) -> tuple[dt.Tensor, ...]:
    return tuple(y[-1] for y in stacks)


def _scan(length: int) -> Wrapper:
    return _closing(lambda g, given: _last(ops.scan(lambda c, _: (c, g(*given)), dt.Tensor(0.0), None, length)[1]))


def _scan_of_rows(g: Function, given: list[Any]) -> tuple[dt.Tensor, ...]:
    rows = [ops.stack([ops.cos(x), x * 2, ops.sin(x), x]) for x in given]
    return _last(ops.scan(lambda c, row: (c, g(*row)), dt.Tensor(0.0), rows, 4)[1])


def _carried(g: Function, given: list[Any]) -> tuple[dt.Tensor, ...]:
    """What is passed is the carry, in a container."""
    _, ys = ops.scan(lambda c, _: ({"x": c["x"]}, g(*c["x"])), {"x": given}, None, 5)
    return _last(ys)


def _fori_loop(length: int) -> Wrapper:
    return _closing(lambda g, given: ops.fori_loop(0, length, lambda i, c: g(*given), _zeros(g, given)))


def _while_loop(g: Function, given: list[Any]) -> tuple[dt.Tensor, ...]:
    state = dt.Tensor(0), _zeros(g, given)
    return ops.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, g(*given)), state)[1]


def _cond(chosen: bool) -> Wrapper:
    def run(g: Function, given: list[Any]) -> tuple[dt.Tensor, ...]:
        other = lambda *x: tuple(3 * y for y in g(*x))
        branches = (g, other) if chosen else (other, g)
        return ops.cond(dt.Tensor(chosen), *branches, *given)

    return _closing(run)


def _vmap(mapped: int) -> Wrapper:
    """Over three examples, of which the middle one counts."""

    def run(g: Function, given: list[Any]) -> tuple[dt.Tensor, ...]:
        number = ops.arange(3)
        some = [x if i % 2 < mapped else None for i, x in enumerate(given)]
        stacks = [x if s is None else ops.stack([2 * x, x, ops.sin(x)]) for x, s in zip(given, some, strict=True)]
        axes = (0, *(None if s is None else 0 for s in some))
        each = lambda i, *x: tuple(y + 0 * i.astype(y.dtype) for y in g(*x))
        return tuple(y[1] for y in dt.vmap(each, in_axes=axes)(number, *stacks))

    return _closing(run)


def _custom_derivative(kind: str) -> Wrapper:
    """Of a function whose own derivative is what it brings; whatever moves must be an argument."""

    def wrapper(g: Function, passed: Sequence[bool]) -> Function:
        def pulled(*given: Any) -> Any:
            *x, _, cotangents = given
            return dt.vjp(g, *x)[1](cotangents)

        rules: dict[str, Any] = {"jvp": lambda x, v: dt.jvp(g, x, v)[1], "vjp": pulled}
        return lambda *args: dt.custom_derivative(g, **{kind: rules[kind]})(*args)

    return wrapper


class _Holder(nn.Cell):
    """A Cell that keeps a function, and calls it."""

    def __init__(self, g: Function) -> None:
        super().__init__()
        self.g = g

    def construct(self, *x: Any) -> tuple[dt.Tensor, ...]:
        return self.g(*x)


def _inner_gradient(g: Function, given: list[Any]) -> tuple[dt.Tensor, ...]:
    """The derivative of y s by s is y: a gradient whose function closes over everything."""
    return tuple(dt.jvp(lambda s, y=y: y * s, ops.ones_like(y), ops.ones_like(y))[1] for y in g(*given))


def _inner_vjp(g: Function, given: list[Any]) -> tuple[dt.Tensor, ...]:
    ys = g(*given)
    return tuple(dt.vjp(lambda s, y=y: y * s, ops.ones_like(y))[1](ops.ones_like(y))[0] for y in ys)


def in_a_thread(run: Callable[[], Any]) -> Any:
    """What ``run`` gives in a thread of its own."""
    found: list[Any] = []
    device = dt.Tensor(0.0).device

    def there() -> None:
        with dt.device(device):
            found.append(run())

    thread = Thread(target=there)
    thread.start()
    thread.join()
    return found[0]


WRAPPERS: dict[str, Wrapper] = {
    "checkpoint": _closing(lambda g, given: dt.checkpoint(g)(*given)),
    "checkpoint of containers": _closing(lambda g, given: dt.checkpoint(lambda p: g(*p["x"]))({"x": given})),
    "scan of 2": _scan(2),
    "scan of 5": _scan(5),
    "scan of 18": _scan(18),
    "scan of rows": _closing(_scan_of_rows),
    "scan of carries": _closing(_carried),
    "fori_loop of 1": _fori_loop(1),
    "fori_loop of 5": _fori_loop(5),
    "fori_loop of 17": _fori_loop(17),
    "while_loop": _closing(_while_loop),
    "cond, true": _cond(True),
    "cond, false": _cond(False),
    "vmap of some": _vmap(1),
    "vmap of all": _vmap(2),
    "custom_derivative by jvp": _custom_derivative("jvp"),
    "custom_derivative by vjp": _custom_derivative("vjp"),
    "Cell": _closing(lambda g, given: _Holder(g)(*given)),
    "jvp inside": _closing(_inner_gradient),
    "vjp inside": _closing(_inner_vjp),
    "jit": _closing(lambda g, given: dt.jit(g)(*given)),
}
