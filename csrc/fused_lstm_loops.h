/* One step of an LSTM. Included by fused_each.h for every precision and instruction set; the curves
 * are in fused_curves.h. A row is walked once: all that a cell needs is in registers by then. */
#include "fused_curves.h"

KERNEL void NAME(lstm)(ptrdiff_t from, ptrdiff_t to, const engine_lstm_step *s)
{
    const ptrdiff_t width = s->width, apart = s->rows * width; /* from one gate to the next */
    for (ptrdiff_t r = from; r < to; r++) {
        const REAL *input = (const REAL *)s->input + 4 * r * width;
        const REAL *state = (const REAL *)s->state + 4 * r * width;
        const REAL *before = (const REAL *)s->cell_before + r * width;
        REAL *gates = (REAL *)s->gates + r * width;
        REAL *cell = (REAL *)s->cell + r * width, *hidden = (REAL *)s->hidden + r * width;
        for (ptrdiff_t c = 0; c < width; c += NAME(WIDTH)) {
            const ptrdiff_t left = width - c;
            NAME(vector) gate[4];
            UNROLL
            for (int k = 0; k < 4; k++) {
                const NAME(vector) x = NAME(load_some)(input + k * width + c, left, 0) +
                                       NAME(load_some)(state + k * width + c, left, 0);
                gate[k] = k == 2 ? NAME(tanh_of)(x) : NAME(sigmoid_of)(x);
                NAME(store_some)(gates + k * apart + c, gate[k], left);
            }
            const NAME(vector) held = gate[1] * NAME(load_some)(before + c, left, 0);
            const NAME(vector) now = held + gate[0] * gate[2];
            NAME(store_some)(cell + c, now, left);
            NAME(store_some)(hidden + c, gate[3] * NAME(tanh_of)(now), left);
        }
    }
}

/* What arrives at some numbers from a place that nothing need have arrived at. */
ALWAYS_INLINE NAME(vector) NAME(arrived)(const REAL *g, ptrdiff_t at, ptrdiff_t left)
{
    return g ? NAME(load_some)(g + at, left, 0) : NAME(all)(0);
}

KERNEL void NAME(lstm_backward)(ptrdiff_t from, ptrdiff_t to, const engine_lstm_step *s)
{
    const ptrdiff_t width = s->width, apart = s->rows * width;
    for (ptrdiff_t r = from; r < to; r++)
        for (ptrdiff_t c = 0; c < width; c += NAME(WIDTH)) {
            const ptrdiff_t left = width - c, at = r * width + c;
            const NAME(vector) before = NAME(load_some)((const REAL *)s->cell_before + at, left, 0);
            const NAME(vector) t = NAME(tanh_of)(NAME(load_some)((REAL *)s->cell + at, left, 0));
            REAL *g_cell = (REAL *)s->g_cell + at, *share = (REAL *)s->share + 4 * r * width + c;
            NAME(vector) gate[4], slope[4], g[4];
            UNROLL
            for (int k = 0; k < 4; k++) {
                gate[k] = NAME(load_some)((REAL *)s->gates + k * apart + at, left, 0);
                slope[k] = k == 2 ? 1 - gate[k] * gate[k] : gate[k] - gate[k] * gate[k];
            }
            const NAME(vector) g_hidden = NAME(load_some)((const REAL *)s->g_hidden + at, left, 0) +
                                          NAME(arrived)(s->to_hidden, at, left);
            const NAME(vector) to_cell = NAME(load_some)(g_cell, left, 0) +
                                         NAME(arrived)(s->to_cell, at, left) +
                                         g_hidden * gate[3] * (1 - t * t);
            g[0] = to_cell * gate[2];
            g[1] = to_cell * before;
            g[2] = to_cell * gate[0];
            g[3] = g_hidden * t;
            UNROLL
            for (int k = 0; k < 4; k++) {
                if (s->to_gates)
                    g[k] += NAME(arrived)(s->to_gates, k * apart + at, left);
                NAME(store_some)(share + k * width, g[k] * slope[k], left);
            }
            NAME(store_some)(g_cell, to_cell * gate[1], left);
        }
}
