/* The fast pooling loops. Included by fused_each.h for every precision and instruction set.
 *
 * The idea: several windows of a row side by side, tap by tap. Where all windows of a block lie
 * inside the plane, every tap is a plain loop over the block without a test, and the block's
 * length is a constant, 16, 8 or 4, which makes vectors of it. What is left of a row is covered by
 * one more block that overlaps the last: the same answers are written twice. Windows that reach
 * over an edge go one at a time. Within a window the elements come in the twin's order throughout,
 * so ties and roundings come out the same.
 *
 * Windows of 2x2 that touch and do not overlap, the usual ones, have loops of their own. */

enum { NAME(CHUNK) = 256, NAME(BLOCK) = 16, NAME(TAPS) = 16 };

/* How long a block to use for this many windows; 0: too few. */
ALWAYS_INLINE ptrdiff_t NAME(block_for)(ptrdiff_t windows)
{
    return windows >= 16 ? 16 : windows >= 8 ? 8 : windows >= 4 ? 4 : 0;
}

/* Where the block after `from` begins: right behind it, or further left so that it ends at `to`. */
ALWAYS_INLINE ptrdiff_t NAME(next_block)(ptrdiff_t from, ptrdiff_t block, ptrdiff_t to)
{
    return from + block >= to ? to : pool_least(from + block, to - block);
}

/* Windows of 2x2 side by side, each wholly inside, and a row short enough for 32 bits. */
ALWAYS_INLINE int NAME(is_2x2)(const engine_pool_shape *s)
{
    return s->kernel_height == 2 && s->kernel_width == 2 && s->stride_height == 2 &&
           s->stride_width == 2 && s->padding_height == 0 && s->padding_width == 0 &&
           s->dilation_height == 1 && s->dilation_width == 1 && s->width < INT32_MAX &&
           s->out_height == s->height / 2 && s->out_width == s->width / 2;
}

/* --- the greatest ----------------------------------------------------------------------------- */

/* One window with whatever of it lies inside. */
KERNEL void NAME(max_window)(const engine_pool_shape *s, const REAL *x, ptrdiff_t i, ptrdiff_t j,
                             REAL *out, int64_t *winner)
{
    const pool_span rows = pool_taps(i * s->stride_height - s->padding_height, s->dilation_height,
                                     s->height, s->kernel_height);
    const pool_span columns = pool_taps(j * s->stride_width - s->padding_width, s->dilation_width,
                                        s->width, s->kernel_width);
    REAL best = -(REAL)INFINITY;
    int64_t where = -1;
    for (ptrdiff_t k = rows.from; k < rows.to; k++) {
        const ptrdiff_t row = i * s->stride_height - s->padding_height + k * s->dilation_height;
        for (ptrdiff_t l = columns.from; l < columns.to; l++) {
            const ptrdiff_t at = row * s->width + j * s->stride_width - s->padding_width +
                                 l * s->dilation_width;
            if (where < 0 || x[at] > best || x[at] != x[at]) {
                best = x[at];
                where = at;
            }
        }
    }
    *out = best;
    *winner = where;
}

/* `count` windows, with taps rows.from.. of their rows inside. x: element 0 of the first window's
 * tap rows.from, which stands at `at`. `where` counts from there, in as many bits as a number has:
 * the caller has seen to it that the plane is small enough. */
ALWAYS_INLINE void NAME(max_block)(const ptrdiff_t count, const engine_pool_shape *s,
                                   const ptrdiff_t stride, ptrdiff_t rows, const REAL *x,
                                   int64_t at, REAL *out, int64_t *winners)
{
    REAL best[NAME(BLOCK)];
    SIGNED_BITS where[NAME(BLOCK)];
    NO_UNROLL
    for (ptrdiff_t j = 0; j < count; j++) {
        best[j] = x[j * stride];
        where[j] = 0;
    }
    for (ptrdiff_t k = 0; k < rows; k++)
        for (ptrdiff_t l = k == 0; l < s->kernel_width; l++) {
            const ptrdiff_t offset = k * s->dilation_height * s->width + l * s->dilation_width;
            const REAL *from = x + offset;
            NO_UNROLL
            for (ptrdiff_t j = 0; j < count; j++) {
                const REAL value = from[j * stride];
                /* subtle: | and not ||, a branch would cost the vectors */
                const int wins = (value > best[j]) | (value != value);
                best[j] = wins ? value : best[j];
                where[j] = wins ? (SIGNED_BITS)offset : where[j];
            }
        }
    NO_UNROLL
    for (ptrdiff_t j = 0; j < count; j++) {
        out[j] = best[j];
        winners[j] = at + j * stride + where[j];
    }
}

/* max_block with its constants. */
ALWAYS_INLINE void NAME(max_block_of)(ptrdiff_t block, const engine_pool_shape *s, ptrdiff_t rows,
                                      const REAL *x, int64_t at, REAL *out, int64_t *winners)
{
    const ptrdiff_t stride = s->stride_width;
    if (block == 16 && stride == 1)
        NAME(max_block)(16, s, 1, rows, x, at, out, winners);
    else if (block == 16 && stride == 2)
        NAME(max_block)(16, s, 2, rows, x, at, out, winners);
    else if (block == 8 && stride == 1)
        NAME(max_block)(8, s, 1, rows, x, at, out, winners);
    else if (block == 8 && stride == 2)
        NAME(max_block)(8, s, 2, rows, x, at, out, winners);
    else if (block == 8)
        NAME(max_block)(8, s, stride, rows, x, at, out, winners);
    else
        NAME(max_block)(4, s, stride, rows, x, at, out, winners);
}

/* One row of windows in a plane; `i` is its number, `inside` the windows that reach over neither
 * side. */
ALWAYS_INLINE void NAME(max_row)(const engine_pool_shape *s, const REAL *x, ptrdiff_t i,
                                 pool_span inside, REAL *out, int64_t *winners)
{
    const ptrdiff_t top = i * s->stride_height - s->padding_height;
    const pool_span rows = pool_taps(top, s->dilation_height, s->height, s->kernel_height);
    ptrdiff_t block = NAME(block_for)(inside.to - inside.from);
    if (block == 16 && s->stride_width > 2)
        block = 8;
    if (rows.to <= rows.from || s->height * s->width >= INT32_MAX)
        block = 0;
    ptrdiff_t j = 0;
    for (; j < (block ? inside.from : s->out_width); j++)
        NAME(max_window)(s, x, i, j, out + j, winners + j);
    for (; j < inside.to; j = NAME(next_block)(j, block, inside.to)) {
        const ptrdiff_t at = (top + rows.from * s->dilation_height) * s->width +
                             j * s->stride_width - s->padding_width;
        NAME(max_block_of)(block, s, rows.to - rows.from, x + at, at, out + j, winners + j);
    }
    for (; j < s->out_width; j++)
        NAME(max_window)(s, x, i, j, out + j, winners + j);
}

/* A row of 2x2 windows, or a block of it. */
ALWAYS_INLINE void NAME(max_2x2)(const ptrdiff_t count, ptrdiff_t width, int64_t at,
                                 const REAL *restrict upper, const REAL *restrict lower,
                                 REAL *restrict out, int64_t *restrict winners)
{
    NO_UNROLL
    for (ptrdiff_t j = 0; j < count; j++) {
        const REAL a = upper[2 * j], b = upper[2 * j + 1], c = lower[2 * j], d = lower[2 * j + 1];
        REAL best = a;
        SIGNED_BITS where = 0;
        int wins = (b > best) | (b != b);
        best = wins ? b : best;
        where = wins ? 1 : where;
        wins = (c > best) | (c != c);
        best = wins ? c : best;
        where = wins ? (SIGNED_BITS)width : where;
        wins = (d > best) | (d != d);
        best = wins ? d : best;
        where = wins ? (SIGNED_BITS)width + 1 : where;
        out[j] = best;
        winners[j] = at + 2 * j + where;
    }
}

ALWAYS_INLINE void NAME(max_row_2x2)(ptrdiff_t count, ptrdiff_t width, int64_t at, const REAL *x,
                                     REAL *out, int64_t *winners)
{
    const ptrdiff_t block = NAME(block_for)(count);
    const REAL *lower = x + width;
    if (block == 16)
        for (ptrdiff_t j = 0; j < count; j = NAME(next_block)(j, 16, count))
            NAME(max_2x2)(16, width, at + 2 * j, x + 2 * j, lower + 2 * j, out + j, winners + j);
    else if (block == 8)
        for (ptrdiff_t j = 0; j < count; j = NAME(next_block)(j, 8, count))
            NAME(max_2x2)(8, width, at + 2 * j, x + 2 * j, lower + 2 * j, out + j, winners + j);
    else if (block == 4)
        for (ptrdiff_t j = 0; j < count; j = NAME(next_block)(j, 4, count))
            NAME(max_2x2)(4, width, at + 2 * j, x + 2 * j, lower + 2 * j, out + j, winners + j);
    else
        for (ptrdiff_t j = 0; j < count; j++)
            NAME(max_2x2)(1, width, at + 2 * j, x + 2 * j, lower + 2 * j, out + j, winners + j);
}

KERNEL void NAME(max_pool)(ptrdiff_t planes, const engine_pool_shape *s, const REAL *x, REAL *out,
                           int64_t *winners)
{
    const int is_2x2 = NAME(is_2x2)(s);
    const pool_span inside = pool_inside(s);
    for (ptrdiff_t plane = 0; plane < planes; plane++, x += s->height * s->width)
        for (ptrdiff_t i = 0; i < s->out_height; i++) {
            const ptrdiff_t at = 2 * i * s->width;
            if (is_2x2)
                NAME(max_row_2x2)(s->out_width, s->width, at, x + at, out, winners);
            else
                NAME(max_row)(s, x, i, inside, out, winners);
            out += s->out_width;
            winners += s->out_width;
        }
}

/* A scatter, as in the twin: writing every element of 2x2 windows once, as vectors, was tried and
 * is no faster, for what it saves in stores it spends on comparing winners. */
KERNEL void NAME(max_pool_backward)(ptrdiff_t planes, const engine_pool_shape *s, const REAL *g,
                                    const int64_t *winners, REAL *dx, int *wrong)
{
    const ptrdiff_t plane_size = s->height * s->width, windows = s->out_height * s->out_width;
    int bad = 0;
    for (ptrdiff_t plane = 0; plane < planes; plane++, dx += plane_size) {
        memset(dx, 0, (size_t)plane_size * sizeof *dx); /* just before use: it stays in the cache */
        for (ptrdiff_t window = 0; window < windows; window++, g++, winners++) {
            const int64_t winner = *winners;
            if (winner >= 0 && winner < plane_size)
                dx[winner] += *g;
            else
                bad |= winner != -1;
        }
    }
    *wrong = bad;
}

#include "pooling_average_loops.h"
