"""Classes of MindSpore's that count as their instances those of the class of dualtape's that they stand for."""

from __future__ import annotations

from typing import Any


class StandingFor(type):
    """The metaclass of a class that says whom it ``stands_for``: ``isinstance`` asks that one."""

    stands_for: type

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.stands_for)
