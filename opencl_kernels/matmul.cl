// c = a b for matrices (m, k) and (k, n): one work-item computes a tile of ROWS rows and VECTORS vectors of columns.
//
// Defined before this text: IN and LOAD of a; OUT, STORE and WRITE, which stores a vector, of c; REAL, the type that is computed with; LANES; VECTOR; ROWS;
// VECTORS; WIDE. The columns of b lie in panels of VECTORS * LANES, padded with zeros: element (i, j) of panel p at
// b[p * b_panel + i * b_step + j]. Rows of k are cut into parts, each of which gives a matrix c of its own.
// starts[2 i] and starts[2 i + 1]: where the factors of product i begin.

#define BLOCK 256

// Adds the product of ROWS rows and one panel to `total`, or begins with it. It is a function, and its sums begin at zero,
// so that they stay in registers, and so that short sums are added up, which keeps rounding errors small.
WIDE __attribute__((noinline)) static void dt_tile(__global const IN *restrict a, const size_t a_step,
                                                   __global const REAL *restrict b, const size_t b_step,
                                                   const size_t length, const int begin,
                                                   VECTOR total[ROWS][VECTORS])
{
    VECTOR sum[ROWS][VECTORS];
#pragma unroll
    for (int r = 0; r < ROWS; r++)
#pragma unroll
        for (int v = 0; v < VECTORS; v++)
            sum[r][v] = (VECTOR)(0);
    for (size_t i = 0; i < length; i++) {
        VECTOR right[VECTORS];
#pragma unroll
        for (int v = 0; v < VECTORS; v++)
            right[v] = *(__global const VECTOR *)(b + i * b_step + v * LANES);
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            REAL left = LOAD(a, r * a_step + i);
#pragma unroll
            for (int v = 0; v < VECTORS; v++)
                sum[r][v] += left * right[v];
        }
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
                             const ulong parts)
{
    size_t row_tiles = (m + ROWS - 1) / ROWS;
    size_t panels = (n + COLUMNS - 1) / COLUMNS;
    size_t id = get_global_id(0);
    if (id >= products * parts * panels * row_tiles)
        return;
    // Rows vary fastest: a panel of b stays in cache.
    size_t rest = id / row_tiles;
    size_t row = (id - rest * row_tiles) * ROWS;
    size_t matrix = rest / panels;
    size_t panel = rest - matrix * panels;
    size_t product = matrix / parts;
    size_t start = (matrix - product * parts) * part;
    size_t end = min(start + (size_t)part, (size_t)k);
    // The last tile reaches back over rows of the one before it, and stores only its own.
    size_t first = min(row, (size_t)m - ROWS);
    size_t skipped = row - first;
    a += starts[2 * product] + first * k;
    b += starts[2 * product + 1] + panel * b_panel;

    VECTOR total[ROWS][VECTORS];
    size_t i = start;
    do {
        size_t length = min((size_t)BLOCK, end - i);
        dt_tile(a + i, k, b + i * b_step, b_step, length, i == start, total);
        i += BLOCK;
    } while (i < end);

    int width = min((size_t)COLUMNS, (size_t)n - panel * COLUMNS);
    c += (matrix * m + row) * n + panel * COLUMNS;
    for (size_t r = skipped; r < ROWS; r++, c += n)
        for (int v = 0; v < VECTORS; v++) {
            if ((v + 1) * LANES <= width)
                WRITE(c, v * LANES, total[r][v]);
            else
                for (int j = v * LANES; j < width; j++)
                    STORE(c, j, ((const REAL *)&total[r][v])[j - v * LANES]);
        }
}
