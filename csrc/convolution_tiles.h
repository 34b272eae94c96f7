/* The innermost loops of convolution.c, one set for every instruction set and precision, chosen at
 * run time. Most are one idea: hold a small block of results in registers and go through the terms k
 * in order, finding the operand that lies in an image by a *table of offsets*. So one loop serves
 * every kernel size, stride, dilation and padding, and nothing is copied out beforehand.
 *
 *     broadcast   results[row][lane] += row_start[row][offset[k]] * panel[k][lane]
 *     shifted     results[row][lane] += panel[k][row] * vector_start[vector][offset[k] + lane]
 *     dot         sums[tap]          += sum over places of g[place] * tap_start[tap][place]
 *     stacked_dot sums[row][tap][lane] += the same, where every element is a vector
 *
 * Which one: `broadcast` where there are many channels to fill a vector with (its lanes are
 * channels, so the shape of the image does not matter), `shifted` where there are few (its lanes
 * are neighbouring places, or the same place of several images), `dot` and `stacked_dot` for the
 * weight gradient of few channels. Convolutions of one channel have two of their own, which compute a
 * few lines at once, since their only costly part is reading:
 *
 *     plane       the results of a channel, straight from the image
 *     plane_dot   the gradient to its weight
 *
 * Not here: which terms there are, and where. That is convolution_loop.h's business. */
#ifndef ENGINE_CONVOLUTION_TILES_H
#define ENGINE_CONVOLUTION_TILES_H

#include <stddef.h>

/* Bounds over all instruction sets, for tables on the stack. */
enum {
    ENGINE_MAX_BROADCAST_ROWS = 14,
    ENGINE_MAX_SHIFTED_ROWS = 8,
    ENGINE_MAX_SHIFTED_VECTORS = 8,
    ENGINE_MAX_DOT_TAPS = 9,
    ENGINE_STACKED_DOT_ROWS = 4, /* there are tiles for 1, 2 and 4 rows */
    ENGINE_STACKED_DOT_TAPS = 6, /* and for 1, 2, 3 and 6 taps */
    ENGINE_PLANE_LINES = 4,
    ENGINE_MAX_PLANE_KERNEL = 5, /* there are tiles for kernels of side 3 and 5 */
    ENGINE_MAX_WIDTH = 16
};

/* Which terms: `outer` times `inner` neighbours, with `step` from the first to the next first. */
typedef struct engine_terms {
    ptrdiff_t outer, inner, step;
} engine_terms;

/* Result (i, j) of a plane sees the elements (y + i, x + j) and on of an image, a kernel's worth. */
typedef struct engine_plane_shape {
    ptrdiff_t lines, columns; /* results */
    ptrdiff_t high, wide;     /* image */
    ptrdiff_t y, x;
} engine_plane_shape;

#define REAL float
#define NAME(name) name##_float32
#include "convolution_tile_set.h"
#undef REAL
#undef NAME

#define REAL double
#define NAME(name) name##_float64
#include "convolution_tile_set.h"
#undef REAL
#undef NAME

#endif
