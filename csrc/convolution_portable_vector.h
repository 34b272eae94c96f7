/* Reading, writing and filling a portable vector; included by convolution_tiles.c for each
 * precision. No include guard on purpose. memcpy, since the places are not aligned to a vector. */

ALWAYS_INLINE VECTOR NAME(load)(const REAL *from)
{
    VECTOR x;
    memcpy(&x, from, sizeof x);
    return x;
}

ALWAYS_INLINE void NAME(store)(REAL *to, VECTOR x)
{
    memcpy(to, &x, sizeof x);
}

ALWAYS_INLINE VECTOR NAME(spread)(REAL x)
{
    REAL lanes[sizeof(VECTOR) / sizeof(REAL)];
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++)
        lanes[i] = x;
    return NAME(load)(lanes);
}

ALWAYS_INLINE VECTOR NAME(load_part)(const REAL *from, ptrdiff_t count)
{
    REAL lanes[sizeof(VECTOR) / sizeof(REAL)] = {0};
    for (ptrdiff_t i = 0; i < count; i++)
        lanes[i] = from[i];
    return NAME(load)(lanes);
}

ALWAYS_INLINE void NAME(store_part)(REAL *to, VECTOR x, ptrdiff_t count)
{
    REAL lanes[sizeof(VECTOR) / sizeof(REAL)];
    NAME(store)(lanes, x);
    for (ptrdiff_t i = 0; i < count; i++)
        to[i] = lanes[i];
}
