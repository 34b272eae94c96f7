# Curves, the gelu and the steps of an LSTM. Included by kernels.pyx after fused.pxi, whose helpers it uses.

cdef extern from "curves.h" nogil:
    enum:
        ENGINE_CURVES
    void engine_curve(int kind, int what, ptrdiff_t n, const void *x, void *out)


def curve(int what, object x, bint reference=False):
    """A curve of a dense float array, in C or in Fortran order, as a new one of that order; None if
    it is not that: look closer."""
    cdef cnp.ndarray array, out
    if type(x) is not cnp.ndarray:
        return None
    array = x
    cdef int dtype = cnp.PyArray_TYPE(array)
    if dtype != cnp.NPY_FLOAT32 and dtype != cnp.NPY_FLOAT64:
        return None
    cdef bint turned = not cnp.PyArray_ISCARRAY_RO(array)
    if turned and not cnp.PyArray_ISFARRAY_RO(array):
        return None
    if not 0 <= what < ENGINE_CURVES:
        raise ValueError(f"there is no curve {what}")
    out = cnp.PyArray_EMPTY(cnp.PyArray_NDIM(array), cnp.PyArray_DIMS(array), dtype, turned)
    cdef Py_ssize_t n = cnp.PyArray_SIZE(array)
    cdef int kind = fused_kind(array, reference)
    cdef PyThreadState *state = fused_let_go(n)
    engine_curve(kind, what, n, cnp.PyArray_DATA(array), cnp.PyArray_DATA(out))
    fused_take_back(state)
    return out


cdef extern from "fused.h" nogil:
    void engine_gelu(int kind, ptrdiff_t n, const void *x, void *out)
    void engine_gelu_backward(int kind, ptrdiff_t n, const void *g, const void *x, void *dx)
    ctypedef struct engine_lstm_step:
        ptrdiff_t rows, width
        const void *input
        const void *state
        const void *cell_before
        void *gates
        void *cell
        void *hidden
        const void *to_hidden
        const void *to_cell
        const void *to_gates
        const void *g_hidden
        void *g_cell
        void *share
    void engine_lstm(int kind, const engine_lstm_step *step)
    void engine_lstm_backward(int kind, const engine_lstm_step *step)


def gelu(cnp.ndarray x not None, cnp.ndarray out not None, bint reference=False):
    cdef Py_ssize_t n = cnp.PyArray_SIZE(x)
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef void *source = fused_data(x, dtype, n, False)
    cdef void *target = fused_data(out, dtype, n, True)
    cdef PyThreadState *state = fused_let_go(n)
    engine_gelu(kind, n, source, target)
    fused_take_back(state)


def gelu_backward(cnp.ndarray g not None, cnp.ndarray x not None, cnp.ndarray dx not None,
                  bint reference=False):
    cdef Py_ssize_t n = cnp.PyArray_SIZE(x)
    cdef int kind = fused_kind(x, reference), dtype = cnp.PyArray_TYPE(x)
    cdef void *arriving = fused_data(g, dtype, n, False)
    cdef void *source = fused_data(x, dtype, n, False)
    cdef void *target = fused_data(dx, dtype, n, True)
    cdef PyThreadState *state = fused_let_go(n)
    engine_gelu_backward(kind, n, arriving, source, target)
    fused_take_back(state)


cdef int lstm_shape(cnp.ndarray cell, engine_lstm_step *step) except -1:
    if cnp.PyArray_NDIM(cell) != 2:
        raise ValueError(f"expected cells of shape (rows, width), got {cell.ndim} axes")
    step.rows, step.width = cnp.PyArray_DIM(cell, 0), cnp.PyArray_DIM(cell, 1)
    return 0


def lstm_step(cnp.ndarray input not None, cnp.ndarray state not None, cnp.ndarray before not None,
              cnp.ndarray gates not None, cnp.ndarray cell not None, cnp.ndarray hidden not None,
              bint reference=False):
    cdef engine_lstm_step step
    lstm_shape(cell, &step)
    cdef int kind = fused_kind(cell, reference), dtype = cnp.PyArray_TYPE(cell)
    cdef Py_ssize_t n = cnp.PyArray_SIZE(cell)
    step.input = fused_data(input, dtype, 4 * n, False)
    step.state = fused_data(state, dtype, 4 * n, False)
    step.cell_before = fused_data(before, dtype, n, False)
    step.gates = fused_data(gates, dtype, 4 * n, True)
    step.cell = fused_data(cell, dtype, n, True)
    step.hidden = fused_data(hidden, dtype, n, True)
    cdef PyThreadState *saved = fused_let_go(4 * n)
    engine_lstm(kind, &step)
    fused_take_back(saved)


def lstm_step_backward(cnp.ndarray to_hidden, cnp.ndarray to_cell, cnp.ndarray to_gates,
                       cnp.ndarray before not None, cnp.ndarray gates not None,
                       cnp.ndarray cell not None, cnp.ndarray g_hidden not None,
                       cnp.ndarray g_cell not None, cnp.ndarray share not None,
                       bint reference=False):
    cdef engine_lstm_step step
    lstm_shape(cell, &step)
    cdef int kind = fused_kind(cell, reference), dtype = cnp.PyArray_TYPE(cell)
    cdef Py_ssize_t n = cnp.PyArray_SIZE(cell)
    step.to_hidden = fused_optional(to_hidden, dtype, n, False)
    step.to_cell = fused_optional(to_cell, dtype, n, False)
    step.to_gates = fused_optional(to_gates, dtype, 4 * n, False)
    step.cell_before = fused_data(before, dtype, n, False)
    step.gates = fused_data(gates, dtype, 4 * n, False)
    step.cell = fused_data(cell, dtype, n, False)
    step.g_hidden = fused_data(g_hidden, dtype, n, False)
    step.g_cell = fused_data(g_cell, dtype, n, True)
    step.share = fused_data(share, dtype, 4 * n, True)
    cdef PyThreadState *saved = fused_let_go(4 * n)
    engine_lstm_backward(kind, &step)
    fused_take_back(saved)
