/* The average, forward and backward; the other half of pooling_loops.h, which says how blocks
 * work. Included by fused_each.h for every precision and instruction set. */

/* Divides `count` windows from (i, from) on. Away from the sides the divisor is the same for all,
 * so those windows, first..last-1, are one plain loop. */
ALWAYS_INLINE void NAME(divide)(const engine_pool_shape *s, ptrdiff_t divisor, ptrdiff_t i,
                                ptrdiff_t from, ptrdiff_t count, pool_span inside, const REAL *sums,
                                REAL *out)
{
    const ptrdiff_t first = pool_least(count, pool_most(inside.from - from, 0));
    const ptrdiff_t last = pool_most(first, pool_least(count, inside.to - from));
    for (ptrdiff_t j = 0; j < first; j++)
        out[j] = sums[j] / (REAL)pool_divisor(s, divisor, i, from + j);
    if (first < last) {
        const REAL same = (REAL)pool_divisor(s, divisor, i, from + first);
        for (ptrdiff_t j = first; j < last; j++)
            out[j] = sums[j] / same;
    }
    for (ptrdiff_t j = last; j < count; j++)
        out[j] = sums[j] / (REAL)pool_divisor(s, divisor, i, from + j);
}

/* The sum of one window, whatever of it lies inside. */
KERNEL REAL NAME(sum_window)(const engine_pool_shape *s, const REAL *x, ptrdiff_t i, ptrdiff_t j)
{
    const ptrdiff_t top = i * s->stride_height - s->padding_height;
    const ptrdiff_t left = j * s->stride_width - s->padding_width;
    const pool_span rows = pool_taps(top, 1, s->height, s->kernel_height);
    const pool_span columns = pool_taps(left, 1, s->width, s->kernel_width);
    REAL sum = 0;
    for (ptrdiff_t k = rows.from; k < rows.to; k++)
        for (ptrdiff_t l = columns.from; l < columns.to; l++)
            sum += x[(top + k) * s->width + left + l];
    return sum;
}

ALWAYS_INLINE void NAME(sum_block)(const ptrdiff_t count, const engine_pool_shape *s,
                                   const ptrdiff_t stride, ptrdiff_t rows, const REAL *x, REAL *out)
{
    REAL sum[NAME(BLOCK)];
    NO_UNROLL
    for (ptrdiff_t j = 0; j < count; j++)
        sum[j] = 0;
    for (ptrdiff_t k = 0; k < rows; k++)
        for (ptrdiff_t l = 0; l < s->kernel_width; l++)
            NO_UNROLL
            for (ptrdiff_t j = 0; j < count; j++)
                sum[j] += x[k * s->width + l + j * stride];
    NO_UNROLL
    for (ptrdiff_t j = 0; j < count; j++)
        out[j] = sum[j];
}

ALWAYS_INLINE void NAME(average_row)(const engine_pool_shape *s, ptrdiff_t divisor, const REAL *x,
                                     ptrdiff_t i, pool_span inside, REAL *out)
{
    const ptrdiff_t top = i * s->stride_height - s->padding_height;
    const pool_span taps = pool_taps(top, 1, s->height, s->kernel_height);
    const ptrdiff_t rows = taps.to - taps.from, stride = s->stride_width;
    ptrdiff_t block = NAME(block_for)(inside.to - inside.from);
    if (block == 16 && stride > 2)
        block = 8;
    if (rows <= 0)
        block = 0;
    ptrdiff_t j = 0;
    for (; j < (block ? inside.from : s->out_width); j++)
        out[j] = NAME(sum_window)(s, x, i, j);
    for (; j < inside.to; j = NAME(next_block)(j, block, inside.to)) {
        const REAL *from = x + (top + taps.from) * s->width + j * stride - s->padding_width;
        if (block == 16 && stride == 1)
            NAME(sum_block)(16, s, 1, rows, from, out + j);
        else if (block == 16)
            NAME(sum_block)(16, s, 2, rows, from, out + j);
        else if (block == 8 && stride == 1)
            NAME(sum_block)(8, s, 1, rows, from, out + j);
        else if (block == 8 && stride == 2)
            NAME(sum_block)(8, s, 2, rows, from, out + j);
        else if (block == 8)
            NAME(sum_block)(8, s, stride, rows, from, out + j);
        else
            NAME(sum_block)(4, s, stride, rows, from, out + j);
    }
    for (; j < s->out_width; j++)
        out[j] = NAME(sum_window)(s, x, i, j);
    NAME(divide)(s, divisor, i, 0, s->out_width, inside, out, out);
}

ALWAYS_INLINE void NAME(average_row_2x2)(ptrdiff_t count, REAL divisor, const REAL *restrict upper,
                                         const REAL *restrict lower, REAL *restrict out)
{
    for (ptrdiff_t j = 0; j < count; j++)
        out[j] =
            ((((0 + upper[2 * j]) + upper[2 * j + 1]) + lower[2 * j]) + lower[2 * j + 1]) / divisor;
}

KERNEL void NAME(average_pool)(ptrdiff_t planes, const engine_pool_shape *s, ptrdiff_t divisor,
                               const REAL *x, REAL *out)
{
    const int is_2x2 = NAME(is_2x2)(s);
    const pool_span inside = pool_inside(s);
    const REAL same = (REAL)(divisor > 0 ? divisor : 4);
    for (ptrdiff_t plane = 0; plane < planes; plane++, x += s->height * s->width)
        for (ptrdiff_t i = 0; i < s->out_height; i++, out += s->out_width) {
            const REAL *from = x + 2 * i * s->width;
            if (is_2x2)
                NAME(average_row_2x2)(s->out_width, same, from, from + s->width, out);
            else
                NAME(average_row)(s, divisor, x, i, inside, out);
        }
}

ALWAYS_INLINE void NAME(spread_tap)(ptrdiff_t count, ptrdiff_t stride, const REAL *restrict share,
                                    REAL *restrict dx)
{
    for (ptrdiff_t j = 0; j < count; j++)
        dx[j * stride] += share[j];
}

/* Adds the shares of windows from..from+count-1 of row i. The taps of a row run backwards: so an
 * element meets the windows from left to right, as in the twin. `spans`: the windows that have each
 * of the first TAPS taps of a row inside. */
ALWAYS_INLINE void NAME(spread)(const engine_pool_shape *s, ptrdiff_t i, ptrdiff_t from,
                                ptrdiff_t count, const pool_span *spans, const REAL *share,
                                REAL *dx)
{
    const ptrdiff_t top = i * s->stride_height - s->padding_height;
    const pool_span rows = pool_taps(top, 1, s->height, s->kernel_height);
    for (ptrdiff_t k = rows.from; k < rows.to; k++)
        for (ptrdiff_t l = s->kernel_width - 1; l >= 0; l--) {
            const ptrdiff_t offset = l - s->padding_width;
            pool_span span = l < NAME(TAPS) ? spans[l]
                                            : pool_windows(offset, s->stride_width, s->width,
                                                           s->out_width);
            span.from = pool_most(span.from, from);
            span.to = pool_least(span.to, from + count);
            if (span.to <= span.from)
                continue;
            REAL *to = dx + (top + k) * s->width + span.from * s->stride_width + offset;
            const REAL *shares = share + (span.from - from);
            if (s->stride_width == 1)
                NAME(spread_tap)(span.to - span.from, 1, shares, to);
            else
                NAME(spread_tap)(span.to - span.from, s->stride_width, shares, to);
        }
}

ALWAYS_INLINE void NAME(spread_row_2x2)(ptrdiff_t count, REAL divisor, const REAL *restrict g,
                                        REAL *restrict upper, REAL *restrict lower)
{
    for (ptrdiff_t j = 0; j < count; j++) {
        const REAL share = 0 + g[j] / divisor; /* -0 on 0 is 0: the twin adds */
        upper[2 * j] = upper[2 * j + 1] = lower[2 * j] = lower[2 * j + 1] = share;
    }
}

KERNEL void NAME(average_pool_backward)(ptrdiff_t planes, const engine_pool_shape *s,
                                        ptrdiff_t divisor, const REAL *g, REAL *dx)
{
    const ptrdiff_t plane_size = s->height * s->width;
    const int is_2x2 = NAME(is_2x2)(s) && s->out_height > 0 && s->out_width > 0;
    const pool_span inside = pool_inside(s);
    const REAL same = (REAL)(divisor > 0 ? divisor : 4);
    REAL share[NAME(CHUNK)];
    pool_span spans[NAME(TAPS)];
    for (ptrdiff_t l = 0; l < pool_least(s->kernel_width, NAME(TAPS)); l++)
        spans[l] = pool_windows(l - s->padding_width, s->stride_width, s->width, s->out_width);
    for (ptrdiff_t plane = 0; plane < planes; plane++, dx += plane_size) {
        if (!is_2x2 || s->width % 2 || s->height % 2)
            memset(dx, 0, (size_t)plane_size * sizeof *dx);
        for (ptrdiff_t i = 0; i < s->out_height; i++, g += s->out_width) {
            if (is_2x2) {
                REAL *upper = dx + 2 * i * s->width;
                NAME(spread_row_2x2)(s->out_width, same, g, upper, upper + s->width);
                continue;
            }
            for (ptrdiff_t from = 0; from < s->out_width; from += NAME(CHUNK)) {
                const ptrdiff_t count = pool_least(NAME(CHUNK), s->out_width - from);
                NAME(divide)(s, divisor, i, from, count, inside, g + from, share);
                NAME(spread)(s, i, from, count, spans, share, dx);
            }
        }
    }
}
