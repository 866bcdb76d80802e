"""Forks of processes that have started OpenCL: the host goes on in the child, OpenCL refuses, and nothing hangs."""

from __future__ import annotations

import sys

from faults.children import run_program
from faults.registry import Counts, injection

PRELUDE = """
import concurrent.futures, gc, multiprocessing, os, signal, sys, threading, warnings
import numpy as np
import dualtape as dt
from dualtape import ops

warnings.simplefilter("ignore")
device = dt.devices()[int(sys.argv[1])]
f = lambda x: ops.tanh(x * 3).sum()
x = dt.Tensor(np.linspace(0, 1, 4000, dtype="float32").reshape(500, 8))
here, there = x, x.to(device)
kept = dt.jit(f)
block = dt.jit(dt.value_and_grad(f), device=device)
expected, blocked = f(here).asnumpy().tobytes(), float(block(here)[0])
on_device = f(there).asnumpy().tobytes()
small = dt.jit(lambda x: x * 2)
small(there)


def work():
    '''In the child: all that there is to do; gives what is wrong.'''
    signal.alarm(60)
    wrong = []
    if f(here).asnumpy().tobytes() != expected:
        wrong.append("another result on the host")
    if abs(float(block(here)[0]) - blocked) > 1e-2:
        wrong.append("another result of jit")
    if abs(float(dt.jit(f, device=device)(here)) - blocked) > 1e-2:
        wrong.append("another result of a new jit")
    actions = {
        "read": there.asnumpy, "operation": lambda: there * 2, "new": lambda: dt.Tensor(1.0, device=device),
        "jit": lambda: small(there), "blocks": lambda: block(there), "move": lambda: there.to("host"),
        "wait": device.synchronize, "memory": device.memory, "first": lambda: dt.Tensor(1.0, device="opencl") + 1,
    }
    for name, action in actions.items():
        try:
            action()
            wrong.append(name + ": no error")
        except dt.errors.DeviceError as failure:
            if "spawn" not in str(failure):
                wrong.append(f"{name}: {failure}")
    gc.collect()
    return wrong


def call(_=None):
    return work()
"""

WAYS = {
    "os.fork": """
reading, writing = os.pipe()
child = os.fork()
if not child:
    os.write(writing, repr(work()).encode())
    sys.exit(0)  # not os._exit: the interpreter ends in the child, too
os.close(writing)
said = os.read(reading, 10000).decode()
status = os.waitpid(child, 0)[1]
found = said if said != "[]" else [] if status == 0 else status
""",
    "multiprocessing.Process": """
results = multiprocessing.get_context("fork").SimpleQueue()
process = multiprocessing.get_context("fork").Process(target=lambda: results.put(work()))
process.start(); process.join(90)
found = results.get() if process.exitcode == 0 else process.exitcode
""",
    "multiprocessing.Pool": """
with multiprocessing.get_context("fork").Pool(2) as pool:
    found = sum(pool.map(call, range(4)), [])
""",
    "concurrent.futures": """
with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
    found = sum(pool.map(call, range(4)), [])
""",
    "a data loader": """
def load(queue, rows):
    signal.alarm(60)
    for row in rows:
        queue.put((ops.tanh(x[row]) * 2).asnumpy())

queue = multiprocessing.get_context("fork").Queue()
loaders = [multiprocessing.get_context("fork").Process(target=load, args=(queue, range(i, 20, 2))) for i in range(2)]
for loader in loaders:
    loader.start()
found = []
for _ in range(20):
    if queue.get(timeout=90).shape != (8,):
        found = ["a batch is missing"]
    if (there * 2).asnumpy().shape != (500, 8):
        found = ["the parent cannot compute"]
for loader in loaders:
    loader.join(90)
""",
    "while other threads compute": """
stop = threading.Event()
def compute():
    while not stop.is_set():
        float(block(dt.Tensor(x.asnumpy() + 1))[0]), f(there + 1).asnumpy()
threads = [threading.Thread(target=compute) for _ in range(3)]
for thread in threads:
    thread.start()
found = []
for _ in range(5):
    child = os.fork()
    if not child:
        sys.settrace(None)
        os._exit(len(work()))
    status = os.waitpid(child, 0)[1]
    if status:
        found.append(status)
stop.set()
for thread in threads:
    thread.join()
""",
}

# The parent must be as it was.
AFTER = """
assert f(there).asnumpy().tobytes() == on_device and float(block(here)[0]) == blocked
print("found", found)
"""


def fork(way: str, device: int) -> Counts:
    """Fork a process in one way, a device of which was computed with."""
    status, output = run_program(PRELUDE + WAYS[way] + AFTER, str(device), seconds=200)
    if status == 0 and "found []" in output:
        return Counts(recovered=1)
    print(f"{way}, device {device}: {status}, {output}", file=sys.stderr)
    return Counts(silent=1) if "another result" in output else Counts(lost=1)


@injection("forks after OpenCL", full=120, few=2)
def forks(count: int) -> Counts:
    """Every way to fork, on the two devices in turn."""
    import dualtape as dt

    devices = range(1, len(dt.devices()))
    cases = [(way, device) for way in WAYS for device in devices]
    return sum((fork(*cases[i % len(cases)]) for i in range(count)), Counts())
