"""Random calls of public functions, most of them wrong: what users pass by mistake, and a few things that fit."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import dualtape as dt
from dualtape import nn, ops, optim, pytree

_SHAPES = [(), (1,), (3,), (0,), (2, 3), (3, 3), (0, 3), (2, 1, 3)]
_DTYPES = [np.float32, np.float32, np.float64, np.float16, np.int64, np.uint8, np.bool_]
# Past what any machine holds, so that nothing is allocated before it is refused.
_HUGE = 2**45


def _tensor(shape: tuple[int, ...], dtype: Any, special: float | None) -> dt.Tensor:
    values = np.arange(int(np.prod(shape))).reshape(shape) % 5 - 1.5
    if special is not None and dtype in (np.float16, np.float32, np.float64):
        values = np.where(values == values.max(initial=0), special, values)
    with np.errstate(all="ignore"):
        return dt.Tensor(values.astype(dtype))


TENSORS: SearchStrategy[Any] = st.builds(
    _tensor, st.sampled_from(_SHAPES), st.sampled_from(_DTYPES), st.sampled_from([None, None, np.nan, np.inf, 1e30])
)
NUMBERS: SearchStrategy[Any] = st.sampled_from(
    [
        *(0, 1, -1, 2, 3, -2, 7, -9, 0.5, -1.5, 0.0, True, float("nan"), float("inf"), -float("inf"), 1e300),
        *(_HUGE, -_HUGE, 2**63, 2**64, 10**400, np.float32(1.5), np.int8(-1), np.float64("nan"), 1j),
    ]
)
SEQUENCES: SearchStrategy[Any] = st.one_of(
    st.lists(st.integers(-3, 4), max_size=4),
    st.lists(st.integers(-3, 4), max_size=4).map(tuple),
    st.lists(st.sampled_from([0, 1, 2, None, 1.5, "a", _HUGE, True, (0, 1), [2]]), max_size=3).map(tuple),
    st.lists(TENSORS, max_size=3),
    st.lists(TENSORS, max_size=3).map(tuple),
)


def _some_tensor(x: Any) -> dt.Tensor:
    """The first one among the arguments: the functions themselves shall not be what fails."""
    found = [leaf for leaf in pytree.leaves(x) if isinstance(leaf, dt.Tensor)]
    return found[0] if found and found[0].dtype.is_float else dt.Tensor([1.0, 2.0])


def _own(x: Any) -> Any:
    """The first argument, if there is one: a loop's body whose carry keeps its kind."""
    return x[0] if x else None


# By name, so that a failure can be read.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sin": lambda *x: ops.sin(_some_tensor(x)),
    "total": lambda *x: ops.sum(_some_tensor(x)),
    "pair": lambda *x: (_some_tensor(x), _some_tensor(x) * 2),
    "same": lambda *x: _own(x),
    "same and more": lambda *x: (_own(x), _some_tensor(x)),
    "nothing": lambda *x: None,
    "number": lambda *x: 3.0,
    "truth": lambda *x: True,
}
CALLABLES: SearchStrategy[Any] = st.sampled_from(list(FUNCTIONS.values()))


class Ending:
    """A condition that says what a function says, three times, and then that it is enough."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function, self._calls = function, 0

    def __call__(self, *x: Any) -> Any:
        self._calls += 1
        return self._function(*x) if self._calls <= 3 else False


HELD: SearchStrategy[Any] = st.one_of(
    st.builds(dt.Parameter, TENSORS),
    st.builds(nn.Dense, st.just(3), st.just(3)),
    st.builds(lambda: optim.SGD(nn.Dense(3, 1).trainable_params(), 0.1)),
    st.builds(lambda x: {"weight": x, "bias": x}, TENSORS),
)
ODDITIES: SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, "", "a", "sum", "none", "mean", "relu", "ij,jk->ik", b"x", {}, {"a": 1}, ..., slice(1, 2)]),
    st.sampled_from(["float64", "host", "opencl:99", "no/such/file", "\0"]),
    st.sampled_from([np.array(["a", "b"]), np.array([1 + 2j]), np.array([None, 1], object), np.zeros((2, 0))]),
    CALLABLES,
    HELD,
    st.builds(object),
    st.builds(lambda: iter([1, 2])),
    st.builds(set),
)
VALUES = st.one_of(TENSORS, TENSORS, NUMBERS, NUMBERS, SEQUENCES, ODDITIES)
TYPES: SearchStrategy[Any] = st.sampled_from([dt.float32, dt.int64, dt.bool_, np.float32, int, object, dt.Tensor])
ANYTHING = st.one_of(VALUES, VALUES, VALUES, TYPES)
# How often something is done: what is asked for is done, however long it takes.
COUNTS = ("steps", "length", "lower", "upper")
COUNTABLE = st.one_of(st.integers(-3, 4), TENSORS, ODDITIES, st.sampled_from([0.5, float("nan"), True, 1j]))


def _values(name: str, parameter: inspect.Parameter, first: bool) -> SearchStrategy[Any]:
    """What to pass for a parameter; only what does not fail by itself where a function is called."""
    if name == "cond_fn":
        return st.one_of(st.builds(Ending, CALLABLES), TENSORS, st.none())
    if re.search("Callable|Equation", str(parameter.annotation)) or name == "function":
        return st.one_of(CALLABLES, CALLABLES, VALUES)
    if name in COUNTS:
        return COUNTABLE
    return st.one_of(TENSORS, ANYTHING) if first else ANYTHING


@st.composite
def arguments(draw: Any, function: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments that the signature accepts by number and name, whatever they are."""
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for i, (name, parameter) in enumerate(inspect.signature(function).parameters.items()):
        values = _values(name, parameter, i == 0)
        match parameter.kind:
            case parameter.VAR_POSITIONAL:
                positional += draw(st.lists(ANYTHING, max_size=3))
            case parameter.VAR_KEYWORD:
                continue
            case parameter.KEYWORD_ONLY:
                if parameter.default is parameter.empty or draw(st.booleans()):
                    keywords[name] = draw(values)
            case _:
                if parameter.default is not parameter.empty and draw(st.booleans()):
                    break
                positional.append(draw(values))
    return positional, keywords
