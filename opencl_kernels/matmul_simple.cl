// c = a b for matrices (m, k) and (k, n), one work-item an element; for element types without a fast kernel.
// starts[2 i] and starts[2 i + 1]: where the factors of product i begin.

__kernel void dt_matmul_simple(__global const IN *restrict a, __global const IN *restrict b, __global IN *restrict c,
                               __global const long *restrict starts, const ulong products, const ulong m,
                               const ulong k, const ulong n)
{
    size_t id = get_global_id(0);
    if (id >= products * m * n)
        return;
    size_t row = id / n;
    size_t product = row / m;
    a += starts[2 * product] + (row - product * m) * k;
    b += starts[2 * product + 1] + (id - row * n);
    ACC total = 0;
    for (size_t i = 0; i < k; i++)
        total = total + LOAD(a, i) * LOAD(b, i * n);
    STORE(c, id, total);
}
