/* The product of matrices, fast. How a call is cut for the threads is in matmul_call_loop.h, how a
 * piece is cut for the caches in matmul_loop.h, the arithmetic itself in matmul_tile_pieces.h; this
 * file holds the sizes and says both precisions. */
#include "matmul.h"
#include "matmul_thin.h"
#include "matmul_tile.h"
#include "scratch.h"
#include "threads.h"

#include <string.h>

/* Set by any job, read when all are done. */
#if defined(__STDC_NO_ATOMICS__) || defined(_MSC_VER)
typedef int failure;
#define SET_FAILED(failed) ((failed) = 1)
#define HAS_FAILED(failed) (failed)
#else
#include <stdatomic.h>
typedef atomic_int failure;
#define SET_FAILED(failed) atomic_store(&(failed), 1)
#define HAS_FAILED(failed) atomic_load(&(failed))
#endif

enum {
    /* Multiply-adds: fewer are done before a second thread is awake. */
    WORTH_A_JOB = 250000,
    A_LONG_JOB = 4096, /* times that, for each thread */
    /* A job has whole panels of columns: they are 32, 16, 8 or 4 wide. Rows are cut anywhere. */
    COLUMN_GRAIN = 32,
    FEW_ROWS = 42,
    /* What it takes to copy a column of B, in rows of A that it is multiplied by; and to fetch a
     * row of A, in columns. */
    COPY_IN_ROWS = 20,
    FETCH_IN_COLUMNS = 24,
    /* A's block of MOST_ROWS x MOST_STEPS takes a quarter of the second cache of a megabyte and
     * half of a smaller one, and so do so many panels of B of MOST_STEPS rows. Found by trial;
     * within a third of these sizes little changes. */
    MOST_ROWS = 84,
    PANELS_THAT_STAY = 4,
    FIRST_CACHE_HALF = 16384, /* bytes */
    /* For fewer steps the tiles of few columns do not repay their packing; nor for more, since dot
     * products are then as fast, which need none. */
    NARROW_LEAST_STEPS = 32,
    NARROW_MOST_STEPS = 384,
    /* Dot products. From so many bytes of k on they read a single row's B faster than it is turned
     * over. So many bytes of a few columns stay in the first cache; so many rows of A, and that many
     * columns of B, in the second. */
    DOT_LEAST_BYTES = 3200,
    DOT_MOST_BYTES = 4096,
    DOT_MOST_ROWS = 128,
    DOT_MOST_COLUMNS = 42,
    WORTH_A_COPY = 16, /* rows of A, for another distance between B's columns */
    WORTH_PACKING = 28, /* the same, for the order in which they are read */
    DOT_PACKED_COLUMNS = 32
};

static ptrdiff_t round_up(ptrdiff_t x, ptrdiff_t grain)
{
    return (x + grain - 1) / grain * grain;
}

#define REAL double
#define NAME(name) name##_float64
#define MOST_STEPS 512
#define MOST_COLUMNS 512
#include "matmul_pack_loop.h"
#include "matmul_loop.h"
#include "matmul_call_loop.h"
#undef REAL
#undef NAME
#undef MOST_STEPS
#undef MOST_COLUMNS

#define REAL float
#define NAME(name) name##_float32
#define MOST_STEPS 768
#define MOST_COLUMNS 1024
#include "matmul_pack_loop.h"
#include "matmul_loop.h"
#include "matmul_call_loop.h"
