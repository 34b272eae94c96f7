"""The greatest of many numbers, equal ones in the order in which PyTorch gives them.

One idea: where all numbers differ, any algorithm gives the same answer. Among equal ones PyTorch's
order is what the C++ library's selection algorithms happen to leave, so these are played through
step by step, on a list: Musser's introselect and introsort ("Introspective sorting and selection
algorithms", 1997) as libstdc++ arranges them, and heaps where only a few are wanted of many. It is
slow, and meant for rows that have equal numbers among the chosen ones.
"""

# An entry is (number, index). A list of them is put in order from the greatest down: "before" means
# a greater number.
Entry = tuple[float, int]

# Ranges up to this length are left to a final insertion sort; a selection stops at 3.
_SHORT_SORT, _SHORT_SELECTION = 16, 3

# A heap is used if at most one in so many is wanted.
_RARE = 64


def greatest(numbers: list[float], count: int) -> list[int]:
    """The indices of the `count` greatest numbers, from the greatest down; none may be NaN.

    >>> greatest([1.0, 1.0, 1.0, 1.0], 2)
    [2, 3]
    """
    entries = [(number, index) for index, number in enumerate(numbers)]
    length = len(entries)
    if count * _RARE <= length:
        _partial_sort(entries, 0, count, length)
    else:
        _select(entries, count - 1)
        _sort(entries, 0, count - 1)
    return [index for _, index in entries[:count]]


def _depth_limit(length: int) -> int:
    return 2 * (length.bit_length() - 1)


def _select(entries: list[Entry], nth: int) -> None:
    """Brings to `nth` what a sort would bring there; greater numbers before, smaller ones after."""
    first, last = 0, len(entries)
    depth = _depth_limit(last)
    while last - first > _SHORT_SELECTION:
        if depth == 0:
            _select_by_heap(entries, first, nth + 1, last)
            entries[first], entries[nth] = entries[nth], entries[first]
            return
        depth -= 1
        cut = _partition(entries, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _insert_each(entries, first, last)


def _sort(entries: list[Entry], first: int, last: int) -> None:
    if first == last:
        return
    # Of the two parts of a range the second is cut up first: ranges wait on a stack.
    waiting = [(first, last, _depth_limit(last - first))]
    while waiting:
        low, high, depth = waiting.pop()
        while high - low > _SHORT_SORT:
            if depth == 0:
                _partial_sort(entries, low, high, high)
                break
            depth -= 1
            cut = _partition(entries, low, high)
            waiting.append((cut, high, depth))
            high = cut
    _insert_each(entries, first, last)


def _partition(entries: list[Entry], first: int, last: int) -> int:
    """Cuts a range at the median of three of its entries; returns where the second part begins."""
    _median_to_front(entries, first, first + 1, first + (last - first) // 2, last - 1)
    pivot = entries[first][0]
    left, right = first + 1, last
    while True:
        while entries[left][0] > pivot:
            left += 1
        right -= 1
        while pivot > entries[right][0]:
            right -= 1
        if left >= right:
            return left
        entries[left], entries[right] = entries[right], entries[left]
        left += 1


def _median_to_front(entries: list[Entry], front: int, a: int, b: int, c: int) -> None:
    at_a, at_b, at_c = entries[a][0], entries[b][0], entries[c][0]
    if at_a > at_b:
        median = b if at_b > at_c else c if at_a > at_c else a
    else:
        median = a if at_a > at_c else c if at_b > at_c else b
    entries[front], entries[median] = entries[median], entries[front]


def _insert_each(entries: list[Entry], first: int, last: int) -> None:
    """Insertion sort: equal numbers keep their order, as in Python's own, which is quicker."""
    entries[first:last] = sorted(entries[first:last], key=lambda entry: -entry[0])


# --- heaps: the entry at the front is the *smallest* of those kept --------------------------------


def _partial_sort(entries: list[Entry], first: int, middle: int, last: int) -> None:
    _select_by_heap(entries, first, middle, last)
    for end in range(middle - 1, first, -1):
        smallest, entries[end] = entries[end], entries[first]
        _sift(entries, first, 0, end - first, smallest)


def _select_by_heap(entries: list[Entry], first: int, middle: int, last: int) -> None:
    length = middle - first
    for parent in range((length - 2) // 2, -1, -1):
        _sift(entries, first, parent, length, entries[first + parent])
    for index in range(middle, last):
        if entries[index][0] > entries[first][0]:
            entry, entries[index] = entries[index], entries[first]
            _sift(entries, first, 0, length, entry)


def _sift(entries: list[Entry], first: int, hole: int, length: int, entry: Entry) -> None:
    """Fills the hole from below, down to a leaf, and lets `entry` rise from there."""
    top, child = hole, hole
    while child < (length - 1) // 2:
        child = 2 * (child + 1)
        if entries[first + child][0] > entries[first + child - 1][0]:
            child -= 1
        entries[first + hole] = entries[first + child]
        hole = child
    if length % 2 == 0 and child == (length - 2) // 2:
        child = 2 * child + 1
        entries[first + hole] = entries[first + child]
        hole = child
    while hole > top and entries[first + (hole - 1) // 2][0] > entry[0]:
        entries[first + hole] = entries[first + (hole - 1) // 2]
        hole = (hole - 1) // 2
    entries[first + hole] = entry
