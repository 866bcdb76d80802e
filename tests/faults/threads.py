"""Threads that share a network and are switched every few operations: each gets the bits that it gets alone."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import nn, ops
from faults.children import run_program
from faults.registry import Counts, injection

THREADS = 8
SWITCH_SECONDS = 1e-5
Job = Callable[[int], Any]


def network() -> nn.Cell:
    """The same one each time."""
    net = nn.SequentialCell(nn.Dense(3, 4), nn.Tanh(), nn.Dense(4, 1))
    rng = np.random.default_rng(0)
    for p in net.get_parameters():
        p.set_data(dt.Tensor(rng.normal(size=p.shape).astype(np.float32)))
    return net.move_to(dt.Tensor(0.0).device)


def jobs(device: dt.Device) -> dict[str, Job]:
    """What a thread does with its own points: on one network, and steps of optimizers on a copy of its own."""
    net = network()
    weights = net.trainable_params()
    rng = np.random.default_rng(1)
    points = [dt.Tensor(rng.normal(size=(5, 3)).astype(np.float32)) for _ in range(THREADS)]
    place: dict[str, Any] = {} if device.name == "host" else {"device": device}

    def loss(x: dt.Tensor) -> dt.Tensor:
        return ops.sum(ops.tanh(net(x)) ** 2)

    slope = dt.grad(loss, 0, weights)
    curvature = dt.grad(lambda x: ops.sum(dt.grad(loss, None, weights)(x)[0] ** 2), None, weights[:1])
    compiled = dt.jit(dt.value_and_grad(loss, None, weights), **place)

    def trained(optimizer: type[dt.optim.Optimizer], wrap: Callable[[Any], Any]) -> Job:
        def train(i: int) -> Any:
            own = network()
            ours = own.trainable_params()
            step = optimizer(ours, learning_rate=0.1)
            update = wrap(step)
            for _ in range(3):
                update(dt.grad(lambda x: ops.sum(own(x) ** 2), None, ours)(points[i]))
            return [p.value() for p in dict.fromkeys([*ours, *step.get_parameters()])]

        return train

    return {
        "eager": lambda i: net(points[i]),
        "gradient": lambda i: slope(points[i]),
        "second derivative": lambda i: curvature(points[i]),
        "jitted": lambda i: compiled(points[i]),
        "jitted there": lambda i: dt.jit(slope, **place)(points[i]),
        "laplacian": lambda i: dt.laplacian(net)(points[i]),
        "Adam": trained(dt.optim.Adam, lambda step: step),
        "Adam, jitted": trained(dt.optim.Adam, dt.jit),
    }


def numbers(tree: Any) -> list[bytes]:
    return [x.asnumpy().tobytes() for x in dt.pytree.leaves(tree)]


def compete(place: int, calls: int) -> None:
    """Let all threads call at once; prints what became of it."""
    device = dt.devices()[place]
    dt.set_device(device)
    work = jobs(device)
    expected = [{name: numbers(job(i)) for name, job in work.items()} for i in range(THREADS)]
    counts = [[0, 0, 0] for _ in range(THREADS)]
    start = threading.Barrier(THREADS)

    def run(i: int) -> None:
        start.wait(60)
        for k in range(calls // THREADS):
            name = list(work)[(i + k) % len(work)]
            try:
                counts[i][2 if numbers(work[name](i)) == expected[i][name] else 0] += 1
            except Exception as failure:
                print(f"{name}, thread {i}, call {k}: {failure!r}")
                counts[i][1] += 1

    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    print("counts", *map(sum, zip(*counts, strict=True)))


@injection("calls of 8 threads with one network", full=10_200, few=240)
def calls(count: int) -> Counts:
    """So many calls, shared by the devices, each in a process of its own."""
    places = range(len(dt.devices()))
    share = -(-count // len(places) // THREADS) * THREADS
    program = (
        "import sys; sys.path.insert(0, 'tests'); from faults.threads import compete; compete(*map(int, sys.argv[1:]))"
    )
    found = Counts()
    for place in places:
        status, output = run_program(program, str(place), str(share), seconds=120 + share / 10)
        said, _, words = output.rpartition("counts")
        if status != 0 or said:
            print(f"device {place}: {status}, {output}", file=sys.stderr)
        found += Counts(*map(int, words.split())) if status == 0 else Counts(lost=share)
    return found
