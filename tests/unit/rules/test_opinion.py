"""Tests of what rules say together, under another reading, and on another day."""

from __future__ import annotations

from datetime import date

import pytest

from efface.model import Case, Finding, Form, Hold, Locator, VerdictKind
from efface.model.vocabulary import Characteristic, Level
from efface.rules.engine import judge, judge_activity
from efface.rules.pack import builtin_packs
from efface.rules.readings import readings_of
from efface.testing.laws import case_of, pack_of

DAY = date(2026, 6, 1)
TODAY = date(2026, 6, 2)
TENANTS = Case(
    "mall",
    "CN-120000",
    actors=("market_credit_provider",),
    purpose_kind="marketing",
    activities=("collect",),
    facts={"data_category": "face_template"},
)
PHOTO = 'BAN prohibition: context.readings.contains(Reading::"photo_is_face_information")'
TWO = 'BOTH prohibition: context.readings.contains(Reading::"tianjin_broad") || context.consent'


def kinds(*rules: str, **facts):
    verdict = judge_activity(case_of(**facts), [pack_of(*rules)], as_of=DAY)
    return verdict.kind, [fired.kind for fired in verdict.fired]


# -- together ------------------------------------------------------------------------------------------

ROWS = {
    "a hold beats a prohibition and a freeze, which are listed": (
        ("A prohibition", "B freeze", "C hold"), {}, "hold", ["hold", "prohibited", "freeze"]),
    "a freeze stands beside a broken duty": (
        ("A freeze", "B duty: unless context.consent"), {"consent": False}, "prohibited_unless", ["prohibited_unless", "freeze"]),
    "a freeze is shown where nothing forbids": (("A freeze", "B permission"), {}, "freeze", ["freeze", "permitted"]),
    "a prohibition that may apply is asked about beside a freeze": (
        ("A freeze", "B prohibition: context.consent"), {}, "needs_facts", ["needs_facts", "freeze"]),
    "a permission that may apply is not worth a question": (
        ("A permission: context.consent",), {}, "out_of_scope", ["needs_facts"]),
    "a recommendation of which nothing is known leaves a thing allowed": (
        ("A recommendation: unless context.consent", "B permission"), {}, "permitted", ["needs_facts", "permitted"]),
    "a recommendation that is not followed breaks nothing": (
        ("A recommendation: unless context.consent",), {"consent": False}, "conditional_ok", ["conditional_ok"]),
}  # fmt: skip


@pytest.mark.parametrize("sentence", ROWS)
def test_rules_together(sentence: str):
    """The strongest certain kind is the verdict, and only what could be graver is waited for."""
    rules, facts, kind, fired = ROWS[sentence]
    assert kinds(*rules, **facts) == (kind, fired)


@pytest.mark.parametrize(
    ("rule", "part"), [("A hold", "public security organ may decide"), ("A freeze", "who decides")]
)
def test_who_may_decide(rule: str, part: str):
    """A rule that holds or freezes says who may decide, in the words of its remedy."""
    (fired,) = judge_activity(case_of(), [pack_of(rule)], as_of=DAY).fired
    assert part in fired.explanation.en
    assert "须经公安机关批准" in fired.explanation.zh


@pytest.mark.parametrize(("done", "part"), [(True, "is done"), (False, "binds nobody")])
def test_a_recommendation_says_whether_it_is_followed(done: bool, part: str):
    """What is merely recommended is told as such, never as a condition that is met."""
    case = case_of(consent=done)
    (fired,) = judge_activity(case, [pack_of("A recommendation: unless context.consent")], as_of=DAY).fired
    assert part in fired.explanation.en
    assert "conditions are stated as met" not in fired.explanation.en


# -- readings ------------------------------------------------------------------------------------------


def test_the_other_reading_of_tianjin():
    """Outside credit records the strict reading reaches nothing, and the broad one would ask the authority."""
    verdict = judge_activity(TENANTS, builtin_packs(), as_of=DAY)
    (other,) = [each for each in verdict.readings if each.reading == "tianjin_broad"]
    assert (other.is_taken, other.kind) == (False, VerdictKind.NEEDS_FACTS)
    assert [change.id for change in other.changes] == ["CN-TJ-SC-16-2"]


def test_a_reading_that_is_taken_says_what_the_default_would():
    """A case that takes a reading is told what the default says."""
    case = case_of(readings=("photo_is_face_information",))
    verdict = judge_activity(case, [pack_of(PHOTO)], as_of=DAY)
    (other,) = verdict.readings
    assert (verdict.kind, other.is_taken, other.kind) == ("prohibited", True, "out_of_scope")
    assert [(change.here, change.there) for change in other.changes] == [("prohibited", "out_of_scope")]


@pytest.mark.parametrize("facts", [{"consent": True}, {}])
def test_a_reading_that_changes_nothing_is_not_told(facts):
    """Where the other choice changes no rule, or no rule turns on it, nothing is said of it."""
    said = judge_activity(case_of(consent=True), [pack_of(TWO)], as_of=DAY).readings
    assert said == ()
    assert (
        judge_activity(case_of(**facts), [pack_of("A prohibition: context.consent")], as_of=DAY).readings
        == ()
    )


def test_readings_are_toggled_one_at_a_time():
    """Each reading is told with the others as they are."""
    both = [each.reading for each in judge_activity(case_of(), [pack_of(PHOTO, TWO)], as_of=DAY).readings]
    assert both == ["photo_is_face_information", "tianjin_broad"]


def test_every_reading_has_what_speaks_for_and_against_it():
    """A report can show both sides of each reading in both languages."""
    verdict = judge_activity(case_of(), [pack_of(PHOTO, TWO)], as_of=DAY)
    for reading in readings_of([verdict]):
        for text in (reading.label, reading.speaks_for, reading.speaks_against):
            assert text.zh
            assert text.en


# -- then and today ------------------------------------------------------------------------------------


def test_conduct_that_ended_is_told_what_today_says():
    """What ended before a rule stays out of scope, and the law of today stands beside."""
    case = case_of(until=date(2020, 12, 31))
    verdict = judge_activity(case, [pack_of("A prohibition")], as_of=TODAY, today=TODAY)
    assert verdict.kind is VerdictKind.OUT_OF_SCOPE
    assert verdict.today is not None
    assert (verdict.today.then, verdict.today.as_of, verdict.today.kind) == (
        date(2020, 12, 31),
        TODAY,
        "prohibited",
    )
    assert [change.id for change in verdict.today.changes] == ["A"]


def test_another_day_is_told_what_today_says():
    """Conduct that goes on, judged as of a day before a rule, is told that it is forbidden today."""
    verdict = judge_activity(case_of(), [pack_of("A prohibition")], as_of=date(2020, 1, 1), today=TODAY)
    assert verdict.today is not None
    assert (verdict.kind, verdict.today.kind) == ("out_of_scope", "prohibited")


@pytest.mark.parametrize("today", [TODAY, None])
def test_the_same_day_stands_alone(today: date | None):
    """Conduct that goes on and is judged today has no second verdict."""
    verdict = judge_activity(case_of(), [pack_of("A prohibition")], as_of=TODAY, today=today)
    assert verdict.today is None


def test_findings_have_both_days_and_a_hold_covers_both():
    """Each finding has its own second verdict; a hold of the case stands on both days."""
    finding = Finding(
        "made@1", Form.TEMPLATE, Characteristic.FACE, Locator("file", ("/a",)), 0.9, level=Level.ENROLLED
    )
    case = case_of(until=date(2020, 12, 31))
    (free,) = judge([finding], case, [pack_of("A prohibition")], as_of=TODAY, today=TODAY)
    held_case = Case("t", "CN", conduct_until=case.conduct_until, holds=(Hold("**", "evidence"),))
    (held,) = judge([finding], held_case, [pack_of("A prohibition")], as_of=TODAY, today=TODAY)
    assert free.today is not None
    assert held.today is not None
    assert (free.kind, free.today.kind) == ("out_of_scope", "prohibited")
    assert (held.kind, held.today.kind) == ("hold", "hold")
