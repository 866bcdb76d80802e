// A float as an integer of type OUT: its whole part, modulo what the type holds, as integers are converted to each other;
// 0 of NaN, and of what 64 bits cannot hold. (C leaves open what comes of a number that the type does not hold.)

static inline OUT dt_to_integer(T x)
{
    if (x < (T)0)
        return x >= (T)-0x1p63f ? (OUT)(long)x : (OUT)0;
    return x < (T)0x1p64f ? (OUT)(ulong)x : (OUT)0;
}
