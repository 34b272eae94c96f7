/* Sums over an axis and the relu: the doors. The loops are in fused_sums_loops.h, the naive twins
 * in fused_sums_reference.h; fused_each.h compiles both and FUSED_RUN chooses. */
#define LOOPS "fused_sums_loops.h"
#define TWINS "fused_sums_reference.h"
#include "fused_each.h"
#include "fused_share.h"

#define NANOSECONDS 0.06 /* an element of a sum takes about as long, on one thread */

enum {
    STEP = 1024, /* elements of a stretch, where each stands alone */
    STRIP = 512  /* columns of one, where there are more */
};

/* --- down the columns: strips of them where they are many, else parts of the rows ------------- */

/* With `out` and `dx` the gradient of bias and relu, else a plain sum of g. */
typedef struct {
    int kind;
    ptrdiff_t rows, cols, part_rows;
    const void *g, *out;
    void *dx, *sums; /* sums: one row of them for each part */
} columns_call;

static void columns(const columns_call *c, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t col,
                    ptrdiff_t cols, void *sums)
{
    const int kind = c->kind;
    const ptrdiff_t at = row * c->cols + col;
    const void *g = engine_element(kind, c->g, at);
    if (c->dx)
        FUSED_RUN(kind, bias_relu_backward,
                  (rows, cols, c->cols, g, engine_element(kind, c->out, at),
                   engine_element(kind, c->dx, at), sums))
    else
        FUSED_RUN(kind, sum, (1, rows, cols, c->cols, g, sums))
}

static void columns_strip(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const columns_call *c = context;
    columns(c, 0, c->rows, from, to - from, engine_element(c->kind, c->sums, from));
}

static void columns_parts(void *context, ptrdiff_t part, ptrdiff_t to)
{
    const columns_call *c = context;
    for (; part < to; part++) {
        const ptrdiff_t from = part * c->part_rows, left = c->rows - from;
        columns(c, from, left < c->part_rows ? left : c->part_rows, 0, c->cols,
                engine_element(c->kind, c->sums, part * c->cols));
    }
}

static void columns_all(columns_call *c, double nanoseconds)
{
    nanoseconds *= (double)c->rows * (double)c->cols;
    if (c->cols > STRIP) {
        engine_share(c->kind, c->cols, STRIP, nanoseconds, columns_strip, c);
        return;
    }
    union {
        float of_float32[ENGINE_MOST_PARTS * STRIP];
        double of_float64[ENGINE_MOST_PARTS * STRIP];
    } part_sums;
    void *sums = c->sums;
    c->part_rows = engine_part_rows(c->kind, c->rows, c->cols);
    const ptrdiff_t parts = engine_parts(c->rows, c->part_rows);
    if (parts > 1)
        c->sums = &part_sums;
    engine_share(c->kind, parts, 1, nanoseconds, columns_parts, c);
    if (parts > 1)
        FUSED_RUN(c->kind, sum, (1, parts, c->cols, c->cols, c->sums, sums))
}

void engine_bias_relu_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                               const void *out, void *dx, void *sums)
{
    columns_call call = {kind, rows, cols, rows, g, out, dx, sums};
    columns_all(&call, 4 * NANOSECONDS);
}

/* --- sums ------------------------------------------------------------------------------------- */

typedef struct {
    int kind;
    ptrdiff_t n, inner;
    const void *x;
    void *out;
} sum_call;

static void sum_outer(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const sum_call *c = context;
    const ptrdiff_t n = c->n, inner = c->inner;
    /* Cut in parts or not: n and inner alone decide, lest outer be seen in the bits. */
    if (engine_part_rows(c->kind, n, inner) == n && (inner <= STRIP || to - from > 1)) {
        FUSED_RUN(c->kind, sum,
                  (to - from, n, inner, inner, engine_element(c->kind, c->x, from * n * inner),
                   engine_element(c->kind, c->out, from * inner)))
        return;
    }
    for (; from < to; from++) {
        columns_call one = {.kind = c->kind, .rows = n, .cols = inner,
                            .g = engine_element(c->kind, c->x, from * n * inner),
                            .sums = engine_element(c->kind, c->out, from * inner)};
        columns_all(&one, NANOSECONDS);
    }
}

void engine_sum(int kind, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, void *out)
{
    sum_call call = {kind, n, inner, x, out};
    const double nanoseconds = NANOSECONDS * (double)outer * (double)n * (double)inner;
    engine_share(kind, outer, 1, nanoseconds, sum_outer, &call);
}

/* --- relu ------------------------------------------------------------------------------------- */

typedef struct {
    int kind;
    const void *x, *g;
    void *out;
} relu_call;

static void relu_stretch(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const relu_call *c = context;
    FUSED_RUN(c->kind, relu,
              (to - from, engine_element(c->kind, c->x, from),
               engine_element(c->kind, c->out, from)))
}

static void relu_backward_stretch(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const relu_call *c = context;
    FUSED_RUN(c->kind, relu_backward,
              (to - from, engine_element(c->kind, c->g, from), engine_element(c->kind, c->x, from),
               engine_element(c->kind, c->out, from)))
}

void engine_relu(int kind, ptrdiff_t n, const void *x, void *out)
{
    relu_call call = {.kind = kind, .x = x, .out = out};
    engine_share(kind, n, STEP, 2 * NANOSECONDS * (double)n, relu_stretch, &call);
}

void engine_relu_backward(int kind, ptrdiff_t n, const void *g, const void *out, void *dx)
{
    relu_call call = {.kind = kind, .g = g, .x = out, .out = dx};
    engine_share(kind, n, STEP, 2 * NANOSECONDS * (double)n, relu_backward_stretch, &call);
}
