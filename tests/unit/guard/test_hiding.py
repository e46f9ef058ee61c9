"""Hidden payloads: what gets through is a known miss with a case of its own."""

from __future__ import annotations

import base64
import gzip
import json
import lzma

import pytest

from efface.guard import Door, Guard
from efface.testing import records, stores
from efface.testing.compound import compound
from efface.testing.documents import pdf, pdf_stream
from efface.testing.hiding import CARRIERS, CODINGS, PACKINGS, PAYLOADS, hidden

FINGER = records.finger_minutiae_record(5)


@pytest.mark.parametrize("coding", CODINGS.values(), ids=CODINGS.keys())
def test_a_template_in_any_coding_is_refused(credit: Guard, coding: object) -> None:
    """In a field of a record, however it is written."""
    assert callable(coding)
    data = json.dumps({"bz": coding(FINGER)}).encode()
    assert credit.decide(data, "a.json").door is Door.REFUSE


@pytest.mark.parametrize("packing", PACKINGS.values(), ids=PACKINGS.keys())
def test_a_template_in_any_packing_is_refused(credit: Guard, packing: object) -> None:
    """In base64 of an archive, a compressed stream or a document."""
    assert callable(packing)
    data = json.dumps({"bz": base64.b64encode(packing(FINGER)).decode()}).encode()
    assert credit.decide(data, "a.json").door is Door.REFUSE


@pytest.mark.parametrize(("name", "carry"), CARRIERS.values(), ids=CARRIERS.keys())
def test_a_template_carried_anywhere_is_refused(credit: Guard, name: str, carry: object) -> None:
    """Fields, names, comments, attributes, cells, parts of requests."""
    assert callable(carry)
    assert credit.decide(carry(base64.b64encode(FINGER).decode()), name).door is Door.REFUSE


@pytest.mark.parametrize("make", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_every_kind_is_held_back(credit: Guard, make: object) -> None:
    """Templates are refused; what names alone could tell waits."""
    assert callable(make)
    data = json.dumps({"bz": base64.b64encode(make(1)).decode()}).encode()
    assert credit.decide(data, "a.json").door is not Door.ALLOW


def test_of_many_hidden_payloads_hardly_any_gets_through(credit: Guard) -> None:
    """The first hundred of the fuzzer; bench/guard_escape.py runs thousands and states the rate."""
    through = [
        seed
        for seed in range(100)
        if (each := hidden(seed)) and credit.decide(each.data, each.name).door is Door.ALLOW
    ]
    assert len(through) <= 3


def test_numbers_one_by_one_are_put_together(credit: Guard) -> None:
    """A vector over as many fields as it has numbers is a vector, and short lists of it, too."""
    vector = stores.face_vectors(1, 128, seed=1)[0].tolist()
    single = json.dumps({f"e{at}": number for at, number in enumerate(vector)}).encode()
    lists = json.dumps({"e": [vector[at : at + 8] for at in range(0, 128, 8)]}).encode()
    assert credit.decide(single, "a.json").door is not Door.ALLOW
    assert credit.decide(lists, "a.json").door is not Door.ALLOW


def test_a_picture_in_a_request_is_looked_at(samples: object) -> None:
    """As a file of a multipart body, without the header that names its boundary."""
    picture = (samples / "portrait.png").read_bytes()  # type: ignore[operator]
    body = (
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n'
        + picture
        + b"\r\n--b--\r\n"
    )
    decision = Guard().decide(body, "body")
    assert decision.door is Door.REFUSE
    assert decision.places[0].where.startswith("attachment-a.png#xywh=pixel:")


PDF = pdf(
    {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
    }
)


@pytest.mark.parametrize(
    "magic", [PDF, b"%PDF-1.7\n", b"PK\x03\x04", b"GIF89a"], ids=["PDF", "cut", "zip", "GIF"]
)
def test_a_file_in_a_request_hides_no_field_beside_it(credit: Guard, magic: bytes) -> None:
    """A body of several parts is read as one, whatever file stands in it unpacked."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
        + magic
        + b'\r\n--b\r\nContent-Disposition: form-data; name="bz"\r\n\r\n'
        + base64.b32encode(FINGER)
        + b"\r\n--b--\r\n"
    )
    assert credit.decide(body, "body").door is Door.REFUSE


def test_text_with_the_head_of_a_file_is_looked_at_as_text(credit: Guard) -> None:
    """Bytes written one to a character keep their magic, and are no file of that kind."""
    for data in (FINGER, _in_pdf(FINGER)):
        assert credit.decide(data.decode("latin-1").encode(), "a.txt").door is Door.REFUSE


def xor(data: bytes) -> bytes:
    return bytes(byte ^ 0x5A for byte in data)


def _in_pdf(data: bytes) -> bytes:
    return pdf(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(a.bin) 4 0 R] >> >> >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
            4: b"<< /Type /Filespec /F (a.bin) /EF << /F 5 0 R >> >>",
            5: pdf_stream("/Type /EmbeddedFile", data),
        }
    )


B64 = base64.b64encode(gzip.compress(FINGER, mtime=0)).decode()
VECTOR = stores.face_vectors(1, 512, seed=1)[0].astype("<f4").tobytes()

KNOWN_MISSES = {
    "pieces shorter than 24 characters": {f"f{at}": B64[at : at + 20] for at in range(0, len(B64), 20)},
    "pieces in another order": {"a": B64[300:], "b": B64[100:300], "c": B64[:100]},
    "several pieces inside one sentence": {"a": f"见{B64[:60]}，又{B64[60:120]}", "b": f"续{B64[120:]}。"},
    "a vector behind a word": {"bz": "photo2" + base64.urlsafe_b64encode(VECTOR).decode()},
    "an archive behind a word": {"bz": "photo2" + base64.urlsafe_b64encode(lzma.compress(FINGER)).decode()},
    "under a key": {"bz": base64.b64encode(xor(FINGER)).decode()},
    "two bytes to a character": {"bz": (FINGER + b"\0" * (len(FINGER) % 2)).decode("utf-16-be", "replace")},
    "a vector without a name, packed inside an old Office document inside a value": {
        "bz": base64.b64encode(compound({"a": lzma.compress(VECTOR)})).decode()
    },
}


@pytest.mark.parametrize("record", KNOWN_MISSES.values(), ids=KNOWN_MISSES.keys())
def test_known_misses(credit: Guard, record: dict[str, str]) -> None:
    """These get through without a form; docs/guard.md names them. Whoever finds one of them, move it above."""
    assert credit.decide(json.dumps(record).encode(), "a.json").door is Door.ALLOW


def test_a_vector_packed_in_an_attachment_of_a_document_that_is_handed_in_is_missed(credit: Guard) -> None:
    """Without a name; in base64 in a field the same document waits."""
    document = _in_pdf(lzma.compress(VECTOR))
    assert credit.decide(document, "a.pdf").door is Door.ALLOW
    field = json.dumps({"bz": base64.b64encode(document).decode()}).encode()
    assert credit.decide(field, "a.json").door is Door.QUARANTINE


def test_pieces_in_sentences_are_put_together(credit: Guard) -> None:
    """One piece in each of several sentences."""
    record = {"a": f"见附件{B64[:90]}。", "b": f"续{B64[90:]}。"}
    assert credit.decide(json.dumps(record).encode(), "a.json").door is Door.REFUSE


def test_a_bomb_waits(credit: Guard) -> None:
    """What unpacks beyond every bound is not looked at, and not let through."""
    bomb = gzip.compress(gzip.compress(bytes(300 << 20), 9), 9)
    assert credit.decide(bomb, "a.gz").door is Door.QUARANTINE
