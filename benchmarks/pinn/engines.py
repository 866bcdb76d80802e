"""The engines by name; each is imported when it is asked for, with as many threads as it is to use."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from pinn.workloads import Problem, Step


class Engine(NamedTuple):
    """Where an engine is.

    Attributes
    ----------
    library
        What must be installed.
    module, function
        From a problem to a step; NotImplementedError where the engine cannot do it.
    """

    library: str
    module: str
    function: str


OURS = "dualtape"
ENGINES = {
    OURS: Engine("dualtape", "pinn.dualtape_engine", "jitted"),
    "jax jvp": Engine("jax", "pinn.jax_engines", "nested_jvp"),
    "jax jet": Engine("jax", "pinn.jax_engines", "taylor_mode"),
    "folx": Engine("folx", "pinn.jax_engines", "folx_laplacian"),
    "torch grad": Engine("torch", "pinn.torch_engines", "nested_grad"),
    "torch.func": Engine("torch", "pinn.torch_engines", "functional"),
    "torch.compile": Engine("torch", "pinn.torch_engines", "compiled"),
}
AT_ONCE = [name for name in ENGINES if name != "torch.compile"]
"""Those that take seconds to compile, not minutes."""


_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POCL_MAX_PTHREAD_COUNT",
    "POCL_CPU_MAX_CU_COUNT",  # its name since PoCL 4
)


def limit_threads(threads: int) -> None:
    """Let every engine that is imported later use so many threads, on so many cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for name in _THREADS:
        os.environ[name] = str(threads)


def imported(name: str, threads: int, dtype: str) -> Callable[[Problem], Step]:
    """The engine, or ImportError if its library is not installed."""
    engine = ENGINES[name]
    if engine.module == "pinn.jax_engines":
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
        os.environ["JAX_ENABLE_X64"] = str(int(dtype == "float64"))
    import_module(engine.library)
    if engine.library == "torch":
        import torch

        torch.set_num_threads(threads)
    found: Callable[[Problem], Step] = getattr(import_module(engine.module), engine.function)
    return found
