/* Compiles a file of loops six times: for float32 and float64, each for every instruction set.
 *
 *     #define LOOPS "fused_softmax_loops.h"
 *     #include "fused_each.h"
 *
 * gives softmax_float32_portable, softmax_float64_avx2 and so on, all static, from one text that
 * says NAME(softmax). The loops work on vectors of 64 bytes, whatever the processor has: GCC and
 * Clang cut them into what is there. So sums are taken in the same order everywhere, and every
 * instruction set gives the same bits. Compilers that know no such vectors get the naive twins.
 * REGISTER is the width in bits where the loops may call the processor's own functions by name
 * (fused_lanes.h does, for what plain C says badly), else 0.
 *
 * FUSED_RUN then picks one of the six, or the twin, by `kind`. No include guard on purpose.
 */
#ifndef ENGINE_FUSED_EACH_H
#define ENGINE_FUSED_EACH_H

#include "erf_coefficients.h"
#include "fused.h"
#include "instruction_set.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if ENGINE_HAS_X86_TARGETS
#include <immintrin.h>
#endif

#if defined(__GNUC__) || defined(__clang__)
#define HAS_LANES 1
#define ALWAYS_INLINE TARGET static inline __attribute__((always_inline))
/* For what is long, or called from several places. Not every file of loops uses every helper. */
#define KERNEL TARGET static __attribute__((unused))
#define UNROLL _Pragma("GCC unroll 32")
/* For a short loop of constant length that should become vectors: unrolled, it would not. */
#define NO_UNROLL _Pragma("GCC unroll 1")
/* Says that no step of the loop reads what another one wrote. */
#if defined(__clang__)
#define IVDEP _Pragma("clang loop vectorize(assume_safety)")
#else
#define IVDEP _Pragma("GCC ivdep")
#endif
#pragma GCC diagnostic ignored "-Wpsabi" /* no vector crosses a call: the helpers are inlined */
#else
#define HAS_LANES 0
#endif

#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))
#define PASTE(name, real, set) name##_##real##_##set
#define PASTE_EXPANDED(name, real, set) PASTE(name, real, set)
#define NAME(name) PASTE_EXPANDED(name, REAL_NAME, SET)
#define PASTE_REAL(name, real) name##_##real
#define PASTE_REAL_EXPANDED(name, real) PASTE_REAL(name, real)
#define NAME_OF_REAL(name) PASTE_REAL_EXPANDED(name, REAL_NAME)

/* What kind asks for, as one number: twice the instruction set (3: the twin), and 1 for float64. */
static inline int engine_fused_version(int kind)
{
    const int twin = kind & ENGINE_FUSED_REFERENCE || !HAS_LANES;
    return 2 * (twin ? 3 : engine_instruction_set()) + (kind & ENGINE_FUSED_FLOAT64);
}

/* Calls the version of `name` that `kind` asks for. arguments: in parentheses; pointers to void
 * become pointers to the right precision. */
#define FUSED_RUN_PLAIN(name, arguments)                                                           \
    case 0: name##_float32_portable arguments; break;                                              \
    case 1: name##_float64_portable arguments; break
#define FUSED_RUN_X86(name, arguments)                                                             \
    case 2: name##_float32_avx2 arguments; break;                                                  \
    case 3: name##_float64_avx2 arguments; break;                                                  \
    case 4: name##_float32_avx512 arguments; break;                                                \
    case 5: name##_float64_avx512 arguments; break
#define FUSED_RUN_TWIN(name, arguments)                                                            \
    case 6: name##_float32_reference arguments; break;                                             \
    default: name##_float64_reference arguments

#if HAS_LANES && ENGINE_HAS_X86_TARGETS
#define FUSED_RUN(kind, name, arguments)                                                           \
    switch (engine_fused_version(kind)) {                                                          \
        FUSED_RUN_PLAIN(name, arguments);                                                          \
        FUSED_RUN_X86(name, arguments);                                                            \
        FUSED_RUN_TWIN(name, arguments);                                                           \
    }
#elif HAS_LANES
#define FUSED_RUN(kind, name, arguments)                                                           \
    switch (engine_fused_version(kind)) {                                                          \
        FUSED_RUN_PLAIN(name, arguments);                                                          \
        FUSED_RUN_TWIN(name, arguments);                                                           \
    }
#else
#define FUSED_RUN(kind, name, arguments)                                                           \
    switch (engine_fused_version(kind)) {                                                          \
        FUSED_RUN_TWIN(name, arguments);                                                           \
    }
#endif

#endif

#if HAS_LANES
#define TARGET
#define SET portable
#define REGISTER 0
#include "fused_precisions.h"
#undef TARGET
#undef SET
#undef REGISTER

#if ENGINE_HAS_X86_TARGETS
#define TARGET __attribute__((target("avx2,fma")))
#define SET avx2
#define REGISTER 256
#include "fused_precisions.h"
#undef TARGET
#undef SET
#undef REGISTER

#define TARGET __attribute__((target("avx512f")))
#define SET avx512
#define REGISTER 512
#include "fused_precisions.h"
#undef TARGET
#undef SET
#undef REGISTER
#endif
#endif

/* The twins: once for each precision, in plain C. */
#define SET reference
#include "precision_float64.h"
#include TWINS
#include "precision_end.h"
#include "precision_float32.h"
#include TWINS
#include "precision_end.h"
#undef SET
