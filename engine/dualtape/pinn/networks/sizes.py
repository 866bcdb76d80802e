"""What networks are made with: sizes that are read, and streams of random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape.pinn.sampling import read_count


def read_sizes(in_features: Any, out_features: Any, width: Any, depth: Any) -> dict[str, int]:
    """The sizes of a network with hidden layers, all 1 or more."""
    given = {"in_features": in_features, "out_features": out_features, "width": width, "depth": depth}
    return {name: read_count(name, size) for name, size in given.items()}


def stream(seed: Any) -> np.random.Generator:
    """A stream of random numbers for one network: its own where there is a seed."""
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)
