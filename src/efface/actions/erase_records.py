"""Empty fields of the records of Avro files and of MongoDB's dumps in BSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from efface.actions.due import Sieve
from efface.engines import avro_files, bson_files
from efface.errors import FormatError, RemovalError
from efface.formats import sniff
from efface.formats.document_values import changed
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.model import Finding, Limits

__all__ = ["EraseRecords"]

_WRITERS = {"application/vnd.apache.avro": avro_files.rewritten, "application/bson": bson_files.rewritten}


class EraseRecords:
    """Every value of a field that holds what was found becomes empty: a text, bytes or a list of numbers.

    Records and fields stay, and `due` tells which values go. Records in which nothing is due keep their bytes;
    schema, codec and marks of an Avro file stay.

    Not promised: archives of `mongodump --archive` have checksums and are refused, as are records that the
    library would not write as they were: doubled keys, types that BSON gave up, bytes of a fixed length.
    """

    name = "erase-records"
    version = 1
    method = Method.CLEAR

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it is a field of such records."""
        is_field = (finding.locator.fragment or "").startswith("/*")
        return media_type in _WRITERS and len(finding.locator.path) == 1 and is_field

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the file without what was found.

        Raises:
            RemovalError: It is damaged or cannot be written as it was; a value holds what was found among other
                things; or pictures at level 1 do not all show a face.
        """
        shares: dict[str, list[Finding]] = {}
        for finding in findings:
            shares.setdefault(finding.locator.fragment or "", []).append(finding)
        sieves = {place: Sieve(share) for place, share in shares.items()}
        kind = sniff.media_type(data[: sniff.HEAD_BYTES])
        if kind not in _WRITERS:
            raise RemovalError("it is no file of records any more")

        def left_of(place: str, value: bytes | str) -> bytes | str | None:
            sieve = sieves.get(place)
            if sieve is None:
                return value
            sieve.count(value)
            return sieve.rest(value)

        def edited(place: str, record: Any) -> Any:  # noqa: ANN401 - a record is any value
            return changed(place, record, left_of)

        try:
            result = _WRITERS[kind](data, edited, limits.unpacked_bytes)
        except FormatError as error:
            raise RemovalError(f"the records cannot be rewritten: {error}") from None
        for sieve in sieves.values():
            sieve.check()
        return result
