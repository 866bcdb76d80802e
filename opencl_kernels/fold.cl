// One pass of a reduction of the middle axis of (outer, size, columns): each part of `part` neighbours becomes one
// element of (outer, parts, columns).
//
// Defined before this text: IN, OUT, ACC, LOAD, STORE, IDENTITY and COMBINE(a, b). The order in which elements are combined
// depends on the sizes only. LANES independent accumulators, emptied into totals after every BLOCK steps, keep
// the error of long sums small and the loops short enough for registers; there is no memory shared by work-items.

#define LANES 16
#define BLOCK 16

// Neighbours in memory are reduced together: columns == 1.
__kernel void dt_fold_neighbours(__global const IN *restrict x, __global OUT *restrict y, const ulong outer,
                                 const ulong size, const ulong columns, const ulong part, const ulong parts)
{
    size_t id = get_global_id(0);
    if (id >= outer * parts)
        return;
    size_t row = id / parts;
    size_t start = (id - row * parts) * part;
    size_t end = min(start + (size_t)part, (size_t)size);
    x += row * size;
    ACC total = IDENTITY;
    while (end - start >= LANES) {
        ACC lane[LANES];
        for (int k = 0; k < LANES; k++)
            lane[k] = IDENTITY;
        for (int step = 0; step < BLOCK && end - start >= LANES; step++, start += LANES)
            for (int k = 0; k < LANES; k++)
                lane[k] = COMBINE(lane[k], LOAD(x, start + k));
        for (int half_ = LANES / 2; half_ > 0; half_ /= 2)
            for (int k = 0; k < half_; k++)
                lane[k] = COMBINE(lane[k], lane[k + half_]);
        total = COMBINE(total, lane[0]);
    }
    for (; start < end; start++)
        total = COMBINE(total, LOAD(x, start));
    STORE(y, id, total);
}
