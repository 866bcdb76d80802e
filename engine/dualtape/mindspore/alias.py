"""The names `mindspore` and `luojianet_ms` as other names of this package, in this process alone."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from dualtape.mindspore.absent import explanation

ALIASES = ("mindspore", "luojianet_ms")
_ROOM = "dualtape.mindspore"


class _Loader(importlib.abc.Loader):
    """Puts a module of this package in the place of one of MindSpore's."""

    def __init__(self, real: str) -> None:
        self._real = real

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        # Whoever imports takes what stands here once the module has been executed.
        sys.modules[module.__spec__.name] = importlib.import_module(self._real)


class AliasFinder(importlib.abc.MetaPathFinder):
    """Finds ``mindspore.x`` as ``dualtape.mindspore.x``; a path that is not there is an error that says so."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> Any:
        top, _, rest = fullname.partition(".")
        if top not in ALIASES:
            return None
        real = f"{_ROOM}.{rest}" if rest else _ROOM
        if importlib.util.find_spec(real) is None:
            parent, _, name = fullname.rpartition(".")
            raise ModuleNotFoundError(explanation(parent, name), name=fullname)
        return importlib.machinery.ModuleSpec(fullname, _Loader(real), is_package=True)


def install_alias() -> None:
    """Let ``import mindspore`` and ``import luojianet_ms`` mean this package from now on, in this process.

    The real MindSpore, if it is installed, is not touched; it must not have been imported here already.
    """
    for name in ALIASES:
        loaded = sys.modules.get(name)
        if loaded is not None and not loaded.__name__.startswith("dualtape"):
            raise ImportError(f"{name!r} has been imported in this process already; install the alias before")
    if not any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, AliasFinder())
