"""Files of records: Avro's object containers and MongoDB's dumps in BSON."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from efface.engines import avro_files, bson_files
from efface.formats.document_values import walk
from efface.sources.gathered import gathered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from efface.model import Beat, Column, Gap, Limits, Part

__all__ = ["Records"]

_READERS = {"application/vnd.apache.avro": avro_files.records, "application/bson": bson_files.records}


class Records:
    """Columns of the fields of records, one for each place, with `*` for any record and any element.

    Records are read one by one; of each field `cells` values are kept, drawn by chance where there are more.
    """

    name = "records"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a file of records."""
        return media_type in _READERS

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap | Beat]:
        """Yield one column for each place in the records.

        Raises:
            FormatError: It is damaged; what stands before the damage is given first.
            UnsupportedError: efface[files] is not installed.
        """
        with closing(part.payload.open()) as stream:
            yield from gathered(_values(stream, media_type, limits), part, limits)


def _values(stream: BinaryIO, media_type: str, limits: Limits) -> Iterator[tuple[str, bytes | str]]:
    for place, record in _READERS[media_type](stream, limits.unpacked_bytes):
        yield from walk(place, record)
