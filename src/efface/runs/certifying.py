"""Issue a certificate over a run's ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from efface.errors import UsageError
from efface.evidence.certificate import RunSummary, build, certified_entry
from efface.runs.record import finding_summary, gap_summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from efface.evidence.keys import SigningKey
    from efface.runs.store import Store

__all__ = ["certify"]


def certify(store: Store, signer: SigningKey, write: Callable[[bytes], None]) -> None:
    """Issue a signed certificate of a run, and then note in the ledger that it was issued.

    Args:
        store: The run.
        signer: The key that signs.
        write: Puts the certificate where it is to be; what it raises leaves the ledger as it was.

    Raises:
        UsageError: Nothing was scanned to its end yet.
        EvidenceError: The ledger does not hold, or a removal is open; nothing is issued.
    """
    if not store.meta("finished_at", ""):
        raise UsageError("the scan is not finished", to_do="Run the same `efface scan` again; it goes on.")
    store.ledger.verify()
    findings, gaps = store.scanned()
    summary = RunSummary(
        datetime.now(UTC),
        tuple(finding_summary(store, finding) for finding in findings),
        tuple(gap_summary(store, gap) for gap in gaps),
    )
    data = build(summary, store.ledger.read(), signer)
    write(data)
    with store.transaction():
        store.ledger.append(certified_entry(data))
