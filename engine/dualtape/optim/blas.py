"""SciPy's own BLAS on one thread while it searches: its vectors are short, and idle threads, which spin, slow kernels.

NumPy's BLAS, which computes losses on the host, is another library and keeps its threads. The number is one of the
process: where several threads search, the first one sets it, and the last one gives the old number back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

_lock = threading.RLock()  # a signal handler may train, too
_searches = 0
_limit: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """For the time of a block."""
    global _searches, _limit
    with _lock:
        if not _searches:
            _limit = _libraries().limit(limits=1)
        _searches += 1
    try:
        yield
    finally:
        with _lock:
            _searches -= 1
            if not _searches:
                _limit.restore_original_limits()


@cache
def _libraries() -> Any:
    """To look for them takes longer than an iteration."""
    import scipy.linalg.blas  # loads them
    from threadpoolctl import ThreadpoolController

    package = Path(scipy.__file__).parent
    folders = {package, package.with_name("scipy.libs")}  # where wheels bring libraries of their own
    controller = ThreadpoolController()
    paths = [library.filepath for library in controller.lib_controllers]
    return controller.select(filepath=[x for x in paths if folders & set(Path(x).parents)])
