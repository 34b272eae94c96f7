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
    const ptrdiff_t places = c->y.source * c->x.source;
    const ptrdiff_t source_step = c->groups * c->channels * places;
    const ptrdiff_t result_step = c->groups * c->lanes * places, weight_step = 0;
    const engine_stack images = {1, &c->batch, &source_step, &weight_step, &result_step};
    int failed = 0;
    for (ptrdiff_t group = 0; group < c->groups; group++) {
        const engine_matmul product = {
            .m = places, .n = c->lanes, .k = c->channels,
            .a = c->source + group * c->channels * places, .a_row = 1, .a_column = places,
            .b = w + group * c->channels * c->lanes, .b_row = channel_step, .b_column = lane_step,
            .c = c->result + group * c->lanes * places, .c_row = 1, .c_column = places,
            .bias = bias ? bias + group * c->lanes : NULL, .relu = c->relu,
        };
        failed |= NAME(engine_matmul)(&product, &images);
    }
    engine_axis_free(&c->y);
    engine_axis_free(&c->x);
    return failed ? ENGINE_CONVOLUTION_NO_MEMORY : ENGINE_CONVOLUTION_DONE;
}
