/* Memory for working copies: packed panels and the like. Contract.
 *
 * engine_scratch_take gives `bytes` (>= 0) bytes that begin with a cache line, uninitialised, or
 * NULL if there is none; engine_scratch_give takes them back, on the same thread, and takes NULL
 * too.
 *
 * Why not malloc alone: large blocks go back to the system when they are freed, and the system
 * hands out new pages one fault at a time, which costs more than filling them. So every thread
 * keeps two blocks that it gave back, of up to ENGINE_SCRATCH_KEPT bytes each, until it ends.
 * Whoever takes a third block while holding two gets one from malloc.
 */
#ifndef ENGINE_SCRATCH_H
#define ENGINE_SCRATCH_H

#include <stddef.h>

enum { ENGINE_SCRATCH_KEPT = 8 << 20 };

void *engine_scratch_take(ptrdiff_t bytes);
void engine_scratch_give(void *memory);

/* For tests of what happens without memory: this many blocks are given from now on and then none.
 * Negative, as it is at first: no limit. */
void engine_scratch_limit(ptrdiff_t blocks);

#endif
