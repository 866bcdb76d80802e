// c = a b for matrices (m, k) and (k, n): one work-item computes `repeat` tiles of ROWS rows and VECTORS vectors of columns in
// each of `across` panels, with `depth` terms of their sums at a time: so a piece of a stays in a cache for all panels, and
// one of b for all tiles.
//
// Defined before this text: IN and LOAD of a; OUT, STORE and WRITE, which stores a vector, of c; REAL, the type that is
// computed with; LANES; VECTOR; ROWS; VECTORS; TAIL, the columns of one more and narrower vector, or 0; WIDE; SPILLS, whether
// a row of c may be written beyond its end, where the next row is written later; ADDS, whether c is of the type that is
// computed with, so that parts of a sum may be added to it. The columns of b lie in panels of VECTORS * LANES, padded with
// zeros: element (i, j) of panel p at b[p * b_panel + i * b_step + j]. Rows of k are cut into parts, each of which gives a
// matrix c of its own.
// starts[2 i] and starts[2 i + 1]: where the factors of product i begin.

#define BLOCK 256

// A panel with a tail is the only one, and its sums are short, so that nothing is added up.
#if TAIL
#define TAIL_FIRST (VECTORS * LANES)
#define TAILED(text) text
#else
#define TAILED(text)
#endif

// What is in a row of c, and more.
#if ADDS
#define ADDED(row, index, more) (*(__global const dt_unaligned *)((row) + (index)) + (more))
#define ADDED_ONE(row, index, more) ((row)[index] + (more))
#else
#define ADDED(row, index, more) (more)
#define ADDED_ONE(row, index, more) (more)
#endif

// Writes a row of a tile, `width` columns of it, or all of its vectors; adds it to what is there, if it is not the first.
#define WRITE_ROW(row, of, begin, whole, width)                                                                        \
    _Pragma("unroll") for (int v = 0; v < VECTORS; v++)                                                                \
    {                                                                                                                  \
        if ((whole) || (v + 1) * LANES <= (width))                                                                     \
            WRITE(row, v * LANES, (begin) ? of[v] : ADDED(row, v * LANES, of[v]));                                     \
        else {                                                                                                         \
            const VECTOR part = of[v];                                                                                 \
            for (int j = v * LANES; j < (width); j++) {                                                                \
                const REAL one = ((const REAL *)&part)[j - v * LANES];                                                 \
                STORE(row, j, (begin) ? one : ADDED_ONE(row, j, one));                                                 \
            }                                                                                                          \
        }                                                                                                              \
    }

// Adds the product of ROWS rows and one panel to c, or to `total` where there is no c, or begins with it. It is a function, and
// its sums begin at zero, so that they stay in registers, and so that short sums are added up, which keeps rounding errors
// small. `spills`: a row may be written beyond its end, if another one follows.
WIDE __attribute__((noinline)) static void dt_tile(__global const IN *restrict a, const size_t a_step,
                                                   __global const REAL *restrict b, const size_t b_step,
                                                   const size_t length, const int begin,
                                                   VECTOR total[ROWS][VECTORS], __global OUT *restrict c,
                                                   const size_t n, const int width, const int skipped,
                                                   const int spills)
{
    VECTOR sum[ROWS][VECTORS];
    TAILED(TAIL_VECTOR tail[ROWS];)
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        TAILED(tail[r] = (TAIL_VECTOR)(0);)
#pragma unroll
        for (int v = 0; v < VECTORS; v++)
            sum[r][v] = (VECTOR)(0);
    }
    for (size_t i = 0; i < length; i++) {
        VECTOR right[VECTORS];
#pragma unroll
        for (int v = 0; v < VECTORS; v++)
            right[v] = *(__global const RIGHT *)(b + i * b_step + v * LANES);
        TAILED(TAIL_VECTOR last = *(__global const dt_tail *)(b + i * b_step + TAIL_FIRST);)
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            REAL left = LOAD(a, r * a_step + i);
#pragma unroll
            for (int v = 0; v < VECTORS; v++)
                sum[r][v] += left * right[v];
            TAILED(tail[r] += left * last;)
        }
    }
    if (c) {
#pragma unroll
        for (int r = 0; r < ROWS; r++)
            if (r >= skipped) {
                __global OUT *row = c + (r - skipped) * n;
                WRITE_ROW(row, sum[r], begin, spills && r + 1 < ROWS, width)
#if TAIL
                if ((spills && r + 1 < ROWS) || width == TAIL_FIRST + TAIL)
                    *(__global dt_tail *)(row + TAIL_FIRST) = tail[r];
                else {
                    const TAIL_VECTOR part = tail[r];
                    for (int j = TAIL_FIRST; j < width; j++)
                        row[j] = ((const REAL *)&part)[j - TAIL_FIRST];
                }
#endif
            }
        return;
    }
#pragma unroll
    for (int r = 0; r < ROWS; r++)
#pragma unroll
        for (int v = 0; v < VECTORS; v++)
            total[r][v] = begin ? sum[r][v] : total[r][v] + sum[r][v];
}

WIDE __kernel void dt_matmul(__global const IN *restrict a, __global const REAL *restrict b, __global OUT *restrict c,
                             __global const long *restrict starts, const ulong products, const ulong m, const ulong k,
                             const ulong n, const ulong b_step, const ulong b_panel, const ulong part,
                             const ulong parts, const ulong repeat, const ulong across, const ulong depth)
{
    size_t row_tiles = (m + ROWS - 1) / ROWS;
    size_t runs = (row_tiles + repeat - 1) / repeat;
    size_t panels = (n + COLUMNS - 1) / COLUMNS;
    size_t groups = (panels + across - 1) / across;
    size_t id = get_global_id(0);
    if (id >= products * parts * groups * runs)
        return;
    size_t rest = id / runs;
    size_t tile = (id - rest * runs) * repeat;
    size_t last = min(tile + (size_t)repeat, row_tiles);
    size_t matrix = rest / groups;
    size_t panel = (rest - matrix * groups) * across;
    size_t last_panel = min(panel + (size_t)across, panels);
    size_t product = matrix / parts;
    size_t start = (matrix - product * parts) * part;
    size_t end = min(start + (size_t)part, (size_t)k);
    a += starts[2 * product];
    b += starts[2 * product + 1];
    c += matrix * m * n;
#if ADDS
    for (size_t d = start; d == start || d < end; d += depth)
        for (size_t p = panel; p < last_panel; p++)
            for (size_t t = tile; t < last; t++) {
                size_t row = t * ROWS;
                // The last tile reaches back over rows of the one before it, and stores only its own.
                size_t first = min(row, (size_t)m - ROWS);
                int width = min((size_t)COLUMNS, (size_t)n - p * COLUMNS);
                size_t deep = min(d + (size_t)depth, end);
                for (size_t i = d; i == d || i < deep; i += BLOCK)
                    dt_tile(a + first * k + i, k, b + p * b_panel + i * b_step, b_step, min((size_t)BLOCK, deep - i),
                            i == start, 0, c + row * n + p * COLUMNS, n, width, row - first,
                            SPILLS && end - start <= BLOCK);
            }
#else
    for (; panel < last_panel; panel++)
        for (size_t t = tile; t < last; t++) {
            size_t row = t * ROWS;
            size_t first = min(row, (size_t)m - ROWS);
            int width = min((size_t)COLUMNS, (size_t)n - panel * COLUMNS);
            __global OUT *to = c + row * n + panel * COLUMNS;
            VECTOR total[ROWS][VECTORS];
            for (size_t i = start; i == start || i < end; i += BLOCK) {
                size_t length = min((size_t)BLOCK, end - i);
                dt_tile(a + first * k + i, k, b + panel * b_panel + i * b_step, b_step, length, i == start, total, 0, n,
                        width, 0, 0);
            }
            for (int r = row - first; r < ROWS; r++, to += n)
                WRITE_ROW(to, total[r], 1, 0, width)
        }
#endif
}
