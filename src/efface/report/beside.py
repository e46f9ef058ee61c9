"""Say in words what stands beside the findings: groups, baseline, waivers, what was left out or sampled.

The one thing worked out here is how many things a detector misses at the recall that was measured for it:
found x (1 - recall) / recall. The rates stand in `rates.toml`, each with the command that prints it.
"""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from efface.model import Text
from efface.report.marks import GroupKind
from efface.report.plain import short
from efface.report.texts import both, word
from efface.report.wording import join, size_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.model import Sampling
    from efface.report.marks import Group, Ignored, WaiverUse
    from efface.report.view import RunView

__all__ = [
    "Miss",
    "baseline_texts",
    "finding_state",
    "group_text",
    "ignored_texts",
    "misses",
    "partial",
    "passed_over_texts",
    "returned_texts",
    "sampling_chance",
    "sign_text",
    "state_texts",
    "waiver_period",
]

_SHARE = 0.001
_LEAST = 0.0005


@dataclass(frozen=True, slots=True)
class Rate:
    """What one detector was measured to find in one mode."""

    detector: str
    mode: str
    recall: float
    command: str
    measured_on: Text


@dataclass(frozen=True, slots=True)
class Miss:
    """How many things a detector found, and about how many it missed if they were like the measuring set."""

    rate: Rate
    found: int
    missed: int


@cache
def rates() -> tuple[Rate, ...]:
    """Return the measured rates."""
    content = tomllib.loads(files("efface.report").joinpath("rates.toml").read_text("utf-8"))
    return tuple(
        Rate(row["detector"], row["mode"], row["recall"], row["command"], Text(**row["measured_on"]))
        for row in content["rate"]
    )


def misses(view: RunView) -> tuple[Miss, ...]:
    """Return the expected misses of the detectors that found something and have a measured rate."""
    found = Counter(finding.detector for finding in view.findings)
    return tuple(
        Miss(rate, found[rate.detector], round(found[rate.detector] * (1 - rate.recall) / rate.recall))
        for rate in rates()
        if rate.mode == view.mode and found[rate.detector]
    )


def finding_state(view: RunView, finding_id: str) -> str:
    """Return "waived", "known", "new", or "" where there is neither baseline nor waiver for a finding."""
    if finding_id in view.waived:
        return "waived"
    if view.baseline is None:
        return ""
    return "known" if finding_id in view.baseline.known else "new"


def state_texts(view: RunView, finding_id: str) -> list[Text]:
    """Return what is to be said of a finding beside its verdict: that it came back, is new or known, or waived."""
    said = []
    if view.returned is not None and finding_id in view.returned.findings:
        said.append(both("sentence.came_back"))
    if view.baseline is not None:
        said.append(both("sentence.known" if finding_id in view.baseline.known else "sentence.new"))
    number = view.waived.get(finding_id)
    if number is not None:
        waiver = view.waivers[number].waiver
        until = waiver.ends_on.isoformat()
        reason, approver = short(waiver.reason), short(waiver.approver)
        said.append(both("sentence.waived", reason=reason, approver=approver, until=until))
    return said


def baseline_texts(view: RunView) -> list[Text]:
    """Return what a comparison with a baseline comes to, in sentences."""
    baseline = view.baseline
    if baseline is None:
        return []
    known, gone = len(baseline.known), len(baseline.gone)
    count = len(view.findings)
    said = [both("sentence.baseline", findings=f"{count:,}", known=f"{known:,}", new=f"{count - known:,}")]
    if gone:
        said.append(both("sentence.baseline_gone", gone=f"{gone:,}", total=f"{baseline.total:,}"))
    if baseline.untold:
        said.append(both("sentence.baseline_untold", untold=f"{baseline.untold:,}"))
    if baseline.mode != view.mode:
        before, now = word("mode", baseline.mode), word("mode", view.mode)
        zh = both("sentence.baseline_mode", before=before.zh, now=now.zh).zh
        en = both("sentence.baseline_mode", before=before.en, now=now.en).en
        said.append(Text(zh=zh, en=en))
    return said


def returned_texts(view: RunView) -> list[Text]:
    """Return what a comparison with a certificate comes to, and what it cannot tell, in sentences."""
    returned = view.returned
    if returned is None:
        return []
    removed, issued_at = f"{returned.removed:,}", short(returned.issued_at)
    said = [both("sentence.against", removed=removed, at=issued_at)]
    if not returned.is_told:
        return [*said, both("sentence.against_untold")]
    if returned.is_alarm:
        counts = {"files": f"{len(returned.files):,}", "findings": f"{len(returned.findings):,}"}
        said.append(both("sentence.against_back", **counts))
    else:
        said.append(both("sentence.against_nothing"))
    if returned.elsewhere:
        said.append(both("sentence.against_elsewhere", elsewhere=f"{returned.elsewhere:,}"))
    if returned.others:
        said.append(both("sentence.against_others", others=f"{returned.others:,}"))
    return said


def waiver_period(use: WaiverUse) -> Text:
    """Return from when until when a waiver is in force."""
    start, end = use.waiver.starts_on.isoformat(), use.waiver.ends_on.isoformat()
    return both("sentence.waiver_period", start=start, end=end)


def ignored_texts(ignored: Iterable[Ignored]) -> list[Text]:
    """Return a sentence for each ignore file: how many files how many of its patterns left out."""
    by_file: dict[tuple[str, bool], list[Ignored]] = defaultdict(list)
    for each in ignored:
        by_file[each.file, each.in_target].append(each)
    said = []
    for (name, in_target), used in by_file.items():
        text = both(
            "sentence.ignored",
            files=f"{sum(each.files for each in used):,}",
            size=size_text(sum(each.size_bytes for each in used)),
            patterns=len({each.line for each in used}),
            file=short(name),
        )
        said.append(join(text, both("sentence.ignored_in_target")) if in_target else text)
    return said


def passed_over_texts(view: RunView) -> list[Text]:
    """Return a sentence for each ignore file in a target that was not obeyed."""
    return [both("sentence.passed_over", file=short(name)) for name in view.passed_over]


def group_text(group: Group) -> Text:
    """Return what a group is, with its people ("gallery of about 320 people")."""
    if group.kind is GroupKind.ARCHIVE or group.people is None:
        return both("sentence.archive", findings=f"{group.findings:,}")
    return both(f"sentence.{group.kind}", people=f"{group.people:,}")


def sign_text(group: Group) -> Text:
    """Return why a group is what it is said to be."""
    return join(*(word("sign", sign) for sign in group.signs), zh="；", en="; ")


def partial(samplings: Iterable[Sampling]) -> tuple[Sampling, ...]:
    """Return what was looked at in part, in the order of places; what was looked at to its end is left out."""
    left = [s for s in samplings if s.total is None or s.looked_at < s.total]
    return tuple(sorted(left, key=lambda s: (s.locator.uri, s.unit)))


def sampling_chance(sampling: Sampling) -> Text:
    """Return the chance that a sample meets none though 1 in 1,000 holds it, or why none can be given."""
    chance = sampling.miss_probability(_SHARE)
    if chance is None:
        return both("sentence.not_random")
    shown = f"{100 * chance:.1f} %" if chance >= _LEAST else "< 0.1 %"
    return Text(zh=shown, en=shown)
