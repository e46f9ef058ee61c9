"""Hand out every item of a HEIF or AVIF file that its viewer does not show: thumbnails, depth, parts, crops.

An item that is no file of its own becomes one: a small HEIF file whose primary item it is. Its crop (`clap`)
is left out, so that what a crop hides is seen; for the same reason a cropped primary item comes once more.

Source: ISO/IEC 23008-12, 6.4 (roles of items), 6.5.9 (clap), 6.6 (derived items), A.2.1 (Exif); ISO/IEC
14496-12, 8.11; MIAF (ISO/IEC 23000-22), 7.3; AVIF 1.1, 2 to 4; Android motion photo 1.0 (mpvd box).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines.carving import without
from efface.engines.isobmff import Item, Items, boxes, inside, items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.isobmff import Box

__all__ = ["codings", "exif_blocks", "other_items", "rest", "sequences", "uncropped", "xmp_packets"]

_CODED = frozenset({b"hvc1", b"av01", b"avc1", b"vvc1", b"evc1", b"jpeg", b"j2k1", b"unci", b"lhv1", b"hev1"})
_DERIVED = frozenset({b"grid", b"iovl", b"iden", b"tmap"})
_BRANDS = {b"hvc1": b"heic", b"lhv1": b"heic", b"hev1": b"heic", b"av01": b"avif"}
_XMP_TYPES = (b"application/rdf+xml", b"application/xmp+xml")
_BOOKKEEPING = frozenset({b"ftyp", b"meta", b"moov", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx"})
_MAX_COPIES = 8  # times the file's size: what one item's data may be
_DEEP = 8  # derived items inside one another


def other_items(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each item besides the one that viewers show, named after its role, as a picture file."""
    known = items(data)
    primary = known.found.get(known.primary)
    tiles = _tiles(known)
    if primary and (_is_cropped(primary, known) or _has_tracks(data)):
        yield "item-uncropped" if _is_cropped(primary, known) else "item", _alone(data, known, primary)
    roles = {reference.source: reference.kind for reference in known.references if reference.kind in _ROLES}
    for item in known.found.values():
        if item.kind == b"mime" and item.content_type not in _XMP_TYPES:
            yield "item-file", _content(data, item)
        elif (
            (item is primary and item.kind != b"jpeg")
            or item.number in tiles
            or item.kind not in _CODED | _DERIVED
        ):
            continue
        else:
            yield _ROLES.get(roles.get(item.number, b""), "item"), _alone(data, known, item)


def uncropped(data: bytes) -> bytes:
    """Return the picture that viewers show without its crop; empty where it has none."""
    known = items(data)
    primary = known.found.get(known.primary)
    return _alone(data, known, primary) if primary and _is_cropped(primary, known) else b""


_ROLES = {b"thmb": "item-thumbnail", b"auxl": "item-auxiliary"}


def _tiles(known: Items) -> set[int]:
    """Return the items that are seen whole because a grid that is seen is made of them."""
    return {
        target
        for reference in known.references
        if reference.kind == b"dimg" and _kind(known, reference.source) == b"grid"
        for target in reference.targets
    }


def _kind(known: Items, number: int) -> bytes:
    item = known.found.get(number)
    return item.kind if item else b""


def _has_tracks(data: bytes) -> bool:
    """Return whether a film stands beside the items: decoders then show one or the other."""
    return any(box.kind == b"moov" for box in boxes(data))


def _is_cropped(item: Item, known: Items) -> bool:
    return any(_property(known, index)[0] == b"clap" for index, _ in item.properties)


def _property(known: Items, index: int) -> tuple[bytes, bytes]:
    return known.properties[index - 1] if 0 < index <= len(known.properties) else (b"", b"")


def _content(data: bytes, item: Item) -> bytes:
    if sum(stop - start for start, stop in item.extents) > _MAX_COPIES * len(data):
        return b""
    return b"".join(data[start:stop] for start, stop in item.extents)


def codings(data: bytes) -> frozenset[bytes]:
    """Return the kinds of items that the primary item is made of; empty where there is none."""
    known = items(data)
    links = {
        reference.source: reference.targets for reference in known.references if reference.kind == b"dimg"
    }
    found, level = set(), {known.primary}
    for _ in range(_DEEP):
        found |= {known.found[number].kind for number in level if number in known.found}
        level = {target for number in level for target in links.get(number, ())}
    return frozenset(found)


def exif_blocks(data: bytes) -> Iterator[bytes]:
    """Yield the Exif blocks of a file, each from its TIFF header on."""
    for item in items(data).found.values():
        if item.kind == b"Exif":
            content = _content(data, item)
            yield content[4 + int.from_bytes(content[:4], "big") :].removeprefix(b"Exif\0\0")


def xmp_packets(data: bytes) -> Iterator[bytes]:
    """Yield the XMP packets of a file."""
    for item in items(data).found.values():
        if item.kind == b"mime" and item.content_type in _XMP_TYPES:
            yield _content(data, item)


def sequences(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the films of a file: its image sequence, and a motion photo's."""
    top = list(boxes(data))
    for box in top:
        if box.kind == b"mpvd":
            yield "motion-photo.mp4", data[box.start : box.stop]
    moov = next((box for box in top if box.kind == b"moov"), None)
    if moov and top[0].kind == b"ftyp" and b"avis" not in data[top[0].start : top[0].stop]:
        yield "sequence.mp4", _as_film(data, top[0], moov)  # frames of AVIF are frames of the picture


def _as_film(data: bytes, brands: Box, moov: Box) -> bytes:
    """Return a copy with the brand and handlers of a film, since players take no other, and without edits."""
    film = bytearray(data)
    film[brands.start : brands.stop] = b"isom\0\0\2\0".ljust(brands.stop - brands.start, b"\0")
    for track in inside(data, moov):
        for media in inside(data, track):
            if media.kind == b"edts":  # an edit list can hide frames
                film[media.at + 4 : media.at + 8] = b"free"
            for box in inside(data, media):
                if box.kind == b"hdlr" and data[box.start + 8 : box.start + 12] == b"pict":
                    film[box.start + 8 : box.start + 12] = b"vide"
    return bytes(film)


def rest(data: bytes) -> bytes:
    """Return what no item and no bookkeeping box accounts for: other boxes, and data left over in media boxes.

    Empty behind a film, whose samples are not told apart here.
    """
    top = list(boxes(data))
    taken = [(box.at, box.stop) for box in top if box.kind in _BOOKKEEPING or box.kind == b"mpvd"]
    if any(box.kind == b"moov" for box in top):
        taken += [(box.at, box.stop) for box in top if box.kind == b"mdat"]
    taken += [(box.at, box.start) for box in top if box.kind == b"mdat"]
    for item in items(data).found.values():
        taken += item.extents
    return without(data, taken)


def _alone(data: bytes, known: Items, item: Item) -> bytes:
    """Return a file whose primary item is this one, with the items that it is made of."""
    wanted = {item.number: item}
    links = {
        reference.source: reference.targets for reference in known.references if reference.kind == b"dimg"
    }
    level = [item.number]
    for _ in range(_DEEP):
        level = [n for one in level for n in links.get(one, ()) if n in known.found and n not in wanted]
        wanted |= {number: known.found[number] for number in level}
    contents = {number: _content(data, one) for number, one in wanted.items()}
    if sum(map(len, contents.values())) > _MAX_COPIES * len(data):
        return b""
    if item.kind == b"jpeg" and contents[item.number].startswith(b"\xff\xd8\xff"):
        return contents[item.number]
    return _file(known, item.number, wanted, contents, {one: links[one] for one in wanted if one in links})


def _file(
    known: Items,
    primary: int,
    wanted: dict[int, Item],
    contents: dict[int, bytes],
    links: dict[int, tuple[int, ...]],
) -> bytes:
    brand = next((_BRANDS[one.kind] for one in wanted.values() if one.kind in _BRANDS), b"mif1")
    head = _box(b"ftyp", brand + bytes(4) + b"mif1" + b"miaf" + brand)
    kept = {
        n: [use for use in one.properties if _property(known, use[0])[0] != b"clap"]
        for n, one in wanted.items()
    }
    infos = b"".join(
        _full(b"infe", n.to_bytes(4, "big") + bytes(2) + one.kind + b"\0", 3) for n, one in wanted.items()
    )
    parts = [
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        _full(b"pitm", primary.to_bytes(4, "big"), 1),
        _full(b"iinf", len(wanted).to_bytes(4, "big") + infos, 1),
        _box(b"iprp", _box(b"ipco", b"".join(body for _, body in known.properties)) + _uses(kept)),
    ]
    if links:
        parts.append(_full(b"iref", b"".join(_link(*link) for link in links.items()), 1))
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


def _link(source: int, targets: tuple[int, ...]) -> bytes:
    ends = b"".join(target.to_bytes(4, "big") for target in targets)
    return _box(b"dimg", source.to_bytes(4, "big") + len(targets).to_bytes(2, "big") + ends)


def _box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def _full(kind: bytes, body: bytes, version: int = 0) -> bytes:
    return _box(kind, bytes((version, 0, 0, 0)) + body)
