/* Losses of a prediction and its target, number by number: the doors. The loops are in
 * fused_losses_loops.h, the naive twins in fused_losses_reference.h; fused_each.h compiles both and
 * FUSED_RUN chooses. The cross-entropy, which goes along rows, is in fused_softmax.c. */
#define LOOPS "fused_losses_loops.h"
#define TWINS "fused_losses_reference.h"
#include "fused_each.h"
#include "fused_share.h"

enum { STEP = 1024 }; /* numbers: whose losses are added up in the precision of the arrays */

/* About what a number takes on one thread. */
static double nanoseconds(int what, ptrdiff_t n)
{
    return (what == ENGINE_LOSS_SQUARES ? 0.1 : 3.0) * (double)n;
}

typedef struct {
    int kind, what;
    ptrdiff_t n, part_steps, step;
    double scale;
    const void *x, *y, *g;
    void *out;
    double totals[ENGINE_MOST_PARTS];
} loss_call;

static void loss_parts(void *context, ptrdiff_t part, ptrdiff_t to)
{
    loss_call *c = context;
    const int kind = c->kind;
    for (; part < to; part++) {
        const ptrdiff_t from = part * c->part_steps * STEP, left = c->n - from;
        const ptrdiff_t count = left / STEP < c->part_steps ? left : c->part_steps * STEP;
        FUSED_RUN(kind, loss,
                  (c->what, count, engine_element(kind, c->x, from),
                   engine_element(kind, c->y, from), engine_element(kind, c->out, from),
                   &c->totals[part]))
    }
}

double engine_loss(int kind, int what, ptrdiff_t n, const void *x, const void *y, void *losses)
{
    loss_call call = {.kind = kind, .what = what, .n = n, .x = x, .y = y, .out = losses};
    const ptrdiff_t steps = n / STEP + 1;
    call.part_steps = engine_part_rows(kind, steps, STEP);
    const ptrdiff_t parts = engine_parts(steps, call.part_steps);
    engine_share(kind, parts, 1, nanoseconds(what, n), loss_parts, &call);
    double total = 0;
    for (ptrdiff_t part = 0; part < parts; part++)
        total += call.totals[part];
    return total;
}

static void loss_backward_stretch(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const loss_call *c = context;
    const int kind = c->kind;
    FUSED_RUN(kind, loss_backward,
              (c->what, to - from, engine_element(kind, c->g, from * c->step), c->step, c->scale,
               engine_element(kind, c->x, from), engine_element(kind, c->y, from),
               engine_element(kind, c->out, from)))
}

void engine_loss_backward(int kind, int what, ptrdiff_t n, const void *g, ptrdiff_t step,
                          double scale, const void *x, const void *y, void *dx)
{
    loss_call call = {.kind = kind, .what = what, .step = step, .scale = scale, .x = x, .y = y,
                      .g = g, .out = dx};
    engine_share(kind, n, STEP, nanoseconds(what, n), loss_backward_stretch, &call);
}

ptrdiff_t engine_first_beyond_1(int kind, ptrdiff_t n, const void *x)
{
    ptrdiff_t first = n;
    FUSED_RUN(kind, first_beyond_1, (n, x, &first))
    return first;
}
