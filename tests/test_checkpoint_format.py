"""Checkpoints as files: those of other programs are read, and every damaged one is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import dualtape as dt
from dualtape import Tensor, nn


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "net.safetensors"


def test_files_of_other_programs_are_read(file: Path) -> None:
    save_file({"b": np.ones(2, np.float32), "a": np.zeros(1)}, file, {"format": "pt"})
    checkpoint = dt.load_checkpoint(file)
    assert list(checkpoint) == ["a", "b"]
    assert checkpoint.metadata == {"format": "pt"}


def test_complex_numbers_are_what_other_programs_take_them_for(file: Path) -> None:
    """C64 holds the two parts of each number one after the other."""
    z = np.array([1 + 2j, -0.5j], np.complex64)
    file.write_bytes(raw({"z": tensor("C64", (2,), 0, 16)}, z.view(np.float32).tobytes()))
    assert dt.load_checkpoint(file)["z"].asnumpy().tolist() == z.tolist()
    dt.save_checkpoint({"z": Tensor(z)}, file)
    assert load_file(file)["z"].tolist() == z.tolist()


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


def raw(header: Any, elements: bytes = b"") -> bytes:
    """A file with this header, whatever it is."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + elements


def tensor(dtype: str = "F32", shape: Any = (1,), begin: Any = 0, end: Any = 4) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def ours(**texts: str) -> dict[str, Any]:
    return {"__metadata__": {"format": "dualtape", "version": "1", "names": "[]", "metadata": "{}"} | texts}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (raw({"x": tensor("F8_E4M3", (4,))}, bytes(4)), "'x' is of type F8_E4M3, which no Tensor can hold"),
        (raw({"x": tensor("BF16", (2,))}, bytes(4)), "'x' is of type BF16"),
        (raw({"x": tensor("C128", (1,), 0, 16)}, bytes(16)), "'x' is of type C128"),
        (raw({"x": tensor("C64", (1,))}, bytes(4)), "'x' of shape .* needs 8 bytes, not 4"),
        (raw({"x": tensor("BOOL", (4,))}, b"\0\1\2\0"), "'x' holds bytes that are neither true nor false"),
        (raw({"x": tensor(shape=(2,))}, bytes(4)), "'x' of shape .* needs 8 bytes, not 4"),
        (raw({"x": tensor(shape=(-1,), end=-4)}, bytes(4)), "type, shape and place of 'x'"),
        (raw({"x": tensor(shape=(True,))}, bytes(4)), "type, shape and place of 'x'"),
        (raw({"x": tensor(shape=(1.0,))}, bytes(4)), "type, shape and place of 'x'"),
        (raw({"x": tensor(shape=3)}, bytes(4)), "type, shape and place of 'x'"),
        (raw({"x": tensor(shape=(1,) * 1000)}, bytes(4)), "no array has the shape of 'x'"),
        (raw({"x": tensor(shape=(0, 1 << 70), end=0)}), "no array has the shape of 'x'"),
        (raw({"x": {"dtype": "F32", "shape": [1]}}, bytes(4)), "type, shape and place of 'x'"),
        (raw({"x": None}), "type, shape and place of 'x'"),
        (raw({"x": tensor(begin=4, end=8)}, bytes(8)), "without gap and overlap"),
        (raw({"x": tensor(), "y": tensor()}, bytes(4)), "without gap and overlap"),
        (raw({"x": tensor()}, bytes(5)), "without gap and overlap"),
        (raw({"x": tensor(begin=1 << 80, end=(1 << 80) + 4)}, bytes(4)), "without gap and overlap"),
        (raw(b'{"x":' * 100_000), "its header cannot be read"),
        (raw(b"[" * 100_000 + b"]" * 100_000), "its header cannot be read"),
        (raw(b'{"x": NaN}'), "NaN is no JSON"),
        (raw(b'{"x": 1' + b"0" * 10_000 + b"}"), "its header cannot be read"),
        (raw(b'{"a": {}, "a": {}}'), "a name stands twice"),
        (raw(b"\xff\xfe"), "its header cannot be read"),
        (raw([]), "not a table but list"),
        (raw({"__metadata__": {"a": 1}}), "no texts"),
        (raw({"__metadata__": []}), "no texts"),
        ((1 << 63).to_bytes(8, "little") + b"{}", "the header would take 9223372036854775808"),
        (raw(ours(names='["x"]')), "it lacks the tensors 'x'"),
        (raw(ours(names="[1, [2]]")), "it lacks the tensors 1"),
        (raw(ours(names='{"x": 1}')), "no list of different names"),
        (raw(ours(names='["x", "x"]')), "no list of different names"),
        (raw(ours(names="[" * 100_000)), "cannot be read"),
        (raw(ours(metadata="[" * 100_000)), "cannot be read"),
        (raw(ours(metadata="1")), "its metadata are not a dict but int"),
        (raw(ours(version="two")), "cannot be read"),
        (raw(ours(version="2")), "its checksums are missing"),
        (raw({"__metadata__": {"format": "dualtape"}}), "cannot be read"),
        (raw(ours(checksum="00000000", checksums="{}")), "its header is not what was written"),
    ],
)
def test_what_the_format_or_a_tensor_cannot_hold_is_refused(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    net = nn.Dense(2, 1)
    before = [p.asnumpy().tobytes() for p in net.get_parameters()]
    with pytest.raises(dt.errors.CheckpointError, match=rf"net\.safetensors' is not a whole .*{message}"):
        dt.load_checkpoint(file, net)
    assert [p.asnumpy().tobytes() for p in net.get_parameters()] == before


def test_every_bit_that_flips_is_found(file: Path) -> None:
    """In the elements, in a name, a shape, the metadata, the checksums themselves."""
    dt.save_checkpoint({"x": Tensor([[1.0, 2.0]]), "n": Tensor(3)}, file, metadata={"step": 7})
    whole = file.read_bytes()
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        file.write_bytes(changed)
        with pytest.raises(dt.errors.CheckpointError, match="not a whole"):
            dt.load_checkpoint(file)


def test_other_readers_of_the_format_read_ours(file: Path) -> None:
    tensors = {
        "half": Tensor(np.float16([1.0])),
        "flag": Tensor(np.array([True, False, True])),
        "é \n": Tensor(np.float64(0.1)),
        "none": Tensor(np.zeros((0, 2))),
    }
    dt.save_checkpoint(tensors, file, metadata={"a": [1]})
    found = load_file(file)
    assert found.keys() == tensors.keys()
    for name, array in found.items():
        assert (array.dtype, array.shape) == (tensors[name].dtype.numpy, tensors[name].shape)
        assert array.tobytes() == tensors[name].asnumpy().tobytes()
    with safe_open(file, "numpy") as opened:
        texts = opened.metadata()
    # And what another program makes of them, with our texts, is read here.
    save_file(found, file, texts)
    assert list(dt.load_checkpoint(file)) == list(tensors)
    save_file(found | {"half": np.float16([2.0])}, file, texts)
    with pytest.raises(OSError, match="'half' is not what was written: its checksum differs"):
        dt.load_checkpoint(file)


def test_files_without_checksums_are_read(file: Path) -> None:
    """Those that were written before there were checksums."""
    texts = {"format": "dualtape", "version": "1", "names": '["b", "a"]', "metadata": '{"step": 1}'}
    save_file({"a": np.float32([1.0]), "b": np.float32([2.0])}, file, texts)
    checkpoint = dt.load_checkpoint(file)
    assert (list(checkpoint), checkpoint.metadata) == (["b", "a"], {"step": 1})
