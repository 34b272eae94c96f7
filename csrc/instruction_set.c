/* Asks the processor what it can do. See instruction_set.h; holds no kernel. */
#include "instruction_set.h"

static int richest = ENGINE_PORTABLE;
static int in_use = ENGINE_PORTABLE;

void engine_instruction_set_detect(void)
{
#if ENGINE_HAS_X86_TARGETS
    /* These also ask whether the operating system saves the wide registers. */
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        richest = ENGINE_AVX2;
    if (richest == ENGINE_AVX2 && __builtin_cpu_supports("avx512f"))
        richest = ENGINE_AVX512;
#endif
    in_use = richest;
}

int engine_instruction_set(void)
{
    return in_use;
}

void engine_instruction_set_limit(int at_most)
{
    in_use = at_most < richest ? at_most : richest;
}
