// One pass of a reduction of the middle axis of (outer, size, columns), as in fold.cl, for columns > 1: one
// work-item reduces WIDTH neighbouring columns, so that it reads long pieces of rows.

#define BLOCK 8

__kernel void dt_fold_columns(__global const IN *restrict x, __global OUT *restrict y, const ulong outer,
                              const ulong size, const ulong columns, const ulong part, const ulong parts)
{
    size_t pieces = (columns + WIDTH - 1) / WIDTH;
    size_t id = get_global_id(0);
    if (id >= outer * parts * pieces)
        return;
    size_t group = id / pieces;
    size_t column = (id - group * pieces) * WIDTH;
    size_t row = group / parts;
    size_t start = (group - row * parts) * part;
    size_t end = min(start + (size_t)part, (size_t)size);
    int width = min((size_t)WIDTH, (size_t)columns - column);
    x += (row * size + start) * columns + column;
    y += group * columns + column;
    ACC total[WIDTH];
    for (int k = 0; k < WIDTH; k++)
        total[k] = IDENTITY;
    // BLOCK rows at a time, whose ends and beginnings follow each other: so many lines of memory are on their way.
    for (; end - start >= BLOCK; start += BLOCK, x += BLOCK * columns)
        for (int k = 0; k < width; k++) {
            ACC sum = LOAD(x, k);
#pragma unroll
            for (int i = 1; i < BLOCK; i++)
                sum = COMBINE(sum, LOAD(x, i * columns + k));
            total[k] = COMBINE(total[k], sum);
        }
    for (; start < end; start++, x += columns)
        for (int k = 0; k < width; k++)
            total[k] = COMBINE(total[k], LOAD(x, k));
    for (int k = 0; k < width; k++)
        STORE(y, k, total[k]);
}
