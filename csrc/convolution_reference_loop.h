/* Included twice by convolution_reference.c, with REAL and NAME defined. No include guard on
 * purpose. Sums are kept in double, so that a float result is rounded once, at the end. */

/* One element of a stack of planes, which count as zero outside of themselves. */
static double NAME(at)(const REAL *planes, ptrdiff_t plane, const ptrdiff_t size[2], ptrdiff_t row,
                       ptrdiff_t column)
{
    if (row < 0 || row >= size[0] || column < 0 || column >= size[1])
        return 0;
    return (double)planes[(plane * size[0] + row) * size[1] + column];
}

int NAME(engine_convolve_reference)(const engine_convolution *s, const REAL *x, const REAL *w,
                                    const REAL *bias, int relu, REAL *out)
{
    const ptrdiff_t group_in = s->in_channels / s->groups;
    const ptrdiff_t group_out = s->out_channels / s->groups;
    for (ptrdiff_t n = 0; n < s->batch; n++)
        for (ptrdiff_t o = 0; o < s->out_channels; o++)
            for (ptrdiff_t r = 0; r < s->out[0]; r++)
                for (ptrdiff_t c = 0; c < s->out[1]; c++) {
                    double sum = bias ? (double)bias[o] : 0;
                    for (ptrdiff_t i = 0; i < group_in; i++)
                        for (ptrdiff_t p = 0; p < s->kernel[0]; p++)
                            for (ptrdiff_t q = 0; q < s->kernel[1]; q++)
                                sum += NAME(at)(x, n * s->in_channels + o / group_out * group_in + i,
                                                s->in,
                                                r * s->stride[0] + p * s->dilation[0] - s->pad[0],
                                                c * s->stride[1] + q * s->dilation[1] - s->pad[1])
                                     * NAME(at)(w, o * group_in + i, s->kernel, p, q);
                    /* not "sum > 0 ? sum : 0", which would lose a NaN */
                    *out++ = (REAL)(relu && sum < 0 ? 0 : sum);
                }
    return ENGINE_CONVOLUTION_DONE;
}

/* Asks for every element of dx which outputs used it: those with r*stride + p*dilation - pad == y. */
int NAME(engine_convolve_to_input_reference)(const engine_convolution *s, const REAL *g,
                                             const REAL *w, const REAL *bias, int relu, REAL *dx)
{
    const ptrdiff_t group_in = s->in_channels / s->groups;
    const ptrdiff_t group_out = s->out_channels / s->groups;
    for (ptrdiff_t n = 0; n < s->batch; n++)
        for (ptrdiff_t i = 0; i < s->in_channels; i++)
            for (ptrdiff_t y = 0; y < s->in[0]; y++)
                for (ptrdiff_t z = 0; z < s->in[1]; z++) {
                    double sum = bias ? (double)bias[i] : 0;
                    for (ptrdiff_t k = 0; k < group_out; k++)
                        for (ptrdiff_t p = 0; p < s->kernel[0]; p++)
                            for (ptrdiff_t q = 0; q < s->kernel[1]; q++) {
                                const ptrdiff_t r = y + s->pad[0] - p * s->dilation[0];
                                const ptrdiff_t c = z + s->pad[1] - q * s->dilation[1];
                                if (r % s->stride[0] || c % s->stride[1])
                                    continue;
                                const ptrdiff_t o = i / group_in * group_out + k;
                                sum += NAME(at)(g, n * s->out_channels + o, s->out,
                                                r / s->stride[0], c / s->stride[1])
                                     * NAME(at)(w, o * group_in + i % group_in, s->kernel, p, q);
                            }
                    *dx++ = (REAL)(relu && sum < 0 ? 0 : sum);
                }
    return ENGINE_CONVOLUTION_DONE;
}

int NAME(engine_convolve_to_weight_reference)(const engine_convolution *s, const REAL *g,
                                              const REAL *x, REAL *dw)
{
    const ptrdiff_t group_in = s->in_channels / s->groups;
    const ptrdiff_t group_out = s->out_channels / s->groups;
    for (ptrdiff_t o = 0; o < s->out_channels; o++)
        for (ptrdiff_t i = 0; i < group_in; i++)
            for (ptrdiff_t p = 0; p < s->kernel[0]; p++)
                for (ptrdiff_t q = 0; q < s->kernel[1]; q++) {
                    double sum = 0;
                    for (ptrdiff_t n = 0; n < s->batch; n++)
                        for (ptrdiff_t r = 0; r < s->out[0]; r++)
                            for (ptrdiff_t c = 0; c < s->out[1]; c++)
                                sum += NAME(at)(g, n * s->out_channels + o, s->out, r, c)
                                     * NAME(at)(x, n * s->in_channels + o / group_out * group_in + i,
                                                s->in,
                                                r * s->stride[0] + p * s->dilation[0] - s->pad[0],
                                                c * s->stride[1] + q * s->dilation[1] - s->pad[1]);
                    *dw++ = (REAL)sum;
                }
    return ENGINE_CONVOLUTION_DONE;
}

void NAME(engine_convolve_to_bias_reference)(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t places,
                                             const REAL *g, REAL *db)
{
    for (ptrdiff_t c = 0; c < channels; c++) {
        double sum = 0;
        for (ptrdiff_t n = 0; n < batch; n++)
            for (ptrdiff_t k = 0; k < places; k++)
                sum += (double)g[(n * channels + c) * places + k];
        db[c] = (REAL)sum;
    }
}
