"""Draw a short text as a QR code, with the optional library segno.

Source: ISO/IEC 18004 (QR Code), 6.3.8 (a quiet zone of four modules around it).
"""

from __future__ import annotations

from typing import Final

__all__ = ["QUIET_MODULES", "modules"]

QUIET_MODULES: Final = 4
"""Width of the light zone that a reader needs around a code."""


def modules(text: str) -> tuple[tuple[bool, ...], ...] | None:
    """Return the rows of a QR code, True for dark, without the quiet zone; None where segno is missing.

    Args:
        text: At most some hundred characters; error correction is of level M (15 %) or better.
    """
    try:
        import segno  # noqa: PLC0415 - optional
    except ImportError:
        return None
    code = segno.make_qr(text, error="m")
    return tuple(tuple(bool(module) for module in row) for row in code.matrix)
