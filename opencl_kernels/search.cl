// The index of the first extremum along the middle axis of (outer, size, inner); a NaN is more extreme than any number.
// BETTER(v, best): whether v beats the best so far.

__kernel void dt_search(__global const IN *restrict x, __global long *restrict y, const ulong outer, const ulong size,
                        const ulong inner)
{
    size_t id = get_global_id(0);
    if (id >= outer * inner)
        return;
    size_t o = id / inner;
    x += o * size * inner + (id - o * inner);
    ACC best = LOAD(x, 0);
    long found = 0;
    for (long j = 1; j < size; j++) {
        ACC v = LOAD(x, j * inner);
        if (best == best && (BETTER(v, best) || v != v)) {
            best = v;
            found = j;
        }
    }
    y[id] = found;
}
