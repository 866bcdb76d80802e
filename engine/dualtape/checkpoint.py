"""Saving and loading parameters, in the safetensors format: numbers and names, never code."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dualtape.cell import Cell
from dualtape.core.interpreter import Value
from dualtape.dtypes import OF_NUMPY
from dualtape.errors import ArgumentError, ArgumentTypeError, CheckpointError, DTypeError, ShapeError
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

_FORMAT = "dualtape"
_VERSION = 1


class Checkpoint(dict[str, Parameter]):
    """What :func:`load_checkpoint` gives: parameters by name, and the ``metadata`` that was saved with them."""

    def __init__(self, parameters: Mapping[str, Parameter], metadata: dict[str, Any]) -> None:
        super().__init__(parameters)
        self.metadata = metadata


def save_checkpoint(
    save_obj: Any, ckpt_file_name: str | os.PathLike[str], *, metadata: Mapping[str, Any] | None = None
) -> None:
    """Write parameters to a file, which either holds all of them afterwards or is what it was before.

    Parameters
    ----------
    save_obj
        A Cell (an optimizer is one: its parameters, state and step count are saved), a dict of Tensors,
        or a list of dicts with ``"name"`` and ``"data"``.
    ckpt_file_name
        The file; its directory must exist.
    metadata
        Whatever JSON can hold, to find again as ``load_checkpoint(...).metadata``.

    Examples
    --------
    >>> import dualtape as dt, tempfile, os
    >>> net = dt.nn.Dense(2, 1, weight_init="ones")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "net.safetensors")
    ...     dt.save_checkpoint(net, path, metadata={"step": 10})
    ...     checkpoint = dt.load_checkpoint(path)
    >>> checkpoint.metadata, list(checkpoint)
    ({'step': 10}, ['weight', 'bias'])
    """
    from safetensors.numpy import save

    path = _read_path("save_checkpoint", ckpt_file_name)
    tensors = {name: tensor.asnumpy() for name, tensor in _named_tensors(save_obj).items()}
    try:
        extra = json.dumps(dict(metadata or {}), allow_nan=False)
    except (TypeError, ValueError) as failure:
        raise ArgumentTypeError(
            f"`metadata` of `save_checkpoint` must be a dict of JSON values: {failure}"
        ) from failure
    header = {"format": _FORMAT, "version": str(_VERSION), "names": json.dumps(list(tensors)), "metadata": extra}
    _write_atomically(path, save({name: array.copy() for name, array in tensors.items()}, header))


def load_checkpoint(
    ckpt_file_name: str | os.PathLike[str], net: Cell | None = None, strict_load: bool = False
) -> Checkpoint:
    """Read the parameters of a file.

    Parameters
    ----------
    ckpt_file_name
        A file written by :func:`save_checkpoint`, or any other safetensors file.
    net
        Also put the values into this Cell.
    strict_load
        See :func:`load_param_into_net`.

    Returns
    -------
    Checkpoint
        A dict of Parameters by name, with the ``metadata``.
    """
    from safetensors import SafetensorError, safe_open

    path = _read_path("load_checkpoint", ckpt_file_name)
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint file {str(path)!r}")
    arrays = {}
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            # The order in which they were saved; whatever else the file holds comes behind.
            names = json.loads(header.get("names", "[]"))
            for name in [*names, *sorted(set(file.keys()).difference(names))]:
                arrays[name] = file.get_tensor(name)
            metadata = json.loads(header.get("metadata", "{}")) if header.get("format") == _FORMAT else dict(header)
    except (SafetensorError, TypeError, ValueError, OSError) as failure:
        raise CheckpointError(f"{str(path)!r} is not a whole safetensors file with known types: {failure}") from failure
    for name, array in arrays.items():
        if array.dtype not in OF_NUMPY:
            raise DTypeError(f"parameter {name!r} in {str(path)!r} is of {array.dtype}, which no Tensor can hold")
    found = Checkpoint({name: Parameter(Tensor(array), name=name) for name, array in arrays.items()}, metadata)
    if net is not None:
        missing, unused = load_param_into_net(net, found, strict_load)
        if unused and len(unused) == len(found):
            raise CheckpointError(
                f"no parameter of the network has a name that is in {str(path)!r}: it has {_some(missing)}, the file "
                f"{_some(unused)}"
            )
    return found


def _some(names: list[str]) -> str:
    """The first few of them."""
    return ", ".join(map(repr, names[:4])) + (", ..." if len(names) > 4 else "") if names else "none"


def load_param_into_net(
    net: Cell, parameter_dict: Mapping[str, Tensor], strict_load: bool = False
) -> tuple[list[str], list[str]]:
    """Give a Cell's parameters the values that have their names.

    Parameters
    ----------
    net
        A Cell; its parameters keep their devices.
    parameter_dict
        Values by parameter name.
    strict_load
        Refuse values of another element type, instead of converting them.

    Returns
    -------
    tuple of two lists
        Names of parameters that got no value, and names of values that no parameter has.
    """
    if not isinstance(net, Cell):
        raise ArgumentTypeError(f"`net` of `load_param_into_net` must be a Cell, got {type(net).__name__}")
    if not isinstance(parameter_dict, Mapping):
        raise ArgumentTypeError(
            f"`parameter_dict` of `load_param_into_net` must be a dict, got {type(parameter_dict).__name__}"
        )
    parameters = net.parameters_dict()
    matched = [(parameter, parameter_dict[name]) for name, parameter in parameters.items() if name in parameter_dict]
    # All are checked before the first one changes.
    for parameter, value in matched:
        if not isinstance(value, Value):
            raise ArgumentTypeError(f"the value of {parameter.name!r} must be a Tensor, got {type(value).__name__}")
        if value.shape != parameter.shape:
            raise ShapeError(
                f"parameter {parameter.name!r} has shape {parameter.shape}, the value to load {value.shape}"
            )
        if value.dtype is not parameter.dtype and (
            strict_load or not (value.dtype.is_float and parameter.dtype.is_float)
        ):
            raise DTypeError(
                f"parameter {parameter.name!r} is of {parameter.dtype}, the value to load of {value.dtype}"
            )
    for parameter, value in matched:
        parameter.set_data(value)
    missing = [name for name in parameters if name not in parameter_dict]
    return missing, [name for name in parameter_dict if name not in parameters]


def _read_path(function: str, name: Any) -> Path:
    if not isinstance(name, (str, os.PathLike)):
        raise ArgumentTypeError(f"`ckpt_file_name` of `{function}` must be a str or a path, got {type(name).__name__}")
    if "\0" in str(name):
        raise ArgumentError(f"`ckpt_file_name` of `{function}` holds a NUL, which no file name can: {name!r}")
    return Path(name)


def _named_tensors(save_obj: Any) -> dict[str, Tensor]:
    if isinstance(save_obj, Cell):
        pairs: Iterable[tuple[Any, Any]] = [(p.name, p.value()) for p in save_obj.get_parameters()]
    elif isinstance(save_obj, Mapping):
        pairs = save_obj.items()
    elif isinstance(save_obj, list) and all(
        isinstance(item, dict) and {"name", "data"} <= set(item) for item in save_obj
    ):
        pairs = [(item["name"], item["data"]) for item in save_obj]
    else:
        raise ArgumentTypeError(
            "`save_obj` of `save_checkpoint` must be a Cell, a dict of Tensors or a list of {'name', 'data'} dicts; "
            f"got {type(save_obj).__name__}"
        )
    found: dict[str, Tensor] = {}
    for name, value in pairs:
        if not isinstance(name, str) or not isinstance(value, Value):
            raise ArgumentTypeError(
                f"`save_checkpoint` saves Tensors by str names, got {type(value).__name__} under {name!r}"
            )
        if name in found:
            raise ArgumentError(f"two parameters are named {name!r}; make both networks attributes of one Cell")
        found[name] = value  # type: ignore[assignment]
    return found


def _write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside the target, then rename it, so that no half-written checkpoint can be found."""
    if not path.parent.is_dir():
        raise CheckpointError(f"cannot write {str(path)!r}: there is no directory {str(path.parent)!r}")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as failure:
        raise CheckpointError(f"cannot write {str(path)!r}: {failure}") from failure
    finally:
        temporary.unlink(missing_ok=True)
