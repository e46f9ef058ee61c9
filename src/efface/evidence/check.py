"""Accept or refuse a certificate, offline, in numbered steps; the first that fails ends it.

     (1) The envelope is well formed and spelled in its one way.
     (2) It says that it holds an in-toto statement.
     (3) Every signature names the fingerprint of a trusted key.
     (4) Every signature is over this payload.
     (5) The statement fits the strict schema and is spelled in its one way.
     (6) The statement is about the root of the ledger that it encloses.
     (7) The ledger's entries hash to that root; size, turn, order and times hold.
     (8) Every removal was intended, ready, then done with nothing left, or failed; so says the last re-scan.
     (9) Every list and count of the certificate is what the ledger says.
    (10) What was not proven is stated, in the fixed words.
    (11) Nothing in it can hold biometric content: every text has a short, closed shape.

A signature of a key that is not trusted is refused even beside a trusted one: nothing may be attached
to a certificate by a stranger. Who wants a countersigned certificate to pass trusts all its signers. A key
on the list of revoked keys is not trusted, whatever time the certificate says: that time is the word of
whoever held the key.

Not handled here: whether the owner told the truth about targets, time and detectors; docs/certificate.md
lists the attacks that still work.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from efface.errors import EvidenceError
from efface.evidence import account, canonical, envelope, history, merkle, not_proven, shapes
from efface.evidence.entries import Certified, GalleryAsked, GalleryCounted, StepConfirmed
from efface.evidence.recognition import ALL, POINT, needed
from efface.evidence.statement import PREDICATE_TYPE, STATEMENT_TYPE, statement_adapter
from efface.evidence.summaries import in_order, root_of_plain
from efface.model.certificate import Certificate, Compared, GalleryCleared, Recognised, StepSaid
from efface.model.rule import PackReference, Text
from efface.model.vocabulary import Recognition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from efface.evidence.comparison import Comparison
    from efface.evidence.entries import Entry, Reidentified
    from efface.evidence.keys import PublicKey
    from efface.evidence.statement import Predicate, Statement

__all__ = ["CheckReport", "Step", "check", "walk"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a check.

    Attributes:
        number: Its number, from 1.
        title: What it asks for.
        ok: Whether it holds; None where an earlier step failed and it was not looked at.
        reason: Why it does not hold, or empty.
    """

    number: int
    title: str
    ok: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The outcome of a check.

    Attributes:
        steps: All steps, in order.
        ok: Whether every step holds.
        certificate: What the certificate says; None unless every step holds.
    """

    steps: tuple[Step, ...]
    ok: bool
    certificate: Certificate | None = None

    @property
    def failed(self) -> Step | None:
        """The step that failed, or None."""
        return next((step for step in self.steps if step.ok is False), None)


@dataclass(slots=True)
class _Case:
    """What the steps have established so far."""

    data: bytes
    trusted: dict[str, PublicKey]
    revoked: frozenset[str]
    outer: envelope.Envelope = field(init=False)
    plain: dict[str, Any] = field(init=False)
    statement: Statement = field(init=False)

    @property
    def predicate(self) -> Predicate:
        return self.statement.predicate

    @property
    def entries(self) -> Sequence[Entry]:
        return self.predicate.ledger.entries

    @property
    def said(self) -> dict[str, Any]:
        """The predicate as JSON values, just as it was signed."""
        predicate: dict[str, Any] = self.plain["predicate"]
        return predicate


def check(
    certificate: bytes, trusted_keys: Iterable[PublicKey], revoked: frozenset[str] = frozenset()
) -> CheckReport:
    """Check a certificate without a network and without trusting its issuer's software.

    Args:
        certificate: The bytes of the file.
        trusted_keys: The keys whose owners are believed to say what they know.
        revoked: Ids of keys that are believed no longer, as `keys.load_revoked` reads them.

    Not promised: the truth of what the owner chose to scan; see `not_proven` in the certificate.
    """
    case = _Case(certificate, {key.key_id: key for key in trusted_keys}, revoked)
    steps = walk(case, _STEPS)
    ok = all(step.ok for step in steps)
    return CheckReport(steps, ok, _certificate(case) if ok else None)


_T = TypeVar("_T")


def walk(case: _T, steps: Iterable[tuple[str, Callable[[_T], None]]]) -> tuple[Step, ...]:
    """Return the outcome of each step; once one raises EvidenceError the rest is not looked at.

    Args:
        case: What the steps look at, and keep what they have established in.
        steps: Titles and what is asked for under each, in order.
    """
    done: list[Step] = []
    ok: bool | None = True
    for number, (title, holds) in enumerate(steps, start=1):
        reason = ""
        if ok:
            try:
                holds(case)
            except EvidenceError as error:
                ok, reason = False, str(error)
        done.append(Step(number, title, ok, reason))
        ok = ok or None
    return tuple(done)


def _certificate(case: _Case) -> Certificate:
    said = case.predicate
    return Certificate(
        run_id=said.run,
        tool_version=said.tool.version,
        issued_at=datetime.fromisoformat(said.issued_at),
        artefacts_seen=said.coverage.seen,
        artefacts_scanned=said.coverage.scanned,
        findings_by=Counter(finding.status.value for finding in said.findings),
        removals=len(said.removals),
        gaps=len(said.gaps),
        not_proven=tuple(Text(item.text_zh, item.text_en) for item in said.not_proven),
        ledger_root=said.ledger.root,
        ledger_size=said.ledger.size,
        key_ids=tuple(signature.key_id for signature in case.outer.signatures),
        detectors=said.detectors,
        packs=tuple(PackReference(pack.id, pack.digest) for pack in said.packs),
        networks={network.name: network.digest for network in said.networks},
        sealed_until=account.sealed_until(case.entries),
        recognised=tuple(map(_recognised, said.reidentified)),
        galleries=tuple(_galleries(case.entries)),
        steps=tuple(
            StepSaid(each.system, each.step, each.by, each.at)
            for each in said.decommissioned
            if isinstance(each, StepConfirmed)
        ),
    )


def _galleries(entries: Sequence[Entry]) -> Iterator[GalleryCleared]:
    asked: dict[str, GalleryAsked] = {}
    last: dict[str, GalleryCounted] = {}
    for entry in entries:
        if isinstance(entry, GalleryAsked) and (entry.requests or entry.device not in asked):
            asked[entry.device] = entry
        elif isinstance(entry, GalleryCounted):
            last[entry.device] = entry
    for device, count in last.items():
        if told := asked.get(device):
            yield GalleryCleared(device, count.at, told.requests, told.persons, count.persons)


def _recognised(entry: Reidentified) -> Recognised:
    few = entry.outcome is Recognition.TOO_FEW
    chances = [row.chance_ppm for row in entry.comparisons if row.chance_ppm + POINT < ALL]
    return Recognised(
        entry.outcome,
        entry.flat,
        entry.gone,
        entry.left,
        entry.untested,
        max(map(needed, chances), default=0) if few else 0,
        tuple(
            Compared(row.family, row.gallery, row.measure, row.probes, *(ppm / ALL for ppm in _ppm(row)))
            for row in entry.comparisons
        ),
    )


def _ppm(row: Comparison) -> tuple[int, int, int, int]:
    return row.rate_ppm, row.chance_ppm, row.lower_ppm, row.upper_ppm


def _require(condition: object, reason: str) -> None:
    if not condition:
        raise EvidenceError(reason)


def _1_envelope(case: _Case) -> None:
    case.outer = envelope.parse(case.data)


def _2_payload_type(case: _Case) -> None:
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


def _5_statement(case: _Case) -> None:
    case.plain = canonical.loads(case.outer.payload)
    case.statement = shapes.read(statement_adapter, case.outer.payload)


def _6_subject(case: _Case) -> None:
    digest = case.statement.subject[0].digest.sha256
    _require(digest == case.predicate.ledger.root, "the subject is not the root of the enclosed ledger")


def _7_ledger(case: _Case) -> None:
    ledger, frontier, last_at = case.predicate.ledger, merkle.Frontier(), ""
    roots = [frontier.root().hex()]
    for seq, (plain, entry) in enumerate(zip(case.said["ledger"]["entries"], ledger.entries, strict=True), 1):
        _require(entry.previous == roots[-1], f"ledger entry {seq} does not continue those before it")
        _require(entry.at >= last_at, f"ledger entry {seq}: its time goes back")
        if isinstance(entry, Certified):
            holds = entry.size < seq and entry.root == roots[entry.size]
            _require(holds, f"ledger entry {seq} certifies another ledger")
        frontier.append(merkle.leaf_hash(canonical.dumps(plain)))
        roots.append(frontier.root().hex())
        last_at = entry.at
    _require(ledger.size == frontier.size, f"expected {ledger.size} entries, got {frontier.size}")
    _require(ledger.root == roots[-1], "the entries do not hash to the root")
    _refuse_first(map(str, history.order(ledger.entries)))


def _8_removals(case: _Case) -> None:
    _refuse_first(map(str, history.pairing(case.entries)))


def _9_account(case: _Case) -> None:
    for name, value in account.account_of(case.entries).items():
        _require(case.said[name] == value, f"`{name}` is not what the ledger says")
    _require(case.predicate.issued_at >= case.predicate.scope.finished_at, "issued before the run ended")
    _refuse_first(account.arithmetic(case.entries))
    _findings(case)
    _gaps(case)


def _findings(case: _Case) -> None:
    scan, findings = account.scan_of(case.entries), case.said["findings"]
    bare = [{name: item[name] for name in item if name != "status"} for item in findings]
    _require(bare == in_order(bare), "`findings` is not in order")
    _require(len(findings) == scan.findings, "`findings` has another length than the ledger says")
    _require(root_of_plain(bare) == scan.findings_root, "`findings` does not hash to the ledger's root")
    touched, otherwise = account.statuses(case.entries), account.untouched(case.entries)
    refs = {item["ref"] for item in findings}
    _require(len(refs) == len(findings), "`findings` lists one finding twice")
    _require(refs >= touched.keys(), "the ledger names a finding that is not listed")
    for item in findings:
        _require(
            item["status"] == touched.get(item["ref"], otherwise), "a finding's status is not the ledger's"
        )


def _gaps(case: _Case) -> None:
    scan, gaps = account.scan_of(case.entries), case.said["gaps"]
    _require(gaps == in_order(gaps), "`gaps` is not in order")
    counts = Counter(f"{gap['stage']}/{gap['reason']}" for gap in gaps)
    _require(counts == scan.gaps_by, "`gaps` does not count up to what the ledger says")
    _require(root_of_plain(gaps) == scan.gaps_root, "`gaps` does not hash to the ledger's root")


def _10_not_proven(case: _Case) -> None:
    expected = not_proven.stated(account.numbers_not_proven(case.said))
    _require(case.said["not_proven"] == expected, "`not_proven` is not what this run leaves unproven")


def _11_no_content(case: _Case) -> None:
    _closed(case.plain, "")


def _closed(value: object, name: str) -> None:
    """Refuse a text without a shape of its field, and a number in a row of numbers."""
    match value:
        case dict():
            for member, item in value.items():
                _require(_MEMBER.fullmatch(member), "a member has a free name")
                _closed(item, member)
        case list():
            _require(not any(isinstance(item, int) for item in value), f"`{name}` is a row of numbers")
            for item in value:
                _closed(item, name)
        case str() if name not in _FIXED_TEXTS:
            shape = _SHAPES.get(name)
            _require(shape and re.fullmatch(shape, value), f"`{name}` has no closed shape")
        case _:
            pass


def _refuse_first(problems: Iterable[str]) -> None:
    for problem in problems:
        raise EvidenceError(problem)


_STEPS: Final[tuple[tuple[str, Callable[[_Case], None]], ...]] = (
    ("the envelope is well formed and canonical", _1_envelope),
    ("the payload is an in-toto statement", _2_payload_type),
    ("every signature names a trusted key", _3_trusted),
    ("every signature is over this payload", _4_signature),
    ("the statement fits the strict schema and is canonical", _5_statement),
    ("the statement is about the enclosed ledger's root", _6_subject),
    ("the ledger's entries hash to the root, in turn and order", _7_ledger),
    ("every removal was intended, ready and done with nothing left", _8_removals),
    ("every list and count is what the ledger says", _9_account),
    ("what was not proven is stated", _10_not_proven),
    ("nothing in it can hold biometric content", _11_no_content),
)

_MEMBER: Final = re.compile(r"[A-Za-z0-9_/-]{1,32}")
_FIXED_TEXTS: Final = frozenset({"text_en", "text_zh"})  # step 10 holds them to their one wording
_SHAPES: Final = {
    **dict.fromkeys(("ref", "findings", "removals", "device", "system", "by"), shapes.REF),
    **dict.fromkeys(("before", "after", "previous", "certificate", "keys", "sha256"), shapes.DIGEST),
    **dict.fromkeys(("plan", "planner", "applier", "sealed", "recipient"), shapes.DIGEST),
    **dict.fromkeys(("authorisation", "note"), shapes.DIGEST),
    **dict.fromkeys(("root", "findings_root", "gaps_root"), shapes.DIGEST),
    "digest": shapes.NAMED_DIGEST,
    "run": shapes.RUN,
    **dict.fromkeys(("version", "tool_version"), shapes.VERSION),
    **dict.fromkeys(("detector", "detectors", "actions"), shapes.NAME_AT_VERSION),
    **dict.fromkeys(("name", "id", "rule", "family", "requests"), shapes.IDENTIFIER),
    **dict.fromkeys(("at", "issued_at", "started_at", "finished_at", "performed_at"), shapes.TIME),
    **dict.fromkeys(("as_of", "until"), shapes.DAY),
    **dict.fromkeys(("kind", "form", "characteristic", "status", "method", "mode", "step"), shapes.WORD),
    **dict.fromkeys(
        ("stage", "reason", "code", "done", "not_done", "gallery", "outcome", "measure"), shapes.WORD
    ),
    "_type": re.escape(STATEMENT_TYPE),
    "predicateType": re.escape(PREDICATE_TYPE),
}
