/* Many threads in the kernels at once, for ThreadSanitizer to watch (`make sanitize-threads`).
 *
 * One idea: every caller does the same work on arrays of its own, while others do too and the
 * number of threads changes under them; the results must be the bits of one thread alone. Whatever
 * the pool, the kept scratch blocks or the kernels share without order shows as a report.
 *
 * Not a test of forks: they are in test_threads.py. */
#include "fused.h"
#include "instruction_set.h"
#include "matmul.h"
#include "pooling.h"
#include "threads.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLERS = 4, ROUNDS = 6, ROWS = 300, COLS = 400, SIZE = ROWS * COLS };

typedef struct {
    float x[SIZE], y[SIZE], out[SIZE], product[ROWS * ROWS], sums[2 * COLS], rows[2 * ROWS];
    float average[SIZE], square[SIZE], pooled[SIZE / 4];
    int64_t winners[SIZE / 4], targets[ROWS];
} work;

static work *expected;

static void check(int fine, const char *what)
{
    if (!fine) {
        fprintf(stderr, "races: %s\n", what);
        abort();
    }
}

/* A bit of everything that is shared among threads. */
static void compute(work *w)
{
    memset(w, 0, sizeof *w);
    for (int i = 0; i < SIZE; i++) {
        w->x[i] = (float)(i * 7919 % 1013) / 512 - 1;
        w->y[i] = (float)(i * 6007 % 1019) / 512 - 1;
    }
    for (int i = 0; i < ROWS; i++)
        w->targets[i] = i % COLS;

    const engine_matmul product = {.m = ROWS, .n = ROWS, .k = COLS, .a = w->x, .a_row = COLS,
                                   .a_column = 1, .b = w->y, .b_row = 1, .b_column = COLS,
                                   .c = w->product, .c_row = ROWS, .c_column = 1};
    check(engine_matmul_float32(&product, NULL) == 0, "matmul had no memory");

    const engine_adam_options adam = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8,
                                      .step_size = 0.1, .correction = 0.5, .shrink = 1};
    engine_adam(0, SIZE, w->x, w->y, w->average, w->square, NULL, &adam);
    engine_bias_relu_backward(0, ROWS, COLS, w->x, w->y, w->out, w->sums);
    engine_sum(0, 1, SIZE / 10, 10, w->out, w->rows);
    engine_softmax(0, ROWS, COLS, w->x, w->out);

    double totals[2];
    ptrdiff_t wrong;
    const engine_loss_options loss = {.ignore = -100};
    engine_cross_entropy(0, ROWS, COLS, w->x, w->targets, &loss, NULL, w->rows, totals, &wrong);
    check(wrong == -1 && totals[1] == ROWS, "cross-entropy went wrong");

    engine_layer_norm(0, ROWS, COLS, w->y, NULL, NULL, 1e-5, w->out, w->rows, w->rows + ROWS);
    check(engine_layer_norm_backward(0, ROWS, COLS, w->x, w->y, w->rows, w->rows + ROWS, NULL,
                                     w->out, w->sums, w->sums + COLS) == 0,
          "layer norm had no memory");

    const engine_pool_shape shape = {20, 20, 10, 10, 2, 2, 2, 2, 0, 0, 1, 1};
    int bad;
    engine_max_pool(0, SIZE / 400, &shape, w->y, w->pooled, w->winners);
    engine_max_pool_backward(0, SIZE / 400, &shape, w->pooled, w->winners, w->y, &bad);
    check(!bad, "a winner of max_pool is none");
}

static void *caller(void *number)
{
    work *w = malloc(sizeof *w);
    check(w != NULL, "no memory");
    for (int i = 0; i < ROUNDS; i++) {
        engine_set_threads(1 + (int)(((size_t)number + (size_t)i) % 4));
        compute(w);
        check(memcmp(w, expected, sizeof *w) == 0, "other bits with other threads");
    }
    free(w);
    return NULL;
}

int main(void)
{
    engine_instruction_set_detect();
    expected = malloc(sizeof *expected);
    check(expected != NULL, "no memory");
    engine_set_threads(1);
    compute(expected);
    pthread_t threads[CALLERS];
    for (size_t i = 0; i < CALLERS; i++)
        check(pthread_create(&threads[i], NULL, caller, (void *)i) == 0, "no thread");
    for (int i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    free(expected);
    printf("%d callers, %d rounds: no race, the same bits\n", CALLERS, ROUNDS);
    return 0;
}
