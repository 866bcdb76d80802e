"""Whether solutions of differential equations have reached their last time: asked after a loop that has no errors.

Inside of `jit` the numbers are known only when the program runs; on the host, to which they are copied, this raises.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dualtape.core.example import Example, Indices, Reals
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import NonDifferentiable
from dualtape.dtypes import bool_
from dualtape.errors import IntegrationError
from dualtape.primitives.declaring import infer_elementwise


def _stopped(
    status: np.ndarray, time: np.ndarray, size: np.ndarray, count: np.ndarray, reasons: Sequence[str]
) -> np.ndarray:
    status, time, size, count = np.broadcast_arrays(status, time, size, count)
    failed = np.asarray(status != 0)
    if failed.any():
        first = tuple(int(i) for i in np.argwhere(failed)[0])
        example = f" of example {', '.join(map(str, first))}" if first else ""
        more = f" ({int(failed.sum())} of {failed.size} examples failed)" if failed.size > 1 else ""
        raise IntegrationError(
            f"the integration{example} stopped at t = {time[first]:.9g}, in step {int(count[first])} of size "
            f"{size[first]:.3g}: {reasons[int(status[first]) - 1]}{more}"
        )
    return failed


# False, unless a status is not 0: then it raises the reason of that number, with the time, the step and its number.
require_arrival = NonDifferentiable(
    name="require_arrival",
    numpy=_stopped,
    lowering=OnHost(),
    infer=infer_elementwise("require_arrival", bool_),
    examples=(Example((Indices((3,), 1), Reals((3,)), Reals((3,)), Indices((3,), 9)), {"reasons": ("it failed",)}),),
    written=lambda *inputs, **_: None,
)
