"""The same program on the same device gives the same bits in every process; `jit` sums by work-groups, two a core."""

from __future__ import annotations

import os

import pytest

from faults.children import run_program

PROGRAM = """
import sys
import numpy as np
import dualtape as dt
from dualtape import ops

device = dt.devices()[int(sys.argv[1])]
rng = np.random.default_rng(0)
x, w = (dt.Tensor(rng.normal(size=shape).astype(np.float32)) for shape in ((3000, 4), (4, 8)))
loss = lambda w, x: ops.square(ops.tanh(x @ w)).mean()
value, slope = dt.jit(dt.value_and_grad(loss), device=device)(w, x)
eager = loss(w.to(device), x.to(device))
print(device.architecture.cores, eager.asnumpy().tobytes().hex(), slope.asnumpy().tobytes().hex())
"""


@pytest.mark.opencl
@pytest.mark.parametrize("place", ["1", "-1"], ids=["first", "last"])
def test_bits_are_those_of_another_process_with_as_many_cores(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for cores in ("2", "2", "3"):
        monkeypatch.setitem(os.environ, "POCL_MAX_PTHREAD_COUNT", cores)
        status, output = run_program(PROGRAM, place)
        assert status == 0, output
        said.append(output.split())
    one, other, more = said
    assert one == other
    assert more[1] == one[1], "operations one by one do not depend on the number of cores"
