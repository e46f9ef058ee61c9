"""What a run writes into its ledger, in the words that the evidence room defines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from efface import registry
from efface.engines import network
from efface.evidence.pseudonym import Domain
from efface.evidence.summaries import FindingSummary, GapSummary, gap_counts, root_of_summaries
from efface.runs.residue import residue_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from efface.model import Finding, Gap, Locator, Mode, PackReference, Verdict
    from efface.runs.store import Store

__all__ = [
    "coverage",
    "detectors",
    "finding_summary",
    "gap_summary",
    "judged_entry",
    "looked_again_entry",
    "networks",
    "packs_of",
    "removal_began",
    "scan_entry",
    "target_ref",
]


def target_ref(store: Store, target: Locator) -> str:
    """Return the pseudonym of a target."""
    return store.pseudonyms.ref(Domain.TARGET, target.uri)


def finding_ref(store: Store, finding_id: str) -> str:
    """Return the pseudonym of a finding."""
    return store.pseudonyms.ref(Domain.FINDING, finding_id)


def finding_summary(store: Store, finding: Finding) -> FindingSummary:
    """Return a finding without its place."""
    return FindingSummary(
        finding_ref(store, finding.id),
        finding.detector,
        finding.form,
        finding.characteristic,
        None if finding.level is None else int(finding.level),
        finding.references,
    )


def gap_summary(store: Store, gap: Gap) -> GapSummary:
    """Return a gap without its place."""
    return GapSummary(store.pseudonyms.ref(Domain.GAP, gap.locator.uri), gap.stage, gap.reason)


def coverage(store: Store) -> dict[str, int]:
    """Return seen, scanned, gaps and bytes of the run."""
    totals = store.totals()
    return {key: totals[key] for key in ("seen", "scanned", "gaps", "bytes")}


def detectors() -> list[str]:
    """Return `name@version` of every detector of a scan."""
    return [f"{name}@{registry.version('detector', name)}" for name in registry.names("detector")]


def networks() -> list[dict[str, str]]:
    """Return the networks that the detectors use, by content."""
    return [{"name": name, "digest": digest} for name, digest in sorted(network.digests().items())]


def packs_of(references: Iterable[PackReference]) -> list[dict[str, str]]:
    """Return packs as plain values."""
    return [{"id": pack.id, "digest": pack.digest} for pack in references]


def scan_entry(store: Store, mode: Mode) -> dict[str, Any]:
    """Return the entry of a finished scan."""
    findings = [finding_summary(store, finding) for finding in store.findings()]
    gaps = [gap_summary(store, gap) for gap in store.gaps()]
    return {
        "kind": "scan_finished",
        "run": store.run_id,
        "mode": mode,
        "coverage": coverage(store),
        "detectors": detectors(),
        "networks": networks(),
        "packs": json.loads(store.meta("packs", "[]")),
        "findings": len(findings),
        "findings_root": root_of_summaries(findings),
        "gaps_by": gap_counts(gaps),
        "gaps_root": root_of_summaries(gaps),
    }


def removal_began(store: Store) -> bool:
    """Return whether anything was removed or held in this run: from then on a scan is a re-scan."""
    return any(entry["kind"] in ("removal_intent", "removal_held") for entry in store.ledger.read())


def looked_again_entry(store: Store) -> dict[str, Any]:
    """Return the entry of a scan after removals: how many findings are there that are not meant to be.

    Those that were removed and are back count, and those that the scan before had not found: a certificate
    lists neither, and is not issued while there are any.
    """
    removed = list(store.removed())
    gone = {finding.id for finding in removed}
    stays = [finding for finding in store.scanned()[0] if finding.id not in gone]
    residue = residue_of(store.findings(), removed, stays)
    return {"kind": "rescan", "coverage": coverage(store), "residue": len(residue)}


def judged_entry(verdicts: Iterable[Verdict], packs: Iterable[PackReference], as_of: date) -> dict[str, Any]:
    """Return the entry of a judging."""
    counts: dict[str, int] = {}
    for verdict in verdicts:
        counts[verdict.kind] = counts.get(verdict.kind, 0) + 1
    return {
        "kind": "judged",
        "as_of": as_of.isoformat(),
        "verdicts_by": counts,
        "packs": packs_of(packs),
    }
