/* The kernels of matmul_thin.h, made for every precision and instruction set, and the choice among
 * them. The loops are in matmul_thin_loop.h. */
#include "matmul_thin.h"
#include "instruction_set.h"

#define EACH "matmul_thin_loop.h"
#include "matmul_vector_each.h"

const engine_thins_float32 *engine_thins_in_use_float32(void)
{
#if ENGINE_HAS_X86_TARGETS
    if (engine_instruction_set() == ENGINE_AVX512)
        return &thins_float32_avx512;
    if (engine_instruction_set() == ENGINE_AVX2)
        return &thins_float32_avx2;
#endif
    return &thins_float32_portable;
}

const engine_thins_float64 *engine_thins_in_use_float64(void)
{
#if ENGINE_HAS_X86_TARGETS
    if (engine_instruction_set() == ENGINE_AVX512)
        return &thins_float64_avx512;
    if (engine_instruction_set() == ENGINE_AVX2)
        return &thins_float64_avx2;
#endif
    return &thins_float64_portable;
}
