/* See twister.h. The loops are in twister_loop.h, compiled for each instruction set. */
#include "twister.h"
#include "instruction_set.h"

enum { WORDS = ENGINE_TWISTER_WORDS, MIDDLE = 397 };
#define UPPER 0x80000000u
#define TWIST 0x9908b0dfu

#if defined(__clang__)
#define IVDEP _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define IVDEP _Pragma("GCC ivdep")
#else
#define IVDEP
#endif

#define TARGET
#define NAME(name) name##_portable
#include "twister_loop.h"
#undef TARGET
#undef NAME

#if ENGINE_HAS_X86_TARGETS
#define TARGET __attribute__((target("avx2")))
#define NAME(name) name##_avx2
#include "twister_loop.h"
#undef TARGET
#undef NAME
#endif

ptrdiff_t engine_twister(uint32_t *key, ptrdiff_t position, ptrdiff_t n, uint32_t *out)
{
#if ENGINE_HAS_X86_TARGETS
    if (engine_instruction_set() >= ENGINE_AVX2)
        return twister_avx2(key, position, n, out);
#endif
    return twister_portable(key, position, n, out);
}
