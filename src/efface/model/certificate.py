"""What a verified certificate says, as values that people are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from efface.model.rule import PackReference, Text

__all__ = ["Certificate"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate after it was checked; the signed bytes themselves are the proof, not these values.

    Attributes:
        run_id: The run that it is about.
        tool_version: Version of efface that opened the run.
        issued_at: Aware UTC time of issue.
        artefacts_seen: Artefacts that were met.
        artefacts_scanned: Artefacts that were looked at to the end.
        findings_by: How many findings stand where: removed, sealed, held, failed, remaining, not_judged.
        removals: How many targets were changed.
        gaps: How many things were not looked at.
        detectors: `name@version` of each detector.
        packs: Rule packs, by content.
        networks: Neural networks: name to digest.
        not_proven: What the certificate does not show; never empty.
        ledger_root: Root of the ledger's Merkle tree, in hex.
        ledger_size: How many entries the ledger had.
        key_ids: The keys that signed.
        sealed_until: How many originals are kept, encrypted for a holder of a key, by the day until which they are.
    """

    run_id: str
    tool_version: str
    issued_at: datetime
    artefacts_seen: int
    artefacts_scanned: int
    findings_by: Mapping[str, int]
    removals: int
    gaps: int
    not_proven: tuple[Text, ...]
    ledger_root: str
    ledger_size: int
    key_ids: tuple[str, ...]
    detectors: tuple[str, ...] = ()
    packs: tuple[PackReference, ...] = ()
    networks: Mapping[str, str] = field(default_factory=dict)
    sealed_until: Mapping[str, int] = field(default_factory=dict)
