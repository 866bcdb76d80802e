
// Sums over a few blocks are added to those over all with what rounding takes from these kept beside them (Knuth, The Art
// of Computer Programming 2, section 4.2.2, theorem B): the error does not grow with the number of points. Where a group
// has no more than a few blocks, their sums are all there is.
#define DT_RUN 32

static DT_WIDE void dt_settle(__global dt_r *sums)
{
    __global dt_r *whole = sums + DT_SUMS;
    __global dt_r *rest = whole + DT_SUMS;
    DT_SYNC;
    for (int i = 0; i < DT_SUMS; i += DT_L) {
        const dt_v before = DT_AT(whole + i), value = DT_AT(sums + i);
        const dt_v after = before + value;
        const dt_v part = after - before;
        const dt_v lost = (before - (after - part)) + (value - part);
        DT_AT(whole + i) = after;
        DT_AT(rest + i) += lost == lost ? lost : (dt_v)(0);
        DT_AT(sums + i) = (dt_v)(0);
    }
    DT_SYNC;
}

// With fewer tiles than DT_FEW for each part half of the parts rest: what is done once for one would be most of its work.
// Where a group has several work-items all of them work, for compilers lose their way where kernels with barriers branch.

// The tiles of each member are cut into parts. Each work-group takes some of these, or one where it has several work-items,
// a block at a time, and leaves the sums of each in a row.
static DT_APART void dt_parts(PARAMETERS, const ulong group, const ulong groups)
{
    __global dt_r *scratch = all_scratch + group * scratch_size;
    __global dt_r *sums = all_sums + group * (3 * DT_SUMS);
    const ulong all_tiles = (points + DT_L - 1) / DT_L;
    const int few = DT_ITEMS == 1 && all_parts > 1 && all_tiles < DT_FEW * all_parts;
    const ulong parts = few ? all_parts / 2 : all_parts;
#if DT_ITEMS == 1
    for (ulong number = group; number < DT_MEMBERS * all_parts; number += groups) {
#else
    {
        const ulong number = group;
#endif
        const ulong member = number / all_parts, part = number % all_parts;
        __global dt_r *row = totals + number * DT_ENTRIES;
#if DT_ITEMS == 1
        if (part >= parts) {
            for (int i = 0; i < DT_ENTRIES; i++)
                row[i] = 0;
            continue;
        }
#endif
        ARRAYS
        const ulong end = all_tiles * (part + 1) / parts;
        const ulong begin = all_tiles * part / parts;
        const int many = end - begin > DT_RUN * DT_TILES;
        for (int i = DT_ITEM; i < (many ? 3 : 1) * DT_SUMS; i += DT_ITEMS)
            sums[i] = 0;
        DT_SYNC;
        int blocks = 0;
        for (ulong start = begin; start < end; start += DT_TILES) {
            const int tiles = (int)(end - start < DT_TILES ? end - start : DT_TILES);
            const ulong first = start * DT_L;
            const ulong left = points - (first + (ulong)(tiles - 1) * DT_L);
            const int lanes = (int)(left < DT_L ? left : DT_L);
            // A driver that puts functions in the place of their calls finds each of them once, however many layers there are.
            for (int step = 0; step < DT_ROWS; step++) {
                __global const int *at = table + step * DT_COLUMNS;
                switch (at[0]) {
                CASES
                }
                // A step may read what other work-items have written in the one before it.
                DT_SYNC;
            }
            if (many && ++blocks % DT_RUN == 0)
                dt_settle(sums);
        }
        if (many)
            dt_settle(sums);
        const __global dt_r *whole = many ? sums + DT_SUMS : sums;
        const __global dt_r *rest = whole + DT_SUMS;
#if DT_LANE_ENTRIES
        for (int i = 0; i < DT_LANE_ENTRIES; i++)
            row[i] = dt_across(DT_AT(whole + i * DT_L)) + (many ? dt_across(DT_AT(rest + i * DT_L)) : (dt_r)(0));
#endif
        for (int i = DT_LANE_ENTRIES + DT_ITEM; i < DT_ENTRIES; i += DT_ITEMS) {
            const int at = i + DT_LANE_ENTRIES * (DT_L - 1);
            row[i] = whole[at] + (many ? rest[at] : (dt_r)(0));
        }
        // The next part begins with what others have just read.
        DT_SYNC;
    }
}

// A driver may write a kernel out several times: PoCL does it for each of the ways in which it is launched.
__kernel __attribute__((reqd_work_group_size(DT_ITEMS, 1, 1))) void dt_block(PARAMETERS)
{
    dt_parts(ARGUMENTS, get_group_id(0), get_num_groups(0));
}
