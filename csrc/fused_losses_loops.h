/* Losses of a prediction and its target. Included by fused_each.h for every precision and
 * instruction set.
 *
 * The idea: each loss is two small functions of a vector, its value and its slope, and `what` is a
 * constant wherever they are used, so that the choice among them is the compiler's. */
#include "fused_curves.h"

enum { NAME(CHUNK) = 1024 };

ALWAYS_INLINE NAME(vector) NAME(loss_of)(const int what, NAME(vector) x, NAME(vector) y)
{
    if (what == ENGINE_LOSS_SQUARES)
        return (x - y) * (x - y);
    if (what == ENGINE_LOSS_BINARY) {
        const NAME(vector) least = NAME(all)(-100);
        const NAME(vector) sure = NAME(greater)(least, NAME(log_of)(x));
        const NAME(vector) unsure = NAME(greater)(least, NAME(log_of_1_plus)(-x));
        return (y - 1) * unsure - y * sure;
    }
    NAME(masks) sign;
    const NAME(vector) size = NAME(size_up_to)(x, (REAL)INFINITY, &sign);
    const NAME(vector) below = NAME(choose)((NAME(masks))(x < 0), x, NAME(all)(0));
    return (1 - y) * x + (NAME(log_of_1_plus)(NAME(exp_of)(-size, 1)) - below);
}

ALWAYS_INLINE NAME(vector) NAME(loss_slope)(const int what, NAME(vector) x, NAME(vector) y)
{
    if (what == ENGINE_LOSS_SQUARES)
        return 2 * (x - y);
    if (what == ENGINE_LOSS_BINARY)
        return (x - y) / NAME(greater)(NAME(all)((REAL)1e-12), (1 - x) * x);
    return NAME(sigmoid_of)(x) - y;
}

ALWAYS_INLINE double NAME(loss_over)(const int what, ptrdiff_t n, const REAL *x, const REAL *y,
                                     REAL *losses)
{
    double total = 0;
    for (ptrdiff_t from = 0; from < n; from += NAME(CHUNK)) {
        const ptrdiff_t to = n - from < NAME(CHUNK) ? n : from + NAME(CHUNK);
        NAME(lanes) sum = NAME(all_lanes)(0);
        for (ptrdiff_t i = from; i < to; i += NAME(COUNT))
            EACH_PART(p) {
                const ptrdiff_t at = i + p * NAME(WIDTH);
                if (at >= to)
                    continue;
                const NAME(vector) here = NAME(load_some)(x + at, to - at, 1);
                NAME(vector) loss = NAME(loss_of)(what, here, NAME(load_some)(y + at, to - at, 1));
                if (losses)
                    NAME(store_some)(losses + at, loss, to - at);
                if (to - at < NAME(WIDTH)) { /* what is behind the end does not count */
                    REAL some[NAME(WIDTH)];
                    NAME(store)(some, loss);
                    loss = NAME(load_some)(some, to - at, 0);
                }
                sum.part[p] += loss;
            }
        total += (double)NAME(total)(sum);
    }
    return total;
}

KERNEL void NAME(loss)(int what, ptrdiff_t n, const REAL *x, const REAL *y, REAL *losses,
                       double *total)
{
    if (what == ENGINE_LOSS_SQUARES)
        *total = NAME(loss_over)(ENGINE_LOSS_SQUARES, n, x, y, losses);
    else if (what == ENGINE_LOSS_BINARY)
        *total = NAME(loss_over)(ENGINE_LOSS_BINARY, n, x, y, losses);
    else
        *total = NAME(loss_over)(ENGINE_LOSS_BINARY_LOGITS, n, x, y, losses);
}

ALWAYS_INLINE void NAME(slopes_over)(const int what, ptrdiff_t n, const REAL *g, ptrdiff_t step,
                                     double scale, const REAL *x, const REAL *y, REAL *dx)
{
    NAME(vector) times = NAME(all)(step ? (REAL)scale : (REAL)(n ? *g * scale : 0));
    for (ptrdiff_t i = 0; i < n; i += NAME(WIDTH)) {
        const NAME(vector) here = NAME(load_some)(x + i, n - i, 1);
        const NAME(vector) slope = NAME(loss_slope)(what, here, NAME(load_some)(y + i, n - i, 1));
        const NAME(vector) arrived = step ? NAME(load_some)(g + i, n - i, 0) * times : times;
        NAME(store_some)(dx + i, slope * arrived, n - i);
    }
}

KERNEL void NAME(loss_backward)(int what, ptrdiff_t n, const REAL *g, ptrdiff_t step, double scale,
                                const REAL *x, const REAL *y, REAL *dx)
{
    if (what == ENGINE_LOSS_SQUARES)
        NAME(slopes_over)(ENGINE_LOSS_SQUARES, n, g, step, scale, x, y, dx);
    else if (what == ENGINE_LOSS_BINARY)
        NAME(slopes_over)(ENGINE_LOSS_BINARY, n, g, step, scale, x, y, dx);
    else
        NAME(slopes_over)(ENGINE_LOSS_BINARY_LOGITS, n, g, step, scale, x, y, dx);
}

KERNEL void NAME(first_beyond_1)(ptrdiff_t n, const REAL *x, ptrdiff_t *first)
{
    ptrdiff_t i = 0;
    for (; i + NAME(CHUNK) <= n; i += NAME(CHUNK)) {
        int inside = 1;
        for (ptrdiff_t k = i; k < i + NAME(CHUNK); k++)
            inside &= (x[k] >= 0) & (x[k] <= 1);
        if (!inside)
            break;
    }
    while (i < n && x[i] >= 0 && x[i] <= 1)
        i++;
    *first = i;
}
