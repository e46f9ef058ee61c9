"""Empty values of JSON, CSV, XML, SQL dumps and plain text that hold templates or samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.errors import FormatError, RemovalError
from efface.formats import sniff
from efface.formats.text_edit import emptied
from efface.formats.text_values import TEXT_TYPES
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.model import Finding, Limits

__all__ = ["EraseValues"]


class EraseValues:
    """Every value at a place becomes empty; all other characters of the text stay.

    Not promised: checksums and signatures over the text no longer hold.
    """

    name = "erase-values"
    version = 1
    method = Method.CLEAR

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it is a place in such a text."""
        is_text = media_type.startswith("text/") or media_type in TEXT_TYPES
        fragment = finding.locator.fragment or ""
        return is_text and len(finding.locator.path) == 1 and fragment.startswith(("/", "text"))

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the text with the values emptied.

        Raises:
            RemovalError: It is no text, larger than the limits, or a value cannot be emptied alone.
        """
        if len(data) > limits.artefact_bytes:
            raise RemovalError(f"the text has more than artefact_bytes = {limits.artefact_bytes}")
        places = {finding.locator.fragment or "" for finding in findings}
        try:
            kind = sniff.media_type(data[: sniff.HEAD_BYTES], findings[0].locator.path[0]) if findings else ""
            return emptied(data, places, kind)
        except FormatError as error:
            raise RemovalError(f"the text cannot be rewritten: {error}") from None
