/* exp, log, log(1 + x), tanh and the sigmoid: the door. The formulas are in fused_lanes.h and
 * fused_curves.h, the loop in curves_loops.h, the naive twin in curves_reference.h; fused_each.h
 * compiles both and FUSED_RUN chooses. */
#define LOOPS "curves_loops.h"
#define TWINS "curves_reference.h"
#include "curves.h"
#include "fused_each.h"
#include "fused_share.h"

#define NANOSECONDS 0.8 /* an element takes about as long, on one thread */
enum { STEP = 1024 };   /* elements: where stretches of different threads may meet */

typedef struct {
    int kind, what;
    const void *x;
    void *out;
} curve_call;

static void curve_stretch(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const curve_call *c = context;
    FUSED_RUN(c->kind, curve,
              (c->what, to - from, engine_element(c->kind, c->x, from),
               engine_element(c->kind, c->out, from)))
}

void engine_curve(int kind, int what, ptrdiff_t n, const void *x, void *out)
{
    curve_call call = {kind, what, x, out};
    engine_share(kind, n, STEP, NANOSECONDS * (double)n, curve_stretch, &call);
}
