"""Tests of what a finding tells the rules by itself."""

from __future__ import annotations

from datetime import date

import pytest

from efface.model import Clue, Finding, Form, Locator
from efface.model.vocabulary import Characteristic, Level
from efface.rules.engine import judge, reads_ages
from efface.testing.laws import case_of, pack_of

DAY = date(2026, 6, 1)
NAMED, BESIDE = Clue("named_after", "a mobile number"), Clue("template_beside", "2 templates")
LINKED = "A prohibition: context.identity_linked"
DERIVED = "A prohibition: context.derived_template"
OLD = "A prohibition: context.data_age_days > 30"
KEEP = "A hold: unless context.video_age_days >= 30"


def finding(
    form=Form.SAMPLE, *clues: Clue, characteristic=Characteristic.FACE, fragment=None, level=Level.LINKED
):
    place = Locator("file", ("/srv/a",), fragment)
    return Finding("made@1", form, characteristic, place, 0.9, level=level, clues=clues)


def kind(rule: str, found: Finding, modified: date | None = None, **facts):
    case = case_of(**facts)
    (verdict,) = judge([found], case, [pack_of(rule)], as_of=DAY, modified_on=lambda _: modified)
    return verdict.kind


ROWS = {
    "a name beside it links it to a person": (LINKED, finding(Form.SAMPLE, NAMED), "prohibited"),
    "without one a link may lie elsewhere": (LINKED, finding(), "needs_facts"),
    "a template is derived": (DERIVED, finding(Form.TEMPLATE, level=Level.ENROLLED), "prohibited"),
    "a picture with a template beside it has one": (DERIVED, finding(Form.SAMPLE, BESIDE), "prohibited"),
    "a picture alone may have one elsewhere": (DERIVED, finding(), "needs_facts"),
    "features of an unknown kind are no template": (
        DERIVED, finding(Form.FEATURES, characteristic=Characteristic.UNKNOWN, level=None), "needs_facts"),
}  # fmt: skip


@pytest.mark.parametrize("sentence", ROWS)
def test_facts_of_a_finding(sentence: str):
    """What stands beside a finding is a fact; what does not is unknown, never denied."""
    rule, found, expected = ROWS[sentence]
    assert kind(rule, found) == expected


AGES = {
    "changed long ago": (OLD, None, date(2026, 1, 1), "prohibited"),
    "changed thirty days ago may be older": (OLD, None, date(2026, 5, 2), "needs_facts"),
    "changed thirty-one days ago": (OLD, None, date(2026, 5, 1), "prohibited"),
    "changed on an unknown day": (OLD, None, None, "needs_facts"),
    "changed in the future": (OLD, None, date(2026, 7, 1), "needs_facts"),
    "a recording kept for thirty days may go": (KEEP, "t=1.00,2.00", date(2026, 5, 2), "out_of_scope"),
    "a younger one may be older than its file": (KEEP, "t=1.00,2.00", date(2026, 5, 3), "needs_facts"),
    "a picture is no recording": (KEEP, None, date(2026, 1, 1), "needs_facts"),
}


@pytest.mark.parametrize("sentence", AGES)
def test_ages(sentence: str):
    """The time of a file bounds the age of its data from below: it may prove that data is old, never that it is new."""
    rule, fragment, modified, expected = AGES[sentence]
    assert kind(rule, finding(fragment=fragment), modified) == expected


@pytest.mark.parametrize(("age", "expected"), [(5, "out_of_scope"), (31, "prohibited")])
def test_the_case_stands_above_the_run(age: int, expected: str):
    """What a case states of the age of its data counts, whatever the file's time is."""
    assert kind(OLD, finding(), date(2026, 1, 1), data_age_days=age) == expected


@pytest.mark.parametrize(
    ("modified", "expected"), [(date(2026, 5, 12), "needs_facts"), (date(2026, 5, 11), "prohibited")]
)
def test_an_age_against_a_period_of_the_case(modified: date, expected: str):
    """A rule may compare the age with a number of days that the case states."""
    rule = "A prohibition: context.data_age_days > context.retention_days"
    assert kind(rule, finding(), modified, retention_days=20) == expected


def test_ages_are_told_as_bounds():
    """A fact that is a bound is shown as one, rounded to what rules can tell apart."""
    (verdict,) = judge(
        [finding()], case_of(), [pack_of(OLD)], as_of=DAY, modified_on=lambda _: date(2020, 1, 1)
    )
    assert "data_age_days >= 31" in verdict.because


def test_many_ages_are_few_groups(monkeypatch: pytest.MonkeyPatch):
    """Findings of a thousand different ages are judged in as many groups as rules can tell apart."""
    from efface.rules.opinion import Law

    calls, opinion = [], Law.opinion
    monkeypatch.setattr(Law, "opinion", lambda law, *told: (calls.append(told), opinion(law, *told))[1])
    days = iter([date.fromordinal(DAY.toordinal() - age) for age in range(1000)])
    judge([finding()] * 1000, case_of(), [pack_of(OLD)], as_of=DAY, modified_on=lambda _: next(days))
    assert len(calls) == 3


@pytest.mark.parametrize(("rule", "reads"), [(OLD, True), (LINKED, False)])
def test_ages_are_looked_up_only_for_rules_that_read_them(rule: str, reads: bool):
    """A run needs no times of files where no rule asks how old data is."""
    assert reads_ages([pack_of(rule)]) is reads


def test_persons_stored_come_from_the_case_alone():
    """However many a finding refers to, a threshold of persons stays a question: more may be stored elsewhere."""
    many = Finding(
        "made@1", Form.TEMPLATE, Characteristic.FACE, Locator("file", ("/a",)), 0.9, references=200_000
    )
    for found in (many, finding()):
        assert kind("A duty: context.persons_stored >= 100000 unless context.filed", found) == "needs_facts"
