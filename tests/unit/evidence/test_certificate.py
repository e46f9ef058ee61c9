"""Building a certificate."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efface.errors import EvidenceError
from efface.evidence import canonical, certificate, envelope, summaries
from efface.evidence.check import check
from efface.evidence.entries import Stage
from efface.evidence.keys import SigningKey
from efface.evidence.not_proven import GENERAL, OF_RUN, Code, stated
from efface.evidence.summaries import FindingSummary, GapSummary
from efface.model.vocabulary import Characteristic, Form, GapReason, Level
from efface.testing import ledgers
from efface.testing.ledgers import (
    Story,
    decommissioned_story,
    forged,
    new_ledger,
    office_story,
    recognition_story,
    small_story,
)

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
SECOND = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1"))
OFFICE = office_story()
CERTIFICATE = OFFICE.certificate(KEY)


def predicate_of(data):
    return canonical.loads(envelope.parse(data).payload)["predicate"]


def test_same_run_same_bytes():
    """A certificate is the same bytes whenever it is built of the same run with the same key."""
    assert OFFICE.certificate(KEY) == CERTIFICATE


def test_order_of_findings_does_not_matter():
    """The order in which findings and gaps are given does not show in the certificate."""
    turned = replace(OFFICE, findings=OFFICE.findings[::-1])
    assert turned.certificate(KEY) == CERTIFICATE


def test_account():
    """What the certificate says of a known run is what happened in it."""
    said = predicate_of(CERTIFICATE)
    by_ref = {item["ref"]: item["status"] for item in said["findings"]}
    assert [by_ref[f.ref] for f in OFFICE.findings] == ["removed", "removed", "failed", "held", "remaining"]
    assert said["scope"] == {
        "targets": 1,
        "mode": "standard",
        "started_at": "2026-11-22T10:00:01Z",
        "finished_at": "2026-11-22T10:00:16Z",
    }
    assert said["coverage"] == {"seen": 10, "scanned": 9, "gaps": 1, "bytes": 4096}
    assert said["verdicts_by"] == {"prohibited": 3, "hold": 1, "conditional_ok": 1}
    assert [removal["performed_at"][-3:] for removal in said["removals"]] == ["07Z", "12Z"]
    assert said["rescan"]["residue"] == 0
    assert said["holds"][0]["hold"] == 0
    assert len(said["ledger"]["entries"]) == said["ledger"]["size"] == 16


def test_what_was_not_proven_follows_from_the_run():
    """Gaps, held, failed and remaining findings are stated with their numbers; zero is not stated."""
    codes = [item["code"] for item in predicate_of(CERTIFICATE)["not_proven"]]
    of_run = ["gaps_remain", "held", "failed", "remaining", "rescan_gaps", "not_reidentified"]
    assert codes == [code.value for code in GENERAL] + of_run
    small = [item["code"] for item in predicate_of(small_story().certificate(KEY))["not_proven"]]
    assert small == [code.value for code in GENERAL] + ["not_rescanned", "not_reidentified"]


def test_findings_never_judged_are_stated():
    """A finding that nobody judged is listed as such and stated as not proven."""
    story = ledgers._told((ledgers.finding(1),), (), [])
    said = predicate_of(story.certificate(KEY))
    assert said["findings"][0]["status"] == "not_judged"
    assert said["not_proven"][-1]["text_en"].endswith("still there: 1.")


def test_every_code_has_both_texts():
    """Everything that is not proven has its words in English and Chinese, and is told once."""
    assert {*GENERAL, *OF_RUN} == set(Code)
    for item in stated(dict.fromkeys(OF_RUN, 7)):
        assert re.fullmatch(r"[ -~]+\.", item["text_en"])
        assert re.search("[一-鿿]", item["text_zh"])
        assert "{" not in item["text_en"] + item["text_zh"]


def test_texts_of_version_1_do_not_change():
    """The fixed words belong to version 1; other words need another predicate type."""
    of_databases = {Code.DATABASES, Code.NOT_REWRITTEN, Code.FILES_NOT_SEARCHED, Code.PARTLY_EMPTIED}
    of_recognisers = {Code.NOT_REIDENTIFIED, Code.FACES_NOT_TRIED, Code.TOO_FEW_FACES}
    of_systems = {Code.DEVICES_UNKNOWN, Code.OWN_COUNT, Code.BY_PERSONS}
    later = of_databases | of_recognisers | of_systems | {Code.SEALED, Code.DERIVED_LEFT}
    data = canonical.dumps(stated({code: 7 for code in OF_RUN if code not in later}))
    assert (
        hashlib.sha256(data).hexdigest() == "ca933823a100d8b3aaf11f1df691873a3a46b305f6bc094cc5d0ee41645b6bb2"
    )
    data = canonical.dumps(stated(dict.fromkeys(of_databases, 7)))
    assert (
        hashlib.sha256(data).hexdigest() == "419d6f308b75af7ead56949987895f878d7c9ea5688645d52a9814ebefac887d"
    )


def test_what_recognisers_leave_unproven():
    """Removals and faces that no recogniser was tried on, and faces too few to say, are stated with their numbers."""
    said = predicate_of(recognition_story().certificate(KEY))
    told = {item["code"]: item["text_en"].rstrip(".").rpartition(" ")[2] for item in said["not_proven"]}
    assert (told["not_reidentified"], told["faces_not_tried"], told["too_few_faces"]) == ("1", "4", "3")
    assert [test["outcome"] for test in said["reidentified"]] == ["shown", "too_few", "contradicted", "shown"]


def test_no_certificate_while_recognisers_know_a_face():
    """Where the last word on a removal is that its faces are still recognised, none is issued."""
    story = recognition_story()
    with pytest.raises(EvidenceError, match="recognisers still know the faces of 1 removals"):
        Story(story.findings, (), story.entries[:15]).certificate(KEY)


def test_what_taking_systems_away_leaves_unproven():
    """A device's own count, a device that gives none, and the word of a person are stated with their numbers."""
    data = decommissioned_story().certificate(KEY)
    said = predicate_of(data)
    told = {item["code"]: item["text_en"] for item in said["not_proven"]}
    assert "count: 2." in told["own_count"]
    assert "since: 1." in told["devices_unknown"]
    assert "looked at: 2." in told["by_persons"]
    kinds = [entry["kind"] for entry in said["decommissioned"]]
    assert kinds == 4 * ["gallery_asked", "gallery_counted"] + 2 * ["step_confirmed"]
    shown = check(data, [KEY.public]).certificate
    assert [(each.before, each.after) for each in shown.galleries] == [(15, 0), (15, 0), (15, None)]
    assert [each.step for each in shown.steps] == ["device_off", "service"]


@pytest.mark.parametrize("field", ["persons", "requests", "authorisation", "device"])
def test_what_a_device_counted_cannot_be_told_otherwise(field):
    """A list that differs from the ledger in it is refused, and so is a ledger that was changed."""

    def change(statement):
        entry = statement["predicate"]["decommissioned"][0]
        entry[field] = {"persons": 1, "requests": [], "authorisation": "0" * 64, "device": "0" * 32}[field]

    assert (
        check(forged(decommissioned_story().certificate(KEY), KEY, change), [KEY.public]).failed.number == 9
    )


def test_no_certificate_while_a_device_was_told_and_not_counted():
    """A clear that never ended is no removal."""
    story = decommissioned_story()
    with pytest.raises(EvidenceError, match="never ended"):
        Story(story.findings, (), story.entries[:4]).certificate(KEY)


def test_several_signers():
    """A certificate with two signers passes for who trusts both, not for who trusts one."""
    data = OFFICE.certificate(KEY, SECOND)
    assert check(data, [KEY.public, SECOND.public]).ok
    assert check(data, [KEY.public]).failed.number == 3


def test_certified_entry_continues_the_ledger():
    """A second certificate over a ledger that tells of the first one holds."""
    ledger = new_ledger()
    for entry in small_story().entries:
        ledger.append({k: v for k, v in entry.items() if k not in {"at", "previous"}})
    story = Story(small_story().findings, (), list(ledger.read()))
    first = story.certificate(KEY)
    ledger.append(certificate.certified_entry(first))
    second = Story(story.findings, (), list(ledger.read())).certificate(KEY)
    entry = predicate_of(second)["ledger"]["entries"][-1]
    assert entry["certificate"] == hashlib.sha256(first).hexdigest()
    assert entry["root"] == predicate_of(first)["ledger"]["root"]


def test_certified_entry_of_nothing():
    """No entry is made of bytes that are no certificate."""
    with pytest.raises(EvidenceError):
        certificate.certified_entry(b"{}\n")


def test_every_word_of_the_model_is_accepted():
    """Every form, characteristic, level and reason for a gap can stand in a certificate."""
    faces = [("sample", c, 1) for c in Characteristic] + [(f, "face", None) for f in Form]
    faces += [("sample", "face", level) for level in Level]
    findings = tuple(
        FindingSummary(f"{n:032x}", "d@1.2", form, characteristic, level, 2)
        for n, (form, characteristic, level) in enumerate(faces)
    )
    gaps = tuple(GapSummary("0" * 32, stage, reason) for stage in Stage for reason in GapReason)
    many = [g for g in gaps if g.stage != "list"][:10]
    assert ledgers._told(findings, tuple(many), []).certificate(KEY)
    assert ledgers._told((), gaps[:10], []).certificate(KEY)
    assert set(summaries.gap_counts(gaps).values()) == {1}


def test_no_place_and_no_content():
    """A certificate holds no path, no target's name and no digest that others could make."""
    text = envelope.parse(CERTIFICATE).payload.decode()
    for plain in ("before 0", "after 0", hashlib.sha256(b"before 0").hexdigest(), "/photos"):
        assert plain not in text


def without(kind):
    """Return the office's run without the entries of one kind, chained anew."""
    return retold([e for e in OFFICE.entries if e["kind"] != kind])


def retold(entries, findings=OFFICE.findings, gaps=OFFICE.gaps):
    ledger = new_ledger()
    for entry in entries:
        ledger.append({k: v for k, v in entry.items() if k not in {"at", "previous"}})
    return Story(findings, gaps, list(ledger.read()))


def last_with(**fields):
    return retold([*OFFICE.entries[:-1], {**OFFICE.entries[-1], **fields}])


def scan_with(**fields):
    return retold([OFFICE.entries[0], {**OFFICE.entries[1], **fields}, *OFFICE.entries[2:]])


NOT_ISSUED = {
    "a removal that was never ready": (without("removal_ready"), "never ready"),
    "a removal that never ended": (without("removal_done"), "never ended"),
    "a removal without an intent": (without("removal_intent"), "never began"),
    "a run that was not opened": (retold(OFFICE.entries[1:]), "opened once"),
    "a run that was not scanned": (without("scan_finished"), "before the scan"),
    "no entry": (retold([]), "no scan"),
    "a re-scan that finds something": (last_with(residue=1), "still finds 1"),
    "a finding kept back": (retold(OFFICE.entries, OFFICE.findings[1:]), "another length"),
    "a finding changed": (
        retold(OFFICE.entries, (replace(OFFICE.findings[0], references=9), *OFFICE.findings[1:])),
        "does not hash",
    ),
    "a gap kept back": (retold(OFFICE.entries, gaps=()), "does not count"),
    "a gap changed": (
        retold(OFFICE.entries, gaps=(replace(OFFICE.gaps[0], ref="0" * 32),)),
        "does not hash",
    ),
    "more scanned than seen": (
        scan_with(coverage={"seen": 8, "scanned": 9, "gaps": 1, "bytes": 1}),
        "more was scanned",
    ),
    "something seen, not scanned and no gap": (
        scan_with(coverage={"seen": 11, "scanned": 9, "gaps": 1, "bytes": 1}),
        "not among the gaps",
    ),
    "gaps that do not add up": (
        scan_with(coverage={"seen": 10, "scanned": 9, "gaps": 2, "bytes": 1}),
        "do not add up",
    ),
    "entries not chained": (
        Story(OFFICE.findings, OFFICE.gaps, OFFICE.entries[:15] + OFFICE.entries[14:]),
        "not continue",
    ),
}


@pytest.mark.parametrize(("story", "text"), NOT_ISSUED.values(), ids=NOT_ISSUED)
def test_not_issued(story, text):
    """No certificate is issued over a run that does not hold."""
    with pytest.raises(EvidenceError, match=text):
        story.certificate(KEY)


def test_not_issued_before_the_run_ended():
    """No certificate is issued with a time before the last entry, or without a zone."""
    for issued_at in (datetime(2026, 11, 22, 10, 0, 15, tzinfo=UTC), datetime(2027, 1, 1)):  # noqa: DTZ001
        with pytest.raises(EvidenceError):
            certificate.build(replace(OFFICE.summary, issued_at=issued_at), OFFICE.entries, KEY)
