"""Saving and loading parameters, in the safetensors format: numbers and names, never code."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dualtape.cell import Cell
from dualtape.core.interpreter import Value, value_of
from dualtape.dtypes import complex128
from dualtape.errors import ArgumentError, ArgumentTypeError, CheckpointError, DTypeError, ShapeError
from dualtape.files import replacing, require_regular, require_writable
from dualtape.parameter import Parameter, set_all
from dualtape.tensor import Tensor
from dualtape.tensor_file import FormatError, Header, read_arrays, read_header, write_arrays

_FORMAT = "dualtape"
_VERSION = 2  # 1 had no checksums


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

    Raises
    ------
    CheckpointError
        The file cannot be written. :func:`check_checkpoint_path` tells that before the work is done.

    Notes
    -----
    The file holds a checksum for each tensor, which :func:`load_checkpoint` compares. Tensors are written one after
    the other, so memory holds no second copy of all. Several threads or processes may write one file: the last wins.

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
    path = _read_path("save_checkpoint", ckpt_file_name)
    tensors = _named_tensors(save_obj)
    try:
        extra = json.dumps(dict(metadata or {}), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as failure:
        raise ArgumentTypeError(
            f"`metadata` of `save_checkpoint` must be a dict of JSON values: {failure}"
        ) from failure
    for name, tensor in tensors.items():
        if tensor.dtype is complex128:
            raise DTypeError(
                f"{name!r} is of Complex128, for which files of safetensors have no type; save its parts, ops.real(x) "
                "and ops.imag(x), or convert it to Complex64"
            )
    specs = {name: (tensor.shape, tensor.dtype.numpy) for name, tensor in tensors.items()}
    texts = {"format": _FORMAT, "version": str(_VERSION), "names": json.dumps(list(tensors)), "metadata": extra}
    try:
        with replacing(path) as file:
            write_arrays(file, specs, lambda name: tensors[name].asnumpy(), texts)
    except OSError as failure:
        raise CheckpointError(f"cannot write {str(path)!r}: {failure}") from failure


def check_checkpoint_path(ckpt_file_name: str | os.PathLike[str]) -> None:
    """Raise the error now that :func:`save_checkpoint` would raise there after hours of training.

    Parameters
    ----------
    ckpt_file_name
        The file to be written later; nothing is written to it now.

    Raises
    ------
    CheckpointError
        There is no such directory, it or the file cannot be written to, or what is there is no file.

    Examples
    --------
    >>> import dualtape as dt, tempfile, os
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     dt.check_checkpoint_path(os.path.join(folder, "net.safetensors"))  # all is well
    """
    path = _read_path("check_checkpoint_path", ckpt_file_name)
    try:
        require_writable(path)
    except OSError as failure:
        raise CheckpointError(f"cannot write {str(path)!r}: {failure}") from failure


def load_checkpoint(
    ckpt_file_name: str | os.PathLike[str], net: Cell | None = None, strict_load: bool = False, *,
    unmatched: str = "warn",
) -> Checkpoint:  # fmt: skip
    """Read the parameters of a file.

    Parameters
    ----------
    ckpt_file_name
        A file written by :func:`save_checkpoint`, or any other safetensors file.
    net
        Also put the values into this Cell.
    strict_load
        See :func:`load_param_into_net`.
    unmatched
        What to do if ``net`` has names that are not in the file, or the file some that ``net`` does not have:
        ``"warn"``, raise an ``"error"`` before anything changes, or ``"ignore"`` it, as for a network out of a
        checkpoint that holds an optimizer as well. That no name fits is always an error.

    Returns
    -------
    Checkpoint
        A dict of Parameters by name, with the ``metadata``.

    Raises
    ------
    CheckpointError
        There is no such file, or it is damaged: not a number has changed in the network then.
    """
    if not isinstance(unmatched, str) or unmatched not in ("warn", "error", "ignore"):
        raise ArgumentError(f"`unmatched` of `load_checkpoint` must be 'warn', 'error' or 'ignore', got {unmatched!r}")
    path = _read_path("load_checkpoint", ckpt_file_name)
    found = _read(path)
    if net is not None:
        missing, unused = _unmatched("load_checkpoint", net, found)
        if unused and len(unused) == len(found):
            raise CheckpointError(
                f"no parameter of the network has a name that is in {str(path)!r}: it has {_some(missing)}, the file "
                f"{_some(unused)}"
            )
        message = (
            f"{str(path)!r} and the network differ in names: not in the file, and so not loaded: {_some(missing)}; "
            f"not in the network: {_some(unused)} (`unmatched` says what to do then)"
        )
        if unmatched == "error" and (missing or unused):
            raise CheckpointError(message)
        load_param_into_net(net, found, strict_load)
        if unmatched == "warn" and (missing or unused):
            warnings.warn(message, stacklevel=2)
    return found


def _unmatched(function: str, net: Any, values: Mapping[str, Tensor]) -> tuple[list[str], list[str]]:
    """Names of parameters for which there is no value, and names of values that no parameter has."""
    if not isinstance(net, Cell):
        raise ArgumentTypeError(f"`net` of `{function}` must be a Cell, got {type(net).__name__}")
    parameters = net.parameters_dict()
    return [name for name in parameters if name not in values], [name for name in values if name not in parameters]


def _read(path: Path) -> Checkpoint:
    try:
        require_regular(path, path.stat())
        with open(path, "rb") as file:
            header = read_header(file)
            names, metadata = _read_texts(header)
            arrays = read_arrays(file, header, names)
            return Checkpoint({name: Parameter(Tensor(array), name=name) for name, array in arrays}, metadata)
    except FileNotFoundError as failure:
        raise CheckpointError(f"there is no checkpoint file {str(path)!r}") from failure
    except FormatError as failure:
        raise CheckpointError(f"{str(path)!r} is not a whole safetensors file with known types: {failure}") from failure
    except OSError as failure:
        raise CheckpointError(f"cannot read {str(path)!r}: {failure}") from failure


def _read_texts(header: Header) -> tuple[list[str], dict[str, Any]]:
    """The names in the order in which they were saved, behind them whatever else the file holds, and the metadata."""
    texts = header.texts
    if texts.get("format") != _FORMAT:
        return sorted(header.entries), dict(texts)
    try:
        names, metadata, version = json.loads(texts["names"]), json.loads(texts["metadata"]), int(texts["version"])
    except (KeyError, ValueError, RecursionError) as failure:
        raise FormatError(f"its names, metadata and version cannot be read: {failure!r}") from failure
    if not isinstance(metadata, dict):
        raise FormatError(f"its metadata are not a dict but {type(metadata).__name__}")
    if not isinstance(names, list) or len({*map(repr, names)}) < len(names):
        raise FormatError("its list of names is no list of different names")
    absent = [name for name in names if name not in header.entries] if all(isinstance(x, str) for x in names) else names
    if absent:
        raise FormatError(f"it lacks the tensors {_some(absent)}")
    if version > 1 and "checksum" not in texts:
        raise FormatError("its checksums are missing")
    return [*names, *sorted(header.entries.keys() - {*names})], metadata


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
    if not isinstance(parameter_dict, Mapping):
        raise ArgumentTypeError(
            f"`parameter_dict` of `load_param_into_net` must be a dict, got {type(parameter_dict).__name__}"
        )
    missing, unused = _unmatched("load_param_into_net", net, parameter_dict)
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
    set_all([parameter for parameter, _ in matched], [value for _, value in matched])
    return missing, unused


def _read_path(function: str, name: Any) -> Path:
    if not isinstance(name, (str, os.PathLike)):
        raise ArgumentTypeError(f"`ckpt_file_name` of `{function}` must be a str or a path, got {type(name).__name__}")
    text = os.fspath(name)
    if not isinstance(text, str):
        raise ArgumentTypeError(f"`ckpt_file_name` of `{function}` must be a str or a path of str, got bytes")
    if "\0" in text or not _is_encodable(text, sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()):
        raise ArgumentError(f"`ckpt_file_name` of `{function}` holds what no file name can: {name!r}")
    if not text:
        raise CheckpointError(f"`ckpt_file_name` of `{function}` is empty; expected the name of a file")
    return Path(text)


def _is_encodable(text: str, encoding: str = "utf-8", errors: str = "strict") -> bool:
    try:
        text.encode(encoding, errors)
    except UnicodeEncodeError:
        return False
    return True


def _named_tensors(save_obj: Any) -> dict[str, Tensor]:
    if isinstance(save_obj, Cell):
        pairs: Iterable[tuple[Any, Any]] = [(_own_name(p), value_of(p)) for p in save_obj.get_parameters()]
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
        if name == "__metadata__" or not _is_encodable(name):
            raise ArgumentError(f"no tensor can be saved under the name {name!r}: the file format has no such names")
        if name in found:
            raise ArgumentError(f"two parameters are named {name!r}; make both networks attributes of one Cell")
        found[name] = value_of(value)
    return found


def _own_name(parameter: Parameter) -> str:
    """Its name, if it was given one: the numbers of the others tell in which order they were made, and may change."""
    if parameter.has_default_name:
        raise ArgumentError(
            f"a parameter of shape {parameter.shape} has no name by which another run would find it again; "
            "make it as in Parameter(..., name='speed'), or an attribute of a Cell"
        )
    return parameter.name
