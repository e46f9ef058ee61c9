"""Every signature fires on what it is for, and on nothing that is only close to it."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest

from efface import registry
from efface.detectors import signatures as module
from efface.detectors.signatures import BY_NAME, BY_PACKAGE, BY_TEXT, Kind, Signature, Tells, signatures
from efface.errors import FormatError
from efface.model import Artefact, Characteristic, Finding, Form, Limits, Mode
from efface.sources.payloads import BytesPayload
from efface.testing.compound import compound
from efface.testing.contracts import Sample
from efface.testing.traces import ordinary, trace

ALL = tuple(signatures().values())
DETECTORS = [registry.load("system", name)() for name in registry.names("system")]


def found_in(sample, detectors=DETECTORS) -> list[Finding]:
    artefact = Artefact(
        sample.locator, sample.media_type, len(sample.data), hashlib.sha256(sample.data).hexdigest()
    )
    payload = BytesPayload(sample.data)
    found: list[Finding] = []
    for detector in detectors:
        if detector.accepts(sample.media_type):
            with suppress(FormatError):  # a network by its name alone: the other detectors find it
                found += detector.detect(artefact, payload, sample.surroundings, Mode.STANDARD, Limits())
    return found


def fired(findings: list[Finding]) -> set[str]:
    return {clue.value for finding in findings for clue in finding.clues if clue.name == "signature"}


@pytest.mark.parametrize("signature", ALL, ids=lambda each: each.id)
def test_a_signature_fires_on_what_it_is_for(signature: Signature) -> None:
    """A file with the trace gives a finding of the system, of the form that is judged as a system."""
    findings = found_in(trace(signature.kind, signature.positive))
    assert signature.id in fired(findings)
    mine = [
        each for each in findings if ("system", signature.system) in {(c.name, c.value) for c in each.clues}
    ]
    assert [each.form for each in mine] == [Form.SYSTEM] * len(mine)
    if signature.tells.recognises:
        assert any(each.characteristic is Characteristic.FACE for each in mine)


@pytest.mark.parametrize("signature", ALL, ids=lambda each: each.id)
def test_a_signature_does_not_fire_on_what_is_only_close(signature: Signature) -> None:
    """A file of the same kind with something similar does not give this signature."""
    assert signature.id not in fired(found_in(trace(signature.kind, signature.negative)))


@pytest.mark.parametrize("signature", ALL, ids=lambda each: each.id)
def test_a_signature_says_where_it_is_from(signature: Signature) -> None:
    """Each has a source, a system, and a confidence that is a probability."""
    assert len(signature.source) > 8
    assert signature.system
    assert 0.0 < signature.confidence <= 1.0


def test_there_are_signatures_of_every_kind() -> None:
    """No kind of trace is without a signature, and there are at least 150."""
    assert {each.kind for each in ALL} == set(Kind) == {*BY_NAME, *BY_PACKAGE, *BY_TEXT}
    assert len(ALL) >= 150


@pytest.mark.parametrize("tells", [each for each in Tells if not each.recognises])
def test_what_recognises_nobody_is_no_finding_of_law(tells: Tells) -> None:
    """A face detector, an effect, a liveness check or a device program alone is a question for a person."""
    some = next(each for each in ALL if each.tells is tells)
    findings = found_in(trace(some.kind, some.positive))
    assert findings
    assert not any(each.is_biometric for each in findings)


def test_the_strongest_trace_says_what_a_system_is() -> None:
    """A file that names a detector and a recogniser of one system is a finding of a recogniser."""
    sample = trace(Kind.CODE, "const m = new faceapi.FaceMatcher(x); faceapi.detectAllFaces(v);")
    assert {each.characteristic for each in found_in(sample)} == {Characteristic.FACE, Characteristic.UNKNOWN}


def test_a_comment_is_no_call() -> None:
    """Who writes about a library in a comment does not call it."""
    assert not found_in(trace(Kind.CODE, "# import face_recognition"))
    assert not found_in(
        trace(Kind.CODE, "    // await client.send(new SearchFacesByImageCommand(x)); const y")
    )


def test_lines_are_counted_from_one() -> None:
    """The line of a call is the line that an editor shows."""
    (finding,) = found_in(trace(Kind.CODE, "import face_recognition"))
    assert ("lines", "3") in {(clue.name, clue.value) for clue in finding.clues}


def test_a_key_beside_an_endpoint_is_never_shown() -> None:
    """Of a configuration, nothing but lines and the signature's own words stands in a finding."""
    for signature in ALL:
        if signature.kind is Kind.ENDPOINT:
            assert "K3yCanary" not in repr(found_in(trace(signature.kind, signature.positive)))


@pytest.mark.parametrize("number", range(64))
def test_ordinary_files_give_nothing(number: int) -> None:
    """Words such as surface, interface and embedding are no traces."""
    assert not found_in(ordinary(number))


@pytest.mark.parametrize(
    ("entry", "says"),
    {
        "a field that nobody reads": (
            {"system": "a", "tells": "cloud", "source": "b", "negative": "c", "colour": "d"},
            "colour",
        ),
        "a text kind without a text": (
            {"system": "a", "tells": "cloud", "source": "b", "negative": "c"},
            "text",
        ),
    }.values(),
)
def test_a_broken_entry_is_refused(entry: dict[str, str], says: str) -> None:
    """A misspelt field is an error, not a signature that never fires."""
    with pytest.raises(ValueError, match=says):
        module._signature(Kind.CODE, "x", entry)


def test_a_digest_decides_under_any_name() -> None:
    """A renamed network of a known digest is found."""
    known = next(each for each in ALL if any(len(digest) == 64 for digest in each.digests))
    sample = trace(Kind.MODEL, "renamed.dat")
    artefact = Artefact(sample.locator, sample.media_type, len(sample.data), known.digests[0])
    detector = registry.load("system", "system-file")()
    (finding,) = detector.detect(
        artefact, BytesPayload(sample.data), sample.surroundings, Mode.STANDARD, Limits()
    )
    assert ("digest", "sha256") in {(clue.name, clue.value) for clue in finding.clues}


def test_a_text_that_bears_a_librarys_name_is_no_library() -> None:
    """A library is found where the content is a program, not where a text has its name."""
    sample = trace(Kind.LIBRARY, "libarcsoft_face.so")
    assert found_in(sample)
    assert not found_in(type(sample)(sample.name, b"just words\n" * 20))


def test_a_package_of_windows_installer_names_its_product() -> None:
    """In a stream of its own; a document that names the product is no installation."""
    data = compound({"\x05SummaryInformation": bytes(48) + b"ZKBioSecurity\0", "table": bytes(5000)})
    assert fired(found_in(Sample("Windows/Installer/1a2b.msi", data))) == {"installer/zkbio"}
    assert found_in(Sample("Documents/offer.doc", data)) == []
    assert found_in(Sample("Windows/Installer/1a2b.msi", compound({"table": b"ZKBioTeam" * 20}))) == []


def test_settings_keep_the_places_that_they_name_and_no_secret() -> None:
    """Only beside a system, and in no log."""
    text = b"image: exadel/compreface-api:1\nurl: jdbc:postgresql://u:geheim@db:5432/frs\nrtsp://u:geheim@192.0.2.20/x\n"
    (found,) = found_in(Sample("srv/app/docker-compose.yml", text), DETECTORS[3:4])
    said = {clue.name: clue.value for clue in found.clues}
    assert said["names_database"] == "postgresql://db:5432/frs"
    assert said["names_device"] == "192.0.2.20"
    assert "geheim" not in str(found)
    other = Sample("srv/app/docker-compose.yml", text.replace(b"exadel/compreface-api", b"other"))
    assert found_in(other, DETECTORS[3:4]) == []
    log = found_in(Sample("var/log/a.log", b"face enrolled: person_id=1\nrtsp://192.0.2.20/x\n"))
    assert log
    assert "names_device" not in str(log)
