/* The Mersenne Twister MT19937: the next words from its state. Plain C, no Python in sight.
 *
 * key: the 624 words of the state; `position`: how many of them have been given out, 0..624. Writes
 * n words, changes key, returns the new position: NumPy's and PyTorch's words, and NumPy's state.
 * Source: Matsumoto and Nishimura, "Mersenne Twister", ACM Transactions on Modeling and Computer
 * Simulation, 1998. The words are integers: any instruction set gives the same. */
#ifndef ENGINE_TWISTER_H
#define ENGINE_TWISTER_H

#include <stddef.h>
#include <stdint.h>

enum { ENGINE_TWISTER_WORDS = 624 };

ptrdiff_t engine_twister(uint32_t *key, ptrdiff_t position, ptrdiff_t n, uint32_t *out);

#endif
