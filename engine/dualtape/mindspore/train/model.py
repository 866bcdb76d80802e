"""`Model`: training, evaluation and prediction over datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.nn import faces as nn
from dualtape.mindspore.nn.metrics import Loss, Metric, get_metrics
from dualtape.mindspore.nn.wrap import WithEvalCell
from dualtape.mindspore.train.amp import build_train_network
from dualtape.mindspore.train.callback import Callback, InternalCallbackParam, RunContext


class Model:
    """A network with its loss, optimizer and metrics.

    Parameters
    ----------
    network
        The network; without ``loss_fn`` it returns the loss itself.
    loss_fn, optimizer
        What is trained.
    metrics
        Names of metrics, or a dict of them by name.
    amp_level
        As of :func:`dualtape.mindspore.amp.auto_mixed_precision`; with ``loss_scale_manager`` as a keyword.
    """

    def __init__(
        self,
        network: nn.Cell,
        loss_fn: Any = None,
        optimizer: nn.Optimizer | None = None,
        metrics: Any = None,
        eval_network: nn.Cell | None = None,
        eval_indexes: Sequence[int] | None = None,
        amp_level: str = "O0",
        boost_level: str = "O0",
        **kwargs: Any,
    ) -> None:
        if not isinstance(network, nn.Cell):
            raise ArgumentTypeError(f"The type of 'network' should be 'Cell', but got type {type(network).__name__!r}.")
        self._network, self._loss_fn, self._optimizer = network, loss_fn, optimizer
        self._metrics: dict[str, Metric] = get_metrics(metrics)
        self._manager = kwargs.pop("loss_scale_manager", None)
        if set(kwargs) - {"keep_batchnorm_fp32"}:
            raise ArgumentError(f"`Model` got unknown options {', '.join(kwargs)}")
        self._train_network = self._build_train_network(amp_level)
        self._eval_network = eval_network
        if eval_network is None and loss_fn is not None:
            self._eval_network = WithEvalCell(network, loss_fn, amp_level in ("O2", "O3"))
        self._eval_indexes = eval_indexes

    def _build_train_network(self, level: str) -> Any:
        if self._optimizer is not None:
            return build_train_network(
                self._network, self._optimizer, self._loss_fn, level, loss_scale_manager=self._manager
            )
        return self._network if self._loss_fn is None else nn.WithLossCell(self._network, self._loss_fn)

    @property
    def train_network(self) -> Any:
        """What is called for a step of training."""
        return self._train_network

    @property
    def eval_network(self) -> nn.Cell | None:
        """What is called for a batch of evaluation."""
        return self._eval_network

    @property
    def predict_network(self) -> Any:
        """What is called for a prediction."""
        return self._network

    def train(
        self, epoch: int, train_dataset: Any, callbacks: Any = None, dataset_sink_mode: bool = False,
        sink_size: int = -1, initial_epoch: int = 0,
    ) -> None:  # fmt: skip
        """Train for ``epoch`` passes over a dataset."""
        self._train(epoch, train_dataset, callbacks, initial_epoch, None)

    def fit(
        self, epoch: int, train_dataset: Any, valid_dataset: Any = None, valid_frequency: Any = 1,
        callbacks: Any = None,
        dataset_sink_mode: bool = False, valid_dataset_sink_mode: bool = False, sink_size: int = -1,
        initial_epoch: int = 0,
    ) -> None:  # fmt: skip
        """Train, and evaluate after every ``valid_frequency`` epochs, or after those that it names."""

        def evaluated(number: int) -> dict[str, Any] | None:
            due = number in valid_frequency if isinstance(valid_frequency, Iterable) else number % valid_frequency == 0
            return self.eval(valid_dataset, callbacks) if due and valid_dataset is not None else None

        self._train(epoch, train_dataset, callbacks, initial_epoch, evaluated)

    def _train(
        self, epochs: int, dataset: Any, callbacks: Any, initial_epoch: int, evaluated: Callable[[int], Any] | None
    ) -> None:
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs <= 0:
            kind = ArgumentError if isinstance(epochs, int) else ArgumentTypeError
            raise kind(f"`epoch` of `Model` must be a positive int, got {epochs!r}")
        watching = _as_list(callbacks)
        p = InternalCallbackParam(
            train_network=self._train_network, network=self._network, loss_fn=self._loss_fn,
            optimizer=self._optimizer, epoch_num=epochs - initial_epoch, batch_num=dataset.get_dataset_size(),
            mode="train", train_dataset=dataset,
            list_callback=watching, cur_step_num=0, cur_epoch_num=0, eval_results=None,
            dataset_sink_mode=False, device_number=1, parallel_mode="stand_alone",
        )  # fmt: skip
        context = RunContext(p)
        self._train_network.set_train()
        _call(watching, "on_train_begin", context)
        for number in range(initial_epoch + 1, epochs + 1):
            p.cur_epoch_num = number
            _call(watching, "on_train_epoch_begin", context)
            for batch in dataset.create_tuple_iterator(num_epochs=1):
                p.cur_step_num += 1
                p.train_dataset_element = batch
                _call(watching, "on_train_step_begin", context)
                p.net_outputs = self._train_network(*batch)
                self._adjust_scale(p.net_outputs)
                _call(watching, "on_train_step_end", context)
                if context.get_stop_requested():
                    break
            if evaluated is not None:
                p.eval_results = evaluated(number)
                self._train_network.set_train()
            _call(watching, "on_train_epoch_end", context)
            if context.get_stop_requested():
                break
        _call(watching, "on_train_end", context)

    def _adjust_scale(self, outputs: Any) -> None:
        # A step with loss scaling gives (loss, overflow, scale); its cell changes the scale by itself.
        if self._manager is not None and isinstance(outputs, tuple) and len(outputs) == 3:
            self._manager.update_loss_scale(bool(outputs[1]))

    def eval(self, valid_dataset: Any, callbacks: Any = None, dataset_sink_mode: bool = False) -> dict[str, Any]:
        """The metrics over a dataset."""
        if not self._metrics or self._eval_network is None:
            raise ArgumentError("`eval` needs `metrics`, and `loss_fn` or `eval_network`, of `Model`")
        watching = _as_list(callbacks)
        p = InternalCallbackParam(
            eval_network=self._eval_network, network=self._network, valid_dataset=valid_dataset, mode="eval",
            batch_num=valid_dataset.get_dataset_size(), cur_step_num=0, cur_epoch_num=1, metrics={},
        )  # fmt: skip
        context = RunContext(p)
        was_training = self._network.training
        self._eval_network.set_train(False)
        for metric in self._metrics.values():
            metric.clear()
        _call(watching, "on_eval_begin", context)
        _call(watching, "on_eval_epoch_begin", context)
        for batch in valid_dataset.create_tuple_iterator(num_epochs=1):
            p.cur_step_num += 1
            _call(watching, "on_eval_step_begin", context)
            p.net_outputs = self._eval_network(*batch)
            self._update_metrics(p.net_outputs)
            _call(watching, "on_eval_step_end", context)
        found = {name: metric.eval() for name, metric in self._metrics.items()}
        p.metrics = p.eval_results = found
        _call(watching, "on_eval_epoch_end", context)
        _call(watching, "on_eval_end", context)
        self._network.set_train(was_training)
        return found

    def _update_metrics(self, outputs: Any) -> None:
        if not isinstance(outputs, (tuple, list)) or len(outputs) < 3:
            raise ArgumentTypeError("`eval_network` of `Model` must return (loss, outputs, labels)")
        loss_at, output_at, label_at = self._eval_indexes or (0, 1, 2)
        for metric in self._metrics.values():
            if isinstance(metric, Loss):
                metric.update(outputs[loss_at])
            else:
                metric.update(outputs[output_at], outputs[label_at])

    def predict(self, *predict_data: Any, backend: str | None = None, config: Any = None) -> Any:
        """What the network gives, not in training."""
        self._network.set_train(False)
        return self._network(*predict_data)


def _as_list(callbacks: Any) -> list[Callback]:
    found = [] if callbacks is None else list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
    for one in found:
        if not isinstance(one, Callback):
            raise ArgumentTypeError(f"`callbacks` of `Model` must be Callbacks, got {type(one).__name__}")
    return found


def _call(callbacks: list[Callback], moment: str, context: RunContext) -> None:
    for one in callbacks:
        getattr(one, moment)(context)


def data_sink(
    fn: Callable[..., Any], dataset: Any, sink_size: int = 1, jit_config: Any = None, input_signature: Any = None
) -> Callable[[], Any]:
    """A function that gives ``fn`` the next ``sink_size`` batches, and returns what it said of the last of them.

    The dataset starts anew when it ends.
    """
    if not isinstance(sink_size, int) or sink_size == 0 or sink_size < -1:
        raise ArgumentError(f"`sink_size` of `data_sink` must be positive, or -1 for all batches; got {sink_size!r}")
    count = dataset.get_dataset_size() if sink_size == -1 else sink_size
    batches: list[Any] = []

    def sink_process(*args: Any, **kwargs: Any) -> Any:
        result: Any = None
        for _ in range(count):
            if not batches:
                batches.extend(reversed(list(dataset.create_tuple_iterator(num_epochs=1))))
            result = fn(*batches.pop())
        return result

    return sink_process


def connect_network_with_dataset(network: nn.Cell, dataset_helper: Any) -> Any:
    """The network itself: batches are given to it one by one."""
    return network


class DatasetHelper:
    """The batches of a dataset, to go through."""

    def __init__(self, dataset: Any, dataset_sink_mode: bool = True, sink_size: int = -1, epoch_num: int = 1) -> None:
        self._dataset = dataset

    def __iter__(self) -> Any:
        return iter(self._dataset.create_tuple_iterator(num_epochs=1))

    def sink_size(self) -> int:
        """Batches of a pass."""
        return int(self._dataset.get_dataset_size())
