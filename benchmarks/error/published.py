"""What others report for the problems of examples/: errors with their sources, and which program of DeepXDE's it is.

Programs are those of DeepXDE at commit 99b6620, of August 2026. Where neither its pages nor PINNacle's paper tell an
error, DeepXDE 1.15 was run here, on PyTorch: its own example, with at most 120 s of one core, or a problem of the same
equation, as `time_to_error.py` has it. Figures of PINNacle's table 3 (arXiv:2306.08827v2) are quoted from a public
summary of the paper, for that text was not at hand; that poisson_10d and poisson_100d are its PNd in more
dimensions is by its own program, src/pde/poisson.py.
"""

from __future__ import annotations

from typing import NamedTuple

_PULLS = "https://github.com/lululxvi/deepxde/pull"
_PAGES = "https://deepxde.readthedocs.io/en/latest/demos"
_CURVES = "[DeepXDE, run here](accuracy_and_time.md#what-was-measured)"
_NEAR = f"{_CURVES}, on another problem of this equation"
_PINNACLE = "[PINNacle](https://arxiv.org/abs/2306.08827), table 3, its best, as a summary of the paper quotes it"


class Reported(NamedTuple):
    """An error of others, and where it is from."""

    error: float
    source: str


REPORTED = {
    "allen_cahn": Reported(1.5e-2, f"[DeepXDE]({_PULLS}/526)"),
    "black_scholes": Reported(1e-3, f"[DeepXDE]({_PAGES}/pinn_forward/black_scholes.html)"),
    "burgers": Reported(1.45e-2, _PINNACLE),
    "cavity": Reported(3.6e-2, f"{_PINNACLE}, under another lid"),
    "heat": Reported(4.9e-5, _NEAR),
    "helmholtz": Reported(6.8e-3, _NEAR),
    "inverse_burgers": Reported(
        3.8e-3,
        f"{_CURVES}; from data with this noise no unbiased estimate of the viscosity has a standard error below 1.4e-2 "
        "(`benchmarks/noise_floor.py`), so that neither error is better than the other",
    ),
    "klein_gordon": Reported(1.1e-5, _NEAR),
    "kuramoto_sivashinsky": Reported(0.45, _NEAR),
    "poisson": Reported(3.1e-6, _CURVES),
    "poisson_100d": Reported(
        0.13,
        "DeepXDE, run here (`benchmarks/poisson_100d_deepxde.py`): 200 steps of Adam in 106 s of a core; "
        "the best linear function has 9.8e-3",
    ),
    "poisson_10d": Reported(4.7e-4, f"{_PINNACLE}, in five dimensions"),
    "reaction_diffusion": Reported(1.6e-3, f"[DeepXDE]({_PULLS}/525)"),
    "schroedinger": Reported(
        1.4e-3, "[DeepXDE](https://github.com/lululxvi/deepxde/blob/master/examples/pinn_forward/Schrodinger.ipynb)"
    ),
    "unknown_diffusivity": Reported(2.4e-2, f"[DeepXDE]({_PULLS}/534), another coefficient"),
    "wave": Reported(9.8e-2, _PINNACLE),
}

# The program of DeepXDE's examples that solves the same problem, or the one that is nearest.
PROGRAMS = {
    "allen_cahn": "pinn_forward/Allen_Cahn.py",
    "beam": "pinn_forward/Euler_beam.py",
    "black_scholes": "pinn_forward/black_scholes_call.py",
    "burgers": "pinn_forward/Burgers.py",
    "elasticity": "pinn_forward/elasticity_plate.py",
    "heat": "pinn_forward/heat.py",
    "helmholtz": "pinn_forward/Helmholtz_Dirichlet_2d.py",
    "helmholtz_with_a_hole": "pinn_forward/Helmholtz_Neumann_2d_hole.py",
    "klein_gordon": "pinn_forward/Klein_Gordon.py",
    "kovasznay": "pinn_forward/Kovasznay_flow.py",
    "lorenz_inverse": "pinn_inverse/Lorenz_inverse.py",
    "lotka_volterra": "pinn_forward/Lotka_Volterra.py",
    "poisson_on_an_l": "pinn_forward/Poisson_Lshape.py",
    "reaction_diffusion": "pinn_forward/diffusion_reaction.py",
    "schroedinger": "pinn_forward/Schrodinger.ipynb",
    "unknown_diffusivity": "pinn_inverse/elliptic_inverse_field.py",
    "volterra": "pinn_forward/Volterra_IDE.py",
    "wave": "pinn_forward/wave_1d.py",
}
