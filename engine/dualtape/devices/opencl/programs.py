"""Programs of one kernel each, built when first launched, and kept as long as somebody may launch them."""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

import pyopencl as cl

from dualtape.devices.opencl.kernel_cache import KernelCache, key_of
from dualtape.devices.opencl.processor import compiler_of
from dualtape.errors import DeviceError
from dualtape.opencl_kernels import declarations, source
from dualtape.recent import Recent

Size = tuple[int, ...]
_POCL = "Portable Computing Language"
_NO_HEADER = "-D_OPENCL_H_"
"""Tells clang's header of OpenCL C's functions that it has been read."""
_MOST_UNUSED = 32
"""So many kernels asked for last stay though nobody holds them: a function jitted anew needs those that it had."""

# Compilers remark on code that they accept. For the whole process, and once: no thread can change how warnings are
# handled for itself alone, so to do it around each build would lose warnings of the others.
warnings.filterwarnings("ignore", "Non-empty compiler output encountered", cl.CompilerWarning)

_describing = threading.RLock()
"""Held while pyopencl writes the Python that sets a kernel's arguments. One for all devices, for it numbers what it
writes in one table of the process, and two threads that write the same would take the same number."""

Launcher = Callable[..., None]
"""Enqueues one run: global and local size, then the kernel's arguments, buffers and plain numbers."""


class Programs:
    """The kernels of one device, by source.

    Attributes
    ----------
    declares
        Whether sources declare what they call of OpenCL C, and PoCL is kept from reading its header of all functions,
        which takes longer than most kernels: 0.1 s for each, and 0.03 s where the kernel is on the disk. True on
        PoCL, until a source is found that it builds only with its header.
    """

    def __init__(
        self,
        context: Any,
        handle: Any,
        queue: Any,
        device_name: str,
        options: list[str],
        cache: KernelCache | None,
    ) -> None:
        self._context = context
        self._handle = handle
        self._queue = queue
        self._device_name = device_name
        self._options = options
        self._cache = cache
        self.declares = handle.platform.name == _POCL
        self._kernels: WeakValueDictionary[str, Launcher] = WeakValueDictionary()
        self._latest: Recent[str, Launcher] = Recent(_MOST_UNUSED)
        self._lock = threading.RLock()  # a signal handler may come in the middle of a build, and need a kernel, too

    def kernel(self, name: str, source: str, scalars: tuple[Any, ...]) -> Launcher:
        """The kernel ``name`` of a program that holds no other.

        Parameters
        ----------
        name
            Begins with ``dt_``: a kernel that is called like a builtin builds, and then cannot be found.
        source
            OpenCL C.
        scalars
            For each argument its NumPy type, or None for a buffer.
        """
        with self._lock:
            found = self._kernels.get(source)
            if found is None:
                found = self._kernels[source] = self._launcher(self._build(name, source, scalars), scalars)
            self._latest[source] = found
            return found

    def launchers(self) -> list[Launcher]:
        """All kernels that somebody may launch."""
        return list(self._kernels.values())

    def _launcher(self, kernel: Any, scalars: tuple[Any, ...]) -> Launcher:
        program, name = kernel.program, kernel.function_name
        # OpenCL keeps arguments in the kernel. Each launch borrows one that nobody else is setting: no other thread,
        # and not what a signal handler has interrupted.
        idle = deque([kernel])

        def launch(global_size: Size, local_size: Size, *arguments: Any) -> None:
            try:
                kernel = idle.pop()
            except IndexError:
                kernel = _kernel_of(program, name, scalars)
            try:
                kernel(self._queue, global_size, local_size, *arguments)
            finally:
                idle.append(kernel)

        return launch

    def vector_bytes(self) -> int:
        """The width of the widest vectors that the device's compiler makes."""
        kernel = self._build("dt_probe", source("probe"), ())
        size: int = kernel.get_work_group_info(cl.kernel_work_group_info.COMPILE_WORK_GROUP_SIZE, self._handle)[0]
        return size

    def _compiled(self, source: str) -> Any:
        if not self.declares:
            return self._built(source, self._options)
        try:
            return self._built(declarations(source) + source, [*self._options, _NO_HEADER])
        except cl.Error:
            whole = self._built(source, self._options)
            self.declares = False  # it is not the source that it cannot build
            return whole

    def _built(self, source: str, options: list[str]) -> Any:
        def build() -> Any:
            try:
                return cl.Program(self._context, source).build(options, devices=[self._handle])
            except cl.CompilerWarning:  # somebody made errors of warnings
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", cl.CompilerWarning)
                    return cl.Program(self._context, source).build(options, devices=[self._handle])

        if self._cache is None:
            return build()
        return self._cache.build(self._queue, key_of(source, options, compiler_of(self._handle)), build)

    def _build(self, name: str, source: str, scalars: tuple[Any, ...]) -> Any:
        try:
            program = self._compiled(source)
        except cl.Error as failure:
            raise DeviceError(f"{self._device_name} cannot build the kernel `{name}`: {failure}") from failure
        try:
            kernel = _kernel_of(program, name, scalars)
        except Exception as failure:  # whatever pyopencl's own files on the disk raise, where they are switched on
            raise DeviceError(
                f"{self._device_name} cannot make the kernel `{name}`: {failure!r}. If files that pyopencl keeps are "
                "damaged or cannot be written, set the environment variable PYOPENCL_NO_CACHE=1"
            ) from failure
        return kernel


def _kernel_of(program: Any, name: str, scalars: tuple[Any, ...]) -> Any:
    """The kernel ``name`` of a built program, which knows the types of its arguments."""
    with _describing:
        kernel = cl.Kernel(program, name)  # which describes it as if all its arguments were buffers
        kernel.set_scalar_arg_dtypes(scalars)
    return kernel
