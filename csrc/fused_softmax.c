/* Softmax, its logarithm and the cross-entropy: the doors. The loops are in fused_softmax_loops.h,
 * the naive twins in fused_softmax_reference.h; fused_each.h compiles both, FUSED_RUN chooses. */
#define LOOPS "fused_softmax_loops.h"
#define TWINS "fused_softmax_reference.h"
#include "fused_each.h"
#include "fused_share.h"

#define NANOSECONDS 0.5 /* an element takes about as long, on one thread */

typedef struct {
    int kind;
    ptrdiff_t cols;
    const void *x, *g; /* x: what came of the forward pass, in the gradients */
    void *out;
} softmax_call;

/* Element (row, 0) of an array as wide as the rows are. */
static void *row_of(const softmax_call *c, const void *array, ptrdiff_t row)
{
    return engine_element(c->kind, array, row * c->cols);
}

static void softmax_rows(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const softmax_call *c = context;
    FUSED_RUN(c->kind, softmax,
              (to - from, c->cols, row_of(c, c->x, from), row_of(c, c->out, from)))
}

static void log_softmax_rows(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const softmax_call *c = context;
    FUSED_RUN(c->kind, log_softmax,
              (to - from, c->cols, row_of(c, c->x, from), row_of(c, c->out, from)))
}

static void softmax_backward_rows(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const softmax_call *c = context;
    FUSED_RUN(c->kind, softmax_backward,
              (to - from, c->cols, row_of(c, c->g, from), row_of(c, c->x, from),
               row_of(c, c->out, from)))
}

static void log_softmax_backward_rows(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const softmax_call *c = context;
    FUSED_RUN(c->kind, log_softmax_backward,
              (to - from, c->cols, row_of(c, c->g, from), row_of(c, c->x, from),
               row_of(c, c->out, from)))
}

static void share_rows(softmax_call *c, ptrdiff_t rows, engine_stretch *run)
{
    engine_share(c->kind, rows, 1, NANOSECONDS * (double)rows * (double)c->cols, run, c);
}

void engine_softmax(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, void *out)
{
    softmax_call call = {.kind = kind, .cols = cols, .x = x, .out = out};
    share_rows(&call, rows, softmax_rows);
}

void engine_log_softmax(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, void *out)
{
    softmax_call call = {.kind = kind, .cols = cols, .x = x, .out = out};
    share_rows(&call, rows, log_softmax_rows);
}

void engine_softmax_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                             const void *out, void *dx)
{
    softmax_call call = {.kind = kind, .cols = cols, .g = g, .x = out, .out = dx};
    share_rows(&call, rows, softmax_backward_rows);
}

void engine_log_softmax_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                                 const void *out, void *dx)
{
    softmax_call call = {.kind = kind, .cols = cols, .g = g, .x = out, .out = dx};
    share_rows(&call, rows, log_softmax_backward_rows);
}

/* --- cross-entropy: in parts, because of the totals ------------------------------------------- */

typedef struct {
    softmax_call array; /* those as wide as the rows */
    ptrdiff_t rows, part_rows;
    const int64_t *targets;
    const engine_loss_options *options;
    ptrdiff_t step;
    double divisor;
    void *losses, *kept;
    double totals[ENGINE_MOST_PARTS][2];
    ptrdiff_t wrong[ENGINE_MOST_PARTS]; /* counted from the first row of the part */
} loss_call;

static void cross_entropy_parts(void *context, ptrdiff_t part, ptrdiff_t to)
{
    loss_call *c = context;
    const int kind = c->array.kind;
    for (; part < to; part++) {
        const ptrdiff_t from = part * c->part_rows, left = c->rows - from;
        FUSED_RUN(kind, cross_entropy,
                  (left < c->part_rows ? left : c->part_rows, c->array.cols,
                   row_of(&c->array, c->array.x, from), c->targets + from, c->options,
                   engine_element(kind, c->losses, from), engine_element(kind, c->kept, 2 * from),
                   c->totals[part], &c->wrong[part]))
    }
}

static void cross_entropy_backward_parts(void *context, ptrdiff_t part, ptrdiff_t to)
{
    loss_call *c = context;
    const int kind = c->array.kind;
    for (; part < to; part++) {
        const ptrdiff_t from = part * c->part_rows, left = c->rows - from;
        FUSED_RUN(kind, cross_entropy_backward,
                  (left < c->part_rows ? left : c->part_rows, c->array.cols,
                   engine_element(kind, c->array.g, from * c->step), c->step, c->divisor,
                   row_of(&c->array, c->array.x, from), c->targets + from, c->options,
                   engine_element(kind, c->kept, 2 * from),
                   row_of(&c->array, c->array.out, from), &c->wrong[part]))
    }
}

/* Runs all parts and gives the first wrong row, or -1. */
static ptrdiff_t share_parts(loss_call *c, engine_stretch *run)
{
    const ptrdiff_t parts = engine_parts(c->rows, c->part_rows);
    const double nanoseconds = NANOSECONDS * (double)c->rows * (double)c->array.cols;
    engine_share(c->array.kind, parts, 1, nanoseconds, run, c);
    for (ptrdiff_t part = 0; part < parts; part++)
        if (c->wrong[part] >= 0)
            return part * c->part_rows + c->wrong[part];
    return -1;
}

void engine_cross_entropy(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x,
                          const int64_t *targets, const engine_loss_options *options, void *losses,
                          void *kept, double *totals, ptrdiff_t *wrong)
{
    loss_call call;
    call.array = (softmax_call){.kind = kind, .cols = cols, .x = x};
    call.rows = rows;
    call.part_rows = engine_part_rows(kind, rows, cols);
    call.targets = targets;
    call.options = options;
    call.losses = losses;
    call.kept = kept;
    *wrong = share_parts(&call, cross_entropy_parts);
    totals[0] = totals[1] = 0;
    for (ptrdiff_t part = 0; part < engine_parts(rows, call.part_rows); part++) {
        totals[0] += call.totals[part][0];
        totals[1] += call.totals[part][1];
    }
}

double engine_cross_entropy_weights(int kind, ptrdiff_t rows, ptrdiff_t cols,
                                    const int64_t *targets, const engine_loss_options *options)
{
    double total = 0;
    for (ptrdiff_t r = 0; r < rows; r++) {
        const int64_t target = targets[r];
        if (target == options->ignore)
            continue;
        if (!options->weight)
            total += 1;
        else if (target >= 0 && target < cols)
            total += kind & ENGINE_FUSED_FLOAT64 ? ((const double *)options->weight)[target]
                                                 : (double)((const float *)options->weight)[target];
    }
    return total;
}

void engine_cross_entropy_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                                   ptrdiff_t step, double divisor, const void *x,
                                   const int64_t *targets, const engine_loss_options *options,
                                   const void *kept, void *dx, ptrdiff_t *wrong)
{
    loss_call call;
    call.array = (softmax_call){.kind = kind, .cols = cols, .x = x, .g = g, .out = dx};
    call.rows = rows;
    call.part_rows = engine_part_rows(kind, rows, cols);
    call.targets = targets;
    call.options = options;
    call.step = step;
    call.divisor = divisor;
    call.kept = (void *)kept; /* only read */
    *wrong = share_parts(&call, cross_entropy_backward_parts);
}
