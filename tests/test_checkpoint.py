"""Checkpoints: what is written is read back exactly, and what cannot be is refused before anything changes."""

from __future__ import annotations

import os
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import dualtape as dt
from dualtape import Parameter, Tensor, nn, ops, optim
from dualtape.devices.device import Device
from dualtape.errors import DTypeError


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


@pytest.mark.parametrize("dtype", [x for x in dt.dtype.ALL if x is not dt.complex128], ids=str)
def test_every_element_type_and_special_number_comes_back(file: Path, dtype: dt.dtype.DType) -> None:
    numbers = [0.0, -0.0, np.inf, -np.inf, np.nan, 1 / 3] if dtype.is_float else [0, 1, 100]
    tensors = {"x": Tensor(np.array(numbers), dtype), "empty": Tensor(np.zeros((2, 0)), dtype), "one": Tensor(1, dtype)}
    dt.save_checkpoint(tensors, file)
    for name, parameter in dt.load_checkpoint(file).items():
        assert parameter.name == name
        assert parameter.dtype is dtype
        assert parameter.shape == tensors[name].shape
        assert parameter.asnumpy().tobytes() == tensors[name].asnumpy().tobytes()


def test_wide_complex_numbers_have_no_type_in_files(file: Path) -> None:
    with pytest.raises(DTypeError, match="save its parts"):
        dt.save_checkpoint({"z": Tensor(np.array([1j]))}, file)
    assert not file.exists()


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


def test_a_file_that_fits_in_part_was_loaded_in_silence(file: Path) -> None:
    dt.save_checkpoint({"weight": ops.ones((1, 2)), "extra": ops.ones(1)}, file)
    net = nn.Dense(2, 1, weight_init=5.0)
    words = r"differ in names: not in the file, and so not loaded: 'bias'; not in the network: 'extra'"
    with pytest.raises(dt.errors.CheckpointError, match=words):
        dt.load_checkpoint(file, net, unmatched="error")
    assert net.weight.tolist() == [[5.0, 5.0]]
    with pytest.warns(UserWarning, match=words):
        dt.load_checkpoint(file, net)
    assert net.weight.tolist() == [[1.0, 1.0]]
    dt.load_checkpoint(file, net, unmatched="ignore")
    with pytest.raises(ValueError, match="`unmatched` of `load_checkpoint` must be 'warn', 'error' or 'ignore'"):
        dt.load_checkpoint(file, net, unmatched="silent")


def test_floats_are_converted_unless_strict(file: Path) -> None:
    dt.save_checkpoint({"weight": Tensor(np.full((1, 2), 0.5))}, file)
    net = nn.Dense(2, 1, has_bias=False)
    dt.load_checkpoint(file, net)
    assert net.weight.dtype is dt.float32
    with pytest.raises(TypeError, match="'weight' is of Float32, the value to load of Float64"):
        dt.load_checkpoint(file, net, strict_load=True)


def test_nothing_is_loaded_if_something_does_not_fit() -> None:
    net = nn.Dense(2, 1, weight_init="zeros")
    with pytest.raises(ValueError, match=r"'bias' has shape \(1,\), the value to load \(2,\)"):
        dt.load_param_into_net(net, {"weight": ops.ones((1, 2)), "bias": ops.ones(2)})
    assert net.weight.tolist() == [[0.0, 0.0]]


def test_a_failed_save_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dt.save_checkpoint({"x": Tensor(1.0)}, file)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match=r"cannot write.*disk full"):
        dt.save_checkpoint({"x": Tensor(2.0)}, file)
    assert dt.load_checkpoint(file)["x"].item() == 1.0
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_saving_and_loading_hold_one_tensor_at_a_time(file: Path) -> None:
    tensors = {f"x{i}": Tensor(np.zeros(1 << 18)) for i in range(16)}  # of 2 MiB each

    def peak_of(call: Callable[[], object]) -> int:
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak_of(lambda: dt.save_checkpoint(tensors, file)) < 5 << 20
    assert peak_of(lambda: dt.load_checkpoint(file)) < (32 << 20) + (7 << 20)


def test_a_load_that_fails_halfway_changes_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, other = nn.MLP(2, 1, width=3, depth=2, seed=0), nn.MLP(2, 1, width=3, depth=2, seed=1)
    dt.save_checkpoint(other, file)
    before = [p.asnumpy().tobytes() for p in net.get_parameters()]
    conversions = iter([None, None, MemoryError()])

    def cast(tensor: Tensor, dtype: object) -> Tensor:
        failure = next(conversions)
        if failure:
            raise failure
        return tensor

    monkeypatch.setattr(sys.modules["dualtape.parameter"], "cast_to", cast)
    with pytest.raises(MemoryError):
        dt.load_checkpoint(file, net)
    assert [p.asnumpy().tobytes() for p in net.get_parameters()] == before


def test_parameters_without_names_are_not_saved_by_their_number(file: Path) -> None:
    """Made in another order, they came back exchanged, without a word."""
    first, second = Parameter(Tensor([1.0])), Parameter(Tensor([2.0]))
    with pytest.raises(ValueError, match=r"of shape \(1,\) has no name by which another run would find it"):
        dt.save_checkpoint(optim.Adam([first, second]), file)
    dt.save_checkpoint({"first": first, "second": second}, file)
    assert dt.load_checkpoint(file)["second"].tolist() == [2.0]


@pytest.mark.parametrize("path", ["", Path("/no/such/folder/x"), "."])
def test_a_path_that_cannot_be_written_is_refused_in_time(path: str | Path) -> None:
    for use in (dt.check_checkpoint_path, lambda path: dt.save_checkpoint({}, path)):
        with pytest.raises(dt.errors.CheckpointError):
            use(path)


def test_a_path_that_can_be_written_is_left_alone(file: Path) -> None:
    dt.check_checkpoint_path(file)
    assert not list(file.parent.iterdir())
    file.write_bytes(b"x")
    dt.check_checkpoint_path(file)
    assert file.read_bytes() == b"x"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_pipe_is_no_checkpoint(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is a pipe, not a file"):
        dt.load_checkpoint(tmp_path / "pipe")
    with pytest.raises(OSError, match="is a folder, not a file"):
        dt.load_checkpoint(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows replaces no file that somebody reads")
def test_threads_that_save_one_file_leave_a_whole_one(file: Path) -> None:
    """They shared a temporary file: torn reads, and SIGBUS in the readers."""
    states = [{"x": Tensor(np.full(50_000, i))} for i in range(4)]
    dt.save_checkpoint(states[0], file)
    failures: list[object] = []

    def work(state: dict[str, Tensor]) -> None:
        for _ in range(10):
            try:
                dt.save_checkpoint(state, file)
                found = dt.load_checkpoint(file)["x"].asnumpy()
                assert (found == found[0]).all()
            except BaseException as failure:
                failures.append(failure)

    threads = [threading.Thread(target=work, args=[state]) for state in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def deep() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(100_000):
        found = {"a": found}
    return found


class Twins(nn.Cell):
    def __init__(self) -> None:
        super().__init__(auto_prefix=False)
        self.a, self.b = nn.Dense(1, 1), nn.Dense(1, 1)


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda path: dt.load_checkpoint(path / "absent"), OSError, "there is no checkpoint file"),
        (lambda path: dt.load_checkpoint(path), OSError, "is a folder, not a file"),
        (lambda path: dt.load_checkpoint(""), OSError, "is empty; expected the name of a file"),
        (lambda path: dt.load_checkpoint(1), TypeError, "must be a str or a path, got int"),
        (lambda path: dt.load_checkpoint("a\0b"), ValueError, "holds what no file name can"),
        (lambda path: dt.load_checkpoint("\ud800"), ValueError, "holds what no file name can"),
        (lambda path: dt.save_checkpoint({"__metadata__": Tensor(1.0)}, path / "x"), ValueError, "no such names"),
        (lambda path: dt.save_checkpoint({"\ud800": Tensor(1.0)}, path / "x"), ValueError, "no such names"),
        (lambda path: dt.save_checkpoint({}, path / "x", metadata=deep()), TypeError, "JSON"),
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
    path = tmp_path / "more.safetensors"
    arrays = {name: np.zeros(1, np.float32) for name in ("c", "a", "b")}
    save_file(arrays, path, {"format": "dualtape", "version": "1", "names": '["b"]', "metadata": "{}"})
    assert list(dt.load_checkpoint(path)) == ["b", "a", "c"]
