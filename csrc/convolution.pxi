# Convolution, for kernels.pyx. The geometry comes as 16 integers in the order of the struct: batch,
# groups, in_channels, out_channels; then pairs: in, out, kernel, stride, dilation, pad. That they
# belong together is engine/kernels/convolution.py's business; here the arrays are compared with
# them, so that nothing outside of an array is ever read or written.

cdef extern from "convolution.h" nogil:
    ctypedef struct engine_convolution:
        ptrdiff_t batch, groups, in_channels, out_channels
        ptrdiff_t[2] image "in"
        ptrdiff_t[2] out
        ptrdiff_t[2] kernel
        ptrdiff_t[2] stride
        ptrdiff_t[2] dilation
        ptrdiff_t[2] pad

    int engine_convolve_float32(const engine_convolution *, const float *, const float *,
                                const float *, int, float *)
    int engine_convolve_to_input_float32(const engine_convolution *, const float *, const float *,
                                         const float *, int, float *)
    int engine_convolve_to_weight_float32(const engine_convolution *, const float *, const float *,
                                          float *)
    void engine_convolve_to_bias_float32(ptrdiff_t, ptrdiff_t, ptrdiff_t, const float *, float *)
    int engine_convolve_float64(const engine_convolution *, const double *, const double *,
                                const double *, int, double *)
    int engine_convolve_to_input_float64(const engine_convolution *, const double *, const double *,
                                         const double *, int, double *)
    int engine_convolve_to_weight_float64(
        const engine_convolution *, const double *, const double *,
                                          double *)
    void engine_convolve_to_bias_float64(ptrdiff_t, ptrdiff_t, ptrdiff_t, const double *, double *)
    int engine_convolve_reference_float32(const engine_convolution *, const float *, const float *,
                                const float *, int, float *)
    int engine_convolve_to_input_reference_float32(
        const engine_convolution *, const float *, const float *,
                                         const float *, int, float *)
    int engine_convolve_to_weight_reference_float32(
        const engine_convolution *, const float *, const float *,
                                          float *)
    void engine_convolve_to_bias_reference_float32(ptrdiff_t, ptrdiff_t, ptrdiff_t, const float *, float *)
    int engine_convolve_reference_float64(
        const engine_convolution *, const double *, const double *,
                                const double *, int, double *)
    int engine_convolve_to_input_reference_float64(
        const engine_convolution *, const double *, const double *,
                                         const double *, int, double *)
    int engine_convolve_to_weight_reference_float64(
        const engine_convolution *, const double *, const double *,
                                          double *)
    void engine_convolve_to_bias_reference_float64(ptrdiff_t, ptrdiff_t, ptrdiff_t, const double *, double *)


cdef enum:
    CONVOLUTION_FLOAT32 = 0
    CONVOLUTION_FLOAT64 = 1
    CONVOLUTION_REFERENCE = 2  # added to either


cdef int convolution_kind(cnp.ndarray array, bint reference) except -1:
    cdef int kind = CONVOLUTION_REFERENCE if reference else 0
    if cnp.PyArray_TYPE(array) == cnp.NPY_FLOAT32:
        return kind + CONVOLUTION_FLOAT32
    if cnp.PyArray_TYPE(array) == cnp.NPY_FLOAT64:
        return kind + CONVOLUTION_FLOAT64
    raise TypeError(f"expected float32 or float64, got {array.dtype}")


cdef void *convolution_data(cnp.ndarray array, int kind, Py_ssize_t size,
                            bint written) except? NULL:
    """Where an array of exactly this dtype and size begins; anything else is refused."""
    if not (cnp.PyArray_ISCARRAY(array) if written else cnp.PyArray_ISCARRAY_RO(array)):
        raise ValueError("expected C-contiguous, aligned, native arrays, the result writeable")
    cdef int dtype = cnp.NPY_FLOAT64 if kind & 1 else cnp.NPY_FLOAT32
    if cnp.PyArray_TYPE(array) != dtype:
        raise TypeError(f"expected arrays of one dtype, got also {array.dtype}")
    if cnp.PyArray_SIZE(array) != size:
        raise ValueError(f"expected {size} elements, got {array.size}")
    return cnp.PyArray_DATA(array)


cdef int convolution_shape(tuple numbers, engine_convolution *shape) except -1:
    shape.batch, shape.groups, shape.in_channels, shape.out_channels = numbers[:4]
    cdef int axis
    for axis in range(2):
        shape.image[axis] = numbers[4 + axis]
        shape.out[axis] = numbers[6 + axis]
        shape.kernel[axis] = numbers[8 + axis]
        shape.stride[axis] = numbers[10 + axis]
        shape.dilation[axis] = numbers[12 + axis]
        shape.pad[axis] = numbers[14 + axis]
        if shape.stride[axis] < 1 or shape.dilation[axis] < 1:
            raise ValueError(f"stride and dilation must be at least 1, got {numbers}")
    if min(numbers[:10]) < 0 or shape.groups < 1:
        raise ValueError(f"sizes must not be negative, got {numbers}")
    return 0


cdef Py_ssize_t convolution_x_size(const engine_convolution *shape) noexcept:
    return shape.batch * shape.in_channels * shape.image[0] * shape.image[1]


cdef Py_ssize_t convolution_w_size(const engine_convolution *shape) noexcept:
    return (shape.out_channels * (shape.in_channels // shape.groups)
            * shape.kernel[0] * shape.kernel[1])


cdef Py_ssize_t convolution_out_size(const engine_convolution *shape) noexcept:
    return shape.batch * shape.out_channels * shape.out[0] * shape.out[1]


cdef int convolution_done(int status) except -1:
    if status != 0:
        raise MemoryError("no memory for the working space of a convolution")
    return 0


def convolve(tuple geometry not None, cnp.ndarray x not None, cnp.ndarray w not None,
             cnp.ndarray bias, bint relu, cnp.ndarray out not None, bint reference):
    cdef engine_convolution shape
    convolution_shape(geometry, &shape)
    cdef int kind = convolution_kind(x, reference), status
    cdef const void *source = convolution_data(x, kind, convolution_x_size(&shape), False)
    cdef const void *weight = convolution_data(w, kind, convolution_w_size(&shape), False)
    cdef void *result = convolution_data(out, kind, convolution_out_size(&shape), True)
    cdef const void *shift = NULL
    if bias is not None:
        shift = convolution_data(bias, kind, shape.out_channels, False)
    with nogil:
        if kind == CONVOLUTION_FLOAT32:
            status = engine_convolve_float32(
                &shape, <const float *> source, <const float *> weight, <const float *> shift, relu,
                <float *> result)
        elif kind == CONVOLUTION_FLOAT64:
            status = engine_convolve_float64(
                &shape, <const double *> source, <const double *> weight, <const double *> shift, relu,
                <double *> result)
        elif kind == CONVOLUTION_FLOAT32 + CONVOLUTION_REFERENCE:
            status = engine_convolve_reference_float32(
                &shape, <const float *> source, <const float *> weight, <const float *> shift, relu,
                <float *> result)
        else:
            status = engine_convolve_reference_float64(
                &shape, <const double *> source, <const double *> weight, <const double *> shift, relu,
                <double *> result)
    convolution_done(status)


def convolve_to_input(tuple geometry not None, cnp.ndarray g not None, cnp.ndarray w not None,
                      cnp.ndarray bias, bint relu, cnp.ndarray dx not None, bint reference):
    cdef engine_convolution shape
    convolution_shape(geometry, &shape)
    cdef int kind = convolution_kind(g, reference), status
    cdef const void *source = convolution_data(g, kind, convolution_out_size(&shape), False)
    cdef const void *weight = convolution_data(w, kind, convolution_w_size(&shape), False)
    cdef void *result = convolution_data(dx, kind, convolution_x_size(&shape), True)
    cdef const void *shift = NULL
    if bias is not None:
        shift = convolution_data(bias, kind, shape.in_channels, False)
    with nogil:
        if kind == CONVOLUTION_FLOAT32:
            status = engine_convolve_to_input_float32(
                &shape, <const float *> source, <const float *> weight, <const float *> shift, relu,
                <float *> result)
        elif kind == CONVOLUTION_FLOAT64:
            status = engine_convolve_to_input_float64(
                &shape, <const double *> source, <const double *> weight, <const double *> shift, relu,
                <double *> result)
        elif kind == CONVOLUTION_FLOAT32 + CONVOLUTION_REFERENCE:
            status = engine_convolve_to_input_reference_float32(
                &shape, <const float *> source, <const float *> weight, <const float *> shift, relu,
                <float *> result)
        else:
            status = engine_convolve_to_input_reference_float64(
                &shape, <const double *> source, <const double *> weight, <const double *> shift, relu,
                <double *> result)
    convolution_done(status)


def convolve_to_weight(tuple geometry not None, cnp.ndarray g not None, cnp.ndarray x not None,
                       cnp.ndarray dw not None, bint reference):
    cdef engine_convolution shape
    convolution_shape(geometry, &shape)
    cdef int kind = convolution_kind(g, reference), status
    cdef const void *gradient = convolution_data(g, kind, convolution_out_size(&shape), False)
    cdef const void *image = convolution_data(x, kind, convolution_x_size(&shape), False)
    cdef void *result = convolution_data(dw, kind, convolution_w_size(&shape), True)
    with nogil:
        if kind == CONVOLUTION_FLOAT32:
            status = engine_convolve_to_weight_float32(
                &shape, <const float *> gradient, <const float *> image, <float *> result)
        elif kind == CONVOLUTION_FLOAT64:
            status = engine_convolve_to_weight_float64(
                &shape, <const double *> gradient, <const double *> image, <double *> result)
        elif kind == CONVOLUTION_FLOAT32 + CONVOLUTION_REFERENCE:
            status = engine_convolve_to_weight_reference_float32(
                &shape, <const float *> gradient, <const float *> image, <float *> result)
        else:
            status = engine_convolve_to_weight_reference_float64(
                &shape, <const double *> gradient, <const double *> image, <double *> result)
    convolution_done(status)


def convolve_to_bias(cnp.ndarray g not None, cnp.ndarray db not None, bint reference):
    if g.ndim != 3:
        raise ValueError(f"expected (N, C, places), got {g.ndim} axes")
    cdef Py_ssize_t batch = g.shape[0], channels = g.shape[1], places = g.shape[2]
    cdef int kind = convolution_kind(g, reference)
    cdef const void *gradient = convolution_data(g, kind, batch * channels * places, False)
    cdef void *result = convolution_data(db, kind, channels, True)
    with nogil:
        if kind == CONVOLUTION_FLOAT32:
            engine_convolve_to_bias_float32(
                batch, channels, places, <const float *> gradient, <float *> result)
        elif kind == CONVOLUTION_FLOAT64:
            engine_convolve_to_bias_float64(
                batch, channels, places, <const double *> gradient, <double *> result)
        elif kind == CONVOLUTION_FLOAT32 + CONVOLUTION_REFERENCE:
            engine_convolve_to_bias_reference_float32(
                batch, channels, places, <const float *> gradient, <float *> result)
        else:
            engine_convolve_to_bias_reference_float64(
                batch, channels, places, <const double *> gradient, <double *> result)
