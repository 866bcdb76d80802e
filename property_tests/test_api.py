"""Whatever is passed to a public function, the answer is a result or an error of `dualtape.errors`.

The functions are found by walking the public names: a new one is enrolled by being there.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualtape as dt
from calls import ANYTHING, TENSORS, arguments
from dualtape import nn, ops, optim, pytree
from dualtape.errors import DualtapeError

# Those that call the user's function as often as they are told to, or for ever.
LOOPS = ("dualtape.control", "dualtape.autodiff.implicit")
# Tensors larger than this are not looked into: broadcasting makes them without using memory.
LARGEST = 100_000

FUNCTIONS = {
    f"ops.{name}": f
    for name, f in vars(ops).items()
    if isinstance(f, FunctionType) and f.__module__.startswith("dualtape.functions")
}
TRANSFORMATIONS = {
    f"dt.{name}": f
    for name, f in {**vars(ops), **vars(dt)}.items()
    if isinstance(f, FunctionType)
    and f.__module__.startswith("dualtape.autodiff")
    and not f.__module__.startswith(LOOPS)
}
METHODS = {
    f"Tensor.{name}": f
    for name, f in inspect.getmembers(dt.Tensor, inspect.isfunction)
    if not name.startswith("_") or name in ("__getitem__", "__add__", "__matmul__", "__pow__", "__lt__", "__rtruediv__")
}
CLASSES = {
    f"{module.__name__.removeprefix('dualtape.')}.{name}": cls
    for module in (nn, optim, ops)
    for name, cls in vars(module).items()
    if inspect.isclass(cls) and cls.__module__.startswith("dualtape")
}


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives; None where it is refused in the engine's own words."""
    try:
        result = call()
        for leaf in pytree.leaves(result):
            if isinstance(leaf, dt.Tensor) and leaf.size <= LARGEST:
                assert leaf.asnumpy().shape == leaf.shape
                assert leaf.asnumpy().dtype == leaf.dtype.numpy
    except DualtapeError:
        return None
    except TypeError as refusal:
        # Python's own words for a wrong number of arguments, or an instance that cannot be called.
        if not re.search(r"positional argument|unexpected keyword|is not callable|must be called with", str(refusal)):
            raise
        return None
    return result


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str) -> None:
    function = FUNCTIONS[name]

    @given(arguments(function))
    def refuses_or_computes(call: tuple[list[Any], dict[str, Any]]) -> None:
        outcome(lambda: function(*call[0], **call[1]))

    refuses_or_computes()


@pytest.mark.parametrize("name", METHODS)
def test_method(name: str) -> None:
    method = METHODS[name]

    @given(arguments(method), TENSORS)
    def refuses_or_computes(call: tuple[list[Any], dict[str, Any]], tensor: dt.Tensor) -> None:
        outcome(lambda: method(tensor, *call[0][1:], **call[1]))

    refuses_or_computes()


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_transformation(name: str) -> None:
    transform = TRANSFORMATIONS[name]

    @given(arguments(transform), st.lists(ANYTHING, max_size=2))
    def refuses_or_computes(call: tuple[list[Any], dict[str, Any]], x: list[Any]) -> None:
        made = outcome(lambda: transform(*call[0], **call[1]))
        if callable(made) and not isinstance(made, type):
            outcome(lambda: made(*x))

    refuses_or_computes()


@pytest.mark.parametrize("name", CLASSES)
def test_class(name: str) -> None:
    cls = CLASSES[name]

    @given(arguments(cls), st.lists(ANYTHING, max_size=3))
    def refuses_or_computes(call: tuple[list[Any], dict[str, Any]], x: list[Any]) -> None:
        made = outcome(lambda: cls(*call[0], **call[1]))
        if callable(made):
            outcome(lambda: made(*x))

    refuses_or_computes()
