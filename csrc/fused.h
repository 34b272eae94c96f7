/* The hot loops of small networks, fused: the contract that fused_softmax.c, fused_losses.c,
 * fused_steps.c, fused_sums.c, fused_norm.c and fused_lstm.c keep, each in a fast form and in a
 * naive twin. Plain C, no Python. Large calls are shared among threads (fused_share.h).
 *
 * kind says the precision, which is what the pointers to void point at, and which form is wanted:
 *
 *     0 float          ENGINE_FUSED_FLOAT64 double          + ENGINE_FUSED_REFERENCE the twin
 *
 * All arrays are contiguous and aligned; rows x cols means rows one behind the other; sizes are at
 * least 0, and their products have been checked by whoever made the arrays. Unless a line says
 * that two arrays may be the same, no two overlap. Nothing is allocated unless a line says so. The
 * fast form gives the same bits (of a NaN: only that it is one) on every instruction set, with any
 * number of threads, and for a row whatever the number of rows; how near it is to the twin is said
 * in each place. (Where there is an exp, a log, an erf or a tanh in it, AVX2 and AVX-512 give the
 * same bits and the portable form others: they multiply and add in one rounding.) */
#ifndef ENGINE_FUSED_H
#define ENGINE_FUSED_H

#include <stddef.h>
#include <stdint.h>

enum { ENGINE_FUSED_FLOAT64 = 1, ENGINE_FUSED_REFERENCE = 2 };

/* --- fused_softmax.c: along the rows. exp is within 2 units in the last place ------------------
 * Results below the normal numbers are not cut off to 0. */

/* out = exp(x - max) / sum exp(x - max). out may be x. A row that holds NaN or +inf, or nothing
 * but -inf, becomes NaN throughout. */
void engine_softmax(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, void *out);

/* out = x - max - log(sum exp(x - max)). out may be x. */
void engine_log_softmax(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, void *out);

/* dx = out * (g - sum(g * out)), out being what engine_softmax gave. dx may be g. */
void engine_softmax_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                             const void *out, void *dx);

/* dx = g - exp(out) * sum(g), out being what engine_log_softmax gave. dx may be g. */
void engine_log_softmax_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                                 const void *out, void *dx);

/* What a cross-entropy is told besides its arrays. weight: one number a class, or NULL for ones.
 * A row whose target is `ignore` has loss 0 and gradient 0. smoothing: in 0..1, how much of the
 * target is spread over all classes. */
typedef struct {
    const void *weight;
    int64_t ignore;
    double smoothing;
} engine_loss_options;

/* losses[i] = sum over c of a[c] * (log sum exp x[i] - x[i][c]), where a[c] is
 * (1 - smoothing) * weight[target] at the target, and smoothing / cols * weight[c] everywhere.
 *
 * kept: rows x 2, the greatest logit and log(sum exp(x - greatest)); their sum is the logarithm
 * of the sum of exponentials, and apart they lose no digit of it. totals[0]: the sum of the losses;
 * totals[1]: of weight[target] over the rows not ignored. *wrong: the first row whose target is
 * neither a class nor `ignore`, then all else is worthless; -1 if there is none. losses may be
 * NULL. */
void engine_cross_entropy(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x,
                          const int64_t *targets, const engine_loss_options *options, void *losses,
                          void *kept, double *totals, ptrdiff_t *wrong);

/* The sum of weight[target], or of ones, over the rows whose target is not `ignore` nor, where there
 * are weights, beyond the classes: totals[1] of the forward again. It has no twin. */
double engine_cross_entropy_weights(int kind, ptrdiff_t rows, ptrdiff_t cols,
                                    const int64_t *targets, const engine_loss_options *options);

/* dx[i] = g[i * step] / divisor * (softmax(x[i]) * sum(a) - a). step is 0 or 1. dx may be x. The
 * targets and options are the forward's; *wrong as there. */
void engine_cross_entropy_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                                   ptrdiff_t step, double divisor, const void *x,
                                   const int64_t *targets, const engine_loss_options *options,
                                   const void *kept, void *dx, ptrdiff_t *wrong);

/* --- fused_losses.c: of a prediction x and its target y, number by number ----------------------- */

enum {
    ENGINE_LOSS_SQUARES,      /* (x - y)^2 */
    ENGINE_LOSS_BINARY,       /* -(y * log(x) + (1 - y) * log(1 - x)), logarithms from -100 on */
    ENGINE_LOSS_BINARY_LOGITS /* the same of sigmoid(x): (1 - y) * x + log(1 + exp(-x)) */
};

/* losses[i] = the loss of x[i] and y[i], and the sum of them is returned; losses may be NULL.
 * Logarithms are within 4.5 units in the last place. The sum is carried in double precision from
 * one thousand numbers to the next. */
double engine_loss(int kind, int what, ptrdiff_t n, const void *x, const void *y, void *losses);

/* dx[i] = g[i * step] * scale * the slope of the loss to x[i]: 2 * (x - y), (x - y) / (x * (1 - x))
 * where the divisor is at least 1e-12, sigmoid(x) - y. step is 0 or 1. */
void engine_loss_backward(int kind, int what, ptrdiff_t n, const void *g, ptrdiff_t step,
                          double scale, const void *x, const void *y, void *dx);

/* The first i for which x[i] is not in 0..1, NaN included; n if there is none. */
ptrdiff_t engine_first_beyond_1(int kind, ptrdiff_t n, const void *x);

/* --- fused_steps.c: one step of an optimizer, PyTorch's arithmetic in PyTorch's order ----------
 * n parameters; all arrays are as long, and changed in place but for g. Fast and twin give the same
 * bits. (One thing is not PyTorch's: Adam multiplies by 1 / correction where PyTorch divides. Its
 * time is that of its square root and its divisions.) */

typedef struct {
    double rate, momentum, dampening, decay;
    int nesterov, maximize;
    int first; /* the buffer holds nothing yet: it becomes the gradient */
} engine_sgd_options;

/* buffer may be NULL if momentum is 0. */
void engine_sgd(int kind, ptrdiff_t n, void *parameters, const void *g, void *buffer,
                const engine_sgd_options *options);

typedef struct {
    double beta1, beta2, epsilon;
    double step_size;  /* rate / (1 - beta1^step) */
    double correction; /* sqrt(1 - beta2^step) */
    double decay;      /* added to the gradient: decay * parameter (Adam) */
    double shrink;     /* what parameters are multiplied by first: 1 - rate * decay (AdamW), or 1 */
    int maximize;
} engine_adam_options;

/* average, square: the running averages of g and g * g. greatest: of the latter, the greatest so
 * far (amsgrad), or NULL. */
void engine_adam(int kind, ptrdiff_t n, void *parameters, const void *g, void *average,
                 void *square, void *greatest, const engine_adam_options *options);

/* --- fused_sums.c ----------------------------------------------------------------------------- */

/* out[o][i] = the sum over k of x[o][k][i], for x of outer x n x inner. Summed in blocks: the error
 * grows with n / 64, not with n. */
void engine_sum(int kind, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, void *out);

/* out = 0 where x < 0, else x: NaN stays, and so does -0, as in PyTorch. out may be x. */
void engine_relu(int kind, ptrdiff_t n, const void *x, void *out);

/* dx = g where out is not <= 0, else 0; out is what relu gave, or its x. dx may be g. */
void engine_relu_backward(int kind, ptrdiff_t n, const void *g, const void *out, void *dx);

/* The same over rows x cols, and in the same pass sums[c] = the sum of dx[r][c] over r, summed like
 * engine_sum. dx may be g. */
void engine_bias_relu_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                               const void *out, void *dx, void *sums);

/* --- fused_norm.c ----------------------------------------------------------------------------- */

/* Along each row: out = (x - mean) * rstd * weight + bias, rstd = 1 / sqrt(variance + epsilon), the
 * variance being the mean of (x - mean)^2. weight, bias: cols numbers, or NULL for ones and zeros.
 * mean, rstd: one number a row. */
void engine_layer_norm(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, const void *weight,
                       const void *bias, double epsilon, void *out, void *mean, void *rstd);

/* With normal = (x - mean) * rstd and h = g * weight along each row:
 *     dx = rstd * (h - mean(h) - normal * mean(h * normal))
 * and over the rows dweight = sum(g * normal), dbias = sum(g). dweight and dbias are always
 * written. dx may be g. Gives 0, or -1 if there was no memory for the totals of its parts, which
 * only large calls have; then the results are worthless. */
int engine_layer_norm_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                               const void *x, const void *mean, const void *rstd,
                               const void *weight, void *dx, void *dweight, void *dbias);

/* --- erf.c: the error function is in erf.h ---------------------------------------------------- */

/* out = x * cdf(x), cdf(x) = (1 + erf(x / sqrt(2))) / 2. out may be x. */
void engine_gelu(int kind, ptrdiff_t n, const void *x, void *out);

/* dx = g * (cdf(x) + x * pdf(x)), pdf(x) = exp(-x*x / 2) / sqrt(2 pi). dx may be g or x. */
void engine_gelu_backward(int kind, ptrdiff_t n, const void *g, const void *x, void *dx);

/* --- fused_lstm.c: one step, each cell by itself ---------------------------------------------- */

/* All are rows x width, but for `input`, `state` and `share`, which are rows x (4 width), the gates
 * i, f, n, o side by side, and for `gates` and `to_gates`, which are 4 x rows x width. */
typedef struct {
    ptrdiff_t rows, width;
    const void *input, *state; /* read forward: what the input and the state before contribute */
    const void *cell_before;   /* read both ways */
    void *gates, *cell;        /* written forward, read backward */
    void *hidden;              /* written forward */
    /* Backward: what arrives at the results, each NULL for nothing; what the later step hands to
     * this state; what it hands to this cell, changed to what this one hands on; for the gates. */
    const void *to_hidden, *to_cell, *to_gates, *g_hidden;
    void *g_cell, *share;
} engine_lstm_step;

/* With x = input + state in four blocks: i, f, o = sigmoid of their blocks and n = tanh of its own;
 * cell = f * cell_before + i * n, hidden = o * tanh(cell). tanh is within 4.5 units in the last
 * place. */
void engine_lstm(int kind, const engine_lstm_step *step);

/* The gradient: with h = g_hidden + to_hidden and c = g_cell + to_cell + h * o * (1 - tanh(cell)^2)
 * share = ((c*n, c*cell_before, c*i, h*tanh(cell)) + to_gates) * the slopes of the gates, and
 * g_cell = c * f. */
void engine_lstm_backward(int kind, const engine_lstm_step *step);

/* --- fused_running.c: along the middle one of three axes, outer x n x inner -------------------- */

enum { ENGINE_RUNNING_SUM, ENGINE_RUNNING_PRODUCT, ENGINE_RUNNING_GREATEST, ENGINE_RUNNING_LEAST };
enum { ENGINE_RUNNING_ROWS = 4 }; /* that many rows are walked side by side */

/* out[o][k][i] = the sum (or product) of x[o][0..k][i], of x[o][k..n-1][i] with `backwards`; carried
 * in double precision. Fast and twin give the same bits. */
void engine_running(int kind, int what, int backwards, ptrdiff_t outer, ptrdiff_t n,
                    ptrdiff_t inner, const void *x, void *out);

/* out[o][k][i] = the greatest (or least) of x[o][0..k][i], places[o][k][i] = the last k that has it.
 * A NaN is greater and less than all else. Fast and twin give the same bits. */
void engine_running_extreme(int kind, int what, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner,
                            const void *x, void *out, int64_t *places);

/* out[o][i] = the product over k of x[o][k][i]; has_zero[o] = whether one of x[o] is 0, which a
 * product that is 0 does not say. */
void engine_product_over(int kind, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x,
                         void *out, uint8_t *has_zero);

#endif
