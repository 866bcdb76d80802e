"""Checkpoints under MindSpore's names: its `.ckpt` files, and dualtape's safetensors."""

from __future__ import annotations

import os
from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, CheckpointError, ShapeError
from dualtape.mindspore.absent import refusal
from dualtape.mindspore.common.parameter import owned
from dualtape.mindspore.train.ckpt import is_ckpt, read_ckpt, write_ckpt


class UnfittingShapeError(ShapeError, RuntimeError):
    """A value of a checkpoint that does not fit a parameter: programs of MindSpore's catch a RuntimeError."""


class MissingCheckpointError(CheckpointError, ValueError):
    """A checkpoint file that is not there: programs of MindSpore's catch a ValueError."""


def save_checkpoint(
    save_obj: Any, ckpt_file_name: str, integrated_save: bool = True, async_save: bool = False,
    append_dict: dict[str, Any] | None = None, enc_key: Any = None, enc_mode: str = "AES-GCM",
    choice_func: Any = None, crc_check: bool = False, format: str = "ckpt",
) -> None:  # fmt: skip
    """Write parameters to a file.

    Parameters
    ----------
    save_obj
        A Cell, a dict of tensors, or a list of dicts with ``"name"`` and ``"data"``.
    append_dict
        Numbers, texts and tensors to save beside.
    choice_func
        ``choice_func(name)`` says whether a parameter is saved.
    format
        ``'ckpt'``, which MindSpore reads, or ``'safetensors'``; with neither ending the file gets that one.
    """
    if enc_key is not None or crc_check:
        raise ArgumentError("`enc_key` and `crc_check` of `save_checkpoint` are not in dualtape")
    if format not in ("ckpt", "safetensors"):
        raise ArgumentError(f"`format` of `save_checkpoint` must be 'ckpt' or 'safetensors', got {format!r}")
    values = {name: x for name, x in _named(save_obj).items() if choice_func is None or choice_func(name)}
    for name, extra in (append_dict or {}).items():
        values[name] = extra if isinstance(extra, (dt.Tensor, str)) else dt.Tensor(extra)
    path = os.fspath(ckpt_file_name)
    path = path if path.endswith((".ckpt", ".safetensors")) else f"{path}.{format}"
    if format == "ckpt":
        write_ckpt(path, values)
        return
    texts = {name: x for name, x in values.items() if isinstance(x, str)}
    dt.save_checkpoint({name: x for name, x in values.items() if name not in texts}, path, metadata=texts)


def _named(save_obj: Any) -> dict[str, Any]:
    if isinstance(save_obj, dt.nn.Cell):
        return {parameter.name: parameter.value() for parameter in save_obj.get_parameters()}
    if isinstance(save_obj, dict):
        return dict(save_obj)
    if isinstance(save_obj, list):
        return {item["name"]: item["data"] for item in save_obj}
    raise ArgumentTypeError(
        f"`save_obj` of `save_checkpoint` must be a Cell, a dict or a list of dicts, got {type(save_obj).__name__}"
    )


def load_checkpoint(
    ckpt_file_name: str, net: Any = None, strict_load: bool = False, filter_prefix: Any = None, dec_key: Any = None,
    dec_mode: str = "AES-GCM", specify_prefix: Any = None, choice_func: Any = None, crc_check: bool = False,
    remove_redundancy: bool = False, format: str = "ckpt",
) -> dict[str, Any]:  # fmt: skip
    """The parameters of a file of MindSpore's or dualtape's by name, and texts that were saved beside.

    With ``net`` its parameters get these values, too.
    """
    if dec_key is not None:
        raise ArgumentError("`dec_key` of `load_checkpoint` is not in dualtape: no file is encrypted")
    path = os.fspath(ckpt_file_name)
    if not os.path.isfile(path):
        raise MissingCheckpointError(f"The load_checkpoint() failed, the ckpt file {path!r} does not exist.")
    if not is_ckpt(path):
        loaded = dt.load_checkpoint(path)
        found: dict[str, Any] = {name: owned(x) for name, x in loaded.items()} | loaded.metadata
    else:
        read = read_ckpt(path).items()
        found = {name: x if isinstance(x, str) else owned(dt.Parameter(x, name=name)) for name, x in read}
    skipped = tuple([filter_prefix] if isinstance(filter_prefix, str) else filter_prefix or ())
    chosen = tuple([specify_prefix] if isinstance(specify_prefix, str) else specify_prefix or ())
    found = {
        name: x
        for name, x in found.items()
        if not name.startswith(skipped or "\0")
        and (not chosen or name.startswith(chosen))
        and (choice_func is None or choice_func(name))
    }
    if net is not None:
        load_param_into_net(net, found, strict_load)
    return found


def load_param_into_net(
    net: Any, parameter_dict: Any, strict_load: bool = False, remove_redundancy: bool = False
) -> Any:  # fmt: skip
    """Give a network's parameters the values of a checkpoint; returns what was not loaded, and what was left over.

    Where names of the checkpoint are a prefix and a name of the network's, as those of a cell around it, they are read
    without the prefix.
    """
    if not isinstance(parameter_dict, dict):
        raise ArgumentTypeError(
            f"`parameter_dict` of `load_param_into_net` must be a dict, got {type(parameter_dict).__name__}"
        )
    tensors = {name: x for name, x in parameter_dict.items() if not isinstance(x, str)}
    unknown = next(
        (f"{name!r}: {type(x).__name__}" for name, x in tensors.items() if not isinstance(x, dt.Parameter)), None
    )
    if unknown is not None:
        raise ArgumentTypeError(f"`parameter_dict` of `load_param_into_net` must hold Parameters, got {unknown}")
    missing, unused = _load(net, tensors, strict_load)
    prefix = next((name.removesuffix(one) for one in missing for name in unused if name.endswith(f".{one}")), None)
    if prefix is not None:
        inner = {name: tensors[prefix + name] for name in missing if prefix + name in tensors}
        _load(net, inner, strict_load)
        missing = [name for name in missing if name not in inner]
    return missing, unused


def _load(net: Any, tensors: dict[str, Any], strict: bool) -> tuple[list[str], list[str]]:
    try:
        missing, unused = dt.load_param_into_net(net, tensors, strict)
    except ShapeError as failure:
        raise UnfittingShapeError(f"For 'load_param_into_net', {failure}") from None
    return missing, unused


__getattr__ = refusal(__name__)
