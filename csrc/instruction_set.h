/* Which instruction set the kernels use: found once, when the module is imported, by asking the
 * processor. So one build runs everywhere and still uses what is there; nothing is compiled with
 * -march=native. A kernel switches on engine_instruction_set() at its entry. */
#ifndef ENGINE_INSTRUCTION_SET_H
#define ENGINE_INSTRUCTION_SET_H

enum {
    ENGINE_PORTABLE = 0, /* whatever the compiler's plain target has: SSE2 on x86-64, NEON on ARM */
    ENGINE_AVX2 = 1,     /* AVX2 and FMA */
    ENGINE_AVX512 = 2    /* AVX-512 F */
};

/* GCC and Clang can compile one function for a richer processor than the rest of the file. */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define ENGINE_HAS_X86_TARGETS 1
#else
#define ENGINE_HAS_X86_TARGETS 0
#endif

/* Asks the processor. To be called once, before any kernel and before there are threads. */
void engine_instruction_set_detect(void);

/* The one in use. */
int engine_instruction_set(void);

/* Use nothing richer than `at_most` from now on, and never more than the processor has: for tests,
 * which hold every version to the same bits. Not while another thread is inside a kernel. */
void engine_instruction_set_limit(int at_most);

#endif
