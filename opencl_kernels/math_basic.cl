// Rounding, signs and choices: exact, and as NumPy has them.

FUNCTION REAL dt_abs(REAL x)
{
    return AS_REAL(AS_INT(x) & ~SIGN_BIT);
}

// The magnitude of x with the sign of y
HELPER REAL dt_copysign(REAL x, REAL y)
{
    return AS_REAL((AS_INT(x) & ~SIGN_BIT) | (AS_INT(y) & SIGN_BIT));
}

// -1, 0 or 1; NaN stays NaN.
FUNCTION REAL dt_sign(REAL x)
{
    REAL one = dt_copysign(R(1.0), x);
    return x == R(0.0) ? R(0.0) : (x == x ? one : x);
}

// A NaN in either place is the answer.
FUNCTION REAL dt_maximum(REAL x, REAL y)
{
    REAL larger = x > y ? x : y;
    return x == x ? larger : x;
}

FUNCTION REAL dt_minimum(REAL x, REAL y)
{
    REAL smaller = x < y ? x : y;
    return x == x ? smaller : x;
}

// To the nearest integer, halves to the even one: past 2^MANTISSA_BITS there are no fractions left, so adding
// that much rounds them away.
FUNCTION REAL dt_round(REAL x)
{
    REAL large = PICK(0x1p23, 0x1p52);
    REAL magnitude = dt_abs(x);
    REAL rounded = (magnitude + large) - large;
    return magnitude < large ? dt_copysign(rounded, x) : x;
}

FUNCTION REAL dt_floor(REAL x)
{
    REAL nearest = dt_round(x);
    return nearest > x ? nearest - R(1.0) : nearest;
}

FUNCTION REAL dt_ceil(REAL x)
{
    return -dt_floor(-x);
}

FUNCTION REAL dt_trunc(REAL x)
{
    return dt_copysign(dt_floor(dt_abs(x)), x);
}

// The device's own: correctly rounded, for single precision as far as the device rounds sqrt correctly.
FUNCTION REAL dt_sqrt(REAL x)
{
    return SQRT(x);
}

// Within 2 ulp.
FUNCTION REAL dt_rsqrt(REAL x)
{
    return R(1.0) / SQRT(x);
}
