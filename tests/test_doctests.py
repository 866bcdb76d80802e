"""Every example in a docstring runs, and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import dualtape

MODULES = sorted(module.name for module in pkgutil.walk_packages(dualtape.__path__, "dualtape."))


def _case(name: str) -> object:
    on_device = name.startswith("dualtape.devices.opencl.") and not name.endswith(".discovery")
    return pytest.param(name, marks=pytest.mark.opencl if on_device else ())


@pytest.mark.parametrize("name", [_case(name) for name in MODULES if not name.endswith("__main__")])
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
