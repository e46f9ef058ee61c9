"""Tests of the kinds of norm that no shipped pack has: duties, holds, and rules that end."""

from __future__ import annotations

from datetime import date

import pytest

from efface.model.case import Case
from efface.model.vocabulary import RuleMode, VerdictKind
from efface.rules.engine import judge_activity
from efface.rules.pack import check_pack, load_pack

PACK = """
id = "made"
version = 1
title = { zh = "样例", en = "made" }
instrument = { zh = "样例", en = "made" }
jurisdiction = "CN"
sources = ["made for this test"]
read_on = 2026-01-01
confidence = "primary"
"""
POLICY = """
@id("MADE-DUTY")
@kind("duty")
@effective("2021-01-01")
@until("2022-01-01")
@authority("notice")
@remedy("put_up_sign")
forbid (principal, action, resource)
when { context.conduct_until >= datetime("2021-01-01") && context.conduct_from < datetime("2022-01-01") }
unless { context.conspicuous_sign };
@id("MADE-HOLD")
@kind("hold")
@effective("2021-01-01")
@authority("admin_reg")
@remedy("keep")
forbid (principal, action, resource)
when { context.conduct_until >= datetime("2021-01-01") && context.place in Place::"public_place" }
unless { context.retention_days >= 30 };
"""
WORDS = """
[rules.{}]
article = "1"
article_text = {{ zh = "第一条", en = "article 1" }}
paraphrase = {{ zh = "样例", en = "made" }}
explanation = {{ zh = "样例", en = "made" }}
remedy = {{ zh = "样例", en = "made" }}
"""
EXAMPLE = """
[[examples]]
name = "{}"
rule = "{}"
case = "made"
conduct_from = {}
as_of = {}
kind = "{}"
"""
NO_SIGN = "facts = { conspicuous_sign = false }\n"
DUTY_ROWS = [
    ("first day", "2020-01-01", "2021-01-01", "prohibited_unless"),
    ("day before", "2020-01-01", "2020-12-31", "out_of_scope"),
    ("from the last day", "2021-12-31", "2023-01-01", "prohibited_unless"),
    ("from the day after", "2022-01-01", "2023-01-01", "out_of_scope"),
]
HOLD_ROWS = [
    ("first day", "2020-01-01", "2021-01-01", "hold"),
    ("day before", "2020-01-01", "2020-12-31", "out_of_scope"),
]


def made(duty_rows=DUTY_ROWS) -> dict[str, str]:
    examples = '[cases.made]\njurisdiction = "CN"\nplace = "shop"\n'
    for name, start, day, kind in duty_rows:
        examples += EXAMPLE.format(name, "MADE-DUTY", start, day, kind) + NO_SIGN
    for name, start, day, kind in HOLD_ROWS:
        examples += EXAMPLE.format(name, "MADE-HOLD", start, day, kind) + "facts = { retention_days = 10 }\n"
    words = WORDS.format("MADE-DUTY") + WORDS.format("MADE-HOLD")
    return {"pack.toml": PACK, "rules.cedar": POLICY, "texts.toml": words, "examples.toml": examples}


def verdict(facts: dict[str, bool | int], begun: date | None = date(2021, 6, 1), place: str = "shop"):
    case = Case("t", "CN", place=place, conduct_from=begun, facts=facts)
    return judge_activity(case, [load_pack(made())], as_of=date(2026, 1, 1))


ROWS = {
    "a duty that is not done": (verdict, ({"conspicuous_sign": False, "retention_days": 30},), "prohibited_unless"),
    "a duty that is done": (verdict, ({"conspicuous_sign": True, "retention_days": 30},), "conditional_ok"),
    "a duty that began to bind too late": (
        verdict, ({"conspicuous_sign": False, "retention_days": 30}, date(2022, 1, 1)), "out_of_scope"),
    "a duty when the first day of conduct is unknown": (
        verdict, ({"conspicuous_sign": False, "retention_days": 30}, None), "needs_facts"),
    "what must be kept, though a duty is broken": (verdict, ({"conspicuous_sign": False, "retention_days": 29},), "hold"),
    "what may go once it was kept long enough": (
        verdict, ({"retention_days": 30, "conspicuous_sign": True}, date(2022, 1, 1)), "out_of_scope"),
    "how long it was kept is unknown": (verdict, ({"conspicuous_sign": False},), "prohibited_unless"),
    "a place that the hold does not reach": (verdict, ({"conspicuous_sign": True}, date(2021, 6, 1), "home"), "conditional_ok"),
}  # fmt: skip


@pytest.mark.parametrize("sentence", ROWS)
def test_kinds(sentence: str):
    """Duties, holds and rules that end give the verdict that their kind says."""
    make, arguments, kind = ROWS[sentence]
    assert make(*arguments).kind == kind


def test_unknown_hold_is_asked_even_beside_a_violation():
    """A possible hold is stronger than a violation, so its facts are asked."""
    assert [question.fact for question in verdict({"conspicuous_sign": False}).missing] == ["retention_days"]


def test_hold_keeps():
    """The remedy of a hold is to keep, and the broken duty is still listed."""
    held = verdict({"conspicuous_sign": False, "retention_days": 1})
    assert (held.remedy, [rule.kind for rule in held.fired]) == (
        "keep",
        [VerdictKind.HOLD, VerdictKind.PROHIBITED_UNLESS],
    )


def test_modes_and_window():
    """Rules carry their mode and their window of days, and explanations name both days."""
    duty, hold = load_pack(made()).rules
    assert (duty.mode, hold.mode) == (RuleMode.REQUIRE, RuleMode.HOLD)
    assert (duty.effective_from, duty.effective_until) == (date(2021, 1, 1), date(2022, 1, 1))
    fired = verdict({"conspicuous_sign": False, "retention_days": 30}).fired[0]
    assert "from 2021-01-01, until before 2022-01-01" in fired.explanation.en
    assert "自 2021-01-01 起，至 2022-01-01 前" in fired.explanation.zh


@pytest.mark.parametrize("left_out", [2, 3])
def test_examples_on_both_sides_of_the_end(left_out: int):
    """A rule that ends needs an example on each side of its end."""
    rows = [row for position, row in enumerate(DUTY_ROWS) if position != left_out]
    assert len(check_pack(made(rows))) == 1


def test_end_that_differs_from_the_text():
    """An end that the annotation and the text state differently is a fault."""
    broken = made() | {"rules.cedar": POLICY.replace('@until("2022-01-01")', '@until("2023-01-01")')}
    assert any("@until" in fault for fault in check_pack(broken))
