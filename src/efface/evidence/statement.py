"""The strict schema of a certificate: an in-toto Statement v1 whose predicate is efface's own.

Source: in-toto Attestation Framework, spec/v1/statement.md (type, subject, predicateType, predicate).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from efface.evidence.entries import (
    Coverage,
    Entry,
    GalleryAsked,
    GalleryCounted,
    Network,
    Pack,
    Reidentified,
    Stage,
    StepConfirmed,
)
from efface.evidence.not_proven import Code
from efface.evidence.shapes import (
    Count,
    Digest,
    Identifier,
    NameAtVersion,
    Ref,
    RunId,
    Strict,
    Time,
    Version,
)
from efface.model.vocabulary import (
    Characteristic,
    Form,
    GapReason,
    Method,
    Mode,
    VerdictKind,
)

__all__ = [
    "PREDICATE_TYPE",
    "STATEMENT_TYPE",
    "SUBJECT_NAME",
    "FindingStatus",
    "Predicate",
    "Statement",
    "statement_adapter",
]

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://efface.dev/certificate/v1"
SUBJECT_NAME: Final = "efface-ledger"


class FindingStatus(StrEnum):
    """Where a finding stands when the certificate is issued."""

    REMOVED = "removed"
    SEALED = "sealed"
    HELD = "held"
    FAILED = "failed"
    REMAINING = "remaining"
    NOT_JUDGED = "not_judged"


class Tool(Strict):
    """What made the run."""

    name: Literal["efface"]
    version: Version


class Scope(Strict):
    """What the run was about and when, from its first to its last entry."""

    targets: Count
    mode: Mode
    started_at: Time
    finished_at: Time


class ListedFinding(Strict):
    """One finding without its place, and where it stands."""

    ref: Ref
    detector: NameAtVersion
    form: Form
    characteristic: Characteristic
    level: Annotated[int, Field(ge=1, le=3)] | None
    references: Count
    status: FindingStatus


class ListedGap(Strict):
    """One thing that was not looked at."""

    ref: Ref
    stage: Stage
    reason: GapReason


class ListedRemoval(Strict):
    """One removal that was done and checked."""

    ref: Ref
    actions: tuple[NameAtVersion, ...]
    method: Method
    findings: tuple[Ref, ...]
    performed_at: Time
    residue: Count


class ListedHold(Strict):
    """One removal that a rule, or a hold of the case file, forbids."""

    ref: Ref
    findings: tuple[Ref, ...]
    rule: Identifier | None
    hold: Count | None


class ListedRescan(Strict):
    """The re-scan of all targets after the last removal."""

    performed_at: Time
    coverage: Coverage
    residue: Count


class NotProven(Strict):
    """One thing that the certificate does not show."""

    code: Code
    text_en: str
    text_zh: str


class EnclosedLedger(Strict):
    """The whole ledger that the certificate stands on."""

    size: Count
    root: Digest
    entries: tuple[Entry, ...]


Decommissioned = Annotated[GalleryAsked | GalleryCounted | StepConfirmed, Field(discriminator="kind")]
"""What was done to take a system away: a device told and counted by software, or a step that a person confirms."""


class Predicate(Strict):
    """What the certificate says."""

    run: RunId
    issued_at: Time
    tool: Tool
    scope: Scope
    coverage: Coverage
    detectors: tuple[NameAtVersion, ...]
    networks: tuple[Network, ...]
    packs: tuple[Pack, ...]
    findings: tuple[ListedFinding, ...]
    removals: tuple[ListedRemoval, ...]
    gaps: tuple[ListedGap, ...]
    holds: tuple[ListedHold, ...]
    verdicts_by: dict[VerdictKind, Count]
    reidentified: tuple[Reidentified, ...]
    decommissioned: tuple[Decommissioned, ...]
    rescan: ListedRescan | None
    not_proven: tuple[NotProven, ...]
    ledger: EnclosedLedger


class LedgerDigest(Strict):
    """The digest of the subject: the ledger's root."""

    sha256: Digest


class Subject(Strict):
    """What the statement is about."""

    name: Literal["efface-ledger"]
    digest: LedgerDigest


class Statement(Strict):
    """An in-toto Statement v1 with exactly one subject."""

    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    predicate_type: Annotated[Literal["https://efface.dev/certificate/v1"], Field(alias="predicateType")]
    subject: tuple[Subject]
    predicate: Predicate


statement_adapter: TypeAdapter[Statement] = TypeAdapter(Statement)
