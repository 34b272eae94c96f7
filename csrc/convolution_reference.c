/* The naive twin of convolution.c: seven loops, as the formula in convolution.h says them. It is
 * the oracle that the fast one is held to, and the lesson to read first. Not for speed. */
#include "convolution.h"

#define REAL double
#define NAME(name) name##_float64
#include "convolution_reference_loop.h"
#undef REAL
#undef NAME

#define REAL float
#define NAME(name) name##_float32
#include "convolution_reference_loop.h"
