"""Cells that hold cells."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import pytest

from dualtape import Tensor, nn


class Plus(nn.Cell):
    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number

    def construct(self, x: Tensor) -> Tensor:
        return x + self.number


def test_sequential_cell_applies_its_cells_in_order() -> None:
    cells = nn.SequentialCell(Plus(1.0), nn.ReLU(), Plus(10.0))
    assert cells(Tensor([-5.0, 2.0])).tolist() == [10.0, 13.0]


def test_sequential_cell_takes_a_list_and_named_cells() -> None:
    assert nn.SequentialCell([Plus(1.0), Plus(2.0)])(Tensor(0.0)).item() == 3.0
    named = nn.SequentialCell(OrderedDict(hidden=nn.Dense(1, 2), out=nn.Dense(2, 1)))
    assert [p.name for p in named.get_parameters()] == ["hidden.weight", "hidden.bias", "out.weight", "out.bias"]
    assert named(Tensor([[1.0]])).shape == (1, 1)


def test_cells_are_appended_replaced_and_sliced() -> None:
    cells = nn.SequentialCell(Plus(1.0))
    cells.append(Plus(2.0)).append(Plus(4.0))
    assert len(cells) == 3
    assert cells[1:](Tensor(0.0)).item() == 6.0
    cells[0] = Plus(100.0)
    assert cells(Tensor(0.0)).item() == 106.0
    assert cells[-1].number == 4.0


def test_slicing_does_not_rename() -> None:
    cells = nn.SequentialCell(nn.Dense(1, 1), nn.Dense(1, 1))
    part = cells[1:]
    assert next(part.get_parameters()) is cells[1].weight
    assert cells[1].weight.name == "1.weight"


def test_cell_list_is_a_list_of_cells() -> None:
    cells = nn.CellList([Plus(1.0)], auto_prefix=True)
    cells.extend([Plus(2.0), nn.Dense(1, 1)])
    assert [type(cell).__name__ for cell in cells] == ["Plus", "Plus", "Dense"]
    assert [p.name for p in cells.get_parameters()] == ["2.weight", "2.bias"]
    assert bool(nn.CellList()) is True
    with pytest.raises(AttributeError, match="construct"):
        cells(Tensor(1.0))


def test_cell_dict_is_a_dict_of_cells() -> None:
    cells = nn.CellDict({"u": nn.Dense(1, 1)})
    cells["v"] = Plus(1.0)
    assert list(cells) == list(cells.keys()) == ["u", "v"]
    assert "v" in cells
    assert cells.items()[1][1] is cells["v"] is cells.values()[1]
    del cells["v"]
    assert len(cells) == 1
    assert [p.name for p in cells.get_parameters()] == ["u.weight", "u.bias"]


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: nn.SequentialCell(Plus(1.0), "tanh"), TypeError, "`SequentialCell` holds Cells, got str"),
        (lambda: nn.CellList([1]), TypeError, "`CellList` holds Cells, got int"),
        (lambda: nn.CellList([Plus(1.0)])[1], IndexError, "index 1 is outside a `CellList` of 1 cells"),
        (lambda: nn.CellList([Plus(1.0)])["a"], TypeError, "must be an int"),
        (lambda: nn.CellDict({"a.b": Plus(1.0)}), ValueError, "'a.b' cannot be a key"),
        (lambda: nn.CellDict({"keys": Plus(1.0)}), ValueError, "names an attribute"),
        (lambda: nn.CellDict({1: Plus(1.0)}), TypeError, "must be a str"),
        (lambda: nn.CellDict({})["a"], KeyError, "a"),
        (lambda: nn.CellDict({"a": 1}), TypeError, "`CellDict` holds Cells"),
    ],
)
def test_misuse_is_named(use: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()
