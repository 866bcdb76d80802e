"""What this machine must have: an OpenCL device, unless pytest is told that there is none."""

from __future__ import annotations

import gc
import os
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


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

    if os.environ.get("DUALTAPE_NEEDS_BROWSER") and _browser() is None:
        raise pytest.UsageError("DUALTAPE_NEEDS_BROWSER is set, and there is no browser: `apt install chromium`")
    host_only, found = session.config.getoption("--host-only"), opencl_devices()
    if host_only and found:
        raise pytest.UsageError(
            f"--host-only is for machines without OpenCL; this one has {', '.join(map(str, found))}"
        )
    if not host_only and not found:
        raise pytest.UsageError("this machine has no OpenCL device; --host-only runs the tests that need none")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--host-only"):
        _leave_out("opencl", config, items)
    if _browser() is None:
        _leave_out("browser", config, items)


def pytest_collection_finish() -> None:
    """The tests themselves are no garbage: a collection need not look through all of them each time."""
    gc.collect()
    gc.freeze()


def _leave_out(mark: str, config: pytest.Config, items: list[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker(mark)])
    items[:] = [item for item in items if not item.get_closest_marker(mark)]


def _browser() -> str | None:
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _browser() is None:
        terminalreporter.section("NO BROWSER", red=True, bold=True)
        terminalreporter.line("Reports were not opened in a browser: `apt install chromium`", red=True)
