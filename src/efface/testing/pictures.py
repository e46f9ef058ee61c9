"""Make picture files of the kinds that no library here writes: Photoshop, raw files, metafiles, motion photos.

Source: Adobe Photoshop File Formats Specification; TIFF 6.0 and DNG 1.7.1; [MS-EMF] 2.3.1.7 and [MS-WMF]
2.3.1.6; DICOM PS3.10; Android motion photo 1.0.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from PIL import Image

__all__ = ["dib", "dicom", "emf", "film", "jpeg", "photoshop", "raw_tiff", "resource", "wmf"]

_RGB = 3
_LONG, _SHORT = 4, 3


def jpeg(picture: Image.Image, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's options
    """Return a picture as a JPEG."""
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", **options)
    return out.getvalue()


def film(payload: bytes = b"frames") -> bytes:
    """Return the boxes of an MP4 film around any payload."""
    kinds = struct.pack(">I4s4sI4s", 20, b"ftyp", b"mp42", 0, b"isom")
    return kinds + struct.pack(">I4s", 8 + len(payload), b"mdat") + payload


def resource(number: int, body: bytes) -> bytes:
    """Return a Photoshop image resource."""
    padding = b"\0" * (len(body) % 2)
    return b"8BIM" + number.to_bytes(2, "big") + b"\0\0" + len(body).to_bytes(4, "big") + body + padding


def photoshop(  # noqa: PLR0913 - one argument for each thing that such a file can differ in
    merged: Image.Image,
    layers: Sequence[Image.Image] = (),
    *,
    resources: bytes = b"",
    coding: int = 1,
    depth: int = 8,
    large: bool = False,
    linked: bytes = b"",
) -> bytes:
    """Return a Photoshop file of an RGB picture.

    Args:
        merged: What viewers show.
        layers: Pictures under masks that nobody sees.
        resources: Image resources.
        coding: Compression of layers: 0 raw, 1 packed, 2 and 3 ZIP. The merged picture is packed unless 0.
        depth: Bits of a channel, 8 or 16.
        large: Whether it is a large document (PSB).
        linked: Bytes of a file placed in it.
    """
    word = 8 if large else 4
    head = b"8BPS" + (b"\0\2" if large else b"\0\1") + bytes(6)
    head += struct.pack(">HIIHH", 3, merged.height, merged.width, depth, _RGB)
    records = data = b""
    for layer in layers:
        channels = [
            struct.pack(">H", coding) + _channel(plane, coding, depth, large=large)
            for plane in _planes(layer)
        ]
        sizes = (len(channel) for channel in channels)
        records += struct.pack(">iiiiH", 5, 7, 5 + layer.height, 7 + layer.width, 3)
        records += b"".join(struct.pack(">h", n) + size.to_bytes(word, "big") for n, size in enumerate(sizes))
        records += b"8BIMnorm" + b"\xff\0\0\0" + bytes(4)
        data += b"".join(channels)
    info = struct.pack(">h", -len(layers)) + records + data if layers else b""
    info += b"\0" * (len(info) % 2)
    extra = b"8BIMlnkD" + len(linked).to_bytes(4, "big") + linked if linked else b""
    section = len(info).to_bytes(word, "big") + info + bytes(4) + extra
    coded = min(coding, 1)
    body = [_channel(plane, coded, depth, large=large) for plane in _planes(merged)]
    if coded:  # all row sizes come first
        table = merged.height * (4 if large else 2)
        body = [channel[:table] for channel in body] + [channel[table:] for channel in body]
    picture = struct.pack(">H", coded) + b"".join(body)
    return (
        head + bytes(4) + len(resources).to_bytes(4, "big") + resources
        + len(section).to_bytes(word, "big") + section + picture
    )  # fmt: skip


def _planes(picture: Image.Image) -> list[NDArray[np.uint8]]:
    values = np.asarray(picture.convert("RGB"))
    return [values[:, :, channel] for channel in range(3)]


def _channel(plane: NDArray[np.uint8], coding: int, depth: int, *, large: bool) -> bytes:
    wide = plane.astype(">u2") * 257 if depth == 16 else plane
    if coding == 3:
        first = np.zeros_like(wide[:, :1])
        wide = np.diff(wide, axis=1, prepend=first).astype(">u2" if depth == 16 else np.uint8)
    if coding != 1:
        raw = wide.astype(">u2" if depth == 16 else np.uint8).tobytes()
        return raw if coding == 0 else zlib.compress(raw)
    rows = [_packed(row.astype(">u2" if depth == 16 else np.uint8).tobytes()) for row in wide]
    return b"".join(len(row).to_bytes(4 if large else 2, "big") for row in rows) + b"".join(rows)


def _packed(row: bytes) -> bytes:
    """Return a row as runs of literal bytes, which PackBits allows."""
    pieces = (row[at : at + 128] for at in range(0, len(row), 128))
    return b"".join(bytes((len(piece) - 1,)) + piece for piece in pieces)


def raw_tiff(
    thumbnail: Image.Image,
    preview: bytes,
    *,
    sensor_px: tuple[int, int],
    note: bytes = b"",
    loop: bool = False,
) -> bytes:
    """Return a raw file as DNG is one: a bare thumbnail first, the sensor's data and a preview below it.

    Args:
        thumbnail: What the first directory holds, uncompressed.
        preview: A JPEG; none where it is empty.
        sensor_px: Width and height of the sensor; its data are a few zeros.
        note: A maker's note.
        loop: Whether a directory below points back at the first.
    """
    strip = thumbnail.convert("RGB").tobytes()
    data = bytearray(struct.pack("<4sI", b"II*\0", 8) + bytes(1016))

    def put(value: bytes) -> int:
        at = len(data)
        data.extend(value + b"\0" * (len(value) % 2))
        return at

    def directory(entries: Sequence[tuple[int, int, int, int]]) -> bytes:
        rows = b"".join(
            struct.pack("<HHI", tag, kind, count) + value.to_bytes(4, "little")
            for tag, kind, count, value in sorted(entries)
        )
        return struct.pack("<H", len(entries)) + rows + bytes(4)

    bits = put(struct.pack("<HHH", 8, 8, 8))
    below = []
    raw_at = put(bytes(64))
    below.append(
        put(
            directory(
                [
                    (254, _LONG, 1, 0), (256, _LONG, 1, sensor_px[0]), (257, _LONG, 1, sensor_px[1]),
                    (259, _SHORT, 1, 1), (262, _SHORT, 1, 32803), (273, _LONG, 1, raw_at), (279, _LONG, 1, 64),
                    *([(330, _LONG, 1, 8)] if loop else []),
                ]
            )
        )
    )  # fmt: skip
    if preview:
        at = put(preview)
        below.append(
            put(
                directory(
                    [
                        (254, _LONG, 1, 1),
                        (259, _SHORT, 1, 7),
                        (273, _LONG, 1, at),
                        (279, _LONG, 1, len(preview)),
                    ]
                )
            )
        )
    exif = put(directory([(37500, 7, len(note), put(note))])) if note else 0
    first = [
        (254, _LONG, 1, 1), (256, _LONG, 1, thumbnail.width), (257, _LONG, 1, thumbnail.height),
        (258, _SHORT, 3, bits), (259, _SHORT, 1, 1), (262, _SHORT, 1, 2), (273, _LONG, 1, put(strip)),
        (277, _SHORT, 1, 3), (278, _LONG, 1, thumbnail.height), (279, _LONG, 1, len(strip)),
        (330, _LONG, len(below), below[0] if len(below) == 1 else put(struct.pack(f"<{len(below)}I", *below))),
        (50706, 1, 4, 0x00000401), *([(34665, _LONG, 1, exif)] if exif else []),
    ]  # fmt: skip
    head = directory(first)
    data[8 : 8 + len(head)] = head
    return bytes(data)


def dib(picture: Image.Image) -> tuple[bytes, bytes]:
    """Return a picture as the header and the pixels of a device-independent bitmap."""
    out = io.BytesIO()
    picture.convert("RGB").save(out, "BMP")
    data = out.getvalue()
    start = int.from_bytes(data[10:14], "little")
    return data[14:start], data[start:]


def emf(picture: Image.Image) -> bytes:
    """Return an enhanced metafile that draws one bitmap."""
    header, pixels = dib(picture)
    record = struct.pack("<II", 81, 80 + len(header) + len(pixels)) + bytes(40)
    record += struct.pack("<IIII", 80, len(header), 80 + len(header), len(pixels)) + bytes(16)
    record += header + pixels
    start = struct.pack("<II", 1, 88) + bytes(32) + b" EMF\0\0\1\0" + bytes(40)
    return start + record + struct.pack("<III", 14, 20, 0) + bytes(8)


def wmf(picture: Image.Image) -> bytes:
    """Return a placeable metafile that draws one bitmap."""
    header, pixels = dib(picture)
    body = bytes(22) + header + pixels
    body += b"\0" * (len(body) % 2)
    record = struct.pack("<IH", (6 + len(body)) // 2, 0x0F43) + body
    start = b"\xd7\xcd\xc6\x9a" + bytes(18) + struct.pack("<HHHIHIH", 1, 9, 0x300, 0, 0, 0, 0)
    return start + record + struct.pack("<IH", 3, 0)


def dicom(
    frames: Sequence[NDArray[Any]],
    *,
    interpretation: str = "RGB",
    icon: NDArray[np.uint8] | None = None,
    preamble: bool = True,
    elements: Mapping[str, object] | None = None,
) -> bytes:
    """Return a DICOM file of native pixels; it needs pydicom.

    Args:
        frames: Arrays of one shape, (height, width) or (height, width, 3), of 8 or 16 bits.
        interpretation: Photometric interpretation.
        icon: A grey picture for the icon image sequence.
        preamble: Whether the file has the preamble and the meta information of PS3.10.
        elements: More elements by their keyword.
    """
    import pydicom  # noqa: PLC0415 - an optional extra
    from pydicom import uid  # noqa: PLC0415 - an optional extra

    main: Any = pydicom.Dataset()
    main.SOPClassUID = uid.SecondaryCaptureImageStorage
    main.SOPInstanceUID = "1.2.3.4"
    _pixels(main, frames, interpretation)
    if icon is not None:
        small: Any = pydicom.Dataset()
        _pixels(small, [icon], "MONOCHROME2")
        main.IconImageSequence = [small]
    for keyword, value in (elements or {}).items():
        setattr(main, keyword, value)
    out = io.BytesIO()
    if preamble:
        main.file_meta = pydicom.dataset.FileMetaDataset()
        main.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        main.save_as(out, enforce_file_format=True)
    else:
        main.save_as(out, implicit_vr=True, little_endian=True)
    return out.getvalue()


def _pixels(target: Any, frames: Sequence[NDArray[Any]], interpretation: str) -> None:  # noqa: ANN401
    first = frames[0]
    target.Rows, target.Columns = first.shape[:2]
    target.SamplesPerPixel = 3 if first.ndim == 3 else 1
    if first.ndim == 3:
        target.PlanarConfiguration = 0
    target.PhotometricInterpretation = interpretation
    target.BitsAllocated = target.BitsStored = 8 * first.dtype.itemsize
    target.HighBit = target.BitsStored - 1
    target.PixelRepresentation = 0
    target.NumberOfFrames = len(frames)
    body = b"".join(frame.tobytes() for frame in frames)
    target.PixelData = body + b"\0" * (len(body) % 2)
    target["PixelData"].VR = "OW"
