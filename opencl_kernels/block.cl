
// Each work-group takes its share of the tiles, a block at a time, and leaves its sums in a row.
__kernel __attribute__((reqd_work_group_size(DT_ITEMS, 1, 1))) void dt_block(
    INPUTS__global const dt_r *shared, __global dt_r *all_scratch, __global dt_r *all_sums, __global dt_r *totals,
    const ulong points, const ulong scratch_size OUTPUTS)
{
    const ulong group = get_group_id(0);
    const ulong groups = get_num_groups(0);
    __global dt_r *scratch = all_scratch + group * scratch_size;
    __global dt_r *sums = all_sums + group * DT_SUMS;
    const ulong all_tiles = (points + DT_L - 1) / DT_L;
    const ulong end = all_tiles * (group + 1) / groups;
    for (int i = DT_ITEM; i < DT_SUMS; i += DT_ITEMS)
        sums[i] = 0;
    DT_SYNC;
    for (ulong start = all_tiles * group / groups; start < end; start += DT_TILES) {
        const int tiles = (int)(end - start < DT_TILES ? end - start : DT_TILES);
        const ulong first = start * DT_L;
        const ulong left = points - (first + (ulong)(tiles - 1) * DT_L);
        const int lanes = (int)(left < DT_L ? left : DT_L);
        CALLS
    }
    __global dt_r *row = totals + group * DT_ENTRIES;
#if DT_LANE_ENTRIES
    for (int i = 0; i < DT_LANE_ENTRIES; i++)
        row[i] = dt_across(DT_AT(sums + i * DT_L));
#endif
    for (int i = DT_LANE_ENTRIES + DT_ITEM; i < DT_ENTRIES; i += DT_ITEMS)
        row[i] = sums[i + DT_LANE_ENTRIES * (DT_L - 1)];
}
