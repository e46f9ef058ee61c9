"""What a verified certificate says, as values that people are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from efface.model.rule import PackReference, Text
    from efface.model.vocabulary import Recognition, StepOfPerson

__all__ = ["Certificate", "Compared", "GalleryCleared", "Recognised", "StepSaid"]


@dataclass(frozen=True, slots=True)
class Compared:
    """How well a family of recognisers does against a gallery; rates are from 0 to 1.

    Attributes:
        family: The recogniser.
        gallery: "clear", faces as they were, or "parrot", what is left of other faces of the same persons.
        measure: "rank_one" or "accepted".
        probes: How many were compared.
        rate: The rate.
        chance: What chance alone would give.
        lower: Lower bound of the rate (95 %).
        upper: Upper bound of the rate.
    """

    family: str
    gallery: str
    measure: str
    probes: int
    rate: float
    chance: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Recognised:
    """What recognisers made of removed faces.

    Attributes:
        outcome: What may be said.
        flat: Faces at whose place everything is of one colour.
        gone: Faces at whose place there is no picture.
        left: Faces at whose place there is something else.
        untested: Faces that were not tried.
        needed: How many faces with something left it would take to show that recognisers are at chance; 0 where
            that does not matter or nobody can say.
        compared: How well each family does.
    """

    outcome: Recognition
    flat: int
    gone: int
    left: int
    untested: int
    needed: int
    compared: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class GalleryCleared:
    """A device that was told to forget the people it knew, by its own counts.

    Attributes:
        device: Pseudonym of its address.
        at: When it was counted last, as the ledger writes it.
        requests: Names of the requests that could be sent, the last time that any could.
        before: How many people it counted before them; whoever stands in two of its lists counts twice.
        after: How many it counted last, or None where it gave no count.
    """

    device: str
    at: str
    requests: tuple[str, ...]
    before: int
    after: int | None


@dataclass(frozen=True, slots=True)
class StepSaid:
    """A step of taking a system away of which only a person says that it is done.

    Attributes:
        system: Pseudonym of the system.
        step: The step.
        by: Pseudonym of who says so.
        at: When it was recorded, as the ledger writes it.
    """

    system: str
    step: StepOfPerson
    by: str
    at: str


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
        recognised: What recognisers made of removed faces, once for each application of a plan.
        galleries: Devices that were told to forget whom they knew, by their last count.
        steps: Steps that a person confirmed.
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
    recognised: tuple[Recognised, ...] = ()
    galleries: tuple[GalleryCleared, ...] = ()
    steps: tuple[StepSaid, ...] = ()
