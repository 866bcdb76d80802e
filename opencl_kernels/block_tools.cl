#define DT_AT(pointer) (*(__global dt_v *)(pointer))

// The sum of a vector's lanes, always in the same order.
static DT_WIDE dt_r dt_across(dt_v v)
{
    dt_r sums[DT_L];
    for (int lane = 0; lane < DT_L; lane++)
        sums[lane] = ((const dt_r *)&v)[lane];
    for (int width = DT_L / 2; width > 0; width /= 2)
        for (int lane = 0; lane < width; lane++)
            sums[lane] += sums[lane + width];
    return sums[0];
}

// Zeros in the lanes that hold no point.
static void dt_clear(__global dt_r *tile, const int features, const int lanes)
{
    for (int f = 0; f < features; f++)
        for (int lane = lanes; lane < DT_L; lane++)
            tile[f * DT_L + lane] = 0;
}

