// The right factors of products, matrices (k, n), as matmul.cl reads them: panels of COLUMNS columns, padded with
// zeros; one work-item a row of a panel.

__kernel void dt_pack(__global const IN *restrict b, __global REAL *restrict packed, const ulong matrices,
                      const ulong k, const ulong n)
{
    size_t panels = (n + COLUMNS - 1) / COLUMNS;
    size_t id = get_global_id(0);
    if (id >= matrices * panels * k)
        return;
    size_t i = id % k;
    size_t rest = id / k;
    size_t column = rest % panels * COLUMNS;
    size_t width = min((size_t)COLUMNS, (size_t)n - column);
    b += (rest / panels * k + i) * n + column;
    packed += id * COLUMNS;
    if (width == COLUMNS)
        for (int j = 0; j < COLUMNS; j++)
            packed[j] = LOAD(b, j);
    else
        for (size_t j = 0; j < COLUMNS; j++)
            packed[j] = j < width ? LOAD(b, j) : 0;
}
