// Bessel functions of the orders 0 and 1 from x = 2 on, as waves:
// amplitude / sqrt(x) cos(x - (2 n + 1) pi / 4 + phase / x).
//
// Amplitude and phase are smooth functions of z = 1 / x^2, ratios of polynomials here; both kinds of functions share
// them. The angle is reduced before the phase is added, so that the error does not grow with x.

// The amplitude at order 0
HELPER32 REAL dt_bessel_j0_amplitude(REAL z)
{
    REAL p = 4.415692f;
    p = p * z + 19.089869f;
    p = p * z + 9.348601f;
    p = p * z + 0.7978845f;
    REAL q = 6.34404f;
    q = q * z + 24.559378f;
    q = q * z + 11.779222f;
    q = q * z + 1.0f;
    return p / q;
}

// for 2 <= x <= 4, of t = z - 1 / 16
HELPER64 REAL dt_bessel_j0_amplitude_near(REAL t)
{
    REAL p = 25.43178857226502;
    p = p * t + 469.28482588077276;
    p = p * t + 1520.5677337622835;
    p = p * t + 1702.582575085173;
    p = p * t + 829.9119986163976;
    p = p * t + 191.21744690344494;
    p = p * t + 20.30928282449037;
    p = p * t + 0.7950219119590853;
    REAL q = 40.851417053552524;
    q = q * t + 643.9614674328594;
    q = q * t + 1992.8487354430365;
    q = q * t + 2187.4387587775823;
    q = q * t + 1055.5208411679894;
    q = q * t + 241.83112513676167;
    q = q * t + 25.59901284567281;
    q = q * t + 1.0;
    return p / q;
}

// for x >= 4
HELPER64 REAL dt_bessel_j0_amplitude_far(REAL z)
{
    REAL p = 422299.7067970107;
    p = p * z + 2670625.9108515885;
    p = p * z + 2631001.3757444657;
    p = p * z + 811390.9943937806;
    p = p * z + 98780.39097869273;
    p = p * z + 5142.011759243419;
    p = p * z + 111.26578587403183;
    p = p * z + 0.7978845608028653;
    REAL q = 620571.2188411307;
    q = q * z + 3492217.1847456763;
    q = q * z + 3351415.046590247;
    q = q * z + 1024091.7037942796;
    q = q * z + 124192.28478062923;
    q = q * z + 6453.172109130683;
    q = q * z + 139.51348243544254;
    q = q * z + 1.0;
    return p / q;
}

HELPER64 REAL dt_bessel_j0_amplitude(REAL z)
{
    INT near = z > 0.0625;
    REAL inner = dt_bessel_j0_amplitude_near(near ? z - 0.0625 : R(0.0));
    return near ? inner : dt_bessel_j0_amplitude_far(near ? R(0.0) : z);
}

// The phase at order 0
HELPER32 REAL dt_bessel_j0_phase(REAL z)
{
    REAL p = -1.2085361f;
    p = p * z - 4.574067f;
    p = p * z - 1.8069978f;
    p = p * z - 0.12499991f;
    REAL q = 18.50989f;
    q = q * z + 42.744957f;
    q = q * z + 14.976509f;
    q = q * z + 1.0f;
    return p / q;
}

// for 2 <= x <= 4, of t = z - 1 / 16
HELPER64 REAL dt_bessel_j0_phase_near(REAL t)
{
    REAL p = -2.7033921789916135;
    p = p * t - 40.50764325440069;
    p = p * t - 91.75561943258245;
    p = p * t - 68.1535162464677;
    p = p * t - 20.77039530981384;
    p = p * t - 2.6866071956109137;
    p = p * t - 0.12151693871063463;
    REAL q = 60.355540950708416;
    q = q * t + 493.6735167491333;
    q = q * t + 915.4875473509667;
    q = q * t + 618.7401594762259;
    q = q * t + 179.22455624756904;
    q = q * t + 22.509616059140626;
    q = q * t + 1.0;
    return p / q;
}

// for x >= 4
HELPER64 REAL dt_bessel_j0_phase_far(REAL z)
{
    REAL p = -164488.80915143283;
    p = p * z - 942556.2847275805;
    p = p * z - 787348.4736794723;
    p = p * z - 207834.52101686504;
    p = p * z - 21978.15203188369;
    p = p * z - 1007.145366181102;
    p = p * z - 19.40087510800891;
    p = p * z - 0.1249999999999993;
    REAL q = 2762427.528073298;
    q = q * z + 9608599.18945798;
    q = q * z + 6987594.050119178;
    q = q * z + 1744541.2785954734;
    q = q * z + 179815.04299424784;
    q = q * z + 8136.594613984484;
    q = q * z + 155.727834197363;
    q = q * z + 1.0;
    return p / q;
}

HELPER64 REAL dt_bessel_j0_phase(REAL z)
{
    INT near = z > 0.0625;
    REAL inner = dt_bessel_j0_phase_near(near ? z - 0.0625 : R(0.0));
    return near ? inner : dt_bessel_j0_phase_far(near ? R(0.0) : z);
}

// The amplitude at order 1
HELPER32 REAL dt_bessel_j1_amplitude(REAL z)
{
    REAL p = 4.426564f;
    p = p * z + 15.964551f;
    p = p * z + 8.513361f;
    p = p * z + 0.7978846f;
    REAL q = 3.420053f;
    q = q * z + 18.234886f;
    q = q * z + 10.482435f;
    q = q * z + 1.0f;
    return p / q;
}

// for 2 <= x <= 4, of t = z - 1 / 16
HELPER64 REAL dt_bessel_j1_amplitude_near(REAL t)
{
    REAL p = 35.09707432000891;
    p = p * t + 451.5544818204435;
    p = p * t + 1370.535407848977;
    p = p * t + 1544.3395927368279;
    p = p * t + 772.8031780931003;
    p = p * t + 183.538969361523;
    p = p * t + 20.07067591870541;
    p = p * t + 0.8067381044646373;
    REAL q = 20.138282585633508;
    q = q * t + 412.8556690620831;
    q = q * t + 1472.2579438535838;
    q = q * t + 1780.8879719265944;
    q = q * t + 923.1861699725978;
    q = q * t + 223.48999782936934;
    q = q * t + 24.71155223265558;
    q = q * t + 1.0;
    return p / q;
}

// for x >= 4
HELPER64 REAL dt_bessel_j1_amplitude_far(REAL z)
{
    REAL p = 408051.458855621;
    p = p * z + 2064059.065609671;
    p = p * z + 2104904.165281029;
    p = p * z + 688228.943366218;
    p = p * z + 88353.11502705932;
    p = p * z + 4807.9667643390085;
    p = p * z + 107.92564774270303;
    p = p * z + 0.7978845608028655;
    REAL q = 295394.6527728209;
    q = q * z + 2225437.9518415043;
    q = q * z + 2497309.7851383504;
    q = q * z + 843069.8836411935;
    q = q * z + 109634.37896282223;
    q = q * z + 6000.759094344909;
    q = q * z + 135.07724009486347;
    q = q * z + 1.0;
    return p / q;
}

HELPER64 REAL dt_bessel_j1_amplitude(REAL z)
{
    INT near = z > 0.0625;
    REAL inner = dt_bessel_j1_amplitude_near(near ? z - 0.0625 : R(0.0));
    return near ? inner : dt_bessel_j1_amplitude_far(near ? R(0.0) : z);
}

// The phase at order 1
HELPER32 REAL dt_bessel_j1_phase(REAL z)
{
    REAL p = 2.1288311f;
    p = p * z + 10.790769f;
    p = p * z + 4.9115167f;
    p = p * z + 0.37499988f;
    REAL q = 12.698897f;
    q = q * z + 33.721684f;
    q = q * z + 13.534726f;
    q = q * z + 1.0f;
    return p / q;
}

// for 2 <= x <= 4, of t = z - 1 / 16
HELPER64 REAL dt_bessel_j1_phase_near(REAL t)
{
    REAL p = 4.779009087527105;
    p = p * t + 89.13704325764374;
    p = p * t + 224.69693822875553;
    p = p * t + 179.53557538657577;
    p = p * t + 57.80747551479259;
    p = p * t + 7.808774066260586;
    p = p * t + 0.365842386158;
    REAL q = 45.850652883631895;
    q = q * t + 380.5924421056588;
    q = q * t + 752.3684056651064;
    q = q * t + 541.350261385697;
    q = q * t + 165.39230087738216;
    q = q * t + 21.707322283259906;
    q = q * t + 1.0;
    return p / q;
}

// for x >= 4
HELPER64 REAL dt_bessel_j1_phase_far(REAL z)
{
    REAL p = 261352.44883651286;
    p = p * z + 1950015.8738391823;
    p = p * z + 1835858.4983004492;
    p = p * z + 524796.9222015995;
    p = p * z + 58872.99923275893;
    p = p * z + 2824.9221073747613;
    p = p * z + 56.46577504718566;
    p = p * z + 0.3749999999999991;
    REAL q = 1755155.6564992832;
    q = q * z + 6722918.719355368;
    q = q * z + 5414646.936295182;
    q = q * z + 1462892.7886829292;
    q = q * z + 160175.8363602242;
    q = q * z + 7598.204700995359;
    q = q * z + 151.0129001258109;
    q = q * z + 1.0;
    return p / q;
}

HELPER64 REAL dt_bessel_j1_phase(REAL z)
{
    INT near = z > 0.0625;
    REAL inner = dt_bessel_j1_phase_near(near ? z - 0.0625 : R(0.0));
    return near ? inner : dt_bessel_j1_phase_far(near ? R(0.0) : z);
}

// cos(x + phase - pi / 4 + turns pi / 2) for x >= 2 and |phase| <= 1/4
HELPER REAL dt_bessel_cosine(REAL x, REAL phase, INT turns)
{
    REAL low;
    INT quadrant;
    REAL r = dt_reduce(x, &low, &quadrant);
    REAL sine = dt_sin_near(r, low);
    REAL cosine = dt_cos_near(r, low);
    REAL phase_sine = dt_sin_near(phase, R(0.0));
    REAL phase_cosine = dt_cos_near(phase, R(0.0));
    REAL s = sine * phase_cosine + cosine * phase_sine;
    REAL c = cosine * phase_cosine - sine * phase_sine;
    INT k = (quadrant + turns) & 3;
    REAL value = ((k & 1) == 0 ? c + s : c - s) * R(0.7071067811865476);
    return (k & 2) == 2 ? -value : value;
}

// J_0(x) for x >= 2, or Y_0(x) with -1 as turns
HELPER REAL dt_bessel_wave0(REAL x, INT turns)
{
    REAL w = R(1.0) / x;
    REAL z = w * w;
    REAL cosine = dt_bessel_cosine(x, w * dt_bessel_j0_phase(z), turns);
    return dt_bessel_j0_amplitude(z) * cosine / dt_sqrt(x);
}

// J_1(x) for x >= 2, or Y_1(x) with -1 as turns
HELPER REAL dt_bessel_wave1(REAL x, INT turns)
{
    REAL w = R(1.0) / x;
    REAL z = w * w;
    REAL cosine = dt_bessel_cosine(x, w * dt_bessel_j1_phase(z), turns - 1);
    return dt_bessel_j1_amplitude(z) * cosine / dt_sqrt(x);
}
