"""Random words, and normal numbers in single precision from them, by a compiled kernel.

The normal numbers in NumPy, which are the lesson and the fallback, are those of
engine/random/single.py; both give PyTorch's bits.
"""

from typing import Any

import numpy as np

from engine.kernels.draws import with_state
from engine.kernels.loading import compiled

_kernel: Any = getattr(compiled, "normal_blocks", None)
_twister: Any = getattr(compiled, "twister_words", None)

# Words from which on it pays to take NumPy's state out and to put it back: some 80 microseconds.
_MANY = 32768


def random_words(twister: np.random.MT19937, count: int) -> np.ndarray:
    """The next `count` words of 32 bits, a new array of uint32.

    Nobody else may draw from the generator meanwhile.

    >>> random_words(np.random.MT19937(0), 0).dtype
    dtype('uint32')
    """
    if _twister is None or count < _MANY:
        return twister.random_raw(count).astype(np.uint32)
    out = np.empty(count, np.uint32)
    with_state(twister, lambda key, position: _twister(key, position, out))
    return out


def normal_blocks(words: np.ndarray, mean: float, std: float) -> np.ndarray | None:
    """float32 numbers from as many uint32 words, in blocks of 16; None where nothing is compiled.

    Of each block the first eight words are radii and the others angles. mean and std: numbers that
    a float32 can hold.

    >>> found = normal_blocks(np.zeros(16, np.uint32), 1.0, 2.0)
    >>> found is None or found.tolist() == [1.0] * 16
    True
    """
    if _kernel is None:
        return None
    out = np.empty(words.size, np.float32)
    _kernel(words, mean, std, out)
    return out
