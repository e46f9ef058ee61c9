"""Decide for one payload whether it may pass, with the same eyes and the same law as a scan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from efface.examine import Examiner
from efface.model import (
    Finding,
    Gap,
    GapReason,
    Limits,
    Locator,
    Mode,
    Part,
    Sampling,
    Surroundings,
    VerdictKind,
)
from efface.rules.engine import judge
from efface.rules.pack import builtin_packs
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from efface.model import Case, Verdict
    from efface.rules.pack import Pack

__all__ = ["DOOR_LIMITS", "Decision", "Door", "Guard"]

_PASSES = (VerdictKind.PERMITTED, VerdictKind.CONDITIONAL_OK, VerdictKind.OUT_OF_SCOPE)
DOOR_LIMITS = Limits(
    artefact_bytes=64 * 1024 * 1024, unpacked_bytes=256 * 1024 * 1024, entries=2_000, frames=200, cells=20_000
)


class Door(StrEnum):
    """What happens to a payload."""

    ALLOW = "allow"
    REFUSE = "refuse"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Decision:
    """The guard's answer.

    Attributes:
        door: What happens.
        reason: One sentence for a person, without content of the payload.
        rules: Rules that refuse it, when a case is given.
        findings: What was found.
        gaps: What could not be looked at.
    """

    door: Door
    reason: str
    rules: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()


class Guard:
    """Answers for one payload after another; not to be shared between threads.

    Without a case every biometric finding is refused, which is a policy and not law. With a case, what
    the rules prohibit is refused with the rules' names, what they leave open is quarantined, and the rest
    passes. What cannot be looked at is quarantined. Anything unexpected is a refusal.

    Args:
        case: The facts under which payloads are judged, or None.
        as_of: The day whose law is applied; needed with a case.
        packs: The law; by default what ships with efface.
        mode: How hard to look.
        limits: Budgets of one payload.
    """

    def __init__(
        self,
        case: Case | None = None,
        as_of: date | None = None,
        *,
        packs: Sequence[Pack] | None = None,
        mode: Mode = Mode.STANDARD,
        limits: Limits = DOOR_LIMITS,
    ) -> None:
        if case is not None and as_of is None:
            message = "as_of: a case is judged as of a day"
            raise ValueError(message)
        self._case = case
        self._as_of = as_of
        self._packs = builtin_packs() if packs is None else packs
        self._limits = limits
        self._examiner = Examiner(mode, limits)

    @property
    def most_bytes(self) -> int:
        """How large a payload may be; one that is larger is quarantined unread, so that no more need be read."""
        return self._limits.artefact_bytes

    def decide(self, data: bytes, name: str = "payload") -> Decision:
        """Return whether a payload may pass; never raises."""
        try:
            if len(data) > self._limits.artefact_bytes:
                return Decision(Door.QUARANTINE, f"more than artefact_bytes = {self._limits.artefact_bytes}")
            return self._decide(data, name)
        except Exception as error:  # noqa: BLE001 - the guard's decision: a crash becomes a refusal
            return Decision(Door.REFUSE, f"it could not be decided ({type(error).__name__})")

    def _decide(self, data: bytes, name: str) -> Decision:
        part = Part(Locator("payload", (name,)), BytesPayload(data), Surroundings((name,)))
        results = list(self._examiner.examine(part))
        findings = tuple(result for result in results if isinstance(result, Finding))
        gaps = tuple(_gap_of(result) for result in results if isinstance(result, Gap | Sampling))
        door, reason, rules = self._answer(findings, gaps)
        return Decision(door, reason, rules, findings, gaps)

    def _answer(
        self, findings: tuple[Finding, ...], gaps: tuple[Gap, ...]
    ) -> tuple[Door, str, tuple[str, ...]]:
        biometric = tuple(finding for finding in findings if finding.is_biometric)
        if self._case is None or self._as_of is None:
            if biometric:
                return Door.REFUSE, f"{_kinds(biometric)}: refused by policy, no case was given", ()
        elif findings:
            verdicts = judge(findings, self._case, self._packs, as_of=self._as_of)
            refused = tuple(verdict for verdict in verdicts if verdict.kind.is_violation)
            if refused:
                rules = tuple(sorted({rule.id for verdict in refused for rule in verdict.fired}))
                return Door.REFUSE, f"{_kinds(biometric or findings)}: {', '.join(rules)}", rules
            if any(verdict.kind not in _PASSES for verdict in verdicts):
                return Door.QUARANTINE, _open(verdicts), ()
        if any(not finding.is_biometric for finding in findings):
            return Door.QUARANTINE, "holds features of an unknown characteristic", ()
        if gaps:
            return Door.QUARANTINE, f"could not be looked at as a whole: {gaps[0].reason}", ()
        return Door.ALLOW, "nothing that the rules refuse" if findings else "nothing found", ()


def _gap_of(result: Gap | Sampling) -> Gap:
    """At the door, what was looked at only in part was not looked at."""
    if isinstance(result, Gap):
        return result
    detail = f"only {result.looked_at} of its {result.unit} were looked at"
    return Gap(result.locator, "detect", GapReason.OVER_LIMIT, detail)


def _kinds(findings: tuple[Finding, ...]) -> str:
    return ", ".join(sorted({f"{finding.characteristic} {finding.form}" for finding in findings}))


def _open(verdicts: list[Verdict]) -> str:
    facts = sorted({question.fact for verdict in verdicts for question in verdict.missing})
    return f"facts are missing: {', '.join(facts)}" if facts else "held"
