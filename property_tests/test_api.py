"""Whatever is passed to a public function, the answer is a result or an error of `dualtape.errors`.

The functions are found by walking the public names: a new one is enrolled by being there.
"""

from __future__ import annotations

import gc
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualtape as dt
from calls import TENSORS, VALUES, arguments
from drawn import at_most
from dualtape import nn, ops, optim, pytree
from dualtape.errors import DualtapeError

# Python's own words for a wrong number of arguments, or an instance that cannot be called.
PYTHONS_OWN = (
    "positional argument|takes at most|takes no arguments|unexpected keyword|multiple values|is not callable|"
    "must be called with"
)
# Tensors larger than this are not looked into: broadcasting makes them without using memory.
LARGEST = 100_000


def _is_public(module: Any, name: str, what: Any) -> bool:
    """Whether a name is part of a module's face, and not something that it only uses."""
    reexports = module in (dt, ops, nn, optim)
    return not name.startswith("_") and what.__module__.startswith("dualtape" if reexports else module.__name__)


FUNCTIONS = {
    f"{prefix}.{name}": f
    for prefix, module in (("ops", ops), ("ops.linalg", ops.linalg), ("ops.special", ops.special))
    for name, f in vars(module).items()
    if isinstance(f, FunctionType) and f.__module__.startswith("dualtape.functions")
}
# All others: transformations, loops, jit, files, devices, assignments, operators as classes.
OTHERS = {
    f"{module.__name__.removeprefix('dualtape.')}.{name}": f
    for module in (ops, dt, dt.amp, dt.initializer, dt.random)
    for name, f in vars(module).items()
    if isinstance(f, FunctionType) and f not in FUNCTIONS.values() and _is_public(module, name, f)
}
METHODS = {
    f"Tensor.{name}": f
    for name, f in inspect.getmembers(dt.Tensor, inspect.isfunction)
    if not name.startswith("_") or name in ("__getitem__", "__add__", "__matmul__", "__pow__", "__lt__", "__rtruediv__")
}
# `Jitted` is what `jit` makes; nobody else calls it.
CLASSES = {
    f"{module.__name__.removeprefix('dualtape.')}.{name}": cls
    for module in (nn, optim, ops, dt, dt.amp, dt.initializer)
    for name, cls in vars(module).items()
    if inspect.isclass(cls) and not inspect.isabstract(cls) and cls is not dt.Jitted and _is_public(module, name, cls)
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files that are written go to an empty directory, and the device that is set is set for one test."""
    monkeypatch.chdir(tmp_path)
    yield
    dt.set_device("host")


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives; None where it is refused in the engine's own words."""
    try:
        result = call()
        if isinstance(result, AbstractContextManager):
            with result:
                pass
        for leaf in pytree.leaves(result):
            if isinstance(leaf, dt.Tensor) and leaf.size <= LARGEST:
                assert leaf.asnumpy().shape == leaf.shape
                assert leaf.asnumpy().dtype == leaf.dtype.numpy
    except DualtapeError:
        return None
    except TypeError as refusal:
        if not re.search(PYTHONS_OWN, str(refusal)):
            raise
        return None
    return result


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str) -> None:
    function = FUNCTIONS[name]

    @at_most(200)
    @given(arguments(function))
    def refuses_or_computes(call: tuple[list[Any], dict[str, Any]]) -> None:
        outcome(lambda: function(*call[0], **call[1]))

    refuses_or_computes()


@pytest.mark.parametrize("name", METHODS)
def test_method(name: str) -> None:
    method = METHODS[name]

    @at_most(200)
    @given(arguments(method), TENSORS)
    def refuses_or_computes(call: tuple[list[Any], dict[str, Any]], tensor: dt.Tensor) -> None:
        outcome(lambda: method(tensor, *call[0][1:], **call[1]))

    refuses_or_computes()


@pytest.mark.parametrize("name", OTHERS)
def test_other(name: str) -> None:
    function = OTHERS[name]
    gc.freeze()  # one of them collects garbage each time, and need not look through what other tests keep

    @at_most(200)
    @given(arguments(function), st.lists(VALUES, max_size=2))
    def refuses_or_computes(call: tuple[list[Any], dict[str, Any]], x: list[Any]) -> None:
        made = outcome(lambda: function(*call[0], **call[1]))
        if callable(made) and not isinstance(made, type):
            outcome(lambda: made(*x))

    refuses_or_computes()


@pytest.mark.parametrize("name", CLASSES)
def test_class(name: str) -> None:
    cls = CLASSES[name]

    @at_most(200)
    @given(arguments(cls), st.lists(VALUES, max_size=3))
    def refuses_or_computes(call: tuple[list[Any], dict[str, Any]], x: list[Any]) -> None:
        made = outcome(lambda: cls(*call[0], **call[1]))
        # A loop whose condition stays true never ends: `while_loop` is called with conditions that do not.
        if callable(made) and cls is not ops.WhileLoop:
            outcome(lambda: made(*x))

    refuses_or_computes()
