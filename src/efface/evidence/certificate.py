"""Build a certificate from a run's ledger: only what was done and checked, and what was not proven.

A second signer adds a signature to the same payload, once the certificate holds under every signer before.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from efface.errors import EvidenceError, UsageError
from efface.evidence import account, canonical, envelope, history, merkle, not_proven, shapes
from efface.evidence.check import check
from efface.evidence.entries import Kind, RehearsalOpened, entry_adapter
from efface.evidence.statement import PREDICATE_TYPE, STATEMENT_TYPE, SUBJECT_NAME
from efface.evidence.summaries import FindingSummary, GapSummary, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from efface.evidence.check import CheckReport
    from efface.evidence.entries import Entry
    from efface.evidence.keys import PublicKey, SigningKey

__all__ = ["FindingSummary", "GapSummary", "RunSummary", "build", "certified_entry", "countersign"]


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
    typed: list[Entry] = []
    for entry in plain:
        read = shapes.read(entry_adapter, canonical.dumps(entry))
        if isinstance(read, RehearsalOpened):
            raise EvidenceError(
                "no certificate: this is the ledger of a rehearsal, and what it removed were copies"
            )
        typed.append(read)
    for problem in chain(history.order(typed), history.pairing(typed)):
        raise EvidenceError(f"no certificate: {problem}")
    predicate = _predicate(run, plain, typed)
    data = envelope.sign(canonical.dumps(_statement(predicate)), (signer, *others))
    _require_ok(check(data, [key.public for key in (signer, *others)]), "no certificate")
    return data


def countersign(
    data: bytes, signer: SigningKey, trusted: Sequence[PublicKey], revoked: frozenset[str] = frozenset()
) -> bytes:
    """Return a certificate with one more signature over the same statement.

    Args:
        data: The certificate.
        signer: The key that countersigns.
        trusted: The keys of all who signed before.
        revoked: Ids of keys that are believed no longer.

    Raises:
        UsageError: This key has signed it already.
        EvidenceError: A step of the check does not hold, before or after; nothing is signed then.

    Not promised: that the countersigner saw the data. A signature says that its holder stands by the
    statement; docs/certificate.md says what else he should have looked at.
    """
    _require_ok(check(data, trusted, revoked), "not countersigned")
    if signer.key_id in {signature.key_id for signature in envelope.parse(data).signatures}:
        raise UsageError(f"the key {signer.key_id} has signed this certificate already")
    signed = envelope.cosign(data, signer)
    _require_ok(check(signed, [*trusted, signer.public], revoked), "not countersigned")
    return signed


def _require_ok(report: CheckReport, otherwise: str) -> None:
    if failed := report.failed:
        raise EvidenceError(f"{otherwise}: step {failed.number}, {failed.title}: {failed.reason}")


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
