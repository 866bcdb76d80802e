"""MindSpore's logger: that of Python's `logging`, by the name of MindSpore."""

from __future__ import annotations

import logging
from typing import Any

_logger = logging.getLogger("MindSpore")

debug, info, warning, error, critical = (
    _logger.debug, _logger.info, _logger.warning, _logger.error, _logger.critical
)  # fmt: skip


def get_level() -> str:
    """MindSpore's number of the level, as a str: 0 debug, 1 info, 2 warning, 3 error, 4 critical."""
    return str(max(0, _logger.getEffectiveLevel() // 10 - 1))


def get_log_config() -> dict[str, Any]:
    """The level."""
    return {"GLOG_v": get_level()}
