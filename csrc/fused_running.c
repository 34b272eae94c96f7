/* Running sums, products and extremes, and the product: the doors. The loops are in
 * fused_running_loops.h, the naive twins in fused_running_reference.h; fused_each.h compiles both
 * and FUSED_RUN chooses. */
#define LOOPS "fused_running_loops.h"
#define TWINS "fused_running_reference.h"
#include "fused_each.h"
#include "fused_share.h"

#define NANOSECONDS 0.6 /* an element takes about as long, on one thread */

typedef struct {
    int kind, what, backwards;
    ptrdiff_t n, inner;
    const void *x;
    void *out;
    int64_t *places;
    uint8_t *has_zero;
} running_call;

static void *at(const running_call *c, const void *array, ptrdiff_t outer)
{
    return engine_element(c->kind, array, outer * c->n * c->inner);
}

static void share_outer(running_call *c, ptrdiff_t outer, engine_stretch *run)
{
    const double elements = (double)outer * (double)c->n * (double)c->inner;
    engine_share(c->kind, outer, ENGINE_RUNNING_ROWS, NANOSECONDS * elements, run, c);
}

static void running_outer(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const running_call *c = context;
    if (c->what == ENGINE_RUNNING_SUM)
        FUSED_RUN(c->kind, running_sum,
                  (to - from, c->n, c->inner, c->backwards, at(c, c->x, from), at(c, c->out, from)))
    else
        FUSED_RUN(c->kind, running_product,
                  (to - from, c->n, c->inner, c->backwards, at(c, c->x, from), at(c, c->out, from)))
}

void engine_running(int kind, int what, int backwards, ptrdiff_t outer, ptrdiff_t n,
                    ptrdiff_t inner, const void *x, void *out)
{
    running_call call = {.kind = kind, .what = what, .backwards = backwards,
                         .n = n, .inner = inner, .x = x, .out = out};
    share_outer(&call, outer, running_outer);
}

static void extreme_outer(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const running_call *c = context;
    int64_t *places = c->places + from * c->n * c->inner;
    if (c->what == ENGINE_RUNNING_GREATEST)
        FUSED_RUN(c->kind, running_greatest,
                  (to - from, c->n, c->inner, at(c, c->x, from), at(c, c->out, from), places))
    else
        FUSED_RUN(c->kind, running_least,
                  (to - from, c->n, c->inner, at(c, c->x, from), at(c, c->out, from), places))
}

void engine_running_extreme(int kind, int what, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner,
                            const void *x, void *out, int64_t *places)
{
    running_call call = {.kind = kind, .what = what, .n = n, .inner = inner, .x = x, .out = out,
                         .places = places};
    share_outer(&call, outer, extreme_outer);
}

static void product_outer(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const running_call *c = context;
    FUSED_RUN(c->kind, product,
              (to - from, c->n, c->inner, at(c, c->x, from),
               engine_element(c->kind, c->out, from * c->inner), c->has_zero + from))
}

void engine_product_over(int kind, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x,
                         void *out, uint8_t *has_zero)
{
    running_call call = {.kind = kind, .n = n, .inner = inner, .x = x, .out = out,
                         .has_zero = has_zero};
    share_outer(&call, outer, product_outer);
}
