"""Find biometric records of every known standard and vendor in one pass over the data.

MODULES is the table: a new format is one file with SIGNATURES and one line here.

Rule for nesting: a face record inside a data group, or a WSQ picture inside an ANSI/NIST-ITL transaction, is
not reported apart; the outermost record whose structure was walked is, and its notes say what it holds.
A transaction of several modalities gives one record for each, at the same offset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.formats import (
    an2k,
    arcsoft,
    digitalpersona,
    griaule,
    icao_lds,
    id_card_wlt,
    iso19794_2,
    iso19794_4,
    iso19794_5,
    iso19794_6,
    iso19794_family,
    opencv_faces,
    sourceafis,
    wsq,
    zkteco,
)
from efface.formats.scan import MAX_RECORDS, Data, scan
from efface.formats.text_magics import TEXT_MAGICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.formats.record import Record

__all__ = ["MODULES", "SIGNATURES", "TEXT_MAGICS", "find_all"]

MODULES = (
    an2k,
    arcsoft,
    digitalpersona,
    griaule,
    icao_lds,
    id_card_wlt,
    iso19794_2,
    iso19794_4,
    iso19794_5,
    iso19794_6,
    iso19794_family,
    opencv_faces,
    sourceafis,
    wsq,
    zkteco,
)
SIGNATURES = tuple(signature for module in MODULES for signature in module.SIGNATURES)


def find_all(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield every biometric record in the data, the outermost of nested ones.

    Args:
        data: What to search; anything but bytes is copied once.
        limit: Stop after this many records. A caller that gets as many must say that there may be more.

    Raises:
        LimitExceededError: The data imitates the beginnings of records more than a thousand times.

    Not promised: records that are compressed, encrypted or coded as text (`formats.encoded` reads base64 and
    hexadecimal); formats without any magic, such as the card formats of ISO/IEC 19794-2.
    """
    return scan(data, SIGNATURES, limit=limit)
