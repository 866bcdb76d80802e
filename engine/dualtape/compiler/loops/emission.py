"""A loop nest as a function in OpenCL C of the arrays that it reads and writes.

So the same computation on other arrays, such as the update of each weight, is written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from dualtape.compiler.loops.nest import (
    Accumulation,
    Calculation,
    CalculationOperand,
    Nest,
    NestStep,
    NotLoops,
    PartialFold,
    Source,
    Store,
    whole,
)
from dualtape.compiler.program import Node, Number
from dualtape.core.expression import in_c, number_in_c
from dualtape.core.layout import Layout, layout
from dualtape.core.words import is_open
from dualtape.dtypes import DType, bool_, float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64

TYPES = {
    bool_: "uchar", int8: "char", int16: "short", int32: "int", int64: "long", uint8: "uchar", uint16: "ushort",
    uint32: "uint", uint64: "ulong", float32: "float", float64: "double",
}  # fmt: skip


class ArrayArgument(NamedTuple):
    """What a function of a nest is given: where an array begins, and how it is declared."""

    source: Source
    is_output: bool


def arrays_of(nest: Nest) -> list[ArrayArgument]:
    """What the function of a nest takes: each way of reading once, then where it writes, then parts of folds."""
    read = (ArrayArgument(x, False) for x in dict.fromkeys(nest.sources()))
    folds = (x for x in nest.steps if isinstance(x, PartialFold))
    partial = (ArrayArgument(whole(x.output), True) for x in folds if x.output in nest.kept)
    return [*read, *(ArrayArgument(store.target, True) for store in nest.stores), *partial]


def pointer_type(array: ArrayArgument) -> str:
    return f"__global {'' if array.is_output else 'const '}{TYPES[array.source.node.spec.dtype]} *"


def nest_function(nest: Nest, work_items: int) -> tuple[str, list[int], list[tuple[Number, int]]]:
    """The function of a nest, and what a call passes: the size, where any is right, and numbers with their bits."""
    arrays = arrays_of(nest)
    rank = len(nest.shape)
    where = layout(nest.shape, [array.source.view.strides[:rank] for array in arrays])
    sizes = [*(size for size, _ in reversed(where.outer)), where.columns]
    names = {array.source: f"a{i}" for i, array in enumerate(arrays) if not array.is_output}
    indices = [f"i{k}" for k in range(len(sizes))]
    at = {array: _index(where, i, indices) for i, array in enumerate(arrays)}
    body = ScalarBody(names, {array.source: at[array] for array in arrays if not array.is_output}, rank)
    lines = [line for step in nest.steps for line in body.step(step)]
    for i, store in enumerate(nest.stores, len(names)):
        lines.append(f"a{i}[{_index(where, i, indices)}] = {body.values[store.output]};")
    parameters = [f"{pointer_type(array)}restrict a{i}" for i, array in enumerate(arrays)]
    any_size = len(sizes) == 1
    if any_size:
        parameters.append("const int n")
    parameters += [f"const {'float' if bits == 32 else 'double'} c{i}" for i, (_, bits) in enumerate(body.numbers)]
    heads = _loops(["n"] if any_size else [str(size) for size in sizes], indices, work_items)
    ends = "}" * sum(head.endswith("{") for head in heads)
    text = "\n".join([f"({', '.join(parameters)})", "{", *heads, *lines, ends, "}", ""])
    return text, [sizes[0]] if any_size else [], body.numbers


def _loops(sizes: list[str], indices: list[str], work_items: int) -> list[str]:
    """What stands before the body: loops, which the work-items of a group share."""
    if work_items == 1:
        return [f"for (int {i} = 0; {i} < {n}; {i}++) {{" for n, i in zip(sizes, indices, strict=True)]
    lines = [f"for (int e = DT_ITEM; e < {' * '.join(sizes)}; e += DT_ITEMS) {{"]
    for k, (n, i) in enumerate(zip(sizes, indices, strict=True)):
        inner = " * ".join(sizes[k + 1 :])
        quotient = f"e / ({inner})" if inner else "e"
        lines.append(f"const int {i} = {quotient}{f' % {n}' if k else ''};")
    return lines


def _index(where: Layout, array: int, indices: list[str]) -> str:
    steps = [*(strides[array] for _, strides in reversed(where.outer)), where.inner[array]]
    terms = [i if step == 1 else f"{i} * {step}" for i, step in zip(indices, steps, strict=True) if step]
    return " + ".join(terms) or "0"


class ScalarBody:
    """What is done for one element, as C."""

    def __init__(self, names: Mapping[Source, str], at: Mapping[Source, str], rank: int) -> None:
        self._names, self._at, self._rank = names, at, rank
        self.values: dict[Node, str] = {}
        self.numbers: list[tuple[Number, int]] = []
        self._made = -1  # the number of the last value

    def loads(self, sources: Iterable[Source]) -> tuple[list[str], list[str]]:
        """What is read before the elements of a row, and for each of them: here operations read for themselves."""
        return [], []

    def step(self, step: NestStep) -> list[str]:
        assert not isinstance(step, PartialFold)
        self._made += 1
        lines = self._operation(step) if isinstance(step, Calculation) else self._reduction(step)
        self.values[step.output] = f"v{self._made}"
        return lines

    def _operation(self, step: Calculation) -> list[str]:
        names = [self._scalar(operand, step.dtype) for operand in step.operands]
        value = in_c(step.expression, names, TYPES[step.dtype])
        return [f"const {TYPES[step.output.spec.dtype]} v{self._made} = {value};"]

    def _scalar(self, operand: CalculationOperand, dtype: DType) -> str:
        if isinstance(operand, Node):
            return self.values[operand]
        if isinstance(operand, Source):
            return f"{self._names[operand]}[{self._at[operand]}]"
        if not dtype.is_float or not is_open(operand):
            return literal(operand, dtype)
        self.numbers.append((operand, dtype.bits))
        return f"c{len(self.numbers) - 1}"

    def _reduction(self, step: Accumulation) -> list[str]:
        kind = TYPES[step.output.spec.dtype]
        n = self._made
        where = layout(step.inner, [x.view.strides[self._rank :] for x in step.sources])
        sizes = [*(size for size, _ in reversed(where.outer)), where.columns]
        inner = [f"k{i}" for i in range(len(sizes))]
        read = [f"{self._names[x]}[{self._at[x]} + {_index(where, i, inner)}]" for i, x in enumerate(step.sources)]
        adds = is_sum(step)
        combine = in_c(step.fold.combine, (f"r{n}", f"t{n}"), kind)
        keep = [f"DT_ADD({kind}, r{n}, l{n}, t{n});"] if adds else [f"r{n} = {combine};"]
        return [
            f"{kind} r{n} = {literal(step.fold.identity, step.output.spec.dtype)}{f', l{n} = 0' if adds else ''};",
            *(f"for (int {k} = 0; {k} < {size}; {k}++) {{" for k, size in zip(inner, sizes, strict=True)),
            f"const {kind} t{n} = {' * '.join(read)};",
            *keep,
            "}" * len(sizes),
            f"const {kind} v{n} = r{n}{f' + (l{n} == l{n} ? l{n} : 0)' if adds else ''};",
        ]

    def store(self, store: Store, array: str, at: str, step: int, word: str) -> str:
        """Write a value to where ``at``, and so many steps for ``c``, lead."""
        return f"{array}[{at} + c * {word}] = {self.values[store.output]};"

    def begin_plain(self, step: PartialFold, i: int) -> str:
        """The fold number ``i`` of nothing; it is one of few elements."""
        return f"{TYPES[step.output.spec.dtype]} s{i} = {literal(step.fold.identity, step.output.spec.dtype)};"

    def fold_plain(self, step: PartialFold, i: int) -> list[str]:
        """One element more."""
        dtype = step.output.spec.dtype
        return [f"s{i} = {in_c(step.fold.combine, (f's{i}', self._scalar(step.operand, dtype)), TYPES[dtype])};"]

    def keep(self, step: PartialFold, i: int, array: str, place: str, first: str) -> list[str]:
        """Put it into memory, with what is there already unless it is the ``first``."""
        kind = TYPES[step.output.spec.dtype]
        combined = in_c(step.fold.combine, (f"{array}[{place}]", f"s{i}"), kind)
        return [f"{array}[{place}] = ({first}) ? s{i} : {combined};"]

    def begin_fold(self, step: PartialFold, i: int) -> list[str]:
        """The fold number ``i`` of nothing; it may be one of many elements."""
        lost = [f"{TYPES[step.output.spec.dtype]} l{i}_ = 0;"] if is_sum(step) else []
        return [self.begin_plain(step, i), *lost]

    def fold(self, step: PartialFold, i: int) -> list[str]:
        """One element more."""
        if not is_sum(step):
            return self.fold_plain(step, i)
        kind = TYPES[step.output.spec.dtype]
        return [
            f"const {kind} w{i} = {self._scalar(step.operand, step.output.spec.dtype)};",
            f"DT_ADD({kind}, s{i}, l{i}_, w{i});",
        ]

    def end_fold(self, step: PartialFold, i: int) -> list[str]:
        """Say what the fold has found: ``f{i}``, which is a value of the row from now on."""
        ending = f" + (l{i}_ == l{i}_ ? l{i}_ : 0)" if is_sum(step) else ""
        self.values[step.output] = f"f{i}"
        return [f"const {TYPES[step.output.spec.dtype]} f{i} = s{i}{ending};"]

    def store_row(self, store: Store, array: str, at: str) -> str:
        """Write a value of a row to where ``at`` leads."""
        return f"{array}[{at}] = {self.values[store.output]};"


def is_sum(step: Accumulation | PartialFold) -> bool:
    """Whether a fold is a sum of floats, in which rounding errors are kept, too."""
    fold = step.fold
    return fold.identity == 0 and step.output.spec.dtype.is_float and in_c(fold.combine) == "x + y"


def literal(value: Number, dtype: DType) -> str:
    """A number in C."""
    if not dtype.is_float:
        limits = (0, 1) if dtype is bool_ else (np.iinfo(dtype.numpy).min, np.iinfo(dtype.numpy).max)
        if not limits[0] <= value <= limits[1]:
            raise NotLoops(f"{value} is out of bounds for {dtype}")
        return f"({TYPES[dtype]})({int(value)})"
    return number_in_c(value, dtype.bits)
