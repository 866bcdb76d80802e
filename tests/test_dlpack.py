"""Arrays come from other libraries, and go there, by DLPack: always NumPy's, and those of what is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape.devices.device import Device
from dualtape.errors import ArgumentError, ArgumentTypeError, ConversionError

TYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "float16", "float32", "float64")


@pytest.mark.parametrize("dtype", TYPES)
def test_numpy_both_ways(dtype: str, device: Device) -> None:
    if device.name != "host" and dtype in ("float16", "float64"):
        device.require(dt.dtypes.as_dtype(dtype))
    array = np.array([[0, 1, 0], [1, 1, 0]]).astype(dtype)
    x = dt.from_dlpack(array)
    assert (x.device, x.dtype, x.shape) == (device, array.dtype, array.shape)
    back = np.from_dlpack(x)
    np.testing.assert_array_equal(back, array)
    array[0, 0] = 1
    assert x.asnumpy()[0, 0] == 0


def test_numpys_may_be_any_view() -> None:
    array = np.arange(24.0).reshape(4, 6)
    for view in (array.T, array[::2, 1:], array[:0], array[1, 1]):
        if isinstance(view, np.ndarray):
            np.testing.assert_array_equal(dt.from_dlpack(view).asnumpy(), view)


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(ArgumentTypeError, match="`x` of `from_dlpack` must have `__dlpack__`, got list"):
        dt.from_dlpack([1.0])
    with pytest.raises(ArgumentError, match="always copies"):
        dt.from_dlpack(np.ones(2), copy=False)

    class OnAnotherDevice:
        def __dlpack__(self, **_: Any) -> Any:
            raise BufferError("it is far away")

        def __dlpack_device__(self) -> tuple[int, int]:
            return (1, 0)

    with pytest.raises(ArgumentError, match="it is far away"):
        dt.from_dlpack(OnAnotherDevice())


def test_derivatives_do_not_leave_unasked() -> None:
    with pytest.raises(ConversionError, match="from_dlpack"):
        dt.grad(lambda x: dt.Tensor(np.from_dlpack(x)).sum())(dt.Tensor([1.0]))
    assert dt.grad(lambda x: dt.from_dlpack(x * x).sum())(dt.Tensor([3.0])).tolist() == [6.0]


def test_pytorch_both_ways() -> None:
    torch = pytest.importorskip("torch")
    x = dt.Tensor(np.arange(6.0).reshape(2, 3))
    there = torch.from_dlpack(x)
    assert there.tolist() == x.tolist()
    assert dt.from_dlpack(there.T).tolist() == x.T.tolist()
    with pytest.raises(ArgumentError, match="grad"):
        dt.from_dlpack(torch.ones(2, requires_grad=True))


def test_jax_both_ways() -> None:
    jax = pytest.importorskip("jax")
    x = dt.Tensor(np.arange(6, dtype=np.float32).reshape(2, 3))
    there = jax.numpy.from_dlpack(x)
    assert there.tolist() == x.tolist()
    assert dt.from_dlpack(there).tolist() == x.tolist()
