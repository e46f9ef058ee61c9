"""The decision reads and writes nothing but the payload, keeps its limits, and fails closed."""

from __future__ import annotations

import base64
import bz2
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from efface.examine import Examiner
from efface.guard import Door, Guard, decision, receipt, submission, weighing
from efface.model import Limits
from efface.testing import records
from efface.testing.hiding import hidden

from .conftest import CREDIT

ZK = base64.b64encode(records.zkteco_template(3)).decode()

_WATCH = """
import sys
from datetime import date
from efface.guard import Guard, schema
from efface.model import Case
from efface.testing.hiding import hidden
from efface.testing.submissions import FORMATS, clean_record, submission
case = Case("t", "CN-120000", actors=("market_credit_provider",), purpose_kind="social_credit",
            activities=("collect", "credit_record"))
guard, form = Guard(case, date(2026, 1, 1)), schema("cn-penalty")
payloads = [(hidden(seed).data, hidden(seed).name) for seed in range(25)]
payloads += [(submission(form, name, [clean_record(form, 1)]), name) for name in FORMATS]
for data, name in payloads:
    guard.decide(data, name, schema=form)  # what ships with efface is read now
told = []
def watch(event, arguments):
    if event in {"socket.connect", "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn", "tempfile.mkstemp"}:
        told.append(event)
    if event == "open" and not str(arguments[0]).startswith("/proc"):
        told.append(f"open {arguments[0]}")
sys.addaudithook(watch)
for data, name in payloads:
    guard.decide(data, name, schema=form)
print(sorted(set(told)))
"""


def test_nothing_is_opened_started_or_connected_to() -> None:
    """Once networks and law are read, a decision touches no file, no program and no network."""
    told = subprocess.run([sys.executable, "-c", _WATCH], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"


def test_no_program_is_started_for_bzip2(credit: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library that is carried would start `bzip2` from the path; without any path it is read all the same."""
    monkeypatch.setenv("PATH", "")
    data = bz2.compress(records.zkteco_template(3))
    assert credit.decide(data, "a.bz2").door is Door.REFUSE


def test_time_that_is_up_is_quarantine() -> None:
    """Between parts the clock is looked at."""
    guard = Guard(CREDIT, date(2026, 1, 1), limits=Limits(artefact_seconds=0.0))
    decided = guard.decide(json.dumps({"bz": ZK}).encode(), "a.json")
    assert decided.door is Door.QUARANTINE
    assert "artefact_seconds" in decided.reason


LIMITS = {
    "objects in objects": ('{"a":' * 200 + "1" + "}" * 200).encode(),
    "lists in lists": ("[" * 100_000 + "]" * 100_000).encode(),
    "elements in elements": ("<a>" * 300 + "</a>" * 300).encode(),
}


@pytest.mark.parametrize("data", LIMITS.values(), ids=LIMITS.keys())
def test_depth_is_bounded(credit: Guard, data: bytes) -> None:
    """What is nested without end waits, and crashes nothing."""
    assert credit.decide(data, "a").door is Door.QUARANTINE


STEPS = {
    "the short way": (decision, "plain_record"),
    "reading": (decision, "read"),
    "looking": (Examiner, "examine"),
    "putting together": (decision, "assembled"),
    "fields": (weighing, "record_ids"),
    "places": (weighing, "places_of"),
    "kinds": (submission.sniff, "media_type"),
}


@pytest.mark.parametrize(("place", "name"), STEPS.values(), ids=STEPS.keys())
@pytest.mark.parametrize("error", [KeyError("content"), MemoryError(), RecursionError()])
def test_a_fault_at_any_step_lets_nothing_through(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, error: Exception
) -> None:
    """Whatever breaks, the forbidden record does not pass and is not quoted."""

    def broken(*_arguments: object, **_named: object) -> object:
        raise error

    guard = Guard(CREDIT, date(2026, 1, 1))
    monkeypatch.setattr(place, name, broken)
    decided = guard.decide(json.dumps({"bz": ZK}).encode(), "a.json")
    assert decided.door is not Door.ALLOW
    assert "content" not in decided.reason


def test_a_receipt_holds_no_content(credit: Guard) -> None:
    """Of many hidden payloads: no run of 40 characters of a payload stands in its receipt."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for seed in range(30):
        thing = hidden(seed)
        text = json.dumps(receipt(credit.decide(thing.data, thing.name), thing.name, at), ensure_ascii=False)
        payload = thing.data.decode("latin-1")
        assert not [
            n
            for n in range(0, len(payload) - 40, 20)
            if payload[n : n + 40].isascii() and payload[n : n + 40] in text
        ]


def test_a_digest_helps_nobody_without_the_key() -> None:
    """Two guards give one payload two digests; one guard gives it the same one, and a key makes it repeatable."""
    data = b'{"a": "b"}'
    one, two, key = Guard(), Guard(), bytes(32)
    assert one.decide(data).digest == one.decide(data).digest != two.decide(data).digest
    assert Guard(key=key).decide(data).digest == Guard(key=key).decide(data).digest


def test_a_receipt_names_law_in_two_languages(credit: Guard) -> None:
    """And says what, where, by which rule and what is due."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    told = receipt(credit.decide(json.dumps({"bz": ZK}).encode(), "a.json"), "a.json", at)
    assert told["door"] == "refuse"
    assert told["places"][0]["place"] == "$['bz']"
    (basis,) = told["legal_basis"]
    assert basis["rule"] == "CN-TJ-SC-16-2"
    assert "第十六条" in basis["zh"]
    assert "article 16" in basis["en"]
    assert told["decided_at"] == "2026-01-01T00:00:00+00:00"


def test_samples_of_the_tree_are_there(samples: Path) -> None:
    """A face alone, with the law of Tianjin and nothing known of recognition, waits for a person."""
    decided = Guard(CREDIT, date(2026, 1, 1)).decide((samples / "portrait.png").read_bytes(), "p.png")
    assert decided.door is Door.QUARANTINE
    assert "fr_enabled_on_source" in decided.reason
