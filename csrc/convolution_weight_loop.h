/* The weight gradient. Included by convolution.c for each precision, with REAL and NAME defined. No
 * include guard on purpose.
 *
 * It is the same loop once more with the parts exchanged: the results are (channel, tap), the terms
 * are the places of g, and what fills the lanes are g's channels, turned over so that those of one
 * place are neighbours. The slab and the table of offsets are the forward's; now the table says
 * where the results are, and a second one where the terms are. Only real places are terms, so
 * nothing has to be dropped, and an Inf beside the image cannot get in.
 *
 * A band is summed on its own and then added to what the bands before it gave, in one fixed order.
 * Jobs share no result, so the number of threads does not show in it. */

typedef struct NAME(weight_call) {
    NAME(correlation) c; /* of the forward; only the parts about the source are used */
    const REAL *g;
    REAL *dw;
    int dot; /* few lanes: sums over places side by side */
    ptrdiff_t channels_at_once, channel_cuts, lanes_at_once, lane_cuts;
} NAME(weight_call);

/* Where the results are: their order is that of w. */
static void NAME(fill_weight_offsets)(NAME(correlation) *c)
{
    ptrdiff_t k = 0;
    for (ptrdiff_t channel = 0; channel < c->channels; channel++)
        for (ptrdiff_t p = 0; p < c->y.kernel; p++)
            for (ptrdiff_t q = 0; q < c->x.kernel; q++)
                c->offset[k++] = NAME(distance)(c, channel, p, q);
}

/* What one job owns. */
typedef struct NAME(weight_job) {
    ptrdiff_t group, channel, channels, lane, lanes, rows;
    REAL *slab, *turned, *sums;
    ptrdiff_t *place;
} NAME(weight_job);

static void NAME(dot_band)(const NAME(weight_call) *call, const NAME(weight_job) *job,
                           const REAL *source, const REAL *g, ptrdiff_t lines)
{
    const NAME(correlation) *c = &call->c;
    const ptrdiff_t taps = c->y.kernel * c->x.kernel, columns = c->x.result;
    const int chained = c->line_step == columns;
    for (ptrdiff_t lane = 0; lane < job->lanes; lane++) {
        REAL *sums = call->dw
                   + ((job->group * c->lanes + job->lane + lane) * c->channels + job->channel) * taps;
        const REAL *plane = g + (job->lane + lane) * c->y.result * columns;
        for (ptrdiff_t first = 0; first < job->rows; first += ENGINE_MAX_DOT_TAPS) {
            const REAL *start[ENGINE_MAX_DOT_TAPS];
            const ptrdiff_t count = job->rows - first < ENGINE_MAX_DOT_TAPS
                                        ? job->rows - first : ENGINE_MAX_DOT_TAPS;
            for (ptrdiff_t t = 0; t < count; t++)
                start[t] = source + c->offset[first + t];
            c->tiles->dot[count](chained ? 1 : lines, chained ? lines * columns : columns, plane,
                                 columns, start, c->line_step, sums + first);
        }
    }
}

/* Panel by panel: turns g over, then all rows of results against it. */
static void NAME(broadcast_band)(const NAME(weight_call) *call, const NAME(weight_job) *job,
                                 const REAL *source, const REAL *g, ptrdiff_t lines)
{
    const NAME(correlation) *c = &call->c;
    const ptrdiff_t width = c->tiles->width, columns = c->x.result, places = lines * columns;
    const ptrdiff_t most = c->tiles->broadcast_rows, tiles = (job->rows + most - 1) / most;
    for (ptrdiff_t i = 0, k = 0; i < lines; i++)
        for (ptrdiff_t j = 0; j < columns; j++)
            job->place[k++] = i * c->line_step + j * c->column;
    for (ptrdiff_t first = 0; first < job->lanes; first += 2 * width) {
        const ptrdiff_t left = job->lanes - first, lanes = left < 2 * width ? left : 2 * width;
        const int vectors = lanes > width ? 2 : 1;
        const ptrdiff_t stride = vectors * width;
        REAL *sums = job->sums + first * job->rows;
        c->tiles->transpose(lanes, places, g + (job->lane + first) * c->y.result * columns,
                            c->y.result * columns, job->turned, stride);
        for (ptrdiff_t k = 0; lanes < stride && k < places; k++)
            for (ptrdiff_t lane = lanes; lane < stride; lane++)
                job->turned[k * stride + lane] = 0;
        for (ptrdiff_t t = 0, row = 0; t < tiles; t++) {
            const ptrdiff_t rows = (job->rows - row + tiles - t - 1) / (tiles - t);
            const REAL *start[ENGINE_MAX_BROADCAST_ROWS];
            for (ptrdiff_t r = 0; r < rows; r++)
                start[r] = source + c->offset[row + r];
            c->tiles->broadcast[rows][0][vectors](&(engine_terms){1, places, places}, start, job->place,
                                               job->turned, sums + row * stride, stride, 0,
                                               sums + row * stride, stride);
            row += rows;
        }
    }
}

static void NAME(weight_bands)(const NAME(weight_call) *call, const NAME(weight_job) *job)
{
    const NAME(correlation) *c = &call->c;
    const ptrdiff_t plane = c->y.source * c->x.source, g_plane = c->y.result * c->x.result;
    for (ptrdiff_t n = 0; n < c->batch; n++) {
        const REAL *source =
            c->source + ((n * c->groups + job->group) * c->channels + job->channel) * plane;
        const REAL *g = call->g + (n * c->groups + job->group) * c->lanes * g_plane;
        for (ptrdiff_t i0 = 0; i0 < c->y.result; i0 += c->band) {
            const ptrdiff_t lines = c->y.result - i0 < c->band ? c->y.result - i0 : c->band;
            if (!c->in_place)
                NAME(fill_slab)(c, source, 1, job->channels, i0, lines, job->slab);
            const REAL *from = c->in_place ? source + i0 * c->line_step : job->slab;
            if (call->dot)
                NAME(dot_band)(call, job, from, g + i0 * c->x.result, lines);
            else
                NAME(broadcast_band)(call, job, from, g + i0 * c->x.result, lines);
        }
    }
}

static void NAME(weight_run)(void *context, ptrdiff_t number)
{
    NAME(weight_call) *call = context;
    NAME(correlation) *c = &call->c;
    const ptrdiff_t taps = c->y.kernel * c->x.kernel, width = c->tiles->width;
    NAME(weight_job) job = {
        .lane = number % call->lane_cuts * call->lanes_at_once,
        .channel = number / call->lane_cuts % call->channel_cuts * call->channels_at_once,
        .group = number / call->lane_cuts / call->channel_cuts,
    };
    job.lanes = c->lanes - job.lane < call->lanes_at_once ? c->lanes - job.lane
                                                          : call->lanes_at_once;
    job.channels = c->channels - job.channel < call->channels_at_once ? c->channels - job.channel
                                                                      : call->channels_at_once;
    job.rows = job.channels * taps;
    if (call->dot) {
        job.slab = engine_aligned(c->slab, sizeof(REAL));
        if (job.slab != NULL)
            NAME(weight_bands)(call, &job);
        else
            engine_flag_set(&c->failed);
        engine_aligned_free(job.slab);
        return;
    }
    const ptrdiff_t padded = (job.lanes + width - 1) / width * width;
    const ptrdiff_t places = engine_product(c->band, c->x.result);
    job.slab = engine_aligned(c->slab, sizeof(REAL));
    job.turned = engine_aligned(engine_product(places, 2 * width), sizeof(REAL));
    job.sums = engine_aligned(engine_product(padded, job.rows), sizeof(REAL));
    job.place = engine_aligned(places, sizeof(ptrdiff_t));
    if (job.slab && job.turned && job.sums && job.place) {
        memset(job.sums, 0, (size_t)(padded * job.rows) * sizeof(REAL));
        NAME(weight_bands)(call, &job);
        for (ptrdiff_t first = 0; first < job.lanes; first += 2 * width) {
            const ptrdiff_t left = job.lanes - first, lanes = left < 2 * width ? left : 2 * width;
            const ptrdiff_t o = job.group * c->lanes + job.lane + first;
            c->tiles->transpose(job.rows, lanes, job.sums + first * job.rows,
                                lanes > width ? 2 * width : width,
                                call->dw + (o * c->channels + job.channel) * taps,
                                c->channels * taps);
        }
    } else {
        engine_flag_set(&c->failed);
    }
    engine_aligned_free(job.slab);
    engine_aligned_free(job.turned);
    engine_aligned_free(job.sums);
    engine_aligned_free(job.place);
}

/* `count` things in `most` parts at the most, as even as can be: how many in a part. */
static ptrdiff_t NAME(in_a_part)(ptrdiff_t count, ptrdiff_t most)
{
    const ptrdiff_t parts = most < count ? most : count;
    return (count - 1) / parts + 1;
}

/* Cuts the input channels for the threads, since a cut of g's would copy x more often, and then
 * g's, panel by panel. Where x is not copied g's are cut first, each cut being turned over once. */
static ptrdiff_t NAME(cut_weight)(NAME(weight_call) *call)
{
    const NAME(correlation) *c = &call->c;
    const double work = (double)c->terms * (double)c->lanes * (double)c->batch * (double)c->groups
                      * (double)c->y.result * (double)c->x.result;
    const int threads = work < 2 * WORTH_A_JOB ? 1 : engine_threads_here();
    const ptrdiff_t jobs = threads == 1 ? 1 : (2 * threads - 1) / c->groups + 1;
    const ptrdiff_t panel = 2 * c->tiles->width, panels = (c->lanes - 1) / panel + 1;
    const int copies = c->images > 1 || !engine_axis_inside(&c->y, c->y.result)
                    || !engine_axis_inside(&c->x, c->x.result);
    const ptrdiff_t first = copies ? 1 : NAME(in_a_part)(panels, jobs);
    const ptrdiff_t most = copies ? jobs : (jobs - 1) / ((panels - 1) / first + 1) + 1;
    call->channels_at_once = NAME(in_a_part)(c->channels, most);
    call->channel_cuts = (c->channels - 1) / call->channels_at_once + 1;
    const ptrdiff_t more = (jobs - 1) / call->channel_cuts + 1;
    call->lanes_at_once = NAME(in_a_part)(panels, more) * panel;
    call->lane_cuts = (c->lanes - 1) / call->lanes_at_once + 1;
    return c->groups * call->channel_cuts * call->lane_cuts;
}

static int NAME(is_better_stacked)(const NAME(correlation) *c)
{
    const ptrdiff_t taps = c->y.kernel * c->x.kernel;
    return taps > 1 && c->lanes <= c->tiles->width && 2 * c->channels * taps <= 3 * FEW_TERMS
        && NAME(fills_stacks)(c);
}

int NAME(engine_convolve_to_weight)(const engine_convolution *shape, const REAL *g, const REAL *x,
                                    REAL *dw)
{
    NAME(weight_call) call = {
        .c = {.batch = shape->batch, .groups = shape->groups,
              .channels = shape->in_channels / shape->groups,
              .lanes = shape->out_channels / shape->groups, .source = x},
        .g = g, .dw = dw,
    };
    NAME(correlation) *c = &call.c;
    const ptrdiff_t taps = shape->kernel[0] * shape->kernel[1];
    if (c->channels == 0 || c->lanes == 0 || taps == 0)
        return ENGINE_CONVOLUTION_DONE;
    memset(dw, 0, (size_t)(shape->out_channels * c->channels * taps) * sizeof *dw);
    if (c->batch == 0 || shape->out[0] == 0 || shape->out[1] == 0)
        return ENGINE_CONVOLUTION_DONE;
    int status = ENGINE_CONVOLUTION_NO_MEMORY;
    c->tiles = NAME(engine_convolution_tiles_in_use)();
    if (engine_axis_forward(&c->y, shape, 0) == 0 && engine_axis_forward(&c->x, shape, 1) == 0) {
        if (NAME(is_by_planes)(c)) {
            NAME(plane_call) planes = {.c = c, .g = g, .dw = dw, .all = shape->out_channels};
            return NAME(run_planes)(&planes, c, NAME(plane_weights_job));
        }
        const int stacked = NAME(is_better_stacked)(c);
        call.dot = !stacked && 2 * c->lanes <= c->tiles->width;
        c->shifted = call.dot; /* in place only if neighbours are neighbours */
        c->images = stacked ? c->tiles->width : 1;
        c->terms = engine_product(c->channels, taps);
        const ptrdiff_t jobs = NAME(cut_weight)(&call);
        c->slab_channels = stacked ? c->channels : call.channels_at_once;
        c->threads = 1; /* subtle: a band is summed on its own, so bands must not depend on them */
        c->most_places = call.dot || stacked ? PTRDIFF_MAX : MOST_PLACES;
        if (c->terms >= 0 && NAME(lay_out)(c) == 0) {
            c->offset = engine_aligned(c->terms, sizeof *c->offset);
            if (c->offset != NULL) {
                NAME(fill_weight_offsets)(c);
                if (stacked) {
                    status = NAME(stacked_weights)(c, g, dw);
                } else {
                    engine_flag_clear(&c->failed);
                    engine_parallel(jobs, NAME(weight_run), &call);
                    if (!engine_flag_is_set(&c->failed))
                        status = ENGINE_CONVOLUTION_DONE;
                }
            }
            engine_aligned_free(c->offset);
        }
    }
    engine_axis_free(&c->y);
    engine_axis_free(&c->x);
    return status;
}

/* Sixteen sums side by side, so that the compiler may use vectors; then those, in order. */
void NAME(engine_convolve_to_bias)(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t places,
                                   const REAL *g, REAL *db)
{
    for (ptrdiff_t channel = 0; channel < channels; channel++) {
        REAL total = 0;
        for (ptrdiff_t n = 0; n < batch; n++) {
            const REAL *plane = g + (n * channels + channel) * places;
            REAL lanes[16] = {0};
            ptrdiff_t k = 0;
            for (; k + 16 <= places; k += 16)
                for (int lane = 0; lane < 16; lane++)
                    lanes[lane] += plane[k + lane];
            for (int lane = 0; k < places; k++, lane++)
                lanes[lane] += plane[k];
            REAL sum = 0;
            for (int lane = 0; lane < 16; lane++)
                sum += lanes[lane];
            total += sum;
        }
        db[channel] = total;
    }
}
