"""Empty values of JSON, CSV, XML, SQL dumps and plain text that hold templates or samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.actions.due import Sieve
from efface.errors import FormatError, RemovalError
from efface.formats import sniff
from efface.formats.text_edit import emptied
from efface.formats.text_values import TEXT_TYPES, values
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.model import Finding, Limits

__all__ = ["EraseValues"]


class EraseValues:
    """Every value at a place that holds what was found becomes empty; all other characters of the text stay.

    Other values at the same place stay: `due` tells which are which. A value that only contains what was
    found, as a JSON text inside a CSV field does, is refused. Pictures at levels 2 and 3 all go, those without
    a face too; at level 1 they go only when all show one.

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
            RemovalError: It is no text, larger than the limits, or a value cannot be emptied alone; or
                pictures at level 1 do not all show a face.
        """
        if len(data) > limits.artefact_bytes:
            raise RemovalError(f"the text has more than artefact_bytes = {limits.artefact_bytes}")
        shares: dict[str, list[Finding]] = {}
        for finding in findings:
            shares.setdefault(finding.locator.fragment or "", []).append(finding)
        sieves = {place: Sieve(share) for place, share in shares.items()}
        try:
            kind = sniff.media_type(data[: sniff.HEAD_BYTES], findings[0].locator.path[0]) if findings else ""
            for place, value in values(data, kind):
                if place in sieves:
                    sieves[place].count(value)
            for sieve in sieves.values():
                sieve.check()
            return emptied(data, sieves, kind, lambda place, value: _goes(sieves[place], value))
        except FormatError as error:
            raise RemovalError(f"the text cannot be rewritten: {error}") from None


def _goes(sieve: Sieve, value: bytes | str) -> bool:
    left = sieve.rest(value)
    if left is not None and left != value:
        raise RemovalError(
            "a value of the text is itself a text that contains what was found among other things: take it out"
            " with the program that wrote it, or remove the record"
        )
    return left is None
