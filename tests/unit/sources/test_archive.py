"""Archives: members with their own gaps, within budgets."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile

import pytest

from efface.engines.libarchive_runtime import load
from efface.errors import FormatError, LimitExceededError
from efface.examine import Examiner
from efface.model import Finding, Gap, GapReason, Limits, Locator, Mode, Part, Surroundings
from efface.sources.archive import Archive
from efface.sources.payloads import BytesPayload
from efface.testing.records import finger_minutiae_record

PLACE = Locator("file", ("/x.zip",))


def parts(data: bytes, media_type: str = "application/zip", limits: Limits | None = None) -> list[Part | Gap]:
    part = Part(PLACE, BytesPayload(data), Surroundings(("x.zip",)))
    return list(Archive().parts(part, media_type, limits or Limits()))  # type: ignore[arg-type]


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def test_members_come_in_order_with_their_places() -> None:
    """A member's place is the archive's place and its own name."""
    found = parts(zipped(("a/b.txt", b"1"), ("c.txt", b"2")))
    assert [part.locator.path for part in found] == [("/x.zip", "a/b.txt"), ("/x.zip", "c.txt")]
    assert [part.payload.read() for part in found if isinstance(part, Part)] == [b"1", b"2"]


def test_a_tar_is_read_as_well() -> None:
    """Every kind of archive gives its members in the same way."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        info = tarfile.TarInfo("a")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    (outer,) = parts(buffer.getvalue(), "application/x-xz")
    assert isinstance(outer, Part)
    (found,) = parts(outer.payload.read(), "application/x-tar")
    assert isinstance(found, Part)
    assert found.payload.read() == b"abc"


def test_one_compressed_stream_gives_its_content() -> None:
    """A `.gz` of anything is opened into one part."""
    (found,) = parts(gzip.compress(b"hello"), "application/gzip")
    assert isinstance(found, Part)
    assert found.payload.read() == b"hello"


def test_gbk_names_are_read_as_text() -> None:
    """Names that Chinese Windows programs write are readable."""
    data = zipped(("AAAA.jpg", b"1")).replace(b"AAAA", "人脸".encode("gbk"))
    assert parts(data)[0].locator.path[1] == "人脸.jpg"


def test_a_repeated_name_has_its_own_place() -> None:
    """Two members of one name are two places."""
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped(("a", b"1"), ("a", b"2"))
    assert [part.locator.path[1] for part in parts(data)] == ["a", "a;2"]


def test_an_encrypted_member_is_a_gap_of_its_own(tmp_path: object) -> None:
    """What needs a password is a gap that says so."""
    path = os.path.join(str(tmp_path), "p.zip")
    with load().file_writer(path, "zip", options="zip:encryption=traditional", passphrase="x") as writer:
        writer.add_file_from_memory("secret.jpg", 5, b"12345")
    with open(path, "rb") as file:
        (gap,) = parts(file.read())
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.ENCRYPTED


def test_a_damaged_member_does_not_hide_the_others() -> None:
    """The members before and behind a damaged one are read."""
    data = bytearray(zipped(("a", b"1" * 500), ("b", os.urandom(400)), ("c", b"3")))
    at = data.index(b"PK\x03\x04", 10) + 40
    data[at : at + 30] = bytes(30)
    found = parts(bytes(data))
    assert found[0].locator.path[1] == "a"
    assert any(isinstance(each, Gap) and each.locator.path[1] == "b" for each in found)
    assert found[-1].locator.path[1] == "c"


def test_bytes_that_are_no_archive_are_refused() -> None:
    """Something that only claims to be an archive is a format error, which becomes a gap."""
    with pytest.raises(FormatError):
        parts(b"PK\x03\x04" + b"\0" * 100)


BUDGETS = {
    "too many members": (Limits(entries=2), "entries"),
    "too many bytes": (Limits(unpacked_bytes=100), "unpacked_bytes"),
}


@pytest.mark.parametrize(("limits", "word"), BUDGETS.values(), ids=BUDGETS.keys())
def test_a_spent_budget_is_named(limits: Limits, word: str) -> None:
    """What exceeds a budget stops with the budget's name."""
    data = zipped(*((f"{n}", b"x" * 60) for n in range(5)))
    with pytest.raises(LimitExceededError, match=word):
        parts(data, limits=limits)


def test_a_bomb_stops_at_the_ratio() -> None:
    """A small archive that unpacks to very much more is stopped."""
    bomb = zipped(("zeros", b"\0" * 80_000_000))
    with pytest.raises(LimitExceededError, match="unpacked_ratio"):
        parts(bomb, limits=Limits(unpacked_ratio=10))


def test_a_member_over_the_limit_is_a_gap_of_its_own() -> None:
    """One member that is too large does not keep the next from being read."""
    found = parts(zipped(("big", b"x" * 2_000), ("small", b"y")), limits=Limits(artefact_bytes=1_000))
    assert isinstance(found[0], Gap)
    assert found[0].reason is GapReason.OVER_LIMIT
    assert isinstance(found[1], Part)


def tarred(**contents: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def test_a_container_image_is_opened_layer_by_layer() -> None:
    """What a later layer hides (a whiteout) lies in the earlier one all the same, and is found there."""
    lower = gzip.compress(tarred(**{"app/people/1.fmr": finger_minutiae_record()}))
    upper = tarred(**{"app/people/.wh.1.fmr": b"", "app/note.txt": b"cleaned"})
    blobs = {f"blobs/sha256/{number}{'0' * 63}": data for number, data in enumerate((lower, upper))}
    index = json.dumps([{"Config": "c.json", "RepoTags": ["a:1"], "Layers": list(blobs)}]).encode()
    part = Part(Locator.of_file("/image.tar"), BytesPayload(tarred(**{**blobs, "manifest.json": index})),
                Surroundings(("image.tar",)))  # fmt: skip
    results = list(Examiner(Mode.FAST, Limits()).examine(part))
    assert not [each for each in results if isinstance(each, Gap)]
    (found,) = [each for each in results if isinstance(each, Finding)]
    assert found.locator.path[0] == "/image.tar"
    assert found.locator.path[1] == f"blobs/sha256/0{'0' * 63}"
    assert found.locator.path[-1] == "app/people/1.fmr"


def test_gbk_names_in_a_tar_are_read_as_text() -> None:
    """A tar says nothing of the encoding of its names."""
    data = tarred(AAAA=b"1")
    name = "人脸".encode("gbk")
    header = bytearray(data[:512].replace(b"AAAA", name))
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (found,) = parts(bytes(header) + data[512:], "application/x-tar")
    assert found.locator.path[1] == "人脸"
