// Modified Bessel functions of the second kind, of whole orders, by themselves and without their exponential decay.
//
// Up to 1 the orders 0 and 1 are polynomials in z = x^2 beside a logarithm and a pole; beyond, ratios of polynomials in
// 1 / x beside exp(-x) / sqrt(x). Higher ones follow by the recurrence (DLMF 10.29.1), which is stable.

// K_0(x) + log(x / 2) I_0(x)
HELPER32 REAL dt_bessel_k0_series(REAL z)
{
    REAL p = 1.0506883e-05f;
    p = p * z + 0.00054493267f;
    p = p * z + 0.014418597f;
    p = p * z + 0.105696075f;
    p = p * z - 0.5772157f;
    return p;
}

HELPER64 REAL dt_bessel_k0_series(REAL z)
{
    REAL p = 4.9241892075301924e-12;
    p = p * z + 8.818563640355968e-10;
    p = p * z + 1.1570362119527242e-07;
    p = p * z + 1.0214014083524546e-05;
    p = p * z + 0.0005451899602702101;
    p = p * z + 0.01441850523591188;
    p = p * z + 0.10569608377461687;
    p = p * z - 0.5772156649015329;
    return p;
}

// K_0(x) exp(x) sqrt(x) for x >= 1, of u = 1 / x
HELPER32 REAL dt_bessel_k0_far_ratio(REAL u)
{
    REAL p = 0.048626684f;
    p = p * u + 1.372894f;
    p = p * u + 5.1181355f;
    p = p * u + 4.9660625f;
    p = p * u + 1.2533141f;
    REAL q = 0.090213835f;
    q = q * u + 1.4466316f;
    q = q * u + 4.5242987f;
    q = q * u + 4.087344f;
    q = q * u + 1.0f;
    return p / q;
}

HELPER64 REAL dt_bessel_k0_far_ratio(REAL u)
{
    REAL p = 0.017287636930648036;
    p = p * u + 2.1555177862513557;
    p = p * u + 43.030535840646344;
    p = p * u + 298.17231643111654;
    p = p * u + 934.293904042123;
    p = p * u + 1502.2578262861275;
    p = p * u + 1320.362233319261;
    p = p * u + 648.3034723221456;
    p = p * u + 174.5133864332348;
    p = p * u + 23.707593761091317;
    p = p * u + 1.2533141373155001;
    REAL q = 0.05025538179708416;
    q = q * u + 3.2090040961494894;
    q = q * u + 49.39505091221372;
    q = q * u + 297.66206988794073;
    q = q * u + 857.8325251580183;
    q = q * u + 1308.504065262776;
    q = q * u + 1111.5387183353878;
    q = q * u + 533.6996760130614;
    q = q * u + 141.5513395679753;
    q = q * u + 19.04092303576108;
    q = q * u + 1.0;
    return p / q;
}

// (K_1(x) - log(x / 2) I_1(x) - 1 / x) / x
HELPER32 REAL dt_bessel_k1_series(REAL z)
{
    REAL p = -1.1147679e-06f;
    p = p * z - 7.4908e-05f;
    p = p * z - 0.00283712f;
    p = p * z - 0.04204902f;
    p = p * z + 0.038607832f;
    return p;
}

HELPER64 REAL dt_bessel_k1_series(REAL z)
{
    REAL p = -3.166984511869068e-13;
    p = p * z - 6.539445987428736e-11;
    p = p * z - 1.011291576127293e-08;
    p = p * z - 1.0892182508887502e-06;
    p = p * z - 7.493042906064506e-05;
    p = p * z - 0.002837111983763274;
    p = p * z - 0.0420490209436542;
    p = p * z + 0.03860783245076643;
    return p;
}

// K_1(x) exp(x) sqrt(x) for x >= 1, of u = 1 / x
HELPER32 REAL dt_bessel_k1_far_ratio(REAL u)
{
    REAL p = 0.19637533f;
    p = p * u + 2.194108f;
    p = p * u + 5.83162f;
    p = p * u + 5.046512f;
    p = p * u + 1.2533141f;
    REAL q = 0.022330085f;
    q = q * u + 0.80098474f;
    q = q * u + 3.400803f;
    q = q * u + 3.6515346f;
    q = q * u + 1.0f;
    return p / q;
}

HELPER64 REAL dt_bessel_k1_far_ratio(REAL u)
{
    REAL p = 0.12274259803774341;
    p = p * u + 5.962082121081809;
    p = p * u + 76.65166764198771;
    p = p * u + 409.70914569737556;
    p = p * u + 1095.6449446925278;
    p = p * u + 1603.957738214257;
    p = p * u + 1339.3086952875;
    p = p * u + 642.2756923469484;
    p = p * u + 171.842975695219;
    p = p * u + 23.452595476510425;
    p = p * u + 1.2533141373155003;
    REAL q = 0.006869176587715078;
    q = q * u + 1.0569534037009252;
    q = q * u + 23.255519422801616;
    q = q * u + 173.45094933963543;
    q = q * u + 578.5597326251832;
    q = q * u + 983.0104696475412;
    q = q * u + 907.5432738657274;
    q = q * u + 465.6264302784156;
    q = q * u + 130.35149574908456;
    q = q * u + 18.337463841462814;
    q = q * u + 1.0;
    return p / q;
}

// K_0(x) for 0 < x <= 1
HELPER REAL dt_bessel_k0_near(REAL x)
{
    REAL z = x * x;
    return dt_bessel_k0_series(z) - (dt_log(x) - R(0.6931471805599453)) * dt_bessel_i0_series(z);
}

// K_1(x) for 0 < x <= 1
HELPER REAL dt_bessel_k1_near(REAL x)
{
    REAL z = x * x;
    REAL rest = x * ((dt_log(x) - R(0.6931471805599453)) * dt_bessel_i1_series(z) + dt_bessel_k1_series(z));
    // At 0 and below, where the sum would be NaN, what the logarithm gives
    return x > R(0.0) ? R(1.0) / x + rest : -dt_log(x);
}

// K_n(x) for n <= 1, times exp(x) if scaled
HELPER REAL dt_bessel_k_below(int n, REAL x, int scaled)
{
    INT far = x > R(1.0);
    REAL a = far ? R(1.0) : x;
    REAL near = n == 0 ? dt_bessel_k0_near(a) : dt_bessel_k1_near(a);
    REAL b = far ? x : R(1.0);
    REAL u = R(1.0) / b;
    REAL beyond = (n == 0 ? dt_bessel_k0_far_ratio(u) : dt_bessel_k1_far_ratio(u)) / dt_sqrt(b);
    if (scaled)
        return far ? beyond : near * dt_exp(a);
    return far ? beyond * dt_exp(-b) : near;
}

HELPER REAL dt_bessel_k_any(int n, REAL x, int scaled)
{
    if (n == 0)
        return dt_bessel_k_below(0, x, scaled);
    REAL value = dt_bessel_k_below(1, x, scaled);
    if (n > 1) {
        REAL before = dt_bessel_k_below(0, x, scaled);
        REAL twice = R(2.0) / dt_abs(x);
        for (int k = 1; k < n; k++) {
            REAL next = (REAL)(k) * twice * value + before;
            before = value;
            value = next;
        }
    }
    return value;
}

// K_n, for n >= 0; one n for all elements. Within 6 ulp for n <= 1, and 10 ulp for n <= 5. Infinite at 0, NaN below.
FUNCTION REAL dt_bessel_k(int n, REAL x)
{
    return dt_bessel_k_any(n, x, 0);
}

// exp(x) K_n(x), for n >= 0; one n for all elements. Within 7 ulp for n <= 1, and 10 ulp for n <= 5. Infinite at 0, NaN
// below.
FUNCTION REAL dt_bessel_ke(int n, REAL x)
{
    return dt_bessel_k_any(n, x, 1);
}
