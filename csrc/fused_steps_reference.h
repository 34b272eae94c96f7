/* The naive twins of fused_steps_loops.h: one parameter at a time, the optimizer's pseudocode line
 * by line. Included once for each precision. */

static void NAME(sgd)(ptrdiff_t n, REAL *parameters, const REAL *g, REAL *buffer,
                      const engine_sgd_options *o)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        REAL slope = o->maximize ? -g[i] : g[i];
        if (o->decay != 0)
            slope += (REAL)o->decay * parameters[i];
        if (buffer) {
            if (o->first)
                buffer[i] = slope;
            else
                buffer[i] = buffer[i] * (REAL)o->momentum + (REAL)(1 - o->dampening) * slope;
            slope = o->nesterov ? slope + (REAL)o->momentum * buffer[i] : buffer[i];
        }
        parameters[i] += (REAL)-o->rate * slope;
    }
}

static void NAME(adam)(ptrdiff_t n, REAL *parameters, const REAL *g, REAL *average, REAL *square,
                       REAL *greatest, const engine_adam_options *o)
{
    const REAL weight = (REAL)(1 - o->beta1);
    for (ptrdiff_t i = 0; i < n; i++) {
        REAL slope = o->maximize ? -g[i] : g[i];
        parameters[i] *= (REAL)o->shrink;
        if (o->decay != 0)
            slope += (REAL)o->decay * parameters[i];
        /* the average moves towards the slope; PyTorch starts from the nearer end */
        if (weight < (REAL)0.5)
            average[i] += weight * (slope - average[i]);
        else
            average[i] = slope - (slope - average[i]) * (1 - weight);
        square[i] = square[i] * (REAL)o->beta2 + (REAL)(1 - o->beta2) * slope * slope;
        REAL second = square[i];
        if (greatest) {
            if (second > greatest[i] || second != second)
                greatest[i] = second;
            second = greatest[i];
        }
        /* PyTorch divides by the correction; a division less a parameter is the time of a loop */
        parameters[i] += (REAL)-o->step_size * average[i] /
                         (SQRT(second) * (REAL)(1 / o->correction) + (REAL)o->epsilon);
    }
}
