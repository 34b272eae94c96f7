/* Pooling: the doors. The fast loops are in pooling_loops.h, the naive twins in
 * pooling_reference_loops.h; fused_each.h compiles both and FUSED_RUN chooses. */
#include "pooling.h"
#include "pooling_span.h"

#define LOOPS "pooling_loops.h"
#define TWINS "pooling_reference_loops.h"
#include "fused_each.h"
#include "fused_share.h"

#define NANOSECONDS 0.1 /* an element of a window takes about as long, on one thread */

typedef struct {
    int kind;
    ptrdiff_t planes, part_planes;
    const engine_pool_shape *shape;
    ptrdiff_t divisor;
    const void *x; /* an image in the forward pass, g backward */
    void *out;
    int64_t *winners;
    int wrong[ENGINE_MOST_PARTS]; /* one for each part, so that no two threads write the same */
} pool_call;

/* Elements of the planes before this one: of the image, and of the windows. */
static ptrdiff_t image(const pool_call *c, ptrdiff_t plane)
{
    return plane * c->shape->height * c->shape->width;
}

static ptrdiff_t windows(const pool_call *c, ptrdiff_t plane)
{
    return plane * c->shape->out_height * c->shape->out_width;
}

static void share_planes(pool_call *c, ptrdiff_t items, engine_stretch *run)
{
    const double taps = (double)c->shape->kernel_height * (double)c->shape->kernel_width;
    engine_share(c->kind, items, 1, NANOSECONDS * taps * (double)windows(c, c->planes), run, c);
}

static void max_pool_planes(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const pool_call *c = context;
    FUSED_RUN(c->kind, max_pool,
              (to - from, c->shape, engine_element(c->kind, c->x, image(c, from)),
               engine_element(c->kind, c->out, windows(c, from)), c->winners + windows(c, from)))
}

void engine_max_pool(int kind, ptrdiff_t planes, const engine_pool_shape *shape, const void *x,
                     void *out, int64_t *winners)
{
    pool_call call = {.kind = kind, .planes = planes, .shape = shape, .x = x, .out = out,
                      .winners = winners};
    share_planes(&call, planes, max_pool_planes);
}

static void max_pool_backward_parts(void *context, ptrdiff_t part, ptrdiff_t to)
{
    pool_call *c = context;
    for (; part < to; part++) {
        const ptrdiff_t from = part * c->part_planes;
        FUSED_RUN(c->kind, max_pool_backward,
                  (pool_least(c->planes - from, c->part_planes), c->shape,
                   engine_element(c->kind, c->x, windows(c, from)),
                   c->winners + windows(c, from), engine_element(c->kind, c->out, image(c, from)),
                   &c->wrong[part]))
    }
}

void engine_max_pool_backward(int kind, ptrdiff_t planes, const engine_pool_shape *shape,
                              const void *g, const int64_t *winners, void *dx, int *wrong)
{
    pool_call call = {.kind = kind, .planes = planes, .shape = shape, .x = g, .out = dx,
                      .winners = (int64_t *)winners /* only read */};
    call.part_planes = (planes - 1) / ENGINE_MOST_PARTS + 1;
    const ptrdiff_t parts = engine_parts(planes, call.part_planes);
    share_planes(&call, parts, max_pool_backward_parts);
    *wrong = 0;
    for (ptrdiff_t part = 0; part < parts; part++)
        *wrong |= call.wrong[part];
}

static void average_pool_planes(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const pool_call *c = context;
    FUSED_RUN(c->kind, average_pool,
              (to - from, c->shape, c->divisor, engine_element(c->kind, c->x, image(c, from)),
               engine_element(c->kind, c->out, windows(c, from))))
}

void engine_average_pool(int kind, ptrdiff_t planes, const engine_pool_shape *shape,
                         ptrdiff_t divisor, const void *x, void *out)
{
    pool_call call = {.kind = kind, .planes = planes, .shape = shape, .divisor = divisor, .x = x,
                      .out = out};
    share_planes(&call, planes, average_pool_planes);
}

static void average_pool_backward_planes(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const pool_call *c = context;
    FUSED_RUN(c->kind, average_pool_backward,
              (to - from, c->shape, c->divisor, engine_element(c->kind, c->x, windows(c, from)),
               engine_element(c->kind, c->out, image(c, from))))
}

void engine_average_pool_backward(int kind, ptrdiff_t planes, const engine_pool_shape *shape,
                                  ptrdiff_t divisor, const void *g, void *dx)
{
    pool_call call = {.kind = kind, .planes = planes, .shape = shape, .divisor = divisor, .x = g,
                      .out = dx};
    share_planes(&call, planes, average_pool_backward_planes);
}
