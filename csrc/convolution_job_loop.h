/* What a job of convolution_loop.h does. Included by convolution.c for each precision, with REAL
 * and NAME defined. No include guard on purpose. */

/* One phase of one band: where its terms and places are. */
typedef struct NAME(part) {
    ptrdiff_t fy, fx, i0;
    const REAL *source; /* the source of result (0, 0) of this part */
    REAL *result;       /* that result, in the group's first lane */
    ptrdiff_t lines, columns, result_line, result_column, result_plane;
    ptrdiff_t count;
    const ptrdiff_t *offset;
    const REAL *panels, *bias;
} NAME(part);

/* Places of a part that have the same terms: lines i0 .. i1 - 1, columns j0 .. j1 - 1. */
typedef struct NAME(rectangle) {
    ptrdiff_t i0, i1, j0, j1;
    ptrdiff_t first; /* term */
    engine_terms terms;
} NAME(rectangle);

/* Sets the terms: taps p[0] .. p[1] - 1 along y and q[0] .. q[1] - 1 along x, of the part's phase. */
static void NAME(take_taps)(const NAME(correlation) *c, const NAME(part) *part, const ptrdiff_t *p,
                            const ptrdiff_t *q, NAME(rectangle) *where)
{
    const ptrdiff_t all = NAME(taps_of)(&c->x, part->fx), rows = (p[1] - p[0]) * c->channels;
    const ptrdiff_t count = q[1] - q[0];
    where->first = p[0] * c->channels * all + q[0];
    where->terms = count == all ? (engine_terms){1, rows * count, rows * count}
                                : (engine_terms){rows, count, all};
}

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

/* Places that are computed before they are stored, line by line. */
typedef struct NAME(chunk) {
    ptrdiff_t place, places;
    const REAL *start[MOST_CHUNK];
} NAME(chunk);

/* A vector of lanes, or two. */
typedef struct NAME(panel) {
    ptrdiff_t first, lanes, stride;
    int vectors;
    /* Where the results of a chunk will lie, of the lanes that no tile has fetched yet. */
    const REAL *fetch;
    ptrdiff_t fetch_lanes;
} NAME(panel);

/* Storing waits for memory, unless that was fetched beforehand: two lanes a tile. */
static void NAME(fetch_lanes)(const NAME(part) *part, NAME(panel) *panel, ptrdiff_t places)
{
#if defined(__GNUC__) || defined(__clang__)
    const ptrdiff_t step = LINE / (ptrdiff_t)sizeof(REAL);
    for (int n = 0; n < 2 && panel->fetch_lanes > 0; n++, panel->fetch_lanes--) {
        for (ptrdiff_t k = 0; k < places; k += step)
            __builtin_prefetch(panel->fetch + k, 1, 3);
        __builtin_prefetch(panel->fetch + places - 1, 1, 3);
        panel->fetch += part->result_plane;
    }
#else
    (void)part;
    (void)panel;
    (void)places;
#endif
}

/* One panel against `count` places of a chunk, results every result_step: cut into tiles as even as
 * can be. in_line: the places are neighbours. */
static void NAME(broadcast_run)(const NAME(correlation) *c, const NAME(part) *part,
                                const NAME(rectangle) *where, const NAME(chunk) *chunk,
                                NAME(panel) *panel, const REAL *const *start, ptrdiff_t count,
                                int in_line, REAL *results, ptrdiff_t result_step)
{
    const ptrdiff_t most = c->tiles->broadcast_rows;
    for (ptrdiff_t tiles = (count - 1) / most + 1; tiles > 0; tiles--) {
        const ptrdiff_t rows = (count + tiles - 1) / tiles;
        NAME(fetch_lanes)(part, panel, chunk->places);
        c->tiles->broadcast[rows][in_line][panel->vectors](
            &where->terms, start, part->offset + where->first,
            part->panels + part->count * panel->first + where->first * panel->stride,
            part->bias + panel->first, 0, c->relu, results, result_step);
        start += rows;
        results += rows * result_step;
        count -= rows;
    }
}

/* A chunk with the same terms for all places. A tile's rows are neighbours, if lines are long
 * enough for that. */
static void NAME(broadcast_places)(const NAME(correlation) *c, const NAME(part) *part,
                                   const NAME(rectangle) *lines, const NAME(chunk) *chunk,
                                   NAME(panel) *panel, REAL *results)
{
    const ptrdiff_t wide = part->columns, places = chunk->places;
    const int in_line = c->column == 1 && 2 * wide > c->tiles->broadcast_rows;
    for (ptrdiff_t k = 0, run; k < places; k += run) {
        const ptrdiff_t to_end = wide - (chunk->place + k) % wide;
        run = in_line && to_end < places - k ? to_end : places - k;
        NAME(broadcast_run)(c, part, lines, chunk, panel, chunk->start + k, run, in_line,
                            results + k * panel->stride, panel->stride);
    }
}

/* The same for whole lines, cut into columns with the same terms: where those are few, a tile goes
 * down the lines. */
static void NAME(broadcast_columns)(const NAME(correlation) *c, const NAME(part) *part,
                                    const ptrdiff_t *p, const NAME(chunk) *chunk,
                                    NAME(panel) *panel, REAL *results)
{
    const ptrdiff_t wide = part->columns, stride = panel->stride, lines = chunk->places / wide;
    NAME(rectangle) where;
    for (where.j0 = 0; where.j0 < wide; where.j0 = where.j1) {
        ptrdiff_t q[2];
        where.j1 = engine_axis_alike(&c->x, part->fx, where.j0, wide, q);
        NAME(take_taps)(c, part, p, q, &where);
        if (where.j1 - where.j0 >= lines) {
            for (ptrdiff_t k = where.j0; k < chunk->places; k += wide)
                NAME(broadcast_run)(c, part, &where, chunk, panel, chunk->start + k,
                                    where.j1 - where.j0, c->column == 1, results + k * stride,
                                    stride);
            continue;
        }
        for (ptrdiff_t j = where.j0; j < where.j1; j++) {
            const REAL *start[MOST_CHUNK];
            for (ptrdiff_t k = 0; k < lines; k++)
                start[k] = chunk->start[k * wide + j];
            NAME(broadcast_run)(c, part, &where, chunk, panel, start, lines, 0,
                                results + j * stride, wide * stride);
        }
    }
}

/* Lines with the same taps along y, against some of the panels. */
static void NAME(broadcast_lines)(const NAME(correlation) *c, const NAME(part) *part,
                                  const NAME(rectangle) *lines, const ptrdiff_t *p,
                                  ptrdiff_t first_panel, ptrdiff_t panels)
{
    const ptrdiff_t wide = part->columns, width = c->tiles->width, end = lines->i1 * wide;
    const ptrdiff_t high = lines->i1 - lines->i0, rows = c->tiles->broadcast_rows;
    const ptrdiff_t most_lines = wide > CHUNK ? 1 : CHUNK / wide;
    /* Short lines: as many as a tile that goes down them has rows. */
    const ptrdiff_t at_once = most_lines < rows && rows * wide <= MOST_CHUNK ? rows : most_lines;
    const ptrdiff_t even = (high - 1) / ((high - 1) / at_once + 1) + 1;
    /* Leaving out the zeros at the ends of lines is worth while where several short ones are
     * computed at once. */
    const int by_column = c->skips && even >= FEWEST_LINES;
    const int runs = part->result_column == 1 && part->result_line == wide;
    /* Whole lines, or else even, and whole blocks to turn over. */
    const ptrdiff_t chunks = (high * wide + CHUNK - 1) / CHUNK;
    const ptrdiff_t most = wide <= CHUNK ? even * wide
                                         : ((high * wide + chunks - 1) / chunks + 7) / 8 * 8;
    NAME(chunk) chunk;
    for (chunk.place = lines->i0 * wide; chunk.place < end; chunk.place += most) {
        chunk.places = end - chunk.place < most ? end - chunk.place : most;
        ptrdiff_t i = chunk.place / wide, j = chunk.place % wide;
        for (ptrdiff_t k = 0; k < chunk.places; i++, j = 0) {
            const REAL *line = part->source + i * c->line_step;
            for (; j < wide && k < chunk.places; j++)
                chunk.start[k++] = line + j * c->column;
        }
        for (ptrdiff_t number = first_panel; number < first_panel + panels; number++) {
            REAL results[MOST_CHUNK * 2 * ENGINE_MAX_WIDTH];
            NAME(panel) panel = {.first = number * 2 * width};
            const ptrdiff_t left = c->lanes - panel.first;
            panel.lanes = left < 2 * width ? left : 2 * width;
            panel.vectors = panel.lanes > width ? 2 : 1;
            panel.stride = panel.vectors * width;
            panel.fetch = part->result + panel.first * part->result_plane + chunk.place;
            panel.fetch_lanes = runs ? panel.lanes : 0;
            if (by_column)
                NAME(broadcast_columns)(c, part, p, &chunk, &panel, results);
            else
                NAME(broadcast_places)(c, part, lines, &chunk, &panel, results);
            NAME(store_lanes)(c, part, chunk.place, chunk.places, panel.first, panel.lanes,
                              results, panel.stride);
        }
    }
}

/* A few vectors, neighbouring places or one place of a stack: what one `shifted` tile takes. */
typedef struct NAME(vectors) {
    int count;
    const REAL *start[ENGINE_MAX_SHIFTED_VECTORS];
    ptrdiff_t result[ENGINE_MAX_SHIFTED_VECTORS]; /* distance from part->result */
    int lanes[ENGINE_MAX_SHIFTED_VECTORS];
} NAME(vectors);

/* One panel of lanes against them. */
static void NAME(shifted_panel)(const NAME(correlation) *c, const NAME(part) *part,
                                const NAME(rectangle) *where, const NAME(vectors) *vectors,
                                ptrdiff_t first, int rows)
{
    const REAL *panel = part->panels + part->count * first + where->first * rows;
    const ptrdiff_t *offset = part->offset + where->first;
    REAL *result = part->result + first * part->result_plane;
    /* There are tiles for one, two and the most vectors; for those between the last is repeated. */
    const int taken = vectors->count <= 2 ? vectors->count : c->tiles->shifted_vectors[rows];
    NAME(engine_shifted) *tile = c->tiles->shifted[rows][taken];
    if (part->result_column == 1 || c->images > 1) {
        tile(&where->terms, vectors->start, offset, panel, part->bias + first, c->relu, result,
             part->result_plane, vectors->result, vectors->lanes);
        return;
    }
    const ptrdiff_t width = c->tiles->width;
    REAL results[ENGINE_MAX_SHIFTED_ROWS * ENGINE_MAX_SHIFTED_VECTORS * ENGINE_MAX_WIDTH];
    ptrdiff_t in_results[ENGINE_MAX_SHIFTED_VECTORS];
    for (int v = 0; v < taken; v++)
        in_results[v] = v * width;
    tile(&where->terms, vectors->start, offset, panel, part->bias + first, c->relu, results,
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
static void NAME(shifted_places)(const NAME(correlation) *c, const NAME(part) *part,
                                 const NAME(rectangle) *where)
{
    const ptrdiff_t wide = where->j1 - where->j0, high = where->i1 - where->i0;
    const int chained = c->images == 1 && c->line_step == wide && part->result_line == wide
                     && part->result_column == 1;
    const ptrdiff_t length = chained ? high * wide : wide, panels = NAME(panel_count)(c);
    const ptrdiff_t width = c->images > 1 ? 1 : c->tiles->width; /* places in a vector */
    const ptrdiff_t most = c->tiles->shifted_vectors[NAME(panel_start)(c, 1)];
    ptrdiff_t left = (chained ? 1 : high) * ((length + width - 1) / width);
    ptrdiff_t i = where->i0, j = 0;
    while (left > 0) {
        NAME(vectors) vectors = {.count = (int)(left < most ? left : most)};
        left -= vectors.count;
        for (int v = 0; v < ENGINE_MAX_SHIFTED_VECTORS; v++) {
            if (v >= vectors.count) {
                vectors.start[v] = vectors.start[v - 1];
                vectors.result[v] = vectors.result[v - 1];
                vectors.lanes[v] = vectors.lanes[v - 1];
                continue;
            }
            const ptrdiff_t back = j + width <= length ? j : length > width ? length - width : 0;
            const ptrdiff_t at = where->j0 + back, lanes = length - back < width ? length - back
                                                                                 : width;
            vectors.start[v] = part->source + i * c->line_step + at * c->column;
            vectors.result[v] = i * part->result_line + at * part->result_column;
            vectors.lanes[v] = (int)(lanes * c->images);
            j += width;
            if (j >= length) {
                j = 0;
                i++;
            }
        }
        for (ptrdiff_t number = 0, lane = 0; number < panels; number++) {
            const ptrdiff_t next = NAME(panel_start)(c, number + 1);
            NAME(shifted_panel)(c, part, where, &vectors, lane, (int)(next - lane));
            lane = next;
        }
    }
}

/* Cuts a part into places with the same terms; for `broadcast`, against some of the panels. */
static void NAME(correlate_part)(const NAME(correlation) *c, const NAME(part) *part,
                                 ptrdiff_t panel, ptrdiff_t panels)
{
    NAME(rectangle) where;
    for (where.i0 = 0; where.i0 < part->lines; where.i0 = where.i1) {
        ptrdiff_t p[2] = {0, NAME(taps_of)(&c->y, part->fy)};
        where.i1 = part->lines;
        if (c->skips)
            where.i1 = engine_axis_alike(&c->y, part->fy, part->i0 + where.i0,
                                         part->i0 + part->lines, p) - part->i0;
        for (where.j0 = 0; where.j0 < part->columns; where.j0 = where.j1) {
            ptrdiff_t q[2] = {0, NAME(taps_of)(&c->x, part->fx)};
            where.j1 = part->columns;
            if (c->skips && c->images > 1) /* neighbours in a vector have one set of terms */
                where.j1 = engine_axis_alike(&c->x, part->fx, where.j0, part->columns, q);
            NAME(take_taps)(c, part, p, q, &where);
            if (c->shifted)
                NAME(shifted_places)(c, part, &where);
            else
                NAME(broadcast_lines)(c, part, &where, p, panel, panels);
        }
    }
}

/* One image or stack of them, one group, one band. Behind the slab there is room for a stack's
 * results. */
static void NAME(correlate_band)(const NAME(correlation) *c, ptrdiff_t job, REAL *slab)
{
    const ptrdiff_t i0 = job % c->bands * c->band, stack = job / c->bands;
    const ptrdiff_t longest = engine_axis_longest(&c->y), panels = NAME(panel_count)(c);
    const ptrdiff_t lines = longest - i0 < c->band ? longest - i0 : c->band;
    const ptrdiff_t group = stack % c->groups, image = stack / c->groups * c->images;
    const ptrdiff_t present = c->batch - image < c->images ? c->batch - image : c->images;
    const ptrdiff_t plane = c->y.result * c->x.result, line0 = i0 * c->y.phases;
    const ptrdiff_t places = ((i0 + lines) * c->y.phases < c->y.result
                                  ? lines * c->y.phases : c->y.result - line0) * c->x.result;
    const ptrdiff_t number = image * c->groups + group;
    const REAL *source = c->source + number * c->channels * c->y.source * c->x.source;
    REAL *result = c->result + number * c->lanes * plane + line0 * c->x.result;
    REAL *stacked = slab + c->slab;
    if (!c->in_place)
        NAME(fill_slab)(c, source, present, c->channels, i0, lines, slab);
    const ptrdiff_t *term = c->term;
    for (ptrdiff_t fy = 0; fy < c->y.phases; fy++)
        for (ptrdiff_t fx = 0; fx < c->x.phases; fx++, term++) {
            const ptrdiff_t left = engine_axis_count(&c->y, fy) - i0;
            const NAME(part) part = {
                .fy = fy, .fx = fx, .i0 = i0,
                .source = c->in_place ? source + i0 * c->line_step : slab,
                .result = (c->images > 1 ? stacked : result)
                        + (fy * c->x.result + fx) * c->images,
                .lines = left < lines ? left : lines,
                .columns = engine_axis_count(&c->x, fx),
                .result_line = c->y.phases * c->x.result * c->images,
                .result_column = c->x.phases * c->images,
                .result_plane = c->images > 1 ? places * c->images : plane,
                .count = term[1] - term[0],
                .offset = c->offset + term[0],
                .panels = c->panels + (group * c->terms + term[0]) * c->padded_lanes,
                .bias = c->bias + group * c->padded_lanes,
            };
            if (part.lines <= 0 || part.columns <= 0)
                continue;
            /* What stays in the cache: all weights, if they fit, or else one panel of them. */
            const ptrdiff_t bytes = part.count * c->padded_lanes * (ptrdiff_t)sizeof(REAL);
            const ptrdiff_t at_once = c->shifted || bytes <= WEIGHTS_IN_CACHE ? panels : 1;
            for (ptrdiff_t panel = 0; panel < panels; panel += at_once)
                NAME(correlate_part)(c, &part, panel, at_once);
        }
    for (ptrdiff_t lane = 0; c->images > 1 && lane < c->lanes; lane++)
        c->tiles->transpose(places, present, stacked + lane * places * c->images, c->images,
                            result + lane * plane, c->groups * c->lanes * plane);
}
