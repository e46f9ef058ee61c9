"""Whatever hides a picture in a compound file, it comes out, or a gap says why not."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from efface.errors import EncryptedError, FormatError, LimitExceededError
from efface.formats.ole_values import unpacked_rtf
from efface.model import Gap, GapReason, Limits, Locator, Part, Surroundings
from efface.sources.ole import Ole
from efface.sources.payloads import BytesPayload
from efface.sources.thumbnail_cache import ThumbnailCache
from efface.testing.compound import blip, compound, native, thumbcache, thumbnail_properties

LIMITS = Limits(artefact_bytes=8 << 20, unpacked_bytes=16 << 20)


def picture(kind: str = "JPEG", side: int = 40) -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").resize((side, side)).save(out, kind)
    return out.getvalue()


JPEG, PNG, BMP = picture("JPEG"), picture("PNG"), picture("BMP")
DIB = BMP[14:]
EMF = b"\1\0\0\0" + bytes(36) + b" EMF\0\0\1\0" + bytes(60)


def parts_of(data: bytes, limits: Limits = LIMITS) -> list[Part | Gap]:
    part = Part(Locator.of_file("/d/a.doc"), BytesPayload(data), Surroundings(("a.doc",)))
    return list(Ole().parts(part, "application/x-ole-storage", limits))


def contents(found: list[Part | Gap]) -> dict[str, bytes]:
    return {inner.locator.path[-1]: inner.payload.read() for inner in found if isinstance(inner, Part)}


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def workbook(data: bytes) -> bytes:
    """Return a workbook's stream with the drawing group in pieces."""
    pieces = [data[at : at + 500] for at in range(0, len(data), 500)]
    return (
        record(0x809, bytes(16))
        + record(0xEB, pieces[0])
        + b"".join(record(0x3C, each) for each in pieces[1:])
        + record(10, b"")
    )


def slides(data: bytes, instance: int) -> bytes:
    atom = struct.pack("<HHI", instance << 4, 0x1011, len(data)) + data
    return struct.pack("<HHI", 0xF, 1000, len(atom)) + atom


INNER = compound({"Pictures": blip(0xF01D, 0x46A, JPEG)})

PLACES = {
    "a Word picture": ({"Data": bytes(70) + blip(0xF01D, 0x46A, JPEG)}, "Data-picture-1.jpg", JPEG),
    "a picture with two digests": ({"Data": blip(0xF01E, 0x6E1, PNG)}, "Data-picture-1.png", PNG),
    "a CMYK picture": ({"1Table": blip(0xF01D, 0x6E2, JPEG)}, "1Table-picture-1.jpg", JPEG),
    "a bitmap": ({"Pictures": blip(0xF01F, 0x7A8, DIB)}, "Pictures-picture-1.bmp", BMP),
    "a metafile": ({"Pictures": blip(0xF01A, 0x3D4, EMF, metafile=True)}, "Pictures-picture-1.emf", EMF),
    "the second of two": (
        {"Pictures": blip(0xF01D, 0x46A, JPEG) + blip(0xF01E, 0x6E0, PNG)}, "Pictures-picture-2.png", PNG,
    ),
    "a workbook's picture in pieces": (
        {"Workbook": workbook(bytes(30) + blip(0xF01E, 0x6E0, PNG))}, "Workbook-picture-1.png", PNG,
    ),
    "a background of a sheet": (
        {"Book": record(0x809, b"") + record(0xE9, b"\x09\0\1\0" + bytes(4) + DIB)}, "Book-bitmap-1.bmp", BMP,
    ),
    "an object in slides": ({"PowerPoint Document": slides(INNER, 0)}, "PowerPoint Document-object-1", INNER),
    "a packed object in slides": (
        {"PowerPoint Document": slides(struct.pack("<I", len(INNER)) + zlib.compress(INNER), 1)},
        "PowerPoint Document-object-1", INNER,
    ),
    "a packaged file": (
        {"ObjectPool": {"_1": {"\1Ole10Native": native("合同.zip", b"PK words")}}},
        "ObjectPool/_1/Ole10Native-合同.zip", b"PK words",
    ),
    "an object as a storage": (
        {"ObjectPool": {"_1": {"Workbook": workbook(blip(0xF01D, 0x46A, JPEG))}}},
        "ObjectPool/_1/Workbook-picture-1.jpg", JPEG,
    ),
    "a document as an object": ({"MBD1": {"Package": b"PK\3\4" + bytes(90)}}, "MBD1/Package", b"PK\3\4" + bytes(90)),
    "the thumbnail of a document": (
        {"\5SummaryInformation": thumbnail_properties(8, DIB)}, "SummaryInformation-thumbnail", BMP,
    ),
    "a metafile as a thumbnail": (
        {"\5SummaryInformation": thumbnail_properties(3, b"\1\0\x09\0\0\3" + bytes(40))},
        "SummaryInformation-thumbnail", b"\1\0\x09\0\0\3" + bytes(40),
    ),
    "a picture of a Hangul document": (
        {"BinData": {"BIN0001.png": zlib.compress(PNG)[2:-4]}}, "BinData/BIN0001.png", PNG,
    ),
    "a thumbnail of a folder": (
        {
            "Catalog": struct.pack("<HHI", 8, 7, 1) + struct.pack("<IIQ", 28, 21, 0) + "a.jpg\0".encode("utf-16-le"),
            "12": struct.pack("<III", 12, 1, len(JPEG)) + JPEG,
        },
        "thumbnail-a.jpg-1.jpg", JPEG,
    ),
    "a thumbnail of a folder of Vista": ({"256_1f": bytes(24) + PNG}, "256_1f.png", PNG),
    "an attachment": (
        {"__attach_version1.0_#00000000": {
            "__substg1.0_3707001F": "名单.xls".encode("utf-16-le"), "__substg1.0_37010102": b"any bytes",
        }},
        "attachment-名单.xls", b"any bytes",
    ),
    "an attachment of an old program": (
        {"__attach_version1.0_#00000000": {
            "__substg1.0_3704001E": "名单.xls".encode("gb18030"), "__substg1.0_37010102": b"any bytes",
        }},
        "attachment-名单.xls", b"any bytes",
    ),
    "an attachment of an attached message": (
        {"__attach_version1.0_#00000000": {"__substg1.0_3701000D": {"__attach_version1.0_#00000000": {
            "__substg1.0_3707001F": "b.jpg".encode("utf-16-le"), "__substg1.0_37010102": JPEG,
        }}}},
        "message-1/attachment-b.jpg", JPEG,
    ),
    "the body of a message": ({"__substg1.0_10130102": b"<html>" + b"x" * 99}, "body.html", b"<html>" + b"x" * 99),
    "the words of a message": (
        {"__substg1.0_1000001F": ("字" * 99).encode("utf-16-le")}, "body.txt", ("字" * 99).encode(),
    ),
    "a stream that is cut by nothing known": ({"Odd": b"head" * 20 + JPEG}, "Odd-1.jpg", JPEG),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_picture_comes_out_of_every_place(place: str) -> None:
    """Each place of a compound file where a picture can be gives it, unchanged, under a telling name."""
    storage, name, content = PLACES[place]
    assert contents(parts_of(compound(storage))).get(name) == content


def test_what_was_deleted_is_found() -> None:
    """A picture in sectors that nothing uses any more comes out."""
    large = picture(side=256)
    found = contents(
        parts_of(compound({"WordDocument": bytes(5_000)}, free=bytes(700) + large + bytes(2_000)))
    )
    assert found == {"lost-1.jpg": large}


def test_one_picture_is_one_part() -> None:
    """A picture that stands in two streams comes once."""
    record_ = blip(0xF01D, 0x46A, JPEG)
    assert len(parts_of(compound({"Data": record_, "1Table": record_}))) == 1


SECRET = {
    "a workbook": {"Workbook": record(0x809, bytes(16)) + record(0x2F, bytes(54))},
    "a Word document": {"WordDocument": struct.pack("<H", 0xA5EC) + bytes(8) + b"\0\1" + bytes(500)},
    "slides": {"Current User": bytes(12) + b"\xdf\xc4\xd1\xf3" + bytes(30)},
}


@pytest.mark.parametrize("kind", SECRET)
def test_an_encrypted_document_is_a_gap(kind: str) -> None:
    """Old documents keep their names when they are encrypted; that is no clean result."""
    (gap,) = parts_of(compound(SECRET[kind]))
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.ENCRYPTED


def test_an_encrypted_package_is_refused() -> None:
    """A new document with a password is a compound file with one packed stream in it."""
    with pytest.raises(EncryptedError):
        parts_of(compound({"EncryptionInfo": bytes(200), "EncryptedPackage": bytes(5_000)}))


QUIET = {
    "words only": {"WordDocument": b"words " * 900},
    "a record of a kind with another number": {"Data": blip(0xF01D, 0x3D4, JPEG[2:])},
    "a thumbnail that is none": {"\5SummaryInformation": thumbnail_properties(8, b"")},
    "an empty stream": {"Data": b""},
    "names of a message": {"__substg1.0_0C1A001F": ("Name" * 40).encode("utf-16-le")},
}


@pytest.mark.parametrize("case", QUIET)
def test_what_holds_no_picture_gives_none(case: str) -> None:
    """Words and names are no parts."""
    assert parts_of(compound(QUIET[case])) == []


def test_no_compound_file_is_refused() -> None:
    """Bytes that only begin like one raise, and nothing else is raised."""
    with pytest.raises(FormatError):
        parts_of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def test_a_stream_over_the_limits_is_a_gap() -> None:
    """A stream that is larger than an artefact may be is named; the others are read."""
    found = parts_of(
        compound({"Big": bytes(9_000), "Data": blip(0xF01D, 0x46A, JPEG)}), Limits(artefact_bytes=8_000)
    )
    assert [(gap.locator.path[-1], gap.reason) for gap in found if isinstance(gap, Gap)] == [
        ("Big", GapReason.OVER_LIMIT)
    ]
    assert list(contents(found)) == ["Data-picture-1.jpg"]


def test_too_many_streams_are_over_the_limits() -> None:
    """The number of streams counts against the entries of a container."""
    with pytest.raises(LimitExceededError):
        parts_of(compound({f"s{number}": b"x" for number in range(30)}), Limits(entries=20))


def test_a_packed_body_is_unpacked() -> None:
    """The example of the specification comes out as it says ([MS-OXRTFCP] 4.1.1)."""
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert unpacked_rtf(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


@pytest.mark.parametrize("cut", [0, 10, 16, 30, 45])
def test_a_packed_body_that_is_cut_gives_its_start(cut: int) -> None:
    """What comes before a fault is not lost, and nothing is raised."""
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n".startswith(unpacked_rtf(packed[:cut]))


@pytest.mark.parametrize("version", [20, 21, 31, 32])
def test_a_thumbnail_cache_gives_its_pictures(version: int) -> None:
    """Caches of every Windows since Vista give each picture, and leave out entries without one."""
    data = thumbcache([JPEG, b"", PNG], version)
    part = Part(
        Locator.of_file("/u/thumbcache_256.db"), BytesPayload(data), Surroundings(("thumbcache_256.db",))
    )
    found = list(ThumbnailCache().parts(part, "application/vnd.microsoft.thumbcache", LIMITS))
    assert contents(found) == {"thumbnail-1": JPEG, "thumbnail-3": PNG}


def test_a_broken_thumbnail_cache_is_refused() -> None:
    """An entry that says it is shorter than its own header ends the reading with a reason."""
    data = bytearray(thumbcache([JPEG]))
    data[28:32] = bytes(4)
    part = Part(Locator.of_file("/u/t.db"), BytesPayload(bytes(data)), Surroundings(("t.db",)))
    with pytest.raises(FormatError):
        list(ThumbnailCache().parts(part, "", LIMITS))
