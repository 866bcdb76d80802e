"""NumPy's functions of values that are being differentiated, mapped or traced: the library's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape.errors import ArgumentError, ConversionError
from dualtape.numpy_functions import _by_function
from dualtape.testing import check_derivatives

X = np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.7], [-0.2, 0.6, 3.0]])
_vector = np.array([0.5, -1.0, 2.0])

CALLS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: np.sum(x, axis=0, keepdims=True),
    "sum of some": lambda x: np.sum(x, where=X > 0.2),
    "prod": lambda x: np.prod(x, 1),
    "mean": np.mean,
    "max": lambda x: np.max(x, axis=1),
    "min": lambda x: np.min(x, initial=5.0),
    "std": lambda x: np.std(x, ddof=1),
    "nansum": np.nansum,
    "where": lambda x: np.where(X > 0.2, x, 0.0),
    "diag": np.diag,
    "diagonal": lambda x: np.diagonal(x, 1),
    "tril": lambda x: np.tril(x, -1),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0], [2], [1]]), 1),
    "sort": lambda x: np.sort(x, axis=0),
    "sort flat": lambda x: np.sort(x, axis=None),
    "stack": lambda x: np.stack([x, x], axis=1),
    "concatenate": lambda x: np.concatenate([x, X]),
    "transpose": np.transpose,
    "reshape": lambda x: np.reshape(x, (9,)),
    "ravel": np.ravel,
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "tile": lambda x: np.tile(x, (2, 1)),
    "clip": lambda x: np.clip(x, 0.2, 1.0),
    "dot": lambda x: np.dot(x, X),
    "outer": lambda x: np.outer(x[0], _vector),
    "tensordot": lambda x: np.tensordot(x, X, axes=1),
    "inner": lambda x: np.inner(x, X),
    "kron": lambda x: np.kron(x, X),
    "cross": lambda x: np.cross(x, X),
    "cumsum": np.cumsum,
    "cumprod": lambda x: np.cumprod(x, axis=1),
    "median": lambda x: np.median(x, axis=1),
    "quantile": lambda x: np.quantile(x, 0.3, axis=0),
    "diff": lambda x: np.diff(x, axis=0),
    "trapezoid": np.trapezoid,
    "interp": lambda x: np.interp(x[0], [-1.0, 0.5, 3.0], [0.0, 2.0, 1.0]),
    "polyval": lambda x: np.polyval([1.0, 2.0, 3.0], x),
    "convolve": lambda x: np.convolve(x[0], _vector, "same"),
    "linalg.solve": lambda x: np.linalg.solve(x, _vector),
    "fft.fft": lambda x: np.abs(np.fft.fft(x)),
    "fft.rfftn": lambda x: np.real(np.fft.rfftn(x, axes=(0, 1), norm="ortho")),
    "fft.fftshift": np.fft.fftshift,
    "linalg.inv": np.linalg.inv,
    "linalg.det": np.linalg.det,
    "linalg.norm": lambda x: np.linalg.norm(x, 2),
    "linalg.eigvalsh": lambda x: np.linalg.eigvalsh(x + x.T),
    "linalg.matrix_power": lambda x: np.linalg.matrix_power(x, 3),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_and_derivatives(name: str) -> None:
    call = CALLS[name]
    inside = dt.jit(lambda x: dt.ops.mul(call(x), 1.0))(dt.Tensor(X)).asnumpy()
    np.testing.assert_allclose(inside, call(X), rtol=1e-12)
    check_derivatives(lambda x: dt.ops.mul(call(x), 1.0), dt.Tensor(X))


def test_of_plain_tensors_they_give_arrays() -> None:
    assert isinstance(np.where(dt.Tensor(X) > 0.2, dt.Tensor(X), 0.0), np.ndarray)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: np.sum(x, dtype=np.float32),
        lambda x: np.sum(x, None, np.float32),
        lambda x: np.sort(x, kind="stable"),
        lambda x: np.cumsum(x, out=np.zeros(3)),
        lambda x: np.diag(x, 1),
    ],
)
def test_parameters_that_are_not_here_are_named(wrong: Callable[[Any], Any]) -> None:
    with pytest.raises(ArgumentError, match=r"of NumPy.* takes no `(dtype|kind|out|k)`"):
        dt.grad(lambda x: dt.ops.sum(wrong(x)))(dt.Tensor(X))


def test_a_function_that_is_not_here_is_named() -> None:
    with pytest.raises(ConversionError, match="`unwrap` of NumPy"):
        dt.grad(lambda x: dt.ops.sum(np.unwrap(x)))(dt.Tensor(X))


def test_every_function_that_is_stated_has_a_parameter_of_each_name() -> None:
    import inspect

    from dualtape.numpy_functions import _STATED

    for name, (place, parameters) in _STATED.items():
        ours = place if callable(place) else getattr(place, name.rpartition(".")[2])
        known = inspect.signature(ours).parameters
        named = [p.partition("=")[2] or p for p in parameters.split() if not p.endswith("!")]
        assert set(named) <= set(known), name
    assert len(_by_function()) > 70


def test_element_types_are_numpys() -> None:
    assert dt.float64 == np.float64
    assert np.float32 == dt.Tensor([1.0]).dtype
    assert dt.int64 == np.dtype("int64")
    assert dt.float32 != np.float64
    assert dt.float32 != "Float32"
    assert np.dtype(dt.bool_) is np.dtype(np.bool_)
    assert np.zeros(2, dt.float32).dtype == np.float32


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.outer(0.1, x), lambda x: np.outer(x, [0.1, 0.7]), lambda x: np.dot(x, [0.1, 0.7, 0.3]),
        lambda x: np.inner([0.1, 0.7, 0.3], x), lambda x: np.kron(x, [0.1]), lambda x: np.convolve([0.1, 0.7], x),
        lambda x: np.polyval([0.1, 0.7], x), lambda x: np.interp(x, [0.1, 0.7], [0.3, 0.9]),
        lambda x: np.interp(0.3, [0.1, 0.7, 0.9], x), lambda x: np.trapezoid(x, [0.1, 0.7, 0.9]),
        lambda x: np.linalg.solve(np.eye(3) * x, [0.1, 0.7, 0.3]), lambda x: x @ [0.1, 0.7, 0.3],
        lambda x: np.cross(x, [0.1, 0.7, 0.3]),
        lambda x: np.linalg.lstsq(np.eye(3) + 0 * x, [0.1, 0.7, 0.3])[0], lambda x: np.tensordot(x, [0.1, 0.7, 0.3], 1),
    ],
)  # fmt: skip
def test_numbers_beside_float64_are_not_rounded_to_float32(function: Any) -> None:
    x = np.array([0.3, 0.8, 0.6])
    traced = dt.vmap(function)(dt.Tensor(x[None])).asnumpy()[0]
    np.testing.assert_allclose(traced, function(x), rtol=1e-14)
