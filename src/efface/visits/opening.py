"""Accept or refuse a bundle, offline, in numbered steps; the first that fails ends it.

    (1) The bundle is one ZIP of stored files in its one spelling.
    (2) The manifest is an in-toto statement in an envelope in its one spelling.
    (3) Every signature names the fingerprint of a trusted key, and none that is revoked.
    (4) Every signature is over this payload.
    (5) The manifest fits its strict schema and is spelled in its one way.
    (6) The bundle holds what the manifest lists, by name, size and SHA-256, and nothing else.
    (7) The log's lines continue each other and hash to the manifest's root; the last is this seal, by who signed.
    (8) Everything that the log says was added is there as it was added; beside it stand log and records only.
    (9) The ledger of every run holds in itself and is of that run, and its baseline can be read.

Not handled here: whether notes, names, clock and mandate are true, and whether the organisation's certificates hold.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from efface.errors import EvidenceError, UsageError
from efface.evidence import canonical, envelope, shapes
from efface.evidence.check import walk
from efface.evidence.entries import RunOpened
from efface.evidence.ledger import verified_lines
from efface.runs.baseline import parse_baseline
from efface.visits import bundle
from efface.visits.entries import FILE_NAME, Sealed
from efface.visits.log import Log
from efface.visits.manifest import manifest_adapter
from efface.visits.runs import BASELINE, LEDGER
from efface.visits.visit import LOG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from efface.evidence.check import Step
    from efface.evidence.keys import PublicKey
    from efface.runs.baseline import Baseline
    from efface.visits.entries import Run
    from efface.visits.manifest import Manifest

__all__ = ["Checked", "Sealing", "check_bundle"]


@dataclass(frozen=True, slots=True)
class Sealing:
    """A bundle that holds.

    Attributes:
        files: Its files.
        log: Its log.
        manifest: What was signed.
        key_ids: Who signed.
    """

    files: dict[str, bytes]
    log: Log
    manifest: Manifest
    key_ids: tuple[str, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs of the visit."""
        return self.log.runs

    def report(self, run: Run, end: str) -> bytes:
        """Return the file of a run whose name ends so."""
        return self.files[f"{run.seq:02}-{end}"]

    def baseline(self, run: Run) -> Baseline:
        """Return what a second visit compares with."""
        return parse_baseline(self.report(run, BASELINE).decode(), f"{run.seq:02}-{BASELINE}")


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check: all steps, and what was sealed; None unless every step holds."""

    steps: tuple[Step, ...]
    sealing: Sealing | None


@dataclass(slots=True)
class _Case:
    """What the steps have established so far."""

    data: bytes
    trusted: dict[str, PublicKey]
    revoked: frozenset[str]
    files: dict[str, bytes] = field(init=False)
    outer: envelope.Envelope = field(init=False)
    manifest: Manifest = field(init=False)
    log: Log = field(init=False)

    @property
    def sealing(self) -> Sealing:
        key_ids = tuple(signature.key_id for signature in self.outer.signatures)
        return Sealing(self.files, self.log, self.manifest, key_ids)


def check_bundle(
    data: bytes, trusted_keys: Iterable[PublicKey], revoked: frozenset[str] = frozenset()
) -> Checked:
    """Check a bundle without a network; arguments as of `evidence.check.check`."""
    case = _Case(data, {key.key_id: key for key in trusted_keys}, revoked)
    steps = walk(case, _STEPS)
    return Checked(steps, case.sealing if all(step.ok for step in steps) else None)


def _require(condition: object, reason: str) -> None:
    if not condition:
        raise EvidenceError(reason)


def _1_zip(case: _Case) -> None:
    case.files = bundle.read(case.data)


def _2_envelope(case: _Case) -> None:
    _require(bundle.MANIFEST in case.files, "there is no manifest")
    case.outer = envelope.parse(case.files[bundle.MANIFEST])
    _require(case.outer.payload_type == envelope.PAYLOAD_TYPE, f"expected {envelope.PAYLOAD_TYPE}")


def _3_trusted(case: _Case) -> None:
    for signature in case.outer.signatures:
        _require(signature.key_id not in case.revoked, f"the key {signature.key_id} is revoked")
        _require(signature.key_id in case.trusted, f"the key {signature.key_id} is not trusted")


def _4_signature(case: _Case) -> None:
    message = envelope.pae(case.outer.payload_type, case.outer.payload)
    for signature in case.outer.signatures:
        key = case.trusted[signature.key_id]
        _require(key.verifies(signature.value, message), f"the signature of {key.key_id} does not hold")


def _5_schema(case: _Case) -> None:
    canonical.loads(case.outer.payload)
    case.manifest = shapes.read(manifest_adapter, case.outer.payload)


def _6_files(case: _Case) -> None:
    names = [subject.name for subject in case.manifest.subject]
    sizes = case.manifest.predicate.sizes
    _require(names == sorted(set(names)), "the manifest does not list its files in order, each once")
    _require(set(names) == set(sizes), "the manifest lists digests and sizes of different files")
    _require(
        set(names) == set(case.files) - {bundle.MANIFEST},
        "the bundle holds other files than the manifest lists",
    )
    for subject in case.manifest.subject:
        data = case.files[subject.name]
        same = len(data) == sizes[subject.name] and _sha256(data) == subject.digest.sha256
        _require(same, f"{subject.name} is not what was sealed")


def _7_log(case: _Case) -> None:
    said, data = case.manifest.predicate, case.files.get(LOG)
    if data is None:
        raise EvidenceError("there is no log")
    case.log = Log(data)
    _require((case.log.size, case.log.root) == (said.log.size, said.log.root), "the log has another root")
    seal = case.log.entries[-1] if case.log.entries else None
    if not isinstance(seal, Sealed):
        raise EvidenceError("the log does not end with a seal")
    _require((seal.number, seal.at) == (said.number, said.sealed_at), "the log ends with another seal")
    _require(case.log.opened.visit == said.visit, "the log is of another visit")
    _require(
        any(seal.key == s.key_id for s in case.outer.signatures), "the seal names a key that did not sign"
    )


def _8_added(case: _Case) -> None:
    added = {file.name: file for entry in case.log.entries for file in entry.files}
    there = {name for name in case.files if re.fullmatch(FILE_NAME, name)}
    _require(added.keys() == there, "the bundle holds other files than the log says were added")
    for name, file in added.items():
        data = case.files[name]
        _require(
            (len(data), _sha256(data)) == (file.size_bytes, file.sha256), f"{name} is not what was added"
        )


def _9_runs(case: _Case) -> None:
    for run in case.sealing.runs:
        ends = {file.name.partition("-")[2] for file in run.reports}
        _require({LEDGER, BASELINE} <= ends, f"line {run.seq} of the log: a run without ledger or baseline")
        entries = verified_lines(case.sealing.report(run, LEDGER))
        first = entries[0] if entries else None
        _require(isinstance(first, RunOpened) and first.run == run.run, "a ledger is of another run")
        try:
            case.sealing.baseline(run)
        except (UsageError, UnicodeDecodeError):
            raise EvidenceError(f"line {run.seq} of the log: its baseline is none") from None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_STEPS: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (
    ("the bundle is one ZIP of stored files in its one spelling", _1_zip),
    ("the manifest is an in-toto statement in its envelope", _2_envelope),
    ("every signature names a trusted key", _3_trusted),
    ("every signature is over this payload", _4_signature),
    ("the manifest fits its strict schema and is canonical", _5_schema),
    ("the bundle holds what the manifest lists, and nothing else", _6_files),
    ("the log's lines hash to the manifest's root, and end with its seal", _7_log),
    ("everything that the log says was added is there as it was added", _8_added),
    ("the ledger and baseline of every run hold", _9_runs),
)
