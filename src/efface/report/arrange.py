"""Put a run's values in the order and the groups in which people read them; nothing is added."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from efface.model import ACTIVITY, GapReason, VerdictKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efface.model import Finding, Gap, Locator, Question, Rule, Verdict
    from efface.report.view import RunView

__all__ = [
    "PartGroup",
    "PlaceGroup",
    "activity_verdicts",
    "findings_in_order",
    "gaps_in_order",
    "headline",
    "headline_key",
    "kind_counts",
    "open_questions",
    "picture_size",
    "places",
    "rules_in_order",
    "verdict_by_subject",
    "verdicts_in_order",
]

_SIZE = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})")


@dataclass(frozen=True, slots=True)
class PartGroup:
    """The findings of one part of a thing: one picture, one page, one member, one file."""

    locator: Locator
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PlaceGroup:
    """The findings of one outermost thing."""

    locator: Locator
    parts: tuple[PartGroup, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding of the place, in order."""
        return tuple(finding for part in self.parts for finding in part.findings)


def _order(locator: Locator) -> tuple[object, ...]:
    box = locator.box
    corner = (box.y, box.x) if box else (0, 0)
    return (locator.scheme, locator.path, locator.page or 0, corner, locator.fragment or "")


def findings_in_order(view: RunView) -> tuple[Finding, ...]:
    """Return the findings by place, page and region, the same for the same findings in any order."""
    return tuple(sorted(view.findings, key=lambda finding: (_order(finding.locator), finding.id)))


def gaps_in_order(view: RunView) -> tuple[Gap, ...]:
    """Return the gaps by place and stage."""
    return tuple(sorted(view.gaps, key=lambda gap: (_order(gap.locator), gap.stage, gap.reason, gap.detail)))


def verdict_by_subject(view: RunView) -> Mapping[str, Verdict]:
    """Return the verdict of each finding."""
    return {verdict.subject: verdict for verdict in view.verdicts if verdict.subject != ACTIVITY}


def activity_verdicts(view: RunView) -> tuple[Verdict, ...]:
    """Return the verdicts on the activity itself, strongest first."""
    return tuple(sorted((v for v in view.verdicts if v.subject == ACTIVITY), key=lambda v: v.kind.strength))


def verdicts_in_order(view: RunView) -> tuple[Verdict, ...]:
    """Return the verdicts on the activity, then those on findings in the order of the findings."""
    place = {finding.id: number for number, finding in enumerate(findings_in_order(view))}
    rest = [verdict for verdict in view.verdicts if verdict.subject != ACTIVITY]
    rest.sort(key=lambda verdict: (place.get(verdict.subject, len(place)), verdict.subject))
    return (*activity_verdicts(view), *rest)


def places(findings: Sequence[Finding]) -> tuple[PlaceGroup, ...]:
    """Return findings that are in order, grouped by outermost thing and by part."""
    return tuple(
        PlaceGroup(container, tuple(_parts(tuple(group))))
        for container, group in groupby(findings, key=lambda finding: finding.locator.container)
    )


def _parts(findings: tuple[Finding, ...]) -> list[PartGroup]:
    def part(finding: Finding) -> tuple[tuple[str, ...], int | None]:
        return finding.locator.path, finding.locator.page

    groups = [tuple(group) for _, group in groupby(findings, key=part)]
    return [PartGroup(group[0].locator.at(None), group) for group in groups]


def picture_size(findings: Sequence[Finding]) -> tuple[int, int] | None:
    """Return width and height in pixels as a clue `picture_px` ("WxH") says, or None."""
    clues = (clue for finding in findings for clue in finding.clues if clue.name == "picture_px")
    match = next((match for clue in clues if (match := _SIZE.fullmatch(clue.value))), None)
    return (int(match.group(1)), int(match.group(2))) if match else None


def kind_counts(view: RunView) -> Mapping[VerdictKind, int]:
    """Return how many verdicts there are of each kind that occurs, strongest first."""
    counts = Counter(verdict.kind for verdict in view.verdicts)
    return {kind: counts[kind] for kind in VerdictKind if counts[kind]}


def rules_in_order(view: RunView) -> tuple[Rule, ...]:
    """Return the rules that verdicts name, by identifier, each once."""
    fired = {rule.id for verdict in view.verdicts for rule in verdict.fired}
    return tuple(
        rule for _, rule in sorted({rule.id: rule for rule in view.rules}.items()) if rule.id in fired
    )


def open_questions(view: RunView) -> tuple[tuple[Question, int], ...]:
    """Return each question that is open with how many verdicts wait for it, most awaited first."""
    waiting: Counter[Question] = Counter(q for verdict in view.verdicts for q in verdict.missing)
    return tuple(sorted(waiting.items(), key=lambda item: (-item[1], item[0].fact)))


def headline(view: RunView) -> str:
    """Return the word for the outcome: what may be said of the run in one sentence, and no more."""
    if view.finished_at is None:
        return "unfinished"
    if view.returned is not None and view.returned.is_alarm:
        return "came_back"
    return _found(view)


def headline_key(view: RunView) -> str:
    """Return the key of the sentence for the outcome: that of systems where systems were looked for."""
    word = headline(view)
    own = view.look == "systems" and word not in ("unfinished", "came_back")
    return f"headline.systems_{word}" if own else f"headline.{word}"


def _found(view: RunView) -> str:
    if any(verdict.kind.is_violation for verdict in view.verdicts):
        return "violations"
    if any(verdict.kind is VerdictKind.NEEDS_FACTS for verdict in view.verdicts):
        return "undecided"
    if any(finding.is_biometric for finding in view.findings):
        return "found" if view.verdicts else "found_unjudged"
    if view.findings:
        return "unknown_only"
    return _nothing(view)


def _nothing(view: RunView) -> str:
    left_out = [gap for gap in view.gaps if gap.reason is GapReason.IGNORED]
    hidden = any(ignored.in_target for ignored in view.ignored)
    if len(left_out) < max(len(view.gaps), view.coverage.gaps) or (left_out and hidden):
        return "only_gaps"
    return "only_ignored" if left_out else "nothing"
