// A copy in which neighbours of the source lie apart in the target, and the other way round: one work-item reads a piece of
// PIECE by PIECE elements, and writes it. So each line of memory is read and written once, many of them at a time.
//
// Defined before this text: PIECE, and RAW, a type of the elements' size. The source has neighbours along `down`, the target along
// `across`. layout: where both begin, then size and steps of each further axis.

#define SIDE 16
// Elements from row to row of a piece: rows that begin a power of two apart would share few places in the cache.
#define STEP (PIECE + SIDE)

__kernel void dt_transpose(__global const RAW *restrict x, __global RAW *restrict y, const ulong pieces, const ulong down,
                           const ulong across, const ulong x_step, const ulong y_step, const ulong axes,
                           __global const long *restrict layout)
{
    size_t id = get_global_id(0);
    if (id >= pieces)
        return;
    size_t pieces_across = (across + PIECE - 1) / PIECE, pieces_down = (down + PIECE - 1) / PIECE;
    size_t first_column = id % pieces_across * PIECE, first_row = id / pieces_across % pieces_down * PIECE;
    size_t rest = id / pieces_across / pieces_down;
    x += layout[0];
    y += layout[1];
    for (ulong axis = 0; axis < axes; axis++) {
        __global const long *entry = layout + 2 + 3 * axis;
        x += (long)(rest % (size_t)entry[0]) * entry[1];
        y += (long)(rest % (size_t)entry[0]) * entry[2];
        rest /= (size_t)entry[0];
    }
    int rows = min((size_t)PIECE, (size_t)down - first_row), columns = min((size_t)PIECE, (size_t)across - first_column);
    __global const RAW *from = x + first_column * x_step + first_row;
    __global RAW *to = y + first_row * y_step + first_column;
    RAW piece[PIECE * STEP];
    for (int j = 0; j < columns; j++, from += x_step)
        if (rows == PIECE)
            for (int i = 0; i < PIECE; i++)
                piece[j * STEP + i] = from[i];
        else
            for (int i = 0; i < rows; i++)
                piece[j * STEP + i] = from[i];
    for (int i = 0; i < rows; i++, to += y_step)
        if (columns == PIECE)
            for (int j = 0; j < PIECE; j++)
                to[j] = piece[j * STEP + i];
        else
            for (int j = 0; j < columns; j++)
                to[j] = piece[j * STEP + i];
}
