"""What `dualtape.mindspore` gives is what MindSpore gave (`values.json`, `losses.json`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape.mindspore as ms
from mindspore import expressions, trainings

HERE = Path(__file__).parent
VALUES = expressions.load(HERE / "values.json")
LOSSES = expressions.load(HERE / "losses.json")

# Where MindSpore's exp, log and tanh are off by more than 2 ulp: there the right value is that of Float64.
INACCURATE = {
    "ops.logaddexp(v, w)", "ops.logsigmoid(v)", "ops.softmin(v)", "ops.tanhshrink(v)", "u.log1p()", "v.logaddexp(w)",
    "ops.binary_cross_entropy_with_logits(v, b.astype(ms.float32), u, u)", "ops.nll_loss(ops.log(p), c, weight=u)",
    "ops.SoftmaxCrossEntropyWithLogits()(x, t)", "ops.BCEWithLogitsLoss()(v, b.astype(ms.float32), u, u)",
    "x.softmax(1)", "x.softmax(axis=-1)", "nn.LogSigmoid()(v)", "nn.Softmin()(v)", "nn.Tanhshrink()(v)",
    "nn.ReduceLogSumExp(1)(x)", "nn.BCEWithLogitsLoss(pos_weight=u, weight=u)(v, b.astype(ms.float32))",
    "nn.NLLLoss(reduction='none')(ops.log(p), c)", "nn.SoftmaxCrossEntropyWithLogits()(x, t)", "mnp.exp(v)",
    "mint.exp(v)", "mint.nn.functional.softmax(x, 1)", "mint.nn.functional.silu(v)", "mint.nn.functional.softplus(v)",
    "mint.nn.functional.sigmoid(v)", "mint.sigmoid(v)", "mint.sigmoid(w)", "mint.log1p(u)", "mint.softmax(x, 1)",
    "mnp.log1p(u)", "mnp.logaddexp(v, w)", "ops.Digamma()(u)", "u.digamma()", "ops.NLLLoss()(ops.log(p), c, u)",
    "nn.get_activation('logsigmoid')(v)",
}  # fmt: skip


def same(actual: Any, expected: Any, ulps: int) -> None:
    if isinstance(expected, dict) and "elements" in expected:
        assert (actual["dtype"], actual["shape"]) == (expected["dtype"], expected["shape"])
        floats = {"Float16": np.float16, "Float32": np.float32, "Float64": np.float64}.get(expected["dtype"])
        if floats is None:
            assert actual["elements"] == expected["elements"]
        else:
            pair = [np.asarray([float(x) for x in one["elements"]], floats) for one in (actual, expected)]
            np.testing.assert_array_equal(np.isnan(pair[0]), np.isnan(pair[1]))
            finite = ~np.isnan(pair[0])
            np.testing.assert_array_max_ulp(pair[0][finite], pair[1][finite], ulps)
    elif isinstance(expected, dict):
        (kind,) = expected
        assert list(actual) == [kind]
        assert len(actual[kind]) == len(expected[kind])
        for one, other in zip(actual[kind], expected[kind], strict=True):
            same(one, other, ulps)
    elif isinstance(expected, float):
        assert actual == pytest.approx(expected, rel=1e-12)
    else:
        assert actual == expected


@pytest.mark.parametrize("area", expressions.areas())
def test_the_expressions_of_an_area_give_what_mindspore_gives(area: str) -> None:
    recorded = [one for one in expressions.areas()[area] if one in VALUES and one not in INACCURATE]
    wrong = {}
    for expression in recorded:
        try:
            same(expressions.evaluate(expression, "dualtape.mindspore"), VALUES[expression], ulps=2)
        except Exception as difference:  # all of an area are told at once, whatever they raise
            wrong[expression] = str(difference)
    assert recorded
    assert not wrong, "\n".join(f"{expression}: {difference}" for expression, difference in wrong.items())


def test_where_mindspore_is_inaccurate_the_value_is_nearer_to_the_right_one() -> None:
    for expression in sorted(INACCURATE):
        actual, recorded = expressions.evaluate(expression, "dualtape.mindspore"), VALUES[expression]
        right = expressions.evaluate(expression, "dualtape.mindspore", "np.float64")
        numbers = [np.array(list(elements_of(one))) for one in (actual, recorded, right)]
        assert numbers[0].shape == numbers[1].shape, expression
        errors = [np.abs(one - numbers[2]).max() for one in numbers[:2]]
        assert errors[0] <= errors[1], expression
        np.testing.assert_allclose(numbers[0], numbers[2], rtol=5e-7, atol=1e-7, err_msg=expression)  # some subtract


def elements_of(value: Any) -> Iterator[float]:
    if isinstance(value, dict) and "elements" in value:
        yield from value["elements"]
    elif isinstance(value, dict):
        for one in value["tuple"]:
            yield from elements_of(one)


def test_every_recorded_expression_is_still_asked() -> None:
    assert set(VALUES) <= {one for area in expressions.areas().values() for one in area}


@pytest.mark.parametrize("name", trainings.TRAININGS)
def test_a_network_trains_as_in_mindspore(name: str) -> None:
    losses = trainings.TRAININGS[name](ms)
    assert len(losses) == trainings.STEPS
    np.testing.assert_allclose(losses, LOSSES[name], rtol=1e-2 if "float16" in name else 1e-5)


class RationalTanh(ms.nn.Cell):
    """MindSpore's tanh on a CPU: the Pade approximant of order (7, 6), and 1 beyond 5, which is off by up to 1e-5."""

    def construct(self, x: Any) -> Any:
        x = x.clip(-5.0, 5.0)
        s = x * x
        return (((s + 378.0) * s + 17325.0) * s + 135135.0) * x / (((28.0 * s + 3150.0) * s + 62370.0) * s + 135135.0)

    def bprop(self, x: Any, out: Any, dout: Any) -> Any:
        return (dout * (1 - out * out),)


@pytest.mark.parametrize("name", trainings.OPTIMIZERS)
def test_a_network_of_tanh_trains_as_in_mindspore_but_for_its_tanh(name: str) -> None:
    """The same losses to 1e-5 with its approximant; no chaos makes the rest, for an ulp in all weights makes 2e-6."""
    recorded, nudged = LOSSES[f"Tanh: {name}"], LOSSES[f"Tanh, nudged: {name}"]
    np.testing.assert_allclose(nudged, recorded, rtol=2e-6)
    np.testing.assert_allclose(trainings.with_tanh(ms, name, RationalTanh()), recorded, rtol=1e-5)
    np.testing.assert_allclose(trainings.with_tanh(ms, name, ms.nn.Tanh()), recorded, rtol=3e-4)
