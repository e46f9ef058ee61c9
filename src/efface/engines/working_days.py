"""Count working days as the State Council sets them: weekends, public holidays and weekends that are worked.

Not promised: days that a province or a ministry alone leaves free or works.
Limits: the years of the package's data, which the State Council publishes one at a time, each towards the end
of the year before. The last days of a year are known only with the next one's notice: of 2018 it made 29
December a working day and the 31st free.
Source: yearly notices of the General Office of the State Council, as the package `chinesecalendar` holds them.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from efface.errors import EffaceError

__all__ = ["UnpublishedYearError", "after"]

_LAST_CERTAIN = (12, 28)  # month and day of the last year: what follows the next notice may change


class UnpublishedYearError(EffaceError):
    """The public holidays of a year are not in the data, so that nothing may be counted in it.

    Attributes:
        year: That year.
    """

    def __init__(self, year: int) -> None:
        super().__init__(f"the holidays of {year} are not published")
        self.year = year


def after(start: date, working_days: int) -> date:
    """Return the day on which a number of working days has passed; the first counted is the day after `start`.

    Args:
        start: The day on which the time begins; it does not count itself.
        working_days: How many, from 0; 0 is `start` itself.

    Raises:
        UnpublishedYearError: It falls into a year whose holidays are not in the data, or passes through one.
    """
    day = start
    for _ in range(working_days):
        day += timedelta(days=1)
        while not _is_working(day):
            day += timedelta(days=1)
    return day


def _is_working(day: date) -> bool:
    first, last = _certain()
    if not first <= day <= last:
        raise UnpublishedYearError(day.year if day.year != last.year else last.year + 1)
    import chinese_calendar  # noqa: PLC0415 - only deadlines need it

    return bool(chinese_calendar.is_workday(day))


@cache
def _certain() -> tuple[date, date]:
    from chinese_calendar.constants import holidays  # noqa: PLC0415 - as above

    return date(min(holidays).year, 1, 1), date(max(holidays).year, *_LAST_CERTAIN)
