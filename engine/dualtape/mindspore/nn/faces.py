"""Every cell of dualtape's as MindSpore's programs have it: `dualtape.nn`'s names, their classes being faces."""

from typing import TYPE_CHECKING

import dualtape as dt
from dualtape.mindspore.nn.face import face_of as _face_of

if TYPE_CHECKING:
    from dualtape.nn import *
else:
    _classes = {name: one for name, one in vars(dt.nn).items() if isinstance(one, type) and issubclass(one, dt.nn.Cell)}
    globals().update({name: _face_of(cls) for name, cls in _classes.items()})
