// The regularized incomplete gamma functions.
//
// Below a, and below 1, the lower one by its series (DLMF 8.7.1); beyond, the upper one by its continued fraction (8.9.2),
// in the form of Thompson and Barnett, J. Comput. Phys. 64, 1986. Around a large a, where both would take sqrt(a) terms,
// Temme's expansion in 1 / a, whose coefficients are series in eta (8.12.3, 8.12.9). The upper one of small numbers, which
// is small where a is, by the series without its first term.

// (atanh(sqrt(z)) - sqrt(z)) / z^(3/2) for z <= 1/9
HELPER32 REAL dt_atanh_rest_series(REAL z)
{
    REAL p = 0.10812039f;
    p = p * z + 0.086215466f;
    p = p * z + 0.11142507f;
    p = p * z + 0.14284779f;
    p = p * z + 0.2000001f;
    p = p * z + 0.33333334f;
    return p;
}

HELPER64 REAL dt_atanh_rest_series(REAL z)
{
    REAL p = 0.0818985765459627;
    p = p * z + 0.021527857018456747;
    p = p * z + 0.04761009866922653;
    p = p * z + 0.047038917747328685;
    p = p * z + 0.05268580763805274;
    p = p * z + 0.058820078021647536;
    p = p * z + 0.06666681620144964;
    p = p * z + 0.07692307259839372;
    p = p * z + 0.09090909098914406;
    p = p * z + 0.11111111111023121;
    p = p * z + 0.14285714285714787;
    p = p * z + 0.19999999999999998;
    p = p * z + 0.3333333333333333;
    return p;
}

// The coefficients of Temme's expansion, by powers of 1 / a
HELPER32 REAL dt_temme0_series(REAL eta)
{
    REAL p = -1.2131917e-06f;
    p = p * eta + 3.8790797e-05f;
    p = p * eta - 0.00017891527f;
    p = p * eta + 0.0003527623f;
    p = p * eta + 0.0011574154f;
    p = p * eta - 0.0148148155f;
    p = p * eta + 0.083333336f;
    p = p * eta - 0.33333334f;
    return p;
}

HELPER32 REAL dt_temme1_series(REAL eta)
{
    REAL p = 0.00020181166f;
    p = p * eta - 0.0009899266f;
    p = p * eta + 0.002645706f;
    p = p * eta - 0.0034722416f;
    p = p * eta - 0.0018518531f;
    return p;
}

HELPER32 REAL dt_temme2_series(REAL eta)
{
    REAL p = 0.00075789867f;
    p = p * eta - 0.002679705f;
    p = p * eta + 0.004133698f;
    return p;
}

HELPER64 REAL dt_temme0_series(REAL eta)
{
    REAL p = -8.122903845043991e-11;
    p = p * eta - 1.889071712386631e-11;
    p = p * eta + 9.238659176888786e-10;
    p = p * eta - 4.3823735237496325e-09;
    p = p * eta + 1.0260276015286896e-08;
    p = p * eta + 6.707789189340015e-09;
    p = p * eta - 1.7665938992772321e-07;
    p = p * eta + 8.296711438215642e-07;
    p = p * eta - 1.8540622176576247e-06;
    p = p * eta - 2.1854485112071455e-06;
    p = p * eta + 3.919263178541828e-05;
    p = p * eta - 0.00017875514403290884;
    p = p * eta + 0.0003527336860670167;
    p = p * eta + 0.0011574074074074073;
    p = p * eta - 0.014814814814814815;
    p = p * eta + 0.08333333333333333;
    p = p * eta - 0.3333333333333333;
    return p;
}

HELPER64 REAL dt_temme1_series(REAL eta)
{
    REAL p = 9.32686332035126e-10;
    p = p * eta + 1.1681727963534058e-08;
    p = p * eta - 5.782594839170761e-08;
    p = p * eta + 1.3788561615819423e-07;
    p = p * eta + 4.686489610028685e-09;
    p = p * eta - 1.6120903811599488e-06;
    p = p * eta + 7.649158368654148e-06;
    p = p * eta - 1.80985503740895e-05;
    p = p * eta - 4.018774903092229e-07;
    p = p * eta + 0.00020576131687398994;
    p = p * eta - 0.0009902263374497;
    p = p * eta + 0.00264550264550263;
    p = p * eta - 0.0034722222222222177;
    p = p * eta - 0.001851851851851852;
    return p;
}

HELPER64 REAL dt_temme2_series(REAL eta)
{
    REAL p = 1.341551045962655e-07;
    p = p * eta - 6.298205394822398e-07;
    p = p * eta + 1.3738863124866166e-06;
    p = p * eta + 3.4228129702067624e-08;
    p = p * eta - 1.2760777932315633e-05;
    p = p * eta + 5.2923449673538234e-05;
    p = p * eta - 0.00010736652698183687;
    p = p * eta + 2.009387809077015e-06;
    p = p * eta + 0.0007716049382013568;
    p = p * eta - 0.0026813271604931165;
    p = p * eta + 0.0041335978835980326;
    return p;
}

HELPER64 REAL dt_temme3_series(REAL eta)
{
    REAL p = -6.158028290757949e-06;
    p = p * eta + 1.1375255726468811e-05;
    p = p * eta - 1.497440981029057e-07;
    p = p * eta - 7.56378644133271e-05;
    p = p * eta + 0.00026771589152755644;
    p = p * eta - 0.00046918903286227145;
    p = p * eta + 0.00022947215495753892;
    p = p * eta + 0.0006494341545475945;
    return p;
}

HELPER64 REAL dt_temme4_series(REAL eta)
{
    REAL p = -4.2580796294438776e-05;
    p = p * eta + 6.829771882772961e-05;
    p = p * eta - 1.095671577302654e-06;
    p = p * eta - 0.0002991560818255076;
    p = p * eta + 0.0007840302587226157;
    p = p * eta - 0.0008618876977598878;
    return p;
}

HELPER64 REAL dt_temme5_series(REAL eta)
{
    REAL p = 0.0003115899781036975;
    p = p * eta - 8.89612035700031e-05;
    p = p * eta - 0.00033771508634503305;
    return p;
}

HELPER32 REAL dt_temme_series(REAL eta, REAL w)
{
    return dt_temme0_series(eta) + w * (dt_temme1_series(eta) + w * dt_temme2_series(eta));
}

HELPER64 REAL dt_temme_series(REAL eta, REAL w)
{
    REAL p = dt_temme5_series(eta);
    p = p * w + dt_temme4_series(eta);
    p = p * w + dt_temme3_series(eta);
    p = p * w + dt_temme2_series(eta);
    p = p * w + dt_temme1_series(eta);
    return p * w + dt_temme0_series(eta);
}

// mu - log(1 + mu) of mu = (x - a) / a. Near 0 with s = mu / (2 + mu), for log(1 + mu) = 2 atanh(s).
HELPER REAL dt_gamma_distance(REAL a, REAL x)
{
    REAL mu = (x - a) / a;
    INT near = dt_abs(mu) < R(0.5);
    REAL m = near ? mu : R(0.0);
    REAL s = m / (R(2.0) + m);
    REAL inner = s * (m - R(2.0) * s * s * dt_atanh_rest_series(s * s));
    REAL quotient = x / a;
    return near ? inner : mu - dt_log(near ? R(1.0) : quotient);
}

// log gamma(1 + a) for 0 <= a <= 3/2
HELPER REAL dt_lgamma_past_one(REAL a)
{
    INT below = a < R(0.5);
    REAL u = below ? a : a - R(1.0);
    REAL value = u * dt_lgamma_series(u);
    return below ? value - dt_log1p(u) : value;
}

// x^a exp(-x) / gamma(1 + a) for 0 < a < 8
HELPER REAL dt_gamma_factor_small(REAL a, REAL x)
{
    REAL n = dt_floor(a - R(0.5));
    REAL u = (a - R(1.0)) - n;
    REAL product = R(1.0);
    REAL next = R(2.0) + u;
    for (int i = 0; i < 7; i++) {
        product = n > R(0.5) ? product * next : product;
        next += R(1.0);
        n -= R(1.0);
    }
    REAL gamma = dt_exp(u * dt_lgamma_series(u)) * (a < R(0.5) ? R(1.0) / (R(1.0) + a) : product);
    // Beyond all is 0. In halves, for the power is large where the exponential is subnormal.
    REAL y = x > PICK(150.0, 900.0) ? PICK(150.0, 900.0) : x;
    REAL half_way = dt_exp(R(-0.5) * y);
    return dt_pow(y, a) / gamma * half_way * half_way;
}

// x^a exp(-x) / gamma(1 + a)
HELPER REAL dt_gamma_factor(REAL a, REAL x)
{
    INT small = a < R(8.0);
    REAL few = dt_gamma_factor_small(small ? a : R(1.0), small ? x : R(1.0));
    REAL b = small ? R(8.0) : a;
    REAL w = R(1.0) / b;
    REAL power = dt_exp(-b * dt_gamma_distance(b, small ? R(8.0) : x) - w * dt_stirling_series(w * w));
    return small ? few : power * R(0.3989422804014327) / dt_sqrt(b);
}

// What the factor is multiplied by in the lower function: the sum of x^n / ((a + 1) ... (a + n)). Here and below a lane
// that has come to its end keeps its value, which must not depend on how long its neighbours take.
HELPER REAL dt_gamma_series(REAL a, REAL x)
{
    REAL term = R(1.0);
    REAL sum = R(1.0);
    INT going = R(0.0) < R(1.0);
    for (int n = 1; n < 1000; n++) {
        term = term * x / (a + (REAL)(n));
        sum += going ? term : R(0.0);
        going &= term > PICK(3e-8, 5e-17) * sum;
        if (!ANY(going))
            break;
    }
    return sum;
}

// What the factor is multiplied by in the upper function, for x > a
HELPER REAL dt_gamma_fraction(REAL a, REAL x)
{
    REAL b = (x - a) + R(1.0);
    REAL d = R(1.0) / b;
    REAL c = PICK(1e30, 1e300);
    REAL value = d;
    INT going = R(0.0) < R(1.0);
    for (int n = 1; n < 1000; n++) {
        REAL k = (REAL)(n);
        REAL numerator = k * (a - k);
        b += R(2.0);
        d = R(1.0) / (numerator * d + b);
        c = b + numerator / c;
        REAL step = c * d;
        value = going ? value * step : value;
        going &= dt_abs(step - R(1.0)) > PICK(6e-8, 1.2e-16);
        if (!ANY(going))
            break;
    }
    return a * value;
}

// For a large a near x the lower function, with -1 as side, or the upper one, with 1
HELPER REAL dt_gamma_near(REAL a, REAL x, REAL side)
{
    REAL distance = dt_gamma_distance(a, x);
    REAL eta = dt_copysign(dt_sqrt(R(2.0) * distance), x - a);
    REAL z = dt_copysign(dt_sqrt(a * distance), x - a);
    REAL correction = dt_exp(-a * distance) * R(0.3989422804014327) / dt_sqrt(a) * dt_temme_series(eta, R(1.0) / a);
    return R(0.5) * dt_erfc(side * z) + side * correction;
}

// The upper function of small numbers, where the lower one is almost 1
HELPER REAL dt_gamma_rest(REAL a, REAL x)
{
    REAL logarithm = a * dt_log(x) - dt_lgamma_past_one(a);
    REAL term = a;
    REAL sum = R(0.0);
    INT going = R(0.0) < R(1.0);
    for (int n = 1; n < 40; n++) {
        REAL k = (REAL)(n);
        term = -term * x / k;
        sum += going ? term / (a + k) : R(0.0);
        going &= dt_abs(term) > PICK(3e-8, 5e-17) * dt_abs(sum);
        if (!ANY(going))
            break;
    }
    return -dt_expm1(logarithm) - dt_exp(logarithm) * sum;
}

// The lower function, or the upper one, with the answers at the ends
HELPER REAL dt_gamma_part(REAL a, REAL x, int upper)
{
    INT inside = (a > R(0.0)) & (x > R(0.0)) & (a < INF) & (x < INF);
    REAL b = inside ? a : R(1.0);
    REAL y = inside ? x : R(1.0);
    INT near = (b >= PICK(100.0, 1000.0)) & (dt_abs(y - b) <= R(0.35) * b);
    INT beyond = !near & (y > R(1.1)) & ((y >= b + R(1.0)) | (b < R(0.5)));
    INT below = !near & !beyond;
    REAL factor = dt_gamma_factor(b, near ? b : y);
    REAL value = R(0.0);
    if (ANY(below)) {
        REAL lower = factor * dt_gamma_series(b, below ? y : R(0.0));
        value = upper ? R(1.0) - lower : lower;
    }
    if (ANY(beyond)) {
        REAL higher = factor * dt_gamma_fraction(beyond ? b : R(1.0), beyond ? y : R(100.0));
        value = beyond ? (upper ? higher : R(1.0) - higher) : value;
    }
    if (ANY(near)) {
        REAL around = dt_gamma_near(near ? b : R(1e3), near ? y : R(1e3), upper ? R(1.0) : R(-1.0));
        value = near ? around : value;
    }
    if (upper) {
        REAL little = y > R(0.5) ? R(0.5) : y;
        REAL largest = y > R(0.5) ? R(1.1) * y : R(-0.4) / dt_log(little);
        INT rest = below & (y <= R(1.1)) & (b <= largest);
        if (ANY(rest)) {
            REAL small = dt_gamma_rest(rest ? b : R(0.5), rest ? y : R(0.5));
            value = rest ? small : value;
        }
    }
    REAL lowest = upper ? R(1.0) : R(0.0);
    INT no_number = (a < R(0.0)) | (x < R(0.0)) | (a != a) | (x != x);
    no_number |= (a == x) & ((a == R(0.0)) | (a == INF));
    REAL at_end = (x == R(0.0)) | (a == INF) ? lowest : R(1.0) - lowest;
    value = value > R(1.0) ? R(1.0) : value > R(0.0) ? value : R(0.0);
    value = inside ? value : at_end;
    return no_number ? NOT_A_NUMBER : value;
}

// The lower regularized incomplete gamma function of a shape a and x, within 16 ulp times 1 - log of the result: of exp(-100)
// the rounded exponent is a hundred times as large an error. 1 for a = 0, NaN for negative numbers.
FUNCTION REAL dt_gammainc(REAL a, REAL x)
{
    return dt_gamma_part(a, x, 0);
}

// The upper one, within 16 ulp times 1 - log of the result. 0 for a = 0, NaN for negative numbers.
FUNCTION REAL dt_gammaincc(REAL a, REAL x)
{
    return dt_gamma_part(a, x, 1);
}
