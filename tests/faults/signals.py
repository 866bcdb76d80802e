"""Real signals at random times, from a timer: Ctrl-C, and handlers that compute amid what they interrupt."""

from __future__ import annotations

import sys

from faults.children import run_program
from faults.registry import Counts, injection

PRELUDE = """
import faulthandler, random, signal, sys
import numpy as np
import dualtape as dt
from dualtape import nn, ops
from dualtape.core.interpreter import nesting_depth
from dualtape.views import is_observed

count, where, seed = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
random.seed(seed)
device = dt.devices()[int(where)]
dt.set_device(device)
sys.unraisablehook = lambda what: None
faulthandler.dump_traceback_later(300 + count, exit=True)

net = nn.SequentialCell(nn.Dense(3, 4), nn.Tanh(), nn.Dense(4, 1))
rng = np.random.default_rng(0)
for p in net.get_parameters():
    p.set_data(dt.Tensor(rng.normal(size=p.shape).astype(np.float32)))
weights = dt.ParameterTuple(net.trainable_params())
x = dt.Tensor(np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3))
loss = lambda x: ops.sum(ops.tanh(net(x)) ** 2)
slope = dt.grad(loss, 0, weights)
adam = dt.optim.Adam(weights, 0.01)
compiled = dt.jit(dt.value_and_grad(loss, None, weights), **({} if where == "0" else {"device": device}))
update = dt.jit(adam)
state = dt.ParameterTuple(dict.fromkeys([*weights, *adam.get_parameters()]))

def bits(tree):
    return [t.asnumpy().tobytes() for t in dt.pytree.leaves(tree)]

def step():
    slope(x)
    adam(compiled(x)[1])
    update(compiled(x)[1])

def held():
    return [p.value() for p in state]

first = held()
path = [bits(first)]
for _ in range(40):  # every state between two updates, as it is when nothing comes between
    adam(compiled(x)[1]); path.append(bits(held()))
    update(compiled(x)[1]); path.append(bits(held()))
state.set_data(first)
expected = bits(slope(x)), bits(compiled(x))
silent = lost = recovered = 0
"""

# Ctrl-C at a random time, again and again, while a network is trained.
CTRL_C = """
def interrupt(number, frame):
    global pressed
    pressed = True
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, interrupt)
for i in range(count):
    pressed = False
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 0.02))
        while not pressed:
            state.set_data(first)
            for _ in range(40):
                step()
        lost += 1  # a finalizer took it, and Python dropped it
        continue
    except KeyboardInterrupt:
        pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    if nesting_depth() or is_observed():
        lost += 1
    elif bits(held()) not in path:
        silent += 1
    else:
        state.set_data(first)
        if (bits(slope(x)), bits(compiled(x))) == expected:
            recovered += 1
        else:
            silent += 1
print("counts", silent, lost, recovered)
"""

# A handler that computes: with the network, a gradient, a compiled step, and something that is not compiled yet.
COMPUTING = """
wrong = []
handled = 0

y = dt.Tensor(np.linspace(0, 1, 6, dtype=np.float32))
other = lambda y: ops.sum(ops.exp(y) * ops.sin(y))
ready = dt.jit(dt.value_and_grad(other), device=device)
answers = bits((dt.grad(other)(y), ready(y)[1], ready(y)[0]))

def compute(number, frame):
    global handled
    handled += 1
    new = dt.jit(dt.value_and_grad(other), device=device) if handled % 10 == 0 else ready
    if bits((dt.grad(other)(y), new(y)[1], new(y)[0])) != answers:
        wrong.append("a handler")

signal.signal(signal.SIGALRM, compute)
shape = 2
while handled < count:
    state.set_data(first)
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 0.01))
    for k in range(3):
        step()
    if handled % 7 == 0 and where != "0":  # kernels that are not built yet, so that a handler comes in the middle of it
        shape = shape % 40 + 1
        ops.sum(ops.tanh(ops.ones((shape, 3)) @ ops.ones((3, 2))), 1).asnumpy()
    if bits(held()) != path[6] or bits(slope(x)) is None:
        wrong.append("what was interrupted")
signal.setitimer(signal.ITIMER_REAL, 0)
state.set_data(first)
if (bits(slope(x)), bits(compiled(x))) != expected:
    wrong.append("afterwards")
print("counts", len(wrong), 0, handled - len(wrong))
"""


def inject(program: str, count: int) -> Counts:
    """So many signals, shared by the devices."""
    import dualtape as dt

    found = Counts()
    places = range(len(dt.devices()))
    for place in places:
        share = -(-count // len(places))
        status, output = run_program(PRELUDE + program, str(share), str(place), "7", seconds=400 + share)
        words = output.split("counts")[-1].split() if status == 0 and "counts" in output else []
        if not words:
            print(f"device {place}: {status}, {output}", file=sys.stderr)
        found += Counts(*map(int, words)) if words else Counts(lost=share)
    return found


@injection("Ctrl-C from a timer, in training", full=1500, few=60)
def ctrl_c(count: int) -> Counts:
    return inject(CTRL_C, count)


@injection("signal handlers that compute", full=900, few=60)
def computing(count: int) -> Counts:
    return inject(COMPUTING, count)
