/* One step of an LSTM and its gradient: the doors. The loops are in fused_lstm_loops.h, the naive
 * twins in fused_lstm_reference.h; fused_each.h compiles both and FUSED_RUN chooses. */
#define LOOPS "fused_lstm_loops.h"
#define TWINS "fused_lstm_reference.h"
#include "fused_each.h"
#include "fused_share.h"

/* What a cell takes, about, on one thread. */
#define NANOSECONDS 4.5
#define NANOSECONDS_BACKWARD 3.0

typedef struct {
    int kind;
    const engine_lstm_step *step;
} lstm_call;

static void lstm_rows(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const lstm_call *c = context;
    FUSED_RUN(c->kind, lstm, (from, to, c->step))
}

void engine_lstm(int kind, const engine_lstm_step *step)
{
    lstm_call call = {kind, step};
    const double cells = (double)step->rows * (double)step->width;
    engine_share(kind, step->rows, 1, NANOSECONDS * cells, lstm_rows, &call);
}

static void lstm_backward_rows(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const lstm_call *c = context;
    FUSED_RUN(c->kind, lstm_backward, (from, to, c->step))
}

void engine_lstm_backward(int kind, const engine_lstm_step *step)
{
    lstm_call call = {kind, step};
    const double cells = (double)step->rows * (double)step->width;
    engine_share(kind, step->rows, 1, NANOSECONDS_BACKWARD * cells, lstm_backward_rows, &call);
}
