/* The naive twins of fused_lstm_loops.h: the formulas, cell by cell, in double precision. Included
 * once for each precision. */

static void NAME(lstm)(ptrdiff_t from, ptrdiff_t to, const engine_lstm_step *s)
{
    const ptrdiff_t width = s->width, apart = s->rows * width;
    const REAL *input = s->input, *state = s->state, *before = s->cell_before;
    REAL *gates = s->gates, *cell = s->cell, *hidden = s->hidden;
    for (ptrdiff_t r = from; r < to; r++)
        for (ptrdiff_t c = 0; c < width; c++) {
            const ptrdiff_t at = r * width + c;
            double gate[4];
            for (int k = 0; k < 4; k++) {
                const ptrdiff_t block = (4 * r + k) * width + c;
                const double x = (double)input[block] + state[block];
                gate[k] = k == 2 ? tanh(x) : 1 / (1 + exp(-x));
                gates[k * apart + at] = (REAL)gate[k];
            }
            const double now = gate[1] * before[at] + gate[0] * gate[2];
            cell[at] = (REAL)now;
            hidden[at] = (REAL)(gate[3] * tanh(now));
        }
}

static void NAME(lstm_backward)(ptrdiff_t from, ptrdiff_t to, const engine_lstm_step *s)
{
    const ptrdiff_t width = s->width, apart = s->rows * width;
    const REAL *gates = s->gates, *cell = s->cell, *before = s->cell_before;
    const REAL *to_hidden = s->to_hidden, *to_cell = s->to_cell, *to_gates = s->to_gates;
    const REAL *from_later = s->g_hidden;
    REAL *g_cell = s->g_cell, *share = s->share;
    for (ptrdiff_t r = from; r < to; r++)
        for (ptrdiff_t c = 0; c < width; c++) {
            const ptrdiff_t at = r * width + c;
            const double i = gates[at], f = gates[apart + at], n = gates[2 * apart + at];
            const double o = gates[3 * apart + at], t = tanh((double)cell[at]);
            const double g_h = (double)from_later[at] + (to_hidden ? to_hidden[at] : 0);
            const double g_c =
                (double)g_cell[at] + (to_cell ? to_cell[at] : 0) + g_h * o * (1 - t * t);
            const double g[4] = {g_c * n, g_c * before[at], g_c * i, g_h * t};
            const double slope[4] = {i * (1 - i), f * (1 - f), 1 - n * n, o * (1 - o)};
            for (int k = 0; k < 4; k++) {
                const double more = to_gates ? to_gates[k * apart + at] : 0;
                share[(4 * r + k) * width + c] = (REAL)((g[k] + more) * slope[k]);
            }
            g_cell[at] = (REAL)(g_c * f);
        }
}
