// For sums of many terms on a device that has no type of more digits: what rounding takes from a sum is added up beside
// it. Reference: Knuth, The Art of Computer Programming 2, section 4.2.2, theorem B.

#pragma OPENCL FP_CONTRACT OFF

// What rounding took from `before + value`, which gave `after`; nothing from a sum that is no longer finite.
static inline SUM dt_lost(SUM before, SUM value, SUM after)
{
    SUM part = after - before;
    SUM lost = (before - (after - part)) + (value - part);
    return lost == lost ? lost : (SUM)0;
}
