# Running results, random words and normal numbers. Included by kernels.pyx after fused.pxi, whose helpers it uses.

cdef extern from "fused.h" nogil:
    enum:
        ENGINE_RUNNING_SUM
        ENGINE_RUNNING_PRODUCT
        ENGINE_RUNNING_GREATEST
        ENGINE_RUNNING_LEAST
    void engine_running(
        int kind, int what, int backwards, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner,
        const void *x, void *out)
    void engine_running_extreme(
        int kind, int what, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, void *out,
        cnp.int64_t *places)
    void engine_product_over(
        int kind, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, void *out,
        cnp.uint8_t *has_zero)

cdef extern from "twister.h" nogil:
    enum:
        ENGINE_TWISTER_WORDS
    ptrdiff_t engine_twister(
        cnp.uint32_t *key, ptrdiff_t position, ptrdiff_t n, cnp.uint32_t *out)

cdef extern from "normal.h" nogil:
    void engine_normal(
        ptrdiff_t n, const cnp.uint32_t *words, float mean, float std, float *out)


cdef int middle_axis(cnp.ndarray x, int axis, Py_ssize_t *outer, Py_ssize_t *n,
                     Py_ssize_t *inner) except -1:
    """x as outer x n x inner, n being this axis."""
    cdef int k, axes = cnp.PyArray_NDIM(x)
    if not 0 <= axis < axes:
        raise ValueError(f"expected an axis from 0 to {axes - 1}, got {axis}")
    outer[0] = inner[0] = 1
    for k in range(axis):
        outer[0] *= cnp.PyArray_DIM(x, k)
    n[0] = cnp.PyArray_DIM(x, axis)
    for k in range(axis + 1, axes):
        inner[0] *= cnp.PyArray_DIM(x, k)
    return 0


def running(cnp.ndarray x not None, cnp.ndarray out not None, int axis, bint product,
            bint backwards, bint reference=False):
    cdef Py_ssize_t outer, n, inner
    middle_axis(x, axis, &outer, &n, &inner)
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef void *source = fused_data(x, dtype, outer * n * inner, False)
    cdef void *target = fused_data(out, dtype, outer * n * inner, True)
    cdef int what = ENGINE_RUNNING_PRODUCT if product else ENGINE_RUNNING_SUM
    cdef PyThreadState *state = fused_let_go(outer * n * inner)
    engine_running(kind, what, backwards, outer, n, inner, source, target)
    fused_take_back(state)


def running_extreme(cnp.ndarray x not None, cnp.ndarray out not None, cnp.ndarray places not None,
                    int axis, bint greatest, bint reference=False):
    cdef Py_ssize_t outer, n, inner
    middle_axis(x, axis, &outer, &n, &inner)
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef void *source = fused_data(x, dtype, outer * n * inner, False)
    cdef void *target = fused_data(out, dtype, outer * n * inner, True)
    cdef void *where = fused_data(places, cnp.NPY_INT64, outer * n * inner, True)
    cdef int what = ENGINE_RUNNING_GREATEST if greatest else ENGINE_RUNNING_LEAST
    cdef PyThreadState *state = fused_let_go(outer * n * inner)
    engine_running_extreme(kind, what, outer, n, inner, source, target, <cnp.int64_t *> where)
    fused_take_back(state)


def product(cnp.ndarray x not None, cnp.ndarray out not None, cnp.ndarray has_zero not None,
            int axis, bint reference=False):
    cdef Py_ssize_t outer, n, inner
    middle_axis(x, axis, &outer, &n, &inner)
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef void *source = fused_data(x, dtype, outer * n * inner, False)
    cdef void *target = fused_data(out, dtype, outer * inner, True)
    cdef void *zeros = fused_data(has_zero, cnp.NPY_BOOL, outer, True)
    cdef PyThreadState *state = fused_let_go(outer * n * inner)
    engine_product_over(kind, outer, n, inner, source, target, <cnp.uint8_t *> zeros)
    fused_take_back(state)


def normal_blocks(cnp.ndarray words not None, float mean, float std, cnp.ndarray out not None):
    cdef Py_ssize_t n = cnp.PyArray_SIZE(words)
    if n % 16:
        raise ValueError(f"expected a multiple of 16 words, got {n}")
    cdef void *source = fused_data(words, cnp.NPY_UINT32, n, False)
    cdef void *target = fused_data(out, cnp.NPY_FLOAT32, n, True)
    cdef PyThreadState *state = fused_let_go(n)
    engine_normal(n, <const cnp.uint32_t *> source, mean, std, <float *> target)
    fused_take_back(state)


def twister_words(cnp.ndarray key not None, Py_ssize_t position, cnp.ndarray out not None):
    """Fills `out` with the next words of a Mersenne Twister, changes its key, gives its position."""
    cdef Py_ssize_t n = cnp.PyArray_SIZE(out)
    if not 0 <= position <= ENGINE_TWISTER_WORDS:
        raise ValueError(f"expected a position from 0 to 624, got {position}")
    cdef void *state = fused_data(key, cnp.NPY_UINT32, ENGINE_TWISTER_WORDS, True)
    cdef void *words = fused_data(out, cnp.NPY_UINT32, n, True)
    cdef PyThreadState *saved = fused_let_go(n)
    position = engine_twister(<cnp.uint32_t *> state, position, n, <cnp.uint32_t *> words)
    fused_take_back(saved)
    return position
