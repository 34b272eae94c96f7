/* The loops for convolutions of one channel, depthwise ones among them: included by
 * convolution_tile.h for every instruction set and precision. No include guard on purpose.
 *
 * One idea: an element of the image is needed for every line of results that sees it, so a few such
 * lines are computed at once, and a vector that was read serves all of them. The image is read
 * where it is; at the ends of its lines the lanes outside are masked. */

/* The compiler would rather work out masks and pointers again in the innermost loop, or put them
 * into vectors and take them out again. */
#undef HOLD_BETWEEN
#undef HOLD_POINTER
#if defined(__GNUC__) || defined(__clang__)
#define HOLD_POINTER(pointer) __asm__("" : "+r"(pointer))
#else
#define HOLD_POINTER(pointer) ((void)0)
#endif
#if LEVEL == 2
#define HOLD_BETWEEN(between) __asm__("" : "+k"(between))
#else
#define HOLD_BETWEEN(between) ((void)0)
#endif

/* The lanes low .. high - 1. */
#undef BETWEEN
#undef BETWEEN_OF
#undef LOAD_BETWEEN
#if LEVEL == 2
#define BETWEEN MASK
#define BETWEEN_OF(low, high) ((MASK)(MASK_OF(high) & ~MASK_OF(low)))
#define LOAD_BETWEEN(between, p) LOAD_SOME(between, p)
#elif LEVEL == 1
#define BETWEEN MASK
#define BETWEEN_OF(low, high) _mm256_andnot_si256(MASK_OF(low), MASK_OF(high))
#define LOAD_BETWEEN(between, p) LOAD_SOME(between, p)
#else
#define BETWEEN LOCAL(between)
#define BETWEEN_OF(low, high) ((BETWEEN){low, high})
#define LOAD_BETWEEN(between, p) LOCAL(load_between)(between, p)
typedef struct BETWEEN {
    ptrdiff_t low, high;
} BETWEEN;

PIECE VECTOR LOCAL(load_between)(BETWEEN between, const REAL *p)
{
    REAL lanes[LANES];
    for (ptrdiff_t lane = 0; lane < LANES; lane++)
        lanes[lane] = lane >= between.low && lane < between.high ? p[lane] : 0;
    return LOAD(lanes);
}
#endif

/* Which of the `lanes` elements from place x on lie in a line of `size`. */
PIECE BETWEEN LOCAL(inside)(ptrdiff_t x, ptrdiff_t size, ptrdiff_t lanes)
{
    const ptrdiff_t high = size - x < 0 ? 0 : size - x < lanes ? size - x : lanes;
    const ptrdiff_t low = -x < 0 ? 0 : -x < high ? -x : high;
    return BETWEEN_OF(low, high);
}

/* The lines of the image that results of lines i and on see; those outside are zeros. */
PIECE void LOCAL(plane_lines)(const int count, const engine_plane_shape *shape, ptrdiff_t i,
                              const REAL *image, const REAL *zeros, const REAL **line)
{
    ENGINE_UNROLL
    for (int k = 0; k < count; k++) {
        const ptrdiff_t at = i + shape->y + k;
        line[k] = (at < 0 || at >= shape->high ? zeros : image + at * shape->wide) + shape->x;
        HOLD_POINTER(line[k]);
    }
}

/* Element x of a line and those after it; `inside` is NULL where all of them are in the line. */
PIECE VECTOR LOCAL(plane_load)(const BETWEEN *inside, const REAL *line)
{
    VECTOR v = inside == NULL ? LOAD(line) : LOAD_BETWEEN(*inside, line);
    HOLD(v);
    return v;
}

/* One vector of each of a few lines of results. */
PIECE void LOCAL(plane_vectors)(const int kernel, const int lines, const int whole,
                                const BETWEEN *inside, const engine_plane_shape *shape,
                                const REAL *image, const REAL *zeros, const VECTOR *w, VECTOR bias,
                                int relu, ptrdiff_t i, ptrdiff_t j, REAL *out)
{
    const REAL *line[ENGINE_PLANE_LINES + ENGINE_MAX_PLANE_KERNEL - 1];
    VECTOR sums[ENGINE_PLANE_LINES];
    LOCAL(plane_lines)(lines + kernel - 1, shape, i, image, zeros, line);
    ENGINE_UNROLL
    for (int k = 0; k < lines; k++)
        sums[k] = SPREAD(0);
    ENGINE_UNROLL
    for (int y = 0; y < lines + kernel - 1; y++) {
        ENGINE_UNROLL
        for (int q = 0; q < kernel; q++) {
            const VECTOR a = LOCAL(plane_load)(whole ? NULL : inside + q, line[y] + j + q);
            ENGINE_UNROLL
            for (int k = 0; k < lines; k++)
                if (y - k >= 0 && y - k < kernel)
                    sums[k] = MULTIPLY_ADD(w[(y - k) * kernel + q], a, sums[k]);
        }
    }
    ENGINE_UNROLL
    for (int k = 0; k < lines; k++) {
        const VECTOR sum = bias + sums[k], result = relu ? RELU(sum) : sum;
        REAL *place = out + (i + k) * shape->columns + j;
        if (whole)
            STORE(place, result);
        else if (j + LANES <= shape->columns)
            STORE(place, result);
        else
            STORE_SOME(MASK_OF(shape->columns - j), place, result);
    }
}

/* Down the lines, a few at a time. */
PIECE void LOCAL(plane_columns)(const int kernel, const int whole, const BETWEEN *inside,
                                const engine_plane_shape *shape, const REAL *image,
                                const REAL *zeros, const VECTOR *w, VECTOR bias, int relu,
                                ptrdiff_t j, REAL *out)
{
    ptrdiff_t i = 0;
    for (; i + ENGINE_PLANE_LINES <= shape->lines; i += ENGINE_PLANE_LINES)
        LOCAL(plane_vectors)(kernel, ENGINE_PLANE_LINES, whole, inside, shape, image, zeros, w,
                             bias, relu, i, j, out);
    for (; i < shape->lines; i++)
        LOCAL(plane_vectors)(kernel, 1, whole, inside, shape, image, zeros, w, bias, relu, i, j,
                             out);
}

PIECE void LOCAL(plane_tile)(const int kernel, const engine_plane_shape *shape, const REAL *image,
                             const REAL *zeros, const REAL *weights, REAL bias, int relu,
                             REAL *out)
{
    VECTOR w[ENGINE_MAX_PLANE_KERNEL * ENGINE_MAX_PLANE_KERNEL];
    ENGINE_UNROLL
    for (int k = 0; k < kernel * kernel; k++)
        w[k] = SPREAD(weights[k]);
    for (ptrdiff_t next = 0; next < shape->columns; next += LANES) {
        /* Where storing some lanes is slow, the last vector moves back: what it computes again
         * comes out as before. */
        const int back = LEVEL < 2 && next + LANES > shape->columns && shape->columns >= LANES;
        const ptrdiff_t j = back ? shape->columns - LANES : next, x = shape->x + j;
        if (x >= 0 && x + kernel - 1 + LANES <= shape->wide && j + LANES <= shape->columns) {
            LOCAL(plane_columns)(kernel, 1, NULL, shape, image, zeros, w, SPREAD(bias), relu, j,
                                 out);
            continue;
        }
        BETWEEN inside[ENGINE_MAX_PLANE_KERNEL];
        ENGINE_UNROLL
        for (int q = 0; q < kernel; q++) {
            inside[q] = LOCAL(inside)(x + q, shape->wide, LANES);
            HOLD_BETWEEN(inside[q]);
        }
        LOCAL(plane_columns)(kernel, 0, inside, shape, image, zeros, w, SPREAD(bias), relu, j, out);
    }
}

/* One vector of each of a few lines of g. */
PIECE void LOCAL(plane_dot_vectors)(const int kernel, const int lines, const int whole,
                                    const BETWEEN *inside, MASK lanes,
                                    const engine_plane_shape *shape, const REAL *image,
                                    const REAL *zeros, const REAL *g, ptrdiff_t i, ptrdiff_t j,
                                    VECTOR *sums)
{
    const REAL *line[ENGINE_PLANE_LINES + ENGINE_MAX_PLANE_KERNEL - 1];
    VECTOR from[ENGINE_PLANE_LINES];
    LOCAL(plane_lines)(lines + kernel - 1, shape, i, image, zeros, line);
    ENGINE_UNROLL
    for (int k = 0; k < lines; k++) {
        const REAL *place = g + (i + k) * shape->columns + j;
        from[k] = whole ? LOAD(place) : LOAD_SOME(lanes, place);
        HOLD(from[k]);
    }
    ENGINE_UNROLL
    for (int y = 0; y < lines + kernel - 1; y++) {
        ENGINE_UNROLL
        for (int q = 0; q < kernel; q++) {
            const VECTOR a = LOCAL(plane_load)(whole ? NULL : inside + q, line[y] + j + q);
            ENGINE_UNROLL
            for (int k = 0; k < lines; k++)
                if (y - k >= 0 && y - k < kernel)
                    sums[(y - k) * kernel + q] =
                        MULTIPLY_ADD(from[k], a, sums[(y - k) * kernel + q]);
        }
    }
}

PIECE void LOCAL(plane_dot_columns)(const int kernel, const int whole, const BETWEEN *inside,
                                    MASK lanes, const engine_plane_shape *shape,
                                    const REAL *image, const REAL *zeros, const REAL *g,
                                    ptrdiff_t j, VECTOR *sums)
{
    ptrdiff_t i = 0;
    for (; i + ENGINE_PLANE_LINES <= shape->lines; i += ENGINE_PLANE_LINES)
        LOCAL(plane_dot_vectors)(kernel, ENGINE_PLANE_LINES, whole, inside, lanes, shape, image,
                                 zeros, g, i, j, sums);
    for (; i < shape->lines; i++)
        LOCAL(plane_dot_vectors)(kernel, 1, whole, inside, lanes, shape, image, zeros, g, i, j,
                                 sums);
}

PIECE void LOCAL(plane_dot_tile)(const int kernel, const engine_plane_shape *shape,
                                 const REAL *image, const REAL *zeros, const REAL *g, REAL *total)
{
    VECTOR sums[ENGINE_MAX_PLANE_KERNEL * ENGINE_MAX_PLANE_KERNEL];
    ENGINE_UNROLL
    for (int k = 0; k < kernel * kernel; k++)
        sums[k] = SPREAD(0);
    for (ptrdiff_t j = 0; j < shape->columns; j += LANES) {
        const ptrdiff_t x = shape->x + j, left = shape->columns - j;
        const ptrdiff_t lanes = left < LANES ? left : LANES;
        if (x >= 0 && x + kernel - 1 + LANES <= shape->wide && lanes == LANES) {
            LOCAL(plane_dot_columns)(kernel, 1, NULL, MASK_OF(LANES), shape, image, zeros, g, j,
                                     sums);
            continue;
        }
        /* subtle: beyond the last lane both factors are cut off, since a neighbour may be an Inf. */
        BETWEEN inside[ENGINE_MAX_PLANE_KERNEL];
        ENGINE_UNROLL
        for (int q = 0; q < kernel; q++) {
            inside[q] = LOCAL(inside)(x + q, shape->wide, lanes);
            HOLD_BETWEEN(inside[q]);
        }
        LOCAL(plane_dot_columns)(kernel, 0, inside, MASK_OF(lanes), shape, image, zeros, g, j,
                                 sums);
    }
    ENGINE_UNROLL
    for (int k = 0; k < kernel * kernel; k++)
        STORE(total + k * LANES, LOAD(total + k * LANES) + sums[k]);
}

#define PLANE(kernel)                                                                              \
    TARGET static void LOCAL(plane_##kernel)(                                                      \
        const engine_plane_shape *shape, const REAL *image, const REAL *zeros, const REAL *w,      \
        REAL bias, int relu, REAL *out)                                                            \
    {                                                                                              \
        LOCAL(plane_tile)(kernel, shape, image, zeros, w, bias, relu, out);                        \
    }                                                                                              \
    TARGET static void LOCAL(plane_dot_##kernel)(const engine_plane_shape *shape,                  \
                                                 const REAL *image, const REAL *zeros,             \
                                                 const REAL *g, REAL *sums)                        \
    {                                                                                              \
        LOCAL(plane_dot_tile)(kernel, shape, image, zeros, g, sums);                               \
    }

PLANE(3)
PLANE(5)

#undef PLANE
