"""Tests of reading a case file."""

from __future__ import annotations

from datetime import date

import pytest

from efface.errors import UsageError
from efface.model.case import Hold
from efface.rules.case_file import case_to_facts, parse_case

WHOLE = """
[case]
title = "Sales office, Jianye district"
jurisdiction = "CN-320100"
actors = ["sales_office", "business_operator", "pi_handler"]
place = "sales_office"
purpose = "telling agents' clients from walk-in clients"
purpose_kind = "commission_tracking"
activities = ["collect", "store", "identify_1toN"]
conduct_from = 2020-10-01
conduct_until = 2020-11-29
[facts]
separate_consent = false
conspicuous_sign = false
persons_stored = 973
[[scope]]
match = "postgresql://*/crm#/face_samples/*"
[[hold]]
match = "**/evidence/**"
reason = "evidence in case 2026-118"
until = 2027-03-01
"""
LEAST = '[case]\ntitle = "t"\njurisdiction = "CN"\n'


def test_the_documented_case():
    """The case file of the documentation is read as it stands."""
    case = parse_case(WHOLE)
    assert case.actors == ("sales_office", "business_operator", "pi_handler")
    assert (case.conduct_from, case.conduct_until) == (date(2020, 10, 1), date(2020, 11, 29))
    assert case.facts == {"separate_consent": False, "conspicuous_sign": False, "persons_stored": 973}
    assert case.holds == (Hold("**/evidence/**", "evidence in case 2026-118", date(2027, 3, 1)),)
    assert case.readings == ()


def test_least_case():
    """A title and a jurisdiction make a case; what is left out is unknown, never false."""
    facts = case_to_facts(parse_case(LEAST), date(2026, 1, 1))
    assert set(facts.values) == {"jurisdiction", "readings", "conduct_until"}


REFUSED = {
    "no TOML at all": ("[case", "not valid TOML"),
    "nothing": ("", "case: missing"),
    "no jurisdiction": ('[case]\ntitle = "t"\n', "case.jurisdiction: missing"),
    "a place by its name": (LEAST.replace('"CN"', '"Nanjing"'), "did you mean 'CN-320100'"),
    "a province that is none": (
        LEAST.replace('"CN"', '"CN-990000"'),
        "no Jurisdiction is called 'CN-990000'",
    ),
    "an empty jurisdiction": (LEAST.replace('"CN"', '""'), "must not be empty"),
    "a misspelt key": (LEAST + 'actor = ["sales_office"]\n', "did you mean 'actors'"),
    "a misspelt actor": (LEAST + 'actors = ["sale_office"]\n', "did you mean 'sales_office'"),
    "an activity nobody knows": (LEAST + 'activities = ["photocopy"]\n', "case.activities.0"),
    "a purpose nobody knows": (LEAST + 'purpose_kind = "marketting"\n', "did you mean 'marketing'"),
    "a date in quotes": (LEAST + 'conduct_from = "2020-10-01"\n', "expected a date such as"),
    "a time instead of a day": (LEAST + "conduct_from = 2020-10-01T10:00:00Z\n", "case.conduct_from"),
    "dates the wrong way round": (
        LEAST + "conduct_from = 2021-01-02\nconduct_until = 2021-01-01\n",
        "lies before",
    ),
    "a reading nobody knows": (LEAST + 'readings = ["tianjin_loose"]\n', "did you mean 'tianjin_broad'"),
    "a misspelt fact": (LEAST + "[facts]\nseperate_consent = false\n", "did you mean 'separate_consent'"),
    "a fact of the wrong type": (
        LEAST + '[facts]\nconsent = "yes"\n',
        "facts.consent: expected true or false",
    ),
    "a number with a fraction": (LEAST + "[facts]\npersons_stored = 1.5\n", "expected a whole number"),
    "true as a number": (LEAST + "[facts]\npersons_stored = true\n", "expected a whole number"),
    "a kind of data nobody knows": (LEAST + '[facts]\ndata_category = "faces"\n', "did you mean 'face'"),
    "a list as a fact": (LEAST + "[facts]\nconsent = [true]\n", "facts.consent"),
    "facts that are no table": ("facts = 3\n" + LEAST, "facts"),
    "a hold without a reason": (LEAST + '[[hold]]\nmatch = "*"\n', "hold.0.reason: missing"),
    "a scope that matches nothing": (LEAST + '[[scope]]\nmatch = ""\n', "scope.0.match: must not be empty"),
    "a table nobody knows": (LEAST + "[holds]\n", "did you mean 'hold'"),
    "brackets without end": ("x = " + "[" * 100_000, "case file"),
    "a number without end": ("x = " + "9" * 10_000, "case file"),
    "more text than a case": ("#" * 2_000_000, "longer than"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_refused(sentence: str):
    """A case file with a fault is refused, and the message says where and what."""
    text, part = REFUSED[sentence]
    with pytest.raises(UsageError) as caught:
        parse_case(text)
    assert part in str(caught.value)


def test_every_fault_at_once():
    """All faults of a case file are told at once."""
    text = '[case]\njurisdiction = "Nowhere"\nactors = ["x"]\nconduct_from = "y"\n[facts]\nconsnt = 1\n[[hold]]\n'
    with pytest.raises(UsageError) as caught:
        parse_case(text)
    for place in (
        "case.title",
        "case.jurisdiction",
        "case.actors.0",
        "case.conduct_from",
        "facts.consnt",
        "hold.0.match",
    ):
        assert place in str(caught.value)


def test_conduct_that_goes_on_ends_on_the_day():
    """Conduct without an end, or with a later one, ends on the day whose law is applied."""
    case = parse_case(WHOLE)
    assert case_to_facts(case, date(2020, 11, 1)).values["conduct_until"] == date(2020, 11, 1)
    assert case_to_facts(case, date(2026, 1, 1)).values["conduct_until"] == date(2020, 11, 29)
