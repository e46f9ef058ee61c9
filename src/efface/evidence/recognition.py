"""How well removed faces are still recognised, and what may be said of it: rates in millionths, whole numbers only.

A rate is reported with the bounds of its Wilson interval (95 %) beside what chance alone would give. The rule has
three answers, since a few faces can neither show nor refute that a recogniser does no better than chance:

    contradicted   a lower bound exceeds chance by more than one point: they are still recognised
    shown          every upper bound is within one point of chance; or nothing was left to compare: where each
                   face was, everything is of one colour, or there is no picture any more
    too_few        neither

Whole numbers, so that another program comes to the same bounds in every digit.

Not promised: the faces of a run are often of the same photos and persons, so that they are not independent draws;
the true interval is then wider.
Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209 (interval of a proportion); z = 1.96.
"""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Final

from efface.model.vocabulary import Recognition

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ALL", "POINT", "bounds", "needed", "outcome"]

ALL: Final = 1_000_000
POINT: Final = 10_000
"""One point of a hundred, in millionths."""
_Z2: Final = 38_416  # 1.96 squared, in ten-thousandths
_SCALE: Final = 10_000


def bounds(rate_ppm: int, probes: int) -> tuple[int, int]:
    """Return the lower and upper bound of a rate that was seen on a number of probes, rounded outward.

    Without a probe nothing is known: 0 and a million.
    """
    middle = 2 * probes * rate_ppm * _SCALE + _Z2 * ALL
    inside = _Z2 * 10**8 + 4 * probes * rate_ppm * (ALL - rate_ppm)
    half = isqrt(_Z2 * inside * _SCALE)
    whole = 2 * (probes * _SCALE + _Z2)
    return (middle - half) // whole, -(-(middle + half) // whole)


def outcome(rates: Iterable[tuple[int, int, int]], left: int) -> Recognition:
    """Return what may be said.

    Args:
        rates: Of each rate what chance gives, its lower and its upper bound, in millionths.
        left: At the places of how many faces there is a picture that is not of one colour.
    """
    known = list(rates)
    if any(lower > chance + POINT for chance, lower, _ in known):
        return Recognition.CONTRADICTED
    if not left or (known and all(upper <= chance + POINT for chance, _, upper in known)):
        return Recognition.SHOWN
    return Recognition.TOO_FEW


def needed(chance_ppm: int) -> int:
    """Return how many probes it takes to show a rate that is just that of chance, within one point."""
    low, high = 0, 1
    while bounds(chance_ppm, high)[1] > chance_ppm + POINT:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if bounds(chance_ppm, middle)[1] > chance_ppm + POINT:
            low = middle
        else:
            high = middle
    return high
