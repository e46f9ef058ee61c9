"""Tests of the words of law and of what findings say in them."""

from __future__ import annotations

from datetime import date

import pytest

from efface.errors import UsageError
from efface.model.case import Case
from efface.model.vocabulary import Characteristic, Form, Level
from efface.rules.facts import (
    _implied,
    case_to_facts,
    category_of,
    contradictions,
    fact_types,
    fault_in_fact,
)
from efface.rules.taxonomy import Entity, taxonomy

F, C, L = Form, Characteristic, Level
CATEGORIES = {
    "face template": ((F.TEMPLATE, C.FACE, L.ENROLLED), "face_template"),
    "face features": ((F.FEATURES, C.FACE, None), "face_template"),
    "picture with a face": ((F.SAMPLE, C.FACE, L.VISIBLE), "face_image"),
    "portrait linked to a person": ((F.SAMPLE, C.FACE, L.LINKED), "face_image"),
    "enrolled portrait": ((F.SAMPLE, C.FACE, L.ENROLLED), "enrolled_face_image"),
    "gallery": ((F.REFERENCE_DATABASE, C.FACE, L.ENROLLED), "face_gallery"),
    "fingerprint picture": ((F.SAMPLE, C.FINGERPRINT, L.VISIBLE), "fingerprint"),
    "speech": ((F.SAMPLE, C.VOICE, L.LINKED), "voice_recording"),
    "enrolled speech": ((F.SAMPLE, C.VOICE, L.ENROLLED), "voiceprint"),
    "software": ((F.SYSTEM, C.FACE, None), "face_recognition_system"),
    "finger scanner": ((F.SYSTEM, C.FINGERPRINT, None), "other_recognition_system"),
    "features of nothing known": ((F.FEATURES, C.UNKNOWN, None), None),
    "software for nothing known": ((F.SYSTEM, C.UNKNOWN, None), None),
}


@pytest.mark.parametrize("sentence", CATEGORIES)
def test_category_of(sentence: str):
    """Each form of a characteristic is one kind of data, or a question."""
    finding, category = CATEGORIES[sentence]
    assert category_of(*finding) == category


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("characteristic", sorted(set(Characteristic) - {Characteristic.UNKNOWN}))
def test_every_category_is_a_word(form: Form, characteristic: Characteristic):
    """Every kind of data that a finding can be is a word of the taxonomy."""
    for level in (*Level, None):
        category = category_of(form, characteristic, level)
        assert category is not None
        assert taxonomy().named(Entity("Category", category))


def test_a_photograph_is_not_face_information():
    """A picture with a face lies in personal information and not in biometric information."""
    above = {entity.id for entity in taxonomy().above(Entity("Category", "face_image"))}
    assert above == {"personal_info"}


def test_divisions_by_prefix():
    """A district that nobody listed lies in its city, its province and the country."""
    above = {entity.id for entity in taxonomy().above(Entity("Jurisdiction", "CN-320114"))}
    assert above == {"CN-320100", "CN-320000", "CN"}


@pytest.mark.parametrize("code", ["CN-710000", "CN-810000", "CN-820000", "CN-820100"])
def test_regions_with_law_of_their_own(code: str):
    """National law does not reach Taiwan, Hong Kong and Macao."""
    assert taxonomy().knows(Entity("Jurisdiction", code))
    assert Entity("Jurisdiction", "CN") not in taxonomy().above(Entity("Jurisdiction", code))


@pytest.mark.parametrize("code", ["CN-990000", "CN-3201", "CN-3201000", "320100", "US-ZZ", "", "CN-32O100"])
def test_divisions_that_are_none(code: str):
    """A code outside GB/T 2260's provinces, or of another shape, is no jurisdiction."""
    assert not taxonomy().knows(Entity("Jurisdiction", code))


def test_every_parent_is_a_word():
    """No word lies in a word that does not exist, and none lies in itself."""
    for kind, words in taxonomy().words.items():
        for word in words:
            entity = Entity(kind, word)
            assert entity not in taxonomy().above(entity)
            assert all(taxonomy().knows(parent) for parent in taxonomy().above(entity))


FAULTS = {
    "a fact that is none": ("consnt", True, "did you mean 'consent'"),
    "text where true or false is meant": ("consent", "true", "expected true or false"),
    "one where true or false is meant": ("consent", 1, "expected true or false"),
    "a fraction of a person": ("persons_stored", 0.5, "expected a whole number"),
    "a number as a kind of data": ("data_category", 3, "expected a word of the kind Category"),
    "a key of the case table": ("jurisdiction", "CN", "no fact has this name"),
}


@pytest.mark.parametrize("sentence", FAULTS)
def test_fault_in_fact(sentence: str):
    """A stated fact of no name or another type is named as a fault."""
    name, value, part = FAULTS[sentence]
    assert part in (fault_in_fact(name, value) or "")


def test_types_of_facts():
    """Every fact has a type that a case file can state."""
    assert set(fact_types().values()) <= {"Bool", "Long", "datetime", "Category"}


def stated(**facts: bool) -> dict[str, object]:
    """What a case with only these facts says, by name."""
    case = Case("t", "CN", facts=facts)
    return {name: case_to_facts(case, date(2026, 1, 1)).values.get(name) for name in IN_ORDER}


IN_ORDER = ("separate_consent", "written_consent", "explicit_consent", "consent")


@pytest.mark.parametrize(
    ("facts", "values"),
    [
        ({"consent": False}, (False, False, False, False)),
        ({"separate_consent": True}, (True, None, True, True)),
        ({"written_consent": True}, (None, True, True, True)),
        ({"explicit_consent": False}, (False, False, False, None)),
        ({"consent": True}, (None, None, None, True)),
        ({"separate_consent": False}, (False, None, None, None)),
    ],
    ids=str,
)
def test_what_facts_imply_is_not_asked(facts: dict[str, bool], values: tuple[bool | None, ...]):
    """No consent in any form is no separate consent either; a separate one is a consent."""
    assert tuple(stated(**facts).values()) == values


def test_facts_that_contradict_each_other_are_refused():
    """A case cannot have a separate consent without a consent."""
    with pytest.raises(UsageError, match="contradict each other"):
        stated(separate_consent=True, consent=False)
    assert not list(contradictions({"separate_consent": True, "written_consent": False}))


def test_what_is_implied_is_a_fact_that_can_be_true_or_false():
    """Implications join facts of the schema that are true or false, and none implies itself."""
    for name, other in _implied():
        assert fact_types()[name] == fact_types()[other] == "Bool"
        assert name != other
