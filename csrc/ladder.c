/* The rungs of ladder.h, from the definition upwards. Read them in order; README.md says what each
 * step gives and why. */
#include "ladder.h"
#include "instruction_set.h"
#include "matmul.h"
#include "matmul_tile.h"
#include "threads.h"

#define EACH "ladder_loop.h"
#include "matmul_vector_each.h"

/* 1. The definition: every element of C is a row of A times a column of B. */
static void definition(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b,
                       float *c)
{
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) {
            float sum = 0;
            for (ptrdiff_t l = 0; l < k; l++)
                sum += a[i * k + l] * b[l * n + j];
            c[i * n + j] = sum;
        }
}

/* The same products, but the inner loop runs along rows of B and C: neighbours in memory. */
ENGINE_INLINE void by_rows(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t steps, const float *a,
                           ptrdiff_t a_row, const float *b, float *c, ptrdiff_t width)
{
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t l = 0; l < steps; l++) {
            const float left = a[i * a_row + l];
            for (ptrdiff_t j = 0; j < columns; j++)
                c[i * width + j] += left * b[l * width + j];
        }
}

/* 2. Another order of the loops. */
static void order(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c)
{
    memset(c, 0, (size_t)(m * n) * sizeof *c);
    by_rows(m, n, k, a, k, b, c, n);
}

/* 3. Cut into blocks, so that a block of B is still in the cache when the next row needs it. */
enum { BLOCK_STEPS = 64, BLOCK_COLUMNS = 256 };

ENGINE_INLINE void in_blocks(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b,
                             float *c)
{
    memset(c, 0, (size_t)(m * n) * sizeof *c);
    for (ptrdiff_t j = 0; j < n; j += BLOCK_COLUMNS)
        for (ptrdiff_t l = 0; l < k; l += BLOCK_STEPS)
            by_rows(m, n - j < BLOCK_COLUMNS ? n - j : BLOCK_COLUMNS,
                    k - l < BLOCK_STEPS ? k - l : BLOCK_STEPS, a + l, k, b + l * n + j, c + j, n);
}

static void blocks(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c)
{
    in_blocks(m, n, k, a, b, c);
}

/* 4. The same C, compiled for the vectors that the processor has. */
#if ENGINE_HAS_X86_TARGETS
__attribute__((target("avx2"))) static void blocks_avx2(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                                                        const float *a, const float *b, float *c)
{
    in_blocks(m, n, k, a, b, c);
}

__attribute__((target("avx512f,prefer-vector-width=512"))) static void blocks_avx512(
    ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c)
{
    in_blocks(m, n, k, a, b, c);
}
#endif

static void vectors(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c)
{
#if ENGINE_HAS_X86_TARGETS
    if (engine_instruction_set() == ENGINE_AVX512) {
        blocks_avx512(m, n, k, a, b, c);
        return;
    }
    if (engine_instruction_set() == ENGINE_AVX2) {
        blocks_avx2(m, n, k, a, b, c);
        return;
    }
#endif
    blocks(m, n, k, a, b, c);
}

/* 5. A tile of C that stays in registers while k runs: C is read and written once, not k times. */
static void tile(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c)
{
    const engine_tiles_float32 *tiles = engine_tiles_in_use_float32();
    const engine_tile shape = {.steps = k, .a_row = k, .a_step = 1, .b_step = n, .c_row = n};
    for (ptrdiff_t j = 0; j < n; j += tiles->columns) {
        const ptrdiff_t columns = n - j < tiles->columns ? n - j : tiles->columns;
        for (ptrdiff_t i = 0; i < m; i += tiles->rows) {
            const ptrdiff_t rows = m - i < tiles->rows ? m - i : tiles->rows;
            tiles->tile[rows - 1](&shape, columns, a + i * k, b + j, c + i * n + j, NULL, NULL);
        }
    }
}

/* 6. The tile, fed from packed blocks that fit the caches: matmul.c on one thread. */
static void packed_by_one(void *product, ptrdiff_t job)
{
    (void)job;
    engine_matmul_float32(product, NULL);
}

static engine_matmul plain(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b,
                           float *c)
{
    return (engine_matmul){.m = m, .n = n, .k = k, .a = a, .a_row = k, .a_column = 1,
                           .b = b, .b_row = n, .b_column = 1, .c = c, .c_row = n, .c_column = 1};
}

static void packed(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c)
{
    engine_matmul product = plain(m, n, k, a, b, c);
    engine_parallel(1, packed_by_one, &product); /* inside a job there is one thread */
}

/* 7. The same on all threads. */
static void threads(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c)
{
    const engine_matmul product = plain(m, n, k, a, b, c);
    engine_matmul_float32(&product, NULL);
}

const engine_rung engine_ladder[ENGINE_RUNGS] = {
    {"definition", definition}, {"order", order}, {"blocks", blocks}, {"vectors", vectors},
    {"tile", tile},             {"packed", packed}, {"threads", threads},
};

ptrdiff_t engine_multiply_adds_float32(ptrdiff_t rounds)
{
#if ENGINE_HAS_X86_TARGETS
    if (engine_instruction_set() == ENGINE_AVX512)
        return multiply_adds_float32_avx512(rounds);
    if (engine_instruction_set() == ENGINE_AVX2)
        return multiply_adds_float32_avx2(rounds);
#endif
    return multiply_adds_float32_portable(rounds);
}

ptrdiff_t engine_multiply_adds_float64(ptrdiff_t rounds)
{
#if ENGINE_HAS_X86_TARGETS
    if (engine_instruction_set() == ENGINE_AVX512)
        return multiply_adds_float64_avx512(rounds);
    if (engine_instruction_set() == ENGINE_AVX2)
        return multiply_adds_float64_avx2(rounds);
#endif
    return multiply_adds_float64_portable(rounds);
}
