// The power x^y = 2^(y log2 x).
//
// An error in the exponent of 2 is multiplied by its size, up to a thousand, so log2 x is carried as a pair:
// with x = 2^k m and s = (m - 1) / (m + 1), log m = 2 atanh(s) = 2 s (1 + s^2/3 + s^4 (...)), where only the
// last term is small enough for single working precision.

// (atanh(s) / s - 1 - z / 3) / z^2 as a function of z = s^2; interpolates at Chebyshev nodes.
HELPER32 REAL dt_pow_series(REAL z)
{
    REAL p = 0.115244046f;
    p = p * z + 0.14281112f;
    p = p * z + 0.20000008f;
    return p;
}

HELPER64 REAL dt_pow_series(REAL z)
{
    REAL p = 0.05862018552117676;
    p = p * z + 0.05853077107517224;
    p = p * z + 0.06667403880848469;
    p = p * z + 0.07692297453045716;
    p = p * z + 0.09090909167960547;
    p = p * z + 0.11111111110826777;
    p = p * z + 0.14285714285714685;
    p = p * z + 0.2;
    return p;
}

// log2(x) for positive normal x 2^scale; the result's low part goes to *low
HELPER REAL dt_log2_pair(REAL x, INT scale, REAL *low)
{
    INT k = dt_exponent(x);
    REAL f = dt_without_exponent(x, k) - R(1.0);
    REAL exponent = dt_to_real(k + scale);

    REAL sum = R(2.0) + f;
    REAL s = f / sum;
    REAL product = s * sum;
    REAL rest = (f - product) - dt_product_low(s, sum, product) - s * dt_sum_low(R(2.0), f, sum);
    REAL s_low = rest / sum;

    REAL z = s * s;
    REAL z_low = dt_product_low(s, s, z) + R(2.0) * s * s_low;

    REAL third = R(0.3333333333333333);
    REAL u = z * third;
    REAL u_low = dt_product_low(z, third, u) + z * PICK(-9.934108e-09, 1.850371707708594e-17);
    u_low += z_low * third + z * z * dt_pow_series(z);
    REAL t = u + u_low;
    REAL t_low = dt_sum_low(u, u_low, t);
    REAL v = R(1.0) + t;
    REAL v_low = dt_sum_low(R(1.0), t, v) + t_low;

    REAL q = s * v;
    REAL q_low = dt_product_low(s, v, q) + (s * v_low + s_low * v);

    REAL factor = PICK(2.88539, 2.8853900817779268);
    REAL w = q * factor;
    REAL w_low = dt_product_low(q, factor, w) + (q * PICK(3.851926e-08, 4.0710547481862066e-17) + q_low * factor);

    REAL result = exponent + w;
    *low = dt_sum_low(exponent, w, result) + w_low;
    return result;
}

// Within 2 ulp, and as IEEE 754 has it for zeros, infinities, NaN and negative x.
FUNCTION REAL dt_pow(REAL x, REAL y)
{
    REAL a = dt_abs(x);
    INT subnormal = a < SMALLEST_NORMAL;
    REAL normal = subnormal ? a * PICK(0x1p24, 0x1p53) : a;
    REAL low;
    REAL log2 = dt_log2_pair(normal, subnormal ? (INT)(-MANTISSA_BITS - 1) : (INT)(0), &low);

    // Larger exponents change nothing: unless |x| = 1, the power has long left the range.
    REAL bound = PICK(0x1p34, 0x1p66);
    REAL exponent = y > bound ? bound : (y < -bound ? -bound : y);
    REAL high = exponent * log2;
    REAL rest = dt_product_low(exponent, log2, high) + exponent * low;
    REAL value = dt_exp2_sum(high, dt_abs(high) < R(2000.0) ? rest : R(0.0));

    INT backwards = y < R(0.0);
    value = a == R(0.0) ? (backwards ? INF : R(0.0)) : value;
    value = a == INF ? (backwards ? R(0.0) : INF) : value;
    INT integral = y == dt_round(y);
    INT odd = integral & (R(0.5) * y != dt_round(R(0.5) * y));
    value = (AS_INT(x) < 0) & odd ? -value : value;
    value = (x < R(0.0)) & (a < INF) & !integral ? NOT_A_NUMBER : value;
    value = (x != x) | (y != y) ? x + y : value;
    return (x == R(1.0)) | (y == R(0.0)) ? R(1.0) : value;
}
