// Exponentials.
//
// e^x = 2^k e^r with k the integer nearest to x / ln 2 and |r| <= ln(2)/2 (Cody and Waite, "Software Manual
// for the Elementary Functions", 1980, ch. 6). ln 2 is cut in two so that k times its leading part is exact.
// Every series here interpolates its function at Chebyshev nodes, computed in 70 digits and then rounded.

// p * 2^k in two steps, so that k may leave the range of exponents by as much again: a result below the
// normal range is rounded once, one above is infinite.
HELPER REAL dt_scale(REAL p, INT k)
{
    INT part = k >> 1;
    REAL first = AS_REAL((part + EXPONENT_BIAS) << MANTISSA_BITS);
    REAL second = AS_REAL((k - part + EXPONENT_BIAS) << MANTISSA_BITS);
    return p * first * second;
}

// The integer nearest to x, for |x| < 2^(MANTISSA_BITS - 2): adding ROUNDER leaves it in the last bits.
HELPER INT dt_nearest(REAL x)
{
    return AS_INT(x + ROUNDER) - AS_INT(ROUNDER);
}

// The inverse of dt_nearest. (convert_ from long is not vectorised before AVX-512.)
HELPER REAL dt_to_real(INT k)
{
    return AS_REAL(k + AS_INT(ROUNDER)) - ROUNDER;
}

// x - k ln 2
HELPER REAL dt_exp_rest(REAL x, REAL k)
{
    REAL r = x - k * PICK(0.69311523, 0.6931471805592082);
    return r - k * PICK(3.1946183e-05, 7.371002565167799e-13);
}

// (e^r - 1 - r) / r^2 for |r| <= ln(2)/2
HELPER32 REAL dt_exp_series(REAL r)
{
    REAL p = 0.001392625f;
    p = p * r + 0.008363233f;
    p = p * r + 0.041666552f;
    p = p * r + 0.16666576f;
    p = p * r + 0.5f;
    return p;
}

HELPER64 REAL dt_exp_series(REAL r)
{
    REAL p = 2.5100472505694996e-08;
    p = p * r + 2.7620201591031547e-07;
    p = p * r + 2.7557268276905696e-06;
    p = p * r + 2.4801521057868204e-05;
    p = p * r + 0.00019841269863171557;
    p = p * r + 0.0013888888917367081;
    p = p * r + 0.008333333333330039;
    p = p * r + 0.041666666666623824;
    p = p * r + 0.16666666666666669;
    p = p * r + 0.5000000000000001;
    return p;
}

// e^(x - low) 2^shift, for small shift and low
HELPER REAL dt_exp_shifted(REAL x, REAL low, INT shift)
{
    // Comparisons are written so that a NaN passes through them.
    x = x > PICK(100.0, 750.0) ? PICK(100.0, 750.0) : x;
    x = x < PICK(-120.0, -800.0) ? PICK(-120.0, -800.0) : x;
    INT k = dt_nearest(x * R(1.4426950408889634));
    REAL r = dt_exp_rest(x, dt_to_real(k)) - low;
    return dt_scale(R(1.0) + (r + r * r * dt_exp_series(r)), k + shift);
}

// Within 1.2 ulp; subnormal results too.
FUNCTION REAL dt_exp(REAL x)
{
    return dt_exp_shifted(x, R(0.0), (INT)(0));
}

// 2^r for |r| <= 1/2, less 1, divided by r
HELPER32 REAL dt_exp2_series(REAL r)
{
    REAL p = 1.5297324e-05f;
    p = p * r + 1.5461445e-04f;
    p = p * r + 0.0013333502f;
    p = p * r + 0.009618057f;
    p = p * r + 0.05550411f;
    p = p * r + 0.2402265f;
    p = p * r + 0.6931472f;
    return p;
}

HELPER64 REAL dt_exp2_series(REAL r)
{
    REAL p = 2.5729324177362305e-11;
    p = p * r + 4.4558179083360645e-10;
    p = p * r + 7.0548973041554995e-09;
    p = p * r + 1.0178057087733941e-07;
    p = p * r + 1.3215486808705563e-06;
    p = p * r + 1.5252733841556773e-05;
    p = p * r + 0.00015403530393370734;
    p = p * r + 0.001333355814640647;
    p = p * r + 0.00961812910762848;
    p = p * r + 0.055504108664821625;
    p = p * r + 0.24022650695910072;
    p = p * r + 0.6931471805599453;
    return p;
}

// 2^(x + low), where low is at most a few ulp of x
HELPER REAL dt_exp2_sum(REAL x, REAL low)
{
    x = x > PICK(150.0, 1100.0) ? PICK(150.0, 1100.0) : x;
    x = x < PICK(-200.0, -1200.0) ? PICK(-200.0, -1200.0) : x;
    INT k = dt_nearest(x);
    REAL r = (x - dt_to_real(k)) + low;
    return dt_scale(R(1.0) + r * dt_exp2_series(r), k);
}

// Within 1.2 ulp.
FUNCTION REAL dt_exp2(REAL x)
{
    return dt_exp2_sum(x, R(0.0));
}

// e^x - 1 within 2.5 ulp: 2^k (e^r - 1) + (2^k - 1), all halved so that 2^k does not overflow.
FUNCTION REAL dt_expm1(REAL x)
{
    // The upper bound overflows, but only in the last product.
    REAL y = x > PICK(88.73, 709.79) ? PICK(88.73, 709.79) : x;
    y = y < R(-50.0) ? R(-50.0) : y;
    INT k = dt_nearest(y * R(1.4426950408889634));
    REAL r = dt_exp_rest(y, dt_to_real(k));
    REAL m = r + r * r * dt_exp_series(r);
    REAL scale = AS_REAL((k - 1 + EXPONENT_BIAS) << MANTISSA_BITS);
    REAL shifted = R(2.0) * (scale * m + (scale - R(0.5)));
    REAL result = k == 0 ? m : shifted;
    return x == R(0.0) ? x : result;  // keeps -0
}
