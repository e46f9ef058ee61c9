"""Write a PDF anew with parts of it changed, in every copy, and without what it held before.

What an incremental update replaced, what nothing refers to and what lies between the objects is not in the new
file; nor are thumbnails of pages, alternate versions of a changed image, and pictures in its metadata. Every
other stream keeps its bytes (in an encrypted file: its content), every other object its value. Objects are
numbered anew. An encrypted file stays encrypted, with the same passwords and permissions.

Not promised: signatures in the file no longer hold; a linearized file is none any more.

Source: ISO 32000-2, 7.5 (file structure), 7.6 (encryption), 7.11.4 (embedded files), 12.3.4 (thumbnails).
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from efface.engines import pdf_content, pdf_file, pdf_inline, pdf_paint
from efface.engines.pdf import parts
from efface.engines.pdf_objects import decoded, guarded, key_of, library
from efface.engines.pdf_parts import PAGE, Walk
from efface.engines.picture_metadata import clean_xmp, holds_picture
from efface.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from efface.engines.pdf_objects import Dictionary
    from efface.engines.pdf_parts import PdfPart, Spot
    from efface.engines.repaint_region import PageBox
    from efface.model.limits import Limits

__all__ = ["Change", "rewrite"]

_GO = ("revision-", "lost-", "before", "behind")
_TEXT_BYTES = 64 << 20
_MAX_OBJECTS = 4_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a part.

    Attributes:
        data: Its new content; None where nothing of it stays, or boxes say what does.
        boxes: What to cover of an image, in pixels as its picture shows it.
    """

    data: bytes | None = field(default=None, repr=False)
    boxes: tuple[PageBox, ...] = ()


def rewrite(
    data: bytes,
    names: Collection[str],
    decide: Callable[[PdfPart], Change],
    limits: Limits,
    passwords: Callable[[], Sequence[str]] = tuple,
) -> bytes:
    """Return a PDF with parts changed; the same bytes where there is nothing to change.

    Args:
        data: The whole file.
        names: Parts, as `pdf.parts` names them.
        decide: Returns what becomes of a part; it is asked once for each that is still in use.
        limits: Budgets.
        passwords: Returns what is tried where the empty password does not open it.

    Raises:
        EncryptedError: No password opens it.
        UnsupportedError: A part cannot be changed without losing something else.
        FormatError: It cannot be read, or has no such part.
        LimitExceededError: A budget is spent.
    """
    due = {part.name: part for part in parts(data, limits, passwords) if part.name in names}
    if len(due) < len(set(names)):
        raise FormatError("the PDF has no such part as was found: it has changed")
    for part in due.values():
        _check(part)
    start, end = pdf_file.start_of(data), pdf_file.end_of(data)
    before = b"" if any(name.startswith("before") for name in due) else data[:start]
    behind = b"" if any(name.startswith("behind") for name in due) else data[end:]
    body = data[start:end]
    with pdf_file.opened(body, passwords) as opened:
        editor = _Editor(opened, limits)
        editor.drop_thumbnails()
        editor.change([part for part in due.values() if not part.name.startswith(_GO)], decide)
        editor.is_changed |= any(name.startswith(_GO) for name in due) or bool(pdf_file.revision_ends(body))
        editor.is_changed |= before + behind != data[:start] + data[end:]
        return before + editor.saved() + behind if editor.is_changed else data


def _check(part: PdfPart) -> None:
    if part.name.startswith(_GO):
        return
    if isinstance(part.data, FormatError):
        raise part.data
    if part.spot is None:
        raise UnsupportedError(
            "pages put a picture together from several images, and nothing tells which of them show what is due"
        )


class _Editor:
    """Changes of one open PDF."""

    def __init__(self, opened: pdf_file.Opened, limits: Limits) -> None:
        self._opened = opened
        self._pdf = opened.pdf
        self._limits = limits
        self.is_changed = False

    def drop_thumbnails(self) -> None:
        """Take the thumbnails of pages and of attached files away."""
        pikepdf = library()
        with guarded("the objects of the PDF"):
            for each in self._pdf.objects:
                if isinstance(each, pikepdf.Dictionary) and isinstance(each.get("/Thumb"), pikepdf.Stream):
                    del each["/Thumb"]
                    self.is_changed = True

    def change(self, due: Sequence[PdfPart], decide: Callable[[PdfPart], Change]) -> None:
        """Change parts in every copy that is still in use."""
        by_digest = {part.spot.digest: part for part in due if part.spot is not None}
        decided: dict[bytes, Change] = {}

        def change_of(digest: bytes) -> Change:
            if digest not in decided:
                decided[digest] = decide(by_digest[digest])
            return decided[digest]

        used = _reachable(self._pdf)
        walk = Walk(self._limits, frozenset(by_digest))
        spots = [part.spot for part in walk.document(self._opened, None) if part.spot is not None]
        spots = [spot for spot in spots if spot.key in used or spot.key[1] == PAGE or spot.kind == "form"]
        inside: dict[tuple[int, int], set[bytes]] = {}
        for spot in spots:
            if spot.is_inline:
                inside.setdefault(spot.key, set()).add(spot.digest)
            else:
                self._object(spot, change_of(spot.digest))
        for key, digests in inside.items():
            self._instructions(key, digests, change_of)
        if any(spot.kind == "picture" for spot in spots):
            self._clean_metadata(used)

    def saved(self) -> bytes:
        """Return the file."""
        out = io.BytesIO()
        with guarded("the PDF as it was to be written"):
            if self._pdf.is_encrypted:
                self._pdf.save(out, encryption=True, fix_metadata_version=False)
            else:
                self._pdf.save(
                    out,
                    fix_metadata_version=False,
                    compress_streams=False,
                    stream_decode_level=library().StreamDecodeLevel.none,
                    deterministic_id=True,
                )
        return out.getvalue()

    def _object(self, spot: Spot, change: Change) -> None:
        if spot.kind == "form":
            self._form(change.data or b"")
            return
        with guarded("an object of the PDF"):
            stream = self._pdf.get_object(spot.key)
            before = bytes(stream.read_raw_bytes())
        if spot.kind == "picture":
            self._picture(stream, change)
        else:
            pdf_paint.put(stream, change.data or b"")
        if spot.kind == "attachment":
            _note_size(stream, change.data or b"")
        with guarded("an object of the PDF"):
            self.is_changed |= bytes(stream.read_raw_bytes()) != before

    def _picture(self, image: Dictionary, change: Change) -> None:
        if change.data is not None:
            pdf_paint.put(image, change.data)
        else:
            pdf_paint.fill(image, change.boxes, self._limits)
        with guarded("an image of the PDF"):
            if "/Alternates" in image:
                del image["/Alternates"]
                self.is_changed = True

    def _form(self, new: bytes) -> None:
        """Change the one piece of a dynamic form in which its text differs."""
        with guarded("the form of the PDF"):
            value = self._pdf.Root.AcroForm.XFA
            streams = pdf_content.streams_of(value)
            pieces = [decoded(stream, _TEXT_BYTES) for stream in streams]
        while pieces and new.startswith(pieces[0]):
            new = new[len(pieces.pop(0)) :]
            streams.pop(0)
        while pieces and new.endswith(pieces[-1]):
            new = new[: len(new) - len(pieces.pop())]
        if len(pieces) > 1 or (new and not pieces):
            raise UnsupportedError("what is due in a dynamic form lies in several of its pieces")
        if pieces:
            pdf_paint.put(streams[0], new)
            self.is_changed = True

    def _instructions(
        self, key: tuple[int, int], digests: set[bytes], change_of: Callable[[bytes], Change]
    ) -> None:
        """Change images inside the instructions of a page or a form."""
        with guarded("instructions of the PDF"):
            if key[1] == PAGE:
                streams = pdf_content.streams_of(self._pdf.pages[key[0] - 1].obj.get("/Contents"))
            else:
                streams = [self._pdf.get_object(key)]
        pieces = [decoded(stream, pdf_content.MAX_CONTENT_BYTES) for stream in streams]

        def change(image: Dictionary) -> bool:
            raw = bytes(image.read_raw_bytes())
            size = b"%d %d" % (int(image.get("/Width", 0)), int(image.get("/Height", 0)))
            digest = hashlib.sha256(raw + size).digest()
            if digest not in digests:
                return False
            self._picture(image, change_of(digest))
            return bytes(image.read_raw_bytes()) != raw

        for stream, piece, new in zip(streams, pieces, pdf_inline.edited(pieces, change), strict=True):
            if new != piece:
                pdf_paint.put(stream, new)
                self.is_changed = True

    def _clean_metadata(self, used: set[tuple[int, int]]) -> None:
        """Take pictures out of the XMP of the document and its objects: they are copies."""
        with guarded("the metadata of the PDF"):
            streams = [self._pdf.get_object(key) for key in sorted(used)]
            streams = [each for each in streams if isinstance(each, library().Stream)]
            streams = [each for each in streams if str(each.get("/Type", "")) == "/Metadata"]
        for stream in streams:
            packet = decoded(stream, _TEXT_BYTES)
            cleaned = clean_xmp(packet)
            if cleaned is None and holds_picture(packet):
                raise UnsupportedError("a picture in the metadata cannot be told from what is around it")
            if cleaned is not None and cleaned != packet:
                pdf_paint.put(stream, cleaned)
                self.is_changed = True


def _note_size(stream: Dictionary, data: bytes) -> None:
    """Make what an attachment says of its size and digest true again."""
    pikepdf = library()
    with guarded("an attachment of the PDF"):
        facts = stream.get("/Params")
        if not isinstance(facts, pikepdf.Dictionary):
            return
        if "/Size" in facts:
            facts["/Size"] = len(data)
        if "/CheckSum" in facts:
            facts["/CheckSum"] = pikepdf.String(hashlib.md5(data, usedforsecurity=False).digest())


def _reachable(pdf: Any) -> set[tuple[int, int]]:  # noqa: ANN401 - a pikepdf object
    """Return the objects that something refers to, from the trailer on: those that will be written."""
    pikepdf = library()
    seen: set[tuple[int, int]] = set()
    with guarded("the objects of the PDF"):
        left: list[Any] = [pdf.trailer]
        while left:
            each = left.pop()
            if each.is_indirect:
                key = key_of(each)
                if key in seen or len(seen) > _MAX_OBJECTS:
                    continue
                seen.add(key)
            if isinstance(each, pikepdf.Array):
                inner = list(each)
            elif isinstance(each, pikepdf.Dictionary | pikepdf.Stream):
                inner = [value for _, value in each.items()]
            else:
                continue
            left += [value for value in inner if isinstance(value, pikepdf.Object)]
    return seen
