"""Tests of due days."""

from __future__ import annotations

from datetime import date

import pytest

from efface.rules.engine import judge_activity
from efface.testing.laws import case_of, pack_of

FILING = (
    "FILE duty: unless context.filed"
    ' | deadline = {{ zh = "30 个工作日", en = "30 working days", {count}, after = "threshold_reached_on" }}'
)
WORKING = FILING.format(count="working_days = 30")
DAYS = FILING.format(count="days = 45")
REACHED = date(2025, 6, 1)

ROWS = {
    "thirty working days, not yet over": (WORKING, REACHED, date(2025, 7, 1), date(2025, 7, 14), 13, "13 days left"),
    "the last day": (WORKING, REACHED, date(2025, 7, 14), date(2025, 7, 14), 0, "0 days left"),
    "the day after": (WORKING, REACHED, date(2025, 7, 15), date(2025, 7, 14), -1, "1 days overdue"),
    "days that are simply counted": (DAYS, REACHED, date(2025, 7, 1), date(2025, 7, 16), 15, "15 days left"),
    "a year that is not published": (
        WORKING, date(2090, 6, 1), date(2025, 7, 1), None, None, "cannot be computed: the holidays of 2090 are not published"),
}  # fmt: skip


@pytest.mark.parametrize("sentence", ROWS)
def test_due(sentence: str):
    """A rule with a deadline says by when, how many days are left, and what cannot be computed."""
    rule, reached, day, on, left, part = ROWS[sentence]
    case = case_of(filed=False, threshold_reached_on=reached)
    (fired,) = judge_activity(case, [pack_of(rule)], as_of=day).fired
    assert fired.due is not None
    assert (fired.due.after, fired.due.since, fired.due.on, fired.due.days_left) == (
        "threshold_reached_on",
        reached,
        on,
        left,
    )
    assert part in fired.explanation.en


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        (WORKING, {"filed": False}),
        (WORKING, {"filed": True, "threshold_reached_on": REACHED}),
        ("FILE duty: unless context.filed", {"filed": False, "threshold_reached_on": REACHED}),
        (FILING.format(count="days = 99999999"), {"filed": False, "threshold_reached_on": REACHED}),
    ],
)
def test_nothing_due(rule: str, facts):
    """Without the day from which it runs, with the duty done, without a deadline, or past any calendar, nothing is."""
    (fired,) = judge_activity(case_of(**facts), [pack_of(rule)], as_of=date(2025, 7, 1)).fired
    assert fired.due is None
