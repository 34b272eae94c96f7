# cython: language_level=3
# cython: freethreading_compatible=True
"""The compiled kernels as Python sees them: engine._kernels.

Each function here looks at pointers, dtypes and shapes, lets go of the interpreter lock where that
pays, and calls C. Nothing is decided or computed here: which kernel, which dtype, what to do with
strides is engine/kernels's business, which is the only module that imports this one.
"""

cimport numpy as cnp

cnp.import_array()

cdef extern from "erf.h" nogil:
    void engine_erf_float64(ptrdiff_t n, const double *x, double *out)
    void engine_erf_float32(ptrdiff_t n, const float *x, float *out)
    void engine_erf_reference_float64(ptrdiff_t n, const double *x, double *out)
    void engine_erf_reference_float32(ptrdiff_t n, const float *x, float *out)

cdef extern from "instruction_set.h":
    void engine_instruction_set_detect()
    int engine_instruction_set_in_use "engine_instruction_set"()
    void engine_instruction_set_limit(int at_most)

cdef extern from "scratch.h":
    void engine_scratch_limit(ptrdiff_t blocks)

engine_instruction_set_detect()

ctypedef void (*float64_map)(ptrdiff_t, const double *, double *) noexcept nogil
ctypedef void (*float32_map)(ptrdiff_t, const float *, float *) noexcept nogil

# Below this many elements, giving the lock away and taking it back costs more than it frees.
cdef enum:
    WORTH_RELEASING = 4096


cdef Py_ssize_t shared_length(cnp.ndarray x, cnp.ndarray out, int dtype) except -1:
    """The length of two contiguous, aligned arrays of this dtype; anything else is refused."""
    if not (cnp.PyArray_ISCARRAY_RO(x) and cnp.PyArray_ISCARRAY(out)):
        raise ValueError("expected dense, aligned arrays in native byte order, out writeable")
    if cnp.PyArray_TYPE(x) != dtype or cnp.PyArray_TYPE(out) != dtype:
        raise TypeError(f"expected another dtype, got {x.dtype} -> {out.dtype}")
    if cnp.PyArray_SIZE(x) != cnp.PyArray_SIZE(out):
        raise ValueError(f"x has {x.size} elements, out has {out.size}")
    return cnp.PyArray_SIZE(x)


cdef int map_float64(float64_map kernel, cnp.ndarray x, cnp.ndarray out) except -1:
    cdef Py_ssize_t n = shared_length(x, out, cnp.NPY_FLOAT64)
    cdef const double *source = <const double *> cnp.PyArray_DATA(x)
    cdef double *target = <double *> cnp.PyArray_DATA(out)
    if n < WORTH_RELEASING:
        kernel(n, source, target)
    else:
        with nogil:
            kernel(n, source, target)
    return 0


cdef int map_float32(float32_map kernel, cnp.ndarray x, cnp.ndarray out) except -1:
    cdef Py_ssize_t n = shared_length(x, out, cnp.NPY_FLOAT32)
    cdef const float *source = <const float *> cnp.PyArray_DATA(x)
    cdef float *target = <float *> cnp.PyArray_DATA(out)
    if n < WORTH_RELEASING:
        kernel(n, source, target)
    else:
        with nogil:
            kernel(n, source, target)
    return 0


def erf_float64(cnp.ndarray x not None, cnp.ndarray out not None):
    map_float64(engine_erf_float64, x, out)


def erf_float32(cnp.ndarray x not None, cnp.ndarray out not None):
    map_float32(engine_erf_float32, x, out)


def erf_reference_float64(cnp.ndarray x not None, cnp.ndarray out not None):
    map_float64(engine_erf_reference_float64, x, out)


def erf_reference_float32(cnp.ndarray x not None, cnp.ndarray out not None):
    map_float32(engine_erf_reference_float32, x, out)


def instruction_set():
    return engine_instruction_set_in_use()


def limit_instruction_set(int at_most):
    engine_instruction_set_limit(at_most)


def limit_scratch(Py_ssize_t blocks):
    """For tests: as if there were memory for this many working copies and no more; -1: no limit."""
    engine_scratch_limit(blocks)


include "frames.pxi"
include "fused.pxi"
include "curves.pxi"
include "losses.pxi"
include "running.pxi"
include "draws.pxi"
include "pooling.pxi"
include "convolution.pxi"
include "matmul.pxi"
