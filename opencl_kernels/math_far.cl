// Reduction of large arguments of sine, cosine and tangent: the digits of 2/pi that matter are multiplied out in
// integers, as many as the size of the argument asks for (Payne and Hanek, "Radian reduction for trigonometric
// functions", 1983).

// x = k pi/2 + r for finite |x| > 2: r in two parts and k modulo 4. 32-bit words are kept in 64-bit lanes.
RARE REAL dt_reduce_far(REAL x, REAL *low, INT *quadrant)
{
    const int words = MANTISSA_BITS > 23 ? 6 : 3;
    const int stages = MANTISSA_BITS > 23 ? 16 : 4;
    // 2 / pi 2^-32, so that no argument needs digits from before the first.
    const uint digits[] = {
        0x00000000, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab,
        0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e, 0xe88235f5,
        0x2ebb4484, 0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b, 0x1ff897ff,
        0xde05980f, 0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d, 0x7527bac7,
        0xebe5f17b, 0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046, 0xfc7b6bab,
    };

    // |x| = mantissa 2^e; e - 2 digits of 2/pi contribute multiples of 4 only, and are skipped.
    UINT bits = AS_UINT(dt_abs(x));
    WIDE mantissa = TO_WIDE((bits & (((UINT)(1) << MANTISSA_BITS) - 1)) | ((UINT)(1) << MANTISSA_BITS));
    WIDE skipped = TO_WIDE((bits >> MANTISSA_BITS) - (EXPONENT_BIAS + MANTISSA_BITS) + 30);

    // Lanes skip different numbers of words: shift by 16, 8, 4, 2 and 1 words or not.
    WIDE window[40];
    for (int j = 0; j <= words + 2 * stages - 1; j++)
        window[j] = (WIDE)(digits[j]);
    WIDE index = skipped >> 5;
    for (int step = stages; step >= 1; step /= 2)
        for (int j = 0; j <= words + step - 1; j++)
            window[j] = (index & (ulong)step) != 0 ? window[j + step] : window[j];
    WIDE shift = skipped & 31;
    for (int j = 0; j < words; j++)
        window[j] = (((window[j] << 32) | window[j + 1]) << shift) >> 32;

    // mantissa * window modulo 4 in units of pi/2: words of 32 bits, most significant first. Two zero words after the
    // last stand for what is cut off.
    WIDE low_word = mantissa & 0xffffffff;
    WIDE high_word = mantissa >> 32;
    window[words] = 0;
    window[words + 1] = 0;
    WIDE product[8];
    WIDE carry = 0;
    for (int j = words - 1; j >= 0; j--) {
        carry += ((low_word * window[j]) & 0xffffffff) + ((low_word * window[j + 1]) >> 32);
        carry += ((high_word * window[j + 1]) & 0xffffffff) + ((high_word * window[j + 2]) >> 32);
        product[j] = carry & 0xffffffff;
        carry >>= 32;
    }
    WIDE high = (product[0] << 32) | product[1];
    WIDE rest = (product[2] << 32) | (words > 3 ? product[3] : (WIDE)(0));

    // The nearest k; what is left, with its sign apart.
    WIDE k = (high + ((ulong)1 << 61)) >> 62;
    high -= k << 62;
    WIDE sign = (WIDE)(0) - (high >> 63);
    high ^= sign;
    rest ^= sign;

    // Their top 128 or 64 bits as four pieces, short enough for dt_to_real. (Shifting high and rest along together
    // would become a funnel shift, which the Oclgrind simulator lacks.)
    const int piece = MANTISSA_BITS > 23 ? 32 : 16;
    REAL unit = PICK(0x1p-14, 0x1p-30);
    REAL r = R(0.0);
    REAL r_low = R(0.0);
    for (int i = 0; i < 4; i++) {
        WIDE source = i * piece < 64 ? high : rest;
        WIDE digit = (source >> (64 - piece - i * piece % 64)) & ((1ul << piece) - 1);
        REAL term = dt_to_real(TO_INT(digit)) * unit;
        REAL sum = r + term;
        r_low += dt_sum_low(r, term, sum);
        r = sum;
        unit *= PICK(0x1p-16, 0x1p-32);
    }

    REAL angle = r * HALF_PI;
    REAL angle_low = dt_product_low(r, HALF_PI, angle) + (r * HALF_PI_LOW + r_low * HALF_PI);
    INT negative = (TO_INT(sign & 1) != 0) != (x < R(0.0));
    *low = negative ? -angle_low : angle_low;
    INT count = TO_INT(k) & 3;
    *quadrant = (x < R(0.0) ? -count : count) & 3;
    return negative ? -angle : angle;
}
