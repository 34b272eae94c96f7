/* The weight gradient of few channels over many images. Included by convolution.c for each
 * precision, with REAL and NAME defined. No include guard on purpose.
 *
 * Images are stacked as in convolution_loop.h, and so is g: then one multiply-add is a term of a
 * vector of images, and only at the end are the lanes added up. Every stack is summed on its own and
 * the stacks are added in their order, so the number of threads does not show. */

typedef struct NAME(stack_call) {
    const NAME(correlation) *c; /* of the forward */
    const REAL *g;
    REAL *sums; /* [stacks][out_channels][terms] */
    engine_flag failed;
} NAME(stack_call);

/* What one job owns. */
typedef struct NAME(stack_job) {
    REAL *slab;  /* x */
    REAL *g;     /* [lanes][places of a band][images] */
    REAL *sums;  /* [lanes][terms][images] */
    REAL *turned; /* [images][terms] */
} NAME(stack_job);

/* The most of `left` that there is a tile for. */
static ptrdiff_t NAME(stack_rows)(ptrdiff_t left)
{
    return left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

static ptrdiff_t NAME(stack_taps)(ptrdiff_t left)
{
    return left >= 6 ? 6 : left >= 3 ? 3 : left;
}

/* A few lines of a band against each other, so few that they stay in the first cache. */
static void NAME(stack_lines)(const NAME(correlation) *c, const NAME(stack_job) *job,
                              ptrdiff_t line, ptrdiff_t lines, ptrdiff_t places)
{
    const ptrdiff_t width = c->images;
    for (ptrdiff_t lane = 0, rows; lane < c->lanes; lane += rows) {
        rows = NAME(stack_rows)(c->lanes - lane);
        for (ptrdiff_t term = 0, taps; term < c->terms; term += taps) {
            const REAL *start[ENGINE_STACKED_DOT_TAPS];
            taps = NAME(stack_taps)(c->terms - term);
            for (ptrdiff_t t = 0; t < taps; t++)
                start[t] = job->slab + line * c->line_step + c->offset[term + t];
            c->tiles->stacked_dot[rows][taps](
                lines, c->x.result, job->g + (lane * places + line * c->x.result) * width,
                places * width, start, c->line_step, c->column,
                job->sums + (lane * c->terms + term) * width, c->terms * width);
        }
    }
}

static void NAME(stack_band)(const NAME(stack_call) *stacks, const NAME(stack_job) *job,
                             ptrdiff_t image, ptrdiff_t group, ptrdiff_t i0)
{
    const NAME(correlation) *c = stacks->c;
    const ptrdiff_t present = c->batch - image < c->images ? c->batch - image : c->images;
    const ptrdiff_t lines = c->y.result - i0 < c->band ? c->y.result - i0 : c->band;
    const ptrdiff_t places = lines * c->x.result, plane = c->y.result * c->x.result;
    const ptrdiff_t number = image * c->groups + group;
    const ptrdiff_t at_once = (PLACES_OF_A_STACK - 1) / c->x.result + 1;
    NAME(fill_slab)(c, c->source + number * c->channels * c->y.source * c->x.source, present,
                    c->channels, i0, lines, job->slab);
    if (present < c->images)
        memset(job->g, 0, (size_t)(c->lanes * places * c->images) * sizeof *job->g);
    for (ptrdiff_t lane = 0; lane < c->lanes; lane++)
        c->tiles->transpose(present, places,
                            stacks->g + (number * c->lanes + lane) * plane
                                + i0 * c->x.result,
                            c->groups * c->lanes * plane, job->g + lane * places * c->images,
                            c->images);
    for (ptrdiff_t line = 0; line < lines; line += at_once)
        NAME(stack_lines)(c, job, line, lines - line < at_once ? lines - line : at_once, places);
}

static void NAME(stack_run)(void *context, ptrdiff_t number)
{
    NAME(stack_call) *stacks = context;
    const NAME(correlation) *c = stacks->c;
    const ptrdiff_t sums = engine_product(engine_product(c->lanes, c->terms), c->images);
    const ptrdiff_t g = engine_product(engine_product(c->band, c->x.result),
                                       engine_product(c->lanes, c->images));
    const ptrdiff_t turned = engine_product(c->terms, c->images), most = PTRDIFF_MAX / 64;
    NAME(stack_job) job = {NULL};
    if (c->slab < most && sums >= 0 && sums < most && g >= 0 && g < most && turned < most)
        job.slab = engine_scratch_take((c->slab + g + sums + turned) * (ptrdiff_t)sizeof(REAL));
    if (job.slab == NULL) {
        engine_flag_set(&stacks->failed);
        return;
    }
    job.g = job.slab + c->slab;
    job.sums = job.g + g;
    job.turned = job.sums + sums;
    memset(job.sums, 0, (size_t)sums * sizeof *job.sums);
    for (ptrdiff_t i0 = 0; i0 < c->y.result; i0 += c->band)
        NAME(stack_band)(stacks, &job, number / c->groups * c->images, number % c->groups, i0);
    REAL *to = stacks->sums + number * c->lanes * c->terms;
    for (ptrdiff_t lane = 0; lane < c->lanes; lane++, to += c->terms) {
        c->tiles->transpose(c->terms, c->images, job.sums + lane * c->terms * c->images, c->images,
                            job.turned, c->terms);
        memcpy(to, job.turned, (size_t)c->terms * sizeof *to);
        for (ptrdiff_t n = 1; n < c->images; n++)
            for (ptrdiff_t k = 0; k < c->terms; k++)
                to[k] += job.turned[n * c->terms + k];
    }
    engine_scratch_give(job.slab);
}

/* dw is zero before. */
static int NAME(stacked_weights)(const NAME(correlation) *c, const REAL *g, REAL *dw)
{
    const ptrdiff_t jobs = ((c->batch - 1) / c->images + 1) * c->groups;
    const ptrdiff_t size = c->groups * c->lanes * c->terms;
    NAME(stack_call) stacks = {.c = c, .g = g};
    stacks.sums = engine_aligned(engine_product(jobs, c->lanes * c->terms), sizeof *stacks.sums);
    if (stacks.sums == NULL)
        return ENGINE_CONVOLUTION_NO_MEMORY;
    const double work = (double)size * (double)c->batch * (double)c->y.result * (double)c->x.result;
    engine_flag_clear(&stacks.failed);
    if (work < 2 * WORTH_A_JOB) /* one after another */
        for (ptrdiff_t job = 0; job < jobs; job++)
            NAME(stack_run)(&stacks, job);
    else
        engine_parallel(jobs, NAME(stack_run), &stacks);
    const int failed = engine_flag_is_set(&stacks.failed);
    for (ptrdiff_t job = 0; !failed && job < jobs / c->groups; job++)
        for (ptrdiff_t k = 0; k < size; k++)
            dw[k] += stacks.sums[job * size + k];
    engine_aligned_free(stacks.sums);
    return failed ? ENGINE_CONVOLUTION_NO_MEMORY : ENGINE_CONVOLUTION_DONE;
}
