"""A program that convolves arrays which end, and then begin, where memory may not be touched.

A read beyond the end of an array changes no result, so no comparison can find it; here the system
does, and the program dies of it. test_convolution_calls.py runs it. Not a test file itself: a
process that dies would take the others with it.
"""

import ctypes
import mmap

import numpy as np
from convolution_cases import DEFAULTS, DTYPES, ENDS, LEVELS, instruction_set

from engine.kernels.convolution_geometry import geometry_of
from engine.kernels.loading import compiled

_MAPS = []  # what an array lies in has to stay


def fenced(array: np.ndarray, at_end: bool) -> np.ndarray:
    """A copy that touches a forbidden page with its last byte, or with its first."""
    page = mmap.PAGESIZE
    inner = max(1, -(-array.nbytes // page)) * page
    memory = mmap.mmap(-1, inner + 2 * page)
    _MAPS.append(memory)
    first = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    for place in (first, first + page + inner):
        if libc.mprotect(ctypes.c_void_p(place), ctypes.c_size_t(page), 0) != 0:
            raise OSError(ctypes.get_errno(), "mprotect")
    offset = page + (inner - array.nbytes if at_end else 0)
    view = np.frombuffer(memory, array.dtype, array.size, offset).reshape(array.shape)
    view[...] = array
    return view


def main() -> None:
    for case in ENDS:
        settings = (case.settings.get(k, d) for k, d in DEFAULTS.items())
        numbers = geometry_of("test", case.x_shape, case.w_shape, *settings).numbers
        for dtype in DTYPES:
            for at_end in (True, False):
                x, w, g, bias, back = (fenced(a, at_end) for a in case.arrays(dtype))
                y, dx, dw = (fenced(a, at_end) for a in (g, x, w))
                for level in LEVELS:
                    with instruction_set(level):
                        compiled.convolve(numbers, x, w, bias, False, y, False)
                        compiled.convolve_to_input(numbers, g, w, back, False, dx, False)
                        compiled.convolve_to_weight(numbers, g, x, dw, False)
    print("untouched")


if __name__ == "__main__":
    main()
