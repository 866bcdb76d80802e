"""Counterexamples of Hypothesis as Python to paste: by themselves they show each value by its ``repr``.

The ``repr`` of a Tensor is MindSpore's, and is no Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis.vendor.pretty import RepresentationPrinter, for_type_by_name

from dualtape.core.primitive import Primitive
from dualtape.dtypes import DType
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor
from dualtape.testing.code import as_code
from dualtape.testing.composition import Composition
from dualtape.testing.operands import PrimitiveCall


def show_counterexamples_as_code() -> None:
    """From now on, in this process."""
    # Not by `_repr_pretty_`, for IPython would show Tensors so too.
    for kind in (Tensor, Parameter, DType, PrimitiveCall, Composition, *_and_subclasses(Primitive)):
        for_type_by_name(kind.__module__, kind.__name__, _show)


def _and_subclasses(kind: type[Primitive]) -> Iterator[type[Primitive]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from _and_subclasses(subclass)


def _show(value: Any, printer: RepresentationPrinter, cycle: bool) -> None:
    first, *others = as_code(value).splitlines()
    printer.text(first)
    for line in others:
        printer.break_()
        printer.text(line)
