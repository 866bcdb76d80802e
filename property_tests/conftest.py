"""Hypothesis profiles: ``dev`` by default, ``ci`` (the same examples every time), ``nightly`` (many).

Choose one with ``--hypothesis-profile ci`` or the variable HYPOTHESIS_PROFILE.
"""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

# So that the tests here find `expressions`.
sys.path.insert(0, str(Path(__file__).parent))

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile("dev", max_examples=20, deadline=None, suppress_health_check=SLOW)
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=SLOW,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
settings.register_profile("nightly", max_examples=5000, deadline=None, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))
