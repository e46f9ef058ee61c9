"""Make HEIF files for tests: any items in any roles, coded as HEVC by an encoder that the tests have.

Source: ISO/IEC 23008-12, 9.3; ISO/IEC 14496-12, 8.11; ISO/IEC 14496-15, 8.3.3 (HEVC configuration); ITU-T
H.265, 7.3.1 (NAL units). Android motion photo 1.0 (mpvd).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL import Image

__all__ = ["HeifItem", "box", "cropped", "full_box", "grid", "heif", "hevc_item"]

_NAL = re.compile(rb"\x00\x00\x00?\x01")
_PARAMETER_SETS = (32, 33, 34)
_PROFILE_AT, _PROFILE_BYTES = 3, 12  # in a sequence parameter set without its escapes


@dataclass(frozen=True, slots=True)
class HeifItem:
    """An item to be written.

    Attributes:
        kind: `hvc1`, `grid`, `Exif`, `mime` ...
        data: Its content.
        properties: Whole property boxes, in their order.
        content_type: Media type of a `mime` item.
        hidden: True to say that no viewer shows it by itself.
    """

    kind: bytes
    data: bytes
    properties: tuple[bytes, ...] = ()
    content_type: bytes = b""
    hidden: bool = False


def box(kind: bytes, body: bytes) -> bytes:
    """Return a box."""
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def full_box(kind: bytes, body: bytes, version: int = 0) -> bytes:
    """Return a box with a version and no flags."""
    return box(kind, bytes((version, 0, 0, 0)) + body)


def _size(width: int, height: int) -> bytes:
    return full_box(b"ispe", width.to_bytes(4, "big") + height.to_bytes(4, "big"))


def hevc_item(picture: Image.Image, *, hidden: bool = False) -> HeifItem:
    """Return a picture coded as one HEVC item; it needs PyAV with an HEVC encoder."""
    import av  # noqa: PLC0415 - an optional extra

    context: Any = av.CodecContext.create("libx265", "w")
    frame: Any = av.VideoFrame
    context.width, context.height = picture.size
    context.pix_fmt, context.time_base = "yuv420p", Fraction(1, 25)
    context.options = {"x265-params": "keyint=1:log-level=none:info=0", "preset": "ultrafast"}
    packets = [*context.encode(frame.from_image(picture)), *context.encode(None)]
    units = [unit for unit in _NAL.split(b"".join(map(bytes, packets))) if unit]
    sets = [unit for unit in units if unit[0] >> 1 in _PARAMETER_SETS]
    coded = [unit for unit in units if unit[0] >> 1 < _PARAMETER_SETS[0]]
    data = b"".join(len(unit).to_bytes(4, "big") + unit for unit in coded)
    return HeifItem(b"hvc1", data, (_configuration(sets), _size(*picture.size)), hidden=hidden)


def _configuration(sets: Sequence[bytes]) -> bytes:
    sequence = next(unit for unit in sets if unit[0] >> 1 == _PARAMETER_SETS[1]).replace(b"\0\0\3", b"\0\0")
    head = b"\1" + sequence[_PROFILE_AT : _PROFILE_AT + _PROFILE_BYTES]
    head += b"\xf0\0\xfc\xfd\xf8\xf8\0\0\x0f" + bytes((len(sets),))
    arrays = (bytes((unit[0] >> 1 | 0x80, 0, 1)) + len(unit).to_bytes(2, "big") + unit for unit in sets)
    return box(b"hvcC", head + b"".join(arrays))


def grid(columns: int, rows: int, width: int, height: int) -> HeifItem:
    """Return a picture made of tiles, which a `dimg` reference has to name."""
    body = bytes((0, 0, rows - 1, columns - 1)) + width.to_bytes(2, "big") + height.to_bytes(2, "big")
    return HeifItem(b"grid", body, (_size(width, height),))


def cropped(width: int, height: int) -> bytes:
    """Return the property that shows a centred part of a picture only."""
    numbers = (width, 1, height, 1, 0, 1, 0, 1)
    return box(b"clap", b"".join(number.to_bytes(4, "big") for number in numbers))


def heif(
    items: Mapping[int, HeifItem],
    references: Sequence[tuple[bytes, int, tuple[int, ...]]] = (),
    *,
    primary: int = 1,
    brand: bytes = b"heic",
    behind: bytes = b"",
) -> bytes:
    """Return a file of items.

    Args:
        items: Items by ID.
        references: Kind, from which ID, to which IDs.
        primary: ID of the item that viewers show.
        brand: Major brand.
        behind: More boxes, behind the media.
    """
    head = box(b"ftyp", brand + bytes(4) + b"mif1" + brand)
    properties = [body for item in items.values() for body in item.properties]
    meta = b"".join(_meta_boxes(items, references, primary, properties))
    where_size = 12 + 2 + 2 + 14 * len(items)
    at = len(head) + 12 + len(meta) + where_size + 8
    where = b"\x44\0" + len(items).to_bytes(2, "big")
    for number, item in items.items():
        where += number.to_bytes(2, "big") + b"\0\0" + b"\0\1" + at.to_bytes(4, "big")
        where += len(item.data).to_bytes(4, "big")
        at += len(item.data)
    media = box(b"mdat", b"".join(item.data for item in items.values()))
    return head + full_box(b"meta", meta + full_box(b"iloc", where)) + media + behind


def _meta_boxes(
    items: Mapping[int, HeifItem],
    references: Sequence[tuple[bytes, int, tuple[int, ...]]],
    primary: int,
    properties: Sequence[bytes],
) -> list[bytes]:
    infos = b""
    for number, item in items.items():
        tail = item.content_type + b"\0" if item.kind == b"mime" else b""
        body = number.to_bytes(2, "big") + b"\0\0" + item.kind + b"\0" + tail
        infos += box(b"infe", bytes((2, 0, 0, int(item.hidden))) + body)
    uses, index = b"", 0
    for number, item in items.items():
        indices = bytes(range(index + 1, index + 1 + len(item.properties)))
        index += len(indices)
        uses += number.to_bytes(2, "big") + bytes((len(indices),)) + indices
    links = b"".join(
        box(kind, b"".join(n.to_bytes(2, "big") for n in (source, len(targets), *targets)))
        for kind, source, targets in references
    )
    return [
        full_box(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        full_box(b"pitm", primary.to_bytes(2, "big")),
        full_box(b"iinf", len(items).to_bytes(2, "big") + infos),
        *([full_box(b"iref", links)] if links else []),
        box(
            b"iprp",
            box(b"ipco", b"".join(properties)) + full_box(b"ipma", len(items).to_bytes(4, "big") + uses),
        ),
    ]
