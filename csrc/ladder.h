/* The ladder from three loops to the fast product, rung by rung: a lesson, told in README.md.
 *
 * Every rung computes C = A B for row-major float32 matrices, m x k times k x n, n and k elements
 * between rows, C not overlapping A or B, all sides >= 0. They differ in speed and in nothing else
 * but the last bits. None of them is used by the engine; the top of the ladder, matmul.h, is.
 */
#ifndef ENGINE_LADDER_H
#define ENGINE_LADDER_H

#include <stddef.h>

typedef struct {
    const char *name;
    void (*run)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c);
} engine_rung;

/* From the ground up. */
enum { ENGINE_RUNGS = 7 };
extern const engine_rung engine_ladder[ENGINE_RUNGS];

/* Nothing but multiply-adds, in registers, with the instruction set in use: `rounds` times as many
 * as the return value says. What the machine can do at most. */
ptrdiff_t engine_multiply_adds_float32(ptrdiff_t rounds);
ptrdiff_t engine_multiply_adds_float64(ptrdiff_t rounds);

#endif
