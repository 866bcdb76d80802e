"""How many names of NumPy's and SciPy's work inside `grad`.

``python benchmarks/numpy_names.py``, with ``--list`` the names themselves, with ``numpy.linalg`` those of one module.

A name works if it, or what has its name in `dualtape.ops`, is differentiated, and the gradient is that of finite
differences of NumPy's or SciPy's own function. What gives no floats, or takes none of the arguments below, is not
counted. With ``PYTHONPATH`` set to the root and the `engine` of another checkout, it counts there.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import scipy.special

import dualtape as dt
from dualtape import ops, pytree

_X, _Y = np.array([0.31, 0.62, 0.44]), np.array([0.52, 0.27, 0.71])
_MATRIX = np.array([[2.1, 0.3, 0.2], [0.3, 1.6, 0.4], [0.2, 0.4, 2.7]])
_SHIFTED = 1.3 + _X
_NO_FUNCTIONS = {"info", "source", "lookfor", "show_config", "show_runtime", "test", "save", "savez", "savetxt", "load"}
# What comes after the argument that is differentiated, tried in this order, and what this is itself.
_AFTER: tuple[tuple[Any, ...], ...] = ((), (_Y,), (1,), (_Y, _Y), (0.5, 1.5, 0.3), (1, 0), ((1, 3),))
_FIRST = (_X, _MATRIX, _SHIFTED)
# Orders and other arguments that come before it.
_BEFORE: tuple[tuple[Any, ...], ...] = ((), (1,), (0.5, 1.5, 2.5))


def _loss(outputs: Any) -> Any:
    """The sum of everything that is a float, squared, so that a constant slope does not hide a wrong one."""
    leaves = [x for x in pytree.leaves(_plain(outputs)) if "float" in str(x.dtype).lower()]
    return sum(((x * x).sum() for x in leaves), 0.0)


def _plain(outputs: Any) -> Any:
    return list(map(_plain, outputs)) if isinstance(outputs, (tuple, list)) else outputs


def _calls(function: Callable[..., Any]) -> Iterator[tuple[tuple[Any, ...], np.ndarray, tuple[Any, ...], np.ndarray]]:
    """Arguments that the function takes, with the gradient by central differences."""
    for before in _BEFORE:
        for x in _FIRST:
            for after in _AFTER:
                try:
                    slope = np.empty(x.size)
                    for i in range(x.size):
                        step = np.zeros(x.size)
                        step[i] = 1e-5
                        ends = [
                            _loss(_arrays(function(*before, x + sign * step.reshape(x.shape), *after)))
                            for sign in (1, -1)
                        ]
                        slope[i] = (ends[0] - ends[1]) / 2e-5
                except Exception:  # whatever NumPy says to arguments that it does not take
                    continue
                if np.isfinite(slope).all() and np.abs(slope).max() > 1e-3:
                    yield before, x, after, slope.reshape(x.shape)


def _arrays(outputs: Any) -> Any:
    return list(map(_arrays, outputs)) if isinstance(outputs, (tuple, list)) else np.asarray(outputs)


def works(name: str, function: Callable[..., Any], ours: Callable[..., Any] | None) -> bool | None:
    """Whether it is differentiated; None where it has no gradient."""
    calls = list(islice(_calls(function), 4))
    for candidate in (function, ours):
        for before, x, after, slope in calls if candidate is not None else ():
            tensors = [dt.Tensor(a) if isinstance(a, np.ndarray) else a for a in after]
            try:
                found = dt.grad(lambda t, f=candidate, b=before, a=tensors: _loss(f(*b, t, *a)))(dt.Tensor(x))
            except Exception:  # refused, or not there
                continue
            if np.allclose(found.asnumpy(), slope, rtol=1e-4, atol=1e-5):
                return True
    return False if calls else None


def main() -> None:
    rooms = {
        "numpy": (np, ops),
        "numpy.linalg": (np.linalg, getattr(ops, "linalg", ops)),
        "scipy.special": (scipy.special, getattr(ops, "special", ops)),
    }
    chosen = [title for title in rooms if title in sys.argv] or list(rooms)
    for title in chosen:
        module, own = rooms[title]
        fates = {}
        for name in sorted(vars(module)):
            function = getattr(module, name)
            if name.startswith("_") or name in _NO_FUNCTIONS or not callable(function) or isinstance(function, type):
                continue
            ours = getattr(own, name, None) or getattr(ops, name, None)
            fates[name] = works(name, function, ours)
        counted = [name for name, fate in fates.items() if fate is not None]
        good = [name for name in counted if fates[name]]
        print(f"{title}: {len(good)} of {len(counted)} names that have a gradient")
        if "--list" in sys.argv:
            print("   there:", *good)
            print("   not there:", *(name for name in counted if not fates[name]))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with np.errstate(all="ignore"):
        main()
