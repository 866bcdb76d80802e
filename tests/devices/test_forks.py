"""A fork takes OpenCL away from the child, which says so at once, and leaves it the host; nothing hangs."""

from __future__ import annotations

import pytest

from faults.children import run_program
from faults.forks import WAYS, fork

pytestmark = pytest.mark.opencl


@pytest.mark.parametrize("way", WAYS)
def test_a_child_computes_on_the_host_and_is_refused_elsewhere(way: str, opencl: int) -> None:
    assert fork(way, opencl).recovered == 1


@pytest.fixture(params=[1, -1], ids=["first", "last"])
def opencl(request: pytest.FixtureRequest) -> int:
    """Where an OpenCL device stands among all devices."""
    return int(request.param)


WARNED = """
import os, subprocess, sys, warnings
import dualtape as dt
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    def fork():
        if not (child := os.fork()):
            os._exit(0)
        os.waitpid(child, 0)
    {first}
    subprocess.run(["true"])
    print(*(f"{{w.category.__name__}} {{os.path.basename(w.filename)}}" for w in said if "OpenCL" in str(w.message)))
"""


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("fork()", ""),
        ("dt.jit(lambda x: x * 2)(dt.Tensor(1.0)); fork()", ""),
        ("float(dt.Tensor(1.0, device='opencl')); fork(); fork()", "RuntimeWarning <string>"),
        ("float(dt.Tensor(1.0, device='opencl'))", ""),
    ],
    ids=["no OpenCL", "only the host", "twice", "subprocess"],
)
def test_a_fork_warns_once_and_only_where_opencl_was_used(first: str, said: str) -> None:
    status, output = run_program(WARNED.format(first=first))
    assert (status, output.strip()) == (0, said)


def test_who_has_not_asked_for_opencl_may_use_it_in_the_child() -> None:
    program = """
import os, signal
import dualtape as dt
dt.jit(lambda x: x * 2)(dt.Tensor([1.0]))
if not (child := os.fork()):
    signal.alarm(50)
    assert (dt.Tensor([1.0, 2.0], device="opencl") * 2).tolist() == [2, 4]
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""
    assert run_program(program) == (0, "0\n")


def test_spawned_processes_use_opencl() -> None:
    program = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from operator import methodcaller
import dualtape as dt
if __name__ == "__main__":
    float(dt.Tensor(1.0, device="opencl"))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        print(pool.submit(dt.Tensor, 3.0, device="opencl").result(timeout=60))
"""
    assert run_program(program) == (0, "3.0\n")
