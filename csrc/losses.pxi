# Losses of a prediction and its target. Included by kernels.pyx after fused.pxi.

cdef extern from "fused.h" nogil:
    enum:
        ENGINE_LOSS_BINARY
    double engine_loss(int kind, int what, ptrdiff_t n, const void *x, const void *y, void *losses)
    void engine_loss_backward(
        int kind, int what, ptrdiff_t n, const void *g, ptrdiff_t step, double scale,
        const void *x, const void *y, void *dx)
    ptrdiff_t engine_first_beyond_1(int kind, ptrdiff_t n, const void *x)


cdef bint losses_alike(object x, object y):
    """Whether both are dense float arrays of one dtype and shape."""
    if type(x) is not cnp.ndarray or type(y) is not cnp.ndarray:
        return False
    if cnp.PyArray_TYPE(x) != cnp.NPY_FLOAT32 and cnp.PyArray_TYPE(x) != cnp.NPY_FLOAT64:
        return False
    return (
        cnp.PyArray_ISCARRAY_RO(x) and cnp.PyArray_ISCARRAY_RO(y)
        and cnp.PyArray_TYPE(x) == cnp.PyArray_TYPE(y) and cnp.PyArray_SAMESHAPE(x, y)
    )


def loss(int what, object x, object y, bint each, bint mean, bint reference=False):
    """The losses, their sum or mean, as an array; None if x and y are not ready: look closer."""
    cdef cnp.ndarray first, out
    cdef double total
    cdef void *losses = NULL
    if not losses_alike(x, y):
        return None
    first = x
    cdef Py_ssize_t n = cnp.PyArray_SIZE(first)
    cdef int kind = fused_kind(first, reference), dtype = cnp.PyArray_TYPE(first)
    if each:
        out = cnp.PyArray_EMPTY(cnp.PyArray_NDIM(first), cnp.PyArray_DIMS(first), dtype, 0)
        losses = cnp.PyArray_DATA(out)
    else:
        out = cnp.PyArray_EMPTY(0, NULL, dtype, 0)
    cdef void *predicted = cnp.PyArray_DATA(first)
    cdef void *wanted = cnp.PyArray_DATA(<cnp.ndarray> y)
    cdef PyThreadState *state = fused_let_go(n)
    total = engine_loss(kind, what, n, predicted, wanted, losses)
    fused_take_back(state)
    if each:
        return out
    if mean:
        total = total / n if n else float("nan")
    if dtype == cnp.NPY_FLOAT32:
        (<float *> cnp.PyArray_DATA(out))[0] = <float> total
    else:
        (<double *> cnp.PyArray_DATA(out))[0] = total
    return out


def loss_backward(int what, object g, bint mean, object x, object y, bint reference=False):
    """The gradient to x; None if the arrays are not ready: look closer. g: an array or a number."""
    cdef cnp.ndarray arrived, first, out
    cdef float single = 1
    cdef double one = 1, scale = 1
    cdef void *arriving
    if not losses_alike(x, y):
        return None
    first = x
    cdef Py_ssize_t n = cnp.PyArray_SIZE(first), step = 0
    if mean and n:
        scale = 1.0 / n
    cdef int kind = fused_kind(first, reference), dtype = cnp.PyArray_TYPE(first)
    if type(g) is cnp.ndarray:
        arrived = g
        if not cnp.PyArray_ISCARRAY_RO(arrived) or cnp.PyArray_TYPE(arrived) != dtype:
            return None
        arriving = cnp.PyArray_DATA(arrived)
        if cnp.PyArray_NDIM(arrived) != 0:
            step = 1
            if not cnp.PyArray_SAMESHAPE(arrived, first):
                return None
    elif cnp.PyArray_CheckScalar(g) or isinstance(g, float):
        scale *= g
        arriving = <void *> &single if dtype == cnp.NPY_FLOAT32 else <void *> &one
    else:
        return None
    out = cnp.PyArray_EMPTY(cnp.PyArray_NDIM(first), cnp.PyArray_DIMS(first), dtype, 0)
    cdef void *predicted = cnp.PyArray_DATA(first)
    cdef void *wanted = cnp.PyArray_DATA(<cnp.ndarray> y)
    cdef void *target = cnp.PyArray_DATA(out)
    cdef PyThreadState *state = fused_let_go(n)
    engine_loss_backward(kind, what, n, arriving, step, scale, predicted, wanted, target)
    fused_take_back(state)
    return out


def are_shares(object x, object y):
    """Whether both hold nothing but numbers from 0 to 1; False as well if they are not ready."""
    if not losses_alike(x, y):
        return False
    cdef Py_ssize_t n = cnp.PyArray_SIZE(<cnp.ndarray> x)
    cdef int kind = fused_kind(x, False)
    return (
        engine_first_beyond_1(kind, n, cnp.PyArray_DATA(<cnp.ndarray> x)) == n
        and engine_first_beyond_1(kind, n, cnp.PyArray_DATA(<cnp.ndarray> y)) == n
    )
