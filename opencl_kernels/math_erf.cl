// The error function and its complement.
//
// Near 0 a series in x^2. Beyond, erfc(x) = e^(-x^2) g(t) / (x + K), where t = (x - K) / (x + K) brings the half-line
// into a short interval and g is smooth (Shepherd and Laframboise, Math. Comp. 36, 1981). Both series
// interpolate at Chebyshev nodes, computed in 70 digits and then rounded.

// erf(x) / x - 1 as a function of z = x^2, |x| <= 1
HELPER32 REAL dt_erf_series(REAL z)
{
    REAL p = 7.875875e-05f;
    p = p * z - 8.0168643e-04f;
    p = p * z + 0.0051890872f;
    p = p * z - 0.026854211f;
    p = p * z + 0.11283594f;
    p = p * z - 0.37612626f;
    p = p * z + 0.12837917f;
    return p;
}

HELPER64 REAL dt_erf_series(REAL z)
{
    REAL p = -7.795898827002142e-10;
    p = p * z + 1.3720064546777686e-08;
    p = p * z - 1.6208483801871705e-07;
    p = p * z + 1.6447424703317362e-06;
    p = p * z - 1.492473690741966e-05;
    p = p * z + 0.00012055294904839707;
    p = p * z - 0.0008548325975389692;
    p = p * z + 0.0052239776071164225;
    p = p * z - 0.02686617064323777;
    p = p * z + 0.11283791670945006;
    p = p * z - 0.37612638903183543;
    p = p * z + 0.12837916709551256;
    return p;
}

// erfc(x) e^(x^2) (x + K) as a function of t
HELPER32 REAL dt_erfc_series(REAL t)
{
    REAL p = 2.3746339e-04f;
    p = p * t + 9.4866424e-05f;
    p = p * t - 0.0016187588f;
    p = p * t - 8.0086704e-04f;
    p = p * t + 0.01165624f;
    p = p * t - 0.00361047f;
    p = p * t - 0.10121028f;
    p = p * t + 0.37151745f;
    p = p * t - 0.751959f;
    p = p * t + 1.0398927f;
    return p;
}

HELPER64 REAL dt_erfc_series(REAL t)
{
    REAL p = -4.183002314939332e-09;
    p = p * t + 2.1746182600239624e-09;
    p = p * t + 3.903673259041024e-08;
    p = p * t - 2.53585255374585e-08;
    p = p * t - 2.63022058863323e-07;
    p = p * t + 2.785112900452562e-07;
    p = p * t + 1.6558414525846735e-06;
    p = p * t - 3.2887047141453927e-06;
    p = p * t - 8.903921196727848e-06;
    p = p * t + 3.747144388680137e-05;
    p = p * t + 1.0593997049228133e-05;
    p = p * t - 0.0003486467937837217;
    p = p * t + 0.0007948230964888927;
    p = p * t + 0.00098633807152599;
    p = p * t - 0.012535880040567283;
    p = p * t + 0.049118778615876685;
    p = p * t - 0.1319554011785715;
    p = p * t + 0.2790620490337619;
    p = p * t - 0.4904702912076772;
    p = p * t + 0.7363189252217519;
    p = p * t - 0.9587415766529096;
    p = p * t + 1.0919229095627891;
    return p;
}

// erfc(x) for x >= 1/2
HELPER REAL dt_erfc_tail(REAL x)
{
    x = x > PICK(11.0, 28.0) ? PICK(11.0, 28.0) : x;
    REAL middle = PICK(2.25, 3.75);
    REAL sum = x + middle;
    REAL square = x * x;
    REAL e = dt_exp_shifted(-square, dt_product_low(x, x, square), (INT)(0));
    return e * dt_erfc_series((x - middle) / sum) / sum;
}

// Within 1.5 ulp.
FUNCTION REAL dt_erf(REAL x)
{
    REAL a = dt_abs(x);
    REAL inside = a > R(1.0) ? R(1.0) : a;
    REAL near = inside + inside * dt_erf_series(inside * inside);
    REAL far = R(1.0) - dt_erfc_tail(a);
    return dt_copysign(a < R(1.0) ? near : far, x);
}

// Within 4 ulp.
FUNCTION REAL dt_erfc(REAL x)
{
    REAL a = dt_abs(x);
    REAL inside = a > R(1.0) ? R(1.0) : a;
    REAL near = inside + inside * dt_erf_series(inside * inside);
    REAL tail = dt_erfc_tail(a);
    REAL right = a < R(0.5) ? R(1.0) - near : tail;
    REAL left = R(1.0) + (a < R(1.0) ? near : R(1.0) - tail);
    return x < R(0.0) ? left : right;
}
