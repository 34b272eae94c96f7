/* Included twice by convolution_tiles.h, with REAL and NAME defined. No include guard on purpose.
 * No function here allocates or can fail; what is written overlaps nothing that is read, except for
 * `from`, which may be `results` itself. */

/* panel[count][vectors * width] -> results[rows][vectors * width], a row every `stride`. `from` is
 * added at the end; its rows lie from_stride apart, which may be 0. What is then below `least`
 * becomes `least`: 0 for relu, -infinity for none. A NaN stays. */
typedef void NAME(engine_broadcast)(ptrdiff_t count, const REAL *const *row_start,
                                    const ptrdiff_t *offset, const REAL *panel, const REAL *from,
                                    ptrdiff_t from_stride, REAL least, REAL *results,
                                    ptrdiff_t stride);

/* panel[count][rows] -> out[row * out_stride + out_start[vector] + lane], of every vector the first
 * lanes[vector] elements. Vectors are read whole. bias has `rows` elements and is added at the
 * end; `least` as above. */
typedef void NAME(engine_shifted)(ptrdiff_t count, const REAL *const *vector_start,
                                  const ptrdiff_t *offset, const REAL *panel, const REAL *bias,
                                  REAL least, REAL *out, ptrdiff_t out_stride,
                                  const ptrdiff_t *out_start, const int *lanes);

/* Adds to sums[tap]; reads no element beyond the rows and columns. */
typedef void NAME(engine_dot)(ptrdiff_t rows, ptrdiff_t columns, const REAL *g, ptrdiff_t g_stride,
                              const REAL *const *tap_start, ptrdiff_t image_stride, REAL *sums);

typedef struct NAME(engine_convolution_tiles) {
    int width;          /* elements of a vector */
    int broadcast_rows; /* the most rows that `broadcast` takes at once */
    int shifted_rows;   /* the most rows that `shifted` takes at once, */
    int shifted_vectors[ENGINE_MAX_SHIFTED_ROWS + 1]; /* and the most vectors with so many rows */

    NAME(engine_broadcast) *broadcast[ENGINE_MAX_BROADCAST_ROWS + 1][3]; /* [rows][vectors: 1, 2] */
    /* [rows][vectors]; there are those for 1, 2 and the most vectors, the others are NULL. */
    NAME(engine_shifted) *shifted[ENGINE_MAX_SHIFTED_ROWS + 1][ENGINE_MAX_SHIFTED_VECTORS + 1];
    NAME(engine_dot) *dot[ENGINE_MAX_DOT_TAPS + 1]; /* [taps] */

    /* out[column * out_stride + row] = in[row * in_stride + column] */
    void (*transpose)(ptrdiff_t rows, ptrdiff_t columns, const REAL *in, ptrdiff_t in_stride,
                      REAL *out, ptrdiff_t out_stride);
} NAME(engine_convolution_tiles);

/* The set for the instruction set in use. */
const NAME(engine_convolution_tiles) *NAME(engine_convolution_tiles_in_use)(void);
