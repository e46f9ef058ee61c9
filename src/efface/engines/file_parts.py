"""Split a picture file into its metadata blocks, second images and trailer, by its structure alone.

Source: PNG third edition, 5.3 and 11.3 (Raw profiles are ImageMagick's); WebP container; GIF89a and XMP part
3; TIFF 6.0; BMP as in Windows' BITMAPFILEHEADER; netpbm's formats; ISO/IEC 15444-1, annex I (JP2); the
modules named here for the other kinds.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from efface.engines import heif_items, jpeg2000, metafile, psd, raw_previews
from efface.engines.carving import gif_end, without
from efface.engines.file_parts_jpeg import split_jpeg
from efface.engines.isobmff import boxes
from efface.engines.picture_blocks import PNM_HEADER, Parts, unpacked
from efface.engines.tiff_directory import is_tiff, tree
from efface.engines.tiff_extract import has_picture, spans

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Parts", "split"]

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_PICTURE = frozenset(
    b"IHDR PLTE IDAT fdAT fcTL acTL tRNS gAMA cHRM sRGB sBIT pHYs tIME bKGD hIST cICP mDCV cLLI".split()
)
_WEBP_PICTURE = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH"))
_TIFF_XMP, _TIFF_PHOTOSHOP, _TIFF_LAYERS = 700, 34377, 37724
_HEX = re.compile(rb"\s+")
_BITMAP_BARE, _BITMAP_FILES = (0, 3, 6), (4, 5)  # bare pixels; a JPEG or PNG in the clothes of a bitmap
_MAX_CHUNKS = 1_000_000


def split(data: bytes) -> Parts:
    """Return the parts of a picture file; empty parts for anything that is none."""
    for starts, reader in _READERS:
        if data.startswith(starts) and (reader is not _webp or data[8:12] == b"WEBP"):
            return reader(data)
    if raw_previews.is_raw_file(data):
        return raw_previews.split_raw(data)
    return _tiff(data) if is_tiff(data) else _of_other_kinds(data)


def _of_other_kinds(data: bytes) -> Parts:
    if data[4:8] == b"ftyp":
        return _heif(data)
    if metafile.is_metafile(data):
        return Parts(pictures=metafile.bitmaps(data), blocks=[("metafile-picture", data)])
    if data.startswith((b"\0\0\1\0", b"\0\0\2\0")):
        return Parts(trailer=data[_icon_end(data) :])
    header = PNM_HEADER.match(data[:4096])
    return Parts(trailer=data[_pnm_end(header) :]) if header else Parts()


def _png(data: bytes) -> Parts:
    parts = Parts()
    at = 8
    for _ in range(_MAX_CHUNKS):
        if at + 12 > len(data):
            break
        start, kind = at + 8, data[at + 4 : at + 8]
        at = start + int.from_bytes(data[at : at + 4], "big") + 4
        if kind == b"IEND":
            parts.trailer = data[at:]
            break
        if kind not in _PNG_PICTURE:
            _png_chunk(parts, kind, data[start : at - 4])
    return parts


def _png_chunk(parts: Parts, kind: bytes, body: bytes) -> None:
    if kind == b"eXIf":
        parts.exif.append(body.removeprefix(_EXIF))
        return
    keyword, _, rest = body.partition(b"\0")
    if kind == b"iCCP":
        parts.blocks.append(("profile-picture", unpacked(rest[1:])))
        return
    if kind == b"iTXt":
        text = rest[2:].split(b"\0", 2)[-1]  # behind language and translated keyword
        text = unpacked(text) if rest[:1] == b"\1" else text
    elif kind in (b"tEXt", b"zTXt"):
        text = unpacked(rest[1:]) if kind == b"zTXt" else rest
    else:
        parts.blocks.append(("chunk-picture", body))
        return
    if keyword.startswith(b"Raw profile type"):
        _raw_profile(parts, keyword.split()[-1], text)
    elif keyword == b"XML:com.adobe.xmp":
        parts.xmp.append(text)
    else:
        parts.texts.append(text)


def _raw_profile(parts: Parts, name: bytes, text: bytes) -> None:
    """Take a profile written in hexadecimal behind a line with its name and one with its length."""
    lines = text.strip().split(b"\n", 2)
    digits = _HEX.sub(b"", lines[-1])
    try:
        body = bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))
    except ValueError:
        return
    if name.lower() in (b"exif", b"app1") and body.startswith(_XMP):
        parts.xmp.append(body.removeprefix(_XMP))
    elif name.lower() in (b"exif", b"app1"):
        parts.exif.append(body.removeprefix(_EXIF))
    elif name.lower() == b"xmp":
        parts.xmp.append(body)
    elif name.lower() in (b"8bim", b"iptc"):
        parts.photoshop.append(body)
    elif name.lower() not in (b"icc", b"icm"):
        parts.blocks.append(("chunk-picture", body))


def _webp(data: bytes) -> Parts:
    end = 8 + int.from_bytes(data[4:8], "little")
    parts = Parts(trailer=data[end + end % 2 :])
    at = 12
    for _ in range(_MAX_CHUNKS):
        if at + 8 > min(end, len(data)):
            break
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        kind, start = data[at : at + 4], at + 8
        at += 8 + size + size % 2
        if kind == b"EXIF":
            parts.exif.append(data[start : start + size].removeprefix(_EXIF))
        elif kind == b"XMP ":
            parts.xmp.append(data[start : start + size])
        elif kind not in _WEBP_PICTURE:
            parts.blocks.append(("chunk-picture", data[start : start + size]))
    return parts


def _gif(data: bytes) -> Parts:
    """Take XMP, comments and extensions of applications, which lie between the frames."""
    parts = Parts(trailer=data[gif_end(data) :])
    body = data[: len(data) - len(parts.trailer)]
    at = 0
    while (at := body.find(b"\x21\xff\x0b", at)) >= 0:
        end = body.find(b"\0", at + 14)
        if body.startswith(b"XMP DataXMP", at + 3):
            end = body.find(b"\x01\xff\xfe\xfd", at)  # where the magic trailer behind the packet starts
            parts.xmp.append(body[at + 14 : end if end >= 0 else None])
        else:
            blocks = _sub_blocks(body, at + 14)
            parts.blocks.append(("extension-picture", blocks))
        at = max(end, at + 14)
    at = 0
    while (at := body.find(b"\x21\xfe", at)) >= 0:
        text = _sub_blocks(body, at + 2)
        parts.texts.append(text)
        at += 2 + len(text)
    return parts


def _sub_blocks(data: bytes, at: int) -> bytes:
    pieces = []
    while at < len(data) and data[at]:
        pieces.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return b"".join(pieces)


def _tiff(data: bytes) -> Parts:
    parts = Parts(tiff=data)
    main, below = tree(data)
    for directory in main:
        if _TIFF_XMP in directory.entries:
            parts.xmp.append(directory.value(_TIFF_XMP))
        if _TIFF_PHOTOSHOP in directory.entries:
            parts.photoshop.append(directory.value(_TIFF_PHOTOSHOP))
        if _TIFF_LAYERS in directory.entries:
            parts.pictures += psd.tiff_layers(directory.value(_TIFF_LAYERS))
    taken = [span for directory in (*main, *below) if has_picture(directory) for span in spans(directory)]
    parts.blocks.append(("tiff-preview", without(data, _merged(taken))))
    return parts


def _merged(taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans without those that lie inside others, in order."""
    kept: list[tuple[int, int]] = []
    for start, stop in sorted(taken):
        if not kept or stop > kept[-1][1]:
            kept.append((start, stop))
    return kept


def _bitmap(data: bytes) -> Parts:
    """Take what lies between the header and the pixels, and behind the pixels and the size that is claimed."""
    size, pixels, info = (int.from_bytes(data[at : at + 4], "little") for at in (2, 10, 14))
    core = info == 12  # the oldest header, with short numbers
    wide, bits_at = (2, 24) if core else (4, 28)
    width, height = (
        int.from_bytes(data[at : at + wide], "little", signed=not core) for at in (18, 18 + wide)
    )
    bits = int.from_bytes(data[bits_at : bits_at + 2], "little")
    compression = 0 if core else int.from_bytes(data[30:34], "little")
    parts = Parts(blocks=[("bitmap-picture", data[14 + info : pixels])])
    if compression in _BITMAP_FILES:
        parts.blocks.append(("bitmap-picture", data[pixels:]))
    elif compression in _BITMAP_BARE and width > 0:
        parts.trailer = data[pixels + (width * bits + 31) // 32 * 4 * abs(height) :]
    elif size:
        parts.trailer = data[size:]
    return parts


def _jpeg2000(data: bytes) -> Parts:
    parts = Parts()
    if not data.startswith(b"\0\0\0\x0cjP  "):
        parts.trailer = data[jpeg2000.end(data, 0, len(data)) :]
        parts.texts += jpeg2000.comments(data)
        return parts
    end = 0
    streams = []
    for box in boxes(data):
        body = slice(box.start, box.stop)
        end = box.stop
        if box.kind == b"jp2c":
            streams.append((box.start, box.stop))
            end = jpeg2000.end(data, *streams[-1]) if box.stop == len(data) else box.stop
        elif box.kind == b"uuid" and data[body].startswith(jpeg2000.XMP):
            parts.xmp.append(data[box.start + 16 : box.stop])
        elif box.kind == b"uuid" and data[body].startswith(jpeg2000.EXIF):
            parts.exif.append(data[box.start + 16 : box.stop])
        elif box.kind == b"xml ":
            parts.texts.append(data[body])
        elif box.kind not in (b"jP  ", b"ftyp"):
            parts.blocks.append(("box-picture", data[body]))
    for stream in streams[:1]:
        parts.texts += jpeg2000.comments(data[slice(*stream)])
    parts.pictures += [("codestream", data[slice(*stream)]) for stream in streams[1:]]
    parts.trailer = data[end:]
    return parts


def _heif(data: bytes) -> Parts:
    parts = Parts(exif=list(heif_items.exif_blocks(data)), xmp=list(heif_items.xmp_packets(data)))
    parts.pictures = [*heif_items.other_items(data), *heif_items.sequences(data)]
    parts.blocks.append(("box-picture", heif_items.rest(data)))
    parts.blocks.append(("profile-picture", b"".join(heif_items.profiles(data))))
    return parts


def _icon_end(data: bytes) -> int:
    """Return where the last entry of an icon or cursor ends."""
    count = int.from_bytes(data[4:6], "little")
    table = data[6 : 6 + 16 * count]
    ends = [
        sum(int.from_bytes(table[at + n : at + n + 4], "little") for n in (8, 12))
        for at, _ in pairwise(range(0, len(table) + 16, 16))
    ]
    return max(ends, default=len(data))


def _pnm_end(header: re.Match[bytes]) -> int:
    """Return where the first picture of a portable bitmap, graymap or pixmap ends."""
    if header[3] is None:
        return header.end() + (_short(header[1]) + 7) // 8 * _short(header[2])
    samples = _short(header[4]) * _short(header[5]) * (3 if header[3] == b"6" else 1)
    return header.end() + samples * (2 if _short(header[6]) > 0xFF else 1)


def _short(digits: bytes) -> int:
    return int(digits[:9])


_READERS: tuple[tuple[bytes | tuple[bytes, ...], Callable[[bytes], Parts]], ...] = (
    (b"\xff\xd8", split_jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"RIFF", _webp),
    ((b"GIF87a", b"GIF89a"), _gif),
    (b"BM", _bitmap),
    ((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), _jpeg2000),
    (b"8BPS", psd.split_psd),
)
