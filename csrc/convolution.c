/* Convolution, fast. convolution_geometry.h says where everything lies, convolution_loop.h and the
 * files beside it cut the work into jobs and pack, convolution_tiles.h has the innermost loops.
 * This file holds the sizes and says both precisions. */
#include "convolution.h"
#include "convolution_geometry.h"
#include "convolution_tiles.h"
#include "matmul.h"
#include "scratch.h"
#include "threads.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Set by any job, read when all are done. */
#if defined(__STDC_NO_ATOMICS__) || defined(_MSC_VER)
typedef volatile int engine_flag;
static void engine_flag_clear(engine_flag *flag) { *flag = 0; }
static void engine_flag_set(engine_flag *flag) { *flag = 1; }
static int engine_flag_is_set(engine_flag *flag) { return *flag; }
#else
#include <stdatomic.h>
typedef atomic_int engine_flag;
static void engine_flag_clear(engine_flag *flag) { atomic_store(flag, 0); }
static void engine_flag_set(engine_flag *flag) { atomic_store(flag, 1); }
static int engine_flag_is_set(engine_flag *flag) { return atomic_load(flag); }
#endif

enum {
    /* Places computed before they are turned over and stored, and where lines are short. */
    CHUNK = 56,
    MOST_CHUNK = 84,
    LINE = 64, /* bytes of a cache line */
    FETCHED_AT_ONCE = 16 * 1024, /* bytes of results, half of the first cache */
    /* Bytes. Together a slab and the weights leave some of a 1 MB second cache for the results. */
    SLAB_IN_CACHE = 300 * 1024,
    WEIGHTS_IN_CACHE = 256 * 1024,
    /* Places of g that are turned over at once: a panel of them is 64 KB. */
    MOST_PLACES = 512,
    /* Places of a stack of images at once: six channels of them are 24 KB. */
    PLACES_OF_A_STACK = 48,
    /* With more terms turning results over costs little beside computing them, and channels fill a
     * vector as well as images do. 16 channels of a kernel of side 3. */
    FEW_TERMS = 144,
    /* Lines in a chunk from which on a tile that goes down them keeps the processor busy. */
    FEWEST_LINES = 4,
    /* Taps that are turned over in a buffer of their own. */
    LARGE_KERNEL = 64,
    /* Places that repay turning the weights of a kernel of side 1 over. */
    WORTH_TURNING = 256,
    /* Multiply-adds: fewer are done before a second thread is awake. */
    WORTH_A_JOB = 250000,
    JOBS_A_THREAD = 4
};

#define REAL float
#define NAME(name) name##_float32
#include "convolution_loop.h"
#include "convolution_slab_loop.h"
#include "convolution_job_loop.h"
#include "convolution_plane_loop.h"
#include "convolution_point_loop.h"
#include "convolution_call_loop.h"
#include "convolution_stack_loop.h"
#include "convolution_weight_loop.h"
#undef REAL
#undef NAME

#define REAL double
#define NAME(name) name##_float64
#include "convolution_loop.h"
#include "convolution_slab_loop.h"
#include "convolution_job_loop.h"
#include "convolution_plane_loop.h"
#include "convolution_point_loop.h"
#include "convolution_call_loop.h"
#include "convolution_stack_loop.h"
#include "convolution_weight_loop.h"
