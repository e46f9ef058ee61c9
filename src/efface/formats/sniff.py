"""Tell the media type of bytes by their content; names only break ties that content leaves open.

Sources: IANA media type registry (names); the magic numbers of each format's own specification, such as
ISO/IEC 10918-1 B.1 (JPEG), PNG 5.2, TIFF 6.0 section 2, ISO/IEC 14496-12 4.3 (brands), PKWARE APPNOTE 4.3,
POSIX.1-1988 (tar), RFC 1952 (gzip), ISO/IEC 19794 (records of biometric data).
"""

from __future__ import annotations

import re
from posixpath import splitext
from typing import TYPE_CHECKING

from efface.formats.closed_head import closed_type
from efface.formats.dicom_head import is_dicom
from efface.formats.mail_type import mail_type
from efface.formats.pickle_ops import looks_like_pickle
from efface.formats.pkcs7 import is_pkcs7
from efface.formats.raw_head import tiff_type
from efface.formats.store_head import named_type, store_type
from efface.formats.text_types import text_type

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BIOMETRIC_RECORD", "HEAD_BYTES", "OCTETS", "OPENCV_FACES", "PROGRAMS", "media_type"]

HEAD_BYTES = 4096
"""How much of a file's start is looked at."""

OCTETS = "application/octet-stream"
PROGRAMS = frozenset(
    {"application/x-elf", "application/vnd.microsoft.portable-executable", "application/x-mach-binary"}
)
"""Programs and shared libraries of the usual systems."""
BIOMETRIC_RECORD = "application/vnd.efface.biometric-record"
OPENCV_FACES = (
    rb"(?:%YAML[^\n]{0,16}\r?\n(?:---\r?\n)?|<\?xml[^>]{0,80}>\s{0,9}<opencv_storage>\s{0,9}<|\{\s{0,9}\")"
    rb"(?:opencv_(?:lbph|eigen|fisher)faces\b|threshold\W[^\n]{1,80}\n\W{0,9}radius\W)"
)
"""How a trained face recogniser of OpenCV begins, as a pattern."""

_MAGICS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"II+\0\x08\0\0\0", "image/tiff"),
    (0, b"MM\0+\0\x08\0\0", "image/tiff"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"\xff\x4f\xff\x51", "image/jp2"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (0, b"\xff\x0a", "image/jxl"),
    (0, b"8BPS\0", "image/vnd.adobe.photoshop"),
    (0, b"FUJIFILMCCD-RAW", "image/x-fuji-raf"),
    (0, b"IIRO", "image/x-olympus-orf"),
    (0, b"IIRS", "image/x-olympus-orf"),
    (0, b"MMOR", "image/x-olympus-orf"),
    (0, b"IIU\0", "image/x-panasonic-rw2"),
    (0, b"II\x1a\0\0\0HEAPCCDR", "image/x-canon-crw"),
    (0, b"\0MRM", "image/x-minolta-mrw"),
    (0, b"FOVb", "image/x-sigma-x3f"),
    (0, b"\xd7\xcd\xc6\x9a", "image/wmf"),
    (0, b"\1\0\x09\0\0\3", "image/wmf"),
    (40, b" EMF\0\0\1\0", "image/emf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"PK\x07\x08PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    (0, b"!<arch>\ndebian-binary", "application/vnd.debian.binary-package"),
    (0, b"!<arch>\n", "application/x-archive"),
    (0, b"\xed\xab\xee\xdb", "application/x-rpm"),
    (0, b"xar!\0\x1c", "application/x-xar"),
    (0, b"\x1f\x9d", "application/x-compress"),
    (0, b"\x5d\0\0\x80\0", "application/x-lzma"),
    (0, b"\x5d\0\0\0\x04", "application/x-lzma"),
    (0, b"070701", "application/x-cpio"),
    (0, b"070702", "application/x-cpio"),
    (0, b"070707", "application/x-cpio"),
    (0, b"\xc7\x71", "application/x-cpio"),
    (0, b"\x04\x22\x4d\x18", "application/x-lz4"),
    (0, b"LZIP\x01", "application/x-lzip"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"\x93NUMPY", "application/x-npy"),
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"PARE", "application/vnd.apache.parquet"),
    (0, b"ARROW1\0\0", "application/vnd.apache.arrow.file"),
    (0, b"FEA1", "application/x-feather1"),
    (0, b"!BDN", "application/vnd.ms-outlook-pst"),
    (0, b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (0, b"ITSF\3\0\0\0", "application/vnd.ms-htmlhelp"),
    (0, b"CMMM", "application/vnd.microsoft.thumbcache"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (0, b"\0\0\x01\xba", "video/mpeg"),
    (0, b"\0\0\x01\xb3", "video/mpeg"),
    (0, b"DHAV", "video/x-dahua"),
    (0, b"IMKH", "video/x-hikvision"),
    (0, b"DKIF\0\0", "video/x-ivf"),
    (0, b"\0\0\0\1\x67", "video/h264"),
    (0, b"\0\0\0\1\x27", "video/h264"),
    (0, b"\0\0\0\1\x40\1", "video/h265"),
    (0, b"OggS\0", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\0asm\x01\0\0\0", "application/wasm"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO\0", "font/otf"),
    (0, b"\0\x01\0\0\0", "font/ttf"),
)
_BY_FIRST = tuple(tuple(each for each in _MAGICS if each[0] or each[1][0] == first) for first in range(256))
"""The same in the same order, without those that a first byte rules out: most files are text and match none."""

_RIFF = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/vnd.wave"}
_STILLS = {
    b"heic": "image/heic", b"heix": "image/heic", b"heim": "image/heic", b"heis": "image/heic",
    b"hevc": "image/heic", b"hevx": "image/heic", b"hevm": "image/heic", b"hevs": "image/heic",
    b"avif": "image/avif", b"avis": "image/avif", b"M4A ": "audio/mp4", b"jp2 ": "image/jp2",
    b"crx ": "image/x-canon-cr3",
}  # fmt: skip
_ANY_STILL = frozenset(b"mif1 mif2 mif3 msf1 miaf avci avcs vvic vvis j2ki j2is jpeg jpgs".split())
"""Brands of HEIF files that do not say how their pictures are coded, or say it of a rare coding."""

_RECORD = re.compile(rb"(FMR|FSP|FIR|FAC|IIR|SDI|FSK|VIR|HND|SPD|VDI|DNA)\0[ 0-9]\d\d\0")
_FAISS = re.compile(rb"I[xHwNSB][A-Za-z0-9]{2}")
_PDF_LATER = re.compile(rb"[\r\n\0]%PDF-[12]\.\d\s*[\r\n]")  # readers look for it in the first 1,024 bytes
_PNM = re.compile(rb"P[1-7][ \t\r\n](?:\s*#[^\n]*\n)*\s*(?:\d+\s+\d+\s|WIDTH )")
_CHECKSUM = re.compile(rb"[0-7]{1,7}")
_MIME = b"MIME-Version:"
_SUFFIXES = {
    ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".sql": "application/sql",
    ".json": "application/json", ".jsonl": "application/x-ndjson", ".ndjson": "application/x-ndjson",
}  # fmt: skip


def media_type(head: bytes, name: str = "", size: int | None = None) -> str:
    """Return the media type of content.

    Args:
        head: The first bytes; HEAD_BYTES of them are looked at.
        name: File name, used only to tell one kind of plain text from another.
        size: Size of the whole in bytes, when known; a start that fills it is not cut off.

    Not promised: a format inside another (a picture in a PDF, a document in a ZIP archive) is not told here.
    """
    head = head[:HEAD_BYTES]
    if not head:
        return "application/x-empty"
    found = (
        # A message that begins by saying so is one, whatever files stand in it unpacked.
        (mail_type(head) if head.startswith(_MIME) else None)
        or _binary(head)
        or closed_type(head)
        or mail_type(head)
        or text_type(head, cut=size is None or size > len(head))
    )
    if found is None:
        return named_type(name) or OCTETS
    if found == "text/plain":
        return _SUFFIXES.get(splitext(name.lower())[1], found)
    return found


def _binary(head: bytes) -> str | None:
    for offset, magic, kind in _BY_FIRST[head[0]]:
        if head.startswith(magic, offset) and len(head) > offset + len(magic):
            return tiff_type(head) if kind == "image/tiff" else kind
    for test in (_by_structure, _container, _older):
        if answer := test(head):
            return answer
    return None


def _by_structure(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _brand(head)
    return next((kind for test, kind in _TESTS_BY_FIRST[head[0]] if test(head)), None)


def _brand(head: bytes) -> str:
    """Tell a still picture from a film by the brands of the file type box (ISO/IEC 14496-12, 4.3)."""
    end = min(int.from_bytes(head[:4], "big"), 256)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    other = "image/heif" if _ANY_STILL.intersection(brands) else "video/mp4"
    return next((_STILLS[brand] for brand in brands if brand in _STILLS), other)


def _is_bitmap(head: bytes) -> bool:
    if len(head) < 26 or head[:2] != b"BM":
        return False
    pixels, info = int.from_bytes(head[10:14], "little"), int.from_bytes(head[14:18], "little")
    return head[6:10] == b"\0\0\0\0" and info in {12, 16, 40, 52, 56, 64, 108, 124} and 14 + info <= pixels


def _is_icon(head: bytes) -> bool:
    count = int.from_bytes(head[4:6], "little")
    if len(head) < 22 or head[:4] not in {b"\0\0\1\0", b"\0\0\2\0"}:
        return False
    return 0 < count <= 256 and head[9] == 0 and head[18:22] >= b"\x16\0\0\0"


_TESTS: tuple[tuple[bytes, Callable[[bytes], object], str], ...] = (
    (b"FIHSVD", _RECORD.match, BIOMETRIC_RECORD),
    (b"%<{", re.compile(OPENCV_FACES).match, BIOMETRIC_RECORD),
    (bytes(range(256)), is_dicom, "application/dicom"),
    (b"\x30", is_pkcs7, "application/pkcs7-mime"),
    (b"B", _is_bitmap, "image/bmp"),
    (b"\0", _is_icon, "image/vnd.microsoft.icon"),
    (b"B", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)").match, "application/x-bzip2"),
    (b"\xff", re.compile(rb"\xff\xa0\xff[\xa2-\xa8]").match, "image/x-wsq"),
)
_TESTS_BY_FIRST = tuple(
    tuple((test, kind) for firsts, test, kind in _TESTS if first in firsts) for first in range(256)
)


def _container(head: bytes) -> str | None:
    if _is_tar(head):
        return "application/x-tar"
    if head[:2] == b"MZ" and len(head) > 64 and 64 <= int.from_bytes(head[60:64], "little") < 1 << 16:
        return "application/vnd.microsoft.portable-executable"
    if looks_like_pickle(head):
        return "application/x-pickle"
    if head[:4] == b"CD00" or head[1:6] == b"CD001":
        return "application/x-iso9660-image"
    if _FAISS.match(head) and _is_faiss(head):
        return "application/vnd.faiss"
    return store_type(head)


def _is_tar(head: bytes) -> bool:
    """Check the header's own sum, of signed or unsigned bytes, as old tars differ (POSIX.1-1988, 10.1.1)."""
    field = head[148:156].strip(b" \0")
    if len(head) < 512 or not _CHECKSUM.fullmatch(field):
        return False
    block = head[:148] + b" " * 8 + head[156:512]
    wanted = int(field, 8)
    return wanted in {sum(block), sum(byte - 256 if byte > 127 else byte for byte in block)}


def _is_faiss(head: bytes) -> bool:
    dimension, count = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:16], "little")
    if head[:2] == b"IB":  # an index of binary codes: their size in bytes stands before the count
        return dimension == 8 * int.from_bytes(head[8:12], "little") > 0
    return len(head) >= 32 and 0 < dimension <= 65_536 and count < 1 << 40


def _older(head: bytes) -> str | None:
    if head.find(b"%PDF-", 0, 1032) >= 0 and _PDF_LATER.search(head[:1032]):
        return "application/pdf"
    if _PNM.match(head):
        return "image/x-portable-anymap"
    if head[: 188 * 4 : 188] == b"\x47" * 4 and not head.isascii():
        return "video/mp2t"
    if head[:1] == b"x" and head[1:2] in b"\x01\x5e\x9c\xda" and int.from_bytes(head[:2], "big") % 31 == 0:
        return "application/zlib" if not head.isascii() else None
    return None
