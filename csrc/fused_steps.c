/* Optimizer steps: the doors. The loops are in fused_steps_loops.h, the naive twins in
 * fused_steps_reference.h; fused_each.h compiles both and FUSED_RUN chooses. */
#define LOOPS "fused_steps_loops.h"
#define TWINS "fused_steps_reference.h"
#include "fused_each.h"
#include "fused_share.h"

enum { STEP = 1024 }; /* parameters: a few pages of memory apart, threads do not meet */

typedef struct {
    int kind;
    void *parameters;
    const void *g;
    void *buffer;
    const engine_sgd_options *options;
} sgd_call;

static void sgd_stretch(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const sgd_call *c = context;
    const int kind = c->kind;
    FUSED_RUN(kind, sgd,
              (to - from, engine_element(kind, c->parameters, from),
               engine_element(kind, c->g, from), engine_element(kind, c->buffer, from),
               c->options))
}

void engine_sgd(int kind, ptrdiff_t n, void *parameters, const void *g, void *buffer,
                const engine_sgd_options *options)
{
    sgd_call call = {kind, parameters, g, buffer, options};
    engine_share(kind, n, STEP, 0.2 * (double)n, sgd_stretch, &call);
}

typedef struct {
    int kind;
    void *parameters;
    const void *g;
    void *average, *square, *greatest;
    const engine_adam_options *options;
} adam_call;

static void adam_stretch(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const adam_call *c = context;
    const int kind = c->kind;
    FUSED_RUN(kind, adam,
              (to - from, engine_element(kind, c->parameters, from),
               engine_element(kind, c->g, from), engine_element(kind, c->average, from),
               engine_element(kind, c->square, from), engine_element(kind, c->greatest, from),
               c->options))
}

void engine_adam(int kind, ptrdiff_t n, void *parameters, const void *g, void *average,
                 void *square, void *greatest, const engine_adam_options *options)
{
    adam_call call = {kind, parameters, g, average, square, greatest, options};
    engine_share(kind, n, STEP, 0.4 * (double)n, adam_stretch, &call);
}
