/* Includes the file whose quoted name is EACH once for every precision and every instruction set
 * that this compiler can do, with the words of matmul_vector.h defined for it. At most once in a
 * translation unit. */
#include "instruction_set.h"

#define LEVEL 0
#define PRECISION 32
#include "matmul_vector.h"
#include EACH
#undef PRECISION
#define PRECISION 64
#include "matmul_vector.h"
#include EACH
#undef PRECISION
#undef LEVEL

#if ENGINE_HAS_X86_TARGETS
#define LEVEL 1
#define PRECISION 32
#include "matmul_vector.h"
#include EACH
#undef PRECISION
#define PRECISION 64
#include "matmul_vector.h"
#include EACH
#undef PRECISION
#undef LEVEL

#define LEVEL 2
#define PRECISION 32
#include "matmul_vector.h"
#include EACH
#undef PRECISION
#define PRECISION 64
#include "matmul_vector.h"
#include EACH
#undef PRECISION
#undef LEVEL
#endif
