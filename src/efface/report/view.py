"""Everything that a report shows, as plain values that other rooms fill in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from efface.model import (
        ClearedDevice,
        ConfirmedStep,
        Finding,
        Gap,
        Mode,
        PackReference,
        Reading,
        Removal,
        Rule,
        Sampling,
        Verdict,
    )
    from efface.report.marks import Comparison, Group, Ignored, Returned, WaiverUse

__all__ = ["LANGUAGES", "CheckStep", "Coverage", "Network", "RunView"]

LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much was looked at.

    Attributes:
        seen: Artefacts that were met, those inside containers included.
        scanned: Artefacts that were looked at to the end.
        gaps: Things that were not looked at.
        bytes: Bytes of what was scanned.
        reused: Artefacts whose result of an earlier run was taken over because nothing had changed.
    """

    seen: int = 0
    scanned: int = 0
    gaps: int = 0
    bytes: int = 0
    reused: int = 0


@dataclass(frozen=True, slots=True)
class Network:
    """A neural network that was used, by content."""

    name: str
    digest: str


class CheckStep(Protocol):
    """One numbered step of checking a certificate, as the evidence room gives it."""

    @property
    def number(self) -> int:
        """Its number, from 1."""

    @property
    def title(self) -> str:
        """What it asks for, in English; shown in Chinese where the table of texts knows it."""

    @property
    def ok(self) -> bool | None:
        """Whether it holds; None where it could not be done or was not reached."""

    @property
    def reason(self) -> str:
        """Why it does not hold, or empty."""


@dataclass(frozen=True, slots=True)
class RunView:
    """One run, ready to be rendered.

    Attributes:
        run_id: Identifier of the run.
        tool_version: Version of efface.
        started_at: Aware UTC time.
        finished_at: Aware UTC time, or None while the run is not complete.
        mode: How hard it looked.
        targets: What the user named; a password in a URL is masked when shown.
        coverage: How much was looked at.
        detectors: `name@version` of each detector that ran.
        packs: Rule packs that were applied.
        networks: Neural networks that were used.
        findings: What was found, in any order.
        gaps: What was not looked at, in any order.
        samplings: What was looked at only in part, by design, in any order.
        verdicts: What the law says; empty when no case was given.
        rules: Every rule that a verdict names, for its citation.
        readings: Every disputed reading whose other choice would change a verdict.
        removals: Changes, planned or done.
        case_title: Title of the case, or "".
        as_of: The day whose law was applied, or None.
        notes: Further sentences for the reader.
        baseline: Which findings a baseline knows and which of its own are gone; None without one.
        waivers: The waivers of the run, whatever their state.
        waived: Number (from 0, in `waivers`) of the waiver that covers a finding, by the finding's identifier.
        ignored: What patterns kept out of the scan.
        passed_over: Ignore files in targets that were not obeyed, because nobody asked for it.
        returned: What of a certificate's removals is back; None where no certificate was named.
        groups: Findings seen as things: galleries, tables of templates, archives.
        look: What was looked for: "data" or "systems".
        confirmed: Steps of taking systems away that persons confirmed, oldest first.
        cleared: Devices that were told to forget whom they know.
        lang: "zh" or "en", the language shown first.
    """

    run_id: str
    tool_version: str
    started_at: datetime
    finished_at: datetime | None
    mode: Mode
    targets: tuple[str, ...]
    coverage: Coverage
    detectors: tuple[str, ...] = ()
    packs: tuple[PackReference, ...] = ()
    networks: tuple[Network, ...] = ()
    findings: tuple[Finding, ...] = ()
    confirmed: tuple[ConfirmedStep, ...] = ()
    cleared: tuple[ClearedDevice, ...] = ()
    gaps: tuple[Gap, ...] = ()
    samplings: tuple[Sampling, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    rules: tuple[Rule, ...] = ()
    readings: tuple[Reading, ...] = ()
    removals: tuple[Removal, ...] = ()
    case_title: str = ""
    as_of: date | None = None
    notes: tuple[str, ...] = ()
    baseline: Comparison | None = None
    waivers: tuple[WaiverUse, ...] = ()
    waived: Mapping[str, int] = field(default_factory=dict)
    ignored: tuple[Ignored, ...] = ()
    passed_over: tuple[str, ...] = ()
    returned: Returned | None = None
    groups: tuple[Group, ...] = ()
    look: str = "data"
    lang: str = "zh"

    def excuses(self, finding_id: str) -> bool:
        """Return whether a finding is known from a baseline or waived, and so gives no exit code of its own."""
        return finding_id in self.waived or (self.baseline is not None and finding_id in self.baseline.known)

    def __post_init__(self) -> None:
        if self.lang not in LANGUAGES:
            message = f"lang: expected one of {LANGUAGES}, got {self.lang!r}"
            raise ValueError(message)
