"""Files of records: Avro and BSON, one column for each field."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.formats import sniff
from efface.formats.vectors import parse_vector
from efface.model import Column, Limits, Locator, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.sources.records import Records
from efface.testing import stores

bson = pytest.importorskip("bson", reason="efface[files] is not installed")
fastavro = pytest.importorskip("fastavro", reason="efface[files] is not installed")

VECTORS = stores.face_vectors(5, 128)
NOTE = "a note of some length"
SCHEMA = {
    "type": "record",
    "name": "Person",
    "fields": [
        {"name": "note", "type": ["null", "string"]},
        {"name": "photo", "type": "bytes"},
        {"name": "on", "type": {"type": "int", "logicalType": "date"}},
        {"name": "face", "type": {"type": "record", "name": "Face", "fields": [
            {"name": "vector", "type": {"type": "array", "items": "float"}}]}},
    ],
}  # fmt: skip
ROWS: list[dict[str, Any]] = [
    {
        "note": None if n == 0 else NOTE,
        "photo": bytes(40),
        "on": 2**31 - 1,
        "face": {"vector": vector.tolist()},
    }
    for n, vector in enumerate(VECTORS)
]


def avro(codec: str = "deflate", rows: list[dict[str, Any]] = ROWS) -> bytes:
    buffer = io.BytesIO()
    fastavro.writer(buffer, fastavro.parse_schema(SCHEMA), rows, codec=codec, sync_interval=2_000)
    return buffer.getvalue()


def dump(rows: list[dict[str, Any]] = ROWS) -> bytes:
    return b"".join(bson.encode({"_id": bson.ObjectId(), **row}) for row in rows)


def columns(data: bytes, limits: Limits | None = None) -> dict[str | None, Column]:
    part = Part(Locator.of_file("/t/people"), BytesPayload(data), Surroundings(("people",)))
    found = Records().parts(part, sniff.media_type(data[:4096]), limits or Limits())
    return {each.locator.fragment: each for each in found if isinstance(each, Column)}


@pytest.mark.parametrize("data", [avro("null"), avro(), avro("bzip2"), avro("xz"), dump()],
                         ids=["plain Avro", "deflate", "bzip2", "xz", "BSON"])  # fmt: skip
def test_fields_of_records_are_columns(data: bytes) -> None:
    """Texts, bytes and vectors of nested fields come as cells; nulls, numbers and dates do not."""
    found = columns(data)
    assert set(found) == {"/*/note", "/*/photo", "/*/face/vector"}
    assert list(found["/*/note"].cells()) == [NOTE] * 4
    assert list(found["/*/photo"].cells()) == [bytes(40)] * 5
    assert all(parse_vector(cell) for cell in found["/*/face/vector"].cells())
    assert found["/*/face/vector"].surroundings.names == ("vector", "face", "people")


def test_a_vector_of_mongodb_is_read_as_one() -> None:
    """BSON has a type of its own for vectors: two bytes before the numbers are no number."""
    vector = bson.Binary.from_vector(
        [float(number) for number in VECTORS[0]], bson.binary.BinaryVectorDtype.FLOAT32
    )
    (cell,) = columns(bson.encode({"face_vector": vector}))["/*/face_vector"].cells()
    found = parse_vector(cell)
    assert found is not None
    assert found.dimension == 128


def test_an_archive_names_its_collections() -> None:
    """The headers of an archive say of which collection the documents behind them are."""
    head = {"db": "hr", "collection": "faces", "EOF": False, "CRC": 0}
    end = (0xFFFFFFFF).to_bytes(4, "little")
    archive = (
        bytes.fromhex("6de29981") + bson.encode({"version": "0.1"}) + end + bson.encode(head) + dump() + end
    )
    assert "/faces/face/vector" in columns(archive)


def test_more_records_than_cells_are_a_sample() -> None:
    """Of many records so many are kept as the run tests, drawn from all of them."""
    data = dump(
        [
            {
                "note": f"{number:05} of many notes, each of them long enough to hold something worth looking at"
            }
            for number in range(3_000)
        ]
    )
    column = columns(data, Limits(cells=60))["/*/note"]
    drawn = [int(str(cell)[:5]) for cell in column.cells()]
    assert (column.drawn, column.rows, len(drawn)) == (60, 3_000, 60)
    assert max(drawn) > 2_000


@pytest.mark.parametrize("data", [avro(rows=ROWS * 20), dump(ROWS * 20)], ids=["Avro", "BSON"])
def test_what_stands_before_the_damage_is_given(data: bytes) -> None:
    """Half a file gives its records, and then says that it is cut off."""
    part = Part(
        Locator.of_file("/t/people"), BytesPayload(data[: len(data) // 2 - 7]), Surroundings(("people",))
    )
    seen: list[object] = []
    with pytest.raises(FormatError, match=r"cut off|damaged"):
        seen.extend(Records().parts(part, sniff.media_type(data[:4096]), Limits()))
    assert {each.locator.fragment for each in seen if isinstance(each, Column)} >= {"/*/face/vector"}


def test_a_block_that_unpacks_to_too_much_is_refused() -> None:
    """A small block of zeros is stopped at the limit of the run."""
    data = avro("deflate", [{**ROWS[0], "photo": bytes(40_000_000)}])
    assert len(data) < 100_000
    with pytest.raises(LimitExceededError, match="unpacked_bytes"):
        columns(data, Limits(unpacked_bytes=1 << 20))


def test_a_count_of_records_without_bytes_ends() -> None:
    """A block may claim any number of records that take no byte; reading it ends."""
    buffer = io.BytesIO()
    fastavro.writer(buffer, fastavro.parse_schema({"type": "null"}), [None])
    data = buffer.getvalue()
    sync = data[-16:]
    assert columns(data[: data.rindex(sync, 0, -16) + 16] + b"\xfe\xff\xff\xff\xff\xff\x0f\x00" + sync) == {}


@pytest.mark.parametrize("size", [0, 4, 1 << 31])
def test_a_document_of_an_impossible_size_is_refused(size: int) -> None:
    """A size that no document has is an error, not an allocation."""
    with pytest.raises(FormatError):
        columns(dump() + size.to_bytes(4, "little") + bytes(40))


@pytest.mark.parametrize(("data", "library"), [(avro(), "fastavro"), (dump(), "bson")])
def test_without_the_library_it_says_what_to_install(
    data: bytes, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing library is a kind that cannot be opened here, with the name of the extra."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UnsupportedError, match=r"install efface\[files\]"):
        columns(data)


@pytest.mark.parametrize(
    "head",
    [
        b"\x10\0\0\0not a document at all and more of it",
        b"\x20\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        bytes(64),
        b"\xff" * 64,
    ],
)
def test_other_bytes_are_no_document(head: bytes) -> None:
    """A document is told by its whole first structure, not by its size."""
    assert sniff.media_type(head) != "application/bson"
