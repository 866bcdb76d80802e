// Logarithms.
//
// x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2). With s = f / (2 + f), log(1 + f) = 2 atanh(s), and
// as 2 s = f - s f, the series only corrects f: log(1 + f) = f - s (f - (2 atanh(s) - 2 s) / s).

// (2 atanh(s) / s - 2) / s^2 as a function of z = s^2, |s| <= 3 - 2 sqrt(2); interpolates at Chebyshev nodes.
HELPER32 REAL dt_atanh_series(REAL z)
{
    REAL p = 0.2958075f;
    p = p * z + 0.39988762f;
    p = p * z + 0.66666687f;
    return p;
}

HELPER64 REAL dt_atanh_series(REAL z)
{
    REAL p = 0.1461749869387011;
    p = p * z + 0.15331636699545695;
    p = p * z + 0.18182891680439733;
    p = p * z + 0.22222211099711295;
    p = p * z + 0.28571428626190487;
    p = p * z + 0.39999999999899033;
    p = p * z + 0.666666666666667;
    return p;
}

// The k above, for normal x > 0
HELPER INT dt_exponent(REAL x)
{
    return (AS_INT(x) - AS_INT(R(0.70710678118654752))) >> MANTISSA_BITS;
}

// x 2^-k, where x is normal and so is the result
HELPER REAL dt_without_exponent(REAL x, INT k)
{
    return AS_REAL(AS_INT(x) - (k << MANTISSA_BITS));
}

// log(1 + f)
HELPER REAL dt_log_near_one(REAL f)
{
    REAL s = f / (R(2.0) + f);
    REAL z = s * s;
    return f - s * (f - z * dt_atanh_series(z));
}

// k ln 2 + log(1 + f)
HELPER REAL dt_log_sum(REAL k, REAL f)
{
    REAL s = f / (R(2.0) + f);
    REAL z = s * s;
    REAL correction = s * (f - z * dt_atanh_series(z)) - k * PICK(3.1946183e-05, 7.371002565167799e-13);
    return k * PICK(0.69311523, 0.6931471805592082) + (f - correction);
}

// What a logarithm of x is beside its value for 0 < x < infinity
HELPER REAL dt_log_limits(REAL x, REAL value)
{
    REAL outside = x == R(0.0) ? -INF : NOT_A_NUMBER;
    return x > R(0.0) ? (x < INF ? value : x) : outside;
}

// Within 1 ulp; subnormal arguments too.
FUNCTION REAL dt_log(REAL x)
{
    INT subnormal = x < SMALLEST_NORMAL;
    REAL y = subnormal ? x * PICK(0x1p24, 0x1p53) : x;
    INT k = dt_exponent(y);
    REAL m = dt_without_exponent(y, k);
    k = subnormal ? k - (MANTISSA_BITS + 1) : k;
    return dt_log_limits(x, dt_log_sum(dt_to_real(k), m - R(1.0)));
}

// Within 2 ulp.
FUNCTION REAL dt_log2(REAL x)
{
    INT subnormal = x < SMALLEST_NORMAL;
    REAL y = subnormal ? x * PICK(0x1p24, 0x1p53) : x;
    INT k = dt_exponent(y);
    REAL m = dt_without_exponent(y, k);
    k = subnormal ? k - (MANTISSA_BITS + 1) : k;
    REAL fraction = dt_log_near_one(m - R(1.0)) * R(1.4426950408889634);
    return dt_log_limits(x, dt_to_real(k) + fraction);
}

// log(1 + x) within 2 ulp. What rounding u = 1 + x lost is put back where it counts, in f.
FUNCTION REAL dt_log1p(REAL x)
{
    REAL u = R(1.0) + x;
    REAL lost = x < R(1.0) ? x - (u - R(1.0)) : R(1.0) - (u - x);
    INT k = dt_exponent(u);
    REAL f = dt_without_exponent(u, k) - R(1.0);
    INT bounded = k > 64 ? (INT)(64) : k;
    f += lost * AS_REAL((EXPONENT_BIAS - bounded) << MANTISSA_BITS);
    f = k == 0 ? x : f;
    REAL value = dt_log_limits(u, dt_log_sum(dt_to_real(k), f));
    return x == R(0.0) ? x : value;  // keeps -0
}
