// ROWS rows of the product of two matrices, each as VECTORS vectors; those of `b` lie `b_step` elements apart, and are as long
// as that at least. The sums begin at zero, and stay in registers.
//
// Defined before this text: ROWS; VECTORS; WIDE, the attributes of functions of vectors; and vectors.cl.

#pragma OPENCL FP_CONTRACT ON

static WIDE void dt_product(__global const REAL *restrict a, const long a_step, __global const REAL *restrict b,
                            const long b_step, const long length, VECTOR *restrict sums)
{
    VECTOR sum[ROWS][VECTORS];
#pragma unroll
    for (int r = 0; r < ROWS; r++)
#pragma unroll
        for (int v = 0; v < VECTORS; v++)
            sum[r][v] = (VECTOR)(0);
    for (long i = 0; i < length; i++) {
        VECTOR right[VECTORS];
#pragma unroll
        for (int v = 0; v < VECTORS; v++)
            right[v] = *(__global const dt_unaligned *)(b + i * b_step + v * LANES);
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            const REAL left = a[r * a_step + i];
#pragma unroll
            for (int v = 0; v < VECTORS; v++)
                sum[r][v] = left * right[v] + sum[r][v];
        }
    }
#pragma unroll
    for (int r = 0; r < ROWS; r++)
#pragma unroll
        for (int v = 0; v < VECTORS; v++)
            sums[r * VECTORS + v] = sum[r][v];
}

#pragma OPENCL FP_CONTRACT OFF
