"""Ctrl-C at random bytecodes: in gradients, jitted steps and optimizers; afterwards everything gives the same bits."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import nn, ops
from dualtape.core.interpreter import nesting_depth
from dualtape.devices.registry import current_device
from dualtape.views import is_observed
from faults.registry import Counts, injection
from faults.tracing import call_at, count_steps, interrupted_at


def numbers(tree: Any) -> list[bytes]:
    """The bits of all tensors in a structure."""
    return [x.asnumpy().tobytes() for x in dt.pytree.leaves(tree)]


class Case:
    """Something to interrupt, with what must hold afterwards."""

    def __init__(self, name: str, device: dt.Device) -> None:
        self.name = f"{name} on {device.name}"
        self.device = device
        self.steps = 0

    @abstractmethod
    def act(self) -> Any:
        """What is interrupted."""

    @abstractmethod
    def check(self) -> str:
        """What is wrong after an interrupt, if anything; everything is made ready for the next one."""

    def measured(self) -> int:
        """How many bytecodes it has before which something may come."""
        if not self.steps:
            with dt.device(self.device):
                self.check()
                self.steps = count_steps(self.act)
                self.check()
        return self.steps

    def interrupt(self, rng: np.random.Generator) -> Counts:
        """Interrupt it once, at a random bytecode."""
        step = int(rng.integers(1, self.measured() + 1))
        before = current_device()
        with dt.device(self.device):
            failure = interrupted_at(step, self.act)
            if failure is not None and not isinstance(failure, KeyboardInterrupt):
                return self.count(step, f"lost: another error, {failure!r}")
            if nesting_depth() or is_observed():
                return self.count(step, "lost: a transformation was left open")
            if current_device() is not self.device:
                return self.count(step, "silent: another device is current")
            try:
                wrong = self.check()
            except Exception as second:
                wrong = f"lost: {second!r}"
        if current_device() is not before:
            wrong = "silent: another device is current"
        return self.count(step, wrong)

    def call_within(self, rng: np.random.Generator, handler: Callable[[], str]) -> Counts:
        """Call a signal handler once, at a random bytecode; both it and what it interrupts must come to their ends."""
        step = int(rng.integers(1, self.measured() + 1))
        heard: list[str] = []
        with dt.device(self.device):
            call_at(step, lambda: heard.append(handler()), self.act)
            wrong = "".join(heard) or self.check()
        # How much there is to do varies a little: buffers and copies are ready sooner or later.
        return self.count(step, wrong) if heard else self.call_within(rng, handler)

    def count(self, step: int, wrong: str) -> Counts:
        if not wrong:
            return Counts(recovered=1)
        print(f"{self.name}, before bytecode {step} of {self.steps}: {wrong}", file=sys.stderr)
        return Counts(silent=1) if wrong.startswith("silent") else Counts(lost=1)


class Function(Case):
    """A function without state; it reads ``weights``."""

    def __init__(
        self, name: str, device: dt.Device, call: Callable[[], Any], weights: Iterable[dt.Parameter] = ()
    ) -> None:
        super().__init__(name, device)
        self.act = call
        self._held = [(p, p.value()) for p in weights]
        with dt.device(device):
            self._expected = numbers(call())

    def check(self) -> str:
        if any(p.value() is not held or p.data is not held for p, held in self._held):
            return "silent: a parameter holds another value"
        return "" if numbers(self.act()) == self._expected else "silent: other bits"


class Change(Case):
    """Something that changes parameters: all of them, or none."""

    def __init__(
        self, name: str, device: dt.Device, call: Callable[[], Any], parameters: Iterable[dt.Parameter]
    ) -> None:
        super().__init__(name, device)
        self.act = call
        self._parameters = list(parameters)
        with dt.device(device):
            self._old = [p.value() for p in self._parameters]
            call()
            self._new = self._bits()
            self._restore()
        self._before = self._bits()
        assert self._before != self._new

    def _bits(self) -> list[bytes]:
        return [str((p.dtype, p.device.name)).encode() + p.asnumpy().tobytes() for p in self._parameters]

    def _restore(self) -> None:
        for parameter, value in zip(self._parameters, self._old, strict=True):
            parameter.move_to(value.device).set_dtype(value.dtype).set_data(value)

    def check(self) -> str:
        found = self._bits()
        self._restore()
        if found not in (self._before, self._new):
            return "silent: some parameters are changed, and others not"
        self.act()
        again = self._bits()
        self._restore()
        return "" if again == self._new else "silent: the next step gives other bits"


class Donation(Case):
    """A jitted step that uses up its old state: it is all there afterwards, or nothing of it is."""

    def __init__(self, name: str, device: dt.Device, options: dict[str, Any]) -> None:
        super().__init__(name, device)
        self._batch = dt.Tensor(np.arange(12.0, dtype=np.float32).reshape(4, 3), device=device)
        self._step = dt.jit(
            lambda state, batch: [x - 0.1 * ops.tanh(batch.sum(0) * x) for x in state], donate_argnums=0, **options
        )
        self._fresh = [np.linspace(0, i + 1, 3, dtype=np.float32) for i in range(3)]
        self._expected = numbers(self._step(self._make(), self._batch))
        self._state = self._make()

    def _make(self) -> list[dt.Tensor]:
        return [dt.Tensor(x, device=self.device) for x in self._fresh]

    def act(self) -> Any:
        return self._step(self._state, self._batch)

    def check(self) -> str:
        found: list[Any] = []
        for x in self._state:
            try:
                found.append(x.asnumpy().tobytes())
            except dt.errors.DonatedError:
                found.append(None)
        self._state = self._make()
        if any(found) and found != [x.tobytes() for x in self._fresh]:
            return "silent: some of the state is used up, and some is not"
        again = numbers(self.act())
        self._state = self._make()
        return "" if again == self._expected else "silent: other bits"


def network(device: dt.Device) -> nn.Cell:
    net = nn.SequentialCell(nn.Dense(3, 4), nn.Tanh(), nn.Dense(4, 1))
    rng = np.random.default_rng(0)
    for p in net.get_parameters():
        p.set_data(dt.Tensor(rng.normal(size=p.shape).astype(np.float32)))
    return net.move_to(device)


def gradients(device: dt.Device) -> list[Case]:
    """Derivatives of every kind."""
    net = network(device)
    weights = net.trainable_params()
    x = dt.Tensor(np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3), device=device)
    loss = lambda x: ops.sum(ops.tanh(net(x)) ** 2)
    inner = lambda x: ops.sum(dt.grad(loss, None, weights)(x)[0] ** 2)
    calls = {
        "value": lambda: net(x),
        "grad": lambda: dt.grad(loss, 0, weights)(x),
        "grad of grad": lambda: dt.grad(inner, None, weights[:1])(x),
        "jvp": lambda: dt.jvp(loss, x, ops.ones_like(x)),
        "partials": lambda: dt.partials(net, [(0, 0, 0), (1, 0, 0), (0, 2, 0)])(x),
        "laplacian": lambda: dt.laplacian(net)(x),
        "vmap": lambda: dt.vmap(net)(x),
        "linearize": lambda: dt.linearize(loss, x)[1](ops.ones_like(x)),
        "checkpoint": lambda: dt.grad(lambda x: dt.checkpoint(loss)(x))(x),
        "hessian": lambda: dt.hessian(lambda w: ops.sum(ops.tanh(w) ** 3))(x[0]),
        "a chosen device": lambda: _on(device, x),
    }
    return [Function(name, device, call, net.get_parameters()) for name, call in calls.items()]


def _on(device: dt.Device, x: dt.Tensor) -> dt.Tensor:
    with dt.device("host"), dt.device(device):
        return ops.ones((5, 3)) * x


def jitted(device: dt.Device) -> list[Case]:
    """Compiled steps, and the compilation of them."""
    net = network(device)
    weights = net.trainable_params()
    x = dt.Tensor(np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3), device=device)
    loss = lambda x: ops.sum(net(x) ** 2)
    step = dt.value_and_grad(loss, None, weights)
    place: dict[str, Any] = {} if device.name == "host" else {"device": device}
    ready = dt.jit(step, **place)
    counter = dt.Parameter(dt.Tensor([1.0, 2.0], device=device), name="counter")
    other = dt.Parameter(dt.Tensor([3.0], device=device), name="other")

    def count(x: dt.Tensor) -> dt.Tensor:
        counter.set_data(counter + 1)
        other.set_data(other * 2)
        return x * 2

    counting = dt.jit(count)
    return [
        Function("jit, compiled", device, lambda: ready(x), weights),
        Function("jit, compiled there", device, lambda: dt.jit(step, **place)(x), weights),
        Function("jit of laplacian", device, lambda: dt.jit(dt.laplacian(net), **place)(x), weights),
        Change("jit that sets parameters", device, lambda: counting(x), (counter, other)),
        Change("jit that sets parameters, compiled there", device, lambda: dt.jit(count)(x), (counter, other)),
        Donation("donation", device, {}),
        Donation("donation to kernels", device, place),
    ]


def optimizers(device: dt.Device) -> list[Case]:
    """Steps of optimizers, and whatever else changes several parameters."""
    cases: list[Case] = []

    def slopes(net: nn.Cell) -> tuple[dt.Tensor, ...]:
        return tuple(ops.ones_like(p.value()) * 0.1 for p in net.trainable_params())

    for name, make in {
        "Adam": lambda ps: dt.optim.Adam(ps, 0.1),
        "AdamWeightDecay": lambda ps: dt.optim.AdamWeightDecay(ps, 0.1, weight_decay=0.1),
        "Momentum": lambda ps: dt.optim.Momentum(ps, 0.1, 0.9),
        "RMSProp": lambda ps: dt.optim.RMSProp(ps, 0.1, centered=True),
        "groups": lambda ps: dt.optim.SGD([{"params": ps[:2], "lr": 0.5}, {"params": ps[2:]}], 0.1, momentum=0.5),
    }.items():
        net = network(device)
        optimizer, gradient = make(net.trainable_params()), slopes(net)
        own = dict.fromkeys([*net.get_parameters(), *optimizer.get_parameters()])
        cases.append(Change(name, device, lambda o=optimizer, g=gradient: o(g), own))
        compiled = dt.jit(optimizer)
        cases.append(Change(f"{name}, jitted", device, lambda c=compiled, g=gradient: c(g), own))
    net = network(device)
    train = nn.TrainOneStepCell(nn.WithLossCell(net, nn.MSELoss()), dt.optim.Adam(net.trainable_params(), 0.1))
    x, y = ops.ones((5, 3)).to(device), ops.ones((5, 1)).to(device)
    cases.append(Change("TrainOneStepCell", device, lambda: train(x, y), dict.fromkeys(train.get_parameters())))
    scaler = dt.amp.DynamicLossScaler(16.0, 2, 2)
    state = dt.ParameterTuple((scaler.scale_value.move_to(device), scaler.counter.set_data(1).move_to(device)))
    finite = dt.Tensor(True, device=device)
    cases.append(Change("a loss scaler", device, lambda: scaler.adjust(finite), state))
    wide = network(device)
    cases.append(Change("Cell.astype", device, lambda: wide.astype(dt.float64), wide.get_parameters()))
    moved = network(device)
    target = "host" if device.name != "host" else dt.devices()[-1]
    cases.append(Change("Cell.move_to", device, lambda: moved.move_to(target), moved.get_parameters()))
    given = network(device)
    pair = dt.ParameterTuple(given.get_parameters())
    values = {p.name: p.value() * 2 for p in pair}
    cases.append(Change("ParameterTuple.set_data", device, lambda: pair.set_data(values.values()), pair))
    cases.append(Change("load_param_into_net", device, lambda: dt.load_param_into_net(given, values), pair))
    return cases


def _inject(make: Callable[[dt.Device], list[Case]], count: int) -> Counts:
    rng = np.random.default_rng(1)
    cases = [case for device in dt.devices() for case in make(device)]
    return sum((cases[i % len(cases)].interrupt(rng) for i in range(count)), Counts())


@injection("interrupts in gradients", full=4000, few=66)
def in_gradients(count: int) -> Counts:
    return _inject(gradients, count)


@injection("interrupts in jitted steps", full=3000, few=42)
def in_jitted_steps(count: int) -> Counts:
    return _inject(jitted, count)


@injection("interrupts in optimizers", full=4000, few=90)
def in_optimizers(count: int) -> Counts:
    return _inject(optimizers, count)


@injection("signal handlers that compute, at random bytecodes", full=600, few=54)
def handlers(count: int) -> Counts:
    """Of a gradient, an operation on each device, and a compiled step."""
    rng = np.random.default_rng(2)
    y = np.linspace(0, 1, 6, dtype=np.float32)
    other = lambda y: ops.sum(ops.exp(y) * ops.sin(y))
    places = [device for device in dt.devices() if device.name != "host"]
    compiled = {device: dt.jit(dt.value_and_grad(other), device=device) for device in places}

    def answers() -> list[bytes]:
        found = []
        for device in dt.devices():
            x = dt.Tensor(y, device=device)
            found += numbers((ops.tanh(x), dt.grad(other)(x)))
        return found + [bits for device in places for bits in numbers(compiled[device](dt.Tensor(y, device=device))[1])]

    expected = answers()
    handler = lambda: "" if answers() == expected else "silent: other bits in the handler"
    cases = [case for device in dt.devices() for case in (*gradients(device), *jitted(device))]
    return sum((cases[i % len(cases)].call_within(rng, handler) for i in range(count)), Counts())
