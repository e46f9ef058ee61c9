"""The search for every kind of record at once."""

from __future__ import annotations

import base64
import random

import pytest

from efface.errors import FormatError, LimitExceededError
from efface.formats import encoded, records
from efface.formats.record import Record
from efface.formats.scan import MAX_FALSE_STARTS
from efface.testing.records import (
    MAKERS,
    SHORT_OF_PROOF,
    an2k_transaction,
    data_group_2,
    face_image_record,
    finger_minutiae_record,
    id_card_photo,
    wsq_image,
    zkteco_template,
)

EMBEDDABLE = sorted(set(MAKERS) - SHORT_OF_PROOF)
WITHOUT_TEXT_MAGIC = {"PRC ID card chip"}  # it begins with a person's name, not with a constant
BINARY = [name for name in EMBEDDABLE if "PUSH" not in name and name not in WITHOUT_TEXT_MAGIC]


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_every_synthetic_record_is_found_at_its_beginning(name):
    """A record of every known kind is found, whatever its seed."""
    for seed in range(6):
        found = list(records.find_all(MAKERS[name](seed)))
        assert found, seed
        assert found[0].exactness >= 0.3


@pytest.mark.parametrize("name", EMBEDDABLE)
@pytest.mark.parametrize("before", [1, 2, 255, (1 << 18) - 3], ids=str)
def test_records_are_found_at_any_offset(name, before):
    """A record inside other data is found where it lies, also across the search's own windows."""
    whole = MAKERS[name](3)
    alone = list(records.find_all(whole))
    inside = list(records.find_all(b"\n" * before + whole + b"\n" * 700))
    assert [record.offset for record in inside] == [record.offset + before for record in alone]


@pytest.mark.parametrize("name", sorted(SHORT_OF_PROOF))
def test_weak_signatures_prove_nothing_inside_other_data(name):
    """Three or four bytes of signature only count when the data is the template and nothing else."""
    assert not list(records.find_all(b"\n" + MAKERS[name](0)))
    assert not list(records.find_all(MAKERS[name](0) + bytes(9_000)))
    assert next(records.find_all(MAKERS[name](0))).exactness <= 0.5


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(
    "encode",
    {
        "base64": base64.b64encode,
        "base64url": base64.urlsafe_b64encode,
        "base64 folded as in mail": lambda raw: base64.encodebytes(raw).rstrip(),
        "base64 with JSON's escaped slashes": lambda raw: base64.b64encode(raw).replace(b"/", rb"\/"),
        "hexadecimal": lambda raw: raw.hex().encode(),
        "upper hexadecimal": lambda raw: raw.hex().upper().encode(),
    }.items(),
    ids=lambda item: item[0],
)
def test_records_in_text_are_found_and_cover_their_text(name, encode):
    """A record coded as text is found with the place and the length of the text."""
    raw = MAKERS[name](1)
    text = encode[1](raw)
    found = list(encoded.find(b'{"photo": "' + text + b'"}'))
    assert found, name
    assert (found[0].offset, found[0].size_bytes) == (11, len(text))
    assert found[0].standard == next(records.find_all(raw)).standard


def test_a_record_inside_a_walked_record_is_not_reported_apart():
    """A face record in a data group, and pictures in a transaction, are part of the outer record."""
    group = list(records.find_all(data_group_2()))
    assert [record.standard for record in group] == ["ICAO DG2"]
    assert ("holds", "FAC") in group[0].notes
    transaction = list(records.find_all(an2k_transaction()))
    assert {record.standard for record in transaction} == {"ANSI/NIST-ITL"}
    assert sorted(record.modality for record in transaction) == ["face", "fingerprint"]


def test_a_cut_record_hides_nothing_that_follows_it():
    """A record known by its header only does not swallow the record after it."""
    cut = face_image_record()[:200]
    found = list(records.find_all(cut + finger_minutiae_record()))
    assert [record.exactness for record in found] == [0.5, 1.0]
    assert found[1].offset == len(cut)


def test_neighbours_are_all_found():
    """Records that follow each other are each reported once, in order."""
    parts = [finger_minutiae_record(1), wsq_image(2), id_card_photo(3), zkteco_template(4)]
    found = list(records.find_all(b"".join(parts)))
    assert [record.size_bytes for record in found] == [len(part) for part in parts]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_kind_of_buffer_is_searched(kind):
    """Bytes, bytearray and memoryview give the same records."""
    assert len(list(records.find_all(kind(finger_minutiae_record())))) == 1


@pytest.mark.parametrize("limit", [0, 1, 7])
def test_no_more_than_the_limit_is_yielded(limit):
    """The limit is kept, also inside a transaction that gives several records."""
    assert len(list(records.find_all(finger_minutiae_record() * 50, limit=limit))) == limit
    assert len(list(records.find_all(an2k_transaction() * 5, limit=limit))) == limit


@pytest.mark.parametrize(
    "data",
    {
        "nothing": b"",
        "one byte": b"F",
        "zeros": bytes(100_000),
        "random bytes": random.Random(5).randbytes(1 << 20),
        "the magics as a program's constants": b"FMR\0 20\0FMR\x00030\0FAC\x00010\0FIR\x00010\0IIR\x00020\0"
        + bytes(200),
        "the WLT prefix as a constant": id_card_photo()[:11] + bytes(2_000),
        "the ZKTeco signature as a constant": zkteco_template()[:20] + bytes(2_000),
        "a data group's first letter": b"u is a letter, c is one, v too" * 50,
        "a WSQ marker before text": b"\xff\xa0\xff\xa4" + b"A" * 500,
        "source code about records": b'if data[:4] == b"FMR\\0": return "FMR 020"  # TMP=, PIN=1' * 20,
        "a transaction without biometrics": an2k_transaction(record_types=(2,)),
        "base64 of nothing known": base64.b64encode(random.Random(1).randbytes(50_000)),
    }.items(),
    ids=lambda item: item[0],
)
def test_other_data_is_no_record(data):
    """Data that only resembles the beginning of a record is not reported, neither as bytes nor as text."""
    assert not list(records.find_all(data[1]))
    assert not list(encoded.find(data[1]))


def test_data_made_to_waste_time_is_refused():
    """More false starts than any real data has are an error, and thereby a gap, not a silent stop."""
    with pytest.raises(LimitExceededError, match="none"):
        list(records.find_all(b"FMR\0 20\0" * (MAX_FALSE_STARTS + 1)))


@pytest.mark.parametrize(
    "change",
    [
        {"modality": "soul"},
        {"kind": "song"},
        {"offset": -1},
        {"size_bytes": 0},
        {"exactness": 1.1},
        {"count": -1},
    ],
    ids=str,
)
def test_impossible_records_cannot_be_made(change):
    """A record outside its own vocabulary or ranges is refused."""
    values = {
        "standard": "x", "offset": 0, "size_bytes": 1, "modality": "face", "kind": "image", "count": 1, "exactness": 1.0,
    }  # fmt: skip
    with pytest.raises(FormatError):
        Record(**values | change)


def test_notes_never_hold_content():
    """No note carries more of a record than short structural facts."""
    for maker in MAKERS.values():
        for record in records.find_all(maker(2)):
            assert all(len(name) <= 24 and len(value) <= 64 for name, value in record.notes)


TRUTH = {
    "records/derived/EF_DG2_from_face01.bin": ["ICAO DG2"],
    "records/derived/uidai_sample.fmr": ["ISO/IEC 19794-2:2005"],
    "records/fingerprintio/ansi378v2004-sample.dat": ["ANSI/INCITS 378-2004"],
    "records/fingerprintio/ansi378v2009-sample.dat": ["ANSI/INCITS 378-2009"],
    "records/fingerprintio/ansi378v2009am1-sample.dat": ["ANSI/INCITS 378-2009/Am1"],
    "records/fingerprintio/iso19794p2v2005-sample.dat": ["ISO/IEC 19794-2:2005"],
    "records/fingerprintio/iso19794p2v2011-sample.dat": ["ISO/IEC 19794-2:2011"],
    "records/libbiomeval/face01.iso2005": ["ISO/IEC 19794-5:2005"],
    "records/libbiomeval/fmr.ansi2004": ["ANSI/INCITS 378-2004"],
    "records/libbiomeval/fmr.ansi2007": ["ANSI/INCITS 378-2009"],
    "records/libbiomeval/fmr.iso2005": ["ISO/IEC 19794-2:2005"],
    "records/libbiomeval/img.wsq": ["WSQ"],
    "records/libbiomeval/iris01.iso2011": ["ISO/IEC 19794-6:2011"],
    "records/libbiomeval/type3.an2k": ["ANSI/NIST-ITL"],
    "records/libbiomeval/type4-slaps.an2k": ["ANSI/NIST-ITL"],
    "records/libbiomeval/type9-13.an2k": ["ANSI/NIST-ITL"],
    "records/libbiomeval/type9-15.an2k": ["ANSI/NIST-ITL", "ANSI/NIST-ITL"],
    "records/libbiomeval/type9-efs.an2k": ["ANSI/NIST-ITL"],
    "records/libbiomeval/type9.an2k": ["ANSI/NIST-ITL"],
}


def test_real_files_are_found_as_what_they_are(shared_data):
    """Every real record file gives its record over its whole length; every other file beside them gives none."""
    for path in sorted((shared_data / "records").rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found = list(records.find_all(data))
            name = str(path.relative_to(shared_data))
            assert [record.standard for record in found] == TRUTH.get(name, []), name
            assert all((record.size_bytes, record.exactness) == (len(data), 1.0) for record in found), name


def test_real_text_forms_are_found(shared_data):
    """Base64 of a real template and the hexadecimal of a device's back-up are found as text."""
    expected = {
        "records/derived/uidai_sample.b64": "ISO/IEC 19794-2:2005",
        "stores/generated/pyzk_backup.json": "ZKTeco ZKFinger 10",
        "stores/generated/zk_push_operlog.txt": "ZKTeco ZKFinger 10",
    }
    for name, standard in expected.items():
        assert next(encoded.find((shared_data / name).read_bytes())).standard == standard
