"""Rows of arrays that are shuffled, mapped, batched and repeated, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.common.tensor import Tensor

Row = tuple[np.ndarray, ...]


class Dataset:
    """Rows of named columns. Each operation gives a new dataset; nothing is read before the rows are asked for.

    Examples
    --------
    >>> from dualtape.mindspore.dataset import NumpySlicesDataset
    >>> for x, y in NumpySlicesDataset(([1, 2, 3], [4, 5, 6]), ["x", "y"], shuffle=False).batch(2):
    ...     print(x, y)
    [1 2] [4 5]
    [3] [6]
    """

    def __init__(self, columns: Sequence[str], rows: Callable[[], Iterator[Row]], size: Callable[[], int]) -> None:
        self._columns, self._rows, self._size = list(columns), rows, size
        self._batch_size, self._repeats, self._is_endless = 1, 1, False

    def get_dataset_size(self) -> int:
        """The number of rows; of batches, if they are batched; of one repetition, if they are repeated without end."""
        return self._size()

    __len__ = get_dataset_size

    def get_batch_size(self) -> int:
        """Rows in a batch."""
        return self._batch_size

    def get_repeat_count(self) -> int:
        """How often the rows are repeated; -1 without end."""
        return self._repeats

    def get_col_names(self) -> list[str]:
        """The names of the columns."""
        return list(self._columns)

    def output_shapes(self) -> list[list[int]]:
        """The shapes of the first row."""
        return [list(x.shape) for x in next(self._rows())]

    def output_types(self) -> list[np.dtype[Any]]:
        """The element types of the first row."""
        return [x.dtype for x in next(self._rows())]

    # Operations

    def _like(self, columns: Sequence[str], rows: Callable[[], Iterator[Row]], size: Callable[[], int]) -> Dataset:
        made = Dataset(columns, rows, size)
        made._batch_size, made._repeats, made._is_endless = self._batch_size, self._repeats, self._is_endless
        return made

    def batch(
        self, batch_size: int, drop_remainder: bool = False, num_parallel_workers: int | None = None, **options: Any
    ) -> Dataset:
        """Rows put together, ``batch_size`` at a time; the last ones may be fewer."""
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            kind = ArgumentError if isinstance(batch_size, int) else ArgumentTypeError
            raise kind(f"`batch_size` of `batch` must be a positive int, got {batch_size!r}")
        if options.get("per_batch_map") is not None:
            raise ArgumentError(
                "`per_batch_map` of `batch` is not in dualtape; map the rows before, or the batches after"
            )

        def rows() -> Iterator[Row]:
            waiting: list[Row] = []
            for row in self._rows():
                waiting.append(row)
                if len(waiting) == batch_size:
                    yield _stacked(waiting, self._columns)
                    waiting = []
            if waiting and not drop_remainder:
                yield _stacked(waiting, self._columns)

        size = (lambda: self._size() // batch_size) if drop_remainder else (lambda: -(-self._size() // batch_size))
        made = self._like(self._columns, rows, size)
        made._batch_size = batch_size
        return made

    def shuffle(self, buffer_size: int) -> Dataset:
        """Rows in another order at each pass: each is drawn from the ``buffer_size`` next ones."""
        if not isinstance(buffer_size, int) or buffer_size < 2:
            raise ArgumentError(
                f"Input buffer_size is not within the required interval of [2, 2147483647], got {buffer_size}"
            )

        def rows() -> Iterator[Row]:
            random, held = dt.random.generator(), list[Row]()
            for row in self._rows():
                held.append(row)
                if len(held) >= buffer_size:
                    yield held.pop(int(random.integers(len(held))))
            while held:
                yield held.pop(int(random.integers(len(held))))

        return self._like(self._columns, rows, self._size)

    def map(
        self, operations: Any, input_columns: Any = None, output_columns: Any = None,
        num_parallel_workers: int | None = None,
        **options: Any,
    ) -> Dataset:  # fmt: skip
        """Functions, one after the other, of columns of each row; their results take the columns' place."""
        functions = list(operations) if isinstance(operations, (list, tuple)) else [operations]
        taken = names_of(input_columns) or self._columns[:1]
        self._require(taken)
        given = names_of(output_columns) or taken
        kept = [name for name in self._columns if name not in taken]
        columns = self._columns if given == taken else [*given, *kept]

        def rows() -> Iterator[Row]:
            for row in self._rows():
                values = dict(zip(self._columns, row, strict=True))
                found: tuple[Any, ...] = tuple(values[name] for name in taken)
                for function in functions:
                    result = function(*found)
                    found = result if isinstance(result, tuple) else (result,)
                if len(found) != len(given):
                    raise ArgumentError(f"`map` got {len(found)} results for the columns {', '.join(given)}")
                values |= dict(zip(given, map(array_of, found), strict=True))
                yield tuple(values[name] for name in columns)

        return self._like(columns, rows, self._size)

    def filter(self, predicate: Callable[..., Any], input_columns: Any = None) -> Dataset:
        """The rows of which a function of columns is true."""
        taken = names_of(input_columns) or self._columns
        self._require(taken)

        def rows() -> Iterator[Row]:
            for row in self._rows():
                values = dict(zip(self._columns, row, strict=True))
                if predicate(*(values[name] for name in taken)):
                    yield row

        def size() -> int:
            self._require_end("get_dataset_size")
            return sum(1 for _ in rows())

        return self._like(self._columns, rows, size)

    def repeat(self, count: int | None = None) -> Dataset:
        """The rows, ``count`` times over; without it, or with -1, without end."""
        if count is None or count == -1:
            return self._without_end()
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            kind = ArgumentError if isinstance(count, int) else ArgumentTypeError
            raise kind(f"count should be either -1 or positive integer, got {count!r}")

        def rows() -> Iterator[Row]:
            for _ in range(count):
                yield from self._rows()

        made = self._like(self._columns, rows, lambda: self._size() * (1 if self._is_endless else count))
        made._repeats = -1 if self._is_endless else self._repeats * count
        return made

    def _without_end(self) -> Dataset:
        def rows() -> Iterator[Row]:
            is_empty = False
            while not is_empty:
                is_empty = True
                for row in self._rows():
                    is_empty = False
                    yield row

        made = self._like(self._columns, rows, self._size)
        made._repeats, made._is_endless = -1, True
        return made

    def _require_end(self, method: str) -> None:
        if self._is_endless:
            raise ArgumentError(f"`{method}` needs rows that end: these are repeated without end; take some of them")

    def apply(self, apply_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function makes of this dataset."""
        made = apply_func(self)
        if not isinstance(made, Dataset):
            raise ArgumentTypeError(f"`apply_func` of `apply` must return a dataset, got {type(made).__name__}")
        return made

    def take(self, count: int = -1) -> Dataset:
        """The first rows."""
        if count == -1:
            return self

        def rows() -> Iterator[Row]:
            for _, row in zip(range(count), self._rows(), strict=False):
                yield row

        made = self._like(self._columns, rows, lambda: count if self._is_endless else min(count, self._size()))
        made._is_endless = False
        return made

    def skip(self, count: int) -> Dataset:
        """All rows but the first."""

        def rows() -> Iterator[Row]:
            for i, row in enumerate(self._rows()):
                if i >= count:
                    yield row

        return self._like(self._columns, rows, lambda: max(0, self._size() - count))

    def project(self, columns: Any) -> Dataset:
        """Some of the columns."""
        chosen = names_of(columns)
        self._require(chosen)
        at = [self._columns.index(name) for name in chosen]
        return self._like(chosen, lambda: (tuple(row[i] for i in at) for row in self._rows()), self._size)

    def rename(self, input_columns: Any, output_columns: Any) -> Dataset:
        """Other names of columns."""
        old, new = names_of(input_columns), names_of(output_columns)
        self._require(old)
        names = dict(zip(old, new, strict=True))
        return self._like([names.get(name, name) for name in self._columns], self._rows, self._size)

    def concat(self, datasets: Any) -> Dataset:
        """The rows of one dataset after those of another."""
        parts = [self, *(datasets if isinstance(datasets, (list, tuple)) else [datasets])]
        return self._like(
            self._columns,
            lambda: (row for part in parts for row in part._rows()),
            lambda: sum(part._size() for part in parts),
        )

    __add__ = concat

    def zip(self, datasets: Any) -> Dataset:
        """The columns of several datasets beside each other."""
        return zip_datasets((self, *(datasets if isinstance(datasets, tuple) else (datasets,))))

    def split(self, sizes: Sequence[float], randomize: bool = True) -> list[Dataset]:
        """Parts of the rows, by numbers or by shares; ``randomize`` shuffles them once before."""
        self._require_end("split")
        rows = list(self._rows())
        if randomize:
            rows = [rows[i] for i in dt.random.generator().permutation(len(rows))]
        counts = [int(size) if isinstance(size, int) else round(size * len(rows)) for size in sizes]
        if sum(counts) != len(rows):
            raise ArgumentError(f"`split` of {len(rows)} rows got sizes {list(sizes)}")
        ends = np.cumsum(counts).tolist()
        parts = [rows[end - count : end] for end, count in zip(ends, counts, strict=True)]
        return [self._like(self._columns, partial(iter, part), partial(len, part)) for part in parts]

    def _require(self, names: Sequence[str]) -> None:
        missing = [name for name in names if name not in self._columns]
        if missing:
            raise ArgumentError(f"there is no column {', '.join(missing)}; there are {', '.join(self._columns)}")

    # Out of the dataset

    def create_tuple_iterator(
        self, columns: Any = None, num_epochs: int = -1, output_numpy: bool = False, do_copy: bool = True
    ) -> Passes:
        """The rows, as lists of Tensors or arrays, in as many passes as there are epochs."""
        source = self if columns is None else self.project(columns)
        return Passes(lambda: ([x if output_numpy else Tensor(x) for x in row] for row in source._rows()), num_epochs)

    def create_dict_iterator(self, num_epochs: int = -1, output_numpy: bool = False, do_copy: bool = True) -> Passes:
        """The rows, as dicts by column, in as many passes as there are epochs."""

        def rows() -> Iterator[dict[str, Any]]:
            for row in self.create_tuple_iterator(num_epochs=1, output_numpy=output_numpy):
                yield dict(zip(self._columns, row, strict=True))

        return Passes(rows, num_epochs)

    def __iter__(self) -> Iterator[list[Any]]:
        return self.create_tuple_iterator(num_epochs=1)


class Passes:
    """What goes through a dataset: at the end of a pass it stops, and the next use begins another one.

    After ``count`` passes it is at its end for good; with -1 it never is.
    """

    def __init__(self, begin: Callable[[], Iterator[Any]], count: int) -> None:
        if isinstance(count, bool) or not isinstance(count, int) or (count < 1 and count != -1):
            raise ArgumentError(f"`num_epochs` of an iterator must be a positive int or -1, got {count!r}")
        self._begin, self._remaining = begin, count
        self._current: Iterator[Any] | None = None

    def __iter__(self) -> Passes:
        return self

    def __next__(self) -> Any:
        if self._current is None:
            if self._remaining == 0:
                raise StopIteration
            self._current = self._begin()
        try:
            return next(self._current)
        except StopIteration:
            self._current, self._remaining = None, self._remaining - (self._remaining > 0)
            raise


def names_of(columns: Any) -> list[str]:
    return [] if columns is None else [columns] if isinstance(columns, str) else list(columns)


def array_of(x: Any) -> np.ndarray:
    return x.asnumpy() if isinstance(x, dt.Tensor) else np.asarray(x)


def _stacked(rows: list[Row], columns: Sequence[str]) -> Row:
    try:
        return tuple(map(np.stack, zip(*rows, strict=True)))
    except ValueError as failure:
        shapes = [[x.shape for x in column] for column in zip(*rows, strict=True)]
        raise ArgumentError(f"rows of a batch differ in shape: columns {', '.join(columns)} have {shapes}") from failure


def zip_datasets(datasets: Any) -> Dataset:
    """The columns of several datasets beside each other."""
    columns = [name for one in datasets for name in one.get_col_names()]
    return Dataset(
        columns,
        lambda: (sum(rows, ()) for rows in zip(*(one._rows() for one in datasets), strict=False)),
        lambda: min(one.get_dataset_size() for one in datasets),
    )
