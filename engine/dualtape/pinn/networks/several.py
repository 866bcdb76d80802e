"""A network for each unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dualtape as dt
from dualtape import nn, ops
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError


class Networks(nn.Cell):
    """A network of its own for each unknown, of all coordinates or of some.

    Parameters
    ----------
    coordinates
        Their names, in the order of the domain.
    **networks
        For each unknown, in the order of the equations: a Cell with one output, or a pair of a Cell and the names of
        the coordinates that it depends on.

    Attributes
    ----------
    unknowns
        Their names.

    Examples
    --------
    An unknown coefficient that depends on x alone:

    >>> import dualtape as dt
    >>> from dualtape import nn, pinn
    >>> network = pinn.Networks(("x", "t"), u=nn.MLP(2, 1), k=(nn.MLP(1, 1, width=8), ("x",)))
    >>> network(dt.ops.zeros((5, 2))).shape
    (5, 2)
    """

    def __init__(self, coordinates: Sequence[str], **networks: Any) -> None:
        super().__init__()
        names = tuple(coordinates)
        if isinstance(coordinates, str) or not names or not all(isinstance(name, str) for name in names):
            raise ArgumentTypeError(f"`coordinates` of `Networks` must be names like ('x', 't'), got {coordinates!r}")
        if not networks:
            raise ArgumentError(
                "`Networks` needs a network for each unknown, as in Networks(('x', 't'), u=nn.MLP(2, 1))"
            )
        self.coordinates, self.unknowns = names, tuple(networks)
        pairs = [given if isinstance(given, tuple) else (given, names) for given in networks.values()]
        for unknown, pair in zip(networks, pairs, strict=True):
            if len(pair) != 2 or not isinstance(pair[0], nn.Cell):
                raise ArgumentTypeError(
                    f"the network of {unknown!r} must be a Cell, or a pair of a Cell and names of coordinates"
                )
            if isinstance(pair[1], str) or not pair[1] or not set(pair[1]) <= set(names):
                raise ArgumentError(f"the network of {unknown!r} depends on {pair[1]!r}; there are {', '.join(names)}")
        self.parts = nn.CellList([network for network, _ in pairs])
        self.depends = tuple(tuple(names.index(name) for name in on) for _, on in pairs)

    def construct(self, x: Any) -> dt.Tensor:
        columns = []
        for unknown, network, on in zip(self.unknowns, self.parts, self.depends, strict=True):
            whole = on == tuple(range(len(self.coordinates)))
            given = x if whole else ops.cat([x[:, i : i + 1] for i in on], 1)
            column = network(given)
            if column.shape != (x.shape[0], 1):
                raise ShapeError(f"the network of {unknown!r} gave shape {column.shape}; expected {(x.shape[0], 1)}")
            columns.append(column)
        found: dt.Tensor = ops.cat(columns, 1)
        return found
