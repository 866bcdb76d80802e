"""`Parameter` as MindSpore makes it."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape import ParameterTuple as ParameterTuple
from dualtape.mindspore.common.standing import StandingFor


class Parameter(dt.Parameter, metaclass=StandingFor):
    """A :class:`dualtape.Parameter`, made with MindSpore's arguments; what says how it is spread has no effect."""

    __slots__ = ()

    def __init__(
        self,
        default_input: Any,
        name: str | None = None,
        requires_grad: bool = True,
        layerwise_parallel: bool = False,
        parallel_optimizer: bool = True,
        storage_format: str = "",
        init_in_server: bool = False,
    ) -> None:
        super().__init__(default_input, name, requires_grad)
