// Running sums along the middle axis of (outer, size, inner), from the end where `reverse`; one work-item a column. SUM is
// the type of sums. COMPENSATED, if defined: runs of a few elements are added up, and the runs with what rounding
// takes from their sum (compensated.cl), which hardly waits for itself.

#pragma OPENCL FP_CONTRACT OFF

#ifdef COMPENSATED
#define RUN 16
#else
#define RUN size
#endif

__kernel void dt_cumsum(__global const IN *restrict x, __global IN *restrict y, const ulong outer, const ulong size,
                        const ulong inner, const int reverse)
{
    size_t id = get_global_id(0);
    if (id >= outer * inner)
        return;
    size_t o = id / inner;
    size_t start = o * size * inner + (id - o * inner);
    SUM total = 0;
    SUM rest = 0;
    for (size_t j = 0; j < size;) {
        size_t stop = min(j + (size_t)RUN, (size_t)size);
        SUM run = 0;
        for (; j < stop; j++) {
            size_t at = start + (reverse ? size - 1 - j : j) * inner;
            run += LOAD(x, at);
            STORE(y, at, (ACC)(total + (rest + run)));
        }
#ifdef COMPENSATED
        SUM sum = total + run;
        rest += dt_lost(total, run, sum);
        total = sum;
#endif
    }
}
