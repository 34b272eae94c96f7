/* A whole call: which way round, and in how many pieces for how many threads. Included twice by
 * matmul.c, after matmul_loop.h, with REAL and NAME defined. No include guard on purpose. */

/* What the jobs of a call share. A job is a few neighbouring matrices of the stack, or a part of
 * one. */
typedef struct {
    NAME(piece) first; /* of the stack, whole */
    const engine_stack *stack;
    int dimensions, turned;
    ptrdiff_t matrices, matrices_at_once;
    ptrdiff_t row_cuts, column_cuts, rows_at_once, columns_at_once;
    failure failed;
} NAME(call);

/* The piece as it is, C's rows being runs; or, where its columns are, the whole equation turned
 * over: C' = B' A'. A single column becomes a single row, which is quicker, if its A is turned. */
static NAME(piece) NAME(right_way_round)(const engine_matmul *p, int *turned)
{
    /* Dot products where A's rows and B's columns are runs and long: to turn over a transposed B
     * costs more than a product with few rows has to spend. Also for few columns, because vectors
     * along j would be half empty, unless there are tiles for as many: compared are the costs of a
     * row, in multiply-adds of a vector, and 4 for adding up the lanes of a dot product. Only n, k
     * and the directions of a and b may count here, see matmul.h. */
    const ptrdiff_t lanes = 64 / (ptrdiff_t)sizeof(REAL);
    const int few = p->k > 0 && p->n < 2 * lanes &&
                    (p->n == 1 || p->n * (p->k / lanes + 4) < (p->n + lanes - 1) / lanes * p->k);
    const int runs = p->b_row == 1 && p->k * (ptrdiff_t)sizeof(REAL) >= DOT_LEAST_BYTES;
    const NAME(engine_narrow) *fit = NAME(engine_tiles_in_use)()->narrow;
    const int narrow = fit && fit->least <= p->n && p->n <= fit->most && p->a_column == 1 &&
                       NARROW_LEAST_STEPS <= p->k && p->k <= NARROW_MOST_STEPS;
    const int dots = p->a_column == 1 && (few || runs) && !narrow;
    *turned = !dots && !narrow && (p->n == 1 ? p->c_row == 1 && p->m > 1 : p->c_column != 1);
    if (*turned)
        return (NAME(piece)){.m = p->n, .n = p->m, .k = p->k,
                             .a = p->b, .a_row = p->b_column, .a_step = p->b_row,
                             .b = p->a, .b_step = p->a_column, .b_column = p->m == 1 ? 1 : p->a_row,
                             .c = p->c, .c_row = p->c_column, .c_column = 1,
                             .row_bias = p->bias, .relu = p->relu};
    return (NAME(piece)){.m = p->m, .n = p->n, .k = p->k,
                         .a = p->a, .a_row = p->a_row, .a_step = p->a_column,
                         .b = p->b, .b_step = p->b_row,
                         .b_column = p->n == 1 && !dots ? 1 : p->b_column,
                         .c = p->c, .c_row = p->c_row, .c_column = dots || narrow ? p->c_column : 1,
                         .column_bias = p->bias, .relu = p->relu,
                         .narrow = narrow, .dots = dots, .lonely = p->n == 1};
}

/* One matrix of the stack, or a part of it. */
static int NAME(part)(const NAME(call) *call, ptrdiff_t matrix, ptrdiff_t row_cut,
                      ptrdiff_t column_cut)
{
    NAME(piece) p = call->first;
    const engine_stack *stack = call->stack;
    for (int axis = call->dimensions - 1; axis >= 0; axis--) {
        const ptrdiff_t here = matrix % stack->shape[axis];
        matrix /= stack->shape[axis];
        p.a += here * (call->turned ? stack->b_step : stack->a_step)[axis];
        p.b += here * (call->turned ? stack->a_step : stack->b_step)[axis];
        p.c += here * stack->c_step[axis];
    }
    const ptrdiff_t i = row_cut * call->rows_at_once, j = column_cut * call->columns_at_once;
    p.m = p.m - i < call->rows_at_once ? p.m - i : call->rows_at_once;
    p.n = p.n - j < call->columns_at_once ? p.n - j : call->columns_at_once;
    p.a += i * p.a_row;
    p.b += j * p.b_column;
    p.c += i * p.c_row + j * p.c_column;
    p.row_bias = NAME(further)(p.row_bias, i);
    p.column_bias = NAME(further)(p.column_bias, j);
    return NAME(compute)(&p);
}

static void NAME(job)(void *context, ptrdiff_t job)
{
    NAME(call) *call = context;
    const ptrdiff_t cuts = call->row_cuts * call->column_cuts;
    const ptrdiff_t cut = job % cuts;
    ptrdiff_t matrix = job / cuts * call->matrices_at_once;
    const ptrdiff_t end = matrix + call->matrices_at_once;
    for (; matrix < end && matrix < call->matrices; matrix++)
        if (NAME(part)(call, matrix, cut / call->column_cuts, cut % call->column_cuts))
            SET_FAILED(call->failed);
}

/* Cuts a matrix into at most `most` parts, those that are done soonest if all threads take them in
 * turn. A part takes (rows + a) * (columns + b) of time: its columns of B are copied and its rows
 * of A are fetched anew, which takes as long as a few more rows and columns would. */
static void NAME(cut_matrix)(NAME(call) *call, ptrdiff_t most, int threads)
{
    const NAME(piece) *p = &call->first;
    const int copies_a = !p->dots && NAME(plan_of)(p).pack_a;
    const ptrdiff_t row_cuts = (p->m + FEW_ROWS - 1) / FEW_ROWS;
    const ptrdiff_t column_cuts = (p->n + COLUMN_GRAIN - 1) / COLUMN_GRAIN;
    double least = -1;
    for (ptrdiff_t r = 1; r <= most && r <= row_cuts; r++) {
        const ptrdiff_t c = most / r < column_cuts ? most / r : column_cuts;
        const ptrdiff_t rows = (p->m + r - 1) / r;
        const ptrdiff_t columns = round_up((p->n + c - 1) / c, COLUMN_GRAIN);
        const ptrdiff_t rounds = (call->matrices * r * c + threads - 1) / threads;
        const double time = (double)rounds * (double)(rows + COPY_IN_ROWS) *
                            (double)(columns + (copies_a ? 2 : 1) * FETCH_IN_COLUMNS);
        if (least >= 0 && time >= least)
            continue;
        least = time;
        call->rows_at_once = rows;
        call->columns_at_once = columns;
    }
    call->row_cuts = (p->m + call->rows_at_once - 1) / call->rows_at_once;
    call->column_cuts = (p->n + call->columns_at_once - 1) / call->columns_at_once;
}

/* Cuts the stack, and if it is too short for the threads the matrices: one part for each thread, so
 * that it finds in its caches what it had the last time; several, if one takes so long that the
 * others might have to wait for it. */
static ptrdiff_t NAME(cut)(NAME(call) *call)
{
    const NAME(piece) *p = &call->first;
    const double work = (double)p->m * (double)p->n * (double)(p->k + 1);
    const double worth = work * (double)call->matrices / WORTH_A_JOB;
    const int threads = worth < 2 ? 1 : engine_threads_here();
    call->row_cuts = call->column_cuts = call->matrices_at_once = 1;
    call->rows_at_once = p->m;
    call->columns_at_once = p->n;
    if (threads == 1) {
        call->matrices_at_once = call->matrices;
        return 1;
    }
    const double most = worth < 4.0 * threads ? worth : 4.0 * threads;
    if ((double)call->matrices >= most) {
        call->matrices_at_once = (ptrdiff_t)((double)call->matrices / most);
        return (call->matrices + call->matrices_at_once - 1) / call->matrices_at_once;
    }
    const int several = call->matrices > 1 || worth > (double)A_LONG_JOB * threads;
    const double parts = worth < threads ? worth : several ? 2.0 * threads : threads;
    NAME(cut_matrix)(call, (ptrdiff_t)((parts + (double)call->matrices - 1) /
                                       (double)call->matrices), threads);
    return call->matrices * call->row_cuts * call->column_cuts;
}

int NAME(engine_matmul)(const engine_matmul *product, const engine_stack *stack)
{
    if (stack == NULL && (double)product->m * (double)product->n * (double)(product->k + 1) <
                             2.0 * WORTH_A_JOB) {
        /* A small product is on its way without further ado: the rest would cost as much again. */
        int turned;
        if (product->m == 0 || product->n == 0)
            return 0;
        const NAME(piece) piece = NAME(right_way_round)(product, &turned);
        return NAME(compute)(&piece);
    }
    engine_matmul p = *product;
    NAME(call) call = {.stack = stack, .dimensions = stack ? stack->dimensions : 0, .matrices = 1};
    /* A stack whose rows are evenly apart, all with one B, is one taller matrix. */
    while (call.dimensions > 0) {
        const int axis = call.dimensions - 1;
        const int even = p.m == 1 || (stack->a_step[axis] == p.m * p.a_row &&
                                      stack->c_step[axis] == p.m * p.c_row);
        /* subtle: a single row of C may be a column's worth of runs; several of them are not. */
        const int dense = p.m > 1 || p.n == 1 || p.c_column == 1 || stack->c_step[axis] == 1;
        if (!even || !dense || stack->b_step[axis] != 0)
            break;
        if (p.m == 1) {
            p.a_row = stack->a_step[axis];
            p.c_row = stack->c_step[axis];
        }
        p.m *= stack->shape[axis];
        call.dimensions--;
    }
    for (int axis = 0; axis < call.dimensions; axis++)
        call.matrices *= stack->shape[axis];
    if (p.m == 0 || p.n == 0 || call.matrices == 0)
        return 0;
    call.first = NAME(right_way_round)(&p, &call.turned);
    const ptrdiff_t jobs = NAME(cut)(&call);
    if (jobs == 1)
        NAME(job)(&call, 0);
    else
        engine_parallel(jobs, NAME(job), &call);
    return HAS_FAILED(call.failed) ? -1 : 0;
}
