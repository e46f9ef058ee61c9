"""Synthetic ledgers and certificates, and an owner who forges them with the right key."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from efface.evidence import canonical, certificate, envelope, merkle, recognition, summaries
from efface.evidence.entries import CLEAR_DEVICE
from efface.evidence.ledger import Ledger, create_table
from efface.evidence.pseudonym import SECRET_BYTES, Domain, Pseudonyms
from efface.evidence.summaries import FindingSummary, GapSummary
from efface.model.vocabulary import Cleaning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from efface.evidence.keys import SigningKey

__all__ = [
    "RUN",
    "Clock",
    "Story",
    "database_story",
    "decommissioned_story",
    "forged",
    "new_ledger",
    "office_story",
    "rebuilt",
    "recognised",
    "recognition_story",
    "small_story",
]

RUN: Final = "5f0c7c1e-2b6d-4a86-9d3e-0a4b6f1c2d3e"
_PACK: Final = {"id": "cn-nanjing-property", "digest": "sha256:" + "1" * 64}
_NETWORK: Final = {"name": "face-finder", "digest": "sha256:" + "2" * 64}
_NAMES: Final = Pseudonyms(bytes(range(SECRET_BYTES)))


@dataclass
class Clock:
    """A clock that moves one second whenever it is read."""

    now: datetime = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the next second."""
        self.now += timedelta(seconds=1)
        return self.now


def new_ledger(connection: sqlite3.Connection | None = None) -> Ledger:
    """Return an empty ledger with a clock of its own, in memory unless a connection is given."""
    connection = connection or sqlite3.connect(":memory:")
    create_table(connection)
    return Ledger(connection, now=Clock())


@dataclass(frozen=True)
class Story:
    """The entries of a run and what its certificate lists beside them."""

    findings: tuple[FindingSummary, ...]
    gaps: tuple[GapSummary, ...]
    entries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def summary(self) -> certificate.RunSummary:
        """What `certificate.build` takes beside the entries."""
        issued_at = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
        return certificate.RunSummary(issued_at, self.findings, self.gaps)

    def certificate(self, *signers: SigningKey) -> bytes:
        """Return the run's certificate."""
        return certificate.build(self.summary, self.entries, *signers)


def finding(n: int, *, form: str = "sample", references: int = 1) -> FindingSummary:
    """Return the summary of a made-up face."""
    return FindingSummary(_NAMES.ref(Domain.FINDING, str(n)), "face-image@1", form, "face", 1, references)


def removal(target: int, findings: Sequence[FindingSummary], *, end: str = "done") -> list[dict[str, Any]]:
    """Return the entries of one removal that ends "done", "failed" or "ready"."""
    ref = _NAMES.ref(Domain.TARGET, str(target))
    before, after = _NAMES.content([b"before %d" % target]), _NAMES.content([b"after %d" % target])
    intent: dict[str, Any] = {
        "kind": "removal_intent",
        "ref": ref,
        "findings": [f.ref for f in findings],
        "actions": ["redact-image@1"],
        "method": "redact",
        "before": before,
    }
    ready: dict[str, Any] = {"kind": "removal_ready", "ref": ref, "after": after, "residue": 0}
    done: dict[str, Any] = {
        "kind": "removal_done",
        "ref": ref,
        "after": after,
        "residue": 0,
        "status": "removed",
    }
    failed: dict[str, Any] = {"kind": "removal_failed", "ref": ref, "reason": "changed", "status": "failed"}
    return {"done": [intent, ready, done], "failed": [intent, failed], "ready": [intent, ready]}[end]


def emptied(
    target: int, findings: Sequence[FindingSummary], *, not_done: Sequence[str] = (), end: str = "done"
) -> list[dict[str, Any]]:
    """Return the entries of a removal in a database that ends "done", or "partial" in the middle."""
    intent, ready, done = removal(target, findings)
    intent |= {"actions": ["erase-table-cells@1"], "method": "clear"}
    steps = [step for step in Cleaning if step not in not_done]
    cleaned = {"kind": "removal_cleaned", "ref": intent["ref"], "done": steps, "not_done": list(not_done)}
    partial = {"kind": "removal_failed", "ref": intent["ref"], "reason": "partial", "status": "failed"}
    return [intent, cleaned, ready, done] if end == "done" else [intent, partial]


def held(target: int, findings: Sequence[FindingSummary]) -> dict[str, Any]:
    """Return the entry of a removal that the first hold of the case file forbids."""
    ref = _NAMES.ref(Domain.TARGET, str(target))
    refs = [f.ref for f in findings]
    return {"kind": "removal_held", "ref": ref, "findings": refs, "rule": None, "hold": 0}


def small_story(action: str = "redact-image@1") -> Story:
    """Return the shortest run that removes something: one face, no law asked."""
    faces = (finding(1),)
    intent, *rest = removal(1, faces)
    return _told(faces, (), [intent | {"actions": [action]}, *rest])


def office_story() -> Story:
    """Return a run in which everything happens once: removed, tried again, failed, held, left, not seen."""
    faces = tuple(finding(n) for n in range(5))
    gaps = (GapSummary(_NAMES.ref(Domain.GAP, "1"), "open", "encrypted"),)
    kinds = {"prohibited": 3, "hold": 1, "conditional_ok": 1}
    after = {"seen": 10, "scanned": 9, "gaps": 1, "bytes": 4000}
    entries: list[dict[str, Any]] = [
        {"kind": "judged", "as_of": "2026-11-22", "verdicts_by": kinds, "packs": [_PACK]},
        {"kind": "removal_planned", "removals": 4},
        *removal(0, faces[:1]),
        *removal(1, faces[1:2], end="failed"),
        *removal(1, faces[1:2]),
        *removal(2, faces[2:3], end="failed"),
        held(3, faces[3:4]),
        {"kind": "rescan", "coverage": after, "residue": 0},
    ]
    return _told(faces, gaps, entries)


def database_story() -> Story:
    """Return a run that empties tables: wholly, without its last steps, after a stop, and not to the end."""
    columns = tuple(finding(n, form="template", references=1_000) for n in range(4))
    entries: list[dict[str, Any]] = [
        {"kind": "removal_planned", "removals": 4},
        *emptied(0, columns[:1]),
        *emptied(1, columns[1:2], not_done=("statistics", "files")),
        *emptied(2, columns[2:3], end="partial"),
        *emptied(2, columns[2:3], not_done=("files",)),
        *emptied(3, columns[3:4], end="partial"),
    ]
    return _told(columns, (), entries)


def sealed(target: int, findings: Sequence[FindingSummary], *, end: str = "done") -> list[dict[str, Any]]:
    """Return the entries of a removal whose original is kept for a holder of a key, that ends "done" or "failed"."""
    intent, *rest = removal(target, findings, end=end)
    digests = {"sealed": "5" * 64, "recipient": "6" * 64}
    kept = {"kind": "removal_sealed", "ref": intent["ref"], **digests, "until": f"2027-01-{target + 1:02}"}
    return [intent, kept, *rest]


def sealed_story() -> Story:
    """Return a run in which two persons remove: wholly, sealed, sealed and failed, and then sealed and not."""
    faces = tuple(finding(n) for n in range(5))
    persons = {"planner": "a" * 64, "applier": "b" * 64}
    planned = {"kind": "removal_planned", "removals": 3}
    approved = {"kind": "removal_approved", "plan": "c" * 64, **persons}
    entries: list[dict[str, Any]] = [
        planned,
        *removal(0, faces[:1]),
        approved,
        planned,
        *sealed(1, faces[1:3]),
        *sealed(2, faces[3:4], end="failed"),
        approved,
        planned,
        *sealed(3, faces[4:], end="failed"),
        *removal(3, faces[4:]),
    ]
    return _told(faces, (), entries)


def recognised(
    targets: Sequence[int],
    *,
    flat: int,
    comparisons: Sequence[tuple[str, str, int, int, int]] = (),
    left: int = 0,
) -> dict[str, Any]:
    """Return the entry of recognisers that were tried on removals.

    Args:
        targets: Numbers of the removals.
        flat: Faces at whose place everything is of one colour.
        comparisons: Of each its family, gallery, probes, rank-1 rate and chance in millionths.
        left: Faces at whose place something else is.
    """
    told: list[dict[str, Any]] = []
    for family, gallery, probes, rank1, chance in comparisons:
        for measure, rate, by_chance in (("rank_one", rank1, chance), ("accepted", 0, 1_000)):
            lower, upper = recognition.bounds(rate, probes)
            numbers = {"rate_ppm": rate, "chance_ppm": by_chance, "lower_ppm": lower, "upper_ppm": upper}
            told.append(
                {"family": family, "gallery": gallery, "measure": measure, "probes": probes, **numbers}
            )
    rates = [(row["chance_ppm"], row["lower_ppm"], row["upper_ppm"]) for row in told]
    return {
        "kind": "reidentified",
        "removals": [_NAMES.ref(Domain.TARGET, str(target)) for target in targets],
        "flat": flat,
        "gone": 1,
        "left": left,
        "untested": len(targets),
        "comparisons": told,
        "outcome": recognition.outcome(rates, left).value,
    }


def recognition_story() -> Story:
    """Return a run in which recognisers were tried thrice: nothing left, too few, and known until removed anew."""
    faces = tuple(finding(n) for n in range(4))
    entries: list[dict[str, Any]] = [
        {"kind": "removal_planned", "removals": 4},
        *removal(0, faces[:1]),
        recognised([0], flat=40, comparisons=[("lbp", "clear", 40, 25_000, 25_000)]),
        *removal(1, faces[1:2]),
        recognised([1], flat=0, left=3, comparisons=[("lbp", "clear", 3, 333_333, 333_333)]),
        *removal(2, faces[2:3]),
        recognised([2], flat=0, left=50, comparisons=[("lbp", "parrot", 50, 900_000, 20_000)]),
        *removal(2, faces[2:3]),
        recognised([2], flat=50),
        *removal(3, faces[3:4]),
    ]
    return _told(faces, (), entries)


def cleared(
    target: int, galleries: Sequence[FindingSummary], *, persons: int | None = 0, reason: str = ""
) -> list[dict[str, Any]]:
    """Return the entries of a device that was told to forget 15 people and counts so many afterwards."""
    intent, ready, done = removal(target, galleries)
    intent |= {"actions": [CLEAR_DEVICE], "method": "clear"}
    ref = intent["ref"]
    asked = {
        "kind": "gallery_asked",
        "device": ref,
        "requests": ["isapi.UserInfoDetail.Delete", "isapi.FDLib.delete"],
        "persons": 15,
        "authorisation": "7" * 64,
    }
    count = {"kind": "gallery_counted", "device": ref, "persons": persons}
    failed = {"kind": "removal_failed", "ref": ref, "reason": reason, "status": "failed"}
    return [intent, asked, count, *([failed] if reason else [ready, done])]


def confirmed(system: str, step: str, *, is_noted: bool = False) -> dict[str, Any]:
    """Return the entry of a step that a person says is done."""
    return {
        "kind": "step_confirmed",
        "system": _NAMES.ref(Domain.SYSTEM, system),
        "step": step,
        "by": _NAMES.ref(Domain.PERSON, "somebody"),
        "note": "8" * 64 if is_noted else None,
    }


def decommissioned_story() -> Story:
    """Return a run that takes systems away: cleared, on a second try, not known, and by persons."""
    galleries = tuple(finding(n, form="reference_database", references=15) for n in range(3))
    entries: list[dict[str, Any]] = [
        *cleared(0, galleries[:1]),
        *cleared(1, galleries[1:2], persons=3, reason="residue"),
        *cleared(1, galleries[1:2]),
        *cleared(2, galleries[2:], persons=None, reason="unknown"),
        confirmed("camera", "device_off"),
        confirmed("software", "service", is_noted=True),
    ]
    return _told(galleries, (), entries)


def _told(
    faces: tuple[FindingSummary, ...], gaps: tuple[GapSummary, ...], entries: list[dict[str, Any]]
) -> Story:
    opened = {"kind": "run_opened", "run": RUN, "tool_version": "0.1.0", "targets": 1}
    scanned = {
        "kind": "scan_finished",
        "run": RUN,
        "mode": "standard",
        "coverage": {"seen": 10, "scanned": 10 - len(gaps), "gaps": len(gaps), "bytes": 4096},
        "detectors": ["face-image@1"],
        "networks": [_NETWORK],
        "packs": [_PACK],
        "findings": len(faces),
        "findings_root": summaries.root_of_summaries(faces),
        "gaps_by": summaries.gap_counts(gaps),
        "gaps_root": summaries.root_of_summaries(gaps),
    }
    ledger = new_ledger()
    for entry in (opened, scanned, *entries):
        ledger.append(entry)
    return Story(faces, gaps, list(ledger.read()))


def rebuilt(statement: dict[str, Any]) -> None:
    """Chain changed entries anew, and set size, root and subject to fit: what a forging owner would do."""
    ledger, frontier = statement["predicate"]["ledger"], merkle.Frontier()
    for entry in ledger["entries"]:
        entry["previous"] = frontier.root().hex()
        frontier.append(merkle.leaf_hash(canonical.dumps(entry)))
    ledger["size"], ledger["root"] = frontier.size, frontier.root().hex()
    statement["subject"][0]["digest"]["sha256"] = ledger["root"]


def forged(data: bytes, signer: SigningKey, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return a certificate whose statement was changed and signed anew by who holds the key."""
    statement = canonical.loads(envelope.parse(data).payload)
    change(statement)
    return envelope.sign(canonical.dumps(statement), (signer,))
