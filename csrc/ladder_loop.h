/* Multiply-adds for one precision and instruction set; ladder.c includes this for each. */

/* Enough to hide the latency, few enough for the registers. */
enum { LOCAL(chains) = TILE_ROWS * 2 > 16 ? 24 : 10 };

TARGET ENGINE_OUTSIDE static ptrdiff_t LOCAL(multiply_adds)(ptrdiff_t rounds)
{
    VECTOR sum[LOCAL(chains)];
    const REAL seed = 0.5;
    const VECTOR x = SPREAD(seed), y = SPREAD(seed * seed);
    for (int i = 0; i < LOCAL(chains); i++)
        sum[i] = SPREAD((REAL)i);
    for (ptrdiff_t round = 0; round < rounds; round++) {
        ENGINE_UNROLL
        for (int i = 0; i < LOCAL(chains); i++)
            sum[i] = MULTIPLY_ADD(sum[i], x, y);
    }
    /* The sums are looked at, lest the compiler find that nobody wants them. */
    REAL lane[LANES];
    VECTOR all = sum[0];
    for (int i = 1; i < LOCAL(chains); i++)
        all = all + sum[i];
    STORE(lane, all);
    return lane[0] < 0 ? 0 : (ptrdiff_t)LOCAL(chains) * LANES;
}
