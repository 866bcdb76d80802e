"""A device of another package, without OpenCL: found by its entry point, and a jitted training step runs on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dualtape as dt
from dualtape.devices import registry

BACKEND = Path(__file__).parent / "another_backend" / "c_device.py"

STEP = """
import json, sys, warnings
import numpy as np
import dualtape as dt
from dualtape import ops

rng = np.random.default_rng(3)
weights = [dt.Tensor(rng.normal(size=shape).astype("float32")) for shape in [(2, 5), (5,), (5, 1)]]
x = dt.Tensor(rng.uniform(-1, 1, (33, 2)).astype("float32"))

def loss(weights, x):
    field = lambda z: ops.tanh(z @ weights[0] + weights[1]) @ weights[2]
    u, u_x, u_xx = dt.partials(field, [(0, 0), (1, 0), (2, 0)])(x)
    return ops.square(u * u_x - ops.exp(u_xx)).mean()

def step(weights, x):
    value, slopes = dt.value_and_grad(loss)(weights, x)
    return value, [w - 0.01 * slope for w, slope in zip(weights, slopes)]

jitted = dt.jit(step, device="c")
explanation = str(dt.explain(jitted, weights, x))
value, moved = jitted(weights, x)
import c_device
asked = len(c_device.DEVICE.asked)
jitted(weights, x)
error = max(float(np.abs(a.asnumpy() - b.asnumpy()).max()) for a, b in zip(moved, step(weights, x)[1]))
print(json.dumps({
    "explanation": explanation, "error": error, "compiler": bool(c_device.COMPILER), "asked": c_device.DEVICE.asked,
    "first": asked, "loaded": [name for name in sys.modules if name.startswith(("pyopencl", "dualtape.devices"))],
}, default=str))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a training step on the device says of itself, in a process that has a package with it."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copy(BACKEND, folder)
    metadata = folder / "another-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: another\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[dualtape.devices]\nc = c_device:devices\n")
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", STEP], env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_step_is_compiled_without_opencl(told: dict[str, Any]) -> None:
    assert not [name for name in told["loaded"] if "opencl" in name]
    assert "at 33 points, block by block, on c:0 (C)" in told["explanation"]


def test_a_step_asks_only_what_the_seam_has(told: dict[str, Any]) -> None:
    kinds = [what for what, *_ in told["asked"]]
    assert kinds.count("build") == 1
    assert kinds.count("run") == 2
    # Later steps put the shared values, take memory for the sums, run and wait once.
    assert kinds[told["first"] :] == ["put", "allocate", "run", "get all"]
    (build,) = (x for x in told["asked"] if x[0] == "build")
    (run, _) = (x for x in told["asked"] if x[0] == "run")
    assert build[1:] == ["dt_block", [None, None, None, None, None, None, "UInt64", "UInt64", "UInt64"]]
    assert run[1:] == [4, 1, len(build[2])]


def test_a_step_gives_what_the_host_does(told: dict[str, Any]) -> None:
    assert told["error"] < 1e-5 or not told["compiler"]


class Broken:
    def load(self) -> Any:
        raise ImportError("no driver")

    value = "broken:devices"


def test_a_backend_that_fails_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    known = registry._backends()
    monkeypatch.setattr(registry, "_backends", lambda: known | {"broken": Broken()})
    with pytest.warns(UserWarning, match="'broken:devices' cannot be listed: no driver"):
        found = dt.devices()
    registry._devices_of.cache_clear()
    monkeypatch.undo()
    assert found == dt.devices()


def test_the_own_backend_is_declared() -> None:
    """The registry states it again, for source trees with metadata of an older installation."""
    import tomllib

    project = Path(__file__).parents[2] / "pyproject.toml"
    declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["entry-points"][registry.GROUP]
    assert declared == registry._BUILT_IN
