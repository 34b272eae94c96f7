/* The register tiles of matmul_tile.h, made for every precision and instruction set, and the choice
 * among them. The loop itself is in matmul_tile_pieces.h. */
#include "matmul_tile.h"
#include "instruction_set.h"
#if ENGINE_HAS_X86_TARGETS
#include "convolution_transpose_avx.h"
#endif

#define EACH "matmul_tile_loop.h"
#include "matmul_vector_each.h"

const engine_tiles_float32 *engine_tiles_in_use_float32(void)
{
#if ENGINE_HAS_X86_TARGETS
    if (engine_instruction_set() == ENGINE_AVX512)
        return &tiles_float32_avx512;
    if (engine_instruction_set() == ENGINE_AVX2)
        return &tiles_float32_avx2;
#endif
    return &tiles_float32_portable;
}

const engine_tiles_float64 *engine_tiles_in_use_float64(void)
{
#if ENGINE_HAS_X86_TARGETS
    if (engine_instruction_set() == ENGINE_AVX512)
        return &tiles_float64_avx512;
    if (engine_instruction_set() == ENGINE_AVX2)
        return &tiles_float64_avx2;
#endif
    return &tiles_float64_portable;
}
