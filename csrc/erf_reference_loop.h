/* Included twice by erf_reference.c, with REAL and NAME defined. No include guard on purpose. */

/* float32 goes through double: rounded once, at the end, it is as true as a float can be. */
void NAME(engine_erf_reference)(ptrdiff_t n, const REAL *x, REAL *out)
{
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] = (REAL)erf((double)x[i]);
}
