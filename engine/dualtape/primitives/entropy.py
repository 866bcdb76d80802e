"""Products with a logarithm, and log-odds; SciPy and NumPy compute them on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape.primitives.arithmetic import reciprocal
from dualtape.primitives.exponential import log, log1p
from dualtape.primitives.on_host import as_value, host_function, rounded

logit = host_function("logit", partials=(lambda x, y: reciprocal(x * (1 - x)),), domain=((0.1, 0.9),))


def _of_zero_is_zero(x: Any, y: Any, logarithm: Any) -> Any:
    return np.where((x == 0) & ~np.isnan(y), 0, x * logarithm)


# x log y, and 0 wherever x is 0.
xlogy = host_function(
    "xlogy",
    partials=(
        lambda x, y, z: log(as_value(y, x)),
        lambda x, y, z: x / y,
    ),
    domain=((-2.0, 2.0), (0.3, 4.0)),
    numpy=rounded(lambda x, y: _of_zero_is_zero(x, y, np.log(y))),
)
xlog1py = host_function(
    "xlog1py",
    partials=(
        lambda x, y, z: log1p(as_value(y, x)),
        lambda x, y, z: x / (1 + y),
    ),
    domain=((-2.0, 2.0), (-0.7, 4.0)),
    numpy=rounded(lambda x, y: _of_zero_is_zero(x, y, np.log1p(y))),
)
