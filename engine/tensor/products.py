"""Products with more freedom than matmul: Einstein's sums, tensor dots, chains of matrices.

    >>> import engine as torch
    >>> torch.einsum("ij,jk->ik", torch.ones(2, 3), torch.ones(3, 1))
    tensor([[3.],
            [3.]])

One idea: bring what a user wrote into the plain form that the operation `einsum` takes. A letter
repeated within a factor is its diagonal, a size of 1 is stretched, an ellipsis gets letters.
"""

from __future__ import annotations

from typing import Any

from engine.ops.einsum import einsum as sum_of_products
from engine.tensor.multiplying import same_type
from engine.tensor.naming import called
from engine.tensor.shaping import distinct_dims
from engine.tensor.tensor import Tensor
from engine.tensor.warned import warn

# The letters of the dimensions behind an ellipsis: such that nobody can write.
_FREE = "αβγδεζηθικλμνξοπρστυφχψω"


def einsum(equation: Any, *operands: Any) -> Tensor:
    """The sum of products that an equation describes: `einsum("ij,jk->ik", x, y)` is `x @ y`.

    Each dimension of a factor has a letter. Factors are multiplied where their letters agree, and
    summed over all letters that do not stand behind "->". Without "->" the result has the letters
    that occur once, in alphabetical order. "..." stands for any further dimensions.

    Args:
        equation: the letters; or the first factor, followed by a list of numbers below 52 in place
            of letters, and so on: `einsum(x, [0, 1], y, [1, 2], [0, 2])`.
        operands: the factors, of one type, or one list of them.

    Raises:
        RuntimeError: for an equation that does not describe these factors.
        ValueError: for no factors at all.
    """
    if isinstance(equation, Tensor):
        equation, operands = _from_lists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], tuple | list):
        operands = tuple(operands[0])
    if not operands:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one "
            "operand and its subscripts list"
        )
    same_type("einsum", *operands)
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        more = "fewer" if len(terms) > len(operands) else "more"
        raise RuntimeError(
            f"einsum(): {more} operands were provided than specified in the equation: "
            f"{len(operands)} for {len(terms)} terms in {equation!r}"
        )
    most = max(_free(term, x, k) for k, (term, x) in enumerate(zip(terms, operands, strict=True)))
    free = _FREE[:most]
    terms = [
        term.replace("...", free[most - _free(term, x, k) :])
        for k, (term, x) in enumerate(zip(terms, operands, strict=True))
    ]
    out = _result(right, terms, free) if arrow else _implied(terms, free)
    factors, terms = zip(
        *[_diagonals(x, term, k) for k, (term, x) in enumerate(zip(terms, operands, strict=True))],
        strict=True,
    )
    factors = _stretched(factors, terms)
    if len(factors) == 1 and len(out) == len(terms[0]):
        return factors[0].permute([terms[0].index(letter) for letter in out])
    found = Tensor.record(sum_of_products, (factors,), {"equation": ",".join(terms) + "->" + out})
    summed = any(letter not in out for term in terms for letter in term)
    # PyTorch makes a product with sums of bmm and of views, of which the last is printed.
    name = "Mul" if not summed else "View" if len(terms) > 1 else "SumBackward1"
    return called(found, name)


def _from_lists(given: tuple) -> tuple[str, tuple]:
    """The equation and the factors of `einsum(x, [0, 1], y, [1, 2], [0, 2])`."""

    def term(places: Any) -> str:
        return "".join("..." if place is Ellipsis else _letter(place) for place in places)

    paired = len(given) // 2 * 2
    equation = ",".join(term(places) for places in given[1:paired:2])
    if len(given) > paired:
        equation += "->" + term(given[-1])
    return equation, given[0:paired:2]


def _letter(place: int) -> str:
    if not 0 <= place < 52:
        raise ValueError(
            f"einsum(): subscripts in subscript list must be in the range [0, 52), not {place}"
        )
    return chr(ord("A") + place) if place < 26 else chr(ord("a") + place - 26)


def _checked(term: str, where: str) -> str:
    """The letters of a term alone.

    Raises:
        RuntimeError: for what is no letter, and for two ellipses.
    """
    letters = term.replace("...", "", 1)
    for place, letter in enumerate(letters):
        if letter == ".":
            raise RuntimeError(
                f"einsum(): found '.' for {where} that is not part of its one ellipsis '...'"
            )
        if not (letter.isascii() and letter.isalpha()):
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {place} in the equation string, "
                f"subscripts must be in [a-zA-Z], and this is {letter!r}"
            )
    return letters


def _free(term: str, x: Tensor, place: int) -> int:
    """How many dimensions of x its ellipsis stands for."""
    letters = _checked(term, f"operand {place}")
    ndim = x._data.ndim
    if ndim < len(letters) or (ndim > len(letters) and "..." not in term):
        ending = "" if "..." in term else " and no ellipsis was given"
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({len(letters)}) does not match "
            f"the number of dimensions ({ndim}) for operand {place}{ending}"
        )
    return ndim - len(letters)


def _result(term: str, terms: list[str], free: str) -> str:
    """The letters of the result, as written behind the arrow."""
    letters = _checked(term, "the output")
    for letter in letters:
        if letters.count(letter) > 1:
            raise RuntimeError(
                f"einsum(): output subscript {letter} appears more than once in the output"
            )
        if not any(letter in other for other in terms):
            raise RuntimeError(
                f"einsum(): output subscript {letter} does not appear in the equation for any "
                f"input operand"
            )
    return term.replace("...", free)


def _implied(terms: list[str], free: str) -> str:
    """The letters of the result where nothing is written: those that occur once."""
    every = "".join(terms)
    return free + "".join(sorted(c for c in set(every) - set(free) if every.count(c) == 1))


def _diagonals(x: Tensor, term: str, place: int) -> tuple[Tensor, str]:
    """A factor of which no letter is repeated: its diagonals."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            sizes = x._data.shape[first], x._data.shape[second]
            if sizes[0] != sizes[1]:
                raise RuntimeError(
                    f"einsum(): subscript {letter} is repeated for operand {place} but the sizes "
                    f"don't match, {sizes[1]} != {sizes[0]}"
                )
            x = x.diagonal(0, first, second)
            term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    return x, term


def _stretched(factors: tuple, terms: tuple) -> tuple:
    """The factors with every letter of one size: 1 becomes that of the others."""
    sizes: dict[str, int] = {}
    for place, (x, term) in enumerate(zip(factors, terms, strict=True)):
        for letter, size in zip(term, x._data.shape, strict=True):
            before = sizes.get(letter, 1)
            if size != before and 1 not in (size, before):
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {size} for operand {place} which does "
                    f"not broadcast with previously seen size {before}"
                )
            sizes[letter] = size if before == 1 else before
    shapes = [tuple(sizes[letter] for letter in term) for term in terms]
    return tuple(
        x if x._data.shape == shape else x.expand(shape)
        for x, shape in zip(factors, shapes, strict=True)
    )


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sum of products over some dimensions of two Tensors, all others side by side.

    Args:
        dims: how many of the last dimensions of `a` and the first of `b`; or two lists of them.

    Raises:
        RuntimeError: for sizes that differ.
    """
    same_type("tensordot", a, b)
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a._data.ndim, b._data.ndim):
            raise RuntimeError(
                f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims} for "
                f"{a._data.ndim} and {b._data.ndim} dimensions"
            )
        dims = range(a._data.ndim - dims, a._data.ndim), range(dims)
    of_a, of_b = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(of_a) != len(of_b):
        raise RuntimeError(
            f"both dimension lists should have same length, got {len(of_a)} and {len(of_b)}"
        )
    of_a, of_b = (distinct_dims(ds, x._data.ndim) for ds, x in ((of_a, a), (of_b, b)))
    in_a = [_letter(k) for k in range(a._data.ndim)]
    in_b = [_letter(a._data.ndim + k) for k in range(b._data.ndim)]
    for first, second in zip(of_a, of_b, strict=True):
        sizes = a._data.shape[first], b._data.shape[second]
        if sizes[0] != sizes[1] and 1 not in sizes:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {sizes[0]} in dim "
                f"{first} and second has size {sizes[1]} in dim {second}"
            )
        in_b[second] = in_a[first]
    out = [c for c in in_a if c not in in_b] + [c for c in in_b if c not in in_a]
    return einsum(f"{''.join(in_a)},{''.join(in_b)}->{''.join(out)}", a, b)


def multi_dot(tensors: Any) -> Tensor:
    """The product of a chain of matrices, multiplied in the order that costs least.

    The first and the last may be vectors.

    Raises:
        RuntimeError: for fewer than two, and for shapes that do not fit.
    """
    xs = list(tensors)
    if len(xs) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(xs)}")
    same_type("multi_dot", *xs)
    is_row, is_column = xs[0]._data.ndim == 1, xs[-1]._data.ndim == 1
    if is_row:
        xs[0] = xs[0].unsqueeze(0)
    if is_column:
        xs[-1] = xs[-1].unsqueeze(1)
    for place, x in enumerate(xs):
        if x._data.ndim != 2:
            raise RuntimeError(
                f"multi_dot(): tensor {place} must be 2D but got {x._data.ndim}D; only the first "
                f"and the last may be vectors"
            )
    product = _chain(xs, _cuts([x._data.shape for x in xs]), 0, len(xs) - 1)
    product = product.squeeze(-1) if is_column else product
    product = product.squeeze(0) if is_row else product
    return called(product, "View") if len(xs) > 2 else product


def _cuts(shapes: list[tuple[int, ...]]) -> dict[tuple[int, int], int]:
    """Where each stretch of the chain is best cut in two (the matrix-chain recurrence)."""
    sizes = [shapes[0][0], *(shape[1] for shape in shapes)]
    cost = {(k, k): 0 for k in range(len(shapes))}
    cuts = {}
    for length in range(1, len(shapes)):
        for first in range(len(shapes) - length):
            last = first + length
            cost[first, last], cuts[first, last] = min(
                (
                    cost[first, cut]
                    + cost[cut + 1, last]
                    + sizes[first] * sizes[cut + 1] * sizes[last + 1],
                    cut,
                )
                for cut in range(first, last)
            )
    return cuts


def _chain(xs: list[Tensor], cuts: dict, first: int, last: int) -> Tensor:
    if first == last:
        return xs[first]
    cut = cuts[first, last]
    return _chain(xs, cuts, first, cut).mm(_chain(xs, cuts, cut + 1, last))


def chain_matmul(*matrices: Any) -> Tensor:
    """`multi_dot` of matrices given one by one; one alone is itself."""
    warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use "
        "torch.linalg.multi_dot instead, which accepts a list of two or more tensors rather than "
        "multiple parameters."
    )
    given = matrices[0] if len(matrices) == 1 and not isinstance(matrices[0], Tensor) else matrices
    return given[0] if len(given) == 1 else multi_dot(given)
