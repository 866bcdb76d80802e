"""SOAP: a step worked by hand, what is no matrix, one program, and a checkpoint that goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, optim


def parameter(array: np.ndarray, name: str = "w") -> dt.Parameter:
    return dt.Parameter(dt.Tensor(array), name=name)


def expected(w: np.ndarray, gradients: list[np.ndarray], rate: float, frequency: int) -> np.ndarray:
    """Algorithm 3 of Vyas et al. 2024, with orthogonal iteration from the identity."""
    left, right = np.zeros((len(w),) * 2), np.zeros((w.shape[1],) * 2)
    left_basis, right_basis = np.eye(len(w)), np.eye(w.shape[1])
    m, v = np.zeros_like(w), np.zeros_like(w)
    for number, g in enumerate(gradients, start=1):
        left, right = 0.95 * left + 0.05 * g @ g.T, 0.95 * right + 0.05 * g.T @ g
        if (number - 1) % frequency == 0:
            left_basis, right_basis = np.linalg.qr(left @ left_basis)[0], np.linalg.qr(right @ right_basis)[0]
        m = 0.95 * m + 0.05 * g
        v = 0.95 * v + 0.05 * (left_basis.T @ g @ right_basis) ** 2
        mean, square = m / (1 - 0.95**number), v / (1 - 0.95**number)
        corrected = (left_basis.T @ mean @ right_basis) / (np.sqrt(square) + 1e-8 / np.sqrt(1 - 0.95**number))
        w = w - rate * left_basis @ corrected @ right_basis.T
    return w


@pytest.mark.parametrize("jitted", [False, True])
def test_steps_are_those_of_the_paper(jitted: bool) -> None:
    random = np.random.default_rng(0)
    start, gradients = random.normal(size=(4, 3)), [random.normal(size=(4, 3)) for _ in range(7)]
    w = parameter(start)
    optimizer = optim.SOAP([w], 0.1, frequency=3)
    step: Any = dt.jit(lambda g: optimizer((g,))) if jitted else lambda g: optimizer((g,))
    for gradient in gradients:
        step(dt.Tensor(gradient))
    np.testing.assert_allclose(w.asnumpy(), expected(start, gradients, 0.1, 3), atol=1e-7)


def test_what_is_no_matrix_is_left_to_adam() -> None:
    random = np.random.default_rng(1)
    start, wide = random.normal(size=5), random.normal(size=(1, 4))
    pairs = []
    for make in (
        lambda w: optim.SOAP(w, 0.1, largest=3),
        lambda w: optim.Adam(w, 0.1, beta1=0.95, beta2=0.95),
    ):
        weights = [parameter(start, "bias"), parameter(wide, "row")]
        optimizer = make(weights)
        for k in range(3):
            optimizer((dt.Tensor(np.cos(start + k)), dt.Tensor(np.cos(wide + k))))
        pairs.append([w.asnumpy() for w in weights])
    for found, wanted in zip(*pairs, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("home", ["host", "opencl:0"])
def test_a_network_is_trained(home: str) -> None:
    with dt.device(home):
        net = nn.MLP(1, 1, width=16, depth=2, seed=0)
        x = dt.Tensor(np.linspace(-1, 1, 64, dtype=np.float32)[:, None])
        loss = lambda: ((net(x) - dt.ops.sin(4 * x)) ** 2).mean()
        weights = net.trainable_params()
        optimizer = optim.SOAP(weights, 1e-2)

        @dt.jit
        def step() -> Any:
            value, gradients = dt.value_and_grad(loss, None, weights=weights)()
            optimizer(gradients)
            return value

        losses = [float(step()) for _ in range(150)]
    assert losses[-1] < losses[0] / 50


def test_a_checkpoint_goes_on_to_the_same_bits(tmp_path: Any) -> None:
    random = np.random.default_rng(2)
    gradients = [dt.Tensor(random.normal(size=(3, 2))) for _ in range(6)]
    whole, stopped = (parameter(np.ones((3, 2))) for _ in range(2))
    first, second = optim.SOAP([whole], 0.1, frequency=2), optim.SOAP([stopped], 0.1, frequency=2)
    for k, gradient in enumerate(gradients):
        first((gradient,))
        if k < 3:
            second((gradient,))
    dt.save_checkpoint(second, str(tmp_path / "soap.safetensors"))
    resumed = parameter(np.zeros((3, 2)))
    third = optim.SOAP([resumed], 0.1, frequency=2)
    dt.load_checkpoint(str(tmp_path / "soap.safetensors"), third)
    for gradient in gradients[3:]:
        third((gradient,))
    assert resumed.asnumpy().tobytes() == whole.asnumpy().tobytes()


def test_unusable_arguments_are_refused() -> None:
    w = parameter(np.ones((2, 2)))
    with pytest.raises(errors.ArgumentError, match="`shampoo_beta` of `SOAP` must be from 0"):
        optim.SOAP([w], shampoo_beta=1.0)
    with pytest.raises(errors.ArgumentTypeError, match="`frequency` of `SOAP` must be an int, got float"):
        optim.SOAP([w], frequency=2.0)  # type: ignore[arg-type]
    with pytest.raises(errors.ArgumentError, match="`largest` of `SOAP` must be 1 or more, got 0"):
        optim.SOAP([w], largest=0)
