"""Starting the compiler of kernels before it is needed."""

from __future__ import annotations

import pytest

import dualtape as dt
from dualtape import nn, pinn
from dualtape.devices import warming
from dualtape.devices.kernels import KernelDevice
from dualtape.devices.opencl import opencl_devices
from dualtape.devices.registry import HOST
from dualtape.errors import DeviceError


def test_the_first_processor_that_works_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    class Named(KernelDevice):
        architecture = allocate = parts = place = copy = build = None  # type: ignore[assignment]
        is_processor = True

        def __init__(self, name: str) -> None:
            self.name = name

        def start(self) -> None:
            if self.name == "broken":
                raise DeviceError("it does not work")
            started.append(self.name)

    class Graphics(Named):
        is_processor = False

    found = (HOST, Graphics("graphics"), Named("broken"), Named("first"), Named("second"))
    monkeypatch.setattr(warming, "devices", lambda: found)
    dt.warm_up()
    assert started == ["first"]


def test_without_a_device_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warming, "devices", lambda: (HOST,))
    dt.warm_up()


@pytest.mark.opencl
def test_what_is_started_is_what_kernels_run_on() -> None:
    dt.warm_up()
    first = next(device for device in opencl_devices() if device.architecture.is_processor)
    assert first.is_processor
    assert first.is_started


@pytest.mark.parametrize(("points", "expected"), [(2_000, 1), (20, 0)])
def test_solve_starts_it_where_kernels_will_pay(points: int, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[None] = []
    monkeypatch.setattr(dt, "warm_up", lambda: calls.append(None))
    problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-")])
    pinn.solve(problem, nn.MLP(1, 1, width=8, depth=2, seed=0), 0, lbfgs_steps=0, points=points, progress=False)
    assert len(calls) == expected
