"""Which OpenCL devices there are, on machines that lack something that a driver needs: a line says what."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from dualtape.devices.opencl import discovery

pytestmark = pytest.mark.opencl


def test_an_empty_folder_is_no_pyopencl(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip uninstall` leaves one: then every list of devices warned, for pyopencl had no `Error`."""
    monkeypatch.setattr(discovery, "find_spec", lambda name: ModuleSpec(name, None))
    assert discovery._discover() == ()


@pytest.fixture
def pocl(opencl: Any) -> Any:
    platform = opencl._handle.platform
    if platform.name != "Portable Computing Language":
        pytest.skip("another platform")
    return platform


def test_without_a_linker_pocl_is_left_out(pocl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ended the process."""
    assert discovery._devices_of(pocl)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.warns(RuntimeWarning, match="PoCL .* is left out: it needs the linker `ld`.*: install binutils"):
        assert discovery._devices_of(pocl) == []


def test_without_a_place_for_kernels_pocl_is_left_out(pocl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "why_no_cache", lambda: "there is no place for compiled kernels")
    with pytest.warns(RuntimeWarning, match="PoCL .* is left out: there is no place for compiled kernels"):
        assert discovery._devices_of(pocl) == []


def test_a_linker_that_is_not_on_the_path_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("ld", path=os.defpath) is None:
        pytest.skip("it lies elsewhere")
    monkeypatch.setenv("PATH", "/nowhere")
    assert discovery._why_no_pocl() == ""
    assert shutil.which("ld") is not None
    assert os.environ["PATH"].startswith("/nowhere")


def run(code: str, **environment: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": os.defpath} | environment, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_processes_begun_later_have_folders_of_their_own(tmp_path: Path) -> None:
    """A variable that they inherited would have them work in ours, until we remove it."""
    code = """
import os, subprocess, sys
import dualtape as dt
assert len(dt.devices()) > 1
assert "POCL_CACHE_DIR" not in os.environ and "PYOPENCL_NO_CACHE" not in os.environ
from dualtape.devices.opencl.kernel_cache import kernel_cache
print(kernel_cache().work.name)
if len(sys.argv) == 1:
    subprocess.run([sys.executable, "-c", open("/proc/self/cmdline").read().split(chr(0))[2], "again"], check=True)
"""
    lines = run(code, DUALTAPE_CACHE_DIR=str(tmp_path)).split()
    assert len({*lines}) == 2


def test_damaged_files_of_pyopencl_are_named(tmp_path: Path) -> None:
    """Where a program has imported it first, its own cache is on."""
    code = """
import os, pathlib
import pyopencl, platformdirs
folder = pathlib.Path(platformdirs.user_cache_dir("pytools", "pytools"))
folder.parent.mkdir(parents=True, exist_ok=True)
folder.write_text("no folder")
import dualtape as dt
try:
    dt.ops.tanh(dt.Tensor([0.0], device="opencl"))
except dt.errors.DeviceError as failure:
    print("PYOPENCL_NO_CACHE=1" in str(failure))
"""
    places = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "DUALTAPE_CACHE_DIR": str(tmp_path / "store")}
    assert run(code, **places) == "True\n"
    assert run("import dualtape as dt; print(dt.Tensor([1.0], device='opencl').item())", **places) == "1.0\n"
