"""Where to paint: boxes as a viewer shows them, turned into regions of the stored pixels.

Source: Exif 3.0, tag 274 (orientation 1 to 8); the decision record on flat fill (re-identification falls to
chance from 1.5 times the detected box; at least twice the box covers hair and ears, of turned heads too).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from efface.errors import FormatError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from efface.model.limits import Limits

__all__ = [
    "BLOCK_PX",
    "MARGIN_DIVISOR",
    "PageBox",
    "Region",
    "check_covered",
    "check_size",
    "regions",
    "turned",
]

MARGIN_DIVISOR = 2
"""Half of the box's longer side on each side: of a turned head nobody knows which side of the box the hair is."""
BLOCK_PX = 16
"""The largest block that a JPEG with halved chroma stores as one; a fill that ends inside one bleeds."""


@dataclass(frozen=True, slots=True)
class PageBox:
    """A rectangle in the picture as a viewer shows it.

    Attributes:
        page: Page counted from 1, or None for every page or frame.
        x: Left edge in pixels.
        y: Top edge in pixels.
        width: Width in pixels.
        height: Height in pixels.
    """

    page: int | None
    x: int
    y: int
    width: int
    height: int


class Region(NamedTuple):
    """Pixels [left, right) by [top, bottom) of the picture as it is stored."""

    left: int
    top: int
    right: int
    bottom: int

    def clipped(self, width: int, height: int) -> Region | None:
        """Return what lies inside a picture, or None."""
        left, top = max(self.left, 0), max(self.top, 0)
        right, bottom = min(self.right, width), min(self.bottom, height)
        return Region(left, top, right, bottom) if left < right and top < bottom else None

    def shifted(self, left: int, top: int) -> Region:
        """Return the region as seen from a point."""
        return Region(self.left - left, self.top - top, self.right - left, self.bottom - top)

    def aligned(self, across: int, down: int) -> Region:
        """Return the smallest region of whole blocks of a width and a height around this one."""
        return Region(
            self.left // across * across,
            self.top // down * down,
            -(-self.right // across) * across,
            -(-self.bottom // down) * down,
        )

    def inset(self, by: int, width: int, height: int) -> Region | None:
        """Return the region without its rim, where the rim is not the picture's own edge."""
        return Region(
            self.left + by * (self.left > 0),
            self.top + by * (self.top > 0),
            self.right - by * (self.right < width),
            self.bottom - by * (self.bottom < height),
        ).clipped(width, height)


def regions(
    boxes: Iterable[PageBox], size: tuple[int, int], orientation: int = 1, *, page: int | None = None
) -> list[Region]:
    """Return what to paint of one page, in stored pixels.

    Args:
        boxes: In displayed coordinates.
        size: Width and height as stored.
        orientation: EXIF orientation, 1 to 8, from stored to displayed.
        page: Number of the page, from 1; None takes the boxes of all pages.
    """
    found = (
        _stored(_enlarged(box), size, orientation).clipped(*size)
        for box in boxes
        if page is None or box.page in (None, page)
    )
    return [region for region in found if region is not None]


def turned(box: PageBox, size: tuple[int, int], orientation: int) -> PageBox:
    """Return a displayed box in stored coordinates, without any margin; `size` is as stored."""
    shown = Region(box.x, box.y, box.x + box.width, box.y + box.height)
    left, top, right, bottom = _stored(shown, size, orientation)
    return PageBox(box.page, left, top, right - left, bottom - top)


def check_size(size: tuple[int, int], limits: Limits) -> None:
    """Raise LimitExceededError when a frame has more pixels than the run takes on, FormatError for none."""
    if size[0] <= 0 or size[1] <= 0:
        raise FormatError("a frame has no pixels")
    if size[0] * size[1] > limits.picture_pixels:
        raise LimitExceededError(f"a frame has more pixels than picture_pixels = {limits.picture_pixels}")


def check_covered(boxes: Sequence[PageBox], painted: Sequence[Region]) -> None:
    """Raise FormatError when not one box lies in the picture: it is another picture than was looked at."""
    if boxes and not painted:
        raise FormatError("no box lies inside the picture")


def _enlarged(box: PageBox) -> Region:
    by = -(-max(box.width, box.height) // MARGIN_DIVISOR)
    return Region(box.x - by, box.y - by, box.x + box.width + by, box.y + box.height + by)


def _stored(shown: Region, size: tuple[int, int], orientation: int) -> Region:
    """Turn a displayed region back into stored coordinates."""
    if orientation >= 5:  # rows and columns are swapped
        shown = Region(shown.top, shown.left, shown.bottom, shown.right)
    left, top, right, bottom = shown
    width, height = size
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    return Region(left, top, right, bottom)
