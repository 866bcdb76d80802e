"""Where rows come from: arrays, generators and objects with an index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.dataset.rows import Dataset, Row, array_of, names_of


class NumpySlicesDataset(Dataset):
    """The slices of arrays along the first axis: of one, a tuple of them, or a dict by column."""

    def __init__(
        self, data: Any, column_names: Any = None, num_samples: int | None = None, num_parallel_workers: int = 1,
        shuffle: bool | None = None, sampler: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        _refuse(options)
        arrays = list(data.values()) if isinstance(data, dict) else list(data) if isinstance(data, tuple) else [data]
        read = [array_of(x) for x in arrays]
        names = names_of(column_names) or (
            list(data) if isinstance(data, dict) else [f"column_{i}" for i in range(len(read))]
        )
        sizes = {len(x) for x in read}
        if len(sizes) != 1 or len(names) != len(read):
            raise ArgumentError(
                f"columns {', '.join(names)} have lengths {[len(x) for x in read]}; expected one each, equal"
            )
        total = min(sizes)
        indexes = None if sampler is None else _indexes("NumpySlicesDataset", sampler, total)
        available = total if indexes is None else len(indexes)
        count = available if num_samples is None else min(num_samples, available)

        def rows() -> Iterator[Row]:
            if indexes is None:
                order = dt.random.generator().permutation(total) if shuffle is not False else range(total)
            for i in list(order if indexes is None else indexes)[:count]:
                yield tuple(np.asarray(x[i]) for x in read)

        super().__init__(names, rows, lambda: count)


class GeneratorDataset(Dataset):
    """The rows of a generator function, an iterable, or an object with ``__getitem__`` and ``__len__``."""

    def __init__(
        self, source: Any, column_names: Any = None, column_types: Any = None, schema: Any = None,
        num_samples: int | None = None, num_parallel_workers: int = 1, shuffle: bool | None = None, sampler: Any = None,
        **options: Any,
    ) -> None:  # fmt: skip
        _refuse({**options, "schema": schema})
        names = names_of(column_names)
        if not names:
            raise ArgumentError("`GeneratorDataset` needs `column_names`")
        is_indexed = hasattr(source, "__getitem__") and hasattr(source, "__len__")
        if not (is_indexed or callable(source) or isinstance(source, Iterable)):
            raise ArgumentTypeError(f"`source` of `GeneratorDataset` gives no rows: {type(source).__name__}")

        def read() -> Iterator[Any]:
            if is_indexed:
                size = len(source)
                shuffled = shuffle is not False and sampler is None
                order = range(size) if sampler is None else _indexes("GeneratorDataset", sampler, size)
                yield from (source[int(i)] for i in (dt.random.generator().permutation(size) if shuffled else order))
            else:
                yield from (source() if callable(source) else source)

        def rows() -> Iterator[Row]:
            for _, row in zip(range(num_samples) if num_samples else iter(int, 1), read(), strict=False):
                values = row if isinstance(row, (tuple, list)) else (row,)
                if len(values) != len(names):
                    raise ArgumentError(f"a row has {len(values)} values for the columns {', '.join(names)}")
                yield tuple(map(array_of, values))

        def size() -> int:
            if is_indexed:
                count = len(source if sampler is None or not hasattr(sampler, "__len__") else sampler)
            else:
                count = sum(1 for _ in rows())
            return min(num_samples, count) if num_samples else count

        super().__init__(names, rows, size)


def _indexes(dataset: str, sampler: Any, size: int) -> list[int]:
    """The rows that a sampler names, in its order."""
    if not isinstance(sampler, Iterable):
        raise ArgumentTypeError(f"`sampler` of `{dataset}` must be indexes of rows, got {type(sampler).__name__}")
    indexes = [int(i) for i in sampler]
    if any(not 0 <= i < size for i in indexes):
        raise ArgumentError(f"`sampler` of `{dataset}` names rows {indexes}, of which there are {size}")
    return indexes


def _refuse(options: dict[str, Any]) -> None:
    allowed = {"num_shards", "shard_id", "python_multiprocessing", "max_rowsize"}
    given = [name for name, value in options.items() if value is not None and name not in allowed]
    given += [name for name in ("num_shards", "shard_id") if options.get(name) is not None]
    if given:
        raise ArgumentError(f"{', '.join(given)} of a dataset is not in dualtape")
