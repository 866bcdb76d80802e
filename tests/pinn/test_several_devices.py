"""Steps that several devices of one process share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn


def losses(devices: Any) -> np.ndarray:
    problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-")])
    with dt.device("host"):
        network = nn.MLP(1, 1, width=6, depth=1, dtype=dt.float64, seed=0)
    options: dict[str, Any] = {"points": 37, "devices": devices, "progress": False}
    return pinn.solve(problem, network, optimizer=pinn.Adam(3) >> pinn.SSBroyden(2), **options).history.total


@pytest.mark.opencl
def test_all_devices_together_train_as_one_does() -> None:
    names = [device.name for device in dt.devices()[1:]]
    alone = losses(None)
    np.testing.assert_allclose(losses(names), alone, rtol=1e-12)
    np.testing.assert_allclose(losses({name: 1.0 + i for i, name in enumerate(names)}), alone, rtol=1e-12)


@pytest.mark.opencl
def test_parts_of_a_processor_together_train_as_it_does() -> None:
    parts = dt.parallel.sub_devices("opencl:0", 2)
    assert [part.name for part in parts] == ["opencl:0/0of2", "opencl:0/1of2"]
    alone = losses(None)
    np.testing.assert_allclose(losses(parts), alone, rtol=1e-12)
    np.testing.assert_allclose(losses({parts[0]: 1.0, "opencl:0": 2.0}), alone, rtol=1e-12)


@pytest.mark.opencl
def test_parts_are_made_once_and_have_names() -> None:
    parts = dt.parallel.sub_devices("opencl:0", 2)
    assert dt.parallel.sub_devices("opencl:0", 2) == parts
    x = dt.Tensor([1.0, 2.0], device="opencl:0/1of2")
    assert x.device is parts[1]
    assert x.to("opencl:0/0of2").device is parts[0]
    with pytest.raises(errors.ArgumentError, match="each once"):
        losses([parts[0], "opencl:0/0of2"])


@pytest.mark.opencl
@pytest.mark.parametrize(
    ("device", "count", "message"),
    [("host", 2, "host is no device that can be split"), ("opencl:0", 4096, "cannot be split into 4096 devices")],
)
def test_what_cannot_be_split_says_so(device: str, count: int, message: str) -> None:
    with pytest.raises(errors.DeviceError, match=message):
        dt.parallel.sub_devices(device, count)


@pytest.mark.parametrize(
    ("devices", "kind", "message"),
    [
        ("host", errors.ArgumentTypeError, "must be a list of names"),
        (["opencl:99"], errors.ArgumentError, "names 'opencl:99'; there are host"),
        (["host", "host"], errors.ArgumentError, "each once"),
        ([], errors.ArgumentError, "one or more devices"),
        ({"host": 0.0}, errors.ArgumentError, "positive and finite"),
        ({"host": "much"}, errors.ArgumentError, "positive and finite, got ..much.."),
        ([["host"]], errors.ArgumentTypeError, "named by a str"),
    ],
)
def test_what_names_no_devices_is_refused(devices: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        losses(devices)
