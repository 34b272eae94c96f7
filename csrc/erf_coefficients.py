"""Fits the polynomials of erf.c and prints erf_coefficients.h.

    python csrc/erf_coefficients.py > csrc/erf_coefficients.h

Kept so that no constant in the C code is a mystery. Needs `mpmath`; it is run by hand when a degree
changes, never by the build. The fit is Remez's exchange: at the best polynomial the weighted error
touches its greatest size at degree + 2 points with alternating signs. So solve for a polynomial
whose error alternates at some points, move them to where the error really is greatest, repeat.
"""

import struct
from collections.abc import Callable

from mpmath import cos, erf, erfc, exp, linspace, log, lu_solve, matrix, mp, mpf, pi, polyval, sqrt

mp.dps = 60
GRID = 1500

Curve = Callable[[mpf], mpf]


def best_polynomial(
    curve: Curve, weight: Curve, low: mpf, high: mpf, degree: int
) -> tuple[list[mpf], mpf]:
    """The coefficients, lowest power first, and the greatest weighted error on [low, high]."""
    middle, half = (low + high) / 2, (high - low) / 2
    grid = [middle - half * cos(angle) for angle in linspace(0, pi, GRID + 1)]
    goal, weights = [curve(point) for point in grid], [weight(point) for point in grid]
    count = degree + 2
    chosen = [round(GRID * k / (count - 1)) for k in range(count)]
    for _ in range(20):
        system, right = matrix(count, count), matrix(count, 1)
        for row, index in enumerate(chosen):
            for power in range(degree + 1):
                system[row, power] = grid[index] ** power
            system[row, degree + 1] = (-1) ** row / weights[index]
            right[row] = goal[index]
        coefficients = list(lu_solve(system, right))[: degree + 1]
        error = [
            w * (y - polyval(coefficients[::-1], x))
            for w, y, x in zip(weights, goal, grid, strict=True)
        ]
        peaks = _peaks(error)
        while len(peaks) > count:
            peaks.pop(0 if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else -1)
        worst = max(abs(value) for value in error)
        if len(peaks) < count or worst < 1.02 * min(abs(error[index]) for index in peaks):
            return coefficients, worst
        chosen = peaks
    raise ArithmeticError(f"no fit of degree {degree} found in 20 rounds")


def _peaks(error: list[mpf]) -> list[int]:
    """For each stretch of one sign, the place where the error is greatest."""
    stretches: list[list[int]] = [[0]]
    for index in range(1, len(error)):
        if (error[index] > 0) != (error[stretches[-1][-1]] > 0):
            stretches.append([])
        stretches[-1].append(index)
    return [max(stretch, key=lambda index: abs(error[index])) for stretch in stretches]


def near(z: mpf) -> mpf:
    """erf(a) / a - 1 as a function of z = a * a."""
    return (erf(sqrt(z)) / sqrt(z) if z > 0 else 2 / sqrt(pi)) - 1


def far(t: mpf) -> mpf:
    """-ln(erfc(1 + t))."""
    return -log(erfc(1 + t))


def main() -> None:
    half_ln2 = log(2) / 2 * mpf("1.0001")  # a hair more than half: k is rounded, not exact
    print("/* Written by erf_coefficients.py; see there for what is fitted. Lowest power first. */")
    for dtype, real, suffix, edge, degrees in (
        ("float64", "double", "", 6, (11, 17, 11)),
        ("float32", "float", "f", 4, (6, 7, 6)),
    ):
        fits = (
            ("near", near, lambda _: mpf(1), mpf(0), mpf(1)),
            # What counts is the error of erfc = exp(-q), and that is the error of q times erfc.
            ("far", far, lambda t: erfc(1 + t), mpf(0), mpf(edge) - 1),
            ("exp", exp, lambda r: exp(-r), -half_ln2, half_ln2),
        )
        for (name, curve, weight, low, high), degree in zip(fits, degrees, strict=True):
            coefficients, worst = best_polynomial(curve, weight, low, high, degree)
            print(f"\n/* greatest error of the fit: 2^{float(log(worst, 2)):.1f} */")
            print(f"static const {real} erf_{name}_{dtype}[] = {{")
            for value in coefficients:
                rounded = float(value) if real == "double" else _to_float32(float(value))
                print(f"    {rounded.hex()}{suffix},")
            print("};")


def _to_float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


if __name__ == "__main__":
    main()
