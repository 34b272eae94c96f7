/* Where windows stand: arithmetic shared by the pooling loops and their twins. */
#ifndef ENGINE_POOLING_SPAN_H
#define ENGINE_POOLING_SPAN_H

#include "pooling.h"

static inline ptrdiff_t pool_least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static inline ptrdiff_t pool_most(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

typedef struct {
    ptrdiff_t from, to; /* `to` is not in it; empty where to <= from */
} pool_span;

/* The windows whose element `offset` (k * dilation - padding) lies inside 0..size-1. */
static inline pool_span pool_windows(ptrdiff_t offset, ptrdiff_t stride, ptrdiff_t size,
                                     ptrdiff_t windows)
{
    const ptrdiff_t last = size - 1 - offset; /* window * stride may be at most this */
    pool_span span;
    span.from = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
    span.to = last < 0 ? 0 : pool_least(windows, last / stride + 1);
    return span;
}

/* The taps of a window that begins at `first` which lie inside 0..size-1. */
static inline pool_span pool_taps(ptrdiff_t first, ptrdiff_t dilation, ptrdiff_t size,
                                  ptrdiff_t kernel)
{
    pool_span span;
    span.from = first >= 0 ? 0 : (-first + dilation - 1) / dilation;
    span.to = first >= size ? 0 : pool_least(kernel, (size - 1 - first) / dilation + 1);
    return span;
}

/* The windows of a row that reach over neither side: all their columns are there. Empty: from = to,
 * within 0..out_width. */
static inline pool_span pool_inside(const engine_pool_shape *s)
{
    const ptrdiff_t reach = (s->kernel_width - 1) * s->dilation_width;
    const ptrdiff_t room = s->width + s->padding_width - reach - 1; /* for window * stride */
    pool_span span;
    span.from = (s->padding_width + s->stride_width - 1) / s->stride_width;
    span.from = pool_least(span.from, s->out_width);
    span.to = room < 0 ? 0 : pool_least(room / s->stride_width + 1, s->out_width);
    span.to = pool_most(span.from, span.to);
    return span;
}

/* The elements of a window without dilation, padding among them: what ceil_mode adds is cut off. */
static inline pool_span pool_padded(ptrdiff_t window, ptrdiff_t kernel, ptrdiff_t stride,
                                    ptrdiff_t padding, ptrdiff_t size)
{
    pool_span span;
    span.from = window * stride - padding;
    span.to = pool_least(span.from + kernel, size + padding);
    return span;
}

/* Of those, how many are there (padding_too: or padding). */
static inline ptrdiff_t pool_count(pool_span padded, ptrdiff_t size, int padding_too)
{
    if (padding_too)
        return padded.to - padded.from;
    return pool_least(padded.to, size) - pool_most(padded.from, 0);
}

/* What window (row, column) is divided by; at least 1. */
static inline ptrdiff_t pool_divisor(const engine_pool_shape *s, ptrdiff_t divisor, ptrdiff_t row,
                                     ptrdiff_t column)
{
    if (divisor > 0)
        return divisor;
    const int padding_too = divisor == ENGINE_POOL_COUNT_PADDING;
    const pool_span rows =
        pool_padded(row, s->kernel_height, s->stride_height, s->padding_height, s->height);
    const pool_span columns =
        pool_padded(column, s->kernel_width, s->stride_width, s->padding_width, s->width);
    const ptrdiff_t height = pool_most(pool_count(rows, s->height, padding_too), 0);
    const ptrdiff_t width = pool_most(pool_count(columns, s->width, padding_too), 0);
    return pool_most(height * width, 1);
}

#endif
