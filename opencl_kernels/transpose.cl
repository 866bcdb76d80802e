// A copy in which neighbours of the source lie apart in the target, and the other way round: one work-item copies a piece
// of PIECE by PIECE elements, square by square, so that each line of memory is read and written once.
//
// Defined before this text: RAW, a type of the elements' size. The source has neighbours along `down`, the target along
// `across`. layout: where both begin, then size and steps of each further axis.

#define SIDE (64 / sizeof(RAW) < 16 ? (int)(64 / sizeof(RAW)) : 16)
#define PIECE 64

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
    size_t end_row = min(first_row + PIECE, (size_t)down), end_column = min(first_column + PIECE, (size_t)across);
    RAW square[SIDE * SIDE];
    for (size_t row = first_row; row < end_row; row += SIDE)
        for (size_t column = first_column; column < end_column; column += SIDE) {
            __global const RAW *from = x + column * x_step + row;
            __global RAW *to = y + row * y_step + column;
            if (end_row - row >= SIDE && end_column - column >= SIDE) {
                for (int j = 0; j < SIDE; j++)
                    for (int i = 0; i < SIDE; i++)
                        square[j * SIDE + i] = from[j * x_step + i];
                for (int i = 0; i < SIDE; i++)
                    for (int j = 0; j < SIDE; j++)
                        to[i * y_step + j] = square[j * SIDE + i];
            }
            else {
                int rows = min((size_t)SIDE, end_row - row), columns = min((size_t)SIDE, end_column - column);
                for (int i = 0; i < rows; i++)
                    for (int j = 0; j < columns; j++)
                        to[i * y_step + j] = from[j * x_step + i];
            }
        }
}
