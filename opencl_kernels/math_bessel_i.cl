// Modified Bessel functions of the first kind, of whole orders, by themselves and without their exponential growth.
//
// The orders 0 and 1 are polynomials in z = x^2, and farther out in 1 / x, beside exp(x) / sqrt(x). Higher ones follow by
// the recurrence (DLMF 10.29.1), forwards where it is stable, and backwards as a continued fraction (10.33.1) elsewhere.

// I_0(x) for |x| <= 16, in float32 8
HELPER32 REAL dt_bessel_i0_series(REAL z)
{
    REAL p = 4.7732174e-25f;
    p = p * z + 1.05749423e-22f;
    p = p * z + 7.7339604e-20f;
    p = p * z + 2.86202e-17f;
    p = p * z + 9.402516e-15f;
    p = p * z + 2.4022715e-12f;
    p = p * z + 4.709621e-10f;
    p = p * z + 6.7816664e-08f;
    p = p * z + 6.781686e-06f;
    p = p * z + 0.00043402778f;
    p = p * z + 0.015625f;
    p = p * z + 0.25f;
    p = p * z + 1.0f;
    return p;
}

HELPER64 REAL dt_bessel_i0_series(REAL z)
{
    REAL p = 7.923960859161715e-59;
    p = p * z - 5.588902828072293e-56;
    p = p * z + 1.863371446595299e-52;
    p = p * z + 8.798806724567359e-50;
    p = p * z + 2.7749307968741435e-46;
    p = p * z + 3.434062987962434e-43;
    p = p * z + 4.634153611770156e-40;
    p = p * z + 5.3110676049882365e-37;
    p = p * z + 5.4476790922107805e-34;
    p = p * z + 4.901457352683358e-31;
    p = p * z + 3.842928111712589e-28;
    p = p * z + 2.597800387008188e-25;
    p = p * z + 1.4963345829635667e-22;
    p = p * z + 7.242258363966159e-20;
    p = p * z + 2.896903397810077e-17;
    p = p * z + 9.385966988129709e-15;
    p = p * z + 2.402807549588742e-12;
    p = p * z + 4.709502797054e-10;
    p = p * z + 6.781684027779913e-08;
    p = p * z + 6.781684027777558e-06;
    p = p * z + 0.00043402777777777916;
    p = p * z + 0.015624999999999995;
    p = p * z + 0.25;
    p = p * z + 1.0;
    return p;
}

// I_0(x) exp(-x) sqrt(x) for larger x, of u = 1 / x
HELPER32 REAL dt_bessel_i0_far_series(REAL u)
{
    REAL p = 1.8169554f;
    p = p * u - 0.30054587f;
    p = p * u + 0.0842414f;
    p = p * u + 0.02732068f;
    p = p * u + 0.028092364f;
    p = p * u + 0.04986745f;
    p = p * u + 0.3989423f;
    return p;
}

HELPER64 REAL dt_bessel_i0_far_series(REAL u)
{
    REAL p = 642133.8253173741;
    p = p * u - 203849.6562008845;
    p = p * u + 30548.47604695542;
    p = p * u - 2615.3980891658703;
    p = p * u + 161.89165704701003;
    p = p * u - 3.502259520302714;
    p = p * u + 0.8485775673156803;
    p = p * u + 0.2254515557959762;
    p = p * u + 0.09063952049509;
    p = p * u + 0.04474192285773585;
    p = p * u + 0.02921940668739822;
    p = p * u + 0.028050629087312085;
    p = p * u + 0.049867785050182384;
    p = p * u + 0.3989422804014327;
    return p;
}

// I_1(x) / x for |x| <= 16, in float32 8
HELPER32 REAL dt_bessel_i1_series(REAL z)
{
    REAL p = 1.7599168e-26f;
    p = p * z + 4.708715e-24f;
    p = p * z + 3.462455e-21f;
    p = p * z + 1.4363737e-18f;
    p = p * z + 5.22015e-16f;
    p = p * z + 1.5015695e-13f;
    p = p * z + 3.3639716e-11f;
    p = p * z + 5.651397e-09f;
    p = p * z + 6.781685e-07f;
    p = p * z + 5.4253473e-05f;
    p = p * z + 0.0026041667f;
    p = p * z + 0.0625f;
    p = p * z + 0.5f;
    return p;
}

HELPER64 REAL dt_bessel_i1_series(REAL z)
{
    REAL p = 1.569107058935912e-60;
    p = p * z - 9.695264714171021e-58;
    p = p * z + 3.889875704560474e-54;
    p = p * z + 2.3965935783827842e-51;
    p = p * z + 6.75359109947416e-48;
    p = p * z + 9.119829555351634e-45;
    p = p * z + 1.2844010119030246e-41;
    p = p * z + 1.562855836159459e-38;
    p = p * z + 1.7022318192265158e-35;
    p = p * z + 1.633848252380245e-32;
    p = p * z + 1.372470246884308e-29;
    p = p * z + 9.991544560412334e-27;
    p = p * z + 6.234727009278615e-24;
    p = p * z + 3.2919356505865677e-21;
    p = p * z + 1.4484516971348392e-18;
    p = p * z + 5.214426105318128e-16;
    p = p * z + 1.5017547184650683e-13;
    p = p * z + 3.3639305693315576e-11;
    p = p * z + 5.65140335648189e-09;
    p = p * z + 6.781684027777736e-07;
    p = p * z + 5.4253472222222246e-05;
    p = p * z + 0.0026041666666666665;
    p = p * z + 0.0625;
    p = p * z + 0.5;
    return p;
}

// I_1(x) exp(-x) sqrt(x) for larger x, of u = 1 / x
HELPER32 REAL dt_bessel_i1_far_series(REAL u)
{
    REAL p = -2.0489173f;
    p = p * u + 0.32631105f;
    p = p * u - 0.10163402f;
    p = p * u - 0.038787153f;
    p = p * u - 0.046797648f;
    p = p * u - 0.14960298f;
    p = p * u + 0.3989423f;
    return p;
}

HELPER64 REAL dt_bessel_i1_far_series(REAL u)
{
    REAL p = -679626.9189907534;
    p = p * u + 215686.34556007833;
    p = p * u - 32346.049322856124;
    p = p * u + 2767.635483539064;
    p = p * u - 172.07405582137685;
    p = p * u + 3.53344901725718;
    p = p * u - 0.9642008960754586;
    p = p * u - 0.2667999329818491;
    p = p * u - 0.11077573628425978;
    p = p * u - 0.057525394905340116;
    p = p * u - 0.040907168893182806;
    p = p * u - 0.046751048480920133;
    p = p * u - 0.14960335515054077;
    p = p * u + 0.3989422804014327;
    return p;
}

// exp(-x) I_0(x) for x >= 0
HELPER REAL dt_bessel_ie0(REAL x)
{
    INT far = x > PICK(8.0, 16.0);
    REAL near = dt_exp(-x) * dt_bessel_i0_series(far ? R(0.0) : x * x);
    return far ? dt_bessel_i0_far_series(far ? R(1.0) / x : R(0.0)) / dt_sqrt(x) : near;
}

// exp(-x) I_1(x) for x >= 0
HELPER REAL dt_bessel_ie1(REAL x)
{
    INT far = x > PICK(8.0, 16.0);
    REAL near = dt_exp(-x) * (x * dt_bessel_i1_series(far ? R(0.0) : x * x));
    return far ? dt_bessel_i1_far_series(far ? R(1.0) / x : R(0.0)) / dt_sqrt(x) : near;
}

// exp(-x) I_n(x) for n > 1 and x >= 0: forwards from 2 n^2 on, below by the ratios of neighbours
HELPER REAL dt_bessel_ie_above(int n, REAL x)
{
    REAL zeroth = dt_bessel_ie0(x);
    REAL limit = R(2.0) * (REAL)(n) * (REAL)(n);
    INT small = x < limit;
    REAL before = zeroth;
    REAL value = dt_bessel_ie1(x);
    REAL twice = R(2.0) / (small ? limit : x);
    for (int k = 1; k < n; k++) {
        REAL next = before - (REAL)(k) * twice * value;
        before = value;
        value = next;
    }
    REAL a = small ? x : R(1.0);
    REAL ratio = R(0.0);
    REAL product = R(1.0);
    for (int k = 9 * n + 8; k > 0; k--) {
        ratio = a / ((REAL)(2 * k) + a * ratio);
        if (k <= n)
            product *= ratio;
    }
    return small ? product * zeroth : value;
}

// The magnitude of exp(-|x|) I_n(x)
HELPER REAL dt_bessel_ie_size(int n, REAL a)
{
    if (n == 0)
        return dt_bessel_ie0(a);
    if (n == 1)
        return dt_bessel_ie1(a);
    return dt_bessel_ie_above(n, a);
}

// exp(-|x|) I_n(x), for n >= 0; one n for all elements. Within 8 ulp for n <= 1, and 10 ulp for n <= 5.
FUNCTION REAL dt_bessel_ie(int n, REAL x)
{
    REAL value = dt_bessel_ie_size(n, dt_abs(x));
    return (n & 1) == 1 ? (x < R(0.0) ? -value : x == R(0.0) ? x : value) : value;
}

// I_n, for n >= 0; one n for all elements. Within 8 ulp for n <= 1, and 10 ulp for n <= 5.
FUNCTION REAL dt_bessel_i(int n, REAL x)
{
    REAL a = dt_abs(x);
    // In two factors, for I_n is finite where exp is not.
    REAL value = dt_exp_shifted(a, R(0.0), (INT)(-8)) * (R(256.0) * dt_bessel_ie_size(n, a));
    if (n < 2) {
        INT far = a > PICK(8.0, 16.0);
        REAL z = far ? R(0.0) : x * x;
        REAL near = n == 0 ? dt_bessel_i0_series(z) : a * dt_bessel_i1_series(z);
        value = far ? value : near;
    }
    value = a == INF ? a : value;
    return (n & 1) == 1 ? (x < R(0.0) ? -value : x == R(0.0) ? x : value) : value;
}
