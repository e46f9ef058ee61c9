"""The guard: allow, refuse or quarantine; whatever goes wrong is a refusal."""

from __future__ import annotations

import base64
import json
from datetime import date
from pathlib import Path

import pytest

from efface.examine import Examiner
from efface.guard import Door, Guard
from efface.model import Case, Limits
from efface.testing import records, stores

CREDIT = Case(
    "tenant credit",
    "CN-120000",
    actors=("market_credit_provider",),
    purpose_kind="social_credit",
    activities=("collect", "credit_record"),
    facts={"written_consent": True},
)
DAY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def guard() -> Guard:
    """The door of a credit-information provider in Tianjin."""
    return Guard(CREDIT, DAY)


def record(**fields: object) -> bytes:
    return json.dumps({"cf_xdr_mc": "某公司", "cf_jdrq": "2025-03-01", **fields}, ensure_ascii=False).encode()


FINGER = base64.b64encode(records.finger_minutiae_record(5)).decode()
VECTOR = stores.face_vectors(1, 512, seed=1)[0].tolist()

PAYLOADS = {
    "a clean penalty record": (record(), Door.ALLOW),
    "a penalty for unlawful face recognition, in words": (
        record(cf_sy="违法使用人脸识别采集指纹"),
        Door.ALLOW,
    ),
    "a hash under the name finger_print": (
        record(finger_print="d41d8cd98f00b204e9800998ecf8427e"),
        Door.ALLOW,
    ),
    "a fingerprint record in base64": (record(bz=FINGER), Door.REFUSE),
    "a face vector under its name": (record(face_embedding=VECTOR), Door.REFUSE),
    "a vector of which nothing says what it is": (record(x=VECTOR), Door.QUARANTINE),
    "a truncated picture": (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(50), Door.QUARANTINE),
    "nothing": (b"", Door.ALLOW),
}


@pytest.mark.parametrize(("payload", "door"), PAYLOADS.values(), ids=PAYLOADS.keys())
def test_payloads_at_the_door_of_a_credit_provider(guard: Guard, payload: bytes, door: Door) -> None:
    """Words about biometrics pass, biometric data does not, and what cannot be told waits."""
    assert guard.decide(payload, "record.json").door is door


def test_a_refusal_names_its_rule(guard: Guard) -> None:
    """Who is refused learns under which article."""
    decision = guard.decide(record(bz=FINGER), "record.json")
    assert "CN-TJ-SC-16-2" in decision.rules
    assert FINGER[:20] not in decision.reason


def test_consent_changes_nothing(guard: Guard) -> None:
    """The case says that written consent was given; art. 16, paragraph 2 knows no consent."""
    assert CREDIT.facts["written_consent"] is True
    assert guard.decide(record(bz=FINGER)).door is Door.REFUSE


def test_before_the_law_was_in_force_it_refuses_nothing() -> None:
    """On the last day of 2020 the regulation did not bind."""
    assert Guard(CREDIT, date(2020, 12, 31)).decide(record(bz=FINGER)).door is not Door.REFUSE


def test_without_a_case_everything_biometric_is_refused(samples: Path) -> None:
    """That is a policy, and the reason says so."""
    decision = Guard().decide((samples / "portrait.png").read_bytes(), "p.png")
    assert decision.door is Door.REFUSE
    assert "policy" in decision.reason


def test_a_case_needs_a_day() -> None:
    """Law is dated."""
    with pytest.raises(ValueError, match="as_of"):
        Guard(CREDIT)


def test_a_payload_over_the_limit_waits() -> None:
    """What is too large to be looked at is not let through."""
    guard = Guard(limits=Limits(artefact_bytes=100))
    assert guard.decide(bytes(101)).door is Door.QUARANTINE


def test_any_exception_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard fails closed, and its reason holds nothing of the payload."""

    def broken(self: Examiner, part: object) -> object:
        raise KeyError("content of the payload")

    monkeypatch.setattr(Examiner, "examine", broken)
    decision = Guard().decide(b"x")
    assert decision.door is Door.REFUSE
    assert "content" not in decision.reason
