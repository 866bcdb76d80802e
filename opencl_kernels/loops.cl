// Loops that one work-group runs, one after the other; DT_ITEMS is defined before this text.
#if DT_ITEMS > 1
#define DT_ITEM ((int)get_local_id(0))
#define DT_SYNC barrier(CLK_GLOBAL_MEM_FENCE)
#else
#define DT_SYNC
#endif

// Adds `value` to `sum`, and what rounding takes from it to `lost` (Knuth, The Art of Computer Programming 2, section
// 4.2.2, theorem B).
#define DT_ADD(T, sum, lost, value)                                                                                    \
    {                                                                                                                  \
        const T after = sum + value;                                                                                   \
        const T part = after - sum;                                                                                    \
        lost += (sum - (after - part)) + (value - part);                                                               \
        sum = after;                                                                                                   \
    }

