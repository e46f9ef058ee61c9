"""Open picture bytes with Pillow, quietly and with this project's errors.

For the modules of this room only. Pillow chooses its reader by content, never by name, and only among the
kinds listed here; its warnings, which it would print, say nothing that a gap does not say better.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KINDS", "guarded", "open_image"]

KINDS = {
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "DIB": "image/bmp",
    "GIF": "image/gif",
    "ICO": "image/vnd.microsoft.icon",
    "JPEG": "image/jpeg",
    "JPEG2000": "image/jp2",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "PPM": "image/x-portable-anymap",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
}
"""Pillow's names of the kinds read here, and their media types (MPO is a JPEG with others behind it)."""

# What Pillow's readers raise on broken bytes, as fuzzing shows; anything else is a defect and may show.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
)


@contextmanager
def guarded() -> Iterator[None]:
    """Run Pillow without its warnings, and turn what it raises into a FormatError that holds no content."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except FormatError:
            raise
        except Image.DecompressionBombError:
            raise LimitExceededError("the picture has more pixels than the picture library opens") from None
        except MemoryError:
            raise LimitExceededError("the picture needs more memory than there is") from None
        except UnidentifiedImageError:
            raise UnsupportedError("the bytes are no picture of a kind that is read here") from None
        except _BROKEN as error:
            raise FormatError(f"the picture is broken or cut off ({type(error).__name__})") from None


def open_image(data: bytes) -> Image.Image:
    """Open a picture without decoding its pixels.

    Raises:
        UnsupportedError: No reader knows the bytes.
        FormatError: The bytes are broken.
        LimitExceededError: The header claims more pixels than Pillow opens.
    """
    with guarded():
        return Image.open(io.BytesIO(data), formats=tuple(kind for kind in KINDS if kind != "MPO"))
