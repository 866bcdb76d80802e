"""MindSpore's settings of a process: they are kept and given back; operations run eagerly whatever the mode says."""

from __future__ import annotations

import warnings
from typing import Any

from dualtape.errors import ArgumentError, ArgumentTypeError

GRAPH_MODE = 0
PYNATIVE_MODE = 1
STRICT, COMPATIBLE, LAX = 0, 1, 2

# What MindSpore starts with.
_settings: dict[str, Any] = {
    "mode": PYNATIVE_MODE, "device_target": "CPU", "device_id": 0, "max_call_depth": 1000, "save_graphs": 0,
    "save_graphs_path": "", "pynative_synchronize": False, "enable_graph_kernel": False, "graph_kernel_flags": "",
    "max_device_memory": "1024GB", "deterministic": "OFF", "jit_config": {}, "jit_level": "",
    "memory_optimize_level": "O0",
    "precompile_only": False, "print_file_path": "", "reserve_class_name_in_scope": True, "runtime_num_threads": 30,
    "enable_compile_cache": False, "compile_cache_path": "", "inter_op_parallel_num": 0, "jit_syntax_level": LAX,
    "env_config_path": "", "check_bprop": False, "grad_for_scalar": False, "ascend_config": {}, "gpu_config": {},
    "jit_enable_inplace_ops": True, "debug_level": "RELEASE", "op_timeout": 900, "save_dump_path": ".",
    "variable_memory_max_size": "0GB", "aoe_tune_mode": "", "aoe_config": {}, "exec_order": "bfs",
    "support_binary": False,
    "enable_reduce_precision": True, "mempool_block_size": "1GB", "disable_format_transform": False,
}  # fmt: skip


def set_context(**kwargs: Any) -> None:
    """Keep settings: the modes change no result here, and other devices than the CPU are dualtape's own affair."""
    unknown = [name for name in kwargs if name not in _settings]
    if unknown:
        raise ArgumentError(f"For 'context.set_context', the keyword argument {unknown[0]} is not recognized!")
    if "mode" in kwargs and kwargs["mode"] not in (GRAPH_MODE, PYNATIVE_MODE):
        raise ArgumentError(
            "For 'context.set_context', the argument 'mode' should be context.GRAPH_MODE (0) "
            f"or context.PYNATIVE_MODE (1), but got {kwargs['mode']}."
        )
    if "device_target" in kwargs:
        _check_target(kwargs["device_target"])
    _settings.update(kwargs)


def get_context(attr_key: str) -> Any:
    """The setting of that name."""
    if attr_key not in _settings:
        raise ArgumentError(f"For 'context.get_context', the argument {attr_key} is not recognized! Please check it.")
    return _settings[attr_key]


def set_device(device_target: str, device_id: int | None = None) -> None:
    """Keep the name of a device; where operations run is what `dualtape.set_device` and `DUALTAPE_DEVICE` say."""
    set_context(device_target=device_target, **({} if device_id is None else {"device_id": device_id}))


def _check_target(target: Any) -> None:
    if not isinstance(target, str):
        raise ArgumentTypeError(f"the argument 'device_target' must be a str, but got {type(target).__name__}")
    if target not in ("CPU", "GPU", "Ascend", "Davinci"):
        raise ArgumentError(
            "For 'context.set_context', the argument 'device_target' must be one of CPU, GPU and Ascend, "
            f"got {target!r}"
        )
    if target != "CPU":
        warnings.warn(
            f"MindSpore's device {target!r} is not here; operations run where `dualtape.set_device` says",
            RuntimeWarning,
            stacklevel=4,
        )


def reset_auto_parallel_context() -> None:
    """Accepted: nothing runs in parallel here."""
