/* The naive twins of fused_norm_loops.h: the formulas, in double precision. Included once for each
 * precision. */

static void NAME(layer_norm)(ptrdiff_t rows, ptrdiff_t cols, const REAL *x, const REAL *weight,
                             const REAL *bias, double epsilon, REAL *out, REAL *mean, REAL *rstd)
{
    for (ptrdiff_t r = 0; r < rows; r++, x += cols, out += cols) {
        double sum = 0, squares = 0;
        for (ptrdiff_t c = 0; c < cols; c++)
            sum += x[c];
        const double middle = sum / (double)cols;
        for (ptrdiff_t c = 0; c < cols; c++)
            squares += (x[c] - middle) * (x[c] - middle);
        const double scale = 1 / sqrt(squares / (double)cols + epsilon);
        for (ptrdiff_t c = 0; c < cols; c++)
            out[c] = (REAL)((x[c] - middle) * scale * (weight ? weight[c] : 1) +
                            (bias ? bias[c] : 0));
        mean[r] = (REAL)middle;
        rstd[r] = (REAL)scale;
    }
}

static void NAME(layer_norm_backward)(ptrdiff_t rows, ptrdiff_t cols, const REAL *g, const REAL *x,
                                      const REAL *mean, const REAL *rstd, const REAL *weight,
                                      REAL *dx, REAL *dweight, REAL *dbias)
{
    for (ptrdiff_t c = 0; c < cols; c++) {
        double of_weight = 0, of_bias = 0;
        for (ptrdiff_t r = 0; r < rows; r++) {
            of_weight += g[r * cols + c] * (((double)x[r * cols + c] - mean[r]) * rstd[r]);
            of_bias += g[r * cols + c];
        }
        dweight[c] = (REAL)of_weight;
        dbias[c] = (REAL)of_bias;
    }
    for (ptrdiff_t r = 0; r < rows; r++, g += cols, x += cols, dx += cols) {
        double sum = 0, along = 0; /* of h, and of h * normal */
        for (ptrdiff_t c = 0; c < cols; c++) {
            const double h = (double)g[c] * (weight ? weight[c] : 1);
            sum += h;
            along += h * (((double)x[c] - mean[r]) * rstd[r]);
        }
        for (ptrdiff_t c = 0; c < cols; c++) {
            const double h = (double)g[c] * (weight ? weight[c] : 1);
            const double normal = ((double)x[c] - mean[r]) * rstd[r];
            dx[c] = (REAL)(rstd[r] * (h - sum / (double)cols - normal * (along / (double)cols)));
        }
    }
}
