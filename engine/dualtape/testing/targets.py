"""Where a test runs: a device, with or without `jit`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from dualtape import pytree
from dualtape.compiler.jit import jit
from dualtape.devices.device import Device
from dualtape.devices.registry import HOST, device, devices, find_device
from dualtape.errors import DeviceError
from dualtape.tensor import Tensor


@dataclass(frozen=True)
class Target:
    """A device, and whether functions are jitted there; calling it runs them so.

    Examples
    --------
    >>> import dualtape as dt
    >>> square = Target(dt.devices()[0], jitted=True)(lambda x: x * x)
    >>> print(square(dt.Tensor([1.0, 2.0])))
    [1. 4.]
    """

    device: Device
    jitted: bool = False

    def __str__(self) -> str:
        return self.device.name + "-jit" * self.jitted

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """``f`` on this device: its arguments are moved there, and results are left there."""
        run = jit(f) if self.jitted else f

        def there(*args: Any, **kwargs: Any) -> Any:
            moved = pytree.map(lambda x: x.to(self.device) if type(x) is Tensor else x, (args, kwargs))
            with device(self.device):
                return run(*moved[0], **moved[1])

        return there

    def failure(self) -> DeviceError | None:
        """Why nothing can be computed there, if that is so."""
        try:
            Tensor(0.0, device=self.device)
        except DeviceError as failure:
            return failure
        return None

    def active(self) -> AbstractContextManager[Device]:
        """A context in which new tensors go to this device."""
        return device(self.device)


def chosen_targets(asked_for: str, names: Sequence[str] = (), jitted: bool = True) -> list[Target]:
    """The targets of a test.

    Parameters
    ----------
    asked_for
        ``all``, or names of devices with commas between them.
    names
        The devices that the test is for; by default all.
    jitted
        Whether each device is there a second time, with `jit`.
    """
    wanted = _devices([] if asked_for.strip() == "all" else [name for name in asked_for.split(",") if name.strip()])
    if names:
        suited = _devices(names)
        wanted = [place for place in wanted if place in suited]
    return [Target(place, under_jit) for place in wanted for under_jit in ((False, True) if jitted else (False,))]


def _devices(names: Sequence[str]) -> list[Device]:
    """Devices by name, without asking for OpenCL where only the host is meant; all of them for no name."""
    if not names:
        return list(devices())
    return [HOST if name.strip() == "host" else find_device(name) for name in names]
