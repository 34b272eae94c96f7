/* Included twice by matmul_reference.c, with REAL and NAME defined. No include guard on purpose. */

static void NAME(reference_one)(const engine_matmul *p, const REAL *a, const REAL *b, REAL *c)
{
    const REAL *bias = p->bias;
    for (ptrdiff_t i = 0; i < p->m; i++)
        for (ptrdiff_t j = 0; j < p->n; j++) {
            REAL sum = 0;
            for (ptrdiff_t k = 0; k < p->k; k++)
                sum += a[i * p->a_row + k * p->a_column] * b[k * p->b_row + j * p->b_column];
            if (bias)
                sum += bias[j];
            if (p->relu && sum < 0)
                sum = 0;
            c[i * p->c_row + j * p->c_column] = sum;
        }
}

/* A stack is walked one axis at a time. */
static void NAME(reference_stack)(const engine_matmul *p, const engine_stack *stack, int axis,
                                  const REAL *a, const REAL *b, REAL *c)
{
    if (stack == NULL || axis == stack->dimensions) {
        NAME(reference_one)(p, a, b, c);
        return;
    }
    for (ptrdiff_t s = 0; s < stack->shape[axis]; s++)
        NAME(reference_stack)(p, stack, axis + 1, a + s * stack->a_step[axis],
                              b + s * stack->b_step[axis], c + s * stack->c_step[axis]);
}

int NAME(engine_matmul_reference)(const engine_matmul *product, const engine_stack *stack)
{
    NAME(reference_stack)(product, stack, 0, product->a, product->b, product->c);
    return 0;
}
