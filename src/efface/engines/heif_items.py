"""Hand out every item of a HEIF or AVIF file that its viewer does not show: thumbnails, depth, parts, crops.

An item that is no file of its own becomes one: a small HEIF file whose primary item it is. Its crop (`clap`)
is left out, so that what a crop hides is seen; for the same reason a cropped primary item comes once more.

Source: ISO/IEC 23008-12, 6.4 (roles of items), 6.5.9 (clap), 6.6 (derived items), A.2.1 (Exif); ISO/IEC
14496-12, 8.11; MIAF (ISO/IEC 23000-22), 7.3; AVIF 1.1, 2 to 4; Android motion photo 1.0 (mpvd box).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines.carving import without
from efface.engines.heif_writing import property_of, written
from efface.engines.isobmff import Item, Items, Reference, boxes, inside, items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.isobmff import Box

__all__ = [
    "codings",
    "exif_blocks",
    "other_items",
    "profiles",
    "rest",
    "sequences",
    "shown_alone",
    "uncropped",
    "xmp_packets",
]

_CODED = frozenset({b"hvc1", b"av01", b"avc1", b"vvc1", b"evc1", b"jpeg", b"j2k1", b"unci", b"lhv1", b"hev1"})
_DERIVED = frozenset({b"grid", b"iovl", b"iden", b"tmap"})
_XMP_TYPES = (b"application/rdf+xml", b"application/xmp+xml")
_BOOKKEEPING = frozenset({b"ftyp", b"meta", b"moov", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx"})
_MAX_COPIES = 8  # times the file's size: what one item's data may be
_OPACITY = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
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
            role = (
                "item-opacity"
                if _is_opacity(item, known)
                else _ROLES.get(roles.get(item.number, b""), "item")
            )
            yield role, _alone(data, known, item)


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
    return any(property_of(known, index)[0] == b"clap" for index, _ in item.properties)


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


def profiles(data: bytes) -> list[bytes]:
    """Return the boxes that tell colours, profiles among them."""
    return [body for kind, body in items(data).properties if kind == b"colr"]


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
    return written(
        known,
        item.number,
        wanted,
        contents,
        [Reference(b"dimg", one, links[one]) for one in wanted if one in links],
    )


def shown_alone(data: bytes, exif: bytes | None, xmp: bytes | None) -> bytes:
    """Return a file of the picture that viewers show with its opacity, and of two metadata blocks.

    Thumbnails, depth, gain maps, other pictures and what no item accounts for are not in it.

    Args:
        data: A file whose primary item is not cropped.
        exif: An Exif block from its TIFF header on.
        xmp: An XMP packet.
    """
    known = items(data)
    wanted, links = {known.primary: known.found[known.primary]}, []
    for _ in range(_DEEP):
        more = [one for one in known.references if one not in links and _belongs(one, wanted, known)]
        links += more
        for number in (n for one in more for n in (one.source, *one.targets) if n in known.found):
            wanted[number] = known.found[number]
    contents = {number: _content(data, item) for number, item in wanted.items()}
    free = max(known.found, default=0)
    for item, body in (
        (Item(free + 1, b"Exif"), bytes(4) + exif if exif else b""),
        (Item(free + 2, b"mime", _XMP_TYPES[0]), xmp or b""),
    ):
        if body:
            wanted[item.number], contents[item.number] = item, body
            links.append(Reference(b"cdsc", item.number, (known.primary,)))
    return written(known, known.primary, wanted, contents, links)


def _belongs(link: Reference, wanted: dict[int, Item], known: Items) -> bool:
    """Return whether a reference leads to what the wanted items show: their parts and their opacity."""
    if link.kind in (b"dimg", b"prem"):
        return link.source in wanted
    item = known.found.get(link.source)
    of_wanted = link.kind == b"auxl" and not wanted.keys().isdisjoint(link.targets)
    return of_wanted and item is not None and _is_opacity(item, known)


def _is_opacity(item: Item, known: Items) -> bool:
    return any(_OPACITY in property_of(known, index)[1] for index, _ in item.properties)
