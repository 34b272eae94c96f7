/* Compiles LOOPS for float64 and float32, for the instruction set of TARGET and SET: the inner half
 * of fused_each.h. No include guard on purpose. */
#include "precision_float64.h"
#include "fused_lanes.h"
#include LOOPS
#include "precision_end.h"

#include "precision_float32.h"
#include "fused_lanes.h"
#include LOOPS
#include "precision_end.h"
