"""A bundle has one spelling; everything else is refused unread."""

from __future__ import annotations

import io
import stat
import struct
import zipfile

import pytest

from efface.errors import EvidenceError
from efface.visits.bundle import MAX_FILES, read, write

FILES = {"log.jsonl": b"{}\n", "02-photo.jpg": b"\xff\xd8\xff", "manifest.json": b"{}\n"}


def test_what_is_written_is_read() -> None:
    """The same files give the same bytes, whatever their order."""
    data = write(FILES)
    assert read(data) == FILES
    assert write(dict(reversed(FILES.items()))) == data


def other(
    *members: tuple[str, bytes], method: int = zipfile.ZIP_STORED, mode: int = 0o100600, comment: bytes = b""
) -> bytes:
    """Return a ZIP with members that a bundle may not have."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.comment = comment
        for name, data in members:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system, info.external_attr = method, 3, mode << 16
            archive.writestr(info, data)
    return out.getvalue()


PLAIN = ("log.jsonl", b"{}\n")
GOOD = write(dict([PLAIN]))
HOSTILE = {
    "a name that leads out": other(("../log.jsonl", b"x")),
    "an absolute name": other(("/etc/cron.d/log.jsonl", b"x")),
    "a drive": other(("C:\\log.jsonl", b"x")),
    "a folder": other(("files/02-photo.jpg", b"x")),
    "a name of the user's": other(("Zhang San.jpg", b"x")),
    "a packed file": other(PLAIN, method=zipfile.ZIP_DEFLATED),
    "a bomb": other(("log.jsonl", bytes(1 << 20)), method=zipfile.ZIP_DEFLATED),
    "a link": other(PLAIN, mode=stat.S_IFLNK | 0o777),
    "a comment": other(PLAIN, comment=b"hello"),
    "bytes before": b"MZ" + GOOD,
    "bytes after": GOOD + b"\0",
    "another order": other(("manifest.json", b"x"), PLAIN),
    "no ZIP": b"PK" * 40,
    "nothing": b"",
    "a cut ZIP": GOOD[:-1],
    "a directory of more entries than are read": b"\0" * 100
    + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, MAX_FILES + 1, MAX_FILES + 1, 0, 0, 0),
    "a directory larger than its entries": b"\0" * 100
    + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, 1 << 20, 0, 0),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_another_spelling_is_refused(data: bytes) -> None:
    """No path, no bomb, no second file, no byte that a reader could miss."""
    with pytest.raises(EvidenceError):
        read(data)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_is_refused() -> None:
    """Two readers would read two files."""
    with pytest.raises(EvidenceError):
        read(other(PLAIN, ("log.jsonl", b"other")))


@pytest.mark.parametrize("position", range(len(GOOD)))
def test_every_flipped_byte_is_refused_or_is_content(position: int) -> None:
    """What is around the files has no freedom; what is in them is the manifest's matter."""
    flipped = bytearray(GOOD)
    flipped[position] ^= 1
    with pytest.raises(EvidenceError):  # the checksum of the ZIP sees content, too
        read(bytes(flipped))


def test_a_name_that_no_bundle_has_is_not_written() -> None:
    """The writer is held to the reader's law."""
    with pytest.raises(EvidenceError):
        write({"../x": b""})
