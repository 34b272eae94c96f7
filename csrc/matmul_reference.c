/* The naive twin of matmul.c: the definition, three loops. The oracle, and the place to begin. */
#include "matmul.h"

#define REAL double
#define NAME(name) name##_float64
#include "matmul_reference_loop.h"
#undef REAL
#undef NAME

#define REAL float
#define NAME(name) name##_float32
#include "matmul_reference_loop.h"
