/* One step of an optimizer over a flat buffer. Included by fused_each.h for every precision and
 * instruction set.
 *
 * The idea: PyTorch's tensor operations, in PyTorch's order and each rounded as there, but in one
 * pass, so every array goes through the processor once. The options are settled outside the loop:
 * a body with constant flags is compiled for each combination that is worth it. */

/* How many parameters stand before the first whole line of 64 bytes. Large arrays from NumPy all
 * begin 16 bytes into one; done apart, these few let every load and store after them stay within a
 * line. */
ALWAYS_INLINE ptrdiff_t NAME(before_line)(ptrdiff_t n, const REAL *parameters)
{
    const ptrdiff_t count = (ptrdiff_t)(-(uintptr_t)parameters % 64 / sizeof(REAL));
    return count < n ? count : n;
}

ALWAYS_INLINE void NAME(sgd_all)(ptrdiff_t n, REAL *restrict parameters, const REAL *restrict g,
                               REAL *restrict buffer, const engine_sgd_options *o,
                               const int has_momentum, const int has_decay)
{
    const REAL momentum = (REAL)o->momentum, fresh = (REAL)(1 - o->dampening);
    const REAL rate = (REAL)-o->rate, decay = (REAL)o->decay;
    const REAL sign = o->maximize ? -1 : 1;
    const int nesterov = o->nesterov, first = o->first;
    for (ptrdiff_t i = 0; i < n; i++) {
        REAL slope = sign * g[i];
        if (has_decay)
            slope = slope + decay * parameters[i];
        if (has_momentum) {
            const REAL held = first ? slope : buffer[i] * momentum + fresh * slope;
            buffer[i] = held;
            slope = nesterov ? slope + momentum * held : held;
        }
        parameters[i] = parameters[i] + rate * slope;
    }
}

KERNEL void NAME(sgd_from)(ptrdiff_t n, REAL *parameters, const REAL *g, REAL *buffer,
                           const engine_sgd_options *o)
{
    if (buffer && o->decay != 0)
        NAME(sgd_all)(n, parameters, g, buffer, o, 1, 1);
    else if (buffer)
        NAME(sgd_all)(n, parameters, g, buffer, o, 1, 0);
    else if (o->decay != 0)
        NAME(sgd_all)(n, parameters, g, buffer, o, 0, 1);
    else
        NAME(sgd_all)(n, parameters, g, buffer, o, 0, 0);
}

KERNEL void NAME(sgd)(ptrdiff_t n, REAL *parameters, const REAL *g, REAL *buffer,
                      const engine_sgd_options *o)
{
    const ptrdiff_t k = NAME(before_line)(n, parameters);
    NAME(sgd_from)(k, parameters, g, buffer, o);
    NAME(sgd_from)(n - k, parameters + k, g + k, buffer ? buffer + k : NULL, o);
}

ALWAYS_INLINE void NAME(adam_all)(ptrdiff_t n, REAL *restrict parameters, const REAL *restrict g,
                                REAL *restrict average, REAL *restrict square,
                                REAL *restrict greatest, const engine_adam_options *o,
                                const int has_greatest, const int has_decay,
                                const int near_average)
{
    const REAL weight1 = (REAL)(1 - o->beta1), beta2 = (REAL)o->beta2;
    const REAL weight2 = (REAL)(1 - o->beta2), epsilon = (REAL)o->epsilon;
    const REAL step_size = (REAL)-o->step_size, inverse = (REAL)(1 / o->correction);
    const REAL decay = (REAL)o->decay, shrink = (REAL)o->shrink;
    const REAL sign = o->maximize ? -1 : 1;
    for (ptrdiff_t i = 0; i < n; i++) {
        REAL slope = sign * g[i];
        const REAL parameter = parameters[i] * shrink;
        if (has_decay)
            slope = slope + decay * parameter;
        const REAL distance = slope - average[i];
        /* PyTorch's lerp starts from the nearer end. */
        const REAL mean =
            near_average ? average[i] + weight1 * distance : slope - distance * (1 - weight1);
        REAL second = square[i] * beta2 + weight2 * slope * slope;
        average[i] = mean;
        square[i] = second;
        if (has_greatest) {
            /* a NaN stays, and a NaN comes in: PyTorch's maximum */
            second = greatest[i] >= second || greatest[i] != greatest[i] ? greatest[i] : second;
            greatest[i] = second;
        }
        parameters[i] = parameter + step_size * mean / (SQRT(second) * inverse + epsilon);
    }
}

KERNEL void NAME(adam_from)(ptrdiff_t n, REAL *parameters, const REAL *g, REAL *average,
                            REAL *square, REAL *greatest, const engine_adam_options *o)
{
    const int near_average = (REAL)(1 - o->beta1) < (REAL)0.5;
    if (greatest && o->decay != 0)
        NAME(adam_all)(n, parameters, g, average, square, greatest, o, 1, 1, near_average);
    else if (greatest)
        NAME(adam_all)(n, parameters, g, average, square, greatest, o, 1, 0, near_average);
    else if (o->decay != 0)
        NAME(adam_all)(n, parameters, g, average, square, greatest, o, 0, 1, near_average);
    else if (!near_average)
        NAME(adam_all)(n, parameters, g, average, square, greatest, o, 0, 0, 0);
    else
        NAME(adam_all)(n, parameters, g, average, square, greatest, o, 0, 0, 1);
}

KERNEL void NAME(adam)(ptrdiff_t n, REAL *parameters, const REAL *g, REAL *average, REAL *square,
                       REAL *greatest, const engine_adam_options *o)
{
    const ptrdiff_t k = NAME(before_line)(n, parameters);
    NAME(adam_from)(k, parameters, g, average, square, greatest, o);
    NAME(adam_from)(n - k, parameters + k, g + k, average + k, square + k,
                    greatest ? greatest + k : NULL, o);
}
