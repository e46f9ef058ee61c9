"""No input makes the readers of biometric records raise anything but FormatError, or yield without end."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.errors import FormatError
from efface.formats import (
    an2k,
    cbor,
    encoded,
    icao_lds,
    iso19794_2,
    iso19794_4,
    iso19794_5,
    iso19794_6,
    records,
    sourceafis,
    wsq,
)
from efface.testing.records import MAKERS

PARSERS = (
    an2k.parse, cbor.decode, icao_lds.parse, sourceafis.parse, wsq.parse,
    iso19794_2.parse, iso19794_4.parse, iso19794_5.parse, iso19794_6.parse,
)  # fmt: skip
FUZZ = settings(max_examples=200, deadline=None, derandomize=True, database=None)


@st.composite
def damaged_records(draw):
    """A valid record with some bytes changed, cut, doubled or put inside other bytes."""
    data = bytearray(MAKERS[draw(st.sampled_from(sorted(MAKERS)))](draw(st.integers(0, 5))))
    for _ in range(draw(st.integers(0, 6))):
        position = draw(st.integers(0, min(len(data) - 1, 120)))
        data[position] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, draw(st.integers(0, 255))]))
    end = draw(st.integers(0, len(data)) | st.just(len(data)))
    return (
        draw(st.binary(max_size=20))
        + bytes(data[:end]) * draw(st.integers(1, 3))
        + draw(st.binary(max_size=20))
    )


def look(data):
    """Ask every reader; anything but FormatError escapes and fails the test."""
    for search in (records.find_all, encoded.find):
        found = list(search(data, limit=50))
        assert len(found) <= 50
        for record in found:
            assert 0 <= record.offset < record.end <= len(data)
    for parse in PARSERS:
        try:
            parse(data)
        except FormatError:
            continue


@FUZZ
@given(damaged_records())
def test_damaged_records_raise_nothing_else(data):
    """A damaged record is found inside its bounds, or refused."""
    look(data)


@FUZZ
@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing_else(data):
    """Random bytes are refused."""
    look(data)


@FUZZ
@given(damaged_records(), st.booleans())
def test_damaged_text_raises_nothing_else(data, hexadecimal):
    """Damaged records coded as text are found inside their bounds, or refused."""
    look(data.hex().encode() if hexadecimal else base64.b64encode(data))


@pytest.mark.parametrize(
    "data",
    {
        "minutiae headers without end": b"FMR\x00030\0\x7f\xff\xff\xff\x04\x00\x00" * 20_000,
        "representations without end": b"FMR\x00030\0\x7f\xff\xff\xff\x04\x00\x00"
        + (b"\0\0\0\x22" + bytes(30)) * 9_000,
        "WSQ starts without end": b"\xff\xa0\xff\xa4\x00\x02" * 50_000,
        "template groups in each other": b"\x7f\x61\x82\xff\xff\x02\x01\x01\x7f\x60" * 30_000,
        "protocol words": b"FP FP FP pin=1 " * 20_000,
        "maps in each other": b"\xbf\x67version\x61" * 20_000,
        "transactions in each other": b"1.001:60000\x1d1.002:0500\x1d1.003:1\x1f9\x1e9\x1f0" * 10_000,
        "zkteco signatures": b"\x4a\x1bSS21\0\0\x03\x58" * 30_000,
        "folded base64": (b"\nRk1SACAyMA" + b"A" * 66) * 10_000,
    }.items(),
    ids=lambda item: item[0],
)
def test_data_made_to_waste_time_ends(data):
    """Hostile repetition ends within the limits: with records, or with an error that becomes a gap."""
    for search in (records.find_all, encoded.find):
        try:
            assert len(list(search(data[1], limit=50))) <= 50
        except FormatError:
            continue
