"""Read the small structures of compound files: packaged objects, thumbnails of properties, packed RTF.

Source: [MS-OLEDS] 2.3.6 (OLENativeStream) and its content as the Packager writes it; [MS-OLEPS] 2.21
(PropertySetStream), 2.11 (ClipboardData); [MS-OXRTFCP] 2.1.3, 2.2 (compressed RTF).
"""

from __future__ import annotations

from efface.formats.dib import bitmap_file
from efface.formats.text_types import decoded as decoded_text

__all__ = ["native_object", "property_thumbnail", "unpacked_rtf"]

_CLIPBOARD, _THUMBNAIL = 71, 17
_METAFILE, _DIB = 3, 8
_METAFILE_HEAD = 8
_MAX_PROPERTIES = 4_096
_PACKED, _PLAIN = b"LZFu", b"MELA"
_RTF_HEAD, _WINDOW = 16, 4096
_MAX_RTF = 64 << 20
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def native_object(data: bytes) -> tuple[str, bytes]:
    r"""Return the file name and the bytes of an object in an `\\x01Ole10Native` stream.

    What is not laid out as the Packager does comes without a name, as it stands behind its size.
    """
    body = data[4 : 4 + _number(data, 0)] or data[4:]
    at = 2
    names = []
    for _ in range(2):
        end = body.find(b"\0", at)
        if end < 0 or end - at > 1024:
            return "", body
        names.append(body[at:end])
        at = end + 1
    at += 4
    at += 4 + _number(body, at)  # the path that it was copied to
    size = _number(body, at)
    if body[:2] != b"\2\0" or at + 4 > len(body) or size > len(body) - at - 4:
        return "", body
    name = decoded_text(names[1].replace(b"\\", b"/").rpartition(b"/")[2] or names[0]) or ""
    return name, body[at + 4 : at + 4 + size]


def property_thumbnail(data: bytes) -> bytes:
    """Return the thumbnail of a summary information stream as a picture file, or nothing."""
    if data[:2] != b"\xfe\xff":
        return b""
    section = _number(data, 44)
    count = min(_number(data, section + 4), _MAX_PROPERTIES)
    for at in range(section + 8, section + 8 + 8 * count, 8):
        if _number(data, at) == _THUMBNAIL:
            value = section + _number(data, at + 4)
            if _number(data, value) == _CLIPBOARD:
                return _clip(data[value + 8 : value + 8 + _number(data, value + 4)])
    return b""


def _clip(data: bytes) -> bytes:
    kind, content = _number(data, 4), data[8:]
    if kind == _DIB:
        return bitmap_file(content)
    return content[_METAFILE_HEAD:] if kind == _METAFILE else content


def unpacked_rtf(data: bytes) -> bytes:
    """Return the RTF of a message's packed body; what comes before a fault counts."""
    size, kind = min(_number(data, 0) + 4, len(data)), data[8:12]
    if kind == _PLAIN:
        return data[_RTF_HEAD : _RTF_HEAD + _number(data, 4)]
    if kind != _PACKED:
        return b""
    window = bytearray(_DICTIONARY.ljust(_WINDOW, b"\0"))
    write, out, at = len(_DICTIONARY), bytearray(), _RTF_HEAD
    while at < size and len(out) < _MAX_RTF:
        control = data[at]
        at += 1
        for bit in range(8):
            if at + 1 + (control >> bit & 1) > size:
                return bytes(out)
            if control >> bit & 1:
                token = data[at] << 8 | data[at + 1]
                at += 2
                offset = token >> 4
                if offset == write:
                    return bytes(out)
                found = range(offset, offset + (token & 0xF) + 2)
            else:
                window[write], found = data[at], range(write, write + 1)
                at += 1
            for place in found:
                byte = window[place % _WINDOW]
                out.append(byte)
                window[write] = byte
                write = (write + 1) % _WINDOW
    return bytes(out)
