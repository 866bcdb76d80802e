// Integer arithmetic as NumPy has it: division rounds down, by zero it gives 0, and everything wraps around.
// T is the type; the largest negative number divided by -1 is itself.

static inline T dt_integer_floor_divide(T x, T y)
{
    if (y == 0)
        return 0;
    if (y == (T)-1 && (T)-1 < (T)1)
        return (T)(0 - (ulong)x);
    T quotient = x / y;
    return quotient * y != x && ((x < 0) != (y < 0)) ? quotient - 1 : quotient;
}

static inline T dt_integer_mod(T x, T y)
{
    if (y == 0 || (y == (T)-1 && (T)-1 < (T)1))
        return 0;
    T rest = x % y;
    return rest != 0 && ((rest < 0) != (y < 0)) ? rest + y : rest;
}

// By squaring; negative exponents are refused before a kernel runs.
static inline T dt_integer_power(T x, T y)
{
    ulong base = x;
    ulong result = 1;
    for (ulong rest = y; rest != 0; rest >>= 1) {
        result *= rest & 1 ? base : 1;
        base *= base;
    }
    return (T)result;
}

// Shifted by the width or more, nothing is left but the sign.
static inline T dt_integer_left_shift(T x, T y)
{
    return (ulong)y < 8 * sizeof(T) ? (T)((ulong)x << y) : 0;
}

static inline T dt_integer_right_shift(T x, T y)
{
    return (ulong)y < 8 * sizeof(T) ? (T)(x >> y) : x < 0 ? (T)-1 : 0;
}
