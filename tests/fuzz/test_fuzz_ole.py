"""Whatever bytes come, a compound file gives parts, gaps or a refusal, and nothing else."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.engines.ole import parts
from efface.errors import FormatError
from efface.formats import dib, office_art, office_records, ole_values, thumbcache
from efface.model import Limits
from efface.testing import compound

LIMITS = Limits(artefact_bytes=1 << 20, unpacked_bytes=4 << 20, entries=200)
SETTINGS = settings(max_examples=150, derandomize=True, deadline=None)
EDITS = st.lists(st.tuples(st.integers(0, 1 << 14), st.integers(0, 255)), max_size=8)

PICTURE = b"\xff\xd8\xff\xe0" + bytes(600)
BLIP = compound.blip(0xF01D, 0x46A, PICTURE) + compound.blip(0xF01A, 0x3D4, bytes(90), metafile=True)
SEEDS = {
    "a document": compound.compound(
        {
            "WordDocument": bytes(5_000),
            "Data": BLIP,
            "Workbook": struct.pack("<HH", 0xEB, len(BLIP)) + BLIP,
            "PowerPoint Document": struct.pack("<HHIHHI", 0xF, 9, 20, 0, 0x1011, 12) + bytes(12),
            "\5SummaryInformation": compound.thumbnail_properties(8, bytes([40]) + bytes(60)),
            "ObjectPool": {"_1": {"\1Ole10Native": compound.native("a.bin", b"words " * 9)}},
        },
        free=PICTURE * 5,
    ),
    "a message": compound.compound(
        {
            "__substg1.0_10090102": bytes.fromhex("2d0000002b0000004c5a4675f1c5c7a703000a00") + bytes(30),
            "__attach_version1.0_#00000000": {
                "__substg1.0_3707001F": "a.txt".encode("utf-16-le"),
                "__substg1.0_37010102": b"words",
                "__substg1.0_3701000D": {"__substg1.0_1000001E": b"words " * 20},
            },
            "Catalog": struct.pack("<HHIIIQ", 8, 7, 1, 24, 21, 0) + bytes(8),
        }
    ),
}


def attempt(data: bytes) -> None:
    total = 0
    try:
        for part in parts(io.BytesIO(data), LIMITS):
            total += len(part.data) if isinstance(part.data, bytes) else 0
    except FormatError:
        pass
    assert total <= LIMITS.unpacked_bytes


@pytest.mark.parametrize("kind", SEEDS)
@SETTINGS
@given(edits=EDITS, cut=st.integers(0, 16_000))
def test_mutated_compound_files(kind: str, edits: list[tuple[int, int]], cut: int) -> None:
    """A valid file with changed bytes, and cut, is read as far as it goes, or refused."""
    data = bytearray(SEEDS[kind])
    for place, byte in edits:
        data[place % len(data)] = byte
    attempt(bytes(data[: cut % (len(data) + 1)] if cut % 2 else data))


@pytest.mark.parametrize("kind", SEEDS)
@SETTINGS
@given(edits=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 1 << 32)), min_size=1, max_size=4))
def test_hostile_tables(kind: str, edits: list[tuple[int, int]]) -> None:
    """Headers and tables of sectors that point anywhere, in circles too, end."""
    data = bytearray(SEEDS[kind])
    for word, value in edits:
        at = (word * 4) if word < 128 else len(data) - 512 + word * 4 % 512
        data[at : at + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")
    attempt(bytes(data))


READERS = {
    "pictures of records": lambda data: list(office_art.pictures(b"\xa0\x46\x1d\xf0" + data)),
    "records of workbooks": office_records.workbook_pictures,
    "records of slides": lambda data: list(office_records.storages_in_slides(data)),
    "packaged objects": ole_values.native_object,
    "thumbnails of properties": lambda data: ole_values.property_thumbnail(b"\xfe\xff" + data),
    "packed bodies": lambda data: ole_values.unpacked_rtf(data[:8] + b"LZFu" + data[8:]),
    "bitmaps": lambda data: dib.bitmap_file(b"\x28\0\0\0" + data),
}


@pytest.mark.parametrize("reader", READERS)
@SETTINGS
@given(data=st.binary(max_size=300))
def test_random_records(reader: str, data: bytes) -> None:
    """A reader of records gives what it understands, and raises nothing."""
    READERS[reader](data)


@SETTINGS
@given(st.binary(max_size=300), st.sampled_from([20, 21, 32]))
def test_random_caches(data: bytes, version: int) -> None:
    """A thumbnail cache is read or refused."""
    try:
        list(thumbcache.pictures(b"CMMM" + version.to_bytes(4, "little") + data + b"CMMM" + data))
    except FormatError:
        return
