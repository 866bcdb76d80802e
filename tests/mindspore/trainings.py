"""A network trained 200 steps, from the same weights and on the same batches, by either library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEPS = 200


def _network(ms: Any, activation: Any = None, nudged: bool = False) -> Any:
    """A network; ``nudged`` weights are the next numbers above or below."""
    net = ms.nn.SequentialCell(ms.nn.Dense(2, 8), activation or ms.nn.Sigmoid(), ms.nn.Dense(8, 1))
    random, signs = np.random.RandomState(3), np.random.RandomState(1)
    for parameter in net.trainable_params():
        weights = (random.randn(*parameter.shape) * 0.5).astype(np.float32)
        if nudged:
            above = signs.rand(*weights.shape) > 0.5
            weights = np.nextafter(weights, np.where(above, np.inf, -np.inf).astype(np.float32))
        parameter.set_data(ms.Tensor(weights))
    return net


def _batches() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(4)
    x = random.randn(20, 16, 2).astype(np.float32)
    return x, np.sin(x[..., :1] * x[..., 1:])


def _by_steps(make: Callable[[Any, Any], Any]) -> Callable[[Any], list[float]]:
    """The losses of a cell that takes a step: ``make(ms, net)``."""

    return lambda ms: _losses(ms, make(ms, _network(ms)))


def _losses(ms: Any, step: Any) -> list[float]:
    step.set_train()
    x, y = _batches()
    found = []
    for i in range(STEPS):
        outputs = step(ms.Tensor(x[i % 20]), ms.Tensor(y[i % 20]))
        loss = outputs[0] if isinstance(outputs, tuple) else outputs
        found.append(float(loss.asnumpy()))
    return found


def _plain(optimizer: Callable[[Any, Any], Any]) -> Callable[[Any], list[float]]:
    def make(ms: Any, net: Any) -> Any:
        return ms.nn.TrainOneStepCell(ms.nn.WithLossCell(net, ms.nn.MSELoss()), optimizer(ms, net.trainable_params()))

    return _by_steps(make)


def _in_pytorchs_way(optimizer: Callable[[Any, Any], Any]) -> Callable[[Any], list[float]]:
    """A functional step with an optimizer of `experimental`."""

    def train(ms: Any) -> list[float]:
        net, loss_fn = _network(ms), ms.nn.MSELoss()
        opt = optimizer(ms.experimental.optim, net.trainable_params())
        schedule = ms.experimental.optim.lr_scheduler.StepLR(opt, 50, 0.5)
        step = ms.value_and_grad(lambda x, y: loss_fn(net(x), y), None, net.trainable_params())
        x, y = _batches()
        found = []
        for i in range(STEPS):
            loss, gradients = step(ms.Tensor(x[i % 20]), ms.Tensor(y[i % 20]))
            opt(gradients)
            schedule.step()
            found.append(float(loss.asnumpy()))
        return found

    return train


def _mixed(level: str) -> Callable[[Any], list[float]]:
    """In Float16, with a scale that is fixed; the optimizer is told it."""

    def make(ms: Any, net: Any) -> Any:
        optimizer = ms.nn.Momentum(net.trainable_params(), 0.02, 0.9, loss_scale=128.0)
        manager = ms.amp.FixedLossScaleManager(128.0, False)
        return ms.amp.build_train_network(net, optimizer, ms.nn.MSELoss(), level=level, loss_scale_manager=manager)

    return _by_steps(make)


def _by_model(ms: Any) -> list[float]:
    """`Model.train`, with a callback that keeps the losses."""
    net, found = _network(ms), []

    class Keep(ms.Callback):  # type: ignore[misc]
        def step_end(self, run_context: Any) -> None:
            found.append(float(run_context.original_args().net_outputs.asnumpy()))

    x, y = _batches()
    columns = {"x": x.reshape(-1, 2), "y": y.reshape(-1, 1)}
    data = ms.dataset.NumpySlicesDataset(columns, shuffle=False).batch(16)
    model = ms.Model(net, ms.nn.MSELoss(), ms.nn.Adam(net.trainable_params(), 0.01))
    model.train(STEPS // 20, data, callbacks=[Keep()], dataset_sink_mode=False)
    return found


def _by_scaler(ms: Any) -> list[float]:
    """A functional step whose loss a `DynamicLossScaler` scales."""
    net, loss_fn = _network(ms), ms.nn.MSELoss()
    optimizer = ms.nn.SGD(net.trainable_params(), 0.1)
    scaler = ms.amp.DynamicLossScaler(scale_value=2**10, scale_factor=2, scale_window=50)
    step = ms.value_and_grad(lambda x, y: scaler.scale(loss_fn(net(x), y)), None, optimizer.parameters)
    x, y = _batches()
    found = []
    for i in range(STEPS):
        loss, gradients = step(ms.Tensor(x[i % 20]), ms.Tensor(y[i % 20]))
        finite = ms.amp.all_finite(gradients)
        if finite:
            optimizer(scaler.unscale(gradients))
        scaler.adjust(finite)
        found.append(float(scaler.unscale(loss).asnumpy()))
    return found


OPTIMIZERS: dict[str, Callable[[Any, Any], Any]] = {
    "SGD": lambda ms, params: ms.nn.SGD(params, 0.1),
    "SGD with momentum and decay": lambda ms, params: ms.nn.SGD(params, 0.02, 0.9, weight_decay=1e-3),
    "Momentum": lambda ms, params: ms.nn.Momentum(params, 0.02, 0.9),
    "Adam": lambda ms, params: ms.nn.Adam(params, 0.01),
    "AdamWeightDecay": lambda ms, params: ms.nn.AdamWeightDecay(params, 0.005, weight_decay=0.01),
}

TRAININGS: dict[str, Callable[[Any], list[float]]] = {
    **{name: _plain(optimizer) for name, optimizer in OPTIMIZERS.items()},
    "rates from a list": _plain(lambda ms, params: ms.nn.SGD(params, ms.nn.cosine_decay_lr(0.001, 0.1, STEPS, 20, 10))),
    "Model.train": _by_model,
    "DynamicLossScaler": _by_scaler,
    "experimental SGD": _in_pytorchs_way(lambda optim, params: optim.SGD(params, 0.05, 0.9)),
    "experimental Adam": _in_pytorchs_way(lambda optim, params: optim.Adam(params, 0.01)),
    "experimental AdamW": _in_pytorchs_way(lambda optim, params: optim.AdamW(params, 0.01)),
    "float16 O2": _mixed("O2"),
    "float16 O3": _mixed("O3"),
}


def with_tanh(ms: Any, optimizer: str, activation: Any, nudged: bool = False) -> list[float]:
    """The losses of a network with another activation, by the optimizer of that name."""
    net = _network(ms, activation, nudged)
    loss = ms.nn.WithLossCell(net, ms.nn.MSELoss())
    return _losses(ms, ms.nn.TrainOneStepCell(loss, OPTIMIZERS[optimizer](ms, net.trainable_params())))
