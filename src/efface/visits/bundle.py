"""One ZIP of stored files, spelled in exactly one way: sorted names, one time, nothing packed, nothing else.

    manifest.json                 a statement about all other files in a DSSE envelope
    log.jsonl                     the log
    record.html, record.pdf       the record of the inspection
    extraction.html, .pdf         the record of the data that was taken, where a run was added
    02-photo.jpg, 05-run.json     what was added

Because nothing is packed there is no bomb in it, and because it is written anew and compared, there is no second
file under one name, no path, no comment and no byte between the files that a reader could miss.

Source: PKWARE APPNOTE 6.3.10, 4.3 (structure), 4.4.5 (method 0, stored).
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from typing import TYPE_CHECKING, Final

from efface.errors import EvidenceError
from efface.visits.entries import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MANIFEST", "MAX_BYTES", "MAX_FILES", "NAME", "read", "write"]

MANIFEST: Final = "manifest.json"
MAX_BYTES: Final = 512 * 1024 * 1024
"""Largest bundle that is written or read; it is held in memory."""
MAX_FILES: Final = 20_000
NAME: Final = rf"(?:manifest\.json|log\.jsonl|(?:record|extraction)\.(?:html|pdf)|{FILE_NAME})"
_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can hold
_MODE: Final = 0o100600 << 16
_END: Final = struct.Struct("<4s4H2IH")  # APPNOTE 4.3.16
_DIRECTORY_ENTRY_BYTES: Final = 128
_AROUND_BYTES: Final = 256  # at most, of both headers of a file


def write(files: Mapping[str, bytes]) -> bytes:
    """Return the bundle of some files.

    Raises:
        EvidenceError: There are too many, they are too large, or one has a name that no file of a bundle has.
    """
    if len(files) > MAX_FILES or sum(len(data) + _AROUND_BYTES for data in files.values()) > MAX_BYTES:
        raise EvidenceError(f"a bundle holds at most {MAX_FILES} files and {MAX_BYTES} bytes")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            if not re.fullmatch(NAME, name):
                raise EvidenceError("a file has a name that no file of a bundle has")
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system, info.external_attr = 3, _MODE
            archive.writestr(info, files[name])
    return out.getvalue()


def read(data: bytes) -> dict[str, bytes]:
    """Return the files of a bundle, believing none of them.

    Raises:
        EvidenceError: It is not spelled as `write` spells it, or larger than is read.
    """
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"the bundle is not read: more than {MAX_BYTES} bytes")
    _require_small_directory(data)
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if (
                    info.compress_type != zipfile.ZIP_STORED
                    or info.file_size > len(data)
                    or info.filename in files
                ):
                    raise EvidenceError("the bundle holds a packed file, or one name twice")
                if not re.fullmatch(NAME, info.filename):
                    raise EvidenceError("the bundle holds a file under a name that none of its files has")
                files[info.filename] = archive.read(info)
    except (
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
        ValueError,
        OSError,
        EOFError,
        struct.error,
    ):
        raise EvidenceError("the bundle is no ZIP, or a damaged one") from None
    if write(files) != data:
        raise EvidenceError("the bundle is not spelled as a bundle is")
    return files


def _require_small_directory(data: bytes) -> None:
    """Refuse a directory of millions of entries before it is read."""
    if len(data) < _END.size:
        raise EvidenceError("the bundle is no ZIP, or a damaged one")
    mark, _, _, _, entries, directory_bytes, _, comment = _END.unpack(data[-_END.size :])
    if (
        mark != b"PK\5\6"
        or comment
        or entries > MAX_FILES
        or directory_bytes > entries * _DIRECTORY_ENTRY_BYTES
    ):
        raise EvidenceError("the bundle is no ZIP, or a damaged one")
