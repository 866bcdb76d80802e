"""The table of functions in `docs/functions.md`: tried here, and written with ``python -m functions.table``.

The command runs in the root of the repository, with PYTHONPATH=tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import pytree
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import CATALOGUE
from dualtape.errors import DualtapeError
from functions.all_cases import CASES, FUNCTIONS
from functions.cases import Case
from functions.elsewhere import in_jax, in_numpy, in_pytorch
from special_functions.reference import FUNCTIONS as OF_KERNELS
from special_functions.scipy_reference import EXACT

PAGE = Path(__file__).parents[2] / "docs" / "functions.md"
BEGIN, END = "<!-- table of functions: generated -->\n", "<!-- end of the table -->\n"
HEAD = "| function | NumPy, SciPy | JAX | PyTorch | takes | runs on | derivatives | `jit` | `vmap` | at most, ulp |"
_TYPES = (("f2", np.float16), ("f4", np.float32), ("f8", np.float64))


def rows() -> Iterator[str]:
    """The lines of the table."""
    yield HEAD
    yield "|---" * HEAD.count(" | ") + "|---|"
    seen: set[Any] = set()
    for name in sorted(FUNCTIONS, key=lambda name: (name.count("."), name)):
        if FUNCTIONS[name] not in seen and name in CASES:
            seen.add(FUNCTIONS[name])
            yield _row(name, CASES[name])


def _row(name: str, cases: list[Case]) -> str:
    case, function = cases[0], FUNCTIONS[name]
    cells = (
        f"`{name}`",
        in_numpy(name),
        in_jax(name),
        in_pytorch(name),
        _types(function, case),
        _place(function, case),
        _derivatives(cases),
        _yes(lambda: dt.jit(_called(function, case), device="host")(*_tensors(case))),
        _yes(lambda: _mapped(function, case)) if _tensors(case) else "",
        _bound(name),
    )
    return f"| {' | '.join(cells)} |"


def _is_tensor(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic))


def _tensors(case: Case, dtype: Any = np.float64) -> list[dt.Tensor]:
    """The arrays among the arguments, floats in ``dtype``, as tensors."""
    leaves = [x for x in pytree.leaves(list(case.args)) if _is_tensor(x)]
    return [dt.Tensor(x.astype(dtype) if x.dtype.kind == "f" else x) for x in leaves]


def _called(function: Any, case: Case) -> Callable[..., list[dt.Tensor]]:
    """The call as a function of its arrays."""

    def call(*tensors: dt.Tensor) -> list[dt.Tensor]:
        rest = iter(tensors)
        args = pytree.map(lambda x: next(rest) if _is_tensor(x) else x, list(case.args))
        outputs = function(*args, **case.kwargs)
        return [x for x in pytree.leaves(outputs) if isinstance(x, dt.Tensor)]

    return call


def _tried(attempt: Callable[[], Any]) -> bool:
    try:
        attempt()
    except (DualtapeError, TypeError, ValueError):
        return False
    return True


def _yes(attempt: Callable[[], Any]) -> str:
    return "yes" if _tried(attempt) else "no"


def _types(function: Any, case: Case) -> str:
    """Element types that it takes in the place of floats; or of what there is, if that is none."""
    call = _called(function, case)
    if not any(x.dtype.is_float for x in _tensors(case)):
        return ", ".join(sorted({str(x.dtype) for x in _tensors(case)})) or "numbers"
    found = [short for short, dtype in _TYPES if _tried(lambda dtype=dtype: call(*_tensors(case, dtype)))]
    whole = lambda x: dt.Tensor(np.ones(x.shape, np.int64)) if x.dtype.is_float else x
    if _tried(lambda: call(*map(whole, _tensors(case)))):
        found.append("i8")
    return " ".join(found)


def _place(function: Any, case: Case) -> str:
    """Whether a part of it has no kernel, and runs on the host with a copy there and back."""
    try:
        lowered = dt.jit(_called(function, case), device="host").lower(*_tensors(case))
    except (DualtapeError, TypeError, ValueError):
        return "host, for it needs the numbers"
    names = {equation.primitive.name for equation in lowered.program.equations}
    on_host = {name for name in names if name in CATALOGUE and isinstance(CATALOGUE[name].lowering, OnHost)}
    return "host, by a copy" if on_host else "kernels"


def _derivatives(cases: list[Case]) -> str:
    """Orders that are compared with finite differences; 0 where the result is no float."""
    floats = lambda x: any(y.dtype.kind == "f" for y in pytree.leaves(x) if _is_tensor(y))
    if any(case.smooth and floats(list(case.args)) and floats(case.reference(*case.args)) for case in cases):
        return "1, 2"
    return "0"


def _mapped(function: Any, case: Case) -> None:
    dt.vmap(_called(function, case))(*(dt.ops.stack([x, x]) for x in _tensors(case)))


def _bound(name: str) -> str:
    own = name.rpartition(".")[2]
    kernel = OF_KERNELS.get(f"dt_{own}")
    if own in EXACT and name.startswith("special."):
        entry = EXACT[own]
        ulps = max(entry.ulps, kernel.ulps if kernel else 0)
        return f"{ulps:g}{' of the largest' if entry.absolute else ''}"
    return f"{max(kernel.ulps, 4):g}" if kernel else ""


def stated() -> list[str]:
    """The lines of the committed table."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].splitlines()


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + "\n".join(rows()) + "\n" + END + after, encoding="utf-8")
