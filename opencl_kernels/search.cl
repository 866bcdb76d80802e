// The index of the first extremum along the middle axis of (outer, size, inner); a NaN is more extreme than any number.
//
// Defined before this text: NO_BETTER(v, best), whether v does not beat the best so far, which is false for a NaN; INDEX, a
// type that holds indices; WIDTH, how many columns one work-item searches, or, where the axis is the last one (inner == 1),
// how many neighbours of it are compared at the same time with as many before them.

#define BETTER(v, best) ((best) == (best) && !(NO_BETTER(v, best)))

__kernel void dt_search(__global const IN *restrict x, __global long *restrict y, const ulong outer, const ulong size,
                        const ulong inner)
{
    size_t pieces = inner == 1 ? 1 : (inner + WIDTH - 1) / WIDTH;
    size_t id = get_global_id(0);
    if (id >= outer * pieces)
        return;
    size_t o = id / pieces;
    size_t column = (id - o * pieces) * WIDTH;
    size_t step = inner == 1 ? WIDTH : inner;
    size_t last = inner == 1 ? size / WIDTH : size;
    int width = min((size_t)WIDTH, inner == 1 ? (size_t)size : inner - column);
    x += o * size * inner + column;
    ACC best[WIDTH];
    INDEX found[WIDTH];
    for (int k = 0; k < width; k++) {
        best[k] = LOAD(x, k);
        found[k] = 0;
    }
    for (INDEX j = 1; j < (INDEX)last; j++)
        for (int k = 0; k < width; k++) {
            const ACC v = LOAD(x, j * step + k);
            const int better = BETTER(v, best[k]);
            best[k] = better ? v : best[k];
            found[k] = better ? j : found[k];
        }
    if (inner != 1) {
        for (int k = 0; k < width; k++)
            y[o * inner + column + k] = found[k];
        return;
    }
    ACC most = best[0];
    size_t first = found[0] * step;
    for (int k = 1; k < width; k++) {
        const size_t at = found[k] * step + k;
        const int same = best[k] == most || (best[k] != best[k] && most != most);
        if (BETTER(best[k], most) || (same && at < first)) {
            most = best[k];
            first = at;
        }
    }
    for (size_t i = last ? last * step : width; i < size; i++) {
        const ACC v = LOAD(x, i);
        if (BETTER(v, most)) {
            most = v;
            first = i;
        }
    }
    y[o] = first;
}
