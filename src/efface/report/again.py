"""What a second visit finds beside the first: as a paper and as JSON.

Not promised: that what is gone was deleted. It is no longer found where it was, by the same look; a copy that lies
elsewhere is new there, or in a place that is no target of either visit.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.report.document import Document, Grid, Pairs, Points, Section, Sentence, same
from efface.report.plain import encodable, place_text, target_text
from efface.report.texts import both, word
from efface.report.wording import detail_text, join, what, what_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from efface.model import Finding, Gap, Locator, Text
    from efface.report.document import Block
    from efface.report.marks import Gone, Resampled

__all__ = ["SCHEMA", "Again", "Earlier", "Move", "Shown", "document", "plain"]

SCHEMA = "efface/again/v1"
_SHARES = {"chance_10": 0.1, "chance_100": 0.01}
"""Shares of the removed places that may be back, for which the chance of a miss is told."""
_MOST_ROWS = 200  # of one kind; the JSON has all


@dataclass(frozen=True, slots=True)
class Earlier:
    """The visit that is compared with: its id, where and when it was sealed, root of its log, run and targets."""

    visit_id: str
    premises: str
    sealed_at: str
    log_root: str
    run_id: str
    line: int
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A file that held something, is gone from its place, and lies byte for byte in another."""

    before: Locator
    now: Locator


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate that the organisation shows.

    Attributes:
        name: Name of its file.
        reason: Why it does not hold; "" where every step of its check passed.
        issued_at: When it says it was issued; "" where it does not hold.
        removed: How many targets it says were changed.
        remaining: How many findings it says are still there.
        back: How many of what it says was removed are back; None where that cannot be told.
        sample: What a draw of its removed places came to; None where none was made.
    """

    name: str
    reason: str
    issued_at: str = ""
    removed: int = 0
    remaining: int = 0
    back: int | None = None
    sample: Resampled | None = None

    @property
    def returned(self) -> int:
        """How much of what it says was removed is back at least."""
        return max(self.back or 0, len(self.sample.back) if self.sample else 0)


@dataclass(frozen=True, slots=True)
class Again:
    """A second look beside the first.

    Attributes:
        earlier: What it is compared with.
        run_id: The run of the second look.
        mode: How hard both looked.
        started_at: As ledgers write times.
        finished_at: As above.
        targets: What was looked at now, in the order of the earlier targets.
        gone: Not found any more, where the second look reached.
        untold: Not found, but where they were could not be looked at.
        there: Found again where they were.
        moved: Files that moved as they were; empty where `moves_told` is False.
        moved_findings: What was found in those files.
        moves_told: Whether moves can be told: only the first run's key can.
        new: Not known to the first visit.
        gaps: What could not be looked at.
        shown: Certificates of the organisation.
        made_on: Day of the comparison.
        tool_version: Version of efface.
        lang: The language that comes first.
    """

    earlier: Earlier
    run_id: str
    mode: str
    started_at: str
    finished_at: str
    targets: tuple[str, ...]
    gone: tuple[Gone, ...]
    untold: tuple[Gone, ...]
    there: tuple[Finding, ...]
    moved: tuple[Move, ...]
    moved_findings: tuple[Finding, ...]
    moves_told: bool
    new: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    shown: tuple[Shown, ...]
    made_on: date
    tool_version: str
    lang: str

    @property
    def counts(self) -> dict[str, int]:
        """How many findings are what, and how many gaps there are."""
        return {
            "gone": len(self.gone),
            "there": len(self.there),
            "moved": len(self.moved_findings),
            "new": len(self.new),
            "untold": len(self.untold),
            "gaps": len(self.gaps),
        }

    @property
    def returned(self) -> int:
        """How much of what certificates say was removed is back at least."""
        return sum(each.returned for each in self.shown)

    @property
    def is_alarm(self) -> bool:
        """Whether something is there that should not be."""
        here = (*self.there, *self.moved_findings, *self.new)
        return any(finding.is_biometric for finding in here) or bool(self.returned)

    @property
    def is_refused(self) -> bool:
        """Whether a certificate that was shown does not hold."""
        return any(each.reason for each in self.shown)

    @property
    def is_open(self) -> bool:
        """Whether something could not be told."""
        closed = any(each.sample and each.sample.unreachable for each in self.shown)
        return closed or bool(self.untold or self.gaps or self.there or self.moved_findings or self.new)


def document(again: Again) -> Document:
    """Return the comparison as a paper."""
    outcome, kind = ("clean", "nothing")
    if again.is_refused:
        outcome, kind = "refused", "violations"
    elif again.is_alarm:
        outcome, kind = "alarm", "violations"
    elif again.is_open:
        outcome, kind = "open", "only_gaps"
    sections = (
        ("counts", (_counts(again),)),
        ("there", _findings(again.there)),
        ("moved", _moves(again)),
        ("new", _findings(again.new)),
        ("gone", _gone(again.gone)),
        ("untold", _gone(again.untold)),
        ("gaps", _gaps(again.gaps)),
        ("shown", _shown(again.shown)),
        ("sample", _samples(again.shown)),
        (
            "not_told",
            (Points(tuple(both(f"again.not_{name}") for name in ("deleted", "elsewhere", "moved"))),),
        ),
    )
    return Document(
        title=both("again.title"),
        subtitle=both("again.subtitle"),
        outcome=both(f"again.outcome_{outcome}"),
        kind=kind,
        head=_head(again),
        sections=tuple(Section(both(f"again.{key}"), blocks) for key, blocks in sections if blocks),
        foot=both("again.foot", version=again.tool_version),
        made_on=again.made_on,
        lang=again.lang,
    )


def _head(again: Again) -> Pairs:
    earlier = again.earlier
    return Pairs(
        (
            (both("inspection.premises"), same(earlier.premises)),
            (both("again.earlier"), same(f"{earlier.visit_id}, {earlier.sealed_at}")),
            (both("again.earlier_log"), same(earlier.log_root)),
            (both("again.earlier_targets"), same("; ".join(earlier.targets))),
            (both("again.targets"), same("; ".join(again.targets))),
            (both("label.run_id"), same(again.run_id)),
            (both("label.mode"), word("mode", again.mode)),
            (both("label.started"), same(again.started_at)),
            (both("label.finished"), same(again.finished_at)),
        )
    )


def _counts(again: Again) -> Pairs:
    rows = [(both(f"again.{name}"), same(count)) for name, count in again.counts.items()]
    if not again.moves_told:
        rows = [
            (name, both("again.moves_untold")) if name == both("again.moved") else (name, value)
            for name, value in rows
        ]
    return Pairs(tuple(rows))


def _findings(findings: Sequence[Finding]) -> tuple[Block, ...]:
    rows = [(what(finding), what_place(finding.locator)) for finding in findings]
    return _rows((both("label.what"), both("label.place")), rows, (26, 74))


def _moves(again: Again) -> tuple[Block, ...]:
    rows = [(same(place_text(move.before)), same(place_text(move.now))) for move in again.moved]
    return _rows((both("again.before"), both("again.now")), rows, (50, 50))


def _gone(gone: Iterable[Gone]) -> tuple[Block, ...]:
    """Return what is gone by kind: the first visit's bundle names no place beside the digests."""
    kinds = Counter((each.characteristic, each.form) for each in gone)
    rows = [
        (join(word("characteristic", kind[0]), word("form", kind[1])), same(count))
        for kind, count in sorted(kinds.items())
    ]
    return _rows((both("label.what"), both("label.total_findings")), rows, (74, 26))


def _gaps(gaps: Iterable[Gap]) -> tuple[Block, ...]:
    rows = [(what_place(gap.locator), word("gap", gap.reason), detail_text(gap.detail)) for gap in gaps]
    return _rows((both("label.place"), both("label.reason"), both("label.detail")), rows, (50, 20, 30))


def _shown(shown: Iterable[Shown]) -> tuple[Block, ...]:
    heads = ("certificate", "holds", "issued", "removed", "remaining", "back")
    rows = [
        (
            same(each.name),
            detail_text(each.reason) if each.reason else word("passed", "yes"),
            same(each.issued_at),
            same(each.removed),
            same(each.remaining),
            word("passed", "unknown") if each.back is None else same(each.back),
        )
        for each in shown
    ]
    return _rows(tuple(both(f"again.{head}") for head in heads), rows, (24, 24, 20, 10, 12, 10))


def _samples(shown: Iterable[Shown]) -> tuple[Block, ...]:
    """Return what draws of removed places came to, how they were made, and the places where something is back."""
    drawn = [(each.name, each.sample) for each in shown if each.sample]
    heads = ("certificate", "places", "drawn", "sample_gone", "back", "unreachable", *_SHARES)
    rows = [
        (
            *map(same, (name, s.places, s.drawn, s.gone, len(s.back), len(s.unreachable))),
            *(same(f"{100 * s.miss_chance(share):.1f} %") for share in _SHARES.values()),
        )
        for name, s in drawn
    ]
    said = [Sentence(both("again.drawn_by", seed=s.seed, others=s.others), "soft") for _, s in drawn]
    places = [
        (both(f"again.{key}"), same(place_text(place)))
        for _, s in drawn
        for key, found in (("back", s.back), ("unreachable", s.unreachable))
        for place in found
    ]
    listed = _rows((both("again.sample_state"), both("label.place")), places, (26, 74))
    return (
        *_rows(tuple(both(f"again.{head}") for head in heads), rows, (20, 10, 10, 10, 10, 12, 14, 14)),
        *said,
        *listed,
    )


def _rows(
    heads: tuple[Text, ...], rows: Sequence[tuple[Text, ...]], widths: tuple[int, ...]
) -> tuple[Block, ...]:
    if not rows:
        return ()
    grid = Grid(heads, tuple(rows[:_MOST_ROWS]), widths)
    left = len(rows) - _MOST_ROWS
    return (grid, Sentence(both("sentence.more", left=left), "soft")) if left > 0 else (grid,)


def plain(again: Again) -> str:
    """Return the comparison as JSON."""
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "earlier": {
            "visit": again.earlier.visit_id,
            "premises": again.earlier.premises,
            "sealed_at": again.earlier.sealed_at,
            "log_root": again.earlier.log_root,
            "run": again.earlier.run_id,
            "line": again.earlier.line,
            "targets": list(again.earlier.targets),
        },
        "run": {
            "id": again.run_id,
            "mode": again.mode,
            "started_at": again.started_at,
            "finished_at": again.finished_at,
            "targets": [target_text(target) for target in again.targets],
        },
        "counts": again.counts,
        "moves_told": again.moves_told,
        "there": [_finding(finding) for finding in again.there],
        "moved": [{"before": move.before.uri, "now": move.now.uri} for move in again.moved],
        "new": [_finding(finding) for finding in again.new],
        "gone": [_kind(gone) for gone in again.gone],
        "untold": [_kind(gone) for gone in again.untold],
        "gaps": [
            {
                "uri": gap.locator.uri,
                "stage": gap.stage,
                "reason": gap.reason,
                "detail": encodable(gap.detail),
            }
            for gap in again.gaps
        ],
        "certificates": [
            {
                "name": encodable(each.name),
                "holds": not each.reason,
                "reason": each.reason,
                "issued_at": each.issued_at or None,
                "removed": each.removed,
                "remaining": each.remaining,
                "back": each.back,
                "sample": _sample(each.sample),
            }
            for each in again.shown
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _sample(sample: Resampled | None) -> dict[str, Any] | None:
    if sample is None:
        return None
    return {
        "seed": sample.seed,
        "places": sample.places,
        "others": sample.others,
        "drawn": sample.drawn,
        "gone": sample.gone,
        "back": [place.uri for place in sample.back],
        "unreachable": [place.uri for place in sample.unreachable],
        "miss_chance": {str(share): round(sample.miss_chance(share), 4) for share in _SHARES.values()},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "form": finding.form,
        "characteristic": finding.characteristic,
        "detector": finding.detector,
        "uri": finding.locator.uri,
    }


def _kind(gone: Gone) -> dict[str, Any]:
    return {
        "form": gone.form,
        "characteristic": gone.characteristic,
        "detector": gone.detector,
        "key": gone.key,
    }
