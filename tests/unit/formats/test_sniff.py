from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import tarfile
import zipfile

import pytest

from efface.formats import sniff


def _tar(*, signed: bool = False) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo("人.txt" if signed else "a.txt")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
    data = bytearray(stream.getvalue())
    if signed:
        block = bytes(data[:148]) + b" " * 8 + bytes(data[156:512])
        total = sum(byte - 256 if byte > 127 else byte for byte in block)
        data[148:156] = f"{total:06o}\0 ".encode()
    return bytes(data)


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "abc")
    return stream.getvalue()


def _sqlite() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a)")
    return connection.serialize()


def _pickle0() -> bytes:
    return pickle.dumps({"encodings": [1.0, 2.0]}, protocol=0)


BINARY = {
    "a JPEG picture": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
    "a PNG picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
    "a GIF picture": (b"GIF89a\1\0\1\0", "image/gif"),
    "a WebP picture": (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
    "a little-endian TIFF picture": (b"II*\0\x08\0\0\0", "image/tiff"),
    "a big-endian TIFF picture": (b"MM\0*\0\0\0\x08", "image/tiff"),
    "a BMP picture": (
        b"BM"
        + (100).to_bytes(4, "little")
        + b"\0" * 4
        + (54).to_bytes(4, "little")
        + (40).to_bytes(4, "little")
        + b"\0" * 40,
        "image/bmp",
    ),
    "an icon": (b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0", "image/vnd.microsoft.icon"),
    "a JPEG 2000 file": (b"\0\0\0\x0cjP  \r\n\x87\n\0\0", "image/jp2"),
    "a JPEG 2000 codestream": (b"\xff\x4f\xff\x51\0\x2f", "image/jp2"),
    "a HEIC picture by its major brand": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
    "a HEIC picture by a compatible brand": (b"\0\0\0\x18ftypXXXX\0\0\0\0mif1heic", "image/heic"),
    "a HEIF picture of an unsaid coding": (b"\0\0\0\x14ftypmif1\0\0\0\0miaf", "image/heif"),
    "an AVIF picture by a compatible brand": (b"\0\0\0\x18ftypmif1\0\0\0\0avifmiaf", "image/avif"),
    "a raw file of Canon in boxes": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "image/x-canon-cr3"),
    "a raw file of Canon as a TIFF": (b"II*\0\x10\0\0\0CR\2\0" + bytes(50), "image/x-canon-cr2"),
    "a digital negative": (
        b"II*\0\x08\0\0\0\1\0\x12\xc6\1\0\4\0\0\0\1\4\0\0" + bytes(50),
        "image/x-adobe-dng",
    ),
    "a raw file by the coding of its first directory": (
        b"MM\0*\0\0\0\x08\0\1\1\6\0\3\0\0\0\1\x80\x23\0\0" + bytes(50),
        "image/x-raw",
    ),
    "a TIFF": (b"MM\0*\0\0\0\x08\0\1\1\6\0\3\0\0\0\1\0\2\0\0" + bytes(50), "image/tiff"),
    "a raw file of Fujifilm": (b"FUJIFILMCCD-RAW 0201" + bytes(50), "image/x-fuji-raf"),
    "a DICOM file": (bytes(128) + b"DICM\2\0\0\0UL\4\0", "application/dicom"),
    "a DICOM file without preamble, explicit": (b"\x08\0\5\0CS\x0a\0ISO_IR 192", "application/dicom"),
    "a DICOM file without preamble, implicit": (b"\x08\0\5\0\x0a\0\0\0ISO_IR 100", "application/dicom"),
    "bytes that only begin like DICOM": (b"\x08\0\5\0" + bytes(60), "application/octet-stream"),
    "a metafile without its placeable header": (b"\1\0\x09\0\0\3" + bytes(40), "image/wmf"),
    "an AVIF picture": (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", "image/avif"),
    "an MP4 film": (b"\0\0\0\x18ftypisom\0\0\0\0isommp41", "video/mp4"),
    "a Matroska film": (b"\x1aE\xdf\xa3\x93B\x82", "video/x-matroska"),
    "an AVI film": (b"RIFF\x10\0\0\0AVI LIST", "video/x-msvideo"),
    "a ZIP archive": (_zip(), "application/zip"),
    "a tar archive": (_tar(), "application/x-tar"),
    "a tar archive whose sum takes bytes as signed": (_tar(signed=True), "application/x-tar"),
    "a gzip file": (gzip.compress(b"abc"), "application/gzip"),
    "a bzip2 file": (bz2.compress(b"abc"), "application/x-bzip2"),
    "an xz file": (lzma.compress(b"abc"), "application/x-xz"),
    "a zstd file": (b"\x28\xb5\x2f\xfd\x20\3", "application/zstd"),
    "a 7z archive": (b"7z\xbc\xaf\x27\x1c\0\4", "application/x-7z-compressed"),
    "a RAR archive": (b"Rar!\x1a\x07\1\0", "application/vnd.rar"),
    "a cabinet": (b"MSCF\0\0\0\0\x10", "application/vnd.ms-cab-compressed"),
    "a cpio archive": (b"070701000000", "application/x-cpio"),
    "an ar archive": (b"!<arch>\na.o/", "application/x-archive"),
    "a database file": (_sqlite(), "application/vnd.sqlite3"),
    "a NumPy file": (b"\x93NUMPY\1\0v\0{'descr", "application/x-npy"),
    "a pickle of protocol 4": (pickle.dumps({"a": [1.0]}, protocol=4), "application/x-pickle"),
    "a pickle of protocol 2": (pickle.dumps({"a": [1.0]}, protocol=2), "application/x-pickle"),
    "a pickle of protocol 0": (_pickle0(), "application/x-pickle"),
    "a pickle longer than the head": (pickle.dumps({"a": b"x" * 9000}, protocol=4), "application/x-pickle"),
    "a PDF document": (b"%PDF-1.7\n", "application/pdf"),
    "an ELF program": (b"\x7fELF\2\1\1\0", "application/x-elf"),
    "an OLE file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "application/x-ole-storage"),
    "a minutiae record": (b"FMR\0 20\0\0\0\0\x20", "application/vnd.efface.biometric-record"),
    "a WSQ fingerprint": (b"\xff\xa0\xff\xa4\0\x3a", "image/x-wsq"),
    "a FAISS index": (b"IxF2\x80\0\0\0\x0a" + b"\0" * 30, "application/vnd.faiss"),
}
TEXT = {
    "a JSON object": ('{"name": "x"}', "application/json"),
    "a JSON array of numbers": ("[1.5, 2]", "application/json"),
    "JSON Lines": ('{"a": 1}\n{"a": 2}\n', "application/x-ndjson"),
    "an XML document": ('<?xml version="1.0"?><a/>', "application/xml"),
    "an XML document without a declaration": ("<records><r a='1'/></records>", "application/xml"),
    "an HTML page": ("<!DOCTYPE html><html></html>", "text/html"),
    "an SVG picture": ('<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
    "an SQL dump": ("-- dump\nINSERT INTO t (a) VALUES ('x');\n", "application/sql"),
    "an SQL dump behind other lines": ("SET x = 1;\n\n \t create\ntable t (a int);\n", "application/sql"),
    "a table with a long first line": (
        "a,b,c" + "d" * 600 + "\n1,2,3\n4,5,6\n",
        "text/csv",
    ),
    "a table with quoted separators": ('a,b,c\n"1,5",2,3\n', "text/csv"),
    "comma-separated values": ("a,b,c\n1,2,3\n4,5,6\n", "text/csv"),
    "tab-separated values": ("a\tb\tc\n1\t2\t3\n4\t5\t6\n", "text/tab-separated-values"),
    "a sentence": ("Nothing here.", "text/plain"),
    "a sentence of SQL in the middle of a line": (
        "We insert into t, then\nwe create table u.\n",
        "text/plain",
    ),
    "lines that only begin like a table": ("a,b,c\n1,2\n3,4,5\n", "text/plain"),
    "a settings file with sections": ("[section]\nkey = value\n", "text/plain"),
    "a PostgreSQL array": ("{-0.03,0.5}", "text/plain"),
}


@pytest.mark.parametrize("case", BINARY)
def test_binary_formats(case: str) -> None:
    """A binary format is told by its content alone."""
    data, wanted = BINARY[case]
    assert sniff.media_type(data) == wanted


@pytest.mark.parametrize("name", ["a.txt", "a.jpg", "a.sql", "x"])
def test_name_never_overrules_content(name: str) -> None:
    """A name never overrules what the content says."""
    assert sniff.media_type(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", name) == "image/png"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("case", TEXT)
def test_text_formats(case: str, encoding: str) -> None:
    """A kind of text is told in UTF-8 and UTF-16, with and without a byte order mark."""
    text, wanted = TEXT[case]
    assert sniff.media_type(text.encode(encoding)) == wanted


def test_chinese_text_in_gb18030() -> None:
    """Chinese text in GB 18030 is text."""
    assert sniff.media_type("姓名,身份证号,人脸照片\n张伟,1,2\n李强,3,4\n".encode("gb18030")) == "text/csv"


def test_utf8_cut_inside_a_character() -> None:
    """Text whose head ends inside a character is still text."""
    data = "人".encode() * 2000
    assert sniff.media_type(data[: sniff.HEAD_BYTES]) == "text/plain"


def test_name_breaks_a_tie() -> None:
    """A name tells one kind of plain text from another where the content leaves it open."""
    assert sniff.media_type(b"a,b\n", "list.csv") == "text/csv"


REFUSED = {
    "no bytes at all": (b"", "application/x-empty"),
    "random bytes": (bytes((i * 7919 + 13) % 256 for i in range(4096)), sniff.OCTETS),
    "zeros": (b"\0" * 4096, sniff.OCTETS),
    "a lone BM": (b"BMW is a car maker", "text/plain"),
    "an icon header that is none": (b"\0\0\1\0" + b"\xff" * 60, sniff.OCTETS),
    "a pickle header before noise": (b"\x80\x04" + b"\xff" * 60, sniff.OCTETS),
    "a record's magic without a version": (b"FMR\0abcd" + b"\0" * 50, sniff.OCTETS),
    "a RIFF file of unknown form": (b"RIFF\x10\0\0\0????" + b"\0" * 50, sniff.OCTETS),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_recognised(case: str) -> None:
    """What only begins like a format is not taken for it."""
    data, wanted = REFUSED[case]
    assert sniff.media_type(data) == wanted
