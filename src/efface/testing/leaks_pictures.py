"""Hiding places inside picture files, each with a picture that shows the face and one more copy.

Source: TIFF 6.0 and its SubIFDs; JFIF 1.02; CIPA DC-007; XMP part 3; Adobe Photoshop file formats
(1033, 1036); IIM 4.2 (2:202); ISO/IEC 19566-5; PNG third edition; GIF89a; WebP container; ISO/IEC 23008-12; ISO/IEC
15444-1, annex I; ICC.1 (tags); Android motion photo 1.0.
"""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, TiffImagePlugin

from efface.engines.isobmff import items
from efface.testing.leaks import Face, Kind, saved
from efface.testing.leaks_metadata import exif, film, note, packed, preview, profile, xmp
from efface.testing.pictures import resource
from efface.testing.pictures_heif import HeifItem, box, heif

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PICTURES"]

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_LONG, _SHORT, _OPAQUE = 4, 3, 7

# -- JPEG ------------------------------------------------------------------------------------------------------


def segment(marker: int, body: bytes) -> bytes:
    """Return a marker segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _jpeg(*segments: tuple[int, Callable[[Face], bytes]]) -> Callable[[Face], bytes]:
    def build(face: Face) -> bytes:
        plain = face.picture(quality=90)
        extra = b"".join(segment(marker, body(face)) for marker, body in segments)
        return plain[:20] + extra + plain[20:]

    return build


def _behind(tail: Callable[[Face], bytes], kind: str = "JPEG") -> Callable[[Face], bytes]:
    return lambda face: face.picture(kind) + tail(face)


def _rows(face: Face, side_px: int) -> bytes:
    return face.note(face.small(side_px).tobytes())


def _extended(face: Face) -> bytes:
    body = xmp(face)
    return _EXTENDED + b"0" * 32 + struct.pack(">II", len(body), 0) + body


def _depth(face: Face) -> bytes:
    picture = base64.b64encode(face.copy("PNG", 64))
    return (
        _XMP + b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description GDepth:Mime="image/png" GDepth:Data="' + picture
        + b'"/></x:xmpmeta>'
    )  # fmt: skip


def _several(face: Face, *, gain: bool = False) -> bytes:
    """Return a JPEG with a second image that an MPF index names."""
    first = face.picture(quality=90)
    second = face.copy(side_px=200)
    if gain:
        packet = (
            _XMP + b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description hdrgm:Version="1.0"/></x:xmpmeta>'
        )
        second = second[:2] + segment(0xE1, packet) + second[2:]
    table_at = 8 + 2 + 12 + 4
    index = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0xB002, _OPAQUE, 32, table_at) + bytes(4)
    place = 20 + 4 + 4  # of the index in the file
    offset = len(first) + 4 + 4 + table_at + 32 - place
    index += struct.pack("<IIIHH", 0x30000, len(first), 0, 0, 0) + struct.pack(
        "<IIIHH", 0, len(second), offset, 0, 0
    )
    return first[:20] + segment(0xE2, b"MPF\0" + index) + first[20:] + second


def _provenance(face: Face) -> bytes:
    return b"JP\0\1" + struct.pack(">I", 1) + box(b"jumb", box(b"bidb", face.copy()))


# -- PNG -------------------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(kind: bytes, body: Callable[[Face], bytes]) -> Callable[[Face], bytes]:
    def build(face: Face) -> bytes:
        plain = face.picture("PNG")
        return plain[:33] + chunk(kind, body(face)) + plain[33:]

    return build


def _behind_stream(face: Face) -> bytes:
    """Return a PNG whose data go on behind the end of their compressed stream."""
    data = b"IHDR" + struct.pack(">IIBBBBB", *face.portrait.size, 8, 2, 0, 0, 0)
    rows = np.asarray(face.portrait)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    body = zlib.compress(raw) + face.copy()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", data[4:]) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def _raw_profile(face: Face) -> bytes:
    block = b"Exif\0\0" + exif(face)
    digits = block.hex().encode()
    lines = b"\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n%8d\n" % len(block) + lines + b"\n")


def _under_opacity(kind: str, **settings: object) -> Callable[[Face], bytes]:
    def build(face: Face) -> bytes:
        picture = face.portrait.copy()
        picture.putalpha(Image.new("L", picture.size, 0))
        return saved(picture, kind, **settings)

    return build


def _frames(kind: str, *, first: bool = False, **settings: object) -> Callable[[Face], bytes]:
    def build(face: Face) -> bytes:
        plain = Image.linear_gradient("L").resize(face.portrait.size).convert("RGB")
        pictures = [face.portrait, plain] if first else [plain, face.portrait]
        if kind == "GIF":
            pictures = [each.quantize(128) for each in pictures]
        return saved(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=200, **settings)

    return build


# -- GIF, WebP, TIFF and others --------------------------------------------------------------------------------


def _blocks(data: bytes) -> bytes:
    return (
        b"".join(bytes((len(data[at : at + 255]),)) + data[at : at + 255] for at in range(0, len(data), 255))
        + b"\0"
    )


def _gif(head: bytes, body: Callable[[Face], bytes]) -> Callable[[Face], bytes]:
    def build(face: Face) -> bytes:
        plain = saved(face.portrait.quantize(128), "GIF")
        return plain[:-1] + head + _blocks(body(face)) + b"\x3b"

    return build


def _webp_chunk(face: Face) -> bytes:
    plain = saved(face.portrait, "WEBP", exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0")
    copy = face.copy()
    copy += b"\0" * (len(copy) % 2)
    body = plain[8:] + b"FACE" + struct.pack("<I", len(copy)) + copy
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _pages(face: Face) -> bytes:
    target = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(target, new=True) as writer:
        for page in (Image.linear_gradient("L"), face.portrait):
            page.save(writer, "TIFF", compression="tiff_lzw")
            writer.newFrame()
    return target.getvalue()


def _tiff_with(tag: int, kind: int, value: Callable[[Face], bytes]) -> Callable[[Face], bytes]:
    def build(face: Face) -> bytes:
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[tag], tags.tagtype[tag] = value(face), kind
        return saved(face.portrait, "TIFF", tiffinfo=tags)

    return build


def _sub_directory(face: Face) -> bytes:
    """Return a TIFF with a directory below the first that holds the face uncompressed."""
    small = face.small(96)
    plain = bytearray(saved(face.portrait, "TIFF"))
    rows = _rows(face, 96)
    at = len(plain)
    entries = [
        (254, _LONG, 1, 1), (256, _SHORT, 1, small.width), (257, _SHORT, 1, small.height), (258, _SHORT, 1, 8),
        (259, _SHORT, 1, 1), (262, _SHORT, 1, 2), (273, _LONG, 1, at), (277, _SHORT, 1, 3),
        (278, _SHORT, 1, small.height), (279, _LONG, 1, len(rows)),
    ]  # fmt: skip
    plain += rows
    below = len(plain)
    plain += (
        struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *each) for each in entries) + bytes(4)
    )
    first = int.from_bytes(plain[4:8], "little")
    count = int.from_bytes(plain[first : first + 2], "little")
    old = bytes(plain[first + 2 : first + 2 + 12 * count])
    entry = struct.pack("<HHII", 330, _LONG, 1, below)
    kept = sorted([old[n : n + 12] for n in range(0, len(old), 12)] + [entry], key=lambda row: row[:2][::-1])
    plain[4:8] = struct.pack("<I", len(plain))
    return bytes(plain) + struct.pack("<H", len(kept)) + b"".join(kept) + bytes(4)


def _gap(face: Face) -> bytes:
    """Return a bitmap with bytes between its header and its pixels."""
    plain = face.picture("BMP")
    copy = face.copy()
    start = int.from_bytes(plain[10:14], "little")
    size = struct.pack("<I", len(plain) + len(copy))
    return (
        plain[:2]
        + size
        + plain[6:10]
        + struct.pack("<I", start + len(copy))
        + plain[14:start]
        + copy
        + plain[start:]
    )


def _av01(picture: Image.Image) -> HeifItem:
    data = saved(picture, "AVIF")
    known = items(data)
    item = known.found[known.primary]
    uses = tuple(known.properties[index - 1][1] for index, _ in item.properties)
    return HeifItem(b"av01", b"".join(data[start:stop] for start, stop in item.extents), uses)


def _avif_items(face: Face) -> bytes:
    small = _av01(face.small())
    face.note(small.data)
    return heif({1: _av01(face.portrait), 2: small}, [(b"thmb", 2, (1,))], brand=b"avif")


def _second_stream(face: Face) -> bytes:
    plain = face.picture("JPEG2000")
    return plain[: plain.index(b"jp2c") - 4] + b"".join(
        box(b"jp2c", stream)
        for stream in (plain[plain.index(b"jp2c") + 4 :], face.copy("JPEG2000", no_jp2=True))
    )


def _jp2_box(face: Face) -> bytes:
    plain = face.picture("JPEG2000")
    at = plain.index(b"jp2c") - 4
    stream = plain[at + 8 :]
    return (
        plain[:at]
        + box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + xmp(face))
        + box(b"jp2c", stream)
    )


def _exif(block: Callable[[Face], bytes]) -> Callable[[Face], bytes]:
    return _jpeg((0xE1, lambda face: b"Exif\0\0" + block(face)))


def _resource(face: Face) -> bytes:
    return resource(1036, bytes(28) + face.copy())


def _photoshop(face: Face) -> bytes:
    return b"Photoshop 3.0\0" + _resource(face)


def _press(face: Face) -> bytes:
    return b"Photoshop 3.0\0" + resource(1028, b"\x1c\2\xca" + struct.pack(">H", 9) + face.copy())


def _colours(face: Face) -> bytes:
    return b"ICC_PROFILE\0\1\1" + profile(face)


def _packed_colours(face: Face) -> bytes:
    return b"p\0\0" + zlib.compress(profile(face))


def _packed_text(face: Face) -> bytes:
    return b"Thumb\0\0" + zlib.compress(base64.b64encode(face.copy()))


def _icon(face: Face) -> bytes:
    return saved(face.portrait, "ICO", sizes=[(256, 256), (64, 64), (48, 48)])


def _jfif(face: Face) -> bytes:
    plain = face.picture(quality=90)
    rows = _rows(face, 100)
    return plain[:2] + segment(0xE0, plain[6:18] + b"\x64\x64" + rows) + plain[20:]


PICTURES = (
    Kind("JPEG: Exif thumbnail", "jpg", _exif(exif)),
    Kind("JPEG: preview in the maker's note", "jpg", _exif(note)),
    Kind("JPEG: Exif preview in the first directory", "jpg", _exif(preview)),
    Kind("JPEG: XMP thumbnail", "jpg", _jpeg((0xE1, lambda face: _XMP + xmp(face)))),
    Kind("JPEG: extended XMP", "jpg", _jpeg((0xE1, _extended))),
    Kind("JPEG: depth picture in XMP", "jpg", _jpeg((0xE1, _depth))),
    Kind("JPEG: Photoshop thumbnail", "jpg", _jpeg((0xED, _photoshop))),
    Kind("JPEG: IPTC preview", "jpg", _jpeg((0xED, _press))),
    Kind("JPEG: JFIF thumbnail", "jpg", _jfif),
    Kind("JPEG: JFXX thumbnail", "jpg", _jpeg((0xE0, lambda face: b"JFXX\0\x10" + face.copy()))),
    Kind("JPEG: second picture (MPF)", "jpg", _several),
    Kind("JPEG: gain map (MPF)", "jpg", lambda face: _several(face, gain=True)),
    Kind("JPEG: provenance manifest (JUMBF)", "jpg", _jpeg((0xEB, _provenance))),
    Kind("JPEG: application segment of a maker", "jpg", _jpeg((0xE5, lambda face: b"Maker\0" + face.copy()))),
    Kind("JPEG: comment, binary", "jpg", _jpeg((0xFE, Face.copy))),
    Kind("JPEG: comment, base64", "jpg", _jpeg((0xFE, lambda face: base64.b64encode(face.copy())))),
    Kind("JPEG: private tag of the colour profile", "jpg", _jpeg((0xE2, _colours))),
    Kind("JPEG: picture behind the end", "jpg", _behind(Face.copy)),
    Kind("JPEG: archive behind the end", "jpg", _behind(lambda face: packed(("a.jpg", face.copy())))),
    Kind("JPEG: motion photo with a cover", "jpg", _behind(film)),
    Kind("PNG: eXIf", "png", _png(b"eXIf", exif)),
    Kind("PNG: XMP", "png", _png(b"iTXt", lambda face: b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(face))),
    Kind("PNG: text in base64", "png", _png(b"tEXt", lambda face: b"Thumb\0" + base64.b64encode(face.copy()))),
    Kind("PNG: packed text", "png", _png(b"zTXt", _packed_text)),
    Kind("PNG: raw profile", "png", _png(b"zTXt", _raw_profile)),
    Kind("PNG: private chunk", "png", _png(b"faCe", Face.copy)),
    Kind("PNG: private tag of the colour profile", "png", _png(b"iCCP", _packed_colours)),
    Kind("PNG: behind the end", "png", _behind(Face.copy, "PNG")),
    Kind("PNG: behind the compressed stream", "png", _behind_stream),
    Kind("PNG: under full transparency", "png", _under_opacity("PNG")),
    Kind("APNG: second frame", "png", _frames("PNG")),
    Kind("APNG: still that no viewer shows", "png", _frames("PNG", first=True, default_image=True)),
    Kind("GIF: second frame", "gif", _frames("GIF")),
    Kind("GIF: comment", "gif", _gif(b"\x21\xfe", lambda face: base64.b64encode(face.copy()))),
    Kind("GIF: application extension", "gif", _gif(b"\x21\xff\x0bFACEDATA1.0", Face.copy)),
    Kind("GIF: behind the end", "gif", _behind(Face.copy, "GIF")),
    Kind("WebP: Exif", "webp", lambda face: saved(face.portrait, "WEBP", exif=exif(face))),
    Kind("WebP: XMP", "webp", lambda face: saved(face.portrait, "WEBP", xmp=xmp(face))),
    Kind("WebP: unknown chunk", "webp", _webp_chunk),
    Kind("WebP: second frame", "webp", _frames("WEBP", lossless=True)),
    Kind("WebP: under full transparency", "webp", _under_opacity("WEBP", lossless=True, exact=True)),
    Kind("TIFF: second page", "tif", _pages),
    Kind("TIFF: directory below the first", "tif", _sub_directory),
    Kind("TIFF: XMP", "tif", _tiff_with(700, 7, xmp)),
    Kind("TIFF: Photoshop thumbnail", "tif", _tiff_with(34377, 7, _resource)),
    Kind("TIFF: colour profile", "tif", lambda face: saved(face.portrait, "TIFF", icc_profile=profile(face))),
    Kind("TIFF: bytes that no page names", "tif", _behind(Face.copy, "TIFF")),
    Kind("BMP: before the pixels", "bmp", _gap),
    Kind("BMP: behind the pixels", "bmp", _behind(Face.copy, "BMP")),
    Kind("AVIF: thumbnail item", "avif", _avif_items),
    Kind("AVIF: Exif", "avif", lambda face: saved(face.portrait, "AVIF", exif=exif(face))),
    Kind("AVIF: second frame", "avif", _frames("AVIF")),
    Kind("JPEG 2000: second codestream", "jp2", _second_stream),
    Kind("JPEG 2000: XMP", "jp2", _jp2_box),
    Kind("icon: every size", "ico", _icon),
    Kind("portable map: behind the pixels", "ppm", _behind(Face.copy, "PPM")),
)  # fmt: skip
"""Hiding places in picture files."""
