// Vectors of LANES elements of memory, of which the first `count` are there.
//
// Defined before this text: REAL; LANES; STEP, the elements from line to line of a piece of memory that is read across;
// NUMBERS, those of the lanes, of the type MASK.

#define JOINED(a, b) a##b
#define NAMED(a, b) JOINED(a, b)
#define VECTOR NAMED(REAL, LANES)
// Dereferenced, for compilers spill registers around vloadn.
typedef VECTOR __attribute__((aligned(sizeof(REAL)))) dt_unaligned, dt_kept;

// Neighbours across the lines of memory that were copied to `piece`, STEP elements each.
static inline VECTOR dt_across(const REAL *piece, const int count)
{
    VECTOR found = (VECTOR)(0);
    if (count == LANES)
#pragma unroll
        for (int j = 0; j < LANES; j++)
            ((REAL *)&found)[j] = piece[j * STEP];
    else
        for (int j = 0; j < count; j++)
            ((REAL *)&found)[j] = piece[j * STEP];
    return found;
}

static inline VECTOR dt_read(__global const REAL *from, const int count)
{
    if (count == LANES)
        return *(__global const dt_unaligned *)from;
    VECTOR found = (VECTOR)(0);
    for (int k = 0; k < count; k++)
        ((REAL *)&found)[k] = from[k];
    return found;
}

static inline VECTOR dt_read_flags(__global const uchar *from, const int count)
{
    VECTOR found = (VECTOR)(0);
    for (int k = 0; k < count; k++)
        ((REAL *)&found)[k] = from[k];
    return found;
}

static inline VECTOR dt_gather(__global const REAL *from, const long step, const int count)
{
    VECTOR found = (VECTOR)(0);
    if (count == LANES)
#pragma unroll
        for (int k = 0; k < LANES; k++)
            ((REAL *)&found)[k] = from[k * step];
    else
        for (int k = 0; k < count; k++)
            ((REAL *)&found)[k] = from[k * step];
    return found;
}

static inline VECTOR dt_gather_flags(__global const uchar *from, const long step, const int count)
{
    VECTOR found = (VECTOR)(0);
    for (int k = 0; k < count; k++)
        ((REAL *)&found)[k] = from[k * step];
    return found;
}

static inline void dt_write(__global REAL *to, const VECTOR value, const int count)
{
    if (count == LANES)
        *(__global dt_unaligned *)to = value;
    else
        for (int k = 0; k < count; k++)
            to[k] = ((const REAL *)&value)[k];
}

static inline void dt_write_flags(__global uchar *to, const VECTOR value, const int count)
{
    for (int k = 0; k < count; k++)
        to[k] = (uchar)((const REAL *)&value)[k];
}

static inline void dt_scatter(__global REAL *to, const long step, const VECTOR value, const int count)
{
    for (int k = 0; k < count; k++)
        to[k * step] = ((const REAL *)&value)[k];
}

static inline void dt_scatter_flags(__global uchar *to, const long step, const VECTOR value, const int count)
{
    for (int k = 0; k < count; k++)
        to[k * step] = (uchar)((const REAL *)&value)[k];
}

// `value` with `other` where no element is.
static inline VECTOR dt_first(const VECTOR value, const VECTOR other, const int count)
{
    return NUMBERS < (MASK)(count) ? value : other;
}

// The sum of all lanes, in pairs.
static inline REAL dt_added(const VECTOR value)
{
    REAL sum[LANES];
#pragma unroll
    for (int k = 0; k < LANES; k++)
        sum[k] = ((const REAL *)&value)[k];
#pragma unroll
    for (int by = LANES / 2; by > 0; by /= 2)
#pragma unroll
        for (int k = 0; k < by; k++)
            sum[k] += sum[k + by];
    return sum[0];
}

static inline void dt_copy(__global const REAL *from, REAL *to, const int count)
{
    int i = 0;
    for (; i <= count - LANES; i += LANES)
        *(dt_kept *)(to + i) = *(__global const dt_unaligned *)(from + i);
    for (; i < count; i++)
        to[i] = from[i];
}
