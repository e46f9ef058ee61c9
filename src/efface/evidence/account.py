"""What a ledger says, as the fields of a certificate; used to build one and again to check one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from efface.errors import EvidenceError
from efface.evidence import history
from efface.evidence.entries import (
    CLEAR_DEVICE,
    FailureReason,
    GalleryAsked,
    GalleryCounted,
    Judged,
    Kind,
    Reidentified,
    RemovalDone,
    RemovalFailed,
    RemovalHeld,
    RemovalIntent,
    RemovalSealed,
    Rescan,
    RunOpened,
    ScanFinished,
    StepConfirmed,
)
from efface.evidence.not_proven import Code
from efface.evidence.statement import FindingStatus
from efface.model.vocabulary import Characteristic, Cleaning, Form, Recognition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from efface.evidence.entries import Coverage, Entry

__all__ = [
    "GONE",
    "account_of",
    "arithmetic",
    "numbers_not_proven",
    "scan_of",
    "sealed_until",
    "statuses",
    "untouched",
]

GONE: Final = frozenset({FindingStatus.REMOVED, FindingStatus.SEALED})
"""Where a finding stands that is not in its place any more."""


def scan_of(entries: Sequence[Entry]) -> ScanFinished:
    """Return the entry of the finished scan; of several, the last.

    Raises:
        EvidenceError: There is none.
    """
    for entry in reversed(entries):
        if isinstance(entry, ScanFinished):
            return entry
    raise EvidenceError("no scan was finished")


def account_of(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return those fields of a certificate that follow from the ledger alone, as JSON values.

    Args:
        entries: Entries without a problem of `history.order` and `history.pairing`.

    Raises:
        EvidenceError: No run was opened or no scan was finished.
    """
    scan = scan_of(entries)
    opened = entries[0]
    if not isinstance(opened, RunOpened):
        raise EvidenceError("no run was opened")
    judged = next((entry for entry in reversed(entries) if isinstance(entry, Judged)), None)
    return {
        "run": opened.run,
        "tool": {"name": "efface", "version": opened.tool_version},
        "scope": {
            "targets": opened.targets,
            "mode": scan.mode.value,
            "started_at": opened.at,
            "finished_at": entries[-1].at,
        },
        "coverage": scan.coverage.model_dump(mode="json"),
        "detectors": list(scan.detectors),
        "networks": [network.model_dump(mode="json") for network in scan.networks],
        "packs": [pack.model_dump(mode="json") for pack in (judged or scan).packs],
        "removals": [_removal(removed) for removed in history.removed(entries)],
        "holds": [_hold(entry) for entry in entries if isinstance(entry, RemovalHeld)],
        "verdicts_by": {} if judged is None else judged.model_dump(mode="json")["verdicts_by"],
        "reidentified": [
            entry.model_dump(mode="json") for entry in entries if isinstance(entry, Reidentified)
        ],
        "decommissioned": [
            entry.model_dump(mode="json")
            for entry in entries
            if isinstance(entry, GalleryAsked | GalleryCounted | StepConfirmed)
        ],
        "rescan": _rescan(entries),
    }


def _removal(removed: history.Removed) -> dict[str, Any]:
    return {
        "ref": removed.intent.ref,
        "actions": list(removed.intent.actions),
        "method": removed.intent.method.value,
        "findings": list(removed.intent.findings),
        "performed_at": removed.done.at,
        "residue": removed.done.residue,
    }


def _hold(entry: RemovalHeld) -> dict[str, Any]:
    return {"ref": entry.ref, "findings": list(entry.findings), "rule": entry.rule, "hold": entry.hold}


def _rescan(entries: Sequence[Entry]) -> dict[str, Any] | None:
    """Return the last re-scan, unless something was removed after it."""
    for entry in reversed(entries):
        if isinstance(entry, RemovalDone):
            return None
        if isinstance(entry, Rescan):
            coverage = entry.coverage.model_dump(mode="json")
            return {"performed_at": entry.at, "coverage": coverage, "residue": entry.residue}
    return None


def statuses(entries: Sequence[Entry]) -> dict[str, FindingStatus]:
    """Return where each finding stands that a removal was tried on or that is held, by its pseudonym."""
    result: dict[str, FindingStatus] = {}
    begun: dict[str, RemovalIntent] = {}
    sealed: set[str] = set()
    for entry in entries:
        match entry:
            case RemovalIntent():
                begun[entry.ref] = entry
                sealed.discard(entry.ref)
            case RemovalSealed():
                sealed.add(entry.ref)
            case RemovalDone():
                status = FindingStatus.SEALED if entry.ref in sealed else FindingStatus.REMOVED
                result |= dict.fromkeys(begun[entry.ref].findings, status)
            case RemovalFailed():
                _weaker(result, begun[entry.ref].findings, FindingStatus.FAILED)
            case RemovalHeld():
                _weaker(result, entry.findings, FindingStatus.HELD)
            case _:
                pass
    return result


def sealed_until(entries: Sequence[Entry]) -> dict[str, int]:
    """Return how many originals are kept sealed until which day; a removal that failed keeps none."""
    result: Counter[str] = Counter()
    sealed: dict[str, str] = {}
    for entry in entries:
        if isinstance(entry, RemovalIntent):
            sealed.pop(entry.ref, None)
        elif isinstance(entry, RemovalSealed):
            sealed[entry.ref] = entry.until
        elif isinstance(entry, RemovalDone) and entry.ref in sealed:
            result[sealed.pop(entry.ref)] += 1
    return dict(sorted(result.items()))


def _weaker(result: dict[str, FindingStatus], refs: tuple[str, ...], status: FindingStatus) -> None:
    for ref in refs:
        if result.get(ref) not in GONE:
            result[ref] = status


def untouched(entries: Sequence[Entry]) -> FindingStatus:
    """Return where every other finding stands."""
    judged = any(isinstance(entry, Judged) for entry in entries)
    return FindingStatus.REMAINING if judged else FindingStatus.NOT_JUDGED


def numbers_not_proven(predicate: Mapping[str, Any]) -> dict[Code, int]:
    """Return how much a run leaves unproven, from the fields of its certificate as JSON values.

    Args:
        predicate: `findings`, `rescan`, `coverage`, `removals`, `reidentified`, and the `entries` of `ledger`.
    """
    standing = Counter(finding["status"] for finding in predicate["findings"])
    rescan = predicate["rescan"]
    return {
        Code.GAPS_REMAIN: predicate["coverage"]["gaps"],
        Code.SEALED: standing[FindingStatus.SEALED],
        Code.HELD: standing[FindingStatus.HELD],
        Code.FAILED: standing[FindingStatus.FAILED],
        Code.REMAINING: standing[FindingStatus.REMAINING],
        Code.NOT_JUDGED: standing[FindingStatus.NOT_JUDGED],
        Code.NOT_RESCANNED: 0 if rescan else len(predicate["removals"]),
        Code.RESCAN_GAPS: rescan["coverage"]["gaps"] if rescan else 0,
        **_of_recognisers(predicate),
        **_of_systems(predicate),
        **_of_databases(predicate["ledger"]["entries"]),
        Code.DERIVED_LEFT: _derived_left(predicate["ledger"]["entries"]),
    }


def _derived_left(entries: Sequence[Mapping[str, Any]]) -> int:
    """Return how many derived copies are left, by the last word on each target."""
    last = {entry["ref"]: entry["left"] for entry in entries if entry["kind"] == Kind.REMOVAL_DERIVED}
    return sum(last.values())


def _of_recognisers(predicate: Mapping[str, Any]) -> dict[Code, int]:
    """Return what recognisers leave unproven: removals and faces they were not tried on, faces too few to say."""
    tests = predicate["reidentified"]
    tried = {ref for test in tests for ref in test["removals"]}
    faces = {
        finding["ref"]
        for finding in predicate["findings"]
        if (finding["form"], finding["characteristic"]) == (Form.SAMPLE, Characteristic.FACE)
    }
    return {
        Code.NOT_REIDENTIFIED: sum(
            removal["ref"] not in tried and not faces.isdisjoint(removal["findings"])
            for removal in predicate["removals"]
        ),
        Code.FACES_NOT_TRIED: sum(test["untested"] for test in tests),
        Code.TOO_FEW_FACES: sum(test["left"] for test in tests if test["outcome"] == Recognition.TOO_FEW),
    }


def _of_systems(predicate: Mapping[str, Any]) -> dict[Code, int]:
    """Return what taking systems away leaves unproven: the word of a device, of a person, or of nobody."""
    last = {
        entry["ref"]: entry.get("reason")
        for entry in predicate["ledger"]["entries"]
        if entry["kind"] in (Kind.REMOVAL_FAILED, Kind.REMOVAL_DONE)
    }
    return {
        Code.DEVICES_UNKNOWN: sum(reason == FailureReason.UNKNOWN for reason in last.values()),
        Code.OWN_COUNT: sum(removal["actions"].count(CLEAR_DEVICE) for removal in predicate["removals"]),
        Code.BY_PERSONS: sum(entry["kind"] == Kind.STEP_CONFIRMED for entry in predicate["decommissioned"]),
    }


def _of_databases(entries: Sequence[Mapping[str, Any]]) -> dict[Code, int]:
    """Return what removals in databases leave unproven: how many were done, and without which steps."""
    cleaned: dict[str, Mapping[str, Any]] = {}
    done: list[Mapping[str, Any]] = []
    stopped: set[str] = set()
    for entry in entries:
        kind, ref = entry["kind"], entry.get("ref", "")
        if kind == Kind.REMOVAL_CLEANED:
            cleaned[ref] = entry
        elif kind == Kind.REMOVAL_DONE:
            stopped.discard(ref)
            done += [cleaned.pop(ref)] if ref in cleaned else []
        elif kind == Kind.REMOVAL_FAILED:
            cleaned.pop(ref, None)
            if entry["reason"] == FailureReason.PARTIAL:
                stopped.add(ref)
    rewriting = set(Cleaning) - {Cleaning.FILES}
    return {
        Code.DATABASES: len(done),
        Code.NOT_REWRITTEN: sum(bool(rewriting & set(entry["not_done"])) for entry in done),
        Code.FILES_NOT_SEARCHED: sum(Cleaning.FILES in entry["not_done"] for entry in done),
        Code.PARTLY_EMPTIED: len(stopped),
    }


def arithmetic(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield what does not add up in the counts of the ledger's scans."""
    for entry in entries:
        if isinstance(entry, ScanFinished | Rescan):
            yield from _coverage(entry.coverage)
        if isinstance(entry, ScanFinished) and sum(entry.gaps_by.values()) != entry.coverage.gaps:
            yield "the gaps by reason do not add up to the gaps of the coverage"


def _coverage(coverage: Coverage) -> Iterator[str]:
    if coverage.scanned > coverage.seen:
        yield "more was scanned than was seen"
    if coverage.seen - coverage.scanned > coverage.gaps:
        yield "something was seen, not scanned, and is not among the gaps"
