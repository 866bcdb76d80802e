"""Checkpoints: what is written is read back exactly, and every damaged file is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import dualtape as dt
from dualtape import Parameter, Tensor, nn, ops, optim
from dualtape.devices.device import Device


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "net.safetensors"


def test_a_network_comes_back_exactly(file: Path, device: Device) -> None:
    net, other = nn.MLP(2, 1, width=3, depth=2, seed=0), nn.MLP(2, 1, width=3, depth=2, seed=1)
    dt.save_checkpoint(net, file)
    checkpoint = dt.load_checkpoint(file, other)
    assert list(checkpoint) == [p.name for p in net.get_parameters()]
    for mine, theirs in zip(net.get_parameters(), other.get_parameters(), strict=True):
        np.testing.assert_array_equal(mine.asnumpy(), theirs.asnumpy())
        assert theirs.device is device


@pytest.mark.parametrize("dtype", dt.dtype.ALL, ids=str)
def test_every_element_type_and_special_number_comes_back(file: Path, dtype: dt.dtype.DType) -> None:
    numbers = [0.0, -0.0, np.inf, -np.inf, np.nan, 1 / 3] if dtype.is_float else [0, 1, 100]
    tensors = {"x": Tensor(np.array(numbers), dtype), "empty": Tensor(np.zeros((2, 0)), dtype), "one": Tensor(1, dtype)}
    dt.save_checkpoint(tensors, file)
    for name, parameter in dt.load_checkpoint(file).items():
        assert parameter.name == name
        assert parameter.dtype is dtype
        assert parameter.shape == tensors[name].shape
        assert parameter.asnumpy().tobytes() == tensors[name].asnumpy().tobytes()


def test_views_that_are_not_contiguous_come_back(file: Path) -> None:
    matrix = Tensor(np.arange(6.0).reshape(2, 3))
    dt.save_checkpoint({"t": matrix.T, "column": matrix[:, 1]}, file)
    checkpoint = dt.load_checkpoint(file)
    assert checkpoint["t"].tolist() == matrix.T.tolist()
    assert checkpoint["column"].tolist() == [1.0, 4.0]


def test_training_resumes_exactly(file: Path) -> None:
    x, y = Tensor([[1.0, 2.0], [0.5, -1.0]]), Tensor([[1.0], [0.0]])

    def training(seed: int) -> tuple[nn.TrainOneStepCell, optim.Optimizer]:
        net = nn.MLP(2, 1, width=4, depth=1, seed=seed)
        optimizer = optim.Adam(net.trainable_params(), optim.CosineDecayLR(1e-3, 1e-2, 20))
        return nn.TrainOneStepCell(nn.WithLossCell(net, nn.MSELoss()), optimizer), optimizer

    step, optimizer = training(seed=0)
    for _ in range(5):
        step(x, y)
    dt.save_checkpoint(optimizer, file, metadata={"epoch": 5, "note": ["é", None, 0.1]})
    expected = [step(x, y).item() for _ in range(5)]
    step, optimizer = training(seed=1)
    checkpoint = dt.load_checkpoint(file)
    assert checkpoint.metadata == {"epoch": 5, "note": ["é", None, 0.1]}
    assert dt.load_param_into_net(optimizer, checkpoint) == ([], [])
    assert [step(x, y).item() for _ in range(5)] == expected


def test_names_that_do_not_match_are_reported(file: Path) -> None:
    dt.save_checkpoint([{"name": "weight", "data": ops.ones((1, 2))}, {"name": "extra", "data": ops.ones(1)}], file)
    net = nn.Dense(2, 1, bias_init=7.0)
    assert dt.load_param_into_net(net, dt.load_checkpoint(file)) == (["bias"], ["extra"])
    assert net.weight.tolist() == [[1.0, 1.0]]
    assert net.bias.tolist() == [7.0]


def test_floats_are_converted_unless_strict(file: Path) -> None:
    dt.save_checkpoint({"weight": Tensor(np.full((1, 2), 0.5))}, file)
    net = nn.Dense(2, 1)
    dt.load_checkpoint(file, net)
    assert net.weight.dtype is dt.float32
    with pytest.raises(TypeError, match="'weight' is of Float32, the value to load of Float64"):
        dt.load_checkpoint(file, net, strict_load=True)


def test_nothing_is_loaded_if_something_does_not_fit() -> None:
    net = nn.Dense(2, 1, weight_init="zeros")
    with pytest.raises(ValueError, match=r"'bias' has shape \(1,\), the value to load \(2,\)"):
        dt.load_param_into_net(net, {"weight": ops.ones((1, 2)), "bias": ops.ones(2)})
    assert net.weight.tolist() == [[0.0, 0.0]]


def test_files_of_other_programs_are_read(file: Path) -> None:
    save_file({"b": np.ones(2, np.float32), "a": np.zeros(1)}, file, {"format": "pt"})
    checkpoint = dt.load_checkpoint(file)
    assert list(checkpoint) == ["a", "b"]
    assert checkpoint.metadata == {"format": "pt"}


def test_a_failed_save_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dt.save_checkpoint({"x": Tensor(1.0)}, file)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match=r"cannot write.*disk full"):
        dt.save_checkpoint({"x": Tensor(2.0)}, file)
    assert dt.load_checkpoint(file)["x"].item() == 1.0
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("damage", ["truncated", "empty", "foreign", "header"])
def test_damaged_files_are_refused(file: Path, damage: str) -> None:
    dt.save_checkpoint(nn.Dense(20, 10), file)
    whole = file.read_bytes()
    file.write_bytes(
        {"truncated": whole[:-1], "empty": b"", "foreign": b"PK\x03\x04" + bytes(100), "header": whole[:20]}[damage]
    )
    with pytest.raises(OSError, match=r"net\.safetensors' is not a whole safetensors file"):
        dt.load_checkpoint(file)


def test_every_truncation_is_refused(file: Path) -> None:
    dt.save_checkpoint({"x": Tensor([1.0, 2.0])}, file, metadata={"a": 1})
    whole = file.read_bytes()
    for size in range(0, len(whole), 7):
        file.write_bytes(whole[:size])
        with pytest.raises(OSError, match="not a whole"):
            dt.load_checkpoint(file)


def test_element_types_that_no_tensor_has_are_refused(file: Path) -> None:
    save_file({"z": np.ones(1, np.complex64)}, file)
    with pytest.raises((TypeError, OSError), match=r"net\.safetensors"):
        dt.load_checkpoint(file)


class Twins(nn.Cell):
    def __init__(self) -> None:
        super().__init__(auto_prefix=False)
        self.a, self.b = nn.Dense(1, 1), nn.Dense(1, 1)


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda path: dt.load_checkpoint(path / "absent"), OSError, "there is no checkpoint file"),
        (lambda path: dt.load_checkpoint(path), OSError, "there is no checkpoint file"),
        (lambda path: dt.save_checkpoint({}, path / "absent" / "x"), OSError, "there is no directory"),
        (lambda path: dt.save_checkpoint(1, path / "x"), TypeError, "`save_obj`.*got int"),
        (lambda path: dt.save_checkpoint({"a": 1.0}, path / "x"), TypeError, "got float under 'a'"),
        (lambda path: dt.save_checkpoint({1: Tensor(1.0)}, path / "x"), TypeError, "str names.*under 1"),
        (lambda path: dt.save_checkpoint(Twins(), path / "x"), ValueError, "two parameters are named 'weight'"),
        (lambda path: dt.save_checkpoint({}, path / "x", metadata={"a": {1}}), TypeError, "JSON"),
        (lambda path: dt.save_checkpoint({}, path / "x", metadata={"a": float("nan")}), TypeError, "JSON"),
        (lambda path: dt.load_param_into_net({}, {}), TypeError, "`net`.*must be a Cell"),
        (lambda path: dt.load_param_into_net(nn.Dense(1, 1), []), TypeError, "`parameter_dict`.*got list"),
        (lambda path: dt.load_param_into_net(nn.Dense(1, 1), {"bias": 1.0}), TypeError, "the value of 'bias'"),
    ],
)
def test_misuse_is_named(use: Callable[[Path], object], error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        use(tmp_path)
    assert not list(tmp_path.iterdir())


def test_parameters_by_themselves_are_saved(file: Path) -> None:
    w = Parameter(Tensor([1.0]), name="w")
    dt.save_checkpoint({"w": w}, file)
    assert dt.load_checkpoint(file)["w"].tolist() == [1.0]


def test_file_without_any_of_the_networks_names_was_loaded_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    dt.save_checkpoint({"a": dt.Tensor([1.0]), "b": dt.Tensor([2.0])}, path)
    net = dt.nn.Dense(2, 1)
    with pytest.raises(dt.errors.CheckpointError, match=r"no parameter .* 'weight', 'bias', the file 'a', 'b'"):
        dt.load_checkpoint(path, net)


def test_tensors_that_names_does_not_list_were_dropped(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "more.safetensors"
    arrays = {name: np.zeros(1, np.float32) for name in ("c", "a", "b")}
    save_file(arrays, path, {"format": "dualtape", "version": "1", "names": '["b"]', "metadata": "{}"})
    assert list(dt.load_checkpoint(path)) == ["b", "a", "c"]
