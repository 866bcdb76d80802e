// The remainder of a division, exact.

// The exponent of positive x, within 1; subnormal x too
HELPER INT dt_size(REAL x)
{
    INT subnormal = x < SMALLEST_NORMAL;
    INT bits = AS_INT(subnormal ? x * PICK(0x1p24, 0x1p53) : x) >> MANTISSA_BITS;
    return subnormal ? bits - (MANTISSA_BITS + 1) : bits;
}

// x less the nearest multiple of y > 0, when the quotient is below 2^(MANTISSA_BITS - 2); for larger ones, less a
// multiple of y 2^n, so that what is left is as many bits smaller. So short a quotient times y is exact as a
// pair, and what is left, at most 5/8 of y 2^n, is exact too.
HELPER REAL dt_mod_step(REAL x, REAL y)
{
    INT shift = dt_size(dt_abs(x)) - dt_size(y) - (MANTISSA_BITS - 3);
    INT most = (INT)(2 * EXPONENT_BIAS - 6);
    shift = shift > most ? most : (shift < 0 ? (INT)(0) : shift);
    REAL divisor = dt_scale(y, shift);
    REAL quotient = dt_round(x / divisor);
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
    REAL b = direct ? R(1.0) : divisor;
    // A quarter of a large x keeps products from overflowing.
    INT large = rest > PICK(0x1p125, 0x1p1021);
    REAL a = direct ? R(0.0) : (large ? R(0.25) * rest : rest);
    a = dt_mod_step(a, b);

    // Each step takes MANTISSA_BITS - 4 bits off the quotient, which may be as long as the range of exponents. So long
    // ones are rare, and the others do not wait for them.
    INT unfinished = (dt_abs(a) >= b) | large;
    if (ANY(unfinished)) {
        for (int i = 0; i < (2 * EXPONENT_BIAS + MANTISSA_BITS) / (MANTISSA_BITS - 4) + 1; i++)
            a = dt_mod_step(a, b);
        a = dt_mod_step(large ? R(4.0) * a : a, b);
    }
    a = a < R(0.0) ? a + b : a;

    rest = dt_copysign(direct ? rest : a, x);
    REAL moved = (rest < R(0.0)) == (y < R(0.0)) ? rest : rest + y;
    moved = rest == R(0.0) ? dt_copysign(R(0.0), y) : moved;
    return valid ? moved : NOT_A_NUMBER;
}

// Within 1.5 ulp: floor(x / y) of the exact quotient, as Python and NumPy have it: of 6 and 0.1f it is 59, though 6 / 0.1f rounds to 60.
FUNCTION REAL dt_floor_divide(REAL x, REAL y)
{
    REAL quotient = x / y;
    REAL size = dt_abs(x);
    REAL rest = dt_mod(size, dt_abs(y));
    REAL whole = dt_round((size - rest) / dt_abs(y));
    INT below = (quotient < R(0.0)) | ((quotient == R(0.0)) & ((x < R(0.0)) != (y < R(0.0))));
    whole = below ? -(rest > R(0.0) ? whole + R(1.0) : whole) : whole;
    whole = whole == R(0.0) ? dt_copysign(R(0.0), quotient) : whole;
    return y == R(0.0) ? quotient : whole;
}
