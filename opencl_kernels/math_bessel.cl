// Bessel functions of both kinds, of whole orders.
//
// Up to 2 the orders 0 and 1 are polynomials in z = x^2, beside a logarithm and a pole in the second kind; beyond,
// waves. Higher orders follow by the recurrence (DLMF 10.6.1), forwards where it is stable, and backwards as a continued
// fraction (10.10.1) where it is not.

// J_0(x)
HELPER32 REAL dt_bessel_j0_series(REAL z)
{
    REAL p = 4.3840512e-10f;
    p = p * z - 6.763978e-08f;
    p = p * z + 6.781204e-06f;
    p = p * z - 0.0004340271f;
    p = p * z + 0.015625f;
    p = p * z - 0.25f;
    p = p * z + 1.0f;
    return p;
}

HELPER64 REAL dt_bessel_j0_series(REAL z)
{
    REAL p = 6.920110931791281e-20;
    p = p * z - 2.893864963729231e-17;
    p = p * z + 9.385804453402257e-15;
    p = p * z - 2.4028070088617267e-12;
    p = p * z + 4.709502785506839e-10;
    p = p * z - 6.781684027618956e-08;
    p = p * z + 6.781684027776417e-06;
    p = p * z - 0.0004340277777777771;
    p = p * z + 0.015625;
    p = p * z - 0.25;
    p = p * z + 1.0;
    return p;
}

// J_1(x) / x
HELPER32 REAL dt_bessel_j1_series(REAL z)
{
    REAL p = 3.159776e-11f;
    p = p * z - 5.6402834e-09f;
    p = p * z + 6.7813824e-07f;
    p = p * z - 5.425343e-05f;
    p = p * z + 0.0026041667f;
    p = p * z - 0.0625f;
    p = p * z + 0.5f;
    return p;
}

HELPER64 REAL dt_bessel_j1_series(REAL z)
{
    REAL p = 3.157484361213224e-21;
    p = p * z - 1.4471828723425452e-18;
    p = p * z + 5.214358212910246e-16;
    p = p * z - 1.5017544925776728e-13;
    p = p * z + 3.3639305645037974e-11;
    p = p * z - 5.651403356415119e-09;
    p = p * z + 6.781684027777209e-07;
    p = p * z - 5.425347222222219e-05;
    p = p * z + 0.0026041666666666665;
    p = p * z - 0.0625;
    p = p * z + 0.5;
    return p;
}

HELPER REAL dt_bessel_j0(REAL x)
{
    REAL a = dt_abs(x);
    INT far = a > R(2.0);
    REAL near = dt_bessel_j0_series(far ? R(4.0) : x * x);
    REAL value = far ? dt_bessel_wave0(far ? a : R(2.0), (INT)(0)) : near;
    return a == INF ? R(0.0) : x == x ? value : x;
}

HELPER REAL dt_bessel_j1(REAL x)
{
    REAL a = dt_abs(x);
    INT far = a > R(2.0);
    REAL near = a * dt_bessel_j1_series(far ? R(4.0) : x * x);
    REAL value = far ? dt_bessel_wave1(far ? a : R(2.0), (INT)(0)) : near;
    value = a == INF ? R(0.0) : value;
    return x < R(0.0) ? -value : x > R(0.0) ? value : x;
}

// J_n(x) for n > 1 and x >= 0, where the recurrence loses nothing: x >= n
HELPER REAL dt_bessel_j_forward(int n, REAL x, REAL before, REAL value)
{
    REAL twice = R(2.0) / x;
    for (int k = 1; k < n; k++) {
        REAL next = (REAL)(k) * twice * value - before;
        before = value;
        value = next;
    }
    return value;
}

// J_n(x) for n > 1 and 0 <= x < n: the ratios of neighbours from far above n down to the larger of J_0 and J_1
HELPER REAL dt_bessel_j_backward(int n, REAL x, REAL zeroth, REAL first)
{
    INT from_zeroth = dt_abs(zeroth) >= dt_abs(first);
    REAL ratio = R(0.0);
    REAL product = R(1.0);
    for (int k = n + n / 2 + 14; k > 0; k--) {
        REAL under = (REAL)(2 * k) - x * ratio;
        ratio = x / (under == R(0.0) ? SMALLEST_NORMAL : under);
        if (k == 1)
            ratio = from_zeroth ? ratio : R(1.0);
        if (k <= n)
            product *= ratio;
    }
    return product * (from_zeroth ? zeroth : first);
}

// J_n, for n >= 0; one n for all elements. Within 4 ulp for n <= 1 and 8 ulp for n <= 5, of the largest of the result
// and sqrt(2 / (pi x)), or 1 if that is larger: near a zero the error is absolute.
FUNCTION REAL dt_bessel_j(int n, REAL x)
{
    if (n == 0)
        return dt_bessel_j0(x);
    if (n == 1)
        return dt_bessel_j1(x);
    REAL a = dt_abs(x);
    REAL zeroth = dt_bessel_j0(a);
    REAL first = dt_bessel_j1(a);
    REAL order = (REAL)(n);
    INT small = a < order;
    REAL above = dt_bessel_j_forward(n, small ? order : a, zeroth, first);
    REAL value = small ? dt_bessel_j_backward(n, small ? a : R(1.0), zeroth, first) : above;
    value = x == x ? value : x;
    return (n & 1) == 1 ? (x < R(0.0) ? -value : value) : value;
}

// Y_0(x) - 2 / pi log(x) J_0(x)
HELPER32 REAL dt_bessel_y0_series(REAL z)
{
    REAL p = -7.132704e-10f;
    p = p * z + 1.0328006e-07f;
    p = p * z - 9.494179e-06f;
    p = p * z + 0.00053860154f;
    p = p * z - 0.016073966f;
    p = p * z + 0.17760602f;
    p = p * z - 0.0738043f;
    return p;
}

HELPER64 REAL dt_bessel_y0_series(REAL z)
{
    REAL p = -1.3395968265342065e-19;
    p = p * z + 5.424999638379075e-17;
    p = p * z - 1.693239098358039e-14;
    p = p * z + 4.1435646581683456e-12;
    p = p * z - 7.693079877845381e-10;
    p = p * z + 1.035847603331135e-07;
    p = p * z - 9.495005205218833e-06;
    p = p * z + 0.0005386026668616536;
    p = p * z - 0.016073968025938426;
    p = p * z + 0.17760601686906713;
    p = p * z - 0.07380429510868723;
    return p;
}

// (Y_1(x) - 2 / pi (log(x) J_1(x) - 1 / x)) / x
HELPER32 REAL dt_bessel_y1_series(REAL z)
{
    REAL p = -5.2882938e-11f;
    p = p * z + 8.912293e-09f;
    p = p * z - 9.926209e-07f;
    p = p * z + 7.1642615e-05f;
    p = p * z - 0.0029553054f;
    p = p * z + 0.05434869f;
    p = p * z - 0.1960571f;
    return p;
}

HELPER64 REAL dt_bessel_y1_series(REAL z)
{
    REAL p = -6.2046533219234396e-21;
    p = p * z + 2.759071069396995e-18;
    p = p * z - 9.591349353387021e-16;
    p = p * z + 2.6494810504658273e-13;
    p = p * z - 5.648024541832634e-11;
    p = p * z + 8.931879621086007e-09;
    p = p * z - 9.926740619423672e-07;
    p = p * z + 7.164268749973957e-05;
    p = p * z - 0.0029553053360798338;
    p = p * z + 0.05434868816051024;
    p = p * z - 0.19605709064623894;
    return p;
}

HELPER REAL dt_bessel_y0(REAL x)
{
    INT far = x > R(2.0);
    REAL a = far ? R(2.0) : x;
    REAL z = a * a;
    REAL near = R(0.6366197723675814) * dt_log(a) * dt_bessel_j0_series(z) + dt_bessel_y0_series(z);
    REAL value = far ? dt_bessel_wave0(far ? x : R(2.0), (INT)(-1)) : near;
    return x == INF ? R(0.0) : value;
}

HELPER REAL dt_bessel_y1(REAL x)
{
    INT far = x > R(2.0);
    REAL a = far ? R(2.0) : x;
    REAL z = a * a;
    REAL rest = R(0.6366197723675814) * dt_log(a) * dt_bessel_j1_series(z) + dt_bessel_y1_series(z);
    REAL near = a > R(0.0) ? a * rest - R(0.6366197723675814) / a : dt_log(a);
    REAL value = far ? dt_bessel_wave1(far ? x : R(2.0), (INT)(-1)) : near;
    return x == INF ? R(0.0) : value;
}

// Y_n, for n >= 0; one n for all elements. Within 4 ulp for n <= 1 and 8 ulp for n <= 5, of the largest of the result
// and sqrt(2 / (pi x)), or 1 if that is larger: near a zero the error is absolute. -infinity at 0, NaN below.
FUNCTION REAL dt_bessel_y(int n, REAL x)
{
    if (n == 0)
        return dt_bessel_y0(x);
    REAL value = dt_bessel_y1(x);
    if (n > 1) {
        REAL before = dt_bessel_y0(x);
        REAL twice = R(2.0) / x;
        for (int k = 1; k < n; k++) {
            REAL next = (REAL)(k) * twice * value - before;
            before = value;
            value = value == -INF ? value : next;
        }
    }
    return value;
}
