# Helpers of the fused and pooling kernels. Included by kernels.pyx; pooling.pxi needs it.

cdef extern from "Python.h":
    ctypedef struct PyThreadState:
        pass
    PyThreadState *PyEval_SaveThread() noexcept
    void PyEval_RestoreThread(PyThreadState *state) noexcept

cdef extern from "fused.h" nogil:
    enum:
        ENGINE_FUSED_FLOAT64
        ENGINE_FUSED_REFERENCE


cdef int fused_kind(cnp.ndarray x, bint reference) except -1:
    """What the C doors call `kind`: the precision of x, and whether the twin is wanted."""
    if x is None:
        raise TypeError("expected an array, got None")
    cdef int dtype = cnp.PyArray_TYPE(x)
    cdef int twin = ENGINE_FUSED_REFERENCE if reference else 0
    if dtype == cnp.NPY_FLOAT32:
        return twin
    if dtype == cnp.NPY_FLOAT64:
        return twin + ENGINE_FUSED_FLOAT64
    raise TypeError(f"expected float32 or float64, got {x.dtype}")


cdef void *fused_data(cnp.ndarray array, int dtype, Py_ssize_t size, bint writeable) except NULL:
    """The memory of an array that must be dense, aligned, native, of this dtype and size."""
    cdef bint fit
    if array is None:
        raise TypeError("expected an array, got None")
    fit = cnp.PyArray_ISCARRAY(array) if writeable else cnp.PyArray_ISCARRAY_RO(array)
    if not fit:
        raise ValueError("expected dense, aligned arrays in native byte order, out writeable")
    if cnp.PyArray_TYPE(array) != dtype:
        raise TypeError(f"expected the dtype of the first array, got {array.dtype}")
    if cnp.PyArray_SIZE(array) != size:
        raise ValueError(f"expected {size} elements, got {array.size}")
    return cnp.PyArray_DATA(array)


# Below this many elements, giving the lock away and taking it back costs more than it frees.
cdef enum:
    FUSED_WORTH_RELEASING = 16384


cdef inline PyThreadState *fused_let_go(Py_ssize_t work) noexcept:
    """Gives the interpreter lock away if the work is worth it; for fused_take_back."""
    return PyEval_SaveThread() if work >= FUSED_WORTH_RELEASING else NULL


cdef inline void fused_take_back(PyThreadState *state) noexcept:
    if state != NULL:
        PyEval_RestoreThread(state)


cpdef bint is_dense(object array, object like):
    """Whether an array is dense, aligned, native float32 or float64, and of the dtype of `like`."""
    cdef int dtype
    if type(array) is not cnp.ndarray or not cnp.PyArray_ISCARRAY_RO(array):
        return False
    dtype = cnp.PyArray_TYPE(array)
    if dtype != cnp.NPY_FLOAT32 and dtype != cnp.NPY_FLOAT64:
        return False
    return like is None or cnp.PyArray_TYPE(like) == dtype


def are_dense(list arrays not None):
    """Whether those that are not None are, and of one dtype; the first one is an array."""
    cdef object first = arrays[0]
    for array in arrays:
        if array is not None and not is_dense(array, first):
            return False
    return True


cpdef bint is_dense_integers(object array):
    """Whether an array is dense, aligned, native int64."""
    return (
        type(array) is cnp.ndarray and cnp.PyArray_ISCARRAY_RO(array)
        and cnp.PyArray_TYPE(array) == cnp.NPY_INT64
    )


def are_logits(object logits, object classes, object weight):
    """Whether these are dense (N, C) floats, (N,) int64 and (C,) floats of one dtype, or None."""
    if not is_dense(logits, None) or not is_dense_integers(classes):
        return False
    if cnp.PyArray_NDIM(logits) != 2 or cnp.PyArray_NDIM(classes) != 1:
        return False
    if cnp.PyArray_DIM(logits, 0) != cnp.PyArray_DIM(classes, 0):
        return False
    return weight is None or (
        is_dense(weight, logits) and cnp.PyArray_NDIM(weight) == 1
        and cnp.PyArray_DIM(weight, 0) == cnp.PyArray_DIM(logits, 1)
    )


cpdef cnp.ndarray fresh(cnp.ndarray like):
    """A new dense array of this shape and dtype, with no particular contents."""
    if like is None:
        raise TypeError("expected an array, got None")
    return cnp.PyArray_EMPTY(
        cnp.PyArray_NDIM(like), cnp.PyArray_DIMS(like), cnp.PyArray_TYPE(like), 0)


cdef extern from "fused.h" nogil:
    ctypedef struct engine_loss_options:
        const void *weight
        cnp.int64_t ignore
        double smoothing
    ctypedef struct engine_sgd_options:
        double rate, momentum, dampening, decay
        int nesterov, maximize, first
    ctypedef struct engine_adam_options:
        double beta1, beta2, epsilon, step_size, correction, decay, shrink
        int maximize
    void engine_softmax(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, void *out)
    void engine_log_softmax(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, void *out)
    void engine_softmax_backward(
        int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g, const void *out, void *dx)
    void engine_log_softmax_backward(
        int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g, const void *out, void *dx)
    void engine_cross_entropy(
        int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, const cnp.int64_t *targets,
        const engine_loss_options *options, void *losses, void *kept, double *totals,
        ptrdiff_t *wrong)
    double engine_cross_entropy_weights(
        int kind, ptrdiff_t rows, ptrdiff_t cols, const cnp.int64_t *targets,
        const engine_loss_options *options)
    void engine_cross_entropy_backward(
        int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g, ptrdiff_t step, double divisor,
        const void *x, const cnp.int64_t *targets, const engine_loss_options *options,
        const void *kept, void *dx, ptrdiff_t *wrong)
    void engine_sgd(
        int kind, ptrdiff_t n, void *parameters, const void *g, void *buffer,
        const engine_sgd_options *options)
    void engine_adam(
        int kind, ptrdiff_t n, void *parameters, const void *g, void *average, void *square,
        void *greatest, const engine_adam_options *options)
    void engine_sum(
        int kind, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, void *out)
    void engine_relu(int kind, ptrdiff_t n, const void *x, void *out)
    void engine_relu_backward(int kind, ptrdiff_t n, const void *g, const void *out, void *dx)
    void engine_bias_relu_backward(
        int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g, const void *out, void *dx,
        void *sums)
    void engine_layer_norm(
        int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, const void *weight,
        const void *bias, double epsilon, void *out, void *mean, void *rstd)
    int engine_layer_norm_backward(
        int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g, const void *x, const void *mean,
        const void *rstd, const void *weight, void *dx, void *dweight, void *dbias)


cdef void *fused_optional(cnp.ndarray array, int dtype, Py_ssize_t size,
                          bint writeable) except? NULL:
    """`fused_data`, or NULL for None."""
    return NULL if array is None else fused_data(array, dtype, size, writeable)


cdef int fused_matrix(cnp.ndarray x, Py_ssize_t *rows, Py_ssize_t *cols) except -1:
    """The last axis of x is a row; x must have one."""
    cdef int axes = cnp.PyArray_NDIM(x)
    if axes < 1:
        raise ValueError("expected an array with at least one axis")
    cols[0] = cnp.PyArray_DIM(x, axes - 1)
    rows[0] = cnp.PyArray_SIZE(x) // cols[0] if cols[0] else 0
    return 0


def softmax(cnp.ndarray x not None, cnp.ndarray out not None, bint logarithm,
            bint reference=False):
    cdef Py_ssize_t rows, cols
    fused_matrix(x, &rows, &cols)
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef void *source = fused_data(x, dtype, rows * cols, False)
    cdef void *target = fused_data(out, dtype, rows * cols, True)
    cdef PyThreadState *state = fused_let_go(rows * cols)
    if logarithm:
        engine_log_softmax(kind, rows, cols, source, target)
    else:
        engine_softmax(kind, rows, cols, source, target)
    fused_take_back(state)


def softmax_backward(cnp.ndarray g not None, cnp.ndarray out not None, cnp.ndarray dx not None,
                     bint logarithm, bint reference=False):
    cdef Py_ssize_t rows, cols
    fused_matrix(g, &rows, &cols)
    cdef int kind = fused_kind(g, reference), dtype = cnp.PyArray_TYPE(g)
    cdef void *arriving = fused_data(g, dtype, rows * cols, False)
    cdef void *result = fused_data(out, dtype, rows * cols, False)
    cdef void *target = fused_data(dx, dtype, rows * cols, True)
    cdef PyThreadState *state = fused_let_go(rows * cols)
    if logarithm:
        engine_log_softmax_backward(kind, rows, cols, arriving, result, target)
    else:
        engine_softmax_backward(kind, rows, cols, arriving, result, target)
    fused_take_back(state)


def cross_entropy(cnp.ndarray x not None, cnp.ndarray targets not None, cnp.ndarray weight,
                  cnp.int64_t ignore, double smoothing, cnp.ndarray losses,
                  cnp.ndarray kept not None, bint reference=False):
    cdef ptrdiff_t wrong = -1
    cdef Py_ssize_t rows = cnp.PyArray_SIZE(targets)
    cdef Py_ssize_t cols = cnp.PyArray_SIZE(x) // rows if rows else 0
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef void *source = fused_data(x, dtype, rows * cols, False)
    cdef void *classes = fused_data(targets, cnp.NPY_INT64, rows, False)
    cdef void *target = fused_optional(losses, dtype, rows, True)
    cdef void *facts = fused_data(kept, dtype, 2 * rows, True)
    cdef engine_loss_options options
    cdef double totals[2]
    options.weight = fused_optional(weight, dtype, cols, False) if rows else NULL
    options.ignore = ignore
    options.smoothing = smoothing
    cdef PyThreadState *state = fused_let_go(rows * cols)
    engine_cross_entropy(kind, rows, cols, source, <cnp.int64_t *> classes, &options, target,
                         facts, totals, &wrong)
    fused_take_back(state)
    return wrong, totals[0], totals[1]


def cross_entropy_weights(cnp.ndarray targets not None, cnp.ndarray weight,
                          cnp.int64_t ignore):
    """The sum of the weights (or ones) of the targets that are classes and not `ignore`."""
    cdef Py_ssize_t rows = cnp.PyArray_SIZE(targets)
    cdef Py_ssize_t cols = 0 if weight is None else cnp.PyArray_SIZE(weight)
    cdef int dtype = cnp.NPY_FLOAT32 if weight is None else cnp.PyArray_TYPE(weight)
    cdef void *classes = fused_data(targets, cnp.NPY_INT64, rows, False)
    cdef engine_loss_options options
    options.weight = fused_optional(weight, dtype, cols, False)
    options.ignore = ignore
    return engine_cross_entropy_weights(
        0 if weight is None else fused_kind(weight, False), rows, cols, <cnp.int64_t *> classes,
        &options)


def cross_entropy_backward(object g, double divisor, cnp.ndarray x not None,
                           cnp.ndarray targets not None, cnp.ndarray weight, cnp.int64_t ignore,
                           double smoothing, cnp.ndarray kept not None, cnp.ndarray dx not None,
                           bint reference=False):
    cdef ptrdiff_t wrong = -1
    cdef Py_ssize_t rows = cnp.PyArray_SIZE(targets)
    cdef Py_ssize_t cols = cnp.PyArray_SIZE(x) // rows if rows else 0
    cdef Py_ssize_t step = 0
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef float single
    cdef double number
    cdef void *arriving
    if isinstance(g, float):  # one gradient for all rows
        number, single = g, g
        arriving = <void *> &single if dtype == cnp.NPY_FLOAT32 else <void *> &number
    else:
        step = 1 if cnp.PyArray_NDIM(g) else 0
        arriving = fused_data(g, dtype, rows if step else 1, False)
    cdef void *source = fused_data(x, dtype, rows * cols, False)
    cdef void *classes = fused_data(targets, cnp.NPY_INT64, rows, False)
    cdef void *facts = fused_data(kept, dtype, 2 * rows, False)
    cdef void *target = fused_data(dx, dtype, rows * cols, True)
    cdef engine_loss_options options
    options.weight = fused_optional(weight, dtype, cols, False) if rows else NULL
    options.ignore = ignore
    options.smoothing = smoothing
    cdef PyThreadState *state = fused_let_go(rows * cols)
    engine_cross_entropy_backward(kind, rows, cols, arriving, step, divisor, source,
                                  <cnp.int64_t *> classes, &options, facts, target, &wrong)
    fused_take_back(state)
    return wrong


cpdef sgd(cnp.ndarray parameters, cnp.ndarray g, cnp.ndarray buffer, double rate, double momentum,
          double dampening, double decay, bint nesterov, bint maximize, bint first,
          bint reference=False):
    cdef Py_ssize_t n = cnp.PyArray_SIZE(parameters)
    cdef int kind = fused_kind(parameters, reference), dtype = cnp.PyArray_TYPE(parameters)
    cdef void *changed = fused_data(parameters, dtype, n, True)
    cdef void *arriving = fused_data(g, dtype, n, False)
    cdef void *held = fused_optional(buffer, dtype, n, True)
    cdef engine_sgd_options options
    options.rate, options.momentum, options.dampening = rate, momentum, dampening
    options.decay, options.nesterov, options.maximize = decay, nesterov, maximize
    options.first = first
    cdef PyThreadState *state = fused_let_go(n)
    engine_sgd(kind, n, changed, arriving, held, &options)
    fused_take_back(state)


cpdef adam(cnp.ndarray parameters, cnp.ndarray g, cnp.ndarray average, cnp.ndarray square,
           cnp.ndarray greatest, double beta1, double beta2, double epsilon, double step_size,
           double correction, double decay, double shrink, bint maximize, bint reference=False):
    cdef Py_ssize_t n = cnp.PyArray_SIZE(parameters)
    cdef int kind = fused_kind(parameters, reference), dtype = cnp.PyArray_TYPE(parameters)
    cdef void *changed = fused_data(parameters, dtype, n, True)
    cdef void *arriving = fused_data(g, dtype, n, False)
    cdef void *first = fused_data(average, dtype, n, True)
    cdef void *second = fused_data(square, dtype, n, True)
    cdef void *most = fused_optional(greatest, dtype, n, True)
    cdef engine_adam_options options
    options.beta1, options.beta2, options.epsilon = beta1, beta2, epsilon
    options.step_size, options.correction = step_size, correction
    options.decay, options.shrink, options.maximize = decay, shrink, maximize
    cdef PyThreadState *state = fused_let_go(n)
    engine_adam(kind, n, changed, arriving, first, second, most, &options)
    fused_take_back(state)


cpdef bint share_memory(cnp.ndarray a, cnp.ndarray b) except -1:
    """Whether two dense arrays share a byte."""
    cdef char *from_a = <char *> cnp.PyArray_DATA(a)
    cdef char *from_b = <char *> cnp.PyArray_DATA(b)
    return from_a < from_b + cnp.PyArray_NBYTES(b) and from_b < from_a + cnp.PyArray_NBYTES(a)


cdef bint fused_same(cnp.ndarray a, cnp.ndarray b):
    """Whether b is dense, of a's dtype and shape, and shares no byte with it."""
    return (
        cnp.PyArray_ISCARRAY_RO(b) and cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(b)
        and cnp.PyArray_SAMESHAPE(a, b) and not share_memory(a, b)
    )


cdef bint ready_to_step(object g, tuple arrays) except -1:
    """Whether a step can work on these arrays (or None) as they are. No means: look closer."""
    cdef Py_ssize_t k, other, count = len(arrays)
    cdef cnp.ndarray array
    if type(g) is not cnp.ndarray or cnp.PyArray_TYPE(g) not in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64):
        return False
    for k in range(count):
        if arrays[k] is None:
            continue
        if type(arrays[k]) is not cnp.ndarray:
            return False
        array = arrays[k]
        if not cnp.PyArray_ISCARRAY(array) or not fused_same(array, g):
            return False
        for other in range(k):
            if arrays[other] is not None and not fused_same(array, arrays[other]):
                return False
    return True


cdef int one_length(tuple lists) except -1:
    for one in lists:
        if len(one) != len(lists[0]):
            raise ValueError(f"expected lists of one length, got {[len(one) for one in lists]}")
    return 0


def sgd_steps(list parameters not None, list gs not None, list buffers not None,
              list first not None, double rate, double momentum, double dampening, double decay,
              bint nesterov, bint maximize, bint reference=False):
    """`sgd` of each that is ready for it as it is; gives the places of the others."""
    cdef Py_ssize_t k
    cdef list left = []
    one_length((parameters, gs, buffers, first))
    for k in range(len(parameters)):
        if (buffers[k] is None) != (momentum != 0) and ready_to_step(
                gs[k], (parameters[k], buffers[k])):
            sgd(parameters[k], gs[k], buffers[k], rate, momentum, dampening, decay, nesterov,
                maximize, first[k], reference)
        else:
            left.append(k)
    return left


def adam_steps(list parameters not None, list gs not None, list averages not None,
               list squares not None, list greatest not None, list step_sizes not None,
               list corrections not None, double beta1, double beta2, double epsilon, double decay,
               double shrink, bint maximize, bint reference=False):
    """`adam` of each that is ready for it as it is; gives the places of the others."""
    cdef Py_ssize_t k
    cdef list left = []
    one_length((parameters, gs, averages, squares, greatest, step_sizes, corrections))
    for k in range(len(parameters)):
        if ready_to_step(gs[k], (parameters[k], averages[k], squares[k], greatest[k])):
            adam(parameters[k], gs[k], averages[k], squares[k], greatest[k], beta1, beta2, epsilon,
                 step_sizes[k], corrections[k], decay, shrink, maximize, reference)
        else:
            left.append(k)
    return left


def sum_one_axis(cnp.ndarray x not None, Py_ssize_t axis, bint reference=False):
    """The sum of a dense float array over one axis, or None if it is not that: look closer."""
    cdef int axes = cnp.PyArray_NDIM(x), dtype = cnp.PyArray_TYPE(x), k
    cdef Py_ssize_t n, inner = 1, outer = 1
    cdef cnp.npy_intp shape[64]
    cdef cnp.ndarray out
    if axis < 0:
        axis += axes
    if not (0 <= axis < axes <= 64 and cnp.PyArray_ISCARRAY_RO(x)):
        return None
    if dtype != cnp.NPY_FLOAT32 and dtype != cnp.NPY_FLOAT64:
        return None
    for k in range(axes):
        if k < axis:
            shape[k] = cnp.PyArray_DIM(x, k)
            outer *= shape[k]
        elif k > axis:
            shape[k - 1] = cnp.PyArray_DIM(x, k)
            inner *= shape[k - 1]
    n = cnp.PyArray_DIM(x, axis)
    out = cnp.PyArray_EMPTY(axes - 1, shape, dtype, 0)
    cdef int kind = fused_kind(x, reference)
    cdef PyThreadState *state = fused_let_go(outer * n * inner)
    engine_sum(kind, outer, n, inner, cnp.PyArray_DATA(x), cnp.PyArray_DATA(out))
    fused_take_back(state)
    return out


def sum_middle(cnp.ndarray x not None, cnp.ndarray out not None, Py_ssize_t n, Py_ssize_t inner,
               bint reference=False):
    cdef Py_ssize_t size = cnp.PyArray_SIZE(out), outer = size // inner if inner > 0 else 0
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef void *source = fused_data(x, dtype, size * n, False)
    cdef void *target = fused_data(out, dtype, outer * inner, True)
    cdef PyThreadState *state = fused_let_go(size * n)
    engine_sum(kind, outer, n, inner, source, target)
    fused_take_back(state)


def relu(object x, cnp.ndarray out, bint reference=False):
    """Into `out`; with None a new array, or None if x is not dense: look closer."""
    if out is None:
        if not is_dense(x, None):
            return None
        out = fresh(x)
    cdef cnp.ndarray array = x
    cdef Py_ssize_t n = cnp.PyArray_SIZE(array)
    cdef int kind = fused_kind(array, reference), dtype = cnp.PyArray_TYPE(array)
    cdef void *source = fused_data(array, dtype, n, False)
    cdef void *target = fused_data(out, dtype, n, True)
    cdef PyThreadState *state = fused_let_go(n)
    engine_relu(kind, n, source, target)
    fused_take_back(state)
    return out


def relu_backward(object g, object out, cnp.ndarray dx, bint reference=False):
    """Into `dx`; with None a new array, or None if the two are not dense and alike."""
    if dx is None:
        if not is_dense(g, None) or not is_dense(out, g) or not cnp.PyArray_SAMESHAPE(g, out):
            return None
        dx = fresh(g)
    cdef cnp.ndarray array = g, result = out
    cdef Py_ssize_t n = cnp.PyArray_SIZE(array)
    cdef int kind = fused_kind(array, reference), dtype = cnp.PyArray_TYPE(array)
    cdef void *arriving = fused_data(array, dtype, n, False)
    cdef void *passed = fused_data(result, dtype, n, False)
    cdef void *target = fused_data(dx, dtype, n, True)
    cdef PyThreadState *state = fused_let_go(n)
    engine_relu_backward(kind, n, arriving, passed, target)
    fused_take_back(state)
    return dx


def bias_relu_backward(cnp.ndarray g not None, cnp.ndarray out not None, cnp.ndarray dx not None,
                       cnp.ndarray sums not None, bint reference=False):
    cdef Py_ssize_t cols = cnp.PyArray_SIZE(sums)
    cdef Py_ssize_t rows = cnp.PyArray_SIZE(g) // cols if cols else 0
    cdef int kind = fused_kind(g, reference), dtype = cnp.PyArray_TYPE(g)
    cdef void *arriving = fused_data(g, dtype, rows * cols, False)
    cdef void *result = fused_data(out, dtype, rows * cols, False)
    cdef void *target = fused_data(dx, dtype, rows * cols, True)
    cdef void *totals = fused_data(sums, dtype, cols, True)
    cdef PyThreadState *state = fused_let_go(rows * cols)
    engine_bias_relu_backward(kind, rows, cols, arriving, result, target, totals)
    fused_take_back(state)


def layer_norm(cnp.ndarray x not None, cnp.ndarray weight, cnp.ndarray bias, double epsilon,
               cnp.ndarray out not None, cnp.ndarray mean not None, cnp.ndarray rstd not None,
               bint reference=False):
    cdef Py_ssize_t rows = cnp.PyArray_SIZE(mean)
    cdef Py_ssize_t cols = cnp.PyArray_SIZE(x) // rows if rows else 0
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef void *source = fused_data(x, dtype, rows * cols, False)
    cdef void *stretch = fused_optional(weight, dtype, cols, False) if rows else NULL
    cdef void *shift = fused_optional(bias, dtype, cols, False) if rows else NULL
    cdef void *target = fused_data(out, dtype, rows * cols, True)
    cdef void *middle = fused_data(mean, dtype, rows, True)
    cdef void *scale = fused_data(rstd, dtype, rows, True)
    cdef PyThreadState *state = fused_let_go(rows * cols)
    engine_layer_norm(kind, rows, cols, source, stretch, shift, epsilon, target, middle, scale)
    fused_take_back(state)


def layer_norm_backward(cnp.ndarray g not None, cnp.ndarray x not None, cnp.ndarray mean not None,
                        cnp.ndarray rstd not None, cnp.ndarray weight, cnp.ndarray dx not None,
                        cnp.ndarray dweight not None, cnp.ndarray dbias not None,
                        bint reference=False):
    cdef Py_ssize_t rows = cnp.PyArray_SIZE(mean), cols = cnp.PyArray_SIZE(dweight)
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef void *arriving = fused_data(g, dtype, rows * cols, False)
    cdef void *source = fused_data(x, dtype, rows * cols, False)
    cdef void *middle = fused_data(mean, dtype, rows, False)
    cdef void *scale = fused_data(rstd, dtype, rows, False)
    cdef void *stretch = fused_optional(weight, dtype, cols, False)
    cdef void *target = fused_data(dx, dtype, rows * cols, True)
    cdef void *of_weight = fused_data(dweight, dtype, cols, True)
    cdef void *of_bias = fused_data(dbias, dtype, cols, True)
    cdef PyThreadState *state = fused_let_go(rows * cols)
    cdef int failed = engine_layer_norm_backward(
        kind, rows, cols, arriving, source, middle, scale, stretch, target, of_weight, of_bias)
    fused_take_back(state)
    if failed:
        raise MemoryError("layer_norm_backward: no memory for its working copies")
