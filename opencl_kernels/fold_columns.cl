// One pass of a reduction of the middle axis of (outer, size, columns), as in fold.cl, for columns > 1: one
// work-item reduces STRIP times LANES neighbouring columns, so that it reads long pieces of rows.

#define LANES 16
#define BLOCK 16
#define WIDTH (LANES * STRIP)

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
    for (; start < end; start += BLOCK, x += BLOCK * columns) {
        size_t rows = min((size_t)BLOCK, end - start);
        for (int first = 0; first < width; first += LANES) {
            int count = min(LANES, width - first);
            __global const IN *from = x + first;
            ACC lane[LANES];
            for (int k = 0; k < LANES; k++)
                lane[k] = IDENTITY;
            if (count == LANES)
                for (size_t i = 0; i < rows; i++, from += columns)
                    for (int k = 0; k < LANES; k++)
                        lane[k] = COMBINE(lane[k], LOAD(from, k));
            else
                for (size_t i = 0; i < rows; i++, from += columns)
                    for (int k = 0; k < count; k++)
                        lane[k] = COMBINE(lane[k], LOAD(from, k));
            for (int k = 0; k < LANES; k++)
                total[first + k] = COMBINE(total[first + k], lane[k]);
        }
    }
    for (int k = 0; k < width; k++)
        STORE(y, k, total[k]);
}
