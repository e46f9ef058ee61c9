"""Rewriting archives: the member goes, everything else is as it was."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
import zlib

import pytest

from efface.engines.archive_reading import members
from efface.engines.archive_writing import rewrite_bytes
from efface.engines.libarchive_runtime import load
from efface.errors import LimitExceededError, RemovalError
from efface.model import Limits

LIMITS = Limits()
RNG = random.Random(5)
EVIL = RNG.randbytes(3000)
OTHER = b"plain text that compresses well " * 50


def read(data: bytes) -> list[tuple[int, str, bytes]]:
    return [(found.index, found.name, found.data) for found in members(io.BytesIO(data), len(data), LIMITS)]


def zipped(method=zipfile.ZIP_DEFLATED, *, stream=False) -> bytes:
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    target = Pipe() if stream else io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.comment = b"a comment of the archive"
        for name, content in (("a.txt", OTHER), ("脸/face.jpg", EVIL), ("b/", b""), ("b/c.txt", OTHER[::-1])):
            info = zipfile.ZipInfo(name, (2021, 3, 4, 5, 6, 8))
            info.compress_type = zipfile.ZIP_STORED if name.endswith("/") else method
            info.external_attr = 0o100640 << 16
            info.comment = b"a comment of " + name.encode()
            info.extra = struct.pack("<HHI", 0x7777, 4, 99)
            archive.writestr(info, content)
    return target.getvalue()


def tarred(kind=tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=kind) as archive:
        for name, content in (("a.txt", OTHER), ("照片/" + "x" * 120 + ".jpg", EVIL), ("c.txt", OTHER[::-1])):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime, info.uid, info.gid = (
                len(content),
                0o640,
                1614834368.5,
                1001,
                1002,
            )
            info.uname, info.gname = "owner", "group"
            archive.addfile(info, io.BytesIO(content))
        for name, of_kind, target_name in (
            ("d", tarfile.DIRTYPE, ""),
            ("s", tarfile.SYMTYPE, "a.txt"),
            ("h", tarfile.LNKTYPE, "a.txt"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mtime = of_kind, target_name, 1614834368
            archive.addfile(info)
    return target.getvalue() + EVIL  # and a trailer


def with_libarchive(form: str, *, password: str | None = None) -> bytes:
    library = load()
    pieces: list[bytes] = []

    def write(block):
        pieces.append(bytes(block))
        return len(pieces[-1])

    options = {"passphrase": password, "options": "encryption=zipcrypt"} if password else {}
    with library.custom_writer(write, form, **options) as archive:
        for name, content in (("a.txt", OTHER), ("f/face.jpg", EVIL), ("c.txt", OTHER[::-1])):
            archive.add_file_from_memory(name, len(content), content, permission=0o640, mtime=1614834368)
    return b"".join(pieces)


ARCHIVES = {
    "zip, deflated": zipped(),
    "zip, stored": zipped(zipfile.ZIP_STORED),
    "zip, lzma": zipped(zipfile.ZIP_LZMA),
    "zip, written as a stream": zipped(stream=True),
    "tar, pax": tarred(),
    "tar, gnu": tarred(tarfile.GNU_FORMAT),
    "7z": with_libarchive("7zip"),
    "cpio": with_libarchive("cpio_newc"),
    "cpio of old": with_libarchive("cpio"),
}


@pytest.mark.parametrize("case", ARCHIVES)
@pytest.mark.parametrize("new", [b"covered", b"", None])
def test_one_member_changes_and_the_others_stay(case, new):
    """A member is replaced or left out; order, names and bytes of all others are as before."""
    data = ARCHIVES[case]
    before = read(data)
    index = next(index for index, _, content in before if content == EVIL)
    after = read(rewrite_bytes(data, {index: new}, LIMITS))
    expected = [(name, new if content == EVIL else content) for _, name, content in before]
    expected = [pair for pair in expected if pair[1] is not None]
    if case == "7z":  # which lists empty files last
        expected.sort(key=lambda pair: pair[1] == b"")
    assert [(name, content) for _, name, content in after] == expected
    assert EVIL[:64] not in rewrite_bytes(data, {index: new}, LIMITS)


ZIPS = {case: data for case, data in ARCHIVES.items() if case.startswith("zip")}
ZIPS["zip, bzip2"] = zipped(zipfile.ZIP_BZIP2)


@pytest.mark.parametrize("case", ZIPS)
def test_zip_members_keep_their_attributes(case):
    """Names, times, comments, attributes, extra fields and the archive's comment stay."""
    data = ZIPS[case]
    new = zipfile.ZipFile(io.BytesIO(rewrite_bytes(data, {1: b"covered"}, LIMITS)))
    old = zipfile.ZipFile(io.BytesIO(data))
    assert new.testzip() is None
    assert new.comment == old.comment
    kept = ("filename", "date_time", "comment", "external_attr", "extra", "create_system", "flag_bits")
    for before, after in zip(old.infolist(), new.infolist(), strict=True):
        replaced = before.filename == "脸/face.jpg"
        for field in kept:
            if not (replaced and field == "flag_bits"):
                assert getattr(after, field) == getattr(before, field)
        if not replaced:
            assert (after.compress_type, after.compress_size) == (before.compress_type, before.compress_size)


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_tar_members_keep_their_attributes(kind):
    """Modes, times, owners, long names and links stay; nothing stands behind the end."""
    data = tarred(kind)
    result = rewrite_bytes(data, {1: b"covered"}, LIMITS)
    assert len(result) % 10240 == 0
    with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=io.BytesIO(result)) as new:
        for before, after in zip(old.getmembers(), new.getmembers(), strict=True):
            for field in ("name", "mode", "mtime", "uid", "gid", "uname", "gname", "type", "linkname"):
                assert getattr(after, field) == getattr(before, field)
        assert new.extractfile(new.getmembers()[1]).read() == b"covered"


def test_zip_slack_is_not_copied():
    """What no directory entry names is gone: slack between members, and members deleted from the directory."""
    data = zipped(zipfile.ZIP_STORED)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        offset = archive.infolist()[1].header_offset
    target = io.BytesIO(data)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("late.txt", b"late")
        archive.filelist.pop(1)
        archive._didModify = True
    data = target.getvalue()
    assert EVIL in data
    assert offset
    result = rewrite_bytes(data, {0: b"x"}, LIMITS)
    assert EVIL not in result
    assert [name for _, name, _ in read(result)] == ["a.txt", "b/c.txt", "late.txt"]


def test_an_encrypted_member_stays_byte_by_byte():
    """Where one member is encrypted, others can be replaced, and it stays as it is; itself it cannot be."""
    data = with_libarchive("zip", password="secret")
    with zipfile.ZipFile(io.BytesIO(data), "r") as archive:
        assert archive.infolist()[0].flag_bits & 1
    target = io.BytesIO(data)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("open.jpg", EVIL)
    data = target.getvalue()
    result = rewrite_bytes(data, {3: b"covered"}, LIMITS)
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert archive.read("open.jpg") == b"covered"
        assert archive.read("a.txt", b"secret") == OTHER
    with pytest.raises(RemovalError, match="encrypted"):
        rewrite_bytes(data, {0: b"x"}, LIMITS)


def zip64() -> bytes:
    """A small archive whose sizes and offsets stand in Zip64 fields."""
    name, crc = b"a", zlib.crc32(EVIL)
    wide = struct.pack("<HHQQ", 1, 16, len(EVIL), len(EVIL))
    local = b"PK\x03\x04" + struct.pack(
        "<HHHHHIIIHH", 45, 0, 0, 0, 0, crc, 2**32 - 1, 2**32 - 1, 1, len(wide)
    )
    member = local + name + wide + EVIL
    wide = struct.pack("<HHQQQ", 1, 24, len(EVIL), len(EVIL), 0)
    central = b"PK\x01\x02" + struct.pack(
        "<HHHHHHIIIHHHHHII",
        45,
        45,
        0,
        0,
        0,
        0,
        crc,
        2**32 - 1,
        2**32 - 1,
        1,
        len(wide),
        0,
        0,
        0,
        0,
        2**32 - 1,
    )
    central += name + wide
    second = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0, zlib.crc32(b"b"), 1, 1, 1, 0) + b"bb"
    central += (
        b"PK\x01\x02"
        + struct.pack(
            "<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, 0, zlib.crc32(b"b"), 1, 1, 1, 0, 0, 0, 0, 0, len(member)
        )
        + b"b"
    )
    start = len(member) + len(second)
    end64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2, 2, len(central), start)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, start + len(central), 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    return member + second + central + end64 + locator + end


def test_zip64_fields_are_understood():
    """Sizes and offsets in Zip64 fields are read, and written where they are needed."""
    data = zip64()
    assert read(data)[0][2] == EVIL
    assert read(rewrite_bytes(data, {1: b"new"}, LIMITS)) == [(0, "a", EVIL), (1, "b", b"new")]
    assert read(rewrite_bytes(data, {0: b"new"}, LIMITS)) == [(0, "a", b"new"), (1, "b", b"b")]


def unpacked(data: bytes) -> bytes:
    (found,) = members(io.BytesIO(data), len(data), LIMITS, single=True)
    return found.data


def packed(kind: str) -> bytes:
    pieces = []
    with load().custom_writer(
        lambda block: pieces.append(bytes(block)) or len(pieces[-1]), "raw", kind
    ) as archive:
        archive.add_file_from_memory("data", len(EVIL), EVIL)
    return b"".join(pieces)


STREAMS = {
    "gzip": gzip.compress(EVIL, mtime=1614834368),
    "bzip2": bz2.compress(EVIL),
    "xz": lzma.compress(EVIL),
    "lzma": lzma.compress(EVIL, lzma.FORMAT_ALONE),
    "zstd": packed("zstd"),
    "lz4": packed("lz4"),
    "lzip": packed("lzip"),
}


@pytest.mark.parametrize("kind", STREAMS)
def test_a_compressed_stream_is_packed_in_its_own_kind(kind):
    """The one content of a compressed file is replaced, in the same kind of compression, always the same."""
    result = rewrite_bytes(STREAMS[kind], {0: OTHER}, LIMITS)
    assert result[:3] == STREAMS[kind][:3]
    assert unpacked(result) == OTHER
    assert rewrite_bytes(STREAMS[kind], {0: OTHER}, LIMITS) == result


def test_gzip_keeps_its_time_and_name():
    """The header of a gzip file goes on saying when it was packed and from which file."""
    target = io.BytesIO()
    with gzip.GzipFile("photo.jpg", "wb", fileobj=target, mtime=1614834368) as writer:
        writer.write(EVIL)
    result = rewrite_bytes(target.getvalue(), {0: OTHER}, LIMITS)
    assert result[4:8] == target.getvalue()[4:8]
    assert result[10:20] == b"photo.jpg\0"


def test_without_a_replacement_nothing_changes():
    """No replacement gives the same bytes, whatever the archive is."""
    for data in (*ARCHIVES.values(), *STREAMS.values(), b"Rar!\x1a\x07\x01\0"):
        assert rewrite_bytes(data, {}, LIMITS) == data


REFUSALS = {
    "rar": (b"Rar!\x1a\x07\x01\0" + bytes(600), {0: b""}),
    "no archive": (b"hello", {0: b""}),
    "nothing": (b"", {0: b""}),
    "a zip that is cut off": (zipped()[:2000], {0: b""}),
    "a zip whose directory is cut": (zipped()[:-60], {0: b""}),
    "a zip behind a program": (b"#!/bin/sh\nexit 0\n" + zipped(), {0: b""}),
    "a zip behind another": (zipped() + zipped(), {0: b""}),
    "a tar that is cut off": (tarred()[:2000], {0: b""}),
    "a 7z that is cut off": (ARCHIVES["7z"][:200], {0: b""}),
    "a member that a zip has not": (zipped(), {9: b""}),
    "a member that a tar has not": (tarred(), {9: b""}),
    "a member that a cpio has not": (ARCHIVES["cpio"], {9: b""}),
    "a link in a tar": (tarred(), {4: b"x"}),
    "a folder in a tar": (tarred(), {3: b"x"}),
    "a second member of a gzip file": (STREAMS["gzip"], {1: b""}),
    "the only member of a gzip file, left out": (STREAMS["gzip"], {0: None}),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_written_back_is_refused(case):
    """What cannot be written back is an error of this project, with no content in its words."""
    data, replace = REFUSALS[case]
    with pytest.raises(RemovalError) as caught:
        rewrite_bytes(data, replace, LIMITS)
    assert "face" not in str(caught.value)


@pytest.mark.parametrize("case", ["zip, deflated", "tar, pax", "cpio"])
def test_too_many_members_are_refused(case):
    """An archive of more members than the limit is refused with the name of the limit."""
    with pytest.raises(LimitExceededError, match="entries"):
        rewrite_bytes(ARCHIVES[case], {0: b""}, Limits(entries=2))


def test_mutated_archives_do_not_crash():
    """Bytes changed at random give an archive or an error of this project."""
    for case in ("zip, deflated", "zip, written as a stream", "tar, pax", "tar, gnu", "cpio"):
        for _ in range(150):
            data = bytearray(ARCHIVES[case])
            for _ in range(RNG.randint(1, 5)):
                data[RNG.randrange(len(data))] = RNG.randrange(256)
            try:
                rewrite_bytes(
                    bytes(data[: RNG.choice((len(data), RNG.randrange(len(data))))]), {1: b"x"}, LIMITS
                )
            except (RemovalError, LimitExceededError):
                continue
