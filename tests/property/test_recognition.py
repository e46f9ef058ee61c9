"""What may be said of a rate: intervals of whole numbers, and a rule with three answers."""

from __future__ import annotations

from math import sqrt

from hypothesis import given
from hypothesis import strategies as st

from efface.evidence.recognition import ALL, POINT, bounds, needed, outcome
from efface.model import Recognition

RATES = st.integers(0, ALL)
PROBES = st.integers(0, 10**6)


@given(RATES, PROBES)
def test_the_bounds_hold_the_rate_and_are_wilsons(rate, probes):
    """Bounds are millionths around the rate, and those of the published formula rounded outward."""
    low, high = bounds(rate, probes)
    assert 0 <= low <= high <= ALL
    assert probes == 0 or low <= rate <= high
    share, z = rate / ALL, 1.96
    middle = 2 * probes * share + z * z
    half = z * sqrt(z * z + 4 * probes * share * (1 - share))
    whole = 2 * (probes + z * z)
    assert abs(low - ALL * (middle - half) / whole) < 2
    assert abs(high - ALL * (middle + half) / whole) < 2


def test_without_a_probe_nothing_is_known():
    """No probe: anything from never to always."""
    assert bounds(0, 0) == (0, ALL)


@given(RATES, st.integers(1, 10**5), st.integers(2, 50))
def test_more_probes_never_widen(rate, probes, times):
    """The same rate on more probes is known at least as well, to a millionth."""
    (low, high), (lower, higher) = bounds(rate, probes), bounds(rate, probes * times)
    assert lower >= low - 1
    assert higher <= high + 1


@given(st.integers(0, ALL - POINT - 1))
def test_the_number_needed_is_the_least(chance):
    """With the number of probes that is named a rate at chance is shown, and with one less it is not."""
    count = needed(chance)
    assert bounds(chance, count)[1] <= chance + POINT
    assert count == 1 or bounds(chance, count - 1)[1] > chance + POINT


@given(RATES, RATES, PROBES, st.integers(0, 3))
def test_it_is_never_shown_and_contradicted_at_once(rate, chance, probes, left):
    """Shown means that the upper bound is within one point of chance or nothing is left; contradicted, that the lower is not."""
    low, high = bounds(rate, probes)
    said = outcome([(chance, low, high)], left)
    assert (said is Recognition.CONTRADICTED) == (low > chance + POINT)
    if said is Recognition.SHOWN:
        assert high <= chance + POINT or not left
    if said is Recognition.TOO_FEW:
        assert left
        assert low <= chance + POINT < high


def test_a_few_faces_show_nothing():
    """Of ten faces of which none is recognised nothing is shown: the upper bound is at 28 %."""
    assert outcome([(100_000, *bounds(0, 10))], left=10) is Recognition.TOO_FEW


def test_where_nothing_is_left_no_number_is_needed():
    """One face under one colour is shown: no recogniser tells a colour from the same colour."""
    assert outcome([], left=0) is Recognition.SHOWN
    assert outcome([(ALL, *bounds(ALL, 1))], left=0) is Recognition.SHOWN


def test_one_family_that_recognises_is_enough():
    """A family at chance does not make up for one that recognises."""
    good, bad = (20_000, *bounds(20_000, 5_000)), (20_000, *bounds(900_000, 50))
    assert outcome([good, bad], left=50) is Recognition.CONTRADICTED


def test_without_a_comparison_nothing_that_is_left_is_shown():
    """Something is left and no family was tried: too few to say."""
    assert outcome([], left=1) is Recognition.TOO_FEW
