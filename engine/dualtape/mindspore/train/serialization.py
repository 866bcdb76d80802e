"""Checkpoints under MindSpore's names: dualtape's files."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape import load_checkpoint as load_checkpoint
from dualtape.mindspore.absent import refusal


def save_checkpoint(
    save_obj: Any, ckpt_file_name: str, integrated_save: bool = True, async_save: bool = False,
    append_dict: dict[str, Any] | None = None, **options: Any,
) -> None:  # fmt: skip
    """Save parameters; options that say how MindSpore writes its file are accepted."""
    dt.save_checkpoint(save_obj, ckpt_file_name, metadata=append_dict)


def load_param_into_net(
    net: Any, parameter_dict: Any, strict_load: bool = False, remove_redundancy: bool = False
) -> Any:
    """Give a network's parameters the values of a checkpoint; returns what was not loaded, and what was left over."""
    return dt.load_param_into_net(net, parameter_dict, strict_load)


__getattr__ = refusal(__name__)
