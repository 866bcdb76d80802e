"""pytest plugin of dualtape: tests on every device, eagerly and under `jit`, and Hypothesis profiles.

``dualtape_device``
    A fixture: the test runs once for each device, eagerly and under `jit`. New tensors go to that device during the
    test, and the fixture's value runs functions there: ``dualtape_device(f)(x)``.
``@pytest.mark.dualtape_devices("host", "opencl:0", jit=False)``
    The devices of one test, by default all. A test without the fixture runs once on each, with new tensors there.
``--dualtape-devices=all``, ``--dualtape-devices=host,opencl:0``
    Which of these devices are used in this run.
``--hypothesis-profile=dev``, ``ci``, ``nightly``
    Few examples; the same examples every time; many.

Counterexamples of Hypothesis show Tensors, Parameters and drawn programs as Python to paste.

It stands beside the package, and imports nothing of it before a test needs it: a plugin is loaded at every start of
pytest, also for projects that have nothing to do with this one.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dualtape.testing.targets import Target

_OPTION = "--dualtape-devices"
_FIXTURE = "dualtape_device"
_PLACE = "_dualtape_place"
_MARKER = "dualtape_devices"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dualtape", "automatic differentiation")
    explained = "where tests of dualtape run: all (the default), or names such as host,opencl:0"
    group.addoption(_OPTION, default="all", metavar="NAMES", help=explained)


def pytest_configure(config: pytest.Config) -> None:
    explained = "run the test on these dualtape devices, by default on all"
    config.addinivalue_line("markers", f"{_MARKER}(*names, jit=True): {explained}")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    # Before any conftest, so that a project's own profiles of these names win.
    if getattr(early_config.known_args_namespace, "hypothesis_profile", None):
        from dualtape.testing.profiles import register_profiles

        register_profiles()


@pytest.fixture(scope="session")
def dualtape_device(request: pytest.FixtureRequest) -> Target:
    """Each device of this machine in turn, eagerly and under `jit`: ``dualtape_device(f)(x)`` runs ``f`` there."""
    target: Target = request.param
    return target


@pytest.fixture(scope="session")
def _dualtape_place(request: pytest.FixtureRequest) -> Target | None:
    """What a marker alone asks for: each device in turn; nothing where the test uses the other fixture as well."""
    return getattr(request, "param", None)


def pytest_pycollect_makeitem(collector: pytest.Class | pytest.Module, name: str, obj: Any) -> None:
    """A test that is marked need not name a fixture."""
    if collector.istestfunction(obj, name):
        own = (mark.name for mark in getattr(obj, "pytestmark", ()))
        if _MARKER in own or collector.get_closest_marker(_MARKER):
            pytest.mark.usefixtures(_PLACE)(obj)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    fixture = next((name for name in (_FIXTURE, _PLACE) if name in metafunc.fixturenames), None)
    if fixture is None:
        return
    from dualtape.testing.targets import chosen_targets

    marker = metafunc.definition.get_closest_marker(_MARKER)
    names = marker.args if marker else ()
    # Nothing runs under `jit` in a test that does not use the fixture's value.
    jitted = fixture == _FIXTURE and (marker is None or marker.kwargs.get("jit", True))
    targets = chosen_targets(metafunc.config.getoption(_OPTION), names, jitted)
    metafunc.parametrize(fixture, targets, indirect=True, ids=str, scope="session")


def pytest_collection_finish() -> None:
    if "dualtape" in sys.modules and "hypothesis" in sys.modules:
        from dualtape.testing.counterexamples import show_counterexamples_as_code

        show_counterexamples_as_code()


def _target(item: pytest.Item) -> Target | None:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return parameters.get(_FIXTURE) or parameters.get(_PLACE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """New tensors go to the test's device, while its fixtures are made as well."""
    target = _target(item)
    with target.active() if target is not None else nullcontext():
        return (yield)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A device that is there but does not work is an error where it is asked for by name."""
    target = _target(item)
    if target is None or (failure := target.failure()) is None:
        return
    if item.config.getoption(_OPTION) == "all":
        pytest.skip(f"{target.device.name} does not work on this machine: {failure}")
    raise failure
