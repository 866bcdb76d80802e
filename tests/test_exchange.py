"""Functions in ONNX files: what the reference evaluator of ONNX makes of them is what they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

import dualtape as dt
from dualtape import errors, ops

SQUARE = np.array([[2.0, 1.0], [0.0, 3.0]])
CASES: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda x: (x + 2) * x / (3 - x) - 1 / (x + 5) + abs(x) + ops.sign(x),
    "elementary": lambda x: ops.exp(x) + ops.log(x + 9) + ops.sqrt(x + 9) + ops.rsqrt(x + 9) + ops.square(x) + x**3,
    "circular": lambda x: ops.sin(x) + ops.cos(x) + ops.tan(x) + ops.atan(x) + ops.asin(x / 9) + ops.acos(x / 9),
    "hyperbolic": lambda x: ops.sinh(x) + ops.cosh(x) + ops.tanh(x) + ops.asinh(x) + ops.atanh(x / 9),
    "activations": lambda x: ops.sigmoid(x) + ops.relu(x) + ops.softplus(x) + ops.expm1(x) + ops.log1p(x + 9),
    "choices": lambda x: ops.where((x > 0) & (x < 1) | (x >= 2), ops.maximum(x, 0.5), ops.minimum(x, -0.5)),
    "movement": lambda x: ops.cat([x[:, ::-1], x[:, 1:], ops.transpose(ops.transpose(x, (1, 0)) * 2, (1, 0))], 1),
    "shapes": lambda x: ops.broadcast_to(x[:, :1], (x.shape[0], 3)).reshape(-1, 3, 1).reshape(x.shape[0], 3),
    "reductions": lambda x: ops.sum(x, 1) * ops.amax(x, 1, keepdims=True) - ops.amin(x, 1, keepdims=True),
    "products": lambda x: ops.matmul(x, dt.Tensor(SQUARE)),
    "constants": lambda x: ops.ones_like(x) + 0 * x,
}


@pytest.mark.parametrize("function", CASES.values(), ids=CASES)
def test_onnx_computes_the_same(function: Callable[[Any], Any], tmp_path: Path) -> None:
    dt.export_onnx(function, tmp_path / "f.onnx", 2, dtype=dt.float64)
    for rows in (1, 5):
        points = np.random.default_rng(rows).normal(size=(rows, 2))
        (found,) = ReferenceEvaluator(str(tmp_path / "f.onnx")).run(None, {"points": points})
        np.testing.assert_allclose(found, function(dt.Tensor(points)).asnumpy(), rtol=1e-12, atol=1e-14)


def test_an_error_function(tmp_path: Path) -> None:
    """In float32, which is all that the reference evaluator computes it in."""
    dt.export_onnx(ops.erf, tmp_path / "erf.onnx", 1)
    points = np.linspace(-2, 2, 9, dtype=np.float32)[:, None]
    (found,) = ReferenceEvaluator(str(tmp_path / "erf.onnx")).run(None, {"points": points})
    np.testing.assert_allclose(found, ops.erf(dt.Tensor(points)).asnumpy(), rtol=2e-7)


def test_derivatives_are_functions_too(tmp_path: Path) -> None:
    slope = lambda x: dt.partials(lambda x: ops.sin(x[:, :1] * x[:, 1:]), [(1, 0)])(x)[0]
    dt.export_onnx(slope, tmp_path / "slope.onnx", 2, dtype=dt.float64, names=("x", "slope"))
    points = np.random.default_rng(0).normal(size=(5, 2))
    (found,) = ReferenceEvaluator(str(tmp_path / "slope.onnx")).run(["slope"], {"x": points})
    np.testing.assert_allclose(found[:, 0], points[:, 1] * np.cos(points[:, 0] * points[:, 1]), rtol=1e-12)


@pytest.mark.parametrize(
    ("function", "features", "message"),
    [
        (ops.lgamma, 2, "cannot write `lgamma`"),
        (lambda x: x[1:], 2, "takes some of the points apart"),
        (lambda x: (x, x), 2, "that gives one Tensor, got tuple"),
        (3, 2, "must be a function, got int"),
        (ops.sin, 0, "`features` of `export_onnx` must be an int from 1 on"),
    ],
)
def test_what_no_file_can_hold_is_refused(function: Any, features: int, message: str, tmp_path: Path) -> None:
    with pytest.raises((errors.ArgumentError, errors.ArgumentTypeError), match=message):
        dt.export_onnx(function, tmp_path / "f.onnx", features)
    assert not list(tmp_path.iterdir())


def test_without_onnx_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(errors.MissingExtraError, match=r'pip install "dualtape\[onnx\]"'):
        dt.export_onnx(ops.sin, tmp_path / "f.onnx", 1)
