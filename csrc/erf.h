/* The error function, element by element: the contract that the fast form and the naive twin keep,
 * both in erf.c. Plain C, no Python in sight.
 *
 *     erf(x) = 2/sqrt(pi) * integral from 0 to x of exp(-t*t) dt
 *
 * x and out are n contiguous, aligned elements; n >= 0. out may be x itself (the work is then done
 * in place), but the two may not overlap otherwise. erf(+-0) = +-0, erf(+-inf) = +-1, NaN stays
 * NaN, subnormal numbers are honoured. Nothing is allocated, nothing can fail.
 *
 * How near to the truth: the reference is as good as the C library's double precision erf, the
 * fast one stays within 2 units in the last place (measured: 1.4 in both precisions). The fast one
 * gives the same bits whatever the number of threads and wherever in the buffer an element stands,
 * and on AVX2 the same as on AVX-512; the portable form rounds twice where they round once.
 */
#ifndef ENGINE_ERF_H
#define ENGINE_ERF_H

#include <stddef.h>

void engine_erf_float64(ptrdiff_t n, const double *x, double *out);
void engine_erf_float32(ptrdiff_t n, const float *x, float *out);

void engine_erf_reference_float64(ptrdiff_t n, const double *x, double *out);
void engine_erf_reference_float32(ptrdiff_t n, const float *x, float *out);

#endif
