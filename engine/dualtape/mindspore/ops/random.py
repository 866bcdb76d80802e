"""Random tensors, from the stream that `set_seed` starts: MindSpore's distributions, not its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

import dualtape as dt
from dualtape.mindspore.common.seed import stream_of
from dualtape.mindspore.ops.tables import named

# What a program is traced with knows no numbers of Parameters: reading this one then says so, in the user's line.
_probe = dt.Parameter(0.0, name="probe", requires_grad=False)


def require_no_tracing(function: str) -> None:
    """Raise the error of tracing inside a jitted function: a program would repeat the first call's numbers for ever.

    ``function`` draws numbers; `jit` of this package then runs what calls it eagerly.
    """
    _probe.value().asnumpy()


def _made(function: str, dtype: Any, draw: Any, seed: Any = None) -> dt.Tensor:
    require_no_tracing(function)
    return dt.Tensor(np.asarray(draw(stream_of(seed))), dtype)


def _number(x: Any) -> Any:
    return x.asnumpy() if isinstance(x, dt.Tensor) else x


def _of_each(function: str, dtype: Any, draw: Any, shape: Any, parameter: dt.Tensor, seed: Any) -> dt.Tensor:
    """A sample of that shape, which a tensor may give, for each element of a parameter."""
    sizes = (*(int(n) for n in _number(shape)), *parameter.shape)
    return _made(function, dtype, lambda random: draw(random, _number(parameter), sizes), seed)


def _sizes(size: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size


def uniform(shape: Any, minval: Any, maxval: Any, seed: Any = None, dtype: Any = dt.float32) -> dt.Tensor:
    """Numbers from ``minval`` to ``maxval``; whole ones, without ``maxval``, for an integer ``dtype``."""
    low, high = _number(minval), _number(maxval)
    if dtype.is_float:
        return _made("uniform", dtype, lambda random: random.uniform(low, high, shape), seed)
    return _made("uniform", dtype, lambda random: random.integers(low, high, shape), seed)


def multinomial(input: Any, num_samples: int, replacement: bool = True, seed: Any = None) -> dt.Tensor:
    """Indices of the last axis, with the probabilities that are given up to a factor."""
    require_no_tracing("multinomial")
    random, weights = stream_of(seed), np.atleast_2d(input.asnumpy().astype(np.float64))
    rows = [random.choice(len(row), num_samples, replacement, row / row.sum()) for row in weights]
    drawn = np.asarray(rows, np.int64)
    return dt.Tensor(drawn if input.ndim > 1 else drawn[0])


FUNCTIONS = named({
    "normal": lambda shape, mean, stddev, seed=None:
        _made("normal", dt.float32, lambda random: random.normal(_number(mean), _number(stddev), shape), seed),
    "standard_normal": lambda shape, seed=None:
        _made("standard_normal", dt.float32, lambda random: random.normal(size=shape), seed),
    "laplace": lambda shape, mean, lambda_param, seed=None:
        _made("laplace", dt.float32, lambda random: random.laplace(_number(mean), _number(lambda_param), shape), seed),
    "standard_laplace": lambda shape, seed=None:
        _made("standard_laplace", dt.float32, lambda random: random.laplace(size=shape), seed),
    "gamma": lambda shape, alpha, beta, seed=None:
        _made("gamma", dt.float32, lambda random: random.gamma(_number(alpha), 1 / _number(beta), shape), seed),
    "random_gamma": lambda shape, alpha, seed=None:
        _of_each("random_gamma", dt.float32, lambda random, alpha, sizes: random.gamma(alpha, 1.0, sizes),
                 shape, alpha, seed),
    "poisson": lambda shape, mean, seed=None:
        _made("poisson", dt.float32, lambda random: random.poisson(_number(mean), shape), seed),
    "random_poisson": lambda shape, rate, seed=None, dtype=dt.float32:
        _of_each("random_poisson", dtype, lambda random, rate, sizes: random.poisson(np.maximum(rate, 0), sizes),
                 shape, rate, seed),
    "bernoulli": lambda input, p=0.5, seed=None:
        _made("bernoulli", input.dtype, lambda random: random.random(input.shape) < _number(p), seed),
    "rand": lambda *size, dtype=None, seed=None:
        _made("rand", dtype or dt.float32, lambda random: random.random(_sizes(size)), seed),
    "rand_like": lambda input, seed=None, *, dtype=None:
        _made("rand_like", dtype or input.dtype, lambda random: random.random(input.shape), seed),
    "randn": lambda *size, dtype=None, seed=None:
        _made("randn", dtype or dt.float32, lambda random: random.normal(size=_sizes(size)), seed),
    "randn_like": lambda input, seed=None, *, dtype=None:
        _made("randn_like", dtype or input.dtype, lambda random: random.normal(size=input.shape), seed),
    "randint": lambda low, high, size, seed=None, *, dtype=None:
        _made("randint", dtype or dt.int64, lambda random: random.integers(low, high, size), seed),
    "randint_like": lambda input, low, high, seed=None, *, dtype=None:
        _made("randint_like", dtype or input.dtype, lambda random: random.integers(low, high, input.shape), seed),
    "randperm": lambda n, seed=None, offset=0, dtype=dt.int64:
        _made("randperm", dtype, lambda random: random.permutation(n), seed),
})  # fmt: skip
FUNCTIONS |= {"uniform": uniform, "multinomial": multinomial}
