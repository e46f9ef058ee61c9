"""The readers of containers, vendors' templates and protocol lines."""

from __future__ import annotations

import struct

import pytest

from efface.errors import FormatError, LimitExceededError
from efface.formats import an2k, arcsoft, cbor, digitalpersona, icao_lds, id_card_wlt, sourceafis, wsq, zkteco
from efface.testing.records import (
    an2k_transaction,
    arcsoft_feature,
    data_group_2,
    data_group_3,
    digitalpersona_template,
    id_card_fingerprint,
    id_card_photo,
    id_card_record,
    sourceafis_template,
    wsq_image,
    zkteco_push_line,
    zkteco_template,
)


def put(data, offset, value):
    return data[:offset] + value + data[offset + len(value) :]


def test_the_mask_of_zkfinger_10_is_checked():
    """The first two bytes are the letters IC masked with the length: one other bit and the test fails."""
    data = zkteco_template()
    assert zkteco.is_version_10(data)
    assert not zkteco.is_version_10(put(data, 0, bytes([data[0] ^ 1])))
    assert not zkteco.is_version_10(put(data, 9, bytes([data[9] ^ 1])))
    assert not zkteco.is_version_10(data[:9])


def test_a_wrong_mask_lowers_the_exactness():
    """With the constant but without the mask a template is reported as less exact; without both it is none."""
    wrong = put(zkteco_template(), 1, b"\0")
    (record,) = zkteco.find(wrong)
    assert (record.exactness, dict(record.notes)["mask"]) == (0.8, "differs")
    assert not list(zkteco.find(put(wrong, 11, bytes(9))))


@pytest.mark.parametrize("length", [0, 63, 65_535])
def test_an_impossible_length_of_zkfinger_10_is_refused(length):
    """The length of a template lies between 64 and 8,192 bytes."""
    assert not list(zkteco.find(put(zkteco_template(), 8, struct.pack(">H", length))))


LINES = {
    "a finger": (zkteco_push_line(), "fingerprint", "template"),
    "a visible-light face": (zkteco_push_line(table="BIODATA"), "face", "template"),
    "a palm": (zkteco_push_line(table="BIODATA").replace(b"Type=9", b"Type=8"), "palm", "template"),
    "a finger vein": (zkteco_push_line(table="BIODATA").replace(b"Type=9", b"Type=7"), "vein", "template"),
    "an unknown kind": (
        zkteco_push_line(table="BIODATA").replace(b"Type=9", b"Type=77"),
        "other",
        "template",
    ),
    "a photograph": (zkteco_push_line(table="USERPIC"), "face", "image"),
    "inside a log": (b"2024-01-01 10:00 recv: " + zkteco_push_line(), "fingerprint", "template"),
    "lower case table": (zkteco_push_line(table="biophoto"), "face", "image"),
}


@pytest.mark.parametrize("case", LINES.values(), ids=LINES.keys())
def test_lines_of_the_push_protocol_tell_their_modality(case):
    """A line's table and type say whose characteristic it carries."""
    line, modality, kind = case
    (record,) = [found for found in zkteco.find(line) if "PUSH" in found.standard]
    assert (record.modality, record.kind, record.end) == (modality, kind, len(line) - 1)


@pytest.mark.parametrize(
    "line",
    [
        b"FP PIN=1\tFID=6\tSize=4\tValid=1\tTMP=abcd\n",
        b"USER PIN=1\tName=x\tPri=0\tPasswd=\tCard=" + b"A" * 100,
        zkteco_push_line().replace(b"PIN=", b"PEN="),
        zkteco_push_line().replace(b"TMP=", b"XYZ="),
        b"X" + zkteco_push_line(),
    ],
    ids=["too short a payload", "a user without template", "no PIN", "no payload key", "another word"],
)
def test_other_lines_are_no_template(line):
    """A protocol line without a person or without a payload is not reported."""
    assert not [found for found in zkteco.find(line) if "PUSH" in found.standard]


def test_a_data_group_tells_its_objects():
    """Each object of a data group has a modality, a family, an inner record and a place."""
    first, second = icao_lds.parse(data_group_3())
    assert (first.modality, first.inner, first.family) == ("fingerprint", "FIR", "ISO/IEC 19794")
    assert second.offset > first.offset + first.size_bytes
    (record,) = icao_lds.find(b"\0" * 50 + data_group_3())
    assert (record.offset, record.size_bytes, record.count) == (50, len(data_group_3()), 2)


def test_a_template_group_without_its_data_group_is_found():
    """A bare template group takes its modality from its own header."""
    (record,) = icao_lds.find(data_group_2()[4:])
    assert (record.offset, record.modality) == (0, "face")


CARD_BIT = bytes.fromhex("7f61130201017f600ea10c81010882010287020101880200ff")


@pytest.mark.parametrize(
    "data",
    {
        "no data object, as cards describe fingers": CARD_BIT,
        "cut": data_group_2()[:-1],
        "an indefinite length": put(data_group_2(), 1, b"\x80"),
        "no templates": put(data_group_2(), 10, b"\0"),
        "another tag": b"\x60" + data_group_2()[1:],
        "nothing": b"",
    }.items(),
    ids=lambda item: item[0],
)
def test_an_unsound_data_group_is_refused(data):
    """A data group must be whole and must hold a biometric data object."""
    with pytest.raises(FormatError):
        icao_lds.parse(data[1])


def test_a_transaction_lists_what_it_holds():
    """The outline of a transaction gives type, place and length of every logical record."""
    data = an2k_transaction(record_types=(2, 4, 9, 17))
    outline = an2k.parse(data)
    assert [record.record_type for record in outline.records] == [1, 2, 4, 9, 17]
    assert (outline.complete, outline.end, outline.version) == (True, len(data), "0500")
    kinds = {record.modality: record.kind for record in an2k.find(data)}
    assert kinds == {"fingerprint": "container", "iris": "image"}


@pytest.mark.parametrize("types", [(), (2,), (2, 2)], ids=str)
def test_a_transaction_without_biometrics_is_none(types):
    """A rejection of Type-1 and Type-2 records holds nothing biometric."""
    assert not list(an2k.find(an2k_transaction(record_types=types)))


@pytest.mark.parametrize(
    "data",
    {
        "no separators": b"1.001:100 1.002:0500",
        "longer than the data": b"1.001:999\x1d1.002:0500\x1d1.003:1\x1f0\x1c",
        "no list": b"1.001:33\x1d1.002:0500\x1d1.004:TSTTST\x1c",
        "a list of letters": b"1.001:40\x1d1.002:0500\x1d1.003:1\x1f1\x1eAB\x1f01\x1d\x1d\x1d\x1d\x1c",
    }.items(),
    ids=lambda item: item[0],
)
def test_an_unsound_type_1_record_is_refused(data):
    """The Type-1 record must be whole and must list record types."""
    with pytest.raises(FormatError):
        an2k.parse(data[1])


def test_a_cut_transaction_is_found_and_marked():
    """A transaction that ends early is reported as incomplete, and its pictures apart."""
    data = an2k_transaction(record_types=(14, 14))[:-300]
    found = list(an2k.find(data))
    assert [record.exactness for record in found] == [0.5]
    assert not an2k.parse(data).complete


def test_a_wsq_picture_tells_its_size():
    """Width and height come from the frame header."""
    image = wsq.parse(wsq_image(width=300, height=200) + b"after")
    assert (image.width, image.height, image.size_bytes) == (300, 200, len(wsq_image()))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xa0",
        wsq_image()[:100],
        put(wsq_image(), 2, b"\xff\xd8"),
        wsq_image(width=0),
        wsq_image(height=60_000),
    ],
    ids=["nothing", "a marker", "cut in its tables", "a JPEG marker", "no width", "too high"],
)
def test_an_unsound_wsq_picture_is_refused(data):
    """Tables, a possible frame and a block must follow the start marker."""
    with pytest.raises(FormatError):
        wsq.parse(data)


def test_the_chip_of_an_identity_card_gives_photograph_and_fingers():
    """The card's text before the photograph is noted, never shown."""
    photo, *fingers = id_card_wlt.find(id_card_record())
    assert (photo.offset, dict(photo.notes)["card_text_before_bytes"]) == (256, "256")
    assert [dict(finger.notes)["finger_code"] for finger in fingers] == ["11", "11"]


@pytest.mark.parametrize(
    "data",
    [
        put(id_card_fingerprint(), 5, b"\x30"),
        put(id_card_fingerprint(), 6, b"\xf0"),
        id_card_fingerprint()[:-1],
        put(id_card_photo(), 3, b"\x01"),
        id_card_photo()[:20],
    ],
    ids=["no finger code", "no quality", "cut finger", "another prefix", "cut photograph"],
)
def test_other_bytes_are_nothing_of_an_identity_card(data):
    """The constants, the finger's code and the quality must be possible."""
    assert not list(id_card_wlt.find(data))


@pytest.mark.parametrize(
    "data",
    [
        arcsoft_feature()[:-1],
        put(arcsoft_feature(), 100, struct.pack("<f", float("nan"))),
        put(arcsoft_feature(), 100, struct.pack("<f", 1e9)),
        arcsoft_feature()[:8] + bytes(1_024),
        arcsoft_feature()[:8] + struct.pack("<256f", *[0.1] * 256),
    ],
    ids=["cut", "not a number", "too large", "zeros", "all positive"],
)
def test_other_numbers_are_no_arcsoft_feature(data):
    """A feature has 256 finite small values of both signs after its header."""
    assert not list(arcsoft.find(data))


def test_an_unusual_arcsoft_header_only_counts_for_the_whole_data():
    """Another version of the header is accepted, with less exactness, when the size is exact."""
    data = struct.pack("<2f", 3001.0, 21.0) + arcsoft_feature()[8:]
    (record,) = arcsoft.find(data)
    assert record.exactness == 0.7
    assert not list(arcsoft.find(data + b"\0"))


def test_a_digitalpersona_template_in_other_data_has_no_known_length():
    """Where nothing tells the length, the record says so."""
    (record,) = digitalpersona.find(b"\0" * 5 + digitalpersona_template())
    assert (record.size_bytes, record.notes) == (15, (("length", "unknown"),))
    (whole,) = digitalpersona.find(digitalpersona_template())
    assert whole.size_bytes == 600


def test_a_sourceafis_template_tells_its_minutiae():
    """The reader counts minutiae and measures the map."""
    found = sourceafis.parse(sourceafis_template(minutiae=41) + b"after")
    assert (found.minutiae, found.size_bytes) == (41, len(sourceafis_template(minutiae=41)))


@pytest.mark.parametrize(
    "data",
    [
        sourceafis_template().replace(b"types", b"kinds"),
        sourceafis_template()[:-10],
        b"\xa1\x67version\x613",
        b"\x81\x01",
    ],
    ids=["a missing key", "cut", "one key", "a list"],
)
def test_other_maps_are_no_sourceafis_template(data):
    """All seven keys and lists of one length are needed."""
    with pytest.raises(FormatError):
        sourceafis.parse(data)


CBOR_VALUES = {
    "0a": 10, "1903e8": 1000, "20": -1, "6161": "a", "4161": b"a", "f4": False, "f5": True, "f6": None,
    "f93c00": 1.0, "fb3ff0000000000000": 1.0, "820102": [1, 2], "9f01ff": [1], "a1616101": {"a": 1}, "bfff": {},
}  # fmt: skip


@pytest.mark.parametrize("text", CBOR_VALUES)
def test_cbor_values_are_read(text):
    """The read part of CBOR gives Python's own values and the offset after them."""
    data = bytes.fromhex(text)
    assert cbor.decode(data) == (CBOR_VALUES[text], len(data))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "18",
        "1c",
        "c101",
        "7f6161ff",
        "61ff",
        "a10101",
        "a2616101616102",
        "f7",
        "9bffffffffffffffff",
        "5bff",
    ],
)
def test_other_cbor_is_refused(text):
    """Tags, pieces, odd keys, double keys and cut values are refused."""
    with pytest.raises(FormatError):
        cbor.decode(bytes.fromhex(text))


@pytest.mark.parametrize("data", [b"\x81" * 1000, b"\x9f" + b"\x01" * 10_000], ids=["too deep", "too many"])
def test_cbor_has_limits(data):
    """Depth and number of items are limited."""
    with pytest.raises(LimitExceededError):
        cbor.decode(data)
