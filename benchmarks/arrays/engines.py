"""The engines: how each takes arrays, and makes of a program a step that ends when its result is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

Step = Callable[[], Any]
Engine = Callable[[Callable[..., Any], Sequence[np.ndarray]], Step]


def numpy_engine() -> Engine:
    xp = SimpleNamespace(
        tanh=np.tanh,
        exp=np.exp,
        rows=lambda x: x[:, None],
        row_max=lambda x: x.max(1),
        row_sum=lambda x: x.sum(1),
        transposed=lambda x: np.ascontiguousarray(x.T),
    )
    return lambda function, arrays: lambda: function(xp, *arrays)


def jax_engine(dtype: str) -> Engine:
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ["JAX_ENABLE_X64"] = str(int(dtype == "float64"))
    import jax
    import jax.numpy as jnp

    xp = SimpleNamespace(
        tanh=jnp.tanh,
        exp=jnp.exp,
        rows=lambda x: x[:, None],
        row_max=lambda x: x.max(1),
        row_sum=lambda x: x.sum(1),
        transposed=lambda x: x.T,
    )

    def step(function: Callable[..., Any], arrays: Sequence[np.ndarray]) -> Step:
        jitted, given = jax.jit(lambda *x: function(xp, *x)), [jnp.asarray(x) for x in arrays]
        return lambda: jitted(*given).block_until_ready()

    return step


def torch_engine(threads: int) -> Engine:
    import torch

    torch.set_num_threads(threads)
    xp = SimpleNamespace(
        tanh=torch.tanh,
        exp=torch.exp,
        rows=lambda x: x[:, None],
        row_max=lambda x: x.amax(1),
        row_sum=lambda x: x.sum(1),
        transposed=lambda x: x.T.contiguous(),
    )

    def step(function: Callable[..., Any], arrays: Sequence[np.ndarray]) -> Step:
        given = [torch.from_numpy(x) for x in arrays]
        return lambda: function(xp, *given)

    return step


def dualtape_functions() -> SimpleNamespace:
    import dualtape as dt

    return SimpleNamespace(
        tanh=dt.ops.tanh,
        exp=dt.ops.exp,
        rows=lambda x: x.reshape((x.shape[0], 1)),
        row_max=lambda x: dt.ops.amax(x, 1),
        row_sum=lambda x: x.sum(1),
        transposed=lambda x: x.T,
    )


def dualtape_engine(device: str, jitted: bool) -> Engine:
    """With the arrays on the device, eagerly or as one program."""
    import dualtape as dt

    xp = dualtape_functions()
    place = next(x for x in dt.devices() if x.name == device)

    def step(function: Callable[..., Any], arrays: Sequence[np.ndarray]) -> Step:
        given = [dt.Tensor(x).to(place) for x in arrays]
        call: Callable[..., Any] = lambda *x: function(xp, *x)
        if jitted:
            call = dt.jit(call)
            print(f"# {dt.explain(call, *given)}".replace("\n", "; "), flush=True)

        def run() -> Any:
            result = call(*given)
            place.synchronize()
            return result

        return run

    return step


def as_array(result: Any) -> np.ndarray:
    return np.asarray(result.asnumpy() if hasattr(result, "asnumpy") else result)
