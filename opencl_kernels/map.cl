// Each element of the output from one element of each input. One work-item computes WIDTH neighbours in one row.
//
// Defined before this text: KERNEL, WIDTH, WIDE, PARAMETERS, START, and either READ_WHOLE, READ_PART, VALUE, WRITE_WHOLE
// and WRITE_PART for vectors, or ELEMENT for scalars. STRIDED: rows lie where `layout` says; without it all
// arrays are contiguous and make one row.

#pragma OPENCL FP_CONTRACT OFF

WIDE __kernel void KERNEL(PARAMETERS, const ulong columns
#ifdef STRIDED
                          , const ulong rows, const int axes, __global const long *restrict layout
#endif
)
{
    size_t column = get_global_id(0) * WIDTH;
#ifdef STRIDED
    size_t row = get_global_id(1);
    if (column >= columns || row >= rows)
        return;
    long at[ARRAYS];
    for (int i = 0; i < ARRAYS; i++)
        at[i] = layout[i];
    __global const long *entry = layout + 2 * ARRAYS;
    for (int axis = 1; axis <= axes; axis++, entry += 1 + ARRAYS) {
        size_t index = axis < axes ? row % (size_t)entry[0] : row;
        row = axis < axes ? row / (size_t)entry[0] : 0;
        for (int i = 0; i < ARRAYS; i++)
            at[i] += index * entry[1 + i];
    }
#else
    if (column >= columns)
        return;
#endif
    size_t count = min((size_t)WIDTH, (size_t)columns - column);
    START
#ifdef ELEMENT
    if (count == WIDTH)
        for (long k = 0; k < WIDTH; k++) { ELEMENT }
    else
        for (long k = 0; k < count; k++) { ELEMENT }
#else
    DECLARE
    if (count == WIDTH) { READ_WHOLE } else { READ_PART }
    OUT value = VALUE;
    if (count == WIDTH) { WRITE_WHOLE } else { WRITE_PART }
#endif
}
