"""What the ledger may hold: one strict schema per kind of entry, with nothing optional or extra.

Every entry carries `kind`, `at` (UTC, whole seconds) and `previous` (the root of the tree before it),
the last two written by the ledger itself. Places, findings and contents appear as keyed pseudonyms.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from efface.evidence.comparison import Comparison
from efface.evidence.kinds import Kind
from efface.evidence.shapes import (
    Count,
    Day,
    Digest,
    Identifier,
    NameAtVersion,
    NamedDigest,
    Ref,
    RunId,
    Strict,
    Time,
    Version,
)
from efface.model.vocabulary import (
    Cleaning,
    GapReason,
    Method,
    Mode,
    Recognition,
    RemovalStatus,
    StepOfPerson,
    VerdictKind,
)

__all__ = [
    "CLEAR_DEVICE",
    "IN_PLACE",
    "Certified",
    "Coverage",
    "Entry",
    "FailureReason",
    "GalleryAsked",
    "GalleryCounted",
    "Judged",
    "Kind",
    "LedgerEntry",
    "Network",
    "Pack",
    "RehearsalOpened",
    "Reidentified",
    "RemovalApproved",
    "RemovalCleaned",
    "RemovalDerived",
    "RemovalDone",
    "RemovalFailed",
    "RemovalHeld",
    "RemovalIntent",
    "RemovalPlanned",
    "RemovalReady",
    "RemovalSealed",
    "Rescan",
    "RunOpened",
    "ScanFinished",
    "Stage",
    "StepConfirmed",
    "entry_adapter",
]


class Stage(StrEnum):
    """Where looking at something stopped."""

    LIST = "list"
    OPEN = "open"
    UNPACK = "unpack"
    DECODE = "decode"
    DETECT = "detect"


IN_PLACE: Final = frozenset(
    {"erase-table-cells", "delete-table-rows", "drop-table-columns", "drop-table", "unlink-object"}
)
"""Actions without a replacement: they change a database itself, so that `ready` comes after the change."""


CLEAR_DEVICE: Final = "clear-device@1"
"""What stands for an action where a device was told to forget whom it knows."""


class FailureReason(StrEnum):
    """Why a removal failed; the original is as it was before, but for `partial`, and but for devices.

    A device that was told to forget whom it knows and failed has forgotten some of them, all or none.
    """

    CHANGED = "changed"  # the target is not what was scanned
    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    UNSUPPORTED = "unsupported"  # no action can remove such a finding from such a place
    OVER_LIMIT = "over-limit"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    RESIDUE = "residue"  # a re-scan of the replacement still found something
    NOT_WRITABLE = "not-writable"
    NO_SPACE = "no-space"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"  # a device was told to forget whom it knows, and gives no count since
    PARTIAL = "partial"  # in a database: some of the values are gone, the others are as they were


class _Entry(Strict):
    at: Time
    previous: Digest


class Network(Strict):
    """A neural network that was used, by content."""

    name: Identifier
    digest: NamedDigest


class Pack(Strict):
    """A rule pack that was used, by content."""

    id: Identifier
    digest: NamedDigest


class Coverage(Strict):
    """How much was looked at.

    Attributes:
        seen: Artefacts that were listed.
        scanned: Artefacts that were looked at to the end.
        gaps: Gaps; every artefact that was seen and not scanned has at least one.
        bytes: Bytes that were read.
    """

    seen: Count
    scanned: Count
    gaps: Count
    bytes: Count


_GAP_KEY: Final = f"^(?:{'|'.join(Stage)})/(?:{'|'.join(GapReason)})$"
_GapKey = Annotated[str, Field(pattern=_GAP_KEY)]


class RunOpened(_Entry):
    """A run began."""

    kind: Literal[Kind.RUN_OPENED]
    run: RunId
    tool_version: Version
    targets: Count


class RehearsalOpened(_Entry):
    """All that follows was done to copies of what a run found; no schema of a certificate has this kind."""

    kind: Literal[Kind.REHEARSAL_OPENED]
    of: RunId


class ScanFinished(_Entry):
    """What was looked at, with what, what was found and what was not looked at.

    `findings_root` and `gaps_root` are `summaries.root_of_summaries` of the findings and of the gaps.
    """

    kind: Literal[Kind.SCAN_FINISHED]
    run: RunId
    mode: Mode
    coverage: Coverage
    detectors: tuple[NameAtVersion, ...]
    networks: tuple[Network, ...]
    packs: tuple[Pack, ...]
    findings: Count
    findings_root: Digest
    gaps_by: dict[_GapKey, Count]
    gaps_root: Digest


class Judged(_Entry):
    """What the packs said of the findings on a day."""

    kind: Literal[Kind.JUDGED]
    as_of: Day
    verdicts_by: dict[VerdictKind, Count]
    packs: tuple[Pack, ...]


class RemovalApproved(_Entry):
    """A signed plan is about to be carried out: its digest, and the ids of the keys of both persons."""

    kind: Literal[Kind.REMOVAL_APPROVED]
    plan: Digest
    planner: Digest
    applier: Digest


class RemovalPlanned(_Entry):
    """A plan was confirmed and is about to be carried out."""

    kind: Literal[Kind.REMOVAL_PLANNED]
    removals: Count


class RemovalIntent(_Entry):
    """One target is about to be changed; written before anything is touched."""

    kind: Literal[Kind.REMOVAL_INTENT]
    ref: Ref
    findings: Annotated[tuple[Ref, ...], Field(min_length=1)]
    actions: Annotated[tuple[NameAtVersion, ...], Field(min_length=1)]
    method: Method
    before: Digest


class RemovalCleaned(_Entry):
    """Values were emptied in a database; each step that makes them unrecoverable was done or not."""

    kind: Literal[Kind.REMOVAL_CLEANED]
    ref: Ref
    done: tuple[Cleaning, ...]
    not_done: tuple[Cleaning, ...]


class RemovalSealed(_Entry):
    """The original is kept, encrypted for a holder of a key: until that key is destroyed, nothing is erased.

    `sealed` is the SHA-256 of the encrypted file, `recipient` that of the public key as it was given.
    """

    kind: Literal[Kind.REMOVAL_SEALED]
    ref: Ref
    sealed: Digest
    recipient: Digest
    until: Day


class RemovalReady(_Entry):
    """The replacement is made and checked; `after` is None where nothing of the target is to stay."""

    kind: Literal[Kind.REMOVAL_READY]
    ref: Ref
    after: Digest | None
    residue: Count


class RemovalDone(_Entry):
    """The replacement is in place, or the target is gone."""

    kind: Literal[Kind.REMOVAL_DONE]
    ref: Ref
    after: Digest | None
    residue: Count
    status: Literal[RemovalStatus.REMOVED]


class RemovalDerived(_Entry):
    """Of a target that was removed: how many copies that programs made of it are gone, and how many are left now."""

    kind: Literal[Kind.REMOVAL_DERIVED]
    ref: Ref
    erased: Count
    left: Count


class RemovalFailed(_Entry):
    """It could not be done; the original is intact, or, in a database, partly emptied."""

    kind: Literal[Kind.REMOVAL_FAILED]
    ref: Ref
    reason: FailureReason
    status: Literal[RemovalStatus.FAILED]


class RemovalHeld(_Entry):
    """A rule of a pack, or a hold of the case file (its index, counted from 0), forbids a removal."""

    kind: Literal[Kind.REMOVAL_HELD]
    ref: Ref
    findings: Annotated[tuple[Ref, ...], Field(min_length=1)]
    rule: Identifier | None
    hold: Count | None


class Reidentified(_Entry):
    """Recognisers were tried on the places of removed faces, with templates that were in memory only.

    Attributes:
        removals: The removals whose faces these are.
        flat: Faces at whose place everything is of one colour now.
        gone: Faces at whose place there is no picture now.
        left: Faces at whose place there is something else now.
        untested: Faces of which no template could be taken before.
        comparisons: How well each family does.
        outcome: What may be said, by `recognition.outcome`.
    """

    kind: Literal[Kind.REIDENTIFIED]
    removals: Annotated[tuple[Ref, ...], Field(min_length=1)]
    flat: Count
    gone: Count
    left: Count
    untested: Count
    comparisons: tuple[Comparison, ...]
    outcome: Recognition


class GalleryAsked(_Entry):
    """A device is about to be told to forget the people it knows; written with the intent, before anything is sent.

    Attributes:
        device: The `ref` of its removal.
        requests: Names of the requests that may be sent, in turn; none where it counts nobody any more.
        persons: How many people it counted; whoever stands in two of its lists counts twice.
        authorisation: Keyed digest of the words that allow it.
    """

    kind: Literal[Kind.GALLERY_ASKED]
    device: Ref
    requests: tuple[Identifier, ...]
    persons: Count
    authorisation: Digest


class GalleryCounted(_Entry):
    """That device was counted again; `persons` is None where it gave no count."""

    kind: Literal[Kind.GALLERY_COUNTED]
    device: Ref
    persons: Count | None


class StepConfirmed(_Entry):
    """A person says that a step is done: of which system, which, who, and the keyed digest of what he noted."""

    kind: Literal[Kind.STEP_CONFIRMED]
    system: Ref
    step: StepOfPerson
    by: Ref
    note: Digest | None


class Rescan(_Entry):
    """All targets were looked at again; `residue` counts findings that are back, or that are new."""

    kind: Literal[Kind.RESCAN]
    coverage: Coverage
    residue: Count


class Certified(_Entry):
    """A certificate was issued; size and root are those of the ledger that it holds."""

    kind: Literal[Kind.CERTIFIED]
    run: RunId
    issued_at: Time
    certificate: Digest
    keys: Annotated[tuple[Digest, ...], Field(min_length=1)]
    size: Count
    root: Digest


Entry = Annotated[
    RunOpened
    | ScanFinished
    | Judged
    | RemovalApproved
    | RemovalPlanned
    | RemovalIntent
    | RemovalCleaned
    | RemovalSealed
    | RemovalReady
    | RemovalDone
    | RemovalDerived
    | RemovalFailed
    | RemovalHeld
    | Reidentified
    | GalleryAsked
    | GalleryCounted
    | StepConfirmed
    | Rescan
    | Certified,
    Field(discriminator="kind"),
]

LedgerEntry = Annotated[Entry | RehearsalOpened, Field(discriminator="kind")]
"""What a ledger may hold; a certificate may hold `Entry` alone."""

entry_adapter: TypeAdapter[LedgerEntry] = TypeAdapter(LedgerEntry)
