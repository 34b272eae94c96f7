/* Fills a slab, the copy that a job of convolution_job_loop.h reads from. Included by convolution.c
 * for each precision, with REAL and NAME defined. No include guard on purpose. */

/* A slab's line: the elements of a source line from place x on, step apart. */
typedef struct NAME(line) {
    ptrdiff_t x, count;
    ptrdiff_t before, inside; /* so many lie left of the source line, and up to its end */
} NAME(line);

static NAME(line) NAME(line_of)(const NAME(correlation) *c, ptrdiff_t x)
{
    const ptrdiff_t size = c->x.source, step = c->x.step, count = c->residue_x / c->images;
    const ptrdiff_t before = x >= 0 ? 0 : (-x + step - 1) / step;
    const ptrdiff_t inside = x >= size ? 0 : (size - x + step - 1) / step;
    NAME(line) line = {.x = x, .count = count, .before = before > count ? count : before};
    line.inside = inside < line.before ? line.before : inside > count ? count : inside;
    return line;
}

/* `count` elements. Of a short line a call would take longer than the copy. */
static void NAME(copy_run)(const REAL *from, ptrdiff_t count, REAL *to)
{
    enum { AT_ONCE = 8, SHORT = 64 };
    if (count < AT_ONCE || count > SHORT) {
        memcpy(to, from, (size_t)count * sizeof *to);
        return;
    }
    for (ptrdiff_t k = 0; k < count - AT_ONCE; k += AT_ONCE)
        memcpy(to + k, from + k, AT_ONCE * sizeof *to);
    memcpy(to + count - AT_ONCE, from + count - AT_ONCE, AT_ONCE * sizeof *to);
}

/* The same of zeros, of which there is mostly one: it is set here, since of the loop the compiler
 * makes a call. */
static void NAME(set_zeros)(ptrdiff_t count, REAL *to)
{
    if (count > 0)
        to[0] = 0;
    for (ptrdiff_t j = 1; j < count; j++)
        to[j] = 0;
}

/* Zeros where there is no line (NULL) and beyond its ends. With a stack of images, those of one
 * place side by side: the first `present` are there, image_step apart, the others are zeros. */
static void NAME(copy_line)(const NAME(correlation) *c, const NAME(line) *line, const REAL *from,
                            ptrdiff_t image_step, ptrdiff_t present, REAL *to)
{
    const ptrdiff_t step = c->x.step, stack = c->images;
    const ptrdiff_t before = from ? line->before : line->count;
    const ptrdiff_t inside = from ? line->inside : line->count;
    NAME(set_zeros)(before * stack, to);
    NAME(set_zeros)((line->count - inside) * stack, to + inside * stack);
    if (inside == before)
        return;
    from += line->x + before * step;
    to += before * stack;
    const ptrdiff_t count = inside - before;
    if (stack > 1) {
        if (present < stack)
            memset(to, 0, (size_t)(count * stack) * sizeof *to);
        if (step == 1)
            c->tiles->transpose(present, count, from, image_step, to, stack);
        else
            for (ptrdiff_t j = 0; j < count; j++)
                for (ptrdiff_t n = 0; n < present; n++)
                    to[j * stack + n] = from[n * image_step + j * step];
    } else if (step == 1) {
        NAME(copy_run)(from, count, to);
    } else if (step == 2) { /* a number that the compiler knows: vector code */
        for (ptrdiff_t j = 0; j < count; j++)
            to[j] = from[j * 2];
    } else {
        for (ptrdiff_t j = 0; j < count; j++)
            to[j] = from[j * step];
    }
}

/* The slab of the results i0 .. i0 + lines: so many channels from `source` on. */
static void NAME(fill_slab)(const NAME(correlation) *c, const REAL *source, ptrdiff_t present,
                            ptrdiff_t channels, ptrdiff_t i0, ptrdiff_t lines, REAL *slab)
{
    const ptrdiff_t high = lines + (c->y.most - c->y.least) / c->y.step;
    const ptrdiff_t image_step = c->groups * c->channels * c->y.source * c->x.source;
    for (ptrdiff_t rx = 0; rx < c->x.residues; rx++) {
        const NAME(line) line = NAME(line_of)(c, c->x.least + c->x.residue_value[rx]);
        /* Line by line as they lie in the source, for a processor that fetches ahead. */
        for (ptrdiff_t channel = 0; channel < channels; channel++) {
            REAL *to = slab + channel * c->channel_step + rx * c->residue_x;
            ptrdiff_t y0 = i0 * c->y.step + c->y.least, ry = 0;
            for (ptrdiff_t left = high * c->y.residues; left > 0; left--) {
                const ptrdiff_t y = y0 + c->y.residue_value[ry];
                const REAL *from = y < 0 || y >= c->y.source
                    ? NULL : source + (channel * c->y.source + y) * c->x.source;
                NAME(copy_line)(c, &line, from, image_step, present, to + ry * c->residue_y);
                if (++ry == c->y.residues) {
                    ry = 0;
                    y0 += c->y.step;
                    to += c->line_step;
                }
            }
        }
    }
    /* What the last vector reads beyond the end. */
    if (c->images == 1)
        memset(slab + c->slab - ENGINE_MAX_WIDTH, 0, ENGINE_MAX_WIDTH * sizeof *slab);
}
