# Matrix products as Python sees them; included by kernels.pyx. What may be multiplied, and what to
# do with everything that is not plain arrays, is engine/kernels/matmul.py's business.

cdef extern from "matmul.h" nogil:
    ctypedef struct engine_matmul:
        ptrdiff_t m, n, k
        const void *a
        ptrdiff_t a_row, a_column
        const void *b
        ptrdiff_t b_row, b_column
        void *c
        ptrdiff_t c_row, c_column
        const void *bias
        int relu

    ctypedef struct engine_stack:
        int dimensions
        const ptrdiff_t *shape
        const ptrdiff_t *a_step
        const ptrdiff_t *b_step
        const ptrdiff_t *c_step

    int engine_matmul_float32(const engine_matmul *product, const engine_stack *stack)
    int engine_matmul_float64(const engine_matmul *product, const engine_stack *stack)
    int engine_matmul_reference_float32(const engine_matmul *product, const engine_stack *stack)
    int engine_matmul_reference_float64(const engine_matmul *product, const engine_stack *stack)

cdef extern from "threads.h":
    void engine_set_threads(int threads)
    int engine_threads_now "engine_threads"()

ctypedef int (*matmul_kernel)(const engine_matmul *, const engine_stack *) noexcept nogil

cdef enum:
    # Multiply-adds below which giving the lock away costs more than it frees.
    WORTH_RELEASING_MATMUL = 100000
    MOST_DIMENSIONS = 64  # NumPy's own limit


cdef inline bint readable(cnp.ndarray x, int dtype) noexcept:
    """Aligned, in native byte order, of this dtype."""
    return cnp.PyArray_TYPE(x) == dtype and cnp.PyArray_ISBEHAVED_RO(x)


cdef int run_matmul(matmul_kernel kernel, const engine_matmul *product,
                    const engine_stack *stack, double matrices) except -1:
    cdef int failed
    if matrices * product.m * product.n * product.k < WORTH_RELEASING_MATMUL:
        failed = kernel(product, stack)
    else:
        with nogil:
            failed = kernel(product, stack)
    if failed:
        raise MemoryError("matmul: no memory for its working copies")
    return 0


cdef struct product_stack:
    # The axes in front of the matrices, and what a step along each is in A, B and C.
    ptrdiff_t[MOST_DIMENSIONS] shape
    ptrdiff_t[MOST_DIMENSIONS] a_step
    ptrdiff_t[MOST_DIMENSIONS] b_step
    ptrdiff_t[MOST_DIMENSIONS] c_step


cdef object matmul_plain(object a, object b, object bias, bint relu):
    """The product of two plain arrays, a new array; None if they (or bias) are anything else, or do
    not fit each other, or are both vectors."""
    if not (cnp.PyArray_CheckExact(a) and cnp.PyArray_CheckExact(b)):
        return None
    cdef cnp.ndarray left = <cnp.ndarray> a, right = <cnp.ndarray> b, out
    cdef int dtype = cnp.PyArray_TYPE(left), axis
    cdef int left_axes = cnp.PyArray_NDIM(left), right_axes = cnp.PyArray_NDIM(right)
    if dtype != cnp.NPY_FLOAT32 and dtype != cnp.NPY_FLOAT64:
        return None
    if left_axes < 1 or right_axes < 1 or left_axes + right_axes == 2:
        return None
    if not readable(left, dtype) or not readable(right, dtype):
        return None
    cdef int shift = 2 if dtype == cnp.NPY_FLOAT32 else 3
    cdef const cnp.npy_intp *left_shape = cnp.PyArray_DIMS(left)
    cdef const cnp.npy_intp *right_shape = cnp.PyArray_DIMS(right)
    cdef const cnp.npy_intp *left_steps = cnp.PyArray_STRIDES(left)
    cdef const cnp.npy_intp *right_steps = cnp.PyArray_STRIDES(right)
    cdef cnp.npy_intp odd = 0
    for axis in range(left_axes):
        odd |= left_steps[axis]
    for axis in range(right_axes):
        odd |= right_steps[axis]
    if odd & ((1 << shift) - 1):
        return None
    # A vector is a matrix of one row, or of one column; the result then has no such axis.
    cdef bint is_row = left_axes == 1, is_column = right_axes == 1
    cdef engine_matmul product
    product.m = 1 if is_row else left_shape[left_axes - 2]
    product.n = 1 if is_column else right_shape[right_axes - 1]
    product.k = left_shape[left_axes - 1]
    if right_shape[0 if is_column else right_axes - 2] != product.k:
        return None
    product.a = cnp.PyArray_DATA(left)
    product.a_row = 0 if is_row else left_steps[left_axes - 2] >> shift
    product.a_column = left_steps[left_axes - 1] >> shift
    product.b = cnp.PyArray_DATA(right)
    product.b_row = right_steps[0 if is_column else right_axes - 2] >> shift
    product.b_column = 0 if is_column else right_steps[right_axes - 1] >> shift
    product.bias = NULL
    if bias is not None:
        if (
            is_column
            or not cnp.PyArray_CheckExact(bias)
            or not readable(<cnp.ndarray> bias, dtype)
            or cnp.PyArray_NDIM(<cnp.ndarray> bias) != 1
            or cnp.PyArray_DIM(<cnp.ndarray> bias, 0) != product.n
            or not cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray> bias)
        ):
            return None
        product.bias = cnp.PyArray_DATA(<cnp.ndarray> bias)
    cdef int left_stack = 0 if is_row else left_axes - 2
    cdef int right_stack = 0 if is_column else right_axes - 2
    cdef int dimensions = max(left_stack, right_stack), of_left, of_right, axes
    cdef cnp.npy_intp[MOST_DIMENSIONS + 2] shape
    cdef product_stack steps
    cdef cnp.npy_intp own, other
    cdef double matrices = 1
    for axis in range(dimensions):
        of_left, of_right = axis - (dimensions - left_stack), axis - (dimensions - right_stack)
        own = left_shape[of_left] if of_left >= 0 else 1
        other = right_shape[of_right] if of_right >= 0 else 1
        if own != other and own != 1 and other != 1:
            return None
        shape[axis] = other if own == 1 else own
        steps.shape[axis] = shape[axis]
        steps.a_step[axis] = left_steps[of_left] >> shift if own != 1 else 0
        steps.b_step[axis] = right_steps[of_right] >> shift if other != 1 else 0
        matrices *= shape[axis]
    axes = dimensions
    if not is_row:
        shape[axes] = product.m
        axes += 1
    if not is_column:
        shape[axes] = product.n
        axes += 1
    out = cnp.PyArray_EMPTY(axes, shape, dtype, 0)
    for axis in range(dimensions):
        steps.c_step[axis] = cnp.PyArray_STRIDE(out, axis) >> shift
    product.c = cnp.PyArray_DATA(out)
    product.c_row = product.n
    product.c_column = 1
    product.relu = relu
    cdef engine_stack stack
    stack.dimensions = dimensions
    stack.shape = steps.shape
    stack.a_step = steps.a_step
    stack.b_step = steps.b_step
    stack.c_step = steps.c_step
    run_matmul(
        engine_matmul_float32 if dtype == cnp.NPY_FLOAT32 else engine_matmul_float64,
        &product, &stack if dimensions else NULL, matrices,
    )
    return out


def matmul_straight(object otherwise):
    """`otherwise`, a function of the same arguments, but plain arrays do not get to it: from the
    interpreter straight to C, without a frame of Python, which takes longer than small products."""
    def matmul(a, b, out=None, *, bias=None, relu=False):
        if out is None:
            out = matmul_plain(a, b, bias, relu)
            if out is not None:
                return out
        return otherwise(a, b, out, bias=bias, relu=relu)
    return matmul


def matmul_stack(
    cnp.ndarray a not None, cnp.ndarray b not None, cnp.ndarray out not None, object bias,
    bint relu, bint reference,
):
    """out[...] = a[...] @ b[...]: n axes each, n >= 2, the same lengths but for the last two.

    All of one dtype, aligned and native; the strides of `out` must be apart, and those of its last
    two axes must be one element for one of them. It may not overlap the others.
    """
    cdef int axes = cnp.PyArray_NDIM(out), dtype = cnp.PyArray_TYPE(out), axis, fits = axes >= 2
    if cnp.PyArray_NDIM(a) != axes or cnp.PyArray_NDIM(b) != axes or not fits:
        raise ValueError(f"expected as many axes each, got {a.ndim}, {b.ndim} -> {out.ndim}")
    if dtype != cnp.NPY_FLOAT32 and dtype != cnp.NPY_FLOAT64:
        raise TypeError(f"expected float32 or float64, got {out.dtype}")
    if not (readable(a, dtype) and readable(b, dtype) and readable(out, dtype)):
        raise TypeError(
            f"expected aligned {out.dtype} in native byte order, got {a.dtype} @ {b.dtype}"
        )
    if not cnp.PyArray_ISWRITEABLE(out):
        raise ValueError("out is read-only")
    cdef cnp.npy_intp size = 4 if dtype == cnp.NPY_FLOAT32 else 8, odd = 0
    cdef ptrdiff_t[MOST_DIMENSIONS] shape, a_step, b_step, c_step
    cdef double matrices = 1
    for axis in range(axes):
        odd |= cnp.PyArray_STRIDE(a, axis) % size
        odd |= cnp.PyArray_STRIDE(b, axis) % size
        odd |= cnp.PyArray_STRIDE(out, axis) % size
        a_step[axis] = cnp.PyArray_STRIDE(a, axis) // size
        b_step[axis] = cnp.PyArray_STRIDE(b, axis) // size
        c_step[axis] = cnp.PyArray_STRIDE(out, axis) // size
        shape[axis] = cnp.PyArray_DIM(out, axis)
        if axis < axes - 2:
            fits &= cnp.PyArray_DIM(a, axis) == shape[axis]
            fits &= cnp.PyArray_DIM(b, axis) == shape[axis]
            matrices *= shape[axis]
    cdef engine_matmul product
    product.m = shape[axes - 2]
    product.n = shape[axes - 1]
    product.k = cnp.PyArray_DIM(a, axes - 1)
    product.bias = NULL
    fits &= cnp.PyArray_DIM(a, axes - 2) == product.m
    fits &= cnp.PyArray_DIM(b, axes - 2) == product.k
    fits &= cnp.PyArray_DIM(b, axes - 1) == product.n
    if bias is not None:
        fits &= bias.shape == (product.n,) and readable(<cnp.ndarray?> bias, dtype)
        fits &= bool(cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray> bias))
        product.bias = cnp.PyArray_DATA(<cnp.ndarray> bias)
    if not fits or odd:
        raise ValueError("the shapes or strides do not fit each other")
    product.a = cnp.PyArray_DATA(a)
    product.a_row = a_step[axes - 2]
    product.a_column = a_step[axes - 1]
    product.b = cnp.PyArray_DATA(b)
    product.b_row = b_step[axes - 2]
    product.b_column = b_step[axes - 1]
    product.c = cnp.PyArray_DATA(out)
    product.c_row = c_step[axes - 2]
    product.c_column = c_step[axes - 1]
    product.relu = relu
    if not (
        product.c_column == 1 or product.n <= 1
        or product.c_row == 1 or product.m <= 1
    ):
        raise ValueError("neither the rows nor the columns of out are dense")
    cdef engine_stack stack
    stack.dimensions = axes - 2
    stack.shape = shape
    stack.a_step = a_step
    stack.b_step = b_step
    stack.c_step = c_step
    cdef matmul_kernel kernel
    if dtype == cnp.NPY_FLOAT32:
        kernel = engine_matmul_reference_float32 if reference else engine_matmul_float32
    else:
        kernel = engine_matmul_reference_float64 if reference else engine_matmul_float64
    run_matmul(kernel, &product, &stack, matrices)


def set_threads(int threads):
    engine_set_threads(threads)


def threads():
    return engine_threads_now()


# --- the ladder, a lesson -------------------------------------------------------------------------

cdef extern from "ladder.h" nogil:
    enum:
        ENGINE_RUNGS
    ctypedef struct engine_rung:
        const char *name
        void (*run)(
            ptrdiff_t, ptrdiff_t, ptrdiff_t, const float *, const float *, float *
        ) noexcept nogil
    const engine_rung engine_ladder[ENGINE_RUNGS]
    ptrdiff_t engine_multiply_adds_float32(ptrdiff_t rounds)
    ptrdiff_t engine_multiply_adds_float64(ptrdiff_t rounds)


def ladder_names():
    return [engine_ladder[rung].name.decode() for rung in range(ENGINE_RUNGS)]


def ladder_run(int rung, cnp.ndarray a not None, cnp.ndarray b not None, cnp.ndarray out not None):
    """The product of two dense float32 matrices on one rung. `out` may not overlap the others."""
    for x in (a, b, out):
        if not (
            readable(x, cnp.NPY_FLOAT32)
            and cnp.PyArray_IS_C_CONTIGUOUS(x)
            and cnp.PyArray_NDIM(x) == 2
        ):
            raise ValueError("expected matrices of float32 in C order")
    cdef ptrdiff_t m = cnp.PyArray_DIM(out, 0), n = cnp.PyArray_DIM(out, 1)
    cdef ptrdiff_t k = cnp.PyArray_DIM(a, 1)
    if (
        not 0 <= rung < ENGINE_RUNGS
        or not cnp.PyArray_ISWRITEABLE(out)
        or cnp.PyArray_DIM(a, 0) != m
        or cnp.PyArray_DIM(b, 0) != k
        or cnp.PyArray_DIM(b, 1) != n
    ):
        raise ValueError("there is no such rung, or the shapes do not fit each other")
    with nogil:
        engine_ladder[rung].run(
            m, n, k, <const float *> cnp.PyArray_DATA(a), <const float *> cnp.PyArray_DATA(b),
            <float *> cnp.PyArray_DATA(out),
        )


def multiply_adds(ptrdiff_t rounds, bint double_precision):
    """So many rounds of multiply-adds in registers; how many that were."""
    cdef ptrdiff_t each
    with nogil:
        if double_precision:
            each = engine_multiply_adds_float64(rounds)
        else:
            each = engine_multiply_adds_float32(rounds)
    return each * rounds
