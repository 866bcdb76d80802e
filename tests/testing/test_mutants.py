"""A wrong rule is caught: every rule of the catalogue is spoilt in turn, and the checks of the catalogue must fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dualtape.core.primitive import Bilinear, Elementwise, Linear, Primitive, Reduction
from dualtape.primitives import CATALOGUE
from dualtape.testing import check_derivatives
from dualtape.testing.operands import draw, examples

Rule = Callable[..., Any]


def mutants() -> Iterator[tuple[Primitive, str, Any]]:
    """A primitive, the field that holds its rules, and that field with one of them three per cent too large."""
    for primitive in CATALOGUE.values():
        if isinstance(primitive, Reduction):
            yield primitive, "partial", spoilt(primitive.partial)
        elif isinstance(primitive, Linear) and primitive.transpose_each is not None:
            yield primitive, "transpose_each", spoilt(primitive.transpose_each)
        elif isinstance(primitive, (Elementwise, Linear, Bilinear)):
            name = "partials" if isinstance(primitive, Elementwise) else "transposes"
            rules = getattr(primitive, name)
            for i, rule in enumerate(rules):
                if rule is not None:
                    yield primitive, name, (*rules[:i], spoilt(rule), *rules[i + 1 :])


def spoilt(rule: Rule) -> Rule:
    def wrong(*args: Any, **params: Any) -> Any:
        right = rule(*args, **params)
        # A rule that says 0 is spoilt by a constant instead.
        return 0.03 if isinstance(right, (int, float)) and right == 0 else right * 1.03

    return wrong


@contextmanager
def replaced(primitive: Primitive, name: str, rules: Any) -> Iterator[None]:
    kept = getattr(primitive, name)
    object.__setattr__(primitive, name, rules)
    try:
        yield
    finally:
        object.__setattr__(primitive, name, kept)


MUTANTS = [pytest.param(*mutant, id=f"{mutant[0].name}-{i}") for i, mutant in enumerate(mutants())]


@pytest.mark.parametrize(("primitive", "name", "rules"), MUTANTS)
def test_mutant_is_killed(primitive: Primitive, name: str, rules: Any) -> None:
    def check() -> None:
        for example in examples(primitive):
            call = draw(primitive, example)
            rtol = 1e-5 if primitive.name == "cast" else None
            check_derivatives(lambda *x, p=call.params: primitive(*x, **p), *call.tensors(), rtol=rtol)

    check()
    with replaced(primitive, name, rules), pytest.raises(AssertionError, match=r"got .* expected"):
        check()
