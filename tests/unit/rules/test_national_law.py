"""Tests of what the packs of national law say together; each rule alone is held by its pack's examples."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from efface.model.case import Case
from efface.model.vocabulary import RuleMode, VerdictKind
from efface.rules.facts import case_to_facts
from efface.rules.norm import apply
from efface.rules.pack import builtin_packs

TODAY = date(2026, 1, 1)
PACKS = {pack.reference.id: pack for pack in builtin_packs()}
DOOR = Case(
    title="face terminals at an office door",
    jurisdiction="CN-440300",
    actors=("pi_handler", "network_data_handler", "employer"),
    place="office_building",
    purpose_kind="access",
    activities=("collect", "store", "verify_1to1"),
    facts={"data_category": "face_template"},
)
STANDARDS = ("cn-gbt-35273", "cn-gbt-40660", "cn-gbt-41819", "cn-gbt-45574")
NATIONAL = (
    "cn-pipl",
    "cn-civil-code",
    "cn-spc-face-2021",
    "cn-network-data",
    "cn-consumer-law",
    "cn-consumer-regulation",
    "cn-minors-network",
    "cn-gb-46864",
)


def says(case: Case, as_of: date = TODAY, packs: tuple[str, ...] = NATIONAL) -> dict[str, VerdictKind]:
    """Return what each rule that applies, or may apply, says."""
    facts = case_to_facts(case, as_of)
    outcomes = [apply(norm, facts) for name in packs for norm in PACKS[name].norms]
    return {one.norm.rule.id: one.kind for one in outcomes if one.kind is not VerdictKind.OUT_OF_SCOPE}


def stated(case: Case, **facts: bool) -> Case:
    """Return a case with more facts."""
    return replace(case, facts=case.facts | facts)


def test_consent_does_not_replace_necessity():
    """Separate consent satisfies one article and leaves the test of necessity as it was."""
    case = stated(DOOR, separate_consent=True, sufficient_necessity=False)
    found = says(case)
    assert found["CN-PIPL-29"] is VerdictKind.CONDITIONAL_OK
    assert found["CN-PIPL-28"] is VerdictKind.PROHIBITED_UNLESS


@pytest.mark.parametrize("rule", ["CN-PIPL-16", "CN-SPC-4"])
def test_consent_that_service_hangs_on_cures_nothing(rule: str):
    """Where service is refused without need, separate and written consent change nothing."""
    case = stated(
        DOOR,
        service_refused=True,
        data_necessary_for_service=False,
        consent_is_basis=True,
        separate_consent=True,
        written_consent=True,
    )
    assert says(case)[rule] is VerdictKind.PROHIBITED


def test_training_of_algorithms_is_not_free():
    """Face data for training algorithms needs an impact assessment under the Law on personal information."""
    case = replace(stated(DOOR, impact_assessment_done=False), purpose_kind="recognition_training")
    assert says(case)["CN-PIPL-55"] is VerdictKind.PROHIBITED_UNLESS


def test_what_cannot_be_erased_is_frozen():
    """Where erasing is technically hard the duty to erase gives way, and both instruments freeze."""
    case = stated(DOOR, purpose_achieved=True, account_closed=True, deletion_technically_hard=True)
    found = says(case)
    assert (found["CN-PIPL-47"], found["CN-NDS-24"]) == (VerdictKind.CONDITIONAL_OK,) * 2
    assert (found["CN-PIPL-47-FREEZE"], found["CN-NDS-24-FREEZE"]) == (VerdictKind.FREEZE,) * 2


def test_household_affairs_stay_private():
    """The Law on personal information leaves household affairs out; privacy in the Civil Code does not."""
    doorbell = replace(
        DOOR, actors=("pi_handler",), place="home", purpose_kind="household", activities=("collect",)
    )
    assert says(doorbell, packs=("cn-pipl", "cn-network-data")) == {}
    case = stated(doorbell, explicit_consent=False, law_provides_otherwise=False)
    assert says(case)["CN-CC-1033"] is VerdictKind.PROHIBITED_UNLESS


def test_law_is_dated():
    """In spring 2021 consumer and civil law stood alone."""
    case = replace(DOOR, actors=(*DOOR.actors, "business_operator"))
    assert set(says(case, date(2021, 5, 1))) == {"CN-CPL-29", "CN-CC-1033", "CN-CC-1035", "CN-CC-1037"}


def test_refused_photographs():
    """A folder of staff photographs without recognition is no face information, and the general articles stay."""
    photos = stated(DOOR, fr_enabled_on_source=False, person_under_14=False)
    photos = replace(photos, facts=photos.facts | {"data_category": "face_image"})
    found = says(photos)
    assert "CN-PIPL-13" in found
    assert not {"CN-PIPL-28", "CN-PIPL-29", "CN-NDS-22", "CN-SPC-2"} & set(found)
    assert says(photos, packs=STANDARDS) == {}


def test_recommended_standards_bind_nobody():
    """A recommended standard never forbids, is quoted nowhere, and names no penalty."""
    rules = [rule for name in STANDARDS for rule in PACKS[name].rules]
    assert len(rules) == 6
    assert {rule.mode for rule in rules} == {RuleMode.RECOMMEND}
    assert {(rule.citation.quote, rule.consequence) for rule in rules} == {("", None)}
    facts = {
        "national_standards_followed": False,
        "raw_sample_kept": True,
        "stored_apart_from_identity": False,
    }
    case = stated(DOOR, **facts, used_on_terminal_only=False, explicit_consent=False)
    assert set(says(case, packs=STANDARDS).values()) == {VerdictKind.CONDITIONAL_OK}


QUOTED = (*NATIONAL[:-1], "cn-credit-reporting", "cn-public-security-video", "cn-sh-social-credit")


@pytest.mark.parametrize("name", [*QUOTED, "cn-zj-public-credit", "cn-sz-data-regulation"])
def test_what_was_read_is_quoted(name: str):
    """Every rule on a law that was read gives its words, in whole clauses, with the reading marked as primary."""
    citations = [rule.citation for rule in PACKS[name].rules]
    assert [one.article for one in citations if one.confidence != "primary" or not one.quote] == []
    assert {one.quote[-1] for one in citations} <= {"。", "；"}
    parts = [part for one in citations for part in one.quote.split("……")[:-1]]
    assert {part[-1] for part in parts} <= {"。", "；", "："}


def test_a_mandatory_standard_is_not_quoted():
    """Standards are not official text of law: the mandatory one is paraphrased as well."""
    assert {rule.citation.quote for rule in PACKS["cn-gb-46864"].rules} == {""}


def test_every_penalty_names_its_article():
    """A penalty of a statute or regulation says in which article it stands, or that it is a court's."""
    rules = [rule for name in NATIONAL for rule in PACKS[name].rules if rule.consequence]
    texts = [(rule.id, rule.consequence.en) for rule in rules if rule.consequence]
    assert [name for name, text in texts if "rticle" not in text and "court" not in text] == []
