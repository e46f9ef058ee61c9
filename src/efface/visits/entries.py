"""What the log of a visit may hold: one strict schema for each kind of line, with nothing optional or extra.

    opened        where, who was there, on which mandate and whose authorisation, and how the clock goes
    note          what was seen or said, in the inspector's words
    photo         a picture of the scene, after every face in it was covered
    run           a run of `efface scan`: counts here, reports, ledger and baseline as files
    certificate   a certificate of the organisation, as it is
    paper         a paper as it is, and by when what it orders is due
    compared      a second look at the same targets beside the bundle of an earlier visit
    sealed        a bundle was made of everything before

Every line carries `seq` from 1, `at` (UTC, whole seconds) and `previous`, the root of the tree of all lines before.

Not promised: notes, names and roles are what the inspector wrote; a picture of somebody put into words is not noticed.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, TypeAdapter

from efface.evidence.shapes import Count, Day, Digest, RunId, Strict, Time, Version
from efface.model import Characteristic, Form, Mode, VerdictKind

__all__ = [
    "FILE_NAME",
    "MAX_PROSE",
    "MAX_TARGETS",
    "Certificate",
    "Compared",
    "Entry",
    "File",
    "Found",
    "Note",
    "Opened",
    "Paper",
    "Person",
    "Photo",
    "Run",
    "Sealed",
    "entry_adapter",
]

MAX_PROSE: Final = 4000
"""Longest text of a line, in characters."""
MAX_TARGETS: Final = 1000
"""Most targets of a run that a line names."""
FILE_NAME: Final = r"[0-9]{2,5}-[a-z]{2,16}\.[a-z0-9]{2,5}"
"""How a file of a visit is called: by the number of its line and its kind, never as its maker called it."""
_OFFSET_S = 10 * 366 * 24 * 3600


def _said(text: str) -> str:
    if not text.strip():
        message = "blank"
        raise ValueError(message)
    return text


Prose = Annotated[str, Field(min_length=1, max_length=MAX_PROSE), AfterValidator(_said)]


class Person(Strict):
    """Somebody present, and as what."""

    name: Prose
    role: Prose


class File(Strict):
    """A file of the visit."""

    name: Annotated[str, Field(pattern=f"^(?:{FILE_NAME})$")]
    sha256: Digest
    size_bytes: Count


class Found(Strict):
    """What a run found of one kind: how often, and how many data subjects it concerns at most."""

    characteristic: Characteristic
    form: Form
    findings: Count
    references: Count


class _Line(Strict):
    seq: Annotated[int, Field(ge=1, le=99_999)]
    at: Time
    previous: Digest

    @property
    def files(self) -> tuple[File, ...]:
        """The files that came with this line."""
        return ()


class _WithFile(_Line):
    file: File

    @property
    def files(self) -> tuple[File, ...]:
        """The one file that came with this line."""
        return (self.file,)


class Opened(_Line):
    """The visit began; `clock_offset_s` is true time less the clock of this machine, as the inspector states it."""

    kind: Literal["opened"]
    visit: RunId
    tool_version: Version
    premises: Prose
    people: Annotated[tuple[Person, ...], Field(min_length=1, max_length=100)]
    mandate: Prose
    authorisation: Prose
    clock_offset_s: Annotated[int, Field(ge=-_OFFSET_S, le=_OFFSET_S)] | None


class Note(_Line):
    """What was seen or said."""

    kind: Literal["note"]
    text: Prose


class Photo(_WithFile):
    """A picture of the scene; `faces` were found in what was given, and none in what is kept."""

    kind: Literal["photo"]
    faces: Count


class Run(_Line):
    """A run; `reports` are JSON, HTML, ledger and baseline."""

    kind: Literal["run"]
    run: RunId
    tool_version: Version
    mode: Mode
    started_at: Time
    finished_at: Time
    targets: Annotated[tuple[Prose, ...], Field(min_length=1, max_length=MAX_TARGETS)]
    seen: Count
    scanned: Count
    gaps: Count
    found: tuple[Found, ...]
    verdicts_by: dict[VerdictKind, Count]
    reports: Annotated[tuple[File, ...], Field(min_length=4, max_length=4)]

    @property
    def files(self) -> tuple[File, ...]:
        """Reports, ledger and baseline."""
        return self.reports


class Certificate(_WithFile):
    """A certificate, not checked here: `visit again` and `check` do that."""

    kind: Literal["certificate"]


class Paper(_WithFile):
    """A paper; `gaps` could not be looked at in it, `due` is the day by which what it orders is to be done."""

    kind: Literal["paper"]
    gaps: Count
    due: Day | None


class Compared(_WithFile):
    """A second look at the run of line `line` of an earlier visit whose log had the root `earlier` when sealed.

    `back` counts what certificates that were shown say was removed and is back, at least.
    """

    kind: Literal["compared"]
    earlier: Digest
    line: Count
    gone: Count
    there: Count
    moved: Count
    new: Count
    untold: Count
    gaps: Count
    back: Count

    @property
    def is_clean(self) -> bool:
        """Whether nothing is there and nothing is open."""
        return not (self.there or self.moved or self.new or self.untold or self.gaps or self.back)


class Sealed(_Line):
    """A bundle was made of all lines before and this one; `number` counts the bundles of the visit from 1."""

    kind: Literal["sealed"]
    number: Annotated[int, Field(ge=1, le=99_999)]
    key: Digest


Entry = Annotated[
    Opened | Note | Photo | Run | Certificate | Paper | Compared | Sealed, Field(discriminator="kind")
]
entry_adapter: TypeAdapter[Entry] = TypeAdapter(Entry)
