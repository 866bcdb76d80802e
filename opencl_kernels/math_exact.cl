// What rounding loses, exactly: a product or a sum as an unevaluated pair (Dekker, "A floating-point
// technique for extending the available precision", 1971).

// a b - product, where product is a * b rounded. The leading halves have so few bits that their product is
// exact; no fused operation is taken for granted, nor let in.
HELPER REAL dt_product_low(REAL a, REAL b, REAL product)
{
#pragma OPENCL FP_CONTRACT OFF
    INT leading = (INT)(-1) << ((MANTISSA_BITS + 2) / 2);
    REAL a_high = AS_REAL(AS_INT(a) & leading);
    REAL b_high = AS_REAL(AS_INT(b) & leading);
    REAL a_low = a - a_high;
    REAL b_low = b - b_high;
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
}

// a + b - sum, where sum is a + b rounded, for |a| >= |b| or a = 0
HELPER REAL dt_sum_low(REAL a, REAL b, REAL sum)
{
    return (a - sum) + b;
}
