/* Curves, element by element: the contract that the fast form and the naive twin keep, both in
 * curves.c. Plain C, no Python in sight. (erf, which came first, has a contract of its own.)
 *
 * x and out are n contiguous, aligned elements of the precision that `kind` says, as in fused.h;
 * n >= 0. out may be x itself, but the two may not overlap otherwise. NaN stays NaN, subnormal
 * numbers are honoured, -0 keeps its sign where the curve goes through 0. Nothing is allocated.
 *
 * The reference is the C library's double precision, the fast one within 4.5 units in the last
 * place (exp and log within 2; where a sigmoid is no normal number it may be 0). It gives the same
 * bits whatever the number of threads and wherever in the buffer an element stands, and on AVX2 the
 * same as on AVX-512; the portable form rounds twice where they round once.
 */
#ifndef ENGINE_CURVES_H
#define ENGINE_CURVES_H

#include <stddef.h>

enum {
    ENGINE_CURVE_EXP,
    ENGINE_CURVE_LOG,     /* -inf of 0, NaN below */
    ENGINE_CURVE_LOG1P,   /* log(1 + x) */
    ENGINE_CURVE_TANH,
    ENGINE_CURVE_SIGMOID, /* 1 / (1 + exp(-x)) */
    ENGINE_CURVES
};

void engine_curve(int kind, int what, ptrdiff_t n, const void *x, void *out);

#endif
