// y[o, j, i] = x[o, indices[j], i] for x of shape (outer, size, inner) and `count` indices; negative ones count from
// the end. Callers check the range; what is outside of it all the same reads the nearest place. One work-item
// copies WIDTH neighbours.

#define WIDTH 16

__kernel void dt_take(__global const ELEMENT *restrict x, __global const INDEX *restrict indices,
                      __global ELEMENT *restrict y, const ulong outer, const ulong size, const ulong count,
                      const ulong inner)
{
    size_t i = get_global_id(0) * WIDTH;
    size_t slice = get_global_id(1);
    if (i >= inner || slice >= outer * count)
        return;
    size_t o = outer == 1 ? 0 : slice / count;
    long index = indices[slice - o * count];
    index = index < 0 ? index + (long)size : index;
    index = clamp(index, 0L, (long)size - 1);
    x += (o * size + index) * inner + i;
    y += slice * inner + i;
    if (i + WIDTH <= inner)
        for (int k = 0; k < WIDTH; k++)
            y[k] = x[k];
    else
        for (int k = 0; k < inner - i; k++)
            y[k] = x[k];
}
