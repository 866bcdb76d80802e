"""The table of errors in `docs/accuracy.md`: measured here, and written with ``python -m special_functions.table``.

The command runs in the root of the repository, with PYTHONPATH=tests.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dualtape.primitives import CATALOGUE
from special_functions.launch import DEVICES, VECTOR_WIDTH, evaluate
from special_functions.points import SIZES, cases, near_zeros, ulps
from special_functions.reference import FUNCTIONS, HOST_ULPS, host_name

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
BEGIN, END = "<!-- table of errors: generated -->\n", "<!-- end of the table -->\n"
DTYPES = ("float32", "float64")


def error_on_host(name: str, dtype: str) -> float:
    """The largest error of the host, in ulp."""
    arguments = cases(name, dtype).arguments
    order = FUNCTIONS[name].order
    primitive = CATALOGUE[host_name(name) or ""]
    with np.errstate(all="ignore"):
        got = np.asarray(primitive.numpy(*arguments, **({} if order is None else {"n": order})))
    # At the ends of the range, where arguments or results are subnormal or all but overflow, SciPy gives up earlier.
    limits, size = np.finfo(dtype), np.abs(cases(name, dtype).high)
    inside = ~((size < float(limits.tiny)) & (size > 0)) & ~(np.isfinite(size) & (size > float(limits.max) / 8))
    inside &= np.abs(arguments[0].astype(float)) >= float(limits.tiny)
    return _largest(name, dtype, got, HOST_ULPS.get(name, 4), inside)


def errors_on_devices(dtype: str) -> dict[str, float]:
    """The largest errors on all OpenCL devices, of single numbers and of vectors."""
    found = dict.fromkeys(FUNCTIONS, 0.0)
    names = sorted(FUNCTIONS)
    for device in DEVICES:
        for width in (1, VECTOR_WIDTH[dtype]):
            for i in range(0, len(names), 5):
                group = {name: cases(name, dtype).arguments for name in names[i : i + 5]}
                for name, got in evaluate(device, dtype, width, group).items():
                    found[name] = max(found[name], _largest(name, dtype, got, FUNCTIONS[name].ulps))
    return found


def _largest(name: str, dtype: str, got: np.ndarray, bound: float, inside: np.ndarray | None = None) -> float:
    arguments, high, low = cases(name, dtype)
    error = ulps(got, high, low)
    if name in SIZES:
        error = near_zeros(name, arguments, got, error, bound)
    return float((error if inside is None else error[inside]).max(initial=0))


def rows() -> Iterator[str]:
    """The lines of the table."""
    yield "| function | kernels, Float32 | Float64 | at most | host, Float32 | Float64 | at most |"
    yield "|---|---|---|---|---|---|---|"
    devices = {dtype: errors_on_devices(dtype) for dtype in DTYPES}
    for name in sorted(FUNCTIONS):
        cells = [_spelled(devices[dtype][name]) for dtype in DTYPES] + [f"{FUNCTIONS[name].ulps:g}"]
        if host_name(name) is None:
            cells += ["", "", ""]
        else:
            cells += [_spelled(error_on_host(name, dtype)) for dtype in DTYPES] + [f"{HOST_ULPS.get(name, 4):g}"]
        yield f"| {name.removeprefix('dt_')} | {' | '.join(cells)} |"


def _spelled(error: float) -> str:
    return f"{math.ceil(error * 100) / 100:.2f}"


def stated() -> dict[str, list[str]]:
    """The cells of the committed table, by function."""
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    lines = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()[2:]]
    return {f"dt_{cells[0]}": cells[1:] for cells in lines}


def main() -> None:
    """Measure, and write the table into its page."""
    head, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    PAGE.write_text(head + begin + "".join(f"{row}\n" for row in rows()) + end + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
