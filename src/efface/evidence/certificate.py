"""Build a certificate from a run's ledger: only what was done and checked, and what was not proven."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from efface.errors import EvidenceError
from efface.evidence import account, canonical, envelope, history, merkle, not_proven, shapes
from efface.evidence.check import check
from efface.evidence.entries import Kind, entry_adapter
from efface.evidence.statement import PREDICATE_TYPE, STATEMENT_TYPE, SUBJECT_NAME
from efface.evidence.summaries import FindingSummary, GapSummary, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from efface.evidence.entries import Entry
    from efface.evidence.keys import SigningKey

__all__ = ["FindingSummary", "GapSummary", "RunSummary", "build", "certified_entry"]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a certificate says of a run beyond its ledger; the ledger holds the roots of both lists.

    Attributes:
        issued_at: Aware time of issue; no earlier than the ledger's last entry.
        findings: All findings of the scan.
        gaps: All gaps of the scan.
    """

    issued_at: datetime
    findings: tuple[FindingSummary, ...]
    gaps: tuple[GapSummary, ...]


def build(
    run: RunSummary, entries: Iterable[Mapping[str, Any]], signer: SigningKey, *others: SigningKey
) -> bytes:
    """Return a signed certificate, after checking it as a third party would.

    Args:
        run: The findings and gaps of the run, and the time of issue.
        entries: All entries of the ledger as `Ledger.read` yields them.
        signer: The key that signs.
        others: Further keys that sign.

    Raises:
        EvidenceError: Entries and lists do not agree, or a removal is open, failed its check, or left
            something behind; nothing is issued.
    """
    plain = [dict(entry) for entry in entries]
    typed = [shapes.read(entry_adapter, canonical.dumps(entry)) for entry in plain]
    for problem in chain(history.order(typed), history.pairing(typed)):
        raise EvidenceError(f"no certificate: {problem}")
    predicate = _predicate(run, plain, typed)
    data = envelope.sign(canonical.dumps(_statement(predicate)), (signer, *others))
    report = check(data, [key.public for key in (signer, *others)])
    if failed := report.failed:
        raise EvidenceError(f"no certificate: step {failed.number}, {failed.title}: {failed.reason}")
    return data


def certified_entry(data: bytes) -> dict[str, Any]:
    """Return the ledger entry that says that a certificate was issued.

    Raises:
        EvidenceError: The bytes are not a certificate.
    """
    outer = envelope.parse(data)
    predicate = canonical.loads(outer.payload)["predicate"]
    return {
        "kind": Kind.CERTIFIED.value,
        "run": predicate["run"],
        "issued_at": predicate["issued_at"],
        "certificate": hashlib.sha256(data).hexdigest(),
        "keys": [signature.key_id for signature in outer.signatures],
        "size": predicate["ledger"]["size"],
        "root": predicate["ledger"]["root"],
    }


def _statement(predicate: dict[str, Any]) -> dict[str, Any]:
    return {
        "_type": STATEMENT_TYPE,
        "predicateType": PREDICATE_TYPE,
        "subject": [{"name": SUBJECT_NAME, "digest": {"sha256": predicate["ledger"]["root"]}}],
        "predicate": predicate,
    }


def _predicate(run: RunSummary, plain: list[dict[str, Any]], typed: Sequence[Entry]) -> dict[str, Any]:
    touched, otherwise = account.statuses(typed), account.untouched(typed)
    findings = [
        {**finding, "status": touched.get(finding["ref"], otherwise).value}
        for finding in in_order(finding.plain() for finding in run.findings)
    ]
    root = merkle.root_of(merkle.leaf_hash(canonical.dumps(entry)) for entry in plain)
    fields = account.account_of(typed)
    ledger = {"size": len(plain), "root": root.hex(), "entries": plain}
    return {
        **fields,
        "issued_at": shapes.printed(run.issued_at),
        "findings": findings,
        "gaps": in_order(gap.plain() for gap in run.gaps),
        "not_proven": not_proven.stated(
            account.numbers_not_proven({**fields, "findings": findings, "ledger": ledger})
        ),
        "ledger": ledger,
    }
