// Sine, cosine and tangent.
//
// x = k pi/2 + r with |r| <= pi/4. Up to a limit k has so few bits that k times each leading word of pi/2 is
// exact (Cody and Waite 1980, ch. 8, with more words); r is kept in two parts, so that it is right also
// where x is the closest of all numbers to a multiple of pi/2. Larger x go through dt_reduce_far.

// Subtracts a b from high and adds what rounding lost to low.
HELPER REAL dt_subtract_word(REAL high, REAL product, REAL *low)
{
    REAL difference = high - product;
    *low += (high - difference) - product;
    return difference;
}

HELPER32 REAL dt_reduce_near(REAL x, REAL k, REAL *low)
{
    REAL high = x - k * 1.5703125f;
    high = high - k * 4.5776367e-04f;
    *low = 0.0f;
    high = dt_subtract_word(high, k * 2.5987625e-05f, low);
    high = dt_subtract_word(high, k * 7.543713e-08f, low);
    high = dt_subtract_word(high, k * 6.002665e-11f, low);
    return dt_subtract_word(high, k * 7.443548e-13f, low);
}

HELPER64 REAL dt_reduce_near(REAL x, REAL k, REAL *low)
{
    REAL high = x - k * 1.570796251296997;
    *low = 0.0;
    high = dt_subtract_word(high, k * 7.549789415861596e-08, low);
    high = dt_subtract_word(high, k * 5.39030083589187e-15, low);
    high = dt_subtract_word(high, k * 2.0222659584103533e-21, low);
    return dt_subtract_word(high, k * 2.9038559739793605e-28, low);
}

// r, its low part, and k modulo 4; a NaN for infinities. Few programs ever meet a far argument, so the far
// reduction is behind a branch that none of a vector's lanes takes as a rule.
HELPER REAL dt_reduce(REAL x, REAL *low, INT *quadrant)
{
    INT far = dt_abs(x) > PICK(1e5, 1e9);
    REAL near = far ? R(0.0) : x;
    INT k = dt_nearest(near * R(0.6366197723675814));
    REAL r = dt_reduce_near(near, dt_to_real(k), low);
    *quadrant = k & 3;
    if (ANY(far)) {
        REAL far_low;
        INT far_quadrant;
        REAL far_r = dt_reduce_far(x, &far_low, &far_quadrant);
        r = far ? (dt_abs(x) < INF ? far_r : NOT_A_NUMBER) : r;
        *low = far ? far_low : *low;
        *quadrant = far ? far_quadrant : *quadrant;
    }
    return r;
}

// (sin(r) / r - 1) / r^2 as a function of z = r^2; this and the next interpolate at Chebyshev nodes.
HELPER32 REAL dt_sin_series(REAL z)
{
    REAL p = -1.9587841e-04f;
    p = p * z + 0.008332748f;
    p = p * z - 0.16666664f;
    return p;
}

HELPER64 REAL dt_sin_series(REAL z)
{
    REAL p = 1.591810123027412e-10;
    p = p * z - 2.5051131455427946e-08;
    p = p * z + 2.755731610068303e-06;
    p = p * z - 0.0001984126983675497;
    p = p * z + 0.008333333333330946;
    p = p * z - 0.16666666666666666;
    return p;
}

// (cos(r) - 1 + r^2 / 2) / r^4 as a function of z = r^2
HELPER32 REAL dt_cos_series(REAL z)
{
    REAL p = 2.4547891e-05f;
    p = p * z - 0.0013888302f;
    p = p * z + 0.041666664f;
    return p;
}

HELPER64 REAL dt_cos_series(REAL z)
{
    REAL p = -1.1382614868556325e-11;
    p = p * z + 2.0876146024689747e-09;
    p = p * z - 2.7557317270560326e-07;
    p = p * z + 2.4801587298763433e-05;
    p = p * z - 0.0013888888888887395;
    p = p * z + 0.041666666666666664;
    return p;
}

// sin(r + low), |r| <= pi/4
HELPER REAL dt_sin_near(REAL r, REAL low)
{
    REAL z = r * r;
    return r + (r * z * dt_sin_series(z) + low * (R(1.0) - R(0.5) * z));
}

// cos(r + low), |r| <= pi/4; the rounding error of 1 - z/2 is put back.
HELPER REAL dt_cos_near(REAL r, REAL low)
{
    REAL z = r * r;
    REAL second = R(0.5) * z;
    REAL leading = R(1.0) - second;
    REAL lost = (R(1.0) - leading) - second;
    return leading + (lost + (z * z * dt_cos_series(z) - r * low));
}

// sin of a number whose k is quadrant
HELPER REAL dt_sin_quadrant(REAL r, REAL low, INT quadrant)
{
    REAL value = (quadrant & 1) == 1 ? dt_cos_near(r, low) : dt_sin_near(r, low);
    return (quadrant & 2) == 2 ? -value : value;
}

// Within 1 ulp.
FUNCTION REAL dt_sin(REAL x)
{
    REAL low;
    INT quadrant;
    REAL r = dt_reduce(x, &low, &quadrant);
    REAL value = dt_sin_quadrant(r, low, quadrant);
    return x == R(0.0) ? x : value;  // keeps -0
}

// Within 1 ulp.
FUNCTION REAL dt_cos(REAL x)
{
    REAL low;
    INT quadrant;
    REAL r = dt_reduce(x, &low, &quadrant);
    return dt_sin_quadrant(r, low, quadrant + 1);
}

// Within 3 ulp.
FUNCTION REAL dt_tan(REAL x)
{
    REAL low;
    INT quadrant;
    REAL r = dt_reduce(x, &low, &quadrant);
    REAL sine = dt_sin_near(r, low);
    REAL cosine = dt_cos_near(r, low);
    INT odd = (quadrant & 1) == 1;
    REAL value = (odd ? -cosine : sine) / (odd ? sine : cosine);
    return x == R(0.0) ? x : value;  // keeps -0
}
