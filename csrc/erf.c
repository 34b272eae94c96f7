/* The error function and the gelu: the doors. The formulas are in fused_curves.h, the loops in
 * erf_loop.h, the naive twins in erf_reference_loop.h; fused_each.h compiles both and FUSED_RUN
 * chooses. Not a copy of anybody's library: the coefficients are fitted by erf_coefficients.py. */
#define LOOPS "erf_loop.h"
#define TWINS "erf_reference_loop.h"
#include "erf.h"
#include "fused_each.h"
#include "fused_share.h"

#define NANOSECONDS 1.0 /* an element takes about as long, on one thread */
enum { STEP = 1024 };   /* elements: where stretches of different threads may meet */

typedef struct {
    int kind;
    const void *x, *g;
    void *out;
} curve_call;

static void erf_stretch(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const curve_call *c = context;
    FUSED_RUN(c->kind, erf,
              (to - from, engine_element(c->kind, c->x, from),
               engine_element(c->kind, c->out, from)))
}

static void erf_of_kind(int kind, ptrdiff_t n, const void *x, void *out)
{
    curve_call call = {.kind = kind, .x = x, .out = out};
    engine_share(kind, n, STEP, NANOSECONDS * (double)n, erf_stretch, &call);
}

void engine_erf_float64(ptrdiff_t n, const double *x, double *out)
{
    erf_of_kind(ENGINE_FUSED_FLOAT64, n, x, out);
}

void engine_erf_float32(ptrdiff_t n, const float *x, float *out)
{
    erf_of_kind(0, n, x, out);
}

void engine_erf_reference_float64(ptrdiff_t n, const double *x, double *out)
{
    erf_of_kind(ENGINE_FUSED_FLOAT64 + ENGINE_FUSED_REFERENCE, n, x, out);
}

void engine_erf_reference_float32(ptrdiff_t n, const float *x, float *out)
{
    erf_of_kind(ENGINE_FUSED_REFERENCE, n, x, out);
}

static void gelu_stretch(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const curve_call *c = context;
    FUSED_RUN(c->kind, gelu,
              (to - from, engine_element(c->kind, c->x, from),
               engine_element(c->kind, c->out, from)))
}

void engine_gelu(int kind, ptrdiff_t n, const void *x, void *out)
{
    curve_call call = {.kind = kind, .x = x, .out = out};
    engine_share(kind, n, STEP, NANOSECONDS * (double)n, gelu_stretch, &call);
}

static void gelu_backward_stretch(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const curve_call *c = context;
    FUSED_RUN(c->kind, gelu_backward,
              (to - from, engine_element(c->kind, c->g, from), engine_element(c->kind, c->x, from),
               engine_element(c->kind, c->out, from)))
}

void engine_gelu_backward(int kind, ptrdiff_t n, const void *g, const void *x, void *dx)
{
    curve_call call = {.kind = kind, .g = g, .x = x, .out = dx};
    engine_share(kind, n, STEP, 1.5 * NANOSECONDS * (double)n, gelu_backward_stretch, &call);
}
