"""Reported and constructed cases of law, judged by every pack that is shipped.

Each row names its source beside it. "then" is the law of the time; "today" is the same facts after 1 June 2025,
where the collection tells both. A case asserts its verdict, what given rules say, and which rules keep silent;
what it leaves unsaid is unknown to the packs as well, and may be asked.
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
from efface.rules.pack import builtin_packs, get_rule

HOLD, P, U = VerdictKind.HOLD, VerdictKind.PROHIBITED, VerdictKind.PROHIBITED_UNLESS
ASK, OK, OUT = VerdictKind.NEEDS_FACTS, VerdictKind.CONDITIONAL_OK, VerdictKind.OUT_OF_SCOPE
TODAY = date(2026, 11, 22)

NO_CONSENT = {
    "consent": False,
    "separate_consent": False,
    "written_consent": False,
    "explicit_consent": False,
}
CONSENT = dict.fromkeys(NO_CONSENT, True)
NO_DEFENCE = {"emergency": False, "news_reporting": False, "law_provides_otherwise": False}
# Every condition met and every breach denied: what remains is what a case puts over it.
LAWFUL = CONSENT | {
    "consent_is_basis": True, "consent_bundled": False, "consent_withdrawn": False, "forced_or_misled": False,
    "service_refused": False, "blanket_authorisation": False, "excessive": False, "unlawful_processing": False,
    "notice_given": True, "necessity_and_impact_told": True, "purpose_stated": True, "rules_published": True,
    "same_purpose": True, "purpose_agreed": True, "specific_purpose": True, "sufficient_necessity": True,
    "least_impact": True, "strict_protection": True, "kept_longer_than_needed": False, "purpose_achieved": False,
    "service_ended": False, "deletion_requested": False, "person_under_14": False, "person_is_minor": False,
    "impact_assessment_done": True, "records_kept_years": 3, "public_safety_necessary": True,
    "state_rules_followed": True, "conspicuous_sign": True, "bounded_capture_area": True,
    "public_safety_use_only": True, "alternative_offered": True, "inside_private_room": False,
    "raw_sample_kept": False, "stored_apart_from_identity": True, "used_on_terminal_only": True,
    "national_standards_followed": True,
}  # fmt: skip


def case(over: dict[str, object], facts: dict[str, object], **about: object) -> dict[str, object]:
    """A case on top of another; `facts` are added to its facts."""
    return over | about | {"facts": {**over.get("facts", {}), **facts}}  # type: ignore[dict-item]


NANJING = {
    "jurisdiction": "CN-320105",
    "actors": ("sales_office", "business_operator", "pi_handler"),
    "place": "sales_office",
    "purpose_kind": "commission_tracking",
    "activities": ("install", "collect", "store", "identify_1toN"),
    "facts": NO_CONSENT | NO_DEFENCE | {
        "data_category": "face_template", "persons_are_visitors": True, "public_safety_necessary": False,
        "purpose_stated": False, "rules_published": False, "sufficient_necessity": False,
        "unlawful_processing": True, "inside_private_room": False,
    },
}  # fmt: skip
SHUNDE = case(
    NANJING,
    {
        "data_category": "enrolled_face_image",
        "purpose_stated": True,
        "conspicuous_sign": True,
        "notice_given": True,
    },
    jurisdiction="CN-440606",
    conduct_from=date(2020, 8, 1),
)
KOHLER = case(
    NANJING,
    {},
    jurisdiction="CN-310106",
    actors=("business_operator", "pi_handler"),
    place="shop",
    purpose_kind="marketing",
    conduct_from=date(2020, 2, 1),
)
XPENG = case(
    KOHLER,
    {"data_category": "face_image", "fr_enabled_on_source": False},
    jurisdiction="CN-310000",
    activities=("install", "collect", "store", "analyse", "send_out"),
    conduct_from=date(2021, 1, 1),
)
TIANJIN_GATE = {
    "jurisdiction": "CN-120000",
    "actors": ("property_service", "pi_handler"),
    "place": "residential_compound",
    "purpose_kind": "access",
    "activities": ("collect", "store", "verify_1to1"),
    "conduct_from": date(2021, 3, 1),
    "facts": NO_DEFENCE | {
        "data_category": "face_template", "alternative_offered": False, "no_equivalent_way": False,
        "state_rules_on_verification": False, "public_safety_necessary": False, "sufficient_necessity": False,
        "rules_published": False, "unlawful_processing": True,
        "deletion_requested": True, "deleted": False, "anonymised": False, "retention_required_by_law": False,
        "deletion_technically_hard": False,
    },
}  # fmt: skip
GYM = {
    "jurisdiction": "CN-310112",
    "actors": ("business_operator", "pi_handler"),
    "place": "gym",
    "purpose_kind": "access",
    "activities": ("install", "collect", "store", "verify_1to1"),
    "facts": NO_CONSENT | NO_DEFENCE | {
        "data_category": "face_template", "inside_private_room": True, "alternative_offered": False,
        "notice_given": False, "necessity_and_impact_told": False, "law_exempts_from_notice": False,
        "sufficient_necessity": False, "public_safety_necessary": False,
    },
}  # fmt: skip
TRAINING = {
    "jurisdiction": "CN",
    "actors": ("business_operator", "pi_handler"),
    "purpose_kind": "recognition_training",
    "activities": ("collect", "store"),
    "facts": {"data_category": "face", "impact_assessment_done": False},
}
HOTEL = {
    "jurisdiction": "CN-310000",
    "actors": ("lodging_operator", "business_operator", "pi_handler"),
    "place": "lodging",
    "purpose_kind": "check_in",
    "activities": ("collect", "store", "verify_1to1"),
    "facts": LAWFUL | {"data_category": "face_template", "guest_has_valid_id": False},
}
KUNMING = {
    "jurisdiction": "CN-530100",
    "actors": ("sales_office", "business_operator"),
    "place": "sales_office",
    "purpose_kind": "public_safety",
    "activities": ("collect", "identify_1toN"),
    "facts": LAWFUL | {"data_category": "face", "persons_are_visitors": True, "area_marked": True, "purpose_shown": True},
}  # fmt: skip
CREDIT = {
    "jurisdiction": "CN-120000",
    "actors": ("market_credit_provider", "pi_handler"),
    "purpose_kind": "social_credit",
    "activities": ("collect", "store", "credit_record"),
    "facts": CONSENT | {"data_category": "face_template", "purpose_agreed": True},
}
INCOME = case(CREDIT, LAWFUL | {"data_category": "wealth", "adverse_effect_explained": True})
MALL = {
    "jurisdiction": "CN-310000",
    "actors": ("video_manager", "business_operator"),
    "place": "shop",
    "purpose_kind": "public_safety",
    "activities": ("delete",),
    "facts": {
        "data_category": "video_footage", "public_security_system": True, "video_age_days": 10,
        "purpose_achieved": True, "retention_required_by_law": False, "deletion_authorised": False,
        "deleted": False, "unlawful_processing": False,
    },
}  # fmt: skip
HANGZHOU = case(
    TIANJIN_GATE, {"unlawful_processing": False}, jurisdiction="CN-330100", conduct_from=date(2021, 10, 1)
)
STAFF = {
    "jurisdiction": "CN-310000",
    "actors": ("employer", "pi_handler"),
    "place": "office_building",
    "purpose_kind": "other_purpose",
    "activities": ("collect", "store"),
    "facts": LAWFUL | {"data_category": "face_image", "fr_enabled_on_source": False},
}
FR = tuple(
    rule.id
    for pack in builtin_packs()
    if pack.reference.id == "cn-face-recognition-measures"
    for rule in pack.rules
)
PIPL = tuple(rule.id for pack in builtin_packs() if pack.reference.id == "cn-pipl" for rule in pack.rules)
SPC = tuple(
    rule.id for pack in builtin_packs() if pack.reference.id == "cn-spc-face-2021" for rule in pack.rules
)


class Row(NamedTuple):
    case: dict[str, object]
    on: date
    kind: VerdictKind
    says: dict[str, VerdictKind]
    silent: tuple[str, ...] = ()


ROWS = {
    # Yangtse Evening Post 29 Nov 2020 (bg3.co); National Business Daily 4 Dec 2020 (163.com); SCMP 3112403.
    "T01 then: a Nanjing sales office tells walk-ins from agents' clients": Row(
        NANJING, date(2020, 11, 29), P,
        {"CN-NJ-2020": P, "CN-NJ-2020-CONSENT": U, "CN-CPL-29": U},
        (*PIPL, *SPC, *FR, "CN-CPLI-23", "CN-TJ-SC-16-2"),
    ),
    "T01 today: national law speaks as well": Row(
        NANJING, TODAY, P,
        {"CN-NJ-2020": P, "CN-CPL-29": U, "CN-PIPL-26": U, "CN-PIPL-28": U, "CN-FR-13-1": U, "CN-SPC-2-1": U},
        ("CN-TJ-SC-16-2", "CN-FR-13-2"),
    ),
    # Penalty decision of Shunde, 顺市监一队罚字〔2021〕22号 (zhimen.com 18836; gongsi.com.cn), reported 5 July 2021.
    'T04 then: a stand that says "face collection" is notice, and notice is not consent': Row(
        SHUNDE, date(2021, 7, 5), U, {"CN-CPL-29": U}, (*PIPL, *SPC, *FR, "CN-NJ-2020", "CN-NJ-2020-CONSENT")
    ),
    "T04 today: the same stand": Row(
        SHUNDE, TODAY, U, {"CN-CPL-29": U, "CN-PIPL-26": U, "CN-FR-13-1": U}, ("CN-NJ-2020",)
    ),
    # Shanghai Jing'an decision [2021] 062021000787 (vigafaucet.com; AIAAIC); CCTV 15 March 2021.
    "T06 then: cameras in 222 shops count and recognise customers": Row(
        KOHLER, date(2021, 3, 15), U, {"CN-CPL-29": U}, (*PIPL, *SPC, *FR, "CN-SH-DATA-22", "CN-SH-DATA-23")
    ),
    # China Quality News 16 Dec 2021 (nfa5.com 202111/02192776).
    "T07 then: photos that are only analysed for age and sex need consent all the same": Row(
        XPENG, date(2021, 6, 30), U, {"CN-CPL-29": U}, (*PIPL, *SPC, *FR)
    ),
    "T07 today: analysis is outside the Measures, not outside the Law": Row(
        XPENG, TODAY, U, {"CN-CPL-29": U, "CN-PIPL-26": U, "CN-VID-9": U}, FR
    ),
    "T07 today: features of faces drawn for analysis are sensitive, and a court's matter": Row(
        case(XPENG, {"data_category": "face"}), TODAY, U,
        {"CN-CPL-29": U, "CN-PIPL-26": U, "CN-PIPL-28": U, "CN-SPC-2-1": U}, FR,
    ),
    # Tianjin No. 1 Intermediate Court, 18 May 2022 (m.cyol.com; m.caixin.com 101896508; m.163.com HBB7VGT7).
    "T09 then: a face as the only key of a compound": Row(
        TIANJIN_GATE, date(2022, 5, 18), U,
        {"CN-SPC-10": U, "CN-SPC-2": U, "CN-SPC-12": U, "CN-PIPL-28": U, "CN-PIPL-47": U, "CN-CC-1037": U},
        ("CN-TJ-SC-16-1", "CN-TJ-SC-16-2", *FR),
    ),
    "T09 today: the Measures say so as well": Row(
        TIANJIN_GATE, TODAY, U, {"CN-SPC-10": U, "CN-FR-10": U, "CN-FR-4": U}, ("CN-TJ-SC-16-2",)
    ),
    # longkezn.com 1809; the report names April and no year: any April from 2022 to 2024 is under the same law.
    "T13 then: a gym lets in by face only, with lockers in the changing room": Row(
        GYM, date(2024, 4, 15), U,
        {"CN-SH-DATA-22": U, "CN-SH-DATA-23": U, "CN-SH-DATA-23-ENTRY": U, "CN-PIPL-28": U, "CN-PIPL-30": U,
         "CN-PIPL-16": ASK},
        (*FR, "CN-VID-8"),
    ),
    "T13 then: membership refused to whoever declines, which no consent cures": Row(
        case(GYM, {"service_refused": True, "data_necessary_for_service": False}), date(2024, 4, 15), P,
        {"CN-PIPL-16": P, "CN-SH-DATA-22": U}, (*FR, "CN-VID-8"),
    ),
    "T13 on the last day before the Measures: the video Regulation forbids it already": Row(
        GYM, date(2025, 5, 31), P, {"CN-VID-8": P}, FR
    ),
    "T13 today: inside a changing room nothing cures it": Row(
        case(GYM, LAWFUL | {"inside_private_room": True}), TODAY, P, {"CN-FR-13-2": P, "CN-VID-8": P}
    ),
    # yanaco.cn 2145389 (Cailian; National Network Security Notification Center, 15 Sept 2025).
    "T15: faces for training without an assessment are outside the Measures, not outside the Law": Row(
        TRAINING, date(2025, 9, 15), U, {"CN-PIPL-55": U}, FR
    ),
    # Notices of 7 and 12 April 2024 (travel.ifeng.com/c/8Yz2IeSL5vf; td.fyun.cc).
    "T17: a guest shows a document, the desk demands a face": Row(
        case(HOTEL, {"guest_has_valid_id": True, "forced_or_misled": True, "service_refused": True,
                     "data_necessary_for_service": False}),
        date(2024, 5, 1), P, {"CN-SH-HOTEL-2024": P, "CN-PIPL-16": P}, ("CN-SH-HOTEL-2024-NOID",),
    ),
    "T17: a guest without a document agrees": Row(
        HOTEL, date(2024, 5, 1), OK, {"CN-SH-HOTEL-2024-NOID": OK}, ("CN-SH-HOTEL-2024", "CN-SH-HOTEL-2024-CERT")
    ),
    "T17: a guest without a document declines, and is offered nothing": Row(
        case(HOTEL, NO_CONSENT | {"police_certificate_offered": False}, activities=("install",)),
        date(2024, 5, 1), U, {"CN-SH-HOTEL-2024-CERT": U}, ("CN-SH-HOTEL-2024", "CN-SH-HOTEL-2024-NOID"),
    ),
    "T17: a guest without a document declines, and gets a police certificate": Row(
        case(HOTEL, NO_CONSENT | {"police_certificate_offered": True}, activities=("install",)),
        date(2024, 5, 1), OK, {"CN-SH-HOTEL-2024-CERT": OK}, ("CN-SH-HOTEL-2024-NOID",),
    ),
    # km.focus.cn d2dd28334087021a, 8 April 2021.
    "T20: zone marked, purpose shown, own consent, free entry": Row(
        KUNMING, date(2021, 4, 20), OK, {"CN-KM-2021": OK, "CN-KM-2021-AREA": OK, "CN-CPL-29": OK},
        ("CN-KM-2021-ENTRY", *PIPL, *FR),
    ),
    "T20: the same without consent": Row(
        case(KUNMING, NO_CONSENT | {"guardian_consent": False, "law_provides_otherwise": False}),
        date(2021, 4, 20), U, {"CN-KM-2021": U, "CN-KM-2021-AREA": OK}, ("CN-KM-2021-ENTRY",),
    ),
    # Constructed.
    "T22: a face vector in a Tianjin credit file, with signed consent": Row(
        CREDIT, TODAY, P, {"CN-TJ-SC-16-2": P}, ("CN-SH-SC-14", "CN-GD-SC-22")
    ),
    "T22: the same vector at the firm's door is a matter of other law": Row(
        case(CREDIT, {}, purpose_kind="access", activities=("collect", "store", "verify_1to1")),
        TODAY, ASK, {"CN-PIPL-28": ASK, "CN-FR-4": ASK}, ("CN-TJ-SC-16-1", "CN-TJ-SC-16-2"),
    ),
    "T22: the same file in Shanghai, whose ban does not name faces": Row(
        case(CREDIT, {}, jurisdiction="CN-310000"), TODAY, ASK,
        {"CN-SH-SC-14-OTHER": ASK, "CN-PIPL-28": ASK}, ("CN-SH-SC-14", "CN-TJ-SC-16-2"),
    ),
    "T22: a fingerprint template in Shanghai": Row(
        case(CREDIT, {"data_category": "fingerprint"}, jurisdiction="CN-310000"), TODAY, P,
        {"CN-SH-SC-14": P}, ("CN-SH-SC-14-OTHER", "CN-TJ-SC-16-2"),
    ),
    "T23: income, harm explained, written consent": Row(
        INCOME, TODAY, OK, {"CN-TJ-SC-16-1": OK, "CN-TJ-SC-16-3": OK}, ("CN-TJ-SC-16-2",)
    ),
    "T23: income with a tick box only": Row(
        case(INCOME, {"written_consent": False}), TODAY, U, {"CN-TJ-SC-16-1": OK, "CN-TJ-SC-16-3": U}
    ),
    "T25: a mall asks to wipe recordings of ten days": Row(
        MALL, date(2025, 9, 1), HOLD, {"CN-VID-17": HOLD, "CN-VID-23-5": HOLD}, ("CN-VID-17-DELETE",)
    ),
    "T25: on day 29 they are still held": Row(
        case(MALL, {"video_age_days": 29}), date(2025, 9, 1), HOLD, {"CN-VID-17": HOLD}
    ),
    "T25: on day 30, the purpose served, they are to be deleted": Row(
        case(MALL, {"video_age_days": 30}), date(2025, 9, 1), U, {"CN-VID-17-DELETE": U}, ("CN-VID-17", "CN-VID-23-5")
    ),
    "T25: on day 30, the purpose not served, deletion is not lawful yet": Row(
        case(MALL, {"video_age_days": 30, "purpose_achieved": False}), date(2025, 9, 1), HOLD,
        {"CN-VID-23-5": HOLD}, ("CN-VID-17", "CN-VID-17-DELETE"),
    ),
    "T25: an office lobby under article 9 is not bound to keep": Row(
        case(MALL, {"public_security_system": False}, place="office_building", actors=("other_actor",)),
        date(2025, 9, 1), OUT, {}, ("CN-VID-17", "CN-VID-23-5"),
    ),
    "T27: a Hangzhou compound, face or card as one likes": Row(
        case(HANGZHOU, {"alternative_offered": True}), date(2022, 3, 1), U,
        {"CN-HZ-PM-50-2": OK, "CN-SPC-10": OK, "CN-PIPL-28": U},
    ),
    "T27: the same, necessary and told: the card satisfies the Regulation": Row(
        case(HANGZHOU, LAWFUL | {"alternative_offered": True}), date(2022, 3, 1), OK,
        {"CN-HZ-PM-50-2": OK, "CN-PIPL-28": OK},
    ),
    "T27: face only": Row(
        HANGZHOU, date(2022, 3, 1), U, {"CN-HZ-PM-50-2": U, "CN-SPC-10": U, "CN-PIPL-28": U}, FR
    ),
    "T27: face only, a month before the Regulation": Row(
        HANGZHOU, date(2022, 2, 1), U, {"CN-SPC-10": U, "CN-PIPL-28": U}, ("CN-HZ-PM-50-2", *FR)
    ),
    "T29: staff photographs without face recognition are personal information and no more": Row(
        STAFF, TODAY, OK, {"CN-PIPL-13": OK, "CN-PIPL-17": OK, "CN-PIPL-19": OK, "CN-CC-1035": OK},
        (*FR, *SPC, "CN-PIPL-28", "CN-PIPL-29", "CN-PIPL-55", "CN-SH-DATA-22"),
    ),
    "T29: the same photographs, not known whether face recognition is applied": Row(
        STAFF | {"facts": {"data_category": "face_image"}}, TODAY, ASK, {"CN-FR-4": ASK, "CN-PIPL-28": ASK}
    ),
    "T29: enrolled, they become face information": Row(
        case(STAFF, {"data_category": "enrolled_face_image", "least_impact": False}), TODAY, U,
        {"CN-FR-4": U, "CN-PIPL-28": OK, "CN-PIPL-55": OK},
    ),
}  # fmt: skip


@pytest.mark.parametrize("sentence", ROWS)
def test_verdict_on_a_reported_case(sentence: str) -> None:
    """Each sentence of the table gets its verdict; the rules named say what is named, and the silent are silent."""
    row = ROWS[sentence]
    verdict = judge_activity(Case(title=sentence, **row.case), builtin_packs(), as_of=row.on)  # type: ignore[arg-type]
    fired = {rule.id: rule.kind for rule in verdict.fired}
    assert {rule: fired.get(rule) for rule in row.says} == row.says
    assert sorted(fired.keys() & set(row.silent)) == []
    assert verdict.kind is row.kind


PLACE = Locator("file", ("/srv/watch/list.db",), "/main.person/face")
# FTC v. Rite Aid, 19 December 2023 (covingtonblogs; americanbar.org; ailawsusa): images, and models and algorithms
# derived from them, were to be deleted. The FTC Act is in no pack; Portland's ban stands for a place that forbids it.
TARGETS = {
    "gallery": Finding(
        "made@1", Form.REFERENCE_DATABASE, Characteristic.FACE, PLACE, 0.9, level=Level.ENROLLED
    ),
    "template": Finding("made@1", Form.TEMPLATE, Characteristic.FACE, PLACE, 0.9, level=Level.ENROLLED),
    "photograph on the watch list": Finding(
        "made@1", Form.SAMPLE, Characteristic.FACE, PLACE, 0.9, level=Level.ENROLLED
    ),
    "model": Finding("made@1", Form.SYSTEM, Characteristic.FACE, PLACE, 0.9),
}
WATCHLIST = {
    "actors": ("business_operator",),
    "place": "shop",
    "purpose_kind": "public_safety",
    "activities": ("collect", "store", "identify_1toN"),
    "facts": {"notice_given": False, "consent": False, "listed_exception_applies": False},
}


@pytest.mark.parametrize("target", TARGETS)
def test_everything_derived_from_faces_is_a_target(target: str) -> None:
    """T21: images, templates, galleries and the models made from them all come under the rule."""
    portland = Case(title="T21", jurisdiction="US-OR-PORTLAND", **WATCHLIST)  # type: ignore[arg-type]
    (verdict,) = judge([TARGETS[target]], portland, builtin_packs(), as_of=TODAY)
    assert verdict.kind is P
    assert [rule.id for rule in verdict.fired] == ["US-PDX-3410"]


def test_a_country_is_too_coarse() -> None:
    """T21: for a chain of shops in the United States the first question is the place; no federal law is in a pack."""
    verdict = judge_activity(
        Case(title="T21", jurisdiction="US", **(WATCHLIST | {"facts": {"data_category": "face_gallery"}})),  # type: ignore[arg-type]
        builtin_packs(),
        as_of=date(2023, 12, 19),
    )
    assert verdict.kind is ASK
    assert "jurisdiction" in [question.fact for question in verdict.missing]


def test_what_mitigates_is_told() -> None:
    """T07: that deletion and dismantling lower the penalty stands beside the rule that was broken."""
    notes = " ".join(note.get("en") for note in get_rule("CN-CPL-29").citation.notes)
    assert "Administrative Penalty Law" in notes


def test_thirty_working_days_stand_beside_the_filing() -> None:
    """The filing of article 15 has its term, the day from which it runs, and the date for older holdings."""
    deadline = get_rule("CN-FR-15-1").deadline
    assert deadline is not None
    assert (deadline.working_days, deadline.after) == (30, "threshold_reached_on")
    assert "14 July 2025" in deadline.text.get("en")
