"""Fields named for what credit law forbids, or allows on conditions, beside biometric data."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from efface.guard import Door, Guard
from efface.guard.named import category
from efface.model import Case

AGENCY = Case(
    "agency",
    "CN-110000",
    actors=("credit_reporting_agency",),
    purpose_kind="credit_reporting",
    activities=("collect", "credit_record"),
)
DAY = date(2026, 1, 1)

NAMES = {
    "religion": "religion",
    "宗教信仰": "religion",
    "bloodType": "blood_type",
    "血型": "blood_type",
    "medical_history": "medical",
    "既往病史": "medical",
    "annualIncome": "wealth",
    "存款余额": "wealth",
    "个人纳税数额": "wealth",
    "商业保险": "wealth",
    "税务登记号": None,
    "没收违法所得": None,
    "疾病预防控制中心意见": None,
    "拖欠工资情况": None,
    "good_faith": None,
    "income": "wealth",
    "outcome": None,
    "cf_nr_fk": None,
}


@pytest.mark.parametrize(("name", "kind"), NAMES.items(), ids=NAMES.keys())
def test_names_stand_for_kinds(name: str, kind: str | None) -> None:
    """Whole words decide, and words that only look alike do not."""
    assert category(name) == kind


def guard(**facts: bool) -> Guard:
    return Guard(replace(AGENCY, facts=facts), DAY)


def record(**fields: str) -> bytes:
    return json.dumps({"id": "7", **fields}, ensure_ascii=False).encode()


BOTH = {"written_consent": True, "adverse_effect_explained": True}

FIELDS = {
    "religion, with every consent": (guard(**BOTH), {"宗教信仰": "某教"}, Door.REFUSE),
    "a blood type": (guard(), {"blood_type": "A"}, Door.REFUSE),
    "an illness": (guard(**BOTH), {"病史": "某病"}, Door.REFUSE),
    "an empty field for illness": (guard(), {"病史": "无"}, Door.ALLOW),
    "income, explained and consented to in writing": (guard(**BOTH), {"年收入": "10"}, Door.ALLOW),
    "income without written consent": (
        guard(written_consent=False, adverse_effect_explained=True),
        {"年收入": "10"},
        Door.REFUSE,
    ),
    "income, and nothing known of an explanation": (
        guard(written_consent=True),
        {"income": "10"},
        Door.QUARANTINE,
    ),
    "words about an illness in a note": (guard(), {"bz": "因疾病申请延期缴纳罚款"}, Door.ALLOW),
}


@pytest.mark.parametrize(("door_of", "fields", "door"), FIELDS.values(), ids=FIELDS.keys())
def test_fields_at_an_agencys_door(door_of: Guard, fields: dict[str, str], door: Door) -> None:
    """What is forbidden is refused, what is conditional turns on the facts, and what is only mentioned passes."""
    assert door_of.decide(record(**fields), "a.json").door is door


def test_a_question_names_the_fact() -> None:
    """Who holds a record back says what would decide it."""
    decision = guard(written_consent=True).decide(record(income="10"), "a.json")
    assert "adverse_effect_explained" in decision.reason


def test_a_refused_field_names_its_article() -> None:
    """Religion falls under article 14 at an agency, and its place is told."""
    decision = guard().decide(record(religion="x"), "a.json")
    assert decision.rules == ("CN-CRR-14",)
    assert [place.where for place in decision.places] == ["$['religion']"]


def test_without_a_case_a_name_is_only_a_warning() -> None:
    """Religion is no biometric data, and without a case there is no law to apply."""
    decision = Guard().decide(record(religion="x"), "a.json")
    assert decision.door is Door.ALLOW
    assert [place.why for place in decision.warnings] == ["religion: not judged, as no case was given"]
