// Running sums along the middle axis of (outer, size, inner), from the end where `reverse`; one work-item a column.

#pragma OPENCL FP_CONTRACT OFF

__kernel void dt_cumsum(__global const IN *restrict x, __global IN *restrict y, const ulong outer, const ulong size,
                        const ulong inner, const int reverse)
{
    size_t id = get_global_id(0);
    if (id >= outer * inner)
        return;
    size_t o = id / inner;
    size_t start = o * size * inner + (id - o * inner);
    ACC total = 0;
    for (size_t j = 0; j < size; j++) {
        size_t at = start + (reverse ? size - 1 - j : j) * inner;
        total += LOAD(x, at);
        STORE(y, at, total);
    }
}
