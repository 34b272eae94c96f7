/* The error function, fast: a formula without a branch, so that the compiler turns the loop over
 * the elements into vector instructions. The formula is in erf_loop.h; the constants of each
 * precision are in precision_float64.h and its twin. Not a copy of anybody's library: the
 * coefficients are fitted by erf_coefficients.py. */
#include "erf.h"
#include "erf_coefficients.h"
#include "fused_share.h"
#include "instruction_set.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")
#else
#define ALWAYS_INLINE static inline
#define UNROLL
#endif

#define NANOSECONDS 1.5 /* an element takes about as long, on one thread */
enum { STEP = 1024 };   /* elements: where stretches of different threads may meet */

#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))

/* From EDGE on the result rounds to 1. */
#include "precision_float64.h"
#define NAME(name) name##_float64
#define EDGE 6.0
#include "erf_loop.h"
#undef NAME
#undef EDGE
#include "precision_end.h"

#include "precision_float32.h"
#define NAME(name) name##_float32
#define EDGE 4.0f
#include "erf_loop.h"
#undef NAME
#undef EDGE
#include "precision_end.h"
