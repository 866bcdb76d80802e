"""Optimizers: their rules written out in NumPy, groups, learning rates, element types and devices.

What MindSpore prints for each rule is in ``tests/mindspore/optimizers.md``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import Parameter, Tensor, nn, ops, optim
from dualtape.devices.device import Device

START = np.array([1.0, -2.0, 0.5])
GRADIENTS = [np.array([0.5, -1.0, 2.0]), np.array([0.25, 2.0, 0.0]), np.array([-1.0, 0.125, 3.0])]
RATE = 0.1


def run(make: Callable[[list[Parameter]], optim.Optimizer], dtype: dt.dtype.DType = dt.float64) -> np.ndarray:
    """The parameter after the three gradients."""
    parameter = Parameter(Tensor(START, dtype), name="p")
    optimizer = make([parameter])
    for gradient in GRADIENTS:
        assert optimizer((Tensor(gradient, dtype),)) == (True,)
    return parameter.asnumpy()


def adam(beta1: float, beta2: float, eps: float, decay: float = 0.0, corrected: bool = True) -> np.ndarray:
    """Adam as in Kingma & Ba, section 2, with eps outside of the corrected root, and decoupled decay."""
    p, m, v = START.copy(), 0.0, 0.0
    for t, g in enumerate(GRADIENTS, start=1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        scale = np.sqrt(1 - beta2**t) / (1 - beta1**t) if corrected else 1.0
        p = p - RATE * (scale * m / (np.sqrt(v) + eps) + decay * p)
    return p


def momentum(factor: float, nesterov: bool = False, decay: float = 0.0) -> np.ndarray:
    p, v = START.copy(), 0.0
    for g in GRADIENTS:
        g = g + decay * p
        v = factor * v + g
        p = p - RATE * (g + factor * v if nesterov else v)
    return p


RULES = {
    "SGD": (lambda p: optim.SGD(p, RATE), momentum(0.0)),
    "SGD with momentum": (lambda p: optim.SGD(p, RATE, 0.9), momentum(0.9)),
    "SGD with nesterov": (lambda p: optim.SGD(p, RATE, 0.9, nesterov=True), momentum(0.9, nesterov=True)),
    "SGD with decay": (lambda p: optim.SGD(p, RATE, 0.9, weight_decay=0.1), momentum(0.9, decay=0.1)),
    "Momentum": (lambda p: optim.Momentum(p, RATE, 0.5), momentum(0.5)),
    "Momentum with nesterov": (lambda p: optim.Momentum(p, RATE, 0.5, use_nesterov=True), momentum(0.5, nesterov=True)),
    "Adam": (lambda p: optim.Adam(p, RATE), adam(0.9, 0.999, 1e-8)),
    "Adam without means": (lambda p: optim.Adam(p, RATE, beta1=0.0, beta2=0.0), adam(0.0, 0.0, 1e-8)),
    "AdamWeightDecay": (
        lambda p: optim.AdamWeightDecay(p, RATE, weight_decay=0.1),
        adam(0.9, 0.999, 1e-6, decay=0.1, corrected=False),
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_rule_in_float64(rule: str, device: Device) -> None:
    make, expected = RULES[rule]
    np.testing.assert_allclose(run(make), expected, rtol=1e-12)


ALL: dict[str, Callable[[list[Parameter]], optim.Optimizer]] = {
    **{name: make for name, (make, _) in RULES.items()},
    "Adam with amsgrad": lambda p: optim.Adam(p, RATE, use_amsgrad=True),
    "AdaMax": lambda p: optim.AdaMax(p, RATE),
    "RMSProp": lambda p: optim.RMSProp(p, RATE, momentum=0.5, centered=True),
    "Adagrad": lambda p: optim.Adagrad(p, learning_rate=RATE),
    "Adadelta": lambda p: optim.Adadelta(p, RATE),
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [dt.float16, dt.float32])
def test_other_element_types_follow_float64(name: str, dtype: dt.dtype.DType) -> None:
    found = run(ALL[name], dtype)
    assert found.dtype == dtype.numpy
    rounding = 1e-6 if dtype is dt.float32 else 2e-3
    np.testing.assert_allclose(found, run(ALL[name]), rtol=rounding, atol=rounding)


@pytest.mark.parametrize("name", ALL)
def test_every_optimizer_reaches_the_minimum(name: str) -> None:
    parameter = Parameter(Tensor(START), name="p")
    optimizer = ALL[name]([parameter])
    gradient = dt.jit(dt.grad(lambda: ops.square(parameter - 0.5).sum(), None, parameter))
    before = np.abs(START - 0.5).max()
    for _ in range(200):
        optimizer((gradient(),))
    assert np.abs(parameter.asnumpy() - 0.5).max() < 0.99 * before


def test_loss_scale_divides_gradients() -> None:
    np.testing.assert_allclose(run(lambda p: optim.SGD(p, RATE * 4, loss_scale=4.0)), momentum(0.0))


def test_state_is_parameters_named_after_theirs() -> None:
    net = nn.Dense(2, 1)
    optimizer = optim.Adam(net.trainable_params())
    names = [p.name for p in optimizer.get_parameters()]
    assert names[:4] == ["global_step", "learning_rate", "weight", "bias"]
    assert {"learning_rate", "global_step", "moment1.weight", "moment2.bias"} <= set(names)
    assert optimizer.parameters[0] is net.weight


def test_state_lives_on_the_parameters_device(device: Device) -> None:
    net = nn.Dense(2, 1)
    with dt.device("host"):
        optimizer = optim.RMSProp(net.trainable_params(), [0.1, 0.2])
    assert all(p.device is device for p in optimizer.get_parameters())


def test_groups_have_their_own_rate_and_decay() -> None:
    p, q, r = (Parameter(Tensor([1.0]), name=name) for name in "pqr")
    optimizer = optim.SGD(
        [
            {"params": [p], "lr": 0.5, "weight_decay": 0.0},
            {"params": [q]},
            {"params": [r], "lr": optim.WarmUpLR(1.0, 2)},
        ],
        0.25,
        weight_decay=1.0,
    )
    assert [rate.item() for rate in optimizer.get_lr()] == [0.5, 0.25, 0.0]
    optimizer([Tensor([1.0])] * 3)
    assert [x.item() for x in (p, q, r)] == [0.5, 0.5, 1.0]
    assert [rate.item() for rate in optimizer.get_lr()] == [0.5, 0.25, 0.5]


def test_weight_decay_spares_beta_and_gamma() -> None:
    p, q = Parameter(Tensor([1.0]), name="norm.beta"), Parameter(Tensor([1.0]), name="w")
    optim.SGD([p, q], 0.5, weight_decay=1.0)((Tensor([0.0]), Tensor([0.0])))
    assert (p.item(), q.item()) == (1.0, 0.5)


def test_the_learning_rate_is_a_parameter_that_can_be_set() -> None:
    p = Parameter(Tensor([1.0]), name="p")
    optimizer = optim.SGD([p], 0.5)
    assert optimizer.get_lr() is optimizer.learning_rate
    ops.assign(optimizer.learning_rate, 0.25)
    optimizer((Tensor([1.0]),))
    assert p.item() == 0.75


def test_a_list_of_learning_rates_ends() -> None:
    p = Parameter(Tensor([0.0]), name="p")
    optimizer = optim.SGD([p], Tensor([1.0, 0.5]))
    assert optimizer.get_lr().item() == 1.0
    for _ in range(2):
        optimizer((Tensor([-1.0]),))
    assert p.item() == 1.5
    with pytest.raises(IndexError, match="`SGD` has learning rates for 2 steps, and all have been taken"):
        optimizer((Tensor([-1.0]),))
    assert p.item() == 1.5


def test_the_learning_rate_of_float64_parameters_keeps_its_digits() -> None:
    p = Parameter(Tensor(np.zeros(1)), name="p")
    optim.SGD([p], 0.1)((Tensor(-np.ones(1)),))
    assert p.item() == 0.1


W = Parameter(Tensor([1.0]), name="w")


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: optim.SGD([]), ValueError, "parameters must not be empty"),
        (lambda: optim.SGD(W), TypeError, "must be an Iterable"),
        (lambda: optim.SGD([Tensor([1.0])]), TypeError, "item 0 of `parameters` of `SGD` must be a Parameter"),
        (lambda: optim.SGD([Parameter(3, name="n")]), TypeError, "parameter 'n' is of Int32"),
        (lambda: optim.SGD([W, Parameter(Tensor(1.0), name="w")]), ValueError, "its name 'w' already exists"),
        (lambda: optim.Adam([W], -0.1), ValueError, "For 'Adam', the 'learning rate' must be float and must >= 0"),
        (lambda: optim.Adam([W], float("nan")), ValueError, "'learning rate'"),
        (lambda: optim.Adam([W], "fast"), TypeError, "`learning_rate` of `Adam`.*got str"),
        (lambda: optim.Adam([W], None), TypeError, "`learning_rate` of `Adam`"),
        (lambda: optim.Adam([W], [[0.1]]), ValueError, r"got shape \(1, 1\)"),
        (lambda: optim.Adam([W], []), ValueError, r"got shape \(0,\)"),
        (lambda: optim.Adam([W], beta1=1.0), ValueError, "`beta1` of `Adam`"),
        (lambda: optim.Adam([W], eps=0.0), ValueError, "`eps` of `Adam` must be positive"),
        (lambda: optim.Adam([W], weight_decay=-1.0), ValueError, "`weight_decay` of `Adam`"),
        (lambda: optim.Adam([W], loss_scale=0.0), ValueError, "`loss_scale` of `Adam`"),
        (lambda: optim.SGD([W], nesterov=True), ValueError, "`nesterov` of `SGD` needs a positive momentum"),
        (lambda: optim.Momentum([W], 0.1, "big"), TypeError, "`momentum` of `Momentum` must be a number"),
        (lambda: optim.SGD([{"params": [W]}, W]), TypeError, "group 1 of `parameters` must be a dict"),
        (lambda: optim.SGD([{"params": [W], "rate": 1.0}]), ValueError, "group 0 of `parameters`.*'rate'"),
        (lambda: optim.SGD([{"lr": 1.0}]), ValueError, "must have 'params'"),
        (lambda: optim.SGD([{"params": [W], "grad_centralization": True}]), ValueError, "grad_centralization"),
        (lambda: optim.SGD([{"params": [W]}, {"order_params": [W, W]}]), ValueError, "order_params"),
        (lambda: optim.Rprop([W], etas=(1.0, 1.2)), ValueError, "below and above 1"),
        (lambda: optim.Rprop([W], etas=0.5), ValueError, "must be two numbers"),
        (lambda: optim.Rprop([W], step_sizes=(1.0, 0.1)), ValueError, "smallest and the largest"),
        (lambda: optim.FTRL([W], lr_power=0.5), ValueError, "lr_power"),
        (lambda: optim.SGD([W]).get_lr_parameter(Parameter(Tensor(1.0), name="v")), ValueError, "is not in optimizer"),
        (lambda: optim.SGD([W]).get_lr_parameter(1), TypeError, "'Parameter' or 'list'"),
        (lambda: optim.SGD([W])(Tensor([1.0])), TypeError, "`gradients` of `SGD` must be a tuple"),
        (lambda: optim.SGD([W])(()), ValueError, "`SGD` got 0 gradients for 1 parameters"),
        (lambda: optim.SGD([W])((1.0,)), TypeError, "the gradient of parameter 'w' must be a Tensor"),
        (lambda: optim.SGD([W])((Tensor([1.0, 2.0]),)), ValueError, r"'w' has shape \(2,\); expected \(1,\)"),
        (lambda: optim.SGD([W])((Tensor(np.ones(1)),)), TypeError, "'w' is of Float64; expected Float32"),
    ],
)
def test_misuse_is_named(use: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()
    assert W.item() == 1.0


def test_a_constant_rate_of_zero_is_still_a_parameter() -> None:
    assert isinstance(optim.SGD([Parameter(Tensor([1.0]), name="w")], 0.0).get_lr(), Parameter)
