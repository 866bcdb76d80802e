// The logarithm of |gamma|, and its derivative. All series interpolate at Chebyshev nodes, computed in 70 digits.
//
// Arguments from 8 up: Stirling's series. Below, the recurrence gamma(x + 1) = x gamma(x) leads to an interval
// that holds no more than one zero, which is a factor of the approximation there, so that it keeps its digits.
// Negative arguments: the reflection formulas, with sin(pi x) from the exact distance to an integer.

// (sin(pi f) / (pi f) - 1) / f^2 as a function of z = f^2, |f| <= 1/2
HELPER32 REAL dt_sinpi_series(REAL z)
{
    REAL p = 0.024999967f;
    p = p * z - 0.19057368f;
    p = p * z + 0.81173354f;
    p = p * z - 1.6449339f;
    return p;
}

HELPER64 REAL dt_sinpi_series(REAL z)
{
    REAL p = -7.114052818770147e-09;
    p = p * z + 2.5303274566671434e-07;
    p = p * z - 6.975851212142348e-06;
    p = p * z + 0.00014842878972770888;
    p = p * z - 0.002346081035170168;
    p = p * z + 0.026147847817640922;
    p = p * z - 0.19075182412208389;
    p = p * z + 0.8117424252833536;
    p = p * z - 1.6449340668482264;
    return p;
}

// sin(pi f) / pi, |f| <= 1/2
HELPER REAL dt_sinpi_over_pi(REAL f)
{
    REAL z = f * f;
    return f + f * z * dt_sinpi_series(z);
}

// log gamma(2 + u) / u for -3/4 <= u <= 1/2
HELPER32 REAL dt_lgamma_series(REAL u)
{
    REAL p = -1.1227535e-04f;
    p = p * u + 9.14432e-05f;
    p = p * u - 1.818842e-04f;
    p = p * u + 5.1948376e-04f;
    p = p * u - 0.0012023172f;
    p = p * u + 0.0028882704f;
    p = p * u - 0.00738459f;
    p = p * u + 0.020580977f;
    p = p * u - 0.06735234f;
    p = p * u + 0.32246703f;
    p = p * u + 0.42278433f;
    return p;
}

HELPER64 REAL dt_lgamma_series(REAL u)
{
    REAL p = 2.0872345523855944e-08;
    p = p * u + 1.9252738080907253e-08;
    p = p * u + 1.2311940674691939e-09;
    p = p * u - 5.4761567198377156e-08;
    p = p * u + 4.1947729091372775e-08;
    p = p * u - 8.318260450484709e-08;
    p = p * u + 2.189957197224495e-07;
    p = p * u - 4.542692598845455e-07;
    p = p * u + 9.522912389321117e-07;
    p = p * u - 2.0383618772604693e-06;
    p = p * u + 4.375514402098904e-06;
    p = p * u - 9.439572157511762e-06;
    p = p * u + 2.050712305129801e-05;
    p = p * u - 4.492623255243891e-05;
    p = p * u + 9.945752049004698e-05;
    p = p * u - 0.00022315475849535044;
    p = p * u + 0.0005096695243448249;
    p = p * u - 0.00119275391170809;
    p = p * u + 0.0028905103307528984;
    p = p * u - 0.007385551028673811;
    p = p * u + 0.020580808427784397;
    p = p * u - 0.0673523010531981;
    p = p * u + 0.3224670334241132;
    p = p * u + 0.42278433509846713;
    return p;
}

// x times the remainder of Stirling's formula, as a function of z = 1 / x^2
HELPER32 REAL dt_stirling_series(REAL z)
{
    REAL p = -0.0027655018f;
    p = p * z + 0.083333306f;
    return p;
}

HELPER64 REAL dt_stirling_series(REAL z)
{
    REAL p = 0.005065905360156132;
    p = p * z - 0.001890382993887715;
    p = p * z + 0.0008414700852503147;
    p = p * z - 0.0005952365845057049;
    p = p * z + 0.0007936507897524059;
    p = p * z - 0.002777777777773988;
    p = p * z + 0.08333333333333333;
    return p;
}

// log gamma(x) for x > 0
HELPER REAL dt_lgamma_positive(REAL x)
{
    INT far = x >= R(8.0);
    REAL w = far ? R(1.0) / x : R(0.0);

    // x = 2 + u + n, and gamma(x) = gamma(2 + u) (2 + u) (3 + u) ... or gamma(2 + u) / (x (x + 1)). Where logarithms of
    // opposite sign would cancel, from 5/4 up, u goes below -1/2 instead.
    REAL y = far ? R(2.0) : x;
    REAL n = dt_floor(y - R(1.5));
    n = (y >= R(1.25)) & (n < R(0.0)) ? R(0.0) : n;
    REAL u = (y - R(2.0)) - n;
    u = n < R(0.0) ? (n < R(-1.0) ? y : y - R(1.0)) : u;
    REAL product = n > R(0.5) ? R(2.0) + u : R(1.0);
    product = n > R(1.5) ? product * (R(3.0) + u) : product;
    product = n > R(2.5) ? product * (R(4.0) + u) : product;
    product = n > R(3.5) ? product * (R(5.0) + u) : product;
    product = n > R(4.5) ? product * (R(6.0) + u) : product;
    product = n > R(5.5) ? product * (R(7.0) + u) : product;
    REAL below = n < R(-1.5) ? y + y * y : y;
    product = n < R(-0.5) ? below : product;

    REAL logarithm = dt_log(far ? x : product);
    REAL middle = u * dt_lgamma_series(u);
    REAL near = n < R(-0.5) ? middle - logarithm : middle + logarithm;
    REAL remainder = R(0.4189385332046727) + w * dt_stirling_series(w * w);
    REAL stirling = (x - R(0.5)) * (logarithm - R(1.0)) + remainder;
    return far ? (x < INF ? stirling : x) : near;
}

// log |gamma(x)|, within 4 ulp for x > 0. For x < 0, within 4 ulp of the largest of the result, log gamma(1 - x)
// and 1: near a zero there, the error is absolute. Infinite at 0, -1, -2, ...
FUNCTION REAL dt_lgamma(REAL x)
{
    REAL a = dt_abs(x);
    INT negative = x < R(0.0);
    // gamma(-a) = -pi / (sin(pi a) gamma(1 + a)), with a gamma(a) for gamma(1 + a) where 1 + a is not exact enough.
    INT tiny = negative & (a < R(0.5));
    REAL direct = dt_lgamma_positive(tiny ? R(1.0) + a : a);
    REAL f = dt_abs(a - dt_round(a));
    REAL factor = tiny ? R(1.0) : a;
    REAL reflected = -dt_log(negative ? factor * dt_sinpi_over_pi(f) : R(1.0)) - direct;
    INT pole = (x <= R(0.0)) & (f == R(0.0));
    REAL value = negative ? reflected : direct;
    return a < INF ? (pole ? INF : value) : a;
}

// digamma(2 + v) / (2 + v - r) for |v| <= 1, where r = 1.46... is the zero of digamma
HELPER32 REAL dt_digamma_series(REAL v)
{
    REAL p = -1.1036304e-04f;
    p = p * v + 2.208564e-04f;
    p = p * v - 5.5836113e-05f;
    p = p * v + 1.1241023e-04f;
    p = p * v - 7.58197e-04f;
    p = p * v + 0.0015239547f;
    p = p * v - 0.0027092057f;
    p = p * v + 0.0054915035f;
    p = p * v - 0.011343628f;
    p = p * v + 0.023457702f;
    p = p * v - 0.049550705f;
    p = p * v + 0.10899926f;
    p = p * v - 0.26073897f;
    p = p * v + 0.7853075f;
    return p;
}

HELPER64 REAL dt_digamma_series(REAL v)
{
    REAL p = 9.518171739147029e-09;
    p = p * v - 1.903635721105846e-08;
    p = p * v - 3.093398948520762e-08;
    p = p * v + 6.186795491568026e-08;
    p = p * v + 1.0053608396456935e-07;
    p = p * v - 2.0107270819670245e-07;
    p = p * v - 2.9145119207885333e-08;
    p = p * v + 5.8285994586065274e-08;
    p = p * v + 4.290253291489252e-07;
    p = p * v - 8.580896982578119e-07;
    p = p * v + 1.238910144497479e-06;
    p = p * v - 2.4781719030311023e-06;
    p = p * v + 5.253172898961469e-06;
    p = p * v - 1.0509526063726006e-05;
    p = p * v + 2.089802780670172e-05;
    p = p * v - 4.182492865527941e-05;
    p = p * v + 8.377787676220672e-05;
    p = p * v - 0.00016781978030629567;
    p = p * v + 0.0003364327195465597;
    p = p * v - 0.0006753127085218515;
    p = p * v + 0.0013581421476875015;
    p = p * v - 0.0027395729429329422;
    p = p * v + 0.005552254174526186;
    p = p * v - 0.011338432550277753;
    p = p * v + 0.02344730959760139;
    p = p * v - 0.049551032917745826;
    p = p * v + 0.10899991701762815;
    p = p * v - 0.26073895468300085;
    p = p * v + 0.7853075386041053;
    return p;
}

// x^2 (log x - 1 / (2 x) - digamma(x)) as a function of z = 1 / x^2
HELPER32 REAL dt_digamma_far_series(REAL z)
{
    REAL p = -0.008272199f;
    p = p * z + 0.08333322f;
    return p;
}

HELPER64 REAL dt_digamma_far_series(REAL z)
{
    REAL p = 0.06362150587634356;
    p = p * z - 0.020697987372370493;
    p = p * z + 0.007571689620283902;
    p = p * z - 0.0041666448230497;
    p = p * z + 0.0039682539119537084;
    p = p * z - 0.008333333333278636;
    p = p * z + 0.08333333333333333;
    return p;
}

// digamma(x) for x > 0
HELPER REAL dt_digamma_positive(REAL x)
{
    INT far = x >= R(8.0);
    REAL w = R(1.0) / x;
    REAL z = far ? w * w : R(0.0);
    REAL large = dt_log(x) - (R(0.5) * w + z * dt_digamma_far_series(z));

    // digamma(x + 1) = digamma(x) + 1 / x leads to 1 <= 2 + v < 3. The sum of reciprocals is kept as a
    // fraction, so that there is one division.
    REAL y = far ? R(2.0) : x;
    INT below = y < R(1.0);
    REAL n = y < R(3.0) ? R(0.0) : dt_floor(y) - R(2.0);
    REAL v = below ? y - R(1.0) : (y - n) - R(2.0);
    REAL base = R(2.0) + v;
    REAL above = R(0.0);
    REAL under = R(1.0);
    for (int i = 0; i < 5; i++) {
        INT counts = n > R(0.5);
        above = counts ? above * base + under : above;
        under = counts ? under * base : under;
        base += R(1.0);
        n -= R(1.0);
    }
    above = below ? R(-1.0) : above;
    under = below ? y : under;
    REAL from_zero = (v + PICK(0.53836787, 0.5383678550316378)) - PICK(1.243815e-08, 9.549995429965697e-17);
    REAL near = from_zero * dt_digamma_series(v) + above / under;
    return far ? large : near;
}

// The derivative of log gamma. Within 4 ulp for x > 0. For x < 0, within 4 ulp of the largest of the result,
// digamma(1 - x) and 1: near a zero there, the error is absolute. -infinity at 0, infinity at -0, NaN at -1, -2, ...
FUNCTION REAL dt_digamma(REAL x)
{
    INT negative = x < R(0.0);
    REAL direct = dt_digamma_positive(negative ? R(1.0) - x : x);
    // digamma(1 - x) - pi cot(pi x), and cos(pi f) = sin(pi (1/2 - |f|))
    REAL f = x - dt_round(x);
    REAL cotangent = dt_sinpi_over_pi(R(0.5) - dt_abs(f)) / dt_sinpi_over_pi(f);
    REAL value = negative ? direct - R(3.141592653589793) * cotangent : direct;
    value = (f == R(0.0)) & negative ? NOT_A_NUMBER : value;
    return x == R(0.0) ? -dt_copysign(INF, x) : value;
}
