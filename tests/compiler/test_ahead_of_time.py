"""`compile` makes a jitted function ready for arguments of a kind, and does nothing else."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.devices.opencl import opencl_devices
from dualtape.errors import DonatedError

X = dt.Tensor(np.linspace(-1, 1, 6, dtype=np.float32).reshape(3, 2))


def test_the_first_call_finds_its_program() -> None:
    traced: list[int] = []
    double = dt.jit(lambda x: (traced.append(1), 2 * x)[1])
    assert str(double.compile(X)) == str(double.lower(X))
    assert double(X + 1).tolist() == (2 * (X + 1)).tolist()
    assert len(traced) == 1


def test_parameters_and_donated_arguments_are_as_before() -> None:
    counter = dt.Parameter(dt.Tensor([1.0, 2.0]))
    step = dt.jit(lambda x: (counter.set_data(counter * 3), x + 1)[1], donate_argnums=0)
    given = X + 0
    step.compile(given)
    assert given.tolist() == X.tolist()
    assert counter.value().tolist() == [1.0, 2.0]
    step(given)
    assert counter.value().tolist() == [3.0, 6.0]
    with pytest.raises(DonatedError):
        given.tolist()


@pytest.mark.opencl
def test_kernels_have_run_before_the_first_call() -> None:
    device = opencl_devices()[0]
    loss = dt.jit(dt.grad(lambda w, x: ops.square(ops.tanh(x @ w)).mean()), device=device)
    w, x = dt.Tensor(np.ones((2, 5), np.float32)), dt.Tensor(np.ones((7001, 2), np.float32))
    assert loss.compile(w, x).kernels()
    built: list[str] = []
    device.build, build = (lambda name, *rest: (built.append(name), build(name, *rest))[1]), device.build
    try:
        loss(w, x)
    finally:
        del device.build
    assert built == []
