/* The naive twins of fused_softmax_loops.h: the formulas, one after the other, with the C library's
 * exp and log in double precision. Included once for each precision. */

static double NAME(row_greatest)(ptrdiff_t cols, const REAL *x)
{
    double greatest = -INFINITY;
    for (ptrdiff_t c = 0; c < cols; c++)
        if (x[c] > greatest)
            greatest = x[c];
    return greatest;
}

static double NAME(row_exp_sum)(ptrdiff_t cols, const REAL *x, double greatest)
{
    double sum = 0;
    for (ptrdiff_t c = 0; c < cols; c++)
        sum += exp(x[c] - greatest);
    return sum;
}

static void NAME(softmax)(ptrdiff_t rows, ptrdiff_t cols, const REAL *x, REAL *out)
{
    for (; rows > 0; rows--, x += cols, out += cols) {
        const double greatest = NAME(row_greatest)(cols, x);
        const double sum = NAME(row_exp_sum)(cols, x, greatest);
        for (ptrdiff_t c = 0; c < cols; c++)
            out[c] = (REAL)(exp(x[c] - greatest) / sum);
    }
}

static void NAME(log_softmax)(ptrdiff_t rows, ptrdiff_t cols, const REAL *x, REAL *out)
{
    for (; rows > 0; rows--, x += cols, out += cols) {
        const double greatest = NAME(row_greatest)(cols, x);
        const double log_sum = log(NAME(row_exp_sum)(cols, x, greatest));
        for (ptrdiff_t c = 0; c < cols; c++)
            out[c] = (REAL)((x[c] - greatest) - log_sum);
    }
}

static void NAME(softmax_backward)(ptrdiff_t rows, ptrdiff_t cols, const REAL *g, const REAL *out,
                                   REAL *dx)
{
    for (; rows > 0; rows--, g += cols, out += cols, dx += cols) {
        double sum = 0;
        for (ptrdiff_t c = 0; c < cols; c++)
            sum += (double)g[c] * out[c];
        for (ptrdiff_t c = 0; c < cols; c++)
            dx[c] = (REAL)(out[c] * (g[c] - sum));
    }
}

static void NAME(log_softmax_backward)(ptrdiff_t rows, ptrdiff_t cols, const REAL *g,
                                       const REAL *out, REAL *dx)
{
    for (; rows > 0; rows--, g += cols, out += cols, dx += cols) {
        double sum = 0;
        for (ptrdiff_t c = 0; c < cols; c++)
            sum += g[c];
        for (ptrdiff_t c = 0; c < cols; c++)
            dx[c] = (REAL)(g[c] - exp(out[c]) * sum);
    }
}

/* a[c] of the contract. */
static double NAME(target_weight)(ptrdiff_t cols, ptrdiff_t c, int64_t target,
                                  const engine_loss_options *options)
{
    const REAL *weight = options->weight;
    const double at_target = c == target ? 1 - options->smoothing : 0;
    return (weight ? weight[c] : 1) * (at_target + options->smoothing / (double)cols);
}

static void NAME(cross_entropy)(ptrdiff_t rows, ptrdiff_t cols, const REAL *x,
                                const int64_t *targets, const engine_loss_options *options,
                                REAL *losses, REAL *kept, double *totals, ptrdiff_t *wrong)
{
    const REAL *weight = options->weight;
    *wrong = -1;
    totals[0] = totals[1] = 0;
    for (ptrdiff_t i = 0; i < rows; i++, x += cols) {
        const int64_t target = targets[i];
        double loss = 0;
        if (target != options->ignore && (target < 0 || target >= cols)) {
            *wrong = i;
            return;
        }
        const double greatest = NAME(row_greatest)(cols, x);
        const double log_sum = log(NAME(row_exp_sum)(cols, x, greatest));
        kept[2 * i] = (REAL)greatest;
        kept[2 * i + 1] = (REAL)log_sum;
        if (target != options->ignore) {
            for (ptrdiff_t c = 0; c < cols; c++)
                /* a class that does not count is left out: 0 times infinity would be NaN */
                if (c == target || options->smoothing > 0)
                    loss += NAME(target_weight)(cols, c, target, options) *
                            (log_sum - (x[c] - greatest));
            totals[0] += loss;
            totals[1] += weight ? weight[target] : 1;
        }
        if (losses)
            losses[i] = (REAL)loss;
    }
}

static void NAME(cross_entropy_backward)(ptrdiff_t rows, ptrdiff_t cols, const REAL *g,
                                         ptrdiff_t step, double divisor, const REAL *x,
                                         const int64_t *targets,
                                         const engine_loss_options *options, const REAL *kept,
                                         REAL *dx, ptrdiff_t *wrong)
{
    *wrong = -1;
    for (ptrdiff_t i = 0; i < rows; i++, x += cols, dx += cols, kept += 2) {
        const int64_t target = targets[i];
        if (target != options->ignore && (target < 0 || target >= cols)) {
            *wrong = i;
            return;
        }
        double all = 0;
        for (ptrdiff_t c = 0; c < cols; c++)
            all += NAME(target_weight)(cols, c, target, options);
        for (ptrdiff_t c = 0; c < cols; c++) {
            const double part = exp(((double)x[c] - kept[0]) - kept[1]);
            const double slope = part * all - NAME(target_weight)(cols, c, target, options);
            dx[c] = target == options->ignore ? 0 : (REAL)(slope * (g[i * step] / divisor));
        }
    }
}
