/* The innermost loops of convolution.c for every precision and instruction set, and the choice among
 * them. convolution_tile.h and convolution_plane_tile.h have the loops, matmul_vector.h the words
 * for vectors. The AVX ones multiply and add in one rounding, the portable ones in two. */
#include "convolution_tiles.h"
#include "instruction_set.h"

#if ENGINE_HAS_X86_TARGETS
#include "convolution_transpose_avx.h"
#endif

#define EACH "convolution_tile.h"
#include "matmul_vector_each.h"

#if ENGINE_HAS_X86_TARGETS
#define CHOOSE(real)                                                                               \
    switch (engine_instruction_set()) {                                                            \
    case ENGINE_AVX512: return &tiles_##real##_avx512;                                             \
    case ENGINE_AVX2: return &tiles_##real##_avx2;                                                 \
    default: return &tiles_##real##_portable;                                                      \
    }
#else
#define CHOOSE(real) return &tiles_##real##_portable;
#endif

const engine_convolution_tiles_float32 *engine_convolution_tiles_in_use_float32(void)
{
    CHOOSE(float32)
}

const engine_convolution_tiles_float64 *engine_convolution_tiles_in_use_float64(void)
{
    CHOOSE(float64)
}
