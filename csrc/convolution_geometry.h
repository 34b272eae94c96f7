/* Where the operands of a convolution lie: the part of convolution.c that does not depend on the
 * precision. Forward and to-input are one thing here, a *correlation*:
 *
 *     result[r0 + i * phases] = sum over the taps k of phase r0 of
 *                               source[i * step + shift[k]] * weight[tap[k]]         along each axis
 *
 * Forward has one phase, step = stride and shift = k * dilation - pad. To-input with a stride has
 * one phase for every remainder of r0 by the stride: the taps that hit it are always the same ones,
 * so each phase is a small convolution of g with those taps, at step 1, and nothing is ever
 * scattered. A phase that no tap hits (stride > kernel) gets the bias alone. */
#ifndef ENGINE_CONVOLUTION_GEOMETRY_H
#define ENGINE_CONVOLUTION_GEOMETRY_H

#include "convolution.h"

/* One axis of a correlation. The taps of phase f are entries first[f] .. first[f + 1] of tap and
 * shift. Source places i * step + shift, counted from `least` (the smallest shift), are sorted by
 * their remainder by step, so that neighbours in i are neighbours in memory; the remainders that
 * occur are numbered 0 .. residues - 1, and residue[] is the number of each tap's, residue_value[]
 * the remainders themselves. */
typedef struct engine_axis {
    ptrdiff_t source, result, phases, step, kernel;
    ptrdiff_t taps;        /* of all phases together: at most kernel */
    ptrdiff_t least, most; /* shift */
    ptrdiff_t residues;
    ptrdiff_t *first, *tap, *shift, *residue, *residue_value;
} engine_axis;

/* How many results lie in a phase, and how many i there are at all. */
ptrdiff_t engine_axis_count(const engine_axis *axis, ptrdiff_t phase);
ptrdiff_t engine_axis_longest(const engine_axis *axis);

/* Both set up an axis (0 is the height) and answer 0, or -1 without memory; then it is empty, and
 * freeing it is harmless. */
int engine_axis_forward(engine_axis *axis, const engine_convolution *shape, int which);
int engine_axis_to_input(engine_axis *axis, const engine_convolution *shape, int which);
void engine_axis_free(engine_axis *axis);

/* Which taps of a phase find a source, as [first, last) counted from the phase's first: the ones of
 * result i go to taps[], and the answer is how far the results have the same ones, at most `end`.
 * (They are neighbours, since shifts grow or fall from tap to tap.) */
ptrdiff_t engine_axis_alike(const engine_axis *axis, ptrdiff_t phase, ptrdiff_t i, ptrdiff_t end,
                            ptrdiff_t taps[2]);

/* Whether all sources of results i in [0, count) lie inside, so that no padding is needed. */
int engine_axis_inside(const engine_axis *axis, ptrdiff_t count);

/* count * size bytes aligned to a cache line, to be given back with engine_aligned_free; NULL when
 * there is no memory or when the product overflows. */
void *engine_aligned(ptrdiff_t count, size_t size);
void engine_aligned_free(void *memory);

/* a * b, or -1 where that overflows or one of them is -1: chains of products need one check. */
ptrdiff_t engine_product(ptrdiff_t a, ptrdiff_t b);

#endif
