// The first of the indices in each of `parts` runs that is not from -size to size - 1: found[2 p] is its place, or -1 where
// all are inside, and found[2 p + 1] the index. One work-item goes through one run.

#define WIDTH 64

static bool dt_is_outside(long index, long size)
{
    return index < -size || index >= size;
}

__kernel void dt_outside(__global const INDEX *restrict indices, __global long *restrict found, const ulong count,
                         const ulong size, const ulong part, const ulong parts)
{
    size_t p = get_global_id(0);
    if (p >= parts)
        return;
    size_t last = min((size_t)(p + 1) * part, (size_t)count);
    long place = -1;
    long index = 0;
    for (size_t start = p * part; start < last && place < 0; start += WIDTH) {
        size_t end = min(start + WIDTH, last);
        // No search inside of this loop, so that compilers make vectors of it.
        int any = 0;
        for (size_t j = start; j < end; j++)
            any |= dt_is_outside(indices[j], size);
        for (size_t j = start; any && j < end && place < 0; j++)
            if (dt_is_outside(indices[j], size)) {
                place = j;
                index = indices[j];
            }
    }
    found[2 * p] = place;
    found[2 * p + 1] = index;
}
