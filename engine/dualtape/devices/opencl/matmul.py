"""Matrix products: which kernel, in which tiles, and how the right factor is laid out."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from dualtape.core.expression import x, y
from dualtape.core.layout import broadcast_strides
from dualtape.core.lowering import Fold
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.devices.opencl.fold import Extent, fold_step
from dualtape.devices.opencl.runtime import Params, Plan, PreparedLaunch, Runtime, Specs
from dualtape.devices.opencl.types import C_TYPES, CType, accesses, define, unaligned_vector
from dualtape.dtypes import DType, float16, float32
from dualtape.opencl_kernels import source

_SUM = Fold(0, x + y)
_SHORTEST_PART = 512
_MOST_PARTS = 64
_BLOCK = 256  # terms of a sum that is made at once, as in matmul.cl
_MOST_TILES = 16  # of a work-item, below each other
_MOST_PANELS = 16  # of a work-item, beside each other
_LARGE = 16 << 20  # bytes of a left factor that stays in no cache while one panel after the other meets it
_LONGEST_PART = 32768  # so that errors do not grow with the length of sums


class Product(NamedTuple):
    """Products of matrices (m, k) and (k, n), the inner axis cut into parts that are summed afterwards.

    ``left`` and ``right`` name for each product its factors, by their number; there are ``right_matrices``.
    """

    dtype: DType
    m: int
    k: int
    n: int
    left: np.ndarray
    right: np.ndarray
    right_matrices: int
    parts: int = 1

    @property
    def products(self) -> int:
        return len(self.left)

    @property
    def part(self) -> int:
        return max(1, -(-self.k // self.parts))

    @property
    def computed(self) -> DType:
        """The type that is computed with."""
        return float32 if self.dtype is float16 else self.dtype

    @property
    def stored(self) -> DType:
        """The type of the products of each part."""
        return self.computed if self.parts > 1 else self.dtype

    def starts(self, left_size: int, right_size: int) -> list[int]:
        """First elements of both factors, product by product."""
        return np.stack([self.left * left_size, self.right * right_size], 1).ravel().tolist()

    def in_parts(self, runtime: Runtime, tiles: int) -> Product:
        """The same with the inner axis cut, if ``tiles`` alone are too few to occupy the device."""
        wanted = -(-8 * runtime.processors // max(1, tiles))
        parts = max(1, min(wanted, self.k // _SHORTEST_PART, _MOST_PARTS), self.k // _LONGEST_PART)
        # Sizes that are equal, so that the last part is not empty.
        parts = -(-self.k // max(1, -(-self.k // parts)))
        return self._replace(parts=max(1, parts))

    def macros(self, lanes: int, wide: str) -> str:
        """How kernels read and write elements and vectors of so many lanes, and what they compute with."""
        real = C_TYPES[self.computed]
        vectors = define(
            {
                "REAL": real.compute,
                "LANES": lanes,
                "VECTOR": f"{real.compute}{lanes}",
                "WIDE": wide,
                "READ(pointer, index)": _read(C_TYPES[self.dtype], lanes),
                "WRITE(pointer, index, value)": _write(C_TYPES[self.stored], lanes),
            }
        )
        return accesses(self.dtype, self.stored) + vectors + unaligned_vector("dt_unaligned", real, lanes)


def _read(kind: CType, lanes: int) -> str:
    if kind.storage == "half":
        return f"vload_half{lanes}(0, pointer + (index))"
    return "(*(__global const dt_unaligned *)(pointer + (index)))"


def _write(kind: CType, lanes: int) -> str:
    if kind.storage == "half":
        return f"vstore_half{lanes}_rte(value, 0, pointer + (index))"
    return "(*(__global dt_unaligned *)(pointer + (index)) = (value))"


def plan_matmul(runtime: Runtime, primitive: Primitive, specs: Specs, params: Params, output: Spec) -> Plan:
    """Prepare ``matmul``."""
    a, b = specs
    if 0 in output.shape:
        return runtime.plan(output, lambda *_: None)
    product = _product(a, b.shape, output.shape)
    if not a.dtype.is_float:
        launch = _simple(runtime, product)
    elif product.n == 1:
        product = product.in_parts(runtime, product.products * product.m // 64)
        launch = _vector(runtime, product)
    else:
        tile = _tile(runtime, product)
        tiles = product.products * -(-product.m // tile.rows) * -(-product.n // tile.columns)
        product = product.in_parts(runtime, tiles)
        launch = _tiled(runtime, product, tile)
    if product.parts == 1:
        return runtime.plan(output, launch)
    extent = Extent(product.products, product.parts, product.m * product.n)
    multiply = runtime.plan(Spec(extent, product.stored), launch)
    add_up = fold_step(runtime, _SUM, product.stored, extent, output)
    return lambda operands: add_up((multiply(operands),))


def _product(a: Spec, b: Shape, output: Shape) -> Product:
    batch, (m, n), k = output[:-2], output[-2:], b[-2]
    if prod(b[:-2]) == 1 and prod(a.shape[:-2]) == prod(batch):
        one = np.zeros(1, np.int64)
        return Product(a.dtype, prod(batch) * m, k, n, one, one, 1)
    index = np.indices(batch).reshape(len(batch), prod(batch))
    left, right = (np.asarray(broadcast_strides(x[:-2], batch), np.int64) @ index for x in (a.shape, b))
    return Product(a.dtype, m, k, n, left, right, prod(b[:-2]))


def _simple(runtime: Runtime, product: Product) -> PreparedLaunch:
    """Any element type."""
    count, m, k, n = product.products, product.m, product.k, product.n
    starts = runtime.table(product.starts(m * k, k * n))
    text = accesses(product.dtype, product.dtype) + source("matmul_simple")
    return runtime.launch("dt_matmul_simple", text, 3, runtime.grid(count * m * n), starts, count, m, k, n)


def _vector(runtime: Runtime, product: Product) -> PreparedLaunch:
    """Right factors of one column, which need no layout of their own."""
    count, m, k, parts = product.products, product.m, product.k, product.parts
    starts = runtime.table(product.starts(m * k, k))
    text = product.macros(runtime.lanes(product.computed.bits // 8), runtime.wide_attribute()) + source("matvec")
    grid = runtime.spread(count * parts * m)
    return runtime.launch("dt_matvec", text, 3, grid, starts, count, m, k, product.part, parts)


class Tile(NamedTuple):
    """What one work-item computes: ``rows`` by ``vectors`` vectors of ``lanes`` columns, and ``tail`` columns more."""

    rows: int
    vectors: int
    lanes: int
    tail: int = 0

    @property
    def columns(self) -> int:
        """The width of a panel, in which the last columns take the room of a vector."""
        return (self.vectors + bool(self.tail)) * self.lanes

    @property
    def computed(self) -> int:
        """The columns that are computed."""
        return self.vectors * self.lanes + self.tail


def _tile(runtime: Runtime, product: Product) -> Tile:
    lanes = runtime.lanes(product.computed.bits // 8)
    registers = 32 if runtime.vector_bytes == 64 else 16
    vectors = -(-product.n // lanes)
    is_one_panel = vectors <= registers // 4
    tail = _tail(product, lanes) if is_one_panel and vectors > 1 else 0
    vectors = vectors if is_one_panel else 2
    # Sums must stay in registers, with a row of the right factor and a number of the left one; compilers need one more.
    most = max(1, (registers - 2 - vectors) // vectors)
    heights = [rows for rows in (12, 10, 8, 6, 5, 4, 3, 2, 1) if rows <= min(most, product.m)] or [1]
    # A tile costs its rows, and about two more for reading the right factor.
    rows = min(heights, key=lambda rows: -(-product.m // rows) * (rows + 2))
    return Tile(rows, vectors - bool(tail), lanes, tail)


def _tail(product: Product, lanes: int) -> int:
    """The columns of a last vector that is narrower than the others, where sums are short and vectors half empty."""
    if product.dtype is not product.computed or product.k > _BLOCK:
        return 0
    tail = 2
    while tail < product.n % lanes:
        tail *= 2
    return tail if product.n % lanes and tail < lanes else 0


def _even(size: int, most: int) -> int:
    """The length of equal parts of ``size``, which is no more than ``most``."""
    return -(-size // -(-size // max(1, most)))


def _tiled(runtime: Runtime, product: Product, tile: Tile) -> PreparedLaunch:
    count, m, k, n = product.products, product.m, product.k, product.n
    panels = -(-n // tile.columns)
    fits = n == tile.computed if tile.tail else n % tile.columns == 0
    direct = product.dtype is product.computed and fits and (panels <= 4 or m <= 4 * tile.rows)
    macros = product.macros(tile.lanes, runtime.wide_attribute())
    spills = int(panels == 1 and tile.computed <= 2 * n)
    macros += define(
        {
            "ROWS": tile.rows,
            "VECTORS": tile.vectors,
            "TAIL": tile.tail,
            "COLUMNS": tile.columns,
            "SPILLS": spills,
            "ADDS": int(product.stored is product.computed),
            "RIGHT": "dt_unaligned" if direct and tile.tail else "VECTOR",
        }
    )
    if tile.tail:
        real = C_TYPES[product.computed]
        macros += define({"TAIL_VECTOR": f"{real.compute}{tile.tail}"}) + unaligned_vector("dt_tail", real, tile.tail)
    row_tiles = -(-m // tile.rows)
    tiles = count * product.parts * panels * row_tiles
    repeat, across, depth = 1, 1, max(1, k)
    if runtime.is_cpu:  # items of one size, and enough of them that all cores end at about the same time
        wanted = 16 * runtime.processors
        repeat = _even(row_tiles, min(_MOST_TILES, tiles // wanted))
        if m * k * product.computed.bits // 8 >= _LARGE:
            across, depth = _even(panels, min(_MOST_PANELS, tiles // repeat // wanted)), _BLOCK
    items = count * product.parts * -(-row_tiles // repeat) * -(-panels // across)
    # On processors each does much, and is a group by itself.
    grid = ((items,), (1,)) if runtime.is_cpu else runtime.grid(items)
    starts = runtime.table(product.starts(m * k, k * n if direct else panels * k * tile.columns))
    # From row to row of the right factor, and from panel to panel.
    strides = (n, tile.columns) if direct else (tile.columns, k * tile.columns)
    sizes = (count, m, k, n, *strides, product.part, product.parts, repeat, across, depth)
    multiply = runtime.launch("dt_matmul", macros + source("matmul"), 3, grid, starts, *sizes)
    if direct:
        return multiply

    matrices = product.right_matrices
    pack = runtime.launch("dt_pack", macros + source("pack"), 2, runtime.grid(matrices * panels * k), matrices, k, n)

    def launch(a: Any, b: Any, c: Any) -> None:
        packed = runtime.new((matrices * panels * k * tile.columns,), product.computed)
        if packed.allocation is not None:
            pack(b, packed.buffer)
        multiply(a, packed.buffer, c)

    return launch
