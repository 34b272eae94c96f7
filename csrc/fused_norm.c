/* Layer norm: the doors. The loops are in fused_norm_loops.h, the naive twins in
 * fused_norm_reference.h; fused_each.h compiles both and FUSED_RUN chooses. */
#define LOOPS "fused_norm_loops.h"
#define TWINS "fused_norm_reference.h"
#include "fused_each.h"
#include "fused_share.h"
#include "scratch.h"

#define NANOSECONDS 0.3 /* an element takes about as long, on one thread */

typedef struct {
    int kind;
    ptrdiff_t rows, cols, part_rows;
    const void *x, *g, *weight, *bias;
    double epsilon;
    void *out, *mean, *rstd;
    void *dweight, *dbias; /* one row of them for each part */
} norm_call;

static void *row_of(const norm_call *c, const void *array, ptrdiff_t row)
{
    return engine_element(c->kind, array, row * c->cols);
}

static void layer_norm_rows(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const norm_call *c = context;
    FUSED_RUN(c->kind, layer_norm,
              (to - from, c->cols, row_of(c, c->x, from), c->weight, c->bias, c->epsilon,
               row_of(c, c->out, from), engine_element(c->kind, c->mean, from),
               engine_element(c->kind, c->rstd, from)))
}

void engine_layer_norm(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, const void *weight,
                       const void *bias, double epsilon, void *out, void *mean, void *rstd)
{
    norm_call call = {.kind = kind, .rows = rows, .cols = cols, .x = x, .weight = weight,
                      .bias = bias, .epsilon = epsilon, .out = out, .mean = mean, .rstd = rstd};
    engine_share(kind, rows, 1, NANOSECONDS * (double)rows * (double)cols, layer_norm_rows, &call);
}

static void layer_norm_backward_parts(void *context, ptrdiff_t part, ptrdiff_t to)
{
    const norm_call *c = context;
    for (; part < to; part++) {
        const ptrdiff_t from = part * c->part_rows, left = c->rows - from;
        FUSED_RUN(c->kind, layer_norm_backward,
                  (left < c->part_rows ? left : c->part_rows, c->cols, row_of(c, c->g, from),
                   row_of(c, c->x, from), engine_element(c->kind, c->mean, from),
                   engine_element(c->kind, c->rstd, from), c->weight, row_of(c, c->out, from),
                   row_of(c, c->dweight, part), row_of(c, c->dbias, part)))
    }
}

int engine_layer_norm_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                               const void *x, const void *mean, const void *rstd,
                               const void *weight, void *dx, void *dweight, void *dbias)
{
    norm_call call = {.kind = kind, .rows = rows, .cols = cols, .g = g, .x = x, .weight = weight,
                      .out = dx, .mean = (void *)mean, .rstd = (void *)rstd,
                      .dweight = dweight, .dbias = dbias};
    call.part_rows = engine_part_rows(kind, rows, cols);
    const ptrdiff_t parts = engine_parts(rows, call.part_rows);
    if (parts == 1) {
        layer_norm_backward_parts(&call, 0, 1);
        return 0;
    }
    /* It does not overflow: x has at least twice as many elements, all in memory. */
    void *sums = engine_scratch_take(2 * parts * cols * (ptrdiff_t)sizeof(double));
    if (sums == NULL)
        return -1;
    call.dweight = sums;
    call.dbias = row_of(&call, sums, parts);
    engine_share(kind, parts, 1, NANOSECONDS * (double)rows * (double)cols,
                 layer_norm_backward_parts, &call);
    engine_sum(kind, 1, parts, cols, call.dweight, dweight);
    engine_sum(kind, 1, parts, cols, call.dbias, dbias);
    engine_scratch_give(sums);
    return 0;
}
