"""Every example in a docstring runs, and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import dualtape

MODULES = sorted(module.name for module in pkgutil.walk_packages(dualtape.__path__, "dualtape."))


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
