"""Calls of the functions of `dualtape.ops.special`, with what SciPy makes of them."""

from __future__ import annotations

import numpy as np
from scipy import special

from functions.cases import Case, numbers, of, positive


def _quietly_added(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        found: np.ndarray = np.logaddexp(x, y)
    return found


UNARY: dict[str, tuple[float, float]] = {
    "erfinv": (-0.9, 0.9), "erfcinv": (0.1, 1.9), "erfcx": (-2, 2), "ndtr": (-2, 2), "ndtri": (0.1, 0.9),
    "log_ndtr": (-2, 2), "logit": (0.1, 0.9), "expi": (0.2, 4), "exp1": (0.2, 4), "gamma": (0.2, 4),
    "ellipk": (-2, 0.8), "ellipe": (-2, 0.8),
    "j0": (-3, 3), "j1": (-3, 3), "y0": (0.2, 4), "y1": (0.2, 4), "i0": (-2, 2), "i1": (-2, 2),
    "k0": (0.2, 4), "k1": (0.2, 4), "i0e": (0.2, 3), "i1e": (-3, -0.2), "k0e": (0.2, 4), "k1e": (0.2, 4),
    "entr": (0.2, 4), "digamma": (0.2, 4), "gammaln": (0.2, 4), "erf": (-2, 2), "erfc": (-2, 2), "expit": (-2, 2),
    "psi": (0.2, 4),
}  # fmt: skip
ORDERS: dict[str, str] = {
    "jn": "jv", "yn": "yn", "iv": "iv", "kn": "kn", "spherical_jn": "spherical_jn", "spherical_yn": "spherical_yn",
    "spherical_in": "spherical_in", "spherical_kn": "spherical_kn", "polygamma": "polygamma",
}  # fmt: skip
BINARY = ("beta", "betaln", "gammainc", "gammaincc", "xlogy", "xlog1py", "rel_entr", "kl_div")
_CONDITION = 20.0


def _unary(name: str, low: float, high: float) -> list[Case]:
    inside = (low + 0.05, high - 0.05) if high - low > 0.5 else (low, high)
    reference = getattr(special, name)
    return [
        of(reference, numbers(*shape, low=inside[0], high=inside[1]), condition=_CONDITION) for shape in ((2, 3), ())
    ]


def _of_order(name: str, scipy_name: str) -> list[Case]:
    reference = getattr(special, scipy_name)
    orders = (0, 1, 3) if name != "polygamma" else (0, 1, 2)
    return [of(reference, n, positive(2, 2), condition=_CONDITION) for n in orders]


def _binary(name: str) -> list[Case]:
    reference = getattr(special, name)
    found = [
        of(reference, positive(2, 1), positive(3), condition=_CONDITION),
        of(reference, 1.5, positive(3), condition=_CONDITION),
        of(reference, positive(3), 2.5, condition=_CONDITION),
    ]
    if name in ("xlogy", "xlog1py", "kl_div"):
        ends = np.array([0.0, -0.0, np.inf]), np.array([[-2.0], [np.nan], [0.0]])
        found.append(of(reference, *ends, smooth=False))
    return found


CASES: dict[str, list[Case]] = {
    **{f"special.{name}": _unary(name, *bounds) for name, bounds in UNARY.items()},
    **{f"special.{name}": _of_order(name, there) for name, there in ORDERS.items()},
    **{f"special.{name}": _binary(name) for name in BINARY},
    "special.betainc": [
        of(special.betainc, positive(2, 1), positive(2, 1), numbers(3, low=0.1, high=0.9), condition=_CONDITION),
        of(special.betainc, 2.0, 0.5, numbers(3, low=0.1, high=0.9), condition=_CONDITION),
    ],
    "special.gammaincinv": [
        of(special.gammaincinv, positive(2, 1), numbers(3, low=0.1, high=0.9), condition=_CONDITION),
        of(special.gammaincinv, 1.5, numbers(3, low=0.1, high=0.9), condition=_CONDITION),
    ],
    "special.betaincinv": [
        of(special.betaincinv, positive(2, 1), positive(2, 1), numbers(3, low=0.1, high=0.9), condition=_CONDITION),
        of(special.betaincinv, 2.0, 0.5, numbers(3, low=0.1, high=0.9), condition=_CONDITION),
    ],
    "special.zeta": [of(special.zeta, 2.5, positive(3)), of(special.zeta, 3, np.array(1.0))],
    "special.hyp2f1": [of(special.hyp2f1, 0.5, 1.5, 2.5, numbers(4, low=-0.9, high=0.8), condition=_CONDITION)],
    "special.airy": [of(special.airy, numbers(2, 3), condition=_CONDITION)],
    "special.sinc": [of(np.sinc, numbers(2, 3)), of(np.sinc, np.array([0.0, 1e-9]))],
    "special.logaddexp": [
        of(np.logaddexp, numbers(2, 1), numbers(3)),
        of(np.logaddexp, 1.5, numbers(3)),
        of(np.logaddexp, np.array([-np.inf, 700.0, 3.0]), np.array([-np.inf, 800.0, -np.inf]), smooth=False),
        of(
            _quietly_added, np.array([np.nan, np.inf, -np.inf]), np.array([[np.inf], [-np.inf], [np.nan]]), smooth=False
        ),
    ],
}
