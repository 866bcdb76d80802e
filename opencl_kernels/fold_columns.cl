// One pass of a reduction of the middle axis of (outer, size, columns), as in fold.cl, for columns > 1: one
// work-item reduces LANES neighbouring columns.

#define LANES 16
#define BLOCK 16

__kernel void dt_fold_columns(__global const IN *restrict x, __global OUT *restrict y, const ulong outer,
                              const ulong size, const ulong columns, const ulong part, const ulong parts)
{
    size_t pieces = (columns + LANES - 1) / LANES;
    size_t id = get_global_id(0);
    if (id >= outer * parts * pieces)
        return;
    size_t group = id / pieces;
    size_t column = (id - group * pieces) * LANES;
    size_t row = group / parts;
    size_t start = (group - row * parts) * part;
    size_t end = min(start + (size_t)part, (size_t)size);
    int count = min((size_t)LANES, (size_t)columns - column);
    x += (row * size + start) * columns + column;
    y += group * columns + column;
    ACC total[LANES];
    for (int k = 0; k < LANES; k++)
        total[k] = IDENTITY;
    while (start < end) {
        size_t stop = min(start + BLOCK, end);
        ACC lane[LANES];
        for (int k = 0; k < LANES; k++)
            lane[k] = IDENTITY;
        if (count == LANES)
            for (; start < stop; start++, x += columns)
                for (int k = 0; k < LANES; k++)
                    lane[k] = COMBINE(lane[k], LOAD(x, k));
        else
            for (; start < stop; start++, x += columns)
                for (int k = 0; k < count; k++)
                    lane[k] = COMBINE(lane[k], LOAD(x, k));
        for (int k = 0; k < LANES; k++)
            total[k] = COMBINE(total[k], lane[k]);
    }
    for (int k = 0; k < count; k++)
        STORE(y, k, total[k]);
}
