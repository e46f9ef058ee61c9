"""Tell by when something is due, where a rule says after how many days and the case says from when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from efface.engines.working_days import UnpublishedYearError, after
from efface.model.rule import Text
from efface.model.verdict import Due

if TYPE_CHECKING:
    from efface.model.rule import Deadline
    from efface.rules.facts import Facts

__all__ = ["due", "due_text"]


def due(deadline: Deadline | None, facts: Facts, as_of: date) -> Due | None:
    """Return when a deadline ends, or None where it is not a number of days after a day that is known.

    The day of the event does not count. A last day that is a rest day is not moved to the next working day,
    as the Civil Code, article 203, would: the day told is the earlier one.

    Args:
        deadline: Of a rule, or None.
        facts: What the case says.
        as_of: The day from which the days that are left count.
    """
    since = facts.values.get(deadline.after) if deadline and deadline.after else None
    if deadline is None or not isinstance(since, date):
        return None
    try:
        on = _end(since, deadline)
    except UnpublishedYearError as error:
        return Due(deadline.after, since, None, unpublished=error.year)
    except OverflowError:  # past the last day that a calendar has
        return None
    if on is None:
        return None
    return Due(deadline.after, since, on, (on - as_of).days)


def _end(since: date, deadline: Deadline) -> date | None:
    if deadline.working_days is not None:
        return after(since, deadline.working_days)
    return None if deadline.days is None else since + timedelta(days=deadline.days)


def due_text(due: Due) -> Text:
    """Return a deadline in words."""
    if due.on is None:
        return Text(
            f"期限无法计算：{due.unpublished} 年的节假日安排尚未公布（自 {due.since} 起算）。",
            f"The deadline cannot be computed: the holidays of {due.unpublished} are not published"
            f" (it runs from {due.since}).",
        )
    left = due.days_left or 0
    if left < 0:
        return Text(f"期限至 {due.on}，已逾期 {-left} 天。", f"It was due on {due.on}: {-left} days overdue.")
    return Text(f"期限至 {due.on}，还有 {left} 天。", f"It is due on {due.on}: {left} days left.")
