"""MindSpore's `.ckpt` files: messages of protobuf, read and written by a schema of our own.

A file is a `Checkpoint`: values with a tag (the name) and a tensor of dims, the name of its element type and its bytes
in the machine's order. A tensor of more than 512 MB stands in several values of one tag, in order. A text is a tensor
of type "str" whose bytes are UTF-32.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import CheckpointError, MissingExtraError

_MOST_BYTES = 2**31 - 1
_TYPES = {
    str(dtype): dtype
    for dtype in (dt.bool_, dt.int8, dt.int16, dt.int32, dt.int64, dt.uint8, dt.uint16, dt.uint32, dt.uint64,
                  dt.float16, dt.float32, dt.float64)
}  # fmt: skip


@cache
def _checkpoint_class() -> Any:
    """The class of messages, made from the schema."""
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError as failure:
        raise MissingExtraError(
            "MindSpore's .ckpt files need protobuf: pip install 'dualtape[mindspore]'; or say format='safetensors'"
        ) from failure
    file = descriptor_pb2.FileDescriptorProto(name="dualtape_ckpt.proto", package="dualtape.ckpt", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto

    def add(message: str, *fields: tuple[str, int, int, str | None]) -> None:
        described = file.message_type.add(name=message)
        for number, (name, kind, label, of_type) in enumerate(fields, 1):
            described.field.add(name=name, number=number, type=kind, label=label, type_name=of_type)

    many, one = kinds.LABEL_REPEATED, kinds.LABEL_OPTIONAL
    add("Checkpoint", ("value", kinds.TYPE_MESSAGE, many, ".dualtape.ckpt.Value"))
    add(
        "Value",
        ("tag", kinds.TYPE_STRING, one, None),
        ("tensor", kinds.TYPE_MESSAGE, one, ".dualtape.ckpt.TensorProto"),
    )
    add(
        "TensorProto",
        ("dims", kinds.TYPE_INT64, many, None),
        ("tensor_type", kinds.TYPE_STRING, one, None),
        ("tensor_content", kinds.TYPE_BYTES, one, None),
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("dualtape.ckpt.Checkpoint"))


def write_ckpt(path: str, values: Mapping[str, Any]) -> None:
    """Write tensors, and texts, by their names; the file holds all of them afterwards, or is what it was before."""
    message = _checkpoint_class()()
    for name, value in values.items():
        entry = message.value.add(tag=name)
        if isinstance(value, str):
            entry.tensor.dims.append(0)
            entry.tensor.tensor_type, entry.tensor.tensor_content = "str", value.encode("utf-32-le")
            continue
        array = np.ascontiguousarray(value.asnumpy())
        entry.tensor.dims.extend(value.shape)
        entry.tensor.tensor_type, entry.tensor.tensor_content = str(value.dtype), array.tobytes()
    if message.ByteSize() > _MOST_BYTES:
        raise CheckpointError(f"{path} would have more than 2 GB, which protobuf cannot hold; say format='safetensors'")
    target = Path(path)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(message.SerializeToString())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def is_ckpt(path: str) -> bool:
    """Whether a file begins as a `.ckpt` does, and not as a file of safetensors, whose ninth byte opens JSON."""
    with open(path, "rb") as file:
        head = file.read(9)
    return head[:1] == b"\x0a" and head[8:9] != b"{"


def read_ckpt(path: str) -> dict[str, Any]:
    """The tensors, and texts, of a file by their names."""
    message = _checkpoint_class()()
    try:
        message.ParseFromString(Path(path).read_bytes())
    except Exception as failure:  # protobuf's DecodeError, which is no name before it is imported
        raise CheckpointError(f"{path} is no .ckpt file of MindSpore's, or is damaged: {failure}") from failure
    contents: dict[str, list[Any]] = {}
    for entry in message.value:
        contents.setdefault(entry.tag, []).append(entry.tensor)
    return {name: _value(path, name, parts) for name, parts in contents.items()}


def _value(path: str, name: str, parts: list[Any]) -> Any:
    first = parts[0]
    content = b"".join(part.tensor_content for part in parts)
    if first.tensor_type == "str":
        return content.decode("utf-32-le").rstrip("\0")
    if first.tensor_type not in _TYPES:
        raise CheckpointError(f"{path} holds {name!r} of type {first.tensor_type!r}, which dualtape has not")
    dtype = _TYPES[first.tensor_type]
    dims = tuple(first.dims) if len(parts) == 1 else (sum(part.dims[0] for part in parts), *first.dims[1:])
    array = np.frombuffer(content, dtype.numpy)
    shape = () if dims == (0,) and array.size == 1 else dims
    if array.size != np.prod(shape, dtype=np.int64):
        raise CheckpointError(f"{path} is damaged: {name!r} of shape {shape} has {array.size} elements")
    return dt.Tensor(array.reshape(shape))
