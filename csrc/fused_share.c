/* See fused_share.h. */
#include "fused_share.h"
#include "threads.h"

enum {
    /* Nanoseconds. Waking a thread that sleeps takes about 50,000, but the caller does not wait for
     * it; what sharing costs in any case is a lock and a signal. */
    WORTH_SHARING = 20000,
    JOBS_A_THREAD = 4, /* so that a thread that came late has something left to do */
    /* Numbers below which a sum is one part, and rows of a part that are added up together. */
    WORTH_PARTS = 1 << 15,
    ROW_BLOCK = 16
};

typedef struct {
    engine_stretch *run;
    void *context;
    ptrdiff_t items, at_once;
} cut;

static void stretch_of(void *context, ptrdiff_t job)
{
    const cut *c = context;
    const ptrdiff_t from = job * c->at_once;
    c->run(c->context, from, c->items - from < c->at_once ? c->items : from + c->at_once);
}

void engine_share(int kind, ptrdiff_t items, ptrdiff_t step, double nanoseconds,
                  engine_stretch *run, void *context)
{
    const int threads =
        nanoseconds < WORTH_SHARING || kind & ENGINE_FUSED_REFERENCE ? 1 : engine_threads_here();
    if (threads == 1 || items <= step) {
        run(context, 0, items);
        return;
    }
    const ptrdiff_t steps = (items - 1) / step + 1, jobs = (ptrdiff_t)threads * JOBS_A_THREAD;
    cut c = {run, context, items, ((steps - 1) / jobs + 1) * step};
    engine_parallel((items - 1) / c.at_once + 1, stretch_of, &c);
}

ptrdiff_t engine_part_rows(int kind, ptrdiff_t rows, ptrdiff_t cols)
{
    if (kind & ENGINE_FUSED_REFERENCE || cols < 1 || rows < WORTH_PARTS / cols)
        return rows;
    const ptrdiff_t blocks = (rows - 1) / ROW_BLOCK + 1;
    return ((blocks - 1) / ENGINE_MOST_PARTS + 1) * ROW_BLOCK;
}
