"""Write a HEIF or AVIF file of some items of another one, each with its properties.

Source: ISO/IEC 23008-12, 6 and 9.3; ISO/IEC 14496-12, 8.11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efface.engines.isobmff import Item, Items, Reference

__all__ = ["property_of", "written"]

_BRANDS = {b"hvc1": b"heic", b"lhv1": b"heic", b"hev1": b"heic", b"av01": b"avif"}


def property_of(known: Items, index: int) -> tuple[bytes, bytes]:
    """Return kind and whole bytes of a property by its number from 1; nothing where there is none."""
    return known.properties[index - 1] if 0 < index <= len(known.properties) else (b"", b"")


def written(
    known: Items,
    primary: int,
    wanted: Mapping[int, Item],
    contents: Mapping[int, bytes],
    links: Sequence[Reference],
) -> bytes:
    """Return a file of the wanted items.

    Args:
        known: The file that they come from.
        primary: The number of the item that viewers show.
        wanted: Items by number; crops (`clap`) are left out.
        contents: Their data by number.
        links: References between them.
    """
    brand = next((_BRANDS[one.kind] for one in wanted.values() if one.kind in _BRANDS), b"mif1")
    head = _box(b"ftyp", brand + bytes(4) + b"mif1" + b"miaf" + brand)
    kept = {
        n: [use for use in one.properties if property_of(known, use[0])[0] != b"clap"]
        for n, one in wanted.items()
    }
    infos = b"".join(
        _full(b"infe", n.to_bytes(4, "big") + bytes(2) + one.kind + b"\0" + _content_type(one), 3)
        for n, one in wanted.items()
    )
    parts = [
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        _full(b"pitm", primary.to_bytes(4, "big"), 1),
        _full(b"iinf", len(wanted).to_bytes(4, "big") + infos, 1),
        _box(b"iprp", _box(b"ipco", b"".join(body for _, body in known.properties)) + _uses(kept)),
    ]
    if links:
        parts.append(_full(b"iref", b"".join(map(_link, links)), 1))
    known_size = len(head) + 12 + sum(map(len, parts)) + 18 + 18 * len(wanted)
    places, at = [], known_size + 8
    for number, content in contents.items():
        extent = number.to_bytes(4, "big") + bytes(4) + b"\0\1" + at.to_bytes(4, "big")
        places.append(extent + len(content).to_bytes(4, "big"))
        at += len(content)
    where = _full(b"iloc", b"\x44\0" + len(places).to_bytes(4, "big") + b"".join(places), 2)
    meta = _full(b"meta", b"".join(parts) + where)
    return head + meta + _box(b"mdat", b"".join(contents.values()))


def _uses(kept: dict[int, list[tuple[int, bool]]]) -> bytes:
    rows = []
    for number, uses in kept.items():
        pairs = b"".join((index | essential << 15).to_bytes(2, "big") for index, essential in uses[:255])
        rows.append(number.to_bytes(4, "big") + bytes((len(uses[:255]),)) + pairs)
    return _box(b"ipma", b"\1\0\0\1" + len(rows).to_bytes(4, "big") + b"".join(rows))


def _content_type(item: Item) -> bytes:
    return item.content_type + b"\0" if item.kind == b"mime" else b""


def _link(link: Reference) -> bytes:
    ends = b"".join(target.to_bytes(4, "big") for target in link.targets)
    return _box(link.kind, link.source.to_bytes(4, "big") + len(link.targets).to_bytes(2, "big") + ends)


def _box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def _full(kind: bytes, body: bytes, version: int = 0) -> bytes:
    return _box(kind, bytes((version, 0, 0, 0)) + body)
