# Draws one after the other, and the C library's functions. Included by kernels.pyx after
# running.pxi, which knows the twister.

cdef extern from "draws.h" nogil:
    enum:
        ENGINE_LIBRARY_FUNCTIONS
    ptrdiff_t engine_poisson(
        cnp.uint32_t *key, ptrdiff_t position, ptrdiff_t n, const double *rate, double *out)
    ptrdiff_t engine_binomial(
        cnp.uint32_t *key, ptrdiff_t position, ptrdiff_t n, const double *count, const double *p,
        double *out)
    void engine_shuffle(ptrdiff_t n, const cnp.uint32_t *words, cnp.int64_t *order)
    void engine_library(int function, ptrdiff_t n, const double *x, double *out)


cdef cnp.uint32_t *twister_key(cnp.ndarray key, Py_ssize_t position) except NULL:
    if not 0 <= position <= ENGINE_TWISTER_WORDS:
        raise ValueError(f"expected a position from 0 to 624, got {position}")
    return <cnp.uint32_t *> fused_data(key, cnp.NPY_UINT32, ENGINE_TWISTER_WORDS, True)


def poisson(cnp.ndarray key not None, Py_ssize_t position, cnp.ndarray rate not None,
            cnp.ndarray out not None):
    """Fills `out` with counts of events, changes the key of a Mersenne Twister, gives its position."""
    cdef Py_ssize_t n = cnp.PyArray_SIZE(out)
    cdef cnp.uint32_t *words = twister_key(key, position)
    cdef void *rates = fused_data(rate, cnp.NPY_FLOAT64, n, False)
    cdef void *target = fused_data(out, cnp.NPY_FLOAT64, n, True)
    cdef PyThreadState *saved = fused_let_go(n)
    position = engine_poisson(words, position, n, <const double *> rates, <double *> target)
    fused_take_back(saved)
    return position


def binomial(cnp.ndarray key not None, Py_ssize_t position, cnp.ndarray count not None,
             cnp.ndarray p not None, cnp.ndarray out not None):
    """Fills `out` with counts of successes, changes the key, gives its position."""
    cdef Py_ssize_t n = cnp.PyArray_SIZE(out)
    cdef cnp.uint32_t *words = twister_key(key, position)
    cdef void *counts = fused_data(count, cnp.NPY_FLOAT64, n, False)
    cdef void *shares = fused_data(p, cnp.NPY_FLOAT64, n, False)
    cdef void *target = fused_data(out, cnp.NPY_FLOAT64, n, True)
    cdef PyThreadState *saved = fused_let_go(n)
    position = engine_binomial(
        words, position, n, <const double *> counts, <const double *> shares, <double *> target)
    fused_take_back(saved)
    return position


def shuffle(cnp.ndarray words not None, cnp.ndarray order not None):
    """Fills `order` with 0 .. n - 1 as n - 1 words shuffle them."""
    cdef Py_ssize_t n = cnp.PyArray_SIZE(order)
    if not 0 < n < 1 << 32:
        raise ValueError(f"expected from 1 to 2**32 - 1 places, got {n}")
    cdef void *source = fused_data(words, cnp.NPY_UINT32, n - 1, False)
    cdef void *target = fused_data(order, cnp.NPY_INT64, n, True)
    cdef PyThreadState *saved = fused_let_go(n)
    engine_shuffle(n, <const cnp.uint32_t *> source, <cnp.int64_t *> target)
    fused_take_back(saved)


def library(int function, cnp.ndarray x not None, cnp.ndarray out not None):
    """Fills `out` with one of the C library's functions of x, element by element."""
    cdef Py_ssize_t n = cnp.PyArray_SIZE(x)
    if not 0 <= function < ENGINE_LIBRARY_FUNCTIONS:
        raise ValueError(f"expected a function from 0 to {ENGINE_LIBRARY_FUNCTIONS - 1}")
    cdef void *source = fused_data(x, cnp.NPY_FLOAT64, n, False)
    cdef void *target = fused_data(out, cnp.NPY_FLOAT64, n, True)
    cdef PyThreadState *saved = fused_let_go(n)
    engine_library(function, n, <const double *> source, <double *> target)
    fused_take_back(saved)
