"""The numbered steps that accept or refuse a certificate."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efface.evidence import canonical, envelope, summaries
from efface.evidence import check as module
from efface.evidence.check import check
from efface.evidence.keys import SigningKey
from efface.testing.ledgers import forged, office_story, rebuilt, small_story

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
STRANGER = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1"))
CERTIFICATE = office_story().certificate(KEY)
SMALL = small_story().certificate(KEY)


def test_good_certificate():
    """A certificate that holds passes all eleven steps, and only then says what it says."""
    report = check(CERTIFICATE, [KEY.public])
    assert report.ok
    assert [(step.number, step.ok, step.reason) for step in report.steps] == [
        (n, True, "") for n in range(1, 12)
    ]
    assert report.certificate.ledger_size == 16
    assert report.failed is None


def test_steps_in_docstring():
    """The steps in the documentation of the module are the steps in the code."""
    numbers = re.findall(r"^ +\((\d+)\)", module.__doc__, re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, len(check(b"", []).steps) + 1))


def test_steps_in_document():
    """The document for people numbers and words the steps as the module does."""
    document = (Path(__file__).parents[3] / "docs" / "certificate.md").read_text(encoding="utf-8")
    told = re.findall(r"^(\d+)\. (.+)$", document, re.MULTILINE)
    assert told == re.findall(r"^ +\((\d+)\) (.+)$", module.__doc__, re.MULTILINE)


def test_later_steps_are_not_looked_at():
    """After the first step that fails, no other is looked at, and nothing is said."""
    report = check(CERTIFICATE, [STRANGER.public])
    assert [step.ok for step in report.steps] == [True, True, False] + [None] * 8
    assert report.certificate is None
    assert not report.ok


def step_of(data, trusted=(KEY.public,)):
    return check(data, trusted).failed.number


def members():
    return canonical.loads(CERTIFICATE[:-1])


def enveloped(value):
    return canonical.dumps(value) + b"\n"


def signed_by(signer, payload_type):
    payload = envelope.parse(CERTIFICATE).payload
    signature = envelope.Signature(signer.key_id, signer.sign(envelope.pae(payload_type, payload)))
    return envelope.Envelope(payload, payload_type, (signature,)).to_bytes()


def borrowed():
    """A stranger's signature under the name of a trusted key."""
    outer = envelope.parse(CERTIFICATE)
    value = STRANGER.sign(envelope.pae(outer.payload_type, outer.payload))
    signature = envelope.Signature(KEY.key_id, value)
    return envelope.Envelope(outer.payload, outer.payload_type, (signature,)).to_bytes()


def spaced():
    payload = envelope.parse(CERTIFICATE).payload.replace(b":", b": ", 1)
    return envelope.sign(payload, (KEY,))


OUTSIDE = {
    "nothing": (b"", 1),
    "not JSON": (b"certificate\n", 1),
    "the statement without an envelope": (envelope.parse(CERTIFICATE).payload + b"\n", 1),
    "a space added": (CERTIFICATE.replace(b":", b": ", 1), 1),
    "a member added": (enveloped({**members(), "note": "x"}), 1),
    "two certificates in one file": (CERTIFICATE * 2, 1),
    "another payload type, signed": (signed_by(KEY, "application/json"), 2),
    "signed by a stranger": (office_story().certificate(STRANGER), 3),
    "a stranger's signature beside a trusted one": (envelope.cosign(CERTIFICATE, STRANGER), 3),
    "a stranger's signature under a trusted name": (borrowed(), 4),
    "the signature of another certificate": (
        enveloped({**members(), "signatures": canonical.loads(SMALL[:-1])["signatures"]}),
        4,
    ),
    "a payload changed by no more than a digit": (
        enveloped(
            {
                **members(),
                "payload": base64.b64encode(
                    envelope.parse(CERTIFICATE).payload.replace(b'"seen":10', b'"seen":11')
                ).decode(),
            }
        ),
        4,
    ),
    "a statement with a space, signed": (spaced(), 5),
    "no JSON inside, signed": (envelope.sign(b"\xff", (KEY,)), 5),
    "another statement, signed": (envelope.sign(b'{"_type":"x"}', (KEY,)), 5),
}


@pytest.mark.parametrize(("data", "step"), OUTSIDE.values(), ids=OUTSIDE)
def test_refused_without_the_key(data, step):
    """Whatever is done to the file from outside is refused, by the step that is for it."""
    assert step_of(data) == step


def test_nobody_is_trusted():
    """Without a trusted key nothing passes."""
    assert step_of(CERTIFICATE, ()) == 3


def entries_of(statement):
    return statement["predicate"]["ledger"]["entries"]


def at(seq, **fields):
    """Return a forgery that changes one entry and chains all anew."""

    def change(statement):
        entries_of(statement)[seq - 1].update(fields)
        rebuilt(statement)

    return change


def entries_changed(edit):
    """Return a forgery that edits the list of entries and chains all anew."""

    def change(statement):
        edit(entries_of(statement))
        rebuilt(statement)

    return change


def said(**fields):
    """Return a forgery that changes fields of the predicate."""
    return lambda statement: statement["predicate"].update(fields)


def inside(path, value):
    """Return a forgery that changes one value deep in the predicate."""

    def change(statement):
        target = statement["predicate"]
        for name in path[:-1]:
            target = target[name]
        target[path[-1]] = value

    return change


def swap(a, b):
    def edit(entries):
        entries[a - 1], entries[b - 1] = entries[b - 1], entries[a - 1]

    return edit


def swap_unchained(statement):
    swap(7, 8)(entries_of(statement))


def replayed(statement):
    """Put the ledger of another run into the statement."""
    other = canonical.loads(envelope.parse(SMALL).payload)
    other["predicate"]["ledger"]["entries"][0]["run"] = "0" * 8
    other["predicate"]["ledger"]["entries"][1]["run"] = "0" * 8
    statement["predicate"]["ledger"] = other["predicate"]["ledger"]
    rebuilt(statement)


def certifies(size, root):
    entry = {
        "kind": "certified",
        "run": office_story().entries[0]["run"],
        "issued_at": "2026-11-22T10:30:00Z",
        "certificate": "0" * 64,
        "keys": [KEY.key_id],
        "size": size,
        "root": root,
        "at": "2026-11-22T10:30:00Z",
    }
    return entries_changed(lambda entries: entries.append(entry))


def findings_changed(edit):
    """Return a forgery that changes the list of findings and makes the ledger's root fit."""

    def change(statement):
        findings = statement["predicate"]["findings"]
        edit(findings)
        bare = [{k: v for k, v in item.items() if k != "status"} for item in findings]
        scan = entries_of(statement)[1]
        scan["findings"], scan["findings_root"] = len(bare), summaries.root_of_plain(bare)
        rebuilt(statement)

    return change


SHORT = office_story().entries[:3]
ONE = canonical.loads(envelope.parse(CERTIFICATE).payload)["predicate"]
FORGED = {
    "a field more in the statement": (lambda s: s.update(note="x"), 5),
    "a field more in the predicate": (said(note="x"), 5),
    "a field less": (lambda s: s["predicate"].pop("gaps"), 5),
    "another predicate type": (lambda s: s.update(predicateType="https://efface.dev/certificate/v2"), 5),
    "two subjects": (lambda s: s["subject"].append(s["subject"][0]), 5),
    "no subject": (lambda s: s["subject"].clear(), 5),
    "a name for a finding": (inside(["findings", 0, "ref"], "zhang san"), 5),
    "a place for a gap": (inside(["gaps", 0, "ref"], "file:///photos/zhang-san.zip"), 5),
    "a picture for a network": (inside(["networks", 0, "name"], "iVBORw0KGgo" * 20), 5),
    "prose for a code": (inside(["not_proven", 0, "code"], "Zhang San was here"), 5),
    "a confidence": (inside(["findings", 0, "confidence"], 1), 5),
    "a truth for a count": (inside(["coverage", "seen"], True), 5),
    "a subject of another digest": (lambda s: s["subject"][0]["digest"].update(sha256="0" * 64), 6),
    "a root of nothing": (
        lambda s: (
            s["subject"][0]["digest"].update(sha256="0" * 64),
            inside(["ledger", "root"], "0" * 64)(s),
        ),
        7,
    ),
    "an entry taken out": (lambda s: entries_of(s).pop(4), 7),
    "the last entry taken out": (lambda s: entries_of(s).pop(), 7),
    "two entries swapped": (swap_unchained, 7),
    "an entry changed": (inside(["ledger", "entries", 0, "targets"], 2), 7),
    "another size": (inside(["ledger", "size"], 15), 7),
    "two entries swapped and chained anew": (entries_changed(swap(7, 8)), 7),
    "an entry earlier than the one before it": (at(9, at="2026-11-22T09:00:00Z"), 7),
    "the first entry taken out and chained anew": (entries_changed(lambda e: e.pop(0)), 7),
    "a scan of another run": (at(2, run="0" * 32), 7),
    "an earlier certificate over another ledger": (certifies(3, "0" * 64), 7),
    "an earlier certificate over a ledger to come": (certifies(17, "0" * 64), 7),
    "an intent taken out and chained anew": (entries_changed(lambda e: e.pop(4)), 8),
    "a readiness taken out and chained anew": (entries_changed(lambda e: e.pop(5)), 8),
    "an end taken out and chained anew": (entries_changed(lambda e: e.pop(6)), 8),
    "a removal done with residue": (at(7, residue=1), 8),
    "a replacement ready with residue": (at(6, residue=1), 8),
    "another content than was ready": (at(7, after="0" * 64), 8),
    "a last re-scan with residue": (at(16, residue=1), 8),
    "the ledger of another run": (replayed, 9),
    "another run": (said(run="0" * 32), 9),
    "another version": (inside(["tool", "version"], "9.9"), 9),
    "more targets": (inside(["scope", "targets"], 2), 9),
    "an earlier end": (inside(["scope", "finished_at"], "2026-11-22T10:00:00Z"), 9),
    "a more thorough mode": (inside(["scope", "mode"], "thorough"), 9),
    "more seen": (inside(["coverage", "seen"], 100), 9),
    "a detector more": (said(detectors=["face-image@1", "iris-image@1"]), 9),
    "another network": (inside(["networks", 0, "digest"], "sha256:" + "0" * 64), 9),
    "another pack": (inside(["packs", 0, "digest"], "sha256:" + "0" * 64), 9),
    "a removal more": (lambda s: s["predicate"]["removals"].append(ONE["removals"][0]), 9),
    "a removal less": (lambda s: s["predicate"]["removals"].pop(), 9),
    "a stronger method": (inside(["removals", 0, "method"], "destroy"), 9),
    "a removal at another time": (inside(["removals", 0, "performed_at"], "2026-11-22T10:00:01Z"), 9),
    "a hold less": (lambda s: s["predicate"]["holds"].clear(), 9),
    "another verdict": (said(verdicts_by={"permitted": 5}), 9),
    "no re-scan": (said(rescan=None), 9),
    "issued before the end": (said(issued_at="2026-11-22T10:00:15Z"), 9),
    "a finding kept back": (lambda s: s["predicate"]["findings"].pop(), 9),
    "a finding changed": (inside(["findings", 0, "references"], 0), 9),
    "findings in another order": (lambda s: s["predicate"]["findings"].reverse(), 9),
    "a status that is better": (inside(["findings", 4, "status"], "removed"), 9),
    "a finding listed twice": (findings_changed(lambda f: f.insert(0, f[0])), 9),
    "a removed finding that was never found": (findings_changed(lambda f: f.pop(0)), 9),
    "a gap kept back": (lambda s: s["predicate"]["gaps"].clear(), 9),
    "a gap elsewhere": (inside(["gaps", 0, "ref"], "0" * 32), 9),
    "a gap of another reason": (inside(["gaps", 0, "reason"], "timeout"), 9),
    "nothing stated as not proven": (said(not_proven=[]), 10),
    "one limit left out": (lambda s: s["predicate"]["not_proven"].pop(3), 10),
    "a number made smaller": (
        lambda s: s["predicate"]["not_proven"][10].update(text_en="Gaps in this run: 0."),
        10,
    ),
    "other words": (inside(["not_proven", 0, "text_zh"], "张三"), 10),
}


@pytest.mark.parametrize(("change", "step"), FORGED.values(), ids=FORGED)
def test_refused_even_with_the_key(change, step):
    """Whatever contradicts itself is refused although the right key signed it, by the step that is for it."""
    assert step_of(forged(CERTIFICATE, KEY, change)) == step


CONTENT = {
    "a vector": {"detectors": [1, 2, 3]},
    "a vector of one": {"packs": [0]},
    "a picture": {"name": "iVBORw0KGgo" * 10},
    "prose": {"kind": "Zhang San"},
    "a path": {"ref": "/photos/zhang-san.jpg"},
    "a field without a shape": {"note": "x"},
    "a name with a space": {"Zhang San": 1},
    "a version in two lines": {"version": "1\n2"},
    "a plain digest for a pseudonym": {"ref": "0" * 64},
}


@pytest.mark.parametrize("value", CONTENT.values(), ids=CONTENT)
def test_last_step_is_a_second_lock(value):
    """What could hold biometric content is refused even if a schema let it pass."""
    with pytest.raises(module.EvidenceError):
        module._closed({"predicate": [value]}, "")


def test_reasons_do_not_repeat_content():
    """The reason of a refusal never repeats what stood in the certificate."""
    for change in (said(**{"Zhang San": 1}), inside(["findings", 0, "ref"], "Zhang San")):
        report = check(forged(CERTIFICATE, KEY, change), [KEY.public])
        assert "Zhang" not in repr(report)
