# Climbing out of Python's frames, which each recorded operation does. Included by kernels.pyx. The
# same in Python, which is the lesson and the fallback, is engine/kernels/frames.py.

from cpython.object cimport PyObject

cdef extern from "Python.h":
    ctypedef struct PyFrameObject:
        pass
    ctypedef struct PyCodeObject:
        PyObject *co_filename
    PyObject *PyDict_GetItemWithError(object found, object key) except? NULL  # borrowed
    PyCodeObject *PyFrame_GetCode(PyFrameObject *frame)  # this one and the next are ours to release
    PyFrameObject *PyFrame_GetBack(PyFrameObject *frame)
    void release "Py_XDECREF"(void *object)


def outside(object frame, object is_inside):
    """The innermost frame, from `frame` outwards, whose file `is_inside` has False for."""
    cdef PyCodeObject *code
    cdef PyFrameObject *back
    cdef PyObject *known
    while True:
        code = PyFrame_GetCode(<PyFrameObject *> frame)
        file = <object> code.co_filename
        release(code)
        known = PyDict_GetItemWithError(is_inside, file)
        inside = is_inside[file] if known is NULL else <object> known
        if not inside:
            return frame
        back = PyFrame_GetBack(<PyFrameObject *> frame)
        if back is NULL:
            return frame
        frame = <object> back
        release(back)
