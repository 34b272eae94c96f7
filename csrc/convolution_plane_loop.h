/* Convolutions of one channel: the first of a network for grey images and, by groups, depthwise
 * ones. Side 3 or 5, no stride, no dilation. Included by convolution.c for each precision, with REAL
 * and NAME defined. No include guard on purpose.
 *
 * With nine multiply-adds an element, copying an image costs as much as convolving it; so it is read
 * where it is, a few lines at a time, and lines beside it are a line of zeros. */

static int NAME(are_neighbours)(const engine_axis *axis)
{
    const ptrdiff_t step = axis->shift[1] - axis->shift[0];
    return axis->step == 1 && axis->phases == 1 && (step == 1 || step == -1);
}

/* With the axes set up. */
static int NAME(is_by_planes)(const NAME(correlation) *c)
{
    const ptrdiff_t kernel = c->y.kernel;
    return c->channels == 1 && (kernel == 3 || kernel == 5) && c->x.kernel == kernel
        && c->y.taps == kernel && c->x.taps == kernel
        && NAME(are_neighbours)(&c->y) && NAME(are_neighbours)(&c->x);
}

typedef struct NAME(plane_call) {
    const NAME(correlation) *c;
    const REAL *w, *bias, *g;
    REAL *dw;
    const REAL *zeros;
    engine_plane_shape shape;
    ptrdiff_t all, at_once; /* planes of results, or channels of g */
} NAME(plane_call);

/* A plane is read column by column, which is too much to guess for a processor that fetches ahead:
 * so it is told, a plane before. */
static void NAME(fetch_plane)(const REAL *plane, ptrdiff_t count)
{
#if defined(__GNUC__) || defined(__clang__)
    for (ptrdiff_t k = 0; k < count; k += LINE / (ptrdiff_t)sizeof *plane)
        __builtin_prefetch(plane + k, 0, 2);
#else
    (void)plane;
    (void)count;
#endif
}

/* The same for a plane of results, written column by column: if it fits the first cache. */
static void NAME(fetch_results)(const REAL *plane, ptrdiff_t count)
{
#if defined(__GNUC__) || defined(__clang__)
    const ptrdiff_t most = FETCHED_AT_ONCE / (ptrdiff_t)sizeof *plane;
    for (ptrdiff_t k = 0; count <= most && k < count; k += LINE / (ptrdiff_t)sizeof *plane)
        __builtin_prefetch(plane + k, 1, 3);
#else
    (void)plane;
    (void)count;
#endif
}

/* A plane with what its results see around it, to be read by several of them without a look at
 * where it ends. Fills in what is there; the zeros around it are already. */
static void NAME(pad_plane)(const engine_plane_shape *shape, const REAL *plane,
                            const engine_plane_shape *padded, REAL *to)
{
    const ptrdiff_t before = -shape->x < 0 ? 0 : -shape->x;
    const ptrdiff_t left = shape->wide - (shape->x + before), room = padded->wide - before;
    const ptrdiff_t inside = left < room ? left : room;
    for (ptrdiff_t i = 0; i < padded->high && inside > 0; i++) {
        const ptrdiff_t at = i + shape->y;
        if (at >= 0 && at < shape->high)
            NAME(copy_run)(plane + at * shape->wide + shape->x + before, inside,
                           to + i * padded->wide + before);
    }
}

static void NAME(correlate_plane)(const NAME(plane_call) *call, const engine_plane_shape *shape,
                                  const REAL *source, ptrdiff_t number)
{
    const NAME(correlation) *c = call->c;
    const ptrdiff_t kernel = c->y.kernel, taps = kernel * kernel;
    const ptrdiff_t channel = number % (c->groups * c->lanes);
    REAL *result = c->result + number * c->y.result * c->x.result;
    REAL w[ENGINE_MAX_PLANE_KERNEL * ENGINE_MAX_PLANE_KERNEL];
    const int falls = c->y.shift[0] > c->y.shift[kernel - 1]; /* to-input has its taps backwards */
    for (ptrdiff_t k = 0; k < taps; k++)
        w[k] = call->w[channel * taps + (falls ? taps - 1 - k : k)];
    c->tiles->plane[kernel](shape, source, call->zeros, w, call->bias ? call->bias[channel] : 0,
                            c->relu, result);
}

static void NAME(correlate_planes_job)(void *context, ptrdiff_t job)
{
    const NAME(plane_call) *call = context;
    const NAME(correlation) *c = call->c;
    const ptrdiff_t first = job * call->at_once;
    const ptrdiff_t end = call->all - first < call->at_once ? call->all : first + call->at_once;
    const ptrdiff_t plane = c->y.source * c->x.source, results = c->y.result * c->x.result;
    const ptrdiff_t kernel = c->y.kernel;
    const engine_plane_shape shape = {c->y.result, c->x.result, c->y.result + kernel - 1,
                                      c->x.result + kernel - 1, 0, 0};
    /* What serves several planes of results is copied, if there is the memory; but not if results
     * are narrower than a vector, whose other lanes would have to be left out all the same. */
    const ptrdiff_t bytes = engine_product(engine_product(shape.high, shape.wide), sizeof(REAL));
    const int copies = c->lanes > 1 && c->x.result >= c->tiles->width && bytes >= 0;
    REAL *padded = copies ? engine_scratch_take(bytes) : NULL;
    if (padded != NULL)
        memset(padded, 0, (size_t)bytes);
    for (ptrdiff_t k = first; k < end; k++) {
        const REAL *source = c->source + k / c->lanes * plane;
        if (k % c->lanes == 0 && k + c->lanes < end)
            NAME(fetch_plane)(source + plane, plane);
        if (padded != NULL && (k == first || k % c->lanes == 0))
            NAME(pad_plane)(&call->shape, source, &shape, padded);
        if (padded != NULL && k + 1 < end)
            NAME(fetch_results)(c->result + (k + 1) * results, results);
        NAME(correlate_plane)(call, padded ? &shape : &call->shape, padded ? padded : source, k);
    }
    engine_scratch_give(padded);
}

/* Images one after another: so the sums of a channel have one order, whoever does it. */
static void NAME(plane_weights)(const NAME(plane_call) *call, ptrdiff_t channel)
{
    const NAME(correlation) *c = call->c;
    const ptrdiff_t kernel = c->y.kernel, width = c->tiles->width, columns = c->x.result;
    REAL sums[ENGINE_MAX_PLANE_KERNEL * ENGINE_MAX_PLANE_KERNEL * ENGINE_MAX_WIDTH];
    REAL *dw = call->dw + channel * kernel * kernel;
    memset(sums, 0, (size_t)(kernel * kernel * width) * sizeof *sums);
    for (ptrdiff_t n = 0; n < c->batch; n++) {
        const REAL *g = call->g + (n * c->groups * c->lanes + channel) * c->y.result * columns;
        const REAL *source = c->source
                           + (n * c->groups + channel / c->lanes) * c->y.source * c->x.source;
        if (n + 1 < c->batch)
            NAME(fetch_plane)(g + c->groups * c->lanes * c->y.result * columns,
                              c->y.result * columns);
        if (n + 1 < c->batch)
            NAME(fetch_plane)(source + c->groups * c->y.source * c->x.source,
                              c->y.source * c->x.source);
        c->tiles->plane_dot[kernel](&call->shape, source, call->zeros, g, sums);
    }
    for (ptrdiff_t k = 0; k < kernel * kernel; k++)
        for (ptrdiff_t lane = 0; lane < width; lane++)
            dw[k] += sums[k * width + lane];
}

static void NAME(plane_weights_job)(void *context, ptrdiff_t job)
{
    const NAME(plane_call) *call = context;
    const ptrdiff_t first = job * call->at_once;
    for (ptrdiff_t k = first; k < first + call->at_once && k < call->all; k++)
        NAME(plane_weights)(call, k);
}

/* Runs `job` over all planes or channels, and frees the axes. */
static int NAME(run_planes)(NAME(plane_call) *call, NAME(correlation) *c,
                            void (*job)(void *, ptrdiff_t))
{
    REAL *zeros = engine_aligned(c->x.source, sizeof *zeros);
    if (zeros != NULL) {
        memset(zeros, 0, (size_t)c->x.source * sizeof *zeros);
        call->zeros = zeros;
        call->shape = (engine_plane_shape){c->y.result, c->x.result, c->y.source, c->x.source,
                                           c->y.least, c->x.least};
        c->tiles = NAME(engine_convolution_tiles_in_use)();
        const double work = (double)(c->y.kernel * c->x.kernel) * (double)c->batch
                          * (double)c->groups * (double)c->lanes * (double)c->y.result
                          * (double)c->x.result;
        const int threads = work < 2 * WORTH_A_JOB ? 1 : engine_threads_here();
        const ptrdiff_t jobs = threads == 1 ? 1 : JOBS_A_THREAD * threads;
        call->at_once = (call->all - 1) / jobs + 1;
        engine_parallel((call->all - 1) / call->at_once + 1, job, call);
    }
    engine_aligned_free(zeros);
    engine_axis_free(&c->y);
    engine_axis_free(&c->x);
    return zeros == NULL ? ENGINE_CONVOLUTION_NO_MEMORY : ENGINE_CONVOLUTION_DONE;
}

static int NAME(correlate_planes)(NAME(correlation) *c, const REAL *w, const REAL *bias)
{
    NAME(plane_call) call = {
        .c = c, .w = w, .bias = bias, .all = c->batch * c->groups * c->lanes};
    return NAME(run_planes)(&call, c, NAME(correlate_planes_job));
}
