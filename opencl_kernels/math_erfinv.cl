// The inverse of the error function.
//
// Near 0 a series in x^2. Beyond, of r = sqrt(-log((1 - |x|) / 2)), as Wichura has it (Algorithm AS 241, Appl. Statist. 37,
// 1988), a ratio of polynomials. The series interpolates, and so do the ratios, at Chebyshev nodes, computed in 60 digits.

// erfinv(x) / x as a function of z = x^2, |x| <= 1/2
HELPER32 REAL dt_erfinv_series(REAL z)
{
    REAL p = 0.09519069f;
    p = p * z + 0.014526125f;
    p = p * z + 0.05823468f;
    p = p * z + 0.06416062f;
    p = p * z + 0.08660446f;
    p = p * z + 0.1275545f;
    p = p * z + 0.23201369f;
    p = p * z + 0.88622695f;
    return p;
}

HELPER64 REAL dt_erfinv_series(REAL z)
{
    REAL p = 0.14769459101264315;
    p = p * z - 0.17599508041027515;
    p = p * z + 0.15695490729562983;
    p = p * z - 0.048497132336340655;
    p = p * z + 0.040417570527741246;
    p = p * z + 0.015515283677540518;
    p = p * z + 0.02350702212347025;
    p = p * z + 0.024903351532886205;
    p = p * z + 0.02799251442495806;
    p = p * z + 0.03168811563691455;
    p = p * z + 0.03646597850294437;
    p = p * z + 0.042836718687025425;
    p = p * z + 0.05173128203930653;
    p = p * z + 0.06495961774437983;
    p = p * z + 0.08655212924155876;
    p = p * z + 0.1275561753055979;
    p = p * z + 0.2320136665346545;
    p = p * z + 0.886226925452758;
    return p;
}

// erfinv(x) / r for 23/20 <= r <= 17/4, as a function of u = r - 23/20
HELPER32 REAL dt_erfinv_ratio(REAL u)
{
    REAL p = 0.0029577601f;
    p = p * u + 0.082904436f;
    p = p * u + 0.6271407f;
    p = p * u + 1.7190772f;
    p = p * u + 1.6928821f;
    p = p * u + 0.38339302f;
    REAL q = 0.0029576041f;
    q = q * u + 0.08293037f;
    q = q * u + 0.6352284f;
    q = q * u + 1.8623264f;
    q = q * u + 2.2926154f;
    q = q * u + 1.0f;
    return p / q;
}

// for 23/20 <= r <= 11/4, as a function of the same
HELPER64 REAL dt_erfinv_middle(REAL u)
{
    REAL p = 0.0009434224824099675;
    p = p * u + 0.025949676295218868;
    p = p * u + 0.24700853439358847;
    p = p * u + 1.1295700216586317;
    p = p * u + 2.7380970097140676;
    p = p * u + 3.4888486242175643;
    p = p * u + 2.0730500366507076;
    p = p * u + 0.383393014752618;
    REAL q = 0.0009433183442891171;
    q = q * u + 0.02596039051212679;
    q = q * u + 0.24951798058827152;
    q = q * u + 1.175803123226781;
    q = q * u + 3.037141018125196;
    q = q * u + 4.3733490445834855;
    q = q * u + 3.2842034069318684;
    q = q * u + 1.0;
    return p / q;
}

// for 11/4 <= r <= 25/4, as a function of u = r - 11/4
HELPER64 REAL dt_erfinv_far(REAL u)
{
    REAL p = 3.250646386235287e-06;
    p = p * u + 0.00021436358095923533;
    p = p * u + 0.0047789038776395055;
    p = p * u + 0.05026610412689504;
    p = p * u + 0.2814729179695809;
    p = p * u + 0.8610026954154762;
    p = p * u + 1.3510284278859572;
    p = p * u + 0.8433102106082466;
    REAL q = 3.250584621550403e-06;
    q = q * u + 0.00021437881984171558;
    q = q * u + 0.004788988695130823;
    q = q * u + 0.05073219348139042;
    q = q * u + 0.28863259662724194;
    q = q * u + 0.908429129161953;
    q = q * u + 1.4925334522999565;
    q = q * u + 1.0;
    return p / q;
}

HELPER32 REAL dt_erfinv_of_tail(REAL r)
{
    return r * dt_erfinv_ratio(r - 1.15f);
}

HELPER64 REAL dt_erfinv_of_tail(REAL r)
{
    INT far = r > R(2.75);
    REAL middle = dt_erfinv_middle(far ? R(1.0) : r - R(1.15));
    REAL beyond = dt_erfinv_far(far ? r - R(2.75) : R(0.0));
    return r * (far ? beyond : middle);
}

// Within 6 ulp. Infinite at 1 and -1.
FUNCTION REAL dt_erfinv(REAL x)
{
    REAL a = dt_abs(x);
    REAL inside = a > R(0.5) ? R(0.5) : a;
    REAL near = inside * dt_erfinv_series(inside * inside);
    REAL rest = R(0.5) * (R(1.0) - a);
    REAL tail = a < R(0.5) ? R(0.25) : rest > R(0.0) ? rest : R(0.25);
    REAL far = dt_erfinv_of_tail(dt_sqrt(-dt_log(tail)));
    REAL value = a <= R(0.5) ? near : far;
    value = a == R(1.0) ? INF : value;
    return dt_copysign(a <= R(1.0) ? value : NOT_A_NUMBER, x);
}
