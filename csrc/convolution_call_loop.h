/* A whole call of convolve or convolve_to_input: sizes, memory, jobs. Included by convolution.c for
 * each precision, with REAL and NAME defined. No include guard on purpose. */

/* Lines in a band, so that a slab is about SLAB_IN_CACHE bytes, and yet the lines that two bands both
 * copy are few beside the band's own, and there are jobs for every thread. */
static void NAME(choose_bands)(NAME(correlation) *c)
{
    const ptrdiff_t longest = engine_axis_longest(&c->y), columns = engine_axis_longest(&c->x);
    /* subtle: of all channels, though a job of the weight gradient has some of them only. Its sums
     * are cut as the bands are, and how many threads there are must not show in them. */
    const double in_line = (double)c->channels * (double)c->x.source * (double)c->y.step;
    const double out_line = (double)c->lanes * (double)c->x.result * (double)c->y.phases;
    const double line = (c->images > 1 ? in_line + out_line : in_line) * (double)c->images
                      * (double)sizeof(REAL);
    const ptrdiff_t shared = (c->y.most - c->y.least) / c->y.step;
    const double fitting = SLAB_IN_CACHE / (line + 1) - (double)shared;
    ptrdiff_t band = fitting < (double)longest ? (ptrdiff_t)(fitting < 1 ? 1 : fitting) : longest;
    const ptrdiff_t stacks = ((c->batch - 1) / c->images + 1) * c->groups;
    const ptrdiff_t jobs = JOBS_A_THREAD * c->threads;
    if (c->threads > 1 && stacks < jobs && band > longest / (jobs / stacks))
        band = longest / (jobs / stacks);
    const ptrdiff_t least_places = columns ? (2 * CHUNK / c->images - 1) / columns + 1 : 1;
    if (band < least_places)
        band = least_places;
    if (band < 2 * shared)
        band = 2 * shared;
    if (columns && band > (c->most_places - 1) / columns + 1)
        band = (c->most_places - 1) / columns + 1;
    if (band > longest)
        band = longest;
    c->bands = (longest - 1) / band + 1;
    c->band = (longest - 1) / c->bands + 1;
    c->bands = (longest - 1) / c->band + 1; /* rounding up may have emptied the last one */
}

/* Distances in a slab, or in the source itself; 0, or -1 if a slab would be larger than anything. */
static int NAME(lay_out)(NAME(correlation) *c)
{
    const ptrdiff_t longest = engine_axis_longest(&c->y), columns = engine_axis_longest(&c->x);
    NAME(choose_bands)(c);
    const int inside = engine_axis_inside(&c->y, longest) && engine_axis_inside(&c->x, columns);
    c->in_place = inside && c->images == 1;
    if (c->shifted && c->in_place) /* vectors are read whole: a run must be as long as one */
        c->in_place = c->x.step == 1 && columns >= c->tiles->width;
    c->skips = c->skips && !inside;
    c->line_step = c->y.step * c->x.source;
    c->column = c->x.step;
    c->slab = 0;
    if (c->in_place)
        return 0;
    /* Channels within lines: what a tile reads for a tap along y then follows each other. */
    const ptrdiff_t high = c->band + (c->y.most - c->y.least) / c->y.step;
    const ptrdiff_t line = columns + (c->x.most - c->x.least) / c->x.step;
    c->column = c->images;
    c->residue_x = engine_product(line, c->images);
    c->channel_step = engine_product(c->residue_x, c->x.residues);
    c->line_step = engine_product(c->channel_step, c->slab_channels);
    c->residue_y = engine_product(c->line_step, high);
    const ptrdiff_t slab = engine_product(c->residue_y, c->y.residues);
    if (slab < 0 || slab > PTRDIFF_MAX / 4)
        return -1;
    c->slab = slab + ENGINE_MAX_WIDTH; /* what the last vector reads beyond the end */
    return 0;
}

/* Whether stacks of images would be half full at least. */
static int NAME(fills_stacks)(const NAME(correlation) *c)
{
    const ptrdiff_t width = c->tiles->width;
    return 2 * c->batch >= ((c->batch - 1) / width + 1) * width;
}

/* Which way. `broadcast` fills its lanes with channels, `shifted` with neighbouring places or, if
 * there are enough images and few channels, with images. */
static void NAME(choose_tiles)(NAME(correlation) *c)
{
    const ptrdiff_t taps = c->y.kernel * c->x.kernel, width = c->tiles->width;
    const int few_lanes = 2 * c->lanes <= width;
    const int stacked = taps > 1 && NAME(fills_stacks)(c)
                     && (4 * c->lanes <= 3 * width
                         || (c->lanes <= width && c->channels * taps <= FEW_TERMS));
    c->images = stacked ? width : 1;
    c->shifted = few_lanes || stacked
              || (taps == 1 && c->x.step == 1 && engine_axis_longest(&c->x) >= width);
}

static void NAME(correlate_job)(void *context, ptrdiff_t job)
{
    NAME(correlation) *c = context;
    const ptrdiff_t results = c->images == 1 ? 0
        : engine_product(engine_product(c->band, c->y.phases),
                         engine_product(engine_product(c->x.result, c->lanes), c->images));
    const ptrdiff_t bytes = results < 0 || results > PTRDIFF_MAX / 4
        ? -1 : engine_product(c->slab + results, sizeof(REAL));
    REAL *slab = bytes < 0 ? NULL : engine_scratch_take(bytes);
    if (slab == NULL) {
        engine_flag_set(&c->failed);
        return;
    }
    const ptrdiff_t all = ((c->batch - 1) / c->images + 1) * c->groups * c->bands;
    const ptrdiff_t end = all - job * c->at_once < c->at_once ? all : (job + 1) * c->at_once;
    for (ptrdiff_t k = job * c->at_once; k < end; k++)
        NAME(correlate_band)(c, k, slab);
    engine_scratch_give(slab);
}

/* With both axes set up and the sizes, pointers and bias in place; frees the axes. */
static int NAME(correlate)(NAME(correlation) *c, const REAL *w, ptrdiff_t lane_step,
                           ptrdiff_t channel_step, const REAL *bias)
{
    int status = ENGINE_CONVOLUTION_NO_MEMORY;
    c->tiles = NAME(engine_convolution_tiles_in_use)();
    c->slab_channels = c->channels;
    c->skips = NAME(all_finite)(
        w, c->groups * c->lanes * c->channels * c->y.kernel * c->x.kernel);
    NAME(choose_tiles)(c);
    c->most_places = PTRDIFF_MAX;
    c->threads = engine_threads_here();
    const ptrdiff_t width = c->tiles->width;
    c->padded_lanes = c->shifted ? c->lanes : (c->lanes + width - 1) / width * width;
    const ptrdiff_t phases = engine_product(c->y.phases, c->x.phases);
    c->terms = engine_product(c->channels, engine_product(c->y.taps, c->x.taps));
    const ptrdiff_t lanes = engine_product(c->groups, c->padded_lanes);
    const ptrdiff_t panels = engine_product(lanes, c->terms);
    c->term = NULL;
    c->panels = c->bias = NULL;
    if (phases >= 0 && phases < PTRDIFF_MAX && c->terms >= 0 && panels >= 0
        && NAME(lay_out)(c) == 0) {
        c->term = engine_aligned(phases + 1, sizeof *c->term);
        c->offset = engine_aligned(c->terms, sizeof *c->offset);
        c->panels = engine_aligned(panels, sizeof *c->panels);
        c->bias = engine_aligned(lanes, sizeof *c->bias);
        if (c->term && c->offset && c->panels && c->bias) {
            NAME(fill_offsets)(c);
            NAME(pack_weights)(c, w, lane_step, channel_step, bias);
            const double work = (double)c->terms * (double)c->lanes * (double)c->batch
                              * (double)c->groups * (double)engine_axis_longest(&c->y)
                              * (double)engine_axis_longest(&c->x);
            const ptrdiff_t all = ((c->batch - 1) / c->images + 1) * c->groups * c->bands;
            const int threads = work < 2 * WORTH_A_JOB ? 1 : c->threads;
            const ptrdiff_t jobs = threads == 1 ? 1
                : all < JOBS_A_THREAD * threads ? all : JOBS_A_THREAD * threads;
            c->at_once = (all - 1) / jobs + 1;
            engine_flag_clear(&c->failed);
            engine_parallel((all - 1) / c->at_once + 1, NAME(correlate_job), c);
            if (!engine_flag_is_set(&c->failed))
                status = ENGINE_CONVOLUTION_DONE;
        }
        engine_aligned_free(c->term);
        engine_aligned_free(c->offset);
        engine_aligned_free(c->panels);
        engine_aligned_free(c->bias);
    }
    engine_axis_free(&c->y);
    engine_axis_free(&c->x);
    return status;
}

int NAME(engine_convolve)(const engine_convolution *shape, const REAL *x, const REAL *w,
                          const REAL *bias, int relu, REAL *out)
{
    NAME(correlation) c = {
        .batch = shape->batch, .groups = shape->groups,
        .channels = shape->in_channels / shape->groups,
        .lanes = shape->out_channels / shape->groups,
        .source = x, .result = out, .relu = relu,
    };
    if (c.batch == 0 || c.lanes == 0 || shape->out[0] == 0 || shape->out[1] == 0)
        return ENGINE_CONVOLUTION_DONE;
    const ptrdiff_t taps = shape->kernel[0] * shape->kernel[1];
    if (engine_axis_forward(&c.y, shape, 0) != 0)
        return ENGINE_CONVOLUTION_NO_MEMORY;
    if (engine_axis_forward(&c.x, shape, 1) != 0) {
        engine_axis_free(&c.y);
        return ENGINE_CONVOLUTION_NO_MEMORY;
    }
    if (NAME(is_by_planes)(&c))
        return NAME(correlate_planes)(&c, w, bias);
    if (NAME(is_by_points)(&c))
        return NAME(correlate_points)(&c, w, c.channels, 1, bias);
    return NAME(correlate)(&c, w, c.channels * taps, taps, bias);
}

/* g is the source, the input's channels are the lanes, and w is read the other way round. */
int NAME(engine_convolve_to_input)(const engine_convolution *shape, const REAL *g, const REAL *w,
                                   const REAL *bias, int relu, REAL *dx)
{
    NAME(correlation) c = {
        .batch = shape->batch, .groups = shape->groups,
        .channels = shape->out_channels / shape->groups,
        .lanes = shape->in_channels / shape->groups,
        .source = g, .result = dx, .relu = relu,
    };
    if (c.batch == 0 || c.lanes == 0 || shape->in[0] == 0 || shape->in[1] == 0)
        return ENGINE_CONVOLUTION_DONE;
    const ptrdiff_t taps = shape->kernel[0] * shape->kernel[1];
    if (engine_axis_to_input(&c.y, shape, 0) != 0)
        return ENGINE_CONVOLUTION_NO_MEMORY;
    if (engine_axis_to_input(&c.x, shape, 1) != 0) {
        engine_axis_free(&c.y);
        return ENGINE_CONVOLUTION_NO_MEMORY;
    }
    if (NAME(is_by_planes)(&c))
        return NAME(correlate_planes)(&c, w, bias);
    if (NAME(is_by_points)(&c))
        return NAME(correlate_points)(&c, w, 1, c.lanes, bias);
    return NAME(correlate)(&c, w, taps, c.lanes * taps, bias);
}
