"""Whether ``mpiexec`` has started this process, and which part of the machine is its own."""

from __future__ import annotations

import os
from typing import Any

from dualtape.devices.device import Device
from dualtape.devices.registry import devices, find_device
from dualtape.errors import ArgumentTypeError, DeviceError, MissingExtraError

# What launchers tell a process of their number: MPICH's and Intel's, Open MPI's.
_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
# PMIx tells the rank alone.
_PMIX = "PMIX_RANK"
_RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", _PMIX)
_THREADS = ("POCL_MAX_PTHREAD_COUNT", "POCL_CPU_MAX_CU_COUNT")


def world() -> Any:
    """The communicator of all processes that ``mpiexec`` has started, or ``None`` in a process on its own.

    Without ``mpiexec``, mpi4py is not imported. So a program that says ``comm=dt.parallel.world()`` runs either way.

    Raises
    ------
    MissingExtraError
        There are several processes, and mpi4py is not installed.
    DeviceError
        They cannot see each other: ``mpiexec`` is not that of the MPI that mpi4py has found.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.parallel.world() is None
    True
    """
    told = max((int(os.environ[name]) for name in _SIZES if os.environ.get(name, "").isdigit()), default=1)
    if told == 1 and _PMIX not in os.environ:
        return None
    try:
        from mpi4py import MPI
    except ImportError as missing:
        raise MissingExtraError(
            "processes that mpiexec has started need mpi4py to work together: pip install 'dualtape[mpi]'"
        ) from missing
    comm = MPI.COMM_WORLD
    if comm.Get_size() < told:
        raise DeviceError(
            f"mpiexec has started {told} processes, but the MPI of mpi4py ({MPI.Get_library_version().split()[0]}) "
            f"sees {comm.Get_size()}: use the mpiexec of the same MPI, as beside the Python of this environment"
        )
    return comm if comm.Get_size() > 1 else None


def told_rank() -> int:
    """The number that ``mpiexec`` has told this process, without MPI; 0 for one on its own.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.parallel.told_rank()
    0
    """
    return max((int(os.environ[name]) for name in _RANKS if os.environ.get(name, "").isdigit()), default=0)


def divide_cores(comm: Any) -> int:
    """Give each process of a machine its part of the cores; call it before anything is computed.

    Of each of n processes on one machine PoCL takes the n-th part of the cores, instead of all of them, and the process
    is bound to these, unless the launcher has bound it. What is set in the environment (``POCL_MAX_PTHREAD_COUNT``)
    stays.

    Parameters
    ----------
    comm
        As of :func:`world`; ``None`` changes nothing.

    Returns
    -------
    int
        How many cores this process is to use.
    """
    every = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    cores = len(every) or os.cpu_count() or 1
    if comm is None:
        return cores
    rank, size = _beside(comm)
    # Without a binding of the launcher's, the threads of two processes may stay on one core.
    if len(every) == os.cpu_count() and size <= cores:
        every = every[rank * cores // size : (rank + 1) * cores // size]
        os.sched_setaffinity(0, every)
        cores = len(every)
    else:
        cores = max(1, cores // size)
    for name in _THREADS:
        os.environ.setdefault(name, str(cores))
    return cores


def own_device(comm: Any) -> Device:
    """The device for this process: of those of the first OpenCL driver, in turn; the host where there is none.

    So each of four processes of a machine with four GPUs has its own.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.parallel.own_device(dt.parallel.world()) in dt.devices()
    True
    """
    found = devices()
    first = found[1:2] or found[:1]
    driver = (first[0].info.platform, first[0].info.version)  # two versions of a driver see one processor twice
    alike = [device for device in found if (device.info.platform, device.info.version) == driver]
    return alike[0 if comm is None else _beside(comm)[0] % len(alike)]


def sub_devices(device: str | Device, count: int) -> tuple[Device, ...]:
    """Parts of an OpenCL device, as ``clCreateSubDevices`` makes them: each a device with its share of the cores.

    They are for ``pinn.solve(..., devices=...)``, ``dt.jit(f, device=...)`` and ``dt.device(...)``.

    Parameters
    ----------
    device
        A device that is a processor, or its name.
    count
        How many; each has as many cores as any other, or one more.

    Returns
    -------
    tuple of Device
        Named ``opencl:0/0of2``, ``opencl:0/1of2``, by which they are found from now on. Whoever asks for as many again
        gets the same.

    Raises
    ------
    DeviceError
        The device has fewer cores, or its driver does not split it.

    Examples
    --------
    >>> import dualtape as dt
    >>> [part.name for part in dt.parallel.sub_devices("opencl:0", 1)] if len(dt.devices()) > 1 else ["opencl:0/0of1"]
    ['opencl:0/0of1']
    """
    if isinstance(count, bool) or not isinstance(count, int):
        raise ArgumentTypeError(f"`count` of `sub_devices` must be an int, got {type(count).__name__}")
    return tuple(find_device(device).split(count))


def _beside(comm: Any) -> tuple[int, int]:
    """The number of this process among those of its machine, and how many these are."""
    from mpi4py import MPI

    beside = comm.Split_type(MPI.COMM_TYPE_SHARED)
    found = int(beside.Get_rank()), int(beside.Get_size())
    beside.Free()
    return found
