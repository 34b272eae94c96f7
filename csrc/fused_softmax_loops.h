/* The fast softmax family. Included by fused_each.h for every precision and instruction set.
 *
 * The idea: a row is walked in lanes of 64 bytes, the last one filled up with -inf, which adds
 * exp(-inf) = 0 to any sum. Nothing is recomputed in scalar code, so there is one formula only. */

enum { NAME(SUM_BLOCK) = 64 }; /* vectors added up before they go to the total: keeps it accurate */

/* NaN is passed over here; the sum that follows does not pass it over. */
ALWAYS_INLINE REAL NAME(row_greatest)(ptrdiff_t cols, const REAL *x)
{
    NAME(lanes) best = NAME(all_lanes)(-(REAL)INFINITY), other = best;
    ptrdiff_t c = 0;
    for (; cols - c >= 2 * NAME(COUNT); c += 2 * NAME(COUNT))
        EACH_PART(p) {
            const REAL *at = x + c + p * NAME(WIDTH);
            best.part[p] = NAME(greater)(NAME(load)(at), best.part[p]);
            other.part[p] = NAME(greater)(NAME(load)(at + NAME(COUNT)), other.part[p]);
        }
    for (; c < cols; c += NAME(COUNT))
        EACH_PART(p) {
            const ptrdiff_t at = c + p * NAME(WIDTH);
            best.part[p] = NAME(greater)(
                NAME(load_some)(x + at, cols - at, -(REAL)INFINITY), best.part[p]);
        }
    EACH_PART(p) best.part[p] = NAME(greater)(best.part[p], other.part[p]);
    return NAME(greatest)(best);
}

/* One vector of the sum below: `count` numbers from x on, the others counted as -inf. */
ALWAYS_INLINE NAME(vector) NAME(exps)(const REAL *x, ptrdiff_t count, REAL greatest, REAL *out)
{
    const NAME(vector) value = NAME(load_some)(x, count, -(REAL)INFINITY) - greatest;
    const NAME(vector) result = NAME(exp_of)(value, 1);
    if (out)
        NAME(store_some)(out, result, count);
    return result;
}

/* The sum of exp(x - greatest) along a row; `out`, unless NULL, receives the terms. */
ALWAYS_INLINE REAL NAME(row_exp_sum)(ptrdiff_t cols, const REAL *x, REAL greatest, REAL *out)
{
    NAME(lanes) sum = NAME(all_lanes)(0);
    for (ptrdiff_t from = 0; from < cols; from += NAME(SUM_BLOCK) * NAME(COUNT)) {
        const ptrdiff_t room = cols - from, block = NAME(SUM_BLOCK) * NAME(COUNT);
        const ptrdiff_t to = from + (room < block ? room : block);
        NAME(lanes) part = NAME(all_lanes)(0);
        ptrdiff_t c = from;
        for (; to - c >= NAME(COUNT); c += NAME(COUNT))
            EACH_PART(p) {
                const ptrdiff_t at = c + p * NAME(WIDTH);
                part.part[p] += NAME(exps)(x + at, NAME(WIDTH), greatest, out ? out + at : NULL);
            }
        /* A vector that holds no number of the row would add nothing. */
        if (c < to)
            EACH_PART(p) {
                const ptrdiff_t at = c + p * NAME(WIDTH);
                if (at < to)
                    part.part[p] += NAME(exps)(x + at, to - at, greatest, out ? out + at : NULL);
            }
        sum = NAME(add_lanes)(sum, part);
    }
    /* Where all are -inf, so is the filling, and -inf - -inf is NaN, as it should be. */
    return NAME(total)(sum);
}

/* The natural logarithm: once a row, so the C library's will do. */
ALWAYS_INLINE REAL NAME(log_of)(REAL x)
{
    return (REAL)log((double)x);
}

KERNEL void NAME(softmax)(ptrdiff_t rows, ptrdiff_t cols, const REAL *x, REAL *out)
{
    for (; rows > 0 && cols > 0; rows--, x += cols, out += cols) {
        const REAL sum = NAME(row_exp_sum)(cols, x, NAME(row_greatest)(cols, x), out);
        const REAL scale = 1 / sum;
        for (ptrdiff_t c = 0; c < cols; c++)
            out[c] *= scale;
    }
}

KERNEL void NAME(log_softmax)(ptrdiff_t rows, ptrdiff_t cols, const REAL *x, REAL *out)
{
    for (; rows > 0 && cols > 0; rows--, x += cols, out += cols) {
        const REAL greatest = NAME(row_greatest)(cols, x);
        const REAL log_sum = NAME(log_of)(NAME(row_exp_sum)(cols, x, greatest, NULL));
        for (ptrdiff_t c = 0; c < cols; c++)
            out[c] = (x[c] - greatest) - log_sum;
    }
}

/* The sum along a row of g, or of g * y where y is given. */
ALWAYS_INLINE REAL NAME(row_sum)(ptrdiff_t cols, const REAL *g, const REAL *y)
{
    NAME(lanes) sum = NAME(all_lanes)(0);
    for (ptrdiff_t from = 0; from < cols; from += NAME(SUM_BLOCK) * NAME(COUNT)) {
        const ptrdiff_t room = cols - from, block = NAME(SUM_BLOCK) * NAME(COUNT);
        const ptrdiff_t to = from + (room < block ? room : block);
        NAME(lanes) part = NAME(all_lanes)(0);
        for (ptrdiff_t c = from; c < to; c += NAME(COUNT))
            EACH_PART(p) {
                const ptrdiff_t at = c + p * NAME(WIDTH);
                const NAME(vector) value = NAME(load_some)(g + at, to - at, 0);
                part.part[p] += y ? value * NAME(load_some)(y + at, to - at, 0) : value;
            }
        sum = NAME(add_lanes)(sum, part);
    }
    return NAME(total)(sum);
}

KERNEL void NAME(softmax_backward)(ptrdiff_t rows, ptrdiff_t cols, const REAL *g, const REAL *out,
                                   REAL *dx)
{
    for (; rows > 0 && cols > 0; rows--, g += cols, out += cols, dx += cols) {
        const REAL sum = NAME(row_sum)(cols, g, out);
        for (ptrdiff_t c = 0; c < cols; c++)
            dx[c] = out[c] * (g[c] - sum);
    }
}

KERNEL void NAME(log_softmax_backward)(ptrdiff_t rows, ptrdiff_t cols, const REAL *g,
                                       const REAL *out, REAL *dx)
{
    for (; rows > 0 && cols > 0; rows--, g += cols, out += cols, dx += cols) {
        const REAL sum = NAME(row_sum)(cols, g, NULL);
        for (ptrdiff_t c = 0; c < cols; c += NAME(WIDTH)) {
            const NAME(vector) part = NAME(exp_of)(NAME(load_some)(out + c, cols - c, 0), 0);
            const NAME(vector) slope = NAME(load_some)(g + c, cols - c, 0) - part * sum;
            NAME(store_some)(dx + c, slope, cols - c);
        }
    }
}

/* The sum over the classes of weight * (log_sum - (x - greatest)). Only for smoothing, so plain. */
KERNEL double NAME(smooth_loss)(ptrdiff_t cols, const REAL *x, const REAL *weight, REAL greatest,
                                REAL log_sum)
{
    double sum = 0;
    for (ptrdiff_t c = 0; c < cols; c++)
        sum += (weight ? weight[c] : 1) * (double)(log_sum - (x[c] - greatest));
    return sum;
}

KERNEL void NAME(cross_entropy)(ptrdiff_t rows, ptrdiff_t cols, const REAL *x,
                                const int64_t *targets, const engine_loss_options *options,
                                REAL *losses, REAL *kept, double *totals, ptrdiff_t *wrong)
{
    const REAL *weight = options->weight;
    const double spread = options->smoothing / (double)cols;
    *wrong = -1;
    totals[0] = totals[1] = 0;
    for (ptrdiff_t i = 0; i < rows; i++, x += cols) {
        const int64_t target = targets[i];
        if (target != options->ignore && (target < 0 || target >= cols)) {
            *wrong = i;
            return;
        }
        const REAL greatest = NAME(row_greatest)(cols, x);
        const REAL log_sum = NAME(log_of)(NAME(row_exp_sum)(cols, x, greatest, NULL));
        kept[2 * i] = greatest;
        kept[2 * i + 1] = log_sum;
        double loss = 0;
        if (target != options->ignore) {
            const double of_target = weight ? weight[target] : 1;
            loss = (1 - options->smoothing) * of_target * (log_sum - (x[target] - greatest));
            if (options->smoothing > 0)
                loss += spread * NAME(smooth_loss)(cols, x, weight, greatest, log_sum);
            totals[0] += loss;
            totals[1] += of_target;
        }
        if (losses)
            losses[i] = (REAL)loss;
    }
}

KERNEL void NAME(cross_entropy_backward)(ptrdiff_t rows, ptrdiff_t cols, const REAL *g,
                                         ptrdiff_t step, double divisor, const REAL *x,
                                         const int64_t *targets,
                                         const engine_loss_options *options, const REAL *kept,
                                         REAL *dx, ptrdiff_t *wrong)
{
    const REAL *weight = options->weight;
    const double spread = cols ? options->smoothing / (double)cols : 0;
    const double all_classes = weight ? NAME(row_sum)(cols, weight, NULL) : (REAL)cols;
    *wrong = -1;
    for (ptrdiff_t i = 0; i < rows; i++, x += cols, dx += cols) {
        const int64_t target = targets[i];
        if (target == options->ignore) {
            memset(dx, 0, (size_t)cols * sizeof *dx);
            continue;
        }
        if (target < 0 || target >= cols) {
            *wrong = i;
            return;
        }
        const double factor = g[i * step] / divisor;
        const double at_target = (1 - options->smoothing) * (weight ? weight[target] : 1);
        const REAL scale = (REAL)(factor * (at_target + spread * all_classes));
        const REAL smooth = (REAL)(factor * spread);
        const REAL greatest = kept[2 * i], log_sum = kept[2 * i + 1];
        for (ptrdiff_t c = 0; c < cols; c += NAME(WIDTH)) {
            const ptrdiff_t left = cols - c;
            const NAME(vector) value = NAME(load_some)(x + c, left, 0);
            NAME(vector) slope = NAME(exp_of)((value - greatest) - log_sum, 1) * scale;
            if (spread > 0)
                slope -= weight ? smooth * NAME(load_some)(weight + c, left, 0)
                                : NAME(all)(smooth);
            NAME(store_some)(dx + c, slope, left);
        }
        dx[target] -= (REAL)(factor * at_target);
    }
}
