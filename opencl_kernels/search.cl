// The index of the first extremum along the middle axis of (outer, size, inner); a NaN is more extreme than any number.
// NO_BETTER(v, best): whether v does not beat the best so far; it is false for a NaN.

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
    for (long j = 1; j < size && best == best; j++) {
        ACC v = LOAD(x, j * inner);
        if (!(NO_BETTER(v, best))) {
            best = v;
            found = j;
        }
    }
    y[id] = found;
}
