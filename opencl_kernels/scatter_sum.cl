// y[o, s, i] = the sum of x[o, j, i] over the j with indices[j] == s, in the order of j: y of shape (outer, size, inner).
//
// A work-item owns `part` places of WIDTH neighbouring columns (o, i), and reads all indices in order. So there are no
// races, and no sum depends on how work is divided. Callers check the range of indices; what is outside of
// it is left out.
//
// SUM, if defined, is the type of sums, which then stand in `sums`; COMPENSATED, if defined: behind them stands what
// rounding took from each (compensated.cl).

#pragma OPENCL FP_CONTRACT OFF
#define WIDTH 16

#ifdef COMPENSATED
#define BEGIN(at) sums[at] = rests[at] = 0
#define ADD(at, value) dt_add(sums + (at), rests + (at), value)
#define END(at) STORE(y, at, sums[at] + rests[at])

static inline void dt_add(__global SUM *restrict sum, __global SUM *restrict rest, SUM value)
{
    SUM before = *sum;
    *sum = before + value;
    *rest += dt_lost(before, value, *sum);
}
#elif defined(SUM)
#define BEGIN(at) sums[at] = 0
#define ADD(at, value) sums[at] += (value)
#define END(at) STORE(y, at, (ACC)sums[at])
#else
#define SUM IN
#define BEGIN(at) STORE(y, at, (ACC)0)
#define ADD(at, value) STORE(y, at, LOAD(y, at) + (value))
#define END(at)
#endif

__kernel void dt_scatter_sum(__global const IN *restrict x, __global const INDEX *restrict indices,
                             __global IN *restrict y, __global SUM *restrict sums, const ulong outer,
                             const ulong size, const ulong count, const ulong inner, const ulong part,
                             const ulong parts)
{
    size_t i = get_global_id(0) * WIDTH;
    size_t id = get_global_id(1);
    if (i >= inner || id >= outer * parts)
        return;
    size_t o = id / parts;
    long first = (id - o * parts) * part;
    long last = min(first + (long)part, (long)size);
    int width = min((size_t)WIDTH, (size_t)inner - i);
    x += o * count * inner + i;
    y += o * size * inner + i;
    sums += o * size * inner + i;
#ifdef COMPENSATED
    __global SUM *restrict rests = sums + outer * size * inner;
#endif
    for (long s = first; s < last; s++)
        for (int k = 0; k < width; k++)
            BEGIN(s * inner + k);
    for (size_t j = 0; j < count; j++) {
        long s = indices[j];
        s = s < 0 ? s + (long)size : s;
        if (s < first || s >= last)
            continue;
        if (width == WIDTH)
            for (int k = 0; k < WIDTH; k++)
                ADD(s * inner + k, LOAD(x, j * inner + k));
        else
            for (int k = 0; k < width; k++)
                ADD(s * inner + k, LOAD(x, j * inner + k));
    }
    for (long s = first; s < last; s++)
        for (int k = 0; k < width; k++)
            END(s * inner + k);
}
