"""Starting a driver's compiler before the first kernel is there for it."""

from __future__ import annotations

from dualtape.devices.kernels import KernelDevice
from dualtape.devices.registry import devices
from dualtape.errors import DeviceError


def warm_up() -> None:
    """Start the compiler of kernels in the background, for it takes half a second.

    It is that of the first device that is a processor, where functions under ``jit`` run their kernels if their inputs
    are on the host; without such a device nothing happens. A program that calls this first can read its data and make
    its networks meanwhile; ``pinn.solve`` does so by itself.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.warm_up()
    """
    for device in devices():
        try:
            if isinstance(device, KernelDevice) and device.is_processor:
                device.start()
                return
        except DeviceError:  # one that does not work is no reason to do without the others
            continue
