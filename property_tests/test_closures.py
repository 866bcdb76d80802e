"""A program inside of a loop, a condition, a checkpoint and so on is the program, whatever it takes from outside.

Its values are arguments, or closed over: values that are being differentiated, Parameters, NumPy arrays, numbers. In
value and in every derivative, eagerly and under `jit`, on every device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import dualtape as dt
from drawn import Call, assert_close, calls, fewer, seeded_directions
from dualtape import ops
from dualtape.dtypes import DType
from dualtape.testing.rounding import rounding_bound
from dualtape.testing.targets import Target
from wrapped import WRAPPERS, Function, in_a_thread

KINDS = ["argument", "argument", "closed over", "Parameter", "made inside"]


@dataclass(frozen=True)
class Closure:
    """A program, what each of its arguments is, and what it is wrapped in, from inside to outside."""

    call: Call
    kinds: list[str]
    layers: list[tuple[str, list[bool]]]

    def __repr__(self) -> str:
        return f"{self.call!r}\n# arguments: {self.kinds}; wrapped, from inside, in {self.layers}"

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.layers}

    def to(self, place: Any, dtype: DType) -> Closure:
        return Closure(self.call.to(place, dtype), self.kinds, self.layers)

    def wrapped(self) -> Function:
        g: Function = lambda *x: tuple(self.call.results(list(x)))
        for name, passed in self.layers:
            g = WRAPPERS[name](g, passed)
        return g

    def transformed(self, g: Function, transformation: str) -> tuple[Callable[..., Any], list[dt.Tensor]]:
        """A derivative as a function of the arguments that move from outside, and these."""
        places = [i for i, kind in enumerate(self.kinds) if kind == "argument"]
        known = list(enumerate(zip(self.call.x, self.kinds, strict=True)))
        held = {i: dt.Parameter(x, name=f"p{i}") for i, (x, kind) in known if kind == "Parameter"}
        arrays = {i: x.asnumpy() for i, (x, kind) in known if kind == "made inside"}

        def loss(*moving: dt.Tensor) -> dt.Tensor:
            given: list[Any] = list(self.call.x)
            for place, x in zip(places, moving, strict=True):
                given[place] = x
            for i, parameter in held.items():
                given[i] = parameter
            for i, array in arrays.items():
                given[i] = dt.Tensor(array)
            return sum((ops.sin(y).sum() for y in g(*given)), start=0 * given[places[0]].sum())

        x = [self.call.x[i] for i in places]
        v = tuple(seeded_directions(x, 7))
        everything = tuple(range(len(x)))
        gradients = lambda *x: dt.pytree.leaves(dt.grad(loss, everything)(*x))
        derive: dict[str, Callable[..., Any]] = {
            "value and gradient": dt.value_and_grad(loss, everything, list(held.values()) or None),
            "jvp": lambda *x: dt.jvp(loss, x, v),
            "jvp of gradient": lambda *x: dt.jvp(dt.grad(loss, everything), x, v),
            "gradient of gradient": dt.grad(
                lambda *x: sum((ops.cos(g).sum() for g in gradients(*x)), start=0 * x[0].sum()),
                everything, list(held.values()) or None,
            ),
        }  # fmt: skip
        return derive[transformation], x


TRANSFORMATIONS = ["value and gradient", "jvp", "jvp of gradient", "gradient of gradient"]


@st.composite
def closures(draw: Any, layers: int = 2, **options: Any) -> Closure:
    call = draw(calls(inputs=3, max_steps=2, **options))
    kinds = ["argument", *(draw(st.sampled_from(KINDS)) for _ in call.x[1:])]
    names = draw(st.lists(st.sampled_from(sorted(WRAPPERS)), min_size=1, max_size=layers))
    masks = st.lists(st.booleans(), min_size=len(call.x), max_size=len(call.x))
    return Closure(call, kinds, [(name, draw(masks)) for name in names])


def is_refused(closure: Closure, transformation: str, jitted: bool) -> bool:
    """What is an error by design: reverse mode over a loop of unknown length, and forward mode over a bare `vjp`."""
    if "custom_derivative by vjp" in closure.names and (
        transformation in ("jvp", "jvp of gradient") or "custom_derivative by jvp" in closure.names
    ):
        return True
    return "while_loop" in closure.names and transformation != "jvp" and (jitted or "jit" in closure.names)


def agree(closure: Closure, transformation: str, run: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    plain, x = closure.transformed(lambda *x: tuple(closure.call.results(list(x))), transformation)
    wrapped, x = closure.transformed(closure.wrapped(), transformation)
    bounds = lambda: rounding_bound(lambda x: dt.pytree.leaves(plain(*x)), x)
    pairs = zip(dt.pytree.leaves(run(wrapped)(*x)), dt.pytree.leaves(plain(*x)), strict=True)
    for i, (got, wanted) in enumerate(pairs):
        assert got.dtype is wanted.dtype
        assert_close(got, wanted, 1e-11, lambda i=i: bounds()[i])


@given(closures(), st.sampled_from(TRANSFORMATIONS))
def test_wrapped_program_is_the_program(closure: Closure, transformation: str) -> None:
    if not is_refused(closure, transformation, jitted=False):
        agree(closure, transformation, lambda f: f)


@fewer(2)
@given(closures(), st.sampled_from(TRANSFORMATIONS))
def test_wrapped_program_is_the_program_under_jit(closure: Closure, transformation: str) -> None:
    if is_refused(closure, transformation, jitted=True):
        return
    agree(closure, transformation, dt.jit)


@fewer(2)
@given(closures(), st.sampled_from(TRANSFORMATIONS), st.booleans())
def test_in_a_thread(closure: Closure, transformation: str, jitted: bool) -> None:
    if not is_refused(closure, transformation, jitted):
        run = dt.jit if jitted else lambda f: f
        agree(closure, transformation, lambda f: lambda *x: in_a_thread(lambda: run(f)(*x)))


@fewer(10)
@given(closure=closures(layers=1), transformation=st.sampled_from(TRANSFORMATIONS))
def test_on_every_device(closure: Closure, transformation: str, dualtape_device: Target) -> None:
    if is_refused(closure, transformation, dualtape_device.jitted):
        return
    agree(closure.to(dualtape_device.device, dt.float64), transformation, dualtape_device)
