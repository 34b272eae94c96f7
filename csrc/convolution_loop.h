/* The correlation of convolution_geometry.h, and with it convolve and convolve_to_input. Included
 * by convolution.c for each precision, with REAL and NAME defined. No include guard on purpose.
 *
 * The work is cut into jobs of one image, one group and a *band* of result lines. A job copies what
 * its band needs of the source, with the zeros around it and sorted by the step, into a *slab*; or
 * reads in place where nothing has to be padded. From then on every tap is a constant distance, and
 * the loops of convolution_tiles.h do the rest. */

typedef struct NAME(correlation) {
    const NAME(engine_convolution_tiles) *tiles;
    engine_axis y, x;
    ptrdiff_t batch, groups, channels, lanes; /* channels read and written, of one group */
    const REAL *source;
    REAL *result;
    REAL least;
    int shifted;  /* which of the tiles */
    int in_place; /* there is no slab */
    ptrdiff_t line_step, column; /* from the source of a result to those of its neighbours */
    ptrdiff_t line, residue_x, residue_y, plane, slab; /* distances in a slab, and its size */
    ptrdiff_t most_places; /* in a band */
    int threads;           /* that the bands should give work to */
    ptrdiff_t band, bands; /* result lines (of each y phase) in a band, and how many bands */
    ptrdiff_t *term;   /* where the terms of each phase begin in `offset`, y phases outermost */
    ptrdiff_t *offset; /* by term: channel, then taps of y, then taps of x */
    ptrdiff_t terms;   /* of all phases together */
    ptrdiff_t padded_lanes;
    REAL *panels, *bias; /* of all groups; [terms][padded_lanes] each, and [padded_lanes] */
    ptrdiff_t at_once; /* bands a job does one after another, with one slab */
    engine_flag failed;
} NAME(correlation);

/* --- tables and weights ------------------------------------------------------------------------ */

static void NAME(fill_offsets)(NAME(correlation) *c)
{
    ptrdiff_t k = 0, phase = 0;
    for (ptrdiff_t fy = 0; fy < c->y.phases; fy++)
        for (ptrdiff_t fx = 0; fx < c->x.phases; fx++) {
            c->term[phase++] = k;
            for (ptrdiff_t channel = 0; channel < c->channels; channel++)
                for (ptrdiff_t p = c->y.first[fy]; p < c->y.first[fy + 1]; p++)
                    for (ptrdiff_t q = c->x.first[fx]; q < c->x.first[fx + 1]; q++)
                        c->offset[k++] =
                            c->in_place ? (channel * c->y.source + c->y.shift[p]) * c->x.source
                                              + c->x.shift[q]
                                        : channel * c->plane + c->y.residue[p] * c->residue_y
                                              + c->x.residue[q] * c->residue_x
                                              + (c->y.shift[p] - c->y.least) / c->y.step * c->line
                                              + (c->x.shift[q] - c->x.least) / c->x.step;
        }
    c->term[phase] = k;
}

/* One panel: `width` lanes for each term of a phase, the missing ones zero. w is the group's, its
 * element for (lane, channel, tap) at lane * lane_step + channel * channel_step + tap. */
static void NAME(pack_panel)(const NAME(correlation) *c, ptrdiff_t fy, ptrdiff_t fx, const REAL *w,
                             ptrdiff_t lane_step, ptrdiff_t channel_step, ptrdiff_t lanes,
                             ptrdiff_t width, REAL *panel)
{
    const ptrdiff_t taps = c->y.kernel * c->x.kernel;
    const ptrdiff_t count = (c->y.first[fy + 1] - c->y.first[fy])
                          * (c->x.first[fx + 1] - c->x.first[fx]);
    for (ptrdiff_t k = 0; lanes < width && k < c->channels * count; k++)
        for (ptrdiff_t lane = lanes; lane < width; lane++)
            panel[k * width + lane] = 0;
    /* One phase with every tap has them in their order. (With a stride beyond the image there is one
     * phase and perhaps not every tap.) */
    if (c->y.phases * c->x.phases == 1 && c->y.taps * c->x.taps == taps) {
        if (channel_step == taps) {
            c->tiles->transpose(lanes, c->channels * taps, w, lane_step, panel, width);
            return;
        }
        for (ptrdiff_t channel = 0; channel < c->channels; channel++)
            c->tiles->transpose(lanes, taps, w + channel * channel_step, lane_step,
                                panel + channel * taps * width, width);
        return;
    }
    for (ptrdiff_t channel = 0; channel < c->channels; channel++)
        for (ptrdiff_t p = c->y.first[fy]; p < c->y.first[fy + 1]; p++)
            for (ptrdiff_t q = c->x.first[fx]; q < c->x.first[fx + 1]; q++) {
                const REAL *from =
                    w + channel * channel_step + c->y.tap[p] * c->x.kernel + c->x.tap[q];
                for (ptrdiff_t lane = 0; lane < lanes; lane++)
                    panel[lane] = from[lane * lane_step];
                panel += width;
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
        for (ptrdiff_t lane = 0; lane < c->padded_lanes; lane++)
            c->bias[group * c->padded_lanes + lane] =
                bias != NULL && lane < c->lanes ? bias[group * c->lanes + lane] : 0;
    }
}
