"""Archives of pg_dump: rows of every table, without a server."""

from __future__ import annotations

import pytest

from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.formats import sniff
from efface.model import Column, Limits, Locator, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.sources.pg_archive import PgArchive
from efface.testing import stores
from efface.testing.dumps import pg_archive

FACES = "COPY public.faces (id, name, face_embedding, photo) FROM stdin;\n"
NOTES = "COPY public.notes (note) FROM stdin;\n"
ROWS = "".join(
    f"{number}\tsomeone's name\t{{{','.join(map(str, vector.tolist()))}}}\t\\\\x{'ab' * 40}\n"
    for number, vector in enumerate(stores.face_vectors(30, 128))
)
TABLES = {FACES: ROWS, NOTES: "a note of some length\n\\N\n"}


def cells(data: bytes, limits: Limits | None = None) -> dict[str | None, list[bytes | str]]:
    part = Part(Locator.of_file("/t/crm.dump"), BytesPayload(data), Surroundings(("crm.dump",)))
    assert PgArchive().accepts(sniff.media_type(data[:4096]))
    found = PgArchive().parts(part, "application/x-pgdump", limits or Limits())
    return {each.locator.fragment: list(each.cells()) for each in found if isinstance(each, Column)}


@pytest.mark.parametrize("version", [12, 13, 14, 15, 16])
@pytest.mark.parametrize("is_packed", [True, False])
def test_tables_are_columns(version: int, *, is_packed: bool) -> None:
    """Every version gives the fields of every table under its names, packed or not."""
    found = cells(pg_archive(TABLES, version=version, is_packed=is_packed))
    assert list(found) == ["/faces/id", "/faces/name", "/faces/face_embedding", "/faces/photo", "/notes/note"]
    assert found["/faces/photo"] == [b"\xab" * 40] * 30
    assert found["/faces/name"] == ["someone's name"] * 30
    assert len(found["/faces/face_embedding"]) == 30
    assert found["/notes/note"] == ["a note of some length"]


def test_large_objects_are_one_column() -> None:
    """Large objects have no names; each is a value of its own."""
    photo = b"\xff\xd8\xff" + bytes(9_000)
    assert cells(pg_archive({}, (photo, b"second")))["/pg_largeobject/data"] == [photo, b"second"]


def test_an_archive_cut_off_gives_what_it_has_and_says_so() -> None:
    """Half an archive is an error; the rows before the cut are given."""
    data = pg_archive(TABLES, is_packed=False)
    part = Part(
        Locator.of_file("/t/crm.dump"), BytesPayload(data[: len(data) // 2]), Surroundings(("crm.dump",))
    )
    seen: list[object] = []
    with pytest.raises(FormatError, match="cut off"):
        seen.extend(PgArchive().parts(part, "application/x-pgdump", Limits()))
    assert any(isinstance(each, Column) and each.locator.fragment == "/faces/photo" for each in seen)


@pytest.mark.parametrize(("at", "value"), [(6, 99), (10, 3)])
def test_unknown_versions_and_formats_are_unsupported(at: int, value: int) -> None:
    """An archive of another version or of the tar format is not guessed at."""
    data = bytearray(pg_archive(TABLES))
    data[at] = value
    with pytest.raises(UnsupportedError):
        cells(bytes(data))


@pytest.mark.parametrize("coding", [2, 3])
def test_other_compressions_are_told(coding: int) -> None:
    """LZ4 and Zstandard are named, and not taken for damage."""
    data = bytearray(pg_archive(TABLES, version=16))
    data[11] = coding
    with pytest.raises(UnsupportedError, match=r"lz4|zstd"):
        cells(bytes(data))


def test_what_unpacks_beyond_the_limit_is_refused() -> None:
    """A small archive of equal rows is stopped at the limit of the run."""
    with pytest.raises(LimitExceededError, match="unpacked_bytes"):
        cells(pg_archive({NOTES: "a note of some length\n" * 200_000}), Limits(unpacked_bytes=1 << 20))
