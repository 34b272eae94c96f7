# Pooling: see pooling.h for the contract of each. Included by kernels.pyx after fused.pxi.

cdef extern from "pooling.h" nogil:
    ctypedef struct engine_pool_shape:
        ptrdiff_t height, width, out_height, out_width
        ptrdiff_t kernel_height, kernel_width, stride_height, stride_width
        ptrdiff_t padding_height, padding_width, dilation_height, dilation_width
    void engine_max_pool(
        int kind, ptrdiff_t planes, const engine_pool_shape *shape, const void *x, void *out,
        cnp.int64_t *winners)
    void engine_max_pool_backward(
        int kind, ptrdiff_t planes, const engine_pool_shape *shape, const void *g,
        const cnp.int64_t *winners, void *dx, int *wrong)
    void engine_average_pool(
        int kind, ptrdiff_t planes, const engine_pool_shape *shape, ptrdiff_t divisor,
        const void *x, void *out)
    void engine_average_pool_backward(
        int kind, ptrdiff_t planes, const engine_pool_shape *shape, ptrdiff_t divisor,
        const void *g, void *dx)


cdef int pool_shape(tuple numbers, engine_pool_shape *s) except -1:
    """Twelve numbers in the order of the struct. Their products were checked by the caller, whose
    arrays exist: only what could make C read elsewhere is looked at again."""
    (s.height, s.width, s.out_height, s.out_width, s.kernel_height, s.kernel_width,
     s.stride_height, s.stride_width, s.padding_height, s.padding_width, s.dilation_height,
     s.dilation_width) = numbers
    if min(s.height, s.width, s.out_height, s.out_width, s.padding_height, s.padding_width) < 0:
        raise ValueError(f"negative size in {numbers}")
    if min(s.kernel_height, s.kernel_width, s.stride_height, s.stride_width, s.dilation_height,
           s.dilation_width) < 1:
        raise ValueError(f"kernel, stride and dilation must be at least 1 in {numbers}")
    return 0


def max_pool(cnp.ndarray x not None, cnp.ndarray out not None, cnp.ndarray winners not None,
             Py_ssize_t planes, tuple shape, bint reference=False):
    cdef engine_pool_shape s
    pool_shape(shape, &s)
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef Py_ssize_t size = planes * s.height * s.width
    cdef Py_ssize_t windows = planes * s.out_height * s.out_width
    cdef void *source = fused_data(x, dtype, size, False)
    cdef void *target = fused_data(out, dtype, windows, True)
    cdef void *places = fused_data(winners, cnp.NPY_INT64, windows, True)
    cdef PyThreadState *state = fused_let_go(size)
    engine_max_pool(kind, planes, &s, source, target, <cnp.int64_t *> places)
    fused_take_back(state)


def max_pool_backward(cnp.ndarray g not None, cnp.ndarray winners not None,
                      cnp.ndarray dx not None, Py_ssize_t planes, tuple shape,
                      bint reference=False):
    cdef engine_pool_shape s
    pool_shape(shape, &s)
    cdef int kind = fused_kind(g, reference), dtype = cnp.PyArray_TYPE(g), wrong = 0
    cdef Py_ssize_t size = planes * s.height * s.width
    cdef Py_ssize_t windows = planes * s.out_height * s.out_width
    cdef void *source = fused_data(g, dtype, windows, False)
    cdef void *places = fused_data(winners, cnp.NPY_INT64, windows, False)
    cdef void *target = fused_data(dx, dtype, size, True)
    cdef PyThreadState *state = fused_let_go(size)
    engine_max_pool_backward(kind, planes, &s, source, <cnp.int64_t *> places, target, &wrong)
    fused_take_back(state)
    return wrong


def average_pool(cnp.ndarray x not None, cnp.ndarray out not None, Py_ssize_t planes,
                 tuple shape, Py_ssize_t divisor, bint reference=False):
    cdef engine_pool_shape s
    pool_shape(shape, &s)
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef Py_ssize_t size = planes * s.height * s.width
    cdef void *source = fused_data(x, dtype, size, False)
    cdef void *target = fused_data(out, dtype, planes * s.out_height * s.out_width, True)
    cdef PyThreadState *state = fused_let_go(size)
    engine_average_pool(kind, planes, &s, divisor, source, target)
    fused_take_back(state)


def average_pool_backward(cnp.ndarray g not None, cnp.ndarray dx not None, Py_ssize_t planes,
                          tuple shape, Py_ssize_t divisor, bint reference=False):
    cdef engine_pool_shape s
    pool_shape(shape, &s)
    cdef int kind = fused_kind(g, reference), dtype = cnp.PyArray_TYPE(g)
    cdef Py_ssize_t size = planes * s.height * s.width
    cdef void *source = fused_data(g, dtype, planes * s.out_height * s.out_width, False)
    cdef void *target = fused_data(dx, dtype, size, True)
    cdef PyThreadState *state = fused_let_go(size)
    engine_average_pool_backward(kind, planes, &s, divisor, source, target)
    fused_take_back(state)
