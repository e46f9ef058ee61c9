"""Blocks of metadata in which files hide copies of a picture, and small files for what hides behind one.

Source: TIFF 6.0; Exif 3.0, 4.6; XMP part 1; ICC.1:2022, 7.3; ISO/IEC 14496-12 and iTunes' item list (covers).
"""

from __future__ import annotations

import base64
import io
import struct
import zipfile
from typing import TYPE_CHECKING

from PIL import ImageCms

from efface.testing.pictures_heif import box

if TYPE_CHECKING:
    from efface.testing.leaks import Face

__all__ = ["exif", "film", "note", "packed", "preview", "profile", "xmp"]

_LONG, _SHORT, _OPAQUE = 4, 3, 7
_OFFSETS, _EXIF_IFD, _NOTE = (273, 513), 34665, 37500
_MODEL = (272, 2, b"Camera 1\0")

Entry = tuple[int, int, bytes]


def _tiff(*directories: list[Entry]) -> bytes:
    """Return a little-endian block of directories that follow one another; each entry is tag, type and value.

    The value of an offset is the bytes that it leads to; that of an Exif directory is one maker's note.
    """
    out = bytearray(b"II*\0\x08\0\0\0")
    for number, directory in enumerate(directories, start=1):
        end = len(out) + 2 + 12 * len(directory) + 4
        rows, values = b"", b""
        for tag, kind, value in sorted(directory):
            at = end + len(values)
            if tag == _EXIF_IFD:
                values += struct.pack("<HHHIII", 1, _NOTE, _OPAQUE, len(value), at + 18, 0) + value
            elif tag in _OFFSETS or len(value) > 4:
                values += value
            count = 1 if tag in (*_OFFSETS, _EXIF_IFD) else len(value) // {_LONG: 4, _SHORT: 2}.get(kind, 1)
            short = tag not in (*_OFFSETS, _EXIF_IFD) and len(value) <= 4
            rows += struct.pack("<HHI", tag, kind, count) + (
                value.ljust(4, b"\0") if short else struct.pack("<I", at)
            )
        following = end + len(values) if number < len(directories) else 0
        out += struct.pack("<H", len(directory)) + rows + struct.pack("<I", following) + values
    return bytes(out)


def _thumbnail(face: Face) -> list[Entry]:
    copy = face.copy()
    return [(259, _SHORT, b"\6\0"), (513, _LONG, copy), (514, _LONG, struct.pack("<I", len(copy)))]


def exif(face: Face) -> bytes:
    """Return an Exif block with a thumbnail in its second directory."""
    return _tiff([_MODEL], _thumbnail(face))


def preview(face: Face) -> bytes:
    """Return an Exif block with a preview in its first directory."""
    return _tiff([_MODEL, *_thumbnail(face)])


def note(face: Face) -> bytes:
    """Return an Exif block with a preview in the maker's note."""
    return _tiff([_MODEL, (_EXIF_IFD, _LONG, b"Maker\0" + face.copy())])


def xmp(face: Face) -> bytes:
    """Return an XMP packet with a thumbnail."""
    picture = base64.b64encode(face.copy())
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"><xmpGImg:image>' + picture
        + b"</xmpGImg:image></rdf:Description></rdf:RDF></x:xmpmeta>"
    )  # fmt: skip


def profile(face: Face) -> bytes:
    """Return a colour profile with a private tag that holds a JPEG."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    copy = face.copy()
    count = int.from_bytes(plain[128:132], "big")
    moved = bytearray(plain[:128] + struct.pack(">I", count + 1))
    for n in range(count):
        tag, at, size = struct.unpack_from(">4sII", plain, 132 + 12 * n)
        moved += struct.pack(">4sII", tag, at + 12, size)
    moved += struct.pack(">4sII", b"face", len(plain) + 12, len(copy)) + plain[132 + 12 * count :] + copy
    moved[:4] = struct.pack(">I", len(moved))
    return bytes(moved)


def film(face: Face) -> bytes:
    """Return an MP4 without streams whose cover shows the face."""
    data = box(b"data", struct.pack(">II", 13, 0) + face.copy())
    tags = box(b"ilst", box(b"covr", data))
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    user = box(b"udta", box(b"meta", bytes(4) + handler + tags))
    head = struct.pack(">I4s4sI4s", 20, b"ftyp", b"mp42", 0, b"isom")
    return head + box(b"moov", box(b"mvhd", bytes(100)) + user) + box(b"mdat", bytes(64))


def packed(*members: tuple[str, bytes]) -> bytes:
    """Return a ZIP archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2020, 10, 5, 10, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return target.getvalue()
