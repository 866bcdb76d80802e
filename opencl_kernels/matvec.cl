// c = a b for matrices (m, k) and vectors (k): one work-item a part of a row. starts[2 i] and starts[2 i + 1]: where the
// factors of product i begin. Defined before this text: IN and LOAD of a and b; OUT and STORE of c; REAL, the type
// that is computed with; LANES; VECTOR and READ, an unaligned vector of a or b; WIDE.

#define BLOCK 16

WIDE __kernel void dt_matvec(__global const IN *restrict a, __global const IN *restrict b, __global OUT *restrict c,
                             __global const long *restrict starts, const ulong products, const ulong m, const ulong k,
                             const ulong part, const ulong parts)
{
    size_t id = get_global_id(0);
    if (id >= products * parts * m)
        return;
    size_t matrix = id / m;
    size_t row = id - matrix * m;
    size_t product = parts == 1 ? matrix : matrix / parts;
    size_t start = (matrix - product * parts) * part;
    size_t end = min(start + (size_t)part, (size_t)k);
    a += starts[2 * product] + row * k;
    b += starts[2 * product + 1];
    // Short sums are added up, which keeps rounding errors small.
    VECTOR total = (VECTOR)(0);
    while (end - start >= LANES) {
        VECTOR sum = (VECTOR)(0);
        for (int step = 0; step < BLOCK && end - start >= LANES; step++, start += LANES)
            sum += READ(a, start) * READ(b, start);
        total += sum;
    }
    REAL result = 0;
    for (int j = 0; j < LANES; j++)
        result += ((const REAL *)&total)[j];
    for (; start < end; start++)
        result += LOAD(a, start) * LOAD(b, start);
    STORE(c, id, result);
}
