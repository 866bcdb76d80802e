"""What this machine must have: an OpenCL device, unless pytest is told that there is none."""

from __future__ import annotations

import gc
import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--host-only", action="store_true", help="run what needs no OpenCL device, on a machine that has none"
    )


def pytest_configure(config: pytest.Config) -> None:
    # What this run was told, such as to measure coverage, is not for runs of pytest inside of a test.
    os.environ.pop("PYTEST_ADDOPTS", None)


def pytest_sessionstart(session: pytest.Session) -> None:
    """A machine whose driver is broken must not pass by leaving half of the tests out."""
    from dualtape.devices.opencl import opencl_devices

    host_only, found = session.config.getoption("--host-only"), opencl_devices()
    if host_only and found:
        raise pytest.UsageError(
            f"--host-only is for machines without OpenCL; this one has {', '.join(map(str, found))}"
        )
    if not host_only and not found:
        raise pytest.UsageError("this machine has no OpenCL device; --host-only runs the tests that need none")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--host-only"):
        left_out = [item for item in items if item.get_closest_marker("opencl")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("opencl")]


def pytest_collection_finish() -> None:
    """The tests themselves are no garbage: a collection need not look through all of them each time."""
    gc.collect()
    gc.freeze()
