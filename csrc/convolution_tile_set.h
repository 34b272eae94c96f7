/* Included twice by convolution_tiles.h, with REAL and NAME defined. No include guard on purpose.
 * No function here allocates or can fail; what is written overlaps nothing that is read, except for
 * `from`, which may be `results` itself. With `relu`, what is negative at the end becomes 0. */

/* panel[k][vectors * width] -> results[rows][vectors * width], a row every `stride`. `from` is
 * added at the end; its rows lie from_stride apart, which may be 0. */
typedef void NAME(engine_broadcast)(const engine_terms *terms, const REAL *const *row_start,
                                    const ptrdiff_t *offset, const REAL *panel, const REAL *from,
                                    ptrdiff_t from_stride, int relu, REAL *results,
                                    ptrdiff_t stride);

/* panel[k][rows] -> out[row * out_stride + out_start[vector] + lane], of every vector the first
 * lanes[vector] elements. Vectors are read whole. bias has `rows` elements and is added at the
 * end. */
typedef void NAME(engine_shifted)(const engine_terms *terms, const REAL *const *vector_start,
                                  const ptrdiff_t *offset, const REAL *panel, const REAL *bias,
                                  int relu, REAL *out, ptrdiff_t out_stride,
                                  const ptrdiff_t *out_start, const int *lanes);

/* Adds to sums[tap]; reads no element beyond the rows and columns. */
typedef void NAME(engine_dot)(ptrdiff_t rows, ptrdiff_t columns, const REAL *g, ptrdiff_t g_stride,
                              const REAL *const *tap_start, ptrdiff_t image_stride, REAL *sums);

/* Adds to sums[row * sums_stride + tap * width + lane]. Places are `lines` times `columns` vectors:
 * those of g follow each other, a row every g_stride; a line of the image every image_stride, and
 * its places `image_step`. */
typedef void NAME(engine_stacked_dot)(ptrdiff_t lines, ptrdiff_t columns, const REAL *g,
                                      ptrdiff_t g_stride, const REAL *const *tap_start,
                                      ptrdiff_t image_stride, ptrdiff_t image_step, REAL *sums,
                                      ptrdiff_t sums_stride);

/* A plane of results, [lines][columns], from one of the image; see engine_plane_shape. What lies
 * outside of the image counts as 0 and is not touched; `zeros` is a line of such. w is
 * [kernel][kernel]. */
typedef void NAME(engine_plane)(const engine_plane_shape *shape, const REAL *image,
                                const REAL *zeros, const REAL *w, REAL bias, int relu, REAL *out);

/* Adds the products of a plane of g and what it sees of the image to sums[kernel][kernel][width]. */
typedef void NAME(engine_plane_dot)(const engine_plane_shape *shape, const REAL *image,
                                    const REAL *zeros, const REAL *g, REAL *sums);

typedef struct NAME(engine_convolution_tiles) {
    int width;          /* elements of a vector */
    int broadcast_rows; /* the most rows that `broadcast` takes at once */
    int shifted_rows;   /* the most rows that `shifted` takes at once, */
    int shifted_vectors[ENGINE_MAX_SHIFTED_ROWS + 1]; /* and the most vectors with so many rows */

    /* [rows][whether they are neighbours][vectors: 1, 2]; of neighbours only row_start[0] is read */
    NAME(engine_broadcast) *broadcast[ENGINE_MAX_BROADCAST_ROWS + 1][2][3];
    /* [rows][vectors]; there are those for 1, 2 and the most vectors, the others are NULL. */
    NAME(engine_shifted) *shifted[ENGINE_MAX_SHIFTED_ROWS + 1][ENGINE_MAX_SHIFTED_VECTORS + 1];
    NAME(engine_dot) *dot[ENGINE_MAX_DOT_TAPS + 1]; /* [taps] */
    /* [rows][taps]; see the sizes above, the others are NULL */
    NAME(engine_stacked_dot) *stacked_dot[ENGINE_STACKED_DOT_ROWS + 1][ENGINE_STACKED_DOT_TAPS + 1];
    NAME(engine_plane) *plane[ENGINE_MAX_PLANE_KERNEL + 1]; /* NULL but for kernels 3 and 5 */
    NAME(engine_plane_dot) *plane_dot[ENGINE_MAX_PLANE_KERNEL + 1];

    /* out[column * out_stride + row] = in[row * in_stride + column] */
    void (*transpose)(ptrdiff_t rows, ptrdiff_t columns, const REAL *in, ptrdiff_t in_stride,
                      REAL *out, ptrdiff_t out_stride);
} NAME(engine_convolution_tiles);

/* The set for the instruction set in use. */
const NAME(engine_convolution_tiles) *NAME(engine_convolution_tiles_in_use)(void);
