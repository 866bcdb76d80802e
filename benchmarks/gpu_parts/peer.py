"""PyTorch as the peer: on the GPU where it has one."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any


def has_torch() -> bool:
    return find_spec("torch") is not None


def torch_place() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def synchronizer() -> Callable[[], Any]:
    """What waits for all that PyTorch was asked for."""
    import torch

    return torch.cuda.synchronize if torch_place() == "cuda" else lambda: None
