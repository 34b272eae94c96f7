/* What a job of convolution_loop.h does. Included by convolution.c for each precision, with REAL
 * and NAME defined. No include guard on purpose. */

/* `count` elements of a source line from place x on, `step` apart; zeros where there is no line
 * (NULL) and beyond its ends. */
static void NAME(copy_line)(const REAL *line, ptrdiff_t size, ptrdiff_t x, ptrdiff_t step,
                            ptrdiff_t count, REAL *to)
{
    ptrdiff_t before = x >= 0 ? 0 : (-x + step - 1) / step; /* how many lie left of the line, */
    ptrdiff_t inside = x >= size ? 0 : (size - x + step - 1) / step; /* and up to its end */
    before = line == NULL || before > count ? count : before;
    inside = inside < before ? before : inside > count ? count : inside;
    for (ptrdiff_t j = 0; j < before; j++) /* few, mostly one: not worth a call */
        to[j] = 0;
    if (step == 1 && inside > before)
        memcpy(to + before, line + x + before, (size_t)(inside - before) * sizeof *to);
    else
        for (ptrdiff_t j = before; j < inside; j++)
            to[j] = line[x + j * step];
    for (ptrdiff_t j = inside; j < count; j++)
        to[j] = 0;
}

/* The slab of the results i0 .. i0 + lines: so many channels from `source` on. */
static void NAME(fill_slab)(const NAME(correlation) *c, const REAL *source, ptrdiff_t channels,
                            ptrdiff_t i0, ptrdiff_t lines, REAL *slab)
{
    const ptrdiff_t high = lines + (c->y.most - c->y.least) / c->y.step;
    for (ptrdiff_t channel = 0; channel < channels; channel++)
        for (ptrdiff_t ry = 0; ry < c->y.residues; ry++)
            for (ptrdiff_t i = 0; i < high; i++) {
                const ptrdiff_t y =
                    (i0 + i) * c->y.step + c->y.least + c->y.residue_value[ry];
                const REAL *from = y < 0 || y >= c->y.source
                    ? NULL : source + (channel * c->y.source + y) * c->x.source;
                for (ptrdiff_t rx = 0; rx < c->x.residues; rx++)
                    NAME(copy_line)(from, c->x.source, c->x.least + c->x.residue_value[rx],
                                    c->x.step, c->line,
                                    slab + channel * c->plane + ry * c->residue_y
                                        + rx * c->residue_x + i * c->line);
            }
    memset(slab + channels * c->plane, 0, (size_t)c->tiles->width * sizeof *slab);
}

/* One phase of one band: where its terms and places are. */
typedef struct NAME(part) {
    const REAL *source; /* the source of result (0, 0) of this part */
    REAL *result;       /* that result, in the group's first lane */
    ptrdiff_t lines, columns, result_line, result_column, result_plane;
    ptrdiff_t count;
    const ptrdiff_t *offset;
    const REAL *panels, *bias;
} NAME(part);

/* Puts [places][lanes] into the planes of the lanes. */
static void NAME(store_lanes)(const NAME(correlation) *c, const NAME(part) *part, ptrdiff_t place,
                              ptrdiff_t places, ptrdiff_t first_lane, ptrdiff_t lanes,
                              const REAL *from, ptrdiff_t from_stride)
{
    REAL *to = part->result + first_lane * part->result_plane;
    if (part->result_column == 1 && part->result_line == part->columns) {
        c->tiles->transpose(places, lanes, from, from_stride, to + place, part->result_plane);
        return;
    }
    for (ptrdiff_t lane = 0; lane < lanes; lane++, to += part->result_plane) {
        ptrdiff_t i = place / part->columns, j = place % part->columns;
        for (ptrdiff_t k = 0; k < places; k++) {
            to[i * part->result_line + j * part->result_column] = from[k * from_stride + lane];
            if (++j == part->columns) {
                j = 0;
                i++;
            }
        }
    }
}

/* CHUNK or fewer places of one panel, by the `broadcast` tiles. */
static void NAME(broadcast_chunk)(const NAME(correlation) *c, const NAME(part) *part,
                                  ptrdiff_t place, ptrdiff_t places, ptrdiff_t number)
{
    const ptrdiff_t width = c->tiles->width, first = number * 2 * width;
    const ptrdiff_t lanes = c->lanes - first < 2 * width ? c->lanes - first : 2 * width;
    const int vectors = lanes > width ? 2 : 1;
    const ptrdiff_t stride = vectors * width;
    const REAL *start[CHUNK];
    REAL results[CHUNK * 2 * ENGINE_MAX_WIDTH];
    ptrdiff_t i = place / part->columns, j = place % part->columns;
    for (ptrdiff_t k = 0; k < places; k++) {
        start[k] = part->source + i * c->line_step + j * c->column;
        if (++j == part->columns) {
            j = 0;
            i++;
        }
    }
    const ptrdiff_t tiles = (places + c->tiles->broadcast_rows - 1) / c->tiles->broadcast_rows;
    for (ptrdiff_t t = 0, k = 0; t < tiles; t++) {
        const ptrdiff_t rows = (places - k + tiles - t - 1) / (tiles - t);
        c->tiles->broadcast[rows][vectors](part->count, start + k, part->offset,
                                           part->panels + part->count * first, part->bias + first,
                                           0, c->least, results + k * stride, stride);
        k += rows;
    }
    NAME(store_lanes)(c, part, place, places, first, lanes, results, stride);
}

static void NAME(broadcast_part)(const NAME(correlation) *c, const NAME(part) *part)
{
    const ptrdiff_t places = part->lines * part->columns, panels = NAME(panel_count)(c);
    const ptrdiff_t chunks = (places + CHUNK - 1) / CHUNK;
    ptrdiff_t chunk = ((places + chunks - 1) / chunks + 7) / 8 * 8; /* even, and whole blocks */
    /* What stays in the cache: all weights, if they fit, or else one panel of them. */
    if (part->count * c->padded_lanes * (ptrdiff_t)sizeof(REAL) <= WEIGHTS_IN_CACHE) {
        for (ptrdiff_t place = 0; place < places; place += chunk)
            for (ptrdiff_t number = 0; number < panels; number++)
                NAME(broadcast_chunk)(c, part, place,
                                      places - place < chunk ? places - place : chunk, number);
        return;
    }
    for (ptrdiff_t number = 0; number < panels; number++)
        for (ptrdiff_t place = 0; place < places; place += chunk)
            NAME(broadcast_chunk)(c, part, place, places - place < chunk ? places - place : chunk,
                                  number);
}

/* A few vectors of neighbouring places: what one `shifted` tile takes. */
typedef struct NAME(vectors) {
    int count;
    const REAL *start[ENGINE_MAX_SHIFTED_VECTORS];
    ptrdiff_t result[ENGINE_MAX_SHIFTED_VECTORS]; /* distance from part->result */
    int lanes[ENGINE_MAX_SHIFTED_VECTORS];
} NAME(vectors);

/* One panel of lanes against them. */
static void NAME(shifted_panel)(const NAME(correlation) *c, const NAME(part) *part,
                                const NAME(vectors) *vectors, ptrdiff_t first, int rows)
{
    const REAL *panel = part->panels + part->count * first;
    REAL *result = part->result + first * part->result_plane;
    /* There are tiles for one, two and the most vectors; for those between the last is repeated. */
    const int taken = vectors->count <= 2 ? vectors->count : c->tiles->shifted_vectors[rows];
    NAME(engine_shifted) *tile = c->tiles->shifted[rows][taken];
    if (part->result_column == 1) {
        tile(part->count, vectors->start, part->offset, panel, part->bias + first, c->least, result,
             part->result_plane, vectors->result, vectors->lanes);
        return;
    }
    const ptrdiff_t width = c->tiles->width;
    REAL results[ENGINE_MAX_SHIFTED_ROWS * ENGINE_MAX_SHIFTED_VECTORS * ENGINE_MAX_WIDTH];
    ptrdiff_t in_results[ENGINE_MAX_SHIFTED_VECTORS];
    for (int v = 0; v < taken; v++)
        in_results[v] = v * width;
    tile(part->count, vectors->start, part->offset, panel, part->bias + first, c->least, results,
         taken * width, in_results, vectors->lanes);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors->count; v++) {
            const REAL *from = results + (r * taken + v) * width;
            REAL *to = result + r * part->result_plane + vectors->result[v];
            for (int k = 0; k < vectors->lanes[v]; k++)
                to[k * part->result_column] = from[k];
        }
}

/* The places are `runs` of `length` neighbours; the last vector of a run is moved back, if it can
 * be, so that it ends with the run. Every few vectors meet all panels while they are in the cache. */
static void NAME(shifted_part)(const NAME(correlation) *c, const NAME(part) *part)
{
    const int chained = c->line_step == part->columns && part->result_line == part->columns
                     && part->result_column == 1;
    const ptrdiff_t runs = chained ? 1 : part->lines, width = c->tiles->width;
    const ptrdiff_t length = chained ? part->lines * part->columns : part->columns;
    const ptrdiff_t panels = NAME(panel_count)(c);
    const ptrdiff_t most = c->tiles->shifted_vectors[NAME(panel_start)(c, 1)];
    ptrdiff_t left = runs * ((length + width - 1) / width), tiles = (left + most - 1) / most;
    ptrdiff_t run = 0, j = 0;
    for (; tiles > 0; tiles--) {
        NAME(vectors) vectors = {.count = (int)((left + tiles - 1) / tiles)};
        left -= vectors.count;
        for (int v = 0; v < ENGINE_MAX_SHIFTED_VECTORS; v++) {
            if (v >= vectors.count) {
                vectors.start[v] = vectors.start[v - 1];
                vectors.result[v] = vectors.result[v - 1];
                vectors.lanes[v] = vectors.lanes[v - 1];
                continue;
            }
            const ptrdiff_t at = j + width <= length ? j : length > width ? length - width : 0;
            vectors.start[v] = part->source + run * c->line_step + at;
            vectors.result[v] = run * part->result_line + at * part->result_column;
            vectors.lanes[v] = (int)(length - at < width ? length - at : width);
            j += width;
            if (j >= length) {
                j = 0;
                run++;
            }
        }
        for (ptrdiff_t number = 0, lane = 0; number < panels; number++) {
            const ptrdiff_t next = NAME(panel_start)(c, number + 1);
            NAME(shifted_panel)(c, part, &vectors, lane, (int)(next - lane));
            lane = next;
        }
    }
}

/* One image, one group, one band. */
static void NAME(correlate_band)(const NAME(correlation) *c, ptrdiff_t job, REAL *slab)
{
    const ptrdiff_t i0 = job % c->bands * c->band, stack = job / c->bands;
    const ptrdiff_t longest = engine_axis_longest(&c->y);
    const ptrdiff_t lines = longest - i0 < c->band ? longest - i0 : c->band;
    const ptrdiff_t group = stack % c->groups;
    const ptrdiff_t result_plane = c->y.result * c->x.result;
    const REAL *source = c->source + stack * c->channels * c->y.source * c->x.source;
    REAL *result = c->result + stack * c->lanes * result_plane;
    if (!c->in_place)
        NAME(fill_slab)(c, source, c->channels, i0, lines, slab);
    const ptrdiff_t *term = c->term;
    for (ptrdiff_t fy = 0; fy < c->y.phases; fy++)
        for (ptrdiff_t fx = 0; fx < c->x.phases; fx++, term++) {
            const ptrdiff_t left = engine_axis_count(&c->y, fy) - i0;
            const NAME(part) part = {
                .source = c->in_place ? source + i0 * c->line_step : slab,
                .result = result + (fy + i0 * c->y.phases) * c->x.result + fx,
                .lines = left < lines ? left : lines,
                .columns = engine_axis_count(&c->x, fx),
                .result_line = c->y.phases * c->x.result,
                .result_column = c->x.phases,
                .result_plane = result_plane,
                .count = term[1] - term[0],
                .offset = c->offset + term[0],
                .panels = c->panels + (group * c->terms + term[0]) * c->padded_lanes,
                .bias = c->bias + group * c->padded_lanes,
            };
            if (part.lines <= 0 || part.columns <= 0)
                continue;
            if (c->shifted)
                NAME(shifted_part)(c, &part);
            else
                NAME(broadcast_part)(c, &part);
        }
}
