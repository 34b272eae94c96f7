/* The naive twins of pooling_loops.h: window by window, element by element, as the definition says
 * it. Read these first. Included once for each precision. */

static void NAME(max_pool)(ptrdiff_t planes, const engine_pool_shape *s, const REAL *x, REAL *out,
                           int64_t *winners)
{
    for (ptrdiff_t plane = 0; plane < planes; plane++, x += s->height * s->width)
        for (ptrdiff_t i = 0; i < s->out_height; i++)
            for (ptrdiff_t j = 0; j < s->out_width; j++) {
                REAL best = -(REAL)INFINITY;
                int64_t winner = -1;
                for (ptrdiff_t k = 0; k < s->kernel_height; k++)
                    for (ptrdiff_t l = 0; l < s->kernel_width; l++) {
                        const ptrdiff_t row =
                            i * s->stride_height - s->padding_height + k * s->dilation_height;
                        const ptrdiff_t column =
                            j * s->stride_width - s->padding_width + l * s->dilation_width;
                        if (row < 0 || row >= s->height || column < 0 || column >= s->width)
                            continue;
                        const REAL value = x[row * s->width + column];
                        if (winner < 0 || value > best || value != value) {
                            best = value;
                            winner = row * s->width + column;
                        }
                    }
                *out++ = best;
                *winners++ = winner;
            }
}

static void NAME(max_pool_backward)(ptrdiff_t planes, const engine_pool_shape *s, const REAL *g,
                                    const int64_t *winners, REAL *dx, int *wrong)
{
    const ptrdiff_t plane_size = s->height * s->width, windows = s->out_height * s->out_width;
    *wrong = 0;
    for (ptrdiff_t plane = 0; plane < planes; plane++, dx += plane_size) {
        for (ptrdiff_t k = 0; k < plane_size; k++)
            dx[k] = 0;
        for (ptrdiff_t window = 0; window < windows; window++, g++, winners++)
            if (*winners >= 0 && *winners < plane_size)
                dx[*winners] += *g;
            else if (*winners != -1)
                *wrong = 1;
    }
}

static void NAME(average_pool)(ptrdiff_t planes, const engine_pool_shape *s, ptrdiff_t divisor,
                               const REAL *x, REAL *out)
{
    for (ptrdiff_t plane = 0; plane < planes; plane++, x += s->height * s->width)
        for (ptrdiff_t i = 0; i < s->out_height; i++)
            for (ptrdiff_t j = 0; j < s->out_width; j++) {
                REAL sum = 0;
                for (ptrdiff_t k = 0; k < s->kernel_height; k++)
                    for (ptrdiff_t l = 0; l < s->kernel_width; l++) {
                        const ptrdiff_t row = i * s->stride_height - s->padding_height + k;
                        const ptrdiff_t column = j * s->stride_width - s->padding_width + l;
                        if (row >= 0 && row < s->height && column >= 0 && column < s->width)
                            sum += x[row * s->width + column];
                    }
                *out++ = sum / (REAL)pool_divisor(s, divisor, i, j);
            }
}

static void NAME(average_pool_backward)(ptrdiff_t planes, const engine_pool_shape *s,
                                        ptrdiff_t divisor, const REAL *g, REAL *dx)
{
    for (ptrdiff_t plane = 0; plane < planes; plane++, dx += s->height * s->width) {
        for (ptrdiff_t k = 0; k < s->height * s->width; k++)
            dx[k] = 0;
        for (ptrdiff_t i = 0; i < s->out_height; i++)
            for (ptrdiff_t j = 0; j < s->out_width; j++) {
                const REAL share = *g++ / (REAL)pool_divisor(s, divisor, i, j);
                for (ptrdiff_t k = 0; k < s->kernel_height; k++)
                    for (ptrdiff_t l = 0; l < s->kernel_width; l++) {
                        const ptrdiff_t row = i * s->stride_height - s->padding_height + k;
                        const ptrdiff_t column = j * s->stride_width - s->padding_width + l;
                        if (row >= 0 && row < s->height && column >= 0 && column < s->width)
                            dx[row * s->width + column] += share;
                    }
            }
    }
}
