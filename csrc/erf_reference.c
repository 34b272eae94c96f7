/* The naive twin of erf.c: one library call an element. It is the oracle that the fast one is held
 * to, and the lesson to read first. Not for speed. */
#include "erf.h"

#include <math.h>

#define REAL double
#define NAME(name) name##_float64
#include "erf_reference_loop.h"
#undef REAL
#undef NAME

#define REAL float
#define NAME(name) name##_float32
#include "erf_reference_loop.h"
