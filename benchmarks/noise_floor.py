"""What noise leaves to be known: the standard errors of Burgers' coefficients from the data of the example.

examples/inverse_burgers.py has 200 values with noise of 1 % of their size. Nothing that is not biased can find the
coefficients from them with a smaller standard error than the inverse of Fisher's information (Cramer and Rao), which is
computed here with the exact solution: with the initial values known, which is more than any of the programs is told,
and as unknown coefficients of sines. Then least squares with that solution on the same data, and on other noise.

    python benchmarks/noise_floor.py [--sines 20] [--draws 200]
"""

from __future__ import annotations

import argparse

import numpy as np
from error.problems import observations_of_burgers
from scipy.optimize import least_squares

from dualtape import pinn

VISCOSITY = 0.01 / np.pi
NODES, WEIGHTS = np.polynomial.hermite.hermgauss(200)
Array = np.ndarray


def solved(places: Array, speed: float, viscosity: float, sines: Array) -> Array:
    """u_t + speed u u_x = viscosity u_xx from a sum of sin(k pi (x + 1) / 2), by Cole, Hopf and quadrature."""
    x, t = places.T
    start = x[:, None] - NODES * np.sqrt(4 * viscosity * t[:, None])
    rates = np.arange(1, len(sines) + 1) * np.pi / 2
    phases = rates * (start[..., None] + 1)
    exponent = speed / (2 * viscosity) * (np.cos(phases) @ (sines / rates))
    kernel = WEIGHTS * np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return np.asarray((kernel * (np.sin(phases) @ sines)).sum(axis=1) / kernel.sum(axis=1))


def by_numbers(places: Array, numbers: Array, known: Array | None = None) -> Array:
    """From the speed, the logarithm of the viscosity in units of its own, and the sines, if they are not known."""
    sines = numbers[2:] if known is None else known
    return solved(places, numbers[0], VISCOSITY * np.exp(numbers[1]), sines)


def standard_errors(places: Array, noise: float, sines: int) -> Array:
    """Of speed and viscosity, both relative; with 0 sines the initial values are known."""
    known = np.array([0.0, 1.0]) if not sines else None
    truth = np.concatenate([[1.0, 0.0], np.eye(sines)[1] if sines else []])
    steps = 1e-5 * np.eye(len(truth))
    slopes = [by_numbers(places, truth + h, known) - by_numbers(places, truth - h, known) for h in steps]
    jacobian = np.stack(slopes, axis=1) / 2e-5 / noise
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)))[:2])


def least(places: Array, values: Array) -> Array:
    """Relative errors of both coefficients by least squares with the exact solution."""
    found = least_squares(lambda q: by_numbers(places, q, np.array([0.0, 1.0])) - values, [1.0, 0.0], xtol=1e-14)
    return np.abs([found.x[0] - 1, np.exp(found.x[1]) - 1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sines", type=int, default=20, help="how many initial values are unknown")
    parser.add_argument("--draws", type=int, default=200, help="of noise")
    options = parser.parse_args()
    places, values = observations_of_burgers()
    exact = pinn.burgers_exact(*places.T)
    noise = 0.01 * float(exact.std())
    print("standard errors of speed and viscosity, at least:")
    print("  initial values known", standard_errors(places, noise, 0))
    print(f"  as {options.sines} sines     ", standard_errors(places, noise, options.sines))
    print("least squares with the exact solution, on these data:", least(places, values))
    random = np.random.default_rng(1)
    draws = [least(places, exact + noise * random.normal(size=len(exact))).max() for _ in range(options.draws)]
    print("the larger error, on other noise: quartiles", np.quantile(draws, (0.25, 0.5, 0.75)))


if __name__ == "__main__":
    main()
