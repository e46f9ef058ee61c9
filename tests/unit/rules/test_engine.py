"""Tests of the engine that gives verdicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from efface.errors import UsageError
from efface.model.case import Case, Hold
from efface.model.finding import Finding
from efface.model.locator import Locator
from efface.model.vocabulary import Characteristic, Form, Level, VerdictKind
from efface.rules.engine import CASE_HOLD, judge, judge_activity, questions
from efface.rules.opinion import Law
from efface.rules.pack import builtin_packs

# Two packs, so that law which is added later changes nothing here.
PACKS = tuple(
    pack
    for pack in builtin_packs()
    if pack.reference.id in ("cn-nj-2020-sales-offices", "cn-tj-social-credit")
)
DAY = date(2021, 6, 1)
CASE = Case(
    title="tenant credit vendor",
    jurisdiction="CN-120000",
    actors=("market_credit_provider",),
    purpose_kind="social_credit",
    activities=("collect", "credit_record"),
)


def finding(path: str = "/srv/a.db", characteristic: Characteristic = Characteristic.FINGERPRINT) -> Finding:
    return Finding(
        "made@1", Form.TEMPLATE, characteristic, Locator("file", (path,)), 0.9, level=Level.ENROLLED
    )


def verdict_on(case: Case, path: str = "/srv/a.db"):
    return judge([finding(path)], case, PACKS, as_of=DAY)[0]


def test_all_rules_are_reported():
    """Every rule that fires or might is listed, strongest first, not only the strongest."""
    verdict = verdict_on(CASE)
    assert [(rule.id, rule.kind) for rule in verdict.fired] == [
        ("CN-TJ-SC-16-2", VerdictKind.PROHIBITED),
        ("CN-TJ-SC-16-1", VerdictKind.NEEDS_FACTS),
    ]
    assert "consent" in verdict.fired[1].missing


def test_no_question_that_changes_nothing():
    """A prohibition that is certain asks nothing, whatever weaker rules do not know."""
    assert verdict_on(CASE).missing == ()


def test_only_questions_of_stronger_rules():
    """When a condition is broken, only facts that could make it a prohibition are asked."""
    facts = {
        "consent": False,
        "separate_consent": False,
        "written_consent": False,
        "law_provides_otherwise": False,
    }
    photo = Finding("made@1", Form.SAMPLE, Characteristic.FACE, Locator("file", ("/p.jpg",)), 0.9)
    (verdict,) = judge([photo], replace(CASE, facts=facts), PACKS, as_of=DAY)
    assert verdict.kind is VerdictKind.PROHIBITED_UNLESS
    assert [question.fact for question in verdict.missing] == ["fr_enabled_on_source"]
    assert all(question.text.zh and question.text.en for question in verdict.missing)


def test_outside_the_scope():
    """A finding that the case is not about is out of scope, whatever it is."""
    verdict = verdict_on(replace(CASE, scope=("**/other.db",)))
    assert (verdict.kind, verdict.fired, verdict.remedy) == (VerdictKind.OUT_OF_SCOPE, (), "")


def test_hold_beats_prohibition():
    """A hold of the case beats a prohibition, which is still listed; nothing is asked, and it is kept."""
    verdict = verdict_on(replace(CASE, holds=(Hold("**/*.db", "evidence 118"),)))
    assert (verdict.kind, verdict.remedy, verdict.missing) == (VerdictKind.HOLD, "keep", ())
    assert [rule.id for rule in verdict.fired] == [CASE_HOLD, "CN-TJ-SC-16-2", "CN-TJ-SC-16-1"]
    assert "evidence 118" in verdict.fired[0].explanation.zh


def test_hold_outside_the_scope():
    """A hold covers places outside the scope as well: it beats everything."""
    case = replace(CASE, scope=("**/other.db",), holds=(Hold("**/*.db", "evidence"),))
    assert verdict_on(case).kind is VerdictKind.HOLD


def test_hold_that_has_ended():
    """A hold whose last day is past no longer holds."""
    case = replace(CASE, holds=(Hold("**/*.db", "evidence", until=date(2021, 5, 31)),))
    assert verdict_on(case).kind is VerdictKind.PROHIBITED


def test_order_and_subjects():
    """There is one verdict a finding, in the order of the findings."""
    many = [finding(f"/srv/{n}.db") for n in range(50)]
    verdicts = judge(many, CASE, PACKS, as_of=DAY)
    assert [verdict.subject for verdict in verdicts] == [one.id for one in many]


def test_equal_facts_are_judged_once(monkeypatch: pytest.MonkeyPatch):
    """Findings with the same facts share one evaluation of the rules."""
    calls = []
    opinion = Law.opinion
    monkeypatch.setattr(Law, "opinion", lambda law, *told: (calls.append(told), opinion(law, *told))[1])
    judge([finding(f"/srv/{n}.db") for n in range(1000)], CASE, PACKS, as_of=DAY)
    assert len(calls) == 1


def test_without_findings():
    """No findings give no verdicts."""
    assert judge([], CASE, PACKS, as_of=DAY) == []


def test_without_packs():
    """Without law everything is out of scope, never permitted."""
    assert judge([finding()], CASE, (), as_of=DAY)[0].kind is VerdictKind.OUT_OF_SCOPE


def test_activity_without_kind_of_data():
    """An activity whose kind of data is not stated is asked for it."""
    verdict = judge_activity(CASE, PACKS, as_of=DAY)
    assert verdict.kind is VerdictKind.NEEDS_FACTS
    assert "data_category" in [question.fact for question in questions(CASE, PACKS, as_of=DAY)]


def test_decided_activity_asks_nothing():
    """A case that no rule reaches asks nothing."""
    assert questions(replace(CASE, jurisdiction="CN-310000"), PACKS, as_of=DAY) == ()


def test_fact_that_is_none():
    """A case built in memory with a fact that no rule can know is refused."""
    with pytest.raises(UsageError, match=r"facts\.consnt"):
        verdict_on(replace(CASE, facts={"consnt": True}))


def test_explanation_names_its_grounds():
    """An explanation names rule, article, first day and facts, in both languages, and says what is unknown."""
    text = verdict_on(CASE).fired[0].explanation
    for part in (
        "CN-TJ-SC-16-2",
        "第十六条第二款",
        "2021-01-01",
        "data_category = fingerprint",
        "罚则不明",
        "二手",
    ):
        assert part in text.zh
    for part in (
        "article 16, paragraph 2",
        "2021-01-01",
        "jurisdiction = CN-120000",
        "Penalties are unknown",
    ):
        assert part in text.en


def test_explanation_asks_for_missing_facts():
    """An explanation of an undecided rule asks for each missing fact by name."""
    text = verdict_on(CASE).fired[1].explanation
    assert "(purpose_agreed)" in text.en
    assert "（purpose_agreed）" in text.zh


def test_because_names_the_facts():
    """A verdict out of scope says which facts put it there."""
    assert "jurisdiction = CN-310000" in verdict_on(replace(CASE, jurisdiction="CN-310000")).because
