"""Record what MindSpore makes of the expressions, programs and trainings beside: fills the files anew.

Run it in a virtual environment of its own, made with ``pip install 'numpy<2' mindspore==2.10.0``::

    PYTHONPATH=tests python tests/mindspore/record.py

An expression for which MindSpore has no kernel on a CPU goes to `left_out.json`, with what it says.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

import expressions
import numpy as np
import optimizer_runs
import trainings

import mindspore
from recorded_programs import rewrite_outputs

HERE = Path(__file__).resolve().parent


def record_checkpoints() -> None:
    """Write `files/network.ckpt` and `files/types.ckpt`, which `test_checkpoints.py` describes."""
    nn, tensor = mindspore.nn, mindspore.Tensor
    net = nn.SequentialCell(nn.Dense(2, 2), nn.Dense(2, 1))
    for i, parameter in enumerate(net.trainable_params()):
        parameter.set_data(tensor((np.arange(parameter.size).reshape(parameter.shape) + i).astype(np.float32)))
    extras = {"epoch": 3, "rate": 0.5, "done": True, "name": "abc"}
    values = {"half": np.array([1, 2], np.float16), "whole": np.array(7, np.int32), "flag": np.array([True, False])}
    for path, saved, beside in (
        (HERE / "files" / "network.ckpt", net, extras),
        (HERE / "files" / "types.ckpt", [{"name": name, "data": tensor(x)} for name, x in values.items()], None),
    ):
        path.unlink(missing_ok=True)
        mindspore.save_checkpoint(saved, str(path), append_dict=beside)
        path.chmod(0o644)  # MindSpore lets only the owner read


def main() -> None:
    """Write `values.json`, `left_out.json`, `optimizer_runs.json`, `losses.json`, and what the programs print."""
    mindspore.runtime.launch_blocking()
    record_checkpoints()
    values: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        for expression in (one for area in expressions.areas().values() for one in area):
            try:
                values[expression] = expressions.evaluate(expression, "mindspore")
            except Exception as error:  # whatever it raises, there is no value to compare with
                left_out[expression] = reason(error)
        for page in sorted((HERE / "programs").glob("*.md")):
            rewrite_outputs(page, library="mindspore")
            mindspore.set_context(mode=mindspore.PYNATIVE_MODE)
        losses = {name: train(mindspore) for name, train in trainings.TRAININGS.items()}
    write(HERE / "values.json", values)
    write(HERE / "left_out.json", left_out)
    write(HERE / "optimizer_runs.json", {name: go() for name, go in optimizer_runs.everything(mindspore).items()})
    for name in trainings.OPTIMIZERS:
        losses[f"Tanh: {name}"] = trainings.with_tanh(mindspore, name, mindspore.nn.Tanh())
        losses[f"Tanh, nudged: {name}"] = trainings.with_tanh(mindspore, name, mindspore.nn.Tanh(), nudged=True)
    write(HERE / "losses.json", losses)


def reason(error: Exception) -> str:
    """The kind of an error, and the first line of it that says something."""
    lines = [line.strip("- ") for line in str(error).splitlines()]
    return f"{type(error).__name__}: {next(filter(None, lines), '')}"


def write(file: Path, found: dict[str, Any]) -> None:
    """One name a line."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items())
    file.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
