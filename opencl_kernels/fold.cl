// One pass of a reduction of the middle axis of (outer, size, columns): each part of `part` neighbours becomes one
// element of (outer, parts, columns).
//
// Defined before this text: IN, OUT, ACC, LOAD, STORE, IDENTITY and COMBINE(a, b). The order in which elements are combined
// depends on the sizes only. LANES independent totals, to which BLOCK elements each are added at a time, keep the error of
// long sums small; there is no memory shared by work-items.

#define LANES 16
#define BLOCK 8

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
    ACC total[LANES];
    for (int k = 0; k < LANES; k++)
        total[k] = IDENTITY;
    for (; end - start >= LANES * BLOCK; start += LANES * BLOCK)
        for (int k = 0; k < LANES; k++) {
            ACC sum = LOAD(x, start + k);
#pragma unroll
            for (int i = 1; i < BLOCK; i++)
                sum = COMBINE(sum, LOAD(x, start + i * LANES + k));
            total[k] = COMBINE(total[k], sum);
        }
    for (; end - start >= LANES; start += LANES)
        for (int k = 0; k < LANES; k++)
            total[k] = COMBINE(total[k], LOAD(x, start + k));
    for (int k = 0; start < end; start++, k++)
        total[k] = COMBINE(total[k], LOAD(x, start));
    for (int half_ = LANES / 2; half_ > 0; half_ /= 2)
        for (int k = 0; k < half_; k++)
            total[k] = COMBINE(total[k], total[k + half_]);
    STORE(y, id, total[0]);
}
