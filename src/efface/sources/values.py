"""Texts with values in them: JSON, XML, CSV, SQL dumps and plain text, as columns of values."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from efface.formats import text_stream, text_values
from efface.formats.text_values import TEXT_TYPES
from efface.sources.gathered import gathered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Beat, Column, Gap, Limits, Part

__all__ = ["Values"]

_WHOLE_BYTES = 32 << 20


class Values:
    """Columns of a text: one for each place that its values have, with `*` for any element.

    Values in more than 4,096 places are taken together as place `**`. Of each place `cells` values are kept,
    drawn by chance where there are more. Texts of more than 32 MiB are read in pieces, however large.
    """

    name = "values"
    version = 2

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a text that holds values."""
        return media_type.startswith("text/") or media_type in TEXT_TYPES

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap | Beat]:
        """Yield one column for each place in the text; none where a glance shows short values only.

        Raises:
            FormatError: It is no text.
            LimitExceededError: Single records are too long; the others are given first.
        """
        size = part.payload.size_bytes
        is_object = (
            media_type == "application/json"
            and part.payload.head().lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
        )
        if size <= (text_values.MAX_JSON_BYTES if is_object else _WHOLE_BYTES):
            yield from gathered(
                text_values.values(part.payload.read(), media_type, only_long=True), part, limits
            )
            return
        with closing(part.payload.open()) as stream:
            yield from gathered(text_stream.values(stream, media_type), part, limits)
