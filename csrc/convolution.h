/* Convolution of images, and its two gradients: the contract that convolution.c (fast) and
 * convolution_reference.c (naive) both keep. Plain C, no Python in sight.
 *
 *     out[n, o, r, c] = bias[o] + sum over i, p, q of
 *         x[n, i, r*stride + p*dilation - pad_top, c*stride + q*dilation - pad_left] * w[o, i, p, q]
 *
 * where x counts as zero outside of itself, and with groups the channel o sees only the input
 * channels of its own group. (A mathematician calls this a cross-correlation.) One dimension is two
 * with a height of 1.
 *
 * All arrays are dense, aligned and in the order N C H W; w is
 * [out_channels][in_channels / groups][kernel_height][kernel_width]. What is written may not overlap
 * what is read. Every size may be 0, but not groups, strides and dilations.
 *
 * Inf and NaN: the zeros around x, and around g in to_input, are multiplied like any other number,
 * as if the caller had padded; so 0 * Inf at a border is NaN. Beyond that every number reaches the
 * results whose formula it is in and no other, and none is lost.
 *
 * Every function answers ENGINE_CONVOLUTION_DONE or, having written nothing that can be relied on,
 * ENGINE_CONVOLUTION_NO_MEMORY. The sizes are the caller's to check: consistent, not negative (a
 * pad may be, it crops), and each array within PTRDIFF_MAX bytes.
 *
 * How the fast one sums: one multiply-add a term, in one fixed order for each result. An element of
 * out or dx has the same bits alone and in a batch, and every result the same bits whatever the
 * number of threads.
 */
#ifndef ENGINE_CONVOLUTION_H
#define ENGINE_CONVOLUTION_H

#include <stddef.h>

enum { ENGINE_CONVOLUTION_DONE = 0, ENGINE_CONVOLUTION_NO_MEMORY = -1 };

/* Pairs are (along the height, along the width). The padding below and to the right is implied by
 * the size of the output; it may even be less than nothing, when the last input lines are unused. */
typedef struct engine_convolution {
    ptrdiff_t batch, groups, in_channels, out_channels; /* channels of all groups together */
    ptrdiff_t in[2], out[2], kernel[2], stride[2], dilation[2], pad[2];
} engine_convolution;

/* Forward. bias has out_channels elements, or is NULL. With relu, what is negative becomes 0. */
int engine_convolve_float32(const engine_convolution *shape, const float *x, const float *w,
                            const float *bias, int relu, float *out);
int engine_convolve_float64(const engine_convolution *shape, const double *x, const double *w,
                            const double *bias, int relu, double *out);
int engine_convolve_reference_float32(const engine_convolution *shape, const float *x,
                                      const float *w, const float *bias, int relu, float *out);
int engine_convolve_reference_float64(const engine_convolution *shape, const double *x,
                                      const double *w, const double *bias, int relu, double *out);

/* The gradient to the input: dx[..] = the sum of g * w over all the places where x[..] was used.
 * Called forward this is the transposed convolution, and so it takes a bias (in_channels elements,
 * or NULL) and relu as well. */
int engine_convolve_to_input_float32(const engine_convolution *shape, const float *g,
                                     const float *w, const float *bias, int relu, float *dx);
int engine_convolve_to_input_float64(const engine_convolution *shape, const double *g,
                                     const double *w, const double *bias, int relu, double *dx);
int engine_convolve_to_input_reference_float32(const engine_convolution *shape, const float *g,
                                               const float *w, const float *bias, int relu,
                                               float *dx);
int engine_convolve_to_input_reference_float64(const engine_convolution *shape, const double *g,
                                               const double *w, const double *bias, int relu,
                                               double *dx);

/* The gradient to the weight: dw[o, i, p, q] = the sum of g * x over images and places. */
int engine_convolve_to_weight_float32(const engine_convolution *shape, const float *g,
                                      const float *x, float *dw);
int engine_convolve_to_weight_float64(const engine_convolution *shape, const double *g,
                                      const double *x, double *dw);
int engine_convolve_to_weight_reference_float32(const engine_convolution *shape, const float *g,
                                                const float *x, float *dw);
int engine_convolve_to_weight_reference_float64(const engine_convolution *shape, const double *g,
                                                const double *x, double *dw);

/* The gradient to the bias: db[c] = the sum of g[:, c, :], where g is [batch][channels][places].
 * Nothing is allocated, nothing can fail. */
void engine_convolve_to_bias_float32(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t places,
                                     const float *g, float *db);
void engine_convolve_to_bias_float64(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t places,
                                     const double *g, double *db);
void engine_convolve_to_bias_reference_float32(ptrdiff_t batch, ptrdiff_t channels,
                                               ptrdiff_t places, const float *g, float *db);
void engine_convolve_to_bias_reference_float64(ptrdiff_t batch, ptrdiff_t channels,
                                               ptrdiff_t places, const double *g, double *db);

#endif
