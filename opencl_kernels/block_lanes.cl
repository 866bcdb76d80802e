// Points on the lanes of vectors: one work-item runs a tile.
#define DT_AT(pointer) (*(__global dt_v *)(pointer))
#define DT_ITEM 0
#define DT_SYNC
#define DT_APART __attribute__((noinline))

// The sum of a vector's lanes, always in the same order: halves are added until one is left.
static DT_WIDE dt_r dt_across(dt_v v)
{
#if DT_L > 8
    const dt_v8 eight = v.lo + v.hi;
#else
    const dt_v eight = v;
#endif
#if DT_L > 4
    const dt_v4 four = eight.lo + eight.hi;
#else
    const dt_v four = eight;
#endif
#if DT_L > 2
    const dt_v2 two = four.lo + four.hi;
#else
    const dt_v two = four;
#endif
    return two.lo + two.hi;
}

// Zeros in the lanes that hold no point.
static void dt_clear(__global dt_r *tile, const int features, const int lanes)
{
    for (int f = 0; f < features; f++)
        for (int lane = lanes; lane < DT_L; lane++)
            tile[f * DT_L + lane] = 0;
}

// A square of vectors, turned: `count` vectors with points on the lanes become one vector for each point, `step`
// elements apart. Halving the even from the odd lanes rotates the bits of both indices; after all rounds they have
// changed places.
static DT_WIDE void dt_turn(__global const dt_r *from, __global dt_r *to, const int count, const int step)
{
    dt_v now[DT_L], next[DT_L];
#pragma unroll
    for (int i = 0; i < DT_L; i++)
        now[i] = i < count ? DT_AT(from + i * DT_L) : (dt_v)(0);
#pragma unroll
    for (int round = 1; round < DT_L; round *= 2) {
#pragma unroll
        for (int i = 0; i < DT_L / 2; i++) {
            next[i] = (dt_v)(now[2 * i].even, now[2 * i + 1].even);
            next[i + DT_L / 2] = (dt_v)(now[2 * i].odd, now[2 * i + 1].odd);
        }
#pragma unroll
        for (int i = 0; i < DT_L; i++)
            now[i] = next[i];
    }
#pragma unroll
    for (int i = 0; i < DT_L; i++)
        DT_AT(to + i * step) = now[i];
}

