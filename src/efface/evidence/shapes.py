"""The shapes that a text in a ledger or certificate may have; nothing else is let in.

Every shape is short and closed: a digest, a word of a list, a version, a time. None is long enough
for a picture, a recording or a vector, and none is free prose.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from efface.errors import EvidenceError
from efface.evidence.canonical import MAX_INTEGER

__all__ = [
    "DAY",
    "DIGEST",
    "IDENTIFIER",
    "NAMED_DIGEST",
    "NAME_AT_VERSION",
    "REF",
    "RUN",
    "TIME",
    "VERSION",
    "WORD",
    "Count",
    "Day",
    "Digest",
    "Identifier",
    "NameAtVersion",
    "NamedDigest",
    "Ref",
    "RunId",
    "Strict",
    "Time",
    "Version",
    "printed",
    "read",
]

REF: Final = r"[0-9a-f]{32}"
DIGEST: Final = r"[0-9a-f]{64}"
NAMED_DIGEST: Final = r"sha256:[0-9a-f]{64}"
RUN: Final = r"[0-9a-f][0-9a-f-]{7,39}"
VERSION: Final = r"[0-9][0-9A-Za-z.+]{0,23}"
NAME_AT_VERSION: Final = r"[a-z][a-z0-9_.-]{0,47}@[0-9][0-9a-z.+]{0,15}"
IDENTIFIER: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}"
TIME: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
WORD: Final = r"[a-z][a-z_-]{0,23}"


def printed(moment: datetime) -> str:
    """Return an aware time as the ledger writes it: UTC, whole seconds, `2026-11-22T10:00:00Z`.

    Raises:
        EvidenceError: The time has no zone.
    """
    if moment.tzinfo is None:
        raise EvidenceError("expected an aware time, got one without a zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _real_time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _real_day(text: str) -> str:
    date.fromisoformat(text)
    return text


def _shape(pattern: str) -> Any:  # noqa: ANN401 - what pydantic says it is
    return Field(pattern=f"^(?:{pattern})$")


Ref = Annotated[str, _shape(REF)]
Digest = Annotated[str, _shape(DIGEST)]
NamedDigest = Annotated[str, _shape(NAMED_DIGEST)]
RunId = Annotated[str, _shape(RUN)]
Version = Annotated[str, _shape(VERSION)]
NameAtVersion = Annotated[str, _shape(NAME_AT_VERSION)]
Identifier = Annotated[str, _shape(IDENTIFIER)]
Time = Annotated[str, _shape(TIME), AfterValidator(_real_time)]
Day = Annotated[str, _shape(DAY), AfterValidator(_real_day)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]


class Strict(BaseModel):
    """Base of every schema here: nothing is converted, nothing is added, nothing changes."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


_Read = TypeVar("_Read")
_PLAIN_NAME = re.compile(r"[a-z_]{1,24}")
_FAULTS_SHOWN = 3


def read(adapter: TypeAdapter[_Read], data: bytes) -> _Read:
    """Return JSON as a value of a strict schema.

    Raises:
        EvidenceError: It does not fit; the message names places and kinds of fault, never what stood there.
    """
    try:
        return adapter.validate_json(data)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        shown = "; ".join(f"{_place(fault['loc'])}: {fault['type']}" for fault in faults[:_FAULTS_SHOWN])
        raise EvidenceError(f"{len(faults)} faults of schema: {shown}") from None


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(p) if isinstance(p, int) or _PLAIN_NAME.fullmatch(p) else "?" for p in location)
