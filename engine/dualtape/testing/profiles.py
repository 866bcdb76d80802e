"""Hypothesis profiles for tests of derivatives: ``dev``, ``ci`` and ``nightly``."""

from __future__ import annotations

from typing import Any


def register_profiles() -> None:
    """Make the profiles known to Hypothesis.

    ``dev``
        20 examples of each test: for the desk.
    ``ci``
        200 examples, the same ones in every run, and no database: a red build stays red.
    ``nightly``
        4,000 other examples in every run.
    """
    from hypothesis import HealthCheck, settings

    # Derivatives of high order and the first kernels on a device take their time.
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    patient: Any = {"deadline": None, "suppress_health_check": slow}
    settings.register_profile("dev", max_examples=20, **patient)
    settings.register_profile("ci", max_examples=200, derandomize=True, database=None, print_blob=True, **patient)
    settings.register_profile("nightly", max_examples=4000, **patient)
