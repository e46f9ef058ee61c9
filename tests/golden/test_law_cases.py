"""What the packs of Tianjin and Nanjing say of cases and findings, taken by themselves.

T01, T04, T22 and T23 carry the names under which the cases were collected: T01 and T04 are reported (Yangtse
Evening Post, National Business Daily, SCMP 2020; a penalty decision of Foshan Shunde 2021), T22 and T23 are
constructed. What every shipped pack says of the reported cases stands in test_law_reported.py.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pytest

from efface.model.case import Case
from efface.model.finding import Finding
from efface.model.locator import Locator
from efface.model.vocabulary import Characteristic, Form, Level, VerdictKind
from efface.rules.engine import judge, judge_activity
from efface.rules.pack import builtin_packs

K = VerdictKind
PACKS = tuple(
    pack
    for pack in builtin_packs()
    if pack.reference.id in ("cn-tj-social-credit", "cn-nj-2020-sales-offices")
)
PLACE = Locator("file", ("/srv/crm.db",), "/main.visitor/face")


def found(form: Form, characteristic: Characteristic, level: Level | None) -> Finding:
    return Finding("made@1", form, characteristic, PLACE, 0.9, level=level)


TEMPLATE = found(Form.TEMPLATE, Characteristic.FACE, Level.ENROLLED)
ENROLLED_PHOTO = found(Form.SAMPLE, Characteristic.FACE, Level.ENROLLED)
LINKED_PHOTO = found(Form.SAMPLE, Characteristic.FACE, Level.LINKED)
COFFEE = found(Form.SAMPLE, Characteristic.FACE, Level.VISIBLE)
GALLERY = found(Form.REFERENCE_DATABASE, Characteristic.FACE, Level.ENROLLED)
SOFTWARE = found(Form.SYSTEM, Characteristic.FACE, None)
FINGERPRINT = found(Form.TEMPLATE, Characteristic.FINGERPRINT, Level.ENROLLED)
IRIS = found(Form.TEMPLATE, Characteristic.IRIS, Level.ENROLLED)
RECORDING = found(Form.SAMPLE, Characteristic.VOICE, Level.LINKED)
VECTORS = found(Form.FEATURES, Characteristic.UNKNOWN, None)

CREDIT = {
    "title": "tenant credit vendor",
    "jurisdiction": "CN-120000",
    "actors": ("market_credit_provider",),
    "purpose_kind": "social_credit",
    "activities": ("collect", "store", "credit_record"),
    "facts": {"consent": True, "separate_consent": True, "written_consent": True, "purpose_agreed": True},
}
DOOR = CREDIT | {
    "title": "the vendor's own door",
    "purpose_kind": "access",
    "activities": ("collect", "verify_1to1"),
}
SALES = {
    "title": "sales office",
    "jurisdiction": "CN-320100",
    "actors": ("sales_office", "business_operator", "pi_handler"),
    "place": "sales_office",
    "purpose_kind": "commission_tracking",
    "activities": ("collect", "store", "identify_1toN"),
    "conduct_from": date(2020, 10, 1),
    "facts": {"separate_consent": False, "conspicuous_sign": False},
}
TJ2, NJ, NJC = "CN-TJ-SC-16-2", "CN-NJ-2020", "CN-NJ-2020-CONSENT"
TODAY = date(2026, 11, 22)


class Row(NamedTuple):
    case: dict[str, object]
    finding: Finding
    on: date
    kind: VerdictKind
    first: str | None
    asks: tuple[str, ...] = ()


ROWS = {
    "T01: template of a visitor in a Nanjing sales office, two days after the calls began": Row(
        SALES, TEMPLATE, date(2020, 11, 29), K.PROHIBITED, NJ
    ),
    "T01: the same on the first day": Row(SALES, TEMPLATE, date(2020, 11, 27), K.PROHIBITED, NJ),
    "T01: the same on the day before": Row(SALES, TEMPLATE, date(2020, 11, 26), K.OUT_OF_SCOPE, None),
    "conduct that goes on is judged by the day": Row(SALES, TEMPLATE, TODAY, K.PROHIBITED, NJ),
    "conduct that ended before the order, judged today": Row(
        SALES | {"conduct_until": date(2020, 11, 26)}, TEMPLATE, TODAY, K.OUT_OF_SCOPE, None
    ),
    "conduct that ended after the order began, judged today": Row(
        SALES | {"conduct_until": date(2020, 11, 29)}, TEMPLATE, TODAY, K.PROHIBITED, NJ
    ),
    "an enrolled photograph is face information": Row(SALES, ENROLLED_PHOTO, TODAY, K.PROHIBITED, NJ),
    "a gallery is face information": Row(SALES, GALLERY, TODAY, K.PROHIBITED, NJ),
    "the software is to be dismantled too": Row(SALES, SOFTWARE, TODAY, K.PROHIBITED, NJ),
    "consent does not keep a system in a sales office": Row(
        SALES | {"facts": {"separate_consent": True, "persons_are_visitors": True}},
        TEMPLATE,
        TODAY,
        K.PROHIBITED,
        NJ,
    ),
    "a face on a coffee picture is a question, not a violation": Row(
        SALES,
        COFFEE,
        TODAY,
        K.NEEDS_FACTS,
        NJ,
        ("fr_enabled_on_source", "persons_are_visitors", "consent", "written_consent"),
    ),
    "a portrait in the customer table is the same question": Row(
        SALES,
        LINKED_PHOTO,
        TODAY,
        K.NEEDS_FACTS,
        NJ,
        ("fr_enabled_on_source", "persons_are_visitors", "consent", "written_consent"),
    ),
    "a picture that face recognition is applied to": Row(
        SALES | {"facts": {"fr_enabled_on_source": True}}, COFFEE, TODAY, K.PROHIBITED, NJ
    ),
    "staff photographs without face recognition": Row(
        SALES | {"facts": {"fr_enabled_on_source": False, "persons_are_visitors": False}},
        LINKED_PHOTO,
        TODAY,
        K.OUT_OF_SCOPE,
        None,
    ),
    "T04 in Nanjing: a sign is a notice, and a notice is not consent": Row(
        SALES
        | {
            "activities": ("collect",),
            "facts": {
                "conspicuous_sign": True,
                "notice_given": True,
                "persons_are_visitors": True,
                "consent": False,
                "separate_consent": False,
                "written_consent": False,
            },
        },
        COFFEE,
        TODAY,
        K.PROHIBITED_UNLESS,
        NJC,
    ),
    "vectors of unknown origin are a question": Row(
        SALES,
        VECTORS,
        TODAY,
        K.NEEDS_FACTS,
        NJ,
        ("unknown_features", "fr_enabled_on_source", "persons_are_visitors", "consent", "written_consent"),
    ),
    "vectors that a person calls document embeddings": Row(
        SALES | {"facts": {"unknown_features": "not_personal"}}, VECTORS, TODAY, K.OUT_OF_SCOPE, None
    ),
    "vectors that a person calls face templates": Row(
        SALES | {"facts": {"unknown_features": "face_template"}}, VECTORS, TODAY, K.PROHIBITED, NJ
    ),
    "a sales office in Suzhou is not bound by the Nanjing order": Row(
        SALES | {"jurisdiction": "CN-320500"}, TEMPLATE, TODAY, K.OUT_OF_SCOPE, None
    ),
    "a sales office somewhere in Jiangsu: which city?": Row(
        SALES | {"jurisdiction": "CN-320000"},
        TEMPLATE,
        TODAY,
        K.NEEDS_FACTS,
        NJ,
        ("jurisdiction", "persons_are_visitors", "consent", "written_consent"),
    ),
    "T22: face vector in a credit file with signed consent": Row(CREDIT, TEMPLATE, TODAY, K.PROHIBITED, TJ2),
    "T22: the same vector at the firm's door, strict reading": Row(
        DOOR, TEMPLATE, TODAY, K.OUT_OF_SCOPE, None
    ),
    "T22: the same vector at the firm's door, broad reading, warns and asks": Row(
        DOOR | {"readings": ("tianjin_broad",)},
        TEMPLATE,
        TODAY,
        K.NEEDS_FACTS,
        TJ2,
        ("authority_confirms_broad_reading",),
    ),
    "T22: the same file in Shanghai is not bound by the Tianjin rule": Row(
        CREDIT | {"jurisdiction": "CN-310000"}, TEMPLATE, TODAY, K.OUT_OF_SCOPE, None
    ),
    "template in a credit record, day before the law": Row(
        CREDIT, TEMPLATE, date(2020, 12, 31), K.OUT_OF_SCOPE, None
    ),
    "template in a credit record, first day": Row(CREDIT, TEMPLATE, date(2021, 1, 1), K.PROHIBITED, TJ2),
    "fingerprint record with written consent": Row(CREDIT, FINGERPRINT, TODAY, K.PROHIBITED, TJ2),
    "iris record in a district of Tianjin": Row(
        CREDIT | {"jurisdiction": "CN-120101"}, IRIS, TODAY, K.PROHIBITED, TJ2
    ),
    "a recording of speech that is not enrolled is no voiceprint": Row(
        CREDIT, RECORDING, TODAY, K.CONDITIONAL_OK, "CN-TJ-SC-16-1"
    ),
    "purpose unknown: the question is the purpose": Row(
        CREDIT | {"purpose_kind": ""}, FINGERPRINT, TODAY, K.NEEDS_FACTS, TJ2, ("purpose_kind",)
    ),
    "a property manager that is no credit provider": Row(
        CREDIT | {"actors": ("property_service",)}, FINGERPRINT, TODAY, K.OUT_OF_SCOPE, None
    ),
    "capacities unknown: the question is the capacity": Row(
        CREDIT | {"actors": ()}, FINGERPRINT, TODAY, K.NEEDS_FACTS, TJ2, ("actors",)
    ),
}


@pytest.mark.parametrize("sentence", ROWS)
def test_verdict_on_a_finding(sentence: str) -> None:
    """Each sentence of the table gets its verdict, its first rule and its questions."""
    row = ROWS[sentence]
    (verdict,) = judge([row.finding], Case(**row.case), PACKS, as_of=row.on)  # type: ignore[arg-type]
    assert verdict.kind is row.kind
    assert (verdict.fired[0].id if verdict.fired else None) == row.first
    assert sorted(question.fact for question in verdict.missing) == sorted(row.asks)
    assert (verdict.subject, verdict.as_of) == (row.finding.id, row.on)


WEALTH = {"data_category": "wealth", "purpose_agreed": True}
ACTIVITIES = {
    "T23: income with written consent, harm explained": (
        WEALTH | {"written_consent": True, "adverse_effect_explained": True}, K.CONDITIONAL_OK, ""),
    "T23: income with a tick box only": (
        WEALTH | {"consent": True, "written_consent": False}, K.PROHIBITED_UNLESS, "obtain_consent"),
    "T23: income with written consent, nothing known of the explanation": (
        WEALTH | {"written_consent": True}, K.NEEDS_FACTS, ""),
    "fingerprints with every consent there is": (
        {"data_category": "fingerprint", "written_consent": True, "separate_consent": True}, K.PROHIBITED, "erase"),
    "some biometric characteristic": ({"data_category": "any_biometric"}, K.PROHIBITED, "erase"),
    "personal information of no stated kind": (
        {"data_category": "personal_info", "consent": True, "purpose_agreed": True}, K.NEEDS_FACTS, ""),
}  # fmt: skip


@pytest.mark.parametrize("sentence", ACTIVITIES)
def test_verdict_on_an_activity(sentence: str) -> None:
    """Without findings the activity itself is judged, by the kind of data that the case states."""
    facts, kind, remedy = ACTIVITIES[sentence]
    case = Case(**(CREDIT | {"facts": facts}))  # type: ignore[arg-type]
    verdict = judge_activity(case, PACKS, as_of=TODAY)
    assert (verdict.subject, verdict.kind, verdict.remedy) == ("activity", kind, remedy)
