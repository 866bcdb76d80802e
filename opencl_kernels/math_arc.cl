// Inverse trigonometric functions. The series interpolate at Chebyshev nodes, computed in 70 digits.

// (asin(x) / x - 1) / x^2 as a function of z = x^2, |x| <= 1/2
HELPER32 REAL dt_asin_series(REAL z)
{
    REAL p = 0.033690847f;
    p = p * z + 0.017149238f;
    p = p * z + 0.031100662f;
    p = p * z + 0.044599403f;
    p = p * z + 0.07500094f;
    p = p * z + 0.16666666f;
    return p;
}

HELPER64 REAL dt_asin_series(REAL z)
{
    REAL p = 0.028757851367421566;
    p = p * z - 0.014851887071247204;
    p = p * z + 0.01740087944269402;
    p = p * z + 0.005457506718640358;
    p = p * z + 0.01032281435018578;
    p = p * z + 0.011479177415184906;
    p = p * z + 0.013971212973552933;
    p = p * z + 0.017352392720869973;
    p = p * z + 0.02237217294214989;
    p = p * z + 0.030381944138531247;
    p = p * z + 0.04464285714635543;
    p = p * z + 0.07499999999998433;
    p = p * z + 0.16666666666666669;
    return p;
}

// Beyond 1/2, asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)): the argument of the series' asin.
HELPER REAL dt_asin_argument(REAL a)
{
    return a > R(0.5) ? dt_sqrt(R(0.5) * (R(1.0) - a)) : a;
}

// Within 3 ulp.
FUNCTION REAL dt_asin(REAL x)
{
    REAL a = dt_abs(x);
    REAL s = dt_asin_argument(a);
    REAL z = s * s;
    REAL angle = s + s * z * dt_asin_series(z);
    REAL outer = HALF_PI - (R(2.0) * angle - HALF_PI_LOW);
    return dt_copysign(a > R(0.5) ? outer : angle, x);
}

// Within 2 ulp.
FUNCTION REAL dt_acos(REAL x)
{
    REAL a = dt_abs(x);
    REAL s = dt_asin_argument(a);
    REAL z = s * s;
    REAL angle = s + s * z * dt_asin_series(z);
    REAL inner = HALF_PI - (dt_copysign(angle, x) - HALF_PI_LOW);
    REAL outer = x < R(0.0) ? R(2.0) * (HALF_PI - (angle - HALF_PI_LOW)) : R(2.0) * angle;
    return a > R(0.5) ? outer : inner;
}

// (atan(t) / t - 1) / t^2 as a function of z = t^2, |t| <= tan(pi/8)
HELPER32 REAL dt_atan_series(REAL z)
{
    REAL p = -0.064518414f;
    p = p * z + 0.10743705f;
    p = p * z - 0.14263953f;
    p = p * z + 0.1999954f;
    p = p * z - 0.3333333f;
    return p;
}

HELPER64 REAL dt_atan_series(REAL z)
{
    REAL p = -0.01917627151752634;
    p = p * z + 0.0392311556198723;
    p = p * z - 0.050854323376990765;
    p = p * z + 0.05858145587628202;
    p = p * z - 0.06664511064599371;
    p = p * z + 0.07692183163650894;
    p = p * z - 0.09090904576954117;
    p = p * z + 0.11111111015227572;
    p = p * z - 0.14285714284666184;
    p = p * z + 0.19999999999995519;
    p = p * z - 0.3333333333333333;
    return p;
}

// The angle of the point (x, y) with x, y >= 0: its difference from the nearest of 0, pi/4 and pi/2 has the
// tangent y/x, (y - x) / (y + x) or -x/y.
HELPER REAL dt_angle(REAL y, REAL x)
{
    INT low = y < R(0.41421356237309503) * x;
    INT high = R(0.41421356237309503) * y > x;
    REAL above = low ? y : (high ? -x : y - x);
    REAL below = low ? x : (high ? y : y + x);
    REAL t = above / below;
    REAL z = t * t;
    REAL base = low ? R(0.0) : (high ? HALF_PI : R(0.5) * HALF_PI);
    REAL base_low = low ? R(0.0) : (high ? HALF_PI_LOW : R(0.5) * HALF_PI_LOW);
    return base + (t + (t * z * dt_atan_series(z) + base_low));
}

// Within 2 ulp.
FUNCTION REAL dt_atan(REAL x)
{
    return dt_copysign(dt_angle(dt_abs(x), R(1.0)), x);
}

// The angle of the point (x, y), from -pi to pi, within 2 ulp; signed zeros and infinities as in IEEE 754.
FUNCTION REAL dt_atan2(REAL y, REAL x)
{
    REAL across = dt_abs(x);
    REAL up = dt_abs(y);
    // Points at infinity lie on an axis or a diagonal; zero counts as on the x
    // axis; large ones must not overflow, nor small ones lose digits.
    INT infinite = (across == INF) | (up == INF);
    INT zero = (across == R(0.0)) & (up == R(0.0));
    INT large = (across > PICK(0x1p120, 0x1p1000)) | (up > PICK(0x1p120, 0x1p1000));
    INT small = (across < PICK(0x1p-90, 0x1p-900)) & (up < PICK(0x1p-90, 0x1p-900));
    REAL scale = large ? R(0.25) : (small ? R(0x1p60) : R(1.0));
    REAL u = infinite ? (across == INF ? R(1.0) : R(0.0)) : (zero ? R(1.0) : across * scale);
    REAL v = infinite ? (up == INF ? R(1.0) : R(0.0)) : up * scale;
    REAL angle = dt_angle(v, u);
    REAL left = R(2.0) * HALF_PI - (angle - R(2.0) * HALF_PI_LOW);
    angle = dt_copysign(AS_INT(x) < 0 ? left : angle, y);
    return (x != x) | (y != y) ? x + y : angle;
}
