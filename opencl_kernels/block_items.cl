// Points on the work-items of a group: each has its own element of a vector.
#define DT_AT(pointer) ((pointer)[get_local_id(0)])
#define DT_ITEM ((int)get_local_id(0))
#define DT_SYNC barrier(CLK_GLOBAL_MEM_FENCE)
#define DT_APART __attribute__((always_inline))

// Zeros in the lanes that hold no point.
static void dt_clear(__global dt_r *tile, const int features, const int lanes)
{
    if (DT_ITEM >= lanes)
        for (int f = 0; f < features; f++)
            DT_AT(tile + f * DT_L) = 0;
}
