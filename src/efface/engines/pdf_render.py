"""Draw images and parts of pages with PDFium, where pixels cannot be had otherwise.

A photo that was cut into strips or tiles shows its face only when the page puts them together again.

Source: ISO 32000-2, 8.9.5 (images), 8.3.4 (user space).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from efface.engines.pdf_objects import Dictionary

__all__ = ["Mosaic", "Pages", "image", "mosaics"]

_MAX_SIDE_PX = 4096  # of what is drawn
_MAX_PLACED = 20_000  # images of one page
_MAX_MOSAICS = 16  # of one page
_MIN_PIECES = 3
_TOUCH = 0.02  # share of a piece's side by which neighbours may miss one another


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Images of a page that together make up one.

    Attributes:
        box: Left, bottom, right and top in points of the page.
        pieces: How many they are.
        scale: Pixels of the images for one point.
    """

    box: tuple[float, float, float, float]
    pieces: int
    scale: float


def _library() -> Any:  # noqa: ANN401 - an untyped module
    return import_module("pypdfium2")  # heavy: only where something must be drawn


def image(stream: Dictionary, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the pixels of one image of a PDF as a page shows it that holds nothing else, in grey.

    Raises:
        FormatError: It cannot be drawn.
        UnsupportedError: PDFium is not installed.
    """
    from pikepdf import Dictionary as New  # noqa: PLC0415
    from pikepdf import Name, Pdf, Stream  # noqa: PLC0415

    width, height = size
    shrink = min(1.0, _MAX_SIDE_PX / max(size))
    with Pdf.new() as alone:
        alone.add_blank_page(page_size=(max(width, 3), max(height, 3)))
        page = alone.pages[0]
        copy = alone.copy_foreign(stream) if stream.is_indirect else stream
        page.obj["/Resources"] = New(XObject=New({"/I": copy}))
        copy["/Subtype"] = Name("/Image")
        page.obj["/Contents"] = Stream(alone, b"%d 0 0 %d 0 0 cm /I Do" % (width, height))
        out = io.BytesIO()
        alone.save(out)
    with Pages(out.getvalue()) as pages:
        return pages.drawn(0, (0, 0, width, height), shrink, grey=True)


class Pages:
    """The pages of a PDF as PDFium sees them.

    Args:
        data: The whole file.
        password: One that opens it.

    Raises:
        FormatError: PDFium cannot open it.
        UnsupportedError: PDFium is not installed.
    """

    def __init__(self, data: bytes, password: str = "") -> None:
        pdfium = _library()
        self._pdfium = pdfium
        try:
            self._document = pdfium.PdfDocument(data, password=password or None)
        except pdfium.PdfiumError:
            raise FormatError("the pages of the PDF cannot be drawn") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._document.close()

    def __len__(self) -> int:
        return len(self._document)

    def drawn(
        self, number: int, box: tuple[float, float, float, float], scale: float, *, grey: bool = False
    ) -> NDArray[np.uint8]:
        """Return the pixels of a part of a page, uint8: grey or RGB.

        Args:
            number: The page, from 0.
            box: Left, bottom, right and top in points.
            scale: Pixels a point; it is made smaller where the sides would be too long.
            grey: Without colours.
        """
        try:
            page = self._document[number]
            left, bottom, right, top = box
            frame = page.get_mediabox()
            crop = (left - frame[0], bottom - frame[1], frame[2] - right, frame[3] - top)
            page.set_cropbox(*frame)
            page.set_rotation(0)
            scale = min(scale, _MAX_SIDE_PX / max(right - left, top - bottom, 1.0))
            bitmap = page.render(
                scale=scale, crop=tuple(max(side, 0.0) for side in crop), grayscale=grey, may_draw_forms=False
            )
            pixels = np.array(bitmap.to_numpy())
            bitmap.close()
            page.close()
        except (self._pdfium.PdfiumError, ValueError, IndexError) as error:
            raise FormatError("a page of the PDF cannot be drawn") from error
        if pixels.ndim == 3 and pixels.shape[2] == 1:
            return pixels[:, :, 0]
        return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, 2::-1])

    def mosaics(self, number: int) -> list[Mosaic]:
        """Return the groups of images of a page that touch one another in rows, columns or grids."""
        return mosaics(list(self._placed(number)))

    def _placed(self, number: int) -> Iterator[tuple[float, float, float, float, float]]:
        """Yield left, bottom, right, top of each image, and how many pixels it has for a point."""
        raw = self._pdfium.raw
        try:
            page = self._document[number]
            for count, each in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=8)):
                if count >= _MAX_PLACED:
                    break
                left, bottom, right, top = each.get_bounds()
                if right > left and top > bottom:
                    width, height = each.get_px_size()
                    yield left, bottom, right, top, max(width / (right - left), height / (top - bottom))
            page.close()
        except (self._pdfium.PdfiumError, ValueError, IndexError) as error:
            raise FormatError("a page of the PDF cannot be drawn") from error


def mosaics(placed: Sequence[tuple[float, float, float, float, float]]) -> list[Mosaic]:
    """Return the groups of boxes that touch side by side and are as wide or as high as their neighbours.

    Args:
        placed: Left, bottom, right, top and pixels a point of each image.
    """
    leader = list(range(len(placed)))

    def root(at: int) -> int:
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    for low, high, start, stop in ((1, 3, 0, 2), (0, 2, 1, 3)):
        order = sorted(range(len(placed)), key=lambda n: (round(placed[n][start]), placed[n][low]))
        for one, other in pairwise(order):
            a, b = placed[one], placed[other]
            slack = max(_TOUCH * (a[stop] - a[start]), 1.0)
            beside = abs(a[start] - b[start]) <= slack and abs(a[stop] - b[stop]) <= slack
            if beside and abs(b[low] - a[high]) <= max(_TOUCH * (a[high] - a[low]), 1.0):
                leader[root(one)] = root(other)
    groups: dict[int, list[tuple[float, float, float, float, float]]] = {}
    for at in range(len(placed)):
        groups.setdefault(root(at), []).append(placed[at])
    found = [_mosaic(group) for group in groups.values() if len(group) >= _MIN_PIECES]
    return sorted(found, key=lambda each: -each.pieces)[:_MAX_MOSAICS]


def _mosaic(group: list[tuple[float, float, float, float, float]]) -> Mosaic:
    box = (
        min(each[0] for each in group),
        min(each[1] for each in group),
        max(each[2] for each in group),
        max(each[3] for each in group),
    )
    return Mosaic(box, len(group), max(each[4] for each in group))
