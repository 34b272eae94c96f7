/* Normal numbers in single precision from random words, by the method of Box and Muller: PyTorch's
 * bits. Plain C, no Python in sight.
 *
 * n, a multiple of 16, words become as many numbers, in blocks of 16: the low 24 bits of a word are
 * the digits of a fraction u, the first eight of a block are radii sqrt(-2 log(1 - u)), the others
 * angles 2 pi u. out = the coordinates of these points, x and then y, times std plus mean in one
 * rounding.
 *
 * log, cos and sin are the classical polynomials of the Cephes library (Stephen Moshier; logf.c,
 * sinf.c), every step rounded to single precision, products and the sums after them in one rounding.
 * engine/random/single.py is the same in NumPy, and the naive twin to read first: the bits are the
 * same with any instruction set and any number of threads. Nothing is allocated, nothing can fail.
 */
#ifndef ENGINE_NORMAL_H
#define ENGINE_NORMAL_H

#include <stddef.h>
#include <stdint.h>

void engine_normal(ptrdiff_t n, const uint32_t *words, float mean, float std, float *out);

#endif
