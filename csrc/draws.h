/* Draws that take one element after the other: counts of events, and a shuffle. Plain C, no Python
 * in sight.
 *
 * How many random words a count takes depends on these words, so nothing here is vector code and
 * there are no threads: it is the loop of engine/random/counts.py, which is the naive twin to read
 * first (and has the sources), with a compiler's help. key and position: the state of a Mersenne
 * Twister, see twister.h; the new position is returned. All is computed in double precision, with
 * the functions of the C library, and so are the bits those of PyTorch.
 *
 * Nothing is allocated. Loops end with probability one if what is given is finite: rates from 0 to
 * below 2^62, any counts and probabilities (NaN gives NaN). */
#ifndef ENGINE_DRAWS_H
#define ENGINE_DRAWS_H

#include <stddef.h>
#include <stdint.h>

/* out[i]: how many events come where rate[i] are expected (Poisson). */
ptrdiff_t engine_poisson(uint32_t *key, ptrdiff_t position, ptrdiff_t n, const double *rate,
                         double *out);

/* out[i]: how many of count[i] trials succeed, each with the probability p[i]. */
ptrdiff_t engine_binomial(uint32_t *key, ptrdiff_t position, ptrdiff_t n, const double *count,
                          const double *p, double *out);

/* order: the numbers 0..n-1, then for i = 0, 1, ...: place i changes with the place that words[i],
 * of n - 1 words, picks from i on (Fisher and Yates). n is below 2^32. */
void engine_shuffle(ptrdiff_t n, const uint32_t *words, int64_t *order);

/* out[i] = f(x[i]) with the C library's function of that number, not with vector code that may be
 * wrong in the last bit. x and out may be the same. */
enum {
    ENGINE_LIBRARY_LOG,
    ENGINE_LIBRARY_LOG1P,
    ENGINE_LIBRARY_TAN,
    ENGINE_LIBRARY_COS,
    ENGINE_LIBRARY_SIN,
    ENGINE_LIBRARY_FUNCTIONS,
};
void engine_library(int function, ptrdiff_t n, const double *x, double *out);

#endif
