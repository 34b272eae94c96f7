/* The innermost loops of convolution.c, one set for every instruction set and precision, chosen at
 * run time. All are one idea: hold a small block of results in registers and go through the terms k
 * in order, finding the operand that lies in an image by a *table of offsets*. So one loop serves
 * every kernel size, stride, dilation and padding, and nothing is copied out beforehand.
 *
 *     broadcast   results[row][lane] += row_start[row][offset[k]] * panel[k][lane]
 *     shifted     results[row][lane] += panel[k][row] * vector_start[vector][offset[k] + lane]
 *     dot         sums[tap]          += sum over places of g[place] * tap_start[tap][place]
 *
 * Which one: `broadcast` where there are many channels to fill a vector with (its lanes are
 * channels, so the shape of the image does not matter), `shifted` where there are few (its lanes
 * are neighbouring places), `dot` for the weight gradient of few channels.
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
    ENGINE_MAX_WIDTH = 16
};

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
