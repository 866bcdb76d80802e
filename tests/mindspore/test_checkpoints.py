"""`.ckpt` files: those that MindSpore wrote (``files/``, by `record.py`) are read, and written byte for byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dualtape.mindspore as ms
from dualtape.errors import CheckpointError
from dualtape.mindspore import Tensor, nn

FILES = Path(__file__).parent / "files"
EXTRAS = {"epoch": 3, "rate": 0.5, "done": True, "name": "abc"}


def network() -> nn.SequentialCell:
    net = nn.SequentialCell(nn.Dense(2, 2), nn.Dense(2, 1))
    for i, parameter in enumerate(net.trainable_params()):
        parameter.set_data(Tensor((np.arange(parameter.size).reshape(parameter.shape) + i).astype(np.float32)))
    return net


def test_a_file_of_mindspores_is_read() -> None:
    found = ms.load_checkpoint(str(FILES / "network.ckpt"))
    assert [*found] == ["0.weight", "0.bias", "1.weight", "1.bias", "epoch", "rate", "done", "name"]
    for parameter in network().trainable_params():
        assert found[parameter.name].tolist() == parameter.tolist()
        assert found[parameter.name].name == parameter.name
    extras = [found["epoch"].item(), found["rate"].item(), found["done"].item(), found["name"]]
    assert extras == [*EXTRAS.values()]
    types = ms.load_checkpoint(str(FILES / "types.ckpt"))
    assert {name: (str(x.dtype), x.tolist()) for name, x in types.items()} == {
        "half": ("Float16", [1.0, 2.0]), "whole": ("Int32", 7), "flag": ("Bool", [True, False]),
    }  # fmt: skip


def test_a_file_is_written_as_mindspore_writes_it(tmp_path: Path) -> None:
    ms.save_checkpoint(network(), str(tmp_path / "network.ckpt"), append_dict=EXTRAS)
    assert (tmp_path / "network.ckpt").read_bytes() == (FILES / "network.ckpt").read_bytes()
    values = [
        ("half", np.array([1, 2], np.float16)),
        ("whole", np.array(7, np.int32)),
        ("flag", np.array([True, False])),
    ]
    ms.save_checkpoint([{"name": name, "data": Tensor(x)} for name, x in values], str(tmp_path / "types"))
    assert (tmp_path / "types.ckpt").read_bytes() == (FILES / "types.ckpt").read_bytes()


@pytest.mark.parametrize("format", ["ckpt", "safetensors"])
def test_a_network_goes_through_a_file(format: str, tmp_path: Path) -> None:
    path = str(tmp_path / f"net.{format}")
    ms.save_checkpoint(network(), path, append_dict={"name": "abc"}, format=format)
    fresh = nn.SequentialCell(nn.Dense(2, 2), nn.Dense(2, 1))
    found = ms.load_checkpoint(path, fresh)
    assert found["name"] == "abc"
    for one, other in zip(fresh.trainable_params(), network().trainable_params(), strict=True):
        assert one.tolist() == other.tolist()
    only = ms.load_checkpoint(path, specify_prefix="0.")
    assert {name for name in only if name != "name"} == {"0.weight", "0.bias"}
    assert "1.bias" not in ms.load_checkpoint(path, filter_prefix="1.")


def test_model_checkpoint_keeps_the_last_files(tmp_path: Path) -> None:
    data = ms.dataset.NumpySlicesDataset({"x": np.ones((6, 2), np.float32), "y": np.ones((6, 1), np.float32)}).batch(2)
    net = nn.Dense(2, 1)
    keeper = ms.ModelCheckpoint(
        "burgers", str(tmp_path), ms.CheckpointConfig(save_checkpoint_steps=1, keep_checkpoint_max=2)
    )
    model = ms.Model(net, nn.MSELoss(), nn.SGD(net.trainable_params(), 0.1))
    model.train(2, data, callbacks=[keeper], dataset_sink_mode=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["burgers-2_2.ckpt", "burgers-2_3.ckpt"]
    assert ms.load_checkpoint(keeper.latest_ckpt_file_name)["weight"].tolist() == net.weight.tolist()


def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    whole = (FILES / "network.ckpt").read_bytes()
    for i, content in enumerate((whole[:100], whole[:20] + b"\xff" * 30 + whole[50:])):
        path = tmp_path / f"{i}.ckpt"
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=rf"{i}\.ckpt"):
            ms.load_checkpoint(str(path))
    with pytest.raises(OSError, match=r"missing\.ckpt"):
        ms.load_checkpoint(str(tmp_path / "missing.ckpt"))


def test_without_protobuf_the_error_says_what_to_install() -> None:
    program = """
import sys
sys.modules["google.protobuf"] = None
import dualtape.mindspore as ms
try:
    ms.save_checkpoint(ms.nn.Dense(1, 1), "x.ckpt")
except ImportError as error:
    print(type(error).__name__, error)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.startswith("MissingExtraError")
    assert "pip install 'dualtape[mindspore]'" in said
