"""Find out which page shows which image, and take the images out that stand inside content streams.

Source: ISO 32000-2, 7.8 (content streams and resources), 8.9.7 (inline images), 8.10 (form XObjects).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from efface.engines.pdf_objects import decoded, guarded, key_of, library
from efface.engines.pdf_pictures import is_picture, size_of
from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.pdf_objects import Dictionary

__all__ = [
    "MAX_CONTENT_BYTES",
    "PageUse",
    "has_inline",
    "inline_images",
    "page_contents",
    "page_use",
    "streams_of",
]

MAX_CONTENT_BYTES = 64 << 20  # of one page's instructions
_MAX_DEPTH = 8
_MAX_PAGES = 50_000
_MAX_INLINE = 10_000
_PIECES = 3
_INLINE = re.compile(rb"(?:\A|[\s>\])])BI[\s/]")

Key = tuple[int, int]


@dataclass(slots=True)
class PageUse:
    """Which page shows what.

    Attributes:
        names: `page-3-image-2` for each image and `page-3-thumbnail`, by object.
        contents: The page of each content stream, from 1, by object.
        cut: Pages (from 1) with three or more images of one width or height.
    """

    names: dict[Key, str] = field(default_factory=dict)
    contents: dict[Key, int] = field(default_factory=dict)
    cut: list[int] = field(default_factory=list)
    seen: set[Key] = field(default_factory=set)


def page_use(pdf: Any) -> PageUse:  # noqa: ANN401 - a pikepdf object
    """Return which page shows which images; what a broken page tree does not reach is left out."""
    use = PageUse()
    try:
        with guarded("the pages of the PDF"):
            for number, page in enumerate(pdf.pages, 1):
                if number > _MAX_PAGES:
                    break
                _page(page.obj, number, use)
    except FormatError:
        pass
    return use


def _page(page: Dictionary, number: int, use: PageUse) -> None:
    pikepdf = library()
    thumbnail = page.get("/Thumb")
    if isinstance(thumbnail, pikepdf.Stream):
        use.names.setdefault(key_of(thumbnail), f"page-{number}-thumbnail")
    for stream in streams_of(page.get("/Contents")):
        use.contents.setdefault(key_of(stream), number)
    shown: list[tuple[int, int]] = []
    _resources(_inherited(page), number, use, shown, 0)
    for side in (0, 1):
        sides = [size[side] for size in shown]
        if len(sides) - len(set(sides)) >= _PIECES - 1:
            use.cut.append(number)
            break


def _inherited(page: Dictionary) -> Any:  # noqa: ANN401
    """Return the resources of a page, or of the next node above it that has some."""
    node = page
    for _ in range(_MAX_DEPTH * 4):
        if "/Resources" in node:
            return node.get("/Resources")
        node = node.get("/Parent")
        if not isinstance(node, library().Dictionary):
            break
    return None


def _resources(value: Any, number: int, use: PageUse, shown: list[tuple[int, int]], depth: int) -> None:  # noqa: ANN401
    pikepdf = library()
    if not isinstance(value, pikepdf.Dictionary) or depth > _MAX_DEPTH:
        return
    objects = value.get("/XObject")
    if not isinstance(objects, pikepdf.Dictionary):
        return
    for each in objects.as_dict().values():
        if not isinstance(each, pikepdf.Stream):
            continue
        key = key_of(each)
        if is_picture(each):
            shown.append(size_of(each))
            own = use.names.setdefault(key, f"page-{number}-image-{len(shown)}")
            for entry in ("/SMask", "/Mask"):
                mask = each.get(entry)
                if isinstance(mask, pikepdf.Stream):
                    use.names.setdefault(key_of(mask), f"{own}-mask")
        elif key not in use.seen:
            use.seen.add(key)
            _resources(each.get("/Resources"), number, use, shown, depth + 1)


def streams_of(value: Any) -> list[Dictionary]:  # noqa: ANN401
    """Return the streams of a page's contents, whether one or several."""
    pikepdf = library()
    each = list(value) if isinstance(value, pikepdf.Array) else [value]
    return [item for item in each[:_MAX_INLINE] if isinstance(item, pikepdf.Stream)]


def page_contents(page: Dictionary) -> bytes:
    """Return the instructions of a page, its streams joined as a reader joins them.

    Raises:
        FormatError: They cannot be decoded, or are more than MAX_CONTENT_BYTES.
    """
    with guarded("a page of the PDF"):
        pieces = [decoded(stream, MAX_CONTENT_BYTES) for stream in streams_of(page.get("/Contents"))]
    return b"\n".join(pieces)


def has_inline(content: bytes) -> bool:
    """Return whether instructions may hold images."""
    return bool(_INLINE.search(content))


def inline_images(content: bytes) -> Iterator[Dictionary]:
    """Yield the images inside instructions as streams, as if each were an image object.

    Raises:
        FormatError: The instructions cannot be read.
    """
    pikepdf = library()
    with pikepdf.Pdf.new() as scratch:
        form = pikepdf.Stream(scratch, content)
        form["/Type"], form["/Subtype"] = pikepdf.Name("/XObject"), pikepdf.Name("/Form")
        with guarded("instructions of the PDF"):
            found = pikepdf.parse_content_stream(form, "INLINE IMAGE BI ID EI")
        for each in found[:_MAX_INLINE]:
            with guarded("an image inside instructions of the PDF"):
                image = getattr(each, "iimage", None)
                stream = None if image is None else _stream_of(scratch, image)
            if stream is not None:
                yield stream


def _stream_of(scratch: Any, image: Any) -> Dictionary:  # noqa: ANN401 - pikepdf objects
    pikepdf = library()
    stream = pikepdf.Stream(scratch, image.read_raw_bytes())
    for key, value in image.obj.as_dict().items():
        if key != "/Length":
            stream[key] = value
    stream["/Subtype"] = pikepdf.Name("/Image")
    return stream
