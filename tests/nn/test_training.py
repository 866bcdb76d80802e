"""Training cells: one step, with loss scaling and as a jitted program, and clipping."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import Tensor, nn, ops

X, Y = Tensor([[1.0, 2.0], [0.5, -1.0]]), Tensor([[1.0], [0.0]])


def training(**options: object) -> tuple[nn.Dense, nn.TrainOneStepCell]:
    net = nn.Dense(2, 1, weight_init="ones", bias_init="zeros")
    with_loss = nn.WithLossCell(net, nn.MSELoss())
    assert with_loss.backbone_network is net
    return net, nn.TrainOneStepCell(with_loss, nn.SGD(net.trainable_params(), 0.05), **options)


def test_a_step_returns_the_loss_before_it_and_changes_the_parameters() -> None:
    net, step = training()
    losses = [step(X, Y).item() for _ in range(50)]
    assert losses[0] == pytest.approx(2.125)
    assert losses == sorted(losses, reverse=True)
    assert nn.MSELoss()(net(X), Y).item() < losses[-1] < 0.1
    assert [p.name for p in net.get_parameters()] == ["weight", "bias"]


def test_sens_scales_the_gradient_but_not_the_loss() -> None:
    net, step = training()
    scaled_net, scaled = training(sens=2.0, return_grad=True)
    loss = step(X, Y)
    scaled_loss, gradients = scaled(X, Y)
    assert scaled_loss.item() == loss.item()
    moved = 1 - net.weight.asnumpy()
    np.testing.assert_allclose(1 - scaled_net.weight.asnumpy(), 2 * moved, rtol=1e-6)
    np.testing.assert_allclose(gradients["weight"].asnumpy(), 2 * moved / 0.05, rtol=1e-5)


def test_a_jitted_step_trains_as_the_eager_one() -> None:
    (eager_net, eager), (net, step) = training(), training()
    jitted = dt.jit(step)
    for _ in range(3):
        assert jitted(X, Y).item() == pytest.approx(eager(X, Y).item(), rel=1e-6)
    np.testing.assert_allclose(net.weight.asnumpy(), eager_net.weight.asnumpy(), rtol=1e-6)
    assert step.optimizer.global_step.item() == 3


def test_forward_value_and_grad_has_the_flags_of_grad_operation() -> None:
    net = nn.Dense(2, 1, weight_init="ones", has_bias=False)
    weights = net.trainable_params()
    value, gradient = nn.ForwardValueAndGrad(net)(X)
    assert value.tolist() == [[3.0], [-0.5]]
    assert gradient.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    _, (by_input, by_weight) = nn.ForwardValueAndGrad(net, weights, get_all=True, get_by_list=True)(X)
    assert [g.tolist() for g in (*by_input, *by_weight)] == [[[1.0, 1.0]] * 2, [[1.5, 1.0]]]
    value, (by_weight,) = nn.ForwardValueAndGrad(net, weights, get_by_list=True, sens_param=True)(X, 2 * Y)
    assert value.shape == (2, 1)
    assert by_weight.tolist() == [[2.0, 4.0]]


def test_clip_by_norm_clips_along_axes() -> None:
    x = Tensor([[3.0, 4.0], [0.3, 0.4]])
    np.testing.assert_allclose(nn.ClipByNorm(axis=1)(x, 1.0).asnumpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
    assert nn.ClipByNorm()(Tensor([0.0]), Tensor(1.0)).tolist() == [0.0]


def test_gradients_are_clipped_together_or_refused() -> None:
    tree = (Tensor([3.0]), Tensor([[4.0]]))
    assert [t.item() for t in ops.clip_by_global_norm(tree, 2.5)] == [1.5, 2.0]
    assert [t.item() for t in ops.clip_by_norm([*tree], 10.0, norm_type=float("inf"))] == [3.0, 4.0]
    np.testing.assert_allclose(
        ops.clip_by_norm(Tensor([3.0, 4.0]), 1.0, 3).asnumpy(), np.array([3, 4]) / 91 ** (1 / 3), 1e-5
    )


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: nn.TrainOneStepCell(lambda x: x, None), TypeError, "`network` of `TrainOneStepCell` must be a Cell"),
        (lambda: nn.TrainOneStepCell(nn.Dense(1, 1), None), TypeError, "`optimizer` of `TrainOneStepCell`"),
        (lambda: ops.clip_by_global_norm(()), ValueError, "`x` of `clip_by_global_norm` is empty"),
        (lambda: ops.clip_by_global_norm((1.0,)), TypeError, r"x\[0\] of `clip_by_global_norm` must be a Tensor"),
        (lambda: ops.clip_by_global_norm((Tensor([1]),)), TypeError, "Int64; expected floats"),
        (lambda: ops.clip_by_global_norm(Tensor([1.0]), 0.0), ValueError, "`clip_norm`.*positive"),
        (lambda: ops.clip_by_norm(Tensor([1.0]), "a"), TypeError, "`max_norm`.*number"),
        (lambda: ops.clip_by_norm(Tensor([1.0]), 1.0, -1.0), ValueError, "`norm_type`.*positive"),
        (
            lambda: ops.clip_by_norm(Tensor([float("nan")]), 1.0, error_if_nonfinite=True),
            ValueError,
            "expected a finite one",
        ),
    ],
)
def test_misuse_is_named(use: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()
