"""What a case states, as questions and answers, and what may mitigate there and then."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from efface.model.case import Case
from efface.rules.case_file import parse_case
from efface.rules.facts import questions_for_facts
from efface.rules.mitigation import mitigations
from efface.rules.stated import stated
from efface.testing.office import CASE_NANJING

ASKED = questions_for_facts()


def answers(case: Case) -> dict[str, tuple[str, str]]:
    names = {question: name for name, question in ASKED.items()}
    return {names[question]: (answer.zh, answer.en) for question, answer in stated(case)}


def test_every_fact_is_told_as_the_question_and_its_answer() -> None:
    """Words of the taxonomy are told by their names, yes and no as such, days as days."""
    told = answers(parse_case(CASE_NANJING))
    assert told["jurisdiction"] == ("南京市", "Nanjing")
    assert told["consent"] == ("否", "no")
    assert told["persons_are_visitors"] == ("是", "yes")
    assert told["conduct_from"] == ("2020-10-01", "2020-10-01")
    assert told["activities"][1] == "install devices, collect, store, identify (1:N)"


def test_a_kind_of_data_is_told_by_its_name() -> None:
    """A fact that is a word of the taxonomy is no bare identifier."""
    assert answers(Case("t", "CN", facts={"data_category": "fingerprint"}))["data_category"][0] == "指纹"


def test_a_number_is_told_as_it_is() -> None:
    """A count stays a count, and is not taken for yes."""
    assert answers(Case("t", "CN", facts={"persons_stored": 1}))["persons_stored"] == ("1", "1")


def test_what_is_left_out_is_not_told() -> None:
    """An unknown fact has no answer, not even an empty one."""
    assert set(answers(Case("t", "CN-320100"))) == {"jurisdiction"}


FIRST_DAYS = {"32(1)": date(2021, 7, 15), "51": date(2024, 7, 1), "59": date(2025, 1, 1)}


@pytest.mark.parametrize("article", FIRST_DAYS)
def test_a_provision_mitigates_from_its_first_day(article: str) -> None:
    """Not the day before, and in every division of the country."""
    first = FIRST_DAYS[article]
    assert article in [law.article for law in mitigations("CN-320105", first)]
    assert article not in [law.article for law in mitigations("CN-320105", first - timedelta(days=1))]


@pytest.mark.parametrize("place", ["US-IL", "EU"])
def test_nothing_of_one_country_mitigates_in_another(place: str) -> None:
    """Chinese law is not held out elsewhere."""
    assert mitigations(place, date(2026, 1, 1)) == ()


def test_every_provision_is_quoted_with_its_source() -> None:
    """Official words, both languages, and where they were read."""
    for law in mitigations("CN", date(2026, 1, 1)):
        assert law.quote
        assert law.sources
        assert law.paraphrase.zh != law.paraphrase.en
