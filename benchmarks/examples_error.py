"""How far from the solution: problems of DeepXDE's examples and others, by the defaults of `pinn.solve` in float64.

For each problem the error, seconds (kernels compiled in them included) and lines of its statement, beside the error and
seconds of float32 defaults in an early version, the bound that is wanted now, and the lines of DeepXDE's example.
Errors are relative L2 errors at points that training did not see; of coefficients, the largest relative error.

    python benchmarks/examples_error.py [--problems beam burgers ...] [--seconds 60] [--seed 0] [--stop] [--quick]
        [--json FILE]
"""

from __future__ import annotations

import argparse
import inspect
import json
import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from error import references
from error.examples import STATEMENTS, Stated
from pinn.engines import limit_threads
from pinn.report import table, write_lines

import dualtape as dt
from dualtape import pinn

PI = math.pi
Values = Callable[..., Any]


class Target(NamedTuple):
    """Error and seconds of an early version, the error wanted now, and the lines of DeepXDE's example."""

    error: float
    seconds: float
    wanted: float
    peer_lines: int | None = None


TARGETS = {
    "ode_system": Target(9.3e-4, 6, 1.9e-4, 32),
    "lorenz_inverse": Target(4.3e-2, 11, 1e-3, 49),
    "volterra": Target(5.2e-5, 67, 1.0e-5, 41),
    "helmholtz_with_a_hole": Target(3.0e-3, 15, 6e-4, 126),
    "l_shape": Target(1.3e-1, 20, 1e-2, 17),
    "allen_cahn": Target(4.7e-2, 11, 9.4e-3, 42),
    "klein_gordon": Target(6.4e-3, 13, 1.3e-3, 75),
    "unknown_field": Target(9.7e-3, 18, 1.9e-3, 47),
    "schroedinger": Target(7.8e-2, 28, 5e-3),
    "kovasznay": Target(3.1e-3, 23, 6.2e-4, 74),
    "beam": Target(2.3e-4, 9, 4.6e-5, 38),
    "wave": Target(2.5e-2, 20, 5e-3, 58),
    "burgers": Target(4.3e-3, 7, 8.6e-4, 37),
    "heat_in_five_dimensions": Target(5.3e-4, 14, 1.1e-4),
    "elasticity": Target(3.7e-3, 12, 7.4e-4, 134),
    "navier_stokes_inverse": Target(2.3e-2, 9, 1e-3, 141),
    "lotka_volterra": Target(0.88, 13, 1e-3, 73),
    "american_put": Target(1.2e-2, 23, 2.4e-3, 88),
    "cavity": Target(5.3e-2, 20, 1.06e-2),
}


def measured(name: str, seconds: float, seed: int, quick: bool, stop: bool = False) -> dict[str, Any]:
    """Solve one problem; with ``stop`` until its error is what is wanted, looked at after each 20 steps."""
    with dt.device(dt.devices()[:2][-1]):
        stated = STATEMENTS[name]()
        network = stated.network()
        for parameter in stated.parameters:
            parameter.move_to(network.trainable_params()[0].device)
        options: dict[str, Any] = {"precision": "float64", "seconds": seconds, "seed": seed, "progress": False}
        if quick:
            options["optimizer"] = pinn.Adam(3) >> pinn.SSBroyden(3)
        if stop:
            options |= {"watch": lambda solution: _stop_at(name, stated, solution), "watch_every": 20}
        solution = pinn.solve(stated.problem, network, parameters=stated.parameters, **options)
    source = inspect.getsource(STATEMENTS[name]).splitlines()[1:]
    lines = [line for line in source if line.strip() and not line.strip().startswith("#")]
    taken = {"seconds": round(solution.seconds, 1), "steps": len(solution.history), "lines": len(lines) + 1}
    return {"problem": name, "error": ERRORS[name](stated, solution), **taken}


def _stop_at(name: str, stated: Stated, solution: pinn.Solution) -> None:
    if ERRORS[name](stated, solution) <= TARGETS[name].wanted:
        raise pinn.StopTraining


def _relative(found: Any, wanted: Any) -> float:
    found, wanted = (np.concatenate([np.ravel(part) for part in both]) for both in (found, wanted))
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def _known(*values: Values) -> Callable[[Stated, pinn.Solution], float]:
    """At points inside, by a function of the coordinates for each of the first unknowns."""

    def error(stated: Stated, solution: pinn.Solution) -> float:
        points = stated.problem.domain.interior(4_096, "halton", (7,))
        found = [solution[name](points) for name in stated.problem.unknowns]
        return _relative(found[: len(values)], [value(*points.T) for value in values])

    return error


def _in_time(path: Callable[[np.ndarray], np.ndarray], end: float) -> Callable[[Stated, pinn.Solution], float]:
    """Of ordinary differential equations."""
    times = np.linspace(0, end, 501)
    return lambda stated, solution: _relative(
        [solution[name](t=times) for name in stated.problem.unknowns], path(times)
    )


def _coefficients(*wanted: float) -> Callable[[Stated, pinn.Solution], float]:
    def error(stated: Stated, solution: pinn.Solution) -> float:
        return max(abs(float(p) / value - 1) for p, value in zip(stated.parameters, wanted, strict=True))

    return error


def _l_shape(stated: Stated, solution: pinn.Solution) -> float:
    x, y = stated.problem.domain.interior(4_096, "halton", (7,)).T
    return _relative([solution.u(x=x, y=y)], [references.l_shape_values(x, y)])


def _allen_cahn(stated: Stated, solution: pinn.Solution) -> float:
    x, t = np.linspace(-1, 1, 201), np.linspace(0, 1, 101)
    return _relative([solution.u(x=x, t=t[:, None])], [references.allen_cahn_values(x, t)])


def _schroedinger(stated: Stated, solution: pinn.Solution) -> float:
    x, t = np.linspace(-5, 5, 201), np.linspace(0, PI / 2, 41)
    wanted = references.soliton_values(x, t)
    return _relative([solution[name](x=x, t=t[:, None]) for name in "uv"], [wanted.real, wanted.imag])


def _american_put(stated: Stated, solution: pinn.Solution) -> float:
    prices, wanted = _put_values()
    return _relative([solution.u(s=prices, t=1.0)], [wanted])


@cache
def _put_values() -> tuple[np.ndarray, np.ndarray]:
    prices = np.linspace(0.5, 1.5, 41)
    return prices, references.put_values(prices)


def _cavity(stated: Stated, solution: pinn.Solution) -> float:
    places, wanted = _cavity_values()
    return _relative([solution[name](places) for name in "uv"], wanted)


@cache
def _cavity_values() -> tuple[np.ndarray, np.ndarray]:
    axis = np.linspace(0, 1, 51)
    places = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return places, np.asarray(references.cavity_reference(1 / 100, places)).reshape(len(places), -1)[:, :2].T


def _wave(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    return np.asarray(np.sin(PI * x) * np.cos(10 * PI * t) + np.sin(2 * PI * x) * np.cos(20 * PI * t))


ERRORS: dict[str, Callable[[Stated, pinn.Solution], float]] = {
    "ode_system": _in_time(lambda t: np.array([np.sin(t), np.cos(t)]), 10.0),
    "lorenz_inverse": _coefficients(10.0, 15.0, 8 / 3),
    "volterra": _known(lambda t: np.exp(-t) * np.cosh(t)),
    "helmholtz_with_a_hole": _known(lambda x, y: np.sin(2 * PI * x) * np.sin(2 * PI * y)),
    "l_shape": _l_shape,
    "allen_cahn": _allen_cahn,
    "klein_gordon": _known(lambda x, t: x * np.cos(t)),
    "unknown_field": _known(lambda x: np.sin(PI * x), lambda x: -(PI**2) * np.sin(PI * x)),
    "schroedinger": _schroedinger,
    "kovasznay": _known(*(lambda x, y, i=i: references.kovasznay_flow(x, y)[i] for i in range(2))),
    "beam": _known(lambda x: -(x**4) / 24 + x**3 / 6 - x**2 / 4),
    "wave": _known(_wave),
    "burgers": _known(pinn.burgers_exact),
    "heat_in_five_dimensions": _known(lambda *x: np.exp(sum(a**2 for a in x[:5]) / 2 + x[5])),
    "elasticity": _known(
        lambda x, y: np.cos(2 * PI * x) * np.sin(PI * y), lambda x, y: np.sin(PI * x) * y**4
    ),
    "navier_stokes_inverse": _coefficients(1.0, 0.01),
    "lotka_volterra": _in_time(references.lotka_volterra_path, 1.0),
    "american_put": _american_put,
    "cavity": _cavity,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", choices=STATEMENTS, default=list(STATEMENTS))
    parser.add_argument("--seconds", type=float, default=60.0, help="for each problem")
    parser.add_argument("--seed", type=int, default=0, help="of the points")
    parser.add_argument("--stop", action="store_true", help="end where the error is what is wanted")
    parser.add_argument("--quick", action="store_true", help="a few steps, to see that it runs")
    parser.add_argument("--json", help="write the lines there")
    options = parser.parse_args()
    limit_threads(2)
    lines = []
    for name in options.problems:
        lines.append(measured(name, options.seconds, options.seed, options.quick, options.stop))
        print(json.dumps(lines[-1]), flush=True)
    if options.json:
        write_lines(options.json, lines)
    rows = []
    for line in lines:
        target = TARGETS[line["problem"]]
        facts = [f"{line['error']:.1e}", f"{line['seconds']:.0f}", f"{target.wanted:.1e}"]
        facts += [f"{target.error:.1e}", f"{target.seconds:.0f}", str(line["lines"]), str(target.peer_lines or "")]
        rows.append((line["problem"], facts))
    names = ["error", "seconds", "wanted", "error before", "seconds before", "lines", "DeepXDE's lines"]
    print(table("problem", names, rows))


if __name__ == "__main__":
    main()
