"""Tests of counting working days."""

from __future__ import annotations

from datetime import date

import pytest

from efface.engines.working_days import UnpublishedYearError, after

ROWS = {
    "thirty working days after Children's Day 2025, which is a Sunday of the Dragon Boat holiday": (
        date(2025, 6, 1), 30, date(2025, 7, 14)),
    "no day is the day itself, even a Sunday": (date(2025, 6, 1), 0, date(2025, 6, 1)),
    "a Friday and then a Monday": (date(2025, 6, 6), 1, date(2025, 6, 9)),
    "a Sunday that is worked for a holiday counts": (date(2025, 1, 25), 1, date(2025, 1, 26)),
    "the Spring Festival of 2025 is passed over": (date(2025, 1, 27), 1, date(2025, 2, 5)),
    "the Spring Festival of 2020 was made longer": (date(2020, 1, 23), 1, date(2020, 2, 3)),
    "29 December 2018 was worked, by the notice of the next year": (date(2018, 12, 28), 1, date(2018, 12, 29)),
}  # fmt: skip


@pytest.mark.parametrize("sentence", ROWS)
def test_working_days(sentence: str):
    """Weekends and public holidays do not count, weekends that are worked do."""
    start, count, end = ROWS[sentence]
    assert after(start, count) == end


@pytest.mark.parametrize("year", range(2020, 2027))
def test_every_year_from_2020_to_2026_is_known(year: int):
    """The years of the laws at hand are in the data: a day in October is counted."""
    assert after(date(year, 9, 30), 1) > date(year, 10, 1)


@pytest.mark.parametrize(
    ("start", "count", "year"),
    [
        (date(2090, 1, 1), 1, 2090),
        (date(1990, 1, 1), 5, 1990),
        (date(2026, 12, 20), 30, 2027),
        (date(2026, 12, 28), 1, 2027),
    ],
)
def test_a_year_that_is_not_published_is_not_guessed(start: date, count: int, year: int):
    """What falls into a year without data, or into last days that its notice may still change, is refused by name."""
    with pytest.raises(UnpublishedYearError, match=f"the holidays of {year} are not published") as caught:
        after(start, count)
    assert caught.value.year == year
