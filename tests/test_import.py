"""`import dualtape` is light: what only some programs need is imported when they need it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("pyopencl", "scipy", "matplotlib", "optree", "rich", "typer", "hypothesis", "safetensors")


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_import_takes_nothing_heavy_along() -> None:
    loaded = run(f"import sys, dualtape; print(*[name for name in {HEAVY} if name in sys.modules])")
    assert loaded == ""


def test_a_gradient_on_the_host_needs_nothing_heavy() -> None:
    program = f"""
import sys, dualtape as dt
dt.grad(lambda x: dt.ops.sum(dt.ops.tanh(x) ** 2))(dt.Tensor([1.0]))
dt.partials(lambda X: dt.ops.sin(X[:, 0]), [(2,)])(dt.Tensor([[1.0]]))
print(*[name for name in {HEAVY} if name in sys.modules])
"""
    assert run(program) == ""


def test_strategies_without_hypothesis_say_what_to_install() -> None:
    program = """
import sys
sys.modules["hypothesis"] = None
import dualtape.testing
try:
    import dualtape.testing.strategies
except ImportError as error:
    print(type(error).__name__, error)
"""
    said = run(program)
    assert said.startswith("MissingExtraError")
    assert "hypothesis" in said
    assert "pip install" in said


@pytest.mark.parametrize("warnings", ["error"])
def test_import_does_not_warn(warnings: str) -> None:
    run(f"import warnings; warnings.simplefilter({warnings!r}); import dualtape, dualtape.testing")


@pytest.mark.parametrize("module", ["registry", "host", "device", "opencl", "opencl.discovery"])
def test_a_module_of_devices_is_found_though_a_function_is_called_like_its_package(module: str) -> None:
    program = f"import dualtape.devices.{module} as found, dualtape as dt; print(found.__name__, dt.devices()[0].name)"
    assert run(program) == f"dualtape.devices.{module} host"
