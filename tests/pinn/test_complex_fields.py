"""Complex unknowns: Schroedinger's equation in complex notation is the same as split by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import nn, ops, pinn
from dualtape.pinn.objective import Objective


def in_complex_notation(u: Any, v: Any, p: Any) -> Any:
    psi = pinn.ComplexField(u, v)
    return 1j * psi.t + 0.5 * psi.xx + abs(psi) ** 2 * psi + psi.at(x=0.0).x * 1j


def split_by_hand(u: Any, v: Any, p: Any) -> Any:
    density = u * u + v * v
    return (
        -v.t + 0.5 * u.xx + density * u - v.at(x=0.0).x,
        u.t + 0.5 * v.xx + density * v + u.at(x=0.0).x,
    )


def differentiated(equation: Any, under_jit: bool) -> list[np.ndarray]:
    """The loss and its gradient at some points."""
    problem = pinn.Problem(pinn.Rectangle(x=(-5, 5), t=(0, 1.5)), equation, [])
    assert problem.unknowns == ("u", "v")
    net = nn.MLP(2, 2, width=4, depth=1, seed=0)
    points = np.random.default_rng(0).uniform([-5, 0], [5, 1.5], (16, 2)).astype(np.float32)
    batches = [{"points": dt.Tensor(points)}]
    objective = Objective(problem, net, batches)
    assert objective.names == ("equation 1", "equation 2")
    step = lambda batches: dt.value_and_grad(lambda: objective(batches)[0], None, net.trainable_params())()
    value, gradients = (dt.jit(step) if under_jit else step)(batches)
    return [value.asnumpy(), *(x.asnumpy() for x in gradients)]


@pytest.mark.parametrize("under_jit", [False, True])
def test_loss_and_gradient_are_those_of_the_parts(under_jit: bool) -> None:
    for got, expected in zip(
        differentiated(in_complex_notation, under_jit), differentiated(split_by_hand, under_jit), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=1e-6)


def test_what_is_no_unknown_is_refused() -> None:
    def equation(u: Any, v: Any, p: Any) -> Any:
        return pinn.ComplexField(u, p.x).t

    with pytest.raises(dt.errors.ArgumentTypeError, match="`imag` of `ComplexField` must be an unknown"):
        differentiated(equation, under_jit=False)

    def of_expression(u: Any, v: Any, p: Any) -> Any:
        return u.t, p.d(ops.complex(u, v), "x")

    with pytest.raises(dt.errors.DTypeError, match="real expressions"):
        differentiated(of_expression, under_jit=False)
