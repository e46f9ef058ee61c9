"""A thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from efface.model.locator import Locator

__all__ = ["Artefact"]


@dataclass(frozen=True, slots=True)
class Artefact:
    """A thing that was looked at; it never holds its bytes.

    Attributes:
        locator: Where it is.
        media_type: IANA media type by content, not by name; `application/octet-stream` when nothing
            decides, `application/vnd.efface.column` for a column of values.
        size_bytes: Size in bytes; of a column the bytes of the values that were read.
        sha256: Digest of the content in lower hex, or empty where there are no bytes of its own. It
            stays in memory: what is kept or shown is a keyed digest of it, or nothing.
        modified_at: Aware UTC time of last change, or None when unknown.
    """

    locator: Locator
    media_type: str
    size_bytes: int
    sha256: str = ""
    modified_at: datetime | None = None
