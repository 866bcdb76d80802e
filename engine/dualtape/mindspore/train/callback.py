"""Callbacks of `Model`: what is done at the beginning and the end of training, epochs and steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError


class RunContext:
    """What callbacks are given: the state of the run, and the request to stop."""

    def __init__(self, original_args: Any) -> None:
        self._original_args = original_args
        self._stop = False

    def original_args(self) -> Any:
        """The state of the run."""
        return self._original_args

    def request_stop(self) -> None:
        """End training after this step."""
        self._stop = True

    def get_stop_requested(self) -> bool:
        """Whether somebody asked for the end."""
        return self._stop


class InternalCallbackParam(dict[str, Any]):
    """The state of a run, by attribute too."""

    def __getattr__(self, key: str) -> Any:
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None

    def __setattr__(self, key: str, value: Any) -> None:
        self[key] = value


MOMENTS = ("begin", "epoch_begin", "epoch_end", "step_begin", "step_end", "end")


class Callback:
    """The base of callbacks; the older names, without ``on_train``, are called for training and evaluation alike."""

    def __enter__(self) -> Callback:
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def begin(self, run_context: RunContext) -> None:
        """Before the run."""

    def epoch_begin(self, run_context: RunContext) -> None:
        """Before an epoch."""

    def epoch_end(self, run_context: RunContext) -> None:
        """After an epoch."""

    def step_begin(self, run_context: RunContext) -> None:
        """Before a step."""

    def step_end(self, run_context: RunContext) -> None:
        """After a step."""

    def end(self, run_context: RunContext) -> None:
        """After the run."""


def _older(moment: str) -> Callable[[Callback, RunContext], None]:
    def call(self: Callback, run_context: RunContext) -> None:
        getattr(self, moment)(run_context)

    return call


for _mode in ("train", "eval"):
    for _moment in MOMENTS:
        setattr(Callback, f"on_{_mode}_{_moment}", _older(_moment))


class LambdaCallback(Callback):
    """Functions as callbacks, by the names of the moments."""

    def __init__(self, **moments: Callable[[RunContext], None] | None) -> None:
        for name, function in moments.items():
            if not hasattr(Callback, name):
                raise ArgumentError(f"`LambdaCallback` knows no moment {name!r}")
            if function is not None:
                setattr(self, name, function)


def _loss_of(outputs: Any) -> float:
    first = outputs[0] if isinstance(outputs, (tuple, list)) else outputs
    return float(np.mean(first.asnumpy())) if isinstance(first, dt.Tensor) else float(first)


class LossMonitor(Callback):
    """Prints the loss every so many steps; a loss that is not a number is an error."""

    def __init__(self, per_print_times: int = 1) -> None:
        if not isinstance(per_print_times, int) or per_print_times < 0:
            raise ArgumentError("The argument 'per_print_times' must be int and >= 0, but got {per_print_times}")
        self._per_print_times = per_print_times
        self._last_print_time = 0

    def step_end(self, run_context: RunContext) -> None:
        p = run_context.original_args()
        loss = _loss_of(p.net_outputs)
        step = (p.cur_step_num - 1) % p.batch_num + 1
        if not np.isfinite(loss):
            raise ValueError(
                f"In epoch: {p.cur_epoch_num} step: {step}, loss is NAN or INF, training process cannot continue, "
                "terminating training."
            )
        if self._per_print_times and p.cur_step_num - self._last_print_time >= self._per_print_times:
            self._last_print_time = p.cur_step_num
            print(f"epoch: {p.cur_epoch_num} step: {step}, loss is {loss}", flush=True)

    def on_train_epoch_end(self, run_context: RunContext) -> None:
        """After ``fit`` has evaluated: prints the metrics."""
        metrics = run_context.original_args().get("eval_results")
        if metrics:
            print(f"Eval result: epoch {run_context.original_args().cur_epoch_num}, metrics: {metrics}")


class TimeMonitor(Callback):
    """Prints how long each epoch took."""

    def __init__(self, data_size: int | None = None, data_time: bool = False) -> None:
        self.data_size = data_size

    def epoch_begin(self, run_context: RunContext) -> None:
        self._started = time.perf_counter()

    def epoch_end(self, run_context: RunContext) -> None:
        took = (time.perf_counter() - self._started) * 1000
        steps = self.data_size or run_context.original_args().batch_num
        print(f"Train epoch time: {took:5.3f} ms, per step time: {took / steps:5.3f} ms", flush=True)


class History(Callback):
    """Keeps the loss of every epoch's last step, and the metrics of ``fit``: ``epoch`` and ``history``."""

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: dict[str, list[int]] = {}

    def begin(self, run_context: RunContext) -> None:
        self.epoch = {"epoch": []}

    def epoch_end(self, run_context: RunContext) -> None:
        p = run_context.original_args()
        self.epoch["epoch"].append(p.cur_epoch_num)
        self.history.setdefault("net_output", []).append(p.net_outputs)
        for name, value in (p.get("eval_results") or {}).items():
            self.history.setdefault(name, []).append(value)


class EarlyStopping(Callback):
    """Ends training when a number has not become better for ``patience`` epochs; of ``fit``, or of the loss."""

    def __init__(
        self, monitor: str = "eval_loss", min_delta: float = 0, patience: int = 0, verbose: bool = False,
        mode: str = "auto", baseline: float | None = None, restore_best_weights: bool = False,
    ) -> None:  # fmt: skip
        if mode not in ("auto", "min", "max"):
            raise ArgumentError(f"`mode` of `EarlyStopping` must be auto, min or max, got {mode!r}")
        self.monitor, self.patience, self.verbose = monitor, patience, verbose
        self.sign = 1.0 if mode == "max" or (mode == "auto" and "acc" in monitor) else -1.0
        self.min_delta, self.restore = abs(min_delta), restore_best_weights
        self.best = -np.inf if baseline is None else self.sign * baseline
        self.wait, self.stopped_epoch = 0, 0
        self._weights: dict[str, Any] | None = None

    def epoch_end(self, run_context: RunContext) -> None:
        p = run_context.original_args()
        current = self.sign * monitored(p, self.monitor)
        if current - self.min_delta > self.best:
            self.best, self.wait = current, 0
            if self.restore:
                self._weights = {name: w.value() for name, w in p.network.parameters_and_names()}
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = p.cur_epoch_num
            run_context.request_stop()
            if self._weights is not None:
                for name, w in p.network.parameters_and_names():
                    w.set_data(self._weights[name])


def monitored(p: InternalCallbackParam, monitor: str) -> float:
    """The number of that name: the loss, or a metric of the last evaluation."""
    if monitor == "loss":
        return _loss_of(p.net_outputs)
    found = p.get("eval_results") or {}
    name = monitor.removeprefix("eval_")
    if name not in found:
        raise ArgumentError(
            f"there is no {monitor!r} to monitor; there are loss, " + ", ".join(f"eval_{n}" for n in found)
        )
    return float(found[name])


class LearningRateScheduler(Callback):
    """Sets the learning rate before each step to ``function(rate, step)``."""

    def __init__(self, learning_rate_function: Callable[[float, int], float]) -> None:
        self.learning_rate_function = learning_rate_function

    def step_end(self, run_context: RunContext) -> None:
        p = run_context.original_args()
        rate = p.optimizer.learning_rate
        rate.set_data(dt.Tensor(float(self.learning_rate_function(float(rate.asnumpy()), p.cur_step_num)), rate.dtype))


class CheckpointConfig:
    """How often to save, and how many files to keep."""

    def __init__(self, save_checkpoint_steps: int = 1, save_checkpoint_seconds: int = 0, keep_checkpoint_max: int = 5,
                 **options: Any) -> None:  # fmt: skip
        self.save_checkpoint_steps = save_checkpoint_steps
        self.keep_checkpoint_max = keep_checkpoint_max


class ModelCheckpoint(Callback):
    """Saves the network every so many steps, as ``prefix-epoch_step.ckpt``."""

    def __init__(self, prefix: str = "CKP", directory: Any = None, config: CheckpointConfig | None = None) -> None:
        self._prefix, self._config = prefix, config or CheckpointConfig()
        self._directory = Path(directory or ".")
        self._files: list[Path] = []

    @property
    def latest_ckpt_file_name(self) -> str:
        """The last file."""
        return str(self._files[-1]) if self._files else ""

    def step_end(self, run_context: RunContext) -> None:
        p = run_context.original_args()
        if p.cur_step_num % self._config.save_checkpoint_steps == 0:
            self._save(p)

    def end(self, run_context: RunContext) -> None:
        self._save(run_context.original_args())

    def _save(self, p: InternalCallbackParam) -> None:
        from dualtape.mindspore.train.serialization import save_checkpoint

        step = (p.cur_step_num - 1) % p.batch_num + 1
        path = self._directory / f"{self._prefix}-{p.cur_epoch_num}_{step}.ckpt"
        if self._files and self._files[-1] == path:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        save_checkpoint(p.train_network, str(path))
        self._files.append(path)
        while self._config.keep_checkpoint_max and len(self._files) > self._config.keep_checkpoint_max:
            self._files.pop(0).unlink(missing_ok=True)
