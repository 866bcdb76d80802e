"""What is done for one vector of elements, as OpenCL C: all values are vectors of one type, and 1 and 0 are truths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dualtape.compiler.loops.emission import ScalarBody, is_sum, literal
from dualtape.compiler.loops.nest import Accumulation, Calculation, CalculationOperand, PartialFold, Source, Store
from dualtape.compiler.program import Node
from dualtape.core.expression import Expression, OperatorCall, as_number, in_c
from dualtape.core.layout import layout
from dualtape.core.words import is_open
from dualtape.dtypes import DType, bool_


class VectorBody(ScalarBody):
    """For ``LANES`` elements from ``c`` on, of which ``count`` are there.

    ``steps`` are those of arrays along ``c``, ``word`` is how to write a number that the kernel is told, and ``tiles``
    are pieces of arrays from ``c_0`` and ``h_0`` on, to be read across. ``made`` are values that are there already.
    """

    def __init__(
        self,
        names: Mapping[Source, str],
        at: Mapping[Source, str],
        rank: int,
        steps: Mapping[Source, int],
        real: DType,
        word: Callable[[int], str],
        tiles: Mapping[Source, str],
        made: Mapping[Node, str],
    ) -> None:
        super().__init__(names, at, rank)
        self._tiles, self._ready = tiles, made
        self._steps, self._real, self._word = steps, real, word
        self._loaded: dict[Source, str] = {}

    def loads(self, sources: Iterable[Source]) -> tuple[list[str], list[str]]:
        """Reading what is the same along ``c``, and the rest: what is read inside of loops of its own comes there."""
        hoisted: list[str] = []
        lines: list[str] = []
        for source in dict.fromkeys(sources):
            if len(source.view.shape) > self._rank:  # read in a loop of its own
                continue
            self._loaded[source] = f"x{list(self._names).index(source)}"
            line = f"const VECTOR {self._loaded[source]} = {self._read(source)};"
            (hoisted if self._steps[source] == 0 else lines).append(line)
        return hoisted, lines

    def _read(self, source: Source, behind: str = "") -> str:
        name, at, step = self._names[source], self._at[source], self._steps[source]
        flags = "_flags" if source.node.spec.dtype is bool_ else ""
        place = f"{at}{behind}"
        if source in self._tiles:
            return f"dt_across({self._tiles[source]} + (c - c_0) * STEP + h - h_0, count)"
        if step == 0:
            return f"(VECTOR)({name}[{place}])"
        if step == 1:
            return f"dt_read{flags}({name} + {place} + c, count)"
        by = self._word(step)
        return f"dt_gather{flags}({name} + {place} + c * {by}, {by}, count)"

    def _operation(self, step: Calculation) -> list[str]:
        names = [self._scalar(operand, step.dtype) for operand in step.operands]
        expression = as_number(_with_truths(step.expression))
        return [f"const VECTOR v{self._made} = {in_c(expression, names, 'VECTOR')};"]

    def _scalar(self, operand: CalculationOperand, dtype: DType) -> str:
        if isinstance(operand, Node):
            return self.values[operand]
        if isinstance(operand, Source):
            return self._loaded[operand]
        if not is_open(operand) or not dtype.is_float:
            return f"(VECTOR)({literal(operand, self._real)})"
        self.numbers.append((operand, self._real.bits))
        return f"(VECTOR)(c{len(self.numbers) - 1})"

    def _reduction(self, step: Accumulation) -> list[str]:
        n = self._made
        if step.output in self._ready:
            return [f"const VECTOR v{n} = {self._ready[step.output]};"]
        where = layout(step.inner, [x.view.strides[self._rank :] for x in step.sources])
        axes = [(where.columns, where.inner), *where.outer][::-1]
        lines = [f"VECTOR r{n} = {self._identity(step)}, l{n} = 0;"]
        terms = [""] * len(step.sources)
        for k, (size, steps) in enumerate(axes):
            lines.append(f"for (long k{k} = 0; k{k} < {self._word(size)}; k{k}++) {{")
            terms = [f"{t} + k{k} * {self._word(s)}" if s else t for t, s in zip(terms, steps, strict=True)]
        read = [self._read(x, term) for x, term in zip(step.sources, terms, strict=True)]
        lines.append(f"const VECTOR t{n} = {' * '.join(read)};")
        if is_sum(step):
            lines.append(f"DT_ADD(VECTOR, r{n}, l{n}, t{n});")
        else:
            lines.append(f"r{n} = {self._combined(step, f'r{n}', f't{n}')};")
        ending = f" + (l{n} == l{n} ? l{n} : (VECTOR)0)" if is_sum(step) else ""
        return [*lines, "}" * len(axes), f"const VECTOR v{n} = r{n}{ending};"]

    def _identity(self, step: Accumulation | PartialFold) -> str:
        return f"(VECTOR)({literal(step.fold.identity, self._real)})"

    def _combined(self, step: Accumulation | PartialFold, one: str, other: str, kind: str = "VECTOR") -> str:
        return in_c(as_number(_with_truths(step.fold.combine)), (one, other), kind)

    def begin_plain(self, step: PartialFold, i: int) -> str:
        return f"VECTOR s{i} = {self._identity(step)};"

    def fold_plain(self, step: PartialFold, i: int) -> list[str]:
        return [f"s{i} = {self._combined(step, f's{i}', self._scalar(step.operand, self._real))};"]

    def keep(self, step: PartialFold, i: int, array: str, place: str, first: str) -> list[str]:
        flags = "_flags" if step.output.spec.dtype is bool_ else ""
        return [
            f"if (!({first})) {{ const VECTOR before = dt_read{flags}({array} + {place}, count); "
            f"s{i} = {self._combined(step, 'before', f's{i}')}; }}",
            f"dt_write{flags}({array} + {place}, s{i}, count);",
        ]

    def begin_fold(self, step: PartialFold, i: int) -> list[str]:
        lines = [self.begin_plain(step, i)]
        return [*lines, f"VECTOR r{i}_ = 0, l{i}_ = 0; int n{i} = 0;"] if is_sum(step) else lines

    def fold(self, step: PartialFold, i: int) -> list[str]:
        operand = self._scalar(step.operand, self._real)
        lines = [
            f"VECTOR w{i} = {operand};",
            f"if (count < LANES) w{i} = dt_first(w{i}, {self._identity(step)}, count);",
            f"s{i} = {self._combined(step, f's{i}', f'w{i}')};",
        ]
        if is_sum(step):
            lines.append(f"if (++n{i} == 32) {{ DT_ADD(VECTOR, r{i}_, l{i}_, s{i}); s{i} = 0; n{i} = 0; }}")
        return lines

    def end_fold(self, step: PartialFold, i: int) -> list[str]:
        self.values[step.output] = f"(VECTOR)(f{i})"
        if is_sum(step):
            return [
                f"REAL f{i};",
                "if ((m_1 - m_0) * (c_1 - c_0 + LANES - 1) < 32 * LANES)",  # so few that nothing was lost so far
                f"f{i} = dt_added(s{i});",
                "else {",
                f"DT_ADD(VECTOR, r{i}_, l{i}_, s{i});",
                f"REAL total{i} = 0, lost{i} = 0;",
                f"for (int k = 0; k < LANES; k++) {{ const REAL lane = ((const REAL *)&r{i}_)[k]; "
                f"DT_ADD(REAL, total{i}, lost{i}, lane); }}",
                f"for (int k = 0; k < LANES; k++) lost{i} += ((const REAL *)&l{i}_)[k];",
                f"f{i} = total{i} + (lost{i} == lost{i} ? lost{i} : 0);",
                "}",
            ]
        combined = self._combined(step, f"total{i}", "lane", "REAL")
        return [
            f"REAL total{i} = {literal(step.fold.identity, self._real)};",
            f"for (int k = 0; k < LANES; k++) {{ const REAL lane = ((const REAL *)&s{i})[k]; total{i} = {combined}; }}",
            f"const REAL f{i} = total{i};",
        ]

    def store_row(self, store: Store, array: str, at: str) -> str:
        return f"{array}[{at}] = {self.values[store.output]}.s0;"

    def store(self, store: Store, array: str, at: str, step: int, word: str) -> str:
        value = self.values[store.output]
        flags = "_flags" if store.target.node.spec.dtype is bool_ else ""
        if step == 1:
            return f"dt_write{flags}({array} + {at} + c, {value}, count);"
        return f"dt_scatter{flags}({array} + {at} + c * {word}, {word}, {value}, count);"


def _with_truths(expression: Expression) -> Expression:
    """The same where whatever is asked whether it is true is a comparison: other vectors have no truth values."""
    operands = tuple(map(_with_truths, expression.operands))
    if isinstance(expression, OperatorCall) and expression.symbol in ("?", "&&", "||", "!"):
        asked = 1 if expression.symbol == "?" else len(operands)
        operands = (*(x if x.is_truth else x != 0 for x in operands[:asked]), *operands[asked:])
    changed: Expression = expression.replaced(operands=operands)
    return changed
