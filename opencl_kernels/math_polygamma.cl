// The derivatives of digamma: polygamma(n, x) = (-1)^(n + 1) n! zeta(n + 1, x), with Hurwitz's zeta(s, x), the sum of
// (x + k)^-s over k = 0, 1, 2, ...
//
// Some terms are added one by one, and Euler and Maclaurin's formula gives the rest. It needs an argument of about n,
// so there are more terms for a larger n, but as many for every x.

// n x^n zeta(n + 1, x) by Euler and Maclaurin's formula, as a function of w = 1 / x. The literals are Bernoulli's
// numbers B_2j over (2 j)!. What is left out is below 0.12 ulp for x >= n + 3, in float64 for x >= n + 8.
HELPER32 REAL dt_polygamma_series(REAL n, REAL w)
{
    REAL z = w * w;
    REAL p = 2.0876757e-08f;
    p = p * (z * ((n + 8.0f) * (n + 9.0f))) - 8.2671958e-07f;
    p = p * (z * ((n + 6.0f) * (n + 7.0f))) + 3.3068783e-05f;
    p = p * (z * ((n + 4.0f) * (n + 5.0f))) - 0.0013888889f;
    p = p * (z * ((n + 2.0f) * (n + 3.0f))) + 0.083333333f;
    p = p * (z * ((n + 1.0f) * n)) + 0.5f * n * w;
    return 1.0f + p;
}

HELPER64 REAL dt_polygamma_series(REAL n, REAL w)
{
    REAL z = w * w;
    REAL p = -2.174868698558062e-16;
    p = p * (z * ((n + 18.0) * (n + 19.0))) + 8.586062056277845e-15;
    p = p * (z * ((n + 16.0) * (n + 17.0))) - 3.3896802963225827e-13;
    p = p * (z * ((n + 14.0) * (n + 15.0))) + 1.3382536530684679e-11;
    p = p * (z * ((n + 12.0) * (n + 13.0))) - 5.284190138687493e-10;
    p = p * (z * ((n + 10.0) * (n + 11.0))) + 2.08767569878681e-08;
    p = p * (z * ((n + 8.0) * (n + 9.0))) - 8.267195767195768e-07;
    p = p * (z * ((n + 6.0) * (n + 7.0))) + 3.306878306878307e-05;
    p = p * (z * ((n + 4.0) * (n + 5.0))) - 0.001388888888888889;
    p = p * (z * ((n + 2.0) * (n + 3.0))) + 0.08333333333333333;
    p = p * (z * ((n + 1.0) * n)) + 0.5 * n * w;
    return 1.0 + p;
}

// n! zeta(n + 1, x) for x > 0, as a multiple of (n - 1)! / x^n: no other power leaves the range before the result does
HELPER REAL dt_polygamma_positive(int n, REAL x)
{
    int terms = n + (MANTISSA_BITS > 23 ? 8 : 3);
    REAL order = (REAL)(n);
    REAL scale = R(1.0) / x;
    for (int i = 1; i < n; i++)
        scale = scale * (REAL)(i) / x;

    // The terms over the first one, the smallest first
    REAL sum = R(0.0);
    for (int k = terms - 1; k > 0; k--) {
        REAL ratio = x / (x + (REAL)(k));
        REAL power = ratio;
        for (int i = 0; i < n; i++)
            power *= ratio;
        sum += power;
    }
    sum += R(1.0);

    // A large argument needs no terms, and adding to it would round it.
    INT far = x >= (REAL)(terms);
    REAL y = far ? x : x + (REAL)(terms);
    REAL ratio = x / y;
    REAL power = ratio;
    for (int i = 1; i < n; i++)
        power *= ratio;
    REAL rest = dt_polygamma_series(order, R(1.0) / y);
    return scale * (far ? rest : order / x * sum + power * rest);
}

// The n-th derivative of digamma for n >= 1; one n for all elements. For x > 0 within 5 ulp for n <= 3, 7 ulp for
// n <= 6, and about 4 + n / 2 ulp up to n = 80, in float64 150. For x < 0 the same if n is odd; if n is even, within as
// many ulp of the largest of the result and n! zeta(n + 1, f), where f is the distance to the closest integer: near a
// zero there, the error is absolute. At 0, -1, -2, ... and -infinity it is infinity, or -infinity if n is even, as in
// SciPy. Where n! 2^n overflows, from n = 30 on, in float64 150, other x < 0 may give NaN.
FUNCTION REAL dt_polygamma(int n, REAL x)
{
    INT negative = x < R(0.0);
    // The sum over all integers k, negative ones too, has the period 1 and is even or odd as n is odd or even; and
    // what it has too much is zeta(n + 1, 1 - x) again.
    REAL f = x - dt_round(x);
    REAL near = dt_abs(f);
    REAL value = dt_polygamma_positive(n, negative ? near : x);
    REAL parity = R(1.0) - R(2.0) * (REAL)((n + 1) & 1);
    if (ANY(negative)) {
        REAL both = value + parity * dt_polygamma_positive(n, R(1.0) - near);
        both = f < R(0.0) ? parity * both : both;
        REAL extra = parity * dt_polygamma_positive(n, R(1.0) - x);
        value = negative ? both - extra : value;
    }
    value = (x <= R(0.0)) & (x == dt_round(x)) ? INF : value;
    return parity * value;
}
