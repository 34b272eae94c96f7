/* The correlation of convolution_geometry.h, and with it convolve and convolve_to_input. Included
 * by convolution.c for each precision, with REAL and NAME defined. No include guard on purpose.
 *
 * The work is cut into jobs of one image, one group and a *band* of result lines. A job copies what
 * its band needs of the source, with the zeros around it and sorted by the step, into a *slab*; or
 * reads in place where nothing has to be padded. From then on every tap is a constant distance, and
 * the loops of convolution_tiles.h do the rest.
 *
 * Many images of few channels are *stacked*: a slab holds as many of them as a vector has lanes,
 * with the same place of all of them side by side. To the tiles that is one more constant distance.
 *
 * Every way of computing adds up the terms in the same order: by tap along y, then by channel, then
 * by tap along x. So which way is taken does not show in the bits. */

typedef struct NAME(correlation) {
    const NAME(engine_convolution_tiles) *tiles;
    engine_axis y, x;
    ptrdiff_t batch, groups, channels, lanes; /* channels read and written, of one group */
    const REAL *source;
    REAL *result;
    int relu;
    int shifted;      /* which of the tiles */
    ptrdiff_t images; /* in a slab: 1, or a vector of them */
    int in_place;     /* there is no slab */
    int skips;        /* taps that find nothing but zeros beside the image may be left out */
    /* From the source of a result to those of its neighbours, and to the next channel's. */
    ptrdiff_t line_step, column, channel_step;
    ptrdiff_t residue_x, residue_y, slab; /* distances in a slab, and its size */
    ptrdiff_t slab_channels;
    ptrdiff_t most_places; /* in a band */
    int threads;           /* that the bands should give work to */
    ptrdiff_t band, bands; /* result lines (of each y phase) in a band, and how many bands */
    ptrdiff_t *term;   /* where the terms of each phase begin in `offset`, y phases outermost */
    ptrdiff_t *offset; /* by term */
    ptrdiff_t terms;   /* of all phases together */
    ptrdiff_t padded_lanes;
    REAL *panels, *bias; /* of all groups; [terms][padded_lanes] each, and [padded_lanes] */
    ptrdiff_t at_once; /* bands a job does one after another, with one slab */
    engine_flag failed;
} NAME(correlation);

/* --- tables and weights ------------------------------------------------------------------------ */

static ptrdiff_t NAME(taps_of)(const engine_axis *axis, ptrdiff_t phase)
{
    return axis->first[phase + 1] - axis->first[phase];
}

/* From the source of a result to what its tap (p, q) takes in a channel. */
static ptrdiff_t NAME(distance)(const NAME(correlation) *c, ptrdiff_t channel, ptrdiff_t p,
                                ptrdiff_t q)
{
    if (c->in_place)
        return (channel * c->y.source + c->y.shift[p]) * c->x.source + c->x.shift[q];
    return channel * c->channel_step + c->y.residue[p] * c->residue_y
         + c->x.residue[q] * c->residue_x + (c->y.shift[p] - c->y.least) / c->y.step * c->line_step
         + (c->x.shift[q] - c->x.least) / c->x.step * c->column;
}

static void NAME(fill_offsets)(NAME(correlation) *c)
{
    ptrdiff_t k = 0, phase = 0;
    for (ptrdiff_t fy = 0; fy < c->y.phases; fy++)
        for (ptrdiff_t fx = 0; fx < c->x.phases; fx++) {
            c->term[phase++] = k;
            for (ptrdiff_t p = c->y.first[fy]; p < c->y.first[fy + 1]; p++)
                for (ptrdiff_t channel = 0; channel < c->channels; channel++)
                    for (ptrdiff_t q = c->x.first[fx]; q < c->x.first[fx + 1]; q++)
                        c->offset[k++] = NAME(distance)(c, channel, p, q);
        }
    c->term[phase] = k;
}

/* One panel: `width` lanes for each term of a phase, the missing ones zero. w is the group's, its
 * element for (lane, channel, tap) at lane * lane_step + channel * channel_step + tap. */
static void NAME(pack_panel)(const NAME(correlation) *c, ptrdiff_t fy, ptrdiff_t fx, const REAL *w,
                             ptrdiff_t lane_step, ptrdiff_t channel_step, ptrdiff_t lanes,
                             ptrdiff_t width, REAL *panel)
{
    const ptrdiff_t taps = c->y.kernel * c->x.kernel, high = NAME(taps_of)(&c->y, fy);
    const ptrdiff_t wide = NAME(taps_of)(&c->x, fx), count = c->channels * high * wide;
    for (ptrdiff_t k = 0; lanes < width && k < count; k++)
        for (ptrdiff_t lane = lanes; lane < width; lane++)
            panel[k * width + lane] = 0;
    /* One tap along y and all along x have the order of w. */
    if (high == 1 && wide == taps && channel_step == taps) {
        c->tiles->transpose(lanes, c->channels * taps, w, lane_step, panel, width);
        return;
    }
    /* A channel's taps lie together in w: they are turned over at once, then each goes to its place.
     * Many taps, or many lanes, take the last way. */
    REAL turned[LARGE_KERNEL * 2 * ENGINE_MAX_WIDTH];
    const int together = taps <= LARGE_KERNEL && lanes <= 2 * ENGINE_MAX_WIDTH;
    for (ptrdiff_t channel = 0; channel < c->channels; channel++) {
        const REAL *from = w + channel * channel_step;
        if (together)
            c->tiles->transpose(lanes, taps, from, lane_step, turned, lanes);
        for (ptrdiff_t p = 0; p < high; p++)
            for (ptrdiff_t q = 0; q < wide; q++) {
                const ptrdiff_t tap = c->y.tap[c->y.first[fy] + p] * c->x.kernel
                                    + c->x.tap[c->x.first[fx] + q];
                REAL *to = panel + ((p * c->channels + channel) * wide + q) * width;
                if (together)
                    memcpy(to, turned + tap * lanes, (size_t)lanes * sizeof *to);
                else
                    for (ptrdiff_t lane = 0; lane < lanes; lane++)
                        to[lane] = from[lane * lane_step + tap];
            }
    }
}

/* Where panel number `number` begins, and how many lanes it really has. Panels of `broadcast` are
 * two vectors wide, the last one perhaps one; those of `shifted` as even as can be. */
static ptrdiff_t NAME(panel_count)(const NAME(correlation) *c)
{
    const ptrdiff_t most = c->shifted ? c->tiles->shifted_rows : 2 * c->tiles->width;
    return (c->lanes + most - 1) / most;
}

static ptrdiff_t NAME(panel_start)(const NAME(correlation) *c, ptrdiff_t number)
{
    if (!c->shifted)
        return number * 2 * c->tiles->width;
    /* not number * lanes / count, which could overflow */
    const ptrdiff_t count = NAME(panel_count)(c);
    const ptrdiff_t part = c->lanes / count, rest = c->lanes % count;
    return number * part + (number < rest ? number : rest);
}

static void NAME(pack_weights)(NAME(correlation) *c, const REAL *w, ptrdiff_t lane_step,
                               ptrdiff_t channel_step, const REAL *bias)
{
    const ptrdiff_t taps = c->y.kernel * c->x.kernel;
    const ptrdiff_t count = NAME(panel_count)(c);
    for (ptrdiff_t group = 0; group < c->groups; group++) {
        const REAL *from = w + group * c->lanes * c->channels * taps;
        REAL *to = c->panels + group * c->terms * c->padded_lanes;
        ptrdiff_t phase = 0;
        for (ptrdiff_t fy = 0; fy < c->y.phases; fy++)
            for (ptrdiff_t fx = 0; fx < c->x.phases; fx++, phase++)
                for (ptrdiff_t number = 0; number < count; number++) {
                    const ptrdiff_t start = NAME(panel_start)(c, number);
                    const ptrdiff_t end = NAME(panel_start)(c, number + 1);
                    const ptrdiff_t stop = end < c->padded_lanes ? end : c->padded_lanes;
                    const ptrdiff_t real = end < c->lanes ? end : c->lanes;
                    NAME(pack_panel)(c, fy, fx, from + start * lane_step, lane_step, channel_step,
                                     real - start, stop - start,
                                     to + c->term[phase] * c->padded_lanes
                                        + (c->term[phase + 1] - c->term[phase]) * start);
                }
        /* + 0: a sum that was never added to is +0, and has to stay so beside a bias of -0. */
        for (ptrdiff_t lane = 0; lane < c->padded_lanes; lane++)
            c->bias[group * c->padded_lanes + lane] =
                bias != NULL && lane < c->lanes ? bias[group * c->lanes + lane] + 0 : 0;
    }
}

/* Whether 0 times every weight is 0. Only then may the zeros around an image be left out. */
static int NAME(all_finite)(const REAL *w, ptrdiff_t count)
{
    int finite = 1;
    for (ptrdiff_t k = 0; k < count; k++)
        finite &= w[k] - w[k] == 0;
    return finite;
}
