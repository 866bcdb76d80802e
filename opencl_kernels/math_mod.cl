// The remainder of a division, exact.

// The exponent of positive x, within 1; subnormal x too
HELPER INT dt_size(REAL x)
{
    INT subnormal = x < SMALLEST_NORMAL;
    INT bits = AS_INT(subnormal ? x * PICK(0x1p24, 0x1p53) : x) >> MANTISSA_BITS;
    return subnormal ? bits - (MANTISSA_BITS + 1) : bits;
}

// Takes from x a multiple of y (both positive) large enough to leave x < 2^(size of quotient - MANTISSA_BITS + 3) y.
// The quotient has few enough bits that its product with y 2^shift is exact as a pair.
HELPER REAL dt_mod_step(REAL x, REAL y)
{
    INT shift = dt_size(x) - dt_size(y) - (MANTISSA_BITS - 3);
    REAL divisor = dt_scale(y, shift > 0 ? shift : (INT)(0));
    // Rounded down, lest the product exceed x.
    REAL quotient = dt_trunc(x / divisor * PICK(0.9999998, 0.9999999999999996));
    REAL product = quotient * divisor;
    return (x - product) - dt_product_low(quotient, divisor, product);
}

// x - floor(x / y) y, exact before its one rounding: the result has the sign of y, as Python and NumPy have it.
FUNCTION REAL dt_mod(REAL x, REAL y)
{
    REAL divisor = dt_abs(y);
    REAL rest = dt_abs(x);
    INT valid = (rest < INF) & (divisor > R(0.0));
    INT direct = !valid | (rest < divisor);
    REAL a = direct ? R(1.0) : rest;
    REAL b = direct ? R(2.0) : divisor;
    a = dt_mod_step(a, b);
    // Each step removes MANTISSA_BITS - 4 bits of the quotient, which has at most as many as there are exponents
    // and fraction bits. Far quotients are rare, so the others need not wait for them.
    if (ANY(a > R(4.0) * b)) {
        for (int i = 0; i < (2 * EXPONENT_BIAS + MANTISSA_BITS) / (MANTISSA_BITS - 4); i++)
            a = dt_mod_step(a, b);
    }
    a = a >= b ? a - b : a;
    a = a >= b ? a - b : a;
    rest = dt_copysign(direct ? rest : a, x);
    REAL moved = (rest < R(0.0)) == (y < R(0.0)) ? rest : rest + y;
    moved = rest == R(0.0) ? dt_copysign(R(0.0), y) : moved;
    return valid ? moved : NOT_A_NUMBER;
}
