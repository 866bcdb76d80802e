"""Cells: what they register, how they name it, and what they say when they are used wrongly."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import Parameter, ParameterTuple, Tensor, nn
from dualtape.devices.device import Device


class Affine(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.scale = Parameter(Tensor([2.0]))
        self.shift = Parameter(Tensor([1.0]), name="own", requires_grad=False)

    def construct(self, x: Tensor, negate: bool = False) -> Tensor:
        y = self.scale * x + self.shift
        return -y if negate else y


class Pair(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.first = Affine()
        self.own = Parameter(Tensor(0.5))
        self.second = Affine()

    def construct(self, x: Tensor) -> Tensor:
        return self.second(self.first(x)) * self.own


def names(cell: nn.Cell) -> list[str]:
    return [parameter.name for parameter in cell.get_parameters()]


def test_a_cell_calls_construct_with_all_arguments() -> None:
    assert Affine()(Tensor([3.0]), negate=True).tolist() == [-7.0]


def test_own_parameters_come_first_then_those_of_parts() -> None:
    assert names(Pair()) == ["own", "first.scale", "first.shift", "second.scale", "second.shift"]


def test_an_explicit_name_lasts_until_the_cell_is_a_part() -> None:
    affine = Affine()
    assert names(affine) == ["scale", "own"]
    pair = Pair()
    pair.first = affine
    assert names(affine) == ["first.scale", "first.shift"]


def test_a_cell_that_is_told_so_does_not_rename() -> None:
    class Holder(nn.Cell):
        def __init__(self, part: nn.Cell) -> None:
            super().__init__(auto_prefix=False)
            self.part = part

    assert names(Holder(Affine())) == ["scale", "own"]


def test_trainable_and_untrainable_parameters() -> None:
    affine = Affine()
    assert [p.name for p in affine.trainable_params()] == ["scale"]
    assert [p.name for p in affine.untrainable_params()] == ["own"]
    assert affine.freeze().trainable_params() == []
    assert len(affine.freeze(False).trainable_params()) == 2


def test_parameters_dict_is_by_name_and_paths_are_by_attribute() -> None:
    affine = Affine()
    assert list(affine.parameters_dict()) == ["scale", "own"]
    assert [path for path, _ in affine.parameters_and_names()] == ["scale", "shift"]
    assert [path for path, _ in Pair().parameters_and_names(expand=False)] == ["own"]


def test_parts_are_walked_with_their_paths() -> None:
    pair = Pair()
    assert [path for path, _ in pair.cells_and_names()] == ["", "first", "second"]
    assert list(pair.name_cells()) == ["first", "second"]
    assert list(pair.cells()) == [pair.first, pair.second]


def test_a_part_or_parameter_with_two_names_is_listed_once() -> None:
    pair = Pair()
    pair.second = pair.first
    assert len(names(pair)) == 3
    other = Pair()
    other.second.scale = other.first.scale
    assert names(other).count("first.scale") == 1


def test_a_cell_that_holds_itself_is_walked_once() -> None:
    pair = Pair()
    pair.first.parent = pair
    assert len(list(pair.cells_and_names())) == 3


def test_only_parameters_parameter_tuples_and_cells_are_registered() -> None:
    cell = nn.Cell()
    cell.listed = [Parameter(Tensor(1.0))]
    cell.tupled = ParameterTuple([Parameter(Tensor(1.0), name="b")])
    cell.tensor = Tensor(1.0)
    assert names(cell) == ["b"]


def test_a_tensor_assigned_to_a_parameter_is_its_new_value() -> None:
    affine = Affine()
    parameter = affine.scale
    affine.scale = Tensor([7])
    assert affine.scale is parameter
    assert parameter.value().tolist() == [7.0]
    assert parameter.dtype is dt.float32


def test_a_parameter_can_be_replaced_removed_and_deleted() -> None:
    affine = Affine()
    affine.scale = Parameter(Tensor([9.0]))
    assert affine.scale.name == "scale"
    affine.scale = None
    assert affine.scale is None
    assert names(affine) == ["own"]
    del affine.shift
    assert names(affine) == []


def test_set_train_reaches_all_parts() -> None:
    pair = Pair()
    assert pair.training is False
    assert pair.set_train() is pair
    assert pair.first.training
    assert not pair.set_train(False).second.training
    assert pair.set_grad() is pair


def test_astype_converts_floats_only() -> None:
    cell = Affine()
    cell.count = Parameter(3)
    cell.astype(dt.float64)
    assert [p.dtype for p in cell.get_parameters()] == [dt.float64, dt.float64, dt.int32]
    assert cell(Tensor(np.ones(1))).dtype is dt.float64
    with pytest.raises(TypeError, match="float type, got Int32"):
        cell.astype(dt.int32)


def test_move_to_reaches_all_parameters(device: Device) -> None:
    with dt.device("host"):
        pair = Pair()
    pair.move_to(device)
    assert all(p.device is device for p in pair.get_parameters())
    assert pair(Tensor([1.0])).device is device


def test_gradients_by_parameters() -> None:
    affine = Affine()
    value, (gradient,) = dt.value_and_grad(affine, None, affine.trainable_params())(Tensor([3.0]))
    assert value.tolist() == [7.0]
    assert gradient.tolist() == [3.0]


def test_copies_are_independent() -> None:
    pair = Pair()
    for duplicate in (copy.deepcopy(pair), pickle.loads(pickle.dumps(pair))):
        assert names(duplicate) == names(pair)
        duplicate.first.scale = Tensor([5.0])
        assert pair.first.scale.value().tolist() == [2.0]


def test_text_shows_parts_and_what_a_cell_says_of_itself() -> None:
    class Scaled(Affine):
        def extend_repr(self) -> str:
            return "by=2"

    pair = Pair()
    pair.second = Scaled()
    assert repr(pair) == "Pair(\n  (first): Affine()\n  (second): Scaled(by=2)\n)"


def test_a_module_defines_call_and_mixes_with_cells() -> None:
    class Twice(nn.Module):
        def __init__(self, inner: nn.Cell) -> None:
            super().__init__()
            self.inner = inner

        def call(self, x: Tensor) -> Tensor:
            return self.inner(self.inner(x))

    twice = Twice(Affine())
    assert twice(Tensor([1.0])).tolist() == [7.0]
    assert names(twice) == ["inner.scale", "inner.shift"]


class Unfinished(nn.Cell):
    pass


class Uninitialised(nn.Cell):
    def __init__(self) -> None:
        self.part = Affine()


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: Unfinished()(), AttributeError, "'construct' is not defined"),
        (lambda: nn.Module()(), AttributeError, "'call' is not defined"),
        (lambda: Uninitialised(), AttributeError, "please call Cell.__init__"),
        (lambda: Affine().nothere, AttributeError, "'Affine' object has no attribute 'nothere'"),
        (lambda: delattr(Affine(), "nothere"), AttributeError, "no attribute 'nothere'"),
        (lambda: setattr(Affine(), "scale", 5.0), TypeError, "Parameter 'scale' already exists"),
        (lambda: setattr(Affine(), "scale", Tensor([1.0, 2.0])), ValueError, r"shape \(1,\).*shape \(2,\)"),
        (lambda: Affine().move_to("nowhere"), RuntimeError, "no device 'nowhere'"),
        (lambda: Affine().astype("complex"), TypeError, "dtype"),
    ],
)
def test_misuse_is_named(use: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()
