/* See convolution_geometry.h. */
#include "convolution_geometry.h"

#include <stdint.h>
#include <stdlib.h>

ptrdiff_t engine_product(ptrdiff_t a, ptrdiff_t b)
{
    if (a < 0 || b < 0 || (b != 0 && a > PTRDIFF_MAX / b))
        return -1;
    return a * b;
}

enum { LINE = 64 };

/* malloc, with the address that it gave kept just before the aligned one. */
void *engine_aligned(ptrdiff_t count, size_t size)
{
    const ptrdiff_t bytes = engine_product(count, (ptrdiff_t)size);
    if (bytes < 0 || bytes > PTRDIFF_MAX - 2 * LINE)
        return NULL;
    char *memory = malloc((size_t)bytes + 2 * LINE);
    if (memory == NULL)
        return NULL;
    char *aligned = memory + LINE + (LINE - (uintptr_t)memory % LINE);
    ((void **)(void *)aligned)[-1] = memory;
    return aligned;
}

void engine_aligned_free(void *memory)
{
    if (memory != NULL)
        free(((void **)memory)[-1]);
}

/* The remainder that is never negative, and the quotient that goes with it. */
static ptrdiff_t remainder_of(ptrdiff_t a, ptrdiff_t b)
{
    const ptrdiff_t r = a % b;
    return r < 0 ? r + b : r;
}

ptrdiff_t engine_axis_count(const engine_axis *axis, ptrdiff_t phase)
{
    return axis->result <= phase ? 0 : (axis->result - phase - 1) / axis->phases + 1;
}

ptrdiff_t engine_axis_longest(const engine_axis *axis)
{
    return engine_axis_count(axis, 0);
}

int engine_axis_inside(const engine_axis *axis, ptrdiff_t count)
{
    return axis->least >= 0 && (count - 1) * axis->step + axis->most < axis->source;
}

static void taps_inside(const engine_axis *axis, ptrdiff_t phase, ptrdiff_t i, ptrdiff_t taps[2])
{
    ptrdiff_t k = axis->first[phase], end = axis->first[phase + 1];
    const ptrdiff_t place = i * axis->step;
    while (k < end && (place + axis->shift[k] < 0 || place + axis->shift[k] >= axis->source))
        k++;
    while (end > k && (place + axis->shift[end - 1] < 0
                       || place + axis->shift[end - 1] >= axis->source))
        end--;
    taps[0] = k - axis->first[phase];
    taps[1] = end - axis->first[phase];
}

ptrdiff_t engine_axis_alike(const engine_axis *axis, ptrdiff_t phase, ptrdiff_t i, ptrdiff_t end,
                            ptrdiff_t taps[2])
{
    taps_inside(axis, phase, i, taps);
    for (i++; i < end; i++) {
        ptrdiff_t next[2];
        taps_inside(axis, phase, i, next);
        if (next[0] != taps[0] || next[1] != taps[1])
            break;
    }
    return i;
}

void engine_axis_free(engine_axis *axis)
{
    free(axis->first);
    *axis = (engine_axis){0};
}

/* `phases` is what there are, `used` how many of them a result falls into. */
static int allocate(engine_axis *axis, ptrdiff_t used, ptrdiff_t kernel)
{
    const ptrdiff_t entries = kernel <= PTRDIFF_MAX / 8 && used <= PTRDIFF_MAX / 8
                                  ? used + 1 + 4 * kernel : -1;
    const ptrdiff_t bytes = engine_product(entries, (ptrdiff_t)sizeof(ptrdiff_t));
    axis->first = bytes < 0 ? NULL : malloc((size_t)bytes);
    if (axis->first == NULL)
        return -1;
    axis->tap = axis->first + used + 1;
    axis->shift = axis->tap + kernel;
    axis->residue = axis->shift + kernel;
    axis->residue_value = axis->residue + kernel;
    return 0;
}

/* Fills in what follows from the shifts. */
static void finish(engine_axis *axis)
{
    axis->least = axis->taps ? axis->shift[0] : 0;
    axis->most = axis->least;
    for (ptrdiff_t k = 1; k < axis->taps; k++) {
        if (axis->shift[k] < axis->least)
            axis->least = axis->shift[k];
        if (axis->shift[k] > axis->most)
            axis->most = axis->shift[k];
    }
    axis->residues = 0;
    for (ptrdiff_t k = 0; k < axis->taps; k++) {
        const ptrdiff_t value = (axis->shift[k] - axis->least) % axis->step;
        ptrdiff_t number = 0;
        while (number < axis->residues && axis->residue_value[number] != value)
            number++;
        if (number == axis->residues)
            axis->residue_value[axis->residues++] = value;
        axis->residue[k] = number;
    }
}

int engine_axis_forward(engine_axis *axis, const engine_convolution *shape, int which)
{
    *axis = (engine_axis){.source = shape->in[which], .result = shape->out[which], .phases = 1,
                          .step = shape->stride[which], .kernel = shape->kernel[which],
                          .taps = shape->kernel[which]};
    if (allocate(axis, 1, axis->taps) != 0)
        return -1;
    axis->first[0] = 0;
    axis->first[1] = axis->taps;
    for (ptrdiff_t k = 0; k < axis->taps; k++) {
        axis->tap[k] = k;
        axis->shift[k] = k * shape->dilation[which] - shape->pad[which];
    }
    finish(axis);
    return 0;
}

int engine_axis_to_input(engine_axis *axis, const engine_convolution *shape, int which)
{
    const ptrdiff_t stride = shape->stride[which], size = shape->in[which];
    *axis = (engine_axis){.source = shape->out[which], .result = size, .step = 1,
                          .kernel = shape->kernel[which],
                          .phases = stride < size ? stride : size > 0 ? size : 1};
    if (allocate(axis, axis->phases, shape->kernel[which]) != 0)
        return -1;
    for (ptrdiff_t phase = 0; phase < axis->phases; phase++) {
        axis->first[phase] = axis->taps;
        for (ptrdiff_t k = 0; k < shape->kernel[which] && phase < size; k++) {
            const ptrdiff_t place = phase + shape->pad[which] - k * shape->dilation[which];
            if (remainder_of(place, stride) != 0)
                continue;
            axis->tap[axis->taps] = k;
            axis->shift[axis->taps++] = place / stride;
        }
    }
    axis->first[axis->phases] = axis->taps;
    finish(axis);
    return 0;
}
