"""Networks of `pinn`: formulas in NumPy, derivatives, training, on every device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn


def of(network: nn.Cell, name: str) -> np.ndarray:
    return np.asarray({p.name: p for p in network.trainable_params()}[name].asnumpy())


def dense(network: nn.Cell, name: str, x: np.ndarray) -> np.ndarray:
    return x @ of(network, f"{name}.weight").T + of(network, f"{name}.bias")


def gated(net: Any, x: np.ndarray) -> np.ndarray:
    u, v, h = np.tanh(dense(net, "first", x)), np.tanh(dense(net, "second", x)), x
    for i in range(3):
        z = np.tanh(dense(net, f"hidden.{i}", h))
        h = (1 - z) * u + z * v
    return dense(net, "last", h)


def residual(net: Any, x: np.ndarray) -> np.ndarray:
    h = np.tanh(dense(net, "first", x))
    for i in range(3):
        h = h + np.tanh(dense(net, f"outer.{i}", np.tanh(dense(net, f"inner.{i}", h))))
    return dense(net, "last", h)


def siren(net: Any, x: np.ndarray) -> np.ndarray:
    for i in range(3):
        x = np.sin(5 * dense(net, f"layers.{i}", x))
    return dense(net, "layers.3", x)


def multiscale(net: Any, x: np.ndarray) -> np.ndarray:
    total = np.zeros((len(x), 2))
    for j, scale in enumerate((1, 4)):
        h = scale * x
        for i in range(3):
            h = np.tanh(dense(net, f"parts.{j}.layers.{i}", h))
        total += dense(net, f"parts.{j}.layers.3", h)
    return total


def fourier(net: Any, x: np.ndarray) -> np.ndarray:
    seen = []
    for frequencies in net.frequencies.asnumpy():
        h = np.concatenate([np.cos(x @ frequencies), np.sin(x @ frequencies)], 1)
        for i in range(3):
            h = np.tanh(dense(net, f"hidden.{i}", h))
        seen.append(h)
    return dense(net, "last", np.concatenate(seen, 1))


def kan(net: Any, x: np.ndarray) -> np.ndarray:
    for i in range(4):
        polynomials = [np.polynomial.Chebyshev.basis(k)(np.tanh(x)) for k in range(1, 4)]
        x = dense(net, f"layers.{i}", np.concatenate(polynomials, 1))
    return x


def adaptive(net: Any, x: np.ndarray) -> np.ndarray:
    for i in range(3):
        x = np.tanh(5 * of(net, "slopes")[i] * dense(net, f"layers.{i}", x))
    return dense(net, "layers.3", x)


def separable(net: Any, x: np.ndarray) -> np.ndarray:
    product = np.ones((len(x), 8))
    for j in range(3):
        h = x[:, j : j + 1]
        for i in range(3):
            h = np.tanh(dense(net, f"parts.{j}.layers.{i}", h))
        product *= dense(net, f"parts.{j}.layers.3", h)
    return product.reshape(len(x), 2, 4).sum(axis=2)


SIZES = {"in_features": 3, "out_features": 2, "width": 7, "depth": 3, "dtype": dt.float64, "seed": 0}
NETWORKS = {
    "kan": (pinn.ChebyshevKAN, {"degree": 3}, kan),
    "fourier": (pinn.FourierMLP, {"deviations": (0.1, 0.2)}, fourier),
    "gated": (pinn.GatedMLP, {}, gated),
    "residual": (pinn.ResidualMLP, {}, residual),
    "siren": (pinn.SIREN, {"omega": 5.0}, siren),
    "adaptive": (pinn.AdaptiveMLP, {"scale": 5.0}, adaptive),
    "adaptive units": (pinn.AdaptiveMLP, {"scale": 5.0, "each_unit": True}, adaptive),
    "separable": (pinn.SeparableMLP, {"rank": 4}, separable),
    "multiscale": (pinn.MultiScaleMLP, {"scales": (1, 4)}, multiscale),
}
each_network = pytest.mark.parametrize(("make", "options", "formula"), NETWORKS.values(), ids=NETWORKS)


@each_network
def test_a_network_computes_its_formula(make: Any, options: dict[str, Any], formula: Any, device: Any) -> None:
    network = make(**SIZES, **options)
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(network(dt.Tensor(x)).asnumpy(), formula(network, x), rtol=1e-12, atol=1e-14)
    again = make(**SIZES, **options)
    for one, other in zip(network.trainable_params(), again.trainable_params(), strict=True):
        np.testing.assert_array_equal(one.asnumpy(), other.asnumpy())


@each_network
def test_a_network_is_trained(make: Any, options: dict[str, Any], formula: Any) -> None:
    problem = pinn.Problem(
        pinn.Interval(x=(0, 1)),
        lambda u, p: u.xx + np.pi**2 * dt.ops.sin(np.pi * p.x),
        [pinn.dirichlet(0.0, on="boundary", weight=10.0)],
        exact=lambda x: np.sin(np.pi * x),
    )
    with dt.device("host"):
        network = make(1, 1, width=10, depth=2, seed=0, **options)
    trained = pinn.solve(problem, network, 50, lbfgs_steps=200, points=40, precision="float64", progress=False)
    assert trained.error() < 5e-3


def test_fourier_features_have_the_deviations_that_are_given_and_stay() -> None:
    network = pinn.FourierMLP(2, 1, width=2000, depth=1, deviations=(1.0, 10.0), seed=0)
    found = network.frequencies.asnumpy().std(axis=(1, 2)) / (2 * np.pi)
    np.testing.assert_allclose(found, (1, 10), rtol=0.05)
    assert "frequencies" not in [p.name for p in network.trainable_params()]


def test_sirens_first_values_keep_their_distribution() -> None:
    network = pinn.SIREN(2, 1, width=256, depth=4, omega=30.0, seed=0, dtype=dt.float64)
    x = np.random.default_rng(0).uniform(-1, 1, (2000, 2))
    for i in range(4):
        x = np.sin(30 * dense(network, f"layers.{i}", x))
        if i:  # the sine of a Gaussian of width 1 or a little less
            assert 0.6 < x.std() < np.sqrt((1 - np.exp(-2)) / 2) + 0.01


def test_an_unknown_coefficient_of_x_alone_is_found() -> None:
    """(k u')' = 2 + 4 x with u = x + x^2 + t known, and a flux of 4.5 where x = 1, so k = 1/2 + x."""
    problem = pinn.Problem(
        pinn.Rectangle(x=(0, 1), t=(0, 1)),
        lambda u, k, p: ((k * u.x).d("x") - (2 + 4 * p.x), u - p.x - p.x**2 - p.t),
        [pinn.boundary(lambda u, k, p: k * u.normal - 4.5, on="x+")],
    )
    with dt.device("host"):
        network = pinn.Networks(
            ("x", "t"),
            u=nn.MLP(2, 1, width=10, depth=2, seed=0, dtype=dt.float64),
            k=(nn.MLP(1, 1, width=8, depth=1, seed=1, dtype=dt.float64), ("x",)),
        )
    solution = pinn.solve(problem, network, 100, lbfgs_steps=400, points=64, progress=False)
    x = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(solution.k(x=x, t=0.5), 0.5 + x, atol=0.05)
    np.testing.assert_array_equal(solution.k.t(x=x, t=0.5), 0)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: pinn.GatedMLP(0, 1), errors.ArgumentError, "`in_features` must be 1 or more, got 0"),
        (lambda: pinn.ChebyshevKAN(1, 1, degree=0), errors.ArgumentError, "`degree` must be 1 or more, got 0"),
        (lambda: pinn.FourierMLP(1, 1, deviations=-1.0), errors.ArgumentError, "`deviations` of `FourierMLP`"),
        (lambda: pinn.SIREN(1, 1, omega=-1.0), errors.ArgumentError, "`omega` of `SIREN` must be positive"),
        (lambda: pinn.MultiScaleMLP(1, 1, scales=()), errors.ArgumentError, "`scales` of `MultiScaleMLP`"),
        (lambda: pinn.AdaptiveMLP(1, 1, scale=0.5), errors.ArgumentError, "`scale` of `AdaptiveMLP` must be"),
        (lambda: pinn.SeparableMLP(1, 1, rank=0), errors.ArgumentError, "`rank` must be 1 or more"),
        (lambda: pinn.Networks("xt", u=nn.MLP(2, 1)), errors.ArgumentTypeError, r"names like .*got 'xt'"),
        (lambda: pinn.Networks(("x",)), errors.ArgumentError, "a network for each unknown"),
        (lambda: pinn.Networks(("x",), u=3), errors.ArgumentTypeError, "the network of 'u' must be a Cell"),
        (lambda: pinn.Networks(("x",), u=(nn.MLP(1, 1), ("y",))), errors.ArgumentError, r"depends on .*; there are x"),
        (
            lambda: pinn.Networks(("x",), u=nn.MLP(1, 2))(dt.ops.zeros((3, 1))),
            errors.ShapeError,
            r"the network of 'u' gave shape \(3, 2\); expected \(3, 1\)",
        ),
        (
            lambda: pinn.solve(
                pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, v, p: u.x + v),
                pinn.Networks(("x",), v=nn.MLP(1, 1), u=nn.MLP(1, 1)),
                1,
                progress=False,
            ),
            errors.ArgumentError,
            "the network is of v, u in x; the problem has the unknowns u, v in x, in this order",
        ),
    ],
)  # fmt: skip
def test_networks_that_cannot_be_made_are_refused(make: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        make()
