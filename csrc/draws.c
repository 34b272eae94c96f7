/* See draws.h. Compiled for any processor alike: a product and a sum must not become one rounding. */
#include "draws.h"
#include "fused_share.h"
#include "twister.h"

#include <math.h>

enum { WORDS = ENGINE_TWISTER_WORDS, TAILS = 10 };
#define MANY 10.0         /* from so many expected on, the hat is quicker than adding up */
#define NANOSECONDS 10.0  /* a function of the library takes about as long */
#define HALF_LOG_TWO_PI 0.91893853320467274178

/* --- uniform numbers, of two words each ---------------------------------------------------------- */

typedef struct {
    uint32_t *key;
    uint32_t words[WORDS]; /* those of the key, tempered, from `at` on */
    ptrdiff_t at;
} stream;

static void begin(stream *s, uint32_t *key, ptrdiff_t position)
{
    s->key = key;
    s->at = position;
    engine_twister(key, position, WORDS - position, s->words + position);
}

static inline uint32_t word(stream *s)
{
    if (s->at == WORDS) {
        engine_twister(s->key, WORDS, WORDS, s->words);
        s->at = 0;
    }
    return s->words[s->at++];
}

/* The low 53 bits of 64, the first word being the high half. */
static inline double unit(stream *s)
{
    const uint64_t high = word(s);
    const uint64_t both = high << 32 | word(s);
    return (double)(both & 0x1fffffffffffffu) * 0x1p-53;
}

/* --- events -------------------------------------------------------------------------------------- */

/* What depends on the rate alone; rates are often all the same. */
typedef struct {
    double rate, end, logarithm, a, b, hat, sure;
} events;

static void expect(events *e, double rate)
{
    e->rate = rate;
    if (rate < MANY) {
        e->end = exp(-rate);
        return;
    }
    e->logarithm = log(rate);
    e->b = 0.931 + 2.53 * sqrt(rate);
    e->a = -0.059 + 0.02483 * e->b;
    e->hat = log(1.1239 + 1.1328 / (e->b - 3.4));
    e->sure = 0.9277 - 3.6224 / (e->b - 2);
}

static double few_events(const events *e, stream *s)
{
    double product, count = 0;
    if (e->rate == 0)
        return 0;
    for (product = unit(s); product > e->end; count++)
        product *= unit(s);
    return count;
}

static double many_events(const events *e, stream *s)
{
    for (;;) {
        const double u = unit(s) - 0.5, v = unit(s), us = 0.5 - fabs(u);
        if (us == 0)
            continue;
        const double k = floor((2 * e->a / us + e->b) * u + e->rate + 0.43);
        if (us >= 0.07 && v <= e->sure)
            return k;
        if (k < 0 || (us < 0.013 && v > us))
            continue;
        const double height = -e->rate + k * e->logarithm - lgamma(k + 1.0);
        if (log(v) + e->hat - log(e->a / (us * us) + e->b) <= height)
            return k;
    }
}

ptrdiff_t engine_poisson(uint32_t *key, ptrdiff_t position, ptrdiff_t n, const double *rate,
                         double *out)
{
    stream s;
    events e = {.end = 1}; /* of the rate 0 */
    begin(&s, key, position);
    for (ptrdiff_t i = 0; i < n; i++) {
        if (rate[i] != e.rate)
            expect(&e, rate[i]);
        out[i] = e.rate < MANY ? few_events(&e, &s) : many_events(&e, &s);
    }
    return s.at;
}

/* --- successes ----------------------------------------------------------------------------------- */

/* Of Stirling's formula of log(k!), what it leaves out. */
static double tail(const double *exact, double k)
{
    if (k < TAILS)
        return exact[(int)k];
    const double square = (k + 1) * (k + 1);
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

static void tails(double *exact)
{
    for (int k = 0; k < TAILS; k++)
        exact[k] = lgamma(k + 1.0) - (k + 0.5) * log(k + 1.0) + (k + 1) - HALF_LOG_TWO_PI;
}

/* What depends on the number of trials and the probability alone. */
typedef struct {
    double n, p, failure, a, b, sure, odds, alpha, middle;
} trials;

static void attempt(trials *t, double n, double p)
{
    t->n = n;
    t->p = p;
    if (n * p < MANY) {
        t->failure = log1p(-p);
        return;
    }
    const double root = sqrt(n * p * (1 - p));
    t->b = 1.15 + 2.53 * root;
    t->a = -0.0873 + 0.0248 * t->b + 0.01 * p;
    t->sure = 0.92 - 4.2 / t->b;
    t->odds = p / (1 - p);
    t->alpha = (2.83 + 5.1 / t->b) * root;
    t->middle = floor((n + 1) * p);
}

static double few_successes(const trials *t, stream *s)
{
    double waited_for = 0, successes = 0;
    for (;;) {
        const double waited = log(unit(s)) / t->failure;
        if (waited > t->n || (waited_for += ceil(waited)) > t->n)
            return successes;
        successes++;
    }
}

static double many_successes(const trials *t, const double *exact, stream *s)
{
    const double n = t->n, m = t->middle;
    for (;;) {
        const double u = unit(s) - 0.5, v = unit(s), us = 0.5 - fabs(u);
        if (us == 0)
            continue;
        const double k = floor((2 * t->a / us + t->b) * u + n * t->p + 0.5);
        if (!(0 <= k && k <= n))
            continue;
        if (us >= 0.07 && v <= t->sure)
            return k;
        const double height = (m + 0.5) * log((m + 1) / (t->odds * (n - m + 1)))
                              + (n + 1) * log((n - m + 1) / (n - k + 1))
                              + (k + 0.5) * log(t->odds * (n - k + 1) / (k + 1)) + tail(exact, m)
                              + tail(exact, n - m) - tail(exact, k) - tail(exact, n - k);
        if (log(v * t->alpha / (t->a / (us * us) + t->b)) <= height)
            return k;
    }
}

ptrdiff_t engine_binomial(uint32_t *key, ptrdiff_t position, ptrdiff_t n, const double *count,
                          const double *p, double *out)
{
    stream s;
    trials t = {.n = -1, .p = -1};
    double exact[TAILS];
    begin(&s, key, position);
    tails(exact);
    for (ptrdiff_t i = 0; i < n; i++) {
        const double all = count[i], share = p[i];
        if (isnan(all) || isnan(share)) {
            out[i] = all <= 0 ? 0 : NAN;
        } else if (all <= 0 || share <= 0) {
            out[i] = 0;
        } else if (share >= 1) {
            out[i] = all;
        } else {
            const double rarer = share <= 0.5 ? share : 1 - share; /* two names of one thing */
            if (t.n != all || t.p != rarer)
                attempt(&t, all, rarer);
            const double found =
                all * rarer < MANY ? few_successes(&t, &s) : many_successes(&t, exact, &s);
            out[i] = share <= 0.5 ? found : all - found;
        }
    }
    return s.at;
}

/* --- an order ------------------------------------------------------------------------------------ */

void engine_shuffle(ptrdiff_t n, const uint32_t *words, int64_t *order)
{
    for (ptrdiff_t i = 0; i < n; i++)
        order[i] = i;
    for (ptrdiff_t i = 0; i < n - 1; i++) {
        const ptrdiff_t other = i + words[i] % (uint32_t)(n - i);
        const int64_t moved = order[i];
        order[i] = order[other];
        order[other] = moved;
    }
}

/* --- functions of the C library ------------------------------------------------------------------ */

typedef struct {
    double (*function)(double);
    const double *x;
    double *out;
} library_call;

static void library_stretch(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const library_call *c = context;
    for (ptrdiff_t i = from; i < to; i++)
        c->out[i] = c->function(c->x[i]);
}

void engine_library(int function, ptrdiff_t n, const double *x, double *out)
{
    static double (*const functions[ENGINE_LIBRARY_FUNCTIONS])(double) = {
        [ENGINE_LIBRARY_LOG] = log, [ENGINE_LIBRARY_LOG1P] = log1p, [ENGINE_LIBRARY_TAN] = tan,
        [ENGINE_LIBRARY_COS] = cos, [ENGINE_LIBRARY_SIN] = sin,
    };
    library_call call = {functions[function], x, out};
    engine_share(0, n, 512, NANOSECONDS * (double)n, library_stretch, &call);
}
