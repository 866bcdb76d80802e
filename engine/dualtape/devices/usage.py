"""What the engine has taken of devices' memory, for users to see and to give back."""

from __future__ import annotations

from dualtape.devices.device import Device, MemoryUse
from dualtape.devices.registry import current_device, find_device, listed_devices


def memory(device: str | Device | None = None) -> MemoryUse:
    """What the engine has taken of a device's memory.

    Parameters
    ----------
    device
        An OpenCL device; by default where new tensors are put. The host's memory is NumPy's, and not counted.

    Returns
    -------
    MemoryUse
        In bytes: ``in_use`` by tensors and compiled functions, ``pooled`` for the next ones, the ``limit`` of both, and
        the ``peak`` of what was in use.

    Notes
    -----
    The limit is 90 % of the device's memory; on a processor at most 80 % of what was free on the machine, and in its
    container, when the device was first used. The environment variable ``DUALTAPE_MEMORY_LIMIT`` says another one, as
    in ``DUALTAPE_MEMORY_LIMIT=4GiB`` or ``=50%``. Beyond it there is a ``DeviceMemoryError``, and all tensors are as
    they were.

    Examples
    --------
    >>> import dualtape as dt
    >>> device = dt.devices()[-1]
    >>> x = dt.Tensor([1.0, 2.0], device=device)
    >>> device.name == "host" or dt.memory(device).in_use > 0
    True
    """
    return (current_device() if device is None else find_device(device)).memory()


def release_memory(device: str | Device | None = None) -> int:
    """Give back to a device what was taken of its memory and is not needed now: for other programs, say.

    Tensors keep theirs; compiled functions make theirs anew when they are called again.

    Parameters
    ----------
    device
        By default, all that have been used.

    Returns
    -------
    int
        How many bytes that were.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.release_memory() >= 0
    True
    """
    chosen = listed_devices() if device is None else (find_device(device),)
    return sum(x.release_memory() for x in chosen)
