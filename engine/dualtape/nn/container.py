"""Cells that hold other cells: in a row, in a list, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, overload

from dualtape.cell import Cell
from dualtape.errors import ArgumentError, ArgumentTypeError, TensorIndexError

__all__ = ["CellDict", "CellList", "SequentialCell"]


class CellList(Cell):
    """A list of cells whose parameters are found, named by position.

    Examples
    --------
    >>> import dualtape as dt
    >>> layers = dt.nn.CellList([dt.nn.Dense(2, 3), dt.nn.Dense(3, 1)])
    >>> len(layers), layers[1].weight.name
    (2, '1.weight')
    """

    def __init__(self, *cells: Cell | Iterable[Cell], auto_prefix: bool = True) -> None:
        super().__init__(auto_prefix)
        given: Any = cells[0] if len(cells) == 1 and isinstance(cells[0], (list, tuple)) else cells
        self.extend(given)

    def append(self, cell: Cell) -> Self:
        """Add a cell at the end."""
        setattr(self, str(len(self)), _checked(type(self).__name__, cell))
        return self

    def extend(self, cells: Iterable[Cell]) -> Self:
        """Add cells at the end."""
        for cell in cells:
            self.append(cell)
        return self

    def _members(self) -> list[Cell]:
        return [value for name, value in vars(self).items() if name.isdecimal()]

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Cell | Self:
        members = self._members()
        if isinstance(index, slice):
            return type(self)(members[index], auto_prefix=False)
        return members[self._position(index)]

    def __setitem__(self, index: int, cell: Cell) -> None:
        setattr(self, str(self._position(index)), _checked(type(self).__name__, cell))

    def _position(self, index: int) -> int:
        if not isinstance(index, int):
            raise ArgumentTypeError(f"an index of `{type(self).__name__}` must be an int, got {type(index).__name__}")
        if not -len(self) <= index < len(self):
            raise TensorIndexError(f"index {index} is outside a `{type(self).__name__}` of {len(self)} cells")
        return index % len(self)

    def __len__(self) -> int:
        return len(self._members())

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._members())


class SequentialCell(CellList):
    """Cells in a row: each takes what the one before gives.

    Parameters
    ----------
    cells
        Cells, one list of them, or a dict of names and cells.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.nn.SequentialCell(dt.nn.Dense(2, 3), dt.nn.Tanh())
    SequentialCell(
      (0): Dense(input_channels=2, output_channels=3, has_bias=True)
      (1): Tanh()
    )
    """

    def __init__(self, *cells: Cell | Iterable[Cell] | Mapping[str, Cell], auto_prefix: bool = True) -> None:
        named = cells[0] if len(cells) == 1 and isinstance(cells[0], Mapping) else None
        super().__init__(*(() if named is not None else cells), auto_prefix=auto_prefix)  # type: ignore[arg-type]
        for name, cell in (named or {}).items():
            setattr(self, name, _checked("SequentialCell", cell))

    def _members(self) -> list[Cell]:
        return [value for value in vars(self).values() if isinstance(value, Cell)]

    def construct(self, x: Any) -> Any:
        for cell in self._members():
            x = cell(x)
        return x


class CellDict(Cell):
    """A dict of cells whose parameters are found, named by key.

    Examples
    --------
    >>> import dualtape as dt
    >>> nets = dt.nn.CellDict({"u": dt.nn.Dense(2, 1)})
    >>> nets["u"].weight.name
    'u.weight'
    """

    def __init__(self, cells: Mapping[str, Cell] | Iterable[tuple[str, Cell]] = (), auto_prefix: bool = True) -> None:
        super().__init__(auto_prefix)
        try:
            pairs = dict(cells)
        except (TypeError, ValueError) as failure:
            raise ArgumentTypeError(f"`cells` of `CellDict` must be a dict of cells or pairs: {failure}") from failure
        for key, cell in pairs.items():
            self[key] = cell

    def __setitem__(self, key: str, cell: Cell) -> None:
        if not isinstance(key, str):
            raise ArgumentTypeError(f"a key of `CellDict` must be a str, got {type(key).__name__}")
        if not key or "." in key or (hasattr(type(self), key) or key in ("training", "_auto_prefix")):
            raise ArgumentError(f"{key!r} cannot be a key of `CellDict`: it is empty, has a dot or names an attribute")
        setattr(self, key, _checked("CellDict", cell))

    def __getitem__(self, key: str) -> Cell:
        found = vars(self).get(key)
        if not isinstance(found, Cell):
            raise KeyError(key)
        return found

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        delattr(self, key)

    def __contains__(self, key: object) -> bool:
        return isinstance(vars(self).get(str(key)), Cell)

    def __len__(self) -> int:
        return len(self.keys())

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def keys(self) -> list[str]:
        """The names."""
        return [name for name, value in vars(self).items() if isinstance(value, Cell)]

    def values(self) -> list[Cell]:
        """The cells."""
        return [self[key] for key in self]

    def items(self) -> list[tuple[str, Cell]]:
        """Names and cells."""
        return [(key, self[key]) for key in self]


def _checked(owner: str, cell: Any) -> Cell:
    if not isinstance(cell, Cell):
        raise ArgumentTypeError(f"`{owner}` holds Cells, got {type(cell).__name__}")
    return cell
