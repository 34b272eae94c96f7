/* Kernels of side 1, no stride, no padding: a place sees itself alone, so each image is a matrix
 * product of its channels' planes with the weights, and the product has its own ways. Included by
 * convolution.c for each precision, with REAL and NAME defined. No include guard on purpose. */

static int NAME(is_point)(const engine_axis *axis)
{
    return axis->taps == 1 && axis->phases == 1 && axis->step == 1 && axis->shift[0] == 0
        && axis->source == axis->result;
}

/* With the axes set up. */
static int NAME(is_by_points)(const NAME(correlation) *c)
{
    return c->y.kernel == 1 && c->x.kernel == 1 && NAME(is_point)(&c->y) && NAME(is_point)(&c->x);
}

/* Frees the axes. An image's matrices are read as they lie: rows are places, columns channels. */
static int NAME(correlate_points)(NAME(correlation) *c, const REAL *w, ptrdiff_t lane_step,
                                  ptrdiff_t channel_step, const REAL *bias)
{
    const ptrdiff_t places = c->y.source * c->x.source, weights = c->lanes * c->channels;
    const ptrdiff_t source_step = c->groups * c->channels * places;
    const ptrdiff_t result_step = c->groups * c->lanes * places, weight_step = 0;
    const engine_stack images = {1, &c->batch, &source_step, &weight_step, &result_step};
    /* The weights of a lane in one run, where that is repaid: each tile then reads a few lines of
     * them and not a few numbers of many. It does not show in the bits, unless there is one place,
     * which is another kind of product. */
    const int turns = channel_step != 1 && places > 1 && c->batch * places >= WORTH_TURNING;
    REAL *turned = turns ? engine_scratch_take(weights * (ptrdiff_t)sizeof(REAL)) : NULL;
    int failed = 0;
    c->tiles = NAME(engine_convolution_tiles_in_use)();
    for (ptrdiff_t group = 0; group < c->groups; group++) {
        const REAL *from = w + group * weights;
        if (turned)
            c->tiles->transpose(c->channels, c->lanes, from, channel_step, turned, c->channels);
        const engine_matmul product = {
            .m = places, .n = c->lanes, .k = c->channels,
            .a = c->source + group * c->channels * places, .a_row = 1, .a_column = places,
            .b = turned ? turned : from, .b_row = turned ? 1 : channel_step,
            .b_column = turned ? c->channels : lane_step,
            .c = c->result + group * c->lanes * places, .c_row = 1, .c_column = places,
            .bias = bias ? bias + group * c->lanes : NULL, .relu = c->relu,
        };
        failed |= NAME(engine_matmul)(&product, &images);
    }
    engine_scratch_give(turned);
    engine_axis_free(&c->y);
    engine_axis_free(&c->x);
    return failed ? ENGINE_CONVOLUTION_NO_MEMORY : ENGINE_CONVOLUTION_DONE;
}
