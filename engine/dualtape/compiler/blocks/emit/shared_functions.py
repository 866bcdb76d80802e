"""Which steps are one function: those that differ in nothing but where values lie.

A layer may keep one value more for the way back than others do, and those behind it then lie elsewhere in its chunk of
scratch memory. A function is told the distances that are not the same in all its calls; the others are constants in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from dualtape.compiler.blocks.emit.writer import Call, Draft, Passed

_Outline = tuple[str, tuple[str, ...]]


def share_functions(steps: Sequence[Call | Draft]) -> tuple[dict[str, str], list[Call]]:
    """The text of each distinct function, by name, and the calls of all steps."""
    alike: dict[_Outline, list[Draft]] = {}
    for step in steps:
        if isinstance(step, Draft):
            alike.setdefault(_outline(step), []).append(step)
    shared = {outline: _Shared(f"dt_f{i}", functions) for i, (outline, functions) in enumerate(alike.items())}
    functions = {function.name: function.text for function in shared.values()}
    return functions, [step if isinstance(step, Call) else shared[_outline(step)].call(step) for step in steps]


def _outline(function: Draft) -> _Outline:
    return function.body, tuple(x.declaration for x in function.arguments)


class _Shared:
    """What steps that are alike are: one function."""

    def __init__(self, name: str, alike: Sequence[Draft]) -> None:
        self.name = name
        columns = list(zip(*(function.distances for function in alike), strict=True))
        self._told = [i for i, column in enumerate(columns) if len(set(column)) > 1]
        known = ", ".join(f"d{i} = {column[0]}" for i, column in enumerate(columns) if i not in self._told)
        parameters = [*(x.declaration for x in alike[0].arguments), *(f"const int d{i}" for i in self._told)]
        constants = f"enum {{ {known} }};\n" if known else ""
        self.text = f"({', '.join(parameters)})\n{{\n{constants}{alike[0].body}\n}}\n"

    def call(self, function: Draft) -> Call:
        words: list[int] = []
        passed = []
        for x in (*function.arguments, *(Passed("", "at[{0}]", (function.distances[i],)) for i in self._told)):
            passed.append(x.text.format(1 + len(words), 2 + len(words)))
            words += x.words
        return Call(f"{self.name}({', '.join(passed)});", tuple(words))
