"""MindSpore's runtime: operations are finished when they return, so there is nothing to wait for or to block."""

from __future__ import annotations

import dualtape as dt


def launch_blocking() -> None:
    """Accepted: errors are raised where they happen."""


def synchronize() -> None:
    """Accepted: operations are finished when they return."""


def dispatch_threads_num(threads_num: int) -> None:
    """Accepted, without effect."""


def set_cpu_affinity(enable_affinity: bool, affinity_cpu_list: object = None) -> None:
    """Accepted, without effect."""


def empty_cache() -> None:
    """Give the memory back that devices keep for later tensors."""
    dt.release_memory()
