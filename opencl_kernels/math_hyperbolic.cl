// Hyperbolic functions, and the two activations built from the exponential.

// Within 3 ulp: e^2a - 1 over e^2a + 1.
FUNCTION REAL dt_tanh(REAL x)
{
    REAL a = dt_abs(x);
    a = a > R(20.0) ? R(20.0) : a;
    REAL m = dt_expm1(a + a);
    return dt_copysign(m / (m + R(2.0)), x);
}

// 1 / (1 + e^-x) within 3 ulp; only negative exponents, so nothing overflows.
FUNCTION REAL dt_sigmoid(REAL x)
{
    REAL e = dt_exp(-dt_abs(x));
    return (x < R(0.0) ? e : R(1.0)) / (R(1.0) + e);
}

// log(1 + e^x) within 2 ulp.
FUNCTION REAL dt_softplus(REAL x)
{
    return (x < R(0.0) ? R(0.0) : x) + dt_log1p(dt_exp(-dt_abs(x)));
}

// (sinh(x) / x - 1) / x^2 as a function of z = x^2, |x| <= 1; interpolates at Chebyshev nodes.
HELPER32 REAL dt_sinh_series(REAL z)
{
    REAL p = 2.0258885e-04f;
    p = p * z + 0.008331763f;
    p = p * z + 0.16666676f;
    return p;
}

HELPER64 REAL dt_sinh_series(REAL z)
{
    REAL p = 7.746178593018827e-13;
    p = p * z + 1.6057679623801638e-10;
    p = p * z + 2.5052117695907823e-08;
    p = p * z + 2.7557319191381816e-06;
    p = p * z + 0.00019841269841324198;
    p = p * z + 0.008333333333333299;
    p = p * z + 0.16666666666666666;
    return p;
}

// Within 2 ulp.
FUNCTION REAL dt_sinh(REAL x)
{
    REAL a = dt_abs(x);
    REAL half_exp = dt_exp_shifted(a, R(0.0), (INT)(-1));
    REAL z = a * a;
    REAL value = a < R(1.0) ? a + a * z * dt_sinh_series(z) : half_exp - R(0.25) / half_exp;
    return dt_copysign(value, x);
}

// Within 2 ulp.
FUNCTION REAL dt_cosh(REAL x)
{
    REAL half_exp = dt_exp_shifted(dt_abs(x), R(0.0), (INT)(-1));
    return half_exp + R(0.25) / half_exp;
}

// Within 3 ulp. sqrt(1 + x^2) - 1 is written without cancellation; for large x it is x.
FUNCTION REAL dt_asinh(REAL x)
{
    REAL a = dt_abs(x);
    INT large = a > PICK(0x1p30, 0x1p60);
    REAL b = large ? R(0.0) : a;
    REAL square = b * b;
    REAL value = dt_log1p(a + square / (R(1.0) + dt_sqrt(R(1.0) + square)));
    return dt_copysign(large ? value + R(0.6931471805599453) : value, x);
}

// Within 3 ulp.
FUNCTION REAL dt_acosh(REAL x)
{
    INT large = x > PICK(0x1p30, 0x1p60);
    REAL t = x - R(1.0);
    REAL b = large ? R(0.0) : t;
    REAL value = dt_log1p(t + dt_sqrt(b * (b + R(2.0))));
    value = large ? value + R(0.6931471805599453) : value;
    return x < R(1.0) ? NOT_A_NUMBER : value;
}

// Within 3 ulp.
FUNCTION REAL dt_atanh(REAL x)
{
    REAL a = dt_abs(x);
    REAL twice = a + a;
    REAL value = R(0.5) * dt_log1p(twice + twice * a / (R(1.0) - a));
    return a > R(1.0) ? NOT_A_NUMBER : dt_copysign(value, x);
}
