"""Random smooth expressions: short trees of the library's functions, each kept inside its domain, printed as Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import dualtape as dt
from dualtape import ops
from dualtape.core.spec import Shape

# Each maps any real numbers to real numbers, smoothly, without growing much: trees of them stay well conditioned.
UNARY = {
    name: f"ops.{name}({{}})"
    for name in ("sin", "cos", "tanh", "atan", "asinh", "sigmoid", "softplus", "erf", "erfc", "silu", "gelu", "softmax")
} | {
    "exp": "ops.exp(ops.tanh({}))",
    "exp2": "ops.exp2(ops.sin({}))",
    "expm1": "ops.expm1(ops.tanh({}))",
    "log": "ops.log(1.5 + ops.sin({}))",
    "log1p": "ops.log1p(0.5 * ops.cos({}))",
    "log2": "ops.log2(2.0 + ops.tanh({}))",
    "sqrt": "ops.sqrt(1.0 + ops.square({}))",
    "rsqrt": "ops.rsqrt(1.0 + ops.square({}))",
    "reciprocal": "ops.reciprocal(1.5 + ops.cos({}))",
    "asin": "ops.asin(0.7 * ops.sin({}))",
    "acos": "ops.acos(0.7 * ops.cos({}))",
    "atanh": "ops.atanh(0.7 * ops.tanh({}))",
    "acosh": "ops.acosh(2.5 + ops.sin({}))",
    "sinh": "ops.sinh(ops.sin({}))",
    "cosh": "ops.cosh(ops.sin({}))",
    "tan": "ops.tan(ops.tanh({}))",
    "lgamma": "ops.lgamma(2.0 + ops.sin({}))",
    "digamma": "ops.digamma(2.0 + ops.sin({}))",
    "power": "((2.0 + ops.sin({})) ** 1.7)",
    "cube": "(ops.sin({}) ** 3)",
    "negative": "(-{})",
    "flip": "ops.flip({}, 0)",
    "cumsum": "ops.cumsum(ops.sin({}), -1)",
    "mean": "ops.mean({}, -1, keepdims=True)",
    "logsumexp": "ops.logsumexp({}, -1, keepdims=True)",
    "normalize": "ops.log_softmax({}, -1)",
    "std": "ops.std(ops.stack([ops.sin({0}), 3.0 + ops.cos({0})]), 0)",
    "prod": "ops.prod(ops.cos({}), -1, keepdims=True)",
    "reshape": "ops.reshape({0}, (-1,)).reshape(*{0}.shape)",
    "slice": "{}[..., ::-1]",
    "gram": "ops.tanh(ops.outer(ops.sin({0}).flatten(), ops.cos({0}).flatten())).mean().reshape(1)",
    "pad": "ops.pad(ops.sin({}), (1, 1))[..., 1:-1]",
    "take": "ops.take({0}, ops.zeros({0}.shape[-1:], dt.int64), -1)",
    "roll": "ops.roll({}, 1, -1)",
}
BINARY = {
    "add": "({} + {})",
    "subtract": "({} - {})",
    "multiply": "(ops.tanh({}) * ops.sin({}))",
    "divide": "({} / (1.5 + ops.sin({})))",
    "power": "((1.5 + ops.sin({})) ** ops.tanh({}))",
    "atan2": "ops.atan2(ops.sin({}), 2.0 + ops.cos({}))",
    "maximum": "ops.maximum(ops.sin({}), 1.5 + ops.tanh({}) ** 2)",
    "where": "ops.where(ops.stop_gradient({0}) > 0.1, ops.sin({0}), {1})",
    "convex": "(0.3 * {} + 0.7 * {})",
}


@dataclass(frozen=True)
class Expression:
    """A function of ``x[0]``, ``x[1]``, ... as Python text."""

    text: str

    def __call__(self, *x: dt.Tensor) -> dt.Tensor:
        return eval(self.text, {"ops": ops, "dt": dt, "x": x})  # type: ignore[no-any-return]  # our own text

    def __repr__(self) -> str:
        return f"lambda *x: {self.text}"


def expressions(inputs: int, max_leaves: int = 5) -> SearchStrategy[Expression]:
    """Trees over ``inputs`` variables that broadcast together."""
    leaves = st.sampled_from([f"x[{i}]" for i in range(inputs)])

    def grow(children: SearchStrategy[str]) -> SearchStrategy[str]:
        unary = st.builds(lambda form, a: form.format(a), st.sampled_from(sorted(UNARY.values())), children)
        forms = st.sampled_from(sorted(BINARY.values()))
        binary = st.builds(lambda form, a, b: form.format(a, b), forms, children, children)
        return unary | binary

    return st.recursive(leaves, grow, max_leaves=max_leaves).map(Expression)


@st.composite
def problems(draw: Any, inputs: int = 2, max_leaves: int = 5) -> tuple[Expression, list[dt.Tensor]]:
    """An expression and its inputs, of shapes with at least one axis that broadcast together."""
    from dualtape.testing.strategies import tensors

    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    shapes: list[Shape] = []
    for _ in range(inputs):
        rank = draw(st.integers(1, len(sizes)))
        # The last axis is never stretched, so that functions along it mean the same for every input.
        lead = draw(st.lists(st.booleans(), min_size=rank - 1, max_size=rank - 1))
        shapes.append((*(1 if one else n for one, n in zip(lead, sizes[-rank:-1], strict=True)), sizes[-1]))
    x = [draw(tensors(shape, elements=(-1.5, 1.5), away_from=(0.1,))) for shape in shapes]
    return draw(expressions(inputs, max_leaves)), x
