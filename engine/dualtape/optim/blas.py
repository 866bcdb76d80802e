"""BLAS on one thread where its vectors and matrices are small: idle threads of its own, which spin, slow kernels.

SciPy's library is one and NumPy's another, which computes losses on the host. The number of threads is one of the
process: where several threads search, the first one sets it, and the last one gives the old number back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

_lock = threading.RLock()  # a signal handler may train, too


_found: dict[str, dict[object, int]] = {}
"""How many threads each library had, by its file, before the searches that are under way, for each of these."""


class _Threads:
    """Of SciPy's BLAS, or of all that are loaded."""

    def __init__(self, scipy_alone: bool) -> None:
        self._scipy_alone = scipy_alone

    @contextmanager
    def one(self) -> Iterator[None]:
        search, libraries = object(), self._libraries.lib_controllers
        try:
            with _lock:
                for library in libraries:
                    found = _found.setdefault(library.filepath, {})
                    found[search] = next(iter(found.values()), library.num_threads)
                    library.set_num_threads(1)
            yield
        finally:
            with _lock:
                for library in libraries:
                    found = _found.get(library.filepath, {})
                    # None, if an interrupt came before it.
                    if (number := found.pop(search, None)) is not None and not found:
                        library.set_num_threads(number)

    @cached_property
    def _libraries(self) -> Any:
        """To look for them takes longer than an iteration."""
        import scipy.linalg.blas  # loads them
        from threadpoolctl import ThreadpoolController

        controller = ThreadpoolController().select(user_api="blas")
        if not self._scipy_alone:
            return controller
        package = Path(scipy.__file__).parent
        folders = {package, package.with_name("scipy.libs")}  # where wheels bring libraries of their own
        paths = [library.filepath for library in controller.lib_controllers]
        return controller.select(filepath=[x for x in paths if folders & set(Path(x).parents)])


_of_scipy, _of_all = _Threads(scipy_alone=True), _Threads(scipy_alone=False)
# Multiplications up to which a second thread saves less than it costs kernels: of 400 residuals by 1,341 weights a step
# of least squares took 12 ms on one thread, and 75 ms on two cores that kernels had, too.
_FEW = 1e9


def one_thread() -> Any:
    """SciPy's BLAS, for the time of a block."""
    return _of_scipy.one()


def one_thread_if_small(rows: int, columns: int) -> Any:
    """SciPy's and NumPy's, where the square of a matrix is small, on its smaller side."""
    return _of_all.one() if rows * columns * min(rows, columns) <= _FEW else nullcontext()
