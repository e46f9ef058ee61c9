"""Records of Avro and BSON lose what was found; everything else keeps its bytes."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from efface.actions.erase_records import EraseRecords
from efface.errors import RemovalError
from efface.examine import Examiner
from efface.model import Characteristic, Clue, Finding, Form, Gap, Limits, Locator, Mode, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.testing import stores

bson = pytest.importorskip("bson", reason="efface[files] is not installed")
fastavro = pytest.importorskip("fastavro", reason="efface[files] is not installed")

LIMITS = Limits()
VECTORS = stores.face_vectors(20, 128)
SCHEMA = {
    "type": "record",
    "name": "Person",
    "fields": [
        {"name": "name", "type": "string"},
        {"name": "on", "type": {"type": "int", "logicalType": "date"}},
        {"name": "note", "type": ["null", "string"]},
        {"name": "face_embedding", "type": {"type": "array", "items": "float"}},
        {"name": "face_blob", "type": ["null", "bytes"]},
    ],
}
ROWS = [
    {
        "name": f"person {at}",
        "on": 20_000 + at,
        "note": None if at % 2 else "a note of some length",
        "face_embedding": vector.tolist(),
        "face_blob": vector.tobytes() if at < 10 else None,
    }
    for at, vector in enumerate(VECTORS)
]
PLACES = ("/*/face_embedding", "/*/face_blob")
CODECS = ["null", "deflate", "bzip2", "xz", "zstandard", "snappy"]


def avro(codec: str = "null") -> bytes:
    sink = io.BytesIO()
    fastavro.writer(sink, SCHEMA, ROWS, codec=codec, sync_interval=2_000)
    return sink.getvalue()


def documents() -> list[dict[str, Any]]:
    return [
        {
            "_id": bson.ObjectId(bytes([at] * 12)),
            "name": f"person {at}",
            "at": datetime(2026, 1, 1, at, tzinfo=UTC),
            "count": bson.Int64(at),
            "price": bson.Decimal128("1.50"),
            "faces": [{"face_embedding": vector.tolist(), "box": [1, 2, 3, 4]}],
            "face_blob": vector.tobytes(),
            "face_vector": bson.Binary.from_vector(vector.tolist(), bson.binary.BinaryVectorDtype.FLOAT32),
        }
        for at, vector in enumerate(VECTORS)
    ]


def dump() -> bytes:
    return b"".join(map(bson.encode, documents()))


def found(place: str) -> Finding:
    clues = (Clue("dimension", "128"),)
    locator = Locator("file", ("people",), place)
    return Finding("face-template@3", Form.TEMPLATE, Characteristic.FACE, locator, 0.9, clues=clues)


def removed(data: bytes, *places: str) -> bytes:
    result = EraseRecords().remove(data, [found(place) for place in places], LIMITS)
    assert result is not None
    return result


def looked_at(data: bytes) -> list[Any]:
    part = Part(Locator("file", ("people",)), BytesPayload(data), Surroundings(("people",)))
    return [each for each in Examiner(Mode.STANDARD, LIMITS).examine(part) if isinstance(each, Finding | Gap)]


def holds(data: bytes) -> bool:
    return any(row.tobytes()[at : at + 16] in data for row in VECTORS for at in (0, 160, 496))


@pytest.mark.parametrize("codec", CODECS)
def test_fields_of_avro_become_empty(codec: str) -> None:
    """In every codec lists and bytes are empty, and all other fields, the schema and the codec are as before."""
    data = avro(codec)
    assert {each.locator.fragment for each in looked_at(data)} == set(PLACES)
    result = removed(data, *PLACES)
    old, new = (fastavro.reader(io.BytesIO(each)) for each in (data, result))
    assert new.codec == old.codec
    assert new.writer_schema == old.writer_schema
    records = list(new)
    for before, after in zip(old, records, strict=True):
        assert after == {**before, "face_embedding": [], "face_blob": b"" if before["face_blob"] else None}
    assert not looked_at(result)
    assert removed(result, *PLACES) == result


def test_no_byte_of_a_vector_is_left_in_avro() -> None:
    """Neither lists nor bytes leave a fragment."""
    assert holds(avro())
    assert not holds(removed(avro(), *PLACES))


def test_one_field_of_avro_goes_alone() -> None:
    """A field that was not named stays, though it holds the same kind of thing."""
    records = list(fastavro.reader(io.BytesIO(removed(avro(), PLACES[0]))))
    assert [record["face_blob"] for record in records] == [row["face_blob"] for row in ROWS]


def test_fields_of_documents_become_empty() -> None:
    """Lists, binary values and vectors of BSON are empty; types and order of all other fields stay."""
    places = ("/*/faces/*/face_embedding", "/*/face_blob", "/*/face_vector")
    data = dump()
    assert {each.locator.fragment for each in looked_at(data)} == set(places)
    result = removed(data, *places)
    expected = documents()
    for document in expected:
        document["faces"][0]["face_embedding"] = []
        document["face_blob"] = b""
        document["face_vector"] = bson.Binary(bytes(document["face_vector"])[:2], 9)
    assert result == b"".join(map(bson.encode, expected))
    assert not holds(result)
    assert not looked_at(result)
    assert removed(result, *places) == result


def test_documents_in_which_nothing_is_due_keep_their_bytes() -> None:
    """A type that BSON gave up, which no library writes, stays where its document is not changed."""
    old = b"\x1a\x00\x00\x00\x06gone\x00\x02name\x00\x03\x00\x00\x00ab\x00\x00"
    old = len(old).to_bytes(4, "little") + old[4:]
    result = removed(old + dump(), "/*/face_blob")
    assert result.startswith(old)


ODD = b"\x06gone\x00\x05v\x00\x00\x02\x00\x00\x00" + VECTORS[0].tobytes() + b"\x00"
BAD = {
    "a document of a type that is not written": (len(ODD) + 4).to_bytes(4, "little") + ODD,
    "a dump that is cut off": dump()[:-5],
    "an archive with checksums": (0x8199E26D).to_bytes(4, "little") + dump(),
    "an Avro file that is cut off": avro()[:-20],
    "an Avro file with a wrong mark": avro()[:-16] + bytes(16),
    "another kind of file": b"%PDF-1.7",
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_written_is_refused(case: str) -> None:
    """Nothing is given of what is damaged, or would not come out as it was."""
    with pytest.raises(RemovalError):
        EraseRecords().remove(BAD[case], [found("/*/v"), found("/*/face_blob")], LIMITS)


def test_bytes_of_a_fixed_length_are_refused() -> None:
    """A field that must have so many bytes cannot be emptied."""
    schema = {
        "type": "record",
        "name": "P",
        "fields": [{"name": "v", "type": {"type": "fixed", "name": "F", "size": 512}}],
    }
    sink = io.BytesIO()
    fastavro.writer(sink, schema, [{"v": vector.tobytes()} for vector in VECTORS])
    with pytest.raises(RemovalError):
        EraseRecords().remove(sink.getvalue(), [found("/*/v")], LIMITS)


@pytest.mark.parametrize("data", [avro("deflate"), dump()], ids=["Avro", "BSON"])
def test_hostile_bytes_raise_the_known_error_only(data: bytes) -> None:
    """Whatever stands in a file, nothing but a RemovalError comes out, and it holds no content."""
    dice = random.Random(6)
    for _ in range(150):
        bad = bytearray(data[: dice.randrange(len(data) // 2, len(data) + 1)])
        for _ in range(3):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        told = ""
        try:
            EraseRecords().remove(bytes(bad), [found(place) for place in PLACES], LIMITS)
        except RemovalError as error:
            told = str(error)
        assert "person" not in told
