"""Take everything out of a PDF that may show a person: images, attachments, other files inside it.

Every stream of the file is looked at, not only those that a page uses: what an editor took off a page stays
in the file, and so does what an incremental update replaced.

Not handled here: words, vector drawings, fonts.

Source: ISO 32000-2, 7.11.4 (embedded files), 8.9 (images), 12.7.8 (XFA, ISO 32000-1), 14.3 (metadata).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from efface.engines import pdf_content, pdf_file
from efface.engines.pdf_colour import portable_anymap
from efface.engines.pdf_objects import decoded, guarded, head_of, key_of, library, name
from efface.engines.pdf_pictures import is_picture, picture, size_of
from efface.engines.pdf_render import Pages
from efface.engines.picture_frame import check_pixels
from efface.errors import FormatError, LimitExceededError
from efface.formats import sniff
from efface.formats.embedded import is_worth_opening

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efface.engines.pdf_objects import Dictionary
    from efface.model.limits import Limits

__all__ = ["PAGE", "PdfPart", "Spot", "Walk"]

PAGE = -1
"""In place of a generation: the number before it is that of a page."""

_MIN_SIDE_PX = 8  # a picture with a shorter side shows no face
_MAX_TEXT_BYTES = 64 << 20
_MAX_DIRECT = 6  # dictionaries and arrays inside one another
_MAX_NAMES = 10_000
_HOLDERS = ("/Names", "/FS", "/AF", "/EmbeddedFiles", "/Assets")
_PICTURE_TEXTS = (b"/9j/", b"iVBORw0KGgo")
_SKIPPED = frozenset({"/XRef", "/ObjStm"})
_FONTS = frozenset({"/Type1C", "/CIDFontType0C", "/OpenType"})


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a part lies, for those who change it.

    Attributes:
        kind: "picture", "attachment", "metadata", "other" or "form".
        digest: SHA-256 of what makes it the same as its copies.
        key: Number and generation of the object that holds it; (page, -1) for the instructions of a page.
        is_inline: Whether it is an image inside instructions.
    """

    kind: str
    digest: bytes = field(repr=False)
    key: tuple[int, int]
    is_inline: bool = False


@dataclass(frozen=True, slots=True)
class PdfPart:
    """Something inside a PDF.

    Attributes:
        name: What it is called there, unique in the file.
        data: Its bytes, or the error that kept them from being read.
        file_name: The name that an attached file was given.
        spot: Where it lies; None for what only a page puts together, and what stands around objects.
    """

    name: str
    data: bytes | FormatError = field(repr=False)
    file_name: str = ""
    spot: Spot | None = None


class Walk:
    """One reading of a PDF with its revisions; what was given once is not given again.

    Args:
        limits: Budgets.
        only: Digests of parts: of these every copy is given, and nothing else.
    """

    def __init__(self, limits: Limits, only: frozenset[bytes] | None = None) -> None:
        self._limits = limits
        self._only = only
        self._left = limits.unpacked_bytes
        self._seen: set[bytes] = set()
        self._names: dict[str, int] = {}
        self.offsets: set[int] = set()

    def document(self, opened: pdf_file.Opened, data: bytes | None, prefix: str = "") -> Iterator[PdfPart]:
        """Yield the parts of an open PDF that lie at places where none was seen yet.

        Args:
            opened: The PDF.
            data: The whole file, to put pictures together that pages cut; None leaves that out.
            prefix: What names begin with.

        Raises:
            LimitExceededError: A budget of the file is spent.
        """
        pdf = opened.pdf
        places = pdf_file.offsets(pdf)
        if len(places) > self._limits.entries:
            raise LimitExceededError(f"the PDF has more than entries = {self._limits.entries} objects")
        fresh = {key for key, at in places.items() if at not in self.offsets}
        self.offsets.update(places.values())
        use = pdf_content.page_use(pdf)
        attached = _attached(pdf)
        for part in self._of(pdf, use, attached, fresh):
            yield self._counted(part, prefix)
        if use.cut and data is not None:
            for part in self._mosaics(use.cut, data, opened.password):
                yield self._counted(part, prefix)

    def _counted(self, part: PdfPart, prefix: str) -> PdfPart:
        self._left -= len(part.data) if isinstance(part.data, bytes) else 0
        if self._left < 0:
            raise LimitExceededError("the PDF unpacks to more than unpacked_bytes allows")
        whole = prefix + part.name
        count = self._names[whole] = self._names.get(whole, 0) + 1
        if count > 1:
            stem, dot, suffix = whole.rpartition(".")
            whole = f"{stem};{count}{dot}{suffix}" if dot else f"{whole};{count}"
        return PdfPart(whole, part.data, part.file_name, part.spot)

    def _of(
        self,
        pdf: Any,  # noqa: ANN401 - a pikepdf object
        use: pdf_content.PageUse,
        attached: dict[tuple[int, int], str],
        fresh: set[tuple[int, int]],
    ) -> Iterator[PdfPart]:
        yield from self._pages(pdf, use, fresh)
        for key in sorted(fresh):
            try:
                with guarded("an object of the PDF"):
                    stream = pdf.get_object(key)
                    is_stream = isinstance(stream, library().Stream)
                if is_stream:
                    yield from self._stream(stream, key, use, attached)
            except FormatError as error:
                yield PdfPart(f"object-{key[0]}", error)
        yield from self._form(pdf)

    def _stream(
        self,
        stream: Dictionary,
        key: tuple[int, int],
        use: pdf_content.PageUse,
        attached: dict[tuple[int, int], str],
    ) -> Iterator[PdfPart]:
        own = f"object-{key[0]}"
        kind = "attachment" if key in attached else _kind_of(stream)
        if kind == "picture":
            yield from self._picture(stream, use.names.get(key, f"{own}-image"), key)
        elif kind == "attachment":
            yield from self._attachment(stream, attached.get(key, ""), key)
        elif kind == "metadata":
            data = decoded(stream, _MAX_TEXT_BYTES)
            if any(start in data for start in _PICTURE_TEXTS) and (spot := self._new(kind, data, key)):
                yield PdfPart(f"metadata-{own}.xml", data, spot=spot)
        elif kind == "other" and key not in use.contents:
            yield from self._other(stream, key)

    def _picture(
        self, stream: Dictionary, own: str, key: tuple[int, int], *, is_inline: bool = False
    ) -> Iterator[PdfPart]:
        with guarded("an image of the PDF"):
            size = size_of(stream)
            if 0 < min(size) < _MIN_SIDE_PX:
                return
            raw = bytes(stream.read_raw_bytes())
        spot = self._new("picture", raw + b"%d %d" % size, key, is_inline=is_inline)
        if spot is None:
            return
        try:
            found = picture(stream, self._limits)
        except FormatError as error:
            yield PdfPart(own, error)
            return
        yield PdfPart(f"{own}.{found.suffix}", found.data, spot=spot)
        if found.is_cut:
            yield PdfPart(own, FormatError("an image of the PDF is cut off: a part of it was not seen"))

    def _attachment(self, stream: Dictionary, file_name: str, key: tuple[int, int]) -> Iterator[PdfPart]:
        shown = f"attachment-{file_name or f'object-{key[0]}'}"
        try:
            data = decoded(stream, self._limits.artefact_bytes)
        except FormatError as error:
            yield PdfPart(shown, error)
            return
        if spot := self._new("attachment", data, key):
            yield PdfPart(shown, data, file_name, spot)

    def _other(self, stream: Dictionary, key: tuple[int, int]) -> Iterator[PdfPart]:
        """Yield a stream that is a file of a kind worth opening, or the images in instructions."""
        with guarded("a stream of the PDF"):
            head = head_of(stream)
            is_form = name(stream, "/Subtype") == "/Form"
        if is_worth_opening(head):
            data = decoded(stream, self._limits.artefact_bytes)
            if spot := self._new("other", data, key):
                yield PdfPart(f"object-{key[0]}", data, spot=spot)
        elif is_form or sniff.media_type(head).startswith("text/"):
            content = decoded(stream, pdf_content.MAX_CONTENT_BYTES)
            yield from self._inline(content, f"object-{key[0]}", key)

    def _pages(
        self,
        pdf: Any,  # noqa: ANN401
        use: pdf_content.PageUse,
        fresh: set[tuple[int, int]],
    ) -> Iterator[PdfPart]:
        """Yield the images inside the instructions of pages."""
        numbers = sorted({number for key, number in use.contents.items() if key in fresh})
        for number in numbers:
            own = f"page-{number}"
            try:
                with guarded("a page of the PDF"):
                    page = pdf.pages[number - 1].obj
                yield from self._inline(pdf_content.page_contents(page), own, (number, PAGE))
            except FormatError as error:
                yield PdfPart(own, error)

    def _inline(self, content: bytes, own: str, key: tuple[int, int]) -> Iterator[PdfPart]:
        if not pdf_content.has_inline(content):
            return
        for count, image in enumerate(pdf_content.inline_images(content), 1):
            yield from self._picture(image, f"{own}-inline-{count}", key, is_inline=True)

    def _form(self, pdf: Any) -> Iterator[PdfPart]:  # noqa: ANN401
        """Yield the XML of a dynamic form, which carries pictures in base64."""
        pikepdf = library()
        try:
            with guarded("the form of the PDF"):
                form = pdf.Root.get("/AcroForm")
                value = form.get("/XFA") if isinstance(form, pikepdf.Dictionary) else None
                each = list(value) if isinstance(value, pikepdf.Array) else [value]
                data = b"".join(
                    decoded(item, _MAX_TEXT_BYTES) for item in each if isinstance(item, pikepdf.Stream)
                )
        except FormatError as error:
            yield PdfPart("form.xml", error)
            return
        if data and (spot := self._new("form", data, (0, 0))):
            yield PdfPart("form.xml", data, spot=spot)

    def _mosaics(self, numbers: Sequence[int], data: bytes, password: str) -> Iterator[PdfPart]:
        """Yield what pages show of the images that they put together from pieces."""
        try:
            with Pages(data, password) as pages:
                for number in numbers[: self._limits.frames]:
                    yield from _mosaics_of(pages, number, self._limits)
        except FormatError as error:
            yield PdfPart("mosaics", error)

    def _new(self, kind: str, data: bytes, key: tuple[int, int], *, is_inline: bool = False) -> Spot | None:
        """Return the spot of a part that is to be given, or None."""
        digest = hashlib.sha256(data).digest()
        if self._only is None:
            is_due = digest not in self._seen
            self._seen.add(digest)
        else:
            is_due = digest in self._only
        return Spot(kind, digest, key, is_inline) if is_due else None


def _kind_of(stream: Dictionary) -> str:
    """Return what a stream is for, as far as it says."""
    with guarded("a stream of the PDF"):
        kind = name(stream, "/Type")
        if kind in _SKIPPED or "/Length1" in stream or name(stream, "/Subtype") in _FONTS:
            return "none"
        if kind == "/EmbeddedFile":
            return "attachment"
        if is_picture(stream):
            return "picture"
        return "metadata" if kind == "/Metadata" else "other"


def _mosaics_of(pages: Pages, number: int, limits: Limits) -> Iterator[PdfPart]:
    for count, mosaic in enumerate(pages.mosaics(number - 1), 1):
        left, bottom, right, top = mosaic.box
        check_pixels((int(right - left) + 1, int(top - bottom) + 1), limits)
        shown = pages.drawn(number - 1, mosaic.box, mosaic.scale)
        yield PdfPart(f"page-{number}-mosaic-{count}.ppm", portable_anymap(shown))


def _attached(pdf: Any) -> dict[tuple[int, int], str]:  # noqa: ANN401
    """Return the names of attached files by the streams that hold them, wherever a file is specified."""
    found: dict[tuple[int, int], str] = {}
    with guarded("the objects of the PDF"):
        for each in pdf.objects:
            _specifications(each, found, 0)
    return found


def _specifications(value: Any, found: dict[tuple[int, int], str], depth: int) -> None:  # noqa: ANN401
    """Note a file specification, and those that stand directly inside names, annotations and actions."""
    pikepdf = library()
    if depth > _MAX_DIRECT:
        return
    if isinstance(value, pikepdf.Array):
        for item in list(value)[:_MAX_NAMES]:
            if isinstance(item, pikepdf.Dictionary) and not item.is_indirect:
                _specifications(item, found, depth + 1)
    elif isinstance(value, pikepdf.Dictionary) and not isinstance(value, pikepdf.Stream):
        _embedded(value, found)
        for key in _HOLDERS:
            inner = value.get(key)
            if isinstance(inner, pikepdf.Object) and not inner.is_indirect:
                _specifications(inner, found, depth + 1)


def _embedded(value: Dictionary, found: dict[tuple[int, int], str]) -> None:
    pikepdf = library()
    files = value.get("/EF")
    if not isinstance(files, pikepdf.Dictionary):
        return
    title = next((str(value[key]) for key in ("/UF", "/F") if key in value), "")
    for stream in files.as_dict().values():
        if isinstance(stream, pikepdf.Stream):
            found.setdefault(key_of(stream), _plain(title))


def _plain(title: str) -> str:
    return "".join(letter for letter in title[-200:] if letter.isprintable())
