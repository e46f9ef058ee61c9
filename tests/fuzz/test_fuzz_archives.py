"""Whatever bytes come, an archive is read, rewritten, refused or over its limits, and nothing else."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.engines.archive_reading import members
from efface.engines.archive_writing import rewrite_bytes
from efface.errors import FormatError, RemovalError
from efface.model import Limits

LIMITS = Limits(artefact_bytes=1 << 16, unpacked_bytes=1 << 18, entries=50)
SETTINGS = settings(max_examples=150, derandomize=True, deadline=None)
EDITS = st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 255)), max_size=6)


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b.txt", b"text" * 50)
        archive.writestr("人脸.bin", bytes(200))
        archive.writestr("c", b"")
    return out.getvalue()


def tarred(mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
        for name, data in (("a/b.txt", b"text" * 50), ("人脸" * 40, bytes(700))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


VALID = {
    "zip": (zipped(), False),
    "tar": (tarred(), False),
    "tar.gz": (tarred("w:gz"), True),
    "gz": (gzip.compress(b"content" * 90, mtime=0), True),
    "bz2": (bz2.compress(b"content" * 90), True),
    "xz": (lzma.compress(b"content" * 90), True),
}


def attempt(data: bytes, *, single: bool) -> None:
    """Read and rewrite; only errors of these families may escape, and what comes out is bounded."""
    total = 0
    try:
        for member in members(io.BytesIO(data), len(data), LIMITS, single=single):
            total += len(member.data) if isinstance(member.data, bytes) else 0
    except FormatError:
        pass
    assert total <= LIMITS.unpacked_bytes
    for replacement in (b"new", None):
        try:
            rewrite_bytes(data, {0: replacement}, LIMITS)
        except (FormatError, RemovalError):
            continue


@pytest.mark.parametrize("kind", VALID)
@SETTINGS
@given(edits=EDITS, cut=st.integers(0, 4_000))
def test_mutated_archives(kind: str, edits: list[tuple[int, int]], cut: int) -> None:
    """A valid archive with changed bytes, and cut, is read as far as it goes, or refused."""
    seed, single = VALID[kind]
    data = bytearray(seed)
    for place, byte in edits:
        data[place % len(data)] = byte
    attempt(bytes(data[: cut % (len(data) + 1)] if cut else data), single=single)


@SETTINGS
@given(
    st.sampled_from(
        [b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b""]
    ),
    st.binary(),
)
def test_random_bytes_behind_a_magic(magic: bytes, data: bytes) -> None:
    """Bytes that only begin like an archive are refused."""
    attempt(magic + data, single=magic == b"\x1f\x8b\x08")
